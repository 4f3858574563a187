//! `gatewright diff`

use crate::program::{Folder, GOOD};
use std::process::Command;

const SECOND: &str = "version 2 from 1 { rename Person.name to full_name }\n";

fn narrowed() -> String {
    GOOD.replace("{ name: text eg \"Ada\" }", "{ name: text | null eg \"Ada\" }")
}

#[test]
fn versions_of_one_contract_are_compared() {
    let folder = Folder::new("diff-versions", &[("tiny.api", GOOD), ("v2.api", SECOND)]);
    let said = folder.run(&["diff", "--versions", "1..2"]);
    assert_eq!((said.code, said.err.as_str()), (Some(1), ""), "{}", said.out);
    assert!(said.out.starts_with("GET /people/{id}\n  breaking[field/renamed]: "), "{}", said.out);
    assert!(said.out.contains("    = was: name  ("), "{}", said.out);
    assert!(said.out.contains("    = is: full_name  ("), "{}", said.out);
    assert!(said.out.ends_with("\n1 breaking\n"), "{}", said.out);
    assert_eq!(folder.run(&["diff", ".@1", ".@2"]).out, said.out);
    assert_eq!(folder.run(&["diff", ".@1", ".@1"]).out, "nothing changed\n");
}

#[test]
fn two_files_are_compared_in_every_format() {
    let folder = Folder::new("diff-files", &[("old.api", GOOD), ("new.api", &narrowed())]);
    let run = |format: &str| folder.run(&["diff", "old.api", "new.api", "--format", format]);
    let lines = run("json").out;
    let first = lines.lines().next().expect("the worst change");
    let json: serde_json::Value = serde_json::from_str(first).expect("one object");
    assert_eq!(json["rule"], "field/became-nullable");
    assert_eq!((&json["verdict"], &json["place"]), (&"breaking".into(), &"200.name".into()));
    assert_eq!(json["new"]["file"], "new.api");
    assert!(run("markdown").out.contains("| breaking | field/became-nullable |"));
    let github = run("github").out;
    assert!(github.starts_with("::error file=new.api,line="), "{github}");
    let sarif: serde_json::Value = serde_json::from_str(&run("sarif").out).expect("one log");
    assert_eq!(sarif["runs"][0]["results"][0]["ruleId"], "field/became-nullable");
    let back = folder.run(&["diff", "new.api", "old.api"]).out;
    assert!(back.contains("additive[field/became-not-null]"), "{back}");
    assert!(back.contains("= for: those who run `people`"), "{back}");
}

#[test]
fn a_git_revision_is_the_old_contract() {
    let folder = Folder::new("diff-git", &[("api/tiny.api", GOOD)]);
    let git = |args: &[&str]| {
        let identity = ["-c", "user.name=a", "-c", "user.email=a@b.example"];
        let mut command = Command::new("git");
        let done = command.args(identity).args(args).current_dir(folder.path("")).output();
        assert!(done.expect("git runs").status.success(), "{args:?}");
    };
    git(&["init", "-q"]);
    git(&["add", "."]);
    git(&["commit", "-q", "-m", "first"]);
    folder.write("api/tiny.api", &narrowed());
    for args in [&["diff", "HEAD", "api"][..], &["diff", "HEAD:api", "api"]] {
        let said = folder.run(args);
        assert_eq!(said.code, Some(1), "{args:?}: {said:?}");
        assert!(said.out.contains("breaking[field/became-nullable]"), "{args:?}: {}", said.out);
        assert!(said.out.contains("HEAD:api/tiny.api:10:"), "{args:?}: {}", said.out);
    }
    let said = folder.run(&["diff", "no-such-thing", "api"]);
    assert_eq!(said.code, Some(2));
    assert!(said.err.contains("no path and no git revision"), "{}", said.err);
}

#[test]
fn risky_changes_fail_where_they_are_denied() {
    let slower = GOOD.replace("timeout 2s", "timeout 1s");
    let folder = Folder::new("diff-deny", &[("old.api", GOOD), ("new.api", &slower)]);
    assert_eq!(folder.run(&["diff", "old.api", "new.api"]).code, Some(0));
    assert_eq!(folder.run(&["diff", "old.api", "new.api", "--deny", "risky"]).code, Some(1));
}
