//! Finds where the tokens of a JSON text end and whether they are well-formed (RFC 8259).
//!
//! Every function takes the whole text and an offset. Reading beyond the end yields NUL, which no
//! token may hold, so the end of the text needs no test of its own.

use std::hint::cold_path;

/// How many records and lists may be open at once.
pub(super) const LEVELS: u32 = 64;

/// How many bytes are looked at together.
const CHUNK: usize = 16;

/// Why a text is not JSON, and the offset of the token that breaks it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// A token that the grammar does not allow there.
    Syntax(usize),
    /// A record or list inside too many others.
    Depth(usize),
}

/// The byte at an offset, NUL beyond the end.
#[inline(always)]
pub(super) fn byte(text: &[u8], at: usize) -> u8 {
    text.get(at).copied().unwrap_or(0)
}

/// The offset of the next byte that is not whitespace (RFC 8259 section 2).
#[inline(always)]
pub(super) fn blank(text: &[u8], at: usize) -> usize {
    if byte(text, at) > b' ' { at } else { blanks(text, at) }
}

#[inline(never)]
fn blanks(text: &[u8], mut at: usize) -> usize {
    while matches!(byte(text, at), b' ' | b'\n' | b'\r' | b'\t') {
        at += 1;
    }
    at
}

/// The offset after the string that opens at `at`, if it is well-formed (RFC 8259 section 7).
#[inline]
pub(super) fn string(text: &[u8], at: usize) -> Option<usize> {
    self::text(text, at).map(|(end, _)| end)
}

/// [`string`], and whether it has no escapes.
#[inline(always)]
pub(super) fn text(text: &[u8], at: usize) -> Option<(usize, bool)> {
    let end = special(text, at + 1);
    if byte(text, end) == b'"' {
        return Some((end + 1, true));
    }
    escaped_string(text, end).map(|end| (end, false))
}

/// Goes on at the first byte of a string that is not plain text.
#[inline(never)]
fn escaped_string(text: &[u8], mut at: usize) -> Option<usize> {
    loop {
        at = match byte(text, at) {
            b'"' => return Some(at + 1),
            b'\\' => special(text, escape(text, at)?),
            _ => return None,
        };
    }
}

/// The offset after the escape at `at`. A surrogate counts only with its other half.
fn escape(text: &[u8], at: usize) -> Option<usize> {
    match byte(text, at + 1) {
        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Some(at + 2),
        b'u' => match code_unit(text, at)? {
            0xD800..=0xDBFF => {
                matches!(code_unit(text, at + 6)?, 0xDC00..=0xDFFF).then_some(at + 12)
            }
            0xDC00..=0xDFFF => None,
            _ => Some(at + 6),
        },
        _ => None,
    }
}

/// The UTF-16 code unit that the escape `\uXXXX` at `at` stands for.
pub(super) fn code_unit(text: &[u8], at: usize) -> Option<u16> {
    let digits = text.get(at..at + 6)?.strip_prefix(b"\\u")?;
    digits.iter().try_fold(0, |unit, &digit| {
        let digit = char::from(digit).to_digit(16)?;
        Some(unit << 4 | digit as u16)
    })
}

/// The offset of the next byte that a string cannot hold as it is: quote, backslash, control.
#[inline(always)]
pub(super) fn special(text: &[u8], mut at: usize) -> usize {
    let last = text.len().wrapping_sub(16);
    while text.len() >= 16 && at <= last {
        let Some(chunk) = text.get(at..).and_then(|rest| rest.first_chunk()) else { break };
        let found = specials(chunk);
        if found != 0 {
            return at + found.trailing_zeros() as usize;
        }
        at += chunk.len();
    }
    cold_path();
    while !matches!(byte(text, at), b'"' | b'\\' | 0..0x20) {
        at += 1;
    }
    at
}

/// One bit per byte, the first byte's lowest: whether a string cannot hold it as it is.
#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code, reason = "sixteen bytes at a time are what makes strings cheap")]
#[inline]
fn specials(chunk: &[u8; 16]) -> u32 {
    use std::arch::x86_64::{
        __m128i, _mm_cmpeq_epi8, _mm_loadu_si128, _mm_min_epu8, _mm_movemask_epi8, _mm_or_si128,
        _mm_set1_epi8,
    };
    // SAFETY: SSE2 belongs to x86_64, and the load reads the sixteen bytes of `chunk` at any
    // alignment.
    unsafe {
        let bytes = _mm_loadu_si128(chunk.as_ptr().cast::<__m128i>());
        let quote = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(b'"'.cast_signed()));
        let backslash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(b'\\'.cast_signed()));
        let control = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1F)), bytes);
        let any = _mm_or_si128(_mm_or_si128(quote, backslash), control);
        _mm_movemask_epi8(any).cast_unsigned()
    }
}

#[cfg(not(target_arch = "x86_64"))]
use portable_specials as specials;

/// The same for any machine.
#[cfg(any(test, not(target_arch = "x86_64")))]
#[inline]
pub(super) fn portable_specials(chunk: &[u8; 16]) -> u32 {
    chunk
        .iter()
        .rev()
        .fold(0, |bits, byte| bits << 1 | u32::from(matches!(byte, b'"' | b'\\' | 0..0x20)))
}

/// How long a number and its parts are, in bytes.
#[derive(Clone, Copy)]
pub(super) struct Extent {
    /// The sign and the digits before the point.
    pub(super) whole: usize,
    /// All before an exponent.
    pub(super) mantissa: usize,
    /// The number.
    pub(super) number: usize,
}

impl Extent {
    /// How many digits are after the point.
    #[inline]
    pub(super) fn fraction(self) -> usize {
        (self.mantissa - self.whole).saturating_sub(1)
    }

    #[inline]
    pub(super) fn has_exponent(self) -> bool {
        self.number > self.mantissa
    }
}

/// The extent of the number that starts at `at`, if there is one (RFC 8259 section 6).
#[inline]
pub(super) fn number(text: &[u8], at: usize) -> Option<Extent> {
    match text.get(at..).and_then(|rest| rest.first_chunk()).and_then(short_number) {
        Some(extent) => Some(extent),
        None => any_number(text, at),
    }
}

/// The extent of a number that ends within the chunk and has no exponent; nothing of any other.
#[inline(always)]
fn short_number(chunk: &[u8; CHUNK]) -> Option<Extent> {
    let others = no_digits(chunk);
    let first = usize::from(byte(chunk, 0) == b'-');
    let whole = first + (others >> first).trailing_zeros() as usize;
    // A zero stands alone, and something stands behind it.
    if whole == first || (byte(chunk, first) == b'0' && whole > first + 1) {
        return None;
    }
    let mut end = whole;
    if byte(chunk, whole) == b'.' {
        let fraction = (others >> (whole + 1)).trailing_zeros() as usize;
        if fraction == 0 {
            return None;
        }
        end += 1 + fraction;
    }
    let ends = end < CHUNK && byte(chunk, end) | 0x20 != b'e';
    ends.then_some(Extent { whole, mantissa: end, number: end })
}

/// The extent of a number of any length.
#[inline(never)]
pub(super) fn any_number(text: &[u8], at: usize) -> Option<Extent> {
    let first = at + usize::from(byte(text, at) == b'-');
    let whole = match byte(text, first) {
        b'0' => first + 1,
        b'1'..=b'9' => digits(text, first + 1),
        _ => return None,
    };
    let mut mantissa = whole;
    if byte(text, whole) == b'.' {
        mantissa = some_digits(text, whole + 1)?;
    }
    let mut end = mantissa;
    if matches!(byte(text, end), b'e' | b'E') {
        let sign = usize::from(matches!(byte(text, end + 1), b'+' | b'-'));
        end = some_digits(text, end + 1 + sign)?;
    }
    Some(Extent { whole: whole - at, mantissa: mantissa - at, number: end - at })
}

/// One bit per byte, the first byte's lowest: whether it is no digit. All bits behind the chunk are set.
#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code, reason = "sixteen bytes at a time are what makes numbers cheap")]
#[inline(always)]
pub(super) fn no_digits(chunk: &[u8; CHUNK]) -> u32 {
    use std::arch::x86_64::{
        __m128i, _mm_cmpeq_epi8, _mm_loadu_si128, _mm_min_epu8, _mm_movemask_epi8, _mm_set1_epi8,
        _mm_sub_epi8,
    };
    // SAFETY: SSE2 belongs to x86_64, and the load reads the sixteen bytes of `chunk` at any
    // alignment.
    unsafe {
        let bytes = _mm_loadu_si128(chunk.as_ptr().cast::<__m128i>());
        let value = _mm_sub_epi8(bytes, _mm_set1_epi8(b'0'.cast_signed()));
        let digit = _mm_cmpeq_epi8(_mm_min_epu8(value, _mm_set1_epi8(9)), value);
        !_mm_movemask_epi8(digit).cast_unsigned()
    }
}

#[cfg(not(target_arch = "x86_64"))]
use portable_no_digits as no_digits;

/// The same for any machine.
#[cfg(any(test, not(target_arch = "x86_64")))]
#[inline]
pub(super) fn portable_no_digits(chunk: &[u8; CHUNK]) -> u32 {
    chunk.iter().rev().fold(u32::MAX, |bits, byte| bits << 1 | u32::from(!byte.is_ascii_digit()))
}

/// The offset of the next byte that is no digit.
#[inline]
pub(super) fn digits(text: &[u8], mut at: usize) -> usize {
    while let Some(chunk) = text.get(at..).and_then(|rest| rest.first_chunk()) {
        let found = other_than_digits(*chunk);
        if found != 0 {
            return at + found.trailing_zeros() as usize / 8;
        }
        at += chunk.len();
    }
    cold_path();
    while byte(text, at).is_ascii_digit() {
        at += 1;
    }
    at
}

/// The highest bit of the first byte that is no digit is the lowest that is set.
#[inline(always)]
fn other_than_digits(chunk: [u8; 8]) -> u64 {
    let word = u64::from_le_bytes(chunk);
    // What is above `9` gets there by the sum, what is below `0` or not ASCII by the difference. Bytes
    // behind such a one may be carried over into; nobody looks at them.
    let above = word.wrapping_add(u64::from_le_bytes([0x46; 8]));
    let below = word.wrapping_sub(u64::from_le_bytes([0x30; 8]));
    (above | below) & u64::from_le_bytes([0x80; 8])
}

#[inline]
fn some_digits(text: &[u8], at: usize) -> Option<usize> {
    let end = digits(text, at);
    (end > at).then_some(end)
}

/// The offset after `true`, `false` or `null` at `at`.
#[inline]
pub(super) fn literal(text: &[u8], at: usize, word: &'static str) -> Option<usize> {
    let end = at + word.len();
    (text.get(at..end) == Some(word.as_bytes())).then_some(end)
}

/// The key behind the comma at `at`, if it is short and plain, and no blanks are around it or behind its colon.
#[inline(always)]
pub(super) fn tight_key(text: &[u8], at: usize) -> Option<&[u8]> {
    let around: &[u8; 2 * CHUNK] = text.get(at..)?.first_chunk()?;
    let (before, rest) = around.split_first_chunk::<2>()?;
    let length = (specials(rest.first_chunk()?) | 1 << CHUNK).trailing_zeros() as usize;
    let [quote, colon, value] = *rest.get(length..)?.first_chunk()?;
    let tight = *before == *b",\"" && quote == b'"' && colon == b':' && value > b' ';
    if tight { rest.get(..length) } else { None }
}

/// The offset of the value that belongs to the key at `at`, past the colon.
#[inline]
fn member(text: &[u8], at: usize) -> Result<usize, Fault> {
    if byte(text, at) != b'"' {
        return Err(Fault::Syntax(at));
    }
    colon(text, string(text, at).ok_or(Fault::Syntax(at))?)
}

/// The offset of what follows the colon after a key that ends at `at`.
#[inline]
pub(super) fn colon(text: &[u8], at: usize) -> Result<usize, Fault> {
    let colon = blank(text, at);
    if byte(text, colon) == b':' { Ok(blank(text, colon + 1)) } else { Err(Fault::Syntax(colon)) }
}

/// The offset after the text, number, boolean or null at `at`.
#[inline(always)]
fn scalar(text: &[u8], at: usize) -> Option<usize> {
    match byte(text, at) {
        b'"' => string(text, at),
        b't' => literal(text, at, "true"),
        b'f' => literal(text, at, "false"),
        b'n' => literal(text, at, "null"),
        _ => number(text, at).map(|extent| at + extent.number),
    }
}

/// The offset after the value at `at`, inside which at most `levels` records and lists are open at
/// once.
pub(super) fn value(text: &[u8], at: usize, levels: u32) -> Result<usize, Fault> {
    match byte(text, at) {
        b'{' | b'[' => nested(text, at, levels),
        _ => scalar(text, at).ok_or(Fault::Syntax(at)),
    }
}

/// The offset after the record or list at `at`.
fn nested(text: &[u8], mut at: usize, levels: u32) -> Result<usize, Fault> {
    let mut open = Open { records: 0, depth: 0 };
    loop {
        if open.in_record() {
            at = member(text, at)?;
        }
        match byte(text, at) {
            bracket @ (b'{' | b'[') => {
                if open.depth >= levels.min(LEVELS) {
                    return Err(Fault::Depth(at));
                }
                open.push(bracket == b'{');
                at = blank(text, at + 1);
                if byte(text, at) != open.closing() {
                    continue;
                }
            }
            _ => at = scalar(text, at).ok_or(Fault::Syntax(at))?,
        }
        loop {
            at = blank(text, at);
            let found = byte(text, at);
            if found == b',' {
                at = blank(text, at + 1);
                break;
            }
            if found != open.closing() {
                return Err(Fault::Syntax(at));
            }
            at += 1;
            open.pop();
            if open.depth == 0 {
                return Ok(at);
            }
        }
    }
}

/// The records and lists that a value is in.
struct Open {
    /// One bit each, the innermost lowest: whether it is a record.
    records: u64,
    depth: u32,
}

impl Open {
    #[inline]
    fn push(&mut self, record: bool) {
        self.records = self.records << 1 | u64::from(record);
        self.depth += 1;
    }

    #[inline]
    fn pop(&mut self) {
        self.records >>= 1;
        self.depth -= 1;
    }

    #[inline]
    fn in_record(&self) -> bool {
        self.records & 1 == 1
    }

    /// The bracket that closes the innermost.
    #[inline]
    fn closing(&self) -> u8 {
        if self.in_record() { b'}' } else { b']' }
    }
}
