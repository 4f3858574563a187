//! `gatewright changelog`, `who` and `needs`

use crate::program::{Folder, GOOD};

const SECOND: &str = "version 2 from 1 { rename Person.name to full_name }\n\
    consumer web <web@tiny.example> uses v1 { GET /people/{id} (name) }\n";

#[test]
fn news_are_told_in_every_format() {
    let folder = Folder::new("changelog", &[("tiny.api", GOOD), ("v2.api", SECOND)]);
    let said = folder.run(&["changelog"]);
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""), "{}", said.out);
    assert_eq!(
        said.out,
        "tiny: version 1 to version 2\n\nCallers must act\n  GET /people/{id}\n    \
         read `full_name` instead of `name`  [field/renamed]\n      hurts: web <web@tiny.example>\n\n\
         1 breaking\n"
    );
    assert_eq!(folder.run(&["changelog", "1..2", "."]).out, said.out);
    assert_eq!(folder.run(&["changelog", "."]).out, said.out);
    let markdown = folder.run(&["changelog", "--format", "markdown"]).out;
    assert!(markdown.contains("- read `full_name` instead of `name`"), "{markdown}");
    let json = folder.run(&["changelog", "--format", "json"]).out;
    let json: serde_json::Value = serde_json::from_str(&json).expect("one document");
    assert_eq!(json["entries"][0]["section"], "act");
    assert_eq!(json["entries"][0]["reaches"][0]["endpoint"], "GET /people/{id}");
    let mut feed = folder.program(&["changelog", "--format", "atom"]);
    let atom = feed.env("SOURCE_DATE_EPOCH", "1772323200").output().expect("the program runs");
    let atom = String::from_utf8(atom.stdout).expect("text");
    assert!(atom.contains("<title>read `full_name` instead of `name`</title>"), "{atom}");
    assert!(atom.contains("<updated>2026-03-01T00:00:00Z</updated>"), "{atom}");
    assert!(atom.contains("hurts: web &lt;web@tiny.example&gt;"), "{atom}");
    assert_eq!(folder.run(&["changelog", "1..3"]).code, Some(2));
    assert_eq!(folder.run(&["changelog", "--since", "tiny.api", "tiny.api"]).code, Some(0));
    let alone = Folder::new("changelog-alone", &[("tiny.api", GOOD)]);
    let said = alone.run(&["changelog"]);
    assert_eq!(said.code, Some(2));
    assert!(said.err.contains("--since"), "{}", said.err);
}

#[test]
fn consumers_are_found_by_endpoint_and_field() {
    let folder = Folder::new("who", &[("tiny.api", GOOD), ("v2.api", SECOND)]);
    let said = folder.run(&["who", "GET /people/{id}.name"]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert_eq!(said.out, "GET /people/{id} of version 1: `name`\n  web <web@tiny.example>  name\n");
    let nobody = folder.run(&["who", "GET /v2/people/{id}"]).out;
    assert!(nobody.contains("nobody says that they rely on it"), "{nobody}");
    let wrong = folder.run(&["who", "GET /peeple/{id}"]);
    assert_eq!(wrong.code, Some(2));
    assert!(wrong.err.contains("did you mean `GET /people/{id}`?"), "{}", wrong.err);
}

#[test]
fn needs_are_told_to_people_and_to_tools() {
    let folder = Folder::new("needs", &[("tiny.api", GOOD)]);
    let said = folder.run(&["needs", "people"]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert_eq!(
        said.out,
        "people at env PEOPLE_URL\n\nGET /people/{}\n  asked by GET /v1/people/{id}\n  reads\n    \
         first_name  text; needed\n"
    );
    for format in ["schema", "pact", "pact-v3"] {
        let said = folder.run(&["needs", "people", "--format", format]);
        let document: serde_json::Value = serde_json::from_str(&said.out).expect("one document");
        assert!(document.is_object());
    }
    let wrong = folder.run(&["needs", "peple"]);
    assert_eq!(wrong.code, Some(2));
    assert!(wrong.err.contains("its backends are: people"), "{}", wrong.err);
}
