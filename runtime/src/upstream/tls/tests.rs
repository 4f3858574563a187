//! TLS over sockets, with backends whose authority is that of the tests.

#[cfg(feature = "testing")]
mod two;

use std::net::SocketAddr;
use std::path::Path;

use http::Method;
use http::uri::PathAndQuery;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{LocalSet, spawn_local};

use super::*;
use crate::upstream::fields::Fields;
use crate::upstream::link::{Head, Instead, Link, Look};
use crate::upstream::upload::Sent;

const AUTHORITY: &[u8] = include_bytes!("../../../tests/data/authority.pem");
const CERTIFICATE: &[u8] = include_bytes!("../../../tests/data/localhost.pem");
const KEY: &[u8] = include_bytes!("../../../tests/data/localhost.key");

/// Trusts the authority of the tests.
fn trusting(host: &str) -> Tls {
    let mut roots = RootCertStore::empty();
    let authority = CertificateDer::from_pem_slice(AUTHORITY).expect("a certificate");
    roots.add(authority).expect("an authority");
    let configs = Configs::of(builder(roots).with_no_client_auth());
    Tls::new(host, &Trust { current: Arc::new(RwLock::new(configs)), own: None })
}

/// What makes a backend `localhost`.
fn acceptor() -> tokio_rustls::TlsAcceptor {
    tokio_rustls::TlsAcceptor::from(Arc::new(identity()))
}

fn identity() -> rustls::ServerConfig {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let chain = vec![CertificateDer::from_pem_slice(CERTIFICATE).expect("a certificate")];
    let key = PrivateKeyDer::from_pem_slice(KEY).expect("a key");
    rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("both versions")
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .expect("a key for the certificate")
}

/// A backend each of whose connections is played so.
async fn played<P, F>(play: P) -> SocketAddr
where
    P: Fn(TcpStream) -> F + 'static,
    F: Future<Output = ()> + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    spawn_local(async move {
        while let Ok((stream, _)) = listener.accept().await {
            play(stream).await;
        }
    });
    address
}

/// A backend that answers every request with `1`, as `localhost`.
async fn backend() -> SocketAddr {
    let acceptor = acceptor();
    played(move |stream| {
        let acceptor = acceptor.clone();
        async move {
            let Ok(mut stream) = acceptor.accept(stream).await else { return };
            let mut request = [0; 4096];
            while stream.read(&mut request).await.is_ok_and(|size| size > 0) {
                let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1";
                let _ = stream.write_all(answer).await;
                let _ = stream.flush().await;
            }
        }
    })
    .await
}

/// A connection to a backend that speaks HTTP/1.1.
async fn secured(tls: &Tls, address: SocketAddr) -> Result<One, String> {
    let socket = Socket::new(TcpStream::connect(address).await.expect("it listens"));
    match tls.link(socket, Wanted::Any).await? {
        Link::One(one) => Ok(*one),
        Link::Two(_) => Err("it chose HTTP/2".to_owned()),
    }
}

/// The head of a request with these fields.
fn head(headers: &Fields) -> Head<'_> {
    static ROOT: PathAndQuery = PathAndQuery::from_static("/a?b=c");
    Head { method: Method::GET, target: &ROOT, headers, instead: Instead::default() }
}

fn on_a_core(work: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    LocalSet::new().block_on(&runtime.expect("a runtime"), work);
}

#[test]
fn a_backend_that_proves_who_it_is_is_asked_again_and_again() {
    on_a_core(async {
        let address = backend().await;
        let one = secured(&trusting("localhost"), address).await.expect("it is trusted");
        let mut link = Link::One(Box::new(one));
        for _ in 0..3 {
            let Ok(answer) = link.ask(&head(&Fields::default()), bytes::Bytes::new(), 10).await
            else {
                panic!("no answer")
            };
            assert_eq!(answer.body, "1");
            let Link::One(one) = &mut link else { panic!("another link") };
            assert!(one.is_reusable() && !one.is_stale(Look::Asked));
        }
    });
}

#[test]
fn a_backend_that_is_someone_else_is_not_asked() {
    on_a_core(async {
        let address = backend().await;
        let stranger = Tls::new("localhost", &Trust::default());
        for tls in [trusting("catalog.example"), trusting("127.0.0.1"), stranger] {
            let Err(error) = secured(&tls, address).await else { panic!("it was trusted") };
            assert!(error.contains("invalid peer certificate"), "{error}");
        }
    });
}

#[test]
fn a_backend_behind_tls_may_change_the_protocol() {
    on_a_core(async {
        let address = played(|stream| async {
            let mut stream = acceptor().accept(stream).await.expect("a handshake");
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(stream.read_u8().await.expect("more of the head"));
            }
            let answer = b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\n\
                Upgrade: websocket\r\n\r\nearly";
            stream.write_all(answer).await.expect("it is taken");
            let mut word = [0; 4];
            stream.read_exact(&mut word).await.expect("a word");
            stream.write_all(&word).await.expect("it is taken");
            let mut more = Vec::new();
            stream.read_to_end(&mut more).await.expect("an end that is said");
            stream.write_all(&more).await.expect("it is taken");
            stream.shutdown().await.expect("an end");
        })
        .await;
        let mut link = secured(&trusting("localhost"), address).await.expect("it is trusted");
        let mut headers = Fields::default();
        for (name, value) in [("connection", "upgrade"), ("upgrade", "websocket")] {
            let name = http::HeaderName::from_static(name);
            headers.set(name, http::HeaderValue::from_static(value));
        }
        let sent = Sent::Whole(bytes::Bytes::new());
        let Ok(answer) = link.begin(&head(&headers), sent).await else { panic!("no answer") };
        assert_eq!(answer.status, http::StatusCode::SWITCHING_PROTOCOLS);
        let tunnel = link.into_tunnel();
        let (mut caller, inside) = tokio::io::duplex(64);
        let carried = spawn_local(tunnel.run(inside, bytes::Bytes::from_static(b"pi")));
        caller.write_all(b"ng, and the rest").await.expect("it is taken");
        caller.shutdown().await.expect("one side ends");
        let mut found = String::new();
        caller.read_to_string(&mut found).await.expect("text");
        assert_eq!(found, "earlyping, and the rest");
        carried.await.expect("it ends");
    });
}

#[test]
fn a_backend_without_tls_is_not_asked() {
    on_a_core(async {
        let address = played(|mut stream| async move {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
        })
        .await;
        let Err(error) = secured(&trusting("localhost"), address).await else {
            panic!("it was asked")
        };
        assert!(error.starts_with("TLS: "), "{error}");
    });
}

#[test]
fn authorities_are_those_of_a_file_and_of_nothing_else() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    assert_eq!(authorities(&data.join("authority.pem")).map(|roots| roots.len()), Ok(1));
    let why = |name: &str| authorities(&data.join(name)).expect_err(name);
    assert!(why("nothing.pem").contains("which cannot be read: No such file"));
    assert!(why("").contains("it is no file of at most 8 MB"));
    assert_eq!(why("localhost.key"), "holds no certificate in PEM");
}
