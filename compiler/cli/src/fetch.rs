//! Requests over HTTP/1.1, each in bounded time, with a bounded answer.

mod answer;
mod tls;

pub(crate) use answer::Answer;
use gatewright_build::{Error, Fault};
use std::fmt;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// The most time for all of it.
const PATIENCE: Duration = Duration::from_secs(15);

/// The most time for one address to accept.
const CONNECT: Duration = Duration::from_secs(5);

/// What is asked for: scheme, host, port and path of an `http` or `https` address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    secure: bool,
    /// A name or an address; that of IPv6 without its brackets.
    host: String,
    port: u16,
    /// `/contract`
    pub(crate) path: String,
}

impl Address {
    /// Reads an address.
    ///
    /// # Errors
    ///
    /// It has credentials, a query or a fragment, or no host, or a port that is none.
    pub(crate) fn parse(text: &str) -> Result<Self, Error> {
        let wrong = |why: &str| {
            Error::wrong_use(format!("`{text}` is no address: {why}"))
                .help("write scheme, host and port: `http://127.0.0.1:9090`")
        };
        let (scheme, rest) = text.split_once("://").ok_or_else(|| wrong("it has no scheme"))?;
        let secure = scheme.eq_ignore_ascii_case("https");
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        if authority.contains('@') {
            return Err(wrong("it names who asks, and words on a command line are no secret"));
        }
        let plain = |byte: u8| byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte);
        if rest.contains(['?', '#']) || !rest.bytes().all(plain) {
            return Err(wrong("behind the host there is a path at most"));
        }
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => (host, Some(port)),
            _ => (authority, None),
        };
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        if host.is_empty() {
            return Err(wrong("it has no host"));
        }
        let port = match port {
            None if secure => 443,
            None => 80,
            Some(port) => port.parse().map_err(|_| wrong("its port is none"))?,
        };
        Ok(Self { secure, host: host.to_owned(), port, path: path.to_owned() })
    }

    /// The address at `host`, with or without a port, and with nothing behind it.
    ///
    /// # Errors
    ///
    /// As [`Address::parse`].
    pub(crate) fn of_host(host: &str, secure: bool) -> Result<Self, Error> {
        Self::parse(&format!("{}://{host}", if secure { "https" } else { "http" }))
    }

    /// The address that a header field of an answer from here leads to, which may have a query.
    ///
    /// # Errors
    ///
    /// It is none.
    pub(crate) fn led_to(&self, text: &str) -> Result<Self, Error> {
        if text.starts_with('/') {
            return self.at(text);
        }
        let (before, query) = text.split_at(text.find('?').unwrap_or(text.len()));
        let address = Self::parse(before)?;
        address.at(&format!("{}{query}", address.path))
    }

    /// The same host, and there a path with or without a query.
    ///
    /// # Errors
    ///
    /// It has letters that no path has.
    pub(crate) fn at(&self, path: &str) -> Result<Self, Error> {
        if !path.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Error::world(format!("{self} leads to what is no address")));
        }
        Ok(Self { path: path.to_owned(), ..self.clone() })
    }

    /// Whether both are on one server, reached in one way.
    pub(crate) fn is_beside(&self, other: &Address) -> bool {
        (self.secure, &self.host, self.port) == (other.secure, &other.host, other.port)
    }

    /// Whether nobody on the way can read what is sent.
    pub(crate) fn is_secure(&self) -> bool {
        self.secure
    }

    /// Host and port as they stand in a header field.
    pub(crate) fn authority(&self) -> String {
        let host =
            if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        match (self.secure, self.port) {
            (true, 443) | (false, 80) => host,
            (_, port) => format!("{host}:{port}"),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.secure { "https" } else { "http" };
        write!(f, "{scheme}://{}{}", self.authority(), self.path)
    }
}

/// A request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ask<'a> {
    /// `GET`
    pub(crate) method: &'a str,
    /// Where.
    pub(crate) address: &'a Address,
    /// Header fields beside those of every request.
    pub(crate) headers: &'a [(&'a str, String)],
    /// What is sent.
    pub(crate) body: &'a [u8],
    /// The most time for all of it.
    pub(crate) patience: Duration,
}

/// The body of the answer to a `GET`, which must be 200.
///
/// # Errors
///
/// Nobody answers in time, the other end is not who it must be, or it answers something else.
pub(crate) fn get(address: &Address) -> Result<Vec<u8>, Error> {
    let headers = [("Accept", "application/json".to_owned())];
    let ask = Ask { method: "GET", address, headers: &headers, body: &[], patience: PATIENCE };
    let answer = send(&ask).map_err(|error| match error.fault() {
        Fault::World => {
            error.help("is the gateway running, with its operator's port at this address?")
        }
        _ => error,
    })?;
    match answer.status {
        200 => Ok(answer.body),
        status @ 300..400 => {
            let to = answer.header("location").map_or_else(|| "nowhere".to_owned(), answer::shown);
            Err(Error::world(format!("{address} answers {status}, and leads to {to}"))
                .help("ask there, if that is the gateway's operator port"))
        }
        status => Err(Error::world(format!("{address} answers {status}"))
            .help("give the address of the operator's port, which `OPERATOR` says")),
    }
}

/// Makes sure that somebody listens there.
///
/// # Errors
///
/// Nobody does.
pub(crate) fn reach(address: &Address) -> Result<(), Error> {
    let reached = connect(address, Instant::now() + CONNECT);
    reached.map(drop).map_err(|error| Error::world(format!("cannot ask {address}: {error}")))
}

/// The answer to a request, whatever its status.
///
/// # Errors
///
/// Nobody answers in time, or the other end is not who it must be.
pub(crate) fn send(ask: &Ask<'_>) -> Result<Answer, Error> {
    let Ask { address, patience, .. } = *ask;
    let until = Instant::now() + patience;
    let failed = |error: &io::Error| {
        let why = match error.kind() {
            io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => {
                format!("no answer within {} s", patience.as_secs())
            }
            _ => error.to_string(),
        };
        Error::world(format!("cannot ask {address}: {why}"))
    };
    let stream = connect(address, until).map_err(|error| failed(&error))?;
    let mut stream = match address.secure {
        false => Stream::Plain(stream),
        true => Stream::Secure(Box::new(tls::secure(&address.host, stream)?)),
    };
    let sent = stream
        .write_all(head(ask).as_bytes())
        .and_then(|()| stream.write_all(ask.body))
        .and_then(|()| stream.flush());
    // Who refuses a request may answer before all of it was sent.
    match (answer::read(&mut stream, ask.method == "HEAD"), sent) {
        (Ok(answer), _) => Ok(answer),
        (Err(_), Err(error)) | (Err(error), Ok(())) => Err(failed(&error)),
    }
}

/// The request line and header fields.
fn head(ask: &Ask<'_>) -> String {
    let path = if ask.address.path.is_empty() { "/" } else { &ask.address.path };
    let mut head = format!(
        "{} {path} HTTP/1.1\r\nHost: {}\r\nUser-Agent: gatewright/{}\r\nConnection: close\r\n",
        ask.method,
        ask.address.authority(),
        gatewright_compiler::VERSION
    );
    for (name, value) in ask.headers {
        let value: String = value.chars().filter(|one| !one.is_control()).collect();
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    if !matches!(ask.method, "GET" | "HEAD") {
        head.push_str(&format!("Content-Length: {}\r\n", ask.body.len()));
    }
    head + "\r\n"
}

/// A connection to the first address of the host that accepts one.
fn connect(address: &Address, until: Instant) -> io::Result<Timed> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the host has no address");
    for one in resolve(address, until)? {
        let time = left(until)?.min(CONNECT);
        match TcpStream::connect_timeout(&one, time) {
            Ok(stream) => return Ok(Timed { stream, until }),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// The addresses of the host. Asking for them cannot be stopped, so a thread waits for them.
fn resolve(address: &Address, until: Instant) -> io::Result<Vec<SocketAddr>> {
    let (tell, told) = mpsc::channel();
    let host = (address.host.clone(), address.port);
    thread::spawn(move || {
        let found = host.to_socket_addrs().map(Iterator::collect);
        let _ = tell.send(found);
    });
    told.recv_timeout(left(until)?).map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
}

fn left(until: Instant) -> io::Result<Duration> {
    let left = until.saturating_duration_since(Instant::now());
    if left.is_zero() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(left) }
}

/// A connection that ends at a time, however its bytes drip.
struct Timed {
    stream: TcpStream,
    until: Instant,
}

impl Read for Timed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.set_read_timeout(Some(left(self.until)?))?;
        self.stream.read(buffer)
    }
}

impl Write for Timed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.set_write_timeout(Some(left(self.until)?))?;
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

/// A connection, encrypted or not.
enum Stream {
    Plain(Timed),
    Secure(Box<tls::Secure>),
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Stream::Plain(stream) => stream.read(buffer),
            Stream::Secure(stream) => stream.read(buffer),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Stream::Plain(stream) => stream.write(bytes),
            Stream::Secure(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Stream::Plain(stream) => stream.flush(),
            Stream::Secure(stream) => stream.flush(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Address;

    #[test]
    fn an_address_has_scheme_host_port_and_path() {
        let shown = |text: &str| Address::parse(text).map(|one| one.to_string()).ok();
        for (text, same) in [
            ("http://127.0.0.1:9090", "http://127.0.0.1:9090"),
            ("HTTPS://ops.example:443/shop/", "https://ops.example/shop/"),
            ("http://ops.example", "http://ops.example"),
            ("http://[::1]:9090/x", "http://[::1]:9090/x"),
            ("http://[::1]", "http://[::1]"),
        ] {
            assert_eq!(shown(text).as_deref(), Some(same));
        }
        for text in [
            "http://",
            "http://:9090",
            "http://a:99999",
            "http://a:b",
            "http://ann:secret@a:1",
            "http://a:1/x?y",
            "http://a:1/x y",
            "http://a:1\r\nX: 1",
        ] {
            assert_eq!(shown(text), None, "{text}");
        }
    }
}
