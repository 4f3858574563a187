//! `gatewright image`: programs in images, without a container engine.

use super::Outcome;
use super::inspect::bytes;
use crate::args::Image;
use crate::terminal::Terminal;
use gatewright_artifact::image::signature;
use gatewright_artifact::key::Signer;
use gatewright_artifact::{Program, image};
use gatewright_build::{Error, write};
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// The most bytes of a key that are read.
const KEY: u64 = 64 << 10;

pub(crate) fn run(args: &Image, terminal: Terminal) -> Result<Outcome, Error> {
    let signer = args.sign.as_deref().map(signer).transpose()?;
    let (mut images, api) = images(&args.programs, &args.tag)?;
    images.extend(index(&images, &args.index)?);
    let name = args.name.as_deref().unwrap_or(&api);
    let out = args.out.clone().unwrap_or_else(|| {
        let beside = args.programs.first().and_then(|first| first.parent());
        beside.unwrap_or(Path::new("")).join(format!("{api}.oci.tar"))
    });
    let mut all = images.clone();
    for image in &images {
        let signature = signer.as_ref().map(|one| signature::sign(image, name, one, Vec::new()));
        all.extend(signature.transpose().map_err(Error::world)?);
    }
    write::file(&out, &image::archive(&all, name))?;
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
    checked(tags)?;
    let mut api = String::new();
    let mut images: Vec<image::Image> = Vec::new();
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
        let image = image::image(&program, &file, tags).map_err(refused)?;
        let twice = image.tags.iter().find(|tag| images.iter().any(|one| one.tags.contains(tag)));
        if let Some(tag) = twice {
            return Err(refused(format!("gets the tag `{tag}`, which a program before it has"))
                .help("put each version into an archive once"));
        }
        images.push(image);
    }
    Ok((images, api))
}

/// The index of images under these tags; nothing if there are none.
///
/// # Errors
///
/// A tag is none, or that of an image.
pub(crate) fn index(
    images: &[image::Image],
    tags: &[String],
) -> Result<Option<image::Image>, Error> {
    checked(tags)?;
    if let Some(tag) = tags.iter().find(|tag| images.iter().any(|one| one.tags.contains(tag))) {
        let message = format!("`{tag}` is the tag of a program, and cannot be that of all");
        return Err(Error::wrong_use(message));
    }
    Ok((!tags.is_empty()).then(|| image::index(images, tags.to_vec())))
}

fn checked(tags: &[String]) -> Result<(), Error> {
    match tags.iter().find(|tag| !is_tag(tag)) {
        None => Ok(()),
        Some(wrong) => Err(Error::wrong_use(format!("`{wrong}` cannot be a tag"))
            .help("use letters, digits, `_`, `.` and `-`, at most 128 of them")),
    }
}

/// A key that signs.
///
/// # Errors
///
/// The file cannot be read, or is none.
pub(crate) fn signer(path: &Path) -> Result<Signer, Error> {
    let refused = |why: String| {
        Error::wrong_use(format!("{} {why}", path.display())).help(
            "make one: `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out FILE`",
        )
    };
    Signer::read(&key(path)?).map_err(refused)
}

/// The text of a file that is said to hold a key.
pub(crate) fn key(path: &Path) -> Result<String, Error> {
    let failed = |error| Error::file("read", path, &error);
    let mut text = String::new();
    File::open(path).map_err(failed)?.take(KEY).read_to_string(&mut text).map_err(failed)?;
    Ok(text)
}

/// Whether a registry takes this as a tag.
fn is_tag(text: &str) -> bool {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.len() <= 128
        && text.starts_with(word)
        && text.chars().all(|c| word(c) || c == '.' || c == '-')
}
