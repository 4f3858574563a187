//! What an endpoint's code is made of: its own module, and what that reaches of what endpoints share.

use super::{Module, Modules};
use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use std::collections::{BTreeMap, BTreeSet};
use syn::{Item, Type};

/// The code of an endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reach {
    /// The endpoint as the contract names it, `GET /products/{id: Sku}`.
    pub request: String,
    /// Its module, but for its number, which is its place among the others.
    own: String,
    /// Items that it reaches by their names, directly or through others.
    shared: BTreeMap<String, String>,
}

/// An item that endpoints share: its code, and what may name others in it.
#[derive(Default)]
struct Shared {
    text: String,
    names: BTreeSet<String>,
}

impl Modules {
    /// What each endpoint is made of, by the place of its module, `v1/get_products_id`. Whatever is
    /// told apart by its name alone counts as reached, so this errs on the side of more.
    pub fn reach(&self) -> BTreeMap<String, Reach> {
        let mut shared = BTreeMap::new();
        for module in self.modules.iter().filter(|one| !one.path.is_empty()) {
            if request(module).is_none() {
                gather(module, &mut shared);
            }
        }
        let endpoints = self.modules.iter().filter_map(|one| Some((one, request(one)?)));
        endpoints
            .map(|(one, request)| (one.path.join("/"), reached(one, request, &shared)))
            .collect()
    }
}

/// The endpoint that a module is of.
fn request(module: &Module) -> Option<String> {
    let [_, _] = module.path.as_slice() else { return None };
    let signature = module.doc.lines().next()?.strip_prefix('`')?;
    Some(signature.split(" -> ").next()?.trim_end_matches('`').to_owned())
}

fn reached(module: &Module, request: String, shared: &BTreeMap<String, Shared>) -> Reach {
    let tokens: TokenStream = module.text.parse().unwrap_or_default();
    let mut reach = BTreeMap::new();
    // What is shared stands in another module: a path leads to it.
    let mut ahead = Vec::from_iter(names(tokens, true));
    while let Some(name) = ahead.pop() {
        let Some(item) = shared.get(&name).filter(|_| !reach.contains_key(&name)) else { continue };
        reach.insert(name, item.text.clone());
        ahead.extend(item.names.iter().cloned());
    }
    let numbered = |line: &&str| !line.trim_start().starts_with("index: ");
    let own: Vec<&str> = module.doc.lines().chain(module.text.lines().filter(numbered)).collect();
    Reach { request, own: own.join("\n"), shared: reach }
}

/// Adds the items of a module by their names; those of one name are one.
fn gather(module: &Module, shared: &mut BTreeMap<String, Shared>) {
    let items = syn::parse_file(&module.text).map(|file| file.items).unwrap_or_default();
    for item in items {
        let Some(name) = name(&item) else { continue };
        let tokens = item.to_token_stream();
        let one = shared.entry(name).or_default();
        one.text += &tokens.to_string();
        one.names.extend(names(tokens, false));
    }
}

/// What others call an item; the type that an `impl` is for.
fn name(item: &Item) -> Option<String> {
    let ident = match item {
        Item::Const(one) => &one.ident,
        Item::Enum(one) => &one.ident,
        Item::Fn(one) => &one.sig.ident,
        Item::Static(one) => &one.ident,
        Item::Struct(one) => &one.ident,
        Item::Type(one) => &one.ident,
        Item::Impl(one) => match &*one.self_ty {
            Type::Path(path) => &path.path.segments.last()?.ident,
            _ => return None,
        },
        _ => return None,
    };
    Some(ident.to_string())
}

/// The names in some code; with `paths`, only those behind `::`.
fn names(tokens: TokenStream, paths: bool) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut colons = 0;
    for token in tokens {
        match token {
            TokenTree::Punct(sign) if sign.as_char() == ':' => {
                colons += 1;
                continue;
            }
            TokenTree::Ident(ident) if !paths || colons == 2 => {
                found.insert(ident.to_string());
            }
            TokenTree::Group(group) => found.append(&mut names(group.stream(), paths)),
            _ => {}
        }
        colons = 0;
    }
    found
}
