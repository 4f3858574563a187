//! How programs are built, beside what they are made of.

use crate::cargo::Mode;
use std::path::Path;
use std::process::Command;

/// How a program is built.
#[derive(Clone, Copy, Debug)]
pub struct How<'a> {
    /// How quick the build is to be repeated.
    pub mode: Mode,
    /// For which machine, `aarch64-unknown-linux-gnu`; nothing: for this one.
    pub target: Option<&'a str>,
    /// Where the crates of others come from.
    pub supply: Supply<'a>,
}

/// Where the crates of others come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Supply<'a> {
    /// The registry, as far as cargo has not kept them.
    Registry,
    /// What cargo has kept of earlier builds; nobody is asked.
    Kept,
    /// A directory that `cargo vendor` made; nobody is asked.
    Vendored(&'a Path),
}

impl How<'_> {
    /// For this machine, with crates of the registry.
    pub fn usual(mode: Mode) -> Self {
        Self { mode, target: None, supply: Supply::Registry }
    }
}

impl Supply<'_> {
    /// Tells cargo.
    pub(crate) fn say(self, cargo: &mut Command) {
        if self != Supply::Registry {
            cargo.arg("--offline");
        }
        if let Supply::Vendored(directory) = self {
            // As TOML, where a text has the quotes and escapes of JSON.
            let text = format!("{:?}", directory.display().to_string());
            cargo.args(["--config", "source.crates-io.replace-with='gatewright-vendored'"]);
            cargo.arg("--config").arg(format!("source.gatewright-vendored.directory={text}"));
        }
    }

    /// The directory in which the crates lie, if they are vendored.
    pub(crate) fn directory(&self) -> Option<&Path> {
        match self {
            Supply::Vendored(directory) => Some(directory),
            Supply::Registry | Supply::Kept => None,
        }
    }
}
