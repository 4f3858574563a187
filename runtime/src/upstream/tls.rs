//! TLS towards backends. Everything that knows the provider of its cryptography is in this file.

#[cfg(test)]
mod tests;

use std::sync::{Arc, OnceLock};

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio_rustls::TlsConnector;

use super::link::{Link, One, Two, Wanted};
use crate::stream::Socket;

/// Secures connections to one backend.
pub(super) struct Tls {
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
}

impl Tls {
    /// For a backend of this name, trusting the roots that are compiled in.
    pub(super) fn new(host: &str) -> Tls {
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
        let name = self.name.clone().ok_or("no certificate can name this host")?;
        let config = match wanted {
            Wanted::Any => &self.configs.any,
            Wanted::One => &self.configs.one,
        };
        let connecting = TlsConnector::from(Arc::clone(config)).connect(name, socket.clone());
        let stream = connecting.await.map_err(|error| format!("TLS: {error}"))?;
        if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
            return Two::open(stream, true).await.map(Link::Two);
        }
        One::open(stream, socket, true).await.map(Link::One)
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
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        let one = Arc::new(config.clone());
        config.alpn_protocols.insert(0, b"h2".to_vec());
        Configs { any: Arc::new(config), one }
    }
}
