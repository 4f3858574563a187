//! A connected socket as hyper wants it, watched by the one who owns the connection.

use std::cell::{Cell, RefCell};
use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use bytes::BytesMut;
use hyper::rt::ReadBufCursor;
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::http1::out::Sink;
use crate::metrics::{self, Peer};
use crate::pipe::Pipe;

/// The most bytes that one read takes from a socket.
const CHUNK: usize = 16 * 1024;

/// What the owner of a connection sees of its socket while hyper holds it.
#[derive(Debug, Default)]
pub(crate) struct Activity {
    /// Bytes that came in so far.
    pub(crate) received: Cell<u64>,
    /// Who is told once hyper has read the first of them; nobody where the connection ends before.
    pub(crate) first: RefCell<Option<oneshot::Sender<()>>>,
    /// Since when the other side has taken nothing of what it is sent.
    pub(crate) stalled: Cell<Option<Instant>>,
}

/// A socket that hyper reads and its owner can look at.
#[derive(Clone, Debug)]
pub(crate) struct Socket(Rc<TcpStream>);

impl Socket {
    pub(crate) fn new(stream: TcpStream) -> Socket {
        Socket(Rc::new(stream))
    }

    pub(crate) fn tcp(&self) -> &TcpStream {
        &self.0
    }

    /// Takes note that a read got less than it had room for: there is no more, and a read to find that
    /// out would be a call of the system in vain. What arrives from here on is told anew.
    fn emptied(&self) {
        let nothing = || Err::<(), _>(io::ErrorKind::WouldBlock.into());
        let _ = self.0.try_io(Interest::READABLE, nothing);
    }

    /// Looks at what has come in and was not read, as far as something was heard to have come in:
    /// as [`peek`](socket2::Socket::peek), without a call of the system where nothing was.
    pub(crate) fn peek_if_told(&self, space: &mut [MaybeUninit<u8>]) -> io::Result<usize> {
        self.0.try_io(Interest::READABLE, || socket2::SockRef::from(self.tcp()).peek(space))
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            ready!(self.0.poll_read_ready(context))?;
            match self.0.try_read_buf(buffer) {
                Ok(read) => {
                    if read > 0 && buffer.remaining() > 0 {
                        self.emptied();
                    }
                    return Poll::Ready(Ok(()));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        loop {
            ready!(self.0.poll_write_ready(context))?;
            match self.0.try_write(bytes) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                written => return Poll::Ready(written),
            }
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        loop {
            ready!(self.0.poll_write_ready(context))?;
            match self.0.try_write_vectored(slices) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                written => return Poll::Ready(written),
            }
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(socket2::SockRef::from(self.tcp()).shutdown(std::net::Shutdown::Write))
    }
}

/// What bytes are read from and written to, which may be a socket and nothing more.
pub(crate) trait Plain {
    /// The socket, where what is written here is what goes over it.
    fn plain(&self) -> Option<&Socket> {
        None
    }
}

/// A stream of bytes, plain or under TLS.
#[derive(Debug)]
pub(crate) struct Stream<S = Socket> {
    inner: S,
    peer: Peer,
    activity: Rc<Activity>,
}

impl<S> Stream<S> {
    pub(crate) fn new(inner: S, peer: Peer) -> Stream<S> {
        Stream { inner, peer, activity: Rc::default() }
    }

    /// What it reads and writes.
    pub(crate) fn into_inner(self) -> S {
        self.inner
    }

    pub(crate) fn activity(&self) -> Rc<Activity> {
        Rc::clone(&self.activity)
    }

    fn note(&self, written: &Poll<io::Result<usize>>) {
        let stalled = &self.activity.stalled;
        match written {
            Poll::Ready(result) => {
                stalled.set(None);
                if let Ok(bytes) = result {
                    metrics::here(|core| core.sent(self.peer, *bytes));
                }
            }
            Poll::Pending if stalled.get().is_none() => stalled.set(Some(Instant::now())),
            Poll::Pending => {}
        }
    }
}

impl<S: AsyncRead + Unpin> Stream<S> {
    /// Adds what has come in to `buffer`, at most [`CHUNK`] bytes, and says how many these are; 0 at the
    /// end. It is read elsewhere first, so a buffer takes no room before there is anything.
    pub(crate) fn poll_fill(
        &mut self,
        context: &mut Context<'_>,
        buffer: &mut BytesMut,
    ) -> Poll<io::Result<usize>> {
        let mut space = [const { MaybeUninit::uninit() }; CHUNK];
        let mut read = ReadBuf::uninit(&mut space);
        ready!(self.poll_into(context, &mut read))?;
        buffer.extend_from_slice(read.filled());
        Poll::Ready(Ok(read.filled().len()))
    }

    fn poll_into(
        &mut self,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.inner).poll_read(context, buffer))?;
        let received = &self.activity.received;
        let more = buffer.filled().len();
        received.set(received.get().wrapping_add(more as u64));
        metrics::here(|core| core.received(self.peer, more));
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> Sink for Stream<S> {
    fn poll_send(
        &mut self,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let inner = Pin::new(&mut self.inner);
        let written = match slices {
            [one] => inner.poll_write(context, one),
            _ => inner.poll_write_vectored(context, slices),
        };
        self.note(&written);
        written
    }

    fn poll_settle(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }
}

impl<S: AsyncWrite + Unpin> Stream<S> {
    /// Says that nothing more is sent.
    pub(crate) fn poll_end(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}

impl<S: Plain> Stream<S> {
    /// Whether a pipe can be emptied into it.
    pub(crate) fn is_plain(&self) -> bool {
        self.inner.plain().is_some()
    }

    /// Ready once the other side takes more.
    pub(crate) fn poll_room(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Some(socket) = self.inner.plain() else { return Poll::Ready(Ok(())) };
        let ready = socket.0.poll_write_ready(context);
        if ready.is_pending() {
            self.note(&Poll::Pending);
        }
        ready
    }

    /// Sends as much of what is in a pipe as the other side takes: how much; nothing where the system
    /// does not do this.
    pub(crate) fn poll_drain(
        &mut self,
        pipe: &mut Pipe,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<Option<usize>>> {
        let Some(socket) = self.inner.plain() else { return Poll::Ready(Ok(None)) };
        let drained = pipe.poll_drain(socket, context);
        match &drained {
            Poll::Ready(Ok(size)) => self.note(&Poll::Ready(Ok(size.unwrap_or(0)))),
            Poll::Ready(Err(_)) => {}
            Poll::Pending => self.note(&Poll::Pending),
        }
        drained
    }
}

impl<S: AsyncRead + Unpin> hyper::rt::Read for Stream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        mut cursor: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let mut space = [const { MaybeUninit::uninit() }; CHUNK];
        let (space, _) = space.split_at_mut(cursor.remaining().min(CHUNK));
        let mut buffer = ReadBuf::uninit(space);
        let begins = self.activity.received.get() == 0;
        ready!(self.poll_into(context, &mut buffer))?;
        cursor.put_slice(buffer.filled());
        if begins
            && !buffer.filled().is_empty()
            && let Some(tell) = self.activity.first.take()
        {
            let _ = tell.send(());
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> hyper::rt::Write for Stream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write(context, bytes);
        self.note(&written);
        written
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.poll_send(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}
