//! Which request leads to which endpoint: routes are code.

use super::tokens::{ident, number};
use crate::plan::{Arrival, EndpointPlan, Guard, Route};
use proc_macro2::TokenStream;
use quote::{format_ident, quote};

/// The items of a version's `routes` module.
///
/// ```ignore
/// /// The endpoints at a path, decoded segment by segment.
/// pub fn route(path: &[&str]) -> &'static [&'static rt::Endpoint] {
///     match path {
///         [first, rest @ ..] => match *first { "v1" => …, _ => &[] },
///         [] => &[],
///     }
/// }
///
/// static AT_0: [&rt::Endpoint; 1] = [&super::get_products_id::ENDPOINT];
/// ```
pub(crate) fn items(routes: &Route, endpoints: &[EndpointPlan]) -> Vec<TokenStream> {
    let mut writer = Writer { endpoints, statics: Vec::new(), functions: Vec::new(), types: false };
    let body = writer.node(routes, 0);
    let mut items = Vec::new();
    if writer.types {
        items.push(quote!(
            use super::types;
        ));
    }
    items.push(quote!(
        use gatewright_runtime::codegen as rt;
    ));
    items.push(quote! {
        /// The endpoints at a path, decoded segment by segment; one per method.
        pub fn route(path: &[&str]) -> &'static [&'static rt::Endpoint] {
            #body
        }
    });
    let lists: Vec<TokenStream> = writer.lists().collect();
    items.extend(writer.functions);
    items.extend(lists);
    items
}

struct Writer<'p> {
    endpoints: &'p [EndpointPlan],
    /// The endpoints of each static, by its number.
    statics: Vec<Vec<usize>>,
    functions: Vec<TokenStream>,
    /// Whether statics of rules are used.
    types: bool,
}

impl Writer<'_> {
    /// What follows the first `depth` segments of `path`.
    ///
    /// ```ignore
    /// match path.get(1).copied() {
    ///     Some("products") => …,
    ///     Some(_) => …,
    ///     None => &AT_0,
    /// }
    /// ```
    fn node(&mut self, route: &Route, depth: usize) -> TokenStream {
        let here = self.here(&route.here);
        let length = number(depth);
        let nothing_more =
            route.literals.is_empty() && route.parts.is_empty() && route.param.is_none();
        if nothing_more && route.here == route.rest && depth > 0 {
            return here;
        }
        if nothing_more {
            let rest = self.here(&route.rest);
            return match depth {
                0 => quote!(if path.is_empty() { #here } else { #rest }),
                _ => quote!(if path.len() == #length { #here } else { #rest }),
            };
        }
        let segment = if depth == 0 { quote!(path.first()) } else { quote!(path.get(#length)) };
        let arms: Vec<TokenStream> = route
            .literals
            .iter()
            .map(|(text, next)| {
                let next = self.next(next, depth + 1);
                quote!(Some(#text) => #next)
            })
            .collect();
        let parts: Vec<TokenStream> = route
            .parts
            .iter()
            .map(|part| {
                self.types = true;
                let shape = ident(&part.ident);
                let next = self.next(&part.next, depth + 1);
                quote!(Some(text) if types::#shape.matches(text) => #next)
            })
            .collect();
        let param = match &route.param {
            Some(next) => {
                let next = self.next(next, depth + 1);
                quote!(Some(_) => #next)
            }
            None => {
                let rest = self.here(&route.rest);
                quote!(Some(_) => #rest)
            }
        };
        quote! {
            match #segment.copied() {
                #(#arms,)*
                #(#parts,)*
                #param,
                None => #here,
            }
        }
    }

    /// A branch: in place while it is small, else a function of its own.
    fn next(&mut self, route: &Route, depth: usize) -> TokenStream {
        if size(route) <= 4 {
            return self.node(route, depth);
        }
        let name = format_ident!("route_{}", self.functions.len());
        // The place is taken before the inner branches take theirs.
        self.functions.push(TokenStream::new());
        let at = self.functions.len() - 1;
        let body = self.node(route, depth);
        if let Some(slot) = self.functions.get_mut(at) {
            *slot = quote! {
                fn #name(path: &[&str]) -> &'static [&'static rt::Endpoint] {
                    #body
                }
            };
        }
        quote!(#name(path))
    }

    /// The endpoints whose path ends here. Endpoints of one method are told apart by the rules of
    /// their parameters.
    fn here(&mut self, arrivals: &[Arrival]) -> TokenStream {
        let mut shaped = arrivals.iter().enumerate();
        let shaped = shaped.find_map(|(at, one)| Some((at, one.shapes.first()?)));
        if let Some((at, (segment, shape))) = shaped {
            return self.looks(arrivals, at, (*segment, shape));
        }
        let guarded = arrivals.iter().position(|arrival| !arrival.guards.is_empty());
        let Some((at, arrival)) = guarded.and_then(|at| Some((at, arrivals.get(at)?))) else {
            return self.list(arrivals.iter().map(|arrival| arrival.endpoint).collect());
        };
        let others =
            arrivals.iter().filter(|other| other.method != arrival.method || **other == *arrival);
        let chosen = cleared(others, arrival);
        let mut rest = arrivals.to_vec();
        rest.remove(at);
        let same: Vec<usize> = (0..rest.len())
            .filter(|other| rest.get(*other).is_some_and(|r| r.method == arrival.method))
            .collect();
        if let [last] = same.as_slice()
            && let Some(last) = rest.get_mut(*last)
        {
            last.guards.clear();
        }
        self.types = true;
        let guards: Vec<TokenStream> = arrival.guards.iter().map(guard).collect();
        let chosen = self.here(&chosen);
        let rest = self.here(&rest);
        quote!(if #(#guards)&&* { #chosen } else { #rest })
    }

    /// The endpoints whose path ends here, one of which is there only if a segment looks so.
    fn looks(
        &mut self,
        arrivals: &[Arrival],
        at: usize,
        (segment, shape): (usize, &str),
    ) -> TokenStream {
        let (mut with, mut without) = (arrivals.to_vec(), arrivals.to_vec());
        without.remove(at);
        if let Some(arrival) = with.get_mut(at) {
            arrival.shapes.remove(0);
        }
        self.types = true;
        let (with, without) = (self.here(&with), self.here(&without));
        let (segment, shape) = (number(segment), ident(shape));
        quote! {
            if path.get(#segment).is_some_and(|text| types::#shape.matches(text)) {
                #with
            } else {
                #without
            }
        }
    }

    fn list(&mut self, endpoints: Vec<usize>) -> TokenStream {
        if endpoints.is_empty() {
            return quote!(&[]);
        }
        let known = self.statics.iter().position(|known| *known == endpoints);
        let at = known.unwrap_or_else(|| {
            self.statics.push(endpoints);
            self.statics.len() - 1
        });
        let name = format_ident!("AT_{at}");
        quote!(&#name)
    }

    /// ```ignore
    /// static AT_0: [&rt::Endpoint; 1] = [&super::get_products_id::ENDPOINT];
    /// ```
    fn lists(&self) -> impl Iterator<Item = TokenStream> {
        self.statics.iter().enumerate().map(|(at, endpoints)| {
            let name = format_ident!("AT_{at}");
            let count = number(endpoints.len());
            let endpoints = endpoints.iter().filter_map(|at| self.endpoints.get(*at));
            let modules = endpoints.map(|endpoint| ident(&endpoint.module));
            quote!(static #name: [&rt::Endpoint; #count] = [#(&super::#modules::ENDPOINT),*];)
        })
    }
}

/// ```ignore
/// path.get(2).is_some_and(|text| types::SKU.accepts(text))
/// ```
fn guard(guard: &Guard) -> TokenStream {
    let (segment, rule) = (number(guard.segment), ident(&guard.rule));
    match &guard.part {
        None => quote!(path.get(#segment).is_some_and(|text| types::#rule.accepts(text))),
        Some((shape, part)) => {
            let (shape, part) = (ident(shape), number(part));
            quote! {
                path.get(#segment)
                    .and_then(|text| types::#shape.part(text, #part))
                    .is_some_and(|text| types::#rule.accepts(text))
            }
        }
    }
}

/// `arrivals` once the guards of `chosen` have been asked.
fn cleared<'a>(arrivals: impl Iterator<Item = &'a Arrival>, chosen: &Arrival) -> Vec<Arrival> {
    let mut cleared: Vec<Arrival> = arrivals.cloned().collect();
    cleared.iter_mut().filter(|one| *one == chosen).for_each(|one| one.guards.clear());
    cleared
}

/// How many branches a route has.
fn size(route: &Route) -> usize {
    let literals: usize = route.literals.values().map(|next| 1 + size(next)).sum();
    let parts: usize = route.parts.iter().map(|part| 1 + size(&part.next)).sum();
    literals + parts + route.param.as_ref().map_or(0, |next| 1 + size(next))
}
