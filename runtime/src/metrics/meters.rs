//! The counters of one core.

use std::collections::BTreeMap;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use super::count::{Count, Histogram, Statuses};
use super::places;
use crate::check::Violations;
use crate::contract::{Backend, Contract, Endpoint};
use crate::reuse::Reused;
use crate::trace::Context;

/// What one core counts. Aligned so that two cores never write to one cache line.
#[derive(Debug)]
#[repr(align(128))]
pub(crate) struct Meters {
    contract: &'static Contract,
    /// The number of the first endpoint of each version.
    versions: Vec<usize>,
    /// The number of the first operation of each backend.
    backends: Vec<usize>,
    endpoints: Vec<OnceLock<Box<OfEndpoint>>>,
    operations: Vec<OnceLock<Box<OfOperation>>>,
    /// Requests that led to no endpoint.
    pub(super) unrouted: Statuses,
    /// Why they were answered with a problem, by its code.
    pub(super) lost: Fields,
    pub(crate) begun: Count,
    pub(crate) ended: Count,
    pub(crate) accepted: Count,
    pub(crate) closed: Count,
    /// Connections that waited for a request and made room for others.
    pub(crate) displaced: Count,
    /// Connections of trusted proxies that did not say whom they carry.
    pub(crate) unannounced: Count,
    /// Lines of the access log for which there was no room.
    pub(crate) lines_lost: Count,
    /// Spans for which there was no room.
    pub(crate) spans_lost: Count,
    pub(super) traffic: [Traffic; 2],
    /// Bytes from backends that were not read, but moved on to callers.
    pub(super) poured: Count,
    /// Connections made to each backend.
    pub(super) connected: Vec<Count>,
}

/// Who is at the other end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Peer {
    Caller,
    Backend,
}

/// Bytes on connections, as they are on the wire.
#[derive(Debug, Default)]
pub(super) struct Traffic {
    pub(super) received: Count,
    pub(super) sent: Count,
}

/// What is counted of one endpoint.
#[derive(Debug)]
pub(super) struct OfEndpoint {
    pub(super) statuses: Statuses,
    pub(super) durations: Histogram,
    /// Requests that ended without an answer.
    pub(super) aborted: Count,
    /// By the endpoint's own list.
    pub(super) fallbacks: Vec<Count>,
    /// By the endpoint's own list, and last those of places that it does not name.
    pub(super) violations: Vec<Count>,
    /// By where the answer comes from.
    pub(super) reused: [Count; Reused::ALL.len()],
    /// Requests after the day from when on it may go.
    pub(super) late: Count,
    /// Requests that had something deprecated: for the endpoint itself and each part of it, those of
    /// each consumer, and last those of others.
    pub(super) deprecated: Vec<Count>,
    /// For each limit.
    pub(super) limited: Vec<Count>,
    /// Why requests were answered with a problem, by its code.
    pub(super) problems: Fields,
}

/// What is counted of one operation.
#[derive(Debug, Default)]
pub(super) struct OfOperation {
    pub(super) outcomes: [Count; Outcome::ALL.len()],
    pub(super) durations: Histogram,
    pub(super) retries: Count,
    /// Further attempts that there was no budget for.
    pub(super) withheld: Count,
    /// Results that violated what is read of them, by field.
    pub(super) invalid: Fields,
    /// Values that an `else` replaced, by field.
    pub(super) replaced: Fields,
}

/// How often something happened, by declared fields or by codes. It is rare: the lock is its core's own, and an
/// operator's look at it is all that it ever waits for.
#[derive(Debug, Default)]
pub(super) struct Fields(Mutex<BTreeMap<&'static str, u64>>);

impl Fields {
    fn add(&self, field: &'static str, more: u64) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(field).or_default();
        *count = count.wrapping_add(more);
    }

    pub(super) fn add_to(&self, total: &mut BTreeMap<&'static str, u64>) {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.iter().for_each(|(field, count)| *total.entry(field).or_default() += count);
    }
}

/// How a call to a backend ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// With a usable status.
    Ok,
    /// With a 4xx status.
    ClientError,
    /// With a 5xx status.
    ServerError,
    /// With another status.
    OtherStatus,
    Timeout,
    Unreachable,
    BreakerOpen,
    /// As many were on their way as may be at once.
    Full,
    /// It could not be sent, or its result is not what the contract says.
    Invalid,
    /// The caller's body, which it was to carry, did not arrive.
    Caller,
    /// Nobody waited for it any more.
    Dropped,
}

impl Outcome {
    pub(crate) const ALL: [Outcome; 11] = [
        Outcome::Ok,
        Outcome::ClientError,
        Outcome::ServerError,
        Outcome::OtherStatus,
        Outcome::Timeout,
        Outcome::Unreachable,
        Outcome::BreakerOpen,
        Outcome::Full,
        Outcome::Invalid,
        Outcome::Caller,
        Outcome::Dropped,
    ];

    /// The word for it in metrics and logs.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Outcome::Ok => "ok",
            Outcome::ClientError => "4xx",
            Outcome::ServerError => "5xx",
            Outcome::OtherStatus => "status",
            Outcome::Timeout => "timeout",
            Outcome::Unreachable => "unreachable",
            Outcome::BreakerOpen => "breaker-open",
            Outcome::Full => "full",
            Outcome::Invalid => "invalid",
            Outcome::Caller => "caller",
            Outcome::Dropped => "dropped",
        }
    }
}

impl Meters {
    pub(super) fn new(contract: &'static Contract) -> Meters {
        let lengths = contract.versions.iter().map(|version| version.endpoints.len());
        let (versions, endpoints) = firsts(lengths);
        let lengths = contract.backends.iter().map(|backend| backend.operations.len());
        let (backends, operations) = firsts(lengths);
        Meters {
            contract,
            versions,
            backends,
            endpoints: (0..endpoints).map(|_| OnceLock::new()).collect(),
            operations: (0..operations).map(|_| OnceLock::new()).collect(),
            unrouted: Statuses::default(),
            lost: Fields::default(),
            begun: Count::default(),
            ended: Count::default(),
            accepted: Count::default(),
            closed: Count::default(),
            displaced: Count::default(),
            unannounced: Count::default(),
            lines_lost: Count::default(),
            spans_lost: Count::default(),
            poured: Count::default(),
            traffic: Default::default(),
            connected: contract.backends.iter().map(|_| Count::default()).collect(),
        }
    }

    /// What is counted of an endpoint; nothing for one that its version does not list.
    fn endpoint(&self, endpoint: &Endpoint) -> Option<&OfEndpoint> {
        let labels = self.contract.versions.iter();
        let at = labels.zip(&self.versions).find(|(one, _)| one.label == endpoint.version);
        let (version, first) = at?;
        (endpoint.index < version.endpoints.len()).then_some(())?;
        let cell = self.endpoints.get(first + endpoint.index)?;
        let consumers = self.contract.consumers.len();
        Some(cell.get_or_init(|| Box::new(OfEndpoint::new(endpoint, consumers))))
    }

    /// What is counted of an operation; nothing for one that its backend does not list.
    fn operation(&self, backend: &Backend, operation: &str) -> Option<&OfOperation> {
        let at = backend.operations.binary_search(&operation).ok()?;
        let cell = self.operations.get(self.backends.get(backend.index)? + at)?;
        Some(cell.get_or_init(Box::default))
    }

    /// What was counted of an endpoint by its numbers.
    pub(super) fn of_endpoint(&self, version: usize, index: usize) -> Option<&OfEndpoint> {
        self.endpoints.get(self.versions.get(version)? + index)?.get().map(|found| &**found)
    }

    /// What was counted of an operation by its numbers.
    pub(super) fn of_operation(&self, backend: usize, index: usize) -> Option<&OfOperation> {
        self.operations.get(self.backends.get(backend)? + index)?.get().map(|found| &**found)
    }

    /// A request was answered.
    pub(crate) fn answered(
        &self,
        endpoint: Option<&Endpoint>,
        status: u16,
        took: Duration,
        traced: Option<Context>,
    ) {
        match endpoint.and_then(|endpoint| self.endpoint(endpoint)) {
            Some(meters) => {
                meters.statuses.add(status);
                meters.durations.add(took, traced);
            }
            None => self.unrouted.add(status),
        }
    }

    /// A request is answered with this problem.
    pub(crate) fn failed(&self, endpoint: Option<&Endpoint>, problem: &'static str) {
        match endpoint.and_then(|endpoint| self.endpoint(endpoint)) {
            Some(meters) => meters.problems.add(problem, 1),
            None => self.lost.add(problem, 1),
        }
    }

    /// A request ended without an answer.
    pub(crate) fn aborted(&self, endpoint: Option<&Endpoint>) {
        if let Some(meters) = endpoint.and_then(|endpoint| self.endpoint(endpoint)) {
            meters.aborted.one();
        }
    }

    /// Values stood in for these fields of an answer.
    pub(crate) fn fell_back(&self, endpoint: &Endpoint, fields: &str) {
        let at = endpoint.fallbacks.iter().position(|known| *known == fields);
        if let (Some(meters), Some(at)) = (self.endpoint(endpoint), at)
            && let Some(count) = meters.fallbacks.get(at)
        {
            count.one();
        }
    }

    /// A request was refused because of these.
    pub(crate) fn violated(&self, endpoint: &Endpoint, violations: &Violations) {
        let Some(meters) = self.endpoint(endpoint) else { return };
        for place in violations.places() {
            let at = places::of(endpoint, place).unwrap_or(endpoint.places.len());
            if let Some(count) = meters.violations.get(at) {
                count.one();
            }
        }
    }

    /// An answer that can be used again comes from there.
    pub(crate) fn reused(&self, endpoint: &Endpoint, reused: Reused) {
        if let Some(count) = self.endpoint(endpoint).and_then(|one| one.reused.get(reused as usize))
        {
            count.one();
        }
    }

    /// A request was refused because this limit is reached.
    pub(crate) fn limited(&self, endpoint: &Endpoint, title: &str) {
        let at = endpoint.limits.iter().position(|limit| limit.title == title);
        if let (Some(meters), Some(at)) = (self.endpoint(endpoint), at)
            && let Some(count) = meters.limited.get(at)
        {
            count.one();
        }
    }

    /// A call ended after so long.
    pub(crate) fn called(
        &self,
        (backend, operation): (&Backend, &str),
        outcome: Outcome,
        took: Duration,
        traced: Option<Context>,
    ) {
        let Some(meters) = self.operation(backend, operation) else { return };
        if let Some(count) = meters.outcomes.get(outcome as usize) {
            count.one();
        }
        meters.durations.add(took, traced);
    }

    /// A call is made again.
    pub(crate) fn retried(&self, backend: &Backend, operation: &str) {
        if let Some(meters) = self.operation(backend, operation) {
            meters.retries.one();
        }
    }

    /// A further attempt is not made, because there were too many.
    pub(crate) fn withheld(&self, backend: &Backend, operation: &str) {
        if let Some(meters) = self.operation(backend, operation) {
            meters.withheld.one();
        }
    }

    /// A result violates what is read of it.
    pub(crate) fn misread(&self, backend: &Backend, operation: &str, field: &'static str) {
        if let Some(meters) = self.operation(backend, operation) {
            meters.invalid.add(field, 1);
        }
    }

    /// So many values of each of these fields of a result were replaced.
    pub(crate) fn replaced(
        &self,
        backend: &Backend,
        operation: &str,
        fields: &[(&'static str, u64)],
    ) {
        let Some(meters) = self.operation(backend, operation) else { return };
        fields.iter().for_each(|(field, count)| meters.replaced.add(field, *count));
    }

    /// A request comes after the day from when on what it asks for may go.
    pub(crate) fn came_late(&self, endpoint: &Endpoint) {
        if let Some(meters) = self.endpoint(endpoint) {
            meters.late.one();
        }
    }

    /// A request has something deprecated: with a number a part of it, else the endpoint itself.
    /// The consumer that sent it is given by its number, if it is known.
    pub(crate) fn deprecated(
        &self,
        endpoint: &Endpoint,
        part: Option<usize>,
        consumer: Option<usize>,
    ) {
        let consumers = self.contract.consumers.len();
        let row = part.map_or(0, |part| part + 1);
        let at = row * (consumers + 1) + consumer.unwrap_or(consumers);
        if let Some(count) = self.endpoint(endpoint).and_then(|one| one.deprecated.get(at)) {
            count.one();
        }
    }

    /// A connection to a backend was made.
    pub(crate) fn connected(&self, backend: usize) {
        if let Some(count) = self.connected.get(backend) {
            count.one();
        }
    }

    pub(crate) fn received(&self, peer: Peer, bytes: usize) {
        self.of_peer(peer).received.add(bytes as u64);
    }

    /// So many bytes came from a backend that nobody reads.
    pub(crate) fn poured(&self, bytes: usize) {
        self.received(Peer::Backend, bytes);
        self.poured.add(bytes as u64);
    }

    pub(crate) fn sent(&self, peer: Peer, bytes: usize) {
        self.of_peer(peer).sent.add(bytes as u64);
    }

    pub(super) fn of_peer(&self, peer: Peer) -> &Traffic {
        let [callers, backends] = &self.traffic;
        match peer {
            Peer::Caller => callers,
            Peer::Backend => backends,
        }
    }
}

impl OfEndpoint {
    fn new(endpoint: &Endpoint, consumers: usize) -> OfEndpoint {
        let counts = |length| (0..length).map(|_| Count::default()).collect();
        OfEndpoint {
            statuses: Statuses::default(),
            durations: Histogram::default(),
            aborted: Count::default(),
            fallbacks: counts(endpoint.fallbacks.len()),
            violations: counts(endpoint.places.len() + 1),
            reused: Default::default(),
            late: Count::default(),
            deprecated: counts((endpoint.deprecated.len() + 1) * (consumers + 1)),
            limited: counts(endpoint.limits.len()),
            problems: Fields::default(),
        }
    }
}

/// Where each of several lists begins in one that holds them all, and how long that is.
fn firsts(lengths: impl Iterator<Item = usize>) -> (Vec<usize>, usize) {
    let mut total = 0;
    let mut firsts = Vec::new();
    for length in lengths {
        firsts.push(total);
        total += length;
    }
    (firsts, total)
}
