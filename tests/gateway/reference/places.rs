//! What the manual says about a body, looked up rule by rule in the types of the contract. Slow,
//! and nothing of the runtime is used.

use std::collections::BTreeSet;

use gatewright_compiler::contract::types::{
    Enumeration, Field, Format, Kind, Limit, ListBounds, Number, NumberKind, Rest, Rule, Scalar,
    Text, Type, Types,
};

use super::documents::Document;

/// The pointers of everything that is wrong (RFC 6901).
pub(super) fn wrong(
    document: &Document,
    ty: &Type,
    types: &Types,
    ignore_unknown: bool,
) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    Check { types, ignore_unknown, found: &mut found }.value(document, ty, String::new());
    found
}

struct Check<'a> {
    types: &'a Types,
    ignore_unknown: bool,
    found: &'a mut BTreeSet<String>,
}

impl Check<'_> {
    /// Whether nothing is wrong with a value.
    fn value(&mut self, document: &Document, ty: &Type, pointer: String) -> bool {
        if ty.nullable && *document == Document::Null {
            return true;
        }
        match (&ty.kind, document) {
            (Kind::Record(id), Document::Record(members)) => {
                let fields = self.types.record(*id).fields.clone();
                self.record(members, &fields, &pointer)
            }
            (Kind::List(element, bounds), Document::List(all)) => {
                self.list(all, element, bounds, pointer)
            }
            (Kind::Scalar(scalar), _) if is_scalar(document, scalar) => true,
            (Kind::Json, _) => true,
            _ => self.refuse(pointer),
        }
    }

    fn refuse(&mut self, pointer: String) -> bool {
        self.found.insert(pointer);
        false
    }

    fn record(&mut self, members: &[(String, Document)], fields: &[Field], pointer: &str) -> bool {
        let mut fine = true;
        for (at, (name, one)) in members.iter().enumerate() {
            let place = format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"));
            let again = members.iter().take(at).any(|(other, _)| other == name);
            match fields.iter().find(|field| field.name == *name) {
                None if self.ignore_unknown => {}
                // Unknown, there twice, or null where the type says nothing of it.
                None => fine &= self.refuse(place),
                Some(_) if again => fine &= self.refuse(place),
                Some(field) => fine &= self.value(one, &field.ty, place),
            }
        }
        for field in fields.iter().filter(|field| !field.optional) {
            if !members.iter().any(|(name, _)| *name == field.name) {
                let name = field.name.replace('~', "~0").replace('/', "~1");
                fine &= self.refuse(format!("{pointer}/{name}"));
            }
        }
        fine
    }

    /// A list that is too long is refused as a whole; what is in it is told up to its bound.
    fn list(
        &mut self,
        all: &[Document],
        element: &Type,
        bounds: &ListBounds,
        pointer: String,
    ) -> bool {
        let most = bounds.max.map_or(usize::MAX, |max| usize::try_from(max).unwrap_or(usize::MAX));
        let mut fine = true;
        for (at, one) in all.iter().enumerate().take(most) {
            fine &= self.value(one, element, format!("{pointer}/{at}"));
        }
        let count = all.len() as u64;
        let again = |at: usize| all.iter().take(at).any(|other| equal(other, &all[at]));
        let bad_count = count < bounds.min || all.len() > most;
        if bad_count || (bounds.unique && fine && (0..all.len()).any(again)) {
            return self.refuse(pointer);
        }
        fine
    }
}

/// Whether two values are the same JSON value: numbers by what they are, not by how they look.
pub(super) fn equal(a: &Document, b: &Document) -> bool {
    match (a, b) {
        (Document::Number(a), Document::Number(b)) => Digits::of(a) == Digits::of(b),
        (a, b) => a == b,
    }
}

fn is_scalar(document: &Document, scalar: &Scalar) -> bool {
    match (&scalar.rule, document) {
        (Rule::Bool, Document::Bool(_)) => true,
        (Rule::Text(rule), Document::Text(text)) => is_text(text, rule),
        (Rule::Enum(Enumeration { values, rest }), Document::Text(text)) => {
            *rest == Rest::Open || values.iter().any(|(_, wire)| wire == text)
        }
        (Rule::Number(rule), Document::Number(digits)) => is_number(digits, rule),
        _ => false,
    }
}

fn is_text(text: &str, rule: &Text) -> bool {
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

/// A number as an integer times a power of ten, without zeros at its end.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Digits {
    whole: i128,
    power: i64,
}

impl Digits {
    /// Nothing if there are more digits or tens than are compared here.
    fn of(text: &str) -> Option<Digits> {
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let (before, after) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let mut whole: i128 = format!("{before}{after}").parse().ok()?;
        let mut power = exponent.parse::<i64>().ok()? - i64::try_from(after.len()).ok()?;
        if whole == 0 {
            return Some(Digits { whole: 0, power: 0 });
        }
        while whole % 10 == 0 {
            whole /= 10;
            power += 1;
        }
        Some(Digits { whole, power })
    }

    /// Times ten to the `scale`, if that is a whole number.
    fn scaled(self, scale: u32) -> Option<i128> {
        let power = u32::try_from(self.power + i64::from(scale)).ok()?;
        self.whole.checked_mul(10_i128.checked_pow(power)?)
    }
}

/// Whether a number is one of a type.
pub(super) fn is_number(text: &str, rule: &Number) -> bool {
    let Some(digits) = Digits::of(text) else { return false };
    let kind = match rule.kind {
        NumberKind::Int => digits.scaled(0).is_some_and(|whole| whole.abs() < 1 << 53),
        NumberKind::Int64 => digits.scaled(0).is_some_and(|whole| i64::try_from(whole).is_ok()),
        NumberKind::Number => text.parse::<f64>().is_ok_and(f64::is_finite),
        NumberKind::Decimal(precision, scale) => {
            let scaled = digits.scaled(u32::from(scale));
            scaled.is_some_and(|whole| whole.abs() < 10_i128.pow(u32::from(precision)))
        }
    };
    // `1.5e300` is beyond every bound that is compared here.
    let bound = |limit: &Limit| {
        let scale = limit.scale.max(u32::try_from(-digits.power.min(0)).unwrap_or(0));
        let limit = limit.digits * 10_i128.pow(scale - limit.scale);
        digits.scaled(scale).map(|whole| whole.cmp(&limit))
    };
    let keeps = |limit: &Option<Limit>, wrong: std::cmp::Ordering| {
        limit.as_ref().is_none_or(|limit| match bound(limit) {
            Some(std::cmp::Ordering::Equal) => limit.inclusive,
            Some(order) => order != wrong,
            None => (digits.whole < 0) == (wrong == std::cmp::Ordering::Greater),
        })
    };
    kind && keeps(&rule.min, std::cmp::Ordering::Less)
        && keeps(&rule.max, std::cmp::Ordering::Greater)
}
