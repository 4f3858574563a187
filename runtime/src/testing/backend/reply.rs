//! One way to answer.

use std::io::{self, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// One way to answer.
#[derive(Clone, Debug)]
pub(super) struct Reply {
    pub(super) pause: Duration,
    pub(super) shape: Shape,
    pub(super) after: After,
    status: u16,
    body: Vec<u8>,
}

/// How an answer is written.
#[derive(Clone, Debug)]
pub(super) enum Shape {
    /// With its length.
    Plain,
    /// With its length, one byte at a time.
    Dripping(Duration),
    /// In chunks, without its length.
    Unannounced,
    /// The body is everything.
    Raw,
}

/// What becomes of the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum After {
    KeepOpen,
    Close,
}

impl Reply {
    pub(super) fn json(status: u16, body: &str) -> Reply {
        Reply {
            pause: Duration::ZERO,
            shape: Shape::Plain,
            after: After::KeepOpen,
            status,
            body: body.into(),
        }
    }

    pub(super) fn raw(bytes: &[u8]) -> Reply {
        Reply {
            pause: Duration::ZERO,
            shape: Shape::Raw,
            after: After::Close,
            status: 0,
            body: bytes.into(),
        }
    }

    /// Answers. Fails when the other side has closed the connection, or `closed` says so.
    pub(super) fn write(
        &self,
        mut stream: &TcpStream,
        closed: &dyn Fn() -> bool,
    ) -> io::Result<()> {
        wait(stream, self.pause, closed)?;
        let head = format!("HTTP/1.1 {} Told\r\nContent-Type: application/json\r\n", self.status);
        match self.shape {
            Shape::Plain => {
                let mut all = format!("{head}Content-Length: {}\r\n\r\n", self.body.len());
                if self.status == 204 {
                    all = format!("{head}\r\n");
                }
                let mut all = all.into_bytes();
                all.extend_from_slice(&self.body);
                stream.write_all(&all)
            }
            Shape::Dripping(pause) => {
                write!(stream, "{head}Content-Length: {}\r\n\r\n", self.body.len())?;
                for byte in &self.body {
                    wait(stream, pause, closed)?;
                    stream.write_all(std::slice::from_ref(byte))?;
                }
                Ok(())
            }
            Shape::Unannounced => {
                write!(stream, "{head}Transfer-Encoding: chunked\r\n\r\n")?;
                for chunk in self.body.chunks(8192) {
                    write!(stream, "{:x}\r\n", chunk.len())?;
                    stream.write_all(chunk)?;
                    stream.write_all(b"\r\n")?;
                }
                stream.write_all(b"0\r\n\r\n")
            }
            Shape::Raw => stream.write_all(&self.body),
        }
    }
}

/// Waits, but not for one who has gone.
fn wait(stream: &TcpStream, pause: Duration, closed: &dyn Fn() -> bool) -> io::Result<()> {
    let end = Instant::now() + pause;
    while Instant::now() < end {
        // The stream's read timeout makes this a pause.
        match stream.peek(&mut [0]) {
            Ok(0) => return Err(io::ErrorKind::ConnectionAborted.into()),
            Ok(_) => std::thread::sleep(Duration::from_millis(1)),
            Err(error) if is_timeout(&error) => {}
            Err(error) => return Err(error),
        }
        if closed() {
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
    }
    Ok(())
}

/// Whether a read ended only because nothing came.
pub(super) fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}
