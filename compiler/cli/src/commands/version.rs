//! `gatewright version`: begins a version.

use super::Outcome;
use crate::args::{NewVersion, Version, VersionCommand};
use crate::load::{look_at, versions};
use crate::terminal::Terminal;
use gatewright_build::Error;
use gatewright_compiler::lock::Lock;
use gatewright_compiler::source::LOCK;
use gatewright_compiler::{Checked, flatten_as};
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;

pub(crate) fn run(args: &Version, terminal: Terminal) -> Result<Outcome, Error> {
    match &args.command {
        VersionCommand::New(args) => new(args, terminal),
    }
}

fn new(args: &NewVersion, terminal: Terminal) -> Result<Outcome, Error> {
    let (label, path) = (&args.version, &args.contract.path);
    if !is_label(label) {
        return Err(Error::wrong_use(format!("`{label}` is no version"))
            .help("a version is a number or a day: `3`, `2026-09-01`"));
    }
    if path.is_file() {
        let message = format!("{} is one file, so its versions stand in it", path.display());
        return Err(Error::wrong_use(message)
            .help("give the directory of a contract: its `.api` files are one contract"));
    }
    let loaded = look_at(path)?;
    let Some(contract) = loaded.contract(terminal) else { return Ok(Outcome::Findings) };
    if contract.versions().contains(label) {
        return Err(Error::wrong_use(format!("the contract has a version {label} already")));
    }
    if let Some(source) = loaded.input.sources.get(LOCK)
        && Lock::read(&source.text).is_ok_and(|lock| lock.is_published(label))
    {
        return Err(Error::wrong_use(format!("there was a version {label} already"))
            .help("a label that was published means the same for ever: choose another one"));
    }
    let from = match &args.from {
        Some(from) => versions(contract, Some(from))?.pop(),
        None => latest(contract),
    };
    let text = match from {
        None => format!("version {label} {{}}\n"),
        Some(from) if args.flat => {
            flatten_as(&loaded.input.sources, contract, &from, label).map_err(Error::wrong_use)?
        }
        Some(from) => format!("version {label} from {from} {{}}\n"),
    };
    let file = loaded.input.directory.join(format!("v{label}.api"));
    write(&file, &text)?;
    terminal.note(&format!("wrote {}", file.display()));
    Ok(Outcome::Fine)
}

/// A number, or a day.
fn is_label(text: &str) -> bool {
    let number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let parts: Vec<&str> = text.split('-').collect();
    let digits =
        |part: &&str, count| part.len() == count && part.bytes().all(|b| b.is_ascii_digit());
    number || matches!(parts.as_slice(), [y, m, d] if digits(y, 4) && digits(m, 2) && digits(d, 2))
}

/// The version with the highest number or the latest day.
fn latest(contract: &Checked) -> Option<String> {
    let key = |label: &String| {
        let number: u64 = label.replace('-', "").parse().unwrap_or(0);
        (label.contains('-'), number)
    };
    contract.versions().into_iter().max_by_key(key)
}

/// Writes a file that does not exist yet.
fn write(file: &Path, text: &str) -> Result<(), Error> {
    let opened = OpenOptions::new().write(true).create_new(true).open(file);
    let mut opened = match opened {
        Ok(opened) => opened,
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            return Err(Error::wrong_use(format!("{} exists already", file.display())));
        }
        Err(error) => return Err(Error::file("write", file, &error)),
    };
    opened.write_all(text.as_bytes()).map_err(|error| Error::file("write", file, &error))
}
