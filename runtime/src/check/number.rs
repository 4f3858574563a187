//! The rule for numbers.

use crate::json::{Decimal, compare_numbers};
use std::cmp::Ordering;

/// What a contract says about a number.
#[derive(Debug)]
pub struct NumberRule {
    /// The set of numbers it is from.
    pub kind: NumberKind,
    /// The lower bound.
    pub min: Option<Bound>,
    /// The upper bound.
    pub max: Option<Bound>,
    /// The type in the contract's words, such as `int(1..99)`.
    pub expected: &'static str,
}

/// A set of numbers. How a number is written does not matter: `1.0` and `1e2` are integers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumberKind {
    /// Integers from −(2^53−1) to 2^53−1.
    Int,
    /// Integers from −2^63 to 2^63−1.
    Int64,
    /// What a double-precision number can come near to.
    Number,
    /// Decimal fractions, exactly. Zeros at the end of a fraction do not count.
    Decimal {
        /// The most digits in all, without leading zeros.
        precision: u8,
        /// The most digits after the point.
        scale: u8,
    },
}

/// A bound of `digits / 10^scale`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bound {
    /// The bound without its point.
    pub digits: i128,
    /// How many of the digits are after the point.
    pub scale: u32,
    /// Whether the bound itself is allowed.
    pub inclusive: bool,
}

/// Any integer that a double-precision number holds exactly.
pub static INT: NumberRule =
    NumberRule { kind: NumberKind::Int, min: None, max: None, expected: "int" };

/// Any finite number.
pub static NUMBER: NumberRule =
    NumberRule { kind: NumberKind::Number, min: None, max: None, expected: "number" };

impl NumberRule {
    /// Whether a text from outside JSON is a JSON number (RFC 8259 section 6) as the contract says,
    /// so that it can be copied into JSON.
    pub fn accepts(&self, text: &str) -> bool {
        Decimal::parse(text).is_some_and(|number| self.fault(&number, text).is_none())
    }

    /// What is wrong with a number, given with its text.
    pub(crate) fn fault(&self, number: &Decimal<'_>, text: &str) -> Option<&'static str> {
        if !self.kind.holds(number, text) {
            return Some("a number of another kind");
        }
        let against = |bound: &Bound| {
            let exact = number.compare(bound.digits, bound.scale);
            exact.unwrap_or_else(|| {
                compare_numbers(text, &format!("{}e-{}", bound.digits, bound.scale))
            })
        };
        let low = self.min.is_some_and(|min| !min.allows(against(&min)));
        let high = self.max.is_some_and(|max| !max.allows(against(&max).reverse()));
        (low || high).then_some("a number beyond its bounds")
    }

    /// Whether a number without an exponent, with so many digits before and after the point, is surely
    /// as the contract says. If not, its exact value tells.
    #[inline]
    pub(crate) fn surely_takes(&self, text: &str, whole: usize, fraction: usize) -> bool {
        let free = self.min.is_none() && self.max.is_none();
        self.kind.takes_all(whole, fraction) && (free || self.is_within(text, fraction))
    }

    /// Whether a number of a few digits, without an exponent, is within the bounds.
    fn is_within(&self, text: &str, fraction: usize) -> bool {
        if text.len() > DIGITS {
            return false;
        }
        let digits = text.bytes().filter(u8::is_ascii_digit);
        let size = digits.fold(0, |sum: i64, digit| sum * 10 + i64::from(digit - b'0'));
        let number = if text.starts_with('-') { -size } else { size };
        let allows = |bound: &Bound, turn: fn(Ordering) -> Ordering| {
            bound.against(number, fraction).is_some_and(|compared| bound.allows(turn(compared)))
        };
        self.min.as_ref().is_none_or(|min| allows(min, |compared| compared))
            && self.max.as_ref().is_none_or(|max| allows(max, Ordering::reverse))
    }
}

/// How many digits a 64-bit integer holds, whatever they are.
const DIGITS: usize = 18;

/// The powers of ten that a 64-bit integer holds.
const POWERS: [i64; DIGITS + 1] = {
    let mut powers = [1; DIGITS + 1];
    let mut at = 1;
    while at <= DIGITS {
        powers[at] = powers[at - 1] * 10;
        at += 1;
    }
    powers
};

impl NumberKind {
    /// Whether every number with at most so many digits before and after the point, and without an
    /// exponent, is of this kind.
    #[inline]
    fn takes_all(self, whole: usize, fraction: usize) -> bool {
        match self {
            NumberKind::Int => whole <= 15 && fraction == 0,
            NumberKind::Int64 => whole <= 18 && fraction == 0,
            NumberKind::Number => whole <= 300,
            NumberKind::Decimal { precision, scale } => {
                fraction <= usize::from(scale)
                    && whole + usize::from(scale) <= usize::from(precision)
            }
        }
    }

    fn holds(self, number: &Decimal<'_>, text: &str) -> bool {
        let integer = |min: i128, max: i128| {
            number.fractional_digits() == 0
                && number.compare(min, 0).is_some_and(Ordering::is_ge)
                && number.compare(max, 0).is_some_and(Ordering::is_le)
        };
        match self {
            NumberKind::Int => integer(-((1 << 53) - 1), (1 << 53) - 1),
            NumberKind::Int64 => integer(i64::MIN.into(), i64::MAX.into()),
            NumberKind::Number => number.is_finite(text),
            NumberKind::Decimal { precision, scale } => {
                let fraction = number.fractional_digits();
                let whole = number.total_digits().saturating_sub(fraction);
                fraction <= scale.into() && whole.saturating_add(scale.into()) <= precision.into()
            }
        }
    }
}

impl Bound {
    /// How `number / 10^fraction` compares with this bound, if few digits tell.
    #[inline]
    fn against(&self, number: i64, fraction: usize) -> Option<Ordering> {
        let bound = i64::try_from(self.digits).ok()?;
        let scale = usize::try_from(self.scale).ok()?;
        if scale == fraction {
            return Some(number.cmp(&bound));
        }
        // The product of two 64-bit integers has 128 bits.
        let power = |by: usize| POWERS.get(by).copied().map(i128::from);
        let number = i128::from(number) * power(scale.saturating_sub(fraction))?;
        let bound = i128::from(bound) * power(fraction.saturating_sub(scale))?;
        Some(number.cmp(&bound))
    }

    /// Whether a number is allowed, from how it compares with this bound in the direction in which
    /// it may go.
    fn allows(self, compared: Ordering) -> bool {
        compared.is_gt() || self.inclusive && compared.is_eq()
    }
}

#[cfg(test)]
mod tests {
    use super::{Bound, INT, NUMBER, NumberKind, NumberRule};

    fn check(rule: &NumberRule, taken: &[&str], refused: &[&str]) {
        for text in taken {
            assert!(rule.accepts(text), "{text} is refused");
        }
        for text in refused {
            assert!(!rule.accepts(text), "{text} is taken");
        }
    }

    #[test]
    fn only_the_grammar_of_json_is_taken() {
        let refused = [
            "", "-", "+1", "01", "-01", "1.", ".1", "1e", "1e+", " 1", "1 ", "0x1", "NaN", "1_0",
            "١",
        ];
        check(&NUMBER, &["0", "-0", "1.0", "0.10", "1E+2", "-1.5e-07"], &refused);
    }

    #[test]
    fn an_int_is_what_double_precision_holds_exactly() {
        let taken = ["0", "-0", "-0.0", "1.0", "1e2", "1.5e1", "100e-2", "0e999999999999999999999"];
        check(&INT, &taken, &["1.5", "1e-1", "15e-2", "1e16", "1e999999999", "1e-999999999"]);
        check(
            &INT,
            &[
                "9007199254740991",
                "-9007199254740991",
                "9007199254740991.000",
                "0.9007199254740991e16",
            ],
            &["9007199254740992", "-9007199254740992", "9007199254740991.1", "90071992547409910"],
        );
    }

    #[test]
    fn an_int64_is_what_64_bits_hold() {
        let rule = NumberRule { kind: NumberKind::Int64, ..INT };
        check(
            &rule,
            &["9223372036854775807", "-9223372036854775808", "9.223372036854775807e18"],
            &["9223372036854775808", "-9223372036854775809", "1e19", "9223372036854775806.5"],
        );
    }

    #[test]
    fn a_number_is_a_finite_double() {
        let edge = format!("1797693134862315{}", "7".repeat(293));
        check(
            &NUMBER,
            &["1.7976931348623157e308", "-1.7976931348623157e308", "1e-999999999", &edge, "0e400"],
            &["1.7976931348623159e308", "1e309", "-1e309", "1e999999999", &format!("{edge}0")],
        );
    }

    #[test]
    fn a_decimal_is_counted_in_digits() {
        let rule = NumberRule { kind: NumberKind::Decimal { precision: 5, scale: 2 }, ..INT };
        let taken =
            ["59.90", "0.05", "-0.05", "123.45", "999", "1.5000", "5e-2", "1e2", "0", "0e9"];
        let refused =
            ["0.001", "1234", "12345", "1234.56", "1e3", "1e-3", "1e999999999", "1e-999999999"];
        check(&rule, &taken, &refused);
    }

    #[test]
    fn bounds_are_exact() {
        let bound = |digits, scale, inclusive| Some(Bound { digits, scale, inclusive });
        let weight = NumberRule { min: bound(0, 0, false), max: bound(15, 1, true), ..NUMBER };
        let least = "0.000000000000000000000000000000000000000000000000000000000001";
        check(
            &weight,
            &["1.5", "1.50", "15e-1", "1e-308", "1e-999999999", least, "1.4999999999999999999"],
            &["0", "-0", "0.0", "-1", "1.5000000000000000000000000000000000000000001", "1e9", "2"],
        );
        let tiny = NumberRule { min: bound(5, 50, true), ..NUMBER };
        check(&tiny, &["5e-50", "1", "0.1"], &["0", "4.9e-50", "-1"]);
        let widest = NumberRule {
            min: bound(i128::MIN, 0, true),
            max: bound(i128::MAX, 0, false),
            ..NUMBER
        };
        check(
            &widest,
            &[
                "-170141183460469231731687303715884105728",
                "170141183460469231731687303715884105726",
                "5",
            ],
            &[
                "-170141183460469231731687303715884105729",
                "170141183460469231731687303715884105727",
                "1e39",
            ],
        );
    }
}
