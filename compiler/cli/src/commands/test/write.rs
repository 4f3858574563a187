//! `--write`: drafts of cases beside the contract.

use super::stage::Stage;
use crate::load::Loaded;
use crate::terminal::Terminal;
use gatewright_build::Error;
use gatewright_compiler::analyse;
use gatewright_compiler::proof::{Coverage, Listed, rehearsals};
use gatewright_compiler::source::{Source, Unit};
use std::fs;
use std::path::{Path, PathBuf};

/// Drafts cases for what no case shows and appends them to a file of the contract.
///
/// # Errors
///
/// A gateway cannot be started, or the file cannot be written.
pub(super) fn write(
    stage: &Stage<'_>,
    coverage: &Coverage,
    (listed, loaded): (&[Listed], &Loaded),
    (path, terminal): (&Path, Terminal),
) -> Result<(), Error> {
    let mut taken: Vec<String> = listed.iter().map(|case| case.title.clone()).collect();
    let mut drafts = Vec::new();
    for rehearsal in rehearsals(stage.contract, coverage) {
        drafts.extend(stage.rehearse(rehearsal, &mut taken)?);
    }
    if drafts.is_empty() {
        terminal.note("nothing to draft: no example shows more than the cases do");
        return Ok(());
    }
    let file = if path.is_dir() { path.join("cases.api") } else { path.to_path_buf() };
    let before = match fs::read_to_string(&file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(Error::file("read", &file, &error)),
    };
    let text = appended(&before, &drafts);
    check(loaded, &file, &text)?;
    fs::write(&file, &text).map_err(|error| Error::file("write", &file, &error))?;
    let count = drafts.len();
    let cases = if count == 1 { "1 case".to_owned() } else { format!("{count} cases") };
    let file = file.display();
    terminal.done(
        "drafted",
        &format!("{cases} in {file}: they say what the gateway does, not what is right"),
    );
    Ok(())
}

/// What is there stays as it is.
fn appended(before: &str, drafts: &[String]) -> String {
    let mut text = before.to_owned();
    for draft in drafts {
        if !text.is_empty() {
            text.push_str(if text.ends_with('\n') { "\n" } else { "\n\n" });
        }
        text.push_str(draft);
    }
    text
}

/// Drafts are read back before they are written: a contract that was right stays right.
fn check(loaded: &Loaded, file: &Path, text: &str) -> Result<(), Error> {
    let name = file.file_name().unwrap_or_default().display().to_string();
    let own = |source: &Source| {
        source.unit == Unit::default()
            && PathBuf::from(&source.label).file_name() == file.file_name()
    };
    let read = &loaded.input.sources;
    let mut sources = read.with_texts(|_, source| match own(source) {
        true => text.to_owned(),
        false => source.text.clone(),
    });
    if !read.iter().any(|(_, source)| own(source)) {
        sources.add(name, text);
    }
    if analyse(&sources).checked().is_some() {
        return Ok(());
    }
    Err(Error::world("the drafts are no part of a right contract, so nothing was written")
        .help("this is a bug of gatewright, please report it"))
}

#[cfg(test)]
mod tests {
    use super::appended;

    #[test]
    fn drafts_stand_behind_what_is_there() {
        let drafts = ["b\n".to_owned(), "c\n".to_owned()];
        assert_eq!(appended("", &drafts), "b\n\nc\n");
        assert_eq!(appended("a\n", &drafts), "a\n\nb\n\nc\n");
        assert_eq!(appended("a", &drafts), "a\n\nb\n\nc\n");
    }
}
