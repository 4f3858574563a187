//! Values whose type is not declared: texts, and bodies that backends are sent.

use super::nodes::Allow;
use super::renames::quoted;
use super::scope::{Found, Guard, Lower};
use crate::analyse::values;
use crate::analyse::variables::{self, Carrier};
use crate::contract::endpoint::{ParamKind, Presence};
use crate::contract::types::{Field, Kind, Record, RecordId, Rule, Scalar, Type, Types};
use crate::contract::work::{
    Build, EnvUse, Form, Member, Missing, NodeId, Operand, Parent, TextExpr, TextPart,
};
use crate::diagnostic::{Code, Diagnostic};
use gatewright_grammar::Span;
use gatewright_grammar::tree::{
    Entry, EntryKind, EnvValue, Object, Ref, TemplatePart, Value, ValueKind,
};
use std::collections::HashSet;

impl Lower<'_, '_> {
    /// A text made of what is in scope; every value in it must be there.
    pub(crate) fn text(&mut self, value: &Value) -> Option<TextExpr> {
        let ValueKind::Template(parts) = &value.kind else {
            let operand = self.operand(value, Allow::NOTHING)?;
            return Some(TextExpr { parts: vec![TextPart::Value(operand)] });
        };
        // Every hole is looked at even if one before it is refused: each has a finding of its own.
        let lowered: Vec<Option<TextPart>> = parts
            .iter()
            .map(|part| match part {
                TemplatePart::Text(text) => Some(TextPart::Literal(text.clone())),
                TemplatePart::Hole(hole) => {
                    let operand = self.operand(hole, Allow::NOTHING)?;
                    self.always(&operand, hole.span)?;
                    Some(TextPart::Value(operand))
                }
            })
            .collect();
        Some(TextExpr { parts: lowered.into_iter().collect::<Option<_>>()? })
    }

    /// Refuses a parameter that may be absent where there is no way to leave it out.
    pub(crate) fn always(&mut self, operand: &Operand, span: Span) -> Option<()> {
        let Operand::Param(index) = operand else { return Some(()) };
        let param = self.context.request.params.get(*index)?;
        let guarded = self.guarded.contains(&Guard::Param(*index));
        if param.presence != Presence::Optional || guarded {
            return Some(());
        }
        let diagnostic =
            Diagnostic::new(Code::NullInCall, span, format!("`{}` may be absent", param.name))
                .label(format!("used in {}, where absence has no spelling", self.place))
                .see(param.span, "optional here");
        self.refuse(match self.hole {
            Some(_) => diagnostic
                .help(format!("give a value that stands in: `{{{} or \"…\"}}`", param.name)),
            // Within quotes there is no room for a second pair of them.
            None => diagnostic.help("declare what an absent one is: `= …` behind its type"),
        });
        None
    }

    /// One value in scope, for a text or a comparison.
    pub(crate) fn operand(&mut self, value: &Value, allow: Allow) -> Option<Operand> {
        match &value.kind {
            ValueKind::Ref(reference) if reference.projection.is_none() => {
                self.referenced(reference, allow)
            }
            ValueKind::Or(alternatives) => {
                let lowered: Vec<Option<Operand>> =
                    alternatives.iter().map(|one| self.operand(one, Allow::BOTH)).collect();
                lowered.into_iter().collect::<Option<Vec<_>>>().map(Operand::Or)
            }
            ValueKind::Env(env) => self.environment(env, None),
            _ => {
                let constant = values::constant(value, None, self.context.types);
                if let Some(constant) = constant.filter(|constant| constant.plain().is_some()) {
                    return Some(Operand::Const(constant));
                }
                self.refuse(
                    Diagnostic::new(Code::TypeMismatch, value.span, "one value is wanted here")
                        .label("this is none")
                        .help("name a parameter, or a field of a result"),
                );
                None
            }
        }
    }

    fn referenced(&mut self, reference: &Ref, allow: Allow) -> Option<Operand> {
        match self.find(reference)? {
            Found::Const(constant) => Some(Operand::Const(constant)),
            Found::Item(index) => Some(Operand::Item(index)),
            Found::Param(index) => {
                let param = self.context.request.params.get(index)?;
                if matches!(param.kind, ParamKind::One(_)) {
                    return Some(Operand::Param(index));
                }
                self.one_value(reference.span);
                None
            }
            Found::Node(node, None) => {
                self.reach(node, allow, reference.span)?;
                let asked = self.nodes.scalar(node, None, reference.span);
                self.fits(asked, reference.span)?;
                Some(Operand::Node(node))
            }
            Found::Node(_, Some(_)) | Found::Each(..) | Found::EachOf(..) => {
                self.one_value(reference.span);
                None
            }
        }
    }

    /// A variable of the environment, as a `wanted` where that is declared. The gateway looks at
    /// its text before it listens, so it always is what is wanted.
    pub(crate) fn environment(
        &mut self,
        env: &EnvValue,
        wanted: Option<&Scalar>,
    ) -> Option<Operand> {
        let about = format!("a value of `{}`", self.context.key);
        let place = variables::Place { scalar: wanted, carrier: self.carrier, about };
        let mut variables = self.context.variables.borrow_mut();
        let kind = variables.valued(env, place, self.diagnostics);
        self.ok &= kind.is_some();
        self.environment.push(EnvUse { name: env.name.text.clone(), kind: kind?, span: env.span });
        Some(Operand::Env(self.environment.len() - 1))
    }

    /// Lowers what `carrier` carries.
    pub(crate) fn carried<T>(&mut self, carrier: Carrier, lower: impl FnOnce(&mut Self) -> T) -> T {
        let outer = std::mem::replace(&mut self.carrier, carrier);
        let lowered = lower(self);
        self.carrier = outer;
        lowered
    }

    fn one_value(&mut self, span: Span) {
        self.refuse(
            Diagnostic::new(Code::TypeMismatch, span, "one value is wanted here")
                .label("this is a list")
                .note(
                    "a list can stand alone behind `name=` in a query, where it repeats the pair",
                ),
        );
    }

    /// A value of a body that a backend is sent: whatever it is, it goes as it is.
    pub(crate) fn any(&mut self, value: &Value) -> Option<Build> {
        match &value.kind {
            ValueKind::Ref(reference) => self.any_reference(reference),
            ValueKind::Object(object) => {
                self.any_members(object, None).map(|members| Build::Record(None, members))
            }
            ValueKind::Array(items) => {
                let built: Vec<Option<Build>> = items.iter().map(|item| self.any(item)).collect();
                built.into_iter().collect::<Option<Vec<_>>>().map(Build::Array)
            }
            ValueKind::Or(items) => {
                let built: Vec<Option<Build>> = items.iter().map(|item| self.any(item)).collect();
                built.into_iter().collect::<Option<Vec<_>>>().map(Build::Or)
            }
            ValueKind::Compare(..) => self.condition(value).map(Build::Holds),
            ValueKind::Env(env) => self.environment(env, None).map(Build::Copy),
            ValueKind::Template(parts) if values::plain_text(parts).is_none() => {
                self.within("a text", |this| this.text(value)).map(Build::Text)
            }
            _ => match values::constant(value, None, self.context.types) {
                Some(constant) => Some(Build::Const(constant)),
                None => {
                    self.refuse(
                        Diagnostic::new(Code::TypeMismatch, value.span, "this has no JSON form")
                            .label("a value in scope or a literal is wanted"),
                    );
                    None
                }
            },
        }
    }

    fn any_reference(&mut self, reference: &Ref) -> Option<Build> {
        match (self.find(reference)?, &reference.projection) {
            (Found::Const(constant), None) => Some(Build::Const(constant)),
            (Found::Param(index), None) => Some(Build::Copy(Operand::Param(index))),
            (Found::Item(index), None) => Some(Build::Copy(Operand::Item(index))),
            (Found::Node(node, first), None) => {
                self.reach(node, Allow::BOTH, reference.span)?;
                let built = self.whole(node, first, reference.span);
                self.renames.behind(reference.span);
                built
            }
            (found @ (Found::Each(..) | Found::EachOf(..)), None) => {
                self.any_of_each(found, reference.span)
            }
            (Found::Node(node, first), Some(object)) => {
                self.reach(node, Allow::BOTH, reference.span)?;
                self.any_projection(node, first, object, reference.span)
            }
            (_, Some(object)) => {
                self.refuse(
                    Diagnostic::new(
                        Code::TypeMismatch,
                        object.span,
                        "this has no fields to choose from",
                    )
                    .label("a record or a list of records is wanted before this"),
                );
                None
            }
        }
    }

    /// A list of what is found in each element of a list, and of lists where there are several.
    fn any_of_each(&mut self, found: Found, span: Span) -> Option<Build> {
        let (list, first, inner) = match found {
            Found::Each(list, first, value) => (list, first, Found::Node(value, None)),
            Found::EachOf(list, first, inner) => (list, first, *inner),
            Found::Node(node, first) => return self.whole(node, first, span),
            Found::Param(_) | Found::Item(_) | Found::Const(_) => return None,
        };
        self.reach(list, Allow::BOTH, span)?;
        let element = Box::new(self.any_of_each(inner, span)?);
        Some(Build::List { from: list, element, first })
    }

    /// A value as it is; of a typed result, what is declared of it.
    pub(super) fn whole(&mut self, node: NodeId, first: Option<u64>, span: Span) -> Option<Build> {
        let each = matches!(self.nodes.node(node).parent, Parent::Call(call)
            if self.calls.get(call).is_some_and(|(call, _)| call.each.is_some()));
        // There is no text of all results together.
        if each {
            let asked = self.nodes.element(node, first, span);
            let element = self.fits(asked, span)?;
            let element = Box::new(self.whole(element, None, span)?);
            return Some(Build::List { from: node, element, first });
        }
        let Some(count) = first else {
            return match self.nodes.declared(node).cloned() {
                Some(ty) => self.copy(node, &ty, self.origin, span),
                None => {
                    self.nodes.whole(node);
                    Some(Build::Copy(Operand::Node(node)))
                }
            };
        };
        let asked = self.nodes.element(node, Some(count), span);
        let element = self.fits(asked, span)?;
        let element = Box::new(self.whole(element, None, span)?);
        Some(Build::List { from: node, element, first })
    }

    /// Nothing is known of an untyped value: with a projection behind it, it is a list.
    fn any_projection(
        &mut self,
        node: NodeId,
        first: Option<u64>,
        object: &Object,
        span: Span,
    ) -> Option<Build> {
        let record = matches!(self.nodes.declared(node).map(|ty| &ty.kind), Some(Kind::Record(_)));
        if record {
            self.elements.push(node);
            let members = self.any_members(object, Some(node));
            self.elements.pop();
            return members.map(|members| Build::Record(Some(node), members));
        }
        let asked = self.nodes.element(node, first, span);
        let element = self.fits(asked, span)?;
        self.enter(element, Allow::NOTHING, span)?;
        let asked = self.nodes.record(element, span);
        self.fits(asked, span)?;
        self.elements.push(element);
        let members = self.any_members(object, Some(element));
        self.elements.pop();
        let element = Box::new(Build::Record(Some(element), members?));
        Some(Build::List { from: node, element, first })
    }

    /// The members of a record that is sent. Missing values are left out.
    pub(crate) fn any_members(
        &mut self,
        object: &Object,
        base: Option<NodeId>,
    ) -> Option<Vec<Member>> {
        let mut members: Vec<Member> = Vec::new();
        let mut whole = true;
        for entry in &object.entries {
            match &entry.kind {
                EntryKind::Field(name, value) => {
                    let Some(value) = self.any(value) else {
                        whole = false;
                        continue;
                    };
                    members.retain(|member| member.name != name.text);
                    members.push(Member { name: name.text.clone(), value, missing: Missing::Kept });
                }
                EntryKind::Spread(reference) => {
                    let Some(more) = self.any_spread(entry, reference.as_ref(), base) else {
                        whole = false;
                        continue;
                    };
                    let new = |member: &Member| !members.iter().any(|old| old.name == member.name);
                    let more: Vec<Member> = more.into_iter().filter(new).collect();
                    members.extend(more);
                }
            }
        }
        whole.then_some(members)
    }

    fn any_spread(
        &mut self,
        entry: &Entry,
        reference: Option<&Ref>,
        base: Option<NodeId>,
    ) -> Option<Vec<Member>> {
        let node = match reference {
            Some(reference) => match self.find(reference)? {
                Found::Node(node, None) => Some(node),
                _ => None,
            },
            None => base,
        };
        let record = node.and_then(|node| self.record_of(node).map(|record| (node, record)));
        let Some((node, record)) = record else {
            self.refuse(
                Diagnostic::new(
                    Code::TypeMismatch,
                    entry.span,
                    "only a declared record can be spread into what is sent",
                )
                .label("nothing says which fields this has")
                .help("name the fields: `id: item.id`"),
            );
            return None;
        };
        let origin = self.context.origins.of(entry.span);
        let (members, written) = self.record_members(node, record, origin, entry.span)?;
        if written.iter().any(|(_, renamed)| *renamed) {
            let from = reference.map_or_else(String::new, |from| self.reaching(node, from));
            let entries =
                written.iter().map(|(text, _)| text.replacen(": .", &format!(": {from}."), 1));
            let text = entries.collect::<Vec<_>>().join(", ");
            self.renames.replace(entry.span, text);
        }
        Some(members)
    }

    /// The fields of a declared record, by the names that version `origin` knows.
    fn record_members(
        &mut self,
        node: NodeId,
        record: &Record,
        origin: usize,
        span: Span,
    ) -> Option<(Vec<Member>, Vec<Entries>)> {
        let mut members = Vec::new();
        let mut written = Vec::new();
        for field in record.fields.iter() {
            let asked = self.nodes.field(node, self.nodes.wire_name(node, field), span);
            let child = self.fits(asked, span)??;
            let value = self.copy(child, &field.ty, origin, span)?;
            let name = field.name_as_of(origin).to_owned();
            let rest = self.renames.take();
            let renamed = name != field.name || rest.is_some();
            let rest = rest.unwrap_or_default();
            written.push((format!("{}: .{}{rest}", quoted(&name), quoted(&field.name)), renamed));
            members.push(Member { name, value, missing: Missing::Kept });
        }
        Some((members, written))
    }

    /// A value of type `ty`, as backends know it that version `origin` calls: with the field names
    /// of that version, and what absent fields stand for. What callers send has no other fields
    /// than the declared ones, a result may.
    fn copy(&mut self, node: NodeId, ty: &Type, origin: usize, span: Span) -> Option<Build> {
        if matches!(ty.kind, Kind::Scalar(Scalar { rule: Rule::AsText(_), .. })) {
            return Some(Build::AsText(Box::new(Build::Copy(Operand::Node(node)))));
        }
        let types = self.context.types;
        let result = self.nodes.is_result(node);
        if !result && !renamed(ty, origin, types) && !has_defaults(ty, types) {
            self.nodes.whole(node);
            return Some(Build::Copy(Operand::Node(node)));
        }
        let there = Type { nullable: false, ..ty.clone() };
        let form = Form { ty: there, reads: self.nodes.wire_version(node), writes: origin };
        if result && types.is_closed(ty) {
            let asked = self.nodes.form(node, &form, span);
            self.fits(asked, span)?;
            return Some(Build::Whole(node, form));
        }
        if !self.nodes.node(node).forms.is_empty() {
            return Some(Build::Whole(node, form));
        }
        match &ty.kind {
            Kind::Record(id) => {
                let record = types.record(*id);
                self.nodes.name(node, record);
                let (members, written) = self.record_members(node, record, origin, span)?;
                let written = written.into_iter().map(|(text, _)| (span, text)).collect();
                self.renames.projection(written, false);
                Some(Build::Record(Some(node), members))
            }
            Kind::List(element, _) => {
                let asked = self.nodes.element(node, None, span);
                let inner = self.fits(asked, span)?;
                let element = Box::new(self.copy(inner, element, origin, span)?);
                Some(Build::List { from: node, element, first: None })
            }
            Kind::Scalar(_) | Kind::Json | Kind::Foreign(_) => {
                self.nodes.whole(node);
                Some(Build::Copy(Operand::Node(node)))
            }
            Kind::Map(_) | Kind::Union(_) => None,
        }
    }
}

/// How a field is written out that a backend is sent, and whether its name differs.
type Entries = (String, bool);

/// Whether a field somewhere in `ty` has another name since version `origin`.
pub(super) fn renamed(ty: &Type, origin: usize, types: &Types) -> bool {
    any_field(ty, types, |field| field.name_as_of(origin) != field.name)
}

/// Whether a field somewhere in `ty` has a default.
fn has_defaults(ty: &Type, types: &Types) -> bool {
    any_field(ty, types, |field| field.default.is_some())
}

/// Whether `test` holds for a field somewhere in `ty`, which may contain itself.
fn any_field(ty: &Type, types: &Types, test: impl Fn(&Field) -> bool) -> bool {
    let mut seen = HashSet::new();
    let mut open = vec![ty];
    while let Some(ty) = open.pop() {
        let records: Vec<RecordId> = match &ty.kind {
            Kind::Record(id) => vec![*id],
            Kind::Union(id) => types.union(*id).variants.iter().map(|one| one.record).collect(),
            Kind::List(element, _) => {
                open.push(element);
                continue;
            }
            Kind::Map(map) => {
                open.push(&map.value);
                continue;
            }
            Kind::Scalar(_) | Kind::Json | Kind::Foreign(_) => continue,
        };
        for field in records
            .into_iter()
            .filter(|id| seen.insert(*id))
            .flat_map(|id| &types.record(id).fields)
        {
            if test(field) {
                return true;
            }
            open.push(&field.ty);
        }
    }
    false
}
