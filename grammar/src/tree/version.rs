//! Versions, their edits and endpoints as written.

use super::*;

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
    /// `form`: it is sent as the fields of a form, not as JSON.
    pub form: bool,
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
        /// What is answered; nothing for a status without a body.
        value: Option<Value>,
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
