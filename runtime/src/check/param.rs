//! Parameters of a request: texts from outside JSON, checked by the rules of JSON values.

use std::fmt;

use super::{EnumRule, ListRule, NumberRule, Place, TextRule, Violations, accepts_boolean};

/// What a contract says about one value.
pub trait Rule: Sync {
    /// Whether it may be this text.
    fn accepts(&self, text: &str) -> bool;
    /// What it should be, in the contract's words.
    fn expected(&self) -> &'static str;
}

impl fmt::Debug for dyn Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expected())
    }
}

impl Rule for TextRule {
    fn accepts(&self, text: &str) -> bool {
        TextRule::accepts(self, text)
    }

    fn expected(&self) -> &'static str {
        self.expected
    }
}

impl Rule for NumberRule {
    fn accepts(&self, text: &str) -> bool {
        NumberRule::accepts(self, text)
    }

    fn expected(&self) -> &'static str {
        self.expected
    }
}

impl Rule for EnumRule {
    fn accepts(&self, text: &str) -> bool {
        EnumRule::accepts(self, text)
    }

    fn expected(&self) -> &'static str {
        self.expected
    }
}

/// `true` or `false`.
#[derive(Debug)]
pub struct BooleanRule;

/// The rule of a boolean.
pub static BOOLEAN: BooleanRule = BooleanRule;

impl Rule for BooleanRule {
    fn accepts(&self, text: &str) -> bool {
        accepts_boolean(text)
    }

    fn expected(&self) -> &'static str {
        "true or false"
    }
}

/// The value of a parameter that must be there. Without one, or with a wrong one, a violation is
/// added and the result means nothing.
pub fn required<'r>(
    value: Option<&'r str>,
    place: Place,
    rule: &dyn Rule,
    violations: &mut Violations,
) -> &'r str {
    match value {
        Some(value) if rule.accepts(value) => value,
        _ => {
            violations.add(place, rule.expected());
            ""
        }
    }
}

/// The value of a parameter that may be absent. A wrong one is a violation.
pub fn optional<'r>(
    value: Option<&'r str>,
    place: Place,
    rule: &dyn Rule,
    violations: &mut Violations,
) -> Option<&'r str> {
    if value.is_some_and(|value| !rule.accepts(value)) {
        violations.add(place, rule.expected());
    }
    value
}

/// The values of a parameter that may have several. Wrong ones, and too many or too few, are
/// violations.
#[inline]
pub fn repeated<'r>(
    values: impl IntoIterator<Item = &'r str>,
    place: Place,
    rules: (&ListRule, &dyn Rule),
    violations: &mut Violations,
) -> Vec<&'r str> {
    let values: Vec<&str> = values.into_iter().collect();
    several(&values, place, rules, violations);
    values
}

/// As [`repeated`]; without any value, `default` stands in.
#[inline]
pub fn repeated_or<'r>(
    values: impl IntoIterator<Item = &'r str>,
    place: Place,
    rules: (&ListRule, &dyn Rule),
    default: &[&'static str],
    violations: &mut Violations,
) -> Vec<&'r str> {
    let values: Vec<&str> = values.into_iter().collect();
    if values.is_empty() {
        return default.to_vec();
    }
    several(&values, place, rules, violations);
    values
}

/// Checks the values of one parameter.
fn several(
    values: &[&str],
    place: Place,
    (list, rule): (&ListRule, &dyn Rule),
    violations: &mut Violations,
) {
    // The first of two equal ones is found in a sorted copy: a caller decides how many there are.
    let mut sorted = values.to_vec();
    if list.unique {
        sorted.sort_unstable();
    }
    let twice = list.unique && sorted.windows(2).any(|pair| pair.first() == pair.last());
    if values.len() < list.min || values.len() > list.max || twice {
        violations.add(place, list.expected);
    } else if values.iter().any(|value| !rule.accepts(value)) {
        violations.add(place, rule.expected());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{INT, TEXT};

    static UP_TO_TWO: ListRule =
        ListRule { min: 0, max: 2, unique: true, keep: usize::MAX, expected: "at most two" };

    fn place() -> Place {
        Place::Query("q".into())
    }

    #[test]
    fn a_value_that_must_be_there_is_missed_and_checked() {
        let mut violations = Violations::new();
        assert_eq!(required(Some("7"), place(), &INT, &mut violations), "7");
        assert_eq!(optional(None, place(), &INT, &mut violations), None);
        assert!(violations.is_empty());
        required(None, place(), &INT, &mut violations);
        assert!(!violations.is_empty());
        let mut violations = Violations::new();
        optional(Some("seven"), place(), &INT, &mut violations);
        assert!(!violations.is_empty());
        let mut violations = Violations::new();
        required(Some("yes"), place(), &BOOLEAN, &mut violations);
        assert!(!violations.is_empty());
    }

    #[test]
    fn repeated_values_are_counted_and_compared() {
        let check = |values: &[&'static str]| {
            let mut violations = Violations::new();
            let values = values.iter().copied();
            repeated(values, place(), (&UP_TO_TWO, &TEXT), &mut violations);
            violations.is_empty()
        };
        assert!(check(&[]) && check(&["a", "b"]));
        assert!(!check(&["a", "b", "c"]));
        assert!(!check(&["a", "a"]));
        let mut violations = Violations::new();
        let or = repeated_or([], place(), (&UP_TO_TWO, &TEXT), &["x"], &mut violations);
        assert_eq!(or, ["x"]);
        let or = repeated_or(["a"], place(), (&UP_TO_TWO, &TEXT), &["x"], &mut violations);
        assert_eq!((or, violations.is_empty()), (vec!["a"], true));
    }
}
