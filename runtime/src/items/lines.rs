//! Lines of a text that arrives in pieces, each whole and of bounded length.

use bytes::Bytes;

/// What ends a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ends {
    /// A line feed.
    Feed,
    /// A line feed, a carriage return, or both in this order, as in streams of events.
    Any,
}

/// Lines in the making.
#[derive(Debug)]
pub(super) struct Lines {
    ends: Ends,
    limit: usize,
    /// What has come and was not looked at.
    rest: Bytes,
    /// The beginning of a line whose end has not come.
    begun: Vec<u8>,
    /// Whether the last line ended in a carriage return: a line feed behind it is no other end.
    returned: bool,
}

/// A line has more bytes than the limit.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TooLong;

impl Lines {
    /// Lines of at most so many bytes, their ends not counted.
    pub(super) fn new(ends: Ends, limit: usize) -> Lines {
        Lines { ends, limit, rest: Bytes::new(), begun: Vec::new(), returned: false }
    }

    /// Adds what came. To be called when there is no line left.
    pub(super) fn add(&mut self, more: Bytes) {
        self.rest = more;
    }

    /// The next whole line without its end; nothing if more must come first. A line that came in
    /// one piece is a part of that piece, and not copied.
    pub(super) fn next(&mut self) -> Result<Option<Bytes>, TooLong> {
        if self.returned && !self.rest.is_empty() {
            self.returned = false;
            if self.rest.first() == Some(&b'\n') {
                let _ = self.rest.split_to(1);
            }
        }
        let end = match self.ends {
            Ends::Feed => memchr::memchr(b'\n', &self.rest),
            Ends::Any => memchr::memchr2(b'\n', b'\r', &self.rest),
        };
        let length = end.unwrap_or(self.rest.len());
        if self.begun.len().saturating_add(length) > self.limit {
            return Err(TooLong);
        }
        let mut line = self.rest.split_to(length);
        if end.is_none() {
            self.begun.extend_from_slice(&line);
            return Ok(None);
        }
        self.returned = self.rest.first() == Some(&b'\r');
        let _ = self.rest.split_to(1);
        if !self.begun.is_empty() {
            self.begun.extend_from_slice(&line);
            line = Bytes::from(std::mem::take(&mut self.begun));
        }
        Ok(Some(line))
    }

    /// What has come of a line that was not ended.
    pub(super) fn last(&mut self) -> Bytes {
        Bytes::from(std::mem::take(&mut self.begun))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lines of `text` when it comes in pieces of `size` bytes, and what is left.
    fn lines(text: &str, size: usize, ends: Ends) -> (Vec<String>, String) {
        let mut lines = Lines::new(ends, 8);
        let text_of = |bytes: Bytes| String::from_utf8(bytes.to_vec()).expect("text");
        let mut found = Vec::new();
        for piece in text.as_bytes().chunks(size) {
            lines.add(Bytes::copy_from_slice(piece));
            while let Some(line) = lines.next().expect("short lines") {
                found.push(text_of(line));
            }
        }
        (found, text_of(lines.last()))
    }

    #[test]
    fn pieces_make_no_difference() {
        for size in 1..12 {
            let (found, rest) = lines("a\r\nbc\n\nd\re", size, Ends::Any);
            assert_eq!((found.join("|"), rest.as_str()), ("a|bc||d".to_owned(), "e"), "{size}");
            let (found, rest) = lines("a\r\nbc\n\nd\re", size, Ends::Feed);
            assert_eq!((found.join("|"), rest.as_str()), ("a\r|bc|".to_owned(), "d\re"), "{size}");
        }
    }

    #[test]
    fn a_line_has_a_limit_whether_it_ends_or_not() {
        for (first, second) in [("123456789", ""), ("12345678", "9"), ("12345678", "9\n")] {
            let mut lines = Lines::new(Ends::Feed, 8);
            lines.add(Bytes::from_static(first.as_bytes()));
            let Ok(None) = lines.next() else { continue };
            lines.add(Bytes::from_static(second.as_bytes()));
            assert_eq!(lines.next(), Err(TooLong), "{first} {second}");
        }
        let mut lines = Lines::new(Ends::Feed, 8);
        lines.add(Bytes::from_static(b"12345678\n123456789\n"));
        assert_eq!(lines.next(), Ok(Some(Bytes::from_static(b"12345678"))));
        assert_eq!(lines.next(), Err(TooLong));
    }
}
