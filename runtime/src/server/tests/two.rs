//! HTTP/2 from callers who are too slow, ask too much, or break the rules.

use std::time::{Duration, Instant};

use super::{SHORT, about, start};
use crate::server::{Limits, Phase};
use crate::testing::frames::{
    END_HEADERS, END_STREAM, Frames, Outcome, PREFACE, fields, frame, kind,
};

const GET: &[(&str, &str)] =
    &[(":method", "GET"), (":scheme", "http"), (":path", "/nothing"), (":authority", "a.test")];

/// Reasons (RFC 9113 section 7).
const NO_ERROR: u32 = 0;
const PROTOCOL_ERROR: u32 = 1;
const FLOW_CONTROL_ERROR: u32 = 3;
const STREAM_CLOSED: u32 = 5;
const FRAME_SIZE_ERROR: u32 = 6;
const REFUSED_STREAM: u32 = 7;
const CANCEL: u32 = 8;
const COMPRESSION_ERROR: u32 = 9;
const ENHANCE_YOUR_CALM: u32 = 11;

const MANY: Limits = Limits { connections: 100, ..SHORT };

#[test]
fn requests_are_answered_side_by_side() {
    let server = start(MANY);
    let mut caller = Frames::connect(server.0.address(), &[]);
    let begun = Instant::now();
    for stream in [1, 3, 5] {
        caller.request(stream, ("GET", "/slow"), &[], b"");
    }
    caller.request(7, ("POST", "/"), &[("content-type", "application/json")], b"[1]");
    assert_eq!(caller.outcome(7), Outcome::Answer(200, b"[1]".to_vec()));
    for stream in [1, 3, 5] {
        assert_eq!(caller.outcome(stream), Outcome::Answer(204, Vec::new()));
    }
    about(begun.elapsed(), 400);
    caller.request(9, ("HEAD", "/large"), &[], b"");
    assert_eq!(caller.outcome(9), Outcome::Answer(200, Vec::new()));
}

#[test]
fn what_breaks_the_rules_ends_the_connection() {
    let server = start(MANY);
    let head = fields(GET.iter().copied());
    let table: Vec<(&str, Vec<u8>, &[u32])> = vec![
        ("a part of no stream", frame(kind::DATA, 0, 0, b"a"), &[PROTOCOL_ERROR]),
        ("a part of a stream that is not open", frame(kind::DATA, 0, 9, b"a"), &[PROTOCOL_ERROR]),
        ("a stream of the other side", frame(kind::HEADERS, 5, 2, &head), &[PROTOCOL_ERROR]),
        ("a frame too large", frame(kind::DATA, 0, 1, &[0; 20_000]), &[FRAME_SIZE_ERROR]),
        (
            "settings of half a setting",
            frame(kind::SETTINGS, 0, 0, b"abc"),
            &[FRAME_SIZE_ERROR, PROTOCOL_ERROR],
        ),
        ("a window beyond the largest", setting(4, 1 << 31), &[FLOW_CONTROL_ERROR, PROTOCOL_ERROR]),
        ("a frame size below the smallest", setting(5, 1), &[PROTOCOL_ERROR]),
        (
            "no head at all",
            frame(kind::HEADERS, 5, 1, b"\xff\xff\xff\xff"),
            &[COMPRESSION_ERROR, PROTOCOL_ERROR],
        ),
        ("more of no head", frame(kind::CONTINUATION, 4, 1, &head), &[PROTOCOL_ERROR]),
        (
            "a head with something in between",
            [frame(kind::HEADERS, 1, 1, &head), frame(kind::PING, 0, 0, &[0; 8])].concat(),
            &[PROTOCOL_ERROR],
        ),
        (
            "a head that never ends",
            [frame(kind::HEADERS, 1, 1, &head), frame(kind::CONTINUATION, 0, 1, b"").repeat(5000)]
                .concat(),
            &[ENHANCE_YOUR_CALM],
        ),
        (
            "more room than there can be",
            frame(kind::WINDOW_UPDATE, 0, 0, &0x7fff_ffff_u32.to_be_bytes()),
            &[FLOW_CONTROL_ERROR],
        ),
    ];
    for (what, bytes, reasons) in table {
        let mut caller = Frames::connect(server.0.address(), &[]);
        let _ = caller.write(&bytes);
        let said = caller.end();
        assert!(said.is_none_or(|said| reasons.contains(&said)), "{what}: {said:?}");
        assert!(said.is_some() || what.contains("never ends"), "{what}: closed without a word");
    }
}

fn setting(name: u16, value: u32) -> Vec<u8> {
    frame(kind::SETTINGS, 0, 0, &[&name.to_be_bytes()[..], &value.to_be_bytes()].concat())
}

#[test]
fn what_begins_like_it_and_is_not_is_refused() {
    let server = start(MANY);
    for first in [&b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n"[..], b"PRI * HTTP/2.0\r\n\r\n"] {
        let mut caller = Frames::silent(server.0.address());
        caller.write(first).expect("open");
        assert!(caller.read().is_err(), "it is not served");
    }
    let mut caller = Frames::silent(server.0.address());
    for byte in PREFACE {
        caller.write(&[*byte]).expect("open");
    }
    caller.send(kind::SETTINGS, 0, 0, &[]);
    caller.request(1, ("GET", "/nothing"), &[], b"");
    assert_eq!(caller.outcome(1).status(), 404);
}

#[test]
fn heads_that_are_wrong_lead_nowhere() {
    let server = start(MANY);
    let wrong: [(&str, &[(&str, &str)]); 12] = [
        ("connection", &[("connection", "close")]),
        ("keep-alive", &[("keep-alive", "1")]),
        ("transfer-encoding", &[("transfer-encoding", "chunked")]),
        ("upgrade", &[("upgrade", "websocket")]),
        ("te", &[("te", "gzip")]),
        ("capital letters", &[("X-A", "b")]),
        ("a line break", &[("x-a", "b\r\nx-c: d")]),
        ("a line break in a name", &[("x-a: b\r\nx-c", "d")]),
        ("a zero", &[("x-a", "b\0c")]),
        ("a response's", &[(":status", "200")]),
        ("one that nobody knows", &[(":odd", "1")]),
        ("a second path", &[(":path", "/other")]),
    ];
    for (what, more) in wrong {
        let mut caller = Frames::connect(server.0.address(), &[]);
        caller.request(1, ("GET", "/nothing"), more, b"");
        let ended = caller.outcome(1);
        if ended == Outcome::Gone(PROTOCOL_ERROR) {
            continue;
        }
        assert_eq!(ended, Outcome::Reset(PROTOCOL_ERROR), "{what}");
        caller.request(3, ("GET", "/nothing"), &[], b"");
        assert_eq!(
            caller.outcome(3).status(),
            404,
            "{what}: the next one is answered where there can be one"
        );
    }
}

#[test]
fn heads_have_a_size_and_a_number() {
    let server = start(MANY);
    let large = "x".repeat(15_000);
    let over = [("x-a", large.as_str()), ("x-b", large.as_str()), ("x-c", large.as_str())];
    let names: Vec<String> = (0..101).map(|at| format!("x-{at}")).collect();
    let many: Vec<_> = names.iter().map(|name| (name.as_str(), "1")).collect();
    for more in [&over[..], &many] {
        let mut caller = Frames::connect(server.0.address(), &[]);
        let own = GET.iter().chain(more).copied();
        let block = fields(own);
        let mut parts = block.chunks(16_000).peekable();
        let mut next = kind::HEADERS;
        while let Some(part) = parts.next() {
            let end = if parts.peek().is_none() { END_HEADERS } else { 0 };
            let flags = if next == kind::HEADERS { end | END_STREAM } else { end };
            caller.send(next, flags, 1, part);
            next = kind::CONTINUATION;
        }
        assert_eq!(caller.outcome(1).status(), 431);
    }
}

#[test]
fn a_host_is_named_once() {
    let server = start(MANY);
    let ask = |more: &[(&str, &str)]| {
        let mut caller = Frames::connect(server.0.address(), &[]);
        let own = [(":method", "GET"), (":scheme", "http"), (":path", "/nothing")];
        let block = self::fields(own.iter().chain(more).copied());
        caller.send(kind::HEADERS, END_HEADERS | END_STREAM, 1, &block);
        caller.outcome(1).status()
    };
    assert_eq!(ask(&[(":authority", "a.test")]), 404);
    assert_eq!(ask(&[("host", "a.test")]), 404);
    assert_eq!(ask(&[(":authority", "a.test"), ("host", "A.test")]), 404);
    assert_eq!(ask(&[(":authority", "a.test"), ("host", "b.test")]), 400);
    assert_eq!(ask(&[("host", "a.test"), ("host", "a.test")]), 400);
    assert_eq!(ask(&[]), 400);
    assert_eq!(ask(&[(":authority", "me@a.test")]), 400);
}

#[test]
fn more_requests_at_once_than_were_granted_are_refused_alone() {
    let server = start(Limits { streams: 2, ..MANY });
    let mut caller = Frames::connect(server.0.address(), &[]);
    for stream in [1, 3, 5] {
        caller.request(stream, ("GET", "/slow"), &[], b"");
    }
    assert_eq!(caller.outcome(5), Outcome::Reset(REFUSED_STREAM));
    assert_eq!(caller.outcome(1).status(), 204);
}

#[test]
fn all_connections_together_have_a_limit_of_requests() {
    let server = start(Limits { connections: 3, ..SHORT });
    let mut caller = Frames::connect(server.0.address(), &[]);
    for stream in [1, 3, 5, 7] {
        caller.request(stream, ("GET", "/slow"), &[], b"");
    }
    assert_eq!(caller.outcome(7).status(), 503);
    assert_eq!(caller.outcome(1).status(), 204);
}

#[test]
fn requests_that_are_called_off_at_once_end_the_connection() {
    let server = start(Limits { resets: 50, ..MANY });
    let mut caller = Frames::connect(server.0.address(), &[]);
    let block = fields(GET.iter().copied().filter(|(name, _)| *name != ":path"));
    let block = [block, fields([(":path", "/slow")])].concat();
    let mut sent = 0;
    for stream in (1..20_000).step_by(2) {
        let mut bytes = frame(kind::HEADERS, END_HEADERS | END_STREAM, stream, &block);
        bytes.extend(frame(kind::RST_STREAM, 0, stream, &CANCEL.to_be_bytes()));
        if caller.write(&bytes).is_err() {
            break;
        }
        sent += 1;
        if sent % 10 == 0 {
            std::thread::sleep(Duration::from_millis(2));
        }
    }
    assert!(sent < 9_000, "all of them were taken");
}

#[test]
fn what_is_of_no_request_comes_to_an_end() {
    let server = start(Limits { chatter: 2_000, idle: Duration::from_secs(20), ..MANY });
    for bytes in [frame(kind::PING, 0, 0, &[7; 8]), setting(3, 100)] {
        let mut caller = Frames::connect(server.0.address(), &[]);
        caller.request(1, ("GET", "/nothing"), &[], b"");
        assert_eq!(caller.outcome(1).status(), 404);
        let begun = Instant::now();
        while caller.write(&bytes).is_ok() {
            assert!(begun.elapsed() < Duration::from_secs(10), "it is taken for ever");
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

#[test]
fn an_idle_connection_is_said_goodbye_to() {
    let server = start(MANY);
    let mut caller = Frames::connect(server.0.address(), &[]);
    caller.request(1, ("GET", "/nothing"), &[], b"");
    assert_eq!(caller.outcome(1).status(), 404);
    let begun = Instant::now();
    assert_eq!(caller.end(), Some(NO_ERROR));
    about(begun.elapsed(), 600);

    // Who does not answer is left.
    let mut deaf = Frames::connect(server.0.address(), &[]);
    let begun = Instant::now();
    while deaf.write(b"").is_ok() && begun.elapsed() < Duration::from_millis(2900) {
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(deaf.end(), Some(NO_ERROR));
}

#[test]
fn a_caller_who_takes_nothing_of_an_answer_is_said_goodbye_to() {
    let server = start(Limits { idle: Duration::from_secs(20), ..MANY });
    let mut caller = Frames::connect(server.0.address(), &[(4, 1000)]);
    caller.request(1, ("GET", "/large"), &[], b"");
    caller.request(3, ("GET", "/slow"), &[], b"");
    assert_eq!(caller.outcome(3).status(), 204, "others are answered");
    assert_eq!(caller.end(), Some(NO_ERROR));
}

#[test]
fn a_caller_who_takes_an_answer_slowly_gets_it() {
    let server = start(MANY);
    let mut caller = Frames::connect(server.0.address(), &[(4, 1_000_000)]);
    caller.send(kind::WINDOW_UPDATE, 0, 0, &20_000_000_u32.to_be_bytes());
    caller.request(1, ("GET", "/large"), &[], b"");
    let mut total = 0;
    loop {
        let frame = caller.read().expect("more");
        if frame.kind != kind::DATA {
            assert_ne!(frame.kind, kind::RST_STREAM, "after {total} bytes");
            continue;
        }
        total += frame.payload.len();
        if frame.flags & END_STREAM != 0 {
            break;
        }
        if total % 500_000 < frame.payload.len() {
            std::thread::sleep(Duration::from_millis(50));
            caller.send(kind::WINDOW_UPDATE, 0, 1, &500_000_u32.to_be_bytes());
        }
    }
    assert_eq!(total, 16 * 1024 * 1024 + 2);
}

#[test]
fn a_body_that_does_not_end_is_408() {
    let server = start(MANY);
    let mut caller = Frames::connect(server.0.address(), &[]);
    let post = [(":method", "POST"), (":scheme", "http"), (":path", "/"), (":authority", "a")];
    let block = fields(post.into_iter().chain([("content-type", "application/json")]));
    caller.send(kind::HEADERS, END_HEADERS, 1, &block);
    caller.send(kind::DATA, 0, 1, b"[1,");
    assert_eq!(caller.outcome(1).status(), 408);
}

#[test]
fn a_body_is_as_long_as_it_says() {
    let server = start(MANY);
    let json = ("content-type", "application/json");
    for length in ["2", "4", "-1", "03x"] {
        let mut caller = Frames::connect(server.0.address(), &[]);
        caller.request(1, ("POST", "/"), &[json, ("content-length", length)], b"[1]");
        assert_ne!(caller.outcome(1).status(), 200, "{length}");
    }
    let mut caller = Frames::connect(server.0.address(), &[]);
    caller.request(1, ("POST", "/"), &[json], &[b' '; 1025]);
    assert_eq!(caller.outcome(1).status(), 413);
    // What comes behind the end of a body.
    let mut caller = Frames::connect(server.0.address(), &[]);
    caller.request(1, ("POST", "/"), &[json], b"[1]");
    caller.send(kind::DATA, END_STREAM, 1, b"[2]");
    let ended = caller.outcome(1);
    let closed = [Outcome::Reset(STREAM_CLOSED), Outcome::Gone(PROTOCOL_ERROR)];
    assert!(ended.status() == 200 || closed.contains(&ended), "{ended:?}");
}

#[test]
fn a_drained_server_ends_what_it_has_and_takes_no_more() {
    let server = start(MANY);
    let mut caller = Frames::connect(server.0.address(), &[]);
    caller.request(1, ("GET", "/slow"), &[], b"");
    std::thread::sleep(Duration::from_millis(100));
    server.0.phase().send_replace(Phase::Draining);
    assert_eq!(caller.outcome(1), Outcome::Answer(204, Vec::new()));
    let begun = Instant::now();
    assert_eq!(caller.end(), Some(NO_ERROR));
    assert!(begun.elapsed() < Duration::from_millis(500));
}
