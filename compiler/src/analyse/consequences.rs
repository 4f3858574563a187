//! One mistake costs one message: what follows from text that cannot be read is taken back.

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::source::Sources;
use gatewright_grammar::Span;
use gatewright_grammar::tree::{
    ApiMemberKind, BackendMemberKind, Change, EndpointMember, EndpointMemberKind, File, Item,
    ItemKind, VersionMember, VersionMemberKind,
};
use std::collections::HashSet;

/// Text that cannot be read, and the blocks around it.
#[derive(Debug, Default)]
struct Unread<'t> {
    /// Its words: one of them may be the name that is missing elsewhere.
    words: HashSet<&'t str>,
    /// The names of imports: what stands behind one may be missing.
    imports: HashSet<&'t str>,
    /// Backends and endpoints with such text in their block, and blocks of clauses.
    blocks: Vec<Span>,
    /// Whether it stands among clauses that hold for all endpoints, inherited ones included.
    among_clauses: bool,
}

/// Takes back the findings that may only follow from the mistakes at `places`, and from text that
/// is left out because of them.
pub(crate) fn take_back(
    places: &[Span],
    files: &[File],
    sources: &Sources,
    diagnostics: &mut Diagnostics,
) {
    let mut unread = Unread::default();
    places.iter().for_each(|place| unread.bad(lines(*place, sources), sources));
    for item in files.iter().flat_map(|file| &file.items) {
        unread.item(item, sources);
        let policy = matches!(item.kind, ItemKind::Policy(_));
        unread.among_clauses |= policy && places.iter().any(|place| item.span.contains(*place));
    }
    if !unread.words.is_empty() {
        diagnostics.take(|one| unread.explains(one, sources));
    }
}

/// The whole lines that `span` is on: a field that cannot be read is not in the tree.
fn lines(span: Span, sources: &Sources) -> Span {
    let source = sources.get(span.file);
    let range = span.range();
    let before = source.and_then(|source| source.text.get(..range.start)).unwrap_or("");
    let behind = source.and_then(|source| source.text.get(range.end..)).unwrap_or("");
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    Span::new(span.file, start, range.end + behind.find('\n').unwrap_or(behind.len()))
}

/// The words in the text at `span`.
fn words(span: Span, sources: &Sources) -> impl Iterator<Item = &str> {
    let source = sources.get(span.file);
    let text = source.and_then(|source| source.text.get(span.range())).unwrap_or("");
    let words = text.split(|char: char| !(char.is_alphanumeric() || char == '_'));
    words.filter(|word| !word.is_empty())
}

impl<'t> Unread<'t> {
    fn bad(&mut self, span: Span, sources: &'t Sources) {
        self.words.extend(words(span, sources));
    }

    fn item(&mut self, item: &Item, sources: &'t Sources) {
        match &item.kind {
            ItemKind::Bad => self.bad(item.span, sources),
            ItemKind::Import(import) => {
                let alias = import.alias.as_ref().map_or(import.path.span, |alias| alias.span);
                self.imports.extend(words(alias, sources).last());
            }
            ItemKind::Api(api) => {
                for member in &api.members {
                    if matches!(member.kind, ApiMemberKind::Bad) {
                        self.bad(member.span, sources);
                        self.among_clauses = true;
                    }
                }
            }
            ItemKind::Backend(backend) => {
                for member in &backend.members {
                    if matches!(member.kind, BackendMemberKind::Bad) {
                        self.bad(member.span, sources);
                        self.blocks.push(item.span);
                    }
                }
            }
            ItemKind::Version(version) => self.version(&version.members, sources),
            _ => {}
        }
    }

    fn version(&mut self, members: &[VersionMember], sources: &'t Sources) {
        for member in members {
            match &member.kind {
                VersionMemberKind::Bad => {
                    self.bad(member.span, sources);
                    self.among_clauses = true;
                }
                VersionMemberKind::Under { members, .. } => self.version(members, sources),
                VersionMemberKind::Endpoint(endpoint) => {
                    self.work(&endpoint.members, member.span, sources);
                }
                VersionMemberKind::Change(Change::Endpoint { members, .. }) => {
                    self.work(members, member.span, sources);
                }
                _ => {}
            }
        }
    }

    fn work(&mut self, members: &[EndpointMember], block: Span, sources: &'t Sources) {
        for member in members {
            if matches!(member.kind, EndpointMemberKind::Bad) {
                self.bad(member.span, sources);
                self.blocks.push(block);
            }
        }
    }

    /// Whether `one` may only be there because of what could not be read.
    fn explains(&self, one: &Diagnostic, sources: &Sources) -> bool {
        let others = one.secondary.iter().map(|label| label.span);
        let mut places = others.chain([one.primary.span]);
        let within = |place: Span| self.blocks.iter().any(|block| block.contains(place));
        match one.code {
            Code::UnknownBackend
            | Code::UnknownType
            | Code::UnknownError
            | Code::UnknownName
            | Code::UnknownField
            | Code::UnknownPolicy
            | Code::UnknownBaseVersion
            | Code::UnknownVersion
            | Code::UnknownEndpoint
            | Code::NothingToChange
            | Code::UndeclaredFailure => {
                let mut missing = words(one.primary.span, sources);
                missing.all(|word| self.words.contains(word) || self.imports.contains(word))
            }
            Code::MissingReturn
            | Code::FieldNotProvided
            | Code::UnusedCall
            | Code::UnusedParameter
            | Code::NoTimeout => places.any(within),
            Code::AccessNotDeclared => self.among_clauses || places.any(within),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::messages;

    #[test]
    fn a_name_that_stands_in_unread_text_is_not_missed_elsewhere() {
        let text = "bakend three at \"http://three\"\nversion 1 { GET /x -> { x: text } { public, x = three GET /, return x } }";
        let found = messages(text);
        assert!(
            matches!(found.as_slice(), [one] if one.starts_with("unexpected-text")),
            "{found:?}"
        );
    }

    #[test]
    fn a_name_that_stands_nowhere_is() {
        let text = "bakend three at \"http://three\"\nversion 1 { GET /x -> { x: text } { public, x = four GET /, return x } }";
        assert_eq!(messages(text).len(), 2, "{:?}", messages(text));
    }

    #[test]
    fn a_clause_that_cannot_be_read_may_have_said_who_can_call() {
        let text = "version 1 { pubilc \n GET /x -> 204 \n GET /y -> { y: text } { public } }";
        let found = messages(text);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found.iter().any(|one| one.starts_with("missing-return")), "{found:?}");
    }
}
