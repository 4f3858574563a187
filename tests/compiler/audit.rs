//! What audits of gateways look for, and where this compiler says it.

use gatewright_compiler::diagnostic::{Code, Severity};

/// What becomes of a rule.
enum Answer {
    /// These codes report it.
    Codes(&'static [&'static str]),
    /// The language cannot say it, or a gateway does not do it.
    Never(&'static str),
}

use Answer::{Codes, Never};

/// Each rule: its number, whether it stops a build, what it looks for, and the answer.
const RULES: &[(u8, bool, &str, Answer)] = &[
    (1, true, "two routes match one request", Codes(&["duplicate-route", "ambiguous-routes"])),
    (2, true, "a parameter used and not bound", Codes(&["unknown-name", "unused-parameter"])),
    (
        3,
        true,
        "two sources write one field",
        Codes(&["ambiguous-source", "double-spread", "duplicate-name"]),
    ),
    (4, true, "a field that the earlier result does not have", Codes(&["unknown-result-field"])),
    (
        5,
        true,
        "an optional value where one is required",
        Codes(&["null-in-call", "type-mismatch", "field-not-provided"]),
    ),
    (6, true, "a route without declared access", Codes(&["access-not-declared"])),
    (
        7,
        true,
        "retry of what must not be repeated",
        Never(
            "`retry` holds for safe and idempotent calls, and for those with an idempotency header",
        ),
    ),
    (8, true, "a cache that mixes callers", Codes(&["shared-cache-leak"])),
    (
        9,
        true,
        "a pattern or an expression that cannot be read",
        Codes(&["invalid-pattern", "pattern-too-large", "trivial-pattern", "invalid-value"]),
    ),
    (
        10,
        true,
        "a filter that does not cover partial answers and errors",
        Never("an answer holds what its type declares, however it came about"),
    ),
    (11, true, "an unknown word", Codes(&["unexpected-text"])),
    (12, true, "a host that cannot be called", Codes(&["invalid-address"])),
    (13, true, "a proxy route with more than one call", Codes(&["invalid-pass"])),
    (
        14,
        true,
        "a breaking change without a new version",
        Codes(&["published-shape-changed", "published-promise-weakened"]),
    ),
    (15, true, "a claim that the scheme does not declare", Codes(&["unknown-field"])),
    (
        16,
        true,
        "an endpoint that only shadows",
        Never("a copy goes beside a call that is answered"),
    ),
    (17, false, "calls longer than the endpoint may take", Codes(&["budget-exceeded"])),
    (18, false, "a deadline that is too long", Codes(&["long-timeout", "no-timeout"])),
    (
        19,
        false,
        "all headers or parameters passed on",
        Never("what goes to a backend is named one by one"),
    ),
    (20, false, "a header field of the connection or the gateway", Codes(&["invalid-header"])),
    (
        21,
        false,
        "a limit per address behind a proxy",
        Never("which proxies say true addresses is up to the environment: TRUSTED_PROXIES"),
    ),
    (
        22,
        false,
        "a burst below the rate",
        Never("a burst below the rate spreads calls out, and one of none is refused"),
    ),
    (23, false, "changes at two services without a way back", Codes(&["unsafe-chain"])),
    (
        24,
        false,
        "independent calls one after the other",
        Never("order follows from data: what does not need another call does not wait for it"),
    ),
    (25, false, "an unbounded cache or body", Codes(&["unbounded-input"])),
    (
        26,
        false,
        "cross-origin rules that are too wide",
        Codes(&["invalid-origin", "invalid-clause"]),
    ),
    (27, false, "cleartext beyond the own network", Codes(&["cleartext-address"])),
    (28, false, "a secret in the contract", Codes(&["secret-in-source"])),
    (29, false, "internal addresses or error texts for callers", Codes(&["exposed-text"])),
    (30, false, "a path parameter without a type, sent on", Codes(&["untyped-parameter"])),
    (
        31,
        false,
        "a wide route that hides a declared one",
        Never("the more literal route wins: a parameter or the rest of a path hides nothing"),
    ),
    (
        32,
        false,
        "a declared status that nothing leads to, and the reverse",
        Codes(&["unused-failure", "unused-error", "undeclared-failure"]),
    ),
    (
        33,
        false,
        "deprecated, and no word on when and where to",
        Codes(&["deprecated-without-date"]),
    ),
    (
        34,
        false,
        "a breaker of a call whose service has one",
        Never("a breaker belongs to a backend, and nowhere else"),
    ),
    (
        35,
        false,
        "a declaration that no version uses",
        Codes(&["unused-type", "unused-call", "unused-parameter", "unused-field"]),
    ),
    (
        36,
        false,
        "endpoints for debugging",
        Never("a gateway answers what the contract declares, and nothing else"),
    ),
];

#[test]
fn every_rule_has_an_answer() {
    let numbers: Vec<u8> = RULES.iter().map(|(number, ..)| *number).collect();
    assert_eq!(numbers, (1..=36).collect::<Vec<u8>>());
    for (number, stops, looks_for, answer) in RULES {
        let why = format!("rule {number}, {looks_for}");
        match answer {
            Codes(codes) => {
                let codes: Vec<Code> = codes
                    .iter()
                    .map(|name| Code::named(name).unwrap_or_else(|| panic!("{why}: {name}")))
                    .collect();
                let error = codes.iter().any(|code| code.severity() == Severity::Error);
                assert!(error || !stops, "{why} is an error");
            }
            Never(reason) => assert!(!reason.is_empty(), "{why}"),
        }
    }
}

/// The manual has the same list.
#[test]
fn the_manual_says_what_becomes_of_every_rule() {
    let manual = include_str!("../../compiler/manual/findings.md");
    for (number, _, looks_for, answer) in RULES {
        let answer = match answer {
            Codes(codes) => {
                codes.iter().map(|code| format!("`{code}`")).collect::<Vec<_>>().join(", ")
            }
            Never(reason) => format!("cannot be: {reason}"),
        };
        let row = format!("| {number} | {looks_for} | {answer} |\n");
        assert!(manual.contains(&row), "{row}");
    }
}
