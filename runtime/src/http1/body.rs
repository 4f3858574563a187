//! Bodies of messages, as they come over a connection (RFC 9112 sections 6 and 7).

use bytes::{Buf, Bytes, BytesMut};
use http::HeaderMap;
use memchr::memchr;

use super::Malformed;
use super::head::{FIELDS, end, fields};

/// The longest line that says how long a chunk is, in bytes, with its extensions and its end.
const LINE: usize = 1024;
/// The largest trailer section, in bytes.
const TRAILERS: usize = 16 * 1024;

/// How the end of a body is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    /// It has so many bytes.
    Length(u64),
    /// It comes in chunks, the last of which is empty.
    Chunked,
    /// It ends with its connection.
    UntilClose,
}

/// Takes a body out of what comes over a connection.
#[derive(Debug)]
pub(crate) struct Decoder(State);

#[derive(Debug)]
enum State {
    /// So many bytes are to come.
    Length(u64),
    /// The line that says how long the next chunk is.
    Size,
    /// So many bytes of a chunk are to come.
    Chunk(u64),
    /// The end of a chunk's line.
    ChunkEnd,
    Trailers,
    UntilClose,
    Ended,
}

/// What could be taken.
#[derive(Debug)]
pub(crate) enum Part {
    Data(Bytes),
    /// Fields behind the last chunk. Nothing follows them.
    Trailers(HeaderMap),
    /// There is nothing more of this body.
    End,
    /// The rest has to come first.
    Missing,
}

impl Decoder {
    pub(crate) fn new(framing: Framing) -> Decoder {
        Decoder(match framing {
            Framing::Length(0) => State::Ended,
            Framing::Length(length) => State::Length(length),
            Framing::Chunked => State::Size,
            Framing::UntilClose => State::UntilClose,
        })
    }

    /// Whether all of it was taken.
    pub(crate) fn is_done(&self) -> bool {
        matches!(self.0, State::Ended)
    }

    /// How many bytes are to come, if that was said.
    pub(crate) fn left(&self) -> Option<u64> {
        match self.0 {
            State::Length(left) => Some(left),
            State::Ended => Some(0),
            _ => None,
        }
    }

    /// How many bytes are to come at least.
    pub(crate) fn at_least(&self) -> u64 {
        match self.0 {
            State::Length(left) | State::Chunk(left) => left,
            _ => 0,
        }
    }

    /// So many of the bytes that are to come were taken elsewhere.
    pub(crate) fn skip(&mut self, size: u64) {
        if let State::Length(left) = self.0 {
            self.0 = match left.saturating_sub(size) {
                0 => State::Ended,
                left => State::Length(left),
            };
        }
    }

    /// Takes what is there of it.
    ///
    /// # Errors
    ///
    /// It is not framed as it should be.
    pub(crate) fn take(&mut self, buffer: &mut BytesMut) -> Result<Part, Malformed> {
        loop {
            match self.0 {
                State::Ended => return Ok(Part::End),
                State::Length(left) => return Ok(self.data(buffer, left, State::Length)),
                State::Chunk(left) => return Ok(self.data(buffer, left, State::Chunk)),
                State::UntilClose if buffer.is_empty() => return Ok(Part::Missing),
                State::UntilClose => return Ok(Part::Data(buffer.split().freeze())),
                State::Size => match size(buffer)? {
                    None => return Ok(Part::Missing),
                    Some(0) => self.0 = State::Trailers,
                    Some(size) => self.0 = State::Chunk(size),
                },
                State::ChunkEnd => match buffer.get(..2) {
                    None => return Ok(Part::Missing),
                    Some(b"\r\n") => {
                        buffer.advance(2);
                        self.0 = State::Size;
                    }
                    Some(_) => return Err(Malformed("a chunk does not end where it should")),
                },
                State::Trailers => {
                    let Some(trailers) = trailers(buffer)? else { return Ok(Part::Missing) };
                    self.0 = State::Ended;
                    if !trailers.is_empty() {
                        return Ok(Part::Trailers(trailers));
                    }
                }
            }
        }
    }

    /// The connection has ended.
    ///
    /// # Errors
    ///
    /// The body has not.
    pub(crate) fn ends(&mut self) -> Result<(), Malformed> {
        if !matches!(self.0, State::UntilClose | State::Ended) {
            return Err(Malformed("the connection was closed before the end of the body"));
        }
        self.0 = State::Ended;
        Ok(())
    }

    fn data(&mut self, buffer: &mut BytesMut, left: u64, rest: fn(u64) -> State) -> Part {
        if buffer.is_empty() {
            return Part::Missing;
        }
        let size = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        let left = left.saturating_sub(size as u64);
        self.0 = match (left, &self.0) {
            (0, State::Chunk(_)) => State::ChunkEnd,
            (0, _) => State::Ended,
            (left, _) => rest(left),
        };
        Part::Data(buffer.split_to(size).freeze())
    }
}

/// The length of a chunk, whose line is taken; nothing while that has not come.
fn size(buffer: &mut BytesMut) -> Result<Option<u64>, Malformed> {
    const ODD: Malformed = Malformed("a chunk has no length that can be read");
    let line = buffer.get(..LINE.min(buffer.len())).unwrap_or_default();
    let Some(at) = memchr(b'\n', line) else {
        return if line.len() < LINE { Ok(None) } else { Err(ODD) };
    };
    let line = line.get(..at).and_then(|line| line.strip_suffix(b"\r")).ok_or(ODD)?;
    let digits = line.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    let (digits, rest) = line.split_at(digits);
    let extension = match rest.trim_ascii_start() {
        [] => rest.is_empty(),
        [b';', more @ ..] => !more.iter().any(|byte| byte.is_ascii_control() && *byte != b'\t'),
        _ => false,
    };
    if digits.is_empty() || digits.len() > 15 || !extension {
        return Err(ODD);
    }
    let size = std::str::from_utf8(digits).ok().and_then(|text| u64::from_str_radix(text, 16).ok());
    let size = size.ok_or(ODD)?;
    buffer.advance(at + 1);
    Ok(Some(size))
}

/// The fields behind the last chunk, which are taken with their end; nothing while that has not come.
fn trailers(buffer: &mut BytesMut) -> Result<Option<HeaderMap>, Malformed> {
    const ODD: Malformed = Malformed("the fields behind the body cannot be read");
    match buffer.get(..2) {
        Some(b"\r\n") => {
            buffer.advance(2);
            return Ok(Some(HeaderMap::new()));
        }
        None if buffer.is_empty() || buffer.starts_with(b"\r") => return Ok(None),
        _ => {}
    }
    let Some(whole) = end(buffer, 0) else {
        return if buffer.len() < TRAILERS { Ok(None) } else { Err(ODD) };
    };
    let head = buffer.split_to(whole).freeze();
    // A line that ends in nothing but a line feed ends elsewhere for others, and the body with it.
    if head.split_inclusive(|byte| *byte == b'\n').any(|line| !line.ends_with(b"\r\n")) {
        return Err(ODD);
    }
    let mut space = [httparse::EMPTY_HEADER; FIELDS];
    match httparse::parse_headers(&head, &mut space) {
        Ok(httparse::Status::Complete((_, found))) => fields(found, &head).map(Some),
        _ => Err(ODD),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What comes of a body that arrives in pieces of this size, and what is left behind it.
    fn taken(framing: Framing, wire: &[u8], piece: usize) -> Result<(String, String), Malformed> {
        let (mut decoder, mut buffer) = (Decoder::new(framing), BytesMut::new());
        let (mut body, mut pieces) = (String::new(), wire.chunks(piece));
        loop {
            match decoder.take(&mut buffer)? {
                Part::Data(data) => body.push_str(std::str::from_utf8(&data).expect("text")),
                Part::Trailers(fields) => body.push_str(&format!("{fields:?}")),
                Part::End => {
                    pieces.for_each(|piece| buffer.extend_from_slice(piece));
                    let rest = String::from_utf8(buffer.to_vec()).expect("text");
                    return Ok((body, rest));
                }
                Part::Missing => match pieces.next() {
                    Some(piece) => buffer.extend_from_slice(piece),
                    None => decoder.ends()?,
                },
            }
        }
    }

    #[test]
    fn bodies_end_where_they_should_however_they_come() {
        let chunked = b"4\r\nwiki\r\n5;x=\"y\"\r\npedia\r\n0\r\n\r\nnext";
        let trailed = b"A\r\n0123456789\r\n000\r\nA: 1\r\n\r\nnext";
        for piece in 1..40 {
            let whole = |body: &str, rest: &str| Ok((body.to_owned(), rest.to_owned()));
            assert_eq!(taken(Framing::Chunked, chunked, piece), whole("wikipedia", "next"));
            assert_eq!(
                taken(Framing::Chunked, trailed, piece),
                whole("0123456789{\"a\": \"1\"}", "next")
            );
            assert_eq!(taken(Framing::Length(4), b"wikinext", piece), whole("wiki", "next"));
            assert_eq!(taken(Framing::Length(0), b"next", piece), whole("", "next"));
            assert_eq!(taken(Framing::UntilClose, b"all of it", piece), whole("all of it", ""));
        }
    }

    #[test]
    fn what_is_not_framed_well_is_refused_and_never_waited_for_without_end() {
        let long = format!("1;{}", "x".repeat(LINE));
        let many = format!("0\r\n{}", "a: b\r\n".repeat(TRAILERS / 6 + 1));
        for odd in [
            "\r\n",
            "x\r\n",
            "-1\r\n",
            "0x1\r\na\r\n",
            "1\na\r\n",
            "1 \r\na\r\n",
            "1 1\r\na\r\n",
            "1;a\rb\r\na\r\n",
            "1\r\nab\r\n",
            "1\r\na\n0\r\n",
            "1\r\na0\r\n\r\n",
            "ffffffffffffffff\r\n",
            "0\r\nno colon\r\n\r\n",
            "0\r\na : b\r\n\r\n",
            "0\r\na: b\n\r\n",
            "0\r\na: b\r\n\n",
            "0\r\n\n",
            &long,
            &many,
        ] {
            for piece in [1, 3, 4096] {
                let refused = taken(Framing::Chunked, odd.as_bytes(), piece);
                assert!(refused.is_err(), "{odd:?} in pieces of {piece}");
            }
        }
    }

    #[test]
    fn a_connection_that_ends_early_cuts_the_body_short() {
        for wire in ["", "4\r\nwi", "4\r\nwiki", "4\r\nwiki\r\n", "4\r\nwiki\r\n0\r\n", "0\r\n\r"] {
            assert!(taken(Framing::Chunked, wire.as_bytes(), 1).is_err(), "{wire:?}");
        }
        assert!(taken(Framing::Length(5), b"wiki", 1).is_err());
    }
}
