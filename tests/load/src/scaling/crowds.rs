//! What connections and cores make of requests per second, of processor time and of memory.

use super::{Stage, gateway};
use crate::Fault;
use crate::measure::{Round, median, turn};
use crate::peers::Listening;
use crate::standing;
use crate::works::{Kind, Work};
use std::fmt::Write;
use std::path::Path;
use std::time::Duration;
use tokio::task::LocalSet;

/// Connections at once where gateways have several cores.
const AT_ONCE: usize = 64;

fn work(at_once: usize) -> Work {
    Work::get("pass 2 KiB", Kind::Pass, "/v1/pass/2k").at_once(at_once)
}

/// Requests over so many connections, on one core.
///
/// # Errors
///
/// That the gateway does not start or does not answer.
pub(super) fn connections(
    stage: &Stage<'_>,
    program: &Path,
    counts: &[usize],
) -> Result<String, Fault> {
    let mut text = String::from(
        "| connections | requests/s | CPU µs/request | p50 µs | p99 µs | memory under load, MiB | KiB/connection |\n\
         |---:|---:|---:|---:|---:|---:|---:|\n",
    );
    for count in counts {
        eprintln!("asking over {count} connections");
        let gateway = gateway::start(program, stage.site, 1)?;
        standing::answered(gateway.address, standing::PATH)?;
        let idle = gateway.process.memory() as f64;
        let (rounds, memory) = load(stage, &gateway, *count)?;
        let each = (memory - idle).max(0.0) / *count as f64;
        let _ =
            writeln!(text, "| {count} | {} | {:.1} | {each:.1} |", speed(&rounds), memory / 1024.0);
    }
    Ok(text)
}

/// Requests with so many cores, all processors shared with callers and the service; and the share of
/// the work that each core did.
///
/// # Errors
///
/// That the gateway does not start or does not answer.
pub(super) fn cores(stage: &Stage<'_>, program: &Path, counts: &[usize]) -> Result<String, Fault> {
    let mut text = String::from(
        "| cores | requests/s | CPU µs/request | p50 µs | p99 µs | share of each core |\n\
         |---:|---:|---:|---:|---:|---|\n",
    );
    for count in counts {
        eprintln!("asking {count} cores");
        let gateway = gateway::start(program, stage.site, *count)?;
        standing::answered(gateway.address, standing::PATH)?;
        let before = serving(&gateway, *count)?;
        let (rounds, _) = load(stage, &gateway, AT_ONCE)?;
        let after = gateway.process.threads("core-");
        let used: Vec<_> =
            after.iter().zip(&before).map(|(after, before)| after - before).collect();
        let _ = writeln!(text, "| {count} | {} | {} |", speed(&rounds), shares(&used));
    }
    Ok(text)
}

/// What each thread that serves has used, once there are so many: one of them answers before others
/// have begun.
fn serving(gateway: &Listening, count: usize) -> Result<Vec<u64>, Fault> {
    for _ in 0..500 {
        let threads = gateway.process.threads("core-");
        if threads.len() == count {
            return Ok(threads);
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    Err(format!("{count} threads were to serve, and do not").into())
}

/// Memory of connections that have done one request each and wait, on one core.
///
/// # Errors
///
/// That the gateway does not start or does not answer.
pub(super) fn idle(stage: &Stage<'_>, program: &Path, counts: &[usize]) -> Result<String, Fault> {
    let mut text =
        String::from("| idle connections | memory, MiB | KiB/connection |\n|---:|---:|---:|\n");
    for count in counts {
        eprintln!("keeping {count} connections");
        let gateway = gateway::start(program, stage.site, 1)?;
        standing::answered(gateway.address, standing::PATH)?;
        let before = gateway.process.memory() as f64;
        let waiting = standing::wait(gateway.address, *count)?;
        let after = gateway.process.memory() as f64;
        let each = (after - before) / waiting.len() as f64;
        let _ = writeln!(text, "| {count} | {:.1} | {each:.1} |", after / 1024.0);
    }
    Ok(text)
}

/// Slices of requests, and KiB in the middle of one.
fn load(
    stage: &Stage<'_>,
    gateway: &Listening,
    at_once: usize,
) -> Result<(Vec<Round>, f64), Fault> {
    let local = LocalSet::new();
    let mut callers = stage.callers(&local, gateway.address, &work(at_once))?;
    stage.warm(&local, &mut callers);
    let mut rounds = Vec::new();
    for _ in 0..stage.effort.rounds {
        let during = (stage.runtime, &local, stage.effort.slice);
        let (round, _, failed) = turn(&gateway.process, &mut callers, during);
        if failed > 0 {
            return Err(format!("{failed} requests over {at_once} connections failed").into());
        }
        rounds.push(round);
    }
    let slice = stage.effort.slice;
    let (_, memory) = local.block_on(stage.runtime, async {
        tokio::join!(callers.ask(&local, slice), async {
            tokio::time::sleep(slice / 2).await;
            gateway.process.memory()
        })
    });
    Ok((rounds, memory as f64))
}

/// Four cells, each the median of slices.
fn speed(rounds: &[Round]) -> String {
    let of = |value: fn(&Round) -> f64| median(rounds.iter().map(value).collect());
    format!(
        "{:.0} | {:.1} | {:.0} | {:.0}",
        of(|round| round.per_second),
        of(|round| round.cpu),
        of(|round| round.p50),
        of(|round| round.p99)
    )
}

/// `48 %, 52 %`
fn shares(used: &[u64]) -> String {
    let all = used.iter().sum::<u64>().max(1) as f64;
    let share = |used: &u64| format!("{:.0} %", *used as f64 * 100.0 / all);
    used.iter().map(share).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_of_all_that_was_used() {
        assert_eq!(shares(&[30, 10]), "75 %, 25 %");
        assert_eq!(shares(&[]), "");
    }
}
