//! `gatewright new`: a contract to begin with.

use super::Outcome;
use crate::args::New;
use crate::terminal::Terminal;
use gatewright_build::{Error, write};
use std::fs;
use std::path::Path;

/// The contract; `NAME` is the name of the API.
const CONTRACT: &str = include_str!("new/contract.api");
/// The README; `NAME` is the name of the API.
const README: &str = include_str!("new/README.md");

pub(crate) fn run(args: &New, terminal: Terminal) -> Result<Outcome, Error> {
    let name = &args.name;
    if !is_name(name) {
        return Err(Error::wrong_use(format!("`{name}` cannot be the name of an API"))
            .help("use lower case letters, digits and `_`, beginning with a letter"));
    }
    let directory = Path::new(name);
    if fs::symlink_metadata(directory).is_ok() {
        return Err(Error::wrong_use(format!("{name} is already there"))
            .help("choose another name, or write a contract into it by hand"));
    }
    write::file(&directory.join(format!("{name}.api")), text(CONTRACT, name).as_bytes())?;
    write::file(&directory.join("README.md"), text(README, name).as_bytes())?;
    terminal.done("made", &format!("{name}/{name}.api"));
    terminal.note(&format!("try it without any backend: gatewright run {name} --mock"));
    Ok(Outcome::Fine)
}

fn text(template: &str, name: &str) -> String {
    template.replace("NAME", name)
}

fn is_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_lowercase())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}
