//! Calls: what backends are asked, what is needed of them, and what follows from a failure.

mod needs;

use super::{Change, Side, Verdict};
use crate::contract::work::{Build, Call, Operand, Outcome, Parent, PathPart, QueryPart, Work};
use crate::contract::{Endpoint, Version};

/// What changed about the work of one endpoint.
pub(super) fn compare(
    (old, before): (Side<'_>, &Endpoint),
    (new, after): (Side<'_>, &Endpoint),
) -> Vec<Change> {
    let is_known =
        |endpoint: &Endpoint| !endpoint.work.answers.is_empty() || !endpoint.work.calls.is_empty();
    let mut found = Vec::new();
    if !is_known(before) || !is_known(after) {
        // A lock does not say what it does.
        return found;
    }
    found.extend(repeatable(before, after));
    let (pairs, gone, mut came) = pairs((old, before), (new, after));
    let mut matched = Vec::new();
    for call in gone {
        let renamed = came
            .iter()
            .position(|other| other.name == call.name && backend(new, other) == backend(old, call));
        let change = match renamed.map(|at| came.remove(at)) {
            Some(other) => {
                matched.push((call, other));
                Change::new("wire/call-changed", None)
                    .spelled(call.operation.clone(), other.operation.clone())
                    .at(call.span, other.span)
            }
            None => Change::new("wire/call-removed", None)
                .spelled(call.operation.clone(), None)
                .at(call.span, after.span),
        };
        found.push(change.backend(backend(old, call)).place(call.name.clone()));
    }
    for call in came {
        let verdict = if call.required { Verdict::Risky } else { Verdict::Invisible };
        found.push(
            Change::new("wire/call-added", Some(verdict))
                .place(call.name.clone())
                .spelled(None, format!("{} {}", backend(new, call), call.operation))
                .at(before.span, call.span),
        );
    }
    for (call, other) in pairs.into_iter().chain(matched) {
        found.extend(copies((old, call), (new, other)));
        let old = (old, &*before.work, call);
        found.extend(one(old, (new, &*after.work, other), backend(new, other)));
    }
    found.extend(sources((old, before), (new, after)));
    found
}

/// A request that could be repeated, and cannot any more: it makes a call that changes something.
fn repeatable(before: &Endpoint, after: &Endpoint) -> Option<Change> {
    let unsafe_call = |endpoint: &Endpoint| {
        endpoint.work.calls.iter().find(|call| !call.is_safe()).map(|call| call.operation.clone())
    };
    let is_read = ["GET", "HEAD"].contains(&before.method.as_str());
    let is = unsafe_call(after).filter(|_| is_read && unsafe_call(before).is_none())?;
    let change = Change::new("endpoint/idempotency-lost", None).spelled(None, is);
    Some(change.at(before.span, after.span))
}

/// Calls of both, those that are gone, and those that came.
type Pairs<'c> = (Vec<(&'c Call, &'c Call)>, Vec<&'c Call>, Vec<&'c Call>);

fn pairs<'c>(
    (old, before): (Side<'_>, &'c Endpoint),
    (new, after): (Side<'_>, &'c Endpoint),
) -> Pairs<'c> {
    let mut came: Vec<&Call> = after.work.calls.iter().collect();
    let (mut pairs, mut gone) = (Vec::new(), Vec::new());
    for call in &before.work.calls {
        let key = key(old, call);
        match came.iter().position(|other| self::key(new, other) == key) {
            Some(at) => pairs.push((call, came.remove(at))),
            None => gone.push(call),
        }
    }
    (pairs, gone, came)
}

/// Members of the answer that come from somewhere else.
fn sources(
    (old, before): (Side<'_>, &Endpoint),
    (new, after): (Side<'_>, &Endpoint),
) -> Vec<Change> {
    let mut found = Vec::new();
    for (was, is) in before.work.answers.iter().zip(&after.work.answers) {
        if was.status != is.status {
            continue;
        }
        let (Some(Build::Record(_, was)), Some(Build::Record(_, members))) = (&was.body, &is.body)
        else {
            continue;
        };
        for member in was {
            let Some(other) = members.iter().find(|other| other.name == member.name) else {
                continue;
            };
            let source = |side, endpoint: &Endpoint, build| origin((side, &endpoint.work), build);
            let was = source(old, before, &member.value);
            let is = source(new, after, &other.value);
            if let (Some(was), Some(is)) = (was, is)
                && was != is
            {
                found.push(
                    Change::new("wire/source-changed", None)
                        .place(format!(
                            "{}.{}",
                            after.success.first().map_or(200, |one| one.status),
                            member.name
                        ))
                        .spelled(was, is)
                        .at(before.span, after.span)
                        .note("it may mean something else; its shape does not say so"),
                );
            }
        }
    }
    found
}

/// Where a value is copied from: `catalog GET /items/{}: pricing.gross`; nothing for what is made
/// of several.
fn origin((side, work): (Side<'_>, &Work), build: &Build) -> Option<String> {
    let (Build::Copy(Operand::Node(node)) | Build::Record(Some(node), _)) = build else {
        return None;
    };
    let mut steps = Vec::new();
    let mut at = *node;
    loop {
        match &work.node(at).parent {
            Parent::Field(up, name) => {
                steps.push(name.clone());
                at = *up;
            }
            Parent::Element(up) => {
                steps.push("[]".to_owned());
                at = *up;
            }
            Parent::Call(call) => {
                steps.reverse();
                let call = work.calls.get(*call)?;
                return Some(format!("{}: {}", key(side, call), steps.join(".")));
            }
            _ => return None,
        }
    }
}

fn backend<'c>(side: Side<'c>, call: &Call) -> &'c str {
    side.contract.backends.get(call.backend).map_or("", |backend| backend.name.as_str())
}

/// Backend, method and path without what stands in its holes.
fn key(side: Side<'_>, call: &Call) -> String {
    let part = |part: &PathPart| match part {
        PathPart::Literal(text) => text.clone(),
        PathPart::Value(_) => "{}".to_owned(),
        PathPart::Rest(_) => "{*}".to_owned(),
    };
    let path: String = call.path.iter().map(part).collect();
    format!("{} {} {path}", backend(side, call), call.method)
}

/// That a call is copied to another backend, or to none any more.
fn copies((old, was): (Side<'_>, &Call), (new, is): (Side<'_>, &Call)) -> Option<Change> {
    let name = |side: Side<'_>, call: &Call| {
        let backend = call.copies.and_then(|at| side.contract.backends.get(at));
        backend.map(|backend| backend.name.clone())
    };
    let (before, after) = (name(old, was), name(new, is));
    if before == after {
        return None;
    }
    let told = after.as_deref().or(before.as_deref()).unwrap_or_default().to_owned();
    let change = Change::new("wire/copy-changed", None).backend(&told).place(was.name.clone());
    Some(change.spelled(before, after).at(was.span, is.span))
}

/// What changed about one call.
fn one(
    (old_side, old_work, old): (Side<'_>, &Work, &Call),
    (new_side, new_work, new): (Side<'_>, &Work, &Call),
    backend: &str,
) -> Vec<Change> {
    let mut found = Vec::new();
    let change = |id: &str| Change::new(id, None).place(old.name.clone()).at(old.span, new.span);
    if old.required != new.required {
        let id =
            if new.required { "avail/call-became-required" } else { "avail/call-became-optional" };
        found.push(change(id));
    } else if format!("{:?}", old.fallback) != format!("{:?}", new.fallback)
        && stands_alone(old, new)
    {
        found.push(change("avail/fallback-changed"));
    }
    let (was, is) = (outcomes(old_side.version, old), outcomes(new_side.version, new));
    if was != is {
        let text = |all: &[String]| Some(all.join(", ")).filter(|text| !text.is_empty());
        found.push(change("avail/error-remapped").spelled(text(&was), text(&is)));
    }
    let (sent, sends) = (sends(old), sends(new));
    let apart = |a: &[String], b: &[String]| -> Vec<String> {
        a.iter().filter(|one| !b.contains(one)).cloned().collect()
    };
    for (id, parts) in
        [("wire/sends-less", apart(&sent, &sends)), ("wire/sends-more", apart(&sends, &sent))]
    {
        if !parts.is_empty() {
            found.push(change(id).backend(backend).spelled(None, parts.join(", ")));
        }
    }
    let old_side = (old_side, old_work, old);
    found.extend(needs::compare(old_side, (new_side, new_work, new), backend));
    if (old.after.is_empty()) != (new.after.is_empty()) {
        found.push(change("wire/order-changed"));
    }
    found
}

/// Whether both fallbacks are made of nothing that is numbered within its endpoint.
fn stands_alone(old: &Call, new: &Call) -> bool {
    let text = format!("{:?}{:?}", old.fallback, new.fallback);
    !text.contains("NodeId") && !text.contains("Param(")
}

/// What failures of a call become, by condition.
fn outcomes(version: &Version, call: &Call) -> Vec<String> {
    let mut found = Vec::new();
    for handler in &call.handlers {
        let becomes = match &handler.outcome {
            Outcome::Fail(error, _) => {
                // Callers do not see which directory declares it.
                let name = version.errors.get(*error).map(|problem| problem.name.as_str());
                name.and_then(|name| name.rsplit(['.', '/']).next()).unwrap_or("an error")
            }
            Outcome::StandIn(_) => "a value",
        };
        for condition in &handler.conditions {
            found.push(format!("{condition:?} {becomes}").replace("Status(", "").replace(')', ""));
        }
    }
    found
}

/// The names of what a call sends: of the query, of header fields, and of its body.
fn sends(call: &Call) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for part in &call.query {
        found.push(match part {
            QueryPart::Literal(text) => format!("query {text}"),
            QueryPart::Value(name, _) | QueryPart::Each(name, _) | QueryPart::Text(name, _) => {
                format!("query {name}")
            }
        });
    }
    found.extend(call.headers.iter().map(|(name, _)| format!("header {name}")));
    if let Some(Build::Record(_, members)) = &call.body {
        found.extend(members.iter().map(|member| format!("body {}", member.name)));
    }
    for part in call.form.iter().flatten() {
        let (QueryPart::Literal(name)
        | QueryPart::Value(name, _)
        | QueryPart::Each(name, _)
        | QueryPart::Text(name, _)) = part;
        found.push(format!("form {name}"));
    }
    found
}
