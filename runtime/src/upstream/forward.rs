//! The header fields of a call: what the contract says, and who asks.

use std::net::IpAddr;

use http::header::{
    AUTHORIZATION, CONNECTION, CONTENT_LENGTH, EXPECT, HOST, HeaderMap, HeaderName, HeaderValue,
    PROXY_AUTHORIZATION, TE, TRANSFER_ENCODING, UPGRADE, USER_AGENT,
};

use super::Upstream;
use crate::request::{Remote, Request, identity};
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
    // Where there are several hosts, each attempt says whom it asks.
    if let Some(first) = settings.address.hosts.first() {
        headers.insert(HOST, first.authority.clone());
    }
    headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
    headers.extend(settings.headers.clone());
    headers
}

/// Completes a call's own fields: what its backend's calls carry, unless the call says otherwise,
/// then who asks for what, unless the answer is for others, too. Nothing else of the caller's request
/// goes on.
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
    match &request.identity.tracestate {
        Some(state) => headers.insert(identity::TRACESTATE, state.clone()),
        // It belongs to a place in a trace, and that of the caller was none.
        None => headers.remove(identity::TRACESTATE),
    };
    headers.insert(identity::REQUEST_ID, request.identity.header());
    if request.heard.is_some() {
        return;
    }
    let host = request.headers.get(HOST).and_then(plain_host);
    let Remote { address, scheme } = request.remote;
    for (name, value) in [
        ("forwarded", Some(forwarded(request.remote, host))),
        ("x-forwarded-for", Some(address.to_string())),
        ("x-forwarded-proto", Some(scheme.to_owned())),
        ("x-forwarded-host", host.map(str::to_owned)),
    ] {
        if let Some(value) = value.and_then(|value| HeaderValue::try_from(value).ok()) {
            headers.insert(name, value);
        }
    }
}

/// Completes a request that is passed on: its own fields, then the caller's from end to end, but
/// for those that the gateway or the backend's declaration sets. Says whether the caller asks for
/// another protocol, which it then is asked for in turn.
pub(super) fn pass(headers: &mut HeaderMap, upstream: &Upstream, request: &Request) -> bool {
    let of_backend = &upstream.headers;
    let mut passed = request.headers.clone();
    let protocol = passed.get(UPGRADE).cloned();
    let asks = lists(&passed, CONNECTION, "upgrade") && protocol.is_some();
    let trailers = lists(&passed, TE, "trailers");
    end_to_end(&mut passed);
    for name in [HOST, CONTENT_LENGTH, EXPECT, PROXY_AUTHORIZATION] {
        passed.remove(name);
    }
    // Some backends believe it, and a caller can write into it what it likes.
    passed.remove("x-real-ip");
    if upstream.has_tokens() {
        passed.remove(AUTHORIZATION);
    }
    let own = |name: &HeaderName| {
        headers.contains_key(name) || (of_backend.contains_key(name) && name != USER_AGENT)
    };
    let names: Vec<HeaderName> = passed.keys().filter(|name| !own(name)).cloned().collect();
    for name in names {
        for value in passed.get_all(&name) {
            headers.append(name.clone(), value.clone());
        }
    }
    complete(headers, of_backend, request);
    let upgrades = asks && request.passed.version == http::Version::HTTP_11;
    if let Some(protocol) = protocol.filter(|_| upgrades) {
        headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(UPGRADE, protocol);
    } else if trailers {
        headers.insert(CONNECTION, HeaderValue::from_static("te"));
        headers.insert(TE, HeaderValue::from_static("trailers"));
    }
    upgrades
}

/// Leaves out what belongs to one connection: the fields of RFC 9110 section 7.6.1, and those that
/// `Connection` names.
pub(super) fn end_to_end(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|list| list.split(','))
        .filter_map(|name| HeaderName::from_bytes(name.trim().as_bytes()).ok())
        .collect();
    for name in named {
        // A sender cannot have the length of its body or its address taken away (RFC 9110 section
        // 7.6.1: these are never options of a connection).
        if name != CONTENT_LENGTH && name != HOST {
            headers.remove(name);
        }
    }
    for name in [CONNECTION, TE, TRANSFER_ENCODING, UPGRADE] {
        headers.remove(name);
    }
    for name in ["keep-alive", "proxy-connection"] {
        headers.remove(name);
    }
}

/// Whether a field that is a list has this member.
fn lists(headers: &HeaderMap, name: HeaderName, member: &str) -> bool {
    let values = headers.get_all(name);
    values
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|list| list.split(','))
        .any(|one| one.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(member))
}

/// One element of `Forwarded` (RFC 7239 section 4).
fn forwarded(Remote { address, scheme }: Remote, host: Option<&str>) -> String {
    let mut element = match address {
        IpAddr::V4(address) => format!("for={address};proto={scheme}"),
        IpAddr::V6(address) => format!("for=\"[{address}]\";proto={scheme}"),
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
        let remote = |address: &str, scheme| Remote {
            address: address.parse().expect("an address"),
            scheme,
        };
        let element = forwarded(remote("2001:db8::1", "https"), None);
        assert_eq!(element, "for=\"[2001:db8::1]\";proto=https");
        let element = forwarded(remote("192.0.2.1", "http"), Some("shop.example:80"));
        assert_eq!(element, "for=192.0.2.1;proto=http;host=\"shop.example:80\"");
    }

    #[test]
    fn a_host_that_could_add_to_the_field_is_left_out() {
        for odd in ["a\";for=b", "a,b", "a b", ""] {
            assert_eq!(plain_host(&HeaderValue::from_str(odd).expect("a value")), None);
        }
    }
}
