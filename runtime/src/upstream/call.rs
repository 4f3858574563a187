//! A call to a backend: described piece by piece, then made.

use std::future::{Future, ready};
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderName, HeaderValue};
use http::uri::PathAndQuery;
use memchr::{memchr, memrchr};

use super::attempt::Calling;
use super::cached::{Cached, Caching};
use super::course::Course;
use super::failure::{Failure, Reason};
use super::fields::Fields;
use super::forward::{self, IDEMPOTENCY_KEY, is_framing};
use super::pass::{PassOn, Passing};
use super::{Gateway, exchange::Outgoing};
use crate::check::Rule;
use crate::contract::{Backend, Condition, Method};
use crate::items::{ACCEPTED, Source};
use crate::observe;
use crate::request::{Deadline, Request};
use crate::response::field_value;

/// A call before it is made. Every value is encoded for the place it goes to, so it can never add
/// a path segment, a query pair or a header field.
#[derive(Clone, Debug)]
pub struct Call {
    backend: &'static Backend,
    method: Method,
    operation: &'static str,
    path: String,
    /// Where the segment under construction begins, and whether a value is part of it.
    segment: usize,
    holds_value: bool,
    query: String,
    headers: Fields,
    body: Option<Vec<u8>>,
    /// The encoded fields of the form that is the body.
    form: Option<String>,
    within: Option<Duration>,
    flaw: Option<String>,
    /// Who is sent the same.
    copy: Option<&'static Backend>,
}

/// A call on its way whose result may be kept.
pub type Keeping<'c> = Pin<Box<dyn Future<Output = Result<Cached, Failure>> + 'c>>;

/// A call on its way whose answer is a stream.
pub type Opening<'c> = Pin<Box<dyn Future<Output = Result<Source, Failure>> + 'c>>;

/// A call on its way.
pub type Sending<'c> = Pin<Box<dyn Future<Output = Result<Bytes, Failure>> + 'c>>;

impl Call {
    /// A call of `method` at the root of `backend`. `operation` names it in logs, without values:
    /// `GET /items/{id}`.
    pub fn new(backend: &'static Backend, method: Method, operation: &'static str) -> Call {
        Call {
            backend,
            method,
            operation,
            path: String::with_capacity(64),
            segment: 0,
            holds_value: false,
            query: String::new(),
            headers: Fields::default(),
            body: None,
            form: None,
            within: None,
            flaw: None,
            copy: None,
        }
    }

    /// Appends encoded path text of the contract, `/items/`.
    pub fn literal(&mut self, path: &'static str) {
        let bytes = path.as_bytes();
        let (Some(first), Some(last)) = (memchr(b'/', bytes), memrchr(b'/', bytes)) else {
            self.path.push_str(path);
            return;
        };
        let (before, behind) = path.split_at(first);
        self.path.push_str(before);
        self.end_segment();
        self.segment = self.path.len() + last - first + 1;
        self.path.push_str(behind);
    }

    /// Appends a value to the segment under construction, percent-encoded. A finished segment
    /// with a value that is empty, `.` or `..` makes the call fail as invalid: it would name
    /// another resource.
    pub fn segment(&mut self, value: &str) {
        encode(value, &mut self.path);
        self.holds_value = true;
    }

    /// Appends the segments of the request's path from `index` on, each percent-encoded as one of
    /// its own: there are never more than the caller sent. It is the end of the path, which ends
    /// with a `/` if the caller's does. A segment `.` or `..`, and none at all, make the call fail
    /// as invalid.
    pub fn rest(&mut self, request: &Request, index: usize) {
        let mut segments = request.segments.from(index).peekable();
        if segments.peek().is_none_or(|first| first.is_empty()) {
            self.flaw("the rest of the path is empty".to_owned());
        }
        while let Some(segment) = segments.next() {
            let empty_inside = segment.is_empty() && segments.peek().is_some();
            if empty_inside || matches!(segment, "." | "..") {
                self.flaw("a path segment is empty, `.` or `..`".to_owned());
            }
            encode(segment, &mut self.path);
            if segments.peek().is_some() {
                self.path.push('/');
            }
        }
        self.segment = self.path.len();
    }

    fn end_segment(&mut self) {
        let segment = self.path.get(self.segment..).unwrap_or_default();
        if self.holds_value && matches!(segment, "" | "." | "..") {
            self.flaw("a path segment is empty, `.` or `..`".to_owned());
        }
        self.holds_value = false;
    }

    /// Appends a query pair, encoded.
    pub fn query(&mut self, name: &'static str, value: &str) {
        self.query.push(if self.query.is_empty() { '?' } else { '&' });
        encode(name, &mut self.query);
        self.query.push('=');
        encode(value, &mut self.query);
    }

    /// Appends an encoded query pair of the contract, `size=20`.
    pub fn query_literal(&mut self, pair: &'static str) {
        self.query.push(if self.query.is_empty() { '?' } else { '&' });
        self.query.push_str(pair);
    }

    /// Takes over the query of a request that is passed on, as it came.
    pub fn query_of(&mut self, request: &Request) {
        if let Some(query) = &request.passed.query {
            self.query = format!("?{query}");
        }
    }

    /// Sets a header field, in place of one of that name that the backend's calls carry. A value
    /// that is none (RFC 9110 section 5.5) makes the call fail as invalid.
    pub fn header(&mut self, name: &'static str, value: &str) {
        let field = HeaderName::from_bytes(name.as_bytes()).ok();
        match (field.filter(|field| !is_framing(field)), field_value(value)) {
            (Some(field), Some(value)) => {
                self.headers.set(field, value);
            }
            _ => self.flaw(format!("header field `{name}` cannot have this value")),
        }
    }

    /// Sets the body: the text of a JSON value.
    pub fn json(&mut self, body: Vec<u8>) {
        self.body = Some(body);
    }

    /// Says that the body is a form (`application/x-www-form-urlencoded`), which has no fields yet.
    pub fn form(&mut self) {
        self.form.get_or_insert_default();
    }

    /// Appends a field to the form, encoded as the URL Standard has it (section 5.2).
    pub fn field(&mut self, name: &'static str, value: &str) {
        let form = self.form.get_or_insert_default();
        if !form.is_empty() {
            form.push('&');
        }
        encode_field(name, form);
        form.push('=');
        encode_field(value, form);
    }

    /// Limits the call with all its attempts.
    pub fn within(&mut self, limit: Duration) {
        self.within = Some(limit);
    }

    /// Sends the same request to `backend` too, when the call is sent. What becomes of that makes no
    /// difference to anybody: the copy is made once, with the timeout of its backend, and its answer
    /// is thrown away.
    pub fn copy_to(&mut self, backend: &'static Backend) {
        self.copy = Some(backend);
    }

    /// Notes that a value the call needs is missing: it fails as invalid, nothing is sent.
    pub fn missing(&mut self, value: &'static str) {
        self.flaw(format!("`{value}` is missing"));
    }

    /// Notes that a value has to keep a rule of the operation: if it does not, the call fails as
    /// invalid, nothing is sent.
    pub fn keeps(&mut self, value: &str, rule: &dyn Rule) {
        if !rule.accepts(value) {
            self.flaw(format!("a value is not {}", rule.expected()));
        }
    }

    fn flaw(&mut self, what: String) {
        self.flaw.get_or_insert(what);
    }

    /// Makes the call and returns the body of its 2xx answer.
    ///
    /// It ends by the request's deadline. A call that may leave a trace is finished even when the
    /// returned future is dropped, once it has been polled; any other ends with it.
    ///
    /// # Errors
    ///
    /// Every other outcome, and a call whose values do not fit where they go: nothing is sent then.
    pub fn send<'c>(self, gateway: &'c Gateway, request: &'c Request) -> Sending<'c> {
        // Boxed, so that the work is compiled here once and not with what awaits it.
        Box::pin(self.sending(gateway, request))
    }

    /// Makes the call, or takes what is kept of one that asked the same. All who ask the same at one
    /// time share one request, which ends by the timeouts of the backend and the call, and goes on
    /// without them. It does not say who asks.
    ///
    /// # Errors
    ///
    /// As [`Call::send`], also with a status that is kept.
    pub fn cached<'c>(
        self,
        gateway: &'c Gateway,
        request: &'c Request,
        caching: Caching,
    ) -> Keeping<'c> {
        Box::pin(self.keeping(gateway, request, caching))
    }

    async fn keeping(
        mut self,
        gateway: &Gateway,
        request: &Request,
        caching: Caching,
    ) -> Result<Cached, Failure> {
        self.end_segment();
        let (backend, operation) = (self.backend, self.operation);
        match self.prepare(gateway, request) {
            Ok(calling) => calling.cached(caching).await,
            Err(reason) => Err(unsent((backend, operation), request, reason)),
        }
    }

    async fn sending(mut self, gateway: &Gateway, request: &Request) -> Result<Bytes, Failure> {
        self.end_segment();
        let safe = self.method.is_safe();
        let (backend, operation) = (self.backend, self.operation);
        let copy = self.copy.map(|to| Call { backend: to, within: None, ..self.clone() });
        let calling = match self.prepare(gateway, request) {
            Ok(calling) => calling,
            Err(reason) => return Err(unsent((backend, operation), request, reason)),
        };
        if let Some(copy) = copy
            && let Some(upstream) = gateway.upstream(copy.backend)
            && let Ok(copy) = copy.prepare(gateway, request)
        {
            copy.send_as_copy(upstream);
        }
        if safe { calling.run().await } else { calling.run_detached().await }
    }

    /// Passes the request on as it comes: its method where that is HEAD, its header fields from end
    /// to end, its body as it arrives. The answer comes back
    /// as it is, whatever its status, unless `caught` names it.
    ///
    /// # Errors
    ///
    /// That no answer began in time, that the caller's body did not arrive whole, or an answer
    /// that `caught` names.
    pub fn pass<'c>(
        mut self,
        gateway: &'c Gateway,
        request: &'c Request,
        caught: &'static [Condition],
    ) -> Passing<'c> {
        self.end_segment();
        let (backend, operation) = (self.backend, self.operation);
        match self.pass_on(gateway, request, caught) {
            Ok(passing) => passing.run(),
            Err(reason) => Box::pin(ready(Err(unsent((backend, operation), request, reason)))),
        }
    }

    /// Makes the call and returns its answer, the items of which come as they are asked for. The
    /// answer must begin by the request's deadline; from there on only silence of two minutes ends
    /// it.
    ///
    /// # Errors
    ///
    /// No answer began in time, its status is not 2xx, or it is no stream of items.
    pub fn open<'c>(self, gateway: &'c Gateway, request: &'c Request) -> Opening<'c> {
        Box::pin(self.opening(gateway, request))
    }

    async fn opening(mut self, gateway: &Gateway, request: &Request) -> Result<Source, Failure> {
        self.end_segment();
        let (backend, operation) = (self.backend, self.operation);
        let within = self.within.unwrap_or(Duration::MAX);
        let accept = HeaderValue::from_static(ACCEPTED);
        self.headers.set_if_none(ACCEPT, accept);
        match self.prepare(gateway, request) {
            Ok(calling) => PassOn::opens(calling, within).open().await,
            Err(reason) => {
                let failure = Failure::new(backend, operation, reason);
                observe::call_failed(&failure);
                Err(failure)
            }
        }
    }

    fn pass_on(
        self,
        gateway: &Gateway,
        request: &Request,
        caught: &'static [Condition],
    ) -> Result<PassOn, Reason> {
        if let Some(flaw) = self.flaw {
            return Err(Reason::Invalid(flaw));
        }
        let upstream = gateway.upstream(self.backend).ok_or(Reason::NoAddress)?;
        let upload = request.passed.upload.take().transpose().map_err(Reason::Caller)?;
        let limit = request.passed.limit.min(self.within.unwrap_or(Duration::MAX));
        let deadline = match self.within {
            Some(limit) => request.deadline().min(Deadline::after(limit)),
            None => request.deadline(),
        };
        let head = self.method == Method::Get && request.passed.method == http::Method::HEAD;
        let mut headers = self.headers;
        let upgrades = forward::pass(&mut headers, upstream, request);
        let target = target(&upstream.prefix, &self.path, &self.query)?;
        Ok(PassOn {
            gateway: gateway.clone(),
            backend: self.backend,
            operation: self.operation,
            method: if head { http::Method::HEAD } else { self.method.as_http() },
            target,
            headers,
            body: Bytes::new(),
            upload,
            upgrades,
            limit,
            deadline,
            caught,
            identity: std::rc::Rc::clone(&request.identity),
        })
    }

    fn prepare(self, gateway: &Gateway, request: &Request) -> Result<Calling, Reason> {
        if let Some(flaw) = self.flaw {
            return Err(Reason::Invalid(flaw));
        }
        let upstream = gateway.upstream(self.backend).ok_or(Reason::NoAddress)?;
        let deadline = match self.within {
            Some(limit) => request.deadline().min(Deadline::after(limit)),
            None => request.deadline(),
        };
        let Call { mut headers, body, form, .. } = self;
        let repeatable = self.method.is_idempotent() || headers.contains(&IDEMPOTENCY_KEY);
        forward::complete(&mut headers, &upstream.headers, request);
        headers.set_if_none(ACCEPT, HeaderValue::from_static("application/json"));
        if form.is_some() {
            let media_type = HeaderValue::from_static("application/x-www-form-urlencoded");
            headers.set_if_none(CONTENT_TYPE, media_type);
        }
        let body = form.map(String::into_bytes).or(body);
        if body.is_some() {
            headers.set_if_none(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        let target = target(&upstream.prefix, &self.path, &self.query)?;
        Ok(Calling {
            gateway: gateway.clone(),
            backend: self.backend,
            operation: self.operation,
            outgoing: Outgoing {
                method: self.method,
                target,
                headers,
                body: body.map(Bytes::from).unwrap_or_default(),
            },
            repeatable,
            deadline,
            within: self.within,
            most: self.backend.max_body,
            identity: std::rc::Rc::clone(&request.identity),
            keeping: None,
            told: std::cell::Cell::default(),
            heard: request.heard.clone(),
        })
    }
}

/// The failure of a call that could not be sent.
fn unsent(
    (backend, operation): (&'static Backend, &'static str),
    request: &Request,
    reason: Reason,
) -> Failure {
    Course::begin(backend, operation, &request.identity).end(&Err::<(), _>(reason.clone()));
    let failure = Failure::new(backend, operation, reason);
    observe::call_failed(&failure);
    failure
}

/// What a request line asks for.
fn target(prefix: &str, path: &str, query: &str) -> Result<PathAndQuery, Reason> {
    let root = if path.starts_with('/') { "" } else { "/" };
    let parts = [prefix, root, path, query];
    let mut target = String::with_capacity(parts.iter().map(|part| part.len()).sum());
    parts.iter().for_each(|part| target.push_str(part));
    PathAndQuery::from_maybe_shared(Bytes::from(target))
        .map_err(|_| Reason::Invalid("the path and query are no request target".to_owned()))
}

/// Appends `value`, everything but unreserved characters as `%XX` (RFC 3986 section 2.3).
fn encode(value: &str, out: &mut String) {
    for &byte in value.as_bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            escape(byte, out);
        }
    }
}

/// Appends `value` as a part of a form: a space as `+`, everything that is not alphanumeric or one
/// of `*-._` as `%XX` (URL Standard section 1.3).
pub(super) fn encode_field(value: &str, out: &mut String) {
    for &byte in value.as_bytes() {
        match byte {
            b' ' => out.push('+'),
            b'*' | b'-' | b'.' | b'_' => out.push(char::from(byte)),
            _ if byte.is_ascii_alphanumeric() => out.push(char::from(byte)),
            _ => escape(byte, out),
        }
    }
}

fn escape(byte: u8, out: &mut String) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    out.push('%');
    for digit in [byte >> 4, byte & 15] {
        out.push(char::from(DIGITS[usize::from(digit)]));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static ITEMS: Backend = Backend { name: "items", ..Backend::ANY };

    fn call(build: impl FnOnce(&mut Call)) -> (String, bool) {
        let mut call = Call::new(&ITEMS, Method::Get, "GET /items/{id}");
        build(&mut call);
        call.end_segment();
        (format!("{}{}", call.path, call.query), call.flaw.is_some())
    }

    #[test]
    fn a_value_stays_in_its_place() {
        let built = call(|call| {
            call.literal("/items/");
            call.segment("a/b?c=d#e%2F é");
            call.literal("/levels");
            call.query_literal("size=20");
            call.query("sku", "1&admin=true+2");
        });
        let expected =
            "/items/a%2Fb%3Fc%3Dd%23e%252F%20%C3%A9/levels?size=20&sku=1%26admin%3Dtrue%2B2";
        assert_eq!(built, (expected.to_owned(), false));
    }

    #[test]
    fn a_field_of_a_form_stays_one() {
        let mut call = Call::new(&ITEMS, Method::Post, "POST /items");
        call.form();
        assert_eq!(call.form.as_deref(), Some(""));
        call.field("user name", "a b&admin=1");
        call.field("t", "é+%~*-._\r\n");
        let expected = "user+name=a+b%26admin%3D1&t=%C3%A9%2B%25%7E*-._%0D%0A";
        assert_eq!(call.form.as_deref(), Some(expected));
    }

    #[test]
    fn a_segment_that_would_name_another_resource_is_a_flaw() {
        for value in ["", ".", ".."] {
            let last = |call: &mut Call| {
                call.literal("/items/");
                call.segment(value);
            };
            assert!(call(last).1, "{value:?} at the end");
            let inside = |call: &mut Call| {
                last(call);
                call.literal("/levels");
            };
            assert!(call(inside).1, "{value:?} inside");
        }
        let joined = call(|call| {
            call.literal("/items/a");
            call.segment("");
            call.literal(".json");
        });
        assert_eq!(joined, ("/items/a.json".to_owned(), false));
        let split = call(|call| {
            call.literal("/items/.");
            call.segment(".");
        });
        assert!(split.1);
    }

    #[test]
    fn a_header_cannot_be_smuggled_or_break_the_framing() {
        for (name, value) in
            [("x-a", "1\r\nx-b: 2"), ("content-length", "5"), ("transfer-encoding", "chunked")]
        {
            assert!(call(|call| call.header(name, value)).1, "{name}");
        }
        assert!(!call(|call| call.header("x-a", "1")).1);
    }
}
