//! `gatewright check`: what is wrong with a contract.

mod against;
mod deny;
mod fix;

use super::Outcome;
use crate::args::{Check, Format};
use crate::load::{Loaded, load};
use crate::terminal::Terminal;
use deny::Weights;
use gatewright_build::Error;
use gatewright_compiler::Analysis;
use gatewright_compiler::diagnostic::render::{self, Style};
use gatewright_compiler::diagnostic::{Diagnostic, Severity};

pub(crate) fn run(args: &Check, terminal: Terminal) -> Result<Outcome, Error> {
    let weights = Weights::new(&args.deny, &args.allow)?;
    let loaded = load(&args.contract.path)?;
    if args.fix && args.dry_run {
        return Ok(fix::preview(&loaded, terminal));
    }
    let loaded = if args.fix { fix::write(loaded, args, terminal)? } else { loaded };
    let more = match &args.against {
        Some(spec) => against::compare(spec, (args, &loaded), terminal)?,
        None => Vec::new(),
    };
    Ok(report(&loaded, (args.format, &weights), more, terminal))
}

/// Prints what is found.
fn report(
    loaded: &Loaded,
    (format, weights): (Format, &Weights),
    more: Vec<Diagnostic>,
    terminal: Terminal,
) -> Outcome {
    let worse = more.iter().any(|one| one.severity == Severity::Error);
    let mut found = more;
    found.extend(weights.left(&loaded.analysis().diagnostics));
    let shown = loaded.input.shown();
    terminal.result(&match format {
        Format::Text => {
            let style = Style { colour: true, width: terminal.width() };
            render::text(&found, &shown, style)
        }
        Format::Json => render::json_lines(&found, &shown),
        Format::Github => render::github(&found, &shown),
        Format::Sarif => render::sarif(&found, &shown),
    });
    if format == Format::Text && !found.is_empty() {
        terminal.note(&counted(&found));
    }
    if worse || loaded.analysis().checked().is_none() || weights.fail(&found) {
        Outcome::Findings
    } else {
        Outcome::Fine
    }
}

/// `2 errors, 1 warning`
pub(crate) fn summary(analysis: &Analysis) -> String {
    counted(&analysis.diagnostics)
}

fn counted(found: &[Diagnostic]) -> String {
    let count =
        |severity| found.iter().filter(|diagnostic| diagnostic.severity == severity).count();
    let errors = named(count(Severity::Error), "error");
    let warnings = named(count(Severity::Warning), "warning");
    errors.into_iter().chain(warnings).collect::<Vec<_>>().join(", ")
}

/// `1 error`, `2 errors`; nothing for none.
fn named(number: usize, name: &str) -> Option<String> {
    match number {
        0 => None,
        1 => Some(format!("1 {name}")),
        _ => Some(format!("{number} {name}s")),
    }
}
