//! Who may call, and how callers say who they are.

use std::time::Duration;

use super::Setting;

/// Who may call an endpoint.
#[derive(Clone, Copy, Debug)]
pub enum Access {
    /// Anybody.
    Public,
    /// Whom one of these schemes lets in. Without any, nobody.
    Schemes {
        /// The schemes in the order of the contract.
        any: &'static [&'static Scheme],
        /// Scopes that a caller must have, all of them.
        scopes: &'static [&'static str],
        /// Roles that a caller must have, all of them.
        roles: &'static [&'static str],
    },
}

/// A way to say who calls.
#[derive(Debug)]
pub struct Scheme {
    /// The place in [`Contract::schemes`](super::Contract::schemes).
    pub index: usize,
    /// The name, `customer`.
    pub name: &'static str,
    /// How callers say it.
    pub kind: SchemeKind,
}

/// How callers say who they are.
#[derive(Debug)]
pub enum SchemeKind {
    /// By a key in a header field.
    ApiKey {
        /// The field, in small letters.
        header: &'static str,
        /// The variable with the names and digests of keys.
        keys: &'static str,
    },
    /// By a name and a password (RFC 7617).
    Basic {
        /// The variable with the names and the hashes of passwords.
        keys: &'static str,
    },
    /// By a signed token (RFC 6750, RFC 7519).
    Tokens(Tokens),
    /// By a certificate that is shown when a connection is made (RFC 8446 section 4.4.2).
    Certificate {
        /// The variable with the authorities whose certificates count, in PEM.
        authorities: &'static str,
    },
}

/// What tokens must be.
#[derive(Debug)]
pub struct Tokens {
    /// What they are signed with.
    pub keys: KeySource,
    /// Who issues them: any of these.
    pub issuers: &'static [Setting],
    /// Whom they are for: any of these. None: for anybody.
    pub audiences: &'static [Setting],
    /// By how much clocks may differ.
    pub leeway: Duration,
    /// Whether every token must have a `sub`.
    pub subject: bool,
    /// Whether `scope` is a list for the contract: a text with blanks becomes one.
    pub scope_list: bool,
    /// Whether `aud` is a list for the contract: a text becomes one.
    pub audience_list: bool,
    /// Where it is said which tokens do not count any more.
    pub revoked: Option<Revoked>,
}

/// A list of tokens that do not count any more.
#[derive(Clone, Copy, Debug)]
pub struct Revoked {
    /// The variable with its address, or with the path of its file.
    pub from: &'static str,
    /// After how long it is looked at again.
    pub refresh: Duration,
}

/// Where the keys come from that tokens are signed with.
#[derive(Clone, Copy, Debug)]
pub enum KeySource {
    /// A set of public keys (RFC 7517).
    Set {
        /// The variable with its address.
        url: &'static str,
        /// After how long it is asked for again.
        refresh: Duration,
    },
    /// A set of public keys that the first issuer leads to (OpenID Connect Discovery 1.0 section 4).
    Issuer {
        /// After how long it is asked for again.
        refresh: Duration,
    },
    /// A secret that both sides know: the variable that holds it.
    Secret(&'static str),
}
