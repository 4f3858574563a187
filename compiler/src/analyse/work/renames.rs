//! Inherited text in the names of the version that inherits it.

use super::scope::Lower;
use crate::contract::work::{NodeId, Parent, Rewrite};
use gatewright_grammar::Span;
use gatewright_grammar::tree::{Ident, Ref};

/// What the text of an endpoint reads where its version is written out.
#[derive(Debug, Default)]
pub(crate) struct Renames {
    pub(crate) done: Vec<Rewrite>,
    /// The projection that says for the value built last what its missing entries said.
    rest: Option<String>,
}

impl Renames {
    /// Notes that `name` means what is called `now` in this version.
    pub(crate) fn name(&mut self, name: &Ident, now: &str) {
        if name.text != now {
            self.replace(name.span, quoted(now));
        }
    }

    /// Notes that an entry has no place in this version.
    pub(crate) fn remove(&mut self, entry: Span) {
        self.replace(entry, String::new());
    }

    /// Notes that `text` stands at `place`.
    pub(crate) fn insert(&mut self, place: Span, text: String) {
        self.replace(place, text);
    }

    /// Notes that `span` reads `text`.
    pub(crate) fn replace(&mut self, span: Span, text: String) {
        let rewrite = Rewrite { span, text };
        if !self.done.contains(&rewrite) {
            self.done.push(rewrite);
        }
    }

    /// Keeps what a value without a projection would have to say: these entries and, with `open`,
    /// the rest by name.
    pub(crate) fn projection(&mut self, entries: Vec<(Span, String)>, open: bool) {
        if entries.is_empty() {
            return;
        }
        let mut entries: Vec<String> = entries.into_iter().map(|(_, entry)| entry).collect();
        if open {
            entries.push("...".to_owned());
        }
        self.rest = Some(format!(" {{ {} }}", entries.join(", ")));
    }

    /// Takes what was kept.
    pub(crate) fn take(&mut self) -> Option<String> {
        self.rest.take()
    }

    /// Writes what was kept behind a reference.
    pub(crate) fn behind(&mut self, reference: Span) {
        if let Some(rest) = self.rest.take() {
            self.insert(reference.at_end(), rest);
        }
    }
}

impl Lower<'_, '_> {
    /// How text reaches `node`, where `like` does: from the element that is projected, or by name.
    pub(crate) fn reaching(&self, node: NodeId, like: &Ref) -> String {
        let stop = if like.of_element { self.elements.last().copied() } else { None };
        self.way(node, stop)
    }

    fn way(&self, node: NodeId, stop: Option<NodeId>) -> String {
        match &self.nodes.node(node).parent {
            _ if Some(node) == stop => String::new(),
            Parent::Field(up, name) => format!("{}.{}", self.way(*up, stop), quoted(name)),
            _ => self.spelled(node),
        }
    }
}

/// A name of a field as text writes it: in quotes where it is no word.
pub(crate) fn quoted(name: &str) -> String {
    let word = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let starts = name.starts_with(|first: char| !first.is_ascii_digit());
    match word && starts {
        true => name.to_owned(),
        false => format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\"")),
    }
}
