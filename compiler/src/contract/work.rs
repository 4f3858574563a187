//! What an endpoint does: calls, what is read of their results, and how an answer is built.

use super::VariableKind;
use super::types::{Const, Kind, Scalar, Type};
use gatewright_grammar::Span;
use std::fmt;

/// The work of one endpoint.
#[derive(Clone, Debug, Default)]
pub struct Work {
    /// What is read of results and of the body.
    pub nodes: Vec<Node>,
    /// The node of the whole request body, if anything is declared.
    pub body: Option<NodeId>,
    /// What is known of whoever calls, a record per way to say who it is.
    pub claims: Vec<Claims>,
    /// Calls in the order of the text. Those nobody needs are not in it.
    pub calls: Vec<Call>,
    /// What is answered: the first whose condition holds. The last has none.
    pub answers: Vec<Answer>,
    /// Header fields of every answer.
    pub reply: Vec<Reply>,
    /// Each use of a variable of the environment as a value.
    pub environment: Vec<EnvUse>,
    /// What its text reads where the version is written out in its own names.
    pub rewrites: Vec<Rewrite>,
}

/// What is known of a caller by one way to say who it is.
#[derive(Clone, Debug)]
pub struct Claims {
    /// The name in scope, `customer`.
    pub name: String,
    /// The scheme, as an index into those of the contract.
    pub scheme: usize,
    /// The record; null where the caller came in another way.
    pub node: NodeId,
}

/// A piece of inherited text that uses names of an earlier version, in those of this one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rewrite {
    /// The text; an empty range is a place to insert at.
    pub span: Span,
    /// What it reads; empty for an entry that this version has no place for.
    pub text: String,
}

/// A variable of the environment that is used as a value.
#[derive(Clone, Debug)]
pub struct EnvUse {
    /// `REGION`
    pub name: String,
    /// What it holds.
    pub kind: VariableKind,
    /// Where it is used.
    pub span: Span,
}

/// One of the answers of an endpoint.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Only given when this holds.
    pub when: Option<Cond>,
    /// Its body.
    pub body: Option<Build>,
    /// Whether the body may be null as a whole.
    pub nullable: bool,
    /// Calls that it is made of, as indices, each with the fields that are built from it. `*`
    /// stands for an answer that has no fields.
    pub feeds: Vec<(usize, Vec<String>)>,
}

/// A header field of the answer.
#[derive(Clone, Debug)]
pub struct Reply {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: ReplyValue,
}

/// The value of a header field of the answer.
#[derive(Clone, Debug)]
pub enum ReplyValue {
    /// A text, sent as it is.
    Text(TextExpr),
    /// A scalar of a declared type.
    Typed {
        /// How it is made.
        build: Build,
        /// What is declared; nothing where only a lock is known, which does not say it.
        ty: Option<Box<Type>>,
        /// Whether the field is left out where the value is missing or null.
        nullable: bool,
    },
}

impl Work {
    /// The node of what one request of `call` answers: an element of the result where there is a
    /// request per element.
    pub fn answered(&self, call: &Call) -> Option<NodeId> {
        let node = call.result?;
        match &self.node(node).shape {
            Shape::List { element, .. } if call.each.is_some() => Some(*element),
            _ => Some(node),
        }
    }

    /// The node with this id.
    pub fn node(&self, id: NodeId) -> &Node {
        self.nodes.get(id.0 as usize).expect("ids are made with the nodes of the same endpoint")
    }

    /// The whole result or body that `id` is a part of.
    pub fn root(&self, id: NodeId) -> &Parent {
        match &self.node(id).parent {
            Parent::Field(up, _) | Parent::Element(up) => self.root(*up),
            root => root,
        }
    }
}

/// A node of [`Work::nodes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub(crate) u32);

/// A value in a result or body that something reads, and what it must be.
///
/// Several reads of one value meet in one node: it allows only what all of them allow.
#[derive(Clone, Debug)]
pub struct Node {
    /// Where it hangs.
    pub parent: Parent,
    /// What it must be.
    pub shape: Shape,
    /// Whether it may be absent.
    pub absent_ok: bool,
    /// Whether it may be null.
    pub null_ok: bool,
    /// The declared type that it is read as, if that is a record with a name.
    pub title: Option<String>,
    /// Whether its JSON text is wanted as a whole.
    pub raw: bool,
    /// An example value, from the type that reads it.
    pub example: Option<Const>,
    /// What an absent one stands for, in what callers send.
    pub default: Option<Const>,
    /// The declared types that it is read as, as a whole.
    pub forms: Vec<Form>,
}

/// A declared type that a value is read as, and written as, in one piece.
#[derive(Clone, Debug)]
pub struct Form {
    /// The type; null is none of its values here.
    pub ty: Type,
    /// Fields are read by the names that this version knows, as an index.
    pub reads: usize,
    /// Fields are written by the names that this version knows, as an index.
    pub writes: usize,
}

impl Form {
    /// A text that two forms have in common if they read and write the same.
    pub fn key(&self) -> String {
        format!("{} {} {}", key(&self.ty), self.reads, self.writes)
    }
}

fn key(ty: &Type) -> String {
    let null = if ty.nullable { "?" } else { "" };
    match &ty.kind {
        Kind::Scalar(scalar) => format!("{:?}{null}", scalar.rule),
        Kind::Record(id) => format!("{id:?}{null}"),
        Kind::Union(id) => format!("{id:?}{null}"),
        Kind::Json => "json".to_owned(),
        Kind::Foreign(schema) => format!("json {}{null}", schema.text),
        Kind::List(element, bounds) => format!("[{}]{bounds:?}{null}", key(element)),
        Kind::Map(map) => {
            let value = key(&map.value);
            format!("[{:?}: {value}]{:?}{null}", map.key.rule, map.bounds)
        }
    }
}

/// Where a node hangs.
#[derive(Clone, Debug, PartialEq)]
pub enum Parent {
    /// It is the whole result of the call with this index.
    Call(usize),
    /// It is the whole request body.
    Body,
    /// It is what is known of a caller: an index into [`Work::claims`].
    Claims(usize),
    /// It is the whole body of a failed call's answer: call, handler.
    ErrorBody(usize, usize),
    /// It is a field of a record.
    Field(NodeId, String),
    /// It is each element of a list.
    Element(NodeId),
}

/// What a node must be.
#[derive(Clone, Debug)]
pub enum Shape {
    /// Any JSON.
    Any,
    /// A text, number or boolean.
    AnyScalar,
    /// A scalar by one or more rules.
    Scalar(Vec<Scalar>),
    /// A record with these fields read, in order of first mention.
    Record(Vec<NodeId>),
    /// A list.
    List {
        /// Each element.
        element: NodeId,
        /// The fewest elements.
        min: u64,
        /// The most elements.
        max: Option<u64>,
        /// Whether no two elements are equal.
        unique: bool,
        /// How many elements are read; nothing: all.
        keep: Option<u64>,
    },
}

/// A request to a backend.
#[derive(Clone, Debug)]
pub struct Call {
    /// `item`; `_` for a result nobody reads.
    pub name: String,
    /// The list of whose elements each makes one such call.
    pub each: Option<Each>,
    /// The backend, as an index.
    pub backend: usize,
    /// `GET`
    pub method: String,
    /// `GET /items/{id}`, for logs and documents.
    pub operation: String,
    /// The path.
    pub path: Vec<PathPart>,
    /// The query.
    pub query: Vec<QueryPart>,
    /// Header fields.
    pub headers: Vec<(String, TextExpr)>,
    /// The body.
    pub body: Option<Build>,
    /// The fields of the form that is the body instead. None of them is a literal pair.
    pub form: Option<Vec<QueryPart>>,
    /// What the operation asks of values that may not keep it: it is looked at before anything is
    /// sent.
    pub checks: Vec<Check>,
    /// What is declared of the result, with the version whose names its fields have on the wire.
    pub declared: Option<(Type, usize)>,
    /// The longest it may take with all attempts, in milliseconds.
    pub within: Option<u64>,
    /// The backend that is sent the same request, as an index; nobody waits for its answer.
    pub copies: Option<usize>,
    /// Only made when this holds.
    pub when: Option<Cond>,
    /// What happens on failures, first match wins.
    pub handlers: Vec<Handler>,
    /// What stands in when no handler matches, or `when` does not hold.
    pub fallback: Option<Fallback>,
    /// The node of the whole result; nothing if nobody reads it.
    pub result: Option<NodeId>,
    /// Calls that must have ended before, as indices in ascending order.
    pub after: Vec<usize>,
    /// How long its outcome may be used again.
    pub cache: Option<Keep>,
    /// Whether it answers a stream, of which the result is one item. It begins when all other calls
    /// have ended.
    pub streams: bool,
    /// Whether its failure can fail the endpoint.
    pub required: bool,
    /// Response fields that are built from it, in any of the answers.
    pub feeds: Vec<String>,
    /// Where it stands.
    pub span: Span,
}

impl Call {
    /// Whether the result can be null as a whole.
    pub fn can_be_null(&self) -> bool {
        self.each.is_none() && self.can_end_in_null()
    }

    /// Whether one such call can end in null.
    pub fn can_end_in_null(&self) -> bool {
        let null = |fallback: &Fallback| matches!(fallback, Fallback::Null);
        let outcome =
            |handler: &Handler| matches!(&handler.outcome, Outcome::StandIn(f) if null(f));
        let skipped = self.when.is_some() && self.fallback.is_none();
        skipped || self.fallback.as_ref().is_some_and(null) || self.handlers.iter().any(outcome)
    }

    /// Whether repeating it does no harm (RFC 9110 section 9.2.1).
    pub fn is_safe(&self) -> bool {
        self.method == "GET" || self.method == "HEAD"
    }
}

/// How long the outcome of a call may be used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keep {
    /// For how many milliseconds it is as good as a new one.
    pub fresh: u64,
    /// For how many milliseconds after that it is used while a new one is asked for.
    pub stale: u64,
}

/// A list of whose elements each makes a call.
#[derive(Clone, Debug)]
pub struct Each {
    /// The list.
    pub list: Elements,
    /// At most that many elements of it.
    pub first: Option<u64>,
    /// The most calls.
    pub max: u64,
}

/// Where elements come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Elements {
    /// A list in a result or body. One that is missing has no elements.
    Node(NodeId),
    /// A repeated parameter, as an index.
    Param(usize),
}

/// A rule that a value must keep before it is sent.
#[derive(Clone, Debug)]
pub struct Check {
    /// The value.
    pub value: Operand,
    /// The rule.
    pub scalar: Scalar,
}

/// A part of a call's path.
#[derive(Clone, Debug)]
pub enum PathPart {
    /// Literal text, percent escapes included.
    Literal(String),
    /// A value, encoded into the segment.
    Value(Operand),
    /// A parameter for the rest of a path, as an index: each of its segments as one of its own.
    Rest(usize),
}

/// A pair of a call's query.
#[derive(Clone, Debug)]
pub enum QueryPart {
    /// A pair without values, as sent.
    Literal(String),
    /// A name and a value; dropped when the value is missing.
    Value(String, Operand),
    /// A name and several values.
    Each(String, Operand),
    /// A name and a text made of parts.
    Text(String, TextExpr),
}

/// What happens on some failures.
#[derive(Clone, Debug)]
pub struct Handler {
    /// The failures.
    pub conditions: Vec<Condition>,
    /// What happens.
    pub outcome: Outcome,
}

/// What a failure turns into.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// The endpoint fails with this declared error: an index into the version's errors, and members.
    Fail(usize, Option<Build>),
    /// A value stands in.
    StandIn(Fallback),
}

/// A value that stands in for a result.
#[derive(Clone, Debug)]
pub enum Fallback {
    /// `null`
    Null,
    /// A value known at compile time.
    Const(Const),
    /// A value built from what is in scope.
    Built(Build),
}

/// How a call can fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// This status.
    Status(u16),
    /// A status of this hundred: 4 or 5.
    Class(u16),
    /// It took too long.
    Timeout,
    /// No connection, or none that lasted.
    Unreachable,
    /// The result violates what is read of it.
    Invalid,
}

/// As it is written behind `on`.
impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Condition::Status(status) => write!(f, "{status}"),
            Condition::Class(class) => write!(f, "{class}xx"),
            Condition::Timeout => f.write_str("timeout"),
            Condition::Unreachable => f.write_str("unreachable"),
            Condition::Invalid => f.write_str("invalid"),
        }
    }
}

/// A value in scope.
#[derive(Clone, Debug)]
pub enum Operand {
    /// A parameter, as an index.
    Param(usize),
    /// The element of a repeated parameter that a call is made for.
    Item(usize),
    /// A value in a result or body.
    Node(NodeId),
    /// A variable of the environment, as an index into [`Work::environment`].
    Env(usize),
    /// A value known at compile time.
    Const(Const),
    /// The first that is there and not null.
    Or(Vec<Operand>),
    /// A value in each element of a list.
    Each {
        /// The list.
        list: NodeId,
        /// At most that many elements.
        first: Option<u64>,
        /// The value, a part of the element.
        value: NodeId,
    },
}

/// A text made of parts.
#[derive(Clone, Debug)]
pub struct TextExpr {
    /// The parts in order.
    pub parts: Vec<TextPart>,
}

/// A part of a text.
#[derive(Clone, Debug)]
pub enum TextPart {
    /// Literal text.
    Literal(String),
    /// A value.
    Value(Operand),
}

/// A condition.
#[derive(Clone, Debug)]
pub enum Cond {
    /// A boolean value.
    Is(Operand),
    /// Whether something is missing or null; `true` for `== null`.
    Null(Operand, bool),
    /// Two numbers.
    Numbers(Operand, Comparison, Operand),
    /// Two scalars are equal, or are not.
    Same(Operand, Operand, bool),
}

/// How two numbers are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
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

/// How a JSON value is made.
#[derive(Clone, Debug)]
pub enum Build {
    /// A value known at compile time.
    Const(Const),
    /// A value in scope, copied.
    Copy(Operand),
    /// A value in scope that must also keep a promise of the answer.
    Promised(Box<Build>, Scalar),
    /// A record. With a node, it is made of that record's parts and is missing where it is missing.
    Record(Option<NodeId>, Vec<Member>),
    /// A value that was read whole, as this declared type.
    Whole(NodeId, Form),
    /// A number or boolean, written as a text.
    AsText(Box<Build>),
    /// A value, or where it is absent this one; where it is null this one too, unless null is one
    /// of its values.
    Default {
        /// The value.
        value: Box<Build>,
        /// What stands in.
        default: Const,
        /// Whether null is a value.
        nullable: bool,
    },
    /// A list made of another list's elements.
    List {
        /// The list.
        from: NodeId,
        /// How an element is made.
        element: Box<Build>,
        /// At most that many.
        first: Option<u64>,
    },
    /// A list of values.
    Array(Vec<Build>),
    /// Whether something holds.
    Holds(Cond),
    /// A text.
    Text(TextExpr),
    /// The first that is there and not null.
    Or(Vec<Build>),
}

/// A member of a record that is made.
#[derive(Clone, Debug)]
pub struct Member {
    /// Its name on the wire.
    pub name: String,
    /// Its value.
    pub value: Build,
    /// What happens when the value is missing.
    pub missing: Missing,
}

/// What happens to a member whose value is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// It never is.
    Never,
    /// An absent or null value drops the member.
    Dropped,
    /// An absent or null value becomes null.
    Null,
    /// An absent value drops the member, a null one stays null.
    Kept,
}
