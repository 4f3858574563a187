//! Which findings count, as the command line says.

use crate::commands::explain::known;
use gatewright_build::Error;
use gatewright_compiler::diagnostic::{Code, Diagnostic, Severity};

/// What `--deny` and `--allow` say.
#[derive(Debug)]
pub(super) struct Weights {
    all: bool,
    denied: Vec<Code>,
    allowed: Vec<Code>,
}

impl Weights {
    /// Reads codes, and the word `warnings`.
    pub(super) fn new(deny: &[String], allow: &[String]) -> Result<Self, Error> {
        let all = deny.iter().any(|name| name == "warnings");
        let codes = |names: &[String]| {
            let codes = names.iter().filter(|name| *name != "warnings").map(|name| known(name));
            codes.collect::<Result<Vec<Code>, Error>>()
        };
        if allow.iter().any(|name| name == "warnings") {
            return Err(Error::wrong_use("`--allow` takes codes, not all warnings at once")
                .help("warnings never fail unless `--deny` says so"));
        }
        Ok(Self { all, denied: codes(deny)?, allowed: codes(allow)? })
    }

    /// The findings that are shown. Errors cannot be allowed.
    pub(super) fn left(&self, found: &[Diagnostic]) -> Vec<Diagnostic> {
        let allowed = |one: &Diagnostic| {
            one.severity == Severity::Warning && self.allowed.contains(&one.code)
        };
        found.iter().filter(|one| !allowed(one)).cloned().collect()
    }

    /// Whether one of those that are shown fails the command, besides errors.
    pub(super) fn fail(&self, left: &[Diagnostic]) -> bool {
        left.iter().any(|one| self.all || self.denied.contains(&one.code))
    }
}
