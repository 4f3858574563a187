//! Records that a version reads in several places: one struct and one reader for all of them, and
//! one writer where they are written alike.

mod interned;
mod structs;
mod writers;

use super::{EndpointPlan, Names, ReadPlan, shapes};
use crate::contract::work::{Member, NodeId, Parent};
use interned::Interned;
use std::collections::BTreeMap;
use structs::Structs;

/// A record with a struct that endpoints share.
#[derive(Clone, Debug)]
pub struct RecordPlan {
    /// The struct's name: `Product`.
    pub ident: String,
    /// One of the endpoints that read it, as an index.
    pub endpoint: usize,
    /// What it is there.
    pub node: NodeId,
    /// How it is written.
    pub writers: Vec<WriterPlan>,
}

/// A way to write a record that endpoints share.
#[derive(Clone, Debug)]
pub struct WriterPlan {
    /// The function's name: `write_product`.
    pub ident: String,
    /// One of the endpoints that write it, as an index.
    pub endpoint: usize,
    /// What it is there.
    pub node: NodeId,
    /// What is written.
    pub members: Vec<Member>,
}

/// Gives records that are read in several places one struct, and those that are written alike one
/// writer. Endpoints are told which are shared.
pub(crate) fn share(endpoints: &mut [EndpointPlan]) -> Vec<RecordPlan> {
    let structs = Structs::of(endpoints);
    let mut written = Interned::default();
    let found: Vec<BTreeMap<NodeId, usize>> = (0..endpoints.len())
        .map(|at| writers::of((at, endpoints), structs.in_endpoint(at), &mut written))
        .collect();
    let (mut records, places) = records(endpoints, &structs);
    let mut functions = Names::default();
    let mut idents = BTreeMap::new();
    for (id, one) in written.uses.into_iter().enumerate().filter(|(_, one)| one.count > 1) {
        let (of, members) = one.what;
        let place = places.get(&of).and_then(|at| records.get_mut(*at));
        let Some(record) = place else { continue };
        let ident = functions.local(&format!("write {}", record.ident));
        let (endpoint, node) = one.first;
        record.writers.push(WriterPlan { ident: ident.clone(), endpoint, node, members });
        idents.insert(id, ident);
    }
    for (at, (endpoint, found)) in endpoints.iter_mut().zip(found).enumerate() {
        let ident = |id: &Option<usize>| Some(&records.get(*places.get(&(*id)?)?)?.ident);
        for (shape, id) in endpoint.shapes.iter_mut().zip(structs.in_endpoint(at)) {
            if let (ReadPlan::Record(name, _), Some(ident)) = (&mut shape.read, ident(id)) {
                name.clone_from(ident);
                shape.shared = true;
            }
        }
        let writers = found.into_iter();
        let writers = writers.filter_map(|(node, id)| Some((node, idents.get(&id)?.clone())));
        endpoint.writers = writers.collect();
    }
    records
}

/// The structs that are shared, and the place of each among them by its number.
fn records(
    endpoints: &[EndpointPlan],
    structs: &Structs,
) -> (Vec<RecordPlan>, BTreeMap<usize, usize>) {
    let mut names = Names::new(&shapes::RESERVED);
    let mut records = Vec::new();
    let mut places = BTreeMap::new();
    for id in structs.shared() {
        let (endpoint, node) = structs.first(id);
        let Some(plan) = endpoints.get(endpoint) else { continue };
        let title = plan.work.node(node).title.clone();
        let title = title.unwrap_or_else(|| last(plan, node));
        places.insert(id, records.len());
        let ident = names.structure(&title);
        records.push(RecordPlan { ident, endpoint, node, writers: Vec::new() });
    }
    (records, places)
}

/// What a record of no declared type is called after: the field or call that it is.
fn last(plan: &EndpointPlan, node: NodeId) -> String {
    match &plan.work.node(node).parent {
        Parent::Field(_, name) => name.clone(),
        Parent::Element(up) => format!("{} element", last(plan, *up)),
        _ => shapes::title(&plan.work, node),
    }
}
