//! Findings as text: for a terminal, for a machine, for a pull request.

mod excerpt;
mod github;
mod json;
mod sarif;

pub use github::github;
pub use json::json_lines;
pub use sarif::sarif;

use super::{Diagnostic, Help, Label, Severity};
use crate::source::{Source, Sources};
use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Element, Group, Level, Renderer};
use excerpt::Lines;
use gatewright_grammar::Span;
use json::severity;
use std::ops::Range;

/// How a terminal shows findings.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// Whether escape sequences for colours are written.
    pub colour: bool,
    /// Columns to fit into; longer source lines are cut around their label.
    pub width: usize,
}

/// The findings as pictures of the source, one blank line between two.
///
/// ```text
/// error[unknown-backend]: there is no backend called `catalogue`
///    ╭▸ v1.api:14:12
///    │
/// 14 │   item = catalogue GET /items/{id}
///    │          ━━━━━━━━━ did you mean `catalog`?
///    │
///    ╰ help: write `catalog`  [fix]
/// ```
pub fn text(diagnostics: &[Diagnostic], sources: &Sources, style: Style) -> String {
    let renderer = if style.colour { Renderer::styled() } else { Renderer::plain() };
    let renderer = renderer.decor_style(DecorStyle::Unicode).term_width(style.width);
    let lines = Lines::of(sources);
    let mut out = String::new();
    for diagnostic in diagnostics {
        if !out.is_empty() {
            out.push('\n');
        }
        out.push_str(&renderer.render(&[group(diagnostic, sources, &lines)]));
        out.push('\n');
    }
    out
}

fn group<'a>(diagnostic: &'a Diagnostic, sources: &'a Sources, lines: &Lines) -> Group<'a> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let mut elements: Vec<Element<'a>> = Vec::new();
    for labels in by_file(diagnostic) {
        let source = labels.first().and_then(|(_, label)| sources.get(label.span.file));
        elements.extend(source.into_iter().flat_map(|source| lines.shown(source, &labels)));
    }
    elements.extend(
        diagnostic.notes.iter().map(|note| Element::from(Level::NOTE.message(note.as_str()))),
    );
    elements.extend(
        diagnostic.helps.iter().map(|help| Element::from(Level::HELP.message(shown(help)))),
    );
    level.primary_title(diagnostic.message.as_str()).id(diagnostic.code.name()).elements(elements)
}

/// The words of a way out, marked where a machine can take it.
fn shown(help: &Help) -> String {
    if help.fix.is_some() { format!("{}  [fix]", help.text) } else { help.text.clone() }
}

/// The labels of each file: that of the primary label first, then in the order of telling.
fn by_file(diagnostic: &Diagnostic) -> Vec<Vec<(AnnotationKind, &Label)>> {
    let mut found: Vec<Vec<(AnnotationKind, &Label)>> = Vec::new();
    let primary = std::iter::once((AnnotationKind::Primary, &diagnostic.primary));
    let secondary = diagnostic.secondary.iter().map(|label| (AnnotationKind::Context, label));
    for one in primary.chain(secondary) {
        let same = |labels: &&mut Vec<(AnnotationKind, &Label)>| {
            labels.first().is_some_and(|(_, first)| first.span.file == one.1.span.file)
        };
        match found.iter_mut().find(same) {
            Some(labels) => labels.push(one),
            None => found.push(vec![one]),
        }
    }
    found
}

fn words(label: &Label) -> Option<&str> {
    Some(label.text.as_str()).filter(|text| !text.is_empty())
}

/// The bytes of `text` that `span` means, whatever it says: within the text, at whole characters,
/// not empty in the middle of a line break.
fn range(text: &str, span: Span) -> Range<usize> {
    let asked = span.range();
    let mut start = text.floor_char_boundary(asked.start);
    if text.get(..start).is_some_and(|before| before.ends_with('\r'))
        && text.get(start..).is_some_and(|after| after.starts_with('\n'))
    {
        start -= 1;
    }
    let end = text.ceil_char_boundary(asked.end.max(start).min(text.len()));
    start..end
}

/// Line and column of an offset, both from 1, columns in Unicode scalar values.
fn place(source: &Source, offset: usize) -> (usize, usize) {
    gatewright_grammar::span::line_column(&source.text, offset)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Code;
    use gatewright_grammar::FileId;

    pub(super) fn sources() -> (Sources, FileId, FileId) {
        let mut sources = Sources::new();
        let shop = sources.add("shop.api", "backend catalog at env CATALOG_URL {\n}\n");
        let v1 = sources.add("v1.api", "version 1 {\n  item = catalogue GET /items/{id}\n}\n");
        (sources, shop, v1)
    }

    pub(super) fn unknown_backend() -> (Diagnostic, Sources) {
        let (sources, shop, v1) = sources();
        let at = Span::new(v1, 21, 30);
        let diagnostic =
            Diagnostic::new(Code::UnknownBackend, at, "there is no backend called `catalogue`")
                .label("did you mean `catalog`?")
                .see(Span::new(shop, 8, 15), "declared here")
                .note("backends are declared once")
                .fix("write `catalog`", at, "catalog");
        (diagnostic, sources)
    }

    const PLAIN: Style = Style { colour: false, width: 100 };

    #[test]
    fn a_picture_shows_both_files_and_the_way_out() {
        let (diagnostic, sources) = unknown_backend();
        assert_eq!(
            text(&[diagnostic], &sources, PLAIN),
            "\
error[unknown-backend]: there is no backend called `catalogue`
  ╭▸ v1.api:2:10
  │
2 │   item = catalogue GET /items/{id}
  │          ━━━━━━━━━ did you mean `catalog`?
  │
  ⸬  shop.api:1:9
  │
1 │ backend catalog at env CATALOG_URL {
  │         ─────── declared here
  │
  ├ note: backends are declared once
  ╰ help: write `catalog`  [fix]
"
        );
    }

    #[test]
    fn colours_are_written_only_when_asked_for() {
        let (diagnostic, sources) = unknown_backend();
        let plain = text(std::slice::from_ref(&diagnostic), &sources, PLAIN);
        let coloured = text(&[diagnostic], &sources, Style { colour: true, width: 100 });
        assert!(!plain.contains('\u{1b}'));
        assert!(coloured.contains('\u{1b}'));
    }

    #[test]
    fn a_place_in_no_file_leaves_the_message() {
        let nowhere = Span::new(FileId(7), 3, 9);
        let diagnostic = Diagnostic::new(Code::MissingApi, nowhere, "there is no `api` block");
        let picture = text(&[diagnostic], &Sources::new(), PLAIN);
        assert_eq!(picture, "error[missing-api]: there is no `api` block\n");
    }

    #[test]
    fn no_span_is_too_odd() {
        let texts = [
            "",
            "\n",
            "a",
            "äö\nü",
            "a\r\nb\r\n",
            "\t\tx\t",
            "\u{feff}a",
            "日本\n\n語",
            "a\u{0}b\u{7}\r",
        ];
        for text in texts {
            for start in 0..text.len() + 3 {
                for end in 0..text.len() + 3 {
                    every_form(text, start, end);
                }
            }
            every_form(text, usize::MAX, 0);
        }
    }

    fn every_form(text: &str, start: usize, end: usize) {
        let mut sources = Sources::new();
        let file = sources.add("a.api", text);
        let odd = Span { file, start: start as u32, end: end as u32 };
        let diagnostics = [Diagnostic::new(Code::UnexpectedText, odd, "odd")
            .label("here")
            .see(odd, "")
            .see(Span::new(file, 0, text.len()), "all")
            .fix("replace it", odd, "x")];
        for width in [1, 20, 100] {
            let picture = super::text(&diagnostics, &sources, Style { colour: false, width });
            assert!(picture.starts_with("error[unexpected-text]: odd\n"), "{picture}");
        }
        assert!(sarif(&diagnostics, &sources).ends_with("}\n"));
        assert!(json_lines(&diagnostics, &sources).ends_with("}\n"));
        assert!(github(&diagnostics, &sources).starts_with("::error file=a.api,line="));
    }
}
