//! Whether the gateway on this machine takes requests: what a container's health command asks.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// The most time for all of it.
const PATIENCE: Duration = Duration::from_secs(3);

/// The most bytes of an answer.
const MOST: usize = 8 << 10;

/// Asks the operator's port at `address` for `/ready`.
///
/// # Errors
///
/// Nobody answers in time, or it is not ready: what it says.
pub(super) fn ask(address: SocketAddr) -> Result<(), String> {
    let until = Instant::now() + PATIENCE;
    let answer = exchange(here(address), until).map_err(|error| error.to_string())?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    match head.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)) {
        Some("200") => Ok(()),
        Some(_) => Err(body.trim().to_owned()),
        None => Err("it does not answer as a gateway does".to_owned()),
    }
}

/// Where to reach what listens on `address`: every address of the machine is reached by its loopback.
fn here(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

fn exchange(address: SocketAddr, until: Instant) -> std::io::Result<String> {
    let left = || {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            Err(std::io::Error::from(std::io::ErrorKind::TimedOut))
        } else {
            Ok(left)
        }
    };
    let mut stream = TcpStream::connect_timeout(&address, left()?)?;
    stream.set_write_timeout(Some(left()?))?;
    write!(stream, "GET /ready HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n")?;
    let (mut answer, mut buffer) = (Vec::new(), [0; 1024]);
    while answer.len() < MOST {
        stream.set_read_timeout(Some(left()?))?;
        let read = stream.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        answer.extend_from_slice(buffer.get(..read).unwrap_or_default());
    }
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    /// Asks a port that answers so.
    fn asked(answer: &'static str) -> Result<(), String> {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("bound").port();
        let other = thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("a connection");
            let mut head = [0; 512];
            let read = stream.read(&mut head).expect("a request");
            stream.write_all(answer.as_bytes()).expect("it listens");
            String::from_utf8_lossy(head.get(..read).expect("read")).into_owned()
        });
        let said = ask(SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), port));
        assert!(other.join().expect("it answered").starts_with("GET /ready HTTP/1.1\r\n"));
        said
    }

    #[test]
    fn only_200_is_ready() {
        assert_eq!(asked("HTTP/1.1 200 OK\r\n\r\nready\n"), Ok(()));
        let not = asked("HTTP/1.1 503 Service Unavailable\r\n\r\n{\"detail\":\"no keys\"}\n");
        assert_eq!(not, Err("{\"detail\":\"no keys\"}".to_owned()));
        assert!(asked("SSH-2.0\r\n").is_err());
        assert!(asked("").is_err());
    }

    #[test]
    fn nobody_there_is_no_health() {
        assert!(ask(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 1)).is_err());
    }
}
