//! Which routes of one method and length may meet: those whose literals agree wherever both have one.

use crate::contract::endpoint::RouteSegment;
use std::collections::BTreeMap;

/// Routes by their segments, so that a large contract is not compared pair by pair.
#[derive(Default)]
pub(super) struct Tree<'r> {
    literals: BTreeMap<&'r str, Tree<'r>>,
    /// What follows a segment that is no literal.
    others: Option<Box<Tree<'r>>>,
    /// The numbers of the routes that end here.
    here: Vec<usize>,
}

impl<'r> Tree<'r> {
    pub(super) fn insert(&mut self, segments: &'r [RouteSegment], number: usize) {
        let Some((first, rest)) = segments.split_first() else {
            self.here.push(number);
            return;
        };
        let next = match first {
            RouteSegment::Literal(text) => self.literals.entry(text).or_default(),
            _ => self.others.get_or_insert_default(),
        };
        next.insert(rest, number);
    }

    /// The numbers of the routes that may meet one of these segments, in ascending order.
    pub(super) fn near(&self, segments: &[RouteSegment]) -> Vec<usize> {
        let mut found = Vec::new();
        self.collect(segments, &mut found);
        found.sort_unstable();
        found
    }

    fn collect(&self, segments: &[RouteSegment], found: &mut Vec<usize>) {
        let Some((first, rest)) = segments.split_first() else {
            found.extend(&self.here);
            return;
        };
        match first {
            RouteSegment::Literal(text) => {
                self.literals
                    .get(text.as_str())
                    .into_iter()
                    .for_each(|next| next.collect(rest, found));
            }
            _ => self.literals.values().for_each(|next| next.collect(rest, found)),
        }
        self.others.iter().for_each(|next| next.collect(rest, found));
    }
}
