//! The query of a request target, as `application/x-www-form-urlencoded` pairs.

use std::borrow::Cow;
use std::ops::Range;

use super::target::percent_decode;
use crate::check::{Place, Violations};
use crate::error::{Error, Kind};
use crate::reuse::Parts;

/// The decoded pairs of a query.
#[derive(Debug, Default)]
pub(crate) struct Pairs {
    text: String,
    places: Vec<(Range<usize>, Range<usize>)>,
    /// Where in the text a comma stands that was sent encoded, ascending.
    commas: Vec<usize>,
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
        self.note_commas(encoded, start);
        Ok(start..self.text.len())
    }

    /// Notes which commas of the text that begins at `start` were sent as `%2C`.
    fn note_commas(&mut self, encoded: &str, start: usize) {
        let mut at = start;
        let mut rest = encoded.as_bytes();
        while let Some(next) = memchr::memchr(b'%', rest) {
            at += next;
            if rest.get(next + 1..next + 3).is_some_and(|code| code.eq_ignore_ascii_case(b"2c")) {
                self.commas.push(at);
            }
            at += 1;
            rest = rest.get(next + 3..).unwrap_or_default();
        }
    }

    /// The parts of a value between its commas.
    fn split(&self, value: Range<usize>) -> Vec<&str> {
        let mut parts = Vec::new();
        let Some(text) = self.text.get(value.clone()).filter(|text| !text.is_empty()) else {
            return parts;
        };
        let mut start = 0;
        for at in memchr::memchr_iter(b',', text.as_bytes()) {
            if self.commas.binary_search(&(value.start + at)).is_err() {
                parts.extend(text.get(start..at));
                start = at + 1;
            }
        }
        parts.extend(text.get(start..));
        parts
    }

    /// Whether there is a parameter that is none of these.
    pub(crate) fn has_others(&self, known: &[&str]) -> bool {
        self.iter().any(|(name, _)| !known.contains(&name))
    }

    /// Writes the values of a parameter in order, each with the places of commas that were sent
    /// encoded: they part no values.
    pub(crate) fn write_key(&self, name: &str, key: &mut Parts) {
        let values = || {
            let named = self.places.iter().filter(|(known, _)| {
                self.text.get(known.clone()).is_some_and(|known| known == name)
            });
            named.map(|(_, value)| value.clone())
        };
        key.number(values().count());
        for value in values() {
            key.part(self.text.get(value.clone()).unwrap_or_default().as_bytes());
            let from = self.commas.partition_point(|at| *at < value.start);
            let to = self.commas.partition_point(|at| *at < value.end);
            key.number(to.saturating_sub(from));
            for at in self.commas.get(from..to).unwrap_or_default() {
                key.number(at - value.start);
            }
        }
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

    /// The values of a parameter that may be there once, with commas between them. A comma sent as
    /// `%2C` is part of its value. `tag=` has no value; an empty one beside others is a violation,
    /// and so is a second parameter of the name.
    pub fn by_comma(&self, name: &'static str, violations: &mut Violations) -> Vec<&'r str> {
        let mut found = self.pairs.places.iter().filter(|(known, _)| {
            self.pairs.text.get(known.clone()).is_some_and(|known| known == name)
        });
        let Some((_, value)) = found.next() else { return Vec::new() };
        if found.next().is_some() {
            violations.add(Place::Query(Cow::Borrowed(name)), "one value");
        }
        let values = self.pairs.split(value.clone());
        if values.iter().any(|value| value.is_empty()) {
            violations.add(Place::Query(Cow::Borrowed(name)), "something between two commas");
        }
        values
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
    fn commas_part_values_unless_they_were_encoded() {
        let split = |query: &str| {
            let pairs = Pairs::parse(query).expect("a good query");
            let mut violations = Violations::new();
            let values = Query::of(&pairs).by_comma("t", &mut violations);
            let values: Vec<String> = values.into_iter().map(String::from).collect();
            violations.is_empty().then_some(values)
        };
        let good = |query: &str, values: &[&str]| {
            assert_eq!(split(query).as_deref(), Some(values.map_owned().as_slice()), "{query}");
        };
        good("t=a,b", &["a", "b"]);
        good("t=a%2Cb,c%2c&x=%2C,", &["a,b", "c,"]);
        good("x=%2C&t=%C3%A9%2C,%20,+", &["é,", " ", " "]);
        good("t=", &[]);
        good("x=1", &[]);
        for bad in ["t=a,", "t=,", "t=,a", "t=a,,b", "t=a&t=b", "t=&t="] {
            assert_eq!(split(bad), None, "{bad}");
        }
    }

    trait Owned {
        fn map_owned(&self) -> Vec<String>;
    }

    impl Owned for [&str] {
        fn map_owned(&self) -> Vec<String> {
            self.iter().map(|text| (*text).to_owned()).collect()
        }
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
