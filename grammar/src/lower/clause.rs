//! Clauses: limits on calls and requests.

use super::Lower;
use super::cursor::{Cursor, Node, only};
use crate::parse::Rule;
use crate::tree::{
    Cache, Clause, ClauseKind, Compress, Compressed, Cors, Limit, Pages, SizeLit, Timeout,
};

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
            Rule::cors => ClauseKind::Cors(self.cors(node)),
            Rule::compress => ClauseKind::Compress(self.compress(node)),
            Rule::unknown => {
                let rules: Vec<Rule> = node.into_inner().map(|node| node.as_rule()).collect();
                let (params, ignored) =
                    (rules.contains(&Rule::k_params), rules.contains(&Rule::k_ignored));
                ClauseKind::Unknown { params, ignored }
            }
            _ => {
                let mut cursor = Cursor::of(node);
                cursor.take(Rule::k_use);
                ClauseKind::Use(self.ident(cursor.take(Rule::qual)))
            }
        };
        Clause { kind, span }
    }

    fn access(&mut self, node: Node<'_>) -> ClauseKind {
        let mut cursor = Cursor::of(node);
        if cursor.flag(Rule::k_public) {
            return ClauseKind::Public;
        }
        let (mut schemes, mut scopes, mut roles) = (Vec::new(), Vec::new(), Vec::new());
        while let Some(node) = cursor.next() {
            match node.as_rule() {
                Rule::qual => schemes.push(self.ident(node)),
                Rule::granted => {
                    let mut granted = Cursor::of(node);
                    granted.take(Rule::k_with);
                    let of = if granted.flag(Rule::k_role) { &mut roles } else { &mut scopes };
                    while let Some(node) = granted.next() {
                        if node.as_rule() == Rule::string {
                            of.push(self.string(node));
                        }
                    }
                }
                _ => {}
            }
        }
        ClauseKind::Auth { schemes, scopes, roles }
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
        let across = cursor.opt(Rule::across).map(|node| {
            let mut cursor = Cursor::of(node);
            cursor.take(Rule::k_across);
            self.ident(cursor.any())
        });
        Limit { rate, burst, per, per_header, across, shared: cursor.flag(Rule::k_shared) }
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

    fn cors(&mut self, node: Node<'_>) -> Cors {
        let mut cursor = Cursor::of(node);
        cursor.take(Rule::k_cors);
        let pages = if cursor.flag(Rule::k_none) {
            Pages::None
        } else if cursor.flag(Rule::k_any) {
            Pages::Any
        } else {
            Pages::Of(self.atoms(&mut cursor))
        };
        let credentials =
            cursor.flag(Rule::k_with).then(|| self.span(&cursor.take(Rule::k_credentials)));
        let max_age =
            cursor.flag(Rule::k_max_age).then(|| self.duration(cursor.take(Rule::duration)));
        Cors { pages, credentials, max_age }
    }

    fn compress(&mut self, node: Node<'_>) -> Compress {
        let mut cursor = Cursor::of(node);
        cursor.take(Rule::k_compress);
        let what = if cursor.flag(Rule::k_none) {
            Compressed::None
        } else if cursor.flag(Rule::k_requests) {
            Compressed::Requests
        } else if cursor.flag(Rule::k_answers) {
            Compressed::Answers
        } else {
            Compressed::Both
        };
        let from = cursor.flag(Rule::k_from).then(|| self.size(cursor.take(Rule::size)));
        Compress { what, from }
    }

    pub(super) fn max_body(&mut self, node: Node<'_>) -> SizeLit {
        let mut cursor = Cursor::of(node);
        cursor.take(Rule::k_max_body);
        self.size(cursor.take(Rule::size))
    }
}

#[cfg(test)]
mod tests {
    use crate::lower::samples::{item, words};
    use crate::tree::{ClauseKind, Compressed, ItemKind, Limit, Pages, Timeout};

    #[track_caller]
    fn clause(text: &str) -> ClauseKind {
        let ItemKind::Policy(mut policy) = item(&format!("policy p {{ {text} }}")) else {
            panic!()
        };
        policy.clauses.remove(0).kind
    }

    #[test]
    fn access() {
        assert_eq!(clause("public"), ClauseKind::Public);
        let ClauseKind::Auth { schemes, scopes, .. } =
            clause("auth a or b with scope \"x\" and \"y\"")
        else {
            panic!()
        };
        let scopes: Vec<&str> = scopes.iter().map(|scope| scope.value.as_str()).collect();
        assert_eq!((words(&schemes), scopes), (vec!["a", "b"], vec!["x", "y"]));
    }

    #[test]
    fn limits() {
        let ClauseKind::Limit(Limit { rate, burst, per, per_header, across, shared }) =
            clause("limit 50/s burst 10 per customer.sub across orders shared")
        else {
            panic!()
        };
        assert_eq!((rate.unwrap().text.as_str(), burst.unwrap().text.as_str()), ("50/s", "10"));
        assert_eq!((words(&per), per_header, shared), (vec!["customer", "sub"], false, true));
        assert_eq!(across.unwrap().text, "orders");
        assert!(
            matches!(clause("limit 5/s per header X-Id"), ClauseKind::Limit(limit) if limit.per_header)
        );
        assert!(matches!(clause("limit none"), ClauseKind::Limit(limit) if limit.rate.is_none()));
    }

    #[test]
    fn caches_and_times() {
        let ClauseKind::Cache(cache) = clause("cache private 30s stale 5min") else { panic!() };
        assert_eq!(
            (cache.private, cache.fresh.unwrap().millis, cache.stale.unwrap().millis),
            (true, 30_000, 300_000)
        );
        assert!(matches!(clause("cache none"), ClauseKind::Cache(cache) if cache.fresh.is_none()));
        assert!(
            matches!(clause("timeout 2s"), ClauseKind::Timeout(Timeout::Fixed(time)) if time.millis == 2000)
        );
        assert!(
            matches!(clause("timeout env T"), ClauseKind::Timeout(Timeout::Env(env)) if env.name.text == "T")
        );
    }

    #[test]
    fn the_other_clauses() {
        assert!(
            matches!(clause("max_body 64KB"), ClauseKind::MaxBody(size) if size.bytes == 65_536)
        );
        assert!(
            matches!(clause("max_body 2MB"), ClauseKind::MaxBody(size) if size.bytes == 2_097_152)
        );
        assert_eq!(
            clause("unknown fields refused"),
            ClauseKind::Unknown { params: false, ignored: false }
        );
        assert_eq!(
            clause("unknown params ignored"),
            ClauseKind::Unknown { params: true, ignored: true }
        );
        assert!(matches!(clause("use fast"), ClauseKind::Use(name) if name.text == "fast"));
    }

    #[test]
    fn pages_of_other_origins() {
        let cors = |text: &str| match clause(text) {
            ClauseKind::Cors(cors) => cors,
            _ => panic!(),
        };
        let all = cors("cors \"a\" or env B or \"c\" with credentials max_age 10min");
        assert!(matches!(&all.pages, Pages::Of(origins) if origins.len() == 3));
        assert!(all.credentials.is_some());
        assert_eq!(all.max_age.map(|time| time.millis), Some(600_000));
        let any = cors("cors any max_age 1h");
        assert_eq!((any.pages, any.credentials), (Pages::Any, None));
        assert_eq!(cors("cors none").pages, Pages::None);
    }

    #[test]
    fn what_may_be_compressed() {
        for (text, what, from) in [
            ("compress", Compressed::Both, None),
            ("compress from 4KB", Compressed::Both, Some(4096)),
            ("compress answers from 1KB", Compressed::Answers, Some(1024)),
            ("compress requests", Compressed::Requests, None),
            ("compress none", Compressed::None, None),
        ] {
            let ClauseKind::Compress(found) = clause(text) else { panic!() };
            assert_eq!((found.what, found.from.map(|size| size.bytes)), (what, from), "{text}");
        }
    }

    #[test]
    fn quantities_beyond_every_number_are_capped() {
        let nines = "9".repeat(30);
        let ClauseKind::MaxBody(size) = clause(&format!("max_body {nines}MB")) else { panic!() };
        assert_eq!((size.bytes, size.text), (u64::MAX, format!("{nines}MB")));
    }
}
