//! How messages are written: fields, lengths, and where bodies end (RFC 9112 sections 5 to 7).

use bytes::Bytes;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use http_body::Frame;

use super::out::Out;
use crate::digits::Digits;

/// The field of a body that goes in chunks.
pub(crate) const CHUNKED: &[u8] = b"transfer-encoding: chunked\r\n";

/// How a body is written.
#[derive(Debug)]
pub(crate) enum Encoder {
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
pub(crate) struct Short;

/// The fields that a list announces behind a body (RFC 9110 section 6.6.2).
pub(crate) fn names(list: &HeaderValue) -> impl Iterator<Item = HeaderName> {
    let names = list.as_bytes().split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
    names.filter_map(|name| HeaderName::from_bytes(name).ok())
}

/// Writes a field.
pub(crate) fn field(text: &mut Vec<u8>, name: &HeaderName, value: &HeaderValue) {
    let (name, value) = (name.as_str().as_bytes(), value.as_bytes());
    text.reserve(name.len() + value.len() + 4);
    text.extend_from_slice(name);
    text.extend_from_slice(b": ");
    text.extend_from_slice(value);
    text.extend_from_slice(b"\r\n");
}

/// Writes how many bytes a body has.
pub(crate) fn content_length(text: &mut Vec<u8>, length: u64) {
    text.extend_from_slice(b"content-length: ");
    text.extend_from_slice(Digits::decimal(length, 1).as_bytes());
    text.extend_from_slice(b"\r\n");
}

impl Encoder {
    /// Whether nothing is to be written.
    pub(crate) fn is_done(&self) -> bool {
        matches!(self, Encoder::Nothing | Encoder::Length(0))
    }

    /// Whether it has room for so many bytes more.
    pub(crate) fn fits(&self, size: usize) -> bool {
        match self {
            Encoder::Length(left) => size as u64 <= *left,
            Encoder::Nothing => size == 0,
            Encoder::Chunked(_) | Encoder::UntilClose => true,
        }
    }

    /// How many bytes are to come, where nothing stands between them; else 0.
    pub(crate) fn left(&self) -> u64 {
        if let Encoder::Length(left) = self { *left } else { 0 }
    }

    /// So many of these are on their way.
    pub(crate) fn skip(&mut self, size: u64) {
        if let Encoder::Length(left) = self {
            *left = left.saturating_sub(size);
        }
    }

    /// Adds a part of the body; `last` if nothing follows. Says whether it ended the body.
    ///
    /// # Errors
    ///
    /// The body is shorter than it said.
    pub(crate) fn push(
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
                text.extend_from_slice(Digits::hex(data.len() as u64).as_bytes());
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
    pub(crate) fn end(&self, out: &mut Out) -> Result<(), Short> {
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
        for (name, value) in &behind(fields, names) {
            field(text, name, value);
        }
        text.extend_from_slice(b"\r\n");
        Ok(true)
    }
}

/// Of fields behind a body those that were announced and may stand there.
pub(crate) fn behind(mut fields: HeaderMap, announced: &[HeaderName]) -> HeaderMap {
    let names: Vec<HeaderName> = fields.keys().cloned().collect();
    for name in names {
        if !announced.contains(&name) || !is_allowed_behind(&name) {
            fields.remove(name);
        }
    }
    fields
}

/// Whether a field may stand behind a body: those may not that say how a message is framed, led and
/// taken, who sends it, and what the body is (RFC 9110 section 6.5.1).
fn is_allowed_behind(name: &HeaderName) -> bool {
    const AHEAD: [&str; 27] = [
        "authorization",
        "cache-control",
        "connection",
        "content-encoding",
        "content-length",
        "content-range",
        "content-type",
        "cookie",
        "expect",
        "host",
        "if-match",
        "if-modified-since",
        "if-none-match",
        "if-range",
        "if-unmodified-since",
        "keep-alive",
        "max-forwards",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "range",
        "set-cookie",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "www-authenticate",
    ];
    !AHEAD.contains(&name.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_says_how_a_message_is_taken_stands_before_its_body() {
        for (name, expected) in [
            ("authorization", false),
            ("host", false),
            ("if-match", false),
            ("www-authenticate", false),
            ("digest", true),
            ("x-sum", true),
        ] {
            assert_eq!(is_allowed_behind(&HeaderName::from_static(name)), expected, "{name}");
        }
    }
}
