//! A connection to a backend, as one request sees it: its own until its end, or a share of one.

mod one;
mod two;

use std::task::Context;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use http_body::Body;
use hyper::body::Incoming;

pub(super) use self::one::One;
pub(super) use self::two::{Shared, Two};
use super::tunnel::Tunnel;
use super::upload::Sent;
use crate::request::{Chunks, frame};

/// The largest body of an answer that is no success, in bytes.
const ERROR_BODY: usize = 64 * 1024;
/// The largest head of an answer, in bytes.
const HEAD: usize = 64 * 1024;

/// What a request goes over.
pub(super) enum Link {
    /// A connection of HTTP/1.1, which carries one request at a time.
    One(One),
    /// A share of a connection of HTTP/2.
    Two(Two),
}

/// What a request can go over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// Whatever the backend prefers.
    Any,
    /// HTTP/1.1: it may change the protocol of its connection, or is driven by who waits for it.
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
        request: http::Request<Sent>,
        limit: usize,
    ) -> Result<Answer, Broken> {
        match self {
            Link::One(one) => one.ask(request, limit).await,
            Link::Two(two) => two.ask(request, limit).await,
        }
    }

    /// Sends a request and waits for the head of its answer. The body comes as it is asked for,
    /// while the link is driven.
    pub(super) async fn begin(
        &mut self,
        request: http::Request<Sent>,
    ) -> Result<http::Response<Incoming>, Broken> {
        match self {
            Link::One(one) => one.begin(request).await,
            Link::Two(two) => two.begin(request).await,
        }
    }

    /// Reads a body that arrives over it, of at most as many bytes as an answer that is no success
    /// may have; empty if there are more, or it breaks off.
    pub(super) async fn rest(&mut self, body: Incoming) -> Bytes {
        match self {
            Link::One(one) => one.rest(body).await,
            Link::Two(_) => collect(body, ERROR_BODY).await.ok().flatten().unwrap_or_default(),
        }
    }

    /// Lets bytes move, as far as they can. Those of HTTP/2 move by themselves.
    pub(super) fn drive(&mut self, context: &mut Context<'_>) {
        if let Link::One(one) = self {
            one.drive(context);
        }
    }

    /// What is left of it after a change of protocol; nothing where there is none.
    pub(super) async fn into_tunnel(self) -> Option<Tunnel> {
        match self {
            Link::One(one) => Some(one.into_tunnel().await),
            Link::Two(_) => None,
        }
    }
}

/// The whole body, or nothing when it is larger than `limit`.
async fn collect(mut body: Incoming, limit: usize) -> Result<Option<Bytes>, hyper::Error> {
    if body.size_hint().lower() > u64::try_from(limit).unwrap_or(u64::MAX) {
        return Ok(None);
    }
    let mut whole = Chunks::default();
    while let Some(frame) = frame(&mut body).await {
        if let Ok(data) = frame?.into_data()
            && whole.push(data, limit).is_none()
        {
            return Ok(None);
        }
    }
    Ok(Some(whole.finish()))
}

/// What happened, for the log: the error and its deepest cause.
pub(super) fn describe(error: &hyper::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    match std::error::Error::source(error) {
        Some(_) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}
