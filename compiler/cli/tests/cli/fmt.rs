//! `gatewright fmt`

use crate::program::{Folder, GOOD, Said};
use std::io::Write;
use std::process::Stdio;

fn untidy() -> String {
    GOOD.replace("  timeout 2s", "\ttimeout   2s").replace("\n\nversion", "\n\n\n\nversion")
}

#[test]
fn files_are_rewritten_once() {
    let untidy = untidy();
    let folder = Folder::new("fmt", &[("a/tiny.api", &untidy), ("b/c/fine.api", GOOD)]);
    folder.run(&["fmt", "--check"]).is(1, "./a/tiny.api\n", "");
    assert_eq!(folder.read("a/tiny.api"), untidy);
    folder.run(&["fmt"]).is(0, "", "formatted  ./a/tiny.api\n");
    assert_eq!(folder.read("a/tiny.api"), GOOD);
    folder.run(&["fmt"]).is(0, "", "");
    folder.run(&["fmt", "--check", "a/tiny.api"]).is(0, "", "");
}

#[test]
fn what_cannot_be_read_is_left_alone() {
    let broken = GOOD.replace("-> Person", "Person");
    let folder = Folder::new("fmt-broken", &[("tiny.api", &broken)]);
    let said = folder.run(&["fmt"]);
    assert_eq!((said.code, said.out.as_str()), (Some(1), ""));
    assert!(said.err.starts_with("error["), "{}", said.err);
    assert_eq!(folder.read("tiny.api"), broken);
}

#[test]
fn a_name_that_another_file_declares_does_not_matter() {
    let alone = "version 1 {\n  GET /a -> Elsewhere { public, x = nowhere GET /a, return x }\n}\n";
    let folder = Folder::new("fmt-alone", &[("v1.api", alone)]);
    assert_eq!(folder.run(&["fmt"]).code, Some(0));
}

#[test]
fn editors_use_standard_input() {
    let folder = Folder::new("fmt-stdin", &[]);
    let mut child = folder
        .program(&["fmt", "--stdin"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program runs");
    let mut stdin = child.stdin.take().expect("an input");
    stdin.write_all(untidy().as_bytes()).expect("it reads");
    drop(stdin);
    Said::new(&child.wait_with_output().expect("it ends")).is(0, GOOD, "");
}
