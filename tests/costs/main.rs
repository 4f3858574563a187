//! What requests cost, counted where counting is exact: how often the gateway allocates for one. Times are
//! measured by `tests/load`; they are nothing that a test could hold.

#![allow(clippy::panic, reason = "a test that cannot go on says so")]

#[path = "../load/src/bodies.rs"]
mod bodies;

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};

use gatewright_runtime::testing::Gateway;

/// The contract of `tests/load`.
mod contracts {
    #![expect(
        unreachable_pub,
        reason = "generated modules are public, for crates that export them"
    )]
    gatewright_runtime::include_gateway!("contract");
}

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

const SECRET: &str = "thirty-two bytes are what it wants, at least";

/// What is asked, and how many allocations the gateway may make for it: what it makes, and a few.
const BOUNDS: &[(&str, &str, u64)] = &[
    ("GET", "/v1/pass/200", 22),
    ("GET", "/v1/pass/20k", 24),
    ("GET", "/v1/shaped/2k", 28),
    ("GET", "/v1/shaped/20k", 28),
    ("GET", "/v1/merged", 48),
    ("GET", "/v1/limited", 24),
    ("GET", "/v1/kept", 17),
    ("POST", "/v1/orders", 37),
];

#[test]
fn a_request_allocates_no_more_than_it_did() {
    let _profiler = dhat::Profiler::builder().testing().build();
    let origin = format!("http://{}", origin());
    let env = [("ORIGIN_URL", origin.as_str()), ("CUSTOMER_SECRET", SECRET)];
    let gateway = Gateway::start(&contracts::contract::CONTRACT, &env);
    let counted = |method: &'static str, path: &'static str| {
        let mut caller = Caller::new(gateway.address(), method, path);
        caller.ask(50);
        let before = dhat::HeapStats::get().total_blocks;
        caller.ask(200);
        (dhat::HeapStats::get().total_blocks - before).div_ceil(200)
    };
    let counts: Vec<_> =
        BOUNDS.iter().map(|(method, path, most)| (*path, counted(method, path), *most)).collect();
    println!("{counts:?}");
    let more: Vec<_> = counts.iter().filter(|(_, count, most)| count > most).collect();
    assert!(more.is_empty(), "path, allocations per request, bound: {more:?}");
    // What is read of a body stays where it is, however much that is.
    let of =
        |path: &str| counts.iter().find(|(known, ..)| *known == path).map(|(_, count, _)| *count);
    let (small, large) = (of("/v1/shaped/2k"), of("/v1/shaped/20k"));
    assert!(large <= small.map(|small| small + 4), "{small:?} and {large:?}");
}

/// A caller who allocates nothing while it asks.
struct Caller {
    stream: TcpStream,
    request: Vec<u8>,
    buffer: Vec<u8>,
}

impl Caller {
    fn new(address: SocketAddr, method: &str, path: &str) -> Caller {
        let body = if method == "POST" { bodies::order(20) } else { String::new() };
        let head = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\n");
        let framing = match body.len() {
            0 => "\r\n".to_owned(),
            length => {
                format!("Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n")
            }
        };
        let request = [head, framing, body].concat().into_bytes();
        let stream = TcpStream::connect(address).expect("the gateway listens");
        Caller { stream, request, buffer: vec![0; 256 * 1024] }
    }

    #[track_caller]
    fn ask(&mut self, times: usize) {
        for _ in 0..times {
            self.stream.write_all(&self.request).expect("the gateway reads");
            let mut filled = 0;
            while !whole(&self.buffer[..filled]) {
                let read = self.stream.read(&mut self.buffer[filled..]).expect("it answers");
                assert_ne!(read, 0, "the connection ended");
                filled += read;
            }
            assert!(self.buffer.starts_with(b"HTTP/1.1 20"), "{:?}", text(&self.buffer[..filled]));
        }
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Whether a message with a length is there to its end.
fn whole(bytes: &[u8]) -> bool {
    let Some(head) = bytes.windows(4).position(|end| end == b"\r\n\r\n") else { return false };
    let mut lines = bytes[..head].split(|byte| *byte == b'\n');
    let length = lines.find_map(|line| {
        let (name, value) = line.split_at_checked(16)?;
        if !name.eq_ignore_ascii_case(b"content-length: ") {
            return None;
        }
        std::str::from_utf8(value).ok()?.trim().parse::<usize>().ok()
    });
    bytes.len() >= head + 4 + length.unwrap_or(0)
}

/// A service that allocates nothing once a connection is there.
fn origin() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback has a port");
    let address = listener.local_addr().expect("it is bound");
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            std::thread::spawn(move || serve(stream));
        }
    });
    address
}

fn serve(mut stream: TcpStream) {
    let answer = |body: &str| {
        let length = body.len();
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ";
        format!("{head}{length}\r\n\r\n{body}").into_bytes()
    };
    let bodies: Vec<_> =
        bodies::all().into_iter().map(|(name, body)| (name, answer(&body))).collect();
    let orders = answer("{}");
    let mut buffer = vec![0; 64 * 1024];
    let mut filled = 0;
    while let Ok(read @ 1..) = stream.read(&mut buffer[filled..]) {
        filled += read;
        if !whole(&buffer[..filled]) {
            continue;
        }
        let path = buffer[..filled].split(|byte| *byte == b' ').nth(1).unwrap_or_default();
        let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
        let found = bodies.iter().find(|(known, _)| known.as_bytes() == name);
        let answer = found.map_or(&orders, |(_, answer)| answer);
        if stream.write_all(answer).is_err() {
            return;
        }
        filled = 0;
    }
}
