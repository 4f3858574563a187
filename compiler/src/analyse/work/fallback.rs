//! A value that stands in for a result must have what is read of the result.

use super::compatible::{Fit, fit};
use super::nodes::Nodes;
use crate::analyse::values;
use crate::contract::endpoint::{Param, ParamKind};
use crate::contract::types::Const;
use crate::contract::work::{
    Build, Call, Fallback, Member, NodeId, Operand, Outcome, Parent, Shape,
};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use gatewright_grammar::Span;
use gatewright_grammar::tree::{self, TailKind};

/// What fallbacks are checked against.
struct Reads<'a> {
    nodes: &'a Nodes<'a>,
    params: &'a [Param],
}

/// Reports fallbacks that lack something; nothing if there are any.
pub(crate) fn check(
    calls: &[Call],
    trees: &[(&tree::Call, Span)],
    (nodes, params): (&Nodes<'_>, &[Param]),
    diagnostics: &mut Diagnostics,
) -> Option<()> {
    let reads = Reads { nodes, params };
    let mut fine = true;
    for (call, (tree, _)) in calls.iter().zip(trees) {
        let Some(result) = call.result else { continue };
        let result = match &nodes.node(result).shape {
            Shape::List { element, .. } if call.each.is_some() => *element,
            _ => result,
        };
        for (stand_in, span) in stand_ins(call, tree) {
            let checked = match stand_in {
                Fallback::Null => Ok(()),
                Fallback::Const(constant) => fits(nodes, result, constant, &call.name),
                Fallback::Built(build) => reads.built(result, build, &call.name),
            };
            let Err(why) = checked else { continue };
            fine = false;
            let message = format!("this does not have what is read of `{}`", call.name);
            diagnostics.push(
                Diagnostic::new(Code::FallbackTypeMismatch, span, message)
                    .label(why)
                    .see(tree.name.span, "a failure turns into that value")
                    .note("a fallback satisfies every read of its call"),
            );
        }
    }
    fine.then_some(())
}

/// What stands in for the result of `call`, each with its place.
fn stand_ins<'c>(call: &'c Call, tree: &tree::Call) -> Vec<(&'c Fallback, Span)> {
    let mut handlers = call.handlers.iter();
    let mut found = Vec::new();
    for tail in &tree.tails {
        let (stand_in, written) = match &tail.kind {
            TailKind::On(_, written) => match handlers.next().map(|handler| &handler.outcome) {
                Some(Outcome::StandIn(stand_in)) => (Some(stand_in), written),
                _ => continue,
            },
            TailKind::Else(written) => (call.fallback.as_ref(), written),
            _ => continue,
        };
        if let (Some(stand_in), tree::Outcome::Value(value)) = (stand_in, written) {
            found.push((stand_in, value.span));
        }
    }
    found
}

impl Reads<'_> {
    /// Whether a value that is made at run time can be what is read; parts of results are looked
    /// at when they arrive.
    fn built(&self, id: NodeId, build: &Build, path: &str) -> Result<(), String> {
        let node = self.nodes.node(id);
        match (&node.shape, build) {
            (_, Build::Const(constant)) => fits(self.nodes, id, constant, path),
            (Shape::Record(fields), Build::Record(_, members)) => {
                fields.iter().try_for_each(|field| self.member(*field, members, path))
            }
            (Shape::List { element, .. }, Build::Array(items)) => {
                items.iter().try_for_each(|item| self.built(*element, item, &format!("{path}[]")))
            }
            (Shape::List { element, .. }, Build::List { element: item, .. }) => {
                self.built(*element, item, &format!("{path}[]"))
            }
            (Shape::Scalar(rules), Build::Copy(Operand::Param(at))) => {
                match self.params.get(*at).map(|param| &param.kind) {
                    Some(ParamKind::One(have))
                        if rules.iter().any(|rule| fit(have, rule) == Fit::No) =>
                    {
                        Err(format!("`{path}` has another type"))
                    }
                    _ => self.form(&node.shape, build, path),
                }
            }
            (shape, build) => self.form(shape, build, path),
        }
    }

    /// Whether a record is made for a record, a list for a list, a scalar for a scalar.
    fn form(&self, shape: &Shape, build: &Build, path: &str) -> Result<(), String> {
        let wanted = match shape {
            Shape::Any => return Ok(()),
            Shape::AnyScalar | Shape::Scalar(_) => "text, number or boolean",
            Shape::Record(_) => "record",
            Shape::List { .. } => "list",
        };
        let made = match build {
            Build::Record(..) => "record",
            Build::Array(_) | Build::List { .. } => "list",
            Build::Text(_) | Build::Holds(_) => "text, number or boolean",
            Build::Copy(Operand::Param(at)) => match self.params.get(*at).map(|one| &one.kind) {
                Some(ParamKind::Many(..)) => "list",
                _ => "text, number or boolean",
            },
            _ => return Ok(()),
        };
        if made == wanted { Ok(()) } else { Err(format!("`{path}` is no {wanted}")) }
    }

    fn member(&self, field: NodeId, members: &[Member], path: &str) -> Result<(), String> {
        let node = self.nodes.node(field);
        let Parent::Field(_, name) = &node.parent else { return Ok(()) };
        let path = format!("{path}.{name}");
        match members.iter().find(|member| member.name == *name) {
            Some(member) => self.built(field, &member.value, &path),
            None if node.absent_ok => Ok(()),
            None => Err(format!("`{path}` is missing")),
        }
    }
}

fn fits(nodes: &Nodes<'_>, id: NodeId, value: &Const, path: &str) -> Result<(), String> {
    let node = nodes.node(id);
    if *value == Const::Null {
        return if node.null_ok { Ok(()) } else { Err(format!("`{path}` is null")) };
    }
    for form in &node.forms {
        values::reads(&form.ty, value, form.reads, nodes.types())
            .map_err(|why| format!("`{path}`: {why}"))?;
    }
    match (&node.shape, value) {
        (Shape::Any, _) => Ok(()),
        (Shape::AnyScalar, value) if value.plain().is_some() => Ok(()),
        (Shape::AnyScalar, _) => Err(format!("`{path}` is no text, number or boolean")),
        (Shape::Scalar(rules), _) => rules.iter().try_for_each(|rule| {
            let plain = values::scalar_accepts(&rule.plain(), value);
            plain
                .or_else(|why| values::scalar_accepts(rule, value).map_err(|_| why))
                .map_err(|why| format!("`{path}`: {why}"))
        }),
        (Shape::Record(fields), Const::Record(_)) => {
            fields.iter().try_for_each(|field| member(nodes, *field, value, path))
        }
        (Shape::Record(_), _) => Err(format!("`{path}` is no record")),
        (Shape::List { element, min, max, .. }, Const::List(items)) => {
            let count = items.len() as u64;
            if count < *min || max.is_some_and(|max| count > max) {
                return Err(format!("`{path}` has {count} elements"));
            }
            items.iter().try_for_each(|item| fits(nodes, *element, item, &format!("{path}[]")))
        }
        (Shape::List { .. }, _) => Err(format!("`{path}` is no list")),
    }
}

fn member(nodes: &Nodes<'_>, field: NodeId, value: &Const, path: &str) -> Result<(), String> {
    let node = nodes.node(field);
    let Parent::Field(_, name) = &node.parent else { return Ok(()) };
    let path = format!("{path}.{name}");
    match value.member(name) {
        Some(member) => fits(nodes, field, member, &path),
        None if node.absent_ok => Ok(()),
        None => Err(format!("`{path}` is missing")),
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::in_endpoint;

    /// What is found about `else` behind a call whose result is read as a record of these fields.
    fn otherwise(fallback: &str) -> Vec<String> {
        in_endpoint(&format!(
            "GET /x/{{id: text}} -> {{ name: text(..5), size?: int, list: [{{ x: text }}](..1) }} {{
               public
               query flag: bool = true
               other = two GET /other
               item = one GET /{{id}} else {fallback}
               return item
             }}"
        ))
    }

    #[test]
    fn a_fallback_satisfies_every_read() {
        let fine = |fallback: &str| {
            let found = otherwise(fallback);
            let other = |one: &String| !one.starts_with("unused");
            assert_eq!(found.iter().filter(|one| other(one)).count(), 0, "{fallback}: {found:?}");
        };
        fine("{ name: \"a\", list: [] }");
        fine("{ name: \"a\", size: 1, list: [{ x: \"y\", more: true }] }");
        fine("{ name: id, list: [{ x: other.x }] }");
        fine("{ name: \"{id}\", size: null, list: other.list }");
    }

    #[test]
    fn one_that_lacks_something_is_refused() {
        for fallback in [
            "{ list: [] }",
            "{ name: \"too long\", list: [] }",
            "{ name: 1, list: [] }",
            "{ name: \"a\", size: \"b\", list: [] }",
            "{ name: \"a\", list: [{ x: \"y\" }, { x: \"z\" }] }",
            "{ name: \"a\", list: [{ y: \"x\" }] }",
            "{ name: \"a\", list: {} }",
            "[]",
            "{ name: flag, list: [] }",
            "{ name: id }",
            "{ name: id, list: [{ y: id }] }",
            "{ name: id, list: id }",
            "[id]",
        ] {
            let found = otherwise(fallback);
            let refused = |one: &String| one.starts_with("fallback-type-mismatch");
            assert!(found.iter().any(refused), "{fallback}: {found:?}");
        }
    }
}
