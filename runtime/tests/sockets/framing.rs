//! Requests behind each other on one connection: where one ends and the next begins, and who is told what.

use std::thread::sleep;
use std::time::Duration;

use gatewright_runtime::testing::{Backend, Client};

use crate::contract::gateway;

const GET: &str = "GET /v1/plain/items/p_1 HTTP/1.1\r\nHost: a\r\n\r\n";
const PUT: &str =
    "PUT /v1/plain/items/p_1 HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n";
/// What nobody is to be asked for.
const HIDDEN: &str = "GET /v1/plain/items/hidden HTTP/1.1\r\nHost: a\r\n\r\n";

fn backend() -> Backend {
    Backend::start()
        .answer("GET", "/items/p_1", 200, "1")
        .answer("PUT", "/items/p_1", 200, "3")
        .answer("GET", "/items/hidden", 200, "hidden")
}

#[test]
fn many_requests_in_one_piece_are_answered_one_by_one() {
    let backend = backend();
    let gateway = gateway(&backend.url());
    let sized = format!("{PUT}Content-Length: 2\r\n\r\n{{}}");
    let chunked = format!(
        "{PUT}Transfer-Encoding: chunked\r\n\r\n1;a=b\r\n{{\r\n1\r\n}}\r\n0\r\nX-A: b\r\n\r\n"
    );
    let missing = "GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n";
    let all = [GET, &sized, &chunked, "\r\n", GET, missing, &chunked, GET].concat();
    let expected =
        [(200, "1"), (200, "3"), (200, "3"), (200, "1"), (404, ""), (200, "3"), (200, "1")];
    for size in [usize::MAX, 97, 13] {
        let mut client = Client::connect(gateway.address());
        for piece in all.as_bytes().chunks(size.min(all.len())) {
            client.write(piece).expect("open");
            if size != usize::MAX {
                sleep(Duration::from_millis(1));
            }
        }
        for (status, text) in expected {
            let answer = client.answer("GET").expect("an answer");
            assert_eq!(answer.status, status, "in pieces of {size}");
            assert!(status == 404 || answer.text() == text, "{}", answer.text());
            assert_eq!(answer.header("connection"), None);
        }
    }
}

#[test]
fn a_request_may_come_byte_by_byte() {
    let backend = backend();
    let gateway = gateway(&backend.url());
    let mut client = Client::connect(gateway.address());
    let request = format!("{PUT}Transfer-Encoding: chunked\r\n\r\n2\r\n{{}}\r\n0\r\n\r\n");
    for byte in request.as_bytes() {
        client.write(&[*byte]).expect("open");
        sleep(Duration::from_micros(200));
    }
    assert_eq!(client.answer("PUT").expect("an answer").text(), "3");
    assert_eq!(backend.requests().remove(0).body, b"{}");
}

/// What is sent, and what it is called.
type Row = (&'static str, String);

/// Heads that another could read otherwise.
fn heads() -> Vec<Row> {
    let cl = format!("{PUT}Content-Length: {}\r\n\r\n{HIDDEN}", HIDDEN.len());
    vec![
        ("a body that is a request", cl),
        (
            "a coding and a length",
            format!(
                "{PUT}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{HIDDEN}"
            ),
        ),
        (
            "a coding that is chunked for some",
            format!(
                "{PUT}Content-Length: 4\r\nTransfer-Encoding: \tchunked\x0b\r\n\r\n0\r\n\r\n{HIDDEN}"
            ),
        ),
        ("two lengths", format!("{PUT}Content-Length: 0\r\nContent-Length: 46\r\n\r\n{HIDDEN}")),
        (
            "a length behind a line feed",
            format!("{PUT}X-A: b\n\rContent-Length: 46\r\n\r\n{HIDDEN}"),
        ),
        (
            "a length behind a carriage return",
            format!("{PUT}X-A: b\rContent-Length: 46\r\n\r\n{HIDDEN}"),
        ),
        ("a field that goes on", format!("{PUT}X-A: b\r\n Content-Length: 46\r\n\r\n{HIDDEN}")),
        ("a space ahead of a colon", format!("{PUT}Content-Length : 46\r\n\r\n{HIDDEN}")),
    ]
}

/// Bodies that another could see end elsewhere, and requests that lead nowhere.
fn bodies() -> Vec<Row> {
    vec![
        (
            "a chunk that is shorter than it says",
            format!("{PUT}Transfer-Encoding: chunked\r\n\r\n2\r\n{{\r\n0\r\n\r\n{HIDDEN}"),
        ),
        (
            "a chunk with a line feed for its end",
            format!("{PUT}Transfer-Encoding: chunked\r\n\r\n2\n{{}}\n0\n\n{HIDDEN}"),
        ),
        (
            "trailers with a line feed for their end",
            format!(
                "{PUT}Transfer-Encoding: chunked\r\n\r\n2\r\n{{}}\r\n0\r\nX-A: b\r\n\n{HIDDEN}"
            ),
        ),
        ("a tunnel", format!("CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n{HIDDEN}")),
        ("a way to another protocol", format!("PRI * HTTP/2.0\r\n\r\n{HIDDEN}")),
        (
            "an old version with a coding",
            format!(
                "PUT /v1/plain/items/p_1 HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{HIDDEN}"
            ),
        ),
        (
            "who waits to be told to go on, and does not wait",
            format!(
                "POST /nothing HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 46\r\n\r\n{HIDDEN}"
            ),
        ),
    ]
}

#[test]
fn what_another_could_read_otherwise_hides_no_request() {
    for (what, bytes) in heads().into_iter().chain(bodies()) {
        let backend = backend();
        let gateway = gateway(&backend.url());
        let mut client = Client::connect(gateway.address());
        let _ = client.write(bytes.as_bytes());
        let mut found = Vec::new();
        while let Ok(answer) = client.answer("GET") {
            let text = answer.text();
            assert!(text.contains("urn:problem:gateway:"), "{what}: {text}");
            found.push(answer.status);
            if answer.header("connection") == Some("close") {
                assert!(client.is_closed(), "{what}: it says so");
                break;
            }
            let _ = client.write(b"OVER\r\n\r\n");
        }
        let expected = if bytes.contains("/nothing") { 404 } else { 400 };
        assert_eq!(found.first(), Some(&expected), "{what}: {found:?}");
        let asked = backend.requests();
        assert!(asked.iter().all(|one| !one.target.contains("hidden")), "{what}: {asked:?}");
    }
}

#[test]
fn what_is_no_request_is_told_why_and_read_away_for_a_while() {
    let gateway = gateway("http://127.0.0.1:1");
    for (head, status, why) in [
        ("GET / HTTP/3.7\r\n\r\n", 400, "the version is neither"),
        ("G(T / HTTP/1.1\r\n\r\n", 400, "the method is none"),
        ("GET / HTTP/1.1\r\nHo st: a\r\n\r\n", 400, "the name of a header field"),
        ("GET / HTTP/1.1\r\nX: a\x01b\r\n\r\n", 400, "the value of a header field"),
        ("PUT / HTTP/1.1\r\nContent-Length: 1e3\r\n\r\n", 400, "the length of the body"),
        ("PUT / HTTP/1.1\r\nTransfer-Encoding: br\r\n\r\n", 400, "the only transfer coding"),
        (&format!("GET / HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(200)), 431, "header"),
    ] {
        let mut client = Client::connect(gateway.address());
        client.write(head.as_bytes()).expect("open");
        // A connection that is closed over unread bytes is reset, and the answer lost.
        let _ = client.write(&vec![b'x'; 100_000]);
        let answer = client.answer("GET").expect("an answer");
        assert_eq!(answer.status, status, "{head:?}");
        assert_eq!(answer.header("content-type"), Some("application/problem+json"));
        assert_eq!(answer.header("connection"), Some("close"));
        assert_eq!(answer.header("x-request-id").map(str::len), Some(32));
        assert!(answer.text().contains(why), "{}", answer.text());
        assert!(client.is_closed());
    }
}
