//! What became of the cases: for people, for machines, for build servers.

mod json;
mod junit;

use super::stage::Ran;
use crate::args::TestFormat;
use crate::load::Loaded;
use crate::terminal::{Terminal, seconds};
use gatewright_compiler::diagnostic::Diagnostic;
use gatewright_compiler::diagnostic::render::{self, Style};
use gatewright_compiler::proof::{Coverage, Listed};
use gatewright_compiler::source::Sources;
use gatewright_grammar::{Span, line_column};
use std::fmt::Write as _;
use std::time::Duration;

/// Everything that a run found.
pub(super) struct Report<'a> {
    pub(super) api: &'a str,
    pub(super) listed: &'a [Listed],
    pub(super) ran: &'a [Ran],
    pub(super) coverage: Option<&'a Coverage>,
    pub(super) took: Duration,
    pub(super) loaded: &'a Loaded,
}

impl Report<'_> {
    /// Prints it in the form that was asked for.
    pub(super) fn print(&self, format: TestFormat, terminal: Terminal) {
        let sources = self.loaded.input.shown();
        match format {
            TestFormat::Json => terminal.result(&json::document(self, &sources)),
            TestFormat::Junit => terminal.result(&junit::document(self, &sources)),
            TestFormat::Text => {
                let style = Style { colour: true, width: terminal.width() };
                let failures: Vec<Diagnostic> = self.failures().cloned().collect();
                let mut text = render::text(&failures, &sources, style);
                text.push_str(&self.gaps(&sources));
                terminal.result(&text);
            }
        }
        terminal.note(&self.summary());
    }

    fn failures(&self) -> impl Iterator<Item = &Diagnostic> {
        self.ran.iter().filter_map(|one| one.verdict.failure.as_ref())
    }

    fn failed(&self) -> usize {
        self.failures().count()
    }

    fn listed(&self, ran: &Ran) -> Option<&Listed> {
        self.listed.get(ran.case)
    }

    /// What no case shows, with places.
    fn gaps(&self, sources: &Sources) -> String {
        let Some(coverage) = self.coverage else { return String::new() };
        let mut text = String::new();
        if coverage.gaps.is_empty() {
            return text;
        }
        let shown = coverage.total - coverage.gaps.len();
        let _ =
            writeln!(text, "{} of {} parts are shown by a case. Not shown:", shown, coverage.total);
        for gap in &coverage.gaps {
            let place = place(gap.span, sources);
            let of = if gap.kind == "endpoint" {
                String::new()
            } else {
                format!(", in {}", gap.endpoint)
            };
            // What a branch is called says what it is.
            let what = match gap.kind {
                "on" | "else" => gap.what.clone(),
                kind => format!("{kind} {}", gap.what),
            };
            let _ = writeln!(text, "  {place}: {what}{of}");
        }
        text
    }

    /// `27 cases: 26 hold, 1 failed, in 1.2 s`
    fn summary(&self) -> String {
        let (count, failed) = (self.ran.len(), self.failed());
        if count == 0 {
            return "there are no cases; `gatewright test --write` drafts some".to_owned();
        }
        let cases = if count == 1 { "1 case".to_owned() } else { format!("{count} cases") };
        let held = count - failed;
        let parts = match (held, failed) {
            (_, 0) => "all hold".to_owned(),
            (0, _) => "all failed".to_owned(),
            _ => format!("{held} hold, {failed} failed"),
        };
        let whole = self.coverage.is_some_and(|coverage| coverage.gaps.is_empty());
        let whole = if whole { ", every part is shown" } else { "" };
        format!("{cases}: {parts}, in {}{whole}", seconds(self.took))
    }
}

/// `v2.api:15:5`
fn place(span: Span, sources: &Sources) -> String {
    let (file, line, column) = located(span, sources);
    format!("{file}:{line}:{column}")
}

/// File, line and column.
fn located(span: Span, sources: &Sources) -> (String, usize, usize) {
    let Some(source) = sources.get(span.file) else { return (String::new(), 1, 1) };
    let (line, column) = line_column(&source.text, span.start as usize);
    (source.label.clone(), line, column)
}
