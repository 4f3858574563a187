//! No request matches two endpoints.
//!
//! Two routes may overlap where one is at least as literal in every segment: the literal one
//! wins. Parameters in the same place must be disjoint, or the routes are one.

mod near;
pub(crate) mod shapes;

use self::near::Tree;
use super::values::scalar_accepts;
use crate::contract::endpoint::{Param, ParamKind, RouteSegment};
use crate::contract::types::{Const, Enumeration, Format, Rest, Rule, Scalar};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::pattern;
use gatewright_grammar::Span;
use std::collections::HashMap;

/// The requests that an endpoint answers.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    pub(crate) method: String,
    /// The path, version prefix included.
    pub(crate) segments: Vec<RouteSegment>,
    /// How many segments the version prefix has.
    pub(crate) prefix: usize,
    /// `/products/{id}`: the path without prefix and types.
    pub(crate) template: String,
    /// `/products/{id: Sku}`: the same with types, as far as its author wrote them.
    pub(crate) written: String,
    pub(crate) params: Vec<Param>,
    /// Method and path.
    pub(crate) span: Span,
    /// The path.
    pub(crate) path: Span,
}

/// Reports routes of one version that answer the same requests.
pub(crate) fn check(routes: &[Route], diagnostics: &mut Diagnostics) {
    // Routes of different length or method never meet, nor do those with different literals in one
    // place: that keeps large contracts out of quadratic time.
    let mut groups: HashMap<(&str, usize), Tree<'_>> = HashMap::new();
    // One for the rest of a path may meet any that is not shorter.
    let mut rests: HashMap<&str, Vec<&Route>> = HashMap::new();
    for (at, new) in routes.iter().enumerate() {
        let method = new.method.as_str();
        let found = if new.has_rest() {
            let before = routes.iter().take(at).filter(|old| old.method == method);
            let found = before.filter_map(|old| compare(old, new)).next();
            rests.entry(method).or_default().push(new);
            found
        } else {
            let group = groups.entry((method, new.segments.len())).or_default();
            let near = group.near(&new.segments);
            let near = near.into_iter().filter_map(|old| routes.get(old));
            let rest = rests.get(method).into_iter().flatten().copied();
            let found = near.chain(rest).filter_map(|old| compare(old, new)).next();
            group.insert(&new.segments, at);
            found
        };
        if let Some(found) = found {
            diagnostics.push(found);
        }
    }
}

impl Route {
    fn has_rest(&self) -> bool {
        matches!(self.segments.last(), Some(RouteSegment::Rest(_)))
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
    /// The first is more literal: a text, where the second is a parameter that accepts it, or
    /// anything where the second is the rest of a path.
    FirstIsLiteral,
    /// The other way round.
    SecondIsLiteral,
}

fn compare(old: &Route, new: &Route) -> Option<Diagnostic> {
    let mut meetings = Vec::with_capacity(new.segments.len());
    for at in 0.. {
        let meeting = match (old.segments.get(at), new.segments.get(at)) {
            (Some(RouteSegment::Rest(_)), Some(RouteSegment::Rest(_))) => Meeting::Equal,
            (Some(_), Some(RouteSegment::Rest(_))) => Meeting::FirstIsLiteral,
            (Some(RouteSegment::Rest(_)), Some(_)) => Meeting::SecondIsLiteral,
            (Some(a), Some(b)) => meet((old, a), (new, b)),
            (None, None) => break,
            (None, _) | (_, None) => return None,
        };
        if meeting == Meeting::Apart {
            return None;
        }
        meetings.push(meeting);
        let rest = |route: &Route| matches!(route.segments.get(at), Some(RouteSegment::Rest(_)));
        if rest(old) || rest(new) {
            break;
        }
    }
    let any = |wanted: fn(&Meeting) -> bool| meetings.iter().any(wanted);
    let first = any(|meeting| *meeting == Meeting::FirstIsLiteral);
    let second = any(|meeting| *meeting == Meeting::SecondIsLiteral);
    let both = any(|meeting| matches!(meeting, Meeting::Both(_)));
    match (first, second, both) {
        (false, false, false) => Some(same(old, new)),
        (true, false, false) | (false, true, false) => None,
        _ => Some(ambiguous(old, new, &meetings)),
    }
}

fn param(route: &Route, index: usize) -> Option<&Param> {
    route.params.get(index)
}

fn meet((old, a): (&Route, &RouteSegment), (new, b): (&Route, &RouteSegment)) -> Meeting {
    match (a, b) {
        (RouteSegment::Literal(a), RouteSegment::Literal(b)) => {
            if a == b {
                Meeting::Equal
            } else {
                Meeting::Apart
            }
        }
        (RouteSegment::Literal(text), RouteSegment::Param(at)) => match param(new, *at) {
            Some(param) if accepts(param, text) => Meeting::FirstIsLiteral,
            _ => Meeting::Apart,
        },
        (RouteSegment::Param(at), RouteSegment::Literal(text)) => match param(old, *at) {
            Some(param) if accepts(param, text) => Meeting::SecondIsLiteral,
            _ => Meeting::Apart,
        },
        (RouteSegment::Param(a), RouteSegment::Param(b)) => {
            match (param(old, *a), param(new, *b)) {
                (Some(a), Some(b)) => params(a, b),
                _ => Meeting::Apart,
            }
        }
        (RouteSegment::Parts(shape, of), RouteSegment::Literal(text)) => {
            match shapes::accepts(shape, of, old, text) {
                true => Meeting::SecondIsLiteral,
                false => Meeting::Apart,
            }
        }
        (RouteSegment::Literal(text), RouteSegment::Parts(shape, of)) => {
            match shapes::accepts(shape, of, new, text) {
                true => Meeting::FirstIsLiteral,
                false => Meeting::Apart,
            }
        }
        (RouteSegment::Parts(shape, of), RouteSegment::Param(at)) => match param(new, *at) {
            Some(param) if shapes::meets((shape, of, old), param) => Meeting::FirstIsLiteral,
            _ => Meeting::Apart,
        },
        (RouteSegment::Param(at), RouteSegment::Parts(shape, of)) => match param(old, *at) {
            Some(param) if shapes::meets((shape, of, new), param) => Meeting::SecondIsLiteral,
            _ => Meeting::Apart,
        },
        (RouteSegment::Parts(a, of_a), RouteSegment::Parts(b, of_b)) => {
            shapes::meet((a, of_a, old), (b, of_b, new))
        }
        // What the rest of a path meets, `compare` knows.
        (RouteSegment::Rest(_), _) | (_, RouteSegment::Rest(_)) => Meeting::Apart,
    }
}

fn scalar(param: &Param) -> &Scalar {
    match &param.kind {
        ParamKind::One(scalar) | ParamKind::Many(scalar, _) => scalar,
    }
}

fn accepts(param: &Param, text: &str) -> bool {
    let constant = match scalar(param).rule.plain() {
        Rule::Text(_) | Rule::Enum(_) => Const::Text(text.to_owned()),
        Rule::Bool if text == "true" || text == "false" => Const::Bool(text == "true"),
        Rule::Number(_) if text.parse::<f64>().is_ok() => Const::Number(text.to_owned()),
        Rule::Bool | Rule::Number(_) | Rule::AsText(_) => return false,
    };
    scalar_accepts(scalar(param), &constant).is_ok()
}

fn params(a: &Param, b: &Param) -> Meeting {
    let (first, second) = (scalar(a), scalar(b));
    if first.rule == second.rule {
        return Meeting::Equal;
    }
    // An example that both accept says more than a made-up text.
    let examples = [&a.example, &b.example].into_iter().flatten().filter_map(Const::plain);
    if let Some(example) = examples.into_iter().find(|text| accepts(a, text) && accepts(b, text)) {
        return Meeting::Both(example);
    }
    if let (Some(a), Some(b)) = (table(&first.rule), table(&second.rule)) {
        return pattern::common(&a, &b).map_or(Meeting::Apart, Meeting::Both);
    }
    Meeting::Both("…".into())
}

/// The texts a rule accepts, at least: lengths and numeric bounds are left out.
fn table(rule: &Rule) -> Option<pattern::Table> {
    pattern::table(&regex(rule)).ok()
}

/// The same as a pattern.
fn regex(rule: &Rule) -> String {
    match rule {
        Rule::Text(text) => match (&text.pattern, text.format) {
            (Some(pattern), _) => pattern.clone(),
            (None, Some(Format::Uuid)) => {
                "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}".into()
            }
            (None, Some(Format::Date)) => "[0-9]{4}-[0-9]{2}-[0-9]{2}".into(),
            (None, _) => "(?s:.)+".into(),
        },
        Rule::Number(_) => "-?[0-9]+(\\.[0-9]+)?([eE][+-]?[0-9]+)?".into(),
        Rule::AsText(inner) => regex(inner),
        Rule::Bool => "true|false".into(),
        Rule::Enum(Enumeration { rest: Rest::Open, .. }) => "(?s:.)+".into(),
        Rule::Enum(values) => {
            values.values.iter().map(|(_, wire)| escape(wire)).collect::<Vec<_>>().join("|")
        }
    }
}

/// A pattern for one text.
fn escape(text: &str) -> String {
    text.chars().fold(String::new(), |mut escaped, char| {
        if !char.is_alphanumeric() {
            escaped.push('\\');
        }
        escaped.push(char);
        escaped
    })
}

/// A path that is both, without the version's prefix.
fn witness(old: &Route, new: &Route, meetings: &[Meeting]) -> String {
    let length = old.segments.len().max(new.segments.len());
    let text = (0..length).map(|at| match (old.segments.get(at), new.segments.get(at)) {
        (Some(RouteSegment::Literal(text)), _) | (_, Some(RouteSegment::Literal(text))) => {
            text.clone()
        }
        _ => match meetings.get(at) {
            Some(Meeting::Both(text)) => text.clone(),
            _ => shapes::example(old.segments.get(at)).unwrap_or_else(|| "…".into()),
        },
    });
    text.skip(new.prefix).map(|segment| format!("/{segment}")).collect()
}

fn same(old: &Route, new: &Route) -> Diagnostic {
    let anonymous = |segment: &RouteSegment| match segment {
        RouteSegment::Literal(text) => format!("/{text}"),
        RouteSegment::Param(_) => "/{…}".into(),
        RouteSegment::Parts(shape, of) => {
            format!("/{}", shape.join(&vec!["{…}".to_owned(); of.len()]))
        }
        RouteSegment::Rest(_) => "/{…*}".into(),
    };
    let route: String = new.segments.iter().skip(new.prefix).map(anonymous).collect();
    let message = format!("two endpoints answer `{} {route}`", new.method);
    let diagnostic = Diagnostic::new(Code::DuplicateRoute, new.span, message)
        .label("matches exactly the same requests")
        .see(old.span, "first declared here");
    let diagnostic = match old.template == new.template {
        true => diagnostic,
        false => diagnostic.note("the name of a parameter does not distinguish two routes"),
    };
    diagnostic.help(format!(
        "delete one of them, or use `change {} {} {{ … }}` to edit an inherited endpoint",
        old.method, old.template
    ))
}

fn ambiguous(old: &Route, new: &Route, meetings: &[Meeting]) -> Diagnostic {
    let witness = witness(old, new, meetings);
    let diagnostic = Diagnostic::new(
        Code::AmbiguousRoutes,
        new.path,
        "some requests match both of these routes",
    )
    .label(format!("… and this one: `{witness}` is both"))
    .see(old.path, "this route …");
    let both = |meeting: &Meeting| matches!(meeting, Meeting::Both(_));
    let Some(at) = meetings.iter().position(both) else {
        return diagnostic
            .note("each is literal where the other is not, so neither comes first")
            .help("give one of them a path of its own");
    };
    let param = |route: &Route| match route.segments.get(at) {
        Some(RouteSegment::Param(at)) => route.params.get(*at).cloned(),
        _ => None,
    };
    if [old, new].iter().any(|one| matches!(one.segments.get(at), Some(RouteSegment::Parts(..)))) {
        return diagnostic
            .note("of two such segments, one must hold whatever the other does, or nothing of it")
            .help("give one of them a path of its own, or patterns that tell them apart");
    }
    let diagnostic =
        diagnostic.note("two parameters in the same place must have patterns that cannot meet");
    let (Some(first), Some(second)) = (param(old), param(new)) else { return diagnostic };
    let text = matches!(&scalar(&second).rule, Rule::Text(text) if text.pattern.is_none());
    let narrow = match apart(&first).filter(|_| text) {
        Some(regex) => {
            format!("narrow the second, for example `{{{}: text({regex})}}`", second.name)
        }
        None => "narrow one of them with a pattern that the other never matches".to_owned(),
    };
    let hole = format!("{{{}", second.name);
    let path = new.written.replacen(&hole, &format!("by-{}/{hole}", second.name), 1);
    diagnostic.help(narrow).help(format!("or give it its own path: `{} {path}`", new.method))
}

/// A pattern for texts that `param` never accepts.
fn apart(param: &Param) -> Option<&'static str> {
    let taken = table(&scalar(param).rule)?;
    let free = |regex: &&str| {
        let inner = regex.trim_matches('/');
        pattern::table(inner).is_ok_and(|table| pattern::common(&table, &taken).is_none())
    };
    ["/[a-z]+(-[a-z]+)*/", "/[0-9]+/", "/[A-Z][A-Z0-9]*/"].into_iter().find(free)
}

#[cfg(test)]
mod tests {
    use crate::testing::in_endpoint;

    /// The codes found for two paths beside each other.
    fn both(first: &str, second: &str) -> Vec<String> {
        let found = in_endpoint(&format!(
            "GET {first} -> 204 {{ public }}\n GET {second} -> 204 {{ public }}"
        ));
        let codes = found.iter().filter_map(|one| one.split(':').next());
        codes.filter(|code| *code != "unused-parameter").map(str::to_owned).collect()
    }

    #[test]
    fn the_more_literal_route_wins_where_it_is_as_literal_everywhere() {
        assert!(both("/a/{x: text}", "/a/top").is_empty());
        assert!(both("/a/{x: text}/{y: text}", "/a/{x: text}/top").is_empty());
        assert_eq!(both("/a/{x: text}/top", "/a/main/{y: text}"), ["ambiguous-routes"]);
    }

    #[test]
    fn parameters_in_the_same_place_are_equal_or_disjoint() {
        assert_eq!(both("/{x: text}", "/{y: text}"), ["duplicate-route"]);
        assert!(both("/{x: text(/[a-m]+/)}", "/{y: text(/[n-z]+/)}").is_empty());
        assert_eq!(both("/{x: text(/[a-m]+/)}", "/{y: text(/[m-z]+/)}"), ["ambiguous-routes"]);
        assert!(both("/{x: int}", "/{y: uuid}").is_empty());
        assert!(both("/{x: int}", "/{y: enum { a b }}").is_empty());
        assert_eq!(both("/{x: text}", "/{y: date}"), ["ambiguous-routes"]);
    }

    #[test]
    fn a_literal_that_a_parameter_refuses_is_apart() {
        assert!(both("/{x: int}/top", "/main/{y: text}").is_empty());
        assert_eq!(both("/{x: text}/top", "/main/{y: text}"), ["ambiguous-routes"]);
        assert!(both("/{x: text(5)}/top", "/main/{y: text}").is_empty(), "`main` has four letters");
    }

    #[test]
    fn the_rest_of_a_path_comes_after_everything_else() {
        assert!(both("/{p*}", "/a").is_empty());
        assert!(both("/a/{x: text}", "/a/{p*}").is_empty());
        assert!(both("/a/{p*}", "/a/{x: text}/b/c").is_empty());
        assert!(both("/{p*}", "/a/{q*}").is_empty());
        assert!(both("/a/{x: text}/{p*}", "/a/{q*}").is_empty());
        assert!(both("/a/{p*}", "/b/{x: text}/c").is_empty());
        assert!(both("/a/b/{p*}", "/a/b").is_empty(), "there is no segment left");
        assert_eq!(both("/a/{p*}", "/a/{q*}"), ["duplicate-route"]);
        assert_eq!(both("/a/main/{p*}", "/a/{x: text}/top"), ["ambiguous-routes"]);
        assert_eq!(both("/a/{x: text}/top", "/a/main/{p*}"), ["ambiguous-routes"]);
        assert_eq!(both("/{x: text}/{p*}", "/{y: text(3)}/a"), ["ambiguous-routes"]);
    }

    #[test]
    fn segments_with_parts_stand_between_literals_and_parameters() {
        assert!(both("/{x}.json", "/all.json").is_empty());
        assert!(both("/{x}.json", "/{y: text}").is_empty());
        assert!(both("/{x}.json", "/{p*}").is_empty());
        assert!(both("/{x}.json", "/{y}.xml").is_empty());
        assert!(both("/{x}.json", "/{y: int}").is_empty());
        assert!(both("/{x}.json", "/{y}.{kind}").is_empty(), "whatever is `.json` has a kind");
        assert!(both("/v{n: int}", "/{x}.json").is_empty(), "`1.json` is no int");
        assert!(both("/{x: int}-{y}", "/{x: text(/[a-z]+/)}-{y}").is_empty());
        assert_eq!(both("/{x}.json", "/{y}.json"), ["duplicate-route"]);
        assert_eq!(both("/{x}-{y}", "/{a}-{b}"), ["duplicate-route"]);
        assert_eq!(both("/v{n}", "/{x}.json"), ["ambiguous-routes"]);
        assert_eq!(both("/{x: int}-{y}", "/{x: text}-{y}"), ["ambiguous-routes"]);
        assert_eq!(both("/{x}.json/{y: text}", "/{x: text}/top"), ["ambiguous-routes"]);
    }

    #[test]
    fn routes_that_are_far_apart_in_the_text_meet_all_the_same() {
        let many = |between: &str| {
            let others = (0..40).map(|at| format!("GET /a{at}/{{x: int}}/b -> 204 {{ public }}\n"));
            let found = in_endpoint(&format!(
                "GET /{{x: text}}/top/b -> 204 {{ public }}\n {}GET {between} -> 204 {{ public }}",
                others.collect::<String>()
            ));
            let codes = found.iter().filter_map(|one| one.split(':').next());
            codes.filter(|code| *code != "unused-parameter").count()
        };
        assert_eq!(many("/a7/{y: int}/b"), 1, "the same as one in the middle");
        assert_eq!(many("/c/{y: text}/b"), 1, "ambiguous with the first");
        assert_eq!(many("/c/{y: int}/b"), 0);
        assert_eq!(many("/{y: text}/{z: int}/b"), 0, "all others are more literal");
    }

    #[test]
    fn method_and_length_tell_routes_apart() {
        assert!(in_endpoint("GET /a -> 204 { public }\n POST /a -> 204 { public }").is_empty());
        assert!(both("/a", "/a/b").is_empty());
    }
}
