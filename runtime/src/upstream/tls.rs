//! TLS towards backends: whom they must be, what they are shown, and what takes its place when files
//! change.

mod public;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};
use std::time::Duration;
use std::{fmt, io};

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

pub(crate) use self::public::{AUTHORITIES, authorities};
use super::link::{Link, One, Two, Wanted};
use crate::contract::{Backend, Setting};
use crate::observe;
use crate::pem::{Keeper, Source, Wrong, add, chain, keys, sources, texts};
use crate::stream::Socket;

/// What connections to a backend are secured with. A clone is another handle to the same.
#[derive(Clone)]
pub(crate) struct Trust {
    current: Arc<RwLock<Configs>>,
    /// What the environment says; nothing for what is compiled in.
    own: Option<Arc<Own>>,
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

/// What the environment says about one backend, or about the store.
struct Own {
    /// Who is trusted so, for the log.
    whom: String,
    authorities: Option<(&'static str, Vec<Source>)>,
    certificate: Option<[(&'static str, Vec<Source>); 2]>,
    /// What is in use.
    texts: Mutex<Texts>,
}

/// Texts in PEM, those of each variable.
type Texts = Vec<Vec<Vec<u8>>>;

impl fmt::Debug for Trust {
    /// A key may stand in it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trust").finish_non_exhaustive()
    }
}

impl Default for Trust {
    /// The roots that are compiled in, and nothing that is shown.
    fn default() -> Trust {
        static CONFIGS: OnceLock<Configs> = OnceLock::new();
        let configs =
            CONFIGS.get_or_init(|| Configs::of(builder(compiled_in()).with_no_client_auth()));
        Trust { current: Arc::new(RwLock::new(configs.clone())), own: None }
    }
}

impl Trust {
    /// What the contract and the environment, of which `text` knows the texts, say about a backend.
    ///
    /// # Errors
    ///
    /// What cannot be read or does not fit, and whose fault that is.
    pub(crate) fn of(
        backend: &Backend,
        text: &dyn Fn(&str) -> String,
    ) -> Result<Trust, (Setting, String)> {
        if backend.authorities.is_none() && backend.certificate.is_none() {
            return Ok(Trust::default());
        }
        let named = |name: &'static str| (name, sources(&text(name)));
        let own = Own {
            whom: format!("backend `{}`", backend.name),
            authorities: backend.authorities.map(named),
            certificate: backend.certificate.map(|(chain, key)| [named(chain), named(key)]),
            texts: Mutex::default(),
        };
        Trust::load(own).map_err(|(name, reason)| (Setting::Env(name), reason))
    }

    /// The authorities that this text in a variable of this name holds, for the store.
    ///
    /// # Errors
    ///
    /// What cannot be read.
    #[cfg(feature = "store")]
    pub(crate) fn of_store(name: &'static str, text: &str) -> Result<Trust, String> {
        let own = Own {
            whom: "the store".to_owned(),
            authorities: Some((name, sources(text))),
            certificate: None,
            texts: Mutex::default(),
        };
        Trust::load(own).map_err(|(_, reason)| reason)
    }

    fn load(own: Own) -> Result<Trust, Wrong> {
        let (configs, texts) = own.load()?;
        *own.texts.lock().unwrap_or_else(PoisonError::into_inner) = texts;
        Ok(Trust { current: Arc::new(RwLock::new(configs)), own: Some(Arc::new(own)) })
    }

    fn current(&self) -> Configs {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Looks whether its files have changed. Returns what is wrong with those that have.
    fn look(&self) -> Result<(), String> {
        let Some(own) = &self.own else { return Ok(()) };
        let wrong = |(variable, reason): Wrong| format!("{variable} {reason}");
        let (configs, texts) = own.load().map_err(wrong)?;
        let mut known = own.texts.lock().unwrap_or_else(PoisonError::into_inner);
        if *known != texts {
            *self.current.write().unwrap_or_else(PoisonError::into_inner) = configs;
            *known = texts;
            observe::certificates("reloaded", &format!("for {}", own.whom));
        }
        Ok(())
    }
}

impl Own {
    fn load(&self) -> Result<(Configs, Texts), Wrong> {
        let mut all = Texts::new();
        let builder = match &self.authorities {
            Some((name, sources)) => {
                let texts = texts(name, sources)?;
                let mut roots = RootCertStore::empty();
                add(&mut roots, name, &texts)?;
                all.push(texts);
                builder(roots)
            }
            None => builder(compiled_in()),
        };
        let config = match &self.certificate {
            None => builder.with_no_client_auth(),
            Some([(name, certificate), (of_key, key)]) => {
                let (certificate, key) = (texts(name, certificate)?, texts(of_key, key)?);
                let mut shown = Vec::new();
                for text in &certificate {
                    shown.extend(chain(name, text)?);
                }
                let first = keys(of_key, &key)?.into_iter().next();
                let first = first.ok_or((*of_key, "holds no key in PEM".to_owned()))?;
                all.extend([certificate, key]);
                let config = builder.with_client_auth_cert(shown, first);
                config.map_err(|_| (*of_key, format!("is not the key of `{name}`")))?
            }
        };
        Ok((Configs::of(config), all))
    }
}

impl Configs {
    fn of(mut config: ClientConfig) -> Configs {
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

/// The authorities of Mozilla.
fn compiled_in() -> RootCertStore {
    public::trusted()
}

type Builder = rustls::ConfigBuilder<ClientConfig, rustls::client::WantsClientCert>;

fn builder(roots: RootCertStore) -> Builder {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the provider has cipher suites for TLS 1.2 and 1.3")
        .with_root_certificates(roots)
}

/// Looks after the files of several backends as often as `every`; nothing where there are none.
///
/// # Errors
///
/// When no thread can be started.
pub(crate) fn keep(
    trusts: impl Iterator<Item = Trust>,
    every: Duration,
) -> io::Result<Option<Keeper>> {
    let own = trusts.filter(|trust| trust.own.is_some());
    let mut all: Vec<_> = own.map(|trust| (trust, String::new())).collect();
    if all.is_empty() {
        return Ok(None);
    }
    let look = move || {
        for (trust, refused) in &mut all {
            // A file may be written at this very moment, or its key come later.
            let reason = trust.look().err().unwrap_or_default();
            if !reason.is_empty() && reason != *refused {
                observe::certificates("kept", &reason);
            }
            *refused = reason;
        }
    };
    Keeper::start("trust", every, look).map(Some)
}

/// Secures connections to one host.
pub(crate) struct Tls {
    trust: Trust,
    /// Who the host must be; nothing when no certificate can name it.
    name: Option<ServerName<'static>>,
}

impl Tls {
    /// For a host of this name.
    pub(crate) fn new(host: &str, trust: &Trust) -> Tls {
        Tls { trust: trust.clone(), name: ServerName::try_from(host.to_owned()).ok() }
    }

    /// Makes sure of who is at the other end, encrypts from there on, and agrees on what is spoken.
    ///
    /// # Errors
    ///
    /// When the other end is not who it must be, does not speak TLS 1.2 or 1.3, or refuses what it is
    /// shown.
    pub(super) async fn link(&self, socket: Socket, wanted: Wanted) -> Result<Link, String> {
        let configs = self.trust.current();
        let config = match wanted {
            Wanted::Any => configs.any,
            Wanted::One => configs.one,
        };
        let stream = self.encrypt(config, socket.clone()).await?;
        if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
            return Two::open(stream, true).await.map(Link::Two);
        }
        Ok(Link::One(Box::new(One::open(stream, socket, true))))
    }

    /// Makes sure of who is at the other end, and encrypts from there on what is no HTTP.
    ///
    /// # Errors
    ///
    /// When the other end is not who it must be, or does not speak TLS 1.2 or 1.3.
    #[cfg(feature = "store")]
    pub(crate) async fn secure(&self, socket: Socket) -> Result<TlsStream<Socket>, String> {
        self.encrypt(self.trust.current().bare, socket).await
    }

    async fn encrypt(
        &self,
        config: Arc<ClientConfig>,
        socket: Socket,
    ) -> Result<TlsStream<Socket>, String> {
        let name = self.name.clone().ok_or("no certificate can name this host")?;
        let connecting = TlsConnector::from(config).connect(name, socket);
        connecting.await.map_err(|error| format!("TLS: {error}"))
    }
}
