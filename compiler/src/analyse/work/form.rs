//! Bodies that backends are sent as the fields of a form.

use super::nodes::Allow;
use super::scope::{Found, Lower};
use crate::contract::types::{Kind, Type};
use crate::contract::work::{Build, NodeId, Operand, QueryPart};
use crate::diagnostic::{Code, Diagnostic};
use gatewright_grammar::Span;
use gatewright_grammar::tree::{self, EntryKind, Method, Object, Value, ValueKind};

impl Lower<'_, '_> {
    /// Whether the body of a call is a form; nothing and a finding if its operation says otherwise.
    pub(super) fn is_form(&mut self, index: usize, call: &tree::Call) -> Option<bool> {
        let operation = self.written(index).and_then(|written| written.operation);
        match (operation.map(|operation| operation.tree), call.form) {
            (Some(operation), Some(form)) if !operation.form => {
                let title = format!("{}.{}", call.backend.text, operation.name.text);
                self.refuse(
                    Diagnostic::new(Code::TypeMismatch, form, format!("`{title}` takes JSON"))
                        .label("a form is not what it declares")
                        .see(operation.path.span, "its body would be `(form Type)`")
                        .help("leave `form` out"),
                );
                None
            }
            (Some(operation), _) => Some(operation.form && call.body.is_some()),
            (None, form) => Some(form.is_some()),
        }
    }

    /// The fields of the form that a call sends.
    pub(super) fn sent_form(
        &mut self,
        index: usize,
        call: &tree::Call,
        method: &Method,
    ) -> Option<Vec<QueryPart>> {
        let body = call.body.as_ref()?;
        self.carries(method, body.span)?;
        let operation = self.written(index).and_then(|written| written.operation);
        let wanted = operation.and_then(|operation| {
            Some((operation.types.as_ref()?.body.as_ref()?, operation.tree.path.span))
        });
        self.within("a form", |this| match (wanted, &body.kind) {
            (Some((wanted, declared)), _) => {
                this.as_declared(declared, |this| this.typed_form(body, wanted))
            }
            (None, ValueKind::Object(object)) => this.fields(object),
            (None, ValueKind::Ref(reference)) if reference.projection.is_none() => {
                match this.find(reference)? {
                    Found::Node(node, None) => this.fields_of(node, body.span),
                    _ => this.no_form(body.span),
                }
            }
            (None, _) => this.no_form(body.span),
        })
    }

    /// `form { user: body.user, ...extra }`
    fn fields(&mut self, object: &Object) -> Option<Vec<QueryPart>> {
        let mut found: Vec<QueryPart> = Vec::new();
        let mut whole = true;
        for entry in &object.entries {
            let more = match &entry.kind {
                EntryKind::Field(name, value) => {
                    self.field_value(&name.text, value).map(|one| vec![one])
                }
                EntryKind::Spread(Some(reference)) => match self.find(reference) {
                    Some(Found::Node(node, None)) => self.fields_of(node, entry.span),
                    Some(_) => self.no_form(entry.span),
                    None => None,
                },
                EntryKind::Spread(None) => self.no_form(entry.span),
            };
            let Some(more) = more else {
                whole = false;
                continue;
            };
            // What is written counts before what is spread.
            let written = matches!(entry.kind, EntryKind::Field(..));
            if written {
                found.retain(|old| more.iter().all(|new| name_of(new) != name_of(old)));
                found.extend(more);
            } else {
                let new = |one: &QueryPart| found.iter().all(|old| name_of(old) != name_of(one));
                let more: Vec<QueryPart> = more.into_iter().filter(new).collect();
                found.extend(more);
            }
        }
        whole.then_some(found)
    }

    fn field_value(&mut self, name: &str, value: &Value) -> Option<QueryPart> {
        match &value.kind {
            ValueKind::Template(parts) if crate::analyse::values::plain_text(parts).is_none() => {
                self.text(value).map(|text| QueryPart::Text(name.to_owned(), text))
            }
            _ => self.pair_value(name.to_owned(), value),
        }
    }

    /// The fields of a declared record, each by its name.
    fn fields_of(&mut self, node: NodeId, span: Span) -> Option<Vec<QueryPart>> {
        let Some(record) = self.record_of(node) else { return self.no_form(span) };
        let origin = self.context.origins.of(span);
        let mut found = Vec::new();
        for field in record.fields.iter() {
            let asked = self.nodes.field(node, self.nodes.wire_name(node, field), span);
            let child = self.fits(asked, span)??;
            self.reach(child, Allow::BOTH, span)?;
            let name = field.name_as_of(origin).to_owned();
            found.push(match &field.ty.kind {
                Kind::Scalar(_) => {
                    let asked = self.nodes.scalar(child, None, span);
                    self.fits(asked, span)?;
                    QueryPart::Value(name, Operand::Node(child))
                }
                Kind::List(element, _) if matches!(element.kind, Kind::Scalar(_)) => {
                    let asked = self.nodes.element(child, None, span);
                    let value = self.fits(asked, span)?;
                    QueryPart::Each(name, Operand::Each { list: child, first: None, value })
                }
                _ => {
                    self.refuse(nested(span, &field.name).see(field.span, "declared here"));
                    return None;
                }
            });
        }
        Some(found)
    }

    /// The form of an operation: every field is checked against what is declared of it.
    fn typed_form(&mut self, body: &Value, wanted: &Type) -> Option<Vec<QueryPart>> {
        let built = self.build(body, wanted, Allow::NOTHING)?;
        let Build::Record(_, members) = built else { return self.no_form(body.span) };
        let fields = members.into_iter().map(|member| {
            let name = member.name;
            match member.value {
                Build::List { from: list, element, first } => {
                    match self.operand_of(*element, body.span)? {
                        Operand::Node(value) => {
                            Some(QueryPart::Each(name, Operand::Each { list, first, value }))
                        }
                        _ => self.no_form(body.span),
                    }
                }
                Build::Copy(operand @ Operand::Param(_)) if self.is_repeated_param(&operand) => {
                    Some(QueryPart::Each(name, operand))
                }
                Build::Text(text) => Some(QueryPart::Text(name, text)),
                Build::Array(_) | Build::Record(..) => {
                    self.refuse(nested(body.span, &name));
                    None
                }
                other => {
                    let operand = self.operand_of(other, body.span)?;
                    Some(QueryPart::Value(name, operand))
                }
            }
        });
        let fields: Vec<Option<QueryPart>> = fields.collect();
        fields.into_iter().collect()
    }

    fn is_repeated_param(&self, operand: &Operand) -> bool {
        let Operand::Param(at) = operand else { return false };
        let param = self.context.request.params.get(*at);
        param.is_some_and(|one| matches!(one.kind, crate::contract::endpoint::ParamKind::Many(..)))
    }

    fn no_form<T>(&mut self, span: Span) -> Option<T> {
        self.refuse(
            Diagnostic::new(Code::TypeMismatch, span, "this is no form")
                .label("nothing says which fields it has")
                .help("name the fields: `form { user: body.user }`"),
        );
        None
    }
}

/// The name of a field.
fn name_of(part: &QueryPart) -> &str {
    match part {
        QueryPart::Literal(name)
        | QueryPart::Value(name, _)
        | QueryPart::Each(name, _)
        | QueryPart::Text(name, _) => name,
    }
}

fn nested(span: Span, name: &str) -> Diagnostic {
    Diagnostic::new(Code::TypeMismatch, span, format!("`{name}` has no spelling in a form"))
        .label("a field of a form is a text, number or boolean, or a list of them")
        .help("name its parts, or send JSON: leave `form` out")
}
