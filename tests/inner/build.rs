//! Generates the code that is measured, and makes a function of what each endpoint does between two bodies.
//!
//! Generated modules keep to themselves what they read and write, so a function that calls it is
//! added to them. Its statements are those of the generated `answer`, word by word.

use std::env;
use std::fmt::Write;
use std::fs;
use std::path::Path;

use gatewright_compiler::codegen::{Modules, layout};
use gatewright_compiler::source::Sources;
use gatewright_compiler::{analyse, generate, plan};

/// How many routes there are in each contract that is only routed.
const ROUTES: [usize; 3] = [10, 100, 1000];

fn main() {
    println!("cargo::rerun-if-changed=contract");
    println!("cargo::rerun-if-changed=build.rs");
    let contract = fs::read_to_string("contract/inner.api").expect("the contract is there");
    let mut inner = modules(contract);
    for module in &mut inner.modules {
        match module.path.last().map(String::as_str) {
            Some("get_plain" | "get_checked") => module.text.push_str(&shaping(&module.text)),
            Some("post_orders") => module.text.push_str(CHECKING),
            _ => {}
        }
    }
    write("inner", &inner);
    for count in ROUTES {
        write(&format!("routes_{count}"), &routes(count));
    }
}

fn modules(contract: String) -> Modules {
    let mut sources = Sources::new();
    sources.add("inner.api", contract);
    let checked = analyse(&sources).into_checked().expect("the contract has no errors");
    generate(&plan(&checked, &gatewright_build::all_in_one(&checked, "")))
}

fn write(name: &str, modules: &Modules) {
    let out = env::var_os("OUT_DIR").expect("cargo says where");
    let text = layout::single_file(modules, name);
    fs::write(Path::new(&out).join(format!("{name}.rs")), text).expect("it can be written");
}

/// The text from `from` up to `to`, which has to be there.
fn between<'t>(text: &'t str, from: &str, to: &str) -> &'t str {
    let (_, rest) = text.split_once(from).unwrap_or_else(|| missing(from));
    rest.split_once(to).unwrap_or_else(|| missing(to)).0
}

fn missing<T>(what: &str) -> T {
    println!("cargo::error=generated code has no `{what}`: what is measured is something else");
    std::process::exit(1);
}

/// The way from the body of a result to the body of an answer.
fn shaping(module: &str) -> String {
    let read = between(module, "let result = page_body", ";");
    let read = read.replacen("result", "Ok(body)", 1);
    let written = between(module, "let mut out = ", "Ok(rt::Response::json(");
    format!(
        "\n/// The body of an answer.\npub fn shape(body: rt::Bytes) -> Result<Vec<u8>, rt::Error> {{\n\
         let page_body = rt::Body::new();\nlet page = page_body{read}?;\nlet page = &page;\n\
         let mut out = {written}\nOk(out.finish())\n}}\n"
    )
}

const CHECKING: &str = "\n/// Whether a body is what the contract says.\n\
    pub fn check(body: &[u8]) -> bool {\nlet mut violations = rt::Violations::new();\n\
    rt::read_request(body, Body::read, &mut violations).is_some()\n}\n";

/// So many routes, four to a resource. They all lead to one endpoint, which alone is compiled.
fn routes(count: usize) -> Modules {
    let mut contract = String::from("api routes { versions in path \"/v{n}\" }\n\nversion 1 {\n");
    for at in 0..count {
        let resource = at / 4;
        let path = match at % 4 {
            0 => format!("/resource{resource}"),
            1 => format!("/resource{resource}/{{id: text}}"),
            2 => format!("/resource{resource}/{{id: text}}/parts"),
            _ => format!("/resource{resource}/{{id: text}}/parts/{{part: text}}"),
        };
        let _ =
            writeln!(contract, "  GET {path} -> {{ n: int }} {{ public, return {{ n: {at} }} }}");
    }
    contract.push_str("}\n");
    let mut modules = modules(contract);
    modules.modules.retain(|module| module.path.last().is_some_and(|name| name == "routes"));
    for module in &mut modules.modules {
        let lines = module.text.lines().map(|line| match line.split_once("&super::") {
            Some((before, _)) => format!("{before}&super::super::super::ENDPOINT];\n"),
            None => format!("{line}\n"),
        });
        module.text = lines.collect();
    }
    modules
}
