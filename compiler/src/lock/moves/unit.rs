//! The smallest part of a declaration that an edit of a version can name.

use super::Edit;
use crate::analyse::edits::path_text;
use crate::changes::Change;
use crate::source::{LOCK, Sources};
use gatewright_grammar::Span;
use gatewright_grammar::tree::{
    Doc, Endpoint, EndpointMember, EndpointMemberKind, Entry, EntryKind, EnumDecl, ErrorDecl,
    Field, FieldKind, File, ItemKind, NamedField, Param, Path, Record, TypeBody, TypeDecl, Value,
    ValueKind, VersionMember, VersionMemberKind,
};

/// A declaration, with where it stands.
pub(super) struct Declared<'t> {
    pub(super) span: Span,
    kind: Kind<'t>,
}

enum Kind<'t> {
    Type(&'t TypeDecl),
    Enum(&'t EnumDecl),
    Error(&'t ErrorDecl),
    /// With its method and whole path, and whether blocks around it begin that.
    Endpoint(&'t Endpoint, String, bool),
}

/// What is declared outside of versions and in those of these labels.
pub(super) fn declared<'t>(files: &'t [File], labels: &[String]) -> Vec<Declared<'t>> {
    let mut found = Vec::new();
    for item in files.iter().flat_map(|file| &file.items) {
        let kind = match &item.kind {
            ItemKind::Type(one) => Kind::Type(one),
            ItemKind::Enum(one) => Kind::Enum(one),
            ItemKind::Error(one) => Kind::Error(one),
            ItemKind::Version(version) if labels.contains(&version.label.text) => {
                members(&version.members, "", &mut found);
                continue;
            }
            _ => continue,
        };
        found.push(Declared { span: item.span, kind });
    }
    found
}

fn members<'t>(all: &'t [VersionMember], prefix: &str, found: &mut Vec<Declared<'t>>) {
    for member in all {
        let kind = match &member.kind {
            VersionMemberKind::Type(one) => Kind::Type(one),
            VersionMemberKind::Enum(one) => Kind::Enum(one),
            VersionMemberKind::Error(one) => Kind::Error(one),
            VersionMemberKind::Endpoint(one) => {
                let path = joined(prefix, &one.path);
                let key = format!("{} {path}", one.method.text);
                Kind::Endpoint(one, key, !prefix.is_empty())
            }
            VersionMemberKind::Under { path, members: inner } => {
                members(inner, &joined(prefix, path), found);
                continue;
            }
            _ => continue,
        };
        found.push(Declared { span: member.span, kind });
    }
}

fn joined(prefix: &str, path: &Path) -> String {
    match (prefix, path_text(path).as_str()) {
        ("", path) => path.to_owned(),
        (prefix, "/") => prefix.to_owned(),
        (prefix, path) => format!("{prefix}{path}"),
    }
}

/// What is declared, and what was.
pub(super) struct Both<'a> {
    pub(super) sources: &'a Sources,
    /// The text of the lock as far as it is of the language.
    pub(super) masked: &'a str,
    pub(super) own: &'a [Declared<'a>],
    pub(super) old: &'a [Declared<'a>],
}

impl Both<'_> {
    fn text(&self, span: Span) -> String {
        let text = match span.file {
            LOCK => Some(self.masked),
            file => self.sources.get(file).map(|source| source.text.as_str()),
        };
        let text = text.and_then(|text| text.get(span.range())).unwrap_or_default();
        if span.file != LOCK {
            return text.to_owned();
        }
        // Digests leave gaps.
        let words: Vec<&str> =
            text.split("  ").map(str::trim).filter(|one| !one.is_empty()).collect();
        words.join(" ")
    }

    fn old_type(&self, name: &str) -> Option<&TypeDecl> {
        self.old.iter().find_map(|one| match one.kind {
            Kind::Type(decl) if decl.name.text == name => Some(decl),
            _ => None,
        })
    }

    fn own_type(&self, name: &str) -> Option<&TypeDecl> {
        self.own.iter().find_map(|one| match one.kind {
            Kind::Type(decl) if decl.name.text == name => Some(decl),
            _ => None,
        })
    }

    fn endpoint<'d>(all: &'d [Declared<'_>], key: &str) -> Option<&'d Endpoint> {
        all.iter().find_map(|one| match &one.kind {
            Kind::Endpoint(endpoint, own, _) if own == key => Some(*endpoint),
            _ => None,
        })
    }

    /// Something that stands at `at`, and was something else.
    pub(super) fn changed(
        &self,
        one: &Declared<'_>,
        at: Span,
        (change, keys): (&Change, &[&str]),
    ) -> Option<Edit> {
        match &one.kind {
            Kind::Type(decl) => match &decl.body {
                TypeBody::Record(record) => {
                    let field = fields(record).find(|(field, _)| field.span.contains(at))?;
                    self.field(decl, record, (field.0, field.1, change, keys))
                }
                TypeBody::Alias { .. } => self.alias(decl, one.span),
            },
            Kind::Enum(decl) => self.enumeration(decl),
            Kind::Error(decl) => self.error(decl, one.span),
            Kind::Endpoint(endpoint, key, is_under) => {
                let param = params(endpoint).find(|(member, _, _)| member.span.contains(at));
                match param {
                    Some(param) => self.param(endpoint, key, param),
                    None => self.signature(endpoint, key, *is_under),
                }
            }
        }
    }

    /// Something that stood at `at` in the lock.
    pub(super) fn gone(&self, one: &Declared<'_>, at: Span, change: &Change) -> Option<Edit> {
        match &one.kind {
            Kind::Type(decl) => {
                let TypeBody::Record(record) = &decl.body else { return None };
                let (field, named) = fields(record).find(|(field, _)| field.span.contains(at))?;
                let TypeBody::Record(own) = &self.own_type(&decl.name.text)?.body else {
                    return None;
                };
                let said =
                    format!("change type {} {{ remove {} }}", decl.name.text, named.name.text);
                let back = Some(vec![joining(own, self.text(field.span))?]);
                Some(Edit { members: vec![said.clone()], said, back })
            }
            Kind::Endpoint(_, key, _) if change.rule.id == "endpoint/removed" => {
                let said = format!("remove {key}");
                Some(Edit { members: vec![said.clone()], said, back: None })
            }
            Kind::Endpoint(endpoint, key, _) => {
                let own = Self::endpoint(self.own, key)?;
                match params(endpoint).find(|(member, _, _)| member.span.contains(at)) {
                    Some((member, word, param)) => {
                        let said = format!("change {key} {{ remove {word} {} }}", param.name.text);
                        let start = own.block.map(|block| block.range().start + 1);
                        let back = start.map(|start| {
                            let text = format!("\n    {}", self.text(member.span));
                            vec![(Span::new(own.signature.file, start, start), text)]
                        });
                        Some(Edit { members: vec![said.clone()], said, back })
                    }
                    None => self.signature(own, key, false),
                }
            }
            Kind::Enum(_) | Kind::Error(_) => None,
        }
    }

    fn field(
        &self,
        decl: &TypeDecl,
        record: &Record,
        (field, named, change, keys): (&Field, &NamedField, &Change, &[&str]),
    ) -> Option<Edit> {
        let (ty, name) = (&decl.name.text, &named.name.text);
        if let ("field/renamed", Some(was)) = (change.rule.id, &change.was) {
            let said = format!("rename {ty}.{was} to {name}");
            let mut back = vec![(named.name.span, was.clone())];
            back.extend(self.bound(name, keys).into_iter().map(|at| (at, was.clone())));
            return Some(Edit { members: vec![said.clone()], said, back: Some(back) });
        }
        let old = self.old_type(ty).and_then(|old| match &old.body {
            TypeBody::Record(record) => fields(record).find(|(_, one)| one.name.text == *name),
            TypeBody::Alias { .. } => None,
        });
        if let Some((_, old)) = old
            && let Some(edit) = self.named((promise(named), promise(old)))
        {
            return edit;
        }
        let written = documented(field.doc.as_ref(), &self.text(field.span));
        let said = format!("change type {ty} {{ {} }}", flat(&self.text(field.span)));
        let mut members = vec![format!("change type {ty} {{{}}}", spaced(&written))];
        let back = match old {
            Some((_, old)) => vec![(promise(named), self.text(promise(old)))],
            None => {
                let spans: Vec<Span> = record.fields.iter().map(|one| one.span).collect();
                let mut back = vec![(without(&spans, field.span), String::new())];
                for (key, all, entry) in self.entries(name, keys) {
                    back.push((without(&all, entry.span), String::new()));
                    let text = flat(&self.text(entry.span));
                    members.push(format!("change {key} {{ return {{ {text} }} }}"));
                }
                back
            }
        };
        Some(Edit { said, members, back: Some(back) })
    }

    /// What these endpoints return.
    fn returned(&self, keys: &[&str]) -> impl Iterator<Item = (&str, &Value)> {
        let endpoints = self.own.iter().filter_map(move |one| match &one.kind {
            Kind::Endpoint(endpoint, key, _) if keys.contains(&key.as_str()) => {
                Some((endpoint, key.as_str()))
            }
            _ => None,
        });
        endpoints.flat_map(|(endpoint, key)| {
            endpoint.members.iter().filter_map(move |member| match &member.kind {
                EndpointMemberKind::Return { value: Some(value), .. } => Some((key, value)),
                _ => None,
            })
        })
    }

    /// The entries called `name` of what these endpoints return, with all beside them.
    fn entries(&self, name: &str, keys: &[&str]) -> Vec<(&str, Vec<Span>, &Entry)> {
        let mut found = Vec::new();
        for (key, value) in self.returned(keys) {
            let ValueKind::Object(object) = &value.kind else { continue };
            for entry in &object.entries {
                if matches!(&entry.kind, EntryKind::Field(own, _) if own.text == name) {
                    let spans = object.entries.iter().map(|entry| entry.span).collect();
                    found.push((key, spans, entry));
                }
            }
        }
        found
    }

    /// Where what these endpoints return binds `name`, however deep.
    fn bound(&self, name: &str, keys: &[&str]) -> Vec<Span> {
        let mut found = Vec::new();
        let mut open: Vec<&Value> = self.returned(keys).map(|(_, value)| value).collect();
        while let Some(value) = open.pop() {
            let object = match &value.kind {
                ValueKind::Object(object) => Some(object),
                ValueKind::Ref(one) => one.projection.as_ref(),
                ValueKind::Array(values) | ValueKind::Or(values) => {
                    open.extend(values);
                    None
                }
                _ => None,
            };
            for entry in object.into_iter().flat_map(|object| &object.entries) {
                let EntryKind::Field(key, inner) = &entry.kind else { continue };
                open.push(inner);
                if key.text == name {
                    found.push(key.span);
                }
            }
        }
        found
    }

    /// Where a text is as it was: the edit of a declaration that it names and that is not, if that
    /// is known.
    fn named(&self, (own, old): (Span, Span)) -> Option<Option<Edit>> {
        let words = |text: &str| text.split_whitespace().collect::<String>();
        let text = self.text(own);
        if words(&text) != words(&self.text(old)) {
            return None;
        }
        let names: Vec<&str> =
            text.split(|one: char| !one.is_ascii_alphanumeric() && one != '_').collect();
        Some(self.own.iter().find_map(|one| match one.kind {
            Kind::Type(decl) if names.contains(&decl.name.text.as_str()) => {
                self.alias(decl, one.span)
            }
            Kind::Enum(decl) if names.contains(&decl.name.text.as_str()) => self.enumeration(decl),
            _ => None,
        }))
    }

    fn alias(&self, decl: &TypeDecl, span: Span) -> Option<Edit> {
        let TypeBody::Alias { ty, .. } = &decl.body else { return None };
        let TypeBody::Alias { ty: old, .. } = &self.old_type(&decl.name.text)?.body else {
            return None;
        };
        if self.text(ty.span) == self.text(old.span) {
            return None;
        }
        let removed = format!("remove type {}", decl.name.text);
        let text = self.text(span);
        let back = Some(vec![(ty.span, self.text(old.span))]);
        let said = format!("{removed}`, `{}", flat(&text));
        Some(Edit { said, members: vec![removed, text], back })
    }

    fn enumeration(&self, decl: &EnumDecl) -> Option<Edit> {
        let old = self.old.iter().find_map(|one| match one.kind {
            Kind::Enum(old) if old.name.text == decl.name.text => Some(old),
            _ => None,
        })?;
        let text = self.text(decl.body.span);
        if flat(&text) == flat(&self.text(old.body.span)) {
            return None;
        }
        let said = format!("change enum {} {}", decl.name.text, flat(&text));
        let member = format!("change enum {} {text}", decl.name.text);
        let back = Some(vec![(decl.body.span, self.text(old.body.span))]);
        Some(Edit { said, members: vec![member], back })
    }

    fn error(&self, decl: &ErrorDecl, span: Span) -> Option<Edit> {
        let old = self.old.iter().find_map(|one| match one.kind {
            Kind::Error(old) if old.name.text == decl.name.text => Some(one.span),
            _ => None,
        })?;
        let member = format!("change {}", self.text(span));
        let back = Some(vec![(span, self.text(old))]);
        Some(Edit { said: flat(&member), members: vec![member], back })
    }

    fn param(
        &self,
        endpoint: &Endpoint,
        key: &str,
        (member, word, param): (&EndpointMember, &str, &Param),
    ) -> Option<Edit> {
        let text = self.text(member.span);
        let said = format!("change {key} {{ {} }}", flat(&text));
        let old = Self::endpoint(self.old, key)?;
        let old =
            params(old).find(|(_, kind, one)| *kind == word && one.name.text == param.name.text);
        let back = match old {
            Some((_, _, old)) => vec![(promised(param), self.text(promised(old)))],
            None => {
                let spans: Vec<Span> = endpoint.members.iter().map(|one| one.span).collect();
                vec![(without(&spans, member.span), String::new())]
            }
        };
        Some(Edit { members: vec![said.clone()], said, back: Some(back) })
    }

    /// The first line of an endpoint, which no edit can change: it is taken out and written again.
    fn signature(&self, endpoint: &Endpoint, key: &str, is_under: bool) -> Option<Edit> {
        let old = Self::endpoint(self.old, key)?;
        if let Some(edit) = self.named((endpoint.signature, old.signature)) {
            return edit;
        }
        let removed = format!("remove {key}");
        let said = format!("{removed}`, `{}", flat(&self.text(endpoint.signature)));
        let whole = endpoint.signature.to(endpoint.block.unwrap_or(endpoint.signature));
        let back = vec![(endpoint.signature, self.text(old.signature))];
        let back = (!is_under).then_some(back);
        Some(Edit { said, members: vec![removed, self.text(whole)], back })
    }
}

fn fields(record: &Record) -> impl Iterator<Item = (&Field, &NamedField)> {
    record.fields.iter().filter_map(|field| match &field.kind {
        FieldKind::Named(named) => Some((field, named)),
        FieldKind::Spread(_) => None,
    })
}

fn params(endpoint: &Endpoint) -> impl Iterator<Item = (&EndpointMember, &'static str, &Param)> {
    endpoint.members.iter().filter_map(|member| match &member.kind {
        EndpointMemberKind::Query(param) => Some((member, "query", param)),
        EndpointMemberKind::Header(param) => Some((member, "header", param)),
        EndpointMemberKind::Cookie(param) => Some((member, "cookie", param)),
        _ => None,
    })
}

/// Name, type and default of a field: what a lock has of it.
fn promise(field: &NamedField) -> Span {
    field.name.span.to(field.default.as_ref().map_or(field.ty.span, |value| value.span))
}

fn promised(param: &Param) -> Span {
    param.name.span.to(param.default.as_ref().map_or(param.ty.span, |value| value.span))
}

/// What to take out for one of several parts, with what stands between it and the one beside it.
fn without(all: &[Span], one: Span) -> Span {
    let at = all.iter().position(|other| *other == one).unwrap_or(0);
    match (at.checked_sub(1).and_then(|before| all.get(before)), all.get(at + 1)) {
        (Some(before), _) => Span { start: before.end, ..one },
        (None, Some(next)) => Span { end: next.start, ..one },
        (None, None) => one,
    }
}

/// Where another field joins a record, and what to write there.
fn joining(record: &Record, field: String) -> Option<(Span, String)> {
    Some(match record.fields.last() {
        Some(last) => (last.span.at_end(), format!(", {field}")),
        None => {
            let at = record.span.range().start + 1;
            (Span::new(record.span.file, at, at), format!(" {field} "))
        }
    })
}

fn documented(doc: Option<&Doc>, text: &str) -> String {
    let lines = doc.iter().flat_map(|doc| &doc.lines);
    let lines: String = lines.map(|line| format!("\n    /// {line}")).collect();
    if lines.is_empty() { text.to_owned() } else { format!("{lines}\n    {text}\n  ") }
}

/// With a space on both sides, unless lines are broken there.
fn spaced(text: &str) -> String {
    if text.starts_with('\n') { text.to_owned() } else { format!(" {text} ") }
}

/// In one line, and not too long a one.
fn flat(text: &str) -> String {
    const MOST: usize = 100;
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= MOST {
        return line;
    }
    line.chars().take(MOST).chain(['…']).collect()
}
