//! Every contract in the manual and the README is right: silent, and formatted.

use gatewright_compiler::analyse;
use gatewright_compiler::diagnostic::render::{self, Style};
use gatewright_compiler::source::{Schema, Source, Sources, Unit, schemas};
use std::fs;
use std::path::{Path, PathBuf};

/// The README and the pages of the manual.
fn pages() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let manual = fs::read_dir(root.join("compiler/manual")).expect("the manual is a folder");
    let mut pages: Vec<PathBuf> = manual.map(|entry| entry.expect("an entry").path()).collect();
    pages.push(root.join("README.md"));
    pages.sort();
    pages
}

/// The blocks of a page that are in one language, such as those that are whole contracts.
fn blocks<'p>(page: &'p str, language: &str) -> Vec<&'p str> {
    let fence = format!("```{language}\n");
    let blocks = page.split(fence.as_str()).skip(1);
    blocks.map(|rest| rest.split("```").next().unwrap_or(rest)).collect()
}

/// A contract of a page; the schema that it names is the first block of JSON.
fn sources(path: &Path, page: &str, contract: &str) -> Sources {
    let mut sources = Sources::new();
    sources.add(path.display().to_string(), contract);
    for (named, text) in schemas(contract).into_iter().zip(blocks(page, "json")) {
        let source = Source { label: named.clone(), text: text.to_owned(), unit: Unit(0) };
        sources.schema(Unit(0), named, Schema::Text(source));
    }
    sources
}

#[test]
fn every_contract_in_the_manual_is_silent_and_formatted() {
    let mut count = 0;
    for path in pages() {
        let page = fs::read_to_string(&path).expect("a page is text");
        for contract in blocks(&page, "api") {
            let sources = sources(&path, &page, contract);
            let found = analyse(&sources).diagnostics;
            let text = render::text(&found, &sources, Style { colour: false, width: 100 });
            assert!(found.is_empty(), "{text}");
            let formatted = gatewright_grammar::format(contract).expect("it parses");
            assert_eq!(formatted, contract, "{}", path.display());
            count += 1;
        }
    }
    assert!(count >= 15, "only {count} contracts were found");
}
