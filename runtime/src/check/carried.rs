//! What a text must be so that it can go where it is carried: a header field, a segment of a path.

use super::Rule;
use crate::response::field_value;

/// A text that a header field can have as its value (RFC 9110 section 5.5).
#[derive(Debug)]
pub struct FieldRule;

/// The rule of a header field's value.
pub static FIELD: FieldRule = FieldRule;

impl Rule for FieldRule {
    fn accepts(&self, text: &str) -> bool {
        field_value(text).is_some()
    }

    fn expected(&self) -> &'static str {
        "the value of a header field"
    }
}

/// A text that can be a whole segment of a path: backends resolve `.` and `..` (RFC 3986 section
/// 5.2.4).
#[derive(Debug)]
pub struct SegmentRule;

/// The rule of a segment of a path.
pub static SEGMENT: SegmentRule = SegmentRule;

impl Rule for SegmentRule {
    fn accepts(&self, text: &str) -> bool {
        !matches!(text, "" | "." | "..")
    }

    fn expected(&self) -> &'static str {
        "a segment of a path, which `.` and `..` are not"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_holds_no_second_line() {
        for bad in ["a\r\nX-Admin: 1", "a\n", " a", "a\t", "\0"] {
            assert!(!FIELD.accepts(bad), "{bad:?}");
        }
        for good in ["a", "a b", "é", ""] {
            assert!(FIELD.accepts(good), "{good:?}");
        }
    }

    #[test]
    fn a_segment_leads_nowhere_else() {
        for bad in ["", ".", ".."] {
            assert!(!SEGMENT.accepts(bad), "{bad:?}");
        }
        for good in ["a", "...", "a/b", ".a"] {
            assert!(SEGMENT.accepts(good), "{good:?}");
        }
    }
}
