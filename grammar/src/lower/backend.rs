//! Backends and their operations.

use super::cursor::{Cursor, Node, only};
use super::{Lower, Place};
use crate::parse::Rule;
use crate::tree::{
    Address, Backend, BackendMember, BackendMemberKind, Breaker, Condition, HeaderValue, InFlight,
    Operation, Retry, TokenMember, TokenOf,
};

impl Lower<'_> {
    pub(super) fn backend(&mut self, node: Node<'_>) -> Backend {
        let block = node.clone().into_inner().any(|node| node.as_rule() == Rule::close);
        let mut cursor = Cursor::of(node);
        cursor.take(Rule::k_backend);
        let name = self.ident(cursor.take(Rule::ident));
        cursor.take(Rule::k_at);
        let address = match cursor.opt(Rule::string) {
            Some(node) => Address::Url(self.string(node)),
            None => Address::Env(self.env_value(cursor.take(Rule::env_v))),
        };
        let members = self.members(&mut cursor, Place::Backend, Self::backend_member);
        Backend { name, address, members, block }
    }

    fn backend_member(&mut self, node: Node<'_>) -> BackendMember {
        let mut cursor = Cursor::of(node);
        let doc = self.doc(&mut cursor);
        let node = cursor.any();
        let span = self.span(&node);
        let kind = match node.as_rule() {
            Rule::owner => BackendMemberKind::Owner(self.owner(node)),
            Rule::timeout => BackendMemberKind::Timeout(self.timeout(node)),
            Rule::retry => BackendMemberKind::Retry(self.retry(node)),
            Rule::in_flight => BackendMemberKind::InFlight(self.in_flight(node)),
            Rule::breaker => BackendMemberKind::Breaker(self.breaker(node)),
            Rule::send => {
                let mut cursor = Cursor::of(node);
                cursor.take(Rule::k_send);
                BackendMemberKind::Send(self.header_value(cursor.take(Rule::header_value)))
            }
            Rule::send_token => BackendMemberKind::Token(self.token_of(node)),
            Rule::max_body => BackendMemberKind::MaxBody(self.max_body(node)),
            Rule::ca => {
                let mut cursor = Cursor::of(node);
                cursor.take(Rule::k_ca);
                BackendMemberKind::Ca(self.env_value(cursor.take(Rule::env_v)))
            }
            Rule::certificate => {
                let mut cursor = Cursor::of(node);
                cursor.take(Rule::k_certificate);
                let chain = self.env_value(cursor.take(Rule::env_v));
                cursor.take(Rule::k_key);
                let key = self.env_value(cursor.take(Rule::env_v));
                BackendMemberKind::Certificate { chain, key }
            }
            _ => BackendMemberKind::Operation(self.operation(node)),
        };
        BackendMember { kind, doc, span }
    }

    fn token_of(&mut self, node: Node<'_>) -> TokenOf {
        let span = self.span(&node);
        let mut cursor = Cursor::of(node);
        cursor.take(Rule::k_send);
        cursor.take(Rule::k_token);
        cursor.take(Rule::k_from);
        let from = self.env_value(cursor.take(Rule::env_v));
        let mut members = Vec::new();
        while let Some(node) = cursor.next() {
            if node.as_rule() == Rule::token_m {
                members.push(self.token_member(node));
            }
        }
        TokenOf { from, members, span }
    }

    fn token_member(&mut self, node: Node<'_>) -> TokenMember {
        let node = only(node);
        let rule = node.as_rule();
        let mut cursor = Cursor::of(node);
        cursor.any();
        match rule {
            Rule::token_client => TokenMember::Client(self.value(cursor.take(Rule::value))),
            Rule::secret => TokenMember::Secret(self.env_value(cursor.take(Rule::env_v))),
            Rule::audience => TokenMember::Audience(self.value(cursor.take(Rule::value))),
            _ => {
                let mut scopes = Vec::new();
                while let Some(node) = cursor.next() {
                    if node.as_rule() == Rule::string {
                        scopes.push(self.string(node));
                    }
                }
                TokenMember::Scope(scopes)
            }
        }
    }

    fn retry(&mut self, node: Node<'_>) -> Retry {
        let mut cursor = Cursor::of(node);
        cursor.take(Rule::k_retry);
        let attempts = self.number(cursor.take(Rule::number));
        cursor.flag(Rule::k_on);
        Retry { attempts, on: self.conditions(&mut cursor) }
    }

    /// The conditions that `cursor` is at.
    pub(super) fn conditions(&mut self, cursor: &mut Cursor<'_>) -> Vec<Condition> {
        let mut conditions = Vec::new();
        while let Some(node) = cursor.opt(Rule::cond) {
            conditions.push(Condition { text: node.as_str().to_owned(), span: self.leaf(&node) });
        }
        conditions
    }

    pub(super) fn in_flight(&mut self, node: Node<'_>) -> InFlight {
        let mut cursor = Cursor::of(node);
        cursor.take(Rule::k_in);
        cursor.take(Rule::k_flight);
        let most = self.number(cursor.take(Rule::number));
        let wait = cursor.flag(Rule::k_wait).then(|| self.duration(cursor.take(Rule::duration)));
        InFlight { most, wait }
    }

    fn breaker(&mut self, node: Node<'_>) -> Breaker {
        let mut cursor = Cursor::of(node);
        cursor.take(Rule::k_breaker);
        let failures = self.number(cursor.take(Rule::number));
        cursor.take(Rule::k_failures);
        let within = cursor.flag(Rule::k_in).then(|| self.duration(cursor.take(Rule::duration)));
        cursor.take(Rule::k_then);
        cursor.take(Rule::k_open);
        Breaker { failures, within, open: self.duration(cursor.take(Rule::duration)) }
    }

    pub(super) fn header_value(&mut self, node: Node<'_>) -> HeaderValue {
        let mut cursor = Cursor::of(node);
        cursor.take(Rule::k_header);
        let name = self.ident(cursor.take(Rule::name));
        HeaderValue { name, value: self.value(cursor.take(Rule::value)) }
    }

    fn operation(&mut self, node: Node<'_>) -> Operation {
        let mut cursor = Cursor::of(node);
        let name = self.ident(cursor.take(Rule::ident));
        let method = self.method(cursor.take(Rule::method));
        let path = self.call_path(cursor.take(Rule::call_path));
        let form = cursor.opt(Rule::as_form).is_some();
        let first = self.ty(cursor.take(Rule::ty));
        let (body, result) = match cursor.opt(Rule::ty) {
            Some(result) => (Some(first), self.ty(result)),
            None => (None, first),
        };
        Operation { name, method, path, body, form, result }
    }
}

#[cfg(test)]
mod tests {
    use crate::lower::samples::item;
    use crate::tree::{Address, Backend, BackendMemberKind, Base, CallPart, ItemKind, Timeout};

    #[track_caller]
    fn backend(text: &str) -> Backend {
        let ItemKind::Backend(backend) = item(text) else { panic!() };
        backend
    }

    #[test]
    fn an_address_with_and_without_a_block() {
        let bare = backend("backend a at env URL");
        assert!(matches!(&bare.address, Address::Env(env) if env.name.text == "URL"));
        assert!(!bare.block);
        let empty = backend("backend a at \"http://a:8080\" {}");
        assert!(matches!(&empty.address, Address::Url(url) if url.value == "http://a:8080"));
        assert!(empty.block && empty.members.is_empty());
    }

    #[test]
    fn what_holds_for_every_attempt() {
        let text = "backend a at env A { owner x, timeout env T = 1s, retry 2 on unreachable, 503, 4xx\n\
                    breaker 5 failures in 10s then open 30s\n send header X-Key = env KEY, max_body 2MB }";
        let kinds: Vec<_> = backend(text).members.into_iter().map(|member| member.kind).collect();
        let [_, timeout, retry, breaker, send, _] = &kinds[..] else { panic!("{kinds:?}") };
        assert!(
            matches!(timeout, BackendMemberKind::Timeout(Timeout::Env(env)) if env.options.is_some())
        );
        let BackendMemberKind::Retry(retry) = retry else { panic!() };
        let on: Vec<&str> = retry.on.iter().map(|condition| condition.text.as_str()).collect();
        assert_eq!((retry.attempts.text.as_str(), on), ("2", vec!["unreachable", "503", "4xx"]));
        let BackendMemberKind::Breaker(breaker) = breaker else { panic!() };
        assert_eq!(breaker.within.as_ref().map(|time| time.millis), Some(10_000));
        assert!(matches!(send, BackendMemberKind::Send(header) if header.name.text == "X-Key"));
    }

    #[test]
    fn operations_have_typed_holes() {
        let text = "backend a at env A {\n  level = POST /levels/{sku: Sku}?all ([Line]) -> { n: int } /// how many\n}";
        let mut backend = backend(text);
        let member = backend.members.remove(0);
        let BackendMemberKind::Operation(operation) = member.kind else { panic!() };
        assert!(matches!(&operation.path.segments[1][..], [CallPart::Hole { ty: Some(_), .. }]));
        assert!(matches!(operation.body.unwrap().base, Base::List(_)));
        assert!(matches!(operation.result.base, Base::Record(_)));
        let doc = member.doc.unwrap();
        assert_eq!((doc.lines, doc.trailing), (vec!["how many".to_owned()], true));
    }
}
