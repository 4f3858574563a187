//! `gatewright manifests`: what rolls the gateways of a contract out.

use super::Outcome;
use crate::args::{Manifests, ManifestsFor};
use crate::load::{load, served, targets};
use crate::manifests::{OVERLAYS, Rollout, compose, kubernetes, kustomize, systemd};
use crate::terminal::Terminal;
use gatewright_build::{Error, write};
use std::fs;

pub(crate) fn run(args: &Manifests, terminal: Terminal) -> Result<Outcome, Error> {
    let loaded = load(&args.contract.path)?;
    let Some(contract) = loaded.contract(terminal) else { return Ok(Outcome::Findings) };
    let contract = &*served(contract, args.programs.drafts, args.programs.version.as_deref())?;
    let targets = targets(contract, &args.programs, "")?;
    let mut rollout = Rollout::new(contract, &targets);
    rollout.blue_green = args.blue_green;
    if let Some(image) = &args.image {
        rollout.image.clone_from(image);
    }
    if let Some(folder) = &args.bin {
        rollout.folder = folder.trim_end_matches('/').to_owned();
    }
    if let Some(path) = &args.env_file {
        let text = fs::read_to_string(path).map_err(|error| Error::file("read", path, &error))?;
        let refused = |why| Error::wrong_use(format!("{}: {why}", path.display()));
        rollout.read(&text).map_err(refused)?;
    }
    let files = match args.target {
        ManifestsFor::Kubernetes => kubernetes(&rollout),
        ManifestsFor::Kustomize => kustomize(&rollout, &overlays(args)?),
        ManifestsFor::Compose => compose(&rollout),
        ManifestsFor::Systemd => systemd(&rollout),
    };
    let Some(out) = &args.out else {
        // Those of a cluster are one stream of documents, without the list of their files.
        let files = files.iter().filter(|(name, _)| *name != "kustomization.yaml");
        let is_stream = args.target == ManifestsFor::Kubernetes;
        let texts: Vec<String> = files.map(|(name, text)| format!("# {name}\n{text}")).collect();
        terminal.result(&texts.join(if is_stream { "---\n" } else { "\n" }));
        return Ok(Outcome::Fine);
    };
    for (name, text) in &files {
        let path = out.join(name);
        // Overlays are begun here, and belong to whoever edits them.
        if args.target == ManifestsFor::Kustomize && name.starts_with(OVERLAYS) && path.exists() {
            terminal.done("kept", &path.display().to_string());
            continue;
        }
        if write::file(&path, text.as_bytes())? {
            terminal.done("wrote", &path.display().to_string());
        }
    }
    Ok(Outcome::Fine)
}

/// The environments that get an overlay.
fn overlays(args: &Manifests) -> Result<Vec<String>, Error> {
    if args.out.is_none() {
        return Err(Error::wrong_use("a base and its overlays are directories")
            .help("say where: `gatewright manifests --for kustomize --out deploy/`"));
    }
    let word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let wrong = |name: &&String| {
        let ends = name.starts_with('-') || name.ends_with('-');
        name.is_empty() || name.len() > 40 || ends || !name.chars().all(word)
    };
    match args.overlay.iter().find(wrong) {
        Some(name) => Err(Error::wrong_use(format!("`{name}` cannot be an environment"))
            .help("use small letters, digits and `-`: it is part of a namespace")),
        None if args.overlay.is_empty() => Ok(vec!["staging".into(), "production".into()]),
        None => Ok(args.overlay.clone()),
    }
}
