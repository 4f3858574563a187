//! The texts that a variable of each kind may have.

use std::time::Duration;

use super::Many;
use crate::contract::{Variable, VariableKind};
use crate::upstream::Address;

/// Checks a variable's text against its kind and its bounds.
///
/// # Errors
///
/// What is wrong, as it stands after the variable's name in a report. A secret is never repeated,
/// nor is an address that may hold one.
pub(super) fn check(variable: &Variable, many: Many, text: &str) -> Result<(), String> {
    of_kind(variable, many, text)?;
    let broken = variable.rules.iter().find(|rule| !rule.accepts(text));
    match broken.map(|rule| rule.expected()) {
        None => Ok(()),
        Some(expected) if variable.kind == VariableKind::Secret => {
            Err(format!("must be {expected}"))
        }
        // A line break would make one fault look like two.
        Some(expected) => Err(format!("is {}, must be {expected}", shown(text))),
    }
}

/// A text as one line.
fn shown(text: &str) -> String {
    if text.contains(char::is_control) { format!("{text:?}") } else { format!("`{text}`") }
}

fn of_kind(variable: &Variable, many: Many, text: &str) -> Result<(), String> {
    let must = |what: &str| Err(format!("is `{text}`, must be {what}"));
    match variable.kind {
        VariableKind::Url => match url(many, text) {
            Ok(_) => Ok(()),
            Err(reason) if text.contains('@') => Err(format!("is an address {reason}")),
            Err(reason) => Err(format!("is `{text}`, {reason}")),
        },
        VariableKind::Duration => match duration(text) {
            None => must("a whole number and `ms`, `s`, `min`, `h` or `d`"),
            Some(span) => within(variable, text, |bound| Some(span.cmp(&duration(bound)?))),
        },
        VariableKind::Int => match text.parse::<i64>() {
            Err(_) => must("a whole number"),
            Ok(number) => {
                within(variable, text, |bound| Some(number.cmp(&bound.parse::<i64>().ok()?)))
            }
        },
        VariableKind::Number => match number(text) {
            None => must("a number"),
            Some(value) => within(variable, text, |bound| value.partial_cmp(&number(bound)?)),
        },
        VariableKind::Bool if matches!(text, "true" | "false") => Ok(()),
        VariableKind::Bool => must("`true` or `false`"),
        VariableKind::Text | VariableKind::Secret => Ok(()),
    }
}

fn url(many: Many, text: &str) -> Result<Address, &'static str> {
    match many {
        Many::Yes => Address::parse_list(text),
        Many::No => Address::parse(text).and_then(|address| match address.http2 {
            true => Err("whose scheme is for backends alone"),
            false => Ok(address),
        }),
    }
}

fn number(text: &str) -> Option<f64> {
    text.parse::<f64>().ok().filter(|value| value.is_finite())
}

/// A whole number and a unit, without a space between them.
pub(super) fn duration(text: &str) -> Option<Duration> {
    let unit = text.find(|c: char| !c.is_ascii_digit())?;
    let (digits, unit) = text.split_at(unit);
    let count: u64 = digits.parse().ok()?;
    let milliseconds: u64 = match unit {
        "ms" => 1,
        "s" => 1000,
        "min" => 60 * 1000,
        "h" => 60 * 60 * 1000,
        "d" => 24 * 60 * 60 * 1000,
        _ => return None,
    };
    Some(Duration::from_millis(count.checked_mul(milliseconds)?))
}

fn within(
    variable: &Variable,
    text: &str,
    compare: impl Fn(&str) -> Option<std::cmp::Ordering>,
) -> Result<(), String> {
    let Some((low, high)) = variable.bounds else { return Ok(()) };
    let below = !low.is_empty() && compare(low).is_none_or(std::cmp::Ordering::is_lt);
    let above = !high.is_empty() && compare(high).is_none_or(std::cmp::Ordering::is_gt);
    if below || above {
        return Err(format!("is `{text}`, must be within {low}..{high}"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(
        kind: VariableKind,
        bounds: Option<(&'static str, &'static str)>,
        text: &str,
    ) -> Option<String> {
        let variable = Variable { name: "X", kind, default: None, bounds, rules: &[], about: "" };
        check(&variable, Many::No, text).err()
    }

    #[test]
    fn durations_have_a_unit_and_stay_in_bounds() {
        let bounds = Some(("50ms", "500ms"));
        for good in ["50ms", "500ms", "100ms"] {
            assert_eq!(wrong(VariableKind::Duration, bounds, good), None);
        }
        assert_eq!(
            wrong(VariableKind::Duration, bounds, "2s").as_deref(),
            Some("is `2s`, must be within 50ms..500ms")
        );
        for bad in ["", "5", "ms", "1.5s", "5 s", "-1s", "5m", "99999999999999999999s"] {
            assert!(wrong(VariableKind::Duration, None, bad).is_some(), "{bad}");
        }
        assert_eq!(duration("2min"), Some(Duration::from_secs(120)));
        assert_eq!(duration("1d"), Some(Duration::from_secs(86_400)));
    }

    #[test]
    fn numbers_and_booleans() {
        assert_eq!(wrong(VariableKind::Int, Some(("1", "")), "7"), None);
        assert!(wrong(VariableKind::Int, Some(("1", "")), "0").is_some());
        assert!(wrong(VariableKind::Int, None, "7.5").is_some());
        assert_eq!(wrong(VariableKind::Number, Some(("0", "1")), "0.5"), None);
        assert!(wrong(VariableKind::Number, None, "NaN").is_some());
        assert!(wrong(VariableKind::Bool, None, "yes").is_some());
    }

    #[test]
    fn a_text_keeps_the_rules_of_where_it_goes_and_a_secret_is_not_repeated() {
        let wrong = |kind, text: &str| {
            static RULES: &[&dyn crate::check::Rule] = &[&crate::check::FIELD];
            let rules = RULES;
            let variable =
                Variable { name: "X", kind, default: None, bounds: None, rules, about: "" };
            check(&variable, Many::No, text).err()
        };
        assert_eq!(wrong(VariableKind::Text, "a b"), None);
        assert_eq!(
            wrong(VariableKind::Text, "a\r\nX-Admin: 1").as_deref(),
            Some(r#"is "a\r\nX-Admin: 1", must be the value of a header field"#)
        );
        assert_eq!(
            wrong(VariableKind::Secret, "hunter2\n").as_deref(),
            Some("must be the value of a header field")
        );
    }

    #[test]
    fn an_address_with_credentials_is_not_repeated() {
        let reason = wrong(VariableKind::Url, None, "http://me:hunter2@a").expect("refused");
        assert!(!reason.contains("hunter2"), "{reason}");
        assert_eq!(
            wrong(VariableKind::Url, None, "auth.internal/keys").as_deref(),
            Some("is `auth.internal/keys`, which has no scheme")
        );
    }

    #[test]
    fn only_a_backend_can_have_several_addresses() {
        let (kind, rules, about) = (VariableKind::Url, &[], "");
        let variable = Variable { name: "X", kind, default: None, bounds: None, rules, about };
        assert_eq!(check(&variable, Many::Yes, "http://a, http://b"), Ok(()));
        assert_eq!(
            check(&variable, Many::No, "http://a, http://b"),
            Err("is `http://a, http://b`, which has no usable host".to_owned())
        );
    }
}
