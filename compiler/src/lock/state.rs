//! What holds of a version after all of its entries.

use super::{Act, Block, BlockKind, Entry, Lock};
use std::collections::BTreeMap;
use std::ops::Range;

/// A version with the declarations that hold, each with the entry that made it.
pub(crate) struct State<'l> {
    pub(crate) lock: &'l Lock,
    pub(crate) published: &'l Entry,
    blocks: BTreeMap<(BlockKind, &'l str), (&'l Entry, &'l Block)>,
}

impl<'l> State<'l> {
    /// The state of a published version.
    pub(crate) fn of(lock: &'l Lock, version: &str) -> Option<Self> {
        let entries = || lock.entries.iter().filter(|entry| entry.version == version);
        let published = entries().find(|entry| entry.act == Act::Published)?;
        let mut state = Self { lock, published, blocks: BTreeMap::new() };
        for entry in entries() {
            if let (Act::Amended, Some(endpoint)) = (entry.act, &entry.endpoint) {
                state.blocks.remove(&(BlockKind::Endpoint, endpoint.as_str()));
            }
            if entry.act == Act::Undeprecated {
                state.blocks.remove(&(BlockKind::Deprecated, ""));
            }
            for block in &entry.blocks {
                if block.kind == BlockKind::Without {
                    state.blocks.remove(&(BlockKind::Case, block.key.as_str()));
                    continue;
                }
                state.blocks.insert((block.kind, block.key.as_str()), (entry, block));
            }
        }
        Some(state)
    }

    /// The declarations of one kind that hold.
    pub(crate) fn all(&self, kind: BlockKind) -> impl Iterator<Item = &'l Block> {
        let blocks = self.blocks.iter().filter(move |((other, _), _)| *other == kind);
        blocks.map(|(_, (_, block))| *block)
    }

    /// The declaration of this kind and name, if it holds.
    pub(crate) fn get(&self, kind: BlockKind, key: &str) -> Option<&'l Block> {
        self.blocks.get(&(kind, key)).map(|(_, block)| *block)
    }

    /// The text of a declaration, without its digest.
    pub(crate) fn text(&self, block: &Block) -> String {
        let mut text = self.lock.slice(&block.at).to_owned();
        for own in block.own.iter().filter(|own| own.start > block.at.start) {
            let at = own.start - block.at.start..own.end - block.at.start;
            if self.lock.slice(own).starts_with(" sha ") {
                text.replace_range(at, "");
            }
        }
        text
    }

    /// The version in the language, at the same places as in the lock: everything else is space.
    pub(crate) fn masked(&self) -> String {
        let text = self.lock.text();
        let mut out = Masked::of(text);
        let head = &self.published.head;
        let start = format!("version {}", self.published.version);
        out.put(head.start, start.as_bytes());
        out.put(head.start + start.len(), b" {");
        for ((kind, _), (_, block)) in &self.blocks {
            if Self::is_of_version(*kind) {
                out.declaration(self.lock, block);
            }
        }
        let end = text.trim_end_matches('\n').rfind('\n').map_or(0, |at| at + 1);
        out.put(end, b"}");
        out.text()
    }

    /// What stands beside the version, in the language, at the same places as in the lock.
    pub(crate) fn around(&self) -> String {
        let mut out = Masked::of(self.lock.text());
        self.all(BlockKind::Auth).for_each(|block| out.declaration(self.lock, block));
        out.text()
    }

    fn is_of_version(kind: BlockKind) -> bool {
        match kind {
            BlockKind::Deprecated | BlockKind::Type | BlockKind::Error | BlockKind::Endpoint => {
                true
            }
            BlockKind::Selection
            | BlockKind::Auth
            | BlockKind::Needs
            | BlockKind::Case
            | BlockKind::Without => false,
        }
    }

    /// The lines of an endpoint that are not of the language: `reply header Location`.
    pub(crate) fn kept(&self, endpoint: &str) -> Vec<(&'l str, Range<usize>)> {
        let Some(block) = self.get(BlockKind::Endpoint, endpoint) else { return Vec::new() };
        let own = block.own.iter().map(|own| (self.lock.slice(own).trim(), own.clone()));
        own.filter(|(line, _)| is_kept(line)).collect()
    }
}

/// A text of which pieces are shown, at their places.
struct Masked(Vec<u8>);

impl Masked {
    /// Nothing of `text` but its lines.
    fn of(text: &str) -> Self {
        Self(text.bytes().map(blank).collect())
    }

    fn put(&mut self, at: usize, bytes: &[u8]) {
        if let Some(place) = self.0.get_mut(at..at + bytes.len()) {
            place.copy_from_slice(bytes);
        }
    }

    /// Shows a declaration without what is not of the language.
    fn declaration(&mut self, lock: &Lock, block: &Block) {
        self.put(block.at.start, lock.slice(&block.at).as_bytes());
        for own in &block.own {
            let line = lock.slice(own);
            let spaces: Vec<u8> = line.bytes().map(blank).collect();
            match typed(line) {
                // The type is of the language; a value, which no lock knows, goes with it there.
                Some(end) => {
                    self.put(own.start + end, spaces.get(end..).unwrap_or_default());
                    self.put(own.start + end, b" = 0");
                }
                None => self.put(own.start, &spaces),
            }
        }
    }

    fn text(self) -> String {
        String::from_utf8(self.0).unwrap_or_default()
    }
}

fn blank(byte: u8) -> u8 {
    if byte == b'\n' { b'\n' } else { b' ' }
}

/// Behind the type of a header field that every answer has.
pub(super) const ALWAYS: &str = " always";

/// Behind the type of one that may be missing.
pub(super) const OR_NONE: &str = " or none";

/// Where the type of a header field ends: `reply header X-Limit: int always`.
fn typed(line: &str) -> Option<usize> {
    let field = line.trim_start().strip_prefix("reply header ")?;
    field.contains(": ").then_some(())?;
    Some(line.strip_suffix(ALWAYS).or(line.strip_suffix(OR_NONE))?.len())
}

/// Whether a line of an endpoint says what follows from the work behind it.
pub(super) fn is_kept(line: &str) -> bool {
    line.starts_with("reply header ") || line.starts_with("fallback ")
}
