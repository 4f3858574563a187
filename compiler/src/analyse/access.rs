//! Ways to say who calls, and who may.

mod declare;
mod granted;

pub(crate) use declare::declare;
pub(crate) use granted::{Known, granted};

use super::edits::flat_field;
use super::types::Resolver;
use super::versions::{FlatField, FlatFieldKind};
use crate::contract::terms::Scheme;
use crate::contract::types::{Kind, Type};
use gatewright_grammar::Span;
use gatewright_grammar::tree::{self, Base, FieldKind, Ident, NamedField};

/// The `auth` blocks of a contract.
#[derive(Debug, Default)]
pub(crate) struct Schemes {
    /// In the order of the text.
    pub(crate) list: Vec<Declared>,
}

/// One `auth` block.
#[derive(Debug)]
pub(crate) struct Declared {
    /// What it says.
    pub(crate) scheme: Scheme,
    /// What is known of a caller.
    claims: Vec<FlatField>,
    /// Where that is said.
    claims_span: Span,
    /// Whether it was refused: who uses it stays silent.
    refused: bool,
}

impl Schemes {
    /// The names of all schemes.
    pub(crate) fn names(&self) -> Vec<String> {
        self.list.iter().map(|one| one.scheme.name.clone()).collect()
    }

    /// The scheme called `name`.
    pub(crate) fn named(&self, name: &str) -> Option<&Declared> {
        self.list.get(self.by_name(name)?)
    }

    fn by_name(&self, name: &str) -> Option<usize> {
        self.list.iter().position(|one| one.scheme.name == name)
    }

    /// What is known of callers, a record per scheme, in the types of one version; nothing where that
    /// was refused.
    pub(crate) fn claims(&self, resolver: &mut Resolver<'_>) -> Vec<Option<Type>> {
        let claims = self.list.iter().map(|one| {
            let record = resolver.record(None, &one.claims, one.claims_span)?;
            let kind = Kind::Record(record);
            Some(Type { kind, nullable: false, example: None, span: one.claims_span })
        });
        claims.collect()
    }
}

impl Declared {
    /// The names of what is known of a caller.
    pub(crate) fn claims(&self) -> impl Iterator<Item = &str> {
        self.claims.iter().filter_map(|field| match &field.kind {
            FlatFieldKind::Named(named) => Some(named.name.text.as_str()),
            FlatFieldKind::Spread(_) => None,
        })
    }
}

/// What is known of whoever shows a key or a password: a name.
fn named(span: Span) -> Vec<FlatField> {
    vec![field("name", (span, false), false)]
}

/// What is known of whoever shows a certificate.
fn held(span: Span) -> Vec<FlatField> {
    HELD.iter().map(|(name, list)| field(name, (span, *name == "name"), *list)).collect()
}

/// What a certificate says of its holder, and whether that is a list. Not everybody has a name.
const HELD: [(&str, bool); 6] = [
    ("subject", false),
    ("name", false),
    ("issuer", false),
    ("dns", true),
    ("uris", true),
    ("fingerprint", false),
];

/// A field of texts: `name?: text`, `dns: [text]`.
fn field(name: &str, (span, optional): (Span, bool), list: bool) -> FlatField {
    let ident = |text: &str| Ident { text: text.to_owned(), span };
    let of = |base| tree::Type { base, limits: Vec::new(), as_text: false, nullable: false, span };
    let text = of(Base::Name(ident("text")));
    let named = NamedField {
        name: ident(name),
        optional,
        ty: if list { of(Base::List(Box::new(text))) } else { text },
        default: None,
        example: None,
        deprecated: None,
    };
    flat_field(&tree::Field { kind: FieldKind::Named(named), doc: None, span }, 0)
}
