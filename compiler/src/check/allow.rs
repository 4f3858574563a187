//! `// allow CODE: reason` above or behind a line: the warning there is wanted.

use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity};
use crate::source::Sources;
use crate::suggest;
use gatewright_grammar::tree::{Comment, File};
use gatewright_grammar::{Span, line_column};

struct Allow<'f> {
    comment: &'f Comment,
    /// What stands behind `allow`.
    name: &'f str,
    has_reason: bool,
    /// The line it is about.
    line: usize,
}

/// Takes back the warnings that a comment allows, and reports comments that allow nothing.
pub(crate) fn apply(files: &[File], sources: &Sources, diagnostics: &mut Diagnostics) {
    let mut unused = Vec::new();
    for (file, (_, source)) in files.iter().zip(sources.iter()) {
        for allow in file.comments.iter().filter_map(|comment| read(comment, &source.text)) {
            let Some(code) = Code::named(allow.name).filter(|_| allow.has_reason) else {
                unused.push(allows_nothing(&allow));
                continue;
            };
            let here = |span: Span| {
                span.file == allow.comment.span.file
                    && line_column(&source.text, span.start as usize).0 == allow.line
            };
            let matches = |one: &Diagnostic| {
                one.code == code && one.severity == Severity::Warning && here(one.primary.span)
            };
            // What an error hides may be a warning again once it is mended.
            if !diagnostics.take(matches) && !diagnostics.has_errors() {
                unused.push(finding(&allow));
            }
        }
    }
    unused.into_iter().for_each(|one| diagnostics.push(one));
}

/// `// allow CODE: reason`. Other comments may begin with this word, too.
fn read<'f>(comment: &'f Comment, text: &str) -> Option<Allow<'f>> {
    let rest = comment.text.trim_start_matches('/').trim_start().strip_prefix("allow ")?;
    let (name, reason) = rest.split_once(':').unwrap_or((rest, ""));
    let (name, has_reason) = (name.trim(), !reason.trim().is_empty());
    let known = Code::named(name).is_some();
    if name.contains(char::is_whitespace) || (!known && !has_reason) {
        return None;
    }
    let (line, _) = line_column(text, comment.span.start as usize);
    let line = if comment.own_line { next_line(text, line) } else { line };
    Some(Allow { comment, name, has_reason, line })
}

/// The first line behind `line` that holds more than a comment.
fn next_line(text: &str, line: usize) -> usize {
    let rest = text.lines().enumerate().skip(line);
    let code = |line: &&str| !line.trim().is_empty() && !line.trim_start().starts_with("//");
    rest.map(|(at, line)| (at + 1, line))
        .find(|(_, line)| code(line))
        .map_or(line + 1, |(at, _)| at)
}

/// A comment without a reason, or with a name that nothing has.
fn allows_nothing(allow: &Allow<'_>) -> Diagnostic {
    let (span, name) = (allow.comment.span, allow.name);
    if Code::named(name).is_some() {
        return Diagnostic::new(Code::UnusedAllow, span, "an allowed warning needs a reason")
            .label("nothing is allowed without one")
            .help(format!("write `// allow {name}: why it is wanted`"));
    }
    let message = format!("there is no finding called `{name}`");
    let diagnostic = Diagnostic::new(Code::UnusedAllow, span, message);
    match suggest::closest(name, Code::ALL.iter().map(|code| code.name())) {
        Some(other) => {
            let comment = allow.comment.text.replacen(name, other, 1);
            diagnostic.label(format!("did you mean `{other}`?")).fix(
                format!("write `{other}`"),
                span,
                comment,
            )
        }
        None => diagnostic.label("not a code").help("`gatewright explain` lists all codes"),
    }
}

fn finding(allow: &Allow<'_>) -> Diagnostic {
    let line = if allow.comment.own_line { "the next line" } else { "this line" };
    let span = allow.comment.span;
    Diagnostic::new(Code::UnusedAllow, span, "this allows a warning that does not occur")
        .label(format!("nothing to allow on {line}"))
        .note("errors cannot be allowed")
        .help("delete the comment")
}

#[cfg(test)]
mod tests {
    use crate::testing::messages;

    fn with(before: &str, behind: &str) -> Vec<String> {
        messages(&format!(
            "version 1 {{\nGET /x -> 204 {{\npublic\n{before}\nquery a?: int {behind}\nquery b?: int\n}}\n}}"
        ))
    }

    #[test]
    fn a_comment_allows_a_warning_on_its_line_or_the_next() {
        let left = ["unused-parameter: `b` is never used"];
        assert_eq!(with("// allow unused-parameter: it is kept for old callers", ""), left);
        assert_eq!(with("", "// allow unused-parameter: it is kept for old callers"), left);
        assert_eq!(with("// allow unused-parameter: old callers\n// Another comment.\n", ""), left);
    }

    #[test]
    fn it_needs_a_reason_and_a_name() {
        assert_eq!(with("// allow unused-parameter", "").len(), 3);
        assert_eq!(with("// allow unused-paramter: old callers", "").len(), 3);
        assert_eq!(
            with("// allow me to explain", "").len(),
            2,
            "other comments say what they like"
        );
    }
}
