//! What an endpoint answers, and when: its `return`s against the kinds of success it declares.

use super::Context;
use super::build::Cut;
use super::nodes::Allow;
use super::scope::{Guard, Lower, is_null};
use crate::contract::endpoint::Success;
use crate::contract::types::Type;
use crate::contract::work::{Answer, Build, Parent};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use gatewright_grammar::Span;
use gatewright_grammar::tree::{self, CompareOp, EndpointMemberKind, NumberLit, Value, ValueKind};

/// One answer as it is written.
pub(crate) struct Returned<'a> {
    /// The kind of success, as an index into those of the endpoint.
    pub(crate) success: usize,
    pub(crate) what: What<'a>,
    /// Only given when this holds.
    pub(crate) when: Option<&'a Value>,
    span: Span,
}

/// The body of an answer.
#[derive(Clone, Copy)]
pub(crate) enum What<'a> {
    /// What is said.
    Said(&'a Value),
    /// The result of the only call.
    Result(&'a tree::Call),
    /// There is none.
    Nothing,
}

/// A `return` as it is written.
struct Written<'a> {
    status: Option<&'a NumberLit>,
    value: Option<&'a Value>,
    when: Option<&'a Value>,
    span: Span,
}

/// What the endpoint answers, in the order of the text; nothing and a finding if that is not said
/// or cannot be.
pub(crate) fn returned<'a>(
    context: &Context<'a>,
    calls: &[(&'a tree::Call, Span)],
    diagnostics: &mut Diagnostics,
) -> Option<Vec<Returned<'a>>> {
    let members = context.endpoint.members.iter();
    let written: Vec<Written<'a>> = members
        .filter_map(|member| match &member.kind {
            EndpointMemberKind::Return { status, value, when } => Some(Written {
                status: status.as_ref(),
                value: value.as_ref(),
                when: when.as_ref(),
                span: member.span,
            }),
            _ => None,
        })
        .collect();
    if written.is_empty() {
        return unsaid(context, calls, diagnostics).map(|one| vec![one]);
    }
    let found: Vec<Option<Returned<'a>>> =
        written.iter().map(|one| matched(context, one, diagnostics)).collect();
    let found: Vec<Returned<'a>> = found.into_iter().collect::<Option<_>>()?;
    let whole = [
        each_can_be_reached(&found, diagnostics),
        one_always_holds(&found, diagnostics),
        each_is_returned(&context.answers.success, &found, diagnostics),
    ];
    whole.iter().all(|fine| *fine).then_some(found)
}

/// The answer of an endpoint without `return`.
fn unsaid<'a>(
    context: &Context<'a>,
    calls: &[(&'a tree::Call, Span)],
    diagnostics: &mut Diagnostics,
) -> Option<Returned<'a>> {
    let span = context.endpoint.signature;
    let one = |what| Some(Returned { success: 0, what, when: None, span });
    let missing =
        Diagnostic::new(Code::MissingReturn, span, "this endpoint does not say what it returns");
    let [success] = context.answers.success.as_slice() else {
        let statuses = statuses(&context.answers.success);
        diagnostics.push(
            missing.label(format!("it can answer {statuses}")).help(
                "add one `return` for each: `return 202 { … } when …`, the last without `when`",
            ),
        );
        return None;
    };
    if let Some((call, _)) = super::stream::source(context, calls) {
        return one(What::Result(call));
    }
    match (&success.ty, calls) {
        (None, _) => one(What::Nothing),
        (Some(_), [(call, _)]) if call.name.text != "_" => one(What::Result(call)),
        (Some(_), _) => {
            diagnostics.push(
                missing
                    .label("an answer with a body is declared")
                    .help("add `return { … }`; an endpoint with one call may leave it out"),
            );
            None
        }
    }
}

/// A `return` with the kind of success that it gives.
fn matched<'a>(
    context: &Context<'a>,
    written: &Written<'a>,
    diagnostics: &mut Diagnostics,
) -> Option<Returned<'a>> {
    let all = &context.answers.success;
    let (at, success) = match (written.status, all.as_slice()) {
        (Some(status), _) => {
            let number = status.text.parse::<u16>().ok();
            let found = all.iter().position(|one| Some(one.status) == number);
            let Some(at) = found else {
                diagnostics.push(undeclared(context, status));
                return None;
            };
            (at, all.get(at)?)
        }
        (None, [only]) => (0, only),
        (None, _) => {
            let statuses = statuses(all);
            diagnostics.push(
                Diagnostic::new(Code::InvalidStatus, written.span, "this does not say its status")
                    .label(format!("the endpoint can answer {statuses}"))
                    .help("write it behind `return`: `return 202 { … }`"),
            );
            return None;
        }
    };
    let what = match (written.value, &success.ty) {
        (Some(value), Some(_)) => What::Said(value),
        (None, None) => What::Nothing,
        (Some(value), None) => {
            let message = format!("an answer with status {} has no body here", success.status);
            diagnostics.push(
                Diagnostic::new(Code::TypeMismatch, value.span, message)
                    .label("nothing is declared that this could be")
                    .help("declare the type behind `->`, or delete this value"),
            );
            return None;
        }
        (None, Some(ty)) => {
            let message = format!("an answer with status {} has a body here", success.status);
            diagnostics.push(
                Diagnostic::new(Code::TypeMismatch, written.span, message)
                    .label("no value is returned")
                    .see(ty.span, "declared here")
                    .help(format!("write it: `return {} {{ … }}`", success.status)),
            );
            return None;
        }
    };
    Some(Returned { success: at, what, when: written.when, span: written.span })
}

/// `200 or 202`
fn statuses(all: &[Success]) -> String {
    let all: Vec<String> = all.iter().map(|one| one.status.to_string()).collect();
    match all.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => all.concat(),
    }
}

fn undeclared(context: &Context<'_>, status: &NumberLit) -> Diagnostic {
    let all = &context.answers.success;
    let message = format!("status {} is not declared", status.text);
    let diagnostic = Diagnostic::new(Code::InvalidStatus, status.span, message)
        .label(format!("the first line says {}", statuses(all)));
    match all.as_slice() {
        [only] => {
            diagnostic.fix(format!("write `{}`", only.status), status.span, only.status.to_string())
        }
        _ => diagnostic,
    }
    .help(format!("or declare it in the first line: `| {} …`", status.text))
}

/// Refuses a `return` behind one that always holds.
fn each_can_be_reached(found: &[Returned<'_>], diagnostics: &mut Diagnostics) -> bool {
    let Some(at) = found.iter().position(|one| one.when.is_none()) else { return true };
    let (Some(last), Some(behind)) = (found.get(at), found.get(at + 1)) else { return true };
    diagnostics.push(
        Diagnostic::new(Code::UnreachableReturn, behind.span, "this is never returned")
            .label("the one before it always is")
            .see(last.span, "has no `when`")
            .help("write it before the other one, with a `when`; the last has none"),
    );
    false
}

/// Refuses an endpoint that may return nothing.
fn one_always_holds(found: &[Returned<'_>], diagnostics: &mut Diagnostics) -> bool {
    let Some(last) = found.last().filter(|_| found.iter().all(|one| one.when.is_some())) else {
        return true;
    };
    let when = last.when.map_or(last.span, |when| when.span);
    diagnostics.push(
        Diagnostic::new(Code::MissingReturn, when, "nothing is returned where this does not hold")
            .label("the last `return` has no `when`")
            .help("delete this `when`, or add another `return` below"),
    );
    false
}

/// Refuses a kind of success that is declared and never given.
fn each_is_returned(
    all: &[Success],
    found: &[Returned<'_>],
    diagnostics: &mut Diagnostics,
) -> bool {
    let idle = all.iter().enumerate().filter(|(at, _)| found.iter().all(|one| one.success != *at));
    let mut whole = true;
    for (_, success) in idle {
        whole = false;
        let body = if success.ty.is_some() { " { … }" } else { "" };
        diagnostics.push(
            Diagnostic::new(
                Code::MissingReturn,
                success.span,
                format!("nothing returns status {}", success.status),
            )
            .label("declared here, and never given")
            .help(format!("add `return {}{body} when …` before the last `return`", success.status))
            .help("or leave it out of the first line"),
        );
    }
    whole
}

impl Lower<'_, '_> {
    /// What is answered. A value that only one of several answers needs may be missing: whether it
    /// is there matters when that answer is given.
    pub(crate) fn answers(&mut self, returned: &[Returned<'_>]) -> Vec<Answer> {
        self.nodes.firmly(true);
        let conditions: Vec<_> = returned.iter().map(|one| self.when(one)).collect();
        self.nodes.firmly(false);
        let before = self.nodes.allowed();
        let mut allowed = Vec::new();
        let mut answers = Vec::new();
        // What an earlier answer was given for does not hold in a later one.
        let mut excluded = Vec::new();
        for (one, when) in returned.iter().zip(conditions) {
            self.guarded.clone_from(&excluded);
            self.guarded.extend(one.when.map(|when| self.not_null(when)).into_iter().flatten());
            let answer = self.answer(one, when.flatten());
            self.guarded.clear();
            allowed.push(self.nodes.allowed());
            self.nodes.take_back(&before);
            excluded.extend(one.when.and_then(|when| self.is_null(when)));
            answers.extend(answer);
        }
        self.nodes.allow_any_of(&allowed);
        self.nodes.firmly(true);
        answers
    }

    /// The condition of an answer; nothing inside if it is refused.
    fn when(&mut self, one: &Returned<'_>) -> Option<Option<crate::contract::work::Cond>> {
        let value = one.when?;
        self.origin = self.context.origins.of(value.span);
        let condition = self.within("a condition", |this| this.condition(value));
        self.ok &= condition.is_some();
        Some(condition)
    }

    /// The call whose result is null where `condition` holds.
    fn is_null(&self, condition: &Value) -> Option<Guard> {
        let ValueKind::Compare(left, CompareOp::Equal, right) = &condition.kind else {
            return None;
        };
        let other = match (is_null(left), is_null(right)) {
            (true, false) => right,
            (false, true) => left,
            _ => return None,
        };
        let ValueKind::Ref(reference) = &other.kind else { return None };
        let [step] = reference.steps.as_slice() else { return None };
        let call = self.calls.iter().position(|(call, _)| call.name.text == step.name.text)?;
        Some(Guard::Value(Parent::Call(call), Vec::new()))
    }

    fn answer(
        &mut self,
        one: &Returned<'_>,
        when: Option<crate::contract::work::Cond>,
    ) -> Option<Answer> {
        let Success { status, ty, .. } = self.context.answers.success.get(one.success)?.clone();
        let nullable = ty.as_ref().is_some_and(|ty| ty.nullable);
        let body = match ty {
            None => None,
            Some(ty) => {
                let built = self.answer_body(one.what, &ty);
                self.ok &= built.is_some();
                Some(built?)
            }
        };
        Some(Answer { status, when, body, nullable, feeds: Vec::new() })
    }

    fn answer_body(&mut self, what: What<'_>, ty: &Type) -> Option<Build> {
        let allow = Allow { absent: false, null: ty.nullable };
        match what {
            What::Nothing => None,
            What::Said(value) => {
                self.origin = self.context.origins.of(value.span);
                self.build(value, ty, allow)
            }
            What::Result(call) => {
                self.origin = self.context.origins.of(call.name.span);
                let at = self.calls.iter().position(|(other, _)| std::ptr::eq(*other, call))?;
                let root = self.result(at);
                let built = self
                    .reach(root, allow, call.name.span)
                    .and_then(|()| self.project(root, Cut::default(), ty, call.name.span));
                if let (Some(rest), Some(block)) =
                    (self.renames.take(), self.context.endpoint.block)
                {
                    let end = Span { start: block.end.saturating_sub(1), ..block }.at_start();
                    self.renames.insert(end, format!("\nreturn {}{rest}\n", call.name.text));
                }
                built
            }
        }
    }
}
