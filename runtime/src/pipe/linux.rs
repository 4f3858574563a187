//! Pipes of Linux, and `splice(2)`.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use rustix::io::Errno;
use rustix::pipe::{
    PipeFlags, SpliceFlags, fcntl_getpipe_size, fcntl_setpipe_size, pipe_with, splice,
};

use super::Moved;

/// How much a pipe is to hold. More makes fewer calls of the system, until what goes through does not
/// fit into the caches of a processor any more; and it is what a slow caller may hold.
const ROOM: usize = 256 * 1024;
/// How much it has to: the system gives less to who has many.
const LEAST: usize = 64 * 1024;

/// Both ends of a pipe.
pub(super) struct Ends {
    read: OwnedFd,
    write: OwnedFd,
}

impl Ends {
    /// A new pipe; nothing where there are too many files or pipes already.
    pub(super) fn open() -> Option<Ends> {
        let (read, write) = pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK).ok()?;
        let size = fcntl_setpipe_size(&write, ROOM).or_else(|_| fcntl_getpipe_size(&write));
        size.is_ok_and(|size| size >= LEAST).then_some(Ends { read, write })
    }

    /// Moves what there is behind a socket to the pipe, at most so many bytes.
    pub(super) fn fill(&self, from: impl AsFd, most: u64) -> io::Result<Moved> {
        moved(from, &self.write, usize::try_from(most).unwrap_or(ROOM).min(ROOM))
    }

    /// Moves so many bytes of the pipe to a socket, or as many as that takes.
    pub(super) fn drain(&self, to: impl AsFd, most: usize) -> io::Result<Moved> {
        moved(&self.read, to, most)
    }

    /// Reads what is in the pipe.
    pub(super) fn read(&self, into: &mut [u8]) -> io::Result<usize> {
        Ok(rustix::io::read(&self.read, into)?)
    }
}

fn moved(from: impl AsFd, to: impl AsFd, most: usize) -> io::Result<Moved> {
    let flags = SpliceFlags::MOVE | SpliceFlags::NONBLOCK;
    loop {
        match splice(&from, None, &to, None, most, flags) {
            Ok(size) => return Ok(Moved::Bytes(size)),
            Err(Errno::INTR) => {}
            // Old systems, those that others play, and those where it is forbidden.
            Err(Errno::INVAL | Errno::NOSYS | Errno::PERM | Errno::ACCESS | Errno::OPNOTSUPP) => {
                return Ok(Moved::Refused);
            }
            Err(error) => return Err(error.into()),
        }
    }
}
