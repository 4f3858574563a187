//! Consumers and cases.

use super::Printer;
use super::block::Row;
use super::item::{contact, dyn_rows};
use super::layout::Layout;
use crate::span::Span;
use crate::tree::{
    Case, CaseBody, CaseEnv, CaseThen, CaseWhen, Consumer, Exchange, HeaderValue, Mock, MockAnswer,
    MockAnswerKind, UseEndpoint, UseOf,
};

impl Row for UseEndpoint {
    fn span(&self) -> Span {
        self.span
    }

    fn layout(&self, printer: &mut Printer<'_>) -> Layout {
        let head = Layout::from(format!("{} ", self.method.text)).then(printer.path(&self.path));
        let fields = self.fields.iter().map(|field| printer.source(field.span));
        let fields = (!self.fields.is_empty()).then(|| Layout::join(fields, ", ").then(")"));
        head.then_if(" (", fields)
    }
}

impl Row for CaseWhen {
    fn span(&self) -> Span {
        self.span
    }

    fn layout(&self, printer: &mut Printer<'_>) -> Layout {
        let head = Layout::from(format!("when {} {}", self.method.text, self.target.text));
        let (head, head_end) = match &self.principal {
            Some((name, claims)) => {
                let claims_end = claims.as_ref().map(|claims| claims.span.range().end);
                let claims = claims.as_ref().map(|claims| printer.object(claims));
                let head = head.then(format!(" as {}", name.text)).then_if(" ", claims);
                (head, claims_end.unwrap_or(name.span.range().end))
            }
            None => (head, self.target.span.range().end),
        };
        let body = self.body.as_ref().map(WhenBody);
        let mut rows = dyn_rows(&self.headers);
        rows.extend(dyn_rows(&self.env));
        rows.extend(body.iter().map(|body| body as &dyn Row));
        rows.sort_by_key(|row| row.span().start);
        printer.hang(head, head_end, &rows)
    }
}

/// The body of a case's request.
struct WhenBody<'t>(&'t CaseBody);

impl Row for WhenBody<'_> {
    fn span(&self) -> Span {
        self.0.value().span
    }

    fn layout(&self, printer: &mut Printer<'_>) -> Layout {
        Layout::from("body ").then(printer.case_body(self.0))
    }
}

impl Row for CaseEnv {
    fn span(&self) -> Span {
        self.span
    }

    fn layout(&self, printer: &mut Printer<'_>) -> Layout {
        Layout::from(format!("env {} = ", self.name.text)).then(printer.value(&self.value))
    }
}

impl Row for HeaderValue {
    fn span(&self) -> Span {
        self.name.span.to(self.value.span)
    }

    fn layout(&self, printer: &mut Printer<'_>) -> Layout {
        printer.header_value(self)
    }
}

impl Row for Mock {
    fn span(&self) -> Span {
        self.span
    }

    fn layout(&self, printer: &mut Printer<'_>) -> Layout {
        match &self.exchange {
            None => Layout::from(format!("{} never", self.backend.text)),
            Some(exchange) => printer.exchange(&self.backend.text, exchange),
        }
    }
}

impl Row for MockAnswer {
    fn span(&self) -> Span {
        self.span
    }

    fn layout(&self, printer: &mut Printer<'_>) -> Layout {
        let answer = match &self.kind {
            MockAnswerKind::Failure(word) => Layout::from(format!("-> {}", word.text)),
            MockAnswerKind::Status(status, body) => {
                let body = body.as_ref().map(|body| printer.case_body(body));
                Layout::from(format!("-> {}", status.text)).then_if(" ", body)
            }
        };
        let delay = self.delay.as_ref().map(|delay| Layout::from(delay.text.as_str()));
        answer.then_if(" after ", delay)
    }
}

impl Row for CaseThen {
    fn span(&self) -> Span {
        self.span
    }

    fn layout(&self, printer: &mut Printer<'_>) -> Layout {
        let error = self.error.as_ref().map(|error| printer.source(error.span));
        let head = Layout::from(format!("then {}", self.status.text)).then_if(" ", error);
        let head = head.then_if(" ", self.body.as_ref().map(|body| printer.case_body(body)));
        let spans = [
            self.body.as_ref().map(|body| body.value().span),
            self.error.as_ref().map(|error| error.span),
        ];
        let last = spans.into_iter().flatten().next().unwrap_or(self.status.span);
        printer.hang(head, last.range().end, &dyn_rows(&self.headers))
    }
}

impl Printer<'_> {
    pub(super) fn consumer(&mut self, consumer: &Consumer) -> Layout {
        let head = format!(
            "consumer {}{} uses ",
            consumer.name.text,
            contact(consumer.contact.as_deref())
        );
        let uses: Vec<Layout> = consumer.uses.iter().map(|of| self.use_of(of)).collect();
        Layout::from(head).then(Layout::join(uses, ", "))
    }

    fn use_of(&mut self, of: &UseOf) -> Layout {
        let endpoints =
            of.endpoints.as_ref().map(|endpoints| self.braces(&dyn_rows(endpoints), of.span));
        Layout::from(format!("v{}", of.version.text)).then_if(" ", endpoints)
    }

    /// A case is never on one line: its request target may hold commas.
    pub(super) fn case(&mut self, case: &Case, span: Span) -> Layout {
        let smoke = if case.smoke { "smoke " } else { "" };
        let head =
            Layout::from("case ").then(self.source(case.title.span)).then(format!(" {smoke}"));
        let mut rows: Vec<&dyn Row> = case.when.iter().map(|when| when as &dyn Row).collect();
        rows.extend(dyn_rows(&case.mocks));
        rows.extend(case.then.iter().map(|then| then as &dyn Row));
        match self.braces(&rows, span) {
            Layout::Group { parts, .. } => head.then(Layout::Group { broken: true, parts }),
            braces => head.then(braces),
        }
    }

    fn exchange(&mut self, backend: &str, exchange: &Exchange) -> Layout {
        let request = format!("{backend} {} {}", exchange.method.text, exchange.target.text);
        let body = exchange.body.as_ref().map(|body| self.case_body(body));
        let head_end =
            exchange.body.as_ref().map_or(exchange.target.span, |body| body.value().span);
        let mut rows = dyn_rows(&exchange.headers);
        for answer in &exchange.answers {
            rows.push(answer);
            rows.extend(dyn_rows(&answer.headers));
        }
        self.hang(Layout::from(request).then_if(" ", body), head_end.range().end, &rows)
    }

    fn case_body(&mut self, body: &CaseBody) -> Layout {
        match body {
            CaseBody::Json(value) => self.value(value),
            CaseBody::Text(value) => Layout::from("text ").then(self.value(value)),
        }
    }
}
