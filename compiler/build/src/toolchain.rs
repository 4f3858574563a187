//! Which Rust is there.

use crate::error::Error;
use std::path::PathBuf;
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
        Ok(Self { host: host.to_owned(), cargo_home: cargo_home() })
    }

    /// Whether programs for this machine can carry their C library: Linux, with either library.
    pub(crate) fn links_statically(&self) -> bool {
        self.host.contains("-linux-")
    }
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
