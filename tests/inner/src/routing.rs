//! Finding an endpoint by its path, beside a router that is made at run time.

use crate::Fault;
use crate::contracts::{routes_10, routes_100, routes_1000};
use crate::entrants::{Contest, Entrant};
use gatewright_runtime::codegen::Endpoint;
use gatewright_runtime::testing::segments;
use std::hint::black_box;

type Route = fn(&[&str]) -> &'static [&'static Endpoint];

/// A contest for each number of routes.
pub(crate) fn contests() -> Result<Vec<Contest>, Fault> {
    let all: [(usize, Route); 3] = [
        (10, routes_10::v1::routes::route),
        (100, routes_100::v1::routes::route),
        (1000, routes_1000::v1::routes::route),
    ];
    all.into_iter().map(|(count, route)| contest(count, route)).collect()
}

fn contest(count: usize, route: Route) -> Result<Contest, Fault> {
    let mut router = matchit::Router::new();
    for at in 0..count {
        router.insert(path(at, "{id}", "{part}"), at)?;
    }
    // Neighbours are asked for one after the other as little as callers do that.
    let step = if count.is_multiple_of(7) { 11 } else { 7 };
    let paths: Vec<String> =
        (0..count).map(|at| path(at * step % count, "4711", "left-handle")).collect();
    for path in &paths {
        if found(route, path) == 0 || router.at(path).is_err() {
            return Err(format!("nothing is found at {path}").into());
        }
    }
    let asked = paths.clone();
    let ours = Entrant::new("gatewright", move || {
        for path in &asked {
            black_box(found(route, black_box(path)));
        }
    });
    let matchit = Entrant::new("matchit", move || {
        for path in &paths {
            black_box(router.at(black_box(path)).is_ok());
        }
    });
    Ok(Contest {
        name: format!("finding one of {count} routes"),
        bytes: None,
        times: count as u32,
        entrants: vec![ours, matchit],
    })
}

/// The same paths as in the contracts that `build.rs` writes.
fn path(at: usize, id: &str, part: &str) -> String {
    let resource = format!("/v1/resource{}", at / 4);
    match at % 4 {
        0 => resource,
        1 => format!("{resource}/{id}"),
        2 => format!("{resource}/{id}/parts"),
        _ => format!("{resource}/{id}/parts/{part}"),
    }
}

/// How many endpoints are at a path.
fn found(route: Route, path: &str) -> usize {
    segments(path, |segments| route(segments).len()).unwrap_or(0)
}
