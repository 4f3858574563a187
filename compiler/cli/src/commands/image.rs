//! `gatewright image`: programs in images, without a container engine.

use super::Outcome;
use super::inspect::bytes;
use crate::args::Image;
use crate::terminal::Terminal;
use gatewright_artifact::{Program, image};
use gatewright_build::{Error, write};
use std::path::{Path, PathBuf};

pub(crate) fn run(args: &Image, terminal: Terminal) -> Result<Outcome, Error> {
    let (images, api) = images(&args.programs, &args.tag)?;
    let name = args.name.as_deref().unwrap_or(&api);
    let out = args.out.clone().unwrap_or_else(|| {
        let beside = args.programs.first().and_then(|first| first.parent());
        beside.unwrap_or(Path::new("")).join(format!("{api}.oci.tar"))
    });
    write::file(&out, &image::archive(&images, name))?;
    for image in &images {
        let names: Vec<String> = image.tags.iter().map(|tag| format!("{name}:{tag}")).collect();
        terminal.result(&format!("{}  {}\n", image.manifest.digest(), names.join(" ")));
    }
    terminal.done("wrote", &out.display().to_string());
    Ok(Outcome::Fine)
}

/// The images of programs, and the name of their API. `tags` are those of the last program in place of
/// the usual ones, if there are any.
///
/// # Errors
///
/// A file is no program, needs libraries, or is of another API than the first.
pub(crate) fn images(
    programs: &[PathBuf],
    tags: &[String],
) -> Result<(Vec<image::Image>, String), Error> {
    if let Some(wrong) = tags.iter().find(|tag| !is_tag(tag)) {
        return Err(Error::wrong_use(format!("`{wrong}` cannot be a tag"))
            .help("use letters, digits, `_`, `.` and `-`, at most 128 of them"));
    }
    let mut api = String::new();
    let mut images = Vec::new();
    for (place, path) in programs.iter().enumerate() {
        let refused = |why: String| Error::wrong_use(format!("{} {why}", path.display()));
        let file = bytes(path)?;
        let program = Program::read(&file).map_err(refused)?;
        if place > 0 && program.label.api != api {
            return Err(refused(format!("is of the API `{}`, not of `{api}`", program.label.api))
                .help("one archive has images of one API"));
        }
        api.clone_from(&program.label.api);
        let is_last = place + 1 == programs.len();
        let tags = match is_last && !tags.is_empty() {
            true => tags.to_vec(),
            false => image::tags(&program, is_last),
        };
        images.push(image::image(&program, &file, tags).map_err(refused)?);
    }
    Ok((images, api))
}

/// Whether a registry takes this as a tag.
fn is_tag(text: &str) -> bool {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.len() <= 128
        && text.starts_with(word)
        && text.chars().all(|c| word(c) || c == '.' || c == '-')
}
