//! Answers that are streams of typed items, from backends that send lines or events.

use std::io::Write;
use std::net::TcpStream;
use std::sync::mpsc::{Receiver, channel};
use std::thread::{JoinHandle, sleep};
use std::time::{Duration, Instant};

use gatewright_runtime::testing::{Answer, Backend, Gateway, Running, get, send};
use serde_json::{Value, json};

use crate::ask::{JSON, NOBODY, problem};
use crate::contracts::streams::CONTRACT;
use crate::pass::{HEAD, connect, played, rest, until};

const LINES: &str = "application/x-ndjson";
const EVENTS: &str = "text/event-stream";

fn gateway(feed: &str, rates: &str) -> Running {
    Gateway::start(&CONTRACT, &[("FEED_URL", feed), ("RATES_URL", rates)])
}

fn tick(name: &str) -> String {
    format!(r#"{{"name":"{name}","price":1.50,"tags":[],"secret":"s"}}"#)
}

/// A backend whose answers to a path are of this media type.
fn feed(target: &str, kind: &str, body: &str) -> Backend {
    let length = body.len();
    let answer = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    Backend::start().raw_open("GET", target, answer.as_bytes())
}

/// A backend of one connection that begins to answer with this media type; `play` does the rest.
fn playing<T: Send + 'static>(
    kind: &'static str,
    play: impl FnOnce(&mut TcpStream) -> T + Send + 'static,
) -> (String, JoinHandle<T>) {
    played(move |mut stream| {
        until(&mut stream, HEAD);
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: {kind}; charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).expect("sent");
        play(&mut stream)
    })
}

fn chunk(stream: &mut TcpStream, text: &str) {
    let chunk = format!("{:x}\r\n{text}\r\n", text.len());
    stream.write_all(chunk.as_bytes()).expect("sent");
}

fn ask(gateway: &Running, target: &str, accept: &str) -> Answer {
    send(gateway.address(), "GET", target, &[("Accept", accept)], b"")
}

/// The items of an answer in lines.
#[track_caller]
fn items(answer: &Answer) -> Vec<Value> {
    assert_eq!(answer.header("content-type"), Some(LINES), "{}", answer.text());
    let text = answer.text();
    let item = |line: &str| serde_json::from_str(line).expect("an item per line");
    text.lines().map(item).collect()
}

/// Asks on a connection of its own, and gives everything that comes until it ends.
fn everything(gateway: &Running, target: &str, accept: &str) -> String {
    let mut caller = connect(gateway);
    let request = format!(
        "GET {target} HTTP/1.1\r\nHost: x\r\nAccept: {accept}\r\nConnection: close\r\n\r\n"
    );
    caller.write_all(request.as_bytes()).expect("sent");
    rest(&mut caller)
}

const LAST_CHUNK: &str = "\r\n0\r\n\r\n";

#[test]
fn an_item_is_answered_as_soon_as_it_has_come() {
    let (told, more) = channel::<()>();
    let (url, _backend) = playing(LINES, move |stream| {
        for name in ["a", "b", "c"] {
            chunk(stream, &format!("{}\n", tick(name)));
            more.recv().expect("the caller has it");
        }
        stream.write_all(b"0\r\n\r\n").expect("sent");
    });
    let gateway = gateway(&url, NOBODY);
    let mut caller = connect(&gateway);
    caller.write_all(b"GET /v1/ticks HTTP/1.1\r\nHost: x\r\n\r\n").expect("sent");
    let head = until(&mut caller, HEAD).to_ascii_lowercase();
    for field in ["content-type: application/x-ndjson", "cache-control: no-store", "vary: accept"] {
        assert!(head.contains(&format!("{field}\r\n")), "{field}: {head}");
    }
    for name in ["a", "b", "c"] {
        // Its own fields in its own order, and nothing else of what the backend sends.
        let item = format!(r#"{{"name":"{name}","price":1.50,"currency":"EUR","tags":[]}}"#);
        until(&mut caller, &format!("\r\n{item}\n\r\n"));
        told.send(()).expect("it waits");
    }
    until(&mut caller, "0\r\n\r\n");
}

#[test]
fn the_caller_chooses_lines_or_events() {
    let feed = feed("/ticks", LINES, &format!("{}\n\n{}", tick("a"), tick("b")));
    let gateway = gateway(&feed.url(), NOBODY);
    for accept in ["*/*", LINES, "text/event-stream;q=0.1, application/*"] {
        let answer = ask(&gateway, "/v1/ticks", accept);
        let names: Vec<Value> = items(&answer).iter().map(|item| item["name"].clone()).collect();
        assert_eq!(names, ["a", "b"], "{accept}");
    }
    assert_eq!(items(&get(gateway.address(), "/v1/ticks")).len(), 2);
    let answer = ask(&gateway, "/v1/ticks", EVENTS);
    assert_eq!(answer.header("content-type"), Some(EVENTS));
    let item = |name: &str| {
        format!("data: {{\"name\":\"{name}\",\"price\":1.50,\"currency\":\"EUR\",\"tags\":[]}}\n\n")
    };
    assert_eq!(answer.text(), item("a") + &item("b"));
    let asked = feed.requests().len();
    let refused = ask(&gateway, "/v1/ticks", "application/json, text/html");
    assert!(problem(&refused, 406, "gateway:accept")["detail"].is_string());
    assert_eq!(feed.requests().len(), asked, "nobody is asked for what nobody can read");
    // A connection that carried a whole stream carries the next.
    assert!(feed.requests().iter().all(|request| request.connection == 0));
    assert_eq!(
        feed.requests()[0].header("accept"),
        Some("application/x-ndjson, text/event-stream")
    );
}

#[test]
fn events_are_read_with_all_that_the_standard_allows() {
    let body = "\u{FEFF}: hello\n\nretry: 100\nid: 1\nevent: tick\ndata: {\"name\": \"a\",\r\ndata:  \"price\": 2,\r\
        data: \"tags\": [\"x\\n\",\rdata:\"y\"]}\r\n\r\n: ping\n\nevent: nothing\n\ndata: {\"name\":\"b\",\"price\":3,\"tags\":[]}\n\n\
        id: 2\ndata: {\"name\":\"c\",\"price\":4,\"tags\":[]}\n\ndata: {\"name\":\"never ended\"";
    let feed = feed("/ticks", "Text/Event-Stream", body);
    let gateway = gateway(&feed.url(), NOBODY);
    let names: Vec<Value> = items(&get(gateway.address(), "/v1/ticks"))
        .into_iter()
        .map(|item| item["name"].clone())
        .collect();
    assert_eq!(names, ["a", "b", "c"]);
    let answer = ask(&gateway, "/v1/ticks", EVENTS).text();
    let events: Vec<&str> = answer.split_terminator("\n\n").collect();
    let [first, second, third] = events.as_slice() else { unreachable!("{answer}") };
    assert!(first.starts_with("id: 1\nretry: 100\ndata: {\"name\":\"a\""), "{first}");
    assert_eq!(first.lines().count(), 3, "an item is one line: {first}");
    assert!(second.starts_with("id: 1\ndata: {\"name\":\"b\""), "{second}");
    assert!(third.starts_with("id: 2\ndata: {\"name\":\"c\""), "{third}");
    assert!(!answer.contains("event:"), "{answer}");
}

#[test]
fn an_item_that_violates_its_type_ends_the_stream_for_all_to_see() {
    for wrong in [
        r#"{"name":"b","price":"dear","tags":[]}"#,
        r#"{"name":"b","price":1.234,"tags":[]}"#,
        r#"{"name":"b","price":1}"#,
        r#"{"name":"b","price":1,"tags":["1","2","3","4"]}"#,
        r#"{"name":"b","name":"b","price":1,"tags":[]}"#,
        r#"{"name":"b","price":1,"tags":[]} {}"#,
        "[DONE]",
        "\u{0}",
        &format!(r#"{{"name":"b","price":1,"tags":[],"more":"{}"}}"#, "x".repeat(1024)),
    ] {
        let body = format!("{}\n{wrong}\n{}\n", tick("a"), tick("c"));
        let feed = feed("/ticks", LINES, &body);
        let gateway = gateway(&feed.url(), NOBODY);
        let lines = everything(&gateway, "/v1/ticks", LINES);
        assert!(lines.starts_with("HTTP/1.1 200 ") && lines.contains("\"name\":\"a\""), "{lines}");
        assert!(
            !lines.contains("\"name\":\"c\"") && !lines.ends_with(LAST_CHUNK),
            "{wrong}: {lines}"
        );
        let events = everything(&gateway, "/v1/ticks", EVENTS);
        let (before, error) =
            events.split_once("event: error\ndata: ").expect("an event that says so");
        assert!(before.contains("\"name\":\"a\""), "{events}");
        let document = error.lines().next().expect("a line of data");
        let document: Value = serde_json::from_str(document).expect("a problem");
        assert_eq!(document["type"], "urn:problem:gateway:backend-failed", "{wrong}");
        assert_eq!(document["status"], 502);
        assert!(!events.contains("\"name\":\"c\"") && !events.ends_with(LAST_CHUNK), "{events}");
    }
}

#[test]
fn a_stream_that_breaks_off_is_seen_to_break_off() {
    let (url, _backend) = playing(LINES, |stream| chunk(stream, &format!("{}\n", tick("a"))));
    let lines = everything(&gateway(&url, NOBODY), "/v1/ticks", LINES);
    assert!(lines.contains("\"name\":\"a\"") && !lines.ends_with(LAST_CHUNK), "{lines}");
    let (url, _backend) =
        playing(EVENTS, |stream| chunk(stream, &format!("data: {}\n\n", tick("a"))));
    let events = everything(&gateway(&url, NOBODY), "/v1/ticks", EVENTS);
    assert!(events.contains("\"name\":\"a\"") && events.contains("event: error\n"), "{events}");
    assert!(!events.ends_with(LAST_CHUNK), "{events}");
}

#[test]
fn until_the_first_item_could_come_failures_are_problems() {
    let wrong = feed("/ticks", "application/json", "[]");
    problem(
        &get(gateway(&wrong.url(), NOBODY).address(), "/v1/ticks"),
        502,
        "gateway:backend-failed",
    );
    problem(&get(gateway(NOBODY, NOBODY).address(), "/v1/ticks"), 502, "gateway:backend-failed");
    let failing = Backend::start().answer("GET", "/ticks", 500, "{}");
    let answer = ask(&gateway(&failing.url(), NOBODY), "/v1/ticks", EVENTS);
    problem(&answer, 502, "gateway:backend-failed");
    let rates = Backend::start().answer("GET", "/rates/fx", 200, r#"{"value":2}"#);
    let (url, _silent) = played(|mut stream| rest(&mut stream));
    let start = Instant::now();
    let answer = get(gateway(&url, &rates.url()).address(), "/v1/ticks/fx");
    problem(&answer, 504, "gateway:backend-timeout");
    assert!((400..1900).contains(&start.elapsed().as_millis()), "`within` limits its beginning");
    for (status, body, kind, code) in
        [(404, "", "streams:not-found", 404), (429, r#"{"wait":7}"#, "streams:busy", 503)]
    {
        let feed = Backend::start().answer("GET", "/ticks/fx?limit=10", status, body);
        let answer = get(gateway(&feed.url(), &rates.url()).address(), "/v1/ticks/fx");
        let document = problem(&answer, code, kind);
        assert_eq!(document.get("wait"), (status == 429).then_some(&json!(7)));
    }
    let unasked = feed("/ticks/fx?limit=10", LINES, "");
    let without = gateway(&unasked.url(), NOBODY);
    problem(&get(without.address(), "/v1/ticks/fx"), 502, "gateway:backend-failed");
    problem(&get(without.address(), "/v1/ticks/fx?limit=0"), 400, "gateway:invalid-request");
    assert!(unasked.requests().is_empty(), "the stream is asked for last");
}

#[test]
fn items_are_made_of_what_other_calls_have_answered() {
    let rates = Backend::start().answer("GET", "/rates/fx", 200, r#"{"value":2.5}"#);
    let body = r#"{"name":"a","price":9.99}
        {"name":"b","price":10}"#;
    let feed = feed("/ticks/fx?limit=5", LINES, body);
    let gateway = gateway(&feed.url(), &rates.url());
    let headers = [("Last-Event-ID", "e-7")];
    let answer = send(gateway.address(), "GET", "/v1/ticks/fx?limit=5", &headers, b"");
    assert_eq!(
        items(&answer),
        [
            json!({"name": "a", "rate": 2.5, "base": "?", "mood": "low"}),
            json!({"name": "b!", "rate": 2.5, "base": "?", "mood": "high"}),
        ]
    );
    assert_eq!(answer.header("x-rate"), Some("2.5"));
    assert_eq!(answer.header("fallback"), Some("base"));
    assert_eq!(answer.headers("cache-control"), ["no-store"]);
    assert_eq!(feed.requests()[0].header("last-event-id"), Some("e-7"));
    // Once for all items.
    assert_eq!(rates.requests().iter().filter(|one| one.target == "/rates/fx").count(), 1);
}

#[test]
fn a_stream_may_follow_a_body_and_have_a_status_of_its_own() {
    let answer = "HTTP/1.1 200 OK\r\nContent-Type: application/jsonl\r\nConnection: close\r\n\r\n{\"score\":3}\r\n{\"score\":4}\n";
    let feed = Backend::start().raw("POST", "/search", answer.as_bytes());
    let gateway = gateway(&feed.url(), NOBODY);
    let answer = send(gateway.address(), "POST", "/v1/search", &[JSON], br#"{"words":["x"]}"#);
    assert_eq!((answer.status, answer.text().as_str()), (202, "3\n4\n"));
    assert_eq!(feed.requests()[0].body, br#"{"words":["x"]}"#);
    let wrong = send(gateway.address(), "POST", "/v1/search", &[JSON], br#"{"words":[]}"#);
    problem(&wrong, 400, "gateway:invalid-request");
}

#[test]
fn a_stream_without_items_is_an_answer_and_head_has_none() {
    let feed = feed("/ticks", LINES, "\n \r\n");
    let gateway = gateway(&feed.url(), NOBODY);
    assert!(items(&get(gateway.address(), "/v1/ticks")).is_empty());
    let head = send(gateway.address(), "HEAD", "/v1/ticks", &[("Accept", EVENTS)], b"");
    assert_eq!((head.status, head.header("content-type")), (200, Some(EVENTS)));
}

#[test]
fn a_slow_reader_of_a_stream_holds_the_backend_back() {
    const MOST: usize = 64 << 20;
    let (told, progress): (_, Receiver<usize>) = channel();
    let (url, _backend) = playing(LINES, move |stream| {
        stream.set_write_timeout(Some(Duration::from_millis(500))).expect("a timeout");
        let line = format!("{}\n", tick("a"));
        let text = line.repeat(1000);
        let piece = format!("{:x}\r\n{text}\r\n", text.len());
        let mut written = 0;
        while written < MOST {
            match stream.write(piece.as_bytes()) {
                Ok(count) if count == piece.len() => written += count,
                _ => break,
            }
        }
        told.send(written).expect("somebody waits");
    });
    let gateway = gateway(&url, NOBODY);
    let mut caller = connect(&gateway);
    caller.write_all(b"GET /v1/ticks HTTP/1.1\r\nHost: x\r\n\r\n").expect("sent");
    until(&mut caller, HEAD);
    let written = progress.recv_timeout(Duration::from_secs(20)).expect("it stops");
    assert!(written < MOST / 2, "{written} bytes were taken and went nowhere");
}

#[test]
fn a_caller_who_leaves_a_stream_takes_the_backends_connection_along() {
    let (url, backend) = playing(LINES, |stream| {
        chunk(stream, &format!("{}\n", tick("a")));
        let start = Instant::now();
        (rest(stream), start.elapsed())
    });
    let gateway = gateway(&url, NOBODY);
    let mut caller = connect(&gateway);
    caller.write_all(b"GET /v1/ticks HTTP/1.1\r\nHost: x\r\n\r\n").expect("sent");
    until(&mut caller, "\"tags\":[]}\n\r\n");
    drop(caller);
    let (more, waited) = backend.join().expect("played");
    assert!(more.is_empty() && waited < Duration::from_secs(5), "{more:?} {waited:?}");
}

#[test]
fn a_gateway_that_stops_lets_streams_go_on_and_cuts_them_at_its_limit() {
    let (url, _backend) = playing(LINES, |stream| {
        let line = format!("{}\n", tick("a"));
        loop {
            let chunk = format!("{:x}\r\n{line}\r\n", line.len());
            if stream.write_all(chunk.as_bytes()).is_err() {
                return;
            }
            sleep(Duration::from_millis(20));
        }
    });
    let env = [("FEED_URL", url.as_str()), ("RATES_URL", NOBODY), ("DRAIN_LIMIT", "400ms")];
    let gateway = Gateway::start(&CONTRACT, &env);
    let mut caller = connect(&gateway);
    caller.write_all(b"GET /v1/ticks HTTP/1.1\r\nHost: x\r\n\r\n").expect("sent");
    until(&mut caller, "\"tags\":[]}\n\r\n");
    let start = Instant::now();
    let stopping = std::thread::spawn(move || gateway.stop());
    sleep(Duration::from_millis(100));
    until(&mut caller, "\"tags\":[]}\n\r\n");
    assert_eq!(stopping.join().expect("it stops"), 1, "one connection is cut");
    assert!((300..2000).contains(&start.elapsed().as_millis()), "{:?}", start.elapsed());
    assert!(!rest(&mut caller).ends_with(LAST_CHUNK), "it is seen to break off");
}
