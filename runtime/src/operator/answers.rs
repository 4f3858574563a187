//! What an operator is answered.

use http::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use http::{Method, StatusCode};

use super::Subject;
use crate::contract::Contract;
use crate::error::{Error, Kind};
use crate::json::Writer;
use crate::metrics::{self, Form, Page};
use crate::request::Identity;
use crate::request::identity::REQUEST_ID;
use crate::response::{AnswerBody, Response};
use crate::server::Phase;
use crate::settings::Settings;

/// Answers one request. Its body, if it has one, is not read.
pub(super) fn answer<B>(
    subject: &Subject,
    request: &http::Request<B>,
) -> http::Response<AnswerBody> {
    let found: fn(&Subject, &HeaderMap) -> Result<Response, Error> = match request.uri().path() {
        "/live" => |subject, _| live(subject),
        "/ready" => |subject, _| ready(subject),
        "/metrics" => |subject, headers| Ok(metrics(subject, headers)),
        "/contract" => |subject, _| Ok(json(contract(subject.contract))),
        "/env" => |subject, _| Ok(json(environment(&subject.settings))),
        _ => |_, _| Err(Kind::NoRoute { detail: None, links: Vec::new() }.into()),
    };
    let answered = match *request.method() {
        Method::GET | Method::HEAD => found(subject, request.headers()),
        _ => Err(Kind::Method { allow: "GET, HEAD".to_owned() }.into()),
    };
    let identity = Identity::of(request.headers());
    let mut response = answered.unwrap_or_else(|error| error.into_response(identity.id()));
    let headers = response.headers_mut();
    headers.insert(http::header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    const NO_SNIFF: HeaderName = http::header::X_CONTENT_TYPE_OPTIONS;
    headers.insert(NO_SNIFF, HeaderValue::from_static("nosniff"));
    headers.insert(HeaderName::from_static(REQUEST_ID), identity.header());
    response.into_http().0
}

/// Whether the process is worth keeping: one that is not is to be started anew.
fn live(subject: &Subject) -> Result<Response, Error> {
    match subject.pulses.missed() {
        0 => Ok(word("live")),
        1 => Err(Kind::NotLive { why: "a core does not move".to_owned() }.into()),
        more => Err(Kind::NotLive { why: format!("{more} cores do not move") }.into()),
    }
}

/// Whether requests are to be sent here.
fn ready(subject: &Subject) -> Result<Response, Error> {
    let why = match *subject.phase.borrow() {
        Phase::Serving if subject.guards.are_ready() => return Ok(word("ready")),
        Phase::Serving => "keys that callers are checked with could not be had yet",
        Phase::Starting => "it does not listen yet",
        Phase::Stopping => "it was asked to stop, and takes requests for a while yet",
        Phase::Draining => "it was asked to stop, and ends what it has begun",
    };
    Err(Kind::NotReady { why }.into())
}

/// What was counted, in the form that the reader prefers.
fn metrics(subject: &Subject, headers: &HeaderMap) -> Response {
    let accept = headers.get(ACCEPT).and_then(|accept| accept.to_str().ok());
    let form = Form::preferred(accept.unwrap_or_default());
    let mut page = Page::new(form);
    let Subject { contract, metrics, gates, cache, .. } = subject;
    metrics::write(&mut page, (contract, metrics), (gates, cache));
    text(form.media_type(), page.finish().into_bytes())
}

fn word(word: &'static str) -> Response {
    text("text/plain; charset=utf-8", format!("{word}\n").into_bytes())
}

fn json(body: Writer) -> Response {
    text("application/json", body.finish())
}

fn text(media_type: &'static str, body: Vec<u8>) -> Response {
    let mut response = Response::bytes(StatusCode::OK, body);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}

/// What is compiled in.
pub(crate) fn contract(contract: &Contract) -> Writer {
    let mut out = Writer::with_capacity(4096);
    out.raw("{");
    for (name, value) in
        [("api", contract.api), ("compiler", contract.compiler), ("revision", contract.revision)]
    {
        out.key(name);
        optional(&mut out, value);
    }
    out.key("build");
    out.raw("{");
    for (name, text) in contract.build {
        out.key(name);
        out.text(text);
    }
    out.raw("}");
    out.key("default");
    optional(&mut out, contract.selection.default_version());
    out.key("versions");
    out.raw("[");
    for version in contract.versions {
        out.comma();
        out.raw("{");
        out.key("version");
        out.text(version.label);
        out.key("draft");
        out.raw(if version.draft { "true" } else { "false" });
        let published = version.published.map_or(("", ""), |one| (one.revision, one.chain));
        out.key("revision");
        optional(&mut out, published.0);
        out.key("chain");
        optional(&mut out, published.1);
        out.key("sha256");
        optional(&mut out, version.digest);
        out.key("source");
        optional(&mut out, version.source);
        out.raw("}");
    }
    out.raw("]}\n");
    out
}

/// A text, and null where it is empty.
fn optional(out: &mut Writer, text: &str) {
    match text {
        "" => out.raw("null"),
        text => out.text(text),
    }
}

/// What was read from the environment.
fn environment(settings: &Settings) -> Writer {
    let mut out = Writer::with_capacity(1024);
    out.raw("[");
    for read in &settings.read {
        out.comma();
        out.raw("{");
        out.key("name");
        out.text(read.variable.name);
        out.key("kind");
        out.text(read.variable.kind.as_str());
        out.key("from");
        out.text(match read.set {
            true => "environment",
            false => "default",
        });
        out.key("value");
        match &read.shown {
            Some(text) => out.text(text),
            None => out.raw("null"),
        }
        out.key("about");
        out.text(read.variable.about);
        out.raw("}");
    }
    out.raw("]\n");
    out
}
