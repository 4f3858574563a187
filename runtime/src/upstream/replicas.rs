//! The addresses of one backend as one core sees them, and the choice among them.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::ops::Deref;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::timeout;

use super::Address;
use super::connect::{Approach, Origin};
use super::dns::Site;
use super::failure::Reason;
use super::link::{Link, Wanted};
use super::pool::Pool;
use super::resolve::{Age, Resolver};
use super::roster::{Blame, Health, Roster, Verdict};
use crate::bulkhead::Place;
use crate::request::random;

/// How long a call waits for the look-up of a name whose addresses are very old.
const GRACE: Duration = Duration::from_millis(200);

/// The addresses of one backend: those that it was given, or those that its names stand for.
pub(super) struct Replicas {
    hosts: Vec<(Rc<Origin>, Resolver)>,
    list: RefCell<Rc<[Rc<Replica>]>>,
    /// How often the names had changed when the list was made.
    changes: Cell<u64>,
    looked: Rc<Notify>,
    roster: Arc<Roster>,
}

/// One address of a backend, and this core's connections to it.
pub(super) struct Replica {
    pub(super) address: SocketAddr,
    pub(super) origin: Rc<Origin>,
    pub(super) pool: Pool,
    /// Requests of this core that are on their way.
    in_flight: Cell<usize>,
    /// Those of the lowest rank that can be asked are.
    rank: Cell<u16>,
    /// How much of the requests to its rank it gets, beside the shares of others.
    share: Cell<u32>,
    health: Arc<Health>,
}

/// An address that was chosen for a request. Dropped without a verdict, it says nothing about it.
pub(super) struct Picked {
    replica: Rc<Replica>,
    roster: Arc<Roster>,
    /// Whether it was left out and is tried again.
    probe: bool,
    /// The place that its request has among those on their way to the backend.
    pub(super) place: Option<Place>,
}

/// The addresses that a call has been to.
#[derive(Default)]
pub(super) struct Tried {
    /// In earlier attempts: others come first.
    pub(super) asked: Vec<SocketAddr>,
    /// In this attempt, and no connection could be made.
    pub(super) refused: Vec<SocketAddr>,
}

impl Replicas {
    pub(super) fn new(address: &Address, approach: &Approach, roster: Arc<Roster>) -> Replicas {
        let looked = Rc::new(Notify::new());
        let origin = |host| Rc::new(Origin::new(host, address, approach));
        let host = |host| (origin(host), Resolver::new(host, &approach.nameservers, &looked));
        let hosts = address.hosts.iter().map(host).collect();
        let replicas = Replicas {
            hosts,
            list: RefCell::new(Rc::from([])),
            changes: Cell::new(0),
            looked: Rc::clone(&looked),
            roster,
        };
        replicas.rebuild();
        replicas
    }

    /// The address that a call goes to next, of two chosen by chance the one with fewer requests
    /// on their way; nothing if there is none that has not refused.
    pub(super) async fn pick(&self, tried: &Tried) -> Option<Picked> {
        let list = self.list().await;
        let (replica, probe) = choose(&list, tried, &self.roster)?;
        Some(Picked::new(replica, &self.roster, probe))
    }

    /// How many addresses there are.
    pub(super) fn count(&self) -> usize {
        self.list.borrow().len()
    }

    /// Closes connections that have been idle too long.
    pub(super) fn sweep(&self) {
        for replica in self.list.borrow().iter() {
            replica.pool.sweep();
        }
    }

    /// The addresses; none while no name has any.
    async fn list(&self) -> Rc<[Rc<Replica>]> {
        let ages = self.hosts.iter().map(|(_, resolver)| resolver.refresh());
        let age = ages.max().unwrap_or(Age::Good);
        if age == Age::Stale && self.count() > 0 {
            let _ = timeout(GRACE, self.looked.notified()).await;
        }
        let looking = || self.hosts.iter().any(|(_, resolver)| resolver.is_looking());
        loop {
            self.rebuild();
            if self.count() > 0 || !looking() {
                return Rc::clone(&self.list.borrow());
            }
            self.looked.notified().await;
        }
    }

    /// Takes over what the names stand for. Addresses that stay keep their connections.
    fn rebuild(&self) {
        let changes = self.hosts.iter().map(|(_, resolver)| resolver.changes() + 1).sum();
        if self.changes.replace(changes) == changes {
            return;
        }
        let old = Rc::clone(&self.list.borrow());
        let mut list = Vec::with_capacity(old.len());
        for (origin, resolver) in &self.hosts {
            for Site { address, rank, share } in resolver.sites() {
                let same = |known: &&Rc<Replica>| {
                    known.address == address && Rc::ptr_eq(&known.origin, origin)
                };
                let known = old.iter().find(same).map(Rc::clone);
                let replica = known.unwrap_or_else(|| {
                    let health = self.roster.health(address);
                    Rc::new(Replica::new(address, Rc::clone(origin), health))
                });
                replica.rank.set(rank);
                replica.share.set(share);
                list.push(replica);
            }
        }
        self.list.replace(Rc::from(list));
    }
}

impl Replica {
    fn new(address: SocketAddr, origin: Rc<Origin>, health: Arc<Health>) -> Replica {
        let (pool, in_flight) = (Pool::new(origin.http2), Cell::new(0));
        let (rank, share) = (Cell::new(0), Cell::new(1));
        Replica { address, origin, pool, in_flight, rank, share, health }
    }
}

impl Replica {
    /// A fresh connection to it, which others share as far as they can.
    ///
    /// # Errors
    ///
    /// As [`Origin::connect`].
    pub(super) async fn connect(
        &self,
        limit: Option<Duration>,
        wanted: Wanted,
    ) -> Result<Link, Reason> {
        let making = self.pool.makes(wanted);
        let made = self.origin.connect(self.address, limit, wanted).await;
        if let Ok(link) = &made {
            self.pool.share(link, wanted);
        }
        if let Some(making) = making {
            making.ends(made.as_ref().map(|_| ()).map_err(Reason::clone));
        }
        made
    }
}

impl Picked {
    fn new(replica: &Rc<Replica>, roster: &Arc<Roster>, probe: bool) -> Picked {
        replica.in_flight.set(replica.in_flight.get() + 1);
        Picked { replica: Rc::clone(replica), roster: Arc::clone(roster), probe, place: None }
    }

    /// Takes note of how an attempt at it ended, and says whose failure that is.
    pub(super) fn note(&self, verdict: Verdict) -> Blame {
        let Replica { address, health, .. } = &*self.replica;
        self.roster.note((*address, health), self.probe, verdict)
    }
}

impl Deref for Picked {
    type Target = Replica;

    fn deref(&self) -> &Replica {
        &self.replica
    }
}

impl Drop for Picked {
    fn drop(&mut self) {
        let in_flight = &self.replica.in_flight;
        in_flight.set(in_flight.get().saturating_sub(1));
        if self.probe {
            self.replica.health.release();
        }
    }
}

/// The next address for a call, and whether it was left out and is tried again.
///
/// Those of a higher rank come where none of a lower one fits (RFC 2782 calls ranks priorities).
/// One whose time is over comes first, so that it comes back. Where every good one has been asked,
/// a good one is asked again; and where every good one refuses connections, those that are left
/// out are no worse.
fn choose<'l>(
    list: &'l [Rc<Replica>],
    tried: &Tried,
    roster: &Roster,
) -> Option<(&'l Rc<Replica>, bool)> {
    let refused = |one: &Replica| tried.refused.contains(&one.address);
    if let [only] = list {
        return (!refused(only)).then_some((only, false));
    }
    let out = |one: &Replica| one.health.is_out();
    let new = |one: &Replica| !tried.asked.contains(&one.address) && !refused(one);
    let good = list.iter().filter(|one| !out(one) && new(one));
    let rank = good.map(|one| one.rank.get()).min().unwrap_or(u16::MAX);
    let due = |one: &&Rc<Replica>| {
        one.rank.get() <= rank && out(one) && new(one) && one.health.try_again(roster)
    };
    if let Some(due) = list.iter().find(due) {
        return Some((due, true));
    }
    let found = lighter(list, |one| !out(one) && new(one))
        .or_else(|| lighter(list, |one| !out(one) && !refused(one)))
        .or_else(|| lighter(list, |one| !refused(one)));
    found.map(|one| (one, false))
}

/// Of two of the lowest rank that fit, chosen by chance and by their shares, the one with fewer requests
/// on their way for its share.
fn lighter(list: &[Rc<Replica>], fits: impl Fn(&Replica) -> bool) -> Option<&Rc<Replica>> {
    let rank = list.iter().filter(|one| fits(one)).map(|one| one.rank.get()).min()?;
    let all = || list.iter().filter(|one| one.rank.get() == rank && fits(one));
    let share = |one: &Replica| u64::from(one.share.get());
    let total: u64 = all().map(|one| share(one)).sum();
    let chance = random();
    let first = by_share(all(), chance >> 32, total)?;
    let others = all().filter(|one| !Rc::ptr_eq(one, first));
    let left = total - share(first);
    let Some(second) = by_share(others, chance & 0xffff_ffff, left) else { return Some(first) };
    let load = |one: &Replica, beside: &Replica| {
        u64::try_from(one.in_flight.get()).unwrap_or(u64::MAX).saturating_mul(share(beside))
    };
    Some(if load(second, first) < load(first, second) { second } else { first })
}

/// The one in whose share of the total this chance lies.
fn by_share<'l>(
    mut all: impl Iterator<Item = &'l Rc<Replica>>,
    chance: u64,
    total: u64,
) -> Option<&'l Rc<Replica>> {
    let mut place = chance.checked_rem(total)?;
    all.find(|one| match place.checked_sub(one.share.get().into()) {
        None => true,
        Some(behind) => {
            place = behind;
            false
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::{Backend, Breaker};

    static CATALOG: Backend = Backend {
        breaker: Some(Breaker { failures: 1, within: None, open: Duration::from_millis(50) }),
        ..Backend::ANY
    };

    /// A backend with so many addresses, `192.0.2.1` and on.
    fn replicas(count: u8) -> Replicas {
        let list: Vec<_> = (1..=count).map(|last| format!("http://192.0.2.{last}")).collect();
        let address = Address::parse_list(&list.join(",")).expect("addresses");
        Replicas::new(&address, &Approach::default(), Arc::new(Roster::new(&CATALOG)))
    }

    fn pick(replicas: &Replicas, tried: &Tried) -> Option<Picked> {
        let list = Rc::clone(&replicas.list.borrow());
        let (replica, probe) = choose(&list, tried, &replicas.roster)?;
        Some(Picked::new(replica, &replicas.roster, probe))
    }

    fn last(picked: &Picked) -> u8 {
        match picked.address {
            SocketAddr::V4(address) => address.ip().octets()[3],
            SocketAddr::V6(_) => 0,
        }
    }

    #[test]
    fn requests_on_their_way_spread_evenly() {
        let replicas = replicas(8);
        let picked: Vec<_> = (0..800).filter_map(|_| pick(&replicas, &Tried::default())).collect();
        let list = Rc::clone(&replicas.list.borrow());
        let loads: Vec<_> = list.iter().map(|one| one.in_flight.get()).collect();
        assert_eq!(loads.iter().sum::<usize>(), 800);
        // By chance alone some would be 30 away from the mean.
        assert!(loads.iter().all(|load| (92..=108).contains(load)), "{loads:?}");
        drop(picked);
        assert!(list.iter().all(|one| one.in_flight.get() == 0));
    }

    #[test]
    fn one_that_is_busy_is_spared() {
        let replicas = replicas(2);
        let first = pick(&replicas, &Tried::default()).expect("one");
        for _ in 0..50 {
            assert_ne!(last(&pick(&replicas, &Tried::default()).expect("one")), last(&first));
        }
    }

    #[test]
    fn what_was_asked_comes_last_and_what_refused_does_not_come() {
        let replicas = replicas(3);
        let mut tried = Tried::default();
        for _ in 0..3 {
            let picked = pick(&replicas, &tried).expect("one that is left");
            assert!(!tried.asked.contains(&picked.address));
            tried.asked.push(picked.address);
        }
        let again = pick(&replicas, &tried).expect("all were asked, none refused").address;
        for _ in 0..3 {
            let picked = pick(&replicas, &tried).expect("one that is left");
            tried.refused.push(picked.address);
        }
        assert!(tried.refused.contains(&again));
        assert!(pick(&replicas, &tried).is_none());
    }

    #[test]
    fn one_that_is_left_out_is_not_asked_until_its_time_is_over() {
        let replicas = replicas(2);
        let bad = pick(&replicas, &Tried::default()).expect("one");
        assert_eq!(bad.note(Verdict::Silent), Blame::Ejected);
        for _ in 0..50 {
            assert_ne!(last(&pick(&replicas, &Tried::default()).expect("one")), last(&bad));
        }
        std::thread::sleep(Duration::from_millis(70));
        let probe = pick(&replicas, &Tried::default()).expect("one");
        assert_eq!((last(&probe), probe.probe), (last(&bad), true));
        let other = pick(&replicas, &Tried::default()).expect("one");
        assert_ne!(last(&other), last(&bad), "one tries it at a time");
        drop(probe);
        let probe = pick(&replicas, &Tried::default()).expect("one");
        assert_eq!(probe.note(Verdict::Well), Blame::Backend);
        assert_eq!(replicas.roster.census().ejected, 0);
    }

    #[test]
    fn where_all_others_refuse_one_that_is_left_out_is_asked() {
        let replicas = replicas(2);
        let bad = pick(&replicas, &Tried::default()).expect("one");
        bad.note(Verdict::Silent);
        let good = pick(&replicas, &Tried::default()).expect("one");
        let tried = Tried { refused: vec![good.address], ..Tried::default() };
        assert_eq!(pick(&replicas, &tried).expect("the other").address, bad.address);
        let tried = Tried { asked: vec![good.address], ..Tried::default() };
        assert_eq!(pick(&replicas, &tried).expect("the good one").address, good.address);
    }
}
