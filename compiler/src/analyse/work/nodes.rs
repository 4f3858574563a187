//! What is read of results and bodies: reads of one value meet in one node.

use super::compatible::{Fit, fit};
use crate::contract::types::{
    Const, Field, Kind, ListBounds, Record, Rule, Scalar, Type, Types, Union,
};
use crate::contract::work::{Form, Node, NodeId, Parent, Shape};
use gatewright_grammar::Span;

/// Whether a missing value is fine where it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Allow {
    /// It may be absent.
    pub(crate) absent: bool,
    /// It may be null.
    pub(crate) null: bool,
}

impl Allow {
    /// It must be there.
    pub(crate) const NOTHING: Allow = Allow { absent: false, null: false };
    /// It may be missing in both ways.
    pub(crate) const BOTH: Allow = Allow { absent: true, null: true };

    /// What a field of a declared record allows. Results are normalised: null counts as absent
    /// where only absence is promised, and absence as null where only null is.
    pub(crate) fn of(field: &Field) -> Self {
        if field.optional || field.ty.nullable { Self::BOTH } else { Self::NOTHING }
    }
}

/// The nodes of one endpoint while they are collected.
#[derive(Debug)]
pub(crate) struct Nodes<'a> {
    types: &'a Types,
    /// The version of the endpoint, as an index.
    version: usize,
    list: Vec<Slot>,
    /// Whether what is narrowed is narrowed for every answer.
    firm: bool,
}

#[derive(Debug)]
struct Slot {
    node: Node,
    /// The declared type, if there is one.
    declared: Option<Declared>,
    /// Where its shape was first asked for.
    first: Option<(Span, &'static str)>,
    /// Whether a read without a limit, or with this limit, was seen.
    keep: Keep,
    /// What reads that hold for every answer allow.
    firm: Allow,
}

/// What is declared of a value.
#[derive(Clone, Debug)]
struct Declared {
    ty: Type,
    /// The version whose names its fields have on the wire; nothing for what callers send, which
    /// has the names of today.
    origin: Option<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Keep {
    Unread,
    First(u64),
    All,
}

/// Two reads that cannot both be right: where the first is, and what each wants.
#[derive(Debug)]
pub(crate) struct Clash {
    pub(crate) node: NodeId,
    pub(crate) first: Span,
    pub(crate) was: &'static str,
    pub(crate) is: &'static str,
}

impl<'a> Nodes<'a> {
    /// No nodes yet, in this version; declared types are those of `types`.
    pub(crate) fn new(types: &'a Types, version: usize) -> Self {
        Self { types, version, list: Vec::new(), firm: false }
    }

    /// The types of the version.
    pub(crate) fn types(&self) -> &'a Types {
        self.types
    }

    /// A node that nothing is known of.
    pub(crate) fn root(&mut self, parent: Parent) -> NodeId {
        self.add(parent, None)
    }

    fn add(&mut self, parent: Parent, declared: Option<Declared>) -> NodeId {
        let id = NodeId(u32::try_from(self.list.len()).unwrap_or(u32::MAX));
        let node = Node {
            parent,
            shape: Shape::Any,
            absent_ok: true,
            null_ok: true,
            title: None,
            raw: false,
            example: None,
            default: None,
            forms: Vec::new(),
        };
        let firm = Allow::BOTH;
        self.list.push(Slot { node, declared, first: None, keep: Keep::Unread, firm });
        id
    }

    fn slot(&self, id: NodeId) -> &Slot {
        self.list.get(id.0 as usize).expect("ids are made by `add`")
    }

    fn slot_mut(&mut self, id: NodeId) -> &mut Slot {
        self.list.get_mut(id.0 as usize).expect("ids are made by `add`")
    }

    /// The node with this id.
    pub(crate) fn node(&self, id: NodeId) -> &Node {
        &self.slot(id).node
    }

    /// The declared type of a value: of what callers send, or of a typed result.
    pub(crate) fn declared(&self, id: NodeId) -> Option<&Type> {
        self.slot(id).declared.as_ref().map(|declared| &declared.ty)
    }

    /// Whether a value is a part of a typed result.
    pub(crate) fn is_result(&self, id: NodeId) -> bool {
        self.slot(id).declared.as_ref().is_some_and(|declared| declared.origin.is_some())
    }

    /// Whether a value is a part of what callers send.
    fn is_sent(&self, id: NodeId) -> bool {
        self.slot(id).declared.as_ref().is_some_and(|declared| declared.origin.is_none())
    }

    /// The version whose names the fields of a declared value have on the wire.
    pub(crate) fn wire_version(&self, id: NodeId) -> usize {
        let declared = self.slot(id).declared.as_ref();
        declared.and_then(|declared| declared.origin).unwrap_or(self.version)
    }

    /// The name on the wire of a field of the record at `id`.
    pub(crate) fn wire_name<'f>(&self, id: NodeId, field: &'f Field) -> &'f str {
        match self.slot(id).declared.as_ref().and_then(|declared| declared.origin) {
            Some(origin) => field.name_as_of(origin),
            None => &field.name,
        }
    }

    /// The node of a whole result of type `ty`, whose fields have the names that version `origin`
    /// gave them. Its parts become nodes when they are read: nothing else is checked.
    pub(crate) fn result(&mut self, parent: Parent, ty: &Type, origin: usize) -> NodeId {
        self.expect(parent, ty, origin, false)
    }

    /// The node of a list of results of type `ty`, one per element of another list.
    pub(crate) fn results(&mut self, parent: Parent, ty: &Type, origin: usize) -> NodeId {
        let bounds = ListBounds { min: 0, max: None, unique: false };
        let kind = Kind::List(Box::new(ty.clone()), bounds);
        let list = Type { kind, nullable: false, example: None, span: ty.span };
        self.expect(parent, &list, origin, false)
    }

    /// Says that `id` is a list with a result per element of another list; with `null`, each of
    /// them can be null.
    pub(crate) fn of_each(&mut self, id: NodeId, null: bool, span: Span) {
        if let Ok(element) = self.element(id, Some(0), span) {
            self.slot_mut(element).node.null_ok |= null;
        }
        let slot = self.slot_mut(id);
        (slot.node.absent_ok, slot.node.null_ok) = (false, false);
    }

    fn expect(&mut self, parent: Parent, ty: &Type, origin: usize, optional: bool) -> NodeId {
        // Of `json` nothing is declared: it is whatever reads make of it.
        let json = matches!(ty.kind, Kind::Json | Kind::Foreign(_));
        let declared = Declared { ty: ty.clone(), origin: Some(origin) };
        let element = matches!(parent, Parent::Element(_));
        let id = self.add(parent, (!json).then_some(declared));
        let shape = match &ty.kind {
            Kind::Json | Kind::Foreign(_) => Shape::Any,
            Kind::Scalar(scalar) => Shape::Scalar(vec![scalar.clone()]),
            Kind::Record(_) => Shape::Record(Vec::new()),
            Kind::Map(_) | Kind::Union(_) => Shape::Any,
            Kind::List(element, bounds) => {
                list(self.expect(Parent::Element(id), element, origin, false), bounds)
            }
        };
        // Results are normalised: a field that may be missing in one way may be in the other.
        let missing = Allow { absent: optional || ty.nullable, null: optional || ty.nullable };
        let slot = self.slot_mut(id);
        slot.node.shape = shape;
        slot.node.absent_ok = missing.absent && !element;
        slot.node.null_ok = missing.null;
        slot.node.example = ty.example.clone();
        if let Kind::Foreign(_) = ty.kind {
            let form =
                Form { ty: Type { nullable: false, ..ty.clone() }, reads: origin, writes: origin };
            let slot = self.slot_mut(id);
            slot.keep = Keep::All;
            slot.node.forms.push(form);
        }
        id
    }

    /// The node of a whole body of type `ty`, and nodes for everything in it. What is closed is
    /// checked as a whole, and has nodes for those parts only that are read.
    pub(crate) fn declare(&mut self, parent: Parent, ty: &Type) -> NodeId {
        let root = !matches!(parent, Parent::Field(..) | Parent::Element(_));
        let id = self.add(parent, Some(Declared { ty: ty.clone(), origin: None }));
        let closed = match ty.kind {
            Kind::Record(_) if root => false,
            _ => self.types.is_closed(ty),
        };
        let shape = match &ty.kind {
            Kind::Scalar(scalar) => Shape::Scalar(vec![scalar.clone()]),
            Kind::List(element, bounds) => {
                let element = self.declare(Parent::Element(id), element);
                list(element, bounds)
            }
            Kind::Record(record) if !closed => {
                let types = self.types;
                self.name(id, types.record(*record));
                let fields = types.record(*record).fields.iter();
                Shape::Record(fields.map(|field| self.declare_field(id, field)).collect())
            }
            Kind::Json | Kind::Record(_) | Kind::Map(_) | Kind::Union(_) | Kind::Foreign(_) => {
                Shape::Any
            }
        };
        let form = closed.then(|| self.form_of(ty));
        let slot = self.slot_mut(id);
        slot.node.shape = shape;
        slot.node.absent_ok = false;
        slot.node.null_ok = ty.nullable;
        slot.keep = Keep::All;
        slot.node.raw = matches!(ty.kind, Kind::Json);
        slot.node.forms.extend(form);
        id
    }

    fn declare_field(&mut self, up: NodeId, field: &Field) -> NodeId {
        let child = self.declare(Parent::Field(up, field.name.clone()), &field.ty);
        let slot = self.slot_mut(child);
        slot.node.absent_ok = field.optional && field.default.is_none();
        slot.node.default = field.default.clone();
        slot.node.example = field.example.clone().or_else(|| field.ty.example.clone());
        child
    }

    /// How a value of type `ty` is read and written in this version.
    pub(crate) fn form_of(&self, ty: &Type) -> Form {
        let ty = Type { nullable: false, ..ty.clone() };
        Form { ty, reads: self.version, writes: self.version }
    }

    /// Asks for a value as a whole, as `form` says.
    pub(crate) fn form(&mut self, id: NodeId, form: &Form, span: Span) -> Result<(), Clash> {
        let wants = match form.ty.kind {
            Kind::Map(_) => "a map",
            _ => "a record",
        };
        if !matches!(self.slot(id).node.shape, Shape::Any | Shape::Record(_)) {
            return Err(self.clash(id, span, wants));
        }
        self.keep(id, None);
        let slot = self.slot_mut(id);
        slot.first.get_or_insert((span, wants));
        let same = |old: &Form| old.key() == form.key();
        if !slot.node.forms.iter().any(same) {
            slot.node.forms.push(form.clone());
        }
        Ok(())
    }

    /// The part `name` of a value that callers send and that is checked as a whole: a field of a
    /// record, the tag of a union.
    fn part(&mut self, id: NodeId, name: &str) -> Option<NodeId> {
        let types = self.types;
        let child = match self.declared(id)?.kind {
            Kind::Record(record) => {
                let field = types.record(record).fields.iter().find(|field| field.name == name)?;
                self.declare_field(id, field)
            }
            Kind::Union(union) => {
                let union = types.union(union);
                if union.tag != name {
                    return None;
                }
                self.declare(Parent::Field(id, name.to_owned()), &tag_of(union))
            }
            _ => return None,
        };
        match &mut self.slot_mut(id).node.shape {
            Shape::Record(fields) => fields.push(child),
            shape => *shape = Shape::Record(vec![child]),
        }
        Some(child)
    }

    /// Narrows what is allowed at `id`. Declared values keep what their type says.
    pub(crate) fn allow(&mut self, id: NodeId, allow: Allow) {
        let firm = self.firm;
        let slot = self.slot_mut(id);
        if slot.declared.is_none() {
            slot.node.absent_ok &= allow.absent;
            slot.node.null_ok &= allow.null;
            if firm {
                slot.firm.absent &= allow.absent;
                slot.firm.null &= allow.null;
            }
        }
    }

    /// Whether what is narrowed from here on is narrowed for every answer. Says what was so far.
    pub(crate) fn firmly(&mut self, firm: bool) -> bool {
        std::mem::replace(&mut self.firm, firm)
    }

    /// What is allowed at every node so far.
    pub(crate) fn allowed(&self) -> Vec<Allow> {
        let allowed = |slot: &Slot| Allow { absent: slot.node.absent_ok, null: slot.node.null_ok };
        self.list.iter().map(allowed).collect()
    }

    /// Takes back what was narrowed since `before`. What was not read then is read by nobody.
    pub(crate) fn take_back(&mut self, before: &[Allow]) {
        for (at, slot) in self.list.iter_mut().enumerate().filter(|(_, s)| s.declared.is_none()) {
            let known = before.get(at).copied();
            let allow = known.unwrap_or_else(|| unread(&slot.node.parent));
            slot.node.absent_ok = allow.absent;
            slot.node.null_ok = allow.null;
        }
    }

    /// Allows what any of several answers allows, each in place of the others: a value that only
    /// one of them needs may be missing. An element is in its list for all of them.
    pub(crate) fn allow_any_of(&mut self, answers: &[Vec<Allow>]) {
        for (at, slot) in self.list.iter_mut().enumerate().filter(|(_, s)| s.declared.is_none()) {
            let element = matches!(slot.node.parent, Parent::Element(_));
            let of = |answer: &Vec<Allow>| {
                answer.get(at).copied().unwrap_or_else(|| unread(&slot.node.parent))
            };
            let nulls = |answer: &Vec<Allow>| of(answer).null;
            let null = if element { answers.iter().all(nulls) } else { answers.iter().any(nulls) };
            slot.node.null_ok = null && slot.firm.null;
            slot.node.absent_ok =
                answers.iter().any(|answer| of(answer).absent) && slot.firm.absent;
        }
    }

    /// Asks for the JSON text as a whole.
    pub(crate) fn whole(&mut self, id: NodeId) {
        self.slot_mut(id).node.raw = true;
        self.keep(id, None);
    }

    /// Remembers an example, unless there is one.
    pub(crate) fn example(&mut self, id: NodeId, example: Option<&Const>) {
        let slot = self.slot_mut(id);
        if slot.node.example.is_none() {
            slot.node.example = example.cloned();
        }
    }

    /// The field `name` of a record; a declared record that has no such field gives nothing.
    pub(crate) fn field(
        &mut self,
        id: NodeId,
        name: &str,
        span: Span,
    ) -> Result<Option<NodeId>, Clash> {
        let declared = self.slot(id).declared.is_some();
        let closed = self.is_sent(id) && !self.slot(id).node.forms.is_empty();
        let fields = match &self.slot(id).node.shape {
            Shape::Record(fields) => fields.clone(),
            Shape::Any if !declared || closed || self.is_union(id) => Vec::new(),
            _ => return Err(self.clash(id, span, "a record")),
        };
        let named = |child: &&NodeId| matches!(&self.node(**child).parent, Parent::Field(_, other) if other == name);
        if let Some(child) = fields.iter().find(named) {
            return Ok(Some(*child));
        }
        if closed {
            return Ok(self.part(id, name));
        }
        let child = match self.slot(id).declared.clone() {
            None => self.add(Parent::Field(id, name.to_owned()), None),
            Some(declared) => match self.expected_field(id, name, &declared) {
                Some(child) => child,
                None => return Ok(None),
            },
        };
        let slot = self.slot_mut(id);
        slot.first.get_or_insert((span, "a record"));
        match &mut slot.node.shape {
            Shape::Record(fields) => fields.push(child),
            shape => *shape = Shape::Record(vec![child]),
        }
        Ok(Some(child))
    }

    /// A field of a typed result that nothing has read yet; nothing if it is not declared.
    fn expected_field(&mut self, id: NodeId, name: &str, declared: &Declared) -> Option<NodeId> {
        let origin = declared.origin?;
        let record = match &declared.ty.kind {
            Kind::Record(record) => record,
            Kind::Union(union) => {
                let union = self.types.union(*union);
                let tag = tag_of(union);
                let parent = Parent::Field(id, name.to_owned());
                return (union.tag == name).then(|| self.expect(parent, &tag, origin, false));
            }
            _ => return None,
        };
        let fields = &self.types.record(*record).fields;
        let field = fields.iter().find(|field| field.name_as_of(origin) == name)?;
        let parent = Parent::Field(id, name.to_owned());
        let child = self.expect(parent, &field.ty, origin, field.optional);
        self.example(child, field.example.as_ref());
        if field.default.is_some() {
            let slot = self.slot_mut(child);
            slot.node.default.clone_from(&field.default);
            slot.node.absent_ok = false;
            slot.node.null_ok = field.ty.nullable;
        }
        Some(child)
    }

    /// Says what a record is read as.
    pub(crate) fn name(&mut self, id: NodeId, record: &Record) {
        let title = &mut self.slot_mut(id).node.title;
        if title.is_none() {
            title.clone_from(&record.name);
        }
    }

    /// Asks for a record, of whatever fields.
    pub(crate) fn record(&mut self, id: NodeId, span: Span) -> Result<(), Clash> {
        match &self.slot(id).node.shape {
            Shape::Record(_) => Ok(()),
            Shape::Any if self.is_closed_record(id) => Ok(()),
            Shape::Any if self.slot(id).declared.is_none() => {
                let slot = self.slot_mut(id);
                slot.first = Some((span, "a record"));
                slot.node.shape = Shape::Record(Vec::new());
                Ok(())
            }
            _ => Err(self.clash(id, span, "a record")),
        }
    }

    fn is_union(&self, id: NodeId) -> bool {
        matches!(self.declared(id).map(|ty| &ty.kind), Some(Kind::Union(_)))
    }

    /// Whether callers send a record here that is checked as a whole.
    fn is_closed_record(&self, id: NodeId) -> bool {
        let declared = self.declared(id).map(|ty| &ty.kind);
        matches!(declared, Some(Kind::Record(_) | Kind::Union(_)))
            && !self.slot(id).node.forms.is_empty()
    }

    /// The element of a list, and how many of them are read.
    pub(crate) fn element(
        &mut self,
        id: NodeId,
        first: Option<u64>,
        span: Span,
    ) -> Result<NodeId, Clash> {
        self.keep(id, first);
        if let Shape::List { element, .. } = &self.slot(id).node.shape {
            return Ok(*element);
        }
        let slot = self.slot(id);
        let taken = slot.declared.is_some() || !slot.node.forms.is_empty();
        if !matches!(slot.node.shape, Shape::Any) || taken {
            return Err(self.clash(id, span, "a list"));
        }
        let element = self.add(Parent::Element(id), None);
        // An element is there by being there.
        self.slot_mut(element).node.absent_ok = false;
        let slot = self.slot_mut(id);
        slot.first = Some((span, "a list"));
        slot.node.shape = Shape::List { element, min: 0, max: None, unique: false, keep: None };
        Ok(element)
    }

    /// Asks that a list keeps `wanted`.
    pub(crate) fn bounds(&mut self, id: NodeId, wanted: &ListBounds) {
        if self.is_sent(id) {
            return;
        }
        let slot = self.slot_mut(id);
        if let Shape::List { min, max, unique, .. } = &mut slot.node.shape {
            *min = (*min).max(wanted.min);
            *max = match (*max, wanted.max) {
                (Some(a), Some(b)) => Some(a.min(b)),
                (a, b) => a.or(b),
            };
            *unique |= wanted.unique;
        }
    }

    fn keep(&mut self, id: NodeId, first: Option<u64>) {
        let slot = self.slot_mut(id);
        slot.keep = match (slot.keep, first) {
            (Keep::All, _) | (_, None) => Keep::All,
            (Keep::Unread, Some(count)) => Keep::First(count),
            (Keep::First(old), Some(count)) => Keep::First(old.max(count)),
        };
    }

    /// Asks for a scalar; without a rule, any of them.
    pub(crate) fn scalar(
        &mut self,
        id: NodeId,
        rule: Option<&Scalar>,
        span: Span,
    ) -> Result<(), Clash> {
        let declared = self.is_sent(id);
        let wants = rule.map_or("a text, number or boolean", word);
        if !self.slot(id).node.forms.is_empty() {
            return Err(self.clash(id, span, wants));
        }
        let shape = match (&self.slot(id).node.shape, rule) {
            (Shape::Any, None) if !declared => Shape::AnyScalar,
            (Shape::Any | Shape::AnyScalar, Some(rule)) if !declared => {
                Shape::Scalar(vec![rule.clone()])
            }
            (Shape::AnyScalar | Shape::Scalar(_), None) => return Ok(()),
            (Shape::Scalar(rules), Some(rule)) => {
                if rules.contains(rule) || declared {
                    return Ok(());
                }
                // An enum is a text too.
                if rules.iter().any(|other| word(other) != word(rule)) {
                    return Err(self.clash(id, span, wants));
                }
                let quoted = |rule: &Scalar| matches!(rule.rule, Rule::AsText(_));
                let same_form = |other: &Scalar| quoted(other) || !quoted(rule);
                if rules.iter().any(|other| fit(other, rule) == Fit::Yes && same_form(other)) {
                    return Ok(());
                }
                // What replaces unknown values accepts whatever a backend declares.
                if replaces(rule) && self.is_result(id) {
                    self.slot_mut(id).node.shape = Shape::Scalar(vec![rule.clone()]);
                    return Ok(());
                }
                // A looser rule has nothing to add to the one that is asked for.
                let stricter = rules
                    .iter()
                    .filter(|other| fit(rule, other) != Fit::Yes || quoted(other) && !quoted(rule));
                Shape::Scalar(stricter.chain([rule]).cloned().collect())
            }
            _ => return Err(self.clash(id, span, wants)),
        };
        let slot = self.slot_mut(id);
        slot.first.get_or_insert((span, wants));
        slot.node.shape = shape;
        Ok(())
    }

    fn clash(&self, id: NodeId, span: Span, is: &'static str) -> Clash {
        let slot = self.slot(id);
        let was = match &slot.node.shape {
            Shape::Any if !slot.node.forms.is_empty() => {
                let map = |form: &Form| matches!(form.ty.kind, Kind::Map(_));
                if slot.node.forms.iter().any(map) { "a map" } else { "a record" }
            }
            Shape::Any => "any JSON",
            Shape::AnyScalar => "a text, number or boolean",
            Shape::Scalar(rules) => rules.first().map_or("a value", word),
            Shape::Record(_) => "a record",
            Shape::List { .. } => "a list",
        };
        let declared = slot.declared.as_ref().map(|declared| declared.ty.span);
        let first = declared.or(slot.first.map(|(span, _)| span)).unwrap_or(span);
        Clash { node: id, first, was, is }
    }

    /// The whole result or body that `id` is a part of.
    pub(crate) fn root_of(&self, id: NodeId) -> &Parent {
        match &self.node(id).parent {
            Parent::Field(up, _) | Parent::Element(up) => self.root_of(*up),
            root => root,
        }
    }

    /// The finished nodes.
    pub(crate) fn finish(self) -> Vec<Node> {
        let done = |slot: Slot| {
            let mut node = slot.node;
            if let (Shape::List { keep, min, .. }, Keep::First(count)) =
                (&mut node.shape, slot.keep)
            {
                *keep = Some(count);
                // Nobody looks at what is behind the first ones.
                *min = (*min).min(count);
            }
            node
        };
        self.list.into_iter().map(done).collect()
    }
}

/// What is allowed at a node that nobody has read. An element is there by being there.
fn unread(parent: &Parent) -> Allow {
    Allow { absent: !matches!(parent, Parent::Element(_)), null: true }
}

/// Whether values that an enum does not declare become one that it does.
fn replaces(scalar: &Scalar) -> bool {
    use crate::contract::types::{Enumeration, Rest, Rule};
    matches!(&scalar.rule, Rule::Enum(Enumeration { rest: Rest::Becomes(_), .. }))
}

fn list(element: NodeId, bounds: &ListBounds) -> Shape {
    Shape::List { element, min: bounds.min, max: bounds.max, unique: bounds.unique, keep: None }
}

/// The tag of a union as a type.
fn tag_of(union: &Union) -> Type {
    let kind = Kind::Scalar(Scalar { name: None, rule: Rule::Enum(union.tags()) });
    Type { kind, nullable: false, example: None, span: union.span }
}

/// What a scalar is called in messages.
pub(crate) fn word(scalar: &Scalar) -> &'static str {
    match scalar.rule.plain() {
        Rule::Text(_) | Rule::Enum(_) | Rule::AsText(_) => "a text",
        Rule::Number(_) => "a number",
        Rule::Bool => "a boolean",
    }
}
