//! The fields of a declared record: each is bound, or taken by name, or may be missing.

use super::build::Cut;
use super::compatible::{Fit, fit};
use super::nodes::Allow;
use super::renames::quoted;
use super::scope::{Found, Lower, position};
use crate::contract::types::{Field, Kind, Record, RecordId, Rule, Type};
use crate::contract::work::{Build, Member, Missing, NodeId};
use crate::diagnostic::{Code, Diagnostic};
use crate::suggest;
use gatewright_grammar::Span;
use gatewright_grammar::tree::{Entry, EntryKind, Ident, Ref, Value};

/// Where fields are taken from by name.
#[derive(Clone)]
struct Spread {
    node: NodeId,
    span: Span,
    origin: usize,
    /// What stands before the name of a field that is taken from it.
    written: String,
}

impl Lower<'_, '_> {
    /// The members of the record `id`, made of `entries`; `base` is the value they project, from
    /// which `...` takes the rest. Without entries, everything is taken by name.
    pub(crate) fn members(
        &mut self,
        id: RecordId,
        entries: Option<&[Entry]>,
        base: Option<NodeId>,
        span: Span,
    ) -> Option<Vec<Member>> {
        let types = self.context.types;
        let record = types.record(id);
        let mut spreads = Vec::new();
        match (entries, base) {
            (None, Some(node)) => {
                spreads.push(Spread { node, span, origin: self.origin, written: String::new() });
            }
            (Some(entries), _) => spreads = self.spreads(entries, base)?,
            (None, None) => {}
        }
        let bound = self.bindings(record, entries.unwrap_or_default())?;
        let mut members = Vec::new();
        let mut renamed = Vec::new();
        let mut whole = true;
        for (field, binding) in record.fields.iter().zip(bound) {
            match self.member(field, binding, (&spreads, &mut renamed)) {
                Taken::Member(member) => members.push(*member),
                Taken::LeftOut => {}
                Taken::Refused => whole = false,
                Taken::Nowhere => {
                    whole = false;
                    let diagnostic = self.not_provided(record, field, span, &spreads);
                    self.refuse(diagnostic);
                }
            }
        }
        if entries.is_none() {
            self.renames.projection(renamed, true);
        } else {
            renamed
                .into_iter()
                .for_each(|(at, entry)| self.renames.insert(at.at_end(), format!(", {entry}")));
        }
        whole.then_some(members)
    }

    fn spreads(&mut self, entries: &[Entry], base: Option<NodeId>) -> Option<Vec<Spread>> {
        let mut found: Vec<Spread> = Vec::new();
        for entry in entries {
            let EntryKind::Spread(reference) = &entry.kind else { continue };
            let node = match (reference, base) {
                (Some(reference), _) => self.spread(reference)?,
                (None, Some(base)) => base,
                (None, None) => {
                    self.refuse(
                        Diagnostic::new(
                            Code::UnknownName,
                            entry.span,
                            "there is no rest here to take",
                        )
                        .label("`...` alone is the rest of the element that is projected")
                        .help("name a call: `...item`"),
                    );
                    return None;
                }
            };
            let origin = self.context.origins.of(entry.span);
            let written =
                reference.as_ref().map_or_else(String::new, |from| self.reaching(node, from));
            found.push(Spread { node, span: entry.span, origin, written });
        }
        let untyped: Vec<Spread> =
            found.iter().filter(|s| self.nodes.declared(s.node).is_none()).cloned().collect();
        if let [first, second, ..] = untyped.as_slice() {
            self.refuse(
                Diagnostic::new(
                    Code::DoubleSpread,
                    second.span,
                    "two results are spread, and nothing says which one wins",
                )
                .label("this one may offer the same fields …")
                .see(first.span, "… as this one")
                .note("collisions are never resolved by order or by speed")
                .help("spread one of them, and bind the fields of the other: `name: user.name`"),
            );
            return None;
        }
        Some(found)
    }

    fn spread(&mut self, reference: &Ref) -> Option<NodeId> {
        if reference.projection.is_none()
            && let Found::Node(node, None) = self.find(reference)?
        {
            let asked = self.nodes.record(node, reference.span);
            self.fits(asked, reference.span)?;
            return Some(node);
        }
        self.refuse(
            Diagnostic::new(Code::TypeMismatch, reference.span, "only a record can be spread")
                .label("this is no record"),
        );
        None
    }

    /// The entry that binds each field of `record`, if one does. An entry of a later version
    /// takes the place of an inherited one.
    fn bindings<'e>(
        &mut self,
        record: &Record,
        entries: &'e [Entry],
    ) -> Option<Vec<Option<(&'e Value, usize)>>> {
        let mut bound: Vec<Option<(&Value, usize, Span)>> = vec![None; record.fields.len()];
        let mut whole = true;
        for entry in entries {
            let EntryKind::Field(name, value) = &entry.kind else { continue };
            let origin = self.context.origins.of(entry.span);
            let Some(at) = position(record, &name.text, origin) else {
                // An inherited entry was looked at in its own version: a later one removed the
                // field, and with it what it was bound to.
                if origin != self.context.version {
                    self.renames.remove(entry.span);
                    continue;
                }
                let diagnostic = unknown(record, name, origin);
                self.refuse(diagnostic);
                whole = false;
                continue;
            };
            if let Some(field) = record.fields.get(at) {
                self.renames.name(name, &field.name);
            }
            let Some(slot) = bound.get_mut(at) else { continue };
            match slot {
                Some((_, old, first)) if *old == origin => {
                    let first = *first;
                    self.refuse(said_twice(name, first));
                    whole = false;
                }
                Some((_, old, _)) if *old > origin => self.renames.remove(entry.span),
                _ => {
                    if let Some((_, _, earlier)) = slot.replace((value, origin, name.span)) {
                        self.renames.remove(entry_at(entries, earlier));
                    }
                }
            }
        }
        let done = bound.into_iter().map(|slot| slot.map(|(value, origin, _)| (value, origin)));
        whole.then(|| done.collect())
    }

    fn member(
        &mut self,
        field: &Field,
        binding: Option<(&Value, usize)>,
        (spreads, renamed): (&[Spread], &mut Vec<(Span, String)>),
    ) -> Taken {
        let allow = Allow::of(field);
        let missing = match (field.optional && field.default.is_none(), field.ty.nullable) {
            _ if field.default.is_some() => Missing::Never,
            (false, false) => Missing::Never,
            (true, false) => Missing::Dropped,
            (false, true) => Missing::Null,
            (true, true) => Missing::Kept,
        };
        let value = match binding {
            Some((value, origin)) => {
                let outer = std::mem::replace(&mut self.origin, origin);
                let built = self.build(value, &with_example(field), allow);
                self.origin = outer;
                built
            }
            None => match self.source(field, spreads) {
                Source::None if field.default.is_some() => field.default.clone().map(Build::Const),
                Source::None if field.optional => return Taken::LeftOut,
                Source::None => return Taken::Nowhere,
                Source::Refused => None,
                Source::Found(spread) => self.by_name(field, spread, (allow, renamed)),
            },
        };
        let nullable = field.ty.nullable;
        let value = match (value, field.default.clone()) {
            (Some(value), Some(default)) if !matches!(value, Build::Const(_)) => {
                Some(Build::Default { value: Box::new(value), default, nullable })
            }
            (value, _) => value,
        };
        match value {
            Some(value) => {
                let name = field.name_as_of(self.writes).to_owned();
                Taken::Member(Box::new(Member { name, value, missing }))
            }
            None => Taken::Refused,
        }
    }

    fn by_name(
        &mut self,
        field: &Field,
        spread: Spread,
        (allow, renamed): (Allow, &mut Vec<(Span, String)>),
    ) -> Option<Build> {
        let known = field.name_as_of(spread.origin).to_owned();
        let wire = self.wire(spread.node, &known, spread.origin).to_owned();
        let asked = self.nodes.field(spread.node, &wire, spread.span);
        let child = self.fits(asked, spread.span)??;
        if self.elements.contains(&spread.node) {
            // The record is there as far as its own field says; only the part is asked for.
            self.present(child, allow, field, spread.span)?;
            self.nodes.allow(child, allow);
        } else {
            self.reach(child, allow, spread.span)?;
        }
        let outer = std::mem::replace(&mut self.origin, spread.origin);
        let built = self.project(child, Cut::default(), &with_example(field), spread.span);
        self.origin = outer;
        let rest = self.renames.take();
        if rest.is_some() || wire != field.name {
            let (from, name, wire) = (&spread.written, quoted(&field.name), quoted(&wire));
            let entry = format!("{name}: {from}.{wire}{}", rest.unwrap_or_default());
            renamed.push((spread.span, entry));
        }
        built
    }

    fn present(&mut self, child: NodeId, allow: Allow, field: &Field, span: Span) -> Option<()> {
        let node = self.nodes.node(child);
        let missing = (node.absent_ok && !allow.absent) || (node.null_ok && !allow.null);
        if self.nodes.declared(child).is_some() && missing {
            self.refuse(
                Diagnostic::new(
                    Code::TypeMismatch,
                    span,
                    format!("`{}` can be missing here", field.name),
                )
                .label(match self.nodes.is_result(child) {
                    true => "the backend may leave it out, or send null",
                    false => "callers may leave it out, or send null",
                })
                .see(field.span, "must be there in every answer"),
            );
            return None;
        }
        Some(())
    }

    /// The spread that provides `field`: one that is known to, else the one that may.
    fn source(&mut self, field: &Field, spreads: &[Spread]) -> Source {
        let mut declared: Option<Spread> = None;
        let mut untyped: Option<Spread> = None;
        for spread in spreads {
            if self.nodes.declared(spread.node).is_none() {
                untyped = Some(spread.clone());
                continue;
            }
            let wire = field.name_as_of(spread.origin);
            if self.offered(spread, wire).is_none() {
                continue;
            }
            if let Some(first) = declared {
                let diagnostic = self.ambiguous(wire, &first, spread);
                self.refuse(diagnostic);
                return Source::Refused;
            }
            declared = Some(spread.clone());
        }
        declared.or(untyped).map_or(Source::None, Source::Found)
    }

    /// The field that text of the version which wrote `spread` calls `name`.
    fn offered(&self, spread: &Spread, name: &str) -> Option<&Field> {
        let record = self.record_of(spread.node)?;
        record.fields.get(position(record, name, spread.origin)?)
    }

    fn ambiguous(&self, name: &str, first: &Spread, second: &Spread) -> Diagnostic {
        let calls = self.nodes.is_result(first.node) && self.nodes.is_result(second.node);
        let what = if calls { "calls" } else { "values" };
        let message = format!("two {what} offer `{name}`, and nothing says which one wins");
        let has = |spread: &Spread| {
            let spelling = self
                .offered(spread, name)
                .map(|field| super::super::values::spelling(&field.ty, self.context.types));
            let spelling = spelling.unwrap_or_default();
            format!("`{}` has `{name}: {spelling}`", self.offers(spread.node))
        };
        Diagnostic::new(Code::AmbiguousSource, second.span, message)
            .label(format!("{} too", has(second)))
            .see(first.span, has(first))
            .help(format!("choose: `{name}: {}.{name}`", self.spelled(first.node)))
            .note("collisions are never resolved by order or by speed")
    }

    /// The only field of the typed results that `field` could be, and that `record` takes nowhere
    /// else: its call, its name.
    fn only_offer(&self, record: &Record, field: &Field) -> Option<(String, String)> {
        let Kind::Scalar(want) = &field.ty.kind else { return None };
        let mut found = None;
        for (at, (call, _)) in self.calls.iter().enumerate() {
            let Some((ty, origin)) = self.written(at).and_then(|one| one.result) else { continue };
            let Kind::Record(id) = &ty.kind else { continue };
            for offered in &self.context.types.record(*id).fields {
                let Kind::Scalar(have) = &offered.ty.kind else { continue };
                let name = offered.name_as_of(origin);
                let alike =
                    std::mem::discriminant(&have.rule) == std::mem::discriminant(&want.rule);
                let taken = record.fields.iter().any(|field| field.name == name);
                if !alike || taken || fit(have, want) == Fit::No {
                    continue;
                }
                if found.is_some() {
                    return None;
                }
                found = Some((call.name.text.clone(), name.to_owned()));
            }
        }
        found
    }

    fn not_provided(
        &self,
        record: &Record,
        field: &Field,
        span: Span,
        spreads: &[Spread],
    ) -> Diagnostic {
        let path = record
            .name
            .as_ref()
            .map_or_else(|| field.name.clone(), |owner| format!("{owner}.{}", field.name));
        let every = record.name.as_ref().map_or_else(
            || "it must always be there".to_owned(),
            |owner| format!("every `{owner}` must have it"),
        );
        let inherited = self.context.origins.of(span) != self.context.version;
        let entries = format!("none of these entries gives `{}`", field.name);
        let entries = if inherited {
            format!("inherited by version {}; {entries}", self.context.label)
        } else {
            entries
        };
        let message = format!("nobody provides `{path}`");
        let mut diagnostic = Diagnostic::new(Code::FieldNotProvided, field.span, message)
            .label(every)
            .see(span, entries);
        for spread in spreads {
            let owner = self.offers(spread.node);
            let text = match self.nodes.is_result(spread.node) {
                true => format!("`{owner}` is declared and has no `{}`", field.name),
                false => format!("`{owner}` has no `{}`", field.name),
            };
            diagnostic = diagnostic.see(spread.span, text);
        }
        let offer = self.only_offer(record, field);
        let from = offer.as_ref().map_or("…".to_owned(), |(call, name)| format!("{call}.{name}"));
        let bind = if inherited {
            format!("change {} {{ return {{ {}: {from} }} }}", self.context.key, field.name)
        } else {
            format!("{}: {from}", field.name)
        };
        if let Some((call, name)) = offer {
            let kind = word(&field.ty);
            diagnostic = diagnostic
                .note(format!("of the results in scope, `{call}` has {kind} called `{name}`"));
        }
        let spelling = super::super::values::spelling(&field.ty, self.context.types);
        let missing = format!("or let it be missing: `{}?: {spelling}`", field.name);
        let diagnostic = diagnostic.help(format!("bind it: `{bind}`"));
        match behind_name(field) {
            Some(at) => diagnostic.fix(missing, at, "?"),
            None => diagnostic.help(missing),
        }
    }
}

/// What a value without parts is, in a word.
fn word(ty: &Type) -> &'static str {
    match &ty.kind {
        Kind::Scalar(scalar) => match scalar.rule.plain() {
            Rule::Text(_) | Rule::AsText(_) => "a text",
            Rule::Number(_) => "a number",
            Rule::Bool => "a boolean",
            Rule::Enum(_) => "an enum",
        },
        Kind::Map(_) => "a map",
        _ => "a value",
    }
}

/// The place behind the name of `field` where it is declared; nothing if the name is quoted.
fn behind_name(field: &Field) -> Option<Span> {
    let written = field.renames.first().map_or(&field.name, |(_, name)| name);
    let plain = written.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let length = u32::try_from(written.len()).ok()?;
    let at = field.span.start.checked_add(length)?;
    plain.then_some(Span { start: at, end: at, ..field.span })
}

/// The entry whose name stands at `name`.
fn entry_at(entries: &[Entry], name: Span) -> Span {
    entries.iter().map(|entry| entry.span).find(|span| span.contains(name)).unwrap_or(name)
}

fn said_twice(name: &Ident, first: Span) -> Diagnostic {
    let message = format!("`{}` is bound twice", name.text);
    Diagnostic::new(Code::DuplicateName, name.span, message)
        .label("bound again")
        .see(first, "first bound here")
        .help("delete one of them")
}

/// A field's type, with the field's own example if it has one.
fn with_example(field: &Field) -> Type {
    let mut ty = field.ty.clone();
    ty.example = field.example.clone().or(ty.example);
    ty
}

enum Taken {
    Member(Box<Member>),
    LeftOut,
    Nowhere,
    Refused,
}

enum Source {
    None,
    Refused,
    Found(Spread),
}

fn unknown(record: &Record, name: &Ident, origin: usize) -> Diagnostic {
    let owner = record.name.as_ref().map_or("this record".into(), |owner| format!("`{owner}`"));
    let message = format!("{owner} has no field `{}`", name.text);
    let known = record.fields.iter().map(|field| field.name_as_of(origin));
    let diagnostic = Diagnostic::new(Code::UnknownField, name.span, message);
    match suggest::closest(&name.text, known) {
        Some(other) => diagnostic
            .label(format!("did you mean `{other}`?"))
            .see(record.span, "declared here")
            .fix(format!("write `{other}`"), name.span, other),
        None => diagnostic.label("not declared").see(record.span, "declared here"),
    }
}
