//! Bodies in both directions: how they are framed, and what becomes of those that nobody reads.

use std::cell::RefCell;
use std::future::Future;
use std::rc::Rc;
use std::task::{Context, Poll};

use super::script::{Answered, Caller, Ended, MOST, Parts, Played, play, run, told, wait};
use super::{GET, statuses, whole};
use crate::error::Kind;
use crate::metrics::Peer;
use crate::request::Arriving;
use crate::server::Limits;
use crate::server::connection::one::machine::{Machine, Service};
use crate::server::connection::one::room::{Ask, Room};
use crate::stream::Stream;

/// What is written for `GET` of a path, without the first line and the date.
fn answered(line: &str) -> Played {
    whole(&format!("{line}\r\nHost: h\r\n\r\n"))
}

#[test]
fn an_answer_says_where_its_body_ends() {
    for (line, fields, body) in [
        ("GET /a HTTP/1.1", "content-length: 9\r\n", "GET /a []"),
        ("HEAD /a HTTP/1.1", "content-length: 10\r\n", ""),
        ("GET /empty HTTP/1.1", "content-length: 0\r\n", ""),
        ("HEAD /empty HTTP/1.1", "", ""),
        ("GET /204 HTTP/1.1", "", ""),
        ("GET /304 HTTP/1.1", "", ""),
        ("HEAD /304 HTTP/1.1", "content-length: 7\r\n", ""),
        (
            "GET /pieces HTTP/1.1",
            "transfer-encoding: chunked\r\n",
            "3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n",
        ),
        ("HEAD /pieces HTTP/1.1", "", ""),
        ("GET /long HTTP/1.1", "content-length: 4\r\n", "onet"),
        ("GET /103 HTTP/1.1", "content-length: 11\r\n", "GET /103 []"),
    ] {
        let found = answered(line);
        let (head, rest) = found.written.split_once("\r\n\r\n").expect("a head");
        let framing: Vec<&str> = head
            .split("\r\n")
            .filter(|line| line.starts_with("content-length") || line.starts_with("transfer"))
            .collect();
        let expected: Vec<&str> = fields.split_terminator("\r\n").collect();
        assert_eq!((framing, rest), (expected, body), "{line}");
        assert_eq!(head.matches("\r\ndate: today").count(), 1, "{head}");
        assert!(!found.ended, "{line}: another request can follow");
    }
    let old = whole("GET /pieces HTTP/1.0\r\n\r\n");
    assert!(old.written.starts_with("HTTP/1.0 200 OK\r\n"), "{}", old.written);
    assert!(old.ended && old.written.ends_with("\r\n\r\nonetwo"), "{}", old.written);
}

#[test]
fn a_body_that_is_not_whole_is_never_made_to_look_so() {
    for (target, sent) in [("/breaks", "3\r\none\r\n"), ("/short", "onetwo")] {
        let found = answered(&format!("GET {target} HTTP/1.1"));
        assert!(found.ended && found.written.ends_with(sent), "{target}: {}", found.written);
        assert_eq!(whole(&format!("GET {target} HTTP/1.1\r\nHost: h\r\n\r\n{GET}")).asked.len(), 1);
    }
}

#[test]
fn fields_behind_a_body_are_sent_where_they_were_announced_and_are_taken() {
    let told =
        |fields: &str| whole(&format!("GET /trailers HTTP/1.1\r\nHost: h\r\n{fields}\r\n")).written;
    let taken = told("TE: trailers\r\n");
    assert!(taken.contains("trailer: X-Sum, Set-Cookie\r\n"), "{taken}");
    assert!(taken.ends_with("3\r\none\r\n0\r\nx-sum: 7\r\n\r\n"), "{taken}");
    assert!(told("").ends_with("3\r\none\r\n0\r\n\r\n"));
}

#[test]
fn a_caller_is_told_to_go_on_when_its_body_is_wanted_and_only_then() {
    let head = "POST /a HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n";
    let go = "HTTP/1.1 100 Continue\r\n\r\n";
    let waiting = whole(head);
    assert_eq!((waiting.written.as_str(), waiting.asked.len()), (go, 0));
    let sent = play(&[head.as_bytes(), b"ab"], Ended::Open, usize::MAX);
    assert_eq!(sent.asked, ["POST /a [ab]"]);
    assert!(sent.written.starts_with(&format!("{go}HTTP/1.1 200 OK\r\n")), "{}", sent.written);
    assert!(!sent.ended);
    // Nobody knows whether a body follows that nobody asked for.
    let ignored = head.replace("/a", "/ignored");
    let ignored = whole(&ignored);
    assert_eq!(statuses(&ignored), ["200"]);
    assert!(ignored.written.contains("connection: close\r\n"), "{}", ignored.written);
    for bytes in [head.replace("HTTP/1.1", "HTTP/1.0"), head.replace("Length: 2", "Length: 0")] {
        assert!(!whole(&bytes).written.contains("100 Continue"), "{bytes}");
    }
}

#[test]
fn a_body_that_nobody_reads_is_passed_over_if_it_is_there_and_ends_the_connection_otherwise() {
    let post = "POST /ignored HTTP/1.1\r\nHost: h\r\n";
    let there = [
        format!("{post}Content-Length: 5\r\n\r\nhello"),
        format!("{post}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"),
    ];
    for bytes in there {
        let found = whole(&format!("{bytes}{GET}"));
        assert_eq!((found.asked.len(), found.ended), (2, false), "{bytes}");
    }
    for rest in
        ["Content-Length: 6\r\n\r\nhello", "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"]
    {
        let bytes = format!("{post}{rest}");
        // What it still sends is thrown away for a while, so that it sees the answer.
        let found = play(&[bytes.as_bytes(), GET.as_bytes()], Ended::Open, usize::MAX);
        assert_eq!((found.asked.len(), found.ended), (1, false), "{bytes}");
        assert!(found.written.contains("connection: close\r\n"), "{}", found.written);
        let endless = vec![b'x'; 1024 * 1024];
        let found = play(&[bytes.as_bytes(), &endless], Ended::Open, usize::MAX);
        assert_eq!((statuses(&found), found.ended), (vec!["200"], true), "not for ever");
        let found = play(&[bytes.as_bytes()], Ended::Closed, usize::MAX);
        assert!(found.ended);
    }
}

#[test]
fn a_body_that_breaks_off_or_is_not_framed_well_ends_the_connection() {
    let post = "POST /a HTTP/1.1\r\nHost: h\r\n";
    for (rest, end, asked) in [
        ("Content-Length: 9\r\n\r\nhello", Ended::Closed, "POST /a [hello!]"),
        ("Transfer-Encoding: chunked\r\n\r\n5\r\nhello", Ended::Closed, "POST /a [hello!]"),
        ("Transfer-Encoding: chunked\r\n\r\n5\r\nhelloo\r\n", Ended::Open, "POST /a [hello!]"),
        ("Transfer-Encoding: chunked\r\n\r\nx\r\n", Ended::Open, "POST /a [!]"),
        ("Transfer-Encoding: chunked\r\n\r\n-1\r\n", Ended::Open, "POST /a [!]"),
    ] {
        let bytes = format!("{post}{rest}{}", if end == Ended::Open { GET } else { "" });
        let found = play(&[bytes.as_bytes()], end, usize::MAX);
        assert_eq!(found.asked, [asked], "{rest}");
        assert!(found.written.contains("connection: close\r\n"), "{}", found.written);
    }
}

/// Hands the body of its only request to somebody else, and answers at once.
struct Elsewhere(Rc<RefCell<Option<Arriving>>>);

/// What is answered at once.
struct Early;

impl Ask for Early {
    type Answer = Answered;

    async fn answer(self) -> Answered {
        (http::Response::new(Parts::whole("early")), None)
    }
}

impl Service for Elsewhere {
    type Asked = Early;
    type Body = Parts;
    type Tunnel = ();

    fn ask(&mut self, request: http::Request<Arriving>) -> (Room<Early>, bool) {
        self.0.replace(Some(request.into_body()));
        (Room::of(Early), false)
    }

    fn refuse(&mut self, _: Kind) -> http::Response<Parts> {
        http::Response::new(Parts::whole("refused"))
    }
}

#[test]
fn a_body_can_be_read_elsewhere_and_the_connection_goes_on_behind_it() {
    let head = "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 12\r\n\r\n";
    let body = Rc::<RefCell<Option<Arriving>>>::default();
    let pieces: [&[u8]; 3] = [head.as_bytes(), b"hello ", b"there!"];
    let (caller, written) = Caller::new(&pieces, Ended::Open, usize::MAX);
    let stream = Stream::new(caller, Peer::Caller);
    let service = Elsewhere(Rc::clone(&body));
    let mut machine = Machine::new(stream, service, (Limits::DEFAULT, MOST));
    assert!(!run(|context| machine.poll(context)).0);
    assert!(String::from_utf8_lossy(&written.borrow()).ends_with("early"));
    let taken = body.take().expect("it was asked");
    assert_eq!(wait(told(taken)), "hello there!");
    assert!(!run(|context| machine.poll(context)).0, "it waits for another request");
    // And where the connection ends first, so does the body.
    let (caller, _) = Caller::new(&pieces[..2], Ended::Open, usize::MAX);
    let service = Elsewhere(Rc::clone(&body));
    let stream = Stream::new(caller, Peer::Caller);
    let mut machine = Machine::new(stream, service, (Limits::DEFAULT, MOST));
    run(|context| machine.poll(context));
    let mut reading = Box::pin(told(body.take().expect("it was asked")));
    let mut said = None;
    let mut look = |context: &mut Context<'_>| {
        if let Poll::Ready(text) = reading.as_mut().poll(context) {
            said = Some(text);
            return Poll::Ready(());
        }
        Poll::Pending
    };
    assert!(!run(&mut look).0, "it waits for more");
    drop(machine);
    assert!(run(&mut look).0);
    assert_eq!(said.as_deref(), Some("hello !"));
}
