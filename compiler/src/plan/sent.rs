//! What of requests is counted by its place: what can be wrong in a body, and what is deprecated.

use crate::contract::types::{Kind, RecordId, Rule, Scalar, Type, Types, UnionId};
use crate::contract::{Deprecation, Endpoint, ParamKind, Place, Version};
use gatewright_grammar::Span;

/// How many places of a body are told apart. What is wrong elsewhere counts under what is around it.
const PLACES: usize = 64;

/// How many steps into a body they may be away.
const STEPS: usize = 16;

/// A deprecated part of what callers send.
#[derive(Clone, Debug)]
pub struct SentPlan {
    /// What it is called: `query sort`, `Order.note`.
    pub name: String,
    /// Where it can stand, and the only value that is meant, if it is one of several.
    pub places: Vec<(SentPlace, Option<String>)>,
}

/// Where a request has something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SentPlace {
    /// As this parameter of the query.
    Query(String),
    /// As this header field.
    Header(String),
    /// As this cookie.
    Cookie(String),
    /// In the body, behind these steps.
    Body(Vec<BodyStep>),
}

/// A step into JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BodyStep {
    /// The member of this name.
    Member(String),
    /// Each element of a list, or each value of a map.
    Each,
    /// The record itself, if the member of the first name is the second text.
    Tagged(String, String),
}

/// The places of the endpoint's body, as violations are counted by them: `lines[].sku`.
pub(super) fn places(types: &Types, endpoint: &Endpoint) -> Vec<String> {
    let mut found = Vec::new();
    if let Some(body) = &endpoint.body {
        walk(types, &body.ty, &mut |walked| {
            let name = spelled(walked.steps);
            if found.len() < PLACES && !found.contains(&name) {
                found.push(name);
            }
        });
    }
    found
}

/// `lines[].sku`
fn spelled(steps: &[BodyStep]) -> String {
    let mut name = String::new();
    for step in steps {
        match step {
            BodyStep::Member(member) if name.is_empty() => name.push_str(member),
            BodyStep::Member(member) => {
                name.push('.');
                name.push_str(member);
            }
            BodyStep::Each => name.push_str("[]"),
            BodyStep::Tagged(..) => {}
        }
    }
    name
}

/// The parts of what the endpoint's callers send that are deprecated.
pub(super) fn deprecated(version: &Version, endpoint: &Endpoint) -> Vec<SentPlan> {
    let mut found = Parts(Vec::new());
    if version.deprecations.is_empty() {
        return found.0;
    }
    let parts = version.deprecations.as_slice();
    for param in &endpoint.params {
        let place = match param.place {
            Place::Path(_) | Place::Part(..) | Place::Rest(_) => continue,
            Place::Query => SentPlace::Query(param.wire.clone()),
            Place::Header => SentPlace::Header(param.wire.clone()),
            Place::Cookie => SentPlace::Cookie(param.wire.clone()),
        };
        if at(parts, param.span).is_some() {
            let word = match &place {
                SentPlace::Query(name) => format!("query {name}"),
                SentPlace::Header(name) => format!("header {name}"),
                SentPlace::Cookie(name) => format!("cookie {name}"),
                SentPlace::Body(_) => String::new(),
            };
            found.add(&word, &place, None);
        }
        let (ParamKind::One(scalar) | ParamKind::Many(scalar, _)) = &param.kind;
        of_scalar(parts, scalar, &place, &mut found);
    }
    if let Some(body) = &endpoint.body {
        walk(&version.types, &body.ty, &mut |walked| of_body(parts, walked, &mut found));
    }
    found.0
}

/// The parts so far; one that stands at several places is one.
struct Parts(Vec<SentPlan>);

impl Parts {
    fn add(&mut self, name: &str, place: &SentPlace, value: Option<&str>) {
        let place = (place.clone(), value.map(str::to_owned));
        match self.0.iter_mut().find(|part| part.name == name) {
            Some(part) if part.places.contains(&place) => {}
            Some(part) => part.places.push(place),
            None => self.0.push(SentPlan { name: name.to_owned(), places: vec![place] }),
        }
    }
}

/// The part that is declared there.
fn at(parts: &[Deprecation], span: Span) -> Option<&Deprecation> {
    parts.iter().find(|part| part.at == span)
}

fn of_body(parts: &[Deprecation], walked: &Walked<'_>, found: &mut Parts) {
    let place = SentPlace::Body(walked.steps.to_vec());
    if let Some(part) = walked.declared.and_then(|span| at(parts, span)) {
        found.add(&part.part, &place, None);
    }
    match &walked.ty.kind {
        Kind::Scalar(scalar) => of_scalar(parts, scalar, &place, found),
        Kind::Record(id) => {
            if let Some(name) = &walked.types.record(*id).name {
                of_type(parts, name, &place, found);
            }
        }
        Kind::Union(id) => {
            let union = walked.types.union(*id);
            of_type(parts, &union.name, &place, found);
            for variant in &union.variants {
                let Some(part) = at(parts, variant.span) else { continue };
                let mut steps = walked.steps.to_vec();
                steps.push(BodyStep::Member(union.tag.clone()));
                found.add(&part.part, &SentPlace::Body(steps), Some(&variant.name));
            }
        }
        Kind::List(..) | Kind::Map(_) | Kind::Json | Kind::Foreign(_) => {}
    }
}

/// A scalar's declaration and values that are deprecated.
fn of_scalar(parts: &[Deprecation], scalar: &Scalar, place: &SentPlace, found: &mut Parts) {
    let Some(name) = &scalar.name else { return };
    of_type(parts, name, place, found);
    if let Rule::Enum(values) = &scalar.rule {
        for (value, wire) in &values.values {
            let part = format!("{name}.{value}");
            if parts.iter().any(|one| one.part == part) {
                found.add(&part, place, Some(wire));
            }
        }
    }
}

fn of_type(parts: &[Deprecation], name: &str, place: &SentPlace, found: &mut Parts) {
    // `Page<Item>` is declared as `Page`.
    let declared = name.split('<').next().unwrap_or(name);
    let part = parts.iter().find(|one| one.part.strip_prefix("type ") == Some(declared));
    if let Some(part) = part {
        found.add(&part.part, place, None);
    }
}

/// A value that a walk through a type has come to.
struct Walked<'w> {
    types: &'w Types,
    ty: &'w Type,
    steps: &'w [BodyStep],
    /// Where the field is declared that holds it.
    declared: Option<Span>,
}

/// Goes through the values of a type from the outside in. A record or union within itself is not
/// gone through again.
fn walk(types: &Types, ty: &Type, see: &mut dyn FnMut(&Walked<'_>)) {
    let mut walk = Walk { types, steps: Vec::new(), open: Vec::new(), room: 4096, see };
    walk.value(ty, None);
}

struct Walk<'w> {
    types: &'w Types,
    steps: Vec<BodyStep>,
    open: Vec<Open>,
    /// How many more values are looked at.
    room: usize,
    see: &'w mut dyn FnMut(&Walked<'_>),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Open {
    Record(RecordId),
    Union(UnionId),
}

impl Walk<'_> {
    fn value(&mut self, ty: &Type, declared: Option<Span>) {
        let Some(room) = self.room.checked_sub(1) else { return };
        self.room = room;
        (self.see)(&Walked { types: self.types, ty, steps: &self.steps, declared });
        if self.steps.len() >= STEPS {
            return;
        }
        match &ty.kind {
            Kind::List(element, _) => self.within(BodyStep::Each, |walk| walk.value(element, None)),
            Kind::Map(map) => self.within(BodyStep::Each, |walk| walk.value(&map.value, None)),
            Kind::Record(id) => self.once(Open::Record(*id), |walk| walk.fields(*id)),
            Kind::Union(id) => self.once(Open::Union(*id), |walk| {
                let types = walk.types;
                let union = types.union(*id);
                for variant in &union.variants {
                    let step = BodyStep::Tagged(union.tag.clone(), variant.name.clone());
                    walk.within(step, |walk| walk.fields(variant.record));
                }
            }),
            Kind::Scalar(_) | Kind::Json | Kind::Foreign(_) => {}
        }
    }

    fn fields(&mut self, id: RecordId) {
        let types = self.types;
        for field in &types.record(id).fields {
            let step = BodyStep::Member(field.name.clone());
            self.within(step, |walk| walk.value(&field.ty, Some(field.span)));
        }
    }

    fn within(&mut self, step: BodyStep, go: impl FnOnce(&mut Self)) {
        self.steps.push(step);
        go(self);
        self.steps.pop();
    }

    fn once(&mut self, one: Open, go: impl FnOnce(&mut Self)) {
        if !self.open.contains(&one) {
            self.open.push(one);
            go(self);
            self.open.pop();
        }
    }
}
