//! Limits: what they count, and which endpoints count together.

use super::access::Schemes;
use super::clauses::{Held, Level};
use super::declare::Api;
use super::edits::path_text;
use super::variables::Variables;
use crate::contract::terms::{Across, By, Limit};
use crate::contract::{InFlight, Store, Version};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use gatewright_grammar::tree::{self, ClauseKind, NumberLit};
use std::cell::RefCell;

mod callers;
mod store;

pub(crate) use callers::{Callers, check_callers};

/// The highest rate and the highest burst. With it, a day's worth of the finest parts of a call still fits
/// into the 64 bits that gateways count them with.
const MOST: u64 = 100_000_000;

/// How many can be on their way at once.
const MOST_IN_FLIGHT: u32 = 1_000_000;

/// What a limit counts apart, and across what if it says so: of two limits in one block with one
/// key, one can hold. Nothing for `limit none`.
pub(crate) fn key(limit: &tree::Limit) -> Option<(By, Option<&str>)> {
    limit.rate.as_ref()?;
    Some((by(limit), limit.across.as_ref().map(|name| name.text.as_str())))
}

/// Whether `new` takes the place of `old` in one block.
pub(crate) fn replaces(new: &tree::Limit, old: &tree::Limit) -> bool {
    new.rate.is_none() || key(new) == key(old)
}

/// Whether `new` takes the place of `old`, which stands in a block around that of `new`.
pub(crate) fn is_nearer(new: &tree::Limit, old: &tree::Limit) -> bool {
    new.rate.is_none() || by(new) == by(old)
}

/// Whether `limit` counts whom a scheme lets in.
pub(crate) fn is_known(limit: &tree::Limit) -> bool {
    matches!(by(limit), By::Principal(_))
}

/// Whether a clause counts anybody where callers are let in by `ways`. A limit of callers that are known
/// holds from a block around them wherever they are asked who they are, and says nothing elsewhere; one
/// of an endpoint itself is a mistake there, and stays to be reported.
pub(crate) fn counts(held: &Held<'_>, ways: &[&str]) -> bool {
    match &held.kind {
        ClauseKind::Limit(limit) if held.level != Level::Endpoint && is_known(limit) => {
            by(limit).scheme(ways).is_some()
        }
        _ => true,
    }
}

fn by(limit: &tree::Limit) -> By {
    let words: Vec<&str> = limit.per.iter().map(|word| word.text.as_str()).collect();
    match words.as_slice() {
        words if limit.per_header => By::Header(words.join(".").to_ascii_lowercase()),
        [] => By::All,
        ["ip"] => By::Ip,
        words => By::Principal(words.join(".")),
    }
}

/// A limit of the contract; nothing for `limit none`.
pub(crate) fn limit(limit: &tree::Limit, held: &Held<'_>) -> Option<Limit> {
    let rate = limit.rate.as_ref()?;
    let (calls, unit) = rate.text.split_once('/')?;
    let period = match unit {
        "s" => 1_000,
        "min" => 60_000,
        "h" => 3_600_000,
        _ => 86_400_000,
    };
    Some(Limit {
        by: by(limit),
        across: across(limit, held.level),
        // More digits than a number has are a limit that nobody reaches.
        calls: calls.parse().unwrap_or(u64::MAX),
        period,
        burst: limit.burst.as_ref().map(|burst| burst.text.parse().unwrap_or(u64::MAX)),
        shared: limit.shared,
        text: rate.text.clone(),
        span: held.span,
    })
}

/// Which endpoints count together: as it says, else those of its block.
fn across(limit: &tree::Limit, level: Level<'_>) -> Across {
    match (limit.across.as_ref().map(|name| name.text.as_str()), level) {
        (Some("api"), _) | (None, Level::Api) => Across::Api,
        (Some("version"), _) | (None, Level::Version) => Across::Version,
        (Some("endpoint"), _) | (None, Level::Endpoint) => Across::Endpoint,
        (Some(name), _) => Across::Group(name.to_owned()),
        (None, Level::Under(paths)) => Across::Group(paths.iter().map(path_text).collect()),
    }
}

/// The text of a limit as it is written into an endpoint that it holds for, where that says more
/// than its own text.
pub(crate) fn spelled(limit: &tree::Limit, level: Level<'_>, text: &str) -> Option<String> {
    if limit.across.is_some() || limit.rate.is_none() {
        return None;
    }
    let across = across(limit, level);
    let word = across.word()?;
    Some(match text.strip_suffix("shared") {
        Some(before) if limit.shared => format!("{} across {word} shared", before.trim_end()),
        _ => format!("{text} across {word}"),
    })
}

/// Reports what is wrong with a limit.
pub(crate) fn check(limit: &tree::Limit, diagnostics: &mut Diagnostics) {
    let Some(rate) = &limit.rate else { return };
    let calls = rate.text.split_once('/').and_then(|(calls, _)| calls.parse().ok());
    if calls == Some(0) {
        diagnostics.push(
            Diagnostic::new(Code::InvalidClause, rate.span, "no calls at all is no limit")
                .label("nobody could ever call")
                .help("write how many calls there may be, such as `50/s` or `10/min`, or `limit none`"),
        );
    } else if calls.is_none_or(|calls| calls > MOST) {
        diagnostics.push(
            Diagnostic::new(Code::InvalidClause, rate.span, "a limit that nobody reaches")
                .label(format!("the highest is {MOST}"))
                .help(
                    "write `limit none`, or leave the clause out, where nothing is to be limited",
                ),
        );
    }
    if let Some(burst) = &limit.burst {
        check_burst(burst, diagnostics);
    }
}

/// How many may be on their way at once; nothing, and a finding, for a number that is none.
pub(crate) fn in_flight(
    clause: &tree::InFlight,
    diagnostics: &mut Diagnostics,
) -> Option<InFlight> {
    match clause.most.text.parse() {
        Ok(most @ 1..=MOST_IN_FLIGHT) => {
            let wait = clause.wait.as_ref().map_or(0, |wait| wait.millis);
            Some(InFlight { most, wait })
        }
        _ => {
            let message = format!("`{}` cannot be on their way at once", clause.most.text);
            diagnostics.push(
                Diagnostic::new(Code::InvalidClause, clause.most.span, message)
                    .label(format!("a whole number from 1 to {MOST_IN_FLIGHT} is wanted")),
            );
            None
        }
    }
}

fn check_burst(burst: &NumberLit, diagnostics: &mut Diagnostics) {
    if burst.text.parse().is_ok_and(|burst| (1..=MOST).contains(&burst)) {
        return;
    }
    let message = format!("`{}` calls cannot come at once", burst.text);
    diagnostics.push(
        Diagnostic::new(Code::InvalidClause, burst.span, message)
            .label(format!("a whole number from 1 to {MOST} is wanted"))
            .help("`burst 1` lets calls come one by one; without `burst`, a second's or a minute's worth may come at once"),
    );
}

/// Reports limits of different endpoints that do not go together, and says what gateways count shared ones in.
pub(crate) fn settle(
    files: &[tree::File],
    (api, versions, schemes): (&Api, &[Version], &Schemes),
    variables: &RefCell<Variables>,
    diagnostics: &mut Diagnostics,
) -> Option<Store> {
    check_together(versions, diagnostics);
    let store = store::store(api.store.as_ref(), versions, variables, diagnostics);
    callers::check_idle(files, (versions, schemes), diagnostics);
    store
}

/// Reports limits that are counted together, and do not say the same.
fn check_together(versions: &[Version], diagnostics: &mut Diagnostics) {
    let mut seen: Vec<(&str, &Limit)> = Vec::new();
    for version in versions {
        for limit in version.endpoints.iter().flat_map(|endpoint| &endpoint.terms.limits) {
            let Some(word) = limit.across.word() else { continue };
            let place = if limit.across == Across::Api { "" } else { version.label.as_str() };
            let first = seen.iter().find(|(other, first)| {
                *other == place && first.across == limit.across && first.by == limit.by
            });
            let Some((_, first)) = first else {
                seen.push((place, limit));
                continue;
            };
            if first.span != limit.span && !is_same(first, limit) {
                diagnostics.push(apart((first, limit), word));
            }
        }
    }
}

fn is_same(a: &Limit, b: &Limit) -> bool {
    (a.calls, a.period, a.at_once(), a.shared) == (b.calls, b.period, b.at_once(), b.shared)
}

fn apart((first, limit): (&Limit, &Limit), word: &str) -> Diagnostic {
    let message = format!("what is counted together across `{word}` has two limits");
    Diagnostic::new(Code::InvalidClause, limit.span, message)
        .label("this counts the same calls and allows another number")
        .see(first.span, "the other limit")
        .help("write the same limit in both places, or another word behind `across` in one of them")
}
