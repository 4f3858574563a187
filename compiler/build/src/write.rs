//! Generated files to disk: only what differs, whole or not at all.

use crate::error::Error;
use gatewright_compiler::codegen::layout::Files;
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

/// The file that lists what was generated, one relative path per line. What it does not list is
/// never overwritten and never removed.
pub const LIST: &str = ".gatewright";

/// How a directory differs from what would be generated. Paths are relative and sorted.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// Files that are missing or have other bytes.
    pub changed: Vec<String>,
    /// Files that were generated and would not be any more.
    pub stale: Vec<String>,
}

impl Difference {
    /// Whether the directory holds what would be generated.
    pub fn is_empty(&self) -> bool {
        self.changed.is_empty() && self.stale.is_empty()
    }
}

/// Compares without writing.
///
/// # Errors
///
/// A file cannot be read.
pub fn compare(directory: &Path, files: &Files) -> Result<Difference, Error> {
    let mut difference = Difference::default();
    for (name, bytes) in files {
        if !same(&directory.join(name), bytes)? {
            difference.changed.push(name.clone());
        }
    }
    difference.stale =
        listed(directory)?.into_iter().filter(|name| !files.contains_key(name)).collect();
    Ok(difference)
}

/// Makes `directory` hold `files`: writes what differs, removes what was generated before and is
/// not among them.
///
/// # Errors
///
/// A file cannot be read, written or removed, or a file that was not generated is in the way.
pub fn write(directory: &Path, files: &Files) -> Result<Difference, Error> {
    let difference = compare(directory, files)?;
    let before = listed(directory)?;
    for name in difference.changed.iter().filter(|name| !before.contains(*name)) {
        refuse_to_overwrite(&directory.join(name))?;
    }
    // The list first, with old and new: whatever happens in between, nothing generated is forgotten.
    list(directory, before.iter().chain(files.keys()))?;
    for name in &difference.changed {
        let bytes = files.get(name).map(Vec::as_slice).unwrap_or_default();
        file(&directory.join(name), bytes)?;
    }
    for name in &difference.stale {
        remove(directory, name)?;
    }
    list(directory, files.keys())?;
    Ok(difference)
}

/// Puts `bytes` in the place of a file that somebody wrote, if it still holds `expected`. Links are
/// followed, and the file keeps its permissions.
///
/// # Errors
///
/// The file holds something else by now, or cannot be read or written.
pub fn replace(path: &Path, expected: &[u8], bytes: &[u8]) -> Result<(), Error> {
    unchanged(path, expected)?;
    let failed = |error: io::Error| Error::file("write", path, &error);
    let real = fs::canonicalize(path).map_err(failed)?;
    let permissions = fs::metadata(&real).map_err(failed)?.permissions();
    let beside = beside(&real);
    let written = fs::write(&beside, bytes)
        .and_then(|()| fs::set_permissions(&beside, permissions))
        .and_then(|()| fs::rename(&beside, &real));
    written.map_err(|error| {
        let _ = fs::remove_file(&beside);
        failed(error)
    })
}

/// Puts `bytes` in the place of a file that holds `expected`, or that is not there where nothing is
/// expected, and waits until the disk has them. Two that do so at once follow each other; the one
/// that comes second finds the file changed. Links are followed, and permissions stay.
///
/// # Errors
///
/// The file holds something else by now, or cannot be read or written.
pub fn durable(path: &Path, expected: Option<&[u8]>, bytes: &[u8]) -> Result<(), Error> {
    let failed = |error: io::Error| Error::file("write", path, &error);
    let real = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    let parent = match real.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        Some(_) | None => Path::new("."),
    };
    // Where directories cannot be locked, the comparison below is what is left.
    let directory = fs::File::open(parent).ok();
    let _turn = directory.as_ref().map(fs::File::lock);
    let permissions = match expected {
        Some(expected) => {
            unchanged(&real, expected)?;
            Some(fs::metadata(&real).map_err(failed)?.permissions())
        }
        None if fs::symlink_metadata(&real).is_ok() => {
            let message = format!("{} was written meanwhile, and is left as it is", path.display());
            return Err(Error::world(message).help("run the command again"));
        }
        None => None,
    };
    let beside = beside(&real);
    let written = fs::File::create(&beside).and_then(|mut file| {
        io::Write::write_all(&mut file, bytes)?;
        permissions.map_or(Ok(()), |permissions| file.set_permissions(permissions))?;
        file.sync_all()
    });
    written.and_then(|()| fs::rename(&beside, &real)).map_err(|error| {
        let _ = fs::remove_file(&beside);
        failed(error)
    })?;
    // The name is on the disk once its directory is.
    directory.map_or(Ok(()), |directory| directory.sync_all()).map_err(failed)
}

/// Refuses a file that no longer holds `expected`.
///
/// # Errors
///
/// The file holds something else by now, or cannot be read.
pub fn unchanged(path: &Path, expected: &[u8]) -> Result<(), Error> {
    if fs::read(path).map_err(|error| Error::file("read", path, &error))? == expected {
        return Ok(());
    }
    let message = format!("{} was changed meanwhile, and is left as it is", path.display());
    Err(Error::world(message).help("run the command again"))
}

/// Writes one file if its bytes differ: to a file beside it, which then takes its name. Whether it
/// was written.
///
/// # Errors
///
/// The file cannot be written.
pub fn file(path: &Path, bytes: &[u8]) -> Result<bool, Error> {
    if same(path, bytes)? {
        return Ok(false);
    }
    let failed = |error: io::Error| Error::file("write", path, &error);
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(failed)?;
    }
    let beside = beside(path);
    fs::write(&beside, bytes).and_then(|()| fs::rename(&beside, path)).map_err(|error| {
        let _ = fs::remove_file(&beside);
        failed(error)
    })?;
    Ok(true)
}

/// A name beside `path` that no other process uses.
pub(crate) fn beside(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{}.tmp", std::process::id()))
}

fn same(path: &Path, bytes: &[u8]) -> Result<bool, Error> {
    match fs::read(path) {
        Ok(present) => Ok(present == bytes),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(Error::file("read", path, &error)),
    }
}

fn refuse_to_overwrite(path: &Path) -> Result<(), Error> {
    if fs::symlink_metadata(path).is_err() {
        return Ok(());
    }
    let message = format!("{} is in the way: it was not generated", path.display());
    Err(Error::wrong_use(message).help("choose another directory, or move the file away"))
}

/// What the list names, without anything that could point out of the directory.
fn listed(directory: &Path) -> Result<BTreeSet<String>, Error> {
    let path = directory.join(LIST);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(Error::file("read", &path, &error)),
    };
    Ok(text.lines().filter(|name| stays_inside(name)).map(str::to_owned).collect())
}

fn stays_inside(name: &str) -> bool {
    !name.is_empty()
        && Path::new(name).components().all(|part| matches!(part, Component::Normal(_)))
}

fn list<'a>(directory: &Path, names: impl Iterator<Item = &'a String>) -> Result<(), Error> {
    let names: BTreeSet<&str> = names.map(String::as_str).collect();
    let text: String = names.iter().flat_map(|name| [name, "\n"]).collect();
    file(&directory.join(LIST), text.as_bytes()).map(drop)
}

/// Removes a file, and the directories that are empty without it.
fn remove(directory: &Path, name: &str) -> Result<(), Error> {
    let path = directory.join(name);
    match fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(Error::file("remove", &path, &error));
        }
        _ => {}
    }
    let parents = path.ancestors().skip(1).take_while(|parent| *parent != directory);
    for parent in parents {
        // A directory that is not empty stays.
        if fs::remove_dir(parent).is_err() {
            break;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Fault;
    use crate::testing::Folder;

    fn files(list: &[(&str, &str)]) -> Files {
        list.iter().map(|&(name, text)| (name.to_owned(), text.as_bytes().to_vec())).collect()
    }

    #[test]
    fn only_what_differs_is_written() {
        let folder = Folder::new(&[]);
        let first = files(&[("a.rs", "1"), ("v1/b.rs", "2")]);
        write(&folder.path(""), &first).unwrap();
        let before = fs::metadata(folder.path("a.rs")).unwrap().modified().unwrap();
        let second = files(&[("a.rs", "1"), ("v1/b.rs", "3")]);
        assert_eq!(compare(&folder.path(""), &second).unwrap().changed, ["v1/b.rs"]);
        assert_eq!(write(&folder.path(""), &second).unwrap().changed, ["v1/b.rs"]);
        assert_eq!(fs::metadata(folder.path("a.rs")).unwrap().modified().unwrap(), before);
        assert_eq!(folder.text("v1/b.rs"), "3");
        assert!(write(&folder.path(""), &second).unwrap().is_empty());
    }

    #[test]
    fn stale_files_go_and_others_stay() {
        let folder = Folder::new(&[("v1/mine.txt", "mine")]);
        write(&folder.path(""), &files(&[("v1/a.rs", "1"), ("v2/deep/b.rs", "2")])).unwrap();
        let difference = write(&folder.path(""), &files(&[("c.rs", "3")])).unwrap();
        assert_eq!(difference.stale, ["v1/a.rs", "v2/deep/b.rs"]);
        assert_eq!(folder.text("v1/mine.txt"), "mine");
        assert!(!folder.path("v1/a.rs").exists());
        assert!(!folder.path("v2").exists());
        assert_eq!(folder.text(LIST), "c.rs\n");
    }

    #[test]
    fn a_file_that_was_not_generated_is_not_overwritten() {
        let folder = Folder::new(&[("README.md", "mine")]);
        let refused = write(&folder.path(""), &files(&[("README.md", "yours")])).unwrap_err();
        assert_eq!(refused.fault(), Fault::Use);
        assert_eq!(folder.text("README.md"), "mine");
    }

    #[test]
    fn a_list_cannot_point_out_of_its_directory() {
        let folder = Folder::new(&[("out/.gatewright", "../victim\n/etc/none\n"), ("victim", "x")]);
        assert!(write(&folder.path("out"), &files(&[("a", "1")])).unwrap().stale.is_empty());
        assert_eq!(folder.text("victim"), "x");
    }
}
