//! HTTP/2 from callers: what works over HTTP/1.1 works over it.

use std::io::Write;
use std::process::Command;
use std::thread::sleep;
use std::time::Duration;

use gatewright_runtime::testing::frames::{END_HEADERS, END_STREAM, Frames, Outcome, fields, kind};
use gatewright_runtime::testing::{Backend, Gateway, Running};

use crate::ask::NOBODY;
use crate::contracts::{pass, requests};
use crate::pass::{HEAD, played, until};

fn passing(files: &str) -> Running {
    let env = [("FILES_URL", files), ("FILES_KEY", "k-1"), ("FLAKY_URL", NOBODY)];
    Gateway::start(&pass::CONTRACT, &env)
}

/// What a program prints that asks the gateway.
#[track_caller]
fn printed(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let output = output.unwrap_or_else(|error| unreachable!("{program}: {error}"));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn curl_is_answered_in_what_it_speaks() {
    let gateway = Gateway::start(&requests::CONTRACT, &[]);
    let url = format!("http://{}/v1/tolerant?q=a", gateway.address());
    let written = "%{http_version} %{http_code} %{content_type}";
    // An upgrade to HTTP/2 is not made: RFC 9113 has given it up.
    for (flag, version) in
        [("--http2-prior-knowledge", "2"), ("--http1.1", "1.1"), ("--http2", "1.1")]
    {
        let text = printed("curl", &["-s", "-m", "10", flag, "-w", written, &url]);
        assert_eq!(text, format!("{{\"q\":\"a\"}}{version} 200 application/json"), "{flag}");
    }
    let json = ["-H", "Content-Type: application/json", "-d", "{no json"];
    let asked = ["-s", "-m", "10", "--http2-prior-knowledge", "-w", " %{http_code}", &url];
    let text = printed("curl", &[&asked[..], &json].concat());
    assert!(text.ends_with("} 400") && text.contains("gateway:invalid-request"), "{text}");
    let text = printed("curl", &["-sI", "-m", "10", "--http2-prior-knowledge", &url]);
    assert!(text.starts_with("HTTP/2 200") && text.contains("content-length: 9"), "{text}");
}

#[test]
fn many_requests_of_many_callers_are_answered() {
    let gateway = Gateway::start(&requests::CONTRACT, &[]);
    let url = format!("http://{}/v1/tolerant?q=a", gateway.address());
    let text = printed("h2load", &["-n", "3000", "-c", "6", "-m", "50", &url]);
    assert!(text.contains("3000 succeeded, 0 failed, 0 errored, 0 timeout"), "{text}");
    assert!(text.contains("status codes: 3000 2xx"), "{text}");
}

#[test]
fn a_backend_is_asked_the_same_as_ever() {
    let files = Backend::start().answer("GET", "/files/a?x=1", 200, "page");
    let gateway = passing(&files.url());
    let mut caller = Frames::connect(gateway.address(), &[]);
    let more = [("cookie", "a=1"), ("cookie", "b=2"), ("te", "trailers"), ("x-mark", "m")];
    caller.request(1, ("GET", "/v1/files/a?x=1"), &more, b"");
    assert_eq!(caller.outcome(1), Outcome::Answer(200, b"page".to_vec()));
    let received = files.requests().first().cloned().expect("it was asked");
    for (name, value) in [
        ("host", files.url().trim_start_matches("http://")),
        ("cookie", "a=1; b=2"),
        ("te", "trailers"),
        ("x-mark", "m"),
        ("x-forwarded-host", "a.test"),
        ("x-api-key", "k-1"),
    ] {
        let all: Vec<_> = received.headers.iter().filter(|(known, _)| known == name).collect();
        assert_eq!(all.len(), 1, "{name}: {received:?}");
        assert_eq!(received.header(name), Some(value));
    }
    assert!(received.headers.iter().all(|(name, _)| !name.starts_with(':')), "{received:?}");
}

#[test]
fn bodies_are_passed_on_as_they_arrive_and_within_their_limit() {
    let (url, backend) = played(|mut stream| {
        let head = until(&mut stream, HEAD).to_ascii_lowercase();
        let first = until(&mut stream, "3\r\none\r\n");
        let rest = until(&mut stream, "0\r\n\r\n");
        let _ = stream.write_all(b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok");
        (head, first, rest)
    });
    let gateway = passing(&url);
    let mut caller = Frames::connect(gateway.address(), &[]);
    let put =
        [(":method", "PUT"), (":scheme", "http"), (":path", "/v1/files/a"), (":authority", "a")];
    caller.send(kind::HEADERS, END_HEADERS, 1, &fields(put));
    caller.send(kind::DATA, 0, 1, b"one");
    sleep(Duration::from_millis(50));
    caller.send(kind::DATA, END_STREAM, 1, b"two");
    assert_eq!(caller.outcome(1), Outcome::Answer(201, b"ok".to_vec()));
    let (head, _, rest) = backend.join().expect("played");
    assert!(head.contains("transfer-encoding: chunked"), "{head}");
    assert_eq!(rest, "3\r\ntwo\r\n0\r\n\r\n");

    // Too large by what it says.
    let files = Backend::start();
    let gateway = passing(&files.url());
    let mut caller = Frames::connect(gateway.address(), &[]);
    let large = put.into_iter().chain([("content-length", "2000000")]);
    caller.send(kind::HEADERS, END_HEADERS, 1, &fields(large));
    assert_eq!(caller.outcome(1).status(), 413);
    assert!(files.requests().is_empty(), "{:?}", files.requests());
}

#[test]
fn answers_arrive_piece_by_piece_with_what_follows_them() {
    let (url, _backend) = played(|mut stream| {
        until(&mut stream, HEAD);
        let head = "HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n";
        let _ = stream.write_all(head.as_bytes());
        for text in ["one", "two"] {
            sleep(Duration::from_millis(50));
            let _ = stream.write_all(format!("3\r\n{text}\r\n").as_bytes());
        }
        let _ = stream.write_all(b"0\r\nX-Sum: 9\r\n\r\n");
    });
    let gateway = passing(&url);
    let mut caller = Frames::connect(gateway.address(), &[]);
    caller.request(1, ("GET", "/v1/files/a"), &[("te", "trailers")], b"");
    let mut pieces = Vec::new();
    let mut heads = 0;
    loop {
        let frame = caller.read().expect("more");
        match frame.kind {
            kind::DATA => pieces.push(String::from_utf8(frame.payload).expect("text")),
            kind::HEADERS => heads += 1,
            _ => continue,
        }
        if frame.flags & END_STREAM != 0 {
            break;
        }
    }
    pieces.retain(|piece| !piece.is_empty());
    assert_eq!(pieces, ["one", "two"]);
    assert_eq!(heads, 2, "the trailers are a head of their own");
}

#[test]
fn an_answer_that_breaks_off_is_not_whole() {
    let (url, _backend) = played(|mut stream| {
        until(&mut stream, HEAD);
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
    });
    let gateway = passing(&url);
    let mut caller = Frames::connect(gateway.address(), &[]);
    caller.request(1, ("GET", "/v1/files/a"), &[], b"");
    assert!(matches!(caller.outcome(1), Outcome::Reset(_)));
}

#[test]
fn a_request_that_is_called_off_is_called_off_at_the_backend() {
    let pause = Duration::from_secs(5);
    let files = Backend::start().slow("GET", "/files/a", pause, "late");
    let gateway = passing(&files.url());
    let mut caller = Frames::connect(gateway.address(), &[]);
    caller.request(1, ("GET", "/v1/files/a"), &[], b"");
    files.wait_for(1);
    caller.send(kind::RST_STREAM, 0, 1, &8_u32.to_be_bytes());
    for _ in 0..100 {
        if files.requests().first().is_some_and(|request| request.abandoned) {
            return;
        }
        sleep(Duration::from_millis(10));
    }
    unreachable!("it waits for an answer that nobody takes: {:?}", files.requests());
}

#[test]
fn no_protocol_is_changed_over_it() {
    let files = Backend::start();
    let gateway = passing(&files.url());
    let mut caller = Frames::connect(gateway.address(), &[]);
    let settings = caller.read().expect("settings");
    // RFC 8441 is not offered, so that who wants a WebSocket opens a connection of HTTP/1.1.
    assert!(settings.payload.chunks(6).all(|one| one.first_chunk() != Some(&[0, 8])));
    let connect = [
        (":method", "CONNECT"),
        (":protocol", "websocket"),
        (":scheme", "http"),
        (":path", "/v1/socket"),
        (":authority", "a.test"),
    ];
    caller.send(kind::HEADERS, END_HEADERS, 1, &fields(connect));
    assert!(matches!(caller.outcome(1), Outcome::Reset(_) | Outcome::Answer(400, _)));
    let mut caller = Frames::connect(gateway.address(), &[]);
    let connect = [(":method", "CONNECT"), (":authority", "a.test:80")];
    caller.send(kind::HEADERS, END_HEADERS, 1, &fields(connect));
    assert_eq!(caller.outcome(1).status(), 400);
    assert!(files.requests().is_empty());
}
