//! A version as source: what it inherits with its edits applied, in its own names.

mod declarations;
mod imports;
mod pieces;
mod used;

use crate::analyse::clauses::{Held, nearest};
use crate::analyse::imports::link;
use crate::analyse::limits;
use crate::analyse::policies::{self, Policies};
use crate::analyse::versions::{self, Flat, FlatEndpoint, FlatFieldKind, FlatKind, Origins};
use crate::contract::Checked;
use crate::contract::work::Rewrite;
use crate::diagnostic::{Diagnostics, Severity};
use crate::source::{Sources, Unit};
use declarations::Declarations;
use gatewright_grammar::Span;
use gatewright_grammar::tree::{
    ApiMemberKind, ClauseKind, EndpointMember, EndpointMemberKind, Entry, EntryKind, File,
    ItemKind, Object, Path, ValueKind, Version, VersionMemberKind, Versions,
};
use pieces::{Pieces, Row};
use std::collections::BTreeSet;

/// The contract with the version `label` alone, as if written from nothing: in canonical form,
/// with what the version uses of the declarations around it.
///
/// # Errors
///
/// There is no such version, or it cannot be written in the language: in words.
pub fn flatten(sources: &Sources, contract: &Checked, label: &str) -> Result<String, String> {
    if imports_some(sources) {
        let (sources, contract) = imports::local(sources)?;
        return flatten(&sources, &contract, label);
    }
    let files = parsed(sources);
    let block = Block::of(sources, &files, contract, label)?;
    let version = block.written(label, Around::Nothing);
    let mut text = used::around(&block.pieces, &files, &version, (&block.flat, &block.replaced()));
    text.push_str(&version);
    Ok(gatewright_grammar::format(&text).unwrap_or(text))
}

/// The version `label` written out as a version called `new` beside it, in canonical form: what
/// stands outside of versions is shared.
///
/// # Errors
///
/// As with [`flatten`].
pub fn flatten_as(
    sources: &Sources,
    contract: &Checked,
    label: &str,
    new: &str,
) -> Result<String, String> {
    let (files, _) = link(sources, parsed(sources), &mut Diagnostics::default());
    let block = Block::of(sources, &files, contract, label)?;
    let text = block.written(new, Around::TopLevel);
    let text = gatewright_grammar::format(&text).unwrap_or(text);
    if imports_some(sources) {
        can_stand_beside(sources, &text)?;
    }
    Ok(text)
}

/// Whether a version that was written out is right beside its contract: one that edits what another
/// directory declares has no name for it there.
fn can_stand_beside(sources: &Sources, text: &str) -> Result<(), String> {
    let mut more = sources.without_lock();
    more.add("version.api", text);
    let found = crate::analyse(&more).diagnostics;
    let error = found.iter().find(|one| one.severity == Severity::Error);
    error.map_or(Ok(()), |error| {
        Err(format!(
            "the version edits what another directory declares, and cannot stand beside that: {}",
            error.message
        ))
    })
}

fn imports_some(sources: &Sources) -> bool {
    sources.iter().any(|(_, source)| source.unit != Unit::default())
}

fn parsed(sources: &Sources) -> Vec<File> {
    sources.iter().map(|(id, source)| gatewright_grammar::parse(id, &source.text).file).collect()
}

/// What stands around a version that is written out.
#[derive(Clone, Copy, PartialEq)]
enum Around {
    /// What it needs, and nothing else.
    Nothing,
    /// All declarations outside of versions.
    TopLevel,
}

/// One version, and where its text is.
struct Block<'a> {
    pieces: Pieces<'a>,
    declarations: Declarations,
    policies: Policies,
    origins: Origins,
    flat: Flat,
    version: &'a Version,
    span: Span,
}

impl<'a> Block<'a> {
    fn of(
        sources: &'a Sources,
        files: &'a [File],
        contract: &Checked,
        label: &str,
    ) -> Result<Self, String> {
        let block = Self::find(sources, files, contract, label);
        let block = block.ok_or_else(|| format!("the contract has no version {label}"))?;
        match used::renamed_at_backends(&block.pieces, files, &block.flat) {
            None => Ok(block),
            Some(name) => Err(format!(
                "version {label} renames a field of `{name}`, which backends know under its \
                 first name; there is no way to write that in one version"
            )),
        }
    }

    fn find(
        sources: &'a Sources,
        files: &'a [File],
        contract: &Checked,
        label: &str,
    ) -> Option<Self> {
        let (flats, origins) = versions::flatten(files, &mut Diagnostics::default());
        let flat = flats.into_iter().find(|flat| flat.label == label)?;
        let checked = contract.contract().versions.iter().find(|one| one.label == label)?;
        let works = checked.endpoints.iter().map(|endpoint| &endpoint.work.rewrites);
        let mut rewrites: Vec<Rewrite> = works.flatten().cloned().collect();
        rewrites.extend(renamed_fields(&flat));
        rewrites.extend(flat.rewrites.iter().cloned());
        rewrites.extend(default_version(files, label));
        let (version, span) = declarations::version(files, label)?;
        let pieces = Pieces::new(sources, rewrites);
        let declarations = Declarations::of(files);
        let policies = policies::declare(files, &mut Diagnostics::default());
        Some(Self { pieces, declarations, policies, origins, flat, version, span })
    }

    /// Declarations outside of versions that this version edits or removes, by name.
    fn replaced(&self) -> BTreeSet<&str> {
        let same = |name: &str| {
            let flat = &self.flat;
            let unchanged = flat.types.iter().any(|one| one.name.text == name && self.kept(one));
            let error = |one: &gatewright_grammar::tree::ErrorDecl| {
                one.name.text == name && self.declarations.is_outside(one.name.span)
            };
            unchanged || flat.errors.iter().any(error)
        };
        self.declarations.outside().filter(|name| !same(name)).collect()
    }

    /// Whether a type is declared outside of versions, and is as declared there.
    fn kept(&self, one: &versions::FlatType) -> bool {
        if !self.declarations.is_outside(one.name.span) {
            return false;
        }
        let own = |span: Span| self.declarations.is_outside_at(span);
        match &one.kind {
            FlatKind::Alias { .. } => true,
            FlatKind::Enum(decl) => own(decl.body.span),
            FlatKind::Union(union) => union.variants.iter().all(|variant| own(variant.span)),
            FlatKind::Record(fields) => {
                let count = self.declarations.fields(one.name.span);
                let fresh = fields.iter().all(|field| own(field.span) && field.renames.is_empty());
                fresh && count == Some(fields.len())
            }
        }
    }

    fn written(&self, label: &str, around: Around) -> String {
        let head = match around {
            Around::Nothing => self.pieces.leading(self.span),
            Around::TopLevel => String::new(),
        };
        let draft = if self.version.draft { " draft" } else { "" };
        let head = format!("{head}version {label}{draft} ");
        let block = self.pieces.block_of(self.span);
        let mut rows = Vec::new();
        if self.version.from.is_none() {
            for member in &self.version.members {
                let deprecated = matches!(member.kind, VersionMemberKind::Deprecated(_));
                if around == Around::Nothing || !deprecated {
                    rows.push(self.member(member.span, &member.kind));
                }
            }
        } else {
            rows = self.derived(around);
        }
        format!("{head}{}\n", self.pieces.rows(block, &rows, "\n"))
    }

    /// A member of a version that starts from nothing.
    fn member(&self, span: Span, kind: &VersionMemberKind) -> Row {
        let endpoint = match kind {
            VersionMemberKind::Endpoint(tree) => {
                self.flat.endpoints.iter().find(|one| one.tree.signature == tree.signature)
            }
            _ => None,
        };
        let text = endpoint.filter(|_| self.version.from.is_none());
        Row { span, text: text.map(|endpoint| self.endpoint(endpoint)) }
    }

    /// The members of a version that starts from another one.
    fn derived(&self, around: Around) -> Vec<Row> {
        let flat = &self.flat;
        let mut rows = Vec::new();
        if let (Some(deprecated), Around::Nothing) = (&flat.deprecated, around) {
            rows.push(Row::at(deprecated.span));
        }
        rows.extend(flat.clauses.iter().map(|clause| Row::at(clause.span)));
        if around == Around::TopLevel {
            let replaced = self.replaced();
            let removed = replaced.iter().filter_map(|name| self.declarations.removal(name));
            rows.extend(removed.map(Row::new));
        }
        let types = flat.types.iter().filter(|one| !self.kept(one));
        rows.extend(types.filter_map(|one| self.declaration(one)));
        let inner = |span: &Span| !self.declarations.is_outside(*span);
        let errors = flat.errors.iter().map(|error| error.name.span).filter(inner);
        rows.extend(errors.filter_map(|name| self.declarations.row(&self.pieces, name)));
        rows.extend(flat.endpoints.iter().map(|endpoint| {
            let end = endpoint.tree.block.unwrap_or(endpoint.span);
            Row { span: endpoint.span.to(end), text: Some(self.endpoint(endpoint)) }
        }));
        rows
    }

    fn declaration(&self, one: &versions::FlatType) -> Option<Row> {
        let name = one.name.span;
        let whole = self.declarations.span(name)?;
        let rows: Vec<Row> = match &one.kind {
            FlatKind::Enum(decl) if !whole.contains(decl.body.span) => {
                let text = format!("enum {} {}", one.name.text, self.pieces.text(decl.body.span));
                return Some(Row { span: whole, text: Some(text) });
            }
            FlatKind::Union(union) => {
                union.variants.iter().map(|variant| Row::at(variant.span)).collect()
            }
            FlatKind::Record(fields) => fields.iter().map(|field| Row::at(field.span)).collect(),
            FlatKind::Alias { .. } | FlatKind::Enum(_) => {
                return self.declarations.row(&self.pieces, name);
            }
        };
        let block = self.declarations.block(name).unwrap_or_else(|| self.pieces.block_of(whole));
        let head = self.pieces.text(Span { end: block.start, ..whole });
        let tail = self.pieces.text(Span { start: block.end, ..whole });
        let text = format!("{head}{}{tail}", self.pieces.rows(block, &rows, ""));
        Some(Row { span: whole, text: Some(text) })
    }

    /// An endpoint with what surrounds it written into it.
    fn endpoint(&self, endpoint: &FlatEndpoint) -> String {
        let tree = &endpoint.tree;
        let line = endpoint.span;
        let before = self.pieces.text(Span { end: tree.path.span.start, ..line });
        let behind = self.pieces.text(Span { start: tree.path.span.end, ..line });
        let path = self.path(&endpoint.prefix, &tree.path);
        let (around, idle) = self.surrounding(endpoint);
        let mut rows: Vec<Row> = around.iter().map(|held| self.inherited(held)).collect();
        let kept = tree.members.iter().filter(|member| !idle.contains(&member.span));
        rows.extend(kept.map(|member| self.endpoint_member(member)));
        let block = match tree.block {
            Some(block) => format!(" {}", self.pieces.rows(block, &rows, "")),
            None if rows.is_empty() => String::new(),
            None => format!(" {}", self.pieces.rows(line.at_end(), &rows, "")),
        };
        format!("{before}{path}{behind}{block}")
    }

    /// The clauses of blocks around an endpoint that hold for it, with those of the policies that
    /// are used there, and its own that an edit replaces.
    fn surrounding<'e>(&'e self, endpoint: &'e FlatEndpoint) -> (Vec<Held<'e>>, Vec<Span>) {
        let mut own = endpoint.own();
        own.sort_by_key(|held| (self.origins.of(held.span), versions::order(held)));
        let used = |held: &Held<'_>| matches!(held.kind, ClauseKind::Use(_));
        let inner = self.policies.expanded(own.clone());
        let all = endpoint.around().chain(own.iter().copied()).collect();
        let holding = nearest(self.policies.expanded(all));
        let is_in = |list: &[Held<'_>], held: &Held<'_>| {
            list.iter().any(|other| std::ptr::eq(other.clause, held.clause))
        };
        let around = holding.iter().copied().filter(|held| !is_in(&inner, held)).collect();
        let idle = own.iter().filter(|held| !used(held) && !is_in(&holding, held));
        (around, idle.map(|held| held.span).collect())
    }

    /// A clause of a block around an endpoint, as it is written into the endpoint.
    fn inherited(&self, held: &Held<'_>) -> Row {
        let text = match &held.kind {
            ClauseKind::Limit(limit) => {
                limits::spelled(limit, held.level, &self.pieces.text(held.span))
            }
            _ => None,
        };
        Row { span: held.span, text }
    }

    fn path(&self, prefix: &[Path], own: &Path) -> String {
        let paths = prefix.iter().chain(std::iter::once(own));
        let text: String = paths
            .filter(|path| !path.segments.is_empty())
            .map(|p| self.pieces.text(p.span))
            .collect();
        if text.is_empty() { "/".to_owned() } else { text }
    }

    fn endpoint_member(&self, member: &EndpointMember) -> Row {
        let EndpointMemberKind::Return { value: Some(value), status, .. } = &member.kind else {
            return Row::at(member.span);
        };
        if !member.span.contains(value.span) {
            // An edit wrote the whole value anew.
            let status = status.as_ref().map_or_else(String::new, |one| format!("{} ", one.text));
            let text = format!("return {status}{}", self.pieces.text(value.span));
            return Row { span: member.span, text: Some(text) };
        }
        if let ValueKind::Object(object) = &value.kind {
            let head = self.pieces.text(Span { end: value.span.start, ..member.span });
            let tail = self.pieces.text(Span { start: value.span.end, ..member.span });
            let text = format!("{head}{}{tail}", self.object(object));
            return Row { span: member.span, text: Some(text) };
        }
        Row::at(member.span)
    }

    fn object(&self, object: &Object) -> String {
        let row = |entry: &Entry| {
            let text = self.pieces.text(entry.span);
            match &entry.kind {
                // What was returned whole became a part of a record.
                EntryKind::Spread(_) if !text.starts_with("...") => {
                    Row { span: entry.span, text: Some(format!("...{text}")) }
                }
                _ => Row::at(entry.span),
            }
        };
        let kept = object.entries.iter().filter(|entry| !self.pieces.is_removed(entry.span));
        let rows: Vec<Row> = kept.map(row).collect();
        self.pieces.rows(object.span, &rows, "")
    }
}

/// Alone, a version is what a request gets that names none.
fn default_version(files: &[File], label: &str) -> Option<Rewrite> {
    let default = files.iter().flat_map(|file| &file.items).find_map(|item| {
        let ItemKind::Api(api) = &item.kind else { return None };
        api.members.iter().find_map(|member| match &member.kind {
            ApiMemberKind::Versions(
                Versions::Header { default, .. } | Versions::Media { default, .. },
            ) => default.as_ref(),
            _ => None,
        })
    })?;
    (default.text != label).then(|| Rewrite { span: default.span, text: label.to_owned() })
}

fn renamed_fields(flat: &Flat) -> Vec<Rewrite> {
    let mut found = Vec::new();
    for one in &flat.types {
        let FlatKind::Record(fields) = &one.kind else { continue };
        for field in fields {
            if let FlatFieldKind::Named(named) = &field.kind
                && !field.renames.is_empty()
            {
                found.push(Rewrite {
                    span: named.name.span,
                    text: crate::analyse::work::quoted(&named.name.text),
                });
            }
        }
    }
    found
}
