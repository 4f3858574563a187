//! A proxy of a few lines over pingora; `tests/load/pingora` is its source.

use super::{Peer, Running, proxies};
use crate::Fault;
use crate::process::Process;
use crate::site::{Site, free};
use std::path::Path;
use std::process::Command;

pub(super) const PEER: Peer = Peer {
    name: "pingora",
    program: "pingora-peer",
    version: &["--version"],
    start,
    does: |work| proxies(work, false),
};

fn start(site: &Site, program: &Path) -> Result<Running, Fault> {
    let plain = free()?;
    let mut pingora = Command::new(program);
    pingora.arg(plain.to_string()).arg(site.origin.to_string());
    let process = Process::start((pingora, site.core), plain, &site.directory.join("pingora.log"))?;
    Ok(Running::new(process, plain, None))
}
