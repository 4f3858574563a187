//! What a connection is read from and written to, and what is spoken over it.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::time::timeout;

use super::Shown;
#[cfg(all(feature = "auth", feature = "tls"))]
use crate::auth::Certificate;
use crate::server::core::{Core, Counted};
use crate::stream::{Plain, Socket};

/// What HTTP/2 begins with (RFC 9113 section 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// What a caller speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    /// HTTP/1.1 or 1.0.
    One,
    /// HTTP/2.
    Two,
}

/// A connection of a caller, as its bytes are read and written.
pub(super) enum Io {
    Plain(Socket),
    #[cfg(feature = "tls")]
    Secure(Box<tokio_rustls::server::TlsStream<Socket>>),
}

impl Io {
    /// Secures a connection, if it is to be, and finds out what is spoken over it; nothing when that
    /// fails or takes too long.
    pub(super) async fn open(core: &Counted, socket: Socket) -> Option<(Io, Protocol)> {
        #[cfg(feature = "tls")]
        if let Some(acceptor) = &core.acceptor {
            let secured = timeout(core.limits.handshake, acceptor.secure(socket)).await;
            let secured = secured.ok()?.ok()?;
            let protocol = match secured.get_ref().1.alpn_protocol() {
                Some(b"h2") => Protocol::Two,
                _ => Protocol::One,
            };
            return Some((Io::Secure(Box::new(secured)), protocol));
        }
        let protocol = timeout(core.limits.head_time, spoken(&socket)).await.ok()?.ok()?;
        Some((Io::Plain(socket), protocol))
    }

    /// What is known of the caller before anything is asked.
    pub(super) fn shown(&self, core: &Core) -> Shown {
        #[cfg(not(all(feature = "auth", feature = "tls")))]
        let _ = core;
        let certificate = match self {
            #[cfg(all(feature = "auth", feature = "tls"))]
            Io::Secure(stream) => core.acceptor.as_ref().and_then(|acceptor| {
                Certificate::of(stream.get_ref().1.peer_certificates()?, acceptor.clone())
            }),
            _ => None,
        };
        Shown { secure: !matches!(self, Io::Plain(_)), certificate }
    }
}

/// What the first bytes of a connection say. They stay where they are: whoever speaks HTTP/1.1 costs
/// one look, and no copy.
async fn spoken(socket: &Socket) -> io::Result<Protocol> {
    let tcp = socket.tcp();
    loop {
        let ready = tcp.ready(Interest::READABLE).await?;
        let mut first = [0; PREFACE.len()];
        let size = tcp.peek(&mut first).await?;
        if let Some(protocol) = told(first.get(..size).unwrap_or_default(), ready.is_read_closed())
        {
            return Ok(protocol);
        }
        // More of it is waited for: what is there is not to wake anybody again.
        let _ = tcp.try_io(Interest::READABLE, || Err::<(), _>(io::ErrorKind::WouldBlock.into()));
    }
}

/// What is spoken on a connection that begins so; nothing if that remains to be seen.
fn told(first: &[u8], ended: bool) -> Option<Protocol> {
    match PREFACE.strip_prefix(first) {
        Some([]) => Some(Protocol::Two),
        Some(_) if !first.is_empty() && !ended => None,
        _ => Some(Protocol::One),
    }
}

impl Plain for Io {
    fn plain(&self) -> Option<&Socket> {
        match self {
            Io::Plain(socket) => Some(socket),
            #[cfg(feature = "tls")]
            Io::Secure(_) => None,
        }
    }
}

/// Calls a function of what is inside.
macro_rules! inside {
    ($io:expr, $inner:ident => $call:expr) => {
        match $io {
            Io::Plain($inner) => $call,
            #[cfg(feature = "tls")]
            Io::Secure($inner) => $call,
        }
    };
}

impl AsyncRead for Io {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        inside!(self.get_mut(), inner => Pin::new(inner).poll_read(context, buffer))
    }
}

impl AsyncWrite for Io {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        inside!(self.get_mut(), inner => Pin::new(inner).poll_write(context, bytes))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        inside!(self.get_mut(), inner => Pin::new(inner).poll_write_vectored(context, slices))
    }

    fn is_write_vectored(&self) -> bool {
        inside!(self, inner => inner.is_write_vectored())
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        inside!(self.get_mut(), inner => Pin::new(inner).poll_flush(context))
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        inside!(self.get_mut(), inner => Pin::new(inner).poll_shutdown(context))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_preface_is_http_2() {
        for size in 1..PREFACE.len() {
            let begun = PREFACE.get(..size).expect("a part");
            assert_eq!(told(begun, false), None, "{size}");
            assert_eq!(told(begun, true), Some(Protocol::One), "{size}");
        }
        assert_eq!(told(PREFACE, false), Some(Protocol::Two));
        for other in [&b""[..], b"GET / HTTP/1.1", b"PRI * HTTP/1.1\r\n\r\nSM\r\n\r\n", b"PUT"] {
            assert_eq!(told(other, false), Some(Protocol::One));
        }
        assert_eq!(told(b"P", false), None, "it may be a PUT");
    }
}
