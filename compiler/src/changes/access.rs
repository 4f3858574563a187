//! Who may call: ways to say who calls, what must be known of callers, and what they must hold.

use super::types::Compare;
use super::{Change, Position, Side, Verdict, Whom};
use crate::contract::terms::{Access, Keys, Scheme};
use crate::contract::{Caller, Setting, Type};

/// What changed about who may call one endpoint.
pub(super) fn compare(
    (old, was): (Side<'_>, &Access),
    (new, is): (Side<'_>, &Access),
) -> Vec<Change> {
    let (a, x) = match (was, is) {
        (Access::Public, Access::Public) => return Vec::new(),
        (Access::Public, Access::Schemes { any, .. }) => {
            return vec![change("auth/added").spelled("public".to_owned(), any.join(" or "))];
        }
        (Access::Schemes { any, .. }, Access::Public) => {
            let removed = change("auth/removed").spelled(any.join(" or "), "public".to_owned());
            let exposed = exposed(removed.clone(), "everybody can call from here on");
            return vec![removed, exposed];
        }
        (Access::Schemes { any: a, .. }, Access::Schemes { any: x, .. }) => (a, x),
    };
    let mut found = alternatives((old, a), (new, x));
    let (had, has) = (granted(was), granted(is));
    for scope in has.iter().filter(|scope| !had.contains(scope)) {
        found.push(change("auth/scope-added").spelled(None, scope.clone()));
    }
    for scope in had.iter().filter(|scope| !has.contains(scope)) {
        let removed = change("auth/scope-removed").spelled(scope.clone(), None);
        found.push(exposed(removed.clone(), "callers without the scope get answers from here on"));
        found.push(removed);
    }
    // Of what is published, only who may call is known, and not what is read of them.
    if !old.version.promised && !new.version.promised {
        found.extend(forwarded(was, is));
    }
    found
}

fn change(id: &str) -> Change {
    Change::new(id, None).place("auth")
}

/// For those who run the gateway: what was kept from some is not any more.
fn exposed(mut change: Change, note: &str) -> Change {
    (change.verdict, change.whom) = (Verdict::Risky, Whom::Operators);
    change.note(note)
}

/// Claims that leave for a backend, and did not.
fn forwarded(was: &Access, is: &Access) -> Vec<Change> {
    let sent = |access: &Access| -> Vec<String> {
        match access {
            Access::Public => Vec::new(),
            Access::Schemes { claims, .. } => {
                claims.iter().filter(|one| one.1).map(|one| one.0.clone()).collect()
            }
        }
    };
    let before = sent(was);
    let came = sent(is).into_iter().filter(|one| !before.contains(one));
    came.map(|claim| change("wire/claim-forwarded").spelled(None, claim)).collect()
}

/// Ways of either side: those of one name are compared; of the others, one that says the same is the
/// same.
fn alternatives(
    (old, was): (Side<'_>, &[String]),
    (new, is): (Side<'_>, &[String]),
) -> Vec<Change> {
    let mut found = Vec::new();
    let mut came: Vec<&String> = is.iter().collect();
    let mut gone: Vec<&String> = Vec::new();
    for name in was {
        let at = came
            .iter()
            .position(|other| *other == name)
            .or_else(|| came.iter().position(|other| own(other) == own(name)));
        match at.map(|at| came.remove(at)) {
            Some(other) => found.extend(pair((old, name), (new, other))),
            None => gone.push(name),
        }
    }
    gone.retain(|name| {
        let same = |other: &&String| pair((old, name), (new, other)).is_empty();
        let at = came.iter().position(same);
        at.map(|at| came.remove(at)).is_none()
    });
    if let ([a], [b]) = (gone.as_slice(), came.as_slice()) {
        let kinds = (named(old, a).map(|one| kind(&one.scheme)), named(new, b));
        if kinds.0 != kinds.1.map(|one| kind(&one.scheme)) {
            let one = change("auth/scheme-changed");
            found.push(one.spelled((*a).clone(), (*b).clone()));
        } else {
            found.extend(pair((old, a), (new, b)));
        }
        return found;
    }
    let came = came.into_iter();
    found.extend(came.map(|one| change("auth/alternative-added").spelled(None, one.clone())));
    let gone = gone.into_iter();
    found.extend(gone.map(|one| change("auth/alternative-removed").spelled(one.clone(), None)));
    found
}

/// The name without the directory that declares it.
fn own(name: &str) -> &str {
    name.rsplit(['.', '/']).next().unwrap_or_default()
}

fn named<'c>(side: Side<'c>, name: &str) -> Option<&'c Caller> {
    side.version.callers.iter().find(|one| one.scheme.name == name)
}

/// What changed from one `auth` block to another; nothing where one of them is not known.
fn pair((old, a): (Side<'_>, &str), (new, b): (Side<'_>, &str)) -> Vec<Change> {
    let (Some(was), Some(is)) = (named(old, a), named(new, b)) else { return Vec::new() };
    let mut found = scheme(&was.scheme, &is.scheme);
    if let (Some(before), Some(after)) = (&was.claims, &is.claims) {
        let place = format!("auth {}", is.scheme.name);
        found.extend(claims((old, before), (new, after), &place));
    }
    found
}

fn scheme(old: &Scheme, new: &Scheme) -> Vec<Change> {
    let mut found = Vec::new();
    let place = format!("auth {}", new.name);
    let change = |id: &str| Change::new(id, None).place(place.clone()).at(old.span, new.span);
    if kind(old) != kind(new) {
        found.push(change("auth/scheme-changed").spelled(kind(old), kind(new)));
        return found;
    }
    if old.header != new.header {
        found.push(change("auth/location-changed").spelled(old.header.clone(), new.header.clone()));
    }
    for (word, was, is) in
        [("issuer", &old.issuers, &new.issuers), ("audience", &old.audiences, &new.audiences)]
    {
        found.extend(accepted(word, was, is).map(|(verdict, was, is)| {
            let mut one = change("auth/issuer-changed").spelled(was, is);
            one.verdict = verdict;
            one
        }));
    }
    if new.leeway < old.leeway {
        let time = |one: &Scheme| format!("leeway {}ms", one.leeway);
        found.push(change("auth/leeway-shortened").spelled(time(old), time(new)));
    }
    if let (Some((variable, _)), None) = (&old.revoked, &new.revoked) {
        let removed =
            change("auth/revoked-removed").spelled(format!("revoked env {variable}"), None);
        found.push(removed.note("tokens that were taken back let callers in until they end"));
    }
    found
}

/// Whether tokens that were accepted are refused: by one name less, or by any where none was needed.
/// More of them take nothing away.
fn accepted(
    word: &str,
    was: &[Setting<String>],
    is: &[Setting<String>],
) -> Option<(Verdict, Option<String>, Option<String>)> {
    let spelled = |all: &[Setting<String>]| {
        let words: Vec<String> = all.iter().map(said).collect();
        (!words.is_empty()).then(|| format!("{word} {}", words.join(" or ")))
    };
    let within = |some: &[Setting<String>], all: &[Setting<String>]| {
        all.is_empty() || (!some.is_empty() && some.iter().all(|one| all.contains(one)))
    };
    let verdict = match (within(was, is), within(is, was)) {
        (true, true) => return None,
        (true, false) => Verdict::Additive,
        (false, _) => Verdict::Breaking,
    };
    Some((verdict, spelled(was), spelled(is)))
}

/// What must be known of callers. A claim that nobody asks for any more takes nothing away, and what
/// a type is called is seen by nobody.
fn claims((old, was): (Side<'_>, &Type), (new, is): (Side<'_>, &Type), place: &str) -> Vec<Change> {
    let mut compare = Compare::of((old, new), (true, true), Position::Request);
    let mut found = Vec::new();
    for difference in compare.types(was, is) {
        let one = Change::of_types(&difference, Position::Request, place);
        match one.rule.id {
            "field/removed" | "type/renamed" | "type/inlined" => {}
            "field/added-required" | "field/became-required" => {
                let required = Change::new("auth/claim-required", None).place(one.place);
                found.push(required.spelled(one.was, one.is).at(one.old, one.new));
            }
            _ => found.push(one),
        }
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
        Setting::Fixed(text) => format!("\"{text}\""),
        Setting::Env { name, .. } => format!("env {name}"),
    }
}
