//! Parameters and bodies of requests.

use super::sets::Position;
use super::types::Compare;
use super::{Change, Side, Verdict};
use crate::contract::endpoint::{Param, ParamKind, Place, Presence};
use crate::contract::types::{Kind, Type};
use crate::contract::{Endpoint, Success};

/// What changed about path, query and header parameters.
pub(super) fn params(
    (old_side, old): (Side<'_>, &Endpoint),
    (new_side, new): (Side<'_>, &Endpoint),
) -> Vec<Change> {
    let mut found = Vec::new();
    let mut came: Vec<&Param> = new.params.iter().filter(|one| !one.place.is_in_path()).collect();
    let mut gone = Vec::new();
    for param in &old.params {
        let other = if param.place.is_in_path() {
            new.params.iter().find(|other| place(other, new_side) == place(param, old_side))
        } else {
            let at = came.iter().position(|other| same_name(param, other));
            at.map(|at| came.remove(at))
        };
        match other {
            Some(other) => found.extend(param_change((old_side, param), (new_side, other))),
            None if param.place.is_in_path() => {}
            None => gone.push(param),
        }
    }
    for param in gone {
        let at = came.iter().position(|other| is_successor(param, other));
        match at.map(|at| came.remove(at)) {
            Some(other) if param.wire == other.wire => {
                found.push(
                    change("param/relocated", param, other).spelled(word(param), word(other)),
                );
            }
            Some(other) => {
                found.push(change("param/renamed", param, other).spelled(word(param), word(other)));
            }
            None => found.push(removed(param, new)),
        }
    }
    found.extend(came.into_iter().map(|param| added(param, old)));
    let strictness = [
        (old.ignore_params, new.ignore_params, "param"),
        (old.ignore_fields, new.ignore_fields, "body"),
    ];
    for (was, is, area) in strictness {
        if was != is && (area == "param" || (old.body.is_some() && new.body.is_some())) {
            let word = |ignored: bool| if ignored { "ignored" } else { "refused" }.to_owned();
            let id = format!("{area}/strictness-{}", if is { "lowered" } else { "raised" });
            let what = if area == "param" { "unknown params" } else { "unknown fields" };
            found.push(
                Change::new(&id, None)
                    .place(what)
                    .spelled(word(was), word(is))
                    .at(old.span, new.span),
            );
        }
    }
    found
}

/// Where a parameter of a path stands behind the version's prefix: segment, value in it.
fn place(param: &Param, side: Side<'_>) -> Option<(usize, usize)> {
    let behind = |at: usize| at.checked_sub(side.version.prefix.len());
    match param.place {
        Place::Path(at) | Place::Rest(at) => Some((behind(at)?, 0)),
        Place::Part(at, part) => Some((behind(at)?, part)),
        Place::Query | Place::Header | Place::Cookie => None,
    }
}

fn same_name(old: &Param, new: &Param) -> bool {
    match (old.place, new.place) {
        (Place::Query, Place::Query) | (Place::Cookie, Place::Cookie) => old.wire == new.wire,
        (Place::Header, Place::Header) => old.wire.eq_ignore_ascii_case(&new.wire),
        (
            Place::Path(_)
            | Place::Part(..)
            | Place::Rest(_)
            | Place::Query
            | Place::Header
            | Place::Cookie,
            Place::Path(_)
            | Place::Part(..)
            | Place::Rest(_)
            | Place::Query
            | Place::Header
            | Place::Cookie,
        ) => false,
    }
}

/// Whether one may have become the other: the same name elsewhere, or a name much alike.
fn is_successor(old: &Param, new: &Param) -> bool {
    let alike = old.place == new.place && strsim::jaro_winkler(&old.wire, &new.wire) >= 0.82;
    let rule = |param: &Param| match &param.kind {
        ParamKind::One(scalar) => (scalar.rule.clone(), false),
        ParamKind::Many(scalar, _) => (scalar.rule.clone(), true),
    };
    (old.wire == new.wire || alike) && rule(old) == rule(new)
}

fn word(param: &Param) -> String {
    match param.place {
        Place::Path(_) | Place::Part(..) | Place::Rest(_) => format!("path {}", param.wire),
        Place::Query => format!("query {}", param.wire),
        Place::Header => format!("header {}", param.wire),
        Place::Cookie => format!("cookie {}", param.wire),
    }
}

fn change(id: &str, old: &Param, new: &Param) -> Change {
    Change::new(id, None).place(word(old)).at(old.span, new.span)
}

fn removed(param: &Param, new: &Endpoint) -> Change {
    // Of header fields and cookies, those that are not declared are ignored everywhere.
    let elsewhere = matches!(param.place, Place::Header | Place::Cookie);
    let ignored = new.ignore_params || elsewhere;
    let verdict = if ignored { Verdict::Risky } else { Verdict::Breaking };
    let change =
        Change::new("param/removed", Some(verdict)).place(word(param)).at(param.span, None);
    let change = change.spelled(word(param), None);
    if ignored { change.note("who sends it gets another answer, and no error") } else { change }
}

fn added(param: &Param, old: &Endpoint) -> Change {
    let required = param.presence == Presence::Required;
    let id = if required { "param/added-required" } else { "param/added-optional" };
    // Until now it had no meaning, and may have been sent.
    let risky = !required && old.ignore_params;
    Change::new(id, risky.then_some(Verdict::Risky))
        .place(word(param))
        .spelled(None, word(param))
        .at(None, param.span)
}

fn param_change(
    (old_side, old): (Side<'_>, &Param),
    (new_side, new): (Side<'_>, &Param),
) -> Vec<Change> {
    let mut found = Vec::new();
    let place = word(old);
    if old.place.is_in_path() && old.wire != new.wire {
        found.push(
            change("endpoint/param-renamed", old, new).spelled(old.wire.clone(), new.wire.clone()),
        );
    }
    if old.by_comma != new.by_comma {
        let word = |by_comma| if by_comma { "by comma" } else { "repeated" }.to_owned();
        let words = (word(old.by_comma), word(new.by_comma));
        found.push(change("param/encoding-changed", old, new).spelled(words.0, words.1));
    }
    match (&old.presence, &new.presence) {
        (Presence::Required, Presence::Optional | Presence::Default(_)) => {
            found.push(change("param/became-optional", old, new));
        }
        (Presence::Optional | Presence::Default(_), Presence::Required) => {
            found.push(change("param/became-required", old, new));
        }
        (was, is) if was != is => {
            let text = |presence: &Presence| match presence {
                Presence::Default(value) => value.json(),
                Presence::Required | Presence::Optional => "no default".to_owned(),
            };
            let added = *was == Presence::Optional;
            let mut one = change("param/default-changed", old, new).spelled(text(was), text(is));
            one.verdict = if added { Verdict::Risky } else { Verdict::Breaking };
            found.push(one);
        }
        _ => {}
    }
    let (a, b) = (typ(old), typ(new));
    let mut compare = Compare::of((old_side, new_side), (false, false), Position::Param);
    for difference in compare.types(&a, &b) {
        found.push(Change::of_types(&difference, Position::Param, &place).at(old.span, new.span));
    }
    found
}

fn typ(param: &Param) -> Type {
    let plain = |kind| Type { kind, nullable: false, example: None, span: param.span };
    match &param.kind {
        ParamKind::One(scalar) => plain(Kind::Scalar(scalar.clone())),
        ParamKind::Many(scalar, bounds) => {
            plain(Kind::List(Box::new(plain(Kind::Scalar(scalar.clone()))), bounds.clone()))
        }
    }
}

/// What changed about the body of requests.
pub(super) fn body(
    (old_side, old): (Side<'_>, &Endpoint),
    (new_side, new): (Side<'_>, &Endpoint),
) -> Vec<Change> {
    let place = "request";
    let change = |id: &str| Change::new(id, None).place(place).at(old.span, new.span);
    match (&old.body, &new.body) {
        (None, None) => Vec::new(),
        (Some(_), None) => vec![change("body/removed")],
        (None, Some(body)) if body.optional => vec![change("body/added-optional")],
        (None, Some(_)) => vec![change("body/added-required")],
        (Some(before), Some(after)) => {
            let mut found = Vec::new();
            match (before.optional, after.optional) {
                (true, false) => found.push(change("body/became-required")),
                (false, true) => found.push(change("body/became-optional")),
                (true, true) | (false, false) => {}
            }
            if before.form.is_some() != after.form.is_some() {
                let word = |form| if form { "a form" } else { "JSON" }.to_owned();
                let (was, is) = (word(before.form.is_some()), word(after.form.is_some()));
                found.push(change("media/request-removed").spelled(was, None));
                found.push(change("media/request-added").spelled(None, is));
            }
            let mut compare = Compare::of(
                (old_side, new_side),
                (old.ignore_fields, new.ignore_fields),
                Position::Request,
            );
            for difference in compare.types(&before.ty, &after.ty) {
                found.push(Change::of_types(&difference, Position::Request, place));
            }
            found
        }
    }
}

/// What changed about the body of an answer.
pub(super) fn answer(
    (old_side, old): (Side<'_>, &Success),
    (new_side, new): (Side<'_>, &Success),
) -> Vec<Change> {
    let place = new.status.to_string();
    match (&old.ty, &new.ty) {
        (None, None) => Vec::new(),
        (Some(before), Some(after)) => {
            let mut compare = Compare::of((old_side, new_side), (true, true), Position::Response);
            let found = compare.types(before, after);
            found.iter().map(|one| Change::of_types(one, Position::Response, &place)).collect()
        }
        (Some(_), None) => vec![
            Change::new("type/replaced", Some(Verdict::Breaking))
                .place(place)
                .spelled("a body".to_owned(), "none".to_owned())
                .at(old.span, new.span),
        ],
        (None, Some(_)) => vec![
            Change::new("type/replaced", Some(Verdict::Breaking))
                .place(place)
                .spelled("no body".to_owned(), "one".to_owned())
                .at(old.span, new.span),
        ],
    }
}
