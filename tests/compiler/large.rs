//! A contract of many endpoints and types is checked and generated in little time.

use gatewright_compiler::codegen::layout::{self, PackageOptions};
use gatewright_compiler::source::Sources;
use gatewright_compiler::{Target, analyse, generate, plan};
use std::fmt::Write;
use std::time::{Duration, Instant};

const ENDPOINTS: usize = 1_000;
const TYPES: usize = 300;
/// How many lines of Rust an endpoint may cost on the average, whatever the machine.
const LINES: usize = 300;

/// A contract as large ones are: records of ten fields, some of them records and lists of records,
/// calls that need each other, and fallbacks.
fn contract() -> String {
    let mut text = String::from("api large {\n  versions in path \"/v{n}\"\n  timeout 2s\n}\n\n");
    for backend in 0..20 {
        let _ = writeln!(text, "backend b{backend} at env B{backend}_URL {{ timeout 300ms }}");
    }
    text.push_str("\nerror NotFound 404 \"There is no such thing\"\n");
    text.push_str("error Taken 409 \"Somebody was faster\" { by: Sku }\n\n");
    text.push_str("type Sku = text(/[a-z]{2}_[a-z0-9]{8}/) eg \"ab_12345678\"\n");
    text.push_str("enum State { draft active closed else unknown }\n");
    text.push_str("enum Currency { EUR USD GBP ... }\n\nversion 1 {\n");
    for at in 0..TYPES {
        type_of(&mut text, at);
    }
    for at in 0..ENDPOINTS {
        endpoint(&mut text, at);
    }
    text.push_str("}\n");
    text
}

/// Every fourth type holds two others, so that a tree of types is three levels deep.
fn type_of(text: &mut String, at: usize) {
    let _ = write!(
        text,
        "  type T{at} {{ id: Sku, label: text(..200), note?: text(..2000), amount: decimal(12,2), \
         currency: Currency, state: State, count: int(0..1000), ratio: number | null, made: instant"
    );
    if at.is_multiple_of(4) && at >= 4 {
        let _ = write!(text, ", part: T{}, parts: [T{}](..20)", at - 1, at - 2);
    }
    if at.is_multiple_of(16) && at >= 16 {
        let _ = write!(text, ", more?: T{}", at - 8);
    }
    text.push_str(" }\n");
}

fn endpoint(text: &mut String, at: usize) {
    let (ty, one, two) = ((at + at / TYPES) % TYPES, at % 20, (at + 7) % 20);
    let _ = match at % 4 {
        0 => write!(
            text,
            "  GET /r{at}/{{id: Sku}} -> T{ty} | NotFound {{\n    public\n    \
             item = b{one} GET /items/{{id}} on 404 fail NotFound\n    \
             more = b{two} GET /more/{{item.key}} else {{ text: \"none\" }}\n    \
             return {{ ...item, label: more.text }}\n  }}\n"
        ),
        1 => write!(
            text,
            "  GET /r{at} -> [T{ty}] {{\n    public\n    query q: text(1..100)\n    \
             query size: int(1..100) = 20\n    \
             found = b{one} GET /search?q={{q}}&size={{size}}\n    \
             return found.hits {{ label: .name, ... }}\n  }}\n"
        ),
        2 => write!(
            text,
            "  POST /r{at} (T{ty}) -> 201 {{ id: Sku, total: decimal(12,2) }} | Taken {{\n    public\n    \
             header Idempotency-Key: uuid as key\n    \
             made = b{one} POST /items (body)\n      with header Idempotency-Key = key\n      \
             on 409 fail Taken {{ by: error.owner }}\n    \
             reply header Location = \"/v1/r{at}/{{made.id}}\"\n    return made\n  }}\n"
        ),
        _ => write!(
            text,
            "  DELETE /r{at}/{{id: Sku}}/parts/{{part: int(0..)}} -> 204 | NotFound {{\n    public\n    \
             _ = b{two} DELETE /items/{{id}}/parts/{{part}} on 404 fail NotFound\n  }}\n"
        ),
    };
}

/// Limits of an optimized build; without optimization, and beside other tests, it takes longer.
fn limit(seconds: u64) -> Duration {
    Duration::from_secs(if cfg!(debug_assertions) { seconds * 120 } else { seconds })
}

#[test]
fn a_thousand_endpoints_are_checked_in_a_second_and_generated_in_two() {
    let text = contract();
    if let Ok(path) = std::env::var("GATEWRIGHT_LARGE") {
        std::fs::write(path, &text).expect("a file that can be written");
    }
    let mut sources = Sources::new();
    sources.add("large.api", text);
    let begin = Instant::now();
    let analysis = analyse(&sources);
    let checked = begin.elapsed();
    let found: Vec<&str> = analysis.diagnostics.iter().map(|one| one.message.as_str()).collect();
    assert!(found.is_empty(), "{:#?}", &found[..found.len().min(5)]);
    let contract = analysis.checked().expect("it has no errors");
    let begin = Instant::now();
    let target = Target { name: "large".into(), versions: vec!["1".into()], ..Target::default() };
    let planned = plan(contract, &target);
    assert_eq!(planned.versions[0].endpoints.len(), ENDPOINTS);
    let options = PackageOptions {
        name: target.name.clone(),
        runtime: "runtime".into(),
        features: Vec::new(),
        lock: String::new(),
        labelled: false,
    };
    let files = layout::package(&generate(&planned), &options);
    let generated = begin.elapsed();
    println!("checked in {checked:?}, generated in {generated:?}");
    assert!(files.len() > ENDPOINTS);
    let lines: usize =
        files.values().map(|bytes| bytes.iter().filter(|byte| **byte == b'\n').count()).sum();
    assert!(lines < ENDPOINTS * LINES, "{lines} lines are generated");
    assert!(checked < limit(1), "checked in {checked:?}");
    assert!(generated < limit(2), "generated in {generated:?}");
}
