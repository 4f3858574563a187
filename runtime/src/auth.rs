//! Who calls: keys, passwords, tokens and certificates, looked at before anything else of a request is.
//!
//! What cannot be checked is refused: there is no way through here that does not end in a
//! [`Principal`] or an error.

use http::HeaderMap;
use http::header::{AUTHORIZATION, HeaderValue};

use crate::contract::{Access, SchemeKind};

#[cfg(feature = "auth")]
pub(crate) mod base64;
#[cfg(feature = "auth")]
mod basic;
#[cfg(all(feature = "auth", feature = "tls"))]
mod certificate;
mod challenge;
#[cfg(feature = "auth")]
mod claims;
#[cfg(feature = "auth")]
mod fields;
#[cfg(feature = "auth")]
mod guard;
#[cfg(all(feature = "auth", feature = "tls"))]
mod holder;
#[cfg(feature = "auth")]
mod jws;
#[cfg(feature = "auth")]
mod keys;
mod principal;
#[cfg(feature = "auth")]
mod revoked;
#[cfg(feature = "auth")]
mod seen;
#[cfg(feature = "auth")]
mod source;
#[cfg(feature = "auth")]
mod tokens;
#[cfg(not(feature = "auth"))]
mod without;

#[cfg(all(feature = "auth", feature = "tls"))]
pub(crate) use self::certificate::Certificate;
#[cfg(feature = "auth")]
pub(crate) use self::guard::{Guards, Prepared};
#[cfg(all(feature = "auth", feature = "mock"))]
pub(crate) use self::keys::sha256;
pub(crate) use self::principal::Principal;
#[cfg(not(feature = "auth"))]
pub(crate) use self::without::{Guards, Prepared};

/// Takes keys and passwords out of what a request says, once they were looked at: they are between
/// the caller and this gateway, and no backend that a request is passed on to is to see them. A token
/// may be for others, too, and stays.
pub(crate) fn forget(access: &Access, headers: &mut HeaderMap) {
    let Access::Schemes { any, .. } = access else { return };
    for scheme in *any {
        match &scheme.kind {
            SchemeKind::ApiKey { header, .. } => {
                headers.remove(*header);
            }
            SchemeKind::Basic { .. } => {
                if headers.get_all(AUTHORIZATION).iter().any(is_basic) {
                    headers.remove(AUTHORIZATION);
                }
            }
            SchemeKind::Tokens(_) | SchemeKind::Certificate { .. } => {}
        }
    }
}

/// What a connection shows of whoever has made it: nothing can, without TLS.
#[cfg(not(all(feature = "auth", feature = "tls")))]
#[derive(Debug)]
pub(crate) enum Certificate {}

fn is_basic(value: &HeaderValue) -> bool {
    value.as_bytes().get(..5).is_some_and(|word| word.eq_ignore_ascii_case(b"basic"))
}
