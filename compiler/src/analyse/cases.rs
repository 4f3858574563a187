//! Resolves cases: their endpoint, the calls that their mocks answer, and what the answer can be.

mod caller;
mod declared;
mod mocks;
mod pattern;
mod reply;
mod target;

pub(crate) use mocks::fits_path;
pub(crate) use pattern::{OF_EVERY_PROBLEM, is_any};
pub(crate) use target::{best as best_endpoint, parts as target_parts};

use super::access::Schemes;
use super::consumers::key;
use super::values;
use super::versions::Flat;
use crate::contract::cases::{CaseRequest, Field, Mock, Payload};
use crate::contract::types::{Const, Type, Types};
use crate::contract::{Backend, Case, Endpoint, Selection, Setting, Variable, Version};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::suggest;
use gatewright_grammar::Span;
use gatewright_grammar::tree::{self, CaseBody, File, HeaderValue, ItemKind, ValueKind};
use pattern::Patterns;
use target::Met;

/// What cases are told about.
pub(crate) struct Around<'a> {
    pub(crate) selection: &'a Selection,
    pub(crate) versions: &'a [Version],
    pub(crate) flats: &'a [Flat],
    pub(crate) backends: &'a [Backend],
    pub(crate) schemes: &'a Schemes,
}

/// The cases that the files declare. One with a mistake is left out.
pub(crate) fn resolve(
    files: &[File],
    around: &Around<'_>,
    variables: &[Variable],
    diagnostics: &mut Diagnostics,
) -> Vec<Case> {
    let mut titles: Vec<(&str, Span)> = Vec::new();
    let mut found = Vec::new();
    for item in files.iter().flat_map(|file| &file.items) {
        let ItemKind::Case(case) = &item.kind else { continue };
        let (title, span) = (case.title.value.as_str(), case.title.span);
        if let Some((_, first)) = titles.iter().find(|(other, _)| *other == title) {
            diagnostics.push(super::duplicate("a case of this title", span, *first));
            continue;
        }
        titles.push((title, span));
        // Without a request that can be read nothing is known of what follows.
        let Some(when) = &case.when else { continue };
        let then = case.then.as_ref();
        found.extend(Lower { around, variables, case, when, then, diagnostics }.case());
    }
    found
}

/// A case on its way from the tree to the contract.
pub(super) struct Lower<'a, 'd> {
    around: &'a Around<'a>,
    variables: &'a [Variable],
    case: &'a tree::Case,
    when: &'a tree::CaseWhen,
    /// Nothing if it cannot be read: the rest is looked at even so.
    then: Option<&'a tree::CaseThen>,
    diagnostics: &'d mut Diagnostics,
}

/// The endpoint that a case is about.
#[derive(Clone, Copy)]
pub(super) struct About<'a> {
    /// The version and the endpoint in it, as indices.
    at: (usize, usize),
    version: &'a Version,
    endpoint: &'a Endpoint,
}

impl About<'_> {
    /// `GET /products/{id}`
    fn key(&self) -> String {
        key(self.version, self.endpoint)
    }
}

impl<'a> Lower<'a, '_> {
    fn case(mut self) -> Option<Case> {
        let when = self.when;
        let caller = self.caller();
        let target = self.target(&when.target)?;
        let label = self.label();
        let met = target::meet(self.around, label.as_deref(), (&when.method.text, &target.path));
        let about = match met {
            Met::Endpoint(at) => Some(self.about(at)?),
            Met::Refused => return None,
            // Whether nothing is to answer it is not known.
            Met::Nothing if self.then.is_none() => return None,
            Met::Nothing if self.wants_a_failure() => None,
            Met::Nothing => {
                self.no_endpoint();
                return None;
            }
        };
        self.smoke();
        let request = self.request(about);
        let env = self.env();
        let mocks = self.mocks(about);
        let never = self.never(mocks.as_deref());
        let reply = self.reply(about);
        Some(Case {
            title: self.case.title.value.clone(),
            smoke: self.case.smoke,
            endpoint: about.map(|about| about.at),
            caller: caller?,
            request: request?,
            env: env?,
            mocks: mocks?,
            never: never?,
            reply: reply?,
            span: self.case.title.span,
        })
    }

    /// The label of the version that the case asks for, where the path does not say it.
    fn label(&self) -> Option<String> {
        let headers = self.when.headers.iter();
        let known = headers.filter_map(|one| Some((one.name.text.clone(), plain(&one.value)?)));
        self.around.selection.named(&known.collect::<Vec<_>>())
    }

    fn about(&self, at: (usize, usize)) -> Option<About<'a>> {
        let version = self.around.versions.get(at.0)?;
        Some(About { at, version, endpoint: version.endpoints.get(at.1)? })
    }

    /// Real backends are asked what a smoke case asks, so it must not change anything.
    fn smoke(&mut self) {
        let method = &self.when.method;
        if self.case.smoke && !matches!(method.text.as_str(), "GET" | "HEAD" | "OPTIONS") {
            let message = format!("a smoke case sends {} to real backends", method.text);
            self.diagnostics.push(
                Diagnostic::new(Code::ImpossibleCase, method.span, message)
                    .label("this may change something there")
                    .help("take `smoke` out, or show it by a request that only reads"),
            );
        }
    }

    /// Whether the case shows what becomes of a request that nothing answers.
    fn wants_a_failure(&self) -> bool {
        let Some(then) = self.then else { return false };
        let declared = then.error.as_ref().is_some_and(|name| reply::is_declared(&name.text));
        then.status.text.starts_with(['4', '5']) && !declared
    }

    fn no_endpoint(&mut self) {
        let when = self.when;
        let span = when.method.span.to(when.target.span);
        let wanted = format!("{} {}", when.method.text, when.target.text);
        let known: Vec<String> = self.around.versions.iter().flat_map(templates).collect();
        let diagnostic =
            Diagnostic::new(Code::UnknownEndpoint, span, format!("nothing answers `{wanted}`"));
        let near = suggest::closest(&wanted, known.iter().map(String::as_str));
        self.diagnostics.push(match near {
            Some(near) => diagnostic.label(format!("did you mean `{near}`?")),
            None => diagnostic.label("no version has such an endpoint"),
        });
    }

    fn request(&mut self, about: Option<About<'_>>) -> Option<CaseRequest> {
        let when = self.when;
        let nothing = Types::default();
        let types = about.map_or(&nothing, |about| &about.version.types);
        let ty = about.and_then(|about| about.endpoint.body.as_ref()).map(|body| &body.ty);
        let body = when.body.as_ref().map(|body| self.payload(body, ty, types));
        let headers = self.plain_headers(&when.headers);
        Some(CaseRequest {
            method: when.method.text.clone(),
            target: when.target.text.clone(),
            headers: headers?,
            body: match body {
                Some(body) => Some(body?),
                None => None,
            },
            span: when.span,
        })
    }

    /// Values for the gateway's environment. Where backends are is not among them: they are mocks.
    fn env(&mut self) -> Option<Vec<(String, String)>> {
        let mut found = Vec::new();
        let mut fine = true;
        for env in &self.when.env {
            let (name, value) = (&env.name, plain(&env.value));
            let address = |backend: &Backend| matches!(&backend.address, Setting::Env { name: address, .. } if *address == name.text);
            let problem = if self.around.backends.iter().any(address) {
                Some(
                    Diagnostic::new(
                        Code::ImpossibleCase,
                        name.span,
                        "a case cannot say where a backend is",
                    )
                    .label("it leads to the mocks of the case"),
                )
            } else if !self.variables.iter().any(|variable| variable.name == name.text) {
                Some(self.unknown_variable(name))
            } else if value.is_none() {
                Some(unknown_value(env.value.span))
            } else {
                None
            };
            fine &= problem.is_none();
            problem.into_iter().for_each(|one| self.diagnostics.push(one));
            found.extend(value.map(|value| (name.text.clone(), value)));
        }
        fine.then_some(found)
    }

    fn unknown_variable(&self, name: &tree::Ident) -> Diagnostic {
        let message = format!("this contract reads no variable `{}`", name.text);
        let diagnostic = Diagnostic::new(Code::UnknownName, name.span, message);
        let known = self.variables.iter().map(|variable| variable.name.as_str());
        match suggest::closest(&name.text, known) {
            Some(other) => diagnostic.meant(name.span, other),
            None => diagnostic.label("nothing would change"),
        }
    }

    fn never(&mut self, mocks: Option<&[Mock]>) -> Option<Vec<(usize, Span)>> {
        let mut found = Vec::new();
        let mut fine = true;
        for mock in self.case.mocks.iter().filter(|mock| mock.exchange.is_none()) {
            let Some(backend) = self.backend(&mock.backend) else {
                fine = false;
                continue;
            };
            let asked = mocks.unwrap_or_default().iter().find(|other| other.backend == backend);
            if let Some(asked) = asked {
                fine = false;
                let message = format!("`{}` is asked and never asked", mock.backend.text);
                self.diagnostics.push(
                    Diagnostic::new(Code::ImpossibleCase, mock.span, message)
                        .label("it must not be asked")
                        .see(asked.span, "and here it is asked")
                        .help("take one of the two out"),
                );
            }
            found.push((backend, mock.span));
        }
        fine.then_some(found)
    }

    /// A body that is sent: everything in it is known.
    fn payload(&mut self, body: &CaseBody, ty: Option<&Type>, types: &Types) -> Option<Payload> {
        let value = body.value();
        let found = match body {
            CaseBody::Json(value) => values::constant(value, ty, types).map(Payload::Json),
            CaseBody::Text(value) => match &value.kind {
                ValueKind::Template(parts) => values::plain_text(parts).map(Payload::Text),
                _ => None,
            },
        };
        if found.is_none() {
            self.diagnostics.push(unknown_value(value.span));
        }
        found
    }

    /// Header fields that are sent.
    fn plain_headers(&mut self, headers: &[HeaderValue]) -> Option<Vec<(String, String)>> {
        let mut found = Vec::new();
        for header in headers {
            match plain(&header.value) {
                Some(value) => found.push((header.name.text.clone(), value)),
                None => self.diagnostics.push(unknown_value(header.value.span)),
            }
        }
        (found.len() == headers.len()).then_some(found)
    }

    /// Header fields that are expected.
    fn fields(
        &mut self,
        headers: &[HeaderValue],
        version: Option<(usize, &Version)>,
    ) -> Option<Vec<(String, Field)>> {
        let mut found = Vec::new();
        for header in headers {
            let value = &header.value;
            let field = match &value.kind {
                ValueKind::Env(env) => Some(Field::Env(env.name.text.clone())),
                ValueKind::Any(word) => Patterns { version, diagnostics: &mut *self.diagnostics }
                    .wanted(word)
                    .map(Field::Any),
                _ if values::single_word(value) == Some("null") => Some(Field::Absent),
                _ => {
                    let text = plain(value);
                    if text.is_none() {
                        self.diagnostics.push(unknown_value(value.span));
                    }
                    text.map(Field::Is)
                }
            };
            found.extend(field.map(|field| (header.name.text.clone(), field)));
        }
        (found.len() == headers.len()).then_some(found)
    }
}

/// The text of a value in a header field or a variable.
fn plain(value: &tree::Value) -> Option<String> {
    values::constant(value, None, &Types::default()).as_ref().and_then(Const::plain)
}

/// The finding about a value that only the running gateway would know.
pub(super) fn unknown_value(span: Span) -> Diagnostic {
    Diagnostic::new(Code::InvalidValue, span, "this value must be known to the compiler")
        .label("only literals can stand here")
        .help("write a text, a number, true, false, null, a list or a record of them")
}

/// The routes of a version, as requests have them.
fn templates(version: &Version) -> impl Iterator<Item = String> {
    version.endpoints.iter().map(|one| format!("{} {}", one.method, one.template))
}
