//! Checks a value by a JSON Schema in one pass.
//!
//! All rules that are asked about a value are decided together while it is read, each once. So what
//! a value costs grows with its length and with the number of rules, however they mention each other.

use super::equality::{all_different, same_json};
use super::form::Keys;
use super::number::{Decimal, compare_numbers};
use super::pointer::Mark;
use super::raw::Raw;
use super::reader::{Read, Reader, Stop};
use super::writer::json_text;
use crate::check::{ANY_LIST, Schema, SchemaCheck, SchemaMembers, SchemaTest};

const NULL: u8 = 1;
const BOOLEAN: u8 = 2;
const WHOLE: u8 = 4;
const FRACTION: u8 = 8;
const TEXT: u8 = 16;
const LIST: u8 = 32;
const RECORD: u8 = 64;

impl<'a> Reader<'a> {
    /// A value as a schema says, as it was sent. No record in it repeats a name.
    pub fn schema(&mut self, schema: &'static Schema) -> Read<Raw<'a>> {
        let start = self.at;
        let mut judge = Judge { schema, spare: Vec::new(), sound: true };
        let mut asked = judge.level();
        asked.ask(schema.root, true);
        judge.value(self, &mut asked)?;
        if asked.failed(schema.root) || !judge.sound {
            return Err(Stop::Violated);
        }
        let text = self.text.get(start..self.at);
        Ok(Raw::checked(text.expect("a value begins and ends with ASCII")))
    }
}

/// A schema, and what is known of the values that are open.
struct Judge {
    schema: &'static Schema,
    /// Levels that are not in use.
    spare: Vec<Level>,
    /// Whether no record repeats a name.
    sound: bool,
}

/// The rules that are asked about one value, by place.
#[derive(Default)]
struct Level {
    asked: Vec<u64>,
    /// Those that the whole value stands or falls with: what breaks them is told.
    must: Vec<u64>,
    failed: Vec<u64>,
    /// Those that are asked, in order.
    rules: Vec<usize>,
    /// Rules of the value around this one, each with the rule that it asks about this one.
    links: Vec<(usize, usize)>,
}

impl Level {
    fn get(bits: &[u64], rule: usize) -> bool {
        bits.get(rule / 64).is_some_and(|word| word & 1 << (rule % 64) != 0)
    }

    fn set(bits: &mut [u64], rule: usize) {
        if let Some(word) = bits.get_mut(rule / 64) {
            *word |= 1 << (rule % 64);
        }
    }

    fn ask(&mut self, rule: usize, must: bool) {
        Self::set(&mut self.asked, rule);
        if must {
            Self::set(&mut self.must, rule);
        }
    }

    /// Asks `rule` about this value, because `outer` asks it of the value around.
    fn link(&mut self, outer: (usize, bool), rule: usize) {
        self.links.push((outer.0, rule));
        self.ask(rule, outer.1);
    }

    fn must(&self, rule: usize) -> bool {
        Self::get(&self.must, rule)
    }

    fn failed(&self, rule: usize) -> bool {
        Self::get(&self.failed, rule)
    }

    fn fail(&mut self, rule: usize) {
        Self::set(&mut self.failed, rule);
    }
}

/// What a test sees of a value that was read.
struct Seen<'v> {
    /// Where it begins.
    at: usize,
    kind: u8,
    json: &'v str,
    /// The names of a record's members.
    names: Option<&'v Keys<'v>>,
    /// How many elements a list has.
    count: usize,
}

impl Judge {
    /// An empty level.
    fn level(&mut self) -> Level {
        let mut level = self.spare.pop().unwrap_or_default();
        let words = self.schema.rules.len().div_ceil(64);
        for bits in [&mut level.asked, &mut level.must, &mut level.failed] {
            bits.clear();
            bits.resize(words, 0);
        }
        level.rules.clear();
        level.links.clear();
        level
    }

    fn checks(&self, rule: usize) -> &'static [SchemaCheck] {
        self.schema.rules.get(rule).copied().unwrap_or_default()
    }

    /// Reads a value and decides everything that is asked about it.
    fn value(&mut self, reader: &mut Reader<'_>, level: &mut Level) -> Read<()> {
        self.expand(level);
        let start = reader.at;
        match reader.peek() {
            b'{' => self.record(reader, level),
            b'[' => self.list(reader, level),
            first => {
                let value = reader.any()?;
                let kind = match first {
                    b'n' => NULL,
                    b't' | b'f' => BOOLEAN,
                    b'"' => TEXT,
                    _ => number_kind(value.json()),
                };
                let seen = Seen { at: start, kind, json: value.json(), names: None, count: 0 };
                self.decide(reader, level, &seen)
            }
        }
    }

    /// Adds the rules that those asked ask about the same value: they stand behind them.
    fn expand(&self, level: &mut Level) {
        for word in 0..level.asked.len() {
            let mut done = 0;
            loop {
                let open = level.asked.get(word).copied().unwrap_or(0) & !done;
                if open == 0 {
                    break;
                }
                let bit = open.trailing_zeros();
                done |= 1 << bit;
                let rule = word * 64 + bit as usize;
                level.rules.push(rule);
                let must = level.must(rule);
                self.checks(rule).iter().for_each(|check| beside(&check.test, must, level));
            }
        }
    }

    fn record(&mut self, reader: &mut Reader<'_>, level: &mut Level) -> Read<()> {
        let start = reader.at;
        let mut object = reader.object()?;
        let mut names = Keys::default();
        while let Some(name) = reader.key(&mut object)? {
            if !names.insert(name.clone()) {
                self.sound = false;
                reader.repeated_member()?;
                continue;
            }
            let mut inner = self.level();
            for at in 0..level.rules.len() {
                let Some(rule) = level.rules.get(at).copied() else { continue };
                let outer = (rule, level.must(rule));
                for check in self.checks(rule) {
                    match &check.test {
                        SchemaTest::Members(members) => member(members, &name, outer, &mut inner),
                        SchemaTest::Names(one) => self.name(reader, level, (rule, *one), &name)?,
                        _ => {}
                    }
                }
            }
            self.part(reader, level, inner)?;
        }
        let json = reader.text.get(start..reader.at).unwrap_or_default();
        let seen = Seen { at: start, kind: RECORD, json, names: Some(&names), count: names.len() };
        self.decide(reader, level, &seen)
    }

    /// Reads a part of a value, with `inner` asked about it.
    fn part(&mut self, reader: &mut Reader<'_>, level: &mut Level, mut inner: Level) -> Read<()> {
        if inner.links.is_empty() {
            reader.skip()?;
        } else {
            self.value(reader, &mut inner)?;
            for &(outer, rule) in &inner.links {
                if inner.failed(rule) {
                    level.fail(outer);
                }
            }
        }
        self.spare.push(inner);
        Ok(())
    }

    /// Decides whether the name of a member is as the rule `one` says.
    fn name(
        &mut self,
        reader: &mut Reader<'_>,
        level: &mut Level,
        (outer, one): (usize, usize),
        name: &str,
    ) -> Read<()> {
        let mut inner = self.level();
        inner.ask(one, level.must(outer));
        self.expand(&mut inner);
        let json = json_text(name);
        let seen = Seen { at: reader.at, kind: TEXT, json: &json, names: None, count: 0 };
        self.decide(reader, &mut inner, &seen)?;
        if inner.failed(one) {
            level.fail(outer);
        }
        self.spare.push(inner);
        Ok(())
    }

    fn list(&mut self, reader: &mut Reader<'_>, level: &mut Level) -> Read<()> {
        let start = reader.at;
        let mut sought = self.sought(level);
        let mut count = 0;
        reader.list(&ANY_LIST, |reader| {
            let mut inner = self.level();
            for &rule in &level.rules {
                let outer = (rule, level.must(rule));
                for check in self.checks(rule) {
                    if let SchemaTest::Elements(first, rest) = &check.test
                        && let Some(one) = first.get(count).copied().or(*rest)
                    {
                        inner.link(outer, one);
                    }
                }
            }
            self.element(reader, level, inner, &mut sought)?;
            count += 1;
            Ok(())
        })?;
        for one in sought.iter().filter(|one| one.found < one.min || one.found > one.max) {
            let found = "a list with others";
            fail(reader, level, one.outer, (start, one.expected, found))?;
        }
        let json = reader.text.get(start..reader.at).unwrap_or_default();
        let seen = Seen { at: start, kind: LIST, json, names: None, count };
        self.decide(reader, level, &seen)
    }

    fn element(
        &mut self,
        reader: &mut Reader<'_>,
        level: &mut Level,
        mut inner: Level,
        sought: &mut [Sought],
    ) -> Read<()> {
        if sought.is_empty() {
            return self.part(reader, level, inner);
        }
        sought.iter().for_each(|one| inner.ask(one.rule, false));
        self.value(reader, &mut inner)?;
        for &(outer, rule) in &inner.links {
            if inner.failed(rule) {
                level.fail(outer);
            }
        }
        for one in sought {
            one.found += usize::from(!inner.failed(one.rule));
        }
        self.spare.push(inner);
        Ok(())
    }

    /// What is looked for among the elements of a list.
    fn sought(&self, level: &Level) -> Vec<Sought> {
        let mut sought = Vec::new();
        for &outer in &level.rules {
            for check in self.checks(outer) {
                if let SchemaTest::Contains(rule, min, max) = check.test {
                    sought.push(Sought {
                        outer,
                        rule,
                        min,
                        max,
                        expected: check.expected,
                        found: 0,
                    });
                }
            }
        }
        sought
    }

    /// Decides the rules about a value that was read, those that others ask before them.
    fn decide(&self, reader: &mut Reader<'_>, level: &mut Level, seen: &Seen<'_>) -> Read<()> {
        for at in (0..level.rules.len()).rev() {
            let Some(rule) = level.rules.get(at).copied() else { continue };
            for check in self.checks(rule) {
                if let SchemaTest::Required(required) = &check.test {
                    missing(reader, level, (rule, check.expected), (required, seen))?;
                } else if let SchemaTest::All(all) = &check.test {
                    // What is wrong was told where they were decided.
                    if all.iter().any(|one| level.failed(*one)) {
                        level.fail(rule);
                    }
                } else if !holds(&check.test, level, seen) {
                    fail(reader, level, rule, (seen.at, check.expected, found(seen)))?;
                }
            }
        }
        Ok(())
    }
}

/// Elements that a list must have.
struct Sought {
    outer: usize,
    rule: usize,
    min: usize,
    max: usize,
    expected: &'static str,
    found: usize,
}

/// Asks the rules that a test asks about the same value.
fn beside(test: &SchemaTest, must: bool, level: &mut Level) {
    match test {
        SchemaTest::All(all) => all.iter().for_each(|one| level.ask(*one, must)),
        SchemaTest::Any(all) | SchemaTest::One(all) => {
            all.iter().for_each(|one| level.ask(*one, false));
        }
        SchemaTest::Not(one) | SchemaTest::Depends(_, one) => level.ask(*one, false),
        SchemaTest::If(test, then, other) => {
            [Some(*test), *then, *other]
                .into_iter()
                .flatten()
                .for_each(|one| level.ask(one, false));
        }
        _ => {}
    }
}

/// Asks the rules of the member `name`.
fn member(members: &SchemaMembers, name: &str, outer: (usize, bool), inner: &mut Level) {
    let named = members.named.binary_search_by_key(&name, |(name, _)| *name);
    let named = named.ok().and_then(|at| members.named.get(at));
    let mut told = false;
    for rule in named.map(|(_, rule)| *rule).into_iter().chain(
        members.patterns.iter().filter(|(pattern, _)| pattern.matches(name)).map(|(_, rule)| *rule),
    ) {
        told = true;
        inner.link(outer, rule);
    }
    if let (false, Some(rule)) = (told, members.rest) {
        inner.link(outer, rule);
    }
}

/// Notes that a rule does not hold.
fn fail(
    reader: &mut Reader<'_>,
    level: &mut Level,
    rule: usize,
    (at, expected, found): (usize, &'static str, &'static str),
) -> Read<()> {
    level.fail(rule);
    if !level.must(rule) {
        return Ok(());
    }
    reader.note(Mark { at, member: None, expected, found })
}

/// Notes each member that is required and not there.
fn missing(
    reader: &mut Reader<'_>,
    level: &mut Level,
    (rule, expected): (usize, &'static str),
    (required, seen): (&[&'static str], &Seen<'_>),
) -> Read<()> {
    let Some(names) = seen.names else { return Ok(()) };
    for name in required.iter().filter(|name| !names.contains(name)) {
        level.fail(rule);
        if level.must(rule) {
            reader.note(Mark { at: seen.at, member: Some(name), expected, found: "nothing" })?;
        }
    }
    Ok(())
}

/// Whether a test holds. Those about parts were decided with them.
fn holds(test: &SchemaTest, level: &Level, seen: &Seen<'_>) -> bool {
    let fits = |rule: &usize| !level.failed(*rule);
    match test {
        SchemaTest::Never => false,
        SchemaTest::Kinds(kinds) => kinds & seen.kind != 0,
        SchemaTest::OneOf(values) => values.iter().any(|value| same_json(value, seen.json)),
        SchemaTest::Any(all) => all.iter().any(fits),
        SchemaTest::One(all) => all.iter().filter(|rule| fits(rule)).count() == 1,
        SchemaTest::Not(one) => !fits(one),
        SchemaTest::If(test, then, other) => {
            if fits(test) { then } else { other }.as_ref().is_none_or(fits)
        }
        SchemaTest::Least(..) | SchemaTest::Most(..) | SchemaTest::Multiple(..) => {
            seen.kind & (WHOLE | FRACTION) == 0 || number(test, seen.json)
        }
        SchemaTest::Length(..) | SchemaTest::Pattern(_) => {
            seen.kind != TEXT || text(test, &Raw::checked(seen.json).text())
        }
        SchemaTest::Count(min, max) => seen.kind != LIST || (*min..=*max).contains(&seen.count),
        SchemaTest::Unique => {
            seen.kind != LIST || all_different(Raw::checked(seen.json).elements())
        }
        SchemaTest::Size(min, max) => seen.kind != RECORD || (*min..=*max).contains(&seen.count),
        SchemaTest::Needs(name, names) => seen.names.is_none_or(|there| {
            !there.contains(name) || names.iter().all(|name| there.contains(name))
        }),
        SchemaTest::Depends(name, one) => {
            seen.names.is_none_or(|there| !there.contains(name)) || fits(one)
        }
        SchemaTest::Required(_)
        | SchemaTest::All(_)
        | SchemaTest::Elements(..)
        | SchemaTest::Contains(..)
        | SchemaTest::Members(_)
        | SchemaTest::Names(_) => true,
    }
}

fn number(test: &SchemaTest, json: &str) -> bool {
    match test {
        SchemaTest::Least(bound, inclusive) => {
            let order = compare_numbers(json, bound);
            order.is_gt() || *inclusive && order.is_eq()
        }
        SchemaTest::Most(bound, inclusive) => {
            let order = compare_numbers(json, bound);
            order.is_lt() || *inclusive && order.is_eq()
        }
        SchemaTest::Multiple(digits, scale) => {
            Decimal::parse(json).is_some_and(|number| number.is_multiple(*digits, *scale))
        }
        _ => true,
    }
}

fn text(test: &SchemaTest, text: &str) -> bool {
    match test {
        SchemaTest::Length(min, max) => (*min..=*max).contains(&text.chars().count()),
        SchemaTest::Pattern(pattern) => pattern.matches(text),
        _ => true,
    }
}

fn number_kind(json: &str) -> u8 {
    let whole = Decimal::parse(json).is_some_and(|number| number.fractional_digits() == 0);
    if whole { WHOLE } else { FRACTION }
}

/// What is there, without its value.
fn found(seen: &Seen<'_>) -> &'static str {
    match seen.kind {
        NULL => "null",
        BOOLEAN => "a boolean",
        TEXT => "text",
        LIST => "a list",
        RECORD => "a record",
        _ => "a number",
    }
}
