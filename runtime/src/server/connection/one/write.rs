//! Answers as they are written (RFC 9112 sections 4, 6 and 7).

use http::header::{
    CONNECTION, CONTENT_LENGTH, DATE, HeaderMap, HeaderName, HeaderValue, TRAILER,
    TRANSFER_ENCODING,
};
use http::{StatusCode, Version};
use http_body::Body;

use super::date;
use crate::http1::head;
use crate::http1::out::Out;
use crate::http1::write::{CHUNKED, Encoder, content_length, field, names};

/// What a request says about the form of its answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Form {
    pub(super) version: Version,
    /// It is asked for the head alone.
    pub(super) head: bool,
    /// Fields behind the body are taken.
    pub(super) trailers: bool,
    /// Another request may follow.
    pub(super) persists: bool,
}

impl Form {
    /// That of a request of which nothing is known.
    pub(super) const ANY: Form =
        Form { version: Version::HTTP_11, head: false, trailers: false, persists: true };
}

/// Writes the head of an answer. How its body is to be written, and whether the connection goes on.
pub(super) fn head<B: Body>(
    out: &mut Out,
    response: &http::Response<B>,
    form: Form,
) -> (Encoder, bool) {
    let text = out.text();
    let (status, body) = (response.status(), response.body());
    start(text, form.version, status);
    let said = fields(text, response.headers());
    let length = if body.is_end_stream() { Some(0) } else { body.size_hint().exact() };
    let encoder = framed(text, (status, form), length, &said, response.headers());
    let bounded = !matches!(encoder, Encoder::UntilClose);
    let goes_on = form.persists && bounded && !said.closes && status.as_u16() >= 200;
    connection(text, (status, form), goes_on, (&said, response.headers()));
    if !said.date {
        text.extend_from_slice(b"date: ");
        text.extend_from_slice(&date::present());
        text.extend_from_slice(b"\r\n");
    }
    text.extend_from_slice(b"\r\n");
    (encoder, goes_on)
}

/// The first line.
fn start(text: &mut Vec<u8>, version: Version, status: StatusCode) {
    if version == Version::HTTP_10 {
        text.extend_from_slice(b"HTTP/1.0 ");
    } else if status == StatusCode::OK {
        text.extend_from_slice(b"HTTP/1.1 200 OK\r\n");
        return;
    } else {
        text.extend_from_slice(b"HTTP/1.1 ");
    }
    text.extend_from_slice(status.as_str().as_bytes());
    text.push(b' ');
    text.extend_from_slice(status.canonical_reason().unwrap_or("Unknown").as_bytes());
    text.extend_from_slice(b"\r\n");
}

/// What an answer says about itself.
#[derive(Default)]
struct Said {
    date: bool,
    connection: bool,
    /// The connection is to end.
    closes: bool,
    trailer: bool,
    length: bool,
}

/// Writes the fields that are not about the connection.
fn fields(text: &mut Vec<u8>, headers: &HeaderMap) -> Said {
    let mut said = Said::default();
    for (name, value) in headers {
        match *name {
            CONNECTION => {
                said.connection = true;
                said.closes |= lists(value, b"close");
                continue;
            }
            CONTENT_LENGTH => {
                said.length = true;
                continue;
            }
            TRAILER => {
                said.trailer = true;
                continue;
            }
            TRANSFER_ENCODING => continue,
            DATE => said.date = true,
            _ => {}
        }
        field(text, name, value);
    }
    said
}

/// Whether a list of options has this one.
fn lists(value: &HeaderValue, option: &[u8]) -> bool {
    let mut options = value.as_bytes().split(|byte| *byte == b',');
    options.any(|one| one.trim_ascii().eq_ignore_ascii_case(option))
}

/// Writes how the body is framed.
fn framed(
    text: &mut Vec<u8>,
    (status, form): (StatusCode, Form),
    length: Option<u64>,
    said: &Said,
    headers: &HeaderMap,
) -> Encoder {
    let declared = || said.length.then(|| head::length(headers).ok().flatten()).flatten();
    if status.is_informational() || status == StatusCode::NO_CONTENT {
        return Encoder::Nothing;
    }
    if form.head {
        // Nothing at hand says nothing about what a GET would be answered.
        if let Some(length) = declared().or(length.filter(|length| *length > 0)) {
            content_length(text, length);
        }
        return Encoder::Nothing;
    }
    if status == StatusCode::NOT_MODIFIED {
        return Encoder::Nothing;
    }
    match length.or_else(declared) {
        Some(length) => {
            content_length(text, length);
            Encoder::Length(length)
        }
        None if form.version == Version::HTTP_10 => Encoder::UntilClose,
        None => {
            text.extend_from_slice(CHUNKED);
            Encoder::Chunked(announced(text, (said, form), headers))
        }
    }
}

/// Writes which fields stand behind the body, if the caller takes any.
fn announced(
    text: &mut Vec<u8>,
    (said, form): (&Said, Form),
    headers: &HeaderMap,
) -> Vec<HeaderName> {
    let mut all = Vec::new();
    if !said.trailer {
        return all;
    }
    for value in headers.get_all(TRAILER) {
        field(text, &TRAILER, value);
        if form.trailers {
            all.extend(names(value));
        }
    }
    all
}

/// Writes what becomes of the connection (RFC 9112 section 9.3).
fn connection(
    text: &mut Vec<u8>,
    (status, form): (StatusCode, Form),
    goes_on: bool,
    (said, headers): (&Said, &HeaderMap),
) {
    let old = form.version == Version::HTTP_10;
    if said.connection {
        headers.get_all(CONNECTION).iter().for_each(|value| field(text, &CONNECTION, value));
    }
    if status == StatusCode::SWITCHING_PROTOCOLS || said.closes {
        return;
    }
    match goes_on {
        true if old => text.extend_from_slice(b"connection: keep-alive\r\n"),
        false if !old => text.extend_from_slice(b"connection: close\r\n"),
        _ => {}
    }
}
