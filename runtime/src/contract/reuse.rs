//! Whether the answers of an endpoint may be used again, and what tells them apart.

use std::time::Duration;

use crate::error::Error;
use crate::request::Request;

/// Whether the answers of an endpoint may be used again.
#[derive(Clone, Copy, Debug)]
pub enum Reuse {
    /// The contract says nothing about it.
    Unsaid,
    /// By nobody: `cache none`.
    Never,
    /// By whoever asks for the same.
    By(&'static Reusable),
}

/// Says whether what is known of the caller of a request is what the contract declares.
pub type CheckOfCaller = fn(&Request) -> Result<(), Error>;

/// For how long answers may be used again, and all that makes a difference to them.
#[derive(Debug)]
pub struct Reusable {
    /// As good as a new one for so long.
    pub fresh: Duration,
    /// After that, used for so long while a new one is made.
    pub stale: Duration,
    /// Statuses of declared errors that are kept, too.
    pub errors: &'static [u16],
    /// The declared parameters of the query.
    pub query: &'static [&'static str],
    /// Whether other parameters of the query are dropped, and not refused.
    pub ignores: bool,
    /// The declared header fields.
    pub headers: &'static [&'static str],
    /// The declared cookies.
    pub cookies: &'static [&'static str],
    /// Whether each caller has answers of their own; then, what is read of what is known of them.
    pub private: Option<&'static [&'static str]>,
    /// Whether what is known of a caller is what the contract declares. It is asked before an answer
    /// is given that was made for another.
    pub check: Option<CheckOfCaller>,
    /// Whether caches on the way to a caller may keep answers for others.
    pub public: bool,
    /// The header fields of a request that make a difference, as `Vary` lists them; empty if none
    /// does.
    pub vary: &'static str,
}
