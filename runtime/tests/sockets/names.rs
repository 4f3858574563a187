//! Backends that are names of the DNS: A and AAAA records of a nameserver say who is asked, and for how long.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, TcpListener, TcpStream};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use gatewright_runtime::testing::{Backend, Gateway, Running, get};

use crate::contract::CONTRACT;
use crate::nameserver::{Known, Nameserver, name};

const HOST: &str = "catalog.shop.example";
const TARGET: &str = "/v1/plain/items/p_1";
const SECOND: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

/// One that answers everything with this, and its port.
fn place(address: IpAddr, port: u16, word: &'static str) -> u16 {
    let listener = TcpListener::bind((address, port)).expect("a free port");
    let port = listener.local_addr().expect("bound").port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || answer(stream, word));
        }
    });
    port
}

fn answer(mut stream: TcpStream, word: &str) {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while stream.read(&mut byte).is_ok_and(|size| size > 0) {
        head.extend(byte);
        if head.ends_with(b"\r\n\r\n") {
            let text = format!("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n{word}");
            let _ = stream.write_all(text.as_bytes());
            head.clear();
        }
    }
}

/// Says where a host is, and for how many seconds that is so.
fn says(nameserver: &Nameserver, seconds: u32, addresses: &[IpAddr]) {
    let mut known = Known::new();
    known.insert(HOST.to_owned(), addresses.iter().map(|ip| record(seconds, *ip)).collect());
    nameserver.knows(known);
}

fn record(seconds: u32, address: IpAddr) -> (u16, u32, Vec<u8>) {
    match address {
        IpAddr::V4(address) => (1, seconds, address.octets().to_vec()),
        IpAddr::V6(address) => (28, seconds, address.octets().to_vec()),
    }
}

fn gateway(nameserver: &Nameserver, host: &str, port: u16) -> Running {
    let at = nameserver.address.to_string();
    let url = format!("http://{host}:{port}");
    let env = [("PLAIN_URL", url.as_str()), ("NAMESERVERS", at.as_str()), ("CORES", "1")];
    Gateway::start(&CONTRACT, &env)
}

fn asked(gateway: &Running) -> String {
    let answer = get(gateway.address(), TARGET);
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.text()
}

/// Asks until this comes, within so many seconds.
#[track_caller]
fn turns(gateway: &Running, word: &str, seconds: u64) {
    let start = Instant::now();
    while asked(gateway) != word {
        assert!(start.elapsed() < Duration::from_secs(seconds), "it still is the other");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn addresses_hold_for_as_long_as_they_say() {
    let nameserver = Nameserver::start();
    let port = place(Ipv4Addr::LOCALHOST.into(), 0, "1");
    place(SECOND.into(), port, "2");
    says(&nameserver, 1, &[Ipv4Addr::LOCALHOST.into()]);
    let gateway = gateway(&nameserver, HOST, port);
    assert_eq!(asked(&gateway), "1");
    let before = nameserver.asked();
    assert_eq!(before, 2, "one question for each kind");
    says(&nameserver, 600, &[SECOND.into()]);
    turns(&gateway, "2", 5);
    std::thread::sleep(Duration::from_millis(1200));
    assert_eq!(asked(&gateway), "2");
    assert_eq!(nameserver.asked() - before, 2, "what holds is not asked for");
}

#[test]
fn the_last_good_addresses_hold_while_nameservers_fail() {
    let nameserver = Nameserver::start();
    let port = place(Ipv4Addr::LOCALHOST.into(), 0, "1");
    says(&nameserver, 1, &[Ipv4Addr::LOCALHOST.into()]);
    let gateway = gateway(&nameserver, HOST, port);
    assert_eq!(asked(&gateway), "1");
    nameserver.state.failing.store(true, Ordering::Release);
    let before = nameserver.asked();
    let start = Instant::now();
    while nameserver.asked() == before {
        assert!(start.elapsed() < Duration::from_secs(5), "it was asked again");
        assert_eq!(asked(&gateway), "1");
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(asked(&gateway), "1");
    drop(nameserver);
    std::thread::sleep(Duration::from_millis(1100));
    assert_eq!(asked(&gateway), "1");
}

#[test]
fn both_kinds_of_address_are_asked() {
    let nameserver = Nameserver::start();
    let port = place(Ipv6Addr::LOCALHOST.into(), 0, "6");
    place(Ipv4Addr::LOCALHOST.into(), port, "4");
    says(&nameserver, 600, &[Ipv6Addr::LOCALHOST.into()]);
    let one = gateway(&nameserver, HOST, port);
    assert_eq!(asked(&one), "6");
    says(&nameserver, 600, &[Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]);
    let both = gateway(&nameserver, HOST, port);
    turns(&both, "6", 5);
    turns(&both, "4", 5);
}

/// The other name holds for longer than it is stood for.
#[test]
fn a_name_may_stand_for_another_one() {
    for follows in [false, true] {
        let nameserver = Nameserver::start();
        nameserver.state.follows.store(follows, Ordering::Release);
        let port = place(Ipv4Addr::LOCALHOST.into(), 0, "1");
        place(SECOND.into(), port, "2");
        let stands_for = |target: &str| {
            let mut known = Known::new();
            known.insert(HOST.to_owned(), vec![(5, 1, name(target))]);
            for (target, address) in [("a.example", Ipv4Addr::LOCALHOST), ("b.example", SECOND)] {
                known.insert(target.to_owned(), vec![record(600, address.into())]);
            }
            nameserver.knows(known);
        };
        stands_for("a.example");
        let gateway = gateway(&nameserver, HOST, port);
        assert_eq!(asked(&gateway), "1");
        assert_eq!(nameserver.asked(), if follows { 3 } else { 4 });
        stands_for("b.example");
        turns(&gateway, "2", 5);
    }
}

#[test]
fn many_addresses_are_asked_for_over_tcp() {
    let nameserver = Nameserver::start();
    let port = place(Ipv4Addr::LOCALHOST.into(), 0, "1");
    let all: Vec<IpAddr> = (1..=60).map(|_| Ipv4Addr::LOCALHOST.into()).collect();
    says(&nameserver, 600, &all);
    let gateway = gateway(&nameserver, HOST, port);
    assert_eq!(asked(&gateway), "1");
    assert_eq!(nameserver.state.over_tcp.load(Ordering::Acquire), 1);
}

#[test]
fn what_the_system_knows_by_itself_is_not_asked_for() {
    let nameserver = Nameserver::start();
    let backend = Backend::start().answer("GET", "/items/p_1", 200, "1");
    let gateway = gateway(&nameserver, "localhost", backend.address().port());
    assert_eq!(asked(&gateway), "1");
    assert_eq!(nameserver.asked(), 0);
}

#[test]
fn what_nobody_knows_fails_at_once_and_soon_works() {
    let nameserver = Nameserver::start();
    let port = place(Ipv4Addr::LOCALHOST.into(), 0, "1");
    let gateway = gateway(&nameserver, "catalog.invalid", port);
    assert_eq!(get(gateway.address(), TARGET).status, 503);
    let mut known = Known::new();
    known.insert("catalog.invalid".to_owned(), vec![record(600, Ipv4Addr::LOCALHOST.into())]);
    nameserver.knows(known);
    let start = Instant::now();
    while get(gateway.address(), TARGET).status != 200 {
        assert!(start.elapsed() < Duration::from_secs(30), "it is asked again");
        std::thread::sleep(Duration::from_millis(100));
    }
}
