//! Exact arithmetic on the text of JSON numbers, never through a float.

use super::scan::{Extent, number};
use std::cmp::Ordering;

/// Exponents beyond this are taken as this: no text is long enough to bring them back.
const FARTHEST: i64 = 100_000_000_000_000_000;

/// The most digits that a number without an exponent is written with.
const LONGEST: u64 = 400;

/// A number as `0.DIGITS × 10^point`, its digits borrowed from its text.
pub(crate) struct Decimal<'a> {
    negative: bool,
    /// The significant digits, no zero first or last: those before the point and those after it.
    digits: [&'a [u8]; 2],
    point: i64,
}

impl<'a> Decimal<'a> {
    /// The value of a JSON number's text, if it is one.
    pub(crate) fn parse(text: &'a str) -> Option<Decimal<'a>> {
        let extent = number(text.as_bytes(), 0).filter(|extent| extent.number == text.len())?;
        Decimal::of(text, extent)
    }

    /// The value of a number of this extent.
    pub(super) fn of(text: &'a str, extent: Extent) -> Option<Decimal<'a>> {
        let bytes = text.as_bytes();
        let negative = bytes.starts_with(b"-");
        let whole = bytes.get(usize::from(negative)..extent.whole)?;
        let fraction = bytes.get(extent.whole..extent.mantissa)?;
        let exponent = exponent(bytes.get(extent.mantissa..)?);
        let whole = without_first_zeros(whole);
        let fraction = without_last_zeros(fraction.get(1..).unwrap_or_default());
        if !whole.is_empty() {
            let point = exponent + length(whole);
            let whole = if fraction.is_empty() { without_last_zeros(whole) } else { whole };
            return Some(Decimal { negative, digits: [whole, fraction], point });
        }
        let digits = without_first_zeros(fraction);
        let point = exponent + length(digits) - length(fraction);
        let zero = digits.is_empty();
        let point = if zero { 0 } else { point };
        Some(Decimal { negative: negative && !zero, digits: [digits, &[]], point })
    }

    /// The number of significant digits.
    fn count(&self) -> i64 {
        let [first, second] = self.digits;
        length(first) + length(second)
    }

    fn digits(&self) -> impl Iterator<Item = u8> {
        let [first, second] = self.digits;
        first.iter().chain(second).copied()
    }

    /// The number of digits after the point, without closing zeros.
    pub(crate) fn fractional_digits(&self) -> i64 {
        (self.count() - self.point).max(0)
    }

    /// The number of digits in all: those of the integer part, if it is not zero, and those after
    /// the point.
    pub(crate) fn total_digits(&self) -> i64 {
        self.count().max(self.point)
    }

    /// Whether the nearest double-precision number is finite (RFC 8259 section 6).
    pub(crate) fn is_finite(&self, text: &str) -> bool {
        self.point < 309 || self.point == 309 && text.parse().is_ok_and(f64::is_finite)
    }

    /// How the number compares with `digits / 10^scale`, if it has few enough digits for that.
    pub(crate) fn compare(&self, digits: i128, scale: u32) -> Option<Ordering> {
        if self.count() > 38 {
            return None;
        }
        let mantissa = self.digits().fold(0, |sum, digit| sum * 10 + i128::from(digit - b'0'));
        let mantissa = if self.negative { -mantissa } else { mantissa };
        let shift = self.point - self.count() + i64::from(scale);
        if mantissa == 0 || digits == 0 || shift == 0 {
            return Some(mantissa.cmp(&digits));
        }
        let power = u32::try_from(shift.unsigned_abs()).ok().and_then(|by| 10i128.checked_pow(by));
        // What does not fit is larger than anything that does.
        Some(if shift < 0 {
            match power.and_then(|power| digits.checked_mul(power)) {
                Some(digits) => mantissa.cmp(&digits),
                None => 0.cmp(&digits),
            }
        } else {
            match power.and_then(|power| mantissa.checked_mul(power)) {
                Some(mantissa) => mantissa.cmp(&digits),
                None => mantissa.cmp(&0),
            }
        })
    }

    /// Whether the number is a multiple of `digits / 10^scale`, which is above zero and has less
    /// than 20 digits.
    pub(crate) fn is_multiple(&self, digits: u128, scale: u32) -> bool {
        let digits = digits.max(1);
        let power = self.point.saturating_sub(self.count()).saturating_add(i64::from(scale));
        let rest =
            self.digits().fold(0, |rest, digit| (rest * 10 + u128::from(digit - b'0')) % digits);
        // The last digit is not zero, so nothing is left to divide by ten.
        rest == 0 && self.count() == 0 || power >= 0 && times_ten(rest, power, digits) == 0
    }

    /// The number without an exponent, unless that takes too many digits.
    pub(super) fn plain(&self) -> Option<String> {
        let count = self.count();
        if self.point.unsigned_abs() > LONGEST || count.unsigned_abs() > LONGEST {
            return None;
        }
        let mut text = String::from(if self.negative { "-" } else { "" });
        let mut digits = self.digits().map(char::from);
        if self.point <= 0 {
            text.push('0');
        }
        for _ in 0..self.point {
            text.push(digits.next().unwrap_or('0'));
        }
        if self.fractional_digits() > 0 {
            text.push('.');
            text.extend((self.point..0).map(|_| '0'));
            text.extend(digits);
        }
        Some(text)
    }

    /// A text that two numbers have in common if they are equal.
    pub(super) fn canonical(&self) -> String {
        let sign = if self.negative { "-" } else { "" };
        let digits: String = self.digits().map(char::from).collect();
        format!("{sign}0.{digits}e{}", self.point)
    }

    fn cmp(&self, other: &Decimal<'_>) -> Ordering {
        let sign = |number: &Decimal<'_>| match number.count() {
            0 => 0,
            _ if number.negative => -1,
            _ => 1,
        };
        let magnitude =
            || self.point.cmp(&other.point).then_with(|| self.digits().cmp(other.digits()));
        sign(self).cmp(&sign(other)).then_with(|| match sign(self) {
            0 => Ordering::Equal,
            1 => magnitude(),
            _ => magnitude().reverse(),
        })
    }
}

/// `rest · 10^power` modulo `of`.
fn times_ten(mut rest: u128, mut power: i64, of: u128) -> u128 {
    let mut square = 10 % of;
    while power > 0 {
        if power % 2 == 1 {
            rest = rest * square % of;
        }
        square = square * square % of;
        power /= 2;
    }
    rest % of
}

/// How two JSON numbers compare as exact values: `1.0` equals `1` and `1e2` equals `100`. Exponents
/// beyond ±10^17 count as ±10^17, and what is no number as zero.
pub fn compare_numbers(a: &str, b: &str) -> Ordering {
    const ZERO: Decimal<'static> = Decimal { negative: false, digits: [&[], &[]], point: 0 };
    Decimal::parse(a).unwrap_or(ZERO).cmp(&Decimal::parse(b).unwrap_or(ZERO))
}

/// The value of `e+12`, or nothing for zero.
fn exponent(text: &[u8]) -> i64 {
    let negative = text.get(1) == Some(&b'-');
    let digits = text.iter().filter(|byte| byte.is_ascii_digit());
    let size = digits.fold(0, |size: i64, digit| {
        (size.min(FARTHEST) * 10 + i64::from(digit - b'0')).min(FARTHEST)
    });
    if negative { -size } else { size }
}

fn without_first_zeros(digits: &[u8]) -> &[u8] {
    let zeros = digits.iter().take_while(|&&digit| digit == b'0').count();
    digits.get(zeros..).unwrap_or_default()
}

fn without_last_zeros(digits: &[u8]) -> &[u8] {
    let zeros = digits.iter().rev().take_while(|&&digit| digit == b'0').count();
    digits.get(..digits.len() - zeros).unwrap_or_default()
}

/// A length as a number that can be negative; no slice is longer.
fn length(digits: &[u8]) -> i64 {
    digits.len().cast_signed() as i64
}
