//! The authorities that backends are trusted by unless a contract names others.

use std::path::Path;
use std::{fmt, fs};

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

/// The variable with a file of authorities that count in place of those that are compiled in.
pub(crate) const AUTHORITIES: &str = "SSL_CERT_FILE";

/// The most bytes of such a file.
const LARGEST: u64 = 8 << 20;

/// The authorities in a file of PEM, at least one.
///
/// # Errors
///
/// It cannot be read, or holds something else: what is wrong.
pub(crate) fn authorities(path: &Path) -> Result<RootCertStore, String> {
    let unreadable =
        |why: &dyn fmt::Display| format!("names `{}`, which cannot be read: {why}", path.display());
    let size = fs::metadata(path).map_err(|error| unreadable(&error))?;
    if !size.is_file() || size.len() > LARGEST {
        return Err(unreadable(&"it is no file of at most 8 MB"));
    }
    let text = fs::read(path).map_err(|error| unreadable(&error))?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&text) {
        let certificate = certificate.map_err(|_| "holds what is no certificate in PEM")?;
        roots.add(certificate).map_err(|_| "holds a certificate that names no authority")?;
    }
    if roots.is_empty() { Err("holds no certificate in PEM".to_owned()) } else { Ok(roots) }
}

/// The authorities that backends are trusted by. A file that cannot be used leaves nobody to trust;
/// whoever reads settings said why before anything listens.
pub(super) fn trusted() -> RootCertStore {
    match std::env::var_os(AUTHORITIES).filter(|path| !path.is_empty()) {
        Some(path) => authorities(Path::new(&path)).unwrap_or_else(|_| RootCertStore::empty()),
        None => webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect(),
    }
}
