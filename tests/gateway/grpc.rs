//! Calls of gRPC and other bodies that callers send, passed on to a backend that speaks nothing but HTTP/2.
#![allow(clippy::panic, reason = "a test that cannot go on says so")]

use std::net::{SocketAddr, TcpListener};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::spawn;
use std::time::Duration;

use bytes::Bytes;
use gatewright_runtime::testing::frames::{END_HEADERS, END_STREAM, Frames, Outcome, fields, kind};
use gatewright_runtime::testing::{Gateway, Running, send};
use h2::server::SendResponse;
use http::{HeaderMap, Request, Response};
use tokio::task::{LocalSet, spawn_local};

use crate::ask::NOBODY;
use crate::contracts::pass;

/// `grpc-status: 0`, as Huffman's code writes it (RFC 7541 appendix B).
const STATUS: &[u8] = &[0x9a, 0xca, 0xc8, 0xb2, 0x12, 0x34, 0xda, 0x8f, 0x81, 0x07];

/// What a backend saw of a request: its head and what followed its body, how many bytes that had, and how
/// the stream ended if it was not by that.
#[derive(Debug)]
struct Seen {
    head: HeaderMap,
    trailers: HeaderMap,
    size: usize,
    reset: Option<h2::Reason>,
}

/// A gateway before a backend that speaks nothing but HTTP/2.
fn gateway() -> (Running, Receiver<Seen>) {
    let (tell, seen) = channel();
    let url = format!("h2c://{}", backend(tell));
    let env = [("FILES_URL", url.as_str()), ("FILES_KEY", "k-1"), ("FLAKY_URL", NOBODY)];
    (Gateway::start(&pass::CONTRACT, &env), seen)
}

fn backend(tell: Sender<Seen>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.set_nonblocking(true).expect("a socket");
    let address = listener.local_addr().expect("bound");
    spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        LocalSet::new().block_on(&runtime.expect("a runtime"), async move {
            let listener = tokio::net::TcpListener::from_std(listener).expect("a socket");
            while let Ok((stream, _)) = listener.accept().await {
                let tell = tell.clone();
                spawn_local(async move {
                    let Ok(mut two) = h2::server::handshake(stream).await else { return };
                    while let Some(Ok((request, respond))) = two.accept().await {
                        spawn_local(play(request, respond, tell.clone()));
                    }
                });
            }
        });
    });
    address
}

/// Answers piece by piece with what is sent.
async fn play(
    request: Request<h2::RecvStream>,
    mut respond: SendResponse<Bytes>,
    tell: Sender<Seen>,
) {
    let (head, mut body) = request.into_parts();
    let answer = Response::builder().header("content-type", "application/grpc");
    let answer = answer.body(()).expect("an answer");
    let mut out = respond.send_response(answer, false).expect("the stream is open");
    let mut seen = Seen { head: head.headers, trailers: HeaderMap::new(), size: 0, reset: None };
    while let Some(data) = body.data().await {
        match data {
            Ok(data) => {
                seen.size += data.len();
                let _ = body.flow_control().release_capacity(data.len());
                let _ = out.send_data(data, false);
            }
            Err(error) => {
                seen.reset = error.reason();
                let _ = tell.send(seen);
                return;
            }
        }
    }
    seen.trailers = body.trailers().await.ok().flatten().unwrap_or_default();
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", 0.into());
    let _ = out.send_trailers(trailers);
    let _ = tell.send(seen);
}

fn wait(seen: &Receiver<Seen>) -> Seen {
    seen.recv_timeout(Duration::from_secs(10)).expect("the backend was asked")
}

/// Begins a call of gRPC.
fn begin(gateway: &Running, more: &[(&str, &str)]) -> Frames {
    let mut caller = Frames::connect(gateway.address(), &[]);
    let own = [
        (":method", "POST"),
        (":scheme", "http"),
        (":path", "/v1/echo"),
        (":authority", "a.test"),
        ("content-type", "application/grpc"),
        ("te", "trailers"),
    ];
    caller.send(kind::HEADERS, END_HEADERS, 1, &fields(own.iter().chain(more).copied()));
    caller
}

/// The next part of the answer: its head or what follows it, or some of its body.
fn part(caller: &mut Frames) -> (u8, bool, Vec<u8>) {
    loop {
        let frame = caller.read().expect("more of the answer");
        let empty = frame.kind == kind::DATA && frame.payload.is_empty();
        if [kind::HEADERS, kind::DATA, kind::RST_STREAM].contains(&frame.kind) && !empty {
            return (frame.kind, frame.flags & END_STREAM != 0, frame.payload);
        }
    }
}

#[test]
fn a_unary_call_of_grpc_passes() {
    let (gateway, seen) = gateway();
    let mut caller = begin(&gateway, &[]);
    caller.send(kind::DATA, END_STREAM, 1, b"\0\0\0\0\x01x");
    assert_eq!(part(&mut caller).0, kind::HEADERS);
    assert_eq!(part(&mut caller), (kind::DATA, false, b"\0\0\0\0\x01x".to_vec()));
    let (sort, ends, block) = part(&mut caller);
    assert_eq!((sort, ends), (kind::HEADERS, true));
    assert!(block.windows(STATUS.len()).any(|part| part == STATUS), "{block:?}");
    let seen = wait(&seen);
    assert_eq!(seen.head.get("content-type").expect("one"), "application/grpc");
    assert_eq!(seen.head.get("te").expect("one"), "trailers");
    assert_eq!((seen.size, seen.reset), (6, None));
}

#[test]
fn both_sides_of_a_call_speak_in_turn() {
    let (gateway, seen) = gateway();
    let mut caller = begin(&gateway, &[]);
    assert_eq!(part(&mut caller).0, kind::HEADERS, "before anything was sent");
    for text in ["one", "two", "three"] {
        caller.send(kind::DATA, 0, 1, text.as_bytes());
        assert_eq!(part(&mut caller), (kind::DATA, false, text.as_bytes().to_vec()));
    }
    caller.send(kind::DATA, END_STREAM, 1, b"");
    assert_eq!(part(&mut caller).0, kind::HEADERS);
    assert_eq!(wait(&seen).size, 11);
}

#[test]
fn nothing_behind_a_body_takes_the_place_of_what_stands_before_it() {
    let (gateway, seen) = gateway();
    let announced = "authorization, cookie, x-api-key, x-forwarded-for, x-digest";
    let mut caller = begin(&gateway, &[("trailer", announced)]);
    caller.send(kind::DATA, 0, 1, b"abc");
    let last = fields([
        ("authorization", "Bearer forged"),
        ("cookie", "forged=1"),
        ("x-api-key", "forged"),
        ("x-forwarded-for", "6.6.6.6"),
        ("x-digest", "7"),
        ("x-other", "1"),
    ]);
    caller.send(kind::HEADERS, END_HEADERS | END_STREAM, 1, &last);
    let Outcome::Answer(_, body) = caller.outcome(1) else { panic!("it is answered") };
    assert_eq!(body, b"abc");
    let seen = wait(&seen);
    assert_eq!(seen.trailers.len(), 1, "{seen:?}");
    assert_eq!(seen.trailers.get("x-digest").expect("it was announced"), "7");
}

#[test]
fn what_a_call_sends_is_whole_and_says_its_length() {
    let (gateway, seen) = gateway();
    let body = vec![b'x'; 60_000];
    for _ in 0..20 {
        let found = send(gateway.address(), "POST", "/v1/echo", &[], &body);
        assert!((found.status, found.body.len()) == (200, body.len()));
        let seen = wait(&seen);
        assert_eq!(seen.head.get("content-length").expect("it is known"), "60000");
        assert_eq!((seen.size, seen.reset), (60_000, None));
    }
}
