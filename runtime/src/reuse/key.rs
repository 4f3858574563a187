//! What tells requests to an endpoint apart, as far as their answers can differ.

use crate::cache::Key;
use crate::contract::{Endpoint, Reusable};
use crate::request::Request;

/// All of a request that an answer of `endpoint` can depend on: two requests with one key get the
/// same answer. Nothing for a request that has to be looked at by itself: it is refused, or it is
/// not known apart from others who calls.
///
/// Everything stands behind its length, so no value can look like two, or like another one's.
pub(crate) fn key(
    endpoint: &'static Endpoint,
    reusable: &Reusable,
    request: &Request,
) -> Option<Key> {
    if !reusable.ignores && request.pairs.has_others(reusable.query) {
        return None;
    }
    let mut key = Parts(Vec::with_capacity(128));
    // What backends are asked begins with a digit, so neither is mistaken for the other.
    key.0.push(b'@');
    key.0.extend_from_slice(&std::ptr::from_ref(endpoint).addr().to_ne_bytes());
    key.list(request.segments.from(0).map(str::as_bytes));
    for name in reusable.query {
        request.pairs.write_key(name, &mut key);
    }
    for name in reusable.headers {
        key.list(request.headers.get_all(*name).iter().map(|line| line.as_bytes()));
    }
    for name in reusable.cookies {
        key.list(request.cookies(name));
    }
    if let Some(claims) = reusable.private {
        request.principal.as_ref()?.write_key(claims, &mut key)?;
    }
    Some(Key::from(key.0))
}

/// A key that is being written.
pub(crate) struct Parts(Vec<u8>);

impl Parts {
    /// One part.
    pub(crate) fn part(&mut self, part: &[u8]) {
        self.number(part.len());
        self.0.extend_from_slice(part);
    }

    /// A number, which is a part.
    pub(crate) fn number(&mut self, number: usize) {
        self.0.extend_from_slice(&number.to_ne_bytes());
    }

    /// Several parts, as one.
    pub(crate) fn list<'p>(&mut self, parts: impl Iterator<Item = &'p [u8]>) {
        let count = self.0.len();
        self.number(0);
        let mut parts_in = 0_usize;
        for part in parts {
            self.part(part);
            parts_in += 1;
        }
        let count = self.0.get_mut(count..count + size_of::<usize>());
        count.into_iter().for_each(|count| count.copy_from_slice(&parts_in.to_ne_bytes()));
    }
}
