//! A gateway under a service manager: sockets that are handed to it, and what it tells.

use std::io::{BufRead, BufReader, Read};
use std::net::{SocketAddr, TcpListener};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixDatagram;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use gatewright_runtime::testing::{Client, get};

use crate::program::{program, signal};

/// Gives its standard input to what it starts as the first descriptor behind the usual three, for
/// the process that `$PID` names or that it becomes itself.
const HAND_OVER: &str = r#"exec 3<&0 0</dev/null; export LISTEN_PID=${PID:-$$}; exec "$@""#;

/// A program that was handed `listener`, once it serves, and what it says.
fn activated(listener: &TcpListener, env: &[(&str, &str)]) -> (Child, BufReader<ChildStderr>) {
    let inner = program("", &[]);
    let mut command = Command::new("/bin/sh");
    command.args(["-c", HAND_OVER, "sh"]).arg(inner.get_program()).args(inner.get_args());
    command.env_clear();
    command.envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let defaults = [
        ("PLAIN_URL", "http://127.0.0.1:1"),
        ("LISTEN", "127.0.0.1:0"),
        ("OPERATOR", "127.0.0.1:0"),
        ("LOG", "off"),
        ("LISTEN_FDS", "1"),
    ];
    command.envs(defaults).envs(env.iter().copied());
    let handed = OwnedFd::from(listener.try_clone().expect("a descriptor"));
    command.stdin(Stdio::from(handed)).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("it starts");
    let mut errors = BufReader::new(child.stderr.take().expect("piped"));
    let mut line = String::new();
    while !line.contains("\"started\"") {
        line.clear();
        assert_ne!(errors.read_line(&mut line).expect("a line"), 0, "it ended");
    }
    (child, errors)
}

fn end(mut child: Child, mut errors: BufReader<ChildStderr>) {
    signal(&child, "TERM");
    let mut rest = String::new();
    errors.read_to_string(&mut rest).expect("UTF-8");
    assert_eq!(child.wait().expect("it ends").code(), Some(0), "{rest}");
}

/// Asks over and over, on a connection per request.
struct Load {
    stop: Arc<AtomicBool>,
    good: Arc<AtomicU64>,
    threads: Vec<std::thread::JoinHandle<Vec<String>>>,
}

impl Load {
    fn on(address: SocketAddr) -> Load {
        let (stop, good) = (Arc::<AtomicBool>::default(), Arc::<AtomicU64>::default());
        let asking = || {
            let (stop, good) = (Arc::clone(&stop), Arc::clone(&good));
            std::thread::spawn(move || {
                let mut failures = Vec::new();
                while !stop.load(Ordering::Relaxed) {
                    let mut client = Client::connect(address);
                    client.request("GET", "/v1/echo/a", &[], b"");
                    match client.answer("GET") {
                        Ok(answer) if answer.status == 200 => {
                            good.fetch_add(1, Ordering::Relaxed);
                        }
                        other => failures.push(format!("{other:?}")),
                    }
                    std::thread::sleep(Duration::from_millis(1));
                }
                failures
            })
        };
        let threads = (0..4).map(|_| asking()).collect();
        Load { stop, good, threads }
    }

    /// Waits for so many more good answers.
    fn wait(&self, more: u64) {
        let (from, begin) = (self.good.load(Ordering::Relaxed), Instant::now());
        while self.good.load(Ordering::Relaxed) < from + more {
            assert!(begin.elapsed() < Duration::from_secs(20), "no answers any more");
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    fn failures(self) -> Vec<String> {
        self.stop.store(true, Ordering::Relaxed);
        self.threads.into_iter().flat_map(|one| one.join().expect("no panic")).collect()
    }
}

#[test]
fn gateways_that_share_a_socket_hand_over_without_losing_a_request() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("bound");
    let mut serving = activated(&listener, &[("CORES", "2")]);
    let load = Load::on(address);
    load.wait(50);
    for _ in 0..4 {
        let next = activated(&listener, &[("CORES", "2")]);
        let (child, errors) = std::mem::replace(&mut serving, next);
        load.wait(20);
        end(child, errors);
        load.wait(50);
    }
    assert_eq!(load.failures(), Vec::<String>::new());
    let (child, errors) = serving;
    end(child, errors);
}

#[test]
fn what_comes_while_nobody_serves_is_answered_by_the_next() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("bound");
    let (child, errors) = activated(&listener, &[]);
    assert_eq!(get(address, "/v1/echo/a").status, 200);
    end(child, errors);
    let mut early = Client::connect(address);
    early.request("GET", "/v1/echo/a", &[], b"");
    let (child, errors) = activated(&listener, &[]);
    assert_eq!(early.answer("GET").expect("an answer").status, 200);
    drop(early);
    end(child, errors);
}

#[test]
fn a_socket_with_the_operators_name_is_for_operators_and_one_for_others_is_left_alone() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("bound");
    let (child, errors) = activated(&listener, &[("LISTEN_FDNAMES", "operator")]);
    assert_eq!(get(address, "/live").text(), "live\n");
    end(child, errors);

    let (child, errors) = activated(&listener, &[("PID", "1")]);
    // Nobody takes from its queue.
    listener.set_nonblocking(true).expect("a socket");
    let mut waiting = Client::connect(address);
    waiting.request("GET", "/v1/echo/a", &[], b"");
    std::thread::sleep(Duration::from_millis(100));
    assert!(listener.accept().is_ok());
    end(child, errors);
}

#[test]
fn the_service_manager_is_told_of_start_life_and_stop() {
    let path = std::env::temp_dir().join(format!("gatewright-notify-{}", std::process::id()));
    let _ = std::fs::remove_file(&path);
    let socket = UnixDatagram::bind(&path).expect("a socket");
    socket.set_read_timeout(Some(Duration::from_secs(10))).expect("a socket");
    let said = || {
        let mut buffer = [0; 64];
        let length = socket.recv(&mut buffer).expect("it says something");
        String::from_utf8_lossy(buffer.get(..length).unwrap_or_default()).into_owned()
    };
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let env = [
        ("NOTIFY_SOCKET", path.to_str().expect("UTF-8")),
        ("WATCHDOG_USEC", "100000"),
        ("DRAIN_DELAY", "150ms"),
    ];
    let (child, errors) = activated(&listener, &env);
    assert_eq!(said(), "READY=1");
    for _ in 0..3 {
        assert_eq!(said(), "WATCHDOG=1");
    }
    end(child, errors);
    let rest: Vec<String> = std::iter::repeat_with(said).take(3).collect();
    assert!(rest.iter().any(|word| word == "STOPPING=1"), "{rest:?}");
    std::fs::remove_file(&path).expect("it is there");
}
