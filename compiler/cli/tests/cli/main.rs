//! Transcripts of the real program: exit code, standard output, standard error.

mod against;
mod change;
mod check;
mod compare;
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
mod schemas;
mod shipping;
mod templates;
mod usage;
mod versions;

use program::{Folder, GOOD, Said};
use std::fs;
use std::process::Command;

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

    /// What git says here, as somebody, whatever the machine has set up.
    pub(crate) fn git_says(&self, args: &[&str]) -> Said {
        let mut git = Command::new("git");
        git.current_dir(self.path("")).args([
            "-c",
            "user.name=Ada",
            "-c",
            "user.email=a@x.example",
        ]);
        git.args(["-c", "init.defaultBranch=main", "-c", "core.hooksPath=/dev/null"]).args(args);
        Said::new(&git.output().expect("git runs"))
    }

    #[track_caller]
    pub(crate) fn git(&self, args: &[&str]) {
        let said = self.git_says(args);
        assert_eq!(said.code, Some(0), "git {args:?}: {}", said.err);
    }
}
