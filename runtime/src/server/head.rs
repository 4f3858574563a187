//! What a request's head must be, whatever it asks for.

use http::header::{CONTENT_ENCODING, CONTENT_TYPE, COOKIE, HOST, HeaderValue, TRANSFER_ENCODING};
use http::request::Parts;

use super::Limits;
use crate::contract::{BodyKind, Endpoint};
use crate::error::{Error, Kind};

/// The most header fields, as many as are read of HTTP/1.1.
const FIELDS: usize = 100;

/// Gives a head one form, however it was sent: the host in `Host`, and nothing but path and query in the
/// target; cookies in one field (RFC 9113 section 8.2.3).
///
/// # Errors
///
/// 400 for `CONNECT`, and where the target names another host than `Host` does: of two readers, each could believe the
/// other one (RFC 9112 section 3.2.2, RFC 9113 section 8.3.1).
pub(super) fn settle(parts: &mut Parts) -> Result<(), Error> {
    let crumbs = parts.headers.get_all(COOKIE);
    if parts.version == http::Version::HTTP_2 && crumbs.iter().nth(1).is_some() {
        let crumbs: Vec<_> = crumbs.iter().map(HeaderValue::as_bytes).collect();
        if let Ok(whole) = HeaderValue::from_bytes(&crumbs.join(&b"; "[..])) {
            parts.headers.insert(COOKIE, whole);
        }
    }
    if parts.method == http::Method::CONNECT {
        return Err(Kind::Malformed("nothing is connected to through here").into());
    }
    let Some(authority) = parts.uri.authority() else { return Ok(()) };
    let authority = authority.as_str();
    let same = |host: &HeaderValue| host.as_bytes().eq_ignore_ascii_case(authority.as_bytes());
    if authority.contains('@') || !parts.headers.get_all(HOST).iter().all(same) {
        return Err(Kind::Malformed("the target must name the host that `Host` names").into());
    }
    if let Ok(host) = HeaderValue::from_str(authority) {
        parts.headers.entry(HOST).or_insert(host);
    }
    let target = parts.uri.path_and_query().cloned();
    parts.uri = target.map(http::Uri::from).unwrap_or_default();
    Ok(())
}

/// Checks sizes, the `Host` field, and how the body is framed.
///
/// # Errors
///
/// 414, 431, or 400 for a request without exactly one host (RFC 9112 section 3.2), or whose body has
/// other codings than one that all read alike (section 6.1).
pub(super) fn check(parts: &Parts, limits: Limits) -> Result<(), Error> {
    let mut codings = parts.headers.get_all(TRANSFER_ENCODING).iter();
    let chunked = |coding: &HeaderValue| coding.as_bytes().eq_ignore_ascii_case(b"chunked");
    if codings.next().is_some_and(|first| !chunked(first) || codings.next().is_some()) {
        return Err(Kind::Malformed("the only transfer coding is `chunked`").into());
    }
    let target = parts.uri.path_and_query().map_or(0, |target| target.as_str().len());
    if target > limits.target {
        return Err(Kind::TargetTooLong { limit: limits.target }.into());
    }
    let field = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
        // `: ` and the line break.
        name.as_str().len() + value.len() + 4
    };
    let size = parts.headers.iter().map(field).sum::<usize>();
    if size > limits.headers || parts.headers.len() > FIELDS {
        return Err(Kind::HeadersTooLarge { limit: limits.headers }.into());
    }
    let hosts = parts.headers.get_all(HOST).iter().count();
    if hosts > 1 || (hosts == 0 && parts.version >= http::Version::HTTP_11) {
        return Err(Kind::Malformed("the request must name one host").into());
    }
    Ok(())
}

/// What a body is compressed by; without the feature for that, by nothing.
#[cfg(feature = "compress")]
type Coding = crate::coding::Coding;
#[cfg(not(feature = "compress"))]
type Coding = std::convert::Infallible;

/// Checks that a body says it is of the kind that is read, in UTF-8, and compressed only where it may
/// be; says by what.
///
/// # Errors
///
/// 415.
pub(super) fn check_media_type(
    parts: &Parts,
    endpoint: &Endpoint,
) -> Result<Option<Coding>, Error> {
    let kind = endpoint.body;
    let (coding, wrong) = coding(parts, endpoint);
    let fits = match kind {
        BodyKind::Form { .. } => is_form(parts),
        BodyKind::Passed { .. } => true,
        BodyKind::None | BodyKind::Json { .. } => media_type(parts).is_some_and(is_json),
    };
    let accept = kind.media_type();
    match wrong {
        None if fits => Ok(coding),
        coded => Err(Kind::Media { accept, coded }.into()),
    }
}

/// What a body is compressed by, and what it may be where it may not be that.
fn coding(parts: &Parts, endpoint: &Endpoint) -> (Option<Coding>, Option<&'static str>) {
    #[cfg(feature = "compress")]
    if endpoint.compress.requests {
        return match crate::coding::of_body(&parts.headers) {
            Ok(coding) => (coding, None),
            Err(_) => (None, Some(crate::coding::TAKEN)),
        };
    }
    #[cfg(not(feature = "compress"))]
    let _ = endpoint;
    let plain = parts.headers.get_all(CONTENT_ENCODING).iter().all(|coding| coding == "identity");
    (None, (!plain).then_some("identity"))
}

/// The one media type that a request names.
fn media_type(parts: &Parts) -> Option<&str> {
    let mut types = parts.headers.get_all(CONTENT_TYPE).iter();
    let first = types.next().and_then(|value| value.to_str().ok());
    first.filter(|_| types.next().is_none())
}

/// Whether a request says that it has the fields of a form.
pub(super) fn is_form(parts: &Parts) -> bool {
    media_type(parts).is_some_and(|text| {
        let (essence, utf8) = read_media_type(text);
        essence == "application/x-www-form-urlencoded" && utf8
    })
}

/// Whether a media type means JSON (RFC 8259 section 11, RFC 6839 section 3.1). JSON is UTF-8, so
/// another `charset` is another format.
fn is_json(text: &str) -> bool {
    let (essence, utf8) = read_media_type(text);
    let known = match essence.split_once('/') {
        Some(("application", "json")) => true,
        Some((kind, subtype)) => {
            let suffixed = subtype.strip_suffix("+json").is_some_and(|rest| !rest.is_empty());
            !kind.is_empty() && suffixed
        }
        None => false,
    };
    known && utf8
}

/// Type and subtype in small letters, and whether no other `charset` than UTF-8 is named.
fn read_media_type(text: &str) -> (String, bool) {
    let mut parts = text.split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default().to_ascii_lowercase();
    let utf8 = parts.filter_map(|parameter| parameter.split_once('=')).all(|(name, value)| {
        !name.eq_ignore_ascii_case("charset")
            || value.trim_matches('"').eq_ignore_ascii_case("utf-8")
    });
    (essence, utf8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_types_of_json() {
        for json in [
            "application/json",
            "Application/JSON ; charset=UTF-8",
            "application/merge-patch+json",
            "application/vnd.shop+json;v=1",
            "application/json; charset=\"utf-8\"",
        ] {
            assert!(is_json(json), "{json}");
        }
        for other in [
            "",
            "json",
            "text/plain",
            "application/jsonp",
            "application/+json",
            "application/json; charset=latin1",
            "application/x-www-form-urlencoded",
        ] {
            assert!(!is_json(other), "{other}");
        }
    }
}
