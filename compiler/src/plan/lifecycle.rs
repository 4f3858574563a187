//! What callers are told about the end of versions and endpoints.

use crate::analyse::{days, http_date};
use crate::contract::{Contract, Endpoint, Lifecycle, RouteSegment, Selection, Successor, Version};

/// What callers of a deprecated endpoint are told.
#[derive(Clone, Debug)]
pub enum Told {
    /// What they are told about its version.
    AsVersion,
    /// Something else.
    Own(LifecyclePlan),
}

/// Header fields about the end of something.
#[derive(Clone, Debug)]
pub struct LifecyclePlan {
    /// `Deprecation` (RFC 9745): `@1788220800`.
    pub deprecation: Option<String>,
    /// When it may go.
    pub sunset: Option<SunsetPlan>,
    /// `Link` values.
    pub links: Vec<String>,
}

/// When something may go.
#[derive(Clone, Debug)]
pub struct SunsetPlan {
    /// `Sunset` (RFC 8594): an HTTP date.
    pub date: String,
    /// The same in seconds since 1970.
    pub at: u64,
    /// When it goes by itself, in seconds since 1970.
    pub ends: Option<u64>,
}

/// Where callers find what takes the place of an endpoint.
#[derive(Clone, Debug)]
pub enum SuccessorPlan {
    /// At the same path behind another prefix.
    Prefix(String, String),
    /// At another path.
    Path(Vec<Piece>),
    /// At a path that needs more than this one has (RFC 6570).
    Template(String),
}

/// A piece of a path.
#[derive(Clone, Debug)]
pub enum Piece {
    /// Encoded text.
    Text(String),
    /// The segment of the request's path with this index.
    Segment(usize),
    /// That one and all behind it.
    Rest(usize),
}

/// What callers are told about the end of an endpoint: its own words before its version's, part by
/// part. Nothing outlives its version.
pub(crate) fn told(version: &Version, endpoint: &Endpoint) -> Option<Told> {
    let (own, around) = (&endpoint.lifecycle, &version.lifecycle);
    if is_silent(own) {
        return plan([around]).map(|_| Told::AsVersion);
    }
    plan([own, around]).map(Told::Own)
}

/// Whether there is nothing to tell but where to find what takes its place.
fn is_silent(lifecycle: &Lifecycle) -> bool {
    lifecycle.since.is_none() && lifecycle.sunset.is_none() && lifecycle.see.is_none()
}

/// What is told of several that all hold, the nearest first; nothing if nothing is told.
pub(crate) fn plan<'l>(
    nearest: impl IntoIterator<Item = &'l Lifecycle> + Clone,
) -> Option<LifecyclePlan> {
    let all = || nearest.clone().into_iter();
    if all().all(is_silent) {
        return None;
    }
    let since = all().find_map(|one| one.since.as_deref());
    let ends = all().filter(|one| one.hard);
    let seconds = |day: &str| {
        u64::try_from(days(day).unwrap_or_default()).unwrap_or_default().saturating_mul(86_400)
    };
    let sunset = all().filter_map(|one| one.sunset.as_deref()).min_by_key(|day| days(day));
    let relations =
        if sunset.is_some() { &["deprecation", "sunset"][..] } else { &["deprecation"] };
    let see = all().find_map(|one| one.see.as_deref());
    Some(LifecyclePlan {
        deprecation: since.and_then(days).map(|days| format!("@{}", days.saturating_mul(86_400))),
        sunset: sunset.and_then(|day| {
            Some(SunsetPlan {
                date: http_date(day)?,
                at: seconds(day),
                ends: ends.filter_map(|one| one.sunset.as_deref()).map(seconds).min(),
            })
        }),
        links: see
            .iter()
            .flat_map(|see| relations.iter().map(move |one| format!("<{see}>; rel=\"{one}\"")))
            .collect(),
    })
}

/// Where callers of a deprecated endpoint find what takes its place.
pub(crate) fn successor(
    contract: &Contract,
    (version, endpoint): (&Version, &Endpoint),
    with: &[String],
) -> Option<SuccessorPlan> {
    let said = [&endpoint.lifecycle, &version.lifecycle];
    if said.iter().all(|one| **one == Lifecycle::default()) {
        return None;
    }
    let named = |label: &str| contract.versions.iter().find(|one| one.label == label);
    match said.iter().find_map(|one| one.successor.as_ref()) {
        Some(Successor::Endpoint { version: label, key }) => {
            let target = named(label)?;
            let is = |one: &&Endpoint| format!("{} {}", one.method, path_of(target, one)) == *key;
            path(endpoint, target.endpoints.iter().find(is)?)
        }
        Some(Successor::Version(label)) => {
            let target = named(label)?;
            has_route(target, tail(version, endpoint), &endpoint.method)
                .then(|| prefix(contract, version, target))?
        }
        Some(Successor::Part(_)) => None,
        None => later(contract, (version, endpoint), with),
    }
}

/// `/products/{id}`: the path behind the prefix of the version.
fn path_of<'c>(version: &Version, endpoint: &'c Endpoint) -> &'c str {
    let prefix: usize = version.prefix.iter().map(|segment| segment.len() + 1).sum();
    match endpoint.template.get(prefix..) {
        None | Some("") => "/",
        Some(path) => path,
    }
}

/// The last of the later versions that has the same route and does not go itself.
fn later(
    contract: &Contract,
    (version, endpoint): (&Version, &Endpoint),
    with: &[String],
) -> Option<SuccessorPlan> {
    let at = contract.versions.iter().position(|one| one.label == version.label)?;
    let wanted = tail(version, endpoint);
    let stays = |other: &&Version| {
        (!other.draft || with.contains(&other.label))
            && other.lifecycle == Lifecycle::default()
            && other.endpoints.iter().any(|one| {
                one.method == endpoint.method
                    && one.lifecycle == Lifecycle::default()
                    && tail(other, one) == wanted
            })
    };
    let next = contract.versions.iter().skip(at + 1).rev().find(stays)?;
    prefix(contract, version, next)
}

/// The same path in another version; nothing where paths do not name versions.
fn prefix(contract: &Contract, from: &Version, to: &Version) -> Option<SuccessorPlan> {
    let text = |version: &Version| -> String {
        version.prefix.iter().map(|part| format!("/{part}")).collect()
    };
    matches!(contract.selection, Selection::Path { .. })
        .then(|| SuccessorPlan::Prefix(text(from), text(to)))
}

fn has_route(version: &Version, wanted: Vec<String>, method: &str) -> bool {
    version.endpoints.iter().any(|one| one.method == method && tail(version, one) == wanted)
}

/// A route behind the prefix of its version, without the names of parameters.
fn tail(version: &Version, endpoint: &Endpoint) -> Vec<String> {
    let anonymous = |segment: &RouteSegment| match segment {
        RouteSegment::Literal(text) => text.clone(),
        RouteSegment::Param(_) => "{}".to_owned(),
        RouteSegment::Parts(shape, of) => shape.join(&vec!["{}".to_owned(); of.len()]),
        RouteSegment::Rest(_) => "{*}".to_owned(),
    };
    endpoint.route.iter().skip(version.prefix.len()).map(anonymous).collect()
}

/// The path of another endpoint: with segments of this one's path where they hold the same, else as
/// a template.
fn path(endpoint: &Endpoint, found: &Endpoint) -> Option<SuccessorPlan> {
    let mut pieces: Vec<Piece> = Vec::new();
    for segment in &found.route {
        push(&mut pieces, "/");
        match segment {
            RouteSegment::Literal(text) => push(&mut pieces, &crate::samples::encode(text)),
            _ => match same(segment, endpoint, found) {
                Some(piece) => pieces.push(piece),
                None => return template(found),
            },
        }
    }
    Some(SuccessorPlan::Path(pieces))
}

/// The segment of a path that holds what one of another path holds, under the same names.
fn same(wanted: &RouteSegment, endpoint: &Endpoint, found: &Endpoint) -> Option<Piece> {
    fn name(of: &Endpoint, at: usize) -> Option<&str> {
        of.params.get(at).map(|param| param.name.as_str())
    }
    let names = |own: &usize, other: &usize| name(endpoint, *own) == name(found, *other);
    endpoint.route.iter().enumerate().find_map(|(at, own)| match (own, wanted) {
        (RouteSegment::Param(own), RouteSegment::Param(other)) if names(own, other) => {
            Some(Piece::Segment(at))
        }
        (RouteSegment::Rest(own), RouteSegment::Rest(other)) if names(own, other) => {
            Some(Piece::Rest(at))
        }
        (RouteSegment::Parts(shape, own), RouteSegment::Parts(as_well, others)) => {
            let all = own.len() == others.len() && own.iter().zip(others).all(|(a, b)| names(a, b));
            (all && shape == as_well).then_some(Piece::Segment(at))
        }
        _ => None,
    })
}

fn push(pieces: &mut Vec<Piece>, more: &str) {
    match pieces.last_mut() {
        Some(Piece::Text(text)) => text.push_str(more),
        _ => pieces.push(Piece::Text(more.to_owned())),
    }
}

/// A path as a template (RFC 6570): `/v2/products/{id}`, `/v2/files/{+path}`. Nothing where it could
/// not stand in a header field (RFC 9652).
fn template(found: &Endpoint) -> Option<SuccessorPlan> {
    let name = |at: &usize| found.params.get(*at).map_or("", |param| param.name.as_str());
    let segments = found.route.iter().map(|segment| match segment {
        RouteSegment::Literal(text) => format!("/{}", crate::samples::encode(text)),
        RouteSegment::Param(at) => format!("/{{{}}}", name(at)),
        RouteSegment::Parts(shape, of) => {
            let names: Vec<String> = of.iter().map(|at| format!("{{{}}}", name(at))).collect();
            format!("/{}", shape.join(&names))
        }
        RouteSegment::Rest(at) => format!("/{{+{}}}", name(at)),
    });
    let text: String = segments.collect();
    let fine = |byte: u8| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\';
    text.bytes().all(fine).then_some(SuccessorPlan::Template(text))
}
