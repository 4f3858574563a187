//! Why text was skipped: one message per mistake.
//!
//! What the grammar skipped is read again with the rule that was wanted there. The furthest place that this second
//! look reaches is the mistake, what it would have taken there is the advice.

mod look;
mod slips;
mod suggest;
mod words;

use pest::Parser;
use pest::error::{ErrorVariant, InputLocation};

use crate::error::SyntaxError;
use crate::lower::{Place, Skipped};
use crate::parse::{Grammar, Rule};
use crate::skim::{Brace, Skim};
use crate::span::{FileId, Span};
use suggest::closest;
use words::{METHODS, keywords, words};

/// A text with what is known about it.
pub(crate) struct Diagnosis<'t> {
    pub(crate) file: FileId,
    pub(crate) text: &'t str,
    pub(crate) skim: &'t Skim,
    /// Braces without a partner.
    pub(crate) lone: &'t [Brace],
    /// Whether their blocks are blotted out of the text. Else they break what follows them, too.
    pub(crate) mended: bool,
}

/// Where reading stopped, and what would have gone on.
struct Failure {
    at: usize,
    expected: Vec<Rule>,
}

/// Skipped text that is one mistake.
struct Chunk {
    place: Place,
    start: usize,
    end: usize,
    /// Where the member before it starts.
    previous: Option<usize>,
    /// Whether a parenthesis is never closed in it.
    open: bool,
}

impl Diagnosis<'_> {
    /// One message per mistake in `skipped`.
    pub(crate) fn errors(&self, skipped: &[Skipped]) -> Vec<SyntaxError> {
        if !self.lone.is_empty()
            && let Some(deep) = self.skim.deep.first()
        {
            return vec![SyntaxError::too_deep(self.span(deep.start, deep.start + 1))];
        }
        let (mut errors, mut rest) = (Vec::new(), Vec::new());
        for skipped in skipped {
            let within = self.lone.iter().find(|brace| skipped.span.range().contains(&brace.at()));
            match within.or_else(|| self.broken_by(skipped)) {
                Some(&brace) if self.mended || errors.is_empty() => {
                    errors.push(self.lone_brace(brace, skipped));
                }
                Some(_) => {}
                None => rest.push(*skipped),
            }
        }
        errors.extend(self.chunks(&rest).iter().map(|chunk| self.explain(chunk)));
        errors
    }

    /// The lone brace that ended a block too early, if that is why text behind it was skipped.
    fn broken_by(&self, skipped: &Skipped) -> Option<&Brace> {
        let range = skipped.span.range();
        let brace = self.lone.iter().find(|brace| !self.mended && brace.at() < range.start)?;
        let declares = Place::File.keywords().contains(&self.word(self.body(&range)));
        (skipped.place == Place::File && !declares).then_some(brace)
    }

    /// The message for a brace without a partner, or for the brace that is missing at the start of a block.
    fn lone_brace(&self, brace: Brace, skipped: &Skipped) -> SyntaxError {
        let at = brace.at();
        let line = self.text.get(..at).and_then(|before| before.rfind('\n')).unwrap_or_default();
        if let Some(quote) = self.skim.quote_in(&(line..at)) {
            return SyntaxError::unclosed_text(self.span(quote, self.line_end(quote)));
        }
        if let Brace::Open(_) = brace {
            return SyntaxError::unclosed_block(self.span(at, at + 1));
        }
        let chunk = self.chunk(skipped);
        match self.failure(&chunk) {
            Some(failure) if failure.at < at && failure.expected.contains(&Rule::open) => {
                self.explain_failure(chunk.place, chunk.start, &failure)
            }
            _ => SyntaxError::closes_nothing(self.span(at, at + 1)),
        }
    }

    /// Puts skipped text together that is one mistake: the lines of a call, the words of a list.
    fn chunks(&self, skipped: &[Skipped]) -> Vec<Chunk> {
        let mut chunks: Vec<Chunk> = Vec::new();
        let mut before: Option<Span> = None;
        for skipped in skipped {
            let range = skipped.span.range();
            let follows = before.filter(|before| Some(*before) == skipped.previous);
            before = Some(skipped.span);
            if let Some(before) = follows
                && let Some(last) = chunks.last_mut()
            {
                let between = self.text.get(before.range().end..range.start).unwrap_or_default();
                if self.continues(skipped.place, range.start) {
                    last.end = range.end;
                    continue;
                }
                if !between.contains('\n') && self.is_list_word(last, range.start) {
                    continue;
                }
            }
            chunks.push(self.chunk(skipped));
        }
        chunks
    }

    fn chunk(&self, skipped: &Skipped) -> Chunk {
        let range = skipped.span.range();
        let whole = self.text.get(range.clone()).unwrap_or_default();
        let open = whole.matches('(').count() > whole.matches(')').count();
        let previous = skipped.previous.map(|span| span.range().start);
        Chunk { place: skipped.place, start: range.start, end: range.end, previous, open }
    }

    /// Whether the text at `at` goes on with what stands on the line before.
    fn continues(&self, place: Place, at: usize) -> bool {
        let rest = self.text.get(at..).unwrap_or_default();
        if rest.starts_with('{') {
            return true;
        }
        match place {
            Place::Version | Place::Under => rest.starts_with("->") || rest.starts_with('|'),
            Place::Endpoint => keywords(Rule::tail).contains(&self.word(at)),
            _ => false,
        }
    }

    /// Whether the text at `at`, behind a comma, is a further word of a list in the mistake before it.
    fn is_list_word(&self, last: &Chunk, at: usize) -> bool {
        let word = self.word(at);
        last.open
            || word.starts_with(|c: char| c.is_ascii_digit())
            || ["sunset", "use", "see", "unreachable", "invalid"].contains(&word)
    }

    fn explain(&self, chunk: &Chunk) -> SyntaxError {
        let range = chunk.start..chunk.end;
        let body = self.body(&range);
        if body >= chunk.end {
            return SyntaxError::documents_nothing(self.span(chunk.start, chunk.end));
        }
        if let Some(deep) = self.skim.deep_in(&range) {
            return SyntaxError::too_deep(self.span(deep, deep + 1));
        }
        if let Some(quote) = self.skim.quote_in(&range) {
            return SyntaxError::unclosed_text(self.span(quote, self.line_end(quote)));
        }
        if chunk.place == Place::File && METHODS.contains(&self.word(body)) {
            return SyntaxError::outside_version(self.span(body, self.route_end(body)));
        }
        match self.failure(chunk) {
            Some(failure) => self.explain_failure(chunk.place, body, &failure),
            None => self.unplaced(chunk.place, body),
        }
    }

    /// Where reading `chunk` stops. A line that goes on with the member before it is read together with that.
    fn failure(&self, chunk: &Chunk) -> Option<Failure> {
        let rule = only_rule(chunk.place);
        let alone = self.read(rule, chunk.start, chunk.end);
        let previous = chunk.previous.filter(|_| self.continues(chunk.place, chunk.start));
        let together = previous.and_then(|start| self.read(rule, start, chunk.end));
        together.filter(|failure| failure.at > chunk.start).or(alone)
    }

    fn read(&self, rule: Rule, start: usize, end: usize) -> Option<Failure> {
        let error = Grammar::parse(rule, self.text.get(start..end)?).err()?;
        let at = match error.location {
            InputLocation::Pos(at) | InputLocation::Span((at, _)) => at,
        };
        let expected = match error.variant {
            ErrorVariant::ParsingError { positives, .. } => positives,
            ErrorVariant::CustomError { .. } => Vec::new(),
        };
        let space = self.text.get(start + at..)?.len()
            - self.text.get(start + at..)?.trim_start_matches([' ', '\t', '\r']).len();
        Some(Failure { at: start + at + space, expected })
    }

    fn explain_failure(&self, place: Place, body: usize, failure: &Failure) -> SyntaxError {
        let Failure { at, expected } = failure;
        if let Some(error) = self.slip(place, body, failure) {
            return error;
        }
        if matches!(place, Place::Version | Place::Under) && expected.contains(&Rule::arrow) {
            return self.no_response(body, *at);
        }
        let found = self.token(*at);
        let parentheses = self.skim.parentheses_around(*at);
        let unfinished =
            [Rule::paren_end, Rule::lim, Rule::ty].iter().any(|rule| expected.contains(rule));
        if let Some(range) = parentheses.filter(|_| unfinished && found.is_empty()) {
            let end = self.text.get(..*at).unwrap_or_default().trim_end().len();
            return SyntaxError::stray_newline(
                self.span(end, end),
                self.span(range.start, range.end),
                self.joined(range),
            );
        }
        if found == "/" && expected.contains(&Rule::lim) {
            return SyntaxError::unclosed_pattern(self.span(*at, self.line_end(*at)));
        }
        if *at == body {
            return self.unplaced(place, body);
        }
        let word = self.word(body);
        let second =
            self.text.get(body + word.len()..*at).is_some_and(|between| between.trim().is_empty());
        if second
            && !starts(place).contains(&word)
            && let Some(error) = self.misplaced(place, body)
        {
            return error;
        }
        match self.misspelled_at(place, failure) {
            Some((at, meant)) => {
                self.corrected(format!("`{}` does not belong here", self.token(at)), at, meant)
            }
            None => self.unexpected(place, *at, &self.hopes(place, body, failure)),
        }
    }

    /// The keyword that is misspelled where reading stopped, or just before: `fial` may also be a value.
    fn misspelled_at(&self, place: Place, failure: &Failure) -> Option<(usize, &'static str)> {
        let found = self.token(failure.at);
        let behind = self.text.get(failure.at + found.len()..)?.trim_start_matches(['?', ' ']);
        // A name with a mark behind it is the next member: only the separator is missing.
        if !behind.starts_with([':', '=']) {
            let candidates: Vec<&'static str> =
                failure.expected.iter().flat_map(|&rule| keywords(rule)).collect();
            if let Some(meant) = self.meant(found, &candidates) {
                return Some((failure.at, meant));
            }
        }
        let before = self.text.get(..failure.at)?.trim_end();
        let word = before.rsplit(|c: char| !c.is_alphanumeric()).next()?;
        let fail = self.meant(word, &["fail"]).filter(|_| place == Place::Endpoint)?;
        Some((before.len() - word.len(), fail))
    }

    /// What is worth naming among everything that could have gone on.
    fn hopes(&self, place: Place, body: usize, failure: &Failure) -> Vec<Rule> {
        let has = |rule: Rule| failure.expected.contains(&rule);
        let keep = |wanted: &dyn Fn(Rule) -> bool| -> Vec<Rule> {
            failure.expected.iter().copied().filter(|&rule| wanted(rule)).collect()
        };
        let closes = |rule: Rule| {
            matches!(
                rule,
                Rule::paren_end
                    | Rule::bracket_end
                    | Rule::angle_end
                    | Rule::brace_end
                    | Rule::comma
            )
        };
        let closers = keep(&closes);
        if closers.iter().any(|&rule| rule != Rule::comma)
            && (failure.expected.len() > 3 || self.token(failure.at).is_empty())
        {
            return closers;
        }
        let word = self.word(body);
        let second = self
            .text
            .get(body + word.len()..failure.at)
            .is_some_and(|between| between.trim().is_empty());
        // Right behind a keyword, the marks are those of a call that has the keyword's name.
        let behind_keyword = second && starts(place).contains(&word);
        let strong = keep(&|rule| match rule {
            Rule::optional | Rule::star => !has(Rule::is_a),
            Rule::eq | Rule::is_a => !behind_keyword,
            Rule::compare | Rule::k_or | Rule::dot | Rule::index | Rule::object => false,
            _ => true,
        });
        if strong.is_empty() { failure.expected.clone() } else { strong }
    }

    /// What `word` most likely should have been, if it is no keyword itself.
    fn meant<'c>(&self, word: &str, candidates: &[&'c str]) -> Option<&'c str> {
        let is_word = word.len() > 1 && word.starts_with(|c: char| c.is_ascii_alphabetic());
        if !is_word || candidates.contains(&word) { None } else { closest(word, candidates) }
    }

    /// Text whose first word starts nothing in `place`.
    fn unplaced(&self, place: Place, body: usize) -> SyntaxError {
        self.misplaced(place, body).unwrap_or_else(|| {
            let word = self.token(body);
            let message = format!("`{word}` does not belong here");
            let span = self.span(body, body + word.len().max(1));
            SyntaxError::unexpected(span, message, format!("expected {}", place.wants()))
        })
    }

    /// A first word that is misspelled, or a keyword of another place.
    fn misplaced(&self, place: Place, body: usize) -> Option<SyntaxError> {
        let word = self.token(body);
        let span = self.span(body, body + word.len().max(1));
        if place == Place::Endpoint && keywords(Rule::tail).contains(&word) {
            let message = format!("`{word}` belongs to a call");
            return Some(SyntaxError::unexpected(span, message, "no call stands before it"));
        }
        let home =
            Place::ALL.into_iter().find(|other| *other != place && starts(*other).contains(&word));
        if let Some(home) = home.filter(|_| !starts(place).contains(&word)) {
            let message = format!("`{word}` does not belong {}", place.inside());
            return Some(SyntaxError::unexpected(
                span,
                message,
                format!("it belongs {}", home.inside()),
            ));
        }
        let meant = self.meant(word, &starts(place))?;
        Some(self.corrected(format!("`{word}` means nothing {}", place.inside()), body, meant))
    }

    fn corrected(&self, message: String, at: usize, meant: &str) -> SyntaxError {
        let span = self.span(at, at + self.token(at).len());
        SyntaxError::misspelled(span, message, meant)
    }

    fn unexpected(&self, place: Place, at: usize, expected: &[Rule]) -> SyntaxError {
        let label = format!("expected {}", expectation(place, expected));
        let found = self.token(at);
        if !found.is_empty() {
            let message = format!("`{found}` does not belong here");
            return SyntaxError::unexpected(self.span(at, at + found.len()), message, label);
        }
        let end = self.text.get(..at).unwrap_or_default().trim_end().len();
        let rest = self.text.get(at..).unwrap_or_default().trim();
        let what = if rest.is_empty() { "the file" } else { "this line" };
        SyntaxError::unexpected(self.span(end, end), format!("{what} ends too early"), label)
    }

    /// An endpoint without `->`.
    fn no_response(&self, body: usize, at: usize) -> SyntaxError {
        let found = self.token(at);
        if found.is_empty() || found == "{" {
            let end = self.text.get(..at).unwrap_or_default().trim_end().len();
            let span = if found.is_empty() { self.span(end, end) } else { self.span(at, at + 1) };
            return SyntaxError::expected_response(span, None);
        }
        if let Some(error) = self.bare_body(at) {
            return error;
        }
        if let Some(path) = self.text.get(body..at).filter(|text| text.trim_end().ends_with(':')) {
            let colon = body + path.trim_end().len() - 1;
            let line = self.text.get(body..colon).unwrap_or_default();
            let after = self.text.get(colon + 1..self.line_end(at)).unwrap_or_default();
            let edit = (self.span(colon, colon + 1), " ->".to_owned());
            let line = format!("{line} ->{after}");
            return SyntaxError::expected_response(self.span(colon, colon + 1), Some((line, edit)));
        }
        let wrong_arrow = ["=>", "=", ":", "-", "returns", "return"].contains(&found);
        let (cut, arrow) = if wrong_arrow { (at + found.len(), "->") } else { (at, "-> ") };
        let before = self.text.get(body..at).unwrap_or_default();
        let after = self.text.get(cut..self.line_end(at)).unwrap_or_default();
        let line = format!("{before}{arrow}{after}");
        let edit = (self.span(at, cut), arrow.to_owned());
        SyntaxError::expected_response(self.span(at, at + found.len()), Some((line, edit)))
    }

    /// `POST /items NewItem -> 201`: a type before the arrow is a body without its parentheses.
    fn bare_body(&self, at: usize) -> Option<SyntaxError> {
        let line = self.text.get(at..self.line_end(at))?;
        let (before, _) = line.split_once("->")?;
        let ty = before.trim_end();
        let ty = ty.strip_prefix("body ").unwrap_or(ty).trim();
        let is_type = ty.starts_with(|c: char| c.is_ascii_alphabetic())
            && ty.chars().all(|c| c.is_ascii_alphanumeric() || "_.<>[]".contains(c));
        is_type.then(|| {
            let span = self.span(at, at + before.trim_end().len());
            let message = "a request body stands in parentheses";
            let label = "what stands before `->` is what callers send";
            SyntaxError::unexpected(span, message, label).fix(
                format!("write `({ty})`"),
                span,
                format!("({ty})"),
            )
        })
    }

    fn span(&self, start: usize, end: usize) -> Span {
        Span::new(self.file, start, end)
    }
}

/// The rule that reads one member of `place` alone.
fn only_rule(place: Place) -> Rule {
    match place {
        Place::File => Rule::item_only,
        Place::Api => Rule::api_m_only,
        Place::Backend => Rule::backend_m_only,
        Place::Auth => Rule::auth_m_only,
        Place::Policy => Rule::clause_only,
        Place::Fields => Rule::field_only,
        Place::Edits => Rule::edit_only,
        Place::Version => Rule::version_m_only,
        Place::Under => Rule::under_m_only,
        Place::Endpoint => Rule::endpoint_m_only,
        Place::Values => Rule::value_of_enum_only,
        Place::Uses => Rule::use_only,
        Place::Mocks => Rule::mock_only,
        Place::When => Rule::when_only,
        Place::Then => Rule::then_only,
    }
}

/// The words that start something in `place`.
fn starts(place: Place) -> Vec<&'static str> {
    let mut starts = place.keywords();
    if matches!(place, Place::Version | Place::Under) {
        starts.extend(METHODS);
    }
    starts
}

/// What could have gone on, as words in a list.
fn expectation(place: Place, expected: &[Rule]) -> String {
    let ends = expected.contains(&Rule::EOI) || expected.contains(&Rule::close);
    let mut list: Vec<String> = Vec::new();
    for phrase in expected.iter().filter_map(|&rule| words(rule)) {
        if !list.contains(&phrase) {
            list.push(phrase);
        }
    }
    if ends && list.len() > 2 {
        return "`,` or a new line".to_owned();
    }
    if expected.contains(&Rule::EOI) {
        list.push("the end of the line".to_owned());
    }
    match list.split_last() {
        None => place.wants().to_owned(),
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
    }
}
