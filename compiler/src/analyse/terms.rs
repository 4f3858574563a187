//! Terms of endpoints, for comparison: access, limits, caches and origins as clauses declare them.

use super::clauses::Held;
use super::limits;
use crate::contract::terms::{ANY_ORIGIN, Access, Cache, Terms};
use crate::source::Sources;
use gatewright_grammar::tree::{self, ClauseKind, Cors, EnvValue, Pages, Value, ValueKind};

/// What the clauses of an endpoint say, the nearest of each kind alone.
pub(crate) fn terms(clauses: &[Held<'_>], sources: &Sources) -> Terms {
    let mut found = Terms::default();
    for clause in clauses {
        match &clause.kind {
            ClauseKind::Public => found.access = Access::Public,
            ClauseKind::Auth { schemes, scopes, roles } => {
                let texts = |all: &[tree::StringLit]| {
                    all.iter().map(|one| one.value.clone()).collect::<Vec<_>>()
                };
                found.access = Access::Schemes {
                    any: schemes.iter().map(|one| one.text.clone()).collect(),
                    scopes: texts(scopes),
                    roles: texts(roles),
                    claims: Vec::new(),
                };
            }
            ClauseKind::Limit(limit) => found.limits.extend(limits::limit(limit, clause)),
            ClauseKind::Cache(cache) => {
                found.never = cache.fresh.is_none();
                found.cache = cache.fresh.as_ref().map(|fresh| Cache {
                    private: cache.private,
                    fresh: fresh.millis,
                    stale: cache.stale.as_ref().map_or(0, |time| time.millis),
                    span: clause.span,
                });
            }
            ClauseKind::Cors(cors) => found.origins = origins(cors, sources),
            ClauseKind::Timeout(_)
            | ClauseKind::MaxBody(_)
            | ClauseKind::Compress(_)
            | ClauseKind::Unknown { .. }
            | ClauseKind::Use(_) => {}
        }
    }
    found
}

/// What pages may do, as far as two contracts can differ in it.
fn origins(cors: &Cors, sources: &Sources) -> Vec<String> {
    let mut found: Vec<String> = match &cors.pages {
        Pages::None => return Vec::new(),
        Pages::Any => vec![ANY_ORIGIN.to_owned()],
        Pages::Of(origins) => origins.iter().map(|one| written(one, sources)).collect(),
    };
    found.extend(cors.credentials.map(|_| "with credentials".to_owned()));
    found
}

/// A text, a variable by its name, or what else stands there.
fn written(value: &Value, sources: &Sources) -> String {
    match &value.kind {
        ValueKind::Env(one) => {
            let EnvValue { name, .. } = one.as_ref();
            format!("env {}", name.text)
        }
        _ => {
            let source = sources.get(value.span.file);
            let text = source.and_then(|source| source.text.get(value.span.range()));
            text.unwrap_or_default().trim_matches('"').to_owned()
        }
    }
}
