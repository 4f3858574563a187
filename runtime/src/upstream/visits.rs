//! The way of one call from address to address.

use std::net::SocketAddr;
use std::time::Duration;

use http::header::{AUTHORIZATION, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, StatusCode};
use tokio::time::{Instant, timeout_at};

use super::Upstream;
use super::breaker::Permit;
use super::budget::pause;
use super::connect::{CONNECT, late};
use super::course::Course;
use super::failure::Reason;
use super::fields::Fields;
use super::link::{Instead, Link, Look, Wanted};
use super::replicas::{Picked, Tried};
use super::roster::{Blame, Verdict};
use crate::bulkhead::Place;

/// The addresses that a call has been to, and the one where it is.
#[derive(Default)]
pub(super) struct Visits {
    tried: Tried,
    here: Option<Picked>,
    /// The place among the requests on their way to the backend.
    place: Option<Place>,
    /// How long the last answer asks to be left alone.
    wait: Option<Duration>,
    /// What says to the backend who calls.
    token: Option<HeaderValue>,
    /// Whether that is being asked for.
    asks_for_token: bool,
    /// Its place in a trace, if it has one of its own.
    trace: Option<HeaderValue>,
    seen: Seen,
    /// Why a connection was not made that this call waited for.
    missed: Option<Reason>,
}

/// How long an address may take to let a connection be made; nothing where the time of the attempt is
/// limit enough. While there are others, no address may use that up.
fn limit(upstream: &Upstream, attempt: Duration) -> Option<Duration> {
    match upstream.replicas.count() {
        0 | 1 => None,
        _ => Some(CONNECT.min(attempt / 3)),
    }
}

/// What a traced call has seen last.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    /// The host and the address that were asked.
    pub(super) place: Option<(HeaderValue, SocketAddr)>,
    /// The status of the answer.
    pub(super) status: Option<u16>,
}

impl Visits {
    /// Those of this call.
    pub(super) fn of(course: &Course) -> Visits {
        Visits { trace: course.place(), ..Visits::default() }
    }

    /// What it has seen last; nothing unless it is traced.
    pub(super) fn seen(&self) -> Seen {
        self.seen.clone()
    }

    /// Goes to the address where the next attempt begins: one that was not asked before, if there
    /// is one.
    pub(super) async fn begin(&mut self, upstream: &Upstream) -> Result<(), Reason> {
        self.leave();
        self.tried.refused.clear();
        self.wait = None;
        self.missed = None;
        self.seen.status = None;
        #[cfg(feature = "auth")]
        if let Some(tokens) = &upstream.tokens {
            self.asks_for_token = true;
            self.token = Some(tokens.token().await?);
        }
        self.asks_for_token = false;
        if let Some(bulkhead) = &upstream.bulkhead {
            self.place = Some(bulkhead.enter().await.ok_or(Reason::Full)?);
        }
        self.here = upstream.replicas.pick(&self.tried).await;
        self.see();
        if self.here.is_some() { Ok(()) } else { Err(Reason::NoAddress) }
    }

    /// A connection to this address that is there, or is being made for others; nothing where one has
    /// to be made.
    pub(super) async fn ready(
        &mut self,
        upstream: &Upstream,
        (attempt, wanted, look): (Duration, Wanted, Look),
    ) -> Option<Link> {
        let mut latest = None;
        loop {
            let pool = &self.here.as_ref()?.pool;
            if let Some(link) = pool.take(wanted, look) {
                return Some(link);
            }
            let coming = pool.coming(wanted)?;
            let limit = limit(upstream, attempt).unwrap_or(CONNECT);
            let latest = *latest.get_or_insert_with(|| Instant::now() + limit);
            // Boxed, as it is rare.
            let end = Box::pin(timeout_at(latest, coming.end())).await;
            if let Err(reason) = end.unwrap_or_else(|_| Err(late())) {
                self.missed = Some(reason);
                return None;
            }
        }
    }

    /// A fresh connection to this address, or to another one if it takes none.
    ///
    /// # Errors
    ///
    /// What went wrong with the last one, without the address.
    pub(super) async fn connect(
        &mut self,
        upstream: &Upstream,
        (attempt, wanted): (Duration, Wanted),
    ) -> Result<Link, Reason> {
        let limit = limit(upstream, attempt);
        let mut last = Reason::NoAddress;
        while let Some(here) = &self.here {
            let made = match self.missed.take() {
                Some(reason) => Err(reason),
                // Boxed: this is rare, and several kilobytes that every call would carry along.
                None => Box::pin(here.connect(limit, wanted)).await,
            };
            match made {
                Ok(link) => {
                    upstream.connected();
                    return Ok(link);
                }
                Err(reason) => last = reason,
            }
            if upstream.replicas.count() < 2 {
                break;
            }
            self.tried.refused.push(here.address);
            here.note(Verdict::Silent);
            self.here = upstream.replicas.pick(&self.tried).await;
            self.see();
        }
        Err(last)
    }

    /// Listens to an answer that says when to ask again (RFC 9110 section 10.2.3), in seconds.
    /// Where there are other addresses, those can be asked meanwhile. Says whether the same may be
    /// answered with another token: this one is refused.
    pub(super) fn hear(
        &mut self,
        upstream: &Upstream,
        status: StatusCode,
        headers: &HeaderMap,
    ) -> bool {
        self.answered(status);
        let busy = matches!(status.as_u16(), 429 | 503) && upstream.replicas.count() < 2;
        let seconds = headers.get(RETRY_AFTER).filter(|_| busy);
        let seconds = seconds.and_then(|text| text.to_str().ok()?.trim().parse().ok());
        self.wait = seconds.map(Duration::from_secs);
        #[cfg(feature = "auth")]
        if let (StatusCode::UNAUTHORIZED, Some(tokens), Some(token)) =
            (status, &upstream.tokens, &self.token)
        {
            return tokens.refused(token);
        }
        false
    }

    /// It was answered with this status.
    pub(super) fn answered(&mut self, status: StatusCode) {
        if self.trace.is_some() {
            self.seen.status = Some(status.as_u16());
        }
    }

    /// Takes note of where the request goes.
    fn see(&mut self) {
        if self.trace.is_some()
            && let Some(here) = &self.here
        {
            self.seen.place = Some((here.origin.authority.clone(), here.address));
        }
    }

    /// What belongs to this attempt of a call with these fields: whom it is for, its place in a trace,
    /// and who calls, where nothing else of the call says so.
    pub(super) fn instead<'h>(&'h self, headers: &Fields) -> Instead<'h> {
        Instead {
            host: self.here.as_ref().map(|here| &here.origin.authority),
            traceparent: self.trace.as_ref(),
            authorization: self.token.as_ref().filter(|_| !headers.contains(&AUTHORIZATION)),
        }
    }

    /// How long to wait before the `nth` further attempt, from 1.
    pub(super) fn pause(&self, nth: u32) -> Duration {
        pause(nth).max(self.wait.unwrap_or_default())
    }

    /// Keeps a connection to this address for the next request.
    pub(super) fn keep(&self, link: Link) {
        if let Some(here) = &self.here {
            here.pool.put(link);
        }
    }

    /// Takes note of how an attempt ended, for the address and for the backend; nothing if it says
    /// nothing about them.
    pub(super) fn note(&self, verdict: Option<Verdict>, permit: Option<Permit<'_>>) {
        // The backend was not asked yet.
        let Some(verdict) = verdict.filter(|_| !self.asks_for_token) else { return };
        let blame = self.here.as_ref().map_or(Blame::Backend, |here| here.note(verdict));
        let Some(permit) = permit else { return };
        match (verdict, blame) {
            (Verdict::Well, _) => permit.succeeded(),
            (_, Blame::Backend) => permit.failed(),
            (_, Blame::Ejected) => permit.excused(true),
            (_, Blame::Address) => permit.excused(false),
        }
    }

    /// Ends the attempt here.
    pub(super) fn leave(&mut self) {
        self.place = None;
        if let Some(here) = self.here.take() {
            self.tried.asked.push(here.address);
        }
    }

    /// The address where the attempt ended well; requests count as on their way to it until it is
    /// dropped.
    pub(super) fn arrived(self) -> Option<Picked> {
        let Visits { here, place, .. } = self;
        here.map(|mut here| {
            here.place = place;
            here
        })
    }
}
