//! The way down: signals, and the phases of a server's life.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use super::core::race;
use crate::observe;

/// Where in its life a server is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// It accepts and answers.
    Serving,
    /// It accepts no more and ends what is under way.
    Draining,
}

/// Waits for SIGTERM or SIGINT, goes on serving for `delay`, then starts draining. A second signal
/// ends the process at once.
///
/// # Errors
///
/// When signals cannot be caught.
pub(crate) fn follow_signals(phase: Arc<watch::Sender<Phase>>, delay: Duration) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let _inside = runtime.enter();
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    drop(_inside);
    std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
        runtime.block_on(async move {
            race(terminate.recv(), interrupt.recv()).await;
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
        });
    })?;
    Ok(())
}
