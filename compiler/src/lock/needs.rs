//! What the gateway relies on of each backend, as a lock holds it, and whether that is more by now.

use super::judge::Judge;
use super::print::Written;
use super::state::State;
use super::{Block, BlockKind, read};
use crate::analyse;
use crate::changes::{Compare, Declared, Effect, Position};
use crate::contract::types::{Kind, Type};
use crate::contract::{Contract, Version};
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::needs::{self, Operation, Read};
use crate::source::{LOCK, Sources};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// How many values are named that are needed and were not.
const NAMED: usize = 4;

/// What a version reads of each operation that it asks.
pub(super) fn written(contract: &Contract, label: &str) -> Vec<Written> {
    let mut found = Vec::new();
    for backend in &contract.backends {
        let needs = needs::needs(contract, &backend.name, Some(label));
        for operation in needs.iter().flat_map(|needs| &needs.operations) {
            let key = format!("{} {}", backend.name, operation.key);
            found.push(Written::needs(&key, &needs::lines(operation)));
        }
    }
    found
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
            more.iter().take(NAMED).map(|read| format!("`{}`", read.row())).collect();
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

/// What must be there and did not have to be, or may not be any more what it was.
fn more(text: &str, operation: &Operation<'_>) -> Vec<Read> {
    let mut reads = needs::reads(operation);
    let new = Written::needs("", &needs::lines(operation)).text;
    let (Some(was), Some(is)) = (Shape::of(text), Shape::of(&new)) else {
        // Written by another version of the compiler: equal rows are equal.
        let rows: Vec<&str> = text.lines().map(str::trim).collect();
        reads.retain(|read| !rows.contains(&read.row().as_str()));
        return reads;
    };
    reads.retain(|read| {
        let path = if read.path.is_empty() { "the whole" } else { &read.path };
        match (was.row(path), is.row(path)) {
            (Some((may_miss, old)), Some((_, new))) => {
                (read.is_needed && may_miss)
                    || !new.iter().all(|new| was.is_enough(&old, (&is, new)))
            }
            // What may be missing, and was not read before, takes nothing.
            _ => read.is_needed,
        }
    });
    reads
}

/// What a lock says of an operation, as types.
struct Shape {
    version: Version,
    /// The paths, in the order of the fields that stand for them.
    paths: Vec<String>,
}

/// The record whose fields stand for what is read.
const READS: &str = "What_is_read";

impl Shape {
    /// Reads the lines of a block; nothing if they are not of the language.
    fn of(text: &str) -> Option<Self> {
        let mut paths = Vec::new();
        let (mut declared, mut fields) = (String::new(), String::new());
        let lines = text.lines().skip(1).map(str::trim).filter(|line| !matches!(*line, "" | "}"));
        for line in lines {
            if line.starts_with("type ") || line.starts_with("union ") {
                let _ = writeln!(declared, "{line}");
                continue;
            }
            let (path, what) = line.split_once(": ")?;
            let plain = path.strip_suffix('?');
            let mark = if plain.is_some() { "?" } else { "" };
            for (part, what) in what.split(" and ").enumerate() {
                let what = match what.strip_prefix("list") {
                    Some(bounds) => format!("[json]{bounds}"),
                    None if what == "text, number or boolean" => "json".to_owned(),
                    None => what.to_owned(),
                };
                let _ = writeln!(fields, "r{}_{part}{mark}: {what}", paths.len());
            }
            paths.push(plain.unwrap_or(path).to_owned());
        }
        let text = format!(
            "api x {{}}\nversion 1 {{\n{declared}type {READS} {{\n{fields}}}\n\
             GET /x -> {READS} {{ public }}\n}}\n"
        );
        let parse = gatewright_grammar::parse(LOCK, &text);
        let mut sources = Sources::new();
        sources.lock(super::FILE, text.as_str());
        let (version, found) = analyse::promised(&sources, &[parse.file]);
        let is_fine =
            parse.errors.is_empty() && found.iter().all(|one| one.severity != Severity::Error);
        version.filter(|_| is_fine).map(|(version, _)| Self { version, paths })
    }

    /// Whether a value may be missing, and all types that it must have.
    fn row(&self, path: &str) -> Option<(bool, Vec<&Type>)> {
        let at = self.paths.iter().position(|one| one == path)?;
        let ty = self.version.endpoints.first()?.success.first()?.ty.as_ref()?;
        let Kind::Record(id) = ty.kind else { return None };
        let start = format!("r{at}_");
        let fields = &self.version.types.record(id).fields;
        let own: Vec<_> = fields.iter().filter(|field| field.name.starts_with(&start)).collect();
        Some((own.first()?.optional, own.iter().map(|field| &field.ty).collect()))
    }

    /// Whether what has all types of `own` surely has `wanted`.
    fn is_enough(&self, own: &[&Type], (other, wanted): (&Shape, &Type)) -> bool {
        let declared = |shape| Declared { types: shape, ignores_unknown: true };
        let (old, new) = (&self.version.types, &other.version.types);
        own.iter().any(|one| {
            let mut compare = Compare::new(declared(old), declared(new), Position::Read);
            compare.types(one, wanted).iter().all(|found| found.narrows == Effect::No)
        })
    }
}
