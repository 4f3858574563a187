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
        None => other_number(text, at),
    }
}

/// The extent of a number that ends within the chunk and has neither sign nor exponent; nothing of any other.
#[inline(always)]
fn short_number(chunk: &[u8; CHUNK]) -> Option<Extent> {
    let others = no_digits(chunk);
    let whole = others.trailing_zeros() as usize;
    // A zero stands alone, and something stands behind it.
    if whole == 0 || (byte(chunk, 0) == b'0' && whole > 1) {
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

/// The extent of a number that has a sign, an exponent or many digits.
#[inline(never)]
fn other_number(text: &[u8], at: usize) -> Option<Extent> {
    if byte(text, at) != b'-' {
        return any_number(text, at);
    }
    let size = text.get(at + 1..).and_then(|rest| rest.first_chunk()).and_then(short_number);
    match size {
        Some(Extent { whole, mantissa, number }) => {
            Some(Extent { whole: whole + 1, mantissa: mantissa + 1, number: number + 1 })
        }
        None => any_number(text, at),
    }
}

/// Whether a blank in `a` is before a comma or closing bracket at the same place in `b`, or one in `b` behind a comma or
/// opening bracket in `a`.
#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code, reason = "sixteen bytes at a time are what makes lists cheap")]
#[inline(always)]
pub(super) fn loose(a: &[u8; CHUNK], b: &[u8; CHUNK]) -> bool {
    use std::arch::x86_64::{
        __m128i, _mm_and_si128, _mm_cmpeq_epi8, _mm_loadu_si128, _mm_min_epu8, _mm_movemask_epi8,
        _mm_or_si128, _mm_set1_epi8,
    };
    // SAFETY: SSE2 belongs to x86_64, and the loads read the sixteen bytes of `a` and `b` at any
    // alignment.
    unsafe {
        let [a, b] = [a, b].map(|chunk| _mm_loadu_si128(chunk.as_ptr().cast::<__m128i>()));
        let is = |bytes, byte: u8| _mm_cmpeq_epi8(bytes, _mm_set1_epi8(byte.cast_signed()));
        let blank = |bytes| _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x20)), bytes);
        let before = _mm_and_si128(blank(a), _mm_or_si128(is(b, b','), is(b, b']')));
        let behind = _mm_and_si128(blank(b), _mm_or_si128(is(a, b','), is(a, b'[')));
        _mm_movemask_epi8(_mm_or_si128(before, behind)) != 0
    }
}

#[cfg(not(target_arch = "x86_64"))]
use portable_loose as loose;

/// The same for any machine, and any length.
pub(super) fn portable_loose(a: &[u8], b: &[u8]) -> bool {
    a.iter().zip(b).any(|(&a, &b)| {
        (a <= b' ' && matches!(b, b',' | b']')) || (b <= b' ' && matches!(a, b',' | b'['))
    })
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

/// The value that belongs to the key in front, if that is short and plain, and no blanks are around its colon.
#[inline(always)]
fn tight_member(rest: &[u8]) -> Option<&[u8]> {
    let (quote, key) = rest.split_first()?;
    let length = (specials(key.first_chunk()?) | 1 << CHUNK).trailing_zeros() as usize;
    let (around, value) = key.get(length..)?.split_first_chunk()?;
    (*quote == b'"' && around == b"\":" && *value.first()? > b' ').then_some(value)
}

/// The offset of the value that belongs to the key at `at`, past the colon.
#[inline(never)]
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
#[inline(never)]
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

/// What is behind the value that `rest` begins with, if that is a text without escapes, digits or a word: most are.
#[inline(always)]
pub(super) fn passed(rest: &[u8]) -> Option<&[u8]> {
    let (first, after) = rest.split_first()?;
    match first {
        b'"' => plain_text(after),
        b'1'..=b'9' => {
            let others = no_digits(rest.first_chunk()?);
            let after = rest.get(others.trailing_zeros() as usize..)?;
            match after.first()? {
                b',' | b'}' => Some(after),
                b'.' => fraction(after),
                _ => None,
            }
        }
        b't' => rest.strip_prefix(b"true"),
        b'f' => rest.strip_prefix(b"false"),
        b'n' => rest.strip_prefix(b"null"),
        _ => None,
    }
}

/// What is behind the point and digits that `rest` begins with.
#[inline(always)]
fn fraction(rest: &[u8]) -> Option<&[u8]> {
    let (_, digits) = rest.split_first()?;
    let others = no_digits(digits.first_chunk()?);
    let after = digits.get(others.trailing_zeros() as usize..)?;
    (others & 1 == 0 && matches!(after.first(), Some(b',' | b'}'))).then_some(after)
}

/// What is behind the closing quote of a text without escapes.
#[inline(always)]
fn plain_text(mut rest: &[u8]) -> Option<&[u8]> {
    loop {
        let (chunk, after) = rest.split_first_chunk()?;
        let found = specials(chunk);
        if found != 0 {
            let (quote, after) = rest.get(found.trailing_zeros() as usize..)?.split_first()?;
            return (*quote == b'"').then_some(after);
        }
        rest = after;
    }
}

/// The offset after the value of a member that nobody reads.
#[inline(always)]
pub(super) fn behind(text: &[u8], at: usize, levels: u32) -> Result<usize, Fault> {
    match text.get(at..).and_then(passed) {
        Some(rest) => Ok(text.len() - rest.len()),
        None => value(text, at, levels),
    }
}

/// The offset after the record or list at `at`.
fn nested(text: &[u8], at: usize, levels: u32) -> Result<usize, Fault> {
    let mut open = Open { records: 0, depth: 0 };
    let mut rest = from(text, at);
    loop {
        if open.in_record() {
            rest = match tight_member(rest) {
                Some(value) => value,
                None => from(text, member(text, text.len() - rest.len())?),
            };
        }
        match rest.split_first() {
            Some((bracket @ (b'{' | b'['), inside)) => {
                if open.depth >= levels.min(LEVELS) {
                    return Err(Fault::Depth(text.len() - rest.len()));
                }
                open.push(*bracket == b'{');
                rest = unblank(inside);
                if rest.first() != Some(&open.closing()) {
                    continue;
                }
            }
            _ => rest = behind_scalar(text, rest)?,
        }
        loop {
            rest = unblank(rest);
            match rest.split_first() {
                Some((b',', after)) => {
                    rest = unblank(after);
                    break;
                }
                Some((found, after)) if *found == open.closing() => rest = after,
                _ => return Err(Fault::Syntax(text.len() - rest.len())),
            }
            open.pop();
            if open.depth == 0 {
                return Ok(text.len() - rest.len());
            }
        }
    }
}

/// What is behind the text, number, boolean or null that `rest` begins with.
#[inline(always)]
fn behind_scalar<'t>(text: &'t [u8], rest: &'t [u8]) -> Result<&'t [u8], Fault> {
    match passed(rest) {
        Some(after) => Ok(after),
        None => {
            let at = text.len() - rest.len();
            scalar(text, at).map(|end| from(text, end)).ok_or(Fault::Syntax(at))
        }
    }
}

/// What is left of a text from an offset on.
#[inline(always)]
pub(super) fn from(text: &[u8], at: usize) -> &[u8] {
    text.get(at..).unwrap_or_default()
}

/// What is behind the whitespace in front.
#[inline(always)]
pub(super) fn unblank(rest: &[u8]) -> &[u8] {
    if rest.first().is_some_and(|first| *first > b' ') {
        return rest;
    }
    from(rest, blanks(rest, 0))
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
