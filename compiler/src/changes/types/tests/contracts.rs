//! Whole contracts that differ in one place, against values in that place.

use super::*;
use crate::analyse;
use crate::changes::{self, Verdict, Whom};
use crate::contract::Contract;
use crate::source::Sources;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Where a type stands in a contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Path,
    Query,
    /// Several values, a pair for each.
    Repeated,
    /// Several values with commas between them.
    Comma,
    Header,
    Cookie,
    Body,
    Form,
    Answer,
    Error,
    /// What a header field of the answer holds.
    Reply,
    /// Items of a stream.
    Item,
    /// What a backend answers.
    Result,
    /// What a backend answers for each element of a list.
    Each,
}

const PLACES: [Place; 14] = [
    Place::Path,
    Place::Query,
    Place::Repeated,
    Place::Comma,
    Place::Header,
    Place::Cookie,
    Place::Body,
    Place::Form,
    Place::Answer,
    Place::Error,
    Place::Reply,
    Place::Item,
    Place::Result,
    Place::Each,
];

impl Place {
    fn position(self) -> Position {
        match self {
            Place::Path | Place::Query | Place::Repeated | Place::Comma => Position::Param,
            Place::Header | Place::Cookie | Place::Form => Position::Param,
            Place::Body => Position::Request,
            Place::Answer | Place::Error | Place::Reply | Place::Item => Position::Response,
            Place::Result | Place::Each => Position::Read,
        }
    }

    /// Whether values stand there as texts, and not as JSON.
    fn is_wire(self) -> bool {
        self.position() == Position::Param || self == Place::Reply
    }

    /// A type that can stand there.
    fn spec(self, dice: &mut Dice) -> Spec {
        let scalar = |dice: &mut Dice| plain(&Spec { null: false, of: scalar(dice) });
        match self {
            Place::Path | Place::Query | Place::Header | Place::Cookie | Place::Reply => {
                scalar(dice)
            }
            Place::Repeated | Place::Comma => {
                let (of, min) = (Box::new(scalar(dice)), 1 + dice.roll(2));
                let max = dice.once_in(2).then(|| min + dice.roll(3));
                let of = Of::List { of, min, max, unique: dice.once_in(3) };
                Spec { null: false, of }
            }
            Place::Form => {
                let names = NAMES.iter().filter(|_| dice.once_in(2)).copied().collect::<Vec<_>>();
                let member = |name| Member { name, optional: dice.once_in(3), ty: scalar(dice) };
                Spec { null: false, of: Of::Record(names.into_iter().map(member).collect()) }
            }
            _ => plain(&Spec { null: false, of: Of::Record(members(dice, 3)) }),
        }
    }

    /// The type without what an error cannot have: members that every error has, and itself.
    fn told(self, mut spec: Spec) -> Spec {
        if let (Place::Error, Of::Record(fields)) = (self, &mut spec.of) {
            fields.retain(|field| field.name != "title" && !leads_back(&field.ty));
        }
        spec
    }

    /// A type that is much the same, and can stand there as well.
    fn edited(self, dice: &mut Dice, old: &Spec) -> Spec {
        let mut new = plain(&edited(dice, old, 2));
        if let Some(other) = across(dice, old).filter(|_| dice.once_in(4)) {
            new = plain(&other);
        }
        let fits = match (self, &new.of) {
            (Place::Repeated | Place::Comma, Of::List { of, min, .. }) => *min > 0 && is_scalar(of),
            (Place::Form, Of::Record(fields)) => fields.iter().all(|field| is_scalar(&field.ty)),
            (Place::Repeated | Place::Comma | Place::Form, _) => false,
            (_, Of::Record(_)) => !self.is_wire() && self != Place::Reply,
            _ => (self.is_wire() || self == Place::Reply) && is_scalar(&new),
        };
        if fits && !new.null { new } else { self.spec(dice) }
    }
}

fn is_scalar(spec: &Spec) -> bool {
    let single =
        matches!(spec.of, Of::Text { .. } | Of::Day | Of::Number { .. } | Of::Bool | Of::Enum(..));
    single && !spec.null
}

fn scalar(dice: &mut Dice) -> Of {
    match dice.roll(6) {
        0 | 1 => text(dice),
        2 => Of::Day,
        3 => number(dice),
        4 => Of::Bool,
        _ => Of::Enum(words(dice), dice.pick(&[Rest::Closed, Rest::Open])),
    }
}

/// The type without what has no name in the language: what an enum makes of other values is a value
/// of its own there.
fn plain(spec: &Spec) -> Spec {
    let within = |members: &[Member]| {
        let one = |field: &Member| Member { ty: plain(&field.ty), ..field.clone() };
        members.iter().map(one).collect::<Vec<_>>()
    };
    let of = match &spec.of {
        Of::Enum(values, Rest::Becomes(_)) => Of::Enum(values.clone(), Rest::Closed),
        Of::List { of, min, max, unique } => {
            Of::List { of: Box::new(plain(of)), min: *min, max: *max, unique: *unique }
        }
        Of::Record(fields) => Of::Record(within(fields)),
        Of::Map { key, of, min, max } => {
            Of::Map { key: Box::new(plain(key)), of: Box::new(plain(of)), min: *min, max: *max }
        }
        Of::Union { tag, variants } => {
            let variants = variants.iter().map(|(name, fields)| (*name, within(fields))).collect();
            Of::Union { tag, variants }
        }
        other => other.clone(),
    };
    Spec { null: spec.null && of != Of::Json, of }
}

/// The type as it is read there: in results, a field that may be missing may be null as well, and the
/// other way round.
fn normal(place: Place, spec: &Spec) -> Spec {
    let within = |members: &[Member]| {
        let one = |field: &Member| {
            let loose = field.optional || field.ty.null || field.ty.of == Of::Json;
            let ty = normal(place, &field.ty);
            let null = loose && ty.of != Of::Json;
            Member { optional: loose, ty: Spec { null, ..ty }, ..field.clone() }
        };
        members.iter().map(one).collect::<Vec<_>>()
    };
    if place.position() != Position::Read {
        return spec.clone();
    }
    let of = match &spec.of {
        Of::List { of, min, max, unique } => {
            Of::List { of: Box::new(normal(place, of)), min: *min, max: *max, unique: *unique }
        }
        Of::Record(fields) => Of::Record(within(fields)),
        Of::Map { key, of, min, max } => {
            Of::Map { key: key.clone(), of: Box::new(normal(place, of)), min: *min, max: *max }
        }
        Of::Union { tag, variants } => {
            let variants = variants.iter().map(|(name, fields)| (*name, within(fields))).collect();
            Of::Union { tag, variants }
        }
        other => other.clone(),
    };
    Spec { null: spec.null, of }
}

/// Types as text, with declarations for those that need a name.
#[derive(Default)]
struct Printer {
    declared: String,
    count: usize,
}

impl Printer {
    fn ty(&mut self, spec: &Spec, outer: &str) -> String {
        let text = match &spec.of {
            Of::Text { min, max, pattern } => {
                let pattern =
                    pattern.as_ref().map(|parts| parts.iter().map(regex).collect::<String>());
                let pattern = pattern.map_or_else(String::new, |text| format!(", /{text}/"));
                format!("text({}{pattern})", span(*min, *max))
            }
            Of::Day => "date".to_owned(),
            Of::Number { kind, min, max } => numeric(*kind, *min, *max),
            Of::Bool => "bool".to_owned(),
            Of::Json => "json".to_owned(),
            Of::Enum(values, rest) => {
                let name = |value: &&str| WORDS.iter().position(|word| word == value).unwrap_or(9);
                let values: Vec<String> =
                    values.iter().map(|value| format!("v{} = \"{value}\"", name(value))).collect();
                let rest = if *rest == Rest::Open { " ..." } else { "" };
                format!("enum {{ {}{rest} }}", values.join(" "))
            }
            Of::List { of, min, max, unique } => {
                let unique = if *unique { ", unique" } else { "" };
                format!("[{}]({}{unique})", self.ty(of, outer), span(*min, *max))
            }
            Of::Map { key, of, min, max } => {
                let (key, of) = (self.ty(key, outer), self.ty(of, outer));
                format!("[{key}: {of}]({})", span(*min, *max))
            }
            Of::Record(fields) if fields.iter().any(|field| leads_back(&field.ty)) => {
                self.named(fields)
            }
            Of::Record(fields) => self.record(fields, outer),
            Of::Union { tag, variants } => {
                let named =
                    variants.iter().map(|(name, fields)| format!("{name}: {}", self.named(fields)));
                let named: Vec<String> = named.collect();
                self.count += 1;
                let name = format!("U{}", self.count);
                let _ =
                    writeln!(self.declared, "  union {name} by {tag} {{ {} }}", named.join(", "));
                name
            }
            Of::Again => outer.to_owned(),
        };
        if spec.null { format!("{text} | null") } else { text }
    }

    fn named(&mut self, fields: &[Member]) -> String {
        self.count += 1;
        let name = format!("T{}", self.count);
        let record = self.record(fields, &name);
        let _ = writeln!(self.declared, "  type {name} {record}");
        name
    }

    fn record(&mut self, fields: &[Member], outer: &str) -> String {
        let mut field = |field: &Member| {
            let optional = if field.optional { "?" } else { "" };
            format!("{}{optional}: {}", field.name, self.ty(&field.ty, outer))
        };
        let fields: Vec<String> = fields.iter().map(&mut field).collect();
        format!("{{ {} }}", fields.join(", "))
    }
}

/// `1..5`, `1..`
fn span(min: u64, max: Option<u64>) -> String {
    format!("{min}..{}", max.map(|max| max.to_string()).unwrap_or_default())
}

fn numeric(kind: NumberKind, min: Option<(i128, bool)>, max: Option<(i128, bool)>) -> String {
    let bound = |mark: &str, at: i128, closed: bool| {
        let tenths = at * 10 / ONE;
        let sign = if tenths < 0 { "-" } else { "" };
        let (whole, part) = (tenths.abs() / 10, tenths.abs() % 10);
        let digits = if part == 0 { whole.to_string() } else { format!("{whole}.{part}") };
        format!("{mark}{}{sign}{digits}", if closed { "=" } else { "" })
    };
    let (name, mut words) = match kind {
        NumberKind::Int => ("int", Vec::new()),
        NumberKind::Int64 => ("int64", Vec::new()),
        NumberKind::Number => ("number", Vec::new()),
        NumberKind::Decimal(p, s) => ("decimal", vec![p.to_string(), s.to_string()]),
    };
    words.extend(min.map(|(at, closed)| bound(">", at, closed)));
    words.extend(max.map(|(at, closed)| bound("<", at, closed)));
    if words.is_empty() { name.to_owned() } else { format!("{name}({})", words.join(", ")) }
}

/// The only endpoint, without what closes it.
fn endpoint(place: Place, ty: &str, mark: &str, given: &str) -> String {
    let fine = "return { ok: true }";
    match place {
        Place::Path => format!("GET /x/{{v: {ty}}} -> {{ ok: bool }} {{\n public\n {fine}"),
        Place::Query | Place::Repeated => {
            format!("GET /x -> {{ ok: bool }} {{\n public\n query v{mark}: {ty}\n {fine}")
        }
        Place::Comma => {
            format!("GET /x -> {{ ok: bool }} {{\n public\n query v{mark}: {ty} by comma\n {fine}")
        }
        Place::Header => {
            format!("GET /x -> {{ ok: bool }} {{\n public\n header X-V{mark}: {ty} as v\n {fine}")
        }
        Place::Cookie => {
            format!("GET /x -> {{ ok: bool }} {{\n public\n cookie v{mark}: {ty}\n {fine}")
        }
        Place::Body => format!("POST /x ({ty}) -> 200 {{ ok: bool }} {{\n public\n {fine}"),
        Place::Form => format!("POST /x (form {ty}) -> 200 {{ ok: bool }} {{\n public\n {fine}"),
        Place::Answer | Place::Result => {
            format!("GET /x -> {ty} {{\n public\n found: {ty} = one GET /x\n return found")
        }
        Place::Item => {
            format!("GET /x -> stream {ty} {{\n public\n found: {ty} = one GET /x\n return found")
        }
        Place::Reply => format!(
            "GET /x -> {{ ok: bool }} {{\n public\n found = one GET /x\n reply header X-V: {ty} = found.v\n {fine}"
        ),
        Place::Error => format!(
            "GET /x -> {{ ok: bool }} | Bad {{\n public\n found = one GET /x on 409 fail Bad {{ {given} }}\n return {{ ok: found.ok }}",
        ),
        Place::Each => format!(
            "GET /x -> {{ all: [{ty}](..5) }} {{\n public\n query ids: [int(1..9)](..5)\n \
             found = each id of ids max 5: one.single(id: id)\n return {{ all: found }}"
        ),
    }
}

/// A contract with this type there; it may be absent where something can be.
fn contract(place: Place, (spec, optional): (&Spec, bool)) -> Option<Contract> {
    let mut printer = Printer::default();
    let ty = printer.ty(spec, "");
    let mark = if optional { "?" } else { "" };
    let fields = match &spec.of {
        Of::Record(fields) => fields.iter().map(|one| one.name).collect(),
        _ => Vec::new(),
    };
    let given: Vec<String> = fields.iter().map(|name| format!("{name}: error.{name}")).collect();
    let endpoint = endpoint(place, &ty, mark, &given.join(", "));
    let error = if place == Place::Error {
        format!("  error Bad 409 \"Bad\" {ty}\n")
    } else {
        String::new()
    };
    // An operation stands outside of versions, and so do the types that it names.
    let (outside, inside, operation) = match place {
        Place::Each => {
            (printer.declared.as_str(), "", format!("\n single = GET /x/{{id: int(1..9)}} -> {ty}"))
        }
        _ => ("", printer.declared.as_str(), String::new()),
    };
    let text = format!(
        "api x {{ timeout 1s }}\nbackend one at \"http://one.example\" {{\n timeout 300ms{operation}\n}}\n\
         {outside}version 1 {{\n{inside}{error}  {endpoint}\n  }}\n}}\n"
    );
    let mut sources = Sources::new();
    sources.add("x.api", text.as_str());
    let analysis = analyse(&sources);
    analysis.comparable().cloned()
}

/// Whether a value is fine there. Texts are read as the type says.
fn fine(place: Place, (spec, optional): (&Spec, bool), value: Option<&Value>, eyes: Eyes) -> bool {
    let Some(value) = value else { return optional };
    if !place.is_wire() {
        return accepts(spec, value, eyes);
    }
    let read = |spec: &Spec, value: &Value| {
        let Value::Text(text) = value else { return false };
        as_written(spec, text).is_some_and(|value| accepts(spec, &value, eyes))
    };
    match (&spec.of, value) {
        (Of::List { of, min, max, unique }, Value::List(items)) => {
            let read: Option<Vec<Value>> = items
                .iter()
                .map(|item| match item {
                    Value::Text(text) => as_written(of, text),
                    _ => None,
                })
                .collect();
            let whole = Spec {
                null: false,
                of: Of::List { of: of.clone(), min: *min, max: *max, unique: *unique },
            };
            read.is_some_and(|items| accepts(&whole, &Value::List(items), eyes))
        }
        (Of::Record(fields), Value::Record(members)) => {
            let known = |name: &str| fields.iter().any(|field| field.name == name);
            members.iter().all(|(name, _)| known(name))
                && fields.iter().all(|field| {
                    match members.iter().find(|(name, _)| name == field.name) {
                        Some((_, value)) => read(&field.ty, value),
                        None => field.optional,
                    }
                })
        }
        _ => read(spec, value),
    }
}

/// A text as a value of this type.
fn as_written(spec: &Spec, text: &str) -> Option<Value> {
    match &spec.of {
        Of::Bool => match text {
            "true" => Some(Value::Bool(true)),
            "false" => Some(Value::Bool(false)),
            _ => None,
        },
        Of::Number { .. } => {
            let digits = text.strip_prefix('-').unwrap_or(text);
            let (whole, part) = digits.split_once('.').unwrap_or((digits, "0"));
            let plain =
                |digits: &str| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
            let led = whole.len() > 1 && whole.starts_with('0');
            if !plain(whole) || !plain(part) || part.len() > 8 || whole.len() > 25 || led {
                return None;
            }
            let number: i128 = format!("{whole}{part:0<8}").parse().ok()?;
            Some(Value::Number(if text.starts_with('-') { -number } else { number }))
        }
        _ => Some(Value::Text(text.to_owned())),
    }
}

/// A value as text, as callers write it.
fn written(value: &Value) -> Value {
    match value {
        Value::Bool(value) => Value::Text(value.to_string()),
        Value::Number(number) => {
            let sign = if *number < 0 { "-" } else { "" };
            let (whole, part) = (number.abs() / ONE, number.abs() % ONE);
            let part = format!("{part:08}");
            let part = part.trim_end_matches('0');
            let point = if part.is_empty() { "" } else { "." };
            Value::Text(format!("{sign}{whole}{point}{part}"))
        }
        Value::List(items) => Value::List(items.iter().map(written).collect()),
        Value::Record(members) => Value::Record(
            members.iter().map(|(name, value)| (name.clone(), written(value))).collect(),
        ),
        other => other.clone(),
    }
}

/// Some value there, or none.
fn thrown(dice: &mut Dice, place: Place, (spec, optional): (&Spec, bool)) -> Option<Value> {
    if optional && dice.once_in(4) {
        return None;
    }
    let value = sample(dice, spec);
    Some(if place.is_wire() { written(&value) } else { value })
}

/// Texts that no route and no list with commas can carry.
fn is_carried(place: Place, value: Option<&Value>) -> bool {
    match (place, value) {
        (Place::Path, Some(Value::Text(text))) => !text.is_empty(),
        (Place::Comma | Place::Repeated, Some(Value::List(items))) => {
            !items.is_empty() && !items.contains(&Value::Text(String::new()))
        }
        _ => true,
    }
}

/// The worst that the comparison says about the only endpoint, and what.
fn verdict(place: Place, old: &Contract, new: &Contract) -> (Verdict, String) {
    let of_backend = place.position() == Position::Read;
    let mut found = changes::contracts(old, new);
    found.retain(|change| matches!(change.whom, Whom::Backend(_)) == of_backend);
    found.retain(|change| change.endpoint.is_some());
    let told = found.iter().map(|one| format!("{} {} {:?}\n", one.rule.id, one.place, one.verdict));
    let told: String = told.collect();
    (found.iter().map(|one| one.verdict).max().unwrap_or(Verdict::Invisible), told)
}

/// Whether values are lost, as the types alone say.
fn effect(place: Place, (old, new): (&Spec, &Spec), eyes: Eyes) -> Effect {
    if let (Place::Form, Of::Record(before), Of::Record(after)) = (place, &old.of, &new.of) {
        let stays = |field: &Member| {
            let is = after.iter().find(|one| one.name == field.name);
            is.map_or(Effect::Yes, |is| match field.optional && !is.optional {
                true => Effect::Yes,
                false => effect(Place::Query, (&field.ty, &is.ty), eyes),
            })
        };
        let is_new = |field: &&Member| before.iter().all(|one| one.name != field.name);
        let asked = after.iter().filter(is_new).any(|field| !field.optional);
        let asked = if asked { Effect::Yes } else { Effect::No };
        return before.iter().map(stays).max().unwrap_or(Effect::No).max(asked);
    }
    let response = eyes.position;
    // A field of the head holds text, as a parameter does.
    let eyes =
        if place == Place::Reply { Eyes { position: Position::Param, ..eyes } } else { eyes };
    let effect = |one: Difference| match response {
        Position::Response => one.widens,
        Position::Param | Position::Request | Position::Read => one.narrows,
    };
    differences(old, new, eyes).into_iter().map(effect).max().unwrap_or(Effect::No)
}

/// A type, and whether its value may be absent.
type Typed<'s> = (&'s Spec, bool);

/// A value that is fine on the one side and not on the other, and how many were tried.
fn lost(
    dice: &mut Dice,
    place: Place,
    (from, to): (Typed<'_>, Typed<'_>),
    (declared, to_eyes): (Eyes, Eyes),
) -> (Option<Option<Value>>, usize) {
    let (mut lost, mut sampled) = (None, 0);
    for _ in 0..120 {
        let value = thrown(dice, place, from);
        if is_carried(place, value.as_ref()) && fine(place, from, value.as_ref(), declared) {
            sampled += 1;
            if !fine(place, to, value.as_ref(), to_eyes) {
                lost = Some(value);
            }
        }
    }
    (lost, sampled)
}

#[test]
fn whole_contracts_are_judged_as_values_are_in_every_place() {
    let mut dice = Dice(0xC0_117AC7);
    let mut samples: BTreeMap<Place, usize> = BTreeMap::new();
    let mut lost_in: BTreeMap<Place, usize> = BTreeMap::new();
    let (mut refused, mut pairs) = (0, 0);
    while samples.values().sum::<usize>() < 100_000 {
        for place in PLACES {
            let may_miss = matches!(
                place,
                Place::Query | Place::Repeated | Place::Comma | Place::Header | Place::Cookie
            );
            let before = place.spec(&mut dice);
            let before = place.told(before);
            let mut after = place.edited(&mut dice, &before);
            for _ in 0..dice.roll(2) {
                after = place.edited(&mut dice, &after);
            }
            let after = place.told(after);
            let old = (&before, may_miss && dice.once_in(2));
            let new = (&after, if dice.once_in(4) { may_miss && dice.once_in(2) } else { old.1 });
            let (Some(one), Some(two)) = (contract(place, old), contract(place, new)) else {
                refused += 1;
                continue;
            };
            pairs += 1;
            let (said, told) = verdict(place, &one, &two);
            let position = place.position();
            let (before, after) = (normal(place, &before), normal(place, &after));
            let (old, new) = ((&before, old.1), (&after, new.1));
            let eyes = |open| Eyes { open, position };
            let open = !matches!(position, Position::Param | Position::Request);
            let (from, to) = if position == Position::Response { (new, old) } else { (old, new) };
            let (lost, sampled) = lost(&mut dice, place, (from, to), (eyes(false), eyes(open)));
            *samples.entry(place).or_default() += sampled;
            let known = effect(place, (&before, &after), eyes(open));
            let tightened = from.1 && !to.1;
            if let Some(value) = lost {
                *lost_in.entry(place).or_default() += 1;
                // A type that leads to itself is read as a whole, which cannot be told from its parts.
                let is_whole = told.contains("Risky") && position == Position::Read;
                // Nor is it told here whether a field that is gone from a form had any value.
                let is_form = place == Place::Form;
                let known = if is_whole || is_form { Effect::Maybe } else { known };
                let least = if known == Effect::Maybe { Verdict::Risky } else { Verdict::Breaking };
                assert!(said >= least, "{place:?}: {value:?} is lost\n{old:?}\n{new:?}\n{told}");
            }
            // A field that is gone from an answer is breaking whatever values were.
            let is_told = told.contains("field/removed");
            if known == Effect::No && !tightened && !is_told && sampled > 0 {
                assert!(said < Verdict::Breaking, "{place:?}\n{old:?}\n{new:?}\n{told}");
            }
        }
    }
    for place in PLACES {
        let (count, lost) = (samples.get(&place), lost_in.get(&place));
        assert!(count.is_some_and(|count| *count > 1_000), "{place:?}: {samples:?}");
        assert!(lost.is_some_and(|count| *count > 5), "{place:?}: {lost_in:?}");
    }
    assert!(refused * 4 < pairs, "{refused} of {pairs} contracts are none");
}
