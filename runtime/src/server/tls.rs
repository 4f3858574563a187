//! TLS towards callers: the certificates of the environment, who must show one, and what takes their
//! place when files change.

mod authorities;
mod certificates;
#[cfg(test)]
mod tests;
mod validity;

use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use std::{fmt, io};

use rustls::ServerConfig;
#[cfg(feature = "auth")]
use rustls::server::danger::ClientCertVerifier;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use self::authorities::Callers;
use self::certificates::Certificates;
use crate::observe;
use crate::pem::{self, Keeper, Source, Wrong, chain, sources, texts};
use crate::stream::Socket;

/// What the environment says about TLS.
#[derive(Clone)]
pub(crate) struct Secured {
    certificates: Vec<Source>,
    keys: Vec<Source>,
    /// Those whose certificates callers must show one of; empty: they need none.
    authorities: Vec<Source>,
    /// Those whose certificates say who calls, each with the variable that names them.
    callers: Vec<(&'static str, Vec<Source>)>,
    newest_only: bool,
}

impl fmt::Debug for Secured {
    /// A key may stand in it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secured").finish_non_exhaustive()
    }
}

impl Secured {
    /// Reads the variables, of which `text` knows those that are set; nothing if there is to be no
    /// TLS. Authorities of callers are in the variables `callers`: without TLS, nobody could show a
    /// certificate of theirs.
    ///
    /// # Errors
    ///
    /// The first that is wrong, or misses another.
    pub(crate) fn read(
        text: &dyn Fn(&str) -> Option<String>,
        callers: &[&'static str],
    ) -> Result<Option<Secured>, Wrong> {
        let (certificates, keys) = (text("TLS_CERT"), text("TLS_KEY"));
        let authorities = text("TLS_CLIENT_CA");
        let newest_only = match text("TLS_MIN").as_deref() {
            None | Some("1.2") => false,
            Some("1.3") => true,
            Some(other) => {
                return Err(("TLS_MIN", format!("is `{other}`, must be `1.2` or `1.3`")));
            }
        };
        let (Some(certificates), Some(keys)) = (&certificates, &keys) else {
            return match (certificates, keys, authorities) {
                (Some(_), ..) => Err(("TLS_KEY", "is not set, and `TLS_CERT` is".to_owned())),
                (None, Some(_), _) => Err(("TLS_CERT", "is not set, and `TLS_KEY` is".to_owned())),
                (None, None, Some(_)) => {
                    Err(("TLS_CERT", "is not set, and `TLS_CLIENT_CA` is".to_owned()))
                }
                (None, None, None) => match callers.first() {
                    Some(variable) => Err(("TLS_CERT", format!("is not set, and `{variable}` is"))),
                    None => Ok(None),
                },
            };
        };
        Ok(Some(Secured {
            certificates: sources(certificates),
            keys: sources(keys),
            authorities: authorities.as_deref().map(sources).unwrap_or_default(),
            callers: callers
                .iter()
                .map(|variable| {
                    (*variable, text(variable).as_deref().map(sources).unwrap_or_default())
                })
                .collect(),
            newest_only,
        }))
    }

    /// Loads everything, and says when the first certificate expires, in seconds since 1970.
    ///
    /// # Errors
    ///
    /// What cannot be read, or does not fit.
    pub(crate) fn load(&self) -> Result<Loaded, Wrong> {
        let texts = Texts {
            certificates: texts("TLS_CERT", &self.certificates)?,
            keys: texts("TLS_KEY", &self.keys)?,
            authorities: texts("TLS_CLIENT_CA", &self.authorities)?,
            callers: self
                .callers
                .iter()
                .map(|(variable, sources)| Ok((*variable, texts(variable, sources)?)))
                .collect::<Result<_, Wrong>>()?,
        };
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut keys = Vec::new();
        for key in pem::keys("TLS_KEY", &texts.keys)? {
            let key = provider.key_provider.load_private_key(key);
            keys.push(key.map_err(|_| ("TLS_KEY", "holds a key of another kind".to_owned()))?);
        }
        let mut chains = Vec::new();
        for text in &texts.certificates {
            chains.push(chain("TLS_CERT", text)?);
        }
        let certificates =
            Certificates::new(chains, &keys).map_err(|reason| ("TLS_CERT", reason))?;
        let expires = certificates.expires();
        let versions: &[&rustls::SupportedProtocolVersion] = match self.newest_only {
            true => &[&rustls::version::TLS13],
            false => &[&rustls::version::TLS13, &rustls::version::TLS12],
        };
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(versions)
            .expect("the provider has cipher suites for TLS 1.2 and 1.3");
        let callers = Arc::new(Callers::new(&texts.callers, &provider)?);
        let builder = match authorities::verifier(&texts, &provider)? {
            None => builder.with_no_client_auth(),
            Some(verifier) => builder.with_client_cert_verifier(verifier),
        };
        let mut config = builder.with_cert_resolver(Arc::new(certificates));
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        // Tickets are of this configuration: a caller whose authority is gone cannot come back by one.
        if let Ok(ticketer) = rustls::crypto::aws_lc_rs::Ticketer::new() {
            config.ticketer = ticketer;
        }
        Ok(Loaded { current: Current { config: Arc::new(config), callers }, texts, expires })
    }
}

/// What is in use.
pub(crate) struct Loaded {
    current: Current,
    texts: Texts,
    /// When the first certificate expires, in seconds since 1970, as far as it says so.
    expires: Option<u64>,
}

impl fmt::Debug for Loaded {
    /// A key stands in it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Loaded").finish_non_exhaustive()
    }
}

/// What connections are secured with, and callers checked.
#[derive(Clone)]
struct Current {
    config: Arc<ServerConfig>,
    #[cfg_attr(not(feature = "auth"), expect(dead_code, reason = "only guards look"))]
    callers: Arc<Callers>,
}

/// The texts that a configuration was made of.
#[derive(PartialEq)]
struct Texts {
    certificates: Vec<Vec<u8>>,
    keys: Vec<Vec<u8>>,
    authorities: Vec<Vec<u8>>,
    callers: Vec<(&'static str, Vec<Vec<u8>>)>,
}

/// Secures connections with what the files said last that could be used.
#[derive(Clone)]
pub(crate) struct Acceptor(Arc<RwLock<Current>>);

impl Acceptor {
    fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner).config)
    }

    /// What says whether a certificate is of the authorities that a variable names.
    #[cfg(feature = "auth")]
    pub(crate) fn authorities(&self, variable: &str) -> Option<Arc<dyn ClientCertVerifier>> {
        let current = self.0.read().unwrap_or_else(PoisonError::into_inner);
        current.callers.of(variable)
    }

    /// Encrypts a connection from here on.
    ///
    /// # Errors
    ///
    /// When the other end does not speak TLS, or does not show the certificate that it must.
    pub(super) async fn secure(&self, socket: Socket) -> io::Result<TlsStream<Socket>> {
        let config = self.config();
        TlsAcceptor::from(config).accept(socket).await
    }
}

/// Begins with what was loaded, and looks for something newer as often as `every`.
///
/// # Errors
///
/// When no thread can be started.
pub(super) fn keep(
    secured: Secured,
    loaded: Loaded,
    every: Duration,
) -> io::Result<(Acceptor, Keeper)> {
    warn_of_age(&loaded);
    let acceptor = Acceptor(Arc::new(RwLock::new(loaded.current.clone())));
    let current = acceptor.clone();
    let mut texts = loaded.texts;
    let mut refused = String::new();
    let look = move || match secured.load() {
        Ok(loaded) if loaded.texts == texts => refused.clear(),
        Ok(loaded) => {
            warn_of_age(&loaded);
            *current.0.write().unwrap_or_else(PoisonError::into_inner) = loaded.current;
            texts = loaded.texts;
            refused.clear();
            observe::certificates("reloaded", "");
        }
        // A file may be written at this very moment, or its key come later.
        Err((variable, reason)) => {
            let reason = format!("{variable} {reason}");
            if reason != refused {
                observe::certificates("kept", &reason);
                refused = reason;
            }
        }
    };
    Ok((acceptor, Keeper::start("certificates", every, look)?))
}

/// Says that a certificate has expired, or will within a week.
fn warn_of_age(loaded: &Loaded) {
    const WEEK: u64 = 7 * 86_400;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    match loaded.expires {
        Some(end) if end <= now => observe::certificates("expired", "callers will refuse it"),
        Some(end) if end <= now + WEEK => observe::certificates("expiring", "within a week"),
        _ => {}
    }
}
