//! Calls: what is asked of a backend, and what failures turn into.

use super::Lower;
use super::cursor::{Cursor, Node, only};
use crate::error::SyntaxError;
use crate::parse::Rule;
use crate::tree::{Call, CallPart, CallPath, CallTarget, Each, Ident, Outcome, Pair, Tail, TailKind, Value};

impl Lower<'_> {
    pub(super) fn call(&mut self, node: Node<'_>) -> Call {
        let mut cursor = Cursor::of(node);
        let name = self.ident(cursor.take(Rule::ident));
        let ty = cursor.opt(Rule::ty).map(|node| self.ty(node));
        let each = cursor.opt(Rule::each).map(|node| self.each(node));
        let backend = self.ident(cursor.take(Rule::ident));
        let target = self.target(&mut cursor);
        let body = match cursor.opt(Rule::object) {
            Some(node) => Some(self.object_value(node)),
            None => cursor.opt(Rule::value).map(|node| self.value(node)),
        };
        let (mut cache, mut tails) = (None, Vec::new());
        while let Some(node) = cursor.next() {
            if node.as_rule() == Rule::tail {
                tails.push(self.tail(node));
                continue;
            }
            let span = self.span(&node);
            let mut inner = Cursor::of(node);
            inner.take(Rule::k_cache);
            let fresh = self.duration(inner.take(Rule::duration));
            if cache.replace(fresh).is_some() {
                self.errors.push(SyntaxError::repeated(span, "cache", "a call"));
            }
        }
        Call { name, ty, each, backend, target, body, cache, tails }
    }

    fn each(&mut self, node: Node<'_>) -> Each {
        let span = self.span(&node);
        let mut cursor = Cursor::of(node);
        cursor.take(Rule::k_each);
        let element = self.ident(cursor.take(Rule::ident));
        cursor.take(Rule::k_of);
        let list = self.reference(cursor.take(Rule::r#ref));
        cursor.take(Rule::k_max);
        Each { element, list, max: self.number(cursor.take(Rule::number)), span }
    }

    fn target(&mut self, cursor: &mut Cursor<'_>) -> CallTarget {
        if let Some(method) = cursor.opt(Rule::method) {
            let method = self.method(method);
            return CallTarget::Request { method, path: self.call_path(cursor.take(Rule::call_path)) };
        }
        let name = self.ident(cursor.take(Rule::operation_name));
        let arguments = cursor.opt(Rule::args).map_or_else(Vec::new, |node| self.arguments(node));
        CallTarget::Operation { name, arguments }
    }

    fn arguments(&mut self, node: Node<'_>) -> Vec<(Ident, Value)> {
        let mut arguments = Vec::new();
        let mut cursor = Cursor::of(node);
        while let Some(node) = cursor.next() {
            if node.as_rule() == Rule::tail_doc {
                self.stray_doc(&node);
                continue;
            }
            let mut inner = Cursor::of(node);
            let name = self.ident(inner.take(Rule::ident));
            arguments.push((name, self.value(inner.take(Rule::value))));
        }
        arguments
    }

    pub(super) fn call_path(&mut self, node: Node<'_>) -> CallPath {
        let span = self.span(&node);
        let (mut segments, mut query) = (Vec::new(), Vec::new());
        for node in node.into_inner() {
            match node.as_rule() {
                Rule::cp_seg => segments.push(node.into_inner().map(|node| self.call_part(node)).collect()),
                _ => query.push(self.pair(node)),
            }
        }
        CallPath { segments, query, span }
    }

    fn pair(&mut self, node: Node<'_>) -> Pair {
        let span = self.span(&node);
        let mut cursor = Cursor::of(node);
        let name = self.ident(cursor.take(Rule::pair_name));
        let value = cursor.opt(Rule::pair_value);
        Pair { name, value: value.map(|node| node.into_inner().map(|node| self.call_part(node)).collect()), span }
    }

    fn call_part(&mut self, node: Node<'_>) -> CallPart {
        if node.as_rule() != Rule::hole {
            return CallPart::Text(self.ident(node));
        }
        let span = self.span(&node);
        let mut cursor = Cursor::of(node);
        let value = self.value(cursor.take(Rule::value));
        CallPart::Hole { value, ty: cursor.opt(Rule::ty).map(|node| self.ty(node)), span }
    }

    fn tail(&mut self, node: Node<'_>) -> Tail {
        let span = self.span(&node);
        let node = only(node);
        let rule = node.as_rule();
        let mut cursor = Cursor::of(node);
        cursor.any();
        let kind = match rule {
            Rule::tail_with => TailKind::With(self.header_value(cursor.take(Rule::header_value))),
            Rule::tail_within => TailKind::Within(self.duration(cursor.take(Rule::duration))),
            Rule::tail_when => TailKind::When(self.value(cursor.take(Rule::value))),
            Rule::tail_on => {
                let conditions = self.conditions(&mut cursor);
                TailKind::On(conditions, self.outcome(cursor.take(Rule::outcome)))
            }
            _ => TailKind::Else(self.outcome(cursor.take(Rule::outcome))),
        };
        Tail { kind, span }
    }

    fn outcome(&mut self, node: Node<'_>) -> Outcome {
        let node = only(node);
        if node.as_rule() == Rule::value {
            return Outcome::Value(self.value(node));
        }
        let mut cursor = Cursor::of(node);
        cursor.take(Rule::k_fail);
        let name = self.ident(cursor.take(Rule::ident));
        Outcome::Fail(name, cursor.opt(Rule::object).map(|node| self.object(node)))
    }

    /// Documentation where nothing can be documented is a comment.
    pub(super) fn stray_doc(&mut self, node: &Node<'_>) {
        self.trailing(None::<&mut crate::tree::EnumValue>, node);
    }
}
