//! `gatewright build`: programs from a contract.

use super::Outcome;
use crate::args::Build;
use crate::labels;
use crate::load::{Backends, features, load, served, targets};
use crate::terminal::{Terminal, seconds};
use gatewright_build::{Cache, Error, How, Known, Mode, Order, Place, Supply, build_labelled};
use gatewright_compiler::contract::Contract;
use gatewright_compiler::source::Sources;
use gatewright_compiler::{Checked, Target};
use gatewright_runtime::SOURCE;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

pub(crate) fn run(args: &Build, terminal: Terminal) -> Result<Outcome, Error> {
    let loaded = load(&args.contract.path)?;
    let Some(contract) = loaded.contract(terminal) else { return Ok(Outcome::Findings) };
    let revision = args.revision.clone().unwrap_or_else(|| revision(&loaded.input.directory));
    let contract = &*served(contract, args.programs.drafts, args.programs.version.as_deref())?;
    let targets = targets(contract, &args.programs, &revision)?;
    let named = |target: &Target| match args.name_by_revision {
        true => by_revision(contract.contract(), target),
        false => Ok(target.name.clone()),
    };
    let names = targets.iter().map(named).collect::<Result<Vec<_>, _>>()?;
    let vendored = args.vendored.as_deref().map(directory).transpose()?;
    let supply = match &vendored {
        Some(directory) => Supply::Vendored(directory),
        None if args.offline => Supply::Kept,
        None => Supply::Registry,
    };
    let mode = if args.dev { Mode::Dev } else { Mode::Release };
    let how = How { mode, target: args.target.as_deref(), supply };
    let cache = Cache::open()?;
    for (target, name) in targets.into_iter().zip(names) {
        let program = args.out.join(name);
        let place = Place { cache: &cache, contract: &args.contract.path, program: &program, how };
        let target = target.carrying(&loaded.input.sources, contract);
        one((&loaded.input.sources, contract), target, place, terminal)?;
    }
    Ok(Outcome::Fine)
}

/// A directory of crates, by its whole path: cargo runs elsewhere.
fn directory(path: &Path) -> Result<PathBuf, Error> {
    let whole = fs::canonicalize(path).map_err(|error| Error::file("find", path, &error))?;
    let is_vendored = |entry: fs::DirEntry| entry.path().join(".cargo-checksum.json").is_file();
    let mut entries = fs::read_dir(&whole).into_iter().flatten().flatten();
    if entries.any(is_vendored) {
        return Ok(whole);
    }
    Err(Error::wrong_use(format!("{} holds no crates", path.display()))
        .help("`gatewright vendor DIR` writes all that gateways are made of"))
}

/// `shop-v1.2`
fn by_revision(contract: &Contract, target: &Target) -> Result<String, Error> {
    let mut versions =
        contract.versions.iter().filter(|version| target.versions.contains(&version.label));
    let (Some(version), None) = (versions.next(), versions.next()) else {
        let message =
            format!("the program `{}` has several versions, and no revision", target.name);
        return Err(Error::wrong_use(message).help("build it without `--name-by-revision`"));
    };
    let label = &version.label;
    match &version.published {
        Some(published) if !published.ahead => {
            Ok(format!("{}-v{}", contract.api, published.revision))
        }
        Some(published) => Err(Error::wrong_use(format!(
            "version {label} has more than its revision {} says",
            published.revision
        ))
        .help(format!("`gatewright publish {label}` makes another revision of it"))),
        None => Err(Error::wrong_use(format!(
            "version {label} is not published, so it has no revision"
        ))
        .help(format!(
            "`gatewright publish {label}` first, or build it without `--name-by-revision`"
        ))),
    }
}

fn one(
    (sources, contract): (&Sources, &Checked),
    target: Target,
    place: Place<'_>,
    terminal: Terminal,
) -> Result<(), Error> {
    let begin = Instant::now();
    let mut bar = terminal.progress(&target.name);
    let features = features(contract, Backends::Real);
    let order = Order { contract, target, features, runtime: SOURCE };
    let labels = |known: &Known<'_>| labels::files((sources, contract), &order.target, known);
    build_labelled(&order, place, &labels, &mut |progress| bar.step(&progress))?;
    drop(bar);
    let size = fs::metadata(place.program).map_or(0, |metadata| metadata.len());
    let mebibytes = size as f64 / f64::from(1 << 20);
    let path = place.program.display();
    terminal.done("built", &format!("{path}  {mebibytes:.1} MiB in {}", seconds(begin.elapsed())));
    Ok(())
}

/// The commit that a directory is at, with `-dirty` behind it when files differ; nothing where git
/// does not know.
fn revision(directory: &Path) -> String {
    let directory = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
    Command::new("git")
        .arg("-C")
        .arg(directory)
        .args(["describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"])
        .output()
        .ok()
        .filter(|output| output.status.success())
        .map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
        .unwrap_or_default()
}
