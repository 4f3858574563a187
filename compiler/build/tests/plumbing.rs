//! Real cargo in handwritten packages that need no network: what `build` rests on.

#[path = "../src/testing.rs"]
mod testing;

use gatewright_build::cargo::{self, Job};
use gatewright_build::{Cache, Error, Fault, How, Mode, Progress, RuntimeSource};
use gatewright_compiler::codegen::layout::Files;
use std::path::{Path, PathBuf};
use std::process::Command;
use testing::Folder;

const RUNTIME: &RuntimeSource = &[
    (
        "Cargo.toml",
        "[package]\nname = \"gatewright-runtime\"\nversion = \"0.1.0\"\nedition = \"2024\"\n",
    ),
    ("src/lib.rs", "pub struct Served;\npub fn serve(text: &str) { println!(\"{text}\"); }\n"),
];

const LOCK: &str = "version = 4\n\n[[package]]\nname = \"gateway\"\nversion = \"0.0.0\"\n\
    dependencies = [\n \"gatewright-runtime\",\n]\n\n\
    [[package]]\nname = \"gatewright-runtime\"\nversion = \"0.1.0\"\n";

const MANIFEST: &str = r#"
[package]
name = "gateway"
version = "0.0.0"
edition = "2024"
[workspace]
exclude = ["runtime"]
[lib]
name = "gateway_shop_v1"
[[bin]]
name = "shop-v1"
path = "src/main.rs"
[dependencies]
gatewright-runtime = { path = "runtime" }
[profile.release]
incremental = false
strip = "symbols"
"#;

/// A package that prints `text`, and where its source lies as the compiler sees it.
fn package(text: &str) -> Files {
    let lib = format!("pub static TEXT: &str = {text:?};\n");
    let main = "fn main() {\n    let served: Box<dyn std::any::Any> = Box::new(gatewright_runtime::Served);\n    \
        println!(\"{} {:?}\", file!(), served.type_id());\n    \
        gatewright_runtime::serve(gateway_shop_v1::TEXT);\n}\n";
    [("Cargo.toml", MANIFEST), ("Cargo.lock", LOCK), ("src/lib.rs", &lib), ("src/main.rs", main)]
        .map(|(name, text)| (name.to_owned(), text.as_bytes().to_vec()))
        .into()
}

struct Built {
    path: PathBuf,
    compiled: Vec<String>,
}

fn build(cache: &Cache, contract: &Path, files: &Files, mode: Mode) -> Result<Built, Error> {
    let runtime = cache.runtime(RUNTIME)?;
    let package = cache.package(contract, "shop-v1", files, &runtime)?;
    let job = Job {
        package: &package,
        program: "shop-v1",
        target: &cache.target(),
        root: cache.root(),
        log: &cache.log("shop-v1"),
        how: How::usual(mode),
    };
    let mut compiled = Vec::new();
    let path = cargo::build(&job, &mut |progress| {
        if let Progress::Compiling { name, .. } = progress {
            compiled.push(name);
        }
    })?;
    Ok(Built { path, compiled })
}

fn says(program: &Path) -> String {
    let output = Command::new(program).output().expect("the program runs");
    String::from_utf8(output.stdout).expect("the program writes text")
}

#[test]
fn a_program_is_built_once_and_shares_what_it_rests_on() {
    let folder = Folder::new(&[("a/shop.api", ""), ("b/shop.api", "")]);
    let cache = Cache::at(&folder.path("cache")).unwrap();
    let (a, b) = (folder.path("a/shop.api"), folder.path("b/shop.api"));
    let all = |built: &Built| built.compiled.join(" ");

    let first = build(&cache, &a, &package("from a"), Mode::Release).unwrap();
    assert!(says(&first.path).ends_with("\nfrom a\n"));
    assert!(all(&first).contains("gatewright-runtime"), "{:?}", first.compiled);
    let again = build(&cache, &a, &package("from a"), Mode::Release).unwrap();
    assert_eq!(again.compiled, [] as [String; 0]);

    // Another contract with a program of the same name gets its own program.
    let other = build(&cache, &b, &package("from b"), Mode::Release).unwrap();
    assert!(says(&other.path).ends_with("\nfrom b\n"));
    assert!(!all(&other).contains("gatewright-runtime"), "{:?}", other.compiled);
    let back = build(&cache, &a, &package("from a"), Mode::Release).unwrap();
    assert!(says(&back.path).ends_with("\nfrom a\n"));

    let quick = build(&cache, &a, &package("edited"), Mode::Dev).unwrap();
    assert!(says(&quick.path).ends_with("\nedited\n"));
    assert!(!all(&quick).contains("gatewright-runtime"), "{:?}", quick.compiled);
}

#[test]
fn a_program_does_not_show_where_it_was_built() {
    let folder = Folder::new(&[("a/shop.api", ""), ("b/c/shop.api", "")]);
    let bytes = |cache: &str, contract: &str| {
        let cache = Cache::at(&folder.path(cache)).unwrap();
        let built = build(&cache, &folder.path(contract), &package("same"), Mode::Release).unwrap();
        std::fs::read(built.path).unwrap()
    };
    let here = bytes("here", "a/shop.api");
    assert_eq!(here, bytes("some/where/else", "b/c/shop.api"));
    let own = folder.path("").into_os_string().into_encoded_bytes();
    assert!(!here.windows(own.len()).any(|window| window == own));
}

#[test]
fn generated_code_that_does_not_compile_is_our_bug_and_the_log_has_the_reason() {
    let folder = Folder::new(&[("shop.api", "")]);
    let cache = Cache::at(&folder.path("cache")).unwrap();
    let mut files = package("x");
    files.insert("src/lib.rs".into(), b"pub static TEXT: &str = missing;\n".to_vec());
    let error =
        build(&cache, &folder.path("shop.api"), &files, Mode::Release).err().expect("it fails");
    assert_eq!(error.fault(), Fault::Bug);
    let told = error.to_string();
    assert!(told.contains("this is a bug in gatewright"), "{told}");
    assert!(!told.contains("E0425"), "{told}");
    assert!(folder.text("cache/logs/shop-v1.log").contains("E0425"));
}
