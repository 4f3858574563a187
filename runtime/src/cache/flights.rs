//! One way for many: whoever asks for what somebody is fetching waits for that.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::Key;

/// What is being fetched, by key, on any core.
pub(crate) struct Flights<T>(Mutex<HashMap<Key, watch::Receiver<Option<T>>>>);

/// Who fetches.
pub(crate) enum Role<T> {
    /// Whoever asked: this tells all others.
    Lead(Lead<T>),
    /// Somebody else. It ends without a value if nobody fetches any more.
    Follow(watch::Receiver<Option<T>>),
}

/// The duty to fetch. Dropped without an outcome, it leaves those who wait on their own.
pub(crate) struct Lead<T> {
    flights: Arc<Flights<T>>,
    key: Key,
    tell: watch::Sender<Option<T>>,
}

impl<T> Default for Flights<T> {
    fn default() -> Self {
        Flights(Mutex::default())
    }
}

impl<T> Flights<T> {
    // Nothing in here panics between two states.
    fn all(&self) -> MutexGuard<'_, HashMap<Key, watch::Receiver<Option<T>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Joins whoever fetches `key`, or begins to.
    pub(crate) fn board(self: &Arc<Self>, key: &Key) -> Role<T> {
        let mut all = self.all();
        if let Some(known) = all.get(key) {
            return Role::Follow(known.clone());
        }
        let (tell, told) = watch::channel(None);
        all.insert(Arc::clone(key), told);
        Role::Lead(Lead { flights: Arc::clone(self), key: Arc::clone(key), tell })
    }
}

impl<T> Lead<T> {
    /// What those who wait look at.
    pub(crate) fn told(&self) -> watch::Receiver<Option<T>> {
        self.tell.subscribe()
    }

    /// The key that is fetched.
    pub(crate) fn key(&self) -> &Key {
        &self.key
    }

    /// Tells the outcome to all who wait. Whoever asks from here on begins anew.
    pub(crate) fn land(self, outcome: T) {
        self.tell.send_replace(Some(outcome));
    }
}

impl<T> Drop for Lead<T> {
    fn drop(&mut self) {
        self.flights.all().remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_fetches_and_all_are_told() {
        let flights = Arc::<Flights<u8>>::default();
        let key: Key = Arc::from(*b"a");
        let Role::Lead(lead) = flights.board(&key) else { unreachable!("nobody was there") };
        let Role::Follow(told) = flights.board(&key) else { unreachable!("somebody is there") };
        assert!(matches!(flights.board(&Arc::from(*b"b")), Role::Lead(_)), "another key");
        lead.land(7);
        assert_eq!(*told.borrow(), Some(7));
        assert!(matches!(flights.board(&key), Role::Lead(_)), "it is over");
    }

    #[test]
    fn whoever_gives_up_leaves_the_place_to_others() {
        let flights = Arc::<Flights<u8>>::default();
        let key: Key = Arc::from(*b"a");
        let Role::Lead(lead) = flights.board(&key) else { unreachable!("nobody was there") };
        let Role::Follow(told) = flights.board(&key) else { unreachable!("somebody is there") };
        drop(lead);
        assert!(told.has_changed().is_err() && told.borrow().is_none());
        assert!(matches!(flights.board(&key), Role::Lead(_)));
    }
}
