//! What is wrong with a text, in its author's words.

use pest::error::{Error, InputLocation};

use crate::parse::Rule;
use crate::skim::MAX_DEPTH;
use crate::span::{FileId, Span};

/// The code of everything that has no better one.
const UNEXPECTED: &str = "unexpected-text";

/// A mistake in the text of a contract.
#[derive(Clone, Debug, PartialEq)]
pub struct SyntaxError {
    /// Where it is.
    pub span: Span,
    /// Its name, in kebab case: `unexpected-text`, `expected-response` and so on.
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
    /// Why it is wrong at that place.
    pub label: String,
    /// What to do.
    pub helps: Vec<Help>,
    /// What else to know.
    pub notes: Vec<String>,
}

/// One way out.
#[derive(Clone, Debug, PartialEq)]
pub struct Help {
    /// What to do, in words.
    pub text: String,
    /// The same as an edit: the text that takes the place of the range.
    pub edit: Option<(Span, String)>,
}

impl SyntaxError {
    /// A mistake without advice.
    fn new(
        span: Span,
        code: &'static str,
        message: impl Into<String>,
        label: impl Into<String>,
    ) -> Self {
        let (message, label) = (message.into(), label.into());
        Self { span, code, message, label, helps: Vec::new(), notes: Vec::new() }
    }

    pub(crate) fn help(mut self, text: impl Into<String>) -> Self {
        self.helps.push(Help { text: text.into(), edit: None });
        self
    }

    pub(crate) fn fix(
        mut self,
        text: impl Into<String>,
        span: Span,
        replacement: impl Into<String>,
    ) -> Self {
        self.helps.push(Help { text: text.into(), edit: Some((span, replacement.into())) });
        self
    }

    fn note(mut self, text: impl Into<String>) -> Self {
        self.notes.push(text.into());
        self
    }

    /// Something that may stand once stands twice.
    pub(crate) fn repeated(span: Span, what: &str, of: &str) -> Self {
        let message = format!("{of} has one `{what}`");
        Self::new(span, UNEXPECTED, message, "this is the second one").fix("delete it", span, "")
    }

    pub(crate) fn unknown_escape(span: Span, written: &str) -> Self {
        let message = format!("`{written}` means nothing in a text");
        Self::new(span, UNEXPECTED, message, "a backslash starts an escape")
            .fix(
                format!("write `\\{written}` for the backslash itself"),
                span,
                format!("\\{written}"),
            )
            .help("escapes are `\\\"`, `\\\\`, `\\n`, `\\t`, `\\{`, `\\}` and `\\u{20AC}`")
    }

    pub(crate) fn no_character(span: Span, digits: &str) -> Self {
        let message = format!("`{digits}` is the number of no character");
        Self::new(
            span,
            UNEXPECTED,
            message,
            "expected a Unicode scalar value in hexadecimal, such as `20AC`",
        )
    }

    pub(crate) fn open_hole(span: Span) -> Self {
        Self::new(
            span,
            "unclosed-block",
            "a `{` in a text is never closed",
            "a value starts here, but no `}` follows",
        )
        .fix("write `\\{` for a brace", span, "\\{")
    }

    pub(crate) fn lone_brace(span: Span) -> Self {
        Self::new(span, UNEXPECTED, "a `}` in a text closes nothing", "no `{` stands before it")
            .fix("write `\\}` for a brace", span, "\\}")
    }

    pub(crate) fn too_deep(span: Span) -> Self {
        let message = format!("nested deeper than {MAX_DEPTH} levels");
        Self::new(span, "nested-too-deep", message, "this one is too deep")
            .help("give inner parts a name: `type Name { … }`")
    }

    pub(crate) fn unexpected(
        span: Span,
        message: impl Into<String>,
        label: impl Into<String>,
    ) -> Self {
        Self::new(span, UNEXPECTED, message, label)
    }

    pub(crate) fn misspelled(span: Span, message: String, meant: &str) -> Self {
        Self::new(span, UNEXPECTED, message, format!("did you mean `{meant}`?")).fix(
            format!("write `{meant}`"),
            span,
            meant,
        )
    }

    pub(crate) fn unclosed_block(span: Span) -> Self {
        Self::new(span, "unclosed-block", "a block is never closed", "no `}` belongs to this `{`")
    }

    pub(crate) fn closes_nothing(span: Span) -> Self {
        Self::new(span, UNEXPECTED, "a `}` closes nothing", "every block is closed before this one")
            .fix("delete it", span, "")
    }

    pub(crate) fn unclosed_text(span: Span) -> Self {
        Self::new(
            span,
            "unclosed-text",
            "a text is never closed",
            "no second `\"` follows on this line",
        )
        .help("write `\\n` for a line break inside of a text")
    }

    pub(crate) fn unclosed_pattern(span: Span) -> Self {
        Self::new(
            span,
            "unclosed-text",
            "a pattern is never closed",
            "no second `/` follows on this line",
        )
        .help("write `\\/` for a slash inside of a pattern")
    }

    pub(crate) fn documents_nothing(span: Span) -> Self {
        Self::new(
            span,
            UNEXPECTED,
            "this documentation documents nothing",
            "no declaration or member follows",
        )
        .help("two slashes make it a comment")
    }

    /// A line break at `span` within the parentheses at `range`, which read `joined` on one line.
    pub(crate) fn stray_newline(span: Span, range: Span, joined: String) -> Self {
        let label = "parentheses open and close on one line";
        Self::new(span, "stray-newline", "a line ends inside of parentheses", label).fix(
            format!("write `{joined}`"),
            range,
            joined,
        )
    }

    pub(crate) fn outside_version(span: Span) -> Self {
        let message = "an endpoint belongs to a version";
        Self::new(span, "endpoint-outside-version", message, "this endpoint is in no version")
            .help("move it into `version 1 { … }`")
            .note("health, readiness and metrics need no endpoint: the binary serves them on the operator port")
    }

    /// An endpoint without `->` at `span`. With a fix: the line as it should be, and the edit.
    pub(crate) fn expected_response(span: Span, fix: Option<(String, (Span, String))>) -> Self {
        let message = "an endpoint must say what it answers";
        let label = if fix.is_some() {
            "expected `->` before the response type"
        } else {
            "expected `->` and a response type"
        };
        let error = Self::new(span, "expected-response", message, label);
        let error = match fix {
            Some((line, (span, arrow))) => error.fix(format!("write `{line}`"), span, arrow),
            None => error.help("write `-> 204` if there is nothing to answer"),
        };
        error.note("a request body would go in parentheses before the arrow: `POST /search (Query) -> Hits`")
    }
}

/// The message for what stands in a hole of a template but is no value.
pub(crate) fn in_hole(
    file: FileId,
    start: usize,
    inside: &str,
    error: &Error<Rule>,
) -> SyntaxError {
    let at = match error.location {
        InputLocation::Pos(at) | InputLocation::Span((at, _)) => at,
    };
    let end = start + inside.len().max(at);
    SyntaxError::new(
        Span::new(file, start + at, end),
        UNEXPECTED,
        "this is no value",
        "expected a value such as `item.name`",
    )
}
