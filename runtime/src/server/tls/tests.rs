//! TLS over sockets, with callers who trust the authorities of the tests.

use std::ffi::OsString;
use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::contract::Contract;
use crate::serve::Inherited;
use crate::server::{Limits, Phase, Server};
use crate::settings::Settings;
use crate::testing::frames::Frames;

const AUTHORITY: &str = include_str!("../../../tests/data/authority.pem");
const CLIENTS: &str = include_str!("../../../tests/data/clients.pem");
const LOCALHOST: (&str, &str) = (
    include_str!("../../../tests/data/localhost.pem"),
    include_str!("../../../tests/data/localhost.key"),
);
const SHOP: (&str, &str) =
    (include_str!("../../../tests/data/shop.pem"), include_str!("../../../tests/data/shop.key"));
const CLIENT: (&str, &str) = (
    include_str!("../../../tests/data/client.pem"),
    include_str!("../../../tests/data/client.key"),
);

/// A server that drains when it is dropped.
struct Running(Server);

impl Running {
    fn address(&self) -> SocketAddr {
        self.0.address()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.phase().send_replace(Phase::Draining);
    }
}

fn settings(env: &[(&str, &str)]) -> Result<Settings, String> {
    let own = [("LISTEN", "127.0.0.1:0"), ("OPERATOR", "off"), ("LOG", "off"), ("CORES", "1")];
    let lookup = |name: &str| {
        let set = env.iter().chain(&own).find(|(known, _)| *known == name);
        set.map(|(_, text)| OsString::from(text))
    };
    Settings::read(&Contract::EMPTY, &lookup).map_err(|report| report.to_string())
}

fn start(env: &[(&str, &str)]) -> Running {
    let limits = Limits {
        handshake: Duration::from_millis(300),
        renewal: Duration::from_millis(20),
        ..Limits::DEFAULT
    };
    let settings = settings(env).expect("a complete environment");
    let server = Server::start(&Contract::EMPTY, settings, Inherited::default(), limits);
    Running(server.expect("a free port"))
}

/// A caller, who shows a certificate if it has one.
fn caller(
    shown: Option<(&str, &str)>,
    versions: &[&'static rustls::SupportedProtocolVersion],
) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    for authority in [AUTHORITY, CLIENTS] {
        let authority =
            CertificateDer::from_pem_slice(authority.as_bytes()).expect("a certificate");
        roots.add(authority).expect("an authority");
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .expect("versions that there are")
        .with_root_certificates(roots);
    Arc::new(match shown {
        None => builder.with_no_client_auth(),
        Some((certificate, key)) => {
            let chain = vec![CertificateDer::from_pem_slice(certificate.as_bytes()).expect("one")];
            let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).expect("a key");
            builder.with_client_auth_cert(chain, key).expect("a key for the certificate")
        }
    })
}

fn anybody() -> Arc<ClientConfig> {
    caller(None, rustls::ALL_VERSIONS)
}

type Secure = StreamOwned<ClientConnection, TcpStream>;

fn connect(config: &Arc<ClientConfig>, address: SocketAddr, host: &'static str) -> Secure {
    let name = ServerName::try_from(host).expect("a name");
    let stream = TcpStream::connect(address).expect("it listens");
    stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a positive time");
    StreamOwned::new(ClientConnection::new(Arc::clone(config), name).expect("a session"), stream)
}

/// The first line of an answer, and what went wrong before it.
fn ask(secure: &mut Secure) -> Result<String, String> {
    let request = b"GET /v1/none HTTP/1.1\r\nHost: a\r\n\r\n";
    secure.write_all(request).map_err(|error| error.to_string())?;
    let mut bytes = [0; 4096];
    let size = secure.read(&mut bytes).map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(bytes.get(..size).unwrap_or_default()).into_owned();
    text.lines().next().map(str::to_owned).ok_or_else(|| "it closed".to_owned())
}

/// The host that the certificate of a new connection is for.
fn shown(gateway: &Running, host: &'static str) -> Result<Vec<u8>, String> {
    let mut secure = connect(&anybody(), gateway.address(), host);
    ask(&mut secure)?;
    let chain = secure.conn.peer_certificates().unwrap_or_default();
    Ok(chain.first().map(|one| one.to_vec()).unwrap_or_default())
}

fn der(pem: &str) -> Vec<u8> {
    CertificateDer::from_pem_slice(pem.as_bytes()).expect("a certificate").to_vec()
}

/// A folder for files with certificates.
fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("gatewright-tls-{name}-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder");
    folder
}

#[test]
fn callers_are_answered_over_a_secured_connection() {
    let gateway = start(&[("TLS_CERT", LOCALHOST.0), ("TLS_KEY", LOCALHOST.1)]);
    for versions in [&[&rustls::version::TLS12], &[&rustls::version::TLS13]] {
        let mut secure = connect(&caller(None, versions), gateway.address(), "localhost");
        for _ in 0..3 {
            assert_eq!(ask(&mut secure).as_deref(), Ok("HTTP/1.1 404 Not Found"));
        }
    }
}

#[test]
fn callers_choose_http_2_or_1_when_they_agree_on_keys() {
    let gateway = start(&[("TLS_CERT", LOCALHOST.0), ("TLS_KEY", LOCALHOST.1)]);
    let offering = |offered: &[&[u8]]| {
        let mut config = ClientConfig::clone(&anybody());
        config.alpn_protocols = offered.iter().map(|one| one.to_vec()).collect();
        let mut secure = connect(&Arc::new(config), gateway.address(), "localhost");
        while secure.conn.is_handshaking() && secure.conn.complete_io(&mut secure.sock).is_ok() {}
        let chosen = secure.conn.alpn_protocol().map(<[u8]>::to_vec);
        (secure, chosen)
    };
    for offered in [&[&b"h2"[..]][..], &[b"http/1.1", b"h2"]] {
        let (secure, chosen) = offering(offered);
        assert_eq!(chosen.as_deref(), Some(&b"h2"[..]));
        let mut caller = Frames::over(secure, &[]);
        for stream in [1, 3, 5] {
            caller.request(stream, ("GET", "/v1/none"), &[], b"");
            assert_eq!(caller.outcome(stream).status(), 404);
        }
    }
    for offered in [&[&b"http/1.1"[..]][..], &[]] {
        let (mut secure, chosen) = offering(offered);
        assert_eq!(chosen.as_deref(), offered.first().copied());
        assert_eq!(ask(&mut secure).as_deref(), Ok("HTTP/1.1 404 Not Found"));
    }
    let (_, chosen) = offering(&[b"http/0.9"]);
    assert_eq!(chosen, None, "and no connection");
}

#[test]
fn who_speaks_no_tls_or_an_old_one_is_not_answered() {
    let env = [("TLS_CERT", LOCALHOST.0), ("TLS_KEY", LOCALHOST.1), ("TLS_MIN", "1.3")];
    let gateway = start(&env);
    let old = caller(None, &[&rustls::version::TLS12]);
    assert!(ask(&mut connect(&old, gateway.address(), "localhost")).is_err());
    let mut plain = TcpStream::connect(gateway.address()).expect("it listens");
    plain.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").expect("it can be sent");
    let mut answer = Vec::new();
    let _ = plain.read_to_end(&mut answer);
    assert!(!answer.starts_with(b"HTTP"), "{answer:?}");
    assert!(ask(&mut connect(&anybody(), gateway.address(), "localhost")).is_ok());
}

#[test]
fn a_handshake_that_does_not_end_is_given_up() {
    let gateway = start(&[("TLS_CERT", LOCALHOST.0), ("TLS_KEY", LOCALHOST.1)]);
    let start = Instant::now();
    let mut silent = TcpStream::connect(gateway.address()).expect("it listens");
    silent.write_all(b"\x16\x03\x01\x01").expect("it can be sent");
    let _ = silent.read(&mut [0; 16]);
    assert!((250..2_000).contains(&start.elapsed().as_millis()), "{:?}", start.elapsed());
}

#[test]
fn the_host_that_is_asked_for_decides_which_certificate_is_shown() {
    let folder = folder("hosts");
    let path = |name: &str, text: &str| {
        let path = folder.join(name);
        fs::write(&path, text).expect("it can be written");
        path.display().to_string()
    };
    let certificates = [path("a.pem", LOCALHOST.0), path("b.pem", SHOP.0)].join(", ");
    // Which key is for which certificate shows by itself.
    let keys = [path("b.key", SHOP.1), path("a.key", LOCALHOST.1)].join(",");
    let gateway = start(&[("TLS_CERT", &certificates), ("TLS_KEY", &keys)]);
    assert_eq!(shown(&gateway, "localhost"), Ok(der(LOCALHOST.0)));
    assert_eq!(shown(&gateway, "shop.example"), Ok(der(SHOP.0)));
    assert_eq!(shown(&gateway, "api.shop.example"), Ok(der(SHOP.0)));
    let refused = shown(&gateway, "else.example").expect_err("the first is shown");
    assert!(refused.contains("not valid for name"), "{refused}");
    let _ = fs::remove_dir_all(folder);
}

#[test]
fn callers_must_show_a_certificate_where_the_environment_says_so() {
    let gateway =
        start(&[("TLS_CERT", LOCALHOST.0), ("TLS_KEY", LOCALHOST.1), ("TLS_CLIENT_CA", CLIENTS)]);
    for versions in [&[&rustls::version::TLS12], &[&rustls::version::TLS13]] {
        let known = caller(Some(CLIENT), versions);
        assert!(ask(&mut connect(&known, gateway.address(), "localhost")).is_ok());
        // Another authority has signed it.
        for unknown in [None, Some(LOCALHOST)] {
            let unknown = caller(unknown, versions);
            assert!(ask(&mut connect(&unknown, gateway.address(), "localhost")).is_err());
        }
    }
}

#[test]
fn files_that_change_are_used_and_connections_stay() {
    let folder = folder("renewed");
    let (certificate, key) = (folder.join("tls.pem"), folder.join("tls.key"));
    let write = |path: &PathBuf, text: &str| fs::write(path, text).expect("it can be written");
    write(&certificate, LOCALHOST.0);
    write(&key, LOCALHOST.1);
    let paths = (certificate.display().to_string(), key.display().to_string());
    let gateway = start(&[("TLS_CERT", &paths.0), ("TLS_KEY", &paths.1)]);
    let mut before = connect(&anybody(), gateway.address(), "localhost");
    ask(&mut before).expect("an answer");
    // The key of the new certificate comes later: so long, the old one is good.
    write(&certificate, SHOP.0);
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(shown(&gateway, "localhost"), Ok(der(LOCALHOST.0)));
    write(&key, SHOP.1);
    let start = Instant::now();
    while shown(&gateway, "shop.example").is_err() {
        assert!(start.elapsed() < Duration::from_secs(10), "it is not used");
        std::thread::sleep(Duration::from_millis(10));
    }
    fs::remove_file(&certificate).expect("it can go");
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(shown(&gateway, "shop.example"), Ok(der(SHOP.0)));
    assert_eq!(ask(&mut before).as_deref(), Ok("HTTP/1.1 404 Not Found"));
    let _ = fs::remove_dir_all(folder);
}

#[test]
fn what_cannot_be_used_is_told_before_the_gateway_listens() {
    let both = [("TLS_CERT", LOCALHOST.0), ("TLS_KEY", LOCALHOST.1)];
    let with = |more: (&'static str, &'static str)| {
        let mut env = vec![more];
        env.extend(both);
        env
    };
    let wrong: [(Vec<(&str, &str)>, &str); 10] = [
        (vec![("TLS_CERT", LOCALHOST.0)], "TLS_KEY"),
        (vec![("TLS_KEY", LOCALHOST.1)], "TLS_CERT"),
        (vec![("TLS_CLIENT_CA", CLIENTS)], "TLS_CERT"),
        (with(("TLS_KEY", SHOP.1)), "no key of `TLS_KEY` is for"),
        (with(("TLS_CERT", "/none/tls.pem")), "names `/none/tls.pem`, which cannot be read"),
        (with(("TLS_CERT", "/")), "it is no file"),
        (with(("TLS_CERT", LOCALHOST.1)), "holds no certificate in PEM"),
        (with(("TLS_KEY", LOCALHOST.0)), "holds no key in PEM"),
        (with(("TLS_MIN", "1.1")), "must be `1.2` or `1.3`"),
        (with(("TLS_CLIENT_CA", LOCALHOST.1)), "holds no certificate in PEM"),
    ];
    for (env, told) in wrong {
        let report = settings(&env).expect_err("it is refused");
        assert!(report.contains("invalid: TLS_") && report.contains(told), "{told}: {report}");
        assert!(!report.contains("PRIVATE"), "a key is never shown: {report}");
    }
    assert!(!format!("{:?}", settings(&both)).contains("PRIVATE"));
}

#[test]
fn a_certificate_says_until_when_it_holds() {
    assert_eq!(super::validity::end(&der(LOCALHOST.0)), Some(4_948_991_509));
}
