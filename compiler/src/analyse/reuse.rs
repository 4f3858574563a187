//! Answers that may be used again: which endpoints have such, and who would get what is another's.

use super::access::Schemes;
use super::clauses::Held;
use super::versions::FlatEndpoint;
use crate::contract::endpoint::Manner;
use crate::contract::terms::{Access, Terms};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use gatewright_grammar::Span;
use gatewright_grammar::tree::{self, ClauseKind, EndpointMemberKind};

/// Leaves to `terms` a cache that the endpoint can have. One that it says itself and cannot have is a
/// mistake; one from around it is for others.
pub(crate) fn settle(
    terms: &mut Terms,
    (flat, manner): (&FlatEndpoint, Manner),
    (chain, schemes): (&[Held<'_>], &Schemes),
    diagnostics: &mut Diagnostics,
) {
    let Some((held, cache)) = chain.iter().find_map(|held| match &held.kind {
        ClauseKind::Cache(cache) => Some((held, cache)),
        _ => None,
    }) else {
        return;
    };
    if !lasts(cache, diagnostics) {
        terms.cache = None;
        return;
    }
    if cache.fresh.is_none() {
        return;
    }
    if let Some((message, label, help)) = hindrance(flat, manner, (cache, terms, schemes)) {
        terms.cache = None;
        if is_its_own(flat, held) {
            let finding = Diagnostic::new(Code::InvalidCache, held.span, message).label(label);
            diagnostics.push(finding.help(help));
        }
        return;
    }
    leaks(terms, chain, diagnostics);
}

/// Whether the endpoint itself says so, and nothing around it or under a name.
fn is_its_own(flat: &FlatEndpoint, held: &Held<'_>) -> bool {
    flat.tree.members.iter().any(|member| match &member.kind {
        EndpointMemberKind::Clause(clause) => clause.span == held.span,
        _ => false,
    })
}

/// Whether its times are times.
fn lasts(cache: &tree::Cache, diagnostics: &mut Diagnostics) -> bool {
    let zero = cache.fresh.iter().chain(&cache.stale).find(|time| time.millis == 0);
    let Some(zero) = zero else { return true };
    diagnostics.push(
        Diagnostic::new(Code::InvalidCache, zero.span, "nothing is kept for no time")
            .label("no time at all")
            .help("write how old an answer may be, such as `60s`, or `cache none`"),
    );
    false
}

/// Why answers of an endpoint cannot be used again: message, label, help.
fn hindrance(
    flat: &FlatEndpoint,
    manner: Manner,
    (cache, terms, schemes): (&tree::Cache, &Terms, &Schemes),
) -> Option<(String, &'static str, &'static str)> {
    let method = &flat.tree.method.text;
    if method != "GET" {
        let message = format!("what a {method} does cannot be kept for later");
        return Some((message, "only a `GET` is asked for its answer alone", "delete `cache`"));
    }
    if cache.private
        && let Some(scheme) = without_principal(terms, schemes)
    {
        let message = format!("the callers of `{scheme}` cannot be told apart");
        let help = "declare `sub: text`, or what it is, in the claims of the scheme";
        return Some((message, "`private` keeps one answer per caller", help));
    }
    let (message, label) = match manner {
        Manner::Pass => ("an answer that is passed on is not kept", "it is the backend's own"),
        Manner::Stream => ("a stream cannot be kept for later", "its items come one by one"),
        Manner::Whole if sets_a_cookie(flat) => {
            ("an answer that sets a cookie is for one caller alone", "others would get it, too")
        }
        Manner::Whole if cache.private && terms.access == Access::Public => (
            "there is nobody to keep an answer for: it is not known who calls",
            "`private` keeps one answer per caller",
        ),
        Manner::Whole => return None,
    };
    let help = match manner {
        Manner::Whole if cache.private => "say who may call with `auth …`, or leave `private` out",
        _ => "delete `cache`, or write `cache none`",
    };
    Some((message.to_owned(), label, help))
}

/// A way in that does not tell callers apart from one request to the next.
fn without_principal<'t>(terms: &'t Terms, schemes: &Schemes) -> Option<&'t str> {
    let Access::Schemes { any, .. } = &terms.access else { return None };
    let unknown = |name: &&String| {
        schemes.named(name.as_str()).is_some_and(|known| !known.scheme.has_principal())
    };
    any.iter().find(unknown).map(String::as_str)
}

fn sets_a_cookie(flat: &FlatEndpoint) -> bool {
    flat.tree.members.iter().any(|member| match &member.kind {
        EndpointMemberKind::Reply { name, .. } => name.text.eq_ignore_ascii_case("set-cookie"),
        _ => false,
    })
}

/// Refuses answers that are kept for everybody and made of what is known of one caller.
fn leaks(terms: &Terms, chain: &[Held<'_>], diagnostics: &mut Diagnostics) {
    let (Some(cache), Access::Schemes { claims, .. }) = (&terms.cache, &terms.access) else {
        return;
    };
    let Some((claim, _)) = claims.first().filter(|_| !cache.private) else { return };
    let clause = |wanted: fn(&ClauseKind) -> bool| {
        chain.iter().rev().find(|clause| wanted(&clause.kind)).map(|clause| clause.span)
    };
    let word = Span { end: cache.span.start + 5, ..cache.span };
    let mut diagnostic = Diagnostic::new(
        Code::SharedCacheLeak,
        cache.span,
        "this cache would show one caller's data to others",
    )
    .label("shared between callers")
    .note(format!("the answer depends on who calls: the endpoint reads `{claim}`"))
    .fix("keep one entry per caller: `cache private …`", word.at_end(), " private");
    if let Some(auth) = clause(|kind| matches!(kind, ClauseKind::Auth { .. })) {
        diagnostic = diagnostic.see(auth, "callers differ");
    }
    diagnostics.push(diagnostic);
}
