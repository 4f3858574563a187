//! The shop: a product page made of three backends, in two versions, profiles and orders of
//! customers, and what protects all of it.

use std::time::Duration;

use gatewright_runtime::mock::caller;
use gatewright_runtime::testing::{Answer, Backend, Gateway, Running, get, send};
use serde_json::{Value, json};

use crate::ask::{JSON, NOBODY, fetch, names, problem, timed, value};
use crate::contracts::shop::CONTRACT;

const ITEM: &str = r#"{"id":"p_1a2b3c4d","name":"Shoes","cost":12.00,
    "pricing":{"gross":{"amount":59.90,"currency":"EUR"},"net":{"amount":50.34,"currency":"EUR"}}}"#;
const RATINGS: &str = r#"{"average":4.5,"entries":[
    {"user":{"nick":"Ann","mail":"ann@example.com"},"stars":5,"text":"good"},
    {"user":{"nick":"Bob"},"stars":4,"text":null}]}"#;
const RATINGS_PATH: &str = "/ratings?sku=p_1a2b3c4d&limit=3";
const V1: &str = "/v1/products/p_1a2b3c4d";
const V2: &str = "/v2/products/p_1a2b3c4d";

const ISSUER: &str = "https://id.shop.example";
const ANN: &str = "8f14e45f-ceea-467f-9b0e-2a1b7c1d0001";
const BEN: &str = "8f14e45f-ceea-467f-9b0e-2a1b7c1d0002";
const ORDER: &str = r#"{"lines":[{"sku":"p_1a2b3c4d","quantity":2}],
    "ship_to":{"name":"A","street":"B 1","city":"C","zip":"10115","country":"DE"}}"#;

/// What the shop needs, where nobody is.
const NOTHING: [(&str, &str); 11] = [
    ("CATALOG_URL", NOBODY),
    ("REVIEWS_URL", NOBODY),
    ("STOCK_URL", NOBODY),
    ("USERS_URL", NOBODY),
    ("LOYALTY_URL", NOBODY),
    ("PRICING_URL", NOBODY),
    ("SEARCH_URL", NOBODY),
    ("ORDERS_URL", NOBODY),
    ("JWKS_URL", NOBODY),
    ("JWT_ISSUER", ISSUER),
    ("ORDERS_KEY", "checkout"),
];

/// The environment of a shop: this, and for whatever else it needs that nobody is there.
pub(crate) fn environment<'e>(known: &[(&'e str, &'e str)]) -> Vec<(&'e str, &'e str)> {
    known.iter().chain(&NOTHING).copied().collect()
}

struct Shop {
    catalog: Backend,
    reviews: Backend,
    stock: Backend,
    gateway: Running,
}

/// A shop all of whose backends take so long.
fn shop(catalog: Duration, others: Duration) -> Shop {
    let catalog = Backend::start().slow("GET", "/items/p_1a2b3c4d", catalog, ITEM);
    let reviews = Backend::start().slow("GET", RATINGS_PATH, others, RATINGS);
    let stock = Backend::start().slow("GET", "/levels/p_1a2b3c4d", others, r#"{"available":7}"#);
    let known = [("CATALOG_URL", &catalog), ("REVIEWS_URL", &reviews), ("STOCK_URL", &stock)];
    let gateway = gateway(&known);
    Shop { catalog, reviews, stock, gateway }
}

impl Shop {
    fn get(&self, target: &str) -> Answer {
        get(self.gateway.address(), target)
    }
}

/// A gateway with these backends; where the others should be, nobody is.
fn gateway(known: &[(&str, &Backend)]) -> Running {
    let issuer = Backend::start().answer("GET", "/keys", 200, &caller::keys());
    let mut urls = vec![("JWKS_URL", format!("{}/keys", issuer.url()))];
    urls.extend(known.iter().map(|(name, backend)| (*name, backend.url())));
    let urls: Vec<_> = urls.iter().map(|(name, url)| (*name, url.as_str())).collect();
    let gateway = Gateway::start(&CONTRACT, &environment(&urls));
    issuer.wait_for(1);
    gateway
}

/// What a customer shows who was granted this.
fn token(sub: &str, changed: &Value) -> String {
    let mut claims = json!({
        "iss": ISSUER, "aud": "shop", "sub": sub, "exp": 4_102_444_800_u64, "scope": "orders:write",
    });
    for (name, value) in changed.as_object().expect("a record") {
        claims[name] = value.clone();
    }
    format!("Bearer {}", caller::token(&claims.to_string()))
}

/// The profile of whoever shows this.
fn me(gateway: &Running, authorization: &str) -> Answer {
    let fields = [("Authorization", authorization)];
    send(gateway.address(), "GET", "/v1/me", &fields, b"")
}

/// Orders as whoever shows this, with a key of this number.
fn order(gateway: &Running, authorization: &str, key: u32) -> Answer {
    let key = format!("0b9f3c52-6d1c-4b2e-8a44-{key:012}");
    let fields = [JSON, ("Authorization", authorization), ("Idempotency-Key", &key)];
    send(gateway.address(), "POST", "/v2/orders", &fields, ORDER.as_bytes())
}

/// Services that know Ann and Ben.
fn users() -> (Backend, Backend) {
    let user = |id: &str, name: &str, card: u32| {
        json!({"id": id, "given_name": name, "family_name": "Lee", "email": "a@mail.example",
            "loyalty_no": card})
        .to_string()
    };
    let users = Backend::start()
        .answer("GET", &format!("/users/{ANN}"), 200, &user(ANN, "Ann", 1))
        .answer("GET", &format!("/users/{BEN}"), 200, &user(BEN, "Ben", 2));
    let cards = Backend::start().answer("GET", "/cards/1", 200, r#"{"points":10}"#).answer(
        "GET",
        "/cards/2",
        200,
        r#"{"points":20}"#,
    );
    (users, cards)
}

#[test]
fn the_product_page_is_whole_and_nothing_else() {
    let shop = shop(Duration::ZERO, Duration::ZERO);
    let expected = concat!(
        r#"{"id":"p_1a2b3c4d","title":"Shoes","price":{"amount":59.90,"currency":"EUR"},"#,
        r#""in_stock":true,"reviews":[{"author":"Ann","stars":5,"text":"good"},"#,
        r#"{"author":"Bob","stars":4}]}"#,
    );
    let answer = shop.get(V1);
    assert_eq!((answer.status, answer.text().as_str()), (200, expected));
    let kept = Some("public, max-age=60");
    assert_eq!((answer.header("fallback"), answer.header("cache-control")), (None, kept));
    assert_eq!(answer.header("deprecation"), Some("@1788220800"));
}

#[test]
fn version_2_has_name_and_rating_instead_of_title() {
    let shop = shop(Duration::ZERO, Duration::ZERO);
    let mut product = value(&shop.get(V1));
    let product = product.as_object_mut().expect("a record");
    let title = product.remove("title");
    product.insert("name".to_owned(), title.unwrap_or_default());
    product.insert("rating".to_owned(), json!(4.5));
    assert_eq!(fetch(&shop.gateway, V2).as_object(), Some(&*product));
    assert_eq!(shop.get(V2).header("deprecation"), None);
}

#[test]
fn the_three_calls_overlap_in_time() {
    let pause = Duration::from_millis(80);
    let shop = shop(pause, pause);
    assert_eq!(shop.get(V1).status, 200);
    let calls = [&shop.catalog, &shop.reviews, &shop.stock];
    let [catalog, reviews, stock] = calls.map(|backend| backend.wait_for(1).remove(0));
    assert!(catalog.overlaps(&reviews) && reviews.overlaps(&stock) && catalog.overlaps(&stock));
}

#[test]
fn the_page_is_made_once_a_minute_for_each_version() {
    let shop = shop(Duration::ZERO, Duration::ZERO);
    let pages: Vec<Answer> = [V1, V2, V1, V2].map(|target| shop.get(target)).into();
    assert_eq!((&pages[0].body, &pages[1].body), (&pages[2].body, &pages[3].body));
    assert_ne!(pages[0].header("etag"), pages[1].header("etag"));
    assert_eq!(shop.catalog.requests().len(), 2);
    assert_eq!(pages[2].header("deprecation"), Some("@1788220800"), "it ends, kept or not");
    let tag = [("If-None-Match", pages[1].header("etag").expect("a tag"))];
    let statuses =
        [V1, V2].map(|target| send(shop.gateway.address(), "GET", target, &tag, b"").status);
    assert_eq!(statuses, [200, 304]);
    assert_eq!(shop.catalog.requests().len(), 2);
}

#[test]
fn dead_reviews_become_an_empty_list() {
    let shop = shop(Duration::ZERO, Duration::ZERO);
    shop.reviews.refuse();
    for (target, fields) in [(V1, vec!["reviews"]), (V2, vec!["rating", "reviews"])] {
        let answer = shop.get(target);
        assert_eq!(answer.status, 200, "{}", answer.text());
        let product = value(&answer);
        assert_eq!((&product["reviews"], product.get("rating")), (&json!([]), None));
        assert_eq!(product["in_stock"], json!(true));
        assert_eq!(names(&answer, "fallback"), fields);
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
}

#[test]
fn dead_stock_means_not_in_stock() {
    let shop = shop(Duration::ZERO, Duration::ZERO);
    shop.stock.refuse();
    shop.reviews.refuse();
    let answer = shop.get(V1);
    assert_eq!(value(&answer)["in_stock"], json!(false));
    assert_eq!(names(&answer, "fallback"), ["in_stock", "reviews"]);
}

#[test]
fn a_dead_catalogue_is_502() {
    let shop = shop(Duration::ZERO, Duration::ZERO);
    shop.catalog.refuse();
    for target in [V1, V2] {
        problem(&shop.get(target), 502, "gateway:backend-failed");
    }
}

#[test]
fn a_slow_catalogue_is_504_within_the_budget() {
    let shop = shop(Duration::from_secs(5), Duration::ZERO);
    let (answer, elapsed) = timed(&shop.gateway, V1);
    problem(&answer, 504, "gateway:backend-timeout");
    assert!(elapsed < Duration::from_millis(800), "{elapsed:?}");
}

#[test]
fn what_the_catalogue_does_not_have_is_the_declared_not_found() {
    let shop = shop(Duration::ZERO, Duration::ZERO);
    for target in ["/v1/products/p_00000000", "/v2/products/p_00000000"] {
        for _ in 0..2 {
            let answer = shop.get(target);
            let document = value(&answer);
            assert_eq!(
                (answer.status, &document["type"]),
                (404, &json!("urn:problem:shop:not-found"))
            );
            assert_eq!(document["title"], "There is no such resource");
            assert_eq!(answer.header("cache-control"), Some("public, max-age=60"));
        }
    }
}

#[test]
fn what_is_no_sku_reaches_no_backend() {
    let shop = shop(Duration::ZERO, Duration::ZERO);
    problem(&shop.get("/v1/products/nope"), 400, "gateway:invalid-request");
    let calls = [&shop.catalog, &shop.reviews, &shop.stock];
    assert!(calls.iter().all(|backend| backend.requests().is_empty()));
}

#[test]
fn a_search_of_either_version_finds_the_same() {
    let hits = r#"{"total":1,"took":3,"hits":[{"id":"p_1a2b3c4d","title":"Shoes","score":0.9,
        "price":{"amount":59.90,"currency":"CHF"}}]}"#;
    let finder =
        Backend::start().answer("GET", "/query?text=red%20shoes&size=20", 200, hits).answer(
            "GET",
            "/query?text=red%20shoes&tag=a&tag=b&order=newest&page=1&size=20",
            200,
            hits,
        );
    let gateway = gateway(&[("SEARCH_URL", &finder)]);
    let price = json!({"amount": 59.90, "currency": "CHF"});
    let found = json!({"id": "p_1a2b3c4d", "title": "Shoes", "price": price});
    let expected = json!({"total": 1, "items": [found]});
    assert_eq!(fetch(&gateway, "/v1/find?q=red+shoes"), expected);
    let found = json!({"id": "p_1a2b3c4d", "name": "Shoes", "price": price});
    let expected = json!({"total": 1, "items": [found]});
    let target = "/v2/search?q=red%20shoes&tag=a&tag=b&sort=newest";
    assert_eq!(fetch(&gateway, target), expected);
    problem(&get(gateway.address(), "/v2/find?q=a"), 404, "gateway:no-route");
}

#[test]
fn a_profile_is_that_of_whoever_calls_and_kept_for_nobody_else() {
    let (users, cards) = users();
    let gateway = gateway(&[("USERS_URL", &users), ("LOYALTY_URL", &cards)]);
    let profile = |sub: &str| value(&me(&gateway, &token(sub, &json!({}))));
    for _ in 0..2 {
        assert_eq!(
            (&profile(ANN)["full_name"], &profile(ANN)["points"]),
            (&json!("Ann Lee"), &json!(10))
        );
        assert_eq!(
            (&profile(BEN)["full_name"], &profile(BEN)["points"]),
            (&json!("Ben Lee"), &json!(20))
        );
    }
    assert_eq!((users.requests().len(), cards.requests().len()), (2, 2), "the rest was kept");
    let answer = me(&gateway, &token(ANN, &json!({"jti": "another"})));
    assert_eq!(answer.header("cache-control"), Some("private, max-age=30"));
    assert_eq!(answer.header("vary"), Some("Authorization"));
    assert!(answer.header("cache-status").is_some_and(|said| said.contains("hit")));
}

#[test]
fn a_profile_is_for_customers_alone() {
    let (users, cards) = users();
    let gateway = gateway(&[("USERS_URL", &users), ("LOYALTY_URL", &cards)]);
    problem(&get(gateway.address(), "/v1/me"), 401, "gateway:unauthenticated");
    for odd in [
        json!({"iss": "https://else.example"}),
        json!({"aud": "another"}),
        json!({"exp": 1_600_000_000}),
        json!({"nbf": 4_102_444_000_u64}),
        json!({"sub": "ann"}),
        json!({"scope": 7}),
    ] {
        let answer = me(&gateway, &token(ANN, &odd));
        problem(&answer, 401, "gateway:unauthenticated");
        assert!(answer.header("www-authenticate").is_some_and(|said| said.starts_with("Bearer")));
    }
    // Kept or not: what was answered to Ann is answered to Ann.
    assert_eq!(me(&gateway, &token(ANN, &json!({}))).status, 200);
    problem(
        &me(&gateway, &token(ANN, &json!({"exp": 1_600_000_000}))),
        401,
        "gateway:unauthenticated",
    );
    problem(&me(&gateway, "Bearer nonsense"), 401, "gateway:unauthenticated");
    assert_eq!(users.requests().len(), 1);
}

#[test]
fn customers_are_counted_apart_when_they_look_at_profiles() {
    let (users, cards) = users();
    let gateway = gateway(&[("USERS_URL", &users), ("LOYALTY_URL", &cards)]);
    let statuses = |sub| [0; 6].map(|_| me(&gateway, &token(sub, &json!({}))).status);
    // A limit comes back while it is counted, so the sixth may have waited long enough.
    let [first @ .., last] = statuses(ANN);
    assert_eq!((first, [200, 429].contains(&last)), ([200; 5], true));
    let burst: Vec<Answer> = (0..10).map(|_| me(&gateway, &token(ANN, &json!({})))).collect();
    let refused = burst.iter().find(|one| one.status == 429).expect("too many");
    problem(refused, 429, "gateway:limit-reached");
    assert!(
        refused
            .header("ratelimit-policy")
            .is_some_and(|said| said.contains("\"customer\";q=5;w=1"))
    );
    assert_eq!(me(&gateway, &token(BEN, &json!({}))).status, 200, "Ben is another");
}

#[test]
fn ten_orders_a_minute_and_no_more() {
    let pricing = Backend::start().answer("POST", "/quotes", 200, r#"{"id":"q1"}"#);
    let orders = Backend::start().answer(
        "POST",
        "/orders",
        201,
        r#"{"id":"4be0643f-1d98-473b-97cd-ca98a65347dd","status":"packed","total":{"amount":1.00,
            "currency":"EUR"},"lines":[],"placed_at":"2026-11-23T10:00:00Z"}"#,
    );
    let gateway = gateway(&[("PRICING_URL", &pricing), ("ORDERS_URL", &orders)]);
    let ann = token(ANN, &json!({}));
    let first = order(&gateway, &ann, 0);
    assert_eq!((first.status, &value(&first)["status"]), (201, &json!("unknown")));
    let place = "/v2/orders/4be0643f-1d98-473b-97cd-ca98a65347dd";
    assert_eq!(first.header("location"), Some(place));
    let received = orders.wait_for(1).remove(0);
    assert_eq!(received.header("x-api-key"), Some("checkout"));
    assert_eq!(received.header("idempotency-key"), Some("0b9f3c52-6d1c-4b2e-8a44-000000000000"));
    assert_eq!(received.header("authorization"), None, "the token is between customer and shop");
    assert!((1..10).all(|key| order(&gateway, &ann, key).status == 201));
    let refused = order(&gateway, &ann, 10);
    problem(&refused, 429, "gateway:limit-reached");
    let wait = refused.header("retry-after").and_then(|text| text.parse::<u64>().ok());
    assert!(wait.is_some_and(|seconds| (1..=6).contains(&seconds)), "{wait:?}");
    assert_eq!((pricing.requests().len(), orders.requests().len()), (10, 10));
    assert_eq!(order(&gateway, &token(BEN, &json!({})), 11).status, 201);
}

#[test]
fn an_order_needs_what_it_is_granted_with() {
    let pricing = Backend::start();
    let gateway = gateway(&[("PRICING_URL", &pricing)]);
    for scope in [json!("orders:read"), json!(""), json!(["orders"]), json!("orders:writer")] {
        let answer = order(&gateway, &token(ANN, &json!({"scope": scope})), 0);
        problem(&answer, 403, "gateway:forbidden");
        assert!(
            answer.header("www-authenticate").is_some_and(|said| said.contains("orders:write"))
        );
    }
    assert!(pricing.requests().is_empty());
}

#[test]
fn what_is_missing_is_told_and_nobody_is_charged() {
    let pricing = Backend::start().answer("POST", "/quotes", 409, r#"{"missing":["p_1a2b3c4d"]}"#);
    let orders = Backend::start();
    let gateway = gateway(&[("PRICING_URL", &pricing), ("ORDERS_URL", &orders)]);
    let answer = order(&gateway, &token(ANN, &json!({})), 0);
    let told = value(&answer);
    assert_eq!((answer.status, &told["type"]), (409, &json!("urn:problem:shop:out-of-stock")));
    assert_eq!(told["skus"], json!(["p_1a2b3c4d"]));
    assert!(orders.requests().is_empty());
}

/// A search is limited by a clause of its own, which stands in place of that of the whole shop.
#[test]
fn an_address_searches_twenty_times_at_once_and_asks_fifty_times_for_the_rest() {
    let shop = shop(Duration::ZERO, Duration::ZERO);
    let search = |n: usize| shop.get(&format!("/v2/search?q={n}")).status;
    let begin = std::time::Instant::now();
    let passed = (0..40).filter(|n| search(*n) != 429).count();
    let more = usize::try_from(begin.elapsed().as_millis() / 50).expect("a small number") + 1;
    assert!((20..=20 + more).contains(&passed), "{passed} of at most {}", 20 + more);
    assert_eq!(shop.get(V2).status, 200, "that counts apart");
    let begin = std::time::Instant::now();
    let passed = (0..120).filter(|_| shop.get(V2).status == 200).count();
    let more = usize::try_from(begin.elapsed().as_millis() / 20).expect("a small number") + 1;
    assert!((49..=50 + more).contains(&passed), "{passed} of at most {}", 50 + more);
}

#[test]
fn five_failures_leave_a_catalogue_alone() {
    let catalog = (0..9).fold(Backend::start(), |backend, n| {
        backend.answer("GET", &format!("/items/p_0000000{n}"), 500, "{}")
    });
    let gateway = gateway(&[("CATALOG_URL", &catalog)]);
    let page = |n: u32| get(gateway.address(), &format!("/v2/products/p_0000000{n}"));
    let statuses: Vec<u16> = (0..5).map(|n| page(n).status).collect();
    assert_eq!(statuses, [502; 5]);
    for n in 5..9 {
        let answer = page(n);
        problem(&answer, 503, "gateway:backend-unavailable");
        assert!(answer.header("retry-after").is_some());
    }
    assert_eq!(catalog.requests().len(), 5, "the rest was spared");
}

/// Reviews have a breaker, too, and what stands in for them does not wait for it.
#[test]
fn reviews_that_hang_are_given_up_and_the_page_is_quick_again() {
    let catalog = (0..8).fold(Backend::start(), |backend, n| {
        let item = ITEM.replace("p_1a2b3c4d", &format!("p_0000000{n}"));
        backend.answer("GET", &format!("/items/p_0000000{n}"), 200, &item)
    });
    let reviews = (0..8).fold(Backend::start(), |backend, n| {
        let path = format!("/ratings?sku=p_0000000{n}&limit=3");
        backend.slow("GET", &path, Duration::from_secs(3), RATINGS)
    });
    let gateway = gateway(&[("CATALOG_URL", &catalog), ("REVIEWS_URL", &reviews)]);
    let page = |n: u32| timed(&gateway, &format!("/v2/products/p_0000000{n}"));
    for n in 0..5 {
        let (answer, took) = page(n);
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert!(took >= Duration::from_millis(180), "it had its 200 ms: {took:?}");
    }
    let quickest = (5..8).map(|n| page(n).1).min().expect("three");
    assert!(quickest < Duration::from_millis(150), "{quickest:?}");
    assert_eq!(reviews.requests().len(), 5);
}
