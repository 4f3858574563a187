//! Operations of backends: declared once, and resolved in every version that calls them.

use super::backends::Backends;
use super::types::Resolver;
use super::versions::Flat;
use crate::contract::types::{Kind, Type};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::schema::Schemas;
use gatewright_grammar::Span;
use gatewright_grammar::tree::{
    self, Backend, BackendMemberKind, CallPart, CallTarget, EndpointMemberKind, Ident, Operation,
    Ref, Value, ValueKind,
};

/// The operations that the block of a backend declares. Of two with one name the first counts.
pub(crate) fn declared(backend: &Backend, diagnostics: &mut Diagnostics) -> Vec<Operation> {
    let mut found: Vec<Operation> = Vec::new();
    for member in &backend.members {
        let BackendMemberKind::Operation(operation) = &member.kind else { continue };
        let name = &operation.name;
        if let Some(first) = found.iter().find(|old| old.name.text == name.text) {
            let what = format!("operation `{}`", name.text);
            diagnostics.push(super::duplicate(&what, name.span, first.name.span));
            continue;
        }
        body_on_get(operation, diagnostics);
        names_of_holes(operation, diagnostics);
        found.push(operation.clone());
    }
    found
}

fn body_on_get(operation: &Operation, diagnostics: &mut Diagnostics) {
    let method = &operation.method.text;
    if let Some(body) = operation.body.as_ref().filter(|_| method == "GET" || method == "HEAD") {
        let message = format!("a {method} request cannot carry a body");
        diagnostics.push(
            Diagnostic::new(Code::BodyOnGet, body.span, message)
                .label("body declared here")
                .note("many servers drop it (RFC 9110 gives it no meaning)")
                .help("declare its fields as values of the query: `?name={name: text}`"),
        );
    }
}

fn names_of_holes(operation: &Operation, diagnostics: &mut Diagnostics) {
    let mut seen: Vec<&Ident> = Vec::new();
    for hole in holes(operation) {
        let Some(name) = hole.name else {
            diagnostics.push(
                Diagnostic::new(Code::InvalidPath, hole.span, "a value of an operation has a name")
                    .label("calls give it by its name")
                    .help("write a name and a type: `{id: uuid}`"),
            );
            continue;
        };
        if let Some(first) = seen.iter().find(|first| first.text == name.text) {
            let what = format!("the value `{}`", name.text);
            diagnostics.push(super::duplicate(&what, name.span, first.span));
        }
        seen.push(name);
    }
}

/// Where a value goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Into a segment of the path.
    Path,
    /// It is a pair of the query alone.
    Pair,
    /// Into a text of the query.
    Text,
}

/// A value that calls of an operation give.
pub(crate) struct Hole<'o> {
    /// Its name; nothing if something else stands there.
    pub(crate) name: Option<&'o Ident>,
    pub(crate) ty: Option<&'o tree::Type>,
    pub(crate) place: Place,
    pub(crate) span: Span,
}

/// The values of an operation, in the order of its text.
pub(crate) fn holes(operation: &Operation) -> Vec<Hole<'_>> {
    let path = &operation.path;
    let mut found: Vec<Hole<'_>> =
        path.segments.iter().flatten().filter_map(|part| hole(part, Place::Path)).collect();
    for parts in path.query.iter().filter_map(|pair| pair.value.as_ref()) {
        let place = if parts.len() == 1 { Place::Pair } else { Place::Text };
        found.extend(parts.iter().filter_map(|part| hole(part, place)));
    }
    found
}

fn hole(part: &CallPart, place: Place) -> Option<Hole<'_>> {
    let CallPart::Hole { value, ty, span, .. } = part else { return None };
    Some(Hole { name: hole_name(value), ty: ty.as_ref(), place, span: *span })
}

/// The name in a hole of an operation.
pub(crate) fn hole_name(value: &Value) -> Option<&Ident> {
    match &value.kind {
        ValueKind::Ref(Ref { of_element: false, steps, projection: None, .. }) => {
            match steps.as_slice() {
                [step] if step.index.is_none() => Some(&step.name),
                _ => None,
            }
        }
        _ => None,
    }
}

/// The operations that a version calls, with their types as this version means them.
#[derive(Debug, Default)]
pub(crate) struct Operations<'a>(Vec<Resolved<'a>>);

/// An operation in one version.
#[derive(Debug)]
pub(crate) struct Resolved<'a> {
    backend: usize,
    pub(crate) tree: &'a Operation,
    /// Nothing if a type of it was refused: who calls it stays silent.
    pub(crate) types: Option<Signature>,
}

/// The types of an operation.
#[derive(Debug)]
pub(crate) struct Signature {
    /// Of every value in a path or query that has one.
    pub(crate) holes: Vec<Type>,
    /// Of the body that is sent.
    pub(crate) body: Option<Type>,
    /// Of the result.
    pub(crate) result: Type,
}

impl Operations<'_> {
    /// The operation `name` of the backend with this index, if the version calls it.
    pub(crate) fn find(&self, backend: usize, name: &str) -> Option<&Resolved<'_>> {
        self.0.iter().find(|one| one.backend == backend && one.tree.name.text == name)
    }

    /// The type of the hole whose type is written at `span`.
    pub(crate) fn hole(&self, span: Span) -> Option<&Type> {
        let holes = self.0.iter().filter_map(|one| one.types.as_ref()).flat_map(|one| &one.holes);
        holes.into_iter().find(|ty| ty.span == span)
    }
}

/// The names of the operations that the endpoints of a version call: backend, operation.
fn called(flat: &Flat) -> Vec<(&str, &str)> {
    let members = flat.endpoints.iter().flat_map(|endpoint| &endpoint.tree.members);
    members
        .filter_map(|member| match &member.kind {
            EndpointMemberKind::Call(call) => match &call.target {
                CallTarget::Operation { name, .. } => {
                    Some((call.backend.text.as_str(), name.text.as_str()))
                }
                CallTarget::Request { .. } => None,
            },
            _ => None,
        })
        .collect()
}

/// Resolves what a version calls. A name that means nothing in it is a finding only then.
pub(crate) fn resolve<'a>(
    backends: &'a Backends,
    flat: &Flat,
    resolver: &mut Resolver<'_>,
) -> Operations<'a> {
    let called = called(flat);
    let mut found = Operations::default();
    for (at, backend) in backends.list.iter().enumerate() {
        for tree in backends.operations(at) {
            if called.contains(&(backend.name.as_str(), tree.name.text.as_str())) {
                let types = signature(tree, resolver);
                found.0.push(Resolved { backend: at, tree, types });
            }
        }
    }
    found
}

fn signature(operation: &Operation, resolver: &mut Resolver<'_>) -> Option<Signature> {
    let holes = holes(operation);
    let typed = holes.iter().filter_map(|hole| hole.ty.map(|ty| (hole, ty)));
    let holes: Vec<Option<Type>> = typed
        .map(|(hole, ty)| {
            let resolved = resolver.ty(ty)?;
            fits_place(hole, &resolved, resolver.diagnostics).then_some(resolved)
        })
        .collect();
    let body = operation.body.as_ref().map(|body| {
        let ty = resolver.ty(body)?;
        if operation.form {
            super::forms::fields(&ty, body.span, resolver)?;
        }
        Some(ty)
    });
    let result = resolver.ty(&operation.result);
    let body = match body {
        Some(body) => Some(body?),
        None => None,
    };
    Some(Signature { holes: holes.into_iter().collect::<Option<Vec<_>>>()?, body, result: result? })
}

/// Whether values of a type have a spelling where they go, or a finding.
fn fits_place(hole: &Hole<'_>, ty: &Type, diagnostics: &mut Diagnostics) -> bool {
    let scalar = |ty: &Type| matches!(ty.kind, Kind::Scalar(_));
    let (fine, wanted) = match hole.place {
        Place::Path => (scalar(ty) && !ty.nullable, "a text, number or boolean in a path"),
        Place::Text => (scalar(ty) && !ty.nullable, "a text, number or boolean in a text"),
        Place::Pair => match &ty.kind {
            Kind::List(element, _) => (scalar(element) && !element.nullable, ""),
            _ => (scalar(ty), "a single value, or a list of them, in a query"),
        },
    };
    if !fine {
        diagnostics.push(
            Diagnostic::new(
                Code::InvalidParameter,
                ty.span,
                "values of this type have no spelling here",
            )
            .label(match wanted {
                "" => "the elements of the list have to be single values".to_owned(),
                wanted => format!("only {wanted} can be sent"),
            })
            .help("send it in the body: `POST /path (Type)`"),
        );
    }
    fine
}

/// Reports operations that nobody calls, and that mean something in no version.
pub(crate) fn uncalled(
    backends: &Backends,
    flats: &[Flat],
    schemas: &Schemas<'_>,
    diagnostics: &mut Diagnostics,
) {
    for (at, backend) in backends.list.iter().enumerate() {
        for operation in backends.operations(at) {
            let name = (backend.name.as_str(), operation.name.text.as_str());
            if flats.iter().any(|flat| called(flat).contains(&name)) {
                continue;
            }
            let tried = flats.iter().map(|flat| {
                let mut own = Diagnostics::default();
                signature(operation, &mut Resolver::new(flat, schemas, &mut own));
                own
            });
            let tried: Vec<Diagnostics> = tried.collect();
            if !tried.is_empty() && tried.iter().all(Diagnostics::has_errors) {
                tried
                    .into_iter()
                    .last()
                    .into_iter()
                    .for_each(|own| diagnostics.inherit(own, |_| None));
            }
        }
    }
}
