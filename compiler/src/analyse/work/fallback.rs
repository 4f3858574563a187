//! A value that stands in for a result must have what is read of the result.

use super::nodes::Nodes;
use crate::analyse::values;
use crate::contract::types::Const;
use crate::contract::work::{Call, Fallback, NodeId, Outcome, Parent, Shape};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};

/// Reports fallbacks that lack something; nothing if there are any.
pub(crate) fn check(calls: &[Call], nodes: &Nodes, diagnostics: &mut Diagnostics) -> Option<()> {
    let mut fine = true;
    for call in calls {
        let Some(result) = call.result else { continue };
        let stand_ins = call.handlers.iter().filter_map(|handler| match &handler.outcome {
            Outcome::StandIn(fallback) => Some(fallback),
            Outcome::Fail(..) => None,
        });
        for fallback in stand_ins.chain(&call.fallback) {
            let Fallback::Const(constant) = fallback else { continue };
            if let Err(why) = fits(nodes, result, constant, &call.name) {
                fine = false;
                diagnostics.push(
                    Diagnostic::new(
                        Code::FallbackTypeMismatch,
                        call.span,
                        format!(
                            "the value that stands in for `{}` does not have what is read of it",
                            call.name
                        ),
                    )
                    .label(why)
                    .note("a fallback satisfies every read of its call"),
                );
            }
        }
    }
    fine.then_some(())
}

fn fits(nodes: &Nodes, id: NodeId, value: &Const, path: &str) -> Result<(), String> {
    let node = nodes.node(id);
    if *value == Const::Null {
        return if node.null_ok { Ok(()) } else { Err(format!("`{path}` is null")) };
    }
    match (&node.shape, value) {
        (Shape::Any, _) => Ok(()),
        (Shape::AnyScalar, value) if value.plain().is_some() => Ok(()),
        (Shape::AnyScalar, _) => Err(format!("`{path}` is no text, number or boolean")),
        (Shape::Scalar(rules), _) => rules.iter().try_for_each(|rule| {
            values::scalar_accepts(rule, value).map_err(|why| format!("`{path}`: {why}"))
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

fn member(nodes: &Nodes, field: NodeId, value: &Const, path: &str) -> Result<(), String> {
    let node = nodes.node(field);
    let Parent::Field(_, name) = &node.parent else { return Ok(()) };
    let path = format!("{path}.{name}");
    match value.member(name) {
        Some(member) => fits(nodes, field, member, &path),
        None if node.absent_ok => Ok(()),
        None => Err(format!("`{path}` is missing")),
    }
}
