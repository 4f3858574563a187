//! JSON Schemas as tables.

use super::Pattern;

/// A JSON Schema (draft 2020-12). A value is checked by all of its rules in one pass.
///
/// Rules that a rule asks about the same value stand behind it.
#[derive(Debug)]
pub struct Schema {
    /// The rules.
    pub rules: &'static [&'static [SchemaCheck]],
    /// The rule of the whole value.
    pub root: usize,
}

/// A part of a rule.
#[derive(Debug)]
pub struct SchemaCheck {
    /// What it asks.
    pub test: SchemaTest,
    /// What is expected, in the contract's words.
    pub expected: &'static str,
}

/// What is asked of a value. Numbers are places among the rules. A test about one kind of value
/// holds for all others.
#[derive(Debug)]
pub enum SchemaTest {
    /// Nothing is right.
    Never,
    /// Its kind is one of these bits: null 1, boolean 2, whole number 4, other number 8, text 16,
    /// list 32, record 64.
    Kinds(u8),
    /// It is one of these values, as JSON text.
    OneOf(&'static [&'static str]),
    /// A number is at least this one; with `false`, above it.
    Least(&'static str, bool),
    /// A number is at most this one; with `false`, below it.
    Most(&'static str, bool),
    /// A number is a multiple of `digits / 10^scale`, which is above zero.
    Multiple(u128, u32),
    /// A text has so many Unicode scalar values.
    Length(usize, usize),
    /// A text matches.
    Pattern(&'static Pattern),
    /// A list has so many elements.
    Count(usize, usize),
    /// No two elements of a list are the same value.
    Unique,
    /// The rules of the first elements of a list, and of those behind them.
    Elements(&'static [usize], Option<usize>),
    /// So many elements of a list are as this rule says.
    Contains(usize, usize, usize),
    /// A record has so many members.
    Size(usize, usize),
    /// A record has these members.
    Required(&'static [&'static str]),
    /// A record that has the first member has the others, too.
    Needs(&'static str, &'static [&'static str]),
    /// The rules of members.
    Members(SchemaMembers),
    /// The rule of the names of members.
    Names(usize),
    /// All of these rules hold.
    All(&'static [usize]),
    /// One of these rules holds at least.
    Any(&'static [usize]),
    /// Exactly one of these rules holds.
    One(&'static [usize]),
    /// This rule does not hold.
    Not(usize),
    /// If the first rule holds, so does the second; if not, the third.
    If(usize, Option<usize>, Option<usize>),
    /// If a record has this member, this rule holds.
    Depends(&'static str, usize),
}

/// The rules of a record's members.
#[derive(Debug)]
pub struct SchemaMembers {
    /// By name, sorted.
    pub named: &'static [(&'static str, usize)],
    /// By patterns that names match.
    pub patterns: &'static [(&'static Pattern, usize)],
    /// Of all others.
    pub rest: Option<usize>,
}
