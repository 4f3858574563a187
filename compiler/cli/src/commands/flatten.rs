//! `gatewright flatten`: one version as source.

use super::Outcome;
use crate::args::Flatten;
use crate::load::{look_at, versions};
use crate::terminal::Terminal;
use gatewright_build::Error;
use gatewright_compiler::flatten;

pub(crate) fn run(args: &Flatten, terminal: Terminal) -> Result<Outcome, Error> {
    let loaded = look_at(&args.contract.path)?;
    let Some(contract) = loaded.contract(terminal) else { return Ok(Outcome::Findings) };
    for version in versions(contract, Some(&args.version))? {
        let text = flatten(&loaded.input.sources, contract, &version);
        terminal.result(&text.map_err(Error::wrong_use)?);
    }
    Ok(Outcome::Fine)
}
