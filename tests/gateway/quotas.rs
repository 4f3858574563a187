//! Limits of callers who are known: by name, by token, by what a token says.

use std::time::{SystemTime, UNIX_EPOCH};

use gatewright_runtime::testing::{Answer, Gateway, Running, send};
use jsonwebtoken::{EncodingKey, Header, encode};
use serde_json::{Value, json};

use crate::ask::problem;
use crate::contracts::quotas::CONTRACT;

const CUSTOMERS: &str = "a secret of thirty-two bytes and more";
const GUESTS: &str = "another secret of thirty-two bytes and more";

/// The SHA-256 of `staff-key-1` and `staff-key-2`, both of Alice, and of `web-key`.
const STAFF_KEYS: &str = "\
    alice:29c5964b10164845ab1f9ce6c75bd3c0d19515b125bce6f0fa183593414c77a2,\
    alice:f5599b26b0912943806f920e2f2f6700c90e683a6cc654f087d17551b7b52ae2,\
    web:fe372517ad18bd4ef08c931b6f58a73a1e10ad754cc729a8ccd705be55c47fbd";

fn gateway() -> Running {
    let env =
        [("CUSTOMER_SECRET", CUSTOMERS), ("GUEST_SECRET", GUESTS), ("STAFF_KEYS", STAFF_KEYS)];
    Gateway::start(&CONTRACT, &env)
}

fn signed(secret: &str, changed: &Value) -> String {
    let now =
        SystemTime::now().duration_since(UNIX_EPOCH).expect("it is later than 1970").as_secs();
    let mut claims = json!({
        "iss": "one", "aud": "shop", "sub": "ann", "plan": "free", "level": 1, "exp": now + 300,
    });
    for (name, value) in changed.as_object().expect("a record") {
        claims[name] = value.clone();
    }
    let key = EncodingKey::from_secret(secret.as_bytes());
    encode(&Header::default(), &claims, &key).expect("a token")
}

fn ask(gateway: &Running, target: &str, changed: &Value) -> Answer {
    let value = format!("Bearer {}", signed(CUSTOMERS, changed));
    send(gateway.address(), "GET", target, &[("Authorization", &value)], b"")
}

fn as_staff(gateway: &Running, target: &str, key: &str) -> u16 {
    send(gateway.address(), "GET", target, &[("X-Api-Key", key)], b"").status
}

fn as_guest(gateway: &Running, target: &str) -> u16 {
    let value = format!("Bearer {}", signed(GUESTS, &json!({"iss": "guests"})));
    send(gateway.address(), "GET", target, &[("Authorization", &value)], b"").status
}

#[test]
fn each_customer_is_counted_apart_by_issuer_and_subject() {
    let gateway = gateway();
    let statuses = |changed: Value| {
        ["/v1/me", "/v1/you", "/v1/me", "/v1/you"]
            .map(|target| ask(&gateway, target, &changed).status)
    };
    assert_eq!(statuses(json!({})), [204, 204, 204, 429]);
    // Another token of the same customer is no new customer, whatever else it says.
    assert_eq!(statuses(json!({"plan": "paid", "jti": "other"})), [429; 4]);
    assert_eq!(statuses(json!({"sub": "ben"})), [204, 204, 204, 429]);
    assert_eq!(statuses(json!({"iss": "two"})), [204, 204, 204, 429]);
    let refused = ask(&gateway, "/v1/me", &json!({}));
    problem(&refused, 429, "gateway:limit-reached");
    assert_eq!(refused.header("ratelimit-policy"), Some("\"customer\";q=3;w=60"));
    assert_eq!(refused.header("ratelimit"), Some("\"customer\";r=0;t=60"));
    assert_eq!(refused.header("retry-after"), Some("20"));
}

#[test]
fn a_key_counts_by_the_name_that_it_has() {
    let gateway = gateway();
    let keys = ["staff-key-1", "staff-key-2", "staff-key-1", "staff-key-2", "staff-key-1"];
    assert_eq!(keys.map(|key| as_staff(&gateway, "/v1/staff", key)), [204, 204, 204, 204, 429]);
    assert_eq!(as_staff(&gateway, "/v1/staff", "web-key"), 204);
    // No key is no caller: it is refused for that, and counts against nobody.
    assert_eq!(["x", "y", "x"].map(|key| as_staff(&gateway, "/v1/staff", key)), [401; 3]);
}

#[test]
fn who_comes_in_another_way_is_counted_by_that() {
    let gateway = gateway();
    let customer = || ask(&gateway, "/v1/either", &json!({})).status;
    assert_eq!([customer(), customer(), customer(), customer()], [204, 204, 204, 429]);
    let staff = || as_staff(&gateway, "/v1/either", "staff-key-1");
    assert_eq!([staff(), staff(), staff(), staff(), staff()], [204, 204, 204, 204, 429]);
    let statuses = [as_guest(&gateway, "/v1/some"), as_guest(&gateway, "/v1/some")];
    assert_eq!(statuses, [204, 204], "the contract says that nobody counts guests there");
    let open = || send(gateway.address(), "GET", "/v1/open", &[], b"");
    assert_eq!((open().status, open().header("ratelimit")), (204, None));
}

#[test]
fn callers_with_one_claim_in_common_share_what_it_allows() {
    let gateway = gateway();
    let plan = |sub: &str, plan: &str| {
        ask(&gateway, "/v1/plan", &json!({"sub": sub, "plan": plan})).status
    };
    let statuses = [plan("ann", "free"), plan("ben", "free"), plan("cid", "free")];
    assert_eq!(statuses, [204, 204, 429]);
    assert_eq!([plan("ann", "paid"), plan("ben", "")], [204, 401]);
    let level = |level: Value| ask(&gateway, "/v1/level", &json!({"level": level})).status;
    assert_eq!([level(json!(1)), level(json!(1)), level(json!(2))], [204, 429, 204]);
}

/// A claim that callers are counted by is one that they all have: nobody passes uncounted, and nobody
/// is counted together with others who lack it, too.
#[test]
fn who_lacks_the_claim_is_not_let_in() {
    let gateway = gateway();
    for odd in [json!(null), json!({"a": 1}), json!([1])] {
        let answer = ask(&gateway, "/v1/plan", &json!({"plan": odd}));
        assert_eq!(answer.status, 401, "{}", answer.text());
        assert_eq!(ask(&gateway, "/v1/me", &json!({"sub": odd})).status, 401);
    }
    let statuses = [1, 2, 3].map(|_| ask(&gateway, "/v1/plan", &json!({})).status);
    assert_eq!(statuses, [204, 204, 429]);
}

#[test]
fn what_one_limit_refuses_is_counted_by_none() {
    let gateway = gateway();
    let both = |sub: &str| ask(&gateway, "/v1/both", &json!({"sub": sub}));
    let answer = both("ann");
    assert_eq!(answer.header("ratelimit"), Some("\"ip\";r=4;t=12, \"customer.sub\";r=1;t=30"));
    let policy = "\"ip\";q=5;w=60, \"customer.sub\";q=2;w=60";
    assert_eq!(answer.header("ratelimit-policy"), Some(policy));
    assert_eq!(both("ann").status, 204);
    let refused = [1, 2, 3, 4, 5].map(|_| both("ann").status);
    assert_eq!(refused, [429; 5]);
    // Of the five of the address two are taken.
    assert_eq!([both("ben").status, both("ben").status], [204, 204]);
    assert_eq!(as_guest(&gateway, "/v1/both"), 204);
    assert_eq!(as_guest(&gateway, "/v1/both"), 429);
}

/// The limit of the address holds before it is looked at who calls: who guesses is stopped by it.
#[test]
fn who_is_not_let_in_counts_by_address() {
    let gateway = gateway();
    let guess = || {
        let fields = [("Authorization", "Bearer nonsense")];
        send(gateway.address(), "GET", "/v1/both", &fields, b"")
    };
    let first = guess();
    assert_eq!((first.status, first.header("ratelimit")), (401, Some("\"ip\";r=4;t=12")));
    assert_eq!([1, 2, 3, 4, 5].map(|_| guess().status), [401, 401, 401, 401, 429]);
    assert_eq!(ask(&gateway, "/v1/both", &json!({})).status, 429);
}

#[test]
fn cores_count_a_caller_together() {
    let env = [
        ("CUSTOMER_SECRET", CUSTOMERS),
        ("GUEST_SECRET", GUESTS),
        ("STAFF_KEYS", STAFF_KEYS),
        ("CORES", "4"),
    ];
    let gateway = std::sync::Arc::new(Gateway::start(&CONTRACT, &env));
    let callers: Vec<_> = (0..8)
        .map(|_| {
            let gateway = std::sync::Arc::clone(&gateway);
            std::thread::spawn(move || {
                (0..4).filter(|_| ask(&gateway, "/v1/me", &json!({})).status == 204).count()
            })
        })
        .collect();
    let passed: usize = callers.into_iter().map(|one| one.join().expect("it ends")).sum();
    assert_eq!(passed, 3);
}
