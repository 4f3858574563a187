//! Versions and their edits.

use super::cursor::{Cursor, Node, only};
use super::{Lower, Place};
use crate::parse::Rule;
use crate::tree::{Change, FieldEdit, Remove, Rename, Version, VersionMember, VersionMemberKind};

impl Lower<'_> {
    pub(super) fn version(&mut self, node: Node<'_>) -> Version {
        let mut cursor = Cursor::of(node);
        cursor.take(Rule::k_version);
        let label = self.ident(only(cursor.take(Rule::version_label)));
        let from =
            cursor.flag(Rule::k_from).then(|| self.ident(only(cursor.take(Rule::version_label))));
        let draft = cursor.flag(Rule::k_draft);
        Version {
            label,
            from,
            draft,
            members: self.members(&mut cursor, Place::Version, Self::version_member),
        }
    }

    /// A member of a version or of an `under` block.
    fn version_member(&mut self, node: Node<'_>) -> VersionMember {
        let mut cursor = Cursor::of(node);
        let doc = self.doc(&mut cursor);
        let node = cursor.any();
        let span = self.span(&node);
        let kind = match node.as_rule() {
            Rule::deprecated => VersionMemberKind::Deprecated(self.deprecated(node)),
            Rule::rename => VersionMemberKind::Rename(self.rename(node)),
            Rule::remove => VersionMemberKind::Remove(self.remove(node)),
            Rule::change => VersionMemberKind::Change(self.change(node)),
            Rule::under => self.under(node),
            Rule::endpoint => VersionMemberKind::Endpoint(self.endpoint(node)),
            Rule::type_decl => VersionMemberKind::Type(self.type_decl(node)),
            Rule::enum_decl => VersionMemberKind::Enum(self.enum_decl(node)),
            Rule::union_decl => VersionMemberKind::Union(self.union_decl(node)),
            Rule::error_decl => VersionMemberKind::Error(self.error_decl(node)),
            _ => VersionMemberKind::Clause(self.clause(node)),
        };
        VersionMember { kind, doc, span }
    }

    fn rename(&mut self, node: Node<'_>) -> Rename {
        let mut cursor = Cursor::of(node);
        cursor.take(Rule::k_rename);
        let from = self.ident(cursor.take(Rule::qual));
        cursor.take(Rule::k_to);
        Rename { from, to: self.ident(cursor.take(Rule::ident)) }
    }

    fn remove(&mut self, node: Node<'_>) -> Remove {
        let mut cursor = Cursor::of(node);
        cursor.take(Rule::k_remove);
        match cursor.opt(Rule::method) {
            Some(method) => {
                Remove::Endpoint(self.method(method), self.path(cursor.take(Rule::path)))
            }
            None => {
                let kind = self.ident(cursor.take(Rule::declaration));
                Remove::Declaration(kind, self.ident(cursor.take(Rule::qual)))
            }
        }
    }

    fn change(&mut self, node: Node<'_>) -> Change {
        let mut cursor = Cursor::of(node);
        cursor.take(Rule::k_change);
        let first = cursor.any();
        match first.as_rule() {
            Rule::method => {
                let method = self.method(first);
                let path = self.path(cursor.take(Rule::path));
                let node = cursor.take(Rule::block);
                Change::Endpoint {
                    method,
                    path,
                    block: self.span(&node),
                    members: self.block(node),
                }
            }
            Rule::k_type => {
                let name = self.ident(cursor.take(Rule::qual));
                let mut edits = Cursor::of(cursor.take(Rule::edits));
                Change::Type { name, edits: self.members(&mut edits, Place::Edits, Self::edit) }
            }
            Rule::k_enum => {
                let name = self.ident(cursor.take(Rule::qual));
                Change::Enum { name, body: self.enum_body(cursor.take(Rule::enum_body)) }
            }
            Rule::k_union => {
                let name = self.ident(cursor.take(Rule::qual));
                Change::Union { name, variants: self.variants(cursor.take(Rule::variants)) }
            }
            _ => Change::Error(self.error_decl(first)),
        }
    }

    fn edit(&mut self, node: Node<'_>) -> FieldEdit {
        let node = only(node);
        match node.as_rule() {
            Rule::removed => FieldEdit::Remove(self.second_ident(node)),
            _ => FieldEdit::Field(self.field(node)),
        }
    }

    fn under(&mut self, node: Node<'_>) -> VersionMemberKind {
        let mut cursor = Cursor::of(node);
        cursor.take(Rule::k_under);
        let path = self.path(cursor.take(Rule::path));
        VersionMemberKind::Under {
            path,
            members: self.members(&mut cursor, Place::Under, Self::version_member),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::lower::samples::{item, member};
    use crate::tree::{Change, FieldEdit, ItemKind, Remove, VersionMemberKind};

    #[test]
    fn labels() {
        let ItemKind::Version(version) = item("version 2026-09-01 from 1 draft {}") else {
            panic!()
        };
        assert_eq!(
            (version.label.text.as_str(), version.from.unwrap().text.as_str()),
            ("2026-09-01", "1")
        );
        assert!(version.draft);
    }

    #[test]
    fn renames_and_removals() {
        let VersionMemberKind::Rename(rename) = member("rename Product.title to name") else {
            panic!()
        };
        assert_eq!((rename.from.text.as_str(), rename.to.text.as_str()), ("Product.title", "name"));
        assert!(matches!(
            member("remove GET /find"),
            VersionMemberKind::Remove(Remove::Endpoint(..))
        ));
        assert!(
            matches!(member("remove type Hit"), VersionMemberKind::Remove(Remove::Declaration(kind, name))
            if kind.text == "type" && name.text == "Hit")
        );
    }

    #[test]
    fn changes() {
        let change = |text: &str| match member(text) {
            VersionMemberKind::Change(change) => change,
            other => panic!("{other:?}"),
        };
        let Change::Type { edits, .. } = change("change type T { f: new, remove g }") else {
            panic!()
        };
        assert!(
            matches!(&edits[..], [FieldEdit::Field(_), FieldEdit::Remove(name)] if name.text == "g")
        );
        let Change::Endpoint { members, .. } = change("change GET /x { remove query q, return a }")
        else {
            panic!()
        };
        assert_eq!(members.len(), 2);
        assert!(matches!(change("change enum E { a }"), Change::Enum { .. }));
        assert!(
            matches!(change("change union U { a: A }"), Change::Union { variants, .. } if variants.len() == 1)
        );
        assert!(matches!(change("change error E 404 \"x\""), Change::Error(_)));
        let shared = change("change error shared.E 410 \"x\" { a: text }");
        assert!(matches!(shared, Change::Error(error) if error.name.text == "shared.E"));
    }

    #[test]
    fn a_common_prefix() {
        let VersionMemberKind::Under { path, members } =
            member("under /a { public, under /b { GET / -> 204 } }")
        else {
            panic!()
        };
        assert_eq!(path.segments.len(), 1);
        assert!(
            matches!(&members[1].kind, VersionMemberKind::Under { members, .. } if members.len() == 1)
        );
    }
}
