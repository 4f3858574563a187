//! Calls that carry tokens, which an issuer gives out by the rules of RFC 6749.

use std::thread;
use std::time::{Duration, Instant};

use gatewright_runtime::testing::{Answer, Backend, Gateway, Running, get, send};
use serde_json::json;

use crate::ask::{JSON, NOBODY, problem, value};
use crate::contracts::granted::CONTRACT;

/// What an issuer answers.
fn token(name: &str, seconds: u64) -> String {
    json!({"access_token": name, "token_type": "Bearer", "expires_in": seconds}).to_string()
}

fn issuer(answers: &[String]) -> Backend {
    let issuer = Backend::start();
    answers.iter().fold(issuer, |issuer, answer| issuer.answer("POST", "/token", 200, answer))
}

fn orders() -> Backend {
    Backend::start().answer("GET", "/orders/7", 200, r#"{"id":"7"}"#)
}

fn gateway_at(orders: &str, issuer: &str, more: &[(&str, &str)]) -> Running {
    let token = format!("{issuer}/token");
    let given = [
        ("ORDERS_URL", orders),
        ("TOKEN_URL", token.as_str()),
        ("ORDERS_CLIENT", "gate:way"),
        ("ORDERS_SECRET", "pass word/ä"),
    ];
    let env: Vec<_> = more.iter().chain(&given).copied().collect();
    Gateway::start(&CONTRACT, &env)
}

fn gateway(orders: &Backend, issuer: &Backend) -> Running {
    gateway_at(&orders.url(), &issuer.url(), &[])
}

/// The tokens that a backend was shown, in order.
fn shown(orders: &Backend) -> Vec<String> {
    let shown = |one: &gatewright_runtime::testing::Received| {
        one.header("authorization").unwrap_or("none").to_owned()
    };
    orders.requests().iter().map(shown).collect()
}

fn order(gateway: &Running) -> Answer {
    get(gateway.address(), "/v1/orders/7")
}

#[test]
fn a_token_is_asked_for_once_and_carried_by_every_call() {
    let (orders, issuer) = (orders(), issuer(&[token("first", 3600), token("second", 3600)]));
    let gateway = gateway(&orders, &issuer);
    assert!(issuer.requests().is_empty(), "nobody needs one yet");
    for _ in 0..3 {
        assert_eq!(value(&order(&gateway)), json!({"id": "7"}));
    }
    assert_eq!(shown(&orders), ["Bearer first"; 3]);
    let asked = issuer.requests();
    let [asked] = asked.as_slice() else { panic!("{asked:?}") };
    assert_eq!(asked.header("content-type"), Some("application/x-www-form-urlencoded"));
    // RFC 6749 section 2.3.1: `gate%3Away:pass+word%2F%C3%A4`
    let basic = "Basic Z2F0ZSUzQXdheTpwYXNzK3dvcmQlMkYlQzMlQTQ=";
    assert_eq!(asked.header("authorization"), Some(basic));
    assert_eq!(
        String::from_utf8_lossy(&asked.body),
        "grant_type=client_credentials&scope=orders%3Aread+orders%3Awrite&audience=orders"
    );
}

/// However many need one, on however many cores.
#[test]
fn a_stampede_asks_once() {
    let orders = orders();
    let slow = Backend::start();
    let pause = Duration::from_millis(400);
    let slow = slow.slow("POST", "/token", pause, &token("first", 3600));
    let gateway = gateway_at(&orders.url(), &slow.url(), &[("CORES", "4")]);
    let address = gateway.address();
    let asking: Vec<_> =
        (0..40).map(|_| thread::spawn(move || get(address, "/v1/orders/7").status)).collect();
    for one in asking {
        assert_eq!(one.join().expect("an answer"), 200);
    }
    assert_eq!(slow.requests().len(), 1);
    assert_eq!(shown(&orders), vec!["Bearer first"; 40]);
}

/// Nobody waits for it: the old one is good while the new one is on its way.
#[test]
fn a_token_is_asked_for_again_ahead_of_its_end() {
    let (orders, issuer) = (orders(), issuer(&[token("first", 4), token("second", 3600)]));
    let gateway = gateway(&orders, &issuer);
    let start = Instant::now();
    while shown(&orders).last().map(String::as_str) != Some("Bearer second") {
        assert_eq!(order(&gateway).status, 200);
        assert!(start.elapsed() < Duration::from_secs(10), "it is never asked for again");
        thread::sleep(Duration::from_millis(100));
    }
    assert!(start.elapsed() > Duration::from_millis(2500), "not before three quarters of its time");
    assert_eq!(issuer.requests().len(), 2);
}

/// What is refused for its token was not done, so also a `POST` is sent again.
#[test]
fn a_token_that_is_refused_is_replaced_once() {
    let orders = Backend::start()
        .answer("POST", "/orders", 401, "{}")
        .answer("POST", "/orders", 200, r#"{"id":"1"}"#)
        .answer("POST", "/orders", 401, "{}");
    let issuer = issuer(&[token("first", 3600), token("second", 3600)]);
    let gateway = gateway(&orders, &issuer);
    let ask = || send(gateway.address(), "POST", "/v1/orders", &[JSON], br#"{"name":"a"}"#);
    assert_eq!(value(&ask()), json!({"id": "1"}));
    assert_eq!(shown(&orders), ["Bearer first", "Bearer second"]);
    // A backend that refuses every token does not make the gateway ask again and again.
    for _ in 0..3 {
        problem(&ask(), 502, "gateway:backend-failed");
    }
    assert_eq!(shown(&orders).len(), 5);
    assert_eq!(issuer.requests().len(), 2);
}

#[test]
fn without_a_token_nothing_is_sent() {
    for answer in [
        (400, r#"{"error":"invalid_client"}"#),
        (200, "garbage"),
        (200, r#"{"access_token":"a","token_type":"mac"}"#),
        (200, r#"{"access_token":"a b","token_type":"Bearer"}"#),
        (302, ""),
    ] {
        let (orders, start) = (orders(), Instant::now());
        let issuer = Backend::start().answer("POST", "/token", answer.0, answer.1);
        let gateway = gateway(&orders, &issuer);
        problem(&order(&gateway), 503, "gateway:backend-unavailable");
        assert!(orders.requests().is_empty(), "{answer:?}");
        // A call that may fail does.
        assert_eq!(value(&get(gateway.address(), "/v1/calm/7")), json!({"id": "none"}));
        assert_eq!(get(gateway.address(), "/v1/raw/a").status, 503);
        assert!(orders.requests().is_empty());
        let most = 1 + start.elapsed().as_millis() / 500;
        assert!(issuer.requests().len() as u128 <= most, "an issuer is left alone for a while");
    }
}

/// The issuer is to blame, and not the backend: its breaker stays closed, and calls go on as soon as
/// there is a token.
#[test]
fn an_issuer_that_comes_back_is_asked() {
    let (orders, issuer) = (orders(), Backend::start());
    let issuer = issuer.answer("POST", "/token", 503, "").answer("POST", "/token", 503, "");
    let issuer = issuer.answer("POST", "/token", 200, &token("first", 3600));
    let gateway = gateway(&orders, &issuer);
    let start = Instant::now();
    while order(&gateway).status != 200 {
        assert!(start.elapsed() < Duration::from_secs(10), "it is not asked again");
        thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(issuer.requests().len(), 3);
    assert_eq!(shown(&orders), ["Bearer first"]);
}

#[test]
fn nobody_waits_longer_than_a_call_may_take() {
    let orders = orders();
    let silent = Backend::start();
    let silent = silent.slow("POST", "/token", Duration::from_secs(30), &token("first", 60));
    let gateway = gateway_at(&orders.url(), &silent.url(), &[]);
    let start = Instant::now();
    problem(&order(&gateway), 504, "gateway:backend-timeout");
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    assert!(orders.requests().is_empty());
    assert_eq!(silent.requests().len(), 1);
    let gateway = gateway_at(&orders.url(), NOBODY, &[]);
    problem(&order(&gateway), 503, "gateway:backend-unavailable");
}

/// What callers say to the gateway is none of the backend's business.
#[test]
fn a_caller_cannot_put_a_token_of_its_own_in_its_place() {
    let orders = orders().answer("GET", "/raw/a", 200, "raw");
    let issuer = issuer(&[token("first", 3600)]);
    let gateway = gateway(&orders, &issuer);
    let own = [("Authorization", "Bearer stolen")];
    assert_eq!(send(gateway.address(), "GET", "/v1/raw/a", &own, b"").status, 200);
    assert_eq!(send(gateway.address(), "GET", "/v1/orders/7", &own, b"").status, 200);
    assert_eq!(shown(&orders), ["Bearer first"; 2]);
}
