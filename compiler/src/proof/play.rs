//! A case while it runs: which mock answers what, and when.

use super::{CallEnd, Trace, Verdict, blame, items, setting};
use crate::analyse::target_parts;
use crate::contract::cases::{Caller, Case, Mock, MockAnswerKind, Payload, Target};
use crate::contract::types::Const;
use crate::contract::{Backend, Call, Checked, Contract, Endpoint, Setting};
use crate::proof::compare;
use crate::samples;

/// How many milliseconds an answer waits for calls that run at the same time.
///
/// A gateway begins calls that do not wait for each other together. An answer that ends the request
/// could overtake another call on its way to its mock, so all of them are answered once all have
/// arrived. One that does not arrive by then is not made.
const GATHER: u64 = 100;

/// How many milliseconds a case may take longer than its endpoint may.
const MARGIN: u64 = 5_000;

/// A request that a backend was sent.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The backend, as an index.
    pub backend: usize,
    /// `GET`
    pub method: String,
    /// Path and query as sent.
    pub target: String,
    /// Header fields in order; names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// Names a request that was passed to [`Play::asked`].
pub type Ticket = usize;

/// What a mock does about a request.
#[derive(Clone, Debug, PartialEq)]
pub enum Reaction {
    /// It answers.
    Answer {
        /// The status.
        status: u16,
        /// Header fields in order.
        headers: Vec<(String, String)>,
        /// The body; nothing: none.
        body: Option<String>,
        /// After so many milliseconds.
        delay: u64,
    },
    /// It keeps the connection and says nothing.
    Silence,
    /// It closes the connection, after so many milliseconds.
    Close(u64),
}

/// What a gateway answered.
#[derive(Clone, Debug, Default)]
pub struct Answered {
    /// The status.
    pub status: u16,
    /// Header fields in order; names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Answered {
    /// All values of a header field.
    pub(crate) fn values(&self, name: &str) -> Vec<&str> {
        of_name(&self.headers, name)
    }

    /// The `type` of the problem that it is.
    pub(super) fn problem(&self) -> Option<String> {
        let kind = self.values("content-type");
        if !kind.iter().any(|kind| kind.starts_with("application/problem+json")) {
            return None;
        }
        let value = super::json::parse(std::str::from_utf8(&self.body).ok()?).ok()?;
        value.member("type")?.plain()
    }
}

/// All values of a header field.
pub(super) fn of_name<'h>(headers: &'h [(String, String)], name: &str) -> Vec<&'h str> {
    let same = headers.iter().filter(|(other, _)| other.eq_ignore_ascii_case(name));
    same.map(|(_, value)| value.as_str()).collect()
}

/// How a run ended.
#[derive(Clone, Debug)]
pub struct Ending {
    /// What the gateway answered, or why it did not.
    pub reply: Result<Answered, String>,
    /// What the gateway logged, line by line.
    pub log: Vec<String>,
    /// How the gateway ended, if it did so by itself.
    pub crashed: Option<String>,
}

/// One case while it runs.
#[derive(Debug)]
pub struct Play {
    contract: Contract,
    case: Case,
    pub(super) seen: Vec<Seen>,
    /// For every mock, how many of its answers are given.
    pub(super) used: Vec<usize>,
    /// For every backend the first at the same address: they are one service.
    services: Vec<usize>,
}

/// A request that a backend was sent, and what became of it.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) asked: Asked,
    /// The call of the endpoint that made it, if one can.
    pub(super) call: Option<usize>,
    pub(super) fate: Fate,
}

/// What became of a request to a backend.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Fate {
    /// This answer of this mock; what was sent differs in these ways.
    Mocked { mock: usize, answer: usize, differences: Vec<String> },
    /// It is not needed: the endpoint fails without it, or nobody waits for it.
    Spare,
    /// No mock answers it; one that it fits has no answer left.
    Unmatched { exhausted: Option<usize> },
}

impl Play {
    /// The case with this index.
    pub fn new(contract: &Checked, case: usize) -> Option<Play> {
        let contract = contract.contract();
        let case = contract.cases.get(case)?.clone();
        let used = vec![0; case.mocks.len()];
        let backends = &contract.backends;
        let first = |one: &Backend| backends.iter().position(|two| two.address == one.address);
        let services = backends.iter().map(|one| first(one).unwrap_or(0)).collect();
        Some(Play { contract: contract.clone(), case, seen: Vec::new(), used, services })
    }

    /// The request to the gateway: method, target, header fields and body.
    pub fn request(&self) -> (String, String, Vec<(String, String)>, Option<String>) {
        let request = &self.case.request;
        let mut headers = request.headers.clone();
        let json = matches!(request.body, Some(Payload::Json(_)));
        if json && of_name(&headers, "content-type").is_empty() {
            headers.push(("Content-Type".to_owned(), "application/json".to_owned()));
        }
        let body = request.body.as_ref().map(Payload::text);
        (request.method.clone(), request.target.clone(), headers, body)
    }

    /// Who calls, if anybody is known. What the case does not say and every caller must have has a
    /// value; what is granted is what the case says.
    pub fn caller(&self) -> Option<Caller> {
        let mut caller = self.case.caller.clone()?;
        let version =
            self.case.endpoint.and_then(|(version, _)| self.contract.versions.get(version));
        let known = self
            .endpoint()
            .zip(version)
            .map(|(endpoint, version)| samples::known(&version.types, endpoint, &caller.scheme));
        for (name, value) in known.unwrap_or_default() {
            if caller.claims.iter().all(|(said, _)| *said != name) {
                let granted = matches!(name.as_str(), "scope" | "scp" | "roles");
                let value = if granted { Const::List(Vec::new()) } else { value };
                caller.claims.push((name, value));
            }
        }
        Some(caller)
    }

    /// What to set in the gateway's environment, besides the addresses of backends.
    pub fn environment(&self) -> Vec<(String, String)> {
        let address = |name: &str| {
            self.contract.backends.iter().any(|backend| {
                matches!(&backend.address, Setting::Env { name: other, .. } if other == name)
            })
        };
        let others = self.contract.variables.iter().filter(|variable| !address(&variable.name));
        let set = |name: &String| {
            let value = setting(&self.contract, &self.case, name)?;
            Some((name.clone(), value))
        };
        others.filter_map(|variable| set(&variable.name)).collect()
    }

    /// Whether the endpoint makes calls that it does not give up when it has failed.
    pub fn changes_something(&self) -> bool {
        self.endpoint().is_some_and(|one| one.work.calls.iter().any(|call| !call.is_safe()))
    }

    /// How many milliseconds the gateway may take to answer.
    pub fn limit(&self) -> u64 {
        let budget = self.endpoint().and_then(|endpoint| endpoint.timeout.most());
        budget.unwrap_or(30_000).saturating_add(MARGIN)
    }

    /// Notes a request to a backend. What becomes of it, [`Play::reaction`] says.
    pub fn asked(&mut self, asked: Asked) -> Ticket {
        let target = target_parts(&asked.target).unwrap_or_default();
        let fitting: Vec<usize> = (0..self.case.mocks.len())
            .filter(|at| {
                self.case.mocks.get(*at).is_some_and(|mock| self.fits(mock, &asked, &target))
            })
            .collect();
        let open = fitting.iter().copied().filter(|at| self.left(*at));
        // Of mocks with the same target the one counts whose body is sent.
        let mut chosen: Option<(usize, Vec<String>)> = None;
        for at in open {
            let differences = self.sent(at, &asked);
            if chosen.as_ref().is_none_or(|(_, other)| differences.len() < other.len()) {
                chosen = Some((at, differences));
            }
        }
        let call = fitting.first().and_then(|at| self.call_of(*at));
        let call = call.or_else(|| self.call_that_asks(&asked, &target));
        let fate = match chosen {
            Some((mock, differences)) => {
                let answer = self.used.get(mock).copied().unwrap_or(0);
                if let Some(used) = self.used.get_mut(mock) {
                    *used += 1;
                }
                Fate::Mocked { mock, answer, differences }
            }
            None if self.is_copy(&asked, &target) => Fate::Spare,
            None if self.is_spare(&asked, call, fitting.is_empty()) => Fate::Spare,
            None => Fate::Unmatched { exhausted: fitting.first().copied() },
        };
        self.seen.push(Seen { asked, call, fate });
        self.seen.len() - 1
    }

    /// What the mock does, `waited` milliseconds after the request came; nothing: not yet.
    pub fn reaction(&self, ticket: Ticket, waited: u64) -> Option<Reaction> {
        let Some(seen) = self.seen.get(ticket) else { return Some(Reaction::Close(0)) };
        match &seen.fate {
            Fate::Spare => Some(Reaction::Silence),
            Fate::Unmatched { .. } => Some(Reaction::Close(0)),
            Fate::Mocked { mock, answer, .. } => {
                if waited < GATHER && self.others_to_come(*mock) {
                    return None;
                }
                let answer = self.case.mocks.get(*mock)?.answers.get(*answer)?;
                Some(match &answer.kind {
                    MockAnswerKind::Timeout => Reaction::Silence,
                    MockAnswerKind::Unreachable => Reaction::Close(answer.delay),
                    MockAnswerKind::Invalid => Reaction::Answer {
                        status: 200,
                        headers: answer.headers.clone(),
                        body: Some("{".to_owned()),
                        delay: answer.delay,
                    },
                    MockAnswerKind::Status(status, Some(Payload::Json(list)))
                        if (200..300).contains(status) && self.streams(seen) =>
                    {
                        let mut headers = answer.headers.clone();
                        if of_name(&headers, "content-type").is_empty() {
                            headers.push(items::field());
                        }
                        let body = Some(items::lines(list));
                        Reaction::Answer { status: *status, headers, body, delay: answer.delay }
                    }
                    MockAnswerKind::Status(status, body) => Reaction::Answer {
                        status: *status,
                        headers: answer.headers.clone(),
                        body: body.as_ref().map(Payload::text),
                        delay: answer.delay,
                    },
                })
            }
        }
    }

    /// Whether the call that asked is one for a stream.
    fn streams(&self, seen: &Seen) -> bool {
        seen.call.and_then(|at| self.call(at)).is_some_and(|call| call.streams)
    }

    /// Whether the case holds.
    pub fn end(self, ending: &Ending) -> Verdict {
        let ending = Ending {
            reply: ending.reply.as_ref().map(items::listed).map_err(Clone::clone),
            ..ending.clone()
        };
        let ending = &ending;
        let trace = self.trace(ending);
        let starved = blame::is_starved(&self, ending);
        Verdict { failure: blame::failure(&self, ending, &trace), starved, trace }
    }

    pub(super) fn contract(&self) -> &Contract {
        &self.contract
    }

    pub(super) fn case(&self) -> &Case {
        &self.case
    }

    pub(super) fn endpoint(&self) -> Option<&Endpoint> {
        let (version, endpoint) = self.case.endpoint?;
        self.contract.versions.get(version)?.endpoints.get(endpoint)
    }

    pub(super) fn call(&self, at: usize) -> Option<&Call> {
        self.endpoint()?.work.calls.get(at)
    }

    pub(super) fn setting(&self, name: &str) -> Option<String> {
        setting(&self.contract, &self.case, name)
    }

    fn service(&self, backend: usize) -> usize {
        self.services.get(backend).copied().unwrap_or(backend)
    }

    /// Whether a request is the one that a mock answers.
    fn fits(&self, mock: &Mock, asked: &Asked, target: &Target) -> bool {
        self.service(mock.backend) == self.service(asked.backend)
            && mock.method == asked.method
            && mock.target.path == target.path
            && same_query(&mock.target.query, &target.query)
    }

    /// Whether a mock has an answer left.
    fn left(&self, at: usize) -> bool {
        let answers = self.case.mocks.get(at).map_or(0, |mock| mock.answers.len());
        self.used.get(at).is_some_and(|used| *used < answers)
    }

    fn call_of(&self, mock: usize) -> Option<usize> {
        let calls = &self.case.mocks.get(mock)?.calls;
        // Of several calls that ask the same, each is made once.
        let made = |at: &&usize| !self.seen.iter().any(|seen| seen.call == Some(**at));
        calls.iter().find(made).or(calls.first()).copied()
    }

    fn call_that_asks(&self, asked: &Asked, target: &Target) -> Option<usize> {
        let calls = &self.endpoint()?.work.calls;
        let same = |call: &Call| {
            self.service(call.backend) == self.service(asked.backend)
                && call.method == asked.method
                && crate::analyse::fits_path(call, &target.path)
        };
        calls.iter().position(same)
    }

    /// Whether a request is a copy of one that goes elsewhere: nothing depends on it, so a case does
    /// not tell of it.
    fn is_copy(&self, asked: &Asked, target: &Target) -> bool {
        let copied = |call: &&Call| {
            call.copies.is_some_and(|at| self.service(at) == self.service(asked.backend))
                && call.method == asked.method
                && crate::analyse::fits_path(call, &target.path)
        };
        self.endpoint().is_some_and(|endpoint| endpoint.work.calls.iter().any(|one| copied(&one)))
    }

    /// A read that runs beside what makes the endpoint fail: the gateway gives it up, maybe before
    /// it is on its way. So a case need not tell of it.
    fn is_spare(&self, asked: &Asked, call: Option<usize>, unknown: bool) -> bool {
        let safe = asked.method == "GET" || asked.method == "HEAD";
        let forbidden = self.case.never.iter().any(|(backend, _)| *backend == asked.backend);
        safe && unknown && !forbidden && call.is_some() && self.case.reply.status >= 400
    }

    /// Whether a call that runs beside that of `mock` has a mock that was not asked yet.
    fn others_to_come(&self, mock: usize) -> bool {
        let Some(own) = self.case.mocks.get(mock) else { return false };
        let together = |other: &Mock| {
            other.calls.iter().all(|b| {
                own.calls.iter().all(|a| a != b && !self.waits(*a, *b) && !self.waits(*b, *a))
            })
        };
        self.case.mocks.iter().zip(&self.used).any(|(other, used)| *used == 0 && together(other))
    }

    /// Whether call `a` is made after `b` has ended.
    fn waits(&self, a: usize, b: usize) -> bool {
        let mut open = vec![a];
        let mut seen = Vec::new();
        while let Some(at) = open.pop() {
            let before = self.call(at).map(|call| call.after.as_slice()).unwrap_or_default();
            if before.contains(&b) {
                return true;
            }
            let new = before.iter().filter(|one| !seen.contains(*one)).copied();
            open.extend(new.collect::<Vec<_>>());
            seen.push(at);
        }
        false
    }

    /// How what was sent differs from what the mock expects.
    fn sent(&self, mock: usize, asked: &Asked) -> Vec<String> {
        let Some(mock) = self.case.mocks.get(mock) else { return Vec::new() };
        let mut found = Vec::new();
        if let Some(expected) = &mock.body {
            let differences = compare::body(&self.contract, expected, &asked.body, &[]);
            found.extend(differences.iter().map(compare::Difference::sentence));
        }
        for (name, field) in &mock.headers {
            let values = of_name(&asked.headers, name);
            let setting = |name: &str| self.setting(name);
            if let Some((wanted, came)) = compare::field(&self.contract, field, &values, setting) {
                found.push(format!("header `{name}` is {came}, not {wanted}"));
            }
        }
        found
    }

    /// What the gateway did.
    fn trace(&self, ending: &Ending) -> Trace {
        let mut calls: Vec<(usize, CallEnd)> = Vec::new();
        for seen in &self.seen {
            let Some(call) = seen.call else { continue };
            let end = self.call_end(seen, call, ending);
            // Of several attempts the last counts.
            match calls.iter_mut().find(|(other, _)| *other == call) {
                Some((_, old)) => *old = end,
                None => calls.push((call, end)),
            }
        }
        let answered = ending.reply.as_ref().ok();
        Trace {
            endpoint: self.case.endpoint,
            calls,
            status: answered.map_or(0, |answered| answered.status),
            problem: answered.and_then(Answered::problem),
        }
    }

    fn call_end(&self, seen: &Seen, call: usize, ending: &Ending) -> CallEnd {
        let Fate::Mocked { mock, answer, .. } = &seen.fate else { return CallEnd::Dropped };
        let answer = self.case.mocks.get(*mock).and_then(|mock| mock.answers.get(*answer));
        let Some(answer) = answer else { return CallEnd::Dropped };
        let logged = self.call(call).and_then(|call| {
            let backend = self.contract.backends.get(call.backend)?;
            blame::failed_calls(&ending.log)
                .into_iter()
                .find(|one| one.backend == backend.name && one.operation == call.operation)
        });
        match &answer.kind {
            MockAnswerKind::Timeout => CallEnd::Timeout,
            MockAnswerKind::Unreachable => CallEnd::Unreachable,
            MockAnswerKind::Invalid => CallEnd::Invalid,
            MockAnswerKind::Status(status, _) if !(200..300).contains(status) => {
                CallEnd::Status(*status)
            }
            MockAnswerKind::Status(..) => match logged {
                Some(logged) if logged.reason == "timeout" => CallEnd::Timeout,
                Some(_) => CallEnd::Invalid,
                None => CallEnd::Done,
            },
        }
    }
}

/// Whether two queries say the same: the order of different names says nothing.
fn same_query(a: &[(String, Option<String>)], b: &[(String, Option<String>)]) -> bool {
    let sorted = |query: &[(String, Option<String>)]| {
        let mut query = query.to_vec();
        query.sort_by(|(one, _), (other, _)| one.cmp(other));
        query
    };
    sorted(a) == sorted(b)
}
