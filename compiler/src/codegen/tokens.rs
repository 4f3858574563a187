//! Small pieces of Rust that many generators emit.

use crate::contract::Setting;
use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::quote;

/// An identifier that [`crate::plan::Names`] made.
pub(crate) fn ident(name: &str) -> Ident {
    Ident::new(name, Span::call_site())
}

/// Whether tokens say `name` anywhere.
pub(crate) fn mentions(tokens: &TokenStream, name: &str) -> bool {
    tokens.clone().into_iter().any(|tree| match tree {
        TokenTree::Ident(ident) => ident == name,
        TokenTree::Group(group) => mentions(&group.stream(), name),
        TokenTree::Punct(_) | TokenTree::Literal(_) => false,
    })
}

/// `std::time::Duration::from_millis(800)`
pub(crate) fn millis(millis: u64) -> TokenStream {
    let millis = number(millis);
    quote!(std::time::Duration::from_millis(#millis))
}

/// `rt::TimeSetting::Fixed(std::time::Duration::from_millis(800))`
pub(crate) fn time(setting: &Setting<u64>) -> TokenStream {
    match setting {
        Setting::Fixed(value) => {
            let value = millis(*value);
            quote!(rt::TimeSetting::Fixed(#value))
        }
        Setting::Env { name, .. } => quote!(rt::TimeSetting::Env(#name)),
    }
}

/// `rt::Setting::Env("CATALOG_URL")`
pub(crate) fn setting(setting: &Setting<String>) -> TokenStream {
    match setting {
        Setting::Fixed(value) => quote!(rt::Setting::Fixed(#value)),
        Setting::Env { name, .. } => quote!(rt::Setting::Env(#name)),
    }
}

/// `Some(5)` or `None`
pub(crate) fn option(value: Option<TokenStream>) -> TokenStream {
    match value {
        Some(value) => quote!(Some(#value)),
        None => quote!(None),
    }
}

/// A number without its type: `800`, not `800u64`.
pub(crate) fn number(value: impl std::fmt::Display) -> TokenStream {
    let text = value.to_string();
    let (sign, digits) =
        text.strip_prefix('-').map_or((None, text.as_str()), |rest| (Some(quote!(-)), rest));
    // Digits alone are always a literal.
    let literal: Option<proc_macro2::Literal> = digits.parse().ok();
    quote!(#sign #literal)
}
