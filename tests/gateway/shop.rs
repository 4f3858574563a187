//! The shop: a product page made of three backends, in two versions.

use std::time::Duration;

use gatewright_runtime::testing::{Answer, Backend, Gateway, Running, get, send};
use serde_json::json;

use crate::ask::{NOBODY, fetch, names, problem, timed, value};
use crate::contracts::shop::CONTRACT;

const ITEM: &str = r#"{"id":"p_1a2b3c4d","name":"Shoes","cost":12.00,
    "pricing":{"gross":{"amount":59.90,"currency":"EUR"},"net":{"amount":50.34,"currency":"EUR"}}}"#;
const RATINGS: &str = r#"{"average":4.5,"entries":[
    {"user":{"nick":"Ann","mail":"ann@example.com"},"stars":5,"text":"good"},
    {"user":{"nick":"Bob"},"stars":4,"text":null}]}"#;
const RATINGS_PATH: &str = "/ratings?sku=p_1a2b3c4d&limit=3";
const V1: &str = "/v1/products/p_1a2b3c4d";
const V2: &str = "/v2/products/p_1a2b3c4d";

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
    let env = [
        ("CATALOG_URL", catalog.url()),
        ("REVIEWS_URL", reviews.url()),
        ("STOCK_URL", stock.url()),
        ("SEARCH_URL", NOBODY.to_owned()),
    ];
    let gateway =
        Gateway::start(&CONTRACT, &env.each_ref().map(|(name, url)| (*name, url.as_str())));
    Shop { catalog, reviews, stock, gateway }
}

impl Shop {
    fn get(&self, target: &str) -> Answer {
        get(self.gateway.address(), target)
    }
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
    let mut env = vec![("SEARCH_URL", finder.url())];
    env.extend(["CATALOG_URL", "REVIEWS_URL", "STOCK_URL"].map(|name| (name, NOBODY.to_owned())));
    let env: Vec<_> = env.iter().map(|(name, url)| (*name, url.as_str())).collect();
    let gateway = Gateway::start(&CONTRACT, &env);
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
