//! HTTP/2 towards backends, which speak it over TLS, frame by frame.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use rustls::{ServerConnection, StreamOwned};

use super::{head, identity, on_a_core, trusting};
use crate::stream::Socket;
use crate::testing::frames::{END_HEADERS, END_STREAM, Frames, kind};
use crate::upstream::fields::Fields;
use crate::upstream::link::{Broken, Link, Look, Shared, Wanted};
use crate::upstream::pool::Pool;

type Secure = Frames<StreamOwned<ServerConnection, TcpStream>>;

/// A backend of HTTP/2, each connection of which `play` plays.
fn played(
    settings: &'static [(u16, u32)],
    play: impl Fn(&mut Secure) + Send + 'static,
) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("bound");
    let mut config = identity();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let config = Arc::new(config);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a positive time");
            let session = ServerConnection::new(Arc::clone(&config)).expect("a session");
            if let Ok(mut frames) = Frames::accept(StreamOwned::new(session, stream), settings) {
                play(&mut frames);
            }
        }
    });
    address
}

/// The stream of the next request; nothing once the connection has ended.
fn arrived(frames: &mut Secure) -> Option<u32> {
    loop {
        let frame = frames.read().ok()?;
        if [kind::HEADERS, kind::DATA].contains(&frame.kind) && frame.flags & END_STREAM != 0 {
            return Some(frame.stream);
        }
    }
}

fn answer(frames: &mut Secure, stream: u32) {
    frames.send(kind::HEADERS, END_HEADERS, stream, &[0x88]);
    frames.send(kind::DATA, END_STREAM, stream, b"1");
}

async fn connect(address: SocketAddr, wanted: Wanted) -> Link {
    let stream = tokio::net::TcpStream::connect(address).await.expect("it listens");
    trusting("localhost").link(Socket::new(stream), wanted).await.expect("it is trusted")
}

async fn ask(link: &mut Link) -> Result<bytes::Bytes, Broken> {
    let mut headers = Fields::default();
    headers.set(http::header::HOST, http::HeaderValue::from_static("localhost:1"));
    let body = bytes::Bytes::from_static(b"x");
    link.ask(&head(&headers), body, 10).await.map(|answer| answer.body)
}

#[test]
fn requests_share_a_connection() {
    on_a_core(async {
        let address = played(&[], |frames| {
            // Neither is answered before both are there.
            let both: Vec<u32> = (0..2).map_while(|_| arrived(frames)).collect();
            both.into_iter().rev().for_each(|stream| answer(frames, stream));
            while let Some(stream) = arrived(frames) {
                answer(frames, stream);
            }
        });
        let pool = Pool::default();
        let mut first = connect(address, Wanted::Any).await;
        pool.share(&first, Wanted::Any);
        let mut second = pool.take(Wanted::Any, Look::Asked).expect("a share of it");
        let one = tokio::task::spawn_local(async move {
            let answered = ask(&mut first).await.is_ok_and(|body| body == "1");
            (first, answered)
        });
        let other = ask(&mut second).await.is_ok_and(|body| body == "1");
        let (first, one) = one.await.expect("no panic");
        assert!(one && other);
        pool.put(first);
        pool.put(second);
        let mut third = pool.take(Wanted::Any, Look::Asked).expect("it is still there");
        assert!(ask(&mut third).await.is_ok());
        assert!(pool.take(Wanted::One, Look::Asked).is_none(), "that cannot change its protocol");
    });
}

#[test]
fn a_connection_takes_no_more_than_the_backend_grants() {
    on_a_core(async {
        let address = played(&[(3, 1)], |frames| {
            while let Some(stream) = arrived(frames) {
                answer(frames, stream);
            }
        });
        let pool = Pool::default();
        let mut first = connect(address, Wanted::Any).await;
        pool.share(&first, Wanted::Any);
        assert!(ask(&mut first).await.is_ok());
        assert!(pool.take(Wanted::Any, Look::Asked).is_none(), "one is all");
        drop(first);
        assert!(pool.take(Wanted::Any, Look::Asked).is_some());
    });
}

/// How a second request fails that a backend treats so.
fn failed(treat: fn(&mut Secure, u32)) -> Broken {
    let (told, heard) = channel();
    on_a_core(async move {
        let address = played(&[], move |frames| {
            let Some(first) = arrived(frames) else { return };
            answer(frames, first);
            let Some(second) = arrived(frames) else { return };
            treat(frames, second);
            while arrived(frames).is_some() {}
        });
        let mut link = connect(address, Wanted::Any).await;
        assert!(ask(&mut link).await.is_ok());
        let Err(broken) = ask(&mut link).await else { panic!("it was answered") };
        let _ = told.send(broken);
    });
    heard.recv().expect("it failed")
}

#[test]
fn what_a_backend_has_not_taken_is_known() {
    let refused = failed(|frames, stream| {
        frames.send(kind::RST_STREAM, 0, stream, &7_u32.to_be_bytes());
    });
    let left = failed(|frames, _| frames.send(kind::GOAWAY, 0, 0, &[0, 0, 0, 1, 0, 0, 0, 0]));
    assert!(refused.unsent && left.unsent, "{} {}", refused.what, left.what);
}

#[test]
fn what_a_backend_may_have_done_is_known_too() {
    let broken = failed(|frames, stream| {
        frames.send(kind::RST_STREAM, 0, stream, &2_u32.to_be_bytes());
    });
    let half = failed(|frames, stream| {
        frames.send(kind::HEADERS, END_HEADERS, stream, &[0x88]);
        frames.send(kind::RST_STREAM, 0, stream, &8_u32.to_be_bytes());
    });
    for broken in [&broken, &half] {
        assert!(!broken.unsent, "{}", broken.what);
    }
    assert!(broken.unanswered && !half.unanswered);
}

#[test]
fn a_request_that_is_given_up_leaves_the_connection_to_others() {
    let (told, heard): (Sender<u32>, Receiver<u32>) = channel();
    on_a_core(async move {
        let address = played(&[], move |frames| {
            let Some(first) = arrived(frames) else { return };
            while let Ok(frame) = frames.read() {
                if frame.kind == kind::RST_STREAM {
                    let _ = told.send(frame.stream);
                } else if frame.stream > first && frame.flags & END_STREAM != 0 {
                    answer(frames, frame.stream);
                }
            }
        });
        let mut link = connect(address, Wanted::Any).await;
        let Link::Two(two) = &link else { panic!("it speaks HTTP/2") };
        let shared = std::rc::Rc::clone(two.shared());
        let late = tokio::time::timeout(Duration::from_millis(200), ask(&mut link)).await;
        assert!(late.is_err(), "it was answered");
        drop(link);
        let mut other = Link::Two(Shared::share(&shared).expect("it goes on"));
        assert!(ask(&mut other).await.is_ok());
    });
    assert_eq!(heard.recv_timeout(Duration::from_secs(5)), Ok(1));
}

#[test]
fn what_changes_its_protocol_is_agreed_on_as_http_1() {
    on_a_core(async {
        let address = played(&[], |_| {});
        assert!(matches!(connect(address, Wanted::One).await, Link::One(_)));
    });
}
