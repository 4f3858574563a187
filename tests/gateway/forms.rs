//! Bodies that are sent as the fields of a form.

use gatewright_runtime::testing::{Answer, Gateway, Running, send};
use serde_json::{Value, json};

use crate::ask::{JSON, problem, value, violations};
use crate::contracts::requests::CONTRACT;

const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");

fn gateway() -> Running {
    Gateway::start(&CONTRACT, &[])
}

fn login(gateway: &Running, form: &str) -> Answer {
    send(gateway.address(), "POST", "/v1/login", &[FORM], form.as_bytes())
}

#[test]
fn fields_of_a_form_are_fields_of_the_body() {
    let gateway = gateway();
    let read = |form: &str| -> Value { value(&login(&gateway, form)) };
    let least = json!({"user": "a", "pass-word": "b", "sort": "NEW", "tags": []});
    assert_eq!(read("user=a&pass-word=b&sort=NEW"), least);
    let all = "sort=price&tags=x&user=J%C3%BCrgen+%26+%3D&tags=y&age=18&price=9.50&remember=true\
               &codes=1&pass%2Dword=%2B%25&codes=2&tags=%2C";
    let answer = login(&gateway, all);
    assert_eq!(value(&answer)["user"], json!("J\u{fc}rgen & ="));
    assert_eq!(value(&answer)["tags"], json!(["x", "y", ","]));
    assert_eq!(value(&answer)["codes"], json!([1, 2]));
    assert_eq!((&value(&answer)["age"], &value(&answer)["remember"]), (&json!(18), &json!(true)));
    assert_eq!(value(&answer)["pass-word"], json!("+%"));
    assert!(answer.text().contains(r#""price":9.50"#), "digits stay as they were sent");
}

#[test]
fn a_form_is_as_strict_as_json() {
    let gateway = gateway();
    let good = "user=a&pass-word=b&sort=NEW";
    for (form, wrong) in [
        (format!("{good}&user=b"), vec!["body /user"]),
        (format!("{good}&age="), vec!["body /age"]),
        (format!("{good}&age=17"), vec!["body /age"]),
        (format!("{good}&age=18&age=18"), vec!["body /age"]),
        (format!("{good}&price=1.234"), vec!["body /price"]),
        (format!("{good}&remember=on"), vec!["body /remember"]),
        (format!("{good}&more=1"), vec!["body /more"]),
        (format!("{good}&tags=1&tags=2&tags=3&tags=4"), vec!["body /tags"]),
        (format!("{good}&tags=&tags=x"), vec!["body /tags/0"]),
        (format!("{good}&codes=1&codes=x"), vec!["body /codes/1"]),
        (format!("{good}&codes[]=1"), vec!["body /codes[]"]),
        (
            "user=&pass-word=b&sort=new&a/b=1".to_owned(),
            vec!["body /user", "body /sort", "body /a~1b"],
        ),
        ("x".to_owned(), vec!["body /user", "body /pass-word", "body /sort", "body /x"]),
        (String::new(), vec!["body /user", "body /pass-word", "body /sort"]),
    ] {
        let mut found = violations(&login(&gateway, &form));
        let mut wrong: Vec<String> = wrong.into_iter().map(String::from).collect();
        found.sort();
        wrong.sort();
        assert_eq!(found, wrong, "{form}");
    }
    let answer = login(&gateway, "user=SECRET&user=SECRET&pass-word=b&sort=NEW");
    assert!(!answer.text().contains("SECRET"));
}

#[test]
fn a_form_that_is_not_encoded_well_is_400() {
    let gateway = gateway();
    for bad in ["user=%", "user=%f", "%zz=1", "user=%ff", "user=\u{e9}%C3"] {
        problem(&login(&gateway, bad), 400, "gateway:invalid-request");
    }
    let answer = send(gateway.address(), "POST", "/v1/login", &[FORM], b"user=\xff");
    problem(&answer, 400, "gateway:invalid-request");
}

#[test]
fn a_form_says_that_it_is_one() {
    let gateway = gateway();
    let form = b"user=a&pass-word=b&sort=NEW";
    let ask = |fields: &[(&str, &str)]| send(gateway.address(), "POST", "/v1/login", fields, form);
    for media in [
        "application/x-www-form-urlencoded; charset=UTF-8",
        "Application/X-WWW-Form-Urlencoded",
        "application/x-www-form-urlencoded;charset=\"utf-8\"",
    ] {
        assert_eq!(ask(&[("Content-Type", media)]).status, 200, "{media}");
    }
    for media in ["application/json", "multipart/form-data; boundary=a", "text/plain", ""] {
        let answer = ask(&[("Content-Type", media)]);
        problem(&answer, 415, "gateway:media");
        assert_eq!(answer.header("accept"), Some(FORM.1), "{media}");
    }
    problem(
        &ask(&[("Content-Type", "application/x-www-form-urlencoded;charset=latin1")]),
        415,
        "gateway:media",
    );
    let answer = ask(&[FORM, ("Content-Encoding", "gzip")]);
    problem(&answer, 415, "gateway:media");
    assert_eq!(answer.header("accept-encoding"), Some("identity"));
    problem(&ask(&[]), 415, "gateway:media");
    let json = send(gateway.address(), "POST", "/v1/tolerant", &[FORM], b"name=a");
    problem(&json, 415, "gateway:media");
    assert_eq!(json.header("accept"), Some("application/json"));
}

#[test]
fn a_form_may_be_absent_and_may_have_more_than_is_read() {
    let gateway = gateway();
    let patch = |fields: &[(&str, &str)], form: &str| {
        send(gateway.address(), "PATCH", "/v1/login", fields, form.as_bytes()).text()
    };
    assert_eq!(patch(&[], ""), r#"{"user":"nobody"}"#);
    assert_eq!(patch(&[FORM], ""), r#"{"user":"nobody"}"#);
    assert_eq!(patch(&[FORM], "x=1&x=2"), r#"{"user":"nobody"}"#);
    assert_eq!(patch(&[FORM], "user=a&y"), r#"{"user":"a"}"#);
    let answer = send(gateway.address(), "POST", "/v1/login", &[], b"");
    assert_eq!(violations(&answer), ["body "]);
    problem(&send(gateway.address(), "PATCH", "/v1/login", &[JSON], b"{}"), 415, "gateway:media");
}

#[test]
fn a_form_that_is_too_large_is_413() {
    let gateway = gateway();
    let large = format!("user=a&pass-word=b&sort=NEW&x={}", "x".repeat(1024));
    problem(&login(&gateway, &large), 413, "gateway:body");
}
