//! Where a request comes from: its caller's address, behind the proxies that an operator trusts.

use std::net::IpAddr;

use http::{HeaderMap, HeaderName};

const FORWARDED: HeaderName = HeaderName::from_static("forwarded");
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// How many proxies one behind the other are looked at. What lies beyond is not believed.
const MOST_HOPS: usize = 32;

/// Where a request comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Remote {
    pub(crate) address: IpAddr,
    /// `http`, or `https` if a trusted proxy says so.
    pub(crate) scheme: &'static str,
}

/// The networks of proxies that say truly whom they asked for.
#[derive(Debug, Default)]
pub(crate) struct Proxies(Vec<Network>);

/// Addresses with the same first bits. Those of IPv4 are the ones that IPv6 maps them to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Network {
    address: u128,
    mask: u128,
}

impl Proxies {
    /// Reads `10.0.0.0/8, 2001:db8::/32, 192.0.2.7`.
    ///
    /// # Errors
    ///
    /// What is wrong with the first part that is none, and what is meant.
    pub(crate) fn parse(text: &str) -> Result<Proxies, String> {
        text.split(',')
            .map(|part| Network::parse(part.trim()))
            .collect::<Result<_, _>>()
            .map(Proxies)
    }

    /// Whether this is the address of such a proxy.
    pub(crate) fn trusts(&self, address: IpAddr) -> bool {
        let bits = bits(address);
        self.0.iter().any(|network| bits & network.mask == network.address)
    }

    /// Where a request comes from that `peer` has sent. What it says of that counts only if `peer` is
    /// trusted: then the last address that no trusted proxy has.
    pub(crate) fn remote(&self, peer: IpAddr, headers: &HeaderMap) -> Remote {
        let peer = peer.to_canonical();
        if !self.trusts(peer) {
            return Remote { address: peer, scheme: "http" };
        }
        let by = |field: &HeaderName, read: fn(&str) -> Option<IpAddr>| {
            headers.contains_key(field).then(|| self.walk(peer, headers, (field, read)))
        };
        let address = match (by(&FORWARDED, forwarded_for), by(&FORWARDED_FOR, node)) {
            // A proxy knows one of the fields and passes on what its caller wrote into the other.
            // Which of them it is nobody says, so neither is believed.
            (Some(one), Some(other)) if one != other => peer,
            (Some(address), _) | (None, Some(address)) => address,
            (None, None) => peer,
        };
        Remote { address, scheme: scheme(headers) }
    }

    /// Goes back from `peer` as long as those who say where they have a request from are trusted.
    fn walk(
        &self,
        peer: IpAddr,
        headers: &HeaderMap,
        (field, read): (&HeaderName, fn(&str) -> Option<IpAddr>),
    ) -> IpAddr {
        let mut address = peer;
        for part in last_first(headers, field).take(MOST_HOPS) {
            // What is no address, such as `unknown`, hides what lies behind it.
            let Some(before) = part.and_then(read) else { return address };
            address = before;
            if !self.trusts(address) {
                return address;
            }
        }
        address
    }
}

impl Network {
    fn parse(text: &str) -> Result<Network, String> {
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length)),
            None => (text, None),
        };
        let wrong = || format!("`{text}` is no address or network such as `10.0.0.0/8`");
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let before = if address.is_ipv4() { 96 } else { 0 };
        let length = match length {
            None => 128 - before,
            // `+8` and `08` are numbers for Rust, and typing errors for people.
            Some(digits) if digits.starts_with(['+', '0']) && digits != "0" => return Err(wrong()),
            Some(digits) => digits.parse::<u32>().map_err(|_| wrong())?,
        };
        if length + before > 128 {
            return Err(format!("`{text}` has more bits than its address"));
        }
        let mask = u128::MAX.checked_shl(128 - before - length).unwrap_or(0);
        let network = Network { address: bits(address) & mask, mask };
        if network.address != bits(address) {
            return Err(format!("`{text}` has bits of an address behind those of its network"));
        }
        Ok(network)
    }
}

/// An address as fields write it. Most are of four numbers, which are not worth the machinery of
/// `format!`: this is done for every call.
pub(crate) fn text_of(address: IpAddr) -> String {
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

fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().to_bits(),
        IpAddr::V6(address) => address.to_bits(),
    }
}

/// The members of a list in header fields, the last one first; nothing for what is no text. A comma always
/// separates them: one in quotes is not part of any address, and quotes that are never closed must not
/// swallow what a proxy has appended.
fn last_first<'h>(
    headers: &'h HeaderMap,
    field: &HeaderName,
) -> impl Iterator<Item = Option<&'h str>> {
    let values: Vec<_> = headers.get_all(field).iter().collect();
    values.into_iter().rev().flat_map(|value| {
        let text = value.to_str().ok();
        let members = text.unwrap_or("").rsplit(',').map(str::trim);
        members.map(move |member| text.and(Some(member)))
    })
}

/// The address of an element of `Forwarded` (RFC 7239 section 4).
fn forwarded_for(element: &str) -> Option<IpAddr> {
    let mut found = None;
    for pair in element.split(';').map(str::trim) {
        let Some((name, value)) = pair.split_once('=') else { continue };
        if name.eq_ignore_ascii_case("for") {
            if found.is_some() {
                return None;
            }
            let value = match value.strip_prefix('"') {
                Some(rest) => rest.strip_suffix('"')?,
                None => value,
            };
            found = Some(node(value));
        }
    }
    found?
}

/// The address of a node, with or without a port: `192.0.2.1`, `192.0.2.1:80`, `[2001:db8::1]:80`
/// (RFC 7239 section 6), and `2001:db8::1` as many write it.
fn node(text: &str) -> Option<IpAddr> {
    if let Some(rest) = text.strip_prefix('[') {
        let (address, port) = rest.split_once(']')?;
        let port = port.is_empty() || port.strip_prefix(':').is_some_and(is_port);
        let address: std::net::Ipv6Addr = address.parse().ok()?;
        return port.then(|| IpAddr::V6(address).to_canonical());
    }
    match text.split_once(':') {
        Some((address, port)) if is_port(port) => Some(IpAddr::V4(address.parse().ok()?)),
        _ => text.parse().ok().map(|address: IpAddr| address.to_canonical()),
    }
}

fn is_port(text: &str) -> bool {
    (1..=5).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The scheme that the nearest proxy was asked by.
fn scheme(headers: &HeaderMap) -> &'static str {
    let proto = |element: &'_ str| {
        let mut pairs = element.split(';').filter_map(|pair| pair.trim().split_once('='));
        let found = pairs.find(|(name, _)| name.eq_ignore_ascii_case("proto"));
        found.is_some_and(|(_, value)| value.trim_matches('"').eq_ignore_ascii_case("https"))
    };
    let last = |field: &HeaderName| last_first(headers, field).next().flatten();
    // Both fields are the word of a trusted proxy, or of its caller where it knows but one: so both
    // have to say it where both are there.
    let said = [
        last(&FORWARDED)
            .filter(|element| element.to_ascii_lowercase().contains("proto="))
            .map(proto),
        last(&FORWARDED_PROTO).map(|value| value.eq_ignore_ascii_case("https")),
    ];
    let mut said = said.into_iter().flatten().peekable();
    if said.peek().is_some() && said.all(|https| https) { "https" } else { "http" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn proxies() -> Proxies {
        Proxies::parse("10.0.0.0/8, 192.0.2.7 ,2001:db8::/32").expect("networks")
    }

    fn address(peer: &str, fields: &[(&'static str, &str)]) -> String {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(*name, HeaderValue::from_str(value).expect("a value"));
        }
        proxies().remote(peer.parse().expect("an address"), &headers).address.to_string()
    }

    #[test]
    fn addresses_are_written_as_everybody_does() {
        for address in ["0.0.0.0", "255.255.255.255", "10.0.100.9", "1.20.3.199", "::1"] {
            assert_eq!(text_of(address.parse().expect("an address")), address);
        }
    }

    #[test]
    fn networks_are_read_exactly() {
        for good in ["0.0.0.0/0", "::/0", "10.1.2.3", "10.1.2.3/32", "::1/128", "192.0.2.0/25"] {
            assert!(Proxies::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            ",",
            "10.0.0.0/8,",
            "10.0.0.0/33",
            "::/129",
            "10.0.0.1/8",
            "10/8",
            "a",
            "10.0.0.0/+8",
        ] {
            assert!(Proxies::parse(bad).is_err(), "{bad}");
        }
        let all = Proxies::parse("0.0.0.0/0").expect("a network");
        assert!(all.trusts("203.0.113.9".parse().expect("an address")));
        assert!(!all.trusts("2001:db8::1".parse().expect("an address")), "only IPv4");
    }

    #[test]
    fn who_is_not_trusted_says_nothing() {
        let fields = [("x-forwarded-for", "203.0.113.9"), ("forwarded", "for=203.0.113.9")];
        assert_eq!(address("198.51.100.1", &fields), "198.51.100.1");
        assert_eq!(address("::ffff:198.51.100.1", &fields), "198.51.100.1");
    }

    #[test]
    fn the_last_address_that_is_not_trusted_is_the_caller() {
        let by = |value: &str| address("10.0.0.1", &[("x-forwarded-for", value)]);
        assert_eq!(by("203.0.113.9"), "203.0.113.9");
        assert_eq!(by("6.6.6.6, 203.0.113.9"), "203.0.113.9", "what a caller wrote stands before");
        assert_eq!(by("6.6.6.6, 203.0.113.9, 10.0.0.2,192.0.2.7"), "203.0.113.9");
        assert_eq!(by("10.0.0.3, 10.0.0.2"), "10.0.0.3", "one from inside");
        assert_eq!(by("203.0.113.9:4711"), "203.0.113.9");
        assert_eq!(by("2001:db9::1"), "2001:db9::1");
        assert_eq!(by("[2001:db9::1]:80"), "2001:db9::1");
        assert_eq!(by("::ffff:203.0.113.9"), "203.0.113.9");
        let two = [("x-forwarded-for", "6.6.6.6"), ("x-forwarded-for", "203.0.113.9, 10.0.0.2")];
        assert_eq!(address("10.0.0.1", &two), "203.0.113.9");
    }

    #[test]
    fn what_is_no_address_hides_what_lies_behind() {
        let by = |value: &str| address("10.0.0.1", &[("x-forwarded-for", value)]);
        for odd in
            ["", "unknown", "6.6.6.6,", "6.6.6.6, x", "300.1.1.1", "1.1.1.1:x", "6.6.6.6, [::"]
        {
            assert_eq!(by(odd), "10.0.0.1", "{odd:?}");
        }
        assert_eq!(by("6.6.6.6, nonsense, 10.0.0.2"), "10.0.0.2");
        let many = vec!["10.0.0.2"; 40].join(",");
        assert_eq!(by(&format!("6.6.6.6,{many}")), "10.0.0.2");
    }

    #[test]
    fn elements_of_forwarded() {
        let by = |value: &str| address("10.0.0.1", &[("forwarded", value)]);
        assert_eq!(by("for=203.0.113.9"), "203.0.113.9");
        assert_eq!(by("For=\"[2001:db9::1]:4711\";proto=https;by=10.0.0.1"), "2001:db9::1");
        assert_eq!(by("for=6.6.6.6, proto=http; for=203.0.113.9"), "203.0.113.9");
        assert_eq!(by("for=203.0.113.9, for=10.0.0.2;proto=https"), "203.0.113.9");
        for odd in ["for=_hidden", "for=unknown", "proto=https", "for=6.6.6.6;for=7.7.7.7", "for="]
        {
            assert_eq!(by(odd), "10.0.0.1", "{odd}");
        }
        // Quotes that a caller leaves open do not swallow what the proxy appends.
        assert_eq!(by("for=\"6.6.6.6, for=203.0.113.9"), "203.0.113.9");
        assert_eq!(by("for=\"6.6.6.6;x=\\\", for=203.0.113.9"), "203.0.113.9");
    }

    #[test]
    fn two_fields_that_disagree_are_not_believed() {
        let by = |forwarded: &str| {
            address("10.0.0.1", &[("x-forwarded-for", "203.0.113.9"), ("forwarded", forwarded)])
        };
        assert_eq!(by("for=203.0.113.9"), "203.0.113.9");
        assert_eq!(by("for=6.6.6.6"), "10.0.0.1");
    }

    #[test]
    fn the_scheme_is_what_the_nearest_proxy_says() {
        let scheme = |peer: &str, fields: &[(&'static str, &'static str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in fields {
                headers.append(*name, HeaderValue::from_static(value));
            }
            proxies().remote(peer.parse().expect("an address"), &headers).scheme
        };
        let https = ("x-forwarded-proto", "https");
        assert_eq!(scheme("10.0.0.1", &[https]), "https");
        assert_eq!(scheme("198.51.100.1", &[https]), "http");
        assert_eq!(scheme("10.0.0.1", &[("x-forwarded-proto", "https, http")]), "http");
        assert_eq!(scheme("10.0.0.1", &[("forwarded", "for=6.6.6.6;proto=https")]), "https");
        assert_eq!(scheme("10.0.0.1", &[https, ("forwarded", "for=6.6.6.6;proto=http")]), "http");
        assert_eq!(scheme("10.0.0.1", &[]), "http");
    }
}
