//! `gatewright fmt`: the one canonical form.

use super::Outcome;
use crate::args::Fmt;
use crate::terminal::Terminal;
use gatewright_build::read::{alone, contract_files, find};
use gatewright_build::{Error, write};
use gatewright_compiler::analyse;
use gatewright_compiler::diagnostic::render::{self, Style};
use gatewright_compiler::source::Sources;
use std::io::Read;
use std::path::{Path, PathBuf};

pub(crate) fn run(args: &Fmt, terminal: Terminal) -> Result<Outcome, Error> {
    if args.stdin {
        return standard_input(terminal);
    }
    let mut outcome = Outcome::Fine;
    for file in files(&args.paths)? {
        if one(&file, args.check, terminal)? == Outcome::Findings {
            outcome = Outcome::Findings;
        }
    }
    Ok(outcome)
}

fn one(file: &Path, check: bool, terminal: Terminal) -> Result<Outcome, Error> {
    let sources = alone(file)?;
    let Some(formatted) = formatted(&sources, terminal) else { return Ok(Outcome::Findings) };
    let before = sources.iter().next().map_or("", |(_, source)| source.text.as_str());
    if before == formatted {
        return Ok(Outcome::Fine);
    }
    if check {
        terminal.result(&format!("{}\n", file.display()));
        return Ok(Outcome::Findings);
    }
    write::replace(file, before.as_bytes(), formatted.as_bytes())?;
    terminal.done("formatted", &file.display().to_string());
    Ok(Outcome::Fine)
}

fn standard_input(terminal: Terminal) -> Result<Outcome, Error> {
    let mut text = String::new();
    std::io::stdin()
        .read_to_string(&mut text)
        .map_err(|error| Error::world(format!("cannot read standard input: {error}")))?;
    let mut sources = Sources::new();
    sources.add("standard input", text);
    let Some(formatted) = formatted(&sources, terminal) else { return Ok(Outcome::Findings) };
    terminal.result(&formatted);
    Ok(Outcome::Fine)
}

/// The one text in its canonical form, or nothing after what is wrong with it was printed.
fn formatted(sources: &Sources, terminal: Terminal) -> Option<String> {
    let (_, source) = sources.iter().next()?;
    let errors = match gatewright_grammar::format(&source.text) {
        Ok(text) => return Some(text),
        Err(errors) => errors,
    };
    // Analysis finds more than what keeps a text from being read, names of other files for one.
    let mut findings = analyse(sources).diagnostics;
    findings.retain(|finding| errors.iter().any(|error| error.span == finding.primary.span));
    let style = Style { colour: true, width: terminal.width() };
    terminal.findings(&render::text(&findings, sources, style));
    None
}

/// The files that were named, and those in and below the directories that were named.
fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Error> {
    let here = [PathBuf::from(".")];
    let paths = if paths.is_empty() { &here } else { paths };
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            for directory in find([path]) {
                files.extend(contract_files(&directory)?);
            }
        } else {
            files.push(path.clone());
        }
    }
    Ok(files)
}
