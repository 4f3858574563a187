//! Matches text against a compiled pattern.

/// A pattern as a deterministic automaton over the bytes of UTF-8 text, made by the compiler. It
/// matches whole texts only, in time linear in their length.
#[derive(Debug)]
pub struct Pattern {
    /// The class of each byte; bytes of one class are never told apart.
    pub classes: &'static [u8; 256],
    /// The number of classes.
    pub stride: u16,
    /// The state that follows a state and a class, at `state * stride + class`.
    pub transitions: &'static [u16],
    /// The state before the first byte.
    pub start: u16,
    /// The state that nothing leaves and that does not accept.
    pub dead: u16,
    /// The states in which a text may end, sorted.
    pub accepting: &'static [u16],
}

impl Pattern {
    /// Whether the whole text matches.
    pub fn matches(&self, text: &str) -> bool {
        let mut state = self.start;
        for byte in text.bytes() {
            let row = usize::from(state) * usize::from(self.stride);
            let class = self.classes.get(usize::from(byte)).map_or(0, |&class| usize::from(class));
            state = self.transitions.get(row + class).copied().unwrap_or(self.dead);
            if state == self.dead {
                return false;
            }
        }
        self.accepting.binary_search(&state).is_ok()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::Pattern;

    /// `[0-9]+(é)?`
    pub(crate) static DIGITS: Pattern = Pattern {
        classes: &{
            let mut classes = [0; 256];
            let mut digit = b'0';
            while digit <= b'9' {
                classes[digit as usize] = 1;
                digit += 1;
            }
            classes[0xC3] = 2;
            classes[0xA9] = 3;
            classes
        },
        stride: 4,
        transitions: &[
            0, 0, 0, 0, // dead
            0, 2, 0, 0, // start
            0, 2, 3, 0, // digits
            0, 0, 0, 4, // first byte of é
            0, 0, 0, 0, // é
        ],
        start: 1,
        dead: 0,
        accepting: &[2, 4],
    };

    #[test]
    fn only_whole_texts_match() {
        for text in ["7", "0123456789", "1é"] {
            assert!(DIGITS.matches(text), "{text}");
        }
        for text in ["", "a", "1a", "a1", "é", "1é1", "1è"] {
            assert!(!DIGITS.matches(text), "{text}");
        }
    }

    #[test]
    fn a_table_that_ends_too_early_matches_nothing() {
        let cut = Pattern { transitions: &[0, 0, 0, 0, 0], ..DIGITS };
        assert!(!cut.matches("7"));
    }
}
