//! What goes: dates, what takes its place, and where to read about it.

use super::consumers::without_names;
use super::dates;
use super::edits;
use super::versions::{Flat, FlatEndpoint, FlatField, FlatFieldKind, FlatKind};
use crate::contract::{Deprecation, Lifecycle, Successor};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity};
use crate::suggest;
use gatewright_grammar::Span;
use gatewright_grammar::tree::{
    self, Base, DateLit, Deprecated, DurationLit, EndpointMemberKind, EnumBody, FieldKind, Record,
    RespKind, SegmentPart, StringLit, Type,
};
use std::collections::BTreeSet;

/// What a deprecation is held against.
#[derive(Clone, Copy)]
pub(crate) struct Around<'a> {
    /// The notice that the API promises.
    pub(crate) notice: Option<&'a DurationLit>,
    /// Every version, in the order of the text.
    pub(crate) flats: &'a [Flat],
    /// The version that says it.
    pub(crate) flat: &'a Flat,
    /// Whether other versions of the API are not at hand, so that what is meant may be in them.
    pub(crate) alone: bool,
}

/// What is deprecated.
enum What<'a> {
    Version,
    Endpoint(&'a FlatEndpoint),
    /// A part, what it is among, its own name, and the names of all that are.
    Part {
        among: String,
        own: &'a str,
        names: Vec<&'a str>,
    },
}

impl Around<'_> {
    /// When the version goes.
    pub(crate) fn version(&self, diagnostics: &mut Diagnostics) -> Lifecycle {
        let said = self.flat.deprecated.as_ref();
        said.map(|said| self.lifecycle(said, &What::Version, diagnostics)).unwrap_or_default()
    }

    /// When an endpoint goes, if not with its version.
    pub(crate) fn endpoint(
        &self,
        endpoint: &FlatEndpoint,
        diagnostics: &mut Diagnostics,
    ) -> Lifecycle {
        let said = endpoint.tree.members.iter().find_map(|member| match &member.kind {
            EndpointMemberKind::Deprecated(deprecated) => Some(deprecated),
            _ => None,
        });
        let what = What::Endpoint(endpoint);
        said.map(|said| self.lifecycle(said, &what, diagnostics)).unwrap_or_default()
    }

    /// Parts of types and of requests that go.
    pub(crate) fn parts(&self, diagnostics: &mut Diagnostics) -> Vec<Deprecation> {
        let mut walk = Walk { around: self, diagnostics, found: Vec::new() };
        let used = used(self.flat);
        for one in &self.flat.types {
            let name = one.name.text.as_str();
            let before = walk.found.len();
            let what = || What::Part {
                among: "the types of this version".to_owned(),
                own: name,
                names: self.flat.types.iter().map(|one| one.name.text.as_str()).collect(),
            };
            let part = (one.name.span, || format!("type {name}"));
            walk.part(one.deprecated.as_ref(), part, what);
            match &one.kind {
                FlatKind::Alias { ty, .. } => walk.ty(name, ty),
                FlatKind::Record(fields) => walk.fields(name, fields),
                FlatKind::Enum(decl) => walk.values(name, &decl.body),
                FlatKind::Union(union) => walk.variants(name, union),
            }
            // What no endpoint has is nobody's to leave.
            if !used.contains(name) {
                walk.found.truncate(before);
            }
        }
        for error in &self.flat.errors {
            let record = error.record.iter();
            record.for_each(|record| walk.record(&error.name.text, record));
        }
        self.flat.endpoints.iter().for_each(|endpoint| walk.endpoint(endpoint));
        walk.found
    }

    fn lifecycle(
        &self,
        said: &Deprecated,
        what: &What<'_>,
        diagnostics: &mut Diagnostics,
    ) -> Lifecycle {
        let since = said.since.as_ref().and_then(|date| day(date, diagnostics));
        let sunset = said.sunset.as_ref().and_then(|date| day(date, diagnostics));
        in_order(said, (since.as_deref(), sunset.as_deref()), diagnostics);
        self.notice(said, (since.as_deref(), sunset.as_deref()), diagnostics);
        if let (true, What::Part { .. }) = (said.hard, what) {
            diagnostics.push(
                Diagnostic::new(
                    Code::InvalidClause,
                    said.sunset.as_ref().map_or(said.span, |date| date.span),
                    "only versions and endpoints end by themselves",
                )
                .label("`hard` would change what answers are made of, in the middle of a day")
                .help("delete `hard`, and remove the part in the next version"),
            );
        }
        Lifecycle {
            deprecated: true,
            since,
            sunset,
            hard: said.hard,
            see: said.see.as_ref().and_then(|see| address(see, diagnostics)),
            successor: match self.alone {
                true => self.successor(said, what, &mut Diagnostics::default()),
                false => self.successor(said, what, diagnostics),
            },
        }
    }

    /// Whether callers have as long as they were promised.
    fn notice(
        &self,
        said: &Deprecated,
        (since, sunset): (Option<&str>, Option<&str>),
        diagnostics: &mut Diagnostics,
    ) {
        let (Some(notice), Some(sunset)) = (self.notice, &said.sunset.as_ref().zip(sunset)) else {
            return;
        };
        let wanted = i64::try_from(notice.millis.div_ceil(86_400_000)).unwrap_or(i64::MAX);
        let (literal, to) = sunset;
        let Some(since) = since else {
            diagnostics.push(
                Diagnostic::new(
                    Code::DeprecatedWithoutDate,
                    said.span,
                    "this goes, and callers are not told since when that is known",
                )
                .label("no `since`")
                .see(notice.span, format!("a notice of {} is promised", notice.text))
                .help("say since when: `deprecated since 2026-09-01, sunset …`"),
            );
            return;
        };
        let (Some(from), Some(end)) = (dates::days(since), dates::days(to)) else { return };
        let given = end - from;
        if given < 0 || given >= wanted {
            return;
        }
        let earliest = dates::day(from.saturating_add(wanted));
        let message = format!("callers get {given} days, and {} are promised", notice.text);
        let text = format!("write `sunset {earliest}`");
        diagnostics.push(
            Diagnostic::new(Code::SunsetTooSoon, literal.span, message)
                .label("too soon")
                .see(notice.span, "the promise")
                .fix(text, literal.span, earliest),
        );
    }

    /// What takes the place of what goes.
    fn successor(
        &self,
        said: &Deprecated,
        what: &What<'_>,
        diagnostics: &mut Diagnostics,
    ) -> Option<Successor> {
        match said.successor.as_ref()? {
            tree::Successor::Endpoint(method, path) => {
                let key = format!("{} {}", method.text, edits::path_text(path));
                let found = self.find(what, |one| without_names(&one.key()) == without_names(&key));
                if found.is_none() {
                    let keys: Vec<String> =
                        self.flat.endpoints.iter().map(|one| one.key()).collect();
                    let near = suggest::closest(&key, keys.iter().map(String::as_str));
                    let span = method.span.to(path.span);
                    diagnostics.push(unknown(span, &key, "an endpoint of this API", near));
                }
                found
            }
            tree::Successor::Name(name) => {
                let text = name.text.as_str();
                if let What::Part { among, own, names } = what {
                    let names: Vec<&str> =
                        names.iter().copied().filter(|name| name != own).collect();
                    if names.contains(&text) {
                        return Some(Successor::Part(text.to_owned()));
                    }
                    let near = suggest::closest(text, names.iter().copied());
                    diagnostics.push(unknown(name.span, text, &format!("one of {among}"), near));
                    return None;
                }
                let label = text.strip_prefix('v').unwrap_or(text);
                let version = self.flats.iter().find(|one| one.label == label);
                if let Some(version) = version.filter(|one| one.label != self.flat.label) {
                    return Some(Successor::Version(version.label.clone()));
                }
                let named =
                    |one: &FlatEndpoint| one.tree.name.as_ref().is_some_and(|own| own.text == text);
                let found = self.find(what, named);
                if found.is_none() {
                    let what = "another version, as `v2`, or the name of an endpoint";
                    diagnostics.push(unknown(name.span, text, what, None));
                }
                found
            }
        }
    }

    /// The endpoint that is meant: one of this version, else of the last that has it. Drafts are
    /// meant by drafts.
    fn find(&self, what: &What<'_>, is: impl Fn(&FlatEndpoint) -> bool) -> Option<Successor> {
        let own = match what {
            What::Endpoint(endpoint) => Some(endpoint.key()),
            What::Version | What::Part { .. } => None,
        };
        let others =
            self.flats.iter().rev().filter(|other| {
                other.label != self.flat.label && (!other.draft || self.flat.draft)
            });
        let here = (!matches!(what, What::Version)).then_some(self.flat);
        here.into_iter().chain(others).find_map(|version| {
            let same = version.label == self.flat.label;
            let fits = |one: &&FlatEndpoint| is(one) && !(same && own == Some(one.key()));
            let found = version.endpoints.iter().find(fits)?;
            Some(Successor::Endpoint { version: version.label.clone(), key: found.key() })
        })
    }
}

/// Goes through what a version declares.
struct Walk<'a, 'd> {
    around: &'a Around<'a>,
    diagnostics: &'d mut Diagnostics,
    found: Vec<Deprecation>,
}

impl Walk<'_, '_> {
    fn part<'w>(
        &mut self,
        said: Option<&Deprecated>,
        (at, part): (Span, impl FnOnce() -> String),
        what: impl FnOnce() -> What<'w>,
    ) {
        let Some(said) = said else { return };
        let lifecycle = self.around.lifecycle(said, &what(), self.diagnostics);
        self.found.push(Deprecation { part: part(), lifecycle, span: said.span, at });
    }

    fn fields(&mut self, owner: &str, fields: &[FlatField]) {
        let named: Vec<&tree::NamedField> = fields
            .iter()
            .filter_map(|field| match &field.kind {
                FlatFieldKind::Named(named) => Some(&**named),
                FlatFieldKind::Spread(_) => None,
            })
            .collect();
        self.named(owner, &named);
    }

    fn record(&mut self, owner: &str, record: &Record) {
        let named: Vec<&tree::NamedField> = record
            .fields
            .iter()
            .filter_map(|field| match &field.kind {
                FieldKind::Named(named) => Some(named),
                FieldKind::Spread(_) => None,
            })
            .collect();
        self.named(owner, &named);
    }

    fn named(&mut self, owner: &str, fields: &[&tree::NamedField]) {
        for field in fields {
            let path = format!("{owner}.{}", field.name.text);
            let what = || What::Part {
                among: format!("the fields of `{owner}`"),
                own: &field.name.text,
                names: fields.iter().map(|field| field.name.text.as_str()).collect(),
            };
            let part = (field.name.span.to(field.ty.span), || path.clone());
            self.part(field.deprecated.as_ref(), part, what);
            self.ty(&path, &field.ty);
        }
    }

    fn values(&mut self, owner: &str, body: &EnumBody) {
        for value in &body.values {
            let what = || What::Part {
                among: format!("the values of `{owner}`"),
                own: &value.name.text,
                names: body.values.iter().map(|value| value.name.text.as_str()).collect(),
            };
            let part = (value.name.span, || format!("{owner}.{}", value.name.text));
            self.part(value.deprecated.as_ref(), part, what);
        }
    }

    fn variants(&mut self, owner: &str, union: &tree::Union) {
        for variant in &union.variants {
            let what = || What::Part {
                among: format!("the variants of `{owner}`"),
                own: &variant.name.text,
                names: union.variants.iter().map(|one| one.name.text.as_str()).collect(),
            };
            let part = (variant.name.span, || format!("{owner}.{}", variant.name.text));
            self.part(variant.deprecated.as_ref(), part, what);
            self.ty(&format!("{owner}.{}", variant.name.text), &variant.ty);
        }
    }

    /// What a type holds that is written in place.
    fn ty(&mut self, owner: &str, ty: &Type) {
        match &ty.base {
            Base::List(element) => self.ty(owner, element),
            Base::Map(_, value) => self.ty(owner, value),
            Base::Record(record) => self.record(owner, record),
            Base::Enum(body) => self.values(owner, body),
            Base::Generic(_, argument) => self.ty(owner, argument),
            Base::Name(_) => {}
        }
    }

    fn endpoint(&mut self, endpoint: &FlatEndpoint) {
        let key = endpoint.key();
        if let Some(body) = &endpoint.tree.body {
            self.ty(&format!("{key} body"), &body.ty);
        }
        for response in &endpoint.tree.responses {
            match &response.kind {
                RespKind::Stream(status, Some(ty)) => {
                    let status = status.as_ref().map_or("200", |status| status.text.as_str());
                    self.ty(&format!("{key} {status}"), ty);
                }
                RespKind::Status(status, Some(ty)) => {
                    self.ty(&format!("{key} {}", status.text), ty);
                }
                RespKind::Type(ty) => self.ty(&format!("{key} 200"), ty),
                RespKind::Pass | RespKind::Stream(_, None) | RespKind::Status(_, None) => {}
            }
        }
        let params = endpoint.tree.members.iter().filter_map(|member| match &member.kind {
            EndpointMemberKind::Query(param) => Some(("query", param)),
            EndpointMemberKind::Header(param) => Some(("header", param)),
            EndpointMemberKind::Cookie(param) => Some(("cookie", param)),
            _ => None,
        });
        let params: Vec<(&str, &tree::Param)> = params.collect();
        for (place, param) in &params {
            let what = || What::Part {
                among: format!("the parameters of `{key}`"),
                own: &param.name.text,
                names: params.iter().map(|(_, param)| param.name.text.as_str()).collect(),
            };
            let part = (param.name.span, || format!("{key} {place} {}", param.name.text));
            self.part(param.deprecated.as_ref(), part, what);
            self.ty(&format!("{key} {place} {}", param.name.text), &param.ty);
        }
    }
}

/// The types that endpoints and errors of a version mention, directly or through each other.
fn used(flat: &Flat) -> BTreeSet<&str> {
    let mut next: Vec<&str> = Vec::new();
    for error in flat.errors.iter().filter_map(|error| error.record.as_ref()) {
        fields_mention(error, &mut next);
    }
    flat.endpoints.iter().for_each(|endpoint| endpoint_mentions(endpoint, &mut next));
    let mut found = BTreeSet::new();
    while let Some(name) = next.pop() {
        let declared = flat.types.iter().find(|one| one.name.text == name);
        let Some(one) = declared.filter(|_| found.insert(name)) else { continue };
        match &one.kind {
            FlatKind::Alias { ty, .. } => mentions(ty, &mut next),
            FlatKind::Record(fields) => fields.iter().for_each(|field| match &field.kind {
                FlatFieldKind::Named(named) => mentions(&named.ty, &mut next),
                FlatFieldKind::Spread(ty) => mentions(ty, &mut next),
            }),
            FlatKind::Enum(_) => {}
            FlatKind::Union(union) => {
                union.variants.iter().for_each(|variant| mentions(&variant.ty, &mut next));
            }
        }
    }
    found
}

fn endpoint_mentions<'t>(endpoint: &'t FlatEndpoint, found: &mut Vec<&'t str>) {
    let tree = &endpoint.tree;
    let paths = endpoint.prefix.iter().chain([&tree.path]);
    for part in paths.flat_map(|path| &path.segments).flat_map(|segment| &segment.parts) {
        if let SegmentPart::Param { ty: Some(ty), .. } = part {
            mentions(ty, found);
        }
    }
    tree.body.iter().for_each(|body| mentions(&body.ty, found));
    for response in &tree.responses {
        match &response.kind {
            RespKind::Stream(_, Some(ty)) | RespKind::Status(_, Some(ty)) | RespKind::Type(ty) => {
                mentions(ty, found);
            }
            RespKind::Pass | RespKind::Stream(_, None) | RespKind::Status(_, None) => {}
        }
    }
    for member in &tree.members {
        match &member.kind {
            EndpointMemberKind::Query(param)
            | EndpointMemberKind::Header(param)
            | EndpointMemberKind::Cookie(param) => mentions(&param.ty, found),
            EndpointMemberKind::Reply { ty: Some(ty), .. } => mentions(ty, found),
            _ => {}
        }
    }
}

fn fields_mention<'t>(record: &'t Record, found: &mut Vec<&'t str>) {
    for field in &record.fields {
        match &field.kind {
            FieldKind::Named(named) => mentions(&named.ty, found),
            FieldKind::Spread(ty) => mentions(ty, found),
        }
    }
}

fn mentions<'t>(ty: &'t Type, found: &mut Vec<&'t str>) {
    match &ty.base {
        Base::List(element) => mentions(element, found),
        Base::Map(key, value) => {
            mentions(key, found);
            mentions(value, found);
        }
        Base::Record(record) => fields_mention(record, found),
        Base::Enum(_) => {}
        Base::Generic(name, argument) => {
            found.push(&name.text);
            mentions(argument, found);
        }
        Base::Name(name) => found.push(&name.text),
    }
}

fn day(date: &DateLit, diagnostics: &mut Diagnostics) -> Option<String> {
    if dates::is_day(&date.text) {
        return Some(date.text.clone());
    }
    diagnostics.push(
        Diagnostic::new(Code::InvalidDate, date.span, format!("there is no {}", date.text))
            .label("no such day"),
    );
    None
}

/// RFC 8594 and RFC 9745 want the two days in this order.
fn in_order(
    said: &Deprecated,
    (since, sunset): (Option<&str>, Option<&str>),
    diagnostics: &mut Diagnostics,
) {
    let (Some(from), Some(to)) = (since, sunset) else { return };
    if dates::days(from) <= dates::days(to) {
        return;
    }
    let at = |date: &Option<DateLit>| date.as_ref().map_or(said.span, |date| date.span);
    diagnostics.push(
        Diagnostic::new(
            Code::SunsetBeforeDeprecation,
            at(&said.sunset),
            "the sunset lies before the deprecation",
        )
        .label("callers would lose it before they are told")
        .see(at(&said.since), "deprecated from here on")
        .note("RFC 8594 and RFC 9745 want them in this order"),
    );
}

/// An address that can stand in a `Link` field (RFC 8288 section 3): an absolute one, or a path.
fn address(see: &StringLit, diagnostics: &mut Diagnostics) -> Option<String> {
    let text = see.value.as_str();
    let fine = text.bytes().all(|byte| byte.is_ascii_graphic() && !b"<>\"\\^`{|}".contains(&byte));
    let rest = ["https://", "http://"].iter().find_map(|scheme| text.strip_prefix(scheme));
    let leads = rest.is_some_and(|rest| !rest.is_empty()) || text.starts_with('/');
    if fine && leads {
        return Some(text.to_owned());
    }
    diagnostics.push(
        Diagnostic::new(Code::InvalidAddress, see.span, "callers cannot follow this address")
            .label("wanted: `https://…`, or a path from `/` on, percent-encoded"),
    );
    None
}

fn unknown(span: Span, name: &str, wanted: &str, near: Option<&str>) -> Diagnostic {
    let message = format!("there is no `{name}` to use instead");
    let diagnostic = Diagnostic::new(Code::UnknownSuccessor, span, message)
        .severity(Severity::Warning)
        .note("callers are not told where to go");
    match near {
        Some(near) => diagnostic.meant(span, near),
        None => diagnostic.label(format!("wanted: {wanted}")),
    }
}
