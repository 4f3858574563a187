//! The answer to a request.

use std::any::Any;
use std::pin::Pin;
use std::rc::Rc;
#[cfg(feature = "compress")]
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use http_body::{Body, Frame, SizeHint};
use http_body_util::Full;

#[cfg(feature = "compress")]
use crate::coding::{Coded, Coding, Kept};
use crate::error::{Error, Kind};
use crate::http1::head;
use crate::items::Feed;
use crate::json::{Raw, Writer};
use crate::pipe::{Pipe, Pours};
use crate::request::Identity;
use crate::upstream::{Download, Stopped, Tunnel};

/// Says which members of the answer are stand-ins.
const FALLBACK: HeaderName = HeaderName::from_static("fallback");

/// Up to how many bytes a body is compressed before its head is sent, which then says its length.
#[cfg(feature = "compress")]
const AT_ONCE: usize = 128 * 1024;

/// The answer that a handler gives: status, header fields and a body, whole or as it arrives.
#[derive(Debug)]
pub struct Response {
    status: StatusCode,
    headers: HeaderMap,
    content: Content,
    /// What stood in for fields of the answer, as [`Response::fallback`] was told.
    fallbacks: Vec<&'static str>,
    /// The same body, compressed for others before.
    #[cfg(feature = "compress")]
    kept: Option<Arc<Kept>>,
}

/// What comes behind the head of an answer.
#[derive(Debug)]
enum Content {
    Whole(Bytes),
    Passed(Box<Download>),
    Items(Box<Feed>),
    #[cfg(feature = "compress")]
    Coded(Box<Coded>),
    Tunnel(Tunnel),
}

/// The body of an answer on its way to the caller.
pub(crate) enum AnswerBody {
    Whole(Full<Bytes>),
    /// As it arrives, and what is kept for as long as it does.
    Passed(Box<Download>, Option<Held>),
    /// Items as they are made, and what is kept for as long as they are.
    Items(Box<Feed>, Option<Held>),
    /// One of these, compressed.
    #[cfg(feature = "compress")]
    Coded(Box<Coded>, Option<Held>),
}

/// What is kept for as long as a body is sent.
pub(crate) struct Held {
    /// The request that it answers, which is told how much was sent.
    identity: Option<Rc<Identity>>,
    _guard: Box<dyn Any>,
}

impl AnswerBody {
    /// No body.
    pub(crate) fn empty() -> AnswerBody {
        AnswerBody::Whole(Full::default())
    }

    /// Keeps `guard` until the body has been sent or given up, if it is not at hand already, and
    /// tells the request how much was sent.
    pub(crate) fn hold(&mut self, guard: impl Any, identity: Option<Rc<Identity>>) {
        let held = match self {
            AnswerBody::Whole(_) => return,
            AnswerBody::Passed(_, held) | AnswerBody::Items(_, held) => held,
            #[cfg(feature = "compress")]
            AnswerBody::Coded(_, held) => held,
        };
        *held = Some(Held { identity, _guard: Box::new(guard) });
    }

    fn held(&self) -> Option<&Held> {
        match self {
            AnswerBody::Whole(_) => None,
            AnswerBody::Passed(_, held) | AnswerBody::Items(_, held) => held.as_ref(),
            #[cfg(feature = "compress")]
            AnswerBody::Coded(_, held) => held.as_ref(),
        }
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = Stopped;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Stopped>>> {
        let polled = match &mut *self {
            AnswerBody::Whole(body) => {
                return Pin::new(body).poll_frame(context).map_err(|never| match never {});
            }
            AnswerBody::Passed(body, _) => Pin::new(&mut **body).poll_frame(context),
            AnswerBody::Items(body, _) => Pin::new(&mut **body).poll_frame(context),
            #[cfg(feature = "compress")]
            AnswerBody::Coded(body, _) => Pin::new(&mut **body).poll_frame(context),
        };
        if let Poll::Ready(Some(Ok(frame))) = &polled
            && let Some(identity) = self.held().and_then(|held| held.identity.as_ref())
        {
            identity.trail.sent(frame.data_ref().map_or(0, Bytes::len));
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        match self {
            AnswerBody::Whole(body) => body.is_end_stream(),
            AnswerBody::Passed(body, _) => body.is_end_stream(),
            AnswerBody::Items(body, _) => body.is_end_stream(),
            #[cfg(feature = "compress")]
            AnswerBody::Coded(body, _) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            AnswerBody::Whole(body) => body.size_hint(),
            AnswerBody::Passed(body, _) => body.size_hint(),
            AnswerBody::Items(body, _) => body.size_hint(),
            #[cfg(feature = "compress")]
            AnswerBody::Coded(body, _) => body.size_hint(),
        }
    }
}

impl Pours for AnswerBody {
    fn pours(&self) -> u64 {
        match self {
            AnswerBody::Passed(body, _) => body.pours(),
            _ => 0,
        }
    }

    fn poll_pour(
        &mut self,
        pipe: &mut Pipe,
        most: u64,
        context: &mut Context<'_>,
    ) -> Poll<Result<u64, Stopped>> {
        let AnswerBody::Passed(body, held) = self else { return Poll::Ready(Ok(0)) };
        let polled = body.poll_pour(pipe, most, context);
        if let (Poll::Ready(Ok(size)), Some(held)) = (&polled, held)
            && let Some(identity) = &held.identity
        {
            identity.trail.sent(usize::try_from(*size).unwrap_or(usize::MAX));
        }
        polled
    }
}

impl Response {
    /// An answer with a JSON body. A status outside 100 to 999 becomes 500.
    pub fn json(status: u16, body: Writer) -> Response {
        let mut response = Response::bytes(status_code(status), body.finish());
        response.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        response
    }

    /// An answer without a body. A status outside 100 to 999 becomes 500.
    pub fn empty(status: u16) -> Response {
        Response::bytes(status_code(status), Vec::new())
    }

    /// Adds a header field.
    ///
    /// # Errors
    ///
    /// When the name or the value is none (RFC 9110 section 5.5). The value comes from a backend's
    /// result, so the answer is then 502 `backend-failed`.
    pub fn header(&mut self, name: &'static str, value: &str) -> Result<(), Error> {
        let illegal =
            || Error::from(Kind::BackendFailed).because(format!("illegal value for `{name}`"));
        let field = HeaderName::from_bytes(name.as_bytes()).map_err(|_| illegal())?;
        let value = field_value(value).ok_or_else(illegal)?;
        self.headers.append(field, value);
        Ok(())
    }

    /// Adds a header field that holds a JSON scalar: a text without its quotes, a number without
    /// an exponent. Null adds none.
    ///
    /// # Errors
    ///
    /// When the value cannot be that of a header field, as for [`Response::header`].
    pub fn value_header(&mut self, name: &'static str, value: Writer) -> Result<(), Error> {
        let json = String::from_utf8(value.finish()).map_err(|_| {
            Error::from(Kind::BackendFailed).because(format!("no text in `{name}`"))
        })?;
        let value = Raw::checked(&json);
        if value.is_null() { Ok(()) } else { self.header(name, &value.plain()) }
    }

    /// Says that `fields` (`reviews, in_stock`) are stand-ins: adds them to the `Fallback` field
    /// and makes the answer `Cache-Control: no-store`.
    pub fn fallback(&mut self, fields: &'static str) {
        let all = match self.headers.get(FALLBACK).and_then(|known| known.to_str().ok()) {
            Some(known) => HeaderValue::try_from(format!("{known}, {fields}")).ok(),
            None => field_value(fields),
        };
        if let Some(all) = all {
            self.headers.insert(FALLBACK, all);
        }
        self.headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        self.fallbacks.push(fields);
    }

    pub(crate) fn take_fallbacks(&mut self) -> Vec<&'static str> {
        std::mem::take(&mut self.fallbacks)
    }

    /// How many bytes the body has; 0 for one that arrives while it is sent.
    pub(crate) fn length(&self) -> u64 {
        match &self.content {
            Content::Whole(body) => body.len() as u64,
            _ => 0,
        }
    }

    pub(crate) fn status(&self) -> u16 {
        self.status.as_u16()
    }

    pub(crate) fn bytes(status: StatusCode, body: Vec<u8>) -> Response {
        Response::of(status, head::room(0), Content::Whole(Bytes::from(body)))
    }

    fn of(status: StatusCode, headers: HeaderMap, content: Content) -> Response {
        Response {
            status,
            headers,
            content,
            fallbacks: Vec::new(),
            #[cfg(feature = "compress")]
            kept: None,
        }
    }

    /// Names the JSON of this answer more exactly. A problem keeps its own name.
    pub(crate) fn name_json(&mut self, media_type: &'static str) {
        if let Some(old) = self.headers.get_mut(CONTENT_TYPE)
            && old == "application/json"
        {
            *old = HeaderValue::from_static(media_type);
        }
    }

    pub(crate) fn headers_mut(&mut self) -> &mut HeaderMap {
        &mut self.headers
    }

    /// A backend's answer that has no body, passed on.
    pub(crate) fn bodiless(status: StatusCode, headers: HeaderMap) -> Response {
        Response::of(status, headers, Content::Whole(Bytes::new()))
    }

    /// A backend's answer, passed on.
    pub(crate) fn passed(status: StatusCode, headers: HeaderMap, body: Download) -> Response {
        Response::of(status, headers, Content::Passed(Box::new(body)))
    }

    /// Its parts: status, header fields, body and what stands in for something; nothing for one whose
    /// body arrives while it is sent.
    pub(crate) fn into_whole(self) -> Option<(StatusCode, HeaderMap, Bytes, Vec<&'static str>)> {
        match self.content {
            Content::Whole(body) => Some((self.status, self.headers, body, self.fallbacks)),
            _ => None,
        }
    }

    /// An answer that was made before.
    pub(crate) fn again(
        status: StatusCode,
        headers: HeaderMap,
        body: Bytes,
        fallbacks: &[&'static str],
    ) -> Response {
        let fallbacks = fallbacks.to_vec();
        Response { fallbacks, ..Response::of(status, headers, Content::Whole(body)) }
    }

    /// The same answer with the items of a stream behind its head.
    pub(crate) fn with_items(self, items: Box<Feed>) -> Response {
        Response { content: Content::Items(items), ..self }
    }

    /// A change of protocol, and the backend's side of what follows.
    pub(crate) fn tunnel(headers: HeaderMap, tunnel: Tunnel) -> Response {
        Response::of(StatusCode::SWITCHING_PROTOCOLS, headers, Content::Tunnel(tunnel))
    }

    /// Its body, if that is at hand and not kept compressed anywhere.
    #[cfg(feature = "compress")]
    pub(crate) fn fresh(&self) -> Option<&Bytes> {
        match &self.content {
            Content::Whole(body) if self.kept.is_none() => Some(body),
            _ => None,
        }
    }

    /// Remembers where its body is kept compressed.
    #[cfg(feature = "compress")]
    pub(crate) fn keep(&mut self, kept: &Arc<Kept>) {
        self.kept = Some(Arc::clone(kept));
    }

    /// Compresses its body, if it has `from` bytes or arrives while it is sent. Says whether it did: what
    /// would not get shorter stays as it is, unless it `must`.
    #[cfg(feature = "compress")]
    pub(crate) fn compress(&mut self, coding: Coding, (from, must): (usize, bool)) -> bool {
        let content = std::mem::replace(&mut self.content, Content::Whole(Bytes::new()));
        let body = match content {
            Content::Whole(body) if body.is_empty() || (body.len() < from && !must) => {
                self.content = Content::Whole(body);
                return false;
            }
            Content::Whole(body) if body.len() <= AT_ONCE => {
                let coded = self.coded(coding, &body).filter(|one| one.len() < body.len() || must);
                let shorter = coded.is_some();
                self.content = Content::Whole(coded.unwrap_or(body));
                return shorter;
            }
            Content::Whole(body) => AnswerBody::Whole(Full::new(body)),
            Content::Passed(body) => AnswerBody::Passed(body, None),
            Content::Items(body) => AnswerBody::Items(body, None),
            other => {
                self.content = other;
                return false;
            }
        };
        let coded = Coded::new(body, coding);
        let done = coded.is_ok();
        self.content = match coded {
            Ok(coded) => Content::Coded(Box::new(coded)),
            Err(AnswerBody::Passed(body, _)) => Content::Passed(body),
            Err(AnswerBody::Items(body, _)) => Content::Items(body),
            Err(AnswerBody::Coded(body, _)) => Content::Coded(body),
            // Nothing of it has been taken.
            Err(AnswerBody::Whole(body)) => Content::Whole(body.into_inner().unwrap_or_default()),
        };
        done
    }

    /// A body that is at hand, compressed for this caller or another before.
    #[cfg(feature = "compress")]
    fn coded(&self, coding: Coding, body: &Bytes) -> Option<Bytes> {
        if let Some(found) = self.kept.as_ref().and_then(|kept| kept.get(coding)) {
            return Some(found);
        }
        let made = Bytes::from(crate::coding::whole(coding, body)?);
        if let Some(kept) = &self.kept {
            kept.put(coding, &made);
        }
        Some(made)
    }

    /// The answer as it is sent, and what follows a change of protocol.
    pub(crate) fn into_http(self) -> (http::Response<AnswerBody>, Option<Tunnel>) {
        let (body, tunnel) = match self.content {
            Content::Whole(body) => (AnswerBody::Whole(Full::new(body)), None),
            Content::Passed(body) => (AnswerBody::Passed(body, None), None),
            Content::Items(body) => (AnswerBody::Items(body, None), None),
            #[cfg(feature = "compress")]
            Content::Coded(body) => (AnswerBody::Coded(body, None), None),
            Content::Tunnel(tunnel) => (AnswerBody::Whole(Full::default()), Some(tunnel)),
        };
        let mut response = http::Response::new(body);
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers;
        (response, tunnel)
    }
}

fn status_code(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// `text` as a field value, if it is one as it stands (RFC 9110 section 5.5): visible characters
/// with spaces and tabs between them, and no line break ever.
pub(crate) fn field_value(text: &str) -> Option<HeaderValue> {
    let edge = |byte: Option<&u8>| matches!(byte, Some(b' ' | b'\t'));
    let bytes = text.as_bytes();
    if edge(bytes.first()) || edge(bytes.last()) {
        return None;
    }
    HeaderValue::from_bytes(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_can_not_smuggle_a_header_field() {
        let mut response = Response::empty(201);
        for illegal in ["a\r\nSet-Cookie: b", "a\nb", "a\0b", " a", "a\t", "a\u{7f}"] {
            let error = response.header("Location", illegal).expect_err("must be refused");
            assert_eq!(error.status(), 502);
        }
        response.header("Location", "/v2/orders/o_1").expect("a legal value");
        assert_eq!(response.headers.len(), 1);
    }

    #[test]
    fn fallbacks_add_up_and_are_not_stored() {
        let mut response = Response::empty(200);
        response.fallback("reviews");
        response.fallback("in_stock, price");
        assert_eq!(response.headers.get("fallback").expect("set"), "reviews, in_stock, price");
        assert_eq!(response.headers.get("cache-control").expect("set"), "no-store");
    }
}
