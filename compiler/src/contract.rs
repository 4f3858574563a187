//! The resolved meaning of an API: what every stage behind analysis works on.
//!
//! No name in it needs looking up. Parts that analysis refused are not in it.

pub mod cases;
pub mod cors;
mod drafts;
pub mod endpoint;
pub mod people;
pub mod schema;
pub mod selection;
pub mod terms;
pub mod types;
pub(crate) mod visit;
pub mod work;

pub use cases::Case;
pub use cors::Cors;
pub use endpoint::{
    Endpoint, FormField, FormKind, Param, ParamKind, Place, Presence, RouteSegment, Success,
};
use gatewright_grammar::Span;
pub use people::Consumer;
pub use selection::{Retired, Selection};
pub use terms::Terms;
pub use types::{
    Enumeration, Number, NumberKind, Record, RecordId, Rest, Scalar, Text, Type, Types, Union,
    UnionId,
};
pub use work::{Build, Call, Condition, Node, NodeId, Operand, Outcome, TextExpr, Work};

/// One API with all its versions.
#[derive(Clone, Debug)]
pub struct Contract {
    /// The name of the API, `shop`.
    pub api: String,
    /// Its documentation.
    pub doc: Vec<String>,
    /// How a request names its version.
    pub selection: Selection,
    /// How many requests may be answered at once.
    pub in_flight: Option<InFlight>,
    /// What gateways count shared limits in.
    pub store: Option<Store>,
    /// Versions that were published and are not answered any more, oldest first.
    pub retired: Vec<Retired>,
    /// Environment variables in the order of the text.
    pub variables: Vec<Variable>,
    /// Backends in the order of the text.
    pub backends: Vec<Backend>,
    /// Ways to say who calls, in the order of the text.
    pub schemes: Vec<terms::Scheme>,
    /// Versions in the order of the text.
    pub versions: Vec<Version>,
    /// Consumers in the order of the text.
    pub consumers: Vec<Consumer>,
    /// Cases in the order of the text.
    pub cases: Vec<Case>,
    /// Which pages may read what is answered where there is no endpoint.
    pub cors: Option<Cors>,
    /// Whether published endpoints may take and promise more than they did: `published additive`.
    pub additive: bool,
}

/// A contract without errors.
#[derive(Clone, Debug)]
pub struct Checked(pub(crate) Contract);

impl Checked {
    /// The contract.
    pub fn contract(&self) -> &Contract {
        &self.0
    }

    /// The name of the API, `shop`.
    pub fn api(&self) -> &str {
        &self.0.api
    }

    /// The labels of all versions in the order of the text.
    pub fn versions(&self) -> Vec<String> {
        self.0.versions.iter().map(|version| version.label.clone()).collect()
    }

    /// The same contract, with versions that were published once and are not answered any more.
    /// One that the contract still has is no such version.
    #[must_use]
    pub fn with_retired(mut self, retired: Vec<Retired>) -> Self {
        let lives = |label: &str| self.0.versions.iter().any(|version| version.label == label);
        self.0.retired = retired.into_iter().filter(|one| !lives(&one.label)).collect();
        self
    }

    /// What the gateway reads from its environment.
    pub fn variables(&self) -> &[Variable] {
        &self.0.variables
    }
}

/// Something an operator sets.
#[derive(Clone, Debug, PartialEq)]
pub struct Variable {
    /// `CATALOG_URL`
    pub name: String,
    /// What it holds.
    pub kind: VariableKind,
    /// Its value when it is not set; without one it must be set.
    pub default: Option<String>,
    /// The lowest and the highest value an operator may set.
    pub bounds: Option<(String, String)>,
    /// What it must be besides, because of where it goes.
    pub wants: Vec<Want>,
    /// What it is for, one line.
    pub about: String,
    /// Where it is declared first.
    pub span: Span,
}

/// What a place wants of the text of a variable.
#[derive(Clone, Debug, PartialEq)]
pub enum Want {
    /// A value of this scalar.
    Rule(types::Scalar),
    /// A value that a header field can have.
    Field,
    /// A whole segment of a path.
    Segment,
    /// Origins of pages, with commas between them.
    Origins,
    /// The address of a store.
    Store,
}

/// What a variable holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VariableKind {
    /// An absolute http or https address.
    Url,
    /// A length of time such as `150ms`.
    Duration,
    /// An integer.
    Int,
    /// A number.
    Number,
    /// Any text.
    Text,
    /// `true` or `false`.
    Bool,
    /// A text that is never shown.
    Secret,
}

impl VariableKind {
    /// The word for it in messages and templates.
    pub fn word(self) -> &'static str {
        match self {
            VariableKind::Url => "url",
            VariableKind::Duration => "duration",
            VariableKind::Int => "int",
            VariableKind::Number => "number",
            VariableKind::Text => "text",
            VariableKind::Bool => "bool",
            VariableKind::Secret => "secret",
        }
    }
}

/// A value that stands in the contract or comes from the environment.
#[derive(Clone, Debug, PartialEq)]
pub enum Setting<T> {
    /// It stands in the contract.
    Fixed(T),
    /// It comes from this variable; `most` is the highest it can be.
    Env {
        /// The variable.
        name: String,
        /// The highest value, if the contract bounds it.
        most: Option<T>,
    },
}

impl<T: Clone> Setting<T> {
    /// The highest value it can have, if known.
    pub fn most(&self) -> Option<T> {
        match self {
            Setting::Fixed(value) => Some(value.clone()),
            Setting::Env { most, .. } => most.clone(),
        }
    }
}

/// A service that answers calls.
#[derive(Clone, Debug)]
pub struct Backend {
    /// `catalog`
    pub name: String,
    /// The team that runs it, or nothing.
    pub owner: Option<String>,
    /// Its address.
    pub address: Setting<String>,
    /// The longest one attempt may take, in milliseconds.
    pub timeout: Setting<u64>,
    /// Whether the timeout is the built-in one.
    pub timeout_is_default: bool,
    /// Further attempts after a failed one.
    pub retries: u32,
    /// When there is a further attempt; empty: the usual failures.
    pub retry_on: Vec<Condition>,
    /// When calls are refused without trying.
    pub breaker: Option<Breaker>,
    /// How many requests may be on their way to it at once.
    pub in_flight: Option<InFlight>,
    /// The variable with the authorities whose certificates it shows; nothing: the usual ones.
    pub authorities: Option<String>,
    /// The variables with the certificate that it is shown, and with its key.
    pub certificate: Option<(String, String)>,
    /// Header fields of every call.
    pub headers: Vec<(String, Setting<String>)>,
    /// What calls carry that says who calls.
    pub token: Option<TokenOf>,
    /// The longest result body in bytes.
    pub max_body: u64,
    /// Its name where it is declared.
    pub span: Span,
}

/// A token that every call to a backend carries (RFC 6749 section 4.4).
#[derive(Clone, Debug, PartialEq)]
pub struct TokenOf {
    /// The variable with the address where it is asked for.
    pub url: String,
    /// The name that the issuer knows the gateway by.
    pub client: Setting<String>,
    /// The variable with the secret of that name.
    pub secret: String,
    /// What it is to grant.
    pub scopes: Vec<String>,
    /// Whom it is for, where the issuer wants to be told.
    pub audience: Option<Setting<String>>,
    /// Where it is declared.
    pub span: Span,
}

/// How many may be on their way at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InFlight {
    /// How many.
    pub most: u32,
    /// For how many milliseconds others wait for a place.
    pub wait: u64,
}

/// What gateways count shared limits in.
#[derive(Clone, Debug, PartialEq)]
pub struct Store {
    /// The variable that holds its address.
    pub variable: String,
    /// The variable with the authorities whose certificates it shows; else those that backends are
    /// trusted by.
    pub authorities: Option<String>,
    /// For how many milliseconds a request waits for it.
    pub timeout: u64,
    /// Whether requests are refused while it is away; else each gateway counts for itself.
    pub refuse: bool,
    /// Where it is declared.
    pub span: Span,
}

/// When calls to a backend are refused without trying.
#[derive(Clone, Debug, PartialEq)]
pub struct Breaker {
    /// How many failures open it.
    pub failures: u32,
    /// Within how many milliseconds; nothing: in a row.
    pub within: Option<u64>,
    /// How many milliseconds it stays open.
    pub open: u64,
}

/// A complete contract at one version.
#[derive(Clone, Debug)]
pub struct Version {
    /// `1`, or a date.
    pub label: String,
    /// Whether it is a draft: nobody may rely on it.
    pub draft: bool,
    /// The literal path segments in front of its routes: `["v1"]`.
    pub prefix: Vec<String>,
    /// Documentation.
    pub doc: Vec<String>,
    /// When it goes.
    pub lifecycle: Lifecycle,
    /// What of it goes earlier, endpoints not included.
    pub deprecations: Vec<Deprecation>,
    /// Record types.
    pub types: Types,
    /// Ways to say who calls, in the order of the text.
    pub callers: Vec<Caller>,
    /// Declared errors.
    pub errors: Vec<Problem>,
    /// Endpoints in the order of the flattened text.
    pub endpoints: Vec<Endpoint>,
    /// Whether only what callers are promised is known of it, and no work behind it: it was read
    /// from a lock.
    pub promised: bool,
    /// What its lock says of it, if it is published.
    pub published: Option<Published>,
    /// The label where it is declared.
    pub span: Span,
}

/// A way to say who calls, with the types of one version.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The `auth` block.
    pub scheme: terms::Scheme,
    /// What is known of a caller: a record; nothing if that was refused.
    pub claims: Option<Type>,
}

/// A version in its lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// How often callers got more of it, behind its label: `1.2`.
    pub revision: String,
    /// Whether the contract gives them more than that, and nobody published it yet.
    pub ahead: bool,
    /// The digest of its last entry, in hexadecimal.
    pub chain: String,
}

impl Published {
    /// The revision as programs report it, `1.2`; with `+` behind it where there is more by now.
    pub fn reported(&self) -> String {
        format!("{}{}", self.revision, if self.ahead { "+" } else { "" })
    }
}

/// When something goes, as callers are told.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lifecycle {
    /// Whether it goes; nothing else is said of what does not.
    pub deprecated: bool,
    /// From when on it is deprecated: a day, `2026-09-01`.
    pub since: Option<String>,
    /// When it may go: a day.
    pub sunset: Option<String>,
    /// Whether it goes then, by itself.
    pub hard: bool,
    /// Where to read about it.
    pub see: Option<String>,
    /// What takes its place.
    pub successor: Option<Successor>,
}

/// What takes the place of something deprecated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Successor {
    /// An endpoint.
    Endpoint {
        /// The label of its version.
        version: String,
        /// `GET /products/{id}`: method and path without the version.
        key: String,
    },
    /// The version with this label.
    Version(String),
    /// A part beside it, by its name.
    Part(String),
}

/// A part of a type or a request that is deprecated.
#[derive(Clone, Debug, PartialEq)]
pub struct Deprecation {
    /// `type Page`, `Product.title`, `Currency.EUR`, `GET /find query q`.
    pub part: String,
    /// When it goes.
    pub lifecycle: Lifecycle,
    /// Where that is said.
    pub span: Span,
    /// Where the part is declared: its name, and behind that a field's type.
    pub at: Span,
}

/// A declared error.
#[derive(Clone, Debug)]
pub struct Problem {
    /// `NotFound`
    pub name: String,
    /// Its status.
    pub status: u16,
    /// What it means, for people.
    pub title: String,
    /// Its members.
    pub members: Option<RecordId>,
    /// The name where it is declared.
    pub span: Span,
}

impl Problem {
    /// The `type` of its documents (RFC 9457, section 3.1.1): `urn:problem:shop:not-found`. Callers
    /// do not see which directory declares it.
    pub fn kind(&self, api: &str) -> String {
        let own = self.name.rsplit('.').next().unwrap_or(&self.name);
        format!("urn:problem:{api}:{}", crate::words::kebab(own))
    }
}
