//! Whether a contract was saved.

use gatewright_build::read::contract_files;
use gatewright_build::{Error, Input, read};
use gatewright_compiler::lock;
use gatewright_compiler::source::LOCK;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Looks at the files of a contract.
#[derive(Debug)]
pub(crate) struct Watch {
    path: PathBuf,
    /// The directories and files that the contract leads to.
    beside: Vec<PathBuf>,
    /// The texts that were seen last.
    known: Vec<(PathBuf, String)>,
    /// The files as they were when the texts were read.
    read: Stamps,
    /// The files as they were at the last look.
    seen: Stamps,
}

/// Every file with its length and the time of its last change.
type Stamps = Vec<(PathBuf, u64, Option<SystemTime>)>;

impl Watch {
    /// Watches the contract at `path`, of which `input` is known.
    pub(crate) fn new(path: &Path, input: &Input) -> Self {
        let beside = beside(input);
        let stamps = stamps(path, &beside);
        Self {
            path: path.to_path_buf(),
            beside,
            known: texts(input),
            read: stamps.clone(),
            seen: stamps,
        }
    }

    /// The contract if its text is another one. A file that is still being written, that is, one
    /// that changed since the last look, is left for the next look.
    pub(crate) fn saved(&mut self) -> Option<Result<Input, Error>> {
        let stamps = stamps(&self.path, &self.beside);
        let settled = stamps == self.seen;
        self.seen.clone_from(&stamps);
        if !settled || stamps == self.read {
            return None;
        }
        self.read = stamps;
        let input = read(&self.path);
        if let Ok(input) = &input
            && beside(input) != self.beside
        {
            self.beside = beside(input);
            self.read = self::stamps(&self.path, &self.beside);
            self.seen.clone_from(&self.read);
        }
        match input {
            Ok(input) if texts(&input) == self.known => None,
            Ok(input) => {
                self.known = texts(&input);
                Some(Ok(input))
            }
            Err(error) => Some(Err(error)),
        }
    }
}

fn texts(input: &Input) -> Vec<(PathBuf, String)> {
    let texts = input.sources.iter().map(|(_, source)| source.text.clone());
    let schemas = input.sources.schemas();
    let schemas = schemas.map(|source| (PathBuf::from(&source.label), source.text.clone()));
    let lock = input.sources.get(LOCK).map(|lock| (PathBuf::from(lock::FILE), lock.text.clone()));
    input.files.iter().cloned().zip(texts).chain(schemas).chain(lock).collect()
}

/// The directories and files that the contract leads to.
fn beside(input: &Input) -> Vec<PathBuf> {
    [input.imported.as_slice(), input.schemas.as_slice()].concat()
}

fn stamps(path: &Path, beside: &[PathBuf]) -> Stamps {
    let mut files = if path.is_dir() {
        contract_files(path).unwrap_or_default()
    } else {
        vec![path.to_path_buf()]
    };
    // What is published is part of what runs: its revision, and what has ended.
    let directory = if path.is_dir() { path } else { path.parent().unwrap_or(path) };
    files.push(directory.join(lock::FILE));
    files.extend(beside.iter().flat_map(|one| match one.is_dir() {
        true => contract_files(one).unwrap_or_default(),
        false => vec![one.clone()],
    }));
    let stamp = |file: PathBuf| {
        let metadata = fs::metadata(&file).ok();
        let length = metadata.as_ref().map_or(0, fs::Metadata::len);
        (file, length, metadata.and_then(|metadata| metadata.modified().ok()))
    };
    files.into_iter().map(stamp).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;
    use std::time::Duration;

    /// Looks a few times, as often as a running command would.
    fn look(watch: &mut Watch) -> Option<Result<Input, Error>> {
        (0..4).find_map(|_| {
            thread::sleep(Duration::from_millis(15));
            watch.saved()
        })
    }

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("gatewright-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    #[test]
    fn a_save_is_seen_once_and_only_if_the_text_changed() {
        let folder = folder("watch");
        let file = folder.join("a.api");
        fs::write(&file, "one").unwrap();
        let mut watch = Watch::new(&folder, &read(&folder).unwrap());
        assert!(look(&mut watch).is_none());

        fs::write(&file, "one").unwrap();
        assert!(look(&mut watch).is_none());

        fs::write(&file, "two").unwrap();
        let input = look(&mut watch).unwrap().unwrap();
        assert_eq!(input.sources.iter().next().unwrap().1.text, "two");
        assert!(look(&mut watch).is_none());

        fs::write(folder.join("b.api"), "three").unwrap();
        assert_eq!(look(&mut watch).unwrap().unwrap().files.len(), 2);

        fs::write(folder.join(lock::FILE), "lock 1 a").unwrap();
        assert_eq!(look(&mut watch).unwrap().unwrap().files.len(), 2);
        assert!(look(&mut watch).is_none());
        fs::remove_file(folder.join(lock::FILE)).unwrap();
        assert!(look(&mut watch).unwrap().is_ok());

        let shared = folder.join("shared");
        fs::create_dir_all(&shared).unwrap();
        fs::write(shared.join("c.api"), "four").unwrap();
        assert!(look(&mut watch).is_none());
        fs::write(&file, "import \"shared\"").unwrap();
        assert_eq!(look(&mut watch).unwrap().unwrap().files.len(), 3);
        assert!(look(&mut watch).is_none());
        fs::write(shared.join("c.api"), "five").unwrap();
        assert_eq!(look(&mut watch).unwrap().unwrap().files.len(), 3);

        fs::write(&file, b"\xFF").unwrap();
        assert!(look(&mut watch).unwrap().is_err());
        fs::remove_dir_all(&folder).unwrap();
    }
}
