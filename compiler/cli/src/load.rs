//! The contract that a command works on.

use crate::args::{Drafts, Programs};
use crate::terminal::Terminal;
use gatewright_build::{Error, Input, all_in_one, one_version, read};
use gatewright_compiler::contract::endpoint::Compress;
use gatewright_compiler::contract::terms::{Access, Keys};
use gatewright_compiler::contract::{Contract, Setting};
use gatewright_compiler::diagnostic::render::{self, Style};
use gatewright_compiler::source::LOCK;
use gatewright_compiler::{Analysis, Checked, Target, analyse};
use std::borrow::Cow;
use std::path::Path;

/// A contract as it was read, and what analysis made of it.
pub(crate) struct Loaded {
    /// The texts.
    pub(crate) input: Input,
    analysis: Analysis,
}

/// Reads and analyses the contract at `path`.
pub(crate) fn load(path: &Path) -> Result<Loaded, Error> {
    Ok(analysed(read(path)?))
}

/// Reads the contract at `path` for a command that only looks at it: what breaks a promise of the
/// lock, and nothing else, is no reason to say nothing.
pub(crate) fn look_at(path: &Path) -> Result<Loaded, Error> {
    let loaded = load(path)?;
    if loaded.analysis.comparable().is_some() || loaded.input.sources.get(LOCK).is_none() {
        return Ok(loaded);
    }
    let analysis = analyse(&loaded.input.sources.without_lock());
    Ok(if analysis.comparable().is_some() { Loaded { analysis, ..loaded } } else { loaded })
}

/// Analyses a contract that was read.
pub(crate) fn analysed(input: Input) -> Loaded {
    let analysis = analyse(&input.sources);
    Loaded { input, analysis }
}

impl Loaded {
    /// Everything that was found.
    pub(crate) fn analysis(&self) -> &Analysis {
        &self.analysis
    }

    /// The contract, after its findings were printed; nothing if there are errors among them.
    pub(crate) fn contract(&self, terminal: Terminal) -> Option<&Checked> {
        let text = pictures(&self.analysis, &self.input, terminal);
        terminal.findings(&text);
        let checked = self.analysis.checked();
        if checked.is_none() {
            terminal.note(&crate::commands::check::summary(&self.analysis));
        }
        checked
    }
}

impl Loaded {
    /// The contract, or what a lock holds of one; nothing if there are errors, which are printed.
    pub(crate) fn comparable(&self, terminal: Terminal) -> Option<&Contract> {
        let contract = self.analysis.comparable();
        if contract.is_none() {
            self.contract(terminal);
        }
        contract
    }
}

/// Refuses a version that the contract does not have.
pub(crate) fn existing(contract: &Contract, wanted: Option<&str>) -> Result<(), Error> {
    let Some(wanted) = wanted else { return Ok(()) };
    let all: Vec<&str> = contract.versions.iter().map(|version| version.label.as_str()).collect();
    if all.contains(&wanted) {
        return Ok(());
    }
    let known = if all.is_empty() { "none".to_owned() } else { all.join(", ") };
    Err(Error::wrong_use(format!("the contract has no version {wanted}"))
        .help(format!("its versions are: {known}")))
}

/// The findings as pictures of the source. Colours are taken out where they are printed.
pub(crate) fn pictures(analysis: &Analysis, input: &Input, terminal: Terminal) -> String {
    let style = Style { colour: true, width: terminal.width() };
    render::text(&analysis.diagnostics, &input.shown(), style)
}

/// The contract with what is served of it: drafts only if they were asked for.
///
/// # Errors
///
/// Nothing is left, or `version` is a draft.
pub(crate) fn served<'c>(
    contract: &'c Checked,
    drafts: Drafts,
    version: Option<&str>,
) -> Result<Cow<'c, Checked>, Error> {
    let mut all = contract.contract().versions.iter();
    if drafts.too || all.clone().all(|version| !version.draft) {
        return Ok(Cow::Borrowed(contract));
    }
    let draft = all.find(|one| one.draft && version == Some(one.label.as_str()));
    let message = match draft {
        Some(draft) => format!("version {} is a draft", draft.label),
        None if contract.contract().versions.iter().all(|version| version.draft) => {
            "every version of the contract is a draft".to_owned()
        }
        None => return Ok(Cow::Owned(contract.without_drafts())),
    };
    Err(Error::wrong_use(message).help("drafts are served with `--draft`, by nobody else"))
}

/// The programs that were asked for.
pub(crate) fn targets(
    contract: &Checked,
    programs: &Programs,
    revision: &str,
) -> Result<Vec<Target>, Error> {
    // Where the path does not say the version, all of them have one address.
    let shared = programs.version.is_none() && contract.contract().selection.is_shared();
    if programs.all_in_one || shared {
        return Ok(vec![all_in_one(contract, revision)]);
    }
    let versions = versions(contract, programs.version.as_deref())?;
    Ok(versions.iter().map(|version| one_version(contract, version, revision)).collect())
}

/// The labels of the version that was asked for, or of all.
pub(crate) fn versions(contract: &Checked, wanted: Option<&str>) -> Result<Vec<String>, Error> {
    let all = contract.versions();
    let Some(wanted) = wanted else { return Ok(all) };
    if all.iter().any(|version| version == wanted) {
        return Ok(vec![wanted.to_owned()]);
    }
    let known = if all.is_empty() { "none".to_owned() } else { all.join(", ") };
    Err(Error::wrong_use(format!("the contract has no version {wanted}"))
        .help(format!("its versions are: {known}")))
}

/// Who answers for the backends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Backends {
    /// They themselves.
    Real,
    /// Mocks, at every address that the environment sets.
    Mocked,
}

/// The features of the runtime that a gateway needs: TLS where a backend may have an https address
/// or callers show certificates, and access where somebody must be let in.
pub(crate) fn features(contract: &Checked, backends: Backends) -> Vec<String> {
    let may_be_https = |address: &Setting<String>| match address {
        Setting::Fixed(url) => {
            url.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("https"))
        }
        Setting::Env { .. } => backends == Backends::Real,
    };
    let contract = contract.contract();
    let endpoints = contract.versions.iter().flat_map(|version| &version.endpoints);
    let tokens = contract.backends.iter().any(|backend| backend.token.is_some());
    let auth = tokens || endpoints.into_iter().any(|one| one.terms.access != Access::Public);
    // The addresses of keys come from the environment.
    let keys = contract
        .schemes
        .iter()
        .any(|one| matches!(one.keys, Some(Keys::Set(..) | Keys::Discovered(_))));
    // Whoever shows a certificate shows it while a connection is secured.
    let certificates =
        contract.schemes.iter().any(|one| matches!(one.keys, Some(Keys::Authorities(_))));
    let tls = (auth && certificates)
        || contract.backends.iter().any(|backend| may_be_https(&backend.address))
        || (((auth && keys) || tokens) && backends == Backends::Real);
    let store = contract.store.is_some();
    let tls = tls || (store && backends == Backends::Real);
    let endpoints = contract.versions.iter().flat_map(|version| &version.endpoints);
    let compress = endpoints.into_iter().any(|one| one.compress != Compress::default());
    let features = [("auth", auth), ("compress", compress), ("store", store), ("tls", tls)];
    features.into_iter().filter(|(_, wanted)| *wanted).map(|(name, _)| name.to_owned()).collect()
}
