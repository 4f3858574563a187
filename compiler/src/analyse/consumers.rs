//! Resolves what consumers rely on.

use super::edits;
use super::versions::Flat;
use crate::contract::endpoint::Success;
use crate::contract::people::{Use, UsedEndpoint, UsedField};
use crate::contract::types::{Field, Kind, Type};
use crate::contract::{Consumer, Endpoint, Version};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::suggest;
use gatewright_grammar::Span;
use gatewright_grammar::tree::{self, File, Ident, ItemKind, UseEndpoint, UseOf};

/// The consumers that the files declare. What is refused of one is not in it.
pub(crate) fn resolve(
    files: &[File],
    versions: &[Version],
    flats: &[Flat],
    diagnostics: &mut Diagnostics,
) -> Vec<Consumer> {
    let mut found: Vec<Consumer> = Vec::new();
    for item in files.iter().flat_map(|file| &file.items) {
        let ItemKind::Consumer(consumer) = &item.kind else { continue };
        let name = &consumer.name;
        if let Some(first) = found.iter().find(|other| other.name == name.text) {
            let what = format!("consumer `{}`", name.text);
            diagnostics.push(super::duplicate(&what, name.span, first.span));
            continue;
        }
        let mut scope = Scope { versions, flats, diagnostics };
        found.push(scope.consumer(consumer));
    }
    found
}

/// What a consumer may rely on.
struct Scope<'a> {
    versions: &'a [Version],
    flats: &'a [Flat],
    diagnostics: &'a mut Diagnostics,
}

impl Scope<'_> {
    fn consumer(&mut self, consumer: &tree::Consumer) -> Consumer {
        let mut uses: Vec<Use> = Vec::new();
        for of in &consumer.uses {
            let Some(version) = self.version(&of.version) else { continue };
            if let Some(first) = uses.iter().find(|other| other.version == version) {
                let what = format!("the use of version {}", of.version.text);
                let first = first.span;
                self.diagnostics.push(twice(&what, of.span, first).help("write both as one"));
                continue;
            }
            uses.push(self.used(of, version));
        }
        Consumer {
            name: consumer.name.text.clone(),
            contact: consumer.contact.clone(),
            uses,
            span: consumer.name.span,
        }
    }

    fn version(&mut self, label: &Ident) -> Option<usize> {
        let found = self.versions.iter().position(|version| version.label == label.text);
        if found.is_none() {
            let labels: Vec<&str> = self.versions.iter().map(|one| one.label.as_str()).collect();
            self.diagnostics.push(unknown_version(label, &labels));
        }
        found
    }

    fn used(&mut self, of: &UseOf, version: usize) -> Use {
        let endpoints = of.endpoints.as_ref().map(|list| {
            let mut found: Vec<UsedEndpoint> = Vec::new();
            for one in list {
                let Some(used) = self.endpoint(one, version) else { continue };
                let first = found.iter().find(|other| other.endpoint == used.endpoint);
                match first.map(|first| first.span) {
                    Some(first) => {
                        let what = format!("the use of `{}`", written(one));
                        self.diagnostics.push(
                            twice(&what, one.span, first).help("write the fields of both in one"),
                        );
                    }
                    None => found.push(used),
                }
            }
            found
        });
        Use { version, endpoints, span: of.span }
    }

    fn endpoint(&mut self, one: &UseEndpoint, at: usize) -> Option<UsedEndpoint> {
        let version = self.versions.get(at)?;
        let wanted = without_names(&written(one));
        let same = |endpoint: &Endpoint| without_names(&key(version, endpoint)) == wanted;
        let Some(endpoint) = version.endpoints.iter().position(same) else {
            self.unknown_endpoint(one, version, &wanted);
            return None;
        };
        let success = &version.endpoints.get(endpoint)?.success;
        let fields = one.fields.iter().filter_map(|field| {
            let answer = answer_with(field, success, version);
            self.field(field, answer, version)
        });
        Some(UsedEndpoint { endpoint, fields: fields.collect(), span: one.span })
    }

    /// Silent if the endpoint is declared and was refused: that is told elsewhere.
    fn unknown_endpoint(&mut self, one: &UseEndpoint, version: &Version, wanted: &str) {
        let flat = self.flats.iter().find(|flat| flat.label == version.label);
        let keys: Vec<String> =
            flat.into_iter().flat_map(|flat| &flat.endpoints).map(|one| one.key()).collect();
        if keys.iter().any(|key| without_names(key) == wanted) {
            return;
        }
        let (label, key) = (&version.label, written(one));
        let span = one.method.span.to(one.path.span);
        let message = format!("version {label} has no `{key}`");
        let diagnostic = Diagnostic::new(Code::UnknownEndpoint, span, message);
        let elsewhere = self.versions.iter().find(|other| {
            other.endpoints.iter().any(|one| without_names(&self::key(other, one)) == wanted)
        });
        let near = suggest::closest(&key, keys.iter().map(String::as_str));
        self.diagnostics.push(match (near, elsewhere) {
            (Some(other), _) => diagnostic.meant(span, other),
            (None, Some(other)) => diagnostic
                .label("removed, or never there")
                .note(format!("version {} has it", other.label))
                .help(format!("write it behind `v{}`, or take it out", other.label)),
            (None, None) => diagnostic.label("no version has it").help("take it out"),
        });
    }

    fn field(
        &mut self,
        field: &Ident,
        answer: Option<&Type>,
        version: &Version,
    ) -> Option<UsedField> {
        let Some(mut ty) = answer else {
            self.diagnostics.push(
                Diagnostic::new(Code::UnknownField, field.span, "this answer has no body")
                    .label("so it has no fields")
                    .help("take the fields out"),
            );
            return None;
        };
        let mut path = Vec::new();
        let mut start = field.span.start as usize;
        for name in field.text.split('.') {
            let span = Span::new(field.span.file, start, start + name.len());
            start += name.len() + 1;
            ty = match self.step(ty, (name, span), version) {
                Step::Into(ty) => ty,
                Step::Anything => break,
                Step::Nowhere => return None,
            };
            path.push(name.to_owned());
        }
        let path = field.text.split('.').map(str::to_owned).collect();
        Some(UsedField { path, span: field.span })
    }

    fn step<'t>(
        &mut self,
        ty: &'t Type,
        (name, span): (&str, Span),
        version: &'t Version,
    ) -> Step<'t> {
        let id = match &ty.kind {
            Kind::Record(id) => *id,
            Kind::List(element, _) => return self.step(element, (name, span), version),
            Kind::Scalar(_) => {
                let spelling = super::values::article(&super::values::spelling(ty, &version.types));
                self.diagnostics.push(
                    Diagnostic::new(
                        Code::UnknownField,
                        span,
                        format!("{spelling} has no field `{name}`"),
                    )
                    .label("one value, without fields"),
                );
                return Step::Nowhere;
            }
            _ => return Step::Anything,
        };
        let record = version.types.record(id);
        if let Some(field) = record.fields.iter().find(|field| field.name == name) {
            return Step::Into(&field.ty);
        }
        let owner = record.name.as_ref().map_or("this record".into(), |name| format!("`{name}`"));
        let message = format!("{owner} has no field `{name}` in version {}", version.label);
        let diagnostic = Diagnostic::new(Code::UnknownField, span, message);
        let earlier = |field: &&Field| field.renames.iter().any(|(_, earlier)| earlier == name);
        let renamed = record.fields.iter().find(earlier);
        let near = suggest::closest(name, record.fields.iter().map(|field| field.name.as_str()));
        self.diagnostics.push(match (renamed, near) {
            (Some(field), _) => diagnostic
                .label(format!("called `{}` in this version", field.name))
                .see(field.span, "declared here")
                .fix(format!("write `{}`", field.name), span, field.name.clone()),
            (None, Some(other)) => diagnostic.meant(span, other).see(record.span, "declared here"),
            (None, None) => diagnostic.label("not declared").see(record.span, "declared here"),
        });
        Step::Nowhere
    }
}

/// The body that holds `field`; if none of several does, the first.
fn answer_with<'t>(field: &Ident, all: &'t [Success], version: &'t Version) -> Option<&'t Type> {
    let first = field.text.split('.').next().unwrap_or_default();
    let bodies = || all.iter().filter_map(|success| success.ty.as_ref());
    bodies().find(|ty| has_field(ty, first, version)).or_else(|| bodies().next())
}

fn has_field(ty: &Type, name: &str, version: &Version) -> bool {
    match &ty.kind {
        Kind::Record(id) => version.types.record(*id).fields.iter().any(|field| field.name == name),
        Kind::List(element, _) => has_field(element, name, version),
        _ => false,
    }
}

/// Where a name leads.
enum Step<'t> {
    Into(&'t Type),
    /// Below a value without declared fields everything may be.
    Anything,
    Nowhere,
}

fn twice(what: &str, span: Span, first: Span) -> Diagnostic {
    Diagnostic::new(Code::DuplicateName, span, format!("{what} is declared twice"))
        .label("declared again")
        .see(first, "first declared here")
}

/// The finding about a version that does not exist, at its label.
pub(crate) fn unknown_version(label: &Ident, known: &[&str]) -> Diagnostic {
    let message = format!("there is no version {}", label.text);
    let diagnostic = Diagnostic::new(Code::UnknownVersion, label.span, message);
    match known {
        [] => diagnostic.label("no version is declared"),
        [one] => diagnostic.label("not declared").fix(
            format!("write `v{one}`"),
            label.span,
            (*one).to_owned(),
        ),
        all => diagnostic.label(format!("declared are the versions {}", all.join(", "))),
    }
}

/// `GET /products/{id}` as a consumer writes it.
fn written(one: &UseEndpoint) -> String {
    format!("{} {}", one.method.text, edits::path_text(&one.path))
}

/// `GET /products/{id}`: method and path without the version in front.
pub(crate) fn key(version: &Version, endpoint: &Endpoint) -> String {
    let mut rest = endpoint.template.as_str();
    for segment in &version.prefix {
        let inside = rest.strip_prefix('/').and_then(|rest| rest.strip_prefix(segment.as_str()));
        rest = inside.unwrap_or(rest);
    }
    let rest = if rest.is_empty() { "/" } else { rest };
    format!("{} {rest}", endpoint.method)
}

/// The same for every name of a parameter: names in paths need not agree.
pub(super) fn without_names(key: &str) -> String {
    let mut text = String::with_capacity(key.len());
    let mut inside = false;
    for letter in key.chars() {
        match letter {
            '{' => inside = true,
            '}' => inside = false,
            '*' if inside => {}
            _ if inside => continue,
            _ => {}
        }
        text.push(letter);
    }
    text
}
