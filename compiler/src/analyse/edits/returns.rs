//! Edits of what an endpoint answers: `change GET /x { return … }`.

use gatewright_grammar::tree::{
    EndpointMember, EndpointMemberKind, Entry, EntryKind, NumberLit, Object, Value, ValueKind,
};

/// Whether `member` is a `return`.
pub(crate) fn is_return(member: &EndpointMember) -> bool {
    matches!(member.kind, EndpointMemberKind::Return { .. })
}

/// Applies the `return`s of an edit to those of an endpoint, status by status.
///
/// One for a status that has one is merged into it: its entries replace those of the same name,
/// its `when` replaces the other. Where either side has several for a status, those of the edit
/// take the place of all. A `return` without a status means the only one there is.
pub(crate) fn edit(members: &mut Vec<EndpointMember>, new: &[&EndpointMember]) {
    let mut statuses: Vec<Option<String>> = new.iter().map(|one| status(one)).collect();
    statuses.dedup();
    for wanted in statuses {
        let new: Vec<&EndpointMember> =
            new.iter().copied().filter(|one| status(one) == wanted).collect();
        let returns: Vec<usize> = places(members, |_| true);
        let same = match (&wanted, returns.as_slice()) {
            (None, [_]) => returns,
            (Some(_), [only]) if members.get(*only).is_some_and(|one| status(one).is_none()) => {
                returns
            }
            _ => places(members, |one| status(one) == wanted),
        };
        match (same.as_slice(), new.as_slice()) {
            ([], _) => new.iter().for_each(|one| join(members, one)),
            ([at], [new]) => members.get_mut(*at).into_iter().for_each(|old| merge(old, new)),
            ([first, ..], _) => {
                for at in same.iter().rev() {
                    members.remove(*at);
                }
                members.splice(*first..*first, new.into_iter().cloned());
            }
        }
    }
}

fn places(members: &[EndpointMember], wanted: impl Fn(&EndpointMember) -> bool) -> Vec<usize> {
    let found = members.iter().enumerate().filter(|(_, one)| is_return(one) && wanted(one));
    found.map(|(at, _)| at).collect()
}

fn status(member: &EndpointMember) -> Option<String> {
    let EndpointMemberKind::Return { status, .. } = &member.kind else { return None };
    status.as_ref().map(|status: &NumberLit| status.text.clone())
}

/// A `return` with a condition stands before the one that always holds.
fn join(members: &mut Vec<EndpointMember>, new: &EndpointMember) {
    let always =
        |one: &EndpointMember| matches!(one.kind, EndpointMemberKind::Return { when: None, .. });
    let at = members.iter().position(always).filter(|_| !always(new));
    members.insert(at.unwrap_or(members.len()), new.clone());
}

fn merge(old: &mut EndpointMember, new: &EndpointMember) {
    let (
        EndpointMemberKind::Return { value: base, when: condition, status: before },
        EndpointMemberKind::Return { value, when, status },
    ) = (&mut old.kind, &new.kind)
    else {
        return;
    };
    match (base, value) {
        (Some(base), Some(value)) => merge_value(base, value),
        (base, value) => base.clone_from(value),
    }
    if when.is_some() {
        condition.clone_from(when);
    }
    if status.is_some() {
        before.clone_from(status);
    }
}

/// Entries of the edit replace entries of the same name; the others join. What was no object
/// becomes one that spreads it.
fn merge_value(base: &mut Value, new: &Value) {
    let ValueKind::Object(edit) = &new.kind else {
        *base = new.clone();
        return;
    };
    let mut entries = match &base.kind {
        ValueKind::Object(object) => object.entries.clone(),
        ValueKind::Ref(whole) if whole.projection.is_none() => {
            vec![Entry { kind: EntryKind::Spread(Some(whole.clone())), span: base.span }]
        }
        _ => Vec::new(),
    };
    for entry in &edit.entries {
        let same = |old: &&mut Entry| match (&old.kind, &entry.kind) {
            (EntryKind::Field(a, _), EntryKind::Field(b, _)) => a.text == b.text,
            _ => false,
        };
        match entries.iter_mut().find(same) {
            Some(old) => *old = entry.clone(),
            None => entries.push(entry.clone()),
        }
    }
    base.kind = ValueKind::Object(Object { entries, span: edit.span });
}
