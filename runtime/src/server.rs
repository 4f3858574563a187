//! Listens and answers: one single-threaded runtime per core, each with a listener of its own.

mod answer;
mod connection;
mod core;
mod head;
mod lifecycle;
mod listen;
mod panic;
mod select;
mod shutdown;
#[cfg(all(test, feature = "testing"))]
mod tests;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::watch;

pub(crate) use self::core::race;
pub(crate) use self::shutdown::{Phase, follow_signals};
use crate::contract::Contract;
use crate::settings::Settings;
use crate::upstream::Gates;

/// The limits of a server that no contract sets.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// The longest request target, in bytes.
    pub(crate) target: usize,
    /// The largest header section, in bytes.
    pub(crate) headers: usize,
    /// How long a head may take from its first byte.
    pub(crate) head_time: Duration,
    /// How long a body may take from the end of its head.
    pub(crate) body_time: Duration,
    /// How long a connection may wait for its next request.
    pub(crate) idle: Duration,
    /// How long a caller may take nothing of its answer.
    pub(crate) stall: Duration,
    /// The most connections at once, per core.
    pub(crate) connections: usize,
}

impl Limits {
    pub(crate) const DEFAULT: Limits = Limits {
        target: 8 * 1024,
        headers: 32 * 1024,
        head_time: Duration::from_secs(10),
        body_time: Duration::from_secs(30),
        // Longer than the 60 s for which load balancers usually keep theirs: whoever closes first
        // must be the one who sends.
        idle: Duration::from_secs(75),
        stall: Duration::from_secs(30),
        connections: 10_000,
    };
}

/// A server that runs.
pub(crate) struct Server {
    address: SocketAddr,
    phase: Arc<watch::Sender<Phase>>,
    cores: Vec<JoinHandle<io::Result<usize>>>,
}

impl Server {
    /// Listens on all cores, and returns once connections are accepted.
    ///
    /// # Errors
    ///
    /// When the address is taken or cannot be had, or a thread cannot be started.
    pub(crate) fn start(
        contract: &'static Contract,
        settings: Settings,
        limits: Limits,
    ) -> io::Result<Server> {
        let settings = Arc::new(settings);
        let gates = Arc::new(Gates::new(contract.backends));
        let listeners = listen::listeners(settings.listen, settings.cores)?;
        let address = listeners.first().map_or(Ok(settings.listen), |first| first.local_addr())?;
        let (phase, _) = watch::channel(Phase::Serving);
        let cores = listeners
            .into_iter()
            .enumerate()
            .map(|(number, listener)| {
                let (settings, gates) = (Arc::clone(&settings), Arc::clone(&gates));
                let phase = phase.subscribe();
                std::thread::Builder::new().name(format!("core-{number}")).spawn(move || {
                    core::run(core::Start { contract, settings, gates, limits, listener, phase })
                })
            })
            .collect::<io::Result<_>>()?;
        Ok(Server { address, phase: Arc::new(phase), cores })
    }

    /// Where it listens, with the port that it has.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
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
        Ok(cut)
    }
}
