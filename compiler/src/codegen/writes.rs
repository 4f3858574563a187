//! A sequence of writes: literal texts that stand beside each other become one.

use proc_macro2::TokenStream;
use quote::quote;

/// Statements that write JSON to `out`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Writes(Vec<Write>);

#[derive(Clone, Debug)]
enum Write {
    Literal(String),
    Code(TokenStream),
}

impl Writes {
    /// One literal text.
    pub(crate) fn literal(text: impl Into<String>) -> Self {
        Self(vec![Write::Literal(text.into())])
    }

    /// Statements.
    pub(crate) fn code(tokens: TokenStream) -> Self {
        Self(vec![Write::Code(tokens)])
    }

    /// These, then `next`.
    #[must_use]
    pub(crate) fn then(mut self, next: Writes) -> Self {
        for write in next.0 {
            match (self.0.last_mut(), write) {
                (Some(Write::Literal(text)), Write::Literal(more)) => text.push_str(&more),
                (_, write) => self.0.push(write),
            }
        }
        self
    }

    /// The statements.
    ///
    /// ```ignore
    /// out.raw(",\"price\":{\"amount\":");
    /// out.value(item.pricing.gross.amount);
    /// ```
    pub(crate) fn tokens(&self) -> TokenStream {
        let one = |write: &Write| match write {
            Write::Literal(text) => quote!(out.raw(#text);),
            Write::Code(tokens) => tokens.clone(),
        };
        self.0.iter().map(one).collect()
    }
}
