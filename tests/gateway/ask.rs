//! Asking a gateway, and reading what it answers.

use std::net::{Ipv4Addr, TcpListener};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use gatewright_runtime::codegen::Contract;
use gatewright_runtime::testing::{Answer, Backend, Gateway, Received, Running, get, send};
use serde_json::Value;

/// What a request with a JSON body says about it.
pub(crate) const JSON: (&str, &str) = ("Content-Type", "application/json");

/// An address that refuses: nobody listens on port 1.
pub(crate) const NOBODY: &str = "http://127.0.0.1:1";

/// A port on which nobody listens, for whoever has to know it before, or leaves it for a while and
/// comes back.
///
/// It is below those that the system gives to whoever asks for any, as all other tests do: so nobody
/// gets it in between.
pub(crate) fn unused_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let begin = std::process::id().wrapping_mul(61);
    let numbers = || begin.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)) % 10_000;
    let ports = std::iter::repeat_with(|| u16::try_from(20_000 + numbers()).expect("below 30,000"));
    let mut unused =
        ports.take(1000).filter(|one| TcpListener::bind((Ipv4Addr::LOCALHOST, *one)).is_ok());
    unused.next().expect("not all ports are taken")
}

/// The JSON of an answer.
#[track_caller]
pub(crate) fn value(answer: &Answer) -> Value {
    let parsed = serde_json::from_slice(&answer.body);
    parsed.unwrap_or_else(|error| unreachable!("{error}: {}", answer.text()))
}

/// Asks with GET, and wants 200 with JSON.
#[track_caller]
pub(crate) fn fetch(gateway: &Running, target: &str) -> Value {
    let answer = get(gateway.address(), target);
    assert_eq!(answer.status, 200, "{target}: {}", answer.text());
    assert_eq!(answer.header("content-type"), Some("application/json"), "{target}");
    value(&answer)
}

/// What the only backend of a contract, the one at `STORE_URL`, receives for one GET.
#[track_caller]
pub(crate) fn sent(contract: &'static Contract, target: &str) -> Received {
    let backend = Backend::start();
    let gateway = Gateway::start(contract, &[("STORE_URL", &backend.url())]);
    let answer = get(gateway.address(), target);
    let mut requests = backend.requests();
    assert_eq!(requests.len(), 1, "{target}: {}", answer.text());
    requests.remove(0)
}

/// Sends a JSON body with POST.
#[track_caller]
pub(crate) fn post(gateway: &Running, target: &str, body: &str) -> Answer {
    send(gateway.address(), "POST", target, &[JSON], body.as_bytes())
}

/// Asks with GET, and says how long that took.
#[track_caller]
pub(crate) fn timed(gateway: &Running, target: &str) -> (Answer, Duration) {
    let start = Instant::now();
    let answer = get(gateway.address(), target);
    (answer, start.elapsed())
}

/// Checks what all problems have in common (RFC 9457), and returns the document. `kind` is the
/// `type` without `urn:problem:`.
#[track_caller]
pub(crate) fn problem(answer: &Answer, status: u16, kind: &str) -> Value {
    assert_eq!(answer.status, status, "{}", answer.text());
    assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let document = value(answer);
    assert_eq!(document["type"], format!("urn:problem:{kind}"));
    assert_eq!(document["status"], status);
    assert!(document["title"].as_str().is_some_and(|title| !title.is_empty()));
    let id = answer.header("x-request-id").unwrap_or_default();
    assert_eq!(document["instance"], format!("urn:request:{id}"));
    document
}

/// What a 400 says is wrong: `query q`, `body /lines/0`.
#[track_caller]
pub(crate) fn violations(answer: &Answer) -> Vec<String> {
    let document = problem(answer, 400, "gateway:invalid-request");
    let errors = document["errors"].as_array().cloned().unwrap_or_default();
    let place = |error: &Value| {
        assert!(error["detail"].as_str().is_some_and(|detail| detail.starts_with("expected ")));
        let name = error["name"].as_str().or(error["pointer"].as_str());
        format!("{} {}", error["in"].as_str().unwrap_or_default(), name.unwrap_or_default())
    };
    errors.iter().map(place).collect()
}

/// The names in a header field that is a list, in alphabetical order.
pub(crate) fn names<'a>(answer: &'a Answer, field: &str) -> Vec<&'a str> {
    let mut names: Vec<_> =
        answer.header(field).unwrap_or_default().split(',').map(str::trim).collect();
    names.sort_unstable();
    names
}
