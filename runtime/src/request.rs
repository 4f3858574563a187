//! One request of a caller, as a handler sees it.

mod accept;
mod arriving;
mod body;
mod deadline;
mod fields;
mod form;
pub(crate) mod identity;
mod query;
mod remote;
mod shape;
mod target;

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;

pub(crate) use self::accept::{Fit, fit, quality, ranges, ranges_of};
pub(crate) use self::arriving::{Arriving, Sender};
#[cfg(test)]
pub(crate) use self::body::frame;
pub(crate) use self::body::{Chunks, Limits as BodyLimits, drain, read};
pub use self::deadline::Deadline;
pub(crate) use self::form::form_as_json;
pub(crate) use self::identity::{Identity, random};
pub(crate) use self::query::Pairs;
pub use self::query::Query;
pub(crate) use self::remote::{Proxies, Remote, text_of};
pub use self::shape::Shape;
#[cfg(feature = "testing")]
pub(crate) use self::target::of_plain;
pub(crate) use self::target::{FEW, Segments, is_encoded_path_byte};
use crate::auth::Principal;
use crate::check::{Place, Violations};
use crate::contract::Scheme;
use crate::error::Error;
use crate::http1::head;
use crate::json::{Maybe, Read, Reader};
use crate::reuse::Heard;
use crate::upstream::{Fault, Upload};

/// A request whose path has been matched. Its body has arrived whole, unless it is passed on.
#[derive(Debug)]
pub struct Request {
    pub(crate) segments: Segments,
    pub(crate) pairs: Pairs,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) deadline: Deadline,
    pub(crate) identity: Rc<Identity>,
    pub(crate) remote: Remote,
    /// Who calls; nothing where anybody may.
    pub(crate) principal: Option<Arc<Principal>>,
    pub(crate) passed: Passed,
    /// What backends say about keeping what they answer, where the answer is to be kept. Then it is
    /// for others, too, so no call says who asks.
    pub(crate) heard: Option<Rc<Heard>>,
}

/// What is passed on of a request to an endpoint that passes requests on; the defaults elsewhere.
#[derive(Debug, Default)]
pub(crate) struct Passed {
    pub(crate) method: http::Method,
    pub(crate) version: http::Version,
    /// The query as it came, if there is one.
    pub(crate) query: Option<String>,
    /// The body, if there is one, or what is wrong with it from the start.
    pub(crate) upload: RefCell<Option<Result<Upload, Fault>>>,
    /// The endpoint's own limit of time.
    pub(crate) limit: Duration,
}

impl Drop for Request {
    fn drop(&mut self) {
        head::recycle(std::mem::take(&mut self.headers));
    }
}

impl Request {
    /// The path segment at `index`, percent-decoded once; empty beyond the last.
    pub fn segment(&self, index: usize) -> &str {
        self.segments.get(index).unwrap_or_default()
    }

    /// A value in the decoded segment of the path at `index`, as [`Shape::part`] counts them; empty
    /// when there is none.
    pub fn part(&self, index: usize, shape: &Shape, part: usize) -> &str {
        shape.part(self.segment(index), part).unwrap_or_default()
    }

    /// The segments from `index` on as one text, `a/b`; the value of the parameter `name`.
    ///
    /// A `.` or `..` that stands between slashes or backslashes is a violation and gives nothing,
    /// though they were sent encoded: a backend that decodes before it splits would be asked for
    /// another resource.
    pub fn rest(
        &self,
        index: usize,
        name: &'static str,
        violations: &mut Violations,
    ) -> Option<&str> {
        let text = self.segments.rest(index)?;
        if text.split(['/', '\\']).any(|piece| matches!(piece, "." | "..")) {
            violations.add(Place::Path(name), "no `.` or `..` between slashes");
            return None;
        }
        Some(text)
    }

    /// The value of a header field.
    ///
    /// A field that is there twice, or whose value is no UTF-8, is a violation and gives nothing:
    /// two readers of such a request could each see another value.
    pub fn header(&self, name: &'static str, violations: &mut Violations) -> Option<&str> {
        let mut values = self.headers.get_all(name).iter();
        let first = values.next()?;
        if values.next().is_some() {
            violations.add(Place::Header(name), "one value");
            return None;
        }
        let text = std::str::from_utf8(first.as_bytes()).ok();
        if text.is_none() {
            violations.add(Place::Header(name), "text in UTF-8");
        }
        text
    }

    /// The elements of a header field that is a list, lines joined (RFC 9110 section 5.6.1). Empty
    /// elements are no elements; one in quotes may hold a comma.
    pub fn header_list(&self, name: &'static str, violations: &mut Violations) -> Vec<&str> {
        let mut elements = Vec::new();
        for line in self.headers.get_all(name) {
            let listed = std::str::from_utf8(line.as_bytes()).ok().and_then(fields::list);
            match listed {
                Some(more) => elements.extend(more),
                None => violations.add(Place::Header(name), "a list with commas in UTF-8"),
            }
        }
        elements
    }

    /// The value of a cookie (RFC 6265 section 4.2), as it was sent.
    ///
    /// A cookie that is there twice, or whose value is no UTF-8, is a violation and gives nothing.
    pub fn cookie(&self, name: &'static str, violations: &mut Violations) -> Option<&str> {
        let mut values = self.cookies(name);
        let first = values.next()?;
        if values.next().is_some() {
            violations.add(Place::Cookie(name), "one value");
            return None;
        }
        let text = std::str::from_utf8(first).ok();
        if text.is_none() {
            violations.add(Place::Cookie(name), "text in UTF-8");
        }
        text
    }

    /// The values of all cookies of a name, as they were sent.
    pub(crate) fn cookies(&self, name: &'static str) -> impl Iterator<Item = &[u8]> {
        let lines = self.headers.get_all(http::header::COOKIE).iter();
        lines.flat_map(|line| fields::cookies(line.as_bytes(), name.as_bytes()))
    }

    /// The parameters of the query.
    pub fn query(&self) -> Query<'_> {
        Query::of(&self.pairs)
    }

    /// What is known of the caller by `scheme`, as the contract reads it.
    ///
    /// # Errors
    ///
    /// 401 when the caller came in another way, or a token does not say what the contract declares.
    #[inline]
    pub fn claims<'a, T>(
        &'a self,
        scheme: &'static Scheme,
        read: impl FnOnce(&mut Reader<'a>) -> Read<T>,
    ) -> Result<T, Error> {
        match self.claims_if_any(scheme, read)? {
            Maybe::Value(claims) => Ok(claims),
            _ => Err(Principal::of_nobody()),
        }
    }

    /// What is known of the caller by `scheme`; null where the caller came in another way.
    ///
    /// # Errors
    ///
    /// 401 when a token does not say what the contract declares.
    #[inline]
    pub fn claims_if_any<'a, T>(
        &'a self,
        scheme: &'static Scheme,
        read: impl FnOnce(&mut Reader<'a>) -> Read<T>,
    ) -> Result<Maybe<T>, Error> {
        match self.principal.as_deref().filter(|one| std::ptr::eq(one.scheme(), scheme)) {
            Some(principal) => principal.read(read).map(Maybe::Value),
            None => Ok(Maybe::Null),
        }
    }

    /// The body, whole; empty when there was none.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// When the answer is due: the endpoint's timeout after the last byte of the request.
    pub fn deadline(&self) -> Deadline {
        self.deadline
    }
}
