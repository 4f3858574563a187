//! The fields of a declared record: each is bound, or taken by name, or may be missing.

use super::nodes::Allow;
use super::scope::{Found, Lower};
use crate::contract::types::{Field, Kind, Record, RecordId};
use crate::contract::work::{Build, Member, Missing, NodeId};
use crate::diagnostic::{Code, Diagnostic};
use crate::suggest;
use gatewright_grammar::Span;
use gatewright_grammar::tree::{Entry, EntryKind, Ident, Ref, Value};

/// Where fields are taken from by name.
#[derive(Clone, Copy)]
struct Spread {
    node: NodeId,
    span: Span,
    origin: usize,
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
            (None, Some(node)) => spreads.push(Spread { node, span, origin: self.origin }),
            (Some(entries), _) => spreads = self.spreads(entries, base)?,
            (None, None) => {}
        }
        let bound = self.bindings(record, entries.unwrap_or_default())?;
        let mut members = Vec::new();
        let mut whole = true;
        for (field, binding) in record.fields.iter().zip(bound) {
            match self.member(record, field, binding, &spreads) {
                Taken::Member(member) => members.push(member),
                Taken::LeftOut => {}
                Taken::Refused => whole = false,
                Taken::Nowhere => {
                    whole = false;
                    let diagnostic = self.not_provided(record, field, span, &spreads);
                    self.refuse(diagnostic);
                }
            }
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
            found.push(Spread { node, span: entry.span, origin });
        }
        let untyped: Vec<Spread> =
            found.iter().filter(|s| self.nodes.declared(s.node).is_none()).copied().collect();
        if let [first, second, ..] = untyped.as_slice() {
            self.refuse(
                Diagnostic::new(
                    Code::AmbiguousSource,
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
            let Some(at) = position(record, name, origin) else {
                let diagnostic = unknown(record, name, origin);
                self.refuse(diagnostic);
                whole = false;
                continue;
            };
            let Some(slot) = bound.get_mut(at) else { continue };
            match slot {
                Some((_, old, first)) if *old == origin => {
                    let first = *first;
                    let what = format!("`{}`", name.text);
                    self.refuse(super::super::duplicate(&what, name.span, first));
                    whole = false;
                }
                Some((_, old, _)) if *old > origin => {}
                _ => *slot = Some((value, origin, name.span)),
            }
        }
        let done = bound.into_iter().map(|slot| slot.map(|(value, origin, _)| (value, origin)));
        whole.then(|| done.collect())
    }

    fn member(
        &mut self,
        record: &Record,
        field: &Field,
        binding: Option<(&Value, usize)>,
        spreads: &[Spread],
    ) -> Taken {
        let allow = Allow::of(field.optional, field.ty.nullable);
        let missing = match (field.optional, field.ty.nullable) {
            (false, false) => Missing::Never,
            (true, false) => Missing::Dropped,
            (false, true) => Missing::Null,
            (true, true) => Missing::Kept,
        };
        let value = match binding {
            Some((value, origin)) => {
                let outer = std::mem::replace(&mut self.origin, origin);
                let built = self.build(value, &field.ty, allow);
                self.origin = outer;
                built
            }
            None => match self.source(record, field, spreads) {
                Source::None if field.optional => return Taken::LeftOut,
                Source::None => return Taken::Nowhere,
                Source::Refused => None,
                Source::Found(spread) => self.by_name(field, spread, allow),
            },
        };
        match value {
            Some(value) => Taken::Member(Member { name: field.name.clone(), value, missing }),
            None => Taken::Refused,
        }
    }

    fn by_name(&mut self, field: &Field, spread: Spread, allow: Allow) -> Option<Build> {
        let wire = field.name_as_of(spread.origin).to_owned();
        let asked = self.nodes.field(spread.node, &wire, spread.span);
        let child = self.fits(asked, spread.span)??;
        self.nodes.example(child, field.example.as_ref());
        if self.elements.contains(&spread.node) {
            // The record is there as far as its own field says; only the part is asked for.
            self.present(child, allow, field, spread.span)?;
            self.nodes.allow(child, allow);
        } else {
            self.reach(child, allow, spread.span)?;
        }
        let outer = std::mem::replace(&mut self.origin, spread.origin);
        let built = self.project(child, None, None, &field.ty, spread.span);
        self.origin = outer;
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
                .label("callers may leave it out, or send null")
                .see(field.span, "must be there in every answer"),
            );
            return None;
        }
        Some(())
    }

    /// The spread that provides `field`: one that is known to, else the one that may.
    fn source(&mut self, record: &Record, field: &Field, spreads: &[Spread]) -> Source {
        let mut declared: Option<Spread> = None;
        let mut untyped: Option<Spread> = None;
        for spread in spreads {
            let Some(ty) = self.nodes.declared(spread.node) else {
                untyped = Some(*spread);
                continue;
            };
            let Kind::Record(id) = ty.kind else { continue };
            let wire = field.name_as_of(spread.origin);
            let offers = self.context.types.record(id).fields.iter().any(|f| f.name == wire);
            if !offers {
                continue;
            }
            if let Some(first) = declared {
                let name = record.name.as_deref().unwrap_or("the record");
                self.refuse(
                    Diagnostic::new(
                        Code::AmbiguousSource,
                        spread.span,
                        format!(
                            "two sources offer `{}` of {name}, and nothing says which one wins",
                            field.name
                        ),
                    )
                    .label(format!("has `{}` too", field.name))
                    .see(first.span, format!("has `{}`", field.name))
                    .note("collisions are never resolved by order or by speed")
                    .help(format!("choose: `{}: …`", field.name)),
                );
                return Source::Refused;
            }
            declared = Some(*spread);
        }
        declared.or(untyped).map_or(Source::None, Source::Found)
    }

    fn not_provided(
        &self,
        record: &Record,
        field: &Field,
        span: Span,
        spreads: &[Spread],
    ) -> Diagnostic {
        let owner = record.name.as_deref().unwrap_or("the record");
        let mut diagnostic = Diagnostic::new(
            Code::FieldNotProvided,
            span,
            format!("nobody provides `{owner}.{}`", field.name),
        )
        .label(format!("none of these entries gives `{}`", field.name))
        .see(field.span, format!("every `{owner}` must have it"));
        for spread in spreads {
            diagnostic = diagnostic.see(spread.span, format!("has no `{}`", field.name));
        }
        let spelling = super::super::values::spelling(&field.ty, self.context.types);
        diagnostic
            .help(format!("bind it: `{}: …`", field.name))
            .help(format!("or let it be missing: `{}?: {spelling}`", field.name))
    }
}

enum Taken {
    Member(Member),
    LeftOut,
    Nowhere,
    Refused,
}

enum Source {
    None,
    Refused,
    Found(Spread),
}

/// The field that text of version `origin` calls `name`.
fn position(record: &Record, name: &Ident, origin: usize) -> Option<usize> {
    let known = |field: &Field| field.name_as_of(origin) == name.text;
    let existing = record.fields.iter().position(|f| f.added <= origin && known(f));
    existing.or_else(|| record.fields.iter().position(known))
}

fn unknown(record: &Record, name: &Ident, origin: usize) -> Diagnostic {
    let owner = record.name.as_deref().unwrap_or("this record");
    let message = format!("`{owner}` has no field `{}`", name.text);
    let known = record.fields.iter().map(|field| field.name_as_of(origin));
    let diagnostic = Diagnostic::new(Code::UnknownField, name.span, message);
    let diagnostic = match suggest::closest(&name.text, known) {
        Some(other) => diagnostic
            .label(format!("did you mean `{other}`?"))
            .see(record.span, "declared here")
            .fix(format!("write `{other}`"), name.span, other.to_owned()),
        None => diagnostic.label("not declared").see(record.span, "declared here"),
    };
    diagnostic
}
