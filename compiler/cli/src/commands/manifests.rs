//! `gatewright manifests`: what rolls the gateways of a contract out.

use super::Outcome;
use crate::args::{Manifests, ManifestsFor};
use crate::load::{load, served, targets};
use crate::manifests::{Rollout, compose, kubernetes, systemd};
use crate::terminal::Terminal;
use gatewright_build::{Error, write};

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
    let files = match args.target {
        ManifestsFor::Kubernetes => kubernetes(&rollout),
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
        if write::file(&path, text.as_bytes())? {
            terminal.done("wrote", &path.display().to_string());
        }
    }
    Ok(Outcome::Fine)
}
