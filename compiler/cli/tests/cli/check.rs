//! `gatewright check`

use crate::program::{Folder, GOOD};
use crate::{bad, suspicious};
use std::fs;

#[test]
fn a_contract_without_findings_is_silent() {
    Folder::new("check-good", &[("tiny.api", GOOD)]).run(&["check"]).is(0, "", "");
}

#[test]
fn errors_are_shown_at_their_place() {
    let folder = Folder::new("check-bad", &[("tiny.api", &bad())]);
    let said = folder.run(&["check", "tiny.api"]);
    assert_eq!(said.code, Some(1));
    assert_eq!(said.err, "1 error\n");
    assert!(said.out.starts_with("error[unknown-backend]: there is no backend called `peple`\n"));
    assert!(said.out.contains("╭▸ tiny.api:14:14\n"), "{}", said.out);
    assert!(said.out.contains("\n14 │     person = peple GET /people/{id}\n"), "{}", said.out);
    assert!(said.out.ends_with("help: write `people`  [fix]\n"), "{}", said.out);
}

#[test]
fn warnings_fail_only_when_denied() {
    let folder = Folder::new("check-warn", &[("api/tiny.api", &suspicious())]);
    let said = folder.run(&["check", "api"]);
    assert_eq!((said.code, said.err.as_str()), (Some(0), "1 warning\n"));
    assert!(said.out.starts_with("warning[unused-backend]: "), "{}", said.out);
    assert!(said.out.contains("api/tiny.api:8:9"), "{}", said.out);
    assert_eq!(folder.run(&["check", "api", "--deny", "warnings"]).code, Some(1));
    assert_eq!(folder.run(&["check", "api", "--quiet"]).err, "");
}

#[test]
fn machines_get_one_line_per_finding() {
    let folder = Folder::new("check-formats", &[("tiny.api", &bad())]);
    let json = folder.run(&["check", "--format", "json"]);
    assert_eq!((json.code, json.err.as_str()), (Some(1), ""));
    let finding: serde_json::Value = serde_json::from_str(&json.out).expect("one object");
    assert_eq!(finding["code"], "unknown-backend");
    assert_eq!(finding["labels"][0]["line"], 14);
    assert_eq!(finding["helps"][0]["edits"][0]["replacement"], "people");
    let github = folder.run(&["check", "--format", "github"]);
    assert!(
        github.out.starts_with("::error file=tiny.api,line=14,endLine=14,col=14,endColumn=19,"),
        "{}",
        github.out
    );
}

#[test]
fn imported_directories_are_checked_with_the_contract() {
    let shop = "import \"../common\"\n\napi shop {}\n\nversion 1 {\n  \
        GET /a -> { code: common.Code } { public, return { code: \"a\" } }\n}\n";
    let code = ("common/code.api", "type Code = text(..5)\n");
    let folder = Folder::new("check-import", &[("shop/shop.api", shop), code]);
    folder.run(&["check", "shop"]).is(0, "", "");
    folder.run(&["fmt", "shop", "--check"]).is(0, "", "");
    let bad = ("common/code.api", "type Code = tex(..5)\n");
    let folder = Folder::new("check-import-bad", &[("shop/shop.api", shop), bad]);
    let said = folder.run(&["check", "shop"]);
    assert_eq!(said.code, Some(1));
    assert!(said.out.contains("╭▸ common/code.api:1:13\n"), "{}", said.out);
    assert!(said.out.contains("help: write `text`"), "{}", said.out);
    let folder = Folder::new("check-import-gone", &[("shop/shop.api", shop)]);
    let said = folder.run(&["check", "shop/shop.api"]);
    assert!(said.out.starts_with("error[invalid-import]: there is no directory `../common`\n"));
    assert_eq!((said.code, said.err.as_str()), (Some(1), "1 error\n"), "{}", said.out);
}

#[test]
fn colours_are_a_matter_of_choice() {
    let folder = Folder::new("check-colour", &[("tiny.api", &bad())]);
    assert!(!folder.run(&["check"]).out.contains('\u{1b}'));
    assert!(folder.run(&["check", "--color", "always"]).out.contains('\u{1b}'));
    let plain = folder.program(&["check", "--color", "never"]).output().expect("it runs");
    assert!(!plain.stdout.contains(&0x1b));
}

#[test]
fn what_is_no_contract_is_wrong_use() {
    let folder = Folder::new("check-none", &[("notes.txt", "")]);
    folder.run(&["check"]).is(
        2,
        "",
        "error: there is no `.api` file in this directory\n  \
         = help: give the path of a contract, or begin one with `gatewright new NAME`\n",
    );
    folder.run(&["check", "gone.api"]).is(2, "", "error: there is no file or directory gone.api\n");
}

#[test]
fn a_file_that_is_not_text_is_the_worlds_fault() {
    let folder = Folder::new("check-bytes", &[]);
    std::fs::write(folder.path("tiny.api"), b"api tiny {}\n\xFF").expect("a file");
    folder.run(&["check"]).is(
        3,
        "",
        "error: ./tiny.api is not UTF-8: byte 0xFF in line 2\n  = help: save the file as UTF-8\n",
    );
}

#[test]
fn fixes_are_made_and_told() {
    let folder = Folder::new("check-fix", &[("tiny.api", &bad())]);
    folder.run(&["check", "--fix"]).is(
        0,
        "",
        "fixed  tiny.api:14:14 unknown-backend: write `people`\n",
    );
    assert_eq!(fs::read_to_string(folder.path("tiny.api")).expect("a file"), GOOD);
    folder.run(&["check", "--fix"]).is(0, "", "");
}

#[test]
fn what_cannot_be_fixed_is_reported_afterwards() {
    let text = bad().replace(" -> Person ", " -> Nothing ");
    let folder = Folder::new("check-fix-some", &[("api/tiny.api", &text)]);
    let said = folder.run(&["check", "api", "--fix"]);
    assert_eq!(said.code, Some(1));
    assert!(said.err.starts_with("fixed  api/tiny.api:14:14 unknown-backend: "), "{}", said.err);
    assert!(said.err.ends_with("\n1 error\n"), "{}", said.err);
    assert!(said.out.starts_with("error[unknown-type]: there is no type called `Nothing`"));
}

#[test]
fn a_dry_run_is_a_patch_and_changes_nothing() {
    let folder = Folder::new("check-dry", &[("tiny.api", &bad())]);
    let said = folder.run(&["check", "--fix", "--dry-run"]);
    assert_eq!(said.code, Some(1));
    assert_eq!(said.err, "would fix  tiny.api:14:14 unknown-backend: write `people`\n");
    assert!(
        said.out.starts_with("--- a/tiny.api\n+++ b/tiny.api\n@@ -11,7 +11,7 @@\n"),
        "{}",
        said.out
    );
    assert!(said.out.contains("\n-    person = peple GET /people/{id}\n+    person = people GET"));
    assert_eq!(fs::read_to_string(folder.path("tiny.api")).expect("a file"), bad());
    folder.write("tiny.api", GOOD);
    folder.run(&["check", "--fix", "--dry-run"]).is(0, "", "");
    assert_eq!(folder.run(&["check", "--dry-run"]).code, Some(2), "it belongs to --fix");
}

#[test]
fn only_a_file_that_was_in_the_one_form_is_put_into_it_again() {
    let two = format!("{GOOD}\nbackend promos at env PROMOS_URL {{ timeout 1s }}\n");
    let odd = two.replace("  versions in", "     versions in");
    let folder = Folder::new("check-fix-form", &[("tiny.api", &two)]);
    assert_eq!(folder.run(&["check", "--fix"]).code, Some(0));
    assert_eq!(fs::read_to_string(folder.path("tiny.api")).expect("a file"), GOOD);
    folder.write("tiny.api", &odd);
    assert_eq!(folder.run(&["check", "--fix"]).code, Some(0));
    let left = fs::read_to_string(folder.path("tiny.api")).expect("a file");
    assert!(left.contains("     versions in") && !left.contains("promos"), "{left}");
}

#[test]
fn sarif_is_one_log() {
    let folder = Folder::new("check-sarif", &[("api/tiny.api", &bad())]);
    let said = folder.run(&["check", "api", "--format", "sarif"]);
    assert_eq!((said.code, said.err.as_str()), (Some(1), ""));
    let log: serde_json::Value = serde_json::from_str(&said.out).expect("one object");
    let result = &log["runs"][0]["results"][0];
    assert_eq!(result["ruleId"], "unknown-backend");
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "api/tiny.api");
    assert_eq!(place["region"]["startLine"], 14);
    folder.write("api/tiny.api", GOOD);
    let said = folder.run(&["check", "api", "--format", "sarif"]);
    assert_eq!(said.code, Some(0));
    let log: serde_json::Value = serde_json::from_str(&said.out).expect("one object");
    assert_eq!(log["runs"][0]["results"], serde_json::json!([]));
}

#[test]
fn codes_are_denied_and_allowed_by_name() {
    let folder = Folder::new("check-codes", &[("tiny.api", &suspicious())]);
    let code = |args: &[&str]| folder.run(&[&["check"], args].concat()).code;
    assert_eq!(code(&["--deny", "no-timeout"]), Some(0));
    assert_eq!(code(&["--deny", "no-timeout,unused-backend"]), Some(1));
    folder.run(&["check", "--deny", "warnings", "--allow", "unused-backend"]).is(0, "", "");
    folder.run(&["check", "--deny", "unused-backnd"]).is(
        2,
        "",
        "error: there is no code `unused-backnd`\n  = help: did you mean `unused-backend`?\n",
    );
    folder.write("tiny.api", &bad());
    assert_eq!(code(&["--allow", "unknown-backend"]), Some(1), "errors cannot be allowed");
}
