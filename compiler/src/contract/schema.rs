//! JSON Schemas that a contract takes from files of their own.

use super::types::{Const, Limit};
use std::collections::HashSet;

/// A JSON Schema (draft 2020-12), as rules that a value is checked by in one pass.
///
/// A rule may ask others about the same value. Those stand behind it in the list, so rules can be
/// decided from the last to the first.
#[derive(Clone, Debug)]
pub struct Schema {
    /// What messages call it: the path that the contract names.
    pub name: String,
    /// The schema as JSON, without whitespace and without what only describes.
    pub text: String,
    /// Its rules.
    pub rules: Vec<Vec<Check>>,
    /// The rule of the whole value.
    pub root: usize,
}

impl Schema {
    /// Every test that holds for what all of these rules accept together. Of rules that ask for
    /// others in the same place the others are told.
    pub(crate) fn tests(&self, rules: &[usize]) -> Vec<&Test> {
        let mut open: Vec<usize> = rules.to_vec();
        let mut seen = HashSet::new();
        let mut found = Vec::new();
        while let Some(rule) = open.pop() {
            if !seen.insert(rule) {
                continue;
            }
            for check in self.rules.get(rule).into_iter().flatten() {
                match &check.test {
                    Test::All(all) => open.extend(all),
                    test => found.push(test),
                }
            }
        }
        found
    }
}

impl PartialEq for Schema {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

/// A part of a rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Check {
    /// What it asks.
    pub test: Test,
    /// What is expected, in the words of messages.
    pub expected: String,
}

/// What a [`Check`] asks of a value. Numbers are places in [`Schema::rules`]. A test about one kind
/// of value holds for all others.
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    /// Nothing is right.
    Never,
    /// Its kind is one of these.
    Kinds(Kinds),
    /// It is one of these values.
    OneOf(Vec<Const>),
    /// A number is at least this.
    Least(Limit),
    /// A number is at most this.
    Most(Limit),
    /// A number is a multiple of this one, which is above zero.
    Multiple(Limit),
    /// A text has so many Unicode scalar values.
    Length(u64, Option<u64>),
    /// A text matches this pattern somewhere: the pattern, as the schema writes it.
    Pattern(String),
    /// A list has so many elements.
    Count(u64, Option<u64>),
    /// No two elements of a list are the same.
    Unique,
    /// The rules of the first elements of a list, and of those behind them.
    Elements(Vec<usize>, Option<usize>),
    /// So many elements of a list are as this rule says.
    Contains(usize, u64, Option<u64>),
    /// A record has so many members.
    Size(u64, Option<u64>),
    /// A record has these members.
    Required(Vec<String>),
    /// A record that has the first member has the others, too.
    Needs(String, Vec<String>),
    /// The rules of members: by name, by patterns that their names match, and of all others.
    Members(Members),
    /// The rule of the names of members.
    Names(usize),
    /// All of these rules hold.
    All(Vec<usize>),
    /// One of these rules holds at least.
    Any(Vec<usize>),
    /// Exactly one of these rules holds.
    One(Vec<usize>),
    /// This rule does not hold.
    Not(usize),
    /// If the first rule holds, so does the second; if not, the third.
    If(usize, Option<usize>, Option<usize>),
    /// If a record has this member, this rule holds.
    Depends(String, usize),
}

/// The rules of a record's members.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Members {
    /// By name, sorted.
    pub named: Vec<(String, usize)>,
    /// By patterns, as the schema writes them.
    pub patterns: Vec<(String, usize)>,
    /// Of members that neither names nor patterns tell of.
    pub rest: Option<usize>,
}

/// Kinds of JSON values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kinds(pub u8);

impl Kinds {
    /// `null`
    pub const NULL: Kinds = Kinds(1);
    /// `true`, `false`
    pub const BOOLEAN: Kinds = Kinds(2);
    /// Whole numbers, however they are written.
    pub const WHOLE: Kinds = Kinds(4);
    /// Numbers that are not whole.
    pub const FRACTION: Kinds = Kinds(8);
    /// Texts.
    pub const TEXT: Kinds = Kinds(16);
    /// Lists.
    pub const LIST: Kinds = Kinds(32);
    /// Records.
    pub const RECORD: Kinds = Kinds(64);

    /// Both together.
    #[must_use]
    pub fn and(self, other: Kinds) -> Kinds {
        Kinds(self.0 | other.0)
    }

    /// Whether all of `other` are among these.
    pub fn holds(self, other: Kinds) -> bool {
        self.0 & other.0 == other.0
    }
}

impl Test {
    /// The rules that it asks about the same value.
    pub fn beside(&self) -> Vec<usize> {
        match self {
            Test::All(all) | Test::Any(all) | Test::One(all) => all.clone(),
            Test::Not(one) | Test::Depends(_, one) => vec![*one],
            Test::If(test, then, other) => {
                std::iter::once(*test).chain(*then).chain(*other).collect()
            }
            _ => Vec::new(),
        }
    }

    /// The rules that it asks about parts of the value.
    pub fn below(&self) -> Vec<usize> {
        match self {
            Test::Elements(first, rest) => first.iter().copied().chain(*rest).collect(),
            Test::Contains(one, ..) | Test::Names(one) => vec![*one],
            Test::Members(members) => {
                let all = members.named.iter().chain(&members.patterns).map(|(_, rule)| *rule);
                all.chain(members.rest).collect()
            }
            _ => Vec::new(),
        }
    }

    /// The same test with every rule under the number that `number` gives it.
    #[must_use]
    pub(crate) fn renumbered(&self, number: &dyn Fn(usize) -> usize) -> Test {
        let all = |rules: &[usize]| rules.iter().map(|rule| number(*rule)).collect();
        let named = |rules: &[(String, usize)]| {
            rules.iter().map(|(name, rule)| (name.clone(), number(*rule))).collect()
        };
        match self {
            Test::Elements(first, rest) => Test::Elements(all(first), rest.map(number)),
            Test::Contains(one, min, max) => Test::Contains(number(*one), *min, *max),
            Test::Names(one) => Test::Names(number(*one)),
            Test::Members(Members { named: by_name, patterns, rest }) => Test::Members(Members {
                named: named(by_name),
                patterns: named(patterns),
                rest: rest.map(number),
            }),
            Test::All(rules) => Test::All(all(rules)),
            Test::Any(rules) => Test::Any(all(rules)),
            Test::One(rules) => Test::One(all(rules)),
            Test::Not(one) => Test::Not(number(*one)),
            Test::If(test, then, other) => {
                Test::If(number(*test), then.map(number), other.map(number))
            }
            Test::Depends(name, one) => Test::Depends(name.clone(), number(*one)),
            other => other.clone(),
        }
    }
}
