//! `--against` and `diff` beside gateways that run: here a server that says what it is told to.

use crate::program::{Folder, GOOD};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;

/// Answers each connection with these bytes, on a free port, for as long as the test runs.
fn server(answer: Vec<u8>, tls: Option<Arc<ServerConfig>>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("bound");
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            match &tls {
                None => exchange(stream, &answer),
                Some(config) => {
                    let connection = ServerConnection::new(Arc::clone(config)).expect("a server");
                    exchange(StreamOwned::new(connection, stream), &answer);
                }
            }
        }
    });
    address
}

fn exchange(mut stream: impl Read + Write, answer: &[u8]) {
    let mut request = Vec::new();
    let mut some = [0; 1024];
    while !request.ends_with(b"\r\n\r\n") {
        match stream.read(&mut some) {
            Ok(0) | Err(_) => return,
            Ok(count) => request.extend_from_slice(some.get(..count).unwrap_or_default()),
        }
    }
    let _ = stream.write_all(answer).and_then(|()| stream.flush());
}

fn answer(status: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n\r\n{body}").into_bytes()
}

/// What a gateway says that was made of `text`, with its lock's last chain.
fn contract(text: &str, lock: Option<&str>) -> String {
    let chain = lock.and_then(|lock| lock.lines().rfind(|line| line.starts_with("version ")));
    let chain = chain.and_then(|line| line.split(" chain ").nth(1));
    let version = serde_json::json!({
        "version": "1", "draft": false, "revision": chain.map(|_| "1.0"), "chain": chain,
        "sha256": "00", "source": text
    });
    serde_json::json!({ "api": "tiny", "default": null, "versions": [version] }).to_string()
}

fn at(address: SocketAddr) -> String {
    format!("http://{address}")
}

const CONSUMER: &str = "consumer app <app@x.example> uses v1 { GET /people/{id} (name) }\n";

fn edited() -> String {
    GOOD.replace("{ name: text eg \"Ada\" }", "{ name: text | null eg \"Ada\" }")
}

#[test]
fn what_runs_is_compared_with_what_is_written() {
    let folder = Folder::new("against-gateway", &[("tiny.api", GOOD), ("who.api", CONSUMER)]);
    let address = at(server(answer("200 OK", &contract(GOOD, None)), None));
    folder.run(&["diff", &address]).is(0, "nothing changed\n", "");
    folder.run(&["check", "--against", &address]).is(0, "", "");

    folder.write("tiny.api", &edited());
    for args in [vec!["diff", &address], vec!["diff", &format!("{address}/contract@1"), ".@1"]] {
        let said = folder.run(&args);
        assert_eq!(said.code, Some(1), "{args:?}: {said:?}");
        for part in [
            "breaking[field/became-nullable]",
            "hurts: app <app@x.example>",
            &format!("({address}{}@1:10:23)", if args.len() == 2 { "" } else { "/contract" }),
        ] {
            assert!(said.out.contains(part), "{part} in {}", said.out);
        }
    }
    let said = folder.run(&["changelog", "--since", &address]);
    assert!(said.out.contains("[field/became-nullable]"), "{}", said.out);
    let said = folder.run(&["check", "--against", &address]);
    assert_eq!(said.code, Some(0), "nothing is published: {said:?}");
    assert!(said.err.contains(&format!("compared with {address}:")), "{}", said.err);
    assert!(said.err.contains("breaking[field/became-nullable]"), "{}", said.err);

    let said = folder.run(&["diff", &format!("{address}@7"), ".@7"]);
    assert_eq!(said.code, Some(2), "{said:?}");
}

#[test]
fn a_gateway_knows_entries_that_a_lock_must_have() {
    let folder = Folder::new("against-lock", &[("tiny.api", GOOD)]);
    let mut publish = folder.program(&["publish", "1", "--by", "storefront"]);
    assert!(publish.env("SOURCE_DATE_EPOCH", "0").status().expect("it runs").success());
    let lock = folder.read("api.lock");
    let address = at(server(answer("200 OK", &contract(GOOD, Some(&lock))), None));
    folder.run(&["check", "--against", &address]).is(0, "", "");

    let mut publish = folder.program(&["publish", "1", "--by", "others"]);
    std::fs::remove_file(folder.path("api.lock")).expect("it is there");
    assert!(publish.env("SOURCE_DATE_EPOCH", "0").status().expect("it runs").success());
    let said = folder.run(&["check", "--against", &address, "--color", "never"]);
    assert_eq!(said.code, Some(1), "{said:?}");
    for part in [
        "error[lock-rewritten]: `api.lock` does not know what http://",
        "no entry of version 1 has `chain ",
        "serves version 1 as published: revision 1.0",
    ] {
        assert!(said.out.contains(part), "{part} in {}", said.out);
    }
    std::fs::remove_file(folder.path("api.lock")).expect("it is there");
    let said = folder.run(&["check", "--against", &address]);
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.out.contains("was made with a lock, and this contract has none"), "{}", said.out);
}

#[test]
fn what_is_no_gateway_is_said() {
    let folder = Folder::new("against-nobody", &[("tiny.api", GOOD)]);
    let other = contract(GOOD, None).replace("\"api\":\"tiny\"", "\"api\":\"other\"");
    let silent =
        serde_json::json!({ "api": "tiny", "versions": [{ "version": "1", "source": null }] });
    for (reply, code, part) in [
        (answer("404 Not Found", "{}"), 3, "answers 404"),
        (
            answer("302 Found\r\nLocation: https://login.example", ""),
            3,
            "leads to https://login.example",
        ),
        (answer("200 OK", "<html>"), 3, "does not answer as a gateway does: it is no JSON"),
        (answer("200 OK", "{}"), 3, "it names no `api`"),
        (answer("200 OK", &silent.to_string()), 2, "does not carry the text of version 1"),
        (b"SSH-2.0-OpenSSH_9.9\r\n".to_vec(), 3, "it does not speak HTTP/1.1"),
        (Vec::new(), 3, "the answer is cut off"),
    ] {
        let address = at(server(reply, None));
        let said = folder.run(&["diff", &address]);
        assert_eq!(said.code, Some(code), "{part}: {said:?}");
        assert!(said.err.contains(part), "{part} in {}", said.err);
    }
    let address = at(server(answer("200 OK", &other), None));
    let said = folder.run(&["check", "--against", &address]);
    assert_eq!(said.code, Some(2), "{said:?}");
    assert!(said.err.contains("is a gateway of `other`"), "{}", said.err);

    for (spec, code, part) in [
        ("http://127.0.0.1:1", 3, "is the gateway running"),
        ("http://ann:secret@127.0.0.1:1", 2, "words on a command line are no secret"),
        ("http://127.0.0.1:x", 2, "its port is none"),
    ] {
        let said = folder.run(&["diff", spec]);
        assert_eq!(said.code, Some(code), "{spec}: {said:?}");
        assert!(said.err.contains(part), "{part} in {}", said.err);
    }
}

fn certificate(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../runtime/tests/data").join(name)
}

#[test]
fn a_gateway_behind_tls_must_be_who_it_is_asked_as() {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let chain = CertificateDer::from_pem_file(certificate("localhost.pem")).expect("a certificate");
    let key = PrivateKeyDer::from_pem_file(certificate("localhost.key")).expect("a key");
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("both versions")
        .with_no_client_auth()
        .with_single_cert(vec![chain], key)
        .expect("a key for the certificate");
    let folder = Folder::new("against-tls", &[("tiny.api", GOOD)]);
    let port = server(answer("200 OK", &contract(GOOD, None)), Some(Arc::new(config))).port();

    let diff = |host: &str, authority: Option<PathBuf>| {
        let mut program = folder.program(&["diff", &format!("https://{host}:{port}")]);
        program.env_remove("SSL_CERT_FILE").envs(authority.map(|path| ("SSL_CERT_FILE", path)));
        crate::program::Said::new(&program.output().expect("it runs"))
    };
    let authority = Some(certificate("authority.pem"));
    diff("localhost", authority.clone()).is(0, "nothing changed\n", "");
    let said = diff("127.0.0.1", authority);
    assert!((said.code, said.err.contains("certificate")) == (Some(3), true), "{said:?}");
    let said = diff("localhost", None);
    assert!((said.code, said.err.contains("certificate")) == (Some(3), true), "{said:?}");
    let said = diff("localhost", Some(certificate("localhost.key")));
    assert!((said.code, said.err.contains("holds no certificate")) == (Some(2), true), "{said:?}");
}
