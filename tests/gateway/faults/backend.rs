//! A backend of which one can say at any time how it is doing.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::ask::unused_port;

/// How a backend is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mood {
    Well,
    /// It answers after this time.
    Slow(Duration),
    /// It takes requests and says nothing.
    Hung,
    /// It ends the connection in the middle of a body.
    Resetting,
    /// It answers 503.
    Failing,
}

/// The item whose answer is a quarter of a megabyte.
pub(crate) const LARGE: &str = "/1000000000";

/// A backend that answers every item, on a port of its own. Its answers say which item they are.
pub(crate) struct Moody {
    state: Arc<State>,
    address: SocketAddr,
    accepting: Option<JoinHandle<()>>,
}

struct State {
    mood: Mutex<Mood>,
    asked: AtomicUsize,
    /// Requests that are being answered, and the most that ever were at once.
    busy: AtomicUsize,
    dead: AtomicBool,
    connections: Mutex<Vec<TcpStream>>,
}

impl Moody {
    pub(crate) fn start() -> Moody {
        let listener =
            TcpListener::bind((Ipv4Addr::LOCALHOST, unused_port())).expect("an unused port");
        let state = State {
            mood: Mutex::new(Mood::Well),
            asked: AtomicUsize::new(0),
            busy: AtomicUsize::new(0),
            dead: AtomicBool::new(false),
            connections: Mutex::default(),
        };
        let address = listener.local_addr().expect("bound");
        let mut moody = Moody { state: Arc::new(state), address, accepting: None };
        moody.accept(listener);
        moody
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn is(&self, mood: Mood) {
        *lock(&self.state.mood) = mood;
    }

    /// How many requests it got.
    pub(crate) fn asked(&self) -> usize {
        self.state.asked.load(Ordering::Acquire)
    }

    /// Ends it as a process ends: nobody listens, and its connections break.
    pub(crate) fn kill(&mut self) {
        self.state.dead.store(true, Ordering::Release);
        let _ = TcpStream::connect(self.address);
        if let Some(accepting) = self.accepting.take() {
            let _ = accepting.join();
        }
        for connection in lock(&self.state.connections).drain(..) {
            let _ = connection.shutdown(Shutdown::Both);
        }
    }

    /// Starts it again at the same address.
    pub(crate) fn restart(&mut self) {
        let mut listener = TcpListener::bind(self.address);
        for _ in 0..100 {
            if listener.is_ok() {
                break;
            }
            std::thread::sleep(Duration::from_millis(20));
            listener = TcpListener::bind(self.address);
        }
        self.state.dead.store(false, Ordering::Release);
        self.accept(listener.expect("its port is still free"));
    }

    fn accept(&mut self, listener: TcpListener) {
        let state = Arc::clone(&self.state);
        self.accepting = Some(std::thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                if state.dead.load(Ordering::Acquire) {
                    return;
                }
                let Ok(other) = stream.try_clone() else { continue };
                lock(&state.connections).push(other);
                let state = Arc::clone(&state);
                std::thread::spawn(move || {
                    let _ = state.serve(&stream);
                    let _ = stream.shutdown(Shutdown::Both);
                    let ended = stream.peer_addr().ok();
                    lock(&state.connections).retain(|one| one.peer_addr().ok() != ended);
                });
            }
        }));
    }
}

impl Drop for Moody {
    fn drop(&mut self) {
        self.kill();
    }
}

impl State {
    /// Answers requests on one connection until it ends.
    fn serve(&self, mut stream: &TcpStream) -> std::io::Result<()> {
        stream.set_nodelay(true)?;
        let mut head = [0; 4096];
        loop {
            // What is only looked at makes the end of the connection a reset.
            let size = whole_head(stream, &mut head)?;
            let Some(path) = size.and_then(|size| path(head.get(..size)?)) else { return Ok(()) };
            self.asked.fetch_add(1, Ordering::AcqRel);
            self.busy.fetch_add(1, Ordering::AcqRel);
            let answered = self.answer(stream, &path);
            self.busy.fetch_sub(1, Ordering::AcqRel);
            if !answered? {
                return Ok(());
            }
            let size = size.unwrap_or_default();
            stream.read_exact(head.get_mut(..size).unwrap_or_default())?;
        }
    }

    /// Whether it answered whole.
    fn answer(&self, mut stream: &TcpStream, path: &str) -> std::io::Result<bool> {
        let id = path.rsplit('/').next().unwrap_or_default();
        let size = if path.ends_with(LARGE) { 1 << 18 } else { 500 };
        let body =
            format!("{{\"id\":{id},\"name\":\"item {id}\",\"padding\":\"{}\"}}", "x".repeat(size));
        let mut status = "200 OK";
        loop {
            match *lock(&self.mood) {
                Mood::Hung if !self.dead.load(Ordering::Acquire) => {}
                Mood::Hung => return Ok(false),
                Mood::Slow(pause) => {
                    std::thread::sleep(pause);
                    break;
                }
                Mood::Failing => {
                    status = "503 Failing";
                    break;
                }
                Mood::Well | Mood::Resetting => break,
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        let cut = *lock(&self.mood) == Mood::Resetting;
        let text = format!(
            "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let bytes = text.as_bytes();
        stream.write_all(if cut { &bytes[..bytes.len() - 200] } else { bytes })?;
        Ok(!cut)
    }
}

/// Waits for the whole head of a request and leaves it unread; nothing once the connection ends.
fn whole_head(stream: &TcpStream, head: &mut [u8]) -> std::io::Result<Option<usize>> {
    loop {
        let size = stream.peek(head)?;
        let here = head.get(..size).unwrap_or_default();
        if size == 0 {
            return Ok(None);
        }
        if let Some(end) = here.windows(4).position(|four| four == b"\r\n\r\n") {
            return Ok(Some(end + 4));
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn path(head: &[u8]) -> Option<String> {
    let line = std::str::from_utf8(head).ok()?.lines().next()?;
    line.split(' ').nth(1).map(str::to_owned)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
