//! A version as callers see it, in the language: without the work behind it, words and examples.

mod names;

use super::state::{ALWAYS, OR_NONE};
use super::{BlockKind, digest, needs};
use crate::analyse::clauses::Held;
use crate::analyse::limits;
use crate::analyse::versions::{Flat, FlatEndpoint, FlatFieldKind, FlatKind, FlatType};
use crate::analyse::work::quoted;
use crate::contract::endpoint::Manner;
use crate::contract::work::{ReplyValue, Rewrite};
use crate::contract::{Contract, Endpoint, Setting, Version};
use crate::schema::Schemas;
use crate::source::Sources;
use gatewright_grammar::tree::{
    Auth, AuthMember, Base, Body, Bound, BoundKind, ClauseKind, EndpointMemberKind, EnumBody,
    EnumRest, ErrorDecl, Field, FieldKind, KeysFrom, NamedField, Param, Record, Resp, RespKind,
    SegmentPart, Type, VersionMember, VersionMemberKind,
};
use gatewright_grammar::{FileId, Span};
use names::Names;
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// A declaration as it is written into a lock, without its digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Written {
    pub(crate) kind: BlockKind,
    pub(crate) key: String,
    /// Its text; lines behind the first are indented as in a lock.
    pub(crate) text: String,
    /// Where the digest goes.
    digest_at: Option<usize>,
}

impl Written {
    fn plain(kind: BlockKind, text: String) -> Self {
        Self { kind, key: String::new(), text, digest_at: None }
    }

    /// What is read of an operation of a backend, `catalog GET /items/{}`.
    pub(super) fn needs(key: &str, rows: &[String]) -> Self {
        let head = format!("needs {key}");
        let digest_at = Some(head.len());
        let text = if rows.is_empty() {
            format!("{head} nothing")
        } else {
            format!("{head} {{\n    {}\n  }}", rows.join("\n    "))
        };
        Self { kind: BlockKind::Needs, key: key.to_owned(), text, digest_at }
    }

    /// A case that does not hold any more.
    pub(crate) fn without(title: &str) -> Self {
        let title = title.replace('\\', "\\\\").replace('"', "\\\"");
        Self::plain(BlockKind::Without, format!("without case \"{title}\""))
    }

    /// The lines of a lock that declare it.
    pub(crate) fn lines(&self) -> String {
        let Some((before, after)) = self.digest_at.and_then(|at| self.text.split_at_checked(at))
        else {
            return format!("  {}\n", self.text);
        };
        format!("  {before} sha {}{after}\n", digest(&self.text))
    }
}

/// What a version is printed from.
pub(crate) struct Surface<'a> {
    pub(crate) sources: &'a Sources,
    pub(crate) contract: &'a Contract,
    pub(crate) flat: &'a Flat,
    pub(crate) version: &'a Version,
    /// How callers select it, as the `api` block says: `versions in path "/v{n}"`.
    pub(crate) selection: String,
    /// The clauses that hold for each endpoint, in the order of `flat`.
    pub(crate) clauses: Vec<Vec<Held<'a>>>,
    /// The `auth` blocks of the contract.
    pub(crate) auths: Vec<&'a Auth>,
}

impl<'a> Surface<'a> {
    /// The `auth` blocks by which an endpoint lets callers in.
    fn callers(&self) -> Vec<&'a Auth> {
        let clauses = self.clauses.iter().flatten();
        let names: BTreeSet<&str> = clauses
            .filter_map(|held| match &held.clause.kind {
                ClauseKind::Auth { schemes, .. } => Some(schemes),
                _ => None,
            })
            .flatten()
            .map(|name| name.text.as_str())
            .collect();
        let used = self.auths.iter().filter(|auth| names.contains(auth.name.text.as_str()));
        used.copied().collect()
    }
}

/// Everything that callers of a version are promised, by kind and name.
pub(crate) fn version(surface: &Surface<'_>) -> Vec<Written> {
    let callers = surface.callers();
    let names = Names::of(surface.flat, &callers);
    let schemas = Schemas::new(surface.sources);
    let printer = Printer {
        sources: surface.sources,
        schemas: &schemas,
        names: &names,
        rewrites: &surface.flat.rewrites,
    };
    let mut out = String::from("version 1 {\n");
    if let Some(deprecated) = &surface.flat.deprecated {
        let _ = writeln!(out, "{}", printer.slice(deprecated.span));
    }
    for ty in surface.flat.types.iter().filter(|ty| names.is_used(&ty.name.text)) {
        let _ = writeln!(out, "{}", printer.declaration(ty));
    }
    for error in surface.flat.errors.iter().filter(|error| names.is_used(&error.name.text)) {
        let _ = writeln!(out, "{}", printer.error(error));
    }
    let mut promises = Vec::new();
    for (endpoint, clauses) in surface.flat.endpoints.iter().zip(&surface.clauses) {
        let checked = surface.version.endpoints.iter().find(|one| one.span == endpoint.span);
        let Some(checked) = checked else { continue };
        let _ = writeln!(out, "{}", printer.endpoint(endpoint, checked, clauses));
        promises.push(printer.kept(endpoint, checked));
    }
    out.push_str("}\n");
    let mut found = vec![Written::plain(BlockKind::Selection, surface.selection.clone())];
    found.extend(callers.iter().filter_map(|auth| printer.caller(auth)));
    found.extend(members(&canonical(&out), &promises));
    found.extend(needs::written(surface.contract, &surface.version.label));
    found.extend(cases(surface));
    found.sort_by(|a, b| (a.kind, order(&a.key)).cmp(&(b.kind, order(&b.key))));
    found
}

/// Endpoints by path, then by method.
fn order(key: &str) -> (&str, &str) {
    key.split_once(" /").map_or((key, ""), |(method, path)| (path, method))
}

/// The text without comments, in its one form.
fn canonical(text: &str) -> String {
    let parse = gatewright_grammar::parse(FileId::default(), text);
    let mut plain = text.to_owned();
    for comment in parse.file.comments.iter().rev() {
        plain.replace_range(comment.span.range(), "");
    }
    gatewright_grammar::format(&plain).unwrap_or(plain)
}

/// The members of the only version in `text`.
fn members(text: &str, promises: &[Vec<String>]) -> Vec<Written> {
    let file = gatewright_grammar::parse(FileId::default(), text).file;
    let version = file.items.into_iter().find_map(|item| match item.kind {
        gatewright_grammar::tree::ItemKind::Version(version) => Some(version),
        _ => None,
    });
    let mut promises = promises.iter();
    let members = version.map(|version| version.members).unwrap_or_default();
    members.iter().filter_map(|member| one(text, member, &mut promises)).collect()
}

fn one<'p>(
    text: &str,
    member: &VersionMember,
    promises: &mut impl Iterator<Item = &'p Vec<String>>,
) -> Option<Written> {
    let slice = text.get(member.span.range())?.trim_end().to_owned();
    let within = |span: Span| (span.end - member.span.start) as usize;
    let named = |kind, name: &gatewright_grammar::tree::Ident, at| Written {
        kind,
        key: name.text.clone(),
        text: slice.clone(),
        digest_at: Some(at),
    };
    Some(match &member.kind {
        VersionMemberKind::Deprecated(_) => Written::plain(BlockKind::Deprecated, slice),
        VersionMemberKind::Type(decl) => {
            let at = decl.parameter.as_ref().map_or(within(decl.name.span), |p| within(p.span) + 1);
            named(BlockKind::Type, &decl.name, at)
        }
        VersionMemberKind::Enum(decl) => named(BlockKind::Type, &decl.name, within(decl.name.span)),
        VersionMemberKind::Union(decl) => {
            named(BlockKind::Type, &decl.name, within(decl.name.span))
        }
        VersionMemberKind::Error(decl) => {
            named(BlockKind::Error, &decl.name, within(decl.name.span))
        }
        VersionMemberKind::Endpoint(endpoint) => {
            let mut body = slice.clone();
            let end = body.rfind("\n  }").unwrap_or(body.len());
            for line in promises.next()?.iter().rev() {
                body.insert_str(end, &format!("\n    {line}"));
            }
            Written {
                kind: BlockKind::Endpoint,
                key: format!(
                    "{} {}",
                    endpoint.method.text,
                    crate::analyse::edits::path_text(&endpoint.path)
                ),
                text: format!("endpoint {body}"),
                digest_at: Some("endpoint ".len() + within(endpoint.path.span)),
            }
        }
        _ => return None,
    })
}

/// `GET /products/{id}` of `endpoint GET /products/{id: Sku}`.
pub(super) fn endpoint_key(head: &str) -> Option<String> {
    let text = format!("version 1 {{\n{} -> 204\n}}\n", head.strip_prefix("endpoint ")?);
    match members(&text, &[Vec::new()]).as_slice() {
        [one] if one.kind == BlockKind::Endpoint => Some(one.key.clone()),
        _ => None,
    }
}

/// The fields of an answer that something stands in for where a call fails, sorted.
pub(crate) fn fallbacks(endpoint: &Endpoint) -> Vec<String> {
    let optional = endpoint.work.calls.iter().filter(|call| !call.required);
    let fields: BTreeSet<&String> = optional.flat_map(|call| &call.feeds).collect();
    let needed = endpoint.work.calls.iter().filter(|call| call.required);
    let needed: BTreeSet<&String> = needed.flat_map(|call| &call.feeds).collect();
    fields.difference(&needed).map(|field| (*field).clone()).collect()
}

/// The cases of a version, as they are written.
fn cases(surface: &Surface<'_>) -> Vec<Written> {
    let at = surface.contract.versions.iter().position(|one| one.label == surface.version.label);
    let of_version = |case: &crate::contract::Case| match case.endpoint {
        Some((version, _)) => Some(version) == at,
        None => {
            let prefix = format!("/{}/", surface.version.prefix.join("/"));
            case.request.target.starts_with(&prefix)
        }
    };
    let cases = surface.contract.cases.iter().filter(|case| of_version(case));
    cases.filter_map(|case| self::case(surface.sources, case)).collect()
}

/// A case in its one form; nothing if its text cannot be found.
pub(crate) fn case(sources: &Sources, case: &crate::contract::Case) -> Option<Written> {
    let text = &sources.get(case.span.file)?.text;
    let file = gatewright_grammar::parse(case.span.file, text).file;
    let item = file.items.iter().find(|item| item.span.contains(case.span))?;
    let formatted = canonical(text.get(item.span.range())?);
    let lines = formatted.trim_end().replace('\n', "\n  ").replace("\n  \n", "\n\n");
    // A blank line would end the entry.
    let lines: Vec<&str> = lines.lines().filter(|line| !line.trim().is_empty()).collect();
    let text = lines.join("\n");
    let parsed = gatewright_grammar::parse(FileId::default(), &text).file;
    let title = parsed.items.iter().find_map(|item| match &item.kind {
        gatewright_grammar::tree::ItemKind::Case(case) => Some(case.title.span.range().end),
        _ => None,
    });
    Some(Written { kind: BlockKind::Case, key: case.title.clone(), text, digest_at: title })
}

struct Printer<'a> {
    sources: &'a Sources,
    schemas: &'a Schemas<'a>,
    names: &'a Names,
    rewrites: &'a [Rewrite],
}

impl Printer<'_> {
    /// What the author wrote at `span`.
    fn slice(&self, span: Span) -> &str {
        let source = self.sources.get(span.file);
        source.and_then(|source| source.text.get(span.range())).unwrap_or_default()
    }

    /// A value, with the names that fields have in this version.
    fn value(&self, span: Span) -> String {
        let mut text = self.slice(span).to_owned();
        let mut inside: Vec<&Rewrite> =
            self.rewrites.iter().filter(|one| span.contains(one.span)).collect();
        inside.sort_by_key(|one| std::cmp::Reverse(one.span.start));
        for one in inside {
            let (start, end) = (one.span.start - span.start, one.span.end - span.start);
            text.replace_range(start as usize..end as usize, &one.text);
        }
        text
    }

    /// What answers of an endpoint are promised to have because of the work behind it.
    fn kept(&self, flat: &FlatEndpoint, endpoint: &Endpoint) -> Vec<String> {
        let mut lines = Vec::new();
        for reply in &endpoint.work.reply {
            let nullable = matches!(reply.value, ReplyValue::Typed { nullable: true, .. });
            let declared = flat.tree.members.iter().find_map(|member| match &member.kind {
                EndpointMemberKind::Reply { name, ty, .. } if name.text == reply.name => {
                    ty.as_ref()
                }
                _ => None,
            });
            let (name, null) = (&reply.name, if nullable { "?" } else { "" });
            let end = if nullable { OR_NONE } else { ALWAYS };
            lines.push(match (declared, &reply.value) {
                (Some(ty), _) => format!("reply header {name}: {}{end}", self.ty(ty)),
                (None, ReplyValue::Text(_)) => format!("reply header {name}: text{end}"),
                (None, ReplyValue::Typed { .. }) => format!("reply header {name}{null}"),
            });
        }
        let fields = fallbacks(endpoint);
        if !fields.is_empty() {
            lines.push(format!("fallback {}", fields.join(", ")));
        }
        lines
    }

    /// A way to say who calls. How often keys and lists are asked for again is nothing that callers see.
    fn caller(&self, auth: &Auth) -> Option<Written> {
        let rows = auth.members.iter().map(|member| match member {
            AuthMember::Keys { from: KeysFrom::Env(from), .. } => {
                format!("keys env {}", from.name.text)
            }
            AuthMember::Keys { from: KeysFrom::Issuer(_), .. } => "keys from issuer".to_owned(),
            AuthMember::Revoked { from, .. } => format!("revoked env {}", from.name.text),
            AuthMember::Secret(from) => format!("secret env {}", from.name.text),
            AuthMember::Issuer(value) => format!("issuer {}", self.slice(value.span)),
            AuthMember::Audience(value) => format!("audience {}", self.slice(value.span)),
            AuthMember::Claims(record) => format!("claims {}", self.record(record)),
            AuthMember::Header(name) => format!("header {}", name.text),
            AuthMember::Leeway(time) => format!("leeway {}", time.text),
        });
        let name = self.names.caller(&auth.name.text);
        let rows = rows.collect::<Vec<_>>().join(", ");
        let text = format!("auth {name} = {} {{ {rows} }}", auth.scheme.text);
        let text = canonical(&text).trim_end().replace('\n', "\n  ");
        let digest_at = text.find(" = ")?;
        let key = name.to_owned();
        Some(Written { kind: BlockKind::Auth, key, text, digest_at: Some(digest_at) })
    }

    fn declaration(&self, ty: &FlatType) -> String {
        let name = self.names.get(&ty.name.text);
        let parameter =
            ty.parameter.as_ref().map_or_else(String::new, |one| format!("<{}>", one.text));
        let end = ty.deprecated.as_ref();
        let end = end.map_or_else(String::new, |one| format!(" {}", self.slice(one.span)));
        match &ty.kind {
            FlatKind::Alias { ty, .. } => format!("type {name}{parameter} = {}{end}", self.ty(ty)),
            FlatKind::Record(fields) => {
                let rows = fields.iter().map(|field| match &field.kind {
                    FlatFieldKind::Spread(ty) => format!("...{}", self.ty(ty)),
                    FlatFieldKind::Named(named) => self.field(named),
                });
                format!(
                    "type {name}{parameter} {{\n{}\n}}{end}",
                    rows.collect::<Vec<_>>().join("\n")
                )
            }
            FlatKind::Enum(decl) => format!("enum {name} {}", self.values(&decl.body)),
            FlatKind::Union(union) => {
                let rows = union
                    .variants
                    .iter()
                    .map(|one| format!("{}: {}", quoted(&one.name.text), self.ty(&one.ty)));
                let rows = rows.collect::<Vec<_>>().join("\n");
                format!("union {name} by {} {{\n{rows}\n}}", union.tag.text)
            }
        }
    }

    fn error(&self, error: &ErrorDecl) -> String {
        let record = error.record.as_ref();
        let record = record.map_or_else(String::new, |record| format!(" {}", self.record(record)));
        let (name, status) = (self.names.get(&error.name.text), &error.status.text);
        format!("error {name} {status} {}{record}", self.slice(error.title.span))
    }

    fn values(&self, body: &EnumBody) -> String {
        let mut rows: Vec<String> = Vec::new();
        for value in &body.values {
            let wire = value.wire.as_ref();
            let wire = wire.map_or_else(String::new, |w| format!(" = {}", self.slice(w.span)));
            let end = value.deprecated.as_ref();
            let end = end.map_or_else(String::new, |one| format!(" {}", self.slice(one.span)));
            rows.push(format!("{}{wire}{end}", value.name.text));
        }
        rows.extend(match &body.rest {
            EnumRest::Closed => None,
            EnumRest::Open => Some("...".to_owned()),
            EnumRest::Else(name) => Some(format!("else {}", name.text)),
        });
        format!("{{\n{}\n}}", rows.join("\n"))
    }

    fn record(&self, record: &Record) -> String {
        if record.fields.is_empty() {
            return "{}".to_owned();
        }
        let row = |field: &Field| match &field.kind {
            FieldKind::Spread(ty) => format!("...{}", self.ty(ty)),
            FieldKind::Named(named) => self.field(named),
        };
        format!("{{ {} }}", record.fields.iter().map(row).collect::<Vec<_>>().join(", "))
    }

    fn field(&self, field: &NamedField) -> String {
        let optional = if field.optional { "?" } else { "" };
        let default = field.default.as_ref();
        let default = default.map_or_else(String::new, |v| format!(" = {}", self.value(v.span)));
        let end = field.deprecated.as_ref();
        let end = end.map_or_else(String::new, |one| format!(" {}", self.slice(one.span)));
        format!("{}{optional}: {}{default}{end}", quoted(&field.name.text), self.ty(&field.ty))
    }

    fn ty(&self, ty: &Type) -> String {
        let mut out = match &ty.base {
            Base::List(element) => format!("[{}]", self.ty(element)),
            Base::Map(key, value) => format!("[{}: {}]", self.ty(key), self.ty(value)),
            Base::Record(record) => self.record(record),
            Base::Enum(body) => format!("enum {}", self.values(body).replace('\n', " ")),
            Base::Generic(name, argument) => {
                format!("{}<{}>", self.names.get(&name.text), self.ty(argument))
            }
            Base::Name(name) => self.names.get(&name.text).to_owned(),
        };
        if !ty.limits.is_empty() {
            let limits: Vec<String> = ty.limits.iter().map(|one| self.limit(one)).collect();
            let _ = write!(out, "({})", limits.join(", "));
        }
        if ty.as_text {
            out.push_str(" as text");
        }
        if ty.nullable {
            out.push_str(" | null");
        }
        out
    }

    /// A bound. Files change, so a schema stands in the lock itself.
    fn limit(&self, limit: &Bound) -> String {
        let inlined = match &limit.kind {
            BoundKind::Schema(path) => self.schemas.inlined(path),
            _ => None,
        };
        inlined
            .map_or_else(|| self.slice(limit.span).to_owned(), |text| format!("schema \"{text}\""))
    }

    fn endpoint(&self, flat: &FlatEndpoint, checked: &Endpoint, clauses: &[Held<'_>]) -> String {
        let tree = &flat.tree;
        let name = tree.name.as_ref().map_or_else(String::new, |name| format!(" as {}", name.text));
        let body = tree.body.as_ref().map_or_else(String::new, |body| self.body(body));
        let answers: Vec<String> = tree.responses.iter().map(|one| self.response(one)).collect();
        let head = format!("{} {}{name}{body}", tree.method.text, self.path(flat));
        let mut rows = Vec::new();
        for member in &tree.members {
            rows.extend(match &member.kind {
                EndpointMemberKind::Deprecated(one) => Some(self.slice(one.span).to_owned()),
                EndpointMemberKind::Query(param) => Some(self.param("query", param)),
                EndpointMemberKind::Header(param) => Some(self.param("header", param)),
                EndpointMemberKind::Cookie(param) => Some(self.param("cookie", param)),
                EndpointMemberKind::Reply { .. }
                | EndpointMemberKind::Return { .. }
                | EndpointMemberKind::Remove(..)
                | EndpointMemberKind::Call(_)
                | EndpointMemberKind::Clause(_)
                | EndpointMemberKind::Bad => None,
            });
        }
        // A cache around endpoints leaves those alone that cannot have one.
        let kept = checked.terms.never || checked.terms.cache.is_some();
        let held = clauses.iter();
        let held = held.filter(|held| kept || !matches!(held.kind, ClauseKind::Cache(_)));
        rows.extend(held.filter_map(|clause| self.clause(clause)));
        rows.extend(timeout(&checked.timeout));
        if tree.body.is_some() || checked.manner == Manner::Pass {
            rows.push(format!("max_body {}", size(checked.max_body)));
        }
        format!("{head} -> {} {{\n{}\n}}", answers.join(" | "), rows.join("\n"))
    }

    /// A clause, but for those that are written as what they come to.
    fn clause(&self, held: &Held<'_>) -> Option<String> {
        let clause = held.clause;
        match &clause.kind {
            ClauseKind::Limit(limit) => {
                let text = self.slice(clause.span);
                limits::spelled(limit, held.level, text).or_else(|| Some(text.to_owned()))
            }
            ClauseKind::Timeout(_) | ClauseKind::MaxBody(_) | ClauseKind::Use(_) => None,
            ClauseKind::Auth { schemes, scopes, roles } => {
                let names: Vec<&str> =
                    schemes.iter().map(|name| self.names.caller(&name.text)).collect();
                let mut text = format!("auth {}", names.join(" or "));
                for (word, all) in [("scope", scopes), ("role", roles)] {
                    let all: Vec<&str> = all.iter().map(|one| self.slice(one.span)).collect();
                    if !all.is_empty() {
                        let _ = write!(text, " with {word} {}", all.join(" and "));
                    }
                }
                Some(text)
            }
            ClauseKind::Public
            | ClauseKind::Cache(_)
            | ClauseKind::Cors(_)
            | ClauseKind::Compress(_)
            | ClauseKind::Unknown { .. } => Some(self.slice(clause.span).to_owned()),
        }
    }

    fn path(&self, flat: &FlatEndpoint) -> String {
        let mut out = String::new();
        for path in flat.prefix.iter().chain(std::iter::once(&flat.tree.path)) {
            for segment in &path.segments {
                out.push('/');
                for part in &segment.parts {
                    match part {
                        SegmentPart::Text(text) => out.push_str(&text.text),
                        SegmentPart::Param { name, rest, ty, .. } => {
                            let rest = if *rest { "*" } else { "" };
                            let ty = ty.as_ref();
                            let ty = ty.map_or_else(String::new, |ty| format!(": {}", self.ty(ty)));
                            let _ = write!(out, "{{{}{rest}{ty}}}", name.text);
                        }
                    }
                }
            }
        }
        if out.is_empty() { "/".to_owned() } else { out }
    }

    fn body(&self, body: &Body) -> String {
        let form = if body.form { "form " } else { "" };
        let optional = if body.optional { "?" } else { "" };
        let name = body.name.as_ref().map_or_else(String::new, |name| format!(" as {}", name.text));
        format!(" ({form}{}{optional}{name})", self.ty(&body.ty))
    }

    fn response(&self, response: &Resp) -> String {
        let with = |word: String, ty: &Option<Type>| match ty {
            Some(ty) => format!("{word} {}", self.ty(ty)),
            None => word,
        };
        match &response.kind {
            RespKind::Pass => "pass".to_owned(),
            RespKind::Type(ty) => self.ty(ty),
            RespKind::Status(status, ty) => with(status.text.clone(), ty),
            RespKind::Stream(status, ty) => {
                let status = status.as_ref().map(|one| format!(" {}", one.text));
                with(format!("stream{}", status.unwrap_or_default()), ty)
            }
        }
    }

    fn param(&self, word: &str, param: &Param) -> String {
        let name = self.slice(param.name.span);
        let optional = if param.optional { "?" } else { "" };
        let comma = if param.by_comma { " by comma" } else { "" };
        let default = param.default.as_ref();
        let default = default.map_or_else(String::new, |v| format!(" = {}", self.slice(v.span)));
        let alias =
            param.alias.as_ref().map_or_else(String::new, |name| format!(" as {}", name.text));
        let end = param.deprecated.as_ref();
        let end = end.map_or_else(String::new, |one| format!(" {}", self.slice(one.span)));
        let ty = self.ty(&param.ty);
        format!("{word} {name}{optional}: {ty}{comma}{default}{alias}{end}")
    }
}

/// The longest that callers wait; one that an operator sets without a bound is no promise.
fn timeout(setting: &Setting<u64>) -> Option<String> {
    match setting {
        Setting::Fixed(millis) | Setting::Env { most: Some(millis), .. } => {
            Some(format!("timeout {}", duration(*millis)))
        }
        Setting::Env { name, most: None } => Some(format!("timeout env {name}")),
    }
}

fn duration(millis: u64) -> String {
    if millis.is_multiple_of(1000) { format!("{}s", millis / 1000) } else { format!("{millis}ms") }
}

fn size(bytes: u64) -> String {
    if bytes.is_multiple_of(1 << 20) {
        format!("{}MB", bytes >> 20)
    } else {
        format!("{}KB", bytes.div_ceil(1 << 10))
    }
}
