//! The program `gatewright`: arguments to a command to an exit code.

mod args;
mod callers;
mod certificates;
mod commands;
mod fetch;
mod git;
mod labels;
mod load;
mod manifests;
mod mocks;
mod origin;
mod registry;
mod terminal;

use args::{Args, Command};
use clap::Parser;
use commands::Outcome;
use gatewright_build::Fault;
use std::process::ExitCode;
use terminal::Terminal;

/// There are findings.
const FINDINGS: u8 = 1;
/// The command was used in a wrong way; clap exits with the same code.
const WRONG_USE: u8 = 2;
/// The outside world failed.
const WORLD: u8 = 3;

fn main() -> ExitCode {
    let args = Args::parse();
    let terminal = Terminal::new(args.color, args.quiet);
    let outcome = match &args.command {
        Command::New(args) => commands::new::run(args, terminal),
        Command::Check(args) => commands::check::run(args, terminal),
        Command::Fmt(args) => commands::fmt::run(args, terminal),
        Command::Explain(args) => commands::explain::run(args, terminal),
        Command::Generate(args) => commands::generate::run(args, terminal),
        Command::Build(args) => commands::build::run(args, terminal),
        Command::Run(args) => commands::run::run(args, terminal),
        Command::Test(args) => commands::test::run(args, terminal),
        Command::Mock(args) => commands::mock::run(args, terminal),
        Command::Graph(args) => commands::graph::run(args, terminal),
        Command::Env(args) => commands::env::run(args, terminal),
        Command::Diff(args) => commands::diff::run(args, terminal),
        Command::Changelog(args) => commands::changelog::run(args, terminal),
        Command::Who(args) => commands::who::run(args, terminal),
        Command::Needs(args) => commands::needs::run(args, terminal),
        Command::Flatten(args) => commands::flatten::run(args, terminal),
        Command::Image(args) => commands::image::run(args, terminal),
        Command::Push(args) => commands::push::run(args, terminal),
        Command::Manifests(args) => commands::manifests::run(args, terminal),
        Command::Compare(args) => commands::compare::run(args, terminal),
        Command::Vendor(args) => commands::vendor::run(args, terminal),
        Command::Inspect(args) => commands::inspect::run(args, terminal),
        Command::Verify(args) => commands::verify::run(args, terminal),
        Command::Sbom(args) => commands::inspect::bill(args, terminal),
        Command::Version(args) => commands::version::run(args, terminal),
        Command::Publish(args) => commands::publish::run(args, terminal),
        Command::Amend(args) => commands::publish::amend(args, terminal),
        Command::Retire(args) => commands::publish::retire(args, terminal),
        Command::Man(args) => commands::man::run(args, terminal),
        Command::Completions(args) => commands::completions::run(args, terminal),
    };
    ExitCode::from(match outcome {
        Ok(Outcome::Fine) => 0,
        Ok(Outcome::Findings) => FINDINGS,
        Err(error) => {
            terminal.complain(&error);
            if error.fault() == Fault::Use { WRONG_USE } else { WORLD }
        }
    })
}
