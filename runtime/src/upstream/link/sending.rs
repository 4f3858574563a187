//! A request on its way out over HTTP/1.1: its head, and its body as it comes.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::Method;
use http::header::{CONTENT_LENGTH, HOST, HeaderMap, HeaderName, TRAILER, TRANSFER_ENCODING};
use http_body::{Body, Frame};

use super::Head;
use crate::metrics::{self, Peer};
use crate::upstream::fields::Fields;
use crate::upstream::forward::is_framing;
use crate::upstream::tunnel::Io;
use crate::upstream::upload::{Sent, Upload};

/// Up to how many bytes a whole body is copied behind its head, so that they are one piece.
const TOGETHER: usize = 8 * 1024;

/// What goes out next, and what comes after it.
#[derive(Default)]
pub(super) struct Sending {
    /// A head, or what stands between two parts of a body.
    out: Vec<u8>,
    /// How much of that is written.
    written: usize,
    /// A part of the body, behind it.
    data: Bytes,
    /// What stands behind the part: the end of a chunk, or nothing.
    after: &'static [u8],
    /// Where further parts come from.
    body: Option<Upload>,
    /// How many bytes further parts have in all; nothing where they go in chunks.
    left: Option<u64>,
    /// The fields that may stand behind the last chunk.
    announced: Vec<HeaderName>,
    /// Whether anything was written.
    begun: bool,
    /// Whether what was written may still wait for the system to take it, as it does under TLS.
    held: bool,
}

/// Why a request cannot be sent.
pub(super) enum Fault {
    /// The connection takes no more.
    Io(io::Error),
    /// Its body ended before its end, or went on behind it.
    Body,
}

impl Sending {
    /// Begins to send a request.
    pub(super) fn start(&mut self, head: &Head<'_>, body: Sent) {
        self.out.clear();
        *self = Sending { out: std::mem::take(&mut self.out), held: true, ..Sending::default() };
        write_head(head, &mut self.out);
        match body {
            Sent::Whole(whole) => {
                let expected = matches!(head.method, Method::POST | Method::PUT | Method::PATCH);
                if !whole.is_empty() || expected {
                    write_length(whole.len() as u64, &mut self.out);
                }
                self.out.extend_from_slice(b"\r\n");
                if whole.len() <= TOGETHER {
                    self.out.extend_from_slice(&whole);
                } else {
                    self.data = whole;
                }
            }
            Sent::Passed(upload) => self.passes(head, upload),
        }
    }

    fn passes(&mut self, head: &Head<'_>, upload: Upload) {
        match upload.size_hint().exact() {
            Some(length) => {
                self.left = Some(length);
                write_length(length, &mut self.out);
            }
            None => {
                self.announced = announced(head.headers);
                write_field(&TRANSFER_ENCODING, b"chunked", &mut self.out);
            }
        }
        self.out.extend_from_slice(b"\r\n");
        self.body = Some(upload);
    }

    /// Whether all of it was written.
    pub(super) fn is_done(&self) -> bool {
        self.body.is_none() && self.is_written() && !self.held
    }

    /// Whether a part of it was.
    pub(super) fn has_begun(&self) -> bool {
        self.begun
    }

    /// Gives it up.
    pub(super) fn stop(&mut self) {
        *self = Sending { begun: self.begun, ..Sending::default() };
    }

    /// Gives memory back that a large head took.
    pub(super) fn shrink(&mut self) {
        self.out.clear();
        self.out.shrink_to(TOGETHER);
    }

    fn is_written(&self) -> bool {
        self.written == self.out.len() && self.data.is_empty() && self.after.is_empty()
    }

    /// Writes what can be written; ready once that is all of it.
    pub(super) fn poll(
        &mut self,
        io: &mut dyn Io,
        context: &mut Context<'_>,
    ) -> Poll<Result<(), Fault>> {
        loop {
            // What is there of the body goes with its head.
            if self.data.is_empty() && self.after.is_empty() {
                self.take_more(context)?;
            }
            if self.is_written() {
                ready!(Pin::new(&mut *io).poll_flush(context)).map_err(Fault::Io)?;
                if self.body.is_some() {
                    return Poll::Pending;
                }
                self.held = false;
                return Poll::Ready(Ok(()));
            }
            let written = ready!(self.write(io, context)).map_err(Fault::Io)?;
            self.begun = true;
            metrics::here(|core| core.sent(Peer::Backend, written));
            self.advance(written);
        }
    }

    fn write(&self, io: &mut dyn Io, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let out = self.out.get(self.written..).unwrap_or_default();
        let written = if self.data.is_empty() && self.after.is_empty() {
            ready!(Pin::new(io).poll_write(context, out))?
        } else {
            let parts = [IoSlice::new(out), IoSlice::new(&self.data), IoSlice::new(self.after)];
            ready!(Pin::new(io).poll_write_vectored(context, &parts))?
        };
        Poll::Ready(if written == 0 { Err(io::ErrorKind::WriteZero.into()) } else { Ok(written) })
    }

    /// So many bytes are written.
    fn advance(&mut self, written: usize) {
        let first = written.min(self.out.len() - self.written);
        self.written += first;
        if self.written == self.out.len() {
            self.out.clear();
            self.written = 0;
        }
        let second = (written - first).min(self.data.len());
        let _ = self.data.split_to(second);
        self.after = self.after.get(written - first - second..).unwrap_or_default();
    }

    /// Takes the next part of the body, if it is there.
    fn take_more(&mut self, context: &mut Context<'_>) -> Result<(), Fault> {
        while let Some(body) = &mut self.body {
            match Pin::new(body).poll_frame(context) {
                Poll::Pending => return Ok(()),
                Poll::Ready(Some(Ok(frame))) => self.add(frame)?,
                Poll::Ready(Some(Err(_))) => return Err(Fault::Body),
                Poll::Ready(None) => self.end(&HeaderMap::new())?,
            }
            if !self.data.is_empty() {
                return Ok(());
            }
        }
        Ok(())
    }

    fn add(&mut self, frame: Frame<Bytes>) -> Result<(), Fault> {
        let data = match frame.into_data() {
            Ok(data) => data,
            Err(frame) => return self.end(&frame.into_trailers().unwrap_or_default()),
        };
        let size = data.len() as u64;
        match &mut self.left {
            Some(left) => *left = left.checked_sub(size).ok_or(Fault::Body)?,
            // An empty chunk would be the last one.
            None if data.is_empty() => {}
            None => {
                write_hex(size, &mut self.out);
                self.out.extend_from_slice(b"\r\n");
                self.after = b"\r\n";
            }
        }
        self.data = data;
        Ok(())
    }

    /// Ends the body, with these fields where they were announced.
    fn end(&mut self, trailers: &HeaderMap) -> Result<(), Fault> {
        self.body = None;
        match self.left {
            Some(0) => Ok(()),
            Some(_) => Err(Fault::Body),
            None => {
                self.out.extend_from_slice(b"0\r\n");
                for (name, value) in
                    trailers.iter().filter(|(name, _)| self.announced.contains(name))
                {
                    write_field(name, value.as_bytes(), &mut self.out);
                }
                self.out.extend_from_slice(b"\r\n");
                Ok(())
            }
        }
    }
}

/// The fields that a head says will stand behind the body (RFC 9110 section 6.6.2).
fn announced(headers: &Fields) -> Vec<HeaderName> {
    let lists = headers.iter().filter(|(name, _)| **name == TRAILER);
    let lists = lists.filter_map(|(_, value)| value.to_str().ok());
    let names = lists.flat_map(|list| list.split(',')).map(str::trim);
    let names = names.filter_map(|name| HeaderName::from_bytes(name.as_bytes()).ok());
    names.filter(|name| !is_framing(name)).collect()
}

/// Everything of a head but how its body is framed, and its end.
fn write_head(head: &Head<'_>, out: &mut Vec<u8>) {
    out.extend_from_slice(head.method.as_str().as_bytes());
    out.push(b' ');
    out.extend_from_slice(head.target.as_str().as_bytes());
    out.extend_from_slice(b" HTTP/1.1\r\n");
    // Whom it is for stands first (RFC 9110 section 7.2).
    if let Some(host) = head.instead.host.or_else(|| head.headers.get(&HOST)) {
        write_field(&HOST, host.as_bytes(), out);
    }
    for (name, value) in head.headers.iter() {
        let own = *name == HOST || *name == CONTENT_LENGTH || *name == TRANSFER_ENCODING;
        if !own && head.instead.of(name).is_none() {
            write_field(name, value.as_bytes(), out);
        }
    }
    for (name, value) in head.instead.fields() {
        write_field(&name, value.as_bytes(), out);
    }
}

fn write_field(name: &HeaderName, value: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(name.as_str().as_bytes());
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
    out.extend_from_slice(b"\r\n");
}

fn write_length(length: u64, out: &mut Vec<u8>) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    let mut rest = length;
    for (index, digit) in digits.iter_mut().enumerate().rev() {
        *digit = b'0' + u8::try_from(rest % 10).unwrap_or(0);
        rest /= 10;
        at = index;
        if rest == 0 {
            break;
        }
    }
    write_field(&CONTENT_LENGTH, digits.get(at..).unwrap_or_default(), out);
}

fn write_hex(number: u64, out: &mut Vec<u8>) {
    let nibbles = (64 - number.leading_zeros()).div_ceil(4).max(1);
    for at in (0..nibbles).rev() {
        let digit = u8::try_from(number >> (4 * at) & 0xf).unwrap_or(0);
        out.push(if digit < 10 { b'0' + digit } else { b'a' + digit - 10 });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_they_are_read() {
        for number in [0, 1, 9, 10, 15, 16, 255, 256, 4096, 65_535, u64::MAX] {
            let (mut hex, mut decimal) = (Vec::new(), Vec::new());
            write_hex(number, &mut hex);
            write_length(number, &mut decimal);
            assert_eq!(String::from_utf8(hex).expect("digits"), format!("{number:x}"));
            let expected = format!("content-length: {number}\r\n");
            assert_eq!(String::from_utf8(decimal).expect("digits"), expected);
        }
    }
}
