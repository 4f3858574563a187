//! A gateway under load for long, with backends that come and go: its memory stays as it was.
//!
//! `SOAK_SECONDS` says for how long: 5 s unless set, 60 s where everything is checked.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use gatewright_runtime::testing::{get, serve};

use crate::contracts::faults::CONTRACT;
use crate::faults::{Mood, Moody, load};

/// Says that this process is to be the gateway.
const SERVES: &str = "TEST_SERVES";

/// Not a test of its own: what [`start`] runs in a process of its own, whose memory is looked at.
#[test]
fn child() {
    if std::env::var_os(SERVES).is_some() {
        std::process::exit(i32::from(serve(&CONTRACT, &[])));
    }
}

/// A process that is killed with this value.
pub(crate) struct Process(pub(crate) Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// This test in a process of its own, with as many descriptors as it may have, and no environment.
pub(crate) fn again(test: &str) -> Command {
    within("$(ulimit -Hn)", test)
}

/// The same with so many descriptors.
pub(crate) fn within(descriptors: &str, test: &str) -> Command {
    let limited = format!("ulimit -n {descriptors} 2> /dev/null; exec \"$0\" \"$@\"");
    let mut command = Command::new("/bin/sh");
    let here = std::env::current_exe().expect("a running test has a path");
    command.arg("-c").arg(limited).arg(here).args(["--exact", test, "--nocapture"]).env_clear();
    command
}

/// The gateway in a process of its own, where it listens, and where operators ask.
pub(crate) fn start(items: &str, more: &[(&str, &str)]) -> (Process, SocketAddr, SocketAddr) {
    begin(again("soak::child"), items, more)
}

/// The same by this command.
pub(crate) fn begin(
    mut command: Command,
    items: &str,
    more: &[(&str, &str)],
) -> (Process, SocketAddr, SocketAddr) {
    command.envs([(SERVES, "yes"), ("ITEMS_URL", items), ("CORES", "2"), ("LOG", "off")]);
    command.envs([("LISTEN", "127.0.0.1:0"), ("OPERATOR", "127.0.0.1:0")]);
    command.envs(more.iter().copied());
    let child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("it starts");
    let mut process = Process(child);
    let mut errors = BufReader::new(process.0.stderr.take().expect("piped"));
    let mut line = || {
        let mut line = String::new();
        errors.read_line(&mut line).expect("a line");
        line
    };
    let address = line();
    let address = address.trim_end().rsplit_once("http://").and_then(|(_, it)| it.parse().ok());
    let started: serde_json::Value = serde_json::from_str(&line()).expect("an event");
    let operator = started["operator"].as_str().and_then(|address| address.parse().ok());
    // What it goes on to say must not fill the pipe.
    std::thread::spawn(move || {
        let mut rest = [0; 4096];
        while errors.read(&mut rest).is_ok_and(|size| size > 0) {}
    });
    (process, address.expect("an address"), operator.expect("operators can ask"))
}

/// The memory that a gateway says it uses, in bytes; nothing where the system does not say it.
pub(crate) fn memory(operator: SocketAddr) -> Option<f64> {
    let text = get(operator, "/metrics").text();
    let line = text.lines().find_map(|line| line.strip_prefix("process_resident_memory_bytes "));
    line.and_then(|value| value.parse().ok())
}

#[test]
fn memory_is_flat_under_load_and_faults() {
    let seconds = std::env::var("SOAK_SECONDS").ok().and_then(|text| text.parse().ok());
    let whole = Duration::from_secs(seconds.unwrap_or(5));
    let mut backends: Vec<_> = (0..4).map(|_| Moody::start()).collect();
    let urls: Vec<_> = backends.iter().map(Moody::url).collect();
    let (_process, gateway, operator) = start(&urls.join(","), &[]);
    let begin = Instant::now();
    let mut first = None;
    let tally = load(gateway, ("GET", 8), || {
        let mut turn = 0;
        while begin.elapsed() < whole {
            let moods = [Mood::Slow(Duration::from_millis(20)), Mood::Failing, Mood::Resetting];
            let length = backends.len();
            let one = &mut backends[turn % length];
            match moods.get(turn % 5) {
                Some(mood) => one.is(*mood),
                None if turn % 5 == 3 => one.is(Mood::Hung),
                None => {
                    one.kill();
                    std::thread::sleep(Duration::from_millis(100));
                    one.restart();
                }
            }
            std::thread::sleep(Duration::from_millis(150));
            one.is(Mood::Well);
            std::thread::sleep(Duration::from_millis(100));
            turn += 1;
            if first.is_none() && begin.elapsed() > whole / 10 {
                first = Some(memory(operator));
            }
        }
    });
    tally.only(&[200, 502, 503, 504]);
    let (well, all) = (tally.with(200), tally.answers.len());
    assert!(well * 100 >= all * 99, "{well} of {all}: one of four is out of order at any time");
    let last = memory(operator);
    if let (Some(Some(first)), Some(last)) = (first, last) {
        let most = first * 1.1 + 4e6;
        assert!(last <= most, "{first} bytes at first, {last} after {} calls", tally.answers.len());
    }
}
