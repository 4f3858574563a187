//! What a lock gets when a version is published, or again when it has something more to promise.

use super::contract::Baseline;
use super::judge::{changed, key_of};
use super::print::Written;
use super::state::State;
use super::{Act, BlockKind, Lock, chained, head_line, last_line, needs, quoted, seed};
use crate::analyse;
use crate::changes::{Change, Verdict, Whom};
use crate::contract::{Checked, Contract, Endpoint};
use crate::diagnostic::Diagnostic;
use crate::source::Sources;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Who does something, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// A name.
    pub by: String,
    /// The day: `2026-03-01`.
    pub date: String,
}

/// A lock with more in it than before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publication {
    /// The whole text of the lock.
    pub text: String,
    /// What it has more, a line for each entry: `version 1 added 2026-05-12 GET /find`.
    pub entries: Vec<String>,
    /// Who is hurt by it: consumers with a way to reach them.
    pub hurts: Vec<String>,
}

/// Why nothing is written.
#[derive(Clone, Debug)]
pub enum Refused {
    /// The request makes no sense as things are; what to do instead.
    Use(String, String),
    /// The lock itself is not as it was written.
    Damaged(Box<Diagnostic>),
}

impl Refused {
    pub(super) fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Refused::Use(message.into(), help.into())
    }
}

/// Publishes the version `label` of a contract that has no finding against `lock`. A version that
/// is published already gets what is new of it: endpoints, better promises, its end, cases.
///
/// # Errors
///
/// There is nothing to publish, or it cannot be.
pub fn publish(
    sources: &Sources,
    contract: &Checked,
    lock: Option<&Lock>,
    (label, signed): (&str, &Signed),
) -> Result<Publication, Refused> {
    let contract = contract.contract();
    let surface = analyse::surface(sources, contract, label);
    if surface.is_empty() {
        let labels: Vec<&str> = contract.versions.iter().map(|one| one.label.as_str()).collect();
        let message = format!("the contract has no version {label}");
        return Err(Refused::new(message, format!("its versions are: {}", labels.join(", "))));
    }
    if contract.versions.iter().any(|version| version.label == label && version.draft) {
        let message = format!("version {label} is a draft");
        return Err(Refused::new(message, "nobody may rely on a draft: take away `draft` first"));
    }
    alike(&surface)?;
    let mut writer = Writer::new(&contract.api, lock, signed);
    match lock {
        Some(lock) if lock.is_retired(label) => {
            let message = format!("version {label} is retired");
            return Err(Refused::new(
                message,
                "a version that ended does not come back: begin another one with `gatewright version new`",
            ));
        }
        Some(lock) if lock.is_published(label) => {
            more(&mut writer, (sources, contract, lock), (label, &surface))?;
        }
        Some(_) | None => {
            if !surface.iter().any(|one| one.kind == BlockKind::Endpoint) {
                let message = format!("version {label} has no endpoint");
                return Err(Refused::new(message, "publish it when it has something to promise"));
            }
            writer.entry(Step::new(label, Act::Published), &surface.iter().collect::<Vec<_>>());
        }
    }
    if writer.added.is_empty() {
        let message = format!("version {label} is published as it is: nothing about it is new");
        return Err(Refused::new(
            message,
            "wiring, words, owners and consumers need no publishing",
        ));
    }
    verified(sources, (contract, label), writer.end(Vec::new()))
}

/// Refuses endpoints that only the types of their parameters tell apart: a lock knows them by
/// method, path and names.
fn alike(surface: &[Written]) -> Result<(), Refused> {
    let endpoints = || surface.iter().filter(|one| one.kind == BlockKind::Endpoint);
    for (at, one) in endpoints().enumerate() {
        if endpoints().skip(at + 1).any(|other| other.key == one.key) {
            let message = format!("two endpoints are called `{}`", one.key);
            return Err(Refused::new(message, "name the parameters of one of them otherwise"));
        }
    }
    Ok(())
}

/// Reads a lock back before anybody writes it: what cannot be read again is not written.
pub(super) fn verified(
    sources: &Sources,
    (contract, label): (&Contract, &str),
    done: Publication,
) -> Result<Publication, Refused> {
    let mut sources = sources.clone();
    sources.lock(super::FILE, done.text.as_str());
    let read = || {
        let lock = Lock::read(&done.text).map_err(|damage| damage.message.clone())?;
        let baseline = Baseline::of(&lock, &sources);
        let baseline =
            baseline.map_err(|damage| format!("{}: {:?}", damage.message, damage.notes))?;
        let broken = super::judge::broken(&sources, (&lock, &baseline), contract, label);
        broken.into_iter().next().map_or(Ok(()), |one| Err(one.what))
    };
    match read() {
        Ok(()) => Ok(done),
        Err(why) => {
            let message = format!("the lock would not say what the contract says: {why}");
            Err(Refused::new(message, "nothing was written: a lock must be read as it was meant"))
        }
    }
}

/// What a published version has more than its lock says.
fn more(
    writer: &mut Writer<'_>,
    (sources, contract, lock): (&Sources, &Contract, &Lock),
    (label, surface): (&str, &[Written]),
) -> Result<(), Refused> {
    let baseline = Baseline::of(lock, sources).map_err(Refused::Damaged)?;
    let state = State::of(lock, label)
        .ok_or_else(|| Refused::new(format!("version {label} was never published"), ""))?;
    let changes = changed(&baseline, contract, label);
    let version = contract.versions.iter().find(|version| version.label == label);
    let endpoints: BTreeMap<String, &Endpoint> = version
        .into_iter()
        .flat_map(|version| version.endpoints.iter().map(move |one| (key_of(version, one), one)))
        .collect();
    let better = |key: &str| {
        let survives = |endpoint| survives_more(&baseline, (label, key), endpoint);
        is_told_more(&changes, key) || endpoints.get(key).is_some_and(|one| survives(one))
    };
    let dropped = needs::dropped(&state, surface);
    let mut declared = declarations(&state, surface);
    declared.extend(needs::rewired(&state, surface));
    declared.extend(&dropped);
    for one in surface.iter().filter(|one| one.kind == BlockKind::Endpoint) {
        let act = match state.get(BlockKind::Endpoint, &one.key) {
            None => Act::Added,
            Some(_) if better(&one.key) => Act::Revised,
            Some(_) => continue,
        };
        let mut blocks: Vec<&Written> = std::mem::take(&mut declared);
        blocks.push(one);
        writer.entry(Step::of(label, act, &one.key), &blocks);
    }
    let told = surface.iter().find(|one| one.kind == BlockKind::Deprecated);
    let was = state.get(BlockKind::Deprecated, "").map(|block| state.text(block));
    match (told, was) {
        (Some(is), was) if was.as_deref() != Some(is.text.as_str()) => {
            writer.entry(Step::new(label, Act::Deprecated), &[is]);
        }
        (None, Some(_)) => writer.entry(Step::new(label, Act::Undeprecated), &[]),
        (Some(_), _) | (None, None) => {}
    }
    let is_new = |one: &&Written| {
        one.kind == BlockKind::Case && state.get(BlockKind::Case, &one.key).is_none()
    };
    let cases: Vec<&Written> = surface.iter().filter(is_new).collect();
    if !cases.is_empty() {
        writer.entry(Step::new(label, Act::Proved), &cases);
    }
    declared.retain(|one| one.kind == BlockKind::Needs);
    if !declared.is_empty() {
        writer.entry(Step::new(label, Act::Rewired), &declared);
    }
    Ok(())
}

/// Whether callers of a published version get more by now than the lock says, so that publishing it
/// again would make another revision. `changes` are those against the lock.
pub(super) fn is_ahead(
    (lock, baseline): (&Lock, &Baseline),
    (contract, label): (&Contract, &str),
    changes: &[Change],
) -> bool {
    let version = contract.versions.iter().find(|version| version.label == label);
    let (Some(state), Some(version)) = (State::of(lock, label), version) else { return false };
    version.endpoints.iter().any(|endpoint| {
        let key = key_of(version, endpoint);
        state.get(BlockKind::Endpoint, &key).is_none()
            || is_told_more(changes, &key)
            || survives_more(baseline, (label, &key), endpoint)
    })
}

/// Whether an endpoint gives callers more, or tells them of its end.
fn is_told_more(changes: &[Change], key: &str) -> bool {
    let of = |change: &&Change| change.endpoint.as_deref() == Some(key);
    changes.iter().filter(of).any(|change| {
        let told = change.rule.id.starts_with("life/");
        change.whom == Whom::Callers && (change.verdict == Verdict::Additive || told)
    })
}

/// Whether something stands in for more of an answer than was promised.
fn survives_more(baseline: &Baseline, (label, key): (&str, &str), endpoint: &Endpoint) -> bool {
    let kept = baseline.fallbacks.iter().find(|one| one.version == label && one.endpoint == key);
    let kept = kept.map(|one| one.fields.as_slice()).unwrap_or_default();
    super::print::fallbacks(endpoint).iter().any(|field| !kept.contains(field))
}

/// The ways to say who calls, types and errors that the lock does not have, or not as they are.
pub(super) fn declarations<'w>(state: &State<'_>, surface: &'w [Written]) -> Vec<&'w Written> {
    let declares =
        |one: &&Written| matches!(one.kind, BlockKind::Auth | BlockKind::Type | BlockKind::Error);
    let differs = |one: &&Written| {
        let old = state.get(one.kind, &one.key);
        old.is_none_or(|block| state.text(block) != one.text)
    };
    surface.iter().filter(declares).filter(differs).collect()
}

/// The first line of an entry.
pub(super) struct Step<'s> {
    pub(super) label: &'s str,
    pub(super) act: Act,
    pub(super) endpoint: Option<&'s str>,
    pub(super) reason: Option<&'s str>,
}

impl<'s> Step<'s> {
    pub(super) fn new(label: &'s str, act: Act) -> Self {
        Self { label, act, endpoint: None, reason: None }
    }

    pub(super) fn of(label: &'s str, act: Act, endpoint: &'s str) -> Self {
        Self { endpoint: Some(endpoint), ..Self::new(label, act) }
    }
}

/// A lock that grows.
pub(super) struct Writer<'w> {
    signed: &'w Signed,
    text: String,
    chain: String,
    entries: usize,
    /// The revisions of versions, with whether this growth made them.
    revisions: Vec<(String, u32, bool)>,
    added: Vec<String>,
}

impl<'w> Writer<'w> {
    pub(super) fn new(api: &str, lock: Option<&Lock>, signed: &'w Signed) -> Self {
        let mut writer = Self {
            signed,
            text: format!("{}\n\n", head_line(api)),
            chain: seed(api),
            entries: 0,
            revisions: Vec::new(),
            added: Vec::new(),
        };
        if let Some(lock) = lock {
            let end = lock.entries.last().map_or(0, |entry| entry.whole.end + 1);
            writer.text = lock.text().get(..end).unwrap_or_default().to_owned();
            writer.entries = lock.entries.len();
            for entry in &lock.entries {
                writer.chain.clone_from(&entry.chain);
                let number = entry.revision.rsplit('.').next().and_then(|one| one.parse().ok());
                writer.revisions.retain(|(label, ..)| *label != entry.version);
                writer.revisions.push((entry.version.clone(), number.unwrap_or(0), false));
            }
        }
        writer
    }

    pub(super) fn entry(&mut self, step: Step<'_>, blocks: &[&Written]) {
        let body: String = blocks.iter().map(|block| block.lines()).collect();
        self.raw(step, (&self.signed.by.clone(), &self.signed.date.clone()), &body);
    }

    pub(super) fn raw(&mut self, step: Step<'_>, (by, date): (&str, &str), body: &str) {
        let revision = self.revision(&step);
        let mut head = format!("version {} {} {date}", step.label, step.act.word());
        if let Some(endpoint) = step.endpoint {
            let _ = write!(head, " {endpoint}");
        }
        let told = head.clone();
        if let Some(reason) = step.reason {
            // A reason of one word is a text, too.
            let text = quoted(reason);
            let text = if text.starts_with('"') { text } else { format!("\"{text}\"") };
            let _ = write!(head, " {text} approved");
        }
        let _ = write!(head, " by {} revision {revision}", quoted(by));
        self.chain = chained(&self.chain, &head, body);
        let _ = write!(self.text, "{head} chain {}\n{body}\n", self.chain);
        self.entries += 1;
        self.added.push(told);
    }

    /// The revision of the version behind this step: one more, once for all that is done together.
    fn revision(&mut self, step: &Step<'_>) -> String {
        let known = self.revisions.iter_mut().find(|(label, ..)| label == step.label);
        let number = match known {
            None => {
                self.revisions.push((step.label.to_owned(), 0, true));
                0
            }
            Some((_, number, fresh)) => {
                if step.act.revises() && !*fresh {
                    (*number, *fresh) = (*number + 1, true);
                }
                *number
            }
        };
        format!("{}.{number}", step.label)
    }

    /// Whether nothing was written.
    pub(super) fn is_unchanged(&self) -> bool {
        self.added.is_empty()
    }

    pub(super) fn end(self, hurts: Vec<String>) -> Publication {
        let text = format!("{}{}\n", self.text, last_line(self.entries));
        Publication { text, entries: self.added, hurts }
    }
}
