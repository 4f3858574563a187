//! `gatewright flatten` and `gatewright version new`

use crate::program::{Folder, GOOD};

const SECOND: &str = "version 2 from 1 { rename Person.name to full_name }\n";

fn folder(name: &str) -> Folder {
    Folder::new(name, &[("tiny.api", GOOD), ("v2.api", SECOND)])
}

#[test]
fn a_version_is_written_out_in_its_own_names() {
    let said = folder("flatten").run(&["flatten", "2"]);
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""), "{}", said.out);
    assert!(said.out.contains("type Person { full_name: text eg \"Ada\" }"), "{}", said.out);
    assert!(said.out.contains("return { full_name: person.first_name }"), "{}", said.out);
    let alone = Folder::new("flatten-alone", &[("only.api", &said.out)]);
    alone.run(&["check"]).is(0, "", "");
    alone.run(&["fmt", "--check"]).is(0, "", "");
    alone.run(&["flatten", "2"]).is(0, &said.out, "");
}

#[test]
fn a_version_that_is_not_there_is_wrong_use() {
    folder("flatten-none").run(&["flatten", "3"]).is(
        2,
        "",
        "error: the contract has no version 3\n  = help: its versions are: 1, 2\n",
    );
}

#[test]
fn a_new_version_starts_from_the_latest() {
    let folder = folder("version-new");
    folder.run(&["version", "new", "3"]).is(0, "", "wrote ./v3.api\n");
    assert_eq!(folder.read("v3.api"), "version 3 from 2 {}\n");
    folder.run(&["check"]).is(0, "", "");
    let said = folder.run(&["version", "new", "3"]);
    said.is(2, "", "error: the contract has a version 3 already\n");
    folder.write("v4.api", "// mine\n");
    folder.run(&["version", "new", "4"]).is(2, "", "error: ./v4.api exists already\n");
    assert_eq!(folder.read("v4.api"), "// mine\n");
}

#[test]
fn a_new_version_can_be_written_out() {
    let folder = folder("version-flat");
    folder.run(&["version", "new", "3", ".", "--from", "2", "--flat"]).is(
        0,
        "",
        "wrote ./v3.api\n",
    );
    assert!(folder.read("v3.api").starts_with("version 3 {\n"), "{}", folder.read("v3.api"));
    folder.run(&["check"]).is(0, "", "");
    assert_eq!(folder.run(&["version", "new", "x"]).code, Some(2));
    assert_eq!(folder.run(&["version", "new", "5", "tiny.api"]).code, Some(2));
    assert_eq!(folder.run(&["version", "new", "5", "--from", "9"]).code, Some(2));
}

#[test]
fn a_version_is_looked_at_though_a_promise_is_broken() {
    let folder = folder("version-broken");
    assert_eq!(folder.run(&["publish", "1", "--by", "me"]).code, Some(0));
    folder.write("tiny.api", &GOOD.replace("name: text eg", "name: text | null eg"));
    assert_eq!(folder.run(&["check"]).code, Some(1));
    for args in [&["flatten", "1"][..], &["who", "GET /people/{id}.name"], &["needs", "people"]] {
        let said = folder.run(args);
        assert_eq!((said.code, said.err.as_str()), (Some(0), ""), "{args:?}: {}", said.out);
    }
    // The way out that the finding names.
    folder.run(&["version", "new", "3"]).is(0, "", "wrote ./v3.api\n");
}

#[test]
fn a_label_that_was_published_is_never_given_again() {
    let folder = folder("version-again");
    assert_eq!(folder.run(&["publish", "2", "--by", "me"]).code, Some(0));
    std::fs::remove_file(folder.path("v2.api")).expect("it was there");
    let said = folder.run(&["version", "new", "2"]);
    assert_eq!(said.code, Some(2), "{}", said.out);
    assert!(said.err.contains("there was a version 2 already"), "{}", said.err);
}
