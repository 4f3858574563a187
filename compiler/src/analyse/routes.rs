//! No request matches two endpoints.
//!
//! Two routes may overlap where one is at least as literal in every segment: the literal one
//! wins. Parameters in the same place must be disjoint, or the routes are one.

use crate::contract::endpoint::{Endpoint, Param, ParamKind, RouteSegment};
use crate::contract::types::{Const, Enumeration, Format, Rest, Rule, Scalar};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::pattern;
use std::collections::HashMap;

/// Reports endpoints of one version that answer the same requests.
pub(crate) fn check(endpoints: &[Endpoint], diagnostics: &mut Diagnostics) {
    // Only routes with equal method, length and first literal behind the prefix can meet often
    // enough to matter: the groups keep large contracts out of quadratic time.
    let mut groups: HashMap<(&str, usize), Vec<&Endpoint>> = HashMap::new();
    for new in endpoints {
        let group = groups.entry((new.method.as_str(), new.route.len())).or_default();
        for old in group.iter() {
            if let Some(diagnostic) = compare(old, new) {
                diagnostics.push(diagnostic);
                break;
            }
        }
        group.push(new);
    }
}

/// How two segments in the same place relate.
#[derive(Clone, PartialEq)]
enum Meeting {
    /// No text is both.
    Apart,
    /// They accept the same texts as far as can be told.
    Equal,
    /// Both are parameters; this text is both.
    Both(String),
    /// The first is literal, the second a parameter that accepts it.
    FirstIsLiteral,
    /// The other way round.
    SecondIsLiteral,
}

fn compare(old: &Endpoint, new: &Endpoint) -> Option<Diagnostic> {
    let mut meetings = Vec::with_capacity(new.route.len());
    for (a, b) in old.route.iter().zip(&new.route) {
        let meeting = meet((old, a), (new, b));
        if meeting == Meeting::Apart {
            return None;
        }
        meetings.push(meeting);
    }
    let any = |wanted: fn(&Meeting) -> bool| meetings.iter().any(wanted);
    let first = any(|meeting| *meeting == Meeting::FirstIsLiteral);
    let second = any(|meeting| *meeting == Meeting::SecondIsLiteral);
    let both = any(|meeting| matches!(meeting, Meeting::Both(_)));
    match (first, second, both) {
        (false, false, false) => Some(same(old, new)),
        (true, false, false) | (false, true, false) => None,
        _ => Some(ambiguous(old, new, &witness(old, new, &meetings))),
    }
}

fn meet((old, a): (&Endpoint, &RouteSegment), (new, b): (&Endpoint, &RouteSegment)) -> Meeting {
    let param = |endpoint: &'_ Endpoint, index: usize| endpoint.params.get(index).cloned();
    match (a, b) {
        (RouteSegment::Literal(a), RouteSegment::Literal(b)) => {
            if a == b {
                Meeting::Equal
            } else {
                Meeting::Apart
            }
        }
        (RouteSegment::Literal(text), RouteSegment::Param(at)) => match param(new, *at) {
            Some(param) if accepts(&param, text) => Meeting::FirstIsLiteral,
            _ => Meeting::Apart,
        },
        (RouteSegment::Param(at), RouteSegment::Literal(text)) => match param(old, *at) {
            Some(param) if accepts(&param, text) => Meeting::SecondIsLiteral,
            _ => Meeting::Apart,
        },
        (RouteSegment::Param(a), RouteSegment::Param(b)) => {
            match (param(old, *a), param(new, *b)) {
                (Some(a), Some(b)) => params(&a, &b),
                _ => Meeting::Apart,
            }
        }
    }
}

fn scalar(param: &Param) -> &Scalar {
    match &param.kind {
        ParamKind::One(scalar) | ParamKind::Many(scalar, _) => scalar,
    }
}

fn accepts(param: &Param, text: &str) -> bool {
    let constant = match &scalar(param).rule {
        Rule::Text(_) | Rule::Enum(_) => Const::Text(text.to_owned()),
        Rule::Bool if text == "true" || text == "false" => Const::Bool(text == "true"),
        Rule::Number(_) if text.parse::<f64>().is_ok() => Const::Number(text.to_owned()),
        Rule::Bool | Rule::Number(_) => return false,
    };
    super::values::scalar_accepts(scalar(param), &constant).is_ok()
}

fn params(a: &Param, b: &Param) -> Meeting {
    let (a, b) = (scalar(a), scalar(b));
    if a.rule == b.rule {
        return Meeting::Equal;
    }
    if let (Some(a), Some(b)) = (table(&a.rule), table(&b.rule)) {
        return pattern::common(&a, &b).map_or(Meeting::Apart, Meeting::Both);
    }
    Meeting::Both("…".into())
}

/// The texts a rule accepts, at least: lengths and numeric bounds are left out.
fn table(rule: &Rule) -> Option<pattern::Table> {
    let regex = match rule {
        Rule::Text(text) => match (&text.pattern, text.format) {
            (Some(pattern), _) => pattern.clone(),
            (None, Some(Format::Uuid)) => {
                "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}".into()
            }
            (None, Some(Format::Date)) => "[0-9]{4}-[0-9]{2}-[0-9]{2}".into(),
            (None, _) => "(?s:.)+".into(),
        },
        Rule::Number(_) => "-?[0-9]+(\\.[0-9]+)?([eE][+-]?[0-9]+)?".into(),
        Rule::Bool => "true|false".into(),
        Rule::Enum(Enumeration { rest: Rest::Open, .. }) => "(?s:.)+".into(),
        Rule::Enum(values) => {
            let escape = |text: &str| {
                text.chars().fold(String::new(), |mut escaped, char| {
                    if !char.is_alphanumeric() {
                        escaped.push('\\');
                    }
                    escaped.push(char);
                    escaped
                })
            };
            values.values.iter().map(|(_, wire)| escape(wire)).collect::<Vec<_>>().join("|")
        }
    };
    pattern::table(&regex).ok()
}

fn witness(old: &Endpoint, new: &Endpoint, meetings: &[Meeting]) -> String {
    let segments = old.route.iter().zip(&new.route).zip(meetings);
    let text = segments.map(|((a, b), meeting)| match (a, b, meeting) {
        (RouteSegment::Literal(text), _, _) | (_, RouteSegment::Literal(text), _) => text.clone(),
        (_, _, Meeting::Both(text)) => text.clone(),
        _ => "…".into(),
    });
    text.map(|segment| format!("/{segment}")).collect()
}

fn same(old: &Endpoint, new: &Endpoint) -> Diagnostic {
    let anonymous = |segment: &RouteSegment| match segment {
        RouteSegment::Literal(text) => format!("/{text}"),
        RouteSegment::Param(_) => "/{…}".into(),
    };
    let route: String = new.route.iter().map(anonymous).collect();
    Diagnostic::new(
        Code::DuplicateRoute,
        new.span,
        format!("two endpoints answer `{} {route}`", new.method),
    )
    .label("matches exactly the same requests")
    .see(old.span, "first declared here")
    .note("the name of a parameter does not distinguish two routes")
    .help("delete one of them, or use `change` to edit an inherited endpoint")
}

fn ambiguous(old: &Endpoint, new: &Endpoint, witness: &str) -> Diagnostic {
    Diagnostic::new(Code::AmbiguousRoutes, new.span, "some requests match both of these routes")
        .label(format!("… and this one: `{witness}` is both"))
        .see(old.span, "this route …")
        .note("two parameters in the same place must have patterns that cannot meet")
        .help("narrow one of them with a pattern that the other never matches")
        .help("or give it a path of its own")
}
