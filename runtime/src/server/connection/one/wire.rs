//! What comes over a connection: read by the connection between requests, and as the body of one by
//! whoever wants it.

use std::cell::{RefCell, RefMut};
use std::io;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use bytes::{Buf, Bytes, BytesMut};
use http_body::{Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::http1::body::{Decoder, Framing, Part};
use crate::request::{Arriving, Sender};
use crate::stream::Stream;
use crate::upstream::Stopped;

/// What is known of the body of a request.
#[derive(Debug)]
enum Reading {
    /// There is none, or all of it was read: what follows is another request.
    Whole,
    /// It is being read.
    Body(Decoder),
    /// The rest of it is nobody's.
    Abandoned(Decoder),
    /// It cannot be told where it ends.
    Broken,
}

/// What is to become of a connection, as far as the body of its last request decides that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rest {
    /// Another request may follow.
    Nothing,
    /// Somebody reads on.
    Coming,
    /// It is not read: nothing behind it can be.
    Unread,
}

/// Whether the caller waits to be told to send its body (RFC 9110 section 10.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Continue {
    Unasked,
    /// It does.
    Waits,
    /// It is to be told.
    Due,
}

/// A connection as its bytes are read.
pub(super) struct Wire<S>(RefCell<Ends<S>>);

/// Both ends of a connection, and what is between them.
pub(super) struct Ends<S> {
    /// Nothing once the connection has been given up.
    stream: Option<Stream<S>>,
    /// What has come and was not taken. Between requests it has no room of its own.
    pub(super) buffer: BytesMut,
    reading: Reading,
    goes_on: Continue,
    /// Who drives the connection, while somebody else may read its body.
    driver: Option<Waker>,
    /// Who waits for more of the body, if that is another.
    reader: Option<Waker>,
}

impl<S> Wire<S> {
    pub(super) fn new(stream: Stream<S>) -> Rc<Wire<S>> {
        Rc::new(Wire(RefCell::new(Ends {
            stream: Some(stream),
            buffer: BytesMut::new(),
            reading: Reading::Whole,
            goes_on: Continue::Unasked,
            driver: None,
            reader: None,
        })))
    }

    pub(super) fn ends(&self) -> RefMut<'_, Ends<S>> {
        self.0.borrow_mut()
    }

    /// Gives the connection up: whoever still reads a body of it is told.
    pub(super) fn close(&self) -> Option<(Stream<S>, BytesMut)> {
        let mut ends = self.ends();
        if !matches!(ends.reading, Reading::Whole) {
            ends.reading = Reading::Broken;
        }
        if let Some(reader) = ends.reader.take() {
            reader.wake();
        }
        let buffer = std::mem::take(&mut ends.buffer);
        ends.stream.take().map(|stream| (stream, buffer))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + 'static> Wire<S> {
    /// The body of the request whose head was read last.
    pub(super) fn body(
        self: &Rc<Self>,
        framing: Framing,
        waits: bool,
        context: &Context<'_>,
    ) -> Arriving {
        let decoder = Decoder::new(framing);
        if decoder.is_done() {
            return Arriving::Nothing;
        }
        let mut ends = self.ends();
        ends.reading = Reading::Body(decoder);
        ends.goes_on = if waits { Continue::Waits } else { Continue::Unasked };
        let told = ends.driver.as_ref().is_some_and(|known| known.will_wake(context.waker()));
        if !told {
            ends.driver = Some(context.waker().clone());
        }
        Arriving::from(Rc::clone(self) as Rc<dyn Sender>)
    }
}

impl<S> Ends<S> {
    /// What is left of the body of the last request. Where nobody wants it and it has come already,
    /// nothing is.
    pub(super) fn rest(&mut self) -> Rest {
        if let Reading::Abandoned(decoder) = &mut self.reading {
            self.reading = loop {
                match decoder.take(&mut self.buffer) {
                    Ok(Part::Data(_)) if !decoder.is_done() => {}
                    Ok(Part::Data(_) | Part::Trailers(_) | Part::End) => break Reading::Whole,
                    Ok(Part::Missing) | Err(_) => break Reading::Broken,
                }
            };
        }
        match &self.reading {
            Reading::Whole => Rest::Nothing,
            Reading::Body(_) => Rest::Coming,
            Reading::Abandoned(_) | Reading::Broken => Rest::Unread,
        }
    }

    /// Whether the caller is to be told to go on, which is then taken to be done.
    pub(super) fn is_to_continue(&mut self) -> bool {
        let due = self.goes_on == Continue::Due;
        if due {
            self.goes_on = Continue::Unasked;
        }
        due
    }

    /// An answer begins: who waited to be told to go on is not any more. Says whether that was so, in
    /// which case nobody knows whether a body follows.
    pub(super) fn is_left_waiting(&mut self) -> bool {
        std::mem::replace(&mut self.goes_on, Continue::Unasked) != Continue::Unasked
    }

    /// What came is no request, and nobody knows what follows.
    pub(super) fn spoil(&mut self) {
        self.reading = Reading::Broken;
    }

    /// The stream, if the connection has not been given up.
    pub(super) fn stream(&mut self) -> io::Result<&mut Stream<S>> {
        self.stream.as_mut().ok_or_else(|| io::ErrorKind::NotConnected.into())
    }

    /// Leaves out line breaks ahead of a request (RFC 9112 section 2.2).
    pub(super) fn skip_empty_lines(&mut self) {
        let empty = self.buffer.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        self.buffer.advance(empty);
    }
}

impl<S: AsyncRead + Unpin> Ends<S> {
    /// Reads more: how many bytes, 0 at the end.
    pub(super) fn poll_fill(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        match &mut self.stream {
            Some(stream) => stream.poll_fill(context, &mut self.buffer),
            None => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
        }
    }

    /// Whether the caller has gone while it is answered. What it sends meanwhile is kept for later, and
    /// nothing is read beyond that.
    pub(super) fn is_left(&mut self, context: &mut Context<'_>) -> bool {
        if !matches!(self.reading, Reading::Whole) || !self.buffer.is_empty() {
            return false;
        }
        matches!(self.poll_fill(context), Poll::Ready(Ok(0) | Err(_)))
    }

    /// The next part of a body that is read.
    fn poll_part(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Stopped>>> {
        loop {
            let decoder = match &mut self.reading {
                Reading::Whole => return Poll::Ready(None),
                Reading::Body(decoder) => decoder,
                Reading::Abandoned(_) | Reading::Broken => {
                    return Poll::Ready(Some(Err(Stopped)));
                }
            };
            let part = decoder.take(&mut self.buffer);
            if decoder.is_done() {
                self.reading = Reading::Whole;
                self.tell(context);
            }
            match part {
                Ok(Part::Data(data)) => return Poll::Ready(Some(Ok(Frame::data(data)))),
                Ok(Part::Trailers(fields)) => {
                    return Poll::Ready(Some(Ok(Frame::trailers(fields))));
                }
                Ok(Part::End) => return Poll::Ready(None),
                Ok(Part::Missing) => match self.poll_fill(context) {
                    Poll::Ready(Ok(1..)) => {}
                    Poll::Ready(Ok(0) | Err(_)) => self.breaks(context),
                    Poll::Pending => {
                        self.wait(context);
                        return Poll::Pending;
                    }
                },
                Err(_) => self.breaks(context),
            }
        }
    }

    /// The body does not end as it should.
    fn breaks(&mut self, context: &Context<'_>) {
        self.reading = Reading::Broken;
        self.tell(context);
    }

    /// Tells who drives the connection that something has changed, if that is another.
    fn tell(&mut self, context: &Context<'_>) {
        self.reader = None;
        if let Some(driver) = self.driver.take_if(|driver| !driver.will_wake(context.waker())) {
            driver.wake();
        }
    }

    /// Notes who is to be told when the connection ends, if that is another than who drives it.
    fn wait(&mut self, context: &Context<'_>) {
        let waker = context.waker();
        let known = [&self.driver, &self.reader];
        if !known.into_iter().flatten().any(|known| known.will_wake(waker)) {
            self.reader = Some(waker.clone());
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Sender for Wire<S> {
    fn poll_part(&self, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Stopped>>> {
        let mut ends = self.ends();
        if ends.goes_on == Continue::Waits {
            ends.goes_on = Continue::Due;
            if let Some(driver) = &ends.driver {
                driver.wake_by_ref();
            }
        }
        ends.poll_part(context)
    }

    fn is_at_end(&self) -> bool {
        matches!(self.ends().reading, Reading::Whole)
    }

    fn left(&self) -> SizeHint {
        match &self.ends().reading {
            Reading::Body(decoder) => match decoder.left() {
                Some(left) => SizeHint::with_exact(left),
                None => {
                    let mut hint = SizeHint::new();
                    hint.set_lower(decoder.at_least());
                    hint
                }
            },
            _ => SizeHint::with_exact(0),
        }
    }

    fn abandon(&self) {
        let mut ends = self.ends();
        if let Reading::Body(_) = &ends.reading
            && let Reading::Body(decoder) = std::mem::replace(&mut ends.reading, Reading::Broken)
        {
            ends.reading = Reading::Abandoned(decoder);
            ends.reader = None;
            if let Some(driver) = ends.driver.take() {
                driver.wake();
            }
        }
    }
}
