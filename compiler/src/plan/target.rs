//! What is built of a contract.

use crate::contract::Checked;
use crate::flatten::flatten;
use crate::source::Sources;
use std::collections::BTreeMap;

/// What to build: which versions, and what to call it.
#[derive(Clone, Debug, Default)]
pub struct Target {
    /// The name of the program: `shop-v1`.
    pub name: String,
    /// The labels of the versions in it.
    pub versions: Vec<String>,
    /// The source revision that the program reports; may be empty.
    pub revision: String,
    /// The versions as contracts of their own, by label, for the program to carry. What cannot be
    /// written out is left out.
    pub sources: BTreeMap<String, String>,
    /// What it is built by and how, as names and texts: `rustc`, `target`. Nothing where that is not
    /// known when it is generated.
    pub build: Vec<(&'static str, String)>,
}

impl Target {
    /// The same, with the text of its versions.
    #[must_use]
    pub fn carrying(mut self, sources: &Sources, contract: &Checked) -> Target {
        let text = |label: &String| Some((label.clone(), flatten(sources, contract, label).ok()?));
        self.sources = self.versions.iter().filter_map(text).collect();
        self
    }
}
