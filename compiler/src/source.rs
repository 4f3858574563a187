//! The texts of a contract, each with the label that messages show.

use gatewright_grammar::FileId;

/// The texts of one contract. A label is shown, never opened.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    files: Vec<Source>,
}

/// One text.
#[derive(Clone, Debug)]
pub struct Source {
    /// What messages call it: `v1.api`.
    pub label: String,
    /// Its text.
    pub text: String,
}

impl Sources {
    /// No texts.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a text. Results do not depend on the order, but ids do: add sorted by label.
    pub fn add(&mut self, label: impl Into<String>, text: impl Into<String>) -> FileId {
        let id = FileId(u32::try_from(self.files.len()).unwrap_or(u32::MAX));
        self.files.push(Source { label: label.into(), text: text.into() });
        id
    }

    /// The text with this id.
    pub fn get(&self, id: FileId) -> Option<&Source> {
        self.files.get(id.0 as usize)
    }

    /// Every text with its id, in order.
    pub fn iter(&self) -> impl Iterator<Item = (FileId, &Source)> {
        (0..).map(FileId).zip(&self.files)
    }

    /// Whether there is no text at all.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }
}
