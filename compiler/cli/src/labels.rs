//! The label that a built program carries.

use gatewright_artifact::{Label, Texts, VersionLabel, crates, label};
use gatewright_build::{Error, Known};
use gatewright_compiler::codegen::layout::{self, Files};
use gatewright_compiler::contract::Published;
use gatewright_compiler::source::{LOCK, Sources};
use gatewright_compiler::{Checked, Target, VERSION};

/// The files of the label of a program that is made of `contract`, whose texts are `sources`.
///
/// # Errors
///
/// What cargo says of its crates is not understood.
pub(crate) fn files(
    (sources, contract): (&Sources, &Checked),
    target: &Target,
    known: &Known<'_>,
) -> Result<Files, Error> {
    let crates = crates::resolved(known.metadata, known.lock)
        .map_err(|why| Error::bug(format!("what cargo says of crates is not understood: {why}")))?;
    let label = label(contract, target, known).write();
    let contents = label::contents(&texts(sources, target), &crates);
    Ok(Files::from([
        (layout::LABEL.to_owned(), label),
        (layout::CONTENTS.to_owned(), contents),
        (layout::DEPENDENCIES.to_owned(), crates::auditable(&crates)),
    ]))
}

fn label(contract: &Checked, target: &Target, known: &Known<'_>) -> Label {
    let contract = contract.contract();
    let versions = known.digests.iter().map(|(label, sha256)| {
        let version = contract.versions.iter().find(|one| one.label == *label);
        let published = version.and_then(|version| version.published.as_ref());
        VersionLabel {
            label: label.clone(),
            draft: version.is_some_and(|version| version.draft),
            revision: published.map(Published::reported),
            chain: published.map(|one| one.chain.clone()),
            sha256: sha256.clone(),
        }
    });
    Label {
        api: contract.api.clone(),
        program: target.name.clone(),
        compiler: VERSION.to_owned(),
        revision: Some(target.revision.clone()).filter(|text| !text.is_empty()),
        versions: versions.collect(),
        build: known.facts.iter().map(|(name, text)| ((*name).to_owned(), text.clone())).collect(),
    }
}

/// The texts of a contract as a program carries them.
pub(crate) fn texts(sources: &Sources, target: &Target) -> Texts {
    let all = sources.iter().map(|(_, source)| source).chain(sources.schemas());
    Texts {
        files: all.map(|source| (source.label.clone(), source.text.clone())).collect(),
        lock: sources.get(LOCK).map(|source| source.text.clone()),
        versions: target.sources.clone().into_iter().collect(),
    }
}
