//! Real builds, from a contract to a gateway that answers. They share a cache in the target
//! directory, so that only the first one pays for what all gateways share.

#[path = "cli/program.rs"]
mod program;

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
    assert!(version.out.starts_with("hello\nversion 1  sha256 "), "{}", version.out);
    let check = ask(&folder, "dist/hello-v1", "--check");
    assert_eq!(check.code, Some(1));
    assert!(check.err.contains("PEOPLE_URL"), "{}", check.err);
}

#[test]
fn every_version_is_a_program_unless_all_are_one() {
    let _alone = alone();
    let folder = Folder::new("build-two", &[("tiny.api", &two_versions())]);
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
