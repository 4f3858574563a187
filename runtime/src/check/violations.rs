//! What is wrong with a request or a result.

use crate::json::Writer;
use std::borrow::Cow;

/// The most violations that one request is told of.
const MOST: usize = 32;

/// The most characters of a caller's own parameter name that an answer repeats.
const LONGEST_NAME: usize = 64;

/// Everything wrong with one request, up to 32.
#[derive(Clone, Debug, Default)]
pub struct Violations {
    list: Vec<(Place, &'static str)>,
    /// How many there are beyond those of the list.
    more: usize,
    /// The place of the last of them, so that one parameter counts once.
    last: Option<Place>,
}

/// Where in a request something is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// The path parameter of this name.
    Path(&'static str),
    /// The query parameter of this name, which may be the caller's own.
    Query(Cow<'static, str>),
    /// The header of this name.
    Header(&'static str),
    /// The cookie of this name.
    Cookie(&'static str),
    /// The value in the body that this JSON pointer leads to (RFC 6901).
    Body(String),
}

/// The first thing wrong with a backend's result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The JSON pointer of the value (RFC 6901).
    pub pointer: String,
    /// The declared member that it is in, or that is missing; empty for what is in none.
    pub field: &'static str,
    /// What the contract says.
    pub expected: &'static str,
    /// The kind of what is there, never its value.
    pub found: &'static str,
}

impl Violations {
    /// Nothing is wrong.
    pub fn new() -> Violations {
        Violations::default()
    }

    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// How many more can be added.
    pub(crate) fn room(&self) -> usize {
        MOST - self.list.len()
    }

    /// Where they are, without those that are not told of.
    pub(crate) fn places(&self) -> impl Iterator<Item = &Place> {
        self.list.iter().map(|(place, _)| place)
    }

    /// Adds what the contract says about a place that is not so. Once there are 32 it is counted
    /// only. One parameter is told of once.
    #[cold]
    pub fn add(&mut self, place: Place, expected: &'static str) {
        let body = matches!(place, Place::Body(_));
        let told = !body
            && (self.last.as_ref() == Some(&place)
                || self.list.iter().any(|(other, _)| *other == place));
        if told {
            return;
        }
        if self.room() > 0 {
            self.list.push((place, expected));
        } else {
            self.more += 1;
            self.last = Some(place);
        }
    }

    /// Counts `more` that are not told of one by one.
    pub(crate) fn count(&mut self, more: usize) {
        self.more += more;
    }

    /// How many there are beyond those that are written.
    pub fn more(&self) -> usize {
        self.more
    }

    /// Writes a list of `{"in":"query","name":"q","detail":"expected text(1..100)"}` and
    /// `{"in":"body","pointer":"/lines/0","detail":"expected a record"}`.
    pub fn write(&self, out: &mut Writer) {
        out.raw("[");
        for (place, expected) in &self.list {
            out.comma();
            out.raw("{");
            place.write(out);
            out.key("detail");
            out.text(&format!("expected {expected}"));
            out.raw("}");
        }
        out.raw("]");
    }
}

impl Place {
    fn write(&self, out: &mut Writer) {
        let (part, key, name) = match self {
            Place::Path(name) => ("path", "name", *name),
            Place::Query(name) => ("query", "name", &**name),
            Place::Header(name) => ("header", "name", *name),
            Place::Cookie(name) => ("cookie", "name", *name),
            Place::Body(pointer) => ("body", "pointer", &**pointer),
        };
        let cut = match self {
            Place::Query(name) => name.char_indices().nth(LONGEST_NAME).map(|(at, _)| at),
            _ => None,
        };
        out.key("in");
        out.text(part);
        out.key(key);
        out.text(cut.and_then(|at| name.get(..at)).unwrap_or(name));
    }
}

#[cfg(test)]
mod tests {
    use super::{Place, Violations};
    use crate::json::Writer;

    fn written(violations: &Violations) -> String {
        let mut out = Writer::new();
        violations.write(&mut out);
        out.as_str().to_owned()
    }

    #[test]
    fn every_place_is_named() {
        let mut violations = Violations::new();
        violations.add(Place::Path("id"), "Sku");
        violations.add(Place::Query("q".into()), "text(1..100)");
        violations.add(Place::Header("If-Match"), "text(/\"/)");
        violations.add(Place::Cookie("sid"), "uuid");
        violations.add(Place::Body("/lines/0".into()), "a record");
        let expected = concat!(
            r#"[{"in":"path","name":"id","detail":"expected Sku"},"#,
            r#"{"in":"query","name":"q","detail":"expected text(1..100)"},"#,
            r#"{"in":"header","name":"If-Match","detail":"expected text(/\"/)"},"#,
            r#"{"in":"cookie","name":"sid","detail":"expected uuid"},"#,
            r#"{"in":"body","pointer":"/lines/0","detail":"expected a record"}]"#,
        );
        assert_eq!(written(&violations), expected);
    }

    #[test]
    fn a_callers_own_name_is_cut_and_escaped() {
        let mut violations = Violations::new();
        assert!(violations.is_empty());
        violations.add(Place::Query(format!("\"{}", "é".repeat(100)).into()), "nothing");
        let name = format!("\\\"{}", "é".repeat(63));
        assert_eq!(
            written(&violations),
            format!(r#"[{{"in":"query","name":"{name}","detail":"expected nothing"}}]"#)
        );
    }

    #[test]
    fn there_is_an_end_to_it() {
        let mut violations = Violations::new();
        for at in 0..100 {
            violations.add(Place::Query(format!("q{at}").into()), "Sku");
        }
        assert_eq!(written(&violations).matches("Sku").count(), 32);
        assert_eq!(violations.more(), 68);
        violations.add(Place::Query("q99".into()), "Sku");
        violations.add(Place::Query("q1".into()), "Sku");
        violations.count(2);
        assert_eq!(violations.more(), 70);
    }

    #[test]
    fn a_parameter_is_told_of_once() {
        let mut violations = Violations::new();
        violations.add(Place::Header("X-Id"), "one value");
        violations.add(Place::Header("X-Id"), "uuid");
        violations.add(Place::Path("X-Id"), "uuid");
        assert_eq!(written(&violations).matches("expected").count(), 2);
    }
}
