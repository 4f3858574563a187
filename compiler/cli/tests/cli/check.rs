//! `gatewright check`

use crate::program::{Folder, GOOD};
use crate::{bad, suspicious};

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
