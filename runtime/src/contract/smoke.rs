//! Cases that are asked of a gateway with its real backends, before it serves.

/// The request of a case, and what of its answer does not depend on what backends know.
#[derive(Clone, Copy, Debug)]
pub struct Smoke {
    /// What the case shows.
    pub title: &'static str,
    /// `GET`, or another method that only reads.
    pub method: &'static str,
    /// Path and query, encoded.
    pub target: &'static str,
    /// Header fields in order.
    pub headers: &'static [(&'static str, &'static str)],
    /// The status of the answer.
    pub status: u16,
    /// The `type` of the problem that is answered (RFC 9457 section 3.1.1), if it is one.
    pub problem: Option<&'static str>,
    /// Header fields in small letters, and whether the answer has them.
    pub fields: &'static [(&'static str, bool)],
    /// Why it cannot be asked; nothing: it can.
    pub left_out: Option<&'static str>,
}
