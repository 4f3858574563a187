//! Spoilt requests, read by this and by another server: this one never sees a request that the other does
//! not see, nor another body.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;

use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;

use super::script::{Caller, Ended, MOST, Parts, Told, play, run};
use crate::metrics::Peer;
use crate::stream::Stream;

/// Numbers that look random and are the same in every run (SplitMix64).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % end as u64).expect("smaller than a usize")
    }

    fn one<'a, T: ?Sized>(&mut self, of: &[&'a T]) -> &'a T {
        of.get(self.below(of.len())).copied().expect("not empty")
    }
}

const GOOD: [&[u8]; 6] = [
    b"GET /a?x=1 HTTP/1.1\r\nHost: h\r\nX-A: b\r\n\r\n",
    b"POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello",
    b"PUT /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    b"POST /d HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nA;x=y\r\n0123456789\r\n00\r\nA: b\r\n\r\n",
    b"HEAD /e HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    b"PUT /f HTTP/1.1\r\nHost: h\r\nContent-Length: 43\r\n\r\nGET /hidden HTTP/1.1\r\nHost: h\r\nX-Y: zzz\r\n\r\n",
];

/// Two or three requests, one after the other, with up to three changes.
fn spoilt(numbers: &mut Numbers) -> Vec<u8> {
    const PIECES: [&[u8]; 18] = [
        b"\r\n",
        b"\n",
        b"\r",
        b"\0",
        b"\t",
        b" ",
        b":",
        b";",
        b"0",
        b"5",
        b"-1",
        b"99999999999999999999",
        b"chunked",
        b"\r\n\r\n",
        b"Content-Length: 3\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"Connection: close\r\n",
        b"GET /hidden HTTP/1.1\r\nHost: h\r\n\r\n",
    ];
    let mut bytes: Vec<u8> = Vec::new();
    for _ in 0..=numbers.below(3) {
        bytes.extend_from_slice(numbers.one(&GOOD));
    }
    for _ in 0..numbers.below(4) {
        let at = numbers.below(bytes.len() + 1);
        let end = (at + numbers.below(6)).min(bytes.len());
        let piece = numbers.one(&PIECES);
        match numbers.below(4) {
            0 | 1 => drop(bytes.splice(at..at, piece.iter().copied())),
            2 => drop(bytes.splice(at..end, piece.iter().copied())),
            _ => drop(bytes.drain(at..end)),
        }
    }
    bytes
}

/// Some of these bytes after the others.
fn pieces<'a>(mut bytes: &'a [u8], numbers: &mut Numbers) -> Vec<&'a [u8]> {
    let mut pieces = Vec::new();
    while !bytes.is_empty() {
        let most = numbers.one(&[&1, &4, &20, &300]);
        let (piece, rest) = bytes.split_at((1 + numbers.below(*most)).min(bytes.len()));
        pieces.push(piece);
        bytes = rest;
    }
    pieces
}

/// What another server is asked by the same bytes.
fn others(pieces: &[&[u8]]) -> Vec<String> {
    let (caller, _) = Caller::new(pieces, Ended::Open, usize::MAX);
    let told = Told::default();
    let service = service_fn(|request: http::Request<Incoming>| {
        let told = told.clone();
        async move { Ok::<http::Response<Parts>, Infallible>(told.tell(request).await) }
    });
    let mut builder = http1::Builder::new();
    builder.header_read_timeout(None).max_header_size(MOST);
    let mut connection = builder.serve_connection(Stream::new(caller, Peer::Caller), service);
    run(|context| Pin::new(&mut connection).poll(context).map(|_| ()));
    drop(connection);
    told.asked.take()
}

/// Whether others were asked all of this. Where a body is refused here, they may have taken it, or wait for
/// more of it; nothing behind it is read.
fn agrees(found: &[String], others: &[String]) -> bool {
    let (last, before) = match found.split_last() {
        Some((last, before)) if last.ends_with("!]") => (Some(last), before),
        _ => (None, found),
    };
    let as_far = last.and_then(|last| last.strip_suffix("!]")).unwrap_or_default();
    let next = others.get(before.len());
    others.starts_with(before) && next.is_none_or(|next| next.starts_with(as_far))
}

#[test]
fn nothing_is_seen_that_others_do_not_see() {
    const ROUNDS: usize = 6_000;
    let mut numbers = Numbers(11);
    let (mut same, mut seen) = (0, 0);
    for round in 0..ROUNDS {
        let bytes = spoilt(&mut numbers);
        let pieces = pieces(&bytes, &mut numbers);
        let (found, expected) = (play(&pieces, Ended::Open, usize::MAX), others(&pieces));
        let text = String::from_utf8_lossy(&bytes);
        assert!(
            agrees(&found.asked, &expected),
            "round {round}: {:?}, and others {expected:?}, of {text:?}",
            found.asked
        );
        assert!(found.asked.len() <= 8);
        same += usize::from(found.asked == expected);
        seen += found.asked.len();
    }
    assert!(same > ROUNDS * 9 / 10, "{same} of {ROUNDS} are the same");
    assert!(seen > ROUNDS, "{seen} requests were read");
}

#[test]
fn good_requests_are_all_read_however_they_come() {
    let mut numbers = Numbers(5);
    for round in 0..500 {
        let mut bytes = Vec::new();
        let count = 1 + numbers.below(8);
        (0..count).for_each(|_| bytes.extend_from_slice(numbers.one(&GOOD)));
        let pieces = pieces(&bytes, &mut numbers);
        let found = play(&pieces, Ended::Open, 1 + numbers.below(500));
        assert_eq!(found.asked.len(), count, "round {round}");
        assert_eq!(found.asked, others(&pieces), "round {round}");
        assert_eq!(found.written.matches("HTTP/1.").count(), count + found.echoes(), "{round}");
    }
}
