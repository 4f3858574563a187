//! `gatewright explain`: the page about a code.

use super::Outcome;
use crate::args::Explain;
use crate::terminal::Terminal;
use gatewright_build::Error;
use gatewright_compiler::diagnostic::Code;
use gatewright_compiler::explain;

pub(crate) fn run(args: &Explain, terminal: Terminal) -> Result<Outcome, Error> {
    match &args.code {
        Some(name) => terminal.result(&page(name).ok_or_else(|| unknown(name))?),
        None => terminal.result(&list()),
    }
    Ok(Outcome::Fine)
}

/// `unknown-backend: there is no backend of this name`, and the page below it.
fn page(name: &str) -> Option<String> {
    let (code, page) = (Code::named(name)?, explain(name)?);
    Some(format!("{name}: {}\n\n{page}\n", code.title()))
}

/// Every code with its title, aligned.
fn list() -> String {
    let width = Code::ALL.iter().map(|code| code.name().len()).max().unwrap_or(0);
    Code::ALL.iter().map(|code| format!("{:width$}  {}\n", code.name(), code.title())).collect()
}

/// The code with this name.
pub(crate) fn known(name: &str) -> Result<Code, Error> {
    Code::named(name).ok_or_else(|| unknown(name))
}

fn unknown(code: &str) -> Error {
    let error = Error::wrong_use(format!("there is no code `{code}`"));
    let similar = |name: &&str| strsim::jaro_winkler(name, code);
    let closest = Code::ALL
        .iter()
        .map(|code| code.name())
        .max_by(|one, other| similar(one).total_cmp(&similar(other)))
        .filter(|name| similar(name) > 0.8);
    match closest {
        Some(name) => error.help(format!("did you mean `{name}`?")),
        None => error.help("`gatewright explain` lists all codes"),
    }
}
