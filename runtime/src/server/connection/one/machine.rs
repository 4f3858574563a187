//! A connection of HTTP/1.1 towards a caller: one request after the other, none begun before the one
//! before it is answered. Whoever polls it moves its bytes; there is no task but the connection's.

mod pour;

use std::future::Future as _;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body::Body;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Sleep, sleep};

use super::ask::{self, Read};
use super::room::{Ask, Room};
use super::wire::{Rest, Wire};
use super::write::{self, Form};
use crate::error::Kind;
use crate::http1::head;
use crate::http1::out::Out;
use crate::http1::write::{Encoder, Short};
use crate::pipe::{Pipe, Pours};
use crate::request::Arriving;
use crate::server::Limits;
use crate::stream::{Plain, Stream};

/// How many requests of one connection are answered before others have their turn.
const TURN: usize = 16;
/// How much more is read of who sends what nobody wants, so that it sees the answer (RFC 9112 section
/// 9.6), in bytes.
const LINGER: usize = 256 * 1024;
/// For how long.
const PATIENCE: Duration = Duration::from_secs(2);

/// What answers the requests of a connection.
pub(super) trait Service {
    /// What it keeps of a request until that is answered.
    type Asked: Ask<Answer = (http::Response<Self::Body>, Option<Self::Tunnel>)>;
    type Body: Body<Data = Bytes> + Pours + Unpin + 'static;
    type Tunnel: 'static;

    /// Takes a request, and says whether the connection is to take no more.
    fn ask(&mut self, request: http::Request<Arriving>) -> (Room<Self::Asked>, bool);

    /// The answer to what is no request.
    fn refuse(&mut self, kind: Kind) -> http::Response<Self::Body>;
}

/// A connection that is served.
pub(super) struct Machine<S, V: Service> {
    wire: Rc<Wire<S>>,
    service: V,
    limits: Limits,
    /// The largest head.
    most: usize,
    /// How many bytes of a head were looked at that has not come whole.
    seen: usize,
    state: State<V>,
    out: Out,
    form: Form,
    /// Whether it takes no more requests.
    closing: bool,
    tunnel: Option<V::Tunnel>,
}

/// What a connection does.
enum State<V: Service> {
    /// It waits for a request.
    Head,
    /// A request is being answered.
    Answer(Room<V::Asked>),
    /// A body is being sent.
    Body(V::Body, Encoder),
    /// A body is being sent that nobody reads, through a pipe if something of it is on its way.
    Pour(V::Body, Encoder, Option<Pipe>),
    /// The rest of the answer is on its way.
    Sent,
    /// It says that nothing more is sent.
    End,
    /// It has said so, and somebody may still read the body of the last request.
    Over,
    /// What still comes is thrown away: at most so many bytes more.
    Linger(Pin<Box<Sleep>>, usize),
    Ended,
}

/// Whether a connection can go on at once.
enum Step {
    On,
    Wait,
    End,
}

impl<S, V> Machine<S, V>
where
    S: AsyncRead + AsyncWrite + Plain + Unpin + 'static,
    V: Service,
{
    /// Serves what comes over a stream. Heads have at most `most` bytes.
    pub(super) fn new(stream: Stream<S>, service: V, (limits, most): (Limits, usize)) -> Self {
        Machine {
            wire: Wire::new(stream),
            service,
            limits,
            most,
            seen: 0,
            state: State::Head,
            out: Out::default(),
            form: Form::ANY,
            closing: false,
            tunnel: None,
        }
    }

    /// Ready once it has ended.
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let mut turn = 0;
        while turn < TURN {
            let step = match &mut self.state {
                State::Head => {
                    turn += 1;
                    self.poll_head(context)
                }
                State::Answer(_) => self.poll_answer(context),
                State::Body(..) => self.poll_body(context),
                State::Pour(..) => self.poll_pour(context),
                State::Sent => self.poll_sent(context),
                State::End => self.poll_end(context),
                State::Over => self.poll_over(),
                State::Linger(..) => self.poll_linger(context),
                State::Ended => return Poll::Ready(()),
            };
            match step {
                Step::On => {}
                Step::Wait => return Poll::Pending,
                Step::End => self.state = State::Ended,
            }
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }

    /// Lets it take no more requests, and end after the one that it has.
    pub(super) fn close(&mut self) {
        self.closing = true;
        if matches!(self.state, State::Head) && self.wire.ends().buffer.is_empty() {
            self.state = State::End;
        }
    }

    /// What follows a change of protocol: what it leads to, the stream, and what came early.
    pub(super) fn into_tunnel(mut self) -> Option<(V::Tunnel, Stream<S>, Bytes)> {
        let tunnel = self.tunnel.take()?;
        let (stream, buffer) = self.wire.close()?;
        Some((tunnel, stream, buffer.freeze()))
    }

    /// How many bytes are held that came in, and the room for them.
    #[cfg(test)]
    pub(super) fn held(&self) -> (usize, usize) {
        let ends = self.wire.ends();
        (ends.buffer.len(), ends.buffer.capacity())
    }

    /// Reads until there is a head.
    fn poll_head(&mut self, context: &mut Context<'_>) -> Step {
        loop {
            let mut ends = self.wire.ends();
            if self.seen < ends.buffer.len() {
                let news = self.seen == 0 || head::end(&ends.buffer, self.seen).is_some();
                self.seen = ends.buffer.len();
                if news {
                    drop(ends);
                    match self.read() {
                        Ok(None) => {}
                        Ok(Some(ask)) => return self.begin(*ask, context),
                        Err(kind) => return self.refuse(kind),
                    }
                    ends = self.wire.ends();
                }
                if ends.buffer.len() >= self.most {
                    let line = ends.buffer.contains(&b'\n');
                    drop(ends);
                    return self.refuse(too_long(line, self.limits));
                }
            }
            match ends.poll_fill(context) {
                Poll::Ready(Ok(1..)) => {}
                // Whoever leaves in the middle of a head has asked for nothing.
                Poll::Ready(Ok(0)) => {
                    drop(ends);
                    self.state = State::End;
                    return Step::On;
                }
                Poll::Ready(Err(_)) => return Step::End,
                Poll::Pending => return Step::Wait,
            }
        }
    }

    /// Takes a head out of what has come, if it is there.
    fn read(&mut self) -> Result<Option<Box<ask::Ask>>, Kind> {
        let mut ends = self.wire.ends();
        let bytes = std::mem::take(&mut ends.buffer).freeze();
        match ask::read(&bytes, self.limits)? {
            Read::Whole(ask, size) => {
                ends.buffer.extend_from_slice(bytes.get(size..).unwrap_or_default());
                self.seen = 0;
                Ok(Some(ask))
            }
            Read::Partial => {
                ends.buffer = BytesMut::from(bytes);
                ends.skip_empty_lines();
                self.seen = ends.buffer.len();
                Ok(None)
            }
        }
    }

    /// Gives a request on.
    fn begin(&mut self, ask: ask::Ask, context: &Context<'_>) -> Step {
        let ask::Ask { head, framing, form, waits } = ask;
        let body = self.wire.body(framing, waits, context);
        let (answering, last) = self.service.ask(http::Request::from_parts(head, body));
        self.form = form;
        self.form.persists &= !last;
        self.state = State::Answer(answering);
        Step::On
    }

    /// Answers what is no request. Nothing behind it can be read.
    fn refuse(&mut self, kind: Kind) -> Step {
        let response = self.service.refuse(kind);
        self.wire.ends().spoil();
        self.form = Form { persists: false, ..Form::ANY };
        self.answer(response)
    }

    fn poll_answer(&mut self, context: &mut Context<'_>) -> Step {
        let State::Answer(answering) = &mut self.state else { return Step::End };
        match answering.poll(context) {
            Poll::Ready((response, tunnel)) => {
                self.tunnel = tunnel;
                self.answer(response)
            }
            Poll::Pending => {
                if self.wire.ends().is_to_continue() {
                    self.out.text().extend_from_slice(b"HTTP/1.1 100 Continue\r\n\r\n");
                }
                match self.poll_out(context) {
                    Poll::Ready(Err(_)) => Step::End,
                    Poll::Ready(Ok(())) | Poll::Pending => self.wait(context),
                }
            }
        }
    }

    /// Begins an answer.
    fn answer(&mut self, mut response: http::Response<V::Body>) -> Step {
        let status = response.status();
        if status.is_informational() && self.tunnel.is_none() {
            *response.status_mut() = http::StatusCode::INTERNAL_SERVER_ERROR;
        }
        {
            let mut ends = self.wire.ends();
            // Nobody knows whether a body follows that nobody was told to send.
            let unsure = ends.is_left_waiting() || ends.rest() == Rest::Unread;
            self.form.persists &= !unsure && !self.closing;
        }
        let (encoder, goes_on) = write::head(&mut self.out, &response, self.form);
        self.form.persists = goes_on;
        let (parts, body) = response.into_parts();
        head::recycle(parts.headers);
        self.state = if encoder.is_done() { State::Sent } else { State::Body(body, encoder) };
        Step::On
    }

    fn poll_body(&mut self, context: &mut Context<'_>) -> Step {
        let plain = self.is_plain();
        let State::Body(body, encoder) = &mut self.state else { return Step::End };
        if plain && self.out.is_done() && pour::is_long(body, encoder) && self.pour() {
            return Step::On;
        }
        let State::Body(body, encoder) = &mut self.state else { return Step::End };
        let mut waits = false;
        let mut ended = false;
        while self.out.has_room() && !ended && !waits {
            // What is before it goes first.
            if plain && !self.out.is_done() && pour::is_long(body, encoder) {
                break;
            }
            let done = match Pin::new(&mut *body).poll_frame(context) {
                Poll::Pending => {
                    waits = true;
                    continue;
                }
                Poll::Ready(Some(Ok(frame))) => {
                    let last = body.is_end_stream();
                    encoder.push(frame, last, &mut self.out)
                }
                Poll::Ready(None) => encoder.end(&mut self.out).map(|()| true),
                // What has come of it is not all: only the end of the connection can say so.
                Poll::Ready(Some(Err(_))) => return Step::End,
            };
            match done {
                Ok(done) => ended = done,
                Err(Short) => return Step::End,
            }
        }
        if ended {
            self.state = State::Sent;
            return Step::On;
        }
        match self.poll_out(context) {
            Poll::Ready(Err(_)) => Step::End,
            Poll::Ready(Ok(())) if !waits => Step::On,
            Poll::Ready(Ok(())) | Poll::Pending => self.wait(context),
        }
    }

    /// Sends the rest, and sees what is next.
    fn poll_sent(&mut self, context: &mut Context<'_>) -> Step {
        match self.poll_out(context) {
            Poll::Pending => return self.wait(context),
            Poll::Ready(Err(_)) => return Step::End,
            Poll::Ready(Ok(())) => {}
        }
        if self.tunnel.is_some() {
            return Step::End;
        }
        let goes_on = self.form.persists && !self.closing;
        self.state = match self.wire.ends().rest() {
            Rest::Nothing if goes_on => State::Head,
            Rest::Coming if goes_on => return Step::Wait,
            Rest::Nothing | Rest::Coming | Rest::Unread => State::End,
        };
        Step::On
    }

    fn poll_end(&mut self, context: &mut Context<'_>) -> Step {
        let mut ends = self.wire.ends();
        let ended = match ends.stream() {
            Ok(stream) => stream.poll_end(context),
            Err(error) => Poll::Ready(Err(error)),
        };
        match ended {
            Poll::Pending => return Step::Wait,
            Poll::Ready(Err(_)) => return Step::End,
            Poll::Ready(Ok(())) => self.state = State::Over,
        }
        Step::On
    }

    /// Looks whether something comes that nobody reads: a connection that is closed over it is reset, and
    /// the answer may be lost with it.
    fn poll_over(&mut self) -> Step {
        match self.wire.ends().rest() {
            Rest::Nothing => return Step::End,
            Rest::Coming => return Step::Wait,
            Rest::Unread => {}
        }
        self.state = State::Linger(Box::pin(sleep(PATIENCE)), LINGER);
        Step::On
    }

    fn poll_linger(&mut self, context: &mut Context<'_>) -> Step {
        let State::Linger(patience, left) = &mut self.state else { return Step::End };
        if patience.as_mut().poll(context).is_ready() {
            return Step::End;
        }
        let mut ends = self.wire.ends();
        loop {
            ends.buffer.clear();
            match ends.poll_fill(context) {
                Poll::Ready(Ok(size @ 1..)) => match left.checked_sub(size) {
                    Some(less) => *left = less,
                    None => return Step::End,
                },
                Poll::Ready(_) => return Step::End,
                Poll::Pending => return Step::Wait,
            }
        }
    }

    fn poll_out(&mut self, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        if self.out.is_done() {
            return Poll::Ready(Ok(()));
        }
        let mut ends = self.wire.ends();
        match ends.stream() {
            Ok(stream) => self.out.poll(stream, context),
            Err(error) => Poll::Ready(Err(error)),
        }
    }

    /// Waits, unless the caller has gone.
    fn wait(&mut self, context: &mut Context<'_>) -> Step {
        if self.wire.ends().is_left(context) { Step::End } else { Step::Wait }
    }
}

impl<S, V: Service> Drop for Machine<S, V> {
    fn drop(&mut self) {
        self.wire.close();
    }
}

/// What is told of a head that does not end.
fn too_long(line: bool, limits: Limits) -> Kind {
    if line {
        Kind::HeadersTooLarge { limit: limits.headers }
    } else {
        Kind::TargetTooLong { limit: limits.target }
    }
}
