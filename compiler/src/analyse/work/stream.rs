//! The call whose items an endpoint answers: which it is, and what it cannot be.

use super::{Context, Reply, order};
use crate::contract::endpoint::Manner;
use crate::contract::work::Call;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use gatewright_grammar::Span;
use gatewright_grammar::tree::{self, Outcome, Ref, TailKind};

/// The call that the items come from: the one that says so, or the only one.
pub(super) fn source<'a>(
    context: &Context<'_>,
    calls: &[(&'a tree::Call, Span)],
) -> Option<(&'a tree::Call, Span)> {
    if context.answers.manner != Manner::Stream {
        return None;
    }
    match calls {
        [only] => Some(*only),
        _ => calls.iter().find(|(call, _)| call.stream.is_some()).copied(),
    }
}

/// Refuses what cannot be about streams.
pub(super) fn check(
    context: &Context<'_>,
    calls: &[(&tree::Call, Span)],
    diagnostics: &mut Diagnostics,
) -> Option<()> {
    let mut found = Vec::new();
    let marked: Vec<Span> = calls.iter().filter_map(|(call, _)| call.stream).collect();
    if context.answers.manner != Manner::Stream {
        found.extend(marked.first().map(|span| unasked(context, *span)));
    } else if let Some((call, span)) = source(context, calls) {
        found.extend(marked.get(1).map(|span| second(*span)));
        found.extend(beside(call));
        found.extend(readers(call, span, calls));
    } else {
        found.push(unsaid(context, calls));
    }
    let whole = found.is_empty();
    found.into_iter().for_each(|one| diagnostics.push(one));
    whole.then_some(())
}

fn invalid(span: Span, message: &str) -> Diagnostic {
    Diagnostic::new(Code::InvalidStream, span, message)
}

fn unasked(context: &Context<'_>, span: Span) -> Diagnostic {
    let gap = Span { end: span.end + 1, ..span };
    invalid(span, "this endpoint answers no stream")
        .label("its items would have nowhere to go")
        .see(context.endpoint.signature, "answers one value")
        .fix("delete `stream`", gap, "")
        .help("or answer the items: `-> stream Type`")
}

fn second(span: Span) -> Diagnostic {
    invalid(span, "an endpoint answers the items of one call")
        .label("a second stream")
        .help("delete this `stream`: the call is made before the items come")
}

fn unsaid(context: &Context<'_>, calls: &[(&tree::Call, Span)]) -> Diagnostic {
    let span = context.endpoint.signature;
    let Some((last, _)) = calls.last() else {
        return invalid(span, "nothing says where the items come from")
            .label("there is no call")
            .help("add one: `items = BACKEND GET /path`");
    };
    let backend = &last.backend;
    invalid(span, "which of the calls do the items come from?")
        .label("there are several")
        .help(format!(
            "write `stream` before its backend: `{} = stream {} …`",
            last.name.text, backend.text
        ))
        .note("all others are made first, once for all items")
}

/// What cannot be said of the call that items come from.
fn beside(call: &tree::Call) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    if let Some(each) = &call.each {
        found.push(
            invalid(each.span, "a stream comes from one call")
                .label("this would be many")
                .help("answer a list, or ask for all items in one call"),
        );
    }
    if let Some(cache) = &call.cache {
        found.push(
            invalid(cache.span, "a stream cannot be kept for later")
                .label("it may never end")
                .help("delete `cache`"),
        );
    }
    for tail in &call.tails {
        let stands_in = match &tail.kind {
            TailKind::When(_) => true,
            TailKind::On(_, outcome) | TailKind::Else(outcome) => {
                matches!(outcome, Outcome::Value(_))
            }
            TailKind::With(_) | TailKind::Within(_) | TailKind::Copy(_) => false,
        };
        if let TailKind::Copy(_) = &tail.kind {
            found.push(
                invalid(tail.span, "a stream is not copied")
                    .label("the copy might never end")
                    .help("delete `copy`"),
            );
        }
        if stands_in {
            found.push(
                invalid(tail.span, "nothing can stand in for a stream")
                    .label("there would be no items")
                    .help("turn the failure into a declared error: `on 404 fail NotFound`"),
            );
        }
    }
    found
}

/// Calls are made before the items come, so none of them can use one.
fn readers(source: &tree::Call, span: Span, calls: &[(&tree::Call, Span)]) -> Vec<Diagnostic> {
    let others = calls.iter().filter(|(_, other)| *other != span);
    let mut found: Vec<&Ref> = Vec::new();
    others.for_each(|(call, _)| order::call_mentions(call, &mut found));
    let name = &source.name.text;
    let reads = found.into_iter().find(|reference| order::names(reference, name));
    let reads =
        reads.map(|reference| early(reference.span, "a call cannot use the items of a stream"));
    reads.map(|one| one.help("only `return` does, for each item as it comes")).into_iter().collect()
}

fn early(span: Span, message: &str) -> Diagnostic {
    invalid(span, message).label("no item has come when this is made")
}

/// Refuses header fields made of items: they are sent before.
pub(super) fn check_replies(
    source: Option<Span>,
    calls: &[(&tree::Call, Span)],
    replies: &[Reply<'_>],
    diagnostics: &mut Diagnostics,
) -> Option<()> {
    let Some((call, _)) = calls.iter().find(|(_, span)| Some(*span) == source) else {
        return Some(());
    };
    let mut found = Vec::new();
    replies.iter().for_each(|reply| order::mentions(reply.value, &mut found));
    let Some(reads) = found.iter().find(|one| order::names(one, &call.name.text)) else {
        return Some(());
    };
    let message = "a header field cannot be made of the items of a stream";
    diagnostics.push(early(reads.span, message).help("use another result, a parameter or `body`"));
    None
}

/// Notes which of the calls answers a stream; nothing and a finding if nobody reads its items.
pub(super) fn mark(
    source: Option<Span>,
    calls: &mut [Call],
    diagnostics: &mut Diagnostics,
) -> Option<()> {
    let Some(call) = calls.iter_mut().find(|call| Some(call.span) == source) else {
        return Some(());
    };
    call.streams = true;
    if call.result.is_some() {
        return Some(());
    }
    let message = format!("nothing of the items of `{}` is answered", call.name);
    diagnostics.push(
        invalid(call.span, &message)
            .label("every item would be answered the same")
            .help(format!("use it in `return`: `return {{ ...{} }}`", call.name)),
    );
    None
}
