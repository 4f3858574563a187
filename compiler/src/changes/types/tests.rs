//! Differences of types against a slow reference that knows nothing of them.

mod contracts;
mod edits;
mod reference;

use super::{Compare, Declared, Difference, Effect};
use crate::changes::sets::Position;
use crate::contract::types::{
    Const, Enumeration, Field, Format, Kind, Limit, ListBounds, Map, Number, NumberKind, Record,
    RecordId, Rest, Rule, Scalar, Text, Type, Types, Union, Variant,
};
use edits::{across, edited};
use gatewright_grammar::Span;
use reference::{Eyes, accepts, sample};

/// Numbers that look random and are the same every time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) % sides
    }

    fn once_in(&mut self, times: u64) -> bool {
        self.roll(times) == 0
    }

    fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.roll(from.len() as u64) as usize].clone()
    }
}

/// A type as the reference knows it.
#[derive(Clone, Debug, PartialEq)]
struct Spec {
    null: bool,
    of: Of,
}

#[derive(Clone, Debug, PartialEq)]
enum Of {
    Text {
        min: u64,
        max: Option<u64>,
        pattern: Option<Vec<Part>>,
    },
    Day,
    Number {
        kind: NumberKind,
        min: Option<(i128, bool)>,
        max: Option<(i128, bool)>,
    },
    Bool,
    Enum(Vec<&'static str>, Rest),
    Json,
    List {
        of: Box<Spec>,
        min: u64,
        max: Option<u64>,
        unique: bool,
    },
    Record(Vec<Member>),
    /// Under keys that are these texts.
    Map {
        key: Box<Spec>,
        of: Box<Spec>,
        min: u64,
        max: Option<u64>,
    },
    /// A record for each value of the tag.
    Union {
        tag: &'static str,
        variants: Vec<(&'static str, Vec<Member>)>,
    },
    /// The record that this stands in.
    Again,
}

/// So many of these letters.
#[derive(Clone, Debug, PartialEq)]
struct Part {
    letters: &'static str,
    min: u64,
    max: u64,
}

#[derive(Clone, Debug, PartialEq)]
struct Member {
    name: &'static str,
    optional: bool,
    ty: Spec,
}

/// A JSON value; a number is so many hundred millionths.
#[derive(Clone, Debug, PartialEq)]
enum Value {
    Null,
    Bool(bool),
    Number(i128),
    Text(String),
    List(Vec<Value>),
    Record(Vec<(String, Value)>),
}

const ONE: i128 = 100_000_000;
const NAMES: &[&str] = &["id", "title", "size", "note", "parts"];
const VARIANTS: &[&str] = &["card", "cash", "points"];
const WORDS: &[&str] = &["red", "green", "b-2", "é", ""];

fn spec(dice: &mut Dice, depth: u64) -> Spec {
    let of = match dice.roll(if depth == 0 { 10 } else { 17 }) {
        0..=2 => text(dice),
        3 => Of::Day,
        4..=6 => number(dice),
        7 => Of::Bool,
        8 => Of::Enum(
            words(dice),
            dice.pick(&[Rest::Closed, Rest::Open, Rest::Becomes("red".into())]),
        ),
        9 => {
            if dice.once_in(3) {
                Of::Json
            } else {
                Of::Bool
            }
        }
        10 | 11 => list(dice, depth),
        12 => map(dice, depth),
        13 => union(dice, depth),
        _ => Of::Record(members(dice, depth)),
    };
    Spec { null: dice.once_in(5), of }
}

fn map(dice: &mut Dice, depth: u64) -> Of {
    let key = match dice.roll(2) {
        0 => Of::Enum(words(dice), Rest::Closed),
        _ => text(dice),
    };
    let min = dice.roll(2);
    let max = if dice.once_in(2) { Some(min + dice.roll(3)) } else { None };
    let key = Box::new(Spec { null: false, of: key });
    Of::Map { key, of: Box::new(spec(dice, depth - 1)), min, max }
}

fn union(dice: &mut Dice, depth: u64) -> Of {
    let names: Vec<&str> = VARIANTS.iter().copied().filter(|_| !dice.once_in(3)).collect();
    let names = if names.is_empty() { vec!["card"] } else { names };
    let variants = names.into_iter().map(|name| (name, members(dice, depth))).collect();
    Of::Union { tag: dice.pick(&["kind", "kind", "sort"]), variants }
}

fn words(dice: &mut Dice) -> Vec<&'static str> {
    let found: Vec<&str> = WORDS.iter().copied().filter(|_| dice.once_in(2)).collect();
    if found.is_empty() { vec!["red"] } else { found }
}

fn text(dice: &mut Dice) -> Of {
    let min = dice.roll(4);
    let max = if dice.once_in(2) { Some(min + dice.roll(4)) } else { None };
    let pattern = if dice.once_in(2) { None } else { Some(pattern(dice)) };
    Of::Text { min, max, pattern }
}

fn pattern(dice: &mut Dice) -> Vec<Part> {
    let part = |dice: &mut Dice| {
        let min = dice.roll(3);
        Part { letters: dice.pick(&["ab", "abc", "a", "é-", "c"]), min, max: min + dice.roll(3) }
    };
    (0..1 + dice.roll(2)).map(|_| part(dice)).collect()
}

fn number(dice: &mut Dice) -> Of {
    let kind = dice.pick(&[
        NumberKind::Int,
        NumberKind::Int64,
        NumberKind::Number,
        NumberKind::Decimal(4, 2),
        NumberKind::Decimal(3, 1),
        NumberKind::Decimal(3, 0),
    ]);
    let coarse = matches!(kind, NumberKind::Int | NumberKind::Int64);
    let bound = |dice: &mut Dice| {
        let half = if coarse { 2 } else { dice.roll(3) as i128 };
        (dice.roll(6) as i128 - 2) * ONE + half * ONE / 2
    };
    let (low, high) = (bound(dice), bound(dice));
    let (low, high) = (low.min(high), low.max(high) + ONE);
    let min = (!dice.once_in(3)).then(|| (low, !dice.once_in(3)));
    let max = (!dice.once_in(3)).then(|| (high, !dice.once_in(3)));
    Of::Number { kind, min, max }
}

fn list(dice: &mut Dice, depth: u64) -> Of {
    let min = dice.roll(3);
    let max = if dice.once_in(2) { Some(min + 1 + dice.roll(3)) } else { None };
    Of::List { of: Box::new(spec(dice, depth - 1)), min, max, unique: dice.once_in(3) }
}

fn members(dice: &mut Dice, depth: u64) -> Vec<Member> {
    let names: Vec<&str> = NAMES.iter().copied().filter(|_| dice.once_in(2)).collect();
    names.into_iter().map(|name| member(dice, name, depth)).collect()
}

fn member(dice: &mut Dice, name: &'static str, depth: u64) -> Member {
    if name == "parts" && dice.once_in(3) {
        let again = Spec { null: dice.once_in(5), of: Of::Again };
        let list = Of::List { of: Box::new(again.clone()), min: 0, max: Some(2), unique: false };
        let ty = if dice.once_in(2) { again } else { Spec { null: false, of: list } };
        return Member { name, optional: true, ty };
    }
    Member { name, optional: dice.once_in(3), ty: spec(dice, depth - 1) }
}

/// Whether a type leads back to the record that it stands in.
fn leads_back(spec: &Spec) -> bool {
    match &spec.of {
        Of::Again => true,
        Of::List { of, .. } | Of::Map { of, .. } => leads_back(of),
        _ => false,
    }
}

/// The type as the compiler knows it.
fn lower(spec: &Spec, types: &mut Types) -> Type {
    lower_within(spec, types, None)
}

fn lower_within(spec: &Spec, types: &mut Types, outer: Option<RecordId>) -> Type {
    let bound = |bound: &Option<(i128, bool)>| {
        bound.map(|(at, inclusive)| Limit { digits: at * 10 / ONE, scale: 1, inclusive })
    };
    let rule = match &spec.of {
        Of::Text { min, max, pattern } => Rule::Text(Text {
            min: *min,
            max: *max,
            pattern: pattern.as_ref().map(|parts| parts.iter().map(regex).collect()),
            format: None,
        }),
        Of::Day => Rule::Text(Text { format: Some(Format::Date), ..Text::default() }),
        Of::Number { kind, min, max } => {
            Rule::Number(Number { kind: *kind, min: bound(min), max: bound(max) })
        }
        Of::Bool => Rule::Bool,
        Of::Enum(values, rest) => Rule::Enum(Enumeration {
            values: values.iter().map(|value| (format!("v{value}"), (*value).to_owned())).collect(),
            rest: rest.clone(),
        }),
        Of::Json => return typ(Kind::Json, spec.null),
        Of::List { of, min, max, unique } => {
            let bounds = ListBounds { min: *min, max: *max, unique: *unique };
            let of = lower_within(of, types, outer);
            return typ(Kind::List(Box::new(of), bounds), spec.null);
        }
        Of::Map { key, of, min, max } => {
            let Kind::Scalar(key) = lower(key, types).kind else { unreachable!("a text") };
            let bounds = ListBounds { min: *min, max: *max, unique: false };
            let value = lower_within(of, types, outer);
            return typ(Kind::Map(Box::new(Map { key, value, bounds })), spec.null);
        }
        Of::Union { tag, variants } => {
            let variants = variants.iter().map(|(name, fields)| Variant {
                name: (*name).to_owned(),
                record: lower_record(fields, types),
                span: Span::default(),
            });
            let variants = variants.collect();
            let union = Union {
                name: "Union".to_owned(),
                tag: (*tag).to_owned(),
                variants,
                span: Span::default(),
            };
            return typ(Kind::Union(types.add_union(union)), spec.null);
        }
        Of::Again => return typ(Kind::Record(outer.expect("a record around it")), spec.null),
        Of::Record(fields) => return typ(Kind::Record(lower_record(fields, types)), spec.null),
    };
    typ(Kind::Scalar(Scalar { name: None, rule }), spec.null)
}

fn lower_record(members: &[Member], types: &mut Types) -> RecordId {
    let record = Record { name: None, fields: Vec::new(), span: Span::default() };
    let id = types.add(record);
    let fields = members.iter().map(|field| Field {
        name: field.name.to_owned(),
        optional: field.optional,
        ty: lower_within(&field.ty, types, Some(id)),
        example: None,
        default: None,
        span: Span::default(),
        added: 0,
        renames: Vec::new(),
    });
    let fields: Vec<Field> = fields.collect();
    types.fill(id, fields);
    id
}

fn typ(kind: Kind, nullable: bool) -> Type {
    Type { kind, nullable, example: None, span: Span::default() }
}

fn regex(part: &Part) -> String {
    format!("[{}]{{{},{}}}", part.letters, part.min, part.max)
}

fn differences(old: &Spec, new: &Spec, eyes: Eyes) -> Vec<Difference> {
    let (mut before, mut after) = (Types::default(), Types::default());
    let (old, new) = (lower(old, &mut before), lower(new, &mut after));
    let declared = |types| Declared { types, ignores_unknown: eyes.open };
    Compare::new(declared(&before), declared(&after), eyes.position).types(&old, &new)
}

/// What the compiler shows as a value, for the reference.
fn value(constant: &Const) -> Value {
    match constant {
        Const::Null => Value::Null,
        Const::Bool(value) => Value::Bool(*value),
        Const::Number(text) => {
            let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
            let digits: i128 = format!("{whole}{fraction:0<8}").parse().expect("digits");
            Value::Number(digits)
        }
        Const::Text(text) => Value::Text(text.clone()),
        Const::List(items) => Value::List(items.iter().map(value).collect()),
        Const::Record(members) => {
            Value::Record(members.iter().map(|(name, one)| (name.clone(), value(one))).collect())
        }
    }
}

/// Values of a type, found by throwing dice.
fn found(dice: &mut Dice, spec: &Spec, eyes: Eyes, count: usize) -> Vec<Value> {
    let mut found: Vec<Value> = Vec::new();
    for _ in 0..2000 {
        if found.len() == count {
            break;
        }
        let value = sample(dice, spec);
        if accepts(spec, &value, eyes) && !found.contains(&value) {
            found.push(value);
        }
    }
    found
}

/// A whole value of `spec` with `part` at `path`; nothing if dice find none. Without a part, the
/// place is there with any value; `leave` leaves it out.
fn whole(
    dice: &mut Dice,
    (spec, path): (&Spec, &str),
    part: Option<&Value>,
    (eyes, leave): (Eyes, bool),
) -> Option<Value> {
    if path.is_empty() {
        return match part {
            Some(part) => Some(part.clone()),
            None => found(dice, &Spec { null: false, ..spec.clone() }, eyes, 1).pop(),
        };
    }
    if let Of::Map { key, of, min, .. } = &spec.of {
        return whole_map(dice, ((key, of, *min), path), part, (eyes, leave));
    }
    if let Of::Union { tag, variants } = &spec.of {
        let (name, rest) = path.split_once('.')?;
        let (name, fields) = variants.iter().find(|one| one.0 == name)?;
        let record = Spec { null: false, of: Of::Record(fields.clone()) };
        let value = whole(dice, (&record, rest), part, (eyes, leave))?;
        let Value::Record(members) = value else { return None };
        let said = ((*tag).to_owned(), Value::Text((*name).to_owned()));
        return Some(Value::Record(std::iter::once(said).chain(members).collect()));
    }
    if let (Some(rest), Of::List { of, min, unique, .. }) = (path.strip_prefix("[]"), &spec.of) {
        let rest = rest.strip_prefix('.').unwrap_or(rest);
        let one = whole(dice, (of, rest), part, (eyes, leave))?;
        let mut items = vec![one.clone()];
        let more = if *min < 2 { Vec::new() } else { found(dice, of, eyes, *min as usize) };
        for other in more.iter().cycle().take(64) {
            if items.len() < *min as usize && (!*unique || !items.contains(other)) {
                items.push(other.clone());
            }
        }
        return Some(Value::List(items));
    }
    let Of::Record(fields) = &spec.of else { return None };
    if fields.iter().any(|field| leads_back(&field.ty) && path.starts_with(field.name)) {
        // What differs there differs here as well.
        return None;
    }
    let end = path.find(['.', '[']).unwrap_or(path.len());
    let (name, rest) = path.split_at(end);
    let rest = rest.strip_prefix('.').unwrap_or(rest);
    let mut members = Vec::new();
    for field in fields {
        if field.name == name {
            if !(leave && rest.is_empty()) {
                members
                    .push((name.to_owned(), whole(dice, (&field.ty, rest), part, (eyes, leave))?));
            }
        } else if !field.optional {
            members.push((field.name.to_owned(), found(dice, &field.ty, eyes, 1).pop()?));
        }
    }
    Some(Value::Record(members))
}

/// A map with `part` as a key, or in the value of some key.
fn whole_map(
    dice: &mut Dice,
    ((key, of, min), path): ((&Spec, &Spec, u64), &str),
    part: Option<&Value>,
    (eyes, leave): (Eyes, bool),
) -> Option<Value> {
    let mut keys = found(dice, key, eyes, min.max(1) as usize);
    let mut members = Vec::new();
    match path.strip_prefix("[]") {
        Some(rest) => {
            let rest = rest.strip_prefix('.').unwrap_or(rest);
            let Value::Text(name) = keys.pop()? else { return None };
            members.push((name, whole(dice, (of, rest), part, (eyes, leave))?));
        }
        None => {
            let Value::Text(name) = part? else { return None };
            keys.retain(|one| Some(one) != part);
            members.push((name.clone(), found(dice, of, eyes, 1).pop()?));
        }
    }
    while (members.len() as u64) < min {
        let Value::Text(name) = keys.pop()? else { return None };
        members.push((name, found(dice, of, eyes, 1).pop()?));
    }
    Some(Value::Record(members))
}

/// How often the verdict and the reference were compared.
#[derive(Default)]
struct Count {
    samples: usize,
    witnesses: usize,
    unknown: usize,
}

/// Compares `from` with `to`, whose values `from` may have or not; `effect` says what is known.
fn judge(
    dice: &mut Dice,
    (from, to): (&Spec, &Spec),
    (declared, to_eyes): (Eyes, Eyes),
    (found, side): (&[Difference], Side),
    count: &mut Count,
) {
    let effect = |one: &Difference| if side == Side::Old { one.narrows } else { one.widens };
    let strongest = found.iter().map(effect).max().unwrap_or(Effect::No);
    for _ in 0..40 {
        let value = sample(dice, from);
        if accepts(from, &value, declared) {
            count.samples += 1;
            let fine = accepts(to, &value, to_eyes);
            assert!(
                fine || strongest != Effect::No,
                "{value:?} is not told of\n{from:?}\n{to:?}\n{found:#?}"
            );
        }
    }
    count.unknown += usize::from(strongest == Effect::Maybe);
    for one in found.iter().filter(|one| effect(one) == Effect::Yes) {
        let shown = if side == Side::Old { &one.lost } else { &one.gained };
        let shown = shown.as_ref().map(value);
        if shown.is_none() && one.rule.starts_with("union/") {
            // Which of the variants shows it is not told.
            continue;
        }
        let leave = ["field/became-required", "field/became-optional"].contains(&one.rule);
        let Some(value) = whole(dice, (from, &one.path), shown.as_ref(), (declared, leave)) else {
            continue;
        };
        if !accepts(from, &value, declared) {
            // Dice did not find enough different elements or keys around it.
            let text = format!("{from:?}");
            let hard = text.contains("unique: true") || text.contains("Map");
            assert!(hard, "{value:?}\n{from:?}\n{one:#?}");
            continue;
        }
        count.witnesses += 1;
        assert!(!accepts(to, &value, to_eyes), "{value:?} is fine\n{from:?}\n{to:?}\n{one:#?}");
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Side {
    Old,
    New,
}

#[test]
fn verdicts_agree_with_values_in_every_position() {
    let mut dice = Dice(0x5EED_CAFE);
    let mut count = Count::default();
    while count.samples < 100_000 {
        let old = spec(&mut dice, 3);
        let mut new = edited(&mut dice, &old, 3);
        if let Some(other) = across(&mut dice, &old).filter(|_| dice.once_in(3)) {
            new = other;
        }
        for _ in 0..dice.roll(3) {
            new = edited(&mut dice, &new, 3);
        }
        for position in [Position::Request, Position::Response, Position::Read] {
            let open = position != Position::Request || dice.once_in(2);
            let eyes = |open| Eyes { open, position };
            let found = differences(&old, &new, eyes(open));
            let sides = match position {
                Position::Response => ((&new, &old), Side::New),
                Position::Param | Position::Request | Position::Read => ((&old, &new), Side::Old),
            };
            judge(&mut dice, sides.0, (eyes(false), eyes(open)), (&found, sides.1), &mut count);
        }
    }
    assert!(count.witnesses > 500, "{} witnesses", count.witnesses);
    assert!(count.unknown * 100 < count.samples, "{} verdicts cannot be told", count.unknown);
}

#[test]
fn a_type_that_did_not_change_has_no_differences() {
    let mut dice = Dice(0xD1CE);
    for _ in 0..2_000 {
        let spec = spec(&mut dice, 3);
        for position in [Position::Request, Position::Response, Position::Read] {
            let found = differences(&spec, &spec, Eyes { open: false, position });
            assert!(found.is_empty(), "{spec:?}\n{found:#?}");
        }
    }
}
