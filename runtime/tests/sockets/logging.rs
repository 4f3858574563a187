//! The access log of a gateway's program, as whoever collects its output gets it.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use gatewright_runtime::testing::{Backend, Client, get, send};
use serde_json::{Value, json};

use crate::program::{program, signal};

/// A program whose both outputs are read by the test.
struct Logged {
    child: Child,
    address: SocketAddr,
    errors: BufReader<std::process::ChildStderr>,
}

impl Logged {
    fn start(env: &[(&str, &str)]) -> Logged {
        let mut command = program("", env);
        command.env("LISTEN", "127.0.0.1:0").env("OPERATOR", "127.0.0.1:0");
        let piped = command.stderr(Stdio::piped()).stdout(Stdio::piped());
        let mut child = piped.spawn().expect("it starts");
        let mut errors = BufReader::new(child.stderr.take().expect("piped"));
        let mut line = String::new();
        errors.read_line(&mut line).expect("a line");
        let address = line.trim_end().strip_prefix("shop 1 on http://").map(str::parse);
        let address = address.expect("it says where it listens").expect("an address");
        Logged { child, address, errors }
    }

    /// Stops it; the lines it wrote, and its events.
    fn stop(mut self) -> (Vec<String>, Vec<Value>) {
        signal(&self.child, "TERM");
        let mut out = String::new();
        let mut stdout = self.child.stdout.take().expect("piped");
        stdout.read_to_string(&mut out).expect("UTF-8");
        assert_eq!(self.child.wait().expect("it ends").code(), Some(0));
        let mut errors = String::new();
        self.errors.read_to_string(&mut errors).expect("UTF-8");
        // What the test harness says first is not the program's.
        let lines = out.lines().filter(|line| !line.is_empty() && !line.starts_with("running "));
        let events = errors.lines().filter_map(|line| serde_json::from_str(line).ok());
        (lines.map(str::to_owned).collect(), events.collect())
    }
}

const TARGET: &str = "/v1/plain/items/p_1?token=hunter2";

fn ask(address: SocketAddr, method: &str, target: &str, id: &str) {
    let headers = [("X-Request-Id", id), ("Authorization", "Bearer hunter2"), ("Referer", "x")];
    send(address, method, target, &headers, b"");
}

#[test]
fn every_request_is_one_line_of_json_without_what_callers_keep_secret() {
    let backend = Backend::start().answer("GET", "/items/p_1", 200, "[1]");
    let logged = Logged::start(&[("PLAIN_URL", &backend.url()), ("CORES", "2")]);
    ask(logged.address, "GET", TARGET, "r1");
    ask(logged.address, "HEAD", TARGET, "r2");
    ask(logged.address, "GET", "/v1/retrying/items/a%22b", "r3");
    ask(logged.address, "GET", "/nothing/there", "r4");
    ask(logged.address, "DELETE", "/v1/panic", "r5");
    ask(logged.address, "GET", "/v1/panic", "r6");
    let (lines, _) = logged.stop();
    assert!(!lines.concat().contains("hunter2"), "{lines:?}");
    let mut all: Vec<Value> =
        lines.iter().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    all.sort_by_key(|line| line["request"].as_str().map(str::to_owned));
    for line in &mut all {
        assert!(line["time"].as_str().is_some_and(|time| time.len() == 24), "{line}");
        assert!(line["ms"].as_f64().is_some_and(|ms| (0.0..20_000.0).contains(&ms)), "{line}");
        let calls = line.get_mut("calls").and_then(Value::as_array_mut);
        for call in calls.into_iter().flatten() {
            assert!(call["ms"].as_f64().is_some_and(|ms| (0.0..20_000.0).contains(&ms)));
            call.as_object_mut().expect("a record").remove("ms");
        }
        let line = line.as_object_mut().expect("a record");
        for name in ["time", "ms"] {
            line.remove(name);
        }
    }
    let template = "/v1/{backend}/items/{id}";
    let call = |backend, outcome, attempts| {
        json!([{"backend": backend, "operation": "/items/{id}", "outcome": outcome,
                "attempts": attempts}])
    };
    let expected = json!([
        {"event": "request", "request": "r1", "client": "127.0.0.1", "method": "GET",
         "path": "/v1/plain/items/p_1", "endpoint": template, "version": "1", "status": 200,
         "bytes": 3, "calls": call("plain", "ok", 1)},
        {"event": "request", "request": "r2", "client": "127.0.0.1", "method": "HEAD",
         "path": "/v1/plain/items/p_1", "endpoint": template, "version": "1", "status": 200,
         "bytes": 0, "calls": call("plain", "ok", 1)},
        {"event": "request", "request": "r3", "client": "127.0.0.1", "method": "GET",
         "path": "/v1/retrying/items/a%22b", "endpoint": template, "version": "1", "status": 502,
         "bytes": all[2]["bytes"], "problem": "backend-failed",
         "calls": call("retrying", "unreachable", 3)},
        {"event": "request", "request": "r4", "client": "127.0.0.1", "method": "GET",
         "path": "/nothing/there", "status": 404, "bytes": all[3]["bytes"], "problem": "no-route"},
        {"event": "request", "request": "r5", "client": "127.0.0.1", "method": "DELETE",
         "path": "/v1/panic", "status": 405, "bytes": all[4]["bytes"], "problem": "method"},
        {"event": "request", "request": "r6", "client": "127.0.0.1", "method": "GET",
         "path": "/v1/panic", "endpoint": "/v1/panic", "version": "1", "status": 500,
         "bytes": all[5]["bytes"], "problem": "internal"},
    ]);
    assert_eq!(Value::from(all), expected);
}

#[test]
fn the_combined_format_is_what_other_tools_read() {
    let logged = Logged::start(&[("PLAIN_URL", "http://127.0.0.1:1"), ("LOG", "combined")]);
    ask(logged.address, "GET", "/v1/echo/a?b=c", "r1");
    let (lines, _) = logged.stop();
    let [line] = lines.as_slice() else { panic!("{lines:?}") };
    let (before, after) = line.split_once('[').expect("a date");
    let (date, after) = after.split_once("] ").expect("the end of the date");
    assert_eq!((before, date.len()), ("127.0.0.1 - - ", 26));
    assert_eq!(after, "\"GET /v1/echo/a HTTP/1.1\" 200 3 \"-\" \"-\"");
}

#[test]
fn a_caller_who_goes_away_is_logged_too() {
    let backend = Backend::start().slow("GET", "/items/p_1", Duration::from_secs(5), "1");
    let logged =
        Logged::start(&[("PLAIN_URL", "http://127.0.0.1:1"), ("PATIENT_URL", &backend.url())]);
    let mut client = Client::connect(logged.address);
    client.request("GET", "/v1/patient/items/p_1", &[("X-Request-Id", "r1")], b"");
    while backend.requests().is_empty() {
        std::thread::sleep(Duration::from_millis(2));
    }
    drop(client);
    let (lines, _) = logged.stop();
    let line: Value = serde_json::from_str(&lines.concat()).expect("one line");
    assert_eq!((&line["request"], &line["status"]), (&json!("r1"), &Value::Null));
    assert_eq!(line["calls"][0]["outcome"], "dropped");
}

#[test]
fn it_can_be_off_or_tell_of_failures_only() {
    for (variable, value, expected) in [("LOG", "off", 0), ("LOG_SAMPLE", "0", 1)] {
        let env = [("PLAIN_URL", "http://127.0.0.1:1"), (variable, value)];
        let logged = Logged::start(&env);
        for target in ["/", "/nothing", "/v1/plain/items/p_1"] {
            get(logged.address, target);
        }
        let (lines, _) = logged.stop();
        assert_eq!(lines.len(), expected, "{variable}={value}: {lines:?}");
    }
}

#[test]
fn a_reader_that_stands_still_holds_up_nobody() {
    let logged = Logged::start(&[("PLAIN_URL", "http://127.0.0.1:1"), ("CORES", "1")]);
    let target = format!("/{}", "x".repeat(7000));
    let mut client = Client::connect(logged.address);
    let begin = Instant::now();
    for _ in 0..400 {
        client.request("GET", &target, &[], b"");
        assert_eq!(client.answer("GET").expect("an answer").status, 404);
    }
    assert!(begin.elapsed() < Duration::from_secs(10), "{:?}", begin.elapsed());
    drop(client);
    let (lines, events) = logged.stop();
    let lost: u64 = events
        .iter()
        .filter(|event| event["event"] == "log-lost")
        .filter_map(|event| event["lines"].as_u64())
        .sum();
    assert!(lost > 50 && lines.len() > 50, "{lost} lost, {} written", lines.len());
    assert_eq!(lines.len() as u64 + lost, 400);
}
