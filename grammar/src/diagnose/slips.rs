//! What people bring along from other languages, and how it is written here.

use std::ops::Range;

use super::{Diagnosis, Failure};
use crate::error::SyntaxError;
use crate::lower::Place;
use crate::parse::Rule;

impl Diagnosis<'_> {
    /// The message for a habit of another language at the place where reading stopped.
    pub(super) fn slip(&self, place: Place, body: usize, failure: &Failure) -> Option<SyntaxError> {
        let at = failure.at;
        let found = self.token(at);
        let expects = |rule: Rule| failure.expected.contains(&rule);
        match found {
            "#" => self.comment(at, at + 1),
            "/" if self.rest(at).starts_with("/*") => self.block_comment(at),
            ";" => self.semicolon(at),
            "'" => self.single_quotes(at),
            "=" if self.before(at) == Some(':') => self.walrus(at),
            "=" if expects(Rule::is_a) || expects(Rule::colon) => {
                self.mark(at, "`:` stands between a name and what it is", ":")
            }
            "=" if expects(Rule::k_at) => self.mark(at, "`at` stands before an address", "at"),
            ":" if expects(Rule::enum_value) => {
                self.mark(at, "`=` stands before what a value is in JSON", "=")
            }
            ":" if !expects(Rule::is_a) && !expects(Rule::colon) => self.no_colon(body, at),
            "|" if expects(Rule::enum_value) => {
                self.mark(at, "values are separated by spaces or commas", "")
            }
            "?" if self.declares(place, body) => self.optional(body, at),
            "[" if self.rest(at).starts_with("[]") => self.list(at),
            "->" if expects(Rule::outcome) || expects(Rule::fail) => {
                self.mark(at, "`fail` stands before the error", "fail")
            }
            "$" if expects(Rule::k_env) => self.variable(at, at + 1),
            _ => self.word_slip(place, body, failure),
        }
    }

    /// The same for words and texts.
    fn word_slip(&self, place: Place, body: usize, failure: &Failure) -> Option<SyntaxError> {
        let at = failure.at;
        let found = self.token(at);
        let expects = |rule: Rule| failure.expected.contains(&rule);
        let word = self.word(at);
        match found {
            "otherwise" => self.mark(at, "`else` says what stands in", "else"),
            "default" if expects(Rule::default) => {
                self.mark(at, "`=` stands before a default", "=")
            }
            "http" | "https" if expects(Rule::k_env) => self.unquoted_address(at),
            "OPTIONS" | "CONNECT" | "TRACE" if matches!(place, Place::Version | Place::Under) => {
                Some(self.no_method(at))
            }
            _ if expects(Rule::path) && found.starts_with('"') => self.quoted_path(at),
            _ if expects(Rule::path) && !word.is_empty() => {
                let fixed = format!("/{word}");
                self.replaced(at..at + word.len(), "a path begins with `/`", &fixed)
            }
            _ if expects(Rule::version_label) => self.label(at),
            _ if expects(Rule::v) && word.starts_with(|c: char| c.is_ascii_digit()) => self
                .replaced(
                    at..at + word.len(),
                    "a version is used by its name",
                    &format!("v{word}"),
                ),
            _ if expects(Rule::is_a) && self.declares(place, body) => self.no_mark(at),
            _ if expects(Rule::k_env) && is_variable(word) => self.variable(at, at),
            _ => None,
        }
    }

    fn rest(&self, at: usize) -> &str {
        self.text.get(at..).unwrap_or_default()
    }

    fn before(&self, at: usize) -> Option<char> {
        self.text.get(..at)?.chars().next_back()
    }

    /// The mark at `at` is to be another one, or none.
    fn mark(&self, at: usize, why: &str, meant: &str) -> Option<SyntaxError> {
        self.replaced(at..at + self.token(at).len(), why, meant)
    }

    fn replaced(&self, range: Range<usize>, why: &str, meant: &str) -> Option<SyntaxError> {
        let found = self.text.get(range.clone())?;
        let message = format!("`{found}` does not belong here");
        let help = match meant {
            "" => "delete it".to_owned(),
            meant => format!("write `{meant}`"),
        };
        let span = self.span(range.start, range.end);
        Some(SyntaxError::unexpected(span, message, why).fix(help, span, meant))
    }

    /// `# …`
    fn comment(&self, start: usize, end: usize) -> Option<SyntaxError> {
        self.replaced(start..end, "a comment begins with two slashes", "//")
    }

    /// `/* … */` on one line with nothing behind it.
    fn block_comment(&self, at: usize) -> Option<SyntaxError> {
        let line = self.text.get(at..self.line_end(at))?;
        let message = "`/*` does not belong here";
        let label = "a comment is `//` to the end of its line";
        let span = self.span(at, at + 2);
        let error = SyntaxError::unexpected(span, message, label);
        let Some(inside) = line.strip_prefix("/*").and_then(|line| line.strip_suffix("*/")) else {
            return Some(error);
        };
        let comment = format!("// {}", inside.trim());
        Some(error.fix(format!("write `{comment}`"), self.span(at, at + line.len()), comment))
    }

    /// A `;` at the end of a line or a block is nothing, elsewhere it is a comma.
    fn semicolon(&self, at: usize) -> Option<SyntaxError> {
        let behind = self.rest(at + 1).trim_start_matches([' ', '\t', '\r']);
        let last = behind.is_empty() || behind.starts_with(['\n', '}']) || behind.starts_with("//");
        let why = "a member ends with its line; a comma separates two on one line";
        self.replaced(at..at + 1, why, if last { "" } else { "," })
    }

    /// `'text'`
    fn single_quotes(&self, at: usize) -> Option<SyntaxError> {
        let line = self.text.get(at + 1..self.line_end(at))?;
        let inside = line.get(..line.find('\'')?)?;
        if inside.contains(['"', '\\', '{', '}']) {
            return None;
        }
        let range = at..at + inside.len() + 2;
        self.replaced(range, "a text stands in double quotes", &format!("\"{inside}\""))
    }

    /// `:=`
    fn walrus(&self, at: usize) -> Option<SyntaxError> {
        self.replaced(at - 1..at + 1, "`=` stands before what a name means", "=")
    }

    /// Whether the member at `body` gives something a type.
    fn declares(&self, place: Place, body: usize) -> bool {
        match place {
            Place::Fields | Place::Edits => true,
            Place::Endpoint => ["query", "header", "cookie"].contains(&self.word(body)),
            _ => false,
        }
    }

    /// `name text`
    fn no_mark(&self, at: usize) -> Option<SyntaxError> {
        let found = self.token(at);
        let name = self.text.get(..at)?.trim_end();
        let behind = name.ends_with(|c: char| c.is_alphanumeric() || "_\"?".contains(c));
        let ty = found.starts_with(|c: char| c.is_ascii_alphabetic() || c == '{' || c == '[');
        let message = format!("`{found}` does not belong here");
        let label = "expected `:` and a type";
        let span = self.span(at, at + found.len());
        let end = self.span(name.len(), name.len());
        (behind && ty).then(|| {
            SyntaxError::unexpected(span, message, label).fix("put a `:` before it", end, ":")
        })
    }

    /// `timeout: 300ms`, `on 404: fail X`, `-> 200: X`: nothing stands there.
    fn no_colon(&self, body: usize, at: usize) -> Option<SyntaxError> {
        let before = self.text.get(body..at)?.trim_end();
        let value = self.rest(at + 1).starts_with([' ', '\t']);
        let word = before.rsplit([' ', '\t']).next().unwrap_or(before);
        let fixed = value && !word.is_empty();
        fixed.then(|| self.replaced(at..at + 1, &format!("nothing stands behind `{word}`"), ""))?
    }

    /// `a: text?` and `a: ?text`
    fn optional(&self, body: usize, at: usize) -> Option<SyntaxError> {
        let before = self.text.get(body..at)?;
        let colon = before.find(':')?;
        let name = before.get(..colon)?.trim_end();
        if name.ends_with('?') || before.contains(['(', '{', '[']) {
            return None;
        }
        let ty = before.get(colon + 1..)?.trim();
        let ty = if ty.is_empty() { self.word(at + 1) } else { ty };
        let end = if self.rest(at + 1).starts_with(ty) { at + 1 + ty.len() } else { at + 1 };
        let start = body + name.len();
        let fixed = format!("?: {ty}");
        let span = self.span(at, at + 1);
        Some(
            SyntaxError::unexpected(span, "`?` does not belong here", "it stands behind the name")
                .fix(format!("write `{name}{fixed}`"), self.span(start, end), fixed)
                .help(format!("a value that is there and may be null is `{ty} | null`")),
        )
    }

    /// `text[]`
    fn list(&self, at: usize) -> Option<SyntaxError> {
        let before = self.text.get(..at)?;
        let start = before.rfind(|c: char| !(c.is_alphanumeric() || c == '_')).map_or(0, |at| {
            at + before.get(at..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8)
        });
        let element = self.text.get(start..at).filter(|word| !word.is_empty())?;
        let fixed = format!("[{element}]");
        let span = self.span(at, at + 2);
        let label = "a list is its element in brackets";
        Some(SyntaxError::unexpected(span, "`[]` does not belong here", label).fix(
            format!("write `{fixed}`"),
            self.span(start, at + 2),
            fixed,
        ))
    }

    /// `$CATALOG_URL`, `${CATALOG_URL}`, `CATALOG_URL`
    fn variable(&self, at: usize, name: usize) -> Option<SyntaxError> {
        let braced = self.rest(name).starts_with('{');
        let start = name + usize::from(braced);
        let word = self.word(start);
        let end = start + word.len() + usize::from(braced);
        let whole = !word.is_empty() && (!braced || self.rest(end - 1).starts_with('}'));
        whole.then(|| {
            let why = "`env` stands before a variable of the environment";
            self.replaced(at..end, why, &format!("env {word}"))
        })?
    }

    /// `at http://catalog`
    fn unquoted_address(&self, at: usize) -> Option<SyntaxError> {
        let rest = self.text.get(at..self.line_end(at))?;
        let address = rest.split([' ', '\t', '{', ',']).next()?;
        let why = "an address stands in double quotes";
        address
            .contains("://")
            .then(|| self.replaced(at..at + address.len(), why, &format!("\"{address}\"")))?
    }

    /// `GET "/items"`
    fn quoted_path(&self, at: usize) -> Option<SyntaxError> {
        let quoted = self.token(at);
        let path = quoted.strip_prefix('"')?.strip_suffix('"')?;
        let plain = path.starts_with('/') && !path.contains([' ', '\\']);
        plain.then(|| self.replaced(at..at + quoted.len(), "a path stands without quotes", path))?
    }

    fn no_method(&self, at: usize) -> SyntaxError {
        let word = self.word(at);
        let label = if word == "OPTIONS" {
            "the gateway answers it for every path"
        } else {
            "no gateway answers it"
        };
        let message = format!("`{word}` cannot be declared");
        SyntaxError::unexpected(self.span(at, at + word.len()), message, label)
    }

    /// `version v3`, `version "3"`
    fn label(&self, at: usize) -> Option<SyntaxError> {
        let found = self.token(at);
        let plain = found.trim_matches('"').trim_start_matches(['v', 'V']);
        let number = !plain.is_empty() && plain.chars().all(|c| c.is_ascii_digit());
        let why = "a version is a number or a date";
        number.then(|| self.replaced(at..at + found.len(), why, plain))?
    }
}

/// `CATALOG_URL`
fn is_variable(word: &str) -> bool {
    word.len() > 1
        && word.starts_with(|c: char| c.is_ascii_uppercase())
        && word.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
}
