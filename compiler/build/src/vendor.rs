//! The crates that gateways are made of, in a directory.

use crate::cache::Cache;
use crate::error::Error;
use crate::{Order, package};
use std::path::Path;
use std::process::Command;

/// Puts the crates of a package into a directory, each under name and version: all that it could be
/// made of, on any machine and with any feature.
///
/// # Errors
///
/// There is no cargo, the registry cannot be reached, or files cannot be written.
pub fn vendor(order: &Order<'_>, cache: &Cache, directory: &Path) -> Result<(), Error> {
    let runtime = cache.runtime(order.runtime)?;
    let files = package(order, "runtime")?;
    let place = cache.package(Path::new("vendor"), &order.target.name, &files, &runtime)?;
    let output = Command::new("cargo")
        .args(["vendor", "--locked", "--versioned-dirs", "--quiet"])
        .arg(directory)
        .current_dir(place)
        .output()
        .map_err(|error| Error::world(format!("cannot run cargo: {error}")))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(Error::world(format!(
        "cargo could not put crates into {}: {}",
        directory.display(),
        said.trim()
    ))
    .help("the crate registry is needed for this; builds from the directory need nothing"))
}
