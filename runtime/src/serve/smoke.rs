//! Smoke cases: requests through the whole gateway to its real backends, before it serves.

use std::fmt::Write as _;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use super::Inherited;
use crate::contract::{Contract, Smoke};
use crate::server::{Limits, Phase, Server};
use crate::settings::Settings;

/// The most time for one case.
const PATIENCE: Duration = Duration::from_secs(60);

/// The most bytes of an answer that are looked at.
const MOST: usize = 1 << 20;

/// The field that says which parts of an answer are stand-ins.
const FALLBACK: &str = "fallback";

/// An answer, as far as cases look at it.
struct Answer {
    status: u16,
    /// Names in small letters.
    headers: Vec<(String, String)>,
    body: String,
}

/// Asks a gateway of `contract` that nobody else knows of: it listens on the loopback interface, on a
/// port of its own, and neither logs nor answers operators. A line for each case, and whether all hold
/// that can be asked.
///
/// # Errors
///
/// When the gateway cannot be started.
pub(super) fn ask(contract: &'static Contract, settings: Settings) -> io::Result<(String, bool)> {
    if contract.smoke.is_empty() {
        return Ok((String::new(), true));
    }
    let server = Server::start(contract, settings.hidden(), Inherited::default(), Limits::DEFAULT)?;
    let mut text = String::new();
    let (mut held, mut failed, mut left_out) = (0, 0, 0);
    for case in contract.smoke {
        let title = case.title;
        let begin = Instant::now();
        let line = match case.left_out {
            Some(why) => {
                left_out += 1;
                format!("left out: {why}")
            }
            None => match play(case, server.address()) {
                Ok(()) => {
                    held += 1;
                    let took = begin.elapsed().as_secs_f64() * 1000.0;
                    format!("{} after {took:.1} ms", case.status)
                }
                Err(why) => {
                    failed += 1;
                    format!("FAILS: {} {} {why}", case.method, case.target)
                }
            },
        };
        let _ = writeln!(text, "smoke \"{title}\"  {line}");
    }
    server.phase().send_replace(Phase::Draining);
    server.join()?;
    let _ = writeln!(text, "smoke cases: {held} hold, {failed} fail, {left_out} left out");
    Ok((text, failed == 0))
}

/// Whether a case holds; else why not.
fn play(case: &Smoke, address: SocketAddr) -> Result<(), String> {
    let answer = exchange(case, address).map_err(|error| match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => {
            format!("is not answered within {} s", PATIENCE.as_secs())
        }
        _ => format!("is not answered: {error}"),
    })?;
    let has = |wanted: &str| answer.headers.iter().find(|(name, _)| name == wanted);
    if answer.status != case.status {
        let of = answer.problem().map_or_else(String::new, |name| format!(" {name}"));
        return Err(format!("is answered {}{of}, not {}", answer.status, case.status));
    }
    // Problems begin with their type.
    let is_named = |kind: &str| answer.body.contains(&format!("\"type\":\"{kind}\""));
    if let Some(kind) = case.problem.filter(|kind| !is_named(kind)) {
        return Err(format!("is answered {} without the problem `{kind}`", answer.status));
    }
    for (name, wanted) in case.fields {
        if has(name).is_some() != *wanted {
            let word = if *wanted { "without" } else { "with" };
            return Err(format!("is answered {word} the field `{name}`"));
        }
    }
    let expected = case.fields.iter().any(|(name, _)| *name == FALLBACK);
    match has(FALLBACK).filter(|_| !expected) {
        Some((_, parts)) => Err(format!("is answered with stand-ins for {parts}")),
        None => Ok(()),
    }
}

impl Answer {
    /// The last part of the type of the problem that it is.
    fn problem(&self) -> Option<&str> {
        let (_, rest) = self.body.split_once("\"type\":\"")?;
        rest.split('"').next()?.rsplit(':').next()
    }

    fn read(bytes: &[u8]) -> io::Result<Answer> {
        let wrong = || io::Error::other("it is no answer");
        let text = String::from_utf8_lossy(bytes);
        let (head, body) = text.split_once("\r\n\r\n").ok_or_else(wrong)?;
        let status = head.split(' ').nth(1).and_then(|code| code.get(..3)?.parse().ok());
        let fields = head.lines().skip(1).filter_map(|line| line.split_once(':'));
        let headers = fields
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        Ok(Answer { status: status.ok_or_else(wrong)?, headers, body: body.to_owned() })
    }
}

fn exchange(case: &Smoke, address: SocketAddr) -> io::Result<Answer> {
    let until = Instant::now() + PATIENCE;
    let mut stream = TcpStream::connect(address)?;
    let mut head = format!("{} {} HTTP/1.1\r\nconnection: close\r\n", case.method, case.target);
    if case.headers.iter().all(|(name, _)| !name.eq_ignore_ascii_case("host")) {
        head.push_str(&format!("host: {address}\r\n"));
    }
    for (name, value) in case.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    stream.write_all(format!("{head}\r\n").as_bytes())?;
    let (mut bytes, mut some) = (Vec::new(), [0; 16 << 10]);
    while bytes.len() < MOST {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        stream.set_read_timeout(Some(left))?;
        match stream.read(&mut some)? {
            0 => break,
            read => bytes.extend_from_slice(some.get(..read).unwrap_or_default()),
        }
    }
    Answer::read(&bytes)
}
