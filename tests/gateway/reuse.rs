//! Declarations that are written once and used in several places.

use gatewright_runtime::testing::{Answer, Backend, Gateway, Running, get};
use serde_json::{Value, json};

use crate::ask::{NOBODY, post, problem, value};
use crate::contracts::reuse::CONTRACT;

fn gateway(store: &str) -> Running {
    Gateway::start(&CONTRACT, &[("STORE_URL", store), ("RATES_URL", NOBODY)])
}

/// What the gateway makes of one result. The backend has a path of the same name.
#[track_caller]
fn of(target: &str, result: &Value) -> Answer {
    let path = target.splitn(3, '/').nth(2).unwrap_or_default();
    let store = Backend::start().answer("GET", &format!("/{path}"), 200, &result.to_string());
    get(gateway(&store.url()).address(), target)
}

#[track_caller]
fn made(target: &str, result: Value) -> Value {
    let answer = of(target, &result);
    assert_eq!(answer.status, 200, "{target} {result}: {}", answer.text());
    value(&answer)
}

#[test]
fn a_generic_type_is_what_its_argument_makes_of_it() {
    let hits = json!({ "items": [{ "id": 1, "title": "a", "price": 3 }], "next": "n" });
    assert_eq!(
        made("/v1/hits", hits),
        json!({ "items": [{ "id": 1, "title": "a" }], "next": "n" })
    );
    assert_eq!(made("/v1/texts", json!({ "items": ["a"] })), json!({ "items": ["a"] }));
    for broken in [json!({ "items": ["a"] }), json!({ "items": [{ "id": 1 }] }), json!({})] {
        problem(&of("/v1/hits", &broken), 502, "gateway:backend-failed");
    }
    problem(&of("/v1/texts", &json!({ "items": [1] })), 502, "gateway:backend-failed");
}

#[test]
fn generic_types_stand_in_each_other() {
    let hit = json!({ "id": 1, "title": "a" });
    let pages = json!({ "items": [{ "items": [hit] }, { "items": [], "next": "n" }] });
    assert_eq!(made("/v1/pages", pages.clone()), pages);
    let found = json!({ "items": [hit], "next": "n", "total": 7 });
    assert_eq!(made("/v1/found", found.clone()), found);
    problem(&of("/v1/found", &json!({ "items": [] })), 502, "gateway:backend-failed");
    let pair = json!({ "left": { "n": 1 }, "right": null });
    assert_eq!(made("/v1/pair", pair.clone()), pair);
    problem(
        &of("/v1/pair", &json!({ "left": null, "right": null })),
        502,
        "gateway:backend-failed",
    );
}

#[test]
fn a_body_of_a_generic_type_is_checked_as_what_it_was_made_into() {
    let gateway = gateway(NOBODY);
    let hit = |id: i64| json!({ "id": id, "title": "t" });
    let answer = post(&gateway, "/v1/pages", &json!({ "items": [hit(1), hit(2)] }).to_string());
    assert_eq!(value(&answer), json!({ "count": { "left": 1, "right": null }, "first": [hit(1)] }));
    let many = json!({ "items": [hit(1), hit(2), hit(3), hit(4)] });
    problem(&post(&gateway, "/v1/pages", &many.to_string()), 400, "gateway:invalid-request");
    let wrong = json!({ "items": [{ "id": "x", "title": "t" }] });
    let answer = post(&gateway, "/v1/pages", &wrong.to_string());
    problem(&answer, 400, "gateway:invalid-request");
    assert_eq!(value(&answer)["errors"][0]["pointer"], "/items/0/id");
}

#[test]
fn a_change_of_a_generic_type_reaches_everything_made_of_it() {
    let result = json!({ "items": [{ "id": 1, "title": "a" }], "next": "n", "more": true });
    assert_eq!(
        made("/v2/hits", result),
        json!({ "entries": [{ "id": 1, "title": "a" }], "more": true })
    );
    let found = json!({ "items": [], "total": 0, "more": false });
    assert_eq!(made("/v2/found", found), json!({ "entries": [], "total": 0, "more": false }));
    problem(&of("/v2/texts", &json!({ "items": [] })), 502, "gateway:backend-failed");
}

#[test]
fn a_change_of_a_record_reaches_those_that_take_its_fields() {
    let order = json!({ "id": 1, "created_at": "2026-01-01T00:00:00Z", "changed_at": "2026-01-02T00:00:00Z" });
    assert_eq!(
        made("/v1/orders/1", order.clone()),
        json!({ "created_at": "2026-01-01T00:00:00Z", "id": 1 })
    );
    assert_eq!(
        made("/v2/orders/1", order),
        json!({ "created_at": "2026-01-01T00:00:00Z", "changed_at": "2026-01-02T00:00:00Z", "id": 1 })
    );
}

#[test]
fn a_policy_holds_where_it_is_used_and_what_is_written_beside_it_wins() {
    let store = Backend::start().answer("GET", "/slow", 200, r#"{"id":1}"#);
    let gateway = gateway(&store.url());
    let body = json!(["x".repeat(2_000)]).to_string();
    let refused = post(&gateway, "/v1/tight/texts", &body);
    problem(&refused, 413, "gateway:body");
    assert_eq!(post(&gateway, "/v1/tight/large", &body).status, 200);
    assert_eq!(post(&gateway, "/v2/tight/texts", &body).status, 200, "an edit is nearer");
    assert_eq!(get(gateway.address(), "/v1/tight/slow").status, 200);
}

#[test]
fn another_directory_brings_types_errors_backends_and_policies() {
    let price =
        json!({ "amount": "5.00", "currency": "EUR", "changed_at": "2026-01-01T00:00:00Z" });
    let price =
        json!({ "amount": 5.25, "currency": price["currency"], "changed_at": price["changed_at"] });
    assert_eq!(made("/v1/price/1", price.clone()), price);
    let store = Backend::start().answer("GET", "/price/1", 402, "{}");
    let refused = get(gateway(&store.url()).address(), "/v1/price/1");
    let document = problem(&refused, 402, "reuse:refused");
    assert_eq!(document["left"]["currency"], "EUR");

    let rates = Backend::start().answer("POST", "/rates", 200, r#"{"value":1.5}"#);
    let gateway = Gateway::start(&CONTRACT, &[("STORE_URL", NOBODY), ("RATES_URL", &rates.url())]);
    let body = json!({ "items": [price] }).to_string();
    assert_eq!(value(&post(&gateway, "/v1/rates", &body)), json!({ "rate": 1.5, "seen": {} }));
    let large = json!({ "items": [], "next": "x".repeat(2_000) }).to_string();
    problem(&post(&gateway, "/v1/rates", &large), 413, "gateway:body");
}

#[test]
fn a_version_edits_what_another_directory_declares() {
    let price = json!({ "amount": 5.25, "currency": "EUR", "by": "me" });
    assert_eq!(
        made("/v2/price/1", price.clone()),
        json!({ "sum": 5.25, "currency": "EUR", "by": "me" })
    );
    assert_eq!(made("/v1/price/1", price), json!({ "amount": 5.25, "currency": "EUR" }));
}

#[test]
fn backends_of_another_directory_that_nobody_calls_want_no_address() {
    let variables: Vec<&str> = CONTRACT.environment.iter().map(|one| one.name).collect();
    assert_eq!(variables, ["STORE_URL", "RATES_URL"]);
}
