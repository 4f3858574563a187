//! Backends and their operations.

use super::Printer;
use super::block::Row;
use super::item::dyn_rows;
use super::layout::Layout;
use crate::span::Span;
use crate::tree::{
    Address, Backend, BackendMember, BackendMemberKind, Breaker, Condition, Doc, HeaderValue,
    InFlight, Operation, Retry, TokenMember, TokenOf,
};

impl Row for BackendMember {
    fn span(&self) -> Span {
        self.span
    }

    fn doc(&self) -> Option<&Doc> {
        self.doc.as_ref()
    }

    fn layout(&self, printer: &mut Printer<'_>) -> Layout {
        match &self.kind {
            BackendMemberKind::Owner(owner) => printer.owner(owner),
            BackendMemberKind::Timeout(timeout) => printer.timeout(timeout),
            BackendMemberKind::Retry(retry) => printer.retry(retry),
            BackendMemberKind::Breaker(breaker) => printer.breaker(breaker),
            BackendMemberKind::InFlight(in_flight) => printer.in_flight(in_flight),
            BackendMemberKind::Send(header) => {
                Layout::from("send ").then(printer.header_value(header))
            }
            BackendMemberKind::Token(token) => printer.token_of(token),
            BackendMemberKind::MaxBody(size) => {
                Layout::from("max_body ").then(printer.source(size.span))
            }
            BackendMemberKind::Ca(env) => Layout::from("ca ").then(printer.env_value(env)),
            BackendMemberKind::Certificate { chain, key } => {
                let chain = Layout::from("certificate ").then(printer.env_value(chain));
                chain.then(" key ").then(printer.env_value(key))
            }
            BackendMemberKind::Operation(operation) => printer.operation(operation),
            BackendMemberKind::Bad => printer.source(self.span),
        }
    }
}

impl Row for TokenMember {
    fn span(&self) -> Span {
        match self {
            Self::Client(value) | Self::Audience(value) => value.span,
            Self::Secret(from) => from.span,
            Self::Scope(scopes) => match (scopes.first(), scopes.last()) {
                (Some(first), Some(last)) => first.span.to(last.span),
                _ => Span::default(),
            },
        }
    }

    fn layout(&self, printer: &mut Printer<'_>) -> Layout {
        match self {
            Self::Client(value) => Layout::from("client ").then(printer.value(value)),
            Self::Secret(from) => Layout::from("secret ").then(printer.env_value(from)),
            Self::Scope(scopes) => {
                let scopes = scopes.iter().map(|one| printer.source(one.span));
                Layout::from("scope ").then(Layout::join(scopes, " and "))
            }
            Self::Audience(value) => Layout::from("audience ").then(printer.value(value)),
        }
    }
}

impl Printer<'_> {
    fn token_of(&mut self, token: &TokenOf) -> Layout {
        let from = self.env_value(&token.from);
        let block = self.braces(&dyn_rows(&token.members), token.span);
        Layout::from("send token from ").then(from).then(" ").then(block)
    }

    pub(super) fn backend(&mut self, backend: &Backend, span: Span) -> Layout {
        let address = match &backend.address {
            Address::Env(env) => self.env_value(env),
            Address::Url(url) => self.source(url.span),
        };
        let head = Layout::from(format!("backend {} at ", backend.name.text)).then(address);
        let block = backend.block.then(|| self.braces(&dyn_rows(&backend.members), span));
        head.then_if(" ", block)
    }

    fn retry(&self, retry: &Retry) -> Layout {
        let on = (!retry.on.is_empty()).then(|| self.conditions(&retry.on));
        Layout::from("retry ").then(self.source(retry.attempts.span)).then_if(" on ", on)
    }

    pub(super) fn conditions(&self, conditions: &[Condition]) -> Layout {
        Layout::join(conditions.iter().map(|condition| self.source(condition.span)), ", ")
    }

    pub(super) fn in_flight(&self, in_flight: &InFlight) -> Layout {
        let wait = in_flight.wait.as_ref().map(|time| self.source(time.span));
        let most = self.source(in_flight.most.span);
        Layout::from("in flight ").then(most).then_if(" wait ", wait)
    }

    fn breaker(&self, breaker: &Breaker) -> Layout {
        let within = breaker.within.as_ref().map(|time| self.source(time.span));
        Layout::from("breaker ")
            .then(self.source(breaker.failures.span))
            .then(" failures")
            .then_if(" in ", within)
            .then(" then open ")
            .then(self.source(breaker.open.span))
    }

    pub(super) fn header_value(&mut self, header: &HeaderValue) -> Layout {
        Layout::from(format!("header {} = ", header.name.text)).then(self.value(&header.value))
    }

    fn operation(&mut self, operation: &Operation) -> Layout {
        let head = format!("{} = {} ", operation.name.text, operation.method.text);
        let request = Layout::from(head).then(self.call_path(&operation.path));
        let request = match &operation.body {
            Some(body) => {
                let open = if operation.form { " (form " } else { " (" };
                request.then(open).then(self.ty(body)).then(")")
            }
            None => request,
        };
        request.then(" -> ").then(self.ty(&operation.result))
    }
}
