//! The crate's root, a version's module, and what they share.

use super::tokens::{ident, millis, number, option, setting, time};
use crate::contract::work::Condition;
use crate::contract::{Breaker, InFlight, Selection, Store, TokenOf, Variable, VariableKind};
use crate::plan::{ElsewherePlan, ErrorPlan, Plan, Upstream, VariablePlan, VersionPlan, WantPlan};
use proc_macro2::TokenStream;
use quote::quote;

/// The root: what the gateway is.
///
/// ```ignore
/// pub static CONTRACT: rt::Contract = rt::Contract { api: "shop", … };
/// ```
pub(crate) fn items(plan: &Plan, digests: &[String]) -> Vec<TokenStream> {
    let Plan { api, revision, .. } = plan;
    let compiler = crate::VERSION;
    let versions = plan.versions.iter().zip(digests).map(|(one, digest)| {
        version(one, digest, plan.sources.get(&one.label).map_or("", String::as_str))
    });
    let build = plan.build.iter().map(|(name, text)| quote!((#name, #text)));
    let in_flight = option(plan.in_flight.map(in_flight));
    let store = option(plan.store.as_ref().map(store));
    let selection = selection(&plan.selection);
    let elsewhere = plan.elsewhere.iter().map(elsewhere);
    let environment = plan.variables.iter().map(variable);
    let cors = super::cors::cors(plan.cors.as_ref());
    let backends = plan.upstreams.iter().map(|upstream| {
        let name = ident(&upstream.ident);
        quote!(&upstreams::#name)
    });
    let consumers = &plan.consumers;
    let smoke = plan.smoke.iter().map(super::smoke::smoke);
    let schemes = plan.schemes.iter().map(|scheme| {
        let name = ident(&scheme.ident);
        quote!(&schemes::#name)
    });
    vec![
        quote!(
            use gatewright_runtime::codegen as rt;
        ),
        quote! {
            /// What is compiled in.
            pub static CONTRACT: rt::Contract = rt::Contract {
                api: #api,
                versions: &[#(#versions),*],
                in_flight: #in_flight,
                store: #store,
                selection: #selection,
                elsewhere: &[#(#elsewhere),*],
                compiler: #compiler,
                revision: #revision,
                build: &[#(#build),*],
                environment: &[#(#environment),*],
                backends: &[#(#backends),*],
                cors: #cors,
                schemes: &[#(#schemes),*],
                consumers: &[#(#consumers),*],
                smoke: &[#(#smoke),*],
            };
        },
    ]
}

/// ```ignore
/// rt::Version { label: "1", digest: "…", published: None, prefix: &["v1"], …, route: v1::routes::route }
/// ```
fn version(version: &VersionPlan, digest: &str, source: &str) -> TokenStream {
    let VersionPlan { label, draft, prefix, media_type, .. } = version;
    let published = version
        .published
        .as_ref()
        .map(|(revision, chain)| quote!(rt::Published { revision: #revision, chain: #chain }));
    let published = option(published);
    let module = ident(&version.module);
    let lifecycle = option(version.lifecycle.as_ref().map(|_| quote!(&#module::LIFECYCLE)));
    let endpoints = version.endpoints.iter().map(|endpoint| {
        let endpoint = ident(&endpoint.module);
        quote!(#module::#endpoint::ENDPOINT)
    });
    quote! {
        rt::Version {
            label: #label,
            digest: #digest,
            draft: #draft,
            published: #published,
            prefix: &[#(#prefix),*],
            media_type: #media_type,
            lifecycle: #lifecycle,
            route: #module::routes::route,
            source: #source,
            endpoints: &[#(&#endpoints),*],
        }
    }
}

/// The items of a version's own module: what callers are told about its end.
pub(crate) fn version_items(version: &VersionPlan) -> Vec<TokenStream> {
    let Some(lifecycle) = &version.lifecycle else { return Vec::new() };
    let mut items = runtime(false);
    items.push(super::lifecycle::lifecycle(lifecycle));
    items
}

/// `rt::Selection::Path { before: "/v", after: "" }`
fn selection(selection: &Selection) -> TokenStream {
    match selection {
        Selection::Path { before, after } => {
            quote!(rt::Selection::Path { before: #before, after: #after })
        }
        Selection::Header { name, default } => {
            quote!(rt::Selection::Header { name: #name, default: #default })
        }
        Selection::Media { before, after, default } => {
            quote!(rt::Selection::Media { before: #before, after: #after, default: #default })
        }
    }
}

/// `rt::Elsewhere { label: "1", prefix: &["v1"], place: 0, retired: true, see: None }`
fn elsewhere(version: &ElsewherePlan) -> TokenStream {
    let ElsewherePlan { label, prefix, place, retired, see } = version;
    let (place, see) = (number(*place), option(see.as_ref().map(|see| quote!(#see))));
    quote! {
        rt::Elsewhere {
            label: #label,
            prefix: &[#(#prefix),*],
            place: #place,
            retired: #retired,
            see: #see,
        }
    }
}

/// One constant per variable that endpoints take.
///
/// ```ignore
/// /// `SHOP_REGION`
/// pub const SHOP_REGION: usize = 2;
/// ```
pub(crate) fn places(variables: &[VariablePlan]) -> Vec<TokenStream> {
    let taken = variables
        .iter()
        .enumerate()
        .filter_map(|(at, plan)| Some((at, plan, plan.ident.as_ref()?)));
    taken
        .map(|(at, plan, name)| {
            let (doc, name, at) = (format!(" `{}`", plan.variable.name), ident(name), number(at));
            quote! {
                #[doc = #doc]
                pub const #name: usize = #at;
            }
        })
        .collect()
}

fn variable(plan: &VariablePlan) -> TokenStream {
    let variable = &plan.variable;
    let rules = plan.rules.iter().map(|want| match want {
        WantPlan::Field => quote!(&rt::FIELD),
        WantPlan::Segment => quote!(&rt::SEGMENT),
        WantPlan::Origins => quote!(&rt::ORIGINS),
        WantPlan::Store => quote!(&rt::STORE),
        WantPlan::Rule(rule) => {
            let rule = ident(rule);
            quote!(&variables::types::#rule)
        }
    });
    let Variable { name, about, .. } = variable;
    let kind = ident(match variable.kind {
        VariableKind::Url => "Url",
        VariableKind::Duration => "Duration",
        VariableKind::Int => "Int",
        VariableKind::Number => "Number",
        VariableKind::Text => "Text",
        VariableKind::Bool => "Bool",
        VariableKind::Secret => "Secret",
    });
    let default = option(variable.default.as_ref().map(|default| quote!(#default)));
    let bounds = option(variable.bounds.as_ref().map(|(low, high)| quote!((#low, #high))));
    quote! {
        rt::Variable {
            name: #name,
            kind: rt::VariableKind::#kind,
            default: #default,
            bounds: #bounds,
            rules: &[#(#rules),*],
            about: #about,
        }
    }
}

/// One static per backend.
///
/// ```ignore
/// /// `catalog`, run by catalog-team.
/// pub static CATALOG: rt::Backend = rt::Backend { index: 0, name: "catalog", … };
/// ```
pub(crate) fn upstreams(upstreams: &[Upstream]) -> Vec<TokenStream> {
    let mut items = runtime(upstreams.is_empty());
    items.extend(upstreams.iter().enumerate().map(|(index, upstream)| {
        let name = &upstream.backend.name;
        let (index, retries) = (number(index), number(upstream.backend.retries));
        let static_name = ident(&upstream.ident);
        let owner = upstream.backend.owner.as_deref().unwrap_or("");
        let doc = match owner {
            "" => format!(" `{name}`."),
            owner => format!(" `{name}`, run by {owner}."),
        };
        let address = setting(&upstream.backend.address);
        let timeout = time(&upstream.backend.timeout);
        let retry_on = upstream.backend.retry_on.iter().map(|one| condition(*one));
        let breaker = option(upstream.backend.breaker.as_ref().map(breaker));
        let in_flight = option(upstream.backend.in_flight.map(in_flight));
        let authorities = option(upstream.backend.authorities.as_ref().map(|name| quote!(#name)));
        let certificate = option(
            upstream.backend.certificate.as_ref().map(|(chain, key)| quote!((#chain, #key))),
        );
        let headers = upstream.backend.headers.iter().map(|(name, value)| {
            let value = setting(value);
            quote!((#name, #value))
        });
        let token = option(upstream.backend.token.as_ref().map(token));
        let max_body = number(upstream.backend.max_body);
        let operations = &upstream.operations;
        quote! {
            #[doc = #doc]
            pub static #static_name: rt::Backend = rt::Backend {
                index: #index,
                name: #name,
                owner: #owner,
                address: #address,
                timeout: #timeout,
                retries: #retries,
                retry_on: &[#(#retry_on),*],
                breaker: #breaker,
                in_flight: #in_flight,
                authorities: #authorities,
                certificate: #certificate,
                headers: &[#(#headers),*],
                token: #token,
                max_body: #max_body,
                operations: &[#(#operations),*],
            };
        }
    }));
    items
}

/// `rt::Store { address: "REDIS_URL", authorities: None, timeout: std::time::Duration::from_millis(50), refuse: false }`
fn store(one: &Store) -> TokenStream {
    let Store { variable, authorities, timeout, refuse, .. } = one;
    let timeout = millis(*timeout);
    let authorities = option(authorities.as_ref().map(|name| quote!(#name)));
    quote!(rt::Store { address: #variable, authorities: #authorities, timeout: #timeout, refuse: #refuse })
}

/// `rt::InFlight { most: 200, wait: std::time::Duration::from_millis(50) }`
fn in_flight(one: InFlight) -> TokenStream {
    let (most, wait) = (number(one.most), millis(one.wait));
    quote!(rt::InFlight { most: #most, wait: #wait })
}

/// ```ignore
/// rt::Grant { url: "TOKEN_URL", client: rt::Setting::Env("ORDERS_CLIENT"), secret: "ORDERS_SECRET", … }
/// ```
fn token(token: &TokenOf) -> TokenStream {
    let TokenOf { url, client, secret, scopes, audience, .. } = token;
    let (client, audience) = (setting(client), option(audience.as_ref().map(setting)));
    quote! {
        rt::Grant {
            url: #url,
            client: #client,
            secret: #secret,
            scopes: &[#(#scopes),*],
            audience: #audience,
        }
    }
}

fn breaker(breaker: &Breaker) -> TokenStream {
    let failures = number(breaker.failures);
    let within = option(breaker.within.map(millis));
    let open = millis(breaker.open);
    quote!(rt::Breaker { failures: #failures, within: #within, open: #open })
}

pub(crate) fn condition(condition: Condition) -> TokenStream {
    match condition {
        Condition::Status(status) => {
            let status = number(status);
            quote!(rt::Condition::Status(#status))
        }
        Condition::Class(class) => {
            let class = number(class);
            quote!(rt::Condition::Class(#class))
        }
        Condition::Timeout => quote!(rt::Condition::Timeout),
        Condition::Unreachable => quote!(rt::Condition::Unreachable),
        Condition::Invalid => quote!(rt::Condition::Invalid),
    }
}

/// One static per declared error.
///
/// ```ignore
/// /// There is no such resource
/// pub static NOT_FOUND: rt::Problem = rt::Problem { status: 404, … };
/// ```
pub(crate) fn errors(errors: &[ErrorPlan]) -> Vec<TokenStream> {
    let mut items = runtime(errors.is_empty());
    items.extend(errors.iter().map(|error| {
        let name = ident(&error.ident);
        let ErrorPlan { kind, title, .. } = error;
        let status = number(error.status);
        let doc = format!(" {title}");
        quote! {
            #[doc = #doc]
            pub static #name: rt::Problem =
                rt::Problem { status: #status, kind: #kind, title: #title };
        }
    }));
    items
}

/// The import of the runtime, where something needs it.
fn runtime(empty: bool) -> Vec<TokenStream> {
    let import = quote!(
        use gatewright_runtime::codegen as rt;
    );
    if empty { Vec::new() } else { vec![import] }
}
