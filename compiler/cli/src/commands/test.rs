//! `gatewright test`: every case against a gateway of its own.

mod process;
mod report;
mod stage;
mod write;

use super::Outcome;
use crate::args::Test;
use crate::load::{Backends, features, load, served};
use crate::terminal::Terminal;
use gatewright_build::{Cache, Error, How, Mode, Order, Place, all_in_one, build};
use gatewright_compiler::Checked;
use gatewright_compiler::proof::{Listed, Trace, cases, coverage, mockable};
use gatewright_runtime::SOURCE;
use report::Report;
use stage::{Ran, Stage};
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

/// How often a case may run again, alone, if the machine was too busy for it.
const AGAIN: usize = 3;

pub(crate) fn run(args: &Test, terminal: Terminal) -> Result<Outcome, Error> {
    let loaded = load(&args.contract.path)?;
    let Some(contract) = loaded.contract(terminal) else { return Ok(Outcome::Findings) };
    let contract = mockable(&*served(contract, args.drafts, None)?);
    let listed = cases(&contract);
    let chosen = chosen(&listed, args.filter.as_deref())?;
    let program = program(args, &contract, terminal)?;
    let stage = Stage { contract: &contract, program: &program };
    let begin = Instant::now();
    let ran = all(&stage, &chosen, args, terminal)?;
    let took = begin.elapsed();
    let failed = ran.iter().any(|one| one.verdict.failure.is_some());
    let traces: Vec<Trace> = ran.iter().map(|one| one.verdict.trace.clone()).collect();
    // With a filter it would say what the filter leaves out.
    let coverage = args.filter.is_none().then(|| coverage(&contract, &traces));
    let report = Report {
        api: contract.api(),
        listed: &listed,
        ran: &ran,
        coverage: coverage.as_ref(),
        took,
        loaded: &loaded,
    };
    report.print(args.format, terminal);
    if let Some(coverage) = coverage.as_ref().filter(|_| args.write) {
        let path = args.contract.path.as_path();
        write::write(&stage, coverage, (&listed, &loaded), (path, terminal))?;
    }
    Ok(if failed { Outcome::Findings } else { Outcome::Fine })
}

/// The cases to run, as indices.
fn chosen(listed: &[Listed], filter: Option<&str>) -> Result<Vec<usize>, Error> {
    let Some(filter) = filter else { return Ok((0..listed.len()).collect()) };
    let wanted = filter.to_lowercase();
    let fits = |case: &Listed| case.title.to_lowercase().contains(&wanted);
    let found: Vec<usize> =
        listed.iter().enumerate().filter(|(_, case)| fits(case)).map(|(at, _)| at).collect();
    if found.is_empty() {
        let count = listed.len();
        return Err(Error::wrong_use(format!("no case has `{filter}` in its title"))
            .help(format!("the contract has {count} cases; `gatewright test` runs all")));
    }
    Ok(found)
}

/// Builds the gateway as `run` does.
fn program(args: &Test, contract: &Checked, terminal: Terminal) -> Result<PathBuf, Error> {
    let cache = Cache::open()?;
    let target = all_in_one(contract, "");
    let path = &args.contract.path;
    let program = cache.program(path, &target.name);
    let place =
        Place { cache: &cache, contract: path, program: &program, how: How::usual(Mode::Dev) };
    let mut bar = terminal.progress(&target.name);
    let features = features(contract, Backends::Mocked);
    let order = Order { contract, target, features, runtime: SOURCE };
    build(&order, place, &mut |progress| bar.step(&progress))?;
    Ok(program)
}

/// Runs cases side by side, then alone those that the machine was too busy for.
fn all(
    stage: &Stage<'_>,
    chosen: &[usize],
    args: &Test,
    terminal: Terminal,
) -> Result<Vec<Ran>, Error> {
    let bar = terminal.progress("cases");
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<Result<Ran, Error>>> = Mutex::new(Vec::new());
    let work = || {
        while let Some(case) = chosen.get(next.fetch_add(1, Ordering::Relaxed)) {
            let ran = stage.run(*case);
            let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
            done.push(ran);
            bar.show(format!("ran {} of {} cases", done.len(), chosen.len()));
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..jobs(args).min(chosen.len()) {
            scope.spawn(work);
        }
    });
    let done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    let mut ran = done.into_iter().collect::<Result<Vec<Ran>, Error>>()?;
    for one in &mut ran {
        for _ in 0..AGAIN {
            if !(one.verdict.starved && one.verdict.failure.is_some()) {
                break;
            }
            *one = stage.run(one.case)?;
        }
    }
    ran.sort_by_key(|one| one.case);
    Ok(ran)
}

/// Cases mostly wait, so there are more than processors.
fn jobs(args: &Test) -> usize {
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    args.jobs.map_or((2 * processors).max(8), usize::from)
}
