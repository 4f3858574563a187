//! Answers that are compressed, and what they say of it.

use std::cell::RefCell;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE,
    ETAG, HeaderMap, HeaderName, HeaderValue, VARY,
};

use crate::coding::{Coding, Kept, Wanted, is_worth_it};
use crate::response::Response;

/// Fields that are about the bytes of a body as they stand.
const DIGESTS: [HeaderName; 4] = [
    HeaderName::from_static("content-digest"),
    HeaderName::from_static("repr-digest"),
    HeaderName::from_static("digest"),
    HeaderName::from_static("content-md5"),
];

/// Of how many endpoints a core remembers what they said last. Two that share a place take turns.
const ENDPOINTS: usize = 64;
/// The longest answer that is remembered, in bytes.
const LONGEST: usize = 16 * 1024;

/// What an endpoint said last, and the same compressed.
struct Said {
    endpoint: usize,
    body: Bytes,
    coded: Arc<Kept>,
}

thread_local! {
    static SAID: RefCell<[Option<Said>; ENDPOINTS]> = const { RefCell::new([const { None }; _]) };
}

/// Remembers an answer of an endpoint, by its index, or recognises it: one that never changes, or
/// seldom, is compressed once.
fn recognise(endpoint: usize, response: &mut Response) {
    let Some(body) = response.fresh().filter(|body| body.len() <= LONGEST).cloned() else { return };
    SAID.with_borrow_mut(|all| {
        let Some(place) = all.get_mut(endpoint % ENDPOINTS) else { return };
        let same = |said: &&Said| said.endpoint == endpoint && said.body == body;
        let coded = match place.as_ref().filter(same) {
            Some(said) => Arc::clone(&said.coded),
            None => {
                let coded = Arc::new(Kept::new(body.len()));
                *place = Some(Said { endpoint, body, coded: Arc::clone(&coded) });
                coded
            }
        };
        response.keep(&coded);
    });
}

/// Compresses an answer as its caller wants it, from so many bytes on. `open` is the index of an
/// endpoint that anybody may ask: what only some may read is not remembered.
pub(super) fn compress(
    response: &mut Response,
    (wanted, from): (Wanted, usize),
    open: Option<usize>,
) {
    let status = response.status();
    let headers = response.headers_mut();
    if status == 304 {
        // What the caller has may have been compressed.
        vary(headers);
        if wanted != Wanted::Plain {
            weaken(headers);
        }
        return;
    }
    let fits = headers.get(CONTENT_TYPE).is_some_and(is_worth_it);
    if matches!(status, 100..200 | 204 | 205) || !fits {
        return;
    }
    vary(headers);
    if status == 206 || !may_change(headers) {
        return;
    }
    let (coding, must) = match wanted {
        Wanted::Plain => return,
        Wanted::Coded(coding) => (coding, false),
        Wanted::Only(coding) => (coding, true),
    };
    if let Some(endpoint) = open {
        recognise(endpoint, response);
    }
    if response.compress(coding, (from, must)) {
        tell(response.headers_mut(), coding);
    }
}

/// Whether the bytes of an answer may be others than those that were made.
fn may_change(headers: &HeaderMap) -> bool {
    let controls = headers.get_all(CACHE_CONTROL).iter().filter_map(|line| line.to_str().ok());
    let mut controls = controls.flat_map(|line| line.split(','));
    !headers.contains_key(CONTENT_ENCODING)
        && !headers.contains_key(CONTENT_RANGE)
        && !DIGESTS.iter().any(|name| headers.contains_key(name))
        // RFC 9111 section 5.2.2.6.
        && !controls.any(|one| one.trim().eq_ignore_ascii_case("no-transform"))
}

fn tell(headers: &mut HeaderMap, coding: Coding) {
    headers.insert(CONTENT_ENCODING, coding.name());
    headers.remove(CONTENT_LENGTH);
    headers.remove(ACCEPT_RANGES);
    weaken(headers);
}

/// Makes a tag one of several bodies that mean the same (RFC 9110 section 8.8.1).
fn weaken(headers: &mut HeaderMap) {
    let strong = headers.get(ETAG).filter(|tag| tag.as_bytes().starts_with(b"\""));
    let weak =
        strong.and_then(|tag| HeaderValue::from_bytes(&[b"W/", tag.as_bytes()].concat()).ok());
    if let Some(weak) = weak {
        headers.insert(ETAG, weak);
    }
}

/// Says that others may get it otherwise.
fn vary(headers: &mut HeaderMap) {
    let lines = headers.get_all(VARY).iter().filter_map(|line| line.to_str().ok());
    let mut names = lines.flat_map(|line| line.split(',')).map(str::trim);
    if !names.any(|name| name == "*" || name.eq_ignore_ascii_case("accept-encoding")) {
        headers.append(VARY, HeaderValue::from_static("accept-encoding"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Writer;
    use crate::response::AnswerBody;

    /// Where the bytes lie that are sent for a text.
    fn sent(open: Option<usize>, text: &str) -> *const u8 {
        let mut writer = Writer::new();
        writer.text(text);
        let mut response = Response::json(200, writer);
        compress(&mut response, (Wanted::Coded(Coding::Gzip), 100), open);
        assert_eq!(response.headers_mut().get(CONTENT_ENCODING), Some(&Coding::Gzip.name()));
        let body = response.into_http().0.into_body();
        let AnswerBody::Whole(body) = body else { unreachable!("it is at hand") };
        body.into_inner().expect("nothing of it is sent").as_ptr()
    }

    #[test]
    fn an_answer_that_stays_the_same_is_compressed_once() {
        let (one, other) = ("one ".repeat(1000), "other ".repeat(1000));
        let open = Some(7);
        let first = sent(open, &one);
        assert_eq!(sent(open, &one), first);
        let second = sent(open, &other);
        assert_ne!(second, first);
        assert_eq!(sent(open, &other), second);
        assert_ne!(sent(Some(7 + ENDPOINTS), &other), second, "it belongs to another");
    }

    #[test]
    fn a_long_answer_and_one_that_is_not_for_all_are_not_remembered() {
        let long = "long ".repeat(LONGEST / 4);
        sent(Some(7), &long);
        sent(None, &"mine ".repeat(100));
        SAID.with_borrow(|all| assert!(all.iter().all(Option::is_none)));
    }
}
