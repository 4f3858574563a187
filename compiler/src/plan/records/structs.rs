//! Which records are read alike.

use super::interned::Interned;
use crate::contract::work::{NodeId, Parent};
use crate::plan::{EndpointPlan, ReadPlan, ShapePlan};
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// How many values a record must hold for several places to share it: a smaller one is read sooner
/// where it stands.
const LEAST: usize = 3;

/// The structs of a version by number; equal ones have one.
pub(super) struct Structs {
    read: Interned<()>,
    /// The number of each node of each endpoint, for records that are read.
    nodes: Vec<Vec<Option<usize>>>,
    shared: BTreeSet<usize>,
}

impl Structs {
    pub(super) fn of(endpoints: &[EndpointPlan]) -> Structs {
        let mut read = Interned::default();
        let nodes = endpoints.iter().enumerate().map(|(at, plan)| number(at, plan, &mut read));
        let nodes: Vec<_> = nodes.collect();
        let mut structs = Structs { read, nodes, shared: BTreeSet::new() };
        for one in 0..structs.read.uses.len() {
            structs.decide(endpoints, one);
        }
        structs
    }

    /// The numbers of the nodes of an endpoint.
    pub(super) fn in_endpoint(&self, at: usize) -> &[Option<usize>] {
        self.nodes.get(at).map_or(&[], Vec::as_slice)
    }

    /// The numbers of those that are shared.
    pub(super) fn shared(&self) -> impl Iterator<Item = usize> {
        self.shared.iter().copied()
    }

    /// The endpoint and node where a struct was first met.
    pub(super) fn first(&self, id: usize) -> (usize, NodeId) {
        self.read.uses.get(id).expect("numbers are made by `Interned::add`").first
    }

    /// Shares a struct of several places, and with it those of its parts.
    fn decide(&mut self, endpoints: &[EndpointPlan], id: usize) {
        let Some(found) = self.read.uses.get(id) else { return };
        let (count, (endpoint, node)) = (found.count, found.first);
        let Some(plan) = endpoints.get(endpoint) else { return };
        let mut parts = Vec::new();
        let values = parts_of(plan, node.0 as usize, &mut parts);
        if count > 1 && values >= LEAST {
            let numbers = self.nodes.get(endpoint);
            let numbers = parts.iter().filter_map(|part| *numbers?.get(*part)?);
            self.shared.extend(numbers);
        }
    }
}

/// The records in a node, itself included. How many values it holds.
fn parts_of(plan: &EndpointPlan, node: usize, parts: &mut Vec<usize>) -> usize {
    match plan.shapes.get(node).map(|shape| &shape.read) {
        Some(ReadPlan::Record(_, fields)) => {
            parts.push(node);
            fields.iter().map(|field| parts_of(plan, *field, parts)).sum()
        }
        Some(ReadPlan::List(_, element)) => parts_of(plan, *element, parts),
        _ => 1,
    }
}

/// The number of the struct of each node of an endpoint.
fn number(at: usize, plan: &EndpointPlan, read: &mut Interned<()>) -> Vec<Option<usize>> {
    let mut found: Vec<Option<usize>> = vec![None; plan.shapes.len()];
    // Parts have greater indices than what they are a part of.
    for (node, shape) in plan.shapes.iter().enumerate().rev() {
        let ReadPlan::Record(_, fields) = &shape.read else { continue };
        let id = NodeId(u32::try_from(node).unwrap_or(u32::MAX));
        let sent = matches!(plan.work.root(id), Parent::Body | Parent::Claims(_));
        if !shape.used && !sent {
            continue;
        }
        let title = &plan.work.node(id).title;
        let mut text = format!("{title:?} {} ", sent && plan.ignore_fields);
        let described = fields.iter().all(|field| {
            let Some(part) = plan.shapes.get(*field) else { return false };
            let _ = write!(text, "{:?} {:?} ", part.field, part.wire);
            slot(plan, *field, &found, &mut text)
        });
        if let Some(place) = found.get_mut(node).filter(|_| described) {
            *place = Some(read.add(text, (at, id), || ()));
        }
    }
    found
}

/// Describes how a part is read and held. Whether that can be said.
fn slot(plan: &EndpointPlan, node: usize, numbers: &[Option<usize>], text: &mut String) -> bool {
    let Some(shape) = plan.shapes.get(node) else { return false };
    let ShapePlan { used, absent_ok, null_ok, raw, default, forms, .. } = shape;
    let _ = write!(text, "{used} {absent_ok} {null_ok} {raw} {default:?} ");
    for form in forms {
        let _ = write!(text, "{} {} ", form.ident, form.reader);
    }
    match &shape.read {
        ReadPlan::Record(..) => {
            let Some(Some(number)) = numbers.get(node) else { return false };
            let _ = write!(text, "#{number};");
            true
        }
        ReadPlan::List(rule, element) => {
            let _ = write!(text, "[{rule} ");
            slot(plan, *element, numbers, text)
        }
        other => {
            let _ = write!(text, "{other:?};");
            true
        }
    }
}
