//! Bytes that nobody would send: the gateway may refuse them, but nothing in it may break.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use gatewright_runtime::testing::get;

use crate::program::{serving, signal};

/// How often good bytes are spoilt.
const ROUNDS: u64 = 600;

/// Numbers that look random and are the same in every run (SplitMix64).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % end as u64).expect("smaller than a usize")
    }
}

/// `good` with one to four changes.
fn spoilt(good: &[u8], numbers: &mut Numbers) -> Vec<u8> {
    const PIECES: [&[u8]; 14] = [
        b"\r\n",
        b"\n",
        b"\0",
        b"\xff",
        b"%2e%2e/",
        b"%",
        b"&=+",
        b":",
        b" ",
        b"-1",
        b"99999999999999999999",
        b"chunked",
        b"\r\n\r\n",
        b"{\"a\":",
    ];
    let mut bytes = good.to_vec();
    for _ in 0..=numbers.below(4) {
        let at = numbers.below(bytes.len() + 1);
        let end = (at + numbers.below(9)).min(bytes.len());
        let piece = PIECES[numbers.below(PIECES.len())];
        match numbers.below(4) {
            0 => drop(bytes.splice(at..at, piece.iter().copied())),
            1 => drop(bytes.splice(at..end, piece.iter().copied())),
            2 => drop(bytes.drain(at..end)),
            _ => bytes.truncate(end),
        }
    }
    bytes
}

/// Asks a gateway in a process of its own, and looks whether anything in it panicked.
fn nothing_breaks(backend: SocketAddr, ask: impl FnOnce(SocketAddr)) {
    let url = format!("http://{backend}");
    let (mut child, address, mut errors) = serving(&[("PLAIN_URL", &url), ("CORES", "1")]);
    let log = std::thread::spawn(move || {
        let mut log = String::new();
        errors.read_to_string(&mut log).map(|_| log)
    });
    ask(address);
    assert_eq!(get(address, "/").status, 204);
    signal(&child, "TERM");
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
    let log = log.join().expect("no panic").expect("UTF-8");
    let panicked = log.lines().find(|line| line.contains("\"panicked\""));
    assert_eq!(panicked, None);
}

/// A backend that answers each connection with spoilt bytes, and closes it.
fn spoiling_backend() -> SocketAddr {
    const GOOD: [&[u8]; 3] = [
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n{\"a\":[1]}\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n[1,2,\r\n2\r\n3]\r\n0\r\n\r\n",
        b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}",
    ];
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("bound");
    std::thread::spawn(move || {
        let mut numbers = Numbers(7);
        for stream in listener.incoming().flatten() {
            let bytes = spoilt(GOOD[numbers.below(GOOD.len())], &mut numbers);
            let _ = (&stream).read(&mut [0; 4096]);
            let _ = (&stream).write_all(&bytes);
        }
    });
    address
}

#[test]
fn spoilt_requests_break_nothing() {
    const GOOD: [&[u8]; 4] = [
        b"GET /v1/search?q=tea&tag=a&tag=b HTTP/1.1\r\nHost: a\r\nX-Request-Id: 1\r\n\r\n",
        b"PUT /v1/plain/items/p_1 HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{\"a\":[1]}",
        b"POST /v1/plain/items/p%2F1 HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n[1,2,\r\n2\r\n3]\r\n0\r\n\r\n",
        b"GET /v1/echo/a%20b HTTP/1.1\r\nHost: a\r\nTraceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n\r\n",
    ];
    nothing_breaks(spoiling_backend(), |address| {
        let mut numbers = Numbers(3);
        for _ in 0..ROUNDS {
            let mut stream = TcpStream::connect(address).expect("it accepts");
            stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a positive time");
            let _ = stream.write_all(&spoilt(GOOD[numbers.below(GOOD.len())], &mut numbers));
            let _ = stream.shutdown(Shutdown::Write);
            let mut answer = Vec::new();
            let _ = stream.read_to_end(&mut answer);
            assert!(answer.is_empty() || answer.starts_with(b"HTTP/1."), "{answer:?}");
        }
    });
}

#[test]
fn spoilt_results_break_nothing_and_nothing_of_them_leaks() {
    nothing_breaks(spoiling_backend(), |address| {
        for _ in 0..ROUNDS {
            let answer = get(address, "/v1/plain/items/p_1");
            assert!([200, 404, 502, 504].contains(&answer.status), "{}", answer.status);
            if !answer.body.is_empty() {
                let json = serde_json::from_slice::<serde_json::Value>(&answer.body);
                assert!(json.is_ok(), "{}", answer.text());
            }
        }
    });
}
