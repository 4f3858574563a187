//! The body of a request: read whole, within limits of size and time.

use std::future::poll_fn;
use std::pin::Pin;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body::Body;
use tokio::time::timeout;

use super::Arriving;
use crate::error::{Error, Kind};

/// How much of a body is read, and for how long.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// In bytes.
    pub(crate) size: usize,
    /// From the end of the head to the last byte.
    pub(crate) time: Duration,
}

/// Why a body is not there.
enum Fault {
    TooLarge,
    Broken,
}

/// Reads a body to its end.
///
/// # Errors
///
/// 413 when it is, or says it will be, too large; 408 when it takes too long; 400 when it ends
/// early or is not framed well.
pub(crate) async fn read(body: &mut Arriving, limits: Limits) -> Result<Bytes, Error> {
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    if body.size_hint().lower() > u64::try_from(limits.size).unwrap_or(u64::MAX) {
        return Err(Kind::BodyTooLarge { limit: limits.size }.into());
    }
    match timeout(limits.time, collect(body, limits.size)).await {
        Err(_) => Err(Kind::Slow.into()),
        Ok(Err(Fault::TooLarge)) => Err(Kind::BodyTooLarge { limit: limits.size }.into()),
        Ok(Err(Fault::Broken)) => Err(Kind::Malformed("the body ended early").into()),
        Ok(Ok(bytes)) => Ok(bytes),
    }
}

/// Reads a body away, so that an answer sent early is not lost with the connection: closing a
/// socket with unread bytes resets it (RFC 9112 section 9.6).
pub(crate) async fn drain(mut body: Arriving, limits: Limits) {
    let reading = async {
        let mut left = limits.size;
        while let Some(Ok(frame)) = frame(&mut body).await {
            let size = frame.data_ref().map_or(0, Bytes::len);
            match left.checked_sub(size) {
                Some(rest) => left = rest,
                None => return,
            }
        }
    };
    let _ = timeout(limits.time, reading).await;
}

async fn collect(body: &mut Arriving, limit: usize) -> Result<Bytes, Fault> {
    let mut whole = Chunks::default();
    while let Some(frame) = frame(body).await {
        let frame = frame.map_err(|_| Fault::Broken)?;
        if let Ok(data) = frame.into_data() {
            whole.push(data, limit).ok_or(Fault::TooLarge)?;
        }
    }
    Ok(whole.finish())
}

/// The next frame of a body.
pub(crate) async fn frame<B: Body<Data = Bytes> + Unpin>(
    body: &mut B,
) -> Option<Result<http_body::Frame<Bytes>, B::Error>> {
    poll_fn(|context| Pin::new(&mut *body).poll_frame(context)).await
}

/// Chunks on their way to one piece. One chunk alone is never copied.
#[derive(Default)]
pub(crate) struct Chunks {
    first: Bytes,
    rest: BytesMut,
}

impl Chunks {
    /// Adds a chunk; nothing when that would be more than `limit` bytes in all.
    pub(crate) fn push(&mut self, data: Bytes, limit: usize) -> Option<()> {
        let size = self.len().checked_add(data.len())?;
        if size > limit {
            return None;
        }
        if self.first.is_empty() && self.rest.is_empty() {
            self.first = data;
        } else {
            if self.rest.is_empty() {
                self.rest.extend_from_slice(&std::mem::take(&mut self.first));
            }
            self.rest.extend_from_slice(&data);
        }
        Some(())
    }

    fn len(&self) -> usize {
        self.first.len() + self.rest.len()
    }

    /// Everything that was added.
    pub(crate) fn finish(self) -> Bytes {
        if self.rest.is_empty() { self.first } else { self.rest.freeze() }
    }
}
