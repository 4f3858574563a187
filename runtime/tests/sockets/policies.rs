//! Further attempts and breakers.

use std::time::{Duration, Instant};

use gatewright_runtime::testing::{Answer, Backend, Gateway, Running, get, send};

use crate::contract::CONTRACT;

const JSON: (&str, &str) = ("Content-Type", "application/json");

fn gateway(variable: &str, backend: &Backend) -> Running {
    let env = [("PLAIN_URL", "http://127.0.0.1:1"), (variable, &backend.url()), ("CORES", "2")];
    Gateway::start(&CONTRACT, &env)
}

#[test]
fn a_passing_failure_is_tried_again() {
    for first in [502, 503, 504] {
        let backend = Backend::start()
            .answer("GET", "/items/p_1", first, "{}")
            .answer("GET", "/items/p_1", 502, "{}")
            .answer("GET", "/items/p_1", 200, "1");
        let gateway = gateway("RETRYING_URL", &backend);
        assert_eq!(get(gateway.address(), "/v1/retrying/items/p_1").text(), "1", "{first}");
        let requests = backend.requests();
        assert_eq!(requests.len(), 3);
        for pair in requests.windows(2) {
            let pause = pair[1].start - pair[0].end.expect("answered");
            assert!(pause >= Duration::from_millis(9), "{pause:?}");
        }
    }
}

#[test]
fn an_answer_that_is_none_is_tried_again() {
    let backend = Backend::start()
        .close_early("GET", "/items/p_1")
        .garbage("GET", "/items/p_1")
        .answer("GET", "/items/p_1", 200, "1");
    let gateway = gateway("RETRYING_URL", &backend);
    assert_eq!(get(gateway.address(), "/v1/retrying/items/p_1").text(), "1");
    assert_eq!(backend.requests().len(), 3);
}

#[test]
fn there_are_as_many_further_attempts_as_declared() {
    let backend = Backend::start().answer("GET", "/items/p_1", 503, "{}");
    let gateway = gateway("RETRYING_URL", &backend);
    assert_eq!(get(gateway.address(), "/v1/retrying/items/p_1").status, 502);
    assert_eq!(backend.requests().len(), 3);
}

#[test]
fn what_would_fail_again_is_not_tried_again() {
    let slow = Duration::from_secs(10);
    for (backend, status) in [
        (Backend::start().answer("GET", "/items/p_1", 500, "{}"), 502),
        (Backend::start().answer("GET", "/items/p_1", 404, "{}"), 404),
        (Backend::start().answer("GET", "/items/p_1", 200, "{no json"), 502),
        (Backend::start().flood("GET", "/items/p_1", 5000), 502),
        (Backend::start().slow("GET", "/items/p_1", slow, "1"), 504),
    ] {
        let gateway = gateway("RETRYING_URL", &backend);
        assert_eq!(get(gateway.address(), "/v1/retrying/items/p_1").status, status);
        assert_eq!(backend.requests().len(), 1);
    }
}

#[test]
fn a_call_that_leaves_a_trace_is_tried_again_only_under_a_key() {
    let backend = Backend::start().answer("POST", "/items/p_1", 503, "{}");
    let gateway = gateway("RETRYING_URL", &backend);
    let target = "/v1/retrying/items/p_1";
    assert_eq!(send(gateway.address(), "POST", target, &[JSON], b"{}").status, 502);
    assert_eq!(backend.requests().len(), 1);
    let keyed = [JSON, ("Idempotency-Key", "o_1")];
    assert_eq!(send(gateway.address(), "POST", target, &keyed, b"{}").status, 502);
    assert_eq!(backend.requests().len(), 4);
}

#[test]
fn the_contract_may_say_what_is_tried_again() {
    let backend = Backend::start()
        .slow("GET", "/items/p_1", Duration::from_secs(10), "1")
        .answer("GET", "/items/p_1", 200, "2")
        .answer("GET", "/items/p_2", 500, "{}")
        .answer("GET", "/items/p_2", 200, "2")
        .answer("GET", "/items/p_3", 503, "{}")
        .answer("GET", "/items/p_3", 200, "2");
    let gateway = gateway("PICKY_URL", &backend);
    for (id, status) in [("p_1", 200), ("p_2", 200), ("p_3", 502)] {
        let answer = get(gateway.address(), &format!("/v1/picky/items/{id}"));
        assert_eq!(answer.status, status, "{id}");
    }
}

#[test]
fn attempts_end_with_the_endpoints_budget() {
    let backend = Backend::start().slow("GET", "/items/p_1", Duration::from_millis(700), "1");
    let env = [
        ("PLAIN_URL", "http://127.0.0.1:1"),
        ("PATIENT_URL", &backend.url()),
        ("PATIENT_TIMEOUT", "5s"),
    ];
    let gateway = Gateway::start(&CONTRACT, &env);
    let start = Instant::now();
    assert_eq!(get(gateway.address(), "/v1/patient/items/p_1").status, 200);
    assert!(start.elapsed() < Duration::from_secs(1));
}

#[test]
fn further_attempts_are_a_share_of_all_calls() {
    let backend = Backend::start().answer("GET", "/items/p_1", 503, "{}");
    let gateway = gateway("RETRYING_URL", &backend);
    let start = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..10 {
            scope.spawn(|| {
                for _ in 0..40 {
                    assert_eq!(get(gateway.address(), "/v1/retrying/items/p_1").status, 502);
                }
            });
        }
    });
    let (asked, took) = (backend.requests().len(), start.elapsed().as_secs() + 1);
    // 400 calls, a fifth of them once more, 100 that are saved at first, and 10 per second.
    let most = 400 + 80 + 100 + 10 * usize::try_from(took).expect("some seconds");
    assert!((400 + 80..=most).contains(&asked), "{asked}, at most {most}");
    let text = get(gateway.operator(), "/metrics").text();
    let value = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        let value = line.and_then(|line| line.rsplit(' ').next());
        value.and_then(|value| value.parse::<usize>().ok()).expect(name)
    };
    assert_eq!(value("gatewright_call_retries_total{backend=\"retrying\""), asked - 400);
    assert!(value("gatewright_call_retries_withheld_total{backend=\"retrying\"") >= 100);
}

#[test]
fn a_backend_that_says_when_to_ask_again_is_not_asked_before() {
    let busy = "HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nContent-Length: 2\r\n\r\n{}";
    let (target, own) = ("/v1/retrying/items/p_1", "/items/p_1");
    let backend = Backend::start().raw_open("GET", own, busy.as_bytes());
    let alone = gateway("RETRYING_URL", &backend);
    assert_eq!(get(alone.address(), target).status, 502);
    assert_eq!(backend.requests().len(), 1);
    // Another address may be less busy.
    let backend = Backend::start().raw_open("GET", own, busy.as_bytes());
    let other = Backend::start().answer("GET", own, 200, "1");
    let both = format!("{},{}", backend.url(), other.url());
    let env = [("PLAIN_URL", "http://127.0.0.1:1"), ("RETRYING_URL", both.as_str())];
    let gateway = Gateway::start(&CONTRACT, &env);
    for _ in 0..20 {
        assert_eq!(get(gateway.address(), target).status, 200);
    }
    assert!(!backend.requests().is_empty());
}

#[test]
fn an_open_breaker_answers_at_once_and_lets_one_probe_through() {
    let backend = Backend::start()
        .answer("GET", "/items/p_1", 500, "{}")
        .answer("GET", "/items/p_1", 500, "{}")
        .answer("GET", "/items/p_1", 500, "{}")
        .slow("GET", "/items/p_1", Duration::from_millis(150), "1");
    let gateway = gateway("BREAKING_URL", &backend);
    let ask = || get(gateway.address(), "/v1/breaking/items/p_1");
    for _ in 0..3 {
        assert_eq!(ask().status, 502);
    }
    // Each of these has a connection of its own, and there are two cores: the breaker is shared.
    for _ in 0..8 {
        let answer = ask();
        assert_eq!(answer.status, 503);
        assert_eq!(answer.header("retry-after"), Some("1"));
        assert!(answer.text().contains("urn:problem:gateway:backend-unavailable"));
    }
    assert_eq!(backend.requests().len(), 3);
    std::thread::sleep(Duration::from_millis(350));
    let mut statuses: Vec<u16> = std::thread::scope(|scope| {
        let asking: Vec<_> = (0..6).map(|_| scope.spawn(|| ask().status)).collect();
        asking.into_iter().map(|one| one.join().expect("an answer")).collect()
    });
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 503, 503, 503, 503, 503]);
    assert_eq!(backend.requests().len(), 4);
    assert_eq!(ask().status, 200);
}

#[test]
fn a_probe_whose_caller_leaves_does_not_keep_the_breaker_open() {
    let backend = Backend::start()
        .answer("GET", "/items/p_1", 500, "{}")
        .answer("GET", "/items/p_1", 500, "{}")
        .answer("GET", "/items/p_1", 500, "{}")
        .slow("GET", "/items/p_1", Duration::from_secs(10), "1")
        .answer("GET", "/items/p_1", 200, "2");
    let gateway = gateway("BREAKING_URL", &backend);
    for _ in 0..3 {
        get(gateway.address(), "/v1/breaking/items/p_1");
    }
    std::thread::sleep(Duration::from_millis(350));
    let mut client = gatewright_runtime::testing::Client::connect(gateway.address());
    client.request("GET", "/v1/breaking/items/p_1", &[], b"");
    while backend.requests().len() < 4 {
        std::thread::sleep(Duration::from_millis(2));
    }
    drop(client);
    backend.wait_for(4);
    std::thread::sleep(Duration::from_millis(20));
    assert_eq!(get(gateway.address(), "/v1/breaking/items/p_1").text(), "2");
}

#[test]
fn statuses_that_the_backend_means_and_results_that_break_the_contract_do_not_count() {
    let backend = Backend::start().answer("GET", "/items/missing", 404, "{}").answer(
        "GET",
        "/items/odd",
        200,
        "{no json",
    );
    let gateway = gateway("BREAKING_URL", &backend);
    let ask = |id: &str| -> Answer { get(gateway.address(), &format!("/v1/breaking/items/{id}")) };
    for _ in 0..5 {
        assert_eq!(ask("missing").status, 404);
        assert_eq!(ask("odd").status, 502);
    }
    assert_eq!(backend.requests().len(), 10);
}
