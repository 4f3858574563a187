//! The contracts of the repository, read from disk.

use gatewright_compiler::source::Sources;
use std::fs;
use std::path::{Path, PathBuf};

/// A contract: one file, or the files of one directory.
#[derive(Clone, Debug)]
pub(crate) struct Unit {
    /// Its path below the root of the repository, without extension.
    pub(crate) name: String,
    /// Label and text of each file, sorted by label.
    pub(crate) files: Vec<(String, String)>,
}

impl Unit {
    /// Its texts as the compiler takes them.
    pub(crate) fn sources(&self) -> Sources {
        let mut sources = Sources::new();
        for (label, text) in &self.files {
            sources.add(label.clone(), text.clone());
        }
        sources
    }
}

/// A path below the root of the repository.
pub(crate) fn at(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The entries of a directory, sorted.
pub(crate) fn entries(dir: &Path) -> Vec<PathBuf> {
    let read = fs::read_dir(dir).expect("the directory can be read");
    let mut paths: Vec<PathBuf> = read.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    paths
}

/// The text of a file.
pub(crate) fn text(path: &Path) -> String {
    fs::read_to_string(path).expect("the file is text")
}

pub(crate) fn is_contract(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "api")
}

/// The contract at `path`: a file, or a directory of files.
pub(crate) fn unit(path: &Path) -> Unit {
    let paths = if path.is_dir() { entries(path) } else { vec![path.to_owned()] };
    let label = |path: &PathBuf| path.file_name().unwrap_or_default().display().to_string();
    let files = paths.iter().filter(|path| is_contract(path));
    let files = files.map(|path| (label(path), text(path))).collect();
    let name = path.strip_prefix(at("")).unwrap_or(path).with_extension("");
    Unit { name: name.display().to_string(), files }
}

/// Every example and every contract that Rust is generated from.
pub(crate) fn built() -> Vec<Unit> {
    let dirs = ["examples", "tests/data/generate"].map(|dir| entries(&at(dir)));
    let units: Vec<Unit> = dirs.iter().flatten().map(|path| unit(path)).collect();
    units.into_iter().filter(|unit| !unit.files.is_empty()).collect()
}

/// Every contract with annotations, by topic.
pub(crate) fn annotated() -> Vec<(String, PathBuf)> {
    let mut found = Vec::new();
    for topic in entries(&at("tests/data/diagnostics")) {
        let name = topic.file_name().unwrap_or_default().display().to_string();
        found.extend(entries(&topic).into_iter().map(|path| (name.clone(), path)));
    }
    found
}
