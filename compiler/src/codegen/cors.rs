//! Which pages of other origins may call.

use super::tokens::option;
use crate::plan::{CorsPlan, OriginPlan};
use proc_macro2::TokenStream;
use quote::quote;

/// ```ignore
/// Some(&rt::Cors {
///     origins: Some(&[rt::Origin::Exact("https://shop.example"), rt::Origin::Variable("PAGES")]),
///     credentials: false,
///     max_age: "600",
///     fields: Some("content-type, x-request-id"),
/// })
/// ```
pub(crate) fn cors(plan: Option<&CorsPlan>) -> TokenStream {
    option(plan.map(|plan| {
        let CorsPlan { credentials, .. } = plan;
        let origins = option(plan.origins.as_ref().map(|all| {
            let all = all.iter().map(origin);
            quote!(&[#(#all),*])
        }));
        let max_age = plan.max_age.to_string();
        let fields = option(plan.fields.as_ref().map(|fields| {
            let fields = fields.join(", ");
            quote!(#fields)
        }));
        quote! {
            &rt::Cors {
                origins: #origins,
                credentials: #credentials,
                max_age: #max_age,
                fields: #fields,
            }
        }
    }))
}

/// `rt::Origin::Label("https://", ".shop.example")`
fn origin(origin: &OriginPlan) -> TokenStream {
    match origin {
        OriginPlan::Exact(origin) => quote!(rt::Origin::Exact(#origin)),
        OriginPlan::Label(before, behind) => quote!(rt::Origin::Label(#before, #behind)),
        OriginPlan::Variable(name) => quote!(rt::Origin::Variable(#name)),
    }
}
