//! What stops a build that is no fault of the contract's text.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Why something could not be read, written or built, and what to do about it.
#[derive(Debug)]
pub struct Error {
    fault: Fault,
    message: String,
    help: Option<String>,
    log: Option<PathBuf>,
}

/// Whose move it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The caller asked for something that cannot be.
    Use,
    /// A file, a program or the network failed.
    World,
    /// Gatewright itself: what it generates always compiles.
    Bug,
}

impl Error {
    /// A wrong request.
    pub fn wrong_use(message: impl Into<String>) -> Self {
        Self { fault: Fault::Use, message: message.into(), help: None, log: None }
    }

    /// A failure of the outside world.
    pub fn world(message: impl Into<String>) -> Self {
        Self { fault: Fault::World, message: message.into(), help: None, log: None }
    }

    /// A mistake in Gatewright.
    pub fn bug(message: impl Into<String>) -> Self {
        Self { fault: Fault::Bug, message: message.into(), help: None, log: None }
    }

    /// A file operation that failed: `cannot read v1.api: permission denied`.
    pub fn file(verb: &str, path: &Path, error: &io::Error) -> Self {
        let failed = Self::world(format!("cannot {verb} {}: {error}", path.display()));
        match error.kind() {
            io::ErrorKind::StorageFull => failed.help("free some disk space, then try again"),
            _ => failed,
        }
    }

    /// Adds what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds where the full output lies.
    #[must_use]
    pub fn log(mut self, log: impl Into<PathBuf>) -> Self {
        self.log = Some(log.into());
        self
    }

    /// Whose move it is.
    pub fn fault(&self) -> Fault {
        self.fault
    }
}

/// `message`, then a line with what to do and a line with where the log is, where there are any.
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if let Some(help) = &self.help {
            write!(f, "\n  = help: {help}")?;
        }
        if let Some(log) = &self.log {
            write!(f, "\n  = note: the full output is in {}", log.display())?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}
