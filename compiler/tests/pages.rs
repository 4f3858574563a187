//! The pages about codes: one for every code, with examples that raise it and do not.

use gatewright_compiler::diagnostic::Code;
use gatewright_compiler::source::{Schema, Source, Sources, Unit, schemas};
use gatewright_compiler::{analyse, explain};

const PAGES: &str = include_str!("../diagnostics.md");

/// Codes whose examples are not analysed: one would be too long to read, one is found by running,
/// those about imports take more than one directory. Those about what is published take a lock.
const UNSHOWN: &[Code] = &[
    Code::NestedTooDeep,
    Code::CaseFailed,
    Code::InvalidImport,
    Code::ImportCycle,
    Code::UnusedImport,
];

/// What the examples leave out, as the head of the pages says.
const API: &str = "api shop { timeout 800ms }\n";
const BACKEND: &str = "backend catalog at env CATALOG_URL { timeout 300ms }\n";

fn page(code: Code) -> &'static str {
    explain(code.name()).expect("every code has a page")
}

/// The examples of a page, completed, each with the schema that follows it.
fn examples(page: &str) -> Vec<(String, Option<String>)> {
    let example = |rest: &str| {
        let (example, behind) = rest.split_once("```").unwrap_or((rest, ""));
        let schema = behind.trim_start().strip_prefix("```json\n");
        let schema = schema.and_then(|rest| rest.split("```").next()).map(str::to_owned);
        (completed(example), schema)
    };
    page.split("```api\n").skip(1).map(example).collect()
}

fn completed(example: &str) -> String {
    let api = if example.contains("api shop") || example.contains("// no api") { "" } else { API };
    let calls = example.contains("= catalog ") && !example.contains("backend catalog");
    format!("{example}{api}{}", if calls { BACKEND } else { "" })
}

fn codes((text, schema): &(String, Option<String>)) -> Vec<Code> {
    let mut sources = Sources::new();
    sources.add("shop.api", text.as_str());
    for path in schemas(text) {
        let source =
            Source { label: path.clone(), text: schema.clone().unwrap_or_default(), unit: Unit(0) };
        sources.schema(Unit(0), path, Schema::Text(source));
    }
    analyse(&sources).diagnostics.iter().map(|one| one.code).collect()
}

#[test]
fn every_code_has_one_page_and_every_page_a_code() {
    let headings: Vec<_> = PAGES.lines().filter_map(|line| line.strip_prefix("## ")).collect();
    let names: Vec<_> = Code::ALL.iter().map(|code| code.name()).collect();
    assert_eq!(headings, names, "one heading per code, in the order of the registry");
}

#[test]
fn every_page_says_what_to_do() {
    for code in Code::ALL {
        assert!(page(*code).contains("\nWhat to do: "), "{}", code.name());
    }
}

#[test]
fn the_first_example_raises_the_code_alone_and_the_second_nothing() {
    let mut faults = Vec::new();
    for code in Code::ALL.iter().filter(|code| !UNSHOWN.contains(code) && !code.is_about_lock()) {
        let examples = examples(page(*code));
        let [wrong, right] = examples.as_slice() else {
            panic!("{} has {} examples", code.name(), examples.len());
        };
        for (example, expected) in [(wrong, vec![*code]), (right, Vec::new())] {
            let found = codes(example);
            if found != expected {
                faults.push(format!("{}: {found:?}\n{}", code.name(), example.0));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn right_examples_are_formatted() {
    for code in Code::ALL {
        if let Some(right) = page(*code).split("```api\n").nth(2) {
            let right = right.split("```").next().unwrap_or(right);
            assert_eq!(gatewright_grammar::format(right).as_deref(), Ok(right), "{}", code.name());
        }
    }
}
