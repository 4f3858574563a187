//! The generated validation of bodies against a slow one that is written from the manual: for
//! many documents, good ones and near misses, both accept the same, and name the same places.

use crate::differential::{Ended, Validation, contract};
use crate::reference::documents::Document;
use crate::reference::places;

/// How many documents each type is tried with.
const ROUNDS: usize = 400;

#[test]
fn generated_validation_is_the_manuals() {
    let mut validation = Validation::start();
    for at in 0..validation.endpoints() {
        let mut refused = 0;
        for round in 0..ROUNDS {
            let text = validation.text(at, round);
            let ended = validation.compare(at, &text);
            refused += usize::from(ended == Ended::Refused);
            let good = round % 4 == 0;
            assert!(!good || ended == Ended::Taken, "{}", String::from_utf8_lossy(&text));
        }
        // A comparison in which nothing is ever wrong, or all, would show nothing.
        let telling = ROUNDS / 8..ROUNDS * 7 / 8;
        assert!(telling.contains(&refused), "{}: {refused}", validation.name(at));
    }
}

#[test]
fn the_reference_knows_good_from_bad() {
    let checked = contract("validated");
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
