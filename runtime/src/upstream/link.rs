//! A connection to a backend, as one request sees it: its own until its end, or a share of one.

mod going;
mod one;
mod sending;
#[cfg(test)]
mod tests;
mod two;

use std::future::poll_fn;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::{AUTHORIZATION, HOST};
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use http_body::{Frame, SizeHint};

pub(super) use self::one::One;
pub(super) use self::two::{STREAMS, Shared, Two};
use super::fields::Fields;
use super::tunnel::Tunnel;
use super::upload::Sent;
use crate::request::{Chunks, identity};

/// The largest body of an answer that is no success, in bytes.
const ERROR_BODY: usize = 64 * 1024;
/// The largest head of an answer, in bytes.
const HEAD: usize = 64 * 1024;

/// The place of a call in a trace.
const TRACEPARENT: HeaderName = HeaderName::from_static(identity::TRACEPARENT);

/// The head of a request.
pub(super) struct Head<'h> {
    pub(super) method: Method,
    pub(super) target: &'h PathAndQuery,
    pub(super) headers: &'h Fields,
    pub(super) instead: Instead<'h>,
}

/// What belongs to one attempt, and takes the place of what every one of them would say.
#[derive(Clone, Copy, Default)]
pub(super) struct Instead<'h> {
    /// Whom it is for (RFC 9110 section 7.2).
    pub(super) host: Option<&'h HeaderValue>,
    pub(super) traceparent: Option<&'h HeaderValue>,
    pub(super) authorization: Option<&'h HeaderValue>,
}

impl<'h> Instead<'h> {
    /// Its fields, but for whom the request is for.
    fn fields(&self) -> impl Iterator<Item = (HeaderName, &'h HeaderValue)> {
        let fields = [(TRACEPARENT, self.traceparent), (AUTHORIZATION, self.authorization)];
        fields.into_iter().filter_map(|(name, value)| Some((name, value?)))
    }

    /// What it has instead of a field.
    fn of(&self, name: &HeaderName) -> Option<&'h HeaderValue> {
        if *name == HOST {
            return self.host;
        }
        if *name == AUTHORIZATION {
            return self.authorization;
        }
        self.traceparent.filter(|_| *name == TRACEPARENT)
    }
}

/// What a request goes over.
pub(super) enum Link {
    /// A connection of HTTP/1.1, which carries one request at a time.
    One(Box<One>),
    /// A share of a connection of HTTP/2.
    Two(Two),
}

/// What a request can go over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// Whatever the backend prefers.
    Any,
    /// HTTP/1.1: it may change the protocol of its connection.
    One,
}

/// A whole answer.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    /// There was more than the limit; `body` is empty then.
    pub(super) overflow: bool,
}

/// The head of an answer.
pub(super) struct AnswerHead {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
}

/// Why there is no answer.
pub(super) struct Broken {
    pub(super) what: String,
    /// Nothing of the request was sent.
    pub(super) unsent: bool,
    /// Nothing had come back.
    pub(super) unanswered: bool,
}

/// How closely an idle connection is looked at before it is used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// By what this core was told of it so far, which costs nothing. A request that can be sent once
    /// more needs no better.
    Told,
    /// By asking the system.
    Asked,
}

impl Look {
    /// For a request of which this is known.
    pub(super) fn of(can_be_sent_twice: bool) -> Look {
        if can_be_sent_twice { Look::Told } else { Look::Asked }
    }
}

impl Link {
    /// Sends a request and reads the whole answer, of at most `limit` bytes.
    pub(super) async fn ask(
        &mut self,
        head: &Head<'_>,
        body: Bytes,
        limit: usize,
    ) -> Result<Answer, Broken> {
        let AnswerHead { status, headers } = self.begin(head, Sent::Whole(body)).await?;
        let limit = if status.is_success() { limit } else { ERROR_BODY };
        let body = self.whole(limit).await;
        let body = body.map_err(|what| Broken { what, unsent: false, unanswered: false })?;
        let overflow = body.is_none();
        Ok(Answer { status, headers, body: body.unwrap_or_default(), overflow })
    }

    /// Sends a request and waits for the head of its answer. The body comes as it is asked for.
    pub(super) async fn begin(
        &mut self,
        head: &Head<'_>,
        body: Sent,
    ) -> Result<AnswerHead, Broken> {
        match self {
            Link::One(one) => one.begin(head, body).await,
            Link::Two(two) => two.begin(head, body).await,
        }
    }

    /// The next part of the body of an answer that has begun.
    pub(super) fn poll_frame(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, String>>> {
        match self {
            Link::One(one) => one.poll_frame(context),
            Link::Two(two) => two.poll_frame(context),
        }
    }

    /// The same, for who waits for it.
    pub(super) async fn frame(&mut self) -> Option<Result<Frame<Bytes>, String>> {
        poll_fn(|context| self.poll_frame(context)).await
    }

    /// Whether all of the body has been taken.
    pub(super) fn is_end_stream(&self) -> bool {
        match self {
            Link::One(one) => one.is_end_stream(),
            Link::Two(two) => two.is_end_stream(),
        }
    }

    /// How much of it is to come.
    pub(super) fn size_hint(&self) -> SizeHint {
        match self {
            Link::One(one) => one.size_hint(),
            Link::Two(two) => two.size_hint(),
        }
    }

    /// Reads the body of an answer that has begun, of at most as many bytes as one that is no success
    /// may have; empty if there are more, or it breaks off.
    pub(super) async fn rest(&mut self) -> Bytes {
        self.whole(ERROR_BODY).await.ok().flatten().unwrap_or_default()
    }

    /// The body of an answer that has begun, or nothing when it is larger than `limit`.
    async fn whole(&mut self, limit: usize) -> Result<Option<Bytes>, String> {
        if self.size_hint().lower() > limit as u64 {
            return Ok(None);
        }
        if let Link::One(one) = self {
            one.gather().await?;
        }
        let mut whole = Chunks::default();
        while let Some(frame) = self.frame().await {
            if let Ok(data) = frame?.into_data()
                && whole.push(data, limit).is_none()
            {
                return Ok(None);
            }
        }
        Ok(Some(whole.finish()))
    }

    /// What is left of it after a change of protocol; nothing where there is none.
    pub(super) fn into_tunnel(self) -> Option<Tunnel> {
        match self {
            Link::One(one) => Some(one.into_tunnel()),
            Link::Two(_) => None,
        }
    }
}
