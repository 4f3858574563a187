//! Sets of public keys that are asked for at an address: ahead of time, at once when a key is not
//! known, and never more often than their issuer can bear.

use std::borrow::Cow;
use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, mpsc, watch};
use tokio::task::{LocalSet, spawn_local};
use tokio::time::timeout;

use super::guard::reachable;
use super::jws::{self, Key};
use super::revoked::Revoked;
use crate::json;
use crate::observe;
use crate::upstream::{Address, fetch};

/// The largest set of keys, in bytes.
const LARGEST: usize = 512 * 1024;
/// How soon a set is asked for again because of keys that are not known. Whoever invents names of
/// keys makes the gateway ask this often, and no more.
const COOLDOWN: Duration = Duration::from_secs(10);
/// How long a request waits for keys that are being asked for: whoever shows tokens with names of keys
/// that nobody knows must not hold many requests for as long as an issuer hangs.
const PATIENCE: Duration = Duration::from_secs(1);
/// How soon a set that could not be had is asked for again, first and at most.
const RETRY: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(30));

/// The keys of one address, the same for all cores.
pub(super) struct Source {
    /// The scheme that they are for.
    scheme: &'static str,
    place: Place,
    refresh: Duration,
    state: RwLock<State>,
    /// Told when the set is wanted before its time.
    wanted: Notify,
    /// How often it was asked for, told to those who wait.
    attempts: watch::Sender<u64>,
    /// When it was last asked for because of a key that was not known, and after how many attempts.
    asked: Mutex<Option<(Instant, u64)>>,
}

/// Where a set is.
pub(super) enum Place {
    /// At this address.
    Set(Address),
    /// Where an issuer says.
    Issuer {
        /// The issuer, as tokens name it.
        issuer: String,
        /// Where it says that.
        document: Address,
    },
}

impl Place {
    /// The place of an issuer's keys (OpenID Connect Discovery 1.0 section 4).
    ///
    /// # Errors
    ///
    /// Why it cannot be asked, as it stands behind the name of its variable.
    pub(super) fn of_issuer(issuer: &str) -> Result<Place, String> {
        let base = issuer.strip_suffix('/').unwrap_or(issuer);
        let document = reachable(&format!("{base}/.well-known/openid-configuration"))?;
        Ok(Place::Issuer { issuer: issuer.to_owned(), document })
    }

    /// The address of the set.
    async fn find(&self) -> Result<Cow<'_, Address>, String> {
        let Place::Issuer { issuer, document } = self else {
            let Place::Set(address) = self else { return Err(String::new()) };
            return Ok(Cow::Borrowed(address));
        };
        let body = fetch(document, "application/json", LARGEST).await;
        let body = body.map_err(|reason| format!("the issuer's document: {reason}"))?;
        let (named, keys) =
            said(&body).ok_or("the issuer's document does not say where keys are")?;
        // Else whoever answers there could have others believed (section 4.3).
        if named != *issuer {
            return Err("the document is of another issuer".to_owned());
        }
        // What stands behind a `?` belongs to what is asked for.
        let (plain, query) =
            keys.split_once('?').map_or((keys.as_str(), None), |(a, b)| (a, Some(b)));
        let mut address = reachable(plain).map_err(|reason| format!("`jwks_uri` {reason}"))?;
        if document.secure && !address.secure {
            return Err("the issuer is at `https`, and its keys are not".to_owned());
        }
        if let Some(query) = query {
            address.prefix = format!(
                "{}?{query}",
                if address.prefix.is_empty() { "/" } else { &address.prefix }
            );
        }
        Ok(Cow::Owned(address))
    }
}

/// The issuer that a document is of, and where it says that keys are.
fn said(document: &[u8]) -> Option<(String, String)> {
    let found = json::read_result(document, |reader| reader.members(&["issuer", "jwks_uri"]));
    let [issuer, keys] = found.ok()?;
    Some((jws::text_of(issuer)?, jws::text_of(keys)?))
}

/// What is known of a set.
#[derive(Clone, Default)]
pub(super) struct State {
    /// The last keys that could be had; nothing before the first.
    pub(super) keys: Option<Arc<Vec<Key>>>,
    /// Grows when keys change: what was checked with others has to be checked again.
    pub(super) generation: u64,
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source").field("scheme", &self.scheme).finish_non_exhaustive()
    }
}

impl Source {
    /// A set that nobody has asked for.
    pub(super) fn new(scheme: &'static str, place: Place, refresh: Duration) -> Source {
        let attempts = watch::Sender::new(0);
        let (state, wanted, asked) = (RwLock::default(), Notify::new(), Mutex::new(None));
        Source { scheme, place, refresh, state, wanted, attempts, asked }
    }

    /// Keys that never change.
    pub(super) fn fixed(keys: Vec<Key>) -> State {
        State { keys: Some(Arc::new(keys)), generation: 0 }
    }

    /// What is known now.
    pub(super) fn state(&self) -> State {
        self.state.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What is known once the set was asked for again, because a key is not in it. Whoever comes while
    /// it is being asked for waits for the same answer; for a while after that, what is known stays.
    pub(super) async fn renewed(&self) -> State {
        let mut attempts = self.attempts.subscribe();
        if self.is_worth_waiting(*attempts.borrow_and_update()) {
            // What comes too late for this request is there for the next.
            let _ = timeout(PATIENCE, attempts.changed()).await;
        }
        self.state()
    }

    /// Whether an answer is on its way, asked for here if it may be; so many came before.
    fn is_worth_waiting(&self, attempts: u64) -> bool {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        match *asked {
            Some((last, before)) if now.duration_since(last) < COOLDOWN => before == attempts,
            _ => {
                *asked = Some((now, attempts));
                self.wanted.notify_one();
                true
            }
        }
    }

    /// Asks for the set for ever.
    async fn keep(self: Arc<Source>) {
        let mut pause = RETRY.0;
        loop {
            let next = match self.ask().await {
                Ok(keys) => {
                    self.put(keys);
                    pause = RETRY.0;
                    self.refresh
                }
                Err(reason) => {
                    observe::keys_failed(self.scheme, &reason, self.state().keys.is_some());
                    let next = pause.min(self.refresh);
                    pause = (pause * 2).min(RETRY.1);
                    next
                }
            };
            self.attempts.send_modify(|attempts| *attempts += 1);
            let _ = timeout(next, self.wanted.notified()).await;
        }
    }

    async fn ask(&self) -> Result<Vec<Key>, String> {
        const ACCEPT: &str = "application/jwk-set+json, application/json";
        let address = self.place.find().await?;
        let body = fetch(&address, ACCEPT, LARGEST).await.map_err(|reason| reason.to_string())?;
        let keys = jws::keys(&body).ok_or("the answer is no set of keys")?;
        // An issuer without keys is one that is broken.
        if keys.is_empty() { Err("the set has no key that is usable".to_owned()) } else { Ok(keys) }
    }

    fn put(&self, keys: Vec<Key>) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        if state.keys.as_deref() != Some(&keys) {
            *state = State { keys: Some(Arc::new(keys)), generation: state.generation + 1 };
        }
    }
}

/// The thread that asks for keys. It ends when this is dropped.
#[derive(Debug)]
pub(super) struct Keeping {
    _stop: mpsc::Sender<()>,
}

impl Keeping {
    /// Asks for the keys of these sources, and looks at these lists, from now on; nothing to hold where
    /// there are none.
    ///
    /// # Errors
    ///
    /// When the thread cannot be started.
    pub(super) fn start(
        sources: Vec<Arc<Source>>,
        lists: Vec<Arc<Revoked>>,
    ) -> io::Result<Option<Keeping>> {
        if sources.is_empty() && lists.is_empty() {
            return Ok(None);
        }
        let (stop, mut stopped) = mpsc::channel::<()>(1);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let work = move || {
            LocalSet::new().block_on(&runtime, async move {
                for source in sources {
                    spawn_local(source.keep());
                }
                for list in lists {
                    spawn_local(list.keep());
                }
                let _ = stopped.recv().await;
            });
        };
        std::thread::Builder::new().name("keys".to_owned()).spawn(work)?;
        Ok(Some(Keeping { _stop: stop }))
    }
}
