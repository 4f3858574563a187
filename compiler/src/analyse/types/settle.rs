//! What can be said of types once all of them are known: values, ends, parts that were refused.

use super::{Resolver, State};
use crate::analyse::values;
use crate::contract::types::{
    Const, Field, Kind, Record, RecordId, Type, Types, Union, UnionId, Variant,
};
use crate::diagnostic::{Code, Diagnostic};
use gatewright_grammar::Span;
use gatewright_grammar::tree::{NamedField, Union as UnionTree, Value};
use std::collections::HashSet;

/// Values of a field that are looked at when its type is known.
#[derive(Clone, Debug)]
pub(crate) struct Pending {
    record: RecordId,
    field: String,
    example: Option<Value>,
    default: Option<Value>,
}

/// Records and unions of which a part was refused. Those who mention them stay silent.
#[derive(Clone, Debug, Default)]
pub(crate) struct Refused {
    pub(super) records: HashSet<RecordId>,
    pub(super) unions: HashSet<UnionId>,
}

impl Refused {
    pub(super) fn record(&mut self, id: RecordId) {
        self.records.insert(id);
    }

    pub(super) fn union(&mut self, id: UnionId) {
        self.unions.insert(id);
    }

    pub(super) fn has_record(&self, id: RecordId) -> bool {
        self.records.contains(&id)
    }

    /// Whether a part of `ty` was refused.
    fn has(&self, ty: &Type) -> bool {
        match &ty.kind {
            Kind::Record(id) => self.records.contains(id),
            Kind::Union(id) => self.unions.contains(id),
            Kind::List(element, _) => self.has(element),
            Kind::Map(map) => self.has(&map.value),
            Kind::Scalar(_) | Kind::Json | Kind::Foreign(_) => false,
        }
    }

    /// Refuses what mentions something refused.
    fn spread(&mut self, types: &Types) {
        loop {
            let before = self.records.len() + self.unions.len();
            let broken = |record: &Record| record.fields.iter().any(|field| self.has(&field.ty));
            let records: Vec<RecordId> =
                types.records().filter(|(_, one)| broken(one)).map(|(id, _)| id).collect();
            let broken =
                |union: &Union| union.variants.iter().any(|one| self.records.contains(&one.record));
            let unions: Vec<UnionId> =
                types.unions().filter(|(_, one)| broken(one)).map(|(id, _)| id).collect();
            self.records.extend(records);
            self.unions.extend(unions);
            if self.records.len() + self.unions.len() == before {
                return;
            }
        }
    }
}

/// The finding about a type that has no end.
pub(super) fn endless(name: &str, used: Span, declared: Span) -> Diagnostic {
    let message = format!("`{name}` contains itself without a way to end");
    Diagnostic::new(Code::EndlessType, used, message)
        .label(format!("every `{name}` has another one in it"))
        .see(declared, "the type that contains itself")
        .help("let the field be missing: `field?: …`, or make it a list")
}

/// The finding about a list or map of itself: nothing but lists or maps is in it.
pub(super) fn empty(name: &str, used: Span, declared: Span) -> Diagnostic {
    let message = format!("`{name}` holds nothing but itself");
    Diagnostic::new(Code::EndlessType, used, message)
        .label(format!("each element is another `{name}`, and a value is never reached"))
        .see(declared, "the type that contains itself")
        .help(format!("put a record in between: `type {name} {{ parts: [{name}], … }}`"))
}

impl Resolver<'_> {
    /// Looks at everything that needs all declarations.
    pub(super) fn settle(&mut self) {
        self.rows();
        self.ends();
        self.tags();
        self.refused.spread(&self.types);
        for slot in &mut self.slots {
            if let State::Done(Some(ty)) = &slot.state
                && self.refused.has(ty)
            {
                slot.state = State::Done(None);
            }
        }
        self.look_at_values();
        for (ty, value) in std::mem::take(&mut self.examples) {
            if !self.refused.has(&ty) {
                self.constant(&ty, &value);
            }
        }
    }

    /// Remembers the values of a field.
    pub(super) fn pend(&mut self, record: RecordId, field: &str, named: &NamedField) {
        if named.example.is_some() || named.default.is_some() {
            let (example, default) = (named.example.clone(), named.default.clone());
            self.pending.push(Pending { record, field: field.to_owned(), example, default });
        }
    }

    /// Remembers for the fields that `to` takes from the record `from` what is remembered there.
    pub(super) fn pend_again(&mut self, from: RecordId, to: RecordId) {
        let again = self.pending.iter().filter(|one| one.record == from);
        let again: Vec<Pending> = again.map(|one| Pending { record: to, ..one.clone() }).collect();
        self.pending.extend(again);
    }

    /// Gives fields their examples and defaults.
    pub(super) fn look_at_values(&mut self) {
        let mut wrong: HashSet<Span> = HashSet::new();
        let mut filled: Vec<(RecordId, String)> = Vec::new();
        for one in std::mem::take(&mut self.pending) {
            let mut fields = self.types.record(one.record).fields.clone();
            let Some(field) = fields.iter_mut().find(|field| field.name == one.field) else {
                continue;
            };
            if self.refused.has(&field.ty) {
                continue;
            }
            field.example = self.value(&field.ty.clone(), one.example.as_ref(), &mut wrong);
            field.default = self.value(&field.ty.clone(), one.default.as_ref(), &mut wrong);
            self.types.fill(one.record, fields);
            filled.push((one.record, one.field));
        }
        for (record, name) in filled {
            self.fill_default(record, &name);
        }
    }

    /// Gives the default of a field what its own parts lack and have a default for.
    fn fill_default(&mut self, record: RecordId, name: &str) {
        let mut fields = self.types.record(record).fields.clone();
        let Some(field) = fields.iter_mut().find(|field| field.name == name) else { return };
        let Some(default) = &field.default else { return };
        let mut inside = vec![(record, name.to_owned())];
        match filled(&field.ty, default, &self.types, &mut inside) {
            Some(default) => field.default = Some(default),
            None => {
                let message = format!("the default of `{name}` contains itself");
                self.diagnostics.push(
                    Diagnostic::new(Code::EndlessType, field.span, message)
                        .label("its own default has this field again, and so on")
                        .help("let the field be missing instead: `field?: …`"),
                );
            }
        }
        self.types.fill(record, fields);
    }

    /// A value that several records may share is found wrong once.
    fn value(
        &mut self,
        ty: &Type,
        value: Option<&Value>,
        wrong: &mut HashSet<Span>,
    ) -> Option<Const> {
        let value = value?;
        if wrong.contains(&value.span) {
            return None;
        }
        let found = self.constant(ty, value);
        if found.is_none() {
            wrong.insert(value.span);
        }
        found
    }

    /// The example that a declaration gives. One of a type with records in it shows nothing that
    /// the examples of their fields do not.
    pub(super) fn example(&mut self, ty: &Type, value: &Value) -> Option<Const> {
        if self.settled || !has_parts(ty) {
            return self.constant(ty, value);
        }
        self.examples.push((ty.clone(), value.clone()));
        None
    }

    /// The variants of a union, or nothing if one of them was refused.
    pub(super) fn variants(&mut self, union: &UnionTree) -> Option<Vec<Variant>> {
        let mut found: Vec<Variant> = Vec::new();
        let mut whole = true;
        for variant in &union.variants {
            let name = &variant.name;
            if let Some(old) = found.iter().find(|old| old.name == name.text) {
                let what = format!("variant `{}`", name.text);
                self.diagnostics.push(crate::analyse::duplicate(&what, name.span, old.span));
                continue;
            }
            let Some(ty) = self.ty(&variant.ty) else {
                whole = false;
                continue;
            };
            match ty.kind {
                Kind::Record(record) if !ty.nullable => {
                    let (name, span) = (name.text.clone(), name.span);
                    found.push(Variant { name, record, span });
                }
                _ => {
                    whole = false;
                    self.diagnostics.push(no_variant(&union.tag.text, &ty));
                }
            }
        }
        whole.then_some(found)
    }

    /// Refuses variants that declare the tag themselves.
    fn tags(&mut self) {
        let unions: Vec<(UnionId, Union)> =
            self.types.unions().map(|(id, union)| (id, union.clone())).collect();
        for (id, union) in unions {
            if self.refused.unions.contains(&id) {
                continue;
            }
            for variant in &union.variants {
                let record = self.types.record(variant.record);
                let tag = |field: &&Field| field.name == union.tag;
                if let Some(field) = record.fields.iter().find(tag) {
                    self.refused.union(id);
                    let diagnostic = declares_tag(&union, variant, field);
                    self.diagnostics.push(diagnostic);
                }
            }
        }
    }

    /// Finds types that contain themselves without a way to end.
    fn ends(&mut self) {
        let ends = Ends::of(&self.types, &self.refused);
        let mut told: HashSet<Node> = HashSet::new();
        let records = self.types.records().map(|(id, _)| Node::Record(id));
        let unions = self.types.unions().map(|(id, _)| Node::Union(id));
        for start in records.chain(unions).collect::<Vec<_>>() {
            if ends.done.contains(&start) {
                continue;
            }
            let Some((cycle, used)) = ends.cycle(&self.types, start) else { continue };
            let known = cycle.iter().any(|node| told.contains(node));
            told.extend(cycle.iter().copied());
            let Some(Node::Record(id)) = cycle.first().filter(|_| !known) else { continue };
            let record = self.types.record(*id);
            if let Some(name) = &record.name {
                let diagnostic = endless(name, used, record.span);
                self.diagnostics.push(diagnostic);
            }
        }
        let stuck = self.types.records().map(|(id, _)| id);
        let stuck = stuck.filter(|id| !ends.done.contains(&Node::Record(*id)));
        self.refused.records.extend(stuck);
        let stuck = self.types.unions().map(|(id, _)| id);
        let stuck = stuck.filter(|id| !ends.done.contains(&Node::Union(*id)));
        self.refused.unions.extend(stuck);
    }
}

/// A record or a union.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Node {
    Record(RecordId),
    Union(UnionId),
}

/// The records and unions of which there can be a value.
struct Ends {
    done: HashSet<Node>,
}

impl Ends {
    fn of(types: &Types, refused: &Refused) -> Ends {
        let records = refused.records.iter().copied().map(Node::Record);
        let unions = refused.unions.iter().copied().map(Node::Union);
        let mut ends = Ends { done: records.chain(unions).collect() };
        loop {
            let before = ends.done.len();
            for (id, record) in types.records() {
                if record.fields.iter().all(|field| ends.stuck(field).is_none()) {
                    ends.done.insert(Node::Record(id));
                }
            }
            for (id, union) in types.unions() {
                let done = |one: &Variant| ends.done.contains(&Node::Record(one.record));
                if union.variants.is_empty() || union.variants.iter().any(done) {
                    ends.done.insert(Node::Union(id));
                }
            }
            if ends.done.len() == before {
                return ends;
            }
        }
    }

    /// What keeps a field from having a value, and where that is mentioned.
    fn stuck(&self, field: &Field) -> Option<(Node, Span)> {
        if field.optional { None } else { self.stuck_in(&field.ty) }
    }

    fn stuck_in(&self, ty: &Type) -> Option<(Node, Span)> {
        if ty.nullable {
            return None;
        }
        let node = match &ty.kind {
            Kind::Record(id) => Node::Record(*id),
            Kind::Union(id) => Node::Union(*id),
            Kind::List(element, bounds) if bounds.min > 0 => return self.stuck_in(element),
            Kind::Map(map) if map.bounds.min > 0 => return self.stuck_in(&map.value),
            Kind::List(..) | Kind::Map(_) | Kind::Scalar(_) | Kind::Json | Kind::Foreign(_) => {
                return None;
            }
        };
        (!self.done.contains(&node)).then_some((node, ty.span))
    }

    /// The circle that `start` leads into, and the mention that closes it.
    fn cycle(&self, types: &Types, start: Node) -> Option<(Vec<Node>, Span)> {
        let mut path = vec![start];
        loop {
            let (next, span) = match *path.last()? {
                Node::Record(id) => {
                    types.record(id).fields.iter().find_map(|field| self.stuck(field))?
                }
                Node::Union(id) => {
                    let variant = types.union(id).variants.first()?;
                    (Node::Record(variant.record), variant.span)
                }
            };
            if let Some(at) = path.iter().position(|node| *node == next) {
                return Some((path.split_off(at), span));
            }
            path.push(next);
        }
    }
}

/// `value` with the defaults of what it lacks; nothing if that has no end. `inside` are the fields
/// whose defaults it stands in.
fn filled(
    ty: &Type,
    value: &Const,
    types: &Types,
    inside: &mut Vec<(RecordId, String)>,
) -> Option<Const> {
    Some(match (&ty.kind, value) {
        (Kind::List(element, _), Const::List(items)) => {
            let items = items.iter().map(|item| filled(element, item, types, inside));
            Const::List(items.collect::<Option<_>>()?)
        }
        (Kind::Map(map), Const::Record(entries)) => {
            let entry = |(key, one): &(String, Const)| {
                Some((key.clone(), filled(&map.value, one, types, inside)?))
            };
            Const::Record(entries.iter().map(entry).collect::<Option<_>>()?)
        }
        (Kind::Record(id), Const::Record(members)) => {
            Const::Record(filled_record(*id, members, types, inside)?)
        }
        (Kind::Union(id), Const::Record(members)) => {
            let union = types.union(*id);
            let Ok(variant) = values::variant(union, value) else { return Some(value.clone()) };
            Const::Record(filled_record(variant.record, members, types, inside)?)
        }
        _ => value.clone(),
    })
}

fn filled_record(
    id: RecordId,
    members: &[(String, Const)],
    types: &Types,
    inside: &mut Vec<(RecordId, String)>,
) -> Option<Vec<(String, Const)>> {
    let fields = &types.record(id).fields;
    let mut found = Vec::new();
    for (name, member) in members {
        let field = fields.iter().find(|field| field.name == *name);
        let member = match field {
            Some(field) => filled(&field.ty, member, types, inside)?,
            None => member.clone(),
        };
        found.push((name.clone(), member));
    }
    for field in fields {
        let Some(default) = &field.default else { continue };
        if members.iter().any(|(name, _)| *name == field.name) {
            continue;
        }
        let here = (id, field.name.clone());
        if inside.contains(&here) {
            return None;
        }
        inside.push(here);
        found.push((field.name.clone(), filled(&field.ty, default, types, inside)?));
        inside.pop();
    }
    Some(found)
}

/// Whether a type mentions records or unions.
fn has_parts(ty: &Type) -> bool {
    match &ty.kind {
        Kind::Record(_) | Kind::Union(_) => true,
        Kind::List(element, _) => has_parts(element),
        Kind::Map(map) => has_parts(&map.value),
        Kind::Scalar(_) | Kind::Json | Kind::Foreign(_) => false,
    }
}

fn no_variant(tag: &str, ty: &Type) -> Diagnostic {
    Diagnostic::new(Code::TypeMismatch, ty.span, "a variant of a union is a record")
        .label("this is none")
        .note(format!("`{tag}` is a member of each variant, beside its fields"))
        .help("put the value into a field: `{ value: … }`")
}

fn declares_tag(union: &Union, variant: &Variant, field: &Field) -> Diagnostic {
    let message = format!("`{}` declares `{}` itself", variant.name, union.tag);
    Diagnostic::new(Code::DuplicateName, variant.span, message)
        .label(format!("`{}` adds the member `{}` to each variant", union.name, union.tag))
        .see(field.span, "declared again here")
        .help(format!("delete the field, or choose another tag: `union {} by …`", union.name))
}
