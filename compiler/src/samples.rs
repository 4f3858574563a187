//! Values a contract would accept: what mocks answer, and requests that work against them.
//!
//! Declared examples come first; what has none gets the simplest value of its type, the same
//! every time.

mod typed;

use crate::contract::cases::Caller;
use crate::contract::endpoint::{Endpoint, ParamKind, Place, Presence, RouteSegment};
use crate::contract::terms::Access;
use crate::contract::types::{
    Const, Format, Limit, ListBounds, Number, NumberKind, Rule, Scalar, Text, Types,
};
use crate::contract::work::{Call, Operand, PathPart};
use crate::contract::{Checked, Selection, Setting, Version};
use crate::pattern;
pub(crate) use typed::Samples;

/// A backend to stand in for.
#[derive(Clone, Debug, PartialEq)]
pub struct MockBackend {
    /// `catalog`
    pub name: String,
    /// The variable that holds its address; nothing if the address stands in the contract.
    pub variable: Option<String>,
    /// What it is asked.
    pub operations: Vec<MockOperation>,
}

/// A request to a backend, and its answer.
#[derive(Clone, Debug, PartialEq)]
pub struct MockOperation {
    /// `GET`
    pub method: String,
    /// Decoded path segments; nothing stands for any segment.
    pub path: Vec<Option<String>>,
    /// Whether any number of segments, at least one, may follow.
    pub rest: bool,
    /// The status it answers.
    pub status: u16,
    /// The JSON text it answers, if anything of it is read; of a stream one text per line.
    pub body: Option<String>,
    /// Whether it answers a stream of items.
    pub stream: bool,
}

/// A request that a gateway answers with success when mocks answer it.
#[derive(Clone, Debug, PartialEq)]
pub struct SampleRequest {
    /// `GET`
    pub method: String,
    /// Path and query, encoded.
    pub target: String,
    /// Header fields in order.
    pub headers: Vec<(String, String)>,
    /// Who calls, where somebody must be let in.
    pub caller: Option<Caller>,
    /// The text of the body: JSON, unless a header field says otherwise.
    pub body: Option<String>,
}

/// What stands in for every backend of these versions.
pub fn mocks(contract: &Checked, versions: &[String]) -> Vec<MockBackend> {
    let contract = contract.contract();
    let mut backends: Vec<(MockBackend, Vec<Const>)> = contract
        .backends
        .iter()
        .map(|backend| {
            let variable = match &backend.address {
                Setting::Env { name, .. } => Some(name.clone()),
                Setting::Fixed(_) => None,
            };
            let name = backend.name.clone();
            (MockBackend { name, variable, operations: Vec::new() }, Vec::new())
        })
        .collect();
    for version in contract.versions.iter().filter(|one| versions.contains(&one.label)) {
        let samples = Samples::new(&version.types);
        for (endpoint, call) in calls(version) {
            for at in [Some(call.backend), call.copies].into_iter().flatten() {
                if let Some((mock, bodies)) = backends.get_mut(at) {
                    add(mock, bodies, call, body(endpoint, call, &samples));
                }
            }
        }
    }
    backends
        .into_iter()
        .map(|(mut mock, bodies)| {
            for (operation, body) in mock.operations.iter_mut().zip(bodies) {
                let json = body.json();
                operation.body = match operation.stream {
                    // Two items show best that it is a stream.
                    true => Some(format!("{json}\n{json}\n")),
                    false => (body != Const::Null).then_some(json),
                };
            }
            // The first that matches answers: literal segments come before values.
            mock.operations.sort_by_key(|one| {
                let values: Vec<bool> = one.path.iter().map(Option::is_none).collect();
                (one.rest, std::cmp::Reverse(if one.rest { values.len() } else { 0 }), values)
            });
            mock
        })
        .collect()
}

fn calls(version: &Version) -> impl Iterator<Item = (&Endpoint, &Call)> {
    version.endpoints.iter().flat_map(|one| one.work.calls.iter().map(move |call| (one, call)))
}

/// What is read of the result, and whatever else its type declares.
pub(crate) fn body(endpoint: &Endpoint, call: &Call, samples: &Samples<'_>) -> Const {
    let read = endpoint
        .work
        .answered(call)
        .map_or(Const::Null, |node| samples.node(&endpoint.work, node, &call.name));
    match &call.declared {
        Some((ty, origin)) => merge(&read, &samples.declared(ty, *origin, &call.name)),
        None => read,
    }
}

/// One operation may be read in several places: the mock answers what all of them read.
fn add(mock: &mut MockBackend, bodies: &mut Vec<Const>, call: &Call, body: Const) {
    let path = path(call);
    let rest = matches!(call.path.last(), Some(PathPart::Rest(_)));
    let same = |old: &MockOperation| {
        old.method == call.method
            && old.path == path
            && old.rest == rest
            && old.stream == call.streams
    };
    match mock.operations.iter().position(same) {
        Some(at) => {
            if let Some(old) = bodies.get_mut(at) {
                *old = merge(old, &body);
            }
        }
        None => {
            let method = call.method.clone();
            let stream = call.streams;
            let status = 200;
            mock.operations.push(MockOperation { method, path, rest, status, body: None, stream });
            bodies.push(body);
        }
    }
}

fn path(call: &Call) -> Vec<Option<String>> {
    // `\u{0}` cannot stand in a path, so it marks where a value goes.
    let text = call.path.iter().map(|part| match part {
        PathPart::Literal(text) => text.clone(),
        PathPart::Value(_) => "\u{0}".to_owned(),
        PathPart::Rest(_) => String::new(),
    });
    let text: String = text.collect();
    let text = match call.path.last() {
        Some(PathPart::Rest(_)) => text.trim_end_matches('/'),
        _ => &text,
    };
    if text.is_empty() {
        return Vec::new();
    }
    let segment = |segment: &str| {
        let decoded = crate::analyse::percent_decode(segment);
        if segment.contains('\u{0}') { None } else { decoded.or(Some(segment.to_owned())) }
    };
    text.trim_start_matches('/').split('/').map(segment).collect()
}

/// A record with the members of both; else the first that is something.
fn merge(a: &Const, b: &Const) -> Const {
    match (a, b) {
        (Const::Record(first), Const::Record(second)) => {
            let mut members = first.clone();
            for (name, value) in second {
                match members.iter_mut().find(|(other, _)| other == name) {
                    Some((_, old)) => *old = merge(old, value),
                    None => members.push((name.clone(), value.clone())),
                }
            }
            Const::Record(members)
        }
        (Const::List(first), Const::List(second)) if first.len() == second.len() => {
            Const::List(first.iter().zip(second).map(|(a, b)| merge(a, b)).collect())
        }
        (Const::Null, other) => other.clone(),
        // What is any JSON in one place can be a record in another.
        (Const::Text(_), record @ Const::Record(_)) => record.clone(),
        (value, _) => value.clone(),
    }
}

/// Two elements show best that it is a list.
fn count(bounds: &ListBounds) -> usize {
    let wanted = if bounds.unique { 1 } else { 2 };
    let count = wanted.max(bounds.min).min(bounds.max.unwrap_or(u64::MAX));
    usize::try_from(count).unwrap_or(1)
}

pub(crate) fn scalar_value(scalar: &Scalar, name: &str) -> Const {
    match &scalar.rule {
        Rule::AsText(_) => {
            let plain = scalar_value(&scalar.plain(), name);
            plain.plain().map_or(plain, Const::Text)
        }
        Rule::Bool => Const::Bool(true),
        Rule::Enum(values) => {
            Const::Text(values.values.first().map_or("", |(_, wire)| wire).to_owned())
        }
        Rule::Number(number) => Const::Number(number_value(number)),
        Rule::Text(text) => Const::Text(text_value(text, name)),
    }
}

fn text_value(text: &Text, name: &str) -> String {
    if let Some(pattern) = &text.pattern
        && let Some(found) =
            pattern::table(pattern).ok().and_then(|table| pattern::shortest(&table))
    {
        return found;
    }
    let fixed = match text.format {
        Some(Format::Date) => "2026-01-01",
        Some(Format::Instant) => "2026-01-01T00:00:00Z",
        Some(Format::Duration) => "PT1M",
        Some(Format::Uuid) => "00000000-0000-4000-8000-000000000001",
        Some(Format::Email) => "someone@example.com",
        Some(Format::Url) => "https://example.com/",
        Some(Format::Bytes) => "AA==",
        None => {
            let least = usize::try_from(text.min).unwrap_or(0);
            let most =
                text.max.map_or(usize::MAX, |max| usize::try_from(max).unwrap_or(usize::MAX));
            let letters = name.chars().chain(std::iter::repeat('x'));
            let length = name.chars().count().max(least).min(most).min(10_000);
            return letters.take(length).collect();
        }
    };
    fixed.to_owned()
}

fn number_value(number: &Number) -> String {
    let scale = match number.kind {
        NumberKind::Decimal(_, scale) => u32::from(scale),
        _ => 0,
    };
    let one = Limit { digits: 10_i128.pow(scale), scale, inclusive: true };
    let chosen = match (number.min, number.max) {
        (Some(min), _) if crate::analyse::compare_bounds(&min, &one).is_ge() => above(&min, number),
        (_, Some(max)) if crate::analyse::compare_bounds(&max, &one).is_le() => below(&max, number),
        _ => one,
    };
    spell(&chosen)
}

/// The lowest simple number at or above a bound.
fn above(min: &Limit, number: &Number) -> Limit {
    if min.inclusive {
        return *min;
    }
    match number.kind {
        NumberKind::Int | NumberKind::Int64 => {
            let whole = min.digits.div_euclid(10_i128.pow(min.scale)) + 1;
            Limit { digits: whole, scale: 0, inclusive: true }
        }
        _ => Limit { digits: min.digits * 10 + 1, scale: min.scale + 1, inclusive: true },
    }
}

/// The highest simple number at or below a bound.
fn below(max: &Limit, number: &Number) -> Limit {
    if max.inclusive {
        return *max;
    }
    match number.kind {
        NumberKind::Int | NumberKind::Int64 => {
            let whole = max.digits.div_euclid(10_i128.pow(max.scale));
            let exact = max.digits.rem_euclid(10_i128.pow(max.scale)) == 0;
            Limit { digits: whole - i128::from(exact), scale: 0, inclusive: true }
        }
        _ => Limit { digits: max.digits * 10 - 1, scale: max.scale + 1, inclusive: true },
    }
}

fn spell(limit: &Limit) -> String {
    crate::analyse::values::limit_text(limit)
}

/// Requests that the gateway answers with success while mocks answer it, simplest first.
pub fn requests(contract: &Checked, versions: &[String]) -> Vec<SampleRequest> {
    let contract = contract.contract();
    let chosen = contract.versions.iter().filter(|one| versions.contains(&one.label));
    let all = chosen.flat_map(|version| version.endpoints.iter().map(move |one| (version, one)));
    // What ends by itself may have ended.
    let all = all.filter(|(version, one)| !(version.lifecycle.hard || one.lifecycle.hard));
    let all = all.map(|(version, one)| request(&contract.selection, version, one));
    let mut found: Vec<SampleRequest> = all.collect();
    found.sort_by_key(|request| (request.method != "GET", request.body.is_some()));
    found
}

/// A request that an endpoint of the version answers with success.
pub(crate) fn request(
    selection: &Selection,
    version: &Version,
    endpoint: &Endpoint,
) -> SampleRequest {
    let mut request = in_version(&version.types, endpoint);
    if let Some((name, value)) = selection.field(&version.label) {
        request.headers.retain(|(other, _)| !other.eq_ignore_ascii_case(&name));
        request.headers.push((name, value));
    }
    request
}

/// The request, but for the version where it does not stand in the path.
fn in_version(types: &Types, endpoint: &Endpoint) -> SampleRequest {
    let mut target = String::new();
    for segment in &endpoint.route {
        target.push('/');
        match segment {
            RouteSegment::Literal(text) => target.push_str(&encode(text)),
            RouteSegment::Param(at) => {
                let value = sample(endpoint, *at);
                target.push_str(&encode(&value.unwrap_or_default()));
            }
            RouteSegment::Parts(shape, of) => {
                let values = of.iter().map(|at| sample(endpoint, *at).unwrap_or_default());
                target.push_str(&encode(&shape.join(&values.collect::<Vec<_>>())));
            }
            RouteSegment::Rest(at) => {
                let value = sample(endpoint, *at).unwrap_or_default();
                let segments: Vec<String> = value.split('/').map(encode).collect();
                target.push_str(&segments.join("/"));
            }
        }
    }
    let mut headers = Vec::new();
    let mut cookies = Vec::new();
    let mut separator = '?';
    let params = endpoint.params.iter().enumerate();
    for (at, param) in params.filter(|(_, param)| param.presence == Presence::Required) {
        let Some(value) = sample(endpoint, at) else { continue };
        match param.place {
            Place::Path(_) | Place::Part(..) | Place::Rest(_) => {}
            Place::Query => {
                target.push(separator);
                target.push_str(&format!("{}={}", encode(&param.wire), encode(&value)));
                separator = '&';
            }
            Place::Header => headers.push((param.wire.clone(), value)),
            Place::Cookie => cookies.push(format!("{}={value}", param.wire)),
        }
    }
    let required = endpoint.body.as_ref().is_some_and(|body| !body.optional);
    let body = endpoint.work.body.filter(|_| required);
    let samples = Samples::new(types);
    let body = body.map(|node| samples.node(&endpoint.work, node, "body"));
    let form = endpoint.body.as_ref().is_some_and(|body| body.form.is_some());
    let body = body.map(|body| if form { pairs(&body) } else { body.json() });
    if form && body.is_some() {
        headers.push(("Content-Type".into(), "application/x-www-form-urlencoded".into()));
    }
    if !cookies.is_empty() {
        headers.push(("Cookie".into(), cookies.join("; ")));
    }
    SampleRequest {
        method: endpoint.method.clone(),
        target,
        headers,
        caller: caller(types, endpoint),
        body,
    }
}

/// Somebody whom the first way in lets in, with all that is asked for.
fn caller(types: &Types, endpoint: &Endpoint) -> Option<Caller> {
    let Access::Schemes { any, scopes, roles, .. } = &endpoint.terms.access else { return None };
    let scheme = any.first()?;
    let mut claims = known(types, endpoint, scheme);
    for (name, wanted) in [("scope", scopes), ("roles", roles)] {
        if !wanted.is_empty() {
            claims.retain(|(known, _)| known != name);
            let texts = wanted.iter().cloned().map(Const::Text).collect();
            claims.push((name.to_owned(), Const::List(texts)));
        }
    }
    Some(Caller { scheme: scheme.clone(), claims })
}

/// What an endpoint can be told of a caller by this scheme: a value for whatever must be known.
pub(crate) fn known(types: &Types, endpoint: &Endpoint, scheme: &str) -> Vec<(String, Const)> {
    let claims = endpoint.work.claims.iter().find(|claims| claims.name == scheme);
    let record = claims.map(|one| Samples::new(types).node(&endpoint.work, one.node, scheme));
    match record {
        Some(Const::Record(members)) => members,
        _ => Vec::new(),
    }
}

/// The members of a record as the fields of a form.
fn pairs(record: &Const) -> String {
    let Const::Record(members) = record else { return String::new() };
    let pair = |(name, value): &(String, Const)| match value {
        Const::List(values) => values.iter().map(|one| (name.clone(), one.clone())).collect(),
        one => vec![(name.clone(), one.clone())],
    };
    let pairs = members.iter().flat_map(pair).map(|(name, value)| {
        format!("{}={}", encode(&name), encode(&value.plain().unwrap_or_default()))
    });
    pairs.collect::<Vec<_>>().join("&")
}

/// A value of a parameter, of the stricter type where an operation asks more of it.
pub(crate) fn sample(endpoint: &Endpoint, at: usize) -> Option<String> {
    let param = endpoint.params.get(at)?;
    if let Some(plain) = param.example.as_ref().and_then(Const::plain) {
        return Some(plain);
    }
    let checks = endpoint.work.calls.iter().flat_map(|call| &call.checks);
    let mut asked =
        checks.filter(|check| matches!(check.value, Operand::Param(other) if other == at));
    match (asked.next(), &param.kind) {
        (Some(check), _) => scalar_value(&check.scalar, &param.name).plain(),
        (None, ParamKind::One(scalar) | ParamKind::Many(scalar, _)) => {
            scalar_value(scalar, &param.name).plain()
        }
    }
}

/// Percent-encodes everything but the unreserved characters of RFC 3986 section 2.3.
pub(crate) fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}
