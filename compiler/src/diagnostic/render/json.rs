//! Findings as lines of JSON.

use super::{place, range};
use crate::diagnostic::{Diagnostic, Fix, Help, Label, Severity};
use crate::source::Sources;
use gatewright_grammar::Span;
use serde_json::{Map, Value, json};

/// The findings as JSON, one object per line.
///
/// | member | holds |
/// |---|---|
/// | `code` | the stable name |
/// | `severity` | `error` or `warning` |
/// | `message` | what is wrong |
/// | `labels` | places with `text`; the first is where it is, the others are what it clashes with |
/// | `notes` | texts |
/// | `helps` | ways out: `text`, and `edits` of a place with the `replacement` of its bytes |
///
/// A place is `file`, `line`, `column`, `end_line`, `end_column`, from 1 and in Unicode scalar
/// values, and `offset`, `end` in bytes from 0; the end is exclusive.
pub fn json_lines(diagnostics: &[Diagnostic], sources: &Sources) -> String {
    diagnostics.iter().map(|diagnostic| object(diagnostic, sources).to_string() + "\n").collect()
}

fn object(diagnostic: &Diagnostic, sources: &Sources) -> Value {
    let labels = std::iter::once(&diagnostic.primary).chain(&diagnostic.secondary);
    json!({
        "code": diagnostic.code.name(),
        "severity": severity(diagnostic.severity),
        "message": diagnostic.message,
        "labels": labels.filter_map(|label| labelled(label, sources)).collect::<Vec<_>>(),
        "notes": diagnostic.notes,
        "helps": diagnostic.helps.iter().map(|help| way_out(help, sources)).collect::<Vec<_>>(),
    })
}

/// `error` or `warning`.
pub(super) fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

fn labelled(label: &Label, sources: &Sources) -> Option<Value> {
    let mut object = located(label.span, sources)?;
    object.insert("text".into(), label.text.clone().into());
    Some(object.into())
}

fn way_out(help: &Help, sources: &Sources) -> Value {
    let places = help.fix.iter().flat_map(Fix::places);
    let edits: Vec<Value> = places.filter_map(|place| edit(place, sources)).collect();
    json!({ "text": help.text, "edits": edits })
}

fn edit((span, replacement): (Span, &str), sources: &Sources) -> Option<Value> {
    let mut object = located(span, sources)?;
    object.insert("replacement".into(), replacement.into());
    Some(object.into())
}

fn located(span: Span, sources: &Sources) -> Option<Map<String, Value>> {
    let source = sources.get(span.file)?;
    let range = range(&source.text, span);
    let (line, column) = place(source, range.start);
    let (end_line, end_column) = place(source, range.end);
    let mut object = Map::new();
    object.insert("file".into(), source.label.clone().into());
    for (name, number) in [
        ("line", line),
        ("column", column),
        ("end_line", end_line),
        ("end_column", end_column),
        ("offset", range.start),
        ("end", range.end),
    ] {
        object.insert(name.into(), number.into());
    }
    Some(object)
}

#[cfg(test)]
mod tests {
    use super::super::tests::unknown_backend;
    use super::*;

    #[test]
    fn one_object_holds_everything() {
        let (diagnostic, sources) = unknown_backend();
        let lines = json_lines(&[diagnostic.clone(), diagnostic], &sources);
        let objects: Vec<Value> =
            lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let place = json!({
            "file": "v1.api", "line": 2, "column": 10, "end_line": 2, "end_column": 19,
            "offset": 21, "end": 30,
        });
        let with = |name: &str, text: &str| {
            let mut object = place.clone();
            object.as_object_mut().unwrap().insert(name.into(), text.into());
            object
        };
        let expected = json!({
            "code": "unknown-backend",
            "severity": "error",
            "message": "there is no backend called `catalogue`",
            "labels": [
                with("text", "did you mean `catalog`?"),
                {
                    "file": "shop.api", "line": 1, "column": 9, "end_line": 1, "end_column": 16,
                    "offset": 8, "end": 15, "text": "declared here",
                },
            ],
            "notes": ["backends are declared once"],
            "helps": [{ "text": "write `catalog`", "edits": [with("replacement", "catalog")] }],
        });
        assert_eq!(objects, [expected.clone(), expected]);
    }
}
