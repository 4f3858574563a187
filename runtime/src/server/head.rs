//! What a request's head must be, whatever it asks for.

use http::header::{CONTENT_ENCODING, CONTENT_TYPE, HOST};
use http::request::Parts;

use super::Limits;
use crate::contract::BodyKind;
use crate::error::{Error, Kind};

/// Checks sizes and the `Host` field.
///
/// # Errors
///
/// 414, 431, or 400 for a request without exactly one host (RFC 9112 section 3.2).
pub(super) fn check(parts: &Parts, limits: Limits) -> Result<(), Error> {
    let target = parts.uri.path_and_query().map_or(0, |target| target.as_str().len());
    if target > limits.target {
        return Err(Kind::TargetTooLong { limit: limits.target }.into());
    }
    let field = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
        // `: ` and the line break.
        name.as_str().len() + value.len() + 4
    };
    if parts.headers.iter().map(field).sum::<usize>() > limits.headers {
        return Err(Kind::HeadersTooLarge { limit: limits.headers }.into());
    }
    let hosts = parts.headers.get_all(HOST).iter().count();
    if hosts > 1 || (hosts == 0 && parts.version >= http::Version::HTTP_11) {
        return Err(Kind::Malformed("the request must name one host").into());
    }
    Ok(())
}

/// Checks that a body says it is of the kind that is read, not compressed and in UTF-8.
///
/// # Errors
///
/// 415.
pub(super) fn check_media_type(parts: &Parts, kind: BodyKind) -> Result<(), Error> {
    let plain = parts.headers.get_all(CONTENT_ENCODING).iter().all(|coding| coding == "identity");
    let fits = match kind {
        BodyKind::Form { .. } => is_form(parts),
        BodyKind::Passed { .. } => true,
        BodyKind::None | BodyKind::Json { .. } => media_type(parts).is_some_and(is_json),
    };
    let accept = kind.media_type();
    if fits && plain { Ok(()) } else { Err(Kind::Media { accept, coded: !plain }.into()) }
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
