//! Backends that are services of the DNS: SRV records of a nameserver say who is asked.

use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use gatewright_runtime::testing::{Backend, Gateway, Running, get};

use crate::contract::CONTRACT;
use crate::nameserver::{Known, Nameserver, name};

const SERVICE: &str = "_http._tcp.shop.example";
const ITEM: &str = "/items/p_1";
const TARGET: &str = "/v1/plain/items/p_1";

/// Says where the service is: priority, weight, address. The targets are names of their own.
fn says(nameserver: &Nameserver, seconds: u32, places: &[(u16, u16, SocketAddr)]) {
    let mut known = Known::new();
    for (nth, (priority, weight, place)) in places.iter().enumerate() {
        let mut content = Vec::new();
        for number in [*priority, *weight, place.port()] {
            content.extend(number.to_be_bytes());
        }
        let target = format!("replica-{nth}.shop.example");
        content.extend(name(&target));
        known.entry(SERVICE.to_owned()).or_default().push((33, seconds, content));
        let SocketAddr::V4(place) = place else { panic!("{place}") };
        let address = (1, 600, place.ip().octets().to_vec());
        known.entry(target).or_default().push(address);
    }
    nameserver.knows(known);
}

fn good() -> Backend {
    Backend::start().answer("GET", ITEM, 200, "1")
}

/// An address that refuses connections.
fn dead() -> SocketAddr {
    let backend = Backend::start();
    backend.refuse();
    backend.address()
}

fn gateway(nameserver: &Nameserver) -> Running {
    let at = nameserver.address.to_string();
    let url = format!("http+srv://{SERVICE}.");
    let env = [("PLAIN_URL", url.as_str()), ("NAMESERVERS", at.as_str()), ("CORES", "1")];
    Gateway::start(&CONTRACT, &env)
}

#[track_caller]
fn all_well(gateway: &Running, count: usize) {
    for nth in 0..count {
        assert_eq!(get(gateway.address(), TARGET).status, 200, "{nth}");
    }
}

fn census(gateway: &Running) -> Vec<String> {
    let text = get(gateway.operator(), "/metrics").text();
    let lines = text
        .lines()
        .filter(|line| line.starts_with("gatewright_backend_addresses{backend=\"plain\""));
    lines.filter_map(|line| Some(line.rsplit_once(' ')?.1.to_owned())).collect()
}

#[test]
fn ports_and_weights_are_those_of_the_records() {
    let nameserver = Nameserver::start();
    let (much, little, none) = (good(), good(), good());
    says(
        &nameserver,
        60,
        &[(1, 30, much.address()), (1, 10, little.address()), (1, 0, none.address())],
    );
    let gateway = gateway(&nameserver);
    all_well(&gateway, 400);
    let counts = [&much, &little, &none].map(|one| one.requests().len());
    assert_eq!(counts.iter().sum::<usize>(), 400);
    assert!((240..360).contains(&counts[0]) && counts[2] < 10, "{counts:?}");
    let host = much.requests().first().and_then(|one| one.header("host").map(str::to_owned));
    assert_eq!(host.as_deref(), Some("shop.example"), "the owner of the service");
    assert_eq!(
        nameserver.asked(),
        7,
        "the service, and both kinds of address of three targets, once"
    );
}

#[test]
fn those_of_a_higher_number_are_asked_where_no_other_can_be() {
    let nameserver = Nameserver::start();
    let (first, spare) = (good(), good());
    says(&nameserver, 60, &[(20, 0, spare.address()), (10, 0, first.address())]);
    let gateway = gateway(&nameserver);
    all_well(&gateway, 50);
    assert_eq!((first.requests().len(), spare.requests().len()), (50, 0));
    first.refuse();
    all_well(&gateway, 50);
    assert!(spare.requests().len() >= 49, "{}", spare.requests().len());
}

#[test]
fn an_address_that_refuses_is_left_out() {
    let nameserver = Nameserver::start();
    let (one, other) = (good(), good());
    says(&nameserver, 60, &[(1, 1, one.address()), (1, 1, dead()), (1, 1, other.address())]);
    let gateway = gateway(&nameserver);
    all_well(&gateway, 60);
    assert_eq!(census(&gateway), ["2", "1"], "asked and ejected");
}

#[test]
fn records_hold_for_as_long_as_they_say() {
    let nameserver = Nameserver::start();
    let (old, new) = (good(), good());
    says(&nameserver, 1, &[(1, 1, old.address())]);
    let gateway = gateway(&nameserver);
    all_well(&gateway, 3);
    says(&nameserver, 1, &[(1, 1, new.address())]);
    let (start, before) = (Instant::now(), nameserver.asked());
    while new.requests().is_empty() {
        all_well(&gateway, 1);
        assert!(start.elapsed() < Duration::from_secs(5), "a second was said");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(nameserver.asked() - before <= 12, "{}", nameserver.asked() - before);
}

#[test]
fn the_last_good_records_hold_while_nameservers_fail() {
    let nameserver = Nameserver::start();
    let backend = good();
    says(&nameserver, 1, &[(1, 1, backend.address())]);
    let gateway = gateway(&nameserver);
    all_well(&gateway, 3);
    nameserver.state.failing.store(true, Ordering::Release);
    let before = nameserver.asked();
    std::thread::sleep(Duration::from_millis(1100));
    all_well(&gateway, 3);
    let start = Instant::now();
    while nameserver.asked() == before {
        assert!(start.elapsed() < Duration::from_secs(5), "it was asked again");
        std::thread::sleep(Duration::from_millis(10));
    }
    all_well(&gateway, 3);
    // Names that are gone are no reason to ask nobody either.
    says(&nameserver, 1, &[]);
    nameserver.state.failing.store(false, Ordering::Release);
    std::thread::sleep(Duration::from_millis(1100));
    all_well(&gateway, 3);
}

#[test]
fn what_does_not_fit_into_a_packet_is_asked_for_over_tcp() {
    let nameserver = Nameserver::start();
    let backends: Vec<_> = (0..20).map(|_| good()).collect();
    let places: Vec<_> = backends.iter().map(|one| (1, 1, one.address())).collect();
    says(&nameserver, 60, &places);
    let gateway = gateway(&nameserver);
    all_well(&gateway, 400);
    assert_eq!(nameserver.state.over_tcp.load(Ordering::Acquire), 1);
    assert!(backends.iter().all(|one| !one.requests().is_empty()));
}

#[test]
fn without_records_calls_fail_at_once_and_soon_work() {
    let nameserver = Nameserver::start();
    let backend = good();
    let gateway = gateway(&nameserver);
    let start = Instant::now();
    assert_eq!(get(gateway.address(), TARGET).status, 503);
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
    says(&nameserver, 60, &[(1, 1, backend.address())]);
    while get(gateway.address(), TARGET).status != 200 {
        assert!(start.elapsed() < Duration::from_secs(10), "a second later it is asked again");
        std::thread::sleep(Duration::from_millis(100));
    }
}
