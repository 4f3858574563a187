//! What values a type has, and some of them, without knowing the compiler.

use super::*;

/// How strictly the reference looks at a value.
#[derive(Clone, Copy)]
pub(super) struct Eyes {
    /// Whether members that are not declared are fine.
    pub(super) open: bool,
    pub(super) position: Position,
}

/// Whether `value` is one of `spec`.
pub(super) fn accepts(spec: &Spec, value: &Value, eyes: Eyes) -> bool {
    accepts_within(spec, value, (eyes, &[]))
}

/// The same inside of a record with the members `outer`.
fn accepts_within(spec: &Spec, value: &Value, (eyes, outer): (Eyes, &[Member])) -> bool {
    match (&spec.of, value) {
        (Of::Json, _) => true,
        (_, Value::Null) => spec.null,
        (Of::Bool, Value::Bool(_)) => true,
        (Of::Text { min, max, pattern }, Value::Text(text)) => {
            let letters: Vec<char> = text.chars().collect();
            let length = letters.len() as u64;
            length >= *min
                && max.is_none_or(|max| length <= max)
                && pattern.as_ref().is_none_or(|parts| fits(parts, &letters))
        }
        (Of::Day, Value::Text(text)) => is_day(text),
        (Of::Number { kind, min, max }, Value::Number(number)) => {
            counts((*kind, *min, *max), *number)
        }
        (Of::Enum(values, rest), Value::Text(text)) => {
            let open = match rest {
                Rest::Open => true,
                Rest::Becomes(_) => eyes.position == Position::Read,
                Rest::Closed => false,
            };
            open || values.contains(&text.as_str())
        }
        (Of::List { of, min, max, unique }, Value::List(items)) => {
            let length = items.len() as u64;
            let repeats = || items.iter().enumerate().any(|(at, one)| items[..at].contains(one));
            length >= *min
                && max.is_none_or(|max| length <= max)
                && !(*unique && repeats())
                && items.iter().all(|item| accepts_within(of, item, (eyes, outer)))
        }
        (Of::Record(fields), Value::Record(members)) => has(fields, members, (eyes, None)),
        (Of::Again, Value::Record(members)) => has(outer, members, (eyes, None)),
        (Of::Map { key, of, min, max }, Value::Record(members)) => {
            let count = members.len() as u64;
            let entry = |(name, one): &(String, Value)| {
                accepts(key, &Value::Text(name.clone()), eyes)
                    && accepts_within(of, one, (eyes, outer))
            };
            count >= *min && max.is_none_or(|max| count <= max) && members.iter().all(entry)
        }
        (Of::Union { tag, variants }, Value::Record(members)) => {
            let said = members.iter().find(|(name, _)| name == tag);
            let variant = variants
                .iter()
                .find(|(name, _)| matches!(said, Some((_, Value::Text(text))) if text == name));
            variant.is_some_and(|(_, fields)| has(fields, members, (eyes, Some(*tag))))
        }
        _ => false,
    }
}

/// A bound in hundred millionths, and whether it is one of the numbers.
type End = Option<(i128, bool)>;

fn counts((kind, min, max): (NumberKind, End, End), number: i128) -> bool {
    let grid = |step: i128| number % step == 0;
    let kind = match kind {
        NumberKind::Int => grid(ONE) && number.abs() < (1 << 53) * ONE,
        NumberKind::Int64 => {
            grid(ONE) && number >= i64::MIN as i128 * ONE && number <= i64::MAX as i128 * ONE
        }
        NumberKind::Number => true,
        NumberKind::Decimal(p, s) => {
            let step = ONE / 10_i128.pow(u32::from(s));
            grid(step) && (number / step).abs() < 10_i128.pow(u32::from(p))
        }
    };
    let low = min.is_none_or(|(at, closed)| number > at || (closed && number == at));
    let high = max.is_none_or(|(at, closed)| number < at || (closed && number == at));
    kind && low && high
}

/// Whether a record has these fields; `tag` is one that none of them is.
fn has(fields: &[Member], members: &[(String, Value)], (eyes, tag): (Eyes, Option<&str>)) -> bool {
    let known = |name: &str| tag == Some(name) || fields.iter().any(|field| field.name == name);
    let fits = |field: &Member| match members.iter().find(|(name, _)| name == field.name) {
        Some((_, value)) => accepts_within(&field.ty, value, (eyes, fields)),
        None => field.optional,
    };
    (eyes.open || members.iter().all(|(name, _)| known(name))) && fields.iter().all(fits)
}

/// Whether the letters are so many of each part, by trying all ways.
fn fits(parts: &[Part], letters: &[char]) -> bool {
    let Some((part, rest)) = parts.split_first() else { return letters.is_empty() };
    (part.min..=part.max).any(|count| {
        let count = count as usize;
        count <= letters.len()
            && letters[..count].iter().all(|letter| part.letters.contains(*letter))
            && fits(rest, &letters[count..])
    })
}

fn is_day(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [year, month, day] = parts.as_slice() else { return false };
    let sizes = year.len() == 4 && month.len() == 2 && day.len() == 2;
    let number = |text: &str| text.parse::<u32>().ok();
    let (Some(year), Some(month), Some(day)) = (number(year), number(month), number(day)) else {
        return false;
    };
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = [31, if leap { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    sizes && month >= 1 && day >= 1 && days.get(month as usize - 1).is_some_and(|last| day <= *last)
}

/// A value that may be one of `spec`, or nearly.
pub(super) fn sample(dice: &mut Dice, spec: &Spec) -> Value {
    sample_within(dice, spec, (&[], 3))
}

/// The same inside of a record with the members `outer`, which leads to itself so often at most.
fn sample_within(dice: &mut Dice, spec: &Spec, (outer, fuel): (&[Member], u64)) -> Value {
    if spec.null && dice.once_in(6) {
        return Value::Null;
    }
    match &spec.of {
        Of::Json => dice.pick(&[
            Value::Null,
            Value::Bool(true),
            Value::Number(0),
            Value::Text("a".into()),
            Value::List(vec![]),
            Value::Record(vec![]),
        ]),
        Of::Bool => Value::Bool(dice.once_in(2)),
        Of::Day => Value::Text(dice.pick(&["2026-09-01", "2028-02-29", "2026-02-30"]).into()),
        Of::Text { min, max, pattern } => Value::Text(match pattern {
            None => {
                let length = min + dice.roll(max.map_or(4, |max| max - min + 1));
                (0..length).map(|_| dice.pick(&['a', 'b', 'é', '-'])).collect()
            }
            Some(parts) => {
                let mut text = String::new();
                for part in parts {
                    let letters: Vec<char> = part.letters.chars().collect();
                    for _ in 0..part.min + dice.roll(part.max - part.min + 1) {
                        text.push(dice.pick(&letters));
                    }
                }
                text
            }
        }),
        Of::Number { min, max, .. } => sample_number(dice, *min, *max),
        Of::Enum(values, _) => {
            let other = dice.once_in(6);
            Value::Text(if other { "none".into() } else { dice.pick(values).into() })
        }
        Of::List { of, min, max, .. } => {
            let length = min + dice.roll(max.map_or(4, |max| max - min + 1));
            let length = if fuel == 0 { *min } else { length };
            Value::List((0..length).map(|_| sample_within(dice, of, (outer, fuel))).collect())
        }
        Of::Record(fields) => Value::Record(sample_members(dice, fields, fuel)),
        Of::Again => Value::Record(sample_members(dice, outer, fuel.saturating_sub(1))),
        Of::Map { key, of, min, max } => {
            let length = min + dice.roll(max.map_or(3, |max| max - min + 1));
            let mut members: Vec<(String, Value)> = Vec::new();
            for _ in 0..length * 3 {
                let Value::Text(name) = sample(dice, key) else { continue };
                if members.len() < length as usize && members.iter().all(|one| one.0 != name) {
                    members.push((name, sample_within(dice, of, (outer, fuel))));
                }
            }
            Value::Record(members)
        }
        Of::Union { tag, variants } => {
            let (name, fields) = dice.pick(variants);
            let mut members = sample_members(dice, &fields, fuel);
            members.insert(0, ((*tag).to_owned(), Value::Text(name.to_owned())));
            Value::Record(members)
        }
    }
}

fn sample_members(dice: &mut Dice, fields: &[Member], fuel: u64) -> Vec<(String, Value)> {
    let mut members = Vec::new();
    for field in fields {
        let is_deep = fuel == 0 && leads_back(&field.ty);
        if !field.optional || (!is_deep && dice.once_in(2)) {
            members.push((field.name.to_owned(), sample_within(dice, &field.ty, (fields, fuel))));
        }
    }
    members
}

fn sample_number(dice: &mut Dice, min: Option<(i128, bool)>, max: Option<(i128, bool)>) -> Value {
    let low = min.map_or(-5 * ONE, |(at, _)| at);
    let high = max.map_or(low + 12 * ONE, |(at, _)| at).max(low);
    let step = dice.pick(&[ONE, ONE / 2, ONE / 10, ONE / 100, ONE / 1000]);
    let steps = ((high - low) / step) as u64 + 2;
    let at = low + step * dice.roll(steps) as i128;
    let far = [at * 1000, (1 << 53) * ONE, -(1 << 54) * ONE];
    Value::Number(if dice.once_in(20) { dice.pick(&far) } else { at })
}
