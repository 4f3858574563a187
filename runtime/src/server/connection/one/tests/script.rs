//! A caller who sends what a script says, and a service that tells what it was asked.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use bytes::Bytes;
use http::header::HeaderValue;
use http_body::{Body, Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::error::{Error, Kind};
use crate::metrics::Peer;
use crate::pipe::Pours;
use crate::request::{Arriving, frame};
use crate::server::Limits;
use crate::server::connection::one::machine::{Machine, Service};
use crate::server::connection::one::room::{Ask, Room};
use crate::stream::{Plain, Stream};

/// The largest head of these connections.
pub(super) const MOST: usize = 72 * 1024;

/// What a caller does once it has sent everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// It waits.
    Open,
    /// It sends no more.
    Closed,
}

/// What came of a script.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Played {
    /// What was asked, with the body as far as it was read.
    pub(super) asked: Vec<String>,
    pub(super) written: String,
    pub(super) ended: bool,
    /// How many answers were given up.
    pub(super) dropped: usize,
    /// What came behind a change of protocol.
    pub(super) tunnel: Option<String>,
    /// The room of what has come, once nothing moves any more.
    pub(super) room: usize,
    /// What differs by how the bytes come.
    pub(super) most_held: Same,
    pub(super) turns: Same,
}

impl Played {
    /// How many lines of the answers are lines of requests that were sent as bodies.
    pub(super) fn echoes(&self) -> usize {
        let bodies = self.asked.iter().filter(|asked| !asked.starts_with("HEAD"));
        bodies.map(|asked| asked.matches("HTTP/1.").count()).sum()
    }
}

/// A number that makes no difference between two plays.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Same(usize);

impl PartialEq for Same {
    fn eq(&self, _: &Same) -> bool {
        true
    }
}

impl Eq for Same {}

impl PartialEq<usize> for Same {
    fn eq(&self, other: &usize) -> bool {
        self.0 == *other
    }
}

impl PartialOrd<usize> for Same {
    fn partial_cmp(&self, other: &usize) -> Option<std::cmp::Ordering> {
        self.0.partial_cmp(other)
    }
}

impl std::fmt::Display for Same {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// The caller's end: gives a piece after every second look, and takes so many bytes at a time.
pub(super) struct Caller {
    pieces: VecDeque<Vec<u8>>,
    end: Ended,
    rested: bool,
    most: usize,
    written: Rc<RefCell<Vec<u8>>>,
}

impl Caller {
    pub(super) fn new(pieces: &[&[u8]], end: Ended, most: usize) -> (Caller, Rc<RefCell<Vec<u8>>>) {
        let pieces = pieces.iter().filter(|piece| !piece.is_empty());
        let pieces = pieces.map(|piece| piece.to_vec()).collect();
        let written = Rc::<RefCell<Vec<u8>>>::default();
        (Caller { pieces, end, rested: false, most, written: Rc::clone(&written) }, written)
    }
}

impl Plain for Caller {}

impl AsyncRead for Caller {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let Some(mut piece) = self.pieces.pop_front() else {
            return if self.end == Ended::Closed { Poll::Ready(Ok(())) } else { Poll::Pending };
        };
        self.rested = !self.rested;
        if self.rested {
            self.pieces.push_front(piece);
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        let rest = piece.split_off(piece.len().min(buffer.remaining()));
        buffer.put_slice(&piece);
        if !rest.is_empty() {
            self.pieces.push_front(rest);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Caller {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let size = bytes.len().min(self.most);
        self.written.borrow_mut().extend_from_slice(bytes.get(..size).unwrap_or_default());
        Poll::Ready(Ok(size))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// A body in parts, after each of which it rests.
pub(super) struct Parts {
    parts: VecDeque<Result<Frame<Bytes>, std::fmt::Error>>,
    length: Option<u64>,
    rested: bool,
    /// It never goes on after its parts.
    halts: bool,
    _dropped: Option<Dropped>,
}

impl Parts {
    pub(super) fn whole(text: &str) -> Parts {
        let length = Some(text.len() as u64);
        Parts {
            length,
            ..Parts::of(vec![Ok(Frame::data(Bytes::copy_from_slice(text.as_bytes())))])
        }
    }

    fn of(parts: Vec<Result<Frame<Bytes>, std::fmt::Error>>) -> Parts {
        Parts { parts: parts.into(), length: None, rested: true, halts: false, _dropped: None }
    }
}

impl Pours for Parts {}

impl Body for Parts {
    type Data = Bytes;
    type Error = std::fmt::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::fmt::Error>>> {
        self.rested = !self.rested;
        if self.rested && self.length.is_none() {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        let part = self.parts.pop_front();
        if part.is_none() && self.halts { Poll::Pending } else { Poll::Ready(part) }
    }

    fn is_end_stream(&self) -> bool {
        self.length == Some(0) || (self.length.is_some() && self.parts.is_empty())
    }

    fn size_hint(&self) -> SizeHint {
        self.length.map(SizeHint::with_exact).unwrap_or_default()
    }
}

/// Counts what is given up.
struct Dropped(Rc<Cell<usize>>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.set(self.0.get() + 1);
    }
}

/// Answers with what was asked.
#[derive(Clone, Default)]
pub(super) struct Told {
    pub(super) asked: Rc<RefCell<Vec<String>>>,
    dropped: Rc<Cell<usize>>,
}

/// An answer, and what follows it.
pub(super) type Answered = (http::Response<Parts>, Option<()>);

/// A request, and who tells of it.
pub(super) struct Request(Told, http::Request<Arriving>);

impl Ask for Request {
    type Answer = Answered;

    async fn answer(self) -> Answered {
        self.0.answer(self.1).await
    }
}

impl Service for Told {
    type Asked = Request;
    type Body = Parts;
    type Tunnel = ();

    fn ask(&mut self, request: http::Request<Arriving>) -> (Room<Request>, bool) {
        let last = request.uri().path() == "/last";
        (Room::of(Request(self.clone(), request)), last)
    }

    fn refuse(&mut self, kind: Kind) -> http::Response<Parts> {
        let mut response = http::Response::new(Parts::whole("refused"));
        *response.status_mut() =
            http::StatusCode::from_u16(Error::from(kind).status()).expect("one");
        response
    }
}

impl Told {
    /// Tells what was asked, and nothing more.
    pub(super) async fn tell<B>(self, request: http::Request<B>) -> http::Response<Parts>
    where
        B: Body<Data = Bytes> + Unpin,
    {
        let (head, body) = request.into_parts();
        let asked = format!("{} {} [{}]", head.method, head.uri, told(body).await);
        self.asked.borrow_mut().push(asked.clone());
        http::Response::new(Parts::whole(&asked))
    }

    async fn answer(self, request: http::Request<Arriving>) -> Answered {
        let (head, body) = request.into_parts();
        let path = head.uri.path().to_owned();
        let mut asked = format!("{} {}", head.method, head.uri);
        if path != "/ignored" {
            asked.push_str(&format!(" [{}]", told(body).await));
        }
        self.asked.borrow_mut().push(asked.clone());
        let mut response = http::Response::new(Parts::whole(&asked));
        let frame = |text: &'static str| Ok(Frame::data(Bytes::from_static(text.as_bytes())));
        let headers = response.headers_mut();
        headers.insert("date", HeaderValue::from_static("today"));
        match path.as_str() {
            "/never" => {
                let _dropped = Dropped(self.dropped);
                std::future::pending::<()>().await;
            }
            "/tunnel" => {
                *response.status_mut() = http::StatusCode::SWITCHING_PROTOCOLS;
                *response.body_mut() = Parts::whole("");
                return (response, Some(()));
            }
            "/closes" => drop(headers.insert("connection", HeaderValue::from_static("x, close"))),
            "/empty" => *response.body_mut() = Parts::whole(""),
            "/204" | "/304" | "/103" => {
                let status = path.trim_start_matches('/').parse().expect("a number");
                *response.status_mut() = http::StatusCode::from_u16(status).expect("one");
                response.headers_mut().insert("content-length", HeaderValue::from_static("7"));
            }
            "/pieces" => *response.body_mut() = Parts::of(vec![frame("one"), frame("two")]),
            "/halts" => {
                let parts = Parts::of(vec![frame("one")]);
                let dropped = Some(Dropped(self.dropped));
                *response.body_mut() = Parts { halts: true, _dropped: dropped, ..parts };
            }
            "/breaks" => *response.body_mut() = Parts::of(vec![frame("one"), Err(std::fmt::Error)]),
            "/short" | "/long" => {
                *response.body_mut() = Parts::of(vec![frame("one"), frame("two")]);
                let length = if path == "/short" { "9" } else { "4" };
                response.headers_mut().insert("content-length", HeaderValue::from_static(length));
            }
            "/trailers" => {
                headers.insert("trailer", HeaderValue::from_static("X-Sum, Set-Cookie"));
                let mut fields = http::HeaderMap::new();
                for (name, value) in [("x-sum", "7"), ("x-other", "1"), ("set-cookie", "a=b")] {
                    fields.insert(name, HeaderValue::from_static(value));
                }
                let parts = vec![frame("one"), Ok(Frame::trailers(fields))];
                *response.body_mut() = Parts::of(parts);
            }
            _ => {}
        }
        (response, None)
    }
}

/// A body and what is behind it, as a text.
pub(super) async fn told<B>(mut body: B) -> String
where
    B: Body<Data = Bytes> + Unpin,
{
    let mut text = String::new();
    while let Some(part) = frame(&mut body).await {
        match part.map(Frame::into_data) {
            Ok(Ok(data)) => text.push_str(&String::from_utf8_lossy(&data)),
            Ok(Err(other)) => {
                for (name, value) in &other.into_trailers().unwrap_or_default() {
                    text.push_str(&format!(" {name}: {}", value.to_str().expect("text")));
                }
            }
            Err(_) => {
                text.push('!');
                break;
            }
        }
    }
    text
}

/// Whether anything was to go on.
#[derive(Default)]
pub(super) struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Goes on for as long as anything moves; whether that ended. Says how often it was looked at.
pub(super) fn run(mut work: impl FnMut(&mut Context<'_>) -> Poll<()>) -> (bool, usize) {
    let woken = Arc::new(Woken::default());
    let waker = Waker::from(Arc::clone(&woken));
    for turns in 1..1_000_000 {
        if work(&mut Context::from_waker(&waker)).is_ready() {
            return (true, turns);
        }
        if !woken.0.swap(false, Ordering::Relaxed) {
            return (false, turns);
        }
    }
    unreachable!("it goes round and round")
}

/// What comes of pieces that are sent one after the other, and of answers that are taken so many bytes at a
/// time.
pub(super) fn play(pieces: &[&[u8]], end: Ended, most: usize) -> Played {
    let (caller, written) = Caller::new(pieces, end, most);
    let told = Told::default();
    let stream = Stream::new(caller, Peer::Caller);
    let mut machine = Machine::new(stream, told.clone(), (Limits::DEFAULT, MOST));
    let mut most_held = 0;
    let (ended, turns) = in_time(|context| {
        let polled = machine.poll(context);
        most_held = most_held.max(machine.held().0);
        polled
    });
    finish(machine, (ended, turns, most_held), (&told, &written))
}

/// The same, with a connection that is to close once so many pieces were looked at.
pub(super) fn play_and_close(pieces: &[&[u8]], after: usize) -> Played {
    let (before, behind) = pieces.split_at(after);
    let (caller, written) = Caller::new(before, Ended::Open, usize::MAX);
    let (later, told) = (Rc::new(RefCell::new(caller)), Told::default());
    let stream = Stream::new(Shared(Rc::clone(&later)), Peer::Caller);
    let mut machine = Machine::new(stream, told.clone(), (Limits::DEFAULT, MOST));
    let (ended, _) = in_time(|context| machine.poll(context));
    assert!(!ended, "it is open");
    machine.close();
    later.borrow_mut().pieces.extend(behind.iter().map(|piece| piece.to_vec()));
    let (ended, turns) = in_time(|context| machine.poll(context));
    finish(machine, (ended, turns, 0), (&told, &written))
}

fn in_time(work: impl FnMut(&mut Context<'_>) -> Poll<()>) -> (bool, usize) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let runtime = runtime.expect("a runtime");
    let _entered = runtime.enter();
    run(work)
}

fn finish<S: AsyncRead + AsyncWrite + Plain + Unpin + 'static>(
    machine: Machine<S, Told>,
    (ended, turns, most_held): (bool, usize, usize),
    (told, written): (&Told, &Rc<RefCell<Vec<u8>>>),
) -> Played {
    let room = machine.held().1;
    let dropped = told.dropped.get();
    let tunnel = machine.into_tunnel();
    Played {
        asked: told.asked.take(),
        written: String::from_utf8(written.take()).expect("text"),
        ended,
        dropped,
        tunnel: tunnel.map(|((), _, early)| String::from_utf8_lossy(&early).into_owned()),
        room,
        most_held: Same(most_held),
        turns: Same(turns),
    }
}

/// A caller who is told meanwhile what to send.
struct Shared(Rc<RefCell<Caller>>);

impl Plain for Shared {}

impl AsyncRead for Shared {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.0.borrow_mut()).poll_read(context, buffer)
    }
}

impl AsyncWrite for Shared {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut *self.0.borrow_mut()).poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// Waits for something in memory.
pub(super) fn wait<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let mut future = Box::pin(future);
    runtime.expect("a runtime").block_on(poll_fn(|context| future.as_mut().poll(context)))
}
