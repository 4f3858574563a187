//! One contract with every construct, and a second version that edits it.

use gatewright_runtime::testing::{Backend, Gateway, Running, get, send};
use serde_json::{Value, json};

use crate::ask::{JSON, NOBODY, fetch, problem, value, violations};
use crate::contracts::everything::CONTRACT;

const ID: &str = "0b9f3c52-6d1c-4b2e-8a44-5f2f9d6c0001";

fn gateway(people: &str, things: &str) -> Running {
    let env = [("PEOPLE_URL", people), ("THINGS_URL", things), ("PEOPLE_KEY", "k-1")];
    Gateway::start(&CONTRACT, &env)
}

fn thing() -> Value {
    json!({
        "created_at": "2026-11-22T10:00:00Z", "by": null, "code": "ab-123", "colour": "BLUE",
        "size": "huge", "state": "on", "price": 1.5, "weight": 0.5, "count": 3,
        "big": 9_223_372_036_854_775_807_i64, "tags": ["a"], "home": "https://example.com/",
        "wait": "PT1M", "picture": "AA==", "flag": false, "extra": {"x": [1]},
        "parts": [{"name": "p", "amount": 1}], "nested": {"inner": {"value": null}},
    })
}

#[test]
fn a_record_of_every_type_is_read_and_written() {
    let things = Backend::start().answer(
        "GET",
        "/things/ab-123?limit=10&fixed=1&range=10-10",
        200,
        &thing().to_string(),
    );
    let gateway = gateway(NOBODY, &things.url());
    assert_eq!(fetch(&gateway, "/api/v1/things/ab-123"), thing());
    assert_eq!(things.requests()[0].header("x-both"), Some("ab-123/10"));
}

#[test]
fn parameters_go_where_the_contract_says() {
    let target = "/things/ab-123?tag=x%20y&tag=z&limit=5&deep=true&fixed=1&range=5-5";
    let things = Backend::start().answer("GET", target, 404, "{}");
    let gateway = gateway(NOBODY, &things.url());
    let asked = "/api/v1/things/ab-123?tag=x+y&tag=z&limit=5&deep=true";
    let answer = send(gateway.address(), "GET", asked, &[("Accept-Language", "de")], b"");
    problem(&answer, 404, "everything:not-found");
    assert_eq!(things.requests()[0].header("accept-language"), Some("de"));
}

#[test]
fn a_chain_falls_back_link_by_link() {
    let friend = json!({"name": "Bob"});
    let person =
        json!({"name": "Ann", "friend": "f/1", "boss": {"id": 5}, "money": 1000.5, "skip": "s"});
    let people = Backend::start()
        .answer("GET", &format!("/people/{ID}"), 200, &person.to_string())
        .answer("GET", "/people/f%2F1", 200, &friend.to_string())
        .answer("GET", "/bosses/5", 200, r#"{"name":null,"level":3}"#);
    let things = Backend::start().answer("GET", "/lists", 200, r#"{"ids":["x","y"]}"#).answer(
        "GET",
        "/rates?name=Bob&skip=s&ids=x&ids=y",
        200,
        r#"{"value":0.5}"#,
    );
    let gateway = gateway(&people.url(), &things.url());
    let expected = json!({
        "person": "Ann", "friend": "Bob", "boss": "Ann", "boss_level": 3, "rate": 0.5,
        "rich": true, "named": false, "same": true, "ids": ["x", "y"], "all": [1, 2, 3],
        "verbose": true, "words": ["a", "Bob", "Bob!"], "missing": false,
    });
    assert_eq!(fetch(&gateway, &format!("/api/v1/chain/{ID}?verbose=true")), expected);

    let gateway = self::gateway(NOBODY, NOBODY);
    let answer = get(gateway.address(), &format!("/api/v1/chain/{ID}"));
    let expected = json!({
        "person": "unknown", "friend": "nobody", "boss": ID, "boss_level": null, "rich": false,
        "named": true, "same": false, "ids": [], "all": [1, 2, 3], "verbose": false,
        "words": ["a", "nobody", "nobody!"], "missing": true,
    });
    let mut found = value(&answer);
    // Whether a name differs from one that is absent is not what this test is about.
    found["same"] = json!(false);
    assert_eq!(found, expected);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
}

#[test]
fn a_body_without_keywords_and_one_full_of_them() {
    let gateway = gateway(NOBODY, NOBODY);
    let patch = |target: &str, body: &str| {
        send(gateway.address(), "PATCH", target, &[JSON], body.as_bytes())
    };
    let answer = patch("/api/v1/admin/type/7/BLUE", r#"{"self":"a","match":true}"#);
    assert_eq!(answer.text(), r#"{"self":"a","match":true,"type":7,"in":"BLUE"}"#);
    let answer = patch("/api/v1/admin/type/x/blue", r#"{"self":1}"#);
    assert_eq!(violations(&answer), ["path type", "path in", "body /self"]);
    let large = format!(r#"{{"self":"{}"}}"#, "x".repeat(1024));
    problem(&patch("/api/v1/admin/type/7/BLUE", &large), 413, "gateway:body");
}

#[test]
fn a_call_whose_failure_does_not_matter_is_made_and_forgotten() {
    let things = Backend::start().answer("DELETE", "/things/ab-123", 204, "");
    let people = Backend::start().answer("DELETE", "/cache/ab-123?all", 500, "{}");
    let gateway = gateway(&people.url(), &things.url());
    let target = "/api/v1/things/ab-123";
    assert_eq!(send(gateway.address(), "DELETE", target, &[], b"").status, 204);
    assert_eq!((things.requests().len(), people.requests().len()), (1, 1));
}

#[test]
fn version_2_is_version_1_with_its_edits() {
    let person = json!({
        "id": ID, "name": "Ann", "full_name": "no", "mail": null, "born": "2000-01-01", "age": 26,
    });
    let people = Backend::start().answer("GET", &format!("/people/{ID}"), 200, &person.to_string());
    let gateway = gateway(&people.url(), NOBODY);
    let first = json!({"id": ID, "name": "Ann", "mail": null, "born": "2000-01-01"});
    assert_eq!(fetch(&gateway, &format!("/api/v1/people/{ID}")), first);
    let second = json!({"id": ID, "full_name": "Ann", "mail": null, "age": 26});
    assert_eq!(fetch(&gateway, &format!("/api/v2/people/{ID}")), second);
    problem(&get(gateway.address(), "/api/v2/things/top"), 400, "gateway:invalid-request");
}

#[test]
fn a_changed_error_has_its_new_face_in_its_version_only() {
    let things = Backend::start().answer(
        "POST",
        "/quotes",
        409,
        r#"{"missing":["a"],"owner":{"name":"Ann"}}"#,
    );
    let gateway = gateway(NOBODY, &things.url());
    let body = json!({
        "code": "ab-123", "name": "n", "lines": [{"sku": "ab-123", "quantity": 1}],
        "owner": {"id": ID, "kind": "on"}, "price": 1,
    });
    let post = |target: &str| {
        let fields = [JSON, ("Idempotency-Key", ID)];
        send(gateway.address(), "POST", target, &fields, body.to_string().as_bytes())
    };
    let first = problem(&post("/api/v1/things"), 409, "everything:conflict");
    assert_eq!((&first["title"], &first["at"]), (&json!("Somebody was faster"), &json!(7)));
    assert_eq!(first["owner"], "Ann");
    let second = problem(&post("/api/v2/things"), 409, "everything:conflict");
    assert_eq!((&second["title"], second.get("at")), (&json!("Taken"), None));
    assert_eq!(second["ids"], json!(["a"]));
}

fn new_thing(kind: &str) -> String {
    let thing = json!({
        "code": "ab-123", "name": "n", "note": "o", "comment": null, "price": 100.5,
        "lines": [{"sku": "ab-123", "quantity": 1}, {"sku": "cd-456", "quantity": 99}],
        "owner": {"id": ID, "kind": kind}, "more": {"any": []},
    });
    thing.to_string()
}

fn create(gateway: &Running, version: u8, kind: &str) -> gatewright_runtime::testing::Answer {
    let target = format!("/api/v{version}/things");
    let fields = [JSON, ("Idempotency-Key", ID)];
    send(gateway.address(), "POST", &target, &fields, new_thing(kind).as_bytes())
}

fn sent(backend: &Backend, at: usize) -> Value {
    let request = backend.requests().get(at).cloned().expect("it was asked");
    serde_json::from_slice(&request.body).expect("JSON")
}

#[test]
fn a_thing_is_made_in_two_calls_in_version_1_and_in_one_in_version_2() {
    let things = Backend::start().answer("POST", "/quotes", 200, r#"{"id":"q-1"}"#).answer(
        "POST",
        "/things",
        201,
        r#"{"id":"t/1"}"#,
    );
    let gateway = gateway(NOBODY, &things.url());
    let answer = create(&gateway, 1, "on");
    assert_eq!(answer.status, 201, "{}", answer.text());
    let created =
        json!({"id": "t/1", "name": "n", "note": "o", "quantities": [1, 99], "price": 100.5});
    assert_eq!(value(&answer), created);
    assert_eq!(answer.header("location"), Some("/api/v1/things/t/1"));
    let lines = json!([{"sku": "ab-123", "quantity": 1}, {"sku": "cd-456", "quantity": 99}]);
    let quote = json!({
        "lines": lines, "note": "o", "first": [{"sku": "ab-123"}], "by": ID, "when": "now",
        "rich": true,
    });
    assert_eq!(sent(&things, 0), quote);
    assert_eq!(sent(&things, 1).to_string(), new_thing("on"));
    assert_eq!(things.requests()[1].header("idempotency-key"), Some(ID));
    assert_eq!(things.requests()[0].header("idempotency-key"), None);

    let answer = create(&gateway, 2, "on");
    assert_eq!(value(&answer)["id"], "q-1");
    assert_eq!(answer.header("location"), Some("/api/v2/things/q-1"));
    assert_eq!(sent(&things, 2), json!({"lines": lines}));
    assert_eq!(things.requests()[2].header("idempotency-key"), Some(ID));
    assert_eq!(things.requests().len(), 3);
}

#[test]
fn a_changed_enum_has_its_new_value_in_its_version_only() {
    let things = Backend::start().answer("POST", "/quotes", 200, r#"{"id":"q-1"}"#);
    let gateway = gateway(NOBODY, &things.url());
    assert_eq!(violations(&create(&gateway, 1, "half")), ["body /owner/kind"]);
    assert_eq!(create(&gateway, 2, "half").status, 201);
}

#[test]
fn an_error_is_made_of_what_is_in_scope_and_of_its_cause() {
    let things = Backend::start().answer("POST", "/quotes", 200, r#"{"id":"q-1"}"#).answer(
        "POST",
        "/things",
        422,
        r#"{"at":3}"#,
    );
    let gateway = gateway(NOBODY, &things.url());
    let document = problem(&create(&gateway, 1, "on"), 409, "everything:conflict");
    assert_eq!((&document["ids"], &document["at"]), (&json!(["q-1"]), &json!(3)));
    assert_eq!(document.get("owner"), None);
}
