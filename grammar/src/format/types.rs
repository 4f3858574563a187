//! Types, records, enums, unions, declared errors, and deprecation.

use super::Printer;
use super::block::{Row, Style};
use super::item::dyn_rows;
use super::layout::Layout;
use crate::span::Span;
use crate::tree::{
    Base, Bound, BoundKind, Deprecated, Doc, EnumBody, EnumDecl, EnumRest, EnumValue, ErrorDecl,
    Field, FieldKind, Ident, NamedField, Record, Successor, Type, TypeBody, TypeDecl, Union,
    Variant,
};

impl Row for Field {
    fn span(&self) -> Span {
        self.span
    }

    fn doc(&self) -> Option<&Doc> {
        self.doc.as_ref()
    }

    fn layout(&self, printer: &mut Printer<'_>) -> Layout {
        match &self.kind {
            FieldKind::Spread(ty) => Layout::from("...").then(printer.ty(ty)),
            FieldKind::Named(field) => printer.named_field(field),
        }
    }
}

impl Row for EnumValue {
    fn span(&self) -> Span {
        self.span
    }

    fn doc(&self) -> Option<&Doc> {
        self.doc.as_ref()
    }

    fn layout(&self, printer: &mut Printer<'_>) -> Layout {
        let wire = self.wire.as_ref().map(|wire| printer.source(wire.span));
        let value = Layout::from(self.name.text.as_str()).then_if(" = ", wire);
        let deprecated = self.deprecated.as_ref().map(|deprecated| printer.deprecated(deprecated));
        value.then_if(" ", deprecated)
    }
}

/// What stands behind the values of an enum.
struct Rest<'t> {
    /// The name behind `else`; nothing: `...`.
    name: Option<&'t Ident>,
    span: Span,
}

impl Row for Rest<'_> {
    fn span(&self) -> Span {
        self.span
    }

    fn layout(&self, _: &mut Printer<'_>) -> Layout {
        match self.name {
            Some(name) => Layout::from(format!("else {}", name.text)),
            None => Layout::from("..."),
        }
    }
}

impl Row for Variant {
    fn span(&self) -> Span {
        self.span
    }

    fn doc(&self) -> Option<&Doc> {
        self.doc.as_ref()
    }

    fn layout(&self, printer: &mut Printer<'_>) -> Layout {
        let deprecated = self.deprecated.as_ref().map(|deprecated| printer.deprecated(deprecated));
        printer
            .source(self.name.span)
            .then(": ")
            .then(printer.ty(&self.ty))
            .then_if(" ", deprecated)
    }
}

impl Printer<'_> {
    pub(super) fn error_decl(&mut self, error: &ErrorDecl) -> Layout {
        let head = format!("error {} {} ", error.name.text, error.status.text);
        let record = error.record.as_ref().map(|record| self.record(record));
        Layout::from(head).then(self.source(error.title.span)).then_if(" ", record)
    }

    pub(super) fn type_decl(&mut self, decl: &TypeDecl) -> Layout {
        let parameter =
            decl.parameter.as_ref().map_or_else(String::new, |name| format!("<{}>", name.text));
        let head = Layout::from(format!("type {}{parameter}", decl.name.text));
        let body = match &decl.body {
            TypeBody::Record(record) => head.then(" ").then(self.record(record)),
            TypeBody::Alias { ty, example } => {
                let ty = head.then(" = ").then(self.ty(ty));
                ty.then_if(" eg ", example.as_ref().map(|value| self.value(value)))
            }
        };
        body.then_if(" ", decl.deprecated.as_ref().map(|deprecated| self.deprecated(deprecated)))
    }

    pub(super) fn record(&mut self, record: &Record) -> Layout {
        self.braces(&dyn_rows(&record.fields), record.span)
    }

    fn named_field(&mut self, field: &NamedField) -> Layout {
        self.source(field.name.span)
            .when(field.optional, "?")
            .then(": ")
            .then(self.ty(&field.ty))
            .then_if(" = ", field.default.as_ref().map(|value| self.value(value)))
            .then_if(" eg ", field.example.as_ref().map(|value| self.value(value)))
            .then_if(" ", field.deprecated.as_ref().map(|deprecated| self.deprecated(deprecated)))
    }

    pub(super) fn ty(&mut self, ty: &Type) -> Layout {
        let base = match &ty.base {
            Base::List(item) => Layout::from("[").then(self.ty(item)).then("]"),
            Base::Map(key, value) => {
                Layout::from("[").then(self.ty(key)).then(": ").then(self.ty(value)).then("]")
            }
            Base::Record(record) => self.record(record),
            Base::Enum(body) => Layout::from("enum ").then(self.enum_body(body)),
            Base::Generic(name, argument) => {
                self.source(name.span).then("<").then(self.ty(argument)).then(">")
            }
            Base::Name(name) => self.source(name.span),
        };
        let bounds = (!ty.limits.is_empty()).then(|| self.bounds(&ty.limits));
        base.then_if("(", bounds).when(ty.as_text, " as text").when(ty.nullable, " | null")
    }

    /// Bounds and the parenthesis behind them. Precision and scale stand close together: `decimal(12,2)`.
    fn bounds(&self, bounds: &[Bound]) -> Layout {
        let plain = bounds.iter().all(|bound| matches!(bound.kind, BoundKind::Number(_)));
        Layout::join(bounds.iter().map(|bound| self.bound(bound)), if plain { "," } else { ", " })
            .then(")")
    }

    fn bound(&self, bound: &Bound) -> Layout {
        match &bound.kind {
            BoundKind::Schema(file) => Layout::from("schema ").then(self.source(file.span)),
            BoundKind::Range(low, high) => {
                let end = |end: &Option<crate::tree::NumberLit>| {
                    end.as_ref().map_or("", |end| self.slice(end.span))
                };
                Layout::from(format!("{}..{}", end(low), end(high)))
            }
            BoundKind::Compare(op, number) => Layout::from(format!("{}{}", op.text(), number.text)),
            BoundKind::Pattern(_) | BoundKind::Unique | BoundKind::Number(_) => {
                self.source(bound.span)
            }
        }
    }

    pub(super) fn enum_decl(&mut self, decl: &EnumDecl) -> Layout {
        Layout::from(format!("enum {} ", decl.name.text)).then(self.enum_body(&decl.body))
    }

    pub(super) fn enum_body(&mut self, body: &EnumBody) -> Layout {
        let rest = match &body.rest {
            EnumRest::Closed => None,
            EnumRest::Open => Some(Rest { name: None, span: self.rest_of(body) }),
            EnumRest::Else(name) => Some(Rest { name: Some(name), span: name.span }),
        };
        let mut rows = dyn_rows(&body.values);
        rows.extend(rest.iter().map(|rest| rest as &dyn Row));
        // A value called `deprecated` would otherwise be read as a word about the value before it.
        let commas = body.values.iter().any(|value| value.name.text == "deprecated");
        let style = if commas { Style::BRACES } else { Style::WORDS };
        self.enclosed(("{", "}"), &rows, style, body.span)
    }

    /// Where the `...` of an enum stands: the only one behind the last value that is not in a comment.
    fn rest_of(&self, body: &EnumBody) -> Span {
        let from =
            body.values.last().map_or(body.span.range().start, |value| value.span.range().end);
        let behind = self.text.get(from..body.span.range().end).unwrap_or_default();
        let mut at = from;
        for line in behind.split_inclusive('\n') {
            let code = line.split("//").next().unwrap_or_default();
            if let Some(found) = code.find("...") {
                at += found;
                break;
            }
            at += line.len();
        }
        Span::new(body.span.file, at, at + 3)
    }

    pub(super) fn union_decl(&mut self, union: &Union, span: Span) -> Layout {
        let head = format!("union {} by {} ", union.name.text, union.tag.text);
        Layout::from(head).then(self.braces(&dyn_rows(&union.variants), span))
    }

    pub(super) fn deprecated(&mut self, deprecated: &Deprecated) -> Layout {
        let since = deprecated.since.as_ref().map(|date| format!("since {}", date.text));
        let hard = if deprecated.hard { " hard" } else { "" };
        let sunset = deprecated.sunset.as_ref().map(|date| format!("sunset {}{hard}", date.text));
        let see = deprecated.see.as_ref().map(|link| format!("see {}", self.slice(link.span)));
        let successor = deprecated.successor.as_ref().map(|successor| match successor {
            Successor::Endpoint(method, path) => {
                Layout::from(format!("use {} ", method.text)).then(self.path(path))
            }
            Successor::Name(name) => Layout::from(format!("use {}", name.text)),
        });
        let dates = [since, sunset].into_iter().flatten().map(Layout::from);
        let all: Vec<Layout> = dates.chain(successor).chain(see.map(Layout::from)).collect();
        let all = (!all.is_empty()).then(|| Layout::join(all, ", "));
        Layout::from("deprecated").then_if(" ", all)
    }
}
