//! Rules about the repository that a program can check.

use crate::contracts::{at, entries, text};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Every Rust file below `path`.
fn rust(path: &Path, found: &mut Vec<PathBuf>) {
    for entry in entries(path) {
        if entry.is_dir() {
            rust(&entry, found);
        } else if entry.extension().is_some_and(|extension| extension == "rs") {
            found.push(entry);
        }
    }
}

fn sources() -> Vec<PathBuf> {
    let mut found = Vec::new();
    for folder in
        ["grammar/src", "compiler/src", "compiler/build/src", "compiler/cli/src", "runtime/src"]
    {
        rust(&at(folder), &mut found);
    }
    found
}

/// The part of a file that ships.
fn production(source: &str) -> &str {
    source.split("\n#[cfg(test)]\nmod tests {").next().unwrap_or(source)
}

#[test]
fn files_are_short_enough_to_read() {
    for path in sources() {
        let lines = production(&text(&path)).lines().count();
        assert!(lines <= 700, "{} has {lines} lines", path.display());
    }
}

#[test]
fn every_module_opens_with_a_line_about_itself() {
    for path in sources() {
        assert!(text(&path).starts_with("//! "), "{}", path.display());
    }
}

#[test]
fn the_core_reads_syntax_only_where_it_analyses() {
    for folder in ["contract", "plan", "codegen"] {
        let mut found = Vec::new();
        rust(&at("compiler/src").join(folder), &mut found);
        for path in found {
            assert!(!text(&path).contains("gatewright_grammar::tree"), "{}", path.display());
        }
    }
}

#[test]
fn later_stages_are_unknown_to_earlier_ones() {
    let table: [(&str, &[&str]); 4] = [
        ("contract", &["analyse", "check", "plan", "codegen", "samples"]),
        ("analyse", &["plan", "codegen", "samples"]),
        ("check", &["plan", "codegen", "samples"]),
        ("plan", &["codegen", "check", "samples"]),
    ];
    for (folder, unknown) in table {
        let mut found = Vec::new();
        rust(&at("compiler/src").join(folder), &mut found);
        for path in found {
            let text = text(&path);
            for stage in unknown {
                let arrow = format!("use crate::{stage}");
                assert!(!text.contains(&arrow), "{} names `{stage}`", path.display());
            }
        }
    }
}

/// Licences that a dependency may have: one of these, by itself or as an alternative.
const LICENCES: &[&str] = &[
    "MIT",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "Unicode-3.0",
    "Zlib",
    "CDLA-Permissive-2.0",
    "MIT-0",
    "0BSD",
    "BSL-1.0",
    "Unlicense",
    "CC0-1.0",
    "Apache-2.0 WITH LLVM-exception",
];

#[test]
fn dependencies_have_licences_that_are_allowed() {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version=1", "--all-features", "--locked"])
        .current_dir(at(""))
        .output()
        .expect("cargo runs");
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    assert!(packages.len() > 20);
    for package in packages {
        let licence = package["license"].as_str().unwrap_or("none");
        let allowed = licence
            .replace(['(', ')'], "")
            .replace('/', " OR ")
            .split(" OR ")
            .any(|one| one.split(" AND ").all(|part| LICENCES.contains(&part.trim())));
        assert!(allowed, "{}: {licence}", package["name"]);
    }
}
