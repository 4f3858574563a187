//! The label of a program: what is known of it before it is built, written into its package.

use crate::error::Error;
use crate::how::Supply;
use crate::{Order, lock, write};
use gatewright_compiler::codegen::Modules;
use gatewright_compiler::codegen::layout::Files;
use std::path::Path;
use std::process::Command;

/// What is known of a program before it is built.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// What it is built by and how, as names and texts.
    pub facts: &'a [(&'static str, String)],
    /// The digest of each version's code, by label.
    pub digests: &'a [(String, String)],
    /// What `cargo metadata` says of its package.
    pub metadata: &'a str,
    /// The lock of the crates that it is made of.
    pub lock: &'a str,
}

/// Makes the files of a label, by their paths in a package.
pub type Labels<'a> = &'a dyn Fn(&Known<'_>) -> Result<Files, Error>;

/// Writes the label of a program into its package.
pub(crate) fn write(
    package: &Path,
    (order, modules): (&Order<'_>, &Modules),
    labels: Labels<'_>,
    supply: Supply<'_>,
) -> Result<(), Error> {
    let host = order.target.build.iter().find(|(name, _)| *name == "target");
    let metadata = metadata(package, host.map_or("", |(_, host)| host), supply)?;
    let known = Known {
        facts: &order.target.build,
        digests: &modules.digests,
        metadata: &metadata,
        lock: lock(order)?,
    };
    for (name, bytes) in labels(&known)? {
        write::file(&package.join(name), &bytes)?;
    }
    Ok(())
}

/// What cargo says of a package and of all that it is made of, for one machine.
fn metadata(package: &Path, host: &str, supply: Supply<'_>) -> Result<String, Error> {
    let mut command = Command::new("cargo");
    command.args(["metadata", "--format-version=1", "--locked", "--filter-platform", host]);
    supply.say(&mut command);
    let output = command
        .current_dir(package)
        .output()
        .map_err(|error| Error::world(format!("cannot run cargo: {error}")))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let message = format!("cargo cannot say what a gateway is made of: {}", said.trim());
        return Err(Error::world(message).help(match supply {
            Supply::Registry => "the first build needs the crate registry; later ones need nothing",
            Supply::Kept => "build once without `--offline`, or with `--vendored DIR`",
            Supply::Vendored(_) => {
                "`gatewright vendor DIR` of this version of gatewright writes all that is needed"
            }
        }));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
