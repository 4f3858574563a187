//! Where a contract or a lock comes from that another one is compared with.

mod archive;
pub(crate) mod gateway;

use crate::git;
use gatewright_build::{Error, Input, read};
use gatewright_compiler::lock;
use gatewright_compiler::served::Served;
use gatewright_compiler::source::{LOCK, Sources};
use std::fs;
use std::path::{Path, PathBuf};

pub(crate) use gateway::complete;

/// A state of a contract.
pub(crate) struct Origin {
    /// What it is called: `origin/main`.
    pub(crate) name: String,
    /// The texts, with the lock among them; without a text there is a lock alone.
    pub(crate) sources: Sources,
    /// The same under labels that say where they come from.
    pub(crate) shown: Sources,
    /// Only this version of it.
    pub(crate) version: Option<String>,
    /// What a gateway said, if it comes from one that runs.
    pub(crate) served: Option<Served>,
}

impl Origin {
    /// The text of its lock.
    pub(crate) fn lock(&self) -> Option<&str> {
        self.sources.get(LOCK).map(|source| source.text.as_str())
    }

    fn of(name: &str, input: &Input) -> Self {
        Self {
            name: name.to_owned(),
            sources: input.sources.clone(),
            shown: input.shown(),
            version: None,
            served: None,
        }
    }

    /// A lock alone.
    fn of_lock(name: &str, text: String) -> Self {
        let mut sources = Sources::new();
        sources.lock(name, text);
        let name = name.to_owned();
        Self { name, shown: sources.clone(), sources, version: None, served: None }
    }
}

/// What `spec` names: a file or directory, a lock, a tarball, or a git revision with or without
/// `:PATH`, each with or without `@VERSION`; the operator's port of a gateway. A revision or tarball
/// without a path has the contract where `beside` lies.
///
/// # Errors
///
/// It names nothing, or what it names cannot be read.
pub(crate) fn resolve(spec: &str, beside: &Path) -> Result<Origin, Error> {
    if gateway::is_address(spec) {
        return gateway::ask(spec);
    }
    if let Some(found) = named(spec, beside)? {
        return Ok(found);
    }
    if let Some((of, version)) = spec.rsplit_once('@')
        && version.starts_with(|first: char| first.is_ascii_digit())
        && let Some(found) = named(of, beside)?
    {
        return Ok(Origin { version: Some(version.to_owned()), ..found });
    }
    Err(Error::wrong_use(format!("`{spec}` is no path and no git revision"))
        .help("give a file, a directory, `DIRECTORY@2`, a lock, a tarball, a revision such as `origin/main`, or the address of a gateway's operator port"))
}

/// What `spec` names as a whole; nothing if there is no such path and no such revision.
fn named(spec: &str, beside: &Path) -> Result<Option<Origin>, Error> {
    let path = Path::new(spec);
    if path.is_file() && spec.ends_with(".lock") {
        return Ok(Some(Origin::of_lock(spec, lock_text(path)?)));
    }
    if path.is_file() && archive::is_archive(spec) {
        let bytes = fs::read(path).map_err(|error| Error::file("read", path, &error))?;
        return archived(spec, &archive::plain(spec, &bytes)?, beside).map(Some);
    }
    if path.exists() {
        return Ok(Some(Origin::of(spec, &read(path)?)));
    }
    revision(spec, beside)
}

/// Where the contracts of revisions and tarballs lie that name no path: beside the last of `specs`
/// that is a contract here.
pub(crate) fn beside<'s>(specs: &[&'s str]) -> &'s Path {
    let here = |spec: &&'s str| {
        let (path, _) =
            spec.rsplit_once('@').filter(|_| !Path::new(spec).exists()).unwrap_or((spec, ""));
        let path = Path::new(path);
        if path.is_file() && path.extension().is_some_and(|end| end == "lock") {
            return path.parent();
        }
        let is_contract = path.is_dir() || path.extension().is_some_and(|end| end == "api");
        (path.exists() && is_contract).then_some(path)
    };
    let found = specs.iter().rev().find_map(here);
    found.filter(|path| !path.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn lock_text(path: &Path) -> Result<String, Error> {
    let bytes = fs::read(path).map_err(|error| Error::file("read", path, &error))?;
    String::from_utf8(bytes)
        .map_err(|_| Error::world(format!("{} is not UTF-8, so it is no lock", path.display())))
}

/// A contract at a git revision, with what it imports: git writes it as an archive, so that no
/// working tree is touched and no history is needed. Nothing if there is no such revision.
fn revision(spec: &str, beside: &Path) -> Result<Option<Origin>, Error> {
    let directory = if beside.is_dir() { beside } else { beside.parent().unwrap_or(beside) };
    let (revision, path) = match spec.split_once(':') {
        Some((revision, path)) => (revision, Some(path)),
        None => (spec, None),
    };
    let here = Path::new(".");
    let around = if path.is_some() { here } else { directory };
    if !git::is_revision(around, revision)? {
        return Ok(None);
    }
    let top = git::ask(around, &["rev-parse", "--show-toplevel"])?.unwrap_or_default();
    let top = PathBuf::from(String::from_utf8_lossy(&top).trim());
    let inside = match path {
        Some(path) => below(&top, &here.join(path))?,
        None => below(&top, beside)?,
    };
    let args = ["archive", "--format=tar", revision, "--", ":(glob)**/*.api", ":(glob)**/*.lock"];
    let bytes = match git::ask(&top, &args)? {
        Some(bytes) => bytes,
        // A pattern that fits nothing is refused.
        None => git::ask(&top, &["archive", "--format=tar", revision, "--", ":(glob)**/*.api"])?
            .ok_or_else(|| Error::wrong_use(format!("there is no `.api` file in {revision}")))?,
    };
    let mut unpacked = archive::Unpacked::of(&bytes)?;
    for name in unpacked.missing(&inside) {
        let path = format!(":(top,literal){}", name.display());
        let args = ["archive", "--format=tar", revision, "--", path.as_str()];
        if let Some(bytes) = git::ask(&top, &args)? {
            unpacked.add(&bytes, &[name])?;
        }
    }
    let found = unpacked.contract(&inside, spec, |name| format!("{revision}:{}", name.display()));
    found.map(Some)
}

/// Where `path` lies below `top`; it need not be there.
fn below(top: &Path, path: &Path) -> Result<PathBuf, Error> {
    let outside = || {
        let message = format!("{} lies outside of the repository", path.display());
        Error::wrong_use(message)
    };
    let name = path.file_name().filter(|_| !path.exists()).map(PathBuf::from);
    let there = match &name {
        Some(_) => path.parent().filter(|up| !up.as_os_str().is_empty()).unwrap_or(Path::new(".")),
        None if path.as_os_str().is_empty() => Path::new("."),
        None => path,
    };
    let real = fs::canonicalize(there).map_err(|error| Error::file("find", there, &error))?;
    let top = fs::canonicalize(top).map_err(|error| Error::file("find", top, &error))?;
    let inside = real.strip_prefix(&top).map_err(|_| outside())?.to_owned();
    Ok(name.map_or(inside.clone(), |name| inside.join(name)))
}

/// A contract in an archive: where `beside` lies, if the archive has that, else the only directory
/// with `.api` files that is there.
fn archived(spec: &str, bytes: &[u8], beside: &Path) -> Result<Origin, Error> {
    let mut unpacked = archive::Unpacked::of(bytes)?;
    let inside = unpacked.place(beside, spec)?;
    let missing = unpacked.missing(&inside);
    if !missing.is_empty() {
        unpacked.add(bytes, &missing)?;
    }
    unpacked.contract(&inside, spec, |name| format!("{spec}:{}", name.display()))
}

/// The name of a lock, to tell whether a directory of an archive has one.
const FILES: [&str; 2] = [".api", lock::FILE];
