//! The store that gateways count together in: a server that speaks the protocol of Redis.
//!
//! Each core has one connection, over which the requests of all that it serves follow each other without
//! waiting. What a request asks is one script, which counts all limits of it or none, by the clock of the
//! store. Whatever is wrong with the store ends the connection: requests never wait for it to come back.

mod address;
mod link;
mod wire;

use std::rc::Rc;
use std::time::Duration;

use tokio::task::spawn_local;
use tokio::time::timeout;

use self::address::Place;
#[cfg(feature = "tls")]
pub(crate) use self::address::is_secure;
pub use self::address::{STORE, StoreRule};
use self::link::Link;
use self::wire::{Reply, command};
use crate::contract::Contract;
use crate::settings::Settings;

/// Counts a call of each of several limits, or of none if one of them is reached. What is kept of a limit
/// is a moment, how much was used at it, and what a call took: with another rate, as many calls are used.
/// Names of callers may be long; what is kept is bounded.
const SCRIPT: &str = "\
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local keys, found = {}, {}
for i, key in ipairs(KEYS) do
  if #key > 256 then key = string.sub(key, 1, 128) .. redis.sha1hex(key) end
  local call, freed, room = tonumber(ARGV[3 * i - 2]), tonumber(ARGV[3 * i - 1]), tonumber(ARGV[3 * i])
  local at, parts = now, 0
  local kept = redis.call('GET', key) or ''
  local a, p, c = string.match(kept, '^(%d+):(%d+):(%d+)$')
  if a then
    at, parts = tonumber(a), tonumber(p)
    if tonumber(c) ~= call then parts = math.floor(parts / tonumber(c) * call) end
    if at < now then
      parts = math.max(0, parts - (now - at) * freed)
      at = now
    end
  end
  if parts + call > room then return {i, math.min(parts, room)} end
  keys[i], found[i] = key, {at, parts + call, call, freed}
end
local used = {0}
for i, key in ipairs(keys) do
  local at, parts, call, freed = unpack(found[i])
  local time = math.ceil(parts / freed / 1000) + 1
  redis.call('SET', key, string.format('%.0f:%.0f:%.0f', at, parts, call), 'PX', string.format('%.0f', time))
  used[i + 1] = parts
end
return used
";

/// What one core asks the store.
pub(crate) struct Store {
    link: Rc<Link>,
    timeout: Duration,
}

/// A limit that a call is to be counted by.
pub(crate) struct Ask {
    /// What is counted together.
    pub(crate) key: Vec<u8>,
    /// What a call takes, what a microsecond frees, and what calls can take at most.
    pub(crate) rate: [u64; 3],
}

/// What the store has counted.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Counted {
    /// How much is used of each limit, with this call.
    Taken(Vec<u64>),
    /// The limit at this place is reached: so much is used of it. None has counted the call.
    Refused(usize, u64),
}

/// The store cannot be asked.
#[derive(Debug)]
pub(crate) struct Away;

impl Store {
    /// The store of a contract, if it has one, asked for from now on. Within the tasks of a core.
    pub(crate) fn start(contract: &Contract, settings: &Settings) -> Option<Store> {
        let store = contract.store?;
        // What is no address has its fault before anything listens.
        let place = Place::parse(settings.named(store.address)).ok()?;
        let link = Link::new(place, store.timeout, SCRIPT);
        #[cfg(feature = "tls")]
        let link = link.trusting(settings.store_trust.clone());
        let link = Rc::new(link);
        spawn_local(Rc::clone(&link).keep());
        Some(Store { link, timeout: store.timeout })
    }

    /// Counts a call by all of these limits, or by none.
    ///
    /// # Errors
    ///
    /// When the store is away, or does not answer in time.
    pub(crate) async fn take(&self, asks: &[Ask]) -> Result<Counted, Away> {
        if !self.link.was_tried() {
            let _ = timeout(self.timeout, self.link.tried()).await;
        }
        let sha = self.link.script().ok_or(Away)?;
        let reply =
            match self.link.ask(|out| evaluate(out, b"EVALSHA", sha.as_bytes(), asks)).await? {
                // Whoever keeps the store has told it to forget its scripts.
                Reply::Error(_) => {
                    self.link.ask(|out| evaluate(out, b"EVAL", SCRIPT.as_bytes(), asks)).await?
                }
                other => other,
            };
        counted(&reply, asks).ok_or(Away)
    }
}

fn evaluate(out: &mut Vec<u8>, word: &[u8], script: &[u8], asks: &[Ask]) {
    let count = asks.len().to_string();
    let numbers: Vec<String> =
        asks.iter().flat_map(|ask| ask.rate).map(|number| number.to_string()).collect();
    let mut words: Vec<&[u8]> = vec![word, script, count.as_bytes()];
    words.extend(asks.iter().map(|ask| ask.key.as_slice()));
    words.extend(numbers.iter().map(String::as_bytes));
    command(out, &words);
}

/// What an answer says, if it is one to these limits.
fn counted(reply: &Reply, asks: &[Ask]) -> Option<Counted> {
    let Reply::List(list) = reply else { return None };
    let numbers: Option<Vec<u64>> = list
        .iter()
        .map(|one| match one {
            Reply::Number(number) => u64::try_from(*number).ok(),
            _ => None,
        })
        .collect();
    let numbers = numbers?;
    let room = |place: usize| asks.get(place).map(|ask| ask.rate[2]);
    match numbers.split_first()? {
        (0, used) if used.len() == asks.len() => {
            let fits =
                used.iter().enumerate().all(|(at, one)| room(at).is_some_and(|room| *one <= room));
            fits.then(|| Counted::Taken(used.to_vec()))
        }
        (place, [used]) => {
            let place = usize::try_from(*place).ok()?.checked_sub(1)?;
            (room(place)? >= *used).then_some(Counted::Refused(place, *used))
        }
        _ => None,
    }
}
