//! Gateways of this product that are measured by themselves.

use super::contract::BACKENDS;
use crate::Fault;
use crate::peers::Listening;
use crate::process::Process;
use crate::site::{Site, free};
use std::path::Path;
use std::process::Command;
use std::rc::Rc;

/// Starts a program that was made of `tests/load/contract` or of a contract of a size; so many threads
/// serve.
///
/// # Errors
///
/// That it does not start.
pub(super) fn start(program: &Path, site: &Site, cores: usize) -> Result<Listening, Fault> {
    let address = free()?;
    let mut gateway = Command::new(program);
    gateway.env("LISTEN", address.to_string()).env("OPERATOR", "off").env("LOG", "off");
    gateway.env("CORES", cores.to_string()).env("CUSTOMER_SECRET", &site.secret);
    let origin = format!("http://{}", site.origin);
    for at in 0..BACKENDS {
        gateway.env(format!("STORE{at}_URL"), &origin);
    }
    gateway.env("ORIGIN_URL", &origin);
    let process =
        Process::start((gateway, site.core), address, &site.directory.join("gateway.log"))?;
    Ok(Listening { process: Rc::new(process), address })
}
