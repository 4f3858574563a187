//! `gatewright needs`: what the gateway relies on of a backend.

use super::Outcome;
use crate::args::{Needs, NeedsFormat};
use crate::load::{existing, look_at};
use crate::terminal::Terminal;
use gatewright_build::Error;
use gatewright_compiler::needs::{self, Pact};

pub(crate) fn run(args: &Needs, terminal: Terminal) -> Result<Outcome, Error> {
    let loaded = look_at(&args.contract.path)?;
    let Some(contract) = loaded.comparable(terminal) else { return Ok(Outcome::Findings) };
    existing(contract, args.version.as_deref())?;
    let found = needs::needs(contract, &args.backend, args.version.as_deref());
    let found = found.ok_or_else(|| {
        let names: Vec<&str> = contract.backends.iter().map(|one| one.name.as_str()).collect();
        let known = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        Error::wrong_use(format!("the contract has no backend `{}`", args.backend))
            .help(format!("its backends are: {known}"))
    })?;
    terminal.result(&match args.format {
        NeedsFormat::Text => needs::text(&found),
        NeedsFormat::Schema => needs::schema(&found),
        NeedsFormat::Pact => needs::pact(&found, Pact::V4),
        NeedsFormat::PactV3 => needs::pact(&found, Pact::V3),
    });
    Ok(Outcome::Fine)
}
