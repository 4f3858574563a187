//! Events of a stream of events, as the HTML standard reads them (section 9.2.6).

use bytes::Bytes;

use super::lines::TooLong;

/// The longest id that is passed on, in bytes.
const LONGEST_ID: usize = 1024;

/// The event under construction, and what holds for the next ones.
#[derive(Debug, Default)]
pub(super) struct Events {
    /// The lines of data so far; nothing before the first.
    data: Option<Vec<u8>>,
    /// The last id that was sent; it holds until there is another.
    id: Option<Vec<u8>>,
    /// How long a caller should wait before it connects again, if that was said since the last
    /// item, in milliseconds.
    retry: Option<u64>,
    limit: usize,
    /// Whether the first line has been read: it may begin with a byte order mark.
    begun: bool,
}

impl Events {
    /// Events whose data has at most so many bytes.
    pub(super) fn new(limit: usize) -> Events {
        Events { limit, ..Events::default() }
    }

    /// Reads a line; gives the data of the event that it ends, if it ends one that has any.
    pub(super) fn line(&mut self, line: &[u8]) -> Result<Option<Bytes>, TooLong> {
        let first = !std::mem::replace(&mut self.begun, true);
        let line = if first { line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line) } else { line };
        if line.is_empty() {
            return Ok(self.data.take().filter(|data| !data.is_empty()).map(Bytes::from));
        }
        let (name, value) = match memchr::memchr(b':', line) {
            // A comment, a sign of life.
            Some(0) => return Ok(None),
            Some(at) => (line.get(..at), line.get(at + 1..).unwrap_or_default()),
            None => (Some(line), &[] as &[u8]),
        };
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match name {
            Some(b"data") => return self.data(value).map(|()| None),
            Some(b"id") if !value.contains(&0) && value.len() <= LONGEST_ID => {
                self.id = Some(value.to_vec());
            }
            Some(b"retry") if !value.is_empty() && value.iter().all(u8::is_ascii_digit) => {
                self.retry = std::str::from_utf8(value).ok().and_then(|text| text.parse().ok());
            }
            // The name of an event is free text that no contract declares.
            _ => {}
        }
        Ok(None)
    }

    fn data(&mut self, line: &[u8]) -> Result<(), TooLong> {
        let length = self.data.as_ref().map_or(0, |data| data.len() + 1);
        if length.saturating_add(line.len()) > self.limit {
            return Err(TooLong);
        }
        match &mut self.data {
            Some(data) => {
                data.push(b'\n');
                data.extend_from_slice(line);
            }
            None => self.data = Some(line.to_vec()),
        }
        Ok(())
    }

    /// Appends the fields of the event that was given last, beside its data.
    pub(super) fn fields(&self, out: &mut Vec<u8>) {
        if let Some(id) = &self.id {
            out.extend_from_slice(b"id: ");
            out.extend_from_slice(id);
            out.push(b'\n');
        }
        if let Some(retry) = self.retry {
            out.extend_from_slice(format!("retry: {retry}\n").as_bytes());
        }
    }

    /// Forgets what was said for one item alone.
    pub(super) fn forget(&mut self) {
        self.retry = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The events in `text`, each with its fields.
    fn events(text: &str) -> Vec<(String, String)> {
        let mut events = Events::new(32);
        let mut found = Vec::new();
        for line in text.split('\n') {
            if let Some(data) = events.line(line.as_bytes()).expect("short data") {
                let mut fields = Vec::new();
                events.fields(&mut fields);
                events.forget();
                let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
                found.push((text(&data), text(&fields)));
            }
        }
        found
    }

    #[test]
    fn events_are_read_as_the_standard_says() {
        let one = |data: &str, fields: &str| (data.to_owned(), fields.to_owned());
        assert_eq!(events("\u{FEFF}data: 1\n\n"), [one("1", "")]);
        assert_eq!(events("data:1\ndata:  2\n\n"), [one("1\n 2", "")]);
        assert_eq!(events(": ping\n\nevent: a\ndata\n\ndata: 1\n\n"), [one("1", "")]);
        assert_eq!(
            events("id: 7\nretry: 50\ndata: 1\n\ndata: 2\n\nid\ndata: 3\n\n"),
            [one("1", "id: 7\nretry: 50\n"), one("2", "id: 7\n"), one("3", "id: \n")]
        );
        assert_eq!(events("id: a\0b\nretry: 5x\nwhat: ever\ndata: 1\n\n"), [one("1", "")]);
        // What is not ended by an empty line is no event.
        assert!(events("data: 1").is_empty());
    }

    #[test]
    fn all_lines_of_an_event_count_towards_its_limit() {
        let mut events = Events::new(4);
        assert_eq!(events.line(b"data: 12"), Ok(None));
        assert_eq!(events.line(b"data: 3"), Ok(None));
        assert_eq!(events.line(b"data: "), Err(TooLong));
    }
}
