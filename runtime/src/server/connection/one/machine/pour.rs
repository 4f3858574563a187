//! A long body that nobody reads: it goes through a pipe from the backend's socket to the caller's.

use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite};

use super::{Machine, Service, State, Step};
use crate::http1::write::Encoder;
use crate::pipe::{FROM, Pipe, Pours};
use crate::stream::Plain;

/// How many bytes of one body are moved before others have their turn.
const TURN: u64 = 4 * 1024 * 1024;

/// Whether enough of a body is to come that nobody has to read.
pub(super) fn is_long(body: &impl Pours, encoder: &Encoder) -> bool {
    encoder.left() >= FROM && body.pours() >= FROM
}

impl<S, V> Machine<S, V>
where
    S: AsyncRead + AsyncWrite + Plain + Unpin + 'static,
    V: Service,
{
    /// Whether what is written goes over a socket as it is.
    pub(super) fn is_plain(&self) -> bool {
        self.wire.ends().stream().is_ok_and(|stream| stream.is_plain())
    }

    /// Lets the rest of a body go through a pipe, if there is one to be had.
    pub(super) fn pour(&mut self) -> bool {
        let Some(pipe) = Pipe::take() else { return false };
        if let State::Body(body, encoder) = std::mem::replace(&mut self.state, State::Ended) {
            self.state = State::Pour(body, encoder, Some(pipe));
        }
        true
    }

    /// Lets the rest of a body be read.
    fn read_on(&mut self) -> Step {
        if let State::Pour(body, encoder, _) = std::mem::replace(&mut self.state, State::Ended) {
            self.state = State::Body(body, encoder);
        }
        Step::On
    }

    pub(super) fn poll_pour(&mut self, context: &mut Context<'_>) -> Step {
        let mut moved = 0;
        loop {
            if let Some(step) = self.drain(context) {
                return step;
            }
            if moved >= TURN {
                context.waker().wake_by_ref();
                return Step::Wait;
            }
            match self.fill(context) {
                Ok(size) => moved += size,
                Err(step) => return step,
            }
        }
    }

    /// Sends what is in the pipe. What is next, unless that is more of the body.
    fn drain(&mut self, context: &mut Context<'_>) -> Option<Step> {
        let State::Pour(_, encoder, pipe) = &mut self.state else { return Some(Step::End) };
        while let Some(full) = pipe.as_mut().filter(|pipe| !pipe.is_empty()) {
            let mut ends = self.wire.ends();
            let Ok(stream) = ends.stream() else { return Some(Step::End) };
            match stream.poll_drain(full, context) {
                Poll::Ready(Ok(Some(_))) => {}
                Poll::Ready(Ok(None)) => {
                    drop(ends);
                    return Some(self.spill());
                }
                Poll::Ready(Err(_)) => return Some(Step::End),
                Poll::Pending => {
                    drop(ends);
                    return Some(self.wait(context));
                }
            }
        }
        if encoder.left() > 0 {
            return None;
        }
        self.state = State::Sent;
        Some(Step::On)
    }

    /// Moves more of the body to a pipe, once the caller takes more: how many bytes.
    fn fill(&mut self, context: &mut Context<'_>) -> Result<u64, Step> {
        let State::Pour(body, encoder, pipe) = &mut self.state else { return Err(Step::End) };
        let room = self.wire.ends().stream().map(|stream| stream.poll_room(context));
        match room {
            Ok(Poll::Ready(Ok(()))) => {}
            Ok(Poll::Pending) => {
                // Somebody else may need it.
                *pipe = None;
                return Err(self.wait(context));
            }
            Ok(Poll::Ready(Err(_))) | Err(_) => return Err(Step::End),
        }
        let Some(mut empty) = pipe.take().or_else(Pipe::take) else { return Err(self.read_on()) };
        match body.poll_pour(&mut empty, encoder.left(), context) {
            Poll::Ready(Ok(0)) => Err(self.read_on()),
            Poll::Ready(Ok(size)) => {
                encoder.skip(size);
                *pipe = Some(empty);
                Ok(size)
            }
            Poll::Ready(Err(_)) => Err(Step::End),
            Poll::Pending => Err(self.wait(context)),
        }
    }

    /// Reads what is in the pipe after all.
    fn spill(&mut self) -> Step {
        let State::Pour(_, encoder, Some(pipe)) = &mut self.state else { return Step::End };
        let Ok(bytes) = pipe.spill() else { return Step::End };
        self.out.push(bytes, b"");
        if encoder.left() > 0 {
            return self.read_on();
        }
        self.state = State::Sent;
        Step::On
    }
}
