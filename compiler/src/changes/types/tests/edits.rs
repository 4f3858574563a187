//! Edits of types, thrown with dice.

use super::*;

/// Another type that is much the same.
pub(super) fn edited(dice: &mut Dice, old: &Spec, depth: u64) -> Spec {
    let mut new = old.clone();
    if dice.once_in(8) {
        new.null = !new.null;
        return new;
    }
    if dice.once_in(12) {
        return spec(dice, depth);
    }
    match &mut new.of {
        Of::Text { min, max, pattern } => match dice.roll(4) {
            0 => *min = dice.roll(4).min(max.unwrap_or(9)),
            1 => *max = (!dice.once_in(3)).then(|| *min + dice.roll(4)),
            2 => *pattern = None,
            _ => *pattern = Some(self::pattern(dice)),
        },
        Of::Number { kind, min, max } => match dice.roll(4) {
            0 => *min = None,
            1 => *max = None,
            2 => {
                *kind =
                    dice.pick(&[NumberKind::Int, NumberKind::Number, NumberKind::Decimal(4, 2)]);
            }
            _ => {
                let shift = |bound: &mut Option<(i128, bool)>, by: i128| {
                    if let Some((at, closed)) = bound {
                        *at += by;
                        *closed = !*closed;
                    }
                };
                shift(min, -ONE);
                shift(max, if dice.once_in(2) { ONE } else { 0 });
            }
        },
        Of::Enum(values, rest) => match dice.roll(3) {
            0 => *values = words(dice),
            1 => *rest = dice.pick(&[Rest::Closed, Rest::Open, Rest::Becomes("red".into())]),
            _ => values.reverse(),
        },
        Of::List { of, min, max, unique } => match dice.roll(4) {
            0 => *unique = !*unique,
            1 => *min = dice.roll(3).min(max.unwrap_or(9)),
            2 => *max = (!dice.once_in(3)).then(|| *min + 1 + dice.roll(3)),
            _ => **of = edited(dice, of, depth.saturating_sub(1)),
        },
        Of::Record(fields) => edit_members(dice, fields, depth),
        Of::Map { key, of, min, max } => match dice.roll(4) {
            0 => **key = edited_key(dice, key),
            1 => *min = dice.roll(2).min(max.unwrap_or(9)),
            2 => *max = (!dice.once_in(3)).then(|| *min + dice.roll(3)),
            _ => **of = edited(dice, of, depth.saturating_sub(1)),
        },
        Of::Union { tag, variants } => edit_union(dice, (tag, variants), depth),
        Of::Again => {}
        Of::Bool | Of::Day | Of::Json => new = spec(dice, depth),
    }
    new
}

/// A key stays a text.
fn edited_key(dice: &mut Dice, key: &Spec) -> Spec {
    let of = match &key.of {
        Of::Enum(..) if dice.once_in(2) => Of::Enum(words(dice), Rest::Closed),
        _ => text(dice),
    };
    Spec { null: false, of }
}

fn edit_union(
    dice: &mut Dice,
    (tag, variants): (&mut &'static str, &mut Vec<(&'static str, Vec<Member>)>),
    depth: u64,
) {
    let at = dice.roll(variants.len() as u64) as usize;
    match dice.roll(6) {
        0 => *tag = dice.pick(&["kind", "sort"]),
        1 if variants.len() > 1 => drop(variants.remove(at)),
        2 => {
            let free = VARIANTS.iter().find(|name| variants.iter().all(|one| one.0 != **name));
            variants.extend(free.map(|name| (*name, members(dice, depth.max(1)))));
        }
        3 => {
            let free = VARIANTS.iter().find(|name| variants.iter().all(|one| one.0 != **name));
            if let Some(name) = free {
                variants[at].0 = name;
            }
        }
        _ => edit_members(dice, &mut variants[at].1, depth),
    }
}

/// A record with a tag that became a union, or the other way round.
pub(super) fn across(dice: &mut Dice, old: &Spec) -> Option<Spec> {
    let tagged = |names: Vec<&'static str>| Member {
        name: "kind",
        optional: false,
        ty: Spec { null: false, of: Of::Enum(names, Rest::Closed) },
    };
    let of = match &old.of {
        Of::Union { variants, .. } => {
            let (name, fields) = dice.pick(variants);
            let names = if dice.once_in(3) { vec![name, "points"] } else { vec![name] };
            let names = if names == ["points", "points"] { vec!["points"] } else { names };
            Of::Record(std::iter::once(tagged(names)).chain(fields).collect())
        }
        Of::Record(fields) => {
            let fields: Vec<Member> =
                fields.iter().filter(|field| field.name != "kind").cloned().collect();
            let mut variants = vec![("card", fields)];
            if dice.once_in(2) {
                variants.push(("cash", Vec::new()));
            }
            Of::Union { tag: "kind", variants }
        }
        _ => return None,
    };
    Some(Spec { null: old.null, of })
}

fn edit_members(dice: &mut Dice, fields: &mut Vec<Member>, depth: u64) {
    let at = dice.roll(fields.len().max(1) as u64) as usize;
    if fields.get(at).is_some_and(|field| leads_back(&field.ty)) {
        // It would lead on for ever if it had to be there.
        if dice.once_in(2) {
            fields.remove(at);
        }
        return;
    }
    match (dice.roll(4), fields.is_empty()) {
        (0, false) => drop(fields.remove(at)),
        (1, _) => {
            let free = NAMES.iter().find(|name| fields.iter().all(|f| f.name != **name));
            fields.extend(free.map(|name| member(dice, name, depth.max(1))));
        }
        (2, false) => fields[at].optional = !fields[at].optional,
        (_, false) => {
            let old = fields[at].ty.clone();
            fields[at].ty = edited(dice, &old, depth.saturating_sub(1));
        }
        (_, true) => {}
    }
}
