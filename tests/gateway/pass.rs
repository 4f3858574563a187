//! Requests that are passed on as they come, and answers that are passed back as they come.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::thread::{JoinHandle, sleep, spawn};
use std::time::{Duration, Instant};

use gatewright_runtime::testing::{Backend, Gateway, Running, get, send};

use crate::ask::{NOBODY, problem};
use crate::contracts::pass::CONTRACT;

fn gateway(files: &str, flaky: &str) -> Running {
    let env = [("FILES_URL", files), ("FILES_KEY", "k-1"), ("FLAKY_URL", flaky)];
    Gateway::start(&CONTRACT, &env)
}

/// A backend of one connection that is played by `play`, its address, and how it ends.
pub(crate) fn played<T: Send + 'static>(
    play: impl FnOnce(TcpStream) -> T + Send + 'static,
) -> (String, JoinHandle<T>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("bound");
    let running = spawn(move || {
        let (stream, _) = listener.accept().expect("somebody connects");
        stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a timeout");
        play(stream)
    });
    (format!("http://{address}"), running)
}

pub(crate) fn connect(gateway: &Running) -> TcpStream {
    let stream = TcpStream::connect(gateway.address()).expect("it listens");
    stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a timeout");
    stream
}

/// Reads until what came ends in, or holds, `end`.
#[track_caller]
pub(crate) fn until(stream: &mut TcpStream, end: &str) -> String {
    let mut found = Vec::new();
    let mut byte = [0];
    while !String::from_utf8_lossy(&found).ends_with(end) {
        match stream.read(&mut byte) {
            Ok(1) => found.push(byte[0]),
            other => unreachable!("{other:?} after {:?}", String::from_utf8_lossy(&found)),
        }
    }
    String::from_utf8(found).expect("text")
}

pub(crate) fn rest(stream: &mut TcpStream) -> String {
    let mut found = Vec::new();
    let _ = stream.read_to_end(&mut found);
    String::from_utf8_lossy(&found).into_owned()
}

pub(crate) const HEAD: &str = "\r\n\r\n";

#[test]
fn a_request_arrives_as_it_was_sent() {
    let (url, backend) = played(|mut stream| {
        let head = until(&mut stream, HEAD);
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        head
    });
    let gateway = gateway(&url, NOBODY);
    let mut caller = connect(&gateway);
    let request = "GET /v1/files/a%2Fb/c%20d?x=1&x=%zz&&y HTTP/1.1\r\nHost: shop.example\r\nAccept: text/*\r\n\
        Authorization: Bearer t\r\nCookie: a=b\r\nUser-Agent: me\r\nX-Hop: 1\r\nX-Api-Key: mine\r\n\
        Accept-Encoding: br\r\nRange: bytes=0-1\r\nX-Twice: 1\r\nX-Twice: 2\r\nKeep-Alive: 1\r\n\
        X-Forwarded-For: 6.6.6.6\r\nX-Real-IP: 6.6.6.6\r\nTE: trailers\r\nConnection: X-Hop, close\r\n\r\n";
    caller.write_all(request.as_bytes()).expect("sent");
    let answer = rest(&mut caller);
    assert!(
        answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("\r\n\r\nok"),
        "{answer}"
    );
    let head = backend.join().expect("played").to_ascii_lowercase();
    let mut lines = head.lines();
    assert_eq!(lines.next(), Some("get /files/a%2fb/c%20d?x=1&x=%zz&&y http/1.1"));
    for field in [
        "accept: text/*",
        "authorization: bearer t",
        "cookie: a=b",
        "user-agent: me",
        "accept-encoding: br",
        "range: bytes=0-1",
        "x-twice: 1",
        "x-twice: 2",
        "x-api-key: k-1",
        "x-forwarded-for: 127.0.0.1",
        "x-forwarded-host: shop.example",
        "te: trailers",
    ] {
        assert_eq!(head.lines().filter(|line| *line == field).count(), 1, "{field}: {head}");
    }
    for absent in
        ["x-hop", "keep-alive", "x-api-key: mine", "6.6.6.6", "host: shop.example", "close"]
    {
        let found = head.lines().any(|line| {
            line.starts_with(absent)
                || (absent != "x-hop"
                    && line.ends_with(absent)
                    && !line.starts_with("x-forwarded-host"))
        });
        assert!(!found, "{absent}: {head}");
    }
    assert!(head.contains("traceparent: ") && head.contains("x-request-id: "), "{head}");
}

#[test]
fn an_answer_comes_back_as_it_is() {
    let answers = [
        ("200 OK", "Content-Type: text/plain\r\nETag: \"a\"\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2"),
        ("404 Not Found", "Content-Type: text/html"),
        ("301 Moved Permanently", "Location: http://elsewhere.example/"),
        ("503 Service Unavailable", "Retry-After: 7"),
    ];
    for (status, fields) in answers {
        let (url, backend) = played(move |mut stream| {
            until(&mut stream, HEAD);
            let answer = format!(
                "HTTP/1.1 {status}\r\n{fields}\r\nX-Hop: 1\r\nConnection: x-hop\r\nKeep-Alive: timeout=5\r\n\
                 Content-Length: 5\r\n\r\nh\0\u{7f}\r\n"
            );
            let _ = stream.write_all(answer.as_bytes());
            until(&mut stream, "-")
        });
        let gateway = gateway(&url, NOBODY);
        let answer = get(gateway.address(), "/v1/files/x");
        assert_eq!(answer.status.to_string(), status[..3]);
        assert_eq!(answer.text(), "h\0\u{7f}\r\n");
        for line in fields.split("\r\n") {
            let (name, value) = line.split_once(": ").expect("a field");
            assert!(
                answer.headers.iter().any(|(n, v)| n.eq_ignore_ascii_case(name) && v == value),
                "{answer:?}"
            );
        }
        for hop in ["x-hop", "keep-alive"] {
            assert_eq!(answer.header(hop), None, "{answer:?}");
        }
        assert!(answer.header("x-request-id").is_some());
        drop((gateway, backend));
    }
}

#[test]
fn a_call_may_say_what_is_asked() {
    let files = Backend::start().answer("GET", "/pages?number=3&lang=de", 200, "page");
    let gateway = gateway(&files.url(), NOBODY);
    let answer = send(gateway.address(), "GET", "/v1/pages/3?lang=de", &[("X-Mark", "m")], b"");
    assert_eq!((answer.status, answer.text().as_str()), (200, "page"));
    let request = files.requests().first().cloned().expect("it was asked");
    assert_eq!(request.target, "/pages?number=3&lang=de");
    assert_eq!((request.header("x-number"), request.header("x-mark")), (Some("3"), Some("m")));
    // What it reads is checked.
    assert_eq!(get(gateway.address(), "/v1/pages/0").status, 400);
    assert_eq!(get(gateway.address(), "/v1/pages/3?lang=x").status, 400);
    assert_eq!(get(gateway.address(), "/v1/pages/3?more=x").status, 400);
    assert_eq!(files.requests().len(), 1);
}

#[test]
fn a_status_can_become_a_declared_error() {
    for status in [404, 410] {
        let files = Backend::start().answer("GET", "/old/a", status, r#"{"reason":"moved"}"#);
        let answer = get(gateway(&files.url(), NOBODY).address(), "/v1/old/a");
        assert_eq!(problem(&answer, 410, "pass:gone")["why"], "moved");
    }
    let files = Backend::start().answer("GET", "/old/a", 409, "as it is");
    let answer = get(gateway(&files.url(), NOBODY).address(), "/v1/old/a");
    assert_eq!((answer.status, answer.text().as_str()), (409, "as it is"));
    let (url, _backend) = played(|mut stream| rest(&mut stream));
    let gateway = gateway(&url, NOBODY);
    problem(&get(gateway.address(), "/v1/old/a"), 504, "pass:slow");
}

#[test]
fn only_failures_to_answer_are_the_gateways_own() {
    let nobody = gateway(NOBODY, NOBODY);
    problem(&get(nobody.address(), "/v1/files/a"), 502, "gateway:backend-failed");
    let (url, _silent) = played(|mut stream| rest(&mut stream));
    let gateway = gateway(&url, NOBODY);
    let start = Instant::now();
    problem(&get(gateway.address(), "/v1/files/a"), 504, "gateway:backend-timeout");
    assert!(start.elapsed() < Duration::from_secs(3));
    problem(&get(gateway.address(), "/v1/files/a/../b"), 400, "gateway:invalid-request");
}

#[test]
fn an_answer_is_sent_on_chunk_by_chunk_and_may_take_its_time() {
    let (told, more) = channel::<()>();
    let (url, _backend) = played(move |mut stream| {
        until(&mut stream, HEAD);
        let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
        stream.write_all(head.as_bytes()).expect("sent");
        for event in 0..3 {
            let text = format!("data: {event}\n\n");
            stream.write_all(format!("{:x}\r\n{text}\r\n", text.len()).as_bytes()).expect("sent");
            more.recv().expect("the caller has it");
        }
        stream.write_all(b"0\r\n\r\n").expect("sent");
    });
    let gateway = gateway(&url, NOBODY);
    let mut caller = connect(&gateway);
    caller.write_all(b"GET /v1/files/events HTTP/1.1\r\nHost: x\r\n\r\n").expect("sent");
    let head = until(&mut caller, HEAD).to_ascii_lowercase();
    assert!(head.contains("content-type: text/event-stream"), "{head}");
    for event in 0..3 {
        until(&mut caller, &format!("data: {event}\n\n\r\n"));
        // Longer than the endpoint's timeout in all.
        sleep(Duration::from_millis(250));
        told.send(()).expect("it waits");
    }
    until(&mut caller, "0\r\n\r\n");
}

#[test]
fn an_upload_is_sent_on_as_it_arrives_and_may_take_its_time() {
    let (first, seen) = channel::<()>();
    let (url, backend) = played(move |mut stream| {
        let head = until(&mut stream, "one");
        first.send(()).expect("somebody waits");
        until(&mut stream, "two");
        stream.write_all(b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n").expect("sent");
        head
    });
    let gateway = gateway(&url, NOBODY);
    let mut caller = connect(&gateway);
    let head = "PUT /v1/files/a HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\nContent-Type: image/png\r\n\r\none";
    caller.write_all(head.as_bytes()).expect("sent");
    seen.recv_timeout(Duration::from_secs(5)).expect("the first part arrives before the second");
    // Longer than the endpoint's timeout: it counts from the last byte.
    sleep(Duration::from_millis(900));
    caller.write_all(b"two").expect("sent");
    assert!(until(&mut caller, HEAD).starts_with("HTTP/1.1 201 Created"));
    let head = backend.join().expect("played").to_ascii_lowercase();
    assert!(
        head.contains("content-length: 6") && head.contains("content-type: image/png"),
        "{head}"
    );
}

#[test]
fn a_chunked_upload_stays_chunked_and_a_caller_who_waits_is_told_to_go_on() {
    let (url, backend) = played(|mut stream| {
        let body = until(&mut stream, "0\r\n\r\n");
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").expect("sent");
        body
    });
    let gateway = gateway(&url, NOBODY);
    let mut caller = connect(&gateway);
    let head = "POST /v1/echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n";
    caller.write_all(head.as_bytes()).expect("sent");
    assert!(until(&mut caller, HEAD).starts_with("HTTP/1.1 100 Continue"));
    caller.write_all(b"3\r\nabc\r\n0\r\n\r\n").expect("sent");
    assert!(until(&mut caller, "\r\n\r\nok").starts_with("HTTP/1.1 200 OK"));
    let sent = backend.join().expect("played").to_ascii_lowercase();
    assert!(sent.contains("transfer-encoding: chunked") && !sent.contains("expect"), "{sent}");
}

#[test]
fn a_body_beyond_its_limit_is_refused_or_stopped() {
    let files = Backend::start().answer("POST", "/echo", 200, "ok");
    let said = gateway(&files.url(), NOBODY);
    let large = vec![b'x'; 64 * 1024 + 1];
    let answer = send(said.address(), "POST", "/v1/echo", &[], &large);
    problem(&answer, 413, "gateway:body");
    assert_eq!(files.requests().len(), 0, "it says so itself");
    assert_eq!(send(said.address(), "POST", "/v1/echo", &[], &large[1..]).status, 200);
    let (url, backend) = played(|mut stream| rest(&mut stream).len());
    let gateway = gateway(&url, NOBODY);
    let mut caller = connect(&gateway);
    let head = "POST /v1/echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
    caller.write_all(head.as_bytes()).expect("sent");
    let mut writer = caller.try_clone().expect("a second handle");
    let writing = spawn(move || {
        let chunk = format!("2000\r\n{}\r\n", "x".repeat(8192));
        while writer.write_all(chunk.as_bytes()).is_ok() {}
    });
    assert!(until(&mut caller, HEAD).starts_with("HTTP/1.1 413 "));
    assert!(backend.join().expect("played") < 80 * 1024, "no more than was allowed is sent on");
    let _ = caller.shutdown(Shutdown::Both);
    writing.join().expect("it ends");
}

#[test]
fn head_is_passed_on_as_head() {
    let (url, backend) = played(|mut stream| {
        let head = until(&mut stream, HEAD);
        stream
            .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\nETag: \"a\"\r\n\r\n")
            .expect("sent");
        head
    });
    let gateway = gateway(&url, NOBODY);
    let answer = send(gateway.address(), "HEAD", "/v1/files/a", &[], b"");
    assert_eq!((answer.status, answer.body.len()), (200, 0));
    assert_eq!(
        (answer.header("content-length"), answer.header("etag")),
        (Some("5000"), Some("\"a\""))
    );
    assert!(backend.join().expect("played").starts_with("HEAD /files/a HTTP/1.1"));
    let options = send(gateway.address(), "OPTIONS", "/v1/files/a/b", &[], b"");
    assert_eq!(options.header("allow"), Some("GET, PUT, HEAD, OPTIONS"));
}

#[test]
fn a_connection_is_used_again_after_an_answer_that_was_passed_on() {
    let files =
        Backend::start().answer("GET", "/files/a", 200, "a").answer("DELETE", "/files/a", 204, "");
    let gateway = gateway(&files.url(), NOBODY);
    for _ in 0..3 {
        assert_eq!(get(gateway.address(), "/v1/files/a").text(), "a");
        assert_eq!(send(gateway.address(), "DELETE", "/v1/files/a", &[], b"").status, 204);
    }
    assert!(files.requests().iter().all(|request| request.connection == 0));
}

#[test]
fn a_caller_who_leaves_takes_the_backends_connection_along() {
    let (url, backend) = played(|mut stream| {
        until(&mut stream, HEAD);
        stream
            .write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
            .expect("sent");
        let start = Instant::now();
        (rest(&mut stream), start.elapsed())
    });
    let gateway = gateway(&url, NOBODY);
    let mut caller = connect(&gateway);
    caller.write_all(b"GET /v1/files/a HTTP/1.1\r\nHost: x\r\n\r\n").expect("sent");
    until(&mut caller, "abc\r\n");
    drop(caller);
    let (more, waited) = backend.join().expect("played");
    assert!(more.is_empty() && waited < Duration::from_secs(5), "{more:?} {waited:?}");
}

#[test]
fn an_answer_that_breaks_off_is_seen_to_break_off() {
    let (url, _backend) = played(|mut stream| {
        until(&mut stream, HEAD);
        stream
            .write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
            .expect("sent");
    });
    let gateway = gateway(&url, NOBODY);
    let mut caller = connect(&gateway);
    caller.write_all(b"GET /v1/files/a HTTP/1.1\r\nHost: x\r\n\r\n").expect("sent");
    let answer = rest(&mut caller);
    assert!(answer.contains("abc") && !answer.ends_with("0\r\n\r\n"), "{answer}");
}

#[test]
fn a_slow_reader_holds_the_backend_back() {
    const SIZE: usize = 64 << 20;
    let (told, progress): (_, Receiver<usize>) = channel();
    let (url, _backend) = played(move |mut stream| {
        until(&mut stream, HEAD);
        stream
            .write_all(format!("HTTP/1.1 200 OK\r\nContent-Length: {SIZE}\r\n\r\n").as_bytes())
            .expect("sent");
        stream.set_write_timeout(Some(Duration::from_millis(500))).expect("a timeout");
        let mut written = 0;
        while written < SIZE {
            match stream.write(&[b'x'; 65536]) {
                Ok(count) => written += count,
                Err(_) => break,
            }
        }
        told.send(written).expect("somebody waits");
    });
    let gateway = gateway(&url, NOBODY);
    let mut caller = connect(&gateway);
    caller.write_all(b"GET /v1/files/a HTTP/1.1\r\nHost: x\r\n\r\n").expect("sent");
    until(&mut caller, HEAD);
    let written = progress.recv_timeout(Duration::from_secs(10)).expect("it stops");
    assert!(written < SIZE / 2, "{written} bytes were taken and went nowhere");
}

const UPGRADE: &str = "GET /v1/socket HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, Upgrade\r\n\
    Upgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

#[test]
fn a_websocket_goes_both_ways_and_ends_side_by_side() {
    let (url, backend) = played(|mut stream| {
        let head = until(&mut stream, HEAD);
        let answer = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
            Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\nearly";
        stream.write_all(answer.as_bytes()).expect("sent");
        until(&mut stream, "ping");
        stream.write_all(b"pong").expect("sent");
        // The caller has ended, this side has not.
        let more = rest(&mut stream);
        stream.write_all(b"bye").expect("sent");
        (head, more)
    });
    let gateway = gateway(&url, NOBODY);
    let mut caller = connect(&gateway);
    caller.write_all(UPGRADE.as_bytes()).expect("sent");
    let head = until(&mut caller, HEAD).to_ascii_lowercase();
    assert!(head.starts_with("http/1.1 101 "), "{head}");
    for field in [
        "connection: upgrade\r\n",
        "upgrade: websocket\r\n",
        "sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo=\r\n",
    ] {
        assert!(head.contains(field), "{field}: {head}");
    }
    until(&mut caller, "early");
    caller.write_all(b"ping").expect("sent");
    until(&mut caller, "pong");
    // Longer than any timeout of the endpoint.
    sleep(Duration::from_millis(700));
    caller.write_all(b"last").expect("sent");
    caller.shutdown(Shutdown::Write).expect("half closed");
    assert_eq!(rest(&mut caller), "bye");
    let (head, more) = backend.join().expect("played");
    let head = head.to_ascii_lowercase();
    assert!(
        head.contains("connection: upgrade\r\n") && head.contains("upgrade: websocket\r\n"),
        "{head}"
    );
    assert!(head.contains("sec-websocket-key: dghlihnhbxbszsbub25jzq==\r\n"), "{head}");
    assert_eq!(more, "last");
}

#[test]
fn a_websocket_goes_on_while_the_gateway_stops_up_to_a_limit() {
    let (url, backend) = played(|mut stream| {
        until(&mut stream, HEAD);
        let answer =
            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
        stream.write_all(answer.as_bytes()).expect("sent");
        until(&mut stream, "ping");
        stream.write_all(b"pong").expect("sent");
        rest(&mut stream)
    });
    let env = [("FILES_URL", url.as_str()), ("FILES_KEY", "k-1"), ("FLAKY_URL", NOBODY)];
    let env = [&env[..], &[("DRAIN_LIMIT", "1s")]].concat();
    let gateway = Gateway::start(&CONTRACT, &env);
    let mut caller = connect(&gateway);
    caller.write_all(UPGRADE.as_bytes()).expect("sent");
    until(&mut caller, HEAD);
    let begin = Instant::now();
    gateway.drain();
    sleep(Duration::from_millis(200));
    caller.write_all(b"ping").expect("sent");
    until(&mut caller, "pong");
    assert_eq!(gateway.stop(), 1, "it is cut at the limit");
    let took = begin.elapsed();
    assert!((Duration::from_millis(900)..Duration::from_secs(8)).contains(&took), "{took:?}");
    assert_eq!(rest(&mut caller), "");
    assert_eq!(backend.join().expect("played"), "");
}

#[test]
fn trailers_that_are_announced_go_on_in_both_directions() {
    let (url, backend) = played(|mut stream| {
        let head = until(&mut stream, "\r\n0\r\n");
        let trailers = until(&mut stream, "\r\n\r\n");
        let answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n\
            2\r\nok\r\n0\r\nX-Sum: 9\r\nX-Other: 1\r\n\r\n";
        stream.write_all(answer.as_bytes()).expect("sent");
        (head, trailers)
    });
    let gateway = gateway(&url, NOBODY);
    let mut caller = connect(&gateway);
    let request = "PUT /v1/files/a HTTP/1.1\r\nHost: x\r\nConnection: TE\r\nTE: trailers\r\n\
        Trailer: X-Digest\r\nTransfer-Encoding: chunked\r\n\r\n\
        3\r\nabc\r\n0\r\nX-Digest: 7\r\nX-Other: 1\r\n\r\n";
    caller.write_all(request.as_bytes()).expect("sent");
    let head = until(&mut caller, HEAD).to_ascii_lowercase();
    assert!(head.contains("trailer: x-sum\r\n"), "{head}");
    assert_eq!(until(&mut caller, "\r\n0\r\n"), "2\r\nok\r\n0\r\n");
    assert_eq!(until(&mut caller, "\r\n\r\n").to_ascii_lowercase(), "x-sum: 9\r\n\r\n");
    let (head, trailers) = backend.join().expect("played");
    let head = head.to_ascii_lowercase();
    assert!(head.contains("te: trailers\r\n") && head.contains("trailer: x-digest\r\n"), "{head}");
    assert_eq!(trailers.to_ascii_lowercase(), "x-digest: 7\r\n\r\n");
}

#[test]
fn nothing_behind_the_body_takes_the_place_of_what_stands_before_it() {
    let (url, backend) = played(|mut stream| {
        until(&mut stream, "\r\n0\r\n");
        let trailers = until(&mut stream, "\r\n\r\n");
        stream.write_all(b"HTTP/1.1 204 None\r\n\r\n").expect("sent");
        trailers
    });
    let gateway = gateway(&url, NOBODY);
    let mut caller = connect(&gateway);
    let forged = [
        "Authorization: Bearer forged",
        "Cookie: forged=1",
        "Content-Type: text/forged",
        "Expect: 100-continue",
        "If-Match: forged",
        "Keep-Alive: 1",
        "Transfer-Encoding: forged",
        "X-Forwarded-For: 6.6.6.6",
        "X-Api-Key: forged",
    ];
    let names = forged.map(|field| field.split_once(':').expect("a field").0).join(", ");
    let request = format!(
        "PUT /v1/files/a HTTP/1.1\r\nHost: x\r\nTE: trailers\r\nTrailer: {names}, X-Digest\r\n\
         Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n{}\r\nX-Digest: 7\r\n\r\n",
        forged.join("\r\n")
    );
    caller.write_all(request.as_bytes()).expect("sent");
    assert!(until(&mut caller, HEAD).starts_with("HTTP/1.1 204 "));
    let trailers = backend.join().expect("played");
    assert_eq!(trailers.to_ascii_lowercase(), "x-digest: 7\r\n\r\n");
}

#[test]
fn a_backend_may_refuse_another_protocol_and_cannot_change_it_unasked() {
    let files = Backend::start().answer("GET", "/socket", 426, "no");
    let refusing = gateway(&files.url(), NOBODY);
    let mut caller = connect(&refusing);
    caller.write_all(UPGRADE.as_bytes()).expect("sent");
    assert!(until(&mut caller, HEAD).starts_with("HTTP/1.1 426 "));
    let (url, _backend) = played(|mut stream| {
        until(&mut stream, HEAD);
        let answer =
            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n";
        stream.write_all(answer.as_bytes()).expect("sent");
        rest(&mut stream)
    });
    let gateway = gateway(&url, NOBODY);
    problem(&get(gateway.address(), "/v1/files/a"), 502, "gateway:backend-failed");
}

#[test]
fn what_can_be_repeated_is_and_what_was_sent_is_not() {
    let flaky =
        Backend::start().answer("GET", "/flaky", 503, "busy").answer("PUT", "/flaky", 503, "busy");
    let gateway = gateway(NOBODY, &flaky.url());
    let answer = get(gateway.address(), "/v1/flaky");
    assert_eq!((answer.status, answer.text().as_str()), (503, "busy"));
    assert_eq!(flaky.requests().len(), 2, "an answer after the last attempt is passed on");
    assert_eq!(send(gateway.address(), "PUT", "/v1/flaky", &[], b"body").status, 503);
    assert_eq!(flaky.requests().len(), 3, "the body is gone");
    // Three failures in a row, and it is left alone.
    problem(&get(gateway.address(), "/v1/flaky"), 503, "gateway:backend-unavailable");
    assert_eq!(flaky.requests().len(), 3);
}
