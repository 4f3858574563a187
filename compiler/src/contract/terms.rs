//! Terms of an endpoint: who may call, how often, how old answers may be, which pages may read them.

use super::Setting;
use gatewright_grammar::Span;

/// What holds for every request to an endpoint, whatever it asks.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Terms {
    /// Who may call.
    pub access: Access,
    /// How often, each with a key of its own.
    pub limits: Vec<Limit>,
    /// How old an answer may be.
    pub cache: Option<Cache>,
    /// Whether nobody may keep an answer: `cache none`.
    pub never: bool,
    /// The origins whose pages may read answers, as written: `https://shop.example`, `env NAME`,
    /// [`ANY_ORIGIN`], and `with credentials` if these may come along.
    pub origins: Vec<String>,
}

/// Stands for every origin.
pub const ANY_ORIGIN: &str = "any";

/// Who may call.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Access {
    /// Anybody.
    #[default]
    Public,
    /// Whom one of these schemes lets in.
    Schemes {
        /// Their names.
        any: Vec<String>,
        /// Scopes that are all needed.
        scopes: Vec<String>,
        /// Roles that are all needed.
        roles: Vec<String>,
        /// Claims that the endpoint reads, `customer.sub`, and whether one leaves for a backend.
        claims: Vec<(String, bool)>,
    },
}

/// A limit of calls.
#[derive(Clone, Debug, PartialEq)]
pub struct Limit {
    /// What is counted apart.
    pub by: By,
    /// Which endpoints are counted together.
    pub across: Across,
    /// So many calls …
    pub calls: u64,
    /// … in so many milliseconds.
    pub period: u64,
    /// How many may come at once; nothing: as many as in a period.
    pub burst: Option<u64>,
    /// Whether gateways count together, in a store that they share.
    pub shared: bool,
    /// The rate as written: `50/s`.
    pub text: String,
    /// Where it stands.
    pub span: Span,
}

impl Limit {
    /// How many may come at once.
    pub fn at_once(&self) -> u64 {
        self.burst.unwrap_or(self.calls)
    }
}

/// What a limit counts apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum By {
    /// Nothing: all callers together.
    All,
    /// Each address of a caller.
    Ip,
    /// Each value of this header field, in small letters.
    Header(String),
    /// What says who calls: `customer`, or a claim, `customer.sub`.
    Principal(String),
}

impl By {
    /// Of these schemes the one whose callers are counted, and the claim that they are counted by, if
    /// it is one.
    pub fn scheme<'b>(&'b self, names: &[&'b str]) -> Option<(&'b str, Option<&'b str>)> {
        let By::Principal(words) = self else { return None };
        let named = names.iter().filter_map(|name| match words.strip_prefix(name)? {
            "" => Some((*name, None)),
            claim => Some((*name, Some(claim.strip_prefix('.')?))),
        });
        // A name with dots is that of an imported block.
        named.max_by_key(|(name, _)| name.len())
    }
}

impl std::fmt::Display for By {
    /// What stands behind `per`; nothing where all are counted together.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            By::All => Ok(()),
            By::Ip => f.write_str("ip"),
            By::Header(name) => write!(f, "header {name}"),
            By::Principal(words) => f.write_str(words),
        }
    }
}

/// Which endpoints a limit counts together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Across {
    /// Each alone.
    Endpoint,
    /// All of a version that have it.
    Version,
    /// All of all versions that have it.
    Api,
    /// Those of a version that name this group: a word, or the path of an `under`.
    Group(String),
}

impl Across {
    /// What stands behind `across`; nothing for an endpoint alone.
    pub fn word(&self) -> Option<&str> {
        match self {
            Across::Endpoint => None,
            Across::Version => Some("version"),
            Across::Api => Some("api"),
            Across::Group(name) => Some(name),
        }
    }
}

/// How old an answer may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cache {
    /// Whether each caller has answers of their own.
    pub private: bool,
    /// For how many milliseconds an answer is given again.
    pub fresh: u64,
    /// For how many more it is given while a new one is made, or in place of one that failed.
    pub stale: u64,
    /// Where it stands.
    pub span: Span,
}

/// A way to say who calls: `auth customer = jwt { … }`.
#[derive(Clone, Debug, PartialEq)]
pub struct Scheme {
    /// `customer`
    pub name: String,
    /// How callers say it.
    pub kind: SchemeKind,
    /// What it is checked with; nothing where the block does not say it.
    pub keys: Option<Keys>,
    /// The variable that leads to a list of tokens that do not count, and after how many milliseconds
    /// that is looked at again.
    pub revoked: Option<(String, u64)>,
    /// The header field that holds a key, in small letters.
    pub header: Option<String>,
    /// Who issues tokens: any of these.
    pub issuers: Vec<Setting<String>>,
    /// Whom tokens are for: any of these.
    pub audiences: Vec<Setting<String>>,
    /// By how many milliseconds clocks may differ.
    pub leeway: u64,
    /// Claims of tokens that the runtime looks at itself, as they are declared.
    pub claims: Registered,
    /// Where it is declared.
    pub span: Span,
}

impl Scheme {
    /// Whether a caller is known by it from one request to the next: limits and kept answers per
    /// caller rest on that. Not every token has a `sub`.
    pub fn has_principal(&self) -> bool {
        self.kind != SchemeKind::Jwt || self.claims.subject
    }
}

/// How callers say who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SchemeKind {
    /// A signed token (RFC 7519, RFC 6750).
    Jwt,
    /// A key in a header field.
    ApiKey,
    /// A name and a password (RFC 7617).
    Basic,
    /// A client certificate.
    Mtls,
}

impl SchemeKind {
    /// The kind as contracts write it.
    pub fn word(self) -> &'static str {
        match self {
            SchemeKind::Jwt => "jwt",
            SchemeKind::ApiKey => "api_key",
            SchemeKind::Basic => "basic",
            SchemeKind::Mtls => "mtls",
        }
    }
}

/// What tokens, keys, passwords and certificates are checked with. Each is the name of a variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Keys {
    /// The address of a set of public keys (RFC 7517), and after how many milliseconds it is asked
    /// for again.
    Set(String, u64),
    /// Where the issuer says that its public keys are, and after how many milliseconds it is asked
    /// again.
    Discovered(u64),
    /// A secret that tokens are signed with.
    Secret(String),
    /// Names with digests of keys or passwords.
    List(String),
    /// Authorities that certificates are of.
    Authorities(String),
}

/// Which claims with a meaning of their own a scheme declares, and how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Registered {
    /// The block says what it relies on, and whoever does not have it is not let in.
    pub declared: bool,
    /// Every token has a `sub`.
    pub subject: bool,
    /// `scope` is a list: a text with blanks becomes one.
    pub scope_list: bool,
    /// `aud` is a list: a text becomes one.
    pub audience_list: bool,
}
