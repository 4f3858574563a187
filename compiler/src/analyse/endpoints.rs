//! One version: types, errors, endpoints and the work behind them.

use super::access::{self, Known, Schemes};
use super::clauses::{Held, Level};
use super::declare::Api;
use super::limits::{self, Callers};
use super::operations::{self, Operations};
use super::policies::Policies;
use super::routes::{self, Route};
use super::signature;
use super::types::Resolver;
use super::variables::Variables;
use super::versions::{Flat, FlatEndpoint, FlatField, Origins, order};
use super::{backends::Backends, claims, clauses, deprecated, edits, reuse, terms, work};
use crate::check::{self, Places};
use crate::contract::endpoint::Manner;
use crate::contract::terms::Access;
use crate::contract::types::{Const, Type, Types};
use crate::contract::work::{Build, Reply, ReplyValue};
use crate::contract::{Caller, Endpoint, Problem, Selection, Terms, Version, Work};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::schema::Schemas;
use crate::source::Sources;
use gatewright_grammar::Span;
use gatewright_grammar::tree::{ClauseKind, EndpointMemberKind, ErrorDecl};
use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

/// What every version of a contract shares.
pub(crate) struct Surroundings<'a> {
    pub(crate) sources: &'a Sources,
    pub(crate) schemas: &'a Schemas<'a>,
    pub(crate) api: &'a Api,
    pub(crate) backends: &'a Backends,
    pub(crate) origins: &'a Origins,
    pub(crate) policies: &'a Policies,
    pub(crate) selection: &'a Selection,
    /// How callers can say who they are.
    pub(crate) schemes: &'a Schemes,
    /// Only what callers are promised is known: no work is looked for.
    pub(crate) promised: bool,
    /// Every version.
    pub(crate) flats: &'a [Flat],
}

impl<'a> Surroundings<'a> {
    fn levels(&self) -> Levels<'a> {
        Levels { api: self.api, origins: self.origins, policies: self.policies }
    }

    fn announced(&self, flat: &'a Flat) -> deprecated::Around<'a> {
        let notice = self.api.notice.as_ref();
        deprecated::Around { notice, flats: self.flats, flat, alone: self.promised }
    }
}

/// What clauses come from, beside a version.
#[derive(Clone, Copy)]
pub(crate) struct Levels<'a> {
    pub(crate) api: &'a Api,
    pub(crate) origins: &'a Origins,
    pub(crate) policies: &'a Policies,
}

/// A version with everything resolved. What is refused is not in it.
pub(crate) fn version(
    around: &Surroundings<'_>,
    flat: &Flat,
    variables: &RefCell<Variables>,
    diagnostics: &mut Diagnostics,
) -> Version {
    let announced = around.announced(flat);
    let lifecycle = announced.version(diagnostics);
    let deprecations = announced.parts(diagnostics);
    let mut resolver = Resolver::new(flat, around.schemas, diagnostics);
    resolver.all();
    let errors = errors(flat, &mut resolver);
    let operations = operations::resolve(around.backends, flat, &mut resolver);
    let prefix = around.selection.prefix(&flat.label);
    let claims = around.schemes.claims(&mut resolver);
    let mut endpoints = Vec::new();
    let mut routes = Vec::new();
    for endpoint in &flat.endpoints {
        let parts = Parts {
            around,
            flat,
            errors: &errors,
            operations: &operations,
            prefix: &prefix,
            claims: &claims,
        };
        endpoints.extend(one(&parts, endpoint, (variables, &mut routes), &mut resolver));
    }
    let types = std::mem::take(&mut resolver.types);
    let schemes = around.schemes.list.iter().map(|one| one.scheme.clone());
    let callers = schemes.zip(claims).map(|(scheme, claims)| Caller { scheme, claims }).collect();
    names(flat, diagnostics);
    routes::check(&routes, diagnostics);
    Version {
        label: flat.label.clone(),
        draft: flat.draft,
        prefix,
        doc: flat.doc.clone(),
        lifecycle,
        deprecations,
        types,
        callers,
        errors: errors.list,
        endpoints,
        promised: around.promised,
        published: None,
        span: flat.span,
    }
}

/// The declared errors of a version.
#[derive(Debug, Default)]
pub(crate) struct Errors {
    pub(crate) list: Vec<Problem>,
    /// Names of those that were refused: who mentions them stays silent.
    pub(crate) refused: Vec<String>,
}

impl Errors {
    /// The error called `name`, as an index.
    pub(crate) fn by_name(&self, name: &str) -> Option<usize> {
        self.list.iter().position(|problem| problem.name == name)
    }

    /// Whether an error called `name` was refused.
    pub(crate) fn is_refused(&self, name: &str) -> bool {
        self.refused.iter().any(|refused| refused == name)
    }

    /// The names of all errors.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.list.iter().map(|problem| problem.name.as_str())
    }
}

fn errors(flat: &Flat, resolver: &mut Resolver<'_>) -> Errors {
    let mut errors = Errors::default();
    for error in &flat.errors {
        match problem(error, resolver) {
            Some(problem) => errors.list.push(problem),
            None => errors.refused.push(error.name.text.clone()),
        }
    }
    errors
}

fn problem(error: &ErrorDecl, resolver: &mut Resolver<'_>) -> Option<Problem> {
    let status = error.status.text.parse::<u16>().unwrap_or(0);
    if !(400..=599).contains(&status) {
        let message = format!("{} is not a status of an error", error.status.text);
        resolver.diagnostics.push(
            Diagnostic::new(Code::InvalidStatus, error.status.span, message)
                .label("errors are 400 to 599"),
        );
        return None;
    }
    let members = match &error.record {
        None => None,
        Some(record) => {
            let fields: Vec<FlatField> =
                record.fields.iter().map(|field| edits::flat_field(field, 0)).collect();
            let id = resolver.record(None, &fields, record.span)?;
            reserved_members(&resolver.types, id, resolver.diagnostics);
            Some(id)
        }
    };
    Some(Problem {
        name: error.name.text.clone(),
        status,
        title: error.title.value.clone(),
        members,
        span: error.name.span,
    })
}

/// Members that problem+json gives a meaning of its own (RFC 9457 section 3.1).
fn reserved_members(types: &Types, id: crate::contract::RecordId, diagnostics: &mut Diagnostics) {
    for field in &types.record(id).fields {
        if ["type", "title", "status", "detail", "instance"].contains(&field.name.as_str()) {
            let message = format!("`{}` has a meaning of its own in every error", field.name);
            diagnostics.push(
                Diagnostic::new(Code::DuplicateName, field.span, message)
                    .label("problem+json has this member already (RFC 9457)")
                    .help("choose another name"),
            );
        }
    }
}

/// What the endpoints of one version share.
struct Parts<'a> {
    around: &'a Surroundings<'a>,
    flat: &'a Flat,
    errors: &'a Errors,
    operations: &'a Operations<'a>,
    prefix: &'a [String],
    /// What is known of callers by each scheme.
    claims: &'a [Option<Type>],
}

/// One endpoint; nothing if a part of it was refused.
fn one(
    parts: &Parts<'_>,
    flat: &FlatEndpoint,
    (variables, routes): (&RefCell<Variables>, &mut Vec<Route>),
    resolver: &mut Resolver<'_>,
) -> Option<Endpoint> {
    let key = flat.key();
    let chain = parts.around.levels().clauses(parts.flat, flat);
    let settings = clauses::settle(&chain, &key, variables, resolver.diagnostics);
    resolver.diagnostics.extend((!settings.access).then(|| no_access(parts, flat)));
    let lifecycle = parts.around.announced(parts.flat).endpoint(flat, resolver.diagnostics);
    let request = signature::request(flat, parts.prefix, resolver);
    routes.extend(request.as_ref().map(|request| route(parts, flat, request)));
    let answers = signature::answers(flat, parts.errors, resolver);
    let results = results(flat, resolver);
    let mut request = request?;
    let refused = answers.is_none();
    let answers = answers.unwrap_or_else(|| signature::declared(&flat.tree, parts.errors));
    request.known = granted(parts, &chain, resolver.diagnostics)?;
    counted(parts, &chain, &request.known, resolver);
    let terms = terms(parts, (flat, answers.manner), &chain, resolver.diagnostics);
    let reply = if parts.around.promised { replies(flat, resolver) } else { Vec::new() };
    let context = work::Context {
        backends: parts.around.backends,
        operations: parts.operations,
        results: &results,
        variables,
        errors: parts.errors,
        origins: parts.around.origins,
        version: parts.flat.rank,
        label: &parts.flat.label,
        key: &key,
        types: &resolver.types,
        request: &request,
        answers: &answers,
        endpoint: &flat.tree,
    };
    let reply = (!refused).then_some(reply);
    let work = lowered(&context, (parts.around, reply), resolver.diagnostics)?;
    let endpoint = Endpoint {
        name: flat.tree.name.as_ref().map(|name| name.text.clone()),
        method: flat.tree.method.text.clone(),
        route: request.route,
        template: request.template,
        doc: flat.doc.as_ref().map(|doc| doc.lines.clone()).unwrap_or_default(),
        signature: signature_text(parts.around.sources, flat),
        params: request.params,
        body: request.body.map(|(body, _)| body),
        manner: answers.manner,
        success: answers.success,
        errors: answers.errors,
        timeout: settings.timeout,
        max_body: settings.max_body,
        ignore_params: settings.ignore_params,
        ignore_fields: settings.ignore_fields,
        cors: settings.cors,
        compress: settings.compress,
        terms,
        lifecycle,
        work: Arc::new(work),
        span: flat.span,
    };
    warn(parts, flat, (&endpoint, settings.timeout_span), resolver);
    Some(endpoint)
}

/// What an endpoint does, as far as anybody looks for it; nothing where its answers were refused.
fn lowered(
    context: &work::Context<'_>,
    (around, reply): (&Surroundings<'_>, Option<Vec<Reply>>),
    diagnostics: &mut Diagnostics,
) -> Option<Work> {
    let Some(reply) = reply else {
        // What the calls ask has findings of its own.
        work::calls_alone(context, diagnostics);
        return None;
    };
    if around.promised {
        return Some(Work { reply, ..Work::default() });
    }
    work::lower(context, diagnostics)
}

/// The header fields of answers as far as their types are declared: what a lock knows of them.
fn replies(flat: &FlatEndpoint, resolver: &mut Resolver<'_>) -> Vec<Reply> {
    let members = flat.tree.members.iter().filter_map(|member| match &member.kind {
        EndpointMemberKind::Reply { name, ty: Some(ty), .. } => Some((name, ty)),
        _ => None,
    });
    let mut found = Vec::new();
    for (name, ty) in members {
        let ty = resolver.ty(ty).map(Box::new);
        let value = ReplyValue::Typed { build: Build::Const(Const::Null), ty, nullable: false };
        found.push(Reply { name: name.text.clone(), value });
    }
    found
}

/// What is known of callers; nothing if a way in cannot be checked. Nothing is known of them where
/// only what is promised is compared.
fn granted(
    parts: &Parts<'_>,
    chain: &[Held<'_>],
    diagnostics: &mut Diagnostics,
) -> Option<Vec<Known>> {
    if parts.around.promised {
        return Some(Vec::new());
    }
    access::granted(chain, (parts.around.schemes, parts.claims), diagnostics)
}

/// Reports limits that count by what is not known of callers.
fn counted(parts: &Parts<'_>, chain: &[Held<'_>], known: &[Known], resolver: &mut Resolver<'_>) {
    if !parts.around.promised {
        let callers = Callers { known, types: &resolver.types, schemes: parts.around.schemes };
        limits::check_callers(chain, &callers, resolver.diagnostics);
    }
}

/// The terms of an endpoint, with the claims that it reads.
fn terms(
    parts: &Parts<'_>,
    (flat, manner): (&FlatEndpoint, Manner),
    chain: &[Held<'_>],
    diagnostics: &mut Diagnostics,
) -> Terms {
    let mut terms = terms::terms(chain, parts.around.sources);
    if let Access::Schemes { any, claims, .. } = &mut terms.access {
        *claims = claims::taken(&mut (*flat.tree).clone(), any);
    }
    let around = (chain, parts.around.schemes);
    reuse::settle(&mut terms, (flat, manner), around, diagnostics);
    terms
}

/// Names of endpoints are unique in a version: documents tell endpoints apart by them.
fn names(flat: &Flat, diagnostics: &mut Diagnostics) {
    let mut known: HashMap<&str, Span> = HashMap::new();
    for name in flat.endpoints.iter().filter_map(|one| one.tree.name.as_ref()) {
        if let Some(first) = known.get(name.text.as_str()) {
            let what = format!("the endpoint `{}`", name.text);
            diagnostics.push(super::duplicate(&what, name.span, *first));
            continue;
        }
        known.insert(&name.text, name.span);
    }
}

/// What is right about an endpoint, and worth a look.
fn warn(
    parts: &Parts<'_>,
    flat: &FlatEndpoint,
    (endpoint, budget): (&Endpoint, Option<Span>),
    resolver: &mut Resolver<'_>,
) {
    if parts.around.promised {
        return;
    }
    let places = Places {
        tree: &flat.tree,
        budget,
        backends: &parts.around.backends.list,
        types: &resolver.types,
        errors: &parts.errors.list,
    };
    check::endpoint(endpoint, &places, resolver.diagnostics);
}

/// The types that calls declare of their results; nothing where one was refused.
fn results(flat: &FlatEndpoint, resolver: &mut Resolver<'_>) -> Vec<(Span, Option<Type>)> {
    let types = flat.tree.members.iter().filter_map(|member| match &member.kind {
        EndpointMemberKind::Call(call) => call.ty.as_ref(),
        _ => None,
    });
    types.map(|ty| (ty.span, resolver.ty(ty))).collect()
}

impl<'c> Levels<'c> {
    /// The clauses that hold for an API as a whole.
    pub(crate) fn of_api(self) -> Vec<Held<'c>> {
        let mut all: Vec<Held<'_>> =
            self.api.clauses.iter().map(|one| Level::Api.holds(one)).collect();
        all.sort_by_key(|held| order(held));
        clauses::nearest(self.policies.expanded(all))
    }

    /// The clauses that hold for an endpoint of `version`, the nearest last.
    pub(crate) fn clauses(self, version: &'c Flat, flat: &'c FlatEndpoint) -> Vec<Held<'c>> {
        let Self { api, origins, policies } = self;
        // Within a block, what is written wins over what is used; an edit wins over what it edits.
        let nearer = |held: &Held<'_>| (origins.of(held.span), order(held));
        let mut all: Vec<Held<'_>> = Vec::new();
        let blocks = [(Level::Api, &api.clauses), (Level::Version, &version.clauses)];
        for (level, clauses) in blocks {
            let mut block: Vec<Held<'_>> = clauses.iter().map(|one| level.holds(one)).collect();
            block.sort_by_key(nearer);
            all.append(&mut block);
        }
        all.extend(flat.around());
        let mut own = flat.own();
        own.sort_by_key(nearer);
        all.append(&mut own);
        clauses::nearest(policies.expanded(all))
    }
}

impl FlatEndpoint {
    /// The clauses of the `under` blocks around it, outermost first.
    pub(crate) fn around(&self) -> impl Iterator<Item = Held<'_>> {
        self.under.iter().map(|(clause, depth)| {
            Level::Under(self.prefix.get(..*depth).unwrap_or_default()).holds(clause)
        })
    }

    /// The clauses that stand in it.
    pub(crate) fn own(&self) -> Vec<Held<'_>> {
        let own = self.tree.members.iter().filter_map(|member| match &member.kind {
            EndpointMemberKind::Clause(clause) => Some(Level::Endpoint.holds(clause)),
            _ => None,
        });
        own.collect()
    }
}

fn route(parts: &Parts<'_>, flat: &FlatEndpoint, request: &signature::Request) -> Route {
    let tree = &flat.tree;
    let key = flat.key();
    let template = key.split_once(' ').map_or_else(String::new, |(_, path)| path.to_owned());
    let source = parts.around.sources.get(tree.path.span.file);
    let written = source.and_then(|source| source.text.get(tree.path.span.range()));
    let written = written.filter(|_| flat.prefix.is_empty()).unwrap_or(&template).to_owned();
    Route {
        method: tree.method.text.clone(),
        segments: request.route.clone(),
        prefix: parts.prefix.len(),
        template,
        written,
        params: request.params.clone(),
        span: tree.method.span.to(tree.path.span),
        path: tree.path.span,
    }
}

fn signature_text(sources: &Sources, flat: &FlatEndpoint) -> String {
    let source = sources.get(flat.span.file);
    let text = |span: Span| {
        let text = source.and_then(|source| source.text.get(span.range())).unwrap_or("");
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    if flat.prefix.is_empty() {
        return text(flat.span);
    }
    // A block around it has the start of its path.
    let (line, own) = (flat.span, flat.tree.path.span);
    let paths = flat.prefix.iter().chain(std::iter::once(&flat.tree.path));
    let path: String =
        paths.filter(|path| !path.segments.is_empty()).map(|path| text(path.span)).collect();
    let path = if path.is_empty() { "/".to_owned() } else { path };
    let rest = text(Span { start: own.end, ..line });
    format!("{} {path} {rest}", text(Span { end: own.start, ..line }))
}

fn no_access(parts: &Parts<'_>, flat: &FlatEndpoint) -> Diagnostic {
    let schemes: Vec<&str> =
        parts.around.schemes.list.iter().map(|one| one.scheme.name.as_str()).collect();
    let help = match (beside(parts, flat), schemes.as_slice()) {
        (Some((auth, prefix)), _) => format!(
            "add `{auth}`, as the other endpoints under `/{prefix}` have, or `public` if anybody may"
        ),
        (None, []) => "add `public` if anybody may".to_owned(),
        (None, some) => {
            let some: Vec<String> = some.iter().map(|name| format!("`auth {name}`")).collect();
            format!("add {}, or `public` if anybody may", some.join(" or "))
        }
    };
    Diagnostic::new(Code::AccessNotDeclared, flat.span, "who may call this endpoint?")
        .label("neither `public` nor `auth …`")
        .help(help)
}

/// Whom other endpoints let in whose paths begin alike, `auth customer`, and with what they begin. Only
/// if all of them that say so say the same, and none is public.
fn beside(parts: &Parts<'_>, flat: &FlatEndpoint) -> Option<(String, String)> {
    let first = |flat: &FlatEndpoint| {
        let key = flat.key();
        key.split('/').nth(1).map(str::to_owned).filter(|one| !one.is_empty())
    };
    let prefix = first(flat)?;
    let mut found: Option<String> = None;
    for other in &parts.flat.endpoints {
        if other.span == flat.span || first(other).as_ref() != Some(&prefix) {
            continue;
        }
        let chain = parts.around.levels().clauses(parts.flat, other);
        let auth = chain.iter().find_map(|held| match &held.kind {
            ClauseKind::Public => Some(None),
            ClauseKind::Auth { schemes, .. } => Some(Some(schemes)),
            _ => None,
        });
        let Some(auth) = auth else { continue };
        let names: Vec<&str> = auth?.iter().map(|scheme| scheme.text.as_str()).collect();
        let auth = format!("auth {}", names.join(" or "));
        if found.get_or_insert_with(|| auth.clone()) != &auth {
            return None;
        }
    }
    found.map(|auth| (auth, prefix))
}
