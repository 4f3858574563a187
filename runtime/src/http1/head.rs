//! Heads of messages: where they end, their fields, and what those say of the body and the connection.

use std::cell::RefCell;

use bytes::Bytes;
use http::header::{
    CONNECTION, CONTENT_LENGTH, HeaderMap, HeaderName, HeaderValue, TRANSFER_ENCODING,
};
use http::{StatusCode, Version};
use memchr::memchr_iter;

use super::Malformed;
use super::body::Framing;

/// The most fields of a head.
pub(crate) const FIELDS: usize = 128;
/// How much room for fields is kept that nobody uses.
const KEPT: usize = 16;
/// The most fields for which any is kept.
const ROOMY: usize = 64;

thread_local! {
    /// Room for the fields of the next heads of this core.
    static ROOM: RefCell<Vec<HeaderMap>> = const { RefCell::new(Vec::new()) };
}

/// Room for `least` fields and some that may be added. It is given back by [`recycle`].
pub(crate) fn room(least: usize) -> HeaderMap {
    // Growing hashes all of them once more.
    const MORE: usize = 6;
    let mut fields = ROOM.with_borrow_mut(Vec::pop).unwrap_or_default();
    fields.reserve(least + MORE);
    fields
}

/// Gives room back whose fields nobody reads any more.
pub(crate) fn recycle(mut fields: HeaderMap) {
    fields.clear();
    if !(1..=ROOMY).contains(&fields.capacity()) {
        return;
    }
    // A core that ends keeps nothing.
    let _ = ROOM.try_with(|kept| {
        if let Ok(mut kept) = kept.try_borrow_mut()
            && kept.len() < KEPT
        {
            kept.push(fields);
        }
    });
}

/// Where the head ends that `bytes` begin with, its empty line included; nothing while that has not
/// come. Of them, `seen` were looked at before.
pub(crate) fn end(bytes: &[u8], seen: usize) -> Option<usize> {
    // An empty line may have begun with what was there before.
    let from = seen.saturating_sub(3);
    let news = bytes.get(from..)?;
    memchr_iter(b'\n', news).find_map(|at| match news.get(at + 1..)? {
        [b'\n', ..] => Some(from + at + 2),
        [b'\r', b'\n', ..] => Some(from + at + 3),
        _ => None,
    })
}

/// The fields that were found in `head`, whose bytes they share.
pub(crate) fn fields(found: &[httparse::Header<'_>], head: &Bytes) -> Result<HeaderMap, Malformed> {
    let mut fields = room(found.len());
    for field in found {
        let name = HeaderName::from_bytes(field.name.as_bytes());
        let name = name.map_err(|_| Malformed("a field has no name that it could have"))?;
        let value = HeaderValue::from_maybe_shared(head.slice_ref(field.value));
        let value = value.map_err(|_| Malformed("a field has a value that it cannot have"))?;
        fields.append(name, value);
    }
    Ok(fields)
}

/// The head of an answer.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) status: StatusCode,
    pub(crate) version: Version,
    pub(crate) fields: HeaderMap,
}

/// Reads the head of an answer, all of it.
///
/// # Errors
///
/// It is none (RFC 9112 section 4).
pub(crate) fn answer(head: &Bytes) -> Result<Answered, Malformed> {
    let mut space = [const { std::mem::MaybeUninit::uninit() }; FIELDS];
    let mut answer = httparse::Response::new(&mut []);
    let parsed = httparse::ParserConfig::default().parse_response_with_uninit_headers(
        &mut answer,
        head,
        &mut space,
    );
    match parsed {
        Ok(httparse::Status::Complete(_)) => {}
        Ok(httparse::Status::Partial) => return Err(Malformed("the head breaks off")),
        Err(httparse::Error::TooManyHeaders) => {
            return Err(Malformed("the head has too many fields"));
        }
        Err(_) => return Err(Malformed("the head is not one of HTTP/1.1")),
    }
    let status = answer.code.and_then(|code| StatusCode::from_u16(code).ok());
    let status = status.ok_or(Malformed("the status is none"))?;
    let version = if answer.version == Some(0) { Version::HTTP_10 } else { Version::HTTP_11 };
    Ok(Answered { status, version, fields: fields(answer.headers, head)? })
}

/// Whether the connection can carry another message after one of this version with these fields (RFC
/// 9112 section 9.3).
pub(crate) fn persists(version: Version, fields: &HeaderMap) -> bool {
    let mut persists = version == Version::HTTP_11;
    for value in fields.get_all(CONNECTION) {
        for option in value.as_bytes().split(|byte| *byte == b',').map(<[u8]>::trim_ascii) {
            if option.eq_ignore_ascii_case(b"close") {
                return false;
            }
            persists |= option.eq_ignore_ascii_case(b"keep-alive");
        }
    }
    persists
}

/// How the body of an answer is framed (RFC 9112 section 6.3), and whether there is no doubt about
/// its end, so that something can follow it. `asked_for_head`: it answers a HEAD request.
///
/// # Errors
///
/// That cannot be told.
pub(crate) fn framing(
    answer: &mut Answered,
    asked_for_head: bool,
) -> Result<(Framing, bool), Malformed> {
    let fields = &mut answer.fields;
    let status = answer.status;
    let bodiless = matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    if asked_for_head || bodiless || status.is_informational() {
        return Ok((Framing::Length(0), true));
    }
    if fields.contains_key(TRANSFER_ENCODING) {
        let mut codings = fields.get_all(TRANSFER_ENCODING).iter();
        let only = codings.next().filter(|_| codings.next().is_none());
        let chunked = only.is_some_and(|one| one.as_bytes().eq_ignore_ascii_case(b"chunked"));
        if !chunked || answer.version == Version::HTTP_10 {
            return Err(Malformed("the body has a transfer coding that is not known"));
        }
        // Whoever sends both may have been made to: what follows is not believed.
        let doubtful = fields.remove(CONTENT_LENGTH).is_some();
        return Ok((Framing::Chunked, !doubtful));
    }
    match length(fields)? {
        Some(length) => Ok((Framing::Length(length), true)),
        None => Ok((Framing::UntilClose, false)),
    }
}

/// What `Content-Length` says, in bytes; nothing where it is not there.
///
/// # Errors
///
/// It says several things, or none (RFC 9110 section 8.6).
pub(crate) fn length(fields: &HeaderMap) -> Result<Option<u64>, Malformed> {
    const ODD: Malformed = Malformed("the length of the body is not one number");
    let mut said = None;
    for value in fields.get_all(CONTENT_LENGTH) {
        for one in value.as_bytes().split(|byte| *byte == b',').map(<[u8]>::trim_ascii) {
            let length = decimal(one).ok_or(ODD)?;
            if said.is_some_and(|said| said != length) {
                return Err(ODD);
            }
            said = Some(length);
        }
    }
    Ok(said)
}

/// A number of digits alone.
fn decimal(text: &[u8]) -> Option<u64> {
    if text.is_empty() || text.len() > 19 {
        return None;
    }
    text.iter().try_fold(0_u64, |number, byte| {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_ends_at_its_empty_line_however_it_comes() {
        for text in [&b"A\r\nb: c\r\n\r\nrest"[..], b"A\nb: c\n\nrest", b"A\r\nb: c\n\r\nrest"] {
            let whole = text.len() - 4;
            for size in 0..text.len() {
                for seen in 0..=size {
                    let bytes = text.get(..size).expect("a part");
                    if end(bytes, 0).is_some() && end(bytes, seen).is_none() {
                        assert!(seen >= whole, "{size} of which {seen} were seen");
                    }
                    assert_eq!(end(bytes, 0), (size >= whole).then_some(whole), "{size}");
                }
            }
        }
    }

    fn read(text: &str) -> Result<Answered, Malformed> {
        answer(&Bytes::copy_from_slice(text.as_bytes()))
    }

    fn framed(text: &str) -> Result<(Framing, bool), Malformed> {
        framing(&mut read(text)?, false)
    }

    #[test]
    fn an_answer_has_status_version_and_fields() {
        let answer = read("HTTP/1.0 404 Gone fishing\r\nA: 1\r\na: 2 \r\n\r\n").expect("one");
        assert_eq!((answer.status.as_u16(), answer.version), (404, Version::HTTP_10));
        let values: Vec<_> = answer.fields.get_all("a").iter().collect();
        assert_eq!(values, ["1", "2"]);
    }

    #[test]
    fn room_for_fields_is_used_again_and_nothing_is_left_in_it() {
        let mut first = room(3);
        let capacity = first.capacity();
        first.insert("a", HeaderValue::from_static("1"));
        recycle(first);
        let second = room(2);
        assert!(second.is_empty());
        assert_eq!(second.capacity(), capacity);
        // Neither much room nor many of it.
        recycle(HeaderMap::with_capacity(10 * ROOMY));
        assert!(ROOM.with_borrow(Vec::is_empty));
        (0..2 * KEPT).for_each(|_| recycle(HeaderMap::with_capacity(4)));
        assert_eq!(ROOM.with_borrow(Vec::len), KEPT);
    }

    #[test]
    fn what_is_no_head_is_refused() {
        let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "a: b\r\n".repeat(FIELDS + 1));
        for odd in [
            "HTTP/2 200 OK\r\n\r\n",
            "HTTP/1.1 20 OK\r\n\r\n",
            "HTTP/1.1 099 Odd\r\n\r\n",
            "HTTP/1.1 200 OK\r\na : b\r\n\r\n",
            "HTTP/1.1 200 OK\r\na: b\r\n c\r\n\r\n",
            "HTTP/1.1 200 OK\r\na: b\0\r\n\r\n",
            "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
            "HTTP/1.1 200 OK\r\na: b\r\n",
            &many,
        ] {
            assert!(read(odd).is_err(), "{odd:?}");
        }
    }

    #[test]
    fn the_body_ends_where_the_head_says() {
        let with = |fields: &str| framed(&format!("HTTP/1.1 200 OK\r\n{fields}\r\n"));
        assert_eq!(with("Content-Length: 12\r\n"), Ok((Framing::Length(12), true)));
        let twice = "Content-Length: 12\r\nContent-Length: 12, 12\r\n";
        assert_eq!(with(twice), Ok((Framing::Length(12), true)));
        assert_eq!(with("Transfer-Encoding: Chunked\r\n"), Ok((Framing::Chunked, true)));
        let both = "Content-Length: 12\r\nTransfer-Encoding: chunked\r\n";
        assert_eq!(with(both), Ok((Framing::Chunked, false)));
        assert_eq!(with(""), Ok((Framing::UntilClose, false)));
        for odd in [
            "Content-Length: 1\r\nContent-Length: 2\r\n",
            "Content-Length: +1\r\n",
            "Content-Length: 1 2\r\n",
            "Content-Length:\r\n",
            "Content-Length: 99999999999999999999\r\n",
            "Transfer-Encoding: gzip, chunked\r\n",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
            "Transfer-Encoding: xchunked\r\n",
        ] {
            assert!(with(odd).is_err(), "{odd:?}");
        }
        assert!(framed("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").is_err());
    }

    #[test]
    fn some_answers_have_no_body_whatever_they_say() {
        for status in ["101 Odd", "204 Odd", "304 Odd"] {
            let text = format!("HTTP/1.1 {status}\r\nContent-Length: 5\r\n\r\n");
            assert_eq!(framed(&text), Ok((Framing::Length(0), true)), "{status}");
        }
        let mut answer = read("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n").expect("one");
        assert_eq!(framing(&mut answer, true), Ok((Framing::Length(0), true)));
    }

    #[test]
    fn a_connection_goes_on_unless_it_is_said_not_to() {
        for (text, expected) in [
            ("HTTP/1.1 200 OK\r\n\r\n", true),
            ("HTTP/1.1 200 OK\r\nConnection: x, Close\r\n\r\n", false),
            ("HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nConnection: close\r\n\r\n", false),
            ("HTTP/1.0 200 OK\r\n\r\n", false),
            ("HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\n\r\n", true),
        ] {
            let answer = read(text).expect("one");
            assert_eq!(persists(answer.version, &answer.fields), expected, "{text:?}");
        }
    }
}
