//! The header fields of a call: what the contract says, and who asks.

use std::net::IpAddr;

use http::header::{
    AUTHORIZATION, CONNECTION, CONTENT_LENGTH, EXPECT, FORWARDED, HOST, HeaderMap, HeaderName,
    HeaderValue, PROXY_AUTHORIZATION, TE, TRANSFER_ENCODING, UPGRADE, USER_AGENT,
};

use super::Upstream;
use crate::request::{Remote, Request, identity};
use crate::settings::BackendSettings;

const REQUEST_ID: HeaderName = HeaderName::from_static(identity::REQUEST_ID);
const TRACEPARENT: HeaderName = HeaderName::from_static(identity::TRACEPARENT);
const TRACESTATE: HeaderName = HeaderName::from_static(identity::TRACESTATE);
const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

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
    for name in of_backend.keys() {
        if !headers.contains_key(name) {
            for value in of_backend.get_all(name) {
                headers.append(name.clone(), value.clone());
            }
        }
    }
    headers.insert(TRACEPARENT, request.identity.traceparent.clone());
    match &request.identity.tracestate {
        Some(state) => headers.insert(TRACESTATE, state.clone()),
        // It belongs to a place in a trace, and that of the caller was none.
        None => headers.remove(TRACESTATE),
    };
    headers.insert(REQUEST_ID, request.identity.header());
    if request.heard.is_some() {
        return;
    }
    let host = request.headers.get(HOST).filter(|value| is_plain_host(value));
    let Remote { address, scheme } = request.remote;
    let text = text_of(address);
    for (name, value) in [
        (FORWARDED, HeaderValue::try_from(forwarded(request.remote, &text, host)).ok()),
        (X_FORWARDED_FOR, HeaderValue::try_from(text).ok()),
        (X_FORWARDED_PROTO, Some(HeaderValue::from_static(scheme))),
        (X_FORWARDED_HOST, host.cloned()),
    ] {
        if let Some(value) = value {
            headers.insert(name, value);
        }
    }
}

/// Completes a request that is passed on: its own fields, then the caller's from end to end, but
/// for those that the gateway or the backend's declaration sets. Says whether the caller asks for
/// another protocol, which it then is asked for in turn.
pub(super) fn pass(headers: &mut HeaderMap, upstream: &Upstream, request: &Request) -> bool {
    let of_backend = &upstream.headers;
    let came = &request.headers;
    let protocol = came.get(UPGRADE).cloned();
    let asks = protocol.is_some() && lists(came, CONNECTION, "upgrade");
    let trailers = lists(came, TE, "trailers");
    let named = named_by_connection(came);
    let declared: Vec<HeaderName> = headers.keys().cloned().collect();
    let stays = |name: &HeaderName| {
        is_of_connection(name)
            || named.contains(name)
            || [HOST, CONTENT_LENGTH, EXPECT, PROXY_AUTHORIZATION].contains(name)
            // Some backends believe it, and a caller can write into it what it likes.
            || name == "x-real-ip"
            || (name == AUTHORIZATION && upstream.has_tokens())
            || declared.contains(name)
            || (name != USER_AGENT && of_backend.keys().any(|own| own == name))
    };
    headers.reserve(came.len() + of_backend.len() + 8);
    for (name, value) in came.iter().filter(|(name, _)| !stays(name)) {
        headers.append(name.clone(), value.clone());
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
    let named = named_by_connection(headers);
    // A sender cannot have the length of its body or its address taken away (RFC 9110 section
    // 7.6.1: these are never options of a connection).
    let ends = |name: &&HeaderName| {
        let named = named.contains(name) && **name != CONTENT_LENGTH && **name != HOST;
        named || is_of_connection(name)
    };
    let gone: Vec<HeaderName> = headers.keys().filter(ends).cloned().collect();
    for name in gone {
        headers.remove(name);
    }
}

/// Whether a field always belongs to one connection.
fn is_of_connection(name: &HeaderName) -> bool {
    [CONNECTION, TE, TRANSFER_ENCODING, UPGRADE].contains(name)
        || name == "keep-alive"
        || name == "proxy-connection"
}

/// The fields that `Connection` names.
fn named_by_connection(headers: &HeaderMap) -> Vec<HeaderName> {
    let lists = headers.get_all(CONNECTION).iter().filter_map(|value| value.to_str().ok());
    let names = lists.flat_map(|list| list.split(',')).map(str::trim);
    // The option that is there most often, and always left out.
    let names = names.filter(|name| !name.eq_ignore_ascii_case("keep-alive"));
    names.filter_map(|name| HeaderName::from_bytes(name.as_bytes()).ok()).collect()
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

/// An address as fields write it. Most are of four numbers, which are not worth the machinery of
/// `format!`: this is done for every call.
fn text_of(address: IpAddr) -> String {
    let IpAddr::V4(address) = address else { return address.to_string() };
    let mut text = String::with_capacity(15);
    for (at, number) in address.octets().into_iter().enumerate() {
        if at > 0 {
            text.push('.');
        }
        for unit in [100, 10, 1] {
            if number >= unit || unit == 1 {
                text.push(char::from(b'0' + number / unit % 10));
            }
        }
    }
    text
}

/// One element of `Forwarded` (RFC 7239 section 4); `text` is the address.
fn forwarded(Remote { address, scheme }: Remote, text: &str, host: Option<&HeaderValue>) -> String {
    let (open, close) =
        if address.is_ipv4() { ("for=", ";proto=") } else { ("for=\"[", "]\";proto=") };
    let host = host.and_then(|host| host.to_str().ok());
    let mut element = String::with_capacity(40 + text.len() + host.map_or(0, str::len));
    for part in [open, text, close, scheme] {
        element.push_str(part);
    }
    if let Some(host) = host {
        element.push_str(";host=\"");
        element.push_str(host);
        element.push('"');
    }
    element
}

/// Whether a `Host` cannot be mistaken for anything else.
fn is_plain_host(value: &HeaderValue) -> bool {
    let host = value.as_bytes();
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._:[]".contains(byte);
    !host.is_empty() && host.len() <= 255 && host.iter().all(plain)
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
        let element = |remote: Remote, host| forwarded(remote, &text_of(remote.address), host);
        let host = HeaderValue::from_static("shop.example:80");
        let (six, four) = (remote("2001:db8::1", "https"), remote("192.0.2.1", "http"));
        assert_eq!(element(six, None), "for=\"[2001:db8::1]\";proto=https");
        let all = "for=192.0.2.1;proto=http;host=\"shop.example:80\"";
        assert_eq!(element(four, Some(&host)), all);
    }

    #[test]
    fn addresses_are_written_as_everybody_does() {
        for address in ["0.0.0.0", "255.255.255.255", "10.0.100.9", "1.20.3.199", "::1"] {
            assert_eq!(text_of(address.parse().expect("an address")), address);
        }
    }

    #[test]
    fn a_host_that_could_add_to_the_field_is_left_out() {
        for odd in ["a\";for=b", "a,b", "a b", ""] {
            assert!(!is_plain_host(&HeaderValue::from_str(odd).expect("a value")));
        }
    }
}
