//! A proxy with nothing in it, which this program is itself: the floor under all others.

use super::{Peer, Running, proxies};
use crate::Fault;
use crate::process::Process;
use crate::site::{Site, free};
use std::path::Path;
use std::process::Command;

pub(super) const PEER: Peer = Peer {
    name: "bare proxy",
    program: "gatewright-load",
    version: &["--version"],
    start,
    does: |work| proxies(work, false),
};

fn start(site: &Site, program: &Path) -> Result<Running, Fault> {
    let plain = free()?;
    let mut bare = Command::new(program);
    bare.arg("--bare").arg(plain.to_string()).arg(site.origin.to_string());
    let process = Process::start((bare, site.core), plain, &site.directory.join("bare.log"))?;
    Ok(Running::new(process, plain, None))
}
