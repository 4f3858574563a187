//! Which calls are made, and in what order: both follow from data.

use super::Reply;
use super::nodes::Nodes;
use super::returns::{Returned, What};
use crate::contract::visit::{self, Read};
use crate::contract::work::{Answer, Build, Call, Parent, Work};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use gatewright_grammar::Span;
use gatewright_grammar::tree::{
    self, CallPart, CallTarget, EntryKind, Object, Outcome, Ref, TailKind, TemplatePart, Value,
    ValueKind,
};
use std::collections::{BTreeMap, BTreeSet};

/// The references in a value, but for those to an element.
pub(crate) fn mentions<'v>(value: &'v Value, found: &mut Vec<&'v Ref>) {
    match &value.kind {
        ValueKind::Ref(one) => reference(one, found),
        ValueKind::Compare(left, _, right) => {
            mentions(left, found);
            mentions(right, found);
        }
        ValueKind::Or(items) | ValueKind::Array(items) => {
            items.iter().for_each(|item| mentions(item, found));
        }
        ValueKind::Object(one) => object(one, found),
        ValueKind::Template(parts) => {
            for part in parts {
                if let TemplatePart::Hole(hole) = part {
                    mentions(hole, found);
                }
            }
        }
        _ => {}
    }
}

/// Whether `reference` begins with `name`.
pub(crate) fn names(reference: &Ref, name: &str) -> bool {
    reference.steps.first().is_some_and(|step| step.name.text == name)
}

fn reference<'v>(reference: &'v Ref, found: &mut Vec<&'v Ref>) {
    if !reference.of_element {
        found.push(reference);
    }
    if let Some(one) = &reference.projection {
        object(one, found);
    }
}

fn object<'v>(object: &'v Object, found: &mut Vec<&'v Ref>) {
    for entry in &object.entries {
        match &entry.kind {
            EntryKind::Field(_, value) => mentions(value, found),
            EntryKind::Spread(Some(one)) => reference(one, found),
            EntryKind::Spread(None) => {}
        }
    }
}

/// The references in a call.
pub(super) fn call_mentions<'v>(call: &'v tree::Call, found: &mut Vec<&'v Ref>) {
    if let Some(each) = &call.each {
        found.push(&each.list);
    }
    if let CallTarget::Request { path, .. } = &call.target {
        let pairs = path.query.iter().filter_map(|pair| pair.value.as_ref()).flatten();
        for part in path.segments.iter().flatten().chain(pairs) {
            if let CallPart::Hole { value, .. } = part {
                mentions(value, found);
            }
        }
    }
    if let Some(body) = &call.body {
        mentions(body, found);
    }
    for tail in &call.tails {
        match &tail.kind {
            TailKind::With(header) => mentions(&header.value, found),
            TailKind::When(condition) => mentions(condition, found),
            TailKind::On(_, outcome) | TailKind::Else(outcome) => match outcome {
                Outcome::Value(value) => mentions(value, found),
                Outcome::Fail(_, Some(one)) => object(one, found),
                Outcome::Fail(_, None) => {}
            },
            TailKind::Within(_) | TailKind::Copy(_) => {}
        }
    }
}

/// For each call whether it is made: a GET only if somebody needs its result.
pub(crate) fn needed(
    calls: &[(&tree::Call, Span)],
    returned: &[Returned<'_>],
    replies: &[Reply<'_>],
) -> Vec<bool> {
    let mut found: Vec<&Ref> = Vec::new();
    let mut words: Vec<&str> = Vec::new();
    for one in returned {
        match one.what {
            What::Said(value) => mentions(value, &mut found),
            What::Result(call) => words.push(&call.name.text),
            What::Nothing => {}
        }
        if let Some(when) = one.when {
            mentions(when, &mut found);
        }
    }
    replies.iter().for_each(|reply| mentions(reply.value, &mut found));
    let gets = |call: &tree::Call| match &call.target {
        CallTarget::Request { method, .. } => method.text == "GET",
        CallTarget::Operation { .. } => true,
    };
    let mut needed: Vec<bool> = calls.iter().map(|(call, _)| !gets(call)).collect();
    for ((call, _), _) in calls.iter().zip(&needed).filter(|(_, needed)| **needed) {
        call_mentions(call, &mut found);
    }
    loop {
        let firsts = found.drain(..).filter_map(|reference| reference.steps.first());
        words.extend(firsts.map(|step| step.name.text.as_str()));
        let Some(word) = words.pop() else { return needed };
        for ((call, _), needed) in calls.iter().zip(&mut needed) {
            if call.name.text == word && !*needed {
                *needed = true;
                call_mentions(call, &mut found);
            }
        }
    }
}

/// Fills in what every call waits for; nothing and a finding if calls wait for each other.
pub(crate) fn settle(
    calls: &mut [Call],
    trees: &[(&tree::Call, Span)],
    nodes: &Nodes<'_>,
    diagnostics: &mut Diagnostics,
) -> Option<()> {
    let mut after: Vec<BTreeSet<usize>> =
        calls.iter().map(|call| sources_of(call, nodes)).collect();
    if let Some(cycle) = cycle(&after) {
        diagnostics.push(cycle_found(trees, &cycle));
        return None;
    }
    // What is read says whether a call waits for a later one: what is added below never does.
    let backwards =
        after.iter().enumerate().any(|(at, own)| own.last().is_some_and(|one| *one > at));
    // An unsafe call is not made while the endpoint may still fail because of an earlier line.
    for at in 0..calls.len() {
        if calls.get(at).is_some_and(Call::is_safe) {
            continue;
        }
        let waiting = if backwards { waiting(&after, at) } else { BTreeSet::new() };
        // A stream begins when everything else has ended, so nothing waits for it.
        let earlier = calls.iter().enumerate().take(at);
        let required = earlier.filter(|(_, call)| call.required && !call.streams);
        let added = required.map(|(before, _)| before).filter(|before| !waiting.contains(before));
        if let Some(sources) = after.get_mut(at) {
            sources.extend(added);
        }
    }
    let count = calls.len();
    for (at, (call, sources)) in calls.iter_mut().zip(after).enumerate() {
        call.after = match call.streams {
            true => (0..count).filter(|other| *other != at).collect(),
            false => sources.into_iter().collect(),
        };
    }
    Some(())
}

/// The calls whose results `call` reads, to be made or when it fails.
fn sources_of(call: &Call, nodes: &Nodes<'_>) -> BTreeSet<usize> {
    let mut sources = BTreeSet::new();
    let mut see = |read: Read| {
        if let Read::Node(node) = read
            && let Parent::Call(source) = nodes.root_of(node)
        {
            sources.insert(*source);
        }
    };
    visit::request(call, &mut see);
    visit::failure(call, &mut see);
    sources
}

/// The calls that wait for `at`, directly or not.
fn waiting(after: &[BTreeSet<usize>], at: usize) -> BTreeSet<usize> {
    let mut found = BTreeSet::new();
    let mut open = vec![at];
    while let Some(at) = open.pop() {
        let direct = after.iter().enumerate().filter(|(_, own)| own.contains(&at));
        let fresh: Vec<usize> =
            direct.map(|(one, _)| one).filter(|one| found.insert(*one)).collect();
        open.extend(fresh);
    }
    found
}

/// Whether every call comes to its turn.
fn ends(after: &[BTreeSet<usize>]) -> bool {
    let mut before: Vec<usize> = after.iter().map(BTreeSet::len).collect();
    let mut behind: Vec<Vec<usize>> = vec![Vec::new(); after.len()];
    for (at, own) in after.iter().enumerate() {
        for one in own {
            behind[*one].push(at);
        }
    }
    let mut open: Vec<usize> = (0..after.len()).filter(|at| after[*at].is_empty()).collect();
    let mut ended = 0;
    while let Some(at) = open.pop() {
        ended += 1;
        for &next in &behind[at] {
            before[next] -= 1;
            if before[next] == 0 {
                open.push(next);
            }
        }
    }
    ended == after.len()
}

/// A shortest list of calls of which each waits for the next, and the last for the first.
fn cycle(after: &[BTreeSet<usize>]) -> Option<Vec<usize>> {
    if ends(after) {
        return None;
    }
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

fn cycle_found(calls: &[(&tree::Call, Span)], cycle: &[usize]) -> Diagnostic {
    let name = |at: usize| calls.get(at).map_or("?", |(call, _)| call.name.text.as_str());
    let first = cycle.first().copied().unwrap_or_default();
    let needs = |at: usize, next: usize| {
        let mut found = Vec::new();
        calls.get(at).into_iter().for_each(|(call, _)| call_mentions(call, &mut found));
        let used = found.into_iter().find(|reference| names(reference, name(next)));
        used.map(|reference| reference.span).or(calls.get(at).map(|(_, span)| *span))
    };
    if let [only] = cycle {
        let span = needs(*only, *only).unwrap_or_default();
        return Diagnostic::new(Code::CallCycle, span, "this call waits for itself")
            .label(format!("there is no `{}` before it has answered", name(*only)))
            .help("name another call, a parameter or `body`");
    }
    let next = |at: usize| cycle.get(at + 1).copied().unwrap_or(first);
    let span = needs(first, next(0)).unwrap_or_default();
    let mut diagnostic = Diagnostic::new(Code::CallCycle, span, "these calls wait for each other")
        .label(format!("`{}` needs `{}` …", name(first), name(next(0))));
    for (at, one) in cycle.iter().enumerate().skip(1) {
        let text = format!("… and `{}` needs `{}`", name(*one), name(next(at)));
        diagnostic = diagnostic.see(needs(*one, next(at)).unwrap_or_default(), text);
    }
    let names: Vec<&str> = cycle.iter().chain([&first]).map(|at| name(*at)).collect();
    let uses = if cycle.len() == 2 { "the two uses" } else { "the uses" };
    diagnostic
        .note(format!("cycle: {}", names.join(" → ")))
        .help(format!("remove one of {uses}; the order of calls follows from them"))
}

/// Notes which fields of the answers are built from which calls, directly or through others.
pub(crate) fn feeds(work: &mut Work) {
    let mut replies = Vec::new();
    for reply in &work.reply {
        let direct = sources(work, |see| visit::reply(reply, see));
        replies.push((reply.name.clone(), direct));
    }
    let mut chosen = BTreeSet::new();
    for at in 0..work.answers.len() {
        let Some(answer) = work.answers.get(at) else { break };
        let mut fields = fields(work, answer);
        if let Some(when) = &answer.when {
            chosen.extend(sources(work, |see| visit::cond(when, see)));
        }
        // Which answer is given says as much as what is in it.
        fields.iter_mut().for_each(|(_, direct)| direct.extend(&chosen));
        fields.extend(replies.iter().cloned());
        let feeds = feeds_of(work, &fields);
        for (call, fields) in &feeds {
            let Some(call) = work.calls.get_mut(*call) else { continue };
            let fresh = fields.iter().filter(|field| !call.feeds.contains(field));
            let fresh: Vec<String> = fresh.cloned().collect();
            call.feeds.extend(fresh);
        }
        if let Some(answer) = work.answers.get_mut(at) {
            answer.feeds = feeds;
        }
    }
}

/// The fields of an answer, each with the calls it is made of; `*` if it has none.
fn fields(work: &Work, answer: &Answer) -> Vec<(String, BTreeSet<usize>)> {
    let of = |build: &Build| sources(work, |see| visit::build(build, see));
    match &answer.body {
        Some(Build::Record(_, members)) if !members.is_empty() => {
            members.iter().map(|member| (member.name.clone(), of(&member.value))).collect()
        }
        Some(other) => vec![("*".to_owned(), of(other))],
        None => vec![("*".to_owned(), BTreeSet::new())],
    }
}

/// The calls behind `fields`, in order, each with the fields that it feeds.
fn feeds_of(work: &Work, fields: &[(String, BTreeSet<usize>)]) -> Vec<(usize, Vec<String>)> {
    let mut feeds: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for (name, direct) in fields {
        let mut open: Vec<usize> = direct.iter().copied().collect();
        let mut seen = BTreeSet::new();
        while let Some(at) = open.pop() {
            if seen.insert(at) {
                feeds.entry(at).or_default().push(name.clone());
                open.extend(work.calls.get(at).map(|call| behind(work, call)).unwrap_or_default());
            }
        }
    }
    feeds.into_iter().collect()
}

/// The calls that `call` waits for; of a stream, which waits for all, those that it is made of.
fn behind(work: &Work, call: &Call) -> Vec<usize> {
    match call.streams {
        true => sources(work, |see| visit::request(call, see)).into_iter().collect(),
        false => call.after.clone(),
    }
}

/// The calls whose results are among what `reads` shows to the function that it is given.
fn sources(work: &Work, reads: impl Fn(&mut dyn FnMut(Read))) -> BTreeSet<usize> {
    let mut found = BTreeSet::new();
    reads(&mut |read| {
        if let Read::Node(node) = read
            && let Parent::Call(call) = work.root(node)
        {
            found.insert(*call);
        }
    });
    found
}

#[cfg(test)]
mod tests {
    use crate::testing::{endpoint, in_endpoint};

    /// The calls that are made: the name of each, and of those it waits for.
    fn order(work: &str) -> Vec<String> {
        let endpoint = endpoint(&format!("POST /x -> {{ x: text }} {{ public\n{work}\n}}"));
        let calls = &endpoint.work.calls;
        let after = |call: &crate::contract::Call| {
            let names: Vec<&str> = call.after.iter().map(|at| calls[*at].name.as_str()).collect();
            format!("{}({})", call.name, names.join(" "))
        };
        calls.iter().map(after).collect()
    }

    #[test]
    fn what_a_call_uses_decides_when_it_starts() {
        let work =
            "a = one GET /a\n b = one GET /b\n c = one GET /c/{a.x}?b={b.x}\n return { x: c.x }";
        assert_eq!(order(work), ["a()", "b()", "c(a b)"]);
        let backwards = "c = one GET /c/{a.x}\n a = one GET /a\n return { x: c.x }";
        assert_eq!(order(backwards), ["c(a)", "a()"]);
    }

    #[test]
    fn everywhere_a_result_is_used_counts() {
        for place in [
            "one GET /{a.x}",
            "one GET /?x={a.x}",
            "one GET /?x=-{a.x}-",
            "one GET / with header X = a.x",
            "one GET / when a.x == \"1\" else { x: \"0\" }",
            "one POST / { x: a.x }",
            "one POST / { x: [{ y: \"{a.x}\" }] }",
            "one GET / else { x: a.x }",
        ] {
            let work = format!("a = one GET /a\n b = {place}\n return {{ x: b.x }}");
            assert_eq!(order(&work), ["a()", "b(a)"], "{place}");
        }
    }

    #[test]
    fn an_unsafe_call_waits_for_every_required_call_before_it() {
        let work = "a = one GET /a\n b = one GET /b else { x: \"0\" }\n c = one POST /c\n d = one POST /d\n
            return { x: \"{a.x}{b.x}{c.x}{d.x}\" }";
        assert_eq!(order(work), ["a()", "b()", "c(a)", "d(a c)"]);
    }

    #[test]
    fn a_call_that_waits_for_a_later_one_is_not_waited_for_by_it() {
        let work = "a = one GET /{b.x}\n b = one POST /b\n c = one POST /c\n return { x: a.x }";
        assert_eq!(order(work), ["a(b)", "b()", "c(a b)"]);
    }

    #[test]
    fn a_get_that_nobody_needs_is_not_made() {
        let work = "a = one GET /a\n b = one GET /b/{a.x}\n c = one HEAD /c\n d = one POST /d\n return { x: d.x }";
        assert_eq!(order(work), ["c()", "d(c)"]);
    }

    #[test]
    fn circles_are_found() {
        let circle = "POST /x -> { x: text } { public, a = one GET /{b.x}, b = one GET /{a.x}, return { x: a.x } }";
        assert_eq!(in_endpoint(circle), ["call-cycle: these calls wait for each other"]);
        let alone =
            "POST /x -> { x: text } { public, a = one POST / { x: a.x }, return { x: a.x } }";
        assert_eq!(in_endpoint(alone), ["call-cycle: this call waits for itself"]);
        let fallback =
            "POST /x -> { x: text } { public, a = one GET / else { x: a.x }, return { x: a.x } }";
        assert_eq!(in_endpoint(fallback), ["call-cycle: this call waits for itself"]);
    }

    #[test]
    fn calls_know_which_fields_they_feed() {
        let endpoint = endpoint(
            "GET /x -> { p: text, q: text } { public, a = one GET /a, b = one GET /{a.x}, return { p: b.x, q: a.y } }",
        );
        let feeds: Vec<&[String]> =
            endpoint.work.calls.iter().map(|call| call.feeds.as_slice()).collect();
        assert_eq!(
            feeds,
            [["p".to_owned(), "q".to_owned()].as_slice(), ["p".to_owned()].as_slice()]
        );
    }
}
