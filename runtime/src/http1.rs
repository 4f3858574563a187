//! What both sides of HTTP/1.1 have in common (RFC 9112): heads, where bodies end, and how both are written.

pub(crate) mod body;
pub(crate) mod head;
pub(crate) mod out;
pub(crate) mod write;

use std::fmt;

/// What a message says, or how, is not HTTP/1.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed(pub(crate) &'static str);

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for Malformed {}
