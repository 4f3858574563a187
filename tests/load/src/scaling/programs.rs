//! What programs cost by the size of their contracts: to build them, and to run them.

use super::{Stage, contract, contracts, dependencies, gateway};
use crate::Fault;
use crate::drive::closed::Callers;
use crate::goals;
use crate::measure::{median, turn};
use crate::peers::Listening;
use crate::process::Process;
use crate::standing;
use crate::works::{Kind, Work};
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use tokio::task::LocalSet;

/// How programs are built.
pub(super) struct Workshop<'a> {
    pub(super) gatewright: &'a Path,
    /// For contracts and programs.
    pub(super) folder: &'a Path,
    /// An empty cache for what is built; without one it is that of the user.
    pub(super) cache: Option<PathBuf>,
}

/// A program and what it cost to build.
pub(super) struct Built {
    endpoints: usize,
    program: PathBuf,
    /// Where nothing of this contract was built before.
    first: Option<Duration>,
    shipped: Duration,
    developed: Duration,
}

/// A build after an edit, and seconds that it may take.
type Goal = (usize, &'static str, fn(&Built) -> Duration, f64);

const GOALS: &[Goal] = &[
    (100, "development build after an edit of one endpoint of 100", |built| built.developed, 1.5),
    (
        1000,
        "development build after an edit of one endpoint of 1,000",
        |built| built.developed,
        4.0,
    ),
    (100, "shipping build after an edit of one endpoint of 100", |built| built.shipped, 8.0),
];

/// What was set out to be reached by these programs, as Markdown. Goals of sizes that were not built
/// are left out.
pub(super) fn goals(programs: &[Built]) -> String {
    let mut text = String::from("| goal | | bound | measured | |\n|---|---|---:|---:|---|\n");
    for (endpoints, what, of, bound) in GOALS {
        if let Some(built) = programs.iter().find(|built| built.endpoints == *endpoints) {
            let row = goals::row(what, "", (*bound, "s"), of(built).as_secs_f64());
            let _ = writeln!(text, "{row}");
        }
    }
    text
}

/// How a program is built.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Shipped,
    Developed,
}

impl Workshop<'_> {
    /// Builds the contract of a size as it is shipped, and after an edit both ways.
    ///
    /// # Errors
    ///
    /// That a build fails.
    pub(super) fn built(&self, endpoints: usize) -> Result<Built, Fault> {
        eprintln!("building {endpoints} endpoints");
        let first = self.build(endpoints, false, Mode::Shipped)?;
        let program = self.folder.join(format!("scale-{endpoints}"));
        fs::copy(self.program(), &program)?;
        let shipped = self.build(endpoints, true, Mode::Shipped)?;
        self.build(endpoints, false, Mode::Developed)?;
        let developed = self.build(endpoints, true, Mode::Developed)?;
        let first = self.cache.is_some().then_some(first);
        Ok(Built { endpoints, program, first, shipped, developed })
    }

    fn program(&self) -> PathBuf {
        self.folder.join("programs/scale-v1")
    }

    fn build(&self, endpoints: usize, edited: bool, mode: Mode) -> Result<Duration, Fault> {
        let contract = contracts::write(self.folder, endpoints, edited)?;
        let mut command = Command::new(self.gatewright);
        command.arg("build").arg(contract).arg("--out").arg(self.folder.join("programs"));
        if mode == Mode::Developed {
            command.arg("--dev");
        }
        if let Some(cache) = &self.cache {
            command.env("GATEWRIGHT_CACHE", cache);
            if !cache.join("target").exists() {
                let mut path = dependencies::cargo(self.folder)?.into_os_string();
                path.push(":");
                path.push(std::env::var_os("PATH").unwrap_or_default());
                command.env("PATH", path);
            }
        }
        let begin = Instant::now();
        let output = command.stdin(Stdio::null()).output()?;
        let took = begin.elapsed();
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into());
        }
        Ok(took)
    }

    /// What each dependency cost in the first build of all, as Markdown; nothing where that was made
    /// by somebody else before.
    ///
    /// # Errors
    ///
    /// That cargo did not write it down.
    pub(super) fn dependencies(&self) -> Result<Option<String>, Fault> {
        let page = |cache: &PathBuf| cache.join("target/cargo-timings/cargo-timing.html");
        self.cache.as_ref().map(|cache| dependencies::table(&page(cache))).transpose()
    }
}

/// What a program costs while it runs.
struct Run {
    /// Milliseconds.
    start: f64,
    /// KiB.
    idle: f64,
    /// Microseconds on a processor per request of the first route and of the last.
    routes: [f64; 2],
    /// The last over the first, round by round.
    ratio: f64,
}

/// The table of these programs, as Markdown.
///
/// # Errors
///
/// That one does not start, or does not answer 2xx.
pub(super) fn table(stage: &Stage<'_>, programs: &[Built]) -> Result<String, Fault> {
    let mut text = String::from(
        "| endpoints | program, MiB | first answer, ms | idle, MiB | CPU µs/request, first route | last route | last over first | first build, s | shipping build after an edit, s | development build after an edit, s |\n\
         |---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n",
    );
    for built in programs {
        eprintln!("asking {} endpoints", built.endpoints);
        let run = run(stage, built)?;
        let file = fs::metadata(&built.program)?.len() as f64 / f64::from(1 << 20);
        let [first, last] = run.routes;
        let _ = write!(
            text,
            "| {} | {file:.1} | {:.1} | {:.1} | {first:.1} | {last:.1} | {:.2} ",
            built.endpoints,
            run.start,
            run.idle / 1024.0,
            run.ratio
        );
        for time in [built.first, Some(built.shipped), Some(built.developed)] {
            let time = time.map_or("–".to_owned(), |time| format!("{:.1}", time.as_secs_f64()));
            let _ = write!(text, "| {time} ");
        }
        text.push_str("|\n");
    }
    Ok(text)
}

fn run(stage: &Stage<'_>, built: &Built) -> Result<Run, Fault> {
    let paths = contract::ends(built.endpoints);
    let mut starts = Vec::new();
    for _ in 1..stage.effort.rounds {
        starts.push(start(stage, built, &paths[0])?.0);
    }
    let (last, gateway) = start(stage, built, &paths[0])?;
    starts.push(last);
    std::thread::sleep(Duration::from_millis(200));
    let idle = gateway.process.memory() as f64;
    let local = LocalSet::new();
    let mut callers = Vec::new();
    for path in &paths {
        let work = Work::get("one thing", Kind::Shaped, path).at_once(16);
        let mut connected = stage.callers(&local, gateway.address, &work)?;
        stage.warm(&local, &mut connected);
        callers.push(connected);
    }
    let mut costs = [Vec::new(), Vec::new()];
    for _ in 0..stage.effort.rounds {
        for (callers, costs) in callers.iter_mut().zip(&mut costs) {
            costs.push(cost(stage, &local, &gateway.process, callers)?);
        }
    }
    let ratios = costs[1].iter().zip(&costs[0]).map(|(last, first)| last / first).collect();
    let ratio = median(ratios);
    Ok(Run { start: median(starts), idle, routes: costs.map(median), ratio })
}

/// Microseconds per request in one slice.
fn cost(
    stage: &Stage<'_>,
    local: &LocalSet,
    process: &Process,
    callers: &mut Callers,
) -> Result<f64, Fault> {
    let (round, _, failed) = turn(process, callers, (stage.runtime, local, stage.effort.slice));
    if failed > 0 {
        return Err(format!("{failed} requests failed").into());
    }
    Ok(round.cpu)
}

/// Starts it, and milliseconds until it has answered once.
fn start(stage: &Stage<'_>, built: &Built, path: &str) -> Result<(f64, Listening), Fault> {
    let gateway = gateway::start(&built.program, stage.site, 1)?;
    let begin = Instant::now();
    standing::answered(gateway.address, path)?;
    let took = gateway.process.started + begin.elapsed();
    Ok((took.as_secs_f64() * 1000.0, gateway))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn builds_are_held_against_goals() {
        let built = |endpoints, developed, shipped| Built {
            endpoints,
            program: PathBuf::new(),
            first: None,
            shipped: Duration::from_millis(shipped),
            developed: Duration::from_millis(developed),
        };
        let text = goals(&[built(10, 1, 1), built(100, 1600, 7000)]);
        let rows: Vec<&str> = text.lines().skip(2).collect();
        let [developed, shipped] = rows.as_slice() else {
            unreachable!("two goals are of 100: {text}")
        };
        assert!(developed.ends_with("| ≤ 1.50 s | 1.60 s | **missed** |"), "{developed}");
        assert!(shipped.ends_with("| ≤ 8.00 s | 7.00 s | held |"), "{shipped}");
    }
}
