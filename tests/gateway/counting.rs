//! Limits that gateways count together, against a real server and against ones that misbehave.

#![allow(clippy::panic, reason = "a test that cannot go on says so")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use gatewright_runtime::testing::{Answer, Gateway, Running, get, send};

use crate::ROOT;
use crate::ask::{problem, unused_port};
use crate::contracts::{shared, strict};

/// The SHA-256 of `staff-key-1`.
const STAFF_KEYS: &str = "alice:29c5964b10164845ab1f9ce6c75bd3c0d19515b125bce6f0fa183593414c77a2";

/// A server of its own, in memory alone, which ends with the test.
struct Server {
    child: Child,
    port: u16,
    words: Vec<String>,
}

impl Server {
    fn start(words: &[&str]) -> Server {
        let port = unused_port();
        let words = words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let server = Server { child: Server::child(port, &words), port, words };
        server.wait();
        server
    }

    fn child(port: u16, words: &[String]) -> Child {
        Command::new("redis-server")
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", ""])
            .args(["--appendonly", "no", "--daemonize", "no"])
            .args(words)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("redis-server is installed: `.ci/run` does that")
    }

    fn wait(&self) {
        let start = Instant::now();
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(start.elapsed() < Duration::from_secs(20), "the server does not listen");
            sleep(Duration::from_millis(10));
        }
    }

    fn address(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    fn kill(&mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it ends");
    }

    fn back(&mut self) {
        self.child = Server::child(self.port, &self.words);
        self.wait();
    }

    /// Says something to it, as an operator would.
    fn say(&self, words: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("it listens");
        stream.write_all(format!("{words}\r\n").as_bytes()).expect("it is taken");
        stream.set_read_timeout(Some(Duration::from_millis(300))).expect("a time");
        let mut answer = vec![0; 64 * 1024];
        let length = stream.read(&mut answer).expect("an answer");
        String::from_utf8_lossy(&answer[..length]).into_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn gateway(address: &str) -> Running {
    let env = [("STORE_ADDRESS", address), ("STAFF_KEYS", STAFF_KEYS), ("CORES", "2")];
    Gateway::start(&shared::CONTRACT, &env)
}

fn strict(address: &str) -> Running {
    trusting(address, &data("authority.pem"))
}

/// The same, which takes a store for itself only by a certificate of these authorities.
fn trusting(address: &str, authorities: &str) -> Running {
    let env = [("STORE_ADDRESS", address), ("STORE_CA", authorities)];
    Gateway::start(&strict::CONTRACT, &env)
}

/// Where certificates of the tests are.
fn path(name: &str) -> String {
    let path = Path::new(ROOT).join("runtime/tests/data").join(name);
    path.to_str().expect("UTF-8").to_owned()
}

fn data(name: &str) -> String {
    std::fs::read_to_string(path(name)).expect("it is in the repository")
}

fn statuses(gateways: &[&Running], target: &str, count: usize) -> Vec<u16> {
    let mut next = gateways.iter().cycle();
    let mut ask = || get(next.next().expect("some").address(), target).status;
    (0..count).map(|_| ask()).collect()
}

/// Asks until it is answered like this, for a while.
#[track_caller]
fn until(gateway: &Running, target: &str, status: u16) -> Answer {
    let start = Instant::now();
    loop {
        let answer = get(gateway.address(), target);
        if answer.status == status {
            return answer;
        }
        assert!(start.elapsed() < Duration::from_secs(20), "{}", answer.text());
        sleep(Duration::from_millis(20));
    }
}

#[test]
fn two_gateways_let_through_what_one_would() {
    let server = Server::start(&[]);
    let (one, other) = (gateway(&server.address()), gateway(&server.address()));
    let passed = statuses(&[&one, &other], "/v1/public/ip", 9);
    assert_eq!(passed, [204, 204, 204, 204, 204, 429, 429, 429, 429]);
    let refused = get(other.address(), "/v1/public/ip");
    problem(&refused, 429, "gateway:limit-reached");
    assert_eq!(refused.header("ratelimit-policy"), Some("\"ip\";q=5;w=60"));
    assert_eq!(refused.header("ratelimit"), Some("\"ip\";r=0;t=60"));
    assert_eq!(refused.header("retry-after"), Some("12"));
    // What is not shared is counted by each alone.
    let passed = statuses(&[&one, &other], "/v1/public/own", 6);
    assert_eq!(passed, [204, 204, 204, 204, 429, 429]);
}

#[test]
fn many_at_one_time_are_counted_exactly() {
    let server = Server::start(&[]);
    let gateways = [gateway(&server.address()), gateway(&server.address())];
    let addresses: Vec<SocketAddr> = gateways.iter().map(Running::address).collect();
    let callers: Vec<_> = (0..8)
        .map(|at| {
            let address = addresses[at % 2];
            std::thread::spawn(move || {
                (0..5).filter(|_| get(address, "/v1/public/ip").status == 204).count()
            })
        })
        .collect();
    let passed: usize = callers.into_iter().map(|one| one.join().expect("it ends")).sum();
    assert_eq!(passed, 5);
}

#[test]
fn time_frees_calls_by_the_clock_of_the_store() {
    let server = Server::start(&[]);
    let (one, other) = (gateway(&server.address()), gateway(&server.address()));
    let start = Instant::now();
    let mut passed = 0;
    while start.elapsed() < Duration::from_millis(1_200) {
        passed += statuses(&[&one, &other], "/v1/public/all", 2)
            .iter()
            .filter(|status| **status == 204)
            .count();
        sleep(Duration::from_millis(5));
    }
    // Ten a second, and two at once.
    let most = 2 + start.elapsed().as_millis() as usize / 100 + 1;
    assert!((6..=most).contains(&passed), "{passed} of at most {most}");
}

#[test]
fn what_one_limit_refuses_is_counted_by_none() {
    let server = Server::start(&[]);
    let (one, other) = (gateway(&server.address()), gateway(&server.address()));
    let ask = |gateway: &Running, client: &str| {
        send(gateway.address(), "GET", "/v1/public/mixed", &[("X-Client", client)], b"").status
    };
    assert_eq!([ask(&one, "a"), ask(&other, "a")], [204, 204]);
    assert_eq!([ask(&one, "a"), ask(&other, "a"), ask(&one, "a")], [429; 3]);
    // Of the three of the address one is left, whoever asks for it.
    assert_eq!([ask(&one, "b"), ask(&other, "c")], [204, 429]);
    let staff = |gateway: &Running| {
        send(gateway.address(), "GET", "/v1/staff", &[("X-Api-Key", "staff-key-1")], b"").status
    };
    let passed = [staff(&one), staff(&other), staff(&one), staff(&other)];
    assert_eq!(passed, [204, 204, 204, 429]);
}

#[test]
fn a_store_that_dies_is_counted_without_and_found_again() {
    let mut server = Server::start(&[]);
    let (one, other) = (gateway(&server.address()), gateway(&server.address()));
    assert_eq!(statuses(&[&one, &other], "/v1/public/ip", 4), [204; 4]);
    server.kill();
    // Each goes on from what it has counted itself: two of its five.
    let start = Instant::now();
    assert_eq!(statuses(&[&one], "/v1/public/ip", 4), [204, 204, 204, 429]);
    assert_eq!(statuses(&[&other], "/v1/public/ip", 4), [204, 204, 204, 429]);
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    server.back();
    // What it has forgotten is counted anew, by both together again.
    let start = Instant::now();
    while !server.say("INFO commandstats").contains("cmdstat_evalsha") {
        assert!(start.elapsed() < Duration::from_secs(20), "it is not found again");
        statuses(&[&one, &other], "/v1/public/wide", 2);
        sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_contract_may_say_that_nobody_passes_uncounted() {
    let mut server = Server::start(&[]);
    let gateway = strict(&server.address());
    until(&gateway, "/v1/few", 204);
    server.kill();
    let refused = until(&gateway, "/v1/few", 503);
    problem(&refused, 503, "gateway:limits-unavailable");
    assert_eq!(refused.header("retry-after"), Some("1"));
    assert_eq!(get(gateway.address(), "/v1/free").status, 204, "what is its own goes on");
    server.back();
    until(&gateway, "/v1/few", 204);
}

/// Over TLS the store has to show who it is. One that cannot is away, whatever it says, and is told nothing:
/// not even the password.
#[test]
fn a_store_that_nobody_vouches_for_is_away() {
    let (server, place) = secured("secret");
    let address = format!("rediss://app:secret@{place}");
    let distrusting = trusting(&address, &data("clients.pem"));
    problem(&until(&distrusting, "/v1/few", 503), 503, "gateway:limits-unavailable");
    let gateway = gateway(&address);
    assert_eq!(statuses(&[&gateway], "/v1/public/ip", 6), [204, 204, 204, 204, 204, 429]);
    let told = server.say("AUTH secret\r\nINFO commandstats");
    assert!(told.contains("cmdstat_info") || told.contains("# Commandstats"), "{told}");
    assert!(!told.contains("cmdstat_auth:calls=2"), "{told}");
    assert!(!told.contains("cmdstat_script"), "{told}");
    // Nor is one by another name than it was asked for.
    let elsewhere = trusting(&address.replace("localhost", "127.0.0.2"), &data("authority.pem"));
    problem(&until(&elsewhere, "/v1/few", 503), 503, "gateway:limits-unavailable");
}

#[test]
fn scripts_that_were_forgotten_are_told_again() {
    let server = Server::start(&[]);
    let gateway = strict(&server.address());
    until(&gateway, "/v1/few", 204);
    assert!(server.say("SCRIPT FLUSH").starts_with("+OK"));
    for _ in 0..3 {
        assert_eq!(get(gateway.address(), "/v1/few").status, 204);
    }
}

#[test]
fn a_password_is_shown_and_a_wrong_one_lets_nobody_count() {
    let server = Server::start(&["--requirepass", "s3cret:@"]);
    let port = server.port;
    let right = strict(&format!("redis://:s3cret%3A%40@127.0.0.1:{port}/3"));
    until(&right, "/v1/few", 204);
    let named = strict(&format!("redis://default:s3cret%3A%40@127.0.0.1:{port}"));
    until(&named, "/v1/few", 204);
    for who in ["", ":wrong@", "nobody:s3cret@"] {
        let gateway = strict(&format!("redis://{who}127.0.0.1:{port}"));
        assert_eq!(get(gateway.address(), "/v1/few").status, 503, "{who}");
    }
}

/// Something that listens, and does this with every connection.
fn listens(serve: impl Fn(TcpStream) + Send + Sync + Clone + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("bound");
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let serve = serve.clone();
            std::thread::spawn(move || serve(stream));
        }
    });
    format!("redis://{address}")
}

/// No request waits for longer than the contract says, and not one after the other.
#[test]
fn a_store_that_hangs_costs_little_time() {
    let address = listens(|stream| {
        sleep(Duration::from_secs(30));
        drop(stream);
    });
    let gateway = gateway(&address);
    let start = Instant::now();
    let passed = statuses(&[&gateway], "/v1/public/ip", 7);
    assert_eq!(passed, [204, 204, 204, 204, 204, 429, 429]);
    // Only until it is known whether it is there, requests wait for it: 200 ms each at most.
    assert!(start.elapsed() < Duration::from_secs(4), "{:?}", start.elapsed());
}

/// A server that answers the greeting, and then this to whatever it is asked.
fn answers(answer: &'static [u8]) -> String {
    listens(move |mut stream| {
        let mut bytes = vec![0; 64 * 1024];
        let mut seen = Vec::new();
        while let Ok(length @ 1..) = stream.read(&mut bytes) {
            seen.extend_from_slice(&bytes[..length]);
            let text = String::from_utf8_lossy(&seen).into_owned();
            if text.contains("LOAD") && text.ends_with("return used\n\r\n") {
                let sha = "0123456789abcdef0123456789abcdef01234567";
                let _ = stream.write_all(format!("$40\r\n{sha}\r\n").as_bytes());
                seen.clear();
            } else if text.contains("EVALSHA") {
                let _ = stream.write_all(answer);
                seen.clear();
            }
        }
    })
}

#[test]
fn answers_that_are_none_are_not_believed() {
    for answer in [
        &b"HTTP/1.1 400 Bad Request\r\n\r\n"[..],
        b"+OK\r\n",
        b"$-1\r\n",
        b":1\r\n",
        b"*0\r\n",
        b"*1\r\n:0\r\n",
        b"*2\r\n:0\r\n:-5\r\n",
        b"*2\r\n:0\r\n:99999999999999\r\n",
        b"*2\r\n:9\r\n:1\r\n",
        b"*2\r\n:0\r\n$1\r\nx\r\n",
        b"*2\r\n:0\r\n",
        b"-ERR some\r\n",
        b"-LOADING it is\r\n",
        b"-NOSCRIPT no\r\n-NOSCRIPT no\r\n",
        b"",
    ] {
        let address = answers(answer);
        let strict = strict(&address);
        let text = String::from_utf8_lossy(answer).into_owned();
        assert_eq!(get(strict.address(), "/v1/few").status, 503, "{text:?}");
        let gateway = gateway(&address);
        let passed = statuses(&[&gateway], "/v1/public/ip", 6);
        assert_eq!(passed, [204, 204, 204, 204, 204, 429], "{text:?}");
    }
}

#[test]
fn a_store_that_is_slow_is_done_without() {
    let address = listens(|mut stream| {
        let mut bytes = vec![0; 64 * 1024];
        while let Ok(1..) = stream.read(&mut bytes) {
            sleep(Duration::from_millis(700));
            let sha = "0123456789abcdef0123456789abcdef01234567";
            let _ = stream.write_all(format!("$40\r\n{sha}\r\n").as_bytes());
        }
    });
    let gateway = gateway(&address);
    let start = Instant::now();
    let passed = statuses(&[&gateway], "/v1/public/ip", 6);
    assert_eq!(passed, [204, 204, 204, 204, 204, 429]);
    assert!(start.elapsed() < Duration::from_secs(4), "{:?}", start.elapsed());
}

#[test]
fn an_address_that_is_none_is_told_before_anything_listens() {
    for address in ["mock", "http://127.0.0.1", "redis://:hunter2@", "redis://127.0.0.1:0"] {
        let env = [("STORE_ADDRESS", address), ("STAFF_KEYS", STAFF_KEYS)];
        let report = Gateway::refusal(&shared::CONTRACT, &env).expect("a refusal");
        assert!(report.contains("STORE_ADDRESS") && !report.contains("hunter2"), "{report}");
    }
}

#[test]
fn names_of_any_length_are_kept_short() {
    let server = Server::start(&[]);
    let gateway = gateway(&server.address());
    let long = "x".repeat(8_000);
    for client in [long.as_str(), "short"] {
        let fields = [("X-Client", client)];
        let answer = send(gateway.address(), "GET", "/v1/public/mixed", &fields, b"");
        assert_eq!(answer.status, 204);
    }
    let keys = server.say("KEYS *");
    assert!(keys.contains("gatewright:shared:") && !keys.contains(&"x".repeat(200)), "{keys}");
    let fields = [("X-Client", long.as_str())];
    let ask = || send(gateway.address(), "GET", "/v1/public/mixed", &fields, b"").status;
    assert_eq!([ask(), ask()], [204, 429]);
}

/// A server that speaks TLS on a port of its own, and plainly on another.
fn secured(password: &str) -> (Server, String) {
    let port = unused_port();
    let (certificate, key) = (path("localhost.pem"), path("localhost.key"));
    let secure = port.to_string();
    let words = [
        "--tls-port",
        &secure,
        "--tls-cert-file",
        &certificate,
        "--tls-key-file",
        &key,
        "--tls-auth-clients",
        "no",
        "--requirepass",
        password,
    ];
    let server = Server::start(&words);
    (server, format!("localhost:{port}"))
}

#[test]
fn a_store_shows_who_it_is_and_is_asked_over_tls() {
    let (mut server, place) = secured("p@ss");
    let address = format!("rediss://:p%40ss@{place}/1");
    let gateways = [strict(&address), strict(&address)];
    until(&gateways[0], "/v1/few", 204);
    let all = gateways.each_ref();
    let answered = statuses(&all, "/v1/few", 120);
    // Some come back in the time that it takes.
    let passed = answered.iter().filter(|status| **status == 204).count();
    assert!((99..108).contains(&passed), "{answered:?}");
    server.kill();
    assert_eq!(get(gateways[0].address(), "/v1/few").status, 503);
    server.back();
    until(&gateways[0], "/v1/few", 204);
}

#[test]
fn authorities_that_cannot_be_read_are_told_before_anything_listens() {
    let env = [("STORE_ADDRESS", "rediss://localhost"), ("STORE_CA", "/nowhere/ca.pem")];
    let report = Gateway::refusal(&strict::CONTRACT, &env).expect("it does not start");
    assert!(report.contains("STORE_CA") && report.contains("/nowhere/ca.pem"), "{report}");
}
