//! What a certificate says of its holder (RFC 5280 section 4.1, RFC 4514).

use std::fmt::Write;

use rustls::pki_types::CertificateDer;
use webpki::EndEntityCert;

use super::keys::sha256;
use crate::der::{SEQUENCE, any, element};
use crate::json::Writer;

const SET: u8 = 0x31;
const OID: u8 = 0x06;

/// `commonName`, as RFC 5280 appendix A.1 numbers it.
const COMMON_NAME: &[u8] = &[0x55, 4, 3];

/// The attributes that have short names (RFC 4514 section 3).
const SHORT: [(&[u8], &str); 9] = [
    (COMMON_NAME, "CN"),
    (&[0x55, 4, 6], "C"),
    (&[0x55, 4, 7], "L"),
    (&[0x55, 4, 8], "ST"),
    (&[0x55, 4, 9], "STREET"),
    (&[0x55, 4, 10], "O"),
    (&[0x55, 4, 11], "OU"),
    (&[0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 25], "DC"),
    (&[0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 1], "UID"),
];

/// What is known of the holder of a certificate, a JSON object, and what tells it from others:
/// issuer and subject, with alternative names where there is no subject. Nothing if it cannot be read.
pub(super) fn read(certificate: &CertificateDer<'_>) -> Option<(String, String)> {
    let parsed = EndEntityCert::try_from(certificate).ok()?;
    let (subject, issuer) = (Name::read(parsed.subject())?, Name::read(parsed.issuer())?);
    let dns: Vec<&str> = parsed.valid_dns_names().collect();
    let uris: Vec<&str> = parsed.valid_uri_names().collect();
    let fingerprint = hex(&sha256(certificate));
    let mut out = Writer::new();
    out.raw("{\"subject\":");
    out.text(&subject.text);
    if let Some(name) = &subject.common {
        out.raw(",\"name\":");
        out.text(name);
    }
    out.raw(",\"issuer\":");
    out.text(&issuer.text);
    for (member, names) in [(",\"dns\":[", &dns), (",\"uris\":[", &uris)] {
        out.raw(member);
        for name in names {
            out.comma();
            out.text(name);
        }
        out.raw("]");
    }
    out.raw(",\"fingerprint\":");
    out.text(&fingerprint);
    out.raw("}");
    let own = match (subject.text.is_empty(), dns.is_empty() && uris.is_empty()) {
        (false, _) => subject.text,
        (true, false) => [dns, uris].concat().join(" "),
        (true, true) => fingerprint,
    };
    // A line feed stands in no name: it is written out there.
    Some((String::from_utf8(out.finish()).ok()?, format!("{}\n{own}", issuer.text)))
}

/// The name of somebody.
struct Name {
    /// All of it, the most special part first (RFC 4514).
    text: String,
    /// Its common name, if it has one and no more.
    common: Option<String>,
}

impl Name {
    /// What is in a `Name` (RFC 5280 section 4.1.2.4), without its tag.
    fn read(mut der: &[u8]) -> Option<Name> {
        let (mut parts, mut common) = (Vec::new(), Vec::new());
        while !der.is_empty() {
            let (set, rest) = element(der, SET)?;
            der = rest;
            let (mut set, mut part) = (set, String::new());
            while !set.is_empty() {
                let (attribute, rest) = element(set, SEQUENCE)?;
                set = rest;
                let (kind, value) = element(attribute, OID)?;
                let text = text(value)?;
                if !part.is_empty() {
                    part.push('+');
                }
                write_attribute(&mut part, (kind, value), text.as_deref());
                if kind == COMMON_NAME {
                    common.push(text);
                }
            }
            parts.push(part);
        }
        parts.reverse();
        let one = if common.len() == 1 { common.pop().flatten() } else { None };
        Some(Name { text: parts.join(","), common: one })
    }
}

/// `CN=Acme\, Ltd`; a value that is no text in hexadecimal digits, `CN=#0401ff`.
fn write_attribute(out: &mut String, (kind, value): (&[u8], &[u8]), text: Option<&str>) {
    match SHORT.iter().find(|(known, _)| *known == kind) {
        Some((_, short)) => out.push_str(short),
        None => out.push_str(&dotted(kind)),
    }
    out.push('=');
    let Some(text) = text else {
        out.push('#');
        out.push_str(&hex(value));
        return;
    };
    let last = text.chars().count().saturating_sub(1);
    for (place, letter) in text.chars().enumerate() {
        match letter {
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' | '=' => out.extend(['\\', letter]),
            '#' if place == 0 => out.push_str("\\#"),
            ' ' if place == 0 || place == last => out.push_str("\\ "),
            // Also what is allowed as it is: nobody is to be deceived by a line that ends in a name.
            letter if letter.is_control() => {
                let mut bytes = [0; 4];
                for byte in letter.encode_utf8(&mut bytes).bytes() {
                    let _ = write!(out, "\\{byte:02x}");
                }
            }
            letter => out.push(letter),
        }
    }
}

/// The text of a value, if it is of a kind whose letters are known; nothing at all if it is broken.
#[expect(clippy::option_option, reason = "a value may be whole, and no text")]
fn text(value: &[u8]) -> Option<Option<String>> {
    let (tag, inside, rest) = any(value)?;
    if !rest.is_empty() {
        return None;
    }
    Some(match tag {
        // UTF-8, and three that are less: digits, printable letters, ASCII.
        0x0c | 0x12 | 0x13 | 0x16 => Some(std::str::from_utf8(inside).ok()?.to_owned()),
        // Sixteen bits per letter.
        0x1e => {
            let (units, rest) = inside.as_chunks::<2>();
            let units: Vec<u16> = units.iter().map(|unit| u16::from_be_bytes(*unit)).collect();
            Some(String::from_utf16(&units).ok().filter(|_| rest.is_empty())?)
        }
        _ => None,
    })
}

/// `1.2.840.113549.1.9.1`
fn dotted(oid: &[u8]) -> String {
    let mut out = String::new();
    let mut number: u128 = 0;
    for byte in oid {
        number = number << 7 | u128::from(byte & 0x7f);
        if byte & 0x80 != 0 {
            continue;
        }
        if out.is_empty() {
            let first = (number / 40).min(2);
            let _ = write!(out, "{first}.{}", number - first * 40);
        } else {
            let _ = write!(out, ".{number}");
        }
        number = 0;
    }
    out
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An element of DER that is shorter than 128 bytes.
    fn der(tag: u8, inside: &[u8]) -> Vec<u8> {
        [&[tag, u8::try_from(inside.len()).expect("short")], inside].concat()
    }

    fn attribute(kind: &[u8], tag: u8, value: &[u8]) -> Vec<u8> {
        der(SEQUENCE, &[der(OID, kind), der(tag, value)].concat())
    }

    fn set(attributes: &[Vec<u8>]) -> Vec<u8> {
        der(SET, &attributes.concat())
    }

    const COUNTRY: &[u8] = &[0x55, 4, 6];
    const EMAIL: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 1];

    #[test]
    fn a_name_is_written_as_the_standard_writes_it() {
        let name = [
            set(&[attribute(COUNTRY, 0x13, b"DE")]),
            set(&[attribute(&[0x55, 4, 10], 0x0c, "Äpfel, Birnen & Co".as_bytes())]),
            set(&[
                attribute(COMMON_NAME, 0x1e, &[0, b'a', 0x20, 0xac]),
                attribute(EMAIL, 0x16, b"a@b.example"),
            ]),
        ];
        let name = Name::read(&name.concat()).expect("a name");
        assert_eq!(
            name.text,
            "CN=a\u{20ac}+1.2.840.113549.1.9.1=a@b.example,O=Äpfel\\, Birnen & Co,C=DE"
        );
        assert_eq!(name.common.as_deref(), Some("a\u{20ac}"));
    }

    #[test]
    fn no_name_can_be_taken_for_another() {
        let one = |value: &[u8]| {
            let name = Name::read(&set(&[attribute(COMMON_NAME, 0x0c, value)]));
            name.map(|name| name.text)
        };
        for (value, text) in [
            (&b"a,CN=root"[..], "CN=a\\,CN\\=root"),
            (b"a+b", "CN=a\\+b"),
            (b"#0402", "CN=\\#0402"),
            (b" a ", "CN=\\ a\\ "),
            (b" ", "CN=\\ "),
            (b"a\0b\nc", "CN=a\\00b\\0ac"),
            (b"a\\", "CN=a\\\\"),
            (b"", "CN="),
        ] {
            assert_eq!(one(value).as_deref(), Some(text));
        }
        assert_eq!(one(b"\xff"), None, "broken letters are no name");
        let odd = Name::read(&set(&[attribute(COMMON_NAME, 0x04, b"\x01")])).expect("a name");
        assert_eq!((odd.text.as_str(), odd.common), ("CN=#040101", None));
        let two = [
            set(&[attribute(COMMON_NAME, 0x0c, b"a")]),
            set(&[attribute(COMMON_NAME, 0x0c, b"b")]),
        ];
        let two = Name::read(&two.concat()).expect("a name");
        assert_eq!((two.text.as_str(), two.common), ("CN=b,CN=a", None));
    }

    #[test]
    fn no_bytes_are_too_odd() {
        for bytes in [
            &b"0"[..],
            b"\x31\x84\xff\xff\xff\xff",
            b"\x31\x80",
            b"\x31\x02\x30\x05",
            b"\x31\x02\x30\x00",
            b"\x31\x04\x30\x02\x06\x00",
            b"\x31\x06\x30\x04\x06\x00\x0c\x7f",
            b"\x30\x00",
        ] {
            assert!(Name::read(bytes).is_none());
        }
        assert_eq!(Name::read(b"").map(|name| name.text).as_deref(), Some(""));
        assert!(!dotted(&[0xff; 64]).contains('-'));
        assert!(read(&CertificateDer::from(b"\x30\x00".to_vec())).is_none());
    }
}
