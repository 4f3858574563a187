//! Contracts in tar archives, unpacked into a directory that is gone afterwards.

use super::{FILES, Origin};
use flate2::read::MultiGzDecoder;
use gatewright_build::{Error, Input, read};
use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::path::{Component, Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

/// The most bytes of an archive, unpacked.
const MOST: u64 = 1 << 30;

/// The most bytes of one contract's texts.
const MOST_TEXT: u64 = 64 << 20;

/// Whether a file of this name is an archive.
pub(super) fn is_archive(name: &str) -> bool {
    [".tar", ".tar.gz", ".tgz"].iter().any(|end| name.ends_with(end))
}

/// The archive without its compression.
pub(super) fn plain(name: &str, bytes: &[u8]) -> Result<Vec<u8>, Error> {
    if name.ends_with(".tar") {
        return Ok(bytes.to_owned());
    }
    let mut out = Vec::new();
    let read = MultiGzDecoder::new(bytes).take(MOST).read_to_end(&mut out);
    read.map_err(|error| Error::world(format!("{name} cannot be unpacked: {error}")))?;
    if out.len() as u64 == MOST {
        return Err(Error::wrong_use(format!("{name} is larger than 1 GB")));
    }
    Ok(out)
}

/// The `.api` files and locks of an archive, in a directory that is gone when this is.
pub(super) struct Unpacked {
    root: PathBuf,
    /// Where the `.api` files lie.
    directories: BTreeSet<PathBuf>,
}

impl Drop for Unpacked {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.root);
    }
}

impl Unpacked {
    pub(super) fn of(bytes: &[u8]) -> Result<Self, Error> {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("gatewright-{}-{number}", std::process::id());
        let root = std::env::temp_dir().join(name);
        // A directory that is there is somebody else's.
        fs::create_dir(&root).map_err(|error| Error::file("make", &root, &error))?;
        let mut unpacked = Self { root, directories: BTreeSet::new() };
        unpacked.fill(bytes, |name| FILES.iter().any(|end| name.ends_with(end)))?;
        Ok(unpacked)
    }

    /// The schemas that the contract at `inside` names and that are not here, seen from the root.
    pub(super) fn missing(&self, inside: &Path) -> Vec<PathBuf> {
        let Ok(input) = read(&self.root.join(inside)) else { return Vec::new() };
        let missing = input.schemas.iter().filter(|path| !path.exists());
        missing.filter_map(|path| path.strip_prefix(&self.root).ok().map(plainly)).collect()
    }

    /// Takes the files of these names out of `bytes`, too.
    pub(super) fn add(&mut self, bytes: &[u8], names: &[PathBuf]) -> Result<(), Error> {
        self.fill(bytes, |name| names.contains(&plainly(Path::new(name))))
    }

    fn fill(&mut self, bytes: &[u8], wanted: impl Fn(&str) -> bool) -> Result<(), Error> {
        let failed = |error| Error::world(format!("the archive cannot be read: {error}"));
        let mut left = MOST_TEXT;
        let mut archive = tar::Archive::new(bytes);
        for entry in archive.entries().map_err(failed)? {
            let mut entry = entry.map_err(failed)?;
            let name = entry.path().map_err(failed)?.into_owned();
            let inside = name
                .components()
                .all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
            let text = name.to_string_lossy().into_owned();
            // Links, and names that lead out of the archive, are no part of a contract.
            if !wanted(&text) || !inside || !entry.header().entry_type().is_file() {
                continue;
            }
            let mut bytes = Vec::new();
            Read::by_ref(&mut entry).take(left).read_to_end(&mut bytes).map_err(failed)?;
            left -= bytes.len() as u64;
            if left == 0 {
                return Err(Error::wrong_use("the contracts of the archive are larger than 64 MB"));
            }
            let path = self.root.join(&name);
            let parent = path.parent().unwrap_or(&self.root);
            fs::create_dir_all(parent)
                .and_then(|()| fs::write(&path, bytes))
                .map_err(|error| Error::file("write", &path, &error))?;
            if text.ends_with(".api") {
                let up = name.parent().unwrap_or(Path::new(""));
                self.directories.insert(plainly(up));
            }
        }
        Ok(())
    }

    /// Where the contract lies that `beside` is another state of.
    pub(super) fn place(&self, beside: &Path, spec: &str) -> Result<PathBuf, Error> {
        let own: PathBuf =
            beside.components().filter(|part| matches!(part, Component::Normal(_))).collect();
        let file = own.extension().is_some_and(|ending| ending == "api");
        if (file && self.root.join(&own).is_file()) || (!file && self.directories.contains(&own)) {
            return Ok(own);
        }
        let mut all = self.directories.iter();
        match (all.next(), all.next()) {
            (Some(one), None) => Ok(one.clone()),
            (None, _) => Err(Error::wrong_use(format!("there is no `.api` file in {spec}"))),
            (Some(_), Some(_)) => {
                let names: Vec<String> =
                    self.directories.iter().map(|one| one.display().to_string()).collect();
                Err(Error::wrong_use(format!("{spec} holds several contracts"))
                    .help(format!("they lie in: {}", names.join(", "))))
            }
        }
    }

    /// The contract at `inside`; `label` says what a file of the archive is called.
    pub(super) fn contract(
        &self,
        inside: &Path,
        name: &str,
        label: impl Fn(&Path) -> String,
    ) -> Result<Origin, Error> {
        let path = self.root.join(inside);
        if !path.exists() {
            let message = format!("there is no {} in {name}", shown(inside));
            return Err(Error::wrong_use(message));
        }
        let input: Input = read(&path).map_err(|_| {
            Error::wrong_use(format!("there is no `.api` file in {} of {name}", shown(inside)))
        })?;
        let sources = input.sources.clone();
        let shown = input.shown().relabelled(|text| {
            let path = Path::new(text);
            label(path.strip_prefix(&self.root).unwrap_or(path))
        });
        Ok(Origin { name: name.to_owned(), sources, shown, version: None, served: None })
    }
}

/// The path without `.` and `..`, as far as it is one below.
fn plainly(path: &Path) -> PathBuf {
    let mut found = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => drop(found.pop()),
            other => found.push(other),
        }
    }
    found
}

fn shown(path: &Path) -> String {
    if path.as_os_str().is_empty() {
        "this directory".to_owned()
    } else {
        path.display().to_string()
    }
}
