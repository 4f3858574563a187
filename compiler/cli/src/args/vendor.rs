//! What was typed to keep crates for builds without a network.

use clap::ValueHint;
use std::path::PathBuf;

/// Put the crates that gateways are made of into a directory
///
/// All gateways are made of the same crates, whatever their contract. With them in a directory, which
/// may be committed or carried somewhere, `gatewright build --vendored DIR` needs no registry, no network
/// and nothing of cargo's own, and makes the same bytes.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  gatewright vendor crates
  gatewright build --vendored crates")]
pub(crate) struct Vendor {
    /// The directory
    #[arg(value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) directory: PathBuf,
}
