//! Cases that a program asks its real backends before it serves.

use super::tokens::option;
use crate::plan::SmokePlan;
use proc_macro2::TokenStream;
use quote::quote;

/// ```ignore
/// rt::Smoke {
///     title: "a product is there",
///     method: "GET",
///     target: "/v1/products/7",
///     headers: &[("Accept", "application/json")],
///     status: 200,
///     problem: None,
///     fields: &[("fallback", false)],
///     left_out: None,
/// }
/// ```
pub(crate) fn smoke(plan: &SmokePlan) -> TokenStream {
    let SmokePlan { title, method, target, status, .. } = plan;
    let headers = plan.headers.iter().map(|(name, value)| quote!((#name, #value)));
    let problem = option(plan.problem.as_ref().map(|kind| quote!(#kind)));
    let fields = plan.fields.iter().map(|(name, wanted)| quote!((#name, #wanted)));
    let left_out = option(plan.left_out.as_ref().map(|why| quote!(#why)));
    let status = proc_macro2::Literal::u16_unsuffixed(*status);
    quote! {
        rt::Smoke {
            title: #title,
            method: #method,
            target: #target,
            headers: &[#(#headers),*],
            status: #status,
            problem: #problem,
            fields: &[#(#fields),*],
            left_out: #left_out,
        }
    }
}
