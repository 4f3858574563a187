//! Reads through the escapes of a checked JSON string (RFC 8259 section 7).

use super::scan::code_unit;
use memchr::memchr;
use std::borrow::Cow;

/// The decoded text between the quotes of a string.
pub(super) fn decode(quoted: &str) -> Cow<'_, str> {
    if memchr(b'\\', quoted.as_bytes()).is_none() {
        return Cow::Borrowed(quoted);
    }
    let mut text = String::with_capacity(quoted.len());
    for piece in (Pieces { rest: quoted }) {
        match piece {
            Piece::Plain(plain) => text.push_str(plain),
            Piece::Escaped(character) => text.push(character),
        }
    }
    Cow::Owned(text)
}

/// The number of Unicode scalar values between the quotes of a string; an escape is one.
pub(crate) fn count(quoted: &str) -> usize {
    // In one go as long as there is no escape: every byte that continues none begins a scalar value.
    let mut escapes = false;
    let plain = quoted.bytes().fold(0, |count, byte| {
        escapes |= byte == b'\\';
        count + usize::from(byte.cast_signed() >= -0x40)
    });
    if escapes { count_pieces(quoted) } else { plain }
}

#[inline(never)]
fn count_pieces(quoted: &str) -> usize {
    Pieces { rest: quoted }
        .map(|piece| match piece {
            Piece::Plain(plain) => plain.chars().count(),
            Piece::Escaped(_) => 1,
        })
        .sum()
}

enum Piece<'a> {
    Plain(&'a str),
    Escaped(char),
}

struct Pieces<'a> {
    rest: &'a str,
}

impl<'a> Iterator for Pieces<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Piece<'a>> {
        let length = match memchr(b'\\', self.rest.as_bytes()) {
            Some(0) => return self.escaped(),
            Some(length) => length,
            None => self.rest.len(),
        };
        let (plain, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        (!plain.is_empty()).then_some(Piece::Plain(plain))
    }
}

impl<'a> Pieces<'a> {
    fn escaped(&mut self) -> Option<Piece<'a>> {
        let (character, length) = match self.rest.as_bytes().get(1)? {
            b'b' => ('\u{8}', 2),
            b'f' => ('\u{c}', 2),
            b'n' => ('\n', 2),
            b'r' => ('\r', 2),
            b't' => ('\t', 2),
            b'u' => self.unicode()?,
            &other => (char::from(other), 2),
        };
        self.rest = self.rest.get(length..)?;
        Some(Piece::Escaped(character))
    }

    /// The character that `\uXXXX` stands for, or two of them as a surrogate pair.
    fn unicode(&self) -> Option<(char, usize)> {
        let text = self.rest.as_bytes();
        let units = [0, 6].into_iter().map_while(|at| code_unit(text, at));
        char::decode_utf16(units)
            .next()?
            .ok()
            .map(|character| (character, 6 * character.len_utf16()))
    }
}
