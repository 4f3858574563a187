//! Calls: each is a future that waits for what it needs, all of them run at once.

use super::answer;
use super::conditions;
use super::endpoint::{method, scope};
use super::reader;
use super::root::condition;
use super::scope::{Access, Scope, TextAccess};
use super::tokens::{ident, millis, number};
use crate::contract::Place;
use crate::contract::work::{
    Build, Call, Check, Condition, Each, Elements, Fallback, Handler, Keep, Operand, Outcome,
    Parent, PathPart, QueryPart,
};
use crate::plan::{CallPlan, EndpointPlan, ReadPlan};
use proc_macro2::TokenStream;
use quote::quote;

/// Everything between the request and the answer.
///
/// ```ignore
/// let item_body = rt::Body::new();
/// let item = rt::Pending::<Item<'_>>::new();
/// let item_call = async { … };
/// rt::run(&mut [rt::Step { call: std::pin::pin!(item_call), required: true }]).await?;
/// let Some(item) = item.get() else { return Err(rt::broken_promise("`item`")) };
/// ```
pub(crate) fn all(plan: &EndpointPlan) -> TokenStream {
    let calls = plan.work.calls.iter().zip(&plan.calls).enumerate();
    // What items come from is asked when all of these have ended.
    let calls: Vec<(usize, &Call, &CallPlan)> = calls
        .map(|(at, (call, names))| (at, call, names))
        .filter(|(_, call, _)| !call.streams)
        .collect();
    if calls.is_empty() {
        return TokenStream::new();
    }
    let cells = calls.iter().map(|(at, call, names)| cells(plan, *at, call, names));
    let futures = calls.iter().map(|(at, call, names)| future(plan, *at, call, names));
    let steps = calls.iter().map(|(_, call, names)| {
        let (future, required) = (ident(&names.future), call.required);
        quote!(rt::Step { call: std::pin::pin!(#future), required: #required })
    });
    let results = calls.iter().filter(|(at, ..)| read_later(plan, *at)).map(|(_, call, names)| {
        let (result, missing) = (ident(&names.result), format!("the result `{}`", call.name));
        quote! {
            let Some(#result) = #result.get() else {
                return Err(rt::broken_promise(#missing));
            };
        }
    });
    quote! {
        #(#cells)*
        #(#futures)*
        rt::run(&mut [#(#steps),*]).await?;
        #(#results)*
    }
}

/// Whether the result of a call is read once all have ended: by the answer, or by a call that is
/// made then.
fn read_later(plan: &EndpointPlan, call: usize) -> bool {
    use crate::contract::visit::{self, Read};
    let mut found = false;
    let mut see = |read: Read| {
        if let Read::Node(node) = read {
            found |= *plan.work.root(node) == Parent::Call(call);
        }
    };
    visit::answer(&plan.work, &mut see);
    for source in plan.work.calls.iter().filter(|call| call.streams) {
        visit::request(source, &mut see);
        visit::failure(source, &mut see);
    }
    found
}

/// Where a call leaves its result.
fn cells(plan: &EndpointPlan, at: usize, call: &Call, names: &CallPlan) -> TokenStream {
    let body = ident(&names.body);
    let body = match call.each {
        Some(_) => Some(quote!(let #body = rt::Bodies::new();)),
        None => read_node(plan, call).map(|_| quote!(let #body = rt::Body::new();)),
    };
    let result = ident(&names.result);
    let ty = result_node(plan, call).map(|node| reader::root_type(plan, node));
    let ty = ty.unwrap_or_else(|| quote!(()));
    let awaited = awaited(plan, at, call).then(|| quote!(let #result = rt::Pending::<#ty>::new();));
    let fell_back = ident(&names.fell_back);
    let fell_back = degrades(call).then(|| quote!(let #fell_back = std::cell::Cell::new(false);));
    quote!(#body #awaited #fell_back)
}

/// The node of a result, if anything of it is read.
fn result_node(plan: &EndpointPlan, call: &Call) -> Option<usize> {
    let node = call.result?.0 as usize;
    plan.shapes.get(node).is_some_and(|shape| shape.used).then_some(node)
}

/// The node of what one request answers, if anything of it is read.
pub(super) fn read_node(plan: &EndpointPlan, call: &Call) -> Option<usize> {
    result_node(plan, call)?;
    plan.work.answered(call).map(|node| node.0 as usize)
}

/// Whether somebody waits for a call or reads its result.
fn awaited(plan: &EndpointPlan, at: usize, call: &Call) -> bool {
    let waits = |other: &Call| !other.streams && other.after.contains(&at);
    read_node(plan, call).is_some() || plan.work.calls.iter().any(waits)
}

/// Whether an answer may have to say that a value stood in for the result.
pub(crate) fn degrades(call: &Call) -> bool {
    let stands_in = |handler: &Handler| matches!(handler.outcome, Outcome::StandIn(_));
    !call.feeds.is_empty() && (call.fallback.is_some() || call.handlers.iter().any(stands_in))
}

/// ```ignore
/// // `item = catalog GET /items/{id}`
/// let item_call = async {
///     let mut call = rt::Call::new(&upstreams::CATALOG, rt::Method::Get, "GET /items/{id}");
///     call.literal("/items/");
///     call.segment(id);
///     let result = call.send(&gateway, &request).await;
///     let result = item_body.read(result, (&upstreams::CATALOG, "GET /items/{id}"), Item::read);
///     match result { … }
/// };
/// ```
fn future(plan: &EndpointPlan, at: usize, call: &Call, names: &CallPlan) -> TokenStream {
    let mut scope = scope(plan);
    let waits = call.after.iter().map(|source| wait(plan, *source, (at, call, names), &mut scope));
    let waits: Vec<TokenStream> = waits.collect();
    let future = ident(&names.future);
    if let Some(each) = &call.each {
        let work = each_element(plan, (at, call, names), each, &mut scope);
        return quote! {
            let #future = async {
                #(#waits)*
                #work
            };
        };
    }
    let work = work(plan, (at, call, names), &scope);
    quote! {
        let #future = async {
            #(#waits)*
            #work
        };
    }
}

/// One request, and what is made of its answer.
fn work(
    plan: &EndpointPlan,
    (at, call, names): (usize, &Call, &CallPlan),
    scope: &Scope<'_>,
) -> TokenStream {
    let when = call.when.as_ref().map(|when| {
        let holds = conditions::condition(when, scope);
        let skipped = skipped(plan, at, (call, names), scope);
        quote! {
            let made = #holds;
            if !made { #skipped }
        }
    });
    let request = request(call, names, scope);
    let outcome = outcome(plan, at, (call, names), scope);
    // The calls of a list share both by reference.
    let sent = match call.each {
        Some(_) => quote!(gateway, request),
        None => quote!(&gateway, &request),
    };
    let made = match &call.cache {
        Some(keep) => {
            let caching = caching(call, *keep);
            quote!(call.cached(#sent, #caching))
        }
        None => quote!(call.send(#sent)),
    };
    quote! {
        #when
        #request
        let result = #made.await;
        #outcome
    }
}

/// How long an outcome is used again, and which statuses are outcomes: 404 and 410 where the call
/// says what they mean.
///
/// ```ignore
/// rt::Caching { fresh: std::time::Duration::from_millis(60000), stale: …, statuses: &[404] }
/// ```
fn caching(call: &Call, keep: Keep) -> TokenStream {
    let (fresh, stale) = (millis(keep.fresh), millis(keep.stale));
    let conditions = call.handlers.iter().flat_map(|handler| &handler.conditions);
    let gone = conditions.filter_map(|condition| match condition {
        Condition::Status(status @ (404 | 410)) => Some(number(*status)),
        _ => None,
    });
    quote!(rt::Caching { fresh: #fresh, stale: #stale, statuses: &[#(#gone),*] })
}

/// A request per element of a list.
///
/// ```ignore
/// let list = cart.lines.as_slice();
/// let places = rt::results(list.len());
/// let end = {
///     let (gateway, request) = (&gateway, &request);
///     rt::each(list.iter(), (levels_body.of(list.len()), &places), |each_element, levels_body, levels| async move { … }).await
/// };
/// match end {
///     rt::End::Done => {
///         levels.set(rt::collected(places));
///         rt::End::Done
///     }
///     end => { … }
/// }
/// ```
fn each_element(
    plan: &EndpointPlan,
    (at, call, names): (usize, &Call, &CallPlan),
    each: &Each,
    scope: &mut Scope<'_>,
) -> TokenStream {
    let list = element_list(each, scope);
    let work = work(plan, (at, call, names), scope);
    let shared = shared(plan, (call, names), &work);
    let (body, result) = (ident(&names.body), ident(&names.result));
    let read = read_node(plan, call).is_some();
    let awaited = awaited(plan, at, call);
    let none = quote!(_);
    let body_of = if read { quote!(#body) } else { none.clone() };
    let result_of = if awaited { quote!(#result) } else { none };
    let ty = if awaited { None } else { Some(quote!(::<()>)) };
    let done = match (awaited, read) {
        (true, true) => quote!(#result.set(rt::collected(places));),
        (true, false) => quote!(#result.set(Some(()));),
        (false, _) => TokenStream::new(),
    };
    let failed = awaited.then(|| quote!(#result.set(None);));
    quote! {
        #list
        let places = rt::results #ty (list.len());
        let end = {
            let (gateway, request) = (&gateway, &request);
            #(let #shared = &#shared;)*
            rt::each(
                list.iter(),
                (#body.of(list.len()), &places),
                |each_element, #body_of, #result_of| async move { #work },
            )
            .await
        };
        match end {
            rt::End::Done => { #done rt::End::Done }
            end => { #failed end }
        }
    }
}

/// `let list = cart.lines.as_slice();`, and the element in scope. A list that is missing is empty.
fn element_list(each: &Each, scope: &mut Scope<'_>) -> TokenStream {
    let cut = each.first.map(|first| {
        let first = number(usize::try_from(first).unwrap_or(usize::MAX));
        quote!(let list = list.get(..#first).unwrap_or(list);)
    });
    let list = match each.list {
        Elements::Param(index) => {
            let name = scope.plan.params.get(index).map_or("_", |param| &param.ident);
            let name = ident(name);
            quote!(let list = #name.as_slice();)
        }
        Elements::Node(node) => {
            let parts = scope.parts(node);
            let list = match scope.access(node) {
                Access::There(list) => quote!(let list = #list #parts.as_slice();),
                Access::Perhaps(list) => quote! {
                    let list = match #list {
                        rt::Maybe::Value(list) => list #parts.as_slice(),
                        _ => &[],
                    };
                },
            };
            if let ReadPlan::List(_, element) = scope.shape(node.0 as usize).read {
                let maybe = scope.shape(element).maybe();
                scope.bind(element, quote!(each_element), maybe);
            }
            list
        }
    };
    quote!(#list #cut)
}

/// What every request of a list uses and none may take for itself.
fn shared(
    plan: &EndpointPlan,
    (call, names): (&Call, &CallPlan),
    work: &TokenStream,
) -> Vec<proc_macro2::Ident> {
    let lists = plan.params.iter().filter(|param| param.list.is_some());
    let lists = lists.map(|param| ident(&param.ident)).filter(|name| mentions(work, name));
    degrades(call).then(|| ident(&names.fell_back)).into_iter().chain(lists).collect()
}

/// Whether `name` stands somewhere in `code`.
fn mentions(code: &TokenStream, name: &proc_macro2::Ident) -> bool {
    code.clone().into_iter().any(|token| match token {
        proc_macro2::TokenTree::Group(group) => mentions(&group.stream(), name),
        proc_macro2::TokenTree::Ident(other) => other == *name,
        _ => false,
    })
}

/// Waits for another call; without its result this one is not made.
fn wait(
    plan: &EndpointPlan,
    source: usize,
    (at, call, names): (usize, &Call, &CallPlan),
    scope: &mut Scope<'_>,
) -> TokenStream {
    let (Some(other), Some(other_names)) = (plan.work.calls.get(source), plan.calls.get(source))
    else {
        return TokenStream::new();
    };
    let result = ident(&other_names.result);
    let not_made = set(plan, (at, call, names), &quote!(None));
    let reads = reads_of(plan, call, source);
    let name = match reads.then(|| result_node(plan, other)).flatten() {
        Some(node) => {
            let maybe = plan.shapes.get(node).is_some_and(|shape| shape.null_ok);
            scope.bind(node, quote!(#result), maybe);
            quote!(Some(#result))
        }
        None => quote!(Some(_)),
    };
    quote! {
        let #name = #result.ready().await else {
            #not_made
            return rt::End::NotMade;
        };
    }
}

/// Whether `call` reads the result of the call `source`.
fn reads_of(plan: &EndpointPlan, call: &Call, source: usize) -> bool {
    use crate::contract::visit::{self, Read};
    let mut found = false;
    let mut see = |read: Read| {
        if let Read::Node(node) = read {
            found |= *plan.work.root(node) == Parent::Call(source);
        }
    };
    visit::request(call, &mut see);
    visit::failure(call, &mut see);
    found
}

/// `item.set(None);`
fn set(
    plan: &EndpointPlan,
    (at, call, names): (usize, &Call, &CallPlan),
    value: &TokenStream,
) -> TokenStream {
    if !awaited(plan, at, call) {
        return TokenStream::new();
    }
    let result = ident(&names.result);
    match read_node(plan, call) {
        Some(_) => quote!(#result.set(#value);),
        // Nobody reads it: only that it ended well matters.
        None if value.to_string() == "None" => quote!(#result.set(None);),
        None => quote!(#result.set(Some(()));),
    }
}

/// What happens when `when` does not hold: the fallback stands in, or null.
fn skipped(
    plan: &EndpointPlan,
    at: usize,
    (call, names): (&Call, &CallPlan),
    scope: &Scope<'_>,
) -> TokenStream {
    let fallback = call.fallback.as_ref().unwrap_or(&Fallback::Null);
    let stand_in = stand_in(plan, (at, call, names), fallback, scope);
    quote!(#stand_in return rt::End::Done;)
}

/// The request of a call, as the local `call`.
pub(crate) fn request(call: &Call, names: &CallPlan, scope: &Scope<'_>) -> TokenStream {
    let (upstream, method, operation) =
        (ident(&names.upstream), method(&call.method), &call.operation);
    let path = call.path.iter().map(|part| match part {
        PathPart::Literal(text) => quote!(call.literal(#text);),
        PathPart::Rest(param) => match scope.plan.params.get(*param).map(|param| param.place) {
            Some(Place::Rest(at)) => {
                let at = number(at);
                quote!(call.rest(&request, #at);)
            }
            _ => TokenStream::new(),
        },
        PathPart::Value(operand) => match scope.argument(operand) {
            TextAccess::There(value) => quote!(call.segment(#value);),
            TextAccess::Perhaps(value) => {
                let name = operand_name(operand, scope);
                quote! {
                    match #value {
                        Some(value) => call.segment(&value),
                        None => call.missing(#name),
                    }
                }
            }
        },
    });
    let query = call.query.iter().map(|part| pair(part, &ident("query"), scope));
    let form = call.form.as_ref().map(|fields| {
        let fields = fields.iter().map(|part| pair(part, &ident("field"), scope));
        quote!(call.form(); #(#fields)*)
    });
    let headers = call.headers.iter().map(|(name, text)| header(name, text, scope));
    let checks = call.checks.iter().map(|one| check(one, scope));
    let body = call.body.as_ref().map(|body| answer::call_body(body, scope));
    let within = call.within.map(|within| {
        let within = millis(within);
        quote!(call.within(#within);)
    });
    let copies = names.copies.as_ref().map(|copies| {
        let copies = ident(copies);
        quote!(call.copy_to(&upstreams::#copies);)
    });
    quote! {
        let mut call = rt::Call::new(&upstreams::#upstream, #method, #operation);
        #(#path)*
        #(#query)*
        #(#headers)*
        #(#checks)*
        #form
        #body
        #within
        #copies
    }
}

/// Looks at a value that an operation asks more of than is known of it.
///
/// ```ignore
/// call.keeps(id, &types::SKU);
/// ```
fn check(check: &Check, scope: &Scope<'_>) -> TokenStream {
    let rule = answer::promised_rule(scope.plan, &check.scalar);
    let many = matches!(&check.value, Operand::Param(at) if scope.plan.params.get(*at).is_some_and(|param| param.list.is_some()));
    if many || matches!(check.value, Operand::Each { .. }) {
        return answer::each(&check.value, scope, &|value| quote!(call.keeps(#value, #rule);));
    }
    match scope.argument(&check.value) {
        TextAccess::There(value) => quote!(call.keeps(#value, #rule);),
        TextAccess::Perhaps(value) => quote! {
            if let Some(value) = #value {
                call.keeps(&value, #rule);
            }
        },
    }
}

/// What a missing value is called in the log.
fn operand_name(operand: &Operand, scope: &Scope<'_>) -> String {
    match operand {
        Operand::Node(node) => match &scope.plan.work.node(*node).parent {
            Parent::Field(_, name) => name.clone(),
            _ => "a value".into(),
        },
        Operand::Param(at) => {
            scope.plan.params.get(*at).map_or_else(String::new, |param| param.wire.clone())
        }
        _ => "a value".into(),
    }
}

/// A pair of a query, or a field of a form.
fn pair(part: &QueryPart, of: &proc_macro2::Ident, scope: &Scope<'_>) -> TokenStream {
    match part {
        QueryPart::Literal(pair) => quote!(call.query_literal(#pair);),
        QueryPart::Value(name, operand) => match scope.argument(operand) {
            TextAccess::There(value) => quote!(call.#of(#name, #value);),
            TextAccess::Perhaps(value) => quote! {
                if let Some(value) = #value {
                    call.#of(#name, &value);
                }
            },
        },
        QueryPart::Each(name, operand) => {
            answer::each(operand, scope, &|value| quote!(call.#of(#name, #value);))
        }
        QueryPart::Text(name, text) => {
            let (before, text) = scope.joined(text, &quote!(break 'pair));
            if before.is_empty() {
                return quote!(call.#of(#name, #text););
            }
            quote! {
                'pair: {
                    #before
                    call.#of(#name, #text);
                }
            }
        }
    }
}

/// A header field; one that is a single missing value is left out.
fn header(name: &str, text: &crate::contract::TextExpr, scope: &Scope<'_>) -> TokenStream {
    let (before, value) = scope.joined(text, &quote!(break 'header));
    if before.is_empty() {
        return quote!(call.header(#name, #value););
    }
    quote! {
        'header: {
            #before
            call.header(#name, #value);
        }
    }
}

/// What a result or a failure turns into.
fn outcome(
    plan: &EndpointPlan,
    at: usize,
    (call, names): (&Call, &CallPlan),
    scope: &Scope<'_>,
) -> TokenStream {
    let (upstream, operation) = (ident(&names.upstream), &call.operation);
    let read = read_node(plan, call).map(|node| {
        let (body, read) = (ident(&names.body), reader::root_reader(plan, node));
        let method = ident(if call.cache.is_some() { "read_cached" } else { "read" });
        quote!(let result = #body.#method(result, (&upstreams::#upstream, #operation), #read);)
    });
    let value = if read.is_some() { quote!(value) } else { quote!(_) };
    let done = set(plan, (at, call, names), &quote!(Some(value)));
    let handlers =
        call.handlers.iter().enumerate().map(|(index, handler)| {
            self::handler(plan, (at, index), (call, names), (handler, scope))
        });
    let last = match &call.fallback {
        Some(fallback) => {
            let stand_in = stand_in(plan, (at, call, names), fallback, scope);
            let fell_back = fell_back(call, names);
            quote!(Err(_) => { #fell_back #stand_in rt::End::Done })
        }
        None => {
            let nothing = set(plan, (at, call, names), &quote!(None));
            quote!(Err(failure) => { #nothing rt::End::Failed(failure.into()) })
        }
    };
    quote! {
        #read
        match result {
            Ok(#value) => { #done rt::End::Done }
            #(#handlers)*
            #last
        }
    }
}

fn fell_back(call: &Call, names: &CallPlan) -> Option<TokenStream> {
    let name = ident(&names.fell_back);
    degrades(call).then(|| quote!(#name.set(true);))
}

fn handler(
    plan: &EndpointPlan,
    (at, index): (usize, usize),
    (call, names): (&Call, &CallPlan),
    (handler, scope): (&Handler, &Scope<'_>),
) -> TokenStream {
    let conditions = handler.conditions.iter().map(|one| {
        let condition = condition(*one);
        quote!(failure.is(#condition))
    });
    let outcome = match &handler.outcome {
        Outcome::StandIn(fallback) => {
            let stand_in = stand_in(plan, (at, call, names), fallback, scope);
            let fell_back = fell_back(call, names);
            quote!(#fell_back #stand_in rt::End::Done)
        }
        Outcome::Fail(error, members) => {
            let nothing = set(plan, (at, call, names), &quote!(None));
            let failed = fail(plan, (at, index), (*error, members.as_ref()), scope);
            quote!(#nothing #failed)
        }
    };
    quote!(Err(failure) if #(#conditions)||* => { #outcome })
}

/// ```ignore
/// rt::End::Failed(rt::Error::declared(&errors::NOT_FOUND))
/// ```
pub(crate) fn fail(
    plan: &EndpointPlan,
    (at, index): (usize, usize),
    (error, members): (usize, Option<&Build>),
    scope: &Scope<'_>,
) -> TokenStream {
    let found = plan.errors.iter().find(|(other, _)| *other == error);
    let name = ident(found.map_or("MISSING", |(_, name)| name));
    let declared = quote!(rt::Error::declared(&errors::#name));
    let Some(members) = members else { return quote!(rt::End::Failed(#declared)) };
    let mut scope = scope.clone();
    let root = plan.work.nodes.iter().position(|node| node.parent == Parent::ErrorBody(at, index));
    let used = root.filter(|root| plan.shapes.get(*root).is_some_and(|shape| shape.used));
    let body = used.map(|root| {
        scope.bind(root, quote!(error), plan.shapes.get(root).is_some_and(|s| s.null_ok));
        let read = reader::root_reader(plan, root);
        quote! {
            let Ok(error) = rt::read_result(failure.body(), #read) else {
                return rt::End::Failed(failure.into());
            };
            let error = &error;
        }
    });
    let write = answer::failing(members, &scope);
    quote! {
        #body
        let mut out = rt::Writer::new();
        #write
        rt::End::Failed(#declared.with(out.finish()))
    }
}

/// ```ignore
/// rated.set(rt::stand_in("{\"entries\":[]}", Rated::read));
/// ```
fn stand_in(
    plan: &EndpointPlan,
    (at, call, names): (usize, &Call, &CallPlan),
    fallback: &Fallback,
    scope: &Scope<'_>,
) -> TokenStream {
    let Some(node) = read_node(plan, call) else {
        return set(plan, (at, call, names), &quote!(Some(())));
    };
    let read = reader::root_reader(plan, node);
    match fallback {
        Fallback::Null => set(plan, (at, call, names), &quote!(Some(rt::Maybe::Null))),
        Fallback::Const(constant) => {
            let json = constant.json();
            set(plan, (at, call, names), &quote!(rt::stand_in(#json, #read)))
        }
        Fallback::Built(build) => {
            let write = answer::sent(build, scope);
            let body = ident(&names.body);
            let set = set(plan, (at, call, names), &quote!(#body.built(out.finish(), #read)));
            quote! {
                let mut out = rt::Writer::new();
                #write
                #set
            }
        }
    }
}
