//! What the backends of one request say about keeping what they answered.

use std::cell::Cell;

use crate::cache::Told;

/// What the backends of one request have said, taken together: the strictest counts.
#[derive(Debug)]
pub(crate) struct Heard(Cell<Option<Told>>);

impl Heard {
    /// Nothing was said yet.
    pub(crate) fn new() -> Heard {
        Heard(Cell::new(Some(Told { fresh: None, stale: true })))
    }

    /// One more has said this; nothing: that its answer is not to be kept, or it gave none.
    pub(crate) fn note(&self, said: Option<Told>) {
        let both = self.0.get().zip(said).map(|(old, new)| Told {
            fresh: match (old.fresh, new.fresh) {
                (Some(old), Some(new)) => Some(old.min(new)),
                (old, new) => old.or(new),
            },
            stale: old.stale && new.stale,
        });
        self.0.set(both);
    }

    /// How long an answer may be kept that is made of all of them; nothing if it may not.
    pub(crate) fn told(&self) -> Option<Told> {
        self.0.get()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_strictest_counts() {
        let said =
            |fresh: Option<u64>, stale| Some(Told { fresh: fresh.map(Duration::from_secs), stale });
        let all = |notes: &[Option<Told>]| {
            let heard = Heard::new();
            notes.iter().for_each(|note| heard.note(*note));
            heard.told()
        };
        assert_eq!(all(&[]), said(None, true));
        assert_eq!(all(&[said(Some(9), true), said(None, false)]), said(Some(9), false));
        assert_eq!(all(&[said(Some(9), true), said(Some(5), true)]), said(Some(5), true));
        assert_eq!(all(&[said(Some(9), true), None, said(None, true)]), None);
    }
}
