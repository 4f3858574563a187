//! How every node is read: structs, readers, and what is held.

use super::rules::Rules;
use super::{FormUse, Names, ReadPlan, RuleKind, ShapePlan};
use crate::contract::types::{Const, NumberKind, Rest, Rule};
use crate::contract::visit::{self, Read};
use crate::contract::work::{Build, NodeId, Operand, Parent, Shape, Work};

/// Struct names that would hide something generated code needs.
pub(super) const RESERVED: [&str; 13] = [
    "Option", "Some", "None", "Result", "Ok", "Err", "Vec", "String", "Box", "Default", "Clone",
    "Self", "Unnamed",
];

/// How each node of `work` is read, by its index. `ignored` says that members which are not
/// declared are passed over in what callers send.
pub(crate) fn plan(work: &Work, ignored: bool, rules: &mut Rules<'_>) -> Vec<ShapePlan> {
    let used = used(work);
    let mut structs = Names::new(&RESERVED);
    let mut fields: Vec<Names> = vec![Names::default(); work.nodes.len()];
    let mut shapes = Vec::new();
    for (at, node) in work.nodes.iter().enumerate() {
        let (field, wire) = match &node.parent {
            Parent::Field(up, wire) => {
                let scope = fields.get_mut(up.0 as usize);
                (scope.map(|scope| scope.local(wire)).unwrap_or_default(), wire.clone())
            }
            _ => (String::new(), String::new()),
        };
        let id = NodeId(u32::try_from(at).unwrap_or(u32::MAX));
        let ignored = ignored && *work.root(id) == Parent::Body;
        let forms = node.forms.iter().map(|form| rules.form_reader(form, ignored));
        let forms: Vec<FormUse> = forms.collect();
        let read = match &node.shape {
            Shape::Any => match forms.as_slice() {
                [] => ReadPlan::Any,
                [form] => ReadPlan::Rule(form.reader.clone()),
                forms => ReadPlan::Forms(forms.iter().map(|form| form.ident.clone()).collect()),
            },
            Shape::AnyScalar => ReadPlan::Scalar,
            Shape::Scalar(scalars) => match scalars.first().map(|scalar| &scalar.rule) {
                Some(Rule::Bool) | None => ReadPlan::Boolean,
                Some(_) => ReadPlan::Rule(rules.reader(scalars)),
            },
            Shape::Record(children) => ReadPlan::Record(
                structs.structure(&title(work, id)),
                children.iter().map(|child| child.0 as usize).collect(),
            ),
            Shape::List { element, min, max, unique, keep } => {
                let kind = RuleKind::List { min: *min, max: *max, unique: *unique, keep: *keep };
                ReadPlan::List(rules.list(kind), element.0 as usize)
            }
        };
        let whole = matches!(node.shape, Shape::Record(_) | Shape::List { .. });
        shapes.push(ShapePlan {
            field,
            wire,
            read,
            used: used.get(at).copied().unwrap_or(false),
            absent_ok: node.absent_ok,
            null_ok: node.null_ok,
            shared: false,
            raw: (node.raw || !forms.is_empty()) && whole,
            forms,
            default: node.default.as_ref().map(Const::json),
        });
    }
    roots(work, &mut shapes);
    flatten(work, &mut shapes);
    shapes
}

/// Holds lists of single values as one text, where all that becomes of them is to be written as they are:
/// then no list is made of their elements.
fn flatten(work: &Work, shapes: &mut [ShapePlan]) {
    let mut copied = vec![0_usize; shapes.len()];
    visit::builds(work, &mut |build| {
        if let Build::List { from, element, first: None } = build
            && let Build::Copy(Operand::Node(each)) = &**element
            && work.node(*each).parent == Parent::Element(*from)
            && let Some(count) = copied.get_mut(from.0 as usize)
        {
            *count += 1;
        }
    });
    let mut seen = vec![0_usize; shapes.len()];
    visit::all(work, &mut |read| {
        if let Read::Node(node) = read
            && let Some(count) = seen.get_mut(node.0 as usize)
        {
            *count += 1;
        }
    });
    for (at, copied) in copied.into_iter().enumerate().filter(|(_, count)| *count > 0) {
        let Some(Shape::List { element, keep: None, .. }) =
            work.nodes.get(at).map(|node| &node.shape)
        else {
            continue;
        };
        let element = element.0 as usize;
        let only = |at: usize| seen.get(at).is_some_and(|seen| *seen == copied);
        let Some(reader) = shapes.get(element).and_then(|shape| kept_as_sent(work, element, shape))
        else {
            continue;
        };
        let reader = reader.to_owned();
        if let Some(shape) = shapes.get_mut(at)
            && only(at)
            && only(element)
            && !shape.raw
            && let ReadPlan::List(rule, _) = &shape.read
        {
            shape.read = ReadPlan::Flat(rule.clone(), reader);
        }
    }
}

/// The reader of single values that are written as they were sent: integers may lose a fraction of
/// zeros, and values of an enumeration may be replaced.
fn kept_as_sent<'s>(work: &Work, node: usize, shape: &'s ShapePlan) -> Option<&'s str> {
    let Shape::Scalar(scalars) = &work.nodes.get(node)?.shape else { return None };
    let ReadPlan::Rule(reader) = &shape.read else { return None };
    let kept = scalars.iter().all(|scalar| match &scalar.rule {
        Rule::Text(_) => true,
        Rule::Number(number) => {
            matches!(number.kind, NumberKind::Number | NumberKind::Decimal(..))
        }
        Rule::Enum(values) => !matches!(values.rest, Rest::Becomes(_)),
        Rule::Bool | Rule::AsText(_) => false,
    });
    (kept && !shape.maybe() && !shape.raw && shape.default.is_none()).then_some(reader)
}

/// A whole result is never absent; it can be null where its call can end without one.
fn roots(work: &Work, shapes: &mut [ShapePlan]) {
    for (node, shape) in work.nodes.iter().zip(shapes) {
        match node.parent {
            Parent::Call(call) => {
                shape.absent_ok = false;
                let each = work.calls.get(call).is_some_and(|call| call.each.is_some());
                shape.null_ok &= !each;
                shape.null_ok |= work.calls.get(call).is_some_and(|call| call.can_be_null());
            }
            Parent::ErrorBody(..) | Parent::Element(_) => shape.absent_ok = false,
            Parent::Claims(_) => shape.absent_ok = false,
            Parent::Body | Parent::Field(..) => {}
        }
    }
}

/// Whether each node, or something in it, is read.
fn used(work: &Work) -> Vec<bool> {
    let mut used = vec![false; work.nodes.len()];
    let mut see = |read: Read| {
        let Read::Node(node) = read else { return };
        let mut at = Some(node);
        while let Some(node) = at {
            if let Some(slot) = used.get_mut(node.0 as usize) {
                *slot = true;
            }
            at = match &work.node(node).parent {
                Parent::Field(up, _) | Parent::Element(up) => Some(*up),
                _ => None,
            };
        }
    };
    visit::all(work, &mut see);
    used
}

/// What a node's struct is called after: the call and the fields that lead to it.
pub(super) fn title(work: &Work, id: NodeId) -> String {
    match &work.node(id).parent {
        Parent::Call(call) => {
            work.calls.get(*call).map_or_else(String::new, |call| call.name.clone())
        }
        Parent::Body => "body".into(),
        Parent::Claims(at) => {
            work.claims.get(*at).map_or_else(String::new, |claims| claims.name.clone())
        }
        Parent::ErrorBody(call, _) => {
            let name = work.calls.get(*call).map_or("", |call| call.name.as_str());
            format!("{name} error")
        }
        Parent::Field(up, name) => format!("{} {name}", title(work, *up)),
        Parent::Element(up) => format!("{} element", title(work, *up)),
    }
}
