//! Consumers and cases.

use super::cursor::{Cursor, Node, only};
use super::{Lower, Place};
use crate::error::SyntaxError;
use crate::parse::Rule;
use crate::tree::{
    Case, CaseBody, CaseEnv, CaseThen, CaseWhen, Consumer, Exchange, HeaderValue, Ident, Mock,
    MockAnswer, MockAnswerKind, Object, UseEndpoint, UseOf, Value, ValueKind,
};

impl Lower<'_> {
    pub(super) fn consumer(&mut self, node: Node<'_>) -> Consumer {
        let mut cursor = Cursor::of(node);
        cursor.take(Rule::k_consumer);
        let name = self.ident(cursor.take(Rule::name));
        let contact = cursor.opt(Rule::contact).map(|node| Self::contact(&node));
        cursor.take(Rule::k_uses);
        let mut uses = Vec::new();
        while let Some(node) = cursor.opt(Rule::use_of) {
            uses.push(self.use_of(node));
        }
        Consumer { name, contact, uses }
    }

    fn use_of(&mut self, node: Node<'_>) -> UseOf {
        let span = self.span(&node);
        let mut cursor = Cursor::of(node);
        let version = self.ident(only(cursor.take(Rule::version_label)));
        let list = cursor.opt(Rule::use_list);
        let endpoints =
            list.map(|node| self.members(&mut Cursor::of(node), Place::Uses, Self::use_endpoint));
        UseOf { version, endpoints, span }
    }

    fn use_endpoint(&mut self, node: Node<'_>) -> UseEndpoint {
        let span = self.span(&node);
        let mut cursor = Cursor::of(node);
        let method = self.method(cursor.take(Rule::method));
        let path = self.path(cursor.take(Rule::path));
        let mut fields = Vec::new();
        while let Some(node) = cursor.opt(Rule::qual) {
            fields.push(self.ident(node));
        }
        UseEndpoint { method, path, fields, span }
    }

    pub(super) fn case(&mut self, node: Node<'_>) -> Case {
        let mut cursor = Cursor::of(node);
        cursor.take(Rule::k_case);
        let title = self.string(cursor.take(Rule::string));
        let smoke = cursor.flag(Rule::k_smoke);
        let (mut when, mut mocks, mut then) = (None, Vec::new(), None);
        while let Some(node) = cursor.next() {
            match node.as_rule() {
                Rule::mock => mocks.push(self.mock(node)),
                Rule::bad_mock => {
                    self.skip(&node, Place::Mocks, None);
                }
                Rule::when => when = Some(self.when(node)),
                Rule::bad_when => {
                    self.skip(&node, Place::When, None);
                }
                Rule::then => then = Some(self.then(node)),
                Rule::bad_then => {
                    self.skip(&node, Place::Then, None);
                }
                _ => self.stray_doc(&node),
            }
        }
        Case { title, smoke, when, mocks, then }
    }

    fn when(&mut self, node: Node<'_>) -> CaseWhen {
        let span = self.span(&node);
        let mut cursor = Cursor::of(node);
        cursor.take(Rule::k_when);
        let method = self.method(cursor.take(Rule::method));
        let target = self.ident(cursor.take(Rule::raw_path));
        let principal = cursor.opt(Rule::principal).map(|node| self.principal(node));
        let (mut headers, mut env, mut body) = (Vec::new(), Vec::new(), None);
        while let Some(node) = cursor.next() {
            match node.as_rule() {
                Rule::header_value => headers.push(self.header_value(node)),
                Rule::when_env => env.push(self.when_env(node)),
                _ => {
                    let span = self.span(&node);
                    let mut inner = Cursor::of(node);
                    inner.take(Rule::k_body);
                    if body.replace(self.case_body(inner.any())).is_some() {
                        self.errors.push(SyntaxError::repeated(span, "body", "a request"));
                    }
                }
            }
        }
        CaseWhen { method, target, principal, headers, body, env, span }
    }

    fn when_env(&mut self, node: Node<'_>) -> CaseEnv {
        let span = self.span(&node);
        let mut cursor = Cursor::of(node);
        cursor.take(Rule::k_env);
        let name = self.ident(cursor.take(Rule::ident));
        CaseEnv { name, value: self.value(cursor.take(Rule::value)), span }
    }

    fn case_body(&mut self, node: Node<'_>) -> CaseBody {
        match node.as_rule() {
            Rule::raw_text => {}
            Rule::value => return CaseBody::Json(self.value(node)),
            _ => return CaseBody::Json(self.atom(node)),
        }
        let mut cursor = Cursor::of(node);
        cursor.take(Rule::k_text);
        let text = cursor.take(Rule::string);
        let span = self.span(&text);
        CaseBody::Text(Value { kind: ValueKind::Template(self.template(&text)), span })
    }

    /// The body that `cursor` is at, if there is one.
    fn opt_case_body(&mut self, cursor: &mut Cursor<'_>) -> Option<CaseBody> {
        let bodies = [Rule::raw_text, Rule::value, Rule::object, Rule::array];
        let node = bodies.into_iter().find_map(|rule| cursor.opt(rule));
        node.map(|node| self.case_body(node))
    }

    fn principal(&mut self, node: Node<'_>) -> (Ident, Option<Object>) {
        let mut cursor = Cursor::of(node);
        cursor.take(Rule::k_as);
        let name = self.ident(cursor.take(Rule::ident));
        (name, cursor.opt(Rule::object).map(|node| self.object(node)))
    }

    fn mock(&mut self, node: Node<'_>) -> Mock {
        let span = self.span(&node);
        let mut cursor = Cursor::of(node);
        let backend = self.ident(cursor.take(Rule::qual));
        Mock { backend, exchange: cursor.opt(Rule::exchange).map(|node| self.exchange(node)), span }
    }

    fn exchange(&mut self, node: Node<'_>) -> Exchange {
        let mut cursor = Cursor::of(node);
        let method = self.method(cursor.take(Rule::method));
        let target = self.ident(cursor.take(Rule::raw_path));
        let body = self.opt_case_body(&mut cursor);
        let headers = self.header_values(&mut cursor);
        let mut answers = Vec::new();
        while let Some(node) = cursor.opt(Rule::mock_answer) {
            answers.push(self.mock_answer(node));
        }
        Exchange { method, target, body, headers, answers }
    }

    fn mock_answer(&mut self, node: Node<'_>) -> MockAnswer {
        let whole = self.span(&node);
        let mut cursor = Cursor::of(node);
        let (kind, end) = match cursor.opt(Rule::status) {
            Some(status) => {
                let status = self.number(status);
                let body = self.opt_case_body(&mut cursor);
                let end = body.as_ref().map_or(status.span, |body| body.value().span);
                (MockAnswerKind::Status(status, body), end)
            }
            None => {
                let word = self.ident(cursor.take(Rule::failure));
                let end = word.span;
                (MockAnswerKind::Failure(word), end)
            }
        };
        let delay = cursor.opt(Rule::delay).map(|node| {
            let mut inner = Cursor::of(node);
            inner.take(Rule::k_after);
            self.duration(inner.take(Rule::duration))
        });
        let end = delay.as_ref().map_or(end, |delay| delay.span);
        let headers = self.header_values(&mut cursor);
        MockAnswer { kind, delay, headers, span: whole.at_start().to(end) }
    }

    /// The header fields that `cursor` is at.
    fn header_values(&mut self, cursor: &mut Cursor<'_>) -> Vec<HeaderValue> {
        let mut headers = Vec::new();
        while let Some(node) = cursor.opt(Rule::header_value) {
            headers.push(self.header_value(node));
        }
        headers
    }

    fn then(&mut self, node: Node<'_>) -> CaseThen {
        let span = self.span(&node);
        let mut cursor = Cursor::of(node);
        cursor.take(Rule::k_then);
        let status = self.number(cursor.take(Rule::status));
        let error = cursor.opt(Rule::problem_name).map(|node| self.ident(node));
        let body = self.opt_case_body(&mut cursor);
        CaseThen { status, error, body, headers: self.header_values(&mut cursor), span }
    }
}

#[cfg(test)]
mod tests {
    use crate::lower::samples::{item, words};
    use crate::tree::{CaseBody, ItemKind, MockAnswerKind};

    #[test]
    fn consumers() {
        let text = "consumer mobile <m@shop.example> uses v1 { GET /me, GET /products/{id} (title, price.amount) }, v2026-01-01";
        let ItemKind::Consumer(consumer) = item(text) else { panic!() };
        assert_eq!(consumer.contact.as_deref(), Some("m@shop.example"));
        let [first, second] = &consumer.uses[..] else { panic!() };
        assert_eq!(
            (first.version.text.as_str(), second.version.text.as_str()),
            ("1", "2026-01-01")
        );
        assert_eq!(words(&first.endpoints.as_ref().unwrap()[1].fields), ["title", "price.amount"]);
        assert_eq!(second.endpoints, None);
    }

    #[test]
    fn cases() {
        let text = "case \"it works\" smoke {\n  when POST /v2/orders?a,b as customer { sub: \"1\" }\n    header X = 1\n\
                    body { a: 1 }\n    env KEY = \"k\"\n  pricing GET /q -> 409 { a: [] }\n  stock GET /s\n    header Y = 2\n    -> timeout\n    -> 200 text \"no json\" after 50ms header Y = 1\n\
                    orders never\n  then 409 OutOfStock { a: 1 }\n    header Z = 3\n}";
        let ItemKind::Case(case) = item(text) else { panic!() };
        assert!(case.smoke);
        let (when, then) = (case.when.unwrap(), case.then.unwrap());
        assert_eq!(when.env.len(), 1);
        assert_eq!(when.target.text, "/v2/orders?a,b");
        assert!(when.principal.unwrap().1.is_some() && when.body.is_some());
        let [pricing, stock, orders] = &case.mocks[..] else { panic!() };
        let answers = [pricing, stock].map(|mock| &mock.exchange.as_ref().unwrap().answers[..]);
        let [[refused], [never, late]] = answers else { panic!() };
        assert!(matches!(&refused.kind, MockAnswerKind::Status(_, Some(CaseBody::Json(_)))));
        assert!(matches!(&never.kind, MockAnswerKind::Failure(word) if word.text == "timeout"));
        assert!(matches!(&late.kind, MockAnswerKind::Status(_, Some(CaseBody::Text(_)))));
        assert_eq!(late.delay.as_ref().map(|delay| delay.text.as_str()), Some("50ms"));
        assert_eq!(late.headers.len(), 1);
        assert_eq!(orders.exchange, None);
        assert_eq!((then.error.unwrap().text.as_str(), then.headers.len()), ("OutOfStock", 1));
    }

    #[test]
    fn an_answer_of_any_value_names_no_error() {
        let ItemKind::Case(case) = item("case \"x\" { when GET /x\n then 200 any uuid }") else {
            panic!()
        };
        let then = case.then.unwrap();
        assert_eq!(then.error, None);
        assert!(then.body.is_some());
    }
}
