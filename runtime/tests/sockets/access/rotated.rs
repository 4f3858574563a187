//! An issuer that changes its keys: they are asked for ahead of time, whoever comes or does not.

use std::thread::sleep;
use std::time::{Duration, Instant};

use gatewright_runtime::codegen as rt;
use gatewright_runtime::testing::{Gateway, Running, get};

use super::issuer::{Issuer, OTHER, RSA, Reply, claims, set};
use super::{ask, endpoint, lets_in, text};

static MEMBER: rt::Scheme = rt::Scheme {
    index: 0,
    name: "member",
    kind: rt::SchemeKind::Tokens(rt::Tokens {
        keys: rt::KeySource::Set { url: "JWKS_URL", refresh: Duration::from_millis(200) },
        issuers: &[rt::Setting::Fixed("https://id.example")],
        audiences: &[rt::Setting::Fixed("shop")],
        leeway: Duration::from_secs(1),
        subject: true,
        scope_list: false,
        audience_list: false,
        revoked: None,
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
    environment: &[text("JWKS_URL", rt::VariableKind::Url)],
    schemes: &[&MEMBER],
    ..rt::Contract::EMPTY
};

/// Waits until something holds, as it must within 10 s.
#[track_caller]
fn until(what: &str, holds: impl Fn() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_secs(10), "{what}");
        sleep(Duration::from_millis(20));
    }
}

fn start(issuer: &Issuer) -> Running {
    let gateway = Gateway::start(&CONTRACT, &[("JWKS_URL", issuer.url())]);
    until("it has keys", || get(gateway.operator(), "/ready").status == 200);
    gateway
}

/// A key that is known is never a reason to ask, so only time can tell that it does not count any more.
#[test]
fn a_key_that_was_withdrawn_ends_without_anybody_asking() {
    let issuer = Issuer::start(Reply::Set(set(&[&RSA])));
    let gateway = start(&issuer);
    let (old, new) = (RSA.sign(&claims()), OTHER.sign(&claims()));
    assert_eq!(ask(&gateway, "/v1/me", &old).status, 204);
    // Both for a while, as issuers do.
    issuer.says(Reply::Set(set(&[&RSA, &OTHER])));
    let asked = issuer.asked();
    until("it asks again by itself", || issuer.asked() > asked + 1);
    assert_eq!(ask(&gateway, "/v1/me", &new).status, 204);
    assert_eq!(ask(&gateway, "/v1/me", &old).status, 204);
    issuer.says(Reply::Set(set(&[&OTHER])));
    until("the old one ends", || ask(&gateway, "/v1/me", &old).status == 401);
    assert_eq!(ask(&gateway, "/v1/me", &new).status, 204);
}

/// Whoever is away is asked again, more seldom each time, and what it says then counts.
#[test]
fn an_issuer_that_comes_back_is_heard() {
    let issuer = Issuer::start(Reply::Set(set(&[&RSA])));
    let gateway = start(&issuer);
    let (old, new) = (RSA.sign(&claims()), OTHER.sign(&claims()));
    issuer.says(Reply::Status(503));
    let asked = issuer.asked();
    until("it goes on asking", || issuer.asked() > asked + 2);
    assert_eq!(ask(&gateway, "/v1/me", &old).status, 204, "the last good keys hold");
    issuer.says(Reply::Set(set(&[&OTHER])));
    until("the old one ends", || ask(&gateway, "/v1/me", &old).status == 401);
    assert_eq!(ask(&gateway, "/v1/me", &new).status, 204);
}
