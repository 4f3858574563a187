//! The rule for lists.

/// What a contract says about a list.
#[derive(Debug)]
pub struct ListRule {
    /// The least number of elements.
    pub min: usize,
    /// The largest number of elements.
    pub max: usize,
    /// Whether no two elements may be the same value.
    pub unique: bool,
    /// How many elements are read. Those after them are skipped, whatever they are, and not counted;
    /// `usize::MAX` reads all.
    pub keep: usize,
    /// The type in the contract's words, such as `[Line](1..50)`.
    pub expected: &'static str,
}

/// Any list.
pub static ANY_LIST: ListRule =
    ListRule { min: 0, max: usize::MAX, unique: false, keep: usize::MAX, expected: "a list" };
