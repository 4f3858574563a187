//! Backends that are services of the DNS: SRV records of a nameserver say who is asked.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use gatewright_runtime::testing::{Backend, Gateway, Running, get};

use crate::contract::CONTRACT;

const SERVICE: &str = "_http._tcp.shop.example";
const ITEM: &str = "/items/p_1";
const TARGET: &str = "/v1/plain/items/p_1";

/// What a nameserver knows of a name: the kind of the record, how many seconds it is good for, its content.
type Known = BTreeMap<String, Vec<(u16, u32, Vec<u8>)>>;

/// A nameserver over UDP, and over TCP for what is longer than 512 bytes (RFC 1035 section 4.2).
struct Nameserver {
    state: Arc<State>,
    address: SocketAddr,
}

#[derive(Default)]
struct State {
    known: Mutex<Known>,
    asked: AtomicUsize,
    over_tcp: AtomicUsize,
    /// It answers every question with SERVFAIL.
    failing: AtomicBool,
    ended: AtomicBool,
}

impl Nameserver {
    fn start() -> Nameserver {
        let (udp, tcp) = (0..100)
            .find_map(|_| {
                let udp = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
                let tcp = TcpListener::bind(udp.local_addr().expect("bound")).ok()?;
                Some((udp, tcp))
            })
            .expect("a port that is free for both");
        let state = Arc::new(State::default());
        let address = udp.local_addr().expect("bound");
        let here = Arc::clone(&state);
        std::thread::spawn(move || {
            let mut buffer = [0; 512];
            while let Ok((size, from)) = udp.recv_from(&mut buffer) {
                if here.ended.load(Ordering::Acquire) {
                    return;
                }
                here.asked.fetch_add(1, Ordering::AcqRel);
                let mut answer = here.answer(&buffer[..size]);
                if answer.len() > 512 {
                    answer.truncate(512);
                    answer[2] |= 0x02;
                }
                let _ = udp.send_to(&answer, from);
            }
        });
        let here = Arc::clone(&state);
        std::thread::spawn(move || {
            while let Ok((stream, _)) = tcp.accept() {
                if here.ended.load(Ordering::Acquire) {
                    return;
                }
                here.over_tcp.fetch_add(1, Ordering::AcqRel);
                let _ = here.serve(stream);
            }
        });
        Nameserver { state, address }
    }

    /// Says where the service is: priority, weight, address. The targets are names of their own.
    fn says(&self, seconds: u32, places: &[(u16, u16, SocketAddr)]) {
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
        *self.state.known.lock().unwrap_or_else(PoisonError::into_inner) = known;
    }

    fn asked(&self) -> usize {
        self.state.asked.load(Ordering::Acquire)
    }
}

impl Drop for Nameserver {
    fn drop(&mut self) {
        self.state.ended.store(true, Ordering::Release);
        let udp = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let _ = udp.send_to(&[], self.address);
        let _ = TcpStream::connect(self.address);
    }
}

impl State {
    fn serve(&self, mut stream: TcpStream) -> std::io::Result<()> {
        let mut size = [0; 2];
        stream.read_exact(&mut size)?;
        let mut query = vec![0; usize::from(u16::from_be_bytes(size))];
        stream.read_exact(&mut query)?;
        let answer = self.answer(&query);
        let size = u16::try_from(answer.len()).expect("it fits");
        stream.write_all(&[size.to_be_bytes().as_slice(), &answer].concat())
    }

    fn answer(&self, query: &[u8]) -> Vec<u8> {
        let (mut asked, mut at) = (String::new(), 12);
        while let Some(size) = query.get(at).copied().filter(|size| *size > 0) {
            let end = at + 1 + usize::from(size);
            if !asked.is_empty() {
                asked.push('.');
            }
            asked.push_str(&String::from_utf8_lossy(&query[at + 1..end]));
            at = end;
        }
        let kind = u16::from_be_bytes([query[at + 1], query[at + 2]]);
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let code = match known.get(&asked) {
            _ if self.failing.load(Ordering::Acquire) => 2,
            None => 3,
            Some(_) => 0,
        };
        let here = known.get(&asked).into_iter().flatten().filter(|(known, ..)| *known == kind);
        let here: Vec<_> = here.filter(|_| code == 0).collect();
        let count = u16::try_from(here.len()).expect("a few").to_be_bytes();
        let mut answer = [&query[..2], &[0x81, 0x80 | code, 0, 1, count[0], count[1]]].concat();
        answer.extend([0; 4]);
        answer.extend(&query[12..]);
        for (kind, seconds, content) in here {
            // The name of the question.
            answer.extend([0xc0, 12]);
            answer.extend(kind.to_be_bytes());
            answer.extend([0, 1]);
            answer.extend(seconds.to_be_bytes());
            answer.extend(u16::try_from(content.len()).expect("short").to_be_bytes());
            answer.extend(content);
        }
        answer
    }
}

fn name(text: &str) -> Vec<u8> {
    let label = |label: &str| {
        let size = u8::try_from(label.len()).expect("short");
        [&[size], label.as_bytes()].concat()
    };
    let mut bytes: Vec<u8> = text.split('.').flat_map(label).collect();
    bytes.push(0);
    bytes
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
    nameserver
        .says(60, &[(1, 30, much.address()), (1, 10, little.address()), (1, 0, none.address())]);
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
    nameserver.says(60, &[(20, 0, spare.address()), (10, 0, first.address())]);
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
    nameserver.says(60, &[(1, 1, one.address()), (1, 1, dead()), (1, 1, other.address())]);
    let gateway = gateway(&nameserver);
    all_well(&gateway, 60);
    assert_eq!(census(&gateway), ["2", "1"], "asked and ejected");
}

#[test]
fn records_hold_for_as_long_as_they_say() {
    let nameserver = Nameserver::start();
    let (old, new) = (good(), good());
    nameserver.says(1, &[(1, 1, old.address())]);
    let gateway = gateway(&nameserver);
    all_well(&gateway, 3);
    nameserver.says(1, &[(1, 1, new.address())]);
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
    nameserver.says(1, &[(1, 1, backend.address())]);
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
    nameserver.says(1, &[]);
    nameserver.state.failing.store(false, Ordering::Release);
    std::thread::sleep(Duration::from_millis(1100));
    all_well(&gateway, 3);
}

#[test]
fn what_does_not_fit_into_a_packet_is_asked_for_over_tcp() {
    let nameserver = Nameserver::start();
    let backends: Vec<_> = (0..20).map(|_| good()).collect();
    let places: Vec<_> = backends.iter().map(|one| (1, 1, one.address())).collect();
    nameserver.says(60, &places);
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
    nameserver.says(60, &[(1, 1, backend.address())]);
    while get(gateway.address(), TARGET).status != 200 {
        assert!(start.elapsed() < Duration::from_secs(10), "a second later it is asked again");
        std::thread::sleep(Duration::from_millis(100));
    }
}
