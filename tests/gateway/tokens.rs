//! Who may call, by tokens, and what endpoints know of them.

use std::time::{SystemTime, UNIX_EPOCH};

use gatewright_runtime::testing::{Answer, Backend, Gateway, Running, get, send};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};

use crate::ask::{NOBODY, problem, value};
use crate::contracts::access::CONTRACT;

/// A key of Ed25519 that exists in tests alone, without the frame of PKCS 8, and its public part.
const PRIVATE: [u8; 32] = *b"\xe3\xd8\xd7\x9e\x77\x86\x2a\x1f\xdd\xa2\x6c\xa0\xd3\xdb\x0d\x08\x87\x66\xd3\xd1\xfe\x6e\x68\xcd\xd3\x34\xfc\x53\xc9\x6f\x08\xec";
const SET: &str = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"k","x":"ORbgBccORkuWQKUFiY-Vpu8IFseLnVDHndL6lljt9GY"}]}"#;

const SECRET: &str = "a secret of thirty-two bytes and more";
const SUB: &str = "8f14e45f-ceea-467f-9b0e-2a1b7c1d0001";

struct World {
    things: Backend,
    _issuer: Backend,
    gateway: Running,
}

fn world() -> World {
    let issuer = Backend::start().answer("GET", "/keys", 200, SET);
    let things = Backend::start().answer(
        "GET",
        &format!("/owners/{SUB}/thing?level=7"),
        200,
        r#"{"id":"t"}"#,
    );
    let keys = format!("{}/keys", issuer.url());
    let hash = "pbkdf2-sha256:100000:000102030405060708090a0b0c0d0e0f";
    let users = format!("ops:{hash}:{}", "00".repeat(32));
    let env = [
        ("THINGS_URL", things.url()),
        // The SHA-256 of `staff-key-1`.
        (
            "STAFF_KEYS",
            "alice:29c5964b10164845ab1f9ce6c75bd3c0d19515b125bce6f0fa183593414c77a2".to_owned(),
        ),
        ("OPS_USERS", users),
        ("JWKS_URL", keys),
        ("JWT_ISSUER", "https://id.example".to_owned()),
        ("SERVICE_SECRET", SECRET.to_owned()),
    ];
    let env: Vec<(&str, &str)> = env.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let gateway = Gateway::start(&CONTRACT, &env);
    issuer.wait_for(1);
    World { things, _issuer: issuer, gateway }
}

fn token(changed: Value) -> String {
    let now =
        SystemTime::now().duration_since(UNIX_EPOCH).expect("it is later than 1970").as_secs();
    let mut claims = json!({
        "iss": "https://id.example", "aud": "app", "sub": SUB, "exp": now + 300,
        "scope": "read write", "roles": ["buyer"], "more": {"of": ["it"]}
    });
    for (name, value) in changed.as_object().expect("a record") {
        claims[name] = value.clone();
    }
    let mut der = b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20".to_vec();
    der.extend_from_slice(&PRIVATE);
    let header = Header { kid: Some("k".to_owned()), ..Header::new(Algorithm::EdDSA) };
    encode(&header, &claims, &EncodingKey::from_ed_der(&der)).expect("a token")
}

fn ask(world: &World, target: &str, token: &str) -> Answer {
    let value = format!("Bearer {token}");
    send(world.gateway.address(), "GET", target, &[("Authorization", &value)], b"")
}

#[test]
fn claims_are_values_of_their_types() {
    let world = world();
    let answer = ask(&world, "/v1/me", &token(json!({})));
    let expected = json!({"id": SUB, "scopes": ["read", "write"], "level": 1, "city": "nowhere"});
    assert_eq!((answer.status, value(&answer)), (200, expected));
    let more = json!({
        "scope": ["read"], "level": 7, "email": "a@b.example", "address": {"city": "Bonn", "zip": "1"}
    });
    let answer = ask(&world, "/v1/me", &token(more));
    let expected = json!({
        "id": SUB, "scopes": ["read"], "level": 7, "email": "a@b.example", "city": "Bonn"
    });
    assert_eq!(value(&answer), expected);
    let answer = ask(&world, "/v1/mine", &token(json!({"level": 7})));
    assert_eq!((answer.status, value(&answer)), (200, json!({"id": "t"})));
    let requests = world.things.requests();
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0].header("authorization"), None, "a call says what the contract says");
}

/// A token may be signed and still not say what the contract relies on. Then nobody is let in by it,
/// whether the endpoint reads that claim or not.
#[test]
fn claims_of_another_type_let_nobody_in() {
    let world = world();
    for odd in [
        json!({"sub": "admin"}),
        json!({"sub": "../8f14e45f-ceea-467f-9b0e-2a1b7c1d0001"}),
        json!({"scope": null}),
        json!({"scope": ["read", ""]}),
        json!({"level": 10}),
        json!({"level": "7"}),
        json!({"email": "nobody"}),
        json!({"address": "Bonn"}),
        json!({"address": {}}),
    ] {
        for target in ["/v1/me", "/v1/mine", "/v1/checked"] {
            let answer = ask(&world, target, &token(odd.clone()));
            let status = if odd["scope"].is_null() && target == "/v1/me" { 403 } else { 401 };
            assert!([401, status].contains(&answer.status), "{target} {odd}: {}", answer.text());
        }
    }
    assert_eq!(world.things.requests().len(), 0);
    assert_eq!(ask(&world, "/v1/checked", &token(json!({}))).status, 204);
}

#[test]
fn scopes_and_roles_are_both_needed_where_both_are_asked_for() {
    let world = world();
    problem(&ask(&world, "/v1/me", &token(json!({"scope": "write"}))), 403, "gateway:forbidden");
    problem(&ask(&world, "/v1/mine", &token(json!({"roles": []}))), 403, "gateway:forbidden");
    problem(&get(world.gateway.address(), "/v1/me"), 401, "gateway:unauthenticated");
}

#[test]
fn who_came_in_another_way_is_known_as_that() {
    let world = world();
    let who = |answer: &Answer| value(answer)["who"].clone();
    assert_eq!(who(&ask(&world, "/v1/anybody", &token(json!({})))), SUB);
    let key = [("X-Api-Key", "staff-key-1")];
    assert_eq!(who(&send(world.gateway.address(), "GET", "/v1/anybody", &key, b"")), "alice");
    let claims = json!({"iss": "services", "aud": "shop", "exp": 99_999_999_999_u64});
    let secret = EncodingKey::from_secret(SECRET.as_bytes());
    let service = encode(&Header::default(), &claims, &secret).expect("a token");
    assert_eq!(who(&ask(&world, "/v1/anybody", &service)), "a service");
    let answer = ask(&world, "/v1/me", &service);
    assert_eq!(answer.status, 401, "one scheme's token is none of another");
}

#[test]
fn what_tokens_are_checked_with_is_needed_at_the_start() {
    let env = [("THINGS_URL", NOBODY), ("JWKS_URL", "id.example/keys")];
    let text = Gateway::refusal(&CONTRACT, &env).expect("a refusal");
    for name in ["STAFF_KEYS", "OPS_USERS", "JWT_ISSUER", "SERVICE_SECRET"] {
        assert!(text.contains(&format!("missing: {name}")), "{text}");
    }
    assert!(text.contains("invalid: JWKS_URL"), "{text}");
    assert!(text.contains("is `id.example/keys`, which has no scheme"), "{text}");
}
