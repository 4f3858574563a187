//! One attempt: a connection, a request on it, its whole answer.

use bytes::Bytes;
use http::header::HeaderMap;
use http::uri::PathAndQuery;
use http_body_util::Full;

use super::Upstream;
use super::failure::Reason;
use super::link::{Answer, Broken};
use super::upload::Sent;
use crate::contract::Method;

/// A request that can be sent more than once.
#[derive(Clone, Debug)]
pub(super) struct Outgoing {
    pub(super) method: Method,
    pub(super) target: PathAndQuery,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Outgoing {
    fn to_http(&self) -> http::Request<Sent> {
        let mut request = http::Request::new(Sent::Whole(Full::new(self.body.clone())));
        *request.method_mut() = self.method.as_http();
        *request.uri_mut() = http::Uri::from(self.target.clone());
        request.headers_mut().clone_from(&self.headers);
        request
    }
}

/// Asks `upstream` and waits for the whole answer, of at most `limit` bytes.
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
    limit: usize,
) -> Result<Answer, Reason> {
    if let Some(mut link) = upstream.pool.take() {
        match link.ask(outgoing.to_http(), limit).await {
            Ok(answer) => {
                upstream.pool.put(link);
                return Ok(answer);
            }
            Err(Broken { unsent, unanswered, .. })
                if unsent || (unanswered && outgoing.method.is_idempotent()) => {}
            Err(Broken { what, .. }) => return Err(Reason::Unreachable(what)),
        }
    }
    let mut link = upstream.connector.connect().await?;
    match link.ask(outgoing.to_http(), limit).await {
        Ok(answer) => {
            upstream.pool.put(link);
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
