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
        let mut values = self.atoms(&mut cursor);
        match values.pop() {
            Some(only) if values.is_empty() => only,
            last => {
                values.extend(last);
                Value { kind: ValueKind::Or(values), span }
            }
        }
    }

    /// The values with `or` between them that `cursor` is at.
    pub(super) fn atoms(&mut self, cursor: &mut Cursor<'_>) -> Vec<Value> {
        let first = cursor.any();
        let mut values = vec![self.atom(first)];
        while cursor.flag(Rule::k_or) {
            let next = cursor.any();
            values.push(self.atom(next));
        }
        values
    }

    /// A value without `or` and comparison.
    pub(super) fn atom(&mut self, node: Node<'_>) -> Value {
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
        Ref {
            of_element,
            steps,
            projection: cursor.opt(Rule::object).map(|node| self.object(node)),
            span,
        }
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

#[cfg(test)]
mod tests {
    use crate::lower::samples::value;
    use crate::tree::{CompareOp, EntryKind, TemplatePart, ValueKind};

    #[test]
    fn simple_values() {
        assert!(matches!(value("-59.90"), ValueKind::Number(number) if number.text == "-59.90"));
        assert!(matches!(value("any uuid"), ValueKind::Any(ty) if ty.text == "uuid"));
        assert!(matches!(value("env NAME"), ValueKind::Env(env) if env.name.text == "NAME"));
        assert!(matches!(value("[a, 1\n\"x\"]"), ValueKind::Array(values) if values.len() == 3));
        assert!(matches!(value("null"), ValueKind::Ref(of) if of.steps.len() == 1));
    }

    #[test]
    fn comparisons_and_alternatives() {
        let ValueKind::Compare(left, op, _) = value("a.b or 1 >= 2") else { panic!() };
        assert!(matches!(left.kind, ValueKind::Or(values) if values.len() == 2));
        assert_eq!(op, CompareOp::AtLeast);
    }

    #[test]
    fn paths_into_results() {
        let ValueKind::Ref(of) = value("rated.entries[..3].\"a-b\"[].user { author: .nick, ... }")
        else {
            panic!()
        };
        assert!(!of.of_element);
        assert_eq!(of.steps[1].index.as_ref().unwrap().first.as_ref().unwrap().text, "3");
        assert_eq!((of.steps[2].name.text.as_str(), of.steps[2].index.is_some()), ("a-b", true));
        let entries = of.projection.unwrap().entries;
        let EntryKind::Field(_, nick) = &entries[0].kind else { panic!() };
        assert!(matches!(&nick.kind, ValueKind::Ref(of) if of.of_element));
        assert_eq!(entries[1].kind, EntryKind::Spread(None));
    }

    #[test]
    fn spreads() {
        let ValueKind::Object(object) = value("{ ...item.x, a: b }") else { panic!() };
        assert!(
            matches!(&object.entries[0].kind, EntryKind::Spread(Some(of)) if of.steps.len() == 2)
        );
    }

    #[test]
    fn templates() {
        let parts = |text: &str| match value(text) {
            ValueKind::Template(parts) => parts,
            other => panic!("{other:?}"),
        };
        assert_eq!(parts(r#""""#), []);
        assert_eq!(
            parts(r#""a\"\\\n\t\{\}\u{20AC}""#),
            [TemplatePart::Text("a\"\\\n\t{}\u{20AC}".to_owned())]
        );
        let mixed = parts(r#""{user.name} of {team or none}!""#);
        let [
            TemplatePart::Hole(name),
            TemplatePart::Text(of),
            TemplatePart::Hole(team),
            TemplatePart::Text(_),
        ] = &mixed[..]
        else {
            panic!("{mixed:?}")
        };
        assert_eq!(of, " of ");
        assert!(matches!(&team.kind, ValueKind::Or(_)));
        let before = "version 1 { GET /x -> Y {\nreturn \"{".len();
        assert_eq!(name.span.range(), before..before + "user.name".len());
    }
}
