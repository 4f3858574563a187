//! Rows: members of a block, each with its documentation, comments and blank lines.

use super::Printer;
use super::layout::Layout;
use crate::span::Span;
use crate::tree::Doc;

/// What stands on a line of its own in a block that is broken.
pub(super) trait Row {
    /// Where it stands, documentation not included. It may start late, as long as no line break is lost.
    fn span(&self) -> Span;

    /// Its documentation.
    fn doc(&self) -> Option<&Doc> {
        None
    }

    /// Its text.
    fn layout(&self, printer: &mut Printer<'_>) -> Layout;
}

/// How rows are separated.
#[derive(Clone, Copy)]
pub(super) struct Style {
    /// Before the first row on one line.
    pub(super) first: &'static str,
    /// Between rows on one line.
    pub(super) between: &'static str,
    /// Whether a blank line between two rows is kept.
    pub(super) blanks: bool,
}

impl Style {
    /// `{ a, b }`
    pub(super) const BRACES: Self = Self { first: " ", between: ", ", blanks: true };
    /// `[a, b]`
    pub(super) const BRACKETS: Self = Self { first: "", between: ", ", blanks: true };
    /// `{ a b }`
    pub(super) const WORDS: Self = Self { first: " ", between: " ", blanks: true };
    /// `a b`, further lines indented
    pub(super) const TAILS: Self = Self { first: " ", between: " ", blanks: false };
}

/// Rows that are being put together.
struct Rows {
    style: Style,
    parts: Vec<Layout>,
    /// Where the last row ends in the text, with what stands behind it.
    end: Option<usize>,
    /// Whether a comment can still join the last line.
    open: bool,
}

impl Printer<'_> {
    /// `{ … }` at `span`, braces included.
    pub(super) fn braces(&mut self, rows: &[&dyn Row], span: Span) -> Layout {
        self.enclosed(("{", "}"), rows, Style::BRACES, span)
    }

    /// Rows between two brackets, at `span` with the brackets. A longer span may start before the opening bracket.
    pub(super) fn enclosed(
        &mut self,
        (open, close): (&str, &str),
        rows: &[&dyn Row],
        style: Style,
        span: Span,
    ) -> Layout {
        let broken = self.is_broken(span);
        let inside = self.rows(rows, style, span.range().end);
        if inside.is_empty() {
            return Layout::from(format!("{open}{close}"));
        }
        let last = Layout::Break { flat: style.first, blank: false };
        let parts = vec![Layout::from(open), Layout::Nest(inside), last, Layout::from(close)];
        Layout::Group { broken, parts }
    }

    /// `head` and what belongs to it: on its line where the author wrote it there, else on lines of their own.
    pub(super) fn hang(&mut self, head: Layout, head_end: usize, rows: &[&dyn Row]) -> Layout {
        let broken = self.is_spread(head_end, rows);
        let rows = self.rows(rows, Style::TAILS, 0);
        Layout::Group { broken, parts: vec![head, Layout::Hang(rows)] }
    }

    /// Whether the author broke the line before one of `rows`, the first of which follows on `head_end`.
    pub(super) fn is_spread(&self, head_end: usize, rows: &[&dyn Row]) -> bool {
        let ends = std::iter::once(head_end).chain(rows.iter().map(|row| row.span().range().end));
        let gaps = ends.zip(rows).map(|(end, row)| self.text.get(end..row.span().range().start));
        gaps.flatten().any(|gap| gap.contains('\n'))
    }

    /// Rows, each behind a place to break, with all comments up to `stop`.
    pub(super) fn rows(&mut self, rows: &[&dyn Row], style: Style, stop: usize) -> Vec<Layout> {
        let mut done = Rows { style, parts: Vec::new(), end: None, open: true };
        for row in rows {
            let range = row.span().range();
            let doc = row.doc();
            let before = doc.filter(|doc| !doc.trailing);
            self.comments_up_to(
                before.map_or(range.start, |doc| doc.span.range().start),
                &mut done,
            );
            if let Some(doc) = before {
                done.documentation(self.text, doc);
                self.comments_up_to(range.start, &mut done);
                done.end = None;
            }
            done.row(self.text, range.start);
            let layout = row.layout(self);
            done.parts.push(layout);
            (done.end, done.open) = (Some(range.end), true);
            if let Some(doc) = doc.filter(|doc| doc.trailing) {
                done.parts
                    .push(Layout::Suffix(doc_line(doc.lines.first().map_or("", String::as_str))));
                (done.end, done.open) = (Some(doc.span.range().end), false);
            }
        }
        self.comments_up_to(stop, &mut done);
        done.parts
    }

    /// Comments before `stop` that are not printed yet: behind the last row, or on lines of their own.
    fn comments_up_to(&mut self, stop: usize, done: &mut Rows) {
        while let Some((comment, rest)) =
            self.comments.split_first().filter(|(next, _)| next.span.range().start < stop)
        {
            self.comments = rest;
            let range = comment.span.range();
            if !comment.own_line && done.open {
                done.parts.push(Layout::Suffix(comment.text.clone()));
            } else {
                done.row(self.text, range.start);
                done.parts.push(Layout::from(comment.text.as_str()));
            }
            (done.end, done.open) = (Some(range.end), false);
        }
    }

    /// Whether a comment waits before `end`.
    pub(super) fn comment_before(&self, end: usize) -> bool {
        self.comments.first().is_some_and(|comment| comment.span.range().start < end)
    }
}

impl Rows {
    /// Starts a row that stands at `start` in the text.
    fn row(&mut self, text: &str, start: usize) {
        let is_first = !self.parts.iter().any(|part| matches!(part, Layout::Break { .. }));
        let flat = if is_first { self.style.first } else { self.style.between };
        let between = self.end.and_then(|end| text.get(end..start)).unwrap_or_default();
        let blank = self.style.blanks && !is_first && between.matches('\n').count() > 1;
        self.parts.push(Layout::Break { flat, blank });
    }

    /// Puts documentation on lines before its row; a blank line between the two is not kept.
    fn documentation(&mut self, text: &str, doc: &Doc) {
        for line in &doc.lines {
            self.row(text, doc.span.range().start);
            self.parts.push(Layout::from(doc_line(line)));
            (self.end, self.open) = (None, false);
        }
    }
}

fn doc_line(line: &str) -> String {
    if line.is_empty() { "///".to_owned() } else { format!("/// {line}") }
}
