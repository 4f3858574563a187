//! What was typed behind the commands about change: who relies on what, and what is new.

use super::Contract;
use clap::{ValueEnum, ValueHint};

/// Tell what is new for callers, for backends and for those who run the gateway
///
/// The changes between two versions, or since a git revision, as people want to read them: what
/// callers must do comes first, a changed type is told once with the endpoints that it reaches,
/// and what concerns backends and operators stands at the end.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  gatewright changelog                    from the last version but one to the last
  gatewright changelog 1..2 api/
  gatewright changelog --since v2026.06   from a git revision to this directory
  gatewright changelog 1..2 --format markdown > notes.md")]
pub(crate) struct Changelog {
    /// Two versions, OLD..NEW [default: the last two]
    #[arg(value_name = "VERSIONS")]
    pub(crate) versions: Option<String>,
    /// A `.api` file, or a directory whose `.api` files are one contract
    #[arg(value_name = "PATH", default_value = ".", value_hint = ValueHint::AnyPath)]
    pub(crate) path: String,
    /// From this contract instead: a git revision, a file or a directory
    #[arg(long, value_name = "OLD")]
    pub(crate) since: Option<String>,
    /// How to write it
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) format: NewsFormat,
}

/// How a changelog is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum NewsFormat {
    /// For people
    Text,
    /// For release notes
    Markdown,
    /// One document, for machines
    Json,
    /// A feed (RFC 4287), for readers of news
    Atom,
}

/// Tell who relies on an endpoint, or on a field of its answers
///
/// Lists the consumers that declare that they use it, with the fields that they read and a way to
/// reach them, in every version that has it.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  gatewright who \"GET /products/{id}\"
  gatewright who \"GET /products/{id}.reviews.stars\" api/
  gatewright who \"GET /v1/products/{id}\" --format json")]
pub(crate) struct Who {
    /// An endpoint, with or without its version, and perhaps a field behind a dot
    #[arg(value_name = "ENDPOINT[.FIELD]")]
    pub(crate) asked: String,
    #[command(flatten)]
    pub(crate) contract: Contract,
    /// Only in this version
    #[arg(long, value_name = "N")]
    pub(crate) version: Option<String>,
    /// How to write it
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) format: WhoFormat,
}

/// How consumers are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum WhoFormat {
    /// For people
    Text,
    /// One object per line, for machines
    Json,
}

/// Tell what the gateway relies on of a backend
///
/// What it asks, what it sends, which fields of the answers it reads and which of them must be
/// there. Whatever is not in it the backend may change.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  gatewright needs catalog
  gatewright needs catalog api/ --version 2
  gatewright needs catalog --format schema > catalog.schema.json
  gatewright needs catalog --format pact > shop-catalog.json")]
pub(crate) struct Needs {
    /// The backend
    #[arg(value_name = "BACKEND")]
    pub(crate) backend: String,
    #[command(flatten)]
    pub(crate) contract: Contract,
    /// Only what this version needs
    #[arg(long, value_name = "N")]
    pub(crate) version: Option<String>,
    /// How to write it
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) format: NeedsFormat,
}

/// How needs are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum NeedsFormat {
    /// For people
    Text,
    /// JSON Schema (2020-12), a definition per operation
    Schema,
    /// A Pact, version 4
    Pact,
    /// A Pact, version 3
    #[value(name = "pact-v3")]
    PactV3,
}
