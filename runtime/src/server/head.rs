//! What a request's head must be, whatever it asks for.

use http::header::{CONTENT_ENCODING, CONTENT_TYPE, HOST};
use http::request::Parts;

use super::Limits;
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

/// Checks that a body says it is JSON, not compressed and in UTF-8.
///
/// # Errors
///
/// 415.
pub(super) fn check_media_type(parts: &Parts) -> Result<(), Error> {
    let mut types = parts.headers.get_all(CONTENT_TYPE).iter();
    let json = types.next().and_then(|value| value.to_str().ok()).is_some_and(is_json);
    let plain = parts.headers.get_all(CONTENT_ENCODING).iter().all(|coding| coding == "identity");
    if json && plain && types.next().is_none() { Ok(()) } else { Err(Kind::Media.into()) }
}

/// Whether a media type means JSON (RFC 8259 section 11, RFC 6839 section 3.1). JSON is UTF-8, so
/// another `charset` is another format.
fn is_json(text: &str) -> bool {
    let mut parts = text.split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default().to_ascii_lowercase();
    let known = match essence.split_once('/') {
        Some(("application", "json")) => true,
        Some((kind, subtype)) => {
            let suffixed = subtype.strip_suffix("+json").is_some_and(|rest| !rest.is_empty());
            !kind.is_empty() && suffixed
        }
        None => false,
    };
    known
        && parts.filter_map(|parameter| parameter.split_once('=')).all(|(name, value)| {
            !name.eq_ignore_ascii_case("charset")
                || value.trim_matches('"').eq_ignore_ascii_case("utf-8")
        })
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
