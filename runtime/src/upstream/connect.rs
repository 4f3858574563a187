//! Connects to a backend.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::timeout;

use super::Address;
use super::failure::Reason;
use super::link::Link;
use super::resolve::Resolver;
#[cfg(feature = "tls")]
use super::tls::Tls;
use crate::metrics;
use crate::stream::Socket;

/// How long one address may take to accept a connection. It lies within the attempt's own limit.
const CONNECT: Duration = Duration::from_secs(3);

/// Makes connections to one backend.
pub(super) struct Connector {
    /// The index of the backend.
    backend: usize,
    resolver: Resolver,
    #[cfg(feature = "tls")]
    tls: Option<Tls>,
}

impl Connector {
    pub(super) fn new(backend: usize, address: &Address) -> Connector {
        Connector {
            backend,
            resolver: Resolver::new(address),
            #[cfg(feature = "tls")]
            tls: address.secure.then(|| Tls::new(&address.host)),
        }
    }

    /// A fresh connection to the first address that accepts one.
    ///
    /// # Errors
    ///
    /// That there is no address, or what went wrong with the last one, without the address.
    pub(super) async fn connect(&self) -> Result<Link, Reason> {
        let mut last = Reason::NoAddress;
        for address in self.resolver.addresses().await {
            match open(address).await {
                Ok(socket) => {
                    metrics::here(|core| core.connected(self.backend));
                    return self.link(socket).await.map_err(Reason::Unreachable);
                }
                Err(error) => {
                    last = Reason::Unreachable(format!("cannot connect: {}", error.kind()));
                }
            }
        }
        Err(last)
    }

    #[cfg(not(feature = "tls"))]
    async fn link(&self, socket: Socket) -> Result<Link, String> {
        Link::open(socket.clone(), socket, false).await
    }

    #[cfg(feature = "tls")]
    async fn link(&self, socket: Socket) -> Result<Link, String> {
        match &self.tls {
            Some(tls) => Link::open(tls.secure(socket.clone()).await?, socket, true).await,
            None => Link::open(socket.clone(), socket, false).await,
        }
    }
}

async fn open(address: SocketAddr) -> io::Result<Socket> {
    let stream = timeout(CONNECT, TcpStream::connect(address))
        .await
        .map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
    stream.set_nodelay(true)?;
    Ok(Socket::new(stream))
}
