//! What callers are told about the end of a version.

use http::header::{HeaderMap, HeaderName, HeaderValue, LINK};

use crate::contract::Lifecycle;
use crate::request::is_encoded_path_byte;

/// RFC 9745.
const DEPRECATION: HeaderName = HeaderName::from_static("deprecation");
/// RFC 8594.
const SUNSET: HeaderName = HeaderName::from_static("sunset");

/// Adds the fields of a version's end to an answer. `path` is the encoded path of the request.
pub(super) fn announce(lifecycle: &Lifecycle, path: &str, headers: &mut HeaderMap) {
    let mut add = |name, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.append(name, value);
        }
    };
    if let Some(deprecation) = lifecycle.deprecation {
        add(DEPRECATION, deprecation);
    }
    if let Some(sunset) = lifecycle.sunset {
        add(SUNSET, sunset);
    }
    for link in lifecycle.links {
        add(LINK, link);
    }
    if let Some((own, next)) = lifecycle.successor
        && let Some(rest) = path.strip_prefix(own)
    {
        add(LINK, &format!("<{next}{}>; rel=\"successor-version\"", encoded(rest)));
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

    #[test]
    fn the_successor_has_the_rest_of_the_path_as_received() {
        let lifecycle = Lifecycle {
            deprecation: Some("@1788220800"),
            sunset: None,
            links: &["<https://shop.example/v1>; rel=\"deprecation\""],
            successor: Some(("/v1", "/v2")),
        };
        let mut headers = HeaderMap::new();
        announce(&lifecycle, "/v1/products/a%2Fb\"|", &mut headers);
        let links: Vec<_> = headers.get_all(LINK).iter().collect();
        assert_eq!(
            links,
            [
                "<https://shop.example/v1>; rel=\"deprecation\"",
                "</v2/products/a%2Fb%22%7C>; rel=\"successor-version\"",
            ]
        );
        assert_eq!(headers.get(DEPRECATION).expect("set"), "@1788220800");
        assert!(!headers.contains_key(SUNSET));
    }
}
