//! Numbers as digits, without the machinery of `format!`: heads and lines of the log are written for
//! every request.

use std::ops::Deref;

/// The most digits that a number has: those of `u64::MAX` in base ten.
const MOST: usize = 20;

/// A number in digits; a text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Digits {
    text: [u8; MOST],
    from: usize,
}

impl Digits {
    /// In base ten, with zeros before it up to so many digits, at most [`MOST`].
    #[inline]
    pub(crate) fn decimal(number: u64, least: usize) -> Digits {
        let mut digits = Digits::of::<10>(number);
        digits.from = digits.from.min(MOST - least.min(MOST));
        digits
    }

    /// In base sixteen, in small letters.
    #[inline]
    pub(crate) fn hex(number: u64) -> Digits {
        Digits::of::<16>(number)
    }

    #[inline(always)]
    fn of<const BASE: u64>(mut number: u64) -> Digits {
        let mut text = [b'0'; MOST];
        let mut from = MOST;
        for place in text.iter_mut().rev() {
            let digit = u8::try_from(number % BASE).unwrap_or_default();
            *place = if digit < 10 { b'0' + digit } else { b'a' + digit - 10 };
            number /= BASE;
            from -= 1;
            if number == 0 {
                break;
            }
        }
        Digits { text, from }
    }
}

impl Deref for Digits {
    type Target = str;

    #[inline]
    fn deref(&self) -> &str {
        let digits = self.text.get(self.from..).unwrap_or_default();
        std::str::from_utf8(digits).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_they_are_read() {
        for one in [0, 1, 9, 10, 15, 16, 255, 256, 4096, 65_535, u64::MAX] {
            assert_eq!(*Digits::hex(one), format!("{one:x}"));
            for least in [0, 1, 2, 3, 20] {
                assert_eq!(*Digits::decimal(one, least), format!("{one:0least$}"));
            }
            assert_eq!(
                *Digits::decimal(one, 21),
                format!("{one:020}"),
                "no more than there is room for"
            );
        }
    }
}
