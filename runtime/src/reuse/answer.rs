//! An answer that more than one request gets.

use std::hash::{DefaultHasher, Hasher};
#[cfg(feature = "compress")]
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::StatusCode;
use http::header::{
    AGE, CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderMap, HeaderName, HeaderValue, SET_COOKIE, VARY,
};

use super::{Condition, Heard, Reused};
use crate::cache::Told;
#[cfg(feature = "compress")]
use crate::coding::Kept;
use crate::contract::{Endpoint, Reusable};
use crate::error::{Error, Kind};
use crate::http1::head;
use crate::response::Response;

/// Says where an answer comes from (RFC 9211).
const CACHE_STATUS: HeaderName = HeaderName::from_static("cache-status");

/// How making an answer for several requests has ended.
pub(crate) type Ended = Result<std::sync::Arc<Answer>, Error>;

/// What is answered to all who ask the same.
#[derive(Debug)]
pub(crate) struct Answer {
    said: Said,
    /// What tells it from other answers to the same request.
    tag: Option<HeaderValue>,
    /// Nothing for one that only those get who asked at the same time.
    times: Option<Times>,
    /// For how long callers and caches on the way may use it, counted from when they get it.
    control: Option<HeaderValue>,
    /// The same body compressed, where callers may have it so.
    #[cfg(feature = "compress")]
    kept: Option<Arc<Kept>>,
}

enum Said {
    Whole { status: StatusCode, headers: HeaderMap, body: Bytes, fallbacks: Vec<&'static str> },
    Problem(Error),
}

#[derive(Clone, Copy, Debug)]
struct Times {
    made: Instant,
    fresh: Duration,
    stale: Duration,
}

impl Answer {
    /// What an endpoint answered, as far as others may get it too.
    ///
    /// # Errors
    ///
    /// What it answered, if that is an error that the contract does not keep; and an answer that
    /// nobody else may get. The compiler lets no contract keep what makes such answers.
    pub(crate) fn of(
        (endpoint, reusable): (&Endpoint, &Reusable),
        answered: Result<Response, Error>,
        heard: &Heard,
    ) -> Result<Answer, Error> {
        let told = heard.told();
        let (said, told) = match answered {
            Err(error) if error.is_declared() && reusable.errors.contains(&error.status()) => {
                (Said::Problem(error), told)
            }
            Err(error) => return Err(error),
            Ok(response) => {
                let whole = response.into_whole().filter(|(_, headers, _, _)| {
                    // It is for one caller alone.
                    !headers.contains_key(SET_COOKIE)
                });
                let (status, headers, body, fallbacks) = whole.ok_or_else(|| {
                    let cause = "an answer that is for one caller alone cannot be kept";
                    Error::from(Kind::Internal).because(cause.to_owned())
                })?;
                let heard = Heard::new();
                heard.note(told);
                heard.note(said_of_itself(status, &headers));
                (Said::Whole { status, headers, body, fallbacks }, heard.told())
            }
        };
        let times = told.and_then(|told| Times::of(reusable, told));
        let tag = said.tag(endpoint.version);
        #[cfg(feature = "compress")]
        let kept = match &said {
            Said::Whole { body, .. } if endpoint.compress.answers.is_some() => {
                Some(Arc::new(Kept::new(body.len())))
            }
            _ => None,
        };
        Ok(Answer {
            said,
            tag,
            times,
            control: times.map(|times| times.control(reusable)),
            #[cfg(feature = "compress")]
            kept,
        })
    }

    /// Whether it may be given to whoever asks later.
    pub(crate) fn is_kept(&self) -> bool {
        self.times.is_some()
    }

    /// Whether it is as good as a new one.
    pub(crate) fn is_fresh(&self, now: Instant) -> bool {
        self.times.is_some_and(|times| times.age(now) < times.fresh)
    }

    /// Whether it can be given, fresh or not.
    pub(crate) fn is_usable(&self, now: Instant) -> bool {
        self.times.is_some_and(|times| times.age(now) < times.fresh.saturating_add(times.stale))
    }

    /// How many bytes it takes, about.
    pub(crate) fn weight(&self) -> usize {
        match &self.said {
            Said::Whole { headers, body, .. } => {
                let fields =
                    headers.iter().map(|(name, value)| 64 + name.as_str().len() + value.len());
                // As much again may be kept of it in other codings.
                #[cfg(feature = "compress")]
                let coded = if self.kept.is_some() { body.len() } else { 0 };
                #[cfg(not(feature = "compress"))]
                let coded = 0;
                body.len() + coded + fields.sum::<usize>()
            }
            Said::Problem(error) => 256 + error.weight(),
        }
    }

    /// Whether something in it stands in for what could not be had.
    pub(crate) fn is_stand_in(&self) -> bool {
        matches!(&self.said, Said::Whole { fallbacks, .. } if !fallbacks.is_empty())
    }

    /// Why it is a failure, if it is one.
    pub(crate) fn problem(&self) -> Option<&Error> {
        match &self.said {
            Said::Whole { .. } => None,
            Said::Problem(error) => Some(error),
        }
    }

    /// The answer for one request: with this id, from a caller who has this already.
    pub(crate) fn tell(
        &self,
        reusable: &Reusable,
        (reused, now): (Reused, Instant),
        (id, condition): (&str, &Condition),
    ) -> Response {
        let had = self.tag.as_ref().is_some_and(|tag| condition.holds(tag));
        let mut response = match &self.said {
            Said::Problem(error) => error.clone().into_response(id),
            Said::Whole { headers, .. } if had => {
                let mut response = Response::empty(304);
                *response.headers_mut() = copy(headers);
                response.headers_mut().remove(CONTENT_TYPE);
                response
            }
            Said::Whole { status, headers, body, fallbacks } => {
                Response::again(*status, copy(headers), body.clone(), fallbacks)
            }
        };
        #[cfg(feature = "compress")]
        if let Some(kept) = &self.kept {
            response.keep(kept);
        }
        let headers = response.headers_mut();
        if let Some(tag) = &self.tag {
            headers.entry(ETAG).or_insert_with(|| tag.clone());
        }
        if !reusable.vary.is_empty() {
            headers.append(VARY, HeaderValue::from_static(reusable.vary));
        }
        let age = self.times.map(|times| times.age(now)).unwrap_or_default().as_secs();
        if let Some(control) = &self.control {
            match &self.said {
                Said::Problem(_) => headers.insert(CACHE_CONTROL, control.clone()),
                // What the contract takes from a backend is stricter already.
                Said::Whole { .. } => {
                    headers.entry(CACHE_CONTROL).or_insert_with(|| control.clone());
                    None
                }
            };
        }
        if matches!(reused, Reused::Hit | Reused::Stale) {
            headers.insert(AGE, HeaderValue::from(age));
        }
        headers.insert(CACHE_STATUS, self.status(reused, age));
        response
    }

    /// Where it comes from (RFC 9211 section 2).
    fn status(&self, reused: Reused, age: u64) -> HeaderValue {
        match reused {
            Reused::Hit | Reused::Stale => {
                let fresh = self.times.map_or(0, |times| times.fresh.as_secs());
                let left = i128::from(fresh) - i128::from(age);
                let text = format!("gatewright; hit; ttl={left}");
                HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static("gatewright; hit"))
            }
            Reused::Shared => HeaderValue::from_static("gatewright; fwd=miss; collapsed"),
            Reused::Miss => HeaderValue::from_static("gatewright; fwd=miss; stored"),
            Reused::Unkept => HeaderValue::from_static("gatewright; fwd=miss"),
        }
    }
}

/// The same fields, with room for more.
fn copy(headers: &HeaderMap) -> HeaderMap {
    let mut copy = head::room(headers.len());
    for (name, value) in headers {
        copy.append(name.clone(), value.clone());
    }
    copy
}

/// What an answer says about keeping it. Only some statuses are kept, and nothing that depends on
/// what no key holds.
fn said_of_itself(status: StatusCode, headers: &HeaderMap) -> Option<Told> {
    let keeps = matches!(status.as_u16(), 200 | 203 | 204) && !headers.contains_key(VARY);
    if keeps { Told::of(headers) } else { None }
}

impl Said {
    /// A strong tag over all bytes of a body (RFC 9110 section 8.8.3), unless the contract takes one
    /// from a backend. Gateways of one build agree on it.
    fn tag(&self, version: &str) -> Option<HeaderValue> {
        let Said::Whole { status, headers, body, .. } = self else { return None };
        if let Some(own) = headers.get(ETAG) {
            return Some(own.clone());
        }
        if *status != StatusCode::OK || body.is_empty() {
            return None;
        }
        // Tags are compared for one address only, and whoever makes an answer gains nothing by two
        // that look alike: it needs no hash of cryptography.
        let half = |seed: u8| {
            let mut hasher = DefaultHasher::new();
            hasher.write_u8(seed);
            hasher.write(version.as_bytes());
            hasher.write_usize(body.len());
            hasher.write(body);
            hasher.finish()
        };
        HeaderValue::try_from(format!("\"{:016x}{:016x}\"", half(0), half(1))).ok()
    }
}

impl Times {
    /// From this moment on, as long as the contract says, or less if backends say so; nothing for no
    /// time at all.
    fn of(reusable: &Reusable, told: Told) -> Option<Times> {
        let fresh = told.fresh.map_or(reusable.fresh, |most| most.min(reusable.fresh));
        let stale = if told.stale { reusable.stale } else { Duration::ZERO };
        (!fresh.is_zero()).then(|| Times { made: Instant::now(), fresh, stale })
    }

    fn age(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.made)
    }

    /// For how long callers and caches on the way may use it (RFC 9111 section 5.2.2, RFC 5861).
    fn control(&self, reusable: &Reusable) -> HeaderValue {
        let whose = if reusable.public { "public" } else { "private" };
        let (fresh, stale) = (self.fresh.as_secs(), self.stale.as_secs());
        let text = match stale {
            0 => format!("{whose}, max-age={fresh}"),
            _ => format!(
                "{whose}, max-age={fresh}, stale-while-revalidate={stale}, stale-if-error={stale}"
            ),
        };
        HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static("no-store"))
    }
}

impl std::fmt::Debug for Said {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Said::Whole { status, body, .. } => {
                f.debug_struct("Whole").field("status", status).field("bytes", &body.len()).finish()
            }
            Said::Problem(error) => f.debug_tuple("Problem").field(&error.status()).finish(),
        }
    }
}
