//! A request on its way out over HTTP/1.1: its head, and its body as it comes.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::Method;
use http::header::{CONTENT_LENGTH, HOST, HeaderName, TRAILER, TRANSFER_ENCODING};
use http_body::Body;

use super::Head;
use crate::http1::out::{Out, Sink};
use crate::http1::write::{CHUNKED, Encoder, Short, content_length, field, names};
use crate::metrics::{self, Peer};
use crate::upstream::fields::Fields;
use crate::upstream::tunnel::Io;
use crate::upstream::upload::{Sent, Upload};

/// What goes out next, and what comes after it.
#[derive(Default)]
pub(super) struct Sending {
    out: Out,
    /// Where further parts of the body come from, and how they are written.
    body: Option<(Upload, Encoder)>,
    /// Whether anything was written.
    begun: bool,
}

/// Why a request cannot be sent.
pub(super) enum Fault {
    /// The connection takes no more.
    Io(io::Error),
    /// Its body ended before its end, or went on behind it.
    Body,
}

impl From<Short> for Fault {
    fn from(_: Short) -> Fault {
        Fault::Body
    }
}

impl Sending {
    /// Begins to send a request.
    pub(super) fn start(&mut self, head: &Head<'_>, body: Sent) {
        *self = Sending::default();
        let text = self.out.text();
        write_head(head, text);
        match body {
            Sent::Whole(whole) => {
                let expected = matches!(head.method, Method::POST | Method::PUT | Method::PATCH);
                if !whole.is_empty() || expected {
                    content_length(text, whole.len() as u64);
                }
                text.extend_from_slice(b"\r\n");
                self.out.push(whole, b"");
            }
            Sent::Passed(upload) => {
                let encoder = framed(text, head.headers, &upload);
                text.extend_from_slice(b"\r\n");
                self.body = Some((upload, encoder)).filter(|(_, encoder)| !encoder.is_done());
            }
        }
    }

    /// Whether all of it was written.
    pub(super) fn is_done(&self) -> bool {
        self.body.is_none() && self.out.is_done()
    }

    /// Whether a part of it was.
    pub(super) fn has_begun(&self) -> bool {
        self.begun
    }

    /// Gives it up.
    pub(super) fn stop(&mut self) {
        *self = Sending { begun: self.begun, ..Sending::default() };
    }

    /// Writes what can be written; ready once that is all of it.
    pub(super) fn poll(
        &mut self,
        io: &mut dyn Io,
        context: &mut Context<'_>,
    ) -> Poll<Result<(), Fault>> {
        loop {
            // What is there of the body goes with its head.
            let waits = self.take_more(context)?;
            let mut backend = Backend { io, begun: &mut self.begun };
            ready!(self.out.poll(&mut backend, context)).map_err(Fault::Io)?;
            if self.body.is_none() {
                return Poll::Ready(Ok(()));
            }
            if waits {
                return Poll::Pending;
            }
        }
    }

    /// Takes what is there of the body, as far as there is room. Says whether more is waited for.
    fn take_more(&mut self, context: &mut Context<'_>) -> Result<bool, Fault> {
        while self.out.has_room()
            && let Some((body, encoder)) = &mut self.body
        {
            let ended = match Pin::new(&mut *body).poll_frame(context) {
                Poll::Pending => return Ok(true),
                Poll::Ready(Some(Ok(frame))) => {
                    if frame.data_ref().is_some_and(|data| !encoder.fits(data.len())) {
                        return Err(Fault::Body);
                    }
                    encoder.push(frame, body.is_end_stream(), &mut self.out)?
                }
                Poll::Ready(Some(Err(_))) => return Err(Fault::Body),
                Poll::Ready(None) => encoder.end(&mut self.out).map(|()| true)?,
            };
            if ended {
                self.body = None;
            }
        }
        Ok(false)
    }
}

/// Writes how the body is framed.
fn framed(text: &mut Vec<u8>, headers: &Fields, upload: &Upload) -> Encoder {
    if let Some(length) = upload.size_hint().exact() {
        content_length(text, length);
        return Encoder::Length(length);
    }
    text.extend_from_slice(CHUNKED);
    Encoder::Chunked(announced(headers))
}

/// The fields that may stand behind the body, by what stands before it.
pub(super) fn announced(headers: &Fields) -> Vec<HeaderName> {
    let lists = headers.iter().filter(|(name, _)| **name == TRAILER);
    let announced = lists.flat_map(|(_, list)| names(list));
    // Who puts fields behind the body beside those before it must not take one for the other.
    announced.filter(|name| !headers.contains(name)).collect()
}

/// Everything of a head but how its body is framed, and its end.
fn write_head(head: &Head<'_>, text: &mut Vec<u8>) {
    text.extend_from_slice(head.method.as_str().as_bytes());
    text.push(b' ');
    text.extend_from_slice(head.target.as_str().as_bytes());
    text.extend_from_slice(b" HTTP/1.1\r\n");
    // Whom it is for stands first (RFC 9110 section 7.2).
    if let Some(host) = head.instead.host.or_else(|| head.headers.get(&HOST)) {
        field(text, &HOST, host);
    }
    let own = |name: &HeaderName| [HOST, CONTENT_LENGTH, TRANSFER_ENCODING].contains(name);
    for (name, value) in head.headers.iter() {
        if !own(name) && head.instead.of(name).is_none() {
            field(text, name, value);
        }
    }
    for (name, value) in head.instead.fields() {
        field(text, &name, value);
    }
}

/// The connection to a backend, and whether anything was written to it.
struct Backend<'s> {
    io: &'s mut dyn Io,
    begun: &'s mut bool,
}

impl Sink for Backend<'_> {
    fn poll_send(
        &mut self,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let io = Pin::new(&mut *self.io);
        let written = ready!(match slices {
            [one] => io.poll_write(context, one),
            _ => io.poll_write_vectored(context, slices),
        })?;
        *self.begun |= written > 0;
        metrics::here(|core| core.sent(Peer::Backend, written));
        Poll::Ready(Ok(written))
    }

    fn poll_settle(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.io).poll_flush(context)
    }
}
