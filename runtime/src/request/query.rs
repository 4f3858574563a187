//! The query of a request target, as `application/x-www-form-urlencoded` pairs.

use std::borrow::Cow;
use std::ops::Range;

use super::target::percent_decode;
use crate::check::{Place, Violations};
use crate::error::{Error, Kind};

/// The decoded pairs of a query.
#[derive(Debug, Default)]
pub(crate) struct Pairs {
    text: String,
    places: Vec<(Range<usize>, Range<usize>)>,
}

impl Pairs {
    /// The pairs of an encoded query: split at `&`, then at the first `=`; `+` is a space.
    ///
    /// # Errors
    ///
    /// 400 for bad percent-encoding and for text that is no UTF-8.
    pub(crate) fn parse(query: &str) -> Result<Pairs, Error> {
        let mut pairs = Pairs::default();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = pairs.decode(name)?;
            let value = pairs.decode(value)?;
            pairs.places.push((name, value));
        }
        Ok(pairs)
    }

    fn decode(&mut self, encoded: &str) -> Result<Range<usize>, Error> {
        let start = self.text.len();
        let plain = |byte| if byte == b'+' { b' ' } else { byte };
        percent_decode(encoded.as_bytes(), plain, &mut self.text)
            .ok_or(Kind::Malformed("the query is not percent-encoded UTF-8"))?;
        Ok(start..self.text.len())
    }

    fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.places.iter().filter_map(|(name, value)| {
            Some((self.text.get(name.clone())?, self.text.get(value.clone())?))
        })
    }
}

/// The parameters of a query, decoded.
#[derive(Clone, Copy, Debug)]
pub struct Query<'r> {
    pairs: &'r Pairs,
}

impl<'r> Query<'r> {
    pub(crate) fn of(pairs: &'r Pairs) -> Query<'r> {
        Query { pairs }
    }

    /// The value of a parameter that may be there once; `q=` is an empty text, not an absent one.
    /// A second value is a violation.
    pub fn one(&self, name: &'static str, violations: &mut Violations) -> Option<&'r str> {
        let mut values = self.all(name);
        let first = values.next()?;
        if values.next().is_some() {
            violations.add(Place::Query(Cow::Borrowed(name)), "one value");
        }
        Some(first)
    }

    /// All values of a parameter, in order.
    pub fn all(&self, name: &'static str) -> impl Iterator<Item = &'r str> + use<'r> {
        self.pairs.iter().filter(move |(known, _)| *known == name).map(|(_, value)| value)
    }

    /// Adds a violation for every parameter that is not `known`.
    pub fn refuse_unknown(&self, known: &[&'static str], violations: &mut Violations) {
        for (name, _) in self.pairs.iter().filter(|(name, _)| !known.contains(name)) {
            let name = Cow::Owned(name.to_owned());
            violations.add(Place::Query(name), "no parameter of this name");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(query: &str) -> Vec<(String, String)> {
        let pairs = Pairs::parse(query).expect("a good query");
        pairs.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    #[test]
    fn pairs_are_decoded_after_they_are_split() {
        let expected = [("q", "tea & cake=1"), ("empty", ""), ("bare", ""), ("a b", "ü")];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(pairs("q=tea+%26+cake%3D1&&empty=&bare&a+b=%C3%BC"), expected);
        assert_eq!(pairs(""), []);
    }

    #[test]
    fn bad_encoding_is_refused() {
        for query in ["q=%", "q=%f", "%zz=1", "q=%ff"] {
            assert_eq!(Pairs::parse(query).expect_err(query).status(), 400);
        }
    }

    #[test]
    fn a_parameter_given_twice_is_a_violation() {
        let pairs = Pairs::parse("q=1&q=2").expect("a good query");
        let query = Query::of(&pairs);
        let mut violations = Violations::new();
        assert_eq!(query.all("q").collect::<Vec<_>>(), ["1", "2"]);
        query.one("q", &mut violations);
        assert!(!violations.is_empty());
    }

    #[test]
    fn unknown_parameters_are_violations() {
        let pairs = Pairs::parse("q=1&x=2").expect("a good query");
        let mut violations = Violations::new();
        Query::of(&pairs).refuse_unknown(&["q", "x"], &mut violations);
        assert!(violations.is_empty());
        Query::of(&pairs).refuse_unknown(&["q"], &mut violations);
        assert!(!violations.is_empty());
    }
}
