//! Gateways and proxies that do the same work, as their users would set them up for speed.

mod bare;
mod caddy;
mod envoy;
mod gatewright;
mod haproxy;
mod krakend;
mod nginx;
mod pingora;

use crate::Fault;
use crate::process::Process;
use crate::site::Site;
use crate::works::{Front, Kind, Work};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::rc::Rc;

/// A program that may take part.
pub(crate) struct Peer {
    /// As tables call it, with what sets it apart from others of its kind.
    pub(crate) name: &'static str,
    /// What it is started as, unless a path is given.
    pub(crate) program: &'static str,
    /// How its version is asked for.
    pub(crate) version: &'static [&'static str],
    pub(crate) start: fn(&Site, &Path) -> Result<Running, Fault>,
    pub(crate) does: fn(&Work) -> Does,
}

/// Whether a peer can do a work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Does {
    Work,
    /// It hands on what is asked of others to shape, check or merge: the least it could do.
    Passes,
    Not,
}

/// A peer that runs.
pub(crate) struct Running {
    pub(crate) plain: Listening,
    /// With TLS and both versions of HTTP: the same process at another address, or another process.
    pub(crate) tls: Option<Listening>,
}

/// A process and where it listens.
#[derive(Clone)]
pub(crate) struct Listening {
    pub(crate) process: Rc<Process>,
    pub(crate) address: SocketAddr,
}

impl Running {
    /// A process that listens at one address, or at two.
    fn new(process: Process, plain: SocketAddr, tls: Option<SocketAddr>) -> Self {
        let process = Rc::new(process);
        let at = |address| Listening { process: Rc::clone(&process), address };
        Self { plain: at(plain), tls: tls.map(at) }
    }

    /// Who answers callers that speak so.
    pub(crate) fn behind(&self, front: Front) -> Option<&Listening> {
        match front {
            Front::Plain => Some(&self.plain),
            Front::Tls | Front::Two => self.tls.as_ref(),
        }
    }
}

/// The program that is ours.
pub(crate) const OURS: &str = gatewright::QUIET.program;

/// The program that is this one.
pub(crate) const BARE: &str = bare::PEER.program;

/// The peers, the one that others are compared with first.
pub(crate) const ALL: &[Peer] = &[
    nginx::QUIET,
    nginx::LOGGING,
    haproxy::PEER,
    caddy::PEER,
    envoy::PEER,
    pingora::PEER,
    krakend::PEER,
    bare::PEER,
    gatewright::QUIET,
    gatewright::LOGGING,
];

impl Peer {
    /// Its program: the path that was given for its name, or what is found in `PATH`.
    pub(crate) fn found(&self, given: &[(String, PathBuf)]) -> Option<PathBuf> {
        let given = given.iter().find(|(name, _)| name == self.program);
        if let Some((_, path)) = given {
            return Some(path.clone());
        }
        let path = std::env::var_os("PATH")?;
        let places = std::env::split_paths(&path).chain(["/usr/sbin".into()]);
        places.map(|place| place.join(self.program)).find(|path| path.is_file())
    }

    /// The line that it says about its version: the first, or the one about the compiler that made it.
    pub(crate) fn said(&self, program: &Path) -> String {
        let Ok(output) = Command::new(program).args(self.version).output() else {
            return String::new();
        };
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&text);
        let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let first = lines.next().unwrap_or_default();
        lines.find(|line| line.starts_with("compiler ")).unwrap_or(first).to_owned()
    }
}

/// What every proxy can do, whose callers speak TLS and HTTP/2 where `tls` says so.
fn proxies(work: &Work, tls: bool) -> Does {
    match work.kind {
        _ if work.front != Front::Plain && !tls => Does::Not,
        Kind::Pass => Does::Work,
        Kind::Shaped | Kind::Merged | Kind::Token | Kind::Checked => Does::Passes,
        Kind::Limited | Kind::Kept => Does::Not,
    }
}
