//! A gateway as a child process.

use super::stop::{Stop, TICK};
use crate::terminal::Terminal;
use gatewright_build::Error;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

/// How long a gateway may take to listen, and one that stops to leave its port.
const PATIENCE: Duration = Duration::from_secs(10);

/// How to start a gateway.
#[derive(Clone, Debug)]
pub(crate) struct Launch {
    /// The program.
    pub(crate) program: PathBuf,
    /// What to add to the environment.
    pub(crate) environment: Vec<(String, String)>,
}

/// A gateway that listens.
#[derive(Debug)]
pub(crate) struct Gateway {
    child: Child,
    address: SocketAddr,
    operator: Option<SocketAddr>,
}

impl Launch {
    /// Lets the program check its environment. What is wrong with it is printed.
    ///
    /// # Errors
    ///
    /// The program cannot be run, or the environment does not do.
    pub(crate) fn check(&self, terminal: Terminal) -> Result<(), Error> {
        let output = self.command("--check").output();
        let output = output.map_err(|error| unstartable(&self.program, &error))?;
        if output.status.success() {
            return Ok(());
        }
        terminal.findings(&String::from_utf8_lossy(&output.stderr));
        Err(Error::world("the gateway was not started: its environment does not do"))
    }

    /// Starts the program and waits until it listens on `address`.
    ///
    /// # Errors
    ///
    /// It ends before, or takes too long.
    pub(crate) fn start(&self, address: SocketAddr, terminal: Terminal) -> Result<Gateway, Error> {
        let mut child = self
            .command("")
            .env("LISTEN", address.to_string())
            .env("OPERATOR", operator())
            .env("LOG", set("LOG").unwrap_or_else(|| "off".to_owned()))
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| unstartable(&self.program, &error))?;
        let (sender, events) = mpsc::channel();
        if let Some(stderr) = child.stderr.take() {
            thread::spawn(move || forward(stderr, &sender, terminal));
        }
        match listening(&events) {
            Ok((address, operator)) => Ok(Gateway { child, address, operator }),
            Err(said) => {
                let _ = child.kill();
                let _ = child.wait();
                Err(Error::world(format!("the gateway did not start\n{said}")))
            }
        }
    }

    fn command(&self, argument: &str) -> Command {
        let mut command = Command::new(&self.program);
        if !argument.is_empty() {
            command.arg(argument);
        }
        // Its own group: Ctrl-C is for this program, which then stops the gateway in good order.
        command.envs(self.environment.iter().cloned()).stdin(Stdio::null()).process_group(0);
        command
    }
}

impl Gateway {
    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where operators ask.
    pub(crate) fn operator(&self) -> Option<SocketAddr> {
        self.operator
    }

    /// How it ended, if it did.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Asks it to stop and waits until its ports are free: a port for operators that was not asked
    /// for is not needed again. What is in flight it ends on its own.
    pub(crate) fn leave_port(mut self) {
        self.terminate();
        let begin = Instant::now();
        let asked = self.operator.filter(|_| operator() != ANY);
        for port in [Some(self.address), asked].into_iter().flatten() {
            while TcpListener::bind(port).is_err() && begin.elapsed() < PATIENCE {
                thread::sleep(Duration::from_millis(2));
            }
        }
        thread::spawn(move || self.child.wait());
    }

    /// Asks it to stop and waits until it has; a second wish for an end kills it.
    pub(crate) fn stop(mut self, stop: &Stop) {
        stop.forget();
        self.terminate();
        while self.ended().is_none() {
            if stop.asked() {
                let _ = self.child.kill();
            }
            thread::sleep(TICK);
        }
    }

    fn terminate(&self) {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        if let Some(pid) = pid {
            // It may have ended by itself.
            let _ = kill_process(pid, Signal::TERM);
        }
    }
}

/// What a gateway says while it starts.
enum Event {
    /// For callers, and for operators.
    Listening(SocketAddr, Option<SocketAddr>),
    Said(String),
}

/// Passes on what the gateway says. What it says about its own start and stop is for this program.
fn forward(stderr: impl Read, sender: &Sender<Event>, terminal: Terminal) {
    let mut listens = false;
    for line in BufReader::new(stderr).lines().map_while(Result::ok) {
        match event(&line) {
            Some(Said::Started(address, operator)) => {
                listens = true;
                let _ = address.map(|address| sender.send(Event::Listening(address, operator)));
            }
            Some(Said::Stops) => {}
            _ if listens => terminal.pass_on(&line),
            _ => {
                let _ = sender.send(Event::Said(line));
            }
        }
    }
}

/// An event that is about the gateway as a whole.
enum Said {
    /// Where it listens, and where operators ask.
    Started(Option<SocketAddr>, Option<SocketAddr>),
    Stops,
}

/// What a line says, if it is such an event.
fn event(line: &str) -> Option<Said> {
    let event: Value = serde_json::from_str(line).ok()?;
    let address = |name: &str| event.get(name).and_then(Value::as_str)?.parse().ok();
    match event.get("event")?.as_str()? {
        "started" => Some(Said::Started(address("address"), address("operator"))),
        "stopping" | "stopped" => Some(Said::Stops),
        _ => None,
    }
}

/// Any free port: where operators ask unless the environment says otherwise.
const ANY: &str = "127.0.0.1:0";

fn operator() -> String {
    set("OPERATOR").unwrap_or_else(|| ANY.to_owned())
}

/// What a variable is set to.
fn set(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|set| !set.is_empty())
}

/// The address once the gateway listens, or what it said instead.
fn listening(events: &Receiver<Event>) -> Result<(SocketAddr, Option<SocketAddr>), String> {
    let end = Instant::now() + PATIENCE;
    let mut said = Vec::new();
    loop {
        match events.recv_timeout(end.saturating_duration_since(Instant::now())) {
            Ok(Event::Listening(address, operator)) => return Ok((address, operator)),
            Ok(Event::Said(line)) => said.push(line),
            Err(RecvTimeoutError::Timeout) => {
                said.push("it does not say that it listens".to_owned());
                return Err(said.join("\n"));
            }
            Err(RecvTimeoutError::Disconnected) => return Err(said.join("\n")),
        }
    }
}

fn unstartable(program: &Path, error: &std::io::Error) -> Error {
    Error::file("run", program, error)
}

/// An address to listen on: the one that was asked for, or the usual one, or any if that is taken.
pub(crate) fn address(asked: Option<SocketAddr>, terminal: Terminal) -> Result<SocketAddr, Error> {
    let usual = SocketAddr::from(([127, 0, 0, 1], 8080));
    let address = asked.unwrap_or(usual);
    match TcpListener::bind(address) {
        Ok(_) => Ok(address),
        Err(_) if asked.is_none() => {
            terminal.note(&format!("{usual} is taken, so the gateway listens on a free port"));
            Ok(SocketAddr::from(([127, 0, 0, 1], 0)))
        }
        Err(error) => Err(Error::world(format!("cannot listen on {address}: {error}"))
            .help("stop what listens there, or choose another address with --listen")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::When;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use std::sync::Mutex;

    /// One script at a time: a file that another thread's child still has open cannot be run.
    static SCRIPTS: Mutex<()> = Mutex::new(());

    fn script(name: &str, text: &str) -> Launch {
        let program =
            std::env::temp_dir().join(format!("gatewright-{name}-{}", std::process::id()));
        fs::write(&program, format!("#!/bin/sh\n{text}\n")).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        Launch { program, environment: vec![("GREETING".into(), "hello".into())] }
    }

    fn terminal() -> Terminal {
        Terminal::new(When::Never, true)
    }

    #[test]
    fn a_gateway_that_says_where_it_listens_is_started() {
        let _one = SCRIPTS.lock().unwrap();
        let launch = script(
            "listens",
            "echo shop on http://127.0.0.1:1 >&2\n\
             echo '{\"event\":\"started\",\"address\":\"127.0.0.1:7\"}' >&2\nexec sleep 60",
        );
        let mut gateway = launch.start("127.0.0.1:0".parse().unwrap(), terminal()).unwrap();
        assert_eq!(gateway.address(), "127.0.0.1:7".parse().unwrap());
        assert!(gateway.ended().is_none());
        gateway.stop(&Stop::on_signals().unwrap());
        fs::remove_file(&launch.program).unwrap();
    }

    #[test]
    fn one_that_ends_instead_is_quoted() {
        let _one = SCRIPTS.lock().unwrap();
        let launch = script("ends", "echo \"$GREETING: port $LISTEN is taken\" >&2\nexit 3");
        let error = launch.start("127.0.0.1:0".parse().unwrap(), terminal()).unwrap_err();
        assert!(error.to_string().contains("hello: port 127.0.0.1:0 is taken"), "{error}");
        let error = launch.check(terminal()).unwrap_err();
        assert!(error.to_string().starts_with("the gateway was not started"), "{error}");
        fs::remove_file(&launch.program).unwrap();
    }

    #[test]
    fn a_taken_address_is_refused_if_it_was_asked_for() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let asked = taken.local_addr().unwrap();
        let error = address(Some(asked), terminal()).unwrap_err();
        assert!(error.to_string().starts_with(&format!("cannot listen on {asked}")), "{error}");
    }
}
