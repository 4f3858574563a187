//! Types, records, enums, unions, declared errors, and deprecation.

use super::cursor::{Cursor, Node, only};
use super::{Lower, Place};
use crate::parse::Rule;
use crate::span::Span;
use crate::tree::{
    Base, Bound, BoundKind, CompareOp, Deprecated, EnumBody, EnumDecl, EnumRest, EnumValue,
    ErrorDecl, Field, FieldKind, NamedField, Record, Successor, Type, TypeBody, TypeDecl, Union,
    Value, Variant,
};

impl Lower<'_> {
    pub(super) fn error_decl(&mut self, node: Node<'_>) -> ErrorDecl {
        let mut cursor = Cursor::of(node);
        cursor.take(Rule::k_error);
        let name = match cursor.opt(Rule::qual) {
            Some(node) => self.ident(node),
            None => self.ident(cursor.take(Rule::ident)),
        };
        let status = self.number(cursor.take(Rule::status));
        let title = self.string(cursor.take(Rule::string));
        ErrorDecl {
            name,
            status,
            title,
            record: cursor.opt(Rule::fields).map(|node| self.record(node)),
        }
    }

    pub(super) fn type_decl(&mut self, node: Node<'_>) -> TypeDecl {
        let mut cursor = Cursor::of(node);
        cursor.take(Rule::k_type);
        let name = self.ident(cursor.take(Rule::ident));
        let parameter = cursor.opt(Rule::ident).map(|node| self.ident(node));
        let body = match cursor.opt(Rule::fields) {
            Some(node) => TypeBody::Record(self.record(node)),
            None => {
                let ty = self.ty(cursor.take(Rule::ty));
                TypeBody::Alias { ty, example: self.example(&mut cursor) }
            }
        };
        TypeDecl { name, parameter, body, deprecated: self.deprecation(&mut cursor) }
    }

    /// `eg …`, if `cursor` is at one.
    pub(super) fn example(&mut self, cursor: &mut Cursor<'_>) -> Option<Value> {
        let mut inner = Cursor::of(cursor.opt(Rule::eg)?);
        inner.take(Rule::k_eg);
        Some(self.literal(inner.take(Rule::literal)))
    }

    /// `= …`, if `cursor` is at one.
    pub(super) fn default_value(&mut self, cursor: &mut Cursor<'_>) -> Option<Value> {
        cursor.opt(Rule::default).map(|node| self.literal(only(node)))
    }

    /// A record, with recovery per field where it is the body of a declaration.
    pub(super) fn record(&mut self, node: Node<'_>) -> Record {
        let span = self.span(&node);
        Record { fields: self.members(&mut Cursor::of(node), Place::Fields, Self::field), span }
    }

    pub(super) fn field(&mut self, node: Node<'_>) -> Field {
        let whole = self.span(&node);
        let mut cursor = Cursor::of(node);
        let doc = self.doc(&mut cursor);
        let first = cursor.any();
        let span = Span { start: self.span(&first).start, ..whole };
        if first.as_rule() == Rule::rest {
            let base = self.base(&mut cursor);
            let start = if let Base::Name(name) | Base::Generic(name, _) = &base {
                name.span.start
            } else {
                span.start
            };
            let span_of_type = Span { start, ..whole };
            let kind = FieldKind::Spread(Type::plain(base, span_of_type));
            return Field { kind, doc, span };
        }
        let kind = FieldKind::Named(NamedField {
            name: self.ident(first),
            optional: cursor.flag(Rule::optional),
            ty: self.ty(cursor.take(Rule::ty)),
            default: self.default_value(&mut cursor),
            example: self.example(&mut cursor),
            deprecated: self.deprecation(&mut cursor),
        });
        Field { kind, doc, span }
    }

    pub(super) fn ty(&mut self, node: Node<'_>) -> Type {
        let span = self.span(&node);
        let mut cursor = Cursor::of(node);
        let base = self.base(&mut cursor);
        let limits = cursor.opt(Rule::limits).map_or_else(Vec::new, |node| self.limits(node));
        let as_text = cursor.flag(Rule::as_text);
        Type { base, limits, as_text, nullable: cursor.flag(Rule::nullable), span }
    }

    fn base(&mut self, cursor: &mut Cursor<'_>) -> Base {
        let node = cursor.any();
        match node.as_rule() {
            Rule::list => {
                let mut cursor = Cursor::of(node);
                let first = Box::new(self.ty(cursor.take(Rule::ty)));
                match cursor.opt(Rule::ty) {
                    Some(value) => Base::Map(first, Box::new(self.ty(value))),
                    None => Base::List(first),
                }
            }
            Rule::record | Rule::fields => Base::Record(self.record(node)),
            Rule::k_enum => Base::Enum(self.enum_body(cursor.take(Rule::enum_body))),
            _ => {
                let name = self.ident(node);
                match cursor.opt(Rule::ty) {
                    Some(argument) => Base::Generic(name, Box::new(self.ty(argument))),
                    None => Base::Name(name),
                }
            }
        }
    }

    fn limits(&mut self, node: Node<'_>) -> Vec<Bound> {
        let bounds = node.into_inner().filter(|node| node.as_rule() == Rule::lim);
        bounds.map(|node| Bound { span: self.span(&node), kind: self.bound(node) }).collect()
    }

    fn bound(&mut self, node: Node<'_>) -> BoundKind {
        let mut cursor = Cursor::of(node);
        let first = cursor.any();
        match first.as_rule() {
            Rule::regex => BoundKind::Pattern(pattern(first.as_str())),
            Rule::k_unique => BoundKind::Unique,
            Rule::k_schema => BoundKind::Schema(self.string(cursor.take(Rule::string))),
            Rule::compare => BoundKind::Compare(
                compare_op(first.as_str()),
                self.number(cursor.take(Rule::number)),
            ),
            Rule::dots => {
                BoundKind::Range(None, cursor.opt(Rule::number).map(|node| self.number(node)))
            }
            _ => {
                let low = self.number(first);
                if cursor.flag(Rule::dots) {
                    return BoundKind::Range(
                        Some(low),
                        cursor.opt(Rule::number).map(|node| self.number(node)),
                    );
                }
                BoundKind::Number(low)
            }
        }
    }

    pub(super) fn enum_decl(&mut self, node: Node<'_>) -> EnumDecl {
        let mut cursor = Cursor::of(node);
        cursor.take(Rule::k_enum);
        let name = self.ident(cursor.take(Rule::ident));
        EnumDecl { name, body: self.enum_body(cursor.take(Rule::enum_body)) }
    }

    pub(super) fn enum_body(&mut self, node: Node<'_>) -> EnumBody {
        let span = self.span(&node);
        let mut cursor = Cursor::of(node);
        let (mut values, mut rest): (Vec<EnumValue>, _) = (Vec::new(), EnumRest::Closed);
        let mut unread = false;
        while let Some(node) = cursor.next() {
            match node.as_rule() {
                Rule::enum_value => values.push(self.enum_value(node)),
                Rule::bad_value => {
                    self.skip(&node, Place::Values, None);
                    unread = true;
                }
                Rule::rest => rest = EnumRest::Open,
                Rule::k_else => rest = EnumRest::Else(self.ident(cursor.take(Rule::ident))),
                _ if rest == EnumRest::Closed => self.trailing(values.last_mut(), &node),
                _ => self.trailing(None::<&mut EnumValue>, &node),
            }
        }
        // Which values there are is not known: what uses one of the others is no second mistake.
        if unread && rest == EnumRest::Closed {
            rest = EnumRest::Open;
        }
        EnumBody { values, rest, span }
    }

    fn enum_value(&mut self, node: Node<'_>) -> EnumValue {
        let whole = self.span(&node);
        let mut cursor = Cursor::of(node);
        let doc = self.doc(&mut cursor);
        let name = self.ident(cursor.take(Rule::ident));
        let wire = cursor.opt(Rule::string).map(|node| self.string(node));
        let span = Span { start: name.span.start, ..whole };
        EnumValue { name, wire, deprecated: self.deprecation(&mut cursor), doc, span }
    }

    pub(super) fn union_decl(&mut self, node: Node<'_>) -> Union {
        let mut cursor = Cursor::of(node);
        cursor.take(Rule::k_union);
        let name = self.ident(cursor.take(Rule::ident));
        cursor.take(Rule::k_by);
        let tag = self.ident(cursor.take(Rule::ident));
        Union { name, tag, variants: self.variants(cursor.take(Rule::variants)) }
    }

    pub(super) fn variants(&mut self, node: Node<'_>) -> Vec<Variant> {
        self.members(&mut Cursor::of(node), Place::Fields, Self::variant)
    }

    fn variant(&mut self, node: Node<'_>) -> Variant {
        let whole = self.span(&node);
        let mut cursor = Cursor::of(node);
        let doc = self.doc(&mut cursor);
        let name = self.ident(cursor.any());
        let span = Span { start: name.span.start, ..whole };
        let ty = self.ty(cursor.take(Rule::ty));
        Variant { name, ty, deprecated: self.deprecation(&mut cursor), doc, span }
    }

    /// `deprecated …`, if `cursor` is at one.
    pub(super) fn deprecation(&mut self, cursor: &mut Cursor<'_>) -> Option<Deprecated> {
        cursor.opt(Rule::deprecated).map(|node| self.deprecated(node))
    }

    pub(super) fn deprecated(&mut self, node: Node<'_>) -> Deprecated {
        let span = self.span(&node);
        let mut cursor = Cursor::of(node);
        cursor.take(Rule::k_deprecated);
        let since = cursor.flag(Rule::k_since).then(|| self.date(cursor.take(Rule::date)));
        let (mut sunset, mut hard) = (None, false);
        if let Some(node) = cursor.opt(Rule::sunset) {
            let mut inner = Cursor::of(node);
            inner.take(Rule::k_sunset);
            sunset = Some(self.date(inner.take(Rule::date)));
            hard = inner.flag(Rule::k_hard);
        }
        let successor = cursor.opt(Rule::successor).map(|node| self.successor(node));
        let see = cursor.opt(Rule::see).map(|node| {
            let mut inner = Cursor::of(node);
            inner.take(Rule::k_see);
            self.string(inner.take(Rule::string))
        });
        Deprecated { since, sunset, hard, successor, see, span }
    }

    fn successor(&mut self, node: Node<'_>) -> Successor {
        let mut cursor = Cursor::of(node);
        cursor.take(Rule::k_use);
        match cursor.opt(Rule::method) {
            Some(method) => {
                Successor::Endpoint(self.method(method), self.path(cursor.take(Rule::path)))
            }
            None => Successor::Name(self.ident(cursor.take(Rule::ident))),
        }
    }
}

/// What stands between the slashes; `\/` is a slash.
fn pattern(text: &str) -> String {
    let inside = text.strip_prefix('/').and_then(|rest| rest.strip_suffix('/')).unwrap_or(text);
    let mut pattern = String::with_capacity(inside.len());
    let mut letters = inside.chars();
    while let Some(letter) = letters.next() {
        match (letter, letters.as_str().chars().next()) {
            ('\\', Some('/')) => {}
            // An escaped backslash is taken as a pair, so that the slash behind it is no escaped slash.
            ('\\', Some(escaped)) => {
                pattern.extend(['\\', escaped]);
                letters.next();
            }
            _ => pattern.push(letter),
        }
    }
    pattern
}

/// The meaning of a comparison sign.
pub(super) fn compare_op(text: &str) -> CompareOp {
    match text {
        "==" => CompareOp::Equal,
        "!=" => CompareOp::NotEqual,
        ">=" => CompareOp::AtLeast,
        "<=" => CompareOp::AtMost,
        ">" => CompareOp::Greater,
        _ => CompareOp::Less,
    }
}

#[cfg(test)]
mod tests {
    use super::pattern;
    use crate::lower::samples::{item, member};
    use crate::tree::{
        Base, BoundKind, CompareOp, EnumRest, FieldKind, ItemKind, NamedField, Record, Successor,
        Type, TypeBody, VersionMemberKind,
    };

    #[track_caller]
    fn ty(text: &str) -> Type {
        let ItemKind::Type(decl) = item(&format!("type T = {text}")) else { panic!() };
        let TypeBody::Alias { ty, .. } = decl.body else { panic!() };
        ty
    }

    #[track_caller]
    fn record(text: &str) -> Record {
        let ItemKind::Type(decl) = item(&format!("type T {text}")) else { panic!() };
        let TypeBody::Record(record) = decl.body else { panic!() };
        record
    }

    #[track_caller]
    fn field(text: &str) -> NamedField {
        let FieldKind::Named(field) = record(&format!("{{ {text} }}")).fields.remove(0).kind else {
            panic!()
        };
        field
    }

    #[test]
    fn bases() {
        assert!(matches!(ty("common.Money").base, Base::Name(name) if name.text == "common.Money"));
        assert!(matches!(ty("[Line]").base, Base::List(_)));
        assert!(
            matches!(ty("[text: int]").base, Base::Map(key, _) if matches!(key.base, Base::Name(_)))
        );
        assert!(matches!(ty("Page<[Hit]>").base, Base::Generic(name, _) if name.text == "Page"));
        assert!(matches!(ty("{ a: { b: int } }").base, Base::Record(_)));
        assert!(matches!(ty("enum { a b }").base, Base::Enum(body) if body.values.len() == 2));
    }

    #[test]
    fn bounds() {
        let bound = |text: &str| ty(text).limits.remove(0).kind;
        assert_eq!(bound("text(/a\\/b{2}/)"), BoundKind::Pattern("a/b{2}".to_owned()));
        assert_eq!(bound("[a](unique)"), BoundKind::Unique);
        assert!(
            matches!(bound("json(schema \"a.json\")"), BoundKind::Schema(file) if file.value == "a.json")
        );
        assert!(
            matches!(bound("int(..3)"), BoundKind::Range(None, Some(high)) if high.text == "3")
        );
        assert!(
            matches!(bound("int(-1..)"), BoundKind::Range(Some(low), None) if low.text == "-1")
        );
        assert!(
            matches!(bound("number(>= 0.5)"), BoundKind::Compare(CompareOp::AtLeast, n) if n.text == "0.5")
        );
        assert_eq!(ty("decimal(12,2)").limits.len(), 2);
    }

    #[test]
    fn what_stands_behind_a_type() {
        let both = ty("decimal(12,2) as text | null");
        assert!(both.as_text && both.nullable);
        let none = ty("decimal(12,2)");
        assert!(!none.as_text && !none.nullable);
    }

    #[test]
    fn fields() {
        let full = field("text?: int(1..5) = 3 eg 4 deprecated use other");
        assert!(full.optional && full.default.is_some() && full.example.is_some());
        assert!(
            matches!(full.deprecated.unwrap().successor, Some(Successor::Name(name)) if name.text == "other")
        );
        let quoted = field("\"content-type\": text");
        assert_eq!(quoted.name.text, "content-type");
        assert!(matches!(&record("{ ...common.Audited }").fields[0].kind, FieldKind::Spread(ty)
            if matches!(&ty.base, Base::Name(name) if name.text == "common.Audited")));
        assert!(matches!(&record("{ ... Page <Hit> }").fields[0].kind, FieldKind::Spread(ty)
            if matches!(&ty.base, Base::Generic(name, _) if name.text == "Page")));
    }

    #[test]
    fn documentation_before_and_behind() {
        let record =
            record("{\n  /// One.\n  /// Two.\n  a: int, /// behind\n  b: int /// b\n  c: int }");
        let docs = record
            .fields
            .iter()
            .map(|field| field.doc.as_ref().map(|doc| (doc.lines.join("|"), doc.trailing)));
        let expected =
            [Some(("One.|Two.|behind".to_owned(), false)), Some(("b".to_owned(), true)), None];
        assert_eq!(docs.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_generic_record() {
        let ItemKind::Type(decl) = item("type Page<T> { items: [T] } deprecated since 2026-01-01")
        else {
            panic!()
        };
        assert_eq!(decl.parameter.unwrap().text, "T");
        assert_eq!(decl.deprecated.unwrap().since.unwrap().text, "2026-01-01");
    }

    #[test]
    fn enums() {
        let ItemKind::Enum(decl) =
            item("enum E { a, paid = \"PAID\" /// settled\n c deprecated else unknown }")
        else {
            panic!()
        };
        let [a, paid, c] = &decl.body.values[..] else { panic!() };
        assert_eq!(
            (a.name.text.as_str(), paid.wire.as_ref().unwrap().value.as_str()),
            ("a", "PAID")
        );
        assert!(paid.doc.as_ref().unwrap().trailing && c.deprecated.is_some());
        assert!(matches!(decl.body.rest, EnumRest::Else(name) if name.text == "unknown"));
        assert!(
            matches!(item("enum E { a ... }"), ItemKind::Enum(decl) if decl.body.rest == EnumRest::Open)
        );
        assert!(
            matches!(item("enum E { a b }"), ItemKind::Enum(decl) if decl.body.rest == EnumRest::Closed)
        );
    }

    #[test]
    fn unions_and_errors() {
        let ItemKind::Union(union) =
            item("union P by kind { card: Card, \"bank-transfer\": Transfer }")
        else {
            panic!()
        };
        assert_eq!(
            (union.tag.text.as_str(), union.variants[1].name.text.as_str()),
            ("kind", "bank-transfer")
        );
        let ItemKind::Error(error) = item("error Gone 410 \"It is gone\" { since: date }") else {
            panic!()
        };
        assert_eq!((error.status.text.as_str(), error.title.value.as_str()), ("410", "It is gone"));
        assert_eq!(error.record.unwrap().fields.len(), 1);
    }

    #[test]
    fn deprecation() {
        let text = "deprecated since 2026-09-01, sunset 2027-03-01 hard, use GET /x/{id: Sku}, see \"https://x\"";
        let VersionMemberKind::Deprecated(deprecated) = member(text) else { panic!() };
        assert_eq!(deprecated.sunset.unwrap().text, "2027-03-01");
        assert!(deprecated.hard);
        assert!(
            matches!(deprecated.successor, Some(Successor::Endpoint(_, path)) if path.segments.len() == 2)
        );
        assert_eq!(deprecated.see.unwrap().value, "https://x");
    }

    #[test]
    fn slashes_in_patterns() {
        assert_eq!(pattern(r"/a\/b/"), "a/b");
        assert_eq!(pattern(r"/a\\/"), r"a\\");
        assert_eq!(pattern(r"/\d+/"), r"\d+");
    }
}
