//! Callers who are too slow, and too many. The limits are shorter here than in a gateway.

mod two;

use std::io::Read;
use std::time::{Duration, Instant};

use super::{Limits, Phase, Server};
use crate::contract::{
    Access, BodyKind, Compress, Contract, Endpoint, Method, Reuse, Selection, TimeSetting, Version,
};
use crate::json::Writer;
use crate::response::Response;
use crate::settings::Settings;
use crate::testing::{Client, get};

static ECHO: Endpoint = Endpoint {
    index: 0,
    method: Method::Post,
    template: "/",
    rest: false,
    version: "1",
    timeout: TimeSetting::Fixed(Duration::from_secs(5)),
    max_body: 1024,
    limits: &[],
    body: BodyKind::Json { required: true },
    access: Access::Public,
    lifecycle: None,
    fallbacks: &[],
    places: &[],
    deprecated: &[],
    successor: None,
    reuse: Reuse::Unsaid,
    compress: Compress::NONE,
    cors: None,
    answer: |_, request| {
        Box::pin(async move {
            let mut body = Writer::new();
            body.raw(std::str::from_utf8(request.body()).unwrap_or_default());
            Ok(Response::json(200, body))
        })
    },
};

static LARGE: Endpoint = Endpoint {
    method: Method::Get,
    body: BodyKind::None,
    access: Access::Public,
    answer: |_, _| {
        Box::pin(async {
            let mut body = Writer::new();
            body.text(&"x".repeat(16 * 1024 * 1024));
            Ok(Response::json(200, body))
        })
    },
    ..ECHO_LIKE
};

static SLOW: Endpoint = Endpoint {
    method: Method::Get,
    body: BodyKind::None,
    access: Access::Public,
    answer: |_, _| {
        Box::pin(async {
            tokio::time::sleep(Duration::from_millis(400)).await;
            Ok(Response::empty(204))
        })
    },
    ..ECHO_LIKE
};

static HANGING: Endpoint = Endpoint {
    method: Method::Get,
    body: BodyKind::None,
    access: Access::Public,
    timeout: TimeSetting::Fixed(Duration::from_millis(50)),
    answer: |_, _| Box::pin(std::future::pending()),
    ..ECHO_LIKE
};

/// Keeps its core's thread to itself.
static STUCK: Endpoint = Endpoint {
    answer: |_, _| {
        std::thread::sleep(Duration::from_millis(1200));
        Box::pin(async { Ok(Response::empty(204)) })
    },
    ..ECHO_LIKE
};

/// What the endpoints above have in common.
const ECHO_LIKE: Endpoint = Endpoint {
    index: 0,
    method: Method::Get,
    template: "/",
    rest: false,
    version: "1",
    timeout: TimeSetting::Fixed(Duration::from_secs(5)),
    max_body: 1024,
    limits: &[],
    body: BodyKind::None,
    access: Access::Public,
    lifecycle: None,
    fallbacks: &[],
    places: &[],
    deprecated: &[],
    successor: None,
    reuse: Reuse::Unsaid,
    compress: Compress::NONE,
    cors: None,
    answer: |_, _| Box::pin(async { Ok(Response::empty(204)) }),
};

static CONTRACT: Contract = Contract {
    api: "echo",
    versions: &[Version {
        label: "1",
        digest: "",
        draft: false,
        published: None,
        prefix: &[],
        media_type: "application/json",
        lifecycle: None,
        source: "",
        endpoints: &[],
        route: |segments| match segments {
            [] => const { &[&ECHO] },
            ["large"] => const { &[&LARGE] },
            ["slow"] => const { &[&SLOW] },
            ["hanging"] => const { &[&HANGING] },
            ["stuck"] => const { &[&STUCK] },
            _ => &[],
        },
    }],
    selection: Selection::Header { name: "Api-Version", default: "1" },
    ..Contract::EMPTY
};

const SHORT: Limits = Limits {
    head_time: Duration::from_millis(200),
    body_time: Duration::from_millis(200),
    idle: Duration::from_millis(600),
    stall: Duration::from_millis(300),
    connections: 2,
    hang: Duration::from_millis(400),
    ..Limits::DEFAULT
};

/// A server that ends with the test.
struct Running(Server);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.phase().send_replace(Phase::Draining);
    }
}

fn start(limits: Limits) -> Running {
    let lookup = |name: &str| match name {
        "LISTEN" => Some("127.0.0.1:0".into()),
        "OPERATOR" => Some("127.0.0.1:0".into()),
        "LOG" => Some("off".into()),
        "CORES" => Some("1".into()),
        _ => None,
    };
    let settings = Settings::read(&CONTRACT, &lookup).expect("a complete environment");
    Running(
        Server::start(&CONTRACT, settings, crate::serve::Inherited::default(), limits)
            .expect("a free port"),
    )
}

/// How long until the other side closes.
fn closes_after(mut client: Client) -> Duration {
    let start = Instant::now();
    assert!(client.is_closed());
    start.elapsed()
}

fn about(elapsed: Duration, milliseconds: u64) {
    let expected = Duration::from_millis(milliseconds);
    assert!(elapsed >= expected - Duration::from_millis(20), "{elapsed:?}");
    assert!(elapsed < expected + Duration::from_millis(250), "{elapsed:?}");
}

#[test]
fn a_head_that_does_not_end_is_given_up() {
    let server = start(SHORT);
    let silent = Client::connect(server.0.address());
    about(closes_after(silent), 200);

    // A byte from time to time does not help.
    let mut dripping = Client::connect(server.0.address());
    let start = Instant::now();
    while dripping.write(b"G").is_ok() {
        std::thread::sleep(Duration::from_millis(20));
        assert!(start.elapsed() < Duration::from_secs(5));
    }
    about(start.elapsed(), 200);
}

#[test]
fn an_idle_connection_is_closed_and_a_second_head_has_its_own_limit() {
    let server = start(SHORT);
    let mut client = Client::connect(server.0.address());
    for pause in [0, 400, 400] {
        std::thread::sleep(Duration::from_millis(pause));
        client.request("GET", "/nothing", &[], b"");
        assert_eq!(client.answer("GET").expect("an answer").status, 404);
    }
    about(closes_after(client), 600);

    let mut client = Client::connect(server.0.address());
    client.request("GET", "/nothing", &[], b"");
    client.answer("GET").expect("an answer");
    std::thread::sleep(Duration::from_millis(50));
    client.write(b"GET / HT").expect("still open");
    about(closes_after(client), 200);
}

#[test]
fn a_handler_has_longer_than_a_caller() {
    let server = start(SHORT);
    assert_eq!(get(server.0.address(), "/slow").status, 204);
}

#[test]
fn a_body_that_does_not_end_is_408() {
    let server = start(SHORT);
    let mut client = Client::connect(server.0.address());
    let headers = [("Content-Type", "application/json"), ("Content-Length", "10")];
    let start = Instant::now();
    client.request("POST", "/", &headers, b"[1,");
    let answer = client.answer("POST").expect("an answer");
    about(start.elapsed(), 200);
    assert_eq!(answer.status, 408);
    assert!(answer.text().contains("urn:problem:gateway:slow"));
}

#[test]
fn a_caller_who_does_not_read_is_given_up() {
    let server = start(SHORT);
    let mut client = Client::connect(server.0.address());
    client.request("GET", "/large", &[], b"");
    std::thread::sleep(Duration::from_millis(800));
    assert!(client.answer("GET").is_err(), "the rest must be gone");
}

#[test]
fn a_caller_who_reads_slowly_is_served() {
    let server = start(SHORT);
    let mut stream = std::net::TcpStream::connect(server.0.address()).expect("it listens");
    std::io::Write::write_all(&mut stream, b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n")
        .expect("open");
    let mut total = 0;
    let mut chunk = vec![0; 2 * 1024 * 1024];
    while total < 16 * 1024 * 1024 {
        let size = stream.read(&mut chunk).expect("open");
        assert_ne!(size, 0, "closed after {total} bytes");
        total += size;
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn more_connections_than_allowed_wait_for_their_turn() {
    let server = start(SHORT);
    let start = Instant::now();
    let first = [(); 2].map(|()| {
        let mut client = Client::connect(server.0.address());
        client.request("GET", "/slow", &[], b"");
        client
    });
    std::thread::sleep(Duration::from_millis(50));
    let mut third = Client::connect(server.0.address());
    third.request("GET", "/nothing", &[], b"");
    let waiting = std::thread::spawn(move || {
        third.answer("GET").expect("an answer");
        start.elapsed()
    });
    for mut client in first {
        assert_eq!(client.answer("GET").expect("an answer").status, 204);
    }
    let elapsed = waiting.join().expect("an answer");
    assert!(elapsed >= Duration::from_millis(400), "{elapsed:?}");
}

/// A connection that was answered once, and waits.
fn waiting(server: &Running) -> Client {
    let mut client = Client::connect(server.0.address());
    client.request("GET", "/nothing", &[], b"");
    assert_eq!(client.answer("GET").expect("an answer").status, 404);
    client
}

#[test]
fn the_connection_that_has_waited_longest_makes_room() {
    let patient = Limits { idle: Duration::from_secs(30), connections: 3, ..SHORT };
    let server = start(patient);
    let mut oldest = waiting(&server);
    std::thread::sleep(Duration::from_millis(20));
    let mut older = waiting(&server);
    std::thread::sleep(Duration::from_millis(20));
    // It is used once more, so the other one has waited longest.
    oldest.request("GET", "/nothing", &[], b"");
    oldest.answer("GET").expect("an answer");
    let mut busy = Client::connect(server.0.address());
    busy.request("GET", "/slow", &[], b"");
    std::thread::sleep(Duration::from_millis(50));
    let begun = Instant::now();
    let _fourth = waiting(&server);
    assert!(begun.elapsed() < Duration::from_millis(250), "{:?}", begun.elapsed());
    assert!(older.is_closed());
    oldest.request("GET", "/nothing", &[], b"");
    assert_eq!(oldest.answer("GET").expect("it was spared").status, 404);
    assert_eq!(busy.answer("GET").expect("nobody is cut off").status, 204);
    let metrics = get(server.0.operator().expect("it has one"), "/metrics").text();
    assert!(metrics.contains("\ngatewright_connections_displaced_total 1\n"), "{metrics}");
}

#[test]
fn many_come_where_all_wait_and_all_are_answered() {
    let server = start(Limits { idle: Duration::from_secs(30), connections: 8, ..SHORT });
    let begun = Instant::now();
    let all: Vec<_> = (0..200).map(|_| waiting(&server)).collect();
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    let mut open = all.into_iter().rev();
    for mut client in open.by_ref().take(7) {
        client.request("GET", "/nothing", &[], b"");
        assert_eq!(client.answer("GET").expect("the last ones stay").status, 404);
    }
    // Eight stay, or seven where one was slow to go.
    assert!(open.skip(1).all(|mut client| client.is_closed()));
}

#[test]
fn who_comes_over_http_2_makes_room_with_a_goodbye() {
    use crate::testing::frames::Frames;
    let server = start(Limits { idle: Duration::from_secs(30), connections: 1, ..SHORT });
    let mut caller = Frames::connect(server.0.address(), &[]);
    caller.request(1, ("GET", "/nothing"), &[], b"");
    assert_eq!(caller.outcome(1).status(), 404);
    let farewell = std::thread::spawn(move || while caller.read().is_ok() {});
    let begun = Instant::now();
    let _other = waiting(&server);
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    farewell.join().expect("it is closed");
}

#[test]
fn a_handler_that_waits_for_nothing_is_given_up() {
    let server = start(SHORT);
    let start = Instant::now();
    assert_eq!(get(server.0.address(), "/hanging").status, 504);
    about(start.elapsed(), 1050);
}

#[test]
fn a_core_that_is_stuck_is_told_of_and_starves_no_operator() {
    let server = start(SHORT);
    let operator = server.0.operator().expect("it has one");
    assert_eq!(get(operator, "/live").status, 200);
    let mut stuck = Client::connect(server.0.address());
    stuck.request("GET", "/stuck", &[], b"");
    std::thread::sleep(Duration::from_millis(800));
    let asked = Instant::now();
    let answer = get(operator, "/live");
    assert!(asked.elapsed() < Duration::from_millis(200));
    assert_eq!(answer.status, 503);
    assert!(answer.text().contains("a core does not move"), "{}", answer.text());
    assert_eq!(get(operator, "/ready").status, 200, "it may well come back");
    assert_eq!(stuck.answer("GET").expect("an answer").status, 204);
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(get(operator, "/live").status, 200);
}

#[test]
fn readiness_follows_the_way_down() {
    let server = start(SHORT);
    let operator = server.0.operator().expect("it has one");
    let mut busy = Client::connect(server.0.address());
    busy.request("GET", "/slow", &[], b"");
    for (phase, status, why) in [
        (Phase::Starting, 503, "it does not listen yet"),
        (Phase::Serving, 200, "ready"),
        (Phase::Stopping, 503, "takes requests for a while yet"),
        (Phase::Draining, 503, "ends what it has begun"),
    ] {
        server.0.phase().send_replace(phase);
        let answer = get(operator, "/ready");
        assert_eq!(answer.status, status, "{phase:?}");
        assert!(answer.text().contains(why), "{phase:?}: {}", answer.text());
        assert_eq!(get(operator, "/live").status, 200, "{phase:?}");
    }
    assert_eq!(busy.answer("GET").expect("an answer").status, 204);
}

#[test]
fn a_connection_of_an_operator_carries_one_request_and_no_more() {
    let server = start(SHORT);
    let operator = server.0.operator().expect("it has one");
    let mut client = Client::connect(operator);
    client.request("GET", "/live", &[], b"");
    let answer = client.answer("GET").expect("an answer");
    assert_eq!((answer.header("connection"), answer.text().as_str()), (Some("close"), "live\n"));
    assert!(client.is_closed());
    let mut garbage = Client::connect(operator);
    garbage.write(b"\x16\x03\x01 hello\r\n\r\n").expect("open");
    assert_eq!(garbage.answer("GET").expect("an answer").status, 400);
    // Connections that say nothing leave room for others.
    let _silent: Vec<Client> = (0..32).map(|_| Client::connect(operator)).collect();
    assert_eq!(get(operator, "/live").status, 200);
}
