//! Cases: a request, what backends are asked and answer, and the answer.

use super::types::{Const, Type};
use gatewright_grammar::Span;

/// A story with its end.
#[derive(Clone, Debug)]
pub struct Case {
    /// What it shows.
    pub title: String,
    /// Whether it may be asked of a gateway that serves.
    pub smoke: bool,
    /// The endpoint, as indices of its version and in that; nothing where no endpoint is meant to answer.
    pub endpoint: Option<(usize, usize)>,
    /// Who calls, if anybody is known: `as customer { … }`.
    pub caller: Option<Caller>,
    /// The request.
    pub request: CaseRequest,
    /// Variables of the gateway's environment that are not as usual.
    pub env: Vec<(String, String)>,
    /// What backends are asked and answer, in the order of the text.
    pub mocks: Vec<Mock>,
    /// Backends, as indices, that must not be asked, and where that is said.
    pub never: Vec<(usize, Span)>,
    /// The answer.
    pub reply: Reply,
    /// The title where it stands.
    pub span: Span,
}

/// Somebody who calls.
#[derive(Clone, Debug, PartialEq)]
pub struct Caller {
    /// The name of the scheme that lets the caller in.
    pub scheme: String,
    /// What is known of the caller, by name.
    pub claims: Vec<(String, Const)>,
}

/// A request to the gateway.
#[derive(Clone, Debug)]
pub struct CaseRequest {
    /// `GET`
    pub method: String,
    /// Path and query as written.
    pub target: String,
    /// Header fields in order.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Option<Payload>,
    /// Where it stands.
    pub span: Span,
}

/// A body that is sent.
#[derive(Clone, Debug, PartialEq)]
pub enum Payload {
    /// A JSON value.
    Json(Const),
    /// Any text.
    Text(String),
}

impl Payload {
    /// The text that goes over the wire.
    pub fn text(&self) -> String {
        match self {
            Payload::Json(value) => value.json(),
            Payload::Text(text) => text.clone(),
        }
    }
}

/// A request to a backend, and the answers to it.
#[derive(Clone, Debug)]
pub struct Mock {
    /// The backend, as an index.
    pub backend: usize,
    /// The calls of the endpoint that can ask this, as indices; at least one.
    pub calls: Vec<usize>,
    /// `GET`
    pub method: String,
    /// Path and query as written.
    pub written: String,
    /// The same, decoded.
    pub target: Target,
    /// The body; nothing: any.
    pub body: Option<Expected>,
    /// Header fields it has.
    pub headers: Vec<(String, Field)>,
    /// What is answered to the first such request, to the second, and so on; at least one.
    pub answers: Vec<MockAnswer>,
    /// Where it stands.
    pub span: Span,
}

/// A request target in its parts, decoded.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Target {
    /// The segments of the path; none for `/`.
    pub path: Vec<String>,
    /// Names and values of the query in order; a name without `=` has no value.
    pub query: Vec<(String, Option<String>)>,
}

/// One answer of a mock.
#[derive(Clone, Debug, PartialEq)]
pub struct MockAnswer {
    /// What is answered.
    pub kind: MockAnswerKind,
    /// How many milliseconds it takes.
    pub delay: u64,
    /// Header fields it has, in order.
    pub headers: Vec<(String, String)>,
}

/// What a mock answers.
#[derive(Clone, Debug, PartialEq)]
pub enum MockAnswerKind {
    /// A status, and a body.
    Status(u16, Option<Payload>),
    /// Nothing, for longer than the gateway waits.
    Timeout,
    /// It closes the connection.
    Unreachable,
    /// A success whose body is no JSON.
    Invalid,
}

/// What the gateway is to answer.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The error.
    pub problem: Option<ProblemName>,
    /// The body; nothing: any.
    pub body: Option<Expected>,
    /// Header fields it has.
    pub headers: Vec<(String, Field)>,
    /// Where it stands.
    pub span: Span,
    /// The status, or status and name, where they stand.
    pub head: Span,
}

/// An error by its name.
#[derive(Clone, Debug, PartialEq)]
pub enum ProblemName {
    /// One that the contract declares, as an index into the version's errors.
    Declared(usize),
    /// One of the gateway's own: `backend-failed`.
    Gateway(String),
}

/// A body that is expected.
#[derive(Clone, Debug, PartialEq)]
pub enum Expected {
    /// A JSON value like this.
    Json(Pattern),
    /// Exactly this text.
    Text(String),
}

/// What a JSON value is to be.
#[derive(Clone, Debug, PartialEq)]
pub enum Pattern {
    /// This scalar, or null.
    Is(Const),
    /// Any value of a type.
    Any(Wanted),
    /// A list of as many elements.
    List(Vec<Pattern>),
    /// A record.
    Record {
        /// Members that are there.
        members: Vec<(String, Pattern)>,
        /// Whether others may be there, too.
        more: bool,
    },
}

/// Any value of a type.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The type as written: `uuid`.
    pub word: String,
    /// The type.
    pub ty: Type,
    /// The version whose records it is made of, as an index.
    pub version: usize,
}

impl PartialEq for Wanted {
    fn eq(&self, other: &Wanted) -> bool {
        self.word == other.word && self.version == other.version
    }
}

/// What a header field is to be.
#[derive(Clone, Debug, PartialEq)]
pub enum Field {
    /// It is not there.
    Absent,
    /// It has this value.
    Is(String),
    /// It has the value of this variable.
    Env(String),
    /// It has a value of a type.
    Any(Wanted),
}
