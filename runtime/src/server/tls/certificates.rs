//! The certificates of a gateway, and which of them a caller is shown.

use std::sync::Arc;

use rustls::client::verify_server_name;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::server::{ClientHello, ParsedCertificate, ResolvesServerCert};
use rustls::sign::{CertifiedKey, SigningKey};

use super::validity;

/// Certificates with their keys, at least one. The first is for callers who name no host that one is
/// for.
#[derive(Debug)]
pub(super) struct Certificates(Vec<Arc<CertifiedKey>>);

impl Certificates {
    /// Puts certificates and keys together: a certificate that a key is for begins a chain, and those
    /// behind it without one lead to its authority.
    ///
    /// # Errors
    ///
    /// What is wrong with the certificates, as it stands behind the name of their variable.
    pub(super) fn new(
        texts: Vec<Vec<CertificateDer<'static>>>,
        keys: &[Arc<dyn SigningKey>],
    ) -> Result<Certificates, String> {
        let mut found: Vec<CertifiedKey> = Vec::new();
        for text in texts {
            for (place, certificate) in text.into_iter().enumerate() {
                let broken = ParsedCertificate::try_from(&certificate).is_err();
                if broken {
                    return Err("holds what is no certificate".to_owned());
                }
                let fits = |key: &&Arc<dyn SigningKey>| {
                    let one = CertifiedKey::new(vec![certificate.clone()], Arc::clone(key));
                    one.keys_match().is_ok()
                };
                match (keys.iter().find(fits), found.last_mut()) {
                    (Some(key), _) => {
                        let key = Arc::clone(key);
                        found.push(CertifiedKey::new(vec![certificate], key));
                    }
                    (None, Some(last)) if place > 0 => last.cert.push(certificate),
                    (None, _) => {
                        return Err(
                            "holds a certificate that no key of `TLS_KEY` is for".to_owned()
                        );
                    }
                }
            }
        }
        Ok(Certificates(found.into_iter().map(Arc::new).collect()))
    }

    /// When the first of them expires, in seconds since 1970.
    pub(super) fn expires(&self) -> Option<u64> {
        self.0.iter().filter_map(|one| validity::end(one.cert.first()?)).min()
    }

    /// The certificate for a host, of a kind that the caller can check.
    fn choose(
        &self,
        host: Option<&str>,
        checks: impl Fn(&CertifiedKey) -> bool,
    ) -> Option<Arc<CertifiedKey>> {
        let host = host.and_then(|host| ServerName::try_from(host).ok());
        let named = |one: &&Arc<CertifiedKey>| {
            let certificate =
                one.cert.first().and_then(|one| ParsedCertificate::try_from(one).ok());
            match (&certificate, &host) {
                (Some(certificate), Some(host)) => verify_server_name(certificate, host).is_ok(),
                _ => false,
            }
        };
        let chosen = self.0.iter().filter(named).find(|one| checks(one));
        chosen.or_else(|| self.0.iter().find(|one| checks(one))).or(self.0.first()).cloned()
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let schemes = hello.signature_schemes();
        self.choose(hello.server_name(), |one| one.key.choose_scheme(schemes).is_some())
    }
}
