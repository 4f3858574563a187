//! Pages of other origins: what they may ask, and what they may read of an answer.

use http::Method;
use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, HeaderMap, HeaderName,
    HeaderValue, ORIGIN, VARY,
};
use http::request::Parts;

use crate::contract::{Cors, Origin};
use crate::response::Response;
use crate::upstream::Gateway;

/// The origin of the page that asks; nothing if no page does, or not just one.
pub(super) fn page(headers: &HeaderMap) -> Option<HeaderValue> {
    let mut values = headers.get_all(ORIGIN).iter();
    values.next().filter(|_| values.next().is_none()).cloned()
}

/// The method that a preflight is about; nothing if the request is none.
pub(super) fn preflight(parts: &Parts) -> Option<&str> {
    let asks = parts.method == Method::OPTIONS && parts.headers.contains_key(ORIGIN);
    let method = parts.headers.get(ACCESS_CONTROL_REQUEST_METHOD).filter(|_| asks)?;
    method.to_str().ok()
}

/// Whether a page of this origin may call.
pub(super) fn grants(cors: &Cors, page: &HeaderValue, gateway: &Gateway) -> bool {
    let Some(origins) = cors.origins else { return true };
    let page = page.as_bytes();
    origins.iter().any(|origin| match origin {
        Origin::Exact(origin) => origin.as_bytes() == page,
        Origin::Label(before, behind) => {
            let label = page.strip_prefix(before.as_bytes());
            let label = label.and_then(|rest| rest.strip_suffix(behind.as_bytes()));
            let letter = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
            label.is_some_and(|label| !label.is_empty() && label.iter().all(letter))
        }
        Origin::Variable(name) => {
            let mut origins = gateway.named(name).split(',').map(str::trim);
            origins.any(|origin| !origin.is_empty() && origin.as_bytes() == page)
        }
    })
}

/// The answer to a preflight for `method`, which all of these let a page call.
pub(super) fn permit(
    response: &mut Response,
    granted: &[&'static Cors],
    (page, method): (&HeaderValue, &str),
    asked: &HeaderMap,
) {
    let headers = response.headers_mut();
    headers.append(
        VARY,
        HeaderValue::from_static(
            "Origin, Access-Control-Request-Method, Access-Control-Request-Headers",
        ),
    );
    let Some(first) = granted.first() else { return };
    allow(first, page, headers);
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static(first.max_age));
    if let Ok(method) = HeaderValue::from_str(method) {
        headers.insert(ACCESS_CONTROL_ALLOW_METHODS, method);
    }
    let mut fields: Vec<&'static str> = granted.iter().filter_map(|cors| cors.fields).collect();
    fields.dedup();
    for fields in fields {
        headers.append(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(fields));
    }
    if granted.iter().any(|cors| cors.fields.is_none()) {
        for fields in asked.get_all(ACCESS_CONTROL_REQUEST_HEADERS) {
            headers.append(ACCESS_CONTROL_ALLOW_HEADERS, fields.clone());
        }
    }
}

/// Says who may read an answer, unless a preflight was answered. To be called when it has all its
/// other header fields.
pub(super) fn disclose(
    cors: &'static Cors,
    page: Option<&HeaderValue>,
    gateway: &Gateway,
    headers: &mut HeaderMap,
) {
    if headers.contains_key(ACCESS_CONTROL_ALLOW_ORIGIN) {
        return;
    }
    if cors.origins.is_none() {
        allow(cors, &ANY, headers);
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, ANY);
        return;
    }
    // Also where no page asks: what is kept of this answer is not for pages.
    vary(headers);
    if let Some(page) = page.filter(|page| grants(cors, page, gateway)) {
        let readable = readable(headers);
        allow(cors, page, headers);
        if let Some(readable) = readable {
            headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, readable);
        }
    }
}

/// Every origin, or every field.
const ANY: HeaderValue = HeaderValue::from_static("*");

fn allow(cors: &Cors, page: &HeaderValue, headers: &mut HeaderMap) {
    let origin = if cors.origins.is_some() { page.clone() } else { ANY };
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    if cors.credentials {
        headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    }
}

fn vary(headers: &mut HeaderMap) {
    let named = |value: &HeaderValue| {
        let mut names = value.as_bytes().split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
        names.any(|name| name == b"*" || name.eq_ignore_ascii_case(b"origin"))
    };
    if !headers.get_all(VARY).iter().any(named) {
        headers.append(VARY, HeaderValue::from_static("Origin"));
    }
}

/// The fields of an answer that its page may read: all but those that it may anyway, and those that
/// are not for pages.
fn readable(headers: &HeaderMap) -> Option<HeaderValue> {
    const OTHERS: [&str; 16] = [
        "cache-control",
        "connection",
        "content-language",
        "content-length",
        "content-type",
        "date",
        "expires",
        "keep-alive",
        "last-modified",
        "pragma",
        "set-cookie",
        "set-cookie2",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "vary",
    ];
    let mut all = String::with_capacity(64);
    for name in headers.keys().map(HeaderName::as_str).filter(|name| !OTHERS.contains(name)) {
        if !all.is_empty() {
            all.push_str(", ");
        }
        all.push_str(name);
    }
    (!all.is_empty()).then(|| HeaderValue::try_from(all).ok())?
}

/// Takes out of a backend's own answer what it says about pages: the contract says that.
pub(super) fn silence(headers: &mut HeaderMap) {
    let said = |name: &&HeaderName| name.as_str().starts_with("access-control-");
    let said: Vec<HeaderName> = headers.keys().filter(said).cloned().collect();
    for name in said {
        headers.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_page_may_read_is_told_and_cookies_are_not() {
        let mut headers = HeaderMap::new();
        for name in ["content-type", "x-request-id", "set-cookie", "vary", "location", "date"] {
            headers.insert(name, HeaderValue::from_static("a"));
        }
        let told = readable(&headers).expect("two fields");
        let mut told: Vec<&str> = told.to_str().expect("a text").split(", ").collect();
        told.sort_unstable();
        assert_eq!(told, ["location", "x-request-id"]);
    }

    #[test]
    fn what_varies_by_origin_says_so_once() {
        for (known, count) in [("accept, origin", 1), ("*", 1), ("accept", 2), ("x-origin", 2)] {
            let mut headers = HeaderMap::new();
            headers.insert(VARY, HeaderValue::from_static(known));
            vary(&mut headers);
            assert_eq!(headers.get_all(VARY).iter().count(), count, "{known}");
        }
    }

    #[test]
    fn several_origins_are_no_page() {
        let mut headers = HeaderMap::new();
        headers.append(ORIGIN, HeaderValue::from_static("https://a.example"));
        assert!(page(&headers).is_some());
        headers.append(ORIGIN, HeaderValue::from_static("https://b.example"));
        assert!(page(&headers).is_none());
    }
}
