//! Systems where bodies are read and written.

use std::convert::Infallible;
use std::io;

use tokio::net::TcpStream;

use super::Moved;

/// Both ends of a pipe, of which there is none.
pub(super) struct Ends(Infallible);

impl Ends {
    /// Nothing.
    pub(super) fn open() -> Option<Ends> {
        None
    }

    pub(super) fn fill(&self, _: &TcpStream, _: u64) -> io::Result<Moved> {
        match self.0 {}
    }

    pub(super) fn drain(&self, _: &TcpStream, _: usize) -> io::Result<Moved> {
        match self.0 {}
    }

    pub(super) fn read(&self, _: &mut [u8]) -> io::Result<usize> {
        match self.0 {}
    }
}
