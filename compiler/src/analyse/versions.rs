//! Writes every version out in full: the declarations it starts from with its edits applied.
//!
//! Names are resolved later, in each version on its own. So an edited type reaches every
//! inherited endpoint that mentions it.

mod bases;

use self::bases::{Bases, Declared};
use super::edits;
use crate::contract::work::Rewrite;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::suggest;
use gatewright_grammar::Span;
use gatewright_grammar::tree::{
    Clause, ClauseKind, Deprecated, Doc, Endpoint, EnumDecl, ErrorDecl, File, Ident, ItemKind,
    NamedField, Path, Type, TypeBody, TypeDecl, Union, Value, Version, VersionMember,
    VersionMemberKind,
};
use std::sync::Arc;

/// A version as if written from nothing.
#[derive(Clone, Debug)]
pub(crate) struct Flat {
    pub(crate) label: String,
    /// How many versions are written out before it: a version comes after the one it starts from.
    pub(crate) rank: usize,
    pub(crate) span: Span,
    /// Whether it is a draft.
    pub(crate) draft: bool,
    pub(crate) doc: Vec<String>,
    pub(crate) deprecated: Option<Deprecated>,
    pub(crate) types: Vec<FlatType>,
    pub(crate) errors: Vec<ErrorDecl>,
    /// The names of types and errors that edits removed.
    pub(crate) removed: Vec<Ident>,
    pub(crate) endpoints: Vec<FlatEndpoint>,
    pub(crate) clauses: Vec<Clause>,
    /// Values in inherited text that name fields as this version calls them.
    pub(crate) rewrites: Vec<Rewrite>,
}

/// A declaration of a type.
#[derive(Clone, Debug)]
pub(crate) struct FlatType {
    pub(crate) name: Ident,
    /// `T` of `Page<T>`.
    pub(crate) parameter: Option<Ident>,
    pub(crate) kind: FlatKind,
    pub(crate) deprecated: Option<Deprecated>,
}

/// What a declaration of a type says.
#[derive(Clone, Debug)]
pub(crate) enum FlatKind {
    Alias { ty: Type, example: Option<Value> },
    Record(Vec<FlatField>),
    Enum(EnumDecl),
    Union(Union),
}

impl FlatKind {
    /// The keyword that declares it.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            FlatKind::Alias { .. } | FlatKind::Record(_) => "type",
            FlatKind::Enum(_) => "enum",
            FlatKind::Union(_) => "union",
        }
    }
}

/// A field, and what it was called in earlier versions.
#[derive(Clone, Debug)]
pub(crate) struct FlatField {
    pub(crate) kind: FlatFieldKind,
    /// Where it is written, documentation not included.
    pub(crate) span: Span,
    /// The rank of the version that added it.
    pub(crate) added: usize,
    /// Earlier names, each with the rank of the version that ended it.
    pub(crate) renames: Vec<(usize, String)>,
}

/// A member of a record.
#[derive(Clone, Debug)]
pub(crate) enum FlatFieldKind {
    Spread(Type),
    Named(Box<NamedField>),
}

/// An endpoint with what surrounds it.
#[derive(Clone, Debug)]
pub(crate) struct FlatEndpoint {
    pub(crate) tree: Arc<Endpoint>,
    pub(crate) doc: Option<Doc>,
    /// Paths of the `under` blocks around it, outermost first.
    pub(crate) prefix: Vec<Path>,
    /// Clauses of the `under` blocks around it, outermost first, each with how many of the paths are
    /// those of its block.
    pub(crate) under: Vec<(Clause, usize)>,
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
pub(crate) struct Origins(Vec<(Span, usize)>);

impl Origins {
    /// The rank of the version whose block holds `span`.
    pub(crate) fn of(&self, span: Span) -> usize {
        self.within(span).unwrap_or(0)
    }

    /// The same; nothing for text outside of versions.
    pub(crate) fn within(&self, span: Span) -> Option<usize> {
        let found = self.0.iter().find(|(block, _)| block.contains(span));
        found.map(|(_, rank)| *rank)
    }
}

/// Every version in the order of the text, written out in full. One that starts from nothing
/// known is left out: what it means cannot be told.
pub(crate) fn flatten(files: &[File], diagnostics: &mut Diagnostics) -> (Vec<Flat>, Origins) {
    let base = top_level(files, diagnostics);
    let declared = bases::declared(files, diagnostics);
    let bases = Bases::of(&declared);
    let mut origins = Origins::default();
    let mut done: Vec<Option<Flat>> = vec![None; declared.len()];
    for index in bases.order() {
        let from = bases.from.get(index).copied().flatten().and_then(|from| done[from].as_ref());
        let mut flat = from.map_or_else(|| base.clone(), Flat::clone);
        flat.rank = origins.0.len();
        origins.0.push((declared[index].2, flat.rank));
        done[index] = Some(write_out(flat, &declared[index], diagnostics));
    }
    let circular = bases.circular();
    for (index, _) in done.iter().enumerate().filter(|(_, flat)| flat.is_none()) {
        bases::unresolvable(&declared, (index, circular[index], bases.from[index]), diagnostics);
    }
    (done.into_iter().flatten().collect(), origins)
}

/// The version with its edits applied to what it starts from.
fn write_out(
    mut flat: Flat,
    (version, doc, _): &Declared<'_>,
    diagnostics: &mut Diagnostics,
) -> Flat {
    flat.label.clone_from(&version.label.text);
    flat.span = version.label.span;
    flat.doc = doc.map(|doc| doc.lines.clone()).unwrap_or_default();
    flat.deprecated = None;
    if let Some(from) = version.from.as_ref().filter(|_| flat.draft && !version.draft) {
        diagnostics.push(from_a_draft(version, from));
    }
    flat.draft = version.draft;
    let base = version.from.as_ref().map_or(version.label.text.as_str(), |from| &from.text);
    let edits = Edits { base, inherited: Inherited::of(&flat) };
    for member in &version.members {
        apply(&mut flat, &edits, member, diagnostics);
    }
    flat
}

/// What callers may rely on cannot rest on what may still change.
fn from_a_draft(version: &Version, from: &Ident) -> Diagnostic {
    let (label, base) = (&version.label, &from.text);
    let message = format!("version {} starts from version {base}, which is a draft", label.text);
    let text = format!("make version {} a draft too", label.text);
    Diagnostic::new(Code::UnknownBaseVersion, from.span, message)
        .label("nobody may rely on a draft: it may still change in any way")
        .fix(text, from.span.at_end(), " draft")
        .help(format!("or take away `draft` from version {base}"))
}

/// What the edits of one version refer to.
struct Edits<'f> {
    /// The label of the version it starts from, else its own.
    base: &'f str,
    inherited: Inherited,
}

/// Declarations outside versions: every version has them.
fn top_level(files: &[File], diagnostics: &mut Diagnostics) -> Flat {
    let mut flat = Flat {
        label: String::new(),
        rank: 0,
        span: Span::default(),
        draft: false,
        doc: Vec::new(),
        deprecated: None,
        types: Vec::new(),
        errors: Vec::new(),
        removed: Vec::new(),
        endpoints: Vec::new(),
        clauses: Vec::new(),
        rewrites: Vec::new(),
    };
    let inherited = Inherited::default();
    for item in files.iter().flat_map(|file| &file.items) {
        match &item.kind {
            ItemKind::Type(decl) => add_type(&mut flat, &inherited, typ(decl), diagnostics),
            ItemKind::Enum(decl) => add_type(&mut flat, &inherited, enm(decl), diagnostics),
            ItemKind::Union(decl) => add_type(&mut flat, &inherited, union(decl), diagnostics),
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
    edits: &Edits<'_>,
    member: &VersionMember,
    diagnostics: &mut Diagnostics,
) {
    let inherited = &edits.inherited;
    match &member.kind {
        VersionMemberKind::Deprecated(deprecated) => flat.deprecated = Some(deprecated.clone()),
        VersionMemberKind::Rename(rename) => edits::rename(flat, rename, diagnostics),
        VersionMemberKind::Remove(remove) => edits::remove(flat, edits.base, remove, diagnostics),
        VersionMemberKind::Change(change) => edits::change(flat, edits.base, change, diagnostics),
        VersionMemberKind::Type(decl) => add_type(flat, inherited, typ(decl), diagnostics),
        VersionMemberKind::Enum(decl) => add_type(flat, inherited, enm(decl), diagnostics),
        VersionMemberKind::Union(decl) => add_type(flat, inherited, union(decl), diagnostics),
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

/// What of a block holds before what: what is used before what is written, and that no limit holds
/// before those that do.
pub(crate) fn order(clause: &Clause) -> u8 {
    match &clause.kind {
        ClauseKind::Use(_) => 0,
        ClauseKind::Limit(limit) if limit.rate.is_none() => 1,
        _ => 2,
    }
}

fn under(
    flat: &mut Flat,
    members: &[VersionMember],
    prefix: &mut Vec<Path>,
    clauses: &mut Vec<(Clause, usize)>,
) {
    let outer = clauses.len();
    for member in members {
        if let VersionMemberKind::Clause(clause) = &member.kind {
            clauses.push((clause.clone(), prefix.len()));
        }
    }
    if let Some(own) = clauses.get_mut(outer..) {
        // What is written wins over what is used.
        own.sort_by_key(|(clause, _)| order(clause));
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
    (prefix, under): (&[Path], &[(Clause, usize)]),
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
        TypeBody::Alias { ty, example } => {
            FlatKind::Alias { ty: ty.clone(), example: example.clone() }
        }
        TypeBody::Record(record) => {
            let fields = record.fields.iter().map(|field| edits::flat_field(field, 0));
            FlatKind::Record(fields.collect())
        }
    };
    FlatType {
        name: decl.name.clone(),
        parameter: decl.parameter.clone(),
        kind,
        deprecated: decl.deprecated.clone(),
    }
}

fn enm(decl: &EnumDecl) -> FlatType {
    plain(&decl.name, FlatKind::Enum(decl.clone()))
}

fn union(decl: &Union) -> FlatType {
    plain(&decl.name, FlatKind::Union(decl.clone()))
}

fn plain(name: &Ident, kind: FlatKind) -> FlatType {
    FlatType { name: name.clone(), parameter: None, kind, deprecated: None }
}

fn add_type(
    flat: &mut Flat,
    inherited: &Inherited,
    mut new: FlatType,
    diagnostics: &mut Diagnostics,
) {
    if let FlatKind::Record(fields) = &mut new.kind {
        fields.iter_mut().for_each(|field| field.added = flat.rank);
    }
    match flat.types.iter().find(|old| old.name.text == new.name.text) {
        Some(old) if inherited.types.contains(&old.name.span) => {
            let edit = match &old.kind {
                FlatKind::Alias { .. } => None,
                _ => Some(format!("change {} {} {{ … }}", old.kind.word(), old.name.text)),
            };
            let old = (old.kind.word(), &old.name);
            diagnostics.push(already_inherited(&new.name, old, edit));
        }
        Some(old) => {
            let what = format!("{} `{}`", new.kind.word(), new.name.text);
            diagnostics.push(super::duplicate(&what, new.name.span, old.name.span));
        }
        None => {
            flat.removed.retain(|removed| removed.text != new.name.text);
            flat.types.push(new);
        }
    }
}

fn add_error(
    flat: &mut Flat,
    inherited: &Inherited,
    new: &ErrorDecl,
    diagnostics: &mut Diagnostics,
) {
    let name = &new.name;
    match flat.errors.iter().find(|old| old.name.text == name.text) {
        Some(old) if inherited.errors.contains(&old.name.span) => {
            let edit = format!("change error {} {} \"…\"", name.text, new.status.text);
            diagnostics.push(already_inherited(name, ("error", &old.name), Some(edit)));
        }
        Some(old) => {
            let what = format!("error `{}`", name.text);
            diagnostics.push(super::duplicate(&what, name.span, old.name.span));
        }
        None => {
            flat.removed.retain(|removed| removed.text != name.text);
            flat.errors.push(new.clone());
        }
    }
}

/// `edit` is how the old declaration can be changed, if it can be.
fn already_inherited(new: &Ident, (what, old): (&str, &Ident), edit: Option<String>) -> Diagnostic {
    let name = &new.text;
    let message = format!("this version has `{name}` already: it inherits it");
    let mut diagnostic = Diagnostic::new(Code::AlreadyInherited, new.span, message)
        .label("declared again")
        .see(old.span, "inherited from here");
    if let Some(edit) = edit {
        diagnostic = diagnostic.help(format!("write `{edit}` to edit it"));
    }
    diagnostic.help(format!("write `remove {what} {name}` before this line to replace it"))
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
        Some(other) => diagnostic.meant(span, other),
        None => diagnostic.label("nothing of this name is inherited or declared before"),
    }
}

#[cfg(test)]
mod tests {
    use crate::contract::types::Kind;
    use crate::contract::{Build, Contract, Endpoint, Operand, Version};
    use crate::testing::{check, messages};

    const BASE: &str = "version 1 {
        type Product { id: text, title: text }
        GET /products/{id: text} -> Product {
          public
          item = one GET /items/{id}
          return { ...item, title: item.name }
        }
      }";

    fn version<'c>(contract: &'c Contract, label: &str) -> &'c Version {
        contract.versions.iter().find(|version| version.label == label).expect("the version")
    }

    /// What an endpoint answers: each member with the field it is taken from.
    fn answer(endpoint: &Endpoint) -> Vec<String> {
        let Some(Build::Record(_, members)) = &endpoint.work.answers[0].body else {
            panic!("a record")
        };
        let source = |build: &Build| match build {
            Build::Copy(Operand::Node(node)) => match &endpoint.work.node(*node).parent {
                crate::contract::work::Parent::Field(_, name) => name.clone(),
                other => panic!("{other:?}"),
            },
            Build::Const(constant) => constant.json(),
            other => panic!("{other:?}"),
        };
        members.iter().map(|member| format!("{}={}", member.name, source(&member.value))).collect()
    }

    #[test]
    fn a_rename_is_followed_through_versions() {
        let contract = check(&format!(
            "{BASE}
             version 2 from 1 {{ rename Product.title to name, rename Product.id to sku }}
             version 3 from 2 {{ rename Product.name to label }}"
        ));
        let answers = |label| answer(&version(&contract, label).endpoints[0]);
        assert_eq!(answers("1"), ["id=id", "title=name"]);
        assert_eq!(answers("2"), ["sku=id", "name=name"], "what backends send keeps its name");
        assert_eq!(answers("3"), ["sku=id", "label=name"]);
    }

    #[test]
    fn an_entry_of_a_later_version_takes_the_place_of_an_inherited_one() {
        let contract = check(&format!(
            "{BASE}
             version 2 from 1 {{
               rename Product.title to name
               change GET /products/{{id}} {{ return {{ name: item.label }} }}
             }}"
        ));
        assert_eq!(answer(&version(&contract, "2").endpoints[0]), ["id=id", "name=label"]);
        assert_eq!(answer(&version(&contract, "1").endpoints[0]), ["id=id", "title=name"]);
    }

    #[test]
    fn versions_may_stand_in_any_order() {
        let contract = check(&format!(
            "version 10 from 2 {{ rename Product.name to label }}
             version 2 from 1 {{ rename Product.title to name }}
             {BASE}"
        ));
        let labels: Vec<&str> = contract.versions.iter().map(|one| one.label.as_str()).collect();
        assert_eq!(labels, ["10", "2", "1"], "in the order of the text");
        assert_eq!(answer(&version(&contract, "10").endpoints[0]), ["id=id", "label=name"]);
    }

    #[test]
    fn a_removed_field_takes_its_inherited_entries_with_it() {
        let contract = check(&format!(
            "{BASE}\nversion 2 from 1 {{ change type Product {{ remove title, rating?: number }} }}"
        ));
        assert_eq!(answer(&version(&contract, "2").endpoints[0]), ["id=id", "rating=rating"]);
    }

    #[test]
    fn an_edit_reaches_inherited_endpoints_only_in_its_version() {
        let contract = check(&format!(
            "{BASE}\nversion 2 from 1 {{ change type Product {{ title?: text(..5) }} }}"
        ));
        let optional = |label| {
            let version = version(&contract, label);
            let Some(Kind::Record(id)) =
                version.endpoints[0].success[0].ty.as_ref().map(|ty| ty.kind.clone())
            else {
                panic!("a record")
            };
            version.types.record(id).fields[1].optional
        };
        assert_eq!((optional("1"), optional("2")), (false, true));
    }

    #[test]
    fn members_of_an_endpoint_replace_join_and_go() {
        let contract = check(
            "version 1 {
               GET /x/{id: text} -> { id: text } {
                 public
                 timeout 1s
                 query size: int = 1
                 query deep?: bool
                 item = one GET /{id}?size={size}&deep={deep}
                 return item
               }
             }
             version 2 from 1 {
               change GET /x/{id} {
                 remove query deep
                 query size: int = 2
                 item = two GET /{id}?size={size}
                 timeout 2s
               }
             }",
        );
        let endpoint = &version(&contract, "2").endpoints[0];
        let names: Vec<&str> = endpoint.params.iter().map(|param| param.name.as_str()).collect();
        assert_eq!(names, ["id", "size"]);
        assert_eq!(endpoint.timeout.most(), Some(2_000));
        assert_eq!(contract.backends[endpoint.work.calls[0].backend].name, "two");
        assert_eq!(version(&contract, "1").endpoints[0].params.len(), 3);
    }

    #[test]
    fn an_endpoint_under_a_prefix_is_edited_by_its_whole_path() {
        let text = "version 1 {
            under /a { public, under /{b: text} { GET / -> { b: text } { return { b: b } } } }
          }";
        let contract = check(&format!("{text}\nversion 2 from 1 {{ remove GET /a/{{b}} }}"));
        assert_eq!(version(&contract, "1").endpoints[0].template, "/v1/a/{b}");
        assert!(version(&contract, "2").endpoints.is_empty());
    }

    #[test]
    fn a_mistake_in_an_inherited_line_is_told_once() {
        let text = "version 1 { GET /x -> { x: text } { public, return { x: y } } }
             version 2 from 1 { }
             version 3 from 2 { }";
        assert_eq!(messages(text), ["unknown-name: there is nothing called `y` here"]);
    }
}
