//! One module per endpoint: what it reads, what it calls, what it answers.

use super::calls;
use super::lifecycle;
use super::pass;
use super::reader;
use super::response;
use super::scope::Scope;
use super::stream;
use super::tokens::{ident, mentions, millis, number, option, time};
use crate::contract::endpoint::{Compress, Manner};
use crate::contract::terms::By;
use crate::contract::{FormField, FormKind, Place};
use crate::plan::{
    AccessPlan, BodyPlan, BodyStep, EndpointPlan, LimitPlan, ParamPlan, PresencePlan, SentPlace,
    SentPlan, Told,
};
use proc_macro2::TokenStream;
use quote::quote;

/// The items of an endpoint's module.
///
/// ```ignore
/// use super::super::upstreams;
/// use super::{errors, types};
/// use gatewright_runtime::codegen as rt;
///
/// /// `GET /v1/products/{id}`
/// pub static ENDPOINT: rt::Endpoint = rt::Endpoint { … };
///
/// async fn answer(gateway: rt::Gateway, request: rt::Request) -> Result<rt::Response, rt::Error> { … }
///
/// /// What is read of `item`.
/// struct Item<'a> { … }
/// ```
pub(crate) fn items(plan: &EndpointPlan) -> Vec<TokenStream> {
    let mut items = Vec::new();
    if let Some(Told::Own(own)) = &plan.lifecycle {
        items.push(lifecycle::lifecycle(own));
    }
    items.push(endpoint(plan));
    items.extend(functions(plan));
    items.extend(reader::structs(plan));
    let imports = imports(plan, &items);
    [imports, items].concat()
}

/// `rt::Compress { answers: Some(1024), requests: true }`
fn compress(compress: Compress) -> TokenStream {
    if compress == Compress::default() {
        return quote!(rt::Compress::NONE);
    }
    let Compress { answers, requests } = compress;
    let answers = option(answers.map(number));
    quote!(rt::Compress { answers: #answers, requests: #requests })
}

fn imports(plan: &EndpointPlan, items: &[TokenStream]) -> Vec<TokenStream> {
    let mut imports = Vec::new();
    if !plan.environment.is_empty() {
        imports.push(quote!(
            use super::super::variables;
        ));
    }
    if !plan.calls.is_empty() {
        imports.push(quote!(
            use super::super::upstreams;
        ));
    }
    if !plan.access.any.is_empty() {
        imports.push(quote!(
            use super::super::schemes;
        ));
    }
    if !plan.errors.is_empty() {
        imports.push(quote!(
            use super::errors;
        ));
    }
    for module in ["records", "types"] {
        if items.iter().any(|item| mentions(item, module)) {
            let module = ident(module);
            imports.push(quote!(
                use super::#module;
            ));
        }
    }
    imports.push(quote!(
        use gatewright_runtime::codegen as rt;
    ));
    imports
}

/// ```ignore
/// pub static ENDPOINT: rt::Endpoint = rt::Endpoint {
///     method: rt::Method::Get,
///     template: "/v1/products/{id}",
///     …
///     answer: |gateway, request| Box::pin(answer(gateway, request)),
/// };
/// ```
fn endpoint(plan: &EndpointPlan) -> TokenStream {
    let doc = format!(" `{} {}`", plan.method, plan.template);
    let method = method(&plan.method);
    let EndpointPlan { template, rest, version, .. } = plan;
    let timeout = time(&plan.timeout);
    let max_body = number(plan.max_body);
    let limits = plan.limits.iter().map(limit);
    let body = match &plan.body {
        _ if plan.manner == Manner::Pass => {
            let query = !passes_query(plan);
            quote!(rt::BodyKind::Passed { query: #query })
        }
        Some(BodyPlan { required, form: Some(fields), .. }) => {
            let fields = fields.iter().map(form_field);
            quote!(rt::BodyKind::Form { required: #required, fields: &[#(#fields),*] })
        }
        Some(BodyPlan { required, .. }) => quote!(rt::BodyKind::Json { required: #required }),
        None => quote!(rt::BodyKind::None),
    };
    let lifecycle = option(plan.lifecycle.as_ref().map(|told| match told {
        Told::AsVersion => quote!(&super::LIFECYCLE),
        Told::Own(_) => quote!(&LIFECYCLE),
    }));
    let successor = option(plan.successor.as_ref().map(lifecycle::successor));
    let index = number(plan.index);
    let cors = super::cors::cors(plan.cors.as_ref());
    let fallbacks = response::fallback_fields(plan);
    let places = places(plan);
    let deprecated = plan.deprecated.iter().map(deprecated_part);
    let access = access(&plan.access);
    let reuse = super::reuse::reuse(plan);
    let compress = compress(plan.compress);
    quote! {
        #[doc = #doc]
        pub static ENDPOINT: rt::Endpoint = rt::Endpoint {
            index: #index,
            method: #method,
            template: #template,
            rest: #rest,
            version: #version,
            timeout: #timeout,
            max_body: #max_body,
            limits: &[#(#limits),*],
            body: #body,
            access: #access,
            cors: #cors,
            lifecycle: #lifecycle,
            fallbacks: &[#(#fallbacks),*],
            places: &[#(#places),*],
            deprecated: &[#(#deprecated),*],
            successor: #successor,
            reuse: #reuse,
            compress: #compress,
            answer: |gateway, request| Box::pin(answer(gateway, request)),
        };
    }
}

/// ```ignore
/// rt::DeprecatedPart { name: "query sort", sent: &[rt::Sent::Query("sort", None)] }
/// ```
fn deprecated_part(part: &SentPlan) -> TokenStream {
    let SentPlan { name, places } = part;
    let sent = places.iter().map(|(place, value)| {
        let value = option(value.as_ref().map(|value| quote!(#value)));
        match place {
            SentPlace::Query(name) => quote!(rt::Sent::Query(#name, #value)),
            SentPlace::Header(name) => quote!(rt::Sent::Header(#name, #value)),
            SentPlace::Cookie(name) => quote!(rt::Sent::Cookie(#name, #value)),
            SentPlace::Body(steps) => {
                let steps = steps.iter().map(body_step);
                quote!(rt::Sent::Body(&[#(#steps),*], #value))
            }
        }
    });
    quote!(rt::DeprecatedPart { name: #name, sent: &[#(#sent),*] })
}

/// `rt::BodyStep::Member("lines")`
fn body_step(step: &BodyStep) -> TokenStream {
    match step {
        BodyStep::Member(name) => quote!(rt::BodyStep::Member(#name)),
        BodyStep::Each => quote!(rt::BodyStep::Each),
        BodyStep::Tagged(tag, name) => quote!(rt::BodyStep::Tagged(#tag, #name)),
    }
}

/// ```ignore
/// rt::Limit {
///     name: "version 1 GET /v1/me per ip",
///     title: "ip",
///     by: rt::By::Ip,
///     calls: 50,
///     period: std::time::Duration::from_millis(1000),
///     burst: 10,
///     shared: false,
/// }
/// ```
fn limit(plan: &LimitPlan) -> TokenStream {
    let LimitPlan { name, title, of, limit } = plan;
    let by = match (&limit.by, of) {
        (_, Some((scheme, None))) => {
            let scheme = ident(scheme);
            quote!(rt::By::Caller(&schemes::#scheme))
        }
        (_, Some((scheme, Some(claim)))) => {
            let scheme = ident(scheme);
            quote!(rt::By::Claim(&schemes::#scheme, #claim))
        }
        (By::Ip, None) => quote!(rt::By::Ip),
        (By::Header(field), None) => quote!(rt::By::Header(#field)),
        // Analysis knows the scheme of every other.
        (By::All | By::Principal(_), None) => quote!(rt::By::All),
    };
    let shared = limit.shared;
    let (calls, period, burst) =
        (number(limit.calls), millis(limit.period), number(limit.at_once()));
    quote! {
        rt::Limit {
            name: #name,
            title: #title,
            by: #by,
            calls: #calls,
            period: #period,
            burst: #burst,
            shared: #shared,
        }
    }
}

/// ```ignore
/// rt::Access::Schemes { any: &[&schemes::CUSTOMER], scopes: &["orders:write"], roles: &[] }
/// ```
fn access(access: &AccessPlan) -> TokenStream {
    let AccessPlan { public, any, scopes, roles } = access;
    if *public {
        return quote!(rt::Access::Public);
    }
    let any = any.iter().map(|name| ident(name));
    quote! {
        rt::Access::Schemes {
            any: &[#(&schemes::#any),*],
            scopes: &[#(#scopes),*],
            roles: &[#(#roles),*],
        }
    }
}

/// What is known of whoever calls, before anything else is looked at.
///
/// ```ignore
/// let customer = request.claims(&schemes::CUSTOMER, Customer::read)?;
/// let customer = &customer;
/// ```
fn claims(plan: &EndpointPlan) -> TokenStream {
    let mut all = TokenStream::new();
    for one in &plan.claims {
        let (local, scheme) = (ident(&one.ident), ident(&one.scheme));
        let name = if one.used { local.clone() } else { ident(&format!("_{}", one.ident)) };
        let read = reader::reader(plan, one.node);
        let claims = if one.optional { quote!(claims_if_any) } else { quote!(claims) };
        all.extend(quote!(let #name = request.#claims(&schemes::#scheme, #read)?;));
        if one.used {
            all.extend(quote!(let #local = &#local;));
        }
    }
    all
}

/// `("query", "limit")`, `("body", "lines[].sku")`
fn places(plan: &EndpointPlan) -> Vec<TokenStream> {
    let place = |param: &ParamPlan| {
        let (part, name) = (
            match param.place {
                Place::Path(_) | Place::Part(..) | Place::Rest(_) => "path",
                Place::Query => "query",
                Place::Header => "header",
                Place::Cookie => "cookie",
            },
            &param.wire,
        );
        quote!((#part, #name))
    };
    let body = plan.places.iter().map(|name| quote!(("body", #name)));
    plan.params.iter().map(place).chain(body).collect()
}

/// Whether the query that callers send is passed on without being looked at.
fn passes_query(plan: &EndpointPlan) -> bool {
    pass::takes_query(plan) && plan.params.iter().all(|param| param.place != Place::Query)
}

/// ```ignore
/// rt::FormField { name: "user", kind: rt::FormKind::Text, list: false, required: true }
/// ```
fn form_field(field: &FormField) -> TokenStream {
    let FormField { name, kind, list, required } = field;
    let kind = match kind {
        FormKind::Text => quote!(rt::FormKind::Text),
        FormKind::Number => quote!(rt::FormKind::Number),
        FormKind::Boolean => quote!(rt::FormKind::Boolean),
    };
    quote!(rt::FormField { name: #name, kind: #kind, list: #list, required: #required })
}

/// `rt::Method::Get`
pub(crate) fn method(name: &str) -> TokenStream {
    let lower = name.to_ascii_lowercase();
    let mut chars = lower.chars();
    let first = chars.next().map(|first| first.to_ascii_uppercase());
    let name: String = first.into_iter().chain(chars).collect();
    let variant = ident(&name);
    quote!(rt::Method::#variant)
}

/// ```ignore
/// async fn answer(gateway: rt::Gateway, request: rt::Request) -> Result<rt::Response, rt::Error> {
///     let mut violations = rt::Violations::new();
///     let id = rt::required(Some(request.segment(2)), rt::Place::Path("id"), &types::SKU, &mut violations);
///     request.query().refuse_unknown(&[], &mut violations);
///     if !violations.is_empty() {
///         return Err(rt::Error::invalid_request(violations));
///     }
///     …
/// }
/// ```
fn functions(plan: &EndpointPlan) -> Vec<TokenStream> {
    let (request, variables) = (request(plan), variables(plan));
    let claims = claims(plan);
    let request = quote!(#claims #request #variables);
    let (calls, answer) = match plan.manner {
        Manner::Whole => (calls::all(plan), response::response(plan)),
        Manner::Pass => (TokenStream::new(), pass::passed(plan)),
        Manner::Stream => return stream::functions(&request, plan).into(),
    };
    let unused = plan.calls.is_empty() && plan.environment.is_empty();
    let gateway = if unused { ident("_gateway") } else { ident("gateway") };
    vec![quote! {
        /// Reads the request, makes the calls, builds the answer.
        async fn answer(#gateway: rt::Gateway, request: rt::Request) -> Result<rt::Response, rt::Error> {
            #request
            #calls
            #answer
        }
    }]
}

/// ```ignore
/// let region = gateway.variable(variables::REGION);
/// ```
fn variables(plan: &EndpointPlan) -> TokenStream {
    let mut bound: Vec<&str> = Vec::new();
    let mut all = TokenStream::new();
    for one in &plan.environment {
        if !bound.contains(&one.ident.as_str()) {
            bound.push(&one.ident);
            let (name, place) = (ident(&one.ident), ident(&one.place));
            all.extend(quote!(let #name = gateway.variable(variables::#place);));
        }
    }
    all
}

/// Reads everything callers send and refuses the request if any of it is wrong.
fn request(plan: &EndpointPlan) -> TokenStream {
    let params = plan.params.iter().map(param);
    let unknown = if plan.ignore_params || (plan.manner == Manner::Pass && pass::takes_query(plan))
    {
        None
    } else {
        let known = plan.params.iter().filter(|param| param.place == Place::Query);
        let known = known.map(|param| &param.wire);
        Some(quote!(request.query().refuse_unknown(&[#(#known),*], &mut violations);))
    };
    let body = body(plan);
    if plan.params.is_empty() && unknown.is_none() && plan.body.is_none() {
        return TokenStream::new();
    }
    let unwrap = body_value(plan);
    quote! {
        let mut violations = rt::Violations::new();
        #(#params)*
        #unknown
        #body
        if !violations.is_empty() {
            return Err(rt::Error::invalid_request(violations));
        }
        #unwrap
    }
}

/// ```ignore
/// let q = rt::required(request.query().one("q", &mut violations), rt::Place::Query("q".into()), &types::Q, &mut violations);
/// ```
fn param(param: &ParamPlan) -> TokenStream {
    let rule = match &param.rule {
        Some(rule) => {
            let rule = ident(rule);
            quote!(&types::#rule)
        }
        None => quote!(&rt::BOOLEAN),
    };
    let name = if param.used { ident(&param.ident) } else { ident(&format!("_{}", param.ident)) };
    if let Some(list) = &param.list {
        let list = ident(list);
        let (values, place) = several(param);
        let rules = quote!((&types::#list, #rule));
        return match &param.presence {
            PresencePlan::Defaults(defaults) => quote! {
                let #name = rt::repeated_or(#values, #place, #rules, &[#(#defaults),*], &mut violations);
            },
            _ => quote! {
                let #name = rt::repeated(#values, #place, #rules, &mut violations);
            },
        };
    }
    let (value, place) = one(param);
    match &param.presence {
        PresencePlan::Required => quote! {
            let #name = #value;
            let #name = rt::required(#name, #place, #rule, &mut violations);
        },
        PresencePlan::Optional => quote! {
            let #name = #value;
            let #name = rt::optional(#name, #place, #rule, &mut violations);
        },
        PresencePlan::Default(default) => quote! {
            let #name = #value;
            let #name = rt::optional(#name, #place, #rule, &mut violations).unwrap_or(#default);
        },
        // Only several values have several defaults.
        PresencePlan::Defaults(_) => TokenStream::new(),
    }
}

/// The value of a parameter as an option, and its place.
fn one(param: &ParamPlan) -> (TokenStream, TokenStream) {
    let wire = &param.wire;
    match param.place {
        Place::Path(at) => {
            let at = number(at);
            (quote!(Some(request.segment(#at))), quote!(rt::Place::Path(#wire)))
        }
        Place::Part(at, part) => {
            let (at, part) = (number(at), number(part));
            let shape = ident(param.shape.as_deref().unwrap_or("MISSING"));
            let value = quote!(Some(request.part(#at, &types::#shape, #part)));
            (value, quote!(rt::Place::Path(#wire)))
        }
        Place::Rest(at) => {
            let at = number(at);
            (quote!(request.rest(#at, #wire, &mut violations)), quote!(rt::Place::Path(#wire)))
        }
        Place::Query => (
            quote!(request.query().one(#wire, &mut violations)),
            quote!(rt::Place::Query(#wire.into())),
        ),
        Place::Header => {
            (quote!(request.header(#wire, &mut violations)), quote!(rt::Place::Header(#wire)))
        }
        Place::Cookie => {
            (quote!(request.cookie(#wire, &mut violations)), quote!(rt::Place::Cookie(#wire)))
        }
    }
}

/// All values of a parameter, and its place.
fn several(param: &ParamPlan) -> (TokenStream, TokenStream) {
    let wire = &param.wire;
    match (param.place, param.by_comma) {
        (Place::Header, _) => {
            (quote!(request.header_list(#wire, &mut violations)), quote!(rt::Place::Header(#wire)))
        }
        (_, true) => (
            quote!(request.query().by_comma(#wire, &mut violations)),
            quote!(rt::Place::Query(#wire.into())),
        ),
        (_, false) => (quote!(request.query().all(#wire)), quote!(rt::Place::Query(#wire.into()))),
    }
}

/// ```ignore
/// let body = rt::read_request(request.body(), Body::read, &mut violations);
/// ```
fn body(plan: &EndpointPlan) -> Option<TokenStream> {
    let body = plan.body.as_ref()?;
    // It is checked even if nothing reads it.
    let name = if body.used { ident(&body.ident) } else { ident(&format!("_{}", body.ident)) };
    let root = plan.work.body?;
    let read = reader::root_reader(plan, root.0 as usize);
    Some(if body.required {
        quote!(let #name = rt::read_request(request.body(), #read, &mut violations);)
    } else {
        quote! {
            let #name = if request.body().is_empty() {
                Some(rt::Maybe::Absent)
            } else {
                rt::read_request(request.body(), #read, &mut violations).map(rt::Maybe::Value)
            };
        }
    })
}

/// ```ignore
/// let Some(body) = &body else { return Err(rt::broken_promise("a body")) };
/// ```
fn body_value(plan: &EndpointPlan) -> Option<TokenStream> {
    let body = plan.body.as_ref().filter(|body| body.used)?;
    let name = ident(&body.ident);
    Some(quote! {
        let Some(#name) = &#name else {
            return Err(rt::broken_promise("a request body"));
        };
    })
}

/// What of a request is in scope: the body, if anything reads it.
pub(crate) fn scope(plan: &EndpointPlan) -> Scope<'_> {
    let mut scope = Scope::new(plan);
    if let (Some(body), Some(root)) = (&plan.body, plan.work.body) {
        let name = ident(&body.ident);
        let maybe =
            !body.required || plan.shapes.get(root.0 as usize).is_some_and(|shape| shape.null_ok);
        scope.bind(root.0 as usize, quote!(#name), maybe);
    }
    for claims in plan.claims.iter().filter(|claims| claims.used) {
        let name = ident(&claims.ident);
        scope.bind(claims.node, quote!(#name), claims.optional);
    }
    scope
}
