//! Tokens over real sockets: keys that change, break off and are late, and everything that is no token.

mod issuer;
mod kept;
mod rotated;

use std::time::{Duration, Instant};

use gatewright_runtime::codegen as rt;
use gatewright_runtime::testing::{Answer, Gateway, Running, get, send};
use jsonwebtoken::Algorithm;
use serde_json::{Value, json};

use self::issuer::{
    EDWARDS, Issuer, Key, OTHER, P256, P384, RSA, RSA_PEM, Reply, SECRET, claims, claims_with, now,
    set, sign_secretly, url,
};

static CUSTOMER: rt::Scheme = rt::Scheme {
    index: 0,
    name: "customer",
    kind: rt::SchemeKind::Tokens(rt::Tokens {
        keys: rt::KeySource::Set { url: "JWKS_URL", refresh: Duration::from_secs(900) },
        issuers: &[rt::Setting::Fixed("https://id.example"), rt::Setting::Env("ISSUER")],
        audiences: &[rt::Setting::Fixed("shop")],
        leeway: Duration::from_secs(1),
        subject: true,
        scope_list: true,
        audience_list: false,
        revoked: None,
    }),
};

static SERVICE: rt::Scheme = rt::Scheme {
    index: 1,
    name: "service",
    kind: rt::SchemeKind::Tokens(rt::Tokens {
        keys: rt::KeySource::Secret("SERVICE_SECRET"),
        issuers: &[rt::Setting::Fixed("https://id.example")],
        audiences: &[],
        leeway: Duration::from_secs(1),
        subject: false,
        scope_list: false,
        audience_list: false,
        revoked: None,
    }),
};

const fn endpoint(template: &'static str, access: rt::Access) -> rt::Endpoint {
    rt::Endpoint {
        index: 0,
        method: rt::Method::Get,
        template,
        rest: false,
        version: "1",
        timeout: rt::TimeSetting::Fixed(Duration::from_secs(5)),
        max_body: 0,
        limits: &[],
        cors: None,
        body: rt::BodyKind::None,
        access,
        lifecycle: None,
        fallbacks: &[],
        places: &[],
        deprecated: &[],
        successor: None,
        reuse: rt::Reuse::Unsaid,
        compress: rt::Compress::NONE,
        answer: |_, request| Box::pin(async move { answer(&request) }),
    }
}

/// Says what is known of whoever calls.
fn answer(request: &rt::Request) -> Result<rt::Response, rt::Error> {
    let customer = request.claims_if_any(&CUSTOMER, rt::Reader::any)?;
    let service = request.claims_if_any(&SERVICE, rt::Reader::any)?;
    let mut out = rt::Writer::new();
    for (name, known) in [("{\"customer\":", customer), (",\"service\":", service)] {
        out.raw(name);
        match known {
            rt::Maybe::Value(claims) => out.value(claims),
            _ => out.raw("null"),
        }
    }
    out.raw("}");
    Ok(rt::Response::json(200, out))
}

const fn lets_in(
    any: &'static [&'static rt::Scheme],
    scopes: &'static [&'static str],
    roles: &'static [&'static str],
) -> rt::Access {
    rt::Access::Schemes { any, scopes, roles }
}

static OPEN: rt::Endpoint = endpoint("/v1/open", rt::Access::Public);
static ME: rt::Endpoint = endpoint("/v1/me", lets_in(&[&CUSTOMER], &[], &[]));
static WRITE: rt::Endpoint = endpoint("/v1/write", lets_in(&[&CUSTOMER], &["read", "write"], &[]));
static BUY: rt::Endpoint = endpoint("/v1/buy", lets_in(&[&CUSTOMER], &[], &["buyer"]));
static SERVE: rt::Endpoint = endpoint("/v1/serve", lets_in(&[&SERVICE], &[], &[]));
static BOTH: rt::Endpoint = endpoint("/v1/both", lets_in(&[&CUSTOMER, &SERVICE], &[], &[]));
static NOBODY: rt::Endpoint = endpoint("/v1/nobody", lets_in(&[], &[], &[]));

const fn text(name: &'static str, kind: rt::VariableKind) -> rt::Variable {
    rt::Variable { name, kind, default: None, bounds: None, rules: &[], about: "" }
}

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
        endpoints: &[&OPEN, &ME, &WRITE, &BUY, &SERVE, &BOTH, &NOBODY],
        route: |segments| match segments {
            ["v1", "open"] => const { &[&OPEN] },
            ["v1", "me"] => const { &[&ME] },
            ["v1", "write"] => const { &[&WRITE] },
            ["v1", "buy"] => const { &[&BUY] },
            ["v1", "serve"] => const { &[&SERVE] },
            ["v1", "both"] => const { &[&BOTH] },
            ["v1", "nobody"] => const { &[&NOBODY] },
            _ => &[],
        },
    }],
    compiler: "by hand",
    environment: &[
        text("JWKS_URL", rt::VariableKind::Url),
        text("ISSUER", rt::VariableKind::Text),
        text("SERVICE_SECRET", rt::VariableKind::Secret),
    ],
    schemes: &[&CUSTOMER, &SERVICE],
    ..rt::Contract::EMPTY
};

fn gateway(issuer: &Issuer) -> Running {
    let gateway = unready(issuer);
    let start = Instant::now();
    while get(gateway.operator(), "/ready").status != 200 {
        assert!(start.elapsed() < Duration::from_secs(10), "keys never come");
        std::thread::sleep(Duration::from_millis(10));
    }
    gateway
}

/// A gateway whose keys may not be there yet.
fn unready(issuer: &Issuer) -> Running {
    let env = [
        ("JWKS_URL", issuer.url()),
        ("ISSUER", "https://other.example"),
        ("SERVICE_SECRET", SECRET),
    ];
    Gateway::start(&CONTRACT, &env)
}

fn ask(gateway: &Running, target: &str, token: &str) -> Answer {
    let value = format!("Bearer {token}");
    send(gateway.address(), "GET", target, &[("Authorization", &value)], b"")
}

fn known(answer: &Answer) -> Value {
    assert_eq!(answer.status, 200, "{}", answer.text());
    serde_json::from_slice(&answer.body).expect("JSON")
}

#[track_caller]
fn refused(answer: &Answer) {
    assert_eq!(answer.status, 401, "{}", answer.text());
    assert_eq!(
        answer.header("www-authenticate"),
        Some("Bearer realm=\"shop\", error=\"invalid_token\""),
    );
}

const ALL: [&Key; 4] = [&RSA, &P256, &P384, &EDWARDS];

#[test]
fn every_kind_of_key_signs() {
    let issuer = Issuer::start(Reply::Set(set(&ALL)));
    let gateway = gateway(&issuer);
    for key in ALL {
        let customer = known(&ask(&gateway, "/v1/me", &key.sign(&claims())));
        let sub = &customer["customer"]["sub"];
        assert_eq!(sub, "8f14e45f-ceea-467f-9b0e-2a1b7c1d0001", "{}", key.id);
        assert_eq!(customer["customer"]["scope"], json!(["read", "write"]), "a text became a list");
    }
    use Algorithm::{PS256, PS384, PS512, RS384, RS512};
    for algorithm in [RS384, RS512, PS256, PS384, PS512] {
        let token = RSA.sign_as(algorithm, Some(RSA.id), &claims());
        assert_eq!(ask(&gateway, "/v1/me", &token).status, 200, "{algorithm:?}");
    }
    for algorithm in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
        let token = sign_secretly(algorithm, SECRET.as_bytes(), &claims());
        let service = known(&ask(&gateway, "/v1/serve", &token));
        assert_eq!(service["service"]["aud"], "shop", "{algorithm:?}");
    }
    assert_eq!(issuer.asked(), 1, "keys are asked for once");
}

#[test]
fn a_token_is_from_and_for_the_right_ones_and_has_an_end() {
    let issuer = Issuer::start(Reply::Set(set(&[&RSA])));
    let gateway = gateway(&issuer);
    for fine in [
        json!({"iss": "https://other.example"}),
        json!({"aud": ["api", "shop"]}),
        json!({"nbf": now() - 10, "iat": now() - 10}),
        json!({"exp": now() + 10_000_000}),
        json!({"more": {"deep": [1, 2, {"a": null}]}}),
    ] {
        let token = RSA.sign(&claims_with(fine.clone()));
        assert_eq!(ask(&gateway, "/v1/me", &token).status, 200, "{fine}");
    }
    for odd in [
        json!({"iss": null}),
        json!({"iss": "https://id.example/"}),
        json!({"iss": ["https://id.example"]}),
        json!({"aud": null}),
        json!({"aud": "shop2"}),
        json!({"aud": []}),
        json!({"aud": [["shop"]]}),
        json!({"aud": "api shop"}),
        json!({"sub": null}),
        json!({"sub": 7}),
        json!({"exp": null}),
        json!({"exp": (now() + 300).to_string()}),
        json!({"exp": true}),
        json!({"nbf": now() + 100}),
        json!({"iat": now() + 100}),
        json!({"nbf": "soon"}),
        json!({"scope": 7}),
    ] {
        refused(&ask(&gateway, "/v1/me", &RSA.sign(&claims_with(odd.clone()))));
    }
    let answer = ask(&gateway, "/v1/me", &RSA.sign(&claims_with(json!({"exp": now() - 10}))));
    assert_eq!(answer.status, 401);
    let told = answer.header("www-authenticate").unwrap_or_default();
    assert!(told.contains("invalid_token") && told.contains("has ended"), "{told}");
}

/// A token that was good is remembered, and not beyond its end.
#[test]
fn what_is_remembered_ends_when_the_token_does() {
    let issuer = Issuer::start(Reply::Set(set(&[&RSA])));
    let gateway = gateway(&issuer);
    let token = RSA.sign(&claims_with(json!({"exp": now() + 2})));
    let start = Instant::now();
    while ask(&gateway, "/v1/me", &token).status == 200 {
        assert!(start.elapsed() < Duration::from_secs(8), "it never ends");
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(start.elapsed() > Duration::from_millis(900), "it ended early");
    refused_or_ended(&ask(&gateway, "/v1/me", &token));
}

#[track_caller]
fn refused_or_ended(answer: &Answer) {
    assert_eq!(answer.status, 401, "{}", answer.text());
    let told = answer.header("www-authenticate").unwrap_or_default();
    assert!(told.contains("error=\"invalid_token\""), "{told}");
}

/// What attackers have tried on others: each by its name.
#[test]
#[expect(clippy::too_many_lines, reason = "it is a table of attacks")]
fn no_attack_that_is_known_lets_anybody_in() {
    let issuer = Issuer::start(Reply::Set(set(&ALL)));
    let gateway = gateway(&issuer);
    let good = RSA.sign(&claims());
    let (message, signature) = good.rsplit_once('.').expect("three parts");
    let body = url(claims().to_string().as_bytes());
    let unsigned = |header: &str| format!("{}.{body}.", url(header.as_bytes()));
    let modulus = RSA_PEM.trim_end();
    let attacks = [
        ("no signature", unsigned(r#"{"alg":"none"}"#)),
        ("no signature, other letters", unsigned(r#"{"alg":"nOnE"}"#)),
        ("no signature, and one", format!("{}{signature}", unsigned(r#"{"alg":"none"}"#))),
        ("the signature left out", format!("{message}.")),
        ("the signature and its dot left out", message.to_owned()),
        ("an algorithm left out", RSA.sign_under(r#"{"kid":"rsa-1"}"#, &claims())),
        (
            "a public key as a secret",
            sign_secretly(Algorithm::HS256, RSA_PEM.as_bytes(), &claims()),
        ),
        (
            "the same without its last line",
            sign_secretly(Algorithm::HS256, modulus.as_bytes(), &claims()),
        ),
        (
            "a secret where keys are wanted",
            sign_secretly(Algorithm::HS256, SECRET.as_bytes(), &claims()),
        ),
        ("a key that is in no set", OTHER.sign_as(Algorithm::RS256, Some("rsa-1"), &claims())),
        ("a key of another kind", P256.sign_as(Algorithm::ES256, Some("rsa-1"), &claims())),
        (
            "another hash than the key is for",
            P256.sign_under(r#"{"alg":"ES384","kid":"p256"}"#, &claims()),
        ),
        (
            "another padding than was signed",
            RSA.sign_under(r#"{"alg":"PS256","kid":"rsa-1"}"#, &claims()),
        ),
        (
            "a name that leads elsewhere",
            OTHER.sign_as(Algorithm::RS256, Some("../../../dev/null"), &claims()),
        ),
        (
            "a name that asks a database",
            OTHER.sign_as(Algorithm::RS256, Some("' UNION SELECT 'a"), &claims()),
        ),
        ("a name that is none", RSA.sign_under(r#"{"alg":"RS256","kid":["rsa-1"]}"#, &claims())),
        (
            "an address of keys",
            OTHER.sign_under(
                r#"{"alg":"RS256","kid":"rsa-2","jku":"http://127.0.0.1:1/"}"#,
                &claims(),
            ),
        ),
        (
            "something that must be understood",
            RSA.sign_under(r#"{"alg":"RS256","kid":"rsa-1","crit":["x"],"x":1}"#, &claims()),
        ),
        (
            "claims that are not encoded",
            RSA.sign_under(
                r#"{"alg":"RS256","kid":"rsa-1","b64":false,"crit":["b64"]}"#,
                &claims(),
            ),
        ),
        (
            "a token about a logout",
            RSA.sign_under(r#"{"alg":"RS256","kid":"rsa-1","typ":"logout+jwt"}"#, &claims()),
        ),
        (
            "a header that is there twice",
            RSA.sign_under(r#"{"alg":"none","alg":"RS256","kid":"rsa-1"}"#, &claims()),
        ),
        ("no name, and several keys", P256.sign_under(r#"{"alg":"RS256"}"#, &claims())),
        ("a fourth part", format!("{good}.{signature}")),
        ("padding", format!("{good}=")),
        ("a longer text of the same bytes", with_loose_bits(&good)),
        ("nothing in it", "..".to_owned()),
        ("no token", "token".to_owned()),
        (
            "too long",
            format!(
                "{}.{}.{signature}",
                url(br#"{"alg":"RS256","kid":"rsa-1"}"#),
                "a".repeat(20_000)
            ),
        ),
    ];
    for (attack, token) in attacks {
        let answer = ask(&gateway, "/v1/me", &token);
        assert_eq!(answer.status, 401, "{attack}: {}", answer.text());
        let told = answer.header("www-authenticate");
        assert_eq!(told, Some("Bearer realm=\"shop\", error=\"invalid_token\""), "{attack}");
    }
    assert_eq!(ask(&gateway, "/v1/me", &good).status, 200);
}

/// The same token with other bits where its signature leaves some over.
fn with_loose_bits(token: &str) -> String {
    let (rest, last) = token.split_at(token.len() - 1);
    let next = match last {
        "A" => "B",
        "Q" => "R",
        "g" => "h",
        _ => "x",
    };
    format!("{rest}{next}")
}

#[test]
fn claims_that_are_said_twice_are_not_believed() {
    let issuer = Issuer::start(Reply::Set(set(&[&RSA])));
    let gateway = gateway(&issuer);
    // `serde_json` writes nothing twice, so the text is signed as it is.
    let text = claims().to_string();
    for twice in ["\"sub\":\"admin\"", "\"exp\":9999999999", "\"iss\":\"https://id.example\""] {
        for text in [
            text.replacen('{', &format!("{{{twice},"), 1),
            text.replacen('}', &format!(",{twice}}}"), 1),
        ] {
            refused(&ask(&gateway, "/v1/me", &RSA.sign_text(&text)));
        }
    }
}

#[test]
fn the_field_is_read_in_one_way_or_in_none() {
    let issuer = Issuer::start(Reply::Set(set(&[&RSA])));
    let gateway = gateway(&issuer);
    let token = RSA.sign(&claims());
    let ask = |fields: &[(&str, String)]| {
        let fields: Vec<(&str, &str)> =
            fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        send(gateway.address(), "GET", "/v1/me", &fields, b"").status
    };
    let one = |value: String| ask(&[("Authorization", value)]);
    for fine in ["Bearer ", "bearer ", "BEARER ", "Bearer   "] {
        assert_eq!(one(format!("{fine}{token}")), 200, "{fine:?}");
    }
    for odd in [
        token.clone(),
        format!("Bearer\t{token}"),
        format!("Bearer{token}"),
        format!("Token {token}"),
        format!("Bearer {token} x"),
        format!("Bearer {token},Bearer {token}"),
        format!("Bearer \"{token}\""),
        format!("Bearer x {token}"),
        "Bearer".to_owned(),
    ] {
        assert_eq!(one(odd.clone()), 401, "{odd:?}");
    }
    let field = ("Authorization", format!("Bearer {token}"));
    assert_eq!(ask(&[field.clone(), field.clone()]), 401, "two of them");
    let other = ("Authorization", "Bearer x".to_owned());
    assert_eq!(ask(&[field.clone(), other.clone()]), 401);
    assert_eq!(ask(&[other, field]), 401);
    let elsewhere = [
        ("X-Authorization", format!("Bearer {token}")),
        ("Cookie", format!("access_token={token}")),
    ];
    assert_eq!(ask(&elsewhere), 401, "it is read from one place");
    let target = format!("/v1/me?access_token={token}");
    assert_eq!(get(gateway.address(), &target).status, 401, "addresses are kept in logs");
    let answer = get(gateway.address(), "/v1/me");
    assert_eq!(answer.header("www-authenticate"), Some("Bearer realm=\"shop\""), "RFC 6750, 3.1");
}

#[test]
fn what_was_not_granted_is_forbidden() {
    let issuer = Issuer::start(Reply::Set(set(&[&RSA])));
    let gateway = gateway(&issuer);
    let ask =
        |target: &str, changed: Value| ask(&gateway, target, &RSA.sign(&claims_with(changed)));
    for fine in [
        json!({}),
        json!({"scope": null, "scp": ["write", "read"]}),
        json!({"scope": ["read", "write"]}),
    ] {
        assert_eq!(ask("/v1/write", fine.clone()).status, 200, "{fine}");
    }
    let told = "Bearer realm=\"shop\", error=\"insufficient_scope\", scope=\"read write\"";
    for odd in [
        json!({"scope": null}),
        json!({"scope": "read"}),
        json!({"scope": "readwrite"}),
        json!({"scope": "read  WRITE"}),
        json!({"scope": "read,write"}),
        json!({"scope": "read writer"}),
    ] {
        let answer = ask("/v1/write", odd.clone());
        assert_eq!(answer.status, 403, "{odd}");
        assert_eq!(answer.header("www-authenticate"), Some(told), "{odd}");
        assert!(answer.text().contains("urn:problem:gateway:forbidden"));
    }
    assert_eq!(ask("/v1/buy", json!({"roles": "seller buyer"})).status, 200);
    assert_eq!(ask("/v1/buy", json!({"roles": ["Buyer"]})).status, 403);
    assert_eq!(ask("/v1/buy", json!({"roles": null})).status, 403);
    assert_eq!(get(gateway.address(), "/v1/nobody").status, 401, "no way in is no open door");
    assert_eq!(ask("/v1/nobody", json!({})).status, 401);
}

#[test]
fn any_of_several_issuers_is_enough() {
    let issuer = Issuer::start(Reply::Set(set(&[&RSA])));
    let gateway = gateway(&issuer);
    let customer = known(&ask(&gateway, "/v1/both", &RSA.sign(&claims())));
    assert!(customer["customer"].is_object() && customer["service"].is_null());
    let token = sign_secretly(Algorithm::HS256, SECRET.as_bytes(), &claims());
    let service = known(&ask(&gateway, "/v1/both", &token));
    assert!(service["customer"].is_null() && service["service"].is_object());
    let answer = ask(&gateway, "/v1/both", "x.y.z");
    assert_eq!((answer.status, answer.headers("www-authenticate").len()), (401, 2));
}

/// An issuer signs with a new key before anybody asked for it again.
#[test]
fn a_key_that_is_not_known_is_asked_for_once() {
    let issuer = Issuer::start(Reply::Set(set(&[&RSA])));
    let gateway = gateway(&issuer);
    let (old, new) = (RSA.sign(&claims()), OTHER.sign(&claims()));
    assert_eq!(ask(&gateway, "/v1/me", &old).status, 200);
    issuer.says(Reply::Set(set(&[&OTHER])));
    assert_eq!(ask(&gateway, "/v1/me", &old).status, 200, "nobody has heard of the change");
    assert_eq!(ask(&gateway, "/v1/me", &new).status, 200);
    assert_eq!(issuer.asked(), 2);
    refused(&ask(&gateway, "/v1/me", &old));
    // Whoever invents names of keys does not make the gateway ask for each of them.
    for number in 0..50 {
        let token = RSA.sign_as(Algorithm::RS256, Some(&format!("key-{number}")), &claims());
        refused(&ask(&gateway, "/v1/me", &token));
    }
    assert_eq!(issuer.asked(), 2, "not again for a while");
    assert_eq!(ask(&gateway, "/v1/me", &new).status, 200);
}

/// Many who come with a new key at once wait for one answer.
#[test]
fn many_wait_for_one_set_of_keys() {
    let issuer = Issuer::start(Reply::Set(set(&[&RSA])));
    let gateway = gateway(&issuer);
    issuer.says(Reply::Set(set(&[&RSA, &OTHER])));
    let address = gateway.address();
    let asks: Vec<_> = (0..8)
        .map(|_| {
            let value = format!("Bearer {}", OTHER.sign(&claims()));
            std::thread::spawn(move || {
                send(address, "GET", "/v1/me", &[("Authorization", &value)], b"").status
            })
        })
        .collect();
    let statuses: Vec<u16> = asks.into_iter().map(|one| one.join().expect("an end")).collect();
    assert_eq!(statuses, [200; 8]);
    assert_eq!(issuer.asked(), 2);
    assert_eq!(ask(&gateway, "/v1/me", &OTHER.sign(&claims())).status, 200);
}

/// Whatever becomes of the issuer: those who were known stay known, and nobody else comes in.
#[test]
fn the_last_good_keys_hold_while_an_issuer_is_away() {
    for reply in [
        Reply::Close,
        Reply::Status(500),
        Reply::Status(302),
        Reply::Set("<html>down</html>".to_owned()),
        Reply::Set("{\"keys\":[]}".to_owned()),
        Reply::Set("{}".to_owned()),
        Reply::Flood,
    ] {
        let issuer = Issuer::start(Reply::Set(set(&[&RSA])));
        let gateway = gateway(&issuer);
        issuer.says(reply);
        refused(&ask(&gateway, "/v1/me", &OTHER.sign(&claims())));
        assert_eq!(issuer.asked(), 2);
        let fresh = RSA.sign(&claims_with(json!({"jti": "another"})));
        assert_eq!(ask(&gateway, "/v1/me", &fresh).status, 200);
        assert_eq!(get(gateway.operator(), "/ready").status, 200);
    }
}

/// A gateway that has never had keys takes nobody in, says so, and is told apart from one that
/// refuses: tokens may be right.
#[test]
fn without_keys_nobody_comes_in_and_the_gateway_is_not_ready() {
    let issuer = Issuer::start(Reply::Status(503));
    let gateway = unready(&issuer);
    issuer.wait_for(1);
    let ready = get(gateway.operator(), "/ready");
    assert_eq!(ready.status, 503);
    assert!(ready.text().contains("keys"), "{}", ready.text());
    let good = RSA.sign(&claims());
    let answer = ask(&gateway, "/v1/me", &good);
    assert_eq!(answer.status, 503, "{}", answer.text());
    assert!(answer.text().contains("urn:problem:gateway:access-unavailable"));
    assert!(answer.header("retry-after").is_some());
    assert_eq!(get(gateway.address(), "/v1/me").status, 401, "whoever shows nothing is asked to");
    refused(&ask(&gateway, "/v1/me", "x.y.z"));
    assert_eq!(get(gateway.address(), "/v1/open").status, 200);
    issuer.says(Reply::Set(set(&[&RSA])));
    let start = Instant::now();
    while get(gateway.operator(), "/ready").status != 200 {
        assert!(start.elapsed() < Duration::from_secs(20), "it never recovers");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(ask(&gateway, "/v1/me", &good).status, 200);
}

/// An issuer that says nothing holds up those whose key it alone knows, for a while, and nobody else.
#[test]
fn an_issuer_that_hangs_does_not_hang_others() {
    let issuer = Issuer::start(Reply::Set(set(&[&RSA])));
    let gateway = gateway(&issuer);
    issuer.says(Reply::Silence(Duration::from_secs(20)));
    let address = gateway.address();
    let value = format!("Bearer {}", OTHER.sign(&claims()));
    let waiting = std::thread::spawn(move || {
        let start = Instant::now();
        let status = send(address, "GET", "/v1/me", &[("Authorization", &value)], b"").status;
        (status, start.elapsed())
    });
    issuer.wait_for(2);
    let good = RSA.sign(&claims());
    for _ in 0..10 {
        let start = Instant::now();
        assert_eq!(ask(&gateway, "/v1/me", &good).status, 200);
        assert_eq!(get(gateway.address(), "/v1/me").status, 401);
        assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    }
    let (status, took) = waiting.join().expect("an end");
    assert_eq!(status, 401);
    assert!(took < Duration::from_secs(4), "a request waits for 1 s: {took:?}");
}

#[test]
fn a_secret_that_is_too_short_is_a_fault_of_the_environment() {
    let env = [("JWKS_URL", "http://127.0.0.1:1/"), ("ISSUER", "x"), ("SERVICE_SECRET", "hunter2")];
    let text = Gateway::refusal(&CONTRACT, &env).expect("a refusal");
    assert!(text.contains("invalid: SERVICE_SECRET  secret  must be of 32 bytes"), "{text}");
    assert!(!text.contains("hunter2"), "{text}");
}
