//! What a single value may be.

use std::cmp::Ordering;

use gatewright_compiler::contract::types::{
    Enumeration, Format, Limit, Number, NumberKind, Rest, Rule, Scalar, Text,
};

use super::documents::Document;
use super::sent::Sent;

/// Exponents beyond this are taken as this.
const FARTHEST: i64 = 100_000_000_000_000_000;

/// Whether two values are the same JSON value: numbers by what they are, not by how they look,
/// records whatever the order of their members.
pub(crate) fn equal(a: &Document, b: &Document) -> bool {
    match (a, b) {
        (Document::Number(a), Document::Number(b)) => Exact::of(a) == Exact::of(b),
        (Document::List(a), Document::List(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b))
        }
        (Document::Record(a), Document::Record(b)) => {
            let (a, b) = (by_name(a), by_name(b));
            let same = |(a, b): (&&(String, Document), &&(String, Document))| {
                a.0 == b.0 && equal(&a.1, &b.1)
            };
            a.len() == b.len() && a.iter().zip(&b).all(same)
        }
        (a, b) => a == b,
    }
}

fn by_name(members: &[(String, Document)]) -> Vec<&(String, Document)> {
    let mut members: Vec<_> = members.iter().collect();
    members.sort_by(|(a, _), (b, _)| a.cmp(b));
    members
}

/// Whether a caller may send a value.
pub(crate) fn is_scalar(document: &Document, scalar: &Scalar) -> bool {
    match (&scalar.rule, document) {
        (Rule::Bool, Document::Bool(_)) => true,
        (Rule::Text(rule), Document::Text(text)) => is_text(text, rule),
        (Rule::Enum(Enumeration { values, rest }), Document::Text(text)) => {
            *rest == Rest::Open || values.iter().any(|(_, wire)| wire == text)
        }
        (Rule::Number(rule), Document::Number(digits)) => is_number(digits, rule),
        (Rule::AsText(inner), Document::Text(text)) => match &**inner {
            Rule::Number(rule) => is_number(text, rule),
            _ => matches!(text.as_str(), "true" | "false"),
        },
        _ => false,
    }
}

pub(crate) fn is_text(text: &str, rule: &Text) -> bool {
    let count = text.chars().count() as u64;
    let fits = count >= rule.min && rule.max.is_none_or(|max| count <= max);
    let pattern = match rule.pattern.as_deref() {
        None => true,
        Some("p_[a-z0-9]{3}") => text.strip_prefix("p_").is_some_and(|rest| {
            rest.len() == 3 && rest.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9'))
        }),
        Some(other) => unreachable!("the reference has no word for /{other}/"),
    };
    let format = match rule.format {
        None => true,
        Some(Format::Uuid) => {
            let groups: Vec<usize> = text.split('-').map(str::len).collect();
            groups == [8, 4, 4, 4, 12]
                && text.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
        }
        Some(Format::Date) => is_date(text),
        Some(other) => unreachable!("the reference has no word for {other:?}"),
    };
    fits && pattern && format
}

fn is_date(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [year, month, day] = parts.as_slice() else { return false };
    let digits =
        |part: &str, count: usize| part.len() == count && part.bytes().all(|b| b.is_ascii_digit());
    if !(digits(year, 4) && digits(month, 2) && digits(day, 2)) {
        return false;
    }
    let number = |part: &str| part.parse::<u32>().unwrap_or(0);
    let (year, month, day) = (number(year), number(month), number(day));
    let leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    let last = match month {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    (1..=last).contains(&day)
}

/// A number as `0.DIGITS` times ten to the `point`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Exact {
    negative: bool,
    /// No zero first or last; empty for zero.
    digits: String,
    point: i64,
}

impl Exact {
    /// Nothing if it is no JSON number.
    fn of(text: &str) -> Option<Exact> {
        Sent::parse(text.as_bytes())
            .filter(|sent| sent.raw() == text && matches!(sent.document(), Document::Number(_)))?;
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let negative = mantissa.starts_with('-');
        let (before, after) = mantissa
            .trim_start_matches('-')
            .split_once('.')
            .unwrap_or((&mantissa[usize::from(negative)..], ""));
        let all = format!("{before}{after}");
        let significant = all.trim_start_matches('0');
        let zeros = all.len() - significant.len();
        let digits = significant.trim_end_matches('0').to_owned();
        if digits.is_empty() {
            return Some(Exact { negative: false, digits, point: 0 });
        }
        let far = if exponent.starts_with('-') { -FARTHEST } else { FARTHEST };
        let exponent = exponent.parse::<i64>().unwrap_or(far).clamp(-FARTHEST, FARTHEST);
        let point = exponent + before.len() as i64 - zeros as i64;
        Some(Exact { negative, digits, point })
    }

    fn limit(limit: &Limit) -> Exact {
        Exact::of(&format!("{}e-{}", limit.digits, limit.scale)).expect("it is a number")
    }

    /// How many digits stand behind the point.
    fn fraction(&self) -> i64 {
        (self.digits.len() as i64 - self.point).max(0)
    }

    fn sign(&self) -> i32 {
        i32::from(!self.digits.is_empty()) * if self.negative { -1 } else { 1 }
    }

    fn cmp(&self, other: &Exact) -> Ordering {
        let magnitude = self.point.cmp(&other.point).then_with(|| self.digits.cmp(&other.digits));
        let within = if self.negative { magnitude.reverse() } else { magnitude };
        self.sign().cmp(&other.sign()).then(within)
    }

    fn within(&self, least: &str, most: &str) -> bool {
        let of = |text| Exact::of(text).expect("it is a number");
        self.cmp(&of(least)).is_ge() && self.cmp(&of(most)).is_le()
    }
}

/// Whether a number is one of a type.
pub(crate) fn is_number(text: &str, rule: &Number) -> bool {
    let Some(exact) = Exact::of(text) else { return false };
    let kind = match rule.kind {
        NumberKind::Int => {
            exact.fraction() == 0 && exact.within("-9007199254740991", "9007199254740991")
        }
        NumberKind::Int64 => {
            exact.fraction() == 0 && exact.within("-9223372036854775808", "9223372036854775807")
        }
        NumberKind::Number => text.parse::<f64>().is_ok_and(f64::is_finite),
        NumberKind::Decimal(precision, scale) => {
            let whole = i64::from(precision) - i64::from(scale);
            exact.fraction() <= i64::from(scale) && exact.point.max(0) <= whole
        }
    };
    let keeps = |limit: &Option<Limit>, wrong: Ordering| {
        limit.as_ref().is_none_or(|limit| match exact.cmp(&Exact::limit(limit)) {
            Ordering::Equal => limit.inclusive,
            order => order != wrong,
        })
    };
    kind && keeps(&rule.min, Ordering::Less) && keeps(&rule.max, Ordering::Greater)
}
