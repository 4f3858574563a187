//! The declared place that a violation is counted under, whatever a caller wrote.

use crate::check::Place;
use crate::contract::Endpoint;

/// The place in the endpoint's own list. What is wrong somewhere in a body counts under the nearest
/// place around it that is listed: names in a pointer may be the caller's own.
pub(super) fn of(endpoint: &Endpoint, place: &Place) -> Option<usize> {
    let (part, name) = match place {
        Place::Path(name) => ("path", *name),
        Place::Query(name) => ("query", &**name),
        Place::Header(name) => ("header", *name),
        Place::Cookie(name) => ("cookie", *name),
        Place::Body(pointer) => return in_body(endpoint, pointer),
    };
    endpoint.places.iter().position(|one| *one == (part, name))
}

/// Of all places that the pointer leads through, the one with the most of its steps.
fn in_body(endpoint: &Endpoint, pointer: &str) -> Option<usize> {
    let listed = endpoint.places.iter().enumerate().filter(|(_, (part, _))| *part == "body");
    let through = listed.filter_map(|(at, (_, name))| Some((steps(name, pointer)?, at)));
    through.max_by_key(|(steps, at)| (*steps, usize::MAX - at)).map(|(_, at)| at)
}

/// How many steps a name has, `lines[].sku`, if a pointer (RFC 6901) leads through it.
fn steps(name: &str, pointer: &str) -> Option<usize> {
    let mut tokens = pointer.split('/').skip(1);
    let mut steps = 0;
    for member in name.split('.') {
        let own = member.trim_end_matches("[]");
        if !own.is_empty() {
            let token = tokens.next()?;
            let same = token == own || token.contains('~') && unescaped(token) == own;
            same.then_some(())?;
            steps += 1;
        }
        for _ in 0..(member.len() - own.len()) / "[]".len() {
            tokens.next()?;
            steps += 1;
        }
    }
    Some(steps)
}

fn unescaped(token: &str) -> String {
    token.replace("~1", "/").replace("~0", "~")
}

#[cfg(test)]
mod tests {
    use super::steps;

    #[test]
    fn a_name_holds_what_its_steps_lead_to() {
        for (name, pointer, expected) in [
            ("", "", Some(0)),
            ("", "/lines/0", Some(0)),
            ("lines", "/lines/0/sku", Some(1)),
            ("lines[]", "/lines/0/sku", Some(2)),
            ("lines[].sku", "/lines/0/sku", Some(3)),
            ("lines[].sku", "/lines/0", None),
            ("lines[].sku", "/other/0/sku", None),
            ("[].sku", "/3/sku", Some(2)),
            ("grid[][]", "/grid/1/2", Some(3)),
            ("a/b", "/a~1b", Some(1)),
        ] {
            assert_eq!(steps(name, pointer), expected, "{name} {pointer}");
        }
    }
}
