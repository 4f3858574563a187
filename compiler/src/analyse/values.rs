//! Values known at compile time: what literals mean, and whether a type accepts them.

use super::bounds;
use crate::contract::types::{
    Const, Enumeration, Field, Format, Kind, ListBounds, Number, NumberKind, Record, Rest, Rule,
    Scalar, Text, Type, Types, Union, Variant,
};
use crate::pattern;
use crate::schema;
use gatewright_grammar::tree::{EntryKind, TemplatePart, Value, ValueKind};
use std::cmp::Ordering;
use std::fmt::Write as _;

/// The constant that `value` writes; nothing if it is not known at compile time. A word stands
/// for an enum's value where `expected` is one.
pub(crate) fn constant(value: &Value, expected: Option<&Type>, types: &Types) -> Option<Const> {
    let found = written(value, expected, types)?;
    // JSON holds it as a text, whichever way the contract writes it.
    Some(match expected.map(|ty| &ty.kind) {
        Some(Kind::Scalar(Scalar { rule: Rule::AsText(_), .. })) => {
            found.plain().map_or(found, Const::Text)
        }
        _ => found,
    })
}

fn written(value: &Value, expected: Option<&Type>, types: &Types) -> Option<Const> {
    Some(match &value.kind {
        ValueKind::Number(number) => Const::Number(json_number(&number.text)),
        ValueKind::Date(date) => Const::Text(date.text.clone()),
        ValueKind::Duration(duration) => Const::Text(duration.text.clone()),
        ValueKind::Template(parts) => Const::Text(plain_text(parts)?),
        ValueKind::Array(items) => {
            let element = expected.and_then(|ty| match &ty.kind {
                Kind::List(element, _) => Some(element.as_ref()),
                _ => None,
            });
            let items = items.iter().map(|item| constant(item, element, types));
            Const::List(items.collect::<Option<_>>()?)
        }
        ValueKind::Object(object) => {
            let member = |kind: &EntryKind| match kind {
                EntryKind::Field(name, value) => {
                    let ty = expected.and_then(|ty| field(ty, &name.text, types));
                    Some((name.text.clone(), constant(value, ty, types)?))
                }
                EntryKind::Spread(_) => None,
            };
            let members = object.entries.iter().map(|entry| member(&entry.kind));
            Const::Record(members.collect::<Option<_>>()?)
        }
        ValueKind::Ref(_) => word(single_word(value)?, expected)?,
        _ => return None,
    })
}

/// `relevance`: a reference that is one word.
pub(crate) fn single_word(value: &Value) -> Option<&str> {
    let ValueKind::Ref(reference) = &value.kind else { return None };
    let [step] = reference.steps.as_slice() else { return None };
    let plain = !reference.of_element && reference.projection.is_none() && step.index.is_none();
    plain.then_some(step.name.text.as_str())
}

/// `an `int`` or `a `text``.
pub(crate) fn article(spelling: &str) -> String {
    let vowel = spelling.starts_with(['a', 'e', 'i', 'o', 'A', 'E', 'I', 'O']);
    format!("{} `{spelling}`", if vowel { "an" } else { "a" })
}

fn word(text: &str, expected: Option<&Type>) -> Option<Const> {
    match text {
        "true" => Some(Const::Bool(true)),
        "false" => Some(Const::Bool(false)),
        "null" => Some(Const::Null),
        _ => match expected.map(|ty| &ty.kind) {
            Some(Kind::Scalar(Scalar { rule: Rule::Enum(values), .. })) => {
                let found = values.values.iter().find(|(name, _)| name == text);
                found.map(|(_, wire)| Const::Text(wire.clone()))
            }
            _ => None,
        },
    }
}

fn field<'t>(ty: &'t Type, name: &str, types: &'t Types) -> Option<&'t Type> {
    let of_record = |id| {
        let field = types.record(id).fields.iter().find(|field| field.name == name);
        field.map(|field| &field.ty)
    };
    match &ty.kind {
        Kind::Record(id) => of_record(*id),
        // Fields of one name in two variants may differ; what is written tells only in the end.
        Kind::Union(id) => types.union(*id).variants.iter().find_map(|one| of_record(one.record)),
        Kind::Map(map) => Some(&map.value),
        _ => None,
    }
}

/// The text of a quoted text without holes.
pub(crate) fn plain_text(parts: &[TemplatePart]) -> Option<String> {
    let text = |part: &TemplatePart| match part {
        TemplatePart::Text(text) => Some(text.clone()),
        TemplatePart::Hole(_) => None,
    };
    parts.iter().map(text).collect()
}

/// A number as JSON writes it: no leading zeros.
fn json_number(text: &str) -> String {
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
    let (whole, fraction) = digits.split_once('.').map_or((digits, None), |(w, f)| (w, Some(f)));
    let whole = whole.trim_start_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    fraction.map_or_else(|| format!("{sign}{whole}"), |f| format!("{sign}{whole}.{f}"))
}

/// Whether `ty` accepts `value`; else why not.
pub(crate) fn accepts(ty: &Type, value: &Const, types: &Types) -> Result<(), String> {
    if *value == Const::Null {
        return if ty.nullable { Ok(()) } else { Err("null is not one of its values".into()) };
    }
    match (&ty.kind, value) {
        (Kind::Json, _) => Ok(()),
        (Kind::Foreign(schema), _) => schema::accepts(schema, value),
        (Kind::Scalar(scalar), _) => scalar_accepts(scalar, value),
        (Kind::List(element, bounds), Const::List(items)) => {
            length(items.len() as u64, bounds)?;
            items.iter().try_for_each(|item| accepts(element, item, types))
        }
        (Kind::Record(id), Const::Record(members)) => {
            record_accepts(types.record(*id), members, types)
        }
        (Kind::Map(map), Const::Record(entries)) => {
            length(entries.len() as u64, &map.bounds)?;
            for (key, entry) in entries {
                scalar_accepts(&map.key, &Const::Text(key.clone()))
                    .map_err(|why| format!("the key `{key}`: {why}"))?;
                accepts(&map.value, entry, types).map_err(|why| format!("`{key}`: {why}"))?;
            }
            Ok(())
        }
        (Kind::Union(id), Const::Record(members)) => {
            let union = types.union(*id);
            let variant = variant(union, value)?;
            let rest = members.iter().filter(|(name, _)| *name != union.tag);
            let rest: Vec<(String, Const)> = rest.cloned().collect();
            record_accepts(types.record(variant.record), &rest, types)
        }
        (Kind::List(..), _) => Err("a list is wanted".into()),
        (Kind::Map(_), _) => Err("a map is wanted".into()),
        (Kind::Record(_) | Kind::Union(_), _) => Err("a record is wanted".into()),
    }
}

fn record_accepts(
    record: &Record,
    members: &[(String, Const)],
    types: &Types,
) -> Result<(), String> {
    for (name, member) in members {
        let field = record.fields.iter().find(|field| field.name == *name);
        let field = field.ok_or_else(|| format!("it has no field `{name}`"))?;
        accepts(&field.ty, member, types).map_err(|why| format!("`{name}`: {why}"))?;
    }
    let has = |field: &Field| members.iter().any(|(name, _)| *name == field.name);
    let missing = record.fields.iter().find(|field| !field.optional && !has(field));
    missing.map_or(Ok(()), |field| Err(format!("`{}` is missing", field.name)))
}

/// The variant that a value says it is; else why it says none.
pub(crate) fn variant<'t>(union: &'t Union, value: &Const) -> Result<&'t Variant, String> {
    let names =
        || union.variants.iter().map(|one| one.name.as_str()).collect::<Vec<_>>().join(", ");
    match value.member(&union.tag) {
        Some(Const::Text(name)) => union
            .variants
            .iter()
            .find(|one| one.name == *name)
            .ok_or_else(|| format!("`{}` is one of {}, not `{name}`", union.tag, names())),
        Some(_) => Err(format!("`{}` is one of {}", union.tag, names())),
        None => Err(format!("`{}` is missing: one of {}", union.tag, names())),
    }
}

/// Whether a result that holds `value` would be read as a `ty`; else why not. What is not declared
/// is not looked at, and null counts as absence.
pub(crate) fn reads(ty: &Type, value: &Const, reads: usize, types: &Types) -> Result<(), String> {
    match (&ty.kind, value) {
        (_, Const::Null) if ty.nullable => Ok(()),
        (_, Const::Null) => Err("it is null".into()),
        (Kind::List(element, bounds), Const::List(items)) => {
            length(items.len() as u64, bounds)?;
            items.iter().try_for_each(|item| self::reads(element, item, reads, types))
        }
        (Kind::Map(map), Const::Record(entries)) => {
            length(entries.len() as u64, &map.bounds)?;
            entries.iter().try_for_each(|(key, entry)| {
                scalar_accepts(&map.key, &Const::Text(key.clone()))
                    .and_then(|()| self::reads(&map.value, entry, reads, types))
                    .map_err(|why| format!("`{key}`: {why}"))
            })
        }
        (Kind::Record(id), Const::Record(_)) => types
            .record(*id)
            .fields
            .iter()
            .try_for_each(|field| field_reads(field, value, reads, types)),
        (Kind::Union(id), Const::Record(_)) => {
            let variant = variant(types.union(*id), value)?;
            let record = types.record(variant.record);
            record.fields.iter().try_for_each(|field| field_reads(field, value, reads, types))
        }
        (Kind::Foreign(schema), _) => schema::accepts(schema, value),
        (Kind::Scalar(scalar), _) => {
            // A result may hold it either way.
            scalar_accepts(scalar, value).or_else(|why| match &scalar.rule {
                Rule::AsText(_) => scalar_accepts(&scalar.plain(), value),
                _ => Err(why),
            })
        }
        _ => accepts(ty, value, types),
    }
}

fn field_reads(field: &Field, value: &Const, reads: usize, types: &Types) -> Result<(), String> {
    let name = field.name_as_of(reads);
    let loose = field.optional || field.ty.nullable;
    match value.member(name) {
        None | Some(Const::Null) if loose => Ok(()),
        None => Err(format!("`{name}` is missing")),
        Some(member) => {
            self::reads(&field.ty, member, reads, types).map_err(|why| format!("`{name}`: {why}"))
        }
    }
}

fn length(count: u64, bounds: &ListBounds) -> Result<(), String> {
    if count < bounds.min || bounds.max.is_some_and(|max| count > max) {
        return Err(format!("it has {count} elements"));
    }
    Ok(())
}

/// Whether a scalar accepts `value`; else why not.
pub(crate) fn scalar_accepts(scalar: &Scalar, value: &Const) -> Result<(), String> {
    match (&scalar.rule, value) {
        (Rule::Bool, Const::Bool(_)) => Ok(()),
        (Rule::Bool, _) => Err("true or false is wanted".into()),
        (Rule::Number(rule), Const::Number(text)) => number_accepts(rule, text),
        (Rule::Number(_), _) => Err("a number is wanted".into()),
        (Rule::Text(rule), Const::Text(text)) => text_accepts(rule, text),
        (Rule::Enum(rule), Const::Text(text)) => enum_accepts(rule, text),
        (Rule::Text(_) | Rule::Enum(_), _) => Err("a text is wanted".into()),
        (Rule::AsText(inner), Const::Text(text)) => {
            let value = match (&**inner, text.as_str()) {
                (Rule::Bool, "true" | "false") => Const::Bool(text == "true"),
                (Rule::Number(_), text) if is_number(text) => Const::Number(text.to_owned()),
                _ => return Err(format!("{} as a text is wanted", rule_spelling(inner))),
            };
            scalar_accepts(&scalar.plain(), &value)
        }
        (Rule::AsText(_), _) => Err("a text is wanted".into()),
    }
}

/// Whether a text is a number without an exponent, as JSON writes it.
fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').map_or((digits, None), |(w, f)| (w, Some(f)));
    let all = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    all(whole) && fraction.is_none_or(all) && json_number(text) == text
}

fn enum_accepts(rule: &Enumeration, text: &str) -> Result<(), String> {
    let known = rule.values.iter().any(|(_, wire)| wire == text);
    if known || rule.rest == Rest::Open {
        Ok(())
    } else {
        Err(format!("`{text}` is not one of its values"))
    }
}

fn text_accepts(rule: &Text, text: &str) -> Result<(), String> {
    let count = text.chars().count() as u64;
    if count < rule.min || rule.max.is_some_and(|max| count > max) {
        return Err(format!("it has {count} characters"));
    }
    if let Some(pattern) = &rule.pattern
        && !pattern::table(pattern).is_ok_and(|table| table.matches(text))
    {
        return Err(format!("it does not match /{pattern}/"));
    }
    match rule.format {
        Some(format) if !looks_like(format, text) => Err(format!("it is no {}", word_of(format))),
        _ => Ok(()),
    }
}

/// A rough check of examples and defaults; a gateway checks strictly.
fn looks_like(format: Format, text: &str) -> bool {
    let digits = |part: &str, count: usize| {
        part.len() == count && part.bytes().all(|byte| byte.is_ascii_digit())
    };
    let date = |text: &str| {
        let parts: Vec<&str> = text.split('-').collect();
        matches!(parts.as_slice(), [y, m, d] if digits(y, 4) && digits(m, 2) && digits(d, 2)
            && super::dates::is_day(text))
    };
    match format {
        Format::Date => date(text),
        Format::Instant => {
            text.get(..10).is_some_and(date)
                && text.get(10..11).is_some_and(|t| t.eq_ignore_ascii_case("t"))
                && text.len() >= 20
        }
        Format::Duration => text.starts_with('P') && text.len() > 2,
        Format::Uuid => {
            let groups: Vec<usize> = text.split('-').map(str::len).collect();
            groups == [8, 4, 4, 4, 12]
                && text.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
        }
        Format::Email => {
            text.split_once('@').is_some_and(|(user, host)| !user.is_empty() && !host.is_empty())
        }
        Format::Url => text
            .split_once("://")
            .is_some_and(|(scheme, rest)| !scheme.is_empty() && !rest.is_empty()),
        Format::Bytes => text.len().is_multiple_of(4),
    }
}

fn number_accepts(rule: &Number, text: &str) -> Result<(), String> {
    let fraction = text.split_once('.').map_or("", |(_, fraction)| fraction);
    let whole = text.split('.').next().unwrap_or(text).trim_start_matches('-');
    let fraction_digits = fraction.trim_end_matches('0').len();
    match rule.kind {
        NumberKind::Int | NumberKind::Int64 if fraction_digits > 0 => {
            return Err("it is no whole number".into());
        }
        NumberKind::Int if whole.parse::<u64>().map_or(true, |n| n > (1 << 53) - 1) => {
            return Err("it is too large for `int`".into());
        }
        NumberKind::Decimal(precision, scale)
            if fraction_digits > usize::from(scale)
                || whole.trim_start_matches('0').len() > usize::from(precision - scale) =>
        {
            return Err("it has too many digits".into());
        }
        _ => {}
    }
    let Some(value) = bounds::limit(text, true) else {
        return Err("it has too many digits".into());
    };
    let below = rule.min.is_some_and(|min| match bounds::compare(&value, &min) {
        Ordering::Less => true,
        Ordering::Equal => !min.inclusive,
        Ordering::Greater => false,
    });
    let above = rule.max.is_some_and(|max| match bounds::compare(&value, &max) {
        Ordering::Greater => true,
        Ordering::Equal => !max.inclusive,
        Ordering::Less => false,
    });
    if below || above { Err(format!("{text} is out of bounds")) } else { Ok(()) }
}

fn word_of(format: Format) -> &'static str {
    match format {
        Format::Date => "date",
        Format::Instant => "instant",
        Format::Duration => "duration",
        Format::Uuid => "uuid",
        Format::Email => "email",
        Format::Url => "url",
        Format::Bytes => "bytes",
    }
}

/// A type as its author would write it.
pub(crate) fn spelling(ty: &Type, types: &Types) -> String {
    let mut text = match &ty.kind {
        Kind::Json => "json".to_owned(),
        Kind::Foreign(schema) => format!("json(schema \"{}\")", schema.name),
        Kind::Scalar(Scalar { name: Some(name), .. }) => name.clone(),
        Kind::Scalar(scalar) => rule_spelling(&scalar.rule),
        Kind::Record(id) => types.record(*id).name.clone().unwrap_or_else(|| "{ … }".into()),
        Kind::List(element, bounds) => {
            format!("[{}]{}", spelling(element, types), list_spelling(bounds))
        }
        Kind::Map(map) => {
            let key = Kind::Scalar(map.key.clone());
            let key = Type { kind: key, nullable: false, example: None, span: ty.span };
            let (key, value) = (spelling(&key, types), spelling(&map.value, types));
            format!("[{key}: {value}]{}", list_spelling(&map.bounds))
        }
        Kind::Union(id) => types.union(*id).name.clone(),
    };
    if ty.nullable && !matches!(ty.kind, Kind::Json | Kind::Foreign(_)) {
        text.push_str(" | null");
    }
    text
}

pub(crate) fn list_spelling(bounds: &ListBounds) -> String {
    let mut parts = Vec::new();
    if bounds.min > 0 || bounds.max.is_some() {
        parts.push(range(bounds.min, bounds.max));
    }
    if bounds.unique {
        parts.push("unique".into());
    }
    if parts.is_empty() { String::new() } else { format!("({})", parts.join(", ")) }
}

fn range(min: u64, max: Option<u64>) -> String {
    let min = if min == 0 && max.is_some() { String::new() } else { min.to_string() };
    format!("{min}..{}", max.map(|max| max.to_string()).unwrap_or_default())
}

/// A scalar as its author would write it: `text(1..200)`.
pub(crate) fn rule_spelling(rule: &Rule) -> String {
    match rule {
        Rule::Bool => "bool".into(),
        Rule::Text(Text { format: Some(format), .. }) => word_of(*format).into(),
        Rule::Text(text) => {
            let mut parts = Vec::new();
            if text.min > 0 || text.max.is_some() {
                parts.push(range(text.min, text.max));
            }
            parts.extend(text.pattern.as_ref().map(|pattern| format!("/{pattern}/")));
            if parts.is_empty() { "text".into() } else { format!("text({})", parts.join(", ")) }
        }
        Rule::Number(number) => number_spelling(number),
        Rule::AsText(inner) => format!("{} as text", rule_spelling(inner)),
        Rule::Enum(values) => {
            let mut text = String::from("enum {");
            for (_, wire) in &values.values {
                let _ = write!(text, " {wire}");
            }
            if values.rest == Rest::Open {
                text.push_str(" ...");
            }
            text + " }"
        }
    }
}

fn number_spelling(number: &Number) -> String {
    let (name, mut parts) = match number.kind {
        NumberKind::Int => ("int", Vec::new()),
        NumberKind::Int64 => ("int64", Vec::new()),
        NumberKind::Number => ("number", Vec::new()),
        NumberKind::Decimal(precision, scale) => ("decimal", vec![format!("{precision},{scale}")]),
    };
    match (&number.min, &number.max) {
        (None, None) => {}
        (min, max) if min.is_none_or(|b| b.inclusive) && max.is_none_or(|b| b.inclusive) => {
            let text = |bound: &Option<_>| bound.as_ref().map(limit_text).unwrap_or_default();
            parts.push(format!("{}..{}", text(min), text(max)));
        }
        (min, max) => {
            let sign = |bound: &crate::contract::types::Limit, op: &str| {
                format!("{op}{}{}", if bound.inclusive { "=" } else { "" }, limit_text(bound))
            };
            parts.extend(min.as_ref().map(|bound| sign(bound, ">")));
            parts.extend(max.as_ref().map(|bound| sign(bound, "<")));
        }
    }
    if parts.is_empty() { name.into() } else { format!("{name}({})", parts.join(", ")) }
}

pub(crate) fn limit_text(limit: &crate::contract::types::Limit) -> String {
    let sign = if limit.digits < 0 { "-" } else { "" };
    let scale = limit.scale as usize;
    let digits = format!("{:0>width$}", limit.digits.unsigned_abs(), width = scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

#[cfg(test)]
mod tests {
    use super::{article, json_number, scalar_accepts};
    use crate::analyse::bounds::limit;
    use crate::contract::types::{
        Const, Enumeration, Format, Number, NumberKind, Rest, Rule, Scalar, Text,
    };

    fn accepts(rule: Rule, value: &Const) -> bool {
        scalar_accepts(&Scalar { name: None, rule }, value).is_ok()
    }

    fn number(kind: NumberKind, text: &str) -> bool {
        accepts(Rule::Number(Number { kind, min: None, max: None }), &Const::Number(text.into()))
    }

    #[test]
    fn integers_are_what_javascript_can_hold() {
        assert!(number(NumberKind::Int, "9007199254740991") && number(NumberKind::Int, "-5.0"));
        assert!(!number(NumberKind::Int, "9007199254740992") && !number(NumberKind::Int, "1.5"));
        assert!(number(NumberKind::Int64, "9007199254740993"));
    }

    #[test]
    fn decimals_have_so_many_digits() {
        let decimal = NumberKind::Decimal(4, 2);
        assert!(number(decimal, "12.34") && number(decimal, "12.340") && number(decimal, "-0.5"));
        assert!(!number(decimal, "12.345") && !number(decimal, "123.4"));
    }

    #[test]
    fn a_bound_may_leave_out_its_own_value() {
        let above = |inclusive| {
            let min = limit("0", inclusive);
            Rule::Number(Number { kind: NumberKind::Number, min, max: limit("1.5", true) })
        };
        let value = |text: &str| Const::Number(text.into());
        assert!(accepts(above(true), &value("0")) && !accepts(above(false), &value("0.0")));
        assert!(accepts(above(false), &value("1.50")) && !accepts(above(true), &value("1.51")));
    }

    #[test]
    fn texts_are_counted_in_characters_and_matched_as_a_whole() {
        let rule = |pattern: &str| {
            let pattern = Some(pattern.to_owned());
            Rule::Text(Text { min: 1, max: Some(2), pattern, format: None })
        };
        let text = |text: &str| Const::Text(text.into());
        assert!(accepts(rule(".*"), &text("éé")) && !accepts(rule(".*"), &text("éée")));
        assert!(!accepts(rule("a"), &text("ab")) && !accepts(rule(".*"), &text("")));
        let day = Rule::Text(Text { format: Some(Format::Date), ..Text::default() });
        assert!(accepts(day.clone(), &text("2028-02-29")) && !accepts(day, &text("2026-02-29")));
    }

    #[test]
    fn open_enums_accept_what_they_do_not_know() {
        let rule = |rest| {
            let values = vec![("blue".to_owned(), "BLUE".to_owned())];
            Rule::Enum(Enumeration { values, rest })
        };
        let text = |text: &str| Const::Text(text.into());
        assert!(
            accepts(rule(Rest::Closed), &text("BLUE"))
                && !accepts(rule(Rest::Closed), &text("blue"))
        );
        assert!(accepts(rule(Rest::Open), &text("pink")));
    }

    #[test]
    fn numbers_and_names_are_spelled_as_they_should_be() {
        assert_eq!(json_number("007"), "7");
        assert_eq!(json_number("-00.50"), "-0.50");
        assert_eq!(json_number("0"), "0");
        assert_eq!((article("int").as_str(), article("text").as_str()), ("an `int`", "a `text`"));
    }
}
