//! Crowds of callers who do nothing, or next to nothing: others do not notice. Gateways and crowds have
//! processes of their own, because a process may open only so many descriptors.
//!
//! `CROWD` says how many do nothing: 1,000 unless set, 10,000 where everything is checked. A tenth as
//! many do next to nothing.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::Stdio;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use gatewright_runtime::testing::get;
use socket2::{Domain, Socket, Type};

use crate::faults::{LARGE, Moody, load};
use crate::soak::{Process, again, begin, memory, start, within};

/// Says that this process is to be a crowd: whom it goes to, what it does, how many they are.
const ORDER: &str = "TEST_CROWD";
/// What a connection may cost the gateway while it is idle, in bytes.
const EACH: usize = 32 * 1024;
/// How long a crowd stays, if it is not sent away before.
const STAY: Duration = Duration::from_secs(300);

/// Not a test of its own: what [`gather`] runs.
#[test]
fn crowd() {
    let Ok(order) = std::env::var(ORDER) else { return };
    let mut words = order.split(' ');
    let mut word = || words.next().expect("three words");
    let gateway: SocketAddr = word().parse().expect("an address");
    let (kind, count) = (word(), word());
    let count = count.parse().expect("a number");
    match kind {
        "idle" => idle(gateway, count),
        _ => slow(gateway, count),
    }
}

/// Each of them has asked for something once, so all of them wait for as long as connections may.
fn idle(gateway: SocketAddr, count: usize) {
    const AT_ONCE: usize = 16;
    let come = |_: usize| {
        let mut stream = TcpStream::connect(gateway).expect("it accepts");
        stream.write_all(b"GET /v1/items/7 HTTP/1.1\r\nHost: a\r\n\r\n").expect("sent");
        let mut answer = [0; 4096];
        let size = stream.read(&mut answer).expect("an answer");
        assert!(answer.get(..size).is_some_and(|answer| answer.starts_with(b"HTTP/1.1 ")));
        stream
    };
    let all: Vec<Vec<TcpStream>> = std::thread::scope(|scope| {
        let row = |first: usize| (first..count).step_by(AT_ONCE).map(come).collect::<Vec<_>>();
        let rows: Vec<_> = (0..AT_ONCE).map(|first| scope.spawn(move || row(first))).collect();
        rows.into_iter().map(|row| row.join().expect("all came")).collect()
    });
    println!("ready {}", all.iter().map(Vec::len).sum::<usize>());
    std::thread::sleep(STAY);
}

/// What a slow caller is slow at.
#[derive(Clone, Copy)]
enum Slow {
    Head,
    Body,
    Reading,
}

impl Slow {
    /// A third is slow at each.
    fn nth(nth: usize) -> Slow {
        match nth % 3 {
            0 => Slow::Head,
            1 => Slow::Body,
            _ => Slow::Reading,
        }
    }

    /// What it sends at once.
    fn first(self) -> String {
        match self {
            Slow::Head => "GET /v1/items/7 HTTP/1.1\r\nHost: a\r\nX-Slow: ".to_owned(),
            Slow::Body => {
                "PUT /v1/notes/7 HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n\
                           Content-Length: 9000\r\n\r\n{\"text\":\""
                    .to_owned()
            }
            Slow::Reading => format!("GET /v1/raw/items{LARGE} HTTP/1.1\r\nHost: a\r\n\r\n"),
        }
    }

    fn begin(self, gateway: SocketAddr) -> std::io::Result<TcpStream> {
        let socket = Socket::new(Domain::for_address(gateway), Type::STREAM, None)?;
        if let Slow::Reading = self {
            // What the system takes for somebody is not taken slowly.
            socket.set_recv_buffer_size(4096)?;
        }
        socket.connect(&gateway.into())?;
        let mut stream = TcpStream::from(socket);
        stream.write_all(self.first().as_bytes())?;
        stream.set_nonblocking(true)?;
        Ok(stream)
    }

    /// Goes on a little; `false` once the gateway has ended it.
    fn goes_on(self, mut stream: &TcpStream) -> bool {
        let mut taken = [0; 100];
        let done = match self {
            Slow::Head | Slow::Body => stream.write(b"a"),
            Slow::Reading => stream.read(&mut taken),
        };
        match done {
            Ok(size) => size > 0,
            Err(error) => error.kind() == ErrorKind::WouldBlock,
        }
    }
}

/// Who is given up comes again.
fn slow(gateway: SocketAddr, count: usize) {
    let begin = |nth: usize| {
        // A rush would be another test.
        std::thread::sleep(Duration::from_millis(2));
        Slow::nth(nth).begin(gateway).ok()
    };
    let mut all: Vec<_> = (0..count).map(begin).collect();
    println!("ready {}", all.iter().flatten().count());
    let end = Instant::now() + STAY;
    while Instant::now() < end {
        for (nth, one) in all.iter_mut().enumerate() {
            if !one.as_ref().is_some_and(|stream| Slow::nth(nth).goes_on(stream)) {
                *one = begin(nth);
            }
        }
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// How many are to do nothing: fewer than wanted where a process may not have that many connections.
fn wanted() -> usize {
    let wanted = std::env::var("CROWD").ok().and_then(|text| text.parse().ok()).unwrap_or(1_000);
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits.lines().find(|line| line.starts_with("Max open files")).unwrap_or_default();
    let most = line.split_whitespace().nth(4).and_then(|hard| hard.parse().ok());
    let count = most.map_or(wanted, |most: usize| wanted.min(most.saturating_sub(500)));
    println!("a crowd of {count}, and {wanted} were wanted");
    count
}

/// Sends a crowd to a gateway, and returns once it is there.
#[track_caller]
fn gather(gateway: SocketAddr, kind: &str, count: usize) -> Process {
    let mut command = again("crowds::crowd");
    command.env(ORDER, format!("{gateway} {kind} {count}"));
    let mut child =
        command.stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().expect("it starts");
    let said = BufReader::new(child.stdout.take().expect("piped"));
    let process = Process(child);
    let ready = said.lines().map_while(Result::ok).find(|line| line.contains("ready "));
    assert!(
        ready.as_ref().is_some_and(|line| line.ends_with(&format!("ready {count}"))),
        "{ready:?}"
    );
    process
}

/// How many connections a gateway says that it has.
fn open(operator: SocketAddr) -> usize {
    let text = get(operator, "/metrics").text();
    let line = text.lines().find_map(|line| line.strip_prefix("gatewright_connections_open "));
    line.and_then(|count| count.parse().ok()).expect("a number")
}

/// Waits until a gateway has so many connections: some may not have been accepted yet.
#[track_caller]
fn there(operator: SocketAddr, count: usize) {
    let begin = Instant::now();
    while open(operator) < count {
        assert!(begin.elapsed() < Duration::from_secs(20), "{} of {count}", open(operator));
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// How long 99 of 100 requests of a few callers take, who all are answered.
#[track_caller]
fn p99(gateway: SocketAddr) -> Duration {
    let tally = load(gateway, ("GET", 2), || std::thread::sleep(Duration::from_millis(400)));
    tally.only(&[200]);
    tally.p99()
}

/// Compares how long callers wait at a gateway with a crowd and at one without, turn by turn, because others
/// are busy on this machine, and one turn says nothing.
#[track_caller]
fn unhurt(alone: SocketAddr, crowded: SocketAddr) {
    const TURNS: usize = 7;
    let (mut quiet, mut loud): (Vec<_>, Vec<_>) =
        (0..TURNS).map(|_| (p99(alone), p99(crowded))).unzip();
    quiet.sort_unstable();
    loud.sort_unstable();
    println!("alone {quiet:?}, in a crowd {loud:?}");
    let most = quiet[TURNS / 2] * 2 + Duration::from_millis(10);
    assert!(loud[TURNS / 2] < most, "{quiet:?} became {loud:?}");
}

/// One crowd at a time.
fn one_by_one() -> MutexGuard<'static, ()> {
    static ONE: Mutex<()> = Mutex::new(());
    ONE.lock().unwrap_or_else(PoisonError::into_inner)
}

#[test]
fn many_who_are_idle_hurt_nobody() {
    let _one = one_by_one();
    let backends = [Moody::start(), Moody::start()];
    let urls = backends.each_ref().map(Moody::url).join(",");
    // However long it takes until all have come.
    let (_crowded, crowded, operator) = start(&urls, &[("KEEP_ALIVE_IDLE", "10min")]);
    let (_alone, alone, _) = start(&urls, &[]);
    p99(crowded);
    let before = memory(operator);
    let count = wanted();
    let _crowd = gather(crowded, "idle", count);
    there(operator, count);
    unhurt(alone, crowded);
    there(operator, count);
    if let (Some(before), Some(after)) = (before, memory(operator)) {
        let most = before + 8e6 + f64::from(u32::try_from(count * EACH).expect("a few hundred MB"));
        println!("{before} bytes became {after}");
        assert!(after < most, "{before} bytes became {after}");
    }
}

/// Those who wait make room, so that there are descriptors for backends.
#[test]
fn where_descriptors_are_few_some_are_left_for_backends() {
    let _one = one_by_one();
    let backend = Moody::start();
    let (_process, gateway, operator) =
        begin(within("256", "soak::child"), &backend.url(), &[("KEEP_ALIVE_IDLE", "10min")]);
    let mut all = Vec::new();
    for nth in 0..600 {
        let mut stream = TcpStream::connect(gateway).expect("it accepts");
        stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a positive time");
        stream.write_all(b"GET /v1/items/7 HTTP/1.1\r\nHost: a\r\n\r\n").expect("sent");
        let mut answer = [0; 4096];
        let size = stream.read(&mut answer).expect("an answer");
        let answer = String::from_utf8_lossy(answer.get(..size).unwrap_or_default());
        assert!(answer.starts_with("HTTP/1.1 200 "), "{nth}: {answer}");
        all.push(stream);
    }
    let open = open(operator);
    assert!((96..=194).contains(&open), "three quarters, and one more of each core: {open}");
    let metrics = get(operator, "/metrics").text();
    assert!(!metrics.contains("gatewright_connections_displaced_total 0"), "{metrics}");
}

#[test]
fn those_who_are_slow_hurt_nobody() {
    let _one = one_by_one();
    let backends = [Moody::start(), Moody::start()];
    let urls = backends.each_ref().map(Moody::url).join(",");
    let (_crowded, crowded, operator) = start(&urls, &[]);
    let (_alone, alone, _) = start(&urls, &[]);
    let count = wanted() / 10;
    let _crowd = gather(crowded, "slow", count);
    there(operator, count);
    unhurt(alone, crowded);
    // Heads have 10 s, so by then the first are given up, and come again.
    std::thread::sleep(Duration::from_secs(5));
    unhurt(alone, crowded);
    assert!(open(operator) >= count * 4 / 5, "{}", open(operator));
}
