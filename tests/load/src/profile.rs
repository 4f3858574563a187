//! How many instructions of the gateway a request costs, and in which part of it.

mod counts;
mod parts;

use crate::drive::closed::Callers;
use crate::peers::{Listening, OURS};
use crate::process::Process;
use crate::site::{Site, free};
use crate::works::{self, Work};
use crate::{Fault, origin, token};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::rc::Rc;
use tokio::runtime::Runtime;
use tokio::task::LocalSet;

pub(crate) const HEAD: &str = include_str!("profile/head.md");

/// What is counted, and whether an access log is written.
const WORKS: &[(&str, &str)] = &[
    ("pass 2 KiB", "off"),
    ("pass 2 KiB", "json"),
    ("pass 200 KiB", "off"),
    ("one call shaped, 2 KiB", "off"),
    ("one call shaped, 20 KiB", "off"),
    ("one call shaped, 200 KiB", "off"),
    ("three calls merged", "off"),
    ("kept answer", "off"),
];

/// Requests that are counted, after so many that are not.
const COUNTED: u64 = 300;
const BEFORE: u64 = 100;

/// How many functions are named of each work.
const NAMED: usize = 12;

/// Instructions per request, by function.
type Counts = BTreeMap<String, u64>;

/// Counts all works, and tells in Markdown.
///
/// # Errors
///
/// That the gateway cannot be built, started or counted.
pub(crate) fn measured() -> Result<String, Fault> {
    let directory = std::env::temp_dir().join(format!("gatewright-profile-{}", std::process::id()));
    let site = Site::new(&directory, origin::start(None)?, None)?;
    let done = counted(&site);
    fs::remove_dir_all(&directory)?;
    Ok(report(&done?))
}

fn counted(site: &Site) -> Result<Vec<(String, Counts)>, Fault> {
    let program = build(site)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut found = Vec::new();
    for (name, log) in WORKS {
        let all = works::all();
        let work = all.into_iter().find(|work| work.name == *name).ok_or("there is such a work")?;
        let title = if *log == "off" { work.name.to_owned() } else { format!("{name}, logged") };
        eprintln!("counting {title}");
        found.push((title, count(&runtime, site, &program, &work.at_once(1), log)?));
    }
    Ok(found)
}

/// Builds the gateway as it is shipped, but with names in it.
fn build(site: &Site) -> Result<PathBuf, Fault> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let package = site.directory.join("package");
    let cargo = || Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    let mut generate = cargo();
    generate.args(["run", "--quiet", "--release", "--locked", "-p", "gatewright"]);
    generate.arg("--manifest-path").arg(root.join("../../Cargo.toml")).args(["--", "generate"]);
    well(generate.arg(root.join("contract")).arg("--out").arg(&package))?;
    let manifest = package.join(OURS).join("Cargo.toml");
    let text = fs::read_to_string(&manifest)?;
    let named = text.replace("strip = \"symbols\"", "strip = \"none\"");
    if named == text {
        return Err("the package does not say that names are taken out of it".into());
    }
    fs::write(&manifest, named)?;
    // Its dependencies are found there again.
    let target = root.join("../../target/profile");
    let mut build = cargo();
    build.args(["build", "--release", "--quiet", "--manifest-path"]).arg(&manifest);
    well(build.arg("--target-dir").arg(&target))?;
    Ok(target.join("release").join(OURS))
}

fn well(command: &mut Command) -> Result<(), Fault> {
    let status = command.status().map_err(|error| format!("{command:?}: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{command:?}: {status}").into()) }
}

fn count(
    runtime: &Runtime,
    site: &Site,
    program: &Path,
    work: &Work,
    log: &str,
) -> Result<Counts, Fault> {
    let counts = site.directory.join("counts");
    let gateway = start(site, program, log, &counts)?;
    let local = LocalSet::new();
    local.block_on(runtime, async {
        let token = token(&site.secret)?;
        let mut callers = Callers::connect(gateway.address, work, &token, site).await?;
        asked(&mut callers, BEFORE).await?;
        control(&gateway, &["--instr=on"])?;
        asked(&mut callers, COUNTED).await?;
        control(&gateway, &["--instr=off"])
    })?;
    control(&gateway, &["--dump"])?;
    let mut found = Counts::new();
    for file in fs::read_dir(&site.directory)?.flatten() {
        if file.file_name().to_string_lossy().starts_with("counts") {
            let text = fs::read_to_string(file.path())?;
            for (function, own) in counts::own(&text) {
                *found.entry(function).or_default() += own;
            }
            fs::remove_file(file.path())?;
        }
    }
    if found.is_empty() {
        return Err("callgrind counted nothing".into());
    }
    Ok(found.into_iter().map(|(function, own)| (function, own / COUNTED)).collect())
}

async fn asked(callers: &mut Callers, times: u64) -> Result<(), Fault> {
    for _ in 0..times {
        let (status, body) = callers.once().await?;
        if !(200..300).contains(&status) {
            return Err(format!("{status}: {}", String::from_utf8_lossy(&body)).into());
        }
    }
    Ok(())
}

fn start(site: &Site, program: &Path, log: &str, counts: &Path) -> Result<Listening, Fault> {
    let address = free()?;
    let mut gateway = Command::new("valgrind");
    gateway.args(["--tool=callgrind", "--instr-atstart=no"]);
    gateway.arg(format!("--callgrind-out-file={}", counts.display())).arg(program);
    gateway.env("LISTEN", address.to_string()).env("OPERATOR", "off").env("CORES", "1");
    gateway.env("ORIGIN_URL", format!("http://{}", site.origin)).env("LOG", log);
    gateway.env("CUSTOMER_SECRET", &site.secret);
    let process =
        Process::start((gateway, site.core), address, &site.directory.join("valgrind.log"))?;
    Ok(Listening { process: Rc::new(process), address })
}

/// Tells the callgrind that runs the gateway what to do.
fn control(gateway: &Listening, order: &[&str]) -> Result<(), Fault> {
    let mut control = Command::new("callgrind_control");
    let said = control.args(order).arg(gateway.process.pid().to_string()).output();
    let said = said.map_err(|error| format!("callgrind_control: {error}"))?;
    match said.status.success() {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&said.stderr).into_owned().into()),
    }
}

fn report(found: &[(String, Counts)]) -> String {
    let mut text = String::from("| part |");
    for (work, _) in found {
        let _ = write!(text, " {work} |");
    }
    let _ = write!(text, "\n|---|{}\n", "---:|".repeat(found.len()));
    let line = |text: &mut String, part: &str, of: &dyn Fn(&str) -> bool| {
        let _ = write!(text, "| {part} |");
        for (_, counts) in found {
            let own = counts.iter().filter(|(function, _)| of(function)).map(|(_, own)| own);
            let _ = write!(text, " {} |", own.sum::<u64>());
        }
        text.push('\n');
    };
    for part in parts::all() {
        line(&mut text, part, &|function| parts::of(function) == part);
    }
    line(&mut text, "**all**", &|_| true);
    for (work, counts) in found {
        let _ = write!(text, "\n## Most of {work}\n\n| instructions | function |\n|---:|---|\n");
        let mut sorted: Vec<_> = counts.iter().collect();
        sorted.sort_by_key(|(_, own)| std::cmp::Reverse(**own));
        for (function, own) in sorted.into_iter().take(NAMED) {
            let _ = writeln!(text, "| {own} | `{}` |", function.replace('|', "\\|"));
        }
    }
    text
}
