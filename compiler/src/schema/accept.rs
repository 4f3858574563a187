//! Whether a value that the compiler knows is as a schema says.

use super::read::anywhere;
use crate::analyse::{compare_bounds, limit};
use crate::contract::schema::{Kinds, Members, Schema, Test};
use crate::contract::types::{Const, Limit};
use crate::pattern::{self, Table};
use std::cmp::Ordering;
use std::collections::HashMap;

/// Whether `schema` accepts `value`; else what it expects instead.
pub(crate) fn accepts(schema: &Schema, value: &Const) -> Result<(), String> {
    Judge::of(schema).rule(schema.root, value)
}

/// Whether one rule of `schema` accepts `value`.
pub(super) fn takes(schema: &Schema, rule: usize, value: &Const) -> bool {
    Judge::of(schema).rule(rule, value).is_ok()
}

/// Each rule looks at each value once: however often schemas mention each other, the work is
/// bounded.
struct Judge<'s> {
    schema: &'s Schema,
    /// By rule and by the address of a value, which stays where it is.
    known: HashMap<(usize, usize), Result<(), String>>,
    patterns: HashMap<&'s str, Option<Table>>,
}

impl<'s> Judge<'s> {
    fn of(schema: &'s Schema) -> Self {
        Judge { schema, known: HashMap::new(), patterns: HashMap::new() }
    }

    fn rule(&mut self, rule: usize, value: &Const) -> Result<(), String> {
        let key = (rule, std::ptr::from_ref(value).addr());
        if let Some(known) = self.known.get(&key) {
            return known.clone();
        }
        let checks = self.schema.rules.get(rule).map(Vec::as_slice).unwrap_or_default();
        let found = checks.iter().try_for_each(|check| {
            if self.holds(&check.test, value)? {
                Ok(())
            } else {
                Err(format!("{} is wanted", check.expected))
            }
        });
        self.known.insert(key, found.clone());
        found
    }

    /// Whether a test holds; what is wrong with a part of the value is told as such.
    fn holds(&mut self, test: &'s Test, value: &Const) -> Result<bool, String> {
        let mut fits = |rule: &usize| self.rule(*rule, value).is_ok();
        Ok(match test {
            Test::Never => false,
            Test::Kinds(kinds) => kinds.holds(kind(value)),
            Test::OneOf(values) => values.iter().any(|one| same(one, value)),
            Test::All(all) => {
                all.iter().try_for_each(|rule| self.rule(*rule, value))?;
                true
            }
            Test::Any(all) => all.iter().any(fits),
            Test::One(all) => all.iter().filter(|rule| fits(rule)).count() == 1,
            Test::Not(one) => !fits(one),
            Test::If(test, then, other) => {
                let branch = if fits(test) { then } else { other };
                branch.as_ref().is_none_or(fits)
            }
            Test::Depends(name, rule) => value.member(name).is_none() || fits(rule),
            _ => match value {
                Const::Number(text) => number(test, text),
                Const::Text(text) => self.text(test, text),
                Const::List(items) => self.list(test, items)?,
                Const::Record(members) => self.record(test, members)?,
                Const::Null | Const::Bool(_) => true,
            },
        })
    }

    fn text(&mut self, test: &'s Test, text: &str) -> bool {
        match test {
            Test::Length(min, max) => within(text.chars().count(), (*min, *max)),
            Test::Pattern(pattern) => self.matches(pattern, text),
            _ => true,
        }
    }

    fn matches(&mut self, pattern: &'s str, text: &str) -> bool {
        let table = self.patterns.entry(pattern);
        let table = table.or_insert_with(|| pattern::table(&anywhere(pattern)).ok());
        table.as_ref().is_some_and(|table| table.matches(text))
    }

    fn list(&mut self, test: &Test, items: &[Const]) -> Result<bool, String> {
        Ok(match test {
            Test::Count(min, max) => within(items.len(), (*min, *max)),
            Test::Unique => {
                let again = |(at, one): (usize, &Const)| {
                    items.iter().take(at).any(|other| same(one, other))
                };
                !items.iter().enumerate().any(again)
            }
            Test::Elements(first, rest) => {
                for (at, item) in items.iter().enumerate() {
                    if let Some(rule) = first.get(at).or(rest.as_ref()) {
                        self.rule(*rule, item).map_err(|why| format!("[{at}]: {why}"))?;
                    }
                }
                true
            }
            Test::Contains(rule, min, max) => {
                let count = items.iter().filter(|item| self.rule(*rule, item).is_ok()).count();
                within(count, (*min, *max))
            }
            _ => true,
        })
    }

    fn record(&mut self, test: &'s Test, members: &[(String, Const)]) -> Result<bool, String> {
        let has = |name: &String| members.iter().any(|(other, _)| other == name);
        Ok(match test {
            Test::Size(min, max) => within(members.len(), (*min, *max)),
            Test::Required(names) => match names.iter().find(|name| !has(name)) {
                Some(missing) => return Err(format!("`{missing}` is missing")),
                None => true,
            },
            Test::Needs(name, names) => !has(name) || names.iter().all(has),
            Test::Names(rule) => {
                for (name, _) in members {
                    let text = Const::Text(name.clone());
                    // A text of its own has an address that another may have later.
                    let mut judge = Judge {
                        schema: self.schema,
                        known: HashMap::new(),
                        patterns: HashMap::new(),
                    };
                    judge.rule(*rule, &text).map_err(|why| format!("the name `{name}`: {why}"))?;
                }
                true
            }
            Test::Members(of) => {
                for (name, value) in members {
                    for rule in self.of_member(of, name) {
                        self.rule(rule, value).map_err(|why| format!("`{name}`: {why}"))?;
                    }
                }
                true
            }
            _ => true,
        })
    }

    fn of_member(&mut self, members: &'s Members, name: &str) -> Vec<usize> {
        let named = members.named.iter().filter(|(other, _)| other == name).map(|(_, rule)| *rule);
        let mut rules: Vec<usize> = named.collect();
        for (pattern, rule) in &members.patterns {
            if self.matches(pattern, name) {
                rules.push(*rule);
            }
        }
        if rules.is_empty() { members.rest.into_iter().collect() } else { rules }
    }
}

/// The kind of a value.
pub(super) fn kind(value: &Const) -> Kinds {
    match value {
        Const::Null => Kinds::NULL,
        Const::Bool(_) => Kinds::BOOLEAN,
        Const::Number(text) if is_whole(text) => Kinds::WHOLE,
        Const::Number(_) => Kinds::FRACTION,
        Const::Text(_) => Kinds::TEXT,
        Const::List(_) => Kinds::LIST,
        Const::Record(_) => Kinds::RECORD,
    }
}

fn is_whole(text: &str) -> bool {
    text.split_once('.').is_none_or(|(_, fraction)| fraction.bytes().all(|digit| digit == b'0'))
}

fn within(count: usize, (min, max): (u64, Option<u64>)) -> bool {
    let count = count as u64;
    count >= min && max.is_none_or(|max| count <= max)
}

pub(super) fn number(test: &Test, text: &str) -> bool {
    let Some(value) = limit(text, true) else { return false };
    let against = |bound: &Limit| compare_bounds(&value, bound);
    match test {
        Test::Least(bound) => beyond(against(bound), bound),
        Test::Most(bound) => beyond(against(bound).reverse(), bound),
        Test::Multiple(of) => is_multiple(&value, of),
        _ => true,
    }
}

fn beyond(order: Ordering, bound: &Limit) -> bool {
    order == Ordering::Greater || order == Ordering::Equal && bound.inclusive
}

/// Whether numbers on the right side of `have` are on that of `want`: above, or below if `most`.
pub(super) fn beyond_or_at(have: &Limit, want: &Limit, most: bool) -> bool {
    let order = compare_bounds(have, want);
    let order = if most { order.reverse() } else { order };
    order == Ordering::Greater || order == Ordering::Equal && (want.inclusive || !have.inclusive)
}

/// Whether one number is a multiple of the other; if that takes too many digits, it is none.
pub(super) fn is_multiple(value: &Limit, of: &Limit) -> bool {
    let scale = value.scale.max(of.scale);
    let lift = |one: &Limit| 10_i128.checked_pow(scale - one.scale)?.checked_mul(one.digits);
    let remainder = lift(value).zip(lift(of)).and_then(|(value, of)| value.checked_rem(of));
    remainder == Some(0)
}

/// Whether two values are the same: numbers by value, records whatever the order of members.
pub(super) fn same(a: &Const, b: &Const) -> bool {
    match (a, b) {
        (Const::Number(a), Const::Number(b)) => {
            let both = limit(a, true).zip(limit(b, true));
            both.map_or(a == b, |(a, b)| compare_bounds(&a, &b).is_eq())
        }
        (Const::List(a), Const::List(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Const::Record(a), Const::Record(b)) => {
            let has = |name: &String, value: &Const| {
                b.iter().any(|(other, one)| other == name && same(one, value))
            };
            a.len() == b.len() && a.iter().all(|(name, value)| has(name, value))
        }
        _ => a == b,
    }
}
