//! Texts in PEM that the environment names: read, taken apart, and looked after.

use std::path::PathBuf;
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;
use std::{fmt, fs, io};

use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// The largest file that is read, in bytes.
const LARGEST: u64 = 1 << 20;

/// What is wrong with one of the variables, as it stands behind its name.
pub(crate) type Wrong = (&'static str, String);

/// Where a text in PEM is.
#[derive(Clone)]
pub(crate) enum Source {
    File(PathBuf),
    Inline(String),
}

/// Paths with commas between them, or the text itself.
pub(crate) fn sources(text: &str) -> Vec<Source> {
    if text.contains("-----BEGIN") {
        return vec![Source::Inline(text.to_owned())];
    }
    text.split(',').map(|path| Source::File(PathBuf::from(path.trim()))).collect()
}

/// What stands there now.
///
/// # Errors
///
/// A file cannot be read, or is too large.
pub(crate) fn texts(variable: &'static str, sources: &[Source]) -> Result<Vec<Vec<u8>>, Wrong> {
    let read = |source: &Source| match source {
        Source::Inline(text) => Ok(text.clone().into_bytes()),
        Source::File(path) => {
            let wrong = |what: &dyn fmt::Display| {
                (variable, format!("names `{}`, which cannot be read: {what}", path.display()))
            };
            let size = fs::metadata(path).map_err(|error| wrong(&error))?;
            if !size.is_file() || size.len() > LARGEST {
                return Err(wrong(&"it is no file of at most 1 MB"));
            }
            fs::read(path).map_err(|error| wrong(&error))
        }
    };
    sources.iter().map(read).collect()
}

/// The certificates in a text, at least one.
///
/// # Errors
///
/// There is none, or what is none.
pub(crate) fn chain(
    variable: &'static str,
    text: &[u8],
) -> Result<Vec<CertificateDer<'static>>, Wrong> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text).collect();
    match chain {
        Ok(chain) if !chain.is_empty() => Ok(chain),
        Ok(_) => Err((variable, "holds no certificate in PEM".to_owned())),
        Err(_) => Err((variable, "holds what is no certificate in PEM".to_owned())),
    }
}

/// The keys in some texts, at least one.
///
/// # Errors
///
/// There is none, or what is none.
pub(crate) fn keys(
    variable: &'static str,
    texts: &[Vec<u8>],
) -> Result<Vec<PrivateKeyDer<'static>>, Wrong> {
    let mut keys = Vec::new();
    for text in texts {
        for key in PrivateKeyDer::pem_slice_iter(text) {
            keys.push(key.map_err(|_| (variable, "holds what is no key in PEM".to_owned()))?);
        }
    }
    if keys.is_empty() {
        return Err((variable, "holds no key in PEM".to_owned()));
    }
    Ok(keys)
}

/// Trusts the authorities in some texts besides, at least one in each.
///
/// # Errors
///
/// There is none, or what is none.
pub(crate) fn add(
    roots: &mut RootCertStore,
    variable: &'static str,
    texts: &[Vec<u8>],
) -> Result<(), Wrong> {
    for text in texts {
        for certificate in chain(variable, text)? {
            let added = roots.add(certificate);
            added.map_err(|_| (variable, "holds what is no authority".to_owned()))?;
        }
    }
    Ok(())
}

/// Looks after files on a thread of its own, until it is dropped.
pub(crate) struct Keeper {
    stop: Option<mpsc::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Keeper {
    /// Looks as often as `every`.
    ///
    /// # Errors
    ///
    /// When no thread can be started.
    pub(crate) fn start(
        name: &str,
        every: Duration,
        mut look: impl FnMut() + Send + 'static,
    ) -> io::Result<Keeper> {
        let (stop, stopped) = mpsc::channel::<()>();
        let watch = move || {
            while stopped.recv_timeout(every) == Err(mpsc::RecvTimeoutError::Timeout) {
                look();
            }
        };
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn(watch)?;
        Ok(Keeper { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
