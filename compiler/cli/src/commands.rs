//! The commands, one module each: read, call, print.

pub(crate) mod build;
pub(crate) mod changelog;
pub(crate) mod check;
pub(crate) mod compare;
pub(crate) mod completions;
pub(crate) mod diff;
pub(crate) mod env;
pub(crate) mod explain;
pub(crate) mod flatten;
pub(crate) mod fmt;
pub(crate) mod generate;
pub(crate) mod graph;
pub(crate) mod image;
pub(crate) mod inspect;
pub(crate) mod man;
pub(crate) mod manifests;
pub(crate) mod mock;
pub(crate) mod needs;
pub(crate) mod new;
pub(crate) mod publish;
pub(crate) mod push;
pub(crate) mod run;
pub(crate) mod test;
pub(crate) mod vendor;
pub(crate) mod verify;
pub(crate) mod version;
pub(crate) mod who;

/// How a command ended that was not stopped by the outside world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Nothing to complain about.
    Fine,
    /// There are findings.
    Findings,
}
