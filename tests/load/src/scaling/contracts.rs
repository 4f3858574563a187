//! What it costs to check contracts and to generate from them, by their size.

use super::contract;
use crate::Fault;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How often each command runs; the least disturbed of them counts.
const TIMES: usize = 3;

/// What a command cost.
struct Cost {
    time: Duration,
    /// KiB at its most.
    memory: u64,
}

/// One row of the table.
struct Row {
    endpoints: usize,
    check: Cost,
    generate: Cost,
    files: usize,
    lines: usize,
}

/// The table of these sizes, as Markdown.
///
/// # Errors
///
/// That a contract is refused, or nothing can be written.
pub(super) fn table(gatewright: &Path, folder: &Path, sizes: &[usize]) -> Result<String, Fault> {
    let mut text = String::from(
        "| endpoints | check, ms | µs/endpoint | memory, MiB | generate, ms | µs/endpoint | memory, MiB | files/endpoint | lines/endpoint |\n\
         |---:|---:|---:|---:|---:|---:|---:|---:|---:|\n",
    );
    for endpoints in sizes {
        eprintln!("checking and generating {endpoints} endpoints");
        line(&mut text, &row(gatewright, folder, *endpoints)?);
    }
    Ok(text)
}

fn row(gatewright: &Path, folder: &Path, endpoints: usize) -> Result<Row, Fault> {
    let at = write(folder, endpoints, false)?;
    let out = folder.join("generated");
    let check = cost(|| {
        let mut command = Command::new(gatewright);
        command.arg("check").arg(&at);
        Ok(command)
    })?;
    let generate = cost(|| {
        if out.exists() {
            fs::remove_dir_all(&out)?;
        }
        let mut command = Command::new(gatewright);
        command.arg("generate").arg(&at).arg("--out").arg(&out);
        Ok(command)
    })?;
    let (files, lines) = size(&out.join("scale-v1"))?;
    fs::remove_dir_all(&out)?;
    Ok(Row { endpoints, check, generate, files, lines })
}

fn line(text: &mut String, row: &Row) {
    let _ = write!(text, "| {} ", row.endpoints);
    for cost in [&row.check, &row.generate] {
        let each = cost.time.as_secs_f64() * 1e6 / row.endpoints as f64;
        let milliseconds = cost.time.as_secs_f64() * 1000.0;
        let mebibytes = cost.memory as f64 / 1024.0;
        let _ = write!(text, "| {milliseconds:.1} | {each:.1} | {mebibytes:.1} ");
    }
    let each = |count: usize| count as f64 / row.endpoints as f64;
    let _ = writeln!(text, "| {:.2} | {:.1} |", each(row.files), each(row.lines));
}

/// Writes the contract of a size into a folder of its own.
///
/// # Errors
///
/// That it cannot be written.
pub(super) fn write(folder: &Path, endpoints: usize, edited: bool) -> Result<PathBuf, Fault> {
    let at = folder.join(format!("endpoints-{endpoints}"));
    fs::create_dir_all(&at)?;
    fs::write(at.join("scale.api"), contract::text(endpoints, edited))?;
    Ok(at)
}

/// Runs a command several times for its time, and once more for its memory: looking disturbs.
fn cost(make: impl Fn() -> Result<Command, Fault>) -> Result<Cost, Fault> {
    let mut time = Duration::MAX;
    for _ in 0..TIMES {
        let mut command = make()?;
        let begin = Instant::now();
        let output = command.stdin(Stdio::null()).output()?;
        time = time.min(begin.elapsed());
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into());
        }
    }
    Ok(Cost { time, memory: most(&mut make()?)? })
}

/// The most memory that a command has in use until it ends, in KiB: the kernel keeps the mark.
fn most(command: &mut Command) -> Result<u64, Fault> {
    let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = quiet.spawn()?;
    let path = format!("/proc/{}/status", child.id());
    let mut most = 0;
    while child.try_wait()?.is_none() {
        let text = fs::read_to_string(&path).unwrap_or_default();
        let mark = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let mark = mark.and_then(|mark| mark.split_whitespace().next()?.parse().ok());
        most = most.max(mark.unwrap_or(0));
        std::thread::sleep(Duration::from_micros(200));
    }
    Ok(most)
}

/// Files of Rust in a folder and below, and their lines.
fn size(folder: &Path) -> Result<(usize, usize), Fault> {
    let (mut files, mut lines) = (0, 0);
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            let below = size(&path)?;
            (files, lines) = (files + below.0, lines + below.1);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files += 1;
            lines += fs::read_to_string(&path)?.lines().count();
        }
    }
    Ok((files, lines))
}
