//! Request targets: their parts, and the endpoint that answers one.

use super::{Around, Lower};
use crate::analyse::{percent_decode, values};
use crate::contract::Version;
use crate::contract::cases::Target;
use crate::contract::endpoint::{Endpoint, ParamKind, RouteSegment};
use crate::contract::types::{Const, NumberKind, Rule, Scalar};
use crate::diagnostic::{Code, Diagnostic};
use gatewright_grammar::tree::{Ident, SegmentPart};

/// What a request leads to.
pub(super) enum Met {
    /// The version and the endpoint in it, as indices.
    Endpoint((usize, usize)),
    /// An endpoint that is declared and was refused.
    Refused,
    Nothing,
}

impl Lower<'_, '_> {
    /// The parts of a request target; nothing and a finding if it is none.
    pub(super) fn target(&mut self, written: &Ident) -> Option<Target> {
        let found = parts(&written.text);
        if found.is_none() {
            self.diagnostics.push(
                Diagnostic::new(Code::InvalidPath, written.span, "this target cannot be sent")
                    .label("`%` stands before two hexadecimal digits, and UTF-8 is encoded"),
            );
        }
        found
    }
}

/// A request target in its parts; nothing where it is no UTF-8 or badly encoded.
pub(crate) fn parts(target: &str) -> Option<Target> {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let path = path.strip_prefix('/')?;
    let path = if path.is_empty() {
        Vec::new()
    } else {
        path.split('/').map(percent_decode).collect::<Option<_>>()?
    };
    let pair = |pair: &str| {
        let decode = |text: &str| percent_decode(&text.replace('+', " "));
        Some(match pair.split_once('=') {
            Some((name, value)) => (decode(name)?, Some(decode(value)?)),
            None => (decode(pair)?, None),
        })
    };
    let pairs = query.split('&').filter(|one| !one.is_empty());
    Some(Target { path, query: pairs.map(pair).collect::<Option<_>>()? })
}

/// The endpoint that a request leads to: of those that fit, the most literal one. The version is
/// the one with this label; without a label, that of the path.
pub(super) fn meet(
    around: &Around<'_>,
    label: Option<&str>,
    (method, path): (&str, &[String]),
) -> Met {
    let wanted = |other: &str| label.is_none_or(|label| label == other);
    match best(around.versions, label, (method, path)) {
        Some(at) => Met::Endpoint(at),
        None if around
            .flats
            .iter()
            .any(|flat| wanted(&flat.label) && is_declared(around, flat, method, path)) =>
        {
            Met::Refused
        }
        None => Met::Nothing,
    }
}

/// The best of the endpoints that fit, as indices of its version and in that.
pub(crate) fn best(
    versions: &[Version],
    label: Option<&str>,
    (method, path): (&str, &[String]),
) -> Option<(usize, usize)> {
    let mut best: Option<(Vec<u8>, (usize, usize))> = None;
    for (at, version) in versions.iter().enumerate() {
        if label.is_some_and(|label| label != version.label) {
            continue;
        }
        for (index, endpoint) in version.endpoints.iter().enumerate() {
            let Some(score) = score(endpoint, method, path) else { continue };
            if best.as_ref().is_none_or(|(other, _)| score > *other) {
                best = Some((score, (at, index)));
            }
        }
    }
    best.map(|(_, at)| at)
}

/// How well a path fits, segment by segment: best is a literal, then one with parameters in it,
/// then a parameter whose type accepts
/// the text, then the rest of the path, then a parameter that refuses it.
fn score(endpoint: &Endpoint, method: &str, path: &[String]) -> Option<Vec<u8>> {
    let same = endpoint.method == method || (method == "HEAD" && endpoint.method == "GET");
    let open = matches!(endpoint.route.last(), Some(RouteSegment::Rest(_)));
    let length = endpoint.route.len();
    let fits = if open { path.len() >= length } else { path.len() == length };
    if !same || !fits {
        return None;
    }
    let mut score = Vec::with_capacity(path.len());
    for (segment, text) in endpoint.route.iter().zip(path) {
        score.push(match segment {
            RouteSegment::Literal(literal) if literal == text => 4,
            RouteSegment::Literal(_) => return None,
            RouteSegment::Rest(_) => 1,
            RouteSegment::Parts(shape, of) => {
                let values = shape.split(text)?;
                let fits = of.iter().zip(values).all(|(at, value)| is_value(endpoint, *at, value));
                if fits { 3 } else { 0 }
            }
            RouteSegment::Param(_) if text.is_empty() => return None,
            RouteSegment::Param(index) if is_value(endpoint, *index, text) => 2,
            RouteSegment::Param(_) => 0,
        });
    }
    Some(score)
}

/// Whether a text of a path is a value of the parameter with this index.
fn is_value(endpoint: &Endpoint, index: usize, text: &str) -> bool {
    let kind = endpoint.params.get(index).map(|param| &param.kind);
    kind.is_none_or(|kind| match kind {
        ParamKind::One(scalar) | ParamKind::Many(scalar, _) => spells(scalar, text),
    })
}

/// Whether `text` in a path or query is a value of this scalar.
fn spells(scalar: &Scalar, text: &str) -> bool {
    let constant = match scalar.rule.plain() {
        Rule::Bool => match text {
            "true" => Const::Bool(true),
            "false" => Const::Bool(false),
            _ => return false,
        },
        Rule::Number(number) => {
            let digits = text.strip_prefix('-').unwrap_or(text);
            let fraction = number.kind != NumberKind::Int && number.kind != NumberKind::Int64;
            let fine = |byte: u8| byte.is_ascii_digit() || (fraction && byte == b'.');
            if digits.is_empty() || !digits.bytes().all(fine) {
                return false;
            }
            Const::Number(text.to_owned())
        }
        Rule::Text(_) | Rule::Enum(_) | Rule::AsText(_) => Const::Text(text.to_owned()),
    };
    values::scalar_accepts(&scalar.plain(), &constant).is_ok()
}

/// Whether the text of a version declares an endpoint for this path.
fn is_declared(
    around: &Around<'_>,
    flat: &crate::analyse::versions::Flat,
    method: &str,
    path: &[String],
) -> bool {
    let version = around.versions.iter().find(|version| version.label == flat.label);
    let Some(rest) = version.and_then(|version| {
        let prefix = &version.prefix;
        let front = path.get(..prefix.len())?;
        (front == prefix.as_slice()).then(|| path.get(prefix.len()..))?
    }) else {
        return false;
    };
    flat.endpoints.iter().any(|endpoint| {
        let paths = endpoint.prefix.iter().chain([&endpoint.tree.path]);
        let segments: Vec<_> = paths.flat_map(|path| &path.segments).collect();
        let tail = segments.last().is_some_and(|segment| {
            segment.parts.iter().any(|part| matches!(part, SegmentPart::Param { rest: true, .. }))
        });
        let fits = if tail { segments.len() <= rest.len() } else { segments.len() == rest.len() };
        let method = endpoint.tree.method.text == method
            || (method == "HEAD" && endpoint.tree.method.text == "GET");
        method
            && fits
            && segments.iter().zip(rest).all(|(segment, text)| match segment.parts.as_slice() {
                [SegmentPart::Text(literal)] => literal.text == *text,
                _ => true,
            })
    })
}

#[cfg(test)]
mod tests {
    use super::parts;

    #[test]
    fn a_target_is_decoded_part_by_part() {
        let target = parts("/a%2Fb/c?x=1&x=%C3%A9+y&flag&z=").expect("a target");
        assert_eq!(target.path, ["a/b", "c"]);
        let value = |text: &str| Some(text.to_owned());
        let query = [("x", value("1")), ("x", value("é y")), ("flag", None), ("z", value(""))];
        assert_eq!(target.query, query.map(|(name, value)| (name.to_owned(), value)));
        assert_eq!(parts("/").expect("a target").path, Vec::<String>::new());
        assert_eq!(parts("/%zz"), None);
    }
}
