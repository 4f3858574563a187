//! Where a backend is: the parts of its address.

use http::HeaderValue;

use crate::request::is_encoded_path_byte;

/// A backend's address, split into what connecting and asking need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) secure: bool,
    /// A name or an IP address, without brackets.
    pub(crate) host: String,
    pub(crate) port: u16,
    /// The path before every call's path, without a `/` at its end.
    pub(crate) prefix: String,
    /// The value of `Host` (RFC 9110 section 7.2).
    pub(crate) authority: HeaderValue,
}

impl Address {
    /// Reads `http://host:port/prefix`.
    ///
    /// # Errors
    ///
    /// What is wrong with the text, to be put after "is `…`, ". Credentials are refused, because
    /// an address is shown and logged.
    pub(crate) fn parse(text: &str) -> Result<Address, &'static str> {
        let (scheme, rest) = text.split_once("://").ok_or("which has no scheme")?;
        let secure = match scheme.to_ascii_lowercase().as_str() {
            "http" => false,
            "https" => true,
            _ => return Err("whose scheme is neither `http` nor `https`"),
        };
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        if authority.contains('@') {
            return Err("which holds credentials");
        }
        if path.contains(['?', '#']) {
            return Err("which has a query or a fragment");
        }
        let (host, port) = split_port(authority)?;
        let port = match port {
            Some(port) => port,
            None if secure => 443,
            None => 80,
        };
        Ok(Address {
            secure,
            host: host.to_owned(),
            port,
            prefix: checked_path(path)?.to_owned(),
            authority: HeaderValue::from_str(authority).map_err(|_| BAD_HOST)?,
        })
    }
}

const BAD_HOST: &str = "which has no usable host";

/// The host without brackets, and the port if there is one.
fn split_port(authority: &str) -> Result<(&str, Option<u16>), &'static str> {
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (host, after) = rest.split_once(']').ok_or(BAD_HOST)?;
            host.parse::<std::net::Ipv6Addr>().map_err(|_| BAD_HOST)?;
            (host, after)
        }
        None => {
            let end = authority.find(':').unwrap_or(authority.len());
            let (host, after) = authority.split_at(end);
            let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
            if host.is_empty() || !host.bytes().all(legal) {
                return Err(BAD_HOST);
            }
            (host, after)
        }
    };
    match port.strip_prefix(':') {
        None if port.is_empty() => Ok((host, None)),
        Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            let port = digits.parse().ok().filter(|port| *port != 0);
            port.map(|port| (host, Some(port))).ok_or("whose port is none")
        }
        _ => Err("whose port is none"),
    }
}

/// A path that can stand before others: encoded, without dot segments, without its last `/`.
fn checked_path(path: &str) -> Result<&str, &'static str> {
    let path = path.trim_end_matches('/');
    let legal = path.bytes().all(|byte| is_encoded_path_byte(byte) || byte == b'%');
    let dots = path.split('/').any(|segment| matches!(segment, "." | ".."));
    if legal && !dots { Ok(path) } else { Err("whose path is not encoded well") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> (bool, String, u16, String) {
        let Address { secure, host, port, prefix, .. } = Address::parse(text).expect(text);
        (secure, host, port, prefix)
    }

    #[test]
    fn an_address_has_four_parts() {
        assert_eq!(parts("http://catalog"), (false, "catalog".into(), 80, String::new()));
        assert_eq!(
            parts("https://a.example:8443/api/v2/"),
            (true, "a.example".into(), 8443, "/api/v2".into())
        );
        assert_eq!(parts("HTTP://[::1]:9000/"), (false, "::1".into(), 9000, String::new()));
    }

    #[test]
    fn what_is_no_address_is_refused_with_a_reason() {
        for (text, reason) in [
            ("auth.internal/keys", "scheme"),
            ("ftp://a", "scheme"),
            ("http://", "host"),
            ("http:///x", "host"),
            ("http://a b", "host"),
            ("http://[::1", "host"),
            ("http://a:0", "port"),
            ("http://a:99999", "port"),
            ("http://a:+1", "port"),
            ("http://u:p@a", "credentials"),
            ("http://a/?x=1", "query"),
            ("http://a?x=1", "query"),
            ("http://a/../b", "path"),
            ("http://a/b\r\nc", "path"),
        ] {
            let error = Address::parse(text).expect_err(text);
            assert!(error.contains(reason), "{text}: {error}");
        }
    }
}
