//! More requests than can be answered: who is told at once, and how quick the others stay.

use std::net::SocketAddr;
use std::thread::{JoinHandle, sleep, spawn};
use std::time::{Duration, Instant};

use gatewright_runtime::testing::{Answer, Backend, Client, Gateway, Running, get};

use crate::ask::{JSON, NOBODY, problem, timed};
use crate::contracts::overload::CONTRACT;

const VALUE: &str = r#"{"value":1}"#;

fn slow(time: u64) -> Backend {
    Backend::start().slow("GET", "/one", Duration::from_millis(time), VALUE)
}

fn gateway(store: &str, patient: &str, other: &str) -> Running {
    let env =
        [("STORE_URL", store), ("PATIENT_URL", patient), ("OTHER_URL", other), ("CORES", "2")];
    Gateway::start(&CONTRACT, &env)
}

/// Asks so many times at once, and says what was answered and after how long.
fn at_once(address: SocketAddr, target: &'static str, count: usize) -> Vec<(Answer, Duration)> {
    let ask = |_| {
        spawn(move || {
            let start = Instant::now();
            (get(address, target), start.elapsed())
        })
    };
    let asked: Vec<JoinHandle<_>> = (0..count).map(ask).collect();
    asked.into_iter().map(|one| one.join().expect("it ends")).collect()
}

/// Waits until so many requests are there.
fn arrived(backend: &Backend, count: usize) {
    let start = Instant::now();
    while backend.requests().len() < count {
        assert!(start.elapsed() < Duration::from_secs(10), "{:?}", backend.requests());
        sleep(Duration::from_millis(2));
    }
}

fn count(answers: &[(Answer, Duration)], status: u16) -> usize {
    answers.iter().filter(|(answer, _)| answer.status == status).count()
}

#[test]
fn a_slow_backend_takes_no_more_than_its_places() {
    let store = slow(2_500);
    let other = Backend::start().answer("GET", "/one", 200, VALUE);
    let gateway = gateway(&store.url(), NOBODY, &other.url());
    let address = gateway.address();
    let asking = spawn(move || at_once(address, "/v1/store", 5));
    arrived(&store, 2);
    sleep(Duration::from_millis(100));
    // The places that are left are enough for all that needs another backend.
    for _ in 0..5 {
        let (answer, took) = timed(&gateway, "/v1/other");
        assert_eq!(answer.status, 200);
        assert!(took < Duration::from_millis(1_500), "{took:?}");
    }
    // A result that may be missing is missing at once.
    let (answer, took) = timed(&gateway, "/v1/spared");
    assert_eq!((answer.status, answer.text().as_str()), (200, r#"{"value":0}"#));
    assert_eq!(answer.header("fallback"), Some("value"));
    assert!(took < Duration::from_millis(1_500), "{took:?}");
    let answers = asking.join().expect("it ends");
    assert_eq!((count(&answers, 200), count(&answers, 503)), (2, 3));
    for (answer, took) in answers.iter().filter(|(answer, _)| answer.status == 503) {
        problem(answer, 503, "gateway:backend-unavailable");
        assert_eq!(answer.header("retry-after"), Some("1"));
        assert!(*took < Duration::from_millis(1_500), "{took:?}");
    }
    assert_eq!(store.requests().len(), 2);
    // The places are free again.
    assert_eq!(get(address, "/v1/store").status, 200);
}

#[test]
fn who_may_wait_gets_the_next_place() {
    let patient = slow(150);
    let gateway = gateway(NOBODY, &patient.url(), NOBODY);
    let answers = at_once(gateway.address(), "/v1/patient", 4);
    assert_eq!(count(&answers, 200), 4, "{answers:?}");
    let longest = answers.iter().map(|(_, took)| *took).max().unwrap_or_default();
    assert!(longest >= Duration::from_millis(290), "two had to wait: {longest:?}");
}

#[test]
fn beyond_what_can_be_answered_at_once_callers_are_told_so_and_soon() {
    let other = slow(1_500);
    let gateway = gateway(NOBODY, NOBODY, &other.url());
    let answers = at_once(gateway.address(), "/v1/other", 30);
    assert_eq!((count(&answers, 200), count(&answers, 503)), (6, 24), "{answers:?}");
    for (answer, took) in &answers {
        if answer.status == 503 {
            problem(answer, 503, "gateway:overloaded");
            assert_eq!(answer.header("retry-after"), Some("1"));
            // The wait, and what thirty threads on a busy machine need.
            assert!(*took < Duration::from_millis(1_200), "{took:?}");
        }
    }
    assert_eq!(other.requests().len(), 6, "what is refused reaches no backend");
    assert_eq!(get(gateway.address(), "/v1/other").status, 200);
}

#[test]
fn under_overload_those_who_are_let_in_stay_quick() {
    let other = slow(20);
    let gateway = gateway(NOBODY, NOBODY, &other.url());
    let address = gateway.address();
    // Four times as many as there are places, each asking again at once, for a second.
    let caller = |_| {
        spawn(move || {
            let mut client = Client::connect(address);
            let (start, mut seen) = (Instant::now(), Vec::new());
            while start.elapsed() < Duration::from_millis(1_000) {
                let asked = Instant::now();
                client.request("GET", "/v1/other", &[], b"");
                let answer = client.answer("GET").expect("an answer");
                seen.push((answer.status, asked.elapsed()));
            }
            seen
        })
    };
    let callers: Vec<_> = (0..24).map(caller).collect();
    let seen: Vec<(u16, Duration)> =
        callers.into_iter().flat_map(|one| one.join().expect("it ends")).collect();
    assert!(seen.iter().all(|(status, _)| [200, 503].contains(status)));
    let mut accepted: Vec<_> =
        seen.iter().filter(|(status, _)| *status == 200).map(|(_, took)| *took).collect();
    let refused = seen.len() - accepted.len();
    accepted.sort_unstable();
    let p99 = accepted.get(accepted.len() * 99 / 100).copied().unwrap_or_default();
    assert!(accepted.len() > 60 && refused > 60, "{} {refused}", accepted.len());
    // 20 ms of work and 60 ms of waiting at most; without a bound it would be 24 / 6 of the work of all.
    assert!(p99 < Duration::from_millis(400), "{p99:?}");
    assert_eq!(get(address, "/v1/other").status, 200, "and nothing is left behind");
}

#[test]
fn a_body_that_is_passed_on_keeps_its_place_to_the_end() {
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n";
    let store = Backend::start()
        .raw_open("GET", "/raw", format!("{head}ab").as_bytes())
        .answer("GET", "/one", 200, VALUE);
    let gateway = gateway(&store.url(), NOBODY, NOBODY);
    let ask = || {
        let mut client = Client::connect(gateway.address());
        client.request("GET", "/v1/raw", &[], b"");
        client
    };
    let (one, two) = (ask(), ask());
    arrived(&store, 2);
    sleep(Duration::from_millis(150));
    problem(&get(gateway.address(), "/v1/store"), 503, "gateway:backend-unavailable");
    // Callers who leave give their places back.
    drop((one, two));
    let start = Instant::now();
    while get(gateway.address(), "/v1/store").status != 200 {
        assert!(start.elapsed() < Duration::from_secs(5), "the places came back");
        sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_caller_who_is_slow_to_send_takes_no_place() {
    let other = Backend::start().answer("GET", "/one", 200, VALUE);
    let gateway = gateway(NOBODY, NOBODY, &other.url());
    let stalls: Vec<Client> = (0..10)
        .map(|_| {
            let mut client = Client::connect(gateway.address());
            let length = ("Content-Length", "100");
            client.request("POST", "/v1/other", &[JSON, length], br#"{"value""#);
            client
        })
        .collect();
    sleep(Duration::from_millis(100));
    for _ in 0..5 {
        assert_eq!(get(gateway.address(), "/v1/other").status, 200);
    }
    drop(stalls);
}

#[test]
fn the_operator_sees_how_full_it_is() {
    let store = slow(1_500);
    let gateway = gateway(&store.url(), NOBODY, NOBODY);
    let address = gateway.address();
    let asking = spawn(move || at_once(address, "/v1/store", 3));
    arrived(&store, 2);
    let page = get(gateway.operator(), "/metrics").text();
    assert!(page.contains("gatewright_backend_in_flight{backend=\"store\"} 2"), "{page}");
    asking.join().expect("it ends");
    let page = get(gateway.operator(), "/metrics").text();
    assert!(page.contains("gatewright_backend_in_flight{backend=\"store\"} 0"), "{page}");
    assert!(page.contains("outcome=\"full\""), "{page}");
}
