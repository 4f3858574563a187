//! HTTP/2 towards callers: many requests at once, each in a task of its own, within bounds.

use std::cell::{Cell, RefCell};
use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::Method;
use http::header::CONTENT_LENGTH;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use hyper::rt::Executor;
use hyper::server::conn::http2;
use hyper::service::{HttpService, service_fn};
use tokio::task::spawn_local;
use tokio::time::{Instant, Sleep, sleep_until};

use super::io::Io;
use super::watch::{Work, Working};
use super::{Carrier, HEADROOM, Life, Origin};
use crate::request::Arriving;
use crate::response::AnswerBody;
use crate::server::Limits;
use crate::server::answer::answer;
use crate::server::core::{Busy, Counted, Crowded};
use crate::server::record::Record;
use crate::stream::Stream;
use crate::upstream::Stopped;

/// The most bytes of an answer that are handed over at once. What is handed over is held until the
/// caller takes it, whatever it has room for.
const PIECE: usize = 16 * 1024;

/// Bytes of one request that a caller may send before they are read. A connection has room for as much
/// of all of them, so those that are passed on slowly do not stop the others.
const WINDOW: u32 = 128 * 1024;

/// The largest window that there is (RFC 9113 section 6.9.1).
const MOST_WINDOW: u32 = (1 << 31) - 1;

/// Serves a connection until it ends.
pub(super) async fn serve(core: &Counted, stream: Stream<Io>, (peer, shown): Origin, life: Life) {
    let work = Rc::clone(&life.work);
    let spawn = Spawn { next: Rc::default(), work: Rc::clone(&work), stall: core.limits.stall };
    let next = Rc::clone(&spawn.next);
    let service = service_fn(|mut request: http::Request<Incoming>| {
        let (core, shown) = (Rc::clone(core), Rc::clone(&shown));
        let (working, busy) = (Working::start_alone(&work), Busy::start(&core));
        if busy.is_one_too_many() {
            request.extensions_mut().insert(Crowded);
        }
        let pace = Rc::<Pace>::default();
        next.replace(Some(Rc::clone(&pace)));
        async move {
            let mut record = Record::begin(peer);
            let head = request.method() == Method::HEAD;
            let request = request.map(Arriving::Two);
            // There is no tunnel: nothing that is asked for over HTTP/2 changes its protocol.
            let (response, _) = answer(core, (peer, &shown), request, &mut record).await;
            let identity = record.identity();
            let (mut head_of, mut body) = response.into_parts();
            if head && let Some(length) = body.size_hint().exact().filter(|length| *length > 0) {
                head_of.headers.entry(CONTENT_LENGTH).or_insert(length.into());
                body = AnswerBody::empty();
            }
            body.hold(record, identity);
            let body = Paced::new(body, pace, (working, busy));
            Ok::<_, Infallible>(http::Response::from_parts(head_of, body))
        }
    });
    let mut connection = builder(core.limits, spawn).serve_connection(stream, service);
    life.run(&mut connection).await;
}

/// What hyper has bounds for.
fn builder(limits: Limits, spawn: Spawn) -> http2::Builder<Spawn> {
    let mut builder = http2::Builder::new(spawn);
    let head = limits.target + limits.headers + HEADROOM;
    builder
        .max_concurrent_streams(limits.streams)
        .initial_stream_window_size(WINDOW)
        .initial_connection_window_size(WINDOW.saturating_mul(limits.streams).min(MOST_WINDOW))
        .max_header_list_size(u32::try_from(head).unwrap_or(u32::MAX))
        .max_send_buf_size(4 * PIECE);
    builder
}

impl<S> Carrier for http2::Connection<Stream<Io>, S, Spawn>
where
    S: HttpService<Incoming, ResBody = Paced, Error = Infallible>,
    S::Future: 'static,
{
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        Future::poll(Pin::new(self), context).map(|_| ())
    }

    fn close(&mut self) {
        Pin::new(self).graceful_shutdown();
    }
}

/// Whether a caller takes what is ready for it.
#[derive(Default)]
struct Pace {
    /// Since when it has not, if it has not.
    ready: Cell<Option<Instant>>,
}

/// Runs each request as a task of its core, until it ends or its caller takes nothing any more.
#[derive(Clone)]
struct Spawn {
    /// That of the request which hyper has told of, and whose task it asks for next.
    next: Rc<RefCell<Option<Rc<Pace>>>>,
    work: Rc<Work>,
    stall: Duration,
}

impl<F> Executor<F> for Spawn
where
    F: Future<Output = ()> + 'static,
{
    fn execute(&self, work: F) {
        if let Some(pace) = self.next.take() {
            let (whole, stall) = (Rc::clone(&self.work), self.stall);
            let work = Box::pin(work);
            spawn_local(async move {
                if !taken(work, pace, stall).await {
                    whole.stalls();
                }
            });
        }
    }
}

/// Goes on with an answer for as long as its caller takes something of it now and then, and says
/// whether that was so to the end. A stream that is left so has parts in its queue, and cannot be reset
/// before them: so it is the connection that ends.
async fn taken(
    mut work: Pin<Box<impl Future<Output = ()>>>,
    pace: Rc<Pace>,
    stall: Duration,
) -> bool {
    let mut timer: Option<Pin<Box<Sleep>>> = None;
    poll_fn(|context| {
        if work.as_mut().poll(context).is_ready() {
            return Poll::Ready(true);
        }
        let Some(since) = pace.ready.get() else { return Poll::Pending };
        let due = since + stall;
        let timer = timer.get_or_insert_with(|| Box::pin(sleep_until(due)));
        loop {
            ready!(timer.as_mut().poll(context));
            if due <= Instant::now() {
                return Poll::Ready(false);
            }
            timer.as_mut().reset(due);
        }
    })
    .await
}

/// The body of an answer, in pieces that are handed over as its caller takes them.
struct Paced {
    body: AnswerBody,
    /// What is left of the last part of it.
    part: Bytes,
    pace: Rc<Pace>,
    working: Working,
    _busy: Busy,
}

impl Paced {
    fn new(body: AnswerBody, pace: Rc<Pace>, (mut working, busy): (Working, Busy)) -> Paced {
        if body.is_end_stream() {
            working.ends();
        }
        Paced { body, part: Bytes::new(), pace, working, _busy: busy }
    }
}

impl Body for Paced {
    type Data = Bytes;
    type Error = Stopped;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Stopped>>> {
        let this = &mut *self;
        if this.part.is_empty() {
            this.pace.ready.set(None);
            let frame = ready!(Pin::new(&mut this.body).poll_frame(context));
            match frame.map(|frame| frame.map(Frame::into_data)) {
                Some(Ok(Ok(part))) => this.part = part,
                Some(Ok(Err(trailers))) => {
                    this.working.ends();
                    return Poll::Ready(Some(Ok(trailers)));
                }
                Some(Err(stopped)) => {
                    this.working.ends();
                    return Poll::Ready(Some(Err(stopped)));
                }
                None => {
                    this.working.ends();
                    return Poll::Ready(None);
                }
            }
        }
        this.pace.ready.set(Some(Instant::now()));
        let piece = this.part.split_to(this.part.len().min(PIECE));
        if this.is_end_stream() {
            this.working.ends();
        }
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.part.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let mut hint = self.body.size_hint();
        let part = self.part.len() as u64;
        match hint.upper() {
            Some(upper) => {
                hint.set_upper(upper.saturating_add(part));
                hint.set_lower(hint.lower().saturating_add(part));
            }
            None => hint.set_lower(hint.lower().saturating_add(part)),
        }
        hint
    }
}
