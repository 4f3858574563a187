//! Answers that are used again: by whom, for how long, what callers are told, and when not.

use std::thread::sleep;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use gatewright_runtime::testing::{Answer, Backend, Client, Gateway, Running, get, send};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};

use crate::ask::{fetch, problem, value};
use crate::contracts::kept::CONTRACT;

const ITEM: &str = r#"{"name":"a"}"#;
const SECRET: &str = "a secret of thirty-two bytes and more";
/// The SHA-256 of `staff-key-1` and `web-key`.
const STAFF_KEYS: &str = "\
    alice:29c5964b10164845ab1f9ce6c75bd3c0d19515b125bce6f0fa183593414c77a2,\
    web:fe372517ad18bd4ef08c931b6f58a73a1e10ad754cc729a8ccd705be55c47fbd";
const ALICE: (&str, &str) = ("X-Api-Key", "staff-key-1");
const WEB: (&str, &str) = ("X-Api-Key", "web-key");

fn start(items: &Backend, more: &[(&str, &str)]) -> Running {
    let url = items.url();
    let env = [("ITEMS_URL", url.as_str()), ("STAFF_KEYS", STAFF_KEYS), ("SERVICE_SECRET", SECRET)];
    Gateway::start(&CONTRACT, &[&env[..], more].concat())
}

fn ask(gateway: &Running, target: &str, headers: &[(&str, &str)]) -> Answer {
    send(gateway.address(), "GET", target, headers, b"")
}

/// A backend that answers one target with these header fields.
fn telling(target: &str, fields: &str) -> Backend {
    let length = ITEM.len();
    let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n{fields}\r\n\r\n{ITEM}");
    Backend::start().raw_open("GET", target, answer.as_bytes())
}

fn token(changed: Value) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is later than 1970");
    let mut claims = json!({
        "iss": "https://id.example", "aud": "app", "sub": "s1", "tenant": "t1",
        "exp": now.as_secs() + 300
    });
    for (name, value) in changed.as_object().expect("a record") {
        claims[name] = value.clone();
    }
    let key = EncodingKey::from_secret(SECRET.as_bytes());
    format!("Bearer {}", encode(&Header::new(Algorithm::HS256), &claims, &key).expect("a token"))
}

#[test]
fn an_answer_is_made_once_and_says_how_old_it_is() {
    let items = Backend::start().answer("GET", "/items/a", 200, ITEM);
    let gateway = start(&items, &[]);
    let made = get(gateway.address(), "/v1/items/a");
    assert_eq!(made.header("cache-control"), Some("private, max-age=60"), "it reads a cookie");
    assert_eq!(made.headers("vary"), ["Accept-Language, Cookie"]);
    assert_eq!(made.header("cache-status"), Some("gatewright; fwd=miss; stored"));
    assert_eq!(made.header("age"), None);
    let tag = made.header("etag").expect("a tag").to_owned();
    assert!(tag.starts_with('"') && tag.len() == 34, "{tag}");
    sleep(Duration::from_millis(1100));
    let kept = get(gateway.address(), "/v1/items/a");
    assert_eq!((kept.status, kept.text()), (200, made.text()));
    assert_eq!(kept.header("age"), Some("1"));
    assert_eq!(kept.header("cache-status"), Some("gatewright; hit; ttl=59"));
    for name in ["etag", "cache-control", "vary", "content-type"] {
        assert_eq!(kept.headers(name), made.headers(name), "{name}");
    }
    assert_ne!(kept.header("x-request-id"), made.header("x-request-id"));
    let head = send(gateway.address(), "HEAD", "/v1/items/a", &[], b"");
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!((head.header("content-length"), head.header("etag")), (Some("12"), Some(&*tag)));
    assert_eq!(items.requests().len(), 1);
    let open = get(gateway.address(), "/v1/lax?q=1&x=2");
    assert_eq!(open.status, 502, "what fails says so");
    assert_eq!(open.header("cache-control"), Some("no-store"));
}

#[test]
fn caches_on_the_way_may_keep_what_is_public() {
    let items = Backend::start()
        .answer("GET", "/lax", 200, ITEM)
        .answer("GET", "/items/a", 200, ITEM)
        .answer("GET", "/common", 200, ITEM);
    let gateway = start(&items, &[]);
    let control = |target: &str, headers: &[(&str, &str)]| {
        let answer = ask(&gateway, target, headers);
        assert_eq!(answer.status, 200, "{target}: {}", answer.text());
        (answer.header("cache-control").map(str::to_owned), answer.headers("vary").join("+"))
    };
    let says = |text: &str, vary: &str| (Some(text.to_owned()), vary.to_owned());
    assert_eq!(control("/v1/lax", &[]), says("public, max-age=60", ""));
    let stale = "public, max-age=0, stale-while-revalidate=60, stale-if-error=60";
    assert_eq!(control("/v1/short/a", &[]), says(stale, ""));
    assert_eq!(control("/v1/never", &[]), says("no-store", ""));
    assert_eq!(control("/v1/staff/items/a", &[ALICE]), says("private, max-age=60", "x-api-key"));
    let token = token(json!({}));
    let bearer = [("Authorization", token.as_str())];
    assert_eq!(control("/v1/common", &bearer), says("private, max-age=60", "Authorization"));
}

#[test]
fn who_has_it_already_is_told_so() {
    let items = Backend::start()
        .answer("GET", "/items/a", 200, ITEM)
        .answer("GET", "/items/b", 404, "")
        .answer("GET", "/tagged", 200, ITEM);
    let gateway = start(&items, &[]);
    let tag = get(gateway.address(), "/v1/items/a").header("etag").expect("a tag").to_owned();
    let (weak, among) = (format!("W/{tag}"), format!("\"x,y\" , W/{tag}"));
    for method in ["GET", "HEAD"] {
        for condition in [tag.as_str(), &weak, &among, "*"] {
            let headers = [("If-None-Match", condition)];
            let answer = send(gateway.address(), method, "/v1/items/a", &headers, b"");
            assert_eq!((answer.status, answer.body.len()), (304, 0), "{condition}");
            assert_eq!(answer.header("etag"), Some(tag.as_str()));
            assert_eq!(answer.header("cache-control"), Some("private, max-age=60"));
            assert_eq!(answer.headers("vary"), ["Accept-Language, Cookie"]);
            assert!(answer.header("age").is_some() && answer.header("x-request-id").is_some());
            assert_eq!(answer.header("content-type"), None);
            assert!(answer.header("content-length").is_none_or(|length| length == "12"));
        }
    }
    for condition in ["\"x\"", "x", "", "\"x\", *"] {
        let answer = ask(&gateway, "/v1/items/a", &[("If-None-Match", condition)]);
        assert_eq!((answer.status, answer.text().as_str()), (200, ITEM), "{condition}");
    }
    // The connection goes on behind an answer without a body.
    let mut client = Client::connect(gateway.address());
    for status in [304, 200, 304] {
        let headers = [("If-None-Match", if status == 304 { tag.as_str() } else { "\"x\"" })];
        client.request("GET", "/v1/items/a", &headers, b"");
        assert_eq!(client.answer("GET").expect("an answer").status, status);
    }
    // An error has no tag, so nobody has it.
    let answer = ask(&gateway, "/v1/items/b", &[("If-None-Match", "*")]);
    assert_eq!((answer.status, answer.header("etag")), (404, None));
    // A tag that the contract takes from elsewhere is the only one.
    for status in [200, 304] {
        let headers = [("If-None-Match", if status == 304 { "\"a\"" } else { "\"b\"" })];
        let answer = ask(&gateway, "/v1/tagged", &headers);
        assert_eq!((answer.status, answer.headers("etag")), (status, vec!["\"a\""]));
    }
}

#[test]
fn all_that_makes_a_difference_is_told_apart_and_nothing_else() {
    let items = Backend::start()
        .answer("GET", "/items/a", 200, ITEM)
        .answer("GET", "/items/a%2Fb", 200, ITEM)
        .answer("GET", "/files/a/b", 200, ITEM)
        .answer("GET", "/files/a%2Fb", 200, ITEM)
        .answer("GET", "/commas?id=a&id=b", 200, ITEM)
        .answer("GET", "/commas?id=a%2Cb", 200, ITEM)
        .answer("GET", "/lax?q=1", 200, ITEM);
    // Whatever else is asked of it is 404, which is kept as well.
    let gateway = start(&items, &[]);
    let made = |target: &str, headers: &[(&str, &str)]| {
        let before = items.requests().len();
        ask(&gateway, target, headers);
        items.requests().len() - before
    };
    for (target, headers, new) in [
        ("/v1/items/a", &[][..], 1),
        ("/v1/items/%61", &[], 0),
        ("/v1/items/a?", &[], 0),
        ("/v1/items/A", &[], 1),
        ("/v1/items/a%2Fb", &[], 1),
        ("/v1/items/a%2fb", &[], 0),
        ("/v1/files/a/b", &[], 1),
        ("/v1/files/a%2Fb", &[], 1),
        // In whatever order they are sent, but for the values of one.
        ("/v1/items/a?by=x&tag=p&tag=q", &[], 1),
        ("/v1/items/a?tag=p&by=%78&tag=q", &[], 0),
        ("/v1/items/a?by=x&tag=q&tag=p", &[], 1),
        ("/v1/items/a?by=xtag&tag=p&tag=q", &[], 1),
        ("/v1/items/a?tag=px&tag=q", &[], 1),
        ("/v1/items/a?tag=p&tag=xq", &[], 1),
        ("/v1/items/a?tag=pxq", &[], 1),
        ("/v1/items/a?by=", &[], 1),
        ("/v1/items/a?by=a+b", &[], 1),
        ("/v1/items/a?by=a%20b", &[], 0),
        // Encoded commas are part of a value.
        ("/v1/commas?ids=a,b", &[], 1),
        ("/v1/commas?ids=a%2Cb", &[], 1),
        ("/v1/commas?ids=a%2cb", &[], 0),
        // What is declared, and sent to a backend.
        ("/v1/items/a", &[("Accept-Language", "de")], 1),
        ("/v1/items/a", &[("accept-language", "de")], 0),
        ("/v1/items/a", &[("Accept-Language", "DE")], 1),
        ("/v1/items/a", &[("Cookie", "shade=red; other=1")], 1),
        ("/v1/items/a", &[("Cookie", "other=2;shade=red")], 0),
        ("/v1/items/a", &[("Cookie", "other=2;shade=blue")], 1),
        ("/v1/items/a", &[("Cookie", "Shade=red")], 0),
        // What is not declared.
        ("/v1/items/a", &[("Host", "evil.example"), ("X-Forwarded-Host", "evil.example")], 0),
        ("/v1/items/a", &[("Authorization", "Bearer x"), ("X-Anything", "1")], 0),
        ("/v1/items/a", &[("Cache-Control", "no-cache, max-age=0"), ("Pragma", "no-cache")], 0),
        ("/v1/items/a", &[("Accept", "text/html"), ("Range", "bytes=0-1")], 0),
        ("/v1/lax?q=1", &[], 1),
        ("/v1/lax?q=1&utm=2", &[], 0),
    ] {
        assert_eq!(made(target, headers), new, "{target} {headers:?}");
    }
}

#[test]
fn what_is_refused_is_refused_whatever_is_kept() {
    let items = Backend::start().answer("GET", "/items/a", 200, ITEM);
    let gateway = start(&items, &[]);
    for _ in 0..2 {
        assert_eq!(fetch(&gateway, "/v1/items/a"), json!({"name": "a"}));
        for target in ["/v1/items/a?x=1", "/v1/items/a?by=1&by=2", "/v1/items/a?BY=1"] {
            problem(&get(gateway.address(), target), 400, "gateway:invalid-request");
        }
        let two = [("Cookie", "shade=red; shade=blue")];
        problem(&ask(&gateway, "/v1/items/a", &two), 400, "gateway:invalid-request");
        problem(&get(gateway.address(), "/v1/items/a/"), 404, "gateway:no-route");
    }
    assert_eq!(items.requests().len(), 1);
}

#[test]
fn no_request_says_who_asks_where_the_answer_is_for_others_too() {
    let items =
        Backend::start().answer("GET", "/items/a", 200, ITEM).answer("POST", "/items", 204, "");
    let gateway = start(&items, &[]);
    ask(&gateway, "/v1/items/a", &[("Host", "evil.example"), ("X-Forwarded-Host", "evil.example")]);
    send(gateway.address(), "POST", "/v1/items", &[], b"");
    let who = ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto"];
    let requests = items.requests();
    let [kept, posted] = requests.as_slice() else { unreachable!("{requests:?}") };
    assert!(who.iter().all(|name| kept.header(name).is_none()), "{kept:?}");
    assert!(posted.header("forwarded").is_some());
}

#[test]
fn everybody_asks_at_once_and_one_request_is_made() {
    let items = Backend::start().slow("GET", "/items/a", Duration::from_millis(400), ITEM);
    let gateway = start(&items, &[("CORES", "2")]);
    let mut callers: Vec<Client> = (0..1000).map(|_| Client::connect(gateway.address())).collect();
    callers.iter_mut().for_each(|caller| caller.request("GET", "/v1/items/a", &[], b""));
    // The first leaves, whom all others wait for.
    callers.remove(0);
    let mut from = [0; 2];
    for caller in &mut callers {
        let answer = caller.answer("GET").expect("an answer");
        assert_eq!((answer.status, answer.text().as_str()), (200, ITEM));
        let shared = answer.header("cache-status") == Some("gatewright; fwd=miss; collapsed");
        from[usize::from(shared)] += 1;
    }
    assert_eq!(items.requests().len(), 1);
    assert!(from[1] > 100, "{from:?}");
}

#[test]
fn those_who_waited_for_a_failure_all_get_it_and_nobody_later() {
    let items = Backend::start().slow("GET", "/items/b", Duration::from_millis(300), "{}");
    let gateway = start(&items, &[]);
    for round in 1..3 {
        let mut callers: Vec<Client> =
            (0..20).map(|_| Client::connect(gateway.address())).collect();
        callers.iter_mut().for_each(|caller| caller.request("GET", "/v1/items/b", &[], b""));
        for caller in &mut callers {
            problem(&caller.answer("GET").expect("an answer"), 502, "gateway:backend-failed");
        }
        assert_eq!(items.requests().len(), round);
    }
}

#[test]
fn only_what_is_whole_is_kept() {
    let items = Backend::start()
        .answer("GET", "/items/a", 200, ITEM)
        .answer("GET", "/items/b", 503, "")
        .answer("GET", "/items/c", 500, "")
        .answer("GET", "/items/d", 404, "");
    let gateway = start(&items, &[]);
    let made = |target: &str| {
        let before = items.requests().len();
        let answer = get(gateway.address(), target);
        (answer, items.requests().len() - before)
    };
    // A stand-in is told to nobody but who asks, and so are failures, declared or not.
    for _ in 0..2 {
        let (answer, asked) = made("/v1/both/a");
        assert_eq!((value(&answer), asked), (json!({"name": "a", "level": 0}), 2));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(answer.header("fallback"), Some("level"));
        problem(&made("/v1/items/b").0, 503, "kept:broken");
        let (answer, asked) = made("/v1/items/c");
        problem(&answer, 502, "gateway:backend-failed");
        assert_eq!((asked, answer.header("cache-control")), (1, Some("no-store")));
    }
    // That something is not there is as good as what is there, with an id of its own.
    let (first, asked) = made("/v1/items/d");
    let (second, again) = made("/v1/items/d");
    assert_eq!((asked, again), (1, 0));
    assert_eq!(second.header("cache-control"), Some("private, max-age=60"));
    for answer in [&first, &second] {
        assert_eq!(
            (answer.status, value(answer)["type"].as_str()),
            (404, Some("urn:problem:kept:not-found"))
        );
        let id = answer.header("x-request-id").expect("an id");
        assert_eq!(value(answer)["instance"], format!("urn:request:{id}"));
    }
    // What changes something is made each time.
    for _ in 0..2 {
        let before = items.requests().len();
        send(gateway.address(), "POST", "/v1/items", &[], b"");
        assert_eq!(items.requests().len() - before, 1);
    }
    assert_eq!((made("/v1/never").1, made("/v1/never").1), (1, 1));
}

#[test]
fn a_backend_has_a_say() {
    for (fields, asked, control) in [
        ("Cache-Control: no-store", 2, "no-store"),
        ("Cache-Control: private, max-age=60", 2, "no-store"),
        ("Cache-Control: no-cache", 2, "no-store"),
        ("Cache-Control: max-age=0", 2, "no-store"),
        ("Vary: *", 2, "no-store"),
        ("Vary: X-Forwarded-For", 2, "no-store"),
        ("Cache-Control: public, max-age=5\r\nVary: Accept", 1, "public, max-age=5"),
        ("Cache-Control: max-age=600", 1, "public, max-age=60"),
        ("Cache-Control: max-age=60\r\nAge: 50", 1, "public, max-age=10"),
        // What it sets is nothing that an answer is made of.
        ("Set-Cookie: session=1", 1, "public, max-age=60"),
    ] {
        for (target, twice) in [("/lax", "/v1/lax"), ("/items/a", "/v1/twice/a")] {
            let items = telling(target, fields);
            let gateway = start(&items, &[]);
            for _ in 0..2 {
                let answer = get(gateway.address(), twice);
                assert_eq!((answer.status, answer.text().as_str()), (200, ITEM));
                // What a result has of its time left is less than what it came with.
                let told = answer
                    .header("cache-control")
                    .map(|told| told.replace("=4", "=5").replace("=9", "=10"));
                assert_eq!(told.as_deref(), Some(control), "{twice} {fields}");
                assert_eq!(answer.header("set-cookie"), None);
            }
            assert_eq!(items.requests().len(), asked, "{twice} {fields}");
        }
    }
}

#[test]
fn what_is_stale_is_given_while_a_new_one_is_made() {
    let items = Backend::start().answer("GET", "/items/a", 200, ITEM);
    let gateway = start(&items, &[]);
    get(gateway.address(), "/v1/short/a");
    let hit = get(gateway.address(), "/v1/short/a");
    assert_eq!(hit.header("cache-status"), Some("gatewright; hit; ttl=0"));
    assert_eq!(items.requests().len(), 1);
    sleep(Duration::from_millis(1100));
    let stale = get(gateway.address(), "/v1/short/a");
    assert_eq!(
        (stale.header("age"), stale.header("cache-status")),
        (Some("1"), Some("gatewright; hit; ttl=-1"))
    );
    items.wait_for(2);
    // A backend that is gone is not missed for as long as that.
    items.refuse();
    sleep(Duration::from_millis(150));
    for _ in 0..3 {
        assert_eq!(fetch(&gateway, "/v1/short/a"), json!({"name": "a"}));
        sleep(Duration::from_millis(20));
    }
}

#[test]
fn who_calls_is_looked_at_whatever_is_kept() {
    let items = Backend::start()
        .answer("GET", "/items/a", 200, ITEM)
        .answer("GET", "/mine/alice", 200, r#"{"name":"hers"}"#)
        .answer("GET", "/mine/web", 200, r#"{"name":"its"}"#);
    let gateway = start(&items, &[]);
    for _ in 0..2 {
        for key in [ALICE, WEB] {
            assert_eq!(value(&ask(&gateway, "/v1/staff/items/a", &[key])), json!({"name": "a"}));
        }
        for headers in [&[][..], &[("X-Api-Key", "no-key")]] {
            let answer = ask(&gateway, "/v1/staff/items/a", headers);
            problem(&answer, 401, "gateway:unauthenticated");
        }
    }
    assert_eq!(items.requests().len(), 1, "it is the same for all who may see it");
    let mine = |key| ask(&gateway, "/v1/staff/mine", &[key]);
    assert_eq!(value(&mine(ALICE)), json!({"name": "hers", "by": "alice"}));
    let answer = mine(ALICE);
    assert_eq!(value(&answer), json!({"name": "hers", "by": "alice"}));
    assert_eq!(answer.header("cache-control"), Some("private, max-age=60"));
    assert_eq!(answer.headers("vary"), ["x-api-key"]);
    assert_eq!(items.requests().len(), 2);
    // What is kept counts against limits like anything else.
    problem(&mine(ALICE), 429, "gateway:limit-reached");
}

#[test]
fn each_caller_has_answers_of_their_own() {
    let items = Backend::start()
        .answer("GET", "/tenants/t1", 200, r#"{"name":"one"}"#)
        .answer("GET", "/tenants/t2", 200, r#"{"name":"two"}"#)
        .answer("GET", "/common", 200, ITEM);
    let gateway = start(&items, &[]);
    let ask =
        |target: &str, changed: Value| ask(&gateway, target, &[("Authorization", &token(changed))]);
    for (changed, name, asked) in [
        (json!({}), "one", 1),
        // A new token of the same caller.
        (json!({"jti": "2"}), "one", 1),
        // The same caller, of whom something else is known.
        (json!({"tenant": "t2"}), "two", 2),
        (json!({"sub": "s2"}), "one", 3),
        (json!({"sub": "s2", "tenant": "t2"}), "two", 4),
        (json!({}), "one", 4),
    ] {
        let answer = ask("/v1/tenant", changed.clone());
        assert_eq!(value(&answer)["name"], name, "{changed}");
        assert_eq!(items.requests().len(), asked, "{changed}");
    }
    // What a token must say, it must say though an answer is there.
    assert_eq!(ask("/v1/common", json!({})).status, 200);
    assert_eq!(ask("/v1/common", json!({"sub": "s2"})).header("age"), Some("0"));
    problem(&ask("/v1/common", json!({"level": 10})), 401, "gateway:unauthenticated");
    problem(&ask("/v1/tenant", json!({"level": 10})), 401, "gateway:unauthenticated");
}

#[test]
fn nothing_is_kept_where_the_operator_says_so() {
    let items = Backend::start().answer("GET", "/items/a", 200, ITEM);
    let gateway = start(&items, &[("CACHE_MB", "0")]);
    for asked in 1..4 {
        let answer = get(gateway.address(), "/v1/items/a");
        assert_eq!((answer.status, items.requests().len()), (200, asked));
    }
}

#[test]
fn keys_at_random_take_no_more_room_than_there_is() {
    let text = "x".repeat(20_000);
    let body = format!(r#"{{"text":"{text}"}}"#);
    let mut items = Backend::start();
    for id in 0..120 {
        items = items.answer("GET", &format!("/long/{id}"), 200, &body);
    }
    let gateway = start(&items, &[("CACHE_MB", "1")]);
    let mut client = Client::connect(gateway.address());
    for round in 0..3 {
        for id in 0..120 {
            let target = format!("/v1/long/{}", (id * 7 + round) % 120);
            client.request("GET", &target, &[], b"");
            assert_eq!(client.answer("GET").expect("an answer").status, 200);
        }
    }
    let metrics = get(gateway.operator(), "/metrics").text();
    let sample = |name: &str| -> u64 {
        let line = metrics.lines().find(|line| line.starts_with(name)).expect("a sample");
        line.rsplit(' ').next().and_then(|number| number.parse().ok()).expect("a number")
    };
    let (used, limit) =
        (sample("gatewright_cache_bytes "), sample("gatewright_cache_limit_bytes "));
    assert!(limit == 1_000_000 && (limit / 4..=limit).contains(&used), "{used} of {limit}");
}

#[test]
fn it_is_counted_where_answers_come_from() {
    let items = Backend::start().answer("GET", "/items/a", 200, ITEM);
    let gateway = start(&items, &[]);
    for _ in 0..3 {
        fetch(&gateway, "/v1/items/a");
        fetch(&gateway, "/v1/short/a");
    }
    sleep(Duration::from_millis(150));
    fetch(&gateway, "/v1/short/a");
    get(gateway.address(), "/v1/items/a?x=1");
    let metrics = get(gateway.operator(), "/metrics").text();
    let labels = |endpoint: &str, from: &str| {
        format!(
            "gatewright_reused_answers_total{{method=\"GET\",endpoint=\"{endpoint}\",version=\"1\",from=\"{from}\"}}"
        )
    };
    for (endpoint, from, count) in [
        ("/v1/items/{id}", "hit", 2),
        ("/v1/items/{id}", "miss", 1),
        ("/v1/items/{id}", "unkept", 1),
        ("/v1/items/{id}", "shared", 0),
        ("/v1/short/{id}", "hit", 2),
        ("/v1/short/{id}", "stale", 1),
        ("/v1/short/{id}", "miss", 1),
    ] {
        let line = format!("{} {count}", labels(endpoint, from));
        assert!(metrics.lines().any(|one| one == line), "{line}\n{metrics}");
    }
}
