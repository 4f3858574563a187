//! One request to two gateways.

use crate::fetch::{Address, Ask, send};
use gatewright_compiler::alike::{Answer, Difference, Ignored, Request, differences, steady};
use gatewright_compiler::proof::Answered;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

/// The most time for an answer.
const PATIENCE: Duration = Duration::from_secs(15);

/// Two gateways.
#[derive(Debug)]
pub(super) struct Gateways {
    pub(super) blue: Address,
    pub(super) green: Address,
    /// Fields that every request has, in place of its own of that name.
    pub(super) fields: Vec<(String, String)>,
}

impl Gateways {
    /// What both answer differently; nothing if neither answers.
    pub(super) fn compare(&self, request: &Request, ignored: &Ignored) -> Option<Vec<Difference>> {
        let headers = self.headers(request);
        let ask = |address: &Address| answer(address, request, &headers);
        let (blue, green) = thread::scope(|scope| {
            let green = scope.spawn(|| ask(&self.green));
            let blue = ask(&self.blue);
            let broken = |_| Err("the thread that asked ended".to_owned());
            (blue, green.join().unwrap_or_else(broken))
        });
        if blue.is_err() && green.is_err() {
            return None;
        }
        let found = differences(&blue, &green, ignored);
        if found.is_empty() || !request.is_safe() {
            return Some(found);
        }
        // What blue itself answers now so and now so says nothing about green.
        let own = differences(&blue, &ask(&self.blue), ignored);
        Some(steady(found, &own))
    }

    /// The fields of a request to both: one id, so that what repeats it is the same, too.
    fn headers<'r>(&'r self, request: &'r Request) -> Vec<(&'r str, String)> {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let own = |name: &str| self.fields.iter().any(|(own, _)| own.eq_ignore_ascii_case(name));
        let kept = request.headers.iter().filter(|(name, _)| !own(name));
        let mut found: Vec<(&str, String)> =
            kept.chain(&self.fields).map(|(name, value)| (name.as_str(), value.clone())).collect();
        if found.iter().all(|(name, _)| !name.eq_ignore_ascii_case("x-request-id")) {
            let count = COUNT.fetch_add(1, Ordering::Relaxed);
            found.push(("X-Request-Id", format!("compare-{}-{count}", std::process::id())));
        }
        found
    }
}

fn answer(address: &Address, request: &Request, headers: &[(&str, String)]) -> Answer {
    let path = format!("{}{}", address.path.trim_end_matches('/'), request.target);
    let address = address.at(&path).map_err(|error| error.to_string())?;
    let body = request.body.as_deref().unwrap_or_default().as_bytes();
    let method = request.method.as_str();
    let ask = Ask { method, address: &address, headers, body, patience: PATIENCE };
    let answer = send(&ask).map_err(|error| error.to_string())?;
    Ok(Answered { status: answer.status, headers: answer.headers, body: answer.body })
}
