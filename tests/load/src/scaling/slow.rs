//! Callers who ask for much and take nothing: what they cost the gateway, and whoever asks beside them.

use super::{Stage, gateway};
use crate::Fault;
use crate::drive::{Slice, fixed};
use crate::process::Process;
use crate::standing;
use std::fmt::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpSocket, TcpStream};

/// How many callers do not read.
const SLOW: usize = 200;
/// Requests that each of them sends at once, so that what the kernel takes of answers is not all.
const AHEAD: usize = 16;
/// Bytes that the kernel keeps for each of them; it doubles them.
const KEPT: u32 = 4096;
/// Requests per second of those who do read.
const RATE: u32 = 200;
/// How long the first answers may take until nobody takes more of them; less than the gateway waits.
const SETTLED: Duration = Duration::from_secs(15);
/// When callers who take nothing have lost their connection for certain.
const GIVEN_UP: Duration = Duration::from_secs(40);

/// What is asked for, and what tables call it.
const WORKS: [(&str, &str); 2] = [("/v1/pass/200k", "passed on"), ("/v1/shaped/200k", "shaped")];

/// The table, as Markdown.
///
/// # Errors
///
/// That the gateway does not start or does not answer those who read.
pub(super) fn table(stage: &Stage<'_>, program: &Path) -> Result<String, Fault> {
    let mut text = String::from(
        "| 200 KiB | memory before, MiB | at most, MiB | KiB/caller | when they are given up, MiB | p50 µs of others, alone | beside them | p99 µs, alone | beside them |\n\
         |---|---:|---:|---:|---:|---:|---:|---:|---:|\n",
    );
    for (path, name) in WORKS {
        eprintln!("keeping answers back that are {name}");
        let gateway = gateway::start(program, stage.site, 1)?;
        standing::answered(gateway.address, standing::PATH)?;
        let (alone, before) = others(stage, &gateway.process, gateway.address)?;
        let slow = stage.runtime.block_on(callers(gateway.address, path))?;
        let burst = settled(&gateway.process);
        let (beside, most) = others(stage, &gateway.process, gateway.address)?;
        let most = most.max(burst);
        let after = (!stage.quick).then(|| {
            std::thread::sleep(GIVEN_UP);
            gateway.process.memory() as f64 / 1024.0
        });
        let after = after.map_or("–".to_owned(), |after| format!("{after:.1}"));
        let each = most.saturating_sub(before) as f64 / slow.len() as f64;
        let (before, most) = (before as f64 / 1024.0, most as f64 / 1024.0);
        let _ = writeln!(
            text,
            "| {name} | {before:.1} | {most:.1} | {each:.0} | {after} | {:.0} | {:.0} | {:.0} | {:.0} |",
            alone.wait(500),
            beside.wait(500),
            alone.wait(990),
            beside.wait(990)
        );
    }
    Ok(text)
}

/// Those who ask and read nothing.
async fn callers(address: SocketAddr, path: &str) -> Result<Vec<TcpStream>, Fault> {
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").repeat(AHEAD);
    let mut slow = Vec::new();
    for _ in 0..SLOW {
        let socket = TcpSocket::new_v4()?;
        socket.set_recv_buffer_size(KEPT)?;
        let mut stream = socket.connect(address).await?;
        stream.write_all(request.as_bytes()).await?;
        slow.push(stream);
    }
    Ok(slow)
}

/// Waits until the gateway has sent what the kernel takes, and has next to nothing to do; KiB at most
/// meanwhile.
fn settled(process: &Process) -> u64 {
    let begin = Instant::now();
    let (mut most, mut quiet) = (process.memory(), 0);
    while quiet < 5 && begin.elapsed() < SETTLED {
        let before = process.used().total;
        std::thread::sleep(Duration::from_millis(100));
        most = most.max(process.memory());
        let worked = process.used().total - before;
        quiet = if worked < 5_000_000 { quiet + 1 } else { 0 };
    }
    most
}

/// How long answers take of which everything is read, and KiB of the gateway at most meanwhile.
fn others(
    stage: &Stage<'_>,
    process: &Process,
    address: SocketAddr,
) -> Result<(Slice, u64), Fault> {
    let during = stage.effort.slice * 8;
    let request = b"GET /v1/pass/2k HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let core = stage.others;
    let (slice, most) = std::thread::scope(|scope| {
        let asking = scope.spawn(move || fixed::ask(address, request, RATE, during, core));
        let mut most = 0;
        while !asking.is_finished() {
            most = most.max(process.memory());
            std::thread::sleep(Duration::from_millis(20));
        }
        asking.join().map(|slice| (slice, most))
    })
    .map_err(|_| "a caller failed")?;
    if slice.failed > 0 {
        return Err(format!("{} who read were not answered", slice.failed).into());
    }
    Ok((slice, most))
}
