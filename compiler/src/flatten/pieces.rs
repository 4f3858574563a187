//! Pieces of source text, put together anew.

use crate::contract::work::Rewrite;
use crate::source::Sources;
use gatewright_grammar::{FileId, Span};
use std::cmp::Reverse;

/// The source with what reads otherwise in one version.
pub(super) struct Pieces<'a> {
    sources: &'a Sources,
    /// In the order of the text; no two overlap unless one holds the other.
    rewrites: Vec<Rewrite>,
}

/// A member of a block: what stands at `span`, or `text` in its place.
pub(super) struct Row {
    pub(super) span: Span,
    pub(super) text: Option<String>,
}

impl Row {
    /// What stands at `span`.
    pub(super) fn at(span: Span) -> Self {
        Self { span, text: None }
    }

    /// A text that stands nowhere in the source.
    pub(super) fn new(text: String) -> Self {
        let file = FileId(u32::MAX);
        Self { span: Span { file, ..Span::default() }, text: Some(text) }
    }
}

impl<'a> Pieces<'a> {
    pub(super) fn new(sources: &'a Sources, mut rewrites: Vec<Rewrite>) -> Self {
        for rewrite in &mut rewrites {
            if rewrite.text.is_empty() {
                rewrite.span = with_separator(whole(sources, rewrite.span.file), rewrite.span);
            }
        }
        rewrites.sort_by_key(|one| {
            let span = one.span;
            (span.file, span.start, span.start != span.end, Reverse(span.end))
        });
        Self { sources, rewrites }
    }

    /// The text at `span` as this version has it.
    pub(super) fn text(&self, span: Span) -> String {
        let text = whole(self.sources, span.file);
        let mut at = span.start;
        let mut out = String::new();
        for rewrite in self.rewrites.iter().filter(|one| span.contains(one.span)) {
            if rewrite.span.start < at {
                continue;
            }
            out.push_str(slice(text, at, rewrite.span.start));
            out.push_str(&rewrite.text);
            at = rewrite.span.end;
        }
        out.push_str(slice(text, at, span.end));
        out
    }

    /// The first braces within `span` and what is between them.
    pub(super) fn block_of(&self, span: Span) -> Span {
        let text = slice(whole(self.sources, span.file), span.start, span.end);
        let open = text.find('{').and_then(|at| u32::try_from(at).ok()).unwrap_or(0);
        let close = text.rfind('}').and_then(|at| u32::try_from(at + 1).ok()).unwrap_or(open);
        Span { start: span.start + open, end: span.start + close, ..span }
    }

    /// Comments and documentation on the lines before `span`.
    pub(super) fn leading(&self, span: Span) -> String {
        let before = slice(whole(self.sources, span.file), 0, span.start);
        let Some(line) = before.rfind('\n') else { return String::new() };
        if !before.get(line..).unwrap_or("").trim().is_empty() {
            return String::new();
        }
        let mut kept: Vec<&str> = Vec::new();
        let mut blanks = 0;
        for line in before.get(..line).unwrap_or("").lines().rev() {
            let line = line.trim();
            match line {
                "" => blanks += 1,
                // Documentation belongs to what follows, however far.
                _ if line.starts_with("///") || (line.starts_with("//") && blanks == 0) => {
                    kept.push(line);
                    blanks = 0;
                }
                _ => break,
            }
        }
        kept.iter().rev().map(|line| format!("{line}\n")).collect()
    }

    /// A comment or documentation behind `offset` on its line.
    pub(super) fn trailing(&self, file: FileId, offset: u32) -> String {
        let text = whole(self.sources, file).get(offset as usize..).unwrap_or("");
        let line = text.lines().next().unwrap_or("").trim();
        let line = line.strip_prefix(',').unwrap_or(line).trim();
        if line.starts_with("//") { format!(" {line}") } else { String::new() }
    }

    /// The members `rows` between the braces of `block`. What stands between two of them in the
    /// source stays where both are from one place; `apart` goes between others.
    pub(super) fn rows(&self, block: Span, rows: &[Row], apart: &str) -> String {
        let mut out = "{".to_owned();
        let mut at = Span { end: block.start, ..block };
        at.start = block.start.saturating_add(1);
        at.end = at.start;
        let is_narrow = !self.source(block).contains('\n');
        for (index, row) in rows.iter().enumerate() {
            let text = row.text.clone().unwrap_or_else(|| self.text(row.span));
            match self.between(at, row.span.at_start()) {
                Some(gap) => out.push_str(gap),
                None => {
                    let behind = self.trailing(at.file, at.start);
                    let before = self.leading(row.span);
                    let plain = is_narrow && behind.is_empty() && before.is_empty();
                    let joined = plain && !text.contains('\n') && apart.is_empty();
                    out.push_str(&behind);
                    out.push_str(match (index, joined) {
                        (0, true) => " ",
                        (_, true) => ", ",
                        _ => "\n",
                    });
                    out.push_str(if index == 0 { "" } else { apart });
                    out.push_str(&before);
                }
            }
            out.push_str(&text);
            at = row.span.at_end();
        }
        self.close(&mut out, block, (at, is_narrow));
        out
    }

    /// What stands behind the last member of `block`, which ends at `at`.
    fn close(&self, out: &mut String, block: Span, (at, is_narrow): (Span, bool)) {
        let end = Span { start: block.end.saturating_sub(1), ..block }.at_start();
        let inserted = self.rewrites.iter().filter(|one| one.span == end);
        let inserted: String = inserted.map(|one| one.text.as_str()).collect();
        match self.between(at, end) {
            Some(gap) => out.push_str(gap),
            None => {
                let behind = self.trailing(at.file, at.start);
                out.push_str(&behind);
                out.push_str(if is_narrow && behind.is_empty() { " " } else { "\n" });
            }
        }
        out.push_str(&inserted);
        out.push('}');
    }

    /// Whether what stands at `span` has no place in this version.
    pub(super) fn is_removed(&self, span: Span) -> bool {
        self.rewrites.iter().any(|one| one.text.is_empty() && one.span.contains(span))
    }

    /// The text at `span` as its author wrote it.
    fn source(&self, span: Span) -> &'a str {
        slice(whole(self.sources, span.file), span.start, span.end)
    }

    /// What stands between two places of one file, if it is no more than space, commas and
    /// comments.
    fn between(&self, from: Span, to: Span) -> Option<&'a str> {
        if from.file != to.file || from.end > to.start {
            return None;
        }
        let source = self.sources.get(from.file)?;
        let gap = slice(&source.text, from.end, to.start);
        let plain = |line: &str| {
            let before = line.split("//").next().unwrap_or("");
            before.chars().all(|char| char.is_whitespace() || char == ',')
        };
        gap.split('\n').all(plain).then_some(gap)
    }
}

fn whole(sources: &Sources, file: FileId) -> &str {
    sources.get(file).map_or("", |source| source.text.as_str())
}

fn slice(text: &str, from: u32, to: u32) -> &str {
    text.get(from as usize..to as usize).unwrap_or("")
}

/// An entry with what separates it from its neighbours.
fn with_separator(text: &str, span: Span) -> Span {
    let behind = text.get(span.end as usize..).unwrap_or("");
    let line = behind.split('\n').next().unwrap_or("");
    let rest = line.trim_start();
    let wide = |length: usize| u32::try_from(length).unwrap_or(0);
    if let Some(after) = rest.strip_prefix(',') {
        let after = after.trim_start();
        return Span { end: span.end + wide(line.len() - after.len()), ..span };
    }
    let before = text.get(..span.start as usize).unwrap_or("");
    let trimmed = before.trim_end_matches([' ', '\t']);
    if rest.is_empty() || rest.starts_with("//") {
        // The line ends here; what starts it goes with it.
        let whole = line.len() + usize::from(behind.len() > line.len());
        return Span { start: wide(trimmed.len()), end: span.end + wide(whole), ..span };
    }
    let start = trimmed.strip_suffix(',').map_or(before.len(), str::len);
    Span { start: wide(start), ..span }
}
