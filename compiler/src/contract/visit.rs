//! What a piece of work reads.

use super::work::{
    Build, Call, Cond, Elements, Fallback, NodeId, Operand, Outcome, PathPart, QueryPart, Reply,
    ReplyValue, TextExpr, TextPart, Work,
};
use std::collections::BTreeSet;

/// A value that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Read {
    Node(NodeId),
    Param(usize),
    /// A variable of the environment, as an index into the uses of the work.
    Env(usize),
    /// A parameter for the rest of a path, segment by segment.
    Rest(usize),
}

/// Calls `see` for everything `build` reads.
pub(crate) fn build(build: &Build, see: &mut dyn FnMut(Read)) {
    match build {
        Build::Const(_) => {}
        Build::Copy(one) => operand(one, see),
        Build::Promised(inner, _) | Build::AsText(inner) => self::build(inner, see),
        Build::Default { value, .. } => self::build(value, see),
        Build::Whole(node, _) => see(Read::Node(*node)),
        Build::Record(node, members) => {
            if let Some(node) = node {
                see(Read::Node(*node));
            }
            members.iter().for_each(|member| self::build(&member.value, see));
        }
        Build::List { from, element, .. } => {
            see(Read::Node(*from));
            self::build(element, see);
        }
        Build::Array(items) | Build::Or(items) => {
            items.iter().for_each(|item| self::build(item, see));
        }
        Build::Holds(one) => cond(one, see),
        Build::Text(one) => text(one, see),
    }
}

/// Calls `see` for everything `operand` reads.
pub(crate) fn operand(operand: &Operand, see: &mut dyn FnMut(Read)) {
    match operand {
        Operand::Param(index) | Operand::Item(index) => see(Read::Param(*index)),
        Operand::Node(node) => see(Read::Node(*node)),
        Operand::Env(index) => see(Read::Env(*index)),
        Operand::Const(_) => {}
        Operand::Or(all) => all.iter().for_each(|one| self::operand(one, see)),
        Operand::Each { list, value, .. } => {
            see(Read::Node(*list));
            see(Read::Node(*value));
        }
    }
}

/// Calls `see` for everything `text` reads.
pub(crate) fn text(text: &TextExpr, see: &mut dyn FnMut(Read)) {
    for part in &text.parts {
        if let TextPart::Value(one) = part {
            operand(one, see);
        }
    }
}

/// Calls `see` for everything `cond` reads.
pub(crate) fn cond(cond: &Cond, see: &mut dyn FnMut(Read)) {
    match cond {
        Cond::Is(one) | Cond::Null(one, _) => operand(one, see),
        Cond::Numbers(a, _, b) | Cond::Same(a, b, _) => {
            operand(a, see);
            operand(b, see);
        }
    }
}

/// Calls `see` for everything the answers read, conditions and header fields included.
pub(crate) fn answer(work: &Work, see: &mut dyn FnMut(Read)) {
    for answer in &work.answers {
        if let Some(when) = &answer.when {
            cond(when, see);
        }
        if let Some(body) = &answer.body {
            build(body, see);
        }
    }
    work.reply.iter().for_each(|one| reply(one, see));
}

/// Calls `see` for everything `reply` reads.
pub(crate) fn reply(reply: &Reply, see: &mut dyn FnMut(Read)) {
    match &reply.value {
        ReplyValue::Text(one) => text(one, see),
        ReplyValue::Typed { build: one, .. } => build(one, see),
    }
}

/// Calls `see` for everything `work` reads.
pub(crate) fn all(work: &Work, see: &mut dyn FnMut(Read)) {
    for call in &work.calls {
        request(call, see);
        failure(call, see);
    }
    answer(work, see);
}

/// The parameters that `work` reads, as indices.
pub(crate) fn params(work: &Work) -> BTreeSet<usize> {
    let mut found = values(work);
    all(work, &mut |read| {
        if let Read::Rest(index) = read {
            found.insert(index);
        }
    });
    found
}

/// The parameters that `work` reads as one value, as indices.
pub(crate) fn values(work: &Work) -> BTreeSet<usize> {
    let mut found = BTreeSet::new();
    all(work, &mut |read| {
        if let Read::Param(index) = read {
            found.insert(index);
        }
    });
    found
}

/// Calls `see` for everything `call` reads before it is made.
pub(crate) fn request(call: &Call, see: &mut dyn FnMut(Read)) {
    match call.each.as_ref().map(|each| each.list) {
        Some(Elements::Node(list)) => see(Read::Node(list)),
        Some(Elements::Param(index)) => see(Read::Param(index)),
        None => {}
    }
    for part in &call.path {
        match part {
            PathPart::Literal(_) => {}
            PathPart::Value(one) => operand(one, see),
            PathPart::Rest(param) => see(Read::Rest(*param)),
        }
    }
    for part in call.query.iter().chain(call.form.iter().flatten()) {
        match part {
            QueryPart::Literal(_) => {}
            QueryPart::Value(_, one) | QueryPart::Each(_, one) => operand(one, see),
            QueryPart::Text(_, one) => text(one, see),
        }
    }
    call.headers.iter().for_each(|(_, one)| text(one, see));
    if let Some(body) = &call.body {
        build(body, see);
    }
    if let Some(when) = &call.when {
        cond(when, see);
    }
}

/// What is made when `call` has failed: members of errors, and what stands in for its result.
fn after_failure(call: &Call) -> impl Iterator<Item = &Build> {
    fn stand_in(fallback: &Fallback) -> Option<&Build> {
        match fallback {
            Fallback::Built(built) => Some(built),
            _ => None,
        }
    }
    let handled = call.handlers.iter().filter_map(|handler| match &handler.outcome {
        Outcome::Fail(_, members) => members.as_ref(),
        Outcome::StandIn(fallback) => stand_in(fallback),
    });
    handled.chain(call.fallback.iter().filter_map(stand_in))
}

/// Calls `see` for everything `call` reads when it has failed.
pub(crate) fn failure(call: &Call, see: &mut dyn FnMut(Read)) {
    after_failure(call).for_each(|made| build(made, see));
}

/// Calls `see` for every value that `work` makes, and those inside.
pub(crate) fn builds(work: &Work, see: &mut dyn FnMut(&Build)) {
    for call in &work.calls {
        call.body.iter().for_each(|body| parts(body, see));
        after_failure(call).for_each(|one| parts(one, see));
    }
    let answers = work.answers.iter().filter_map(|answer| answer.body.as_ref());
    answers.for_each(|answer| parts(answer, see));
    for reply in &work.reply {
        if let ReplyValue::Typed { build, .. } = &reply.value {
            parts(build, see);
        }
    }
}

fn parts(build: &Build, see: &mut dyn FnMut(&Build)) {
    see(build);
    match build {
        Build::Promised(inner, _) | Build::AsText(inner) => parts(inner, see),
        Build::Default { value, .. } => parts(value, see),
        Build::Record(_, members) => members.iter().for_each(|one| parts(&one.value, see)),
        Build::List { element, .. } => parts(element, see),
        Build::Array(items) | Build::Or(items) => items.iter().for_each(|one| parts(one, see)),
        Build::Const(_) | Build::Copy(_) | Build::Whole(..) | Build::Holds(_) | Build::Text(_) => {}
    }
}
