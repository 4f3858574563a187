//! What the words of a schema mean, and what callers are told of them.

use crate::contract::schema::{Kinds, Test};
use crate::contract::types::{Const, Limit};

/// The most zeros that an exponent of a schema's number stands for.
const FARTHEST: usize = 40;

/// The kinds that a type of JSON Schema has.
pub(super) fn kind(name: &str) -> Option<Kinds> {
    Some(match name {
        "null" => Kinds::NULL,
        "boolean" => Kinds::BOOLEAN,
        "integer" => Kinds::WHOLE,
        "number" => Kinds::WHOLE.and(Kinds::FRACTION),
        "string" => Kinds::TEXT,
        "array" => Kinds::LIST,
        "object" => Kinds::RECORD,
        _ => return None,
    })
}

/// A number of JSON without exponent and without zeros that say nothing; nothing if that takes too
/// many digits.
pub(super) fn plain(text: &str) -> Option<String> {
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let exponent: i64 = exponent.parse().ok()?;
    let (sign, digits) = mantissa.strip_prefix('-').map_or(("", mantissa), |rest| ("-", rest));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all = format!("{whole}{fraction}");
    let point = i64::try_from(whole.len()).ok()?.checked_add(exponent)?;
    let (before, after) = match usize::try_from(point) {
        Ok(point) if point <= all.len() => {
            (all.get(..point)?.to_owned(), all.get(point..)?.to_owned())
        }
        Ok(point) if point - all.len() <= FARTHEST => {
            (format!("{all}{}", "0".repeat(point - all.len())), String::new())
        }
        Err(_) if point.unsigned_abs() <= FARTHEST as u64 => {
            let zeros = usize::try_from(point.unsigned_abs()).ok()?;
            (String::new(), format!("{}{all}", "0".repeat(zeros)))
        }
        _ => return None,
    };
    let (before, after) = (before.trim_start_matches('0'), after.trim_end_matches('0'));
    let before = if before.is_empty() { "0" } else { before };
    Some(match after {
        "" => format!("{sign}{before}"),
        after => format!("{sign}{before}.{after}"),
    })
}

/// What a test expects, in the words of messages.
pub(super) fn expected(test: &Test) -> String {
    match test {
        Test::Never => "nothing".into(),
        Test::Kinds(kinds) => listed(&of_kinds(*kinds)),
        Test::OneOf(values) => one_of(values),
        Test::Least(limit) => bound(limit, ["at least", "more than"]),
        Test::Most(limit) => bound(limit, ["at most", "less than"]),
        Test::Multiple(limit) => format!("a multiple of {}", digits(limit)),
        Test::Length(min, max) => format!("text of {}", counted((*min, *max), "character")),
        Test::Pattern(pattern) => format!("text with /{pattern}/"),
        Test::Count(min, max) => format!("a list of {}", counted((*min, *max), "element")),
        Test::Unique => "a list without equal elements".into(),
        Test::Elements(..) => "a list without more elements".into(),
        Test::Contains(_, 1, None) => "a list with an element of a certain form".into(),
        Test::Contains(_, min, max) => {
            format!("a list with {} of a certain form", counted((*min, *max), "element"))
        }
        Test::Size(min, max) => format!("a record of {}", counted((*min, *max), "member")),
        // Each name is told where it is missing.
        Test::Required(_) => "a value".into(),
        Test::Needs(name, names) => {
            format!(
                "with `{name}` also {}",
                names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
            )
        }
        Test::Members(_) => "no member of this name".into(),
        Test::Names(_) => "other names of members".into(),
        Test::All(_) => String::new(),
        Test::Any(all) => format!("one of {} forms", all.len()),
        Test::One(all) => format!("exactly one of {} forms", all.len()),
        Test::Not(_) => "another form".into(),
        Test::If(..) => "what the rest of the value asks for".into(),
        Test::Depends(name, _) => format!("what `{name}` asks for"),
    }
}

fn of_kinds(kinds: Kinds) -> Vec<&'static str> {
    let numbers = match (kinds.holds(Kinds::WHOLE), kinds.holds(Kinds::FRACTION)) {
        (true, true) => Some("number"),
        (true, false) => Some("whole number"),
        _ => None,
    };
    let named = |kind, name| kinds.holds(kind).then_some(name);
    [
        named(Kinds::TEXT, "text"),
        numbers,
        named(Kinds::BOOLEAN, "bool"),
        named(Kinds::RECORD, "a record"),
        named(Kinds::LIST, "a list"),
        named(Kinds::NULL, "null"),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// `a, b or c`
fn listed(all: &[&str]) -> String {
    match all.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
        None => "nothing".into(),
    }
}

fn one_of(values: &[Const]) -> String {
    let short: Vec<String> = values.iter().map(Const::json).filter(|one| one.len() <= 40).collect();
    match short.as_slice() {
        [one] if values.len() == 1 => one.clone(),
        all if all.len() == values.len() && all.len() <= 12 => format!("one of {}", all.join(", ")),
        _ => format!("one of {} values", values.len()),
    }
}

fn bound(limit: &Limit, [inclusive, exclusive]: [&str; 2]) -> String {
    let word = if limit.inclusive { inclusive } else { exclusive };
    format!("a number of {word} {}", digits(limit))
}

/// A bound as it is written.
pub(crate) fn digits(limit: &Limit) -> String {
    let scale = usize::try_from(limit.scale).unwrap_or(0);
    let sign = if limit.digits < 0 { "-" } else { "" };
    let all = format!("{:0>width$}", limit.digits.unsigned_abs(), width = scale + 1);
    let (whole, fraction) = all.split_at(all.len() - scale);
    if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

fn counted((min, max): (u64, Option<u64>), what: &str) -> String {
    let many = |count: u64| if count == 1 { what.to_owned() } else { format!("{what}s") };
    match (min, max) {
        (min, None) => format!("at least {min} {}", many(min)),
        (0, Some(max)) => format!("at most {max} {}", many(max)),
        (min, Some(max)) if min == max => format!("{min} {}", many(min)),
        (min, Some(max)) => format!("{min} to {max} {}", many(max)),
    }
}
