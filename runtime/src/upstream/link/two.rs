//! HTTP/2 towards backends: one connection for many requests, which a task of its core drives.

use std::cell::{Cell, RefCell};
use std::error::Error;
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant as StdInstant};

use bytes::Bytes;
use http::Uri;
use http::header::{CONNECTION, HOST};
use http::uri::{Authority, Scheme};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use hyper::client::conn::http2;
use hyper::rt::{Executor, Timer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::oneshot;
use tokio::task::spawn_local;
use tokio::time::{Instant, timeout};

use super::going::Going;
use super::sending::announced;
use super::{AnswerHead, Broken, HEAD, Head};
use crate::metrics::Peer;
use crate::stream::Stream;
use crate::upstream::connect::CONNECT;
use crate::upstream::upload::{Sent, Upload};

/// The most requests at once on one connection; the backend may want fewer.
pub(in crate::upstream) const STREAMS: usize = 100;
/// Bytes of one answer that may have come and not been read. What is taken slowly of some answers
/// stops no other, because there is room for all of them.
const WINDOW: u32 = 128 * 1024;
/// How often a backend that says nothing is asked for a sign of life, and how long it may take.
const PING: (Duration, Duration) = (Duration::from_secs(10), Duration::from_secs(5));

/// A connection that requests share.
pub(in crate::upstream) struct Shared {
    sender: http2::SendRequest<Going>,
    /// How many requests at once the backend grants.
    granted: Box<dyn Fn() -> usize>,
    secure: bool,
    in_flight: Cell<usize>,
    /// Since when it has carried none, if it carries none.
    idle_since: Cell<Instant>,
}

/// A share of a connection, for one request.
pub(in crate::upstream) struct Two {
    connection: Rc<Shared>,
    /// The body of its answer, once that has begun.
    body: Option<Incoming>,
    /// What the caller sends, if it does: the connection's task takes it.
    upload: Option<Upload>,
}

impl Shared {
    /// A share of it, if it takes another request as far as this side knows.
    pub(in crate::upstream) fn share(self: &Rc<Shared>) -> Option<Two> {
        if !self.has_room() {
            return None;
        }
        self.in_flight.set(self.in_flight.get() + 1);
        Some(Two { connection: Rc::clone(self), body: None, upload: None })
    }

    /// Whether it takes another request, as far as this side knows.
    pub(in crate::upstream) fn has_room(self: &Rc<Shared>) -> bool {
        let most = STREAMS.min((self.granted)());
        !self.is_closed() && self.in_flight.get() < most
    }

    /// Whether it takes no request any more.
    pub(in crate::upstream) fn is_closed(&self) -> bool {
        self.sender.is_closed()
    }

    /// How long it has carried nothing.
    pub(in crate::upstream) fn idle(&self) -> Duration {
        match self.in_flight.get() {
            0 => self.idle_since.get().elapsed(),
            _ => Duration::ZERO,
        }
    }
}

impl Drop for Two {
    fn drop(&mut self) {
        if let Some(upload) = &self.upload {
            upload.abandon();
        }
        let Shared { in_flight, idle_since, .. } = &*self.connection;
        in_flight.set(in_flight.get().saturating_sub(1));
        idle_since.set(Instant::now());
    }
}

impl Two {
    /// A share of a fresh connection over a connected stream, once the other side has said what it
    /// grants: a request that is sent before that may be one too many, and what speaks something else
    /// is known before it is sent any.
    ///
    /// # Errors
    ///
    /// When it does not say it within 3 s, or is closed.
    pub(in crate::upstream) async fn open<S>(inner: S, secure: bool) -> Result<Two, String>
    where
        S: AsyncRead + AsyncWrite + Unpin + 'static,
    {
        let mut builder = http2::Builder::new(Tasks);
        builder
            .timer(Clock)
            .keep_alive_interval(PING.0)
            .keep_alive_timeout(PING.1)
            .max_header_list_size(u32::try_from(HEAD).unwrap_or(u32::MAX))
            .initial_stream_window_size(WINDOW)
            .initial_connection_window_size(u32::try_from(STREAMS).unwrap_or(1) * WINDOW);
        let stream = Stream::new(inner, Peer::Backend);
        // Settings come first (RFC 9113 section 3.4), and are looked at as soon as they are read.
        let (tell, heard) = oneshot::channel();
        stream.activity().first.replace(Some(tell));
        let (sender, connection) =
            builder.handshake(stream).await.map_err(|error| error.to_string())?;
        let connection = Rc::new(RefCell::new(Some(connection)));
        let driven = Rc::clone(&connection);
        // Whoever waits for an answer learns how it ended. Then it is dropped: only so the next one
        // learns that it takes no more, and does not wait in its queue.
        spawn_local(poll_fn(move |context| {
            let mut held = driven.borrow_mut();
            let Some(one) = &mut *held else { return Poll::Ready(()) };
            if Pin::new(one).poll(context).is_pending() {
                return Poll::Pending;
            }
            let ended = held.take();
            drop(held);
            drop(ended);
            Poll::Ready(())
        }));
        let granted = Box::new(move || {
            let held = connection.try_borrow();
            let one = held.as_ref().ok().and_then(|held| held.as_ref());
            one.map_or(STREAMS, |one| one.current_max_send_streams())
        });
        match timeout(CONNECT, heard).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => return Err("the connection was closed before it began".to_owned()),
            Err(_) => return Err("it does not begin to speak HTTP/2".to_owned()),
        }
        let connection = Rc::new(Shared {
            sender,
            granted,
            secure,
            in_flight: Cell::new(1),
            idle_since: Cell::new(Instant::now()),
        });
        Ok(Two { connection, body: None, upload: None })
    }

    /// The connection, for others.
    pub(in crate::upstream) fn shared(&self) -> &Rc<Shared> {
        &self.connection
    }

    pub(in crate::upstream) async fn begin(
        &mut self,
        head: &Head<'_>,
        body: Sent,
    ) -> Result<AnswerHead, Broken> {
        if let Sent::Passed(upload) = &body {
            self.upload = Some(upload.clone());
        }
        let request = addressed(head, body, self.connection.secure);
        let answered = self.connection.sender.clone().try_send_request(request).await;
        let (head, body) = answered
            .map_err(|mut error| Broken {
                unsent: error.take_message().is_some() || never_taken(error.error()),
                what: describe(error.error()),
                unanswered: true,
            })?
            .into_parts();
        self.body = Some(body);
        Ok(AnswerHead { status: head.status, headers: head.headers })
    }

    pub(in crate::upstream) fn poll_frame(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, String>>> {
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        Pin::new(body).poll_frame(context).map_err(|error| describe(&error))
    }

    pub(in crate::upstream) fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    pub(in crate::upstream) fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or(SizeHint::with_exact(0), Body::size_hint)
    }
}

/// A request that says whom it is for as HTTP/2 does: in its target (RFC 9113 section 8.3.1).
fn addressed(head: &Head<'_>, body: Sent, secure: bool) -> http::Request<Going> {
    let announced = match &body {
        Sent::Passed(_) => announced(head.headers),
        Sent::Whole(_) => Vec::new(),
    };
    let mut request = http::Request::new(Going { body, announced });
    *request.method_mut() = head.method.clone();
    *request.headers_mut() = head.headers.to_map();
    let headers = request.headers_mut();
    for (name, value) in head.instead.fields() {
        headers.insert(name, value.clone());
    }
    let host = headers.remove(HOST);
    let host = head.instead.host.or(host.as_ref());
    // What it names are fields of a connection of HTTP/1.1.
    headers.remove(CONNECTION);
    let mut parts = http::uri::Parts::default();
    parts.path_and_query = Some(head.target.clone());
    parts.scheme = Some(if secure { Scheme::HTTPS } else { Scheme::HTTP });
    parts.authority = host.and_then(|host| Authority::try_from(host.as_bytes()).ok());
    *request.uri_mut() = Uri::from_parts(parts).unwrap_or_default();
    request
}

/// What happened, for the log: the error and its deepest cause.
fn describe(error: &hyper::Error) -> String {
    let mut cause: &dyn Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    match error.source() {
        Some(_) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}

/// Whether the other side says that it has done nothing about a request: it refused it, or went away
/// before it (RFC 9113 section 8.7).
fn never_taken(error: &hyper::Error) -> bool {
    let mut cause: Option<&dyn Error> = Some(error);
    while let Some(one) = cause {
        if let Some(error) = one.downcast_ref::<h2::Error>() {
            let refused = error.is_reset() && error.reason() == Some(h2::Reason::REFUSED_STREAM);
            let left = error.is_go_away() && error.reason() == Some(h2::Reason::NO_ERROR);
            return error.is_remote() && (refused || left);
        }
        cause = one.source();
    }
    false
}

/// Runs what a connection does besides as tasks of its core.
#[derive(Clone, Copy)]
struct Tasks;

impl<F> Executor<F> for Tasks
where
    F: Future<Output = ()> + 'static,
{
    fn execute(&self, work: F) {
        spawn_local(work);
    }
}

/// The time of the core.
#[derive(Clone, Copy)]
struct Clock;

struct Sleep(Pin<Box<tokio::time::Sleep>>);

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        self.0.as_mut().poll(context)
    }
}

impl hyper::rt::Sleep for Sleep {}

impl Timer for Clock {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn hyper::rt::Sleep>> {
        Box::pin(Sleep(Box::pin(tokio::time::sleep(duration))))
    }

    fn sleep_until(&self, deadline: StdInstant) -> Pin<Box<dyn hyper::rt::Sleep>> {
        Box::pin(Sleep(Box::pin(tokio::time::sleep_until(deadline.into()))))
    }
}
