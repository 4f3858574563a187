//! TLS towards an operator's port, with the cryptography of gateways.

use super::Timed;
use gatewright_build::Error;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The variable with a file of further authorities, which other programs read as well.
const AUTHORITIES: &str = "SSL_CERT_FILE";

/// An encrypted connection.
pub(super) type Secure = StreamOwned<ClientConnection, Timed>;

/// Encrypts a connection to `host`. Who is at the other end shows with the first byte.
///
/// # Errors
///
/// No certificate can name the host, or the file of authorities cannot be read.
pub(super) fn secure(host: &str, stream: Timed) -> Result<Secure, Error> {
    let name = ServerName::try_from(host.to_owned())
        .map_err(|_| Error::wrong_use(format!("no certificate can name the host `{host}`")))?;
    let mut roots: RootCertStore = webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect();
    if let Some(path) = std::env::var_os(AUTHORITIES).map(PathBuf::from) {
        add(&path, &mut roots)?;
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the provider has cipher suites for TLS 1.2 and 1.3")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connection = ClientConnection::new(Arc::new(config), name)
        .map_err(|error| Error::world(format!("TLS: {error}")))?;
    Ok(StreamOwned::new(connection, stream))
}

/// Trusts the authorities in a file of PEM.
fn add(path: &Path, roots: &mut RootCertStore) -> Result<(), Error> {
    let unusable =
        |why: String| Error::wrong_use(format!("{AUTHORITIES} names {}: {why}", path.display()));
    let all = CertificateDer::pem_file_iter(path).map_err(|error| unusable(error.to_string()))?;
    let mut count = 0;
    for certificate in all {
        let certificate = certificate.map_err(|error| unusable(error.to_string()))?;
        roots.add(certificate).map_err(|error| unusable(error.to_string()))?;
        count += 1;
    }
    if count == 0 { Err(unusable("it holds no certificate".to_owned())) } else { Ok(()) }
}
