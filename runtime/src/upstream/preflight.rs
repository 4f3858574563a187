//! Whether the backends can be reached, before anything listens.

use std::fmt::Write;
use std::time::{Duration, Instant};

use tokio::task::{LocalSet, spawn_local};
use tokio::time::timeout;

use super::Address;
use super::connect::Connector;
use super::failure::Reason;
use crate::contract::Contract;
use crate::settings::Settings;

/// Connects to every backend of `contract`, with a TLS handshake where its address is `https`, and
/// sends nothing: which requests do no harm is known to nobody. A line for each, and whether all
/// could be reached.
///
/// # Errors
///
/// When the system does not let the process wait for sockets.
pub(crate) fn preflight(
    contract: &Contract,
    settings: Settings,
) -> std::io::Result<(String, bool)> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let results = LocalSet::new().block_on(&runtime, async {
        let asked = settings.backends.into_iter().enumerate().map(|(at, backend)| {
            spawn_local(async move {
                let begin = Instant::now();
                let connector = Connector::new(at, &backend.address);
                let result = match timeout(backend.timeout, connector.connect()).await {
                    Ok(Ok(_)) => Ok(begin.elapsed()),
                    Ok(Err(reason)) => Err(reason),
                    Err(_) => Err(Reason::Timeout),
                };
                (result, shown(&backend.address))
            })
        });
        let asked: Vec<_> = asked.collect();
        let mut results = Vec::new();
        for one in asked {
            results.push(one.await.ok());
        }
        results
    });
    let mut text = String::new();
    let width = contract.backends.iter().map(|backend| backend.name.len()).max().unwrap_or(0);
    let mut all = true;
    for (backend, result) in contract.backends.iter().zip(results) {
        let (outcome, address) = result.unwrap_or((Err(Reason::NoAddress), String::new()));
        all &= outcome.is_ok();
        let word = match outcome {
            Ok(took) => format!("reached after {}", millis(took)),
            Err(reason) => reason.to_string(),
        };
        let _ = writeln!(text, "{:width$}  {address}  {word}", backend.name);
    }
    Ok((text, all))
}

/// An address without its path.
fn shown(address: &Address) -> String {
    let scheme = if address.secure { "https" } else { "http" };
    format!("{scheme}://{}", address.authority.to_str().unwrap_or_default())
}

fn millis(took: Duration) -> String {
    format!("{:.1} ms", took.as_secs_f64() * 1000.0)
}
