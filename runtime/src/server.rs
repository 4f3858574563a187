//! Listens and answers: one single-threaded runtime per core, each with a listener of its own.

mod answer;
#[cfg(feature = "compress")]
mod compressed;
mod connection;
mod core;
mod cors;
mod head;
mod lifecycle;
mod listen;
mod panic;
mod record;
mod resting;
mod reused;
mod select;
mod shutdown;
#[cfg(all(test, feature = "testing"))]
mod tests;
#[cfg(feature = "tls")]
pub(crate) mod tls;
mod uses;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime};

use tokio::sync::watch;

pub(crate) use self::core::race;
pub(crate) use self::shutdown::{Phase, Watched, follow_signals};
use crate::access::{self, Log, Spool};
use crate::auth::Guards;
use crate::cache::Cache;
use crate::contract::Contract;
use crate::limit::Limiters;
use crate::metrics::Metrics;
use crate::operator::{Keeper, Operator, Pulse, Pulses, Subject};
#[cfg(feature = "tls")]
use crate::pem;
use crate::serve::Inherited;
use crate::settings::{KeepAlive, Settings};
use crate::trace::{self, Exporter};
use crate::upstream::Gates;
#[cfg(feature = "tls")]
use crate::upstream::keep;

/// The limits of a server that no contract sets.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// The longest request target, in bytes.
    pub(crate) target: usize,
    /// The largest header section, in bytes.
    pub(crate) headers: usize,
    /// How long a head may take from its first byte.
    pub(crate) head_time: Duration,
    /// How long a caller and the gateway may take to agree on keys.
    #[cfg(feature = "tls")]
    pub(crate) handshake: Duration,
    /// How often files with certificates are looked at.
    #[cfg(feature = "tls")]
    pub(crate) renewal: Duration,
    /// How long a body may take from the end of its head.
    pub(crate) body_time: Duration,
    /// How long a connection may wait for its next request.
    pub(crate) idle: Duration,
    /// How old a connection is when it takes its last request.
    pub(crate) age: Option<Duration>,
    /// How many requests it takes.
    pub(crate) requests: Option<u64>,
    /// How long a caller may take nothing of its answer.
    pub(crate) stall: Duration,
    /// The most connections at once, per core.
    pub(crate) connections: usize,
    /// The most requests at once on a connection of HTTP/2.
    pub(crate) streams: u32,
    /// How many more requests such a connection may call off early than it has answered.
    pub(crate) resets: u32,
    /// How many bytes may come over it that are of no request, between two.
    pub(crate) chatter: u64,
    /// For how long nothing may be seen of a core before it counts as hung.
    pub(crate) hang: Duration,
    /// What says how late it is, for what ends on a day.
    pub(crate) clock: fn() -> SystemTime,
}

impl Limits {
    pub(crate) const DEFAULT: Limits = Limits {
        target: 8 * 1024,
        headers: 32 * 1024,
        head_time: Duration::from_secs(10),
        #[cfg(feature = "tls")]
        handshake: Duration::from_secs(10),
        #[cfg(feature = "tls")]
        renewal: Duration::from_secs(5),
        body_time: Duration::from_secs(30),
        // Longer than the 60 s for which load balancers usually keep theirs: whoever closes first
        // must be the one who sends.
        idle: Duration::from_secs(75),
        age: None,
        requests: None,
        stall: Duration::from_secs(30),
        connections: 10_000,
        streams: 128,
        resets: 200,
        chatter: 64 * 1024,
        hang: Duration::from_secs(30),
        clock: SystemTime::now,
    };

    /// The same with what an operator wants otherwise.
    fn with(self, KeepAlive { idle, age, requests }: KeepAlive) -> Limits {
        let idle = idle.unwrap_or(self.idle);
        Limits { idle, age: age.or(self.age), requests: requests.or(self.requests), ..self }
    }
}

/// A server that runs.
pub(crate) struct Server {
    address: SocketAddr,
    phase: Arc<watch::Sender<Phase>>,
    cores: Vec<JoinHandle<io::Result<usize>>>,
    operator: Option<Operator>,
    outlets: Outlets,
    pulses: Arc<Pulses>,
    /// What looks after files with certificates.
    #[cfg(feature = "tls")]
    _kept: [Option<pem::Keeper>; 2],
}

impl Server {
    /// Listens on all cores, on sockets that listen already where there are such, and returns once
    /// connections are accepted.
    ///
    /// # Errors
    ///
    /// When the address is taken or cannot be had, or a thread cannot be started.
    pub(crate) fn start(
        contract: &'static Contract,
        mut settings: Settings,
        inherited: Inherited,
        limits: Limits,
    ) -> io::Result<Server> {
        countable(contract)?;
        let guards = guards(contract, &mut settings)?;
        #[cfg(feature = "tls")]
        let (acceptor, kept) = secured(&mut settings, limits.renewal)?;
        let metrics = Arc::new(Metrics::new(contract, settings.cores));
        let outlets = Outlets::start(&mut settings, &metrics)?;
        let settings = Arc::new(settings);
        let gates = Arc::new(Gates::new(contract.backends));
        let cache = Arc::new(Cache::new(settings.cache));
        let limiters = Arc::new(Limiters::new(contract));
        let pulses = Arc::new(Pulses::new(settings.cores, limits.hang));
        let (phase, watched) = watch::channel(Phase::Starting);
        let subject = Subject {
            contract,
            settings: Arc::clone(&settings),
            phase: watched,
            pulses: Arc::clone(&pulses),
            metrics: Arc::clone(&metrics),
            gates: Arc::clone(&gates),
            guards: Arc::clone(&guards),
            cache: Arc::clone(&cache),
        };
        let (operator, keeper) = operator(subject, inherited.operator)?.unzip();
        let (listeners, address, shared) = listening(inherited.listen, &settings)?;
        let start = |(number, listener): (usize, TcpListener)| {
            let start = core::Start {
                contract,
                settings: Arc::clone(&settings),
                gates: Arc::clone(&gates),
                cache: Arc::clone(&cache),
                limiters: Arc::clone(&limiters),
                guards: Arc::clone(&guards),
                limits: limits.with(settings.keep_alive),
                listener,
                #[cfg(feature = "tls")]
                acceptor: acceptor.clone(),
                shared,
                phase: phase.subscribe(),
                pulse: Pulse::new(Arc::clone(&pulses), number),
                keeper: keeper.clone(),
            };
            core_thread(number, start, Arc::clone(&metrics), outlets.spools())
        };
        let cores = listeners.into_iter().enumerate().map(start).collect::<io::Result<_>>()?;
        phase.send_replace(Phase::Serving);
        Ok(Server {
            address,
            phase: Arc::new(phase),
            cores,
            operator,
            outlets,
            pulses,
            #[cfg(feature = "tls")]
            _kept: kept,
        })
    }

    /// Where it listens, with the port that it has.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where operators ask, with the port that it has.
    pub(crate) fn operator(&self) -> Option<SocketAddr> {
        self.operator.as_ref().map(Operator::address)
    }

    /// The signs of life of its cores.
    pub(crate) fn pulses(&self) -> Arc<Pulses> {
        Arc::clone(&self.pulses)
    }

    /// The switch that stops it.
    pub(crate) fn phase(&self) -> Arc<watch::Sender<Phase>> {
        Arc::clone(&self.phase)
    }

    /// Waits until all cores have ended, and says how many connections were cut.
    ///
    /// # Errors
    ///
    /// When a core could not go on.
    pub(crate) fn join(self) -> io::Result<usize> {
        let mut cut = 0;
        for core in self.cores {
            cut += core.join().map_err(|_| io::Error::other("a core panicked"))??;
        }
        self.outlets.finish();
        if let Some(operator) = self.operator {
            operator.join();
        }
        Ok(cut)
    }
}

/// Refuses to share limits without what counts them.
fn countable(contract: &Contract) -> io::Result<()> {
    if contract.store.is_some() && !cfg!(feature = "store") {
        return Err(io::Error::other("this gateway is built without the feature `store`"));
    }
    Ok(())
}

/// Whom connections of callers are secured for, and what looks after the files of all certificates.
#[cfg(feature = "tls")]
fn secured(
    settings: &mut Settings,
    every: Duration,
) -> io::Result<(Option<tls::Acceptor>, [Option<pem::Keeper>; 2])> {
    let secured = settings.secured.take();
    let secured = secured.map(|(secured, loaded)| tls::keep(secured, loaded, every)).transpose()?;
    let (acceptor, certificates) = secured.unzip();
    let backends = settings.backends.iter().map(|backend| &backend.approach.trust);
    let trusts = backends.chain(&settings.store_trust).cloned();
    Ok((acceptor, [certificates, keep(trusts, every)?]))
}

/// Where that goes which is told of requests: lines and spans.
struct Outlets {
    log: Option<Log>,
    traces: Option<Exporter>,
}

impl Outlets {
    /// Those that the environment chooses.
    fn start(settings: &mut Settings, metrics: &Arc<Metrics>) -> io::Result<Outlets> {
        let log = Log::start(settings.log, Arc::clone(metrics), io::stdout())?;
        let traces = settings.traces.take().map(|choice| {
            metrics.traces();
            Exporter::start(choice, Arc::clone(metrics))
        });
        Ok(Outlets { log, traces: traces.transpose()? })
    }

    /// The buffers of one core.
    fn spools(&self) -> (Option<Spool>, Option<trace::Spool>) {
        (self.log.as_ref().and_then(Log::spool), self.traces.as_ref().map(Exporter::spool))
    }

    /// Waits until everything is told, not for ever. Every core has to have ended.
    fn finish(self) {
        if let Some(log) = self.log {
            log.finish();
        }
        if let Some(traces) = self.traces {
            traces.finish();
        }
    }
}

/// Starts a core on a thread of its own, which counts, logs and traces as that core.
fn core_thread(
    number: usize,
    start: core::Start,
    metrics: Arc<Metrics>,
    (lines, spans): (Option<Spool>, Option<trace::Spool>),
) -> io::Result<JoinHandle<io::Result<usize>>> {
    std::thread::Builder::new().name(format!("core-{number}")).spawn(move || {
        metrics.count_here(number);
        if let Some(spool) = lines {
            access::log_here(spool);
        }
        if let Some(spool) = spans {
            trace::trace_here(spool);
        }
        let ended = core::run(start);
        access::finish_here();
        trace::finish_here();
        ended
    })
}

/// What looks at who calls.
fn guards(contract: &Contract, settings: &mut Settings) -> io::Result<Arc<Guards>> {
    let prepared = settings.schemes.get_mut().map(std::mem::take).unwrap_or_default();
    Guards::start(contract, prepared).map(Arc::new)
}

/// A listener for each core, where they listen, and whether all take from one queue.
fn listening(
    inherited: Option<TcpListener>,
    settings: &Settings,
) -> io::Result<(Vec<TcpListener>, SocketAddr, bool)> {
    let shared = inherited.is_some();
    let listeners = match inherited {
        Some(listener) => listen::shared(listener, settings.cores),
        None => listen::listeners(settings.listen, settings.cores),
    };
    let listeners = listeners.map_err(|error| refused("LISTEN", settings.listen, &error))?;
    let address = listeners.first().map_or(Ok(settings.listen), TcpListener::local_addr)?;
    Ok((listeners, address, shared))
}

/// The operator's port, unless there is to be none.
fn operator(
    subject: Subject,
    inherited: Option<TcpListener>,
) -> io::Result<Option<(Operator, Keeper)>> {
    if let Some(listener) = inherited {
        return Operator::start(listener, subject).map(Some);
    }
    let Some(address) = subject.settings.operator else { return Ok(None) };
    let listener = listen::listener(address);
    let listener = listener.map_err(|error| refused("OPERATOR", address, &error))?;
    Operator::start(listener, subject).map(Some)
}

/// What went wrong with an address, in the operator's terms.
fn refused(variable: &str, address: SocketAddr, error: &io::Error) -> io::Error {
    let out = match variable {
        "OPERATOR" => ", or to `off` for none",
        _ => "",
    };
    let text = format!(
        "cannot listen on {address}: {error}\n   = help: set {variable} to another address{out}"
    );
    io::Error::new(error.kind(), text)
}
