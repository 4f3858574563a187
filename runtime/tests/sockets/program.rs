//! The program around a gateway: arguments, environment, signals.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use gatewright_runtime::testing::{Backend, Client, get, serve};

use crate::contract::CONTRACT;

/// Holds the program's arguments, separated by spaces.
const ARGUMENTS: &str = "TEST_ARGUMENTS";

/// Not a test of its own: what [`program`] runs in a process of its own.
#[test]
fn child() {
    if let Ok(arguments) = std::env::var(ARGUMENTS) {
        let arguments: Vec<&str> = arguments.split_whitespace().collect();
        std::process::exit(i32::from(serve(&CONTRACT, &arguments)));
    }
}

/// The gateway's program: this test binary, asked for its only test that serves.
pub(crate) fn program(arguments: &str, env: &[(&str, &str)]) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("a running test has a path"));
    command.args(["--exact", "program::child", "--nocapture"]);
    command.env_clear().env(ARGUMENTS, arguments).envs(env.iter().copied());
    command
}

fn run(arguments: &str, env: &[(&str, &str)]) -> (i32, String, String) {
    let Output { status, stdout, stderr } = program(arguments, env).output().expect("it starts");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    // What the test harness says first is not the program's.
    let stdout = text(stdout).trim_start().trim_start_matches("running 1 test\n").to_owned();
    (status.code().expect("no signal"), stdout, text(stderr))
}

/// A program that serves, its address as it printed it, and what it prints from there on.
pub(crate) fn serving(env: &[(&str, &str)]) -> (Child, SocketAddr, BufReader<impl Read + use<>>) {
    let mut command = program("", env);
    command
        .env("LISTEN", "127.0.0.1:0")
        .env("OPERATOR", "127.0.0.1:0")
        .stderr(Stdio::piped())
        .stdout(Stdio::null());
    let mut child = command.spawn().expect("it starts");
    let mut errors = BufReader::new(child.stderr.take().expect("piped"));
    let mut line = String::new();
    errors.read_line(&mut line).expect("a line");
    let address = line.trim_end().strip_prefix("shop 1 on http://").map(str::parse);
    match address {
        Some(Ok(address)) => (child, address, errors),
        _ => panic!("no address in {line:?}"),
    }
}

/// Where operators ask, as the program says once it has started.
pub(crate) fn operator(errors: &mut impl BufRead) -> SocketAddr {
    let mut line = String::new();
    errors.read_line(&mut line).expect("a line");
    let event: serde_json::Value = serde_json::from_str(&line).expect("an event");
    let address = event["operator"].as_str().map(str::parse);
    address.expect("it has one").expect("an address")
}

pub(crate) fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").args([format!("-{name}"), child.id().to_string()]).status();
    assert!(sent.expect("kill is there").success());
}

#[test]
fn all_faults_of_the_environment_come_in_one_message() {
    let env = [
        ("RETRYING_URL", "auth.internal/keys"),
        ("PATIENT_TIMEOUT", "9s"),
        ("PLAIN_KEY", "hunter2\n"),
        ("BREAKING_URL", "https://catalog"),
        ("PICKY_URL", "http://me:hunter2@catalog"),
        ("LISTEN", "8080"),
        ("OPERATOR", "localhost:9090"),
        ("LOG", "xml"),
        ("LOG_SAMPLE", "2"),
        ("CORES", "0"),
    ];
    for arguments in ["", "--check"] {
        let (code, _, errors) = run(arguments, &env);
        assert_eq!(code, 1);
        let tls = if cfg!(feature = "tls") {
            ""
        } else {
            "   = invalid: BREAKING_URL     url       is `https://catalog`, but this gateway is built without TLS\n"
        };
        let expected = format!(
            "error[environment-incomplete]: the environment is not complete; the gateway did not start
   = missing: PLAIN_URL        url       address of backend `plain`
   = invalid: RETRYING_URL     url       is `auth.internal/keys`, which has no scheme
{tls}   = invalid: PICKY_URL        url       is an address which holds credentials
   = invalid: PLAIN_KEY        secret    is no value that header field `x-api-key` can have
   = invalid: PATIENT_TIMEOUT  duration  is `9s`, must be within 100ms..5s
   = invalid: LISTEN           text      is `8080`, must be an address and a port such as `127.0.0.1:8080`
   = invalid: OPERATOR         text      is `localhost:9090`, must be an address and a port such as `127.0.0.1:9090`
   = invalid: LOG              text      is `xml`, must be `json`, `combined` or `off`
   = invalid: LOG_SAMPLE       number    is `2`, must be within 0..1
   = invalid: CORES            int       is `0`, must be within 1..1024
   = help: `shop --env` prints all 7 variables with their meaning
"
        );
        assert_eq!(errors, expected);
    }
}

#[test]
fn check_says_that_all_is_well() {
    let env = [("PLAIN_URL", "http://127.0.0.1:1")];
    let (code, out, errors) = run("--check", &env);
    assert_eq!((code, out.as_str(), errors.as_str()), (0, "the environment is complete\n", ""));
}

#[test]
fn env_lists_what_is_read_and_shows_no_secret() {
    let (code, out, _) = run("--env", &[("PLAIN_KEY", "hunter2"), ("PLAIN_URL", "http://plain")]);
    assert_eq!(code, 0);
    for part in [
        "# address of backend `plain`\n# url or several with commas between, required, set\nPLAIN_URL=\n",
        "# what backend `plain` is shown\n# secret, optional, set\n# PLAIN_KEY=\n",
        "# duration, optional, within 100ms..5s, not set\n# PATIENT_TIMEOUT=2s\n",
        "# LISTEN=[::]:8080\n",
        "# DRAIN_LIMIT=30s\n",
    ] {
        assert!(out.contains(part), "{part}\nis not in\n{out}");
    }
    assert!(!out.contains("hunter2") && !out.contains("k3y"));
}

#[test]
fn version_and_help_say_what_is_compiled_in() {
    let (code, out, _) = run("--version", &[]);
    assert_eq!(
        (code, out.as_str()),
        (
            0,
            "shop\ncontract: shop/1@6b86b273\nversion 1  sha256 6b86b273\ncompiler gatewright 0.0.0\n"
        )
    );
    let (code, out, _) = run("--help", &[]);
    assert_eq!(code, 0);
    assert!(out.starts_with("shop 1, a gateway made by gatewright 0.0.0\n"), "{out}");
}

#[test]
fn preflight_connects_to_every_backend_and_sends_nothing() {
    let (one, other) = (Backend::start(), Backend::start());
    let (one_url, other_url) = (one.url(), other.url());
    let env = [
        ("PLAIN_URL", one_url.as_str()),
        ("RETRYING_URL", &other_url),
        ("BREAKING_URL", &one_url),
        ("PICKY_URL", &one_url),
        ("PATIENT_URL", &one_url),
    ];
    let (code, out, errors) = run("--preflight", &env);
    assert_eq!((code, errors.as_str()), (0, ""), "{out}");
    assert_eq!(out.lines().filter(|line| line.contains("  reached after ")).count(), 5, "{out}");
    assert!(out.starts_with(&format!("plain     {one_url}  reached")), "{out}");
    assert_eq!((one.requests().len(), other.requests().len()), (0, 0));

    let (code, out, errors) = run("--preflight", &[("PLAIN_URL", &one_url)]);
    assert_eq!((code, errors.as_str()), (3, "not all backends can be reached\n"));
    let line = "retrying  http://127.0.0.1:1  unreachable: cannot connect: connection refused\n";
    assert!(out.contains(line), "{out}");

    let (code, _, errors) = run("--preflight", &[]);
    assert_eq!(code, 1);
    assert!(errors.starts_with("error[environment-incomplete]"), "{errors}");
}

#[test]
fn the_contract_is_printed_if_it_is_carried() {
    let (code, out, errors) = run("--contract", &[]);
    assert_eq!((code, out.as_str()), (0, "api shop {}\n\nversion 1 {}\n"), "{errors}");
}

#[test]
fn an_unknown_argument_is_wrong_use() {
    for arguments in ["--listen", "--env --check", "serve"] {
        let (code, _, errors) = run(arguments, &[]);
        assert_eq!(code, 2, "{arguments}");
        assert!(errors.contains("`shop --help` lists them"));
    }
}

#[test]
fn a_port_that_is_taken_is_said() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("bound").to_string();
    for cores in ["1", "2"] {
        let env =
            [("PLAIN_URL", "http://127.0.0.1:1"), ("LISTEN", address.as_str()), ("CORES", cores)];
        let (code, _, errors) = run("", &env);
        assert_eq!(code, 3);
        assert!(errors.starts_with("shop could not start: "), "{errors}");
    }
}

#[test]
fn an_operators_port_that_is_taken_is_said_with_the_way_out() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("bound").to_string();
    let env = [
        ("PLAIN_URL", "http://127.0.0.1:1"),
        ("LISTEN", "127.0.0.1:0"),
        ("OPERATOR", address.as_str()),
    ];
    let (code, _, errors) = run("", &env);
    assert_eq!(code, 3);
    let expected = format!("shop could not start: cannot listen on {address}: ");
    assert!(errors.starts_with(&expected), "{errors}");
    assert!(errors.contains("help: set OPERATOR to another address, or to `off`"), "{errors}");
}

#[test]
fn it_is_not_ready_from_the_signal_on() {
    let env = [("PLAIN_URL", "http://127.0.0.1:1"), ("DRAIN_DELAY", "10s")];
    let (mut child, address, mut errors) = serving(&env);
    let operator = operator(&mut errors);
    assert_eq!(get(operator, "/ready").status, 200);
    signal(&child, "TERM");
    let begin = Instant::now();
    while get(operator, "/ready").status == 200 {
        assert!(begin.elapsed() < Duration::from_secs(5));
    }
    assert_eq!((get(address, "/").status, get(operator, "/live").status), (204, 200));
    signal(&child, "TERM");
    child.wait().expect("it ends");
}

#[test]
fn a_signal_ends_it_after_the_work_in_flight() {
    let pause = Duration::from_millis(200);
    let backend = Backend::start().slow("GET", "/items/p_1", pause, "1");
    for name in ["TERM", "INT"] {
        let url = backend.url();
        let (mut child, address, mut errors) = serving(&[("PLAIN_URL", &url), ("CORES", "2")]);
        assert_eq!(get(address, "/").status, 204);
        let asked = backend.requests().len();
        let mut client = Client::connect(address);
        client.request("GET", "/v1/plain/items/p_1", &[], b"");
        while backend.requests().len() == asked {
            std::thread::sleep(Duration::from_millis(2));
        }
        signal(&child, name);
        assert_eq!(client.answer("GET").expect("an answer").text(), "1");
        assert_eq!(child.wait().expect("it ends").code(), Some(0));
        let mut log = String::new();
        errors.read_to_string(&mut log).expect("UTF-8");
        let events: Vec<String> = log
            .lines()
            .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
            .filter_map(|event| event["event"].as_str().map(str::to_owned))
            .collect();
        assert_eq!(events, ["started", "stopping", "stopped"], "{log}");
    }
}

#[test]
fn it_goes_on_serving_for_the_delay_and_ends_at_once_when_asked_twice() {
    let env = [("PLAIN_URL", "http://127.0.0.1:1"), ("DRAIN_DELAY", "10s")];
    let (mut child, address, _errors) = serving(&env);
    signal(&child, "TERM");
    std::thread::sleep(Duration::from_millis(150));
    assert_eq!(get(address, "/").status, 204);
    let start = Instant::now();
    signal(&child, "TERM");
    assert_eq!(child.wait().expect("it ends").code(), Some(1));
    assert!(start.elapsed() < Duration::from_secs(2));
}

#[test]
fn failures_are_logged_with_the_request() {
    let env = [("PLAIN_URL", "http://127.0.0.1:1")];
    let (mut child, address, mut errors) = serving(&env);
    let mut client = Client::connect(address);
    for target in ["/v1/plain/items/p_1", "/v1/panic"] {
        client.request("GET", target, &[("X-Request-Id", "r1")], b"");
        client.answer("GET").expect("an answer");
    }
    signal(&child, "TERM");
    child.wait().expect("it ends");
    let mut log = String::new();
    errors.read_to_string(&mut log).expect("UTF-8");
    let mut events: Vec<serde_json::Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}")))
        .filter(|event: &serde_json::Value| event["request"] == "r1")
        .collect();
    for event in &mut events {
        assert!(event["time"].as_str().is_some_and(|time| time.ends_with('Z')));
        event.as_object_mut().expect("a record").remove("time");
    }
    let place = events[2]["place"].clone();
    assert!(place.as_str().is_some_and(|place| place.contains("contract.rs")), "{place}");
    let cause = "plain /items/{id}: unreachable: cannot connect: connection refused";
    assert_eq!(
        serde_json::Value::from(events),
        serde_json::json!([
            {"event": "call-failed", "request": "r1", "backend": "plain",
             "operation": "/items/{id}", "reason": "unreachable: cannot connect: connection refused"},
            {"event": "answered", "request": "r1", "endpoint": "GET /v1/{backend}/items/{id}",
             "status": 502, "problem": "urn:problem:gateway:backend-failed", "cause": cause},
            {"event": "panicked", "request": "r1", "place": place, "what": "as asked"},
            {"event": "answered", "request": "r1", "endpoint": "GET /v1/panic",
             "status": 500, "problem": "urn:problem:gateway:internal"},
        ])
    );
}
