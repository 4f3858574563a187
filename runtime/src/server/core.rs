//! What one core does: accept, serve, drain.

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::io;
use std::net::TcpListener;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::task::{LocalSet, spawn_local};
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::resting::{Rest, Resting};
use super::{Limits, Phase, connection};
use crate::access;
use crate::auth::Guards;
use crate::cache::Cache;
use crate::contract::Contract;
use crate::limit::{Joint, Limiters};
use crate::metrics;
use crate::operator::{Keeper, Pulse};
use crate::settings::Settings;
use crate::trace;
use crate::upstream::{Gates, Gateway};

/// How long to wait for room before looking for it again: for a connection, or for a file descriptor.
const BREATH: Duration = Duration::from_millis(50);

/// What a core's thread starts with.
pub(super) struct Start {
    pub(super) contract: &'static Contract,
    pub(super) settings: Arc<Settings>,
    pub(super) gates: Arc<Gates>,
    pub(super) cache: Arc<Cache>,
    pub(super) limiters: Arc<Limiters>,
    pub(super) guards: Arc<Guards>,
    pub(super) limits: Limits,
    pub(super) listener: TcpListener,
    /// Secures connections, if they are to be.
    #[cfg(feature = "tls")]
    pub(super) acceptor: Option<super::tls::Acceptor>,
    /// Whether others may take from its queue when this process has ended.
    pub(super) shared: bool,
    pub(super) phase: watch::Receiver<Phase>,
    pub(super) pulse: Pulse,
    /// Keeps the operator's port open for as long as the core is there.
    pub(super) keeper: Option<Keeper>,
}

/// What all connections of a core share.
pub(super) struct Core {
    pub(super) contract: &'static Contract,
    pub(super) gateway: Gateway,
    pub(super) limiters: Arc<Limiters>,
    /// What all gateways have counted.
    pub(super) joint: Joint,
    /// What lets callers in.
    pub(super) guards: Arc<Guards>,
    pub(super) limits: Limits,
    /// Secures connections, if they are to be.
    #[cfg(feature = "tls")]
    pub(super) acceptor: Option<super::tls::Acceptor>,
    connections: Cell<usize>,
    /// How many there may be.
    most: usize,
    resting: Resting,
    /// How many requests are answered of callers that may send many at once.
    streams: Cell<usize>,
    /// Told whenever a connection has ended.
    ended: Notify,
}

/// Counts a connection for as long as it is there.
pub(super) struct Counted(Rc<Core>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.connections.set(self.0.connections.get().saturating_sub(1));
        metrics::here(|core| core.closed.one());
        self.0.ended.notify_waiters();
    }
}

/// Counts a request over HTTP/2 for as long as it is answered.
pub(super) struct Busy(Rc<Core>);

/// What a request carries that came when there were more than there could be with one for each
/// connection.
#[derive(Clone, Copy)]
pub(super) struct Crowded;

impl Busy {
    pub(super) fn start(core: &Rc<Core>) -> Busy {
        core.streams.set(core.streams.get() + 1);
        Busy(Rc::clone(core))
    }

    pub(super) fn is_one_too_many(&self) -> bool {
        self.0.streams.get() > self.0.limits.connections
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.streams.set(self.0.streams.get().saturating_sub(1));
    }
}

/// Serves until draining has ended; returns how many connections were cut.
pub(super) fn run(start: Start) -> io::Result<usize> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, serve(start))
}

async fn serve(start: Start) -> io::Result<usize> {
    let Start {
        contract,
        settings,
        gates,
        cache,
        limiters,
        guards,
        limits,
        listener,
        #[cfg(feature = "tls")]
        acceptor,
        shared,
        phase,
        pulse,
        keeper: _keeper,
    } = start;
    let drain_limit = settings.drain_limit;
    let most = limits.connections.min(share(settings.cores));
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let joint = Joint::start(contract, &settings);
    let core = Rc::new(Core {
        contract,
        gateway: Gateway::new(settings, gates, cache),
        limiters,
        joint,
        guards,
        limits,
        #[cfg(feature = "tls")]
        acceptor,
        connections: Cell::new(0),
        most,
        resting: Resting::default(),
        streams: Cell::new(0),
        ended: Notify::new(),
    });
    spawn_local(core.gateway.clone().sweep());
    spawn_local(pulse.beat());
    spawn_local(access::hand_over());
    spawn_local(trace::hand_over());
    let accepting = accept_until_drained(Rc::clone(&core), listener, phase.clone());
    // In a task of its own: what waits here is looked at whenever anything happens on this core.
    let listener = spawn_local(accepting).await?.into_std()?;
    if !shared {
        core.take_the_rest(&listener, &phase)?;
    }
    drop(listener);
    Ok(core.drain(drain_limit).await)
}

/// Accepts connections until the gateway takes no more, and gives the listener back.
async fn accept_until_drained(
    core: Rc<Core>,
    listener: tokio::net::TcpListener,
    phase: watch::Receiver<Phase>,
) -> tokio::net::TcpListener {
    let mut watched = phase.clone();
    let draining = async {
        let _ = watched.wait_for(|phase| *phase == Phase::Draining).await;
    };
    race(draining, accept(&core, &listener, &phase)).await;
    listener
}

async fn accept(
    core: &Rc<Core>,
    listener: &tokio::net::TcpListener,
    phase: &watch::Receiver<Phase>,
) {
    loop {
        core.room().await;
        match listener.accept().await {
            Ok((stream, peer)) => {
                if core.is_full() {
                    core.resting.let_go();
                }
                spawn_local(connection::serve(core.counted(), stream, peer.ip(), phase.clone()));
            }
            Err(error) if is_about_one_connection(&error) => {}
            Err(_) => core.let_go().await,
        }
    }
}

/// How many connections a core may have so that all of them leave a quarter of the process's descriptors
/// to what callers are answered with: connections to backends in the first place.
fn share(cores: usize) -> usize {
    let most = metrics::descriptors().and_then(|most| usize::try_from(most).ok());
    most.map_or(usize::MAX, |most| ((most - most / 4) / cores.max(1)).max(1))
}

/// Whether accepting failed for the caller's sake, and not for lack of means.
fn is_about_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

impl Core {
    pub(super) fn counted(self: &Rc<Core>) -> Counted {
        self.connections.set(self.connections.get() + 1);
        metrics::here(|core| core.accepted.one());
        Counted(Rc::clone(self))
    }

    /// What others see of a connection.
    pub(super) fn rests(&self) -> Rc<Rest> {
        self.resting.join(self.connections.get())
    }

    fn is_full(&self) -> bool {
        self.connections.get() >= self.most
    }

    /// Waits until another connection may be accepted: there is room for it, or one that waits for its next
    /// request, which makes room once somebody comes. All others stay in the backlog.
    async fn room(&self) {
        while self.is_full() {
            let one_too_many = self.connections.get() > self.most;
            if !one_too_many && self.resting.any() {
                return;
            }
            // Who was to make room may have been sent a request meanwhile.
            if timeout(BREATH, self.ended.notified()).await.is_err() && one_too_many {
                self.resting.let_go();
            }
        }
    }

    /// Gives back what a connection holds that waits for its next request, if there is one.
    async fn let_go(&self) {
        let ended = self.ended.notified();
        if self.resting.let_go() {
            let _ = timeout(BREATH, ended).await;
        } else {
            sleep(BREATH).await;
        }
    }

    /// Serves what had connected before the listener closes: the kernel would reset it. The
    /// listener is asked itself, because the runtime may not have heard of the last ones.
    fn take_the_rest(
        self: &Rc<Core>,
        listener: &TcpListener,
        phase: &watch::Receiver<Phase>,
    ) -> io::Result<()> {
        while let Ok((stream, peer)) = listener.accept() {
            stream.set_nonblocking(true)?;
            let stream = tokio::net::TcpStream::from_std(stream)?;
            spawn_local(connection::serve(self.counted(), stream, peer.ip(), phase.clone()));
        }
        Ok(())
    }

    /// Waits until every connection and every detached call has ended, at most for `limit`.
    async fn drain(&self, limit: Duration) -> usize {
        const LOOK: Duration = Duration::from_millis(20);
        let end = Instant::now() + limit;
        let idle = async {
            while self.connections.get() > 0 || self.gateway.detached() > 0 {
                sleep(LOOK).await;
            }
        };
        let _ = timeout_at(end, idle).await;
        self.connections.get()
    }
}

impl std::ops::Deref for Counted {
    type Target = Rc<Core>;

    fn deref(&self) -> &Rc<Core> {
        &self.0
    }
}

/// Waits for one of two futures and drops the other.
pub(crate) async fn race<T>(one: impl Future<Output = T>, other: impl Future<Output = T>) -> T {
    let (mut one, mut other) = (pin!(one), pin!(other));
    poll_fn(|context| match one.as_mut().poll(context) {
        Poll::Ready(value) => Poll::Ready(value),
        Poll::Pending => other.as_mut().poll(context),
    })
    .await
}
