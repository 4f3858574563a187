//! Two answers, compared by what they mean.

use crate::contract::types::Const;
use crate::proof::compare::{below, quoted, same, shown};
use crate::proof::{Answered, json};
use std::collections::BTreeSet;

/// The most differences of two answers that are told.
const MOST: usize = 100;

/// Header fields that say nothing of how a gateway answers: times, connections, counts, what follows
/// from the body, and what belongs to one request.
pub const QUIET: &[&str] = &[
    "age",
    "alt-svc",
    "cache-status",
    "connection",
    "content-length",
    "date",
    "etag",
    "keep-alive",
    "last-modified",
    "ratelimit",
    "retry-after",
    "server-timing",
    "traceparent",
    "tracestate",
    "trailer",
    "transfer-encoding",
    "via",
    "x-request-id",
];

/// What became of a request.
pub type Answer = Result<Answered, String>;

/// A place of an answer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum At {
    /// Whether there is an answer.
    Whole,
    /// The status.
    Status,
    /// A header field; its name in small letters.
    Header(String),
    /// The body, and where in it (RFC 6901); empty: all of it.
    Body(String),
}

impl At {
    /// `status`, `header vary`, `/items/0/price`.
    pub fn text(&self) -> String {
        match self {
            At::Whole => "answer".to_owned(),
            At::Status => "status".to_owned(),
            At::Header(name) => format!("header {name}"),
            At::Body(pointer) if pointer.is_empty() => "body".to_owned(),
            At::Body(pointer) => pointer.clone(),
        }
    }
}

/// Something that two gateways answer differently.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Where.
    pub at: At,
    /// What blue answers there.
    pub blue: String,
    /// What green answers there.
    pub green: String,
}

/// What is not compared.
#[derive(Clone, Debug, Default)]
pub struct Ignored {
    headers: BTreeSet<String>,
    /// Places of bodies; `*` is any part.
    places: Vec<Vec<String>>,
}

impl Ignored {
    /// From words: `/items/*/price` is a place of bodies, anything else is a header field.
    pub fn of(words: &[String]) -> Self {
        let mut found =
            Self { headers: QUIET.iter().map(|&name| name.into()).collect(), places: Vec::new() };
        for word in words {
            match word.strip_prefix('/') {
                Some(place) => found.places.push(place.split('/').map(str::to_owned).collect()),
                None => _ = found.headers.insert(word.to_ascii_lowercase()),
            }
        }
        found
    }

    fn holds(&self, pointer: &str) -> bool {
        self.places.iter().any(|place| {
            let mut parts = pointer.split('/').skip(1);
            place
                .iter()
                .all(|wanted| parts.next().is_some_and(|one| wanted == "*" || wanted == one))
        })
    }
}

/// What two answers to one request have different, in the order of an answer.
pub fn differences(blue: &Answer, green: &Answer, ignored: &Ignored) -> Vec<Difference> {
    let (blue, green) = match (blue, green) {
        (Ok(blue), Ok(green)) => (blue, green),
        (Err(_), Err(_)) => return Vec::new(),
        (blue, green) => {
            let told = |one: &Answer| match one {
                Ok(answer) => answer.status.to_string(),
                Err(why) => format!("none: {why}"),
            };
            return vec![Difference { at: At::Whole, blue: told(blue), green: told(green) }];
        }
    };
    let mut found = Found { all: Vec::new(), ignored };
    if blue.status != green.status {
        found.put(At::Status, blue.status.to_string(), green.status.to_string());
    }
    found.headers(blue, green);
    found.bodies(blue, green);
    found.all
}

/// The differences that are at none of the places where blue differs from itself.
pub fn steady(found: Vec<Difference>, own: &[Difference]) -> Vec<Difference> {
    let touches = |at: &At, other: &At| match (at, other) {
        (_, At::Whole | At::Status) | (At::Whole, _) => true,
        (At::Body(one), At::Body(two)) => is_below(one, two) || is_below(two, one),
        (at, other) => at == other,
    };
    let moves = |one: &Difference| own.iter().any(|other| touches(&one.at, &other.at));
    found.into_iter().filter(|one| !moves(one)).collect()
}

fn is_below(pointer: &str, above: &str) -> bool {
    pointer.strip_prefix(above).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

struct Found<'i> {
    all: Vec<Difference>,
    ignored: &'i Ignored,
}

impl Found<'_> {
    fn put(&mut self, at: At, blue: String, green: String) {
        if self.all.len() < MOST {
            self.all.push(Difference { at, blue, green });
        }
    }

    fn headers(&mut self, blue: &Answered, green: &Answered) {
        let names = blue.headers.iter().chain(&green.headers);
        let names: BTreeSet<String> = names.map(|(name, _)| name.to_ascii_lowercase()).collect();
        for name in names.difference(&self.ignored.headers) {
            let told = |answer: &Answered| match answer.values(name).as_slice() {
                [] => "none".to_owned(),
                values => quoted(&values.join(", ")),
            };
            let (one, other) = (told(blue), told(green));
            if one != other {
                self.put(At::Header(name.clone()), shown(&one), shown(&other));
            }
        }
    }

    fn bodies(&mut self, blue: &Answered, green: &Answered) {
        if blue.body == green.body {
            return;
        }
        if let (Some(one), Some(other)) = (value(blue), value(green)) {
            self.values((&one, &other), &mut String::new());
            return;
        }
        let pointer = String::new();
        if !self.ignored.holds(&pointer) {
            self.put(At::Body(pointer), told(blue), told(green));
        }
    }

    fn values(&mut self, (blue, green): (&Const, &Const), pointer: &mut String) {
        if self.all.len() >= MOST || self.ignored.holds(pointer) || same(blue, green) {
            return;
        }
        match (blue, green) {
            (Const::Record(one), Const::Record(other)) => {
                for (name, value) in one {
                    let second = green.member(name);
                    below(pointer, name, |pointer| self.members((Some(value), second), pointer));
                }
                for (name, value) in other.iter().filter(|(name, _)| blue.member(name).is_none()) {
                    below(pointer, name, |pointer| self.members((None, Some(value)), pointer));
                }
            }
            (Const::List(one), Const::List(other)) if one.len() == other.len() => {
                for (index, pair) in one.iter().zip(other).enumerate() {
                    below(pointer, &index.to_string(), |pointer| self.values(pair, pointer));
                }
            }
            (Const::List(one), Const::List(other)) => {
                let count = |list: &[Const]| format!("a list of {}", list.len());
                self.put(At::Body(pointer.clone()), count(one), count(other));
            }
            _ => self.put(At::Body(pointer.clone()), shown(&blue.json()), shown(&green.json())),
        }
    }

    fn members(&mut self, pair: (Option<&Const>, Option<&Const>), pointer: &mut String) {
        match pair {
            (Some(blue), Some(green)) => self.values((blue, green), pointer),
            (blue, green) if !self.ignored.holds(pointer) => {
                let told = |one: Option<&Const>| {
                    one.map_or_else(|| "not there".to_owned(), |value| shown(&value.json()))
                };
                self.put(At::Body(pointer.clone()), told(blue), told(green));
            }
            _ => {}
        }
    }
}

/// The body as a value, if it is JSON by its media type and by itself.
fn value(answer: &Answered) -> Option<Const> {
    let kinds = answer.values("content-type");
    let kind = kinds.first()?.split(';').next()?.trim().to_ascii_lowercase();
    if kind != "application/json" && !kind.ends_with("+json") {
        return None;
    }
    json::parse(std::str::from_utf8(&answer.body).ok()?).ok()
}

/// A body that is no JSON.
fn told(answer: &Answered) -> String {
    match std::str::from_utf8(&answer.body) {
        Ok("") => "empty".to_owned(),
        Ok(text) => shown(&quoted(text)),
        Err(_) => format!("{} bytes", answer.body.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Answer {
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let mut headers: Vec<_> = headers.iter().map(own).collect();
        headers.push(("content-type".into(), "application/json".into()));
        Ok(Answered { status, headers, body: body.as_bytes().to_vec() })
    }

    fn told(blue: &Answer, green: &Answer, ignored: &[&str]) -> Vec<String> {
        let words: Vec<String> = ignored.iter().map(|&word| word.to_owned()).collect();
        let found = differences(blue, green, &Ignored::of(&words));
        let line = |one: &Difference| format!("{}: {} | {}", one.at.text(), one.blue, one.green);
        found.iter().map(line).collect()
    }

    #[test]
    fn bodies_are_compared_as_values() {
        let one = answer(200, &[], r#"{"a":1.0,"b":[1,2],"c":{"d":"x"},"e":null}"#);
        let same = answer(200, &[], r#"{ "b":[1,2.00], "a":1, "e":null,"c":{"d":"\u0078"}}"#);
        assert!(told(&one, &same, &[]).is_empty());
        let other = answer(200, &[], r#"{"a":2,"b":[1,3],"c":{"d":"y","f/g":1}}"#);
        assert_eq!(
            told(&one, &other, &[]),
            [
                "/a: 1.0 | 2",
                "/b/1: 2 | 3",
                "/c/d: \"x\" | \"y\"",
                "/c/f~1g: not there | 1",
                "/e: null | not there"
            ]
        );
        assert_eq!(told(&one, &other, &["/c", "/*/1", "/e"]), ["/a: 1.0 | 2"]);
        let longer = answer(200, &[], r#"{"a":1,"b":[1,2,3],"c":{"d":"x"},"e":null}"#);
        assert_eq!(told(&one, &longer, &[]), ["/b: a list of 2 | a list of 3"]);
        let broken = answer(200, &[], "{");
        assert_eq!(told(&broken, &answer(200, &[], ""), &[]), ["body: \"{\" | empty"]);
    }

    #[test]
    fn fields_that_belong_to_one_answer_are_not_compared() {
        let blue = answer(200, &[("date", "1"), ("x-a", "1"), ("etag", "a"), ("vary", "b")], "1");
        let green = answer(201, &[("date", "2"), ("x-a", "2"), ("vary", "b")], "1");
        assert_eq!(told(&blue, &green, &["X-A"]), ["status: 200 | 201"]);
        let found = ["status: 200 | 201", "header x-a: \"1\" | \"2\""];
        assert_eq!(told(&blue, &green, &[]), found);
    }

    #[test]
    fn no_answer_is_another_answer_and_two_of_none_are_alike() {
        let (none, some) = (Err("too late".to_owned()), answer(200, &[], "1"));
        assert_eq!(told(&none, &some, &[]), ["answer: none: too late | 200"]);
        assert!(told(&none, &Err("broken".to_owned()), &[]).is_empty());
    }

    #[test]
    fn what_blue_answers_now_so_and_now_so_is_no_difference() {
        let first = answer(200, &[], r#"{"at":{"ms":1},"n":1}"#);
        let again = answer(200, &[], r#"{"at":{"ms":2},"n":1}"#);
        let green = answer(200, &[], r#"{"at":{"ms":3},"n":2}"#);
        let ignored = Ignored::default();
        let own = differences(&first, &again, &ignored);
        let found = steady(differences(&first, &green, &ignored), &own);
        let places: Vec<_> = found.iter().map(|one| one.at.text()).collect();
        assert_eq!(places, ["/n"]);
    }

    #[test]
    fn differences_have_an_end() {
        let list = |value: u32| format!("[{}]", vec![value.to_string(); 10_000].join(","));
        let found = told(&answer(200, &[], &list(1)), &answer(200, &[], &list(2)), &[]);
        assert_eq!(found.len(), MOST);
    }
}
