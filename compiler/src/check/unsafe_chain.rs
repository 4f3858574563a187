//! Two calls that change something, one after the other, and nothing that makes a second try safe.

use super::Places;
use crate::contract::visit::{self, Read};
use crate::contract::work::Parent;
use crate::contract::{Call, Endpoint};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use gatewright_grammar::Span;
use gatewright_grammar::tree::EndpointMemberKind;
use std::collections::BTreeSet;

pub(super) fn check(endpoint: &Endpoint, places: &Places<'_>, diagnostics: &mut Diagnostics) {
    let calls = &endpoint.work.calls;
    for call in calls.iter().filter(|call| changes(call) && call.required && !has_key(call)) {
        let first = sources(endpoint, call).into_iter().filter_map(|at| calls.get(at));
        let Some(first) = first.into_iter().find(|first| changes(first) && !has_key(first)) else {
            continue;
        };
        let (name, before) = (&call.operation, &first.operation);
        diagnostics.push(
            Diagnostic::new(
                Code::UnsafeChain,
                backend(places, call),
                format!("if `{name}` fails, `{before}` has been done"),
            )
            .label("when this fails, the caller is told so, and tries again …")
            .see(backend(places, first), "… which does this a second time")
            .note("nothing undoes a call")
            .help(
                "let callers send a key, and pass it on: `header Idempotency-Key: uuid as key`, \
                 `with header Idempotency-Key = key`",
            ),
        );
    }
}

/// The calls whose results `call` sends.
fn sources(endpoint: &Endpoint, call: &Call) -> BTreeSet<usize> {
    let mut found = BTreeSet::new();
    visit::request(call, &mut |read| {
        if let Read::Node(node) = read
            && let Parent::Call(source) = endpoint.work.root(node)
        {
            found.insert(*source);
        }
    });
    found
}

/// Whether doing it twice is more than doing it once (RFC 9110 section 9.2.2).
fn changes(call: &Call) -> bool {
    !call.is_safe() && !matches!(call.method.as_str(), "PUT" | "DELETE")
}

fn has_key(call: &Call) -> bool {
    call.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("idempotency-key"))
}

/// The name of the backend where `call` calls it.
fn backend(places: &Places<'_>, call: &Call) -> Span {
    let named = places.tree.members.iter().find_map(|member| match &member.kind {
        EndpointMemberKind::Call(tree) if member.span == call.span => Some(tree.backend.span),
        _ => None,
    });
    named.unwrap_or(call.span)
}
