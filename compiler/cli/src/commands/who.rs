//! `gatewright who`: the consumers of an endpoint or a field.

use super::Outcome;
use crate::args::{Who, WhoFormat};
use crate::load::{existing, look_at};
use crate::terminal::Terminal;
use gatewright_build::Error;
use gatewright_compiler::who;

pub(crate) fn run(args: &Who, terminal: Terminal) -> Result<Outcome, Error> {
    let loaded = look_at(&args.contract.path)?;
    let Some(contract) = loaded.comparable(terminal) else { return Ok(Outcome::Findings) };
    existing(contract, args.version.as_deref())?;
    let asked = args.asked.split_whitespace().collect::<Vec<_>>().join(" ");
    let found = who::who(contract, &asked, args.version.as_deref());
    let found = found.map_err(|(message, help)| {
        let error = Error::wrong_use(message);
        match help {
            Some(help) => error.help(help),
            None => error,
        }
    })?;
    terminal.result(&match args.format {
        WhoFormat::Text => who::text(&found),
        WhoFormat::Json => who::json_lines(&found),
    });
    Ok(Outcome::Fine)
}
