//! The rule for texts.

use super::{Format, Pattern};
use crate::json::{Raw, count_scalars};

/// What a contract says about a text.
#[derive(Debug)]
pub struct TextRule {
    /// The least length, in Unicode scalar values.
    pub min: usize,
    /// The largest length, in Unicode scalar values.
    pub max: usize,
    /// What the whole text matches.
    pub pattern: Option<&'static Pattern>,
    /// What the text spells.
    pub format: Option<Format>,
    /// The type in the contract's words, such as `text(1..200)`.
    pub expected: &'static str,
}

/// Any text.
pub static TEXT: TextRule =
    TextRule { min: 0, max: usize::MAX, pattern: None, format: None, expected: "text" };

/// The most bytes of JSON that one Unicode scalar value takes: two escapes of a surrogate pair.
const WIDEST: usize = 12;

impl TextRule {
    /// Whether a text from outside JSON is as the contract says.
    pub fn accepts(&self, text: &str) -> bool {
        let length = text.chars().count();
        self.min <= length && length <= self.max && self.spells(text)
    }

    /// Whether the text of a JSON string is surely as the contract says. If not, all of it tells.
    #[inline]
    pub(crate) fn surely_takes(&self, text: Raw<'_>) -> bool {
        self.pattern.is_none() && self.format.is_none() && self.surely_fits(text)
    }

    /// Whether a text is so clearly inside its bounds that its bytes tell.
    #[inline]
    fn surely_fits(&self, text: Raw<'_>) -> bool {
        let bytes = text.json().len().saturating_sub(2);
        let least = if self.min > 1 { self.min.saturating_mul(WIDEST) } else { self.min };
        bytes <= self.max && bytes >= least
    }

    /// What is wrong with the text of a JSON string, which has no escapes if it is `plain`.
    #[inline]
    pub(crate) fn fault(&self, text: Raw<'_>, plain: bool) -> Option<&'static str> {
        if !self.surely_fits(text) && !self.holds(text.quoted()) {
            return Some("text of another length");
        }
        if self.pattern.is_none() && self.format.is_none() {
            return None;
        }
        let spells = if plain { self.spells(text.quoted()) } else { self.spells(&text.text()) };
        (!spells).then_some("text of another form")
    }

    /// Whether the length of what is between a string's quotes is inside the bounds.
    fn holds(&self, quoted: &str) -> bool {
        let length = count_scalars(quoted);
        self.min <= length && length <= self.max
    }

    fn spells(&self, text: &str) -> bool {
        self.pattern.is_none_or(|pattern| pattern.matches(text))
            && self.format.is_none_or(|format| format.accepts(text))
    }
}

#[cfg(test)]
mod tests {
    use super::{TEXT, TextRule};
    use crate::check::{Format, pattern::tests::DIGITS};
    use crate::json::Raw;

    static SHORT: TextRule = TextRule { min: 2, max: 3, expected: "text(2..3)", ..TEXT };

    #[test]
    fn lengths_count_scalar_values() {
        for text in ["ab", "abc", "éé", "😀😀😀"] {
            assert!(SHORT.accepts(text), "{text}");
        }
        for text in ["", "a", "é", "😀", "abcd", "éééé", "😀😀😀😀"] {
            assert!(!SHORT.accepts(text), "{text}");
        }
    }

    #[test]
    fn an_escape_is_one_scalar_value() {
        let fault = |json| SHORT.fault(Raw::literal(json), false);
        for json in [r#""\n\n""#, r#""\u00e9\u00e9\u00e9""#, r#""\ud83d\ude00😀""#] {
            assert_eq!(fault(json), None, "{json}");
        }
        for json in [r#""\n""#, r#""\ud83d\ude00""#, r#""\ud83d\ude00\n\n\n""#] {
            assert_eq!(fault(json), Some("text of another length"), "{json}");
        }
    }

    #[test]
    fn patterns_and_formats_see_decoded_text() {
        let digits = TextRule { pattern: Some(&DIGITS), ..TEXT };
        assert_eq!(digits.fault(Raw::literal(r#""4\u0032""#), false), None);
        assert_eq!(digits.fault(Raw::literal(r#""4\u0061""#), false), Some("text of another form"));
        let date = TextRule { format: Some(Format::Date), ..TEXT };
        assert_eq!(date.fault(Raw::literal(r#""2024\u002d02-29""#), false), None);
        assert!(date.accepts("2024-02-29") && !date.accepts("2023-02-29"));
    }
}
