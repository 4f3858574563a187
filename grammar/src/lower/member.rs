//! Members of blocks: skipped ones, documentation before and behind them, comments.

use pest::iterators::Pairs;

use super::cursor::{Cursor, Node};
use super::{Lower, Place, Skipped};
use crate::parse::Rule;
use crate::span::Span;
use crate::tree::{
    ApiMember, ApiMemberKind, AuthMember, BackendMember, BackendMemberKind, Clause, Comment, Doc,
    EndpointMember, EndpointMemberKind, EnumValue, Field, FieldEdit, Item, ItemKind, UseEndpoint,
    Variant, VersionMember, VersionMemberKind,
};

/// What stands in a block, one per line.
pub(super) trait Member: Sized {
    /// The member that stands for skipped text, where the tree has one.
    fn bad(_: Span) -> Option<Self> {
        None
    }

    /// Where its documentation is kept, if it can have any.
    fn doc(&mut self) -> Option<&mut Option<Doc>> {
        None
    }
}

impl Lower<'_> {
    /// The rest of a block: each member through `one`, with what documents it.
    pub(super) fn members<'n, T: Member>(
        &mut self,
        cursor: &mut Cursor<'n>,
        place: Place,
        one: fn(&mut Self, Node<'n>) -> T,
    ) -> Vec<T> {
        let mut members: Vec<T> = Vec::new();
        let mut previous = None;
        while let Some(node) = cursor.next() {
            if node.as_rule() == Rule::tail_doc {
                self.trailing(members.last_mut(), &node);
                continue;
            }
            let span = self.span(&node);
            if matches!(node.as_rule(), Rule::bad_item | Rule::bad_member) {
                let span = self.skip(&node, place, previous);
                members.extend(T::bad(span));
                previous = Some(span);
            } else {
                members.push(one(self, node));
                previous = Some(span);
            }
        }
        members
    }

    /// Notes text that cannot be read.
    pub(super) fn skip(&mut self, node: &Node<'_>, place: Place, previous: Option<Span>) -> Span {
        let start = self.base + node.as_span().start();
        let span = Span::new(self.file, start, start + node.as_str().trim_end().len());
        self.skipped.push(Skipped { span, place, previous });
        span
    }

    /// Documentation before the declaration that `cursor` is at.
    pub(super) fn doc(&mut self, cursor: &mut Cursor<'_>) -> Option<Doc> {
        let node = cursor.opt(Rule::doc)?;
        let whole = node.as_str();
        let (mut lines, mut at, mut end) = (Vec::new(), 0, 0);
        for line in whole.split_inclusive('\n') {
            let text = line.trim();
            let start = at + (line.len() - line.trim_start().len());
            if let Some(documentation) = text.strip_prefix("///") {
                lines.push(without_margin(documentation));
                end = start + text.len();
            } else if text.starts_with("//") {
                self.comment(self.base + node.as_span().start() + start, text);
            }
            at += line.len();
        }
        let start = self.base + node.as_span().start();
        Some(Doc { lines, span: Span::new(self.file, start, start + end), trailing: false })
    }

    /// Documentation behind a member. Where the tree has no place for it, it is kept as a comment.
    pub(super) fn trailing<T: Member>(&mut self, member: Option<&mut T>, node: &Node<'_>) {
        let start = self.base + node.as_span().start();
        let text = node.as_str().trim_end();
        let line = without_margin(text.trim_start_matches("///"));
        let span = Span::new(self.file, start, start + text.len());
        match member.and_then(T::doc) {
            Some(Some(doc)) => doc.lines.push(line),
            Some(slot) => *slot = Some(Doc { lines: vec![line], span, trailing: true }),
            None => self.comment(start, text),
        }
    }

    /// Every comment among `pairs`, at any depth.
    pub(super) fn comments_of(&mut self, pairs: &Pairs<'_, Rule>) {
        for node in pairs.clone().flatten().filter(|node| node.as_rule() == Rule::COMMENT) {
            self.comment(self.base + node.as_span().start(), node.as_str().trim_end());
        }
    }

    fn comment(&mut self, start: usize, text: &str) {
        let before = self.text.get(..start).unwrap_or_default();
        let line = before.rsplit('\n').next().unwrap_or_default();
        let own_line = line.trim_start_matches('\u{FEFF}').trim().is_empty();
        let span = Span::new(self.file, start, start + text.len());
        self.comments.push(Comment { text: text.to_owned(), span, own_line });
    }
}

/// A line of documentation behind its slashes, without the one space that separates them.
fn without_margin(line: &str) -> String {
    line.strip_prefix(' ').unwrap_or(line).trim_end().to_owned()
}

/// Members that keep documentation in a field, and stand for skipped text with a kind.
macro_rules! documented {
    ($($member:ident: $kind:ident),*) => {$(
        impl Member for $member {
            fn bad(span: Span) -> Option<Self> {
                Some(Self { kind: $kind::Bad, doc: None, span })
            }
            fn doc(&mut self) -> Option<&mut Option<Doc>> {
                Some(&mut self.doc)
            }
        }
    )*};
}

documented! {
    Item: ItemKind,
    BackendMember: BackendMemberKind,
    VersionMember: VersionMemberKind,
    EndpointMember: EndpointMemberKind
}

impl Member for ApiMember {
    fn bad(span: Span) -> Option<Self> {
        Some(Self { kind: ApiMemberKind::Bad, span })
    }
}

impl Member for Field {
    fn doc(&mut self) -> Option<&mut Option<Doc>> {
        Some(&mut self.doc)
    }
}

impl Member for EnumValue {
    fn doc(&mut self) -> Option<&mut Option<Doc>> {
        Some(&mut self.doc)
    }
}

impl Member for Variant {
    fn doc(&mut self) -> Option<&mut Option<Doc>> {
        Some(&mut self.doc)
    }
}

impl Member for FieldEdit {
    fn doc(&mut self) -> Option<&mut Option<Doc>> {
        match self {
            Self::Field(field) => Some(&mut field.doc),
            Self::Remove(_) => None,
        }
    }
}

impl Member for AuthMember {}
impl Member for Clause {}
impl Member for UseEndpoint {}

#[cfg(test)]
mod tests {
    use crate::parse::parse;
    use crate::span::FileId;

    #[test]
    fn comments_are_kept_in_order() {
        let text = "// one\n/// doc\n// two\ntype A { a: int // three\n}\napi x { timeout 1s /// four\n}\n  // five";
        let file = parse(FileId::default(), text).file;
        let comments: Vec<(&str, bool)> =
            file.comments.iter().map(|comment| (comment.text.as_str(), comment.own_line)).collect();
        let expected = [
            ("// one", true),
            ("// two", true),
            ("// three", false),
            ("/// four", false),
            ("// five", true),
        ];
        assert_eq!(comments, expected);
        assert_eq!(file.items[0].doc.as_ref().unwrap().lines, ["doc"]);
        for comment in &file.comments {
            assert_eq!(text.get(comment.span.range()), Some(comment.text.as_str()));
        }
    }

    #[test]
    fn spans_end_with_the_last_word() {
        let text = "type A = text   // behind\n\nenv B: url\n";
        let file = parse(FileId::default(), text).file;
        let items: Vec<Option<&str>> =
            file.items.iter().map(|item| text.get(item.span.range())).collect();
        assert_eq!(items, [Some("type A = text"), Some("env B: url")]);
    }
}
