//! Whether answers may be used again.

use super::reader;
use super::tokens::{ident, millis, option};
use crate::plan::{EndpointPlan, ReusablePlan, ReusePlan};
use proc_macro2::TokenStream;
use quote::quote;

/// ```ignore
/// rt::Reuse::By(&rt::Reusable {
///     fresh: std::time::Duration::from_millis(60000),
///     stale: std::time::Duration::from_millis(0),
///     errors: &[404],
///     query: &["page", "q"],
///     …
/// })
/// ```
pub(super) fn reuse(plan: &EndpointPlan) -> TokenStream {
    let reusable = match &plan.reuse {
        ReusePlan::Unsaid => return quote!(rt::Reuse::Unsaid),
        ReusePlan::Never => return quote!(rt::Reuse::Never),
        ReusePlan::By(reusable) => reusable.as_ref(),
    };
    let ReusablePlan { errors, query, headers, cookies, public, vary, .. } = reusable;
    let (fresh, stale) = (millis(reusable.fresh), millis(reusable.stale));
    let private = option(reusable.private.as_ref().map(|claims| quote!(&[#(#claims),*])));
    let ignores = plan.ignore_params;
    let check = option(check(plan));
    let errors = errors.iter().map(super::tokens::number);
    quote! {
        rt::Reuse::By(&rt::Reusable {
            fresh: #fresh,
            stale: #stale,
            errors: &[#(#errors),*],
            query: &[#(#query),*],
            ignores: #ignores,
            headers: &[#(#headers),*],
            cookies: &[#(#cookies),*],
            private: #private,
            check: #check,
            public: #public,
            vary: #vary,
        })
    }
}

/// What is known of callers has to be what the contract declares, whoever an answer was made for.
///
/// ```ignore
/// |request| {
///     request.claims(&schemes::CUSTOMER, Customer::read)?;
///     Ok(())
/// }
/// ```
fn check(plan: &EndpointPlan) -> Option<TokenStream> {
    let checks = plan.claims.iter().map(|one| {
        let (scheme, read) = (ident(&one.scheme), reader::reader(plan, one.node));
        let claims = if one.optional { quote!(claims_if_any) } else { quote!(claims) };
        quote!(request.#claims(&schemes::#scheme, #read)?;)
    });
    let checks: Vec<TokenStream> = checks.collect();
    (!checks.is_empty()).then(|| {
        quote! {
            |request| {
                #(#checks)*
                Ok(())
            }
        }
    })
}
