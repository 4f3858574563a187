//! What the gateway relies on of each backend, as a lock holds it, and whether that is more by now.

use super::judge::Judge;
use super::print::Written;
use super::state::State;
use super::{Block, BlockKind, read};
use crate::contract::{Contract, Version};
use crate::diagnostic::{Code, Diagnostic};
use crate::needs::{self, Operation, Read};
use std::collections::BTreeMap;

/// How many values are named that are needed and were not.
const NAMED: usize = 4;

/// What a version reads of each operation that it asks.
pub(super) fn written(contract: &Contract, label: &str) -> Vec<Written> {
    let mut found = Vec::new();
    for backend in &contract.backends {
        let needs = needs::needs(contract, &backend.name, Some(label));
        for operation in needs.iter().flat_map(|needs| &needs.operations) {
            let key = format!("{} {}", backend.name, operation.key);
            let rows: Vec<String> = needs::reads(operation).iter().map(row).collect();
            found.push(Written::needs(&key, &rows));
        }
    }
    found
}

/// `price.amount: decimal(12,2)`; with `?` where it may be missing.
fn row(read: &Read) -> String {
    let may = if read.is_needed { "" } else { "?" };
    let path = if read.path.is_empty() { "the whole" } else { &read.path };
    format!("{path}{may}: {}", read.what)
}

/// The operations of a version that a lock does not have, or not with what is read of them now.
pub(super) fn rewired<'w>(state: &State<'_>, surface: &'w [Written]) -> Vec<&'w Written> {
    let needs = surface.iter().filter(|one| one.kind == BlockKind::Needs);
    let differs = |one: &&Written| {
        let old = state.get(BlockKind::Needs, &one.key);
        old.is_none_or(|block| state.text(block) != one.text)
    };
    needs.filter(differs).collect()
}

/// The operations of a lock that a version does not ask any more, as asked for nothing.
pub(super) fn dropped(state: &State<'_>, surface: &[Written]) -> Vec<Written> {
    let asked =
        |key: &str| surface.iter().any(|one| one.kind == BlockKind::Needs && one.key == key);
    let gone = state.all(BlockKind::Needs).filter(|block| !asked(&block.key));
    let gone = gone.map(|block| (Written::needs(&block.key, &[]), block));
    gone.filter(|(empty, block)| state.text(block) != empty.text).map(|(empty, _)| empty).collect()
}

impl Judge<'_> {
    /// What backends must send more than the lock says, for those who run them. Of a backend that is
    /// asked for something new there is nothing to say: what it sends was not relied on.
    pub(super) fn needs_more(&self, version: &Version) -> Vec<Diagnostic> {
        let Some(state) = State::of(self.lock, &version.label) else { return Vec::new() };
        let known: BTreeMap<&str, &Block> =
            state.all(BlockKind::Needs).map(|block| (block.key.as_str(), block)).collect();
        let mut found = Vec::new();
        for backend in &self.contract.backends {
            let needs = needs::needs(self.contract, &backend.name, Some(&version.label));
            for operation in needs.iter().flat_map(|needs| &needs.operations) {
                let Some(block) = known.get(format!("{} {}", backend.name, operation.key).as_str())
                else {
                    continue;
                };
                let more = more(&state.text(block), operation);
                if more.is_empty() {
                    continue;
                }
                let owner = backend.owner.as_deref();
                found.extend(self.needed(version, (operation, *block), (&more, owner)));
            }
        }
        found
    }

    fn needed(
        &self,
        version: &Version,
        (operation, block): (&Operation<'_>, &Block),
        (more, owner): (&[Read], Option<&str>),
    ) -> Option<Diagnostic> {
        let (backend, _) = block.key.split_once(' ')?;
        let first = more.first()?;
        let by = operation.calls.iter().find(|asked| {
            first.needed_by.iter().any(|by| *by == asked.by()) || first.needed_by.is_empty()
        })?;
        let named: Vec<String> =
            more.iter().take(NAMED).map(|read| format!("`{}`", row(read))).collect();
        let rest = more.len().saturating_sub(NAMED);
        let rest = if rest > 0 { format!(" and {rest} more") } else { String::new() };
        let message = format!(
            "version {} is published; it needs more of `{backend}` than it did",
            version.label
        );
        let at = read::span(&(block.at.start..block.at.start + "needs ".len() + block.key.len()));
        let mut found = Diagnostic::new(Code::BackendNeedsMore, by.call.span, message)
            .label(format!("wire/needs-more: {}{rest}", named.join(", ")))
            .see(at, self.published(&version.label, at));
        if let Some(owner) = owner {
            found = found.note(format!(
                "{owner} answers for `{backend}`, and must send it before this gateway runs"
            ));
        }
        Some(found.help(format!(
            "`gatewright publish {}` writes it down, once `{backend}` sends it",
            version.label
        )))
    }
}

/// What must be there and did not have to be, or is read in another way.
fn more(text: &str, operation: &Operation<'_>) -> Vec<Read> {
    let rows: Vec<&str> = text.lines().map(str::trim).collect();
    let mut reads = needs::reads(operation);
    reads.retain(|read| {
        let strict = Read { is_needed: true, ..read.clone() };
        let was_there = rows.contains(&row(&strict).as_str());
        let may_miss = !read.is_needed && rows.contains(&row(read).as_str());
        let was_read = rows.iter().any(|row| {
            let rest = row.strip_prefix(read.path.as_str()).unwrap_or_default();
            rest.starts_with(": ") || rest.starts_with("?: ")
        });
        // What may be missing, and was not read before, takes nothing.
        !was_there && !may_miss && (read.is_needed || was_read)
    });
    reads
}
