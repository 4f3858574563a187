//! From `.api` files to Rust in `OUT_DIR`, to a package, to a gateway.
//!
//! A build script needs one line:
//!
//! ```no_run
//! gatewright_build::compile("shop.api");
//! ```
//!
//! and the crate includes the result with `gatewright_runtime::include_gateway!("shop")`.

pub mod cache;
pub mod cargo;
pub mod error;
mod facts;
mod fail;
mod how;
mod label;
pub mod read;
mod script;
#[cfg(test)]
mod testing;
mod toolchain;
mod vendor;
pub mod write;

pub use cache::{Cache, RuntimeSource};
pub use cargo::{Mode, Progress};
pub use error::{Error, Fault};
pub use facts::runtime_digest;
use gatewright_compiler::codegen::Modules;
use gatewright_compiler::codegen::layout::{self, Files, PackageOptions};
use gatewright_compiler::{Checked, Target, generate, plan};
pub use how::{How, Supply};
pub use label::{Known, Labels};
pub use read::{Input, read};
pub use script::{compile, compile_quietly, contracts};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use toolchain::Toolchain;
pub use vendor::vendor;

/// One program with every version of a contract; it has the name of the API.
pub fn all_in_one(contract: &Checked, revision: &str) -> Target {
    Target {
        name: contract.api().to_owned(),
        versions: contract.versions(),
        revision: revision.to_owned(),
        sources: BTreeMap::new(),
        build: Vec::new(),
    }
}

/// One program with one version: `shop-v1`.
pub fn one_version(contract: &Checked, version: &str, revision: &str) -> Target {
    Target {
        name: format!("{}-v{version}", contract.api()),
        versions: vec![version.to_owned()],
        revision: revision.to_owned(),
        sources: BTreeMap::new(),
        build: Vec::new(),
    }
}

fn modules(contract: &Checked, target: &Target) -> Modules {
    generate(&plan(contract, target))
}

/// A program to be made from a contract.
#[derive(Clone, Debug)]
pub struct Order<'a> {
    /// The contract.
    pub contract: &'a Checked,
    /// Which versions, and what the program is called.
    pub target: Target,
    /// Features of the runtime that it needs: `auth`, `tls`.
    pub features: Vec<String>,
    /// The runtime's source.
    pub runtime: &'a RuntimeSource,
}

/// The files of a package that builds the program; `runtime` is where it finds the runtime's
/// source, seen from the package.
///
/// # Errors
///
/// The runtime's source has no lock file.
pub fn package(order: &Order<'_>, runtime: &str) -> Result<Files, Error> {
    laid_out(order, &modules(order.contract, &order.target), (runtime, false))
}

/// `runtime` is where the runtime's source lies, and whether the program carries a label.
fn laid_out(
    order: &Order<'_>,
    modules: &Modules,
    (runtime, labelled): (&str, bool),
) -> Result<Files, Error> {
    let options = PackageOptions {
        name: order.target.name.clone(),
        runtime: runtime.to_owned(),
        features: order.features.clone(),
        lock: lock(order)?.to_owned(),
        labelled,
    };
    Ok(layout::package(modules, &options))
}

/// The lock of the crates that a program is made of.
fn lock<'a>(order: &Order<'a>) -> Result<&'a str, Error> {
    let lock = order.runtime.iter().find(|(name, _)| *name == LOCK);
    lock.map(|(_, text)| *text).ok_or_else(|| Error::bug("the runtime's source has no lock file"))
}

/// The lock of every generated package, carried among the runtime's files.
pub const LOCK: &str = "gateway.lock";

/// Where a build takes place and what becomes of it.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The cache.
    pub cache: &'a Cache,
    /// The contract's path; two contracts never share a package.
    pub contract: &'a Path,
    /// The program's path when it is done.
    pub program: &'a Path,
    /// How it is built.
    pub how: How<'a>,
}

/// Builds a program and puts it to its place, replacing what is there whole or not at all.
///
/// # Errors
///
/// A file cannot be written, there is no usable toolchain, or the build fails.
pub fn build(
    order: &Order<'_>,
    place: Place<'_>,
    progress: &mut dyn FnMut(Progress),
) -> Result<(), Error> {
    made(order, place, None, progress)
}

/// [`build`] of a program that carries a label: what it is built by and how, and what `labels` makes
/// of that.
///
/// # Errors
///
/// As [`build`], or cargo cannot say which crates it is made of.
pub fn build_labelled(
    order: &Order<'_>,
    place: Place<'_>,
    labels: Labels<'_>,
    progress: &mut dyn FnMut(Progress),
) -> Result<(), Error> {
    let facts = facts::facts(order, &Toolchain::find(place.how.target)?, place.how.mode)?;
    let target = Target { build: facts, ..order.target.clone() };
    let order = Order { target, features: order.features.clone(), ..*order };
    made(&order, place, Some(labels), progress)
}

/// What a program that is built here from this order would say that it is built by and how.
///
/// # Errors
///
/// There is no usable toolchain.
pub fn facts(order: &Order<'_>, how: How<'_>) -> Result<Vec<(&'static str, String)>, Error> {
    facts::facts(order, &Toolchain::find(how.target)?, how.mode)
}

fn made(
    order: &Order<'_>,
    place: Place<'_>,
    labels: Option<Labels<'_>>,
    progress: &mut dyn FnMut(Progress),
) -> Result<(), Error> {
    let cache = place.cache;
    let name = &order.target.name;
    let modules = modules(order.contract, &order.target);
    let files = laid_out(order, &modules, ("runtime", labels.is_some()))?;
    // Held until the program is copied: the next build writes to the same place.
    let _lock = cache.lock(|| progress(Progress::Waiting))?;
    let runtime = cache.runtime(order.runtime)?;
    let package = cache.package(place.contract, name, &files, &runtime)?;
    if let Some(labels) = labels {
        progress(Progress::Fetching);
        label::write(&package, (order, &modules), labels, place.how.supply)?;
    }
    let job = cargo::Job {
        package: &package,
        program: name,
        target: &cache.target(),
        root: cache.root(),
        log: &cache.log(name),
        how: place.how,
    };
    let built = cargo::build(&job, progress)?;
    copy(&built, place.program)
}

fn copy(from: &Path, to: &Path) -> Result<(), Error> {
    let beside = write::beside(to);
    fs::create_dir_all(to.parent().unwrap_or(Path::new(".")))
        .and_then(|()| fs::copy(from, &beside))
        .and_then(|_| fs::rename(&beside, to))
        .map_err(|error| {
            let _ = fs::remove_file(&beside);
            Error::file("write", to, &error)
        })
}
