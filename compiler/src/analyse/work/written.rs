//! Calls as they are lowered: those of operations written out, and what is declared of each.

use super::Context;
use super::calls::unknown_backend;
use crate::analyse::operations::{Hole, Place, Resolved, hole_name, holes};
use crate::analyse::values;
use crate::contract::types::Type;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::suggest;
use gatewright_grammar::Span;
use gatewright_grammar::tree::{
    self, Call, CallPart, CallPath, CallTarget, EndpointMemberKind, Ident, Ref, Step, Value,
    ValueKind,
};
use std::borrow::Cow;

/// A call, with method and path even if it is one of an operation.
pub(crate) struct Written<'a> {
    pub(crate) call: Cow<'a, Call>,
    /// Where it stands.
    pub(crate) span: Span,
    /// The type of its result, and the version whose names its fields have on the wire.
    pub(crate) result: Option<(&'a Type, usize)>,
    /// The operation that it is one of.
    pub(crate) operation: Option<&'a Resolved<'a>>,
}

impl<'a> Written<'a> {
    /// The call at `span` written out; nothing if a part of it was refused.
    pub(crate) fn out(
        context: &Context<'a>,
        call: &'a Call,
        span: Span,
        diagnostics: &mut Diagnostics,
    ) -> Option<Self> {
        let CallTarget::Operation { name, arguments } = &call.target else {
            untyped_holes(call, diagnostics)?;
            let result = match &call.ty {
                None => None,
                Some(ty) => {
                    let found = context.results.iter().find(|(span, _)| *span == ty.span);
                    Some((found?.1.as_ref()?, context.origins.of(ty.span)))
                }
            };
            return Some(Self { call: Cow::Borrowed(call), span, result, operation: None });
        };
        let operation = operation(context, call, name, diagnostics)?;
        if let Some(ty) = &call.ty {
            diagnostics.push(typed_twice(call, ty, operation.tree));
            return None;
        }
        let types = operation.types.as_ref()?;
        let path = substituted(context, call, (operation.tree, arguments), diagnostics)?;
        let method = operation.tree.method.clone();
        let call = Call { target: CallTarget::Request { method, path }, ..call.clone() };
        let result = Some((&types.result, context.origins.of(operation.tree.name.span)));
        Some(Self { call: Cow::Owned(call), span, result, operation: Some(operation) })
    }
}

/// Types stand in the holes of operations; elsewhere a value has the type it has.
fn untyped_holes(call: &Call, diagnostics: &mut Diagnostics) -> Option<()> {
    let CallTarget::Request { path, .. } = &call.target else { return Some(()) };
    let pairs = path.query.iter().filter_map(|pair| pair.value.as_ref()).flatten();
    let typed = path.segments.iter().flatten().chain(pairs).find_map(|part| match part {
        CallPart::Hole { ty: Some(ty), value, .. } => Some((ty, value)),
        _ => None,
    });
    let Some((ty, value)) = typed else { return Some(()) };
    let colon = Span { start: value.span.end, end: ty.span.end, ..ty.span };
    diagnostics.push(
        Diagnostic::new(Code::UnexpectedText, ty.span, "the type of this value is known already")
            .label("types stand in the operations of backends")
            .fix("delete it", colon, ""),
    );
    None
}

fn operation<'a>(
    context: &Context<'a>,
    call: &Call,
    name: &Ident,
    diagnostics: &mut Diagnostics,
) -> Option<&'a Resolved<'a>> {
    let Some(at) = context.backends.by_name(&call.backend.text) else {
        diagnostics.push(unknown_backend(context.backends, &call.backend));
        return None;
    };
    if let Some(found) = context.operations.find(at, &name.text) {
        return Some(found);
    }
    let backend = &call.backend.text;
    let message = format!("backend `{backend}` has no operation `{}`", name.text);
    let diagnostic = Diagnostic::new(Code::UnknownOperation, name.span, message);
    let all = context.backends.operations(at);
    let other = suggest::closest(&name.text, all.iter().map(|one| one.name.text.as_str()));
    let declared = all.iter().find(|one| Some(one.name.text.as_str()) == other);
    diagnostics.push(match declared {
        Some(other) => diagnostic
            .label(format!("did you mean `{}`?", other.name.text))
            .see(other.name.span, "declared here")
            .fix(format!("write `{}`", other.name.text), name.span, other.name.text.clone()),
        None => diagnostic
            .label("not declared")
            .help(format!(
                "declare it in the backend: `{} = GET /path/{{id: text}} -> Type`",
                name.text
            ))
            .help(format!(
                "or write method and path here: `{} = {backend} GET /path`",
                call.name.text
            )),
    });
    None
}

fn typed_twice(call: &Call, ty: &tree::Type, operation: &tree::Operation) -> Diagnostic {
    let name = format!("{}.{}", call.backend.text, operation.name.text);
    let message = format!("`{name}` says already what it answers");
    let clause = Span { start: call.name.span.end, end: ty.span.end, ..ty.span };
    Diagnostic::new(Code::InvalidClause, ty.span, message)
        .label("said again")
        .see(operation.result.span, "said here")
        .fix("delete it", clause, "")
}

/// The path of an operation with the values of a call in it.
fn substituted(
    context: &Context<'_>,
    call: &Call,
    (operation, arguments): (&tree::Operation, &[(Ident, Value)]),
    diagnostics: &mut Diagnostics,
) -> Option<CallPath> {
    let holes = holes(operation);
    let title = format!("{}.{}", call.backend.text, operation.name.text);
    let mut whole = unknown_arguments(&title, (operation, &holes), arguments, diagnostics);
    let mut values: Vec<(&str, Option<Value>)> = Vec::new();
    for hole in &holes {
        let name = hole.name?;
        let given = arguments.iter().find(|(other, _)| other.text == name.text);
        let optional = hole.place == Place::Pair && hole.ty.is_some_and(|ty| ty.nullable);
        let value = match given {
            Some((_, value)) => Some(value.clone()),
            None if in_scope(context, call, &name.text) => Some(implied(call, name)),
            None if optional => None,
            None => {
                diagnostics.push(missing_argument(context, call, (&title, operation), hole));
                whole = false;
                None
            }
        };
        values.push((&name.text, value));
    }
    whole.then(|| fill(&operation.path, &values))
}

/// Reports arguments that are given twice or that the operation has no place for. True if there
/// are none.
fn unknown_arguments(
    title: &str,
    (operation, holes): (&tree::Operation, &[Hole<'_>]),
    arguments: &[(Ident, Value)],
    diagnostics: &mut Diagnostics,
) -> bool {
    let mut fine = true;
    let known = || holes.iter().filter_map(|hole| hole.name).map(|name| name.text.as_str());
    for (at, (name, _)) in arguments.iter().enumerate() {
        let first = arguments.iter().take(at).find(|(other, _)| other.text == name.text);
        if let Some((first, _)) = first {
            let what = format!("the argument `{}`", name.text);
            diagnostics.push(
                Diagnostic::new(Code::DuplicateName, name.span, format!("{what} is given twice"))
                    .label("given again")
                    .see(first.span, "first given here")
                    .help("delete one of them"),
            );
            fine = false;
        }
        if known().any(|other| other == name.text) {
            continue;
        }
        fine = false;
        let message = format!("`{title}` takes no `{}`", name.text);
        let diagnostic = Diagnostic::new(Code::UnknownArgument, name.span, message);
        let listed: Vec<String> = known().map(|name| format!("`{name}`")).collect();
        let takes = match listed.as_slice() {
            [] => "it takes no values".to_owned(),
            listed => format!("it takes {}", listed.join(", ")),
        };
        diagnostics.push(match suggest::closest(&name.text, known()) {
            Some(other) => diagnostic
                .label(format!("did you mean `{other}`?"))
                .see(operation.path.span, takes)
                .fix(format!("write `{other}`"), name.span, other),
            None => diagnostic
                .label("nothing of this name is in its path or query")
                .see(operation.path.span, takes),
        });
    }
    fine
}

/// Whether `name` means something where `call` stands.
fn in_scope(context: &Context<'_>, call: &Call, name: &str) -> bool {
    let param = context.request.params.iter().any(|param| param.name == name);
    let body = context.request.body.as_ref().is_some_and(|(_, body)| body == name);
    let element = call.each.as_ref().is_some_and(|each| each.element.text == name);
    let other = context.endpoint.members.iter().any(|member| match &member.kind {
        EndpointMemberKind::Call(other) => other.name.text == name && other.name != call.name,
        _ => false,
    });
    let known = context.request.known.iter().any(|known| known.name == name);
    param || body || element || other || known
}

/// The value that has the name of a hole, as if it were written behind the operation's name.
fn implied(call: &Call, name: &Ident) -> Value {
    let span = match &call.target {
        CallTarget::Operation { name, .. } => name.span,
        CallTarget::Request { .. } => call.backend.span,
    };
    let step = Step { name: Ident { text: name.text.clone(), span }, index: None };
    let reference = Ref { of_element: false, steps: vec![step], projection: None, span };
    Value { kind: ValueKind::Ref(reference), span }
}

fn missing_argument(
    context: &Context<'_>,
    call: &Call,
    (title, operation): (&str, &tree::Operation),
    hole: &Hole<'_>,
) -> Diagnostic {
    let name = hole.name.map_or("", |name| name.text.as_str());
    let span = match &call.target {
        CallTarget::Operation { name, .. } => name.span,
        CallTarget::Request { .. } => call.backend.span,
    };
    let wanted = hole.ty.and_then(|ty| context.operations.hole(ty.span));
    let wanted = wanted.map(|ty| format!(": {}", values::spelling(ty, context.types)));
    let needs = format!("`{{{name}{}}}` is needed here", wanted.unwrap_or_default());
    let param = suggest::closest(name, context.request.params.iter().map(|one| one.name.as_str()));
    let only = match context.request.params.as_slice() {
        [only] => Some(only.name.as_str()),
        _ => None,
    };
    let value = param.or(only).unwrap_or("…");
    Diagnostic::new(Code::MissingArgument, span, format!("`{title}` needs `{name}`"))
        .label(format!("no argument gives it, and nothing named `{name}` is in scope"))
        .see(hole.name.map_or(operation.path.span, |name| name.span), needs)
        .help(format!("give it: `{title}({name}: {value})`"))
}

/// `path` with values in its holes. A pair whose value is left out is dropped.
fn fill(path: &CallPath, values: &[(&str, Option<Value>)]) -> CallPath {
    let part = |part: &CallPart| -> Option<CallPart> {
        let CallPart::Hole { value, ty, rest, .. } = part else { return Some(part.clone()) };
        let name = hole_name(value)?;
        let given = values.iter().find(|(other, _)| *other == name.text)?.1.clone()?;
        Some(CallPart::Hole { span: given.span, value: given, ty: ty.clone(), rest: *rest })
    };
    let parts = |parts: &Vec<CallPart>| parts.iter().map(part).collect::<Option<Vec<_>>>();
    let pair = |pair: &tree::Pair| -> Option<tree::Pair> {
        let value = match &pair.value {
            Some(value) => Some(parts(value)?),
            None => None,
        };
        Some(tree::Pair { value, ..pair.clone() })
    };
    CallPath {
        segments: path.segments.iter().filter_map(parts).collect(),
        query: path.query.iter().filter_map(pair).collect(),
        span: path.span,
    }
}
