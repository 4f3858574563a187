//! Which Rust is there.

use crate::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The oldest compiler that generated gateways and their runtime accept.
const OLDEST: (u32, u32) = (1, 95);

/// Flags of the C compiler that are the same for everybody. The library of cryptography has AES for the
/// widest registers as well, 700 KB that no other part of a gateway comes near to; what it has for AVX2 does
/// the same.
pub(crate) const C_FLAGS: &str = "-DMY_ASSEMBLER_IS_TOO_OLD_FOR_512AVX";

/// What the directories of crates are called in programs, wherever they come from.
pub(crate) const CRATES: &str = "/crates";

/// The Rust that builds.
#[derive(Clone, Debug)]
pub(crate) struct Toolchain {
    /// The machine that is built for: `x86_64-unknown-linux-gnu`.
    pub(crate) target: String,
    /// Where cargo keeps what it fetches.
    pub(crate) cargo_home: PathBuf,
    /// The compiler's name and version: `rustc 1.95.0 (59807616e 2026-04-14)`.
    pub(crate) rustc: String,
    /// What the compiler was made from, as its own library is called in programs: `/rustc/59807616e…`.
    pub(crate) library: Option<String>,
    /// Where the compiler lies.
    pub(crate) sysroot: Option<PathBuf>,
}

impl Toolchain {
    /// The Rust on the PATH, to build for this machine or for another one.
    ///
    /// # Errors
    ///
    /// There is none, or it is too old, or does not build for the other one.
    pub(crate) fn find(target: Option<&str>) -> Result<Self, Error> {
        let install = "install Rust 1.95 or newer from https://rustup.rs, so that `cargo` and `rustc` are on the PATH";
        let output = Command::new("rustc").arg("-vV").output().map_err(|error| {
            Error::world(format!("a gateway is built by Rust, and `rustc` cannot be run: {error}"))
                .help(install)
        })?;
        let said = String::from_utf8_lossy(&output.stdout);
        let host = field(&said, "host").filter(|_| output.status.success()).ok_or_else(|| {
            Error::world("a gateway is built by Rust, and `rustc -vV` does not answer")
                .help(install)
        })?;
        if let Some(release) = field(&said, "release").filter(|release| is_too_old(release)) {
            let message = format!("Rust {release} is too old to build a gateway");
            return Err(Error::world(message).help("update it to 1.95 or newer: `rustup update`"));
        }
        let hash = field(&said, "commit-hash").filter(|hash| *hash != "unknown");
        let sysroot = sysroot();
        let target = target.unwrap_or(host);
        if target != host {
            installed(sysroot.as_deref(), target)?;
        }
        Ok(Self {
            target: target.to_owned(),
            cargo_home: cargo_home(),
            rustc: said.lines().next().unwrap_or_default().to_owned(),
            library: hash.map(|hash| format!("/rustc/{hash}")),
            sysroot,
        })
    }

    /// What cargo calls itself: `cargo 1.95.0 (…)`.
    ///
    /// # Errors
    ///
    /// There is none.
    pub(crate) fn cargo(&self) -> Result<String, Error> {
        let output = Command::new("cargo").arg("-V").output().map_err(|error| {
            Error::world(format!("a gateway is built by Rust, and `cargo` cannot be run: {error}"))
        })?;
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// Flags of the compiler that are the same for everybody who builds with it.
    pub(crate) fn flags(&self) -> Vec<&'static str> {
        if self.links_statically() { vec!["-Ctarget-feature=+crt-static"] } else { Vec::new() }
    }

    /// Directories of this machine, each with what it is called in programs, so that they do not say
    /// where they were built; `root` is the cache. Of two that fit, the later one counts.
    pub(crate) fn renamed(&self, root: &Path) -> Vec<(PathBuf, String)> {
        let mut renamed = vec![
            (self.cargo_home.clone(), "/cargo".to_owned()),
            (root.to_owned(), "/gatewright".to_owned()),
        ];
        renamed.extend(self.crates().into_iter().map(|directory| (directory, CRATES.to_owned())));
        // Where the source of the library is installed, the compiler names that.
        if let (Some(sysroot), Some(library)) = (&self.sysroot, &self.library) {
            renamed.push((sysroot.join("lib/rustlib/src/rust"), library.clone()));
        }
        renamed
    }

    /// Where cargo unpacks crates: a directory for each registry, or copy of one.
    fn crates(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(self.cargo_home.join("registry/src"));
        let entries = entries.into_iter().flatten().flatten();
        let mut found: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
        found.sort();
        found
    }

    /// Whether programs for the machine can carry their C library: Linux, with either library.
    pub(crate) fn links_statically(&self) -> bool {
        self.target.contains("-linux-")
    }
}

/// Makes sure that the library of Rust is there for another machine.
fn installed(sysroot: Option<&Path>, target: &str) -> Result<(), Error> {
    let Some(libraries) = sysroot.map(|sysroot| sysroot.join("lib/rustlib")) else { return Ok(()) };
    let has = |name: &str| libraries.join(name).join("lib").is_dir();
    let plain = target.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    if plain && has(target) {
        return Ok(());
    }
    let entries = std::fs::read_dir(&libraries).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let mut there: Vec<String> = names.filter(|name| has(name)).collect();
    there.sort();
    let known = Command::new("rustc").args(["--print", "target-list"]).output();
    let known = known.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    let there = there.join(", ");
    Err(match known {
        Ok(known) if !known.lines().any(|line| line == target) => {
            Error::world(format!("Rust knows no machine called `{target}`"))
                .help("`rustc --print target-list` lists those that it knows")
        }
        _ => Error::world(format!("the Rust that is here builds for {there}, not for `{target}`"))
            .help(format!(
                "`rustup target add {target}` gets what is missing; a C compiler for it is needed, too"
            )),
    })
}

fn sysroot() -> Option<PathBuf> {
    let output = Command::new("rustc").args(["--print", "sysroot"]).output().ok()?;
    let path = String::from_utf8(output.stdout).ok()?;
    Some(PathBuf::from(path.trim())).filter(|path| path.is_absolute())
}

/// `host: x86_64-unknown-linux-gnu`
fn field<'t>(said: &'t str, name: &str) -> Option<&'t str> {
    said.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

fn is_too_old(release: &str) -> bool {
    let mut numbers = release.split(['.', '-']).map_while(|part| part.parse().ok());
    match (numbers.next(), numbers.next()) {
        (Some(major), Some(minor)) => (major, minor) < OLDEST,
        // A toolchain with a name of its own is its owner's business.
        _ => false,
    }
}

fn cargo_home() -> PathBuf {
    std::env::var_os("CARGO_HOME")
        .filter(|value| !value.is_empty())
        .map(PathBuf::from)
        .or_else(|| Some(std::env::home_dir()?.join(".cargo")))
        .unwrap_or_else(|| PathBuf::from("/.cargo"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_toolchain_is_found() {
        let toolchain = Toolchain::find(None).unwrap();
        assert_eq!(toolchain.target.split('-').count(), 4, "{}", toolchain.target);
        let same = Toolchain::find(Some(&toolchain.target)).unwrap();
        assert_eq!(same.target, toolchain.target);
    }

    #[test]
    fn what_is_not_installed_is_offered_and_what_nobody_knows_is_named() {
        let error = |target: &str| Toolchain::find(Some(target)).err().unwrap().to_string();
        let missing = error("s390x-unknown-linux-gnu");
        for part in ["not for `s390x-", "`rustup target add s390x-"] {
            assert!(missing.contains(part), "{missing}");
        }
        for target in ["x86_65-unknown-linux-gnu", "../x", ""] {
            assert!(error(target).contains("knows no machine"), "{target}");
        }
    }

    #[test]
    fn old_releases_are_refused() {
        assert!(is_too_old("1.94.1"));
        assert!(is_too_old("1.9.0"));
        assert!(!is_too_old("1.95.0"));
        assert!(!is_too_old("1.96.0-nightly"));
        assert!(!is_too_old("2.0.0"));
        assert!(!is_too_old("custom"));
    }
}
