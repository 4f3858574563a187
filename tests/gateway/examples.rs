//! The examples do what their `session.http` says, with mocks for backends.
//!
//! A session is a list of exchanges, each a request and the answer to it. Lines that begin with
//! `# ` are comments.
//!
//! ```text
//! ### What this one shows
//! GET /v1/products/p_1a2b3c4d
//! X-Request-Id: one
//!
//! HTTP 200
//! Deprecation: @1788220800
//!
//! { "id": "p_1a2b3c4d" }
//! ```
//!
//! Header fields may follow both first lines, and a body after an empty line. A body is JSON and is
//! compared by value, whole; without one the answer has none. Other header fields may be there. Where
//! callers show certificates, whoever asks shows the one that `gatewright run --mock` makes.

use gatewright_compiler::analyse;
use gatewright_compiler::contract::cases::Caller;
use gatewright_compiler::diagnostic::render;
use serde_json::Value;

use crate::mocked::{self, Mocked};

/// A request and what is expected of its answer.
struct Exchange<'s> {
    title: &'s str,
    request: Part<'s>,
    answer: Part<'s>,
}

/// One half of an exchange.
struct Part<'s> {
    /// `GET /v1/hello/Ann`, `HTTP 200`
    first: (&'s str, &'s str),
    fields: Vec<(&'s str, &'s str)>,
    body: String,
}

fn exchanges(session: &str) -> Vec<Exchange<'_>> {
    let mut texts = session.split("\n### ");
    let before = texts.next().unwrap_or_default();
    assert!(before.lines().all(|line| line.is_empty() || line.starts_with("# ")), "{before}");
    texts.map(exchange).collect()
}

fn exchange(text: &str) -> Exchange<'_> {
    let mut lines = text.lines().filter(|line| !line.starts_with("# "));
    let title = lines.next().unwrap_or_default();
    let lines: Vec<&str> = lines.collect();
    let middle = lines.iter().position(|line| line.starts_with("HTTP "));
    let (request, answer) = lines.split_at(middle.expect("every exchange has an answer"));
    Exchange { title, request: part(request), answer: part(answer) }
}

fn part<'s>(lines: &[&'s str]) -> Part<'s> {
    let mut lines = lines.iter().skip_while(|line| line.is_empty());
    let first = lines.next().and_then(|line| line.split_once(' ')).expect("two words");
    let head = lines.by_ref().take_while(|line| !line.is_empty());
    let field = |line: &&'s str| line.split_once(": ").expect("a header field");
    let fields = head.map(field).collect();
    let body = lines.copied().collect::<Vec<_>>().join("\n").trim().to_owned();
    Part { first, fields, body }
}

#[track_caller]
fn replay(mocked: &Mocked, who: Option<&Caller>, exchange: &Exchange<'_>) {
    let Exchange { title, request, answer: expected } = exchange;
    let mut fields = request.fields.clone();
    let says = fields.iter().any(|(name, _)| *name == "Content-Type");
    fields.extend((!request.body.is_empty() && !says).then_some(crate::ask::JSON));
    let answer = mocked.ask(request.first, &fields, (request.body.as_bytes(), who));
    assert_eq!(answer.status.to_string(), expected.first.1, "{title}: {}", answer.text());
    for (name, value) in &expected.fields {
        let found = answer.headers(&name.to_ascii_lowercase());
        assert!(found.contains(value), "{title}: {name} is {found:?}");
    }
    let json = |text: &str| match text {
        "" => None,
        text => Some(serde_json::from_str::<Value>(text).expect("JSON")),
    };
    assert_eq!(json(&answer.text()), json(&expected.body), "{title}");
}

#[test]
fn every_example_does_what_its_session_says() {
    for (folder, contract) in mocked::examples() {
        let path = mocked::path(folder).join("session.http");
        let session = std::fs::read_to_string(&path).expect("every example has a session");
        let exchanges = exchanges(&session);
        assert!(!exchanges.is_empty(), "{folder}");
        let mocked = mocked::start((folder, contract));
        let requests = gatewright_compiler::requests(&mocked.checked, &mocked.checked.versions());
        let who = requests.into_iter().find_map(|request| request.caller);
        for exchange in &exchanges {
            replay(&mocked, who.as_ref(), exchange);
        }
    }
}

#[test]
fn every_example_is_checked_without_a_finding() {
    for (folder, _) in mocked::examples() {
        let input = gatewright_build::read(&mocked::path(folder)).expect("the contract is there");
        let findings = analyse(&input.sources).diagnostics;
        let style = render::Style { colour: false, width: 100 };
        let text = render::text(&findings, &input.sources, style);
        assert!(findings.is_empty(), "{folder}: {text}");
    }
}
