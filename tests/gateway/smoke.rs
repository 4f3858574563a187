//! What `--preflight` asks before a gateway serves: cases marked `smoke`, with real backends.

use std::time::Duration;

use gatewright_runtime::testing::{Backend, preflight};

use crate::ask::NOBODY;
use crate::contracts::smallest;
use crate::contracts::smoke::CONTRACT;

/// The SHA-256 of `staff-key-1`.
const KEYS: &str = "alice:29c5964b10164845ab1f9ce6c75bd3c0d19515b125bce6f0fa183593414c77a2";

fn items() -> Backend {
    // Not what the mocks of the cases answer: live backends know what they know.
    Backend::start().answer("GET", "/items/one", 200, r#"{"name":"Number one"}"#).answer(
        "GET",
        "/items/none",
        404,
        "{}",
    )
}

fn extras() -> Backend {
    Backend::start().answer("GET", "/extras/one", 200, r#"{"text":"live"}"#).answer(
        "GET",
        "/extras/none",
        200,
        r#"{"text":"live"}"#,
    )
}

fn ask(items: &str, extras: &str) -> (String, Vec<&'static str>) {
    preflight(&CONTRACT, &[("ITEMS_URL", items), ("EXTRAS_URL", extras), ("PARTNER_KEYS", KEYS)])
}

/// The lines about cases, without how long they took.
fn cases(text: &str) -> Vec<String> {
    let lines = text.lines().filter(|line| line.starts_with("smoke "));
    lines.map(|line| line.split(" after ").next().unwrap_or_default().to_owned()).collect()
}

#[test]
fn smoke_cases_are_asked_of_live_backends() {
    let (items, extras) = (items(), extras());
    let (text, wrong) = ask(&items.url(), &extras.url());
    assert!(wrong.is_empty(), "{text}");
    assert_eq!(
        cases(&text),
        [
            "smoke \"an item has its extra\"  200",
            "smoke \"an item that is not there is not found\"  404",
            "smoke \"nobody gets nothing\"  401",
            "smoke \"a partner gets what is its own\"  left out: it says who calls, and nobody here can show that",
            "smoke \"another greeting\"  left out: it sets GREETING",
            "smoke cases: 3 hold, 0 fail, 2 left out",
        ]
    );
    assert_eq!(text.lines().filter(|line| line.contains("  reached after ")).count(), 2, "{text}");
    let asked: Vec<String> = items.requests().iter().map(|one| one.target.clone()).collect();
    assert_eq!(asked, ["/items/one", "/items/none"]);
}

#[test]
fn what_backends_cannot_do_is_told_case_by_case() {
    let items = Backend::start().answer("GET", "/items/one", 503, "{}").answer(
        "GET",
        "/items/none",
        200,
        r#"{"name":"There after all"}"#,
    );
    let extras = extras();
    let (text, wrong) = ask(&items.url(), &extras.url());
    assert_eq!(wrong, ["not all smoke cases hold"]);
    let cases = cases(&text);
    let line = |at: usize| cases.get(at).map_or("", String::as_str);
    let first = "FAILS: GET /v1/items/one is answered 502 backend-failed, not 200";
    assert!(line(0).ends_with(first), "{text}");
    let second = "FAILS: GET /v1/items/none is answered 200, not 404";
    assert!(line(1).ends_with(second), "{text}");
    assert_eq!(line(5), "smoke cases: 1 hold, 2 fail, 2 left out");
}

#[test]
fn an_answer_with_a_stand_in_is_not_what_the_case_shows() {
    let items = items();
    let (text, wrong) = ask(&items.url(), NOBODY);
    assert_eq!(wrong, ["not all backends can be reached", "not all smoke cases hold"]);
    let line = "FAILS: GET /v1/items/one is answered with stand-ins for extra";
    assert!(text.contains(line), "{text}");
}

#[test]
fn a_backend_that_says_nothing_holds_nobody_up() {
    let slow = Backend::start().slow("GET", "/greetings/Ann", Duration::from_secs(20), "{}");
    let (text, wrong) = preflight(&smallest::CONTRACT, &[("GREETER_URL", &slow.url())]);
    assert_eq!(wrong, ["not all smoke cases hold"]);
    assert!(text.contains("GET /v1/hello/Ann is answered 504 backend-timeout, not 200"), "{text}");
}
