//! Issuers that say where their keys are, and lists of tokens that do not count any more.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use gatewright_runtime::codegen as rt;
use gatewright_runtime::testing::{Backend, Gateway, Running, get};
use serde_json::json;

use super::issuer::{OTHER, RSA, claims_with, set};
use super::{ask, endpoint, lets_in, text};

static MEMBER: rt::Scheme = rt::Scheme {
    index: 0,
    name: "member",
    kind: rt::SchemeKind::Tokens(rt::Tokens {
        keys: rt::KeySource::Issuer { refresh: Duration::from_secs(900) },
        issuers: &[rt::Setting::Env("ISSUER")],
        audiences: &[rt::Setting::Fixed("shop")],
        leeway: Duration::from_secs(1),
        subject: true,
        scope_list: false,
        audience_list: false,
        revoked: Some(rt::Revoked { from: "REVOKED", refresh: Duration::from_millis(100) }),
    }),
};

static ME: rt::Endpoint = rt::Endpoint {
    answer: |_, _| Box::pin(async { Ok(rt::Response::empty(204)) }),
    ..endpoint("/v1/me", lets_in(&[&MEMBER], &[], &[]))
};

static CONTRACT: rt::Contract = rt::Contract {
    api: "shop",
    versions: &[rt::Version {
        label: "1",
        digest: "",
        draft: false,
        published: None,
        prefix: &["v1"],
        media_type: "application/json",
        lifecycle: None,
        source: "",
        endpoints: &[&ME],
        route: |segments| match segments {
            ["v1", "me"] => const { &[&ME] },
            _ => &[],
        },
    }],
    compiler: "by hand",
    environment: &[text("ISSUER", rt::VariableKind::Url), text("REVOKED", rt::VariableKind::Text)],
    schemes: &[&MEMBER],
    ..rt::Contract::EMPTY
};

const DOCUMENT: &str = "/tenant/.well-known/openid-configuration";

/// A file that is gone when the test is.
struct List(PathBuf);

impl List {
    fn new(name: &str, text: &str) -> List {
        let file = format!("gatewright-{name}-{}.json", std::process::id());
        let list = List(std::env::temp_dir().join(file));
        list.says(text);
        list
    }

    fn says(&self, text: &str) {
        let aside = self.0.with_extension("new");
        fs::write(&aside, text).expect("it can be written");
        fs::rename(aside, &self.0).expect("it can be renamed");
    }
}

impl Drop for List {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// An issuer whose document names this issuer, with `BASE` for its address, and these keys.
fn issuer(document: &str, keys: &str) -> Backend {
    let issuer = Backend::start();
    let document = document.replace("BASE", &issuer.url());
    issuer.answer("GET", DOCUMENT, 200, &document).answer("GET", "/keys?policy=a", 200, keys)
}

const GOOD: &str = r#"{"issuer":"BASE/tenant","jwks_uri":"BASE/keys?policy=a","x":[{}]}"#;

fn gateway(issuer: &Backend, list: &str) -> Running {
    let issuer = format!("{}/tenant", issuer.url());
    Gateway::start(&CONTRACT, &[("ISSUER", &issuer), ("REVOKED", list)])
}

fn ready(gateway: &Running) {
    let start = Instant::now();
    while get(gateway.operator(), "/ready").status != 200 {
        assert!(start.elapsed() < Duration::from_secs(10), "it never has what it needs");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// A token of this name, about this subject.
fn token(issuer: &Backend, name: &str, subject: &str) -> String {
    let issuer = format!("{}/tenant", issuer.url());
    RSA.sign(&claims_with(json!({"iss": issuer, "jti": name, "sub": subject})))
}

#[track_caller]
fn becomes(gateway: &Running, token: &str, status: u16) {
    let start = Instant::now();
    while ask(gateway, "/v1/me", token).status != status {
        assert!(start.elapsed() < Duration::from_secs(10), "it never is {status}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn an_issuer_says_where_its_keys_are() {
    let issuer = issuer(GOOD, &set(&[&RSA]));
    let list = List::new("where", r#"{"jti":[]}"#);
    let gateway = gateway(&issuer, list.0.to_str().expect("UTF-8"));
    ready(&gateway);
    assert_eq!(ask(&gateway, "/v1/me", &token(&issuer, "a", "b")).status, 204);
    let asked: Vec<_> = issuer.requests().into_iter().map(|one| one.target).collect();
    assert_eq!(asked, [DOCUMENT, "/keys?policy=a"]);
    let other = claims_with(json!({"iss": format!("{}/tenant", issuer.url())}));
    assert_eq!(ask(&gateway, "/v1/me", &OTHER.sign(&other)).status, 401);
}

/// Whoever gets hold of a document could otherwise have its own keys believed.
#[test]
fn a_document_of_another_issuer_has_no_keys() {
    for document in [
        r#"{"issuer":"BASE","jwks_uri":"BASE/keys?policy=a"}"#,
        r#"{"issuer":"BASE/tenant/","jwks_uri":"BASE/keys?policy=a"}"#,
        r#"{"issuer":"https://id.example","jwks_uri":"BASE/keys?policy=a"}"#,
        r#"{"issuer":["BASE/tenant"],"jwks_uri":"BASE/keys?policy=a"}"#,
        r#"{"issuer":"BASE/tenant"}"#,
        r#"{"issuer":"BASE/tenant","jwks_uri":"file:///keys"}"#,
        r#"{"jwks_uri":"BASE/keys?policy=a"}"#,
        "<html>",
    ] {
        let issuer = issuer(document, &set(&[&RSA]));
        let list = List::new("other", r#"{"jti":[]}"#);
        let gateway = gateway(&issuer, list.0.to_str().expect("UTF-8"));
        issuer.wait_for(1);
        let answer = ask(&gateway, "/v1/me", &token(&issuer, "a", "b"));
        assert_eq!(answer.status, 503, "{document}");
        assert_eq!(get(gateway.operator(), "/ready").status, 503);
        assert!(issuer.requests().iter().all(|one| one.target == DOCUMENT));
    }
}

/// Also one that was good a moment ago and is remembered.
#[test]
fn a_token_of_the_list_does_not_count() {
    let issuer = issuer(GOOD, &set(&[&RSA]));
    let list = List::new("counts", r#"{"jti":["gone"],"sub":["fired"]}"#);
    let gateway = gateway(&issuer, list.0.to_str().expect("UTF-8"));
    ready(&gateway);
    let here = token(&issuer, "here", "ann");
    assert_eq!(ask(&gateway, "/v1/me", &here).status, 204);
    assert_eq!(ask(&gateway, "/v1/me", &token(&issuer, "gone", "ann")).status, 401);
    assert_eq!(ask(&gateway, "/v1/me", &token(&issuer, "other", "fired")).status, 401);
    list.says(r#"{"jti":["here"]}"#);
    becomes(&gateway, &here, 401);
    assert_eq!(ask(&gateway, "/v1/me", &token(&issuer, "gone", "fired")).status, 204);
    // What cannot be read is no list: the last one holds.
    list.says(r#"{"jti":["#);
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(ask(&gateway, "/v1/me", &here).status, 401);
    fs::remove_file(&list.0).expect("it is there");
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(ask(&gateway, "/v1/me", &here).status, 401);
    list.says(r#"{"sub":[]}"#);
    becomes(&gateway, &here, 204);
}

/// Nobody can tell which tokens count, so none does: 503 and not 401, since they may be good.
#[test]
fn without_a_first_list_nobody_gets_in() {
    let issuer = issuer(GOOD, &set(&[&RSA]));
    let list = List::new("first", "soon");
    let gateway = gateway(&issuer, list.0.to_str().expect("UTF-8"));
    issuer.wait_for(2);
    let token = token(&issuer, "a", "b");
    becomes(&gateway, &token, 503);
    assert_eq!(get(gateway.operator(), "/ready").status, 503);
    list.says(r#"{"jti":[]}"#);
    becomes(&gateway, &token, 204);
    ready(&gateway);
}

#[test]
fn a_list_has_an_address() {
    let issuer = issuer(GOOD, &set(&[&RSA]));
    let lists = Backend::start()
        .answer("GET", "/list", 200, r#"{"jti":[]}"#)
        .answer("GET", "/list", 200, r#"{"jti":["a"]}"#)
        .answer("GET", "/list", 500, r#"{"jti":[]}"#);
    let gateway = gateway(&issuer, &format!("{}/list", lists.url()));
    let token = token(&issuer, "a", "b");
    becomes(&gateway, &token, 204);
    becomes(&gateway, &token, 401);
    lists.wait_for(4);
    assert_eq!(ask(&gateway, "/v1/me", &token).status, 401, "the last good one holds");
}
