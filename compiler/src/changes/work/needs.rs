//! What is needed of results: which values are read, and what they must be.

use super::{Change, Side};
use crate::analyse::values::{list_spelling, rule_spelling, spelling};
use crate::changes::Verdict;
use crate::changes::known::Mode;
use crate::changes::sets::{Position, Within, outside};
use crate::changes::types::{Compare, Declared, Difference, Effect};
use crate::contract::types::{Const, ListBounds, Rule, Type, Types};
use crate::contract::work::{Call, NodeId, Parent, Shape, Work};

/// A call of one side: its version, the work that it stands in, the call.
type Of<'c> = (Side<'c>, &'c Work, &'c Call);

/// One value that is read of a result.
struct Need<'c> {
    path: String,
    required: bool,
    what: What<'c>,
}

impl Need<'_> {
    /// Whether it is that the whole result is a record, or is there: what is read of it says that.
    fn is_plain(&self) -> bool {
        self.path.is_empty() && matches!(self.what, What::Record | What::Whole(None))
    }

    /// Whether it is a value of a declared type that `other` is a part of.
    fn is_whole_of(&self, other: &Need<'_>) -> bool {
        matches!(self.what, What::Whole(Some(_))) && is_inside(&other.path, &self.path)
    }
}

/// Whether a path leads into what another one leads to.
fn is_inside(path: &str, outer: &str) -> bool {
    let rest = path.strip_prefix(outer).unwrap_or_default();
    if outer.is_empty() { !rest.is_empty() } else { rest.starts_with(['.', '[']) }
}

/// What a value must be.
enum What<'c> {
    /// Any JSON, or one value of a declared type.
    Whole(Option<&'c Type>),
    /// A text, number or boolean.
    AnyScalar,
    /// A scalar by all of these rules.
    Scalar(Vec<&'c Rule>),
    Record,
    List(ListBounds),
}

/// What changed about the needs of one call.
pub(super) fn compare(old: Of<'_>, new: Of<'_>, backend: &str) -> Vec<Change> {
    let (was, is) = (all(old), all(new));
    let change = |id: &str, path: &str| {
        let dot = if path.is_empty() || path.starts_with('[') { "" } else { "." };
        Change::new(id, None)
            .backend(backend)
            .place(format!("{}{dot}{path}", old.2.name))
            .at(old.2.span, new.2.span)
    };
    let mut found = Vec::new();
    let mut free: Vec<&str> = Vec::new();
    for need in &is {
        match was.iter().find(|other| other.path == need.path) {
            Some(other) => found.extend(stays((old.0, other), (new.0, need), &change)),
            // What was read as a whole had its parts: that it is read in parts is told there.
            None if need.is_plain() || was.iter().any(|one| one.is_whole_of(need)) => {}
            None => {
                let mut one = change("wire/needs-more", &need.path)
                    .spelled(None, word(need, &new.0.version.types));
                // Nothing is needed of what may be missing and was not read before.
                let may_miss = free.iter().any(|path| is_inside(&need.path, path));
                one.verdict = Verdict::Breaking;
                if !need.required || may_miss {
                    one.verdict = Verdict::Invisible;
                    free.push(&need.path);
                }
                found.push(one);
            }
        }
    }
    for need in was.iter().filter(|need| !need.is_plain()) {
        if is.iter().all(|other| other.path != need.path) {
            found.push(
                change("wire/needs-less", &need.path)
                    .spelled(word(need, &old.0.version.types), None),
            );
        }
    }
    found
}

/// What changed about a value that is read as before.
fn stays(
    (old, other): (Side<'_>, &Need<'_>),
    (new, need): (Side<'_>, &Need<'_>),
    change: &impl Fn(&str, &str) -> Change,
) -> Vec<Change> {
    let mut found = Vec::new();
    let there = |need: &Need<'_>| {
        let words = if need.required { "is needed" } else { "may be missing" };
        words.to_owned()
    };
    if need.required != other.required {
        let id = if need.required { "wire/needs-more" } else { "wire/needs-less" };
        found.push(change(id, &need.path).spelled(there(other), there(need)));
    }
    for (id, effect, shown) in values((old, other), (new, need)) {
        let mut one = change(id, &need.path)
            .spelled(word(other, &old.version.types), word(need, &new.version.types));
        if effect == Effect::Maybe {
            one.verdict = Verdict::Risky;
            one = one.note("whether all values stay cannot be told");
        }
        if let Some(value) = shown {
            let json: String = value.json().chars().take(60).collect();
            one = one.note(format!("{json} is refused now"));
        }
        found.push(one);
    }
    found
}

/// A difference of values: its rule, how sure it is, and a value that shows it.
type Found = (&'static str, Effect, Option<Const>);

/// How the values that are fine differ.
fn values((old, was): (Side<'_>, &Need<'_>), (new, is): (Side<'_>, &Need<'_>)) -> Vec<Found> {
    const MORE: &str = "wire/needs-more";
    const LESS: &str = "wire/needs-less";
    match (&was.what, &is.what) {
        (What::Whole(Some(a)), What::Whole(Some(b))) => {
            let found = whole((old, a), (new, b));
            let told = |one: Difference| match (one.narrows, one.widens) {
                (Effect::No, Effect::No) => None,
                (Effect::No, _) => Some((LESS, Effect::Yes, None)),
                (effect, _) => Some((MORE, effect, one.lost)),
            };
            let mut found: Vec<Found> = found.into_iter().filter_map(told).collect();
            // The rest of them is of the same value.
            found.sort_by_key(|one| (one.0 == LESS, std::cmp::Reverse(one.1)));
            found.truncate(1);
            found
        }
        (What::Whole(None), What::Whole(None))
        | (What::AnyScalar, What::AnyScalar)
        | (What::Record, What::Record) => Vec::new(),
        (What::Scalar(a), What::Scalar(b)) => scalars(new, a, b),
        (What::List(a), What::List(b)) => lists(a, b),
        // What is read of the one stands beside it; whether that is all of the other cannot be told.
        (What::Record, What::Whole(Some(_))) | (What::Whole(Some(_)), What::Record) => {
            vec![(MORE, Effect::Maybe, None)]
        }
        (_, What::Whole(None)) | (What::Scalar(_), What::AnyScalar) => {
            vec![(LESS, Effect::Yes, None)]
        }
        (
            What::Whole(_) | What::AnyScalar | What::Scalar(_) | What::Record | What::List(_),
            What::Whole(_) | What::AnyScalar | What::Scalar(_) | What::Record | What::List(_),
        ) => vec![(MORE, Effect::Yes, None)],
    }
}

/// Two values of declared types, as results are read.
fn whole((old, a): (Side<'_>, &Type), (new, b): (Side<'_>, &Type)) -> Vec<Difference> {
    let found = Compare::of((old, new), (true, true), Position::Read).types(a, b);
    let Some(known) = new.known.filter(|_| !found.is_empty()) else { return found };
    let (was, is) = known.loosened(&old.version.types, &new.version.types);
    let declared = |types| Declared { types, ignores_unknown: true };
    let mode = Mode { position: Position::Read, ignores: (true, true), is_loose: true };
    let compare = Compare::new(declared(was), declared(is), Position::Read);
    compare.knowing(Some(known.records(mode))).types(a, b)
}

fn scalars(side: Side<'_>, old: &[&Rule], new: &[&Rule]) -> Vec<Found> {
    let outside = |one: &Rule, other: &Rule| match side.known {
        Some(known) => known.outside(one, other, Position::Read),
        None => outside(one, other, Position::Read),
    };
    let (lost, gained) = (beyond(old, new, &outside), beyond(new, old, &outside));
    if lost.may_fail() {
        return vec![("wire/needs-more", Effect::of(&lost), lost.witness().cloned())];
    }
    if gained.may_fail() {
        return vec![("wire/needs-less", Effect::Yes, None)];
    }
    Vec::new()
}

/// What all rules of `own` allow, and some rule of `others` does not.
fn beyond(own: &[&Rule], others: &[&Rule], outside: &dyn Fn(&Rule, &Rule) -> Within) -> Within {
    let mut found = Within::Yes;
    for other in others {
        let each: Vec<Within> = own.iter().map(|one| outside(one, other)).collect();
        if each.iter().any(|one| !one.may_fail()) {
            continue;
        }
        // A value that one rule lets through may be refused by another.
        match (each.as_slice(), each.first()) {
            ([_], Some(Within::No(value))) => return Within::No(value.clone()),
            _ => found = Within::Unknown,
        }
    }
    found
}

fn lists(old: &ListBounds, new: &ListBounds) -> Vec<Found> {
    let most = |bounds: &ListBounds| bounds.max.unwrap_or(u64::MAX);
    let closer = |a: &ListBounds, b: &ListBounds| {
        b.min > a.min || most(b) < most(a) || (b.unique && !a.unique)
    };
    match (closer(old, new), closer(new, old)) {
        (true, _) => vec![("wire/needs-more", Effect::Yes, None)],
        (false, true) => vec![("wire/needs-less", Effect::Yes, None)],
        (false, false) => Vec::new(),
    }
}

fn word(need: &Need<'_>, types: &Types) -> String {
    match &need.what {
        What::Whole(None) => "json".to_owned(),
        What::Whole(Some(ty)) => spelling(ty, types),
        What::AnyScalar => "text, number or boolean".to_owned(),
        What::Scalar(rules) => {
            rules.iter().map(|one| rule_spelling(one)).collect::<Vec<_>>().join(" and ")
        }
        What::Record => "a record".to_owned(),
        What::List(bounds) => match list_spelling(bounds).as_str() {
            "" => "a list".to_owned(),
            text => format!("a list {text}"),
        },
    }
}

fn all<'c>((_, work, call): Of<'c>) -> Vec<Need<'c>> {
    let mut found = Vec::new();
    if let Some(root) = call.result {
        walk(work, root, "", &mut found);
    }
    found
}

/// A field in a path. Between quotes where its name would be read as another path, or as none.
fn step(name: &str) -> String {
    let plain = !name.is_empty() && !name.contains(['.', '[', '"']);
    if plain { name.to_owned() } else { format!("{name:?}") }
}

fn walk<'c>(work: &'c Work, id: NodeId, path: &str, found: &mut Vec<Need<'c>>) {
    let node = work.node(id);
    let path = match &node.parent {
        Parent::Field(_, name) if path.is_empty() => step(name),
        Parent::Field(_, name) => format!("{path}.{}", step(name)),
        Parent::Element(_) => format!("{path}[]"),
        Parent::Call(_) | Parent::Body | Parent::Claims(_) | Parent::ErrorBody(..) => {
            path.to_owned()
        }
    };
    // What is read by a declared type as a whole is that type, whatever is read of it besides.
    let form = node.forms.first().map(|form| &form.ty);
    let what = match &node.shape {
        _ if form.is_some() => What::Whole(form),
        Shape::Any => What::Whole(None),
        Shape::AnyScalar => What::AnyScalar,
        Shape::Scalar(rules) => What::Scalar(rules.iter().map(|one| &one.rule).collect()),
        Shape::Record(_) => What::Record,
        Shape::List { min, max, unique, .. } => {
            What::List(ListBounds { min: *min, max: *max, unique: *unique })
        }
    };
    found.push(Need { path: path.clone(), required: !node.absent_ok && !node.null_ok, what });
    match &node.shape {
        Shape::Any | Shape::AnyScalar | Shape::Scalar(_) => {}
        Shape::Record(fields) => {
            fields.iter().for_each(|field| walk(work, *field, &path, found));
        }
        Shape::List { element, .. } => walk(work, *element, &path, found),
    }
}
