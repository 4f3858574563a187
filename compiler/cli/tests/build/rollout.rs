//! One gateway takes the place of another while callers ask without a pause: on one socket, and behind
//! a switch.

use super::{Folder, alone, said};
use crate::program::Said;
use rustix::process::{Pid, Signal, kill_process};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How long callers go on asking between two steps.
const STEP: Duration = Duration::from_millis(400);

/// Gives its standard input to what it starts as the first descriptor behind the usual three.
const HAND_OVER: &str = r#"exec 3<&0 0</dev/null; export LISTEN_PID=$$; exec "$@""#;

const BLUE: &str = r#"api rollout {
  timeout 2s
}

version 1 {
  GET /colour -> { colour: text } {
    public
    return { colour: "blue" }
  }
}

case "it has a colour" {
  when GET /v1/colour
  then 200 { colour: any text }
}
"#;

/// Another answer of the old version, and a new version.
fn green() -> String {
    let text = BLUE.replace("\"blue\"", "\"green\"");
    let (version, case) = text.split_once("case").expect("there is a case");
    format!(
        "{version}version 2 from 1 {{\n  remove GET /colour\n\n  GET /color -> {{ color: text }} {{\n    public\n    return {{ color: \"green\" }}\n  }}\n}}\n\ncase{case}"
    )
}

/// A gateway that serves.
struct Gateway {
    child: Child,
    address: SocketAddr,
    rest: JoinHandle<()>,
}

impl Gateway {
    /// Starts a program, on a socket that is handed to it or on one of its own.
    fn start(program: &Path, socket: Option<&TcpListener>) -> Gateway {
        let mut command = match socket {
            Some(_) => Command::new("/bin/sh"),
            None => Command::new(program),
        };
        if let Some(socket) = socket {
            let handed = OwnedFd::from(socket.try_clone().expect("a descriptor"));
            command.args(["-c", HAND_OVER, "sh"]).arg(program).env("LISTEN_FDS", "1");
            command.stdin(Stdio::from(handed));
        }
        command.env("LISTEN", "127.0.0.1:0").env("OPERATOR", "off").env("LOG", "off");
        command.env("CORES", "2").stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the gateway runs");
        let mut lines = BufReader::new(child.stderr.take().expect("piped")).lines();
        let address = loop {
            let line = lines.next().expect("it says where it listens").expect("text");
            let event: Option<serde_json::Value> = serde_json::from_str(&line).ok();
            let started = event.filter(|event| event["event"] == "started");
            if let Some(address) = started.and_then(|event| event["address"].as_str()?.parse().ok())
            {
                break address;
            }
        };
        let rest = thread::spawn(move || lines.for_each(drop));
        Gateway { child, address, rest }
    }

    /// Tells it to stop, and waits until it has.
    fn end(mut self) {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).expect("a process")).expect("one");
        kill_process(pid, Signal::TERM).expect("it runs");
        assert_eq!(self.child.wait().expect("it ends").code(), Some(0));
        self.rest.join().expect("it was read");
    }
}

/// An answer, or why there is none.
type Answer = (Instant, Result<String, String>);

/// Callers that ask one path without a pause, each on a connection of its own.
struct Callers {
    stop: Arc<AtomicBool>,
    asked: Arc<AtomicUsize>,
    threads: Vec<JoinHandle<Vec<Answer>>>,
}

impl Callers {
    fn of(address: SocketAddr, path: &'static str) -> Callers {
        let (stop, asked) = (Arc::<AtomicBool>::default(), Arc::<AtomicUsize>::default());
        let caller = || {
            let (stop, asked) = (Arc::clone(&stop), Arc::clone(&asked));
            thread::spawn(move || {
                let mut answers = Vec::new();
                while !stop.load(Ordering::Relaxed) {
                    let begin = Instant::now();
                    answers.push((begin, ask(address, path).map_err(|error| error.to_string())));
                    asked.fetch_add(1, Ordering::Relaxed);
                }
                answers
            })
        };
        let threads = (0..4).map(|_| caller()).collect();
        Callers { stop, asked, threads }
    }

    /// Lets them ask for a while.
    fn go_on(&self) {
        let before = self.asked.load(Ordering::Relaxed);
        thread::sleep(STEP);
        assert!(self.asked.load(Ordering::Relaxed) > before, "nobody is answered any more");
    }

    fn answers(self) -> Vec<Answer> {
        self.stop.store(true, Ordering::Relaxed);
        self.threads.into_iter().flat_map(|one| one.join().expect("no panic")).collect()
    }
}

/// The body of the answer, which must be 200.
fn ask(address: SocketAddr, path: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    write!(stream, "GET {path} HTTP/1.1\r\nhost: rollout\r\nconnection: close\r\n\r\n")?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    match text.split_once("\r\n\r\n") {
        Some((head, body)) if head.starts_with("HTTP/1.1 200 ") => Ok(body.to_owned()),
        _ => Err(std::io::Error::other(format!("answered `{text}`"))),
    }
}

/// Every request was answered, by one of these, and those that began after a moment by the last.
#[track_caller]
fn all_answered(answers: &[Answer], bodies: [&str; 2], (since, until): (Instant, Instant)) {
    assert!(answers.len() > 100, "{} requests are no load", answers.len());
    for (begin, answer) in answers {
        let body = answer.as_ref().unwrap_or_else(|why| unreachable!("a request is lost: {why}"));
        assert!(bodies.contains(&body.as_str()), "{body}");
        if (since..until).contains(begin) {
            assert_eq!(body, bodies[1]);
        }
    }
    let last = answers.iter().any(|(_, answer)| answer.as_deref() == Ok(bodies[1]));
    assert!(last, "nobody was answered {}", bodies[1]);
}

const COLOURS: [&str; 2] = [r#"{"colour":"blue"}"#, r#"{"colour":"green"}"#];

/// Takes connections, and passes each on to where it leads at that time.
struct Switch {
    address: SocketAddr,
    leads: Arc<Mutex<SocketAddr>>,
}

impl Switch {
    fn to(first: SocketAddr) -> Switch {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("bound");
        let leads = Arc::new(Mutex::new(first));
        let to = Arc::clone(&leads);
        thread::spawn(move || {
            for caller in listener.incoming().flatten() {
                let Ok(gateway) = TcpStream::connect(*to.lock().expect("nobody panicked")) else {
                    continue;
                };
                let both = (caller.try_clone(), gateway.try_clone());
                let (Ok(back), Ok(forth)) = both else { continue };
                thread::spawn(move || copied(caller, gateway));
                thread::spawn(move || copied(forth, back));
            }
        });
        Switch { address, leads }
    }

    fn turn(&self, to: SocketAddr) {
        *self.leads.lock().expect("nobody panicked") = to;
    }
}

fn copied(mut from: TcpStream, mut to: TcpStream) {
    let _ = std::io::copy(&mut from, &mut to);
    let _ = to.shutdown(std::net::Shutdown::Write);
}

#[test]
fn no_request_is_lost_when_one_gateway_takes_the_place_of_another() {
    let _alone = alone();
    let folder = Folder::new("rollout", &[("blue/rollout.api", BLUE)]);
    folder.write("green/rollout.api", &green());
    let build = |colour: &str| -> PathBuf {
        let built = said(&folder, &["build", "--dev", "--all-in-one", colour, "--out", colour]);
        assert_eq!(built.code, Some(0), "{}", built.err);
        folder.path(&format!("{colour}/rollout"))
    };
    let programs = [build("blue"), build("green")];
    on_one_socket(&programs);
    behind_a_switch(&folder, &programs);
}

/// As under a service manager: the socket stays while programs come and go.
fn on_one_socket([blue, green]: &[PathBuf; 2]) {
    let socket = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = socket.local_addr().expect("bound");
    let mut serving = Gateway::start(blue, Some(&socket));
    for (next, bodies) in [(green, COLOURS), (blue, [COLOURS[1], COLOURS[0]]), (green, COLOURS)] {
        let callers = Callers::of(address, "/v1/colour");
        callers.go_on();
        let next = Gateway::start(next, Some(&socket));
        callers.go_on();
        std::mem::replace(&mut serving, next).end();
        let since = Instant::now();
        callers.go_on();
        all_answered(&callers.answers(), bodies, (since, Instant::now()));
    }
    assert_eq!(ask(address, "/v2/color").expect("green serves"), r#"{"color":"green"}"#);
    serving.end();
}

/// As in a cluster: both run, are compared, and what leads to one is turned to the other.
fn behind_a_switch(folder: &Folder, programs: &[PathBuf; 2]) {
    let [blue, green] = programs.each_ref().map(|program| Gateway::start(program, None));
    compared(folder, &blue, &green);
    let switch = Switch::to(blue.address);
    let callers = Callers::of(switch.address, "/v1/colour");
    callers.go_on();
    switch.turn(green.address);
    let turned = Instant::now();
    let newer = Callers::of(switch.address, "/v2/color");
    blue.end();
    callers.go_on();
    // And back: the old file is the way back.
    let back = Gateway::start(&programs[0], None);
    let end = Instant::now();
    all_answered(&newer.answers(), [r#"{"color":"green"}"#; 2], (turned, end));
    switch.turn(back.address);
    let returned = Instant::now();
    callers.go_on();
    green.end();
    callers.go_on();
    let answers = callers.answers();
    all_answered(&answers, COLOURS, (turned, end));
    all_answered(&answers, [COLOURS[1], COLOURS[0]], (returned, Instant::now()));
    back.end();
}

/// The contract promises the same, and the answers differ.
fn compared(folder: &Folder, blue: &Gateway, green: &Gateway) {
    let ends = [blue.address, green.address].map(|address| format!("http://{address}"));
    let compare = |more: &[&str]| -> Said {
        let args = ["compare", &ends[0], &ends[1], "--contract", "green", "--against", "blue"];
        folder.run(&[&args[..], more].concat())
    };
    compare(&[]).is(
        1,
        "differs  GET /v1/colour: 1 of 1 request\n  GET /v1/colour  (case \"it has a colour\")\n    \
         /colour: blue \"blue\", green \"green\"\n1 request: 0 alike, 1 differs\n",
        "",
    );
    compare(&["--ignore", "/colour"]).is(
        0,
        "alike    GET /v1/colour: 1 request\n1 request: 1 alike\n",
        "",
    );
}
