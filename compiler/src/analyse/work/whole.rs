//! Values that are taken as a whole, as a declared type: maps, unions, types inside themselves.

use super::build::is_as_text;
use super::compatible::{Fit, fit};
use super::nodes::Allow;
use super::scope::Lower;
use crate::analyse::values;
use crate::contract::types::{
    Const, Field, Kind, ListBounds, Map, RecordId, Rule, Scalar, Type, Types, Union, UnionId,
};
use crate::contract::work::{Build, Form, Member, Missing, NodeId};
use crate::diagnostic::{Code, Diagnostic};
use crate::schema;
use crate::suggest;
use gatewright_grammar::Span;
use gatewright_grammar::tree::{Entry, EntryKind, Ident, Object, Value, ValueKind};
use std::collections::HashSet;

impl Lower<'_, '_> {
    /// The value of `node` as a `want`, in one piece.
    pub(crate) fn whole_as(&mut self, node: NodeId, want: &Type, span: Span) -> Option<Build> {
        let wanted = Type { nullable: false, ..want.clone() };
        let form = Form { ty: wanted, reads: self.origin, writes: self.writes };
        let Some(have) = self.nodes.declared(node).cloned() else {
            let asked = self.nodes.form(node, &form, span);
            self.fits(asked, span)?;
            return Some(Build::Whole(node, form));
        };
        let types = self.context.types;
        let wire = self.nodes.wire_version(node);
        let names = [self.origin, self.context.version, wire];
        // Whether it may be missing here was looked at on the way to it.
        let there = Type { nullable: false, ..have.clone() };
        let origin = self.origin;
        let fits = |reads: usize| {
            let known = Known { origin, wire, reads };
            assignable((&there, &form.ty), known, types, &mut HashSet::new())
        };
        let found = names.into_iter().find(|reads| fits(*reads).is_ok());
        if let Some(reads) = found {
            let form = Form { reads, ..form };
            if !self.nodes.is_result(node) {
                self.nodes.whole(node);
                return Some(Build::Whole(node, form));
            }
            // It keeps what is declared of it, and what is wanted.
            let declared = Form { ty: there, reads: wire, writes: wire };
            for form in [&declared, &form] {
                let asked = self.nodes.form(node, form, span);
                self.fits(asked, span)?;
            }
            return Some(Build::Whole(node, form));
        }
        let whose = if self.nodes.is_result(node) { "the result" } else { "what callers send" };
        let why = fits(self.context.version).err().unwrap_or_default();
        let spelling = values::spelling(&have, types);
        let diagnostic =
            self.mismatch(span, &format!("`{spelling}`"), want).see(have.span, whose).note(why);
        self.refuse(match (&have.kind, &want.kind) {
            (Kind::Map(_), Kind::Record(_)) | (Kind::Record(_), Kind::Map(_)) => diagnostic
                .note("a record never becomes a map by itself, nor a map a record")
                .help("write what becomes of each part: `{ name: body.name }`"),
            _ => diagnostic,
        });
        None
    }

    /// The entries of a map that is written out: `{ small: item.s, large: item.l }`.
    pub(super) fn entries(
        &mut self,
        object: &Object,
        map: &Map,
        want: &Type,
    ) -> Option<Vec<Member>> {
        let mut members: Vec<Member> = Vec::new();
        let mut whole = true;
        for entry in &object.entries {
            let EntryKind::Field(name, value) = &entry.kind else {
                let diagnostic = self.mismatch(entry.span, "the rest of a record", want);
                self.refuse(diagnostic.help("name the entries: `key: value`"));
                return None;
            };
            if let Err(why) = values::scalar_accepts(&map.key, &Const::Text(name.text.clone())) {
                let message = format!("`{}` is no key of this map", name.text);
                let key = values::rule_spelling(&map.key.rule);
                self.refuse(
                    Diagnostic::new(Code::TypeMismatch, name.span, message)
                        .label(why)
                        .see(want.span, format!("its keys are {}", values::article(&key))),
                );
                whole = false;
            }
            if members.iter().any(|old| old.name == name.text) {
                self.refuse(
                    Diagnostic::new(
                        Code::DuplicateName,
                        name.span,
                        format!("`{}` is written twice", name.text),
                    )
                    .label("again here")
                    .help("delete one of them"),
                );
                whole = false;
            }
            let allow = Allow { absent: false, null: map.value.nullable };
            match self.build(value, &map.value, allow) {
                Some(value) => {
                    let missing = if map.value.nullable { Missing::Null } else { Missing::Never };
                    members.push(Member { name: name.text.clone(), value, missing });
                }
                None => whole = false,
            }
        }
        let count = members.len() as u64;
        let ListBounds { min, max, .. } = map.bounds;
        if whole && (count < min || max.is_some_and(|max| count > max)) {
            let diagnostic = self.mismatch(object.span, &format!("a map of {count} entries"), want);
            self.refuse(diagnostic);
            return None;
        }
        whole.then_some(members)
    }

    /// The members of a variant that is written out: `{ kind: "card", number: body.number }`.
    pub(super) fn variant(&mut self, object: &Object, id: UnionId) -> Option<Vec<Member>> {
        let types = self.context.types;
        let union = types.union(id);
        let tag = |entry: &&Entry| matches!(&entry.kind, EntryKind::Field(name, _) if name.text == union.tag);
        let Some(Entry { kind: EntryKind::Field(name, value), .. }) =
            object.entries.iter().find(tag)
        else {
            let diagnostic = untold(union, object.span);
            self.refuse(diagnostic);
            return None;
        };
        let chosen = self.chosen(union, name, value)?;
        let rest: Vec<Entry> = object.entries.iter().filter(|one| !tag(one)).cloned().collect();
        let members = self.members(chosen.1, Some(&rest), None, object.span)?;
        let (name, value) = (union.tag.clone(), Build::Const(Const::Text(chosen.0)));
        let first = Member { name, value, missing: Missing::Never };
        Some(std::iter::once(first).chain(members).collect())
    }

    /// The variant that a tag says.
    fn chosen(&mut self, union: &Union, tag: &Ident, value: &Value) -> Option<(String, RecordId)> {
        let written = match &value.kind {
            ValueKind::Template(parts) => values::plain_text(parts),
            _ => values::single_word(value).filter(|word| !self.is_name(word)).map(str::to_owned),
        };
        let found = written
            .as_ref()
            .and_then(|written| union.variants.iter().find(|variant| variant.name == *written));
        if let Some(variant) = found {
            return Some((variant.name.clone(), variant.record));
        }
        let names = || union.variants.iter().map(|variant| variant.name.as_str());
        let listed: Vec<String> = names().map(|name| format!("`{name}`")).collect();
        let diagnostic = match &written {
            Some(written) => {
                let message = format!("`{}` has no variant `{written}`", union.name);
                let diagnostic = Diagnostic::new(Code::TypeMismatch, value.span, message)
                    .see(union.span, "declared here");
                match suggest::closest(written, names()) {
                    Some(other) => diagnostic.label(format!("did you mean `{other}`?")).fix(
                        format!("write `\"{other}\"`"),
                        value.span,
                        format!("\"{other}\""),
                    ),
                    None => diagnostic.label(format!("its variants are {}", listed.join(", "))),
                }
            }
            None => {
                let message = format!("`{}` must be known to the compiler here", tag.text);
                Diagnostic::new(Code::TypeMismatch, value.span, message)
                    .label("it decides which fields there are")
                    .see(union.span, "declared here")
                    .help(format!("write one of {}", listed.join(", ")))
                    .help("or take the whole value by name: `field: item.field`")
            }
        };
        self.refuse(diagnostic);
        None
    }
}

fn untold(union: &Union, span: Span) -> Diagnostic {
    let message = format!("nothing says which `{}` this is", union.name);
    let first = union.variants.first().map_or("…", |variant| &variant.name);
    Diagnostic::new(Code::FieldNotProvided, span, message)
        .label(format!("none of these entries is `{}`", union.tag))
        .see(union.span, "declared here")
        .help(format!("write its variant: `{}: \"{first}\"`", union.tag))
}

/// Which versions' names fields have, each as an index.
#[derive(Clone, Copy)]
struct Known {
    /// The version whose text says that the one is taken as the other.
    origin: usize,
    /// The one that knows what is there.
    wire: usize,
    /// The one whose names are looked for there.
    reads: usize,
}

/// Whether a `have` can be taken as a `want`; else why not. Values that may fit are looked at when
/// they arrive.
fn assignable(
    (have, want): (&Type, &Type),
    known: Known,
    types: &Types,
    seen: &mut HashSet<(RecordId, RecordId)>,
) -> Result<(), String> {
    if have.nullable && !want.nullable {
        return Err(format!("`{}` may be null", values::spelling(have, types)));
    }
    match (&have.kind, &want.kind) {
        (_, Kind::Json) => Ok(()),
        // What anybody may send is looked at when it is written.
        (Kind::Json, Kind::Foreign(_)) => Ok(()),
        (Kind::Foreign(have), Kind::Foreign(want)) if schema::included(have, want) => Ok(()),
        (Kind::Foreign(have), Kind::Foreign(want)) => {
            let (have, want) = (&have.name, &want.name);
            Err(format!("`{have}` may accept what `{want}` refuses"))
        }
        (Kind::Scalar(have), Kind::Scalar(want)) => scalars(have, want),
        (Kind::List(have, had), Kind::List(want, wanted)) => {
            bounds(had, wanted)?;
            assignable((have, want), known, types, seen)
        }
        (Kind::Map(have), Kind::Map(want)) => {
            bounds(&have.bounds, &want.bounds)?;
            scalars(&have.key, &want.key)?;
            assignable((&have.value, &want.value), known, types, seen)
        }
        (Kind::Record(have), Kind::Record(want)) => records((*have, *want), known, types, seen),
        (Kind::Union(have), Kind::Union(want)) => {
            let (have, want) = (types.union(*have), types.union(*want));
            if have.tag != want.tag {
                return Err(format!("`{}` is told by `{}`", want.name, want.tag));
            }
            have.variants.iter().try_for_each(|one| {
                let other = want.variants.iter().find(|other| other.name == one.name);
                let other = other
                    .ok_or_else(|| format!("`{}` has no variant `{}`", want.name, one.name))?;
                records((one.record, other.record), known, types, seen)
            })
        }
        _ => {
            let (have, want) = (values::spelling(have, types), values::spelling(want, types));
            Err(format!("`{have}` is no `{want}`"))
        }
    }
}

fn scalars(have: &Scalar, want: &Scalar) -> Result<(), String> {
    let spelling = |scalar: &Scalar| values::rule_spelling(&scalar.rule);
    let other_form = is_as_text(have) && matches!(want.rule, Rule::Number(_) | Rule::Bool);
    match fit(have, want) {
        Fit::No => Err(format!("`{}` is no `{}`", spelling(have), spelling(want))),
        _ if other_form => {
            Err(format!("`{}` stands in quotes, `{}` does not", spelling(have), spelling(want)))
        }
        _ => Ok(()),
    }
}

fn bounds(have: &ListBounds, want: &ListBounds) -> Result<(), String> {
    let fits = have.min >= want.min
        && want.max.is_none_or(|want| have.max.is_some_and(|have| have <= want))
        && (have.unique || !want.unique);
    if fits { Ok(()) } else { Err("callers may send more or fewer than the answer allows".into()) }
}

fn records(
    (have, want): (RecordId, RecordId),
    known: Known,
    types: &Types,
    seen: &mut HashSet<(RecordId, RecordId)>,
) -> Result<(), String> {
    // A pair inside itself fits if everything else does.
    if !seen.insert((have, want)) {
        return Ok(());
    }
    let source = types.record(have);
    types.record(want).fields.iter().try_for_each(|field| {
        let name = field.name_as_of(known.reads);
        let same = |one: &&Field| match have == want {
            true => std::ptr::eq(*one, field),
            false => one.name_as_of(known.origin) == field.name_as_of(known.origin),
        };
        let found = source.fields.iter().find(|one| one.name_as_of(known.wire) == name);
        // A field that is not looked for under its name here would be lost.
        let lost = match (source.fields.iter().find(same), found) {
            (Some(meant), Some(found)) => !std::ptr::eq(meant, found),
            (meant, found) => meant.is_some() || found.is_some(),
        };
        if lost {
            let name = field.name_as_of(known.origin);
            return Err(format!("`{name}` is called otherwise there"));
        }
        match found {
            Some(found) => {
                let loose = field.optional || field.ty.nullable;
                if found.optional && found.default.is_none() && !loose {
                    return Err(format!("`{name}` may be missing"));
                }
                let wanted = Type { nullable: loose, ..field.ty.clone() };
                assignable((&found.ty, &wanted), known, types, seen)
                    .map_err(|why| format!("`{name}`: {why}"))
            }
            None if field.optional => Ok(()),
            None => Err(format!("`{name}` is missing")),
        }
    })
}
