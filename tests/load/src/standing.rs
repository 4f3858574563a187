//! What a gateway costs that does nothing: its start, its memory, connections that wait.

use crate::Fault;
use crate::measure::median;
use crate::peers::Peer;
use crate::site::Site;
use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

/// One row of the table.
#[derive(Debug)]
pub(crate) struct Standing {
    pub(crate) name: &'static str,
    /// Milliseconds from the start of the program to its first answer from the service.
    pub(crate) first: f64,
    /// KiB after that answer.
    pub(crate) idle: f64,
    /// KiB for each of many connections that have done one request.
    pub(crate) connection: f64,
    /// MiB of the program file.
    pub(crate) file: f64,
}

/// What is asked of every peer.
pub(crate) const PATH: &str = "/v1/pass/200";

/// Starts a gateway `starts` times, and connects to it `connections` times.
///
/// # Errors
///
/// That it does not start or answer.
pub(crate) fn standing(
    peer: &Peer,
    program: &Path,
    site: &Site,
    starts: usize,
    connections: usize,
) -> Result<Standing, Fault> {
    let mut first = Vec::new();
    let (mut idle, mut connection) = (f64::NAN, f64::NAN);
    for start in 0..starts {
        let running = (peer.start)(site, program)?;
        let begin = Instant::now();
        answered(running.plain.address, PATH)?;
        first.push((running.plain.process.started + begin.elapsed()).as_secs_f64() * 1000.0);
        if start + 1 == starts {
            std::thread::sleep(Duration::from_millis(200));
            let before = running.plain.process.memory() as f64;
            let waiting = wait(running.plain.address, connections)?;
            let after = running.plain.process.memory() as f64;
            (idle, connection) = (before, (after - before) / waiting.len().max(1) as f64);
        }
    }
    let file = fs::metadata(program)?.len() as f64 / f64::from(1 << 20);
    Ok(Standing { name: peer.name, first: median(first), idle, connection, file })
}

/// Asks until there is an answer with 200, for 10 s at most.
///
/// # Errors
///
/// That there is none.
pub(crate) fn answered(address: SocketAddr, path: &str) -> Result<(), Fault> {
    let begin = Instant::now();
    while begin.elapsed() < Duration::from_secs(10) {
        if one(address, path).is_ok() {
            return Ok(());
        }
    }
    Err(format!("{address} does not answer").into())
}

fn one(address: SocketAddr, path: &str) -> Result<TcpStream, Fault> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n")?;
    let mut piece = [0; 4096];
    let read = stream.read(&mut piece)?;
    let good = piece.get(..read).is_some_and(|piece| piece.starts_with(b"HTTP/1.1 200"));
    if good { Ok(stream) } else { Err("the answer is not 200".into()) }
}

/// Connections that have done one request each.
///
/// # Errors
///
/// That one of them is not answered.
pub(crate) fn wait(address: SocketAddr, connections: usize) -> Result<Vec<TcpStream>, Fault> {
    let waiting = (0..connections).map(|_| one(address, PATH)).collect::<Result<Vec<_>, _>>()?;
    std::thread::sleep(Duration::from_millis(200));
    Ok(waiting)
}
