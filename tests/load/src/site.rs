//! What all peers are started with: a folder, the service, a certificate, a processor.

use crate::Fault;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};

/// Where and before what a peer runs.
pub(crate) struct Site {
    /// For configuration and logs.
    pub(crate) directory: PathBuf,
    pub(crate) origin: SocketAddr,
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
    /// The processor that gateways run on.
    pub(crate) core: Option<usize>,
    pub(crate) secret: String,
}

impl Site {
    /// Makes the folder and a certificate for `localhost`.
    ///
    /// # Errors
    ///
    /// That a file cannot be written.
    pub(crate) fn new(
        directory: &Path,
        origin: SocketAddr,
        core: Option<usize>,
    ) -> Result<Self, Fault> {
        fs::create_dir_all(directory)?;
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
        let (certificate, key) = (directory.join("localhost.pem"), directory.join("localhost.key"));
        fs::write(&certificate, made.cert.pem())?;
        fs::write(&key, made.signing_key.serialize_pem())?;
        let secret = "thirty-two bytes are what it wants, at least".to_owned();
        Ok(Self { directory: directory.to_owned(), origin, certificate, key, core, secret })
    }

    /// Writes a file into the folder.
    pub(crate) fn write(&self, name: &str, text: &str) -> Result<PathBuf, Fault> {
        let path = self.directory.join(name);
        fs::write(&path, text)?;
        Ok(path)
    }
}

/// An address that nothing listens on.
pub(crate) fn free() -> Result<SocketAddr, Fault> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}
