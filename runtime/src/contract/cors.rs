//! Which pages of other origins may call.

/// What browsers let pages of other origins do (the CORS protocol, Fetch Standard section 3.3).
#[derive(Debug)]
pub struct Cors {
    /// Whose pages; `None`: those of any origin.
    pub origins: Option<&'static [Origin]>,
    /// Whether cookies and what else browsers send by themselves may come along. Never with
    /// origins that are not named as a whole.
    pub credentials: bool,
    /// For how many seconds a browser may remember the answer to a preflight, as text.
    pub max_age: &'static str,
    /// The header fields that requests may have, with commas between them; `None`: any.
    pub fields: Option<&'static str>,
}

/// An origin, or several of them, as browsers spell them (RFC 6454 section 6.2).
#[derive(Clone, Copy, Debug)]
pub enum Origin {
    /// `https://shop.example`
    Exact(&'static str),
    /// What stands before and behind one label of the host.
    Label(&'static str, &'static str),
    /// Those that the variable of this name holds, with commas between them.
    Variable(&'static str),
}
