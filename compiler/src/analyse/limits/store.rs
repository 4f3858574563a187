//! The store that gateways count shared limits in.

use crate::analyse::variables::{Variables, Wanted};
use crate::contract::{Setting, Store, VariableKind, Version, Want};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use gatewright_grammar::Span;
use gatewright_grammar::tree;
use std::cell::RefCell;

/// How long a request waits for a store where nothing is declared, in milliseconds.
const TIMEOUT: u64 = 50;
/// The longest that a request can wait for one.
const MOST: u64 = 1_000;

/// The store of a contract. One that nothing is counted in is refused, and so are limits that are shared
/// without one: each gateway would count for itself.
pub(super) fn store(
    written: Option<&tree::Store>,
    versions: &[Version],
    variables: &RefCell<Variables>,
    diagnostics: &mut Diagnostics,
) -> Option<Store> {
    let endpoints = versions.iter().flat_map(|version| &version.endpoints);
    let limits = endpoints.flat_map(|endpoint| &endpoint.terms.limits);
    let mut shared: Vec<Span> =
        limits.filter(|limit| limit.shared).map(|limit| limit.span).collect();
    shared.sort_unstable_by_key(|span| (span.file, span.start));
    shared.dedup();
    let Some(written) = written else {
        shared.into_iter().for_each(|span| diagnostics.push(nowhere(span)));
        return None;
    };
    if shared.is_empty() && !diagnostics.has_errors() {
        diagnostics.push(idle(written));
    }
    let timeout = timeout(written, diagnostics)?;
    let about = "store that gateways count together in, `redis://` or `rediss://`".to_owned();
    if written.from.options.is_some() {
        diagnostics.push(fixed(&written.from));
        return None;
    }
    let wanted = Wanted { kind: VariableKind::Secret, about };
    variables.borrow_mut().wanted(&written.from, wanted, Want::Store, diagnostics)?;
    let authorities = match &written.authorities {
        Some(from) => Some(authorities(from, variables, diagnostics)?),
        None => None,
    };
    let refuse = written.away.as_ref().is_some_and(|word| word.text == "refuse");
    let variable = written.from.name.text.clone();
    Some(Store { variable, authorities, timeout, refuse, span: written.from.span })
}

/// The variable with the authorities whose certificates a store shows.
fn authorities(
    from: &tree::EnvValue,
    variables: &RefCell<Variables>,
    diagnostics: &mut Diagnostics,
) -> Option<String> {
    let about = "authorities in PEM whose certificates the store shows".to_owned();
    let wanted = Wanted { kind: VariableKind::Text, about };
    match variables.borrow_mut().used(from, wanted, diagnostics)? {
        Setting::Env { name, .. } => Some(name),
        Setting::Fixed(_) => None,
    }
}

fn timeout(written: &tree::Store, diagnostics: &mut Diagnostics) -> Option<u64> {
    let Some(time) = &written.timeout else { return Some(TIMEOUT) };
    if (1..=MOST).contains(&time.millis) {
        return Some(time.millis);
    }
    diagnostics.push(
        Diagnostic::new(Code::InvalidClause, time.span, "this is no time to wait for a store")
            .label(format!("1ms to {MOST}ms are wanted"))
            .note("requests to endpoints with shared limits wait for the store before anything else is done")
            .help(format!("write a few times what the store needs, or nothing: then it is {TIMEOUT}ms")),
    );
    None
}

fn nowhere(span: Span) -> Diagnostic {
    Diagnostic::new(Code::InvalidClause, span, "`shared` needs a store that gateways count in")
        .label("every gateway would count for itself")
        .help("add `store env REDIS_URL` to the `api` block, or delete `shared`")
}

fn idle(written: &tree::Store) -> Diagnostic {
    Diagnostic::new(Code::InvalidClause, written.from.span, "nothing is counted in this store")
        .label("no limit of the contract is `shared`")
        .help(
            "write `shared` behind limits that gateways are to count together, or delete the store",
        )
}

fn fixed(from: &tree::EnvValue) -> Diagnostic {
    Diagnostic::new(Code::InvalidClause, from.span, "the address of a store has no default")
        .label("it may hold a password, which everybody who reads the contract would know")
        .help(format!("write `env {}`", from.name.text))
}
