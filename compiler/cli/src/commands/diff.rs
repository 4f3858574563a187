//! `gatewright diff`: what changed between two contracts, and whom it hurts.

use super::Outcome;
use crate::args::{DenyChange, Diff, DiffFormat};
use crate::load::pictures;
use crate::terminal::Terminal;
use gatewright_build::{Error, Input, read};
use gatewright_compiler::changes::{self, Change, Side, Verdict, render};
use gatewright_compiler::contract::{Contract, Version};
use gatewright_compiler::source::Sources;
use gatewright_compiler::{Analysis, analyse};
use std::path::{Path, PathBuf};
use std::process::Command;

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
        let analysis = analyse(&input.sources);
        Self { analysis, shown: input.shown(), version, input: Some(input) }
    }

    /// The contract, after its errors were printed. One that says what is not built yet can be
    /// compared all the same.
    pub(super) fn contract(&self, terminal: Terminal) -> Option<&Contract> {
        let contract = self.analysis.comparable();
        if contract.is_none() {
            match &self.input {
                Some(input) => terminal.findings(&pictures(&self.analysis, input, terminal)),
                None => terminal.findings(&gatewright_compiler::diagnostic::render::json_lines(
                    &self.analysis.diagnostics,
                    &self.shown,
                )),
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

/// A contract: a path, a path with a version behind `@`, or a git revision, with or without a path
/// behind `:`.
pub(super) fn contract(spec: &str, beside: &str) -> Result<Loaded, Error> {
    let path = Path::new(spec);
    if path.exists() {
        return Ok(Loaded::of(read(path)?, None));
    }
    if let Some((path, version)) = spec.rsplit_once('@')
        && Path::new(path).exists()
    {
        return Ok(Loaded::of(read(Path::new(path))?, Some(version.to_owned())));
    }
    let (revision, path) = spec.split_once(':').unwrap_or((spec, beside));
    from_git(revision, path)
}

/// The contract at `path` in a revision, asked of git; no working tree is touched.
fn from_git(revision: &str, path: &str) -> Result<Loaded, Error> {
    let commit = format!("{revision}^{{commit}}");
    if revision.starts_with('-') || git(&["rev-parse", "--verify", "--quiet", &commit])?.is_none() {
        return Err(Error::wrong_use(format!("`{revision}` is no path and no git revision"))
            .help("give a file, a directory, `DIRECTORY@2`, or a revision such as `origin/main`"));
    }
    let inside = path.trim_end_matches('/').trim_start_matches("./");
    let names = match inside {
        _ if inside.ends_with(".api") => vec![inside.to_owned()],
        _ => {
            let folder =
                if inside.is_empty() || inside == "." { "./".into() } else { format!("{inside}/") };
            let listed = git(&["ls-tree", "--name-only", &commit, "--", &folder])?;
            let listed = listed.unwrap_or_default();
            let mut names: Vec<String> =
                listed.lines().filter(|name| name.ends_with(".api")).map(str::to_owned).collect();
            names.sort();
            names
        }
    };
    let mut sources = Sources::new();
    let mut shown = Sources::new();
    for name in &names {
        let object = format!("{revision}:./{name}");
        let text = git(&["show", &object])?;
        let text =
            text.ok_or_else(|| Error::wrong_use(format!("there is no {name} in {revision}")))?;
        let label = name.rsplit('/').next().unwrap_or(name);
        sources.add(label, text.as_str());
        shown.add(format!("{revision}:{name}"), text);
    }
    if sources.is_empty() {
        let message = format!("there is no `.api` file in {path} at {revision}");
        return Err(Error::wrong_use(message));
    }
    Ok(Loaded { analysis: analyse(&sources), shown, version: None, input: None })
}

/// What git says; nothing if it refuses.
fn git(args: &[&str]) -> Result<Option<String>, Error> {
    let output = Command::new("git").args(args).output();
    let output = output.map_err(|error| Error::world(format!("cannot run git: {error}")))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    Ok(output.status.success().then_some(text))
}
