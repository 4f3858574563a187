//! Calls: what each asks, and what its failures turn into.

use super::nodes::Allow;
use super::scope::{Guard, Lower, is_null};
use crate::analyse::backends::Backends;
use crate::analyse::{backends, signature, values};
use crate::contract::work::{
    Build, Call, Cond, Condition, Fallback, Handler, Keep, Outcome, Parent, TextExpr,
};
use crate::diagnostic::{Code, Diagnostic};
use crate::suggest;
use gatewright_grammar::Span;
use gatewright_grammar::tree::{
    self, CallPart, CallPath, CallTarget, CompareOp, Ident, Method, Object, Ref, TailKind,
    ValueKind,
};

/// The conditions of which one holds whenever a call fails.
const EVERY_FAILURE: [Condition; 6] = [
    Condition::Class(4),
    Condition::Class(5),
    Condition::Class(3),
    Condition::Timeout,
    Condition::Unreachable,
    Condition::Invalid,
];

/// What the tails of a call say.
#[derive(Default)]
struct Tails {
    headers: Vec<(String, TextExpr)>,
    within: Option<u64>,
    copies: Option<usize>,
    when: Option<Cond>,
    handlers: Vec<Handler>,
    fallback: Option<Fallback>,
}

impl<'a> Lower<'a, '_> {
    /// Every call that is made, in the order of the text.
    pub(crate) fn calls(&mut self) -> Option<Vec<Call>> {
        let calls = self.calls.clone();
        let mut lowered = Vec::new();
        let mut whole = true;
        for (index, (call, span)) in calls.into_iter().enumerate() {
            self.origin = self.context.origins.of(span);
            self.calling = Some(index);
            self.guarded = self.guards(call);
            match self.call(index, call, span) {
                Some(call) => lowered.push(call),
                None => whole = false,
            }
            self.guarded.clear();
            self.item = None;
        }
        self.calling = None;
        for (call, result) in lowered.iter_mut().zip(&self.results) {
            call.result = *result;
        }
        self.ok &= whole;
        whole.then_some(lowered)
    }

    /// What is there where `call` is made, because its `when` looks at it.
    fn guards(&self, call: &tree::Call) -> Vec<Guard> {
        let conditions = call.tails.iter().filter_map(|tail| match &tail.kind {
            TailKind::When(condition) => Some(condition),
            _ => None,
        });
        conditions.flat_map(|condition| self.not_null(condition)).collect()
    }

    /// What is there where `condition` holds.
    pub(crate) fn not_null(&self, condition: &tree::Value) -> Vec<Guard> {
        excludes_null(condition).into_iter().filter_map(|one| self.guard(one)).collect()
    }

    /// Every part is lowered even if one before it is refused: each has a finding of its own.
    fn call(&mut self, index: usize, call: &'a tree::Call, span: Span) -> Option<Call> {
        let CallTarget::Request { method, path } = &call.target else { return None };
        let each = self.per_element(call);
        // Without the element, whoever names it would be told of what is no mistake of its own.
        if matches!(each, Some(None)) {
            return None;
        }
        let backend = self.backend(&call.backend);
        let target = self.path(path);
        let query = self.query(path);
        let form = self.is_form(index, call);
        let (body, form) = match form? {
            true => (None, Some(self.sent_form(index, call, method))),
            false => (self.body(index, call, method), None),
        };
        let tails = self.tails(index, call);
        let cache = self.cache(call, method);
        let Tails { headers, within, copies, when, handlers, fallback } = tails?;
        let fails = |handler: &Handler| matches!(handler.outcome, Outcome::Fail(..));
        Some(Call {
            name: call.name.text.clone(),
            each: each.flatten(),
            backend: backend?,
            method: method.text.clone(),
            operation: self.operation(index, method, path),
            path: target?,
            query: query?,
            headers,
            body: match body {
                Some(body) => Some(body?),
                None => None,
            },
            form: match form {
                Some(form) => Some(form?),
                None => None,
            },
            checks: std::mem::take(&mut self.checks),
            declared: self
                .written(index)
                .and_then(|one| one.result)
                .map(|(ty, at)| (ty.clone(), at)),
            within,
            copies,
            when,
            required: fallback.is_none() || handlers.iter().any(fails),
            handlers,
            fallback,
            result: None,
            after: Vec::new(),
            cache: cache?,
            streams: false,
            feeds: Vec::new(),
            span,
        })
    }

    /// How long the outcome may be used again; nothing inside if it is not.
    fn cache(&mut self, call: &tree::Call, method: &Method) -> Option<Option<Keep>> {
        let Some(fresh) = &call.cache else { return Some(None) };
        let stale = call.stale.as_ref();
        if method.text != "GET" {
            let message = format!("what a {} does cannot be kept for later", method.text);
            let (label, help) = ("only a `GET` is asked for its result alone", "delete `cache`");
            self.refuse(
                Diagnostic::new(Code::InvalidCache, fresh.span, message)
                    .label(label)
                    .see(method.span, "made for every request")
                    .help(help),
            );
            return None;
        }
        if let Some(zero) = [Some(fresh), stale].into_iter().flatten().find(|one| one.millis == 0) {
            self.refuse(
                Diagnostic::new(Code::InvalidCache, zero.span, "nothing is kept for no time")
                    .label("this does nothing")
                    .help("write how long, or delete it"),
            );
            return None;
        }
        Some(Some(Keep { fresh: fresh.millis, stale: stale.map_or(0, |stale| stale.millis) }))
    }

    fn sent(&mut self, method: &Method, body: &tree::Value) -> Option<Build> {
        self.carries(method, body.span)?;
        self.any(body)
    }

    /// Refuses a body where the method gives it no meaning.
    pub(super) fn carries(&mut self, method: &Method, body: Span) -> Option<()> {
        if method.text != "GET" && method.text != "HEAD" {
            return Some(());
        }
        let message = format!("a {} request cannot carry a body", method.text);
        self.refuse(
            Diagnostic::new(Code::BodyOnGet, body, message)
                .label("body sent here")
                .note("many servers drop it (RFC 9110 gives it no meaning)")
                .help("send the values in the query"),
        );
        None
    }

    fn backend(&mut self, name: &Ident) -> Option<usize> {
        let found = self.context.backends.by_name(&name.text);
        if found.is_none() {
            self.refuse(unknown_backend(self.context.backends, name));
        }
        found
    }

    /// What a call is named in logs and documents.
    fn operation(&self, index: usize, method: &Method, path: &CallPath) -> String {
        match self.written(index).and_then(|written| written.operation) {
            Some(operation) => self::operation(&operation.tree.method, &operation.tree.path),
            None => self::operation(method, path),
        }
    }

    /// What is sent, if anything is: checked against the operation's type where there is one.
    fn body(&mut self, index: usize, call: &tree::Call, method: &Method) -> Option<Option<Build>> {
        let Some(operation) = self.written(index).and_then(|written| written.operation) else {
            return call.body.as_ref().map(|body| self.sent(method, body));
        };
        let title = format!("{}.{}", call.backend.text, operation.tree.name.text);
        let wanted = operation.types.as_ref().and_then(|types| types.body.as_ref());
        match (&call.body, wanted) {
            (None, None) => None,
            (Some(body), Some(wanted)) => {
                let allow = Allow { absent: wanted.nullable, null: wanted.nullable };
                let declared = operation.tree.path.span;
                Some(self.as_declared(declared, |this| {
                    this.within("a body", |this| this.build(body, wanted, allow))
                }))
            }
            (Some(body), None) => {
                let message = format!("`{title}` sends no body");
                self.refuse(
                    Diagnostic::new(Code::TypeMismatch, body.span, message)
                        .label("nothing is declared that this could be")
                        .see(
                            operation.tree.path.span,
                            "its type would stand behind this: `(Type)`",
                        ),
                );
                Some(None)
            }
            (None, Some(wanted)) => {
                let spelling = values::spelling(wanted, self.context.types);
                let message = format!("`{title}` needs a body");
                self.refuse(
                    Diagnostic::new(Code::MissingArgument, call.backend.span, message)
                        .label(format!("{} is sent with it", values::article(&spelling)))
                        .see(wanted.span, "declared here")
                        .help("write it behind the call: `{ … }`, or `(value)`"),
                );
                Some(None)
            }
        }
    }

    fn tails(&mut self, index: usize, call: &tree::Call) -> Option<Tails> {
        let mut tails = Tails::default();
        let mut whole = true;
        let mut seen: Vec<(&str, Span)> = Vec::new();
        // `else` is what is left, wherever it stands.
        let is_else = |tail: &&tree::Tail| matches!(tail.kind, TailKind::Else(_));
        let others = call.tails.iter().filter(|tail| !is_else(tail));
        for tail in others.chain(call.tails.iter().filter(is_else)) {
            let word = match &tail.kind {
                TailKind::Within(_) => "within",
                TailKind::Copy(_) => "copy",
                TailKind::When(_) => "when",
                TailKind::Else(_) => "else",
                TailKind::With(_) | TailKind::On(..) => "",
            };
            match seen.iter().find(|(old, _)| *old == word && !word.is_empty()) {
                Some((_, first)) => {
                    self.refuse(backends::repeated(word, tail.span, *first));
                    whole = false;
                }
                None => {
                    seen.push((word, tail.span));
                    whole &= self.tail(index, tail, &mut tails).is_some();
                }
            }
        }
        whole.then_some(tails)
    }

    fn tail(&mut self, index: usize, tail: &tree::Tail, tails: &mut Tails) -> Option<()> {
        match &tail.kind {
            TailKind::With(header) => tails.headers.push(self.header(header)?),
            TailKind::Within(duration) => tails.within = Some(duration.millis),
            TailKind::Copy(to) => tails.copies = Some(self.copied(index, to)?),
            TailKind::When(condition) => {
                let guarded = std::mem::take(&mut self.guarded);
                let condition = self.within("a condition", |this| this.condition(condition));
                self.guarded = guarded;
                tails.when = Some(condition?);
            }
            TailKind::On(conditions, outcome) => {
                let at = tails.handlers.len();
                let handler = self.handler(index, at, conditions, outcome)?;
                tails.handlers.push(handler);
            }
            TailKind::Else(tree::Outcome::Value(value)) => {
                tails.fallback = Some(self.stand_in(value)?);
            }
            // Whatever happens, the endpoint fails in one declared way.
            TailKind::Else(fail @ tree::Outcome::Fail(..)) => {
                let outcome = self.outcome(index, tails.handlers.len(), fail)?;
                let conditions = EVERY_FAILURE.to_vec();
                tails.handlers.push(Handler { conditions, outcome });
            }
        }
        Some(())
    }

    /// The backend that is sent the same.
    fn copied(&mut self, index: usize, to: &Ident) -> Option<usize> {
        let backend = self.backend(to)?;
        let call = self.calls.get(index).map(|(call, _)| *call)?;
        let refused = if call.backend.text == to.text {
            Some((
                "a copy goes to another backend",
                "the call is made to this one",
                call.backend.span,
            ))
        } else {
            let kept = call.cache.as_ref();
            kept.map(|kept| {
                ("what is kept is not copied", "most of these calls are not made", kept.span)
            })
        };
        if let Some((message, label, see)) = refused {
            self.refuse(
                Diagnostic::new(Code::InvalidCopy, to.span, message)
                    .label("copied to here")
                    .see(see, label)
                    .help("delete `copy`"),
            );
            return None;
        }
        Some(backend)
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
        let problem = self.context.errors.list.get(found)?;
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

/// A backend that is not declared.
pub(crate) fn unknown_backend(backends: &Backends, name: &Ident) -> Diagnostic {
    let message = format!("there is no backend called `{}`", name.text);
    let diagnostic = Diagnostic::new(Code::UnknownBackend, name.span, message);
    let other = suggest::closest(&name.text, backends.names());
    let declared = other.and_then(|other| backends.by_name(other));
    match declared.and_then(|at| backends.list.get(at)) {
        Some(declared) => diagnostic
            .label(format!("did you mean `{}`?", declared.name))
            .see(declared.span, "declared here")
            .fix(format!("write `{}`", declared.name), name.span, declared.name.clone()),
        None => diagnostic.label("not declared").help(format!(
            "declare it: `backend {} at env {}_URL`",
            name.text,
            name.text.to_ascii_uppercase()
        )),
    }
}

/// What is there whenever `condition` holds: a comparison with something missing never does, but
/// for `== null`.
fn excludes_null(condition: &tree::Value) -> Vec<&Ref> {
    let sides: Vec<&tree::Value> = match &condition.kind {
        ValueKind::Ref(_) => vec![condition],
        ValueKind::Compare(left, CompareOp::Equal, right) if is_null(left) || is_null(right) => {
            Vec::new()
        }
        ValueKind::Compare(left, _, right) => vec![left, right],
        _ => Vec::new(),
    };
    let references = sides.into_iter().filter_map(|side| match &side.kind {
        ValueKind::Ref(reference) => Some(reference),
        _ => None,
    });
    references.collect()
}

/// `GET /items/{id}`: a call as its author wrote it, without the values of its holes.
fn operation(method: &Method, path: &CallPath) -> String {
    let part = |part: &CallPart| match part {
        CallPart::Text(text) => text.text.clone(),
        CallPart::Hole { value, rest, .. } => {
            format!("{{{}{}}}", hole(value), if *rest { "*" } else { "" })
        }
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
        ValueKind::Ref(reference) => {
            let steps = reference.steps.iter().map(|step| step.name.text.as_str());
            steps.collect::<Vec<_>>().join(".")
        }
        ValueKind::Env(env) => format!("env {}", env.name.text),
        _ => "…".into(),
    }
}

#[cfg(test)]
mod tests {
    use crate::contract::work::{Fallback, Outcome};
    use crate::testing::{endpoint, in_endpoint};

    /// What is found where a result that can be null is used in a path behind `when`.
    fn behind(condition: &str) -> Vec<String> {
        in_endpoint(&format!(
            "GET /x -> {{ x: text | null }} {{
               public
               a = one GET /a else null
               b = one GET /{{a.x}} when {condition} else null
               return {{ x: b.x }}
             }}"
        ))
    }

    #[test]
    fn a_condition_that_excludes_null_opens_the_path() {
        for condition in ["a != null", "a.x != null", "a.x == \"1\"", "1 < a.y", "a.flag"] {
            assert!(behind(condition).is_empty(), "{condition}: {:?}", behind(condition));
        }
        for condition in ["a == null", "a.x == null", "a.x or \"y\" == \"y\""] {
            let found = behind(condition);
            assert!(
                found.iter().any(|one| one.starts_with("null-in-call")),
                "{condition}: {found:?}"
            );
        }
    }

    #[test]
    fn else_is_what_is_left_wherever_it_stands() {
        let endpoint = endpoint(
            "GET /x -> { x: text } | Gone {
               public
               a = one GET /a
                 else fail Gone
                 on 404 { x: \"none\" }
               return a
             }
             error Gone 410 \"It is gone\"",
        );
        let call = &endpoint.work.calls[0];
        let outcomes: Vec<bool> =
            call.handlers.iter().map(|one| matches!(one.outcome, Outcome::Fail(..))).collect();
        assert_eq!(outcomes, [false, true]);
        assert!(call.fallback.is_none() && call.required);
    }

    #[test]
    fn a_call_with_a_stand_in_for_every_failure_is_not_required() {
        let one = |tails: &str| {
            let text = format!(
                "GET /x -> {{ x: text | null }} | Gone {{ public, a = one GET /a {tails}\n return {{ x: a.x }} }}\n error Gone 410 \"\""
            );
            let endpoint = endpoint(&text);
            let call = endpoint.work.calls.first().cloned().expect("a call");
            (call.required, matches!(call.fallback, Some(Fallback::Null)))
        };
        assert_eq!(one(""), (true, false));
        assert_eq!(one("else null"), (false, true));
        assert_eq!(one("on 404 fail Gone else null"), (true, true));
        assert_eq!(one("on 404 null"), (true, false));
    }

    #[test]
    fn every_part_of_a_call_has_its_own_finding() {
        let found = in_endpoint(
            "GET /x -> { x: text } {
               public
               a = three GET /{p}?q={q} with header R = r on 404 fail S
               return a
             }",
        );
        let codes: Vec<&str> = found.iter().filter_map(|one| one.split(':').next()).collect();
        assert_eq!(
            codes,
            ["unknown-backend", "unknown-name", "unknown-name", "unknown-name", "unknown-error"]
        );
    }
}
