//! One attempt: a connection, a request on it, its whole answer.

use std::time::Duration;

use bytes::Bytes;
use http::uri::PathAndQuery;

use super::Upstream;
use super::failure::Reason;
use super::fields::Fields;
use super::link::{Answer, Broken, Head, Look, Wanted};
use super::visits::Visits;
use crate::contract::Method;

/// A request that can be sent more than once.
#[derive(Clone, Debug)]
pub(super) struct Outgoing {
    pub(super) method: Method,
    pub(super) target: PathAndQuery,
    pub(super) headers: Fields,
    pub(super) body: Bytes,
}

impl Outgoing {
    /// Its head as it goes to where `visits` is.
    fn head<'h>(&'h self, visits: &'h Visits) -> Head<'h> {
        Head {
            method: self.method.as_http(),
            target: &self.target,
            headers: &self.headers,
            instead: visits.instead(&self.headers),
        }
    }
}

/// How much an attempt may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// The largest answer, in bytes.
    pub(super) size: usize,
    /// The time that it has.
    pub(super) time: Duration,
}

/// Asks `upstream` at the next address of `visits` and waits for the whole answer. Whoever calls
/// this sees to its time.
///
/// A connection may close between two requests, before the other side hears of it. So a request
/// that failed on a used connection is sent once more on another, if it was never sent, or if
/// sending it twice means the same as once and nothing had come back.
///
/// # Errors
///
/// There is no whole answer.
pub(super) async fn exchange(
    upstream: &Upstream,
    outgoing: &Outgoing,
    bounds: Bounds,
    visits: &mut Visits,
) -> Result<Answer, Reason> {
    visits.begin(upstream).await?;
    let ready = (bounds.time, Wanted::Any, Look::of(outgoing.method.is_idempotent()));
    if let Some(mut link) = visits.ready(upstream, ready).await {
        match link.ask(&outgoing.head(visits), outgoing.body.clone(), bounds.size).await {
            Ok(answer) => {
                visits.keep(link);
                return Ok(answer);
            }
            Err(Broken { unsent, unanswered, .. })
                if unsent || (unanswered && outgoing.method.is_idempotent()) => {}
            Err(Broken { what, .. }) => return Err(Reason::Unreachable(what)),
        }
    }
    let mut link = visits.connect(upstream, (bounds.time, Wanted::Any)).await?;
    match link.ask(&outgoing.head(visits), outgoing.body.clone(), bounds.size).await {
        Ok(answer) => {
            visits.keep(link);
            Ok(answer)
        }
        Err(Broken { what, .. }) => Err(Reason::Unreachable(what)),
    }
}

/// The body of a 2xx answer within the limit, or what is wrong with it.
pub(super) fn judge(answer: Answer, limit: usize) -> Result<Bytes, Reason> {
    match answer {
        Answer { status, body, .. } if !status.is_success() => {
            Err(Reason::Status(status.as_u16(), body))
        }
        Answer { overflow: true, .. } => {
            Err(Reason::Invalid(format!("the result has more than {limit} bytes")))
        }
        Answer { body, .. } => Ok(body),
    }
}
