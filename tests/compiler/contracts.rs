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
    /// The files as they were read, those of imported directories behind the others.
    read: Sources,
}

impl Unit {
    /// Its texts as the compiler takes them.
    pub(crate) fn sources(&self) -> Sources {
        self.read.with_texts(|id, source| {
            let file = self.files.get(id.0 as usize);
            file.map_or_else(|| source.text.clone(), |(_, text)| text.clone())
        })
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

/// The contract at `path`: a file, or a directory of files.
pub(crate) fn unit(path: &Path) -> Unit {
    let name = path.strip_prefix(at("")).unwrap_or(path).with_extension("").display().to_string();
    let read = match gatewright_build::read(path) {
        Ok(input) => input.sources,
        Err(_) => Sources::new(),
    };
    let files =
        read.iter().map(|(_, source)| (source.label.clone(), source.text.clone())).collect();
    Unit { name, files, read }
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
