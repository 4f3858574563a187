//! A backend that answers as told, however badly, and remembers what it was asked.

mod http;
mod reply;

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use self::http::read_request;
use self::reply::{After, Reply, Shape};

/// How long [`Backend::wait_for`] waits.
const PATIENCE: Duration = Duration::from_secs(10);

/// A backend on a port of its own, until the value is dropped.
///
/// What is said about one method and target twice is done in that order, and the last goes on for
/// ever. Everything that is not told is answered with 404 and an empty object.
#[derive(Debug)]
pub struct Backend {
    shared: Arc<Shared>,
    address: SocketAddr,
}

/// One request that a backend received.
#[derive(Clone, Debug)]
pub struct Received {
    /// The method.
    pub method: String,
    /// The request target as it stood in the request line.
    pub target: String,
    /// The header fields in order; names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, without transfer coding.
    pub body: Vec<u8>,
    /// Which of the backend's connections it came on, counted from 0.
    pub connection: usize,
    /// When it was there whole.
    pub start: Instant,
    /// When its answer was written, or the connection ended; nothing while it is being answered.
    pub end: Option<Instant>,
    /// The gateway closed the connection instead of waiting for the answer.
    pub abandoned: bool,
}

impl Received {
    /// The first value of a header field, given in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Whether this request and `other` were being answered at the same moment.
    pub fn overlaps(&self, other: &Received) -> bool {
        let before = |one: &Received, two: &Received| one.end.is_none_or(|end| two.start < end);
        before(self, other) && before(other, self)
    }
}

#[derive(Debug, Default)]
struct Shared {
    told: Mutex<Vec<Told>>,
    received: Mutex<Vec<Received>>,
    connections: AtomicUsize,
    /// No more connections, and none of those that are there.
    closed: AtomicBool,
}

/// What to do about one method and target.
#[derive(Debug)]
struct Told {
    method: String,
    target: String,
    replies: Vec<Reply>,
    next: usize,
}

impl Backend {
    /// Starts a backend that knows nothing.
    ///
    /// # Panics
    ///
    /// When there is no free port.
    #[track_caller]
    pub fn start() -> Backend {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = listener.local_addr().expect("a bound socket");
        let shared = Arc::<Shared>::default();
        let serving = Arc::clone(&shared);
        std::thread::spawn(move || accept(&listener, &serving));
        Backend { shared, address }
    }

    /// Answers with this status and JSON body.
    #[must_use]
    pub fn answer(self, method: &str, target: &str, status: u16, body: &str) -> Backend {
        self.told(method, target, Reply::json(status, body))
    }

    /// As [`Backend::answer`], after `pause`.
    #[must_use]
    pub fn slow(self, method: &str, target: &str, pause: Duration, body: &str) -> Backend {
        let mut reply = Reply::json(200, body);
        reply.pause = pause;
        self.told(method, target, reply)
    }

    /// Answers 200 with this body, one byte every `pause`.
    #[must_use]
    pub fn drip(self, method: &str, target: &str, pause: Duration, body: &str) -> Backend {
        let mut reply = Reply::json(200, body);
        reply.shape = Shape::Dripping(pause);
        self.told(method, target, reply)
    }

    /// Closes the connection instead of answering.
    #[must_use]
    pub fn close_early(self, method: &str, target: &str) -> Backend {
        self.told(method, target, Reply::raw(b""))
    }

    /// Answers with bytes that are no HTTP.
    #[must_use]
    pub fn garbage(self, method: &str, target: &str) -> Backend {
        self.told(method, target, Reply::raw(b"\x16\x03\x01\x02\0no http\0\xff\r\n\r\n"))
    }

    /// Answers 200 with a JSON string of so many bytes, without saying how many they will be.
    #[must_use]
    pub fn flood(self, method: &str, target: &str, bytes: usize) -> Backend {
        let mut reply = Reply::json(200, &format!("\"{}\"", "x".repeat(bytes.saturating_sub(2))));
        reply.shape = Shape::Unannounced;
        self.told(method, target, reply)
    }

    /// Answers with these bytes as they are and closes the connection.
    #[must_use]
    pub fn raw(self, method: &str, target: &str, bytes: &[u8]) -> Backend {
        self.told(method, target, Reply::raw(bytes))
    }

    /// Answers with these bytes as they are and keeps the connection open.
    #[must_use]
    pub fn raw_open(self, method: &str, target: &str, bytes: &[u8]) -> Backend {
        let mut reply = Reply::raw(bytes);
        reply.after = After::KeepOpen;
        self.told(method, target, reply)
    }

    /// Answers 200 with this body, then closes the connection without having announced it.
    #[must_use]
    pub fn answer_and_close(self, method: &str, target: &str, body: &str) -> Backend {
        let mut reply = Reply::json(200, body);
        reply.after = After::Close;
        self.told(method, target, reply)
    }

    fn told(self, method: &str, target: &str, reply: Reply) -> Backend {
        let mut told = lock(&self.shared.told);
        match told.iter_mut().find(|told| told.method == method && told.target == target) {
            Some(told) => told.replies.push(reply),
            None => told.push(Told {
                method: method.to_owned(),
                target: target.to_owned(),
                replies: vec![reply],
                next: 0,
            }),
        }
        drop(told);
        self
    }

    /// Refuses connections from this moment, and ends those that are there.
    pub fn refuse(&self) {
        self.shared.closed.store(true, Ordering::Release);
        // Wakes the thread that accepts, so that it lets go of the port.
        let _ = TcpStream::connect(self.address);
        while TcpStream::connect(self.address).is_ok() {
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its address as a contract's variable has it, `http://127.0.0.1:40123`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What it has received so far, in order.
    pub fn requests(&self) -> Vec<Received> {
        lock(&self.shared.received).clone()
    }

    /// Waits until so many requests have been received and their answers have ended.
    ///
    /// # Panics
    ///
    /// When that takes longer than 10 s.
    #[track_caller]
    pub fn wait_for(&self, count: usize) -> Vec<Received> {
        let start = Instant::now();
        loop {
            let requests = self.requests();
            let ended = requests.iter().filter(|request| request.end.is_some()).count();
            if ended >= count {
                return requests;
            }
            assert!(start.elapsed() < PATIENCE, "{ended} of {count} requests: {requests:#?}");
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        self.shared.closed.store(true, Ordering::Release);
        let _ = TcpStream::connect(self.address);
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for stream in listener.incoming() {
        if shared.closed.load(Ordering::Acquire) {
            return;
        }
        let Ok(stream) = stream else { continue };
        let shared = Arc::clone(shared);
        let connection = shared.connections.fetch_add(1, Ordering::AcqRel);
        std::thread::spawn(move || {
            // An error is the gateway's choice to close, or the test's.
            let _ = shared.serve(&stream, connection);
        });
    }
}

impl Shared {
    /// Answers requests on one connection until it ends.
    fn serve(&self, stream: &TcpStream, connection: usize) -> io::Result<()> {
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_millis(20)))?;
        let mut input = Vec::new();
        loop {
            let closed = || self.closed.load(Ordering::Acquire);
            let Some(mut request) = read_request(stream, &mut input, &closed)? else {
                return Ok(());
            };
            request.connection = connection;
            let reply = self.reply_to(&request);
            let number = {
                let mut received = lock(&self.received);
                received.push(request);
                received.len() - 1
            };
            let written = reply.write(stream, &closed);
            if let Some(request) = lock(&self.received).get_mut(number) {
                request.end = Some(Instant::now());
                request.abandoned = written.is_err();
            }
            written?;
            if reply.after == After::Close {
                return Ok(());
            }
        }
    }

    fn reply_to(&self, request: &Received) -> Reply {
        let mut told = lock(&self.told);
        let told = told
            .iter_mut()
            .find(|told| told.method == request.method && told.target == request.target);
        let Some(told) = told else { return Reply::json(404, "{}") };
        let reply = told.replies.get(told.next).or(told.replies.last()).cloned();
        told.next += 1;
        reply.unwrap_or_else(|| Reply::json(404, "{}"))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
