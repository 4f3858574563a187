//! A gateway that serves one case.

use gatewright_build::Error;
use rustix::process::{Pid, Signal, kill_process};
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How long a gateway may take to listen.
const PATIENCE: Duration = Duration::from_secs(20);

/// How long a gateway may take to end what it has begun.
const DRAIN: Duration = Duration::from_secs(10);

/// The most lines of a log that are kept.
const MOST_LINES: usize = 10_000;

/// A gateway that listens.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    pub(super) address: SocketAddr,
    log: Option<JoinHandle<Vec<String>>>,
}

/// What a gateway left behind.
#[derive(Debug)]
pub(super) struct Remains {
    pub(super) log: Vec<String>,
    /// How it ended, if nobody had asked it to.
    pub(super) crashed: Option<String>,
}

impl Process {
    /// Starts `program` with these variables, on a free port, and waits until it listens.
    ///
    /// # Errors
    ///
    /// It cannot be run, ends before, or takes too long.
    pub(super) fn start(
        program: &Path,
        environment: &[(String, String)],
    ) -> Result<Process, Error> {
        let mut command = Command::new(program);
        command.envs(environment.iter().map(|(name, value)| (name, value)));
        command.env("LISTEN", "127.0.0.1:0").env("CORES", "1").env("DRAIN_LIMIT", "8s");
        command.env("OPERATOR", "off").env("LOG", "off").env_remove("DRAIN_DELAY");
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = child.spawn().map_err(|error| Error::file("run", program, &error))?;
        let (sender, started) = mpsc::channel();
        let log = child.stderr.take().map(|stderr| {
            thread::spawn(move || {
                read(stderr, |address| {
                    let _ = sender.send(address);
                })
            })
        });
        match listening(&started) {
            Some(address) => Ok(Process { child, address, log }),
            None => {
                let _ = child.kill();
                let _ = child.wait();
                let said = log.and_then(|log| log.join().ok()).unwrap_or_default();
                Err(Error::world(format!("the gateway did not start\n{}", said.join("\n"))))
            }
        }
    }

    /// Ends it and returns its log. With `gently`, it ends first what it has begun.
    pub(super) fn end(mut self, gently: bool) -> Remains {
        let own = self.child.try_wait().ok().flatten();
        if gently && own.is_none() {
            self.drain();
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
        let log = self.log.take().and_then(|log| log.join().ok()).unwrap_or_default();
        Remains { log, crashed: own.map(|status| status.to_string()) }
    }

    fn drain(&mut self) {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        let Some(pid) = pid else { return };
        let _ = kill_process(pid, Signal::TERM);
        let begin = Instant::now();
        while self.child.try_wait().ok().flatten().is_none() && begin.elapsed() < DRAIN {
            thread::sleep(Duration::from_millis(2));
        }
    }
}

/// A gateway that is not ended goes with the value.
impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The lines that a gateway writes; tells where it listens as soon as it says so.
fn read(stderr: impl Read, started: impl Fn(SocketAddr)) -> Vec<String> {
    let mut lines = Vec::new();
    for line in BufReader::new(stderr).lines().map_while(Result::ok) {
        if let Some(address) = address(&line) {
            started(address);
        }
        if lines.len() < MOST_LINES {
            lines.push(line);
        }
    }
    lines
}

fn address(line: &str) -> Option<SocketAddr> {
    let event: serde_json::Value = serde_json::from_str(line).ok()?;
    if event.get("event")?.as_str()? != "started" {
        return None;
    }
    event.get("address")?.as_str()?.parse().ok()
}

fn listening(started: &Receiver<SocketAddr>) -> Option<SocketAddr> {
    started.recv_timeout(PATIENCE).ok()
}
