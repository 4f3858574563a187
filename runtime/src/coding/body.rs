//! The body of an answer, compressed while it is sent.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body, Frame};

use super::Coding;
use super::encode::Encoder;
use crate::response::AnswerBody;
use crate::upstream::Stopped;

/// How much is compressed before others of the core have their turn, in bytes.
const PIECE: usize = 64 * 1024;

/// A body that is compressed as it is taken. What is at hand is compressed together; when nothing more is,
/// all of it is let out, so an item never waits for the next one.
pub(crate) struct Coded {
    inner: AnswerBody,
    /// Nothing once all has been handed over.
    encoder: Option<Encoder>,
    /// What is left of the last part.
    part: Bytes,
    /// Whether something was written that may not have come out.
    held: bool,
    /// Whether others are to have their turn.
    tired: bool,
    trailers: Option<HeaderMap>,
}

impl Coded {
    /// # Errors
    ///
    /// The body, where there is nothing that compresses it.
    pub(crate) fn new(inner: AnswerBody, coding: Coding) -> Result<Coded, AnswerBody> {
        match Encoder::new(coding) {
            Ok(encoder) => Ok(Coded {
                inner,
                encoder: Some(encoder),
                part: Bytes::new(),
                held: false,
                tired: false,
                trailers: None,
            }),
            Err(_) => Err(inner),
        }
    }

    /// Compresses a piece of what is there.
    fn compress(&mut self) -> Result<Bytes, Stopped> {
        let Some(encoder) = &mut self.encoder else { return Ok(Bytes::new()) };
        let piece = self.part.split_to(self.part.len().min(PIECE));
        encoder.write(&piece).map_err(|_| Stopped)?;
        self.held = true;
        self.tired = piece.len() == PIECE;
        Ok(Bytes::from(encoder.take()))
    }

    /// Lets out what was written.
    fn flush(&mut self) -> Result<Bytes, Stopped> {
        let Some(encoder) = &mut self.encoder else { return Ok(Bytes::new()) };
        self.held = false;
        encoder.flush().map_err(|_| Stopped)?;
        Ok(Bytes::from(encoder.take()))
    }

    /// Ends it.
    fn finish(&mut self) -> Result<Bytes, Stopped> {
        let Some(encoder) = self.encoder.take() else { return Ok(Bytes::new()) };
        encoder.finish().map(Bytes::from).map_err(|_| Stopped)
    }
}

type Polled = Poll<Option<Result<Frame<Bytes>, Stopped>>>;

impl Body for Coded {
    type Data = Bytes;
    type Error = Stopped;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Polled {
        let this = &mut *self;
        loop {
            if this.encoder.is_none() {
                return Poll::Ready(this.trailers.take().map(|all| Ok(Frame::trailers(all))));
            }
            if std::mem::take(&mut this.tired) {
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
            let made = if this.part.is_empty() {
                match Pin::new(&mut this.inner).poll_frame(context) {
                    Poll::Ready(Some(Ok(frame))) => match frame.into_data() {
                        Ok(part) => {
                            this.part = part;
                            continue;
                        }
                        Err(other) => {
                            this.trailers = other.into_trailers().ok();
                            this.finish()
                        }
                    },
                    Poll::Ready(Some(Err(stopped))) => {
                        this.encoder = None;
                        return Poll::Ready(Some(Err(stopped)));
                    }
                    Poll::Ready(None) => this.finish(),
                    Poll::Pending if this.held => this.flush(),
                    Poll::Pending => return Poll::Pending,
                }
            } else {
                this.compress()
            };
            match made {
                Ok(made) if made.is_empty() => {}
                made => return Poll::Ready(Some(made.map(Frame::data))),
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.encoder.is_none() && self.trailers.is_none()
    }
}

impl fmt::Debug for Coded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Coded").field("ended", &self.encoder.is_none()).finish_non_exhaustive()
    }
}
