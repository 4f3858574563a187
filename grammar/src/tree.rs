//! The syntax tree: one plain struct per construct, as written, with spans.
//!
//! Members keep the order of the text. What could not be read is `Bad`, and the reason is in
//! [`Parse::errors`](crate::Parse).

#![expect(
    clippy::large_enum_variant,
    reason = "a tree is built once and read in place; boxes would only hide its shape"
)]

mod call;
mod people;
mod types;
mod version;

use crate::span::Span;
pub use call::*;
pub use people::*;
pub use types::*;
pub use version::*;

/// A file: its items and the comments between them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct File {
    /// Items in the order of the text.
    pub items: Vec<Item>,
    /// Every `//` comment of the file in the order of the text.
    pub comments: Vec<Comment>,
    /// The whole text.
    pub span: Span,
}

/// A `//` comment, or a `///` one behind something that has no place for documentation. Comments mean nothing, except
/// `// allow CODE: reason`, which analysis looks for.
#[derive(Clone, Debug, PartialEq)]
pub struct Comment {
    /// From the slashes to the end of the line, without trailing space.
    pub text: String,
    /// Where it stands.
    pub span: Span,
    /// Whether nothing but space stands before it on its line.
    pub own_line: bool,
}

/// A word with its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Ident {
    /// The word.
    pub text: String,
    /// Where it stands.
    pub span: Span,
}

/// A quoted text.
#[derive(Clone, Debug, PartialEq)]
pub struct StringLit {
    /// The text, escapes resolved.
    pub value: String,
    /// Where it stands, quotes included.
    pub span: Span,
}

/// A number as written: digits are never lost.
#[derive(Clone, Debug, PartialEq)]
pub struct NumberLit {
    /// `-12.50`
    pub text: String,
    /// Where it stands.
    pub span: Span,
}

/// A length of time.
#[derive(Clone, Debug, PartialEq)]
pub struct DurationLit {
    /// In milliseconds; capped at the type's end.
    pub millis: u64,
    /// As written: `800ms`, `15min`.
    pub text: String,
    /// Where it stands.
    pub span: Span,
}

/// A calendar date as written, `2026-09-01`. Whether the day exists is for analysis to say.
#[derive(Clone, Debug, PartialEq)]
pub struct DateLit {
    /// `2026-09-01`
    pub text: String,
    /// Where it stands.
    pub span: Span,
}

/// A number of bytes.
#[derive(Clone, Debug, PartialEq)]
pub struct SizeLit {
    /// In bytes: KB is 1,024, MB is 1,048,576; capped at the type's end.
    pub bytes: u64,
    /// As written: `64KB`.
    pub text: String,
    /// Where it stands.
    pub span: Span,
}

/// Documentation: `///` lines before a declaration or behind a member.
#[derive(Clone, Debug, PartialEq)]
pub struct Doc {
    /// The lines without slashes and the space behind them.
    pub lines: Vec<String>,
    /// Where it stands.
    pub span: Span,
    /// Behind the member, on its line.
    pub trailing: bool,
}

/// A declaration at the top of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// What is declared.
    pub kind: ItemKind,
    /// Documentation before it.
    pub doc: Option<Doc>,
    /// The declaration without its documentation.
    pub span: Span,
}

/// The kinds of declarations.
#[derive(Clone, Debug, PartialEq)]
pub enum ItemKind {
    /// `import "../common" as common`
    Import(Import),
    /// `api shop { … }`
    Api(Api),
    /// `env CORS_ORIGIN: url`
    Env(Env),
    /// `backend catalog at env CATALOG_URL { … }`
    Backend(Backend),
    /// `auth customer = jwt { … }`
    Auth(Auth),
    /// `policy fast { … }`
    Policy(Policy),
    /// `error NotFound 404 "…"`
    Error(ErrorDecl),
    /// `type Sku = …`, `type Product { … }`
    Type(TypeDecl),
    /// `enum Currency { … }`
    Enum(EnumDecl),
    /// `union Payment by kind { … }`
    Union(Union),
    /// `version 1 { … }`
    Version(Version),
    /// `consumer web uses v2`
    Consumer(Consumer),
    /// `case "…" { … }`
    Case(Case),
    /// Text that is no declaration; the reason is among the errors.
    Bad,
}

/// `import "../common" as common`
#[derive(Clone, Debug, PartialEq)]
pub struct Import {
    /// The directory.
    pub path: StringLit,
    /// The name its declarations are reached by.
    pub alias: Option<Ident>,
}

/// `api shop { … }`
#[derive(Clone, Debug, PartialEq)]
pub struct Api {
    /// `shop`
    pub name: Ident,
    /// What the block holds.
    pub members: Vec<ApiMember>,
}

/// A member of the `api` block.
#[derive(Clone, Debug, PartialEq)]
pub struct ApiMember {
    /// What it says.
    pub kind: ApiMemberKind,
    /// Where it stands.
    pub span: Span,
}

/// What a member of the `api` block says.
#[derive(Clone, Debug, PartialEq)]
pub enum ApiMemberKind {
    /// `owner storefront <storefront@shop.example>`
    Owner(Owner),
    /// `versions in path "/v{n}"`
    Versions(Versions),
    /// `errors problem`
    Errors(Ident),
    /// `published additive` is true, `published frozen` false.
    Published {
        /// Whether published endpoints may be added to.
        additive: bool,
    },
    /// `notice 180d`
    Notice(DurationLit),
    /// `in flight 200 wait 50ms`
    InFlight(InFlight),
    /// `store env REDIS_URL timeout 20ms else refuse`
    Store(Store),
    /// A clause for every endpoint.
    Clause(Clause),
    /// Text that is no member; the reason is among the errors.
    Bad,
}

/// `store env REDIS_URL timeout 20ms else refuse`
#[derive(Clone, Debug, PartialEq)]
pub struct Store {
    /// Where it is.
    pub from: EnvValue,
    /// The authorities whose certificates it shows.
    pub authorities: Option<EnvValue>,
    /// How long a request waits for it.
    pub timeout: Option<DurationLit>,
    /// What becomes of requests while it is away: `local` or `refuse`.
    pub away: Option<Ident>,
}

/// `owner storefront <storefront@shop.example>`
#[derive(Clone, Debug, PartialEq)]
pub struct Owner {
    /// The team.
    pub name: Ident,
    /// What stands between `<` and `>`.
    pub contact: Option<String>,
    /// Where it stands.
    pub span: Span,
}

/// How a request names its version.
#[derive(Clone, Debug, PartialEq)]
pub enum Versions {
    /// `versions in path "/v{n}"`
    Path(StringLit),
    /// `versions in header Api-Version default 2`
    Header {
        /// The header field.
        name: Ident,
        /// The version of a request without the header.
        default: Option<Ident>,
    },
    /// `versions in media "application/vnd.shop.v{n}+json" default 2`
    Media {
        /// The media type, with `{n}` where the version stands.
        pattern: StringLit,
        /// The version of a request that accepts no such type.
        default: Option<Ident>,
    },
}

/// `env CORS_ORIGIN: url`
#[derive(Clone, Debug, PartialEq)]
pub struct Env {
    /// The variable.
    pub name: Ident,
    /// Its type.
    pub ty: Type,
    /// Default and bounds.
    pub options: Option<EnvOptions>,
}

/// `env STOCK_TIMEOUT = 150ms in 50ms..500ms` where a value is wanted.
#[derive(Clone, Debug, PartialEq)]
pub struct EnvValue {
    /// The variable.
    pub name: Ident,
    /// Default and bounds.
    pub options: Option<EnvOptions>,
    /// Where it stands.
    pub span: Span,
}

/// `= 150ms in 50ms..500ms`
#[derive(Clone, Debug, PartialEq)]
pub struct EnvOptions {
    /// The value when the variable is not set.
    pub default: Value,
    /// The lowest and highest value an operator may set.
    pub bounds: Option<(Value, Value)>,
}

/// `backend catalog at env CATALOG_URL { … }`
#[derive(Clone, Debug, PartialEq)]
pub struct Backend {
    /// `catalog`
    pub name: Ident,
    /// Where it answers.
    pub address: Address,
    /// What the block holds.
    pub members: Vec<BackendMember>,
    /// Whether a block was written at all.
    pub block: bool,
}

/// Where a backend answers.
#[derive(Clone, Debug, PartialEq)]
pub enum Address {
    /// `env CATALOG_URL`
    Env(EnvValue),
    /// `"http://catalog:8080"`
    Url(StringLit),
}

/// A member of a backend's block.
#[derive(Clone, Debug, PartialEq)]
pub struct BackendMember {
    /// What it says.
    pub kind: BackendMemberKind,
    /// Documentation before or behind it.
    pub doc: Option<Doc>,
    /// Where it stands.
    pub span: Span,
}

/// What a member of a backend's block says.
#[derive(Clone, Debug, PartialEq)]
pub enum BackendMemberKind {
    /// `owner catalog-team`
    Owner(Owner),
    /// `timeout 300ms`
    Timeout(Timeout),
    /// `retry 2 on unreachable, 503`
    Retry(Retry),
    /// `breaker 5 failures in 10s then open 30s`
    Breaker(Breaker),
    /// `in flight 200 wait 50ms`
    InFlight(InFlight),
    /// `send header X-Api-Key = env STOCK_KEY`
    Send(HeaderValue),
    /// `send token from env TOKEN_URL { client env ID, secret env SECRET }`
    Token(TokenOf),
    /// `max_body 2MB`
    MaxBody(SizeLit),
    /// `ca env STOCK_CA`
    Ca(EnvValue),
    /// `certificate env STOCK_CERT key env STOCK_CERT_KEY`
    Certificate {
        /// The certificate.
        chain: EnvValue,
        /// Its key.
        key: EnvValue,
    },
    /// `level = GET /levels/{sku: Sku} -> { available: int(0..) }`
    Operation(Operation),
    /// Text that is no member; the reason is among the errors.
    Bad,
}

/// `send token from env TOKEN_URL { client env ID, secret env SECRET, scope "orders:write" }`
#[derive(Clone, Debug, PartialEq)]
pub struct TokenOf {
    /// Where it is asked for.
    pub from: EnvValue,
    /// Who asks, and for what.
    pub members: Vec<TokenMember>,
    /// Where it stands.
    pub span: Span,
}

/// A member of the block of a token.
#[derive(Clone, Debug, PartialEq)]
pub enum TokenMember {
    /// `client env ORDERS_CLIENT`
    Client(Value),
    /// `secret env ORDERS_SECRET`
    Secret(EnvValue),
    /// `scope "orders:read" and "orders:write"`
    Scope(Vec<StringLit>),
    /// `audience "orders"`
    Audience(Value),
}

/// `timeout 300ms`, `timeout env STOCK_TIMEOUT = 150ms in 50ms..500ms`
#[derive(Clone, Debug, PartialEq)]
pub enum Timeout {
    /// A length of time.
    Fixed(DurationLit),
    /// What the operator sets.
    Env(EnvValue),
}

/// `retry 2 on unreachable, 503`
#[derive(Clone, Debug, PartialEq)]
pub struct Retry {
    /// Further attempts.
    pub attempts: NumberLit,
    /// When; empty: the usual failures.
    pub on: Vec<Condition>,
}

/// `in flight 200 wait 50ms`
#[derive(Clone, Debug, PartialEq)]
pub struct InFlight {
    /// How many.
    pub most: NumberLit,
    /// How long others wait; nothing: not at all.
    pub wait: Option<DurationLit>,
}

/// `breaker 5 failures in 10s then open 30s`
#[derive(Clone, Debug, PartialEq)]
pub struct Breaker {
    /// How many.
    pub failures: NumberLit,
    /// Within what time; nothing: in a row.
    pub within: Option<DurationLit>,
    /// How long calls are refused.
    pub open: DurationLit,
}

/// `header NAME = value` in `send`, `with` and cases.
#[derive(Clone, Debug, PartialEq)]
pub struct HeaderValue {
    /// The header field.
    pub name: Ident,
    /// What it holds.
    pub value: Value,
}

/// An operation declared in a backend.
#[derive(Clone, Debug, PartialEq)]
pub struct Operation {
    /// The name calls use.
    pub name: Ident,
    /// Method.
    pub method: Method,
    /// Path and query; holes carry types.
    pub path: CallPath,
    /// What the body is.
    pub body: Option<Type>,
    /// Whether the body is a form and not JSON.
    pub form: bool,
    /// What the backend answers.
    pub result: Type,
}

/// A request method with its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Method {
    /// `GET`
    pub text: String,
    /// Where it stands.
    pub span: Span,
}

/// `auth customer = jwt { … }`
#[derive(Clone, Debug, PartialEq)]
pub struct Auth {
    /// `customer`
    pub name: Ident,
    /// `jwt`, `api_key`, `mtls` or `basic`.
    pub scheme: Ident,
    /// What the block holds.
    pub members: Vec<AuthMember>,
}

/// Where the keys of callers come from.
#[derive(Clone, Debug, PartialEq)]
pub enum KeysFrom {
    /// `env JWKS_URL`
    Env(EnvValue),
    /// `from issuer`
    Issuer(Span),
}

impl KeysFrom {
    /// Where it stands.
    pub fn span(&self) -> Span {
        match self {
            KeysFrom::Env(env) => env.span,
            KeysFrom::Issuer(span) => *span,
        }
    }
}

/// A member of an `auth` block.
#[derive(Clone, Debug, PartialEq)]
pub enum AuthMember {
    /// `keys env JWKS_URL refresh 15min`
    Keys {
        /// Where the keys come from.
        from: KeysFrom,
        /// How often they are asked for again.
        refresh: Option<DurationLit>,
    },
    /// `secret env JWT_SECRET`
    Secret(EnvValue),
    /// `issuer env JWT_ISSUER`
    Issuer(Value),
    /// `audience "shop"`
    Audience(Value),
    /// `claims { sub: uuid, scope: [text] }`
    Claims(Record),
    /// `header X-Api-Key`
    Header(Ident),
    /// `leeway 30s`
    Leeway(DurationLit),
    /// `revoked env REVOKED refresh 1min`
    Revoked {
        /// Where the list is.
        from: EnvValue,
        /// How often it is looked at.
        refresh: Option<DurationLit>,
    },
}

/// `policy fast { … }`
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// `fast`
    pub name: Ident,
    /// Its clauses.
    pub clauses: Vec<Clause>,
}

/// A clause of an api, version, `under`, policy or endpoint.
#[derive(Clone, Debug, PartialEq)]
pub struct Clause {
    /// What it says.
    pub kind: ClauseKind,
    /// Where it stands.
    pub span: Span,
}

/// What a clause says.
#[derive(Clone, Debug, PartialEq)]
pub enum ClauseKind {
    /// `public`
    Public,
    /// `auth customer or staff with scope "orders:write" and "x"`
    Auth {
        /// Any of these.
        schemes: Vec<Ident>,
        /// All of these.
        scopes: Vec<StringLit>,
        /// All of these: `with role "buyer"`.
        roles: Vec<StringLit>,
    },
    /// `limit 50/s burst 10 per ip across api shared`, `limit none`
    Limit(Limit),
    /// `timeout 800ms`
    Timeout(Timeout),
    /// `cache private 30s stale 5min`, `cache none`
    Cache(Cache),
    /// `max_body 2MB`
    MaxBody(SizeLit),
    /// `cors "https://shop.example" or env CORS_ORIGIN`, `cors any`, `cors none`
    Cors(Cors),
    /// `compress`, `compress answers from 4KB`, `compress requests`, `compress none`
    Compress(Compress),
    /// `unknown fields refused`
    Unknown {
        /// `params` is true, `fields` false.
        params: bool,
        /// `ignored` is true, `refused` false.
        ignored: bool,
    },
    /// `use fast`
    Use(Ident),
}

/// `limit 50/s burst 10 per ip across api shared`
#[derive(Clone, Debug, PartialEq)]
pub struct Limit {
    /// `50/s`; nothing: `limit none`.
    pub rate: Option<Ident>,
    /// `burst 10`
    pub burst: Option<NumberLit>,
    /// `per header X-Id`, `per ip`, `per customer.sub`: the words behind `per`.
    pub per: Vec<Ident>,
    /// Whether `per` names a header field.
    pub per_header: bool,
    /// `across orders`, `across /admin`: the word or path behind `across`.
    pub across: Option<Ident>,
    /// `shared`
    pub shared: bool,
}

/// `cache private 30s stale 5min`
#[derive(Clone, Debug, PartialEq)]
pub struct Cache {
    /// One entry per caller.
    pub private: bool,
    /// How long; nothing: `cache none`.
    pub fresh: Option<DurationLit>,
    /// How long a stale answer may stand in.
    pub stale: Option<DurationLit>,
}

/// `cors "https://shop.example" or env CORS_ORIGIN with credentials max_age 1h`
#[derive(Clone, Debug, PartialEq)]
pub struct Cors {
    /// Which pages may call.
    pub pages: Pages,
    /// Whether what browsers send by themselves, cookies for one, may come along: where that
    /// stands.
    pub credentials: Option<Span>,
    /// How long a browser may remember the answer to a preflight.
    pub max_age: Option<DurationLit>,
}

/// `compress answers from 4KB`
#[derive(Clone, Debug, PartialEq)]
pub struct Compress {
    /// What may be compressed.
    pub what: Compressed,
    /// From which size on answers are.
    pub from: Option<SizeLit>,
}

/// What may be compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compressed {
    /// `compress none`
    None,
    /// `compress answers`
    Answers,
    /// `compress requests`
    Requests,
    /// `compress`
    Both,
}

/// The pages that may call.
#[derive(Clone, Debug, PartialEq)]
pub enum Pages {
    /// `cors none`
    None,
    /// `cors any`
    Any,
    /// Those of these origins.
    Of(Vec<Value>),
}
