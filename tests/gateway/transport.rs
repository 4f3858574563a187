//! Connections to backends: HTTP/2, shared by many requests, and TLS on both sides' terms.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{sleep, spawn};
use std::time::{Duration, Instant};

use gatewright_runtime::testing::frames::{END_HEADERS, END_STREAM, Frames, kind};
use gatewright_runtime::testing::{Backend, Gateway, Running, get, send};

use crate::ROOT;
use crate::ask::{NOBODY, problem};
use crate::contracts::{access, pass, transport};

/// Certificates of the tests.
fn data(name: &str) -> String {
    let path = Path::new(ROOT).join("runtime/tests/data").join(name);
    fs::read_to_string(path).expect("it is in the repository")
}

/// A gateway before `files` that wants to know who asks, and where it passes on.
fn secured(files: &Backend) -> (Running, String) {
    let (certificate, key, clients) =
        (data("localhost.pem"), data("localhost.key"), data("clients.pem"));
    let env = [("TLS_CERT", certificate.as_str()), ("TLS_KEY", &key), ("TLS_CLIENT_CA", &clients)];
    let behind = passing(files, &env);
    let vault = format!("https://localhost:{}/v1/files", behind.address().port());
    (behind, vault)
}

pub(crate) fn asking(store: &str, vault: &str, shown: &str) -> Running {
    let (ca, certificate, key) = (data("authority.pem"), data("client.pem"), data("client.key"));
    let (certificate, key) = match shown {
        "client" => (certificate, key),
        _ => (data("localhost.pem"), data("localhost.key")),
    };
    let env = [
        ("STORE_URL", store),
        ("VAULT_URL", vault),
        ("VAULT_CA", &ca),
        ("VAULT_CERT", &certificate),
        ("VAULT_CERT_KEY", &key),
    ];
    Gateway::start(&transport::CONTRACT, &env)
}

/// A gateway that passes on what it is asked for to `files`, with these variables besides.
fn passing(files: &Backend, more: &[(&str, &str)]) -> Running {
    let url = files.url();
    let env = [("FILES_URL", url.as_str()), ("FILES_KEY", "k-1"), ("FLAKY_URL", NOBODY)];
    let env: Vec<_> = env.iter().chain(more).copied().collect();
    Gateway::start(&pass::CONTRACT, &env)
}

/// A backend of HTTP/2 each connection of which, counted from 0, `play` plays. Its address, and how many
/// connections there were.
pub(crate) fn played(
    settings: &'static [(u16, u32)],
    play: impl Fn(usize, Frames) + Send + Sync + 'static,
) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("bound");
    let count = Arc::<AtomicUsize>::default();
    let (counted, play) = (Arc::clone(&count), Arc::new(play));
    spawn(move || {
        for stream in listener.incoming().flatten() {
            let number = counted.fetch_add(1, Ordering::SeqCst);
            let play = Arc::clone(&play);
            spawn(move || {
                if let Ok(frames) = Frames::accept(stream, settings) {
                    play(number, frames);
                }
            });
        }
    });
    (format!("h2c://{address}"), count)
}

/// The stream of the next request that has arrived whole; nothing once the connection has ended.
pub(crate) fn arrived(frames: &mut Frames) -> Option<u32> {
    loop {
        let frame = frames.read().ok()?;
        if [kind::HEADERS, kind::DATA].contains(&frame.kind) && frame.flags & END_STREAM != 0 {
            return Some(frame.stream);
        }
    }
}

/// Answers with 200 and this body.
pub(crate) fn answer(frames: &mut Frames, stream: u32, body: &str) {
    frames.send(kind::HEADERS, END_HEADERS, stream, &[0x88]);
    frames.send(kind::DATA, END_STREAM, stream, body.as_bytes());
}

const ITEM: &str = r#"{"name":"tea"}"#;

#[test]
fn many_requests_share_one_connection() {
    let (url, connections) = played(&[], |_, mut frames| {
        let Some(first) = arrived(&mut frames) else { return };
        answer(&mut frames, first, ITEM);
        // None of them is answered before all are there.
        let streams: Vec<_> = (0..20).map_while(|_| arrived(&mut frames)).collect();
        for stream in streams {
            answer(&mut frames, stream, ITEM);
        }
        while arrived(&mut frames).is_some() {}
    });
    let gateway = asking(&url, NOBODY, "client");
    assert_eq!(get(gateway.address(), "/v1/items/a").text(), ITEM);
    let mut caller = Frames::connect(gateway.address(), &[]);
    let streams: Vec<u32> = (0..20).map(|nth| 2 * nth + 1).collect();
    for stream in &streams {
        caller.request(*stream, ("GET", "/v1/items/a"), &[], b"");
    }
    let mut left = streams.len();
    while left > 0 {
        let frame = caller.read().expect("answers");
        left -= usize::from(frame.kind == kind::DATA && frame.payload == ITEM.as_bytes());
    }
    assert_eq!(connections.load(Ordering::SeqCst), 1);
}

#[test]
fn a_backend_that_wants_fewer_at_once_gets_another_connection() {
    let (url, connections) = played(&[(3, 1)], |_, mut frames| {
        while let Some(stream) = arrived(&mut frames) {
            sleep(Duration::from_millis(400));
            answer(&mut frames, stream, ITEM);
        }
    });
    let gateway = asking(&url, NOBODY, "client");
    assert_eq!(get(gateway.address(), "/v1/items/a").status, 200);
    let address = gateway.address();
    let callers: Vec<_> =
        (0..3).map(|_| spawn(move || get(address, "/v1/items/a").status)).collect();
    for caller in callers {
        assert_eq!(caller.join().expect("an answer"), 200);
    }
    assert!((2..=4).contains(&connections.load(Ordering::SeqCst)));
}

#[test]
fn a_caller_who_leaves_ends_the_request_and_not_the_connection() {
    let (told, heard) = std::sync::mpsc::channel();
    let (url, connections) = played(&[], move |_, mut frames| {
        while let Ok(frame) = frames.read() {
            if frame.kind == kind::RST_STREAM {
                let _ = told.send(frame.stream);
            } else if frame.kind == kind::HEADERS && frame.stream > 1 {
                answer(&mut frames, frame.stream, ITEM);
            }
        }
    });
    let gateway = asking(&url, NOBODY, "client");
    let mut caller = TcpStream::connect(gateway.address()).expect("it listens");
    caller.write_all(b"GET /v1/items/a HTTP/1.1\r\nHost: a\r\n\r\n").expect("open");
    sleep(Duration::from_millis(100));
    drop(caller);
    assert_eq!(heard.recv_timeout(Duration::from_secs(5)), Ok(1));
    assert_eq!(get(gateway.address(), "/v1/items/a").status, 200);
    assert_eq!(connections.load(Ordering::SeqCst), 1);
}

#[test]
fn a_change_of_protocol_goes_over_http_1() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("h2c://{}", listener.local_addr().expect("bound"));
    let backend = spawn(move || {
        let (mut stream, _) = listener.accept().expect("somebody connects");
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|size| size > 0) {
            head.extend(byte);
        }
        let _ = stream.write_all(
            b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\nhello",
        );
        String::from_utf8_lossy(&head).into_owned()
    });
    let gateway = asking(&url, NOBODY, "client");
    let mut caller = TcpStream::connect(gateway.address()).expect("it listens");
    caller.set_read_timeout(Some(Duration::from_secs(10))).expect("a positive time");
    let request =
        "GET /v1/socket HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
    caller.write_all(request.as_bytes()).expect("open");
    let mut text = String::new();
    let _ = caller.read_to_string(&mut text);
    assert!(text.starts_with("HTTP/1.1 101") && text.ends_with("hello"), "{text}");
    assert!(backend.join().expect("played").starts_with("GET /socket HTTP/1.1\r\n"));
}

#[test]
fn a_gateway_behind_a_gateway_gets_what_it_needs() {
    let files = Backend::start().answer("GET", "/files/files/a?x=1", 200, "page");
    let behind = passing(&files, &[]);
    let store = format!("h2c://{}/v1/files", behind.address());
    let gateway = asking(&store, NOBODY, "client");
    let fields = [("Cookie", "a=1"), ("TE", "trailers"), ("X-Mark", "m")];
    let found = send(gateway.address(), "GET", "/v1/files/a?x=1", &fields, b"");
    assert_eq!((found.status, found.text().as_str()), (200, "page"));
    let received = files.requests().first().cloned().expect("it was asked");
    let authority = behind.address().to_string();
    assert_eq!(received.header("x-forwarded-host"), Some(authority.as_str()), "{received:?}");
    assert_eq!((received.header("cookie"), received.header("x-mark")), (Some("a=1"), Some("m")));
    assert_eq!(received.header("te"), Some("trailers"));
    let body = vec![b'x'; 300_000];
    send(gateway.address(), "PUT", "/v1/files/b", &[], &body);
    assert_eq!(files.requests().last().map(|request| request.body.len()), Some(body.len()));
}

#[test]
fn a_backend_shows_who_it_is_and_is_shown_who_asks() {
    let files = Backend::start().answer("GET", "/files/files/a", 200, "page");
    let (_behind, vault) = secured(&files);
    let gateway = asking(NOBODY, &vault, "client");
    for _ in 0..3 {
        let answer = get(gateway.address(), "/v1/secrets/a");
        assert_eq!((answer.status, answer.text().as_str()), (200, "page"));
    }
    // What it is shown is of somebody else.
    let other = asking(NOBODY, &vault, "localhost");
    problem(&get(other.address(), "/v1/secrets/a"), 502, "gateway:backend-failed");
    // It is somebody else.
    let shop = passing(&files, &[("TLS_CERT", &data("shop.pem")), ("TLS_KEY", &data("shop.key"))]);
    let vault = format!("https://localhost:{}/v1/files", shop.address().port());
    let gateway = asking(NOBODY, &vault, "client");
    problem(&get(gateway.address(), "/v1/secrets/a"), 502, "gateway:backend-failed");
}

#[test]
fn what_cannot_secure_a_connection_is_told_before_anything_listens() {
    let (ca, certificate, key) = (data("authority.pem"), data("client.pem"), data("client.key"));
    let other = data("shop.key");
    let table = [
        (["/nowhere/ca.pem", &certificate, &key], "VAULT_CA", "cannot be read"),
        ([key.as_str(), &certificate, &key], "VAULT_CA", "holds no certificate in PEM"),
        ([ca.as_str(), &ca, &other], "VAULT_CERT_KEY", "is not the key of `VAULT_CERT`"),
        ([ca.as_str(), &certificate, &ca], "VAULT_CERT_KEY", "holds no key in PEM"),
    ];
    for ([ca, certificate, key], variable, reason) in table {
        let env = [
            ("STORE_URL", NOBODY),
            ("VAULT_URL", "https://localhost:1"),
            ("VAULT_CA", ca),
            ("VAULT_CERT", certificate),
            ("VAULT_CERT_KEY", key),
        ];
        let report = Gateway::refusal(&transport::CONTRACT, &env).expect("it does not start");
        let line = report.lines().find(|line| line.contains(variable)).unwrap_or_default();
        assert!(line.contains(reason), "{reason}: {report}");
    }
}

#[test]
fn certificates_that_change_are_shown_from_then_on() {
    let files = Backend::start().answer("GET", "/files/files/a", 200, "page");
    let (_behind, vault) = secured(&files);
    let folder = std::env::temp_dir().join(format!("gatewright-trust-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder");
    let paths =
        ["ca.pem", "own.pem", "own.key"].map(|name| folder.join(name).display().to_string());
    for (path, name) in paths.iter().zip(["authority.pem", "localhost.pem", "localhost.key"]) {
        fs::write(path, data(name)).expect("a file");
    }
    let [ca, own, own_key] = &paths;
    let env = [
        ("STORE_URL", NOBODY),
        ("VAULT_URL", &vault),
        ("VAULT_CA", ca),
        ("VAULT_CERT", own),
        ("VAULT_CERT_KEY", own_key),
    ];
    let gateway = Gateway::start(&transport::CONTRACT, &env);
    assert_eq!(get(gateway.address(), "/v1/secrets/a").status, 502);
    fs::write(own, data("client.pem")).expect("a file");
    fs::write(own_key, data("client.key")).expect("a file");
    let begun = Instant::now();
    while get(gateway.address(), "/v1/secrets/a").status != 200 {
        assert!(begun.elapsed() < Duration::from_secs(15), "it shows the old one");
        sleep(Duration::from_millis(200));
    }
    let _ = fs::remove_dir_all(folder);
}

#[test]
fn an_address_that_speaks_http_2_is_a_backends_alone() {
    let env = [
        ("STORE_URL", "h2c://127.0.0.1:1, http://127.0.0.1:2"),
        ("VAULT_URL", NOBODY),
        ("VAULT_CA", "mock"),
        ("VAULT_CERT", "mock"),
        ("VAULT_CERT_KEY", "mock"),
    ];
    let report = Gateway::refusal(&transport::CONTRACT, &env).expect("it does not start");
    assert!(report.contains("whose addresses have several schemes"), "{report}");
    assert!(!report.contains("VAULT_CA"), "nothing is secured there: {report}");
    let env = [("JWKS_URL", "h2c://127.0.0.1:1")];
    let report = Gateway::refusal(&access::CONTRACT, &env).expect("it does not start");
    let line = report.lines().find(|line| line.contains("JWKS_URL")).unwrap_or_default();
    assert!(line.contains("whose scheme is for backends alone"), "{report}");
}

#[test]
fn a_connection_that_has_ended_takes_no_more_requests() {
    // It ends with its goodbye, or without one.
    for goodbye in [true, false] {
        let (url, connections) = played(&[], move |_, mut frames| {
            let Some(stream) = arrived(&mut frames) else { return };
            answer(&mut frames, stream, ITEM);
            if goodbye {
                frames.send(kind::GOAWAY, 0, 0, &[0, 0, 0, 1, 0, 0, 0, 0]);
            }
            sleep(Duration::from_millis(50));
        });
        let gateway = asking(&url, NOBODY, "client");
        for _ in 0..3 {
            let begun = Instant::now();
            let answer = get(gateway.address(), "/v1/items/a");
            assert_eq!((answer.status, answer.text().as_str()), (200, ITEM));
            assert!(begun.elapsed() < Duration::from_secs(4), "it waited for nobody");
            sleep(Duration::from_millis(200));
        }
        assert_eq!(connections.load(Ordering::SeqCst), 3);
    }
}
