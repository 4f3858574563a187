//! Files with what callers of a gateway show that is tried out.

use crate::certificates::Certificates;
use gatewright_build::Error;
use gatewright_compiler::contract::Contract;
use gatewright_compiler::contract::cases::Caller;
use std::fs;
use std::path::{Path, PathBuf};

/// A folder with certificates: for nothing but gateways that this program has started.
#[derive(Debug)]
pub(crate) struct Shown {
    trusted: PathBuf,
    callers: Vec<(Caller, PathBuf)>,
}

impl Shown {
    /// Writes the certificates of these callers, each with its key.
    ///
    /// # Errors
    ///
    /// One cannot be made, or written.
    pub(crate) fn write(
        certificates: &Certificates,
        (contract, callers): (&Contract, &[Caller]),
        folder: PathBuf,
    ) -> Result<Shown, Error> {
        fs::create_dir_all(&folder).map_err(|error| Error::file("create", &folder, &error))?;
        let write = |name: String, text: String| {
            let path = folder.join(name);
            fs::write(&path, text).map_err(|error| Error::file("write", &path, &error))?;
            Ok::<_, Error>(path)
        };
        let trusted = write("gateway.pem".to_owned(), certificates.trusted())?;
        let mut written: Vec<(Caller, PathBuf)> = Vec::new();
        for who in callers {
            if written.iter().any(|(known, _)| known == who) {
                continue;
            }
            let Some(shown) = certificates.shown(contract, who)? else { continue };
            let name = format!("caller-{}.pem", written.len() + 1);
            written.push((who.clone(), write(name, shown.pem())?));
        }
        Ok(Shown { trusted, callers: written })
    }

    /// Who has signed the certificate of the gateway.
    pub(crate) fn trusted(&self) -> &Path {
        &self.trusted
    }

    /// The certificate and the key of a caller, if it shows one.
    pub(crate) fn of(&self, who: &Caller) -> Option<&Path> {
        self.callers.iter().find(|(known, _)| known == who).map(|(_, path)| path.as_path())
    }
}
