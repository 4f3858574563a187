//! Versions and their edits.

use super::Printer;
use super::block::Row;
use super::item::dyn_rows;
use super::layout::Layout;
use crate::span::Span;
use crate::tree::{Change, Doc, FieldEdit, Remove, Version, VersionMember, VersionMemberKind};

impl Row for VersionMember {
    fn span(&self) -> Span {
        self.span
    }

    fn doc(&self) -> Option<&Doc> {
        self.doc.as_ref()
    }

    fn layout(&self, printer: &mut Printer<'_>) -> Layout {
        match &self.kind {
            VersionMemberKind::Deprecated(deprecated) => printer.deprecated(deprecated),
            VersionMemberKind::Rename(rename) => {
                Layout::from(format!("rename {} to {}", rename.from.text, rename.to.text))
            }
            VersionMemberKind::Remove(remove) => printer.remove(remove),
            VersionMemberKind::Change(change) => {
                Layout::from("change ").then(printer.change(change, self.span))
            }
            VersionMemberKind::Under { path, members } => {
                let head = Layout::from("under ").then(printer.path(path)).then(" ");
                head.then(printer.braces(&dyn_rows(members), self.span))
            }
            VersionMemberKind::Endpoint(endpoint) => printer.endpoint(endpoint),
            VersionMemberKind::Type(decl) => printer.type_decl(decl),
            VersionMemberKind::Enum(decl) => printer.enum_decl(decl),
            VersionMemberKind::Union(union) => printer.union_decl(union, self.span),
            VersionMemberKind::Error(error) => printer.error_decl(error),
            VersionMemberKind::Clause(clause) => printer.clause(clause),
            VersionMemberKind::Bad => printer.source(self.span),
        }
    }
}

impl Row for FieldEdit {
    fn span(&self) -> Span {
        match self {
            Self::Remove(name) => name.span,
            Self::Field(field) => field.span,
        }
    }

    fn doc(&self) -> Option<&Doc> {
        match self {
            Self::Remove(_) => None,
            Self::Field(field) => field.doc.as_ref(),
        }
    }

    fn layout(&self, printer: &mut Printer<'_>) -> Layout {
        match self {
            Self::Remove(name) => Layout::from(format!("remove {}", name.text)),
            Self::Field(field) => field.layout(printer),
        }
    }
}

impl Printer<'_> {
    pub(super) fn version(&mut self, version: &Version, span: Span) -> Layout {
        let from =
            version.from.as_ref().map_or_else(String::new, |from| format!(" from {}", from.text));
        let draft = if version.draft { " draft" } else { "" };
        let head = format!("version {}{from}{draft} ", version.label.text);
        Layout::from(head).then(self.braces(&dyn_rows(&version.members), span))
    }

    fn remove(&mut self, remove: &Remove) -> Layout {
        match remove {
            Remove::Endpoint(method, path) => {
                Layout::from(format!("remove {} ", method.text)).then(self.path(path))
            }
            Remove::Declaration(kind, name) => {
                Layout::from(format!("remove {} {}", kind.text, name.text))
            }
        }
    }

    fn change(&mut self, change: &Change, span: Span) -> Layout {
        match change {
            Change::Endpoint { method, path, members, block } => {
                let head =
                    Layout::from(format!("{} ", method.text)).then(self.path(path)).then(" ");
                head.then(self.braces(&dyn_rows(members), *block))
            }
            Change::Type { name, edits } => Layout::from(format!("type {} ", name.text))
                .then(self.braces(&dyn_rows(edits), span)),
            Change::Enum { name, body } => {
                Layout::from(format!("enum {} ", name.text)).then(self.enum_body(body))
            }
            Change::Union { name, variants } => Layout::from(format!("union {} ", name.text))
                .then(self.braces(&dyn_rows(variants), span)),
            Change::Error(error) => self.error_decl(error),
        }
    }
}
