//! The generated validation of bodies against a slow one that is written from the manual: for
//! many documents, good ones and near misses, both accept the same, and name the same places.

use std::collections::BTreeSet;

use gatewright_compiler::Checked;
use gatewright_compiler::analyse;
use gatewright_compiler::contract::Endpoint;
use gatewright_runtime::testing::{Client, Gateway};

use crate::ask::{JSON, value, violations};
use crate::contracts::validated::CONTRACT;
use crate::mocked::path;

use crate::reference::documents::{self, Choices, Document};
use crate::reference::places;

/// How many documents each type is tried with.
const ROUNDS: usize = 400;

fn contract() -> Checked {
    let input = gatewright_build::read(&path("tests/data/generate/validated"));
    let input = input.expect("the contract is there");
    analyse(&input.sources).into_checked().expect("the contract has no errors")
}

/// What the gateway says: the places that are wrong, and how many more there are.
fn answered(client: &mut Client, target: &str, text: &str) -> (BTreeSet<String>, u64) {
    client.request("POST", target, &[JSON], text.as_bytes());
    let answer = client.answer("POST").expect("a whole answer");
    if answer.status == 204 {
        return (BTreeSet::new(), 0);
    }
    assert_eq!(answer.status, 400, "{text}");
    let places = violations(&answer).into_iter();
    let places = places.map(|place| place.trim_start_matches("body ").to_owned()).collect();
    (places, value(&answer)["more"].as_u64().unwrap_or(0))
}

/// Tries documents of one endpoint; how many of them were refused.
fn compare(client: &mut Client, checked: &Checked, endpoint: &Endpoint) -> usize {
    let types = &checked.contract().versions.first().expect("there is one").types;
    let body = endpoint.body.as_ref().expect("every endpoint has a body");
    let mut choices = Choices::new(endpoint.template.len() as u64, usize::MAX);
    let mut refused = 0;
    for round in 0..ROUNDS {
        let mut document = documents::good(&body.ty, types, &mut choices);
        for _ in 0..round % 4 {
            documents::spoil(&mut document, &mut choices);
        }
        let text = document.text();
        let wrong = places::wrong(&document, &body.ty, types, endpoint.ignore_fields);
        let (places, more) = answered(client, &endpoint.template, &text);
        if more == 0 {
            assert_eq!(places, wrong, "{}: {text}", endpoint.template);
        } else {
            assert!(places.is_subset(&wrong), "{}: {text}", endpoint.template);
        }
        if round % 4 == 0 {
            assert_eq!(wrong, BTreeSet::new(), "a good document: {text}");
        }
        refused += usize::from(!wrong.is_empty());
    }
    refused
}

#[test]
fn generated_validation_is_the_manuals() {
    let checked = contract();
    let gateway = Gateway::start(&CONTRACT, &[]);
    let mut client = Client::connect(gateway.address());
    let version = checked.contract().versions.first().expect("there is one");
    for endpoint in &version.endpoints {
        let refused = compare(&mut client, &checked, endpoint);
        // A comparison in which nothing is ever wrong, or all, would show nothing.
        let telling = ROUNDS / 8..ROUNDS * 7 / 8;
        assert!(telling.contains(&refused), "{}: {refused}", endpoint.template);
    }
}

#[test]
fn the_reference_knows_good_from_bad() {
    let checked = contract();
    let version = checked.contract().versions.first().expect("there is one");
    let leaf =
        version.endpoints.iter().find(|one| one.template == "/v1/leaf").expect("it is there");
    let body = leaf.body.as_ref().expect("it has one");
    let wrong = |document: &Document| {
        places::wrong(document, &body.ty, &version.types, false).into_iter().collect::<Vec<_>>()
    };
    let number = |digits: &str| Document::Number(digits.to_owned());
    let record = |members: &[(&str, Document)]| {
        Document::Record(
            members.iter().map(|(name, one)| ((*name).to_owned(), one.clone())).collect(),
        )
    };
    assert!(wrong(&record(&[("a", number("9.0"))])).is_empty());
    assert_eq!(wrong(&record(&[("a", number("9.5")), ("b", Document::Null)])), ["/a", "/b"]);
    assert_eq!(wrong(&record(&[("c", number("1"))])), ["/a", "/c"]);
    assert_eq!(wrong(&record(&[("a", number("1e0")), ("a", number("1"))])), ["/a"]);
    assert_eq!(wrong(&number("1")), [""]);
}
