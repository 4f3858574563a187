//! `gatewright diff`: what changed between two contracts, and whom it hurts.

use super::Outcome;
use crate::args::{DenyChange, Diff, DiffFormat};
use crate::load::pictures;
use crate::origin::{self, Origin};
use crate::terminal::Terminal;
use gatewright_build::{Error, Input, read};
use gatewright_compiler::changes::{self, Change, Side, Verdict, render};
use gatewright_compiler::contract::{Contract, Version};
use gatewright_compiler::diagnostic::render::{Style, text};
use gatewright_compiler::source::Sources;
use gatewright_compiler::{Analysis, analyse};
use std::path::{Path, PathBuf};

pub(crate) fn run(args: &Diff, terminal: Terminal) -> Result<Outcome, Error> {
    let (old, new) = match &args.versions {
        Some(range) => ends(range, args)?,
        None => sides(args)?,
    };
    let (Some(before), Some(after)) = (old.contract(terminal), new.contract(terminal)) else {
        return Ok(Outcome::Findings);
    };
    let changes = compare((&old, before), (&new, after))?;
    let texts = render::Texts { old: &old.shown, new: &new.shown };
    terminal.result(&match args.format {
        DiffFormat::Text => render::coloured(&changes, texts),
        DiffFormat::Json => render::json_lines(&changes, texts),
        DiffFormat::Markdown => render::markdown(&changes),
        DiffFormat::Github => render::github(&changes, texts),
        DiffFormat::Sarif => render::sarif(&changes, texts),
    });
    let limit = match args.deny {
        DenyChange::Breaking => Verdict::Breaking,
        DenyChange::Risky => Verdict::Risky,
    };
    let denied = changes.iter().any(|change| change.verdict >= limit);
    Ok(if denied { Outcome::Findings } else { Outcome::Fine })
}

/// One of the two contracts.
pub(super) struct Loaded {
    analysis: Analysis,
    /// Its texts under labels that say where they lie.
    shown: Sources,
    /// Only this version.
    version: Option<String>,
    input: Option<Input>,
}

impl Loaded {
    pub(super) fn of(input: Input, version: Option<String>) -> Self {
        let analysis = analyse(&input.sources.without_lock());
        Self { analysis, shown: input.shown(), version, input: Some(input) }
    }

    /// A lock alone is what it holds; else the lock beside a contract does not matter here.
    fn from_origin(origin: Origin) -> Self {
        let alone = origin.sources.is_empty();
        let sources = if alone { origin.sources } else { origin.sources.without_lock() };
        let analysis = analyse(&sources);
        Self { analysis, shown: origin.shown, version: origin.version, input: None }
    }

    /// The contract, after its errors were printed. One that says what is not built yet can be
    /// compared all the same.
    pub(super) fn contract(&self, terminal: Terminal) -> Option<&Contract> {
        let contract = self.analysis.comparable();
        if contract.is_none() {
            match &self.input {
                Some(input) => terminal.findings(&pictures(&self.analysis, input, terminal)),
                None => {
                    let style = Style { colour: true, width: terminal.width() };
                    let found = &self.analysis.diagnostics;
                    terminal.findings(&text(found, &self.shown, style));
                }
            }
            terminal.note(&super::check::summary(&self.analysis));
        }
        contract
    }
}

fn compare(
    (old, before): (&Loaded, &Contract),
    (new, after): (&Loaded, &Contract),
) -> Result<Vec<Change>, Error> {
    match (&old.version, &new.version) {
        (None, None) => Ok(changes::contracts(before, after)),
        (a, b) => {
            let labels = [a, b].map(|label| label.as_deref());
            let old = side(before, labels[0].or(labels[1]))?;
            let new = side(after, labels[1].or(labels[0]))?;
            Ok(changes::versions(old, new))
        }
    }
}

pub(super) fn side<'c>(contract: &'c Contract, label: Option<&str>) -> Result<Side<'c>, Error> {
    let is_wanted = |version: &&Version| label.is_none_or(|label| version.label == label);
    if let Some(version) = contract.versions.iter().find(is_wanted) {
        return Ok(Side { contract, version });
    }
    let all: Vec<&str> = contract.versions.iter().map(|version| version.label.as_str()).collect();
    let known = if all.is_empty() { "none".to_owned() } else { all.join(", ") };
    let wanted = label.unwrap_or("to compare");
    Err(Error::wrong_use(format!("the contract has no version {wanted}"))
        .help(format!("its versions are: {known}")))
}

/// Both ends of `--versions 1..2` of one contract.
fn ends(range: &str, args: &Diff) -> Result<(Loaded, Loaded), Error> {
    if args.new.is_some() {
        return Err(Error::wrong_use("`--versions` compares versions of one contract")
            .help("give one path, or two paths without `--versions`"));
    }
    let Some((from, to)) = range.split_once("..") else {
        return Err(Error::wrong_use(format!("`{range}` is no pair of versions"))
            .help("write both: `--versions 1..2`"));
    };
    let path = PathBuf::from(args.old.as_deref().unwrap_or("."));
    let side = |label: &str| read(&path).map(|input| Loaded::of(input, Some(label.to_owned())));
    Ok((side(from)?, side(to)?))
}

fn sides(args: &Diff) -> Result<(Loaded, Loaded), Error> {
    let Some(old) = &args.old else {
        return Err(Error::wrong_use("nothing to compare with")
            .help("give two contracts, or a git revision: `gatewright diff origin/main`"));
    };
    let new = args.new.as_deref().unwrap_or(".");
    let path = new.rsplit_once('@').map_or(new, |(path, _)| path);
    let path = if Path::new(new).exists() { new } else { path };
    Ok((contract(old, path)?, contract(new, path)?))
}

/// What `spec` names; a revision without a path has the contract where `beside` lies.
pub(super) fn contract(spec: &str, beside: &str) -> Result<Loaded, Error> {
    origin::resolve(spec, Path::new(beside)).map(Loaded::from_origin)
}
