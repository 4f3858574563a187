//! The directories that a contract imports, and those that they import.

use super::{contract_files, label, text};
use crate::error::Error;
use gatewright_compiler::source::{Imported, Sources, Unit, imports};
use std::fs;
use std::path::{Component, Path, PathBuf};

/// The most directories that one contract leads to.
const MOST: usize = 64;

/// A directory whose files are one unit.
struct Directory {
    /// Itself, without links on the way: a directory is read once, however it is reached.
    real: PathBuf,
    /// Where it was found, seen from the contract's directory.
    seen: PathBuf,
    unit: Unit,
    /// What its files import.
    imports: Vec<String>,
}

/// The directories and files that were read beside the contract's own.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) directories: Vec<PathBuf>,
    pub(super) files: Vec<PathBuf>,
    /// Where each unit lies, seen from the contract's directory.
    pub(super) units: Vec<(Unit, PathBuf)>,
}

/// Reads what the texts of `sources`, which lie in `root`, import.
pub(super) fn read(root: &Path, sources: &mut Sources) -> Result<Found, Error> {
    let own = sources.iter().flat_map(|(_, source)| imports(&source.text)).collect();
    let root_real = fs::canonicalize(shown(root)).unwrap_or_else(|_| root.to_path_buf());
    let mut known =
        vec![Directory { real: root_real, seen: PathBuf::new(), unit: Unit(0), imports: own }];
    let mut found = Found::default();
    let mut at = 0;
    while let Some(directory) = known.get(at) {
        let (from, seen, paths) =
            (directory.unit, directory.seen.clone(), directory.imports.clone());
        for path in paths {
            // A path that means something on one machine only is refused by analysis.
            if Path::new(&path).is_absolute() {
                continue;
            }
            let seen = normal(&seen.join(&path));
            found.directories.push(root.join(&seen));
            let leads_to = one(root, &seen, &mut known, (sources, &mut found))?;
            sources.import(from, path, leads_to);
        }
        at += 1;
    }
    found.directories.sort();
    found.directories.dedup();
    found.units = known.into_iter().map(|one| (one.unit, one.seen)).collect();
    Ok(found)
}

fn one(
    root: &Path,
    seen: &Path,
    known: &mut Vec<Directory>,
    (sources, found): (&mut Sources, &mut Found),
) -> Result<Imported, Error> {
    let place = root.join(seen);
    // A circle of links, a name that no path has: nothing is there.
    let Ok(real) = fs::canonicalize(shown(&place)) else { return Ok(Imported::Missing) };
    if let Some(directory) = known.iter().find(|directory| directory.real == real) {
        return Ok(Imported::Unit(directory.unit));
    }
    if !real.is_dir() {
        return Ok(Imported::File);
    }
    let files = contract_files(&place)?;
    if files.is_empty() {
        return Ok(Imported::Empty);
    }
    if known.len() > MOST {
        let message = format!("the contract imports more than {MOST} directories");
        return Err(Error::wrong_use(message).help("put what belongs together into one directory"));
    }
    let unit = Unit(u32::try_from(known.len()).unwrap_or(u32::MAX));
    let mut own = Vec::new();
    for file in files {
        let text = text(&file)?;
        own.extend(imports(&text));
        sources.add_to(unit, seen.join(label(&file)).display().to_string(), text);
        found.files.push(file);
    }
    known.push(Directory { real, seen: seen.to_path_buf(), unit, imports: own });
    Ok(Imported::Unit(unit))
}

fn shown(path: &Path) -> &Path {
    if path.as_os_str().is_empty() { Path::new(".") } else { path }
}

/// The path without `.`, and without `..` behind a name.
pub(super) fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        let name = matches!(normal.components().next_back(), Some(Component::Normal(_)));
        match part {
            Component::CurDir => {}
            Component::ParentDir if name => drop(normal.pop()),
            other => normal.push(other),
        }
    }
    normal
}
