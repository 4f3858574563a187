//! Bodies that are passed on over HTTP/2, as they arrive.

use std::io::Write;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, channel};
use std::thread::sleep;
use std::time::{Duration, Instant};

use bytes::Bytes;
use gatewright_runtime::testing::frames::{END_HEADERS, END_STREAM, Frames, Outcome, fields, kind};
use gatewright_runtime::testing::{Gateway, Running};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::ask::NOBODY;
use crate::contracts::pass;
use crate::pass::{HEAD, connect, rest, until};
use crate::transport::{answer, played};

/// `RST_STREAM`: nobody wants it any more (RFC 9113 section 7).
const CANCEL: [u8; 4] = [0, 0, 0, 8];
const PATIENCE: Duration = Duration::from_secs(10);

/// What a backend has seen: the kind of a frame, its stream, what is in it.
type Seen = Receiver<(u8, u32, Vec<u8>)>;

/// A gateway before a backend that plays what comes and tells of it.
fn told(play: impl Fn(&mut Frames, u8, u8, u32) + Send + Sync + 'static) -> (Running, Seen) {
    let (tell, seen) = channel();
    let tell = Mutex::new(tell);
    let (url, _) = played(&[(4, 1 << 20)], move |_, mut frames| {
        frames.send(kind::WINDOW_UPDATE, 0, 0, &(1_u32 << 20).to_be_bytes());
        while let Ok(frame) = frames.read() {
            play(&mut frames, frame.kind, frame.flags, frame.stream);
            let _ =
                tell.lock().expect("nobody panics").send((frame.kind, frame.stream, frame.payload));
        }
    });
    (before(&url), seen)
}

fn before(url: &str) -> Running {
    let env = [("FILES_URL", url), ("FILES_KEY", "k-1"), ("FLAKY_URL", NOBODY)];
    Gateway::start(&pass::CONTRACT, &env)
}

/// Begins a request with a body.
fn begin(caller: &mut Frames, stream: u32, (method, path): (&str, &str), more: &[(&str, &str)]) {
    let head =
        [(":method", method), (":scheme", "http"), (":path", path), (":authority", "a.test")];
    let head = head.iter().chain(more).copied();
    caller.send(kind::HEADERS, END_HEADERS, stream, &fields(head));
}

/// What comes next of this kind.
fn next(seen: &Seen, wanted: u8) -> Vec<u8> {
    loop {
        let (kind, _, payload) = seen.recv_timeout(PATIENCE).expect("it comes");
        if kind == wanted {
            return payload;
        }
    }
}

/// A backend that answers once it has heard all.
fn taken(frames: &mut Frames, kind: u8, flags: u8, stream: u32) {
    if kind == kind::DATA && flags & END_STREAM != 0 {
        answer(frames, stream, "taken");
    }
}

const PUT: (&str, &str) = ("PUT", "/v1/files/a");
const ECHO: (&str, &str) = ("POST", "/v1/echo");

#[test]
fn a_body_goes_on_as_it_arrives_and_may_take_its_time() {
    let (gateway, seen) = told(taken);
    let mut caller = Frames::connect(gateway.address(), &[]);
    begin(&mut caller, 1, PUT, &[]);
    caller.send(kind::DATA, 0, 1, b"one");
    assert_eq!(next(&seen, kind::DATA), b"one");
    // Longer than the endpoint's timeout: it counts from the last byte.
    sleep(Duration::from_millis(900));
    caller.send(kind::DATA, END_STREAM, 1, b"two");
    assert_eq!(caller.outcome(1), Outcome::Answer(200, b"taken".to_vec()));
    assert_eq!(next(&seen, kind::DATA), b"two");
}

/// What gRPC needs: an answer that begins before the request has ended, and fields behind it.
#[test]
fn both_sides_may_talk_at_once() {
    let (gateway, _seen) = told(|frames, kind, flags, stream| {
        if kind == kind::HEADERS {
            frames.send(kind::HEADERS, END_HEADERS, stream, &[0x88]);
        }
        if kind == kind::DATA && flags & END_STREAM == 0 {
            frames.send(kind::DATA, 0, stream, b"heard");
        }
        if kind == kind::DATA && flags & END_STREAM != 0 {
            let last = fields([("grpc-status", "0")]);
            frames.send(kind::HEADERS, END_HEADERS | END_STREAM, stream, &last);
        }
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let talked = async { timeout(PATIENCE, talk(gateway.address())).await };
    let talked = runtime.expect("a runtime").block_on(talked);
    assert_eq!(talked.expect("in time"), Ok("0".to_owned()));
}

/// Says something three times, hears an answer each time, and ends: what stands behind the answer.
async fn talk(address: SocketAddr) -> Result<String, String> {
    let broken = |error: h2::Error| error.to_string();
    let stream = TcpStream::connect(address).await.map_err(|error| error.to_string())?;
    let (mut sender, connection) = h2::client::handshake(stream).await.map_err(broken)?;
    let driven = tokio::spawn(connection);
    let request = http::Request::post("http://a.test/v1/echo");
    let request = request.header("content-type", "application/grpc").header("te", "trailers");
    let request = request.body(()).map_err(|error| error.to_string())?;
    let (answer, mut body) = sender.send_request(request, false).map_err(broken)?;
    let mut heard = answer.await.map_err(broken)?.into_body();
    for _ in 0..3 {
        body.send_data(Bytes::from_static(b"hello"), false).map_err(broken)?;
        let part = heard.data().await.ok_or("nothing more")?.map_err(broken)?;
        assert_eq!(part, "heard");
    }
    body.send_data(Bytes::new(), true).map_err(broken)?;
    while heard.data().await.is_some() {}
    let last = heard.trailers().await.map_err(broken)?.ok_or("nothing stands behind it")?;
    driven.abort();
    last.get("grpc-status")
        .and_then(|status| status.to_str().ok())
        .map(str::to_owned)
        .ok_or_else(|| format!("{last:?}"))
}

#[test]
fn a_body_beyond_its_limit_is_stopped() {
    let (gateway, seen) = told(|_, _, _, _| {});
    let mut caller = Frames::connect(gateway.address(), &[]);
    // Once it has been answered, how much it may send at once is agreed.
    caller.request(1, ("GET", "/v1/nothing"), &[], b"");
    assert_eq!(caller.outcome(1).status(), 404);
    begin(&mut caller, 3, ECHO, &[]);
    for _ in 0..5 {
        caller.send(kind::DATA, 0, 3, &[b'x'; 16 * 1024]);
    }
    let outcome = caller.outcome(3);
    assert_eq!(outcome.status(), 413, "{outcome:?}");
    let mut sent = 0;
    loop {
        let (kind, _, payload) = seen.recv_timeout(PATIENCE).expect("it is told");
        match kind {
            kind::DATA => sent += payload.len(),
            kind::RST_STREAM => break assert_eq!(payload, CANCEL),
            _ => {}
        }
    }
    assert!(sent <= 64 * 1024, "{sent} bytes are more than was allowed");
}

#[test]
fn a_caller_who_leaves_ends_its_body_and_not_the_connection() {
    let (gateway, seen) = told(taken);
    let mut caller = Frames::connect(gateway.address(), &[]);
    begin(&mut caller, 1, PUT, &[]);
    caller.send(kind::DATA, 0, 1, b"one");
    assert_eq!(next(&seen, kind::DATA), b"one");
    caller.send(kind::RST_STREAM, 0, 1, &CANCEL);
    assert_eq!(next(&seen, kind::RST_STREAM), CANCEL);
    caller.request(3, PUT, &[], b"two");
    assert_eq!(caller.outcome(3), Outcome::Answer(200, b"taken".to_vec()));
}

#[test]
fn an_answer_before_the_end_ends_the_request() {
    let (gateway, seen) = told(|frames, kind, _, stream| {
        if kind == kind::HEADERS {
            answer(frames, stream, "enough");
        }
    });
    let mut caller = Frames::connect(gateway.address(), &[]);
    begin(&mut caller, 1, PUT, &[]);
    assert_eq!(caller.outcome(1), Outcome::Answer(200, b"enough".to_vec()));
    assert_eq!(next(&seen, kind::RST_STREAM), CANCEL);
    let mut caller = connect(&gateway);
    let head = "PUT /v1/files/a HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\none";
    caller.write_all(head.as_bytes()).expect("sent");
    assert!(until(&mut caller, "enough").starts_with("HTTP/1.1 200 "));
    assert_eq!(next(&seen, kind::RST_STREAM), CANCEL);
}

#[test]
fn a_backend_that_takes_nothing_is_late_and_not_the_caller() {
    let (url, _) = played(&[(4, 10)], |_, mut frames| while frames.read().is_ok() {});
    let gateway = before(&url);
    let mut caller = Frames::connect(gateway.address(), &[]);
    caller.request(1, PUT, &[], &[b'x'; 1000]);
    assert_eq!(caller.outcome(1).status(), 504);
}

/// Whoever else looks at the time learns when it is the caller who lets everybody wait.
#[test]
fn a_caller_who_sends_nothing_for_long_is_408() {
    let (gateway, seen) = told(|_, _, _, _| {});
    let (one, backend) = crate::pass::played(|mut stream| {
        stream.set_read_timeout(Some(Duration::from_secs(45))).expect("a time");
        rest(&mut stream)
    });
    let other = before(&one);
    let mut slow = connect(&other);
    let head = "PUT /v1/files/a HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\none";
    slow.write_all(head.as_bytes()).expect("sent");
    slow.set_read_timeout(Some(Duration::from_secs(45))).expect("a time");
    let mut caller = Frames::connect(gateway.address(), &[]);
    begin(&mut caller, 1, PUT, &[]);
    caller.send(kind::DATA, 0, 1, b"one");
    assert_eq!(next(&seen, kind::DATA), b"one");
    let start = Instant::now();
    // Nothing comes for longer than the caller's half of this test waits for a frame.
    sleep(Duration::from_secs(25));
    assert_eq!(caller.outcome(1).status(), 408);
    assert!(start.elapsed() < Duration::from_secs(40));
    assert_eq!(next(&seen, kind::RST_STREAM), CANCEL);
    assert!(until(&mut slow, HEAD).starts_with("HTTP/1.1 408 "));
    drop(slow);
    assert!(backend.join().expect("played").ends_with("\r\n\r\none"));
}
