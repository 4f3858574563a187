//! Passwords: slow to check by design, so checked aside, few at a time, and remembered.

use std::fmt;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_lc_rs::{hmac, pbkdf2, rand};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::keys::{self, unhex};
use super::seen::Seen;

/// The fewest rounds: below that, a hash that gets lost is a password that gets lost.
const FEWEST_ROUNDS: u32 = 100_000;
/// The most rounds: a check would take seconds.
const MOST_ROUNDS: u32 = 10_000_000;
/// The shortest salt, in bytes (RFC 8018 section 4.1 wants eight).
const SALT: usize = 16;
/// How many outcomes a generation of what is remembered has.
const REMEMBERED: usize = 1024;
/// How many checks may wait for their turn; more would be made to wait for nothing.
const WAITING: usize = 64;
/// How long a check may wait for its turn and run.
const PATIENCE: Duration = Duration::from_secs(5);

/// A password as an operator lists it: PBKDF2 with HMAC-SHA-256 (RFC 8018 section 5.2).
#[derive(Clone)]
struct Hash {
    name: String,
    rounds: NonZeroU32,
    salt: Vec<u8>,
    hash: [u8; 32],
}

/// What a check found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Checked {
    Right,
    Wrong,
    /// Too many are being checked.
    Busy,
}

/// Passwords by name.
pub(crate) struct Passwords {
    list: Arc<Vec<Hash>>,
    /// What is hashed for a name that is not listed, so that it takes as long as one that is.
    nobody: Hash,
    /// What is remembered is remembered under this key alone: not even its digest is a password's.
    secret: hmac::Key,
    seen: Mutex<Seen<[u8; 32], bool>>,
    turns: Arc<Semaphore>,
    waiting: Semaphore,
}

impl fmt::Debug for Passwords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Passwords").field("count", &self.list.len()).finish_non_exhaustive()
    }
}

impl Passwords {
    /// Reads `ops:pbkdf2-sha256:ROUNDS:SALT:HASH, …`, salt and hash in hexadecimal digits.
    ///
    /// # Errors
    ///
    /// What is wrong, as it stands after the variable's name.
    pub(super) fn parse(text: &str) -> Result<Passwords, String> {
        let mut list: Vec<Hash> = Vec::new();
        for (at, (name, hash)) in keys::entries(text)?.into_iter().enumerate() {
            let hash = Hash::parse(name, &hash)
                .map_err(|what| format!("has {what} in entry {}", at + 1))?;
            list.push(hash);
        }
        let most = list.iter().map(|one| one.rounds).max().unwrap_or(NonZeroU32::MIN);
        let mut salt = vec![0; SALT];
        let mut secret = [0; 32];
        let random = rand::fill(&mut salt).and_then(|()| rand::fill(&mut secret));
        random.map_err(|_| "cannot be used: the system gives no random bytes".to_owned())?;
        let nobody = Hash { name: String::new(), rounds: most, salt, hash: [0; 32] };
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Ok(Passwords {
            list: Arc::new(list),
            nobody,
            secret: hmac::Key::new(hmac::HMAC_SHA256, &secret),
            seen: Mutex::new(Seen::new(REMEMBERED)),
            turns: Arc::new(Semaphore::new(cores.div_ceil(2))),
            waiting: Semaphore::new(WAITING),
        })
    }

    /// Whether this is the password of `name`.
    pub(super) async fn check(&self, name: &str, password: &str) -> Checked {
        let known = self.digest(name, password);
        let lock = || self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(right) = lock().get(&known) {
            return if right { Checked::Right } else { Checked::Wrong };
        }
        let Ok(_place) = self.waiting.try_acquire() else { return Checked::Busy };
        match timeout(PATIENCE, self.derive(name, password)).await {
            Ok(Some(right)) => {
                lock().put(known, right);
                if right { Checked::Right } else { Checked::Wrong }
            }
            Ok(None) | Err(_) => Checked::Busy,
        }
    }

    fn digest(&self, name: &str, password: &str) -> [u8; 32] {
        // The lengths keep `a` and `bc` from being `ab` and `c`.
        let length = (name.len() as u64).to_be_bytes();
        let tag =
            hmac::sign(&self.secret, &[&length, name.as_bytes(), password.as_bytes()].concat());
        tag.as_ref().try_into().expect("HMAC-SHA-256 has 32 bytes")
    }

    /// Hashes the password once for each entry of the name, on a thread that nobody waits on. Nothing
    /// if it cannot be done.
    async fn derive(&self, name: &str, password: &str) -> Option<bool> {
        let turn = Arc::clone(&self.turns).acquire_owned().await.ok()?;
        let mut own: Vec<Hash> = self.list.iter().filter(|one| one.name == name).cloned().collect();
        if own.is_empty() {
            own.push(self.nobody.clone());
        }
        let (name, password) = (name.to_owned(), password.to_owned());
        let work = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            let right = own.iter().filter(|one| one.holds(&password)).count() > 0;
            // The hash of nobody has no password; should one be found, it is still nobody's.
            right && own.iter().any(|one| one.name == name && !one.name.is_empty())
        });
        work.await.ok()
    }
}

impl Hash {
    fn parse(name: String, text: &str) -> Result<Hash, &'static str> {
        const FORM: &str =
            "no hash `pbkdf2-sha256:ROUNDS:SALT:HASH`, salt and hash in hexadecimal digits,";
        let parts: Vec<&str> = text.split(':').collect();
        let ["pbkdf2-sha256", rounds, salt, hash] = parts.as_slice() else { return Err(FORM) };
        let rounds: u32 = rounds.parse().map_err(|_| FORM)?;
        if rounds < FEWEST_ROUNDS {
            return Err("fewer than 100000 rounds");
        }
        if rounds > MOST_ROUNDS {
            return Err("more than 10000000 rounds");
        }
        let salt = unhex(salt).ok_or(FORM)?;
        if salt.len() < SALT {
            return Err("a salt of fewer than 16 bytes");
        }
        let hash = unhex(hash).and_then(|bytes| bytes.try_into().ok()).ok_or(FORM)?;
        Ok(Hash { name, rounds: NonZeroU32::new(rounds).ok_or(FORM)?, salt, hash })
    }

    fn holds(&self, password: &str) -> bool {
        let algorithm = pbkdf2::PBKDF2_HMAC_SHA256;
        pbkdf2::verify(algorithm, self.rounds, &self.salt, password.as_bytes(), &self.hash).is_ok()
    }
}
