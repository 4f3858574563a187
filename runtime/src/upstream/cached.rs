//! Calls whose outcome is kept for a while: whoever asks the same within that time is answered at once.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::HeaderMap;
use tokio::time::timeout_at;

use super::Gateway;
use super::attempt::Calling;
use super::failure::{Failure, Reason};
use super::forward::WHO_ASKS;
use crate::cache::{Cache, Kept, Key, Lead, Outcome, Role, Told};
use crate::observe;
use crate::request::{Deadline, identity};

/// How many requests one core can have on their way to find out what is to be kept. They go on
/// without whoever asked, so there must be an end to them; beyond it nothing is shared.
const MOST: usize = 1024;

/// How long the outcome of a call may be used again.
#[derive(Clone, Copy, Debug)]
pub struct Caching {
    /// As good as a new one for so long. The backend can shorten it, and forbid it.
    pub fresh: Duration,
    /// After that, used for so long while a new one is asked for.
    pub stale: Duration,
    /// Statuses beside 200, 203 and 204 that are kept: what the call turns into something else.
    pub statuses: &'static [u16],
}

/// The result of a call, kept or not.
pub struct Cached {
    body: Bytes,
    cache: Arc<Cache>,
    key: Key,
}

impl Cached {
    /// The body.
    pub(crate) fn body(&self) -> Bytes {
        self.body.clone()
    }

    /// Sees to it that whoever asks next gets a new one: this is not what it should be.
    pub(crate) fn forget(&self) {
        self.cache.forget(&self.key);
    }
}

impl fmt::Debug for Cached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cached").field("bytes", &self.body.len()).finish_non_exhaustive()
    }
}

/// Counts a request that nobody may be waiting for any more.
pub(crate) struct Flying(Gateway);

impl Flying {
    /// Counts one more, unless there are too many.
    pub(crate) fn start(gateway: &Gateway) -> Option<Flying> {
        let flying = &gateway.0.flying;
        (flying.get() < MOST).then(|| {
            flying.set(flying.get() + 1);
            Flying(gateway.clone())
        })
    }
}

impl Drop for Flying {
    fn drop(&mut self) {
        let flying = &self.0.0.flying;
        flying.set(flying.get().saturating_sub(1));
    }
}

impl Calling {
    /// The outcome that is kept, or that of a request that all who ask the same share.
    pub(super) async fn cached(mut self, caching: Caching) -> Result<Cached, Failure> {
        // Who asks must make no difference to what everybody gets.
        for name in &WHO_ASKS {
            self.outgoing.headers.remove(name);
        }
        self.keeping = Some(caching.statuses);
        let cache = Arc::clone(&self.gateway.0.cache);
        let key = self.key();
        let outcome = match cache.get(&key) {
            Some(kept) => {
                if Instant::now() >= kept.fresh {
                    self.renew(&cache, &key, caching);
                }
                kept.outcome
            }
            None => self.share(&cache, &key, caching).await,
        };
        self.note(&cache, &key);
        match outcome {
            Ok(body) => Ok(Cached { body, cache, key }),
            Err(reason) => Err(self.failed(reason)),
        }
    }

    /// Tells whoever keeps the answer what was said about keeping the result: one that is not kept is
    /// not to be kept in an answer either.
    fn note(&self, cache: &Cache, key: &Key) {
        let Some(heard) = &self.heard else { return };
        let now = Instant::now();
        heard.note(cache.get(key).map(|Kept { told: (fresh, stale), .. }| Told {
            fresh: fresh.map(|fresh| fresh.saturating_duration_since(now)),
            stale,
        }));
    }

    fn failed(&self, reason: Reason) -> Failure {
        let failure = Failure::new(self.backend, self.operation, reason);
        observe::within(&self.identity, || observe::call_failed(&failure));
        failure
    }

    /// Asks for a new outcome that nobody waits for, unless somebody does already.
    fn renew(&self, cache: &Arc<Cache>, key: &Key, caching: Caching) {
        let Some(flying) = Flying::start(&self.gateway) else { return };
        if let Role::Lead(lead) = cache.board(key) {
            let (cache, calling) = (Arc::clone(cache), self.alone());
            tokio::task::spawn_local(async move {
                let outcome = calling.fetch(&cache, &lead, caching).await;
                if let Err(reason) = &outcome {
                    calling.failed(reason.clone());
                }
                lead.land(outcome);
                drop(flying);
            });
        }
    }

    /// The outcome of one request for all who ask the same, as long as there is time.
    async fn share(&self, cache: &Arc<Cache>, key: &Key, caching: Caching) -> Outcome {
        let Some(flying) = Flying::start(&self.gateway) else { return self.asked().await };
        let mut told = match cache.board(key) {
            Role::Follow(told) => told,
            Role::Lead(lead) => {
                let told = lead.told();
                let (cache, calling) = (Arc::clone(cache), self.alone());
                tokio::task::spawn_local(async move {
                    let outcome = calling.fetch(&cache, &lead, caching).await;
                    lead.land(outcome);
                    drop(flying);
                });
                told
            }
        };
        let outcome =
            match timeout_at(self.deadline.instant(), told.wait_for(Option::is_some)).await {
                Ok(Ok(outcome)) => outcome.clone(),
                // Whoever was on the way has stopped without a word.
                Ok(Err(_)) => None,
                Err(_) => return Err(Reason::Timeout),
            };
        match outcome {
            Some(outcome) => outcome,
            None => self.asked().await,
        }
    }

    /// The same call with time of its own: others may wait for it who have more than this request.
    fn alone(&self) -> Calling {
        let timeout = self.gateway.upstream(self.backend).map_or(Duration::ZERO, |one| one.timeout);
        let all = timeout.saturating_mul(self.backend.retries.saturating_add(1));
        let deadline = Deadline::after(self.within.map_or(all, |within| within.min(all)));
        Calling { deadline, ..self.clone() }
    }

    /// Asks, and keeps the outcome if it may be kept.
    async fn fetch(&self, cache: &Cache, lead: &Lead<Outcome>, caching: Caching) -> Outcome {
        let outcome = self.asked().await;
        let told = self.told.take();
        let now = Instant::now();
        let until = |span: Duration| now.checked_add(span).unwrap_or(now);
        if let Some(told) = told {
            let fresh = told.fresh.map_or(caching.fresh, |most| most.min(caching.fresh));
            let stale = if told.stale { caching.stale } else { Duration::ZERO };
            let kept = Kept {
                outcome: outcome.clone(),
                fresh: until(fresh),
                stale: until(fresh.saturating_add(stale)),
                told: (told.fresh.map(until), told.stale),
            };
            cache.put(Arc::clone(lead.key()), kept);
        } else if is_final(&outcome) {
            // What was kept before is not so any more.
            cache.forget(lead.key());
        }
        outcome
    }

    /// All that is sent, but for what every request has a value of its own of.
    fn key(&self) -> Key {
        let outgoing = &self.outgoing;
        let head =
            format!("{} {} {}\n", self.backend.index, outgoing.method.as_str(), outgoing.target);
        let mut key = head.into_bytes();
        let own = [identity::TRACEPARENT, identity::TRACESTATE, identity::REQUEST_ID];
        for (name, value) in
            outgoing.headers.iter().filter(|(name, _)| !own.contains(&name.as_str()))
        {
            // Neither holds a line feed, so no two requests look the same.
            key.extend_from_slice(name.as_str().as_bytes());
            key.push(b':');
            key.extend_from_slice(value.as_bytes());
            key.push(b'\n');
        }
        key.push(b'\n');
        key.extend_from_slice(&outgoing.body);
        Key::from(key)
    }
}

/// Whether an outcome says how things are, and not only that the backend has trouble.
fn is_final(outcome: &Outcome) -> bool {
    match outcome {
        Ok(_) => true,
        Err(Reason::Status(status, _)) => *status < 500 && !matches!(status, 408 | 425 | 429),
        Err(_) => false,
    }
}

/// What the backend says about keeping this answer; nothing if it is not to be kept.
pub(super) fn told(status: u16, headers: &HeaderMap, also: &[u16]) -> Option<Told> {
    let keeps = matches!(status, 200 | 203 | 204) || also.contains(&status);
    if keeps { Told::of(headers) } else { None }
}
