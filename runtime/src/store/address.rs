//! Where a store is, and how it is greeted.

use crate::check::Rule;

/// The port of a store that names none.
const PORT: u16 = 6379;

/// The parts of the address of a store.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) secure: bool,
    /// A name or an IP address, without brackets.
    pub(super) host: String,
    pub(super) port: u16,
    /// Who asks; nobody in particular where it is empty.
    pub(super) user: String,
    pub(super) password: String,
    pub(super) database: u32,
}

/// Whether a store at this address speaks TLS.
#[cfg(feature = "tls")]
pub(crate) fn is_secure(address: &str) -> bool {
    Place::parse(address).is_ok_and(|place| place.secure)
}

/// What the address of a store must be.
#[derive(Debug)]
pub struct StoreRule;

/// The rule of the address of a store.
pub static STORE: StoreRule = StoreRule;

impl Rule for StoreRule {
    fn accepts(&self, text: &str) -> bool {
        Place::parse(text).is_ok_and(|place| !place.secure || cfg!(feature = "tls"))
    }

    fn expected(&self) -> &'static str {
        if cfg!(feature = "tls") {
            "an address such as `redis://host:6379` or `rediss://user:password@host:6379/0`"
        } else {
            "an address such as `redis://host:6379`: this gateway is built without TLS"
        }
    }
}

impl Place {
    /// Reads `rediss://user:password@host:port/database`.
    ///
    /// # Errors
    ///
    /// What is none; the text, which may hold a password, is not repeated.
    pub(super) fn parse(text: &str) -> Result<Place, ()> {
        let (scheme, rest) = text.split_once("://").ok_or(())?;
        let secure = match scheme.to_ascii_lowercase().as_str() {
            "redis" | "valkey" => false,
            "rediss" | "valkeys" => true,
            _ => return Err(()),
        };
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (who, place) = authority.rsplit_once('@').unwrap_or(("", authority));
        let (user, password) = who.split_once(':').unwrap_or((who, ""));
        let (host, port) = match place.strip_prefix('[') {
            Some(rest) => {
                let (host, port) = rest.split_once(']').ok_or(())?;
                host.parse::<std::net::Ipv6Addr>().map_err(|_| ())?;
                (host, port)
            }
            None => {
                let (host, port) = place.split_at(place.find(':').unwrap_or(place.len()));
                let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
                if host.is_empty() || !host.bytes().all(legal) {
                    return Err(());
                }
                (host, port)
            }
        };
        let port = match port.strip_prefix(':') {
            None if port.is_empty() => PORT,
            Some(digits) => number(digits).and_then(|port| u16::try_from(port).ok()).ok_or(())?,
            None => return Err(()),
        };
        let database = if path.is_empty() { 0 } else { number(path).ok_or(())? };
        Ok(Place {
            secure,
            host: host.to_owned(),
            port: if port == 0 { return Err(()) } else { port },
            user: decoded(user).ok_or(())?,
            password: decoded(password).ok_or(())?,
            database,
        })
    }
}

fn number(digits: &str) -> Option<u32> {
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|_| plain)
}

/// A text without percent-encoding (RFC 3986 section 2.1).
fn decoded(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first != b'%' {
            out.push(*first);
            continue;
        }
        let (digits, after) = rest.split_at_checked(2)?;
        let digits = std::str::from_utf8(digits).ok()?;
        if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        out.push(u8::from_str_radix(digits, 16).ok()?);
        rest = after;
    }
    String::from_utf8(out).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_six_parts() {
        let place =
            Place::parse("rediss://app:p%40ss%3a@store.example:7000/3").expect("an address");
        assert_eq!((place.secure, place.host.as_str(), place.port), (true, "store.example", 7000));
        assert_eq!(
            (place.user.as_str(), place.password.as_str(), place.database),
            ("app", "p@ss:", 3)
        );
        let place = Place::parse("redis://[::1]").expect("an address");
        assert_eq!((place.host.as_str(), place.port, place.database), ("::1", PORT, 0));
        let place = Place::parse("redis://:secret@10.0.0.1/").expect("an address");
        assert_eq!((place.user.as_str(), place.password.as_str()), ("", "secret"));
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "",
            "mock",
            "http://a",
            "redis://",
            "redis://a:0",
            "redis://a:x",
            "redis://a:99999",
            "redis://a/x",
            "redis://a/0/1",
            "redis://a b",
            "redis://[::1",
            "redis://u:%zz@a",
            "redis://u:%4@a",
        ] {
            assert!(Place::parse(text).is_err(), "{text}");
        }
    }
}
