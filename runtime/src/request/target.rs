//! The path of a request target: split at `/`, then each segment percent-decoded once.

use std::borrow::Cow;

use http::Uri;

use crate::error::{Error, Kind};

/// How many segments of a path need no room of their own on the heap.
pub(crate) const FEW: usize = 16;

/// The decoded segments of a path.
#[derive(Debug, Default)]
pub(crate) struct Segments {
    text: Text,
    ends: Ends,
}

/// All segments, with `/` before each.
#[derive(Debug)]
enum Text {
    /// Nothing in it is encoded, so the path is its own text.
    Sent(Uri),
    Decoded(String),
}

impl Default for Text {
    fn default() -> Text {
        Text::Decoded(String::new())
    }
}

impl Text {
    fn get(&self) -> &str {
        match self {
            Text::Sent(uri) => uri.path(),
            Text::Decoded(text) => text,
        }
    }
}

/// Where segments end in their text. The first begins behind the first `/`, every other behind the
/// `/` that ends the one before.
#[derive(Debug, Default)]
struct Ends {
    few: [u32; FEW],
    /// What `few` has no room for.
    many: Vec<u32>,
    count: usize,
}

impl Ends {
    fn push(&mut self, end: usize) {
        // No path is so long; one that were would have no such segment.
        let end = u32::try_from(end).unwrap_or(u32::MAX);
        match self.few.get_mut(self.count) {
            Some(slot) => *slot = end,
            None => self.many.push(end),
        }
        self.count += 1;
    }

    fn get(&self, index: usize) -> Option<usize> {
        if index >= self.count {
            return None;
        }
        let end = self.few.get(index).or_else(|| self.many.get(index.checked_sub(FEW)?))?;
        usize::try_from(*end).ok()
    }

    fn start(&self, index: usize) -> Option<usize> {
        match index.checked_sub(1) {
            None => Some(1),
            Some(before) => Some(self.get(before)? + 1),
        }
    }

    /// The ends in a path in which nothing is encoded; nothing where something may be, or where a
    /// segment is `.` or `..`.
    #[inline]
    fn plain(path: &str) -> Option<Ends> {
        // Without a branch in it, this takes many bytes at a time.
        let (mut other, mut dot) = (false, false);
        for byte in path.bytes() {
            other |= !byte.is_ascii_graphic() | (byte == b'%');
            dot |= byte == b'.';
        }
        if other {
            return None;
        }
        let mut ends = Ends::default();
        for (at, byte) in path.bytes().enumerate().skip(1) {
            if byte == b'/' {
                ends.push(at);
            }
        }
        ends.push(path.len());
        let dots = |index| matches!(ends.segment(path, index), Some("." | ".."));
        let dotted = dot && (0..ends.count).any(dots);
        (!dotted).then_some(ends)
    }

    /// The segments of `text` in order, in `room` if there are few.
    #[inline]
    fn list<'a, 'r>(&self, text: &'a str, room: &'r mut [&'a str; FEW]) -> Cow<'r, [&'a str]> {
        if self.count > FEW {
            let mut list = Vec::with_capacity(self.count);
            list.extend((0..self.count).map(|index| self.segment(text, index).unwrap_or_default()));
            return Cow::Owned(list);
        }
        let mut start = 1;
        for (slot, end) in room.iter_mut().zip(&self.few).take(self.count) {
            let end = usize::try_from(*end).unwrap_or(usize::MAX);
            *slot = text.get(start..end).unwrap_or_default();
            start = end.saturating_add(1);
        }
        Cow::Borrowed(room.get(..self.count).unwrap_or_default())
    }

    fn segment<'a>(&self, text: &'a str, index: usize) -> Option<&'a str> {
        text.get(self.start(index)?..self.get(index)?)
    }
}

impl Segments {
    /// The segments of the encoded path of a target; `/` has none.
    ///
    /// A segment is split off before it is decoded, so `%2F` stays inside it.
    ///
    /// # Errors
    ///
    /// 400 for bad percent-encoding (RFC 3986 section 2.1), text that is no UTF-8, control
    /// characters, and the segments `.` and `..`, however they are encoded: a backend that
    /// resolves them (RFC 3986 section 5.2.4) would be asked for another resource.
    pub(crate) fn parse(uri: &Uri) -> Result<Segments, Error> {
        let path = uri.path();
        if path == "/" {
            return Ok(Segments::default());
        }
        // Most paths mean what they say, byte for byte.
        let ends = if path.starts_with('/') { Ends::plain(path) } else { None };
        match ends {
            Some(ends) => Ok(Segments { text: Text::Sent(uri.clone()), ends }),
            None => Segments::decoded(path),
        }
    }

    fn decoded(path: &str) -> Result<Segments, Error> {
        let malformed = |what| Error::from(Kind::Malformed(what));
        let path =
            path.strip_prefix('/').ok_or_else(|| malformed("the path must begin with `/`"))?;
        let mut text = String::with_capacity(path.len() + 1);
        let mut ends = Ends::default();
        for encoded in path.split('/') {
            text.push('/');
            let start = text.len();
            decode(encoded, &mut text)
                .ok_or_else(|| malformed("the path is not percent-encoded UTF-8"))?;
            let segment = text.get(start..).unwrap_or_default();
            if segment.chars().any(char::is_control) {
                return Err(malformed("the path has a control character"));
            }
            if matches!(segment, "." | "..") {
                return Err(malformed("the path has a `.` or `..` segment"));
            }
            ends.push(text.len());
        }
        Ok(Segments { text: Text::Decoded(text), ends })
    }

    pub(crate) fn get(&self, index: usize) -> Option<&str> {
        self.ends.segment(self.text.get(), index)
    }

    /// The segments from `index` on, with `/` between each two. A `/` that was sent encoded looks
    /// the same.
    pub(crate) fn rest(&self, index: usize) -> Option<&str> {
        self.ends.get(index)?;
        self.text.get().get(self.ends.start(index)?..)
    }

    /// The segments from `index` on.
    pub(crate) fn from(&self, index: usize) -> impl Iterator<Item = &str> {
        let text = self.text.get();
        (index..self.ends.count).filter_map(move |index| self.ends.segment(text, index))
    }

    /// All segments in order, in `room` if there are few.
    #[inline]
    pub(crate) fn list<'a, 'r>(&'a self, room: &'r mut [&'a str; FEW]) -> Cow<'r, [&'a str]> {
        self.ends.list(self.text.get(), room)
    }
}

/// What `ask` says of the segments of a path, `None` where something in it is encoded or may not
/// stand there: what a gateway does before it asks for a route.
#[cfg(feature = "testing")]
#[inline]
pub(crate) fn of_plain<T>(path: &str, ask: impl FnOnce(&[&str]) -> T) -> Option<T> {
    let ends = Ends::plain(path)?;
    Some(ask(&ends.list(path, &mut [""; FEW])))
}

/// Appends the decoded text of a segment; nothing when it is not encoded well.
fn decode(encoded: &str, out: &mut String) -> Option<()> {
    if memchr::memchr(b'%', encoded.as_bytes()).is_none() {
        out.push_str(encoded);
        return encoded.is_ascii().then_some(());
    }
    if !encoded.is_ascii() {
        return None;
    }
    percent_decode(encoded.as_bytes(), |byte| byte, out)
}

/// Appends what `%XX` sequences stand for; every other byte goes through `plain`.
///
/// Nothing when a `%` is not followed by two hexadecimal digits, or the result is no UTF-8.
pub(super) fn percent_decode(
    encoded: &[u8],
    plain: impl Fn(u8) -> u8,
    out: &mut String,
) -> Option<()> {
    let mut bytes = Vec::with_capacity(encoded.len());
    let mut rest = encoded.iter();
    while let Some(&byte) = rest.next() {
        if byte == b'%' {
            let high = digit(*rest.next()?)?;
            let low = digit(*rest.next()?)?;
            bytes.push(high << 4 | low);
        } else {
            bytes.push(plain(byte));
        }
    }
    out.push_str(std::str::from_utf8(&bytes).ok()?);
    Some(())
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// Whether a byte may stand in an encoded path as it is: `pchar` without `%`, and `/`
/// (RFC 3986 section 3.3).
pub(crate) const fn is_encoded_path_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'-' | b'.' | b'_' | b'~' | b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+'
        )
        || matches!(byte, b',' | b';' | b'=' | b':' | b'@' | b'/')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segments(path: &str) -> Result<Vec<String>, u16> {
        // A target that is no URI is refused before anybody looks at its path.
        let uri = path.parse().map_err(|_| 400_u16)?;
        let segments = Segments::parse(&uri).map_err(|error| error.status())?;
        let all: Vec<String> = segments.from(0).map(String::from).collect();
        assert_eq!(*segments.list(&mut [""; FEW]), *all);
        Ok(all)
    }

    #[test]
    fn a_segment_is_decoded_once_and_never_split() {
        assert_eq!(segments("/v1/a%2Fb/%2570"), Ok(vec!["v1".into(), "a/b".into(), "%70".into()]));
        assert_eq!(segments("/caf%C3%A9"), Ok(vec!["café".into()]));
        assert_eq!(segments("/a+b"), Ok(vec!["a+b".into()]));
        assert_eq!(segments("/"), Ok(vec![]));
        assert_eq!(segments("/a/"), Ok(vec!["a".into(), String::new()]));
    }

    fn parsed(path: &str) -> Segments {
        Segments::parse(&path.parse().expect("a target")).expect("a good path")
    }

    #[test]
    fn what_is_not_encoded_reads_as_what_is() {
        for count in [1, 2, FEW - 1, FEW, FEW + 1, 3 * FEW] {
            let names: Vec<String> = (0..count).map(|at| format!("s{at}")).collect();
            let plain = format!("/{}", names.join("/"));
            let encoded = plain.replace('s', "%73");
            for path in [&plain, &encoded] {
                assert_eq!(segments(path).as_ref(), Ok(&names), "{path}");
                let segments = parsed(path);
                for at in 0..count {
                    assert_eq!(segments.get(at), Some(names[at].as_str()), "{path}");
                    assert_eq!(segments.rest(at), Some(names[at..].join("/").as_str()), "{path}");
                }
                assert_eq!((segments.get(count), segments.rest(count)), (None, None), "{path}");
            }
        }
    }

    #[test]
    fn the_query_is_no_part_of_a_path() {
        for path in ["/a/b?c/d", "/a/%62?c/d"] {
            let segments = parsed(path);
            assert_eq!((segments.get(1), segments.rest(1)), (Some("b"), Some("b")), "{path}");
            assert_eq!(segments.from(0).count(), 2, "{path}");
        }
    }

    #[test]
    fn the_rest_of_a_path_is_one_text() {
        let segments = parsed("/v1/a%20b/c%2Fd/");
        assert_eq!(segments.rest(1), Some("a b/c/d/"));
        assert_eq!(segments.from(1).collect::<Vec<_>>(), ["a b", "c/d", ""]);
        assert_eq!((segments.rest(3), segments.rest(4)), (Some(""), None));
    }

    #[test]
    fn what_two_readers_could_read_differently_is_refused() {
        for path in [
            "/%",
            "/%4",
            "/%zz",
            "/%+1",
            "/%ff",
            "/%C3",
            "/a%00",
            "/a%0D%0Ab",
            "/%7f",
            "/.",
            "/../a",
            "/%2e%2E/a",
            "/a/.%2e",
            "/é",
            "",
            "a",
            "*",
        ] {
            assert_eq!(segments(path), Err(400), "{path}");
        }
    }
}
