//! HTTP/1.1 over sockets, with backends that say what they are told to, in pieces.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread::JoinHandle;
use std::time::Duration;

use http::header::HeaderValue;
use tokio::task::LocalSet;

use super::*;
use crate::stream::Socket;

/// What a backend has read when it is done.
type Played = JoinHandle<Vec<u8>>;

/// A connection to a backend that reads requests with `asked` bytes in all, says each of these
/// pieces a little later than the one before, and then closes the connection or does not.
async fn played(pieces: Vec<Vec<u8>>, asked: usize, closes: bool) -> (Link, Played) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("bound");
    let backend = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a connection");
        stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a positive time");
        stream.set_nodelay(true).expect("it can be");
        let mut request = vec![0; asked];
        stream.read_exact(&mut request).expect("a request");
        for piece in &pieces {
            // Who has heard enough takes no more.
            if stream.write_all(piece).is_err() {
                break;
            }
            std::thread::sleep(Duration::from_micros(200));
        }
        if !closes {
            rest(&mut stream);
        }
        request
    });
    let stream = tokio::net::TcpStream::connect(address).await.expect("it listens");
    let socket = Socket::new(stream);
    (Link::One(Box::new(One::open(socket.clone(), socket, false))), backend)
}

fn is_reusable(link: &Link) -> bool {
    matches!(link, Link::One(one) if one.is_reusable())
}

/// Waits until the other side ends.
fn rest(stream: &mut TcpStream) {
    let mut more = Vec::new();
    let _ = stream.read_to_end(&mut more);
}

fn on_a_core<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    LocalSet::new().block_on(&runtime.expect("a runtime"), work)
}

static TARGET: std::sync::LazyLock<PathAndQuery> =
    std::sync::LazyLock::new(|| PathAndQuery::from_static("/a?b"));

fn head(method: Method, headers: &Fields) -> Head<'_> {
    Head { method, target: &TARGET, headers, instead: Instead::default() }
}

/// What is made of an answer: the status, the body, and whether the connection can be used again.
async fn told(method: Method, mut link: Link) -> Result<(u16, String, bool), String> {
    let headers = Fields::default();
    let answer = link.ask(&head(method, &headers), Bytes::new(), 64).await;
    let answer = answer.map_err(|broken| broken.what)?;
    assert!(!answer.overflow);
    let body = String::from_utf8(answer.body.to_vec()).expect("text");
    Ok((answer.status.as_u16(), body, is_reusable(&link)))
}

const GET: usize = "GET /a?b HTTP/1.1\r\n\r\n".len();

/// What is made of these bytes, however they come.
fn heard(wire: &str, closes: bool) -> Result<(u16, String, bool), String> {
    let mut all = Vec::new();
    for size in [1, 7, wire.len().max(1)] {
        let pieces = wire.as_bytes().chunks(size).map(<[u8]>::to_vec).collect();
        all.push(on_a_core(async {
            let (link, backend) = played(pieces, GET, closes).await;
            let told = told(Method::GET, link).await;
            backend.join().expect("it ends");
            told
        }));
    }
    let first = all.pop().expect("one");
    assert!(all.iter().all(|other| *other == first), "{wire:?}: {first:?}, {all:?}");
    first
}

#[test]
fn answers_are_read_however_they_come() {
    let ok = |status, body: &str, again| Ok((status, body.to_owned(), again));
    for (wire, expected) in [
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", ok(200, "hi", true)),
        ("HTTP/1.1 204 None\r\n\r\n", ok(204, "", true)),
        ("HTTP/1.1 304 Same\r\nContent-Length: 5\r\n\r\n", ok(304, "", true)),
        ("HTTP/1.1 200\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", ok(200, "", false)),
        ("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi", ok(200, "hi", false)),
        (
            "HTTP/1.1 500 No\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nh\r\n1\r\ni\r\n0\r\nA: 1\r\n\r\n",
            ok(500, "hi", true),
        ),
        (
            "HTTP/1.1 100 Go\r\n\r\nHTTP/1.1 103 Hint\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
            ok(200, "hi", true),
        ),
    ] {
        assert_eq!(heard(wire, false), expected, "{wire:?}");
    }
    assert_eq!(heard("HTTP/1.1 200 OK\r\n\r\nto the end", true), ok(200, "to the end", false));
}

#[test]
fn an_answer_that_breaks_off_or_is_none_is_a_failure() {
    for (wire, part) in [
        ("", "closed before the answer"),
        ("HTTP/1.1 200 OK\r\nContent-Le", "closed before the answer"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi", "closed before the end of the body"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n", "before the end"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nhi\r\n", "no length"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nhi", "not one number"),
        ("SSH-2.0-OpenSSH_9.2\r\n\r\n", "not HTTP/1.1"),
    ] {
        let broken = heard(wire, true).expect_err("a failure");
        assert!(broken.contains(part), "{wire:?}: {broken}");
    }
    let endless = "HTTP/1.1 100 Go\r\n\r\n".repeat(20);
    assert!(heard(&endless, false).expect_err("a failure").contains("without end"));
    let large = format!("HTTP/1.1 200 OK\r\na: {}", "x".repeat(HEAD));
    let pieces = vec![large.into_bytes()];
    let broken = on_a_core(async {
        let (link, backend) = played(pieces, GET, false).await;
        let told = told(Method::GET, link).await;
        backend.join().expect("it ends");
        told
    });
    assert!(broken.expect_err("a failure").contains("too large"));
}

#[test]
fn what_comes_behind_an_answer_is_the_end_of_its_connection() {
    let wire = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhiHTTP/1.1 200 OK\r\n\r\n";
    on_a_core(async {
        let (link, backend) = played(vec![wire.into()], GET, false).await;
        let told = told(Method::GET, link).await;
        assert_eq!(told, Ok((200, "hi".to_owned(), false)));
        backend.join().expect("it ends");
    });
    let both = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n\
        2\r\nhi\r\n0\r\n\r\n";
    assert_eq!(heard(both, false), Ok((200, "hi".to_owned(), false)));
}

#[test]
fn an_answer_to_head_has_no_body() {
    let wire = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n".to_vec();
    on_a_core(async {
        let (link, backend) = played(vec![wire], GET + 1, false).await;
        assert_eq!(told(Method::HEAD, link).await, Ok((200, String::new(), true)));
        backend.join().expect("it ends");
    });
}

#[test]
fn a_request_has_one_host_and_one_framing_whatever_its_fields_say() {
    let mut headers = Fields::default();
    for (name, value) in [
        ("host", "first"),
        ("content-length", "99"),
        ("transfer-encoding", "chunked"),
        ("traceparent", "old"),
        ("authorization", "own"),
        ("x-twice", "1"),
        ("x-twice", "2"),
    ] {
        headers.add(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    let (host, trace) = (HeaderValue::from_static("second"), HeaderValue::from_static("new"));
    let instead = Instead { host: Some(&host), traceparent: Some(&trace), authorization: None };
    let expected = "POST /a?b HTTP/1.1\r\nhost: second\r\nauthorization: own\r\nx-twice: 1\r\n\
        x-twice: 2\r\ntraceparent: new\r\ncontent-length: 5\r\n\r\nhello";
    let answer = b"HTTP/1.1 204 None\r\n\r\n".to_vec();
    let request = on_a_core(async {
        let (mut link, backend) = played(vec![answer], expected.len(), false).await;
        let head = Head { method: Method::POST, target: &TARGET, headers: &headers, instead };
        let Ok(answer) = link.ask(&head, Bytes::from_static(b"hello"), 10).await else {
            unreachable!("it is answered")
        };
        assert_eq!(answer.status, StatusCode::NO_CONTENT);
        drop(link);
        backend.join().expect("it ends")
    });
    assert_eq!(String::from_utf8(request).expect("text"), expected);
}

#[test]
fn a_large_body_arrives_whole_and_one_that_nobody_takes_may_be_answered() {
    let body = Bytes::from(vec![b'x'; 32 << 20]);
    let headers = Fields::default();
    let head = head(Method::PUT, &headers);
    let size = "PUT /a?b HTTP/1.1\r\ncontent-length: 33554432\r\n\r\n".len();
    on_a_core(async {
        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi".to_vec();
        let (mut link, backend) = played(vec![answer], size + body.len(), false).await;
        let answer = link.ask(&head, body.clone(), 10).await;
        assert!(answer.is_ok_and(|answer| answer.body == "hi"));
        assert!(is_reusable(&link));
        drop(link);
        let request = backend.join().expect("it ends");
        assert!(request.ends_with(&body));
    });
    on_a_core(async {
        let answer = b"HTTP/1.1 413 Large\r\nContent-Length: 0\r\n\r\n".to_vec();
        let (mut link, backend) = played(vec![answer], size, false).await;
        let answer = link.ask(&head, body, 10).await;
        assert!(answer.is_ok_and(|answer| answer.status == StatusCode::PAYLOAD_TOO_LARGE));
        assert!(!is_reusable(&link), "the rest of the body would be the next request");
        drop(link);
        backend.join().expect("it ends");
    });
}
