//! Mailboxes and addresses of resources.

use std::net::Ipv6Addr;

pub(super) fn is_email(text: &[u8]) -> bool {
    let Some(at) = text.iter().rposition(|&byte| byte == b'@') else { return false };
    let (local, domain) =
        (text.get(..at).unwrap_or_default(), text.get(at + 1..).unwrap_or_default());
    // RFC 5321 section 4.5.3.1 limits the parts; a mailbox in a path of 256 has 254.
    text.len() <= 254
        && local.len() <= 64
        && local.split(|&byte| byte == b'.').all(is_atom)
        && domain.split(|&byte| byte == b'.').all(is_label)
}

/// RFC 5322 section 3.2.3.
fn is_atom(text: &[u8]) -> bool {
    let atom = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(byte);
    !text.is_empty() && text.iter().all(atom)
}

/// RFC 1123 section 2.1: letters, digits and inner hyphens, 63 at most.
fn is_label(text: &[u8]) -> bool {
    let hyphen = |byte: Option<&u8>| byte == Some(&b'-');
    (1..=63).contains(&text.len())
        && !hyphen(text.first())
        && !hyphen(text.last())
        && text.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-')
}

pub(super) fn is_url(text: &[u8]) -> bool {
    let Some(colon) = text.iter().position(|&byte| byte == b':') else { return false };
    let Some((scheme, rest)) = text.split_at_checked(colon) else { return false };
    let Some(rest) = rest.strip_prefix(b"://") else { return false };
    let ends = |byte: &u8| matches!(byte, b'/' | b'?' | b'#');
    let end = rest.iter().position(ends).unwrap_or(rest.len());
    let Some((authority, rest)) = rest.split_at_checked(end) else { return false };
    let (rest, fragment) = split(rest, b'#');
    is_scheme(scheme)
        && is_authority(authority)
        && spells(rest, b"/?:@")
        && fragment.is_none_or(|fragment| spells(fragment, b"/?:@"))
}

fn is_scheme(text: &[u8]) -> bool {
    text.first().is_some_and(u8::is_ascii_alphabetic)
        && text.iter().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(byte))
}

/// `user@host:port` with a host; the rest may be missing.
fn is_authority(text: &[u8]) -> bool {
    let (user, place) = match split(text, b'@') {
        (user, Some(place)) => (user, place),
        (place, None) => (&b""[..], place),
    };
    let (host, port) = match place.strip_prefix(b"[") {
        Some(address) => {
            let (address, port) = split(address, b']');
            let known = str::from_utf8(address).is_ok_and(|text| text.parse::<Ipv6Addr>().is_ok());
            (
                known,
                port.and_then(
                    |port| if port.is_empty() { Some(port) } else { port.strip_prefix(b":") },
                ),
            )
        }
        None => {
            let (name, port) = split(place, b':');
            (!name.is_empty() && spells(name, b""), Some(port.unwrap_or_default()))
        }
    };
    spells(user, b":") && host && port.is_some_and(|port| port.iter().all(u8::is_ascii_digit))
}

/// What is before and after the first such byte, if there is one.
fn split(text: &[u8], byte: u8) -> (&[u8], Option<&[u8]>) {
    match text.iter().position(|&other| other == byte) {
        Some(at) => (text.get(..at).unwrap_or_default(), text.get(at + 1..)),
        None => (text, None),
    }
}

/// Whether a text holds only unreserved characters, sub-delimiters, percent-encoded bytes (RFC 3986
/// section 2) and the given bytes.
fn spells(text: &[u8], also: &[u8]) -> bool {
    let plain = |byte: &u8| {
        byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=".contains(byte) || also.contains(byte)
    };
    let mut bytes = text.iter();
    while let Some(byte) = bytes.next() {
        let mut digit = || bytes.next().is_some_and(u8::is_ascii_hexdigit);
        if !(plain(byte) || *byte == b'%' && digit() && digit()) {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::super::tests::check;
    use crate::check::Format;

    #[test]
    fn an_email_is_atoms_at_a_domain() {
        let longest =
            format!("{}@{}.{}.{}", "a".repeat(64), "b".repeat(63), "c".repeat(63), "d".repeat(61));
        assert_eq!(longest.len(), 254);
        check(
            Format::Email,
            &["a@b", "ann.o'neil+shop@mail.example.org", "1@1.2", "{x}@example.org", &longest],
            &[
                "",
                "@",
                "a@",
                "@b",
                "a b@c",
                "a@b c",
                "a@@b",
                "a@b@c",
                ".a@b",
                "a.@b",
                "a..b@c",
                "a@.b",
                "a@b.",
                "a@-b",
                "a@b-",
                "a@b_c",
                "a@[127.0.0.1]",
                "\"a\"@b",
                "é@b",
                "a@é",
                "a@b\n",
                &format!("{}@b", "a".repeat(65)),
                &format!("a@{}", "b".repeat(64)),
                &format!("{longest}d"),
            ],
        );
    }

    #[test]
    fn a_url_has_a_scheme_and_a_host() {
        check(
            Format::Url,
            &[
                "http://a",
                "https://example.org:8443/a/b;c?d=e&f=g/?#h?",
                "ftp://u:p@h/",
                "http://[::1]:80/",
                "http://127.0.0.1:/",
                "HTTP://EXAMPLE.ORG",
                "git+ssh://h/x",
                "http://h?q",
                "http://h#f",
                "http://h/%20%C3%A9",
                "http://h/a:b@c",
            ],
            &[
                "",
                "example.org",
                "//h/x",
                "/x",
                "mailto:a@b",
                "http:/h",
                "http:",
                "http://",
                "http:///x",
                "http://:80",
                "http://u@",
                "1http://h",
                "://h",
                "http://h/a b",
                "http://h/\n",
                "http://h/é",
                "http://h/<",
                "http://h/%2",
                "http://h/%zz",
                "http://h:80a",
                "http://[::1",
                "http://[::g]/",
                "http://[::1]80",
                "http://h/a#b#c",
                "http://a@b@c",
                "http://h/[",
                "http://h/\\",
            ],
        );
    }
}
