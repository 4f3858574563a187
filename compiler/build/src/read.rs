//! A path to the texts of one contract.

mod imports;
mod schemas;

use crate::error::Error;
use gatewright_compiler::lock;
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
    /// The files, in the order of the sources: those of the contract, then those it imports.
    pub files: Vec<PathBuf>,
    /// The directories that it imports, by itself or by way of others, whether they are there or
    /// not.
    pub imported: Vec<PathBuf>,
    /// The files of the schemas that it names, whether they are there or not.
    pub schemas: Vec<PathBuf>,
    /// What the path is called without its ending: `shop` for `api/shop.api` and for `api/shop/`.
    pub name: String,
}

impl Input {
    /// The texts under labels that say where they lie, for messages.
    pub fn shown(&self) -> Sources {
        self.sources.relabelled(|label| {
            let path = imports::normal(&self.directory.join(label));
            path.display().to_string()
        })
    }
}

/// Reads a contract: a file, or a directory, of which all `.api` files directly in it are one unit.
/// The directories that it imports are read, too.
///
/// # Errors
///
/// The path is not there, holds no `.api` file, cannot be read, or is not UTF-8; or it imports
/// more directories than a contract may. A directory that is imported and not there is no error:
/// analysis reports it at its place.
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
    lock(&mut sources, directory, at.is_file())?;
    let mut files = files;
    let found = imports::read(directory, &mut sources)?;
    files.extend(found.files);
    let schemas = schemas::read(directory, &found.units, &mut sources);
    Ok(Input {
        sources,
        directory: directory.to_path_buf(),
        files,
        imported: found.directories,
        schemas,
        name: name(path),
    })
}

/// Adds the lock beside the files, if there is one. One file alone may stand beside others, each a
/// contract of its own.
fn lock(sources: &mut Sources, directory: &Path, alone: bool) -> Result<(), Error> {
    let path = directory.join(lock::FILE);
    if path.is_file() {
        sources.lock(lock::FILE, text(&path)?);
        if alone && contract_files(shown_directory(directory))?.len() > 1 {
            sources.share_lock();
        }
    }
    Ok(())
}

fn shown_directory(path: &Path) -> &Path {
    if path.as_os_str().is_empty() { Path::new(".") } else { path }
}

/// Reads one file, and nothing of what it imports.
///
/// # Errors
///
/// The path is not there, cannot be read, or is not UTF-8.
pub fn alone(file: &Path) -> Result<Sources, Error> {
    fs::metadata(file).map_err(|error| missing(file, &error))?;
    let mut sources = Sources::new();
    sources.add(file.strip_prefix(".").unwrap_or(file).display().to_string(), text(file)?);
    Ok(sources)
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
    use gatewright_compiler::source::{Imported, Unit};

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

    fn labels(input: &Input) -> Vec<(u32, String)> {
        input.sources.iter().map(|(_, source)| (source.unit.0, source.label.clone())).collect()
    }

    #[test]
    fn imported_directories_are_read_once_each() {
        let folder = Folder::new(&[
            ("shop/shop.api", "import \"../lib/money\"\nimport \"../lib/./people\""),
            ("lib/money/money.api", "import \"../base\""),
            ("lib/people/people.api", "import \"../base\"\nimport \"../../shop\""),
            ("lib/base/base.api", "type T = text"),
            ("lib/base/deeper/not-read.api", ""),
        ]);
        let input = read(&folder.path("shop")).unwrap();
        let expected = [
            (0, "shop.api"),
            (1, "../lib/money/money.api"),
            (2, "../lib/people/people.api"),
            (3, "../lib/base/base.api"),
        ];
        let expected: Vec<_> = expected.map(|(unit, label)| (unit, label.to_owned())).into();
        assert_eq!(labels(&input), expected);
        let leads = |unit, path: &str| input.sources.imported(Unit(unit), path);
        assert_eq!(leads(1, "../base"), Imported::Unit(Unit(3)));
        assert_eq!(leads(2, "../base"), Imported::Unit(Unit(3)));
        assert_eq!(leads(2, "../../shop"), Imported::Unit(Unit(0)));
        assert_eq!(input.files.len(), 4);
        assert_eq!(input.imported.len(), 4, "{:?}", input.imported);
        let shown = input.shown();
        let label = &shown.iter().nth(3).unwrap().1.label;
        assert_eq!(Path::new(label), folder.path("lib/base/base.api"));
    }

    #[test]
    fn what_an_import_leads_to_may_not_be_there() {
        let folder = Folder::new(&[
            ("shop/shop.api", "import \"../gone\"\nimport \"../empty\"\nimport \"../file\""),
            ("empty/readme", ""),
            ("file", ""),
        ]);
        let input = read(&folder.path("shop/shop.api")).unwrap();
        let leads = |path: &str| input.sources.imported(Unit(0), path);
        assert_eq!(leads("../gone"), Imported::Missing);
        assert_eq!(leads("../empty"), Imported::Empty);
        assert_eq!(leads("../file"), Imported::File);
        assert_eq!(input.imported.len(), 3, "a build script waits for all of them");
    }

    #[cfg(unix)]
    #[test]
    fn links_to_one_directory_are_one_unit_and_circles_of_links_are_nothing() {
        use std::os::unix::fs::symlink;
        let folder = Folder::new(&[
            ("shop/shop.api", "import \"../a\"\nimport \"../b\"\nimport \"../round\""),
            ("a/a.api", "import \"self\""),
        ]);
        symlink(folder.path("a"), folder.path("b")).unwrap();
        symlink(folder.path("a"), folder.path("a/self")).unwrap();
        symlink(folder.path("round"), folder.path("round")).unwrap();
        let input = read(&folder.path("shop")).unwrap();
        assert_eq!(input.files.len(), 2);
        assert_eq!(input.sources.imported(Unit(0), "../b"), Imported::Unit(Unit(1)));
        assert_eq!(input.sources.imported(Unit(1), "self"), Imported::Unit(Unit(1)));
        assert_eq!(input.sources.imported(Unit(0), "../round"), Imported::Missing);
    }

    #[test]
    fn a_contract_cannot_lead_to_directories_without_end() {
        let names: Vec<String> = (0..70).map(|at| format!("d{at}/a.api")).collect();
        let texts: Vec<String> = (0..70).map(|at| format!("import \"../d{}\"", at + 1)).collect();
        let files: Vec<(&str, &str)> =
            names.iter().map(String::as_str).zip(texts.iter().map(String::as_str)).collect();
        let folder = Folder::new(&files);
        let error = read(&folder.path("d0")).unwrap_err();
        assert!(error.to_string().contains("more than 64 directories"), "{error}");
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
