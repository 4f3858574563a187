//! Maps: their keys, values and sizes.

use super::{Compare, Difference, scalars};
use crate::contract::types::Map;

impl Compare<'_> {
    pub(super) fn maps(&mut self, old: &Map, new: &Map) -> Vec<Difference> {
        let keys = scalars::compare((&old.key.rule, &new.key.rule), self.position);
        let keys = keys.iter().map(|one| one.under("[key]"));
        let values = self.lists((&old.value, &old.bounds), (&new.value, &new.bounds));
        // What shows that lengths differ is a list.
        let values = values.into_iter().map(|one| match one.path.is_empty() {
            true => Difference { lost: None, gained: None, ..one },
            false => one,
        });
        keys.chain(values).collect()
    }
}
