//! The parts of what is written in DER, as certificates are (X.690 sections 8 and 10).

/// The tag of a list of elements.
pub(crate) const SEQUENCE: u8 = 0x30;

/// An element: its tag, what is in it, and what stands behind it.
pub(crate) type Element<'d> = (u8, &'d [u8], &'d [u8]);

/// What is in the first element, which has this tag, and what stands behind it.
pub(crate) fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (found, inside, rest) = any(der)?;
    (found == tag).then_some((inside, rest))
}

/// The first element, of less than 16 MB; nothing if there is no whole one.
pub(crate) fn any(der: &[u8]) -> Option<Element<'_>> {
    let (tag, rest) = der.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(*first), rest),
        0x81..=0x83 => {
            let (digits, rest) = rest.split_at_checked(usize::from(first & 0x0f))?;
            (digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)), rest)
        }
        _ => return None,
    };
    let (inside, rest) = rest.split_at_checked(length)?;
    Some((*tag, inside, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_elements_are_read() {
        assert_eq!(any(&[4, 1, 7, 9]), Some((4, &[7][..], &[9][..])));
        assert_eq!(any(&[4, 0x81, 1, 7]), Some((4, &[7][..], &[][..])));
        assert_eq!(element(&[4, 0], SEQUENCE), None);
        let none: [&[u8]; 6] =
            [&[], &[4], &[4, 2, 7], &[4, 0x80, 7], &[4, 0x82, 1], &[4, 0x84, 0, 0, 0, 0]];
        for der in none {
            assert_eq!(any(der), None, "{der:?}");
        }
    }
}
