//! What was found out about two versions so far: what many endpoints share is compared once.

use super::Position;
use super::sets::{self, Within};
use super::types::Difference;
use crate::contract::types::{RecordId, Rule, Types};
use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

/// What is known of the types and rules of two versions.
#[derive(Debug, Default)]
pub(crate) struct Known {
    records: RefCell<HashMap<Mode, Rc<Records>>>,
    rules: RefCell<HashMap<(String, String, Position), Within>>,
    loosened: OnceCell<(Types, Types)>,
}

/// What the difference of two records depends on beside them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Mode {
    pub(super) position: Position,
    /// Whether fields that are not declared are ignored, in the old and in the new version.
    pub(super) ignores: (bool, bool),
    /// Whether a number may be a text.
    pub(super) is_loose: bool,
}

/// What differs between two records.
type Found = Rc<Vec<Difference>>;

/// Pairs of records that were compared in one mode.
#[derive(Debug, Default)]
pub(super) struct Records {
    pub(super) done: RefCell<HashMap<(RecordId, RecordId), Found>>,
    /// Whether records have values, old and new.
    pub(super) inhabited: RefCell<HashMap<(bool, RecordId), bool>>,
}

impl Known {
    /// What is known of records in this mode.
    pub(super) fn records(&self, mode: Mode) -> Rc<Records> {
        Rc::clone(self.records.borrow_mut().entry(mode).or_default())
    }

    /// The values of `old` that `new` does not have.
    pub(super) fn outside(&self, old: &Rule, new: &Rule, position: Position) -> Within {
        if old == new {
            return Within::Yes;
        }
        let key = (format!("{old:?}"), format!("{new:?}"), position);
        if let Some(found) = self.rules.borrow().get(&key) {
            return found.clone();
        }
        let found = sets::outside(old, new, position);
        self.rules.borrow_mut().insert(key, found.clone());
        found
    }

    /// The types of both versions as results are read: a number may be a text.
    pub(super) fn loosened(&self, old: &Types, new: &Types) -> &(Types, Types) {
        self.loosened.get_or_init(|| (old.loosened(), new.loosened()))
    }

    /// How many pairs of records and of rules were compared.
    #[cfg(test)]
    pub(super) fn compared(&self) -> (usize, usize) {
        let records = self.records.borrow();
        let pairs = records.values().map(|one| one.done.borrow().len()).sum();
        (pairs, self.rules.borrow().len())
    }
}

#[cfg(test)]
mod tests {
    use super::Known;
    use crate::changes::{Side, Verdict, endpoints};
    use crate::contract::Contract;
    use crate::source::Sources;
    use std::fmt::Write as _;

    const TYPES: usize = 6;

    /// Endpoints that share types, each type in all that follow it.
    fn contract(endpoints: usize, most: usize) -> Contract {
        let mut text = String::from(
            "api big { timeout 1s }\nbackend one at \"http://one\" { timeout 300ms }\n",
        );
        let _ = writeln!(
            text,
            "version 1 {{\ntype T0 {{ a: text(..{most}), b: text(/p_[a-z]{{8}}/) }}"
        );
        for at in 1..TYPES {
            let under = at - 1;
            let _ = writeln!(
                text,
                "type T{at} {{ a: text(..{most}), one: T{under}, two: T{under}, more: [T{under}](..9) }}"
            );
        }
        for at in 0..endpoints {
            let _ = writeln!(
                text,
                "POST /r{at} (T{of}) -> 200 T{of} {{ public, x = one POST /r{at} (body), return x }}",
                of = at % TYPES
            );
        }
        let mut sources = Sources::new();
        sources.add("big.api", text + "}\n");
        let analysis = crate::analyse(&sources);
        analysis.comparable().cloned().expect("a contract")
    }

    /// How much was compared, and how many changes that found.
    fn compared(endpoints: usize) -> ((usize, usize), usize) {
        let (old, new) = (contract(endpoints, 90), contract(endpoints, 80));
        let known = Known::default();
        let side = |contract| -> Option<Side<'_>> {
            let contract: &Contract = contract;
            Some(Side::of(contract, contract.versions.first()?))
        };
        let (Some(a), Some(b)) = (side(&old), side(&new)) else { return ((0, 0), 0) };
        let found = endpoints::compared(a.knowing(&known), b.knowing(&known));
        (known.compared(), found.iter().filter(|one| one.verdict == Verdict::Breaking).count())
    }

    #[test]
    fn what_endpoints_share_is_compared_once() {
        let (few, found) = compared(TYPES);
        let (many, more) = compared(4 * TYPES);
        assert_eq!(few, many, "records and rules that were compared");
        // Each type in requests, in answers and in results, and there with numbers as texts.
        assert!(few.0 <= 4 * TYPES && few.1 <= 8, "{few:?}");
        assert_eq!(more, 4 * found, "each endpoint has its own changes");
    }
}
