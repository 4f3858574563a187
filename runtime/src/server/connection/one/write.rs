//! Answers as they are written (RFC 9112 sections 4, 6 and 7).

use bytes::Bytes;
use http::header::{
    CONNECTION, CONTENT_LENGTH, DATE, HeaderMap, HeaderName, HeaderValue, TRAILER,
    TRANSFER_ENCODING,
};
use http::{StatusCode, Version};
use http_body::{Body, Frame};

use super::date;
use super::out::Out;
use crate::http1::head;

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

/// How a body is written.
#[derive(Debug)]
pub(super) enum Encoder {
    /// Not at all.
    Nothing,
    /// So many bytes are to come.
    Length(u64),
    /// In chunks, with fields of these names behind them.
    Chunked(Vec<HeaderName>),
    /// Until the connection ends.
    UntilClose,
}

/// A body has ended before its end.
#[derive(Debug)]
pub(super) struct Short;

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

fn field(text: &mut Vec<u8>, name: &HeaderName, value: &HeaderValue) {
    let (name, value) = (name.as_str().as_bytes(), value.as_bytes());
    text.reserve(name.len() + value.len() + 4);
    text.extend_from_slice(name);
    text.extend_from_slice(b": ");
    text.extend_from_slice(value);
    text.extend_from_slice(b"\r\n");
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
            text.extend_from_slice(b"transfer-encoding: chunked\r\n");
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
    let mut names = Vec::new();
    if !said.trailer {
        return names;
    }
    for value in headers.get_all(TRAILER) {
        field(text, &TRAILER, value);
        if form.trailers {
            let listed = value.as_bytes().split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
            names.extend(listed.filter_map(|name| HeaderName::from_bytes(name).ok()));
        }
    }
    names
}

fn content_length(text: &mut Vec<u8>, length: u64) {
    text.extend_from_slice(b"content-length: ");
    number(text, length, 10);
    text.extend_from_slice(b"\r\n");
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

/// Writes a number in digits of this base, at most 16.
fn number(text: &mut Vec<u8>, mut number: u64, base: u64) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    for place in digits.iter_mut().rev() {
        let digit = u8::try_from(number % base).unwrap_or_default();
        *place = if digit < 10 { b'0' + digit } else { b'a' + digit - 10 };
        number /= base;
        at -= 1;
        if number == 0 {
            break;
        }
    }
    text.extend_from_slice(digits.get(at..).unwrap_or_default());
}

impl Encoder {
    /// Whether nothing is to be written.
    pub(super) fn is_done(&self) -> bool {
        matches!(self, Encoder::Nothing | Encoder::Length(0))
    }

    /// Adds a part of the body; `last` if nothing follows. Says whether it ended the body.
    ///
    /// # Errors
    ///
    /// The body is shorter than it said.
    pub(super) fn push(
        &mut self,
        frame: Frame<Bytes>,
        last: bool,
        out: &mut Out,
    ) -> Result<bool, Short> {
        let mut data = match frame.into_data() {
            Ok(data) if data.is_empty() && last => return self.end(out).map(|()| true),
            Ok(data) if data.is_empty() => return Ok(false),
            Ok(data) => data,
            Err(other) => {
                return self.trailers(other.into_trailers().unwrap_or_default(), out);
            }
        };
        match self {
            Encoder::Nothing => return Ok(true),
            Encoder::Length(left) => {
                // Nothing beyond what was announced: it would be taken for another answer.
                data.truncate(usize::try_from(*left).unwrap_or(usize::MAX));
                *left = left.saturating_sub(data.len() as u64);
                let ended = *left == 0;
                out.push(data, b"");
                if last && !ended {
                    return Err(Short);
                }
                return Ok(ended);
            }
            Encoder::Chunked(_) => {
                let text = out.text();
                number(text, data.len() as u64, 16);
                text.extend_from_slice(b"\r\n");
                out.push(data, if last { b"\r\n0\r\n\r\n" } else { b"\r\n" });
            }
            Encoder::UntilClose => out.push(data, b""),
        }
        Ok(last)
    }

    /// Ends the body.
    ///
    /// # Errors
    ///
    /// It is shorter than it said.
    pub(super) fn end(&self, out: &mut Out) -> Result<(), Short> {
        match self {
            Encoder::Length(1..) => Err(Short),
            Encoder::Chunked(_) => {
                out.text().extend_from_slice(b"0\r\n\r\n");
                Ok(())
            }
            Encoder::Nothing | Encoder::Length(0) | Encoder::UntilClose => Ok(()),
        }
    }

    /// Ends the body with the fields behind it that were announced and may stand there.
    fn trailers(&self, fields: HeaderMap, out: &mut Out) -> Result<bool, Short> {
        let Encoder::Chunked(names) = self else { return self.end(out).map(|()| true) };
        let text = out.text();
        text.extend_from_slice(b"0\r\n");
        for (name, value) in &fields {
            if names.contains(name) && is_allowed_behind(name) {
                field(text, name, value);
            }
        }
        text.extend_from_slice(b"\r\n");
        Ok(true)
    }
}

/// Whether a field may stand behind a body (RFC 9110 section 6.5.1).
fn is_allowed_behind(name: &HeaderName) -> bool {
    const AHEAD: [&str; 14] = [
        "authorization",
        "cache-control",
        "connection",
        "content-encoding",
        "content-length",
        "content-range",
        "content-type",
        "host",
        "max-forwards",
        "set-cookie",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    ];
    !AHEAD.contains(&name.as_str())
}
