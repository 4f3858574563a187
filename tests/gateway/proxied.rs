//! Callers behind a proxy that carries bytes and says ahead of them whom they are of.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use gatewright_runtime::testing::{Answer, Backend, Client, Gateway, Running, get};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, StreamOwned};

use crate::contracts::limits::CONTRACT;

/// What a header of version 2 begins with.
const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";

/// A backend, and a gateway before it that listens to these proxies.
fn start(trusted: &str) -> (Backend, Running) {
    let store = Backend::start().answer("GET", "/own/a", 200, r#"{"value":1}"#);
    let env = [("STORE_URL", store.url()), ("TRUSTED_PROXIES", trusted.into())]
        .map(|(name, text)| (name, text));
    let mut env: Vec<(&str, &str)> =
        env.iter().map(|(name, text)| (*name, text.as_str())).collect();
    env.push(("PROXY_PROTOCOL", "true"));
    let gateway = Gateway::start(&CONTRACT, &env);
    (store, gateway)
}

/// Version 1 of the header.
fn line(address: &str) -> Vec<u8> {
    let family = if address.contains(':') { "TCP6" } else { "TCP4" };
    let own = if address.contains(':') { "::1" } else { "127.0.0.1" };
    format!("PROXY {family} {address} {own} 50000 8080\r\n").into_bytes()
}

/// Version 2 of it.
fn binary(command: u8, address: [u8; 4], parts: &[u8]) -> Vec<u8> {
    let rest = [&address[..], &[127, 0, 0, 1, 200, 0, 31, 144], parts].concat();
    let length = u16::try_from(rest.len()).expect("short");
    [SIGNATURE, &[command, 0x11], &length.to_be_bytes(), &rest].concat()
}

/// Sends a header and asks behind it.
fn ask(gateway: &Running, header: &[u8]) -> io::Result<Answer> {
    let mut client = Client::connect(gateway.address());
    client.write(header)?;
    client.request("GET", "/v1/own/a", &[], b"");
    client.answer("GET")
}

fn status(gateway: &Running, header: &[u8]) -> u16 {
    ask(gateway, header).expect("a whole answer").status
}

/// What was counted under this name.
fn counted(gateway: &Running, name: &str) -> String {
    let page = get(gateway.operator(), "/metrics").text();
    let line = page.lines().find_map(|line| line.strip_prefix(&format!("{name} ")));
    line.unwrap_or_default().to_owned()
}

#[test]
fn each_caller_that_is_carried_counts_alone() {
    let (store, gateway) = start("127.0.0.0/8");
    let by = |header: &[u8]| status(&gateway, header);
    let one = line("203.0.113.1");
    assert_eq!([by(&one), by(&one), by(&one)], [200, 200, 429]);
    // The same address in version 2 is the same caller.
    assert_eq!(by(&binary(0x21, [203, 0, 113, 1], &[])), 429);
    let other = binary(0x21, [203, 0, 113, 2], &[4, 0, 2, 0, 0]);
    assert_eq!([by(&other), by(&other), by(&other)], [200, 200, 429]);
    assert_eq!(by(&line("2001:db8::1")), 200);
    let told: Vec<_> = store
        .requests()
        .iter()
        .map(|one| one.header("x-forwarded-for").map(str::to_owned))
        .collect();
    let expected = ["203.0.113.1", "203.0.113.1", "203.0.113.2", "203.0.113.2", "2001:db8::1"];
    assert_eq!(told, expected.map(|one| Some(one.to_owned())));
}

#[test]
fn whom_a_proxy_carries_is_not_believed_as_the_proxy_is() {
    let (store, gateway) = start("127.0.0.1");
    let mut client = Client::connect(gateway.address());
    client.write(&line("203.0.113.7")).expect("open");
    let forged = [("X-Forwarded-For", "6.6.6.6"), ("X-Forwarded-Proto", "https")];
    client.request("GET", "/v1/own/a", &forged, b"");
    assert_eq!(client.answer("GET").expect("an answer").status, 200);
    // And so for every request of the connection.
    client.request("GET", "/v1/own/a", &forged, b"");
    assert_eq!(client.answer("GET").expect("an answer").status, 200);
    for request in store.requests() {
        assert_eq!(request.header("x-forwarded-for"), Some("203.0.113.7"));
        assert_eq!(request.header("x-forwarded-proto"), Some("http"));
    }
}

#[test]
fn a_proxy_may_ask_for_itself_and_may_have_been_asked_over_tls() {
    let (store, gateway) = start("127.0.0.1");
    assert_eq!(status(&gateway, &binary(0x20, [203, 0, 113, 9], &[])), 200);
    assert_eq!(status(&gateway, b"PROXY UNKNOWN\r\n"), 200);
    assert_eq!(
        status(&gateway, &binary(0x21, [203, 0, 113, 9], &[0x20, 0, 5, 1, 0, 0, 0, 0])),
        200
    );
    let told: Vec<_> = store
        .requests()
        .iter()
        .map(|one| {
            (
                one.header("x-forwarded-for").map(str::to_owned),
                one.header("x-forwarded-proto").map(str::to_owned),
            )
        })
        .collect();
    let of = |address: &str, scheme: &str| (Some(address.to_owned()), Some(scheme.to_owned()));
    assert_eq!(
        told,
        [of("127.0.0.1", "http"), of("127.0.0.1", "http"), of("203.0.113.9", "https")]
    );
}

#[test]
fn a_header_may_come_in_pieces() {
    let (_store, gateway) = start("127.0.0.1");
    for header in [line("203.0.113.3"), binary(0x21, [203, 0, 113, 4], &[])] {
        let mut client = Client::connect(gateway.address());
        for piece in header.chunks(7) {
            client.write(piece).expect("open");
            std::thread::sleep(Duration::from_millis(15));
        }
        client.request("GET", "/v1/own/a", &[], b"");
        assert_eq!(client.answer("GET").expect("an answer").status, 200);
    }
}

#[test]
fn a_trusted_proxy_that_says_nothing_is_closed_and_counted() {
    let (store, gateway) = start("127.0.0.1");
    let name = "gatewright_connections_unannounced_total";
    assert_eq!(counted(&gateway, name), "0");
    let too_long = format!("PROXY UNKNOWN {}\r\n", "x".repeat(200));
    let wrong: [&[u8]; 5] = [
        b"",
        b"PROXY TCP4 a b 1 2\r\n",
        too_long.as_bytes(),
        &binary(0x22, [1, 2, 3, 4], &[]),
        &binary(0x21, [1, 2, 3, 4], &[9]),
    ];
    for header in wrong {
        assert!(ask(&gateway, header).is_err(), "{header:?}");
    }
    assert_eq!(counted(&gateway, name), wrong.len().to_string());
    // Whoever only looks whether the port is open is not told of.
    drop(Client::connect(gateway.address()));
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(counted(&gateway, name), wrong.len().to_string());
    assert!(store.requests().is_empty());
    assert_eq!(status(&gateway, &line("203.0.113.5")), 200);
}

#[test]
fn who_is_no_trusted_proxy_cannot_say_so() {
    let (store, gateway) = start("10.0.0.0/8");
    let answer = ask(&gateway, &line("203.0.113.6"));
    assert_eq!(answer.expect("an answer").status, 400);
    assert_eq!(status(&gateway, b""), 200);
    assert_eq!(
        store.requests().first().and_then(|one| one.header("x-forwarded-for")),
        Some("127.0.0.1")
    );
}

#[test]
fn http_2_may_follow() {
    let (_store, gateway) = start("127.0.0.1");
    let mut stream = std::net::TcpStream::connect(gateway.address()).expect("it listens");
    io::Write::write_all(&mut stream, &binary(0x21, [203, 0, 113, 8], &[])).expect("open");
    let mut frames = gatewright_runtime::testing::frames::Frames::over(stream, &[]);
    frames.request(1, ("GET", "/v1/own/a"), &[], b"");
    assert_eq!(frames.outcome(1).status(), 200);
}

/// An answer over TLS, whose bytes follow `header`; the error where no connection is secured.
fn secured(gateway: &Running, header: &[u8]) -> io::Result<String> {
    let data = Path::new(crate::ROOT).join("runtime/tests/data/authority.pem");
    let mut roots = rustls::RootCertStore::empty();
    for one in CertificateDer::pem_file_iter(data).expect("it is in the repository") {
        roots.add(one.expect("a certificate")).expect("an authority");
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions that there are")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").expect("a name");
    let mut stream = TcpStream::connect(gateway.address())?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    stream.write_all(header)?;
    let session = ClientConnection::new(Arc::new(config), name).map_err(io::Error::other)?;
    let mut stream = StreamOwned::new(session, stream);
    stream.write_all(b"GET /v1/own/a HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    Ok(text)
}

#[test]
fn tls_may_follow() {
    let store = Backend::start().answer("GET", "/own/a", 200, r#"{"value":1}"#);
    let data = |name: &str| {
        let path = Path::new(crate::ROOT).join("runtime/tests/data").join(name);
        path.to_str().expect("UTF-8").to_owned()
    };
    let (url, certificate, key) = (store.url(), data("localhost.pem"), data("localhost.key"));
    let env = [
        ("STORE_URL", url.as_str()),
        ("TRUSTED_PROXIES", "127.0.0.1"),
        ("PROXY_PROTOCOL", "true"),
        ("TLS_CERT", &certificate),
        ("TLS_KEY", &key),
    ];
    let gateway = Gateway::start(&CONTRACT, &env);
    // What a proxy says of TLS of its own is nothing against what is seen.
    for header in [line("203.0.113.9"), binary(0x21, [203, 0, 113, 9], &[4, 0, 2, 0, 0])] {
        let answer = secured(&gateway, &header).expect("an answer");
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
    let requests = store.requests();
    assert_eq!(requests.len(), 2);
    for request in requests {
        assert_eq!(request.header("x-forwarded-for"), Some("203.0.113.9"));
        assert_eq!(request.header("x-forwarded-proto"), Some("https"));
    }
    assert!(secured(&gateway, b"").is_err(), "a proxy has to say whom it carries");
    // A header inside of what is encrypted is a request, and none that can be read.
    let inside = [line("203.0.113.9"), line("203.0.113.10")].concat();
    assert!(secured(&gateway, &inside).is_err(), "one header, then TLS");
    assert_eq!(store.requests().len(), 2);
}

#[test]
fn nobody_to_listen_to_keeps_the_gateway_from_starting() {
    let env = [("STORE_URL", "http://127.0.0.1:1"), ("PROXY_PROTOCOL", "true")];
    let report = Gateway::refusal(&CONTRACT, &env).expect("it does not start");
    assert!(report.contains("is `true`, but `TRUSTED_PROXIES` names no proxy"), "{report}");
}

#[test]
fn connections_end_as_their_operator_wants_it() {
    let start = |env: &[(&str, &str)]| {
        let store = Backend::start().answer("GET", "/own/a", 200, r#"{"value":1}"#);
        let url = store.url();
        let all: Vec<_> = [("STORE_URL", url.as_str())].iter().chain(env).copied().collect();
        let gateway = Gateway::start(&CONTRACT, &all);
        (store, gateway)
    };
    let ask = |client: &mut Client| {
        client.request("GET", "/v1/own/a", &[], b"");
        let answer = client.answer("GET").expect("an answer");
        answer.header("connection") == Some("close")
    };
    let (_store, gateway) = start(&[("KEEP_ALIVE_REQUESTS", "2")]);
    let mut client = Client::connect(gateway.address());
    assert_eq!([ask(&mut client), ask(&mut client)], [false, true]);
    assert!(client.is_closed());
    let (_store, gateway) = start(&[("KEEP_ALIVE_AGE", "1s")]);
    let mut client = Client::connect(gateway.address());
    assert!(!ask(&mut client));
    std::thread::sleep(Duration::from_millis(1_100));
    assert!(ask(&mut client) && client.is_closed());
    let (_store, gateway) = start(&[("KEEP_ALIVE_IDLE", "1s")]);
    let mut client = Client::connect(gateway.address());
    assert!(!ask(&mut client));
    let begun = Instant::now();
    assert!(client.is_closed());
    assert!(
        begun.elapsed() > Duration::from_millis(900) && begun.elapsed() < Duration::from_secs(5)
    );
    // Over HTTP/2 goodbye is said, and what was sent until then is answered.
    for env in [("KEEP_ALIVE_REQUESTS", "2"), ("KEEP_ALIVE_AGE", "1s")] {
        let (_store, gateway) = start(&[env]);
        let mut frames =
            gatewright_runtime::testing::frames::Frames::connect(gateway.address(), &[]);
        for stream in [1, 3] {
            frames.request(stream, ("GET", "/v1/own/a"), &[], b"");
            assert_eq!(frames.outcome(stream).status(), 200);
        }
        let begun = Instant::now();
        assert!(frames.end().is_some(), "it says goodbye");
        assert!(begun.elapsed() < Duration::from_secs(5));
    }
}

#[test]
fn browsers_are_told_to_guess_nothing_and_to_ask_over_tls() {
    let store = Backend::start().answer("GET", "/own/a", 200, r#"{"value":1}"#);
    let url = store.url();
    let env = [
        ("STORE_URL", url.as_str()),
        ("HSTS", "365d includeSubDomains"),
        ("TRUSTED_PROXIES", "127.0.0.1"),
    ];
    let gateway = Gateway::start(&CONTRACT, &env);
    let mut client = Client::connect(gateway.address());
    let mut ask = |target, headers: &[(&str, &str)]| {
        client.request("GET", target, headers, b"");
        client.answer("GET").expect("an answer")
    };
    for target in ["/v1/own/a", "/v1/nothing"] {
        let plain = ask(target, &[]);
        assert_eq!(plain.headers("x-content-type-options"), ["nosniff"], "{target}");
        assert_eq!(plain.header("strict-transport-security"), None);
        let secure = ask(target, &[("X-Forwarded-Proto", "https")]);
        let told = secure.headers("strict-transport-security");
        assert_eq!(told, ["max-age=31536000; includeSubDomains"], "{target}");
    }
    for wrong in ["yes", "365", "365d please", "max-age=1"] {
        let env = [("STORE_URL", url.as_str()), ("HSTS", wrong)];
        let report = Gateway::refusal(&CONTRACT, &env).expect("it does not start");
        assert!(report.contains("must be a time such as `365d`"), "{report}");
    }
}
