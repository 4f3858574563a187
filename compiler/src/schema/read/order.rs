//! Puts rules in an order in which each comes before those that it asks about the same value.

use super::Reader;
use crate::contract::schema::Check;
use crate::diagnostic::Code;
use std::collections::BTreeSet;

/// How far a rule is put in order.
#[derive(Clone, Copy, PartialEq)]
enum Mark {
    Untouched,
    Open,
    Done,
}

impl Reader<'_, '_> {
    /// The rules that `root` leads to, and its place among them; nothing and a finding if one of
    /// them asks itself about the same value, which never ends.
    pub(super) fn ordered(&mut self, root: usize) -> Option<(Vec<Vec<Check>>, usize)> {
        let reached = self.reached(root);
        let mut marks = vec![Mark::Untouched; self.rules.len()];
        let mut order: Vec<usize> = Vec::new();
        for rule in &reached {
            if let Some(circle) = self.visit(*rule, &mut marks, &mut order) {
                let at = self.places.get(circle).cloned().unwrap_or(0..0);
                let (message, label) = (
                    "this schema asks itself without end",
                    "it leads back to itself without going into a part of the value",
                );
                self.refuse(Code::InvalidSchema, &at, message, label);
                return None;
            }
        }
        order.reverse();
        let mut places = vec![0; self.rules.len()];
        for (at, rule) in order.iter().enumerate() {
            if let Some(place) = places.get_mut(*rule) {
                *place = at;
            }
        }
        let place = |old: usize| places.get(old).copied().unwrap_or(0);
        let rules = order.iter().filter_map(|rule| self.rules.get(*rule)).map(|checks| {
            let renumbered = checks.iter().map(|check| Check {
                test: check.test.renumbered(&place),
                expected: check.expected.clone(),
            });
            renumbered.collect()
        });
        Some((rules.collect(), place(root)))
    }

    fn reached(&self, root: usize) -> BTreeSet<usize> {
        let mut reached = BTreeSet::new();
        let mut open = vec![root];
        while let Some(rule) = open.pop() {
            if reached.insert(rule) {
                let tests = self.rules.get(rule).into_iter().flatten().map(|check| &check.test);
                open.extend(tests.flat_map(|test| [test.beside(), test.below()].concat()));
            }
        }
        reached
    }

    /// Adds `first` and what it asks to `order`, last first; a rule that leads back to itself, if
    /// there is one.
    fn visit(&self, first: usize, marks: &mut [Mark], order: &mut Vec<usize>) -> Option<usize> {
        let mut path = vec![(first, false)];
        while let Some((rule, left)) = path.pop() {
            let Some(mark) = marks.get_mut(rule) else { continue };
            if left {
                *mark = Mark::Done;
                order.push(rule);
                continue;
            }
            match mark {
                Mark::Done => continue,
                Mark::Open => return Some(rule),
                Mark::Untouched => *mark = Mark::Open,
            }
            path.push((rule, true));
            let tests = self.rules.get(rule).into_iter().flatten();
            for next in tests.flat_map(|check| check.test.beside()) {
                match marks.get(next) {
                    Some(Mark::Open) if path.contains(&(next, true)) => return Some(next),
                    Some(Mark::Untouched) => path.push((next, false)),
                    _ => {}
                }
            }
        }
        None
    }
}
