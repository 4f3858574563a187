//! Which pages of other origins may call.

/// The pages that browsers let call, and what with.
#[derive(Clone, Debug, PartialEq)]
pub struct Cors {
    /// Whose pages; nothing: those of any origin.
    pub origins: Option<Vec<Origin>>,
    /// Whether cookies and what else browsers send by themselves may come along.
    pub credentials: bool,
    /// For how many seconds a browser may remember the answer to a preflight.
    pub max_age: u64,
}

/// An origin, or several of them.
#[derive(Clone, Debug, PartialEq)]
pub enum Origin {
    /// `https://shop.example`
    Exact(String),
    /// `https://*.shop.example`: what stands before and behind one label of the host.
    Label(String, String),
    /// Those that this variable holds, with commas between them.
    Variable(String),
}
