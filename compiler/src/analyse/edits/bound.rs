//! Inherited values that bind a field under the name that a rename ends.

use crate::analyse::versions::{Flat, FlatFieldKind, FlatKind};
use crate::analyse::work::quoted;
use crate::contract::work::Rewrite;
use gatewright_grammar::tree::{
    Base, EntryKind, Field, FieldKind, Record, RespKind, Type, Value, ValueKind,
};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

/// How many names for names are followed: those that lead back have a finding of their own.
const DEEPEST: usize = 64;

/// Defaults and examples of `flat`, as they are after `rename OWNER.FROM to TO`.
pub(super) fn rename(flat: &mut Flat, (owner, from, to): (&str, &str, &str)) {
    let mut renamed = Renamed { shapes: shapes(flat), owner, from, to, rewrites: Vec::new() };
    for one in &mut flat.types {
        match &mut one.kind {
            FlatKind::Alias { ty, example } => {
                renamed.in_type(ty);
                let values = example.iter_mut();
                values.for_each(|value| renamed.value(ty, value, 0));
            }
            FlatKind::Record(fields) => {
                for field in fields {
                    if let FlatFieldKind::Named(named) = &mut field.kind {
                        renamed.in_type(&mut named.ty);
                        let values = named.default.iter_mut().chain(&mut named.example);
                        values.for_each(|value| renamed.value(&named.ty, value, 0));
                    }
                }
            }
            FlatKind::Union(union) => {
                union.variants.iter_mut().for_each(|one| renamed.in_type(&mut one.ty));
            }
            FlatKind::Enum(_) => {}
        }
    }
    for error in &mut flat.errors {
        error.record.iter_mut().for_each(|record| renamed.in_record(record));
    }
    for endpoint in &mut flat.endpoints {
        let tree = Arc::make_mut(&mut endpoint.tree);
        tree.body.iter_mut().for_each(|body| renamed.in_type(&mut body.ty));
        for response in &mut tree.responses {
            match &mut response.kind {
                RespKind::Stream(_, Some(ty))
                | RespKind::Status(_, Some(ty))
                | RespKind::Type(ty) => {
                    renamed.in_type(ty);
                }
                RespKind::Pass | RespKind::Stream(_, None) | RespKind::Status(_, None) => {}
            }
        }
    }
    for new in renamed.rewrites {
        flat.rewrites.retain(|old| old.span != new.span);
        flat.rewrites.push(new);
    }
}

/// What a name stands for, as far as values can be looked into.
enum Shape {
    Alias(Type),
    /// Its own fields, and the types whose fields it takes as well.
    Record(Vec<(String, Type)>, Vec<Type>),
    Union(Vec<Type>),
}

fn shapes(flat: &Flat) -> HashMap<String, Rc<Shape>> {
    let shape = |kind: &FlatKind| match kind {
        FlatKind::Alias { ty, .. } => Some(Shape::Alias(ty.clone())),
        FlatKind::Record(fields) => {
            let (mut own, mut spread) = (Vec::new(), Vec::new());
            for field in fields {
                match &field.kind {
                    FlatFieldKind::Named(one) => own.push((one.name.text.clone(), one.ty.clone())),
                    FlatFieldKind::Spread(ty) => spread.push(ty.clone()),
                }
            }
            Some(Shape::Record(own, spread))
        }
        FlatKind::Union(union) => {
            Some(Shape::Union(union.variants.iter().map(|one| one.ty.clone()).collect()))
        }
        FlatKind::Enum(_) => None,
    };
    let named = flat.types.iter().filter(|one| one.parameter.is_none());
    named.filter_map(|one| Some((one.name.text.clone(), Rc::new(shape(&one.kind)?)))).collect()
}

struct Renamed<'r> {
    shapes: HashMap<String, Rc<Shape>>,
    owner: &'r str,
    from: &'r str,
    to: &'r str,
    rewrites: Vec<Rewrite>,
}

impl Renamed<'_> {
    /// Values within a type that is written where it is used.
    fn in_type(&mut self, ty: &mut Type) {
        match &mut ty.base {
            Base::List(inner) | Base::Map(_, inner) | Base::Generic(_, inner) => {
                self.in_type(inner);
            }
            Base::Record(record) => self.in_record(record),
            Base::Enum(_) | Base::Name(_) => {}
        }
    }

    fn in_record(&mut self, record: &mut Record) {
        for field in &mut record.fields {
            if let Field { kind: FieldKind::Named(named), .. } = field {
                self.in_type(&mut named.ty);
                let values = named.default.iter_mut().chain(&mut named.example);
                values.for_each(|value| self.value(&named.ty, value, 0));
            }
        }
    }

    /// A value of type `ty`.
    fn value(&mut self, ty: &Type, value: &mut Value, depth: usize) {
        if depth > DEEPEST {
            return;
        }
        match (&ty.base, &mut value.kind) {
            (Base::List(element), ValueKind::Array(items)) => {
                items.iter_mut().for_each(|item| self.value(element, item, depth + 1));
            }
            (Base::Map(_, inner), ValueKind::Object(object)) => {
                for entry in &mut object.entries {
                    if let EntryKind::Field(_, value) = &mut entry.kind {
                        self.value(inner, value, depth + 1);
                    }
                }
            }
            (Base::Record(record), ValueKind::Object(_)) => {
                let fields = record.fields.iter().filter_map(|field| match &field.kind {
                    FieldKind::Named(one) => Some((one.name.text.clone(), one.ty.clone())),
                    FieldKind::Spread(_) => None,
                });
                self.fields(&fields.collect::<Vec<_>>(), value, (false, depth));
            }
            (Base::Name(name), _) => self.named(&name.text, value, depth),
            _ => {}
        }
    }

    fn named(&mut self, name: &str, value: &mut Value, depth: usize) {
        let Some(shape) = self.shapes.get(name).map(Rc::clone) else { return };
        match shape.as_ref() {
            Shape::Alias(ty) => self.value(ty, value, depth + 1),
            Shape::Record(fields, spread) => {
                self.fields(fields, value, (name == self.owner, depth));
                // What is taken from another record is called as there.
                spread.iter().for_each(|ty| self.value(ty, value, depth + 1));
            }
            Shape::Union(types) => types.iter().for_each(|ty| self.value(ty, value, depth + 1)),
        }
    }

    /// The entries of a record; where it is the owner, one of them gets another name.
    fn fields(
        &mut self,
        fields: &[(String, Type)],
        value: &mut Value,
        (is_owner, depth): (bool, usize),
    ) {
        let ValueKind::Object(object) = &mut value.kind else { return };
        for entry in &mut object.entries {
            let EntryKind::Field(name, value) = &mut entry.kind else { continue };
            if is_owner && name.text == self.from {
                self.to.clone_into(&mut name.text);
                let text = quoted(self.to);
                self.rewrites.push(Rewrite { span: name.span, text });
            }
            if let Some((_, ty)) = fields.iter().find(|(own, _)| *own == name.text) {
                self.value(ty, value, depth + 1);
            }
        }
    }
}
