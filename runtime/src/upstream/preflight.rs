//! Whether the backends can be reached, before anything listens.

use std::fmt::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::{LocalSet, spawn_local};
use tokio::time::timeout;

use super::Address;
use super::connect::Approach;
use super::failure::Reason;
use super::link::Wanted;
use super::replicas::{Replicas, Tried};
use super::roster::Roster;
use crate::contract::{Backend, Contract};
use crate::settings::Settings;

/// Connects to every address that the backends of `contract` were given, with a TLS handshake where
/// it is `https`, and sends nothing: which requests do no harm is known to nobody. A line for each,
/// and whether all could be reached.
///
/// # Errors
///
/// When the system does not let the process wait for sockets.
pub(crate) fn preflight(
    contract: &Contract,
    settings: &Settings,
) -> std::io::Result<(String, bool)> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let places = contract.backends.iter().zip(&settings.backends).flat_map(|(backend, known)| {
        let how = (known.timeout, known.approach.clone());
        known.address.each().map(move |address| (*backend, address, how.clone()))
    });
    let places: Vec<_> = places.collect();
    let results = LocalSet::new().block_on(&runtime, async {
        let asked = places.iter().cloned().map(|(backend, address, how)| {
            spawn_local(async move { reached(backend, &address, how).await })
        });
        let asked: Vec<_> = asked.collect();
        let mut results = Vec::new();
        for one in asked {
            results.push(one.await.unwrap_or(Err(Reason::NoAddress)));
        }
        results
    });
    let mut text = String::new();
    let width = contract.backends.iter().map(|backend| backend.name.len()).max().unwrap_or(0);
    let mut all = true;
    for ((backend, address, _), result) in places.iter().zip(results) {
        all &= result.is_ok();
        let word = match result {
            Ok(took) => format!("reached after {}", millis(took)),
            Err(reason) => reason.to_string(),
        };
        let _ = writeln!(text, "{:width$}  {}  {word}", backend.name, shown(address));
    }
    Ok((text, all))
}

/// How long it takes to connect to an address of `backend`.
async fn reached(
    backend: &Backend,
    address: &Address,
    (limit, approach): (Duration, Approach),
) -> Result<Duration, Reason> {
    let begin = Instant::now();
    let replicas = Replicas::new(address, &approach, Arc::new(Roster::new(backend)));
    let connecting = async {
        let mut tried = Tried::default();
        let mut last = Reason::NoAddress;
        while let Some(picked) = replicas.pick(&tried).await {
            match picked.origin.connect(picked.address, None, Wanted::Any).await {
                Ok(_) => return Ok(begin.elapsed()),
                Err(reason) => last = reason,
            }
            tried.refused.push(picked.address);
        }
        Err(last)
    };
    timeout(limit, connecting).await.unwrap_or(Err(Reason::Timeout))
}

/// An address without its path.
fn shown(address: &Address) -> String {
    let scheme = match (address.secure, address.http2) {
        (true, _) => "https",
        (false, true) => "h2c",
        (false, false) => "http",
    };
    let first = address.hosts.first();
    if let Some(service) = first.filter(|host| host.is_service) {
        return format!("{scheme}+srv://{}", service.name);
    }
    let authority = first.and_then(|host| host.authority.to_str().ok());
    format!("{scheme}://{}", authority.unwrap_or_default())
}

fn millis(took: Duration) -> String {
    format!("{:.1} ms", took.as_secs_f64() * 1000.0)
}
