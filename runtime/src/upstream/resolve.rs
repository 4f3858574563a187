//! The addresses behind a name or a service, remembered for a while.

use std::cell::{Cell, RefCell};
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::spawn_local;
use tokio::time::Instant;

use super::address::Host;
use super::dns::{Nameservers, Site, addresses, sites};

/// How long the addresses are good for that the system knows. Records of nameservers say it themselves.
const FRESH: Duration = Duration::from_secs(30);
/// How long they are good enough while somebody looks for better ones.
const STALE: Duration = Duration::from_secs(300);
/// How long to leave a name alone that does not resolve.
const FAILED: Duration = Duration::from_secs(1);
/// The most addresses that are taken from a name.
const MOST: usize = 256;

/// Looks a name up, one look-up at a time, and keeps its last addresses when that fails.
pub(super) struct Resolver(Rc<Name>);

/// What is known about a name.
struct Name {
    host: String,
    port: u16,
    is_service: bool,
    /// Who knows where it is.
    nameservers: Nameservers,
    /// In the order of their numbers, so that those of two look-ups can be compared.
    sites: RefCell<Vec<Site>>,
    /// How often they have changed.
    changes: Cell<u64>,
    /// When to look again; nothing for an address that was given as such.
    until: Cell<Option<Instant>>,
    looking: Cell<bool>,
    looked: Rc<Notify>,
}

/// How good the addresses of a name are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Age {
    Good,
    /// Good enough while somebody looks.
    Old,
    /// So old that a look-up that is quick is worth waiting for.
    Stale,
}

impl Resolver {
    /// Of this host; `looked` is told whenever a look-up has ended.
    pub(super) fn new(host: &Host, nameservers: &Nameservers, looked: &Rc<Notify>) -> Resolver {
        let given = host.name.parse::<IpAddr>().ok().filter(|_| !host.is_service);
        let given = given.map(|ip| SocketAddr::new(ip, host.port));
        Resolver(Rc::new(Name {
            host: host.name.clone(),
            port: host.port,
            is_service: host.is_service,
            nameservers: nameservers.clone(),
            until: Cell::new(given.is_none().then(Instant::now)),
            sites: RefCell::new(given.into_iter().map(Site::from).collect()),
            changes: Cell::new(0),
            looking: Cell::new(false),
            looked: Rc::clone(looked),
        }))
    }

    /// The addresses as they are known.
    pub(super) fn sites(&self) -> Vec<Site> {
        self.0.sites.borrow().clone()
    }

    /// A number that grows when the addresses change.
    pub(super) fn changes(&self) -> u64 {
        self.0.changes.get()
    }

    /// Whether somebody looks at this moment.
    pub(super) fn is_looking(&self) -> bool {
        self.0.looking.get()
    }

    /// Says how good the addresses are, and starts a look-up if they could be better.
    pub(super) fn refresh(&self) -> Age {
        let Some(until) = self.0.until.get() else { return Age::Good };
        let Some(age) = Instant::now().checked_duration_since(until) else { return Age::Good };
        self.0.look();
        if age > STALE { Age::Stale } else { Age::Old }
    }
}

impl Name {
    /// Starts a look-up unless there is one. It goes on when whoever started it does not wait.
    fn look(self: &Rc<Name>) {
        if self.looking.replace(true) {
            return;
        }
        let name = Rc::clone(self);
        spawn_local(async move {
            let (found, good_for) = name.find().await.unwrap_or_default();
            name.found(found, good_for);
        });
    }

    /// What is there, and for how long that is good.
    async fn find(&self) -> Option<(Vec<Site>, Duration)> {
        if self.is_service {
            return sites(&self.host, &self.nameservers).await;
        }
        if let Some((found, good_for)) = addresses(&self.host, &self.nameservers).await {
            let site = |ip| Site::from(SocketAddr::new(ip, self.port));
            return Some((found.into_iter().map(site).collect(), good_for));
        }
        // It knows more than the DNS: its own file, and what else it was told to ask.
        let found = tokio::net::lookup_host((self.host.as_str(), self.port)).await.ok()?;
        Some((found.map(Site::from).collect(), FRESH))
    }

    /// Takes what a look-up found. Nothing changes if that is nothing: the last good addresses
    /// are better than none.
    fn found(&self, mut found: Vec<Site>, good_for: Duration) {
        let good_for = if found.is_empty() { FAILED } else { good_for };
        found.sort_unstable();
        // Of one address the lowest rank counts.
        found.dedup_by_key(|site| site.address);
        found.truncate(MOST);
        if !found.is_empty() && *self.sites.borrow() != found {
            self.sites.replace(found);
            self.changes.set(self.changes.get() + 1);
        }
        self.until.set(Some(Instant::now() + good_for));
        self.looking.set(false);
        self.looked.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::upstream::Address;

    fn resolver(url: &str) -> (Resolver, Rc<Notify>) {
        let address = Address::parse(url).expect("an address");
        let looked = Rc::new(Notify::new());
        let nameservers = Nameservers::default();
        let host = address.hosts.first().expect("a host");
        (Resolver::new(host, &nameservers, &looked), looked)
    }

    fn places(resolver: &Resolver) -> Vec<SocketAddr> {
        resolver.sites().iter().map(|site| site.address).collect()
    }

    fn on_a_core<T>(work: impl Future<Output = T>) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        tokio::task::LocalSet::new().block_on(&runtime.expect("a runtime"), work)
    }

    #[test]
    fn a_given_address_is_never_looked_up() {
        let (resolver, _) = resolver("http://[::1]:80");
        assert_eq!(resolver.refresh(), Age::Good);
        assert_eq!(places(&resolver), [SocketAddr::from(([0, 0, 0, 0, 0, 0, 0, 1], 80))]);
        assert!(!resolver.is_looking());
    }

    #[test]
    fn a_name_is_looked_up_once_for_all_who_wait() {
        let (resolver, looked) = resolver("http://localhost:80");
        on_a_core(async {
            let waits = looked.notified();
            assert_eq!(resolver.refresh(), Age::Old);
            assert_eq!(resolver.refresh(), Age::Old);
            assert!(resolver.is_looking() && places(&resolver).is_empty());
            waits.await;
            assert!(!places(&resolver).is_empty());
            assert_eq!((resolver.refresh(), resolver.changes()), (Age::Good, 1));
        });
    }

    #[test]
    fn the_last_good_addresses_stay_when_a_look_up_fails() {
        // No label of a name may have more than 63 bytes, so nobody is asked.
        let (resolver, looked) = resolver(&format!("http://{}.example", "x".repeat(64)));
        let known = SocketAddr::from(([192, 0, 2, 1], 80));
        on_a_core(async {
            let waits = looked.notified();
            resolver.refresh();
            waits.await;
            assert_eq!(places(&resolver), []);
            assert_eq!(resolver.refresh(), Age::Good, "it is left alone for a moment");
            resolver.0.found(vec![known.into()], FRESH);
            resolver.0.until.set(Instant::now().checked_sub(STALE + FRESH));
            let waits = looked.notified();
            assert_eq!(resolver.refresh(), Age::Stale);
            waits.await;
            assert_eq!((places(&resolver), resolver.changes()), (vec![known], 1));
        });
    }

    #[test]
    fn the_order_of_an_answer_is_no_change() {
        let (resolver, _) = resolver("http://catalog:80");
        let [one, two] = [1, 2].map(|last| SocketAddr::from(([192, 0, 2, last], 80)));
        on_a_core(async {
            for found in [vec![one, two], vec![two, one], vec![two, one, two], vec![]] {
                resolver.0.found(found.into_iter().map(Site::from).collect(), FRESH);
                assert_eq!((places(&resolver), resolver.changes()), (vec![one, two], 1));
            }
            resolver.0.found(vec![two.into()], FRESH);
            assert_eq!((places(&resolver), resolver.changes()), (vec![two], 2));
        });
    }
}
