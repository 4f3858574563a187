//! Which pages of other origins may call, and what preflights are answered.

use crate::contract::cors::{Cors, Origin};
use crate::contract::endpoint::{Endpoint, Manner, Place};
use crate::contract::terms::{Access, By};
use crate::contract::{Contract, Selection};

/// Fields of requests that a page may set without asking, as far as contracts can declare them.
const SAFE: [&str; 3] = ["accept", "accept-language", "content-language"];

/// Fields that every request may have: they tell requests apart in logs and traces.
const ALWAYS: [&str; 3] = ["traceparent", "tracestate", "x-request-id"];

/// What is granted to pages.
#[derive(Clone, Debug)]
pub struct CorsPlan {
    /// Whose pages; nothing: those of any origin.
    pub origins: Option<Vec<OriginPlan>>,
    /// Whether cookies may come along.
    pub credentials: bool,
    /// For how many seconds a browser may remember a preflight.
    pub max_age: u64,
    /// The header fields that requests may have, in small letters; nothing: any.
    pub fields: Option<Vec<String>>,
}

/// An origin, or several of them.
#[derive(Clone, Debug)]
pub enum OriginPlan {
    /// `https://shop.example`
    Exact(String),
    /// What stands before and behind one label of the host.
    Label(String, String),
    /// Those that this variable holds.
    Variable(String),
}

/// Plans what is granted, for an endpoint or where there is none.
pub(crate) fn plan(cors: &Cors, contract: &Contract, endpoint: Option<&Endpoint>) -> CorsPlan {
    let origin = |origin: &Origin| match origin {
        Origin::Exact(origin) => OriginPlan::Exact(origin.clone()),
        Origin::Label(before, behind) => OriginPlan::Label(before.clone(), behind.clone()),
        Origin::Variable(name) => OriginPlan::Variable(name.clone()),
    };
    CorsPlan {
        origins: cors.origins.as_ref().map(|all| all.iter().map(origin).collect()),
        credentials: cors.credentials,
        max_age: cors.max_age,
        fields: match endpoint {
            Some(endpoint) if endpoint.manner == Manner::Pass => None,
            _ => Some(fields(contract, endpoint)),
        },
    }
}

/// The header fields that requests to an endpoint may have, each once and in order.
fn fields(contract: &Contract, endpoint: Option<&Endpoint>) -> Vec<String> {
    let mut found: Vec<String> = ALWAYS.map(str::to_owned).to_vec();
    if let Selection::Header { name, .. } = &contract.selection {
        found.push(name.to_ascii_lowercase());
    }
    if let Some(endpoint) = endpoint {
        let headers = endpoint.params.iter().filter(|param| param.place == Place::Header);
        found.extend(headers.map(|param| param.wire.to_ascii_lowercase()));
        found.extend(endpoint.body.as_ref().map(|_| "content-type".to_owned()));
        found.extend(credentials(contract, endpoint));
        found.extend(endpoint.terms.limits.iter().filter_map(|limit| match &limit.by {
            By::Header(name) => Some(name.clone()),
            By::All | By::Ip | By::Principal(_) => None,
        }));
    }
    found.retain(|name| !SAFE.contains(&name.as_str()));
    found.sort();
    found.dedup();
    found
}

/// The fields that say who calls.
fn credentials(contract: &Contract, endpoint: &Endpoint) -> Vec<String> {
    let Access::Schemes { any, .. } = &endpoint.terms.access else { return Vec::new() };
    let schemes = contract.schemes.iter().filter(|scheme| any.contains(&scheme.name));
    let field = |scheme: &crate::contract::terms::Scheme| match scheme.kind.word() {
        "mtls" => None,
        _ => Some(scheme.header.clone().unwrap_or_else(|| "authorization".to_owned())),
    };
    schemes.filter_map(field).collect()
}
