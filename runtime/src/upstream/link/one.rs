//! HTTP/1.1 towards backends. Whoever asks on a connection also drives it: there is no task in between,
//! so a dropped request is a closed connection at once.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use hyper::body::Incoming;
use hyper::client::conn::http1;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;

use super::{Answer, Broken, ERROR_BODY, HEAD, Look, collect, describe};
use crate::metrics::Peer;
use crate::stream::{Activity, Socket, Stream};
use crate::upstream::tunnel::{Io, Tunnel};
use crate::upstream::upload::Sent;

/// A connection that can carry one request at a time.
pub(in crate::upstream) struct One {
    sender: http1::SendRequest<Sent>,
    driver: Driver,
    socket: Socket,
    secure: bool,
    activity: Rc<Activity>,
    pub(in crate::upstream) idle_since: Instant,
}

/// The part of a connection that must be polled for anything to move.
struct Driver {
    connection: Box<dyn Connection>,
    ended: bool,
}

/// A connection of hyper, whatever its bytes go over.
trait Connection {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<()>;
    /// What its bytes go over, and those that came in and were not read as HTTP.
    fn into_io(self: Box<Self>) -> (Box<dyn Io>, Bytes);
}

impl<S> Connection for http1::Connection<Stream<S>, Sent>
where
    S: AsyncRead + AsyncWrite + Unpin + 'static,
{
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        Pin::new(self).poll(context).map(|_| ())
    }

    fn into_io(self: Box<Self>) -> (Box<dyn Io>, Bytes) {
        let parts = self.into_parts();
        (Box::new(parts.io.into_inner()), parts.read_buf)
    }
}

impl One {
    /// One over a connected stream. `socket` is the one that `inner` reads and writes.
    pub(in crate::upstream) async fn open<S>(
        inner: S,
        socket: Socket,
        secure: bool,
    ) -> Result<One, String>
    where
        S: AsyncRead + AsyncWrite + Unpin + 'static,
    {
        let stream = Stream::new(inner, Peer::Backend);
        let activity = stream.activity();
        let mut builder = http1::Builder::new();
        builder.max_buf_size(HEAD);
        let (sender, connection) =
            builder.handshake(stream).await.map_err(|error| error.to_string())?;
        let driver = Driver { connection: Box::new(connection), ended: false };
        Ok(One { sender, driver, socket, secure, activity, idle_since: Instant::now() })
    }

    /// Sends a request and reads the whole answer, of at most `limit` bytes.
    pub(in crate::upstream) async fn ask(
        &mut self,
        request: http::Request<Sent>,
        limit: usize,
    ) -> Result<Answer, Broken> {
        let before = self.activity.received.get();
        let broken = |activity: &Activity, what: String, unsent| Broken {
            what,
            unsent,
            unanswered: activity.received.get() == before,
        };
        let sending = self.sender.try_send_request(request);
        let work = async {
            let response = sending.await.map_err(|mut error| {
                let unsent = error.take_message().is_some();
                broken(&self.activity, describe(error.error()), unsent)
            })?;
            let (head, body) = response.into_parts();
            let (status, headers) = (head.status, head.headers);
            let limit = if status.is_success() { limit } else { ERROR_BODY };
            let body = collect(body, limit).await;
            let body = body.map_err(|error| broken(&self.activity, describe(&error), false))?;
            let overflow = body.is_none();
            Ok(Answer { status, headers, body: body.unwrap_or_default(), overflow })
        };
        self.driver.drive(work).await
    }

    /// Sends a request and waits for the head of its answer. The body comes as it is asked for,
    /// while the link is driven.
    pub(in crate::upstream) async fn begin(
        &mut self,
        request: http::Request<Sent>,
    ) -> Result<http::Response<Incoming>, Broken> {
        let before = self.activity.received.get();
        let sending = self.sender.try_send_request(request);
        let answered = self.driver.drive(sending).await;
        answered.map_err(|mut error| Broken {
            unsent: error.take_message().is_some(),
            what: describe(error.error()),
            unanswered: self.activity.received.get() == before,
        })
    }

    /// Reads a body that arrives over it, of at most as many bytes as an answer that is no success
    /// may have; empty if there are more, or it breaks off.
    pub(in crate::upstream) async fn rest(&mut self, body: Incoming) -> Bytes {
        let body = self.driver.drive(collect(body, ERROR_BODY)).await;
        body.ok().flatten().unwrap_or_default()
    }

    /// Lets bytes move, as far as they can.
    pub(in crate::upstream) fn drive(&mut self, context: &mut Context<'_>) {
        self.driver.poll(context);
    }

    /// What is left of it after a change of protocol.
    pub(in crate::upstream) async fn into_tunnel(mut self) -> Tunnel {
        poll_fn(|context| {
            self.driver.poll(context);
            if self.driver.ended { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
        let (io, early) = self.driver.connection.into_io();
        Tunnel::new(io, early)
    }

    /// Whether another request can go over it, as far as this side knows.
    pub(in crate::upstream) fn is_reusable(&self) -> bool {
        !self.driver.ended && self.sender.is_ready()
    }

    /// Whether the other side has closed it, or sent something that nobody asked for.
    pub(in crate::upstream) fn is_stale(&mut self, look: Look) -> bool {
        let mut byte = [std::mem::MaybeUninit::uninit()];
        let seen = match look {
            Look::Told => self.socket.peek_if_told(&mut byte),
            Look::Asked => socket2::SockRef::from(self.socket.tcp()).peek(&mut byte),
        };
        match seen {
            Err(error) => error.kind() != std::io::ErrorKind::WouldBlock,
            // Under TLS this may be a session ticket: let the connection read it.
            Ok(1..) if self.secure => {
                self.driver.poll(&mut Context::from_waker(Waker::noop()));
                !self.is_reusable()
            }
            Ok(_) => true,
        }
    }
}

impl Driver {
    fn poll(&mut self, context: &mut Context<'_>) {
        if !self.ended {
            self.ended = self.connection.poll(context).is_ready();
        }
    }

    /// Waits for `work`, which the connection has a part in.
    async fn drive<T>(&mut self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        poll_fn(|context| {
            self.poll(context);
            let result = work.as_mut().poll(context);
            if result.is_ready() {
                // The end of an answer may be the end of the connection, or make it ready for
                // another request: it finds out when it is polled.
                self.poll(context);
            }
            result
        })
        .await
    }
}
