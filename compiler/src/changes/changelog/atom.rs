//! Changelogs as an Atom feed.

use super::Entry;
use super::render::{Title, said};
use std::fmt::Write as _;

/// A feed (RFC 4287) with an entry per piece of news. `day` is when they became known: `2026-03-01`.
///
/// Ids are made of the API and the fingerprints of changes, so a reader shows each once, however
/// often the feed is written.
pub fn atom(entries: &[Entry], title: Title<'_>, day: &str) -> String {
    let api = escaped(title.api);
    let heading = escaped(&format!("{}: {} to {}", title.api, title.from, title.to));
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n");
    let _ = writeln!(out, "<feed xmlns=\"http://www.w3.org/2005/Atom\">");
    let _ = writeln!(out, "  <id>urn:gatewright:{api}</id>\n  <title>{heading}</title>");
    let _ = writeln!(out, "  <updated>{day}T00:00:00Z</updated>");
    let _ = writeln!(out, "  <author><name>{api}</name></author>");
    for entry in entries {
        let print = entry.reaches.first().map_or("", |(_, _, print)| print.as_str());
        let _ = writeln!(out, "  <entry>\n    <id>urn:gatewright:{api}:{print}</id>");
        let _ = writeln!(out, "    <title>{}</title>", escaped(&said(entry)));
        let _ = writeln!(out, "    <updated>{day}T00:00:00Z</updated>");
        let _ = writeln!(out, "    <category term=\"{}\"/>", entry.change.verdict.word());
        let _ = writeln!(out, "    <category term=\"{}\"/>", entry.section.name());
        let mut told = vec![format!("{} ({})", entry.change.rule.title, entry.change.rule.id)];
        let endpoints = entry.endpoints();
        told.extend((!endpoints.is_empty()).then(|| endpoints.join(", ")));
        let hurts = &entry.change.hurts;
        told.extend((!hurts.is_empty()).then(|| format!("hurts: {}", hurts.join(", "))));
        let _ = writeln!(out, "    <content type=\"text\">{}</content>", escaped(&told.join("\n")));
        out.push_str("  </entry>\n");
    }
    out + "</feed>\n"
}

/// Text of XML 1.0, which has no word for control characters.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for char in text.chars() {
        match char {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' => out.push(char),
            other if other.is_control() || matches!(other, '\u{fffe}' | '\u{ffff}') => {
                out.push('\u{fffd}');
            }
            other => out.push(other),
        }
    }
    out
}
