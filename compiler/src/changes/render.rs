//! Changes as text, JSON, Markdown, workflow commands and SARIF.

mod once;
mod places;

use super::{Change, RULES, Rule, Verdict, Whom};
use crate::source::Sources;
use gatewright_grammar::Span;
use once::{Told, once};
use places::{Lines, Places};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// The texts of both sides, for places.
#[derive(Clone, Copy)]
pub struct Texts<'s> {
    /// Of the old contract.
    pub old: &'s Sources,
    /// Of the new contract.
    pub new: &'s Sources,
}

/// What happened, and where in the endpoint.
fn headline(change: &Change) -> String {
    let title = change.rule.title;
    if change.place.is_empty() { title.to_owned() } else { format!("{title}: `{}`", change.place) }
}

fn whom(change: &Change) -> Option<String> {
    match &change.whom {
        Whom::Callers => None,
        Whom::Backend(name) if name.is_empty() => Some("those who run the backend".to_owned()),
        Whom::Backend(name) => Some(format!("those who run `{name}`")),
        Whom::Operators => Some("those who run the gateway".to_owned()),
    }
}

fn is_shown(change: &&Change) -> bool {
    change.verdict > Verdict::Invisible
}

/// Pictures for people: by endpoint, the worst first, without what nobody notices, and a line of
/// sums. What one line changes in many places is told at the first, with the others behind `also`.
pub fn text(changes: &[Change], texts: Texts<'_>) -> String {
    let mut out = String::new();
    let (told, places) = (once(changes), Places::of(texts));
    let mut group: Option<&Option<String>> = None;
    for one in &told {
        let change = &one.change;
        if group != Some(&change.endpoint) {
            let blank = if out.is_empty() { "" } else { "\n" };
            let heading = change.endpoint.as_deref().unwrap_or("Around the endpoints");
            let _ = writeln!(out, "{blank}{heading}");
            group = Some(&change.endpoint);
        }
        let _ =
            writeln!(out, "  {}[{}]: {}", change.verdict.word(), change.rule.id, headline(change));
        for (name, text) in lines(one, &places) {
            let _ = writeln!(out, "    = {name}: {text}");
        }
    }
    if !out.is_empty() {
        out.push('\n');
    }
    out + &once::summary(&told, changes) + "\n"
}

/// The same with colours: headings, and verdicts by how bad they are.
pub fn coloured(changes: &[Change], texts: Texts<'_>) -> String {
    let colours = [("breaking", "31"), ("risky", "33"), ("additive", "32"), ("invisible", "2")];
    let line = |line: &str| {
        if !line.starts_with(' ') && line.contains('/') {
            return format!("\u{1b}[1m{line}\u{1b}[0m\n");
        }
        let rest = line.strip_prefix("  ").unwrap_or(line);
        let found = colours
            .iter()
            .find(|(word, _)| rest.strip_prefix(word).is_some_and(|rest| rest.starts_with('[')));
        match (found, rest.split_once(": ")) {
            (Some((_, colour)), Some((head, rest))) => {
                format!("  \u{1b}[1;{colour}m{head}\u{1b}[0m: {rest}\n")
            }
            _ => format!("{line}\n"),
        }
    };
    text(changes, texts).lines().map(line).collect()
}

fn lines(told: &Told, places: &Places<'_>) -> Vec<(&'static str, String)> {
    let change = &told.change;
    let mut found = Vec::new();
    let at = |lines: &Lines<'_>, span| lines.text(span).map(|at| format!("  ({at})"));
    let (old, new) = (at(&places.old, change.old), at(&places.new, change.new));
    if let Some(was) = &change.was {
        found.push(("was", format!("{was}{}", old.clone().unwrap_or_default())));
    }
    match &change.is {
        Some(is) => found.push(("is", format!("{is}{}", new.unwrap_or_default()))),
        None => found.extend(new.map(|at| ("at", at.trim().trim_matches(['(', ')']).to_owned()))),
    }
    found.extend(change.notes.iter().map(|note| ("note", note.clone())));
    found.extend(told.also().map(|also| ("also", also)));
    found.extend(whom(change).map(|whom| ("for", whom)));
    if !change.hurts.is_empty() {
        found.push(("hurts", change.hurts.join(", ")));
    }
    found
}

/// `2 breaking, 1 risky, 4 additive`, or that nothing changed.
pub fn summary(changes: &[Change]) -> String {
    verdicts(&changes.iter().map(|change| change.verdict).collect::<Vec<_>>())
}

/// The same of verdicts alone.
pub(super) fn verdicts(all: &[Verdict]) -> String {
    let verdicts =
        [Verdict::Breaking, Verdict::Risky, Verdict::Additive, Verdict::Invisible].into_iter();
    let counts = verdicts.filter_map(|verdict| {
        let count = all.iter().filter(|one| **one == verdict).count();
        (count > 0).then(|| format!("{count} {}", verdict.word()))
    });
    let counts: Vec<String> = counts.collect();
    if counts.is_empty() { "nothing changed".to_owned() } else { counts.join(", ") }
}

/// One JSON object per line, what nobody notices included.
///
/// | member | holds |
/// |---|---|
/// | `rule`, `title` | the stable name, and what happened |
/// | `verdict` | `breaking`, `risky`, `additive` or `invisible` |
/// | `for` | `callers`, `backend` with its name in `backend`, or `operators` |
/// | `endpoint`, `place` | where; `endpoint` is null for what is of none |
/// | `was`, `is` | texts or null |
/// | `notes`, `hurts` | texts; consumers |
/// | `old`, `new` | `file`, `line`, `column` from 1, or null |
/// | `fingerprint` | stays when texts move |
pub fn json_lines(changes: &[Change], texts: Texts<'_>) -> String {
    let places = Places::of(texts);
    changes.iter().map(|change| object(change, &places).to_string() + "\n").collect()
}

fn object(change: &Change, places: &Places<'_>) -> Value {
    let at = |lines: &Lines<'_>, span: Option<Span>| {
        let (file, line, column) = span.and_then(|span| lines.place(span))?;
        Some(json!({ "file": file, "line": line, "column": column }))
    };
    let (kind, backend) = match &change.whom {
        Whom::Callers => ("callers", None),
        Whom::Backend(name) => ("backend", Some(name)),
        Whom::Operators => ("operators", None),
    };
    json!({
        "rule": change.rule.id,
        "title": change.rule.title,
        "verdict": change.verdict.word(),
        "for": kind,
        "backend": backend,
        "endpoint": change.endpoint,
        "place": change.place,
        "was": change.was,
        "is": change.is,
        "notes": change.notes,
        "hurts": change.hurts,
        "old": at(&places.old, change.old),
        "new": at(&places.new, change.new),
        "fingerprint": change.fingerprint(),
    })
}

/// Markdown for a comment on a pull request: a section per endpoint, the worst first.
pub fn markdown(changes: &[Change]) -> String {
    let told = once(changes);
    let mut out = format!("**{}**\n", once::summary(&told, changes));
    let mut group: Option<&Option<String>> = None;
    for one in &told {
        let change = &one.change;
        if group != Some(&change.endpoint) {
            let heading = match &change.endpoint {
                Some(endpoint) => format!("`{endpoint}`"),
                None => "Around the endpoints".to_owned(),
            };
            let _ = write!(
                out,
                "\n### {heading}\n\n| | rule | what | was | is | hurts |\n|---|---|---|---|---|---|\n"
            );
            group = Some(&change.endpoint);
        }
        let cell = |text: &Option<String>| {
            text.as_ref().map_or_else(String::new, |text| format!("`{}`", escaped(text)))
        };
        let mut hurts = change.hurts.clone();
        hurts.extend(whom(change));
        let also =
            one.also().map_or_else(String::new, |also| format!("<br>also: {}", escaped(&also)));
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} | {} | {} |",
            change.verdict.word(),
            change.rule.id,
            escaped(&headline(change)) + &also,
            cell(&change.was),
            cell(&change.is),
            escaped(&hurts.join(", ")),
        );
    }
    out
}

fn escaped(text: &str) -> String {
    text.replace('|', "\\|").replace('<', "&lt;").replace('\n', " ")
}

/// Workflow commands of GitHub: breaking changes are errors, risky ones warnings, others notices.
pub fn github(changes: &[Change], texts: Texts<'_>) -> String {
    let mut out = String::new();
    let places = Places::of(texts);
    for one in &once(changes) {
        let change = &one.change;
        let level = match change.verdict {
            Verdict::Breaking => "error",
            Verdict::Risky => "warning",
            Verdict::Additive | Verdict::Invisible => "notice",
        };
        let at = change.new.and_then(|span| places.new.place(span));
        let at = at.map_or_else(String::new, |(file, line, column)| {
            format!("file={},line={line},col={column},", property(file))
        });
        let title = property(&format!("{} {}", change.verdict.word(), change.rule.id));
        let endpoint = change.endpoint.as_ref().map_or_else(String::new, |at| format!("{at}: "));
        let mut message = format!("{endpoint}{}", headline(change));
        for (name, text) in lines(one, &places) {
            let _ = write!(message, "\n{name}: {text}");
        }
        let _ = writeln!(out, "::{level} {at}title={title}::{}", data(&message));
    }
    out
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// One SARIF 2.1.0 log.
pub fn sarif(changes: &[Change], texts: Texts<'_>) -> String {
    let level = |change: &Change| match change.verdict {
        Verdict::Breaking => "error",
        Verdict::Risky => "warning",
        Verdict::Additive | Verdict::Invisible => "note",
    };
    let places = Places::of(texts);
    let rules: Vec<&Rule> =
        RULES.iter().filter(|rule| changes.iter().any(|one| one.rule.id == rule.id)).collect();
    let results: Vec<Value> = changes
        .iter()
        .filter(is_shown)
        .map(|change| {
            let at = change.new.and_then(|span| places.new.place(span));
            let locations: Vec<Value> = at
                .map(|(file, line, column)| {
                    json!({ "physicalLocation": {
                        "artifactLocation": { "uri": file },
                        "region": { "startLine": line, "startColumn": column },
                    } })
                })
                .into_iter()
                .collect();
            let endpoint =
                change.endpoint.as_ref().map_or_else(String::new, |at| format!("{at}: "));
            let mut message = format!("{endpoint}{}", headline(change));
            for (name, text) in lines(&Told::alone(change), &places) {
                let _ = write!(message, "\n{name}: {text}");
            }
            json!({
                "ruleId": change.rule.id,
                "level": level(change),
                "message": { "text": message },
                "locations": locations,
                "partialFingerprints": { "gatewright/v1": change.fingerprint() },
            })
        })
        .collect();
    let rules: Vec<Value> = rules
        .iter()
        .map(|rule| json!({ "id": rule.id, "shortDescription": { "text": rule.title } }))
        .collect();
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": { "name": "gatewright", "version": crate::VERSION, "rules": rules } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    log.to_string() + "\n"
}
