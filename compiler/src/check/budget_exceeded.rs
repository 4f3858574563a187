//! Calls that can take longer than their endpoint may, together.

use crate::contract::{Backend, Call, Contract, Endpoint};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};

pub(super) fn check(contract: &Contract, diagnostics: &mut Diagnostics) {
    for endpoint in contract.versions.iter().flat_map(|version| &version.endpoints) {
        let Some(budget) = endpoint.timeout.most() else { continue };
        let path = longest(&contract.backends, endpoint);
        let worst: u64 = path.iter().map(|(_, millis)| *millis).sum();
        // Without a declared timeout there is a finding about that already.
        let declared = path.iter().all(|(call, _)| {
            call.within.is_some()
                || contract.backends.get(call.backend).is_some_and(|b| !b.timeout_is_default)
        });
        if worst > budget && declared {
            diagnostics.push(finding(endpoint, budget, worst, &path));
        }
    }
}

/// The most milliseconds a call can take with all its attempts.
fn most(backends: &[Backend], call: &Call) -> u64 {
    let Some(backend) = backends.get(call.backend) else { return 0 };
    let repeats = call.is_safe()
        || matches!(call.method.as_str(), "PUT" | "DELETE")
        || call.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("idempotency-key"));
    let attempts = if repeats { 1 + u64::from(backend.retries) } else { 1 };
    let all = backend.timeout.most().unwrap_or(0).saturating_mul(attempts);
    call.within.map_or(all, |within| within.min(all))
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

fn finding(endpoint: &Endpoint, budget: u64, worst: u64, path: &[(&Call, u64)]) -> Diagnostic {
    let mut diagnostic = Diagnostic::new(
        Code::BudgetExceeded,
        endpoint.span,
        "the calls can take longer than the endpoint may",
    )
    .label(format!("the budget is {}", time(budget)));
    for (at, (call, millis)) in path.iter().enumerate() {
        let text = if at == 0 {
            format!("up to {}", time(*millis))
        } else {
            format!("then up to {}", time(*millis))
        };
        diagnostic = diagnostic.see(call.span, text);
    }
    let changes = path.iter().any(|(call, _)| !call.is_safe());
    let note = if changes {
        format!("worst case {}: something may be done after the caller was told 504", time(worst))
    } else {
        format!("worst case {}: the caller is told 504 before the last call ends", time(worst))
    };
    diagnostic
        .note(note)
        .help(format!("`timeout {}`, or shorten the timeouts of the backends", time(worst)))
}

fn time(millis: u64) -> String {
    if millis >= 1_000 && millis.is_multiple_of(1_000) {
        format!("{}s", millis / 1_000)
    } else {
        format!("{millis}ms")
    }
}
