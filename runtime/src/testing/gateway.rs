//! A gateway in this process.

use std::ffi::OsString;
use std::net::SocketAddr;

use crate::contract::Contract;
use crate::serve::Inherited;
use crate::server::{Limits, Phase, Server};
use crate::settings::Settings;

/// Starts gateways.
#[derive(Debug)]
pub struct Gateway;

/// A gateway that runs until this value is dropped.
pub struct Running {
    server: Option<Server>,
    address: SocketAddr,
    operator: Option<SocketAddr>,
}

impl Gateway {
    /// Starts `contract` with this environment, on a free port of the loopback interface and on
    /// one core unless `LISTEN` and `CORES` say otherwise; operators ask on another such port. Requests are not logged. The process's environment is not read.
    ///
    /// # Panics
    ///
    /// With the report a user would see, when the environment is not complete; when the gateway
    /// cannot listen.
    #[track_caller]
    pub fn start(contract: &'static Contract, env: &[(&str, &str)]) -> Running {
        let settings = Settings::read(contract, &|name| lookup(env, name));
        let settings = settings.expect("the environment is complete");
        let server = Server::start(contract, settings, Inherited::default(), Limits::DEFAULT)
            .expect("the gateway listens");
        let (address, operator) = (server.address(), server.operator());
        Running { server: Some(server), address, operator }
    }

    /// What a gateway in this environment says instead of starting; nothing if it would start.
    pub fn refusal(contract: &'static Contract, env: &[(&str, &str)]) -> Option<String> {
        let settings = Settings::read(contract, &|name| lookup(env, name));
        settings.err().map(|report| report.to_string())
    }
}

fn lookup(env: &[(&str, &str)], name: &str) -> Option<OsString> {
    let defaults =
        [("LISTEN", "127.0.0.1:0"), ("OPERATOR", "127.0.0.1:0"), ("CORES", "1"), ("LOG", "off")];
    let set = env.iter().chain(&defaults).find(|(known, _)| *known == name);
    set.map(|(_, text)| OsString::from(text))
}

/// What `--preflight` says of a gateway in this environment, and what it complains about.
///
/// # Panics
///
/// When the environment is not complete, or no gateway can listen here.
#[track_caller]
pub fn preflight(contract: &'static Contract, env: &[(&str, &str)]) -> (String, Vec<&'static str>) {
    let settings = Settings::read(contract, &|name| lookup(env, name));
    let settings = settings.expect("the environment is complete");
    crate::serve::look_ahead(contract, settings).expect("sockets can be had")
}

/// Does what a gateway's program does with these arguments, until it ends; returns its exit code.
/// It reads the environment of this process and reacts to its signals, so it belongs into a
/// process of its own.
pub fn serve(contract: &'static Contract, arguments: &[&str]) -> u8 {
    crate::serve::program(contract, arguments.iter().map(OsString::from))
}

impl Running {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where operators ask.
    ///
    /// # Panics
    ///
    /// When it was started with `OPERATOR=off`.
    #[track_caller]
    pub fn operator(&self) -> SocketAddr {
        self.operator.expect("`OPERATOR` is not `off`")
    }

    /// Asks it to stop, as SIGTERM does, and returns at once.
    pub fn drain(&self) {
        if let Some(server) = &self.server {
            server.phase().send_replace(Phase::Draining);
        }
    }

    /// Stops it and waits for its end; returns how many connections were still busy at
    /// `DRAIN_LIMIT` and were cut.
    ///
    /// # Panics
    ///
    /// When a core of the gateway panicked.
    pub fn stop(mut self) -> usize {
        self.drain();
        self.server.take().map_or(0, |server| server.join().expect("every core ends well"))
    }
}

impl Drop for Running {
    /// Lets go of the gateway: it drains on its own threads.
    fn drop(&mut self) {
        self.drain();
    }
}

impl std::fmt::Debug for Running {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Running").field("address", &self.address).finish_non_exhaustive()
    }
}
