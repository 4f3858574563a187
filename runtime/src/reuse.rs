//! Answers that are used again: what tells requests apart, what is kept, and what callers are told.

mod answer;
mod condition;
mod heard;
mod key;

pub(crate) use self::answer::{Answer, Ended};
pub(crate) use self::condition::Condition;
pub(crate) use self::heard::Heard;
pub(crate) use self::key::{Parts, key};

/// Where an answer comes from that may be used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reused {
    /// It was kept.
    Hit,
    /// It was kept, and another is being made.
    Stale,
    /// It was made for somebody who asked the same at the same time.
    Shared,
    /// It was made, and is kept.
    Miss,
    /// It was made, and is not kept.
    Unkept,
}

impl Reused {
    pub(crate) const ALL: [Reused; 5] =
        [Reused::Hit, Reused::Stale, Reused::Shared, Reused::Miss, Reused::Unkept];

    /// The word for it in metrics and logs.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Reused::Hit => "hit",
            Reused::Stale => "stale",
            Reused::Shared => "shared",
            Reused::Miss => "miss",
            Reused::Unkept => "unkept",
        }
    }
}
