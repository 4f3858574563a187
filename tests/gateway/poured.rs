//! Long bodies that the system moves from one socket to the other, as what their callers see of it: the
//! same bytes, in both directions the same connections.
#![cfg(target_os = "linux")]

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::thread::sleep;
use std::time::{Duration, Instant};

use gatewright_runtime::codegen::Contract;
use gatewright_runtime::testing::{Gateway, Running, get};

use crate::ask::NOBODY;
use crate::contracts::{compressed, pass};
use crate::pass::{HEAD, connect, played, until};

/// A body that is long enough, and no multiple of anything.
const LONG: usize = 3_000_017;
const GET: &[u8] = b"GET /v1/files/a HTTP/1.1\r\nHost: x\r\n\r\n";

fn gateway(files: &str) -> Running {
    let env = [("FILES_URL", files), ("FILES_KEY", "k-1"), ("FLAKY_URL", NOBODY), ("CORES", "1")];
    Gateway::start(&pass::CONTRACT, &env)
}

/// Bytes that tell where they belong.
fn pattern(size: usize) -> Vec<u8> {
    (0..size).map(|at| (at * 31 + at / 251 + at / 65_537) as u8).collect()
}

fn head(size: usize) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n")
}

/// How many bytes the system has moved.
fn moved(gateway: &Running) -> usize {
    let text = get(gateway.operator(), "/metrics").text();
    let line = text.lines().find_map(|line| line.strip_prefix("gatewright_moved_bytes_total "));
    line.and_then(|line| line.parse().ok()).expect("it is counted")
}

/// Reads an answer with a body of so many bytes.
#[track_caller]
fn answer(caller: &mut TcpStream, size: usize) -> Vec<u8> {
    let head = until(caller, HEAD).to_ascii_lowercase();
    assert!(head.contains(&format!("content-length: {size}\r\n")), "{head}");
    let mut body = vec![0; size];
    caller.read_exact(&mut body).expect("the whole body");
    body
}

#[test]
fn a_long_body_arrives_as_it_is_and_both_connections_go_on() {
    let (body, sent) = (pattern(LONG), pattern(LONG));
    let (url, backend) = played(move |mut stream| {
        let body = sent;
        // At once, in pieces that fit nowhere, and short.
        until(&mut stream, HEAD);
        stream.write_all(&[head(LONG).as_bytes(), &body].concat()).expect("sent");
        until(&mut stream, HEAD);
        stream.write_all(head(LONG).as_bytes()).expect("sent");
        for (nth, piece) in body.chunks(70_001).enumerate() {
            stream.write_all(piece).expect("sent");
            if nth % 9 == 0 {
                sleep(Duration::from_millis(5));
            }
        }
        until(&mut stream, HEAD);
        stream.write_all(&[head(5).as_bytes(), b"short"].concat()).expect("sent");
        until(&mut stream, HEAD);
        stream.write_all(&[head(LONG).as_bytes(), &body].concat()).expect("sent");
        stream
    });
    let gateway = gateway(&url);
    let mut caller = connect(&gateway);
    // All of them are asked for ahead of the answers.
    caller.write_all(&GET.repeat(4)).expect("sent");
    for size in [LONG, LONG, 5, LONG] {
        let found = answer(&mut caller, size);
        assert!(found == if size == 5 { b"short" } else { body.as_slice() }, "of {size} bytes");
    }
    let (moved, all) = (moved(&gateway), 3 * LONG);
    assert!(moved > all / 10 * 9 && moved < all, "{moved} of {all} bytes");
    drop(backend.join().expect("one connection for all of them"));
    drop(caller);
}

#[test]
fn who_reads_slowly_gets_it_all() {
    let whole = pattern(4 * LONG);
    let sent = [head(whole.len()).as_bytes(), &whole].concat();
    let (url, _backend) = played(move |mut stream| {
        until(&mut stream, HEAD);
        stream.write_all(&sent).expect("sent");
    });
    let gateway = gateway(&url);
    let mut caller = connect(&gateway);
    caller.write_all(GET).expect("sent");
    until(&mut caller, HEAD);
    sleep(Duration::from_millis(300));
    let (mut body, mut piece) = (Vec::new(), vec![0; 300_000]);
    while body.len() < whole.len() {
        match caller.read(&mut piece) {
            Ok(size @ 1..) => body.extend_from_slice(&piece[..size]),
            other => unreachable!("{other:?} after {} bytes", body.len()),
        }
        sleep(Duration::from_millis(2));
    }
    assert!(body == whole, "another body");
    assert!(moved(&gateway) > 3 * LONG);
}

#[test]
fn a_caller_who_leaves_in_the_middle_takes_the_backends_connection_along() {
    for waits in [false, true] {
        let (url, backend) = played(move |mut stream| {
            until(&mut stream, HEAD);
            stream.write_all(head(64 * LONG).as_bytes()).expect("sent");
            let (start, mut sent) = (Instant::now(), 0);
            // Either it sends without end, or it has stopped and is waited for.
            while !(waits && sent >= LONG) && stream.write_all(&[b'x'; 65_536]).is_ok() {
                sent += 65_536;
            }
            let _ = stream.read(&mut [0]);
            (sent, start.elapsed())
        });
        let gateway = gateway(&url);
        let mut caller = connect(&gateway);
        caller.write_all(GET).expect("sent");
        until(&mut caller, HEAD);
        caller.read_exact(&mut vec![0; LONG / 2]).expect("half of it");
        sleep(Duration::from_millis(50));
        drop(caller);
        let (sent, took) = backend.join().expect("played");
        assert!(sent < 60 * LONG && took < Duration::from_secs(5), "{sent} bytes in {took:?}");
        assert!(moved(&gateway) > 0);
        assert_eq!(gateway.stop(), 0, "nothing is left of it");
    }
}

#[test]
fn a_body_that_breaks_off_is_seen_to_break_off_behind_what_came() {
    for resets in [false, true] {
        let body = pattern(LONG);
        let sent = [head(2 * LONG).as_bytes(), &body].concat();
        let (url, backend) = played(move |mut stream| {
            until(&mut stream, HEAD);
            stream.write_all(&sent).expect("sent");
            if resets {
                // What was sent arrives; then there is no more, and nobody to ask.
                sleep(Duration::from_millis(300));
                socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO)).expect("set");
            } else {
                stream.shutdown(Shutdown::Write).expect("it ends");
                let _ = stream.read(&mut [0]);
            }
        });
        let gateway = gateway(&url);
        let mut caller = connect(&gateway);
        caller.write_all(GET).expect("sent");
        until(&mut caller, HEAD);
        let mut found = Vec::new();
        let _ = caller.read_to_end(&mut found);
        assert!(found == body, "{} bytes", found.len());
        assert!(moved(&gateway) > 0);
        backend.join().expect("played");
    }
}

#[test]
fn a_gateway_that_stops_sends_the_rest() {
    let (body, sent) = (pattern(LONG), pattern(LONG));
    let (url, _backend) = played(move |mut stream| {
        let (early, late) = sent.split_at(LONG / 2);
        until(&mut stream, HEAD);
        stream.write_all(&[head(LONG).as_bytes(), early].concat()).expect("sent");
        sleep(Duration::from_millis(300));
        stream.write_all(late).expect("sent");
    });
    let gateway = gateway(&url);
    let mut caller = connect(&gateway);
    caller.write_all(GET).expect("sent");
    until(&mut caller, HEAD);
    gateway.drain();
    let mut found = Vec::new();
    caller.read_to_end(&mut found).expect("it is closed behind it");
    assert!(found == body, "{} bytes", found.len());
}

/// How much of a body is moved that comes with this head.
fn passed(contract: &'static Contract, ask: &str, more: &str) -> usize {
    let fields = format!("HTTP/1.1 200 OK\r\n{more}Content-Type: text/plain\r\n\r\n");
    let body = pattern(LONG);
    let (url, _backend) = played(move |mut stream| {
        until(&mut stream, HEAD);
        let _ = stream.write_all(fields.as_bytes());
        let _ = stream.write_all(&body);
        let _ = stream.shutdown(Shutdown::Write);
    });
    let env =
        [("FILES_URL", &*url), ("FILES_KEY", "k"), ("FLAKY_URL", NOBODY), ("STORE_URL", &url)];
    let gateway = Gateway::start(contract, &env);
    let mut caller = connect(&gateway);
    caller.write_all(ask.as_bytes()).expect("sent");
    let _ = caller.read_to_end(&mut Vec::new());
    moved(&gateway)
}

#[test]
fn what_somebody_has_to_read_is_read() {
    let gzip =
        "GET /v1/files/a HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAccept-Encoding: gzip\r\n\r\n";
    let plain = gzip.replace("Accept-Encoding: gzip\r\n", "");
    let old = plain.replace("HTTP/1.1", "HTTP/1.0");
    let length = format!("Content-Length: {LONG}\r\n");
    let chunked = "Transfer-Encoding: chunked\r\n";
    assert_eq!(passed(&compressed::CONTRACT, gzip, &length), 0, "it is compressed");
    assert!(passed(&compressed::CONTRACT, &plain, &length) > 0, "it is not");
    assert!(passed(&pass::CONTRACT, gzip, &length) > 0, "nothing is");
    assert!(passed(&pass::CONTRACT, &old, &length) > 0, "an old caller");
    assert_eq!(passed(&pass::CONTRACT, &plain, ""), 0, "until the end of the connection");
    assert_eq!(passed(&pass::CONTRACT, &plain, chunked), 0, "chunks have to be found");
    assert_eq!(passed(&pass::CONTRACT, &plain, "Content-Length: 30000\r\n"), 0, "short");
    let head = plain.replace("GET", "HEAD");
    assert_eq!(passed(&pass::CONTRACT, &head, &length), 0, "nobody wants it");
}
