//! Whether a lock goes on from an earlier one, and a lock as a contract of its own.

use super::contract::Baseline;
use super::{Lock, read};
use crate::contract::Contract;
use crate::diagnostic::{Code, Diagnostic};
use crate::source::Sources;
use gatewright_grammar::Span;

/// The finding that `own` does not go on from `earlier`, which is called `name`; nothing if it does.
pub fn continuation(own: Option<&Lock>, earlier: &Lock, name: &str) -> Option<Diagnostic> {
    let Some(own) = own else {
        let message = format!("{name} has a lock, and this contract has none");
        let versions = earlier.live().join(", ");
        return Some(
            Diagnostic::new(Code::LockRewritten, Span::default(), message)
                .label(format!("published there: {versions}"))
                .note("what is published cannot be unpublished")
                .help("bring the lock back"),
        );
    };
    let at = own.continues(earlier).err()?;
    let message = format!("`api.lock` is not a continuation of the one of {name}");
    let other = earlier.entries.get(at);
    let there = other.map_or_else(
        || format!("{name} has the lock of `{}`", earlier.api),
        |entry| format!("{name} has `chain {}…` here", entry.chain.get(..8).unwrap_or_default()),
    );
    let (place, note) = match own.entries.get(at) {
        Some(entry) => (
            read::span(&entry.chain_at),
            "entries are only ever appended; this one was edited, replaced or written meanwhile",
        ),
        None => (end(own), "entries are only ever appended; those behind this were taken out"),
    };
    Some(
        Diagnostic::new(Code::LockRewritten, place, message)
            .label(there)
            .note(note)
            .help("take that lock as it is, then repeat your `gatewright publish` or `gatewright amend`")
            .help("`gatewright publish --rebase REVISION` if both branches appended entries"),
    )
}

/// The last line of a lock.
pub(crate) fn end(lock: &Lock) -> Span {
    let text = lock.text().trim_end();
    read::span(&(text.rfind('\n').map_or(0, |end| end + 1)..text.len()))
}

impl Lock {
    /// What is published, as a contract without work behind its endpoints: its live versions. Places
    /// in it are those of the lock.
    ///
    /// # Errors
    ///
    /// Another version of the compiler wrote the lock, and this one cannot read a declaration.
    pub fn contract(&self) -> Result<Contract, Box<Diagnostic>> {
        let mut sources = Sources::new();
        sources.lock(super::FILE, self.text());
        Baseline::of(self, &sources).map(|baseline| baseline.contract)
    }
}
