//! Where gateways are built: the runtime's source, one target directory, packages, a lock.
//!
//! ```text
//! runtime-0.1.0-1a2b3c4d5e6f/     the runtime's source, as the program carried it
//! packages/shop-9f8e7d6c/shop-v1/ a generated package; `runtime` in it leads to the source above
//! programs/shop-9f8e7d6c/shop     what `run` starts
//! target/                         shared: the second contract pays only for its own crate
//! logs/shop-v1.log                what cargo said last
//! lock                            held while one process builds
//! ```

use crate::error::Error;
use crate::write;
use gatewright_compiler::codegen::layout::Files;
use sha2::{Digest, Sha256};
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Files of the runtime: relative path and text.
pub type RuntimeSource = [(&'static str, &'static str)];

/// A cache directory.
#[derive(Clone, Debug)]
pub struct Cache {
    root: PathBuf,
}

/// The right to build; ends when dropped.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Cache {
    /// The user's cache: `GATEWRIGHT_CACHE`, or `gatewright` in `XDG_CACHE_HOME`, or
    /// `~/.cache/gatewright`.
    ///
    /// # Errors
    ///
    /// There is no home directory, or the cache cannot be made.
    pub fn open() -> Result<Self, Error> {
        let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        let root = set("GATEWRIGHT_CACHE")
            .map(PathBuf::from)
            .or_else(|| Some(PathBuf::from(set("XDG_CACHE_HOME")?).join("gatewright")))
            .or_else(|| Some(std::env::home_dir()?.join(".cache").join("gatewright")))
            .ok_or_else(|| {
                Error::world("there is no home directory to keep a cache in")
                    .help("set GATEWRIGHT_CACHE to a directory")
            })?;
        Self::at(&root)
    }

    /// The cache in `root`, which is made if it is not there.
    ///
    /// # Errors
    ///
    /// The directory cannot be made.
    pub fn at(root: &Path) -> Result<Self, Error> {
        fs::create_dir_all(root)
            .and_then(|()| fs::canonicalize(root))
            .map(|root| Self { root })
            .map_err(|error| {
                Error::file("make the cache", root, &error)
                    .help("set GATEWRIGHT_CACHE to a directory that can be written")
            })
    }

    /// The directory itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The target directory that all packages share.
    pub fn target(&self) -> PathBuf {
        self.root.join("target")
    }

    /// The file for cargo's output about the program `name`.
    pub fn log(&self, name: &str) -> PathBuf {
        self.root.join("logs").join(format!("{}.log", plain(name)))
    }

    /// Waits for the right to build. `waiting` is called once when another process has it.
    ///
    /// # Errors
    ///
    /// The lock file cannot be opened or locked.
    pub fn lock(&self, waiting: impl FnOnce()) -> Result<Lock, Error> {
        let path = self.root.join("lock");
        let failed = |error: io::Error| Error::file("lock", &path, &error);
        let file =
            File::options().create(true).truncate(false).write(true).open(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                waiting();
                file.lock().map_err(failed)?;
            }
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        Ok(Lock { _file: file })
    }

    /// The runtime's source as a directory of this cache. Its name holds the version and a hash of
    /// the text, so that a directory that is there is complete and right.
    ///
    /// # Errors
    ///
    /// The source cannot be written.
    pub fn runtime(&self, source: &RuntimeSource) -> Result<PathBuf, Error> {
        let name = format!("runtime-{}-{}", gatewright_compiler::VERSION, digest(source));
        let directory = self.root.join(name);
        if directory.is_dir() {
            return Ok(directory);
        }
        let unfinished = write::beside(&directory);
        for (name, text) in source {
            write::file(&unfinished.join(name), text.as_bytes())?;
        }
        match fs::rename(&unfinished, &directory) {
            Ok(()) => Ok(directory),
            // Another process was quicker with the same content.
            Err(_) if directory.is_dir() => {
                let _ = fs::remove_dir_all(&unfinished);
                Ok(directory)
            }
            Err(error) => Err(Error::file("make", &directory, &error)),
        }
    }

    /// Writes a package for the program `name` of the contract at `contract`, beside the other
    /// programs of this contract, with a way to the runtime's source in `runtime`.
    ///
    /// The way leads through the package's own folder, because cargo names crates by their place
    /// seen from the workspace: so the runtime is one crate for all packages, and a gateway has
    /// the same bytes wherever the cache lies.
    ///
    /// # Errors
    ///
    /// A file cannot be written.
    pub fn package(
        &self,
        contract: &Path,
        name: &str,
        files: &Files,
        runtime: &Path,
    ) -> Result<PathBuf, Error> {
        let directory = self.root.join("packages").join(owner(contract)).join(plain(name));
        write::write(&directory, files)?;
        link(runtime, &directory.join("runtime"))?;
        self.claim(&directory, name)?;
        Ok(directory)
    }

    /// Where a program of the contract at `contract` lies that only this machine runs.
    pub fn program(&self, contract: &Path, name: &str) -> PathBuf {
        self.root.join("programs").join(owner(contract)).join(plain(name))
    }

    /// Makes cargo look at this package's text if the last program of this name was built from
    /// another one: in a shared target directory cargo cannot tell two packages of one name apart
    /// and would take the other's artifact for fresh.
    fn claim(&self, package: &Path, name: &str) -> Result<(), Error> {
        let owner = self.root.join("owners").join(plain(name));
        if write::file(&owner, package.as_os_str().as_encoded_bytes())? {
            for source in ["src/lib.rs", "src/main.rs"] {
                let path = package.join(source);
                File::options()
                    .write(true)
                    .open(&path)
                    .and_then(|file| file.set_modified(SystemTime::now()))
                    .map_err(|error| Error::file("touch", &path, &error))?;
            }
        }
        Ok(())
    }
}

/// A directory's name for what belongs to the contract at this path: readable, and its own.
fn owner(contract: &Path) -> String {
    let place = fs::canonicalize(contract).unwrap_or_else(|_| contract.to_path_buf());
    let stem = place.file_stem().unwrap_or_default().to_string_lossy();
    let hash = hex(&Sha256::digest(place.as_os_str().as_encoded_bytes()), 4);
    format!("{}-{hash}", plain(&stem))
}

/// Makes `link` lead to `target`.
fn link(target: &Path, link: &Path) -> Result<(), Error> {
    if fs::read_link(link).is_ok_and(|present| present == target) {
        return Ok(());
    }
    let beside = write::beside(link);
    let _ = fs::remove_file(&beside);
    std::os::unix::fs::symlink(target, &beside)
        .and_then(|()| fs::rename(&beside, link))
        .map_err(|error| Error::file("link", link, &error))
}

/// A hash of names and texts, cut to 12 hexadecimal digits.
fn digest(source: &RuntimeSource) -> String {
    let mut hash = Sha256::new();
    for (name, text) in source {
        for part in [name, text] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part.as_bytes());
        }
    }
    hex(&hash.finalize(), 6)
}

fn hex(bytes: &[u8], keep: usize) -> String {
    bytes.iter().take(keep).map(|byte| format!("{byte:02x}")).collect()
}

/// `name` as one part of a path.
fn plain(name: &str) -> String {
    let safe = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let plain: String = name.chars().map(|c| if safe(c) { c } else { '_' }).collect();
    if plain.trim_matches('.').is_empty() { format!("_{}", plain.len()) } else { plain }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Folder;

    const SOURCE: &RuntimeSource = &[("Cargo.toml", "[package]"), ("src/lib.rs", "//! lib")];

    fn program() -> Files {
        ["src/lib.rs", "src/main.rs"].map(|name| (name.to_owned(), b"//!\n".to_vec())).into()
    }

    #[test]
    fn the_runtime_is_unpacked_once_per_content() {
        let folder = Folder::new(&[]);
        let cache = Cache::at(&folder.path("cache")).unwrap();
        let first = cache.runtime(SOURCE).unwrap();
        assert_eq!(fs::read_to_string(first.join("src/lib.rs")).unwrap(), "//! lib");
        assert_eq!(cache.runtime(SOURCE).unwrap(), first);
        let other =
            cache.runtime(&[("Cargo.toml", "[package]"), ("src/lib.rs", "//! new")]).unwrap();
        assert_ne!(other, first);
    }

    #[test]
    fn a_package_reaches_the_runtime_through_its_own_folder() {
        let folder = Folder::new(&[("one/shop.api", ""), ("two/shop.api", "")]);
        let cache = Cache::at(&folder.path("cache")).unwrap();
        let runtime = cache.runtime(SOURCE).unwrap();
        let package =
            |at: &str| cache.package(&folder.path(at), "shop-v1", &program(), &runtime).unwrap();
        let (one, two) = (package("one/shop.api"), package("two/shop.api"));
        assert_ne!(one, two);
        assert_eq!(fs::read_to_string(one.join("runtime/src/lib.rs")).unwrap(), "//! lib");
    }

    #[test]
    fn a_package_is_touched_only_when_another_of_its_name_was_built_since() {
        let folder = Folder::new(&[("one/shop.api", ""), ("two/shop.api", "")]);
        let cache = Cache::at(&folder.path("cache")).unwrap();
        let runtime = cache.runtime(SOURCE).unwrap();
        let modified = |at: &str| {
            let package = cache.package(&folder.path(at), "shop-v1", &program(), &runtime).unwrap();
            fs::metadata(package.join("src/lib.rs")).unwrap().modified().unwrap()
        };
        let first = modified("one/shop.api");
        assert_eq!(modified("one/shop.api"), first);
        modified("two/shop.api");
        assert!(modified("one/shop.api") > first);
    }

    #[test]
    fn one_process_builds_at_a_time() {
        let folder = Folder::new(&[]);
        let cache = Cache::at(&folder.path("cache")).unwrap();
        let held = cache.lock(|| panic!("nobody has it")).unwrap();
        let (told, waits) = std::sync::mpsc::channel();
        let other = cache.clone();
        let second = std::thread::spawn(move || other.lock(|| told.send(()).unwrap()).map(drop));
        waits.recv_timeout(std::time::Duration::from_secs(5)).expect("the second waits");
        drop(held);
        second.join().unwrap().unwrap();
    }

    #[test]
    fn names_are_one_part_of_a_path() {
        assert_eq!(plain("../a b"), ".._a_b");
        assert_eq!(plain(".."), "_2");
        assert_eq!(plain(""), "_0");
    }
}
