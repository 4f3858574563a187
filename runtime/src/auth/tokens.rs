//! Tokens: who they are from and for, whether they are signed, and which were looked at lately.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use super::challenge::Fault;
use super::claims::{self, Claims, Wanted};
use super::jws::{Key, Token};
use super::keys::sha256;
use super::principal::Principal;
use super::revoked::Revoked;
use super::seen::Seen;
use super::source::{Source, State};
use crate::contract::Scheme;

/// How many tokens a generation of what is remembered has, in each of the parts.
const REMEMBERED: usize = 256;
/// How many parts what is remembered has, each behind a lock of its own.
const PARTS: usize = 16;

/// What one scheme accepts of tokens.
pub(crate) struct Tokens {
    wanted: Wanted,
    keys: Keys,
    /// Those that do not count any more.
    revoked: Option<Arc<Revoked>>,
    /// Tokens by their digests, so that the store holds none that could be used.
    seen: Vec<Mutex<Seen<[u8; 32], Known>>>,
}

/// Where keys come from.
enum Keys {
    Fixed(State),
    Asked(Arc<Source>),
}

/// A token that was found to be good.
#[derive(Clone)]
struct Known {
    principal: Arc<Principal>,
    /// Its own name (`jti`), and whom it is about.
    names: (Option<String>, Option<String>),
    /// From when on it is not, in seconds since 1970.
    end: f64,
    /// The generation of the keys that it was checked with.
    generation: u64,
}

/// What is found about a token.
pub(super) enum Found {
    Good(Arc<Principal>),
    Bad(Fault),
    /// There are no keys to check it with.
    NoKeys,
    /// It is not known which tokens do not count any more.
    NoList,
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens").field("wanted", &self.wanted).finish_non_exhaustive()
    }
}

impl Tokens {
    /// Tokens that are signed with this secret.
    pub(super) fn with_secret(
        wanted: Wanted,
        secret: Key,
        revoked: Option<Arc<Revoked>>,
    ) -> Tokens {
        Tokens::new(wanted, Keys::Fixed(Source::fixed(vec![secret])), revoked)
    }

    /// Tokens that are signed with a key of this set.
    pub(super) fn with_keys_of(
        wanted: Wanted,
        source: Source,
        revoked: Option<Arc<Revoked>>,
    ) -> Tokens {
        Tokens::new(wanted, Keys::Asked(Arc::new(source)), revoked)
    }

    fn new(wanted: Wanted, keys: Keys, revoked: Option<Arc<Revoked>>) -> Tokens {
        let part = || Mutex::new(Seen::new(REMEMBERED));
        Tokens { wanted, keys, revoked, seen: std::iter::repeat_with(part).take(PARTS).collect() }
    }

    /// The set that has to be asked for, if there is one.
    pub(super) fn source(&self) -> Option<&Arc<Source>> {
        match &self.keys {
            Keys::Fixed(_) => None,
            Keys::Asked(source) => Some(source),
        }
    }

    /// The list that has to be looked at, if there is one.
    pub(super) fn revoked(&self) -> Option<&Arc<Revoked>> {
        self.revoked.as_ref()
    }

    /// Whether there is all that tokens are checked with.
    pub(super) fn are_ready(&self) -> bool {
        let listed = self.revoked.as_ref().is_none_or(|list| list.is_there());
        self.state().keys.is_some() && listed
    }

    /// A token that is good, unless it does not count any more.
    fn counts(&self, known: Known) -> Found {
        let Some(list) = &self.revoked else { return Found::Good(known.principal) };
        let (name, subject) = &known.names;
        match list.has(name.as_deref(), subject.as_deref()) {
            Some(false) => Found::Good(known.principal),
            Some(true) => Found::Bad(Fault::Invalid),
            None => Found::NoList,
        }
    }

    fn state(&self) -> State {
        match &self.keys {
            Keys::Fixed(state) => state.clone(),
            Keys::Asked(source) => source.state(),
        }
    }

    /// Who calls with this token.
    pub(super) async fn check(
        &self,
        text: &str,
        (scheme, realm): (&'static Scheme, &'static str),
    ) -> Found {
        let now = SystemTime::now();
        let digest = sha256(text.as_bytes());
        let mut state = self.state();
        if let Some(known) = self.known(&digest, &state, now) {
            return self.counts(known);
        }
        let Some(token) = Token::parse(text) else { return Found::Bad(Fault::Invalid) };
        let mut signed = state.keys.as_deref().and_then(|keys| signed(&token, keys));
        if signed.is_none()
            && let Keys::Asked(source) = &self.keys
        {
            state = source.renewed().await;
            let Some(keys) = state.keys.as_deref() else { return Found::NoKeys };
            signed = self::signed(&token, keys);
        }
        let Some(claims) = signed else { return Found::Bad(Fault::Invalid) };
        let claims = match claims::read(claims, &self.wanted, now) {
            Ok(claims) => claims,
            Err(fault) => return Found::Bad(fault),
        };
        let Claims { text, id, subject, name, scopes, roles, end } = claims;
        let principal = Principal { scheme, realm, claims: text, id, scopes, roles };
        let principal = Arc::new(principal);
        let known = Known { principal, names: (name, subject), end, generation: state.generation };
        if let Some(part) = self.part(&digest) {
            part.lock().unwrap_or_else(PoisonError::into_inner).put(digest, known.clone());
        }
        self.counts(known)
    }

    /// What was found, if this very token was good, has not ended, and keys are what they were.
    fn known(&self, digest: &[u8; 32], state: &State, now: SystemTime) -> Option<Known> {
        let found =
            self.part(digest)?.lock().unwrap_or_else(PoisonError::into_inner).get(digest)?;
        let now = now.duration_since(UNIX_EPOCH).ok()?.as_secs_f64();
        let holds = now < found.end && found.generation == state.generation;
        holds.then_some(found)
    }

    fn part(&self, digest: &[u8; 32]) -> Option<&Mutex<Seen<[u8; 32], Known>>> {
        self.seen.get(usize::from(digest[0]) % PARTS)
    }
}

/// The claims of a token that one of these keys has signed. A token without the name of a key is
/// checked where only one key can be meant: else whoever sends one would have all of them tried.
fn signed<'t>(token: &'t Token<'_>, keys: &[Key]) -> Option<&'t [u8]> {
    let fitting = keys.iter().filter(|key| key.is_for(token.algorithm));
    match &token.key_id {
        Some(id) => {
            // Sets with one name for two keys exist. More than a few are nonsense.
            let named = fitting.filter(|key| key.id.is_none() || key.id.as_ref() == Some(id));
            named.take(4).find_map(|key| token.signed_by(key))
        }
        None => {
            let mut fitting = fitting;
            let only = fitting.next()?;
            if fitting.next().is_some() { None } else { token.signed_by(only) }
        }
    }
}
