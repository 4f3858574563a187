//! Two versions, endpoint by endpoint.

use super::known::Known;
use super::matching::{self, Matches};
use super::{Change, Side, Verdict, around, params, terms, types, work};
use crate::contract::endpoint::Manner;
use crate::contract::types::{Kind, Rule, Scalar, Text};
use crate::contract::work::ReplyValue;
use crate::contract::{Endpoint, Problem, Type};
use gatewright_grammar::Span;
use types::Compare;

/// What changed from one version to another.
pub(super) fn versions(old: Side<'_>, new: Side<'_>) -> Vec<Change> {
    let known = Known::default();
    compared(old.knowing(&known), new.knowing(&known))
}

pub(super) fn compared(old: Side<'_>, new: Side<'_>) -> Vec<Change> {
    let mut found = around::lifecycle(
        &old.version.lifecycle,
        &new.version.lifecycle,
        &format!("version {}", new.version.label),
    );
    if old.version.label == new.version.label {
        found.iter_mut().for_each(|change| {
            (change.old, change.new) = (Some(old.version.span), Some(new.version.span));
        });
    } else {
        // Another version ends when it says so; nothing was announced for it.
        found.clear();
    }
    if old.version.label == new.version.label {
        found.extend(around::parts(old.version, new.version));
    }
    let Matches { same, moved, gone, came } = matching::matches(old, new);
    for (before, after) in &same {
        found.extend(endpoint((old, before), (new, after)));
    }
    for (before, after) in &moved {
        let change = Change::new("endpoint/moved", None)
            .spelled(old.key(before), new.key(after))
            .at(before.span, after.span);
        let mut changes = vec![of((old, before), change)];
        changes.extend(endpoint((old, before), (new, after)));
        found.extend(changes);
    }
    for before in gone {
        let change = Change::new("endpoint/removed", None).spelled(old.key(before), None);
        found.push(of((old, before), change.at(before.span, None)));
    }
    for after in came {
        let key = new.key(after);
        let mut change = Change::new("endpoint/added", None).spelled(None, key.clone());
        change.endpoint = Some(key);
        found.push(change.at(None, after.span));
        found.extend(shadowed(old, (new, after)));
    }
    found
}

/// The endpoints whose requests a new one takes.
fn shadowed(old: Side<'_>, (side, new): (Side<'_>, &Endpoint)) -> Vec<Change> {
    let mut found = Vec::new();
    for before in &old.version.endpoints {
        let Some(path) = matching::taken((old, before), (side, new)) else { continue };
        // An endpoint that was there as well took them before.
        let earlier = old
            .version
            .endpoints
            .iter()
            .any(|other| !std::ptr::eq(other, before) && old.key(other) == side.key(new));
        if earlier {
            continue;
        }
        let change = Change::new("endpoint/shadowed", None)
            .spelled(old.key(before), side.key(new))
            .at(before.span, new.span)
            .note(format!("`{path}` was answered by `{}`", old.key(before)));
        found.push(of((old, before), change));
    }
    found
}

/// The change as one of an old endpoint, with the consumers that rely on it.
fn of((side, endpoint): (Side<'_>, &Endpoint), mut change: Change) -> Change {
    change.endpoint = Some(side.key(endpoint));
    if change.verdict >= Verdict::Risky && change.whom == super::Whom::Callers {
        change.hurts = hurt((side, endpoint), &change.place);
    }
    change
}

/// The consumers that declare that they use the endpoint, and the part of the answer at `place`.
fn hurt((side, endpoint): (Side<'_>, &Endpoint), place: &str) -> Vec<String> {
    let version = side.contract.versions.iter().position(|one| one.label == side.version.label);
    let own = side.version.endpoints.iter().position(|one| std::ptr::eq(one, endpoint));
    let mut found = Vec::new();
    for consumer in &side.contract.consumers {
        let uses = consumer.uses.iter().filter(|one| Some(one.version) == version);
        let relies = |used: &crate::contract::people::Use| match &used.endpoints {
            None => true,
            Some(all) => {
                all.iter().any(|one| Some(one.endpoint) == own && reads(&one.fields, place))
            }
        };
        if uses.into_iter().any(relies) {
            let contact = consumer.contact.as_ref().map(|to| format!(" <{to}>"));
            found.push(format!("{}{}", consumer.name, contact.unwrap_or_default()));
        }
    }
    found
}

/// Whether a change at `place` reaches one of the fields that are read.
fn reads(fields: &[crate::contract::people::UsedField], place: &str) -> bool {
    let Some((status, path)) = place.split_once('.') else { return true };
    if fields.is_empty() || status.parse::<u16>().is_err() {
        return true;
    }
    let path = path.replace("[]", "");
    let steps: Vec<&str> = path.split('.').collect();
    fields.iter().any(|field| field.path.iter().zip(&steps).all(|(a, b)| a == b))
}

/// What changed about one endpoint.
fn endpoint(
    (old, before): (Side<'_>, &Endpoint),
    (new, after): (Side<'_>, &Endpoint),
) -> Vec<Change> {
    let mut found = params::params((old, before), (new, after));
    found.extend(params::body((old, before), (new, after)));
    if before.manner == after.manner {
        found.extend(answers((old, before), (new, after)));
    } else {
        found.push(manner(before, after));
    }
    found.extend(errors((old, before), (new, after)));
    found.extend(headers((old, before), (new, after)));
    found.extend(promises(before, after));
    found.extend(terms::compare((old, before), (new, after)));
    found.extend(around::lifecycle(&before.lifecycle, &after.lifecycle, "endpoint"));
    if !old.version.promised && !new.version.promised {
        found.extend(work::compare((old, before), (new, after)));
    }
    if before.name != after.name {
        let renamed = Change::new("endpoint/renamed", None).place("name");
        let renamed = renamed.spelled(before.name.clone(), after.name.clone());
        found.push(renamed.at(before.span, after.span));
    }
    if before.doc != after.doc {
        found.push(Change::new("docs/changed", None).at(before.span, after.span));
    }
    found.into_iter().map(|change| of((old, before), change)).collect()
}

/// An answer that became another kind of thing, which no comparison of types is about.
fn manner(before: &Endpoint, after: &Endpoint) -> Change {
    let word = |endpoint: &Endpoint| match endpoint.manner {
        Manner::Whole => "an answer of a declared type".to_owned(),
        Manner::Pass => "whatever the backend answers".to_owned(),
        Manner::Stream => "a stream of items".to_owned(),
    };
    let raw = before.manner == Manner::Pass || after.manner == Manner::Pass;
    let id = if raw { "endpoint/passthrough-changed" } else { "endpoint/streaming-changed" };
    Change::new(id, None)
        .place("answer")
        .spelled(word(before), word(after))
        .at(before.span, after.span)
}

fn answers(
    (old, before): (Side<'_>, &Endpoint),
    (new, after): (Side<'_>, &Endpoint),
) -> Vec<Change> {
    let mut found = Vec::new();
    if let ([was], [is]) = (before.success.as_slice(), after.success.as_slice())
        && was.status != is.status
    {
        found.push(
            Change::new("status/success-changed", None)
                .place("status")
                .spelled(was.status.to_string(), is.status.to_string())
                .at(was.span, is.span),
        );
        found.extend(params::answer((old, was), (new, is)));
        return found;
    }
    for was in &before.success {
        match after.success.iter().find(|is| is.status == was.status) {
            Some(is) => found.extend(params::answer((old, was), (new, is))),
            None => found.push(
                Change::new("status/success-removed", None)
                    .place("status")
                    .spelled(was.status.to_string(), None)
                    .at(was.span, after.span),
            ),
        }
    }
    for is in &after.success {
        if before.success.iter().all(|was| was.status != is.status) {
            found.push(
                Change::new("status/success-added", None)
                    .place("status")
                    .spelled(None, is.status.to_string())
                    .at(before.span, is.span),
            );
        }
    }
    found
}

fn errors(
    (old, before): (Side<'_>, &Endpoint),
    (new, after): (Side<'_>, &Endpoint),
) -> Vec<Change> {
    let problems = |side: Side<'_>, endpoint: &Endpoint| -> Vec<Problem> {
        endpoint.errors.iter().filter_map(|at| side.version.errors.get(*at).cloned()).collect()
    };
    let (was, is) = (problems(old, before), problems(new, after));
    let mut found = Vec::new();
    let mut came: Vec<&Problem> =
        is.iter().filter(|one| was.iter().all(|other| !is_same(other, one))).collect();
    for problem in &was {
        let place = format!("error {}", problem.name);
        if let Some(other) = is.iter().find(|other| is_same(problem, other)) {
            found.extend(error((old, problem), (new, other), &place));
            continue;
        }
        let renamed = came
            .iter()
            .position(|other| other.status == problem.status && other.title == problem.title);
        found.push(
            match renamed.map(|at| came.remove(at)) {
                Some(other) => Change::new("error/code-changed", None)
                    .spelled(problem.name.clone(), other.name.clone())
                    .at(problem.span, other.span),
                None => Change::new("error/removed", None)
                    .spelled(problem.name.clone(), None)
                    .at(problem.span, after.span),
            }
            .place(place),
        );
    }
    found.extend(came.into_iter().map(|problem| {
        Change::new("error/added", None)
            .place(format!("error {}", problem.name))
            .spelled(None, format!("{} {}", problem.status, problem.name))
            .at(before.span, problem.span)
    }));
    found
}

/// Whether two errors have one name for callers, who do not see which directory declares them.
fn is_same(a: &Problem, b: &Problem) -> bool {
    let own = |name: &str| name.rsplit(['.', '/']).next().unwrap_or_default().to_owned();
    own(&a.name) == own(&b.name)
}

fn error(
    (old, was): (Side<'_>, &Problem),
    (new, is): (Side<'_>, &Problem),
    place: &str,
) -> Vec<Change> {
    let mut found = Vec::new();
    if was.title != is.title {
        found.push(Change::new("docs/changed", None).place(place).at(was.span, is.span));
    }
    if was.status != is.status {
        found.push(
            Change::new("error/status-changed", None)
                .place(place)
                .spelled(was.status.to_string(), is.status.to_string())
                .at(was.span, is.span),
        );
    }
    let position = super::Position::Response;
    let mut compare = Compare::of((old, new), (true, true), position);
    match (was.members, is.members) {
        (Some(a), Some(b)) => {
            let differences = compare.records(a, b);
            found.extend(differences.iter().map(|one| Change::of_types(one, position, place)));
        }
        (Some(a), None) => {
            for field in &old.version.types.record(a).fields {
                found.push(
                    Change::new("field/removed", Some(Verdict::Breaking))
                        .place(format!("{place}.{}", field.name))
                        .at(field.span, is.span),
                );
            }
        }
        (None, Some(b)) => {
            for field in &new.version.types.record(b).fields {
                found.push(
                    Change::new("field/added-optional", Some(Verdict::Additive))
                        .place(format!("{place}.{}", field.name))
                        .at(was.span, field.span),
                );
            }
        }
        (None, None) => {}
    }
    found
}

fn headers(
    (old, before): (Side<'_>, &Endpoint),
    (new, after): (Side<'_>, &Endpoint),
) -> Vec<Change> {
    let mut found = Vec::new();
    let (was, is) = (&before.work.reply, &after.work.reply);
    let optional = |value: &ReplyValue| match value {
        ReplyValue::Typed { nullable, .. } => *nullable,
        ReplyValue::Text(_) => false,
    };
    for header in was {
        let place = format!("header {}", header.name);
        let change =
            |id: &str| Change::new(id, None).place(place.clone()).at(before.span, after.span);
        match is.iter().find(|other| other.name.eq_ignore_ascii_case(&header.name)) {
            None => {
                let mut one = change("header/removed").spelled(header.name.clone(), None);
                if optional(&header.value) {
                    one.verdict = Verdict::Risky;
                }
                found.push(one);
            }
            Some(other) => {
                match (optional(&header.value), optional(&other.value)) {
                    (false, true) => found.push(change("header/became-optional")),
                    (true, false) => found.push(change("header/became-required")),
                    (true, true) | (false, false) => {}
                }
                found.extend(header_types((old, &header.value), (new, &other.value), &place));
            }
        }
    }
    for header in is {
        if was.iter().all(|other| !other.name.eq_ignore_ascii_case(&header.name)) {
            found.push(
                Change::new("header/added", None)
                    .place(format!("header {}", header.name))
                    .spelled(None, header.name.clone())
                    .at(before.span, after.span),
            );
        }
    }
    found
}

/// What a header field of an answer holds. Its values are texts, as those of parameters are.
fn header_types(
    (old, was): (Side<'_>, &ReplyValue),
    (new, is): (Side<'_>, &ReplyValue),
    place: &str,
) -> Vec<Change> {
    let declared = |value: &ReplyValue| match value {
        ReplyValue::Text(_) => {
            let rule = Rule::Text(Text::default());
            let kind = Kind::Scalar(Scalar { name: None, rule });
            Some(Type { kind, nullable: false, example: None, span: Span::default() })
        }
        ReplyValue::Typed { ty, .. } => {
            ty.as_deref().map(|ty| Type { nullable: false, ..ty.clone() })
        }
    };
    let (Some(was), Some(is)) = (declared(was), declared(is)) else { return Vec::new() };
    let mut compare = Compare::of((old, new), (true, true), super::Position::Param);
    let differences = compare.types(&was, &is);
    let position = super::Position::Response;
    differences.iter().map(|one| Change::of_types(one, position, place)).collect()
}

fn promises(before: &Endpoint, after: &Endpoint) -> Vec<Change> {
    let mut found = Vec::new();
    let change =
        |id: &str, place: &str| Change::new(id, None).place(place).at(before.span, after.span);
    if let Some((was, is)) = around::times(&before.timeout, &after.timeout) {
        let id = if is < was { "timeout/shortened" } else { "timeout/lengthened" };
        found.push(change(id, "timeout").spelled(format!("{was}ms"), format!("{is}ms")));
    }
    // Whatever is passed on may have a body.
    let has_body = |one: &Endpoint| one.body.is_some() || one.manner == Manner::Pass;
    if has_body(before) && has_body(after) && before.max_body != after.max_body {
        let id = if after.max_body < before.max_body { "size/shrunk" } else { "size/grown" };
        let bytes = |size: u64| format!("{size} bytes");
        found.push(change(id, "max_body").spelled(bytes(before.max_body), bytes(after.max_body)));
    }
    let (was, is) = (before.compress, after.compress);
    if before.body.is_some() && after.body.is_some() && was.requests != is.requests {
        let requests = if is.requests { "taken" } else { "refused" };
        found.push(change(&format!("compress/requests-{requests}"), "compress"));
    }
    if was.answers != is.answers {
        let from = |size: Option<u64>| size.map(|size| format!("from {size} bytes on"));
        let told = change("compress/answers-changed", "compress");
        found.push(told.spelled(from(was.answers), from(is.answers)));
    }
    found
}
