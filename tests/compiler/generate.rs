//! Generated Rust: reviewed as Rust, and the same every time.

use crate::contracts::{at, built, text, unit};
use gatewright_compiler::codegen::Modules;
use gatewright_compiler::codegen::layout::{self, Files, PackageOptions};
use gatewright_compiler::source::Sources;
use gatewright_compiler::{Target, analyse, generate, plan};
use std::collections::BTreeMap;
use std::path::Path;
use std::{env, fs};

/// The contracts whose generated modules are kept beside them, to be reviewed.
const GOLDEN: &[&str] = &["examples/smallest", "examples/weather"];

/// The package of all versions of a contract.
fn package(path: &Path) -> Files {
    let unit = unit(path);
    let analysis = analyse(&unit.sources());
    let contract = analysis.checked().expect("the contract is right");
    let target = Target {
        name: contract.api().to_owned(),
        versions: contract.versions(),
        ..Target::default()
    };
    let options = PackageOptions {
        name: target.name.clone(),
        runtime: "runtime".into(),
        features: Vec::new(),
        lock: String::new(),
        labelled: false,
    };
    layout::package(&generate(&plan(contract, &target)), &options)
}

#[test]
fn generated_modules_are_as_they_were_reviewed() {
    for contract in GOLDEN {
        let folder = at("tests/data/golden").join(contract.rsplit('/').next().unwrap_or(contract));
        let modules: BTreeMap<String, Vec<u8>> = package(&at(contract))
            .into_iter()
            .filter(|(path, _)| path.starts_with("src/"))
            .collect();
        for (path, bytes) in &modules {
            let golden = folder.join(path.trim_start_matches("src/"));
            if env::var_os("UPDATE").is_some() {
                fs::create_dir_all(golden.parent().expect("a folder")).expect("a folder");
                fs::write(&golden, bytes).expect("the golden is written");
            }
            let generated = String::from_utf8(bytes.clone()).expect("Rust is text");
            assert!(
                text(&golden) == generated,
                "{} differs; accept it with UPDATE=1 if the difference is right:\n{generated}",
                golden.display()
            );
        }
    }
}

#[test]
fn generating_twice_gives_equal_bytes() {
    for unit in built() {
        let path = at(&unit.name);
        let path = if path.is_dir() { path } else { path.with_extension("api") };
        assert_eq!(package(&path), package(&path), "{}", unit.name);
    }
}

#[test]
fn every_generated_module_parses() {
    for unit in built() {
        let path = at(&unit.name);
        let path = if path.is_dir() { path } else { path.with_extension("api") };
        for (name, bytes) in package(&path) {
            if name.ends_with(".rs") {
                let source = String::from_utf8(bytes).expect("Rust is text");
                assert!(syn::parse_file(&source).is_ok(), "{}: {name}", unit.name);
            }
        }
    }
}

fn modules(text: &str, versions: &[&str]) -> Modules {
    let mut sources = Sources::new();
    sources.add("shop.api", text);
    let contract = analyse(&sources).into_checked().expect("the contract is right");
    let versions = versions.iter().map(|label| (*label).to_owned()).collect();
    let target = Target { name: "shop".to_owned(), versions, ..Target::default() };
    generate(&plan(&contract, &target))
}

/// What the modules of a contract say that they were made from.
fn origin(text: &str, versions: &[&str]) -> String {
    modules(text, versions).origin
}

/// The text of a module.
fn module(modules: &Modules, path: &str) -> String {
    let found = modules.modules.iter().find(|module| module.path.join("/") == path);
    found.map_or_else(String::new, |module| module.text.clone())
}

const CATALOG: &str = "api shop { public }
    backend catalog at env CATALOG_URL
    type Price { amount: decimal(9,2), currency: text(3), tax?: int(0..99) }
    version 1 {
      type Product { id: text(1..9), price: Price, parts: [Price](..9) }
      GET /a/{id: int} -> Product { found = catalog GET /a/{id}, return found }
      GET /b -> { one: Product, name: text } {
        found = catalog GET /b
        return { one: found.item, name: found.label }
      }
    }";

#[test]
fn what_several_places_read_alike_has_one_struct_and_one_writer() {
    let modules = modules(CATALOG, &["1"]);
    let golden = at("tests/data/golden/records.rs");
    let records = module(&modules, "v1/records");
    if env::var_os("UPDATE").is_some() {
        fs::write(&golden, &records).expect("the golden is written");
    }
    assert_eq!(text(&golden), records, "accept it with UPDATE=1 if it is right");
    for path in ["v1/get_a_id", "v1/get_b"] {
        let own = module(&modules, path);
        assert!(own.contains("records::write_product("), "{own}");
        assert!(!own.contains("struct Price"), "{own}");
    }
}

#[test]
fn what_stands_in_one_place_or_differs_is_not_shared() {
    let once = CATALOG.replace("one: Product", "one: { id: text(1..9) }");
    let differs = CATALOG.replace("one: Product", "one: Item").replace(
        "GET /b ->",
        "type Item { id: text(1..8), price: Price, parts: [Price](..9) }\n GET /b ->",
    );
    for contract in [once, differs] {
        let records = module(&modules(&contract, &["1"]), "v1/records");
        assert!(records.contains("struct Price"), "it stands in two places: {records}");
        assert!(!records.contains("struct Product"), "{records}");
        assert!(!records.contains("struct Item"), "{records}");
    }
}

#[test]
fn a_digest_is_that_of_the_version_alone() {
    const ALONE: &str = "api shop { public }
        version 1 {
          deprecated since 2026-09-01, sunset 2027-03-01
          GET /a/{id: int} -> { id: int } { return { id: id } }
        }";
    let more = format!("{ALONE}\nversion 2 from 1 {{ GET /b -> 204 }}");
    let first = |origin: &str| origin.split(", ").next().map(str::to_owned);
    let alone = first(&origin(ALONE, &["1"]));
    assert!(alone.as_ref().is_some_and(|one| one.starts_with("shop/1@")), "{alone:?}");
    assert_eq!(first(&origin(&more, &["1"])), alone, "a successor is no part of it");
    assert_eq!(first(&origin(&more, &["1", "2"])), alone, "nor is the program");
    let commented = ALONE.replace("GET", "// as before\n GET");
    assert_eq!(first(&origin(&commented, &["1"])), alone);
    for changed in [ALONE.replace("2027", "2028"), ALONE.replace("int", "text")] {
        assert_ne!(first(&origin(&changed, &["1"])), alone, "{changed}");
    }
}

/// How many lines are generated for so many endpoints of one shape.
fn lines(endpoints: usize) -> usize {
    let endpoint = |at: usize| {
        format!(
            "GET /items{at}/{{id: int(1..)}}/parts -> {{ parts: [Part], name: text }} {{
               found = catalog GET /items{at}/{{id}}
               return {{ parts: found.parts, name: found.label }}
             }}\n"
        )
    };
    let all: String = (0..endpoints).map(endpoint).collect();
    let text = format!(
        "api shop {{ public }}
         backend catalog at env CATALOG_URL
         version 1 {{
           type Part {{ id: int(1..), name: text(1..80), price: decimal(9,2) }}
           {all}
         }}"
    );
    modules(&text, &["1"]).modules.iter().map(|module| module.text.lines().count()).sum()
}

#[test]
fn an_endpoint_more_is_so_many_lines_more_and_no_others() {
    // A bound, and a tenth of room: what fails here makes every build of every contract longer.
    const BOUND: usize = 116;
    let [some, more, most] = [20, 40, 60].map(lines);
    assert_eq!(most - more, more - some, "it grows by what is there already");
    let each = (more - some) / 20;
    assert!(each <= BOUND, "{each} lines for an endpoint, at most {BOUND} are allowed");
    assert!(each * 10 >= BOUND * 8, "{each} lines: lower the bound");
}
