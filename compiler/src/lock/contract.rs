//! A lock as a contract, so that anything can be compared with it.

use super::state::{OR_NONE, State};
use super::{BlockKind, Lock};
use crate::analyse;
use crate::contract::types::Const;
use crate::contract::work::{Build, Reply, ReplyValue};
use crate::contract::{Contract, Endpoint, Selection, Version};
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::source::{LOCK, Sources};
use gatewright_grammar::Span;
use std::sync::Arc;

/// What was published, as a contract without work behind its endpoints.
#[derive(Debug)]
pub(crate) struct Baseline {
    /// Its versions are those that are still served, in the order of publishing.
    pub(crate) contract: Contract,
    /// The fields of answers that something stands in for, by version and endpoint, with the line
    /// that says so.
    pub(crate) fallbacks: Vec<Kept>,
}

/// The fields of an endpoint's answers that something stands in for where a call fails.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) version: String,
    pub(crate) endpoint: String,
    pub(crate) fields: Vec<String>,
    pub(crate) at: Span,
}

impl Baseline {
    /// Reads the versions of a lock. `sources` has its text.
    pub(crate) fn of(lock: &Lock, sources: &Sources) -> Result<Self, Box<Diagnostic>> {
        let (mut versions, mut fallbacks) = (Vec::new(), Vec::new());
        let mut selection = Selection::default();
        for label in lock.live() {
            let state = State::of(lock, label).ok_or_else(|| unread(lock, label))?;
            let (version, selected) = version(&state, sources)?;
            versions.push(version);
            selection = selected;
            fallbacks.extend(self::fallbacks(&state));
        }
        let contract = bare(&lock.api, selection, versions);
        Ok(Self { contract, fallbacks })
    }
}

/// A contract that says what callers are promised, and nothing of what stands around its versions.
pub(crate) fn bare(api: &str, selection: Selection, versions: Vec<Version>) -> Contract {
    Contract {
        api: api.to_owned(),
        doc: Vec::new(),
        variables: Vec::new(),
        backends: Vec::new(),
        schemes: Vec::new(),
        selection,
        versions,
        consumers: Vec::new(),
        cases: Vec::new(),
        in_flight: None,
        store: None,
        retired: Vec::new(),
        cors: None,
        additive: false,
    }
}

fn version(state: &State<'_>, sources: &Sources) -> Result<(Version, Selection), Box<Diagnostic>> {
    let lock = state.lock;
    let label = &state.published.version;
    let masked = gatewright_grammar::parse(LOCK, &state.masked());
    let selection = state.get(BlockKind::Selection, "").map(|block| state.text(block));
    let api = format!("api {} {{\n{}\n}}\n", lock.api, selection.unwrap_or_default());
    let api = gatewright_grammar::parse(LOCK, &api);
    if !masked.errors.is_empty() || !api.errors.is_empty() {
        return Err(unread(lock, label));
    }
    let around = gatewright_grammar::parse(LOCK, &state.around());
    if !around.errors.is_empty() {
        return Err(unread(lock, label));
    }
    let files = [api.file, masked.file, around.file];
    let (version, found) = analyse::promised(sources, &files);
    if let Some(error) = found.into_iter().find(|one| one.severity == Severity::Error) {
        let mut finding = unread(lock, label).note(error.message.clone());
        finding.primary.span = error.primary.span;
        return Err(finding.into());
    }
    let (mut version, selection) = version.ok_or_else(|| unread(lock, label))?;
    let prefix = version.prefix.iter().map(|segment| segment.len() + 1).sum::<usize>();
    for endpoint in &mut version.endpoints {
        let path = endpoint.template.get(prefix..).unwrap_or_default();
        let key = format!("{} {}", endpoint.method, if path.is_empty() { "/" } else { path });
        let lines: Vec<&str> = state.kept(&key).into_iter().map(|(line, _)| line).collect();
        keep(endpoint, &lines);
    }
    Ok((version, selection))
}

fn fallbacks(state: &State<'_>) -> Vec<Kept> {
    let mut found = Vec::new();
    for block in state.all(BlockKind::Endpoint) {
        for (line, at) in state.kept(&block.key) {
            let Some(fields) = line.strip_prefix("fallback ") else { continue };
            found.push(Kept {
                version: state.published.version.clone(),
                endpoint: block.key.clone(),
                fields: fields.split(", ").map(str::to_owned).collect(),
                at: super::read::span(&at),
            });
        }
    }
    found
}

/// What follows from the work behind an endpoint, as far as callers are promised it.
fn keep(endpoint: &mut Endpoint, lines: &[&str]) {
    let work = Arc::make_mut(&mut endpoint.work);
    for line in lines {
        let Some(field) = line.strip_prefix("reply header ") else { continue };
        if let Some((name, _)) = field.split_once(": ") {
            let known = work.reply.iter_mut().find(|one| one.name == name);
            if let Some(Reply { value: ReplyValue::Typed { nullable, .. }, .. }) = known {
                *nullable = field.ends_with(OR_NONE);
            }
            continue;
        }
        let nullable = field.ends_with('?');
        let value = ReplyValue::Typed { build: Build::Const(Const::Null), ty: None, nullable };
        let name = field.trim_end_matches('?').to_owned();
        work.reply.push(Reply { name, value });
    }
}

fn unread(lock: &Lock, label: &str) -> Box<Diagnostic> {
    let head = lock.of(label).next().map_or(0..0, |entry| entry.head.clone());
    let message = format!("version {label} of the lock cannot be read");
    Diagnostic::new(Code::LockDamaged, super::read::span(&head), message)
        .label("its digests are right: another version of `gatewright` wrote it")
        .help("use the `gatewright` that wrote it, or a newer one")
        .into()
}
