//! The end of an endpoint: which answer it gives, with what header fields.

use super::answer;
use super::calls::{self, degrades};
use super::endpoint::scope;
use super::scope::Scope;
use super::tokens::{ident, number};
use crate::contract::work::{Answer, Reply, ReplyValue};
use crate::plan::EndpointPlan;
use proc_macro2::TokenStream;
use quote::quote;
use std::collections::BTreeSet;

/// The answer.
///
/// ```ignore
/// let mut out = rt::Writer::like(&[&page_body]);
/// out.raw("{\"id\":");
/// out.value(item.id);
/// out.raw("}");
/// let mut response = rt::Response::json(200, out);
/// if rated_fell_back.get() {
///     response.fallback("reviews");
/// }
/// Ok(response)
/// ```
///
/// With several:
///
/// ```ignore
/// let response = 'answer: {
///     let made = *order.pending.plain() == *"true";
///     if made {
///         …
///         break 'answer rt::Response::json(202, out);
///     }
///     …
///     rt::Response::json(200, out)
/// };
/// Ok(response)
/// ```
pub(crate) fn response(plan: &EndpointPlan) -> TokenStream {
    let scope = results(plan);
    let headers = headers(&scope);
    match plan.work.answers.as_slice() {
        [only] => one(only, &headers, &scope),
        several => first_of(several, &headers, &scope),
    }
}

/// The request and the results of all calls.
pub(super) fn results(plan: &EndpointPlan) -> Scope<'_> {
    let mut scope = scope(plan);
    for (call, names) in plan.work.calls.iter().zip(&plan.calls) {
        if let Some(node) = call.result {
            let result = ident(&names.result);
            let maybe = plan.shapes.get(node.0 as usize).is_some_and(|shape| shape.null_ok);
            scope.bind(node.0 as usize, quote!(#result), maybe);
        }
    }
    scope
}

/// What adds the header fields of the answer.
pub(super) fn headers(scope: &Scope<'_>) -> Vec<TokenStream> {
    scope.plan.work.reply.iter().map(|one| reply(one, scope)).collect()
}

/// The only answer.
fn one(answer: &Answer, headers: &[TokenStream], scope: &Scope<'_>) -> TokenStream {
    let (body, make) = made(answer, scope);
    let fallbacks = fallbacks(answer, scope.plan);
    if headers.is_empty() && fallbacks.is_empty() {
        return quote!(#body Ok(#make));
    }
    quote! {
        #body
        let mut response = #make;
        #(#headers)*
        #(#fallbacks)*
        Ok(response)
    }
}

/// The first answer whose condition holds.
fn first_of(answers: &[Answer], headers: &[TokenStream], scope: &Scope<'_>) -> TokenStream {
    let answers = answers.iter().map(|answer| {
        let (before, response) = branch(answer, scope);
        let Some(when) = &answer.when else { return quote!(#before #response) };
        let holds = super::conditions::condition(when, scope);
        quote! {
            let made = #holds;
            if made {
                #before
                break 'answer #response;
            }
        }
    });
    let chain = quote!('answer: { #(#answers)* });
    if headers.is_empty() {
        return quote! {
            let response = #chain;
            Ok(response)
        };
    }
    quote! {
        let mut response = #chain;
        #(#headers)*
        Ok(response)
    }
}

/// One of several answers: what comes before it, and itself.
fn branch(answer: &Answer, scope: &Scope<'_>) -> (TokenStream, TokenStream) {
    let (body, make) = made(answer, scope);
    let fallbacks = fallbacks(answer, scope.plan);
    if fallbacks.is_empty() {
        return (body, make);
    }
    let before = quote! {
        #body
        let mut response = #make;
        #(#fallbacks)*
    };
    (before, quote!(response))
}

/// What writes the body of an answer, and what makes it of that.
fn made(answer: &Answer, scope: &Scope<'_>) -> (TokenStream, TokenStream) {
    let status = number(answer.status);
    let Some(body) = &answer.body else {
        return (TokenStream::new(), quote!(rt::Response::empty(#status)));
    };
    let write = answer::promised(body, answer.nullable, "the answer", scope);
    let bodies = scope.plan.work.calls.iter().zip(&scope.plan.calls);
    let bodies = bodies.filter(|(call, _)| {
        !call.streams && call.each.is_none() && calls::read_node(scope.plan, call).is_some()
    });
    let bodies: Vec<_> = bodies.map(|(_, names)| ident(&names.body)).collect();
    let writer = match bodies.as_slice() {
        [] => quote!(rt::Writer::with_capacity(512)),
        bodies => quote!(rt::Writer::like(&[#(&#bodies),*])),
    };
    let body = quote! {
        let mut out = #writer;
        #write
    };
    (body, quote!(rt::Response::json(#status, out)))
}

fn reply(reply: &Reply, scope: &Scope<'_>) -> TokenStream {
    let name = &reply.name;
    match &reply.value {
        ReplyValue::Text(text) => {
            let missing = quote!(return Err(rt::broken_promise("a header of the answer")));
            let (before, text) = scope.joined(text, &missing);
            quote! {
                #before
                response.header(#name, #text)?;
            }
        }
        ReplyValue::Typed { build, nullable, .. } => {
            let write = if *nullable {
                answer::perhaps_null(build, scope)
            } else {
                answer::promised(build, false, "a header of the answer", scope)
            };
            quote! {
                let mut out = rt::Writer::new();
                #write
                response.value_header(#name, out)?;
            }
        }
    }
}

/// What answers may say of stand-ins: `reviews, rating`, each once.
pub(super) fn fallback_fields(plan: &EndpointPlan) -> Vec<String> {
    let answers = plan.work.answers.iter();
    let feeds = answers.flat_map(|answer| &answer.feeds);
    let degrading = feeds.filter(|(at, _)| plan.work.calls.get(*at).is_some_and(degrades));
    let all: BTreeSet<String> = degrading.map(|(_, fields)| fields.join(", ")).collect();
    all.into_iter().collect()
}

/// ```ignore
/// if rated_fell_back.get() {
///     response.fallback("reviews, rating");
/// }
/// ```
pub(super) fn fallbacks(answer: &Answer, plan: &EndpointPlan) -> Vec<TokenStream> {
    let mut found = Vec::new();
    for (at, fields) in &answer.feeds {
        let (Some(call), Some(names)) = (plan.work.calls.get(*at), plan.calls.get(*at)) else {
            continue;
        };
        if degrades(call) {
            let (name, fields) = (ident(&names.fell_back), fields.join(", "));
            found.push(quote!(if #name.get() { response.fallback(#fields); }));
        }
    }
    found
}
