//! Why a case does not hold, in one finding.

use super::compare;
use super::play::{Answered, Ending, Fate, Play, Seen};
use super::{CallEnd, Trace};
use crate::analyse::OF_EVERY_PROBLEM;
use crate::contract::cases::{MockAnswerKind, ProblemName};
use crate::diagnostic::{Code, Diagnostic};
use gatewright_grammar::Span;

/// How many differences are told.
const MOST_DIFFERENCES: usize = 12;

/// A call that the gateway logged as failed.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct FailedCall {
    pub(super) backend: String,
    pub(super) operation: String,
    pub(super) reason: String,
}

/// The calls that a log tells of.
pub(super) fn failed_calls(log: &[String]) -> Vec<FailedCall> {
    let events = log.iter().filter_map(|line| event(line, "call-failed"));
    let text = |event: &serde_json::Value, name: &str| {
        event.get(name).and_then(serde_json::Value::as_str).unwrap_or_default().to_owned()
    };
    events
        .map(|event| FailedCall {
            backend: text(&event, "backend"),
            operation: text(&event, "operation"),
            reason: text(&event, "reason"),
        })
        .collect()
}

/// Whether a line of the log tells of no bug.
pub(super) fn is_fine(line: &str) -> bool {
    event(line, "panicked").is_none()
}

fn event(line: &str, kind: &str) -> Option<serde_json::Value> {
    let event: serde_json::Value = serde_json::from_str(line).ok()?;
    (event.get("event")?.as_str()? == kind).then_some(event)
}

/// Whether more calls ran out of time than the case says, or nothing was answered in time.
pub(super) fn is_starved(play: &Play, ending: &Ending) -> bool {
    let logged = failed_calls(&ending.log);
    let late = logged.iter().filter(|call| call.reason == "timeout").count();
    let meant = play.seen.iter().filter(|seen| is_slow(play, seen)).count();
    let spare = play.seen.iter().filter(|seen| seen.fate == Fate::Spare).count();
    let reply = ending.reply.as_ref().ok().and_then(Answered::problem);
    let budget = reply.as_deref() == Some("urn:problem:gateway:backend-timeout");
    late > meant + spare || (budget && meant + spare == 0)
}

/// Whether the case makes this call slow.
fn is_slow(play: &Play, seen: &Seen) -> bool {
    let Fate::Mocked { mock, answer, .. } = &seen.fate else { return false };
    let answer = play.case().mocks.get(*mock).and_then(|mock| mock.answers.get(*answer));
    answer.is_some_and(|answer| answer.kind == MockAnswerKind::Timeout || answer.delay > 0)
}

/// Something that is not as the case says.
struct Blame {
    span: Span,
    label: String,
    see: Vec<(Span, String)>,
    notes: Vec<String>,
    helps: Vec<String>,
}

impl Blame {
    fn new(span: Span, label: impl Into<String>) -> Blame {
        let (see, notes, helps) = (Vec::new(), Vec::new(), Vec::new());
        Blame { span, label: label.into(), see, notes, helps }
    }
}

/// The one finding about a case that does not hold: the most causal reason first.
pub(super) fn failure(play: &Play, ending: &Ending, trace: &Trace) -> Option<Diagnostic> {
    let mut blames = crash(play, ending);
    for seen in &play.seen {
        blames.extend(call(play, seen));
    }
    blames.extend(reply(play, ending, trace));
    blames.extend(unused(play));
    let mut blames = blames.into_iter();
    let first = blames.next()?;
    let message = format!("case failed: {}", compare::quoted(&play.case().title));
    let mut found = Diagnostic::new(Code::CaseFailed, first.span, message).label(first.label);
    for (span, text) in first.see {
        found = found.see(span, text);
    }
    found.notes = first.notes;
    for help in first.helps {
        found = found.help(help);
    }
    for blame in blames {
        if found.secondary.iter().all(|label| label.span != blame.span) {
            found = found.see(blame.span, blame.label);
        }
        for (span, text) in blame.see {
            if found.secondary.iter().all(|label| label.span != span) {
                found = found.see(span, text);
            }
        }
        found.notes.extend(blame.notes);
    }
    Some(found)
}

/// The gateway panicked or ended: whatever it answered, that is a bug of it.
fn crash(play: &Play, ending: &Ending) -> Vec<Blame> {
    let mut found = Vec::new();
    let span = play.case().span;
    for event in ending.log.iter().filter_map(|line| event(line, "panicked")) {
        let text = |name: &str| event.get(name).and_then(serde_json::Value::as_str).unwrap_or("?");
        let mut blame = Blame::new(span, "the gateway panicked");
        blame.notes.push(format!("{} at {}", text("what"), text("place")));
        blame.notes.push("this is a bug of gatewright, please report it".to_owned());
        found.push(blame);
    }
    if let Some(how) = &ending.crashed {
        found.push(Blame::new(span, format!("the gateway ended by itself: {how}")));
    }
    found
}

/// A call that is not as the case says.
fn call(play: &Play, seen: &Seen) -> Option<Blame> {
    let case = play.case();
    let backend = play.contract().backends.get(seen.asked.backend);
    let backend = backend.map_or("?", |backend| backend.name.as_str());
    let asked = format!("{} {}", seen.asked.method, seen.asked.target);
    let made = seen.call.and_then(|at| play.call(at)).map(|call| call.span);
    let mut blame = match &seen.fate {
        Fate::Spare => return None,
        Fate::Mocked { differences, .. } if differences.is_empty() => return None,
        Fate::Mocked { mock, differences, .. } => {
            let mock = case.mocks.get(*mock)?;
            let mut blame = Blame::new(mock.span, "something else was sent");
            blame.notes = shorten(differences.clone());
            blame
        }
        Fate::Unmatched { .. } if case.never.iter().any(|(one, _)| *one == seen.asked.backend) => {
            let (_, span) = case.never.iter().find(|(one, _)| *one == seen.asked.backend)?;
            Blame::new(*span, format!("it was asked `{asked}`"))
        }
        Fate::Unmatched { exhausted: Some(mock) } => {
            let mock = case.mocks.get(*mock)?;
            let times = mock.answers.len() + 1;
            let mut blame = Blame::new(mock.span, format!("asked {times} times"));
            blame.notes.push(format!("the mock has an answer for {}", count(mock.answers.len())));
            blame.helps.push("write one `->` for every request, in their order".to_owned());
            blame
        }
        Fate::Unmatched { exhausted: None } => {
            let mut blame =
                Blame::new(case.request.span, format!("`{backend}` was asked `{asked}`"));
            blame.notes.push("no mock of this case answers that".to_owned());
            blame.helps.push(format!("write `{backend} {asked} -> 200 {{ … }}`"));
            blame
        }
    };
    blame.see.extend(made.map(|span| (span, "by this call".to_owned())));
    Some(blame)
}

fn count(requests: usize) -> String {
    if requests == 1 { "one request".to_owned() } else { format!("{requests} requests") }
}

/// The answer is another.
fn reply(play: &Play, ending: &Ending, trace: &Trace) -> Option<Blame> {
    let expected = &play.case().reply;
    let answered = match &ending.reply {
        Ok(answered) => answered,
        Err(why) => return Some(Blame::new(expected.head, format!("nothing was answered: {why}"))),
    };
    let wanted = expected.problem.as_ref().and_then(|name| problem_type(play, name));
    let other = wanted.is_some() && wanted != trace.problem;
    if answered.status != expected.status || other {
        let mut blame = Blame::new(expected.head, came(answered, trace));
        blame.see = causes(play, ending, trace);
        blame.notes = violations(answered);
        return Some(blame);
    }
    let mut differences = Vec::new();
    if let Some(body) = &expected.body {
        let beside: &[&str] = if trace.problem.is_some() { &OF_EVERY_PROBLEM } else { &[] };
        let found = compare::body(play.contract(), body, &answered.body, beside);
        differences.extend(found.iter().map(compare::Difference::sentence));
    }
    for (name, field) in &expected.headers {
        let setting = |name: &str| play.setting(name);
        let values = answered.values(name);
        if let Some((wanted, came)) = compare::field(play.contract(), field, &values, setting) {
            differences.push(format!("header `{name}` is {came}, not {wanted}"));
        }
    }
    if differences.is_empty() {
        return None;
    }
    let mut blame = Blame::new(
        expected.head,
        format!("the gateway answered {} with something else", answered.status),
    );
    blame.notes = shorten(differences);
    blame.see = causes(play, ending, trace);
    Some(blame)
}

/// `the gateway answered 502 backend-failed`
fn came(answered: &Answered, trace: &Trace) -> String {
    let name = trace.problem.as_deref().and_then(|kind| kind.rsplit(':').next());
    let name = name.map_or(String::new(), |name| format!(" {name}"));
    format!("the gateway answered {}{name}", answered.status)
}

fn problem_type(play: &Play, name: &ProblemName) -> Option<String> {
    Some(match name {
        ProblemName::Gateway(name) => format!("urn:problem:gateway:{name}"),
        ProblemName::Declared(index) => {
            let (version, _) = play.case().endpoint?;
            let problem = play.contract().versions.get(version)?.errors.get(*index)?;
            problem.kind(&play.contract().api)
        }
    })
}

/// The calls without a result, and what follows from each.
fn causes(play: &Play, ending: &Ending, trace: &Trace) -> Vec<(Span, String)> {
    let mut found = Vec::new();
    let logged = failed_calls(&ending.log);
    for (at, end) in &trace.calls {
        let Some(call) = play.call(*at) else { continue };
        let what = match end {
            CallEnd::Done | CallEnd::Dropped => continue,
            CallEnd::Status(status) => format!("answered {status} as the case says"),
            CallEnd::Timeout => "timed out as the case says".to_owned(),
            CallEnd::Unreachable => "broke off as the case says".to_owned(),
            CallEnd::Invalid => {
                let own = logged.iter().find(|one| one.operation == call.operation);
                let why = own.map(|one| one.reason.trim_start_matches("invalid: "));
                why.map_or("was refused".to_owned(), |why| format!("was refused: {why}"))
            }
        };
        let decided = call.handlers.iter().any(|handler| {
            handler.conditions.iter().any(|condition| super::coverage::is(*condition, *end))
        });
        let consequence = if decided || call.fallback.is_some() {
            ""
        } else {
            "; without `else` a failed call fails the endpoint"
        };
        found.push((call.span, format!("{what}{consequence}")));
    }
    found
}

/// What the gateway says is wrong with the request.
fn violations(answered: &Answered) -> Vec<String> {
    let value = serde_json::from_slice::<serde_json::Value>(&answered.body).ok();
    let errors =
        value.as_ref().and_then(|value| value.get("errors")).and_then(|one| one.as_array());
    let text = |error: &serde_json::Value, name: &str| {
        error.get(name).and_then(serde_json::Value::as_str).map(str::to_owned)
    };
    let line = |error: &serde_json::Value| {
        let place = text(error, "in").unwrap_or_default();
        let name = text(error, "name").or_else(|| text(error, "pointer")).unwrap_or_default();
        let detail = text(error, "detail").unwrap_or_default();
        format!("{place} `{name}`: {detail}")
    };
    shorten(errors.into_iter().flatten().map(line).collect())
}

/// Mocks that were not asked for all of their answers.
fn unused(play: &Play) -> Vec<Blame> {
    let mocks = play.case().mocks.iter().zip(&play.used);
    mocks
        .filter(|(mock, used)| **used < mock.answers.len())
        .map(|(mock, used)| {
            let label = match used {
                0 => "this was never asked".to_owned(),
                used => format!("only asked for {}", count(*used)),
            };
            let call = mock.calls.first().and_then(|at| play.call(*at));
            let mut blame = Blame::new(mock.span, label);
            blame.see.extend(call.map(|call| (call.span, "this call would ask it".to_owned())));
            blame
        })
        .collect()
}

fn shorten(mut lines: Vec<String>) -> Vec<String> {
    let more = lines.len().saturating_sub(MOST_DIFFERENCES);
    lines.truncate(MOST_DIFFERENCES);
    if more > 0 {
        lines.push(format!("and {more} more"));
    }
    lines
}
