//! What a record holds under a name.

/// A field that may be missing or null.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Maybe<T> {
    /// The record has no such member.
    #[default]
    Absent,
    /// The member is null.
    Null,
    /// The member has a value of the declared type.
    Value(T),
    /// The member has a value of another type, which is recorded. A record that was read whole
    /// holds none.
    Violated,
}

impl<T> Maybe<T> {
    /// The value, if there is one.
    #[inline]
    pub fn value(&self) -> Option<&T> {
        if let Maybe::Value(value) = self { Some(value) } else { None }
    }

    /// The same with the value borrowed.
    #[inline]
    pub fn get(&self) -> Maybe<&T> {
        match self {
            Maybe::Absent => Maybe::Absent,
            Maybe::Null => Maybe::Null,
            Maybe::Value(value) => Maybe::Value(value),
            Maybe::Violated => Maybe::Violated,
        }
    }

    /// Goes on into the value: `order.note.then(|note| note.text.get())`.
    #[inline]
    pub fn then<'s, U>(&'s self, next: impl FnOnce(&'s T) -> Maybe<U>) -> Maybe<U> {
        match self {
            Maybe::Absent => Maybe::Absent,
            Maybe::Null => Maybe::Null,
            Maybe::Value(value) => next(value),
            Maybe::Violated => Maybe::Violated,
        }
    }

    /// Whether the member is missing.
    #[inline]
    pub fn is_absent(&self) -> bool {
        matches!(self, Maybe::Absent)
    }

    /// Whether the member is null.
    #[inline]
    pub fn is_null(&self) -> bool {
        matches!(self, Maybe::Null)
    }
}

#[cfg(test)]
mod tests {
    use super::Maybe;

    #[test]
    fn what_is_missing_stays_missing_all_the_way() {
        let note = Maybe::Value(Maybe::<u8>::Null);
        assert_eq!(note.then(Maybe::get), Maybe::Null);
        assert_eq!(Maybe::<Maybe<u8>>::Absent.then(Maybe::get), Maybe::Absent);
        assert_eq!(Maybe::Value(Maybe::Value(7)).then(Maybe::get).value(), Some(&&7));
    }
}
