//! The syntax tree: one plain struct per construct, as written, with spans.
//!
//! Members keep the order of the text. What could not be read is `Bad`, and the reason is in
//! [`Parse::errors`](crate::Parse).

#![expect(
    clippy::large_enum_variant,
    reason = "a tree is built once and read in place; boxes would only hide its shape"
)]

use crate::span::Span;

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
    /// `import "../shared" as shared`
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

/// `import "../shared" as shared`
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
    /// A clause for every endpoint.
    Clause(Clause),
    /// Text that is no member; the reason is among the errors.
    Bad,
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
        default: Option<NumberLit>,
    },
    /// `versions in media "application/vnd.shop.v{n}+json"`
    Media(StringLit),
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
    /// `send header X-Api-Key = env STOCK_KEY`
    Send(HeaderValue),
    /// `max_body 2MB`
    MaxBody(SizeLit),
    /// `level = GET /levels/{sku: Sku} -> { available: int(0..) }`
    Operation(Operation),
    /// Text that is no member; the reason is among the errors.
    Bad,
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

/// A member of an `auth` block.
#[derive(Clone, Debug, PartialEq)]
pub enum AuthMember {
    /// `keys env JWKS_URL refresh 15min`
    Keys {
        /// Where the keys come from.
        from: EnvValue,
        /// How often they are asked for again.
        refresh: Option<DurationLit>,
    },
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
    },
    /// `limit 50/s burst 10 per ip shared`, `limit none`
    Limit(Limit),
    /// `timeout 800ms`
    Timeout(Timeout),
    /// `cache private 30s stale 5min`, `cache none`
    Cache(Cache),
    /// `max_body 2MB`
    MaxBody(SizeLit),
    /// `cors "https://shop.example" or env CORS_ORIGIN`
    Cors(Vec<Value>),
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

/// `limit 50/s burst 10 per ip shared`
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

/// `error NotFound 404 "There is no such resource" { … }`
#[derive(Clone, Debug, PartialEq)]
pub struct ErrorDecl {
    /// `NotFound`
    pub name: Ident,
    /// `404`
    pub status: NumberLit,
    /// What it means, for people.
    pub title: StringLit,
    /// Its members.
    pub record: Option<Record>,
}

/// `type Sku = text(…) eg "…"`, `type Product { … }`, `type Page<T> { … }`
#[derive(Clone, Debug, PartialEq)]
pub struct TypeDecl {
    /// `Sku`
    pub name: Ident,
    /// `T` of `Page<T>`.
    pub parameter: Option<Ident>,
    /// What it is.
    pub body: TypeBody,
    /// When it goes.
    pub deprecated: Option<Deprecated>,
}

/// What a type declaration says.
#[derive(Clone, Debug, PartialEq)]
pub enum TypeBody {
    /// `= text(/p_[a-z0-9]{8}/) eg "p_1a2b3c4d"`
    Alias {
        /// The type.
        ty: Type,
        /// An example value.
        example: Option<Value>,
    },
    /// `{ id: Sku }`
    Record(Record),
}

/// `{ id: Sku, title: text }`
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Fields and spreads.
    pub fields: Vec<Field>,
    /// Where it stands, braces included.
    pub span: Span,
}

/// A member of a record.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// What it is.
    pub kind: FieldKind,
    /// Documentation before or behind it.
    pub doc: Option<Doc>,
    /// Where it stands, documentation not included.
    pub span: Span,
}

/// What a member of a record is.
#[derive(Clone, Debug, PartialEq)]
pub enum FieldKind {
    /// `...Audited`: the fields of another record.
    Spread(Ident),
    /// `title?: text = "x" eg "y" deprecated`
    Named(NamedField),
}

/// `title?: text = "x" eg "y" deprecated`
#[derive(Clone, Debug, PartialEq)]
pub struct NamedField {
    /// The name, quotes removed.
    pub name: Ident,
    /// `?`: it may be absent.
    pub optional: bool,
    /// Its type.
    pub ty: Type,
    /// The value of an absent field.
    pub default: Option<Value>,
    /// An example value.
    pub example: Option<Value>,
    /// When it goes.
    pub deprecated: Option<Deprecated>,
}

/// A type where one is used.
#[derive(Clone, Debug, PartialEq)]
pub struct Type {
    /// What it is.
    pub base: Base,
    /// What stands in parentheses.
    pub limits: Vec<Bound>,
    /// `as text`
    pub as_text: bool,
    /// `| null`
    pub nullable: bool,
    /// Where it stands.
    pub span: Span,
}

/// The base of a type.
#[derive(Clone, Debug, PartialEq)]
pub enum Base {
    /// `[Line]`
    List(Box<Type>),
    /// `[text: int]`
    Map(Box<Type>, Box<Type>),
    /// `{ id: Sku }`
    Record(Record),
    /// `enum { a b }`
    Enum(EnumBody),
    /// `Page<Hit>`
    Generic(Ident, Box<Type>),
    /// `text`, `Sku`, `shared.Money`
    Name(Ident),
}

/// One thing between the parentheses behind a type.
#[derive(Clone, Debug, PartialEq)]
pub struct Bound {
    /// What it says.
    pub kind: BoundKind,
    /// Where it stands.
    pub span: Span,
}

/// What a bound says.
#[derive(Clone, Debug, PartialEq)]
pub enum BoundKind {
    /// `/p_[a-z0-9]{8}/`: the text between the slashes, `\/` resolved.
    Pattern(String),
    /// `unique`
    Unique,
    /// `schema "file.json"`
    Schema(StringLit),
    /// `1..200`, `..3`, `0..`
    Range(Option<NumberLit>, Option<NumberLit>),
    /// `>0`, `<=1`
    Compare(CompareOp, NumberLit),
    /// `12`
    Number(NumberLit),
}

/// `enum Currency { EUR USD GBP ... }`
#[derive(Clone, Debug, PartialEq)]
pub struct EnumDecl {
    /// `Currency`
    pub name: Ident,
    /// Its values.
    pub body: EnumBody,
}

/// `{ pending paid = "PAID" else unknown }`
#[derive(Clone, Debug, PartialEq)]
pub struct EnumBody {
    /// The declared values.
    pub values: Vec<EnumValue>,
    /// What happens to a value that is not declared.
    pub rest: EnumRest,
    /// Where it stands, braces included.
    pub span: Span,
}

/// What happens to a value that an enum does not declare.
#[derive(Clone, Debug, PartialEq)]
pub enum EnumRest {
    /// It violates the contract.
    Closed,
    /// `...`: it is passed on.
    Open,
    /// `else unknown`: it is replaced.
    Else(Ident),
}

/// `paid = "PAID" deprecated`
#[derive(Clone, Debug, PartialEq)]
pub struct EnumValue {
    /// `paid`
    pub name: Ident,
    /// What stands in JSON, if not the name.
    pub wire: Option<StringLit>,
    /// When it goes.
    pub deprecated: Option<Deprecated>,
    /// Documentation before or behind it.
    pub doc: Option<Doc>,
    /// Where it stands.
    pub span: Span,
}

/// `union Payment by kind { card: CardPayment }`
#[derive(Clone, Debug, PartialEq)]
pub struct Union {
    /// `Payment`
    pub name: Ident,
    /// The field that tells the variant.
    pub tag: Ident,
    /// Its variants.
    pub variants: Vec<Variant>,
}

/// `"bank-transfer": Transfer`
#[derive(Clone, Debug, PartialEq)]
pub struct Variant {
    /// The tag's value, quotes removed.
    pub name: Ident,
    /// What it holds.
    pub ty: Type,
    /// Documentation before or behind it.
    pub doc: Option<Doc>,
    /// Where it stands.
    pub span: Span,
}

/// `deprecated since 2026-09-01, sunset 2027-03-01 hard, use GET /x, see "…"`
#[derive(Clone, Debug, PartialEq)]
pub struct Deprecated {
    /// From when on.
    pub since: Option<DateLit>,
    /// When it may go.
    pub sunset: Option<DateLit>,
    /// Whether it ends at the sunset date by itself.
    pub hard: bool,
    /// What to use instead.
    pub successor: Option<Successor>,
    /// Where to read about it.
    pub see: Option<StringLit>,
    /// Where it stands.
    pub span: Span,
}

/// What to use instead of something deprecated.
#[derive(Clone, Debug, PartialEq)]
pub enum Successor {
    /// `use GET /products/{id}`
    Endpoint(Method, Path),
    /// `use other`
    Name(Ident),
}

/// `version 2 from 1 draft { … }`
#[derive(Clone, Debug, PartialEq)]
pub struct Version {
    /// `2` or `2026-09-01`.
    pub label: Ident,
    /// The version it starts from.
    pub from: Option<Ident>,
    /// `draft`
    pub draft: bool,
    /// What the block holds.
    pub members: Vec<VersionMember>,
}

/// A member of a version or of an `under` block.
#[derive(Clone, Debug, PartialEq)]
pub struct VersionMember {
    /// What it says.
    pub kind: VersionMemberKind,
    /// Documentation before or behind it.
    pub doc: Option<Doc>,
    /// Where it stands, documentation not included.
    pub span: Span,
}

/// What a member of a version says.
#[derive(Clone, Debug, PartialEq)]
pub enum VersionMemberKind {
    /// `deprecated since …`
    Deprecated(Deprecated),
    /// `rename Product.title to name`
    Rename(Rename),
    /// `remove GET /find`
    Remove(Remove),
    /// `change type Product { … }`
    Change(Change),
    /// `under /admin { … }`: only clauses, `under` blocks, endpoints and bad members inside.
    Under {
        /// The common prefix.
        path: Path,
        /// What the block holds.
        members: Vec<VersionMember>,
    },
    /// `GET /products/{id: Sku} -> Product { … }`
    Endpoint(Endpoint),
    /// `type …`
    Type(TypeDecl),
    /// `enum …`
    Enum(EnumDecl),
    /// `union …`
    Union(Union),
    /// `error …`
    Error(ErrorDecl),
    /// A clause for every endpoint of the block.
    Clause(Clause),
    /// Text that is no member; the reason is among the errors.
    Bad,
}

/// `rename Product.title to name`
#[derive(Clone, Debug, PartialEq)]
pub struct Rename {
    /// `Product.title`
    pub from: Ident,
    /// `name`
    pub to: Ident,
}

/// `remove GET /find`, `remove type Hit`
#[derive(Clone, Debug, PartialEq)]
pub enum Remove {
    /// An endpoint.
    Endpoint(Method, Path),
    /// `type`, `enum`, `union` or `error`, and the name.
    Declaration(Ident, Ident),
}

/// An edit of an inherited declaration.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// `change GET /x { … }`
    Endpoint {
        /// Method.
        method: Method,
        /// Path.
        path: Path,
        /// Members that replace, join or remove.
        members: Vec<EndpointMember>,
        /// The block, braces included.
        block: Span,
    },
    /// `change type T { f: new, remove g }`
    Type {
        /// `T`
        name: Ident,
        /// The edits.
        edits: Vec<FieldEdit>,
    },
    /// `change enum E { … }`: the whole new list of values.
    Enum {
        /// `E`
        name: Ident,
        /// Its values.
        body: EnumBody,
    },
    /// `change union U { … }`: variants that replace or join.
    Union {
        /// `U`
        name: Ident,
        /// The variants.
        variants: Vec<Variant>,
    },
    /// `change error NotFound 404 "…"`: the whole new declaration.
    Error(ErrorDecl),
}

/// One edit of `change type`.
#[derive(Clone, Debug, PartialEq)]
pub enum FieldEdit {
    /// `remove g`
    Remove(Ident),
    /// `f: new`
    Field(Field),
}

/// `GET /products/{id: Sku} as product (Body) -> Product | NotFound { … }`
#[derive(Clone, Debug, PartialEq)]
pub struct Endpoint {
    /// Method.
    pub method: Method,
    /// Path.
    pub path: Path,
    /// `as product`: a name for documents.
    pub name: Option<Ident>,
    /// What callers send.
    pub body: Option<Body>,
    /// What callers get, in order.
    pub responses: Vec<Resp>,
    /// What the block holds; empty without one.
    pub members: Vec<EndpointMember>,
    /// The block, braces included.
    pub block: Option<Span>,
    /// Method to last response: the contract line.
    pub signature: Span,
}

/// `(NewOrder? as order)`
#[derive(Clone, Debug, PartialEq)]
pub struct Body {
    /// Its type.
    pub ty: Type,
    /// `?`: it may be absent.
    pub optional: bool,
    /// The name in scope, `body` without one.
    pub name: Option<Ident>,
    /// Where it stands, parentheses included.
    pub span: Span,
}

/// One alternative behind `->`.
#[derive(Clone, Debug, PartialEq)]
pub struct Resp {
    /// What it is.
    pub kind: RespKind,
    /// Where it stands.
    pub span: Span,
}

/// What an alternative behind `->` is.
#[derive(Clone, Debug, PartialEq)]
pub enum RespKind {
    /// `pass`
    Pass,
    /// `stream 200 Tick`, `stream Tick`
    Stream(Option<NumberLit>, Option<Type>),
    /// `201 Order`, `204`
    Status(NumberLit, Option<Type>),
    /// `Product`, or the name of a declared error.
    Type(Type),
}

/// `/products/{id: Sku}`
#[derive(Clone, Debug, PartialEq)]
pub struct Path {
    /// Between the slashes; `/` has none.
    pub segments: Vec<Segment>,
    /// Where it stands.
    pub span: Span,
}

/// A segment: literal parts and parameters in order.
#[derive(Clone, Debug, PartialEq)]
pub struct Segment {
    /// Its parts.
    pub parts: Vec<SegmentPart>,
    /// Where it stands.
    pub span: Span,
}

/// A part of a segment.
#[derive(Clone, Debug, PartialEq)]
pub enum SegmentPart {
    /// Literal text as written, percent escapes included.
    Text(Ident),
    /// `{id: Sku}`, `{path*}`
    Param {
        /// `id`
        name: Ident,
        /// `*`: the rest of the path.
        rest: bool,
        /// Its type, `text` without one.
        ty: Option<Type>,
        /// Where it stands, braces included.
        span: Span,
    },
}

/// A member of an endpoint's block.
#[derive(Clone, Debug, PartialEq)]
pub struct EndpointMember {
    /// What it says.
    pub kind: EndpointMemberKind,
    /// Documentation before or behind it.
    pub doc: Option<Doc>,
    /// Where it stands, documentation not included.
    pub span: Span,
}

/// What a member of an endpoint's block says.
#[derive(Clone, Debug, PartialEq)]
pub enum EndpointMemberKind {
    /// `deprecated since …`
    Deprecated(Deprecated),
    /// `query q: text(1..100)`
    Query(Param),
    /// `header Accept-Language?: text as lang`
    Header(Param),
    /// `cookie sid?: uuid`
    Cookie(Param),
    /// `reply header Location = "/v2/orders/{order.id}"`
    Reply {
        /// The header field.
        name: Ident,
        /// Its type.
        ty: Option<Type>,
        /// What it holds.
        value: Value,
    },
    /// `return 202 { … } when …`
    Return {
        /// The status it names.
        status: Option<NumberLit>,
        /// What is answered.
        value: Value,
        /// When.
        when: Option<Value>,
    },
    /// `remove query q`: the kind and the name.
    Remove(Ident, Ident),
    /// `item = catalog GET /items/{id} …`
    Call(Box<Call>),
    /// A clause.
    Clause(Clause),
    /// Text that is no member; the reason is among the errors.
    Bad,
}

/// A query, header or cookie parameter.
#[derive(Clone, Debug, PartialEq)]
pub struct Param {
    /// The name on the wire, quotes removed.
    pub name: Ident,
    /// `?`: it may be absent.
    pub optional: bool,
    /// Its type.
    pub ty: Type,
    /// `by comma`
    pub by_comma: bool,
    /// The value when it is absent.
    pub default: Option<Value>,
    /// The name in scope.
    pub alias: Option<Ident>,
    /// An example value.
    pub example: Option<Value>,
    /// When it goes.
    pub deprecated: Option<Deprecated>,
}

/// `item: Item = each line of cart.lines max 50: catalog GET /items/{line.sku} { … } on … else …`
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// `item`; `_` for a result nobody reads.
    pub name: Ident,
    /// The declared type of the result.
    pub ty: Option<Type>,
    /// One call per element.
    pub each: Option<Each>,
    /// The backend.
    pub backend: Ident,
    /// What is asked of it.
    pub target: CallTarget,
    /// The body that is sent.
    pub body: Option<Value>,
    /// `cache 60s` on the call's line.
    pub cache: Option<DurationLit>,
    /// What follows, in order.
    pub tails: Vec<Tail>,
}

/// `each line of cart.lines max 50`
#[derive(Clone, Debug, PartialEq)]
pub struct Each {
    /// The element's name.
    pub element: Ident,
    /// The list.
    pub list: Ref,
    /// The most calls.
    pub max: NumberLit,
    /// Where it stands.
    pub span: Span,
}

/// What a call asks of its backend.
#[derive(Clone, Debug, PartialEq)]
pub enum CallTarget {
    /// `GET /items/{id}`
    Request {
        /// Method.
        method: Method,
        /// Path and query.
        path: CallPath,
    },
    /// `.item(id: id)`
    Operation {
        /// `item`
        name: Ident,
        /// Arguments by name.
        arguments: Vec<(Ident, Value)>,
    },
}

/// `/items/{id}?size=20&tag={tag}`
#[derive(Clone, Debug, PartialEq)]
pub struct CallPath {
    /// Between the slashes; `/` has none.
    pub segments: Vec<Vec<CallPart>>,
    /// Behind the question mark.
    pub query: Vec<Pair>,
    /// Where it stands.
    pub span: Span,
}

/// A part of a call's path or of a query value.
#[derive(Clone, Debug, PartialEq)]
pub enum CallPart {
    /// Literal text as written, percent escapes included.
    Text(Ident),
    /// `{cart.id}`; in backend operations with a type.
    Hole {
        /// What stands there.
        value: Value,
        /// Its type.
        ty: Option<Type>,
        /// Where it stands, braces included.
        span: Span,
    },
}

/// `tag={tag}`
#[derive(Clone, Debug, PartialEq)]
pub struct Pair {
    /// As written, percent escapes included.
    pub name: Ident,
    /// Behind `=`; nothing: the name alone.
    pub value: Option<Vec<CallPart>>,
    /// Where it stands.
    pub span: Span,
}

/// What follows a call.
#[derive(Clone, Debug, PartialEq)]
pub struct Tail {
    /// What it says.
    pub kind: TailKind,
    /// Where it stands.
    pub span: Span,
}

/// What a call's tail says.
#[derive(Clone, Debug, PartialEq)]
pub enum TailKind {
    /// `with header Accept-Language = lang`
    With(HeaderValue),
    /// `within 200ms`
    Within(DurationLit),
    /// `when cart.total > 100`
    When(Value),
    /// `on 404, 410 fail NotFound`
    On(Vec<Condition>, Outcome),
    /// `else { available: 0 }`
    Else(Outcome),
}

/// What a call's failure turns into.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// `fail OutOfStock { skus: error.missing }`
    Fail(Ident, Option<Object>),
    /// A value that stands in.
    Value(Value),
}

/// How a call can fail.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    /// `404`, `4xx`, `timeout`, `unreachable`, `invalid`.
    pub text: String,
    /// Where it stands.
    pub span: Span,
}

/// An expression.
#[derive(Clone, Debug, PartialEq)]
pub struct Value {
    /// What it is.
    pub kind: ValueKind,
    /// Where it stands.
    pub span: Span,
}

/// What an expression is.
#[derive(Clone, Debug, PartialEq)]
pub enum ValueKind {
    /// `level.available > 0`
    Compare(Box<Value>, CompareOp, Box<Value>),
    /// `a or b or "x"`
    Or(Vec<Value>),
    /// `any uuid`
    Any(Ident),
    /// `{ a: x, ...y }`
    Object(Object),
    /// `[x, y]`
    Array(Vec<Value>),
    /// `env NAME`
    Env(Box<EnvValue>),
    /// `"{user.given_name} {user.family_name}"`
    Template(Vec<TemplatePart>),
    /// `59.90`
    Number(NumberLit),
    /// `2026-09-01`
    Date(DateLit),
    /// `150ms`
    Duration(DurationLit),
    /// `item.pricing.gross`, `true`, `null`
    Ref(Ref),
}

/// A part of a quoted text. A text without holes is one `Text`; an empty one has no parts.
#[derive(Clone, Debug, PartialEq)]
pub enum TemplatePart {
    /// Literal text, escapes resolved; `\{` is a brace.
    Text(String),
    /// `{user.given_name}`
    Hole(Value),
}

/// `<`, `==` and so on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CompareOp {
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `>=`
    AtLeast,
    /// `<=`
    AtMost,
    /// `>`
    Greater,
    /// `<`
    Less,
}

/// `rated.entries[..3].user { author: .nick, ... }`, `.title`
#[derive(Clone, Debug, PartialEq)]
pub struct Ref {
    /// Starts with a dot: of the element being projected.
    pub of_element: bool,
    /// The words, never empty.
    pub steps: Vec<Step>,
    /// What is taken from it.
    pub projection: Option<Object>,
    /// Where the words stand, without the projection.
    pub span: Span,
}

/// One word of a reference.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// The word, quotes removed.
    pub name: Ident,
    /// `[]` behind it: each element; `[..3]`: the first three.
    pub index: Option<Index>,
}

/// `[]`, `[..3]`
#[derive(Clone, Debug, PartialEq)]
pub struct Index {
    /// At most that many.
    pub first: Option<NumberLit>,
    /// Where it stands.
    pub span: Span,
}

/// `{ a: x, ...y }`
#[derive(Clone, Debug, PartialEq)]
pub struct Object {
    /// Its entries.
    pub entries: Vec<Entry>,
    /// Where it stands, braces included.
    pub span: Span,
}

/// An entry of an object.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// What it is.
    pub kind: EntryKind,
    /// Where it stands.
    pub span: Span,
}

/// What an entry of an object is.
#[derive(Clone, Debug, PartialEq)]
pub enum EntryKind {
    /// `...item`; `...` alone: the rest of the element.
    Spread(Option<Ref>),
    /// `title: item.name`
    Field(Ident, Value),
}

/// `consumer mobile <…> uses v1 { … }, v2`
#[derive(Clone, Debug, PartialEq)]
pub struct Consumer {
    /// `mobile`
    pub name: Ident,
    /// What stands between `<` and `>`.
    pub contact: Option<String>,
    /// What it relies on.
    pub uses: Vec<UseOf>,
}

/// `v1 { GET /me, GET /products/{id} (title, price) }`
#[derive(Clone, Debug, PartialEq)]
pub struct UseOf {
    /// `1` of `v1`.
    pub version: Ident,
    /// The endpoints; nothing: all of them.
    pub endpoints: Option<Vec<UseEndpoint>>,
    /// Where it stands.
    pub span: Span,
}

/// `GET /products/{id} (title, price)`
#[derive(Clone, Debug, PartialEq)]
pub struct UseEndpoint {
    /// Method.
    pub method: Method,
    /// Path.
    pub path: Path,
    /// The fields; empty: all of them.
    pub fields: Vec<Ident>,
    /// Where it stands.
    pub span: Span,
}

/// `case "…" smoke { when … then … }`
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    /// What it shows.
    pub title: StringLit,
    /// `smoke`
    pub smoke: bool,
    /// The request.
    pub when: CaseWhen,
    /// What backends are asked and answer.
    pub mocks: Vec<Mock>,
    /// The answer.
    pub then: CaseThen,
}

/// `when POST /v2/orders as customer { … } header … body …`
#[derive(Clone, Debug, PartialEq)]
pub struct CaseWhen {
    /// Method.
    pub method: Method,
    /// The request target as written.
    pub target: Ident,
    /// Who calls, with claims.
    pub principal: Option<(Ident, Option<Object>)>,
    /// Header fields in order.
    pub headers: Vec<HeaderValue>,
    /// The body.
    pub body: Option<Value>,
    /// Where it stands.
    pub span: Span,
}

/// `catalog GET /items/p_1 -> 200 { … }`, `orders never`
#[derive(Clone, Debug, PartialEq)]
pub struct Mock {
    /// The backend.
    pub backend: Ident,
    /// What it is asked and answers; nothing: `never`.
    pub exchange: Option<Exchange>,
    /// Where it stands.
    pub span: Span,
}

/// `GET /items/p_1 { … } header … -> 200 { … }`
#[derive(Clone, Debug, PartialEq)]
pub struct Exchange {
    /// Method.
    pub method: Method,
    /// The request target as written.
    pub target: Ident,
    /// The body it is sent.
    pub body: Option<Object>,
    /// Header fields it is sent.
    pub headers: Vec<HeaderValue>,
    /// What it answers.
    pub answer: MockAnswer,
}

/// What a mock answers.
#[derive(Clone, Debug, PartialEq)]
pub enum MockAnswer {
    /// `200 { … }`
    Status(NumberLit, Option<Value>),
    /// `timeout`, `unreachable` or `invalid`.
    Failure(Ident),
}

/// `then 409 OutOfStock { … } header …`
#[derive(Clone, Debug, PartialEq)]
pub struct CaseThen {
    /// The status.
    pub status: NumberLit,
    /// A declared error.
    pub error: Option<Ident>,
    /// The body.
    pub body: Option<Value>,
    /// Header fields.
    pub headers: Vec<HeaderValue>,
    /// Where it stands.
    pub span: Span,
}
