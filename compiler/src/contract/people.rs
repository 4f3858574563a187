//! Who relies on what: consumers.

use gatewright_grammar::Span;

/// A caller by name, and what it relies on.
#[derive(Clone, Debug, PartialEq)]
pub struct Consumer {
    /// `mobile`
    pub name: String,
    /// How to reach its owners: `m@shop.example`.
    pub contact: Option<String>,
    /// What it relies on, a version at most once.
    pub uses: Vec<Use>,
    /// Its name where it is declared.
    pub span: Span,
}

/// A version that a consumer relies on.
#[derive(Clone, Debug, PartialEq)]
pub struct Use {
    /// The version, as an index into the contract's.
    pub version: usize,
    /// The endpoints; nothing: all of them.
    pub endpoints: Option<Vec<UsedEndpoint>>,
    /// Where it stands.
    pub span: Span,
}

/// An endpoint that a consumer relies on.
#[derive(Clone, Debug, PartialEq)]
pub struct UsedEndpoint {
    /// The endpoint, as an index into its version's.
    pub endpoint: usize,
    /// The fields of a successful answer that are read; empty: all of them.
    pub fields: Vec<UsedField>,
    /// Where it stands.
    pub span: Span,
}

/// A field of an answer, through records and lists: `reviews.stars`.
#[derive(Clone, Debug, PartialEq)]
pub struct UsedField {
    /// Its names on the wire, outermost first.
    pub path: Vec<String>,
    /// Where it stands.
    pub span: Span,
}
