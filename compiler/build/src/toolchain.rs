//! Which Rust is there.

use crate::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The oldest compiler that generated gateways and their runtime accept.
const OLDEST: (u32, u32) = (1, 95);

/// The Rust that builds.
#[derive(Clone, Debug)]
pub(crate) struct Toolchain {
    /// The machine's name: `x86_64-unknown-linux-gnu`.
    pub(crate) host: String,
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
    /// The Rust on the PATH.
    ///
    /// # Errors
    ///
    /// There is none, or it is too old.
    pub(crate) fn find() -> Result<Self, Error> {
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
        Ok(Self {
            host: host.to_owned(),
            cargo_home: cargo_home(),
            rustc: said.lines().next().unwrap_or_default().to_owned(),
            library: hash.map(|hash| format!("/rustc/{hash}")),
            sysroot: sysroot(),
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
        // Where the source of the library is installed, the compiler names that.
        if let (Some(sysroot), Some(library)) = (&self.sysroot, &self.library) {
            renamed.push((sysroot.join("lib/rustlib/src/rust"), library.clone()));
        }
        renamed
    }

    /// Whether programs for this machine can carry their C library: Linux, with either library.
    pub(crate) fn links_statically(&self) -> bool {
        self.host.contains("-linux-")
    }
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
        let toolchain = Toolchain::find().unwrap();
        assert_eq!(toolchain.host.split('-').count(), 4, "{}", toolchain.host);
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
