//! The PROXY protocol, versions 1 and 2: whom a proxy carries bytes for, which it says ahead of them.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use tokio::io::{AsyncReadExt, Interest};
use tokio::time::timeout;

use crate::metrics;
use crate::observe;
use crate::server::core::Core;
use crate::stream::Socket;

/// The longest header that is read, in bytes. One of version 2 could be 64 KB; what proxies say beside
/// addresses are names and, at most, a certificate.
const MOST: usize = 4096;
/// The longest header of version 1, with its line break.
const MOST_TEXT: usize = 107;
/// What a header of version 2 begins with.
const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";
/// What one of version 1 begins with.
const WORD: &[u8] = b"PROXY ";
/// How many bytes of a header of version 2 stand before its addresses.
const FIXED: usize = 16;
/// The part of a header of version 2 about TLS between the caller and the proxy.
const TLS: u8 = 0x20;

/// Whom a connection is carried for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Carried {
    pub(super) address: IpAddr,
    /// Whether the proxy was spoken to over TLS.
    pub(super) secure: bool,
}

/// What a header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Header {
    /// How many bytes it takes.
    length: usize,
    /// Nothing where the proxy speaks for itself, to see whether somebody answers for one.
    carried: Option<Carried>,
}

/// Finds out whom a connection from `peer` is carried for; nothing for one that is to be closed.
/// Only proxies that are trusted are listened to, and these must say it.
pub(super) async fn caller(core: &Core, socket: &Socket, peer: IpAddr) -> Option<Carried> {
    let alone = Carried { address: peer, secure: false };
    if !core.gateway.announces(peer) {
        return Some(alone);
    }
    let heard = match timeout(core.limits.head_time, header(socket)).await {
        Ok(Ok(header)) => return Some(header?.carried.unwrap_or(alone)),
        Ok(Err(error)) if error.kind() == io::ErrorKind::InvalidData => "it is none",
        Ok(Err(_)) => "the connection ended before it",
        Err(_) => "it did not come in time",
    };
    metrics::here(|core| core.unannounced.one());
    observe::unannounced(peer, heard);
    None
}

/// Reads a header and not a byte beyond it; nothing where the connection ends without a word.
async fn header(socket: &Socket) -> io::Result<Option<Header>> {
    let tcp = socket.tcp();
    let mut seen = vec![0; MOST];
    loop {
        let ready = tcp.ready(Interest::READABLE).await?;
        let size = tcp.peek(&mut seen).await?;
        let known = read(seen.get(..size).unwrap_or_default());
        let whole = known.map_err(|Malformed| io::Error::from(io::ErrorKind::InvalidData))?;
        if let Some(header) = whole {
            let said = seen.get_mut(..header.length).unwrap_or_default();
            socket.clone().read_exact(said).await?;
            return Ok(Some(header));
        }
        if ready.is_read_closed() {
            return if size == 0 { Ok(None) } else { Err(io::ErrorKind::UnexpectedEof.into()) };
        }
        // More of it is waited for: what is there is not to wake anybody again.
        let _ = tcp.try_io(Interest::READABLE, || Err::<(), _>(io::ErrorKind::WouldBlock.into()));
    }
}

/// What is no header.
#[derive(Debug, PartialEq, Eq)]
struct Malformed;

/// The header at the start of these bytes; nothing if more of them are needed.
fn read(bytes: &[u8]) -> Result<Option<Header>, Malformed> {
    let begins = |with: &[u8]| bytes.starts_with(with) || with.starts_with(bytes);
    match bytes {
        _ if begins(SIGNATURE) => binary(bytes),
        _ if begins(WORD) => text(bytes),
        _ => Err(Malformed),
    }
}

/// A header of version 1: `PROXY TCP4 192.0.2.1 198.51.100.1 56324 443`.
fn text(bytes: &[u8]) -> Result<Option<Header>, Malformed> {
    let most = bytes.get(..MOST_TEXT).unwrap_or(bytes);
    let Some(end) = most.windows(2).position(|pair| pair == b"\r\n") else {
        return if bytes.len() < MOST_TEXT { Ok(None) } else { Err(Malformed) };
    };
    let line = most.get(..end).and_then(|line| std::str::from_utf8(line).ok()).ok_or(Malformed)?;
    let words: Vec<&str> = line.split(' ').collect();
    let address = match words.as_slice() {
        ["PROXY", "UNKNOWN", ..] => None,
        ["PROXY", "TCP4", from, to, ports @ ..] => {
            let (from, _): (Ipv4Addr, Ipv4Addr) = both(from, to, ports)?;
            Some(IpAddr::V4(from))
        }
        ["PROXY", "TCP6", from, to, ports @ ..] => {
            let (from, _): (Ipv6Addr, Ipv6Addr) = both(from, to, ports)?;
            Some(IpAddr::V6(from))
        }
        _ => return Err(Malformed),
    };
    let carried = address.map(|address| Carried { address, secure: false });
    Ok(Some(Header { length: end + 2, carried }))
}

/// Both addresses of a line, if its ports are some.
fn both<A: std::str::FromStr>(from: &str, to: &str, ports: &[&str]) -> Result<(A, A), Malformed> {
    let port = |text: &&str| {
        let plain = *text == "0" || !text.starts_with(['0', '+']);
        plain && text.parse::<u16>().is_ok()
    };
    match (from.parse(), to.parse(), ports) {
        (Ok(from), Ok(to), [one, other]) if port(one) && port(other) => Ok((from, to)),
        _ => Err(Malformed),
    }
}

/// A header of version 2.
fn binary(bytes: &[u8]) -> Result<Option<Header>, Malformed> {
    let Some([version, family, high, low]) = bytes.get(SIGNATURE.len()..FIXED) else {
        return Ok(None);
    };
    let length = FIXED + usize::from(u16::from_be_bytes([*high, *low]));
    if length > MOST {
        return Err(Malformed);
    }
    let Some(rest) = bytes.get(FIXED..length) else { return Ok(None) };
    let carried = match (version, family) {
        // LOCAL: the proxy asks for itself.
        (0x20, _) => None,
        (0x21, 0x11 | 0x12) => {
            let (addresses, parts) = rest.split_first_chunk::<12>().ok_or(Malformed)?;
            let [a, b, c, d, ..] = *addresses;
            Some(Carried { address: Ipv4Addr::new(a, b, c, d).into(), secure: secure(parts)? })
        }
        (0x21, 0x21 | 0x22) => {
            let (addresses, parts) = rest.split_first_chunk::<36>().ok_or(Malformed)?;
            let (from, _) = addresses.split_first_chunk::<16>().ok_or(Malformed)?;
            Some(Carried { address: Ipv6Addr::from(*from).into(), secure: secure(parts)? })
        }
        // What has no address of the Internet, as a socket of the machine.
        (0x21, 0x00 | 0x31 | 0x32) => None,
        _ => return Err(Malformed),
    };
    Ok(Some(Header { length, carried }))
}

/// Whether the parts behind the addresses say that the proxy was spoken to over TLS.
fn secure(mut parts: &[u8]) -> Result<bool, Malformed> {
    let mut secure = false;
    while let Some((&[kind, high, low], rest)) = parts.split_first_chunk::<3>() {
        let size = usize::from(u16::from_be_bytes([high, low]));
        let (value, rest) = rest.split_at_checked(size).ok_or(Malformed)?;
        if kind == TLS {
            let flags = value.first().ok_or(Malformed)?;
            secure = flags & 1 != 0;
        }
        parts = rest;
    }
    if parts.is_empty() { Ok(secure) } else { Err(Malformed) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version_2(command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
        let length = u16::try_from(rest.len()).expect("short");
        [SIGNATURE, &[command, family], &length.to_be_bytes(), rest].concat()
    }

    fn address(bytes: &[u8]) -> Option<String> {
        let header = read(bytes).expect("well made").expect("whole");
        assert_eq!(header.length, bytes.len());
        header.carried.map(|carried| carried.address.to_string())
    }

    const V4: [u8; 12] = [203, 0, 113, 9, 127, 0, 0, 1, 1, 2, 3, 4];

    #[test]
    fn version_1_names_an_address() {
        for (line, expected) in [
            ("PROXY TCP4 203.0.113.9 127.0.0.1 56324 443\r\n", Some("203.0.113.9")),
            ("PROXY TCP6 2001:db8::1 ::1 0 65535\r\n", Some("2001:db8::1")),
            ("PROXY UNKNOWN\r\n", None),
            ("PROXY UNKNOWN ffff::1 what ever\r\n", None),
        ] {
            assert_eq!(address(line.as_bytes()).as_deref(), expected, "{line}");
        }
    }

    #[test]
    fn version_2_names_an_address() {
        assert_eq!(address(&version_2(0x21, 0x11, &V4)).as_deref(), Some("203.0.113.9"));
        let mut v6 = [0; 36];
        v6[15] = 1;
        assert_eq!(address(&version_2(0x21, 0x21, &v6)).as_deref(), Some("::1"));
        for alone in [(0x20, 0x11), (0x20, 0x00), (0x21, 0x00)] {
            assert_eq!(address(&version_2(alone.0, alone.1, &V4)), None, "{alone:?}");
        }
    }

    #[test]
    fn a_proxy_may_say_that_it_was_spoken_to_over_tls() {
        let of = |parts: &[u8]| {
            let header = read(&version_2(0x21, 0x11, &[&V4, parts].concat()));
            header.map(|header| header.expect("whole").carried.expect("an address").secure)
        };
        assert_eq!(of(&[]), Ok(false));
        assert_eq!(of(&[0x20, 0, 5, 1, 0, 0, 0, 0]), Ok(true));
        assert_eq!(of(&[0x20, 0, 5, 0, 0, 0, 0, 0]), Ok(false));
        assert_eq!(of(&[4, 0, 1, 0, 0x20, 0, 5, 7, 0, 0, 0, 0]), Ok(true));
        for malformed in [&[0x20][..], &[0x20, 0, 0], &[0x20, 0, 5, 1], &[1, 255, 255]] {
            assert_eq!(of(malformed), Err(Malformed), "{malformed:?}");
        }
    }

    #[test]
    fn a_part_of_a_header_is_waited_for_and_what_follows_it_is_left() {
        let line = b"PROXY TCP4 203.0.113.9 127.0.0.1 56324 443\r\n".to_vec();
        for header in [line, version_2(0x21, 0x11, &V4)] {
            for size in 0..header.len() {
                assert_eq!(read(header.get(..size).expect("a part")), Ok(None), "{size}");
            }
            let more = [&header[..], b"GET / HTTP/1.1\r\n"].concat();
            let length = read(&more).expect("well made").expect("whole").length;
            assert_eq!(length, header.len());
        }
    }

    #[test]
    fn what_is_no_header_is_known_at_once() {
        let too_long = format!("PROXY UNKNOWN {}", "x".repeat(MOST_TEXT));
        for wrong in [
            "GET / HTTP/1.1\r\n",
            "PRI * HTTP/2.0\r\n",
            "PROXY TCP4 203.0.113.9 127.0.0.1 56324\r\n",
            "PROXY TCP4 203.0.113.9 127.0.0.1 56324 443 7\r\n",
            "PROXY TCP4 203.0.113.9  127.0.0.1 56324 443\r\n",
            "PROXY TCP4 2001:db8::1 ::1 1 2\r\n",
            "PROXY TCP4 203.0.113.9 127.0.0.1 056 443\r\n",
            "PROXY TCP4 203.0.113.9 127.0.0.1 56324 65536\r\n",
            "PROXY UDP4 203.0.113.9 127.0.0.1 56324 443\r\n",
            &too_long,
        ] {
            assert_eq!(read(wrong.as_bytes()), Err(Malformed), "{wrong}");
        }
        let long = [SIGNATURE, &[0x21, 0x11, 255, 255]].concat();
        assert_eq!(read(&long), Err(Malformed));
        for (command, family) in [(0x22, 0x11), (0x11, 0x11), (0x21, 0x13), (0x21, 0x41)] {
            assert_eq!(read(&version_2(command, family, &V4)), Err(Malformed));
        }
        assert_eq!(read(&version_2(0x21, 0x21, &V4)), Err(Malformed), "too short for IPv6");
    }

    #[test]
    fn any_bytes_are_read() {
        let mut state = 7_u32;
        for _ in 0..20_000 {
            let mut next = || {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                u8::try_from(state >> 24).unwrap_or_default()
            };
            let size = usize::from(next() % 64);
            let bytes: Vec<u8> = (0..size).map(|_| next()).collect();
            let header = version_2(0x20 | (next() & 1), next() & 0x33, &bytes);
            for bytes in [&bytes, &header] {
                if let Ok(Some(header)) = read(bytes) {
                    assert!(header.length <= bytes.len());
                }
            }
        }
    }
}
