//! The report as one JSON document.

use super::{Report, located};
use gatewright_compiler::diagnostic::render;
use gatewright_compiler::source::Sources;
use gatewright_grammar::Span;
use serde_json::{Map, Value, json};

/// The document, on one line per member of its lists. What it holds is in the manual.
pub(super) fn document(report: &Report<'_>, sources: &Sources) -> String {
    let cases: Vec<Value> = report
        .ran
        .iter()
        .filter_map(|one| {
            let listed = report.listed(one)?;
            let mut object = at(listed.span, sources);
            object.insert("title".into(), listed.title.clone().into());
            object.insert("smoke".into(), listed.smoke.into());
            let milliseconds = u64::try_from(one.took.as_millis()).unwrap_or(u64::MAX);
            object.insert("milliseconds".into(), milliseconds.into());
            object.insert("holds".into(), one.verdict.failure.is_none().into());
            if let Some(failure) = &one.verdict.failure {
                let line = render::json_lines(std::slice::from_ref(failure), sources);
                let finding = serde_json::from_str(&line).unwrap_or(Value::Null);
                object.insert("finding".into(), finding);
            }
            Some(Value::Object(object))
        })
        .collect();
    let coverage = report.coverage.map(|coverage| {
        let gaps: Vec<Value> = coverage
            .gaps
            .iter()
            .map(|gap| {
                let mut object = at(gap.span, sources);
                object.insert("kind".into(), gap.kind.into());
                object.insert("what".into(), gap.what.clone().into());
                object.insert("endpoint".into(), gap.endpoint.clone().into());
                Value::Object(object)
            })
            .collect();
        json!({ "parts": coverage.total, "shown": coverage.total - gaps.len(), "gaps": gaps })
    });
    let document = json!({
        "format": "gatewright-test-1",
        "api": report.api,
        "held": report.ran.len() - report.failed(),
        "failed": report.failed(),
        "milliseconds": u64::try_from(report.took.as_millis()).unwrap_or(u64::MAX),
        "cases": cases,
        "coverage": coverage,
    });
    let text = serde_json::to_string_pretty(&document).unwrap_or_default();
    text + "\n"
}

fn at(span: Span, sources: &Sources) -> Map<String, Value> {
    let (file, line, column) = located(span, sources);
    let mut object = Map::new();
    object.insert("file".into(), file.into());
    object.insert("line".into(), line.into());
    object.insert("column".into(), column.into());
    object
}
