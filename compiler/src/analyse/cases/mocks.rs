//! Which calls the mocks of a case answer.

use super::{About, Lower};
use crate::analyse::percent_decode;
use crate::contract::cases::{Expected, Mock, MockAnswer, MockAnswerKind, Target};
use crate::contract::types::Types;
use crate::contract::work::{Call, PathPart, QueryPart};
use crate::diagnostic::{Code, Diagnostic};
use crate::suggest;
use gatewright_grammar::tree::{self, CaseBody, Exchange, Ident, ValueKind};

/// Marks where a value goes in a path: it cannot stand in one.
const HOLE: char = '\u{0}';

impl<'a> Lower<'a, '_> {
    /// The mocks of the case; nothing if one of them has a mistake.
    pub(super) fn mocks(&mut self, about: Option<About<'a>>) -> Option<Vec<Mock>> {
        let mut found = Vec::new();
        let mut fine = true;
        for mock in &self.case.mocks {
            let Some(exchange) = &mock.exchange else { continue };
            match self.mock(mock, exchange, about) {
                Some(mock) => found.push(mock),
                None => fine = false,
            }
        }
        fine.then_some(found)
    }

    fn mock(
        &mut self,
        mock: &tree::Mock,
        exchange: &Exchange,
        about: Option<About<'a>>,
    ) -> Option<Mock> {
        let backend = self.backend(&mock.backend)?;
        let target = self.target(&exchange.target)?;
        let version = about.map(|about| (about.at.0, about.version));
        let body = exchange.body.as_ref().map(|body| self.sent(body, about));
        let headers = self.fields(&exchange.headers, version);
        let answers: Vec<_> = exchange.answers.iter().map(|answer| self.answer(answer)).collect();
        let calls = self.calls(mock, exchange, (backend, &target), about)?;
        self.streamed(exchange, &calls, about)?;
        let answers = answers.into_iter().collect::<Option<Vec<_>>>()?;
        if about.is_some() {
            self.keep_declared(&exchange.answers, &answers, (&calls, about))?;
        }
        Some(Mock {
            backend,
            calls,
            method: exchange.method.text.clone(),
            written: exchange.target.text.clone(),
            target,
            body: match body {
                Some(body) => Some(body?),
                None => None,
            },
            headers: headers?,
            answers,
            span: mock.span,
        })
    }

    /// The backend called so, as an index.
    pub(super) fn backend(&mut self, name: &Ident) -> Option<usize> {
        let names = || self.around.backends.iter().map(|backend| backend.name.as_str());
        let found = names().position(|other| other == name.text);
        if found.is_none() {
            let message = format!("there is no backend called `{}`", name.text);
            let diagnostic = Diagnostic::new(Code::UnknownBackend, name.span, message);
            self.diagnostics.push(match suggest::closest(&name.text, names()) {
                Some(other) => diagnostic.meant(name.span, other),
                None => diagnostic.label("not declared"),
            });
        }
        found
    }

    /// A body that the gateway is to send.
    fn sent(&mut self, body: &CaseBody, about: Option<About<'_>>) -> Option<Expected> {
        let version = about.map(|about| (about.at.0, about.version));
        self.expected(body, None, version)
    }

    fn answer(&mut self, answer: &tree::MockAnswer) -> Option<MockAnswer> {
        let kind = match &answer.kind {
            tree::MockAnswerKind::Failure(word) => match word.text.as_str() {
                "timeout" => MockAnswerKind::Timeout,
                "unreachable" => MockAnswerKind::Unreachable,
                _ => MockAnswerKind::Invalid,
            },
            tree::MockAnswerKind::Status(status, body) => {
                let number = status.text.parse::<u16>().unwrap_or(0);
                if !(200..=599).contains(&number) {
                    let message = format!("{} is not a status of an answer", status.text);
                    self.diagnostics.push(
                        Diagnostic::new(Code::InvalidStatus, status.span, message)
                            .label("answers are 200 to 599"),
                    );
                    return None;
                }
                let body = match body {
                    Some(body) => Some(self.payload(body, None, &Types::default())?),
                    None => None,
                };
                MockAnswerKind::Status(number, body)
            }
        };
        let delay = answer.delay.as_ref();
        let delay = delay.and_then(|delay| crate::analyse::variables::millis(&delay.text));
        let headers = self.plain_headers(&answer.headers)?;
        Some(MockAnswer { kind, delay: delay.unwrap_or(0), headers })
    }

    /// What a call for a stream is answered stands in a list, or is a text in its own words.
    fn streamed(
        &mut self,
        exchange: &Exchange,
        calls: &[usize],
        about: Option<About<'_>>,
    ) -> Option<()> {
        let all = about.map(|about| about.endpoint.work.calls.as_slice()).unwrap_or_default();
        let source = calls.iter().find_map(|at| all.get(*at).filter(|call| call.streams));
        let Some(source) = source else { return Some(()) };
        for answer in &exchange.answers {
            let tree::MockAnswerKind::Status(status, Some(body)) = &answer.kind else { continue };
            let CaseBody::Json(value) = body else { continue };
            if matches!(value.kind, ValueKind::Array(_)) || !status.text.starts_with('2') {
                continue;
            }
            self.diagnostics.push(
                Diagnostic::new(
                    Code::ImpossibleCase,
                    value.span,
                    "a stream stands in a case as the list of its items",
                )
                .label("this is no list")
                .see(source.span, "its items are answered")
                .help("write `[{ … }, { … }]`; `[]` is a stream without items"),
            );
            return None;
        }
        Some(())
    }

    /// The calls of the endpoint that can ask what the mock answers.
    fn calls(
        &mut self,
        mock: &tree::Mock,
        exchange: &Exchange,
        (backend, target): (usize, &Target),
        about: Option<About<'_>>,
    ) -> Option<Vec<usize>> {
        let calls = about.map(|about| about.endpoint.work.calls.as_slice()).unwrap_or_default();
        let method = &exchange.method.text;
        let to_path = |call: &&Call| {
            call.backend == backend && call.method == *method && fits_path(call, &target.path)
        };
        let fits = |call: &Call| to_path(&call) && query_fault(call, target).is_none();
        let found: Vec<usize> =
            calls.iter().enumerate().filter(|(_, call)| fits(call)).map(|(at, _)| at).collect();
        if !found.is_empty() {
            return Some(found);
        }
        let span = exchange.method.span.to(exchange.target.span);
        let asked = format!("{method} {}", exchange.target.text);
        let name = &mock.backend.text;
        let Some(about) = about else {
            let message = "a request that nothing answers asks no backend";
            self.diagnostics.push(
                Diagnostic::new(Code::UnknownCall, span, message)
                    .label("this is never asked")
                    .help("take it out, or write a request that an endpoint answers"),
            );
            return None;
        };
        let message = format!("`{}` never asks `{name}` this", about.key());
        let diagnostic = Diagnostic::new(Code::UnknownCall, span, message);
        let to_backend: Vec<&Call> = calls.iter().filter(|call| call.backend == backend).collect();
        self.diagnostics.push(if let Some(call) = calls.iter().find(to_path) {
            let fault = query_fault(call, target).unwrap_or_default();
            diagnostic.label(fault).see(call.span, "this call comes closest")
        } else if let [call] = to_backend.as_slice() {
            diagnostic
                .label(format!("it asks `{}`", call.operation))
                .see(call.span, format!("this is its call of `{name}`"))
        } else if to_backend.is_empty() {
            let diagnostic = diagnostic.label(format!("it has no call of `{name}`"));
            diagnostic.help(format!("take it out, or write `{name} never`"))
        } else {
            let known = || to_backend.iter().map(|call| call.operation.as_str());
            match suggest::closest(&asked, known()) {
                Some(near) => diagnostic.label(format!("did you mean `{near}`?")),
                None => {
                    let known: Vec<String> = known().map(|one| format!("`{one}`")).collect();
                    diagnostic.label(format!("it asks {}", known.join(", ")))
                }
            }
        });
        None
    }
}

/// Whether the path of `call` can be this one.
pub(crate) fn fits_path(call: &Call, path: &[String]) -> bool {
    let (mut text, mut open) = (String::new(), false);
    for part in &call.path {
        match part {
            PathPart::Literal(literal) => text.push_str(literal),
            PathPart::Value(_) => text.push(HOLE),
            PathPart::Rest(_) => open = true,
        }
    }
    let text = text.trim_start_matches('/');
    let segments: Vec<&str> = if text.is_empty() { Vec::new() } else { text.split('/').collect() };
    // `{path*}` is the last segment, and one or more of them.
    let closed = segments.len() - usize::from(open && !segments.is_empty());
    let fitting = if open { path.len() > closed } else { path.len() == closed };
    fitting && segments.iter().take(closed).zip(path).all(|(one, text)| fits(one, text))
}

/// Whether a segment with holes can be this text.
fn fits(segment: &str, text: &str) -> bool {
    let mut pieces = segment.split(HOLE).map(|piece| percent_decode(piece).unwrap_or_default());
    let first = pieces.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first.as_str()) else { return false };
    let pieces: Vec<String> = pieces.collect();
    let Some((last, middle)) = pieces.split_last() else { return rest.is_empty() };
    for piece in middle {
        match rest.find(piece.as_str()) {
            Some(at) => rest = rest.get(at + piece.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    rest.ends_with(last.as_str())
}

/// Why the query can never be that of `call`.
fn query_fault(call: &Call, target: &Target) -> Option<String> {
    let name = |part: &QueryPart| match part {
        QueryPart::Literal(pair) => {
            let name = pair.split_once('=').map_or(pair.as_str(), |(name, _)| name);
            percent_decode(name).unwrap_or_default()
        }
        QueryPart::Value(name, _) | QueryPart::Each(name, _) | QueryPart::Text(name, _) => {
            name.clone()
        }
    };
    let known: Vec<String> = call.query.iter().map(name).collect();
    if let Some((odd, _)) = target.query.iter().find(|(name, _)| !known.contains(name)) {
        return Some(match suggest::closest(odd, known.iter().map(String::as_str)) {
            Some(near) => format!("`{odd}` is not sent; did you mean `{near}`?"),
            None => format!("`{odd}` is not sent"),
        });
    }
    let missing = call.query.iter().find_map(|part| match part {
        QueryPart::Literal(pair) => {
            let (name, value) = match pair.split_once('=') {
                Some((name, value)) => (percent_decode(name)?, Some(percent_decode(value)?)),
                None => (percent_decode(pair)?, None),
            };
            (!target.query.contains(&(name, value))).then_some(pair)
        }
        _ => None,
    });
    missing.map(|pair| format!("`{pair}` is always sent"))
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn a_segment_has_holes_anywhere() {
        assert!(fits("items", "items") && !fits("items", "item"));
        assert!(fits("\0", "p_1") && fits("a-\0.json", "a-1.json") && fits("\0-\0", "1-2"));
        assert!(!fits("a-\0.json", "a-1.xml") && !fits("\0-\0", "12"));
    }
}
