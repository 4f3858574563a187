//! Drafts of cases: what a gateway does with examples for values, written down.
//!
//! A rehearsal runs like a case, but its mocks answer whatever the endpoint's calls ask. What was
//! asked and what was answered then is the case.

mod spell;

use super::coverage::handler;
use super::play::{Answered, Asked, Reaction, Ticket};
use super::{CallEnd, Coverage, blame, items, plausible};
use crate::analyse::{OF_EVERY_PROBLEM, fits_path, target_parts};
use crate::contract::cases::Caller;
use crate::contract::types::Const;
use crate::contract::work::{Condition, Outcome, Parent, Shape};
use crate::contract::{Call, Checked, Contract, Endpoint, Setting};
use crate::samples::{self, SampleRequest, Samples};
use spell::{spelled, text_literal, title_literal};
use std::fmt::Write as _;

/// How many milliseconds an answer waits for calls that run at the same time.
const GATHER: u64 = 60;

/// An endpoint, as indices of its version and in that.
type At = (usize, usize);

/// A call that fails, and how.
type Failing = (usize, CallEnd);

/// A case to be.
#[derive(Clone, Debug)]
pub struct Rehearsal {
    contract: Contract,
    /// The endpoint, as indices of its version and in that.
    at: At,
    request: SampleRequest,
    /// The call that fails, and how.
    failing: Option<Failing>,
    seen: Vec<(Asked, Option<usize>)>,
}

/// One rehearsal for everything that no case shows, as far as examples can show it.
pub fn rehearsals(contract: &Checked, coverage: &Coverage) -> Vec<Rehearsal> {
    let whole = contract.contract();
    let mut wanted: Vec<(At, Option<Failing>)> = Vec::new();
    for gap in &coverage.gaps {
        let (version, index, call, branch) = gap.at;
        let endpoint = whole.versions.get(version).and_then(|one| one.endpoints.get(index));
        let Some(endpoint) = endpoint else { continue };
        let failing = match (gap.kind, call) {
            ("on", Some(at)) => branch.and_then(|branch| on(endpoint, at, branch)),
            ("else", Some(at)) => otherwise(endpoint, at),
            ("error", _) => fails_with(whole, (version, endpoint), &gap.what),
            _ => None,
        };
        let needs_failure = matches!(gap.kind, "on" | "else" | "error");
        let one = ((version, index), failing);
        if (failing.is_some() || !needs_failure) && !wanted.contains(&one) {
            wanted.push(one);
        }
    }
    let rehearsal = |(at, failing): (At, Option<Failing>)| {
        let version = whole.versions.get(at.0)?;
        let request = samples::request(&whole.selection, version, version.endpoints.get(at.1)?);
        let contract = whole.clone();
        Some(Rehearsal { contract, at, request, failing, seen: Vec::new() })
    };
    wanted.into_iter().filter_map(rehearsal).collect()
}

/// A way to make a call take its branch.
fn on(endpoint: &Endpoint, at: usize, branch: usize) -> Option<Failing> {
    let call = endpoint.work.calls.get(at)?;
    let conditions = &call.handlers.get(branch)?.conditions;
    // One that an earlier branch takes does not reach this one.
    let reaches = |end: &CallEnd| handler(call, *end) == Some(branch);
    let end = conditions.iter().map(|condition| end(*condition)).find(reaches)?;
    Some((at, end))
}

fn end(condition: Condition) -> CallEnd {
    match condition {
        Condition::Status(status) => CallEnd::Status(status),
        Condition::Class(class) => CallEnd::Status(class * 100 + 18),
        Condition::Timeout => CallEnd::Timeout,
        Condition::Unreachable => CallEnd::Unreachable,
        Condition::Invalid => CallEnd::Invalid,
    }
}

/// A failure that no `on` of the call decides about.
fn otherwise(endpoint: &Endpoint, at: usize) -> Option<Failing> {
    let call = endpoint.work.calls.get(at)?;
    let all = [CallEnd::Status(500), CallEnd::Timeout, CallEnd::Invalid, CallEnd::Unreachable];
    let end = all.into_iter().find(|end| handler(call, *end).is_none())?;
    Some((at, end))
}

/// A way to make the endpoint fail with an error.
fn fails_with(
    contract: &Contract,
    (version, endpoint): (usize, &Endpoint),
    error: &str,
) -> Option<Failing> {
    let errors = &contract.versions.get(version)?.errors;
    let wanted = errors.iter().position(|problem| problem.name == error)?;
    endpoint.work.calls.iter().enumerate().find_map(|(at, call)| {
        let branch = call.handlers.iter().position(
            |handler| matches!(&handler.outcome, Outcome::Fail(index, _) if *index == wanted),
        )?;
        on(endpoint, at, branch)
    })
}

impl Rehearsal {
    /// The request to the gateway: method, target, header fields and body.
    pub fn request(&self) -> (String, String, Vec<(String, String)>, Option<String>) {
        let SampleRequest { method, target, headers, body, .. } = self.request.clone();
        let mut headers = headers;
        if body.is_some() {
            headers.push(("Content-Type".to_owned(), "application/json".to_owned()));
        }
        (method, target, headers, body)
    }

    /// Who calls, where somebody must be let in.
    pub fn caller(&self) -> Option<Caller> {
        self.request.caller.clone()
    }

    /// What to set in the gateway's environment, besides the addresses of backends.
    pub fn environment(&self) -> Vec<(String, String)> {
        let address = |name: &str| {
            self.contract.backends.iter().any(|backend| {
                matches!(&backend.address, Setting::Env { name: other, .. } if other == name)
            })
        };
        let others = self.contract.variables.iter().filter(|variable| !address(&variable.name));
        let value = |variable: &crate::contract::Variable| {
            variable.default.clone().unwrap_or_else(|| plausible(variable))
        };
        others.map(|variable| (variable.name.clone(), value(variable))).collect()
    }

    /// How many milliseconds the gateway may take to answer.
    pub fn limit(&self) -> u64 {
        let budget = self.endpoint().and_then(|endpoint| endpoint.timeout.most());
        budget.unwrap_or(30_000).saturating_add(5_000)
    }

    /// Notes a request to a backend.
    pub fn asked(&mut self, asked: Asked) -> Ticket {
        let call = self.call_that_asks(&asked);
        self.seen.push((asked, call));
        self.seen.len() - 1
    }

    /// What the mock does, `waited` milliseconds after the request came; nothing: not yet.
    pub fn reaction(&self, ticket: Ticket, waited: u64) -> Option<Reaction> {
        if waited < GATHER {
            return None;
        }
        let Some((_, Some(at))) = self.seen.get(ticket) else { return Some(Reaction::Close(0)) };
        let answer =
            |status, body| Reaction::Answer { status, headers: Vec::new(), body, delay: 0 };
        let streams = self.endpoint().and_then(|one| one.work.calls.get(*at));
        let streams = streams.is_some_and(|call| call.streams);
        Some(match self.failing {
            Some((failing, end)) if failing == *at => match end {
                CallEnd::Status(status) => {
                    answer(status, self.failure(*at, end).map(|body| body.json()))
                }
                CallEnd::Invalid => answer(200, Some("{".to_owned())),
                CallEnd::Unreachable => Reaction::Close(0),
                _ => Reaction::Silence,
            },
            _ if streams => {
                let body = self.result(*at).map(|items| items::lines(&items));
                Reaction::Answer { status: 200, headers: vec![items::field()], body, delay: 0 }
            }
            _ => answer(200, self.result(*at).map(|body| body.json())),
        })
    }

    /// The case, if the gateway did what was to be shown. `taken` are titles that are in use.
    pub fn case(
        &self,
        answered: &Answered,
        log: &[String],
        taken: &mut Vec<String>,
    ) -> Option<String> {
        let answered = &items::listed(answered);
        if !self.shows(answered) || !log.iter().all(|line| blame::is_fine(line)) {
            return None;
        }
        let title = self.title(taken);
        taken.push(title.clone());
        let mut text = format!("case {} {{\n", title_literal(&title));
        let _ = write!(text, "  when {} {}", self.request.method, self.request.target);
        if let Some(caller) = &self.request.caller {
            let claims = super::json::parse(&Const::Record(caller.claims.clone()).json()).ok();
            let claims = claims.map_or_else(String::new, |claims| spelled(&claims));
            let _ = write!(text, " as {} {claims}", caller.scheme);
        }
        text.push('\n');
        for (name, value) in &self.request.headers {
            let _ = writeln!(text, "    header {name} = {}", text_literal(value));
        }
        if let Some(body) =
            self.request.body.as_deref().and_then(|body| super::json::parse(body).ok())
        {
            let _ = writeln!(text, "    body {}", spelled(&body));
        }
        text.push_str(&self.mocks());
        let _ = writeln!(text, "  then {}", self.then(answered));
        text.push_str("}\n");
        gatewright_grammar::format(&text).ok()
    }

    fn endpoint(&self) -> Option<&Endpoint> {
        self.contract.versions.get(self.at.0)?.endpoints.get(self.at.1)
    }

    /// The call that this request is, the next of them that was not made yet.
    fn call_that_asks(&self, asked: &Asked) -> Option<usize> {
        let path = target_parts(&asked.target)?.path;
        let address = |at: usize| self.contract.backends.get(at).map(|backend| &backend.address);
        let same = |call: &Call| {
            address(call.backend) == address(asked.backend)
                && call.method == asked.method
                && fits_path(call, &path)
        };
        let calls = &self.endpoint()?.work.calls;
        let all: Vec<usize> =
            calls.iter().enumerate().filter(|(_, call)| same(call)).map(|(at, _)| at).collect();
        let made = |at: &usize| self.seen.iter().any(|(_, call)| *call == Some(*at));
        all.iter().copied().find(|at| !made(at)).or(all.first().copied())
    }

    /// What a call is answered.
    fn result(&self, at: usize) -> Option<Const> {
        let version = self.contract.versions.get(self.at.0)?;
        let endpoint = self.endpoint()?;
        let call = endpoint.work.calls.get(at)?;
        let body = samples::body(endpoint, call, &Samples::new(&version.types));
        match call.streams {
            true => Some(Const::List(vec![body])),
            false => (body != Const::Null).then_some(body),
        }
    }

    /// What a call that fails is answered, where something is read of it.
    fn failure(&self, at: usize, end: CallEnd) -> Option<Const> {
        let work = &self.endpoint()?.work;
        let branch = handler(work.calls.get(at)?, end)?;
        let of_error = |node: &crate::contract::Node| {
            let read = !matches!(node.shape, Shape::Any) || !node.forms.is_empty();
            node.parent == Parent::ErrorBody(at, branch) && read
        };
        let node = work.nodes.iter().position(of_error)?;
        let id = crate::contract::NodeId(u32::try_from(node).ok()?);
        let version = self.contract.versions.get(self.at.0)?;
        Some(Samples::new(&version.types).node(work, id, "error"))
    }

    /// Whether what the gateway answered shows what was to be shown.
    fn shows(&self, answered: &Answered) -> bool {
        let Some(endpoint) = self.endpoint() else { return false };
        let success = (200..300).contains(&answered.status);
        let Some((at, end)) = self.failing else { return success };
        let made = self.seen.iter().any(|(_, call)| *call == Some(at));
        let call = endpoint.work.calls.get(at);
        let branch = call.and_then(|call| call.handlers.get(handler(call, end)?));
        let wanted = match branch.map(|branch| &branch.outcome) {
            Some(Outcome::Fail(index, _)) => {
                let problem =
                    self.contract.versions.get(self.at.0).and_then(|v| v.errors.get(*index));
                let kind = problem.map(|one| one.kind(&self.contract.api));
                return made && kind.is_some() && answered.problem() == kind;
            }
            _ => success,
        };
        made && wanted
    }

    fn title(&self, taken: &[String]) -> String {
        let endpoint = self.endpoint();
        let route =
            endpoint.map_or(String::new(), |one| format!("{} {}", one.method, one.template));
        let title = match self.failing {
            None => format!("{route} answers"),
            Some((at, end)) => {
                let operation = endpoint.and_then(|one| one.work.calls.get(at)).map(|call| {
                    let backend = self.contract.backends.get(call.backend);
                    let backend = backend.map_or("", |backend| backend.name.as_str());
                    format!("{backend} {}", call.operation)
                });
                let how = match end {
                    CallEnd::Status(status) => format!("answers {status}"),
                    CallEnd::Timeout => "takes too long".to_owned(),
                    CallEnd::Unreachable => "cannot be reached".to_owned(),
                    _ => "answers nonsense".to_owned(),
                };
                format!("{route} when {} {how}", operation.unwrap_or_default())
            }
        };
        let mut found = title.clone();
        let mut number = 2;
        while taken.contains(&found) {
            found = format!("{title} ({number})");
            number += 1;
        }
        found
    }

    /// Whether a request is a copy of one that goes elsewhere: cases do not tell of those.
    fn is_copy(&self, asked: &Asked) -> bool {
        let Some(endpoint) = self.endpoint() else { return false };
        let address = |at: usize| self.contract.backends.get(at).map(|backend| &backend.address);
        let copied = |call: &Call| {
            let to = call.copies.is_some_and(|at| address(at) == address(asked.backend));
            let path = target_parts(&asked.target).map(|target| target.path);
            to && call.method == asked.method && path.is_some_and(|path| fits_path(call, &path))
        };
        endpoint.work.calls.iter().any(copied)
    }

    /// A mock per request, and one arrow per time that it was asked.
    fn mocks(&self) -> String {
        let mut text = String::new();
        let mut done: Vec<usize> = Vec::new();
        for (at, (asked, call)) in self.seen.iter().enumerate() {
            if done.contains(&at) || (call.is_none() && self.is_copy(asked)) {
                continue;
            }
            let backend = self.contract.backends.get(call_backend(self, *call, asked.backend));
            let name = backend.map_or("", |backend| backend.name.as_str());
            let _ = write!(text, "  {name} {} {}", asked.method, asked.target);
            let body = std::str::from_utf8(&asked.body).ok().filter(|body| !body.is_empty());
            if let Some(body) = body.and_then(|body| super::json::parse(body).ok()) {
                let _ = write!(text, " {}", spelled(&body));
            }
            for (other, (again, call)) in self.seen.iter().enumerate() {
                let same = again.backend == asked.backend
                    && again.method == asked.method
                    && again.target == asked.target
                    && again.body == asked.body;
                if same {
                    done.push(other);
                    let _ = write!(text, " -> {}", self.answer(*call));
                }
            }
            text.push('\n');
        }
        text
    }

    /// What a call was answered, as a case says it.
    fn answer(&self, call: Option<usize>) -> String {
        let Some(at) = call else { return "unreachable".to_owned() };
        let with = |status: u16, body: Option<Const>| match body {
            Some(body) => format!("{status} {}", spelled(&body)),
            None => status.to_string(),
        };
        match self.failing {
            Some((failing, end)) if failing == at => match end {
                CallEnd::Status(status) => with(status, self.failure(at, end)),
                CallEnd::Invalid => "invalid".to_owned(),
                CallEnd::Unreachable => "unreachable".to_owned(),
                _ => "timeout".to_owned(),
            },
            _ => with(200, self.result(at)),
        }
    }

    /// `404 NotFound`, `200 { … }`
    fn then(&self, answered: &Answered) -> String {
        let body =
            std::str::from_utf8(&answered.body).ok().and_then(|body| super::json::parse(body).ok());
        let Some(kind) = answered.problem() else {
            return match body {
                Some(body) => format!("{} {}", answered.status, spelled(&body)),
                None => answered.status.to_string(),
            };
        };
        let errors = self.contract.versions.get(self.at.0).map(|version| version.errors.as_slice());
        let own = errors.unwrap_or_default().iter();
        let mut own = own.filter(|one| one.kind(&self.contract.api) == kind);
        let name = own.next().map_or_else(
            || kind.rsplit(':').next().unwrap_or_default().to_owned(),
            |problem| problem.name.clone(),
        );
        let members = match body {
            Some(Const::Record(members)) => members,
            _ => Vec::new(),
        };
        let declared = |(name, _): &(String, Const)| !OF_EVERY_PROBLEM.contains(&name.as_str());
        let members: Vec<_> = members.into_iter().filter(declared).collect();
        let body = if members.is_empty() {
            String::new()
        } else {
            format!(" {}", spelled(&Const::Record(members)))
        };
        format!("{} {name}{body}", answered.status)
    }
}

/// The backend that a call names: several can be at one address.
fn call_backend(rehearsal: &Rehearsal, call: Option<usize>, asked: usize) -> usize {
    let calls = rehearsal.endpoint().map(|endpoint| endpoint.work.calls.as_slice());
    call.and_then(|at| calls.unwrap_or_default().get(at)).map_or(asked, |call| call.backend)
}
