//! Heads of requests, and what they say of the body and the connection (RFC 9112 sections 3, 6 and 9).

use std::mem::MaybeUninit;

use bytes::Bytes;
use http::header::{
    CONNECTION, CONTENT_LENGTH, EXPECT, HeaderMap, HeaderName, HeaderValue, TE, TRANSFER_ENCODING,
};
use http::request::Parts;
use http::{Method, Uri, Version};

use super::write::Form;
use crate::error::Kind;
use crate::http1::body::Framing;
use crate::http1::head::{self, FIELDS};
use crate::server::Limits;

/// The longest target that can be told what is wrong with it, in bytes.
const TARGET: usize = 65_534;

const LENGTH: Kind = Kind::Malformed("the length of the body is not one number");

/// A request as its head says it is.
#[derive(Debug)]
pub(super) struct Ask {
    pub(super) head: Parts,
    pub(super) framing: Framing,
    pub(super) form: Form,
    /// Whether the caller waits to be told to send the body.
    pub(super) waits: bool,
}

/// What could be read of a head.
#[derive(Debug)]
pub(super) enum Read {
    /// All of it, which has so many bytes.
    Whole(Box<Ask>, usize),
    /// The rest has to come first.
    Partial,
}

/// Reads the head that `bytes` begin with.
///
/// # Errors
///
/// How it is refused.
pub(super) fn read(bytes: &Bytes, limits: Limits) -> Result<Read, Kind> {
    let mut space = [const { MaybeUninit::uninit() }; FIELDS];
    let mut request = httparse::Request::new(&mut []);
    let parsed = request.parse_with_uninit_headers(bytes, &mut space);
    let size = match parsed {
        Ok(httparse::Status::Partial) => return Ok(Read::Partial),
        Ok(httparse::Status::Complete(size)) => size,
        Err(error) => return Err(refusal(error, &request, limits)),
    };
    let mut said = Said { version: version(request.version), ..Said::default() };
    let headers = said.fields(request.headers, bytes)?;
    let (mut head, ()) = http::Request::new(()).into_parts();
    head.method = Method::from_bytes(request.method.unwrap_or_default().as_bytes())
        .map_err(|_| Kind::Malformed("the method is none"))?;
    head.uri = target(request.path.unwrap_or_default(), bytes, limits)?;
    head.version = said.version;
    head.headers = headers;
    Ok(Read::Whole(Box::new(said.ask(head)), size))
}

/// What is told of a head that is none.
fn refusal(error: httparse::Error, request: &httparse::Request<'_, '_>, limits: Limits) -> Kind {
    use httparse::Error::{HeaderName, HeaderValue, NewLine, Token, TooManyHeaders, Version};
    Kind::Malformed(match error {
        TooManyHeaders => return Kind::HeadersTooLarge { limit: limits.headers },
        HeaderName => "the name of a header field is none",
        HeaderValue => "the value of a header field is none",
        NewLine => "a line does not end as it should",
        Version => "the version is neither HTTP/1.1 nor HTTP/1.0",
        Token if request.method.is_none() => "the method is none",
        Token => "the request target is none",
        httparse::Error::Status => "the request is none",
    })
}

fn version(minor: Option<u8>) -> Version {
    if minor == Some(0) { Version::HTTP_10 } else { Version::HTTP_11 }
}

fn target(path: &str, bytes: &Bytes, limits: Limits) -> Result<Uri, Kind> {
    if path.len() > TARGET {
        return Err(Kind::TargetTooLong { limit: limits.target });
    }
    Uri::from_maybe_shared(bytes.slice_ref(path.as_bytes()))
        .map_err(|_| Kind::Malformed("the request target is none"))
}

/// What the fields of a head say.
#[derive(Default)]
struct Said {
    version: Version,
    /// How the body is framed, as far as transfer codings say that.
    chunked: bool,
    /// How long it is.
    length: Option<u64>,
    connection: bool,
    waits: bool,
    trailers: bool,
}

impl Said {
    /// The fields, whose bytes are those of the head.
    fn fields(&mut self, found: &[httparse::Header<'_>], bytes: &Bytes) -> Result<HeaderMap, Kind> {
        let mut headers = head::room(found.len());
        for field in found {
            let name = HeaderName::from_bytes(field.name.as_bytes())
                .map_err(|_| Kind::Malformed("the name of a header field is none"))?;
            let value = HeaderValue::from_maybe_shared(bytes.slice_ref(field.value))
                .map_err(|_| Kind::Malformed("the value of a header field is none"))?;
            if self.note(&name, &value)? {
                headers.append(name, value);
            }
        }
        Ok(headers)
    }

    /// Takes note of what a field says, and whether that was not said before.
    fn note(&mut self, name: &HeaderName, value: &HeaderValue) -> Result<bool, Kind> {
        match *name {
            TRANSFER_ENCODING => {
                if self.version == Version::HTTP_10 {
                    return Err(Kind::Malformed("HTTP/1.0 knows no transfer codings"));
                }
                if self.chunked || !value.as_bytes().eq_ignore_ascii_case(b"chunked") {
                    return Err(Kind::Malformed("the only transfer coding is `chunked`"));
                }
                self.chunked = true;
            }
            CONTENT_LENGTH => {
                let length = digits(value.as_bytes());
                let known = self.length.replace(length.ok_or(LENGTH)?);
                if known.is_some() && known != self.length {
                    return Err(LENGTH);
                }
                return Ok(known.is_none());
            }
            CONNECTION => self.connection = true,
            EXPECT => self.waits = value.as_bytes().eq_ignore_ascii_case(b"100-continue"),
            TE => {
                let mut codings = value.as_bytes().split(|byte| *byte == b',');
                self.trailers |=
                    codings.any(|one| one.trim_ascii().eq_ignore_ascii_case(b"trailers"));
            }
            _ => {}
        }
        Ok(true)
    }

    /// The request with what all of this means.
    fn ask(self, mut head: Parts) -> Ask {
        let new = self.version == Version::HTTP_11;
        let mut persists =
            if self.connection { head::persists(self.version, &head.headers) } else { new };
        let framing = match self.length {
            _ if self.chunked => Framing::Chunked,
            length => Framing::Length(length.unwrap_or(0)),
        };
        if self.chunked && self.length.is_some() {
            // Whoever sends both may have been made to: what follows is not believed (section 6.1).
            persists = false;
            head.headers.remove(CONTENT_LENGTH);
        }
        // Who believes in a tunnel may send what somebody else wants to have sent.
        persists &= head.method != Method::CONNECT;
        let form = Form {
            version: self.version,
            head: head.method == Method::HEAD,
            trailers: self.trailers,
            persists,
        };
        Ask { head, framing, form, waits: self.waits && new }
    }
}

/// A number of digits alone (RFC 9110 section 8.6).
fn digits(text: &[u8]) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    text.iter().try_fold(0_u64, |number, byte| {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    })
}

#[cfg(test)]
mod tests;
