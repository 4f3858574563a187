//! What tells requests apart whose answers may be used again.

use super::{ClaimsPlan, ReadPlan, ShapePlan};
use crate::contract::endpoint::{Endpoint, Place};
use crate::contract::terms::{Access, Cache, SchemeKind};
use crate::contract::{Contract, Version};

/// Whether the answers of an endpoint may be used again.
#[derive(Clone, Debug)]
pub enum ReusePlan {
    /// The contract says nothing about it.
    Unsaid,
    /// By nobody.
    Never,
    /// By whoever asks for the same.
    By(Box<ReusablePlan>),
}

/// For how long answers may be used again, and all that makes a difference to them.
#[derive(Clone, Debug)]
pub struct ReusablePlan {
    /// For how many milliseconds one is as good as a new one.
    pub fresh: u64,
    /// For how many more it is used while a new one is made.
    pub stale: u64,
    /// Statuses of declared errors that are kept.
    pub errors: Vec<u16>,
    /// Names of the parameters of the query, header fields and cookies, in the order of their bytes.
    pub query: Vec<String>,
    /// Header fields.
    pub headers: Vec<String>,
    /// Cookies.
    pub cookies: Vec<String>,
    /// What is read of what is known of callers, if each has answers of their own.
    pub private: Option<Vec<String>>,
    /// Whether caches on the way may keep an answer for others.
    pub public: bool,
    /// What `Vary` lists.
    pub vary: String,
}

/// Plans whether answers of `endpoint` are used again.
pub(super) fn plan(
    contract: &Contract,
    version: Option<&Version>,
    endpoint: &Endpoint,
    (shapes, claims): (&[ShapePlan], &[ClaimsPlan]),
) -> ReusePlan {
    match endpoint.terms.cache {
        None if endpoint.terms.never => ReusePlan::Never,
        None => ReusePlan::Unsaid,
        Some(cache) => {
            let Cache { fresh, stale, .. } = cache;
            let (headers, cookies) =
                (names(endpoint, Place::Header), names(endpoint, Place::Cookie));
            ReusePlan::By(Box::new(ReusablePlan {
                fresh,
                stale,
                errors: errors(version, endpoint),
                query: names(endpoint, Place::Query),
                private: cache.private.then(|| read(shapes, claims)),
                public: endpoint.terms.access == Access::Public && cookies.is_empty(),
                vary: vary(contract, endpoint, (&headers, &cookies)),
                headers,
                cookies,
            }))
        }
    }
}

/// The declared parameters at a place, sorted: in whatever order they are declared or sent, it is the
/// same question.
fn names(endpoint: &Endpoint, place: Place) -> Vec<String> {
    let found = endpoint.params.iter().filter(|param| param.place == place);
    let mut names: Vec<String> = found.map(|param| param.wire.clone()).collect();
    names.sort();
    names
}

/// The statuses of errors that say how things are, and not that something went wrong.
fn errors(version: Option<&Version>, endpoint: &Endpoint) -> Vec<u16> {
    let declared = version.map_or(&[] as &[_], |version| &version.errors);
    let found = endpoint.errors.iter().filter_map(|at| declared.get(*at));
    let mut statuses: Vec<u16> = found.map(|error| error.status).collect();
    statuses.retain(|status| matches!(status, 404 | 410));
    statuses.sort_unstable();
    statuses.dedup();
    statuses
}

/// What is read of what is known of callers.
fn read(shapes: &[ShapePlan], claims: &[ClaimsPlan]) -> Vec<String> {
    let mut names = Vec::new();
    for one in claims {
        if let Some(ReadPlan::Record(_, fields)) = shapes.get(one.node).map(|shape| &shape.read) {
            names.extend(fields.iter().filter_map(|at| Some(shapes.get(*at)?.wire.clone())));
        }
    }
    names.sort();
    names.dedup();
    names
}

/// The header fields that make a difference, and those by which callers say who they are.
fn vary(
    contract: &Contract,
    endpoint: &Endpoint,
    (headers, cookies): (&[String], &[String]),
) -> String {
    let mut fields = headers.to_vec();
    fields.extend((!cookies.is_empty()).then(|| "Cookie".to_owned()));
    if let Access::Schemes { any, .. } = &endpoint.terms.access {
        let schemes = contract.schemes.iter().filter(|scheme| any.contains(&scheme.name));
        fields.extend(schemes.filter_map(|scheme| match scheme.kind {
            SchemeKind::ApiKey => scheme.header.clone(),
            SchemeKind::Jwt | SchemeKind::Basic => Some("Authorization".to_owned()),
            SchemeKind::Mtls => None,
        }));
    }
    let mut known: Vec<String> = Vec::new();
    for field in fields {
        if known.iter().all(|other| !other.eq_ignore_ascii_case(&field)) {
            known.push(field);
        }
    }
    known.join(", ")
}
