//! Operations that backends declare, and results with a type.

use gatewright_runtime::testing::{Backend, Gateway, Running, get, send};
use serde_json::{Value, json};

use crate::ask::{JSON, NOBODY, fetch, post, problem, value};
use crate::contracts::operations::CONTRACT;

fn gateway(catalog: &Backend, stock: &str) -> Running {
    Gateway::start(&CONTRACT, &[("CATALOG_URL", &catalog.url()), ("STOCK_URL", stock)])
}

/// A whole item, with `changes` on top; null in a change takes the member away.
fn item(changes: Value) -> String {
    let mut item = json!({
        "id": "ab12", "label": "Pot", "price": 9.5, "colours": ["red", "blue", "green"], "kind": "cup",
        "status": "fresh", "maker": { "id": 3, "place": "Ulm" }, "extra": { "a": "x", "all": [1] }, "secret": 1
    });
    for (name, value) in changes.as_object().into_iter().flatten() {
        item[name] = value.clone();
    }
    item.to_string()
}

fn catalog(changes: Value) -> Backend {
    Backend::start().answer("GET", "/items/ab12", 200, &item(changes))
}

fn item_answer(changes: Value) -> gatewright_runtime::testing::Answer {
    let catalog = catalog(changes);
    get(gateway(&catalog, NOBODY).address(), "/v1/items/ab12")
}

#[test]
fn an_operation_is_called_with_the_names_in_scope() {
    let expected = json!({"id": "ab12", "name": "Pot", "price": 9.5, "colours": ["red", "blue"], "kind": "cup"});
    assert_eq!(value(&item_answer(json!({}))), expected);
}

#[test]
fn the_table_of_null_and_absent_holds_for_declared_fields() {
    let mut without = item_answer(json!({"note": null}));
    assert_eq!(value(&without).get("note"), None);
    without = item_answer(json!({"note": "n"}));
    assert_eq!(value(&without)["note"], "n");
    problem(&item_answer(json!({"price": null})), 502, "gateway:backend-failed");
}

#[test]
fn only_what_is_read_is_checked_and_by_both_types() {
    // Nobody reads these here.
    for change in [json!({"status": "new"}), json!({"maker": 7}), json!({"extra": null})] {
        assert_eq!(item_answer(change.clone()).status, 200, "{change}");
    }
    // Declared by the operation.
    for change in [json!({"id": "nope"}), json!({"price": 1.234}), json!({"colours": [1]})] {
        problem(&item_answer(change), 502, "gateway:backend-failed");
    }
    // Promised to the caller.
    problem(&item_answer(json!({"label": "too long"})), 502, "gateway:backend-failed");
    // A value that an enum of the answer does not know is replaced.
    assert_eq!(value(&item_answer(json!({"kind": "fork"})))["kind"], "other");
}

#[test]
fn a_list_that_is_cut_is_not_measured_behind_the_cut() {
    let many: Vec<String> = (0..9).map(|at| at.to_string()).collect();
    assert_eq!(value(&item_answer(json!({"colours": many})))["colours"], json!(["0", "1"]));
}

#[test]
fn an_argument_that_does_not_fit_makes_the_call_invalid_and_is_not_sent() {
    let catalog = catalog(json!({}));
    let gateway = gateway(&catalog, NOBODY);
    assert_eq!(fetch(&gateway, "/v1/loose/ab12"), json!({"label": "Pot"}));
    assert_eq!(fetch(&gateway, "/v1/loose/abc"), json!({"label": "no such code"}));
    assert_eq!(catalog.requests().len(), 1);
}

#[test]
fn a_chain_goes_through_a_field_that_may_be_missing_behind_when() {
    let full = catalog(json!({"note": "n"})).answer(
        "GET",
        "/makers/3",
        200,
        r#"{"id":3,"name":"Ann","site":null,"age":7}"#,
    );
    let expected = json!({"name": "Ann", "place": "Ulm", "note": "n"});
    assert_eq!(fetch(&gateway(&full, NOBODY), "/v1/makers/ab12"), expected);
    let bare = catalog(json!({"maker": null}));
    let expected = json!({"name": "nobody", "place": "nowhere", "note": null});
    assert_eq!(fetch(&gateway(&bare, NOBODY), "/v1/makers/ab12"), expected);
    assert_eq!(bare.requests().len(), 1);
}

#[test]
fn values_of_a_query_are_repeated_or_left_out() {
    let found = r#"{"total":2,"hits":[{"id":"ab12"},{"id":"cd34"}],"next":null,"took":5}"#;
    let catalog = Backend::start()
        .answer("GET", "/search?text=tea&tag=a&tag=b%26c&page=2&kind=any", 200, found)
        .answer("GET", "/search?text=tea&kind=any", 200, found);
    let gateway = gateway(&catalog, NOBODY);
    let expected = json!({"total": 2, "ids": ["ab12", "cd34"], "page": 2});
    assert_eq!(fetch(&gateway, "/v1/search?q=tea&tags=a&tags=b%26c&page=2"), expected);
    assert_eq!(fetch(&gateway, "/v1/search?q=tea")["page"], json!(null));
}

#[test]
fn a_list_of_another_result_is_an_argument() {
    let catalog = catalog(json!({"colours": ["x", "y"]})).answer(
        "GET",
        "/search?text=all&tag=x&tag=y&kind=any",
        200,
        r#"{"total":1,"hits":[]}"#,
    );
    assert_eq!(fetch(&gateway(&catalog, NOBODY), "/v1/all"), json!({"total": 1}));
}

#[test]
fn a_body_is_of_the_declared_type() {
    let catalog =
        Backend::start().answer("PUT", "/items/ab12/label?by=me", 200, r#"{"done":true}"#);
    let gateway = gateway(&catalog, NOBODY);
    let body = br#"{"text":"Pot","shade":"red"}"#;
    let headers = [JSON, ("X-Who", "me")];
    let answer = send(gateway.address(), "PUT", "/v1/labels/ab12", &headers, body);
    assert_eq!((answer.status, value(&answer)), (200, json!({"done": true})));
    assert_eq!(catalog.requests()[0].body, body);
}

#[test]
fn a_body_that_may_not_fit_is_looked_at_before_it_is_sent() {
    let catalog = Backend::start().answer("POST", "/items", 200, &item(json!({})));
    let gateway = gateway(&catalog, NOBODY);
    let answer = post(&gateway, "/v1/items", r#"{"words":"Pot"}"#);
    assert_eq!(answer.status, 201, "{}", answer.text());
    let sent: Value = serde_json::from_slice(&catalog.requests()[0].body).expect("JSON");
    assert_eq!(sent, json!({"label": "Pot", "amount": 1, "tags": ["Pot", "wish"]}));
    let answer = post(&gateway, "/v1/items", r#"{"words":"Pot","count":10}"#);
    problem(&answer, 502, "gateway:backend-failed");
    assert_eq!(catalog.requests().len(), 1);
}

#[test]
fn typed_results_are_spread_side_by_side() {
    let catalog = catalog(json!({}));
    let stock =
        Backend::start().answer("GET", "/levels/ab12", 200, r#"{"available":4,"label":"no"}"#);
    let expected = json!({"id": "ab12", "label": "Pot", "available": 4, "price": 9.5});
    assert_eq!(fetch(&gateway(&catalog, &stock.url()), "/v1/both/ab12"), expected);
}

#[test]
fn of_a_typed_result_goes_on_what_is_declared() {
    let catalog = catalog(json!({"maker": {"id": 3, "place": null, "vat": "x"}}));
    let stock = Backend::start()
        .answer("GET", "/levels/ab12", 500, "{}")
        .answer("POST", "/copies", 200, "{}");
    let gateway = gateway(&catalog, &stock.url());
    assert_eq!(post(&gateway, "/v1/copies/ab12", "").status, 204);
    let requests = stock.requests();
    let sent = requests.iter().find(|one| one.method == "POST").expect("a copy");
    let expected = json!({
        "id": "ab12", "label": "Pot", "price": 9.5, "colours": ["red", "blue", "green"], "kind": "cup",
        "status": "fresh", "maker": {"id": 3, "place": null}, "extra": {"a": "x", "all": [1]},
        "level": null, "hues": ["red"], "by": "us"
    });
    assert_eq!(serde_json::from_slice::<Value>(&sent.body).expect("JSON"), expected);
}

#[test]
fn of_json_whatever_is_read_is_checked() {
    let catalog = catalog(json!({}));
    let expected = json!({"a": "x", "all": [1]});
    assert_eq!(fetch(&gateway(&catalog, NOBODY), "/v1/free/ab12"), expected);
    let other = self::catalog(json!({"extra": {"a": 1, "all": 2}}));
    problem(
        &get(gateway(&other, NOBODY).address(), "/v1/free/ab12"),
        502,
        "gateway:backend-failed",
    );
}

#[test]
fn declared_fields_are_compared_by_their_type() {
    let catalog = catalog(json!({"maker": {"id": 4.0}}));
    let stock =
        Backend::start().answer("GET", "/levels/ab12", 200, r#"{"available":5,"label":"Pot"}"#);
    let expected = json!({"enough": true, "equal": true});
    assert_eq!(fetch(&gateway(&catalog, &stock.url()), "/v1/same/ab12"), expected);
}

#[test]
fn a_rename_changes_the_answer_and_not_the_backend() {
    let catalog = catalog(json!({}));
    let stock = Backend::start().answer("GET", "/levels/ab12", 200, r#"{"place":"left"}"#);
    let gateway = gateway(&catalog, &stock.url());
    let expected = json!({"place": "left", "title": "Pot"});
    assert_eq!(fetch(&gateway, "/v2/levels/ab12"), expected);
    // Text of version 1 goes on meaning the same in version 2.
    assert_eq!(fetch(&gateway, "/v2/items/ab12")["name"], "Pot");
}

/// What a backend that answers every operation is sent in return for a request.
fn sent(method: &str, path: &str, body: &str) -> String {
    let done = r#"{"done":true}"#;
    let catalog = Backend::start()
        .answer("PUT", "/items/ab12/label?by=me", 200, done)
        .answer("POST", "/notes", 200, done)
        .answer("PUT", "/trees", 200, done)
        .answer("POST", "/items", 200, &item(json!({})));
    let gateway = gateway(&catalog, NOBODY);
    let headers = [JSON, ("X-Who", "me")];
    let answer = send(gateway.address(), method, path, &headers, body.as_bytes());
    assert!(answer.status < 300, "{}", answer.text());
    String::from_utf8(catalog.requests()[0].body.clone()).expect("text")
}

#[test]
fn a_rename_changes_what_callers_send_and_not_what_the_backend_is_sent() {
    let label = r#"{"text":"Pot","shade":"red"}"#;
    assert_eq!(sent("PUT", "/v1/labels/ab12", label), label);
    let renamed = r#"{"words":"Pot","shade":"red"}"#;
    assert_eq!(sent("PUT", "/v2/labels/ab12", renamed), label);
    assert_eq!(
        sent("POST", "/v2/notes", r#"{"text":"a b","marks":[1,2]}"#),
        "words=a+b&marks=1&marks=2"
    );
    let tree = r#"{"name":"a","below":[{"name":"b"}]}"#;
    assert_eq!(sent("PUT", "/v2/trees", tree), r#"{"title":"a","below":[{"title":"b"}]}"#);
}

#[test]
fn a_body_written_in_the_names_of_a_later_version_is_sent_in_those_of_the_operation() {
    let expected = r#"{"label":"Pot","amount":2,"tags":[]}"#;
    assert_eq!(sent("POST", "/v2/wishes", r#"{"words":"Pot"}"#), expected);
    let inherited = r#"{"label":"Pot","amount":1,"tags":["Pot","wish"]}"#;
    assert_eq!(sent("POST", "/v2/items", r#"{"words":"Pot"}"#), inherited);
}
