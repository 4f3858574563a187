//! Grammar pairs to tree: one function per rule, grouped as the language is.

mod api;
mod backend;
mod call;
mod clause;
mod cursor;
mod endpoint;
mod leaf;
mod member;
mod people;
mod text;
mod types;
mod values;
mod version;

use pest::iterators::Pairs;

use crate::error::SyntaxError;
use crate::parse::Rule;
use crate::span::{FileId, Span};
use crate::tree;
use cursor::{Cursor, Node};

/// What is kept while a tree is built.
pub(crate) struct Lower<'i> {
    file: FileId,
    /// The whole text of the file.
    text: &'i str,
    /// Where the text that is being lowered starts in the file.
    base: usize,
    comments: Vec<tree::Comment>,
    /// What the grammar skipped, in the order of the text.
    pub(crate) skipped: Vec<Skipped>,
    pub(crate) errors: Vec<SyntaxError>,
}

/// Text that is no declaration or member.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Skipped {
    pub(crate) span: Span,
    /// What would have been read there.
    pub(crate) place: Place,
    /// What stands before it in the same block.
    pub(crate) previous: Option<Span>,
}

/// Where something can be skipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    File,
    Api,
    Backend,
    Auth,
    Policy,
    Fields,
    Edits,
    Version,
    Under,
    Endpoint,
    Values,
    Uses,
    Mocks,
    When,
    Then,
}

impl<'i> Lower<'i> {
    pub(crate) fn new(file: FileId, text: &'i str) -> Self {
        let (comments, skipped, errors) = (Vec::new(), Vec::new(), Vec::new());
        Self { file, text, base: 0, comments, skipped, errors }
    }

    /// The whole file: its items, and the comments between and inside of them.
    pub(crate) fn file(&mut self, pairs: Pairs<'_, Rule>) -> tree::File {
        self.comments_of(&pairs);
        let span = Span::new(self.file, 0, self.text.len());
        let items = pairs.into_iter().next().map_or_else(Vec::new, |file| {
            let mut cursor = Cursor::of(file);
            self.members(&mut cursor, Place::File, Self::item)
        });
        let mut comments = std::mem::take(&mut self.comments);
        comments.sort_by_key(|comment| comment.span.start);
        tree::File { items, comments, span }
    }

    /// Where a pair without inner pairs stands in the file.
    fn leaf(&self, node: &Node<'_>) -> Span {
        let span = node.as_span();
        Span::new(self.file, self.base + span.start(), self.base + span.end())
    }

    /// Where a pair stands in the file. Space and comments that the grammar read behind its last word are no part of it.
    fn span(&self, node: &Node<'_>) -> Span {
        let start = node.as_span().start();
        Span::new(self.file, self.base + start, self.base + cursor::end(node.clone()))
    }
}

#[cfg(test)]
mod samples {
    use crate::parse::parse;
    use crate::span::FileId;
    use crate::tree::{EndpointMemberKind, Ident, ItemKind, ValueKind, VersionMemberKind};

    /// The only declaration in `text`.
    #[track_caller]
    pub(super) fn item(text: &str) -> ItemKind {
        let mut parse = parse(FileId::default(), text);
        assert_eq!(parse.errors, [], "{text}");
        assert_eq!(parse.file.items.len(), 1, "{text}");
        parse.file.items.remove(0).kind
    }

    /// The only member of a version.
    #[track_caller]
    pub(super) fn member(text: &str) -> VersionMemberKind {
        let ItemKind::Version(mut version) = item(&format!("version 1 {{ {text} }}")) else {
            unreachable!()
        };
        assert_eq!(version.members.len(), 1, "{text}");
        version.members.remove(0).kind
    }

    /// The only member of an endpoint.
    #[track_caller]
    pub(super) fn line(text: &str) -> EndpointMemberKind {
        let member = member(&format!("GET /x -> Y {{\n{text}\n}}"));
        let VersionMemberKind::Endpoint(mut endpoint) = member else { unreachable!() };
        assert_eq!(endpoint.members.len(), 1, "{text}");
        endpoint.members.remove(0).kind
    }

    /// What is returned.
    #[track_caller]
    pub(super) fn value(text: &str) -> ValueKind {
        let EndpointMemberKind::Return { value: Some(value), .. } = line(&format!("return {text}"))
        else {
            unreachable!()
        };
        value.kind
    }

    pub(super) fn words(idents: &[Ident]) -> Vec<&str> {
        idents.iter().map(|ident| ident.text.as_str()).collect()
    }
}
