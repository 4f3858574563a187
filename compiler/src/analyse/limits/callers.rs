//! Limits of callers who are known: by which scheme, and by what that says of them.

use super::{by, is_known};
use crate::analyse::access::{Known, Schemes};
use crate::analyse::clauses::Held;
use crate::analyse::policies;
use crate::contract::Version;
use crate::contract::terms::{Scheme, SchemeKind};
use crate::contract::types::{Field, Kind, Types};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use gatewright_grammar::tree::{Clause, ClauseKind, File, Ident, ItemKind, Limit};

/// What is known of the callers of an endpoint.
pub(crate) struct Callers<'a> {
    /// By each of the ways in.
    pub(crate) known: &'a [Known],
    pub(crate) types: &'a Types,
    pub(crate) schemes: &'a Schemes,
}

/// Reports limits of an endpoint that count by what need not be known of its callers, and callers that
/// none of its limits counts.
pub(crate) fn check_callers(
    chain: &[Held<'_>],
    callers: &Callers<'_>,
    diagnostics: &mut Diagnostics,
) {
    let limits = chain.iter().filter_map(|held| match &held.kind {
        ClauseKind::Limit(limit) if limit.rate.is_some() => Some((held.clause, limit)),
        _ => None,
    });
    let (known, open): (Vec<_>, Vec<_>) = limits.partition(|(_, limit)| is_known(limit));
    let mut counted: Vec<&str> = Vec::new();
    for (clause, limit) in &known {
        match one((clause, limit), callers) {
            Ok(scheme) => counted.push(scheme),
            Err(diagnostic) => diagnostics.push(*diagnostic),
        }
    }
    let (Some((clause, _)), [], [_, ..]) = (known.first(), open.as_slice(), counted.as_slice())
    else {
        return;
    };
    let others = callers.known.iter().map(|one| one.name.as_str());
    for other in others.filter(|name| !counted.contains(name)) {
        diagnostics.push(uncounted(clause, other));
    }
}

/// The scheme whose callers a limit counts.
fn one<'c>(
    (clause, limit): (&Clause, &Limit),
    callers: &Callers<'c>,
) -> Result<&'c str, Box<Diagnostic>> {
    let (declared, by) = (callers.schemes.names(), by(limit));
    let declared: Vec<&str> = declared.iter().map(String::as_str).collect();
    let found = by.scheme(&declared).and_then(|(name, claim)| {
        let scheme = &callers.schemes.named(name)?.scheme;
        Some((scheme, claim))
    });
    let Some((scheme, claim)) = found else {
        return Err(Box::new(unknown(limit, callers.schemes)));
    };
    let Some(known) = callers.known.iter().find(|one| one.name == scheme.name) else {
        return Err(Box::new(nobody(clause, &scheme.name, callers.known)));
    };
    match claim {
        None if scheme.has_principal() => {}
        None => return Err(Box::new(anonymous(clause, scheme))),
        Some(claim) => {
            let field = match &known.ty.kind {
                Kind::Record(id) => {
                    callers.types.record(*id).fields.iter().find(|field| field.name == claim)
                }
                _ => None,
            };
            if let Some(diagnostic) = fault(clause, (scheme, claim), field) {
                return Err(Box::new(diagnostic));
            }
        }
    }
    Ok(&known.name)
}

/// What is wrong with a claim that callers are counted by.
fn fault(
    clause: &Clause,
    (scheme, claim): (&Scheme, &str),
    field: Option<&Field>,
) -> Option<Diagnostic> {
    let what = format!("{}.{claim}", scheme.name);
    let diagnostic = |message: String| Diagnostic::new(Code::Uncountable, clause.span, message);
    let Some(field) = field else {
        let message = format!("nothing says that callers have `{what}`");
        let help = match scheme.kind {
            SchemeKind::Jwt if claim.contains('.') => {
                "count by a claim as a whole: what is inside of one may be missing".to_owned()
            }
            SchemeKind::Jwt => format!("declare it: `claims {{ {claim}: text }}`"),
            _ => format!("write `per {}`: a caller is known by name", scheme.name),
        };
        let label = format!("`auth {}` declares no `{claim}`", scheme.name);
        return Some(diagnostic(message).label(label).see(scheme.span, "declared here").help(help));
    };
    if field.optional || field.ty.nullable || field.default.is_some() {
        return Some(
            diagnostic(format!("not every caller has `{what}`"))
                .label("who has none could not be counted")
                .see(field.span, "it may be missing")
                .help("declare it without `?`, `| null` and default: then tokens without it are refused"),
        );
    }
    (!matches!(field.ty.kind, Kind::Scalar(_))).then(|| {
        diagnostic(format!("`{what}` is no single value"))
            .label("callers are counted by a text, a number, `true` or `false`")
            .see(field.span, "declared here")
    })
}

fn unknown(limit: &Limit, schemes: &Schemes) -> Diagnostic {
    let word = limit.per.first().cloned();
    schemes
        .unknown(&word.unwrap_or_else(|| Ident { text: String::new(), span: Default::default() }))
}

fn nobody(clause: &Clause, scheme: &str, known: &[Known]) -> Diagnostic {
    let message =
        format!("this counts callers that `{scheme}` lets in, and here it lets in nobody");
    let diagnostic = Diagnostic::new(Code::Uncountable, clause.span, message);
    match known {
        [] => diagnostic
            .label("anybody may call, so nobody is known")
            .help(format!("write `auth {scheme}` in the place of `public`, or count `per ip`")),
        [first, ..] => diagnostic
            .label(format!("callers are let in by `{}`", first.name))
            .help(format!("write `per {}`, or `auth {} or {scheme}`", first.name, first.name)),
    }
}

fn anonymous(clause: &Clause, scheme: &Scheme) -> Diagnostic {
    let name = &scheme.name;
    Diagnostic::new(
        Code::Uncountable,
        clause.span,
        format!("tokens of `{name}` need not say who calls"),
    )
    .label("whoever has no `sub` could not be counted")
    .see(scheme.span, "its claims do not declare `sub`")
    .help("declare it: `claims { sub: text }`; then tokens without it are refused")
}

fn uncounted(clause: &Clause, scheme: &str) -> Diagnostic {
    Diagnostic::new(
        Code::UncountedCallers,
        clause.span,
        format!("callers that `{scheme}` lets in are not counted"),
    )
    .label("no limit of this endpoint holds for them")
    .help(format!("add `limit … per {scheme}`, or a limit that holds for everybody"))
}

/// Reports limits of blocks that hold for no endpoint of any version.
pub(super) fn check_idle(
    files: &[File],
    (versions, schemes): (&[Version], &Schemes),
    diagnostics: &mut Diagnostics,
) {
    // A limit that is missing because its endpoint was refused raises nothing further.
    if diagnostics.has_errors() {
        return;
    }
    let items = files.iter().flat_map(|file| &file.items);
    let policies: Vec<_> = items
        .filter_map(|item| match &item.kind {
            ItemKind::Policy(policy) => Some(&policy.clauses),
            _ => None,
        })
        .flatten()
        .map(|clause| clause.span)
        .collect();
    let endpoints = versions.iter().flat_map(|version| &version.endpoints);
    let held: Vec<_> =
        endpoints.flat_map(|endpoint| &endpoint.terms.limits).map(|limit| limit.span).collect();
    for clause in policies::blocks(files).into_iter().flatten() {
        let ClauseKind::Limit(limit) = &clause.kind else { continue };
        if !is_known(limit) || held.contains(&clause.span) || policies.contains(&clause.span) {
            continue;
        }
        let names = schemes.names();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        diagnostics.push(match by(limit).scheme(&names) {
            None => unknown(limit, schemes),
            Some((scheme, _)) => {
                Diagnostic::new(Code::Uncountable, clause.span, "this limit holds for no endpoint")
                    .label(format!(
                        "none asks for `{scheme}`, but for those that have a nearer limit"
                    ))
                    .help(format!("write `auth {scheme}` where it is to hold, or delete it"))
            }
        });
    }
}
