//! What callers get: statuses, types, declared errors.

use crate::analyse::endpoints::Errors;
use crate::analyse::types::Resolver;
use crate::analyse::versions::FlatEndpoint;
use crate::contract::endpoint::{Manner, Success};
use crate::contract::types::Type;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::suggest;
use gatewright_grammar::Span;
use gatewright_grammar::tree::{self, Base, EndpointMemberKind, Ident, RespKind};

/// The answer side of an endpoint.
#[derive(Debug)]
pub(crate) struct Answers {
    pub(crate) manner: Manner,
    pub(crate) success: Vec<Success>,
    pub(crate) errors: Vec<usize>,
    /// The types of header fields that have one, in the order of the text.
    pub(crate) replies: Vec<Type>,
}

/// What an endpoint answers; nothing if a part of it was refused.
pub(crate) fn answers(
    flat: &FlatEndpoint,
    errors: &Errors,
    resolver: &mut Resolver<'_>,
) -> Option<Answers> {
    let endpoint = &*flat.tree;
    if let Some(pass) = endpoint.responses.iter().find(|one| one.kind == RespKind::Pass) {
        // Callers read in its documentation what they cannot read in a type.
        if flat.doc.is_none() {
            resolver.diagnostics.push(promises_nothing(pass.span));
        }
        return passed(endpoint, pass.span, errors, resolver);
    }
    let mut success: Vec<Success> = Vec::new();
    let mut declared = Vec::new();
    for response in &endpoint.responses {
        if let RespKind::Type(ty) = &response.kind
            && let Some(at) = problem(ty, errors)
        {
            declared.push(at);
            continue;
        }
        let one = one_answer(endpoint, response, errors, resolver)?;
        if let Some(first) = success.iter().find(|other| other.status == one.status) {
            let message = format!("status {} is declared twice", one.status);
            resolver.diagnostics.push(
                Diagnostic::new(Code::InvalidStatus, one.span, message)
                    .label("callers tell answers apart by their status")
                    .see(first.span, "declared here first")
                    .help("give one of them another status, or make them one type"),
            );
            return None;
        }
        success.push(one);
    }
    if success.is_empty() {
        resolver.diagnostics.push(
            Diagnostic::new(
                Code::InvalidStatus,
                endpoint.signature,
                "an endpoint that only fails is of no use",
            )
            .label("every answer here is an error")
            .help("say what success is: `-> Product | NotFound`, or `-> 204 | NotFound`"),
        );
        return None;
    }
    let manner = manner(endpoint, &success, resolver)?;
    let replies = replies(endpoint, resolver)?;
    Some(Answers { manner, success, errors: declared, replies })
}

/// Whether the answer is a stream: then it is the only success, since a caller who waits for items
/// cannot be told of another in between.
fn manner(
    endpoint: &tree::Endpoint,
    success: &[Success],
    resolver: &mut Resolver<'_>,
) -> Option<Manner> {
    let streams = |one: &&tree::Resp| matches!(one.kind, RespKind::Stream(..));
    let Some(stream) = endpoint.responses.iter().find(streams) else { return Some(Manner::Whole) };
    let Some(other) = success.iter().find(|one| one.span != stream.span) else {
        return Some(Manner::Stream);
    };
    resolver.diagnostics.push(
        Diagnostic::new(
            Code::InvalidStream,
            other.span,
            "a stream is the only success of its endpoint",
        )
        .label("only declared errors can stand beside it")
        .see(stream.span, "the stream")
        .help("delete it, make it an error, or give it an endpoint of its own"),
    );
    None
}

/// The answers of an endpoint that passes requests on: declared errors may stand beside it.
fn passed(
    endpoint: &tree::Endpoint,
    pass: Span,
    errors: &Errors,
    resolver: &mut Resolver<'_>,
) -> Option<Answers> {
    for response in endpoint.responses.iter().filter(|one| one.kind != RespKind::Pass) {
        let ty = match &response.kind {
            RespKind::Type(ty) => Some(ty),
            _ => None,
        };
        if ty.is_some_and(|ty| problem(ty, errors).is_some()) {
            continue;
        }
        if let Some(ty) = ty {
            known(ty, endpoint, errors, resolver)?;
        }
        resolver.diagnostics.push(
            Diagnostic::new(
                Code::InvalidPass,
                response.span,
                "an answer that is passed on has no other form",
            )
            .label("only declared errors can stand beside `pass`")
            .see(pass, "any status, any body")
            .help("delete it, or write it in place of `pass`"),
        );
        return None;
    }
    let errors = declared(endpoint, errors).errors;
    Some(Answers { manner: Manner::Pass, success: Vec::new(), errors, replies: Vec::new() })
}

fn promises_nothing(pass: Span) -> Diagnostic {
    Diagnostic::new(Code::PassPromisesNothing, pass, "callers are promised nothing here")
        .label("any status, any body, whatever the backend sends")
        .help("declare a type, if callers read what is answered")
        .help("or say above the endpoint what comes, for people: `/// A picture, as it was uploaded.`")
}

fn replies(endpoint: &tree::Endpoint, resolver: &mut Resolver<'_>) -> Option<Vec<Type>> {
    let types = endpoint.members.iter().filter_map(|member| match &member.kind {
        EndpointMemberKind::Reply { ty, .. } => ty.as_ref(),
        _ => None,
    });
    let resolved: Vec<Option<Type>> = types.map(|ty| resolver.ty(ty)).collect();
    resolved.into_iter().collect()
}

/// What is known of refused answers: the errors among them.
pub(crate) fn declared(endpoint: &tree::Endpoint, errors: &Errors) -> Answers {
    let problems = endpoint.responses.iter().filter_map(|response| match &response.kind {
        RespKind::Type(ty) => problem(ty, errors),
        _ => None,
    });
    let success = vec![Success { status: 204, ty: None, span: endpoint.signature }];
    let errors = problems.collect();
    Answers { manner: Manner::Whole, success, errors, replies: Vec::new() }
}

fn problem(ty: &tree::Type, errors: &Errors) -> Option<usize> {
    match &ty.base {
        Base::Name(name) if ty.limits.is_empty() => errors.by_name(&name.text),
        _ => None,
    }
}

fn one_answer(
    endpoint: &tree::Endpoint,
    response: &tree::Resp,
    errors: &Errors,
    resolver: &mut Resolver<'_>,
) -> Option<Success> {
    let span = response.span;
    match &response.kind {
        RespKind::Pass => None,
        RespKind::Stream(_, None) => {
            resolver.diagnostics.push(
                Diagnostic::new(Code::InvalidStream, span, "a stream of what?")
                    .label("no type is declared")
                    .help("say what an item is: `-> stream Tick`"),
            );
            None
        }
        RespKind::Stream(None, Some(ty)) | RespKind::Type(ty) => {
            known(ty, endpoint, errors, resolver)?;
            let ty = resolver.ty(ty)?;
            Some(Success { status: 200, ty: Some(ty), span })
        }
        RespKind::Status(number, ty) | RespKind::Stream(Some(number), ty) => {
            let status = number.text.parse::<u16>().unwrap_or(0);
            if !(200..=299).contains(&status) {
                resolver.diagnostics.push(
                    Diagnostic::new(
                        Code::InvalidStatus,
                        number.span,
                        format!("{} is not a status of success", number.text),
                    )
                    .label("success is 200 to 299")
                    .help(format!(
                        "declare an error: `error NotFound {} \"…\"` and answer `| NotFound`",
                        number.text
                    )),
                );
                return None;
            }
            if (status == 204 || status == 205)
                && let Some(ty) = ty
            {
                resolver.diagnostics.push(
                    Diagnostic::new(
                        Code::InvalidStatus,
                        ty.span,
                        format!("an answer with status {status} has no body"),
                    )
                    .label("this can never be sent")
                    .help("answer 200, or leave the type out"),
                );
                return None;
            }
            let ty = match ty {
                Some(ty) => Some(resolver.ty(ty)?),
                None => None,
            };
            Some(Success { status, ty, span })
        }
    }
}

/// A name that is neither type nor error may be meant as either.
fn known(
    ty: &tree::Type,
    endpoint: &tree::Endpoint,
    errors: &Errors,
    resolver: &mut Resolver<'_>,
) -> Option<()> {
    let Base::Name(name) = &ty.base else { return Some(()) };
    let first = endpoint.responses.first().is_some_and(|response| response.span.contains(ty.span));
    if first || resolver.knows(&name.text) {
        return Some(());
    }
    if errors.is_refused(&name.text) {
        return None;
    }
    if let Some(diagnostic) = resolver.removed(name, ("error", Code::UnknownError)) {
        resolver.diagnostics.push(diagnostic);
        return None;
    }
    let message = format!("there is no type or error called `{}`", name.text);
    let diagnostic = Diagnostic::new(Code::UnknownError, name.span, message);
    let known = errors.names().chain(resolver.names());
    resolver.diagnostics.push(match suggest::closest(&name.text, known) {
        Some(other) => diagnostic.label(format!("did you mean `{other}`?")).fix(
            format!("write `{other}`"),
            name.span,
            other,
        ),
        None if name.text.contains('.') => diagnostic.label("not declared"),
        None => diagnostic
            .label("not declared")
            .help(format!("declare it: `error {} 404 \"What it means\"`", name.text)),
    });
    None
}

/// The error called `name`, as an index, or nothing and a finding.
pub(crate) fn error_named(
    name: &Ident,
    errors: &Errors,
    diagnostics: &mut Diagnostics,
) -> Option<usize> {
    let found = errors.by_name(&name.text);
    if found.is_none() && !errors.is_refused(&name.text) {
        let message = format!("there is no error called `{}`", name.text);
        let diagnostic = Diagnostic::new(Code::UnknownError, name.span, message);
        diagnostics.push(match suggest::closest(&name.text, errors.names()) {
            Some(other) => diagnostic.meant(name.span, other),
            None if name.text.contains('.') => diagnostic.label("not declared"),
            None => diagnostic
                .label("not declared")
                .help(format!("declare it: `error {} 404 \"What it means\"`", name.text)),
        });
    }
    found
}
