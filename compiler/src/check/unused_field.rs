//! A field that callers send for nothing.

use super::walk;
use crate::contract::types::{Field, Kind, RecordId, Type, Types};
use crate::contract::visit::{self, Read};
use crate::contract::work::{NodeId, Parent, Shape, Work};
use crate::contract::{Contract, Endpoint, Version};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use gatewright_grammar::Span;
use std::collections::{BTreeMap, BTreeSet};

/// Fields of bodies by their places: those that something wants, and for the others their names and
/// the first endpoint that is sent them.
#[derive(Default)]
struct Fields {
    wanted: BTreeSet<Span>,
    unread: BTreeMap<Span, (String, String)>,
}

pub(super) fn check(contract: &Contract, diagnostics: &mut Diagnostics) {
    // What is refused may be what reads it.
    if diagnostics.has_errors() {
        return;
    }
    let mut fields = Fields::default();
    for version in &contract.versions {
        // What goes is there for those who send it still.
        fields.wanted.extend(version.deprecations.iter().map(|part| part.at));
        for endpoint in &version.endpoints {
            walk::sent(version, endpoint, &mut |_, field| {
                fields.wanted.extend(field.map(|field| field.span));
            });
            body(version, endpoint, &mut fields);
        }
    }
    let Fields { wanted, unread } = fields;
    for (span, (name, endpoint)) in unread {
        if !wanted.contains(&span) {
            diagnostics.push(
                Diagnostic::new(Code::UnusedField, span, format!("nothing reads `{name}`"))
                    .label(format!("callers of `{endpoint}` send it, and it reaches no call and no answer"))
                    .help("send it on in a call, or delete it")
                    .help("where callers send it already, say that it goes: `deprecated since …, sunset …`"),
            );
        }
    }
}

/// Looks at the body of one endpoint.
fn body(version: &Version, endpoint: &Endpoint, fields: &mut Fields) {
    let (Some(body), Some(root)) = (&endpoint.body, endpoint.work.body) else { return };
    let mut mentioned = BTreeSet::new();
    visit::all(&endpoint.work, &mut |read| {
        if let Read::Node(id) = read {
            mentioned.insert(id);
        }
    });
    let key = format!("{} {}", endpoint.method, endpoint.template);
    let walk = Walk { types: &version.types, work: &endpoint.work, mentioned, key };
    // An endpoint that only looks whether a body is right reads nothing of it, and means it.
    walk.is_read(root, &body.ty, fields);
}

/// What an endpoint reads of its body.
struct Walk<'c> {
    types: &'c Types,
    work: &'c Work,
    mentioned: BTreeSet<NodeId>,
    /// `POST /orders`
    key: String,
}

impl Walk<'_> {
    /// Whether something reads the value or a part of it. Of a record that is read in part, the
    /// fields are noted that nothing reads.
    fn is_read(&self, id: NodeId, ty: &Type, fields: &mut Fields) -> bool {
        let node = self.work.node(id);
        let mentioned = self.mentioned.contains(&id);
        match (&node.shape, &ty.kind) {
            _ if mentioned && (node.raw || !node.forms.is_empty()) => {
                whole(self.types, ty, &mut fields.wanted);
                true
            }
            (Shape::Record(parts), Kind::Record(record)) => {
                let declared = &self.types.record(*record).fields;
                let parts = parts.iter().filter_map(|part| {
                    let Parent::Field(_, name) = &self.work.node(*part).parent else { return None };
                    Some((*part, declared.iter().find(|field| field.name == *name)?))
                });
                let (read, unread): (Vec<_>, Vec<_>) =
                    parts.partition(|(part, field)| self.is_read(*part, &field.ty, fields));
                if read.is_empty() {
                    return mentioned;
                }
                self.note(&read, &unread, fields);
                true
            }
            (Shape::List { element, .. }, Kind::List(ty, _)) => {
                self.is_read(*element, ty, fields) || mentioned
            }
            _ => {
                if mentioned {
                    whole(self.types, ty, &mut fields.wanted);
                }
                mentioned
            }
        }
    }

    fn note(&self, read: &[(NodeId, &Field)], unread: &[(NodeId, &Field)], fields: &mut Fields) {
        fields.wanted.extend(read.iter().map(|(_, field)| field.span));
        for (_, field) in unread {
            let entry = (field.name.clone(), self.key.clone());
            fields.unread.entry(field.span).or_insert(entry);
        }
    }
}

/// All fields of a value that is read as it is.
fn whole(types: &Types, ty: &Type, wanted: &mut BTreeSet<Span>) {
    fn inside(
        types: &Types,
        ty: &Type,
        (seen, wanted): (&mut BTreeSet<RecordId>, &mut BTreeSet<Span>),
    ) {
        let records: Vec<RecordId> = match &ty.kind {
            Kind::Scalar(_) | Kind::Json | Kind::Foreign(_) => return,
            Kind::List(element, _) => return inside(types, element, (seen, wanted)),
            Kind::Map(map) => return inside(types, &map.value, (seen, wanted)),
            Kind::Record(id) => vec![*id],
            Kind::Union(id) => types.union(*id).variants.iter().map(|one| one.record).collect(),
        };
        for id in records {
            if seen.insert(id) {
                for field in &types.record(id).fields {
                    wanted.insert(field.span);
                    inside(types, &field.ty, (&mut *seen, &mut *wanted));
                }
            }
        }
    }
    inside(types, ty, (&mut BTreeSet::new(), wanted));
}
