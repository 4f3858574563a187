//! Long bodies on their way from one socket to another: through a pipe, within the system, where nobody
//! reads them and nothing is copied.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(not(target_os = "linux"))]
mod other;
#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests;

use std::cell::{Cell, RefCell};
use std::io;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use tokio::io::Interest;

#[cfg(target_os = "linux")]
use self::linux::Ends;
#[cfg(not(target_os = "linux"))]
use self::other::Ends;
use crate::stream::Socket;
use crate::upstream::Stopped;

/// From how many bytes on that are to come a body goes through a pipe: less is read and written at less
/// cost.
pub(crate) const FROM: u64 = 64 * 1024;
/// The most pipes that bodies of one core are in at the same time. One is held only while something is in
/// it: by a caller who is slow.
const MOST: usize = 64;
/// The most empty pipes that a core keeps.
const KEPT: usize = 4;

thread_local! {
    /// The empty pipes of this core.
    static SPARE: RefCell<Vec<Ends>> = const { RefCell::new(Vec::new()) };
    /// How many pipes are in use.
    static USED: Cell<usize> = const { Cell::new(0) };
    /// Whether the system has refused.
    static REFUSED: Cell<bool> = const { Cell::new(false) };
}

/// A body, the next bytes of which may be moved without being read.
pub(crate) trait Pours {
    /// How many bytes come next over a socket, as they are to go out; 0 where they have to be read.
    fn pours(&self) -> u64 {
        0
    }

    /// Moves the next bytes, at most so many, to an empty pipe. How many these are; 0 where they have to
    /// be read after all.
    fn poll_pour(
        &mut self,
        pipe: &mut Pipe,
        most: u64,
        context: &mut Context<'_>,
    ) -> Poll<Result<u64, Stopped>> {
        let _ = (pipe, most, context);
        Poll::Ready(Ok(0))
    }
}

/// What the system has done.
#[derive(Debug)]
enum Moved {
    /// So many bytes were moved; none at the end.
    Bytes(usize),
    /// It does not do this.
    Refused,
}

/// A pipe, and what is in it.
pub(crate) struct Pipe {
    /// Nothing only while it is dropped.
    ends: Option<Ends>,
    held: usize,
}

impl Pipe {
    /// An empty pipe; nothing where there is none to be had.
    pub(crate) fn take() -> Option<Pipe> {
        if REFUSED.get() || USED.get() >= MOST {
            return None;
        }
        let ends = SPARE.with_borrow_mut(Vec::pop).or_else(Ends::open)?;
        USED.set(USED.get() + 1);
        Some(Pipe { ends: Some(ends), held: 0 })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.held == 0
    }

    /// Moves what has come in over a socket to this pipe, which is empty: at most `most` bytes. How many
    /// these are, 0 at the end; nothing where the system does not do this, and then not another time.
    pub(crate) fn poll_fill(
        &mut self,
        from: &Socket,
        most: u64,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<Option<usize>>> {
        let Some(ends) = &self.ends else { return Poll::Ready(Ok(None)) };
        loop {
            ready!(from.tcp().poll_read_ready(context))?;
            match from.tcp().try_io(Interest::READABLE, || ends.fill(from.tcp(), most)) {
                Ok(Moved::Bytes(size)) => {
                    self.held += size;
                    return Poll::Ready(Ok(Some(size)));
                }
                Ok(Moved::Refused) => {
                    REFUSED.set(true);
                    return Poll::Ready(Ok(None));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }

    /// Moves what is in it to a socket: how much of it; nothing where the system does not do this.
    pub(crate) fn poll_drain(
        &mut self,
        to: &Socket,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<Option<usize>>> {
        let Some(ends) = &self.ends else { return Poll::Ready(Ok(None)) };
        loop {
            ready!(to.tcp().poll_write_ready(context))?;
            match to.tcp().try_io(Interest::WRITABLE, || ends.drain(to.tcp(), self.held)) {
                Ok(Moved::Bytes(0)) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Ok(Moved::Bytes(size)) => {
                    self.held = self.held.saturating_sub(size);
                    return Poll::Ready(Ok(Some(size)));
                }
                Ok(Moved::Refused) => {
                    REFUSED.set(true);
                    return Poll::Ready(Ok(None));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }

    /// Reads what is in it.
    pub(crate) fn spill(&mut self) -> io::Result<Bytes> {
        let mut whole = vec![0; self.held];
        let mut at = 0;
        while let (Some(rest), Some(ends)) = (whole.get_mut(at..), &self.ends)
            && !rest.is_empty()
        {
            match ends.read(rest)? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                size => at += size,
            }
        }
        self.held = 0;
        Ok(Bytes::from(whole))
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        let Some(ends) = self.ends.take() else { return };
        // A core that ends keeps nothing; and what is left in a pipe is nobody else's.
        let _ = USED.try_with(|used| used.set(used.get().saturating_sub(1)));
        let _ = SPARE.try_with(|spare| {
            let mut spare = spare.borrow_mut();
            if self.held == 0 && spare.len() < KEPT {
                spare.push(ends);
            }
        });
    }
}
