//! What is counted beside requests and calls: values that an `else` replaced, what is deprecated and
//! who still sends it, and where in bodies and results something is wrong.

use gatewright_runtime::testing::{Backend, Gateway, Running, get, send};

use crate::ask::JSON;
use crate::contracts::counted::CONTRACT;
use crate::metrics::wait;

/// The SHA-256 of `staff-key-1`, `staff-key-2` and `web-key`; nobody declares the consumer `alice`.
const KEYS: &str = "\
    alice:29c5964b10164845ab1f9ce6c75bd3c0d19515b125bce6f0fa183593414c77a2,\
    mobile:f5599b26b0912943806f920e2f2f6700c90e683a6cc654f087d17551b7b52ae2,\
    web:fe372517ad18bd4ef08c931b6f58a73a1e10ad754cc729a8ccd705be55c47fbd";

const ORDER: &str = "/v1/orders/7";
const STATUS: [(&str, &str); 3] =
    [("method", "GET"), ("endpoint", "/v0/status/{id}"), ("version", "0")];
const READ: [(&str, &str); 3] =
    [("method", "GET"), ("endpoint", "/v1/orders/{id}"), ("version", "1")];
const WRITE: [(&str, &str); 3] = [("method", "POST"), ("endpoint", "/v1/orders"), ("version", "1")];

fn gateway(orders: &Backend) -> Running {
    Gateway::start(&CONTRACT, &[("ORDERS_URL", &orders.url()), ("PARTNER_KEYS", KEYS)])
}

fn uses<'a>(
    [one, two, three]: [(&'a str, &'a str); 3],
    part: &'a str,
    consumer: &'a str,
) -> [(&'a str, &'a str); 5] {
    [one, two, three, ("part", part), ("consumer", consumer)]
}

#[test]
fn values_that_an_else_replaces_are_counted_by_field() {
    let orders = Backend::start().answer(
        "GET",
        ORDER.trim_start_matches("/v1"),
        200,
        r#"{"status":"lost","lines":[{"state":"x","size":1},{"state":"PAID","size":2},
            {"size":3,"state":"y"}],"by_day":{"mon":"z","tue":"open"}}"#,
    );
    let gateway = gateway(&orders);
    let answer = get(gateway.address(), ORDER);
    assert_eq!(
        answer.text(),
        concat!(
            r#"{"status":"unknown","lines":[{"state":"unknown","size":1},"#,
            r#"{"state":"PAID","size":2},{"state":"unknown","size":3}],"#,
            r#""by_day":{"mon":"unknown","tue":"open"}}"#,
        )
    );
    let of = |field| [("backend", "orders"), ("operation", "GET /orders/{id}"), ("field", field)];
    let metrics = wait(&gateway, "gatewright_replaced_values_total", &of("state"), 2.0);
    for field in ["status", "by_day"] {
        let found = metrics.value("gatewright_replaced_values_total", &of(field));
        assert_eq!(found, Some(1.0), "{field}");
    }
    assert_eq!(metrics.series("gatewright_replaced_values_total"), 3);
}

#[test]
fn results_that_are_refused_are_counted_by_field() {
    for (result, field) in [
        (r#"{"status":7,"lines":[],"by_day":{}}"#, "status"),
        (r#"{"status":"open","lines":[{"state":"open","size":"1"}],"by_day":{}}"#, "size"),
        (r#"{"status":"open","lines":[{"state":"open","size":1},7],"by_day":{}}"#, "lines"),
        (r#"{"status":"open","lines":[{"state":"open"}],"by_day":{}}"#, "size"),
        (r#"{"status":"open","lines":[]}"#, "by_day"),
        (r#"{"status":"open","lines":[],"by_day":{"mon":{}}}"#, "by_day"),
        ("[]", ""),
    ] {
        let orders = Backend::start().answer("GET", "/orders/7", 200, result);
        let gateway = gateway(&orders);
        assert_eq!(get(gateway.address(), ORDER).status, 502, "{result}");
        let labels = [("backend", "orders"), ("operation", "GET /orders/{id}"), ("field", field)];
        wait(&gateway, "gatewright_invalid_results_total", &labels, 1.0);
    }
}

#[test]
fn a_version_that_goes_is_counted_by_who_asks_for_it_and_after_its_sunset() {
    let gateway = gateway(&Backend::start());
    for key in ["staff-key-1", "staff-key-2", "staff-key-2", "web-key"] {
        let fields = [("X-Api-Key", key)];
        assert_eq!(send(gateway.address(), "GET", "/v0/status/7", &fields, b"").status, 200);
    }
    let metrics = wait(&gateway, "gatewright_sunset_requests_total", &STATUS, 4.0);
    for (consumer, count) in [("mobile", 2.0), ("web", 1.0), ("", 1.0)] {
        let labels = uses(STATUS, "", consumer);
        let found = metrics.value("gatewright_deprecated_uses_total", &labels);
        assert_eq!(found, Some(count), "{consumer}");
    }
    assert_eq!(metrics.value("gatewright_deprecated_requests_total", &STATUS), Some(4.0));
}

#[test]
fn deprecated_parameters_are_counted_where_they_are_sent() {
    let body = r#"{"status":"open","lines":[],"by_day":{}}"#;
    let orders = Backend::start();
    let orders = ["", "?sort=new", "?only=open&only=legacy", "?only=open"]
        .iter()
        .fold(orders, |orders, query| {
            orders.answer("GET", &format!("/orders/7{query}"), 200, body)
        });
    let gateway = gateway(&orders);
    let ask = |query: &str, fields: &[(&str, &str)]| {
        let answer = send(gateway.address(), "GET", &format!("{ORDER}{query}"), fields, b"");
        assert_eq!(answer.status, 200, "{query} {}", answer.text());
    };
    ask("", &[]);
    ask("?sort=new", &[]);
    ask("?only=open,legacy", &[]);
    ask("?only=open", &[("X-Old", "a")]);
    ask("", &[("Cookie", "old=1; new=2")]);
    let metrics =
        wait(&gateway, "gatewright_deprecated_uses_total", &uses(READ, "cookie old", ""), 1.0);
    for part in ["query sort", "Status.legacy", "header X-Old"] {
        let found = metrics.value("gatewright_deprecated_uses_total", &uses(READ, part, ""));
        assert_eq!(found, Some(1.0), "{part}");
    }
    assert_eq!(metrics.series("gatewright_deprecated_uses_total"), 4);
}

fn order(change: (&str, &str)) -> String {
    let order = r#"{"lines":[{"sku":"a","quantity":1,"notes":[{"text":"x"}]}],
        "payment":{"kind":"card","number":"1"},"labels":{"a":{"text":"y"}},"status":"open"}"#;
    assert!(order.contains(change.0), "{}", change.0);
    order.replace(change.0, change.1)
}

#[test]
fn deprecated_fields_values_and_variants_are_counted_by_who_sends_them() {
    let orders = Backend::start().answer("POST", "/orders", 200, "{}");
    let gateway = gateway(&orders);
    let fields = [JSON, ("X-Api-Key", "web-key")];
    for change in [
        ("\"open\"", "\"open\""),
        (r#""text":"x""#, r#""text":"x","colour":"red""#),
        (r#""text":"y""#, r#""colour":"red","text":"y""#),
        (r#"{"kind":"card","number":"1"}"#, r#"{"bank":"b","kind":"cheque"}"#),
        ("\"open\"", "\"legacy\""),
    ] {
        let answer =
            send(gateway.address(), "POST", "/v1/orders", &fields, order(change).as_bytes());
        assert_eq!(answer.status, 204, "{change:?} {}", answer.text());
    }
    let of = |part| uses(WRITE, part, "web");
    let metrics = wait(&gateway, "gatewright_deprecated_uses_total", &of("Status.legacy"), 1.0);
    for (part, count) in [("Note.colour", 2.0), ("Payment.cheque", 1.0)] {
        let found = metrics.value("gatewright_deprecated_uses_total", &of(part));
        assert_eq!(found, Some(count), "{part}");
    }
    assert_eq!(metrics.series("gatewright_deprecated_uses_total"), 3);
}

#[test]
fn what_is_wrong_in_a_body_is_counted_by_its_declared_place() {
    let orders = Backend::start();
    let gateway = gateway(&orders);
    let fields = [JSON, ("X-Api-Key", "web-key")];
    for change in [
        (r#""quantity":1"#, r#""quantity":0"#),
        (r#""sku":"a","#, ""),
        (r#""sku":"a","#, r#""sku":"a","mine":1,"#),
        (r#"{"text":"y"}"#, r#"{"text":7}"#),
        (r#""number":"1""#, r#""number":1"#),
    ] {
        let answer =
            send(gateway.address(), "POST", "/v1/orders", &fields, order(change).as_bytes());
        assert_eq!(answer.status, 400, "{change:?} {}", answer.text());
    }
    send(gateway.address(), "POST", "/v1/orders", &fields, b"nothing");
    let of = |name| {
        let [one, two, three] = WRITE;
        [one, two, three, ("in", "body"), ("name", name)]
    };
    let metrics = wait(&gateway, "gatewright_violations_total", &of(""), 1.0);
    for (name, count) in [
        ("lines[].quantity", 1.0),
        ("lines[].sku", 1.0),
        // A name that a caller made up is no label.
        ("lines[]", 1.0),
        ("labels[].text", 1.0),
        ("payment.number", 1.0),
    ] {
        let found = metrics.value("gatewright_violations_total", &of(name));
        assert_eq!(found, Some(count), "{name}");
    }
    assert_eq!(metrics.series("gatewright_violations_total"), 6);
}
