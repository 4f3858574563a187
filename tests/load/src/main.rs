//! Drives the same work through gateways and their peers, all alive at once and in turn, and writes
//! what it cost.

mod bare;
mod bodies;
mod drive;
mod goals;
mod measure;
mod origin;
mod peers;
mod plot;
mod process;
mod profile;
mod report;
mod scaling;
mod site;
mod standing;
mod works;

use clap::Parser;
use measure::{Bench, Effort, Entrant};
use peers::Peer;
use report::Report;
use site::Site;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;

/// What went wrong, in words.
pub(crate) type Fault = Box<dyn std::error::Error>;

/// Drives the same work through this product's gateway and every peer that is installed, interleaved in
/// one run.
#[derive(Parser)]
#[command(name = "gatewright-load", version)]
struct Args {
    /// Fewer and shorter slices, and only work at the heart of it: under a minute
    #[arg(long)]
    quick: bool,
    /// Only work whose name holds this
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// Where a peer is that is not in PATH: `envoy=/opt/envoy`, `krakend=…`, `pingora-peer=…`
    #[arg(long = "peer", value_name = "NAME=PATH", value_parser = peer)]
    peers: Vec<(String, PathBuf)>,
    /// A gateway that was built before, instead of building one
    #[arg(long, value_name = "PROGRAM")]
    gateway: Option<PathBuf>,
    /// A compiler that was built before, instead of building one
    #[arg(long, value_name = "PROGRAM", conflicts_with = "profile")]
    compiler: Option<PathBuf>,
    /// Rounds of slices per work
    #[arg(long, default_value_t = 10)]
    rounds: usize,
    /// Let gateways, callers and the service share all processors
    #[arg(long)]
    unpinned: bool,
    /// Measure how costs grow with endpoints, connections and cores, instead of peers
    #[arg(long, conflicts_with_all = ["only", "peers", "rounds", "unpinned"])]
    scaling: bool,
    /// The most endpoints of a program that is built for that, 10 or more [default: 1000]
    #[arg(long, value_name = "N", requires = "scaling", value_parser = clap::value_parser!(u32).range(10..))]
    largest: Option<u32>,
    /// Count the instructions of a request, by the gateway's parts, instead of measuring peers
    #[arg(long, conflicts_with_all = ["scaling", "quick", "only", "gateway", "peers", "rounds", "unpinned"])]
    profile: bool,
    /// Be the proxy with nothing in it that others are measured beside, until ended
    #[arg(long, num_args = 2, value_names = ["LISTEN", "SERVICE"], hide = true, exclusive = true)]
    bare: Option<Vec<SocketAddr>>,
    /// Write BENCHMARKS.md and plots, or one of the other tables in benchmarks, into this folder, instead of printing tables
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
}

fn peer(text: &str) -> Result<(String, PathBuf), String> {
    let (name, path) = text.split_once('=').ok_or("write NAME=PATH")?;
    let known = peers::ALL.iter().any(|peer| peer.program == name);
    if !known {
        let mut names: Vec<_> = peers::ALL.iter().map(|peer| peer.program).collect();
        // Those that log are the same programs, next to them.
        names.dedup();
        return Err(format!("there is no peer `{name}`; there are {}", names.join(", ")));
    }
    Ok((name.to_owned(), path.into()))
}

fn main() -> ExitCode {
    match run(Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("error: {fault}");
            ExitCode::FAILURE
        }
    }
}

fn run(mut args: Args) -> Result<(), Fault> {
    if let Some([listen, service]) = args.bare.as_deref() {
        return bare::run(*listen, *service);
    }
    if args.profile {
        let text = format!("{}{}", profile::HEAD, profile::measured()?);
        return told(&args, "profile.md", &text);
    }
    let gateway = match args.gateway.take() {
        Some(path) => path,
        None => build(args.compiler.as_deref())?,
    };
    if args.scaling {
        return scaled(&args, &gateway);
    }
    args.peers.push((peers::OURS.to_owned(), gateway));
    args.peers.push((peers::BARE.to_owned(), std::env::current_exe()?));
    let (own, other) = if args.unpinned { (None, None) } else { (Some(0), Some(1)) };
    process::pin(other);
    let directory = std::env::temp_dir().join(format!("gatewright-load-{}", std::process::id()));
    let site = Site::new(&directory, origin::start(other)?, own)?;
    let done = measured(&args, &site, other);
    fs::remove_dir_all(&directory)?;
    let report = done?;
    match &args.out {
        Some(folder) => write(folder, &report),
        None => {
            print!("{}", report.text());
            Ok(())
        }
    }
}

/// How costs grow.
fn scaled(args: &Args, gateway: &Path) -> Result<(), Fault> {
    let largest = args.largest.map_or(1000, |largest| largest as usize);
    let compiler = args.compiler.as_deref();
    let order = scaling::Order { quick: args.quick, largest, gateway, compiler };
    let mut text = format!("{}{}\n## Machine\n\n", scaling::HEAD, scaling::measured(&order)?);
    let mut about = machine();
    if args.quick {
        about.push("a quick look: fewer and shorter slices".to_owned());
    }
    if args.compiler.is_some() {
        about.push("with a compiler that was built before, however that was".to_owned());
    }
    for line in about {
        text.push_str(&format!("- {line}\n"));
    }
    told(args, "scaling.md", &text)
}

/// Writes a table into the folder of tables, or prints it.
fn told(args: &Args, name: &str, text: &str) -> Result<(), Fault> {
    let Some(folder) = &args.out else {
        print!("{text}");
        return Ok(());
    };
    let folder = folder.join("benchmarks");
    fs::create_dir_all(&folder)?;
    fs::write(folder.join(name), text)?;
    eprintln!("written: {}", folder.join(name).display());
    Ok(())
}

/// Builds the gateway the way its users do, with `compiler` or with one that is built for it.
fn build(compiler: Option<&Path>) -> Result<PathBuf, Fault> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let out = std::env::temp_dir().join("gatewright-load-built");
    let mut command = match compiler {
        Some(compiler) => Command::new(compiler),
        None => compiled(root),
    };
    command.arg("build").arg(root.join("contract")).arg("--out").arg(&out);
    if !command.status()?.success() {
        return Err("the gateway could not be built".into());
    }
    Ok(out.join(peers::OURS))
}

/// The compiler of this tree.
fn compiled(root: &Path) -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["run", "--quiet", "--release", "--locked", "-p", "gatewright", "--manifest-path"]);
    cargo.arg(root.join("../../Cargo.toml")).arg("--");
    cargo
}

fn measured(args: &Args, site: &Site, core: Option<usize>) -> Result<Report, Fault> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let effort = match args.quick {
        true => Effort { rounds: 3, slice: Duration::from_millis(200), fixed: 1 },
        false => Effort { rounds: args.rounds, slice: Duration::from_millis(500), fixed: 2 },
    };
    let found: Vec<(&'static Peer, PathBuf)> =
        peers::ALL.iter().filter_map(|peer| Some((peer, peer.found(&args.peers)?))).collect();
    let about = about(args, &found);
    let (starts, connections) = if args.quick { (3, 200) } else { (9, 2000) };
    let mut standing = Vec::new();
    // The bare proxy is part of this program, whose size and start say nothing about it.
    for (peer, program) in found.iter().filter(|(peer, _)| peer.program != peers::BARE) {
        eprintln!("starting {}", peer.name);
        standing.push(standing::standing(peer, program, site, starts, connections)?);
    }
    let start = |(peer, program): &(&'static Peer, PathBuf)| {
        Ok::<_, Fault>(Entrant { peer, running: (peer.start)(site, program)? })
    };
    let entrants = found.iter().map(start).collect::<Result<Vec<_>, _>>()?;
    let token = token(&site.secret)?;
    let bench = Bench { runtime: &runtime, site, token: &token, core, effort };
    let mut tables = Vec::new();
    for work in works::all() {
        let wanted = args.only.as_ref().is_none_or(|only| work.name.contains(only));
        if wanted && (works::HEART.contains(&work.name) || !args.quick) {
            eprintln!("measuring {}", work.name);
            tables.push(bench.table(&work, &entrants)?);
        }
    }
    Ok(Report { about, tables, standing })
}

/// Machine, method, versions.
fn about(args: &Args, found: &[(&'static Peer, PathBuf)]) -> Vec<String> {
    let mut about = machine();
    about.push(match args.unpinned {
        true => "gateways, callers and the service share all processors".to_owned(),
        false => "gateways have one processor, callers and the service another".to_owned(),
    });
    about.extend(
        found.iter().map(|(peer, program)| format!("{}: {}", peer.name, peer.said(program))),
    );
    about
}

/// Processors and system.
fn machine() -> Vec<String> {
    let said = |path: &str, key: &str| {
        let text = fs::read_to_string(path).unwrap_or_default();
        let line = text.lines().find(|line| line.starts_with(key)).unwrap_or_default();
        line.split(':').next_back().unwrap_or_default().trim().to_owned()
    };
    // This thread may run on one of them only, so it would be told of one.
    let cores = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let cores = cores.lines().filter(|line| line.starts_with("processor")).count();
    let system = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    vec![
        format!("{cores} processors, {}", said("/proc/cpuinfo", "model name")),
        format!("Linux {}", system.trim()),
    ]
}

/// A token that the contract takes.
fn token(secret: &str) -> Result<String, Fault> {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_secs();
    let claims =
        serde_json::json!({ "iss": "load", "aud": "load", "sub": "somebody", "exp": now + 86_400 });
    let key = jsonwebtoken::EncodingKey::from_secret(secret.as_bytes());
    Ok(jsonwebtoken::encode(&jsonwebtoken::Header::default(), &claims, &key)?)
}

fn write(folder: &Path, report: &Report) -> Result<(), Fault> {
    let plots = folder.join("benchmarks");
    fs::create_dir_all(&plots)?;
    let cpu = plot::bars("Processor time per request", "µs", &report.tables, plot::cpu);
    fs::write(plots.join("cpu.svg"), cpu)?;
    let p99 = plot::bars("p99 at a fixed rate", "µs", &report.tables, plot::p99);
    fs::write(plots.join("p99.svg"), p99)?;
    let text = format!("{HEAD}{}", report.text());
    fs::write(folder.join("BENCHMARKS.md"), text)?;
    eprintln!("written: {}", folder.join("BENCHMARKS.md").display());
    Ok(())
}

const HEAD: &str = include_str!("head.md");
