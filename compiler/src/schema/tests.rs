//! Schemas read, asked, compared and shown by values.

use super::read::schema as read;
use super::{accepts, example, included, outside};
use crate::contract::schema::Schema;
use crate::contract::types::Const;
use crate::diagnostic::Diagnostics;
use gatewright_grammar::{FileId, Span};

fn schema(text: &str) -> Schema {
    let mut found = Diagnostics::default();
    let place = |at: std::ops::Range<usize>| Span::new(FileId::default(), at.start, at.end);
    let schema = read("a.json", text, &place, &mut found);
    schema.unwrap_or_else(|| panic!("{text}: {:#?}", found.into_sorted()))
}

/// Schemas, those that accept less before those that accept more in each row.
const ROWS: [&[&str]; 14] = [
    &[
        "false",
        r#"{"const": 5}"#,
        r#"{"enum": [5, 7.0]}"#,
        r#"{"type": "integer", "minimum": 5}"#,
        r#"{"type": "number", "minimum": 4.5}"#,
        "true",
    ],
    &[
        r#"{"type": "integer", "exclusiveMinimum": 5}"#,
        r#"{"type": "integer", "minimum": 5}"#,
        r#"{"type": "integer", "exclusiveMinimum": 4.99}"#,
    ],
    &[
        r#"{"type": "string", "minLength": 2, "maxLength": 3}"#,
        r#"{"type": "string", "minLength": 1}"#,
        r#"{"type": ["string", "null"]}"#,
    ],
    &[
        r#"{"type": "string", "pattern": "^[ab]+$"}"#,
        r#"{"type": "string", "pattern": "a|b"}"#,
        r#"{"pattern": ""}"#,
    ],
    &[r#"{"multipleOf": 6}"#, r#"{"multipleOf": 1.5}"#, r#"{"multipleOf": 0.5}"#],
    &[
        r#"{"type": "object", "required": ["a", "b"]}"#,
        r#"{"type": "object", "required": ["b"]}"#,
        r#"{"type": ["object", "array"], "required": ["b"]}"#,
    ],
    &[
        r#"{"type": "object", "properties": {"a": {"type": "integer"}}, "additionalProperties": false}"#,
        r#"{"type": "object", "properties": {"a": {"type": "integer"}, "b": true}, "additionalProperties": false}"#,
        r#"{"type": "object", "properties": {"a": {"type": "number"}}}"#,
    ],
    &[
        r#"{"type": "array", "prefixItems": [{"const": 1}], "items": false}"#,
        r#"{"type": "array", "prefixItems": [{"type": "integer"}, {"type": "string"}], "items": {"type": "null"}}"#,
        r#"{"type": "array"}"#,
    ],
    &[r#"{"type": "array", "uniqueItems": true, "minItems": 2}"#, r#"{"uniqueItems": true}"#],
    &[
        r#"{"oneOf": [{"type": "string", "maxLength": 1}, {"type": "integer"}]}"#,
        r#"{"anyOf": [{"type": "number"}, {"type": "string", "maxLength": 2}, {"type": "null"}]}"#,
    ],
    &[
        r##"{"$ref": "#/$defs/n", "$defs": {"n": {"type": "object", "properties": {"next": {"$ref": "#/$defs/n"}, "v": {"type": "integer"}}, "required": ["v"]}}}"##,
        r##"{"type": "object", "properties": {"next": {"$ref": "#"}, "v": {"type": "number"}}}"##,
    ],
    &[r#"{"type": "integer", "not": {"const": 5}, "maximum": 9}"#, r#"{"not": {"const": 5}}"#],
    &[r#"{"type": "object", "required": ["a", "b"]}"#, r#"{"dependentRequired": {"a": ["b"]}}"#],
    &[
        r#"{"propertyNames": {"maxLength": 2}, "type": "object", "maxProperties": 2}"#,
        r#"{"propertyNames": {"maxLength": 3}}"#,
    ],
];

#[test]
fn schemas_that_accept_less_are_known_to_and_those_that_accept_more_are_shown_by_a_value() {
    for row in ROWS {
        let row: Vec<Schema> = row.iter().map(|text| schema(text)).collect();
        for (at, less) in row.iter().enumerate() {
            for more in row.iter().skip(at + 1) {
                assert!(included(less, more), "{} in {}", less.text, more.text);
                assert!(!included(more, less), "{} in {}", more.text, less.text);
                assert!(outside(less, more).is_none());
            }
        }
    }
    let shown = [(0, 5, 1), (1, 2, 0), (2, 2, 0), (6, 2, 0)];
    for (row, more, less) in shown {
        let value = outside(&schema(ROWS[row][more]), &schema(ROWS[row][less]));
        assert!(value.is_some(), "{} beyond {}", ROWS[row][more], ROWS[row][less]);
    }
}

/// Whatever is known of two schemas of all rows holds for values of all of them.
#[test]
fn what_is_known_of_schemas_holds_for_their_values() {
    let all: Vec<Schema> = ROWS.iter().copied().flatten().map(|text| schema(text)).collect();
    let mut values: Vec<Const> = all.iter().filter_map(example).collect();
    values.extend(["1", "5", "7", "0.5", "-3", "12"].map(|one| Const::Number(one.to_owned())));
    values.extend(["", "a", "ab", "abc", "xay"].map(|one| Const::Text(one.to_owned())));
    let member = |name: &str, value: &str| (name.to_owned(), Const::Number(value.to_owned()));
    values.push(Const::Record(vec![member("a", "1"), member("b", "2")]));
    values.push(Const::Record(vec![member("a", "1.5"), member("ccc", "2")]));
    values.push(Const::List(vec![Const::Number("1".to_owned()), Const::Number("1.0".to_owned())]));
    for a in &all {
        for b in &all {
            if included(a, b) {
                let wrong = values.iter().find(|v| accepts(a, v).is_ok() && accepts(b, v).is_err());
                assert!(wrong.is_none(), "{} in {}: {wrong:?}", a.text, b.text);
            }
        }
    }
}

#[test]
fn a_question_that_was_answered_with_no_stays_answered() {
    // The same question comes up again below another one that was open then.
    let a = schema(
        r##"{"$ref": "#/$defs/a", "$defs": {"a": {"type": "object", "properties": {"x": {"$ref": "#/$defs/b"}, "y": {"$ref": "#/$defs/b"}}}, "b": {"type": "object", "properties": {"z": {"$ref": "#/$defs/a"}, "k": {"type": "number"}}}}}"##,
    );
    let b = schema(
        r##"{"$ref": "#/$defs/a", "$defs": {"a": {"type": "object", "properties": {"x": {"anyOf": [{"$ref": "#/$defs/b"}, {"$ref": "#/$defs/b"}]}, "y": {"$ref": "#/$defs/b"}}}, "b": {"type": "object", "properties": {"z": {"$ref": "#/$defs/a"}, "k": {"type": "integer"}}}}}"##,
    );
    assert!(included(&b, &a) && !included(&a, &b));
}

#[test]
fn a_value_is_found_for_most_schemas() {
    let others = [
        r#"{"type": "object", "required": ["a"], "properties": {"a": {"type": "string", "pattern": "^[0-9]{5}$"}}}"#,
        r#"{"type": "array", "minItems": 2, "items": {"enum": ["x"]}, "contains": {"const": "x"}}"#,
        r#"{"type": "number", "minimum": 10.3, "multipleOf": 0.25}"#,
        r#"{"oneOf": [{"type": "object", "required": ["a"]}, {"type": "object", "required": ["b"]}]}"#,
        r#"{"type": "object", "if": {"required": ["a"]}, "then": {"required": ["b"]}, "minProperties": 1, "properties": {"b": {"const": 3}}}"#,
    ];
    for text in
        ROWS.iter().copied().flatten().copied().chain(others).filter(|text| *text != "false")
    {
        let schema = schema(text);
        let value = example(&schema).unwrap_or_else(|| panic!("{text}"));
        assert_eq!(accepts(&schema, &value), Ok(()), "{text}: {value:?}");
    }
    assert!(example(&schema("false")).is_none());
}

#[test]
fn what_describes_and_how_it_is_laid_out_makes_no_other_schema() {
    let a = schema(
        r#"{ "title": "A", "type": "object", "properties": { "title": { "minimum": 1E1, "description": "x" } } }"#,
    );
    let b = schema(r#"{"type":"object","properties":{"title":{"minimum":1E1}},"x-more":[1]}"#);
    assert_eq!(a.text, b.text);
    assert_eq!(schema(&a.text).text, a.text, "written and read again");
}

#[test]
fn numbers_of_schemas_are_exact() {
    let fits =
        |text: &str, value: &str| accepts(&schema(text), &Const::Number(value.to_owned())).is_ok();
    assert!(fits(r#"{"maximum": 1e-2}"#, "0.01") && !fits(r#"{"maximum": 1e-2}"#, "0.0100001"));
    assert!(fits(r#"{"const": 100e-1}"#, "10") && fits(r#"{"multipleOf": 1e-3}"#, "0.017"));
    assert!(!fits(r#"{"multipleOf": 0.03}"#, "0.1") && fits(r#"{"type": "integer"}"#, "3.0"));
}
