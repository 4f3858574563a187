//! TLS towards backends. Everything that knows the provider of its cryptography is in this file.

use std::sync::{Arc, OnceLock};

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::stream::Socket;

/// Secures connections to one backend.
pub(super) struct Tls {
    connector: TlsConnector,
    /// Who the backend must be; nothing when no certificate can name it.
    name: Option<ServerName<'static>>,
}

impl Tls {
    /// For a backend of this name, trusting the roots that are compiled in.
    pub(super) fn new(host: &str) -> Tls {
        static CONFIG: OnceLock<Arc<ClientConfig>> = OnceLock::new();
        let config = CONFIG.get_or_init(|| {
            let roots = webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect();
            Arc::new(config(roots))
        });
        Tls::with(Arc::clone(config), host)
    }

    fn with(config: Arc<ClientConfig>, host: &str) -> Tls {
        let name = ServerName::try_from(host.to_owned()).ok();
        Tls { connector: TlsConnector::from(config), name }
    }

    /// Makes sure of who is at the other end, and encrypts from there on.
    ///
    /// # Errors
    ///
    /// When the other end is not who it must be, or does not speak TLS 1.2 or 1.3.
    pub(super) async fn secure(&self, socket: Socket) -> Result<TlsStream<Socket>, String> {
        let name = self.name.clone().ok_or("no certificate can name this host")?;
        self.connector.connect(name, socket).await.map_err(|error| format!("TLS: {error}"))
    }
}

fn config(roots: RootCertStore) -> ClientConfig {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the provider has cipher suites for TLS 1.2 and 1.3")
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use http_body_util::Full;
    use rustls::pki_types::pem::PemObject;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};
    use tokio::task::{LocalSet, spawn_local};

    use super::*;
    use crate::upstream::link::Link;

    const AUTHORITY: &[u8] = include_bytes!("../../tests/data/authority.pem");
    const CERTIFICATE: &[u8] = include_bytes!("../../tests/data/localhost.pem");
    const KEY: &[u8] = include_bytes!("../../tests/data/localhost.key");

    /// Trusts the authority of the tests.
    fn trusting(host: &str) -> Tls {
        let mut roots = RootCertStore::empty();
        let authority = CertificateDer::from_pem_slice(AUTHORITY).expect("a certificate");
        roots.add(authority).expect("an authority");
        Tls::with(Arc::new(config(roots)), host)
    }

    /// What makes a backend `localhost`.
    fn acceptor() -> tokio_rustls::TlsAcceptor {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let chain = vec![CertificateDer::from_pem_slice(CERTIFICATE).expect("a certificate")];
        let key = PrivateKeyDer::from_pem_slice(KEY).expect("a key");
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("both versions")
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .expect("a key for the certificate");
        tokio_rustls::TlsAcceptor::from(Arc::new(config))
    }

    /// A backend that answers every request with `1`, as `localhost`.
    async fn backend() -> SocketAddr {
        let acceptor = acceptor();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        spawn_local(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let Ok(mut stream) = acceptor.accept(stream).await else { continue };
                let mut request = [0; 4096];
                while stream.read(&mut request).await.is_ok_and(|size| size > 0) {
                    let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1";
                    let _ = stream.write_all(answer).await;
                    let _ = stream.flush().await;
                }
            }
        });
        address
    }

    async fn secured(tls: &Tls, address: SocketAddr) -> Result<Link, String> {
        let socket = Socket::new(TcpStream::connect(address).await.expect("it listens"));
        Link::open(tls.secure(socket.clone()).await?, socket, true).await
    }

    fn on_a_core(work: impl Future<Output = ()>) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        LocalSet::new().block_on(&runtime.expect("a runtime"), work);
    }

    #[test]
    fn a_backend_that_proves_who_it_is_is_asked_again_and_again() {
        on_a_core(async {
            let address = backend().await;
            let mut link = secured(&trusting("localhost"), address).await.expect("it is trusted");
            for _ in 0..3 {
                let request =
                    http::Request::new(super::super::upload::Sent::Whole(Full::default()));
                let Ok(answer) = link.ask(request, 10).await else { panic!("no answer") };
                assert_eq!(answer.body, "1");
                assert!(link.is_reusable() && !link.is_stale());
            }
        });
    }

    #[test]
    fn a_backend_that_is_someone_else_is_not_asked() {
        on_a_core(async {
            let address = backend().await;
            for tls in [trusting("catalog.example"), trusting("127.0.0.1"), Tls::new("localhost")] {
                let Err(error) = secured(&tls, address).await else { panic!("it was trusted") };
                assert!(error.contains("invalid peer certificate"), "{error}");
            }
        });
    }

    #[test]
    fn a_backend_behind_tls_may_change_the_protocol() {
        on_a_core(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
            let address = listener.local_addr().expect("bound");
            spawn_local(async move {
                let (stream, _) = listener.accept().await.expect("a connection");
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
            });
            let mut link = secured(&trusting("localhost"), address).await.expect("it is trusted");
            let mut request =
                http::Request::new(super::super::upload::Sent::Whole(Full::default()));
            for (name, value) in [("connection", "upgrade"), ("upgrade", "websocket")] {
                request.headers_mut().insert(name, http::HeaderValue::from_static(value));
            }
            let Ok(response) = link.begin(request).await else { panic!("no answer") };
            assert_eq!(response.status(), http::StatusCode::SWITCHING_PROTOCOLS);
            let tunnel = link.into_tunnel().await;
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
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
            let address = listener.local_addr().expect("bound");
            spawn_local(async move {
                let (mut stream, _) = listener.accept().await.expect("a connection");
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
            });
            let Err(error) = secured(&trusting("localhost"), address).await else {
                panic!("it was asked")
            };
            assert!(error.starts_with("TLS: "), "{error}");
        });
    }
}
