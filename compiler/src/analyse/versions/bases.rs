//! What versions start from: which are declared, in which order they can be written out.

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use gatewright_grammar::Span;
use gatewright_grammar::tree::{Doc, File, ItemKind, Version};
use std::collections::{BTreeSet, HashMap};

/// What versions start from, as indices.
pub(super) struct Bases {
    /// Nothing for one that starts from nothing, or from one that there is not.
    pub(super) from: Vec<Option<usize>>,
    /// Those that start from nothing.
    first: BTreeSet<usize>,
    /// Those that start from each.
    next: Vec<Vec<usize>>,
}

impl Bases {
    pub(super) fn of(declared: &[Declared<'_>]) -> Bases {
        let mut labels: HashMap<&str, usize> = HashMap::new();
        for (at, (version, ..)) in declared.iter().enumerate() {
            labels.entry(&version.label.text).or_insert(at);
        }
        let mut first = BTreeSet::new();
        let mut next = vec![Vec::new(); declared.len()];
        let mut from = Vec::new();
        for (at, (version, ..)) in declared.iter().enumerate() {
            let base = version.from.as_ref().map(|from| labels.get(from.text.as_str()).copied());
            match base {
                None => drop(first.insert(at)),
                Some(Some(base)) => next[base].push(at),
                Some(None) => {}
            }
            from.push(base.flatten());
        }
        Bases { from, first, next }
    }

    /// All that can be written out, each behind what it starts from; else in the order of the text.
    pub(super) fn order(&self) -> Vec<usize> {
        let mut order = Vec::new();
        let mut ready = self.first.clone();
        while let Some(at) = ready.pop_first() {
            order.push(at);
            ready.extend(&self.next[at]);
        }
        order
    }

    /// For each whether it starts from itself, by a circle. Every one is passed once.
    pub(super) fn circular(&self) -> Vec<bool> {
        let mut circular = vec![false; self.from.len()];
        let mut passed = vec![false; self.from.len()];
        for start in 0..self.from.len() {
            let mut path = Vec::new();
            let mut at = Some(start);
            while let Some(one) = at.filter(|one| !passed[*one]) {
                passed[one] = true;
                path.push(one);
                at = self.from[one];
            }
            // Where the path meets itself, the circle begins.
            let begin = at.and_then(|end| path.iter().position(|one| *one == end));
            path.iter().skip(begin.unwrap_or(path.len())).for_each(|one| circular[*one] = true);
        }
        circular
    }
}

/// A version, its documentation, and where all of it stands.
pub(super) type Declared<'f> = (&'f Version, Option<&'f Doc>, Span);

/// Every version in the order of the text. Of two with one label the first counts.
pub(super) fn declared<'f>(files: &'f [File], diagnostics: &mut Diagnostics) -> Vec<Declared<'f>> {
    let mut found: Vec<Declared<'f>> = Vec::new();
    let mut known: HashMap<&str, usize> = HashMap::new();
    for item in files.iter().flat_map(|file| &file.items) {
        let ItemKind::Version(version) = &item.kind else { continue };
        let text = &version.label.text;
        if let Some(&first) = known.get(text.as_str()) {
            diagnostics.push(
                Diagnostic::new(
                    Code::DuplicateVersion,
                    version.label.span,
                    format!("version {text} is declared twice"),
                )
                .label("declared again")
                .see(found[first].0.label.span, "first declared here")
                .help("put the members of both into one block, or give this one another number"),
            );
        } else {
            known.insert(text, found.len());
            found.push((version, item.doc.as_ref(), item.span));
        }
    }
    found
}

/// A version that starts from one that does not exist, or by a circle from itself. One that
/// starts from such a version has no mistake of its own.
pub(super) fn unresolvable(
    declared: &[Declared<'_>],
    (index, circular, base): (usize, bool, Option<usize>),
    diagnostics: &mut Diagnostics,
) {
    let (version, ..) = &declared[index];
    let Some(from) = &version.from else { return };
    let label = &version.label.text;
    if circular {
        let message = format!("version {label} starts from itself, by a circle");
        diagnostics.push(
            Diagnostic::new(Code::UnknownBaseVersion, from.span, message)
                .label("this leads back to the version itself")
                .help("start one of the versions from nothing: `version 1 { … }`"),
        );
    }
    if base.is_some() {
        return;
    }
    let message = format!("there is no version {}", from.text);
    let diagnostic = Diagnostic::new(Code::UnknownBaseVersion, from.span, message)
        .label("nothing to start from");
    let others = declared.iter().map(|(version, ..)| version.label.text.as_str());
    let others: Vec<&str> = others.filter(|other| other != label).collect();
    diagnostics.push(match others.as_slice() {
        [other] => diagnostic.fix(format!("write `from {other}`"), from.span, *other),
        [] => diagnostic.help("declare it: `version 1 { … }`"),
        others => diagnostic.note(format!("declared are the versions {}", others.join(", "))),
    });
}

#[cfg(test)]
mod tests {
    use super::Bases;

    #[test]
    fn a_long_ring_of_versions_is_gone_around_once() {
        const COUNT: usize = 100_000;
        let bases = |from: Vec<Option<usize>>| {
            let mut next = vec![Vec::new(); from.len()];
            let known = from.iter().enumerate().filter_map(|(at, one)| Some((at, (*one)?)));
            known.for_each(|(at, one)| next[one].push(at));
            let first = (0..from.len()).filter(|at| from[*at].is_none()).collect();
            Bases { from, first, next }
        };
        let ring = bases((0..COUNT).map(|at| Some((at + 1) % COUNT)).collect());
        assert!(ring.order().is_empty() && ring.circular().iter().all(|one| *one));
        let backwards = bases((0..COUNT).map(|at| (at + 1 < COUNT).then_some(at + 1)).collect());
        assert!(backwards.order().iter().rev().copied().eq(0..COUNT));
        assert!(!backwards.circular().contains(&true));
        // 0 leads to a circle of 1 and 2, and is not in it.
        let beside = bases(vec![Some(1), Some(2), Some(1), None]);
        assert_eq!((beside.circular(), beside.order()), (vec![false, true, true, false], vec![3]));
    }
}
