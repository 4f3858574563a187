//! `gatewright vendor`: the crates that every gateway is made of, in a directory.

use super::Outcome;
use crate::args::Vendor;
use crate::load::{Backends, features};
use crate::terminal::Terminal;
use gatewright_build::{Cache, Error, Order, all_in_one, vendor};
use gatewright_compiler::analyse;
use gatewright_compiler::source::Sources;
use gatewright_runtime::SOURCE;
use std::path::absolute;

/// The crates of a gateway do not depend on its contract, so any will do.
const ANY: &str = "api vendored {}\n\nversion 1 {\n  GET /any -> { any: text } {\n    public\n    \
                   return { any: \"any\" }\n  }\n}\n";

pub(crate) fn run(args: &Vendor, terminal: Terminal) -> Result<Outcome, Error> {
    let mut sources = Sources::new();
    sources.add("vendored.api", ANY);
    let analysis = analyse(&sources);
    let contract = analysis.checked().expect("the text above is right, as a test makes sure");
    let target = all_in_one(contract, "");
    let features = features(contract, Backends::Real);
    let order = Order { contract, target, features, runtime: SOURCE };
    let directory =
        absolute(&args.directory).map_err(|error| Error::file("find", &args.directory, &error))?;
    vendor(&order, &Cache::open()?, &directory)?;
    terminal.done("wrote", &args.directory.display().to_string());
    Ok(Outcome::Fine)
}
