//! The way down: signals, and the phases of a server's life.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use super::core::race;
use crate::observe;
use crate::operator::Pulses;
use crate::serve::Supervisor;

/// Where in its life a server is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// It does not listen yet.
    Starting,
    /// It accepts and answers.
    Serving,
    /// It was asked to stop, and goes on for as long as it was told to.
    Stopping,
    /// It accepts no more and ends what is under way.
    Draining,
}

/// Who is told about life and stop.
pub(crate) struct Watched {
    pub(crate) supervisor: Supervisor,
    pub(crate) pulses: Arc<Pulses>,
}

/// Waits for SIGTERM or SIGINT, goes on serving for `delay`, then starts draining. A second signal
/// ends the process at once. The service manager is told, and given signs of life.
///
/// # Errors
///
/// When signals cannot be caught.
pub(crate) fn follow_signals(
    phase: Arc<watch::Sender<Phase>>,
    delay: Duration,
    Watched { supervisor, pulses }: Watched,
) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let _inside = runtime.enter();
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    drop(_inside);
    std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
        let life = supervisor.watch(|| pulses.missed() == 0);
        let signals = async {
            race(terminate.recv(), interrupt.recv()).await;
            supervisor.stopping();
            phase.send_replace(Phase::Stopping);
            observe::stopping();
            let drain = async {
                tokio::time::sleep(delay).await;
                phase.send_replace(Phase::Draining);
                std::future::pending::<()>().await;
            };
            let again = race(terminate.recv(), interrupt.recv());
            race(drain, async {
                again.await;
            })
            .await;
            std::process::exit(1);
        };
        runtime.block_on(race(signals, life));
    })?;
    Ok(())
}
