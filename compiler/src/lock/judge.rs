//! A contract against its lock: what may change, and what was promised.

use super::contract::{Baseline, Kept};
use super::moves::{Around, Move};
use super::state::State;
use super::{BlockKind, Lock, publish, read};
use crate::analyse;
use crate::changes::{self, Change, Side, Verdict, Whom};
use crate::contract::{Call, Case, Contract, Published, Retired, Version};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Help, Severity};
use crate::source::{LOCK, Sources};
use gatewright_grammar::Span;
use gatewright_grammar::tree::{File, ItemKind};

/// Reads the lock among `sources`, if there is one, and compares the contract with it. What the
/// lock knows of versions is noted in the contract.
pub(crate) fn judge(
    sources: &Sources,
    files: &[File],
    contract: Option<&mut Contract>,
    diagnostics: &mut Diagnostics,
) {
    let Some(source) = sources.get(LOCK) else { return };
    let lock = match Lock::read(&source.text) {
        Ok(lock) => lock,
        Err(damage) => return diagnostics.push(*damage),
    };
    let Some(contract) = contract else { return };
    if lock.api != contract.api {
        if !sources.shares_lock() {
            diagnostics.push(another(&lock, contract));
        }
        return;
    }
    let mut baseline = match Baseline::of(&lock, sources) {
        Ok(baseline) => baseline,
        Err(damage) => return diagnostics.push(*damage),
    };
    baseline.contract.consumers = analyse::resolve_consumers(
        files,
        &baseline.contract.versions,
        &[],
        &mut Diagnostics::default(),
    );
    if others(files, diagnostics) {
        return diagnostics.extend(shapes(sources, files, (&lock, &baseline)));
    }
    let judge = Judge { sources, files, lock: &lock, baseline: &baseline, contract };
    diagnostics.extend(judge.selection());
    let mut ahead = Vec::new();
    for version in &baseline.contract.versions {
        let changes = changed(&baseline, contract, &version.label);
        if publish::is_ahead((&lock, &baseline), (contract, &version.label), &changes) {
            ahead.push(version.label.clone());
        }
        diagnostics.extend(judge.version(version, changes));
    }
    note(&lock, contract, &ahead);
}

/// What breaks the shape of published versions, where something else is wrong with the contract: it
/// is the cause more often than not, and whoever mends the rest first mends it in vain.
fn shapes(
    sources: &Sources,
    files: &[File],
    (lock, baseline): (&Lock, &Baseline),
) -> Vec<Diagnostic> {
    // What follows from work is not known here, nor who may call.
    let told =
        ["media", "param", "body", "field", "type", "enum", "union", "constraint", "foreign"];
    let of_answers = ["status/", "error/", "endpoint/removed", "endpoint/moved"];
    let mut found = Vec::new();
    for version in &baseline.contract.versions {
        let Some(contract) = analyse::shape(sources, files, &version.label) else { continue };
        let mut changes = changed(baseline, &contract, &version.label);
        changes.retain(|change| {
            let id = change.rule.id;
            let (area, _) = id.split_once('/').unwrap_or((id, ""));
            told.contains(&area) || of_answers.iter().any(|start| id.starts_with(start))
        });
        let judge = Judge { sources, files, lock, baseline, contract: &contract };
        if let Some(new) = contract.versions.first() {
            found.extend(judge.changes(new, changes));
        }
    }
    found
}

/// Whether something else is wrong, but for who relies on what: that follows from a change.
fn others(files: &[File], diagnostics: &Diagnostics) -> bool {
    let people: Vec<Span> = files
        .iter()
        .flat_map(|file| &file.items)
        .filter(|item| matches!(item.kind, ItemKind::Consumer(_) | ItemKind::Case(_)))
        .map(|item| item.span)
        .collect();
    diagnostics.iter().any(|one| {
        let inside = people.iter().any(|span| span.contains(one.primary.span));
        one.severity == Severity::Error && !inside
    })
}

/// What the lock knows of the versions of its contract. Of those that ended only the name is left,
/// although others may start from their text.
fn note(lock: &Lock, contract: &mut Contract, ahead: &[String]) {
    for version in &mut contract.versions {
        version.published = lock.of(&version.label).last().map(|entry| Published {
            revision: entry.revision.clone(),
            ahead: ahead.contains(&version.label),
            chain: entry.chain.clone(),
        });
    }
    contract.keep(|version| !lock.is_retired(&version.label));
    let retired = lock.entries.iter().filter(|entry| entry.act == super::Act::Retired);
    contract.retired = retired
        .map(|entry| Retired { label: entry.version.clone(), see: see(lock, &entry.version) })
        .collect();
}

/// Where callers of a version were told to read about its end.
fn see(lock: &Lock, label: &str) -> Option<String> {
    let state = State::of(lock, label)?;
    let text = state.text(state.get(BlockKind::Deprecated, "")?);
    let quoted = text.split_once("see \"")?.1;
    quoted.split_once('"').map(|(address, _)| address.to_owned())
}

fn another(lock: &Lock, contract: &Contract) -> Diagnostic {
    let message = format!("this is the lock of `{}`, and the API is `{}`", lock.api, contract.api);
    let name = "lock 1 ".len().."lock 1 ".len() + lock.api.len();
    Diagnostic::new(Code::LockOfAnotherApi, read::span(&name), message)
        .label("another API")
        .help("bring back the lock of this API, or give the other one a directory of its own")
        .note("what is published keeps the name of its API: it is part of the types of its errors")
}

/// What a rule is about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Layer {
    /// What callers send and get.
    Shape,
    /// How well.
    Promise,
    /// Nothing that callers see.
    Inside,
}

fn layer(rule: &str) -> Layer {
    match rule.split_once('/').map_or(rule, |(area, _)| area) {
        "wire" | "ops" | "people" | "docs" | "proof" => Layer::Inside,
        "timeout" | "limit" | "size" | "cache" | "cors" | "compress" | "avail" | "page"
        | "life" => Layer::Promise,
        _ => Layer::Shape,
    }
}

/// The finding that a change is against its published form; nothing where it is allowed.
fn refused(change: &Change, additive: bool) -> Option<Code> {
    // What types and endpoints are called never leaves the gateway, and new endpoints may join.
    let free = ["endpoint/added", "endpoint/renamed", "type/renamed", "type/inlined"]
        .contains(&change.rule.id);
    if change.whom != Whom::Callers || free {
        return None;
    }
    match (layer(change.rule.id), change.verdict) {
        (Layer::Inside, _) | (_, Verdict::Invisible) => None,
        _ if change.rule.id == "endpoint/shadowed" => Some(Code::RouteShadowed),
        _ if change.rule.id == "life/sunset-earlier" => Some(Code::SunsetMovedCloser),
        (Layer::Shape, Verdict::Additive) if additive => None,
        (Layer::Shape, Verdict::Additive) => Some(Code::PublishedEndpointExtended),
        (Layer::Shape, _) => Some(Code::PublishedShapeChanged),
        (Layer::Promise, Verdict::Additive) => None,
        (Layer::Promise, _) => Some(Code::PublishedPromiseWeakened),
    }
}

/// A promise that the contract does not keep.
pub(super) struct Broken {
    /// Of which endpoint, if of one.
    pub(super) endpoint: Option<String>,
    /// What happened, in words.
    pub(super) what: String,
    /// The title of the case that showed it.
    pub(super) case: Option<String>,
    pub(super) hurts: Vec<String>,
    /// Whether there is another endpoint because of it.
    pub(super) brings_another: bool,
}

/// The consumers that the files among `sources` declare, as far as they rely on what is published.
pub(super) fn consumers(sources: &Sources, baseline: &Baseline) -> Vec<crate::contract::Consumer> {
    let files: Vec<File> = sources
        .iter()
        .map(|(id, source)| gatewright_grammar::parse(id, &source.text).file)
        .collect();
    let versions = &baseline.contract.versions;
    analyse::resolve_consumers(&files, versions, &[], &mut Diagnostics::default())
}

/// The promises of a version that the contract does not keep.
pub(super) fn broken(
    sources: &Sources,
    (lock, baseline): (&Lock, &Baseline),
    contract: &Contract,
    label: &str,
) -> Vec<Broken> {
    let judge = Judge { sources, files: &[], lock, baseline, contract };
    let mut found = Vec::new();
    for change in changed(baseline, contract, label) {
        if refused(&change, contract.additive).is_some() {
            let brings = ["endpoint/moved", "endpoint/shadowed"].contains(&change.rule.id);
            found.push(Broken {
                what: said(&change),
                endpoint: change.endpoint,
                case: None,
                hurts: change.hurts,
                brings_another: brings,
            });
        }
    }
    let Some(version) = contract.versions.iter().find(|version| version.label == label) else {
        return found;
    };
    found.extend(judge.fallen(version).into_iter().map(|(kept, call)| Broken {
        endpoint: Some(kept.endpoint.clone()),
        what: format!("`{}` is required now", call.name),
        case: None,
        hurts: Vec::new(),
        brings_another: false,
    }));
    found.extend(judge.weaker(label).into_iter().map(|(block, _)| Broken {
        endpoint: judge.of_case(label, block),
        what: format!("the case \"{}\" shows something else, or is gone", block.key),
        case: Some(block.key.clone()),
        hurts: Vec::new(),
        brings_another: false,
    }));
    found
}

/// A contract beside its lock.
pub(super) struct Judge<'a> {
    sources: &'a Sources,
    files: &'a [File],
    pub(super) lock: &'a Lock,
    baseline: &'a Baseline,
    pub(super) contract: &'a Contract,
}

/// What was changed against a version, without what the lock says of the work behind it.
pub(super) fn changed(baseline: &Baseline, contract: &Contract, label: &str) -> Vec<Change> {
    let old = baseline.contract.versions.iter().find(|version| version.label == label);
    let new = contract.versions.iter().find(|version| version.label == label);
    let (Some(old), Some(new)) = (old, new) else { return Vec::new() };
    changes::versions(Side::of(&baseline.contract, old), Side::of(contract, new))
}

impl Judge<'_> {
    /// How callers name a version, and which one they get without.
    fn selection(&self) -> Option<Diagnostic> {
        let change = changes::selection(&self.baseline.contract, self.contract)?;
        let label = self.baseline.contract.versions.first()?.label.clone();
        let place = change.new?;
        let message = "versions are published; callers must reach them as before";
        let mut found =
            Diagnostic::new(Code::PublishedPromiseWeakened, place, message).label(said(&change));
        if let Some(entry) = self.lock.of(&label).next() {
            let at = read::span(&entry.head);
            found = found.see(at, format!("published {} by {}", entry.date, entry.by));
        }
        Some(found.help("take back what `versions in` says in the `api` block"))
    }

    fn version(&self, old: &Version, changes: Vec<Change>) -> Vec<Diagnostic> {
        let label = old.label.as_str();
        let Some(new) = self.contract.versions.iter().find(|one| one.label == label) else {
            return vec![self.missing(label)];
        };
        if new.draft {
            return vec![self.draft(new)];
        }
        let mut diagnostics = self.changes(new, changes);
        diagnostics.extend(self.fallbacks(new));
        diagnostics.extend(self.cases(label));
        diagnostics.extend(self.needs_more(new));
        diagnostics
    }

    /// What is against a version as it was published, a finding per cause.
    fn changes(&self, new: &Version, changes: Vec<Change>) -> Vec<Diagnostic> {
        let mut found: Vec<(Code, Vec<Change>)> = Vec::new();
        for change in changes {
            let Some(code) = refused(&change, self.contract.additive) else { continue };
            let one_cause = |other: &Change| {
                (other.rule.id, other.old, other.new, &other.was, &other.is)
                    == (change.rule.id, change.old, change.new, &change.was, &change.is)
            };
            let same = found.iter_mut().find(|(_, group)| group.iter().any(one_cause));
            match same {
                Some((_, group)) => group.push(change),
                None => found.push((code, vec![change])),
            }
        }
        found.iter().filter_map(|(code, group)| self.finding(*code, new, group)).collect()
    }

    fn finding(&self, code: Code, version: &Version, group: &[Change]) -> Option<Diagnostic> {
        let change = group.first()?;
        let label = &version.label;
        let of = |key: &String| version.endpoints.iter().find(|one| key_of(version, one) == *key);
        let endpoint = change.endpoint.as_ref().and_then(of);
        let place = change.new.or(endpoint.map(|one| one.span)).unwrap_or(version.span);
        let message = match code {
            Code::RouteShadowed => {
                "this new route takes requests away from a published endpoint".to_owned()
            }
            Code::SunsetMovedCloser => {
                "a sunset date that was announced cannot move closer".to_owned()
            }
            _ => format!("version {label} is published; {}", must(code, group)),
        };
        let mut found = Diagnostic::new(code, place, message).label(said(change));
        if let Some(old) = change.old {
            found = found.see(old, self.published(label, old));
        }
        if code == Code::PublishedEndpointExtended {
            found = found.note(
                "nothing breaks, but published endpoints do not change at all in this API (`published frozen`)",
            );
        }
        for note in &change.notes {
            found = found.note(note.clone());
        }
        let others = group.len().saturating_sub(3);
        if group.len() > 1 {
            let keys: Vec<&str> =
                group.iter().take(3).filter_map(|one| one.endpoint.as_deref()).collect();
            let more = if others > 0 { format!(" and {others} more") } else { String::new() };
            found = found.note(format!("it reaches {}{more}", keys.join(", ")));
        }
        let mut hurts: Vec<&str> =
            group.iter().flat_map(|one| &one.hurts).map(String::as_str).collect();
        hurts.sort_unstable();
        hurts.dedup();
        if !hurts.is_empty() {
            found = found.note(format!("hurts: {}", hurts.join(", ")));
        }
        Some(self.ways_out(found, code, label, group))
    }

    fn ways_out(&self, found: Diagnostic, code: Code, label: &str, group: &[Change]) -> Diagnostic {
        let Some(change) = group.first() else { return found };
        match code {
            Code::SunsetMovedCloser => {
                let was = change.was.clone().unwrap_or_default();
                found.help(format!("keep {was} or choose a later date"))
            }
            Code::RouteShadowed => found.help("choose a path that the old endpoint does not match"),
            _ => {
                let around =
                    Around { sources: self.sources, files: self.files, lock: self.lock, label };
                let found = match around.moved(group) {
                    Some(Move { place, said, fix }) => {
                        let text = format!(
                            "keep version {label} as it was and make the change {place}: `{said}`"
                        );
                        let mut found = found;
                        found.helps.push(Help { text, fix });
                        found
                    }
                    None => {
                        let place = around.next().map_or_else(
                            || "in a version of its own: `gatewright version new …`".to_owned(),
                            |next| format!("in version {next}"),
                        );
                        found.help(format!(
                            "keep version {label} as it was and make the change {place}"
                        ))
                    }
                };
                let found = match self.back(change) {
                    Some((span, text)) => found.fix(format!("or put back `{text}`"), span, text),
                    None => found,
                };
                if code == Code::PublishedEndpointExtended {
                    return found.help("new endpoints may join a published version, and `published additive` in the `api` block allows changes like this one");
                }
                found.help(
                    "`gatewright amend` if this must happen in a published version, with a reason",
                )
            }
        }
    }

    /// What stood in place of something, if all that changed is that text: where it goes, and what
    /// the lock says there.
    fn back(&self, change: &Change) -> Option<(Span, String)> {
        let (old, new) = (change.old?, change.new?);
        let (was, is) = (change.was.as_deref()?, change.is.as_deref()?);
        let written = |span: Span| self.sources.get(span.file)?.text.get(span.range());
        let same = |span: Span, said: &str| {
            written(span).is_some_and(|text| text.split_whitespace().eq(said.split_whitespace()))
        };
        (old.file == LOCK && new.file != LOCK && same(old, was) && same(new, is))
            .then(|| (new, was.to_owned()))
    }

    /// `published 2026-03-01 by storefront`
    pub(super) fn published(&self, label: &str, old: Span) -> String {
        let own = self.lock.entries.iter().find(|entry| read::span(&entry.whole).contains(old));
        let own = own.or_else(|| self.lock.of(label).next());
        own.map_or_else(String::new, |entry| {
            format!("{} {} by {}", entry.act.word(), entry.date, entry.by)
        })
    }

    fn draft(&self, version: &Version) -> Diagnostic {
        let message =
            format!("version {} is published, and cannot be a draft again", version.label);
        let mut found = Diagnostic::new(Code::PublishedPromiseWeakened, version.span, message)
            .label("life/stability-lowered: nobody may rely on a draft");
        if let Some(entry) = self.lock.of(&version.label).next() {
            let at = read::span(&entry.head);
            found = found.see(at, format!("published {} by {}", entry.date, entry.by));
        }
        found.help("take away `draft`, and begin another version for what is to change")
    }

    fn missing(&self, label: &str) -> Diagnostic {
        let entry = self.lock.of(label).next();
        let at = entry.map_or(0..0, |entry| entry.head.clone());
        let message = format!("version {label} is published, and not in the contract");
        Diagnostic::new(Code::PublishedVersionMissing, read::span(&at), message)
            .label("callers were promised this")
            .help("bring its text back")
            .help(format!(
                "`gatewright retire {label}`, once the sunset date that callers were told has passed"
            ))
    }

    /// Answers that something stood in for, and that fail now.
    fn fallbacks(&self, version: &Version) -> Vec<Diagnostic> {
        let mut found = Vec::new();
        for (kept, call) in self.fallen(version) {
            let field = call.feeds.iter().find(|field| kept.fields.contains(field));
            let field = field.map_or("", String::as_str);
            let message = format!(
                "version {} is published; `{}` must answer without `{}`",
                version.label, kept.endpoint, field
            );
            found.push(
                Diagnostic::new(Code::PublishedPromiseWeakened, call.span, message)
                    .label("avail/call-became-required: where this call fails, the endpoint fails")
                    .see(kept.at, self.published(&version.label, kept.at))
                    .help("restore what stood in for the result: `else …`")
                    .help("`gatewright amend` if this must happen in a published version, with a reason"),
            );
        }
        found
    }

    /// What something stood in for, with the call that the endpoint needs since.
    fn fallen<'v>(&self, version: &'v Version) -> Vec<(&Kept, &'v Call)> {
        let mut found = Vec::new();
        for kept in self.baseline.fallbacks.iter().filter(|one| one.version == version.label) {
            let of = |one: &&crate::contract::Endpoint| key_of(version, one) == kept.endpoint;
            let Some(endpoint) = version.endpoints.iter().find(of) else { continue };
            let still = super::print::fallbacks(endpoint);
            let fell = |field: &String| kept.fields.contains(field) && !still.contains(field);
            let needed = |call: &&Call| call.required && call.feeds.iter().any(fell);
            found.extend(endpoint.work.calls.iter().find(needed).map(|call| (kept, call)));
        }
        found
    }

    /// The endpoint that a published case asks.
    fn of_case(&self, label: &str, block: &super::Block) -> Option<String> {
        let text = self.lock.slice(&block.at);
        let asked = text.lines().find_map(|line| line.trim().strip_prefix("when "))?;
        let mut words = asked.split(' ');
        let (method, target) = (words.next()?, words.next()?);
        let version = self.baseline.contract.versions.iter().find(|one| one.label == label)?;
        let path: Vec<&str> = target.split('?').next()?.trim_matches('/').split('/').collect();
        let fits = |template: &str| {
            let parts: Vec<&str> = template.trim_matches('/').split('/').collect();
            let rest = parts.last().is_some_and(|part| part.ends_with("*}"));
            let same = |(part, own): (&&str, &&str)| part.contains('{') || part == own;
            (parts.len() == path.len() || (rest && parts.len() <= path.len()))
                && parts.iter().zip(&path).all(same)
        };
        let mut all = version.endpoints.iter().filter(|one| one.method == method);
        all.find(|one| fits(&one.template)).map(|one| key_of(version, one))
    }

    /// Published cases that are gone, or show something else than before, with what they are.
    fn weaker(&self, label: &str) -> Vec<(&super::Block, Option<&Case>)> {
        let Some(state) = State::of(self.lock, label) else { return Vec::new() };
        let mut found = Vec::new();
        for block in state.all(BlockKind::Case) {
            let case = self.contract.cases.iter().find(|case| case.title == block.key);
            let Some(case) = case else {
                // One that is there has findings of its own.
                if !self.has_case(&block.key) {
                    found.push((block, None));
                }
                continue;
            };
            let is = super::print::case(self.sources, case);
            if is.is_some_and(|is| halves(&is.text) != halves(&state.text(block))) {
                found.push((block, Some(case)));
            }
        }
        found
    }

    fn has_case(&self, title: &str) -> bool {
        let mut items = self.files.iter().flat_map(|file| &file.items);
        items.any(|item| matches!(&item.kind, ItemKind::Case(case) if case.title.value == title))
    }

    /// Published cases that are gone, or show something else.
    fn cases(&self, label: &str) -> Vec<Diagnostic> {
        let mut found = Vec::new();
        for (block, case) in self.weaker(label) {
            let old =
                read::span(&(block.at.start..block.at.start + "case ".len() + block.key.len() + 2));
            let Some(case) = case else {
                let message = format!("version {label} is published, and a case of it is gone");
                found.push(
                    Diagnostic::new(Code::PublishedCaseChanged, old, message)
                        .label("proof/case-removed: this was promised to hold")
                        .help("bring it back: a published case can be added, not taken out")
                        .help("`gatewright amend` if it cannot hold any more, with a reason"),
                );
                continue;
            };
            let message =
                format!("version {label} is published, and a case of it shows something else");
            found.push(
                Diagnostic::new(Code::PublishedCaseChanged, case.span, message)
                    .label("proof/case-changed: it asks or answers something else")
                    .see(old, self.published(label, old))
                    .help("keep the case as it was, and add another one beside it")
                    .help("`gatewright amend` if it cannot hold any more, with a reason"),
            );
        }
        found
    }
}

/// What callers ask and get in a case: what backends are asked is no promise.
fn halves(text: &str) -> (String, String) {
    let at = |word: &str| text.find(word).unwrap_or(text.len());
    let when = text.get(at("\n    when ")..).unwrap_or_default();
    let when: Vec<&str> = when
        .lines()
        .filter(|line| !line.is_empty())
        .enumerate()
        .take_while(|(index, line)| *index == 0 || line.starts_with("      "))
        .map(|(_, line)| line)
        .collect();
    (when.join("\n"), text.get(at("\n    then ")..).unwrap_or_default().to_owned())
}

/// `GET /products/{id}` without the version's prefix.
pub(super) fn key_of(version: &Version, endpoint: &crate::contract::Endpoint) -> String {
    let prefix = version.prefix.iter().map(|segment| segment.len() + 1).sum::<usize>();
    let path = endpoint.template.get(prefix..).unwrap_or_default();
    format!("{} {}", endpoint.method, if path.is_empty() { "/" } else { path })
}

fn must(code: Code, group: &[Change]) -> String {
    let first = group.first().and_then(|one| one.endpoint.as_deref());
    let Some(first) = first else { return "it must keep what was announced".to_owned() };
    let several = group.len() > 1;
    let who = match group.len() {
        1 => format!("`{first}`"),
        2 => format!("`{first}` and another endpoint"),
        more => format!("`{first}` and {} other endpoints", more - 1),
    };
    match code {
        Code::PublishedEndpointExtended => format!("this adds to {who}"),
        Code::PublishedPromiseWeakened => format!("{who} must keep what was promised"),
        _ => format!("{who} must keep {} shape", if several { "their" } else { "its" }),
    }
}

/// `field/renamed: `title` is now `name``
fn said(change: &Change) -> String {
    let text = match (&change.was, &change.is) {
        // A schema is called by its file, which is the same before and after.
        _ if change.rule.id.starts_with("foreign/") => change.rule.title.to_owned(),
        (Some(was), Some(is)) => format!("`{was}` is now `{is}`"),
        (None, Some(is)) => format!("`{is}` is new"),
        (Some(was), None) => format!("`{was}` is gone"),
        (None, None) => change.rule.title.to_owned(),
    };
    let place = if change.place.is_empty() || text.contains(&change.place) {
        String::new()
    } else {
        format!(" in {}", change.place)
    };
    format!("{}: {text}{place}", change.rule.id)
}
