//! What stands around endpoints: versions, variables, backends, consumers, cases.

use super::{Change, cases};
use crate::contract::{Backend, Contract, Lifecycle, Selection, Setting, Variable, Version};

/// Changes that are of no version, and versions that came or went.
pub(super) fn contracts(old: &Contract, new: &Contract) -> Vec<Change> {
    let mut found = backends(old, new);
    found.extend(variables(old, new));
    found.extend(people(old, new));
    found.extend(selection(old, new));
    let label = |version: &Version| format!("version {}", version.label);
    for version in old.versions.iter().filter(|version| !version.draft) {
        if new.versions.iter().all(|other| other.label != version.label) {
            found.push(
                Change::new("life/version-retired", None)
                    .place(label(version))
                    .spelled(label(version), None)
                    .at(version.span, None),
            );
        }
    }
    let is_new = |version: &&Version| {
        !version.draft && old.versions.iter().all(|one| one.label != version.label)
    };
    found.extend(stability(old, new));
    found.extend(new.versions.iter().filter(is_new).map(|version| {
        Change::new("life/version-added", None)
            .place(label(version))
            .spelled(None, label(version))
            .at(None, version.span)
    }));
    if old.doc != new.doc {
        found.push(Change::new("docs/changed", None).place(format!("api {}", new.api)));
    }
    found
}

/// Versions that became drafts, or are drafts no more.
fn stability(old: &Contract, new: &Contract) -> Vec<Change> {
    let mut found = Vec::new();
    for version in &new.versions {
        let base = old.versions.iter().find(|one| one.label == version.label);
        let Some(base) = base.filter(|base| base.draft != version.draft) else { continue };
        let id = if version.draft { "life/stability-lowered" } else { "life/stability-raised" };
        let spelled = |draft| if draft { "draft".to_owned() } else { "stable".to_owned() };
        found.push(
            Change::new(id, None)
                .place(format!("version {}", version.label))
                .spelled(spelled(base.draft), spelled(version.draft))
                .at(base.span, version.span),
        );
    }
    found
}

/// How requests name a version, and which one they get without.
pub(super) fn selection(old: &Contract, new: &Contract) -> Option<Change> {
    let (was, is) = (&old.selection, &new.selection);
    let same = |version: &&Version| new.versions.iter().any(|one| one.label == version.label);
    let first = old.versions.iter().find(same)?;
    let other = new.versions.iter().find(|one| one.label == first.label)?;
    let change = |id, was: String, is: String| {
        let place = format!("api {}", new.api);
        Change::new(id, None).place(place).spelled(was, is).at(first.span, other.span)
    };
    if named(was) != named(is) {
        return Some(change("life/selection-changed", named(was), named(is)));
    }
    let default = |label: &str| format!("default {label}");
    match (was.default_version(), is.default_version()) {
        (Some(before), Some(after)) if before != after => {
            Some(change("life/default-version-changed", default(before), default(after)))
        }
        _ => None,
    }
}

/// Where the version stands, without the default.
fn named(selection: &Selection) -> String {
    match selection {
        Selection::Path { before, after } => format!("path {before}{{n}}{after}"),
        Selection::Header { name, .. } => format!("header {}", name.to_ascii_lowercase()),
        Selection::Media { before, after, .. } => format!("media {before}{{n}}{after}"),
    }
}

/// What is said about the end of something; `what` is that.
pub(super) fn lifecycle(old: &Lifecycle, new: &Lifecycle, what: &str) -> Vec<Change> {
    let mut found = Vec::new();
    let was = old.deprecated;
    let is = new.deprecated;
    let day = |day: &Option<String>| day.clone().unwrap_or_else(|| "no date".to_owned());
    let change = |id| Change::new(id, None).place(what).spelled(day(&old.sunset), day(&new.sunset));
    match (was, is) {
        (false, true) => found.push(change("life/deprecated")),
        (true, false) => found.push(change("life/undeprecated")),
        (false, false) | (true, true) => {}
    }
    match (&old.sunset, &new.sunset) {
        (Some(before), Some(after)) if after < before => found.push(change("life/sunset-earlier")),
        (Some(before), Some(after)) if after > before => found.push(change("life/sunset-later")),
        (Some(_), None) if is => found.push(change("life/sunset-removed")),
        (None | Some(_), None | Some(_)) => {}
    }
    found
}

/// What is said about the end of parts of types and requests.
pub(super) fn parts(old: &Version, new: &Version) -> Vec<Change> {
    let (was, is) = (&old.deprecations, &new.deprecations);
    let none = Lifecycle::default();
    let mut found = Vec::new();
    for before in was {
        let after = is.iter().find(|other| other.part == before.part);
        let place = after.map_or(new.span, |after| after.span);
        let after = after.map_or(&none, |after| &after.lifecycle);
        let changes = lifecycle(&before.lifecycle, after, &before.part).into_iter();
        found.extend(changes.map(|change| change.at(before.span, place)));
    }
    for after in is.iter().filter(|after| was.iter().all(|one| one.part != after.part)) {
        let changes = lifecycle(&none, &after.lifecycle, &after.part).into_iter();
        found.extend(changes.map(|change| change.at(old.span, after.span)));
    }
    found
}

fn variables(old: &Contract, new: &Contract) -> Vec<Change> {
    let mut found = Vec::new();
    for variable in &new.variables {
        match old.variables.iter().find(|other| other.name == variable.name) {
            None => {
                let id = match variable.default {
                    Some(_) => "ops/env-optional",
                    None => "ops/env-added",
                };
                found.push(
                    Change::new(id, None)
                        .place(format!("env {}", variable.name))
                        .spelled(None, variable.kind.word().to_owned())
                        .at(None, variable.span)
                        .note(variable.about.clone()),
                );
            }
            Some(other) => found.extend(self::variable(other, variable)),
        }
    }
    for variable in &old.variables {
        if new.variables.iter().all(|other| other.name != variable.name) {
            found.push(
                Change::new("ops/env-removed", None)
                    .place(format!("env {}", variable.name))
                    .spelled(variable.kind.word().to_owned(), None)
                    .at(variable.span, None),
            );
        }
    }
    found
}

fn variable(old: &Variable, new: &Variable) -> Vec<Change> {
    let place = format!("env {}", new.name);
    let change = |id| Change::new(id, None).place(place.clone()).at(old.span, new.span);
    let mut found = Vec::new();
    if old.kind != new.kind {
        let words = (old.kind.word().to_owned(), new.kind.word().to_owned());
        found.push(change("ops/env-retyped").spelled(words.0, words.1));
    }
    if old.default.is_some() && new.default.is_none() {
        found.push(change("ops/env-added").spelled(old.default.clone(), None));
    } else if old.default.is_none() && new.default.is_some() {
        found.push(change("ops/env-optional").spelled(None, new.default.clone()));
    }
    if old.bounds != new.bounds && new.bounds.is_some() {
        let range = |bounds: &Option<(String, String)>| {
            bounds.as_ref().map(|(low, high)| format!("{low}..{high}"))
        };
        found.push(change("ops/env-narrowed").spelled(range(&old.bounds), range(&new.bounds)));
    }
    found
}

fn people(old: &Contract, new: &Contract) -> Vec<Change> {
    let mut found = Vec::new();
    for consumer in &new.consumers {
        if old.consumers.iter().all(|other| other.name != consumer.name) {
            found.push(
                Change::new("people/consumer-added", None)
                    .place(format!("consumer {}", consumer.name))
                    .at(None, consumer.span),
            );
        }
    }
    for consumer in &old.consumers {
        if new.consumers.iter().all(|other| other.name != consumer.name) {
            found.push(
                Change::new("people/consumer-removed", None)
                    .place(format!("consumer {}", consumer.name))
                    .at(consumer.span, None),
            );
        }
    }
    found.extend(cases::compare(old, new));
    found
}

/// What changed about how backends are reached.
pub(super) fn backends(old: &Contract, new: &Contract) -> Vec<Change> {
    let mut found = Vec::new();
    for backend in &new.backends {
        if let Some(other) = old.backends.iter().find(|other| other.name == backend.name) {
            found.extend(self::backend(other, backend));
        }
    }
    found
}

fn backend(old: &Backend, new: &Backend) -> Vec<Change> {
    let change = |id: &str| {
        Change::new(id, None)
            .place(format!("backend {}", new.name))
            .backend(&new.name)
            .at(old.span, new.span)
    };
    let mut found = Vec::new();
    if old.retries != new.retries || old.retry_on != new.retry_on {
        let times = |backend: &Backend| format!("{} more", backend.retries);
        found.push(change("wire/retry-changed").spelled(times(old), times(new)));
    }
    if old.breaker != new.breaker {
        let spelled = |backend: &Backend| {
            backend.breaker.as_ref().map(|one| format!("{} failures", one.failures))
        };
        found.push(change("wire/breaker-changed").spelled(spelled(old), spelled(new)));
    }
    if old.in_flight != new.in_flight {
        let spelled = |backend: &Backend| backend.in_flight.map(in_flight);
        found.push(change("wire/breaker-changed").spelled(spelled(old), spelled(new)));
    }
    let reached = |one: &Backend| (one.authorities.clone(), one.certificate.clone());
    if reached(old) != reached(new) {
        found.push(change("wire/connection-changed").spelled(connection(old), connection(new)));
    }
    if old.owner != new.owner {
        let mut one = change("people/owner-changed");
        one.whom = super::Whom::Callers;
        found.push(one.spelled(old.owner.clone(), new.owner.clone()));
    }
    found
}

/// `ca env STOCK_CA, certificate env STOCK_CERT`
fn connection(backend: &Backend) -> Option<String> {
    let mut words = Vec::new();
    words.extend(backend.authorities.as_ref().map(|name| format!("ca env {name}")));
    let shown = backend.certificate.as_ref();
    words.extend(shown.map(|(chain, _)| format!("certificate env {chain}")));
    (!words.is_empty()).then(|| words.join(", "))
}

/// The longest time of two settings, if both are known.
pub(super) fn times(old: &Setting<u64>, new: &Setting<u64>) -> Option<(u64, u64)> {
    Some((old.most()?, new.most()?)).filter(|(was, is)| was != is)
}

/// `in flight 200 wait 50ms`
fn in_flight(one: crate::contract::InFlight) -> String {
    let wait = if one.wait > 0 { format!(" wait {}ms", one.wait) } else { String::new() };
    format!("in flight {}{wait}", one.most)
}
