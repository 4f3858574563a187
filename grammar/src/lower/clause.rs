//! Clauses: limits on calls and requests.

use super::Lower;
use super::cursor::{Cursor, Node, only};
use crate::parse::Rule;
use crate::tree::{Cache, Clause, ClauseKind, Limit, SizeLit, Timeout};

impl Lower<'_> {
    pub(super) fn clause(&mut self, node: Node<'_>) -> Clause {
        let node = only(node);
        let span = self.span(&node);
        let kind = match node.as_rule() {
            Rule::access => self.access(node),
            Rule::limit => ClauseKind::Limit(self.limit(node)),
            Rule::timeout => ClauseKind::Timeout(self.timeout(node)),
            Rule::cache => ClauseKind::Cache(self.cache(node)),
            Rule::max_body => ClauseKind::MaxBody(self.max_body(node)),
            Rule::cors => {
                let atoms = node.into_inner().filter(|node| node.as_rule() == Rule::atom);
                ClauseKind::Cors(atoms.map(|node| self.atom(node)).collect())
            }
            Rule::unknown => {
                let rules: Vec<Rule> = node.into_inner().map(|node| node.as_rule()).collect();
                let (params, ignored) = (rules.contains(&Rule::k_params), rules.contains(&Rule::k_ignored));
                ClauseKind::Unknown { params, ignored }
            }
            _ => ClauseKind::Use(self.second_ident(node)),
        };
        Clause { kind, span }
    }

    fn access(&mut self, node: Node<'_>) -> ClauseKind {
        let mut cursor = Cursor::of(node);
        if cursor.flag(Rule::k_public) {
            return ClauseKind::Public;
        }
        let (mut schemes, mut scopes) = (Vec::new(), Vec::new());
        while let Some(node) = cursor.next() {
            match node.as_rule() {
                Rule::ident => schemes.push(self.ident(node)),
                Rule::string => scopes.push(self.string(node)),
                _ => {}
            }
        }
        ClauseKind::Auth { schemes, scopes }
    }

    fn limit(&mut self, node: Node<'_>) -> Limit {
        let mut cursor = Cursor::of(node);
        cursor.take(Rule::k_limit);
        cursor.flag(Rule::k_none);
        let rate = cursor.opt(Rule::rate).map(|node| self.ident(node));
        let burst = cursor.flag(Rule::k_burst).then(|| self.number(cursor.take(Rule::number)));
        let (mut per, mut per_header) = (Vec::new(), false);
        if let Some(node) = cursor.opt(Rule::per) {
            let mut cursor = Cursor::of(node);
            cursor.take(Rule::k_per);
            per_header = cursor.flag(Rule::k_header);
            while let Some(word) = cursor.next() {
                per.push(self.ident(word));
            }
        }
        Limit { rate, burst, per, per_header, shared: cursor.flag(Rule::k_shared) }
    }

    pub(super) fn timeout(&mut self, node: Node<'_>) -> Timeout {
        let mut cursor = Cursor::of(node);
        cursor.take(Rule::k_timeout);
        match cursor.opt(Rule::duration) {
            Some(node) => Timeout::Fixed(self.duration(node)),
            None => Timeout::Env(self.env_value(cursor.take(Rule::env_v))),
        }
    }

    fn cache(&mut self, node: Node<'_>) -> Cache {
        let mut cursor = Cursor::of(node);
        cursor.take(Rule::k_cache);
        cursor.flag(Rule::k_none);
        let private = cursor.flag(Rule::k_private);
        let fresh = cursor.opt(Rule::duration).map(|node| self.duration(node));
        let stale = cursor.flag(Rule::k_stale).then(|| self.duration(cursor.take(Rule::duration)));
        Cache { private, fresh, stale }
    }

    pub(super) fn max_body(&mut self, node: Node<'_>) -> SizeLit {
        let mut cursor = Cursor::of(node);
        cursor.take(Rule::k_max_body);
        self.size(cursor.take(Rule::size))
    }
}
