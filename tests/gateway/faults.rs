//! Backends that are killed, hang, slow down or break off, under load: no wrong answer, none lost
//! where another address could give it, and an end to the trouble soon after its cause.

mod backend;
mod load;

use std::time::{Duration, Instant};

use gatewright_runtime::testing::{Gateway, Running, get};

pub(crate) use self::backend::{LARGE, Mood, Moody};
pub(crate) use self::load::load;
use crate::ask::problem;
use crate::contracts::faults::CONTRACT;

fn gateway(backends: &[Moody]) -> Running {
    let urls: Vec<_> = backends.iter().map(Moody::url).collect();
    Gateway::start(&CONTRACT, &[("ITEMS_URL", &urls.join(",")), ("CORES", "2")])
}

fn some(count: usize) -> Vec<Moody> {
    (0..count).map(|_| Moody::start()).collect()
}

fn pause(milliseconds: u64) {
    std::thread::sleep(Duration::from_millis(milliseconds));
}

/// Waits until each of these backends has been asked again.
#[track_caller]
fn asked_again(backends: &[Moody], within: Duration) {
    let before: Vec<_> = backends.iter().map(Moody::asked).collect();
    let start = Instant::now();
    while backends.iter().zip(&before).any(|(one, before)| one.asked() <= *before) {
        assert!(start.elapsed() < within, "{:?} {before:?}", start.elapsed());
        pause(5);
    }
}

#[test]
fn half_of_the_addresses_die_and_come_back_and_no_call_is_lost() {
    for method in ["GET", "PUT"] {
        let mut backends = some(4);
        let gateway = gateway(&backends);
        let tally = load(gateway.address(), (method, 6), || {
            pause(200);
            backends[0].kill();
            backends[1].kill();
            pause(600);
            backends[0].restart();
            backends[1].restart();
            asked_again(&backends[..2], Duration::from_secs(8));
        });
        tally.only(&[200]);
    }
}

#[test]
fn what_may_not_be_sent_twice_is_lost_only_with_the_connection_it_was_sent_on() {
    let mut backends = some(2);
    let gateway = gateway(&backends);
    let tally = load(gateway.address(), ("POST", 6), || {
        pause(200);
        backends[0].kill();
        pause(600);
    });
    tally.only(&[201, 502]);
    assert!(tally.with(502) <= 6, "one for each caller at most: {}", tally.with(502));
}

#[test]
fn an_address_that_hangs_is_found_out_and_its_calls_are_made_elsewhere() {
    let backends = some(3);
    let gateway = gateway(&backends);
    let mut found_out = Instant::now();
    let tally = load(gateway.address(), ("GET", 6), || {
        pause(200);
        backends[0].is(Mood::Hung);
        pause(1200);
        found_out = Instant::now();
        pause(300);
        backends[0].is(Mood::Well);
        asked_again(&backends[..1], Duration::from_secs(8));
    });
    // Each attempt at it costs 250 ms of 2 s, so every call has time for another address.
    tally.only(&[200]);
    let later = tally.since(found_out);
    assert!(later.p99() < Duration::from_millis(200), "{:?}", later.p99());
}

#[test]
fn an_address_that_is_slow_is_asked_less() {
    let backends = some(3);
    backends[0].is(Mood::Slow(Duration::from_millis(100)));
    let gateway = gateway(&backends);
    let tally = load(gateway.address(), ("GET", 8), || pause(1500));
    tally.only(&[200]);
    let (slow, all) = (backends[0].asked(), backends.iter().map(Moody::asked).sum::<usize>());
    assert!(slow * 5 < all, "{slow} of {all}");
}

#[test]
fn a_body_that_breaks_off_is_asked_for_again_and_never_passed_for_whole() {
    let backends = some(3);
    let gateway = gateway(&backends);
    let tally = load(gateway.address(), ("GET", 6), || {
        pause(200);
        backends[0].is(Mood::Resetting);
        pause(500);
        backends[0].is(Mood::Well);
        asked_again(&backends[..1], Duration::from_secs(8));
    });
    tally.only(&[200]);
    // What is passed on has begun when it breaks: the caller sees it break.
    let backends = some(1);
    backends[0].is(Mood::Resetting);
    let gateway = self::gateway(&backends);
    let mut client = gatewright_runtime::testing::Client::connect(gateway.address());
    client.request("GET", "/v1/raw/items/7", &[], b"");
    assert!(client.answer("GET").is_err());
}

#[test]
fn when_all_are_gone_callers_are_told_so_at_once_and_it_ends_soon_after() {
    let mut backends = some(2);
    let gateway = gateway(&backends);
    let (mut gone, mut back) = (Instant::now(), Instant::now());
    let tally = load(gateway.address(), ("GET", 4), || {
        pause(200);
        backends[0].kill();
        backends[1].kill();
        pause(200);
        gone = Instant::now();
        pause(1000);
        back = Instant::now();
        backends[0].restart();
        backends[1].restart();
        // The breaker is open for 500 ms, then one call finds out.
        pause(1500);
    });
    tally.only(&[200, 502, 503]);
    // Who is still waiting when they are back may be answered by them.
    let ended = |(start, took, _): &(Instant, Duration, u16)| *start + *took < back;
    let between: Vec<_> = tally.since(gone).answers.into_iter().filter(ended).collect();
    assert!(between.iter().all(|(_, _, status)| *status != 200), "nobody was there to answer");
    assert!(between.iter().all(|(_, took, _)| *took < Duration::from_millis(900)));
    let late = tally.since(back + Duration::from_millis(1000));
    late.only(&[200]);
}

#[test]
fn all_that_fail_open_the_breaker_and_what_stands_in_is_given() {
    let backends = some(2);
    let gateway = gateway(&backends);
    assert_eq!(get(gateway.address(), "/v1/kept/7").text(), "{\"id\":7}");
    for backend in &backends {
        backend.is(Mood::Failing);
    }
    let mut statuses = Vec::new();
    for _ in 0..60 {
        assert_eq!(get(gateway.address(), "/v1/kept/7").text(), "{\"id\":0}");
        statuses.push(get(gateway.address(), "/v1/items/7").status);
    }
    assert!(statuses.ends_with(&[503]), "{statuses:?}");
    let asked: usize = backends.iter().map(Moody::asked).sum();
    // 20 failures open it, and one probe is made every 500 ms. What one address failed at does not
    // count any more once it is left out.
    assert!(asked < 60, "{asked}");
}

#[test]
fn a_name_without_an_address_is_said_to_be_one() {
    let name = format!("http://{}.example", "x".repeat(64));
    let gateway = Gateway::start(&CONTRACT, &[("ITEMS_URL", &name)]);
    let answer = get(gateway.address(), "/v1/items/7");
    problem(&answer, 503, "gateway:backend-unavailable");
    assert_eq!(answer.header("retry-after"), Some("1"));
}
