//! Terms of endpoints, for comparison: access, limits, caches and origins as clauses declare them.

use super::clauses::Held;
use super::limits;
use crate::contract::terms::{ANY_ORIGIN, Access, Cache, Scheme, Terms};
use crate::source::Sources;
use gatewright_grammar::tree::{
    self, AuthMember, ClauseKind, Cors, EnvValue, File, ItemKind, Pages, Value, ValueKind,
};

/// How callers can say who they are. Of one name the first counts; the others have findings.
pub(crate) fn schemes(files: &[File], sources: &Sources) -> Vec<Scheme> {
    let mut found: Vec<Scheme> = Vec::new();
    for item in files.iter().flat_map(|file| &file.items) {
        let ItemKind::Auth(auth) = &item.kind else { continue };
        if found.iter().all(|other| other.name != auth.name.text) {
            found.push(scheme(auth, sources));
        }
    }
    found
}

fn scheme(auth: &tree::Auth, sources: &Sources) -> Scheme {
    let mut found = Scheme {
        name: auth.name.text.clone(),
        kind: auth.scheme.text.clone(),
        header: None,
        issuer: [None, None],
        leeway: 0,
        span: auth.name.span,
    };
    for member in &auth.members {
        match member {
            AuthMember::Issuer(value) => found.issuer[0] = Some(written(value, sources)),
            AuthMember::Audience(value) => found.issuer[1] = Some(written(value, sources)),
            AuthMember::Header(name) => found.header = Some(name.text.to_ascii_lowercase()),
            AuthMember::Leeway(time) => found.leeway = time.millis,
            AuthMember::Keys { .. } | AuthMember::Claims(_) => {}
        }
    }
    found
}

/// What the clauses of an endpoint say, the nearest of each kind alone.
pub(crate) fn terms(clauses: &[Held<'_>], sources: &Sources) -> Terms {
    let mut found = Terms::default();
    for clause in clauses {
        match &clause.kind {
            ClauseKind::Public => found.access = Access::Public,
            ClauseKind::Auth { schemes, scopes } => {
                found.access = Access::Schemes {
                    any: schemes.iter().map(|one| one.text.clone()).collect(),
                    scopes: scopes.iter().map(|one| one.value.clone()).collect(),
                    claims: Vec::new(),
                };
            }
            ClauseKind::Limit(limit) => found.limits.extend(limits::limit(limit, clause)),
            ClauseKind::Cache(cache) => {
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
