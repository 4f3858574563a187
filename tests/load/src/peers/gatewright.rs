//! Ours: `load.api`, built as it is shipped.

use super::{Does, Listening, Peer, Running};
use crate::Fault;
use crate::process::Process;
use crate::site::{Site, free};
use std::path::Path;
use std::process::Command;
use std::rc::Rc;

pub(super) const QUIET: Peer = Peer {
    name: "gatewright",
    program: "load-v1",
    version: &["--version"],
    start: |site, program| start(site, program, "off"),
    does: |_| Does::Work,
};

pub(super) const LOGGING: Peer = Peer {
    name: "gatewright, logging",
    start: |site, program| start(site, program, "json"),
    ..QUIET
};

/// It listens with TLS or without, so there are two of it.
fn start(site: &Site, program: &Path, log: &str) -> Result<Running, Fault> {
    let plain = one(site, program, log, false)?;
    let tls = one(site, program, log, true)?;
    Ok(Running { plain, tls: Some(tls) })
}

fn one(site: &Site, program: &Path, log: &str, tls: bool) -> Result<Listening, Fault> {
    let address = free()?;
    let mut gateway = Command::new(program);
    gateway.env("LISTEN", address.to_string()).env("OPERATOR", "off").env("CORES", "1");
    gateway.env("ORIGIN_URL", format!("http://{}", site.origin)).env("LOG", log);
    gateway.env("CUSTOMER_SECRET", &site.secret);
    // Where a shell names authorities, they would be read at the start: none of this work trusts anybody.
    gateway.env_remove("SSL_CERT_FILE");
    if tls {
        gateway.env("TLS_CERT", &site.certificate).env("TLS_KEY", &site.key);
    }
    let said = site.directory.join(format!("gatewright-{log}-{tls}.log"));
    let process = Rc::new(Process::start((gateway, site.core), address, &said)?);
    Ok(Listening { process, address })
}
