//! `api.lock`: what is published, as text that only grows.
//!
//! Every entry holds what callers were promised, in the language itself, and a digest over itself and
//! all entries before it. So nothing in it can be changed, moved or taken out without being seen.

mod act;
mod compare;
mod contract;
mod judge;
mod moves;
mod needs;
mod print;
mod publish;

mod read;
mod state;

pub use act::{Amendment, amend, rebase, retire};
pub use compare::continuation;
pub use publish::{Publication, Refused, Signed, publish};

use sha2::{Digest, Sha256};
use std::ops::Range;

pub(crate) use compare::end;
pub(crate) use contract::bare;
pub(crate) use judge::judge;
pub(crate) use moves::prove;
pub(crate) use print::{Surface, Written, version};

/// The name of the file, beside those of the contract.
pub const FILE: &str = "api.lock";

/// A lock that was read, and whose digests are right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lock {
    /// The API that it belongs to.
    pub api: String,
    /// What happened, in order.
    pub entries: Vec<Entry>,
    text: String,
}

/// Something that happened to a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The version's label.
    pub version: String,
    /// What happened.
    pub act: Act,
    /// On which day: `2026-03-01`.
    pub date: String,
    /// The endpoint it is about, without the version's prefix: `GET /products/{id}`.
    pub endpoint: Option<String>,
    /// Who did it.
    pub by: String,
    /// Why a promise was broken.
    pub reason: Option<String>,
    /// The version's revision from here on: `1.2`.
    pub revision: String,
    /// The digest over this entry and all before it, in hexadecimal.
    pub chain: String,
    pub(crate) blocks: Vec<Block>,
    /// The first line without the line break.
    pub(crate) head: Range<usize>,
    /// The digest in the first line.
    pub(crate) chain_at: Range<usize>,
    /// Its date in the first line.
    pub(crate) date_at: Range<usize>,
    /// The whole entry, the last line break included.
    pub(crate) whole: Range<usize>,
}

/// What happened to a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Callers may rely on it from here on.
    Published,
    /// An endpoint joined it.
    Added,
    /// An endpoint promises more than before.
    Revised,
    /// A promise was broken, for a reason.
    Amended,
    /// Cases were added.
    Proved,
    /// Something else is relied on of backends.
    Rewired,
    /// Callers were told to leave, or by when.
    Deprecated,
    /// Callers may stay.
    Undeprecated,
    /// It is not served any more.
    Retired,
}

impl Act {
    const ALL: [Act; 9] = [
        Act::Published,
        Act::Added,
        Act::Revised,
        Act::Amended,
        Act::Proved,
        Act::Rewired,
        Act::Deprecated,
        Act::Undeprecated,
        Act::Retired,
    ];

    /// The word for it in a lock.
    pub fn word(self) -> &'static str {
        match self {
            Act::Published => "published",
            Act::Added => "added",
            Act::Revised => "revised",
            Act::Amended => "amended",
            Act::Proved => "proved",
            Act::Rewired => "rewired",
            Act::Deprecated => "deprecated",
            Act::Undeprecated => "undeprecated",
            Act::Retired => "retired",
        }
    }

    /// Whether it is about one endpoint.
    fn is_of_endpoint(self) -> bool {
        matches!(self, Act::Added | Act::Revised | Act::Amended)
    }

    /// Whether callers can see it, so that the version has a revision of its own from here on.
    fn revises(self) -> bool {
        self.is_of_endpoint()
    }
}

/// A declaration within an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Block {
    pub(crate) kind: BlockKind,
    /// What tells it from others of its kind: a name, `GET /products/{id}`, a title.
    pub(crate) key: String,
    /// Its place, from its first letter to the end of its last line.
    pub(crate) at: Range<usize>,
    /// The keyword that is not of the language, and the digest with its word.
    pub(crate) own: Vec<Range<usize>>,
}

/// What a block declares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum BlockKind {
    /// `versions in path "/v{n}"`
    Selection,
    /// `deprecated since …`
    Deprecated,
    /// `auth customer = jwt { … }`
    Auth,
    /// `type`, `enum` or `union`.
    Type,
    /// `error`
    Error,
    /// `endpoint GET /products/{id: Sku} -> Product { … }`
    Endpoint,
    /// `needs catalog GET /items/{} { … }`
    Needs,
    /// `case "…" { … }`
    Case,
    /// `without case "…"`: a case that does not hold any more.
    Without,
}

impl Lock {
    /// The text it was read from.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The labels of published versions that are still served, in the order of publishing.
    pub fn live(&self) -> Vec<&str> {
        let published = self.entries.iter().filter(|entry| entry.act == Act::Published);
        published.map(|entry| entry.version.as_str()).filter(|one| !self.is_retired(one)).collect()
    }

    /// Whether a version was published, and may be retired by now.
    pub fn is_published(&self, version: &str) -> bool {
        self.of(version).next().is_some()
    }

    /// Whether a version is not served any more.
    pub fn is_retired(&self, version: &str) -> bool {
        self.of(version).any(|entry| entry.act == Act::Retired)
    }

    /// The revision of a published version: `1.2`.
    pub fn revision<'l>(&'l self, version: &'l str) -> Option<&'l str> {
        self.of(version).last().map(|entry| entry.revision.as_str())
    }

    /// The entries of a version, in order.
    pub fn of<'l>(&'l self, version: &'l str) -> impl Iterator<Item = &'l Entry> {
        self.entries.iter().filter(move |entry| entry.version == version)
    }

    /// Whether this lock goes on from `earlier`; else the first entry of `earlier` that it does not
    /// have.
    pub fn continues(&self, earlier: &Lock) -> Result<(), usize> {
        if self.api != earlier.api {
            return Err(0);
        }
        let same = |at: &usize| {
            let pair = self.entries.get(*at).zip(earlier.entries.get(*at));
            pair.is_some_and(|(own, other)| own.chain == other.chain)
        };
        (0..earlier.entries.len()).find(|at| !same(at)).map_or(Ok(()), Err)
    }

    fn slice(&self, at: &Range<usize>) -> &str {
        self.text.get(at.clone()).unwrap_or_default()
    }
}

/// The digest that the chain of a lock starts with.
fn seed(api: &str) -> String {
    hex(&Sha256::digest(head_line(api).as_bytes()), 32)
}

/// The digest of an entry behind `before`: of its first line without the digest, and its body.
fn chained(before: &str, head: &str, body: &str) -> String {
    let mut hash = Sha256::new();
    for text in [before, "\n", head, "\n", body] {
        hash.update(text.as_bytes());
    }
    hex(&hash.finalize(), 32)
}

/// The digest of a declaration, half as long: the chain holds the whole entry.
pub(crate) fn digest(text: &str) -> String {
    hex(&Sha256::digest(text.as_bytes()), 16)
}

fn hex(bytes: &[u8], most: usize) -> String {
    bytes.iter().take(most).map(|byte| format!("{byte:02x}")).collect()
}

fn head_line(api: &str) -> String {
    format!("lock 1 {api}")
}

/// The last line, which shows that nothing behind it was cut off.
fn last_line(entries: usize) -> String {
    format!("end of {entries} {}", if entries == 1 { "entry" } else { "entries" })
}

/// A name or a text as it stands in a first line.
fn quoted(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.@+".contains(&byte);
    if !text.is_empty() && text.bytes().all(plain) {
        return text.to_owned();
    }
    let spaced: String = text.chars().map(|one| if one.is_control() { ' ' } else { one }).collect();
    format!("\"{}\"", spaced.replace('\\', "\\\\").replace('"', "\\\""))
}
