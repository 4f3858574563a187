//! What a caller who is not let in is told (RFC 9110 section 11.6.1).

use std::fmt;

use crate::contract::{Scheme, SchemeKind};

/// What is wrong with what a caller showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// It is no key, password or token that is accepted.
    Invalid,
    /// It was one, and has ended.
    #[cfg(feature = "auth")]
    Expired,
    /// It is one, and does not grant enough.
    #[cfg(feature = "auth")]
    Insufficient(&'static [&'static str]),
}

/// A value of `WWW-Authenticate`.
pub(super) struct Challenge {
    scheme: &'static Scheme,
    realm: &'static str,
    fault: Option<Fault>,
}

impl Challenge {
    pub(super) fn of(scheme: &'static Scheme, realm: &'static str, fault: Option<Fault>) -> Self {
        Challenge { scheme, realm, fault }
    }
}

impl fmt::Display for Challenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let realm = self.realm;
        match &self.scheme.kind {
            // No registered scheme is about keys. RFC 9110 section 15.5.2 wants a challenge all
            // the same.
            SchemeKind::ApiKey { header, .. } => {
                write!(f, "ApiKey realm=\"{realm}\", header=\"{header}\"")
            }
            // RFC 7617 section 2.1.
            SchemeKind::Basic { .. } => write!(f, "Basic realm=\"{realm}\", charset=\"UTF-8\""),
            // Nor about certificates, which cannot be shown in answer to a challenge either.
            SchemeKind::Certificate { .. } => write!(f, "ClientCertificate realm=\"{realm}\""),
            SchemeKind::Tokens(_) => {
                write!(f, "Bearer realm=\"{realm}\"")?;
                // RFC 6750 section 3.1.
                match self.fault {
                    None => Ok(()),
                    Some(Fault::Invalid) => f.write_str(", error=\"invalid_token\""),
                    #[cfg(feature = "auth")]
                    Some(Fault::Expired) => f.write_str(
                        ", error=\"invalid_token\", error_description=\"The token has ended\"",
                    ),
                    #[cfg(feature = "auth")]
                    Some(Fault::Insufficient(scopes)) => {
                        f.write_str(", error=\"insufficient_scope\"")?;
                        if !scopes.is_empty() {
                            write!(f, ", scope=\"{}\"", scopes.join(" "))?;
                        }
                        Ok(())
                    }
                }
            }
        }
    }
}
