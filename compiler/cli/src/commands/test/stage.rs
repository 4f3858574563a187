//! One case: its gateway, its mocks, its request.

use super::process::Process;
use crate::callers;
use crate::certificates::Certificates;
use gatewright_build::Error;
use gatewright_compiler::Checked;
use gatewright_compiler::contract::cases::Caller;
use gatewright_compiler::proof::{
    self, Answered, Asked, Ending, Play, Reaction, Rehearsal, Ticket, Verdict,
};
use gatewright_runtime::mock::{
    self, Deed, Question, Received, Script, Scripted, ask, ask_securely,
};
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

/// What is played on a stage.
trait Piece: Send + 'static {
    fn question(&self) -> Question;
    /// Who calls, if anybody is known.
    fn caller(&self) -> Option<Caller>;
    fn environment(&self) -> Vec<(String, String)>;
    fn limit(&self) -> Duration;
    /// Whether the gateway ends what it has begun before it is looked at.
    fn waits(&self) -> bool;
    fn asked(&mut self, asked: Asked) -> Ticket;
    fn reaction(&self, ticket: Ticket, waited: u64) -> Option<Reaction>;
}

impl Piece for Play {
    fn question(&self) -> Question {
        let (method, target, headers, body) = self.request();
        Question { method, target, headers, body }
    }

    fn caller(&self) -> Option<Caller> {
        Play::caller(self)
    }

    fn environment(&self) -> Vec<(String, String)> {
        Play::environment(self)
    }

    fn limit(&self) -> Duration {
        Duration::from_millis(Play::limit(self))
    }

    fn waits(&self) -> bool {
        self.changes_something()
    }

    fn asked(&mut self, asked: Asked) -> Ticket {
        Play::asked(self, asked)
    }

    fn reaction(&self, ticket: Ticket, waited: u64) -> Option<Reaction> {
        Play::reaction(self, ticket, waited)
    }
}

impl Piece for Rehearsal {
    fn question(&self) -> Question {
        let (method, target, headers, body) = self.request();
        Question { method, target, headers, body }
    }

    fn caller(&self) -> Option<Caller> {
        Rehearsal::caller(self)
    }

    fn environment(&self) -> Vec<(String, String)> {
        Rehearsal::environment(self)
    }

    fn limit(&self) -> Duration {
        Duration::from_millis(Rehearsal::limit(self))
    }

    fn waits(&self) -> bool {
        true
    }

    fn asked(&mut self, asked: Asked) -> Ticket {
        Rehearsal::asked(self, asked)
    }

    fn reaction(&self, ticket: Ticket, waited: u64) -> Option<Reaction> {
        Rehearsal::reaction(self, ticket, waited)
    }
}

/// The mocks of one piece.
struct Mocks<P>(Mutex<Option<P>>);

impl Stage<'_> {
    /// Runs a case.
    ///
    /// # Errors
    ///
    /// The mocks or the gateway cannot be started.
    pub(super) fn run(&self, case: usize) -> Result<Ran, Error> {
        let begin = Instant::now();
        let play = Play::new(self.contract, case).expect("cases are counted from the contract");
        let (play, ending) = self.perform(play)?;
        Ok(Ran { case, verdict: play.end(&ending), took: begin.elapsed() })
    }

    /// Runs a rehearsal and drafts its case, if it shows what it was made for.
    ///
    /// # Errors
    ///
    /// The mocks or the gateway cannot be started.
    pub(super) fn rehearse(
        &self,
        rehearsal: Rehearsal,
        taken: &mut Vec<String>,
    ) -> Result<Option<String>, Error> {
        let (rehearsal, ending) = self.perform(rehearsal)?;
        let sound = ending.crashed.is_none();
        let answered = ending.reply.as_ref().ok().filter(|_| sound);
        Ok(answered.and_then(|answered| rehearsal.case(answered, &ending.log, taken)))
    }

    fn perform<P: Piece>(&self, piece: P) -> Result<(P, Ending), Error> {
        let (mut question, limit, waits) = (piece.question(), piece.limit(), piece.waits());
        let mut environment = piece.environment();
        let contract = self.contract.contract();
        let caller = piece.caller();
        environment.extend(callers::environment(contract, caller.as_slice()));
        let certificates = Certificates::of(contract)?;
        environment.extend(certificates.iter().flat_map(Certificates::environment));
        let issuers = callers::issuers(contract);
        let issuers = (!issuers.is_empty()).then(|| mock::start(issuers)).transpose();
        let issuers =
            issuers.map_err(|error| Error::world(format!("cannot start the mocks: {error}")))?;
        for issuer in issuers.iter().flat_map(|running| running.addresses()) {
            let variable = issuer.variable.clone();
            environment.extend(variable.map(|name| (name, format!("http://{}", issuer.address))));
        }
        if let Some(caller) = &caller {
            question.headers.extend(callers::field(contract, caller, &environment));
        }
        let secure = certificates.as_ref().map(|certificates| {
            let shown = caller.as_ref().map(|who| certificates.shown(contract, who)).transpose()?;
            certificates.config(shown.flatten().as_ref())
        });
        let secure = secure.transpose()?;
        let mocks = Arc::new(Mocks(Mutex::new(Some(piece))));
        let variables = proof::addresses(self.contract);
        let script: Arc<dyn Script> = Arc::<Mocks<P>>::clone(&mocks);
        let backends = Scripted::start(variables.len(), script)
            .map_err(|error| Error::world(format!("cannot start the mocks: {error}")))?;
        environment.extend(lead(&variables, backends.addresses()));
        let gateway = Process::start(self.program, &environment)?;
        let reply = match secure {
            Some(config) => ask_securely((gateway.address, config), &question, limit),
            None => ask(gateway.address, &question, limit),
        };
        let remains = gateway.end(waits);
        drop(backends);
        let reply = reply.map(|reply| Answered {
            status: reply.status,
            headers: reply.headers,
            body: reply.body,
        });
        let ending = Ending { reply, log: remains.log, crashed: remains.crashed };
        let piece = mocks.lock().take().expect("it is taken once, here");
        Ok((piece, ending))
    }
}

/// The variables that lead to the mocks. Backends that share a variable are one service, and the
/// first of them answers.
fn lead(variables: &[(String, String)], addresses: &[SocketAddr]) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    for ((_, variable), address) in variables.iter().zip(addresses) {
        if found.iter().all(|(known, _)| known != variable) {
            found.push((variable.clone(), format!("http://{address}")));
        }
    }
    found
}

impl<P> Mocks<P> {
    fn lock(&self) -> MutexGuard<'_, Option<P>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<P: Piece> Script for Mocks<P> {
    fn received(&self, request: Received) -> usize {
        let asked = Asked {
            backend: request.backend,
            method: request.method,
            target: request.target,
            headers: request.headers,
            body: request.body,
        };
        self.lock().as_mut().map_or(0, |piece| piece.asked(asked))
    }

    fn deed(&self, request: usize, since: Duration) -> Option<Deed> {
        let waited = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
        let piece = self.lock();
        let reaction = match piece.as_ref() {
            Some(piece) => piece.reaction(request, waited)?,
            None => Reaction::Silence,
        };
        Some(deed(reaction))
    }
}

/// A reaction in the words of the runtime.
fn deed(reaction: Reaction) -> Deed {
    match reaction {
        Reaction::Answer { status, headers, body, delay } => {
            Deed::Answer { status, headers, body, delay: Duration::from_millis(delay) }
        }
        Reaction::Silence => Deed::Silence,
        Reaction::Close(delay) => Deed::Close { delay: Duration::from_millis(delay) },
    }
}
