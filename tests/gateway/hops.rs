//! HTTP/2 from callers and HTTP/2 to backends: streams stay what they are from end to end.

use std::io::Write;
use std::net::SocketAddr;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::thread::sleep;
use std::time::Duration;

use gatewright_runtime::testing::frames::{END_HEADERS, END_STREAM, Frames, Outcome, fields, kind};
use gatewright_runtime::testing::{Backend, Gateway, Running};

use crate::ask::NOBODY;
use crate::contracts::pass;
use crate::pass::{HEAD, until};
use crate::transport::{answer, arrived, asking, played};

/// What a backend has seen: the kind of a frame, its flags, its stream, how many bytes.
type Seen = Receiver<(u8, u8, u32, usize)>;

const PATIENCE: Duration = Duration::from_secs(10);

fn caller(gateway: &Running) -> Frames {
    Frames::connect(gateway.address(), &[])
}

/// A gateway before a backend that tells what arrives, and answers requests that are whole by `play`.
fn told(
    play: impl Fn(&mut Frames, u32) + Send + Sync + 'static,
) -> (Running, Seen, Arc<AtomicUsize>) {
    let (tell, seen) = channel();
    let tell = Mutex::new(tell);
    let (url, connections) = played(&[], move |_, mut frames| {
        while let Ok(frame) = frames.read() {
            let size = frame.payload.len();
            let tell = tell.lock().expect("nobody panics");
            let _ = tell.send((frame.kind, frame.flags, frame.stream, size));
            let whole = frame.flags & END_STREAM != 0;
            if whole && [kind::HEADERS, kind::DATA].contains(&frame.kind) {
                play(&mut frames, frame.stream);
            }
        }
    });
    (asking(&url, NOBODY, "client"), seen, connections)
}

fn printed(address: SocketAddr, arguments: &[&str], path: &str) -> String {
    let mut curl = Command::new("curl");
    curl.args(["-s", "-m", "10", "--http2-prior-knowledge", "-D", "-"]).args(arguments);
    let output = curl.arg(format!("http://{address}{path}")).output();
    let output = output.unwrap_or_else(|error| unreachable!("curl: {error}"));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn what_follows_an_answer_arrives_behind_it() {
    let (gateway, _seen, _) = told(|frames, stream| {
        frames.send(kind::HEADERS, END_HEADERS, stream, &[0x88]);
        frames.send(kind::DATA, 0, stream, b"one");
        frames.send(kind::DATA, 0, stream, b"two");
        let last = fields([("x-sum", "9")]);
        frames.send(kind::HEADERS, END_HEADERS | END_STREAM, stream, &last);
    });
    let text = printed(gateway.address(), &["-H", "TE: trailers"], "/v1/files/a");
    let (head, rest) = text.split_once("\r\n\r\n").expect("a head");
    assert!(head.starts_with("HTTP/2 200"), "{text}");
    assert!(!head.contains("x-sum") && rest.contains("onetwo"), "{text}");
    assert!(rest.contains("x-sum: 9"), "{text}");
}

/// Two gateways, one behind the other, callers of HTTP/2, and a body whose end carries a field.
#[test]
fn what_follows_a_request_arrives_behind_it_over_two_hops() {
    let (url, backend) = crate::pass::played(|mut stream| {
        let head = until(&mut stream, HEAD);
        let body = until(&mut stream, "\r\n0\r\n");
        let trailers = until(&mut stream, "\r\n\r\n");
        let _ = stream.write_all(b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n");
        (head.to_ascii_lowercase(), body, trailers.to_ascii_lowercase())
    });
    let env = [("FILES_URL", url.as_str()), ("FILES_KEY", "k-1"), ("FLAKY_URL", NOBODY)];
    let behind = Gateway::start(&pass::CONTRACT, &env);
    let gateway = asking(&format!("h2c://{}/v1/files", behind.address()), NOBODY, "client");
    let mut caller = caller(&gateway);
    let put = [
        (":method", "PUT"),
        (":scheme", "http"),
        (":path", "/v1/files/a"),
        (":authority", "a.test"),
        ("trailer", "x-digest, authorization, x-api-key"),
    ];
    caller.send(kind::HEADERS, END_HEADERS, 1, &fields(put));
    caller.send(kind::DATA, 0, 1, b"abc");
    let last = [("x-digest", "7"), ("x-other", "1"), ("authorization", "x"), ("x-api-key", "x")];
    let last = fields(last);
    caller.send(kind::HEADERS, END_HEADERS | END_STREAM, 1, &last);
    assert_eq!(caller.outcome(1).status(), 201);
    let (head, body, trailers) = backend.join().expect("played");
    assert!(head.contains("trailer: x-digest, authorization, x-api-key\r\n"), "{head}");
    assert_eq!(body, "3\r\nabc\r\n0\r\n");
    assert_eq!(
        trailers, "x-digest: 7\r\n\r\n",
        "and nothing that was not announced or may not stand there"
    );
}

#[test]
fn an_answer_that_is_reset_is_reset_and_others_are_not() {
    let (gateway, _seen, connections) = told(|frames, stream| {
        if stream == 1 {
            frames.send(kind::HEADERS, END_HEADERS, stream, &[0x88]);
            frames.send(kind::DATA, 0, stream, b"half");
            // It has failed inside (RFC 9113 section 7).
            frames.send(kind::RST_STREAM, 0, stream, &2_u32.to_be_bytes());
        } else {
            answer(frames, stream, "whole");
        }
    });
    let mut caller = caller(&gateway);
    caller.request(1, ("GET", "/v1/files/a"), &[], b"");
    assert!(matches!(caller.outcome(1), Outcome::Reset(_)), "half is never passed for whole");
    caller.request(3, ("GET", "/v1/files/a"), &[], b"");
    assert_eq!(caller.outcome(3), Outcome::Answer(200, b"whole".to_vec()));
    assert_eq!(connections.load(Ordering::SeqCst), 1, "the connection is as good as before");
}

#[test]
fn a_request_that_is_reset_is_reset_and_others_are_not() {
    let (gateway, seen, connections) = told(|frames, stream| {
        if stream > 1 {
            answer(frames, stream, "whole");
        }
    });
    let mut caller = caller(&gateway);
    caller.request(1, ("GET", "/v1/files/a"), &[], b"");
    let arrives = |wanted: u8| {
        while let Ok((kind, _, stream, _)) = seen.recv_timeout(PATIENCE) {
            if (kind, stream) == (wanted, 1) {
                return true;
            }
        }
        false
    };
    assert!(arrives(kind::HEADERS));
    caller.send(kind::RST_STREAM, 0, 1, &8_u32.to_be_bytes());
    assert!(arrives(kind::RST_STREAM), "the backend need not go on");
    caller.request(3, ("GET", "/v1/files/a"), &[], b"");
    assert_eq!(caller.outcome(3), Outcome::Answer(200, b"whole".to_vec()));
    assert_eq!(connections.load(Ordering::SeqCst), 1);
}

#[test]
fn many_at_once_are_told_apart_on_one_connection() {
    const COUNT: u32 = 40;
    let (url, connections) = played(&[], |_, mut frames| {
        let mut streams = Vec::new();
        while let Some(stream) = arrived(&mut frames) {
            if stream == 1 {
                answer(&mut frames, stream, "first");
                continue;
            }
            streams.push(stream);
            if streams.len() as u32 == COUNT {
                // The last first, and mixed.
                for stream in streams.iter().rev() {
                    frames.send(kind::HEADERS, END_HEADERS, *stream, &[0x88]);
                }
                for stream in &streams {
                    frames.send(kind::DATA, END_STREAM, *stream, format!("{stream}").as_bytes());
                }
            }
        }
    });
    let gateway = asking(&url, NOBODY, "client");
    let mut caller = caller(&gateway);
    caller.request(1, ("GET", "/v1/files/a"), &[], b"");
    assert_eq!(caller.outcome(1).status(), 200);
    for nth in 1..=COUNT {
        caller.request(2 * nth + 1, ("GET", "/v1/files/a"), &[], b"");
    }
    let mut bodies = Vec::new();
    while bodies.len() < COUNT as usize {
        let frame = caller.read().expect("an answer");
        if frame.kind == kind::DATA && !frame.payload.is_empty() {
            bodies.push(String::from_utf8(frame.payload).expect("a number"));
        }
    }
    bodies.sort_unstable();
    bodies.dedup();
    assert_eq!(bodies.len(), COUNT as usize, "{bodies:?}");
    assert_eq!(connections.load(Ordering::SeqCst), 1);
}

/// A gateway behind a gateway, with bodies that are larger than every window.
#[test]
fn large_bodies_pass_both_hops_whole() {
    let page = "x".repeat(900_000);
    let files = Backend::start().answer("GET", "/files/files/a", 200, &page);
    let url = files.url();
    let env = [("FILES_URL", url.as_str()), ("FILES_KEY", "k-1"), ("FLAKY_URL", NOBODY)];
    let behind = Gateway::start(&pass::CONTRACT, &env);
    let gateway = asking(&format!("h2c://{}/v1/files", behind.address()), NOBODY, "client");
    let mut curl = vec!["-o", "/dev/null", "-w", "%{size_download} %{http_version}"];
    let text = printed(gateway.address(), &curl, "/v1/files/a");
    assert!(text.ends_with("900000 2"), "{text}");
    let body = std::env::temp_dir().join(format!("gatewright-hops-{}", std::process::id()));
    std::fs::write(&body, &page).expect("a file of its own");
    let sent = body.to_str().expect("UTF-8");
    curl.extend(["-T", sent]);
    printed(gateway.address(), &curl, "/v1/files/b");
    let _ = std::fs::remove_file(&body);
    let received = files.requests().last().map(|request| request.body.len());
    assert_eq!(received, Some(page.len()));
    // Nobody waits for what is on its way to nobody.
    sleep(Duration::from_millis(10));
    assert_eq!(files.requests().len(), 2);
}
