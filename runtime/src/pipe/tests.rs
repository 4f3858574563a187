//! Pipes between real sockets.

use std::future::poll_fn;
use std::io::{Read, Write};
use std::net;

use tokio::net::{TcpListener, TcpStream};

use super::*;

/// Both ends of a connection: ours, and the other side's.
async fn connection() -> (Socket, net::TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    let ours = TcpStream::connect(address).await;
    let theirs = listener.accept().await.expect("accepted").0.into_std().expect("a socket");
    theirs.set_nonblocking(false).expect("a socket");
    (Socket::new(ours.expect("connected")), theirs)
}

fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(test);
}

#[test]
fn bytes_go_from_one_socket_to_another_and_none_too_many() {
    run(async {
        let ((from, mut backend), (to, mut caller)) = (connection().await, connection().await);
        backend.write_all(b"hello there, and what is behind it").expect("sent");
        let mut pipe = Pipe::take().expect("a pipe");
        let mut moved = 0;
        while moved < 11 {
            let size = poll_fn(|context| pipe.poll_fill(&from, 11 - moved, context)).await;
            moved += size.expect("it goes on").expect("it can be moved") as u64;
            while !pipe.is_empty() {
                let size = poll_fn(|context| pipe.poll_drain(&to, context)).await;
                assert!(size.expect("it goes on").is_some());
            }
        }
        drop(to);
        let mut found = String::new();
        caller.read_to_string(&mut found).expect("text");
        assert_eq!(found, "hello there");
        let mut rest = [0; 64];
        let size = from.tcp().try_read(&mut rest).expect("there is more");
        assert_eq!(rest.get(..size), Some(b", and what is behind it".as_slice()));
        drop(backend);
        let end = poll_fn(|context| pipe.poll_fill(&from, 1, context)).await;
        assert_eq!(end.expect("it has ended"), Some(0));
    });
}

#[test]
fn what_is_in_a_pipe_can_be_read() {
    run(async {
        let (from, mut backend) = connection().await;
        backend.write_all(&[b'x'; 5000]).expect("sent");
        let mut pipe = Pipe::take().expect("a pipe");
        let size = poll_fn(|context| pipe.poll_fill(&from, 5000, context)).await;
        let size = size.expect("it goes on").expect("it can be moved");
        assert_eq!(pipe.spill().expect("it can be read"), vec![b'x'; size]);
        assert!(pipe.is_empty());
    });
}

#[test]
fn pipes_are_used_again_unless_something_is_left_in_them_and_there_are_only_so_many() {
    run(async {
        let (from, mut backend) = connection().await;
        backend.write_all(b"left").expect("sent");
        let kept = || SPARE.with_borrow(Vec::len);
        let mut pipe = Pipe::take().expect("a pipe");
        let size = poll_fn(|context| pipe.poll_fill(&from, 4, context)).await;
        assert!(size.expect("it goes on").is_some());
        drop(pipe);
        assert_eq!((kept(), USED.get()), (0, 0));
        drop(Pipe::take());
        assert_eq!((kept(), USED.get()), (1, 0));
        let all: Vec<_> = std::iter::from_fn(Pipe::take).take(MOST + 1).collect();
        assert_eq!((all.len(), kept()), (MOST, 0));
        drop(all);
        assert_eq!((kept(), USED.get()), (KEPT, 0));
    });
}

#[test]
fn a_system_that_refuses_is_not_asked_again() {
    run(async {
        let (file, (to, _caller)) = (std::env::temp_dir(), connection().await);
        let file = std::fs::File::open(file).expect("a directory");
        let ends = Ends::open().expect("a pipe");
        // Nothing can be moved out of a directory.
        assert!(matches!(ends.fill(&file, 1), Ok(Moved::Refused)));
        let mut pipe = Pipe { ends: None, held: 0 };
        let refused = poll_fn(|context| pipe.poll_drain(&to, context)).await;
        assert!(refused.is_ok_and(|size| size.is_none()));
        REFUSED.set(true);
        assert!(Pipe::take().is_none());
    });
}
