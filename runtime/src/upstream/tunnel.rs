//! Two connections that became one: bytes both ways after a change of protocol (RFC 9110 section
//! 7.8), for WebSocket and the like.

use std::cell::Cell;
use std::fmt;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf, copy_bidirectional_with_sizes};
use tokio::time::{Instant, sleep_until};

/// How long both sides may be silent. Longer than the usual pings.
const IDLE: Duration = Duration::from_secs(300);
/// The bytes that are held for each direction.
const HELD: usize = 16 * 1024;

/// Bytes in and out.
pub(crate) trait Io: AsyncRead + AsyncWrite + Unpin {}

impl<T: AsyncRead + AsyncWrite + Unpin> Io for T {}

/// The backend's side of a connection that changes its protocol.
pub(crate) struct Tunnel {
    io: Box<dyn Io>,
    /// What the backend sent right behind its answer.
    early: Bytes,
}

impl Tunnel {
    pub(super) fn new(io: Box<dyn Io>, early: Bytes) -> Tunnel {
        Tunnel { io, early }
    }

    /// Carries bytes both ways until both sides have ended, one has failed, or nothing moves any
    /// more. The end of one direction is passed on, the other goes on.
    pub(crate) async fn run(self, caller: impl Io, early: Bytes) {
        let Tunnel { mut io, early: answered } = self;
        let moved = Rc::new(Cell::new(Instant::now()));
        let mut caller = Watched { io: caller, moved: Rc::clone(&moved) };
        let carry = async {
            io.write_all(&early).await?;
            caller.write_all(&answered).await?;
            copy_bidirectional_with_sizes(&mut caller, &mut io, HELD, HELD).await?;
            io::Result::Ok(())
        };
        let idle = async {
            loop {
                let due = moved.get() + IDLE;
                if due <= Instant::now() {
                    return Ok(());
                }
                sleep_until(due).await;
            }
        };
        // Either side may vanish at any time: that is how most tunnels end.
        let _ = crate::server::race(carry, idle).await;
    }
}

impl fmt::Debug for Tunnel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tunnel").finish_non_exhaustive()
    }
}

/// Notes when something moved.
struct Watched<S> {
    io: S,
    moved: Rc<Cell<Instant>>,
}

impl<S> Watched<S> {
    fn note<T>(&self, polled: &Poll<T>) {
        if polled.is_ready() {
            self.moved.set(Instant::now());
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.io).poll_read(context, buffer);
        self.note(&polled);
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.io).poll_write(context, bytes);
        self.note(&polled);
        polled
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(context)
    }
}
