//! The addresses behind a backend's name, remembered for a while.

use std::cell::{Cell, RefCell};
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::spawn_local;
use tokio::time::Instant;

use super::Address;

/// How long a name's addresses are good for.
const FRESH: Duration = Duration::from_secs(30);
/// How long they are good enough while somebody looks for better ones.
const STALE: Duration = Duration::from_secs(300);
/// How long to leave a name alone that does not resolve.
const FAILED: Duration = Duration::from_secs(1);

/// Looks a name up, one look-up at a time, and keeps its last addresses when that fails.
pub(super) struct Resolver {
    name: Rc<Name>,
    /// Where the next connection starts in the list.
    turn: Cell<usize>,
}

/// What is known about a name.
struct Name {
    host: String,
    port: u16,
    addresses: RefCell<Vec<SocketAddr>>,
    /// When to look again; nothing for an address that was given as such.
    until: Cell<Option<Instant>>,
    looking: Cell<bool>,
    looked: Notify,
}

impl Resolver {
    pub(super) fn new(address: &Address) -> Resolver {
        let given = address.host.parse::<IpAddr>().ok();
        let given = given.map(|ip| SocketAddr::new(ip, address.port));
        let name = Name {
            host: address.host.clone(),
            port: address.port,
            until: Cell::new(given.is_none().then(Instant::now)),
            addresses: RefCell::new(given.into_iter().collect()),
            looking: Cell::new(false),
            looked: Notify::new(),
        };
        Resolver { name: Rc::new(name), turn: Cell::new(0) }
    }

    /// The addresses, each time beginning with another one; none when the name has none.
    pub(super) async fn addresses(&self) -> Vec<SocketAddr> {
        if let Some(age) = self.name.age() {
            self.name.look();
            if age > STALE || self.name.addresses.borrow().is_empty() {
                self.name.looked.notified().await;
            }
        }
        let mut addresses = self.name.addresses.borrow().clone();
        let turn = self.turn.get();
        self.turn.set(turn.wrapping_add(1));
        let start = turn.checked_rem(addresses.len()).unwrap_or(0);
        addresses.rotate_left(start);
        addresses
    }
}

impl Name {
    /// For how long the addresses have been old; nothing while they are good.
    fn age(&self) -> Option<Duration> {
        Instant::now().checked_duration_since(self.until.get()?)
    }

    /// Starts a look-up unless there is one. It goes on when whoever started it does not wait.
    fn look(self: &Rc<Name>) {
        if self.looking.replace(true) {
            return;
        }
        let name = Rc::clone(self);
        spawn_local(async move {
            let found = tokio::net::lookup_host((name.host.as_str(), name.port)).await;
            let found: Vec<_> = found.map(Iterator::collect).unwrap_or_default();
            let good_for = if found.is_empty() { FAILED } else { FRESH };
            if !found.is_empty() {
                name.addresses.replace(found);
            }
            name.until.set(Some(Instant::now() + good_for));
            name.looking.set(false);
            name.looked.notify_waiters();
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolver(url: &str) -> Resolver {
        Resolver::new(&Address::parse(url).expect("an address"))
    }

    fn on_a_core<T>(work: impl Future<Output = T>) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        tokio::task::LocalSet::new().block_on(&runtime.expect("a runtime"), work)
    }

    #[test]
    fn a_given_address_is_never_looked_up() {
        let resolver = resolver("http://[::1]:80");
        let addresses = on_a_core(resolver.addresses());
        assert_eq!(addresses, [SocketAddr::from(([0, 0, 0, 0, 0, 0, 0, 1], 80))]);
        assert_eq!(resolver.name.age(), None);
    }

    #[test]
    fn a_name_is_looked_up_once_for_all_who_wait() {
        let resolver = resolver("http://localhost:80");
        on_a_core(async {
            let mut one = std::pin::pin!(resolver.addresses());
            let first = std::future::poll_fn(|context| {
                std::task::Poll::Ready(one.as_mut().poll(context).is_ready())
            });
            assert!(!first.await);
            assert!(resolver.name.looking.get());
            assert!(!resolver.addresses().await.is_empty());
            assert!(!one.await.is_empty());
        });
        assert_eq!(resolver.name.age(), None);
    }

    #[test]
    fn the_last_good_addresses_stay_when_a_look_up_fails() {
        // No label of a name may have more than 63 bytes, so nobody is asked.
        let resolver = resolver(&format!("http://{}.example", "x".repeat(64)));
        let known = SocketAddr::from(([192, 0, 2, 1], 80));
        on_a_core(async {
            assert_eq!(resolver.addresses().await, []);
            assert_eq!(resolver.name.age(), None, "it is left alone for a moment");
            resolver.name.addresses.replace(vec![known]);
            resolver.name.until.set(Instant::now().checked_sub(STALE + FRESH));
            assert_eq!(resolver.addresses().await, [known]);
        });
    }

    #[test]
    fn connections_are_spread_over_all_addresses() {
        let resolver = resolver("http://127.0.0.1:80");
        let [one, two] = [1, 2].map(|last| SocketAddr::from(([192, 0, 2, last], 80)));
        resolver.name.addresses.replace(vec![one, two]);
        on_a_core(async {
            assert_eq!(resolver.addresses().await, [one, two]);
            assert_eq!(resolver.addresses().await, [two, one]);
        });
    }
}
