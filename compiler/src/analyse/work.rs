//! The work of an endpoint: calls, what is read of results, and the answer.
//!
//! Types drive: what the answer declares decides what is read, and how strictly.

mod blame;
mod build;
mod calls;
mod compatible;
mod condition;
mod each;
mod elements;
mod fallback;
mod form;
mod members;
mod nodes;
mod order;
mod pass;
mod renames;
mod request;
mod returns;
mod scope;
mod stream;
mod untyped;
mod whole;
mod written;

use super::backends::Backends;
use super::endpoints::Errors;
use super::operations::Operations;
use super::signature::{Answers, Request};
use super::variables::{Carrier, Variables};
use super::versions::Origins;
use crate::contract;
use crate::contract::endpoint::Manner;
use crate::contract::types::{Kind, Type, Types};
use crate::contract::work::{Claims, Parent, ReplyValue, Work};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity};
pub(crate) use compatible::{Fit, fit};
use gatewright_grammar::Span;
use gatewright_grammar::tree::{self, EndpointMemberKind, Value};
use nodes::{Allow, Nodes};
pub(crate) use renames::quoted;
pub(crate) use request::rest_not_last;
pub(crate) use scope::Lower;
use std::cell::RefCell;
use written::Written;

/// What the work of an endpoint is lowered against.
pub(crate) struct Context<'a> {
    pub(crate) backends: &'a Backends,
    /// The operations that this version calls.
    pub(crate) operations: &'a Operations<'a>,
    /// The types of results that calls declare themselves, by place.
    pub(crate) results: &'a [(Span, Option<Type>)],
    /// What the gateway reads from its environment.
    pub(crate) variables: &'a RefCell<Variables>,
    pub(crate) errors: &'a Errors,
    pub(crate) origins: &'a Origins,
    /// The version's rank.
    pub(crate) version: usize,
    /// The version's label.
    pub(crate) label: &'a str,
    /// `GET /products/{id}`
    pub(crate) key: &'a str,
    pub(crate) types: &'a Types,
    pub(crate) request: &'a Request,
    pub(crate) answers: &'a Answers,
    pub(crate) endpoint: &'a tree::Endpoint,
}

/// The work behind an endpoint; nothing if a part of it was refused.
pub(crate) fn lower(context: &Context<'_>, diagnostics: &mut Diagnostics) -> Option<Work> {
    if context.answers.manner == Manner::Pass {
        return pass::lower(context, diagnostics);
    }
    let written = all_calls(context, diagnostics)?;
    let all: Vec<(&tree::Call, Span)> = written.iter().map(|one| (&*one.call, one.span)).collect();
    stream::check(context, &all, diagnostics)?;
    let Some(returned) = returns::returned(context, &all, diagnostics) else {
        // What the calls ask has findings of its own.
        Lower::new(context, all, &written, diagnostics).calls();
        return None;
    };
    let replies = replies(context);
    let source = stream::source(context, &all).map(|(_, span)| span);
    stream::check_replies(source, &all, &replies, diagnostics)?;
    let mut needed = order::needed(&all, &returned, &replies);
    all.iter().zip(&mut needed).for_each(|((_, span), needed)| *needed |= Some(*span) == source);
    let (made, idle): (Vec<_>, Vec<_>) =
        all.into_iter().zip(needed).partition(|(_, needed)| *needed);
    let made = made.into_iter().map(|(call, _)| call).collect();
    let mut lower = Lower::new(context, made, &written, diagnostics);
    let answers = lower.answers(&returned);
    let reply = lower.replies(&replies);
    let lowered = lower.calls();
    let whole = lower.ok;
    let Lower { nodes, body, claims, diagnostics, calls: trees, renames, environment, .. } = lower;
    let mut calls = lowered.filter(|_| whole)?;
    stream::mark(source, &mut calls, diagnostics)?;
    order::settle(&mut calls, &trees, &nodes, diagnostics)?;
    fallback::check(&calls, &trees, (&nodes, &context.request.params), diagnostics)?;
    idle.iter().for_each(|((call, _), _)| diagnostics.push(unused(call)));
    let idle: Vec<Span> = idle.iter().map(|((_, span), _)| *span).collect();
    right(context, (&written, &idle), diagnostics)?;
    let rewrites = renames.done;
    let nodes = nodes.finish();
    let mut work = Work { nodes, body, claims, calls, answers, reply, environment, rewrites };
    order::feeds(&mut work);
    Some(work)
}

/// Looks at the calls of an endpoint whose answers were refused. Which errors it may fail with is
/// then not known.
pub(crate) fn calls_alone(context: &Context<'_>, diagnostics: &mut Diagnostics) {
    let mut own = Diagnostics::default();
    if let Some(written) = all_calls(context, &mut own) {
        let all = written.iter().map(|one| (&*one.call, one.span)).collect();
        Lower::new(context, all, &written, &mut own).calls();
    }
    // An error that the first line names and nobody declares is told of there.
    let named = |one: &Diagnostic| {
        context.endpoint.responses.iter().any(|response| match &response.kind {
            tree::RespKind::Type(tree::Type { base: tree::Base::Name(name), .. }) => {
                one.message.contains(&format!("`{}`", name.text))
            }
            _ => false,
        })
    };
    own.take(|one| {
        one.code == Code::UndeclaredFailure || (one.code == Code::UnknownError && named(one))
    });
    diagnostics.join(own);
}

/// Nothing, and findings, if a call that is not made would be wrong: a name that is nowhere stays one.
fn right(
    context: &Context<'_>,
    (written, idle): (&[Written<'_>], &[Span]),
    diagnostics: &mut Diagnostics,
) -> Option<()> {
    if idle.is_empty() {
        return Some(());
    }
    let mut own = Diagnostics::default();
    let all = written.iter().map(|one| (&*one.call, one.span)).collect();
    // A gateway does not ask for variables of calls that it never makes.
    let variables = RefCell::new(context.variables.borrow().clone());
    let context = Context { variables: &variables, ..*context };
    Lower::new(&context, all, written, &mut own).calls();
    own.take(|one| {
        let at = one.primary.span;
        let within =
            |span: &Span| span.file == at.file && (span.start..span.end).contains(&at.start);
        one.severity != Severity::Error || !idle.iter().any(within)
    });
    let right = !own.has_errors();
    diagnostics.join(own);
    right.then_some(())
}

/// The calls of the endpoint; nothing if one of them takes a form that is refused.
fn all_calls<'a>(context: &Context<'a>, diagnostics: &mut Diagnostics) -> Option<Vec<Written<'a>>> {
    let mut found: Vec<(&tree::Call, Span)> = Vec::new();
    let mut written = Vec::new();
    let mut built = callers_named(context, diagnostics);
    for member in &context.endpoint.members {
        let EndpointMemberKind::Call(call) = &member.kind else { continue };
        if let Some(each) = &call.each {
            built &= free(context, &each.element, diagnostics);
        }
        let name = &call.name;
        if ["true", "false", "null"].contains(&name.text.as_str()) {
            diagnostics.push(reserved(name));
            built = false;
        }
        let first = found.iter().find(|(old, _)| old.name.text == name.text && name.text != "_");
        let param = context.request.params.iter().find(|param| param.name == name.text);
        let body = context.request.body.as_ref().filter(|(_, body)| *body == name.text);
        let body = body.and(context.endpoint.body.as_ref()).map(|body| body.span);
        let first = first.map(|(old, _)| old.name.span).or(param.map(|param| param.span)).or(body);
        if let Some(first) = first {
            diagnostics.push(super::duplicate(&format!("`{}`", name.text), name.span, first));
            built = false;
        } else if context.request.known.iter().any(|known| known.name == name.text) {
            diagnostics.push(means_callers(name));
            built = false;
        }
        found.push((call, member.span));
        let one = Written::out(context, call, member.span, diagnostics);
        built &= one.is_some();
        written.extend(one);
    }
    built.then_some(written)
}

/// Whether no part of the request has the name of a way to say who calls, or a finding.
fn callers_named(context: &Context<'_>, diagnostics: &mut Diagnostics) -> bool {
    let request = context.request;
    let params = request.params.iter().map(|param| (&param.name, param.span));
    let body = request.body.iter().map(|(body, name)| (name, body.ty.span));
    let mut clear = true;
    for (text, span) in params.chain(body) {
        if request.known.iter().any(|known| known.name == *text) {
            diagnostics.push(means_callers(&tree::Ident { text: text.clone(), span }));
            clear = false;
        }
    }
    clear
}

/// A name that means whoever calls.
fn means_callers(name: &tree::Ident) -> Diagnostic {
    let message = format!("`{}` is what is known of whoever calls", name.text);
    Diagnostic::new(Code::DuplicateName, name.span, message)
        .label("this name is taken")
        .help("choose another name")
}

/// A name that means a value everywhere.
pub(crate) fn reserved(name: &tree::Ident) -> Diagnostic {
    let message = format!("`{}` is a value of the language", name.text);
    Diagnostic::new(Code::DuplicateName, name.span, message)
        .label("this name is taken")
        .help("choose another name")
}

/// Whether the name of an element means nothing else yet, or a finding.
fn free(context: &Context<'_>, name: &tree::Ident, diagnostics: &mut Diagnostics) -> bool {
    if ["true", "false", "null"].contains(&name.text.as_str()) {
        diagnostics.push(reserved(name));
        return false;
    }
    let calls = context.endpoint.members.iter().find_map(|member| match &member.kind {
        EndpointMemberKind::Call(call) if call.name.text == name.text => Some(call.name.span),
        _ => None,
    });
    let request = context.request;
    let param = request.params.iter().find(|param| param.name == name.text);
    let body = request.body.as_ref().filter(|(_, body)| *body == name.text);
    let body = body.and(context.endpoint.body.as_ref()).map(|body| body.span);
    let first = calls.or(param.map(|param| param.span)).or(body);
    if let Some(first) = first {
        diagnostics.push(super::duplicate(&format!("`{}`", name.text), name.span, first));
    }
    first.is_none()
}

fn replies<'a>(context: &Context<'a>) -> Vec<Reply<'a>> {
    let members = context.endpoint.members.iter();
    let replies = members.filter_map(|member| match &member.kind {
        EndpointMemberKind::Reply { name, ty, value } => Some((name, ty.is_some(), value)),
        _ => None,
    });
    let mut types = context.answers.replies.iter();
    replies
        .map(|(name, typed, value)| {
            let ty = if typed { types.next() } else { None };
            Reply { name, ty, value }
        })
        .collect()
}

/// `reply header Location = "/v2/orders/{order.id}"`
struct Reply<'a> {
    name: &'a tree::Ident,
    ty: Option<&'a Type>,
    value: &'a Value,
}

fn unused(call: &tree::Call) -> Diagnostic {
    let name = &call.name;
    Diagnostic::new(Code::UnusedCall, name.span, format!("nobody needs `{}`", name.text))
        .label("the call is not made")
        .note("a GET is made for its result only")
        .help("use the result in `return`, or delete the call")
}

impl Lower<'_, '_> {
    /// The header fields of the answer.
    fn replies(&mut self, replies: &[Reply<'_>]) -> Vec<contract::work::Reply> {
        let mut lowered = Vec::new();
        for Reply { name, ty, value } in replies {
            self.ok &= super::signature::is_header_name(name, self.diagnostics);
            self.origin = self.context.origins.of(value.span);
            let value = self.carried(Carrier::Field, |this| {
                this.within("a header of the answer", |this| match ty {
                    None => this.text(value).map(ReplyValue::Text),
                    Some(ty) => this.typed(ty, value),
                })
            });
            self.ok &= value.is_some();
            let name = name.text.clone();
            lowered.extend(value.map(|value| contract::work::Reply { name, value }));
        }
        lowered
    }

    /// The value of a header field that has a type.
    fn typed(&mut self, ty: &Type, value: &Value) -> Option<ReplyValue> {
        if !matches!(ty.kind, Kind::Scalar(_)) {
            self.refuse(
                Diagnostic::new(Code::InvalidHeader, ty.span, "this has no spelling in a header")
                    .label("a header field of an answer is a text, number or boolean"),
            );
            return None;
        }
        let allow = Allow { absent: ty.nullable, null: ty.nullable };
        let build = self.build(value, ty, allow)?;
        let nullable = ty.nullable;
        Some(ReplyValue::Typed { build, ty: Some(Box::new(ty.clone())), nullable })
    }
}

/// The nodes of what is known of whoever calls.
fn claims(context: &Context<'_>, nodes: &mut Nodes<'_>) -> Vec<Claims> {
    let known = context.request.known.iter().enumerate();
    let claims = known.map(|(at, known)| Claims {
        name: known.name.clone(),
        scheme: known.scheme,
        node: nodes.declare(Parent::Claims(at), &known.ty),
    });
    claims.collect()
}

/// The nodes of what callers send.
fn body_node(context: &Context<'_>, nodes: &mut Nodes<'_>) -> Option<crate::contract::NodeId> {
    let (body, _) = context.request.body.as_ref()?;
    Some(nodes.declare(Parent::Body, &body.ty))
}
