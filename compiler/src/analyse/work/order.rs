//! Which calls are made, and in what order: both follow from data.

use super::Returned;
use super::nodes::Nodes;
use crate::contract::visit::{self, Read};
use crate::contract::work::{Build, Call, NodeId, Parent, Work};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use gatewright_grammar::Span;
use gatewright_grammar::tree::{
    self, CallPart, CallTarget, EntryKind, Ident, Object, Outcome, Ref, TailKind, TemplatePart,
    Value, ValueKind,
};
use std::collections::BTreeSet;

/// The words that a value begins its references with.
pub(crate) fn mentions<'v>(value: &'v Value, words: &mut Vec<&'v str>) {
    match &value.kind {
        ValueKind::Ref(reference) => reference_words(reference, words),
        ValueKind::Compare(left, _, right) => {
            mentions(left, words);
            mentions(right, words);
        }
        ValueKind::Or(items) | ValueKind::Array(items) => {
            items.iter().for_each(|item| mentions(item, words));
        }
        ValueKind::Object(object) => object_words(object, words),
        ValueKind::Template(parts) => {
            for part in parts {
                if let TemplatePart::Hole(hole) = part {
                    mentions(hole, words);
                }
            }
        }
        _ => {}
    }
}

fn reference_words<'v>(reference: &'v Ref, words: &mut Vec<&'v str>) {
    if !reference.of_element
        && let Some(step) = reference.steps.first()
    {
        words.push(&step.name.text);
    }
    if let Some(object) = &reference.projection {
        object_words(object, words);
    }
}

fn object_words<'v>(object: &'v Object, words: &mut Vec<&'v str>) {
    for entry in &object.entries {
        match &entry.kind {
            EntryKind::Field(_, value) => mentions(value, words),
            EntryKind::Spread(Some(reference)) => reference_words(reference, words),
            EntryKind::Spread(None) => {}
        }
    }
}

fn call_words<'v>(call: &'v tree::Call, words: &mut Vec<&'v str>) {
    if let CallTarget::Request { path, .. } = &call.target {
        let pairs = path.query.iter().filter_map(|pair| pair.value.as_ref()).flatten();
        for part in path.segments.iter().flatten().chain(pairs) {
            if let CallPart::Hole { value, .. } = part {
                mentions(value, words);
            }
        }
    }
    if let Some(body) = &call.body {
        mentions(body, words);
    }
    for tail in &call.tails {
        match &tail.kind {
            TailKind::With(header) => mentions(&header.value, words),
            TailKind::When(condition) => mentions(condition, words),
            TailKind::On(_, outcome) | TailKind::Else(outcome) => match outcome {
                Outcome::Value(value) => mentions(value, words),
                Outcome::Fail(_, Some(object)) => object_words(object, words),
                Outcome::Fail(_, None) => {}
            },
            TailKind::Within(_) => {}
        }
    }
}

/// For each call whether it is made: a GET only if somebody needs its result.
pub(crate) fn needed(
    calls: &[(&tree::Call, Span)],
    returned: Option<&Returned<'_>>,
    replies: &[(&Ident, &Value)],
) -> Vec<bool> {
    let mut words: Vec<&str> = Vec::new();
    match returned {
        Some(Returned::Said(value)) => mentions(value, &mut words),
        Some(Returned::Result(call)) => words.push(&call.name.text),
        None => {}
    }
    replies.iter().for_each(|(_, value)| mentions(value, &mut words));
    let safe = |call: &tree::Call| match &call.target {
        CallTarget::Request { method, .. } => method.text == "GET",
        CallTarget::Operation { .. } => true,
    };
    let mut needed: Vec<bool> = calls.iter().map(|(call, _)| !safe(call)).collect();
    for (call, _) in calls.iter().zip(&needed).filter(|(_, needed)| **needed).map(|(c, _)| c) {
        call_words(call, &mut words);
    }
    while let Some(word) = words.pop() {
        for ((call, _), needed) in calls.iter().zip(&mut needed) {
            if call.name.text == word && !*needed {
                *needed = true;
                call_words(call, &mut words);
            }
        }
    }
    needed
}

/// Fills in what every call waits for; nothing and a finding if calls wait for each other.
pub(crate) fn settle(
    calls: &mut [Call],
    nodes: &Nodes,
    diagnostics: &mut Diagnostics,
) -> Option<()> {
    let mut after: Vec<BTreeSet<usize>> = Vec::new();
    for (at, call) in calls.iter().enumerate() {
        let mut sources = BTreeSet::new();
        let mut see = |read: Read| {
            if let Read::Node(node) = read
                && let Parent::Call(source) = nodes.root_of(node)
                && *source != at
            {
                sources.insert(*source);
            }
        };
        visit::request(call, &mut see);
        visit::failure(call, &mut see);
        after.push(sources);
    }
    if let Some(cycle) = cycle(&after) {
        diagnostics.push(cycle_found(calls, &cycle));
        return None;
    }
    // An unsafe call is not made while the endpoint may still fail because of an earlier line.
    for at in 0..calls.len() {
        if calls.get(at).is_some_and(Call::is_safe) {
            continue;
        }
        for before in 0..at {
            let required = calls.get(before).is_some_and(|call| call.required);
            if required && !reaches(&after, before, at) {
                if let Some(sources) = after.get_mut(at) {
                    sources.insert(before);
                }
            }
        }
    }
    for (call, sources) in calls.iter_mut().zip(after) {
        call.after = sources.into_iter().collect();
    }
    Some(())
}

/// Whether `from` waits for `to`, directly or not.
fn reaches(after: &[BTreeSet<usize>], from: usize, to: usize) -> bool {
    let mut seen = BTreeSet::new();
    let mut open = vec![from];
    while let Some(at) = open.pop() {
        if at == to {
            return true;
        }
        if seen.insert(at) {
            open.extend(after.get(at).into_iter().flatten());
        }
    }
    false
}

/// A shortest list of calls of which each waits for the next, and the last for the first.
fn cycle(after: &[BTreeSet<usize>]) -> Option<Vec<usize>> {
    for start in 0..after.len() {
        let mut paths = vec![vec![start]];
        let mut seen = BTreeSet::new();
        while !paths.is_empty() {
            let mut longer = Vec::new();
            for path in paths {
                let Some(last) = path.last() else { continue };
                for &next in after.get(*last).into_iter().flatten() {
                    if next == start {
                        return Some(path);
                    }
                    if seen.insert(next) {
                        longer.push(path.iter().copied().chain([next]).collect());
                    }
                }
            }
            paths = longer;
        }
    }
    None
}

fn cycle_found(calls: &[Call], cycle: &[usize]) -> Diagnostic {
    let name = |at: &usize| calls.get(*at).map_or("?", |call| call.name.as_str());
    let span = |at: &usize| calls.get(*at).map(|call| call.span).unwrap_or_default();
    let first = cycle.first().copied().unwrap_or_default();
    let mut names: Vec<&str> = cycle.iter().map(name).collect();
    names.push(name(&first));
    let second = cycle.get(1).unwrap_or(&first);
    let mut diagnostic =
        Diagnostic::new(Code::CallCycle, span(&first), "these calls wait for each other")
            .label(format!("`{}` needs `{}` …", name(&first), name(second)));
    for (at, pair) in cycle.iter().enumerate().skip(1) {
        let next = cycle.get(at + 1).unwrap_or(&first);
        diagnostic =
            diagnostic.see(span(pair), format!("… and `{}` needs `{}`", name(pair), name(next)));
    }
    diagnostic
        .note(format!("cycle: {}", names.join(" → ")))
        .help("remove one of the two uses; the order of calls follows from them")
}

/// Notes for every call which fields of the answer are built from it, directly or through others.
pub(crate) fn feeds(work: &mut Work) {
    let fields: Vec<(String, BTreeSet<usize>)> = match &work.answer {
        Some(Build::Record(_, members)) => members
            .iter()
            .map(|member| (member.name.clone(), sources(work, &member.value)))
            .collect(),
        _ => Vec::new(),
    };
    for (name, direct) in fields {
        let mut open: Vec<usize> = direct.into_iter().collect();
        let mut seen = BTreeSet::new();
        while let Some(at) = open.pop() {
            if !seen.insert(at) {
                continue;
            }
            if let Some(call) = work.calls.get_mut(at) {
                call.feeds.push(name.clone());
                open.extend(&call.after);
            }
        }
    }
}

fn sources(work: &Work, build: &Build) -> BTreeSet<usize> {
    let mut found = BTreeSet::new();
    visit::build(build, &mut |read| {
        if let Read::Node(node) = read
            && let Parent::Call(call) = root(work, node)
        {
            found.insert(call);
        }
    });
    found
}

fn root(work: &Work, node: NodeId) -> Parent {
    match &work.node(node).parent {
        Parent::Field(up, _) | Parent::Element(up) => root(work, *up),
        other => other.clone(),
    }
}
