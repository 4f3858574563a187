//! A contract without some of its versions: drafts, or those that are not served any more.

use super::cors::{Cors, Origin};
use super::{Backend, Checked, Contract, Endpoint, Setting, Version};
use std::sync::Arc;

impl Checked {
    /// The contract as callers may rely on it: without drafts, and without what only drafts use.
    #[must_use]
    pub fn without_drafts(&self) -> Checked {
        let mut contract = self.0.clone();
        contract.keep(|version| !version.draft);
        Checked(contract)
    }
}

impl Contract {
    /// The contract with these versions alone, and without what only others use.
    #[must_use]
    pub fn only(&self, labels: &[String]) -> Contract {
        let mut contract = self.clone();
        contract.keep(|version| labels.contains(&version.label));
        contract
    }

    /// Takes out the versions that are not to be kept, and what only they use.
    pub(crate) fn keep(&mut self, wanted: impl Fn(&Version) -> bool) {
        if self.versions.iter().all(&wanted) {
            return;
        }
        let whole = self.clone();
        versions(self, wanted);
        backends(self, &whole);
    }
}

/// Takes out versions, with the cases and the uses that are about them.
fn versions(contract: &mut Contract, wanted: impl Fn(&Version) -> bool) {
    let places = places(contract.versions.iter().map(&wanted));
    let place = |old: usize| places.get(old).copied().flatten();
    contract.versions.retain(wanted);
    contract.cases.retain_mut(|case| match case.endpoint {
        None => true,
        Some((version, endpoint)) => {
            case.endpoint = place(version).map(|version| (version, endpoint));
            case.endpoint.is_some()
        }
    });
    for consumer in &mut contract.consumers {
        consumer.uses.retain_mut(|used| {
            let kept = place(used.version);
            used.version = kept.unwrap_or(used.version);
            kept.is_some()
        });
    }
}

/// Takes out backends that only other versions of `whole` call, with their variables.
fn backends(contract: &mut Contract, whole: &Contract) {
    let called = called(&contract.versions);
    let by_others = self::called(&whole.versions);
    let count = contract.backends.len();
    let keep = |at: usize| called.contains(&at) || !by_others.contains(&at);
    let places = places((0..count).map(keep));
    let place = |old: usize| places.get(old).copied().flatten();
    let mut gone: Vec<String> = contract
        .backends
        .iter()
        .enumerate()
        .filter(|(at, _)| !keep(*at))
        .flat_map(|(_, backend)| variables(backend))
        .collect();
    gone.extend(whole.versions.iter().flat_map(|version| &version.endpoints).flat_map(read_by));
    let mut at = 0..count;
    contract.backends.retain(|_| at.next().is_some_and(keep));
    for version in &mut contract.versions {
        for call in
            version.endpoints.iter_mut().flat_map(|one| &mut Arc::make_mut(&mut one.work).calls)
        {
            call.backend = place(call.backend).unwrap_or(call.backend);
            call.copies = call.copies.and_then(place);
        }
    }
    for case in &mut contract.cases {
        for mock in &mut case.mocks {
            mock.backend = place(mock.backend).unwrap_or(mock.backend);
        }
        case.never.retain_mut(|(backend, _)| {
            let kept = place(*backend);
            *backend = kept.unwrap_or(*backend);
            kept.is_some()
        });
    }
    let endpoints = contract.versions.iter().flat_map(|version| &version.endpoints);
    let mut read: Vec<String> = endpoints.flat_map(read_by).collect();
    read.extend(contract.backends.iter().flat_map(variables));
    read.extend(contract.cors.iter().flat_map(origins));
    contract.variables.retain(|one| !gone.contains(&one.name) || read.contains(&one.name));
}

/// Where everything is that is kept.
fn places(kept: impl Iterator<Item = bool>) -> Vec<Option<usize>> {
    let mut next = 0;
    kept.map(|kept| {
        kept.then(|| {
            next += 1;
            next - 1
        })
    })
    .collect()
}

/// The backends that versions call, as indices.
fn called(versions: &[Version]) -> Vec<usize> {
    let endpoints = versions.iter().flat_map(|version| &version.endpoints);
    let calls = endpoints.flat_map(|endpoint| &endpoint.work.calls);
    calls.flat_map(|call| [Some(call.backend), call.copies]).flatten().collect()
}

/// The variables that a backend reads.
fn variables(backend: &Backend) -> Vec<String> {
    let mut found = Vec::new();
    found.extend(variable(&backend.address));
    found.extend(variable(&backend.timeout));
    found.extend(backend.authorities.clone());
    found.extend(backend.certificate.clone().into_iter().flat_map(|(chain, key)| [chain, key]));
    found.extend(backend.token.iter().flat_map(|token| {
        let named = [&token.url, &token.secret].map(Clone::clone);
        let settings = [variable(&token.client), token.audience.as_ref().and_then(variable)];
        named.into_iter().chain(settings.into_iter().flatten()).collect::<Vec<_>>()
    }));
    found.extend(backend.headers.iter().filter_map(|(_, value)| variable(value)));
    found
}

/// The variables that an endpoint reads.
fn read_by(endpoint: &Endpoint) -> Vec<String> {
    let values = endpoint.work.environment.iter().map(|one| one.name.clone());
    let pages = endpoint.cors.iter().flat_map(origins);
    values.chain(variable(&endpoint.timeout)).chain(pages).collect()
}

/// The variables that say whose pages may call.
fn origins(cors: &Cors) -> Vec<String> {
    let origins = cors.origins.iter().flatten();
    let names = origins.filter_map(|origin| match origin {
        Origin::Variable(name) => Some(name.clone()),
        Origin::Exact(_) | Origin::Label(..) => None,
    });
    names.collect()
}

fn variable<T>(setting: &Setting<T>) -> Option<String> {
    match setting {
        Setting::Env { name, .. } => Some(name.clone()),
        Setting::Fixed(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::contract::{Checked, Contract};
    use crate::testing::check;

    const TEXT: &str = "backend idle at env IDLE_URL { timeout 1s }
        backend fresh at env FRESH_URL { timeout 1s, send header X-Key = env KEY }
        backend stock at env STOCK_URL { timeout 1s, send header X-Key = env KEY }
        version 9 draft { GET /new -> { a: int } { public, x = fresh GET /x, return x } }
        version 1 { GET /old -> { a: int } { public, x = stock GET /x, return x } }
        consumer web uses v1 { GET /old }, v9 { GET /new }
        case \"new\" { when GET /v9/new\n fresh GET /x -> 200 { a: 1 }\n then 200 { a: 1 } }
        case \"old\" {
          when GET /v1/old
          stock GET /x -> 200 { a: 1 }
          fresh never
          then 200 { a: 1 }
        }";

    fn names<'c, T: 'c>(all: &'c [T], name: impl Fn(&'c T) -> &'c str) -> Vec<&'c str> {
        all.iter().map(name).collect()
    }

    #[test]
    fn what_is_about_drafts_goes_and_the_rest_finds_its_place() {
        let whole = check(TEXT);
        let Checked(Contract { versions, backends, cases, consumers, variables, .. }) =
            &Checked(whole).without_drafts();
        assert_eq!(names(versions, |one| &one.label), ["1"]);
        assert_eq!(names(backends, |one| &one.name), ["one", "two", "idle", "stock"]);
        assert_eq!(versions[0].endpoints[0].work.calls[0].backend, 3);
        assert_eq!(names(cases, |one| &one.title), ["old"]);
        assert_eq!(cases[0].endpoint, Some((0, 0)));
        assert_eq!((cases[0].mocks[0].backend, cases[0].never.len()), (3, 0));
        let uses: Vec<usize> = consumers[0].uses.iter().map(|used| used.version).collect();
        assert_eq!(uses, [0]);
        let mut known = names(variables, |one| &one.name);
        known.sort_unstable();
        assert_eq!(known, ["IDLE_URL", "KEY", "STOCK_URL"]);
    }
}
