//! `gatewright run`: the gateway, and again when its contract is saved.

mod curl;
mod environment;
mod gateway;
mod shown;
pub(crate) mod stop;
mod watch;

use super::Outcome;
use crate::args::Run;
use crate::callers;
use crate::certificates::Certificates;
use crate::load::{Backends, analysed, features, load, served, versions};
use crate::mocks::Mocks;
use crate::terminal::{Terminal, seconds};
use curl::Way;
use gateway::{Gateway, Launch};
use gatewright_build::{
    Cache, Error, How, Input, Mode, Order, Place, all_in_one, build, one_version,
};
use gatewright_compiler::{Checked, requests};
use gatewright_runtime::SOURCE;
use shown::Shown;
use std::net::SocketAddr;
use std::thread;
use std::time::Instant;
use stop::{Stop, TICK};
use watch::Watch;

/// How many requests are shown to try.
const TRIALS: usize = 3;

pub(crate) fn run(args: &Run, terminal: Terminal) -> Result<Outcome, Error> {
    let loaded = load(&args.contract.path)?;
    let Some(contract) = loaded.contract(terminal) else { return Ok(Outcome::Findings) };
    // Said before anything is built.
    let contract = &*served(contract, args.drafts, args.version.as_deref())?;
    versions(contract, args.version.as_deref())?;
    if !args.mock {
        environment::demand(contract, |name| std::env::var_os(name))?;
    }
    let mut session = Session {
        args,
        terminal,
        cache: Cache::open()?,
        mocks: Mocks::default(),
        known: Vec::new(),
        shown: None,
    };
    let address = gateway::address(args.listen, terminal)?;
    let watch = Watch::new(&args.contract.path, &loaded.input);
    let begin = Instant::now();
    let made = session.make(contract)?;
    // From here on Ctrl-C stops the gateway first.
    let stop = Stop::on_signals()?;
    made.launch.check(terminal)?;
    let gateway = made.launch.start(address, terminal)?;
    session.welcome(contract, &made.versions, gateway.address());
    if let Some(operator) = gateway.operator() {
        terminal.note(&format!("operators ask on http://{operator}, as for /metrics"));
    }
    let took = seconds(begin.elapsed());
    terminal.note(&format!("ready after {took}; save the contract to replace it, Ctrl-C stops"));
    session.follow(gateway, watch, &stop)
}

/// What stays while the gateway is built again and again.
struct Session<'a> {
    args: &'a Run,
    terminal: Terminal,
    cache: Cache,
    mocks: Mocks,
    /// What the gateway was given beside its own environment.
    known: Vec<(String, String)>,
    /// Where what callers show is, if they show certificates.
    shown: Option<Shown>,
}

/// A gateway that is built and can be started.
struct Made {
    launch: Launch,
    versions: Vec<String>,
}

impl Session<'_> {
    /// Builds the gateway and starts the mocks it needs.
    fn make(&mut self, contract: &Checked) -> Result<Made, Error> {
        let wanted = self.args.version.as_deref();
        let contract = &*served(contract, self.args.drafts, wanted)?;
        let versions = versions(contract, wanted)?;
        let target = match &self.args.version {
            Some(version) => one_version(contract, version, ""),
            None => all_in_one(contract, ""),
        };
        let backends = if self.args.mock { Backends::Mocked } else { Backends::Real };
        let program = self.cache.program(&self.args.contract.path, &target.name);
        let place = Place {
            cache: &self.cache,
            contract: &self.args.contract.path,
            program: &program,
            how: How::usual(Mode::Dev),
        };
        let mut bar = self.terminal.progress(&target.name);
        let features = features(contract, backends);
        let order = Order { contract, target, features, runtime: SOURCE };
        build(&order, place, &mut |progress| bar.step(&progress))?;
        drop(bar);
        let environment = self.environment(contract, &versions)?;
        Ok(Made { launch: Launch { program, environment }, versions })
    }

    /// What to add to the environment; with mocks, after they were started.
    fn environment(
        &mut self,
        contract: &Checked,
        versions: &[String],
    ) -> Result<Vec<(String, String)>, Error> {
        if !self.args.mock {
            return Ok(Vec::new());
        }
        self.mocks.serve(contract, versions)?;
        let mut mocks = self.mocks.environment();
        let whole = contract.contract();
        let requests = requests(contract, versions);
        let callers: Vec<_> = requests.into_iter().filter_map(|one| one.caller).collect();
        mocks.extend(callers::environment(whole, &callers));
        self.shown = match Certificates::of(whole)? {
            Some(certificates) => {
                mocks.extend(certificates.environment());
                let folder = self.cache.program(&self.args.contract.path, "callers");
                Some(Shown::write(&certificates, (whole, &callers), folder)?)
            }
            None => None,
        };
        self.known = environment::complete(contract, &mocks, |name| std::env::var_os(name));
        Ok(self.known.clone())
    }

    /// Where the gateway is, and what to ask it if it has mocks to answer.
    fn welcome(&self, contract: &Checked, versions: &[String], address: SocketAddr) {
        let way = Way { address, shown: self.shown.as_ref() };
        let base = way.base();
        let mut text = format!("{} {} on {base}\n", contract.api(), versions.join(", "));
        if self.args.mock {
            for mut request in requests(contract, versions).into_iter().take(TRIALS) {
                let whole = contract.contract();
                if let Some(caller) = &request.caller {
                    let field = callers::field(whole, caller, &self.known);
                    request.headers.extend(field);
                }
                text += &format!("  {}\n", curl::line(&request, &way));
            }
        }
        self.terminal.result(&text);
        for (name, mock) in self.mocks.fixed() {
            self.terminal.note(&format!(
                "`{name}` is called where the contract says, not at its mock on {mock}"
            ));
        }
    }

    /// Until the end: a saved contract replaces the gateway, if it can.
    fn follow(
        &mut self,
        gateway: Gateway,
        mut watch: Watch,
        stop: &Stop,
    ) -> Result<Outcome, Error> {
        let address = gateway.address();
        let mut running = Some(gateway);
        while !stop.asked() {
            thread::sleep(TICK);
            if let Some(status) = running.as_mut().and_then(Gateway::ended) {
                return Err(Error::world(format!("the gateway ended by itself: {status}")));
            }
            let Some(saved) = watch.saved() else { continue };
            let replaced = saved.and_then(|input| self.replace(input, &mut running, address));
            // Ctrl-C reaches cargo too, so a build that it broke is no failure.
            if let Err(error) = replaced
                && !stop.asked()
            {
                self.terminal.complain(&error);
            }
        }
        if let Some(gateway) = running {
            gateway.stop(stop);
        }
        Ok(Outcome::Fine)
    }

    /// Builds the gateway of a saved contract and lets it take over the address. Until it is built
    /// and has what it needs, the running one goes on.
    fn replace(
        &mut self,
        input: Input,
        running: &mut Option<Gateway>,
        address: SocketAddr,
    ) -> Result<(), Error> {
        let begin = Instant::now();
        let loaded = analysed(input);
        let Some(contract) = loaded.contract(self.terminal) else {
            self.terminal.note("the gateway goes on as it was");
            return Ok(());
        };
        let made = self.make(contract)?;
        made.launch.check(self.terminal)?;
        if let Some(gateway) = running.take() {
            gateway.leave_port();
        }
        *running = Some(made.launch.start(address, self.terminal)?);
        let took = seconds(begin.elapsed());
        let base = Way { address, shown: self.shown.as_ref() }.base();
        self.terminal.done("replaced", &format!("after {took}, on {base}"));
        Ok(())
    }
}
