//! The items of a backend's answer, one after the other as they arrive.

use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;

use bytes::Bytes;
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use http_body::Body;

use super::events::Events;
use super::lines::{Ends, Lines, TooLong};
use crate::contract::Backend;
use crate::observe;
use crate::request::Identity;
use crate::upstream::{Download, Failure, Reason};

/// What a backend that is asked for a stream is told to answer with.
pub(crate) const ACCEPTED: &str = "application/x-ndjson, text/event-stream";

/// The names under which lines of JSON are known.
const LINES: [&str; 5] = [
    "application/x-ndjson",
    "application/ndjson",
    "application/jsonl",
    "application/x-jsonlines",
    "application/json-lines",
];

/// A backend's answer that is a stream. Dropped before its end, it takes its connection with it.
#[derive(Debug)]
pub struct Source {
    backend: &'static Backend,
    operation: &'static str,
    identity: Rc<Identity>,
    /// Nothing once it has ended.
    body: Option<Download>,
    lines: Lines,
    /// Nothing where every line is an item.
    events: Option<Events>,
}

impl Source {
    /// The items in `body`; what is wrong if `headers` do not say that there are any.
    pub(crate) fn new(
        (backend, operation): (&'static Backend, &'static str),
        headers: &HeaderMap,
        body: Option<Download>,
        identity: Rc<Identity>,
    ) -> Result<Source, Reason> {
        let kind =
            headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let name = kind.split(';').next().unwrap_or_default().trim();
        let limit = backend.max_body;
        let is = |other: &str| name.eq_ignore_ascii_case(other);
        let (lines, events) = if is("text/event-stream") {
            // The name of a field and what is around it come on top of its data.
            let lines = Lines::new(Ends::Any, limit.saturating_add(16));
            (lines, Some(Events::new(limit)))
        } else if LINES.into_iter().any(is) {
            (Lines::new(Ends::Feed, limit), None)
        } else {
            let shown: String = name.chars().take(60).collect();
            let what = format!("the result must be a stream of items, is `{shown}`");
            return Err(Reason::Invalid(what));
        };
        Ok(Source { backend, operation, identity, body, lines, events })
    }

    /// The next item, the text of a JSON value that nobody has looked at; nothing at the end.
    ///
    /// # Errors
    ///
    /// The stream breaks off, says nothing for too long, or holds an item of more bytes than a
    /// result of this backend may have.
    pub async fn next(&mut self) -> Result<Option<Bytes>, Failure> {
        if let Some(events) = &mut self.events {
            events.forget();
        }
        loop {
            let found = self.line();
            let found = found.map_err(|TooLong| {
                self.body = None;
                let limit = self.backend.max_body;
                self.failure(Reason::Invalid(format!("an item has more than {limit} bytes")))
            })?;
            if let Some(item) = found {
                return Ok(Some(item));
            }
            match self.more().await? {
                Some(more) => self.lines.add(more),
                None => return Ok(self.end()),
            }
        }
    }

    /// The item that ends with what has come so far, if one does.
    fn line(&mut self) -> Result<Option<Bytes>, TooLong> {
        while let Some(line) = self.lines.next()? {
            let item = match &mut self.events {
                Some(events) => events.line(&line)?,
                None => Some(line).filter(|line| !is_blank(line)),
            };
            if item.is_some() {
                return Ok(item);
            }
        }
        Ok(None)
    }

    /// The last line may do without its end; an event may not.
    fn end(&mut self) -> Option<Bytes> {
        let last = self.lines.last();
        (self.events.is_none() && !is_blank(&last)).then_some(last)
    }

    /// Waits for more; nothing at the end.
    async fn more(&mut self) -> Result<Option<Bytes>, Failure> {
        while let Some(body) = &mut self.body {
            match poll_fn(|context| Pin::new(&mut *body).poll_frame(context)).await {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) if data.is_empty() => {}
                    Ok(data) => return Ok(Some(data)),
                    // Trailers say nothing about items.
                    Err(_) => {}
                },
                Some(Err(_)) => {
                    self.body = None;
                    let what = "the stream broke off".to_owned();
                    return Err(Failure::new(
                        self.backend,
                        self.operation,
                        Reason::Unreachable(what),
                    ));
                }
                None => self.body = None,
            }
        }
        Ok(None)
    }

    fn failure(&self, reason: Reason) -> Failure {
        let failure = Failure::new(self.backend, self.operation, reason);
        observe::within(&self.identity, || observe::call_failed(&failure));
        failure
    }

    /// Appends what an event says about the last item, beside its data.
    pub(super) fn fields(&self, out: &mut Vec<u8>) {
        if let Some(events) = &self.events {
            events.fields(out);
        }
    }
}

fn is_blank(line: &[u8]) -> bool {
    line.iter().all(|byte| matches!(byte, b' ' | b'\t' | b'\r'))
}
