//! One case: its gateway, its mocks, its request.

use super::process::Process;
use gatewright_build::Error;
use gatewright_compiler::Checked;
use gatewright_compiler::proof::{self, Answered, Asked, Ending, Play, Reaction, Verdict};
use gatewright_runtime::mock::{Deed, Question, Received, Script, Scripted, ask};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What all cases of a run share.
#[derive(Clone, Copy)]
pub(super) struct Stage<'a> {
    /// A contract whose backends are all at addresses from the environment.
    pub(super) contract: &'a Checked,
    /// Its gateway.
    pub(super) program: &'a Path,
}

/// A case that has run.
#[derive(Clone, Debug)]
pub(super) struct Ran {
    /// The case, as an index.
    pub(super) case: usize,
    pub(super) verdict: Verdict,
    pub(super) took: Duration,
}

/// The mocks of one case: the play says what they do.
struct Mocks(Mutex<Option<Play>>);

impl Stage<'_> {
    /// Runs a case.
    ///
    /// # Errors
    ///
    /// The mocks or the gateway cannot be started.
    pub(super) fn run(&self, case: usize) -> Result<Ran, Error> {
        let begin = Instant::now();
        let play = Play::new(self.contract, case).expect("cases are counted from the contract");
        let question = question(&play);
        let limit = Duration::from_millis(play.limit());
        let mut environment = play.environment();
        let gently = play.changes_something();
        let mocks = Arc::new(Mocks(Mutex::new(Some(play))));
        let variables = proof::addresses(self.contract);
        let script: Arc<dyn Script> = Arc::<Mocks>::clone(&mocks);
        let backends = Scripted::start(variables.len(), script)
            .map_err(|error| Error::world(format!("cannot start the mocks: {error}")))?;
        environment.extend(lead(&variables, backends.addresses()));
        let gateway = Process::start(self.program, &environment)?;
        let reply = ask(gateway.address, &question, limit);
        let remains = gateway.end(gently);
        drop(backends);
        let reply = reply.map(|reply| Answered {
            status: reply.status,
            headers: reply.headers,
            body: reply.body,
        });
        let ending = Ending { reply, log: remains.log, crashed: remains.crashed };
        let play = mocks.lock().take().expect("it is taken once, here");
        Ok(Ran { case, verdict: play.end(&ending), took: begin.elapsed() })
    }
}

fn question(play: &Play) -> Question {
    let (method, target, headers, body) = play.request();
    Question { method, target, headers, body }
}

/// The variables that lead to the mocks. Backends that share a variable are one service, and the
/// first of them answers.
pub(super) fn lead(
    variables: &[(String, String)],
    addresses: &[SocketAddr],
) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    for ((_, variable), address) in variables.iter().zip(addresses) {
        if found.iter().all(|(known, _)| known != variable) {
            found.push((variable.clone(), format!("http://{address}")));
        }
    }
    found
}

impl Mocks {
    fn lock(&self) -> MutexGuard<'_, Option<Play>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Script for Mocks {
    fn received(&self, request: Received) -> usize {
        let asked = Asked {
            backend: request.backend,
            method: request.method,
            target: request.target,
            headers: request.headers,
            body: request.body,
        };
        self.lock().as_mut().map_or(0, |play| play.asked(asked))
    }

    fn deed(&self, request: usize, since: Duration) -> Option<Deed> {
        let waited = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
        let play = self.lock();
        let reaction = match play.as_ref() {
            Some(play) => play.reaction(request, waited)?,
            None => Reaction::Silence,
        };
        Some(deed(reaction))
    }
}

/// A reaction in the words of the runtime.
pub(super) fn deed(reaction: Reaction) -> Deed {
    match reaction {
        Reaction::Answer { status, headers, body, delay } => {
            Deed::Answer { status, headers, body, delay: Duration::from_millis(delay) }
        }
        Reaction::Silence => Deed::Silence,
        Reaction::Close(delay) => Deed::Close { delay: Duration::from_millis(delay) },
    }
}
