//! Maps and their keys, and numbers that JSON holds as texts.

use super::{Resolver, plain};
use crate::analyse::{bounds, values};
use crate::contract::types::{Const, Enumeration, Kind, ListBounds, Map, Rest, Rule, Scalar, Type};
use crate::diagnostic::{Code, Diagnostic};
use gatewright_grammar::tree;

impl Resolver<'_> {
    /// `decimal(12,2) as text`
    pub(super) fn as_text(&mut self, found: Type, written: &tree::Type) -> Option<Type> {
        if let Kind::Scalar(Scalar { name, rule }) = &found.kind {
            if let Rule::AsText(_) = rule {
                return Some(found);
            }
            if let Rule::Number(_) | Rule::Bool = rule {
                let rule = Rule::AsText(Box::new(rule.clone()));
                let name = name.as_ref().map(|name| format!("{name} as text"));
                // What a declaration gives as an example is a number.
                let example = found.example.as_ref().and_then(Const::plain).map(Const::Text);
                return Some(Type { kind: Kind::Scalar(Scalar { name, rule }), example, ..found });
            }
        }
        let spelling = values::spelling(&found, &self.types);
        let message = format!("`{spelling}` has no form as a text");
        self.diagnostics.push(
            Diagnostic::new(Code::TypeMismatch, written.span, message)
                .label("only numbers and booleans have one")
                .note("texts and enums are texts already")
                .help("delete `as text`, or write it behind the numbers inside"),
        );
        None
    }

    /// `[text: Price](..20)`
    pub(super) fn map(
        &mut self,
        key: &tree::Type,
        value: &tree::Type,
        ty: &tree::Type,
    ) -> Option<Type> {
        let bounds = bounds::list(&ty.limits, "map", self.diagnostics);
        let key = self.ty(key).and_then(|found| self.key_of(&found, key));
        let empty = bounds.as_ref().is_none_or(|bounds| bounds.min == 0);
        let value = self.resolve_optional(empty, |this| this.ty(value));
        let (key, value, bounds): (Scalar, Type, ListBounds) = (key?, value?, bounds?);
        self.shallow(&value, ty.span)?;
        Some(plain(Kind::Map(Box::new(Map { key, value, bounds })), ty.span))
    }

    /// Keys of JSON are texts.
    fn key_of(&mut self, found: &Type, written: &tree::Type) -> Option<Scalar> {
        let spelling = values::spelling(found, &self.types);
        let (label, help) = match &found.kind {
            _ if found.nullable => ("null is no key", "delete `| null`"),
            Kind::Scalar(Scalar { rule: Rule::Enum(Enumeration { rest, .. }), .. }) => match rest {
                Rest::Becomes(_) => (
                    "two keys that it does not declare would become one",
                    "use an enum that is closed or open: `...`",
                ),
                Rest::Open | Rest::Closed => return scalar_of(found),
            },
            Kind::Scalar(Scalar { rule: Rule::Text(_), .. }) => return scalar_of(found),
            _ => (
                "the keys of a map are texts, as JSON has them",
                "write a text with a pattern, `text(/[0-9]+/)`, or an enum",
            ),
        };
        let message = format!("`{spelling}` cannot be the key of a map");
        self.diagnostics.push(
            Diagnostic::new(Code::TypeMismatch, written.span, message).label(label).help(help),
        );
        None
    }
}

fn scalar_of(ty: &Type) -> Option<Scalar> {
    match &ty.kind {
        Kind::Scalar(scalar) => Some(scalar.clone()),
        _ => None,
    }
}
