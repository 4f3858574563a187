//! `gatewright completions`: scripts for shells.

use super::Outcome;
use crate::args::{Args, Completions};
use crate::terminal::Terminal;
use clap::CommandFactory;
use gatewright_build::Error;

pub(crate) fn run(args: &Completions, terminal: Terminal) -> Result<Outcome, Error> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Args::command(), "gatewright", &mut script);
    terminal.result(&String::from_utf8_lossy(&script));
    Ok(Outcome::Fine)
}
