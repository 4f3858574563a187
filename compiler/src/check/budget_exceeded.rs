//! Calls that can take longer than their endpoint may, together.

use super::Places;
use crate::contract::{Backend, Call, Endpoint};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use gatewright_grammar::Span;
use gatewright_grammar::tree::EndpointMemberKind;

pub(super) fn check(
    backends: &[Backend],
    endpoint: &Endpoint,
    places: &Places<'_>,
    diagnostics: &mut Diagnostics,
) {
    let Some(budget) = endpoint.timeout.most() else { return };
    let path = longest(backends, endpoint);
    let worst: u64 = path.iter().map(|(_, millis)| *millis).sum();
    // Without a declared timeout there is a finding about that already.
    let declared = path.iter().all(|(call, _)| {
        call.within.is_some() || backends.get(call.backend).is_some_and(|b| !b.timeout_is_default)
    });
    if worst > budget && declared {
        let slowest = path.iter().max_by_key(|(_, millis)| *millis);
        let slowest = slowest.and_then(|(call, _)| backends.get(call.backend));
        let help = match slowest {
            Some(slowest) => {
                format!("`timeout {worst}ms`, or shorten the timeout of `{}`", slowest.name)
            }
            None => format!("`timeout {worst}ms`"),
        };
        diagnostics.push(finding(endpoint, (budget, worst), &path, places).help(help));
    }
}

/// How many calls of one list run at once.
const AT_ONCE: u64 = 16;

/// The most milliseconds a call can take with all its attempts.
pub(crate) fn most(backends: &[Backend], call: &Call) -> u64 {
    let Some(backend) = backends.get(call.backend) else { return 0 };
    let repeats = call.is_safe()
        || matches!(call.method.as_str(), "PUT" | "DELETE")
        || call.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("idempotency-key"));
    let attempts = if repeats { 1 + u64::from(backend.retries) } else { 1 };
    let all = backend.timeout.most().unwrap_or(0).saturating_mul(attempts);
    let one = call.within.map_or(all, |within| within.min(all));
    // Of a list of calls, so many run at once.
    let rounds = call.each.as_ref().map_or(1, |each| each.max.div_ceil(AT_ONCE));
    one.saturating_mul(rounds)
}

/// The calls of the path through the graph that can take longest.
fn longest<'e>(backends: &[Backend], endpoint: &'e Endpoint) -> Vec<(&'e Call, u64)> {
    let calls = &endpoint.work.calls;
    let mut best: Vec<Option<Vec<(&Call, u64)>>> = vec![None; calls.len()];
    // Calls wait for others in any order of the text, never in a circle: as many rounds as calls
    // settle all of them.
    for _ in 0..calls.len() {
        for (at, call) in calls.iter().enumerate() {
            if best.get(at).is_some_and(Option::is_some) {
                continue;
            }
            let before: Option<Vec<&Vec<(&Call, u64)>>> = call
                .after
                .iter()
                .map(|source| best.get(*source).and_then(Option::as_ref))
                .collect();
            let Some(before) = before else { continue };
            let total = |path: &Vec<(&Call, u64)>| path.iter().map(|(_, ms)| *ms).sum::<u64>();
            let mut path =
                before.into_iter().max_by_key(|path| total(path)).cloned().unwrap_or_default();
            path.push((call, most(backends, call)));
            if let Some(slot) = best.get_mut(at) {
                *slot = Some(path);
            }
        }
    }
    let total = |path: &Vec<(&Call, u64)>| path.iter().map(|(_, ms)| *ms).sum::<u64>();
    best.into_iter().flatten().max_by_key(|path| total(path)).unwrap_or_default()
}

fn finding(
    endpoint: &Endpoint,
    (budget, worst): (u64, u64),
    path: &[(&Call, u64)],
    places: &Places<'_>,
) -> Diagnostic {
    let message = "the calls can take longer than the endpoint may";
    let new = |span: Span| Diagnostic::new(Code::BudgetExceeded, span, message);
    let mut diagnostic = match places.budget {
        Some(clause) if places.is_own(clause) => new(clause).label("the budget"),
        Some(clause) => {
            new(endpoint.span).label(format!("may take {}", time(budget))).see(clause, "the budget")
        }
        None => new(endpoint.span).label(format!("the built-in budget is {}", time(budget))),
    };
    for (at, (call, millis)) in path.iter().enumerate() {
        let then = if at == 0 { "" } else { "then " };
        let text = format!("{then}up to {}", time(*millis));
        diagnostic = diagnostic.see(places.backend(call), text);
    }
    let change = path.iter().rev().find(|(call, _)| !call.is_safe());
    let happens = match change {
        Some((call, _)) => {
            format!("`{}` may be done after the caller was told 504", call.operation)
        }
        None => "the caller is told 504 before the last call ends".to_owned(),
    };
    diagnostic.note(format!("worst case {}: {happens}", time(worst)))
}

impl Places<'_> {
    /// Whether the clause at `span` stands in the endpoint itself.
    fn is_own(&self, span: Span) -> bool {
        self.tree.members.iter().any(|member| member.span == span)
    }

    /// The name of the backend where `call` calls it.
    fn backend(&self, call: &Call) -> Span {
        let named = self.tree.members.iter().find_map(|member| match &member.kind {
            EndpointMemberKind::Call(tree) if member.span == call.span => Some(tree.backend.span),
            _ => None,
        });
        named.unwrap_or(call.span)
    }
}

/// `2s`, `2.3s`, `450ms`
pub(crate) fn time(millis: u64) -> String {
    match (millis / 1_000, millis % 1_000) {
        (0, _) => format!("{millis}ms"),
        (seconds, 0) => format!("{seconds}s"),
        (seconds, rest) if rest % 100 == 0 => format!("{seconds}.{}s", rest / 100),
        _ => format!("{millis}ms"),
    }
}

#[cfg(test)]
mod tests {
    use super::time;
    use crate::testing::findings;

    /// The worst case that is told of an endpoint with a budget of one millisecond.
    fn worst(work: &str) -> String {
        let text = format!(
            "api shop {{ }}
             backend one at \"http://one\" {{ timeout 300ms, retry 1 }}
             backend two at \"http://two\" {{ timeout 2s }}
             version 1 {{ POST /x -> {{ x: text }} {{ public, timeout 1ms\n{work}\n}} }}"
        );
        let found = findings(&text);
        assert_eq!(found.len(), 1, "{found:#?}");
        found[0].notes[0].clone()
    }

    #[test]
    fn the_longest_path_counts() {
        let told = "the caller is told 504 before the last call ends";
        assert_eq!(worst("a = one GET /a"), format!("worst case 600ms: {told}"));
        let parallel = "a = one GET /a, b = two GET /b, return { x: \"{a.x}{b.x}\" }";
        assert_eq!(worst(parallel), format!("worst case 2s: {told}"));
        let chain = "a = one GET /a, b = two GET /{a.x}, return { x: b.x }";
        assert_eq!(worst(chain), format!("worst case 2.6s: {told}"));
        let within = "a = one GET /a within 100ms, return { x: a.x }";
        assert_eq!(worst(within), format!("worst case 100ms: {told}"));
    }

    #[test]
    fn what_may_not_be_repeated_is_tried_once() {
        let done = "`POST /a` may be done after the caller was told 504";
        assert_eq!(worst("a = one POST /a"), format!("worst case 300ms: {done}"));
        let key = "a = one POST /a with header Idempotency-Key = \"k\"";
        assert_eq!(worst(key), format!("worst case 600ms: {done}"));
    }

    #[test]
    fn times_are_short() {
        let times = [450, 2_000, 2_300, 2_345].map(time);
        assert_eq!(times, ["450ms", "2s", "2.3s", "2345ms"]);
    }
}
