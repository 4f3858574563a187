//! First calls at once to a backend of HTTP/2: they wait for the connection that is being made.

use std::io::ErrorKind;
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{sleep, spawn};
use std::time::{Duration, Instant};

use gatewright_runtime::testing::frames::{Frames, kind};
use gatewright_runtime::testing::{Running, get};

use crate::ask::NOBODY;
use crate::transport::{answer, arrived, asking, played};

const ITEM: &str = r#"{"name":"tea"}"#;
const COUNT: u32 = 40;

/// Asks for items, all at once over one connection, and says the statuses of the answers.
fn asked(gateway: &Running, count: u32) -> Vec<u16> {
    let mut caller = Frames::connect(gateway.address(), &[]);
    for nth in 0..count {
        caller.request(2 * nth + 1, ("GET", "/v1/items/a"), &[], b"");
    }
    let mut statuses = Vec::new();
    while statuses.len() < count as usize {
        let frame = caller.read().expect("an answer");
        if frame.kind == kind::HEADERS {
            // 200 is a byte of its own (RFC 7541 appendix A), all else here is a failure.
            // What may come before it is the size of a table (section 6.3).
            let first = frame.payload.iter().find(|byte| **byte & 0xe0 != 0x20);
            statuses.push(if first == Some(&0x88) { 200 } else { 502 });
        }
    }
    statuses
}

/// A backend that says nothing for so long on each connection that is made to it, and then what it
/// grants, unless it rather closes.
fn silent(pause: Duration, goes_on: bool) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("h2c://{}", listener.local_addr().expect("bound"));
    let count = Arc::<AtomicUsize>::default();
    let counted = Arc::clone(&count);
    spawn(move || {
        for stream in listener.incoming().flatten() {
            counted.fetch_add(1, Ordering::SeqCst);
            spawn(move || {
                sleep(pause);
                if goes_on && let Ok(mut frames) = Frames::accept(stream, &[]) {
                    while let Some(stream) = arrived(&mut frames) {
                        answer(&mut frames, stream, ITEM);
                    }
                }
            });
        }
    });
    (url, count)
}

#[test]
fn first_calls_at_once_share_the_connection_that_is_being_made() {
    let (url, connections) = played(&[], |_, mut frames| {
        // None of them is answered before all are there.
        let streams: Vec<_> = (0..COUNT).map_while(|_| arrived(&mut frames)).collect();
        for stream in streams {
            answer(&mut frames, stream, ITEM);
        }
        while arrived(&mut frames).is_some() {}
    });
    let gateway = asking(&url, NOBODY, "client");
    assert_eq!(asked(&gateway, COUNT), [200; COUNT as usize]);
    assert_eq!(connections.load(Ordering::SeqCst), 1);
}

/// Ten requests at once on each connection, and not one more: it answers once all of them are there, or no
/// other comes.
fn sparing(stream: TcpStream, most: &AtomicUsize) {
    let pause = Some(Duration::from_millis(300));
    stream.set_read_timeout(pause).expect("a positive time");
    let Ok(mut frames) = Frames::accept(stream, &[(3, 10)]) else { return };
    let mut open = Vec::new();
    loop {
        let quiet = match frames.read() {
            Ok(frame) => {
                if frame.kind == kind::HEADERS {
                    open.push(frame.stream);
                }
                false
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => true,
            Err(_) => return,
        };
        most.fetch_max(open.len(), Ordering::SeqCst);
        if quiet || open.len() == 10 {
            open.drain(..).for_each(|stream| answer(&mut frames, stream, ITEM));
        }
    }
}

#[test]
fn a_backend_that_grants_few_at_once_is_never_sent_more() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("h2c://{}", listener.local_addr().expect("bound"));
    let (connections, most) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
    let (counted, seen) = (Arc::clone(&connections), Arc::clone(&most));
    spawn(move || {
        for stream in listener.incoming().flatten() {
            counted.fetch_add(1, Ordering::SeqCst);
            let seen = Arc::clone(&seen);
            spawn(move || sparing(stream, &seen));
        }
    });
    let gateway = asking(&url, NOBODY, "client");
    assert_eq!(asked(&gateway, COUNT), [200; COUNT as usize]);
    assert_eq!(most.load(Ordering::SeqCst), 10);
    let connections = connections.load(Ordering::SeqCst);
    assert!((2..=5).contains(&connections), "ten on each: {connections}");
}

#[test]
fn where_no_connection_can_be_made_all_who_wait_are_told_at_once() {
    let (url, connections) = silent(Duration::from_millis(100), false);
    let gateway = asking(&url, NOBODY, "client");
    let begun = Instant::now();
    assert_eq!(asked(&gateway, COUNT), [502; COUNT as usize]);
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    // Those who came a little later than the others may have made another one.
    assert!(connections.load(Ordering::SeqCst) <= 3, "{connections:?}");
}

#[test]
fn one_that_accepts_and_says_nothing_is_given_up_by_all_in_the_time_of_a_connection() {
    let (url, connections) = silent(Duration::from_secs(20), true);
    let gateway = asking(&url, NOBODY, "client");
    let begun = Instant::now();
    assert_eq!(asked(&gateway, COUNT), [502; COUNT as usize]);
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    assert_eq!(connections.load(Ordering::SeqCst), 1);
}

#[test]
fn a_caller_who_leaves_while_others_wait_for_its_connection_leaves_it_to_them() {
    let (url, connections) = silent(Duration::from_millis(400), true);
    let gateway = asking(&url, NOBODY, "client");
    let mut caller = Frames::connect(gateway.address(), &[]);
    caller.request(1, ("GET", "/v1/items/a"), &[], b"");
    sleep(Duration::from_millis(100));
    caller.request(3, ("GET", "/v1/items/a"), &[], b"");
    sleep(Duration::from_millis(50));
    caller.send(kind::RST_STREAM, 0, 1, &8_u32.to_be_bytes());
    assert_eq!(caller.outcome(3).status(), 200);
    assert_eq!(get(gateway.address(), "/v1/items/a").status, 200);
    assert_eq!(connections.load(Ordering::SeqCst), 2, "that of who left was given up");
}
