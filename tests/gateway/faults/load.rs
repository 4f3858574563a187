//! Callers that ask without a pause and look at every answer.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use gatewright_runtime::testing::{Answer, Client};

/// What callers got.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    /// When each answer was asked for, how long it took, and its status; 0 for none.
    pub(crate) answers: Vec<(Instant, Duration, u16)>,
    /// Answers that were not those of what was asked.
    pub(crate) wrong: Vec<String>,
}

impl Tally {
    pub(crate) fn with(&self, status: u16) -> usize {
        self.answers.iter().filter(|(_, _, known)| *known == status).count()
    }

    /// Those that were asked for from this moment on.
    pub(crate) fn since(&self, moment: Instant) -> Tally {
        let answers = self.answers.iter().filter(|(start, _, _)| *start >= moment);
        Tally { answers: answers.copied().collect(), wrong: self.wrong.clone() }
    }

    /// How long 99 of 100 took at most.
    pub(crate) fn p99(&self) -> Duration {
        let mut took: Vec<_> = self.answers.iter().map(|(_, took, _)| *took).collect();
        took.sort_unstable();
        took.get(took.len() * 99 / 100).copied().unwrap_or_default()
    }

    /// Wants every answer to be right, and to be one of these statuses.
    #[track_caller]
    pub(crate) fn only(&self, statuses: &[u16]) {
        assert!(self.wrong.is_empty(), "{:?}", self.wrong.first());
        let other = self.answers.iter().find(|(_, _, status)| !statuses.contains(status));
        assert!(other.is_none(), "{other:?}, {} of {}", self.with(200), self.answers.len());
        assert!(self.answers.len() > 20, "hardly anything was asked: {}", self.answers.len());
    }
}

/// So many callers ask for items while `meanwhile` goes on.
pub(crate) fn load(
    gateway: SocketAddr,
    (method, callers): (&str, usize),
    meanwhile: impl FnOnce(),
) -> Tally {
    let (stop, next) = (AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        let caller = || {
            let mut tally = Tally::default();
            let mut client = None;
            while !stop.load(Ordering::Acquire) {
                let id = next.fetch_add(1, Ordering::Relaxed);
                ask(&mut client, gateway, (method, id), &mut tally);
            }
            tally
        };
        let asking: Vec<_> = (0..callers).map(|_| scope.spawn(caller)).collect();
        meanwhile();
        stop.store(true, Ordering::Release);
        let mut all = Tally::default();
        for one in asking {
            let Tally { answers, wrong } = one.join().expect("a caller");
            all.answers.extend(answers);
            all.wrong.extend(wrong);
        }
        all
    })
}

fn ask(
    client: &mut Option<Client>,
    gateway: SocketAddr,
    (method, id): (&str, usize),
    tally: &mut Tally,
) {
    let start = Instant::now();
    let here = client.get_or_insert_with(|| Client::connect(gateway));
    here.request(method, &format!("/v1/items/{id}"), &[], b"");
    let answer = here.answer(method);
    let status = answer.as_ref().map_or(0, |answer| answer.status);
    tally.answers.push((start, start.elapsed(), status));
    match &answer {
        Ok(answer) if is_wrong(answer, method, id) => {
            tally.wrong.push(format!("{method} {id}: {} {}", answer.status, answer.text()));
        }
        Ok(_) => {}
        Err(_) => *client = None,
    }
}

/// Whether a success is not that of this item, or a failure is no problem.
fn is_wrong(answer: &Answer, method: &str, id: usize) -> bool {
    match (answer.status, method) {
        (200, "GET") => answer.text() != format!("{{\"id\":{id},\"name\":\"item {id}\"}}"),
        (200 | 201, _) => answer.text() != format!("{{\"id\":{id}}}"),
        _ => !answer.text().contains("urn:problem:gateway:"),
    }
}
