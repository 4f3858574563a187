//! Real builds, from a contract to a gateway that answers. They share a cache in the target
//! directory, so that only the first one pays for what all gateways share.

#[path = "build/artifact.rs"]
mod artifact;
#[path = "build/floors.rs"]
mod floors;
#[path = "build/images.rs"]
mod images;
#[path = "build/outside.rs"]
mod outside;
#[path = "cli/program.rs"]
mod program;
#[path = "build/rollout.rs"]
mod rollout;

use program::{Folder, GOOD, Running, Said};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// One test at a time, so that none waits for another's build while it measures.
static ONE: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    ONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The program with the cache of all tests.
fn gatewright(folder: &Folder, args: &[&str]) -> Command {
    let mut command = folder.program(args);
    command.env("GATEWRIGHT_CACHE", Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache"));
    command
}

fn said(folder: &Folder, args: &[&str]) -> Said {
    Said::new(&gatewright(folder, args).output().expect("the program runs"))
}

/// What a built gateway says.
fn ask(folder: &Folder, program: &str, argument: &str) -> Said {
    let output = Command::new(folder.path(program)).arg(argument).output();
    Said::new(&output.expect("the gateway runs"))
}

/// Status line and body of the answer to `GET target`, or why there is none.
fn get(address: &str, target: &str) -> std::io::Result<(String, String)> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    write!(stream, "GET {target} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head.lines().next().unwrap_or_default();
    Ok((status.to_owned(), body.to_owned()))
}

fn two_versions() -> String {
    format!("{GOOD}\nversion 2 from 1 {{\n  rename Person.name to full_name\n}}\n")
}

#[test]
fn a_build_that_changes_nothing_is_quick_and_the_result_says_what_it_is() {
    let _alone = alone();
    let folder = Folder::new("build-dev", &[]);
    assert_eq!(folder.run(&["new", "hello"]).code, Some(0));
    let first = said(&folder, &["build", "--dev", "hello"]);
    assert_eq!((first.code, first.out.as_str()), (Some(0), ""), "{}", first.err);
    assert!(first.err.contains("built  dist/hello-v1  "), "{}", first.err);

    let begin = Instant::now();
    let second = said(&folder, &["build", "--dev", "hello", "--quiet"]);
    second.is(0, "", "");
    assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", begin.elapsed());

    let version = ask(&folder, "dist/hello-v1", "--version");
    assert_eq!(version.code, Some(0));
    assert!(version.out.starts_with("hello\ncontract: hello/1@"), "{}", version.out);
    let check = ask(&folder, "dist/hello-v1", "--check");
    assert_eq!(check.code, Some(1));
    assert!(check.err.contains("PEOPLE_URL"), "{}", check.err);
}

#[test]
fn every_version_is_a_program_unless_all_are_one() {
    let _alone = alone();
    let folder = Folder::new("build-two", &[("tiny.api", &two_versions())]);
    assert_eq!(folder.run(&["publish", "1", "--by", "storefront"]).code, Some(0));
    let built = said(&folder, &["build", "--dev"]);
    assert_eq!(built.code, Some(0), "{}", built.err);
    // The crates of others were compiled before, by whichever test came first; a contract of its
    // own pays only for itself.
    let again = said(&folder, &["build", "--dev", "--all-in-one", "--out", "one"]);
    assert_eq!(again.code, Some(0), "{}", again.err);
    assert!(!again.err.contains("hyper"), "{}", again.err);

    let versions = |program: &str| {
        let said = ask(&folder, program, "--version").out;
        said.lines().filter(|line| line.starts_with("version ")).count()
    };
    assert_eq!(versions("dist/tiny-v1"), 1);
    assert_eq!(versions("dist/tiny-v2"), 1);
    assert_eq!(versions("one/tiny"), 2);
    let told = ask(&folder, "dist/tiny-v1", "--version").out;
    assert!(told.contains("\nversion 1  revision 1.0  sha256 "), "{told}");
    let named =
        |args: &[&str]| said(&folder, &[&["build", "--dev", "--name-by-revision"], args].concat());
    let one = named(&["--version", "1"]);
    assert!((one.code, one.err.contains("built  dist/tiny-v1.0  ")) == (Some(0), true), "{one:?}");
    let two = named(&[]);
    assert!(
        (two.code, two.err.contains("version 2 is not published")) == (Some(2), true),
        "{two:?}"
    );
    what_runs_is_compared(&folder);
}

/// A gateway that was built is asked for its contract while it runs.
fn what_runs_is_compared(folder: &Folder) {
    let port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|one| one.local_addr());
    let operator = port.expect("a free port").to_string();
    let mut program = Command::new(folder.path("one/tiny"));
    program.env("PEOPLE_URL", "http://127.0.0.1:1").env("OPERATOR", &operator);
    let (_running, mut lines) =
        Running::start(program.env("LISTEN", "127.0.0.1:0").env("LOG", "off"));
    let begin = Instant::now();
    while get(&operator, "/ready").is_err() {
        assert!(begin.elapsed() < Duration::from_secs(20), "{:?}", lines.next());
        std::thread::sleep(Duration::from_millis(20));
    }
    let address = format!("http://{operator}");
    folder.run(&["diff", &address]).is(0, "nothing changed\n", "");
    folder.run(&["check", "--against", &address]).is(0, "", "");

    let edited = two_versions().replace("{ name: text eg \"Ada\" }", "{ name: text | null }");
    folder.write("tiny.api", &edited);
    let said = folder.run(&["diff", &address]);
    assert_eq!(said.code, Some(1), "{said:?}");
    for part in ["(version 1)", "(version 2)", "breaking[field/became-nullable]"] {
        assert!(said.out.contains(part), "{part} in {}", said.out);
    }
    std::fs::remove_file(folder.path("api.lock")).expect("it was published");
    let said = folder.run(&["check", "--against", &address]);
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.out.contains("error[lock-rewritten]"), "{}", said.out);
}

#[test]
fn mocks_answer_and_an_edit_is_served_on_the_same_port() {
    let _alone = alone();
    let folder = Folder::new("run", &[("tiny.api", GOOD)]);
    let mut command = gatewright(&folder, &["run", "--mock", "--listen", "127.0.0.1:0"]);
    let (_running, mut lines) = Running::start(&mut command);
    let line = lines.next().expect("a line").expect("text");
    let address = line.strip_prefix("tiny 1 on http://").expect("the address").to_owned();
    let curl = lines.next().expect("a line").expect("text");
    assert_eq!(curl, format!("  curl http://{address}/v1/people/ada"));

    let (status, body) = get(&address, "/v1/people/ada").expect("it answers");
    assert_eq!(status, "HTTP/1.1 200 OK");
    assert!(body.starts_with("{\"name\":\""), "{body}");

    folder.write("tiny.api", "api tiny {");
    std::thread::sleep(Duration::from_millis(500));
    assert!(get(&address, "/v1/people/ada").is_ok(), "errors do not stop the gateway");

    folder.write("tiny.api", &two_versions());
    let begin = Instant::now();
    let answer = loop {
        match get(&address, "/v2/people/ada") {
            Ok((status, body)) if status == "HTTP/1.1 200 OK" => break body,
            _ => assert!(begin.elapsed() < Duration::from_secs(60), "it takes too long"),
        }
        std::thread::sleep(Duration::from_millis(50));
    };
    assert!(answer.starts_with("{\"full_name\":\""), "{answer}");
}

/// A contract with one case that holds and one that does not.
fn with_cases() -> String {
    format!(
        "{GOOD}
case \"a person has a name\" {{
  when GET /v1/people/ada
  people GET /people/ada -> 200 {{ first_name: \"Ada\" }}
  then 200 {{ name: \"Ada\" }}
}}

case \"<a person> has another name\" {{
  when GET /v1/people/ada
  people GET /people/ada -> 200 {{ first_name: \"Ada\" }}
  then 200 {{ name: \"Bea\" }}
}}
"
    )
}

#[test]
fn every_case_of_the_examples_holds() {
    let _alone = alone();
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    let folder = Folder::new("test-examples", &[]);
    let mut count = 0;
    for entry in std::fs::read_dir(examples).expect("the examples are a folder") {
        let path = entry.expect("an entry").path();
        let mut files = std::fs::read_dir(&path).expect("an example is a folder").flatten();
        if !files.any(|file| file.path().extension().is_some_and(|end| end == "api")) {
            // It uses the contract of another.
            continue;
        }
        let said = said(&folder, &["test", path.to_str().expect("UTF-8")]);
        assert_eq!(said.code, Some(0), "{}: {}{}", path.display(), said.out, said.err);
        assert!(said.err.contains("all hold"), "{}: {}", path.display(), said.err);
        assert_eq!(said.out, "", "{}: a case shows every part", path.display());
        count += 1;
    }
    assert!(count >= 3);
}

#[test]
fn a_case_that_fails_is_shown_and_reported() {
    let _alone = alone();
    let folder = Folder::new("test-fails", &[("tiny.api", &with_cases())]);
    let text = said(&folder, &["test", "--color", "never"]);
    assert_eq!(text.code, Some(1), "{}", text.err);
    assert!(text.err.contains("2 cases: 1 hold, 1 failed"), "{}", text.err);
    for piece in [
        "error[case-failed]: case failed: \"<a person> has another name\"",
        "the gateway answered 200 with something else",
        "note: `/name` is \"Ada\", not \"Bea\"",
    ] {
        assert!(text.out.contains(piece), "{}", text.out);
    }

    let json = said(&folder, &["test", "--format", "json", "--quiet"]);
    let report: serde_json::Value = serde_json::from_str(&json.out).expect("JSON");
    assert_eq!((&report["held"], &report["failed"]), (&1.into(), &1.into()), "{report}");
    assert_eq!(report["cases"][1]["finding"]["code"], "case-failed", "{report}");
    assert_eq!(report["cases"][0]["holds"], true, "{report}");
    assert_eq!(report["coverage"]["gaps"], serde_json::json!([]), "{report}");

    let junit = said(&folder, &["test", "--format", "junit", "--quiet"]).out;
    assert!(junit.contains("<testsuites name=\"tiny\" tests=\"2\" failures=\"1\""), "{junit}");
    assert!(junit.contains("name=\"&lt;a person&gt; has another name\""), "{junit}");
}

#[test]
fn a_filter_runs_some_cases_and_must_find_one() {
    let _alone = alone();
    let folder = Folder::new("test-filter", &[("tiny.api", &with_cases())]);
    let one = said(&folder, &["test", "--filter", "A NAME"]);
    assert_eq!(one.code, Some(0), "{}{}", one.out, one.err);
    assert!(one.err.contains("1 case: all hold"), "{}", one.err);
    let none = said(&folder, &["test", "--filter", "no such"]);
    assert_eq!(none.code, Some(2), "{}", none.err);
    let broken = Folder::new("test-broken", &[("tiny.api", "api tiny {")]);
    assert_eq!(said(&broken, &["test"]).code, Some(1));
}

#[test]
fn drafts_show_what_no_case_shows_and_hold() {
    let _alone = alone();
    let mine = "// mine\ncase \"mine\" {\n  when GET /v1/nothing\n  then 404 no-route\n}\n";
    let contract = GOOD.replace("-> Person {", "-> Person | Missing {").replace(
        "person = people GET /people/{id}",
        "person = people GET /people/{id}\n      on 404 fail Missing\n      copy to next\n\
         \x20   aged = people GET /ages/{id}?of={person.first_name} else { age: 1 }",
    );
    let contract = contract
        .replace(
            "version 1 {",
            "backend next at env NEXT_URL { timeout 1s }\n\nerror Missing 404 \"Nobody\"\n\nversion 1 {",
        )
        .replace("{ name: text eg \"Ada\" }", "{ name: text eg \"Ada\", age: int(0..200) eg 36 }")
        .replace(
            "return { name: person.first_name }",
            "return { name: person.first_name, age: aged.age }",
        );
    let folder = Folder::new("test-write", &[("tiny.api", &contract), ("cases.api", mine)]);
    let first = said(&folder, &["test", "--write"]);
    assert_eq!(first.code, Some(0), "{}{}", first.out, first.err);
    assert!(first.out.contains("else of GET /ages/{id}"), "{}", first.out);
    assert!(first.err.contains("drafted  3 cases in ./cases.api"), "{}", first.err);
    let text = std::fs::read_to_string(folder.path("cases.api")).expect("a file");
    assert!(text.starts_with(mine), "{text}");
    assert!(text.contains("then 404 Missing\n"), "{text}");
    folder.run(&["fmt", "--check"]).is(0, "", "");

    let second = said(&folder, &["test", "--write"]);
    assert_eq!((second.code, second.out.as_str()), (Some(0), ""), "{}", second.err);
    assert!(second.err.contains("4 cases: all hold"), "{}", second.err);
    assert!(second.err.contains("every part is shown"), "{}", second.err);
    assert_eq!(
        std::fs::read_to_string(folder.path("cases.api")).expect("a file"),
        text,
        "there is nothing to add"
    );
}

/// Callers by certificate, by token of an issuer that says where its keys are, by password and by key.
const CLUB: &str = include_str!("data/club.api");

#[test]
fn cases_have_callers_of_every_kind() {
    let _alone = alone();
    let folder = Folder::new("test-callers", &[("club.api", CLUB)]);
    let said = said(&folder, &["test", "--color", "never"]);
    assert_eq!((said.code, said.out.as_str()), (Some(0), ""), "{}", said.err);
    assert!(said.err.contains("6 cases: all hold"), "{}", said.err);
}

#[test]
fn what_is_printed_to_try_gets_in_by_certificate_token_and_password() {
    let _alone = alone();
    let folder = Folder::new("run-callers", &[("club.api", CLUB)]);
    let mut command = gatewright(&folder, &["run", "--mock", "--listen", "127.0.0.1:0"]);
    let (_running, mut lines) = Running::start(&mut command);
    let line = lines.next().expect("a line").expect("text");
    assert!(line.starts_with("club 1 on https://"), "{line}");
    for (field, by) in [
        ("--cert ", "\"by\":"),
        ("Authorization: Bearer ", "\"by\":"),
        ("Authorization: Basic ", "\"by\":"),
    ] {
        let line = lines.next().expect("a line").expect("text");
        assert!(line.contains(field), "{line}");
        let asked = line.trim_start().replacen("curl ", "curl -sS -m 20 ", 1);
        let answer = shell(&asked);
        assert!(answer.contains(by) && !answer.contains("urn:problem"), "{asked}\n{answer}");
        // Without what it shows, the same request gets nowhere.
        let bare = asked.split(' ').rfind(|word| word.starts_with("https://"));
        let bare = format!("curl -sS -m 20 -k {}", bare.expect("an address"));
        assert!(shell(&bare).contains("gateway:unauthenticated"), "{bare}");
    }
}

/// What a line prints in a shell.
fn shell(line: &str) -> String {
    let output = Command::new("/bin/sh").args(["-c", line]).output().expect("a shell");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    text(&output.stdout) + &text(&output.stderr)
}
