//! An endpoint that answers a stream of items.

use super::answer;
use super::calls;
use super::pass;
use super::reader;
use super::response;
use super::scope::Scope;
use super::tokens::{ident, number};
use crate::contract::work::{Answer, Call};
use crate::plan::{CallPlan, EndpointPlan};
use proc_macro2::TokenStream;
use quote::quote;

/// The functions of the endpoint. What makes the items is one function from the request to the last
/// of them, so every item finds the request and the results of calls where they are.
///
/// ```ignore
/// async fn answer(gateway: rt::Gateway, request: rt::Request) -> Result<rt::Response, rt::Error> {
///     rt::stream(gateway, request, |gateway, request, items| Box::pin(make(gateway, request, items))).await
/// }
///
/// async fn make(gateway: rt::Gateway, request: rt::Request, items: rt::Items) -> Result<(), rt::Error> {
///     …
/// }
/// ```
pub(super) fn functions(request: &TokenStream, plan: &EndpointPlan) -> [TokenStream; 2] {
    let others = calls::all(plan);
    let items = items(plan);
    let answer = quote! {
        /// Answers as soon as the items can come.
        async fn answer(gateway: rt::Gateway, request: rt::Request) -> Result<rt::Response, rt::Error> {
            let make = |gateway, request, items| -> rt::Making { Box::pin(make(gateway, request, items)) };
            rt::stream(gateway, request, make).await
        }
    };
    let make = quote! {
        /// Reads the request, makes the calls, builds each item as it comes.
        async fn make(gateway: rt::Gateway, request: rt::Request, items: rt::Items) -> Result<(), rt::Error> {
            #request
            #others
            #items
        }
    };
    [answer, make]
}

/// ```ignore
/// let mut call = rt::Call::new(&upstreams::FEED, rt::Method::Get, "GET /ticks");
/// call.literal("/ticks");
/// let mut ticks_body = call.open(&gateway, &request).await?;
/// items.begin(rt::Response::empty(200));
/// while let Some(item) = ticks_body.next().await? {
///     …
/// }
/// Ok(())
/// ```
fn items(plan: &EndpointPlan) -> TokenStream {
    let mut all = plan.work.calls.iter().zip(&plan.calls).enumerate();
    let Some((at, (call, names))) = all.find(|(_, (call, _))| call.streams) else {
        return quote!(Err(rt::broken_promise("a stream")));
    };
    let scope = response::results(plan);
    let request = calls::request(call, names, &scope);
    let handlers = call.handlers.iter().enumerate();
    let handlers = handlers.map(|(index, one)| pass::handler(plan, (at, index), one, &scope));
    let head = head(&scope);
    let source = ident(&names.body);
    let item = item(plan, (call, names), &scope);
    let open = quote!(call.open(&gateway, &request).await);
    let open = match call.handlers.is_empty() {
        true => open,
        false => quote! {
            (match #open {
                Ok(source) => Ok(source),
                #(#handlers)*
                Err(failure) => Err(rt::Error::from(failure)),
            })
        },
    };
    quote! {
        #request
        let mut #source = #open?;
        #head
        while let Some(item) = #source.next().await? {
            #item
        }
        Ok(())
    }
}

/// What is sent before the first item.
fn head(scope: &Scope<'_>) -> TokenStream {
    let answers = &scope.plan.work.answers;
    let status = number(answers.first().map_or(200, |answer| answer.status));
    let headers = response::headers(scope);
    let mut fallbacks: Vec<String> = Vec::new();
    let mut say = Vec::new();
    for one in answers.iter().flat_map(|answer| response::fallbacks(answer, scope.plan)) {
        if !fallbacks.contains(&one.to_string()) {
            fallbacks.push(one.to_string());
            say.push(one);
        }
    }
    if headers.is_empty() && say.is_empty() {
        return quote!(items.begin(rt::Response::empty(#status)););
    }
    quote! {
        let mut response = rt::Response::empty(#status);
        #(#headers)*
        #(#say)*
        items.begin(response);
    }
}

/// Reads one item, and sends what is made of it.
///
/// ```ignore
/// let item_body = rt::Body::new();
/// let ticks = item_body.read(Ok(item), (&upstreams::FEED, "GET /ticks"), Ticks::read)?;
/// let ticks = &ticks;
/// let mut out = rt::Writer::with_capacity(512);
/// out.after("{\"price\":", ticks.price);
/// out.raw("}");
/// items.send(&ticks_body, out).await;
/// ```
fn item(plan: &EndpointPlan, (call, names): (&Call, &CallPlan), scope: &Scope<'_>) -> TokenStream {
    let (result, source) = (ident(&names.result), ident(&names.body));
    let (upstream, operation) = (ident(&names.upstream), &call.operation);
    let read = match calls::read_node(plan, call) {
        Some(node) => reader::root_reader(plan, node),
        None => quote!(rt::Reader::any),
    };
    let write = first_of(&plan.work.answers, scope);
    quote! {
        let item_body = rt::Body::new();
        let #result = item_body.read(Ok(item), (&upstreams::#upstream, #operation), #read)?;
        let #result = &#result;
        let mut out = rt::Writer::with_capacity(512);
        #write
        items.send(&#source, out).await;
    }
}

/// Writes an item as the first answer says whose condition holds.
fn first_of(answers: &[Answer], scope: &Scope<'_>) -> TokenStream {
    let mut chain = TokenStream::new();
    for one in answers.iter().rev() {
        let write =
            one.body.as_ref().map(|body| answer::promised(body, one.nullable, "the item", scope));
        chain = match &one.when {
            None => quote!(#write),
            Some(when) => {
                let holds = super::conditions::condition(when, scope);
                quote! {
                    let made = #holds;
                    if made { #write } else { #chain }
                }
            }
        };
    }
    chain
}
