//! One endpoint in Rust's terms.

use super::rules::Rules;
use super::{
    BodyPlan, CallPlan, EndpointPlan, EnvPlan, ErrorPlan, Names, ParamPlan, PresencePlan, RuleKind,
    SchemePlan, ShapePlan, Upstream, VariablePlan, access, cors, lifecycle, limits, reuse, sent,
    shapes,
};
use crate::contract::endpoint::{Endpoint, Param, ParamKind, Place, Presence, RouteSegment, Shape};
use crate::contract::types::{Const, Rule, Scalar};
use crate::contract::visit;
use crate::contract::work::{Build, NodeId, Outcome, Work};
use crate::contract::{Contract, VariableKind, Version};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Locals that generated code uses itself.
const RESERVED: [&str; 28] = [
    "gateway",
    "request",
    "violations",
    "query",
    "out",
    "response",
    "call",
    "result",
    "failure",
    "value",
    "text",
    "reader",
    "object",
    "key",
    "element",
    "each_element",
    "list",
    "places",
    "end",
    "members",
    "answer",
    "rt",
    "part",
    "made",
    "make",
    "items",
    "item",
    "item_body",
];

/// What surrounds an endpoint.
pub(crate) struct Around<'a> {
    pub(crate) contract: &'a Contract,
    /// The version, as an index.
    pub(crate) version: usize,
    pub(crate) errors: &'a [ErrorPlan],
    pub(crate) upstreams: &'a [Upstream],
    /// The variables of the gateway.
    pub(crate) variables: &'a [VariablePlan],
    pub(crate) schemes: &'a [SchemePlan],
    /// The labels of the versions that the program has.
    pub(crate) with: &'a [String],
}

impl<'a> Around<'a> {
    fn own(&self) -> Option<&'a Version> {
        self.contract.versions.get(self.version)
    }
}

/// Plans `endpoint`.
pub(crate) fn plan(
    around: &Around<'_>,
    endpoint: &Endpoint,
    modules: &mut Names,
    rules: &mut Rules<'_>,
) -> EndpointPlan {
    let work = Arc::clone(&endpoint.work);
    let mut locals = Names::new(&RESERVED);
    let used = visit::values(&work);
    let mut params = Vec::new();
    for (at, one) in endpoint.params.iter().enumerate() {
        let shape = shape(endpoint, one.place).map(|shape| rules.shape(shape));
        params.push(ParamPlan { shape, ..param(one, used.contains(&at), &mut locals, rules) });
    }
    let shapes = shapes::plan(&work, endpoint.ignore_fields, rules);
    let body = body(endpoint, &shapes, &mut locals);
    let around_claims = (around.contract, around.schemes);
    let claims = access::claims(&work, &shapes, around_claims, &mut locals);
    let calls = work.calls.iter().map(|call| call_names(call, around, &mut locals)).collect();
    let environment = environment(&work, around.variables, &mut locals);
    let promises = promises(&work, rules);
    let forms = forms(&work, rules);
    EndpointPlan {
        index: 0,
        module: modules.local(&module_name(around, endpoint)),
        doc: endpoint.doc.clone(),
        signature: endpoint.signature.clone(),
        method: endpoint.method.clone(),
        template: endpoint.template.clone(),
        rest: endpoint.params.iter().any(|param| matches!(param.place, Place::Rest(_))),
        version: version_label(around),
        timeout: endpoint.timeout.clone(),
        max_body: endpoint.max_body,
        limits: around
            .own()
            .map_or_else(Vec::new, |version| limits::plan(version, endpoint, around.schemes)),
        cors: endpoint.cors.as_ref().map(|one| cors::plan(one, around.contract, Some(endpoint))),
        compress: endpoint.compress,
        lifecycle: around.own().and_then(|version| lifecycle::told(version, endpoint)),
        successor: around.own().and_then(|version| {
            lifecycle::successor(around.contract, (version, endpoint), around.with)
        }),
        reuse: reuse::plan(around.contract, around.own(), endpoint, (&shapes, &claims)),
        deprecated: around.own().map_or_else(Vec::new, |one| sent::deprecated(one, endpoint)),
        places: around.own().map_or_else(Vec::new, |one| sent::places(&one.types, endpoint)),
        params,
        ignore_params: endpoint.ignore_params,
        ignore_fields: endpoint.ignore_fields,
        access: access::access(&endpoint.terms.access, around.schemes),
        claims,
        body,
        manner: endpoint.manner,
        errors: errors(&work, around),
        work,
        shapes,
        writers: BTreeMap::new(),
        calls,
        promises,
        forms,
        environment,
    }
}

/// What callers send, and whether anything reads it.
fn body(endpoint: &Endpoint, shapes: &[ShapePlan], locals: &mut Names) -> Option<BodyPlan> {
    let used = |node: NodeId| shapes.get(node.0 as usize).is_some_and(|shape| shape.used);
    endpoint.body.as_ref().map(|body| BodyPlan {
        ident: locals.local("body"),
        form: body.form.clone(),
        required: !body.optional,
        used: endpoint.work.body.is_some_and(used),
    })
}

fn version_label(around: &Around<'_>) -> String {
    let version = around.contract.versions.get(around.version);
    version.map(|version| version.label.clone()).unwrap_or_default()
}

/// `get_products_id`: the method and the path behind the version's prefix.
fn module_name(around: &Around<'_>, endpoint: &Endpoint) -> String {
    let prefix =
        around.contract.versions.get(around.version).map_or(0, |version| version.prefix.len());
    let segments = endpoint.route.iter().skip(prefix).map(|segment| match segment {
        RouteSegment::Literal(text) => text.clone(),
        RouteSegment::Param(at) | RouteSegment::Rest(at) => {
            endpoint.params.get(*at).map(|param| param.name.clone()).unwrap_or_default()
        }
        RouteSegment::Parts(shape, of) => {
            let names = of.iter().filter_map(|at| endpoint.params.get(*at));
            shape.join(&names.map(|param| param.name.clone()).collect::<Vec<_>>())
        }
    });
    let mut name = endpoint.method.to_ascii_lowercase();
    for segment in segments {
        name.push('_');
        name.push_str(&segment);
    }
    name
}

fn param(param: &Param, used: bool, locals: &mut Names, rules: &mut Rules<'_>) -> ParamPlan {
    let (scalar, list) = match &param.kind {
        ParamKind::One(scalar) => (scalar, None),
        ParamKind::Many(scalar, bounds) => {
            let kind = RuleKind::List {
                min: bounds.min,
                max: bounds.max,
                unique: bounds.unique,
                keep: None,
            };
            (scalar, Some(rules.list(kind)))
        }
    };
    let rule = match &scalar.rule {
        Rule::Bool => None,
        _ => Some(rules.scalar(scalar)),
    };
    ParamPlan {
        ident: locals.local(&param.name),
        wire: param.wire.clone(),
        place: param.place,
        quoted: is_text(scalar),
        shape: None,
        rule,
        list,
        by_comma: param.by_comma,
        presence: match &param.presence {
            Presence::Default(Const::List(values)) => PresencePlan::Defaults(
                values.iter().map(|value| value.plain().unwrap_or_default()).collect(),
            ),
            Presence::Required => PresencePlan::Required,
            Presence::Optional => PresencePlan::Optional,
            Presence::Default(value) => PresencePlan::Default(value.plain().unwrap_or_default()),
        },
        used,
    }
}

/// What the segment looks like that a parameter is only a part of.
fn shape(endpoint: &Endpoint, place: Place) -> Option<&Shape> {
    let Place::Part(at, _) = place else { return None };
    match endpoint.route.get(at) {
        Some(RouteSegment::Parts(shape, _)) => Some(shape),
        _ => None,
    }
}

fn is_text(scalar: &Scalar) -> bool {
    matches!(scalar.rule, Rule::Text(_) | Rule::Enum(_))
}

fn call_names(call: &crate::contract::Call, around: &Around<'_>, locals: &mut Names) -> CallPlan {
    let base = if call.name == "_" { "unread" } else { &call.name };
    let upstream = around.upstreams.get(call.backend);
    let copies = call.copies.and_then(|at| around.upstreams.get(at));
    CallPlan {
        result: locals.local(base),
        future: locals.local(&format!("{base}_call")),
        body: locals.local(&format!("{base}_body")),
        fell_back: locals.local(&format!("{base}_fell_back")),
        upstream: upstream.map(|upstream| upstream.ident.clone()).unwrap_or_default(),
        copies: copies.map(|upstream| upstream.ident.clone()),
    }
}

/// The locals of variables; one that is used more often is one local.
fn environment(work: &Work, variables: &[VariablePlan], locals: &mut Names) -> Vec<EnvPlan> {
    let mut named: Vec<(&str, String)> = Vec::new();
    let mut plans = Vec::new();
    for one in &work.environment {
        let known = named.iter().find(|(name, _)| *name == one.name).map(|(_, local)| local);
        let ident = known.cloned().unwrap_or_else(|| {
            let local = locals.local(&one.name.to_ascii_lowercase());
            named.push((&one.name, local.clone()));
            local
        });
        let known = variables.iter().find(|plan| plan.variable.name == one.name);
        let place = known.and_then(|plan| plan.ident.clone()).unwrap_or_default();
        let number = matches!(one.kind, VariableKind::Int | VariableKind::Number);
        let quoted = !number && one.kind != VariableKind::Bool;
        plans.push(EnvPlan { ident, place, quoted, number });
    }
    plans
}

/// The rules of everything that is promised beyond what is read: by the answer, and to operations.
fn promises(work: &Work, rules: &mut Rules<'_>) -> Vec<(Rule, String)> {
    let checks = work.calls.iter().flat_map(|call| &call.checks);
    let mut scalars: Vec<Scalar> = checks.map(|check| check.scalar.clone()).collect();
    let mut see = |build: &Build| {
        if let Build::Promised(_, scalar) = build {
            scalars.push(scalar.clone());
        }
    };
    visit::builds(work, &mut see);
    scalars
        .into_iter()
        .filter(|scalar| scalar.rule != Rule::Bool)
        .map(|scalar| (scalar.rule.clone(), rules.scalar(&scalar)))
        .collect()
}

/// The tables by which values are written as a whole.
fn forms(work: &Work, rules: &mut Rules<'_>) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    visit::builds(work, &mut |build| {
        if let Build::Whole(_, form) = build {
            let key = form.key();
            if !found.iter().any(|(old, _)| *old == key) {
                found.push((key, rules.form(form).ident));
            }
        }
    });
    found
}

fn errors(work: &Work, around: &Around<'_>) -> Vec<(usize, String)> {
    let handlers = work.calls.iter().flat_map(|call| &call.handlers);
    let mut found: Vec<(usize, String)> = handlers
        .filter_map(|handler| match &handler.outcome {
            Outcome::Fail(at, _) => Some((*at, around.errors.get(*at)?.ident.clone())),
            Outcome::StandIn(_) => None,
        })
        .collect();
    found.sort();
    found.dedup();
    found
}
