//! A kept answer, compressed once for all who want it so.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;

use super::{Coding, OFFERED};

/// The same body in each coding that was asked for, together no longer than the body itself.
#[derive(Debug)]
pub(crate) struct Kept {
    each: [OnceLock<Bytes>; OFFERED.len()],
    /// How many more bytes there is room for.
    room: AtomicUsize,
}

impl Kept {
    /// For a body of this length.
    pub(crate) fn new(length: usize) -> Kept {
        Kept { each: Default::default(), room: AtomicUsize::new(length) }
    }

    /// The body in this coding, if it is there.
    pub(crate) fn get(&self, coding: Coding) -> Option<Bytes> {
        self.each.get(coding.place()?)?.get().cloned()
    }

    /// Keeps it, if there is room.
    pub(crate) fn put(&self, coding: Coding, body: &Bytes) {
        let Some(slot) = coding.place().and_then(|place| self.each.get(place)) else { return };
        let less = |room: usize| room.checked_sub(body.len());
        if slot.get().is_none()
            && self.room.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_ok()
        {
            // Somebody else may have been faster: then a little room is lost.
            let _ = slot.set(body.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_no_longer_than_the_body() {
        let kept = Kept::new(10);
        kept.put(Coding::Gzip, &Bytes::from_static(b"1234567"));
        kept.put(Coding::Brotli, &Bytes::from_static(b"12345"));
        kept.put(Coding::Zstandard, &Bytes::from_static(b"123"));
        kept.put(Coding::Deflate, &Bytes::new());
        let lengths = [Coding::Gzip, Coding::Brotli, Coding::Zstandard, Coding::Deflate]
            .map(|coding| kept.get(coding).map(|body| body.len()));
        assert_eq!(lengths, [Some(7), None, Some(3), None]);
    }
}
