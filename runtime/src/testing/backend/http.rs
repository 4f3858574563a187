//! Reads requests, well enough for those that a gateway sends.

use std::io::{self, Read};
use std::net::TcpStream;
use std::time::Instant;

use super::Received;
use super::reply::is_timeout;

/// Reads the next request; nothing when the connection has ended or `closed` says so. `input`
/// keeps what came behind it.
pub(super) fn read_request(
    stream: &TcpStream,
    input: &mut Vec<u8>,
    closed: &dyn Fn() -> bool,
) -> io::Result<Option<Received>> {
    let mut chunk = [0; 16 * 1024];
    loop {
        if let Some((request, length)) = parse(input) {
            input.drain(..length);
            return Ok(Some(request));
        }
        let mut stream = stream;
        match stream.read(&mut chunk) {
            Ok(0) => return Ok(None),
            Ok(size) => input.extend_from_slice(chunk.get(..size).unwrap_or_default()),
            Err(error) if is_timeout(&error) => {}
            Err(error) => return Err(error),
        }
        if closed() {
            return Ok(None);
        }
    }
}

/// A whole request at the front of `input`, and its length.
fn parse(input: &[u8]) -> Option<(Received, usize)> {
    let end = input.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let head = String::from_utf8_lossy(input.get(..end)?).into_owned();
    let mut lines = head.lines();
    let mut request_line = lines.next()?.split(' ');
    let (method, target) = (request_line.next()?, request_line.next()?);
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let field = |name: &str| headers.iter().find(|(known, _)| known == name);
    let (body, length) = if field("transfer-encoding").is_some() {
        chunks(input.get(end..)?)?
    } else {
        let length = field("content-length").and_then(|(_, length)| length.parse().ok());
        let body = input.get(end..end + length.unwrap_or(0))?.to_vec();
        let length = body.len();
        (body, length)
    };
    let request = Received {
        method: method.to_owned(),
        target: target.to_owned(),
        headers,
        body,
        connection: 0,
        start: Instant::now(),
        end: None,
        abandoned: false,
    };
    Some((request, end + length))
}

/// A whole body in chunks at the front of `input`, and how long it is with them.
fn chunks(input: &[u8]) -> Option<(Vec<u8>, usize)> {
    let (mut body, mut at) = (Vec::new(), 0);
    loop {
        let rest = input.get(at..)?;
        let line = rest.windows(2).position(|two| two == b"\r\n")?;
        let size = std::str::from_utf8(rest.get(..line)?).ok()?;
        let size = usize::from_str_radix(size, 16).ok()?;
        let start = line + 2;
        body.extend_from_slice(rest.get(start..start + size)?);
        at += start + size + 2;
        if size == 0 {
            // Fields may stand behind the last one.
            let fields = rest.get(start..)?;
            if fields.starts_with(b"\r\n") {
                return Some((body, at));
            }
            let end = fields.windows(4).position(|four| four == b"\r\n\r\n")?;
            return Some((body, at + end + 2));
        }
    }
}
