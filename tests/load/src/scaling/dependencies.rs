//! What each dependency costs in the first build, as cargo tells it.

use crate::Fault;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// How many are shown.
const SHOWN: usize = 10;

/// A folder with a `cargo` in it which has the real one write down its times.
///
/// # Errors
///
/// That it cannot be written.
pub(super) fn cargo(folder: &Path) -> Result<PathBuf, Fault> {
    let place = folder.join("timing");
    fs::create_dir_all(&place)?;
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|place| place.join("cargo"));
    let real = found.into_iter().find(|path| path.is_file()).ok_or("there is no cargo")?;
    let file = place.join("cargo");
    let script = format!(
        "#!/bin/sh\nif [ \"$1\" = build ]; then set -- \"$@\" --timings; fi\nexec '{}' \"$@\"\n",
        real.display()
    );
    fs::write(&file, script)?;
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755))?;
    Ok(place)
}

/// The table of the crates that took longest, as Markdown, from cargo's page about its times.
///
/// # Errors
///
/// That the page does not say what it should.
pub(super) fn table(page: &Path) -> Result<String, Fault> {
    let page = fs::read_to_string(page)?;
    let mut crates: Vec<_> = seconds(&page)?.into_iter().collect();
    let all: f64 = crates.iter().map(|(_, seconds)| seconds).sum();
    crates.sort_by(|(_, one), (_, other)| other.total_cmp(one));
    let mut text = String::from("| crate | s | share |\n|---|---:|---:|\n");
    for (name, seconds) in crates.iter().take(SHOWN) {
        let _ = writeln!(text, "| {name} | {seconds:.1} | {:.1} % |", seconds * 100.0 / all);
    }
    let rest: f64 = crates.iter().skip(SHOWN).map(|(_, seconds)| seconds).sum();
    let others = crates.len().saturating_sub(SHOWN);
    let _ =
        writeln!(text, "| {others} others together | {rest:.1} | {:.1} % |", rest * 100.0 / all);
    Ok(text)
}

/// Seconds by crate, its build script and what that runs included.
fn seconds(page: &str) -> Result<BTreeMap<String, f64>, Fault> {
    let (_, data) = page.split_once("const UNIT_DATA = ").ok_or("cargo's page has no units")?;
    let mut values = serde_json::Deserializer::from_str(data).into_iter::<Vec<Value>>();
    let units = values.next().ok_or("cargo's page has no units")??;
    let mut crates = BTreeMap::new();
    for unit in &units {
        let name = unit["name"].as_str().ok_or("a unit has no name")?;
        let duration = unit["duration"].as_f64().ok_or("a unit has no duration")?;
        *crates.entry(name.to_owned()).or_insert(0.0) += duration;
    }
    Ok(crates)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargo_says_what_each_crate_took() {
        let folder = std::env::temp_dir().join(format!("gatewright-timing-{}", std::process::id()));
        fs::create_dir_all(folder.join("src")).expect("a folder can be made");
        let manifest = "[package]\nname = \"measured\"\nversion = \"0.1.0\"\n[workspace]\n";
        fs::write(folder.join("Cargo.toml"), manifest).expect("a file can be written");
        fs::write(folder.join("src/lib.rs"), "").expect("a file can be written");
        let cargo = cargo(&folder).expect("cargo is installed").join("cargo");
        let output = std::process::Command::new(cargo)
            .args(["build", "--offline"])
            .current_dir(&folder)
            .env("CARGO_TARGET_DIR", folder.join("target"))
            .output()
            .expect("cargo runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let table = table(&folder.join("target/cargo-timings/cargo-timing.html"));
        let table = table.expect("cargo's page has units");
        assert!(table.lines().any(|line| line.starts_with("| measured | ")), "{table}");
        fs::remove_dir_all(&folder).expect("what was made can be removed");
    }

    #[test]
    fn units_of_one_crate_are_added_up() {
        let page = "<script>\nconst UNIT_DATA = [{\"name\":\"a\",\"duration\":1.5},\n\
                    {\"name\":\"b\",\"duration\":1},{\"name\":\"a\",\"duration\":0.5}];\nconst X = 1;";
        let found = seconds(page).expect("the page has units");
        assert_eq!(found.into_iter().collect::<Vec<_>>(), [("a".into(), 2.0), ("b".into(), 1.0)]);
        assert!(seconds("nothing").is_err());
        assert!(seconds("const UNIT_DATA = [{\"name\":\"a\"}];").is_err());
    }
}
