//! What is expected against what came.

use super::json;
use crate::analyse::is_any;
use crate::contract::Contract;
use crate::contract::cases::{Expected, Field, Pattern};
use crate::contract::types::Const;

/// The longest piece of a value that is shown.
const SHOWN: usize = 80;

/// A place where something else came than expected.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Difference {
    /// Where, as a JSON pointer (RFC 6901); empty for the whole.
    pub(super) pointer: String,
    /// What was expected there.
    pub(super) expected: String,
    /// What came.
    pub(super) found: String,
}

impl Difference {
    /// `` `/price/amount` is 59.80, not 59.90 ``
    pub(super) fn sentence(&self) -> String {
        let Difference { pointer, expected, found } = self;
        if pointer.is_empty() {
            format!("the body is {found}, not {expected}")
        } else {
            format!("`{pointer}` is {found}, not {expected}")
        }
    }
}

/// How a body differs from what is expected. Members in `beside` are only looked at if they are
/// expected.
pub(super) fn body(
    contract: &Contract,
    expected: &Expected,
    body: &[u8],
    beside: &[&str],
) -> Vec<Difference> {
    let whole = |expected: String, found: String| {
        vec![Difference { pointer: String::new(), expected, found }]
    };
    let Ok(text) = std::str::from_utf8(body) else {
        return whole("text".to_owned(), "no UTF-8".to_owned());
    };
    match expected {
        Expected::Text(expected) if expected == text => Vec::new(),
        Expected::Text(expected) => whole(shown(&quoted(expected)), shown(&quoted(text))),
        Expected::Json(pattern) => match json::parse(text) {
            Ok(mut value) => {
                if let (Const::Record(found), Pattern::Record { members, .. }) =
                    (&mut value, pattern)
                {
                    let expected = |name: &str| members.iter().any(|(other, _)| other == name);
                    found.retain(|(name, _)| expected(name) || !beside.contains(&name.as_str()));
                }
                let mut found = Vec::new();
                values(contract, pattern, &value, &mut String::new(), &mut found);
                found
            }
            Err(_) if text.is_empty() => whole(pattern_text(pattern), "empty".to_owned()),
            Err(why) => whole("JSON".to_owned(), format!("{} ({why})", shown(&quoted(text)))),
        },
    }
}

fn values(
    contract: &Contract,
    pattern: &Pattern,
    value: &Const,
    pointer: &mut String,
    found: &mut Vec<Difference>,
) {
    let differs = |pointer: &str, why: Option<String>| Difference {
        pointer: pointer.to_owned(),
        expected: pattern_text(pattern),
        found: match why {
            Some(why) => format!("{} ({why})", shown(&value.json())),
            None => shown(&value.json()),
        },
    };
    match (pattern, value) {
        (Pattern::Any(wanted), _) => {
            let version = contract.versions.get(wanted.version);
            if let Err(why) = is_any(wanted, value, version) {
                found.push(differs(pointer, Some(why)));
            }
        }
        (Pattern::List(items), Const::List(values)) if items.len() == values.len() => {
            for (index, (item, value)) in items.iter().zip(values).enumerate() {
                below(pointer, &index.to_string(), |pointer| {
                    self::values(contract, item, value, pointer, found);
                });
            }
        }
        (Pattern::List(items), Const::List(values)) => {
            let count = |count: usize| match count {
                1 => "a list of 1 element".to_owned(),
                count => format!("a list of {count} elements"),
            };
            found.push(Difference {
                pointer: pointer.clone(),
                expected: count(items.len()),
                found: count(values.len()),
            });
        }
        (Pattern::Record { members, more }, Const::Record(values)) => {
            record(contract, (members, *more), values, pointer, found);
        }
        (Pattern::Is(expected), _) if same(expected, value) => {}
        _ => found.push(differs(pointer, None)),
    }
}

fn record(
    contract: &Contract,
    (members, more): (&[(String, Pattern)], bool),
    values: &[(String, Const)],
    pointer: &mut String,
    found: &mut Vec<Difference>,
) {
    for (name, pattern) in members {
        let value = values.iter().find(|(other, _)| other == name).map(|(_, value)| value);
        below(pointer, name, |pointer| match value {
            Some(value) => self::values(contract, pattern, value, pointer, found),
            None => found.push(Difference {
                pointer: pointer.clone(),
                expected: pattern_text(pattern),
                found: "not there".to_owned(),
            }),
        });
    }
    let unexpected = values.iter().filter(|(name, _)| members.iter().all(|(one, _)| one != name));
    for (name, value) in unexpected.filter(|_| !more) {
        below(pointer, name, |pointer| {
            found.push(Difference {
                pointer: pointer.clone(),
                expected: "absent".to_owned(),
                found: shown(&value.json()),
            });
        });
    }
}

/// Calls `work` with the pointer of a part (RFC 6901 section 3).
pub(crate) fn below(pointer: &mut String, part: &str, work: impl FnOnce(&mut String)) {
    let length = pointer.len();
    pointer.push('/');
    pointer.push_str(&part.replace('~', "~0").replace('/', "~1"));
    work(pointer);
    pointer.truncate(length);
}

/// Whether two values are equal; numbers by what they are worth.
pub(crate) fn same(a: &Const, b: &Const) -> bool {
    match (a, b) {
        (Const::Number(a), Const::Number(b)) => worth(a) == worth(b),
        (Const::List(a), Const::List(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Const::Record(a), Const::Record(_)) => {
            let Const::Record(members) = b else { return false };
            a.len() == members.len()
                && a.iter()
                    .all(|(name, value)| b.member(name).is_some_and(|other| same(value, other)))
        }
        _ => a == b,
    }
}

/// Sign, digits without zeros around them, and the power of ten of the last digit.
fn worth(number: &str) -> (bool, String, i64) {
    let (mantissa, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let mut power = exponent.trim_start_matches('+').parse::<i64>().unwrap_or(0);
    let negative = mantissa.starts_with('-');
    let mantissa = mantissa.trim_start_matches('-');
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    power = power.saturating_sub(i64::try_from(fraction.len()).unwrap_or(i64::MAX));
    let digits = format!("{whole}{fraction}");
    let kept = digits.trim_end_matches('0');
    power = power.saturating_add(i64::try_from(digits.len() - kept.len()).unwrap_or(0));
    let kept = kept.trim_start_matches('0');
    if kept.is_empty() { (false, String::new(), 0) } else { (negative, kept.to_owned(), power) }
}

/// Why header fields are not as expected; `values` are all that came of one name.
pub(super) fn field(
    contract: &Contract,
    field: &Field,
    values: &[&str],
    setting: impl Fn(&str) -> Option<String>,
) -> Option<(String, String)> {
    let came = if values.is_empty() { "not there".to_owned() } else { quoted(&values.join(", ")) };
    let is = |text: &str| values.contains(&text) || values.join(", ") == text;
    match field {
        Field::Absent => (!values.is_empty()).then(|| ("absent".to_owned(), came)),
        Field::Is(text) => (!is(text)).then(|| (quoted(text), came)),
        Field::Env(name) => {
            let text = setting(name).unwrap_or_default();
            (!is(&text)).then(|| (format!("{}, the value of {name}", quoted(&text)), came))
        }
        Field::Any(wanted) => {
            let version = contract.versions.get(wanted.version);
            let fits = |text: &&str| {
                let number = json::parse(text).unwrap_or(Const::Null);
                is_any(wanted, &Const::Text((*text).to_owned()), version).is_ok()
                    || is_any(wanted, &number, version).is_ok()
            };
            (!values.iter().any(fits)).then(|| (format!("any {}", wanted.word), came))
        }
    }
}

/// A pattern as a case writes it, in short.
fn pattern_text(pattern: &Pattern) -> String {
    fn spell(pattern: &Pattern) -> String {
        match pattern {
            Pattern::Is(value) => value.json(),
            Pattern::Any(wanted) => format!("any {}", wanted.word),
            Pattern::List(items) => {
                let items: Vec<String> = items.iter().map(spell).collect();
                format!("[{}]", items.join(","))
            }
            Pattern::Record { members, more } => {
                let mut parts: Vec<String> = members
                    .iter()
                    .map(|(name, pattern)| format!("{}:{}", quoted(name), spell(pattern)))
                    .collect();
                parts.extend(more.then(|| "...".to_owned()));
                format!("{{{}}}", parts.join(","))
            }
        }
    }
    shown(&spell(pattern))
}

/// A text in quotes.
pub(crate) fn quoted(text: &str) -> String {
    Const::Text(text.to_owned()).json()
}

/// The first letters of something long.
pub(crate) fn shown(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Difference, body, worth};
    use crate::contract::cases::{Expected, Pattern};
    use crate::contract::types::Const;

    #[test]
    fn numbers_are_equal_by_worth() {
        for (a, b) in [("59.90", "59.9"), ("1e3", "1000"), ("-0", "0.00"), ("0.001", "1E-3")] {
            assert_eq!(worth(a), worth(b), "{a} {b}");
        }
        for (a, b) in [("59.90", "59.91"), ("1", "-1"), ("10", "100"), ("1", "0.1")] {
            assert_ne!(worth(a), worth(b), "{a} {b}");
        }
    }

    fn is(text: &str) -> Pattern {
        Pattern::Is(super::json::parse(text).expect("JSON"))
    }

    fn differences(pattern: Pattern, text: &str) -> Vec<String> {
        let contract = crate::testing::check("version 1 { }");
        let found = body(&contract, &Expected::Json(pattern), text.as_bytes(), &[]);
        found.iter().map(Difference::sentence).collect()
    }

    #[test]
    fn every_difference_has_its_pointer() {
        let members = vec![
            ("a".to_owned(), Pattern::List(vec![is("1"), is("\"x\"")])),
            ("b/c".to_owned(), is("true")),
        ];
        let exact = Pattern::Record { members: members.clone(), more: false };
        assert!(differences(exact.clone(), r#"{"b/c":true,"a":[1.0,"x"]}"#).is_empty());
        assert_eq!(
            differences(exact.clone(), r#"{"a":[2,"x"],"d":null}"#),
            ["`/a/0` is 2, not 1", "`/b~1c` is not there, not true", "`/d` is null, not absent"]
        );
        assert_eq!(
            differences(exact.clone(), r#"{"a":[1],"b/c":true}"#),
            ["`/a` is a list of 1 element, not a list of 2 elements"]
        );
        assert_eq!(differences(exact, "[]").len(), 1);
        let open = Pattern::Record { members, more: true };
        assert!(differences(open, r#"{"a":[1,"x"],"b/c":true,"d":1}"#).is_empty());
        assert_eq!(differences(Pattern::Is(Const::Null), ""), ["the body is empty, not null"]);
    }
}
