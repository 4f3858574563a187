//! Pages of other origins: what their browsers are told.

use gatewright_runtime::testing::{Answer, Backend, Gateway, Running, get, send};

use crate::ask::{JSON, names, problem};
use crate::contracts::cors::CONTRACT;

const SHOP: &str = "https://shop.example";

fn gateway(store: &Backend, pages: &str) -> Running {
    Gateway::start(&CONTRACT, &[("STORE_URL", &store.url()), ("PAGES", pages)])
}

fn asked(gateway: &Running, target: &str, origin: &str) -> Answer {
    send(gateway.address(), "GET", target, &[("Origin", origin)], b"")
}

/// What a browser asks before it sends a request.
fn preflight(gateway: &Running, (method, target): (&str, &str), origin: &str) -> Answer {
    let fields = [
        ("Origin", origin),
        ("Access-Control-Request-Method", method),
        ("Access-Control-Request-Headers", "content-type,x-wish"),
    ];
    send(gateway.address(), "OPTIONS", target, &fields, b"")
}

/// The fields of an answer that browsers decide by.
fn granted(answer: &Answer) -> Vec<&str> {
    let mut fields: Vec<&str> = answer.headers.iter().map(|(name, _)| name.as_str()).collect();
    fields.retain(|name| name.starts_with("access-control-"));
    fields.sort_unstable();
    fields
}

#[track_caller]
fn allows(answer: &Answer, origin: Option<&str>) {
    assert_eq!(answer.header("access-control-allow-origin"), origin, "{answer:?}");
    if origin.is_none() {
        assert_eq!(granted(answer), [""; 0]);
    }
}

#[test]
fn pages_that_are_named_may_read_answers() {
    let store = Backend::start().answer("GET", "/items/a", 200, r#"{"id":"a"}"#);
    let gateway = gateway(&store, "http://localhost:3000, https://partner.example");
    for origin in
        [SHOP, "https://a-1.preview.example", "http://localhost:3000", "https://partner.example"]
    {
        let answer = asked(&gateway, "/v1/items/a", origin);
        assert_eq!(answer.status, 200);
        allows(&answer, Some(origin));
        assert_eq!(answer.headers("vary"), ["Origin"]);
        assert_eq!(names(&answer, "access-control-expose-headers"), ["location", "x-request-id"]);
        assert_eq!(answer.header("access-control-allow-credentials"), None);
    }
}

#[test]
fn other_pages_get_an_answer_that_they_may_not_read() {
    let store = Backend::start().answer("GET", "/items/a", 200, r#"{"id":"a"}"#);
    let gateway = gateway(&store, "");
    for origin in [
        "https://evil.example",
        "https://shop.example.evil.example",
        "https://evilshop.example",
        "http://shop.example",
        "https://shop.example:8443",
        "https://SHOP.example",
        "https://shop.example/",
        "https://shop.example, https://evil.example",
        "https://preview.example",
        "https://.preview.example",
        "https://a.b.preview.example",
        "https://evil.example/.preview.example",
        "https://evil.example#.preview.example",
        "null",
        "",
    ] {
        let answer = asked(&gateway, "/v1/items/a", origin);
        assert_eq!((answer.status, answer.text().as_str()), (200, r#"{"id":"a"}"#));
        allows(&answer, None);
        assert_eq!(answer.headers("vary"), ["Origin"], "{origin}");
    }
    let two = [("Origin", SHOP), ("Origin", "https://evil.example")];
    allows(&send(gateway.address(), "GET", "/v1/items/a", &two, b""), None);
    let answer = get(gateway.address(), "/v1/items/a");
    allows(&answer, None);
    assert_eq!(answer.headers("vary"), ["Origin"], "what is kept of it is for no page");
}

#[test]
fn preflights_are_answered_from_the_contract() {
    let store = Backend::start();
    let gateway = gateway(&store, "");
    let answer = preflight(&gateway, ("PUT", "/v1/items/a"), SHOP);
    assert_eq!((answer.status, answer.body.len()), (204, 0));
    allows(&answer, Some(SHOP));
    assert_eq!(answer.header("access-control-allow-methods"), Some("PUT"));
    assert_eq!(
        names(&answer, "access-control-allow-headers"),
        ["content-type", "traceparent", "tracestate", "x-request-id"]
    );
    assert_eq!(answer.header("access-control-max-age"), Some("600"));
    assert_eq!(answer.header("access-control-allow-credentials"), None);
    assert!(names(&answer, "vary").contains(&"Access-Control-Request-Method"), "{answer:?}");
    let read = preflight(&gateway, ("GET", "/v1/items/a"), SHOP);
    assert_eq!(
        names(&read, "access-control-allow-headers"),
        ["traceparent", "tracestate", "x-request-id", "x-wish"]
    );
    allows(&preflight(&gateway, ("HEAD", "/v1/items/a"), SHOP), Some(SHOP));
    assert!(store.requests().is_empty(), "no backend is asked");
}

#[test]
fn preflights_for_what_is_not_granted_are_refused() {
    let store = Backend::start();
    let gateway = gateway(&store, "");
    for (method, target, origin) in [
        ("DELETE", "/v1/items/a", SHOP),
        ("PUT", "/v1/items/a", "https://evil.example"),
        ("PATCH", "/v1/items/a", SHOP),
        ("put", "/v1/items/a", SHOP),
        ("GET", "/v1/me", "https://a.preview.example"),
    ] {
        let answer = preflight(&gateway, (method, target), origin);
        assert_eq!(answer.status, 204, "{method} {target}");
        assert_eq!(answer.header("access-control-allow-methods"), None, "{method} {target}");
        assert_eq!(answer.header("access-control-max-age"), None, "{method} {target}");
    }
    let plain = send(gateway.address(), "OPTIONS", "/v1/items/a", &[], b"");
    assert_eq!((plain.status, names(&plain, "allow").len()), (204, 5));
    let nowhere = preflight(&gateway, ("GET", "/v1/none"), SHOP);
    assert_eq!(nowhere.status, 404);
    assert!(store.requests().is_empty(), "no backend is asked");
}

#[test]
fn cookies_come_along_only_where_the_contract_says_so() {
    let store = Backend::start().answer("GET", "/me?sid=7", 200, r#"{"id":"a"}"#);
    let gateway = gateway(&store, "");
    for origin in [SHOP, "http://localhost:3000"] {
        let fields = [("Origin", origin), ("Cookie", "sid=7")];
        let answer = send(gateway.address(), "GET", "/v1/me", &fields, b"");
        allows(&answer, Some(origin));
        assert_eq!(answer.header("access-control-allow-credentials"), Some("true"));
    }
    let asked = preflight(&gateway, ("GET", "/v1/me"), SHOP);
    assert_eq!(asked.header("access-control-allow-credentials"), Some("true"));
    assert_eq!(asked.header("access-control-max-age"), Some("3600"));
}

#[test]
fn any_page_may_read_what_is_open_and_nothing_depends_on_it() {
    let store = Backend::start().answer("GET", "/open", 200, r#"{"id":"a"}"#);
    let gateway = gateway(&store, "");
    for answer in [asked(&gateway, "/v1/open", "null"), get(gateway.address(), "/v1/open")] {
        allows(&answer, Some("*"));
        assert_eq!(answer.header("access-control-expose-headers"), Some("*"));
        assert_eq!(answer.header("access-control-allow-credentials"), None);
        assert_eq!(answer.header("vary"), None);
    }
    let asked = preflight(&gateway, ("GET", "/v1/open"), "https://any.example");
    allows(&asked, Some("*"));
    assert_eq!(asked.header("access-control-max-age"), Some("0"));
}

#[test]
fn pages_can_read_problems() {
    let store = Backend::start().answer("GET", "/items/a", 404, "{}");
    let gateway = gateway(&store, "");
    let gone = asked(&gateway, "/v1/items/a", SHOP);
    problem(&gone, 410, "pages:gone");
    allows(&gone, Some(SHOP));
    for (target, status, kind) in
        [("/v1/nothing", 404, "no-route"), ("/v1/items/a?x=1", 400, "invalid-request")]
    {
        let answer = asked(&gateway, target, SHOP);
        problem(&answer, status, &format!("gateway:{kind}"));
        allows(&answer, Some(SHOP));
        allows(&asked(&gateway, target, "https://evil.example"), None);
    }
    let fields = [("Origin", SHOP), JSON];
    let refused = send(gateway.address(), "PUT", "/v1/items/a", &fields, b"{");
    problem(&refused, 400, "gateway:invalid-request");
    allows(&refused, Some(SHOP));
    let other = send(gateway.address(), "POST", "/v1/items/a", &fields, b"{}");
    problem(&other, 405, "gateway:method");
    allows(&other, Some(SHOP));
    let deleted = send(gateway.address(), "DELETE", "/v1/items/b", &[("Origin", SHOP)], b"");
    allows(&deleted, None);
}

#[test]
fn what_a_backend_says_about_pages_ends_at_the_gateway() {
    let head = "HTTP/1.1 200 OK\r\nAccess-Control-Allow-Origin: *\r\nVary: Accept\r\n\
                Access-Control-Allow-Credentials: true\r\nAccess-Control-Max-Age: 9\r\n\
                X-Own: 1\r\nSet-Cookie: a=1\r\nContent-Length: 2\r\n\r\nok";
    let store = Backend::start().raw("GET", "/passed/a", head.as_bytes());
    let gateway = gateway(&store, "");
    let answer = asked(&gateway, "/v1/passed/a", SHOP);
    assert_eq!(answer.text(), "ok");
    assert_eq!(answer.headers("access-control-allow-origin"), [SHOP]);
    assert_eq!(granted(&answer), ["access-control-allow-origin", "access-control-expose-headers"]);
    assert_eq!(names(&answer, "access-control-expose-headers"), ["x-own", "x-request-id"]);
    assert_eq!(answer.headers("vary"), ["Accept", "Origin"]);
    allows(&asked(&gateway, "/v1/passed/a", "https://evil.example"), None);
    let asks = preflight(&gateway, ("GET", "/v1/passed/a"), SHOP);
    assert_eq!(names(&asks, "access-control-allow-headers"), ["content-type", "x-wish"]);
}

#[test]
fn a_version_that_a_field_names_is_not_known_before() {
    use crate::contracts::by_header::CONTRACT;
    let store = Backend::start().answer("GET", "/items/7", 200, r#"{"id":7,"title":"Shoes"}"#);
    let gateway = Gateway::start(&CONTRACT, &[("STORE_URL", &store.url())]);
    let asks = preflight(&gateway, ("GET", "/items/7"), SHOP);
    allows(&asks, Some(SHOP));
    assert!(names(&asks, "access-control-allow-headers").contains(&"api-version"));
    let second = [("Origin", SHOP), ("Api-Version", "2")];
    allows(&send(gateway.address(), "GET", "/items/7", &second, b""), Some(SHOP));
    allows(&asked(&gateway, "/items/7", SHOP), None);
}

#[test]
fn origins_of_the_environment_are_looked_at_before_the_gateway_listens() {
    for wrong in ["*", "https://a.example/", "https://*.a.example", "shop.example"] {
        let told = Gateway::refusal(&CONTRACT, &[("STORE_URL", "http://x"), ("PAGES", wrong)]);
        let told = told.expect("it is refused");
        assert!(told.contains("invalid: PAGES") && told.contains("must be origins"), "{told}");
    }
}
