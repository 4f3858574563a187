//! A path to the texts of one contract.

use crate::error::Error;
use gatewright_compiler::source::Sources;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The texts of one contract and where they lie.
#[derive(Debug)]
pub struct Input {
    /// The texts; labels are relative to `directory`.
    pub sources: Sources,
    /// The directory that the files lie in.
    pub directory: PathBuf,
    /// The files, in the order of the sources.
    pub files: Vec<PathBuf>,
    /// What the path is called without its ending: `shop` for `api/shop.api` and for `api/shop/`.
    pub name: String,
}

impl Input {
    /// The texts under labels that say where they lie, for messages.
    pub fn shown(&self) -> Sources {
        let mut shown = Sources::new();
        for (_, source) in self.sources.iter() {
            let path = self.directory.join(&source.label);
            let path = path.strip_prefix(".").unwrap_or(&path);
            shown.add(path.display().to_string(), source.text.as_str());
        }
        shown
    }
}

/// Reads a contract: a file, or a directory, of which all `.api` files directly in it are one unit.
///
/// # Errors
///
/// The path is not there, holds no `.api` file, cannot be read, or is not UTF-8.
pub fn read(path: &Path) -> Result<Input, Error> {
    let at = fs::metadata(path).map_err(|error| missing(path, &error))?;
    let files = if at.is_dir() { contract_files(path)? } else { vec![path.to_path_buf()] };
    if files.is_empty() {
        let message = format!("there is no `.api` file in {}", shown(path));
        return Err(Error::wrong_use(message)
            .help("give the path of a contract, or begin one with `gatewright new NAME`"));
    }
    let mut sources = Sources::new();
    for file in &files {
        sources.add(label(file), text(file)?);
    }
    let directory = if at.is_dir() { path } else { path.parent().unwrap_or(Path::new("")) };
    Ok(Input { sources, directory: directory.to_path_buf(), files, name: name(path) })
}

/// Every directory under `directories`, they themselves included, that holds `.api` files, sorted.
/// What cannot be read is left out.
pub fn find<P: AsRef<Path>>(directories: impl IntoIterator<Item = P>) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open: Vec<PathBuf> =
        directories.into_iter().map(|directory| directory.as_ref().to_path_buf()).collect();
    while let Some(directory) = open.pop() {
        if contract_files(&directory).is_ok_and(|files| !files.is_empty()) {
            found.push(directory.clone());
        }
        let entries = fs::read_dir(&directory).into_iter().flatten().flatten();
        open.extend(
            entries
                .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
                .map(|entry| entry.path()),
        );
    }
    found.sort();
    found
}

/// The `.api` files directly in `directory`, sorted by name.
///
/// # Errors
///
/// The directory cannot be listed.
pub fn contract_files(directory: &Path) -> Result<Vec<PathBuf>, Error> {
    let unreadable = |error: io::Error| Error::file("list", directory, &error);
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        // A dot file is an editor's, not a part of the contract.
        let hidden = label(&path).starts_with('.');
        if !hidden && path.extension().is_some_and(|ending| ending == "api") && path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn text(file: &Path) -> Result<String, Error> {
    let bytes = fs::read(file).map_err(|error| Error::file("read", file, &error))?;
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let before = error.as_bytes().get(..valid).unwrap_or_default();
        let line = before.iter().filter(|&&byte| byte == b'\n').count() + 1;
        let byte = error.as_bytes().get(valid).copied().unwrap_or_default();
        Error::world(format!("{} is not UTF-8: byte 0x{byte:02X} in line {line}", file.display()))
            .help("save the file as UTF-8")
    })
}

/// The file's own name.
fn label(file: &Path) -> String {
    file.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// The path's last part without its ending; of `.` and `..`, that of the directory they mean.
pub(crate) fn name(path: &Path) -> String {
    let real = || fs::canonicalize(path).ok();
    let own = path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    own.or_else(|| Some(real()?.file_stem()?.to_string_lossy().into_owned()))
        .unwrap_or_else(|| "contract".into())
}

fn missing(path: &Path, error: &io::Error) -> Error {
    if error.kind() == io::ErrorKind::NotFound {
        Error::wrong_use(format!("there is no file or directory {}", path.display()))
    } else {
        Error::file("read", path, error)
    }
}

fn shown(path: &Path) -> String {
    if path == Path::new(".") { "this directory".into() } else { path.display().to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Fault;
    use crate::testing::Folder;

    #[test]
    fn a_directory_is_one_unit_in_the_order_of_names() {
        let folder = Folder::new(&[
            ("shop/v1.api", "version 1 {}"),
            ("shop/b.api", "api shop {}"),
            ("shop/.#b.api", "an editor's"),
            ("shop/notes.txt", ""),
            ("shop/deeper/c.api", "another contract"),
        ]);
        let input = read(&folder.path("shop")).unwrap();
        let labels: Vec<_> = input.sources.iter().map(|(_, source)| source.label.clone()).collect();
        assert_eq!(labels, ["b.api", "v1.api"]);
        assert_eq!(input.files, [folder.path("shop/b.api"), folder.path("shop/v1.api")]);
        assert_eq!((input.name.as_str(), input.directory), ("shop", folder.path("shop")));
    }

    #[test]
    fn a_file_is_a_unit_alone() {
        let folder = Folder::new(&[("a.api", "1"), ("b.api", "2")]);
        let input = read(&folder.path("a.api")).unwrap();
        assert_eq!(input.files, [folder.path("a.api")]);
        assert_eq!((input.name.as_str(), input.directory), ("a", folder.path("")));
    }

    #[test]
    fn what_cannot_be_read_is_said_in_words() {
        let folder = Folder::new(&[("empty/readme", ""), ("a.api", "api a {}\n")]);
        fs::write(folder.path("bad.api"), b"ok\nn\xFFt").unwrap();
        let told = |name: &str| read(&folder.path(name)).unwrap_err();
        assert!(told("bad.api").to_string().contains("bad.api is not UTF-8: byte 0xFF in line 2"));
        assert_eq!(told("bad.api").fault(), Fault::World);
        assert!(told("gone.api").to_string().starts_with("there is no file or directory"));
        assert_eq!(told("gone.api").fault(), Fault::Use);
        assert!(told("empty").to_string().starts_with("there is no `.api` file in"));
    }

    #[test]
    fn contracts_are_found_at_any_depth() {
        let folder =
            Folder::new(&[("x/b/one.api", ""), ("x/a/deep/two.api", ""), ("x/c/none.txt", "")]);
        let found = find([folder.path("x"), folder.path("not-there")]);
        assert_eq!(found, [folder.path("x/a/deep"), folder.path("x/b")]);
    }
}
