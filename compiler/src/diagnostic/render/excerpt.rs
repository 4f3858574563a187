//! The part of a source that a picture shows: drawing one costs as much as the text that it is given.

use super::{range, words};
use crate::diagnostic::Label;
use crate::source::{Source, Sources};
use annotate_snippets::{AnnotationKind, Element, Level, Origin, Snippet};
use gatewright_grammar::FileId;
use std::collections::HashMap;

/// Sources of up to so many bytes are given whole.
const SMALL: usize = 8 * 1024;

/// Lines of more bytes, which no person wrote, are not drawn: their place and the words are told.
const LONG: usize = 4 * 1024;

/// Where the lines of every source begin.
pub(super) struct Lines(HashMap<FileId, Vec<usize>>);

impl Lines {
    pub(super) fn of(sources: &Sources) -> Lines {
        Lines(sources.iter().map(|(id, source)| (id, starts(&source.text))).collect())
    }

    /// What shows the labels in one file, all of which are in it.
    pub(super) fn shown<'a>(
        &self,
        source: &'a Source,
        labels: &[(AnnotationKind, &'a Label)],
    ) -> Vec<Element<'a>> {
        let id = labels.first().map(|(_, label)| label.span.file);
        let text = source.text.as_str();
        // A lock is not among the files of a contract.
        let known = id.and_then(|id| self.0.get(&id));
        let own = if known.is_none() { starts(text) } else { Vec::new() };
        let starts = known.unwrap_or(&own);
        let line =
            |offset: usize| starts.partition_point(|start| *start <= offset).saturating_sub(1);
        let start = |line: usize| starts.get(line).copied().unwrap_or(text.len());
        let ranges: Vec<_> = labels.iter().map(|(_, label)| range(text, label.span)).collect();
        let long = |offset: usize| start(line(offset) + 1) - start(line(offset)) > LONG;
        if ranges.iter().any(|range| long(range.start) || long(range.end)) {
            let told = |(range, (_, label)): (&std::ops::Range<usize>, &(_, &'a Label))| {
                let at = line(range.start);
                let before = text.get(start(at)..range.start).unwrap_or_default();
                let column = before.chars().count() + 1;
                let place = Origin::path(source.label.as_str()).line(at + 1).char_column(column);
                let words = words(label).map(|words| Level::NOTE.message(words).into());
                std::iter::once(Element::from(place)).chain(words)
            };
            return ranges.iter().zip(labels).flat_map(told).collect();
        }
        let first = ranges.iter().map(|range| line(range.start)).min().unwrap_or(0);
        let last = ranges.iter().map(|range| line(range.end)).max().unwrap_or(0);
        // The line before is there for an empty last one.
        let first = if text.len() <= SMALL { 0 } else { first.saturating_sub(1) };
        let begin = start(first);
        let end = if text.len() <= SMALL { text.len() } else { start(last + 1) };
        let part = text.get(begin..end).unwrap_or_default();
        let mut snippet = Snippet::source(part).line_start(first + 1).path(source.label.as_str());
        for (range, (kind, label)) in ranges.iter().zip(labels) {
            let within = range.start - begin..range.end - begin;
            snippet = snippet.annotation(kind.span(within).label(words(label)));
        }
        vec![snippet.into()]
    }
}

/// Where lines begin.
fn starts(text: &str) -> Vec<usize> {
    let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
    std::iter::once(0).chain(breaks.map(|(at, _)| at + 1)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::{Style, text};
    use crate::diagnostic::{Code, Diagnostic};
    use crate::source::Sources;
    use gatewright_grammar::Span;

    const PLAIN: Style = Style { colour: false, width: 100 };

    /// What is shown of findings about every `x` of a text.
    fn shown(contract: &str) -> String {
        let mut sources = Sources::new();
        let id = sources.add("a.api", contract);
        let about = |(at, _): (usize, &str)| {
            Diagnostic::new(Code::UnknownName, Span::new(id, at, at + 1), "there is no `x`")
                .label("here")
        };
        let findings: Vec<Diagnostic> = contract.match_indices('x').map(about).collect();
        text(&findings, &sources, PLAIN)
    }

    #[test]
    fn what_is_shown_does_not_depend_on_what_is_around() {
        let alone = shown("a\nb x c\nd\n");
        let line = "//\n";
        let far = shown(&format!("a\n{}b x c\nd\n{}", line.repeat(9_000), line.repeat(9_000)));
        assert!(alone.contains("╭▸ a.api:2:3") && far.contains("╭▸ a.api:9002:3"), "{far}");
        assert!(far.contains("9002 │ b x c\n") && far.contains("━ here"), "{far}");
        let last = shown(&format!("{}x", line.repeat(9_000)));
        assert!(last.contains("9001 │ x\n"), "{last}");
    }

    #[test]
    fn a_lock_is_drawn_too() {
        let mut sources = Sources::new();
        sources.add("a.api", "a\n");
        let lines = super::Lines::of(&sources);
        let id = sources.add("api.lock", "lock 1\nx\n");
        let found = Diagnostic::new(Code::UnknownName, Span::new(id, 7, 8), "no").label("here");
        let source = sources.get(id).expect("it was added");
        let label = [(annotate_snippets::AnnotationKind::Primary, &found.primary)];
        assert_eq!(lines.shown(source, &label).len(), 1);
    }

    #[test]
    fn a_line_that_nobody_wrote_is_not_drawn() {
        let all = shown(&format!("a\n{}", "é x ".repeat(3_000)));
        assert!(all.len() < 3_000 * 120, "{} bytes", all.len());
        let second = all.split("\n\n").nth(1).unwrap_or_default();
        assert!(second.contains("a.api:2:7") && second.contains("here"), "{second}");
    }
}
