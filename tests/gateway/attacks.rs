//! What two readers could read differently, byte by byte: refused, or read in the one safe way. Whatever
//! is answered, a backend sees nothing that a caller was not to ask for.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use gatewright_runtime::testing::frames::{END_HEADERS, END_STREAM, Frames, Outcome, fields, kind};
use gatewright_runtime::testing::{Backend, Gateway, Received, Running, send};

use crate::ask::NOBODY;
use crate::contracts::pass::CONTRACT;

/// What a request over HTTP/2 is called here, its pseudo-header fields, and its other fields.
type Row = (&'static str, [(&'static str, &'static str); 4], Vec<(&'static str, &'static str)>);

/// What must never arrive.
const HIDDEN: &str = "GET /v1/files/hidden HTTP/1.1\r\nHost: a\r\n\r\n";

fn gateway(files: &Backend) -> Running {
    let env = [("FILES_URL", files.url().as_str()), ("FILES_KEY", "k-1"), ("FLAKY_URL", NOBODY)]
        .map(|(name, value)| (name, value.to_owned()));
    let env: Vec<_> = env.iter().map(|(name, value)| (*name, value.as_str())).collect();
    Gateway::start(&CONTRACT, &env)
}

/// The statuses of everything that is answered to these bytes.
fn statuses(gateway: &Running, bytes: &[u8]) -> Vec<u16> {
    let mut stream = TcpStream::connect(gateway.address()).expect("it listens");
    stream.set_read_timeout(Some(Duration::from_millis(250))).expect("a positive time");
    let _ = stream.write_all(bytes);
    let mut answers = Vec::new();
    let mut part = [0; 4096];
    while let Ok(size @ 1..) = stream.read(&mut part) {
        answers.extend_from_slice(part.get(..size).unwrap_or_default());
    }
    let text = String::from_utf8_lossy(&answers).into_owned();
    let lines = text.split("HTTP/1.1 ").skip(1);
    lines.filter_map(|line| line.get(..3)?.parse().ok()).collect()
}

/// What arrived of the bytes in `what`, without anything hidden.
#[track_caller]
fn arrived(files: &Backend, what: &str) -> Vec<Received> {
    let received = files.requests();
    for one in &received {
        let text = format!("{} {:?} {:?}", one.target, one.headers, one.body);
        assert!(!text.contains("hidden") || one.target.starts_with("/echo"), "{what}: {text}");
        assert!(!one.target.contains("hidden"), "{what}: {text}");
    }
    received
}

/// A head of `POST /v1/echo` with these lines, and what follows it.
fn post(lines: &str, rest: &str) -> String {
    format!("POST /v1/echo HTTP/1.1\r\nHost: a\r\n{lines}\r\n{rest}")
}

/// A head of `GET /v1/files/a` with these lines.
fn get(lines: &str) -> String {
    format!("GET /v1/files/a HTTP/1.1\r\nHost: a\r\n{lines}\r\n")
}

/// Bodies whose end two readers could see in two places.
fn ends() -> Vec<(&'static str, String)> {
    let chunk = "0\r\n\r\n";
    vec![
        ("two lengths", post("Content-Length: 4\r\nContent-Length: 5\r\n", HIDDEN)),
        ("two lengths in one", post("Content-Length: 4, 5\r\n", HIDDEN)),
        ("a length with a sign", post("Content-Length: +4\r\n", HIDDEN)),
        ("a length below nothing", post("Content-Length: -1\r\n", HIDDEN)),
        ("a length in hexadecimal", post("Content-Length: 0x4\r\n", HIDDEN)),
        ("a length with a space in it", post("Content-Length: 4 4\r\n", HIDDEN)),
        ("a length beyond all", post("Content-Length: 99999999999999999999\r\n", HIDDEN)),
        ("a length that is nothing", post("Content-Length: \r\n", HIDDEN)),
        ("a coding that is not chunked", post("Transfer-Encoding: gzip\r\n", HIDDEN)),
        ("a coding before chunked", post("Transfer-Encoding: gzip, chunked\r\n", chunk)),
        ("a coding behind chunked", post("Transfer-Encoding: chunked, identity\r\n", chunk)),
        ("identity", post("Transfer-Encoding: identity\r\nContent-Length: 4\r\n", HIDDEN)),
        ("chunked twice", post("Transfer-Encoding: chunked, chunked\r\n", chunk)),
        ("two codings", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n", chunk)),
        (
            "chunked in two lines",
            post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", chunk),
        ),
        ("what is nearly chunked", post("Transfer-Encoding: xchunked\r\n", chunk)),
        ("chunked in quotes", post("Transfer-Encoding: \"chunked\"\r\n", chunk)),
        ("chunked with a tab inside", post("Transfer-Encoding: \x0bchunked\r\n", chunk)),
    ]
}

/// Heads that two readers could take apart in two ways, or that lead where they should not.
fn heads() -> Vec<(&'static str, String)> {
    vec![
        ("a space before the colon", post("Transfer-Encoding : chunked\r\n", "0\r\n\r\n")),
        ("a tab before the colon", post("Content-Length\t: 4\r\n", HIDDEN)),
        ("a space before a name", get(" X-A: b\r\n")),
        ("a line that goes on", get("X-A: b\r\n c\r\n")),
        ("a name with a space", get("X A: b\r\n")),
        ("a name with a zero", get("X\0A: b\r\n")),
        ("a name beyond ASCII", get("X\u{e4}: b\r\n")),
        ("no name", get(": b\r\n")),
        ("no colon", get("X-A\r\n")),
        ("a zero in a value", get("X-A: b\0c\r\n")),
        ("a carriage return in a value", get("X-A: b\rX-C: d\r\n")),
        ("two hosts", get("Host: b\r\n")),
        (
            "another host in the target",
            "GET http://b/v1/files/a HTTP/1.1\r\nHost: a\r\n\r\n".into(),
        ),
        ("no host", "GET /v1/files/a HTTP/1.1\r\n\r\n".into()),
        ("a tunnel", format!("CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n{HIDDEN}")),
        ("a version that there is not", "GET /v1/files/a HTTP/1.2\r\nHost: a\r\n\r\n".into()),
        ("a version of its own", "GET /v1/files/a HTTP/3.0\r\nHost: a\r\n\r\n".into()),
        ("no version", "GET /v1/files/a\r\n\r\n".into()),
        ("a space in the target", "GET /v1/files/a b HTTP/1.1\r\nHost: a\r\n\r\n".into()),
        ("a line break in the target", "GET /v1/files/a\rb HTTP/1.1\r\nHost: a\r\n\r\n".into()),
        ("an encoded line break", "GET /v1/files/a%0d%0aX-A:b HTTP/1.1\r\nHost: a\r\n\r\n".into()),
        ("an encoded zero", "GET /v1/files/a%00 HTTP/1.1\r\nHost: a\r\n\r\n".into()),
        ("a way up", "GET /v1/files/../a HTTP/1.1\r\nHost: a\r\n\r\n".into()),
        ("an encoded way up", "GET /v1/files/%2e%2e/a HTTP/1.1\r\nHost: a\r\n\r\n".into()),
        ("a way up behind a slash", "GET /v1/files/a%2f..%2fb HTTP/1.1\r\nHost: a\r\n\r\n".into()),
        (
            "a way up behind a backslash",
            "GET /v1/files/a%5c..%5cb HTTP/1.1\r\nHost: a\r\n\r\n".into(),
        ),
        (
            "a coding in 1.0",
            "POST /v1/echo HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
                .into(),
        ),
    ]
}

#[test]
fn what_is_ambiguous_is_refused_and_nothing_arrives() {
    let files = Backend::start();
    let gateway = gateway(&files);
    for (what, bytes) in ends().into_iter().chain(heads()) {
        let found = statuses(&gateway, bytes.as_bytes());
        // Some are so far from HTTP that there is nothing to answer.
        assert!(found == [400] || found.is_empty(), "{what}: {found:?}");
        assert_eq!(arrived(&files, what).len(), 0, "{what}");
    }
}

#[test]
fn what_can_be_read_in_one_way_only_is_read_so() {
    let table = [
        (
            "a length and a coding",
            post("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", &format!("0\r\n\r\n{HIDDEN}")),
        ),
        (
            "a coding and a length",
            post("Transfer-Encoding: chunked\r\nContent-Length: 60\r\n", &format!("0\r\n\r\n{HIDDEN}")),
        ),
        ("a coding in capitals", post("TRANSFER-ENCODING: CHUNKED\r\n", "1\r\na\r\n0\r\n\r\n")),
        ("what stands with a chunk", post("Transfer-Encoding: chunked\r\n", "1;a=b\r\na\r\n0\r\n\r\n")),
        (
            "fields behind the body",
            post("Transfer-Encoding: chunked\r\n", "1\r\na\r\n0\r\nHost: hidden\r\nContent-Length: 9\r\n\r\n"),
        ),
        ("one length twice", post("Content-Length: 1\r\nContent-Length: 1\r\n", "a")),
        ("line feeds alone", "GET /v1/files/a HTTP/1.1\nHost: a\n\n".to_owned()),
        ("empty lines before", format!("\r\n\r\n{}", get(""))),
        ("the same host twice over", "GET http://a/v1/files/a HTTP/1.1\r\nHost: a\r\n\r\n".into()),
        ("space around a value", get("X-A: \t b \t \r\n")),
        ("a body that nobody wants", "GET /v1/files/a HTTP/1.1\r\nHost: a\r\nContent-Length: 43\r\n\r\nGET /v1/files/hidden HTTP/1.1\r\nHost: a\r\n\r\n_".into()),
    ];
    for (what, bytes) in table {
        let files = Backend::start();
        let gateway = gateway(&files);
        let found = statuses(&gateway, bytes.as_bytes());
        assert_eq!(found.len(), 1, "{what}: {found:?}");
        assert!(arrived(&files, what).len() <= 1, "{what}");
    }
}

#[test]
fn chunks_that_are_none_end_the_connection() {
    let table = [
        ("no size", "\r\na\r\n0\r\n\r\n"),
        ("a sign", "+1\r\na\r\n0\r\n\r\n"),
        ("a prefix", "0x1\r\na\r\n0\r\n\r\n"),
        ("a size beyond all", "fffffffffffffffff\r\na\r\n0\r\n\r\n"),
        ("a size that is too small", "1\r\nab\r\n0\r\n\r\n"),
        ("a space inside", "1 1\r\na\r\n0\r\n\r\n"),
        ("a line feed for an end", "1\r\na\n0\r\n\r\n"),
        ("a carriage return for an end", "1\ra\r\n0\r\n\r\n"),
        ("a line feed in what stands with a chunk", "1;a\nb\r\na\r\n0\r\n\r\n"),
        ("no end", "1\r\na\r\n"),
    ];
    let hidden = "GET /v1/files/hidden HTTP/1.1\r\nHost: a\r\n\r\n";
    for (what, chunks) in table {
        let files = Backend::start();
        let gateway = gateway(&files);
        let found = statuses(
            &gateway,
            post("Transfer-Encoding: chunked\r\n", &format!("{chunks}{hidden}")).as_bytes(),
        );
        assert!(found.iter().all(|status| *status >= 400), "{what}: {found:?}");
        assert!(found.len() <= 1, "{what}: {found:?}");
        arrived(&files, what);
    }
}

#[test]
fn what_a_caller_says_stays_where_it_belongs() {
    let files = Backend::start();
    let gateway = gateway(&files);
    // Fields that the gateway writes, or that belong to a connection, cannot be had written.
    let lines = [
        ("X-Forwarded-For", "6.6.6.6"),
        ("X-Forwarded-Host", "evil.test"),
        ("X-Forwarded-Proto", "gopher"),
        ("Forwarded", "for=6.6.6.6"),
        ("X-Real-IP", "6.6.6.6"),
        ("X-Api-Key", "mine"),
        ("Connection", "X-Api-Key, Host, Content-Length, X-Request-Id"),
        ("Proxy-Connection", "keep-alive"),
        ("Proxy-Authorization", "Basic x"),
        ("Upgrade", "h2c"),
        ("HTTP2-Settings", "AAMAAABkAAQAAP__"),
    ];
    send(gateway.address(), "GET", "/v1/files/a%3Fb%23c%2Fd%25%26e?x=%0d%0aX-A:%20b", &lines, b"");
    let received = files.requests().first().cloned().expect("it was asked");
    assert_eq!(received.target, "/files/a%3Fb%23c%2Fd%25%26e?x=%0d%0aX-A:%20b");
    assert_eq!(received.header("x-api-key"), Some("k-1"));
    assert_eq!(received.header("x-a"), None);
    let text = format!("{:?}", received.headers);
    for gone in ["6.6.6.6", "evil", "gopher", "mine", "proxy-", "h2c", "\"upgrade\""] {
        assert!(!text.contains(gone), "{gone}: {text}");
    }
}

#[test]
fn over_http_2_nothing_becomes_a_line_or_a_second_request() {
    let files = Backend::start();
    let gateway = gateway(&files);
    let ask = |own: [(&str, &str); 4], more: &[(&str, &str)], body: &[u8]| {
        let mut caller = Frames::connect(gateway.address(), &[]);
        let block = fields(own.iter().chain(more).copied());
        let end = if body.is_empty() { END_STREAM } else { 0 };
        caller.send(kind::HEADERS, END_HEADERS | end, 1, &block);
        if !body.is_empty() {
            caller.send(kind::DATA, END_STREAM, 1, body);
        }
        caller.outcome(1)
    };
    let own = |method, path, authority| {
        [(":method", method), (":scheme", "http"), (":path", path), (":authority", authority)]
    };
    let good = own("GET", "/v1/files/a", "a.test");
    let table: Vec<Row> = vec![
        ("a line in the path", own("GET", "/v1/files/a HTTP/1.1\r\nX-A: b", "a.test"), vec![]),
        ("a space in the path", own("GET", "/v1/files/a b", "a.test"), vec![]),
        ("no path", own("GET", "", "a.test"), vec![]),
        ("a path that is none", own("GET", "v1/files/a", "a.test"), vec![]),
        ("a whole address for a path", own("GET", "http://b.test/v1/files/a", "a.test"), vec![]),
        ("a line in the method", own("GET / HTTP/1.1\r\nX-A: b\r\n\r\nGET", "/", "a.test"), vec![]),
        ("a line in the host", own("GET", "/v1/files/a", "a.test\r\nX-A: b"), vec![]),
        ("a path in the host", own("GET", "/v1/files/a", "a.test/b"), vec![]),
        ("a line in a value", good, vec![("x-a", "b\r\nx-c: d")]),
        ("a line feed in a value", good, vec![("x-a", "b\nx-c: d")]),
        ("a line in a name", good, vec![("x-a: b\r\nx-c", "d")]),
        ("a colon in a name", good, vec![("x-a:", "d")]),
        ("a space in a name", good, vec![("x a", "d")]),
        ("a zero in a value", good, vec![("x-a", "\0")]),
        ("a coding", good, vec![("transfer-encoding", "chunked")]),
        ("a connection", good, vec![("connection", "x-api-key")]),
        ("an upgrade", good, vec![("upgrade", "websocket")]),
        ("another host", good, vec![("host", "b.test")]),
        ("two lengths", good, vec![("content-length", "1"), ("content-length", "2")]),
        ("a way up", own("GET", "/v1/files/../a", "a.test"), vec![]),
        ("an encoded line", own("GET", "/v1/files/a%0d%0ab", "a.test"), vec![]),
        ("a path behind a field", good, vec![("x-a", "b"), (":path", "/v1/files/hidden")]),
    ];
    for (what, own, more) in table {
        let ended = ask(own, &more, b"");
        let refused = matches!(ended, Outcome::Answer(400 | 404 | 405, _));
        assert!(refused || !matches!(ended, Outcome::Answer(..)), "{what}: {ended:?}");
        assert_eq!(arrived(&files, what).len(), 0, "{what}");
    }
    // A body is a body, whatever it says and however long it says that it is.
    let echo = own("POST", "/v1/echo", "a.test");
    for more in [vec![], vec![("content-length", "44")], vec![("content-length", "0")]] {
        ask(echo, &more, HIDDEN.as_bytes());
    }
    let received = arrived(&files, "a body");
    assert!(received.len() <= 2, "{received:?}");
    assert!(received.iter().all(|one| one.body == HIDDEN.as_bytes()), "{received:?}");
}
