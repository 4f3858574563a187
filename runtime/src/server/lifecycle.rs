//! What callers are told about the end of a version or an endpoint, and when it ends by itself.

use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::header::{HeaderMap, HeaderName, HeaderValue, LINK};

use crate::contract::{Endpoint, Lifecycle, Piece, Successor};
use crate::error::{Error, Kind};
use crate::metrics;
use crate::request::is_encoded_path_byte;

/// RFC 9745.
const DEPRECATION: HeaderName = HeaderName::from_static("deprecation");
/// RFC 8594.
const SUNSET: HeaderName = HeaderName::from_static("sunset");
/// RFC 9652.
const LINK_TEMPLATE: HeaderName = HeaderName::from_static("link-template");

/// Counts a request that comes after the sunset. It leads to the endpoint, if there is one.
///
/// # Errors
///
/// 410 from when on it is not answered any more.
pub(super) fn check(
    lifecycle: &Lifecycle,
    endpoint: Option<&Endpoint>,
    clock: fn() -> SystemTime,
) -> Result<(), Error> {
    let Some(sunset) = &lifecycle.sunset else { return Ok(()) };
    let now = clock().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    if now < sunset.at {
        return Ok(());
    }
    sunset.later.add();
    if let Some(endpoint) = endpoint {
        metrics::here(|core| core.came_late(endpoint));
    }
    match sunset.ends {
        Some(end) if now >= end => Err(Kind::Retired { links: Vec::new() }.into()),
        Some(_) | None => Ok(()),
    }
}

/// Adds the fields about an end to an answer.
pub(super) fn announce(lifecycle: &Lifecycle, headers: &mut HeaderMap) {
    let mut add = |name, value: &'static str| {
        if let Ok(value) = HeaderValue::from_maybe_shared(Bytes::from_static(value.as_bytes())) {
            headers.append(name, value);
        }
    };
    if let Some(deprecation) = lifecycle.deprecation {
        add(DEPRECATION, deprecation);
    }
    if let Some(sunset) = &lifecycle.sunset {
        add(SUNSET, sunset.date);
    }
    lifecycle.links.iter().for_each(|link| add(LINK, link));
}

/// Says where to find what takes the place of an endpoint. `path` is the encoded path of the
/// request.
pub(super) fn lead_on(successor: Successor, path: &str, headers: &mut HeaderMap) {
    let (name, value) = match successor {
        Successor::Template(template) => {
            (LINK_TEMPLATE, format!("\"{template}\"; rel=\"successor-version\""))
        }
        Successor::Prefix(own, next) => {
            let Some(rest) = path.strip_prefix(own) else { return };
            (LINK, format!("<{next}{}>; rel=\"successor-version\"", encoded(rest)))
        }
        Successor::Path(pieces) => {
            let target: String = pieces.iter().map(|piece| of(*piece, path)).collect();
            (LINK, format!("<{target}>; rel=\"successor-version\""))
        }
    };
    if let Ok(value) = HeaderValue::try_from(value) {
        headers.append(name, value);
    }
}

/// A piece of a path, with what it takes from the path of the request.
fn of(piece: Piece, path: &str) -> String {
    match piece {
        Piece::Text(text) => text.to_owned(),
        Piece::Segment(at) => encoded(path.split('/').nth(at + 1).unwrap_or_default()),
        Piece::Rest(at) => encoded(path.splitn(at + 2, '/').nth(at + 1).unwrap_or_default()),
    }
}

/// A path as received, with what may not stand inside `<…>` encoded too.
pub(super) fn encoded(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        if is_encoded_path_byte(byte) || byte == b'%' {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::{Counter, Sunset};
    use std::time::Duration;

    fn link(successor: Successor, path: &str) -> String {
        let mut headers = HeaderMap::new();
        lead_on(successor, path, &mut headers);
        let value = headers.values().next().expect("one field");
        value.to_str().expect("a text").to_owned()
    }

    #[test]
    fn the_successor_has_the_rest_of_the_path_as_received() {
        assert_eq!(
            link(Successor::Prefix("/v1", "/v2"), "/v1/products/a%2Fb\"|"),
            "</v2/products/a%2Fb%22%7C>; rel=\"successor-version\""
        );
        let items = &[Piece::Text("/v2/of/"), Piece::Segment(3), Piece::Text("/"), Piece::Rest(1)];
        assert_eq!(
            link(Successor::Path(items), "/v1/products/a%2Fb/c<d"),
            "</v2/of/c%3Cd/products/a%2Fb/c%3Cd>; rel=\"successor-version\""
        );
    }

    #[test]
    fn what_cannot_be_filled_in_is_a_template() {
        let mut headers = HeaderMap::new();
        lead_on(Successor::Template("/v2/products/{id}"), "/v1/find", &mut headers);
        assert_eq!(
            headers.get("link-template").expect("set"),
            "\"/v2/products/{id}\"; rel=\"successor-version\""
        );
    }

    #[test]
    fn the_end_comes_at_its_second() {
        fn at(seconds: u64) -> SystemTime {
            UNIX_EPOCH + Duration::from_secs(seconds)
        }
        let ending = |ends| Lifecycle {
            deprecation: None,
            sunset: Some(Sunset { date: "", at: 1_000, ends, later: Counter::new() }),
            links: &[],
        };
        let status = |lifecycle: &Lifecycle, clock| {
            check(lifecycle, None, clock).map_err(|error| error.status())
        };
        let soft = ending(None);
        let hard = ending(Some(2_000));
        for lifecycle in [&soft, &hard] {
            assert_eq!(status(lifecycle, || at(999)), Ok(()));
            assert_eq!(status(lifecycle, || at(1_000)), Ok(()));
            assert_eq!(status(lifecycle, || at(1_999)), Ok(()));
        }
        assert_eq!(status(&hard, || at(2_000)), Err(410));
        assert_eq!(status(&soft, || at(2_000)), Ok(()));
        let later = |lifecycle: &Lifecycle| lifecycle.sunset.as_ref().map(|one| one.later.count());
        assert_eq!((later(&soft), later(&hard)), (Some(3), Some(3)));
    }
}
