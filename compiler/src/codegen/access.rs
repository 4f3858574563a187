//! How callers say who they are.

use super::tokens::{ident, millis, number, option, setting};
use crate::contract::terms::{Keys, Scheme, SchemeKind};
use crate::plan::SchemePlan;
use proc_macro2::TokenStream;
use quote::quote;

/// One static per way to say who calls.
///
/// ```ignore
/// /// `customer`, by `jwt`.
/// pub static CUSTOMER: rt::Scheme =
///     rt::Scheme { index: 0, name: "customer", kind: rt::SchemeKind::Tokens(rt::Tokens { … }) };
/// ```
pub(super) fn schemes(schemes: &[SchemePlan]) -> Vec<TokenStream> {
    let import = quote!(
        use gatewright_runtime::codegen as rt;
    );
    let schemes = schemes.iter().enumerate().map(|(index, plan)| {
        let Scheme { name, kind, .. } = &plan.scheme;
        let doc = format!(" `{name}`, by `{}`.", kind.word());
        let (ident, index) = (ident(&plan.ident), number(index));
        let kind = self::kind(&plan.scheme);
        quote! {
            #[doc = #doc]
            pub static #ident: rt::Scheme =
                rt::Scheme { index: #index, name: #name, kind: #kind };
        }
    });
    std::iter::once(import).chain(schemes).collect()
}

/// ```ignore
/// rt::SchemeKind::ApiKey { header: "x-api-key", keys: "STAFF_KEYS" }
/// ```
fn kind(scheme: &Scheme) -> TokenStream {
    let variable = match &scheme.keys {
        Some(
            Keys::Set(name, _) | Keys::Secret(name) | Keys::List(name) | Keys::Authorities(name),
        ) => name.as_str(),
        Some(Keys::Discovered(_)) | None => "",
    };
    match scheme.kind {
        SchemeKind::ApiKey => {
            let header = scheme.header.as_deref().unwrap_or_default();
            quote!(rt::SchemeKind::ApiKey { header: #header, keys: #variable })
        }
        SchemeKind::Basic => quote!(rt::SchemeKind::Basic { keys: #variable }),
        SchemeKind::Mtls => quote!(rt::SchemeKind::Certificate { authorities: #variable }),
        SchemeKind::Jwt => {
            let keys = match &scheme.keys {
                Some(Keys::Secret(name)) => quote!(rt::KeySource::Secret(#name)),
                Some(Keys::Set(name, refresh)) => {
                    let refresh = millis(*refresh);
                    quote!(rt::KeySource::Set { url: #name, refresh: #refresh })
                }
                Some(Keys::Discovered(refresh)) => {
                    let refresh = millis(*refresh);
                    quote!(rt::KeySource::Issuer { refresh: #refresh })
                }
                Some(Keys::List(_) | Keys::Authorities(_)) | None => {
                    quote!(rt::KeySource::Secret(""))
                }
            };
            let issuers = scheme.issuers.iter().map(setting);
            let audiences = scheme.audiences.iter().map(setting);
            let leeway = millis(scheme.leeway);
            let claims = scheme.claims;
            let (subject, scope) = (claims.subject, claims.scope_list);
            let audience = claims.audience_list;
            let revoked = option(scheme.revoked.as_ref().map(|(from, refresh)| {
                let refresh = millis(*refresh);
                quote!(rt::Revoked { from: #from, refresh: #refresh })
            }));
            quote! {
                rt::SchemeKind::Tokens(rt::Tokens {
                    keys: #keys,
                    issuers: &[#(#issuers),*],
                    audiences: &[#(#audiences),*],
                    leeway: #leeway,
                    subject: #subject,
                    scope_list: #scope,
                    audience_list: #audience,
                    revoked: #revoked,
                })
            }
        }
    }
}
