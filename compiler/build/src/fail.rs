//! Findings to what a build script can show.

use gatewright_compiler::diagnostic::render::{self, Style};
use gatewright_compiler::diagnostic::{Diagnostic, Severity};
use gatewright_compiler::source::Sources;
use gatewright_grammar::span::line_column;

/// Rust that does not compile and whose message is the content of the file `name.err` beside it.
pub(crate) fn source(name: &str) -> String {
    format!("compile_error!(include_str!({:?}));\n", format!("{name}.err"))
}

/// The errors among the findings, as the message of `compile_error!`. The line break ahead keeps
/// the picture away from rustc's own `error:`.
pub(crate) fn message(diagnostics: &[Diagnostic], sources: &Sources) -> String {
    let errors: Vec<Diagnostic> =
        diagnostics.iter().filter(|one| one.severity == Severity::Error).cloned().collect();
    let style = Style { colour: false, width: 120 };
    format!("the contract has errors\n\n{}", render::text(&errors, sources, style))
}

/// The warnings among the findings as lines that cargo shows:
/// `cargo::warning=shop.api:10:9: backend `promos` is never called [unused-backend]`
pub(crate) fn warnings(diagnostics: &[Diagnostic], sources: &Sources) -> Vec<String> {
    diagnostics
        .iter()
        .filter(|one| one.severity == Severity::Warning)
        .map(|one| format!("cargo::warning={}", one_line(one, sources)))
        .collect()
}

fn one_line(diagnostic: &Diagnostic, sources: &Sources) -> String {
    let span = diagnostic.primary.span;
    let place = sources.get(span.file).map_or_else(String::new, |source| {
        let (line, column) = line_column(&source.text, span.start as usize);
        format!("{}:{line}:{column}: ", source.label)
    });
    let text = format!("{place}{} [{}]", diagnostic.message, diagnostic.code.name());
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use gatewright_compiler::diagnostic::Code;
    use gatewright_grammar::Span;

    #[test]
    fn errors_become_a_picture_and_warnings_a_line() {
        let mut sources = Sources::new();
        let file = sources.add("shop.api", "api shop {}\nbackend promos at env PROMOS_URL\n");
        let at = Span::new(file, 20, 26);
        let found = [
            Diagnostic::new(Code::UnknownBackend, at, "there is no backend called `x`"),
            Diagnostic::new(Code::UnusedBackend, at, "backend `promos`\nis never called"),
        ];
        let message = message(&found, &sources);
        assert!(message.contains("error[unknown-backend]: there is no backend"), "{message}");
        assert!(!message.contains("promos`\n"), "{message}");
        assert_eq!(
            warnings(&found, &sources),
            ["cargo::warning=shop.api:2:9: backend `promos` is never called [unused-backend]"]
        );
    }
}
