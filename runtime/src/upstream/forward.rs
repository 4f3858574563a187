//! The header fields of a call: what the contract says, and who asks.

use http::header::{
    AUTHORIZATION, CONNECTION, CONTENT_LENGTH, EXPECT, FORWARDED, HOST, HeaderMap, HeaderName,
    HeaderValue, PROXY_AUTHORIZATION, TE, TRANSFER_ENCODING, UPGRADE, USER_AGENT,
};

use super::Upstream;
use super::fields::Fields;
use crate::request::{Remote, Request, identity, text_of};
use crate::settings::BackendSettings;

/// What makes a request safe to send again (draft-ietf-httpapi-idempotency-key-header).
pub(super) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const REQUEST_ID: HeaderName = HeaderName::from_static(identity::REQUEST_ID);
const TRACEPARENT: HeaderName = HeaderName::from_static(identity::TRACEPARENT);
const TRACESTATE: HeaderName = HeaderName::from_static(identity::TRACESTATE);
const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// What says to a backend who asks.
pub(super) const WHO_ASKS: [HeaderName; 4] =
    [FORWARDED, X_FORWARDED_FOR, X_FORWARDED_PROTO, X_FORWARDED_HOST];

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
pub(super) fn of_backend(settings: &BackendSettings) -> Fields {
    const AGENT: &str = concat!("gatewright/", env!("CARGO_PKG_VERSION"));
    let own = &settings.headers;
    let agent = (!own.contains_key(USER_AGENT)).then(|| HeaderValue::from_static(AGENT));
    let agent = agent.map(|agent| (USER_AGENT, agent));
    agent.into_iter().chain(own.iter().map(|(name, value)| (name.clone(), value.clone()))).collect()
}

/// Completes a call's own fields: what its backend's calls carry, unless the call says otherwise,
/// then who asks for what, unless the answer is for others, too. Nothing else of the caller's request
/// goes on.
pub(super) fn complete(headers: &mut Fields, of_backend: &Fields, request: &Request) {
    headers.reserve(of_backend.len() + 8);
    let own = headers.len();
    for (name, value) in of_backend.iter() {
        if !headers.iter().take(own).any(|(set, _)| set == name) {
            headers.add(name.clone(), value.clone());
        }
    }
    headers.set(TRACEPARENT, request.identity.traceparent.clone());
    match &request.identity.tracestate {
        Some(state) => headers.set(TRACESTATE, state.clone()),
        // It belongs to a place in a trace, and that of the caller was none.
        None => headers.remove(&TRACESTATE),
    }
    headers.set(REQUEST_ID, request.identity.header());
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
            headers.set(name, value);
        }
    }
}

/// Completes a request that is passed on: its own fields, then the caller's from end to end, but
/// for those that the gateway or the backend's declaration sets. Says whether the caller asks for
/// another protocol, which it then is asked for in turn.
pub(super) fn pass(headers: &mut Fields, upstream: &Upstream, request: &Request) -> bool {
    let of_backend = &upstream.headers;
    let came = &request.headers;
    let protocol = came.get(UPGRADE).cloned();
    let asks = protocol.is_some() && lists(came, CONNECTION, "upgrade");
    let trailers = lists(came, TE, "trailers");
    let named = named_by_connection(came);
    let declared = headers.clone();
    let stays = |name: &HeaderName| {
        is_of_connection(name)
            || named.contains(name)
            || [HOST, CONTENT_LENGTH, EXPECT, PROXY_AUTHORIZATION].contains(name)
            // Some backends believe it, and a caller can write into it what it likes.
            || name == "x-real-ip"
            || (name == AUTHORIZATION && upstream.has_tokens())
            || declared.contains(name)
            || (name != USER_AGENT && of_backend.contains(name))
    };
    headers.reserve(came.len() + of_backend.len() + 8);
    for (name, value) in came.iter().filter(|(name, _)| !stays(name)) {
        headers.add(name.clone(), value.clone());
    }
    complete(headers, of_backend, request);
    let upgrades = asks && request.passed.version == http::Version::HTTP_11;
    if let Some(protocol) = protocol.filter(|_| upgrades) {
        headers.set(CONNECTION, HeaderValue::from_static("upgrade"));
        headers.set(UPGRADE, protocol);
    } else if trailers {
        headers.set(CONNECTION, HeaderValue::from_static("te"));
        headers.set(TE, HeaderValue::from_static("trailers"));
    }
    upgrades
}

/// Leaves out what belongs to one connection: the fields of RFC 9110 section 7.6.1, and those that
/// `Connection` names.
pub(super) fn end_to_end(headers: &mut HeaderMap) {
    for name in named_by_connection(headers) {
        // A sender cannot have the length of its body or its address taken away (RFC 9110 section
        // 7.6.1: these are never options of a connection).
        if name != CONTENT_LENGTH && name != HOST {
            headers.remove(name);
        }
    }
    // To look through all is less than to look each up: most are not there.
    for name in OF_CONNECTION {
        if headers.keys().any(|own| *own == name) {
            headers.remove(name);
        }
    }
}

/// The fields that always belong to one connection.
const OF_CONNECTION: [HeaderName; 6] = [
    CONNECTION,
    TE,
    TRANSFER_ENCODING,
    UPGRADE,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
];

/// Whether a field always belongs to one connection.
fn is_of_connection(name: &HeaderName) -> bool {
    OF_CONNECTION.contains(name)
}

/// The fields that `Connection` names.
fn named_by_connection(headers: &HeaderMap) -> Vec<HeaderName> {
    let lists = headers.get_all(CONNECTION).iter().filter_map(|value| value.to_str().ok());
    // The options that are there most often, and name no other field.
    let named =
        |list: &&str| !["keep-alive", "close"].iter().any(|one| list.eq_ignore_ascii_case(one));
    let names = lists.filter(named).flat_map(|list| list.split(',')).map(str::trim);
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
    fn a_host_that_could_add_to_the_field_is_left_out() {
        for odd in ["a\";for=b", "a,b", "a b", ""] {
            assert!(!is_plain_host(&HeaderValue::from_str(odd).expect("a value")));
        }
    }
}
