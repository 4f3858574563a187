//! Clauses.

use super::Printer;
use super::block::Row;
use super::layout::Layout;
use crate::span::Span;
use crate::tree::{
    Cache, Clause, ClauseKind, Compress, Compressed, Cors, Limit, Pages, StringLit, Timeout,
};

impl Row for Clause {
    fn span(&self) -> Span {
        self.span
    }

    fn layout(&self, printer: &mut Printer<'_>) -> Layout {
        printer.clause(self)
    }
}

impl Printer<'_> {
    pub(super) fn clause(&mut self, clause: &Clause) -> Layout {
        match &clause.kind {
            ClauseKind::Public => Layout::from("public"),
            ClauseKind::Auth { schemes, scopes, roles } => {
                let schemes =
                    Layout::join(schemes.iter().map(|name| self.source(name.span)), " or ");
                let all = |texts: &[StringLit]| {
                    let texts = texts.iter().map(|text| self.source(text.span));
                    Layout::join(texts.collect::<Vec<_>>(), " and ")
                };
                let scopes = (!scopes.is_empty()).then(|| all(scopes));
                let roles = (!roles.is_empty()).then(|| all(roles));
                let granted = Layout::from("auth ").then(schemes).then_if(" with scope ", scopes);
                granted.then_if(" with role ", roles)
            }
            ClauseKind::Limit(limit) => self.limit(limit),
            ClauseKind::Timeout(timeout) => self.timeout(timeout),
            ClauseKind::Cache(cache) => self.cache(cache),
            ClauseKind::MaxBody(size) => Layout::from("max_body ").then(self.source(size.span)),
            ClauseKind::Cors(cors) => self.cors(cors),
            ClauseKind::Compress(compress) => self.compress(compress),
            ClauseKind::Unknown { params, ignored } => {
                let what = if *params { "params" } else { "fields" };
                let how = if *ignored { "ignored" } else { "refused" };
                Layout::from(format!("unknown {what} {how}"))
            }
            ClauseKind::Use(name) => Layout::from("use ").then(self.source(name.span)),
        }
    }

    fn limit(&self, limit: &Limit) -> Layout {
        let Some(rate) = &limit.rate else { return Layout::from("limit none") };
        let burst = limit.burst.as_ref().map(|number| self.source(number.span));
        let words = limit.per.iter().map(|word| self.source(word.span));
        let per = (!limit.per.is_empty()).then(|| Layout::join(words, "."));
        Layout::from("limit ")
            .then(self.source(rate.span))
            .then_if(" burst ", burst)
            .then_if(if limit.per_header { " per header " } else { " per " }, per)
            .then_if(" across ", limit.across.as_ref().map(|name| self.source(name.span)))
            .when(limit.shared, " shared")
    }

    pub(super) fn timeout(&mut self, timeout: &Timeout) -> Layout {
        let time = match timeout {
            Timeout::Fixed(time) => self.source(time.span),
            Timeout::Env(env) => self.env_value(env),
        };
        Layout::from("timeout ").then(time)
    }

    fn cache(&self, cache: &Cache) -> Layout {
        let Some(fresh) = &cache.fresh else { return Layout::from("cache none") };
        let stale = cache.stale.as_ref().map(|time| self.source(time.span));
        Layout::from("cache ")
            .when(cache.private, "private ")
            .then(self.source(fresh.span))
            .then_if(" stale ", stale)
    }

    fn compress(&self, Compress { what, from }: &Compress) -> Layout {
        let what = match what {
            Compressed::None => "compress none",
            Compressed::Answers => "compress answers",
            Compressed::Requests => "compress requests",
            Compressed::Both => "compress",
        };
        Layout::from(what).then_if(" from ", from.as_ref().map(|size| self.source(size.span)))
    }

    fn cors(&mut self, cors: &Cors) -> Layout {
        let pages = match &cors.pages {
            Pages::None => return Layout::from("cors none"),
            Pages::Any => Layout::from("any"),
            Pages::Of(origins) => {
                let origins = origins.iter().map(|origin| self.value(origin)).collect::<Vec<_>>();
                Layout::join(origins, " or ")
            }
        };
        let max_age = cors.max_age.as_ref().map(|time| self.source(time.span));
        Layout::from("cors ")
            .then(pages)
            .when(cors.credentials.is_some(), " with credentials")
            .then_if(" max_age ", max_age)
    }
}
