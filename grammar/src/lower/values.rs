//! Values.

use super::Lower;
use super::cursor::{Cursor, Node, only};
use super::types::compare_op;
use crate::parse::Rule;
use crate::tree::{Entry, EntryKind, Index, Object, Ref, Step, Value, ValueKind};

impl Lower<'_> {
    pub(super) fn value(&mut self, node: Node<'_>) -> Value {
        let span = self.span(&node);
        let mut cursor = Cursor::of(node);
        let left = self.alternatives(cursor.take(Rule::alt));
        match cursor.opt(Rule::compare) {
            Some(op) => {
                let right = Box::new(self.alternatives(cursor.take(Rule::alt)));
                let kind = ValueKind::Compare(Box::new(left), compare_op(op.as_str()), right);
                Value { kind, span }
            }
            None => left,
        }
    }

    fn alternatives(&mut self, node: Node<'_>) -> Value {
        let span = self.span(&node);
        let mut cursor = Cursor::of(node);
        let first = self.atom(cursor.take(Rule::atom));
        let mut values = vec![first];
        while cursor.flag(Rule::k_or) {
            values.push(self.atom(cursor.take(Rule::atom)));
        }
        match values.len() {
            1 => values.remove(0),
            _ => Value { kind: ValueKind::Or(values), span },
        }
    }

    pub(super) fn atom(&mut self, node: Node<'_>) -> Value {
        let node = only(node);
        let span = self.span(&node);
        let kind = match node.as_rule() {
            Rule::any => ValueKind::Any(self.second_ident(node)),
            Rule::object => ValueKind::Object(self.object(node)),
            Rule::array => ValueKind::Array(self.array(node)),
            Rule::env_v => ValueKind::Env(Box::new(self.env_value(node))),
            Rule::string => ValueKind::Template(self.template(&node)),
            Rule::number => ValueKind::Number(self.number(node)),
            _ => ValueKind::Ref(self.reference(node)),
        };
        Value { kind, span }
    }

    /// A date, a length of time, or a value.
    pub(super) fn literal(&mut self, node: Node<'_>) -> Value {
        let node = only(node);
        let span = self.span(&node);
        match node.as_rule() {
            Rule::date => Value { kind: ValueKind::Date(self.date(node)), span },
            Rule::duration => Value { kind: ValueKind::Duration(self.duration(node)), span },
            _ => self.value(node),
        }
    }

    pub(super) fn object_value(&mut self, node: Node<'_>) -> Value {
        let span = self.span(&node);
        Value { kind: ValueKind::Object(self.object(node)), span }
    }

    pub(super) fn object(&mut self, node: Node<'_>) -> Object {
        let span = self.span(&node);
        let mut entries = Vec::new();
        let mut cursor = Cursor::of(node);
        while let Some(node) = cursor.next() {
            match node.as_rule() {
                Rule::tail_doc => self.stray_doc(&node),
                _ => entries.push(self.entry(node)),
            }
        }
        Object { entries, span }
    }

    fn entry(&mut self, node: Node<'_>) -> Entry {
        let span = self.span(&node);
        let mut cursor = Cursor::of(node);
        let first = cursor.any();
        let kind = if first.as_rule() == Rule::spread {
            let mut inner = Cursor::of(first);
            inner.take(Rule::rest);
            EntryKind::Spread(inner.opt(Rule::r#ref).map(|node| self.reference(node)))
        } else {
            EntryKind::Field(self.ident(first), self.value(cursor.take(Rule::value)))
        };
        Entry { kind, span }
    }

    fn array(&mut self, node: Node<'_>) -> Vec<Value> {
        let mut values = Vec::new();
        let mut cursor = Cursor::of(node);
        while let Some(node) = cursor.next() {
            match node.as_rule() {
                Rule::tail_doc => self.stray_doc(&node),
                _ => values.push(self.value(node)),
            }
        }
        values
    }

    pub(super) fn reference(&mut self, node: Node<'_>) -> Ref {
        let mut cursor = Cursor::of(node);
        let words = cursor.take(Rule::words);
        let span = self.span(&words);
        let mut inner = Cursor::of(words);
        let of_element = inner.flag(Rule::element);
        let mut steps = Vec::new();
        while let Some(node) = inner.opt(Rule::step) {
            steps.push(self.step(node));
        }
        Ref { of_element, steps, projection: cursor.opt(Rule::object).map(|node| self.object(node)), span }
    }

    fn step(&mut self, node: Node<'_>) -> Step {
        let mut cursor = Cursor::of(node);
        let name = self.ident(cursor.any());
        let index = cursor.opt(Rule::index).map(|node| self.index(node));
        Step { name, index }
    }

    fn index(&mut self, node: Node<'_>) -> Index {
        let span = self.span(&node);
        let mut cursor = Cursor::of(node);
        cursor.flag(Rule::dots);
        Index { first: cursor.opt(Rule::number).map(|node| self.number(node)), span }
    }
}
