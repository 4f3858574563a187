//! The connection of one core to the store: kept open, and never waited for.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::hash::{BuildHasher, RandomState};
use std::rc::Rc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::net::TcpStream;
use tokio::sync::{Notify, oneshot};
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::Away;
use super::address::Place;
use super::wire::{Reply, command, reply};
use crate::observe;
use crate::server::race;
use crate::stream::Socket;
#[cfg(feature = "tls")]
use crate::upstream::{Tls, Trust};

/// How long it may take until the store is ready to count: connecting, TLS, and the greeting.
const GREETING: Duration = Duration::from_secs(3);
/// How soon a store that is away is tried again, first and at most; a part of it is chance, so that cores
/// and gateways do not come all at once.
const RETRY: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));
/// How many requests may wait for answers. Beyond, the store is too slow for what is asked of it.
const MOST: usize = 4_096;

/// A stream of bytes to the store.
trait Io: AsyncRead + AsyncWrite + Unpin {}

impl<T: AsyncRead + AsyncWrite + Unpin> Io for T {}

/// The connection of one core.
pub(super) struct Link {
    place: Place,
    timeout: Duration,
    script: &'static str,
    /// Whom the store must be; nothing for whom the authorities that backends are trusted by vouch for.
    #[cfg(feature = "tls")]
    trust: Option<Trust>,
    /// The name that the store knows the script by; nothing while it is away.
    sha: RefCell<Option<Rc<str>>>,
    /// Whether it was tried to connect, and whoever waits for that.
    ready: Cell<bool>,
    first: Notify,
    /// What is to be sent.
    outgoing: RefCell<Vec<u8>>,
    /// Who waits for answers, in their order.
    waiting: RefCell<VecDeque<Waiting>>,
    /// Told when there is something to send, and to wait for.
    to_send: Notify,
    to_watch: Notify,
    /// Whether a request was answered since it connected.
    answered: Cell<bool>,
}

struct Waiting {
    by: Instant,
    answer: oneshot::Sender<Reply>,
}

impl Link {
    pub(super) fn new(place: Place, timeout: Duration, script: &'static str) -> Link {
        Link {
            place,
            timeout,
            script,
            #[cfg(feature = "tls")]
            trust: None,
            sha: RefCell::default(),
            ready: Cell::new(false),
            first: Notify::new(),
            outgoing: RefCell::default(),
            waiting: RefCell::default(),
            to_send: Notify::new(),
            to_watch: Notify::new(),
            answered: Cell::new(false),
        }
    }

    /// The same, but for whom the store must be.
    #[cfg(feature = "tls")]
    pub(super) fn trusting(self, trust: Option<Trust>) -> Link {
        Link { trust, ..self }
    }

    /// Whether it is known if the store is there.
    pub(super) fn was_tried(&self) -> bool {
        self.ready.get()
    }

    /// Waits until that is known.
    pub(super) async fn tried(&self) {
        self.first.notified().await;
    }

    /// The name of the script; nothing while the store is away.
    pub(super) fn script(&self) -> Option<Rc<str>> {
        self.sha.borrow().clone()
    }

    /// Sends a command behind those that are on their way, and waits for its answer.
    ///
    /// # Errors
    ///
    /// When the store is away, or does not answer in time.
    pub(super) async fn ask(&self, write: impl FnOnce(&mut Vec<u8>)) -> Result<Reply, Away> {
        if self.sha.borrow().is_none() || self.waiting.borrow().len() >= MOST {
            return Err(Away);
        }
        let (answer, answered) = oneshot::channel();
        write(&mut self.outgoing.borrow_mut());
        let by = Instant::now() + self.timeout;
        self.waiting.borrow_mut().push_back(Waiting { by, answer });
        self.to_send.notify_one();
        self.to_watch.notify_one();
        answered.await.map_err(|_| Away)
    }

    /// Keeps the connection for as long as the core is there.
    pub(super) async fn keep(self: Rc<Link>) {
        let mut pause = RETRY.0;
        let mut told = false;
        loop {
            let reason = match timeout(GREETING, self.greeted()).await {
                Ok(Ok((io, sha))) => {
                    if told {
                        observe::store_back();
                        told = false;
                    }
                    self.open(sha);
                    self.serve(io).await
                }
                Ok(Err(reason)) => reason,
                Err(_) => "it does not answer".to_owned(),
            };
            self.close();
            if !told {
                observe::store_lost(&reason);
                told = true;
            }
            if self.answered.replace(false) {
                pause = RETRY.0;
            }
            sleep(about(pause)).await;
            pause = (pause * 2).min(RETRY.1);
        }
    }

    fn open(&self, sha: Rc<str>) {
        self.sha.replace(Some(sha));
        self.ready.set(true);
        self.first.notify_waiters();
    }

    /// Tells all who wait that nothing comes.
    fn close(&self) {
        self.sha.replace(None);
        self.outgoing.borrow_mut().clear();
        self.waiting.borrow_mut().clear();
        self.ready.set(true);
        self.first.notify_waiters();
    }

    /// A connection to a store that knows the script.
    async fn greeted(&self) -> Result<(Box<dyn Io>, Rc<str>), String> {
        let Place { user, password, database, .. } = &self.place;
        let mut io = self.connect().await?;
        if !password.is_empty() || !user.is_empty() {
            let mut words: Vec<&[u8]> = vec![b"AUTH"];
            words.extend((!user.is_empty()).then_some(user.as_bytes()));
            words.push(password.as_bytes());
            say(&mut io, &words).await?;
        }
        if *database > 0 {
            say(&mut io, &[b"SELECT", database.to_string().as_bytes()]).await?;
        }
        match say(&mut io, &[b"SCRIPT", b"LOAD", self.script.as_bytes()]).await? {
            Reply::Text(Some(sha)) if sha.len() == 40 && sha.iter().all(u8::is_ascii_hexdigit) => {
                let sha = String::from_utf8(sha).map_err(|_| "no name of a script")?;
                Ok((io, sha.into()))
            }
            _ => Err("it does not take scripts".to_owned()),
        }
    }

    async fn connect(&self) -> Result<Box<dyn Io>, String> {
        let address = (self.place.host.as_str(), self.place.port);
        let stream = TcpStream::connect(address).await;
        let stream = stream.map_err(|error| format!("cannot connect: {}", error.kind()))?;
        stream.set_nodelay(true).map_err(|error| error.to_string())?;
        let socket = Socket::new(stream);
        #[cfg(feature = "tls")]
        if self.place.secure {
            let trust = self.trust.clone().unwrap_or_default();
            return Ok(Box::new(Tls::new(&self.place.host, &trust).secure(socket).await?));
        }
        Ok(Box::new(socket))
    }

    /// Lets commands and answers through until something is wrong, and says what.
    async fn serve(&self, io: Box<dyn Io>) -> String {
        let (reader, writer) = tokio::io::split(io);
        race(race(self.read(reader), self.write(writer)), self.watch()).await
    }

    async fn write(&self, mut writer: WriteHalf<Box<dyn Io>>) -> String {
        loop {
            self.to_send.notified().await;
            let bytes = std::mem::take(&mut *self.outgoing.borrow_mut());
            if bytes.is_empty() {
                continue;
            }
            let sent = writer.write_all(&bytes).await;
            if let Err(error) = match sent {
                Ok(()) => writer.flush().await,
                Err(error) => Err(error),
            } {
                return format!("the connection broke: {}", error.kind());
            }
        }
    }

    async fn read(&self, mut reader: ReadHalf<Box<dyn Io>>) -> String {
        let mut bytes: Vec<u8> = Vec::with_capacity(4096);
        loop {
            match reader.read_buf(&mut bytes).await {
                Ok(0) => return "it closed the connection".to_owned(),
                Ok(_) => {}
                Err(error) => return format!("the connection broke: {}", error.kind()),
            }
            let mut done = 0;
            loop {
                match reply(bytes.get(done..).unwrap_or_default()) {
                    Ok(None) => break,
                    Ok(Some((reply, length))) => {
                        done += length;
                        if let Err(reason) = self.answered(reply) {
                            return reason;
                        }
                    }
                    Err(what) => return format!("it answers {what}"),
                }
            }
            bytes.drain(..done);
        }
    }

    /// Hands an answer to the one who waits longest.
    ///
    /// # Errors
    ///
    /// When nobody waits, or the store cannot count for a reason of its own.
    fn answered(&self, reply: Reply) -> Result<(), String> {
        let first = self.waiting.borrow_mut().pop_front();
        let first = first.ok_or("it answers what nobody asked")?;
        match &reply {
            Reply::Error(text) if !text.starts_with("NOSCRIPT") => return Err(refused(text)),
            Reply::Error(_) | Reply::List(_) => {}
            _ => return Err("it answers something else than counts".to_owned()),
        }
        self.answered.set(true);
        // Whoever asked may have gone.
        let _ = first.answer.send(reply);
        Ok(())
    }

    /// Waits until an answer is late.
    async fn watch(&self) -> String {
        loop {
            let first = self.waiting.borrow().front().map(|one| one.by);
            match first {
                None => self.to_watch.notified().await,
                Some(by) if by <= Instant::now() => return "it answers too late".to_owned(),
                Some(by) => sleep_until(by).await,
            }
        }
    }
}

/// Sends a command of the greeting, and waits for an answer that is no error.
async fn say(io: &mut Box<dyn Io>, words: &[&[u8]]) -> Result<Reply, String> {
    let mut bytes = Vec::new();
    command(&mut bytes, words);
    let broken = |error: std::io::Error| format!("the connection broke: {}", error.kind());
    io.write_all(&bytes).await.map_err(broken)?;
    io.flush().await.map_err(broken)?;
    bytes.clear();
    loop {
        if io.read_buf(&mut bytes).await.map_err(broken)? == 0 {
            return Err("it closed the connection".to_owned());
        }
        match reply(&bytes) {
            Ok(None) => {}
            Ok(Some((Reply::Error(text), _))) => return Err(refused(&text)),
            Ok(Some((reply, length))) if length == bytes.len() => return Ok(reply),
            Ok(Some(_)) => return Err("it answers what nobody asked".to_owned()),
            Err(what) => return Err(format!("it answers {what}")),
        }
    }
}

/// What a store says, for the log: as much of it as is certainly no secret.
fn refused(text: &str) -> String {
    let word: String = text.chars().take_while(char::is_ascii_uppercase).take(20).collect();
    format!("it says {}", if word.is_empty() { "no" } else { &word })
}

/// A time between a half of this and the whole.
fn about(time: Duration) -> Duration {
    let half = time / 2;
    let chance = RandomState::new().hash_one(0_u8) % 1024;
    half + half.mul_f64(chance as f64 / 1024.0)
}
