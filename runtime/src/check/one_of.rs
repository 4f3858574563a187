//! The rule for enumerations.

/// What a contract says about a text that is one of a few.
#[derive(Debug)]
pub struct EnumRule {
    /// The declared values, decoded.
    pub values: &'static [&'static str],
    /// What becomes of any other value.
    pub other: Other,
    /// The type in the contract's words, such as `Currency`.
    pub expected: &'static str,
}

/// What becomes of a value that an enumeration does not declare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Other {
    /// It violates the contract.
    Refused,
    /// It is passed on.
    Kept,
    /// A result's value is replaced by this one, given as JSON text with its quotes. A caller's is
    /// refused.
    Becomes(&'static str),
}

impl EnumRule {
    /// Whether a caller may send this text, from outside JSON.
    pub fn accepts(&self, text: &str) -> bool {
        self.declares(text) || self.other == Other::Kept
    }

    /// Whether the contract names this value.
    #[inline]
    pub(crate) fn declares(&self, text: &str) -> bool {
        self.values.contains(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::{EnumRule, Other};

    fn colours(other: Other) -> EnumRule {
        EnumRule { values: &["red", "green"], other, expected: "Colour" }
    }

    #[test]
    fn only_an_open_enumeration_takes_what_it_does_not_declare() {
        assert!(colours(Other::Refused).accepts("red"));
        assert!(!colours(Other::Refused).accepts("blue"));
        assert!(!colours(Other::Becomes("\"red\"")).accepts("blue"));
        assert!(colours(Other::Kept).accepts("blue"));
    }
}
