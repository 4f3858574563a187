//! How costs grow: with endpoints, with connections, with cores, with callers who do not read.

mod contract;
mod contracts;
mod crowds;
mod dependencies;
mod gateway;
mod programs;
mod slow;

use crate::drive::closed::Callers;
use crate::measure::Effort;
use crate::site::Site;
use crate::works::Work;
use crate::{Fault, origin, process};
use programs::{Built, Workshop};
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio::task::LocalSet;

/// What to measure.
pub(crate) struct Order<'a> {
    pub(crate) quick: bool,
    /// The most endpoints of a program that is built.
    pub(crate) largest: usize,
    /// The gateway of `tests/load/contract`.
    pub(crate) gateway: &'a Path,
    /// Built if there is none.
    pub(crate) compiler: Option<&'a Path>,
}

/// What all measurements of programs that run share.
struct Stage<'a> {
    runtime: &'a Runtime,
    site: &'a Site,
    /// The processor of callers and the service.
    others: Option<usize>,
    effort: Effort,
    quick: bool,
}

impl Stage<'_> {
    /// Callers who are connected, and the first of whom is answered 2xx.
    fn callers(
        &self,
        local: &LocalSet,
        address: SocketAddr,
        work: &Work,
    ) -> Result<Callers, Fault> {
        let connect = Callers::connect(address, work, "", self.site);
        let mut callers = local.block_on(self.runtime, connect)?;
        let (status, body) = local.block_on(self.runtime, callers.once())?;
        if !(200..300).contains(&status) {
            let body = String::from_utf8_lossy(&body);
            return Err(format!("{}: {status} {body}", work.path).into());
        }
        Ok(callers)
    }

    /// Half a slice that does not count.
    fn warm(&self, local: &LocalSet, callers: &mut Callers) {
        local.block_on(self.runtime, callers.ask(local, self.effort.slice / 2));
    }
}

/// Measures all of it; the tables, as Markdown.
///
/// # Errors
///
/// That something does not build, start or answer.
pub(crate) fn measured(order: &Order<'_>) -> Result<String, Fault> {
    process::more_files()?;
    let gatewright = order.compiler.map_or_else(gatewright, |path| Ok(path.to_owned()))?;
    // Always the same, so that what is built again is known to whoever keeps it.
    let folder = std::env::temp_dir().join("gatewright-scaling");
    let cache = folder.join("cache");
    if cache.exists() {
        fs::remove_dir_all(&cache)?;
    }
    fs::create_dir_all(&folder)?;
    let cache = (!order.quick).then_some(cache);
    let workshop = Workshop { gatewright: &gatewright, folder: &folder, cache };
    let text = tables(order, &workshop);
    fs::remove_dir_all(&folder)?;
    text
}

fn tables(order: &Order<'_>, workshop: &Workshop<'_>) -> Result<String, Fault> {
    let sizes: &[usize] = if order.quick { &[10, 100, 1000] } else { &[10, 100, 1000, 10_000] };
    let contracts = contracts::table(workshop.gatewright, workshop.folder, sizes)?;
    let largest = if order.quick { order.largest.min(100) } else { order.largest };
    let built: Vec<Built> = [10, 100, 1000, 10_000]
        .into_iter()
        .filter(|endpoints| *endpoints <= largest)
        .map(|endpoints| workshop.built(endpoints))
        .collect::<Result<_, _>>()?;
    let dependencies = workshop.dependencies()?;
    // Threads inherit where they may run, so what shares all processors comes before what does not.
    let cores = shared(order, workshop.folder)?;
    let others = Some(1);
    process::pin(others);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let site = Site::new(&workshop.folder.join("pinned"), origin::start(others)?, Some(0))?;
    let stage = stage(order, &runtime, &site, others);
    let mut text = format!("{CONTRACTS}{contracts}{PROGRAMS}");
    text.push_str(&programs::table(&stage, &built)?);
    if largest >= 100 {
        text.push('\n');
        text.push_str(&programs::goals(&built));
    }
    if let Some(dependencies) = dependencies {
        text.push_str(DEPENDENCIES);
        text.push_str(&dependencies);
    }
    let (waiting, asking): (&[usize], &[usize]) = match order.quick {
        true => (&[1000], &[1, 64, 256]),
        false => (&[1000, 5000], &[1, 16, 64, 256, 1024]),
    };
    text.push_str(CONNECTIONS);
    text.push_str(&crowds::connections(&stage, order.gateway, asking)?);
    text.push('\n');
    text.push_str(&crowds::idle(&stage, order.gateway, waiting)?);
    text.push_str(CORES);
    text.push_str(&cores);
    text.push_str(SLOW);
    text.push_str(&slow::table(&stage, order.gateway)?);
    Ok(text)
}

/// What is measured with all processors shared.
fn shared(order: &Order<'_>, folder: &Path) -> Result<String, Fault> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let site = Site::new(&folder.join("shared"), origin::start(None)?, None)?;
    let processors = std::thread::available_parallelism()?.get();
    let counts: Vec<usize> =
        [1, 2, 4, 8, 16, 32, 64].into_iter().filter(|count| *count <= processors.max(2)).collect();
    crowds::cores(&stage(order, &runtime, &site, None), order.gateway, &counts)
}

fn stage<'a>(
    order: &Order<'_>,
    runtime: &'a Runtime,
    site: &'a Site,
    others: Option<usize>,
) -> Stage<'a> {
    let effort = match order.quick {
        true => Effort { rounds: 3, slice: Duration::from_millis(200), fixed: 0 },
        false => Effort { rounds: 9, slice: Duration::from_millis(500), fixed: 0 },
    };
    Stage { runtime, site, others, effort, quick: order.quick }
}

/// The compiler as its users have it.
fn gatewright() -> Result<PathBuf, Fault> {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "--quiet", "--release", "--locked", "-p", "gatewright"]);
    cargo.args(["--message-format=json", "--manifest-path"]);
    cargo.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../Cargo.toml"));
    let output = cargo.stderr(Stdio::inherit()).output()?;
    if !output.status.success() {
        return Err("the compiler could not be built".into());
    }
    let said = String::from_utf8_lossy(&output.stdout);
    let mut made = said.lines().filter_map(|line| {
        let line: serde_json::Value = serde_json::from_str(line).ok()?;
        Some(PathBuf::from(line["executable"].as_str()?))
    });
    made.next_back().ok_or_else(|| "cargo does not say where the compiler is".into())
}

/// What stands above all tables.
pub(crate) const HEAD: &str = include_str!("scaling/head.md");

const CONTRACTS: &str = "## Contracts

The least time of three. `generate` writes the package and the source of the runtime; files and lines are those of the package.

";

const PROGRAMS: &str = "
## Programs

The first build begins with nothing, so the first of them builds all dependencies; the others find these. The edit is one field of one
endpoint in the middle. Both routes are asked in turns, over 16 connections each.

";

const DEPENDENCIES: &str = "
## Dependencies

Where the time of the first build of all went: seconds in which a compiler or a build script was at work on a crate, several at once.

";

const CONNECTIONS: &str = "
## Connections

An answer of 2 KiB, passed on, by one core. Below it connections that have done one request each and wait for the next.

";

const CORES: &str = "
## Cores

The same over 64 connections. Gateway, callers and the service share all processors, and callers have one thread: what is told is how
evenly cores work, by the processor time of each, and what more of them cost; how fast they could be wants more processors.

";

const SLOW: &str = "
## Callers who do not read

200 callers ask 16 times for 200 KiB and take nothing; the kernel keeps 8 KiB for each on their side, and what it likes on the gateway's. Once
that is full, others ask for 2 KiB, 200 times a second, and read.

";
