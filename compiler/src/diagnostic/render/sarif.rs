//! Findings as SARIF 2.1.0, the form that code hosts and editors read.

use super::github::message;
use super::{range, severity};
use crate::VERSION;
use crate::diagnostic::{Code, Diagnostic, Fix, Label, explain};
use crate::source::{Source, Sources};
use gatewright_grammar::{FileId, Span};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// Where the form is described.
const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// The findings as one SARIF log with one run.
///
/// - `rules` are the codes that occur, with their pages as help.
/// - A result has its place, what it clashes with as `relatedLocations`, and its ways out that a
///   machine can take as `fixes`.
/// - Lines and columns are from 1, columns in UTF-16 code units (section 3.14.18 of the standard).
/// - URIs are relative, below `%SRCROOT%` (section 3.4.4).
pub fn sarif(diagnostics: &[Diagnostic], sources: &Sources) -> String {
    let codes: BTreeSet<Code> = diagnostics.iter().map(|one| one.code).collect();
    let results: Vec<Value> = diagnostics.iter().map(|one| result(one, &codes, sources)).collect();
    let rules: Vec<Value> = codes.iter().map(|code| rule(*code)).collect();
    let log = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "gatewright",
                "semanticVersion": VERSION,
                "rules": rules,
            } },
            "columnKind": "utf16CodeUnits",
            "results": results,
        }],
    });
    format!("{log:#}\n")
}

fn rule(code: Code) -> Value {
    let page = explain(code.name()).unwrap_or_default();
    json!({
        "id": code.name(),
        "shortDescription": { "text": code.title() },
        "help": { "text": page, "markdown": page },
        "defaultConfiguration": { "level": severity(code.severity()) },
    })
}

fn result(one: &Diagnostic, codes: &BTreeSet<Code>, sources: &Sources) -> Value {
    let mut result = Map::new();
    result.insert("ruleId".into(), one.code.name().into());
    let index = codes.iter().position(|code| *code == one.code);
    result.extend(index.map(|index| ("ruleIndex".to_owned(), index.into())));
    result.insert("level".into(), severity(one.severity).into());
    result.insert("message".into(), json!({ "text": message(one) }));
    if let Some(place) = physical(one.primary.span, sources) {
        result.insert("locations".into(), json!([{ "physicalLocation": place }]));
    }
    let related: Vec<Value> =
        (1..).zip(&one.secondary).filter_map(|(id, label)| elsewhere(id, label, sources)).collect();
    if !related.is_empty() {
        result.insert("relatedLocations".into(), related.into());
    }
    let fixes: Vec<Value> = one
        .helps
        .iter()
        .filter_map(|help| change(&help.text, help.fix.as_ref()?, sources))
        .collect();
    if !fixes.is_empty() {
        result.insert("fixes".into(), fixes.into());
    }
    result.into()
}

fn elsewhere(id: usize, label: &Label, sources: &Sources) -> Option<Value> {
    let place = physical(label.span, sources)?;
    Some(json!({ "id": id, "physicalLocation": place, "message": { "text": label.text } }))
}

fn change(text: &str, fix: &Fix, sources: &Sources) -> Option<Value> {
    let mut files: Vec<FileId> = fix.places().map(|(span, _)| span.file).collect();
    files.sort();
    files.dedup();
    let changes: Option<Vec<Value>> =
        files.into_iter().map(|file| replaced(file, fix, sources)).collect();
    Some(json!({ "description": { "text": text }, "artifactChanges": changes? }))
}

/// What an edit replaces in one file.
fn replaced(file: FileId, fix: &Fix, sources: &Sources) -> Option<Value> {
    let source = sources.get(file)?;
    let places = fix.places().filter(|(span, _)| span.file == file);
    let replacements: Vec<Value> = places
        .map(|(span, new)| {
            json!({
                "deletedRegion": region(source, span),
                "insertedContent": { "text": new },
            })
        })
        .collect();
    Some(json!({ "artifactLocation": artifact(source), "replacements": replacements }))
}

fn physical(span: Span, sources: &Sources) -> Option<Value> {
    let source = sources.get(span.file)?;
    Some(json!({ "artifactLocation": artifact(source), "region": region(source, span) }))
}

fn artifact(source: &Source) -> Value {
    json!({ "uri": uri(&source.label), "uriBaseId": "%SRCROOT%" })
}

/// A path as a relative reference (RFC 3986 section 4.2).
fn uri(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                uri.push(byte.into());
            }
            // Windows writes paths with it.
            b'\\' => uri.push('/'),
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}

/// Where `span` lies, the end being behind its last character.
fn region(source: &Source, span: Span) -> Value {
    let range = range(&source.text, span);
    let (line, column) = place(&source.text, range.start);
    let (end_line, end_column) = place(&source.text, range.end);
    json!({
        "startLine": line,
        "startColumn": column,
        "endLine": end_line,
        "endColumn": end_column,
    })
}

/// Line and column of an offset, from 1, columns in UTF-16 code units.
fn place(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    let column = before.get(start..).unwrap_or_default().encode_utf16().count() + 1;
    (line, column)
}

#[cfg(test)]
mod tests {
    use super::super::tests::unknown_backend;
    use super::*;

    fn parsed(diagnostics: &[Diagnostic], sources: &Sources) -> Value {
        serde_json::from_str(&sarif(diagnostics, sources)).expect("JSON")
    }

    #[test]
    fn a_result_has_its_places_and_its_fix() {
        let (diagnostic, sources) = unknown_backend();
        let log = parsed(&[diagnostic], &sources);
        let run = &log["runs"][0];
        assert_eq!(
            (&log["version"], &run["columnKind"]),
            (&json!("2.1.0"), &json!("utf16CodeUnits"))
        );
        let rule = &run["tool"]["driver"]["rules"][0];
        assert_eq!(rule["id"], "unknown-backend");
        assert!(rule["help"]["markdown"].as_str().is_some_and(|page| page.contains("What to do:")));
        let result = &run["results"][0];
        assert_eq!((&result["ruleIndex"], &result["level"]), (&json!(0), &json!("error")));
        let v1 = json!({ "uri": "v1.api", "uriBaseId": "%SRCROOT%" });
        let region = json!({ "startLine": 2, "startColumn": 10, "endLine": 2, "endColumn": 19 });
        assert_eq!(
            result["locations"],
            json!([{ "physicalLocation": { "artifactLocation": v1, "region": region } }])
        );
        assert_eq!(result["relatedLocations"][0]["message"]["text"], "declared here");
        assert_eq!(
            result["fixes"][0]["artifactChanges"],
            json!([{
                "artifactLocation": v1,
                "replacements": [{
                    "deletedRegion": region,
                    "insertedContent": { "text": "catalog" },
                }],
            }])
        );
    }

    #[test]
    fn columns_count_utf_16_and_uris_are_encoded() {
        let mut sources = Sources::new();
        let file = sources.add("a b/ö%.api", "é\n𝄞x = y\n");
        let at = Span::new(file, 7, 8);
        let log = parsed(&[Diagnostic::new(Code::UnknownName, at, "x")], &sources);
        let place = &log["runs"][0]["results"][0]["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "a%20b/%C3%B6%25.api");
        assert_eq!(
            (&place["region"]["startLine"], &place["region"]["startColumn"]),
            (&json!(2), &json!(3))
        );
    }

    #[test]
    fn nothing_found_is_a_run_without_results() {
        let log = parsed(&[], &Sources::new());
        assert_eq!(log["runs"][0]["results"], json!([]));
        assert_eq!(log["runs"][0]["tool"]["driver"]["rules"], json!([]));
    }
}
