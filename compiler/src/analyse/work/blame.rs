//! Findings about names that are not in scope, and about values that may be missing.

use super::scope::Lower;
use crate::analyse::values;
use crate::contract::endpoint::Place;
use crate::contract::types::Kind;
use crate::contract::work::{NodeId, Parent};
use crate::diagnostic::{Code, Diagnostic};
use crate::suggest;
use gatewright_grammar::Span;
use gatewright_grammar::tree::{self, EndpointMemberKind, Ident, TailKind};

impl Lower<'_, '_> {
    /// How its author would write the value at `node`: `body.lines[].sku`.
    pub(crate) fn spelled(&self, node: NodeId) -> String {
        match &self.nodes.node(node).parent {
            Parent::Call(call) => {
                self.calls.get(*call).map_or_else(String::new, |(call, _)| call.name.text.clone())
            }
            Parent::Body => {
                let body = self.context.request.body.as_ref();
                body.map_or_else(String::new, |(_, name)| name.clone())
            }
            Parent::Claims(at) => {
                let known = self.context.request.known.get(*at);
                known.map_or_else(String::new, |known| known.name.clone())
            }
            Parent::ErrorBody(..) => "error".to_owned(),
            Parent::Field(up, name) => format!("{}.{name}", self.spelled(*up)),
            Parent::Element(up) => format!("{}[]", self.spelled(*up)),
        }
    }

    /// What offers the fields of the value at `node`: an operation, or what the endpoint calls it.
    pub(crate) fn offers(&self, node: NodeId) -> String {
        let operation = match self.nodes.node(node).parent {
            Parent::Call(call) => self.written(call).and_then(|written| written.operation),
            _ => None,
        };
        let backend = match self.nodes.node(node).parent {
            Parent::Call(call) => self.calls.get(call).map(|(call, _)| &call.backend.text),
            _ => None,
        };
        match (operation, backend) {
            (Some(operation), Some(backend)) => format!("{backend}.{}", operation.tree.name.text),
            _ => self.spelled(node),
        }
    }

    pub(super) fn no_field(&self, node: NodeId, name: &Ident) -> Diagnostic {
        let declared = self.nodes.declared(node);
        let spelling = declared.map(|ty| values::spelling(ty, self.context.types));
        let spelling = spelling.filter(|spelling| !spelling.contains('…'));
        let owner = spelling.unwrap_or_else(|| self.spelled(node));
        let message = format!("`{owner}` has no field `{}`", name.text);
        let record = self.record_of(node);
        let known = record.into_iter().flat_map(|record| &record.fields);
        let known = known.map(|field| field.name_as_of(self.origin));
        let code = match self.nodes.is_result(node) {
            true => Code::UnknownResultField,
            false => Code::UnknownField,
        };
        let diagnostic = Diagnostic::new(code, name.span, message);
        let other = suggest::closest(&name.text, known);
        let diagnostic = match other {
            Some(other) => diagnostic.label(format!("did you mean `{other}`?")),
            None => diagnostic.label("not declared"),
        };
        let diagnostic = match record {
            Some(record) => diagnostic.see(record.span, "declared here"),
            None => match declared.map(|ty| &ty.kind) {
                Some(Kind::Union(id)) => {
                    let union = self.context.types.union(*id);
                    let tag = &union.tag;
                    diagnostic
                        .see(union.span, "declared here")
                        .note(format!("which fields there are depends on `{tag}`"))
                        .help(format!("read `{tag}`, or take the value as a whole"))
                }
                Some(Kind::Map(_)) => diagnostic
                    .note("no key of a map needs to be there")
                    .help("take the map as a whole, or declare a record with optional fields"),
                _ => diagnostic,
            },
        };
        match other {
            Some(other) => diagnostic.fix(format!("write `{other}`"), name.span, other),
            None => diagnostic,
        }
    }

    /// A name that nothing has; `alone` if nothing stands behind it.
    pub(super) fn unknown(&self, name: &Ident, alone: bool) -> Diagnostic {
        let text = &name.text;
        let hole = self.hole.filter(|_| alone);
        let message = match hole {
            Some(_) => format!("`{{{text}}}` is not a parameter of this endpoint"),
            None => format!("there is nothing called `{text}` here"),
        };
        let mut diagnostic = Diagnostic::new(Code::UnknownName, hole.unwrap_or(name.span), message)
            .label(format!("nothing named `{text}` is in scope"));
        let only = match self.context.request.params.as_slice() {
            [only] => hole.map(|_| only),
            _ => None,
        };
        if let Some(only) = only {
            diagnostic = diagnostic.see(only.span, "the only parameter");
        }
        let scope = self.in_scope();
        let known = scope.iter().flat_map(|(names, _)| names.iter().copied());
        let meant = suggest::closest(text, known).or(only.map(|only| only.name.as_str()));
        let listed: Vec<String> = scope.iter().map(|group| listed(group)).collect();
        diagnostic = diagnostic.help(match listed.as_slice() {
            [] => "nothing is in scope here".to_owned(),
            listed => format!("in scope here: {}", listed.join(", ")),
        });
        match (meant, hole) {
            (Some(meant), Some(_)) => {
                diagnostic.fix(format!("did you mean `{{{meant}}}`?"), name.span, meant)
            }
            (Some(meant), None) => {
                diagnostic.fix(format!("did you mean `{meant}`?"), name.span, meant)
            }
            (None, _) => diagnostic,
        }
    }

    /// What can be named, in groups with a word for each.
    pub(super) fn in_scope(&self) -> Vec<(Vec<&str>, &'static str)> {
        let request = self.context.request;
        let params = |wanted: fn(Place) -> bool| -> Vec<&str> {
            let params = request.params.iter().filter(|param| wanted(param.place));
            params.map(|param| param.name.as_str()).collect()
        };
        let calls = self.context.endpoint.members.iter().filter_map(|member| match &member.kind {
            EndpointMemberKind::Call(call) => Some(call.name.text.as_str()),
            _ => None,
        });
        let calling = self.calling.and_then(|at| self.calls.get(at));
        let calling = calling.map(|(call, _)| call.name.text.as_str());
        let groups = [
            (params(|place| place.is_in_path()), "path"),
            (params(|place| place == Place::Query), "query"),
            (params(|place| place == Place::Header), "header"),
            (params(|place| place == Place::Cookie), "cookie"),
            (request.body.iter().map(|(_, name)| name.as_str()).collect(), "body"),
            (self.item.iter().map(|(name, _)| *name).collect(), "element"),
            (request.known.iter().map(|known| known.name.as_str()).collect(), "caller"),
            (calls.filter(|name| *name != "_" && Some(*name) != calling).collect(), "calls"),
        ];
        groups.into_iter().filter(|(names, _)| !names.is_empty()).collect()
    }

    /// A value of the result of `call` is wanted, and the result can be null.
    pub(super) fn null(&self, call: usize, span: Span) -> Diagnostic {
        let Some((tree, _)) = self.calls.get(call) else {
            return Diagnostic::new(Code::NullInCall, span, "this can be null");
        };
        let name = match tree.each {
            Some(_) => &format!("{}[]", tree.name.text),
            None => &tree.name.text,
        };
        let null = |outcome: &tree::Outcome| matches!(outcome, tree::Outcome::Value(value) if super::scope::is_null(value));
        let cause = tree.tails.iter().find(|tail| match &tail.kind {
            TailKind::Else(outcome) | TailKind::On(_, outcome) => null(outcome),
            TailKind::When(_) => true,
            _ => false,
        });
        let see = |diagnostic: Diagnostic| match cause.map(|tail| (&tail.kind, tail.span)) {
            Some((TailKind::When(_), span)) => {
                diagnostic.see(span, format!("where this does not hold, `{name}` is null"))
            }
            Some((_, span)) => diagnostic.see(span, format!("on failure `{name}` is null")),
            None => diagnostic,
        };
        match self.calling.and_then(|at| self.calls.get(at)) {
            Some((calling, whole)) => {
                let message = format!("`{name}` can be null, but the next call needs it");
                let diagnostic = Diagnostic::new(Code::NullInCall, span, message)
                    .label(format!("used in {}, where null has no spelling", self.place));
                let diagnostic = see(diagnostic);
                let skip = "skip the second call when there is nothing to ask:";
                let looks = |tail: &tree::Tail| matches!(tail.kind, TailKind::When(_));
                let diagnostic = if calling.tails.iter().any(looks) {
                    diagnostic.help(format!("{skip} `when {name} != null`"))
                } else {
                    let text = format!("{skip} add `when {name} != null`");
                    diagnostic.fix(text, whole.at_end(), format!(" when {name} != null"))
                };
                diagnostic.help(way_out(cause))
            }
            None => {
                let message = format!("`{name}` can be null, and the answer promises a value here");
                see(Diagnostic::new(Code::TypeMismatch, span, message)
                    .label("must be there in every answer"))
                .help("give a value that stands in: `… or \"unknown\"`")
                .help("or let the field be missing or null: `field?: …`, `field: … | null`")
            }
        }
    }

    /// `missing`, on the path to `node`, is what callers may leave out.
    pub(super) fn may_be_missing(&self, node: NodeId, missing: NodeId, span: Span) -> Diagnostic {
        let what = self.spelled(node);
        let one = self.nodes.node(missing);
        let can = match (self.nodes.is_result(missing), one.null_ok) {
            (true, _) => "the backend may leave it out, or send null",
            _ if matches!(one.parent, Parent::Claims(_)) => "callers may come in another way",
            _ if matches!(self.nodes.root_of(missing), Parent::Claims(_)) => {
                "a token may leave it out"
            }
            (false, true) => "callers may send null",
            (false, false) => "callers may leave it out",
        };
        let declared = self.nodes.declared(missing).map(|ty| ty.span);
        let (code, message) = match self.calling {
            Some(_) => {
                (Code::NullInCall, format!("`{what}` may be missing, but the call needs it"))
            }
            None => (
                Code::TypeMismatch,
                format!("`{what}` may be missing, and the answer promises a value here"),
            ),
        };
        let label = match self.calling {
            Some(_) => format!("used in {}, where absence has no spelling", self.place),
            None => "must be there in every answer".to_owned(),
        };
        let diagnostic = Diagnostic::new(code, span, message).label(label);
        let diagnostic = match declared {
            Some(declared) => diagnostic.see(declared, can),
            None => diagnostic,
        };
        diagnostic.help(format!("give a value that stands in: `{what} or …`"))
    }
}

/// How the endpoint can fail with the call instead of going on with null.
fn way_out(cause: Option<&tree::Tail>) -> String {
    match cause.map(|tail| &tail.kind) {
        Some(TailKind::When(_)) => {
            "or give the first call a value that stands in: `else { … }`".to_owned()
        }
        Some(TailKind::On(conditions, _)) => {
            let words: Vec<&str> = conditions.iter().map(|one| one.text.as_str()).collect();
            format!("or let the endpoint fail with the first: drop `on {} null`", words.join(", "))
        }
        _ => "or let the endpoint fail with the first: drop `else null`".to_owned(),
    }
}

/// `` `id`, `sku` (path) ``
fn listed((names, word): &(Vec<&str>, &'static str)) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    format!("{} ({word})", names.join(", "))
}
