//! What a running gateway says of its contract, on the operator's port.

use crate::analyse::{self, Analysis, analyse};
use crate::contract::{Consumer, Contract, Selection, Version};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity};
use crate::lock::{Lock, end};
use crate::source::Sources;
use gatewright_grammar::Span;
use serde_json::Value;
use std::sync::Arc;

/// A gateway's contract as `/contract` tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Served {
    /// The name of its API.
    pub api: String,
    /// The versions that it answers.
    pub versions: Vec<ServedVersion>,
    /// The version of a request that names none.
    default: Option<String>,
}

/// A version that a gateway answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServedVersion {
    /// `1`
    pub label: String,
    /// Its revision when the gateway was made, if it was published: `1.2`, or `1.2+`.
    pub revision: Option<String>,
    /// The digest of its last entry in the lock at that time, in hexadecimal.
    pub chain: Option<String>,
    /// The version as a contract of its own.
    pub source: Option<String>,
}

impl Served {
    /// Reads what a gateway answers.
    ///
    /// # Errors
    ///
    /// It is no JSON, or not that of a gateway: why.
    pub fn read(json: &str) -> Result<Self, String> {
        let value: Value =
            serde_json::from_str(json).map_err(|error| format!("it is no JSON: {error}"))?;
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let api = value.get("api").and_then(text).ok_or("it names no `api`")?;
        let versions = value.get("versions").and_then(Value::as_array);
        let versions = versions.ok_or("it has no list of `versions`")?.iter().map(|version| {
            let of = |name: &str| version.get(name).and_then(text);
            let label = of("version").ok_or("a version has no name")?;
            let (revision, chain) = (of("revision"), of("chain"));
            Ok(ServedVersion { label, revision, chain, source: of("source") })
        });
        let versions = versions.collect::<Result<Vec<_>, String>>()?;
        Ok(Self { api, versions, default: value.get("default").and_then(text) })
    }

    /// The labels of its versions.
    pub fn labels(&self) -> Vec<String> {
        self.versions.iter().map(|version| version.label.clone()).collect()
    }

    /// The texts that it carries, one for each version, called by `label`.
    pub fn sources(&self, label: impl Fn(&str) -> String) -> Sources {
        let mut sources = Sources::new();
        for version in &self.versions {
            if let Some(source) = &version.source {
                sources.add(label(&version.label), source.as_str());
            }
        }
        sources
    }

    /// The contract that its texts are, to be compared: each is one of its own, and together they
    /// are the contract of the gateway. Who relies on it stands in the texts of `beside`. Places are
    /// those of `sources`, which [`Served::sources`] gave.
    pub fn analyse(&self, sources: &Sources, beside: &Sources) -> Analysis {
        let (mut found, mut parts) = (Vec::new(), Vec::new());
        for (id, _) in sources.iter() {
            // The other texts are empty, so that places name the text that they are in.
            let alone = sources.with_texts(|other, source| match other == id {
                true => source.text.clone(),
                false => String::new(),
            });
            let analysis = analyse(&alone);
            parts.extend(analysis.comparable().cloned());
            let errors = analysis.diagnostics.into_iter();
            found.extend(errors.filter(|one| one.severity == Severity::Error));
        }
        if parts.is_empty() || parts.len() < sources.iter().count() {
            return Analysis::of_another(found, None);
        }
        let mut contract = joined(parts);
        if let (Some(given), Some(default)) = (&self.default, default_of(&mut contract.selection)) {
            default.clone_from(given);
        }
        contract.consumers = consumers(beside, &contract.versions);
        Analysis::of_another(Vec::new(), Some(contract))
    }

    /// The finding that a lock does not know what the gateway, which is called `name`, was made of;
    /// nothing if it does.
    pub fn continuation(&self, own: Option<&Lock>, name: &str) -> Option<Diagnostic> {
        let known = |version: &&ServedVersion| {
            let chain = version.chain.as_ref();
            own.zip(chain).is_some_and(|(lock, chain)| {
                lock.of(&version.label).any(|entry| entry.chain == *chain)
            })
        };
        let mut published = self.versions.iter().filter(|version| version.chain.is_some());
        let version = published.find(|version| !known(version))?;
        let label = &version.label;
        let revision = version.revision.as_deref().unwrap_or(label);
        let served = format!("{name} serves version {label} as published: revision {revision}");
        let Some(lock) = own else {
            let message = format!("{name} was made with a lock, and this contract has none");
            let finding = Diagnostic::new(Code::LockRewritten, Span::default(), message);
            let finding = finding.label(served).note("what is published cannot be unpublished");
            return Some(finding.help("bring the lock back"));
        };
        let chain = version.chain.as_deref().and_then(|chain| chain.get(..8)).unwrap_or_default();
        let message = format!("`api.lock` does not know what {name} serves");
        let finding = Diagnostic::new(Code::LockRewritten, end(lock), message)
            .label(format!("no entry of version {label} has `chain {chain}…`"))
            .note(served)
            .help("take the lock that the gateway was made with, or a later one");
        Some(finding.help("`gatewright publish --rebase REVISION` if another branch published it"))
    }
}

/// One contract of contracts that have one version each.
fn joined(parts: Vec<Contract>) -> Contract {
    let mut parts = parts.into_iter();
    let mut whole = parts.next().expect("it was asked for one part at least");
    for mut part in parts {
        let places: Vec<usize> = part
            .backends
            .iter()
            .map(|backend| match whole.backends.iter().position(|one| one.name == backend.name) {
                Some(place) => place,
                None => {
                    whole.backends.push(backend.clone());
                    whole.backends.len() - 1
                }
            })
            .collect();
        for endpoint in part.versions.iter_mut().flat_map(|version| &mut version.endpoints) {
            for call in &mut Arc::make_mut(&mut endpoint.work).calls {
                call.backend = places.get(call.backend).copied().unwrap_or(call.backend);
                call.copies = call.copies.and_then(|at| places.get(at).copied());
            }
        }
        for one in part.variables {
            if whole.variables.iter().all(|other| other.name != one.name) {
                whole.variables.push(one);
            }
        }
        for one in part.schemes {
            if whole.schemes.iter().all(|other| other.name != one.name) {
                whole.schemes.push(one);
            }
        }
        whole.versions.extend(part.versions);
    }
    whole
}

fn default_of(selection: &mut Selection) -> Option<&mut String> {
    match selection {
        Selection::Path { .. } => None,
        Selection::Header { default, .. } | Selection::Media { default, .. } => Some(default),
    }
}

/// The consumers that texts declare, as far as they rely on these versions.
fn consumers(sources: &Sources, versions: &[Version]) -> Vec<Consumer> {
    let files: Vec<_> = sources
        .iter()
        .map(|(id, source)| gatewright_grammar::parse(id, &source.text).file)
        .collect();
    analyse::resolve_consumers(&files, versions, &[], &mut Diagnostics::default())
}
