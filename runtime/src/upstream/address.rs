//! Where a backend is: the parts of its address, or of several that answer alike.

use http::HeaderValue;

use crate::request::is_encoded_path_byte;

/// The most addresses that one backend can be given.
const MOST: usize = 64;

/// Where a backend is, split into what connecting and asking need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) secure: bool,
    /// Whether HTTP/2 is spoken without TLS; with TLS that is agreed on.
    pub(crate) http2: bool,
    /// At least one; each can answer every call.
    pub(crate) hosts: Vec<Host>,
    /// The path before every call's path, without a `/` at its end.
    pub(crate) prefix: String,
}

/// One of the hosts that a backend is on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Host {
    /// A name or an IP address, without brackets.
    pub(crate) name: String,
    /// That of a service stands in its records.
    pub(crate) port: u16,
    /// Whether the name is that of a service, whose records say where it is (RFC 2782).
    pub(crate) is_service: bool,
    /// The value of `Host` (RFC 9110 section 7.2).
    pub(crate) authority: HeaderValue,
}

impl Address {
    /// Reads `http://host:port/prefix`, or the same with `https` or `h2c`.
    ///
    /// # Errors
    ///
    /// What is wrong with the text, to be put after "is `…`, ". Credentials are refused, because
    /// an address is shown and logged.
    pub(crate) fn parse(text: &str) -> Result<Address, &'static str> {
        let address = Address::read(text)?;
        let is_service = address.hosts.iter().any(|host| host.is_service);
        if is_service { Err("whose scheme is for backends alone") } else { Ok(address) }
    }

    /// The same, or `http+srv://service/prefix` and so on.
    fn read(text: &str) -> Result<Address, &'static str> {
        let (scheme, rest) = text.split_once("://").ok_or("which has no scheme")?;
        let scheme = scheme.to_ascii_lowercase();
        let (scheme, is_service) = match scheme.strip_suffix("+srv") {
            Some(scheme) => (scheme, true),
            None => (scheme.as_str(), false),
        };
        let (secure, http2) = match scheme {
            "http" => (false, false),
            "https" => (true, false),
            "h2c" => (false, true),
            _ => return Err("whose scheme is none of `http`, `https` and `h2c`"),
        };
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        if authority.contains('@') {
            return Err("which holds credentials");
        }
        if path.contains(['?', '#']) {
            return Err("which has a query or a fragment");
        }
        let (name, port) = split_port(authority)?;
        let owner = owner(name);
        let port = match port {
            Some(_) if is_service => return Err("whose port is said by the service's records"),
            None if is_service && name.parse::<std::net::IpAddr>().is_ok() => {
                return Err("whose host is no name of a service");
            }
            None if !is_service && owner.is_some() => {
                return Err("whose host is a service, so its scheme is `http+srv` or `https+srv`");
            }
            Some(port) => port,
            None if secure => 443,
            None => 80,
        };
        let prefix = checked_path(path)?.to_owned();
        let authority = if is_service { owner.unwrap_or(name) } else { authority };
        let authority = HeaderValue::from_str(authority).map_err(|_| BAD_HOST)?;
        let host = Host { name: name.to_owned(), port, is_service, authority };
        Ok(Address { secure, http2, hosts: vec![host], prefix })
    }

    /// Reads addresses with commas between them. A comma in a path is written `%2C`.
    ///
    /// # Errors
    ///
    /// As [`Address::parse`], and where the addresses differ in more than their hosts: any of them
    /// must be able to take any request as it is.
    pub(crate) fn parse_list(text: &str) -> Result<Address, &'static str> {
        let mut all: Option<Address> = None;
        for one in text.split(',') {
            if one.trim().is_empty() && text.contains(',') {
                return Err("which lacks an address beside a comma");
            }
            let mut one = Address::read(one.trim())?;
            let Some(all) = &mut all else {
                all = Some(one);
                continue;
            };
            let services = |address: &Address| address.hosts.iter().any(|host| host.is_service);
            let kind = |address: &Address| (address.secure, address.http2, services(address));
            if kind(&one) != kind(all) {
                return Err("whose addresses have several schemes");
            }
            if one.prefix != all.prefix {
                return Err("whose addresses have several paths");
            }
            let same = |host: &Host| one.hosts.iter().any(|new| new.place() == host.place());
            if all.hosts.iter().any(same) {
                return Err("which names an address twice");
            }
            all.hosts.append(&mut one.hosts);
        }
        let all = all.ok_or("which has no scheme")?;
        if all.hosts.len() > MOST { Err("which has more than 64 addresses") } else { Ok(all) }
    }

    /// Each of its hosts as an address of its own.
    pub(crate) fn each(&self) -> impl Iterator<Item = Address> {
        let one = |host: &Host| Address { hosts: vec![host.clone()], ..self.clone() };
        self.hosts.iter().map(one)
    }
}

impl Host {
    /// Whom it must be: its name, that of a service without what the service is called.
    #[cfg(feature = "tls")]
    pub(crate) fn owner(&self) -> &str {
        if self.is_service { owner(&self.name).unwrap_or(&self.name) } else { &self.name }
    }

    fn place(&self) -> (String, u16) {
        (self.name.to_ascii_lowercase(), self.port)
    }
}

/// `shop.example` of `_http._tcp.shop.example`.
fn owner(name: &str) -> Option<&str> {
    let mut labels = name.trim_end_matches('.').splitn(3, '.');
    let (service, protocol, owner) = (labels.next()?, labels.next()?, labels.next()?);
    (service.starts_with('_') && protocol.starts_with('_')).then_some(owner)
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
        let Address { secure, hosts, prefix, .. } = Address::parse(text).expect(text);
        let [host] = <[Host; 1]>::try_from(hosts).expect("one host");
        (secure, host.name, host.port, prefix)
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
    fn a_service_has_no_port_and_is_known_by_its_owner() {
        let read = |text: &str| Address::parse_list(text).expect(text);
        let address = read("https+srv://_https._tcp.shop.example/api/");
        let host = address.hosts.first().expect("one");
        assert!(host.is_service && address.secure);
        assert_eq!(host.name, "_https._tcp.shop.example");
        assert_eq!(
            (host.authority.as_bytes(), address.prefix.as_str()),
            (&b"shop.example"[..], "/api")
        );
        let other = read("h2c+srv://shop.service.consul");
        assert!(
            other.http2 && other.hosts.first().expect("one").authority == "shop.service.consul"
        );
        for (text, reason) in [
            ("http+srv://_http._tcp.a:80", "port"),
            ("http+srv://10.0.0.1", "no name of a service"),
            ("http+srv://[::1]", "no name of a service"),
            ("http://_http._tcp.a", "http+srv"),
            ("ftp+srv://a", "scheme"),
            ("http+srv://a, http://b", "several schemes"),
        ] {
            let error = Address::parse_list(text).expect_err(text);
            assert!(error.contains(reason), "{text}: {error}");
        }
        assert!(Address::parse("http+srv://a").is_err(), "only backends are services");
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

    #[test]
    fn several_addresses_differ_in_their_hosts_alone() {
        let list = "http://a:1/api,http://b:2/api/ ,  HTTP://[::1]:3/api";
        let list = Address::parse_list(list).expect("a list");
        let hosts: Vec<_> = list.hosts.iter().map(|host| (host.name.as_str(), host.port)).collect();
        assert_eq!(hosts, [("a", 1), ("b", 2), ("::1", 3)]);
        assert_eq!(list.prefix, "/api");
        assert_eq!(list.each().count(), 3);
        let many = vec!["http://a"; 65].join(",");
        for (text, reason) in [
            ("http://a,https://b", "schemes"),
            ("http://a/x,http://b/y", "paths"),
            ("http://a,http://A:80", "twice"),
            ("http://a,", "comma"),
            (",http://a", "comma"),
            ("http://a,b", "scheme"),
            ("http://a/x,y", "scheme"),
            ("", "scheme"),
            (&many, "twice"),
        ] {
            let error = Address::parse_list(text).expect_err(text);
            assert!(error.contains(reason), "{text}: {error}");
        }
        let many: Vec<_> = (1..=65).map(|port| format!("http://a:{port}")).collect();
        assert!(Address::parse_list(&many[1..].join(",")).is_ok());
        assert!(Address::parse_list(&many.join(",")).is_err());
    }
}
