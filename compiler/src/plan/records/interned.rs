//! Equal descriptions get equal numbers.

use crate::contract::work::NodeId;
use std::collections::HashMap;

/// Descriptions by number, in the order in which they were first given.
pub(super) struct Interned<T> {
    known: HashMap<String, usize>,
    pub(super) uses: Vec<Use<T>>,
}

/// What is described.
pub(super) struct Use<T> {
    /// How often it was described.
    pub(super) count: usize,
    /// The endpoint, as an index, and the node where it was first.
    pub(super) first: (usize, NodeId),
    /// What it is there.
    pub(super) what: T,
}

impl<T> Default for Interned<T> {
    fn default() -> Self {
        Self { known: HashMap::new(), uses: Vec::new() }
    }
}

impl<T> Interned<T> {
    /// The number of a description.
    pub(super) fn add(
        &mut self,
        description: String,
        first: (usize, NodeId),
        what: impl FnOnce() -> T,
    ) -> usize {
        let next = self.uses.len();
        let id = *self.known.entry(description).or_insert(next);
        match self.uses.get_mut(id) {
            Some(found) => found.count += 1,
            None => self.uses.push(Use { count: 1, first, what: what() }),
        }
        id
    }
}
