//! Gives every type its meaning in one version.

mod depth;
mod generics;
mod keyed;
mod settle;

use super::bounds;
use super::values::{self, article};
use super::versions::{Flat, FlatField, FlatFieldKind, FlatKind, FlatType};
use crate::contract::types::{
    Const, Enumeration, Field, Format, Kind, Number, NumberKind, Record, RecordId, Rest, Rule,
    Scalar, Text, Type, Types, Union,
};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::schema::{self, Schemas};
use crate::suggest;
use gatewright_grammar::Span;
use gatewright_grammar::tree::{self, Base, EnumBody, EnumRest, Field as TreeField, Ident, Value};
use std::collections::{HashMap, VecDeque};

/// The names of the scalars.
pub(crate) const SCALARS: [&str; 13] = [
    "text", "bool", "int", "int64", "number", "decimal", "date", "instant", "duration", "uuid",
    "email", "url", "bytes",
];

/// Resolves the types of one version, each declaration once.
pub(crate) struct Resolver<'a> {
    flat: &'a Flat,
    schemas: &'a Schemas<'a>,
    declared: &'a [FlatType],
    index: HashMap<&'a str, usize>,
    /// One for each declaration, in their order, and behind them one for each instance.
    slots: Vec<Slot>,
    generics: generics::Generics,
    /// Records and unions that are mentioned, and whose parts are still to be resolved.
    queue: VecDeque<usize>,
    /// Names for other types that are being resolved, and the ways out of them, outermost first.
    path: Vec<Step>,
    /// How many records lead to the one whose fields are being taken, each by `...`.
    taking: usize,
    /// Values of fields that are looked at when every type is known.
    pending: Vec<settle::Pending>,
    /// Values of types that are looked at when every type is known.
    examples: Vec<(Type, Value)>,
    /// How many records are being resolved, each inside the one before.
    open: usize,
    /// Whether every declaration is resolved.
    settled: bool,
    /// Records and unions of which a part was refused.
    refused: settle::Refused,
    /// The records and unions so far.
    pub(crate) types: Types,
    /// Findings of this version.
    pub(crate) diagnostics: &'a mut Diagnostics,
}

/// A declaration that is resolved once, or an instance of a generic one.
#[derive(Clone, Debug)]
struct Slot {
    /// The declaration.
    declared: usize,
    /// What messages call it: `Product`, `Page<Hit>`.
    name: String,
    /// The parameter and its argument.
    bound: Option<(String, Type)>,
    state: State,
    parts: Parts,
}

/// How far a declaration is resolved.
#[derive(Clone, Debug)]
enum State {
    Untouched,
    Open,
    /// Nothing: it was refused, and those who mention it stay silent.
    Done(Option<Type>),
}

/// How far the fields of a record or the variants of a union are resolved. Whoever mentions one
/// need not wait for them: so a type can contain itself.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Parts {
    Untouched,
    Open,
    Done,
}

/// A step from a slot to one that it mentions.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Step {
    Slot(usize),
    /// A value that may be null, a list that may be empty.
    WayOut,
}

impl<'a> Resolver<'a> {
    /// A resolver of the types of `flat`.
    pub(crate) fn new(
        flat: &'a Flat,
        schemas: &'a Schemas<'a>,
        diagnostics: &'a mut Diagnostics,
    ) -> Self {
        let index = flat.types.iter().enumerate().map(|(at, one)| (one.name.text.as_str(), at));
        Self {
            flat,
            schemas,
            declared: &flat.types,
            index: index.collect(),
            slots: flat.types.iter().enumerate().map(|(at, one)| Slot::of(at, one)).collect(),
            generics: generics::Generics::default(),
            queue: VecDeque::new(),
            path: Vec::new(),
            taking: 0,
            pending: Vec::new(),
            examples: Vec::new(),
            open: 0,
            settled: false,
            refused: settle::Refused::default(),
            types: Types::default(),
            diagnostics,
        }
    }

    /// Resolves every declaration, used or not.
    pub(crate) fn all(&mut self) {
        for (at, one) in self.declared.iter().enumerate() {
            if is_builtin(&one.name.text) {
                let name = &one.name.text;
                self.diagnostics.push(
                    Diagnostic::new(
                        Code::DuplicateName,
                        one.name.span,
                        format!("`{name}` is a type of the language"),
                    )
                    .label("this name is taken")
                    .help("choose another name"),
                );
            }
            if one.parameter.is_none() {
                self.declaration(at, one.name.span);
            }
        }
        self.drain();
        self.generics();
        self.settled = true;
        self.settle();
    }

    /// Resolves the parts of everything that is mentioned.
    fn drain(&mut self) {
        while let Some(at) = self.queue.pop_front() {
            self.complete(at);
        }
    }

    /// The same for the first of them; whether those were all. The others are forgotten.
    fn drain_some(&mut self, most: usize) -> bool {
        for _ in 0..most {
            let Some(at) = self.queue.pop_front() else { return true };
            self.complete(at);
        }
        let whole = self.queue.is_empty();
        self.queue.clear();
        whole
    }

    /// Resolves the fields of a record, or the variants of a union, once.
    fn complete(&mut self, at: usize) {
        let Some(slot) = self.slots.get_mut(at).filter(|slot| slot.parts == Parts::Untouched)
        else {
            return;
        };
        slot.parts = Parts::Open;
        let (declared, bound) = (slot.declared, slot.bound.clone());
        let kind = match &slot.state {
            State::Done(Some(ty)) => ty.kind.clone(),
            _ => return,
        };
        let Some(one) = self.declared.get(declared) else { return };
        let outer = self.generics.bind(bound);
        // What a record mentions is no part of the path to it.
        let path = std::mem::take(&mut self.path);
        self.parts(one, &kind);
        self.path = path;
        self.generics.bind(outer);
        if let Some(slot) = self.slots.get_mut(at) {
            slot.parts = Parts::Done;
        }
    }

    fn parts(&mut self, one: &FlatType, kind: &Kind) {
        match (kind, &one.kind) {
            (Kind::Record(id), written) => {
                match fields_of(written).and_then(|fields| self.fields(*id, &fields)) {
                    Some(fields) => self.types.fill(*id, fields),
                    None => self.refused.record(*id),
                }
            }
            (Kind::Union(id), FlatKind::Union(union)) => match self.variants(union) {
                Some(variants) => self.types.fill_union(*id, variants),
                None => self.refused.union(*id),
            },
            _ => {}
        }
    }

    /// Whether `name` is a declared type or a scalar.
    pub(crate) fn knows(&self, name: &str) -> bool {
        self.index.contains_key(name) || is_builtin(name)
    }

    /// The names of the declared types.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'a str> {
        self.declared.iter().map(|one| one.name.text.as_str())
    }

    fn declaration(&mut self, at: usize, used: Span) -> Option<Type> {
        let one = self.declared.get(at)?;
        if one.parameter.is_some() {
            self.without_argument(one, used);
            return None;
        }
        self.slot(at, used)
    }

    /// The meaning of the declaration or instance in the slot `at`, found once.
    fn slot(&mut self, at: usize, used: Span) -> Option<Type> {
        let slot = self.slots.get(at)?;
        match &slot.state {
            State::Done(ty) => return ty.clone(),
            State::Open => {
                self.recursive(at, used);
                return None;
            }
            State::Untouched => {}
        }
        let (declared, name) = (self.declared.get(slot.declared)?, slot.name.clone());
        let bound = slot.bound.clone();
        if self.leads_on(used) {
            return None;
        }
        let outer = self.generics.bind(bound);
        self.set(at, State::Open);
        self.path.push(Step::Slot(at));
        let ty = self.resolve_declaration(at, declared, &name);
        self.path.pop();
        self.set(at, State::Done(ty.clone()));
        self.generics.bind(outer);
        if !self.settled {
            return ty;
        }
        // An endpoint is the first to mention an instance.
        self.drain();
        self.settle();
        match self.slots.get(at).map(|slot| &slot.state) {
            Some(State::Done(ty)) => ty.clone(),
            _ => ty,
        }
    }

    fn set(&mut self, at: usize, state: State) {
        if let Some(slot) = self.slots.get_mut(at) {
            slot.state = state;
        }
    }

    /// Resolves what may be missing.
    fn resolve_optional<T>(
        &mut self,
        missing: bool,
        resolve: impl FnOnce(&mut Self) -> Option<T>,
    ) -> Option<T> {
        if !missing {
            return resolve(self);
        }
        self.path.push(Step::WayOut);
        let resolved = resolve(self);
        self.path.pop();
        resolved
    }

    fn resolve_declaration(&mut self, at: usize, one: &FlatType, name: &str) -> Option<Type> {
        let span = one.name.span;
        match &one.kind {
            FlatKind::Alias { ty, example } if fields_of(&one.kind).is_none() => {
                let mut ty = self.ty(ty)?;
                if let Kind::Scalar(scalar) = &mut ty.kind {
                    scalar.name = Some(name.to_owned());
                }
                if let Some(example) = example {
                    ty.example = self.example(&ty.clone(), example);
                }
                Some(ty)
            }
            FlatKind::Record(_) | FlatKind::Alias { .. } => {
                self.queue.push_back(at);
                let record = Record { name: Some(name.to_owned()), fields: Vec::new(), span };
                let ty = plain(Kind::Record(self.types.add(record)), span);
                if let FlatKind::Alias { example: Some(example), .. } = &one.kind {
                    self.examples.push((ty.clone(), example.clone()));
                }
                Some(ty)
            }
            FlatKind::Enum(decl) => {
                let scalar = self.enumeration(Some(name.to_owned()), &decl.body);
                Some(plain(Kind::Scalar(scalar?), span))
            }
            FlatKind::Union(union) => {
                self.queue.push_back(at);
                let (name, tag) = (name.to_owned(), union.tag.text.clone());
                let union = Union { name, tag, variants: Vec::new(), span };
                Some(plain(Kind::Union(self.types.add_union(union)), span))
            }
        }
    }

    /// A record, or nothing if one of its fields was refused.
    pub(crate) fn record(
        &mut self,
        name: Option<String>,
        fields: &[FlatField],
        span: Span,
    ) -> Option<RecordId> {
        let id = self.types.add(Record { name, fields: Vec::new(), span });
        self.open += 1;
        let fields = self.fields(id, fields);
        self.open -= 1;
        if fields.is_none() {
            self.refused.record(id);
        }
        self.types.fill(id, fields?);
        // Values of the records around this one wait until those have their fields.
        if self.settled && self.open == 0 {
            self.look_at_values();
        }
        Some(id)
    }

    /// The fields of the record `id`, or nothing if one of them was refused.
    fn fields(&mut self, id: RecordId, fields: &[FlatField]) -> Option<Vec<Field>> {
        let mut found: Vec<Field> = Vec::new();
        let mut whole = true;
        for field in fields {
            let more = match &field.kind {
                FlatFieldKind::Named(named) => {
                    self.field(id, named, field).map(|field| vec![field])
                }
                FlatFieldKind::Spread(other) => self.spread(id, other),
            };
            whole &= more.is_some();
            for field in more.unwrap_or_default() {
                match found.iter().find(|old| old.name == field.name) {
                    Some(old) => self.diagnostics.push(super::duplicate(
                        &format!("field `{}`", field.name),
                        field.span,
                        old.span,
                    )),
                    None => found.push(field),
                }
            }
        }
        whole.then_some(found)
    }

    fn field(&mut self, id: RecordId, named: &tree::NamedField, flat: &FlatField) -> Option<Field> {
        let ty = self.ty(&named.ty)?;
        let name = &named.name.text;
        self.pend(id, name, named);
        Some(Field {
            name: name.clone(),
            optional: named.optional || named.default.is_some(),
            ty,
            example: None,
            default: None,
            span: named.name.span.to(named.ty.span),
            added: flat.added,
            renames: flat.renames.clone(),
        })
    }

    fn spread(&mut self, id: RecordId, other: &tree::Type) -> Option<Vec<Field>> {
        let ty = self.ty(other)?;
        if let Kind::Record(source) = ty.kind {
            return self.taken(source, id, other.span);
        }
        let wanted = values::spelling(&ty, &self.types);
        let message = format!("`{wanted}` is not a record, so it has no fields to take");
        let diagnostic = Diagnostic::new(Code::TypeMismatch, other.span, message)
            .label("a record is wanted behind `...`");
        let argument = match &other.base {
            Base::Name(name) => self.generics.bound(&name.text),
            _ => None,
        };
        self.diagnostics.push(match argument {
            Some(argument) => diagnostic.see(argument.span, "this argument is taken here"),
            None => diagnostic,
        });
        None
    }

    /// The fields of the record `source`, for the record `id`.
    fn taken(&mut self, source: RecordId, id: RecordId, used: Span) -> Option<Vec<Field>> {
        if let Some(at) = self.slots.iter().position(|slot| slot.is_record(source)) {
            if self.slots.get(at).is_some_and(|slot| slot.parts == Parts::Open) {
                let record = self.types.record(source);
                let name = record.name.as_deref().unwrap_or_default();
                let diagnostic = settle::endless(name, used, record.span);
                self.diagnostics.push(diagnostic);
                return None;
            }
            self.taking += 1;
            if !self.takes_on(used) {
                self.complete(at);
            }
            self.taking -= 1;
        }
        if self.refused.has_record(source) {
            return None;
        }
        self.pend_again(source, id);
        Some(self.types.record(source).fields.clone())
    }

    /// The meaning of a type where it is used; nothing if it was refused.
    pub(crate) fn ty(&mut self, ty: &tree::Type) -> Option<Type> {
        let mut found = self.resolve_optional(ty.nullable, |this| this.base(ty))?;
        if ty.as_text {
            found = self.as_text(found, ty)?;
        }
        found.nullable |= ty.nullable;
        found.span = ty.span;
        Some(found)
    }

    fn base(&mut self, ty: &tree::Type) -> Option<Type> {
        Some(match &ty.base {
            Base::Name(name) => self.named_with(name, ty)?,
            Base::List(element) => {
                let bounds = bounds::list(&ty.limits, "list", self.diagnostics);
                let empty = bounds.as_ref().is_none_or(|bounds| bounds.min == 0);
                let element = self.resolve_optional(empty, |this| this.ty(element));
                let (element, bounds) = (element?, bounds?);
                self.shallow(&element, ty.span)?;
                plain(Kind::List(Box::new(element), bounds), ty.span)
            }
            Base::Record(record) => {
                bounds::none(&ty.limits, "a record", self.diagnostics);
                let fields: Vec<FlatField> = record
                    .fields
                    .iter()
                    .map(|f: &TreeField| super::edits::flat_field(f, 0))
                    .collect();
                plain(Kind::Record(self.record(None, &fields, record.span)?), ty.span)
            }
            Base::Enum(body) => {
                bounds::none(&ty.limits, "an enum", self.diagnostics);
                plain(Kind::Scalar(self.enumeration(None, body)?), ty.span)
            }
            Base::Map(key, value) => self.map(key, value, ty)?,
            Base::Generic(name, argument) => {
                let found = self.generic(name, argument)?;
                bounds::none(&ty.limits, &format!("`{}<…>`", name.text), self.diagnostics);
                found
            }
        })
    }

    fn named_with(&mut self, name: &Ident, ty: &tree::Type) -> Option<Type> {
        let limits = &ty.limits;
        if name.text == "json" {
            let Some(path) = bounds::json(limits, self.diagnostics) else {
                // Null is one of the values of JSON.
                return Some(Type { nullable: true, ..plain(Kind::Json, ty.span) });
            };
            let schema = self.schemas.named(path, self.diagnostics)?;
            let nullable = schema::accepts(&schema, &Const::Null).is_ok();
            return Some(Type { nullable, ..plain(Kind::Foreign(schema), ty.span) });
        }
        if SCALARS.contains(&name.text.as_str()) {
            let rule = bounds::scalar(name, limits, self.diagnostics)?;
            return Some(plain(Kind::Scalar(Scalar { name: None, rule }), ty.span));
        }
        let found = self.named(name)?;
        bounds::none(limits, &format!("`{}`", name.text), self.diagnostics);
        Some(found)
    }

    /// The declaration `name`, or nothing and a finding.
    pub(crate) fn named(&mut self, name: &Ident) -> Option<Type> {
        if SCALARS.contains(&name.text.as_str()) {
            let rule = bounds::scalar(name, &[], self.diagnostics)?;
            return Some(plain(Kind::Scalar(Scalar { name: None, rule }), name.span));
        }
        if let Some(argument) = self.generics.bound(&name.text) {
            return Some(argument.clone());
        }
        match self.index.get(name.text.as_str()).copied() {
            Some(at) => self.declaration(at, name.span),
            None => self.unknown(name),
        }
    }

    /// The finding about a name that the version removes, and that something still mentions.
    pub(crate) fn removed(&self, name: &Ident, (what, code): (&str, Code)) -> Option<Diagnostic> {
        let removed = self.flat.removed.iter().find(|removed| removed.text == name.text)?;
        let message =
            format!("there is no {what} called `{}` in version {}", name.text, self.flat.label);
        Some(
            Diagnostic::new(code, removed.span, message)
                .label("removed here")
                .see(name.span, "and still used here")
                .help("keep it, or change what uses it"),
        )
    }

    fn unknown(&mut self, name: &Ident) -> Option<Type> {
        if let Some(diagnostic) = self.removed(name, ("type", Code::UnknownType)) {
            self.diagnostics.push(diagnostic);
            return None;
        }
        let declared = self.declared.iter().map(|one| one.name.text.as_str());
        let known = declared.chain(SCALARS).chain(["json"]);
        let diagnostic = Diagnostic::new(
            Code::UnknownType,
            name.span,
            format!("there is no type called `{}`", name.text),
        );
        // In an imported directory, types of the language are known by the name that is written.
        let last =
            name.text.rsplit('.').next().filter(|last| last.len() == name.span.range().len());
        let builtin =
            last.and_then(|last| suggest::closest(last, SCALARS.into_iter()).or(foreign(last)));
        self.diagnostics.push(match suggest::closest(&name.text, known).or(builtin) {
            Some(other) => diagnostic.meant(name.span, other),
            // What another directory does not have, this one cannot declare for it.
            None if name.text.contains('.') => diagnostic.label("not declared"),
            None => diagnostic
                .label("not declared")
                .help(format!("declare it: `type {} {{ … }}`", name.text)),
        });
        None
    }

    fn enumeration(&mut self, name: Option<String>, body: &EnumBody) -> Option<Scalar> {
        let mut values: Vec<(String, String)> = Vec::new();
        for value in &body.values {
            let text = &value.name.text;
            let wire = value.wire.as_ref().map_or_else(|| text.clone(), |wire| wire.value.clone());
            if let Some(at) = values.iter().position(|(old, other)| old == text || *other == wire) {
                let first = body.values.get(at).map_or(value.span, |first| first.name.span);
                self.diagnostics.push(super::duplicate(
                    &format!("value `{text}`"),
                    value.name.span,
                    first,
                ));
            } else {
                values.push((text.clone(), wire));
            }
        }
        let rest = match &body.rest {
            EnumRest::Closed => Rest::Closed,
            EnumRest::Open => Rest::Open,
            EnumRest::Else(name) => {
                // `else unknown` declares `unknown` as one more value that callers can see.
                if !values.iter().any(|(value, _)| *value == name.text) {
                    values.push((name.text.clone(), name.text.clone()));
                }
                let wire = values.iter().find(|(value, _)| *value == name.text);
                Rest::Becomes(wire.map_or_else(|| name.text.clone(), |(_, wire)| wire.clone()))
            }
        };
        Some(Scalar { name, rule: Rule::Enum(Enumeration { values, rest }) })
    }

    /// The constant `value` says, if `ty` accepts it; else nothing and a finding.
    pub(crate) fn constant(&mut self, ty: &Type, value: &Value) -> Option<Const> {
        let constant = values::constant(value, Some(ty), &self.types);
        let Some(constant) = constant else {
            self.diagnostics.push(self.no_constant(ty, value));
            return None;
        };
        if let Err(why) = values::accepts(ty, &constant, &self.types) {
            let wanted = values::spelling(ty, &self.types);
            self.diagnostics.push(
                Diagnostic::new(
                    Code::InvalidValue,
                    value.span,
                    format!("this is not {}", article(&wanted)),
                )
                .label(why),
            );
            return None;
        }
        Some(constant)
    }
}

impl Resolver<'_> {
    fn no_constant(&self, ty: &Type, value: &Value) -> Diagnostic {
        if let (Kind::Scalar(Scalar { rule: Rule::Enum(values), .. }), Some(word)) =
            (&ty.kind, values::single_word(value))
        {
            let names = || values.values.iter().map(|(name, _)| name.as_str());
            let wanted = values::spelling(ty, &self.types);
            let message = format!("`{word}` is not one of the values of `{wanted}`");
            let diagnostic = Diagnostic::new(Code::InvalidValue, value.span, message);
            return match suggest::closest(word, names()) {
                Some(other) => diagnostic.label(format!("did you mean `{other}`?")).fix(
                    format!("write `{other}`"),
                    value.span,
                    other,
                ),
                None => diagnostic
                    .label(format!("its values are {}", names().collect::<Vec<_>>().join(", "))),
            };
        }
        Diagnostic::new(Code::InvalidValue, value.span, "this value must be known to the compiler")
            .label("only literals can stand here")
            .help("write a text, a number, true, false, null, a list or a record of them")
    }
}

impl Slot {
    fn of(at: usize, one: &FlatType) -> Self {
        Self {
            declared: at,
            name: one.name.text.clone(),
            bound: None,
            state: State::Untouched,
            parts: Parts::Untouched,
        }
    }

    fn is_record(&self, id: RecordId) -> bool {
        matches!(&self.state, State::Done(Some(Type { kind: Kind::Record(one), .. })) if *one == id)
    }
}

/// Whether the language itself has a type of this name.
pub(crate) fn is_builtin(name: &str) -> bool {
    SCALARS.contains(&name) || name == "json"
}

/// The fields that a declaration of a record writes: `type X { … }` or `type X = { … }`.
fn fields_of(kind: &FlatKind) -> Option<Vec<FlatField>> {
    match kind {
        FlatKind::Record(fields) => Some(fields.clone()),
        FlatKind::Alias { ty, .. } if !ty.nullable && ty.limits.is_empty() && !ty.as_text => {
            let Base::Record(record) = &ty.base else { return None };
            Some(record.fields.iter().map(|field| super::edits::flat_field(field, 0)).collect())
        }
        _ => None,
    }
}

fn plain(kind: Kind, span: Span) -> Type {
    Type { kind, nullable: false, example: None, span }
}

/// The rule of a scalar without bounds.
pub(crate) fn unbounded(name: &str) -> Option<Rule> {
    let number = |kind| Rule::Number(Number { kind, min: None, max: None });
    let format = |format| Rule::Text(Text { format: Some(format), ..Text::default() });
    Some(match name {
        "text" => Rule::Text(Text::default()),
        "bool" => Rule::Bool,
        "int" => number(NumberKind::Int),
        "int64" => number(NumberKind::Int64),
        "number" => number(NumberKind::Number),
        "date" => format(Format::Date),
        "instant" => format(Format::Instant),
        "duration" => format(Format::Duration),
        "uuid" => format(Format::Uuid),
        "email" => format(Format::Email),
        "url" => format(Format::Url),
        "bytes" => format(Format::Bytes),
        _ => return None,
    })
}

/// What other languages call the scalars.
fn foreign(name: &str) -> Option<&'static str> {
    Some(match name.to_ascii_lowercase().as_str() {
        "string" | "str" | "varchar" | "char" => "text",
        "integer" | "int32" | "i32" | "u32" | "uint" | "short" => "int",
        "long" | "bigint" | "i64" | "u64" => "int64",
        "boolean" => "bool",
        "float" | "double" | "f64" | "f32" | "real" => "number",
        "datetime" | "timestamp" => "instant",
        "object" | "any" => "json",
        "guid" => "uuid",
        "uri" => "url",
        "binary" | "blob" | "base64" => "bytes",
        "numeric" => "decimal",
        _ => return None,
    })
}
