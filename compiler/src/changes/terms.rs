//! Terms: how often something may be called, how old answers may be, which pages may read them.

use super::{Change, Side, access};
use crate::contract::Endpoint;
use crate::contract::terms::{ANY_ORIGIN, Across, By, Cache, Limit, Terms};

/// What changed about the terms of one endpoint.
pub(super) fn compare(
    (old, before): (Side<'_>, &Endpoint),
    (new, after): (Side<'_>, &Endpoint),
) -> Vec<Change> {
    let (was, is) = (&before.terms, &after.terms);
    let mut found = access::compare((old, &was.access), (new, &is.access));
    found.extend(limits(&was.limits, &is.limits));
    found.extend(cache(was.cache, is.cache));
    found.extend(origins(was, is));
    for change in &mut found {
        change.old = change.old.or(Some(before.span));
        change.new = change.new.or(Some(after.span));
    }
    found
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
