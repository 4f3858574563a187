//! Answers that are compressed, and what they say of it.

use http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE,
    ETAG, HeaderMap, HeaderName, HeaderValue, VARY,
};

use crate::coding::{Coding, Wanted, is_worth_it};
use crate::response::Response;

/// Fields that are about the bytes of a body as they stand.
const DIGESTS: [HeaderName; 4] = [
    HeaderName::from_static("content-digest"),
    HeaderName::from_static("repr-digest"),
    HeaderName::from_static("digest"),
    HeaderName::from_static("content-md5"),
];

/// Compresses an answer as its caller wants it, from so many bytes on.
pub(super) fn compress(response: &mut Response, wanted: Wanted, from: usize) {
    let status = response.status();
    let headers = response.headers_mut();
    if status == 304 {
        // What the caller has may have been compressed.
        vary(headers);
        if wanted != Wanted::Plain {
            weaken(headers);
        }
        return;
    }
    let fits = headers.get(CONTENT_TYPE).is_some_and(is_worth_it);
    if matches!(status, 100..200 | 204 | 205) || !fits {
        return;
    }
    vary(headers);
    if status == 206 || !may_change(headers) {
        return;
    }
    let (coding, must) = match wanted {
        Wanted::Plain => return,
        Wanted::Coded(coding) => (coding, false),
        Wanted::Only(coding) => (coding, true),
    };
    if response.compress(coding, (from, must)) {
        tell(response.headers_mut(), coding);
    }
}

/// Whether the bytes of an answer may be others than those that were made.
fn may_change(headers: &HeaderMap) -> bool {
    let controls = headers.get_all(CACHE_CONTROL).iter().filter_map(|line| line.to_str().ok());
    let mut controls = controls.flat_map(|line| line.split(','));
    !headers.contains_key(CONTENT_ENCODING)
        && !headers.contains_key(CONTENT_RANGE)
        && !DIGESTS.iter().any(|name| headers.contains_key(name))
        // RFC 9111 section 5.2.2.6.
        && !controls.any(|one| one.trim().eq_ignore_ascii_case("no-transform"))
}

fn tell(headers: &mut HeaderMap, coding: Coding) {
    headers.insert(CONTENT_ENCODING, coding.name());
    headers.remove(CONTENT_LENGTH);
    headers.remove(ACCEPT_RANGES);
    weaken(headers);
}

/// Makes a tag one of several bodies that mean the same (RFC 9110 section 8.8.1).
fn weaken(headers: &mut HeaderMap) {
    let strong = headers.get(ETAG).filter(|tag| tag.as_bytes().starts_with(b"\""));
    let weak =
        strong.and_then(|tag| HeaderValue::from_bytes(&[b"W/", tag.as_bytes()].concat()).ok());
    if let Some(weak) = weak {
        headers.insert(ETAG, weak);
    }
}

/// Says that others may get it otherwise.
fn vary(headers: &mut HeaderMap) {
    let lines = headers.get_all(VARY).iter().filter_map(|line| line.to_str().ok());
    let mut names = lines.flat_map(|line| line.split(',')).map(str::trim);
    if !names.any(|name| name == "*" || name.eq_ignore_ascii_case("accept-encoding")) {
        headers.append(VARY, HeaderValue::from_static("accept-encoding"));
    }
}
