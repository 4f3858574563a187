//! A version written out means what it meant.

use crate::contracts::{annotated, built, unit};
use gatewright_compiler::changes::{Side, versions};
use gatewright_compiler::contract::{Contract, Version};
use gatewright_compiler::lock::{Signed, publish};
use gatewright_compiler::source::Sources;
use gatewright_compiler::{Checked, Target, analyse, flatten, flatten_as, generate, plan};

/// The contract, or its findings.
fn analysed(sources: &Sources) -> Result<Checked, String> {
    let analysis = analyse(sources);
    let found: Vec<String> = analysis
        .diagnostics
        .iter()
        .map(|one| format!("{}: {}", one.code.name(), one.message))
        .collect();
    analysis.into_checked().ok_or_else(|| found.join("\n"))
}

/// Every contract of the repository that has no errors, and some for the hard parts.
fn all() -> Vec<(String, Sources, Checked)> {
    let mut found = Vec::new();
    let edits = annotated().into_iter().map(|(_, path)| unit(&path));
    let edits = edits.filter(|unit| unit.files.iter().any(|(_, text)| text.contains(" from ")));
    for unit in built().into_iter().chain(edits) {
        if let Ok(contract) = analysed(&unit.sources()) {
            found.push((unit.name.clone(), unit.sources(), contract));
        }
    }
    for text in [RENAMES, SENT, UNDER] {
        let sources = alone(text);
        let contract = analysed(&sources).expect("is right");
        found.push((text.lines().nth(1).unwrap_or_default().to_owned(), sources, contract));
    }
    found
}

fn alone(text: &str) -> Sources {
    let mut sources = Sources::new();
    sources.add("all.api", text);
    sources
}

fn labelled<'c>(contract: &'c Contract, label: &str) -> &'c Version {
    let found = contract.versions.iter().find(|version| version.label == label);
    found.expect("a version of it")
}

/// The modules of one version; documentation without what layout may change.
fn modules(contract: &Checked, version: &str) -> Vec<(Vec<String>, String, String)> {
    let target =
        Target { name: "x".to_owned(), versions: vec![version.to_owned()], ..Target::default() };
    let generated = generate(&plan(contract, &target)).modules.into_iter();
    let own =
        generated.filter(|module| module.path.first().is_some_and(|first| first != "upstreams"));
    let plain = |text: &str| text.split_whitespace().collect::<String>().replace(',', "");
    let modules = own.map(|one| (one.path, plain(&one.doc), plain(&one.text)));
    modules.map(|(path, doc, text)| (path, doc, without_successor(&text))).collect()
}

/// A link to the next version is not there where that is not there.
fn without_successor(text: &str) -> String {
    let parts = text.split("successor:Some(").enumerate();
    let part = |(at, part): (usize, &str)| match (at, part.split_once("reuse:")) {
        (1.., Some((_, rest))) => format!("successor:Nonereuse:{rest}"),
        _ => part.to_owned(),
    };
    parts.map(part).collect()
}

/// The text, unless results have a type with a renamed field, or the version edits what another
/// directory declares.
fn written(name: &str, flat: Result<String, String>) -> Option<String> {
    match flat {
        Ok(flat) => Some(flat),
        Err(why) => {
            assert!(
                why.contains("renames a field") || why.contains("edits what another"),
                "{name}: {why}"
            );
            None
        }
    }
}

#[test]
fn every_version_written_out_generates_the_same_code() {
    let mut imported = 0;
    for (name, sources, contract) in all() {
        for version in contract.versions() {
            let Some(flat) = written(&name, flatten(&sources, &contract, &version)) else {
                continue;
            };
            let mut alone = alone(&flat);
            alone.schemas_of(&sources);
            let again = analysed(&alone)
                .unwrap_or_else(|found| panic!("{name}, version {version}:\n{found}\n{flat}"));
            assert_eq!(again.versions(), [version.as_str()], "{name}");
            let side = |contract| Side::of(contract, labelled(contract, &version));
            let changed = versions(side(contract.contract()), side(again.contract()));
            if sources.iter().any(|(_, one)| one.unit != Default::default()) {
                let names = [
                    "type/renamed",
                    "wire/call-changed",
                    "wire/call-added",
                    "wire/call-removed",
                    "wire/source-changed",
                ];
                let named = changed.iter().all(|one| names.contains(&one.rule.id));
                assert!(named, "{name}, version {version}: {changed:#?}\n{flat}");
                assert!(!flat.contains("import "), "{name}\n{flat}");
                imported += 1;
                continue;
            }
            assert!(changed.is_empty(), "{name}, version {version}: {changed:#?}\n{flat}");
            let (was, is) = (modules(&contract, &version), modules(&again, &version));
            for (was, is) in was.iter().zip(&is) {
                assert_eq!(was, is, "{name}, version {version}\n{flat}");
            }
            assert_eq!(was.len(), is.len(), "{name}, version {version}\n{flat}");
            let twice = flatten(&alone, &again, &version).expect("is a version of it");
            assert_eq!(twice, flat, "{name}: written out, it is what it is");
            assert_eq!(gatewright_grammar::format(&flat).as_deref(), Ok(flat.as_str()), "{name}");
        }
    }
    assert!(imported > 2, "{imported}");
}

#[test]
fn every_version_can_start_a_chain_afresh() {
    for (name, sources, contract) in all() {
        for version in contract.versions() {
            let flat = flatten_as(&sources, &contract, &version, "77");
            let Some(flat) = written(&name, flat) else { continue };
            let mut more = sources.clone();
            more.add("v77.api", flat.as_str());
            let more = analysed(&more)
                .unwrap_or_else(|found| panic!("{name}, version {version}:\n{found}\n{flat}"));
            let count = |contract: &Checked, label: &str| modules(contract, label).len();
            assert_eq!(count(&more, "77"), count(&contract, &version), "{name}\n{flat}");
        }
    }
}

#[test]
fn a_version_that_sends_earlier_names_cannot_be_written_out() {
    let sources = alone(
        r#"api shop { timeout 1s }
backend stock at "http://stock" { timeout 100ms, store = POST /items (Item) -> { done: bool } }
type Item { label: text(..9) }
version 1 { POST /items (Item) -> { done: bool } { public, done = stock.store (body) } }
version 2 from 1 { rename Item.label to title }
"#,
    );
    let contract = analysed(&sources).expect("is right");
    assert!(flatten(&sources, &contract, "1").is_ok());
    let refused = flatten(&sources, &contract, "2").expect_err("two names at one time");
    assert!(refused.contains("renames a field of `Item`"), "{refused}");
}

#[test]
fn the_names_are_those_of_the_version() {
    let sources = alone(RENAMES);
    let contract = analysed(&sources).expect("is right");
    let flat = flatten(&sources, &contract, "3").expect("is a version of it");
    assert_eq!(flat, RENAMED);
    assert_eq!(flatten(&sources, &contract, "4"), Err("the contract has no version 4".into()));
}

/// Names that change where nobody writes them: spreads, whole results, elements of elements.
const RENAMES: &str = r#"
// renames
api shop { timeout 1s }
backend one at "http://one" { timeout 300ms }
backend unused at "http://two" { timeout 300ms }
type Money { amount: decimal(12,2), currency: text }
type Other { x: text }
version 1 {
  type Maker { title: text, country?: text }
  type Product {
    id: text /// what it is called by
    title: text
    price: Money
    makers: [Maker]
    legacy?: text
  }

  /// One product.
  // kept
  GET /products/{id: text} -> Product {
    public
    item = one GET /items/{id} // asks
    // before the answer
    return { ...item, title: item.name, legacy: item.old, price: item.cost }
  }
  GET /all -> [Product](..10) { public, found = one GET /all, return found.items }
  GET /only/{id: text} -> Maker { public, maker = one GET /makers/{id} }
}
version 2 from 1 {
  rename Product.title to name
  rename Maker.title to label
  change type Money { tax?: decimal(12,2) }
  change type Product { remove legacy, rating?: number(0..5) }
  change GET /products/{id} { timeout 800ms, return { rating: item.average } }
}
version 3 from 2 { rename Product.name to caption, remove type Other }
"#;

const RENAMED: &str = r#"// renames
api shop { timeout 1s }
backend one at "http://one" { timeout 300ms }

version 3 {
  type Money { amount: decimal(12,2), currency: text, tax?: decimal(12,2) }

  type Maker { label: text, country?: text }
  type Product {
    id: text /// what it is called by
    caption: text
    price: Money
    makers: [Maker]
    rating?: number(0..5)
  }

  /// One product.
  // kept
  GET /products/{id: text} -> Product {
    public
    item = one GET /items/{id} // asks
    // before the answer
    return { ...item, makers: item.makers { label: .title, ... }, caption: item.name, price: item.cost, rating: item.average }
    timeout 800ms
  }
  GET /all -> [Product](..10) {
    public
    found = one GET /all
    return found.items { caption: .title, makers: .makers { label: .title, ... }, ... }
  }
  GET /only/{id: text} -> Maker {
    public
    maker = one GET /makers/{id}
    return maker { label: .title, ... }
  }
}
"#;

/// What callers send in names of today, and backends are sent in those they know.
const SENT: &str = r#"
// sent
api shop { timeout 1s }
backend one at "http://one" { timeout 300ms }
version 1 {
  type Line { sku: text, count: int }
  type Order { lines: [Line](..10), note?: text, first: Line }
  error Full 409 "Full" { left: int }
  POST /orders (Order) -> { note: text, echo: Line } | Full {
    public
    made = one POST /orders { ...body, extra: body.first } on 409 fail Full { left: error.remaining }
    told = one POST /notes { lines: body.lines }
    heard = one POST /other { all: body.lines { c: .count, ... } }
      with header X-Count = "{body.first.count}"
    return { note: "{body.first.count} {made.x} {told.x} {heard.x}", echo: body.first }
  }
}
version 2 from 1 { rename Line.count to quantity, rename Order.first to head }
"#;

/// Clauses and paths of blocks, and members that an edit takes away.
const UNDER: &str = r#"
// under
api shop { timeout 1s, max_body 1MB }
backend one at "http://one" { timeout 300ms }
version 1 {
  timeout 700ms
  under /a {
    public
    timeout 600ms
    under /{b: text} {
      /// Under two.
      GET / -> { b: text } {
        timeout 500ms
        query q?: int
        x = one GET /x?q={q}&b={b}
        return { b: x.b }
      }
      DELETE / -> 204 {
        timeout 450ms
        _ = one DELETE /x/{b}
      }
    }
    GET /c/{d: int} -> { d: int }
      { return { d: d } }
  }
}
version 2 from 1 {
  timeout 650ms
  change GET /a/{b} {
    remove query q
    x = one GET /y/{b}
  }
}
"#;

#[test]
fn a_rename_reaches_defaults_and_examples_that_were_written_before_it() {
    let text = "api shop { timeout 1s }\nbackend one at \"http://one\" { timeout 300ms }\n\
        version 1 {\n  type Size { width: int = 3 eg 4, height?: int }\n\
          type Deep { ...Size, more?: Deep }\n  union Any by kind { size: Size }\n\
          type Sizes = [Size](..3) eg [{ width: 1 }]\n\
          type Box {\n    size: Size = { width: 5 } eg { width: 9, height: 2 }\n\
            deep: Deep = { width: 1, more: { width: 2 } }\n    any?: Any eg { kind: \"size\", width: 3 }\n\
            all: [text(..3): Size](..2) eg { a: { width: 3 } }\n  }\n\
          POST /boxes (Box) -> { all: Sizes, last: { at: Size eg { width: 6 } } } {\n    public\n\
            x = one POST /boxes (body)\n    return x\n  }\n}\n\
        version 2 from 1 {\n  change type Box { size: Size = { width: 7 } }\n  rename Size.width to breadth\n}\n\
        version 3 from 2 {\n  rename Size.breadth to across\n  change type Box { size: Size = { across: 8 } }\n}\n";
    let sources = alone(text);
    let contract = analysed(&sources).expect("names follow");
    for (label, name, size) in [("1", "width", 5), ("2", "breadth", 7), ("3", "across", 8)] {
        let flat = flatten(&sources, &contract, label).expect("a version");
        for wanted in [
            format!("size: Size = {{ {name}: {size} }}"),
            format!("deep: Deep = {{ {name}: 1, more: {{ {name}: 2 }} }}"),
            format!("any?: Any eg {{ kind: \"size\", {name}: 3 }}"),
            format!("eg {{ a: {{ {name}: 3 }} }}"),
            format!("eg [{{ {name}: 1 }}]"),
            format!("at: Size eg {{ {name}: 6 }}"),
        ] {
            assert!(flat.contains(&wanted), "{wanted}\n{flat}");
        }
        assert_eq!(analysed(&alone(&flat)).err(), None, "{flat}");
        let signed = Signed { by: "me".to_owned(), date: "2026-03-01".to_owned() };
        let lock =
            publish(&sources, &contract, None, (label, &signed)).expect("it can be published");
        assert!(
            lock.text
                .contains(&format!("    deep: Deep = {{ {name}: 1, more: {{ {name}: 2 }} }}\n")),
            "{}",
            lock.text
        );
        let mut locked = sources.clone();
        locked.lock("api.lock", lock.text.as_str());
        assert_eq!(analysed(&locked).err(), None);
    }
}
