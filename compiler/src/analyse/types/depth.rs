//! How far types may lead: names to names, lists in lists, fields taken again, records in records.
//!
//! Whoever goes through types, here and in the Rust that is made of them, descends a level of stack
//! for each of these. So all of them are bounded, far beyond what contracts need.

use super::{Resolver, Step};
use crate::contract::types::{Kind, RecordId, Type, Types, UnionId};
use crate::diagnostic::{Code, Diagnostic};
use gatewright_grammar::Span;
use std::collections::{HashMap, VecDeque};

/// How many names may lead to each other without a record in between: `type A = B`.
const NAMES: usize = 16;

/// How many lists and maps may stand in each other without a record in between.
const WRAPPERS: usize = 8;

/// How many records may take fields of each other, one behind the other.
const TAKEN: usize = 16;

/// How many records may lead to each other, one behind the other: JSON is not nested any deeper.
const ROW: usize = 64;

/// How many records may belong to circles, or stand between them, and in the rows beside them.
const CIRCLES: usize = 256;

impl Resolver<'_> {
    /// A name that leads to itself without a record in between.
    pub(super) fn recursive(&mut self, at: usize, used: Span) {
        let Some(slot) = self.slots.get(at) else { return };
        let Some(one) = self.declared.get(slot.declared) else { return };
        let name = &slot.name;
        let mut since = self.path.iter().skip_while(|step| **step != Step::Slot(at));
        let endless = !since.any(|step| *step == Step::WayOut);
        self.diagnostics.push(if endless {
            super::settle::endless(name, used, one.name.span)
        } else {
            super::settle::empty(name, used, one.name.span)
        });
    }

    /// Whether too many names lead to this one: then it is a finding.
    pub(super) fn leads_on(&mut self, used: Span) -> bool {
        let names = self.path.iter().filter(|step| matches!(step, Step::Slot(_))).count();
        if names < NAMES {
            return false;
        }
        self.diagnostics.push(
            Diagnostic::new(Code::TooDeep, used, "too many names lead to this one")
                .label(format!(
                    "{NAMES} types lead here, each only a name, a list or a map of the next"
                ))
                .help("write out what the first of them means"),
        );
        true
    }

    /// Whether too many records take fields of each other: then it is a finding.
    pub(super) fn takes_on(&mut self, used: Span) -> bool {
        if self.taking <= TAKEN {
            return false;
        }
        self.diagnostics.push(
            Diagnostic::new(Code::TooDeep, used, "too many records take fields of each other")
                .label(format!("{TAKEN} records lead here, each taking the fields of the next"))
                .help("write the fields into one of them"),
        );
        true
    }

    /// Nothing, and a finding, if `element` is a list or map too deep to stand in another.
    pub(super) fn shallow(&mut self, element: &Type, used: Span) -> Option<()> {
        if wrappers(element) < WRAPPERS {
            return Some(());
        }
        self.diagnostics.push(
            Diagnostic::new(Code::TooDeep, used, "too many lists and maps stand in each other")
                .label(format!("there are {WRAPPERS} in this one, and no record between them"))
                .help("put a record in between: `{ items: … }`"),
        );
        None
    }

    /// Refuses records that lead to each other in too long a row.
    pub(super) fn rows(&mut self) {
        if self.types.records().count() <= ROW {
            return;
        }
        let graph = Graph::of(&self.types);
        let Some(first) = graph.too_long() else { return };
        if !self.generics.too_many {
            let record = self.types.record(first);
            self.diagnostics.push(
                Diagnostic::new(Code::TooDeep, record.span, "too many records lead to each other")
                    .label(format!(
                        "a row of more than {ROW} begins here, each with the next in it, or a circle of \
                         more than {CIRCLES}"
                    ))
                    .help("take a part of it as `json`, or as the key by which callers can ask for it"),
            );
        }
        let records: Vec<RecordId> = self.types.records().map(|(id, _)| id).collect();
        let unions: Vec<UnionId> = self.types.unions().map(|(id, _)| id).collect();
        for id in records {
            self.types.fill(id, Vec::new());
            self.refused.record(id);
        }
        for id in unions {
            self.types.fill_union(id, Vec::new());
            self.refused.union(id);
        }
    }
}

/// How many lists and maps a type begins with.
fn wrappers(ty: &Type) -> usize {
    let mut ty = ty;
    for count in 0.. {
        ty = match &ty.kind {
            Kind::List(element, _) => element,
            Kind::Map(map) => &map.value,
            _ => return count,
        };
    }
    0
}

/// Which records lead to which.
struct Graph {
    leads_to: HashMap<RecordId, Vec<RecordId>>,
}

impl Graph {
    fn of(types: &Types) -> Graph {
        let next = |ty: &Type| -> Vec<RecordId> {
            let mut ty = ty;
            loop {
                ty = match &ty.kind {
                    Kind::List(element, _) => element,
                    Kind::Map(map) => &map.value,
                    Kind::Record(id) => return vec![*id],
                    Kind::Union(id) => {
                        return types.union(*id).variants.iter().map(|one| one.record).collect();
                    }
                    Kind::Scalar(_) | Kind::Json | Kind::Foreign(_) => return Vec::new(),
                };
            }
        };
        let record = |(id, record): (RecordId, &crate::contract::types::Record)| {
            let mut all: Vec<RecordId> =
                record.fields.iter().flat_map(|field| next(&field.ty)).collect();
            all.sort_unstable();
            all.dedup();
            (id, all)
        };
        Graph { leads_to: types.records().map(record).collect() }
    }

    /// The first record of a row that is too long. Records are taken away that lead to none, and
    /// those to which none leads, round by round: what is left stands on circles or between them.
    /// The rounds and what is left bound every row, whichever way it goes.
    fn too_long(&self) -> Option<RecordId> {
        let turned = self.turned();
        let (below, ends) = peel(&self.leads_to, &turned);
        let (above, begins) = peel(&turned, &self.leads_to);
        let core = |id: &&RecordId| !ends.contains_key(*id) && !begins.contains_key(*id);
        let left = self.leads_to.keys().filter(core).count();
        if below <= ROW && above <= ROW && (left == 0 || above + left + below <= CIRCLES) {
            return None;
        }
        let far = |id: &&RecordId| {
            (ends.get(*id).copied().unwrap_or(usize::MAX), std::cmp::Reverse(**id))
        };
        self.leads_to.keys().max_by_key(far).copied()
    }

    fn turned(&self) -> HashMap<RecordId, Vec<RecordId>> {
        let mut turned: HashMap<RecordId, Vec<RecordId>> =
            self.leads_to.keys().map(|id| (*id, Vec::new())).collect();
        let mut sorted: Vec<_> = self.leads_to.iter().collect();
        sorted.sort_unstable();
        for (from, to) in sorted {
            for id in to {
                turned.entry(*id).or_default().push(*from);
            }
        }
        turned
    }
}

/// Takes records away that lead to none, until all that are left lead on: how many rounds that
/// takes, and in which each goes.
fn peel(
    leads_to: &HashMap<RecordId, Vec<RecordId>>,
    turned: &HashMap<RecordId, Vec<RecordId>>,
) -> (usize, HashMap<RecordId, usize>) {
    let mut open: HashMap<RecordId, usize> =
        leads_to.iter().map(|(id, to)| (*id, to.len())).collect();
    let mut gone: HashMap<RecordId, usize> = HashMap::new();
    let none = open.iter().filter(|(_, count)| **count == 0).map(|(id, _)| (*id, 1));
    let mut queue: VecDeque<(RecordId, usize)> = none.collect();
    let mut rounds = 0;
    while let Some((id, round)) = queue.pop_front() {
        rounds = rounds.max(round);
        gone.insert(id, round);
        for from in turned.get(&id).into_iter().flatten() {
            if let Some(count) = open.get_mut(from) {
                *count -= 1;
                if *count == 0 {
                    queue.push_back((*from, round + 1));
                }
            }
        }
    }
    (rounds, gone)
}
