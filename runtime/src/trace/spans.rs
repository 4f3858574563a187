//! Spans as they are sent (`opentelemetry.proto.trace.v1.Span`), by the conventions for HTTP.

use std::net::SocketAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::context::Context;
use super::proto::Proto;
use crate::access::{Entry, Trail};
use crate::contract::Backend;
use crate::metrics::Outcome;

/// `SPAN_KIND_SERVER` and `SPAN_KIND_CLIENT`.
const SERVER: u64 = 2;
const CLIENT: u64 = 3;
/// `STATUS_CODE_ERROR`.
const ERROR: u64 = 2;
/// The number of `ScopeSpans.spans`.
pub(super) const SPANS: u32 = 2;
/// The numbers of a span's attributes and events.
const ATTRIBUTE: u32 = 9;
const EVENT: u32 = 11;
/// The methods that are named as they are; a caller may invent others.
const METHODS: [&str; 9] =
    ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"];

/// A request that has ended.
#[derive(Debug)]
pub(crate) struct Asked<'s> {
    pub(crate) context: Context,
    /// How it came: `https` or `http`.
    pub(crate) scheme: &'static str,
    /// What its line in the log says, too.
    pub(crate) entry: &'s Entry<'s>,
}

impl Asked<'_> {
    pub(super) fn write(&self, out: &mut Proto) {
        let known = METHODS.contains(&self.entry.method);
        let method = if known { self.entry.method } else { "HTTP" };
        let name = match self.entry.endpoint {
            Some(endpoint) => format!("{method} {}", endpoint.template),
            None => method.to_owned(),
        };
        out.message(SPANS, |out| {
            let now = frame(out, self.context, &name, SERVER, self.entry.took);
            self.request(known, out);
            self.answer(out);
            misread(self.entry.trail, now, out);
        });
    }

    fn request(&self, known: bool, out: &mut Proto) {
        out.text(
            ATTRIBUTE,
            "http.request.method",
            if known { self.entry.method } else { "_OTHER" },
        );
        out.text(ATTRIBUTE, "url.path", self.entry.path);
        out.text(ATTRIBUTE, "url.scheme", self.scheme);
        let protocol = match self.entry.protocol {
            http::Version::HTTP_2 => "2",
            http::Version::HTTP_10 => "1.0",
            _ => "1.1",
        };
        out.text(ATTRIBUTE, "network.protocol.version", protocol);
        out.text(ATTRIBUTE, "client.address", &self.entry.peer.to_canonical().to_string());
        out.text(ATTRIBUTE, "gatewright.request", self.entry.id);
        if let Some(endpoint) = self.entry.endpoint {
            out.text(ATTRIBUTE, "http.route", endpoint.template);
            out.text(ATTRIBUTE, "gatewright.version", endpoint.version);
        }
    }

    fn answer(&self, out: &mut Proto) {
        if let Some(status) = self.entry.status {
            out.count(ATTRIBUTE, "http.response.status_code", u64::from(status));
        }
        for (name, value) in [
            ("gatewright.problem", self.entry.problem),
            ("gatewright.limit", self.entry.limit),
            ("gatewright.auth", self.entry.auth),
            ("gatewright.consumer", self.entry.consumer),
        ] {
            if let Some(value) = value {
                out.text(ATTRIBUTE, name, value);
            }
        }
        if !self.entry.fallbacks.is_empty() {
            out.texts(ATTRIBUTE, "gatewright.fallbacks", self.entry.fallbacks);
        }
        if let Some(reused) = self.entry.reused {
            out.text(ATTRIBUTE, "gatewright.cache", reused.as_str());
        }
        // What a caller does wrong is no error of a server.
        match self.entry.status {
            None => failed("aborted", out),
            Some(status @ 500..) => match self.entry.problem {
                Some(problem) => failed(problem, out),
                None => failed(&status.to_string(), out),
            },
            Some(_) => {}
        }
    }
}

/// Results that had come well and were not what the contract reads.
fn misread(trail: &Trail, now: u64, out: &mut Proto) {
    for call in trail.calls().filter(|call| call.outcome == Outcome::Invalid) {
        out.message(EVENT, |out| {
            out.fixed64(1, now);
            out.bytes(2, b"invalid result");
            out.text(3, "gatewright.backend", call.backend);
            out.text(3, "gatewright.operation", call.operation);
        });
    }
}

/// A further attempt of a call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Retry {
    pub(crate) at: SystemTime,
    /// How the attempt before it ended.
    pub(crate) after: Outcome,
}

/// A call that has ended, with all its attempts.
#[derive(Debug)]
pub(crate) struct Made<'s> {
    pub(crate) context: Context,
    pub(crate) backend: &'static Backend,
    /// `GET /items/{id}`
    pub(crate) operation: &'static str,
    pub(crate) outcome: Outcome,
    pub(crate) took: Duration,
    pub(crate) attempts: u32,
    pub(crate) retries: &'s [Retry],
    /// Whether it is a copy that nobody waits for.
    pub(crate) copy: bool,
    /// The host and the address that were asked last.
    pub(crate) asked: Option<(&'s str, SocketAddr)>,
    /// The status of the last answer.
    pub(crate) status: Option<u16>,
}

impl Made<'_> {
    pub(super) fn write(&self, out: &mut Proto) {
        let (method, template) = self.operation.split_once(' ').unwrap_or(("", self.operation));
        out.message(SPANS, |out| {
            frame(out, self.context, self.operation, CLIENT, self.took);
            out.text(ATTRIBUTE, "http.request.method", method);
            out.text(ATTRIBUTE, "url.template", template);
            out.text(ATTRIBUTE, "gatewright.backend", self.backend.name);
            out.text(ATTRIBUTE, "gatewright.outcome", self.outcome.as_str());
            if self.attempts > 1 {
                let more = u64::from(self.attempts - 1);
                out.count(ATTRIBUTE, "http.request.resend_count", more);
            }
            if self.copy {
                out.text(ATTRIBUTE, "gatewright.copy", "true");
            }
            self.place(out);
            if let Some(status) = self.status {
                out.count(ATTRIBUTE, "http.response.status_code", u64::from(status));
            }
            for retry in self.retries {
                out.message(EVENT, |out| {
                    out.fixed64(1, nanos(retry.at));
                    out.bytes(2, b"retry");
                    out.text(3, "gatewright.outcome", retry.after.as_str());
                });
            }
            match (self.outcome, self.status) {
                (Outcome::Ok, _) => {}
                (_, Some(status @ 300..)) => failed(&status.to_string(), out),
                (outcome, _) => failed(outcome.as_str(), out),
            }
        });
    }

    fn place(&self, out: &mut Proto) {
        let Some((authority, address)) = self.asked else { return };
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) => match port.parse::<u16>() {
                Ok(port) => (host, port),
                Err(_) => (authority, address.port()),
            },
            None => (authority, address.port()),
        };
        out.text(ATTRIBUTE, "server.address", host.trim_matches(['[', ']']));
        out.count(ATTRIBUTE, "server.port", u64::from(port));
        out.text(ATTRIBUTE, "network.peer.address", &address.ip().to_canonical().to_string());
        out.count(ATTRIBUTE, "network.peer.port", u64::from(address.port()));
    }
}

/// What every span has; returns its end.
fn frame(out: &mut Proto, context: Context, name: &str, kind: u64, took: Duration) -> u64 {
    let now = nanos(SystemTime::now());
    let took = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
    out.bytes(1, &context.trace.to_be_bytes());
    out.bytes(2, &context.span.to_be_bytes());
    if context.parent != 0 {
        out.bytes(4, &context.parent.to_be_bytes());
    }
    out.bytes(5, name.as_bytes());
    out.number(6, kind);
    out.fixed64(7, now.saturating_sub(took));
    out.fixed64(8, now);
    out.fixed32(16, context.span_flags());
    now
}

/// It is an error, of this type.
fn failed(what: &str, out: &mut Proto) {
    out.text(ATTRIBUTE, "error.type", what);
    out.message(15, |out| out.number(3, ERROR));
}

/// Nanoseconds since 1970.
fn nanos(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}
