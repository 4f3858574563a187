//! The operator's port: a listener and a thread of its own, so that busy cores never starve it.

mod answers;
mod pulse;

use std::convert::Infallible;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::rc::Rc;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::{LocalSet, spawn_local};
use tokio::time::{sleep, timeout};

pub(crate) use self::pulse::{Pulse, Pulses};
use crate::auth::Guards;
use crate::cache::Cache;
use crate::contract::Contract;
use crate::metrics::{Metrics, Peer};
use crate::server::Phase;
use crate::settings::Settings;
use crate::stream::{Socket, Stream};
use crate::upstream::Gates;

/// The most connections at once. More wait until one has ended.
const CONNECTIONS: usize = 64;
/// How long a connection may take for its one request and its answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// The largest head of a request, in bytes.
const HEAD: usize = 16 * 1024;
/// How long to wait before accepting again when accepting failed.
const BREATH: Duration = Duration::from_millis(50);

/// What an operator can ask about.
pub(crate) struct Subject {
    pub(crate) contract: &'static Contract,
    pub(crate) settings: Arc<Settings>,
    pub(crate) phase: watch::Receiver<Phase>,
    pub(crate) pulses: Arc<Pulses>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) gates: Arc<Gates>,
    pub(crate) guards: Arc<Guards>,
    pub(crate) cache: Arc<Cache>,
}

/// Held by whoever keeps the port open. It closes when all of them are dropped.
pub(crate) type Keeper = mpsc::Sender<Infallible>;

/// The operator's port.
pub(crate) struct Operator {
    address: SocketAddr,
    thread: JoinHandle<()>,
}

impl Operator {
    /// Answers on `listener` until every [`Keeper`] is dropped.
    ///
    /// # Errors
    ///
    /// When the thread cannot be started.
    pub(crate) fn start(listener: TcpListener, subject: Subject) -> io::Result<(Operator, Keeper)> {
        let address = listener.local_addr()?;
        let (keeper, kept) = mpsc::channel(1);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let listener = {
            let _inside = runtime.enter();
            tokio::net::TcpListener::from_std(listener)?
        };
        let thread = std::thread::Builder::new().name("operator".to_owned()).spawn(move || {
            LocalSet::new().block_on(&runtime, serve(listener, subject, kept));
        })?;
        Ok((Operator { address, thread }, keeper))
    }

    /// Where it listens, with the port that it has.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits for its end.
    pub(crate) fn join(self) {
        // What panicked there has been said by the hook, and there is nothing left to lose.
        let _ = self.thread.join();
    }
}

async fn serve(
    listener: tokio::net::TcpListener,
    subject: Subject,
    mut kept: mpsc::Receiver<Infallible>,
) {
    let subject = Rc::new(subject);
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    let accepting = async {
        loop {
            let Ok(place) = Arc::clone(&room).acquire_owned().await else { return };
            match listener.accept().await {
                Ok((stream, _)) => {
                    let subject = Rc::clone(&subject);
                    spawn_local(async move {
                        let _ = timeout(PATIENCE, connection(stream, subject)).await;
                        drop(place);
                    });
                }
                Err(_) => sleep(BREATH).await,
            }
        }
    };
    crate::server::race(accepting, async {
        let _ = kept.recv().await;
    })
    .await;
}

/// Answers one request and closes: an operator's tools ask seldom, and a connection that stays
/// would only count against the others.
async fn connection(stream: TcpStream, subject: Rc<Subject>) {
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request: http::Request<Incoming>| {
        let answer = answers::answer(&subject, &request);
        async move { Ok::<_, Infallible>(answer) }
    });
    let mut builder = http1::Builder::new();
    builder.keep_alive(false).header_read_timeout(None).max_header_size(HEAD);
    let _ = builder.serve_connection(Stream::new(Socket::new(stream), Peer::Caller), service).await;
}
