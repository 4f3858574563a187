//! Where declarations stand, by the place of their name.

use super::pieces::{Pieces, Row};
use gatewright_grammar::Span;
use gatewright_grammar::tree::{
    Change, File, Ident, ItemKind, TypeBody, TypeDecl, Version, VersionMemberKind,
};
use std::collections::HashMap;

/// The declarations of types and errors in all files.
pub(super) struct Declarations {
    by_name: HashMap<Span, Declaration>,
    /// Names of those outside of versions, in the order of the text, each with its place.
    outside: Vec<(String, Span)>,
}

struct Declaration {
    /// `type`, `enum`, `union` or `error`.
    word: &'static str,
    span: Span,
    /// The braces of a record, and how many members it has.
    record: Option<(Span, usize)>,
}

/// The version `label` and where its item stands.
pub(super) fn version<'f>(files: &'f [File], label: &str) -> Option<(&'f Version, Span)> {
    files.iter().flat_map(|file| &file.items).find_map(|item| match &item.kind {
        ItemKind::Version(version) if version.label.text == label => Some((version, item.span)),
        _ => None,
    })
}

impl Declarations {
    pub(super) fn of(files: &[File]) -> Self {
        let mut found = Self { by_name: HashMap::new(), outside: Vec::new() };
        for item in files.iter().flat_map(|file| &file.items) {
            let name = match &item.kind {
                ItemKind::Type(decl) => found.typ(decl, item.span),
                ItemKind::Enum(decl) => found.add("enum", &decl.name, item.span),
                ItemKind::Union(decl) => found.add("union", &decl.name, item.span),
                ItemKind::Error(decl) => found.add("error", &decl.name, item.span),
                ItemKind::Version(version) => {
                    found.version(version);
                    continue;
                }
                _ => continue,
            };
            found.outside.push((name.text.clone(), name.span));
        }
        found
    }

    fn version(&mut self, version: &Version) {
        for member in &version.members {
            match &member.kind {
                VersionMemberKind::Type(decl) => self.typ(decl, member.span),
                VersionMemberKind::Enum(decl) => self.add("enum", &decl.name, member.span),
                VersionMemberKind::Union(decl) => self.add("union", &decl.name, member.span),
                VersionMemberKind::Error(decl) | VersionMemberKind::Change(Change::Error(decl)) => {
                    self.add("error", &decl.name, member.span)
                }
                _ => continue,
            };
        }
    }

    fn typ<'d>(&mut self, decl: &'d TypeDecl, span: Span) -> &'d Ident {
        let name = self.add("type", &decl.name, span);
        if let (TypeBody::Record(record), Some(found)) =
            (&decl.body, self.by_name.get_mut(&decl.name.span))
        {
            found.record = Some((record.span, record.fields.len()));
        }
        name
    }

    fn add<'d>(&mut self, word: &'static str, name: &'d Ident, span: Span) -> &'d Ident {
        self.by_name.insert(name.span, Declaration { word, span, record: None });
        name
    }

    /// The names of declarations outside of versions.
    pub(super) fn outside(&self) -> impl Iterator<Item = &str> {
        self.outside.iter().map(|(name, _)| name.as_str())
    }

    /// Whether the declaration with its name at `name` stands outside of versions.
    pub(super) fn is_outside(&self, name: Span) -> bool {
        self.outside.iter().any(|(_, at)| *at == name)
    }

    /// Whether `span` lies in a declaration outside of versions.
    pub(super) fn is_outside_at(&self, span: Span) -> bool {
        let holds = |name: &Span| self.span(*name).is_some_and(|whole| whole.contains(span));
        self.outside.iter().any(|(_, name)| holds(name))
    }

    /// The whole declaration.
    pub(super) fn span(&self, name: Span) -> Option<Span> {
        self.by_name.get(&name).map(|one| one.span)
    }

    /// How many members a record is declared with.
    pub(super) fn fields(&self, name: Span) -> Option<usize> {
        self.by_name.get(&name)?.record.map(|(_, count)| count)
    }

    /// The braces of a record.
    pub(super) fn block(&self, name: Span) -> Option<Span> {
        self.by_name.get(&name)?.record.map(|(block, _)| block)
    }

    /// `remove type Hit`, for a declaration outside of versions.
    pub(super) fn removal(&self, name: &str) -> Option<String> {
        let (_, at) = self.outside.iter().find(|(other, _)| other == name)?;
        Some(format!("remove {} {name}", self.by_name.get(at)?.word))
    }

    /// The declaration as a member of a version; an edit becomes what it makes.
    pub(super) fn row(&self, pieces: &Pieces<'_>, name: Span) -> Option<Row> {
        let span = self.span(name)?;
        let text = pieces.text(span);
        let declared = text.strip_prefix("change").map(|rest| rest.trim_start().to_owned());
        Some(Row { span, text: declared.or(Some(text)) })
    }
}
