//! Connections in memory, piece by piece.

mod bodies;
mod oracle;
mod script;

use self::script::{Ended, Played, play};

const GET: &str = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n";

/// What comes of these bytes, all at once.
fn whole(bytes: &str) -> Played {
    play(&[bytes.as_bytes()], Ended::Open, usize::MAX)
}

/// The statuses of all answers.
fn statuses(played: &Played) -> Vec<&str> {
    let lines = played.written.split("HTTP/1.").skip(1);
    lines.filter_map(|line| line.get(2..5)).collect()
}

#[test]
fn however_the_bytes_come_and_go_the_same_is_asked_and_answered() {
    let bytes = "GET /a?x=1 HTTP/1.1\r\nHost: h\r\n\r\n\
        POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello\
        PUT /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n\
        3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\nX-Sum: 7\r\n\r\n\
        HEAD /d HTTP/1.1\r\nHost: h\r\n\r\n\r\n\
        GET /pieces HTTP/1.1\r\nHost: h\r\n\r\n\
        GET /e HTTP/1.0\r\nConnection: keep-alive\r\n\r\n\
        GET /f HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
    let expected = whole(bytes);
    let asked = [
        "GET /a?x=1 []",
        "POST /b [hello]",
        "PUT /c [abcdefg x-sum: 7]",
        "HEAD /d []",
        "GET /pieces []",
        "GET /e []",
        "GET /f []",
    ];
    assert_eq!(expected.asked, asked);
    assert_eq!(statuses(&expected), ["200"; 7], "{}", expected.written);
    assert!(expected.ended && expected.written.ends_with("GET /f []"));
    let bytes = bytes.as_bytes();
    for at in 0..bytes.len() {
        let (one, other) = bytes.split_at(at);
        for most in [usize::MAX, 7] {
            let found = play(&[one, other], Ended::Open, most);
            assert_eq!(found, expected, "in two pieces at {at}, written {most} at a time");
        }
    }
    for size in [1, 2, 3, 5, 8, 13, 64] {
        let pieces: Vec<&[u8]> = bytes.chunks(size).collect();
        for most in [usize::MAX, 1] {
            let found = play(&pieces, Ended::Open, most);
            assert_eq!(found, expected, "in pieces of {size}, written {most} at a time");
        }
    }
}

#[test]
fn a_connection_goes_on_only_where_both_sides_know_what_is_next() {
    for (bytes, says, ended) in [
        ("GET /a HTTP/1.1\r\nHost: h\r\n\r\n", None, false),
        ("GET /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", Some("close"), true),
        ("GET /a HTTP/1.0\r\n\r\n", None, true),
        ("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", Some("keep-alive"), false),
        ("GET /pieces HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", None, true),
        ("GET /closes HTTP/1.1\r\nHost: h\r\n\r\n", Some("x, close"), true),
        ("GET /last HTTP/1.1\r\nHost: h\r\n\r\n", Some("close"), true),
        ("POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", None, false),
        (
            "POST /a HTTP/1.1\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            Some("close"),
            true,
        ),
        ("CONNECT h:80 HTTP/1.1\r\nHost: h:80\r\n\r\n", Some("close"), true),
    ] {
        let found = whole(bytes);
        let said = found.written.split("\r\n").find_map(|line| line.strip_prefix("connection: "));
        assert_eq!((said, found.ended), (says, ended), "{bytes:?}: {}", found.written);
        let (more, count) = (format!("{bytes}{GET}"), if ended { 1 } else { 2 });
        assert_eq!(whole(&more).asked.len(), count, "{bytes:?}");
    }
}

#[test]
fn what_is_no_request_is_answered_once_and_nothing_behind_it_is_read() {
    for (bytes, status) in [
        ("GARBAGE\r\n\r\n", "400"),
        ("\u{16}\u{3}\u{1}\r\n\r\n", "400"),
        ("GET /a HTTP/1.1\r\nA : b\r\n\r\n", "400"),
        ("POST /a HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "400"),
        (&format!("GET /{} HTTP/1.1\r\nHost: h\r\n\r\n", "x".repeat(100_000)), "414"),
        (&format!("GET /a HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(100_000)), "431"),
    ] {
        let bytes = format!("{bytes}{GET}");
        for size in [7, 4096] {
            let pieces: Vec<&[u8]> = bytes.as_bytes().chunks(size).collect();
            let found = play(&pieces, Ended::Closed, usize::MAX);
            assert_eq!(statuses(&found), [status], "{:?}", bytes.get(..40));
            assert!(found.written.contains("connection: close\r\n"), "{}", found.written);
            assert!(found.ended && found.asked.is_empty());
        }
    }
}

#[test]
fn a_head_that_does_not_end_takes_no_more_room_than_one_may() {
    let endless = ["GET /a HTTP/1.1\r\n", &"x: y\r\n".repeat(20_000)].concat();
    let pieces: Vec<&[u8]> = endless.as_bytes().chunks(1000).collect();
    let found = play(&pieces, Ended::Open, usize::MAX);
    assert_eq!(statuses(&found), ["431"]);
    assert!(found.most_held <= script::MOST + 16 * 1024, "{}", found.most_held);
    let lines = "\r\n".repeat(60_000);
    let pieces: Vec<&[u8]> = lines.as_bytes().chunks(1000).collect();
    let found = play(&pieces, Ended::Open, usize::MAX);
    assert!(found.written.is_empty() && found.most_held <= 2048, "{}", found.most_held);
}

#[test]
fn who_leaves_is_not_answered() {
    for bytes in ["", "GET /a HT", "GET /a HTTP/1.1\r\nHost: h\r\n"] {
        let found = play(&[bytes.as_bytes()], Ended::Closed, usize::MAX);
        assert!(found.ended && found.written.is_empty() && found.asked.is_empty(), "{bytes:?}");
    }
    // While it is answered, and while its answer is made.
    for target in ["/never", "/halts"] {
        let bytes = format!("GET {target} HTTP/1.1\r\nHost: h\r\n\r\n");
        let open = whole(&bytes);
        assert!(!open.ended && open.dropped == 0, "{target}");
        let left = play(&[bytes.as_bytes()], Ended::Closed, usize::MAX);
        assert!(left.ended && left.dropped == 1, "{target}");
    }
}

#[test]
fn what_comes_ahead_of_its_turn_waits_and_little_is_read_of_it() {
    let bytes = ["GET /never HTTP/1.1\r\nHost: h\r\n\r\n", &GET.repeat(10_000)].concat();
    let pieces: Vec<&[u8]> = bytes.as_bytes().chunks(4096).collect();
    let found = play(&pieces, Ended::Open, usize::MAX);
    assert_eq!(found.asked, ["GET /never []"]);
    assert!(found.most_held <= 16 * 1024, "{}", found.most_held);
}

#[test]
fn many_requests_at_once_are_answered_in_order() {
    let bytes: String = (0..200).map(|n| format!("GET /{n} HTTP/1.1\r\nHost: h\r\n\r\n")).collect();
    let found = whole(&bytes);
    let expected: Vec<String> = (0..200).map(|n| format!("GET /{n} []")).collect();
    assert_eq!(found.asked, expected);
    assert_eq!(statuses(&found).len(), 200);
    assert!(found.turns > 10, "others have their turn: {}", found.turns);
}

#[test]
fn between_requests_a_connection_holds_no_room() {
    let found = whole(&[GET, "POST /a HTTP/1.1\r\nContent-Length: 2\r\n\r\nab", GET].concat());
    assert_eq!((found.asked.len(), found.room), (3, 0));
}

#[test]
fn a_connection_that_is_to_close_answers_what_has_begun() {
    let close = |pieces: &[&str], after: usize| {
        let pieces: Vec<&[u8]> = pieces.iter().map(|piece| piece.as_bytes()).collect();
        script::play_and_close(&pieces, after)
    };
    let idle = close(&[GET, GET], 1);
    assert_eq!((idle.asked.len(), idle.ended), (1, true), "it says nothing more");
    let fresh = close(&[GET], 0);
    assert_eq!((fresh.asked.len(), fresh.ended), (0, true));
    let begun = close(&["GET /a HT", "TP/1.1\r\nHost: h\r\n\r\n", GET], 1);
    assert_eq!((begun.asked.len(), begun.ended), (1, true));
    assert!(begun.written.contains("connection: close\r\n"), "{}", begun.written);
    let busy = close(&["POST /a HTTP/1.1\r\nContent-Length: 2\r\n\r\na", "b", GET], 1);
    assert_eq!(busy.asked, ["POST /a [ab]"]);
    assert!(busy.ended && busy.written.contains("connection: close\r\n"), "{}", busy.written);
}

#[test]
fn a_change_of_protocol_leaves_what_came_early() {
    let found = whole("GET /tunnel HTTP/1.1\r\nHost: h\r\n\r\nearly bytes");
    assert_eq!(found.tunnel.as_deref(), Some("early bytes"));
    assert!(found.written.starts_with("HTTP/1.1 101 Switching Protocols\r\n"), "{}", found.written);
    for absent in ["content-length", "transfer-encoding", "connection: close"] {
        assert!(!found.written.contains(absent), "{}", found.written);
    }
}
