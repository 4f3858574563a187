//! Which request leads to which endpoint: routes are code.

use super::tokens::{ident, number};
use crate::plan::{Arrival, EndpointPlan, Route};
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
    let mut writer =
        Writer { endpoints, statics: Vec::new(), functions: Vec::new(), guards: false };
    let body = writer.node(routes, 0);
    let mut items = Vec::new();
    if writer.guards {
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
    guards: bool,
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
        let nothing_more = route.literals.is_empty() && route.param.is_none();
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
        let guards = arrival.guards.iter().map(|(segment, rule)| {
            let (segment, rule) = (number(segment), ident(rule));
            quote!(path.get(#segment).is_some_and(|text| types::#rule.accepts(text)))
        });
        self.guards = true;
        let guards: Vec<TokenStream> = guards.collect();
        let chosen = self.here(&chosen);
        let rest = self.here(&rest);
        quote!(if #(#guards)&&* { #chosen } else { #rest })
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

/// `arrivals` once the guards of `chosen` have been asked.
fn cleared<'a>(arrivals: impl Iterator<Item = &'a Arrival>, chosen: &Arrival) -> Vec<Arrival> {
    let mut cleared: Vec<Arrival> = arrivals.cloned().collect();
    cleared.iter_mut().filter(|one| *one == chosen).for_each(|one| one.guards.clear());
    cleared
}

/// How many branches a route has.
fn size(route: &Route) -> usize {
    let literals: usize = route.literals.values().map(|next| 1 + size(next)).sum();
    literals + route.param.as_ref().map_or(0, |next| 1 + size(next))
}
