//! Writes every version out in full: the declarations it starts from with its edits applied.
//!
//! Names are resolved later, in each version on its own. So an edited type reaches every
//! inherited endpoint that mentions it.

use super::edits;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity};
use crate::suggest;
use gatewright_grammar::Span;
use gatewright_grammar::tree::{
    Clause, Deprecated, Doc, Endpoint, EnumDecl, ErrorDecl, File, Ident, ItemKind, NamedField,
    Path, Type, TypeBody, TypeDecl, Union, Value, Version, VersionMember, VersionMemberKind,
};
use std::sync::Arc;

/// A version as if written from nothing.
#[derive(Clone, Debug)]
pub(crate) struct Flat {
    pub(crate) label: String,
    pub(crate) span: Span,
    pub(crate) doc: Vec<String>,
    pub(crate) deprecated: Option<Deprecated>,
    pub(crate) types: Vec<FlatType>,
    pub(crate) errors: Vec<ErrorDecl>,
    pub(crate) endpoints: Vec<FlatEndpoint>,
    pub(crate) clauses: Vec<Clause>,
}

/// A declaration of a type.
#[derive(Clone, Debug)]
pub(crate) struct FlatType {
    pub(crate) name: Ident,
    pub(crate) kind: FlatKind,
}

/// What a declaration of a type says.
#[derive(Clone, Debug)]
pub(crate) enum FlatKind {
    Alias { ty: Type, example: Option<Value> },
    Record { fields: Vec<FlatField>, span: Span },
    Enum(EnumDecl),
    Union(Union),
    Generic,
}

/// A field, and what it was called in earlier versions.
#[derive(Clone, Debug)]
pub(crate) struct FlatField {
    pub(crate) kind: FlatFieldKind,
    pub(crate) span: Span,
    /// The version that added it.
    pub(crate) added: usize,
    /// Earlier names, each with the version that ended it.
    pub(crate) renames: Vec<(usize, String)>,
}

/// A member of a record.
#[derive(Clone, Debug)]
pub(crate) enum FlatFieldKind {
    Spread(Ident),
    Named(NamedField),
}

/// An endpoint with what surrounds it.
#[derive(Clone, Debug)]
pub(crate) struct FlatEndpoint {
    pub(crate) tree: Arc<Endpoint>,
    pub(crate) doc: Option<Doc>,
    /// Paths of the `under` blocks around it, outermost first.
    pub(crate) prefix: Vec<Path>,
    /// Clauses of the `under` blocks around it, outermost first.
    pub(crate) under: Vec<Clause>,
    pub(crate) span: Span,
}

impl FlatEndpoint {
    /// `GET /products/{id}`: method and path without types.
    pub(crate) fn key(&self) -> String {
        let prefix: String = self.prefix.iter().map(edits::path_text).collect();
        let path = edits::path_text(&self.tree.path);
        let path = if prefix.is_empty() || path != "/" { prefix + &path } else { prefix };
        format!("{} {path}", self.tree.method.text)
    }
}

/// Tells which version wrote a piece of text.
#[derive(Clone, Debug, Default)]
pub(crate) struct Origins(Vec<Span>);

impl Origins {
    /// The index of the version whose block holds `span`.
    pub(crate) fn of(&self, span: Span) -> usize {
        self.0.iter().position(|block| block.contains(span)).unwrap_or(0)
    }
}

/// Every version in the order of the text, written out in full.
pub(crate) fn flatten(files: &[File], diagnostics: &mut Diagnostics) -> (Vec<Flat>, Origins) {
    let base = top_level(files, diagnostics);
    let mut versions: Vec<Flat> = Vec::new();
    let declared = declared(files, diagnostics);
    let origins = Origins(declared.iter().map(|(_, _, span)| *span).collect());
    let mut pending: Vec<usize> = (0..declared.len()).collect();
    let mut done: Vec<Option<Flat>> = vec![None; declared.len()];
    while let Some(at) = pending.iter().position(|&index| {
        let (version, _, _) = &declared[index];
        version.from.as_ref().is_none_or(|from| {
            find(&declared, &from.text).is_none_or(|base| base == index || done[base].is_some())
        })
    }) {
        let index = pending.remove(at);
        done[index] = Some(one(&base, &declared, index, &done, diagnostics));
    }
    for index in pending {
        unresolvable(&declared[index].0, diagnostics);
    }
    versions.extend(done.into_iter().flatten());
    (versions, origins)
}

type Declared<'f> = (&'f Version, Option<&'f Doc>, Span);

fn declared<'f>(files: &'f [File], diagnostics: &mut Diagnostics) -> Vec<Declared<'f>> {
    let mut found: Vec<Declared<'f>> = Vec::new();
    for item in files.iter().flat_map(|file| &file.items) {
        let ItemKind::Version(version) = &item.kind else { continue };
        if let Some(first) = find(&found, &version.label.text) {
            let text = &version.label.text;
            diagnostics.push(
                Diagnostic::new(
                    Code::DuplicateVersion,
                    version.label.span,
                    format!("version {text} is declared twice"),
                )
                .label("declared again")
                .see(found[first].0.label.span, "first declared here")
                .help("put the members of both into one block, or give this one another number"),
            );
        } else {
            found.push((version, item.doc.as_ref(), item.span));
        }
    }
    found
}

fn find(declared: &[Declared<'_>], label: &str) -> Option<usize> {
    declared.iter().position(|(version, _, _)| version.label.text == label)
}

fn unresolvable(version: &Version, diagnostics: &mut Diagnostics) {
    let span = version.from.as_ref().map_or(version.label.span, |from| from.span);
    let message = format!("version {} starts from itself, by a circle", version.label.text);
    diagnostics.push(
        Diagnostic::new(Code::UnknownBaseVersion, span, message)
            .label("this leads back to the version itself")
            .help("start one of the versions from nothing: `version 1 { … }`"),
    );
}

fn one(
    base: &Flat,
    declared: &[Declared<'_>],
    index: usize,
    done: &[Option<Flat>],
    diagnostics: &mut Diagnostics,
) -> Flat {
    let (version, doc, _) = &declared[index];
    let mut flat = match &version.from {
        None => base.clone(),
        Some(from) => start(base, from, declared, done, diagnostics),
    };
    flat.label.clone_from(&version.label.text);
    flat.span = version.label.span;
    flat.doc = doc.map(|doc| doc.lines.clone()).unwrap_or_default();
    flat.deprecated = None;
    if version.draft {
        diagnostics
            .push(super::not_yet(version.label.span, "`draft`", Severity::Error).note(
                "a draft must not be served by accident, and nothing tells drafts apart yet",
            ));
    }
    let first_inherited = Inherited::of(&flat);
    for member in &version.members {
        apply(&mut flat, index, member, &first_inherited, diagnostics);
    }
    flat
}

fn start(
    base: &Flat,
    from: &Ident,
    declared: &[Declared<'_>],
    done: &[Option<Flat>],
    diagnostics: &mut Diagnostics,
) -> Flat {
    let found = find(declared, &from.text).and_then(|at| done[at].clone());
    found.unwrap_or_else(|| {
        let labels = declared.iter().map(|(version, _, _)| version.label.text.as_str());
        let message = format!("there is no version {}", from.text);
        let mut diagnostic = Diagnostic::new(Code::UnknownBaseVersion, from.span, message)
            .label("nothing to start from");
        for label in labels.take(3) {
            diagnostic = diagnostic.help(format!("`from {label}`"));
        }
        diagnostics.push(diagnostic);
        base.clone()
    })
}

/// Declarations outside versions: every version has them.
fn top_level(files: &[File], diagnostics: &mut Diagnostics) -> Flat {
    let mut flat = Flat {
        label: String::new(),
        span: Span::default(),
        doc: Vec::new(),
        deprecated: None,
        types: Vec::new(),
        errors: Vec::new(),
        endpoints: Vec::new(),
        clauses: Vec::new(),
    };
    let inherited = Inherited::default();
    for item in files.iter().flat_map(|file| &file.items) {
        match &item.kind {
            ItemKind::Type(decl) => add_type(&mut flat, 0, &inherited, typ(decl), diagnostics),
            ItemKind::Enum(decl) => add_type(&mut flat, 0, &inherited, enm(decl), diagnostics),
            ItemKind::Union(decl) => add_type(&mut flat, 0, &inherited, union(decl), diagnostics),
            ItemKind::Error(decl) => add_error(&mut flat, &inherited, decl, diagnostics),
            _ => {}
        }
    }
    flat
}

/// What a version starts with, to tell a repeated declaration from a redeclared one.
#[derive(Debug, Default)]
pub(crate) struct Inherited {
    types: Vec<Span>,
    errors: Vec<Span>,
}

impl Inherited {
    fn of(flat: &Flat) -> Self {
        Self {
            types: flat.types.iter().map(|one| one.name.span).collect(),
            errors: flat.errors.iter().map(|one| one.name.span).collect(),
        }
    }
}

fn apply(
    flat: &mut Flat,
    index: usize,
    member: &VersionMember,
    inherited: &Inherited,
    diagnostics: &mut Diagnostics,
) {
    match &member.kind {
        VersionMemberKind::Deprecated(deprecated) => flat.deprecated = Some(deprecated.clone()),
        VersionMemberKind::Rename(rename) => edits::rename(flat, index, rename, diagnostics),
        VersionMemberKind::Remove(remove) => {
            edits::remove(flat, remove, member.span, diagnostics);
        }
        VersionMemberKind::Change(change) => edits::change(flat, index, change, diagnostics),
        VersionMemberKind::Type(decl) => add_type(flat, index, inherited, typ(decl), diagnostics),
        VersionMemberKind::Enum(decl) => add_type(flat, index, inherited, enm(decl), diagnostics),
        VersionMemberKind::Union(decl) => {
            add_type(flat, index, inherited, union(decl), diagnostics);
        }
        VersionMemberKind::Error(decl) => add_error(flat, inherited, decl, diagnostics),
        VersionMemberKind::Clause(clause) => edits::replace_clause(&mut flat.clauses, clause),
        VersionMemberKind::Endpoint(endpoint) => {
            add_endpoint(flat, endpoint, member, (&[], &[]));
        }
        VersionMemberKind::Under { path, members } => {
            under(flat, members, &mut vec![path.clone()], &mut Vec::new());
        }
        VersionMemberKind::Bad => {}
    }
}

fn under(
    flat: &mut Flat,
    members: &[VersionMember],
    prefix: &mut Vec<Path>,
    clauses: &mut Vec<Clause>,
) {
    let outer = clauses.len();
    for member in members {
        if let VersionMemberKind::Clause(clause) = &member.kind {
            clauses.push(clause.clone());
        }
    }
    for member in members {
        match &member.kind {
            VersionMemberKind::Endpoint(endpoint) => {
                add_endpoint(flat, endpoint, member, (prefix, clauses));
            }
            VersionMemberKind::Under { path, members } => {
                prefix.push(path.clone());
                under(flat, members, prefix, clauses);
                prefix.pop();
            }
            _ => {}
        }
    }
    clauses.truncate(outer);
}

fn add_endpoint(
    flat: &mut Flat,
    endpoint: &Endpoint,
    member: &VersionMember,
    (prefix, under): (&[Path], &[Clause]),
) {
    flat.endpoints.push(FlatEndpoint {
        tree: Arc::new(endpoint.clone()),
        doc: member.doc.clone(),
        prefix: prefix.to_vec(),
        under: under.to_vec(),
        span: endpoint.signature,
    });
}

fn typ(decl: &TypeDecl) -> FlatType {
    let kind = match &decl.body {
        _ if decl.parameter.is_some() => FlatKind::Generic,
        TypeBody::Alias { ty, example } => {
            FlatKind::Alias { ty: ty.clone(), example: example.clone() }
        }
        TypeBody::Record(record) => FlatKind::Record {
            fields: record.fields.iter().map(|field| edits::flat_field(field, 0)).collect(),
            span: record.span,
        },
    };
    FlatType { name: decl.name.clone(), kind }
}

fn enm(decl: &EnumDecl) -> FlatType {
    FlatType { name: decl.name.clone(), kind: FlatKind::Enum(decl.clone()) }
}

fn union(decl: &Union) -> FlatType {
    FlatType { name: decl.name.clone(), kind: FlatKind::Union(decl.clone()) }
}

fn add_type(
    flat: &mut Flat,
    index: usize,
    inherited: &Inherited,
    mut new: FlatType,
    diagnostics: &mut Diagnostics,
) {
    if let FlatKind::Record { fields, .. } = &mut new.kind {
        fields.iter_mut().for_each(|field| field.added = index);
    }
    match flat.types.iter().find(|old| old.name.text == new.name.text) {
        Some(old) => {
            let edited = inherited.types.contains(&old.name.span);
            redeclared(&new.name, old.name.span, ("type", edited), diagnostics);
        }
        None => flat.types.push(new),
    }
}

fn add_error(
    flat: &mut Flat,
    inherited: &Inherited,
    new: &ErrorDecl,
    diagnostics: &mut Diagnostics,
) {
    match flat.errors.iter().find(|old| old.name.text == new.name.text) {
        Some(old) => {
            let edited = inherited.errors.contains(&old.name.span);
            redeclared(&new.name, old.name.span, ("error", edited), diagnostics);
        }
        None => flat.errors.push(new.clone()),
    }
}

fn redeclared(
    new: &Ident,
    old: Span,
    (what, inherited): (&str, bool),
    diagnostics: &mut Diagnostics,
) {
    let name = &new.text;
    diagnostics.push(if inherited {
        Diagnostic::new(
            Code::AlreadyInherited,
            new.span,
            format!("this version has `{name}` already: it inherits it"),
        )
        .label("declared again")
        .see(old, "inherited from here")
        .help(format!("write `change {what} {name} {{ … }}` to edit it"))
        .help(format!("or `remove {what} {name}` first"))
    } else {
        super::duplicate(&format!("{what} `{name}`"), new.span, old)
    });
}

/// A finding about an edit of something that is not there, with what its author may mean.
pub(crate) fn nothing<'n>(
    span: Span,
    message: String,
    name: &str,
    known: impl Iterator<Item = &'n str>,
) -> Diagnostic {
    let diagnostic = Diagnostic::new(Code::NothingToChange, span, message);
    match suggest::closest(name, known) {
        Some(other) => diagnostic.label(format!("did you mean `{other}`?")).fix(
            format!("write `{other}`"),
            span,
            other.to_owned(),
        ),
        None => diagnostic.label("nothing of this name is inherited or declared before"),
    }
}
