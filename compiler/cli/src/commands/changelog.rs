//! `gatewright changelog`: what is new, as people want to read it.

use super::Outcome;
use super::diff::{self, Loaded};
use super::publish::today;
use crate::args::{Changelog, NewsFormat};
use crate::terminal::Terminal;
use gatewright_build::{Error, read};
use gatewright_compiler::changes::changelog::{self, Title};
use gatewright_compiler::changes::{self, Change};
use gatewright_compiler::contract::Contract;
use std::path::Path;

pub(crate) fn run(args: &Changelog, terminal: Terminal) -> Result<Outcome, Error> {
    let (versions, path) = words(args)?;
    let new = Loaded::of(read(Path::new(path))?, None);
    let Some(after) = new.contract(terminal) else { return Ok(Outcome::Findings) };
    let (changes, from, to) = match &args.since {
        Some(spec) => {
            let old = diff::contract(spec, (&new, path))?;
            let Some(before) = old.contract(terminal) else { return Ok(Outcome::Findings) };
            (old.until(before, (&new, after)), spec.clone(), "now".to_owned())
        }
        None => between(after, versions)?,
    };
    let entries = changelog::entries(&changes);
    let title = Title { api: &after.api, from: &from, to: &to };
    terminal.result(&match args.format {
        NewsFormat::Text => changelog::text(&entries, title),
        NewsFormat::Markdown => changelog::markdown(&entries, title),
        NewsFormat::Json => changelog::json(&entries, title),
        NewsFormat::Atom => changelog::atom(&entries, title, &today()?),
    });
    Ok(Outcome::Fine)
}

/// Versions and path; a word alone that is no pair of versions is the path.
fn words(args: &Changelog) -> Result<(Option<&str>, &str), Error> {
    match args.versions.as_deref() {
        Some(word) if args.path == "." && (!word.contains("..") || Path::new(word).exists()) => {
            Ok((None, word))
        }
        Some(pair) if args.since.is_some() => {
            Err(Error::wrong_use(format!("both `--since` and `{pair}` say from where"))
                .help("give one of them"))
        }
        versions => Ok((versions, &args.path)),
    }
}

fn between(
    contract: &Contract,
    versions: Option<&str>,
) -> Result<(Vec<Change>, String, String), Error> {
    let labels: Vec<&str> = contract.versions.iter().map(|one| one.label.as_str()).collect();
    let (from, to) = match (versions, labels.as_slice()) {
        (Some(pair), _) => pair.split_once("..").ok_or_else(|| {
            Error::wrong_use(format!("`{pair}` is no pair of versions"))
                .help("write both: `gatewright changelog 1..2`")
        })?,
        (None, [.., from, to]) => (*from, *to),
        (None, _) => {
            return Err(Error::wrong_use("there are no two versions to compare")
                .help("say since when: `gatewright changelog --since origin/main`"));
        }
    };
    let (old, new) = (diff::side(contract, Some(from))?, diff::side(contract, Some(to))?);
    let named = |label: &str| format!("version {label}");
    Ok((changes::versions(old, new), named(from), named(to)))
}
