//! Terms: who may call, how often, how old answers may be, which pages may read them.

use super::{Change, Side, Verdict, Whom};
use crate::contract::terms::{ANY_ORIGIN, Access, Across, By, Cache, Keys, Limit, Scheme, Terms};
use crate::contract::{Endpoint, Setting};

/// What changed about the terms of one endpoint.
pub(super) fn compare(
    (old, before): (Side<'_>, &Endpoint),
    (new, after): (Side<'_>, &Endpoint),
) -> Vec<Change> {
    let (was, is) = (&before.terms, &after.terms);
    let mut found = access((old, was), (new, is));
    found.extend(limits(&was.limits, &is.limits));
    found.extend(cache(was.cache, is.cache));
    found.extend(origins(was, is));
    for change in &mut found {
        change.old = change.old.or(Some(before.span));
        change.new = change.new.or(Some(after.span));
    }
    found
}

/// For those who run the gateway: what was kept from some is not any more.
fn exposed(mut change: Change, note: &str) -> Change {
    (change.verdict, change.whom) = (Verdict::Risky, Whom::Operators);
    change.note(note)
}

fn access((old, was): (Side<'_>, &Terms), (new, is): (Side<'_>, &Terms)) -> Vec<Change> {
    let change = |id: &str| Change::new(id, None).place("auth");
    let (any, scopes, claims) = match (&was.access, &is.access) {
        (Access::Public, Access::Public) => return Vec::new(),
        (Access::Public, Access::Schemes { any, .. }) => {
            let added = change("auth/added");
            return vec![added.spelled("public".to_owned(), any.join(" or "))];
        }
        (Access::Schemes { any, .. }, Access::Public) => {
            let removed = change("auth/removed").spelled(any.join(" or "), "public".to_owned());
            let exposed = exposed(removed.clone(), "everybody can call from here on");
            return vec![removed, exposed];
        }
        (Access::Schemes { any: a, claims: c, .. }, Access::Schemes { any: x, claims: z, .. }) => {
            ((a, x), (granted(&was.access), granted(&is.access)), (c, z))
        }
    };
    let mut found = alternatives((old, any.0), (new, any.1));
    for scope in scopes.1.iter().filter(|scope| !scopes.0.contains(scope)) {
        found.push(change("auth/scope-added").spelled(None, scope.clone()));
    }
    for scope in scopes.0.iter().filter(|scope| !scopes.1.contains(scope)) {
        let removed = change("auth/scope-removed").spelled(scope.clone(), None);
        found.push(exposed(removed.clone(), "callers without the scope get answers from here on"));
        found.push(removed);
    }
    // Of what is published, only who may call is known, and not what is read of them.
    let known = !old.version.promised && !new.version.promised;
    for (claim, sent) in claims.1.iter().filter(|_| known) {
        let same = |other: &&(String, bool)| other.0 == *claim;
        if !claims.0.iter().any(|other| same(&other)) {
            found.push(change("auth/claim-required").spelled(None, claim.clone()));
        }
        if *sent && !claims.0.iter().any(|other| same(&other) && other.1) {
            found.push(change("wire/claim-forwarded").spelled(None, claim.clone()));
        }
    }
    found
}

/// Schemes of either side; one that only has another name is the same.
fn alternatives(
    (old, was): (Side<'_>, &[String]),
    (new, is): (Side<'_>, &[String]),
) -> Vec<Change> {
    let change = |id: &str| Change::new(id, None).place("auth");
    let gone: Vec<&String> = was.iter().filter(|one| !is.contains(one)).collect();
    let came: Vec<&String> = is.iter().filter(|one| !was.contains(one)).collect();
    let named = |side: Side<'_>, name: &str| {
        side.contract.schemes.iter().find(|one| one.name == name).cloned()
    };
    if let ([a], [b]) = (gone.as_slice(), came.as_slice()) {
        let (before, after) = (named(old, a), named(new, b));
        let kind = |one: &Option<Scheme>| one.as_ref().map(self::kind);
        if kind(&before) != kind(&after) {
            let one = change("auth/scheme-changed");
            return vec![one.spelled((*a).clone(), (*b).clone())];
        }
        if let (Some(before), Some(after)) = (before, after) {
            return scheme(&before, &after);
        }
    }
    let came = came.into_iter();
    let mut found: Vec<Change> =
        came.map(|one| change("auth/alternative-added").spelled(None, one.clone())).collect();
    found.extend(
        gone.into_iter().map(|one| change("auth/alternative-removed").spelled(one.clone(), None)),
    );
    found
}

/// What changed about the schemes of one name.
pub(super) fn schemes(old: &[Scheme], new: &[Scheme]) -> Vec<Change> {
    let pairs = new.iter().filter_map(|one| {
        let other = old.iter().find(|other| other.name == one.name)?;
        Some(scheme(other, one))
    });
    pairs.flatten().collect()
}

fn scheme(old: &Scheme, new: &Scheme) -> Vec<Change> {
    let mut found = Vec::new();
    let place = format!("auth {}", new.name);
    let change = |id: &str| Change::new(id, None).place(place.clone()).at(old.span, new.span);
    if kind(old) != kind(new) {
        found.push(change("auth/scheme-changed").spelled(kind(old), kind(new)));
    }
    if old.header != new.header {
        found.push(change("auth/location-changed").spelled(old.header.clone(), new.header.clone()));
    }
    let issued = |one: &Scheme| (one.issuers.clone(), one.audiences.clone());
    if issued(old) != issued(new) {
        let words = |one: &Scheme| {
            let words: Vec<String> = one.issuers.iter().chain(&one.audiences).map(said).collect();
            Some(words.join(", ")).filter(|text| !text.is_empty())
        };
        found.push(change("auth/issuer-changed").spelled(words(old), words(new)));
    }
    if new.leeway < old.leeway {
        let time = |one: &Scheme| format!("{}ms", one.leeway);
        found.push(change("auth/leeway-shortened").spelled(time(old), time(new)));
    }
    found
}

/// What a caller must have been granted: scopes, and roles as `role buyer`.
fn granted(access: &Access) -> Vec<String> {
    match access {
        Access::Public => Vec::new(),
        Access::Schemes { scopes, roles, .. } => {
            let roles = roles.iter().map(|role| format!("role {role}"));
            scopes.iter().cloned().chain(roles).collect()
        }
    }
}

/// How callers say who they are: tokens that both sides have a secret for are another way than
/// those that everybody can check.
fn kind(scheme: &Scheme) -> String {
    match &scheme.keys {
        Some(Keys::Secret(_)) => format!("{} with a secret", scheme.kind.word()),
        _ => scheme.kind.word().to_owned(),
    }
}

/// A text, or a variable by its name.
fn said(setting: &Setting<String>) -> String {
    match setting {
        Setting::Fixed(text) => text.clone(),
        Setting::Env { name, .. } => format!("env {name}"),
    }
}

fn limits(old: &[Limit], new: &[Limit]) -> Vec<Change> {
    let mut found = Vec::new();
    let mut gone: Vec<&Limit> = Vec::new();
    let mut came: Vec<&Limit> = new.iter().collect();
    for limit in old {
        let alike = |other: &&Limit| other.by == limit.by && other.across == limit.across;
        let same = came.iter().position(alike);
        match same.or_else(|| came.iter().position(|other| other.by == limit.by)) {
            Some(at) => found.extend(limit_change(limit, came.remove(at))),
            None => gone.push(limit),
        }
    }
    if let ([a], [b]) = (gone.as_slice(), came.as_slice()) {
        let change = Change::new("limit/key-changed", None).place("limit");
        found.push(change.spelled(counted(a), counted(b)).at(a.span, b.span));
        found.extend(limit_change(a, b));
        return found;
    }
    for limit in gone {
        let change = Change::new("limit/removed", None).place("limit");
        found.push(change.spelled(counted(limit), None).at(limit.span, None));
    }
    for limit in came {
        let change = Change::new("limit/added", None).place("limit");
        found.push(change.spelled(None, counted(limit)).at(None, limit.span));
    }
    found
}

/// Two limits of the same calls: by their rate in the long run, by how many may come at once, and by
/// what is counted together.
fn limit_change(old: &Limit, new: &Limit) -> Option<Change> {
    let rate = |one: &Limit, other: &Limit| u128::from(one.calls) * u128::from(other.period);
    let burst = Limit::at_once;
    let together = |one: &Limit| (one.across != Across::Endpoint, one.shared);
    let joined = |a: &Limit, b: &Limit| {
        let (a, b) = (together(a), together(b));
        (b.0 && !a.0) || (b.1 && !a.1)
    };
    let fewer = rate(new, old) < rate(old, new) || burst(new) < burst(old) || joined(old, new);
    let more = rate(new, old) > rate(old, new) || burst(new) > burst(old) || joined(new, old);
    let id = match (fewer, more) {
        (true, _) => "limit/tightened",
        (false, true) => "limit/loosened",
        (false, false) => return None,
    };
    let change = Change::new(id, None).place("limit");
    Some(change.spelled(counted(old), counted(new)).at(old.span, new.span))
}

/// `50/s burst 10 per ip across api`
fn counted(limit: &Limit) -> String {
    let mut text = limit.text.clone();
    if let Some(burst) = limit.burst {
        text.push_str(&format!(" burst {burst}"));
    }
    if limit.by != By::All {
        text.push_str(&format!(" per {}", limit.by));
    }
    if let Some(word) = limit.across.word() {
        text.push_str(&format!(" across {word}"));
    }
    if limit.shared {
        text.push_str(" shared");
    }
    text
}

fn cache(old: Option<Cache>, new: Option<Cache>) -> Vec<Change> {
    let spelled = |cache: Cache| {
        let stale =
            if cache.stale > 0 { format!(" stale {}ms", cache.stale) } else { String::new() };
        let private = if cache.private { "private " } else { "" };
        format!("{private}{}ms{stale}", cache.fresh)
    };
    let change = |id: &str| {
        Change::new(id, None)
            .place("cache")
            .spelled(old.map(spelled), new.map(spelled))
            .at(old.map(|one| one.span), new.map(|one| one.span))
    };
    match (old, new) {
        (None, None) => Vec::new(),
        (None, Some(_)) => vec![change("cache/added")],
        (Some(_), None) => vec![change("cache/removed")],
        (Some(was), Some(is)) => {
            let mut found = Vec::new();
            if is.fresh > was.fresh
                || is.fresh.saturating_add(is.stale) > was.fresh.saturating_add(was.stale)
            {
                found.push(change("cache/longer"));
            } else if (is.fresh, is.stale) != (was.fresh, was.stale) {
                found.push(change("cache/shorter"));
            }
            if was.private && !is.private {
                found.push(change("cache/shared"));
            }
            found
        }
    }
}

fn origins(old: &Terms, new: &Terms) -> Vec<Change> {
    let apart = |a: &[String], b: &[String]| -> Vec<String> {
        a.iter().filter(|one| !b.contains(one)).cloned().collect()
    };
    let any = |terms: &Terms| terms.origins.iter().any(|one| one == ANY_ORIGIN);
    let named = |one: &String| one.contains("://") || one.starts_with("env ");
    // Whoever was named before is meant by `any`, too.
    let mut gone = apart(&old.origins, &new.origins);
    gone.retain(|one| !(any(new) && named(one)));
    let mut came = apart(&new.origins, &old.origins);
    came.retain(|one| !(any(old) && named(one)));
    let mut found = Vec::new();
    if !gone.is_empty() {
        let change = Change::new("cors/narrowed", None).place("cors");
        found.push(change.spelled(gone.join(", "), None));
    }
    if !came.is_empty() {
        let change = Change::new("cors/widened", None).place("cors");
        found.push(change.spelled(None, came.join(", ")));
    }
    found
}
