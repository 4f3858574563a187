//! Endpoints: the contract line, parameters, answers.

use super::cursor::{Cursor, Node};
use super::{Lower, Place};
use crate::parse::Rule;
use crate::tree::{
    Body, Endpoint, EndpointMember, EndpointMemberKind, Param, Path, Resp, RespKind, Segment,
    SegmentPart,
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
        let form = cursor.flag(Rule::as_form);
        let ty = self.ty(cursor.take(Rule::ty));
        let optional = cursor.flag(Rule::optional);
        Body { ty, form, optional, name: self.alias(&mut cursor), span }
    }

    fn response(&mut self, node: Node<'_>) -> Resp {
        let span = self.span(&node);
        let mut cursor = Cursor::of(node);
        if cursor.flag(Rule::k_pass) {
            return Resp { kind: RespKind::Pass, span };
        }
        let stream = cursor.flag(Rule::k_stream);
        let status = cursor.opt(Rule::status).map(|node| self.number(node));
        let ty = cursor.opt(Rule::ty).or_else(|| cursor.opt(Rule::record_ty));
        let ty = ty.map(|node| self.ty(node));
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
        let value = cursor.opt(Rule::value).map(|node| self.value(node));
        let when = cursor.flag(Rule::k_when).then(|| self.value(cursor.take(Rule::value)));
        EndpointMemberKind::Return { status, value, when }
    }
}

#[cfg(test)]
mod tests {
    use crate::lower::samples::{line, member};
    use crate::tree::{Endpoint, EndpointMemberKind, RespKind, SegmentPart, VersionMemberKind};

    #[track_caller]
    fn endpoint(text: &str) -> Endpoint {
        let VersionMemberKind::Endpoint(endpoint) = member(text) else { panic!() };
        endpoint
    }

    #[test]
    fn the_contract_line() {
        let text = "POST /orders/{id: Sku} as order (NewOrder? as new) -> 201 Order | 204 | OutOfStock {\n public }";
        let endpoint = endpoint(text);
        assert_eq!(
            (endpoint.method.text.as_str(), endpoint.name.unwrap().text.as_str()),
            ("POST", "order")
        );
        let body = endpoint.body.unwrap();
        assert_eq!((body.optional, body.name.unwrap().text.as_str()), (true, "new"));
        let [created, none, error] = &endpoint.responses[..] else { panic!() };
        assert!(matches!(&created.kind, RespKind::Status(status, Some(_)) if status.text == "201"));
        assert!(matches!(&none.kind, RespKind::Status(_, None)));
        assert!(matches!(&error.kind, RespKind::Type(_)));
        let start = "version 1 { ".len();
        let signature = endpoint.signature.range();
        assert_eq!(
            text.get(signature.start - start..signature.end - start),
            text.split(" {\n").next()
        );
    }

    #[test]
    fn bodies_are_json_or_a_form() {
        let body = |text: &str| endpoint(text).body.unwrap();
        let login = body("POST /x (form Login? as login) -> 204");
        assert!(login.form && login.optional && login.name.is_some());
        assert!(body("POST /x (form { user: text }) -> 204").form);
        for named in ["(form)", "(form?)", "(form as x)", "(former)", "(form(1..2))"] {
            assert!(!body(&format!("POST /x {named} -> 204")).form, "{named}");
        }
    }

    #[test]
    fn several_lines_and_no_block() {
        let endpoint = endpoint("GET /x\n  -> A // one\n  | B");
        assert_eq!((endpoint.responses.len(), endpoint.block), (2, None));
    }

    #[test]
    fn special_answers() {
        let kind = |text: &str| endpoint(text).responses.remove(0).kind;
        assert_eq!(kind("GET /x -> pass"), RespKind::Pass);
        assert!(matches!(kind("GET /x -> stream 200 Tick"), RespKind::Stream(Some(_), Some(_))));
        assert!(matches!(kind("GET /x -> stream Tick"), RespKind::Stream(None, Some(_))));
        assert!(
            endpoint("DELETE /x -> 204 { _ = a DELETE /x }").block.is_some(),
            "a block is no record"
        );
    }

    #[test]
    fn paths() {
        let path = endpoint("GET /files/{name}.{ext: Ext}/{rest*} -> pass").path;
        let [_, file, rest] = &path.segments[..] else { panic!() };
        let [name, SegmentPart::Text(dot), ext] = &file.parts[..] else { panic!() };
        assert!(
            matches!(name, SegmentPart::Param { ty: None, rest: false, .. }) && dot.text == "."
        );
        assert!(matches!(ext, SegmentPart::Param { ty: Some(_), .. }));
        assert!(matches!(&rest.parts[..], [SegmentPart::Param { rest: true, .. }]));
        assert!(endpoint("GET / -> pass").path.segments.is_empty());
    }

    #[test]
    fn parameters() {
        let EndpointMemberKind::Query(query) =
            line("query q?: [text] by comma = [] as words eg [\"a\"] deprecated")
        else {
            panic!()
        };
        assert!(
            query.optional && query.by_comma && query.default.is_some() && query.example.is_some()
        );
        assert_eq!(query.alias.unwrap().text, "words");
        assert!(
            matches!(line("query \"q[]\": text"), EndpointMemberKind::Query(query) if query.name.text == "q[]")
        );
        assert!(
            matches!(line("header Accept-Language?: text as lang"), EndpointMemberKind::Header(header)
            if header.name.text == "Accept-Language" && header.alias.is_some() && !header.ty.as_text)
        );
        assert!(matches!(line("cookie sid: uuid"), EndpointMemberKind::Cookie(_)));
    }

    #[test]
    fn answers() {
        let EndpointMemberKind::Return { status, when, .. } =
            line("return 202 { ...a } when a.b > 3")
        else {
            panic!()
        };
        assert!(status.is_some() && when.is_some());
        for text in ["return 204", "return 204 when a.b"] {
            let EndpointMemberKind::Return { status, value: None, .. } = line(text) else {
                panic!("{text}")
            };
            assert!(status.is_some(), "{text}");
        }
        let EndpointMemberKind::Reply { name, ty, .. } =
            line("reply header Location: text = \"/x\"")
        else {
            panic!()
        };
        assert_eq!((name.text.as_str(), ty.is_some()), ("Location", true));
        assert!(matches!(line("remove query q"), EndpointMemberKind::Remove(kind, name)
            if kind.text == "query" && name.text == "q"));
    }
}
