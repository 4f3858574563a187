//! Callers: as fast as they are answered, or at a fixed rate.

pub(crate) mod closed;
pub(crate) mod fixed;

use std::time::Duration;

/// What callers saw in one slice of time.
#[derive(Debug, Default)]
pub(crate) struct Slice {
    pub(crate) answered: u64,
    /// Answers that are not 2xx, and requests that were not answered.
    pub(crate) failed: u64,
    pub(crate) elapsed: Duration,
    /// How long each answer took, in microseconds.
    pub(crate) waits: Vec<u32>,
}

impl Slice {
    fn note(&mut self, waited: Duration, good: bool) {
        self.answered += 1;
        self.failed += u64::from(!good);
        self.waits.push(u32::try_from(waited.as_micros()).unwrap_or(u32::MAX));
    }

    /// The wait that so many of a thousand do not exceed, in microseconds.
    pub(crate) fn wait(&self, of_thousand: usize) -> f64 {
        let mut waits = self.waits.clone();
        waits.sort_unstable();
        let at = (waits.len() * of_thousand).div_ceil(1000).saturating_sub(1);
        waits.get(at).map_or(f64::NAN, |wait| f64::from(*wait))
    }
}

/// Where the answer at the beginning of these bytes ends, and its status; nothing while it is not
/// whole.
///
/// A body in chunks is whole where its last chunk is: callers here send one request at a time.
fn whole(bytes: &[u8]) -> Option<(usize, u16)> {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut answer = httparse::Response::new(&mut headers);
    let Ok(httparse::Status::Complete(head)) = answer.parse(bytes) else { return None };
    let status = answer.code?;
    let named = |name: &str| {
        let mut headers = answer.headers.iter();
        headers.find(|header| header.name.eq_ignore_ascii_case(name)).map(|header| header.value)
    };
    if named("transfer-encoding").is_some() {
        return bytes.ends_with(b"0\r\n\r\n").then_some((bytes.len(), status));
    }
    let length =
        named("content-length").and_then(|text| std::str::from_utf8(text).ok()?.parse().ok());
    let end = head + length.unwrap_or(0);
    (bytes.len() >= end).then_some((end, status))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_whole_where_its_length_or_its_last_chunk_says_so() {
        let sized = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
        assert_eq!(whole(sized), Some((sized.len(), 200)));
        assert_eq!(whole(&sized[..sized.len() - 1]), None);
        let chunked = b"HTTP/1.1 502 Bad\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n";
        assert_eq!(whole(chunked), Some((chunked.len(), 502)));
        assert_eq!(whole(&chunked[..chunked.len() - 7]), None);
    }

    #[test]
    fn waits_are_read_by_rank() {
        let slice = Slice { waits: (1..=1000).rev().collect(), ..Slice::default() };
        assert_eq!((slice.wait(500), slice.wait(990), slice.wait(999)), (500.0, 990.0, 999.0));
        assert!(Slice::default().wait(500).is_nan());
    }
}
