//! `gatewright diff`

use crate::program::{Folder, GOOD};

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
    folder.git(&["init", "-q"]);
    folder.git(&["add", "."]);
    folder.git(&["commit", "-q", "-m", "first"]);
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

#[test]
fn any_two_states_are_compared_whatever_they_are() {
    let folder = Folder::new("diff-pairs", &[("tiny.api", GOOD), ("v2.api", SECOND)]);
    folder.git(&["init", "-q"]);
    folder.git(&["add", "."]);
    folder.git(&["commit", "-q", "-m", "first"]);
    folder.git(&["tag", "first"]);
    folder.run(&["publish", "1", "--by", "me"]);
    folder.git(&["archive", "-o", "first.tar.gz", "HEAD"]);
    folder.write("tiny.api", &narrowed());
    folder.git(&["commit", "-q", "-a", "-m", "second"]);
    let old = ["first", "HEAD~1", "HEAD~1:.", "first.tar.gz", "api.lock", "first@1", "api.lock@1"];
    let new = [".", "HEAD", "HEAD:.", "HEAD@1", ".@1"];
    for old in old {
        for new in new {
            let said = folder.run(&["diff", old, new]);
            assert_eq!(said.code, Some(1), "{old} {new}: {}{}", said.out, said.err);
            assert!(
                said.out.contains("breaking[field/became-nullable]"),
                "{old} {new}: {}",
                said.out
            );
            // A lock was no contract of two versions.
            let back = folder.run(&["diff", new, old]);
            assert!(back.out.contains("[field/became-not-null]"), "{new} {old}: {}", back.out);
        }
    }
    for (state, told) in [("first@7", "no version 7"), ("first@x", "no path and no git revision")] {
        let said = folder.run(&["diff", state, "HEAD"]);
        assert_eq!(said.code, Some(2), "{state}: {}", said.out);
        assert!(said.err.contains(told), "{state}: {}", said.err);
    }
}

#[test]
fn schemas_come_from_where_their_contract_comes_from() {
    let text = GOOD.replace("name: text eg \"Ada\"", "name: json(schema \"schemas/name.json\")");
    let folder = Folder::new("diff-schema", &[("api/tiny.api", &text)]);
    std::fs::create_dir_all(folder.path("api/schemas")).expect("a folder");
    folder.write("api/schemas/name.json", "{ \"type\": \"string\" }");
    folder.git(&["init", "-q"]);
    folder.git(&["add", "."]);
    folder.git(&["commit", "-q", "-m", "first"]);
    folder.git(&["archive", "-o", "old.tar", "HEAD"]);
    for state in ["HEAD", "HEAD:api", "old.tar"] {
        folder.run(&["diff", state, "api"]).is(0, "nothing changed\n", "");
    }
    folder.write("api/schemas/name.json", "{ \"type\": [\"string\", \"null\"] }");
    for state in ["HEAD", "HEAD:api", "old.tar"] {
        let said = folder.run(&["diff", state, "api"]);
        assert_eq!(said.code, Some(1), "{state}: {}{}", said.out, said.err);
        assert!(said.out.contains("breaking[foreign/loosened]"), "{state}: {}", said.out);
    }
}
