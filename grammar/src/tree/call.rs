//! Calls and expressions as written.

use super::*;

/// `item: Item = each line of cart.lines max 50: catalog GET /items/{line.sku} { … } on … else …`
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// `item`; `_` for a result nobody reads.
    pub name: Ident,
    /// The declared type of the result.
    pub ty: Option<Type>,
    /// One call per element.
    pub each: Option<Each>,
    /// `stream`, where its items are what the endpoint answers.
    pub stream: Option<Span>,
    /// The backend.
    pub backend: Ident,
    /// What is asked of it.
    pub target: CallTarget,
    /// The body that is sent.
    pub body: Option<Value>,
    /// Where it says that the body is a form and not JSON.
    pub form: Option<Span>,
    /// `cache 60s` on the call's line.
    pub cache: Option<DurationLit>,
    /// `stale 5min` behind that.
    pub stale: Option<DurationLit>,
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
    /// The most calls. Without it nothing limits them, which analysis refuses.
    pub max: Option<NumberLit>,
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
        /// Whether it is the rest of a path, `{path*}`, sent segment by segment.
        rest: bool,
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
    /// `copy to next_catalog`
    Copy(Ident),
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
