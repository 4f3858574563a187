//! Calls.

use super::Printer;
use super::block::{Row, Style};
use super::item::dyn_rows;
use super::layout::Layout;
use crate::span::Span;
use crate::tree::{
    Call, CallPart, CallPath, CallTarget, Each, Ident, Outcome, Tail, TailKind, Value, ValueKind,
};

impl Row for Tail {
    fn span(&self) -> Span {
        self.span
    }

    fn layout(&self, printer: &mut Printer<'_>) -> Layout {
        match &self.kind {
            TailKind::With(header) => Layout::from("with ").then(printer.header_value(header)),
            TailKind::Within(time) => Layout::from("within ").then(printer.source(time.span)),
            TailKind::Copy(to) => Layout::from(format!("copy to {}", to.text)),
            TailKind::When(value) => Layout::from("when ").then(printer.value(value)),
            TailKind::On(conditions, outcome) => {
                let head = Layout::from("on ").then(printer.conditions(conditions)).then(" ");
                head.then(printer.outcome(outcome))
            }
            TailKind::Else(outcome) => Layout::from("else ").then(printer.outcome(outcome)),
        }
    }
}

/// An argument of an operation.
struct Argument<'t>(&'t Ident, &'t Value);

impl Row for Argument<'_> {
    fn span(&self) -> Span {
        self.0.span.to(self.1.span)
    }

    fn layout(&self, printer: &mut Printer<'_>) -> Layout {
        Layout::from(format!("{}: ", self.0.text)).then(printer.value(self.1))
    }
}

impl Printer<'_> {
    /// Tails stay on the call's line if they were written there and fit.
    pub(super) fn call(&mut self, call: &Call) -> Layout {
        let ty = call.ty.as_ref().map(|ty| self.ty(ty));
        let head = Layout::from(call.name.text.as_str()).then_if(": ", ty).then(" = ");
        let each = call.each.as_ref().map(|each| self.each(each));
        let head = match each {
            Some(each) => head.then(each).then(" "),
            None => head,
        };
        let head = if call.stream.is_some() { head.then("stream ") } else { head };
        let head = head.then(call.backend.text.as_str()).then(self.target(&call.target));
        let form = if call.form.is_some() { "form " } else { "" };
        let body = call.body.as_ref().map(|body| self.sent(form, body));
        let cache = call.cache.as_ref().map(|time| self.source(time.span));
        let stale = call.stale.as_ref().map(|time| self.source(time.span));
        let head = head.then_if(" ", body).then_if(" cache ", cache).then_if(" stale ", stale);
        if call.tails.is_empty() {
            head
        } else {
            self.hang(head, end(call), &dyn_rows(&call.tails))
        }
    }

    fn each(&mut self, each: &Each) -> Layout {
        let head = Layout::from(format!("each {} of ", each.element.text))
            .then(self.reference(&each.list));
        match &each.max {
            Some(max) => head.then(format!(" max {}:", max.text)),
            None => head.then(":"),
        }
    }

    fn target(&mut self, target: &CallTarget) -> Layout {
        match target {
            CallTarget::Request { method, path } => {
                Layout::from(format!(" {} ", method.text)).then(self.call_path(path))
            }
            CallTarget::Operation { name, arguments } if arguments.is_empty() => {
                Layout::from(format!(".{}", name.text))
            }
            CallTarget::Operation { name, arguments } => {
                let rows: Vec<Argument<'_>> =
                    arguments.iter().map(|(name, value)| Argument(name, value)).collect();
                let ends =
                    rows.first().zip(rows.last()).map(|(first, last)| first.span().to(last.span()));
                let span = ends.map_or(name.span, |ends| self.to_parenthesis(name.span.to(ends)));
                let arguments = self.enclosed(("(", ")"), &dyn_rows(&rows), Style::BRACKETS, span);
                Layout::from(format!(".{}", name.text)).then(arguments)
            }
        }
    }

    /// `span` with everything up to the parenthesis that closes behind it, comments included.
    fn to_parenthesis(&self, span: Span) -> Span {
        let mut end = span.range().end;
        for line in self.text.get(end..).unwrap_or_default().split_inclusive('\n') {
            let code = line.split("//").next().unwrap_or_default();
            if let Some(found) = code.find(')') {
                end += found + 1;
                break;
            }
            end += line.len();
        }
        Span { end: u32::try_from(end).unwrap_or(u32::MAX), ..span }
    }

    fn sent(&mut self, form: &str, body: &Value) -> Layout {
        match &body.kind {
            ValueKind::Object(object) => Layout::from(form).then(self.object(object)),
            _ => Layout::from(format!("({form}")).then(self.value(body)).then(")"),
        }
    }

    pub(super) fn call_path(&mut self, path: &CallPath) -> Layout {
        let mut layout = if path.segments.is_empty() { Layout::from("/") } else { Layout::empty() };
        for segment in &path.segments {
            layout = layout.then("/").then(self.call_parts(segment));
        }
        for (index, pair) in path.query.iter().enumerate() {
            let name =
                Layout::from(if index == 0 { "?" } else { "&" }).then(self.source(pair.name.span));
            layout = layout
                .then(name.then_if("=", pair.value.as_ref().map(|parts| self.call_parts(parts))));
        }
        layout
    }

    fn call_parts(&mut self, parts: &[CallPart]) -> Layout {
        let parts = parts.iter().map(|part| match part {
            CallPart::Text(text) => self.source(text.span),
            CallPart::Hole { value, rest, ty, .. } => {
                let value = self.value(value).when(*rest, "*");
                let ty = ty.as_ref().map(|ty| self.ty(ty));
                Layout::from("{").then(value.then_if(": ", ty)).then("}")
            }
        });
        Layout::Seq(parts.collect())
    }

    fn outcome(&mut self, outcome: &Outcome) -> Layout {
        match outcome {
            Outcome::Value(value) => self.value(value),
            Outcome::Fail(name, object) => {
                let object = object.as_ref().map(|object| self.object(object));
                Layout::from(format!("fail {}", name.text)).then_if(" ", object)
            }
        }
    }
}

/// Where a call ends in the text, without its tails.
fn end(call: &Call) -> usize {
    let target = match &call.target {
        CallTarget::Request { path, .. } => path.span,
        CallTarget::Operation { name, arguments } => {
            arguments.last().map_or(name.span, |(_, value)| value.span)
        }
    };
    let tails = call.tails.first().map_or(usize::MAX, |tail| tail.span.range().start);
    let cache = call.stale.as_ref().or(call.cache.as_ref());
    let cache = cache.map(|time| time.span.range().end).filter(|&end| end < tails);
    let body = call.body.as_ref().map(|body| body.span.range().end);
    cache.or(body).unwrap_or(target.range().end)
}
