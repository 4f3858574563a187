//! Changelogs as text, Markdown and JSON.

use super::super::Whom;
use super::super::render::{summary, verdicts};
use super::{Entry, sentence};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// What a changelog is about.
#[derive(Clone, Copy, Debug)]
pub struct Title<'t> {
    /// The API.
    pub api: &'t str,
    /// From where: `version 1`, `origin/main`.
    pub from: &'t str,
    /// To where.
    pub to: &'t str,
}

/// Entries that reach the same endpoints stand together.
fn groups(entries: &[Entry]) -> Vec<(&'static str, Vec<&str>, Vec<&Entry>)> {
    let mut found: Vec<(&'static str, Vec<&str>, Vec<&Entry>)> = Vec::new();
    for entry in entries {
        let (section, endpoints) = (entry.section.title(), entry.endpoints());
        match found.last_mut() {
            Some((last, reached, list)) if *last == section && *reached == endpoints => {
                list.push(entry);
            }
            _ => found.push((section, endpoints, vec![entry])),
        }
    }
    found
}

/// What happened, with whom it concerns before it.
pub(super) fn said(entry: &Entry) -> String {
    let text = sentence(&entry.change);
    match &entry.change.whom {
        Whom::Backend(name) if !name.is_empty() => format!("{name}: {text}"),
        Whom::Backend(_) | Whom::Callers | Whom::Operators => text,
    }
}

/// For people: sections, in them the endpoints, then what to do.
pub fn text(entries: &[Entry], title: Title<'_>) -> String {
    let mut out = format!("{}: {} to {}\n", title.api, title.from, title.to);
    let mut section = "";
    for (heading, endpoints, list) in groups(entries) {
        if heading != section {
            let _ = writeln!(out, "\n{heading}");
            section = heading;
        }
        if !endpoints.is_empty() {
            let _ = writeln!(out, "  {}", endpoints.join(", "));
        }
        for entry in list {
            let _ = writeln!(out, "    {}  [{}]", said(entry), entry.change.rule.id);
            if !entry.change.hurts.is_empty() {
                let _ = writeln!(out, "      hurts: {}", entry.change.hurts.join(", "));
            }
        }
    }
    let changes: Vec<_> = entries.iter().map(|entry| entry.change.verdict).collect();
    let _ = writeln!(out, "\n{}", verdicts(&changes));
    out
}

/// Markdown, for release notes.
pub fn markdown(entries: &[Entry], title: Title<'_>) -> String {
    let mut out = format!("## {}: {} to {}\n", title.api, title.from, title.to);
    let mut section = "";
    for (heading, endpoints, list) in groups(entries) {
        if heading != section {
            let _ = writeln!(out, "\n### {heading}");
            section = heading;
        }
        let names: Vec<String> = endpoints.iter().map(|one| format!("`{one}`")).collect();
        let _ = if names.is_empty() {
            writeln!(out)
        } else {
            writeln!(out, "\n{}\n", names.join(", "))
        };
        for entry in list {
            let text = said(entry).replace('<', "&lt;");
            let _ = write!(out, "- {text} <sub>{}</sub>", entry.change.rule.id);
            if !entry.change.hurts.is_empty() {
                let hurts = entry.change.hurts.join(", ").replace('<', "&lt;");
                let _ = write!(out, ", hurts {hurts}");
            }
            out.push('\n');
        }
    }
    if entries.is_empty() {
        let _ = writeln!(out, "\n{}", summary(&[]));
    }
    out
}

/// One JSON document: `api`, `from`, `to`, and `entries` in order.
///
/// | member of an entry | holds |
/// |---|---|
/// | `section` | `act`, `look`, `new`, `promises`, `life`, `backends` or `operators` |
/// | `text` | the sentence |
/// | `rule`, `verdict` | as `diff` has them |
/// | `backend` | whose owners it is for, or null |
/// | `was`, `is` | as it was and is, or null |
/// | `reaches` | `endpoint`, `place` and `fingerprint` of each change that it tells of |
/// | `hurts` | consumers that rely on it |
pub fn json(entries: &[Entry], title: Title<'_>) -> String {
    let entry = |entry: &Entry| -> Value {
        let reaches: Vec<Value> = entry
            .reaches
            .iter()
            .map(|(endpoint, place, print)| {
                json!({ "endpoint": endpoint, "place": place, "fingerprint": print })
            })
            .collect();
        let backend = match &entry.change.whom {
            Whom::Backend(name) => Some(name),
            Whom::Callers | Whom::Operators => None,
        };
        json!({
            "section": entry.section.name(),
            "text": sentence(&entry.change),
            "rule": entry.change.rule.id,
            "verdict": entry.change.verdict.word(),
            "backend": backend,
            "was": entry.change.was,
            "is": entry.change.is,
            "reaches": reaches,
            "hurts": entry.change.hurts,
        })
    };
    let entries: Vec<Value> = entries.iter().map(entry).collect();
    let log = json!({ "api": title.api, "from": title.from, "to": title.to, "entries": entries });
    format!("{log:#}\n")
}
