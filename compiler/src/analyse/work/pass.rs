//! The work of an endpoint that passes requests on: one call, and what its failures turn into.

use super::scope::Lower;
use super::{Context, all_calls};
use crate::contract::work::Work;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use gatewright_grammar::Span;
use gatewright_grammar::tree::{self, EndpointMemberKind, TailKind};

/// The work of an endpoint that passes requests on; nothing and a finding if it is more than that.
pub(crate) fn lower(context: &Context<'_>, diagnostics: &mut Diagnostics) -> Option<Work> {
    let written = all_calls(context, diagnostics)?;
    let calls: Vec<(&tree::Call, Span)> =
        written.iter().map(|one| (&*one.call, one.span)).collect();
    let mut whole = true;
    let mut refuse = |diagnostic| {
        diagnostics.push(diagnostic);
        whole = false;
    };
    if let Some(body) = &context.endpoint.body {
        refuse(
            invalid(body.span, "what is passed on has no type")
                .label("the gateway never reads it")
                .help("leave the body out: whatever callers send arrives at the backend"),
        );
    }
    for member in &context.endpoint.members {
        match &member.kind {
            EndpointMemberKind::Return { .. } => refuse(
                invalid(member.span, "an answer that is passed on cannot be made")
                    .label("the backend's answer is the answer")
                    .help("delete this line, or declare the type of the answer behind `->`"),
            ),
            EndpointMemberKind::Reply { .. } => refuse(
                invalid(member.span, "an answer that is passed on keeps its own header fields")
                    .label("the gateway adds none")
                    .help("delete this line, or declare the type of the answer behind `->`"),
            ),
            _ => {}
        }
    }
    match calls.as_slice() {
        [(call, _)] => tails(call).into_iter().for_each(&mut refuse),
        [] => refuse(
            invalid(context.endpoint.signature, "nothing says where requests are passed on to")
                .label("there is no call")
                .help("add one: `raw = BACKEND GET /path`"),
        ),
        [_, (second, _), ..] => refuse(
            invalid(second.name.span, "a request is passed on to one backend")
                .label("a second call")
                .help("delete it, or declare the type of the answer behind `->`"),
        ),
    }
    if !whole {
        return None;
    }
    let mut lower = Lower::new(context, calls, &written, diagnostics);
    let calls = lower.calls().filter(|_| lower.ok)?;
    let Lower { nodes, body, claims, environment, .. } = lower;
    Some(Work { nodes: nodes.finish(), body, claims, calls, environment, ..Work::default() })
}

fn invalid(span: Span, message: &str) -> Diagnostic {
    Diagnostic::new(Code::InvalidPass, span, message)
}

/// What cannot be said of a call that a request is passed on with.
fn tails(call: &tree::Call) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    if let Some(body) = &call.body {
        found.push(
            invalid(body.span, "a request that is passed on keeps its own body")
                .label("the caller's body is sent")
                .help("delete this"),
        );
    }
    if let Some(cache) = &call.cache {
        found.push(
            invalid(cache.span, "an answer that is passed on is not kept")
                .label("the gateway never holds it as a whole")
                .help("delete `cache`"),
        );
    }
    for tail in &call.tails {
        if let TailKind::Copy(_) = &tail.kind {
            found.push(
                invalid(tail.span, "a request that is passed on is not copied")
                    .label("the gateway never holds it as a whole")
                    .help("delete `copy`"),
            );
        }
        let stands_in = match &tail.kind {
            TailKind::When(_) => true,
            TailKind::On(_, outcome) | TailKind::Else(outcome) => {
                matches!(outcome, tree::Outcome::Value(_))
            }
            _ => false,
        };
        if stands_in {
            found.push(
                invalid(tail.span, "nothing can stand in for an answer that is passed on")
                    .label("there is no type that it could have")
                    .help("turn the failure into a declared error: `on 404 fail NotFound`"),
            );
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use crate::contract::work::{Call, Condition, Outcome};
    use crate::testing::{endpoint, in_endpoint};

    /// Whether `call` turns an answer with this status into an error.
    fn catches(call: &Call, status: u16) -> bool {
        call.handlers.iter().any(|handler| {
            matches!(handler.outcome, Outcome::Fail(..))
                && handler.conditions.contains(&Condition::Status(status))
        })
    }

    #[test]
    fn a_failure_may_be_declared() {
        let endpoint = endpoint(
            "error Gone 410 \"It is gone\"\n\
             GET /x/{id: text(1..9)} -> pass | Gone { public, raw = one GET /x/{id} on 404 fail Gone }",
        );
        let [call] = endpoint.work.calls.as_slice() else { panic!("one call") };
        assert!(catches(call, 404) && !catches(call, 410));
    }

    #[test]
    fn more_than_one_call_is_refused() {
        let found = in_endpoint("GET /x -> pass { public, a = one GET /a, b = one GET /b }");
        assert!(found.iter().any(|one| one.starts_with("invalid-pass")), "{found:?}");
    }
}
