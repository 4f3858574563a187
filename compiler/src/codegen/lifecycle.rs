//! What callers are told about the end of versions and endpoints.

use super::tokens::{number, option};
use crate::plan::{LifecyclePlan, Piece, SuccessorPlan, SunsetPlan};
use proc_macro2::TokenStream;
use quote::quote;

/// ```ignore
/// pub static LIFECYCLE: rt::Lifecycle = rt::Lifecycle { deprecation: Some("@1788220800"), … };
/// ```
pub(crate) fn lifecycle(plan: &LifecyclePlan) -> TokenStream {
    let LifecyclePlan { links, .. } = plan;
    let deprecation = option(plan.deprecation.as_ref().map(|text| quote!(#text)));
    let sunset = option(plan.sunset.as_ref().map(sunset));
    quote! {
        /// What callers are told about the end.
        pub static LIFECYCLE: rt::Lifecycle = rt::Lifecycle {
            deprecation: #deprecation,
            sunset: #sunset,
            links: &[#(#links),*],
        };
    }
}

/// ```ignore
/// rt::Sunset { date: "Mon, 01 Mar 2027 00:00:00 GMT", at: 1803859200, ends: None, later: rt::Counter::new() }
/// ```
fn sunset(plan: &SunsetPlan) -> TokenStream {
    let SunsetPlan { date, at, ends } = plan;
    let (at, ends) = (number(*at), option(ends.map(number)));
    quote!(rt::Sunset { date: #date, at: #at, ends: #ends, later: rt::Counter::new() })
}

/// ```ignore
/// rt::Successor::Path(&[rt::Piece::Text("/v2/products/"), rt::Piece::Segment(2)])
/// ```
pub(crate) fn successor(plan: &SuccessorPlan) -> TokenStream {
    match plan {
        SuccessorPlan::Prefix(from, to) => quote!(rt::Successor::Prefix(#from, #to)),
        SuccessorPlan::Template(template) => quote!(rt::Successor::Template(#template)),
        SuccessorPlan::Path(pieces) => {
            let pieces = pieces.iter().map(|piece| match piece {
                Piece::Text(text) => quote!(rt::Piece::Text(#text)),
                Piece::Segment(at) => {
                    let at = number(*at);
                    quote!(rt::Piece::Segment(#at))
                }
                Piece::Rest(at) => {
                    let at = number(*at);
                    quote!(rt::Piece::Rest(#at))
                }
            });
            quote!(rt::Successor::Path(&[#(#pieces),*]))
        }
    }
}
