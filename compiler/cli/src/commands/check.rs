//! `gatewright check`: what is wrong with a contract.

use super::Outcome;
use crate::args::{Check, Deny, Format};
use crate::load::{load, pictures};
use crate::terminal::Terminal;
use gatewright_build::Error;
use gatewright_compiler::Analysis;
use gatewright_compiler::diagnostic::{Severity, render};

pub(crate) fn run(args: &Check, terminal: Terminal) -> Result<Outcome, Error> {
    let loaded = load(&args.contract.path)?;
    let (analysis, input) = (loaded.analysis(), &loaded.input);
    terminal.result(&match args.format {
        Format::Text => pictures(analysis, input, terminal),
        Format::Json => render::json_lines(&analysis.diagnostics, &input.shown()),
        Format::Github => render::github(&analysis.diagnostics, &input.shown()),
    });
    if args.format == Format::Text && !analysis.diagnostics.is_empty() {
        terminal.note(&summary(analysis));
    }
    let denied = args.deny == Some(Deny::Warnings) && !analysis.diagnostics.is_empty();
    let findings = analysis.checked().is_none() || denied;
    Ok(if findings { Outcome::Findings } else { Outcome::Fine })
}

/// `2 errors, 1 warning`
pub(crate) fn summary(analysis: &Analysis) -> String {
    let count = |severity| {
        analysis.diagnostics.iter().filter(|diagnostic| diagnostic.severity == severity).count()
    };
    let named = |number: usize, name: &str| match number {
        0 => None,
        1 => Some(format!("1 {name}")),
        _ => Some(format!("{number} {name}s")),
    };
    let errors = named(count(Severity::Error), "error");
    let warnings = named(count(Severity::Warning), "warning");
    errors.into_iter().chain(warnings).collect::<Vec<_>>().join(", ")
}
