//! Consumers and cases as written.

use super::*;

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
    /// The request; nothing if it cannot be read.
    pub when: Option<CaseWhen>,
    /// What backends are asked and answer.
    pub mocks: Vec<Mock>,
    /// The answer; nothing if it cannot be read.
    pub then: Option<CaseThen>,
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
    pub body: Option<CaseBody>,
    /// Variables of the gateway's environment in order.
    pub env: Vec<CaseEnv>,
    /// Where it stands.
    pub span: Span,
}

/// A body in a case.
#[derive(Clone, Debug, PartialEq)]
pub enum CaseBody {
    /// `{ lines: [] }`
    Json(Value),
    /// `text "no json"`
    Text(Value),
}

impl CaseBody {
    /// What is written, without `text`.
    pub fn value(&self) -> &Value {
        match self {
            CaseBody::Json(value) | CaseBody::Text(value) => value,
        }
    }
}

/// `env ORDERS_KEY = "k1"`
#[derive(Clone, Debug, PartialEq)]
pub struct CaseEnv {
    /// The variable.
    pub name: Ident,
    /// Its value.
    pub value: Value,
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

/// `GET /items/p_1 { … } header … -> 503 -> 200 { … }`
#[derive(Clone, Debug, PartialEq)]
pub struct Exchange {
    /// Method.
    pub method: Method,
    /// The request target as written.
    pub target: Ident,
    /// The body it is sent.
    pub body: Option<CaseBody>,
    /// Header fields it is sent.
    pub headers: Vec<HeaderValue>,
    /// What it answers to the first request, to the second, and so on; at least one.
    pub answers: Vec<MockAnswer>,
}

/// `-> 200 { … } after 50ms header …`
#[derive(Clone, Debug, PartialEq)]
pub struct MockAnswer {
    /// What is answered.
    pub kind: MockAnswerKind,
    /// How long it takes.
    pub delay: Option<DurationLit>,
    /// Header fields it has.
    pub headers: Vec<HeaderValue>,
    /// Where it stands, without the header fields.
    pub span: Span,
}

/// What a mock answers.
#[derive(Clone, Debug, PartialEq)]
pub enum MockAnswerKind {
    /// `200 { … }`
    Status(NumberLit, Option<CaseBody>),
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
    pub body: Option<CaseBody>,
    /// Header fields.
    pub headers: Vec<HeaderValue>,
    /// Where it stands.
    pub span: Span,
}
