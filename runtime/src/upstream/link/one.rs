//! HTTP/1.1 towards backends. Whoever asks on a connection also drives it: there is no task in between,
//! so a dropped request is a closed connection at once.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::pin;
use std::task::{Context, Poll, Waker, ready};

use bytes::{Bytes, BytesMut};
use http::{Method, StatusCode};
use http_body::{Frame, SizeHint};
use tokio::io::AsyncReadExt;
use tokio::time::Instant;

use super::sending::{Fault, Sending};
use super::{AnswerHead, Broken, HEAD, Head, Look};
use crate::http1::Malformed;
use crate::http1::body::{Decoder, Framing, Part};
use crate::http1::head;
use crate::metrics::{self, Peer};
use crate::pipe::Pipe;
use crate::stream::Socket;
use crate::upstream::tunnel::{Io, Tunnel};
use crate::upstream::upload::Sent;

/// How many bytes are read at once, at least: most answers are smaller.
const ROOM: usize = 8 * 1024;
/// How many are, at most.
const MOST: usize = 64 * 1024;
/// The most answers that come before the answer (RFC 9110 section 15.2).
const INTERIM: u32 = 16;

/// A connection that can carry one request at a time.
pub(in crate::upstream) struct One {
    io: Box<dyn Io>,
    socket: Socket,
    secure: bool,
    /// What came and was not taken.
    buffer: BytesMut,
    /// How many bytes the last answer had, about: room for that many saves reading the next in parts.
    usual: usize,
    sending: Sending,
    body: Decoder,
    /// Whether another request can go over it after this one.
    persists: bool,
    /// Whether anything came back for the request.
    answered: bool,
    /// Why the request could not be sent whole.
    unsent: Option<io::ErrorKind>,
    pub(in crate::upstream) idle_since: Instant,
}

impl One {
    /// One over a connected stream. `socket` is the one that `io` reads and writes.
    pub(in crate::upstream) fn open(io: impl Io + 'static, socket: Socket, secure: bool) -> One {
        One {
            io: Box::new(io),
            socket,
            secure,
            buffer: BytesMut::new(),
            usual: ROOM,
            sending: Sending::default(),
            body: Decoder::new(Framing::Length(0)),
            persists: true,
            answered: false,
            unsent: None,
            idle_since: Instant::now(),
        }
    }

    /// Sends a request and waits for the head of its answer. The body comes as it is asked for.
    pub(in crate::upstream) async fn begin(
        &mut self,
        head: &Head<'_>,
        body: Sent,
    ) -> Result<AnswerHead, Broken> {
        self.answered = false;
        self.sending.start(head, body);
        self.buffer.reserve(self.usual);
        let asked_for_head = head.method == Method::HEAD;
        let (mut seen, mut interim) = (0, 0);
        let answered = poll_fn(|context| {
            loop {
                let answer = ready!(self.poll_head(&mut seen, context))?;
                let Some(answer) = self.settle(answer, asked_for_head)? else {
                    interim += 1;
                    if interim > INTERIM {
                        return Poll::Ready(Err("it announces its answer without end".to_owned()));
                    }
                    continue;
                };
                return Poll::Ready(Ok(answer));
            }
        });
        answered.await.map_err(|what| Broken {
            what,
            unsent: !self.sending.has_begun(),
            unanswered: !self.answered,
        })
    }

    /// The next head that comes. The request goes on being sent meanwhile.
    fn poll_head(
        &mut self,
        seen: &mut usize,
        context: &mut Context<'_>,
    ) -> Poll<Result<head::Answered, String>> {
        loop {
            if let Some(end) = head::end(&self.buffer, *seen) {
                *seen = 0;
                self.usual = end;
                let head = self.buffer.split_to(end).freeze();
                return Poll::Ready(head::answer(&head).map_err(odd));
            }
            *seen = self.buffer.len();
            if *seen > HEAD {
                return Poll::Ready(Err("the head of its answer is too large".to_owned()));
            }
            if ready!(self.poll_more(ROOM, context))? == 0 {
                return Poll::Ready(Err(match self.unsent {
                    Some(kind) => format!("the request could not be sent: {kind}"),
                    None => "the connection was closed before the answer".to_owned(),
                }));
            }
        }
    }

    /// Learns from a head how the body comes; nothing for one that only comes before the answer.
    fn settle(
        &mut self,
        mut answer: head::Answered,
        asked_for_head: bool,
    ) -> Result<Option<AnswerHead>, String> {
        let status = answer.status;
        if status.is_informational() && status != StatusCode::SWITCHING_PROTOCOLS {
            return Ok(None);
        }
        let (framing, certain) = head::framing(&mut answer, asked_for_head).map_err(odd)?;
        self.body = Decoder::new(framing);
        let length = usize::try_from(self.body.at_least()).unwrap_or(MOST).min(MOST);
        self.usual = (self.usual + length).next_power_of_two().clamp(ROOM, MOST);
        let goes_on = certain && status != StatusCode::SWITCHING_PROTOCOLS;
        self.persists = goes_on && head::persists(answer.version, &answer.fields);
        Ok(Some(AnswerHead { status, headers: answer.fields }))
    }

    /// The next part of the body. The request goes on being sent meanwhile.
    pub(in crate::upstream) fn poll_frame(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, String>>> {
        loop {
            match self.body.take(&mut self.buffer) {
                Ok(Part::Data(data)) => return Poll::Ready(Some(Ok(Frame::data(data)))),
                Ok(Part::Trailers(fields)) => {
                    return Poll::Ready(Some(Ok(Frame::trailers(fields))));
                }
                Ok(Part::End) => return Poll::Ready(None),
                Ok(Part::Missing) => {}
                Err(error) => return Poll::Ready(Some(Err(odd(error)))),
            }
            let room = usize::try_from(self.body.at_least()).unwrap_or(MOST).clamp(ROOM, MOST);
            match ready!(self.poll_more(room, context)) {
                Ok(0) => {
                    self.persists = false;
                    if let Err(error) = self.body.ends() {
                        return Poll::Ready(Some(Err(error.to_string())));
                    }
                }
                Ok(_) => {}
                Err(what) => return Poll::Ready(Some(Err(what))),
            }
        }
    }

    /// How many bytes of the body come next, of none of which anything was read; 0 where they have to
    /// be.
    pub(in crate::upstream) fn pours(&self) -> u64 {
        let comes = !self.secure && self.buffer.is_empty() && self.sending.is_done();
        self.body.left().filter(|_| comes).unwrap_or(0)
    }

    /// Moves the next of them to a pipe, at most `most`: how many, 0 where the system does not do that.
    pub(in crate::upstream) fn poll_pour(
        &mut self,
        pipe: &mut Pipe,
        most: u64,
        context: &mut Context<'_>,
    ) -> Poll<Result<u64, String>> {
        // What is not read needs no room.
        self.usual = ROOM;
        match ready!(pipe.poll_fill(&self.socket, most.min(self.pours()), context)) {
            Ok(Some(0)) => {
                self.persists = false;
                Poll::Ready(self.body.ends().map(|()| 0).map_err(|error| error.to_string()))
            }
            Ok(moved) => {
                let size = moved.unwrap_or(0);
                self.body.skip(size as u64);
                metrics::here(|core| core.poured(size));
                Poll::Ready(Ok(size as u64))
            }
            Err(error) => {
                self.persists = false;
                Poll::Ready(Err(broke(&error)))
            }
        }
    }

    /// Whether all of the body has been taken.
    pub(in crate::upstream) fn is_end_stream(&self) -> bool {
        self.body.is_done()
    }

    /// How much of it is to come.
    pub(in crate::upstream) fn size_hint(&self) -> SizeHint {
        match self.body.left() {
            Some(left) => SizeHint::with_exact(left),
            None => SizeHint::default(),
        }
    }

    /// Reads a body that says how long it is to its end, so that it is one piece, or until the
    /// connection is closed.
    pub(in crate::upstream) async fn gather(&mut self) -> Result<(), String> {
        let length = usize::try_from(self.body.left().unwrap_or(0)).unwrap_or(0);
        while self.buffer.len() < length {
            let missing = length - self.buffer.len();
            if poll_fn(|context| self.poll_more(missing, context)).await? == 0 {
                break;
            }
        }
        Ok(())
    }

    /// Reads more, into room for so many bytes, while the request is sent; 0 once the backend has
    /// closed the connection.
    fn poll_more(&mut self, room: usize, context: &mut Context<'_>) -> Poll<Result<usize, String>> {
        if !self.sending.is_done() {
            match self.sending.poll(&mut *self.io, context) {
                Poll::Pending | Poll::Ready(Ok(())) => {}
                // It may have been answered nevertheless, and be closed for that reason.
                Poll::Ready(Err(Fault::Io(error))) => {
                    self.unsent = Some(error.kind());
                    self.sending.stop();
                }
                Poll::Ready(Err(Fault::Body)) => {
                    self.persists = false;
                    return Poll::Ready(Err("the body of the request broke off".to_owned()));
                }
            }
        }
        match ready!(self.poll_read(room, context)) {
            Ok(size) => Poll::Ready(Ok(size)),
            Err(error) => {
                self.persists = false;
                Poll::Ready(Err(broke(&error)))
            }
        }
    }

    fn poll_read(&mut self, room: usize, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        // A little room is room enough where nobody knows how much will come.
        let least = if room > ROOM { room } else { ROOM / 4 };
        if self.buffer.capacity() - self.buffer.len() < least {
            self.buffer.reserve(room);
        }
        let size = ready!(pin!(self.io.read_buf(&mut self.buffer)).poll(context))?;
        self.answered |= size > 0;
        metrics::here(|core| core.received(Peer::Backend, size));
        Poll::Ready(Ok(size))
    }

    /// What is left of it after a change of protocol.
    pub(in crate::upstream) fn into_tunnel(self) -> Tunnel {
        Tunnel::new(self.io, self.buffer.freeze())
    }

    /// Whether another request can go over it, as far as this side knows.
    pub(in crate::upstream) fn is_reusable(&self) -> bool {
        let finished = self.body.is_done() && self.sending.is_done() && self.unsent.is_none();
        // What came behind the answer answers nothing that was asked.
        finished && self.persists && self.buffer.is_empty()
    }

    /// Carries nothing from here on. What a large body took is given back.
    pub(in crate::upstream) fn idles(&mut self) {
        self.idle_since = Instant::now();
        if self.buffer.capacity() > MOST {
            self.buffer = BytesMut::new();
        }
    }

    /// Gives back the room for answers, which do not seem to come soon.
    pub(in crate::upstream) fn sleeps(&mut self) {
        self.buffer = BytesMut::new();
    }

    /// Whether the other side has closed it, or sent something that nobody asked for.
    pub(in crate::upstream) fn is_stale(&mut self, look: Look) -> bool {
        let mut byte = [std::mem::MaybeUninit::uninit()];
        let seen = match look {
            Look::Told => self.socket.peek_if_told(&mut byte),
            Look::Asked => socket2::SockRef::from(self.socket.tcp()).peek(&mut byte),
        };
        match seen {
            Err(error) => error.kind() != io::ErrorKind::WouldBlock,
            // Under TLS this may be a session ticket: let the connection read it.
            Ok(1..) if self.secure => {
                self.poll_read(ROOM, &mut Context::from_waker(Waker::noop())).is_ready()
            }
            Ok(_) => true,
        }
    }
}

/// How a connection ended.
fn broke(error: &io::Error) -> String {
    format!("the connection broke: {}", error.kind())
}

/// What is wrong with an answer.
fn odd(error: Malformed) -> String {
    format!("its answer is not HTTP/1.1: {error}")
}
