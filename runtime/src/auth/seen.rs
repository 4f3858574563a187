//! What was checked lately, so that it need not be checked for each request.

use std::collections::HashMap;
use std::hash::Hash;

/// At most twice as many entries as a generation has. What is asked for stays; of what is not, a
/// generation is forgotten at a time, so that no entry has to know when it was used.
pub(super) struct Seen<K, V> {
    young: HashMap<K, V>,
    old: HashMap<K, V>,
    generation: usize,
}

impl<K: Eq + Hash, V: Clone> Seen<K, V> {
    /// Nothing yet; generations of this many entries.
    pub(super) fn new(generation: usize) -> Self {
        Seen { young: HashMap::new(), old: HashMap::new(), generation }
    }

    /// What was found about `key`.
    pub(super) fn get(&mut self, key: &K) -> Option<V> {
        if let Some(value) = self.young.get(key) {
            return Some(value.clone());
        }
        let (key, value) = self.old.remove_entry(key)?;
        self.put(key, value.clone());
        Some(value)
    }

    /// Remembers something.
    pub(super) fn put(&mut self, key: K, value: V) {
        if self.young.len() >= self.generation {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_stays_and_the_rest_is_bounded() {
        let mut seen = Seen::new(10);
        seen.put(0, "kept");
        for key in 1..1000 {
            seen.put(key, "one of many");
            assert_eq!(seen.get(&0), Some("kept"));
            assert!(seen.young.len() + seen.old.len() <= 20);
        }
        assert_eq!(seen.get(&1), None);
    }
}
