//! `gatewright diff`: what changed between two contracts, and whom it hurts.

use super::Outcome;
use crate::args::{DenyChange, Diff, DiffFormat};
use crate::load::pictures;
use crate::origin::{self, Origin, complete};
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
    /// The versions of a gateway that runs, if it comes from one.
    served: Option<Vec<String>>,
}

impl Loaded {
    pub(super) fn of(input: Input, version: Option<String>) -> Self {
        let analysis = analyse(&input.sources.without_lock());
        Self { analysis, shown: input.shown(), version, input: Some(input), served: None }
    }

    /// A lock alone is what it holds; else the lock beside a contract does not matter here. Who
    /// relies on a gateway that runs stands in the texts of `beside`.
    fn from_origin(origin: Origin, beside: &Sources) -> Result<Self, Error> {
        let analysis = match &origin.served {
            Some(served) => {
                complete(served, &origin.name)?;
                served.analyse(&origin.sources, beside)
            }
            None if origin.sources.is_empty() => analyse(&origin.sources),
            None => analyse(&origin.sources.without_lock()),
        };
        let served = origin.served.map(|served| served.labels());
        Ok(Self { analysis, shown: origin.shown, version: origin.version, input: None, served })
    }

    /// The texts, where they lie in files.
    pub(super) fn sources(&self) -> &Sources {
        self.input.as_ref().map_or(&self.shown, |input| &input.sources)
    }

    /// What changed since this, `before`, as far as its gateway can tell, if it comes from one.
    pub(super) fn until(
        &self,
        before: &Contract,
        (new, after): (&Loaded, &Contract),
    ) -> Vec<Change> {
        let part = |contract: &Contract, other: &Loaded| match &other.served {
            Some(labels) => contract.only(labels),
            None => contract.clone(),
        };
        let mut changes = changes::contracts(&part(before, new), &part(after, self));
        if self.served.is_some() || new.served.is_some() {
            // A gateway carries neither cases nor who relies on it.
            changes.retain(|change| !change.rule.id.starts_with("proof/"));
        }
        changes
    }

    /// The contract, or what a lock holds of one; nothing if there are errors, which are printed.
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
        (None, None) => Ok(old.until(before, (new, after))),
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
        return Ok(Side::of(contract, version));
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
    pair(old, args.new.as_deref().unwrap_or("."))
}

/// Two states of a contract.
///
/// # Errors
///
/// One is not there, or cannot be read.
pub(super) fn pair(old: &str, new: &str) -> Result<(Loaded, Loaded), Error> {
    let beside = origin::beside(&[old, new]);
    let resolve = |spec: &str| origin::resolve(spec, beside);
    let (old, new) = (resolve(old)?, resolve(new)?);
    let (of_old, of_new) = (old.sources.clone(), new.sources.clone());
    Ok((Loaded::from_origin(old, &of_new)?, Loaded::from_origin(new, &of_old)?))
}

/// What `spec` names, beside the contract `new` at `path`; a revision without a path has the
/// contract there.
pub(super) fn contract(spec: &str, (new, path): (&Loaded, &str)) -> Result<Loaded, Error> {
    Loaded::from_origin(origin::resolve(spec, Path::new(path))?, new.sources())
}
