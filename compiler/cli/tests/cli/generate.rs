//! `gatewright generate`

use crate::program::{Folder, GOOD};

fn two_versions() -> String {
    format!("{GOOD}\nversion 2 from 1 {{\n  rename Person.name to full_name\n}}\n")
}

#[test]
fn packages_lie_beside_the_runtime_and_stay_until_the_contract_changes() {
    let folder = Folder::new("generate", &[("tiny.api", &two_versions())]);
    let said = folder.run(&["generate"]);
    assert_eq!((said.code, said.out.as_str()), (Some(0), ""), "{}", said.err);
    let manifest = folder.read("gateway/tiny-v2/Cargo.toml");
    assert!(manifest.contains("path = \"../gatewright-runtime\""), "{manifest}");
    for file in ["tiny-v1/src/v1.rs", "tiny-v1/Cargo.lock", "gatewright-runtime/src/lib.rs"] {
        assert!(folder.path("gateway").join(file).is_file(), "{file}");
    }
    folder.run(&["generate", "--check"]).is(0, "", "");
    folder.run(&["generate"]).is(0, "", "generated  gateway: 0 files written, 0 removed\n");

    folder.write("tiny.api", GOOD);
    let stale = folder.run(&["generate", "--check"]);
    assert_eq!(stale.code, Some(1));
    assert!(stale.out.contains("gateway/tiny-v2/src/main.rs\n"), "{}", stale.out);
    assert_eq!(folder.run(&["generate"]).code, Some(0));
    assert!(!folder.path("gateway/tiny-v2").exists());
    assert!(folder.path("gateway/tiny-v1/src/main.rs").is_file());
}

#[test]
fn the_runtime_may_be_elsewhere() {
    let folder = Folder::new("generate-runtime", &[("api/tiny.api", GOOD), ("rt/Cargo.toml", "")]);
    let args = ["generate", "api", "--out", "out/here", "--runtime", "rt", "--all-in-one"];
    assert_eq!(folder.run(&args).code, Some(0));
    let manifest = folder.read("out/here/tiny/Cargo.toml");
    assert!(manifest.contains("path = \"../../../rt\""), "{manifest}");
    assert!(!folder.path("out/here/gatewright-runtime").exists());
}

#[test]
fn a_file_that_was_not_generated_is_in_the_way() {
    let folder = Folder::new(
        "generate-mine",
        &[("tiny.api", GOOD), ("gateway/tiny-v1/src/main.rs", "mine")],
    );
    folder.run(&["generate"]).is(
        2,
        "",
        "error: gateway/tiny-v1/src/main.rs is in the way: it was not generated\n  \
         = help: choose another directory, or move the file away\n",
    );
    assert_eq!(folder.read("gateway/tiny-v1/src/main.rs"), "mine");
}

#[test]
fn drafts_are_made_only_on_request() {
    let text =
        format!("{GOOD}\nversion 2 from 1 draft {{\n  rename Person.name to full_name\n}}\n");
    let folder = Folder::new("generate-draft", &[("tiny.api", &text)]);
    assert_eq!(folder.run(&["generate"]).code, Some(0));
    assert!(folder.path("gateway/tiny-v1").is_dir() && !folder.path("gateway/tiny-v2").exists());
    let lib = folder.read("gateway/tiny-v1/src/lib.rs");
    assert!(lib.contains("elsewhere: &[],"), "nobody is told of a draft: {lib}");
    assert_eq!(folder.run(&["generate", "--draft"]).code, Some(0));
    let lib = folder.read("gateway/tiny-v2/src/lib.rs");
    assert!(lib.contains("draft: true"), "{lib}");
    let refused = "error: version 2 is a draft\n  \
                   = help: drafts are served with `--draft`, by nobody else\n";
    folder.run(&["generate", "--version", "2"]).is(2, "", refused);
    assert_eq!(folder.run(&["generate", "--version", "2", "--draft"]).code, Some(0));
    let only = Folder::new(
        "generate-drafts",
        &[("tiny.api", &GOOD.replace("version 1 {", "version 1 draft {"))],
    );
    let said = only.run(&["generate"]);
    assert_eq!(said.code, Some(2));
    assert!(
        said.err.starts_with("error: every version of the contract is a draft\n"),
        "{}",
        said.err
    );
}

#[test]
fn versions_that_share_their_paths_are_one_program() {
    let text = two_versions().replace("path \"/v{n}\"", "header Api-Version default 1");
    let folder = Folder::new("generate-shared", &[("tiny.api", &text)]);
    assert_eq!(folder.run(&["generate"]).code, Some(0));
    assert!(folder.path("gateway/tiny/src/v2.rs").is_file(), "both in one");
    assert!(!folder.path("gateway/tiny-v1").exists());
    assert_eq!(folder.run(&["generate", "--version", "2"]).code, Some(0));
    assert!(folder.path("gateway/tiny-v2").is_dir());
}
