//! Heads that are requests, and heads that are none.

use super::*;
use crate::error::Error;

/// What is read of these bytes.
fn asked(text: &str) -> Result<Ask, u16> {
    let bytes = Bytes::copy_from_slice(text.as_bytes());
    match read(&bytes, Limits::DEFAULT) {
        Ok(Read::Whole(ask, size)) => {
            assert!(size <= text.len());
            Ok(*ask)
        }
        Ok(Read::Partial) => Err(0),
        Err(kind) => Err(Error::from(kind).status()),
    }
}

fn with(line: &str, fields: &str) -> Result<Ask, u16> {
    asked(&format!("{line}\r\nHost: a\r\n{fields}\r\n"))
}

#[test]
fn a_head_is_method_target_version_and_fields() {
    let text = "\r\nPATCH /a%2Fb?x=1 HTTP/1.1\r\nHost: a\r\nX-A: 1\r\nx-a:\t2 \r\n\r\nrest";
    let ask = asked(text).expect("a request");
    assert_eq!((ask.head.method.as_str(), ask.head.version), ("PATCH", Version::HTTP_11));
    assert_eq!(ask.head.uri, "/a%2Fb?x=1");
    assert_eq!(ask.head.headers.get_all("x-a").iter().collect::<Vec<_>>(), ["1", "2"]);
    for size in 0..text.len() - 4 {
        let part = text.get(..size).expect("ASCII");
        assert_eq!(asked(part).map(|_| ()), Err(0), "{part:?}");
    }
}

#[test]
fn the_body_ends_in_one_place_or_there_is_no_request() {
    let framed =
        |fields| with("POST / HTTP/1.1", fields).map(|ask| (ask.framing, ask.form.persists));
    for (fields, framing, persists) in [
        ("", Framing::Length(0), true),
        ("Content-Length: 12\r\n", Framing::Length(12), true),
        ("Content-Length: 007\r\n", Framing::Length(7), true),
        ("Content-Length: 12\r\ncontent-length: 12\r\n", Framing::Length(12), true),
        ("Transfer-Encoding: CHUNKED\r\n", Framing::Chunked, true),
        ("Content-Length: 12\r\nTransfer-Encoding: chunked\r\n", Framing::Chunked, false),
        ("Transfer-Encoding: chunked\r\nContent-Length: 12\r\n", Framing::Chunked, false),
    ] {
        assert_eq!(framed(fields), Ok((framing, persists)), "{fields}");
    }
    for fields in [
        "Content-Length: 1\r\nContent-Length: 2\r\n",
        "Content-Length: 1, 1\r\n",
        "Content-Length: +1\r\n",
        "Content-Length: 1 1\r\n",
        "Content-Length: 0x1\r\n",
        "Content-Length:\r\n",
        "Content-Length: 18446744073709551616\r\n",
        "Content-Length: x\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: x\r\n",
        "Transfer-Encoding: gzip, chunked\r\n",
        "Transfer-Encoding: chunked, identity\r\n",
        "Transfer-Encoding: identity\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding:\r\n",
        "Transfer-Encoding: xchunked\r\n",
        "Transfer-Encoding: \"chunked\"\r\n",
    ] {
        assert_eq!(framed(fields), Err(400), "{fields}");
    }
    let old = with("POST / HTTP/1.0", "Transfer-Encoding: chunked\r\n");
    assert_eq!(old.map(|_| ()), Err(400));
    let both = with("POST / HTTP/1.1", "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n");
    assert_eq!(both.expect("one reading").head.headers.get("content-length"), None);
    let twice = with("POST / HTTP/1.1", "Content-Length: 1\r\nContent-Length: 1\r\n");
    assert_eq!(twice.expect("one").head.headers.get_all("content-length").iter().count(), 1);
}

#[test]
fn the_connection_goes_on_as_the_version_and_the_caller_say() {
    for (line, fields, persists) in [
        ("GET / HTTP/1.1", "", true),
        ("GET / HTTP/1.1", "Connection: x, Close\r\n", false),
        ("GET / HTTP/1.1", "Connection: keep-alive\r\nConnection: close\r\n", false),
        ("GET / HTTP/1.0", "", false),
        ("GET / HTTP/1.0", "Connection: Keep-Alive\r\n", true),
        ("GET / HTTP/1.0", "Connection: keep-alive, close\r\n", false),
        ("CONNECT a:80 HTTP/1.1", "", false),
    ] {
        let ask = with(line, fields).expect("a request");
        assert_eq!(ask.form.persists, persists, "{line} {fields}");
    }
}

#[test]
fn some_wait_to_be_told_to_go_on_and_some_take_trailers() {
    let ask = |line, fields| with(line, fields).expect("a request");
    assert!(ask("PUT / HTTP/1.1", "Expect: 100-Continue\r\n").waits);
    assert!(!ask("PUT / HTTP/1.0", "Expect: 100-continue\r\n").waits);
    assert!(!ask("PUT / HTTP/1.1", "Expect: something\r\n").waits);
    assert!(ask("GET / HTTP/1.1", "TE: gzip, Trailers\r\n").form.trailers);
    assert!(!ask("GET / HTTP/1.1", "TE: gzip\r\n").form.trailers);
    assert!(ask("HEAD / HTTP/1.1", "").form.head);
}

#[test]
fn what_is_no_request_is_refused_with_its_status() {
    let fields = "a: b\r\n".repeat(FIELDS + 1);
    let far = "x".repeat(TARGET);
    for (text, status) in [
        ("GET / HTTP/1.2\r\n\r\n", 400),
        ("GET / HTTP/2.0\r\n\r\n", 400),
        ("GET / http/1.1\r\n\r\n", 400),
        ("GET  / HTTP/1.1\r\n\r\n", 400),
        ("GET /\r\n\r\n", 400),
        ("G@T / HTTP/1.1\r\n\r\n", 400),
        ("GET /a b HTTP/1.1\r\n\r\n", 400),
        ("GET / HTTP/1.1\rX\n\r\n", 400),
        ("GET / HTTP/1.1\r\n a: b\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\na : b\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\na: b\r\n c\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\na: b\rc: d\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\na: b\0\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\n: b\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nno colon\r\n\r\n", 400),
        ("\u{16}\u{3}\u{1}", 400),
        (&format!("GET / HTTP/1.1\r\n{fields}\r\n"), 431),
        (&format!("GET /{far} HTTP/1.1\r\n\r\n"), 414),
    ] {
        assert_eq!(asked(text).map(|_| ()), Err(status), "{:?}", text.get(..40));
    }
}

#[test]
fn room_for_fields_is_used_again_and_holds_nothing_of_others() {
    let many = with("GET / HTTP/1.1", &"X-A: secret\r\n".repeat(20)).expect("a request");
    head::recycle(many.head.headers);
    let few = with("GET / HTTP/1.1", "X-B: 1\r\n").expect("a request");
    assert_eq!(few.head.headers.len(), 2);
    assert_eq!(few.head.headers.get("x-a"), None);
}
