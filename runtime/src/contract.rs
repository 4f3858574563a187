//! What is compiled into a gateway: plain statics that generated code fills in.

mod access;
mod cors;
mod deprecated;
mod reuse;
mod smoke;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

pub use self::access::{Access, KeySource, Revoked, Scheme, SchemeKind, Tokens};
pub use self::cors::{Cors, Origin};
pub use self::deprecated::{BodyStep, DeprecatedPart, Sent};
pub use self::reuse::{CheckOfCaller, Reusable, Reuse};
pub use self::smoke::Smoke;
use crate::check::Rule;
use crate::error::Error;
use crate::request::Request;
use crate::response::Response;
use crate::upstream::Gateway;

/// A whole gateway: what it serves, what it calls, what it reads from the environment.
///
/// There is one static per generated gateway. Nothing in it is generic, so the server is
/// instantiated once, in this crate.
#[derive(Clone, Copy, Debug)]
pub struct Contract {
    /// The name of the API, `shop`.
    pub api: &'static str,
    /// The versions that this gateway answers, in contract order.
    pub versions: &'static [Version],
    /// How many requests may be answered at once.
    pub in_flight: Option<InFlight>,
    /// What gateways count shared limits in.
    pub store: Option<Store>,
    /// How a request names one of them.
    pub selection: Selection,
    /// The other versions of the API.
    pub elsewhere: &'static [Elsewhere],
    /// The compiler that generated the gateway, name and version.
    pub compiler: &'static str,
    /// The revision of the contract's sources; empty when unknown.
    pub revision: &'static str,
    /// What it is built by and how, as names and texts, `rustc` and `target` among them; empty when
    /// unknown.
    pub build: &'static [(&'static str, &'static str)],
    /// What the contract reads from the environment, in contract order.
    pub environment: &'static [Variable],
    /// The backends; a backend stands at its own [`Backend::index`].
    pub backends: &'static [&'static Backend],
    /// How callers say who they are; a scheme stands at its own [`Scheme::index`].
    pub schemes: &'static [&'static Scheme],
    /// Which pages may read what is answered where there is no endpoint.
    pub cors: Option<&'static Cors>,
    /// Who says that they rely on the API: names of consumers, in contract order.
    pub consumers: &'static [&'static str],
    /// Cases that are asked of it with its real backends, before it serves.
    pub smoke: &'static [Smoke],
}

impl Contract {
    /// A contract of nothing, whose versions stand in the path, `/v1`: what one that is written by
    /// hand starts from.
    pub const EMPTY: Contract = Contract {
        api: "",
        versions: &[],
        in_flight: None,
        store: None,
        selection: Selection::Path { before: "/v", after: "" },
        elsewhere: &[],
        compiler: "",
        revision: "",
        build: &[],
        environment: &[],
        backends: &[],
        schemes: &[],
        cors: None,
        consumers: &[],
        smoke: &[],
    };
}

/// How a request names its version.
#[derive(Clone, Copy, Debug)]
pub enum Selection {
    /// By the segments that its path begins with, `/v2`.
    Path {
        /// What stands before the label, from `/` on.
        before: &'static str,
        /// What stands behind it.
        after: &'static str,
    },
    /// By a header field that holds the label.
    Header {
        /// The field.
        name: &'static str,
        /// The label of the version that a request without the field gets.
        default: &'static str,
    },
    /// By a media type that it accepts.
    Media {
        /// What stands before the label, in small letters.
        before: &'static str,
        /// What stands behind it, in small letters.
        after: &'static str,
        /// The label of the version that a request gets which accepts no such type.
        default: &'static str,
    },
}

/// A version of the API that this gateway does not answer.
#[derive(Clone, Copy, Debug)]
pub struct Elsewhere {
    /// The version as callers write it.
    pub label: &'static str,
    /// The segments that its paths begin with.
    pub prefix: &'static [&'static str],
    /// How many of [`Contract::versions`] come before it.
    pub place: usize,
    /// Whether nobody answers it any more.
    pub retired: bool,
    /// Where to read about it: an absolute address.
    pub see: Option<&'static str>,
}

impl Selection {
    /// The label of the version that a request gets which names none; empty where its path says it.
    pub(crate) fn default_version(&self) -> &'static str {
        match *self {
            Selection::Path { .. } => "",
            Selection::Header { default, .. } | Selection::Media { default, .. } => default,
        }
    }
}

/// One version of an API.
#[derive(Clone, Copy, Debug)]
pub struct Version {
    /// The version as callers write it, `1` or `2026-03-01`.
    pub label: &'static str,
    /// The SHA-256 of the version's meaning, in hexadecimal digits.
    pub digest: &'static str,
    /// Whether it is a draft: nobody may rely on it.
    pub draft: bool,
    /// What the lock of the contract says of it; nothing where it is not published.
    pub published: Option<Published>,
    /// The segments that its paths begin with; none where the path does not name the version.
    pub prefix: &'static [&'static str],
    /// The media type of its JSON, `application/json` unless that names the version.
    pub media_type: &'static str,
    /// What callers are told about its end.
    pub lifecycle: Option<&'static Lifecycle>,
    /// The endpoints at a path given as decoded segments, one per method; empty when there is no
    /// route.
    pub route: fn(&[&str]) -> &'static [&'static Endpoint],
    /// The version as a contract of its own; empty when it is not carried.
    pub source: &'static str,
    /// Its endpoints; an endpoint stands at its own [`Endpoint::index`].
    pub endpoints: &'static [&'static Endpoint],
}

/// A version in the lock of its contract.
#[derive(Clone, Copy, Debug)]
pub struct Published {
    /// How often callers got more of it, behind its label: `1.2`. With `+` behind it, it has more
    /// than what was published.
    pub revision: &'static str,
    /// The digest of its last entry in the lock, in hexadecimal digits.
    pub chain: &'static str,
}

/// One variable of the environment.
#[derive(Clone, Copy, Debug)]
pub struct Variable {
    /// The name, `CATALOG_URL`.
    pub name: &'static str,
    /// What its text must be.
    pub kind: VariableKind,
    /// The text that counts when the variable is not set; `None` makes the variable required.
    pub default: Option<&'static str>,
    /// The lowest and the highest value, both allowed. An empty text is no bound.
    pub bounds: Option<(&'static str, &'static str)>,
    /// What its text must be besides, because of where the contract takes it.
    pub rules: &'static [&'static dyn Rule],
    /// What the variable is for, in the contract's words.
    pub about: &'static str,
}

/// What the text of a variable must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VariableKind {
    /// An absolute `http` or `https` address without credentials, query or fragment.
    Url,
    /// A whole number and a unit: `ms`, `s`, `min`, `h` or `d`.
    Duration,
    /// A whole number of at most 64 bits.
    Int,
    /// A finite decimal number.
    Number,
    /// Any text.
    Text,
    /// `true` or `false`.
    Bool,
    /// A text that is never shown.
    Secret,
}

/// A text that is fixed by the contract or read from the environment.
#[derive(Clone, Copy, Debug)]
pub enum Setting {
    /// The text itself.
    Fixed(&'static str),
    /// The name of a declared variable.
    Env(&'static str),
}

/// A time span that is fixed by the contract or read from the environment.
#[derive(Clone, Copy, Debug)]
pub enum TimeSetting {
    /// The span itself.
    Fixed(Duration),
    /// The name of a declared variable of kind [`VariableKind::Duration`].
    Env(&'static str),
}

/// A service that the contract calls.
#[derive(Debug)]
pub struct Backend {
    /// The place in [`Contract::backends`].
    pub index: usize,
    /// The name, `catalog`.
    pub name: &'static str,
    /// The team that owns the service; empty when undeclared.
    pub owner: &'static str,
    /// Where it is: scheme, host, optional port and an optional path that stands before every
    /// call's path.
    pub address: Setting,
    /// The limit of one attempt, connecting included.
    pub timeout: TimeSetting,
    /// How many further attempts a call may make.
    pub retries: u32,
    /// What is tried again; empty means unreachable, 502, 503 and 504.
    pub retry_on: &'static [Condition],
    /// When to stop calling for a while.
    pub breaker: Option<Breaker>,
    /// How many requests may be on their way to it at once.
    pub in_flight: Option<InFlight>,
    /// The variable with the authorities whose certificates it shows; nothing: those that are
    /// compiled in.
    pub authorities: Option<&'static str>,
    /// The variables with the certificate that it is shown, and with its key.
    pub certificate: Option<(&'static str, &'static str)>,
    /// Header fields that every call carries.
    pub headers: &'static [(&'static str, Setting)],
    /// A token that every call carries in `Authorization`.
    pub token: Option<Grant>,
    /// The largest result that is read, in bytes.
    pub max_body: usize,
    /// The operations that are called, as [`Call::new`](crate::codegen::Call::new) is told them, in
    /// the order of their bytes. Others are not counted.
    pub operations: &'static [&'static str],
}

#[cfg(test)]
impl Backend {
    /// A backend that no test reaches: what the backends of tests start from.
    pub(crate) const ANY: Backend = Backend {
        index: 0,
        name: "catalog",
        owner: "",
        address: Setting::Fixed("http://127.0.0.1:1"),
        timeout: TimeSetting::Fixed(Duration::from_secs(1)),
        retries: 0,
        retry_on: &[],
        breaker: None,
        headers: &[],
        token: None,
        in_flight: None,
        authorities: None,
        certificate: None,
        max_body: 1024,
        operations: &[],
    };
}

/// Whom to ask for tokens, and what for (RFC 6749 section 4.4).
#[derive(Clone, Copy, Debug)]
pub struct Grant {
    /// The variable with the address of the issuer.
    pub url: &'static str,
    /// The name that the issuer knows the gateway by.
    pub client: Setting,
    /// The variable with the secret of that name.
    pub secret: &'static str,
    /// What tokens are to grant.
    pub scopes: &'static [&'static str],
    /// Whom they are for, where the issuer is told.
    pub audience: Option<Setting>,
}

/// How many may be on their way at once, all cores together.
#[derive(Clone, Copy, Debug)]
pub struct InFlight {
    /// How many; not 0.
    pub most: usize,
    /// How long others wait for a place.
    pub wait: Duration,
}

/// When calls to a backend are refused without asking it.
#[derive(Clone, Copy, Debug)]
pub struct Breaker {
    /// How many failures open it.
    pub failures: u32,
    /// The span that the failures must fall into; `None` counts consecutive ones.
    pub within: Option<Duration>,
    /// How long it stays open before one probe is let through.
    pub open: Duration,
}

/// A kind of failed call that the contract names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// This status code.
    Status(u16),
    /// Any status code that begins with this digit.
    Class(u16),
    /// The attempt or the call took too long.
    Timeout,
    /// No usable HTTP answer came, or the breaker is open.
    Unreachable,
    /// The result violates what the contract reads.
    Invalid,
}

/// One endpoint: method, path and the function that answers.
pub struct Endpoint {
    /// The place in [`Version::endpoints`].
    pub index: usize,
    /// The method it answers.
    pub method: Method,
    /// The path with its version, `/v1/products/{id}`.
    pub template: &'static str,
    /// Whether the path ends in a parameter for the rest of the path, `{path*}`.
    pub rest: bool,
    /// The label of its version.
    pub version: &'static str,
    /// The budget of one request, from its last byte to the answer.
    pub timeout: TimeSetting,
    /// The largest request body, in bytes.
    pub max_body: usize,
    /// How often it may be called.
    pub limits: &'static [Limit],
    /// Whether the endpoint takes a body.
    pub body: BodyKind,
    /// Who may call.
    pub access: Access,
    /// Which pages of other origins may call.
    pub cors: Option<&'static Cors>,
    /// What callers are told about its end.
    pub lifecycle: Option<&'static Lifecycle>,
    /// What [`Response::fallback`] may be told, for what is counted.
    pub fallbacks: &'static [&'static str],
    /// Where a request can be wrong, for what is counted: `("query", "limit")`, `("body", "")`,
    /// `("body", "lines[].sku")`.
    pub places: &'static [(&'static str, &'static str)],
    /// What callers may send and should not any more, for what is counted.
    pub deprecated: &'static [DeprecatedPart],
    /// Where they find what takes its place.
    pub successor: Option<Successor>,
    /// Whether its answers may be used again.
    pub reuse: Reuse,
    /// What may be compressed.
    pub compress: Compress,
    /// The generated function that answers.
    pub answer: fn(Gateway, Request) -> Answering,
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method.as_str(), self.template)
    }
}

/// What an endpoint sends and takes compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compress {
    /// From how many bytes on an answer is; nothing if none is.
    pub answers: Option<usize>,
    /// Whether the body of a request may be.
    pub requests: bool,
}

impl Compress {
    /// Nothing.
    pub const NONE: Compress = Compress { answers: None, requests: false };
}

/// How often something may be called: so many calls at once, then so many in a period.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    /// What is counted together: limits of one name, in any endpoint, are one limit.
    pub name: &'static str,
    /// What callers are told it is called, unlike any other of its endpoint.
    pub title: &'static str,
    /// What is counted apart.
    pub by: By,
    /// So many calls …
    pub calls: u64,
    /// … in this time. Not 0.
    pub period: Duration,
    /// How many may come at once, at least 1.
    pub burst: u64,
    /// Whether all gateways count together, in [`Contract::store`].
    pub shared: bool,
}

/// What gateways count shared limits in: a server that speaks the protocol of Redis.
#[derive(Clone, Copy, Debug)]
pub struct Store {
    /// The variable that holds its address.
    pub address: &'static str,
    /// The variable with the authorities whose certificates it shows, in PEM; else those that backends
    /// are trusted by.
    pub authorities: Option<&'static str>,
    /// How long a request waits for it.
    pub timeout: Duration,
    /// Whether requests are refused while it is away; else each gateway counts for itself.
    pub refuse: bool,
}

/// What a limit counts apart.
#[derive(Clone, Copy, Debug)]
pub enum By {
    /// Nothing: all callers together.
    All,
    /// Each address of a caller; of an IPv6 address its first 64 bits.
    Ip,
    /// Each value of this header field, in small letters. Requests without it are counted together.
    Header(&'static str),
    /// Each caller that this scheme lets in: the name of a key, a user, issuer and subject of a token.
    /// It holds for nobody else.
    Caller(&'static Scheme),
    /// Each value of a claim of callers that this scheme lets in. It holds for nobody else.
    Claim(&'static Scheme, &'static str),
}

impl By {
    /// The scheme that must have let a caller in before anything can be counted.
    pub(crate) fn scheme(&self) -> Option<&'static Scheme> {
        match *self {
            By::Caller(scheme) | By::Claim(scheme, _) => Some(scheme),
            By::All | By::Ip | By::Header(_) => None,
        }
    }
}

/// The future of an answer.
pub type Answering = Pin<Box<dyn Future<Output = Result<Response, Error>>>>;

/// The method of an endpoint or a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// RFC 9110 section 9.3.1.
    Get,
    /// RFC 9110 section 9.3.3.
    Post,
    /// RFC 9110 section 9.3.4.
    Put,
    /// RFC 5789.
    Patch,
    /// RFC 9110 section 9.3.5.
    Delete,
    /// RFC 9110 section 9.3.2.
    Head,
}

impl Method {
    /// The method as it stands in a request line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Post => "POST",
            Method::Put => "PUT",
            Method::Patch => "PATCH",
            Method::Delete => "DELETE",
            Method::Head => "HEAD",
        }
    }

    /// Whether a request may be dropped half way without leaving a trace (RFC 9110 section 9.2.1).
    pub(crate) const fn is_safe(self) -> bool {
        matches!(self, Method::Get | Method::Head)
    }

    /// Whether sending a request twice means the same as once (RFC 9110 section 9.2.2).
    pub(crate) const fn is_idempotent(self) -> bool {
        matches!(self, Method::Get | Method::Head | Method::Put | Method::Delete)
    }

    pub(crate) const fn as_http(self) -> http::Method {
        match self {
            Method::Get => http::Method::GET,
            Method::Post => http::Method::POST,
            Method::Put => http::Method::PUT,
            Method::Patch => http::Method::PATCH,
            Method::Delete => http::Method::DELETE,
            Method::Head => http::Method::HEAD,
        }
    }
}

/// Whether an endpoint takes a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyKind {
    /// It takes none; what is sent is read and thrown away.
    None,
    /// It is passed on as it arrives.
    Passed {
        /// Whether the query is read, and not only passed on.
        query: bool,
    },
    /// It takes JSON (`application/json` or a `+json` type).
    Json {
        /// Whether a request without a body is refused.
        required: bool,
    },
    /// It takes the fields of a form (`application/x-www-form-urlencoded`).
    Form {
        /// Whether a request without a body is refused.
        required: bool,
        /// What the form has.
        fields: &'static [FormField],
    },
}

impl BodyKind {
    /// The media type that callers are told of.
    pub(crate) const fn media_type(self) -> &'static str {
        match self {
            BodyKind::None | BodyKind::Passed { .. } | BodyKind::Json { .. } => "application/json",
            BodyKind::Form { .. } => "application/x-www-form-urlencoded",
        }
    }
}

/// A field of a form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FormField {
    /// Its name.
    pub name: &'static str,
    /// How its values stand in JSON.
    pub kind: FormKind,
    /// Whether it may be repeated.
    pub list: bool,
    /// Whether it must be there; a list that is not there is then an empty one.
    pub required: bool,
}

/// How a value of a form stands in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FormKind {
    /// In quotes.
    Text,
    /// As the number it is.
    Number,
    /// As `true` or `false`.
    Boolean,
}

/// What callers are told about the end of a version or an endpoint.
#[derive(Debug)]
pub struct Lifecycle {
    /// The value of the `Deprecation` field (RFC 9745), `@1788220800`.
    pub deprecation: Option<&'static str>,
    /// When it may go.
    pub sunset: Option<Sunset>,
    /// Whole values of `Link` fields (RFC 8288).
    pub links: &'static [&'static str],
}

/// When something may go.
#[derive(Debug)]
pub struct Sunset {
    /// The value of the `Sunset` field (RFC 8594), an HTTP date.
    pub date: &'static str,
    /// The same in seconds since 1970.
    pub at: u64,
    /// From when on it is not answered any more, in seconds since 1970.
    pub ends: Option<u64>,
    /// Requests from then on.
    pub later: Counter,
}

/// Counts what happens on all cores.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// A counter at zero.
    pub const fn new() -> Counter {
        Counter(AtomicU64::new(0))
    }

    /// Counts one more.
    pub(crate) fn add(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// How many there were.
    pub(crate) fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Where callers find what takes the place of an endpoint.
#[derive(Clone, Copy, Debug)]
pub enum Successor {
    /// At the same path behind another prefix: that of this version, then the other one.
    Prefix(&'static str, &'static str),
    /// At another path.
    Path(&'static [Piece]),
    /// At a path that needs more than this one has, as a template (RFC 6570).
    Template(&'static str),
}

/// A piece of a path.
#[derive(Clone, Copy, Debug)]
pub enum Piece {
    /// Encoded text.
    Text(&'static str),
    /// The segment of the request's path with this index.
    Segment(usize),
    /// That segment and all behind it.
    Rest(usize),
}
