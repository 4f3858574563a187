//! An endpoint that passes requests on.

use super::calls;
use super::endpoint::scope;
use super::root::condition;
use super::scope::Scope;
use crate::contract::work::{Condition, Handler, Outcome};
use crate::plan::EndpointPlan;
use proc_macro2::TokenStream;
use quote::quote;

/// Whether the call has no query of its own: then it takes over that of the request.
pub(crate) fn takes_query(plan: &EndpointPlan) -> bool {
    plan.work.calls.iter().all(|call| call.query.is_empty())
}

/// Passes the request on, and the answer back.
///
/// ```ignore
/// let mut call = rt::Call::new(&upstreams::FILES, rt::Method::Get, "GET /files/{path*}");
/// call.literal("/files/");
/// call.rest(&request, 2);
/// call.query_of(&request);
/// match call.pass(&gateway, &request, &[rt::Condition::Status(404)]).await {
///     Ok(response) => Ok(response),
///     Err(failure) if failure.is(rt::Condition::Status(404)) => {
///         let failed = || -> rt::End { rt::End::Failed(rt::Error::declared(&errors::NOT_FOUND)) };
///         …
///     }
///     Err(failure) => Err(failure.into()),
/// }
/// ```
pub(crate) fn passed(plan: &EndpointPlan) -> TokenStream {
    let (Some(call), Some(names)) = (plan.work.calls.first(), plan.calls.first()) else {
        return quote!(Err(rt::broken_promise("a call")));
    };
    let scope = scope(plan);
    let request = calls::request(call, names, &scope);
    let query = takes_query(plan).then(|| quote!(call.query_of(&request);));
    let caught = call.handlers.iter().flat_map(|handler| &handler.conditions);
    let caught = caught.filter(|one| matches!(one, Condition::Status(_) | Condition::Class(_)));
    let caught = caught.map(|one| condition(*one));
    let handlers = call.handlers.iter().enumerate();
    let handlers = handlers.map(|(at, one)| handler(plan, (0, at), one, &scope));
    quote! {
        #request
        #query
        match call.pass(&gateway, &request, &[#(#caught),*]).await {
            Ok(response) => Ok(response),
            #(#handlers)*
            Err(failure) => Err(failure.into()),
        }
    }
}

/// What a failure of a call turns into, as a result.
pub(super) fn handler(
    plan: &EndpointPlan,
    at: (usize, usize),
    handler: &Handler,
    scope: &Scope<'_>,
) -> TokenStream {
    let Outcome::Fail(error, members) = &handler.outcome else { return TokenStream::new() };
    let conditions = handler.conditions.iter().map(|one| {
        let condition = condition(*one);
        quote!(failure.is(#condition))
    });
    let failed = calls::fail(plan, at, (*error, members.as_ref()), scope);
    quote! {
        Err(failure) if #(#conditions)||* => {
            let failed = || -> rt::End { #failed };
            match failed() {
                rt::End::Failed(error) => Err(error),
                rt::End::Done | rt::End::NotMade => Err(rt::broken_promise("an error")),
            }
        }
    }
}
