//! What fuzzing begins with: made of what the repository has, and never committed.

#![allow(dead_code, reason = "each program that includes this file uses a part of it")]

use std::fs;
use std::path::{Path, PathBuf};

/// Every contract of the examples and of the tests.
pub(crate) fn contracts(root: &Path) -> Vec<Vec<u8>> {
    let mut open = vec![root.join("examples"), root.join("tests/data")];
    let mut found: Vec<PathBuf> = Vec::new();
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).expect("the folder can be read") {
            let path = entry.expect("an entry").path();
            match path.extension() {
                _ if path.is_dir() => open.push(path),
                Some(kind) if kind == "api" => found.push(path),
                _ => {}
            }
        }
    }
    found.sort();
    found.iter().map(|path| fs::read(path).expect("the contract can be read")).collect()
}

/// Writes seeds to where `cargo fuzz` looks for the corpus of a target, before it looks.
pub(crate) fn plant(target: &str, seeds: impl IntoIterator<Item = Vec<u8>>) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    fs::create_dir_all(&folder).expect("the folder of the corpus");
    for (number, seed) in seeds.into_iter().enumerate() {
        fs::write(folder.join(format!("seed-{number}")), seed).expect("a seed");
    }
}
