//! `gatewright man`: pages for `man`, made of what `--help` says.

use super::Outcome;
use crate::args::{Args, Man};
use crate::terminal::Terminal;
use clap::{Command, CommandFactory as _};
use clap_mangen::Man as Page;
use gatewright_build::{Error, write};

pub(crate) fn run(args: &Man, terminal: Terminal) -> Result<Outcome, Error> {
    let mut whole = Args::command();
    whole.build();
    let Some(out) = &args.out else {
        terminal.result(&String::from_utf8_lossy(&page(whole)?));
        return Ok(Outcome::Fine);
    };
    for command in every(&whole) {
        let path = out.join(format!("{}.1", named(&command)));
        if write::file(&path, &page(command)?)? {
            terminal.done("wrote", &path.display().to_string());
        }
    }
    Ok(Outcome::Fine)
}

/// A command and those below it.
fn every(command: &Command) -> Vec<Command> {
    let below = command.get_subcommands().filter(|one| one.get_name() != "help");
    std::iter::once(command.clone()).chain(below.flat_map(every)).collect()
}

/// The whole name of a command: `gatewright-check`.
fn named(command: &Command) -> &str {
    command.get_display_name().unwrap_or(command.get_name())
}

fn page(command: Command) -> Result<Vec<u8>, Error> {
    let mut text = Vec::new();
    let source = concat!("gatewright ", env!("CARGO_PKG_VERSION"));
    let written = Page::new(command).manual("Gatewright").source(source).render(&mut text);
    written.map_err(|error| Error::bug(format!("a page cannot be written: {error}")))?;
    Ok(text)
}
