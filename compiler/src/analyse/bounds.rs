//! What stands in parentheses behind a type.

use super::types::unbounded;
use crate::contract::types::{Limit, ListBounds, Number, NumberKind, Rule, Text};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::pattern;
use gatewright_grammar::Span;
use gatewright_grammar::tree::{Bound, BoundKind, CompareOp, Ident, NumberLit, StringLit};

fn refuse(span: Span, message: String, label: &str, diagnostics: &mut Diagnostics) {
    diagnostics.push(Diagnostic::new(Code::InvalidBounds, span, message).label(label));
}

/// Refuses bounds behind `what`, which has none.
pub(crate) fn none(limits: &[Bound], what: &str, diagnostics: &mut Diagnostics) {
    if let Some(first) = limits.first() {
        refuse(first.span, format!("{what} has no bounds"), "not here", diagnostics);
    }
}

/// The schema that `json(schema "…")` names, if it names one.
pub(crate) fn json<'l>(
    limits: &'l [Bound],
    diagnostics: &mut Diagnostics,
) -> Option<&'l StringLit> {
    let mut found: Option<(&StringLit, Span)> = None;
    for limit in limits {
        let BoundKind::Schema(path) = &limit.kind else {
            none(std::slice::from_ref(limit), "`json`", diagnostics);
            continue;
        };
        match found {
            None => found = Some((path, limit.span)),
            Some((_, first)) => diagnostics.push(
                Diagnostic::new(Code::InvalidBounds, limit.span, "a value has one schema")
                    .label("another one")
                    .see(first, "the first one")
                    .help("put both into one file, behind `allOf`"),
            ),
        }
    }
    found.map(|(path, _)| path)
}

/// The bounds of a list or a map.
pub(crate) fn list(
    limits: &[Bound],
    what: &'static str,
    diagnostics: &mut Diagnostics,
) -> Option<ListBounds> {
    let mut bounds = ListBounds { min: 0, max: None, unique: false };
    for limit in limits {
        match &limit.kind {
            BoundKind::Unique if what == "list" => bounds.unique = true,
            BoundKind::Range(min, max) => {
                (bounds.min, bounds.max) = lengths(limit.span, (min, max), diagnostics)?;
            }
            BoundKind::Number(number) => {
                (bounds.min, bounds.max) = lengths(
                    limit.span,
                    (&Some(number.clone()), &Some(number.clone())),
                    diagnostics,
                )?;
            }
            _ => {
                refuse(
                    limit.span,
                    format!("a {what} has no such bound"),
                    match what {
                        "list" => "a list can have a range and `unique`",
                        _ => "a map can have a range: how many entries",
                    },
                    diagnostics,
                );
                return None;
            }
        }
    }
    Some(bounds)
}

/// A scalar with its bounds.
pub(crate) fn scalar(
    name: &Ident,
    limits: &[Bound],
    diagnostics: &mut Diagnostics,
) -> Option<Rule> {
    if name.text == "decimal" {
        return decimal(name, limits, diagnostics).map(Rule::Number);
    }
    match unbounded(&name.text)? {
        Rule::Text(rule) if rule.format.is_none() => {
            text(rule, limits, diagnostics).map(Rule::Text)
        }
        Rule::Number(rule) => number(rule, limits, diagnostics).map(Rule::Number),
        rule => {
            none(limits, &format!("`{}`", name.text), diagnostics);
            Some(rule)
        }
    }
}

fn text(mut rule: Text, limits: &[Bound], diagnostics: &mut Diagnostics) -> Option<Text> {
    for limit in limits {
        match &limit.kind {
            BoundKind::Pattern(regex) => {
                pattern::check(regex, limit.span, diagnostics)?;
                rule.pattern = Some(regex.clone());
            }
            BoundKind::Range(min, max) => {
                (rule.min, rule.max) = lengths(limit.span, (min, max), diagnostics)?;
            }
            BoundKind::Number(number) => {
                let both = Some(number.clone());
                (rule.min, rule.max) = lengths(limit.span, (&both, &both), diagnostics)?;
            }
            _ => {
                refuse(
                    limit.span,
                    "a text has no such bound".into(),
                    "a text can have a length `1..200` and a `/pattern/`",
                    diagnostics,
                );
                return None;
            }
        }
    }
    Some(rule)
}

fn number(mut rule: Number, limits: &[Bound], diagnostics: &mut Diagnostics) -> Option<Number> {
    for limit in limits {
        match &limit.kind {
            BoundKind::Range(min, max) => {
                rule.min = bound(min.as_ref(), true, diagnostics)?.or(rule.min);
                rule.max = bound(max.as_ref(), true, diagnostics)?.or(rule.max);
            }
            BoundKind::Compare(op, number) => {
                let inclusive = matches!(op, CompareOp::AtLeast | CompareOp::AtMost);
                let bound = bound(Some(number), inclusive, diagnostics)?;
                match op {
                    CompareOp::AtLeast | CompareOp::Greater => rule.min = bound,
                    _ => rule.max = bound,
                }
            }
            _ => {
                refuse(
                    limit.span,
                    "a number has no such bound".into(),
                    "a number can have a range `0..100` and `>0`, `<=1`",
                    diagnostics,
                );
                return None;
            }
        }
        if empty(&rule) {
            refuse(
                limit.span,
                "no number is within these bounds".into(),
                "the lower bound lies above the upper one",
                diagnostics,
            );
            return None;
        }
    }
    Some(rule)
}

fn empty(rule: &Number) -> bool {
    let (Some(min), Some(max)) = (&rule.min, &rule.max) else { return false };
    match compare(min, max) {
        std::cmp::Ordering::Greater => true,
        std::cmp::Ordering::Equal => !(min.inclusive && max.inclusive),
        std::cmp::Ordering::Less => false,
    }
}

/// Compares the places of two bounds.
pub(crate) fn compare(a: &Limit, b: &Limit) -> std::cmp::Ordering {
    let scale = a.scale.max(b.scale);
    let lift = |limit: &Limit| {
        10_i128.checked_pow(scale - limit.scale).and_then(|f| limit.digits.checked_mul(f))
    };
    match (lift(a), lift(b)) {
        (Some(a), Some(b)) => a.cmp(&b),
        _ => std::cmp::Ordering::Equal,
    }
}

fn decimal(name: &Ident, limits: &[Bound], diagnostics: &mut Diagnostics) -> Option<Number> {
    let sizes: Vec<&NumberLit> = limits
        .iter()
        .filter_map(|limit| match &limit.kind {
            BoundKind::Number(number) => Some(number),
            _ => None,
        })
        .collect();
    let digits = |number: &&NumberLit| number.text.parse::<u8>().ok().filter(|n| *n <= 34);
    let size = match sizes.as_slice() {
        [precision, scale] => {
            digits(precision).zip(digits(scale)).filter(|(p, s)| s <= p && *p > 0)
        }
        _ => None,
    };
    let Some((precision, scale)) = size else {
        diagnostics.push(
            Diagnostic::new(
                Code::InvalidBounds,
                name.span,
                "a decimal must say how many digits it has",
            )
            .label("`decimal(12,2)` has 12 digits, 2 of them behind the point")
            .help("write `decimal(12,2)`; at most 34 digits in all"),
        );
        return None;
    };
    let rest: Vec<Bound> =
        limits.iter().filter(|l| !matches!(l.kind, BoundKind::Number(_))).cloned().collect();
    number(
        Number { kind: NumberKind::Decimal(precision, scale), min: None, max: None },
        &rest,
        diagnostics,
    )
}

fn lengths(
    span: Span,
    (min, max): (&Option<NumberLit>, &Option<NumberLit>),
    diagnostics: &mut Diagnostics,
) -> Option<(u64, Option<u64>)> {
    let read = |number: &Option<NumberLit>| number.as_ref().map(|n| n.text.parse::<u64>());
    let (min, max) = match (read(min).transpose(), read(max).transpose()) {
        (Ok(min), Ok(max)) => (min.unwrap_or(0), max),
        _ => {
            refuse(span, "a length is a whole number".into(), "not a length", diagnostics);
            return None;
        }
    };
    if max.is_some_and(|max| max < min) {
        refuse(
            span,
            "no length is within these bounds".into(),
            "the lower bound lies above the upper one",
            diagnostics,
        );
        return None;
    }
    Some((min, max))
}

fn bound(
    number: Option<&NumberLit>,
    inclusive: bool,
    diagnostics: &mut Diagnostics,
) -> Option<Option<Limit>> {
    let Some(number) = number else { return Some(None) };
    match limit(&number.text, inclusive) {
        Some(limit) => Some(Some(limit)),
        None => {
            refuse(
                number.span,
                "a bound has at most 30 digits".into(),
                "too many digits",
                diagnostics,
            );
            None
        }
    }
}

/// The bound that `text` writes.
pub(crate) fn limit(text: &str, inclusive: bool) -> Option<Limit> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let scale = u32::try_from(fraction.len()).ok().filter(|scale| *scale <= 30)?;
    let digits = format!("{whole}{fraction}");
    if digits.len() > 31 {
        return None;
    }
    Some(Limit { digits: digits.parse().ok()?, scale, inclusive })
}

#[cfg(test)]
mod tests {
    use super::{compare, limit};
    use crate::contract::types::{Kind, Rule};
    use crate::testing::{check, in_endpoint};
    use std::cmp::Ordering;

    #[test]
    fn bounds_are_compared_by_their_place_on_the_line() {
        let bound = |text| limit(text, true).expect("a bound");
        assert_eq!(compare(&bound("0.10"), &bound("0.1")), Ordering::Equal);
        assert_eq!(compare(&bound("-1"), &bound("-0.5")), Ordering::Less);
        assert_eq!(compare(&bound("10"), &bound("9.99")), Ordering::Greater);
        assert!(limit("1.0000000000000000000000000000000", true).is_none(), "too many digits");
    }

    /// The rule of the only field of the answer.
    fn rule(ty: &str) -> String {
        let text = format!(
            "version 1 {{ GET /x -> {{ x: {ty} }} {{ public, x = one GET /x, return x }} }}"
        );
        let contract = check(&text);
        let version = contract.versions.first().expect("a version");
        let ty = version.endpoints[0].success[0].ty.as_ref().expect("an answer");
        let Kind::Record(id) = ty.kind else { panic!("a record") };
        match &version.types.record(id).fields[0].ty.kind {
            Kind::Scalar(scalar) => super::super::values::rule_spelling(&scalar.rule),
            Kind::List(_, bounds) => format!("{bounds:?}"),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn bounds_are_kept_as_written() {
        for ty in [
            "text(1..200)",
            "text(..5)",
            "text(3..)",
            "text(..5, /[a-z]+/)",
            "int(1..5)",
            "int(..-1)",
            "number(>0, <=1000.5)",
            "number(>=0, <1)",
            "decimal(12,2)",
            "decimal(4,0, 0..100)",
            "bool",
            "uuid",
        ] {
            let again = rule(ty);
            assert_eq!(again, ty);
        }
        assert_eq!(rule("text(3)"), "text(3..3)");
        assert_eq!(rule("int(1.., <=5)"), "int(1..5)");
    }

    #[test]
    fn lists_have_lengths_and_can_be_unique() {
        assert_eq!(rule("[text](2, unique)"), "ListBounds { min: 2, max: Some(2), unique: true }");
        assert_eq!(rule("[text](..3)"), "ListBounds { min: 0, max: Some(3), unique: false }");
        assert_eq!(rule("[text]"), "ListBounds { min: 0, max: None, unique: false }");
    }

    #[test]
    fn what_leaves_no_value_is_refused() {
        for ty in ["int(2..1)", "number(>1, <1)", "number(>=1, <1)", "text(2..1)", "decimal(2,3)"] {
            let text = format!("GET /x -> {{ x: {ty} }} {{ public, x = one GET /x, return x }}");
            let found = in_endpoint(&text);
            assert!(
                matches!(found.as_slice(), [one] if one.starts_with("invalid-bounds")),
                "{ty}: {found:?}"
            );
        }
        let plain = Rule::Bool;
        assert_eq!(super::super::types::unbounded("bool"), Some(plain));
    }
}
