//! Endpoints: the contract line, parameters, answers.

use super::cursor::{Cursor, Node};
use super::{Lower, Place};
use crate::parse::Rule;
use crate::tree::{
    Body, Endpoint, EndpointMember, EndpointMemberKind, Param, Path, Resp, RespKind, Segment, SegmentPart,
};

impl Lower<'_> {
    pub(super) fn endpoint(&mut self, node: Node<'_>) -> Endpoint {
        let mut cursor = Cursor::of(node);
        let line = cursor.take(Rule::signature);
        let signature = self.span(&line);
        let mut inner = Cursor::of(line);
        let method = self.method(inner.take(Rule::method));
        let path = self.path(inner.take(Rule::path));
        let name = self.alias(&mut inner);
        let body = inner.opt(Rule::body).map(|node| self.body(node));
        let mut responses = Vec::new();
        while let Some(node) = inner.opt(Rule::resp) {
            responses.push(self.response(node));
        }
        let (block, members) = match cursor.opt(Rule::block) {
            Some(node) => (Some(self.span(&node)), self.block(node)),
            None => (None, Vec::new()),
        };
        Endpoint { method, path, name, body, responses, members, block, signature }
    }

    /// `as name`, if `cursor` is at one.
    fn alias(&mut self, cursor: &mut Cursor<'_>) -> Option<crate::tree::Ident> {
        cursor.flag(Rule::k_as).then(|| self.ident(cursor.take(Rule::ident)))
    }

    fn body(&mut self, node: Node<'_>) -> Body {
        let span = self.span(&node);
        let mut cursor = Cursor::of(node);
        let ty = self.ty(cursor.take(Rule::ty));
        let optional = cursor.flag(Rule::optional);
        Body { ty, optional, name: self.alias(&mut cursor), span }
    }

    fn response(&mut self, node: Node<'_>) -> Resp {
        let span = self.span(&node);
        let mut cursor = Cursor::of(node);
        if cursor.flag(Rule::k_pass) {
            return Resp { kind: RespKind::Pass, span };
        }
        let stream = cursor.flag(Rule::k_stream);
        let status = cursor.opt(Rule::status).map(|node| self.number(node));
        let ty = cursor.opt(Rule::ty).map(|node| self.ty(node));
        let kind = match (status, ty) {
            (status, ty) if stream => RespKind::Stream(status, ty),
            (None, Some(ty)) => RespKind::Type(ty),
            (Some(status), ty) => RespKind::Status(status, ty),
            (None, None) => RespKind::Pass,
        };
        Resp { kind, span }
    }

    pub(super) fn path(&mut self, node: Node<'_>) -> Path {
        let span = self.span(&node);
        let segments = node.into_inner().filter(|node| node.as_rule() == Rule::segment);
        Path { segments: segments.map(|node| self.segment(node)).collect(), span }
    }

    fn segment(&mut self, node: Node<'_>) -> Segment {
        let span = self.span(&node);
        let parts = node.into_inner().map(|node| match node.as_rule() {
            Rule::text_seg => SegmentPart::Text(self.ident(node)),
            _ => self.path_param(node),
        });
        Segment { parts: parts.collect(), span }
    }

    fn path_param(&mut self, node: Node<'_>) -> SegmentPart {
        let span = self.span(&node);
        let mut cursor = Cursor::of(node);
        let name = self.ident(cursor.take(Rule::ident));
        let rest = cursor.flag(Rule::star);
        SegmentPart::Param { name, rest, ty: cursor.opt(Rule::ty).map(|node| self.ty(node)), span }
    }

    pub(super) fn block(&mut self, node: Node<'_>) -> Vec<EndpointMember> {
        self.members(&mut Cursor::of(node), Place::Endpoint, Self::endpoint_member)
    }

    fn endpoint_member(&mut self, node: Node<'_>) -> EndpointMember {
        let mut cursor = Cursor::of(node);
        let doc = self.doc(&mut cursor);
        let node = cursor.any();
        let span = self.span(&node);
        let kind = match node.as_rule() {
            Rule::deprecated => EndpointMemberKind::Deprecated(self.deprecated(node)),
            Rule::query => EndpointMemberKind::Query(self.parameter(node)),
            Rule::header => EndpointMemberKind::Header(self.parameter(node)),
            Rule::cookie => EndpointMemberKind::Cookie(self.parameter(node)),
            Rule::reply => self.reply(node),
            Rule::returns => self.returns(node),
            Rule::drop => {
                let mut cursor = Cursor::of(node);
                cursor.take(Rule::k_remove);
                let kind = self.ident(cursor.take(Rule::dropped));
                EndpointMemberKind::Remove(kind, self.ident(cursor.take(Rule::name)))
            }
            Rule::call => EndpointMemberKind::Call(Box::new(self.call(node))),
            _ => EndpointMemberKind::Clause(self.clause(node)),
        };
        EndpointMember { kind, doc, span }
    }

    fn parameter(&mut self, node: Node<'_>) -> Param {
        let mut cursor = Cursor::of(node);
        cursor.any();
        Param {
            name: self.ident(cursor.any()),
            optional: cursor.flag(Rule::optional),
            ty: self.ty(cursor.take(Rule::ty)),
            by_comma: cursor.flag(Rule::by_comma),
            default: self.default_value(&mut cursor),
            alias: self.alias(&mut cursor),
            example: self.example(&mut cursor),
            deprecated: self.deprecation(&mut cursor),
        }
    }

    fn reply(&mut self, node: Node<'_>) -> EndpointMemberKind {
        let mut cursor = Cursor::of(node);
        cursor.take(Rule::k_reply);
        cursor.take(Rule::k_header);
        let name = self.ident(cursor.take(Rule::name));
        let ty = cursor.opt(Rule::ty).map(|node| self.ty(node));
        EndpointMemberKind::Reply { name, ty, value: self.value(cursor.take(Rule::value)) }
    }

    fn returns(&mut self, node: Node<'_>) -> EndpointMemberKind {
        let mut cursor = Cursor::of(node);
        cursor.take(Rule::k_return);
        let status = cursor.opt(Rule::status).map(|node| self.number(node));
        let value = self.value(cursor.take(Rule::value));
        let when = cursor.flag(Rule::k_when).then(|| self.value(cursor.take(Rule::value)));
        EndpointMemberKind::Return { status, value, when }
    }
}
