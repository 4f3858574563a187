//! Calls: what each asks, and what its failures turn into.

use super::scope::{Lower, is_null};
use crate::analyse::{backends, signature, values};
use crate::contract::work::{Build, Call, Condition, Fallback, Handler, Outcome, Parent};
use crate::diagnostic::{Code, Diagnostic};
use crate::suggest;
use gatewright_grammar::Span;
use gatewright_grammar::tree::{
    self, CallPart, CallPath, CallTarget, Ident, Method, Object, TailKind,
};

impl Lower<'_, '_> {
    /// Every call that is made, in the order of the text.
    pub(crate) fn calls(&mut self) -> Option<Vec<Call>> {
        let calls = self.calls.clone();
        self.in_call = true;
        let mut lowered = Vec::new();
        let mut whole = true;
        for (index, (call, span)) in calls.into_iter().enumerate() {
            self.origin = self.context.origins.of(span);
            self.guarded = self.guards(call);
            match self.call(index, call, span) {
                Some(call) => lowered.push(call),
                None => whole = false,
            }
            self.guarded.clear();
        }
        self.in_call = false;
        for (call, result) in lowered.iter_mut().zip(&self.results) {
            call.result = *result;
        }
        self.ok &= whole;
        whole.then_some(lowered)
    }

    /// The calls whose result cannot be null where `call` is made, because its `when` looks.
    fn guards(&self, call: &tree::Call) -> Vec<usize> {
        let mut guarded = Vec::new();
        for tail in &call.tails {
            let TailKind::When(condition) = &tail.kind else { continue };
            let mut mentioned = Vec::new();
            super::order::mentions(condition, &mut mentioned);
            let named = |(at, (other, _)): (usize, &(&tree::Call, Span))| {
                mentioned.contains(&other.name.text.as_str()).then_some(at)
            };
            guarded.extend(self.calls.iter().enumerate().filter_map(named));
        }
        guarded
    }

    fn call(&mut self, index: usize, call: &tree::Call, span: Span) -> Option<Call> {
        let CallTarget::Request { method, path } = &call.target else { return None };
        let backend = self.backend(&call.backend)?;
        let mut lowered = Call {
            name: call.name.text.clone(),
            backend,
            method: method.text.clone(),
            operation: operation(method, path),
            path: self.path(path)?,
            query: self.query(path)?,
            headers: Vec::new(),
            body: None,
            within: None,
            when: None,
            handlers: Vec::new(),
            fallback: None,
            result: None,
            after: Vec::new(),
            required: true,
            feeds: Vec::new(),
            span,
        };
        if let Some(body) = &call.body {
            if method.text == "GET" || method.text == "HEAD" {
                self.refuse(
                    Diagnostic::new(
                        Code::BodyOnGet,
                        body.span,
                        format!("a {} request cannot carry a body", method.text),
                    )
                    .label("body sent here")
                    .note("many servers drop it (RFC 9110 gives it no meaning)")
                    .help("send the values in the query"),
                );
                return None;
            }
            lowered.body = Some(self.any(body)?);
        }
        self.tails(index, call, &mut lowered)?;
        Some(lowered)
    }

    fn backend(&mut self, name: &Ident) -> Option<usize> {
        if let Some(found) = self.context.backends.by_name(&name.text) {
            return Some(found);
        }
        let diagnostic = Diagnostic::new(
            Code::UnknownBackend,
            name.span,
            format!("there is no backend called `{}`", name.text),
        );
        let other = suggest::closest(&name.text, self.context.backends.names());
        let declared = other.and_then(|other| self.context.backends.by_name(other));
        let declared = declared.and_then(|at| self.context.backends.list.get(at));
        let diagnostic = match declared {
            Some(declared) => diagnostic
                .label(format!("did you mean `{}`?", declared.name))
                .see(declared.span, "declared here")
                .fix(format!("write `{}`", declared.name), name.span, declared.name.clone()),
            None => diagnostic.label("not declared").help(format!(
                "declare it: `backend {} at env {}_URL`",
                name.text,
                name.text.to_ascii_uppercase()
            )),
        };
        self.refuse(diagnostic);
        None
    }

    fn tails(&mut self, index: usize, call: &tree::Call, lowered: &mut Call) -> Option<()> {
        let mut otherwise: Option<Span> = None;
        for tail in &call.tails {
            match &tail.kind {
                TailKind::With(header) => lowered.headers.push(self.header(header)?),
                TailKind::Within(duration) => {
                    self.once(lowered.within.is_some(), "within", tail.span)?;
                    lowered.within = Some(duration.millis);
                }
                TailKind::When(condition) => {
                    self.once(lowered.when.is_some(), "when", tail.span)?;
                    let guarded = std::mem::take(&mut self.guarded);
                    let condition = self.condition(condition);
                    self.guarded = guarded;
                    lowered.when = Some(condition?);
                }
                TailKind::On(conditions, outcome) => {
                    let handler =
                        self.handler(index, lowered.handlers.len(), conditions, outcome)?;
                    lowered.handlers.push(handler);
                }
                TailKind::Else(outcome) => {
                    self.once(otherwise.is_some(), "else", tail.span)?;
                    otherwise = Some(tail.span);
                    match outcome {
                        tree::Outcome::Value(value) => {
                            lowered.fallback = Some(self.stand_in(value)?)
                        }
                        // Whatever happens, the endpoint fails in one declared way.
                        fail @ tree::Outcome::Fail(..) => {
                            let at = lowered.handlers.len();
                            let outcome = self.outcome(index, at, fail)?;
                            let conditions = vec![
                                Condition::Class(4),
                                Condition::Class(5),
                                Condition::Class(3),
                                Condition::Timeout,
                                Condition::Unreachable,
                                Condition::Invalid,
                            ];
                            lowered.handlers.push(Handler { conditions, outcome });
                        }
                    }
                }
            }
        }
        let fails = |handler: &Handler| matches!(handler.outcome, Outcome::Fail(..));
        lowered.required = lowered.fallback.is_none() || lowered.handlers.iter().any(fails);
        Some(())
    }

    fn once(&mut self, again: bool, word: &str, span: Span) -> Option<()> {
        if again {
            self.refuse(
                Diagnostic::new(Code::InvalidClause, span, format!("`{word}` is said twice"))
                    .label("said again")
                    .help("delete one of them"),
            );
            return None;
        }
        Some(())
    }

    fn handler(
        &mut self,
        call: usize,
        at: usize,
        conditions: &[tree::Condition],
        outcome: &tree::Outcome,
    ) -> Option<Handler> {
        let conditions: Vec<Option<Condition>> = conditions
            .iter()
            .map(|condition| backends::condition(condition, self.diagnostics))
            .collect();
        let conditions: Option<Vec<Condition>> = conditions.into_iter().collect();
        self.ok &= conditions.is_some();
        let outcome = self.outcome(call, at, outcome)?;
        Some(Handler { conditions: conditions?, outcome })
    }

    fn outcome(&mut self, call: usize, at: usize, outcome: &tree::Outcome) -> Option<Outcome> {
        match outcome {
            tree::Outcome::Value(value) => self.stand_in(value).map(Outcome::StandIn),
            tree::Outcome::Fail(name, object) => {
                let root = self.nodes.root(Parent::ErrorBody(call, at));
                self.error = Some(root);
                let failure = self.fail(name, object.as_ref());
                self.error = None;
                failure
            }
        }
    }

    fn fail(&mut self, name: &Ident, object: Option<&Object>) -> Option<Outcome> {
        let found = signature::error_named(name, self.context.errors, self.diagnostics);
        self.ok &= found.is_some();
        let found = found?;
        if !self.context.answers.errors.contains(&found) {
            let signature = self.context.endpoint.signature;
            self.refuse(
                Diagnostic::new(
                    Code::UndeclaredFailure,
                    name.span,
                    format!("this endpoint does not say that it can fail with `{}`", name.text),
                )
                .label("callers are not told")
                .see(signature, "what it says")
                .fix(
                    format!("add `| {}` behind its answers", name.text),
                    signature.at_end(),
                    format!(" | {}", name.text),
                ),
            );
            return None;
        }
        let problem = self.context.errors.get(found)?;
        let record = problem.members;
        match (record, object) {
            (None, None) => Some(Outcome::Fail(found, None)),
            (None, Some(object)) => {
                let declared = problem.span;
                self.refuse(
                    Diagnostic::new(
                        Code::UnknownField,
                        object.span,
                        format!("`{}` has no members", name.text),
                    )
                    .label("nothing is declared that these could be")
                    .see(declared, "declared here"),
                );
                None
            }
            (Some(record), object) => {
                let entries = object.map(|object| object.entries.as_slice()).unwrap_or_default();
                let span = object.map_or(name.span, |object| object.span);
                let members = self.members(record, Some(entries), None, span)?;
                Some(Outcome::Fail(found, Some(Build::Record(None, members))))
            }
        }
    }

    /// A value that stands in for a result.
    fn stand_in(&mut self, value: &tree::Value) -> Option<Fallback> {
        if is_null(value) {
            return Some(Fallback::Null);
        }
        if let Some(constant) = values::constant(value, None, self.context.types) {
            return Some(Fallback::Const(constant));
        }
        self.any(value).map(Fallback::Built)
    }
}

/// `GET /items/{id}`: a call as its author wrote it, without the values of its holes.
fn operation(method: &Method, path: &CallPath) -> String {
    let part = |part: &CallPart| match part {
        CallPart::Text(text) => text.text.clone(),
        CallPart::Hole { value, .. } => format!("{{{}}}", hole(value)),
    };
    let mut text = format!("{} ", method.text);
    for segment in &path.segments {
        text.push('/');
        segment.iter().for_each(|one| text.push_str(&part(one)));
    }
    if path.segments.is_empty() {
        text.push('/');
    }
    text
}

fn hole(value: &tree::Value) -> String {
    match &value.kind {
        tree::ValueKind::Ref(reference) => {
            let steps = reference.steps.iter().map(|step| step.name.text.as_str());
            steps.collect::<Vec<_>>().join(".")
        }
        _ => "…".into(),
    }
}
