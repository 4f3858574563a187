//! Who may call, by keys and by passwords.

use std::time::{Duration, Instant};

use gatewright_runtime::testing::{Answer, Backend, Client, Gateway, Running, send};
use serde_json::json;

use crate::ask::{NOBODY, problem, value};
use crate::contracts::access::CONTRACT;

/// The SHA-256 of `staff-key-1`, `staff-key-2` and `web-key`.
const STAFF_KEYS: &str = "\
    alice:29c5964b10164845ab1f9ce6c75bd3c0d19515b125bce6f0fa183593414c77a2,\
    alice:f5599b26b0912943806f920e2f2f6700c90e683a6cc654f087d17551b7b52ae2,\
    web:fe372517ad18bd4ef08c931b6f58a73a1e10ad754cc729a8ccd705be55c47fbd";

/// The password of `ops` is `open:sesame`.
const OPS_USERS: &str = "ops:pbkdf2-sha256:100000:000102030405060708090a0b0c0d0e0f:3e66796a7789007938c046e7dcc6a5f4fb0b1da6fb3cddf5f4cb797a35a10de0";

/// `ops:open:sesame`
const OPS: &str = "Basic b3BzOm9wZW46c2VzYW1l";

/// What tokens are checked with, which nobody shows here.
const TOKENS: [(&str, &str); 3] = [
    ("JWKS_URL", NOBODY),
    ("JWT_ISSUER", "https://id.example"),
    ("SERVICE_SECRET", "a secret of thirty-two bytes and more"),
];

fn gateway(things: &str) -> Running {
    let env = [
        &[("THINGS_URL", things), ("STAFF_KEYS", STAFF_KEYS), ("OPS_USERS", OPS_USERS)][..],
        &TOKENS,
    ];
    Gateway::start(&CONTRACT, &env.concat())
}

fn ask(gateway: &Running, target: &str, headers: &[(&str, &str)]) -> Answer {
    send(gateway.address(), "GET", target, headers, b"")
}

const KEY: (&str, &str) = ("X-Api-Key", "staff-key-1");

#[test]
fn a_key_says_who_calls() {
    let gateway = gateway(NOBODY);
    assert_eq!(ask(&gateway, "/v1/open", &[]).status, 204);
    for (key, name) in [("staff-key-1", "alice"), ("staff-key-2", "alice"), ("web-key", "web")] {
        let answer = ask(&gateway, "/v1/staff", &[("x-api-key", key)]);
        assert_eq!((answer.status, value(&answer)), (200, json!({"name": name})));
    }
}

#[test]
fn what_is_no_key_is_no_caller() {
    let gateway = gateway(NOBODY);
    let two = [KEY, KEY];
    for headers in [
        &[][..],
        &[("X-Api-Key", "")],
        &[("X-Api-Key", "Staff-key-1")],
        &[("X-Api-Key", "staff-key-1,staff-key-1")],
        &[("X-Api-Key", "staff-key-11")],
        &[("X-Api-Key", "29c5964b10164845ab1f9ce6c75bd3c0d19515b125bce6f0fa183593414c77a2")],
        &[("Authorization", "ApiKey staff-key-1")],
        &[("Authorization", OPS)],
        &two,
    ] {
        let answer = ask(&gateway, "/v1/staff", headers);
        problem(&answer, 401, "gateway:unauthenticated");
        let challenge = "ApiKey realm=\"access\", header=\"x-api-key\"";
        assert_eq!(answer.header("www-authenticate"), Some(challenge), "{headers:?}");
    }
}

#[test]
fn who_is_nobody_is_told_of_the_end_as_well() {
    let gateway = gateway(NOBODY);
    for (headers, status) in [(&[KEY][..], 204), (&[], 401), (&[("X-Api-Key", "none")], 401)] {
        let answer = ask(&gateway, "/v1/leaving", headers);
        assert_eq!(answer.status, status, "{headers:?}");
        assert_eq!(answer.header("deprecation"), Some("@1788220800"), "{headers:?}");
        assert_eq!(answer.header("sunset"), Some("Sun, 01 Mar 2099 00:00:00 GMT"), "{headers:?}");
        let links = answer.headers("link");
        assert!(links.contains(&"<https://things.example/v2>; rel=\"deprecation\""), "{links:?}");
    }
}

#[test]
fn a_password_says_who_calls() {
    let gateway = gateway(NOBODY);
    for word in [OPS, "basic b3BzOm9wZW46c2VzYW1l", "BASIC  b3BzOm9wZW46c2VzYW1l"] {
        let answer = ask(&gateway, "/v1/ops", &[("Authorization", word)]);
        assert_eq!((answer.status, value(&answer)), (200, json!({"name": "ops"})), "{word}");
    }
}

#[test]
fn what_is_no_password_is_no_caller() {
    let gateway = gateway(NOBODY);
    let two = [("Authorization", OPS), ("Authorization", OPS)];
    for headers in [
        &[][..],
        &[("Authorization", "Basic")],
        &[("Authorization", "Basic ")],
        // `ops:open`, `ops:`, `ops`, `nobody:open:sesame`, `:open:sesame`, `OPS:open:sesame`
        &[("Authorization", "Basic b3BzOm9wZW4=")],
        &[("Authorization", "Basic b3BzOg==")],
        &[("Authorization", "Basic b3Bz")],
        &[("Authorization", "Basic bm9ib2R5Om9wZW46c2VzYW1l")],
        &[("Authorization", "Basic Om9wZW46c2VzYW1l")],
        &[("Authorization", "Basic T1BTOm9wZW46c2VzYW1l")],
        &[("Authorization", "Basic !!!!")],
        &[("Authorization", "Bearer b3BzOm9wZW46c2VzYW1l")],
        &[("X-Api-Key", "staff-key-1")],
        &two,
    ] {
        let answer = ask(&gateway, "/v1/ops", headers);
        problem(&answer, 401, "gateway:unauthenticated");
        let challenge = "Basic realm=\"access\", charset=\"UTF-8\"";
        assert_eq!(answer.header("www-authenticate"), Some(challenge), "{headers:?}");
    }
}

/// A hash takes tens of milliseconds, once. What was checked is known from then on, right or wrong.
#[test]
fn a_password_is_hashed_once() {
    let gateway = gateway(NOBODY);
    for word in [OPS, "Basic b3BzOm9wZW4="] {
        let first = Instant::now();
        let status = ask(&gateway, "/v1/ops", &[("Authorization", word)]).status;
        let first = first.elapsed();
        let again = Instant::now();
        for _ in 0..20 {
            assert_eq!(ask(&gateway, "/v1/ops", &[("Authorization", word)]).status, status);
        }
        let each = again.elapsed() / 20;
        assert!(each < first / 2, "{first:?}, then {each:?}");
    }
}

/// Guessing costs the guesser, and nobody else: the core goes on serving while hashes are made.
#[test]
fn guesses_do_not_hold_up_others() {
    let gateway = gateway(NOBODY);
    let address = gateway.address();
    let guess = move |number: u32| {
        let token = format!("Basic {}", ["b3Bz", "Omd1", "ZXNz", &format!("{number:04}")].concat());
        send(address, "GET", "/v1/ops", &[("Authorization", &token)], b"").status
    };
    let guesses: Vec<_> = (0..24).map(|n| std::thread::spawn(move || guess(n))).collect();
    for _ in 0..20 {
        let start = Instant::now();
        assert_eq!(ask(&gateway, "/v1/open", &[]).status, 204);
        assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    }
    for guess in guesses {
        let status = guess.join().expect("a guess ends");
        assert!(matches!(status, 401 | 503), "{status}");
    }
}

#[test]
fn any_of_several_ways_is_enough() {
    let gateway = gateway(NOBODY);
    let either = |headers: &[(&str, &str)]| {
        let answer = ask(&gateway, "/v1/either", headers);
        assert_eq!(answer.status, 200, "{headers:?}: {}", answer.text());
        value(&answer)
    };
    let (alice, ops) =
        (json!({"staff": "alice", "ops": null}), json!({"staff": null, "ops": "ops"}));
    assert_eq!(either(&[KEY]), alice);
    assert_eq!(either(&[("Authorization", OPS)]), ops);
    assert_eq!(either(&[KEY, ("Authorization", OPS)]), alice, "the first in the contract wins");
    assert_eq!(either(&[("X-Api-Key", "wrong"), ("Authorization", OPS)]), ops);
    let answer = ask(&gateway, "/v1/either", &[("Authorization", "Basic b3BzOg==")]);
    problem(&answer, 401, "gateway:unauthenticated");
    let challenges = [
        "ApiKey realm=\"access\", header=\"x-api-key\"",
        "Basic realm=\"access\", charset=\"UTF-8\"",
    ];
    assert_eq!(answer.headers("www-authenticate"), challenges);
}

#[test]
fn who_calls_is_a_value_like_any_other() {
    let things = Backend::start()
        .answer("GET", "/alice/things/a%2Fb", 200, r#"{"id":"a"}"#)
        .answer("POST", "/things", 200, r#"{"name":"a"}"#);
    let gateway = gateway(&things.url());
    assert_eq!(ask(&gateway, "/v1/things/a%2Fb", &[KEY]).status, 200);
    let headers = [KEY, ("Content-Type", "application/x-www-form-urlencoded")];
    let answer = send(gateway.address(), "POST", "/v1/things/new", &headers, b"name=a");
    assert_eq!(answer.status, 200, "{}", answer.text());
    let requests = things.requests();
    let last = requests.last().expect("a request");
    assert_eq!(last.header("x-by"), Some("alice"));
    assert_eq!(last.body, br#"{"name":"a","by":"alice"}"#);
    for request in &requests {
        assert_eq!(request.header("x-api-key"), None, "what callers show stays here");
    }
}

/// A nearer `public` opens what is around it, and nothing else.
#[test]
fn a_block_is_closed_where_nothing_opens_it() {
    let gateway = gateway(NOBODY);
    assert_eq!(ask(&gateway, "/v1/things/all", &[]).status, 204);
    problem(&ask(&gateway, "/v1/things/other", &[]), 401, "gateway:unauthenticated");
    let answer = send(gateway.address(), "HEAD", "/v1/things/other", &[], b"");
    assert_eq!(answer.status, 401, "HEAD is GET");
    let answer = send(gateway.address(), "OPTIONS", "/v1/things/other", &[], b"");
    assert_eq!(answer.status, 204, "methods are no secret");
}

/// Whoever may not call costs nothing: not even a body that is wrong is looked at.
#[test]
fn callers_are_looked_at_before_what_they_send() {
    let gateway = gateway(NOBODY);
    let text = [("Content-Type", "text/plain")];
    let answer = send(gateway.address(), "POST", "/v1/things/new?odd=1", &text, b"nonsense");
    problem(&answer, 401, "gateway:unauthenticated");
    let mut client = Client::connect(gateway.address());
    let head = "POST /v1/things/new HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n";
    client.write(head.as_bytes()).expect("a head is taken");
    let answer = client.answer("POST").expect("an answer before the body");
    assert_eq!(answer.status, 401);
}

/// A request that is passed on says what its caller said, but for what lets the caller in here.
#[test]
fn keys_and_passwords_are_not_passed_on() {
    let things = Backend::start().answer("GET", "/raw/a", 200, "raw");
    let gateway = gateway(&things.url());
    let both = [KEY, ("Authorization", OPS), ("X-Other", "stays")];
    assert_eq!(ask(&gateway, "/v1/raw/a", &both).status, 200);
    assert_eq!(ask(&gateway, "/v1/raw/a", &both[1..]).status, 200);
    assert_eq!(ask(&gateway, "/v1/raw/a", &[("X-Other", "stays")]).status, 401);
    let requests = things.requests();
    assert_eq!(requests.len(), 2);
    for request in requests {
        assert_eq!(request.header("x-other"), Some("stays"));
        assert_eq!(request.header("x-api-key"), None);
        assert_eq!(request.header("authorization"), None);
    }
}

#[test]
fn keys_that_cannot_be_read_are_a_fault_of_the_environment() {
    let refusal = |keys: &str, users: &str| {
        let env =
            [&[("THINGS_URL", NOBODY), ("STAFF_KEYS", keys), ("OPS_USERS", users)][..], &TOKENS];
        Gateway::refusal(&CONTRACT, &env.concat()).expect("a refusal")
    };
    let text = refusal("alice:hunter2", "ops:hunter2");
    assert!(text.contains("has no SHA-256 in entry 1"), "{text}");
    assert!(text.contains("has no hash `pbkdf2-sha256"), "{text}");
    assert!(!text.contains("hunter2"), "a secret is not repeated: {text}");
    let text = refusal("", "");
    assert!(text.contains("missing: STAFF_KEYS"), "{text}");
    assert_eq!(text.matches("STAFF_KEYS").count(), 1, "one fault, one line: {text}");
    let few = OPS_USERS.replace(":100000:", ":1000:");
    assert!(refusal(STAFF_KEYS, &few).contains("fewer than 100000 rounds"));
}
