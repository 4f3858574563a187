//! What a text must be so that it can go where it is carried: a header field, a segment of a path.

use std::net::Ipv6Addr;

use super::Rule;
use crate::response::field_value;

/// A text that a header field can have as its value (RFC 9110 section 5.5).
#[derive(Debug)]
pub struct FieldRule;

/// The rule of a header field's value.
pub static FIELD: FieldRule = FieldRule;

impl Rule for FieldRule {
    fn accepts(&self, text: &str) -> bool {
        field_value(text).is_some()
    }

    fn expected(&self) -> &'static str {
        "the value of a header field"
    }
}

/// A text that can be a whole segment of a path: backends resolve `.` and `..` (RFC 3986 section
/// 5.2.4).
#[derive(Debug)]
pub struct SegmentRule;

/// The rule of a segment of a path.
pub static SEGMENT: SegmentRule = SegmentRule;

impl Rule for SegmentRule {
    fn accepts(&self, text: &str) -> bool {
        !matches!(text, "" | "." | "..")
    }

    fn expected(&self) -> &'static str {
        "a segment of a path, which `.` and `..` are not"
    }
}

/// A list of origins of pages, with commas between them: each as browsers spell it, and named as a
/// whole (RFC 6454 section 6.2).
#[derive(Debug)]
pub struct OriginsRule;

/// The rule of a list of origins.
pub static ORIGINS: OriginsRule = OriginsRule;

impl Rule for OriginsRule {
    fn accepts(&self, text: &str) -> bool {
        text.trim().is_empty() || text.split(',').all(|one| is_origin(one.trim()))
    }

    fn expected(&self) -> &'static str {
        "origins such as `https://shop.example`, with commas between them"
    }
}

fn is_origin(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else { return false };
    let in_scheme =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"+-.".contains(&byte);
    if !scheme.starts_with(|first: char| first.is_ascii_lowercase())
        || !scheme.bytes().all(in_scheme)
    {
        return false;
    }
    let (host, port) = match rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((inside, port)) => match inside.parse::<Ipv6Addr>() {
            Ok(address) if address.to_string() == inside => ("v6", port),
            _ => return false,
        },
        None => rest.split_at(rest.find(':').unwrap_or(rest.len())),
    };
    let in_host =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.".contains(&byte);
    let labels = host.split('.').all(|label| !label.is_empty());
    labels && host.bytes().all(in_host) && is_port(scheme, port)
}

/// Whether `:8443` may stand behind a host: the port of the scheme is left out.
fn is_port(scheme: &str, text: &str) -> bool {
    let Some(digits) = text.strip_prefix(':') else { return text.is_empty() };
    let own = matches!((scheme, digits), ("http", "80") | ("https", "443"));
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0');
    !own && plain && digits.parse::<u16>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_holds_no_second_line() {
        for bad in ["a\r\nX-Admin: 1", "a\n", " a", "a\t", "\0"] {
            assert!(!FIELD.accepts(bad), "{bad:?}");
        }
        for good in ["a", "a b", "é", ""] {
            assert!(FIELD.accepts(good), "{good:?}");
        }
    }

    #[test]
    fn origins_are_spelled_as_browsers_spell_them() {
        for good in [
            "",
            "https://shop.example",
            "https://a.example, http://localhost:3000,capacitor://localhost",
            "http://[::1]:3000",
            "https://192.0.2.1:8443",
        ] {
            assert!(ORIGINS.accepts(good), "{good}");
        }
        for bad in [
            "*",
            "null",
            "shop.example",
            "https://shop.example/",
            "https://Shop.example",
            "https://shop.example:443",
            "http://shop.example:080",
            "https://*.shop.example",
            "https://me@shop.example",
            "https://a.example,",
            "https://a.example https://b.example",
            "https://[::0001]",
            "https://",
            "https://a..example",
        ] {
            assert!(!ORIGINS.accepts(bad), "{bad}");
        }
    }

    #[test]
    fn a_segment_leads_nowhere_else() {
        for bad in ["", ".", ".."] {
            assert!(!SEGMENT.accepts(bad), "{bad:?}");
        }
        for good in ["a", "...", "a/b", ".a"] {
            assert!(SEGMENT.accepts(good), "{good:?}");
        }
    }
}
