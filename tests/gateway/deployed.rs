//! What a gateway that runs says of its contract, compared with texts.

use std::path::Path;

use gatewright_compiler::changes::{Change, Verdict, contracts};
use gatewright_compiler::served::Served;
use gatewright_compiler::source::Sources;
use gatewright_compiler::{Analysis, analyse};
use gatewright_runtime::codegen::Contract;
use gatewright_runtime::testing::{Gateway, get};

use crate::ask::NOBODY;
use crate::contracts::{by_header, by_media, ending, everything, shop, streams};

/// What the gateway of a contract says on the operator's port.
fn told(contract: &'static Contract) -> Served {
    let names = contract.environment.iter().filter(|one| one.default.is_none());
    let value = |name: &str| if name.ends_with("_URL") { NOBODY } else { "1" };
    let env: Vec<(&str, &str)> = names.map(|one| (one.name, value(one.name))).collect();
    let gateway = Gateway::start(contract, &env);
    let answer = get(gateway.operator(), "/contract");
    assert_eq!(answer.status, 200);
    Served::read(&answer.text()).expect("a gateway's contract")
}

fn texts(path: &str) -> Sources {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    gatewright_build::read(&path).expect("a contract").sources
}

fn compared(served: &Served, beside: &Sources, new: &Analysis) -> Vec<Change> {
    let sources = served.sources(|label| format!("gateway@{label}"));
    let old = served.analyse(&sources, beside);
    let old = old.comparable().unwrap_or_else(|| unreachable!("{:#?}", old.diagnostics));
    let mut found = contracts(old, new.comparable().expect("it is right"));
    found.retain(|change| !change.rule.id.starts_with("proof/"));
    found
}

#[test]
fn a_gateway_serves_what_it_was_made_of() {
    for (contract, path) in [
        (&shop::CONTRACT, "examples/shop"),
        (&by_header::CONTRACT, "tests/data/generate/by_header"),
        (&by_media::CONTRACT, "tests/data/generate/by_media"),
        (&ending::CONTRACT, "tests/data/generate/ending"),
        (&everything::CONTRACT, "tests/data/generate/everything"),
        (&streams::CONTRACT, "tests/data/generate/streams"),
    ] {
        let (served, texts) = (told(contract), texts(path));
        assert_eq!(served.labels().len(), contract.versions.len());
        let changed = compared(&served, &texts, &analyse(&texts));
        assert!(changed.is_empty(), "{path}: {changed:#?}");
    }
}

#[test]
fn an_edit_is_told_with_those_that_it_hurts() {
    let texts = texts("examples/shop");
    let edited = texts.with_texts(|_, source| {
        source.text.replace("title: text(1..200)", "title: text(1..200) | null")
    });
    let changed = compared(&told(&shop::CONTRACT), &edited, &analyse(&edited));
    let breaking: Vec<&Change> =
        changed.iter().filter(|change| change.verdict == Verdict::Breaking).collect();
    assert!(!breaking.is_empty());
    for change in &breaking {
        assert_eq!(change.rule.id, "field/became-nullable", "{change:#?}");
        assert!(change.old.is_some(), "{change:#?}");
    }
    let hurt =
        breaking.iter().any(|change| change.hurts.iter().any(|name| name.contains("mobile")));
    assert!(hurt, "{breaking:#?}");
}
