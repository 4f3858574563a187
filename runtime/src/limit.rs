//! Limits of calls: who has called how often, counted by all cores together.

mod meter;
mod shared;
mod tally;

use std::collections::HashMap;
use std::fmt::Write as _;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::{HeaderMap, HeaderName, HeaderValue};

use self::meter::Refused;
pub(crate) use self::shared::Joint;
use self::shared::{Own, Refusal};
use self::tally::{Callers, Tally};
use crate::auth::Principal;
use crate::bulkhead::{Bulkhead, Place};
use crate::contract::{By, Contract, Endpoint, Limit, Version};
use crate::error::{Error, Kind};

/// What limits there are (draft-ietf-httpapi-ratelimit-headers-10 section 3).
pub(crate) const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
/// What is left of them (the same, section 4).
pub(crate) const LEFT: HeaderName = HeaderName::from_static("ratelimit");

/// The limits of all endpoints, and what they have counted.
#[derive(Debug)]
pub(crate) struct Limiters {
    contract: &'static Contract,
    start: Instant,
    callers: Callers,
    /// How many requests may be answered at once.
    bulkhead: Option<Bulkhead>,
    /// For each version, for each of its endpoints.
    endpoints: Vec<Vec<Limited>>,
}

/// The limits of one endpoint.
#[derive(Debug)]
struct Limited {
    limits: Vec<Applied>,
    policy: HeaderValue,
}

#[derive(Debug)]
struct Applied {
    limit: &'static Limit,
    field: Option<HeaderName>,
    tally: Arc<Tally>,
}

/// What the caller of a limited endpoint is told, whatever the answer.
#[derive(Clone, Debug)]
pub(crate) struct Quota {
    policy: HeaderValue,
    left: String,
}

/// Who calls, as far as limits ask.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Caller<'r> {
    pub(crate) address: IpAddr,
    pub(crate) headers: &'r HeaderMap,
    /// Whom a scheme has let in; nobody before anybody was asked.
    pub(crate) principal: Option<&'r Principal>,
}

impl Limiters {
    /// The limits of a contract, with nothing counted.
    pub(crate) fn new(contract: &'static Contract) -> Limiters {
        let mut tallies: HashMap<&'static str, Arc<Tally>> = HashMap::new();
        let mut limited = |endpoint: &&'static Endpoint| {
            let applied = endpoint.limits.iter().map(|limit| Applied {
                limit,
                field: field(limit),
                tally: Arc::clone(
                    tallies.entry(limit.name).or_insert_with(|| Arc::new(Tally::new(limit))),
                ),
            });
            Limited { limits: applied.collect(), policy: policy(endpoint.limits) }
        };
        let versions = contract.versions.iter();
        let endpoints =
            versions.map(|version| version.endpoints.iter().map(&mut limited).collect()).collect();
        let bulkhead = contract.in_flight.map(Bulkhead::new);
        Limiters {
            contract,
            start: Instant::now(),
            callers: Callers::default(),
            bulkhead,
            endpoints,
        }
    }

    /// Counts a request to an endpoint, unless one of its limits is reached: before anything is known of
    /// the caller by the limits that ask for nothing, and then by those of callers who are known. What is
    /// refused is counted by none of them. `quota` becomes what the caller is told.
    ///
    /// # Errors
    ///
    /// 429; 401 if what callers are counted by is not known of this one.
    pub(crate) async fn admit(
        &self,
        (version, endpoint): (&'static Version, &'static Endpoint),
        caller: Caller<'_>,
        quota: &mut Option<Quota>,
        joint: &Joint,
    ) -> Result<(), Error> {
        if endpoint.limits.is_empty() {
            return Ok(());
        }
        let Some(limited) = self.of(version, endpoint) else {
            let cause = "its version does not list the endpoint, so nothing counts its limits";
            return Err(Error::from(Kind::Internal).because(cause.to_owned()));
        };
        let quota = quota.get_or_insert_with(|| limited.quota());
        let mut together: Vec<Own> = Vec::new();
        for (at, applied) in limited.limits.iter().enumerate() {
            if !caller.is_counted_by(applied.limit) {
                continue;
            }
            let taken = self.key(applied, caller).and_then(|key| {
                let refused = |refused| too_often(applied.limit, refused, quota);
                applied.tally.take(key, || self.now()).map_err(refused)
            });
            match taken {
                Ok(state) if applied.limit.shared => together.push((at, state)),
                Ok(state) => write_left(&mut quota.left, applied.limit, state),
                Err(error) => {
                    self.give_back(limited, at, caller);
                    return Err(error);
                }
            }
        }
        if together.is_empty() {
            return Ok(());
        }
        let counted = joint.count((self.contract, limited), caller, together).await;
        self.settle(limited, caller, counted, quota)
    }

    /// What becomes of a call that this gateway lets through, by what all of them have counted.
    fn settle(
        &self,
        limited: &Limited,
        caller: Caller<'_>,
        counted: Result<Vec<Own>, Refusal>,
        quota: &mut Quota,
    ) -> Result<(), Error> {
        let limit = |at: usize| limited.limits.get(at).map(|applied| applied.limit);
        let error = match counted {
            Ok(states) => {
                for (at, state) in states {
                    if let Some(limit) = limit(at) {
                        write_left(&mut quota.left, limit, state);
                    }
                }
                return Ok(());
            }
            Err(Refusal::Reached(at, refused)) => {
                limit(at).map(|limit| too_often(limit, refused, quota))
            }
            Err(Refusal::Away) => None,
        };
        self.give_back(limited, limited.limits.len(), caller);
        Err(error.unwrap_or_else(|| Kind::LimitsUnavailable.into()))
    }

    /// Takes back what was counted before the limit at `end` refused.
    fn give_back(&self, limited: &Limited, end: usize, caller: Caller<'_>) {
        for (at, applied) in limited.limits.iter().enumerate() {
            // Those that ask for nothing came before all that ask who calls.
            let before = match caller.principal {
                Some(_) => applied.limit.by.scheme().is_none() || at < end,
                None => at < end,
            };
            let asked =
                Caller { principal: applied.limit.by.scheme().and(caller.principal), ..caller };
            if !before || !asked.is_counted_by(applied.limit) {
                continue;
            }
            if let Ok(key) = self.key(applied, caller) {
                applied.tally.give_back(key);
            }
        }
    }

    /// A place among the requests that are answered at once; nothing where any number may be.
    ///
    /// # Errors
    ///
    /// 503, if none gets free in time.
    pub(crate) async fn enter(&self) -> Result<Option<Place>, Error> {
        let Some(bulkhead) = &self.bulkhead else { return Ok(None) };
        bulkhead.enter().await.map(Some).ok_or_else(|| Kind::Overloaded.into())
    }

    fn of(&self, version: &Version, endpoint: &Endpoint) -> Option<&Limited> {
        let at = self.contract.versions.iter().position(|one| std::ptr::eq(one, version))?;
        self.endpoints.get(at)?.get(endpoint.index)
    }

    /// Microseconds since the gateway started, by a clock that never goes back.
    fn now(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// What tells the caller from others.
    ///
    /// # Errors
    ///
    /// 401 if that is not known.
    fn key(&self, applied: &Applied, caller: Caller<'_>) -> Result<u128, Error> {
        Ok(match (applied.limit.by, &applied.field, caller.principal) {
            (By::Ip, ..) => Callers::by_address(caller.address),
            (By::Header(_), Some(field), _) => self.callers.by_field(caller.headers, field),
            (By::Caller(_), _, Some(principal)) => {
                let id = principal.id().ok_or_else(|| principal.lacks("sub"))?;
                self.callers.by_text(id)
            }
            (By::Claim(_, claim), _, Some(principal)) => {
                let value = principal.claim(claim).ok_or_else(|| principal.lacks(claim))?;
                self.callers.by_text(&value)
            }
            (By::Caller(_) | By::Claim(..), _, None) => return Err(Principal::of_nobody()),
            (By::All | By::Header(_), ..) => 0,
        })
    }
}

impl Caller<'_> {
    /// Whether a limit counts this caller, as far as is known by now who calls.
    fn is_counted_by(&self, limit: &Limit) -> bool {
        match (limit.by.scheme(), self.principal) {
            (None, None) => true,
            (Some(scheme), Some(principal)) => std::ptr::eq(scheme, principal.scheme()),
            (None, Some(_)) | (Some(_), None) => false,
        }
    }
}

impl Limited {
    /// What callers are told before anything is counted.
    fn quota(&self) -> Quota {
        Quota { policy: self.policy.clone(), left: String::with_capacity(32) }
    }
}

impl Quota {
    /// Tells the caller.
    pub(crate) fn tell(self, headers: &mut HeaderMap) {
        let Ok(left) = HeaderValue::try_from(self.left) else { return };
        headers.insert(POLICY, self.policy);
        headers.insert(LEFT, left);
    }
}

fn field(limit: &Limit) -> Option<HeaderName> {
    match limit.by {
        By::Header(name) => HeaderName::from_bytes(name.as_bytes()).ok(),
        By::All | By::Ip | By::Caller(_) | By::Claim(..) => None,
    }
}

/// `"ip";q=50;w=1;gatewright-burst=10`: the calls of a period, the period in seconds, and how many may
/// come at once where that is another number.
fn policy(limits: &[Limit]) -> HeaderValue {
    let mut text = String::new();
    for limit in limits {
        separate(&mut text);
        let Limit { title, calls, burst, .. } = limit;
        let _ = write!(text, "\"{title}\";q={calls};w={}", seconds(limit.period));
        if burst != calls {
            let _ = write!(text, ";gatewright-burst={burst}");
        }
    }
    HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static(""))
}

/// `"ip";r=9;t=1`: how many may come at once from here on, and in how many seconds it is the whole burst
/// again.
fn write_left(text: &mut String, limit: &Limit, (left, whole): (u64, Duration)) {
    separate(text);
    let _ = write!(text, "\"{}\";r={left};t={}", limit.title, seconds(whole));
}

fn separate(text: &mut String) {
    if !text.is_empty() {
        text.push_str(", ");
    }
}

/// Whole seconds, more rather than less.
fn seconds(span: Duration) -> u128 {
    span.as_millis().div_ceil(1000)
}

/// The error about a limit that is reached. Of others nothing is told.
fn too_often(limit: &Limit, refused: Refused, quota: &mut Quota) -> Error {
    quota.left.clear();
    write_left(&mut quota.left, limit, (0, refused.whole));
    Kind::LimitReached { title: limit.title, retry_after: refused.wait }.into()
}
