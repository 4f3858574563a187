//! TLS towards backends. Everything that knows the provider of its cryptography is in this file.

#[cfg(test)]
mod tests;

use std::sync::{Arc, OnceLock};

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::link::{Link, One, Two, Wanted};
use crate::stream::Socket;

/// Secures connections to one backend.
pub(crate) struct Tls {
    configs: Configs,
    /// Who the backend must be; nothing when no certificate can name it.
    name: Option<ServerName<'static>>,
}

/// What is offered to a backend.
#[derive(Clone)]
struct Configs {
    any: Arc<ClientConfig>,
    /// For what HTTP/2 cannot do.
    one: Arc<ClientConfig>,
    /// For what is no HTTP.
    #[cfg(feature = "store")]
    bare: Arc<ClientConfig>,
}

impl Tls {
    /// For a backend of this name, trusting the roots that are compiled in.
    pub(crate) fn new(host: &str) -> Tls {
        static CONFIGS: OnceLock<Configs> = OnceLock::new();
        let configs = CONFIGS
            .get_or_init(|| Configs::of(webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect()));
        Tls::with(configs.clone(), host)
    }

    fn with(configs: Configs, host: &str) -> Tls {
        Tls { configs, name: ServerName::try_from(host.to_owned()).ok() }
    }

    /// Makes sure of who is at the other end, encrypts from there on, and agrees on what is spoken.
    ///
    /// # Errors
    ///
    /// When the other end is not who it must be, or does not speak TLS 1.2 or 1.3.
    pub(super) async fn link(&self, socket: Socket, wanted: Wanted) -> Result<Link, String> {
        let config = match wanted {
            Wanted::Any => &self.configs.any,
            Wanted::One => &self.configs.one,
        };
        let stream = self.encrypt(config, socket.clone()).await?;
        if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
            return Two::open(stream, true).await.map(Link::Two);
        }
        One::open(stream, socket, true).await.map(Link::One)
    }

    /// Makes sure of who is at the other end, and encrypts from there on what is no HTTP.
    ///
    /// # Errors
    ///
    /// When the other end is not who it must be, or does not speak TLS 1.2 or 1.3.
    #[cfg(feature = "store")]
    pub(crate) async fn secure(&self, socket: Socket) -> Result<TlsStream<Socket>, String> {
        self.encrypt(&self.configs.bare, socket).await
    }

    async fn encrypt(
        &self,
        config: &Arc<ClientConfig>,
        socket: Socket,
    ) -> Result<TlsStream<Socket>, String> {
        let name = self.name.clone().ok_or("no certificate can name this host")?;
        let connecting = TlsConnector::from(Arc::clone(config)).connect(name, socket);
        connecting.await.map_err(|error| format!("TLS: {error}"))
    }
}

impl Configs {
    fn of(roots: RootCertStore) -> Configs {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("the provider has cipher suites for TLS 1.2 and 1.3")
            .with_root_certificates(roots)
            .with_no_client_auth();
        #[cfg(feature = "store")]
        let bare = Arc::new(config.clone());
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        let one = Arc::new(config.clone());
        config.alpn_protocols.insert(0, b"h2".to_vec());
        Configs {
            any: Arc::new(config),
            one,
            #[cfg(feature = "store")]
            bare,
        }
    }
}
