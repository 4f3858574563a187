//! Findings as workflow commands, which a pull request shows at the line.

use super::json::severity;
use super::{place, range, shown};
use crate::diagnostic::Diagnostic;
use crate::source::Sources;
use std::fmt::Write;

/// The findings as workflow commands, one per line:
/// `::error file=v1.api,line=14,endLine=14,col=12,endColumn=21,title=unknown-backend::there is …`
pub fn github(diagnostics: &[Diagnostic], sources: &Sources) -> String {
    diagnostics.iter().map(|diagnostic| command(diagnostic, sources) + "\n").collect()
}

fn command(diagnostic: &Diagnostic, sources: &Sources) -> String {
    let mut properties = String::new();
    if let Some(source) = sources.get(diagnostic.primary.span.file) {
        let range = range(&source.text, diagnostic.primary.span);
        let (line, column) = place(source, range.start);
        let (end_line, end_column) = place(source, range.end);
        let file = property(&source.label);
        properties = format!(
            "file={file},line={line},endLine={end_line},col={column},endColumn={end_column},"
        );
    }
    let severity = severity(diagnostic.severity);
    let code = property(diagnostic.code.name());
    format!("::{severity} {properties}title={code}::{}", data(&message(diagnostic)))
}

/// The message with everything that needs no picture, line by line.
pub(super) fn message(diagnostic: &Diagnostic) -> String {
    let mut message = diagnostic.message.clone();
    let mut add = |lead: &str, text: &str| {
        if !text.is_empty() {
            // Writing to a string cannot fail.
            let _ = write!(message, "\n{lead}{text}");
        }
    };
    add("", &diagnostic.primary.text);
    diagnostic.notes.iter().for_each(|note| add("note: ", note));
    diagnostic.helps.iter().for_each(|help| add("help: ", &shown(help)));
    message
}

/// The text behind `::`, where a line break would end the command.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The value of a property, where a colon or comma would end it too.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::super::tests::unknown_backend;
    use super::*;

    #[test]
    fn a_command_names_place_code_and_ways_out() {
        let (diagnostic, sources) = unknown_backend();
        assert_eq!(
            github(&[diagnostic], &sources),
            "::error file=v1.api,line=2,endLine=2,col=10,endColumn=19,title=unknown-backend::\
             there is no backend called `catalogue`%0Adid you mean `catalog`?\
             %0Anote: backends are declared once%0Ahelp: write `catalog`  [fix]\n"
        );
    }

    #[test]
    fn text_cannot_end_the_command_or_add_a_property() {
        let (mut diagnostic, _) = unknown_backend();
        let mut sources = Sources::new();
        diagnostic.primary.span.file = sources.add("a,line=9:b%.api", "x\n");
        diagnostic.message = "one\n::error::two 100%".into();
        let line = github(&[diagnostic], &sources);
        assert!(line.starts_with("::error file=a%2Cline=9%3Ab%25.api,line="), "{line}");
        assert!(line.contains("::one%0A::error::two 100%25%0A"), "{line}");
        assert_eq!(line.lines().count(), 1);
    }
}
