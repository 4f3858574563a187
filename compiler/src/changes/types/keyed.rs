//! Maps: their keys, values and sizes. Unions: their variants.

use super::{Compare, Difference, Effect, scalars};
use crate::contract::types::{Map, UnionId};

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

    pub(super) fn unions(&mut self, old: UnionId, new: UnionId) -> Vec<Difference> {
        let (before, after) = (self.old.types.union(old), self.new.types.union(new));
        let mut found = Vec::new();
        if before.tag != after.tag {
            let both = (Effect::Yes, Effect::Yes);
            let tag = Difference::new("union/tag-renamed", both);
            let tag = tag.spelled(before.tag.clone(), after.tag.clone());
            found.push(tag.at(before.span, after.span));
        }
        for variant in &before.variants {
            match after.variants.iter().find(|other| other.name == variant.name) {
                Some(other) => {
                    let parts = self.records(variant.record, other.record);
                    found.extend(parts.iter().map(|one| one.under(&variant.name)));
                }
                None => {
                    let gone = (Effect::Yes, Effect::No);
                    let gone = Difference::new("union/variant-removed", gone);
                    found.push(gone.spelled(variant.name.clone(), "").at(variant.span, None));
                }
            }
        }
        for variant in &after.variants {
            if !before.variants.iter().any(|other| other.name == variant.name) {
                let came = Difference::new("union/variant-added", (Effect::No, Effect::Yes));
                found.push(came.spelled("", variant.name.clone()).at(None, variant.span));
            }
        }
        found
    }
}
