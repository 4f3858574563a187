//! The header fields of a call: what the contract says, and who asks.

use std::net::IpAddr;

use http::header::{HOST, HeaderMap, HeaderName, HeaderValue, USER_AGENT};

use crate::request::{Request, identity};
use crate::settings::BackendSettings;

/// Whether a field belongs to the connection or the framing of a message, so that no contract may
/// set it (RFC 9110 section 7.6.1).
pub(crate) fn is_framing(name: &HeaderName) -> bool {
    const FRAMING: [&str; 10] = [
        "connection",
        "content-length",
        "expect",
        "host",
        "keep-alive",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    ];
    FRAMING.contains(&name.as_str())
}

/// What every call to a backend carries.
pub(super) fn of_backend(settings: &BackendSettings) -> HeaderMap {
    const AGENT: &str = concat!("gatewright/", env!("CARGO_PKG_VERSION"));
    let mut headers = HeaderMap::new();
    headers.insert(HOST, settings.address.authority.clone());
    headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
    headers.extend(settings.headers.clone());
    headers
}

/// Completes a call's own fields: what its backend's calls carry, unless the call says otherwise,
/// then who asks for what. Nothing else of the caller's request goes on.
pub(super) fn complete(headers: &mut HeaderMap, of_backend: &HeaderMap, request: &Request) {
    headers.reserve(of_backend.len() + 8);
    for name in
        of_backend.keys().filter(|name| !headers.contains_key(*name)).cloned().collect::<Vec<_>>()
    {
        for value in of_backend.get_all(&name) {
            headers.append(name.clone(), value.clone());
        }
    }
    headers.insert(identity::TRACEPARENT, request.identity.traceparent.clone());
    headers.insert(identity::REQUEST_ID, request.identity.header());
    let host = request.headers.get(HOST).and_then(plain_host);
    let address = request.peer.to_canonical();
    for (name, value) in [
        ("forwarded", Some(forwarded(address, host))),
        ("x-forwarded-for", Some(address.to_string())),
        ("x-forwarded-proto", Some("http".to_owned())),
        ("x-forwarded-host", host.map(str::to_owned)),
    ] {
        if let Some(value) = value.and_then(|value| HeaderValue::try_from(value).ok()) {
            headers.insert(name, value);
        }
    }
}

/// One element of `Forwarded` (RFC 7239 section 4).
fn forwarded(address: IpAddr, host: Option<&str>) -> String {
    let mut element = match address {
        IpAddr::V4(address) => format!("for={address};proto=http"),
        IpAddr::V6(address) => format!("for=\"[{address}]\";proto=http"),
    };
    if let Some(host) = host {
        element.push_str(";host=\"");
        element.push_str(host);
        element.push('"');
    }
    element
}

/// A `Host` that cannot be mistaken for anything else.
fn plain_host(value: &HeaderValue) -> Option<&str> {
    let host = value.to_str().ok()?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte);
    (!host.is_empty() && host.len() <= 255 && host.bytes().all(plain)).then_some(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv6_address_is_quoted() {
        let address = "2001:db8::1".parse().expect("an address");
        assert_eq!(forwarded(address, None), "for=\"[2001:db8::1]\";proto=http");
        let address = "192.0.2.1".parse().expect("an address");
        assert_eq!(
            forwarded(address, Some("shop.example:80")),
            "for=192.0.2.1;proto=http;host=\"shop.example:80\""
        );
    }

    #[test]
    fn a_host_that_could_add_to_the_field_is_left_out() {
        for odd in ["a\";for=b", "a,b", "a b", ""] {
            assert_eq!(plain_host(&HeaderValue::from_str(odd).expect("a value")), None);
        }
    }
}
