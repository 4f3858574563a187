//! Measures what generated code does between two bodies: shaping, checking, finding an endpoint. Beside it, libraries
//! that do the same.

mod allocations;
#[path = "../../load/src/bodies.rs"]
mod bodies;
mod counted;
mod entrants;
mod report;
mod routing;
mod timed;
mod typed;

use clap::Parser;
use std::fs;
use std::path::Path;
use std::process::ExitCode;

/// What went wrong, in words.
pub(crate) type Fault = Box<dyn std::error::Error>;

/// What `build.rs` made of contracts.
mod contracts {
    #![expect(
        unreachable_pub,
        reason = "generated modules are public, for crates that export them"
    )]
    #![allow(dead_code, reason = "what is measured is a part of what is generated")]

    use inner::v1::get_plain::ENDPOINT;

    gatewright_runtime::include_gateway!("inner");
    gatewright_runtime::include_gateway!("routes_10");
    gatewright_runtime::include_gateway!("routes_100");
    gatewright_runtime::include_gateway!("routes_1000");
}

/// Measures shaping, checking and routing as generated code does them, beside libraries.
#[derive(Parser)]
#[command(name = "inner")]
struct Args {
    /// Fewer and shorter rounds: under a minute
    #[arg(long)]
    quick: bool,
    /// Only contests whose name holds this
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// Count instructions by callgrind and fail where there are more than there were, instead of measuring time
    #[arg(long)]
    counted: bool,
    /// Do one piece of work, for callgrind
    #[arg(long, value_name = "CONTEST", hide = true)]
    once: Option<String>,
    /// Write benchmarks/inner.md instead of printing tables
    #[arg(long)]
    write: bool,
    /// What cargo says to every benchmark
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("error: {fault}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Result<(), Fault> {
    let mut contests = entrants::all()?;
    if let Some(name) = &args.once {
        return counted::once(&mut contests, name);
    }
    let only = args.only.as_deref().unwrap_or_default();
    contests.retain(|contest| contest.name.contains(only));
    if args.counted {
        return counted::hold(&contests);
    }
    let effort = if args.quick { timed::QUICK } else { timed::FULL };
    let results: Vec<_> =
        contests.iter_mut().map(|contest| timed::measured(contest, effort)).collect();
    let text = report::text(&results);
    if args.write {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        fs::write(root.join("benchmarks/inner.md"), text)?;
    } else {
        print!("{text}");
    }
    Ok(())
}
