//! The path of a request target: split at `/`, then each segment percent-decoded once.

use std::ops::Range;

use crate::error::{Error, Kind};

/// The decoded segments of a path.
#[derive(Debug, Default)]
pub(crate) struct Segments {
    /// All of them, with `/` between each two.
    text: String,
    places: Vec<Range<usize>>,
}

impl Segments {
    /// The segments of an encoded path; `/` has none.
    ///
    /// A segment is split off before it is decoded, so `%2F` stays inside it.
    ///
    /// # Errors
    ///
    /// 400 for bad percent-encoding (RFC 3986 section 2.1), text that is no UTF-8, control
    /// characters, and the segments `.` and `..`, however they are encoded: a backend that
    /// resolves them (RFC 3986 section 5.2.4) would be asked for another resource.
    pub(crate) fn parse(path: &str) -> Result<Segments, Error> {
        let malformed = |what| Error::from(Kind::Malformed(what));
        let path =
            path.strip_prefix('/').ok_or_else(|| malformed("the path must begin with `/`"))?;
        let dots = || malformed("the path has a `.` or `..` segment");
        if path.is_empty() {
            return Ok(Segments::default());
        }
        // Most paths mean what they say, byte for byte.
        if path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'%') {
            let segments = Segments::plain(path);
            let dotted = segments.from(0).any(|segment| matches!(segment, "." | ".."));
            return if dotted { Err(dots()) } else { Ok(segments) };
        }
        let mut segments = Segments { text: String::with_capacity(path.len()), places: Vec::new() };
        for encoded in path.split('/') {
            if !segments.places.is_empty() {
                segments.text.push('/');
            }
            let start = segments.text.len();
            decode(encoded, &mut segments.text)
                .ok_or_else(|| malformed("the path is not percent-encoded UTF-8"))?;
            let segment = segments.text.get(start..).unwrap_or_default();
            if segment.chars().any(char::is_control) {
                return Err(malformed("the path has a control character"));
            }
            if matches!(segment, "." | "..") {
                return Err(dots());
            }
            segments.places.push(start..segments.text.len());
        }
        Ok(segments)
    }

    /// The segments of a path in which nothing is encoded.
    fn plain(path: &str) -> Segments {
        let mut places = Vec::with_capacity(8);
        let mut start = 0;
        for (at, byte) in path.bytes().enumerate() {
            if byte == b'/' {
                places.push(start..at);
                start = at + 1;
            }
        }
        places.push(start..path.len());
        Segments { text: path.to_owned(), places }
    }

    pub(crate) fn get(&self, index: usize) -> Option<&str> {
        self.text.get(self.places.get(index)?.clone())
    }

    /// The segments from `index` on, with `/` between each two. A `/` that was sent encoded looks
    /// the same.
    pub(crate) fn rest(&self, index: usize) -> Option<&str> {
        self.text.get(self.places.get(index)?.start..)
    }

    /// The segments from `index` on.
    pub(crate) fn from(&self, index: usize) -> impl Iterator<Item = &str> {
        self.places.iter().skip(index).filter_map(|place| self.text.get(place.clone()))
    }

    /// All segments in order.
    pub(crate) fn list(&self) -> Vec<&str> {
        self.from(0).collect()
    }
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
        let segments = Segments::parse(path).map_err(|error| error.status())?;
        Ok(segments.list().into_iter().map(String::from).collect())
    }

    #[test]
    fn a_segment_is_decoded_once_and_never_split() {
        assert_eq!(segments("/v1/a%2Fb/%2570"), Ok(vec!["v1".into(), "a/b".into(), "%70".into()]));
        assert_eq!(segments("/caf%C3%A9"), Ok(vec!["café".into()]));
        assert_eq!(segments("/a+b"), Ok(vec!["a+b".into()]));
        assert_eq!(segments("/"), Ok(vec![]));
        assert_eq!(segments("/a/"), Ok(vec!["a".into(), String::new()]));
    }

    #[test]
    fn the_rest_of_a_path_is_one_text() {
        let segments = Segments::parse("/v1/a%20b/c%2Fd/").expect("a good path");
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
