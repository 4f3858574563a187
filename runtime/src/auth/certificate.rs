//! Certificates of callers: whose they are, and what they say of their holders.

use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::ClientCertVerifier;

use super::holder;
use super::principal::Principal;
use crate::contract::Scheme;
use crate::server::tls::Acceptor;

/// For how long a connection is not asked again whether its certificate still holds: it may end, or
/// its authority be taken away, while the connection stays.
const HOLDS: Duration = Duration::from_secs(30);

/// The certificate of the caller of one connection, whose key the caller has.
pub(crate) struct Certificate {
    /// It, and those behind it that lead to its authority.
    chain: Vec<CertificateDer<'static>>,
    authorities: Acceptor,
    /// What was found lately, for each scheme that was asked.
    found: RefCell<Vec<Found>>,
}

/// What a scheme says of a certificate.
struct Found {
    scheme: usize,
    /// What has checked it: after a file has changed, it is another.
    verifier: Arc<dyn ClientCertVerifier>,
    at: Instant,
    principal: Option<Arc<Principal>>,
}

impl Certificate {
    /// The certificate that a connection was made with; nothing where there is none.
    pub(crate) fn of(
        chain: &[CertificateDer<'static>],
        authorities: Acceptor,
    ) -> Option<Certificate> {
        if chain.is_empty() {
            return None;
        }
        Some(Certificate { chain: chain.to_vec(), authorities, found: RefCell::default() })
    }

    /// Who calls, if the certificate is of one of the authorities that this variable names.
    pub(super) fn principal(
        &self,
        (scheme, realm): (&'static Scheme, &'static str),
        variable: &str,
    ) -> Option<Arc<Principal>> {
        let verifier = self.authorities.authorities(variable)?;
        let mut found = self.found.borrow_mut();
        if let Some(known) = found.iter().find(|known| known.scheme == scheme.index)
            && Arc::ptr_eq(&known.verifier, &verifier)
            && known.at.elapsed() < HOLDS
        {
            return known.principal.clone();
        }
        let principal = self.checked(verifier.as_ref(), (scheme, realm)).map(Arc::new);
        found.retain(|known| known.scheme != scheme.index);
        let (scheme, at) = (scheme.index, Instant::now());
        found.push(Found { scheme, verifier, at, principal: principal.clone() });
        principal
    }

    fn checked(
        &self,
        verifier: &dyn ClientCertVerifier,
        (scheme, realm): (&'static Scheme, &'static str),
    ) -> Option<Principal> {
        let (own, others) = self.chain.split_first()?;
        verifier.verify_client_cert(own, others, UnixTime::now()).ok()?;
        let (claims, id) = holder::read(own)?;
        Some(Principal {
            scheme,
            realm,
            claims,
            id: Some(id),
            scopes: Vec::new(),
            roles: Vec::new(),
        })
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate").finish_non_exhaustive()
    }
}
