//! Base64 (RFC 4648), strict: one text per sequence of bytes, and no other.

/// Decodes `text` in the alphabet for URLs, without padding (section 5): the parts of a token.
pub(super) fn url(text: &[u8]) -> Option<Vec<u8>> {
    decode(text, [b'-', b'_'])
}

/// Decodes `text` in the usual alphabet (section 4), with its padding.
pub(super) fn padded(text: &[u8]) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(4) {
        return None;
    }
    let trimmed = text.strip_suffix(b"==").or_else(|| text.strip_suffix(b"=")).unwrap_or(text);
    let bytes = unpadded(trimmed)?;
    // No more padding than is missing, and no less.
    (bytes.len().div_ceil(3) * 4 == text.len()).then_some(bytes)
}

/// Decodes `text` in the usual alphabet, without padding.
pub(super) fn unpadded(text: &[u8]) -> Option<Vec<u8>> {
    decode(text, [b'+', b'/'])
}

/// Encodes in the usual alphabet, with padding.
pub(crate) fn encode(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let bits = (0..3).fold(0_u32, |bits, at| {
            bits << 8 | u32::from(group.get(at).copied().unwrap_or_default())
        });
        for place in 0..4 {
            let letter = LETTERS.get((bits >> (18 - 6 * place) & 63) as usize);
            let letter = letter.filter(|_| place <= group.len());
            out.push(char::from(*letter.unwrap_or(&b'=')));
        }
    }
    out
}

fn decode(text: &[u8], last: [u8; 2]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3 + 2);
    for group in text.chunks(4) {
        let mut bits = 0_u32;
        for byte in group {
            bits = bits << 6 | value(*byte, last)?;
        }
        // Bits that are left over must be zero: else two texts would be the same bytes.
        let bytes = match group.len() {
            4 => 3,
            3 if bits & 0b11 == 0 => {
                bits <<= 6;
                2
            }
            2 if bits & 0b1111 == 0 => {
                bits <<= 12;
                1
            }
            _ => return None,
        };
        out.extend_from_slice(bits.to_be_bytes().get(1..=bytes)?);
    }
    Some(out)
}

fn value(byte: u8, [plus, slash]: [u8; 2]) -> Option<u32> {
    Some(u32::from(match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        _ if byte == plus => 62,
        _ if byte == slash => 63,
        _ => return None,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vectors_of_the_standard_are_read() {
        let vectors =
            [("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")];
        for (plain, text) in vectors {
            assert_eq!(url(text.as_bytes()).as_deref(), Some(plain.as_bytes()));
            let padded = format!("{text}{}", "=".repeat((4 - text.len() % 4) % 4));
            assert_eq!(super::padded(padded.as_bytes()).as_deref(), Some(plain.as_bytes()));
        }
        assert_eq!(url(b"-_-_"), Some(vec![0xfb, 0xff, 0xbf]));
        assert_eq!(padded(b"+/+/"), Some(vec![0xfb, 0xff, 0xbf]));
    }

    #[test]
    fn another_text_of_the_same_bytes_is_none() {
        for odd in ["Zh", "Zm9", "Z", "Zg==", "Zm 9", "Zm9v\n", "+/+/", "Zm9vé"] {
            assert_eq!(url(odd.as_bytes()), None, "{odd:?}");
        }
        for odd in ["Zg", "Zg=", "Zg===", "=Zg=", "Zm9v====", "Zh==", "-_-_", "Z==="] {
            assert_eq!(padded(odd.as_bytes()), None, "{odd:?}");
        }
    }
}
