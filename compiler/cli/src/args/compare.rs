//! What was typed to compare two gateways that run.

use clap::{ValueEnum, ValueHint};
use std::path::PathBuf;

/// Compare what two running gateways answer
///
/// Sends the requests of the contract's cases, and those of recordings, to both gateways, and says per
/// endpoint what differs: statuses, header fields, and places of bodies. What the contract changed
/// between the two may differ there; everywhere else green must answer as blue does. What blue itself
/// answers in different ways is not judged.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  gatewright compare http://blue:8080 http://green:8080
  gatewright compare http://blue:8080 http://green:8080 --contract api/ --against http://blue:9090
                                          what the contract changed since blue was built is expected
  gatewright compare http://blue:8080 http://green:8080 --replay session.har --replay access.log
  gatewright compare http://blue:8080 http://green:8080 --header \"Authorization: Bearer $TOKEN\"
  gatewright compare http://blue:8080 http://green:8080 --ignore /items/*/seen --ignore X-Served-By")]
pub(crate) struct Compare {
    /// The gateway that serves: `http://127.0.0.1:8080`
    #[arg(value_name = "BLUE", value_hint = ValueHint::Url)]
    pub(crate) blue: String,
    /// The gateway that is to serve
    #[arg(value_name = "GREEN", value_hint = ValueHint::Url)]
    pub(crate) green: String,
    /// Green's contract, whose cases are asked: a directory or file, or what `diff` takes, as a
    /// gateway's operator port
    #[arg(long, value_name = "WHAT", default_value = ".", value_hint = ValueHint::AnyPath)]
    pub(crate) contract: String,
    /// Blue's contract, if it is another one: a git revision, a directory, a file, a lock, a tarball,
    /// or the gateway's operator port
    #[arg(long, value_name = "WHAT")]
    pub(crate) against: Option<String>,
    /// Ask what was recorded, too: a HAR file, or an access log
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) replay: Vec<PathBuf>,
    /// Send this with every request: `NAME: VALUE`
    #[arg(long, value_name = "FIELD")]
    pub(crate) header: Vec<String>,
    /// Do not compare this: a header field, or a place in bodies, `/items/*/seen`
    #[arg(long, value_name = "WHAT")]
    pub(crate) ignore: Vec<String>,
    /// Send requests that change something as well; both gateways then change it
    #[arg(long = "unsafe")]
    pub(crate) changing: bool,
    /// How to say it
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) format: CompareFormat,
}

/// How a comparison is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum CompareFormat {
    /// For people
    Text,
    /// One document, for machines
    Json,
}
