//! `gatewright generate`: packages that can be read, committed and built without gatewright.

use super::Outcome;
use crate::args::Generate;
use crate::load::{Backends, features, load, served, targets};
use crate::terminal::Terminal;
use gatewright_build::{Error, LOCK, Order, package, write};
use gatewright_compiler::Checked;
use gatewright_compiler::codegen::layout::Files;
use gatewright_compiler::source::Sources;
use gatewright_runtime::SOURCE;
use std::fs;
use std::path::{Component, Path, PathBuf};

/// The directory of the runtime's source.
const RUNTIME: &str = "gatewright-runtime";

pub(crate) fn run(args: &Generate, terminal: Terminal) -> Result<Outcome, Error> {
    let loaded = load(&args.contract.path)?;
    let Some(contract) = loaded.contract(terminal) else { return Ok(Outcome::Findings) };
    let contract = served(contract, args.programs.drafts, args.programs.version.as_deref())?;
    let files = files(&loaded.input.sources, &contract, args)?;
    if args.check {
        let difference = write::compare(&args.out, &files)?;
        let differing = difference.changed.iter().chain(&difference.stale);
        for name in differing {
            terminal.result(&format!("{}\n", args.out.join(name).display()));
        }
        if difference.is_empty() {
            return Ok(Outcome::Fine);
        }
        terminal.note("these files are stale: run `gatewright generate`");
        return Ok(Outcome::Findings);
    }
    let difference = write::write(&args.out, &files)?;
    let (written, removed) = (difference.changed.len(), difference.stale.len());
    let out = args.out.display();
    terminal.done("generated", &format!("{out}: {written} files written, {removed} removed"));
    Ok(Outcome::Fine)
}

/// Everything that the directory holds: a package per program, and the runtime's source unless it
/// is elsewhere.
fn files(sources: &Sources, contract: &Checked, args: &Generate) -> Result<Files, Error> {
    let mut files = Files::new();
    // No revision: what is committed cannot name its own commit.
    for target in targets(contract, &args.programs, "")? {
        let name = target.name.clone();
        let runtime = match &args.runtime {
            Some(path) => from(&args.out.join(&name), path)?,
            None => format!("../{RUNTIME}"),
        };
        let features = features(contract, Backends::Real);
        let target = target.carrying(sources, contract);
        let order = Order { contract, target, features, runtime: SOURCE };
        let package = package(&order, &runtime)?;
        files.extend(package.into_iter().map(|(path, bytes)| (format!("{name}/{path}"), bytes)));
    }
    if args.runtime.is_none() {
        let source = SOURCE.iter().filter(|(name, _)| *name != LOCK);
        files.extend(
            source.map(|(name, text)| (format!("{RUNTIME}/{name}"), text.as_bytes().to_vec())),
        );
    }
    Ok(files)
}

/// The way from `directory`, which need not be there yet, to `target`.
fn from(directory: &Path, target: &Path) -> Result<String, Error> {
    let unreadable = |error: std::io::Error| Error::file("find", target, &error);
    let target = fs::canonicalize(target).map_err(unreadable)?;
    let directory = real(directory).map_err(unreadable)?;
    let shared =
        directory.components().zip(target.components()).take_while(|(a, b)| a == b).count();
    let up = directory.components().skip(shared).map(|_| Component::ParentDir);
    let way: PathBuf = up.chain(target.components().skip(shared)).collect();
    Ok(way.display().to_string())
}

/// The absolute path of something whose last parts need not be there.
fn real(path: &Path) -> std::io::Result<PathBuf> {
    let path = std::path::absolute(path)?;
    let there = path.ancestors().find(|ancestor| ancestor.exists()).unwrap_or(Path::new("/"));
    let rest = path.strip_prefix(there).unwrap_or(Path::new(""));
    Ok(fs::canonicalize(there)?.join(rest))
}
