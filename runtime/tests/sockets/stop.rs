//! The way down: nothing that was begun is lost.

use std::time::{Duration, Instant};

use gatewright_runtime::testing::{Backend, Client, Gateway, get};

use crate::contract::{CONTRACT, gateway};

const TARGET: &str = "/v1/plain/items/p_1";
const PAUSE: Duration = Duration::from_millis(200);

fn wait_until_asked(backend: &Backend) {
    while backend.requests().is_empty() {
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn a_request_in_flight_is_answered_and_idle_connections_end() {
    let backend = Backend::start().slow("GET", "/items/p_1", PAUSE, "1");
    let gateway = gateway(&backend.url());
    let address = gateway.address();
    let mut idle = Client::connect(address);
    idle.request("GET", "/", &[], b"");
    assert_eq!(idle.answer("GET").expect("an answer").status, 204);
    let mut busy = Client::connect(address);
    busy.request("GET", TARGET, &[], b"");
    wait_until_asked(&backend);
    let start = Instant::now();
    let stopping = std::thread::spawn(move || gateway.stop());
    assert!(idle.is_closed());
    assert!(start.elapsed() < PAUSE);
    let answer = busy.answer("GET").expect("an answer");
    assert_eq!((answer.text().as_str(), answer.header("connection")), ("1", Some("close")));
    assert!(busy.is_closed());
    assert_eq!(stopping.join().expect("it stops"), 0);
    assert!(std::net::TcpStream::connect(address).is_err());
}

#[test]
fn a_request_that_does_not_end_is_cut_at_the_limit() {
    let backend = Backend::start().slow("GET", "/items/p_1", Duration::from_secs(10), "1");
    let env = [
        ("PLAIN_URL", "http://127.0.0.1:1"),
        ("PATIENT_URL", &backend.url()),
        ("DRAIN_LIMIT", "100ms"),
    ];
    let gateway = Gateway::start(&CONTRACT, &env);
    let mut busy = Client::connect(gateway.address());
    busy.request("GET", "/v1/patient/items/p_1", &[], b"");
    wait_until_asked(&backend);
    let start = Instant::now();
    assert_eq!(gateway.stop(), 1);
    assert!(start.elapsed() < Duration::from_millis(600), "{:?}", start.elapsed());
    assert!(busy.answer("GET").is_err());
}

#[test]
fn what_was_sent_for_a_caller_who_left_is_finished_too() {
    let backend = Backend::start().slow("PUT", "/items/p_1", PAUSE, "1");
    let gateway = gateway(&backend.url());
    let mut client = Client::connect(gateway.address());
    client.request("PUT", TARGET, &[("Content-Type", "application/json")], b"{}");
    wait_until_asked(&backend);
    drop(client);
    std::thread::sleep(Duration::from_millis(30));
    gateway.stop();
    let request = backend.requests().remove(0);
    assert!(request.end.is_some() && !request.abandoned, "{request:?}");
}

#[test]
fn connections_that_wait_to_be_accepted_are_served() {
    let backend = Backend::start().answer("GET", "/items/p_1", 200, "1");
    for _ in 0..10 {
        let gateway = gateway(&backend.url());
        let mut clients: Vec<_> = (0..20).map(|_| Client::connect(gateway.address())).collect();
        for client in &mut clients {
            client.request("GET", TARGET, &[], b"");
        }
        let stopping = std::thread::spawn(move || gateway.stop());
        for client in &mut clients {
            assert_eq!(client.answer("GET").expect("an answer").status, 200);
        }
        assert_eq!(stopping.join().expect("it stops"), 0);
    }
}

#[test]
fn several_cores_serve_one_port() {
    let backend = Backend::start().answer("GET", "/items/p_1", 200, "1");
    let env = [("PLAIN_URL", backend.url()), ("CORES", "3".to_owned())];
    let env = env.each_ref().map(|(name, value)| (*name, value.as_str()));
    let gateway = Gateway::start(&CONTRACT, &env);
    for _ in 0..30 {
        assert_eq!(get(gateway.address(), TARGET).status, 200);
    }
    // Every core has connections of its own to the backend.
    let used = backend.requests().iter().map(|request| request.connection).max();
    assert!(used.is_some_and(|most| (1..3).contains(&most)), "{used:?}");
    assert_eq!(gateway.stop(), 0);
}
