//! `gatewright build`: programs from a contract.

use super::Outcome;
use crate::args::Build;
use crate::load::{Backends, features, load, served, targets};
use crate::terminal::{Terminal, seconds};
use gatewright_build::{Cache, Error, Mode, Order, Place, build};
use gatewright_compiler::{Checked, Target};
use gatewright_runtime::SOURCE;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

pub(crate) fn run(args: &Build, terminal: Terminal) -> Result<Outcome, Error> {
    let loaded = load(&args.contract.path)?;
    let Some(contract) = loaded.contract(terminal) else { return Ok(Outcome::Findings) };
    let revision = args.revision.clone().unwrap_or_else(|| revision(&loaded.input.directory));
    let contract = &*served(contract, args.programs.drafts, args.programs.version.as_deref())?;
    let targets = targets(contract, &args.programs, &revision)?;
    let cache = Cache::open()?;
    for target in targets {
        let program = args.out.join(&target.name);
        let place = Place {
            cache: &cache,
            contract: &args.contract.path,
            program: &program,
            mode: if args.dev { Mode::Dev } else { Mode::Release },
        };
        let target = target.carrying(&loaded.input.sources, contract);
        one(contract, target, place, terminal)?;
    }
    Ok(Outcome::Fine)
}

fn one(
    contract: &Checked,
    target: Target,
    place: Place<'_>,
    terminal: Terminal,
) -> Result<(), Error> {
    let begin = Instant::now();
    let mut bar = terminal.progress(&target.name);
    let features = features(contract, Backends::Real);
    let order = Order { contract, target, features, runtime: SOURCE };
    build(&order, place, &mut |progress| bar.step(&progress))?;
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
