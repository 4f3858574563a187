//! Whether two gateways answer alike: what to ask both, and which differences their contracts explain.
//!
//! Nothing here asks. Whoever compares two gateways sends each request to both, and passes on what
//! they answered.

mod differ;
mod explain;

pub use differ::{Answer, At, Difference, Ignored, QUIET, differences, steady};
pub use explain::Reasons;

use crate::analyse::{best_endpoint, target_parts};
use crate::changes::{self, Change, Side};
use crate::contract::cases::Payload;
use crate::contract::{Case, Contract, Endpoint, Version};

/// A request that both gateways are sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// `GET`
    pub method: String,
    /// Path and query, encoded.
    pub target: String,
    /// Header fields in order.
    pub headers: Vec<(String, String)>,
    /// The body; nothing: none.
    pub body: Option<String>,
}

impl Request {
    /// Whether it only reads (RFC 9110 section 9.2.1).
    pub fn is_safe(&self) -> bool {
        matches!(self.method.as_str(), "GET" | "HEAD" | "OPTIONS")
    }
}

/// The request of a case.
#[derive(Clone, Debug)]
pub struct OfCase<'c> {
    /// The title of the case.
    pub title: &'c str,
    /// Whether the case says who calls; who that is does not stand in the request.
    pub is_known: bool,
    /// The request.
    pub request: Request,
}

/// The requests of a contract's cases, in the order of the text.
pub fn of_cases(contract: &Contract) -> Vec<OfCase<'_>> {
    contract.cases.iter().map(of_case).collect()
}

fn of_case(case: &Case) -> OfCase<'_> {
    let mut headers = case.request.headers.clone();
    let is_typed = headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    if matches!(case.request.body, Some(Payload::Json(_))) && !is_typed {
        headers.push(("Content-Type".to_owned(), "application/json".to_owned()));
    }
    OfCase {
        title: &case.title,
        is_known: case.caller.is_some(),
        request: Request {
            method: case.request.method.clone(),
            target: case.request.target.clone(),
            headers,
            body: case.request.body.as_ref().map(Payload::text),
        },
    }
}

/// The contracts of two gateways.
#[derive(Clone, Debug)]
pub struct Pair<'c> {
    blue: &'c Contract,
    green: &'c Contract,
    /// What changed, for every version that both have.
    changed: Vec<(String, Vec<Change>)>,
}

/// What a request leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Led {
    /// To an endpoint of both.
    Both(Meeting),
    /// To an endpoint that green has not got: `GET /v1/products/{id}`.
    Gone(String),
    /// To an endpoint that blue has not got.
    Came(String),
    /// To none of either.
    Nowhere,
}

/// Two endpoints that a request leads to, as indices of their versions and in those.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meeting {
    /// How green's contract writes it: `GET /v1/products/{id}`.
    pub name: String,
    blue: (usize, usize),
    green: (usize, usize),
}

impl<'c> Pair<'c> {
    /// Compares the contract of the gateway that serves with that of the one that is to serve.
    pub fn new(blue: &'c Contract, green: &'c Contract) -> Self {
        let of_both = |old: &Version| {
            let new = green.versions.iter().find(|new| new.label == old.label)?;
            let mut found = changes::versions(Side::of(blue, old), Side::of(green, new));
            found.extend(changes::selection(blue, green));
            Some((old.label.clone(), found))
        };
        Self { blue, green, changed: blue.versions.iter().filter_map(of_both).collect() }
    }

    /// Where both lead a request.
    pub fn led(&self, request: &Request) -> Led {
        let (blue, green) = (met(self.blue, request), met(self.green, request));
        let name = |contract: &Contract, at| {
            let found = endpoint(contract, at);
            found.map(|(_, one)| named(one)).unwrap_or_default()
        };
        match (blue, green) {
            (Some(blue), Some(green)) => {
                Led::Both(Meeting { name: name(self.green, green), blue, green })
            }
            (Some(blue), None) => Led::Gone(name(self.blue, blue)),
            (None, Some(green)) => Led::Came(name(self.green, green)),
            (None, None) => Led::Nowhere,
        }
    }

    /// What changed for those who call, where a request led to `meeting`.
    pub fn reasons(&self, meeting: &Meeting) -> Reasons {
        let (Some((old, before)), Some((new, after))) =
            (endpoint(self.blue, meeting.blue), endpoint(self.green, meeting.green))
        else {
            return Reasons::default();
        };
        let keys = [Side::of(self.blue, old).key(before), Side::of(self.green, new).key(after)];
        let changed = self.changed.iter().find(|(label, _)| *label == old.label);
        Reasons::of(&keys, changed.map_or(&[][..], |(_, changes)| changes))
    }
}

/// `GET /v1/products/{id}`
fn named(endpoint: &Endpoint) -> String {
    format!("{} {}", endpoint.method, endpoint.template)
}

fn endpoint(contract: &Contract, (version, at): (usize, usize)) -> Option<(&Version, &Endpoint)> {
    let version = contract.versions.get(version)?;
    Some((version, version.endpoints.get(at)?))
}

fn met(contract: &Contract, request: &Request) -> Option<(usize, usize)> {
    let path = target_parts(&request.target)?.path;
    let label = contract.selection.named(&request.headers);
    best_endpoint(&contract.versions, label.as_deref(), (&request.method, &path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::check;

    const TEXT: &str = "version 1 {
      type Item { id: text, name: text, price: int, tags: [{ word: text }] }
      GET /items/{id: text} -> Item {
        public
        r = one GET /i/{id}
        return r
      }
      GET /old -> { a: text } {
        public
        r = one GET /o
        return { a: r.a }
      }
    }";
    const CASES: &str = "
    case \"one is too many\" {
      when GET /v1/items/a?x=1
      then 400
    }
    case \"nobody\" {
      when GET /v1/nowhere
      then 404 no-route
    }";

    fn request(method: &str, target: &str) -> Request {
        let (method, target) = (method.to_owned(), target.to_owned());
        Request { method, target, headers: Vec::new(), body: None }
    }

    #[test]
    fn requests_are_those_of_the_cases() {
        let contract = check(&format!("{TEXT}{CASES}"));
        let found = of_cases(&contract);
        let targets: Vec<_> = found.iter().map(|one| one.request.target.as_str()).collect();
        assert_eq!(targets, ["/v1/items/a?x=1", "/v1/nowhere"]);
        assert!(found.iter().all(|one| one.request.is_safe() && !one.is_known));
    }

    #[test]
    fn a_request_leads_to_an_endpoint_of_both_of_one_or_of_none() {
        let blue = check(TEXT);
        let green = check(&TEXT.replace("GET /old ->", "GET /new ->"));
        let pair = Pair::new(&blue, &green);
        let led = |target: &str| pair.led(&request("GET", target));
        let Led::Both(meeting) = led("/v1/items/a%2Fb?x") else { panic!("an endpoint of both") };
        assert_eq!(meeting.name, "GET /v1/items/{id}");
        assert_eq!(led("/v1/old"), Led::Gone("GET /v1/old".to_owned()));
        assert_eq!(led("/v1/new"), Led::Came("GET /v1/new".to_owned()));
        assert_eq!(led("/v1/items/%zz"), Led::Nowhere);
        assert_eq!(pair.led(&request("PUT", "/v1/items/a")), Led::Nowhere);
    }

    #[test]
    fn a_change_explains_what_is_at_its_place_and_nothing_else() {
        let blue = check(TEXT);
        let body = |pointer: &str| Difference {
            at: At::Body(pointer.to_owned()),
            blue: String::new(),
            green: String::new(),
        };
        let status = Difference { at: At::Status, blue: "200".into(), green: "404".into() };
        let reasons = |green: &str| {
            let green = check(green);
            let pair = Pair::new(&blue, &green);
            let Led::Both(meeting) = pair.led(&request("GET", "/v1/items/a")) else {
                panic!("an endpoint of both")
            };
            pair.reasons(&meeting)
        };
        let same = reasons(&TEXT.replace("GET /old ->", "GET /new ->"));
        assert!(!same.explain(&body("/name")) && !same.explain(&status), "{same:?}");
        let gone = reasons(&TEXT.replace(" price: int,", ""));
        assert!(gone.explain(&body("/price")), "{gone:?}");
        assert!(!gone.explain(&body("/name")) && !gone.explain(&status), "{gone:?}");
        let deep = reasons(&TEXT.replace("word: text", "word: text | null"));
        assert!(deep.explain(&body("/tags/3/word")), "{deep:?}");
        assert!(!deep.explain(&body("/tags/3")) && !deep.explain(&body("/tags")), "{deep:?}");
        let asked = reasons(&TEXT.replace("{id: text}", "{id: text(..3)}"));
        assert!(asked.explain(&status) && asked.explain(&body("")), "{asked:?}");
    }
}
