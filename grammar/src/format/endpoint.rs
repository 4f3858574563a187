//! Endpoints.

use super::Printer;
use super::block::{Row, Style};
use super::item::dyn_rows;
use super::layout::Layout;
use crate::span::Span;
use crate::tree::{
    Body, Doc, Endpoint, EndpointMember, EndpointMemberKind, Param, Path, Resp, RespKind,
    SegmentPart,
};

impl Row for EndpointMember {
    fn span(&self) -> Span {
        self.span
    }

    fn doc(&self) -> Option<&Doc> {
        self.doc.as_ref()
    }

    fn layout(&self, printer: &mut Printer<'_>) -> Layout {
        match &self.kind {
            EndpointMemberKind::Deprecated(deprecated) => printer.deprecated(deprecated),
            EndpointMemberKind::Query(param) => Layout::from("query ").then(printer.param(param)),
            EndpointMemberKind::Header(param) => Layout::from("header ").then(printer.param(param)),
            EndpointMemberKind::Cookie(param) => Layout::from("cookie ").then(printer.param(param)),
            EndpointMemberKind::Reply { name, ty, value } => {
                let ty = ty.as_ref().map(|ty| printer.ty(ty));
                let head = Layout::from(format!("reply header {}", name.text)).then_if(": ", ty);
                head.then(" = ").then(printer.value(value))
            }
            EndpointMemberKind::Return { status, value, when } => {
                let status =
                    status.as_ref().map_or_else(String::new, |status| format!(" {}", status.text));
                let answer = Layout::from(format!("return{status}"))
                    .then_if(" ", value.as_ref().map(|value| printer.value(value)));
                answer.then_if(" when ", when.as_ref().map(|when| printer.value(when)))
            }
            EndpointMemberKind::Remove(kind, name) => {
                Layout::from(format!("remove {} {}", kind.text, name.text))
            }
            EndpointMemberKind::Call(call) => printer.call(call),
            EndpointMemberKind::Clause(clause) => printer.clause(clause),
            EndpointMemberKind::Bad => printer.source(self.span),
        }
    }
}

/// An answer of the contract line, with the mark before it.
struct Answer<'t> {
    mark: &'static str,
    resp: &'t Resp,
}

impl Row for Answer<'_> {
    fn span(&self) -> Span {
        self.resp.span
    }

    fn layout(&self, printer: &mut Printer<'_>) -> Layout {
        Layout::from(self.mark).then(printer.response(&self.resp.kind))
    }
}

impl Printer<'_> {
    /// The contract line is one line if it was written so and fits. Else its block starts on a line of its own.
    pub(super) fn endpoint(&mut self, endpoint: &Endpoint) -> Layout {
        let name = endpoint.name.as_ref().map(|name| self.source(name.span));
        let head =
            Layout::from(format!("{} ", endpoint.method.text)).then(self.path(&endpoint.path));
        let body = endpoint.body.as_ref().map(|body| self.body(body));
        let head = head.then_if(" as ", name).then_if(" ", body);
        let answers: Vec<Answer<'_>> = endpoint.responses.iter().enumerate().map(answer).collect();
        let rows = dyn_rows(&answers);
        let stop =
            endpoint.block.map_or(endpoint.signature.range().end, |block| block.range().start);
        let broken = self.is_spread(head_end(endpoint), &rows) || self.comment_before(stop);
        let mut parts = vec![head, Layout::Hang(self.rows(&rows, Style::TAILS, stop))];
        let Some(span) = endpoint.block else { return Layout::Group { broken, parts } };
        parts.push(Layout::Break { flat: " ", blank: false });
        let block = self.braces(&dyn_rows(&endpoint.members), span);
        Layout::Group { broken, parts }.then(block)
    }

    fn body(&mut self, body: &Body) -> Layout {
        let name = body.name.as_ref().map(|name| self.source(name.span));
        let open = if body.form { "(form " } else { "(" };
        let ty = Layout::from(open).then(self.ty(&body.ty)).when(body.optional, "?");
        ty.then_if(" as ", name).then(")")
    }

    fn response(&mut self, kind: &RespKind) -> Layout {
        let (stream, status, ty) = match kind {
            RespKind::Pass => return Layout::from("pass"),
            RespKind::Type(ty) => return self.ty(ty),
            RespKind::Stream(status, ty) => (Some("stream"), status.as_ref(), ty.as_ref()),
            RespKind::Status(status, ty) => (None, Some(status), ty.as_ref()),
        };
        let words = stream
            .map(Layout::from)
            .into_iter()
            .chain(status.map(|status| self.source(status.span)));
        let words: Vec<Layout> = words.collect();
        Layout::join(words.into_iter().chain(ty.map(|ty| self.ty(ty))), " ")
    }

    pub(super) fn path(&mut self, path: &Path) -> Layout {
        if path.segments.is_empty() {
            return Layout::from("/");
        }
        let mut layout = Layout::empty();
        for segment in &path.segments {
            layout = layout.then("/");
            for part in &segment.parts {
                layout = layout.then(self.segment_part(part));
            }
        }
        layout
    }

    fn segment_part(&mut self, part: &SegmentPart) -> Layout {
        match part {
            SegmentPart::Text(text) => self.source(text.span),
            SegmentPart::Param { name, rest, ty, .. } => {
                let ty = ty.as_ref().map(|ty| self.ty(ty));
                Layout::from(format!("{{{}", name.text))
                    .when(*rest, "*")
                    .then_if(": ", ty)
                    .then("}")
            }
        }
    }

    fn param(&mut self, param: &Param) -> Layout {
        self.source(param.name.span)
            .when(param.optional, "?")
            .then(": ")
            .then(self.ty(&param.ty))
            .when(param.by_comma, " by comma")
            .then_if(" = ", param.default.as_ref().map(|value| self.value(value)))
            .then_if(" as ", param.alias.as_ref().map(|name| self.source(name.span)))
            .then_if(" eg ", param.example.as_ref().map(|value| self.value(value)))
            .then_if(" ", param.deprecated.as_ref().map(|deprecated| self.deprecated(deprecated)))
    }
}

fn answer((index, resp): (usize, &Resp)) -> Answer<'_> {
    Answer { mark: if index == 0 { "-> " } else { "| " }, resp }
}

/// Where the part before the first answer ends.
fn head_end(endpoint: &Endpoint) -> usize {
    let name = endpoint.name.as_ref().map_or(endpoint.path.span, |name| name.span);
    endpoint.body.as_ref().map_or(name, |body| body.span).range().end
}
