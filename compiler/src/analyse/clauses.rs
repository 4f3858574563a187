//! What clauses mean: the nearest of a kind wins.

use super::edits::same_clause;
use super::limits;
use super::variables::{Variables, Wanted, millis};
use crate::contract::endpoint::Compress;
use crate::contract::{Cors, Setting, VariableKind};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use gatewright_grammar::Span;
use gatewright_grammar::tree::{self, Clause, ClauseKind, Compressed, Path, Timeout};
use std::cell::RefCell;
use std::ops::Deref;

/// The longest request body where nothing is declared.
const DEFAULT_MAX_BODY: u64 = 1 << 20;

/// From how many bytes on an answer gains by being compressed.
const WORTH_IT: u64 = 1 << 10;

/// The endpoint's budget where nothing is declared.
pub(crate) const DEFAULT_BUDGET: u64 = 30_000;

/// A clause that holds for an endpoint, and the block that says so.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Held<'c> {
    pub(crate) clause: &'c Clause,
    pub(crate) level: Level<'c>,
}

/// A block that holds for endpoints.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Level<'c> {
    Api,
    Version,
    /// `under`, with its paths, the outermost first.
    Under(&'c [Path]),
    Endpoint,
}

impl Deref for Held<'_> {
    type Target = Clause;

    fn deref(&self) -> &Clause {
        self.clause
    }
}

impl Held<'_> {
    /// Whether it takes the place of `old`, which stands before it.
    fn replaces(&self, old: &Held<'_>) -> bool {
        match (&self.kind, &old.kind) {
            (ClauseKind::Limit(new), ClauseKind::Limit(was)) if self.level != old.level => {
                limits::is_nearer(new, was)
            }
            _ => same_clause(old, self),
        }
    }
}

impl<'c> Level<'c> {
    /// A clause of this block.
    pub(crate) fn holds(self, clause: &'c Clause) -> Held<'c> {
        Held { clause, level: self }
    }
}

/// What the clauses around and inside an endpoint say together.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// Whether something says who may call.
    pub(crate) access: bool,
    /// The budget in milliseconds.
    pub(crate) timeout: Setting<u64>,
    /// Where the budget is declared.
    pub(crate) timeout_span: Option<Span>,
    /// The longest request body.
    pub(crate) max_body: u64,
    /// Whether undeclared query parameters are dropped.
    pub(crate) ignore_params: bool,
    /// Whether undeclared body fields are dropped.
    pub(crate) ignore_fields: bool,
    /// Which pages of other origins may call.
    pub(crate) cors: Option<Cors>,
    /// What may be compressed.
    pub(crate) compress: Compress,
}

/// Reads clauses from the outermost to the nearest.
pub(crate) fn settle(
    clauses: &[Held<'_>],
    endpoint: &str,
    variables: &RefCell<Variables>,
    diagnostics: &mut Diagnostics,
) -> Settings {
    let mut settings = Settings {
        access: false,
        timeout: Setting::Fixed(DEFAULT_BUDGET),
        timeout_span: None,
        max_body: DEFAULT_MAX_BODY,
        ignore_params: false,
        ignore_fields: false,
        cors: None,
        compress: Compress::default(),
    };
    for clause in clauses {
        match &clause.kind {
            ClauseKind::Public | ClauseKind::Auth { .. } => settings.access = true,
            ClauseKind::Limit(limit) => limits::check(limit, diagnostics),
            ClauseKind::Timeout(clause_timeout) => {
                let about = format!("time budget of {endpoint}");
                let variables = &mut variables.borrow_mut();
                if let Some(setting) = timeout(clause_timeout, &about, variables, diagnostics) {
                    settings.timeout = setting;
                    settings.timeout_span = Some(clause.span);
                }
            }
            ClauseKind::Cache(_) => {}
            ClauseKind::MaxBody(size) => settings.max_body = size.bytes,
            ClauseKind::Cors(cors) => {
                settings.cors =
                    super::cors::granted(cors, &mut variables.borrow_mut(), diagnostics);
            }
            ClauseKind::Compress(compress) => settings.compress = compressed(compress),
            ClauseKind::Unknown { params: true, ignored } => settings.ignore_params = *ignored,
            ClauseKind::Unknown { params: false, ignored } => settings.ignore_fields = *ignored,
            // Its clauses stand in its place.
            ClauseKind::Use(_) => {}
        }
    }
    settings
}

/// What may be compressed.
fn compressed(clause: &tree::Compress) -> Compress {
    let from = clause.from.as_ref().map_or(WORTH_IT, |size| size.bytes);
    let (answers, requests) = match clause.what {
        Compressed::None => (false, false),
        Compressed::Answers => (true, false),
        Compressed::Requests => (false, true),
        Compressed::Both => (true, true),
    };
    Compress { answers: answers.then_some(from), requests }
}

/// Which pages may read what is answered under these clauses alone.
pub(crate) fn cors(
    clauses: &[Held<'_>],
    variables: &RefCell<Variables>,
    diagnostics: &mut Diagnostics,
) -> Option<Cors> {
    let cors = clauses.iter().find_map(|clause| match &clause.kind {
        ClauseKind::Cors(cors) => Some(cors),
        _ => None,
    })?;
    super::cors::granted(cors, &mut variables.borrow_mut(), diagnostics)
}

/// The nearest clause of each kind, so that one that is replaced raises no finding.
pub(crate) fn nearest<'c>(clauses: impl IntoIterator<Item = Held<'c>>) -> Vec<Held<'c>> {
    let mut found: Vec<Held<'_>> = Vec::new();
    for clause in clauses {
        // `limit none` takes the place of several.
        found.retain(|old| !clause.replaces(old));
        found.push(clause);
    }
    let ways = found.iter().rev().find_map(|clause| match &clause.kind {
        ClauseKind::Auth { schemes, .. } => Some(schemes),
        _ => None,
    });
    let ways: Vec<String> = ways.into_iter().flatten().map(|name| name.text.clone()).collect();
    let ways: Vec<&str> = ways.iter().map(String::as_str).collect();
    found.retain(|clause| limits::counts(clause, &ways));
    found
}

/// The length of time a `timeout` clause sets.
pub(crate) fn timeout(
    timeout: &Timeout,
    about: &str,
    variables: &mut Variables,
    diagnostics: &mut Diagnostics,
) -> Option<Setting<u64>> {
    match timeout {
        Timeout::Fixed(duration) if duration.millis == 0 => {
            diagnostics.push(
                Diagnostic::new(Code::InvalidClause, duration.span, "no time at all is no timeout")
                    .label("every call would fail")
                    .help("write the time a caller can wait, such as `800ms`"),
            );
            None
        }
        Timeout::Fixed(duration) => Some(Setting::Fixed(duration.millis)),
        Timeout::Env(value) => {
            let wanted = Wanted { kind: VariableKind::Duration, about: about.to_owned() };
            match variables.used(value, wanted, diagnostics)? {
                Setting::Env { name, most } => {
                    Some(Setting::Env { name, most: most.as_deref().and_then(millis) })
                }
                Setting::Fixed(_) => None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{check, endpoint};

    const API: &str = "api shop { timeout 1s, max_body 1KB, public }
        backend one at \"http://one\" { timeout 300ms }\n";

    /// Budget and longest body of the first endpoint.
    fn limits(version: &str) -> (Option<u64>, u64) {
        let contract = check(&format!("{API} version 1 {{ {version} }}"));
        let endpoint = &contract.versions[0].endpoints[0];
        (endpoint.timeout.most(), endpoint.max_body)
    }

    #[test]
    fn the_nearest_clause_wins() {
        assert_eq!(limits("GET /a -> 204"), (Some(1_000), 1 << 10));
        assert_eq!(limits("timeout 2s, GET /a -> 204"), (Some(2_000), 1 << 10));
        assert_eq!(
            limits("timeout 2s, under /u { timeout 3s, GET /a -> 204 }"),
            (Some(3_000), 1 << 10)
        );
        let inner = "timeout 2s, under /u { timeout 3s, under /w { GET /a -> 204 { timeout 4s, max_body 2KB } } }";
        assert_eq!(limits(inner), (Some(4_000), 2 << 10));
    }

    #[test]
    fn the_order_of_a_block_does_not_matter() {
        assert_eq!(limits("GET /a -> 204, timeout 2s"), (Some(2_000), 1 << 10));
        assert_eq!(limits("under /u { GET /a -> 204, timeout 3s }"), (Some(3_000), 1 << 10));
    }

    #[test]
    fn a_nearer_public_replaces_auth_and_the_other_way_round() {
        use crate::contract::terms::Access;
        let terms = |version: &str| {
            let text = format!("{version}\nauth staff = basic {{ keys env KEYS }}");
            check(&format!("{API}{text}")).versions[0].endpoints[0].terms.access.clone()
        };
        let outer = "version 1 { auth staff, GET /a -> 204 { public } }";
        assert_eq!(terms(outer), Access::Public);
        let inner = "version 1 { public, GET /a -> 204 { auth staff } }";
        let any = vec!["staff".to_owned()];
        let (scopes, roles, claims) = (Vec::new(), Vec::new(), Vec::new());
        assert_eq!(terms(inner), Access::Schemes { any, scopes, roles, claims });
    }

    #[test]
    fn unknown_parameters_and_fields_are_told_apart() {
        let one = endpoint("GET /a -> 204 { public, unknown params ignored }");
        assert_eq!((one.ignore_params, one.ignore_fields), (true, false));
        let other =
            endpoint("unknown fields ignored, GET /a -> 204 { public, unknown params refused }");
        assert_eq!((other.ignore_params, other.ignore_fields), (false, true));
    }

    #[test]
    fn a_budget_may_come_from_the_environment_within_bounds() {
        let one = endpoint("GET /a -> 204 { public, timeout env LIMIT = 1s in 500ms..2s }");
        assert_eq!(one.timeout.most(), Some(2_000));
    }
}
