//! `gatewright mock`: mocks of the backends, a port each.

use super::Outcome;
use super::run::stop::Stop;
use crate::args::Mock;
use crate::load::{load, versions};
use crate::mocks::Mocks;
use crate::terminal::Terminal;
use gatewright_build::Error;

pub(crate) fn run(args: &Mock, terminal: Terminal) -> Result<Outcome, Error> {
    let loaded = load(&args.contract.path)?;
    let Some(contract) = loaded.contract(terminal) else { return Ok(Outcome::Findings) };
    let versions = versions(contract, args.version.as_deref())?;
    let stop = Stop::on_signals()?;
    let mut mocks = Mocks::default();
    mocks.serve(contract, &versions)?;
    for (name, value) in mocks.environment() {
        terminal.result(&format!("{name}={value}\n"));
    }
    for (name, address) in mocks.fixed() {
        terminal.note(&format!("mock of `{name}` on {address}; the contract fixes its address, so no variable leads there"));
    }
    terminal.note("mocks run until Ctrl-C");
    stop.wait();
    Ok(Outcome::Fine)
}
