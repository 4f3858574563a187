//! Names in scope, and the values they lead to.

use super::nodes::{Allow, Clash, Nodes};
use super::renames::Renames;
use super::written::Written;
use super::{Context, body_node, claims};
use crate::analyse::variables::Carrier;
use crate::contract::types::{Const, Field, Kind, Record, Type};
use crate::contract::work::{Check, Claims, EnvUse, NodeId, Parent};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use gatewright_grammar::Span;
use gatewright_grammar::tree::{self, Ident, Ref, Step, TailKind};

/// How many fields deep a value may be named: JSON is not read any deeper.
const STEPS: usize = 64;

/// Lowers the work of one endpoint.
pub(crate) struct Lower<'a, 'd> {
    pub(crate) context: &'a Context<'a>,
    pub(crate) diagnostics: &'d mut Diagnostics,
    pub(crate) nodes: Nodes<'a>,
    /// The node of the request body.
    pub(crate) body: Option<NodeId>,
    /// What is known of whoever calls.
    pub(crate) claims: Vec<Claims>,
    /// The calls that are made, in the order of the text.
    pub(crate) calls: Vec<(&'a tree::Call, Span)>,
    /// What is declared of calls, made or not.
    written: &'a [Written<'a>],
    /// What arguments of the call that is being lowered must keep at run time.
    pub(crate) checks: Vec<Check>,
    /// The node of each call's result, once something reads it.
    pub(crate) results: Vec<Option<NodeId>>,
    /// The elements being projected, innermost last.
    pub(crate) elements: Vec<NodeId>,
    /// The body of the failed answer whose handler is being lowered.
    pub(crate) error: Option<NodeId>,
    /// What is there where something is being lowered, because a condition looks at it.
    pub(crate) guarded: Vec<Guard>,
    /// The name of the element that the call being lowered is made for, and what it is.
    pub(crate) item: Option<(&'a str, Item)>,
    /// The call that is being lowered, if it is not the answer.
    pub(crate) calling: Option<usize>,
    /// What is being lowered, for messages: `a path`.
    pub(crate) place: &'static str,
    /// What carries what is being lowered.
    pub(crate) carrier: Carrier,
    /// Each use of a variable of the environment.
    pub(crate) environment: Vec<EnvUse>,
    /// The braces around what is being lowered, in a path or query.
    pub(crate) hole: Option<Span>,
    /// The version that wrote the text being lowered.
    pub(crate) origin: usize,
    /// The version whose names the fields of what is being built have on the wire.
    pub(crate) writes: usize,
    /// Whether everything so far could be lowered.
    pub(crate) ok: bool,
    /// What the text reads in the names of this version, and how what was built last is written out.
    pub(crate) renames: Renames,
}

/// The element that a call is made for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Item {
    /// A value in a list.
    Node(NodeId),
    /// A value of a repeated parameter.
    Param(usize),
}

/// A value that is there, and with it everything on the way to it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Guard {
    /// A parameter.
    Param(usize),
    /// A value in a result or body, by the names on the wire that lead to it.
    Value(Parent, Vec<String>),
}

/// What a reference leads to.
#[derive(Debug)]
pub(crate) enum Found {
    /// A parameter.
    Param(usize),
    /// A value; with a number, the first elements of a list.
    Node(NodeId, Option<u64>),
    /// A value in each element of a list.
    Each(NodeId, Option<u64>, NodeId),
    /// A list in each element of a list.
    EachOf(NodeId, Option<u64>, Box<Found>),
    /// The element of a repeated parameter that a call is made for.
    Item(usize),
    /// `true`, `false` or `null`.
    Const(Const),
}

impl<'a, 'd> Lower<'a, 'd> {
    pub(crate) fn new(
        context: &'a Context<'a>,
        calls: Vec<(&'a tree::Call, Span)>,
        written: &'a [Written<'a>],
        diagnostics: &'d mut Diagnostics,
    ) -> Self {
        let mut nodes = Nodes::new(context.types, context.version);
        let body = body_node(context, &mut nodes);
        let claims = claims(context, &mut nodes);
        Self {
            context,
            diagnostics,
            nodes,
            body,
            claims,
            results: vec![None; calls.len()],
            calls,
            written,
            checks: Vec::new(),
            elements: Vec::new(),
            error: None,
            guarded: Vec::new(),
            item: None,
            calling: None,
            place: "a call",
            carrier: Carrier::Any,
            environment: Vec::new(),
            hole: None,
            origin: context.version,
            writes: context.version,
            ok: true,
            renames: Renames::default(),
        }
    }

    /// The node of a call's result.
    pub(crate) fn result(&mut self, call: usize) -> NodeId {
        if let Some(Some(node)) = self.results.get(call) {
            return *node;
        }
        let parent = Parent::Call(call);
        let each = self.calls.get(call).is_some_and(|(call, _)| call.each.is_some());
        let node = match self.written(call).and_then(|written| written.result) {
            Some((ty, origin)) if each => self.nodes.results(parent, ty, origin),
            Some((ty, origin)) => self.nodes.result(parent, ty, origin),
            None => self.nodes.root(parent),
        };
        if let (true, Some((_, span))) = (each, self.calls.get(call)) {
            let null = self.can_end_in_null(call);
            self.nodes.of_each(node, null, *span);
        }
        if let Some(slot) = self.results.get_mut(call) {
            *slot = Some(node);
        }
        node
    }

    /// What is declared of a call.
    pub(crate) fn written(&self, call: usize) -> Option<&'a Written<'a>> {
        let (_, span) = self.calls.get(call)?;
        self.written.iter().find(|written| written.span == *span)
    }

    /// Adds a finding and remembers that the endpoint is not whole.
    pub(crate) fn refuse(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
        self.ok = false;
    }

    /// Lowers what stands in `place`.
    pub(crate) fn within<T>(
        &mut self,
        place: &'static str,
        lower: impl FnOnce(&mut Self) -> T,
    ) -> T {
        let outer = std::mem::replace(&mut self.place, place);
        let lowered = lower(self);
        self.place = outer;
        lowered
    }

    /// Lowers what an operation is sent: its type keeps the names of the version that declared the
    /// operation at `declared`, whatever later ones rename.
    pub(crate) fn as_declared<T>(
        &mut self,
        declared: Span,
        lower: impl FnOnce(&mut Self) -> T,
    ) -> T {
        let outer = std::mem::replace(&mut self.writes, self.context.origins.of(declared));
        let lowered = lower(self);
        self.writes = outer;
        lowered
    }

    /// What `reference` leads to, its projection aside.
    pub(crate) fn find(&mut self, reference: &Ref) -> Option<Found> {
        let (first, rest) = reference.steps.split_first()?;
        if rest.len() > STEPS {
            self.refuse(
                Diagnostic::new(
                    Code::TooDeep,
                    reference.span,
                    format!("this names a field {} levels deep", rest.len()),
                )
                .label(format!("results and bodies are nested {STEPS} levels deep at most"))
                .help("name a field that is nearer"),
            );
            return None;
        }
        if reference.of_element {
            let Some(element) = self.elements.last().copied() else {
                self.refuse(no_element(reference));
                return None;
            };
            return self.walk(element, &reference.steps, reference.span);
        }
        let word = first.name.text.as_str();
        match self.item.filter(|(name, _)| *name == word) {
            Some((_, Item::Node(node))) => {
                return self.walk_from(node, first, rest, reference.span);
            }
            Some((_, Item::Param(index))) => {
                return match self.param(index, first, rest)? {
                    Found::Param(index) => Some(Found::Item(index)),
                    other => Some(other),
                };
            }
            None => {}
        }
        if let Some(param) = self.context.request.params.iter().position(|p| p.name == word) {
            return self.param(param, first, rest);
        }
        let node = self.named(word);
        let Some(node) = node else { return self.word(first, rest) };
        self.walk_from(node, first, rest, reference.span)
    }

    fn named(&mut self, word: &str) -> Option<NodeId> {
        if word == "error" && self.error.is_some() {
            return self.error;
        }
        let body = self.context.request.body.as_ref().filter(|(_, name)| name == word);
        if body.is_some() {
            return self.body;
        }
        let call = self.calls.iter().position(|(call, _)| call.name.text == word && word != "_");
        if let Some(call) = call {
            return Some(self.result(call));
        }
        self.claims.iter().find(|claims| claims.name == word).map(|claims| claims.node)
    }

    fn word(&mut self, first: &Step, rest: &[Step]) -> Option<Found> {
        let constant = match first.name.text.as_str() {
            "true" => Some(Const::Bool(true)),
            "false" => Some(Const::Bool(false)),
            "null" => Some(Const::Null),
            _ => None,
        };
        if let (Some(constant), [], None) = (constant, rest, &first.index) {
            return Some(Found::Const(constant));
        }
        let diagnostic = self.unknown(&first.name, rest.is_empty());
        self.refuse(diagnostic);
        None
    }

    fn param(&mut self, index: usize, first: &Step, rest: &[Step]) -> Option<Found> {
        let Some(step) = rest.first() else { return Some(Found::Param(index)) };
        let message = format!("`{}` has no field `{}`", first.name.text, step.name.text);
        let declared = self.context.request.params.get(index).map(|param| param.span);
        let mut diagnostic = Diagnostic::new(Code::UnknownField, step.name.span, message)
            .label("a parameter is one value");
        if let Some(span) = declared {
            diagnostic = diagnostic.see(span, "declared here");
        }
        self.refuse(diagnostic);
        None
    }

    fn walk_from(
        &mut self,
        node: NodeId,
        first: &Step,
        rest: &[Step],
        span: Span,
    ) -> Option<Found> {
        match &first.index {
            None if rest.is_empty() => Some(Found::Node(node, None)),
            None => self.walk(node, rest, span),
            Some(index) => {
                let count = count(index)?;
                self.each(node, count, rest, span)
            }
        }
    }

    fn walk(&mut self, mut node: NodeId, steps: &[Step], span: Span) -> Option<Found> {
        for (at, step) in steps.iter().enumerate() {
            node = self.field(node, &step.name)?;
            if let Some(index) = &step.index {
                let count = count(index)?;
                let rest = steps.get(at + 1..).unwrap_or_default();
                return self.each(node, count, rest, span);
            }
        }
        Some(Found::Node(node, None))
    }

    /// What `list[]`, `list[..3]` and `list[].field` lead to. A list that is cut is still a list.
    fn each(
        &mut self,
        list: NodeId,
        first: Option<u64>,
        rest: &[Step],
        span: Span,
    ) -> Option<Found> {
        if rest.is_empty() && first.is_some() {
            return Some(Found::Node(list, first));
        }
        let element = self.nodes.element(list, first, span);
        let element = self.fits(element, span)?;
        match self.walk(element, rest, span)? {
            Found::Node(value, None) => {
                self.enter(element, Allow::NOTHING, span)?;
                Some(Found::Each(list, first, value))
            }
            inner => {
                self.enter(element, Allow::NOTHING, span)?;
                Some(Found::EachOf(list, first, Box::new(inner)))
            }
        }
    }

    /// The field `name` of a value, or nothing and a finding. What callers send has the name that
    /// the version which wrote the text knows it by.
    pub(crate) fn field(&mut self, node: NodeId, name: &Ident) -> Option<NodeId> {
        let wire = self.wire(node, &name.text, self.origin).to_owned();
        self.renames.name(name, &wire);
        let found = self.nodes.field(node, &wire, name.span);
        match self.fits(found, name.span)? {
            Some(child) => Some(child),
            None => {
                let diagnostic = self.no_field(node, name);
                self.refuse(diagnostic);
                None
            }
        }
    }

    /// The name on the wire of the field that text of version `origin` calls `name`.
    pub(crate) fn wire<'n>(&self, node: NodeId, name: &'n str, origin: usize) -> &'n str
    where
        'a: 'n,
    {
        let Some(record) = self.record_of(node) else { return name };
        match position(record, name, origin).and_then(|at| record.fields.get(at)) {
            Some(field) => self.nodes.wire_name(node, field),
            None => name,
        }
    }

    /// The declared record at `node`.
    pub(crate) fn record_of(&self, node: NodeId) -> Option<&'a Record> {
        match self.nodes.declared(node)?.kind {
            Kind::Record(id) => Some(self.context.types.record(id)),
            _ => None,
        }
    }

    /// The value of a read, or a finding about two reads that cannot both be right.
    pub(crate) fn fits<T>(&mut self, read: Result<T, Clash>, span: Span) -> Option<T> {
        let clash = match read {
            Ok(value) => return Some(value),
            Err(clash) => clash,
        };
        let Clash { node, first, was, is } = clash;
        let what = self.spelled(node);
        let diagnostic = if self.nodes.declared(node).is_some() {
            let diagnostic = Diagnostic::new(
                Code::TypeMismatch,
                span,
                format!("`{what}` is {was}, and {is} is wanted"),
            )
            .label(format!("{is} is wanted here"))
            .see(first, "declared here");
            match self.nodes.declared(node).map(|ty| &ty.kind) {
                Some(Kind::Map(_)) => diagnostic
                    .note("a map never becomes a record by itself, nor a record a map")
                    .help("declare a record with optional fields where callers send this"),
                _ => diagnostic,
            }
        } else {
            let message = format!("`{what}` cannot be both {was} and {is}");
            let diagnostic = Diagnostic::new(Code::TypeMismatch, span, message)
                .label(format!("read as {is} here"));
            if first == span {
                diagnostic
            } else {
                diagnostic.see(first, format!("read as {was} here"))
            }
        };
        self.refuse(diagnostic);
        None
    }

    /// Says that `node` is read along its path, and what is fine if it is missing.
    pub(crate) fn reach(&mut self, node: NodeId, allow: Allow, span: Span) -> Option<()> {
        if let Parent::Call(call) = *self.nodes.root_of(node)
            && self.can_be_null(call)
            && !allow.null
            && !self.is_guarded(self.root_node(node))
        {
            let diagnostic = self.null(call, span);
            self.refuse(diagnostic);
            return None;
        }
        if self.nodes.declared(node).is_some()
            && let Some(missing) = self.missing(node, allow)
        {
            let diagnostic = self.may_be_missing(node, missing, span);
            self.refuse(diagnostic);
            return None;
        }
        let mut at = node;
        loop {
            let null_root =
                matches!(self.nodes.node(at).parent, Parent::Call(call) if self.can_be_null(call));
            if !null_root && !self.is_guarded(at) {
                self.nodes.allow(at, allow);
            }
            match &self.nodes.node(at).parent {
                Parent::Field(up, _) if !self.elements.contains(up) => at = *up,
                _ => return Some(()),
            }
        }
    }

    /// The node of the whole that `node` is a part of.
    fn root_node(&self, node: NodeId) -> NodeId {
        match &self.nodes.node(node).parent {
            Parent::Field(up, _) | Parent::Element(up) => self.root_node(*up),
            _ => node,
        }
    }

    /// Whether the value at `node` is there because a condition looks at it, or at a part of it.
    fn is_guarded(&self, node: NodeId) -> bool {
        let mut names = Vec::new();
        let mut at = node;
        let root = loop {
            match &self.nodes.node(at).parent {
                Parent::Field(up, name) => {
                    names.push(name.as_str());
                    at = *up;
                }
                Parent::Element(_) => return false,
                root => break root,
            }
        };
        let begins = |path: &Vec<String>| {
            path.len() >= names.len() && path.iter().zip(names.iter().rev()).all(|(a, b)| a == b)
        };
        let guards = |guard: &Guard| matches!(guard, Guard::Value(other, path) if other == root && begins(path));
        self.guarded.iter().any(guards)
    }

    /// What is there if `reference` leads to something.
    pub(crate) fn guard(&self, reference: &Ref) -> Option<Guard> {
        let (first, rest) = reference.steps.split_first()?;
        let word = &first.name.text;
        if reference.of_element || first.index.is_some() {
            return None;
        }
        if let Some(param) = self.context.request.params.iter().position(|p| p.name == *word) {
            return Some(Guard::Param(param));
        }
        let body = self.context.request.body.as_ref().filter(|(_, name)| name == word);
        let call = self.calls.iter().position(|(call, _)| call.name.text == *word);
        let known = self.context.request.known.iter().position(|known| known.name == *word);
        let known = known.filter(|_| body.is_none() && call.is_none());
        if let Some(at) = known {
            let ty = self.context.request.known.get(at).map(|known| &known.ty);
            return Some(self.guard_in((Parent::Claims(at), ty, usize::MAX), rest));
        }
        let (root, declared, origin) = match (body, call) {
            (Some((body, _)), _) => (Parent::Body, Some(&body.ty), usize::MAX),
            (None, Some(call)) => {
                let result = self.written(call).and_then(|written| written.result);
                let origin = result.map_or(usize::MAX, |(_, origin)| origin);
                (Parent::Call(call), result.map(|(ty, _)| ty), origin)
            }
            (None, None) => return None,
        };
        Some(self.guard_in((root, declared, origin), rest))
    }

    /// What is there if these steps lead to something, from a whole of this type whose fields have
    /// the names of version `origin`.
    fn guard_in(
        &self,
        (root, declared, origin): (Parent, Option<&Type>, usize),
        rest: &[Step],
    ) -> Guard {
        let mut ty = declared;
        let mut path = Vec::new();
        for step in rest {
            let record = match ty.map(|ty| &ty.kind) {
                Some(Kind::Record(id)) => Some(self.context.types.record(*id)),
                _ => None,
            };
            let field = record.and_then(|record| {
                record.fields.get(position(record, &step.name.text, self.origin)?)
            });
            path.push(match field {
                Some(field) => field.name_as_of(origin).to_owned(),
                None => step.name.text.clone(),
            });
            ty = field.map(|field| &field.ty);
            if step.index.is_some() {
                break;
            }
        }
        Guard::Value(root, path)
    }

    /// The value on the path to a declared one, which may be missing though `allow` does
    /// not allow it.
    fn missing(&self, node: NodeId, allow: Allow) -> Option<NodeId> {
        let mut at = node;
        loop {
            let one = self.nodes.node(at);
            let body = matches!(one.parent, Parent::Body)
                && self.context.request.body.as_ref().is_some_and(|(body, _)| body.optional);
            let may = (!allow.absent && (one.absent_ok || body)) || (!allow.null && one.null_ok);
            if may && !self.is_guarded(at) {
                return Some(at);
            }
            match &one.parent {
                Parent::Field(up, _) => at = *up,
                _ => return None,
            }
        }
    }

    /// Goes into the elements of a list. Where there is a call per element, one that can end in null
    /// makes a null.
    pub(crate) fn enter(&mut self, element: NodeId, allow: Allow, span: Span) -> Option<()> {
        if let Parent::Element(list) = self.nodes.node(element).parent
            && let Parent::Call(call) = self.nodes.node(list).parent
            && self.calls.get(call).is_some_and(|(call, _)| call.each.is_some())
            && self.can_end_in_null(call)
        {
            if !allow.null {
                let diagnostic = self.null(call, span);
                self.refuse(diagnostic);
                return None;
            }
            return Some(());
        }
        self.nodes.allow(element, allow);
        Some(())
    }

    /// Whether the result of a call can be null as a whole.
    pub(crate) fn can_be_null(&self, call: usize) -> bool {
        let each = self.calls.get(call).is_some_and(|(call, _)| call.each.is_some());
        !each && self.can_end_in_null(call)
    }

    /// Whether one call, of one element if there is one per element, can end in null.
    fn can_end_in_null(&self, call: usize) -> bool {
        let Some((call, _)) = self.calls.get(call) else { return false };
        let null = |outcome: &tree::Outcome| matches!(outcome, tree::Outcome::Value(value) if is_null(value));
        let mut has_else = false;
        let mut has_when = false;
        let mut can = false;
        for tail in &call.tails {
            match &tail.kind {
                TailKind::Else(outcome) => {
                    has_else = true;
                    can |= null(outcome);
                }
                TailKind::On(_, outcome) => can |= null(outcome),
                TailKind::When(_) => has_when = true,
                _ => {}
            }
        }
        can || (has_when && !has_else)
    }
}

fn no_element(reference: &Ref) -> Diagnostic {
    Diagnostic::new(Code::UnknownName, reference.span, "there is no element here")
        .label("`.x` is the field `x` of the element that `list { … }` projects")
        .help("write the name of a call, a parameter or `body` before the dot")
}

fn count(index: &tree::Index) -> Option<Option<u64>> {
    match &index.first {
        None => Some(None),
        Some(number) => number.text.parse().ok().map(Some),
    }
}

/// Whether a value is `null`.
pub(crate) fn is_null(value: &tree::Value) -> bool {
    match &value.kind {
        tree::ValueKind::Ref(reference) => {
            !reference.of_element
                && matches!(reference.steps.as_slice(), [step] if step.name.text == "null")
        }
        _ => false,
    }
}

/// The field that text of version `origin` calls `name`.
pub(crate) fn position(record: &Record, name: &str, origin: usize) -> Option<usize> {
    let known = |field: &Field| field.name_as_of(origin) == name;
    let existing = record.fields.iter().position(|f| f.added <= origin && known(f));
    existing.or_else(|| record.fields.iter().position(known))
}
