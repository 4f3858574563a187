//! Connects to a host that a backend is on.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use http::HeaderValue;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::address::{Address, Host};
use super::dns::Nameservers;
use super::failure::Reason;
use super::link::{Link, One, Two, Wanted};
#[cfg(feature = "tls")]
use super::tls::{Tls, Trust};
use crate::stream::Socket;

/// How long one address may take to accept a connection. It lies within the attempt's own limit.
pub(super) const CONNECT: Duration = Duration::from_secs(3);

/// How connections to a backend are made, wherever it is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Approach {
    /// Whom it must be, and what it is shown.
    #[cfg(feature = "tls")]
    pub(crate) trust: Trust,
    /// Who knows where services are.
    pub(crate) nameservers: Nameservers,
}

/// Whom connections are made to, whatever their addresses.
pub(super) struct Origin {
    /// The value of `Host` (RFC 9110 section 7.2).
    pub(super) authority: HeaderValue,
    /// Whether requests share connections to it, as far as its address says.
    pub(super) http2: bool,
    #[cfg(feature = "tls")]
    tls: Option<Tls>,
}

impl Origin {
    pub(super) fn new(host: &Host, address: &Address, approach: &Approach) -> Origin {
        #[cfg(not(feature = "tls"))]
        let _ = approach;
        Origin {
            authority: host.authority.clone(),
            http2: address.http2,
            #[cfg(feature = "tls")]
            tls: address.secure.then(|| Tls::new(host.owner(), &approach.trust)),
        }
    }

    /// A fresh connection to this address, by this limit, within which it must also be secured.
    /// Without a limit it has 3 s to accept it.
    ///
    /// # Errors
    ///
    /// What went wrong, without the address.
    pub(super) async fn connect(
        &self,
        address: SocketAddr,
        limit: Option<Duration>,
        wanted: Wanted,
    ) -> Result<Link, Reason> {
        let connecting = async {
            let socket = open(address).await.map_err(|error| {
                Reason::Unreachable(format!("cannot connect: {}", error.kind()))
            })?;
            self.link(socket, wanted).await.map_err(Reason::Unreachable)
        };
        match limit {
            None => connecting.await,
            Some(limit) => timeout(limit, connecting).await.unwrap_or_else(|_| Err(late())),
        }
    }

    async fn link(&self, socket: Socket, wanted: Wanted) -> Result<Link, String> {
        #[cfg(feature = "tls")]
        if let Some(tls) = &self.tls {
            return tls.link(socket, wanted).await;
        }
        // A change of protocol is a matter of HTTP/1.1, which such a backend may speak besides.
        if self.http2 && wanted == Wanted::Any {
            return Two::open(socket, false).await.map(Link::Two);
        }
        Ok(Link::One(Box::new(One::open(socket.clone(), socket, false))))
    }
}

/// A connection was not made in time.
pub(super) fn late() -> Reason {
    Reason::Unreachable("cannot connect: timed out".to_owned())
}

pub(super) async fn open(address: SocketAddr) -> io::Result<Socket> {
    let stream = timeout(CONNECT, TcpStream::connect(address))
        .await
        .map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
    stream.set_nodelay(true)?;
    Ok(Socket::new(stream))
}
