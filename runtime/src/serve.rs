//! The program around a gateway: arguments, environment, start, stop.

mod health;
mod inherited;
mod smoke;
mod supervisor;

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;
use std::time::SystemTime;

pub(crate) use self::inherited::Inherited;
pub(crate) use self::supervisor::Supervisor;
use crate::contract::Contract;
use crate::observe;
use crate::server::{Limits, Server, Watched, follow_signals};
use crate::settings::{Settings, describe};
use crate::upstream::preflight;

/// What a gateway can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Command {
    Serve,
    Help,
    Version,
    Env,
    Check,
    Preflight,
    Health,
    Contract,
}

/// The exit code for a job that is done.
const FINE: u8 = 0;
/// The exit code for findings: the environment is not complete.
const FINDINGS: u8 = 1;
/// The exit code for wrong use.
const WRONG_USE: u8 = 2;
/// The exit code for a world that does not play along: the port is taken.
const WORLD: u8 = 3;

/// Runs a gateway until it is told to stop: the whole `main` of a generated gateway.
///
/// Reads its arguments and its environment, reports every fault of the environment in one message,
/// listens, and ends with SIGTERM or SIGINT once the requests in flight are answered. Exit codes:
/// 0 fine, 1 the environment is not complete, 2 wrong use, 3 the gateway could not listen or go on.
pub fn serve(contract: &'static Contract) -> ExitCode {
    ExitCode::from(program(contract, std::env::args_os().skip(1)))
}

/// The program with these arguments; returns its exit code.
pub(crate) fn program(
    contract: &'static Contract,
    arguments: impl Iterator<Item = OsString>,
) -> u8 {
    match command(arguments) {
        Ok(Command::Help) => say(&help(contract)),
        Ok(Command::Version) => say(&version(contract)),
        Ok(Command::Contract) => sources(contract),
        Ok(Command::Env) => say(&describe(contract, &|name| std::env::var_os(name))),
        Ok(command) => match Settings::read(contract, &|name| std::env::var_os(name)) {
            Ok(_) if command == Command::Check => say("the environment is complete\n"),
            Ok(settings) if command == Command::Preflight => reach(contract, settings),
            Ok(settings) if command == Command::Health => health(contract, &settings),
            Ok(settings) => start(contract, settings),
            Err(report) => {
                complain(&report.to_string());
                FINDINGS
            }
        },
        Err(argument) => {
            let api = contract.api;
            complain(&format!("there is no argument `{argument}`; `{api} --help` lists them"));
            WRONG_USE
        }
    }
}

/// The one argument, if there is one.
fn command(mut arguments: impl Iterator<Item = OsString>) -> Result<Command, String> {
    let Some(first) = arguments.next() else { return Ok(Command::Serve) };
    let command = match first.to_str() {
        Some("--help" | "-h") => Command::Help,
        Some("--version" | "-V") => Command::Version,
        Some("--env") => Command::Env,
        Some("--check") => Command::Check,
        Some("--preflight") => Command::Preflight,
        Some("--health") => Command::Health,
        Some("--contract") => Command::Contract,
        _ => return Err(first.to_string_lossy().into_owned()),
    };
    match arguments.next() {
        Some(second) => Err(second.to_string_lossy().into_owned()),
        None => Ok(command),
    }
}

/// Serves until a signal ends it.
fn start(contract: &'static Contract, settings: Settings) -> u8 {
    std::panic::set_hook(Box::new(observe::panicked));
    let (delay, cores, scheme) = (settings.drain_delay, settings.cores, settings.scheme());
    let inherited = Inherited::take(&|name| std::env::var_os(name));
    let supervisor = Supervisor::of(&|name| std::env::var_os(name));
    let running = Server::start(contract, settings, inherited, Limits::DEFAULT);
    let running = running.and_then(|server| {
        supervisor.ready();
        follow_signals(server.phase(), delay, Watched { supervisor, pulses: server.pulses() })?;
        Ok(server)
    });
    let server = match running {
        Ok(server) => server,
        Err(error) => {
            complain(&format!("{} could not start: {error}", contract.api));
            return WORLD;
        }
    };
    let versions = observe::labels(contract);
    complain(&format!("{} {versions} on {scheme}://{}", contract.api, server.address()));
    observe::started(contract, &server, cores);
    observe::endings(contract, SystemTime::now());
    match server.join() {
        Ok(cut) => {
            observe::after_sunset(contract);
            observe::stopped(cut);
            FINE
        }
        Err(error) => {
            complain(&format!("{} stopped: {error}", contract.api));
            WORLD
        }
    }
}

/// Says which backends can be reached, and whether the smoke cases hold.
fn reach(contract: &'static Contract, settings: Settings) -> u8 {
    match look_ahead(contract, settings) {
        Ok((text, wrong)) => {
            let said = say(&text);
            wrong.iter().for_each(|line| complain(line));
            if wrong.is_empty() { said } else { WORLD }
        }
        Err(error) => {
            complain(&format!("{} could not ask its backends: {error}", contract.api));
            WORLD
        }
    }
}

/// Which backends can be reached, what becomes of the smoke cases, and what is wrong with that.
///
/// # Errors
///
/// When the system does not let the process wait for sockets, or a gateway listen.
pub(crate) fn look_ahead(
    contract: &'static Contract,
    settings: Settings,
) -> std::io::Result<(String, Vec<&'static str>)> {
    let (mut text, reached) = preflight(contract, &settings)?;
    let (cases, held) = smoke::ask(contract, settings)?;
    text.push_str(&cases);
    let unreached = (!reached).then_some("not all backends can be reached");
    let failed = (!held).then_some("not all smoke cases hold");
    Ok((text, unreached.into_iter().chain(failed).collect()))
}

/// Says whether the gateway that runs here with the same environment takes requests.
fn health(contract: &Contract, settings: &Settings) -> u8 {
    let Some(address) = settings.operator else {
        complain("`OPERATOR` is `off`, so a gateway with this environment cannot be asked");
        return FINDINGS;
    };
    match health::ask(address) {
        Ok(()) => say("ready\n"),
        Err(why) => {
            complain(&format!("{} is not ready: {why}", contract.api));
            FINDINGS
        }
    }
}

/// Prints the contract that is compiled in, a version at a time.
fn sources(contract: &Contract) -> u8 {
    let missing = contract.versions.iter().find(|version| version.source.is_empty());
    if let Some(version) = missing {
        complain(&format!("the source of version {} is not compiled in", version.label));
        return FINDINGS;
    }
    let texts: Vec<_> = contract.versions.iter().map(|version| version.source).collect();
    say(&texts.join("\n"))
}

fn help(contract: &Contract) -> String {
    let Contract { api, .. } = contract;
    format!(
        "{api} {}, a gateway made by {}\n\n\
         Usage: {api} [--env | --check | --preflight | --health | --contract | --version | --help]\n\n\
         Without an argument it serves until SIGTERM or SIGINT.\n\n  \
         --env        print the variables that it reads, with their meaning\n  \
         --check      check the environment and end\n  \
         --preflight  the same, connect to every backend, and ask the smoke cases\n  \
         --health     ask the gateway that runs with this environment whether it is ready\n  \
         --contract   print the contract that is compiled in\n  \
         --version    print the versions that are compiled in\n  \
         --help       print this\n",
        observe::labels(contract),
        contract.compiler
    )
}

fn version(contract: &Contract) -> String {
    let name = |version: &crate::contract::Version| {
        let digest = version.digest.get(..16).unwrap_or(version.digest);
        let draft = if version.draft { " (draft)" } else { "" };
        format!("{}/{}@{digest}{draft}", contract.api, version.label)
    };
    let names: Vec<String> = contract.versions.iter().map(name).collect();
    let mut out = format!("{}\ncontract: {}\n", contract.api, names.join(", "));
    let width = contract.versions.iter().map(|version| version.label.len()).max().unwrap_or(0);
    for version in contract.versions {
        let published = version.published;
        let revision =
            published.map_or_else(String::new, |one| format!("  revision {}", one.revision));
        let digest = version.digest;
        out.push_str(&format!("version {:width$}{revision}  sha256 {digest}\n", version.label));
    }
    if !contract.revision.is_empty() {
        out.push_str(&format!("revision {}\n", contract.revision));
    }
    out.push_str(&format!("compiler {}\n", contract.compiler));
    for (name, text) in contract.build {
        out.push_str(&format!("{name} {text}\n"));
    }
    out
}

/// Prints to standard output. A reader that went away has read enough.
fn say(text: &str) -> u8 {
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => WORLD,
        _ => FINE,
    }
}

/// Prints a line to standard error.
fn complain(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}
