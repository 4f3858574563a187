//! Identifiers and bytes written as text.

pub(super) fn is_uuid(text: &[u8]) -> bool {
    text.len() == 36
        && text.iter().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

pub(super) fn is_base64(text: &[u8]) -> bool {
    let Some((groups, last)) =
        text.as_chunks::<4>().0.split_last().map(|(last, rest)| (rest, last))
    else {
        return text.is_empty();
    };
    let whole = |group: &[u8]| group.iter().all(|&byte| sextet(byte).is_some());
    // What padding leaves unused must be zero (RFC 4648 section 3.5).
    let unused = |byte: &u8, bits: u8| sextet(*byte).is_some_and(|value| value & bits == 0);
    let padded = match last {
        [first @ .., third, b'='] if *third != b'=' => whole(first) && unused(third, 0b11),
        [first, second, b'=', b'='] => whole(&[*first]) && unused(second, 0b1111),
        group => whole(group),
    };
    text.len().is_multiple_of(4) && padded && groups.iter().all(|group| whole(group))
}

/// The six bits that a character stands for.
fn sextet(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::check;
    use crate::check::Format;

    #[test]
    fn a_uuid_is_five_groups_of_any_case() {
        check(
            Format::Uuid,
            &["f81d4fae-7dec-11d0-a765-00a0c91e6bf6", "F81D4FAE-7DEC-11D0-A765-00A0C91E6BF6"],
            &[
                "",
                "f81d4fae7dec11d0a76500a0c91e6bf6",
                "g81d4fae-7dec-11d0-a765-00a0c91e6bf6",
                "{f81d4fae-7dec-11d0-a765-00a0c91e6bf6}",
                "f81d4fae-7dec-11d0-a765-00a0c91e6bf",
                "f81d4fae-7dec-11d0-a7650-0a0c91e6bf6",
            ],
        );
    }

    #[test]
    fn base64_is_padded_without_stray_bits() {
        check(
            Format::Bytes,
            &["", "AA==", "Zg==", "Zm8=", "Zm9v", "Zm9vYmFy", "+/+/"],
            &[
                "Z", "Zg", "Zg=", "Zh==", "Zm9=", "Zm8", "Zm8=Zm9v", "=m9v", "====", "Z===",
                "Zm 9", "-_-_", "Zm9v\n", "Zm9vA",
            ],
        );
    }
}
