//! A sequence of writes: literal texts that stand beside each other become one.

use proc_macro2::TokenStream;
use quote::quote;

/// Statements that write JSON to `out`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Writes(Vec<Write>);

#[derive(Clone, Debug)]
enum Write {
    Literal(String),
    Value(TokenStream),
    Code(TokenStream),
}

impl Writes {
    /// One literal text.
    pub(crate) fn literal(text: impl Into<String>) -> Self {
        Self(vec![Write::Literal(text.into())])
    }

    /// A value of type `rt::Raw`.
    pub(crate) fn value(value: TokenStream) -> Self {
        Self(vec![Write::Value(value)])
    }

    /// Statements.
    pub(crate) fn code(tokens: TokenStream) -> Self {
        if tokens.is_empty() { Self::default() } else { Self(vec![Write::Code(tokens)]) }
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
    /// out.after(",\"price\":{\"amount\":", item.pricing.gross.amount);
    /// ```
    pub(crate) fn tokens(&self) -> TokenStream {
        let mut tokens = TokenStream::new();
        let mut open: Option<&str> = None;
        for write in &self.0 {
            if let (Write::Value(value), Some(text)) = (write, open) {
                tokens.extend(quote!(out.after(#text, #value);));
                open = None;
                continue;
            }
            if let Some(text) = open.take() {
                tokens.extend(quote!(out.raw(#text);));
            }
            match write {
                Write::Literal(text) => open = Some(text),
                Write::Value(value) => tokens.extend(quote!(out.value(#value);)),
                Write::Code(code) => tokens.extend(code.clone()),
            }
        }
        if let Some(text) = open {
            tokens.extend(quote!(out.raw(#text);));
        }
        tokens
    }
}
