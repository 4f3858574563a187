//! The contract of a gateway that runs: what it says of itself on the operator's port.

use super::Origin;
use crate::fetch::{self, Address};
use gatewright_build::Error;
use gatewright_compiler::served::{Served, ServedVersion};

/// Where an operator's port tells the contract.
const PATH: &str = "/contract";

/// Whether `spec` is the address of something that runs.
pub(crate) fn is_address(spec: &str) -> bool {
    ["http://", "https://"].iter().any(|scheme| {
        spec.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    })
}

/// The contract of the gateway with this operator's port: `http://127.0.0.1:9090`, with a path in
/// front of `/contract` if it lies behind something, and with `@VERSION` behind it for one version.
///
/// # Errors
///
/// The address is none, nobody answers, or what answers is no gateway.
pub(super) fn ask(spec: &str) -> Result<Origin, Error> {
    let (text, version) = match spec.rsplit_once('@') {
        Some((text, label)) if is_label(label) => (text, Some(label.to_owned())),
        _ => (spec, None),
    };
    let address = address(text)?;
    let answer = fetch::get(&address)?;
    let json = String::from_utf8_lossy(&answer);
    let served = Served::read(&json).map_err(|why| {
        Error::world(format!("{address} does not answer as a gateway does: {why}"))
            .help("give the address of the operator's port, which `OPERATOR` says: the gateway's own port does not tell the contract")
    })?;
    let name = text.to_owned();
    let sources = served.sources(|label| format!("{name}@{label}"));
    Ok(Origin { name, shown: sources.clone(), sources, version, served: Some(served) })
}

/// Where the operator's port at this address tells the contract.
///
/// # Errors
///
/// The address is none.
pub(crate) fn address(text: &str) -> Result<Address, Error> {
    let mut address = Address::parse(text)?;
    let path = address.path.trim_end_matches('/');
    if !path.ends_with(PATH) {
        address.path = format!("{path}{PATH}");
    }
    Ok(address)
}

/// Whether every version came with its text.
///
/// # Errors
///
/// One did not: which.
pub(crate) fn complete(served: &Served, name: &str) -> Result<(), Error> {
    let without = |version: &&ServedVersion| version.source.is_none();
    match served.versions.iter().find(without) {
        None => Ok(()),
        Some(version) => Err(Error::wrong_use(format!(
            "{name} does not carry the text of version {}",
            version.label
        ))
        .help("`gatewright build` puts it into a program, and `gatewright run` does not; else compare with the revision that the gateway was built from")),
    }
}

/// Whether this can be the label of a version, and no host: `2`, `2026-09-01`.
fn is_label(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-')
}
