//! Calls: what is asked of a backend, and what failures turn into.

use super::Lower;
use super::cursor::{Cursor, Node, only};
use crate::error::SyntaxError;
use crate::parse::Rule;
use crate::tree::{
    Call, CallPart, CallPath, CallTarget, Each, Ident, Outcome, Pair, Tail, TailKind, Value,
};

impl Lower<'_> {
    pub(super) fn call(&mut self, node: Node<'_>) -> Call {
        let mut cursor = Cursor::of(node);
        let name = self.ident(cursor.take(Rule::ident));
        let ty = cursor.opt(Rule::ty).map(|node| self.ty(node));
        let each = cursor.opt(Rule::each).map(|node| self.each(node));
        let stream = cursor.opt(Rule::streamed).map(|node| self.span(&node));
        let backend = self.ident(cursor.take(Rule::backend_name));
        let target = self.target(&mut cursor);
        let form = cursor.opt(Rule::form_of).or_else(|| cursor.opt(Rule::form_of_value));
        let form = form.map(|node| self.span(&node));
        let body = match cursor.opt(Rule::object) {
            Some(node) => Some(self.object_value(node)),
            None => cursor.opt(Rule::value).map(|node| self.value(node)),
        };
        let (mut cache, mut stale, mut tails) = (None, None, Vec::new());
        while let Some(node) = cursor.next() {
            if node.as_rule() == Rule::tail {
                tails.push(self.tail(node));
                continue;
            }
            let span = self.span(&node);
            let mut inner = Cursor::of(node);
            inner.take(Rule::k_cache);
            let fresh = self.duration(inner.take(Rule::duration));
            let after = inner.opt(Rule::k_stale);
            stale = after.map(|_| self.duration(inner.take(Rule::duration)));
            if cache.replace(fresh).is_some() {
                self.errors.push(SyntaxError::repeated(span, "cache", "a call"));
            }
        }
        Call { name, ty, each, stream, backend, target, body, form, cache, stale, tails }
    }

    fn each(&mut self, node: Node<'_>) -> Each {
        let span = self.span(&node);
        let mut cursor = Cursor::of(node);
        cursor.take(Rule::k_each);
        let element = self.ident(cursor.take(Rule::ident));
        cursor.take(Rule::k_of);
        let list = self.reference(cursor.take(Rule::r#ref));
        let max = cursor.opt(Rule::k_max).map(|_| self.number(cursor.take(Rule::number)));
        Each { element, list, max, span }
    }

    fn target(&mut self, cursor: &mut Cursor<'_>) -> CallTarget {
        if let Some(method) = cursor.opt(Rule::method) {
            let method = self.method(method);
            return CallTarget::Request {
                method,
                path: self.call_path(cursor.take(Rule::call_path)),
            };
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
                Rule::cp_seg => {
                    segments.push(node.into_inner().map(|node| self.call_part(node)).collect());
                }
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
        Pair {
            name,
            value: value.map(|node| node.into_inner().map(|node| self.call_part(node)).collect()),
            span,
        }
    }

    fn call_part(&mut self, node: Node<'_>) -> CallPart {
        if node.as_rule() != Rule::hole {
            return CallPart::Text(self.ident(node));
        }
        let span = self.span(&node);
        let mut cursor = Cursor::of(node);
        let value = self.value(cursor.take(Rule::value));
        let rest = cursor.flag(Rule::star);
        CallPart::Hole { value, rest, ty: cursor.opt(Rule::ty).map(|node| self.ty(node)), span }
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
            Rule::tail_copy => {
                cursor.any();
                TailKind::Copy(self.ident(cursor.take(Rule::qual)))
            }
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
        let name = self.ident(cursor.take(Rule::qual));
        Outcome::Fail(name, cursor.opt(Rule::object).map(|node| self.object(node)))
    }

    /// Documentation where nothing can be documented is a comment.
    pub(super) fn stray_doc(&mut self, node: &Node<'_>) {
        self.trailing(None::<&mut crate::tree::EnumValue>, node);
    }
}

#[cfg(test)]
mod tests {
    use crate::lower::samples::line;
    use crate::tree::{
        Call, CallPart, CallTarget, EndpointMemberKind, Outcome, TailKind, ValueKind,
    };

    #[track_caller]
    fn call(text: &str) -> Call {
        let EndpointMemberKind::Call(call) = line(text) else { panic!() };
        *call
    }

    #[test]
    fn the_rest_of_a_path() {
        let CallTarget::Request { path, .. } = call("a = b GET /x/{path*}/{y}").target else {
            panic!()
        };
        let rest =
            |at: usize| matches!(&path.segments[at][..], [CallPart::Hole { rest, .. }] if *rest);
        assert!(rest(1) && !rest(2));
    }

    #[test]
    fn a_request_with_a_query() {
        let call = call("found: Hits = finder GET /q/{a.b}.json?size=20&tag={tag}x&all&none=");
        assert_eq!(
            (call.name.text.as_str(), call.backend.text.as_str(), call.ty.is_some()),
            ("found", "finder", true)
        );
        let CallTarget::Request { path, .. } = call.target else { panic!() };
        assert!(
            matches!(&path.segments[1][..], [CallPart::Hole { .. }, CallPart::Text(text)] if text.text == ".json")
        );
        let lengths: Vec<Option<usize>> =
            path.query.iter().map(|pair| pair.value.as_ref().map(Vec::len)).collect();
        assert_eq!(lengths, [Some(1), Some(2), None, Some(0)]);
    }

    #[test]
    fn an_operation() {
        let CallTarget::Operation { name, arguments } =
            call("x = catalog.item(id: id, n: 2) { a: 1 }").target
        else {
            panic!()
        };
        assert_eq!((name.text.as_str(), arguments.len()), ("item", 2));
        for form in ["x = a POST /b form { c: 1 }", "x = a POST /b (form body)"] {
            assert!(call(form).form.is_some(), "{form}");
        }
        for name in
            ["x = a POST /b (form)", "x = a POST /b (form or y)", "x = a POST /b { form: 1 }"]
        {
            assert!(call(name).form.is_none(), "{name}");
        }
        let bare = call("x = catalog.item (body)");
        assert!(
            matches!(bare.target, CallTarget::Operation { arguments, .. } if arguments.is_empty())
        );
        assert!(matches!(bare.body.unwrap().kind, ValueKind::Ref(_)));
    }

    #[test]
    fn one_call_per_element() {
        let each =
            call("x = each line of cart.lines max 50: stock GET /levels/{line.sku}").each.unwrap();
        assert_eq!(
            (each.element.text.as_str(), each.list.steps.len(), each.max.unwrap().text.as_str()),
            ("line", 2, "50")
        );
        let each = call("x = each line of lines: stock GET /levels/{line}").each.unwrap();
        assert!(each.max.is_none());
    }

    #[test]
    fn tails() {
        let text = "x = a POST /b { c: d } cache 60s stale 5min\n  with header X = y\n\n  within 200ms // soon\n  copy to b.c\n  when a > 1\n\
                    on 404, 5xx fail Gone { e: error.e } else null";
        let call = call(text);
        assert_eq!(call.cache.unwrap().millis, 60_000);
        assert_eq!(call.stale.unwrap().millis, 300_000);
        let kinds: Vec<TailKind> = call.tails.into_iter().map(|tail| tail.kind).collect();
        let [
            TailKind::With(_),
            TailKind::Within(_),
            TailKind::Copy(to),
            TailKind::When(_),
            on,
            stand_in,
        ] = &kinds[..]
        else {
            panic!("{kinds:?}")
        };
        assert!(
            matches!(on, TailKind::On(conditions, Outcome::Fail(_, Some(_))) if conditions.len() == 2)
        );
        assert!(matches!(stand_in, TailKind::Else(Outcome::Value(_))));
        assert_eq!(to.text, "b.c");
    }

    #[test]
    fn keywords_name_calls() {
        for name in ["query", "when", "on", "limit", "item", "_"] {
            assert_eq!(call(&format!("{name} = a GET /b")).name.text, name);
        }
    }
}
