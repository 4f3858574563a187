//! What the gateway is to answer in a case, and whether it can.

use super::pattern::Known;
use super::{About, Lower};
use crate::contract::Problem;
use crate::contract::cases::{ProblemName, Reply};
use crate::contract::endpoint::Manner;
use crate::contract::types::{Kind, ListBounds, Type};
use crate::diagnostic::{Code, Diagnostic};
use crate::suggest;
use gatewright_grammar::tree::Ident;

/// The problems that gateways answer of their own, with their statuses.
const OF_GATEWAY: [(&str, u16); 21] = [
    ("invalid-request", 400),
    ("unknown-version", 400),
    ("unauthenticated", 401),
    ("forbidden", 403),
    ("no-route", 404),
    ("method", 405),
    ("accept", 406),
    ("slow", 408),
    ("retired", 410),
    ("body", 413),
    ("target", 414),
    ("media", 415),
    ("limit-reached", 429),
    ("headers", 431),
    ("internal", 500),
    ("backend-failed", 502),
    ("backend-unavailable", 503),
    ("access-unavailable", 503),
    ("limits-unavailable", 503),
    ("overloaded", 503),
    ("backend-timeout", 504),
];

/// Whether a name is that of an error in a contract, not one of the gateway's own.
pub(super) fn is_declared(name: &str) -> bool {
    // That of an error of another directory begins with the name of the import.
    let own = name.rsplit('.').next().unwrap_or(name);
    own.starts_with(|first: char| first.is_ascii_uppercase())
}

/// The list that the items of a stream stand in.
fn items(item: &Type) -> Type {
    let bounds = ListBounds { min: 0, max: None, unique: false };
    let kind = Kind::List(Box::new(item.clone()), bounds);
    Type { kind, nullable: false, example: None, span: item.span }
}

impl<'a> Lower<'a, '_> {
    pub(super) fn reply(&mut self, about: Option<About<'a>>) -> Option<Reply> {
        let then = self.then?;
        let status = then.status.text.parse::<u16>().unwrap_or(0);
        if !(200..=599).contains(&status) {
            let message = format!("{} is not a status of an answer", then.status.text);
            self.diagnostics.push(
                Diagnostic::new(Code::InvalidStatus, then.status.span, message)
                    .label("answers are 200 to 599"),
            );
            return None;
        }
        let problem = match &then.error {
            Some(name) => Some(self.problem(name, status, about)?),
            None => None,
        };
        if problem.is_none() && !self.can_be(status, about) {
            return None;
        }
        let known = self.known(status, problem.as_ref(), about);
        let streams = about.is_some_and(|about| about.endpoint.manner == Manner::Stream);
        let items = match known {
            Known::Type(item) if streams => Some(items(item)),
            _ => None,
        };
        let known = items.as_ref().map_or(known, Known::Type);
        let version = about.map(|about| (about.at.0, about.version));
        let body = match &then.body {
            Some(body) => Some(self.expected(body, Some(known), version)?),
            None => None,
        };
        let headers = self.fields(&then.headers, version)?;
        let last = then.error.as_ref().map_or(then.status.span, |name| name.span);
        let head = then.span.at_start().to(last);
        Some(Reply { status, problem, body, headers, span: then.span, head })
    }

    /// What is known about the body of this answer.
    fn known(
        &self,
        status: u16,
        problem: Option<&ProblemName>,
        about: Option<About<'a>>,
    ) -> Known<'a> {
        let Some(about) = about else { return Known::Nothing };
        match problem {
            Some(ProblemName::Declared(index)) => {
                let members = about.version.errors.get(*index).and_then(|problem| problem.members);
                Known::Problem(members)
            }
            Some(ProblemName::Gateway(_)) => Known::Nothing,
            None => {
                let mut all = about.endpoint.success.iter();
                let success = all.find(|success| success.status == status);
                let ty = success.and_then(|success| success.ty.as_ref());
                ty.map_or(Known::Nothing, Known::Type)
            }
        }
    }

    /// A success must be one that the endpoint has; failures have many reasons.
    fn can_be(&mut self, status: u16, about: Option<About<'_>>) -> bool {
        let Some(about) = about else { return true };
        let all: Vec<u16> = about.endpoint.success.iter().map(|success| success.status).collect();
        if status >= 400 || all.contains(&status) || all.is_empty() {
            return true;
        }
        let Some(then) = self.then else { return true };
        let span = then.status.span;
        let message = format!("`{}` never answers {status}", about.key());
        let words: Vec<String> = all.iter().map(u16::to_string).collect();
        let diagnostic = Diagnostic::new(Code::ImpossibleCase, span, message)
            .label(format!("its success is {}", words.join(" or ")))
            .see(about.endpoint.span, "declared here");
        self.diagnostics.push(match words.as_slice() {
            [only] => diagnostic.fix(format!("write `{only}`"), span, only.clone()),
            _ => diagnostic,
        });
        false
    }

    fn problem(
        &mut self,
        name: &Ident,
        status: u16,
        about: Option<About<'_>>,
    ) -> Option<ProblemName> {
        if !is_declared(&name.text) {
            return self.of_gateway(name, status);
        }
        let about = about?;
        let errors = &about.version.errors;
        let Some(index) = errors.iter().position(|problem| problem.name == name.text) else {
            let message = format!(
                "there is no error called `{}` in version {}",
                name.text, about.version.label
            );
            let diagnostic = Diagnostic::new(Code::UnknownError, name.span, message);
            let names = errors.iter().map(|problem| problem.name.as_str());
            self.diagnostics.push(match suggest::closest(&name.text, names) {
                Some(near) => diagnostic.meant(name.span, near),
                None => diagnostic.label("not declared"),
            });
            return None;
        };
        let problem = errors.get(index)?;
        if !about.endpoint.errors.contains(&index) {
            self.diagnostics.push(
                Diagnostic::new(
                    Code::ImpossibleCase,
                    name.span,
                    format!("`{}` never answers `{}`", about.key(), name.text),
                )
                .label("not one of its errors")
                .see(about.endpoint.span, "declared here"),
            );
            return None;
        }
        self.same_status(problem, status).then_some(ProblemName::Declared(index))
    }

    fn same_status(&mut self, problem: &Problem, status: u16) -> bool {
        if problem.status == status {
            return true;
        }
        let Some(then) = self.then else { return true };
        let span = then.status.span;
        let wanted = problem.status;
        self.diagnostics.push(
            Diagnostic::new(
                Code::ImpossibleCase,
                span,
                format!("`{}` is answered with {wanted}", problem.name),
            )
            .label(format!("not with {status}"))
            .see(problem.span, "declared here")
            .fix(format!("write `{wanted}`"), span, wanted.to_string()),
        );
        false
    }

    fn of_gateway(&mut self, name: &Ident, status: u16) -> Option<ProblemName> {
        let text = name.text.as_str();
        let known = OF_GATEWAY.iter().find(|(known, _)| *known == text);
        let diagnostic = match known {
            Some((_, wanted)) if *wanted != status => {
                let span = self.then?.status.span;
                Diagnostic::new(
                    Code::ImpossibleCase,
                    span,
                    format!("`{text}` is answered with {wanted}"),
                )
                .label(format!("not with {status}"))
                .fix(format!("write `{wanted}`"), span, wanted.to_string())
            }
            Some(_) => return Some(ProblemName::Gateway(name.text.clone())),
            None => no_problem(name, status),
        };
        self.diagnostics.push(diagnostic);
        None
    }
}

/// Gateways answer no problem of this name.
fn no_problem(name: &Ident, status: u16) -> Diagnostic {
    let message = format!("gateways answer no problem called `{}`", name.text);
    let diagnostic = Diagnostic::new(Code::UnknownError, name.span, message);
    let names = OF_GATEWAY.iter().map(|(known, _)| *known);
    if let Some(near) = suggest::closest(&name.text, names) {
        return diagnostic.meant(name.span, near);
    }
    let with: Vec<_> = OF_GATEWAY.iter().filter(|(_, known)| *known == status).collect();
    match with.as_slice() {
        [(only, _)] => diagnostic.label(format!("with {status} they answer `{only}`")).fix(
            format!("write `{only}`"),
            name.span,
            (*only).to_owned(),
        ),
        [] => diagnostic.label(format!("there is none with {status}")),
        several => {
            let words: Vec<String> =
                several.iter().map(|(known, _)| format!("`{known}`")).collect();
            diagnostic.label(format!("with {status} they answer {}", words.join(" or ")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::OF_GATEWAY;

    /// The table of the page about what callers see has the same rows, so a case can name each.
    #[test]
    fn the_manual_lists_the_same_problems() {
        let rows = include_str!("../../../manual/callers.md").lines().filter_map(|line| {
            let (status, rest) = line.strip_prefix("| ")?.split_once(" | `")?;
            Some((rest.split('`').next()?, status.parse::<u16>().ok()?))
        });
        assert_eq!(rows.collect::<Vec<_>>(), OF_GATEWAY);
    }
}
