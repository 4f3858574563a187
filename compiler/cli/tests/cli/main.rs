//! Transcripts of the real program: exit code, standard output, standard error.

mod against;
mod change;
mod check;
mod diff;
mod fmt;
mod generate;
mod graph;
mod lock;
mod manifests;
mod mock;
mod program;
mod publish;
mod recipes;
mod templates;
mod usage;
mod versions;

use program::{Folder, GOOD};
use std::fs;

/// The same with a backend of a name that is not declared.
pub(crate) fn bad() -> String {
    GOOD.replace("person = people ", "person = peple ")
}

/// The same with a backend that nobody calls.
pub(crate) fn suspicious() -> String {
    GOOD.replace(
        "\nversion 1 {",
        "\nbackend promos at env PROMOS_URL { timeout 1s }\n\nversion 1 {",
    )
}

impl Folder {
    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).expect("a text file")
    }
}
