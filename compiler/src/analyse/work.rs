//! The work of an endpoint: calls, what is read of results, and the answer.
//!
//! Types drive: what the answer declares decides what is read, and how strictly.

mod build;
mod calls;
mod compatible;
mod condition;
mod fallback;
mod members;
mod nodes;
mod order;
mod request;
mod scope;
mod untyped;

use super::backends::Backends;
use super::signature::{Answers, Request};
use super::versions::Origins;
use crate::contract::Problem;
use crate::contract::types::Types;
use crate::contract::work::{Parent, Work};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity};
pub(crate) use compatible::{Fit, fit};
use gatewright_grammar::Span;
use gatewright_grammar::tree::{self, EndpointMemberKind, Value};
use nodes::{Allow, Nodes};
pub(crate) use scope::Lower;

/// What the work of an endpoint is lowered against.
pub(crate) struct Context<'a> {
    pub(crate) backends: &'a Backends,
    pub(crate) errors: &'a [Problem],
    pub(crate) origins: &'a Origins,
    /// The version's index.
    pub(crate) version: usize,
    pub(crate) types: &'a Types,
    pub(crate) request: &'a Request,
    pub(crate) answers: &'a Answers,
    pub(crate) endpoint: &'a tree::Endpoint,
}

/// The work behind an endpoint; nothing if a part of it was refused or is not built.
pub(crate) fn lower(context: &Context<'_>, diagnostics: &mut Diagnostics) -> Option<Work> {
    let all = all_calls(context, diagnostics)?;
    let returned = returned(context, &all, diagnostics)?;
    let replies = replies(context);
    let needed = order::needed(&all, returned.as_ref(), &replies);
    unused(&all, &needed, diagnostics);
    let calls = all.into_iter().zip(needed).filter(|(_, needed)| *needed).map(|(call, _)| call);
    let mut lower = Lower::new(context, calls.collect(), diagnostics);
    let answer = lower.answer(returned.as_ref());
    let mut reply = Vec::new();
    for (name, value) in replies {
        let text = lower.text(value, "a header of the answer");
        lower.ok &= text.is_some();
        reply.extend(text.map(|text| (name.text.clone(), text)));
    }
    let lowered = lower.calls();
    let whole = lower.ok && lowered.is_some();
    let Lower { nodes, body, diagnostics, .. } = lower;
    let mut calls = lowered.unwrap_or_default();
    if !whole || order::settle(&mut calls, &nodes, diagnostics).is_none() {
        return None;
    }
    fallback::check(&calls, &nodes, diagnostics)?;
    let mut work = Work { nodes: nodes.finish(), body, calls, answer, reply };
    order::feeds(&mut work);
    Some(work)
}

/// The calls of the endpoint; nothing if one of them takes a form that is not built.
fn all_calls<'a>(
    context: &Context<'a>,
    diagnostics: &mut Diagnostics,
) -> Option<Vec<(&'a tree::Call, Span)>> {
    let mut found: Vec<(&tree::Call, Span)> = Vec::new();
    let mut built = true;
    for member in &context.endpoint.members {
        let EndpointMemberKind::Call(call) = &member.kind else { continue };
        if let Some((what, span)) = form(call) {
            diagnostics.push(
                super::not_yet(span, what, Severity::Warning)
                    .note("the endpoint is left out of the gateway"),
            );
            built = false;
        }
        if let Some(cache) = &call.cache {
            diagnostics.push(
                super::not_yet(cache.span, "`cache` of a call", Severity::Warning)
                    .note("the call is made for every request"),
            );
        }
        let name = &call.name;
        let first = found.iter().find(|(old, _)| old.name.text == name.text && name.text != "_");
        let param = context.request.params.iter().find(|param| param.name == name.text);
        let first = first.map(|(old, _)| old.name.span).or(param.map(|param| param.span));
        if let Some(first) = first {
            diagnostics.push(super::duplicate(&format!("`{}`", name.text), name.span, first));
            built = false;
        }
        found.push((call, member.span));
    }
    built.then_some(found)
}

/// A form of calls that is not built.
fn form(call: &tree::Call) -> Option<(&'static str, Span)> {
    if let Some(each) = &call.each {
        return Some(("`each`", each.span));
    }
    if let tree::CallTarget::Operation { name, .. } = &call.target {
        return Some(("calling a declared operation", name.span));
    }
    call.ty.as_ref().map(|ty| ("the type of a result", ty.span))
}

/// What the endpoint returns: what it says, or the result of its only call.
enum Returned<'a> {
    Said(&'a Value),
    Result(&'a tree::Call),
}

fn returned<'a>(
    context: &Context<'a>,
    calls: &[(&'a tree::Call, Span)],
    diagnostics: &mut Diagnostics,
) -> Option<Option<Returned<'a>>> {
    let mut said: Option<(&Value, Span)> = None;
    for member in &context.endpoint.members {
        let EndpointMemberKind::Return { status, value, when } = &member.kind else { continue };
        let second = said.is_some() || when.is_some();
        let other = status.as_ref().is_some_and(|status| {
            status.text.parse::<u16>().ok() != Some(context.answers.success.status)
        });
        if second || other {
            diagnostics.push(
                super::not_yet(member.span, "choosing between several answers", Severity::Warning)
                    .note("the endpoint is left out of the gateway"),
            );
            return None;
        }
        said = Some((value, member.span));
    }
    match (&context.answers.success.ty, said, calls) {
        (Some(_), Some((value, _)), _) => Some(Some(Returned::Said(value))),
        (Some(_), None, [(call, _)]) if call.name.text != "_" => Some(Some(Returned::Result(call))),
        (None, None, _) => Some(None),
        (None, Some((_, span)), _) => {
            diagnostics.push(
                Diagnostic::new(
                    Code::TypeMismatch,
                    span,
                    format!(
                        "an answer with status {} has no body here",
                        context.answers.success.status
                    ),
                )
                .label("nothing is declared that this could be")
                .help("declare the type behind `->`, or delete this line"),
            );
            None
        }
        (Some(_), None, _) => {
            diagnostics.push(
                Diagnostic::new(
                    Code::MissingReturn,
                    context.endpoint.signature,
                    "this endpoint does not say what it returns",
                )
                .label("an answer with a body is declared")
                .help("add `return { … }`; an endpoint with one call may leave it out"),
            );
            None
        }
    }
}

fn replies<'a>(context: &Context<'a>) -> Vec<(&'a tree::Ident, &'a Value)> {
    let members = context.endpoint.members.iter();
    members
        .filter_map(|member| match &member.kind {
            EndpointMemberKind::Reply { name, value, .. } => Some((name, value)),
            _ => None,
        })
        .collect()
}

fn unused(calls: &[(&tree::Call, Span)], needed: &[bool], diagnostics: &mut Diagnostics) {
    for ((call, _), _) in calls.iter().zip(needed).filter(|(_, needed)| !**needed) {
        let name = &call.name;
        diagnostics.push(
            Diagnostic::new(Code::UnusedCall, name.span, format!("nobody needs `{}`", name.text))
                .label("the call is not made")
                .note("a GET is made for its result only")
                .help("use the result in `return`, or delete the call"),
        );
    }
}

impl Lower<'_, '_> {
    /// The body of the answer.
    fn answer(&mut self, returned: Option<&Returned<'_>>) -> Option<crate::contract::Build> {
        let ty = self.context.answers.success.ty.clone()?;
        let allow = Allow { absent: false, null: ty.nullable };
        let built = match returned? {
            Returned::Said(value) => {
                self.origin = self.context.origins.of(value.span);
                self.build(value, &ty, allow)
            }
            Returned::Result(call) => {
                self.origin = self.context.origins.of(call.name.span);
                let at = self.calls.iter().position(|(other, _)| std::ptr::eq(*other, *call))?;
                let root = self.result(at);
                self.reach(root, allow, call.name.span)
                    .and_then(|()| self.project(root, None, None, &ty, call.name.span))
            }
        };
        self.ok &= built.is_some();
        built
    }
}

/// The nodes of what callers send.
fn body_node(context: &Context<'_>, nodes: &mut Nodes) -> Option<crate::contract::NodeId> {
    let (body, _) = context.request.body.as_ref()?;
    Some(nodes.declare(Parent::Body, &body.ty, context.types))
}
