//! Backends at run time: addresses, connections and policies, one set per core.

mod address;
mod attempt;
mod breaker;
mod budget;
mod cached;
mod call;
mod collector;
mod connect;
mod copies;
mod course;
mod dns;
mod download;
mod exchange;
mod failure;
#[cfg(feature = "auth")]
mod fetch;
mod fields;
mod forward;
mod link;
mod pass;
mod pool;
mod preflight;
mod replicas;
mod resolve;
mod roster;
#[cfg(feature = "tls")]
mod tls;
#[cfg(feature = "auth")]
mod tokens;
mod tunnel;
mod upload;
mod visits;

use std::cell::Cell;
use std::fmt;
use std::net::IpAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderValue};
use tokio::time::Instant;

pub(crate) use self::address::Address;
pub(crate) use self::breaker::Gates;
use self::budget::Budget;
pub(crate) use self::cached::Flying;
pub use self::cached::{Cached, Caching};
pub use self::call::{Call, Keeping, Opening, Sending};
pub(crate) use self::collector::{Collector, Refusal};
pub(crate) use self::connect::Approach;
use self::copies::Copies;
pub(crate) use self::dns::Nameservers;
pub(crate) use self::download::Download;
pub use self::failure::Failure;
pub(crate) use self::failure::Reason;
#[cfg(feature = "auth")]
pub(crate) use self::fetch::fetch;
use self::fields::Fields;
pub(crate) use self::forward::is_framing;
pub use self::pass::Passing;
pub(crate) use self::preflight::preflight;
use self::replicas::Replicas;
pub(crate) use self::roster::Census;
use self::roster::Roster;
#[cfg(all(feature = "store", feature = "tls"))]
pub(crate) use self::tls::Tls;
#[cfg(feature = "tls")]
pub(crate) use self::tls::{AUTHORITIES, Trust, authorities, keep};
#[cfg(feature = "auth")]
pub(crate) use self::tokens::{Asks, Tokens};
pub(crate) use self::tunnel::Tunnel;
pub(crate) use self::upload::{Fault, Stopped, Upload};
use crate::bulkhead::Bulkhead;
use crate::cache::Cache;
use crate::contract::{Backend, TimeSetting};
use crate::metrics;
use crate::request::Remote;
use crate::settings::{BackendSettings, Settings};

/// How often idle connections are looked through for those that have been idle too long.
const SWEEP: Duration = Duration::from_secs(5);

/// One core's share of a gateway: its upstreams with their connections, and the settings.
///
/// A clone is another handle to the same share.
#[derive(Clone)]
pub struct Gateway(Rc<Share>);

struct Share {
    settings: Arc<Settings>,
    gates: Arc<Gates>,
    upstreams: Vec<Upstream>,
    /// What all cores keep of results.
    cache: Arc<Cache>,
    /// Calls that go on although the request they belong to may be gone.
    detached: Cell<usize>,
    /// Calls that find out what is to be kept.
    flying: Cell<usize>,
    /// What another backend is sent as well.
    copies: Copies,
}

/// One backend as one core sees it.
struct Upstream {
    timeout: Duration,
    prefix: String,
    /// What every call carries.
    headers: Fields,
    /// Tokens that calls carry.
    #[cfg(feature = "auth")]
    tokens: Option<Arc<Tokens>>,
    replicas: Replicas,
    /// How many requests may be on their way to it.
    bulkhead: Option<Arc<Bulkhead>>,
    budget: Budget,
    index: usize,
}

impl Gateway {
    /// One core's share of the gateway with these settings. `gates` and `cache` are the same for all
    /// cores.
    pub(crate) fn new(settings: Arc<Settings>, gates: Arc<Gates>, cache: Arc<Cache>) -> Gateway {
        let upstreams = settings.backends.iter().enumerate().filter_map(|(at, backend)| {
            let bulkhead = gates.bulkhead(at).cloned();
            let roster = Arc::clone(gates.roster(at)?);
            Some(Upstream { bulkhead, ..Upstream::new((at, settings.cores), backend, roster) })
        });
        let upstreams = upstreams.collect();
        let (detached, flying, copies) = (Cell::new(0), Cell::new(0), Copies::default());
        Gateway(Rc::new(Share { settings, gates, upstreams, cache, detached, flying, copies }))
    }

    /// A time span of the contract; nothing when its variable is not declared.
    pub(crate) fn span(&self, setting: TimeSetting) -> Option<Duration> {
        self.0.settings.span(setting)
    }

    /// What all cores keep.
    pub(crate) fn cache(&self) -> &Arc<Cache> {
        &self.0.cache
    }

    /// The text of a variable by its place in [`crate::contract::Contract::environment`].
    pub fn variable(&self, index: usize) -> &str {
        self.0.settings.variable(index)
    }

    /// Where a request comes from that `peer` has sent.
    pub(crate) fn remote(&self, peer: IpAddr, headers: &HeaderMap) -> Remote {
        self.0.settings.proxies.remote(peer, headers)
    }

    /// Whether `peer` is a proxy that says ahead of all bytes whom it carries them for.
    pub(crate) fn announces(&self, peer: IpAddr) -> bool {
        let settings = &self.0.settings;
        settings.announced && settings.proxies.trusts(peer)
    }

    /// What browsers are told of how to ask from then on, over TLS.
    pub(crate) fn hsts(&self) -> Option<&HeaderValue> {
        self.0.settings.hsts.as_ref()
    }

    /// The text of a variable of the contract; empty if there is none of this name.
    pub(crate) fn named(&self, name: &str) -> &str {
        self.0.settings.named(name)
    }

    /// How many calls are under way without a request that waits for them.
    pub(crate) fn detached(&self) -> usize {
        self.0.detached.get()
    }

    /// Closes connections that have been idle too long, for ever.
    pub(crate) async fn sweep(self) {
        loop {
            tokio::time::sleep(SWEEP).await;
            for upstream in &self.0.upstreams {
                upstream.replicas.sweep();
            }
        }
    }

    fn upstream(&self, backend: &Backend) -> Option<&Upstream> {
        self.0.upstreams.get(backend.index)
    }
}

impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gateway").field("upstreams", &self.0.upstreams.len()).finish()
    }
}

impl Upstream {
    fn new(at: (usize, usize), settings: &BackendSettings, roster: Arc<Roster>) -> Upstream {
        let (index, cores) = at;
        Upstream {
            timeout: settings.timeout,
            prefix: settings.address.prefix.clone(),
            headers: forward::of_backend(settings),
            #[cfg(feature = "auth")]
            tokens: settings.tokens.clone(),
            replicas: Replicas::new(&settings.address, &settings.approach, roster),
            bulkhead: None,
            budget: Budget::new(cores, Instant::now()),
            index,
        }
    }

    /// Whether calls carry a token, which nothing else may take the place of.
    fn has_tokens(&self) -> bool {
        #[cfg(feature = "auth")]
        return self.tokens.is_some();
        #[cfg(not(feature = "auth"))]
        false
    }

    /// Counts a connection that was made.
    fn connected(&self) {
        metrics::here(|core| core.connected(self.index));
    }
}
