//! `// allow CODE: reason` above or behind a line: the warning there is wanted.

use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity};
use crate::source::Sources;
use gatewright_grammar::tree::{Comment, File};
use gatewright_grammar::{Span, line_column};

struct Allow<'f> {
    comment: &'f Comment,
    code: Option<Code>,
    /// The line it is about.
    line: usize,
}

/// Takes back the warnings that a comment allows, and reports comments that allow nothing.
pub(crate) fn apply(files: &[File], sources: &Sources, diagnostics: &mut Diagnostics) {
    let mut unused = Vec::new();
    for (file, (_, source)) in files.iter().zip(sources.iter()) {
        for allow in file.comments.iter().filter_map(|comment| read(comment, &source.text)) {
            let here = |span: Span| {
                span.file == allow.comment.span.file
                    && line_column(&source.text, span.start as usize).0 == allow.line
            };
            let matches = |one: &Diagnostic| {
                Some(one.code) == allow.code
                    && one.severity == Severity::Warning
                    && here(one.primary.span)
            };
            if !diagnostics.take(matches) {
                unused.push(finding(&allow));
            }
        }
    }
    unused.into_iter().for_each(|one| diagnostics.push(one));
}

fn read<'f>(comment: &'f Comment, text: &str) -> Option<Allow<'f>> {
    let rest = comment.text.trim_start_matches('/').trim_start().strip_prefix("allow ")?;
    let (name, reason) = rest.split_once(':')?;
    if reason.trim().is_empty() {
        return None;
    }
    let (line, _) = line_column(text, comment.span.start as usize);
    let line = if comment.own_line { next_line(text, line) } else { line };
    Some(Allow { comment, code: Code::named(name.trim()), line })
}

/// The first line behind `line` that holds more than a comment.
fn next_line(text: &str, line: usize) -> usize {
    let rest = text.lines().enumerate().skip(line);
    let code = |line: &&str| !line.trim().is_empty() && !line.trim_start().starts_with("//");
    rest.map(|(at, line)| (at + 1, line))
        .find(|(_, line)| code(line))
        .map_or(line + 1, |(at, _)| at)
}

fn finding(allow: &Allow<'_>) -> Diagnostic {
    let span = allow.comment.span;
    if allow.code.is_none() {
        return Diagnostic::new(Code::UnusedAllow, span, "there is no finding of this name")
            .label("not a code")
            .help("`gatewright explain` lists all codes");
    }
    Diagnostic::new(Code::UnusedAllow, span, "this allows a warning that does not occur")
        .label("nothing to allow on the next line")
        .note("errors cannot be allowed")
        .help("delete the comment")
}
