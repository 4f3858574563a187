//! Limits of calls: who is refused, from when to when, and what callers are told.

use std::thread::sleep;
use std::time::{Duration, Instant};

use gatewright_runtime::testing::{Answer, Backend, Client, Gateway, Running, get, send};

use crate::ask::{JSON, problem};
use crate::contracts::limits::CONTRACT;

const VALUE: &str = r#"{"value":1}"#;

/// A backend that answers everything, and a gateway before it.
fn start(env: &[(&str, &str)]) -> (Backend, Running) {
    let targets = ["/one", "/two", "/own/a", "/own/b", "/quick", "/free", "/rare", "/a", "/b"];
    let store = targets
        .iter()
        .fold(Backend::start(), |store, target| store.answer("GET", target, 200, VALUE))
        .answer("POST", "/both", 200, "{}");
    let url = store.url();
    let env: Vec<_> =
        [("STORE_URL", url.as_str())].into_iter().chain(env.iter().copied()).collect();
    let gateway = Gateway::start(&CONTRACT, &env);
    (store, gateway)
}

fn statuses(gateway: &Running, targets: &[&str]) -> Vec<u16> {
    targets.iter().map(|target| get(gateway.address(), target).status).collect()
}

fn both(gateway: &Running, client: &str) -> Answer {
    let headers = [JSON, ("X-Client", client)];
    send(gateway.address(), "POST", "/v1/both", &headers, br#"{"value":1}"#)
}

#[test]
fn a_burst_is_let_through_and_not_one_more() {
    let (store, gateway) = start(&[]);
    assert_eq!(statuses(&gateway, &["/v1/own/a", "/v1/own/b", "/v1/own/a"]), [200, 200, 429]);
    assert_eq!(store.requests().len(), 2, "who is refused reaches no backend");
    let refused = get(gateway.address(), "/v1/own/a");
    let document = problem(&refused, 429, "gateway:limit-reached");
    assert_eq!(
        document["detail"],
        "`RateLimit-Policy` says what `ip` allows, `Retry-After` when to come back"
    );
    // One call a second comes back.
    assert_eq!(refused.header("retry-after"), Some("1"));
    assert_eq!(refused.header("ratelimit-policy"), Some("\"ip\";q=60;w=60;gatewright-burst=2"));
    assert_eq!(refused.header("ratelimit"), Some("\"ip\";r=0;t=2"));
}

#[test]
fn every_answer_says_what_is_left() {
    let (_store, gateway) = start(&[]);
    let answer = get(gateway.address(), "/v1/one");
    assert_eq!(answer.header("ratelimit-policy"), Some("\"ip\";q=6;w=60"));
    assert_eq!(answer.header("ratelimit"), Some("\"ip\";r=5;t=10"));
    // One that is wrong counts, too: it took work to find that out.
    let answer = get(gateway.address(), "/v1/two?what=ever");
    assert_eq!((answer.status, answer.header("ratelimit")), (400, Some("\"ip\";r=4;t=20")));
    let answer = get(gateway.address(), "/v1/free");
    assert_eq!((answer.status, answer.header("ratelimit")), (200, None));
    assert_eq!(answer.header("ratelimit-policy"), None);
    // All limits of an endpoint are told of.
    let answer = both(&gateway, "a");
    assert_eq!(
        answer.header("ratelimit-policy"),
        Some("\"all\";q=3;w=60, \"header x-client\";q=2;w=60, \"ip\";q=100;w=60")
    );
    assert_eq!(
        answer.header("ratelimit"),
        Some("\"all\";r=2;t=20, \"header x-client\";r=1;t=30, \"ip\";r=99;t=1")
    );
}

#[test]
fn what_time_frees_can_be_used_again() {
    let (_store, gateway) = start(&[]);
    let start = Instant::now();
    let mut passed = 0;
    while start.elapsed() < Duration::from_millis(1_020) {
        passed += u64::from(get(gateway.address(), "/v1/quick").status == 200);
        sleep(Duration::from_millis(2));
    }
    // Twenty a second, one at a time: never more than one at once and one each 50 ms, wherever the
    // test begins to count.
    let most = 1 + start.elapsed().as_millis() / 50;
    assert!(u128::from(passed) <= most && passed >= 12, "{passed} of at most {most}");
}

#[test]
fn a_limit_of_the_api_counts_all_its_endpoints_together() {
    let (_store, gateway) = start(&[("CORES", "2")]);
    let targets = ["/v1/one", "/v1/two", "/v2/one", "/v2/two", "/v1/one", "/v1/two"];
    assert_eq!(statuses(&gateway, &targets), [200; 6]);
    assert_eq!(statuses(&gateway, &targets), [429; 6]);
    // What has a limit of its own is not counted there.
    assert_eq!(statuses(&gateway, &["/v1/own/a", "/v1/quick", "/v1/free"]), [200; 3]);
}

#[test]
fn versions_count_apart_and_may_allow_more() {
    let (_store, gateway) = start(&[]);
    assert_eq!(statuses(&gateway, &["/v1/own/a"; 3]), [200, 200, 429]);
    assert_eq!(statuses(&gateway, &["/v2/own/a"; 4]), [200, 200, 200, 429]);
}

#[test]
fn blocks_and_groups_count_together() {
    let (_store, gateway) = start(&[]);
    let admin = ["/v1/admin/a", "/v1/admin/b", "/v1/admin/a", "/v1/admin/b", "/v2/admin/a"];
    assert_eq!(statuses(&gateway, &admin), [200, 200, 200, 429, 200]);
    // The group has three, of which one endpoint may take two.
    let group = ["/v1/group/a", "/v1/group/a", "/v1/group/a", "/v1/group/b", "/v1/group/b"];
    assert_eq!(statuses(&gateway, &group), [200, 200, 429, 200, 429]);
}

#[test]
fn a_policy_counts_where_it_is_used() {
    let (_store, gateway) = start(&[]);
    let targets = ["/v1/rare", "/v1/rare", "/v1/rare", "/v1/scarce", "/v1/scarce", "/v1/scarce"];
    assert_eq!(statuses(&gateway, &targets), [200, 200, 429, 200, 200, 429]);
}

#[test]
fn all_limits_of_an_endpoint_hold_and_refusals_cost_nothing() {
    let (_store, gateway) = start(&[]);
    let asked = |client: &str| both(&gateway, client).status;
    assert_eq!([asked("a"), asked("a"), asked("a"), asked("a")], [204, 204, 429, 429]);
    // The two that were refused did not count against all.
    assert_eq!([asked("b"), asked("c")], [204, 429]);
    let refused = both(&gateway, "d");
    assert_eq!(refused.header("ratelimit"), Some("\"all\";r=0;t=60"));
    assert_eq!(refused.header("retry-after"), Some("20"));
}

#[test]
fn requests_without_the_field_count_together() {
    let (_store, gateway) = start(&[]);
    let ask =
        |headers: &[(&str, &str)]| send(gateway.address(), "GET", "/v1/rare", headers, b"").status;
    assert_eq!([ask(&[]), ask(&[]), ask(&[])], [200, 200, 429]);
    assert_eq!([ask(&[("x-client", "")]), ask(&[("X-CLIENT", "a")])], [200, 200]);
    // A second field is another value, and no way around the first for long.
    let twice = [("X-Client", "a"), ("X-Client", "a")];
    assert_eq!([ask(&twice), ask(&twice), ask(&twice)], [200, 200, 429]);
}

#[test]
fn head_counts_and_what_reaches_no_endpoint_does_not() {
    let (store, gateway) = start(&[]);
    let ask = |method: &str, target: &str| send(gateway.address(), method, target, &[], b"");
    for _ in 0..5 {
        assert_eq!(ask("OPTIONS", "/v1/own/a").status, 204);
        assert_eq!(ask("DELETE", "/v1/own/a").status, 405);
        assert_eq!(ask("GET", "/v1/own").status, 404);
    }
    assert_eq!([ask("HEAD", "/v1/own/a").status, ask("GET", "/v1/own/a").status], [200, 200]);
    let refused = ask("HEAD", "/v1/own/a");
    assert_eq!((refused.status, refused.body.len()), (429, 0));
    assert_eq!(refused.header("retry-after"), Some("1"));
    assert_eq!(store.requests().len(), 2);
}

#[test]
fn cores_count_together() {
    let (_store, gateway) = start(&[("CORES", "4")]);
    let ask = |_: usize| {
        let address = gateway.address();
        std::thread::spawn(move || {
            // New connections, so that all cores get some.
            (0..10).filter(|_| get(address, "/v1/one").status == 200).count()
        })
    };
    let threads: Vec<_> = (0..8).map(ask).collect();
    let passed: usize = threads.into_iter().map(|thread| thread.join().expect("it ends")).sum();
    assert_eq!(passed, 6);
}

#[test]
fn a_body_that_is_refused_does_not_harm_the_connection() {
    let (_store, gateway) = start(&[]);
    let mut client = Client::connect(gateway.address());
    let body = format!(r#"{{"value":{}}}"#, " ".repeat(100_000) + "1");
    let mut ask = || {
        client.request("POST", "/v1/both", &[JSON, ("X-Client", "z")], body.as_bytes());
        client.answer("POST").expect("an answer").status
    };
    assert_eq!([ask(), ask(), ask(), ask()], [204, 204, 429, 429]);
    client.request("GET", "/v1/free", &[], b"");
    assert_eq!(client.answer("GET").expect("an answer").status, 200);
}

#[test]
fn the_operator_sees_who_was_refused() {
    let (_store, gateway) = start(&[]);
    statuses(&gateway, &["/v1/own/a"; 5]);
    let page = get(gateway.operator(), "/metrics").text();
    let counted = |status: u16| {
        let start = format!(
            "gatewright_requests_total{{method=\"GET\",endpoint=\"/v1/own/{{id}}\",version=\"1\",status=\"{status}\"}} "
        );
        page.lines().find_map(|line| line.strip_prefix(&start)).map(str::to_owned)
    };
    assert_eq!(
        (counted(200).as_deref(), counted(429).as_deref()),
        (Some("2"), Some("3")),
        "{page}"
    );
    let limited = "gatewright_limited_total{method=\"GET\",endpoint=\"/v1/own/{id}\",version=\"1\",limit=\"ip\"} 3";
    assert!(page.lines().any(|line| line == limited), "{page}");
}
