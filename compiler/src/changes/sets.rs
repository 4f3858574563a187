//! Scalars as sets of JSON values: whether one holds the other, and a value that shows it does not.

mod number;
mod text;

use crate::contract::types::{Const, Enumeration, Rest, Rule, Scalar};
pub(crate) use number::outside as number_outside;
pub(crate) use text::Texts;

/// Whether one set of values lies within another.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Within {
    /// Every value of the first is one of the second.
    Yes,
    /// This value is in the first and not in the second.
    No(Const),
    /// It takes more than the limit to tell.
    Unknown,
}

impl Within {
    /// Whether a value is known to be outside, or may be.
    pub(crate) fn may_fail(&self) -> bool {
        *self != Within::Yes
    }

    /// The value that shows it.
    pub(crate) fn witness(&self) -> Option<&Const> {
        match self {
            Within::No(witness) => Some(witness),
            Within::Yes | Within::Unknown => None,
        }
    }
}

/// Where a value is written and read: what an enum makes of other values depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Position {
    /// A path, query or header parameter: text on the wire.
    Param,
    /// The body that callers send.
    Request,
    /// What callers get.
    Response,
    /// What a backend answers.
    Read,
}

/// The values of `old` that `new` does not have.
pub(crate) fn outside(old: &Rule, new: &Rule, position: Position) -> Within {
    if old == new {
        return Within::Yes;
    }
    match (old, new) {
        (Rule::Number(old), Rule::Number(new)) => number_outside(old, new),
        (Rule::Bool, Rule::Bool) => Within::Yes,
        (Rule::Text(_) | Rule::Enum(_), Rule::Text(_) | Rule::Enum(_)) => {
            match (Texts::of(old, position), Texts::of(new, position)) {
                (Some(old), Some(new)) => old.outside(&new),
                _ => Within::Unknown,
            }
        }
        (Rule::Number(_) | Rule::Bool, Rule::Text(text))
            if position == Position::Param && *text == Default::default() =>
        {
            Within::Yes
        }
        (Rule::Number(_) | Rule::Bool, Rule::Text(_) | Rule::Enum(_))
        | (Rule::Text(_) | Rule::Enum(_), Rule::Number(_) | Rule::Bool)
            if position == Position::Param =>
        {
            on_the_wire(old, new, position)
        }
        (Rule::AsText(old), Rule::AsText(new)) => match outside(old, new, position) {
            Within::No(witness) => Within::No(quoted(witness)),
            other => other,
        },
        // A backend may send the text or the plain value.
        (Rule::Number(_) | Rule::Bool, Rule::AsText(new)) if position == Position::Read => {
            outside(old, new, position)
        }
        (Rule::Number(_) | Rule::Bool | Rule::Text(_) | Rule::Enum(_) | Rule::AsText(_), _) => {
            match inhabitant(old, position) {
                Some(witness) => Within::No(witness),
                None => Within::Yes,
            }
        }
    }
}

/// Parameters are texts, whatever they are read as: those of `old` are tried one by one. Unless one
/// shows a difference, or these are all, there is no telling.
fn on_the_wire(old: &Rule, new: &Rule, position: Position) -> Within {
    const TRIED: usize = 64;
    let mut tried = several(old, TRIED, position);
    let are_all = match old {
        Rule::Bool => true,
        Rule::Enum(values) => !is_open(values, position) && values.values.len() < TRIED,
        Rule::Text(_) | Rule::Number(_) | Rule::AsText(_) => false,
    };
    if let Rule::Number(number) = old {
        tried.extend(number::ends(number));
    }
    let refused =
        tried.into_iter().find(|value| !value.plain().is_some_and(|one| reads(new, &one)));
    match refused {
        Some(value) => Within::No(value),
        None if are_all => Within::Yes,
        None => Within::Unknown,
    }
}

/// Whether `rule` accepts a text from a path, query, header field or cookie.
pub(crate) fn reads(rule: &Rule, text: &str) -> bool {
    let value = match rule {
        Rule::Text(_) | Rule::Enum(_) => Const::Text(text.to_owned()),
        Rule::Bool if text == "true" || text == "false" => Const::Bool(text == "true"),
        Rule::Number(_) if serde_json::from_str::<serde_json::Number>(text).is_ok() => {
            Const::Number(text.to_owned())
        }
        Rule::Bool | Rule::Number(_) | Rule::AsText(_) => return false,
    };
    let scalar = Scalar { name: None, rule: rule.clone() };
    crate::analyse::values::scalar_accepts(&scalar, &value).is_ok()
}

/// A value as `as text` writes it.
fn quoted(value: Const) -> Const {
    value.plain().map_or(value, Const::Text)
}

/// Some value of `rule`; nothing if there is none.
pub(crate) fn inhabitant(rule: &Rule, position: Position) -> Option<Const> {
    several(rule, 1, position).pop()
}

/// Different values of `rule`, as many as there are up to `count`.
pub(crate) fn several(rule: &Rule, count: usize, position: Position) -> Vec<Const> {
    counted(rule, count, position).0
}

/// The same, and whether there may be more although there are fewer than `count`.
pub(crate) fn counted(rule: &Rule, count: usize, position: Position) -> (Vec<Const>, bool) {
    match rule {
        Rule::Bool => {
            ([Const::Bool(true), Const::Bool(false)].into_iter().take(count).collect(), false)
        }
        Rule::Number(rule) => (number::several(rule, count), false),
        Rule::AsText(inner) => {
            let (found, more) = counted(inner, count, position);
            (found.into_iter().map(quoted).collect(), more)
        }
        Rule::Text(_) | Rule::Enum(_) => match Texts::of(rule, position) {
            Some(texts) => texts.several(count),
            None => (Vec::new(), false),
        },
    }
}

/// Whether an enum leaves any text through at `position`.
pub(crate) fn is_open(values: &Enumeration, position: Position) -> bool {
    match values.rest {
        Rest::Open => true,
        // What backends send is replaced; what callers send is refused.
        Rest::Becomes(_) => position == Position::Read,
        Rest::Closed => false,
    }
}
