//! `runtime/gateway.lock` fits every generated package, so that gateways are built with `--locked`.
//!
//! `UPDATE=1 cargo test -p gatewright --test cli lock` writes it anew with the versions of the
//! workspace's own lock.

use gatewright_build::write;
use gatewright_compiler::codegen::Modules;
use gatewright_compiler::codegen::layout::{self, PackageOptions};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("a workspace")
}

/// A package with this lock in a folder of its own, and the workspace's runtime in it.
fn package(name: &str, features: &[&str], lock: &str) -> PathBuf {
    let modules = Modules { contract: "empty".into(), ..Modules::default() };
    let options = PackageOptions {
        name: "empty-v1".into(),
        runtime: "runtime".into(),
        features: features.iter().map(|&feature| feature.to_owned()).collect(),
        lock: lock.to_owned(),
        labelled: false,
    };
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    write::write(&folder, &layout::package(&modules, &options)).expect("files are written");
    std::os::unix::fs::symlink(workspace().join("runtime"), folder.join("runtime"))
        .expect("a link can be made");
    folder
}

fn metadata(package: &Path, more: &[&str]) -> Output {
    let platform = "x86_64-unknown-linux-gnu";
    Command::new("cargo")
        .args(["metadata", "--format-version=1", "--filter-platform", platform])
        .args(more)
        .current_dir(package)
        .output()
        .expect("cargo runs")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn the_lock_fits_generated_packages() {
    let path = workspace().join("runtime/gateway.lock");
    if std::env::var_os("UPDATE").is_some() {
        let versions = fs::read_to_string(workspace().join("Cargo.lock")).expect("a lock");
        let folder = package("lock-update", &[], &versions);
        let output = metadata(&folder, &[]);
        assert!(output.status.success(), "{}", said(&output));
        fs::copy(folder.join("Cargo.lock"), &path).expect("the lock is written");
    }
    let lock = fs::read_to_string(&path).expect("runtime/gateway.lock is there");
    for features in [&[][..], &["auth"], &["auth", "tls"]] {
        let output = metadata(&package("lock", features, &lock), &["--locked"]);
        assert!(
            output.status.success(),
            "{}\nupdate it: UPDATE=1 cargo test -p gatewright --test cli lock",
            said(&output)
        );
    }
}

#[test]
fn the_lock_names_the_versions_that_the_workspace_tests() {
    let versions = |path: &Path| {
        let text = fs::read_to_string(path).expect("a lock");
        let mut lines = text.lines().map(str::to_owned).collect::<Vec<_>>();
        lines.retain(|line| line.starts_with("checksum = "));
        lines
    };
    let tested = versions(&workspace().join("Cargo.lock"));
    for checksum in versions(&workspace().join("runtime/gateway.lock")) {
        assert!(tested.contains(&checksum), "{checksum} is not what the workspace uses");
    }
}
