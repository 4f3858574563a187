//! What changed for those who call an endpoint, and the differences that this explains.

use super::differ::{At, Difference};
use crate::changes::{Change, Verdict, Whom};

/// Fields that tell of the end of a version, an endpoint, or a part.
const OF_ENDS: &[&str] = &["deprecation", "sunset", "link", "link-template"];

/// What changed between two contracts for those who call one endpoint.
#[derive(Clone, Debug, Default)]
pub struct Reasons(Vec<Change>);

/// What a change may make different.
enum Reach<'c> {
    /// Nothing that is answered.
    Nothing,
    /// Header fields about ends.
    Ends,
    /// The body at this place and below it, and beside it under the other name.
    Body(Vec<&'c str>, Option<&'c str>),
    /// Anything.
    All,
}

impl Reasons {
    /// Those of `changes`, all of a version, that reach an endpoint with one of these keys.
    pub(super) fn of(keys: &[String], changes: &[Change]) -> Self {
        let of_both = |change: &&Change| match &change.endpoint {
            Some(key) => keys.contains(key),
            None => true,
        };
        let reaching = |change: &&Change| !matches!(reach(change), Reach::Nothing);
        Self(changes.iter().filter(of_both).filter(reaching).cloned().collect())
    }

    /// Whether nothing changed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The changes, a line each: `200.price field/removed`.
    pub fn lines(&self) -> Vec<String> {
        let line = |change: &Change| format!("{} {}", change.place, change.rule.id);
        self.0.iter().map(|change| line(change).trim_start().to_owned()).collect()
    }

    /// Whether one of the changes may have made this difference.
    pub fn explain(&self, difference: &Difference) -> bool {
        self.0.iter().any(|change| match (reach(change), &difference.at) {
            (Reach::All, _) => true,
            (Reach::Ends, At::Header(name)) => OF_ENDS.contains(&name.as_str()),
            (Reach::Body(place, other), At::Body(pointer)) => is_within(pointer, &place, other),
            (Reach::Nothing | Reach::Ends | Reach::Body(..), _) => false,
        })
    }
}

/// What a change may make different in an answer.
fn reach(change: &Change) -> Reach<'_> {
    let area = change.rule.id.split('/').next().unwrap_or_default();
    if change.whom != Whom::Callers || matches!(area, "docs" | "proof" | "people" | "ops") {
        return Reach::Nothing;
    }
    if area == "life" && !change.rule.id.starts_with("life/default") {
        return if change.rule.id == "life/selection-changed" { Reach::All } else { Reach::Ends };
    }
    if change.endpoint.is_none() && area != "life" {
        return Reach::Nothing;
    }
    let (head, rest) = change.place.split_once(['.', '[']).unwrap_or((&change.place, ""));
    if head.parse::<u16>().is_err() {
        return Reach::All;
    }
    if change.verdict == Verdict::Invisible && area != "field" {
        return Reach::Nothing;
    }
    let is_list = change.place.get(head.len()..).is_some_and(|rest| rest.starts_with('['));
    let mut place: Vec<&str> = if is_list { vec!["]"] } else { Vec::new() };
    for part in rest.trim_start_matches(']').split('.').filter(|part| !part.is_empty()) {
        let name = part.split('[').next().unwrap_or_default();
        place.extend(Some(name).filter(|name| !name.is_empty()));
        place.extend(part.match_indices('[').map(|_| "]"));
    }
    Reach::Body(place, change.is.as_deref())
}

/// Whether a pointer (RFC 6901) leads to `place` or below it, where `]` is any element; `other` is
/// another name of its last part.
fn is_within(pointer: &str, place: &[&str], other: Option<&str>) -> bool {
    let parts: Vec<String> =
        pointer.split('/').skip(1).map(|part| part.replace("~1", "/").replace("~0", "~")).collect();
    let last = place.len();
    parts.len() >= last
        && place.iter().zip(&parts).enumerate().all(|(at, (wanted, part))| {
            *wanted == "]" || *wanted == part || (at + 1 == last && other == Some(part.as_str()))
        })
}

#[cfg(test)]
mod tests {
    use super::is_within;

    #[test]
    fn places_are_those_of_the_pointer() {
        assert!(is_within("/a/0/b", &["a", "]", "b"], None));
        assert!(is_within("/a/0/b/c", &["a", "]", "b"], None));
        assert!(is_within("/a/new", &["a", "old"], Some("new")));
        assert!(is_within("/a~1b", &["a/b"], None));
        assert!(is_within("", &[], None));
        assert!(!is_within("/a", &["a", "]"], None));
        assert!(!is_within("/b/0", &["a", "]"], None));
    }
}
