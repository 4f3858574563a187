//! A small blocking HTTP/1.1 client that sends exactly what it is told.

use std::fmt::Write as _;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// How long the client waits for anything before it fails the test.
const PATIENCE: Duration = Duration::from_secs(20);

/// A whole answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The header fields in order; names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, without transfer coding.
    pub body: Vec<u8>,
}

impl Answer {
    /// The first value of a header field, given in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// All values of a header field, given in lower case.
    pub fn headers(&self, name: &str) -> Vec<&str> {
        let known = self.headers.iter().filter(|(known, _)| known == name);
        known.map(|(_, value)| value.as_str()).collect()
    }

    /// The body as text; what is no UTF-8 is replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// Sends a `GET` on a connection of its own.
///
/// # Panics
///
/// When there is no whole answer within 20 s.
#[track_caller]
pub fn get(address: SocketAddr, target: &str) -> Answer {
    send(address, "GET", target, &[], b"")
}

/// Sends a request on a connection of its own. `Host` is added, and `Content-Length` when there is
/// a body, unless `headers` has them.
///
/// # Panics
///
/// When there is no whole answer within 20 s.
#[track_caller]
pub fn send(
    address: SocketAddr,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Answer {
    let mut client = Client::connect(address);
    client.request(method, target, headers, body);
    client.answer(method).expect("a whole answer")
}

/// One connection, for tests that ask more than once or write bytes of their own.
#[derive(Debug)]
pub struct Client {
    reader: BufReader<TcpStream>,
}

impl Client {
    /// Connects.
    ///
    /// # Panics
    ///
    /// When nobody accepts.
    #[track_caller]
    pub fn connect(address: SocketAddr) -> Client {
        let stream = TcpStream::connect(address).expect("the address accepts connections");
        stream.set_read_timeout(Some(PATIENCE)).expect("a positive time");
        stream.set_nodelay(true).expect("a connected socket");
        Client { reader: BufReader::new(stream) }
    }

    /// Writes bytes as they are.
    ///
    /// # Errors
    ///
    /// When the other side has closed.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.reader.get_mut().write_all(bytes)
    }

    /// Writes a request as [`send`] does. That the other side may have closed shows when its
    /// answer is read.
    pub fn request(&mut self, method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) {
        let has = |name: &str| headers.iter().any(|(known, _)| known.eq_ignore_ascii_case(name));
        let mut head = format!("{method} {target} HTTP/1.1\r\n");
        if !has("host") {
            head.push_str("Host: gateway.test\r\n");
        }
        for (name, value) in headers {
            let _ = write!(head, "{name}: {value}\r\n");
        }
        if !body.is_empty() && !has("content-length") && !has("transfer-encoding") {
            let _ = write!(head, "Content-Length: {}\r\n", body.len());
        }
        head.push_str("\r\n");
        let mut bytes = head.into_bytes();
        bytes.extend_from_slice(body);
        let _ = self.write(&bytes);
    }

    /// Reads the answer to a request with this method, without interim (1xx) ones.
    ///
    /// # Errors
    ///
    /// When the connection ends or nothing comes for 20 s before the answer is whole.
    pub fn answer(&mut self, method: &str) -> io::Result<Answer> {
        loop {
            let (status, headers) = self.head()?;
            if (100..200).contains(&status) {
                continue;
            }
            let mut answer = Answer { status, headers, body: Vec::new() };
            if method != "HEAD" && !matches!(status, 204 | 304) {
                answer.body = self.body(&answer)?;
            }
            return Ok(answer);
        }
    }

    /// Whether the other side has closed the connection. Waits for it, or for bytes.
    pub fn is_closed(&mut self) -> bool {
        match self.reader.fill_buf() {
            Ok(bytes) => bytes.is_empty(),
            Err(error) => error.kind() == io::ErrorKind::ConnectionReset,
        }
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        if self.reader.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(line.trim_end().to_owned())
    }

    fn head(&mut self) -> io::Result<(u16, Vec<(String, String)>)> {
        let line = self.line()?;
        let status = line.split(' ').nth(1).and_then(|code| code.parse().ok());
        let status = status.ok_or_else(|| io::Error::other(format!("no status line: {line}")))?;
        let mut headers = Vec::new();
        loop {
            let line = self.line()?;
            match line.split_once(':') {
                None if line.is_empty() => return Ok((status, headers)),
                None => return Err(io::Error::other(format!("no header field: {line}"))),
                Some((name, value)) => {
                    headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
                }
            }
        }
    }

    fn body(&mut self, answer: &Answer) -> io::Result<Vec<u8>> {
        if answer.header("transfer-encoding").is_some() {
            return self.chunks();
        }
        let mut body = Vec::new();
        match answer.header("content-length").and_then(|length| length.parse::<usize>().ok()) {
            Some(length) => {
                body.resize(length, 0);
                self.reader.read_exact(&mut body)?;
            }
            None => {
                self.reader.read_to_end(&mut body)?;
            }
        }
        Ok(body)
    }

    fn chunks(&mut self) -> io::Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let line = self.line()?;
            let size = usize::from_str_radix(&line, 16).map_err(io::Error::other)?;
            let start = body.len();
            body.resize(start + size, 0);
            self.reader.read_exact(body.get_mut(start..).unwrap_or_default())?;
            self.line()?;
            if size == 0 {
                return Ok(body);
            }
        }
    }
}
