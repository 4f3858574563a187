//! Authorities whose certificates callers show.

use std::sync::Arc;

use rustls::RootCertStore;
use rustls::crypto::CryptoProvider;
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;

use super::Texts;
use crate::pem::{Wrong, add};

/// What checks the certificates of callers, by the variable that names their authorities.
pub(super) struct Callers(
    #[cfg_attr(not(feature = "auth"), expect(dead_code, reason = "only guards look"))]
    Vec<(&'static str, Arc<dyn ClientCertVerifier>)>,
);

impl Callers {
    /// Checks for each of these variables.
    ///
    /// # Errors
    ///
    /// A variable holds what cannot be used.
    pub(super) fn new(
        callers: &[(&'static str, Vec<Vec<u8>>)],
        provider: &Arc<CryptoProvider>,
    ) -> Result<Callers, Wrong> {
        let one = |(variable, texts): &(&'static str, Vec<Vec<u8>>)| {
            let roots = Roots::default().with(variable, texts)?;
            let verifier = WebPkiClientVerifier::builder_with_provider(
                Arc::new(roots.0),
                Arc::clone(provider),
            );
            let verifier = verifier.build().map_err(|error| unusable(variable, &error))?;
            Ok((*variable, verifier))
        };
        callers.iter().map(one).collect::<Result<_, _>>().map(Callers)
    }

    /// What checks for this variable.
    #[cfg(feature = "auth")]
    pub(super) fn of(&self, variable: &str) -> Option<Arc<dyn ClientCertVerifier>> {
        let found = self.0.iter().find(|(known, _)| *known == variable);
        found.map(|(_, verifier)| Arc::clone(verifier))
    }
}

/// What checks certificates when a connection is made; nothing where none is asked for. Where the
/// environment says whose certificates callers must show, each must show one. Else they are asked for
/// one where that says who calls, and may come without.
///
/// # Errors
///
/// A variable holds what cannot be used.
pub(super) fn verifier(
    texts: &Texts,
    provider: &Arc<CryptoProvider>,
) -> Result<Option<Arc<dyn ClientCertVerifier>>, Wrong> {
    let must = !texts.authorities.is_empty();
    if !must && texts.callers.is_empty() {
        return Ok(None);
    }
    let mut roots = Roots::default();
    if must {
        roots = roots.with("TLS_CLIENT_CA", &texts.authorities)?;
    } else {
        for (variable, texts) in &texts.callers {
            roots = roots.with(variable, texts)?;
        }
    }
    let provider = Arc::clone(provider);
    let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots.0), provider);
    let builder = if must { builder } else { builder.allow_unauthenticated() };
    builder.build().map(Some).map_err(|error| unusable("TLS_CLIENT_CA", &error))
}

fn unusable(variable: &'static str, error: &dyn std::error::Error) -> Wrong {
    (variable, format!("cannot be used: {error}"))
}

/// Authorities that are trusted.
struct Roots(RootCertStore);

impl Default for Roots {
    fn default() -> Roots {
        Roots(RootCertStore::empty())
    }
}

impl Roots {
    /// Those in these texts besides, at least one in each.
    fn with(mut self, variable: &'static str, texts: &[Vec<u8>]) -> Result<Roots, Wrong> {
        add(&mut self.0, variable, texts)?;
        Ok(self)
    }
}
