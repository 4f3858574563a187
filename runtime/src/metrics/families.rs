//! The families of metrics: their names, labels and order. They are part of what a gateway promises
//! to those who run it.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use super::count::{BOUNDS, Count, Histogram, Spread, Statuses, names};
use super::exposition::{Kind, Page};
use super::meters::{Fields, Meters, OfEndpoint, OfOperation, Outcome, Peer};
use super::{Metrics, process};
use crate::cache::Cache;
use crate::contract::{Backend, Contract, Endpoint, Reuse, Version};
use crate::reuse::Reused;
use crate::upstream::{Census, Gates};

/// Writes everything there is to count.
pub(crate) fn write(
    page: &mut Page,
    (contract, metrics): (&Contract, &Metrics),
    (gates, cache): (&Gates, &Cache),
) {
    let view = View { contract, cores: metrics.cores.iter().map(|core| &**core).collect() };
    build(page, contract);
    view.requests(page);
    view.problems(page);
    view.deprecated(page);
    view.durations(page);
    view.of_endpoints(page);
    view.calls(page);
    view.call_durations(page);
    view.of_operations(page);
    breakers(page, contract, gates);
    openings(page, contract, gates);
    in_flight(page, contract, gates);
    addresses(page, contract, gates);
    kept(page, cache);
    view.connections(page);
    let lost = view.sum(|core| &core.lines_lost) + metrics.unwritten.load(Ordering::Relaxed);
    page.family(
        "gatewright_log_lines_lost",
        Kind::Counter,
        "Lines of the access log that nobody took in time.",
    );
    page.sample(&[], lost);
    spans(page, metrics, view.sum(|core| &core.spans_lost));
    process::write(page, metrics.started);
}

/// What became of spans, where there is a collector; `dropped` are those that cores had no room for.
fn spans(page: &mut Page, metrics: &Metrics, dropped: u64) {
    if !metrics.traced.load(Ordering::Relaxed) {
        return;
    }
    let [sent, lost] = metrics.spans.each_ref().map(|count| count.load(Ordering::Relaxed));
    page.family(
        "gatewright_spans",
        Kind::Counter,
        "Spans of traces: those that the collector took, and those that were lost.",
    );
    page.sample(&[("state", "sent")], sent);
    page.sample(&[("state", "lost")], lost + dropped);
}

fn build(page: &mut Page, contract: &Contract) {
    page.family("gatewright_build_info", Kind::Gauge, "What the gateway was made from.");
    let Contract { api, compiler, revision, .. } = contract;
    page.sample(&[("api", api), ("compiler", compiler), ("revision", revision)], 1);
    page.family("gatewright_version_info", Kind::Gauge, "The versions that it serves.");
    for Version { label, digest, published, .. } in contract.versions {
        let revision = published.map_or("", |one| one.revision);
        page.sample(&[("version", label), ("revision", revision), ("sha256", digest)], 1);
    }
}

fn breakers(page: &mut Page, contract: &Contract, gates: &Gates) {
    page.family(
        "gatewright_breaker_state",
        Kind::Gauge,
        "The state of a backend's breaker: 1 at the one it is in.",
    );
    for backend in contract.backends {
        let Some(now) = gates.state(backend) else { continue };
        for state in ["closed", "open", "half-open"] {
            page.sample(&[("backend", backend.name), ("state", state)], u8::from(state == now));
        }
    }
}

fn openings(page: &mut Page, contract: &Contract, gates: &Gates) {
    page.family(
        "gatewright_breaker_opened",
        Kind::Counter,
        "How often a backend's breaker opened.",
    );
    for backend in contract.backends {
        if let Some(opened) = gates.opened(backend) {
            page.sample(&[("backend", backend.name)], opened);
        }
    }
}

fn in_flight(page: &mut Page, contract: &Contract, gates: &Gates) {
    page.family(
        "gatewright_backend_in_flight",
        Kind::Gauge,
        "Requests on their way to a backend that takes only so many at once.",
    );
    for backend in contract.backends {
        if let Some(taken) = gates.in_flight(backend) {
            page.sample(&[("backend", backend.name)], taken);
        }
    }
}

fn kept(page: &mut Page, cache: &Cache) {
    let (used, limit) = cache.bytes();
    page.family("gatewright_cache_bytes", Kind::Gauge, "What is kept of results and answers.");
    page.sample(&[], used);
    page.family("gatewright_cache_limit_bytes", Kind::Gauge, "What may be kept.");
    page.sample(&[], limit);
}

fn addresses(page: &mut Page, contract: &Contract, gates: &Gates) {
    page.family(
        "gatewright_backend_addresses",
        Kind::Gauge,
        "The addresses of a backend: those that are asked, and those that are left out for a while.",
    );
    for backend in contract.backends {
        let Census { asked, ejected } = gates.census(backend);
        for (state, count) in [("asked", asked), ("ejected", ejected)] {
            page.sample(&[("backend", backend.name), ("state", state)], count);
        }
    }
}

/// The counters of all cores, seen as one.
struct View<'m> {
    contract: &'m Contract,
    cores: Vec<&'m Meters>,
}

/// An endpoint and what each core counted of it.
type Seen<'m> = (&'static Endpoint, Vec<&'m OfEndpoint>);

/// An operation and what each core counted of it.
type Called<'m> = (&'static Backend, &'static str, Vec<&'m OfOperation>);

impl<'m> View<'m> {
    /// The endpoints that have been asked for.
    fn endpoints(&self) -> impl Iterator<Item = Seen<'m>> {
        let versions = self.contract.versions.iter().enumerate();
        let listed = versions.flat_map(|(at, version)| {
            let endpoints = version.endpoints.iter().enumerate();
            endpoints.map(move |(index, endpoint)| (at, index, *endpoint))
        });
        listed.filter_map(|(version, index, endpoint)| {
            let of = |core: &&'m Meters| core.of_endpoint(version, index);
            let found: Vec<_> = self.cores.iter().filter_map(of).collect();
            (!found.is_empty()).then_some((endpoint, found))
        })
    }

    /// The operations that have been called.
    fn operations(&self) -> impl Iterator<Item = Called<'m>> {
        let listed = self.contract.backends.iter().flat_map(|backend| {
            let operations = backend.operations.iter().enumerate();
            operations.map(move |(index, operation)| (*backend, index, *operation))
        });
        listed.filter_map(|(backend, index, operation)| {
            let of = |core: &&'m Meters| core.of_operation(backend.index, index);
            let found: Vec<_> = self.cores.iter().filter_map(of).collect();
            (!found.is_empty()).then_some((backend, operation, found))
        })
    }

    /// The sum of a counter over the cores.
    fn sum(&self, of: impl Fn(&Meters) -> &Count) -> u64 {
        self.cores.iter().map(|core| of(core).get()).sum()
    }

    fn requests(&self, page: &mut Page) {
        let begun = self.sum(|core| &core.begun);
        let ended = self.sum(|core| &core.ended);
        page.family(
            "gatewright_requests_in_flight",
            Kind::Gauge,
            "Requests that are being answered.",
        );
        page.sample(&[], begun.saturating_sub(ended));
        page.family("gatewright_requests", Kind::Counter, "Requests that were answered. Those that led to no endpoint have no method, endpoint and version.");
        let unrouted: Vec<_> = self.cores.iter().map(|core| &core.unrouted).collect();
        for (status, count) in statuses(&unrouted) {
            let labels =
                [("method", ""), ("endpoint", ""), ("version", ""), ("status", status.as_str())];
            page.sample(&labels, count);
        }
        for (endpoint, found) in self.endpoints() {
            let found: Vec<_> = found.iter().map(|one| &one.statuses).collect();
            for (status, count) in statuses(&found) {
                let [method, template, version] = labels(endpoint);
                page.sample(&[method, template, version, ("status", &status)], count);
            }
        }
        page.family(
            "gatewright_deprecated_requests",
            Kind::Counter,
            "Requests to endpoints that are deprecated, or whose version is.",
        );
        for (endpoint, found) in self.endpoints().filter(|(one, _)| one.lifecycle.is_some()) {
            let all = found.iter().flat_map(|one| one.statuses.counts()).sum::<u64>();
            page.sample(&labels(endpoint), all);
        }
        page.family(
            "gatewright_sunset_requests",
            Kind::Counter,
            "Requests to endpoints after the day from when on they, or their version, may go.",
        );
        for (endpoint, found) in self.endpoints() {
            let late = found.iter().map(|one| one.late.get()).sum::<u64>();
            if late > 0 {
                page.sample(&labels(endpoint), late);
            }
        }
    }

    fn problems(&self, page: &mut Page) {
        page.family(
            "gatewright_problems",
            Kind::Counter,
            "Answers that are problems, by their code. Those of no endpoint have no method, endpoint and version.",
        );
        let mut sample = |[method, template, version]: [(&'static str, &str); 3],
                          counts: BTreeMap<&'static str, u64>| {
            for (problem, count) in counts {
                page.sample(&[method, template, version, ("problem", problem)], count);
            }
        };
        let mut lost = BTreeMap::new();
        self.cores.iter().for_each(|core| core.lost.add_to(&mut lost));
        sample([("method", ""), ("endpoint", ""), ("version", "")], lost);
        for (endpoint, found) in self.endpoints() {
            let mut counts = BTreeMap::new();
            found.iter().for_each(|one| one.problems.add_to(&mut counts));
            sample(labels(endpoint), counts);
        }
    }

    fn deprecated(&self, page: &mut Page) {
        page.family("gatewright_deprecated_uses", Kind::Counter, "Requests that had something deprecated, by who sent it. The endpoint itself has no part, and who is no declared consumer has no name.");
        let consumers = self.contract.consumers;
        for (endpoint, found) in self.endpoints() {
            let [method, template, version] = labels(endpoint);
            let parts = endpoint.deprecated.iter().map(|part| part.name);
            for (row, part) in std::iter::once("").chain(parts).enumerate() {
                let senders = consumers.iter().copied().chain([""]).enumerate();
                for (column, consumer) in senders {
                    let at = row * (consumers.len() + 1) + column;
                    let count = at_place(found.iter().map(|one| &one.deprecated), at);
                    if count > 0 {
                        let who = [("part", part), ("consumer", consumer)];
                        page.sample(&[method, template, version, who[0], who[1]], count);
                    }
                }
            }
        }
    }

    fn durations(&self, page: &mut Page) {
        page.family(
            "gatewright_request_duration_seconds",
            Kind::Histogram,
            "From the head of a request to the end of its answer.",
        );
        for (endpoint, found) in self.endpoints() {
            let spread = spread(found.iter().map(|one| &one.durations));
            histogram(page, &labels(endpoint), &spread);
        }
    }

    fn of_endpoints(&self, page: &mut Page) {
        page.family(
            "gatewright_requests_aborted",
            Kind::Counter,
            "Requests whose caller went away before the answer.",
        );
        for (endpoint, found) in self.endpoints() {
            let count = found.iter().map(|one| one.aborted.get()).sum::<u64>();
            page.sample(&labels(endpoint), count);
        }
        page.family(
            "gatewright_fallbacks",
            Kind::Counter,
            "Answers in which values stood in for these fields.",
        );
        for (endpoint, found) in self.endpoints() {
            let [method, template, version] = labels(endpoint);
            for (at, fields) in endpoint.fallbacks.iter().enumerate() {
                let count = at_place(found.iter().map(|one| &one.fallbacks), at);
                page.sample(&[method, template, version, ("fields", fields)], count);
            }
        }
        self.reused(page);
        self.limited(page);
        page.family("gatewright_violations", Kind::Counter, "What was wrong with requests, by its place. What the endpoint does not declare has no name.");
        for (endpoint, found) in self.endpoints() {
            let [method, template, version] = labels(endpoint);
            let known = endpoint.places.iter().copied().chain([("undeclared", "")]);
            for (at, (part, name)) in known.enumerate() {
                let count = at_place(found.iter().map(|one| &one.violations), at);
                if count > 0 {
                    page.sample(&[method, template, version, ("in", part), ("name", name)], count);
                }
            }
        }
    }

    fn reused(&self, page: &mut Page) {
        page.family(
            "gatewright_reused_answers",
            Kind::Counter,
            "Answers of endpoints with `cache`, by where they came from.",
        );
        let kept = |one: &Endpoint| matches!(one.reuse, Reuse::By(_));
        for (endpoint, found) in self.endpoints().filter(|(one, _)| kept(one)) {
            let [method, template, version] = labels(endpoint);
            for reused in Reused::ALL {
                let of = |one: &&OfEndpoint| one.reused.get(reused as usize).map(Count::get);
                let count = found.iter().filter_map(of).sum::<u64>();
                page.sample(&[method, template, version, ("from", reused.as_str())], count);
            }
        }
    }

    fn limited(&self, page: &mut Page) {
        page.family(
            "gatewright_limited",
            Kind::Counter,
            "Requests that were refused because a limit is reached, by what it is called.",
        );
        for (endpoint, found) in self.endpoints() {
            let [method, template, version] = labels(endpoint);
            for (at, limit) in endpoint.limits.iter().enumerate() {
                let count = at_place(found.iter().map(|one| &one.limited), at);
                page.sample(&[method, template, version, ("limit", limit.title)], count);
            }
        }
    }

    fn calls(&self, page: &mut Page) {
        page.family(
            "gatewright_calls",
            Kind::Counter,
            "Calls to backends, with all their attempts, by how they ended.",
        );
        for (backend, operation, found) in self.operations() {
            for outcome in Outcome::ALL {
                let of = |one: &&OfOperation| one.outcomes.get(outcome as usize).map(Count::get);
                let count = found.iter().filter_map(of).sum::<u64>();
                if count > 0 {
                    let [backend, operation] = call_labels(backend, operation);
                    page.sample(&[backend, operation, ("outcome", outcome.as_str())], count);
                }
            }
        }
    }

    fn call_durations(&self, page: &mut Page) {
        page.family("gatewright_call_duration_seconds", Kind::Histogram, "How long calls took with all their attempts, up to the last byte of a result, or the head of one that is passed on.");
        for (backend, operation, found) in self.operations() {
            let spread = spread(found.iter().map(|one| &one.durations));
            histogram(page, &call_labels(backend, operation), &spread);
        }
    }

    fn of_operations(&self, page: &mut Page) {
        page.family("gatewright_call_retries", Kind::Counter, "Further attempts of calls.");
        for (backend, operation, found) in self.operations() {
            let count = found.iter().map(|one| one.retries.get()).sum::<u64>();
            page.sample(&call_labels(backend, operation), count);
        }
        page.family(
            "gatewright_call_retries_withheld",
            Kind::Counter,
            "Further attempts that were not made because there were too many.",
        );
        for (backend, operation, found) in self.operations() {
            let count = found.iter().map(|one| one.withheld.get()).sum::<u64>();
            page.sample(&call_labels(backend, operation), count);
        }
        page.family(
            "gatewright_invalid_results",
            Kind::Counter,
            "Results that came with a good status and were not what the contract reads, by the declared field that was not.",
        );
        self.fields(page, |one| &one.invalid);
        page.family(
            "gatewright_replaced_values",
            Kind::Counter,
            "Values of enums in results that the contract does not name, and replaces.",
        );
        self.fields(page, |one| &one.replaced);
    }

    fn fields(&self, page: &mut Page, of: impl Fn(&OfOperation) -> &Fields) {
        for (backend, operation, found) in self.operations() {
            let mut counts = BTreeMap::new();
            found.iter().for_each(|one| of(one).add_to(&mut counts));
            let [backend, operation] = call_labels(backend, operation);
            for (field, count) in counts {
                page.sample(&[backend, operation, ("field", field)], count);
            }
        }
    }

    fn connections(&self, page: &mut Page) {
        page.family("gatewright_cores", Kind::Gauge, "Threads that serve.");
        page.sample(&[], self.cores.len());
        let accepted = self.sum(|core| &core.accepted);
        let closed = self.sum(|core| &core.closed);
        page.family("gatewright_connections_open", Kind::Gauge, "Connections of callers.");
        page.sample(&[], accepted.saturating_sub(closed));
        page.family(
            "gatewright_connections_accepted",
            Kind::Counter,
            "Connections of callers that were accepted.",
        );
        page.sample(&[], accepted);
        page.family(
            "gatewright_connections_displaced",
            Kind::Counter,
            "Connections of callers that waited for a request and were closed to make room for others.",
        );
        page.sample(&[], self.sum(|core| &core.displaced));
        page.family(
            "gatewright_connections_unannounced",
            Kind::Counter,
            "Connections of trusted proxies that were closed because these did not say whom they carry.",
        );
        page.sample(&[], self.sum(|core| &core.unannounced));
        page.family(
            "gatewright_backend_connections",
            Kind::Counter,
            "Connections that were made to a backend.",
        );
        for (at, backend) in self.contract.backends.iter().enumerate() {
            let count = at_place(self.cores.iter().map(|core| &core.connected), at);
            page.sample(&[("backend", backend.name)], count);
        }
        let peers = [(Peer::Caller, "callers"), (Peer::Backend, "backends")];
        page.family(
            "gatewright_received_bytes",
            Kind::Counter,
            "Bytes that came in over connections with callers, and with backends.",
        );
        for (peer, name) in peers {
            page.sample(&[("peer", name)], self.sum(|core| &core.of_peer(peer).received));
        }
        page.family(
            "gatewright_sent_bytes",
            Kind::Counter,
            "Bytes that went out over connections with callers, and with backends.",
        );
        for (peer, name) in peers {
            page.sample(&[("peer", name)], self.sum(|core| &core.of_peer(peer).sent));
        }
        page.family(
            "gatewright_moved_bytes",
            Kind::Counter,
            "Bytes of long bodies that the system moved from backends to callers, and nobody read. They are among those received and sent.",
        );
        page.sample(&[], self.sum(|core| &core.poured));
    }
}

fn labels(endpoint: &'static Endpoint) -> [(&'static str, &'static str); 3] {
    [
        ("method", endpoint.method.as_str()),
        ("endpoint", endpoint.template),
        ("version", endpoint.version),
    ]
}

fn call_labels(
    backend: &'static Backend,
    operation: &'static str,
) -> [(&'static str, &'static str); 2] {
    [("backend", backend.name), ("operation", operation)]
}

/// How often each status was answered, without those that never were.
fn statuses(found: &[&Statuses]) -> BTreeMap<String, u64> {
    let mut all = BTreeMap::new();
    for statuses in found {
        for (name, count) in names().zip(statuses.counts()).filter(|(_, count)| *count > 0) {
            *all.entry(name).or_default() += count;
        }
    }
    all
}

fn at_place<'c>(counts: impl Iterator<Item = &'c Vec<Count>>, at: usize) -> u64 {
    counts.filter_map(|counts| counts.get(at)).map(Count::get).sum()
}

fn spread<'h>(histograms: impl Iterator<Item = &'h Histogram>) -> Spread {
    let mut spread = Spread::default();
    for histogram in histograms {
        histogram.add_to(&mut spread);
    }
    spread
}

#[expect(clippy::cast_precision_loss, reason = "a bound is small")]
fn histogram(page: &mut Page, labels: super::exposition::Labels<'_>, spread: &Spread) {
    let bounds = BOUNDS.map(|micros| micros as f64 / 1e6);
    page.histogram(labels, &bounds, spread);
}
