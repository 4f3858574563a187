//! The sockets that a gateway listens on.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use socket2::{Domain, Protocol, Socket, Type};

/// Connections that may wait to be accepted, per core.
const BACKLOG: i32 = 1024;

/// One listener per core on the same port. The kernel spreads connections over them.
///
/// # Errors
///
/// When the address is taken, also by another gateway: sockets that share a port would otherwise
/// share its connections without a word.
pub(super) fn listeners(address: SocketAddr, cores: usize) -> io::Result<Vec<TcpListener>> {
    let address = usable(address)?;
    if address.port() != 0 && cores > 1 {
        drop(bind(address, Sharing::Alone)?);
    }
    let sharing = if cores > 1 { Sharing::WithOtherCores } else { Sharing::Alone };
    let first = bind(address, sharing)?;
    let address = first.local_addr()?;
    let mut all = vec![first];
    for _ in 1..cores {
        all.push(bind(address, sharing)?);
    }
    for listener in &all {
        socket2::SockRef::from(listener).listen(BACKLOG)?;
    }
    Ok(all)
}

/// A handle per core of a socket that listens already. All of them take from one queue, which is
/// there for as long as any process has the socket.
///
/// # Errors
///
/// When there are no more descriptors.
pub(super) fn shared(listener: TcpListener, cores: usize) -> io::Result<Vec<TcpListener>> {
    let mut all = vec![listener];
    while let (Some(first), true) = (all.first(), all.len() < cores) {
        all.push(first.try_clone()?);
    }
    Ok(all)
}

/// The one listener on an address.
///
/// # Errors
///
/// When the address is taken or cannot be had.
pub(super) fn listener(address: SocketAddr) -> io::Result<TcpListener> {
    let listener = bind(usable(address)?, Sharing::Alone)?;
    socket2::SockRef::from(&listener).listen(BACKLOG)?;
    Ok(listener)
}

/// All IPv4 addresses in place of all IPv6 ones, on a machine without IPv6.
fn usable(address: SocketAddr) -> io::Result<SocketAddr> {
    let made = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP));
    match made {
        Ok(_) => Ok(address),
        Err(_) if address.ip().is_unspecified() => {
            Ok(SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), address.port()))
        }
        Err(error) => Err(error),
    }
}

/// Whether other sockets of this process listen on the same port.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sharing {
    Alone,
    WithOtherCores,
}

fn bind(address: SocketAddr, sharing: Sharing) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    if sharing == Sharing::WithOtherCores {
        socket.set_reuse_port(true)?;
    }
    if address.is_ipv6() {
        socket.set_only_v6(false)?;
    }
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    Ok(socket.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loopback(port: u16) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], port))
    }

    #[test]
    fn all_cores_share_the_port_that_the_first_one_got() {
        let listeners = listeners(loopback(0), 3).expect("a free port");
        let ports: Vec<_> =
            listeners.iter().map(|one| one.local_addr().expect("bound").port()).collect();
        assert_ne!(ports.first(), Some(&0));
        assert!(ports.windows(2).all(|pair| pair.first() == pair.last()), "{ports:?}");
    }

    #[test]
    fn a_second_gateway_cannot_take_the_same_port() {
        for cores in [1, 2] {
            let first = listeners(loopback(0), cores).expect("a free port");
            let taken = first.first().expect("one").local_addr().expect("bound");
            for others in [1, 2] {
                let error = listeners(taken, others).expect_err("the port is taken");
                assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
            }
        }
    }
}
