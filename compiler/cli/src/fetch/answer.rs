//! An answer over HTTP/1.1 (RFC 9112), read to its end.

use std::io::{self, BufRead, BufReader, Read};

/// The longest head, in bytes.
const HEAD: u64 = 64 << 10;

/// The longest body, in bytes.
const BODY: u64 = 64 << 20;

/// A whole answer.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The status code.
    pub(crate) status: u16,
    /// Header fields, their names in small letters.
    pub(crate) headers: Vec<(String, String)>,
    /// The body, without transfer coding.
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The first header field of this name, which is in small letters.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(own, _)| own == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// What the head says of the body.
#[derive(Clone, Copy, Debug)]
enum Length {
    Bytes(u64),
    Chunks,
    /// It goes on until the connection ends.
    Open,
}

/// Reads the answer to a request on a connection that it closes; that to `HEAD` has no body.
///
/// # Errors
///
/// The connection fails or ends too soon, or what it carries is no answer, or too long.
pub(super) fn read(stream: impl Read, is_bare: bool) -> io::Result<Answer> {
    let mut stream = BufReader::new(stream);
    let (mut answer, length) = loop {
        let (answer, length) = head(&mut stream)?;
        // Interim answers have no body.
        if !(100..200).contains(&answer.status) {
            break (answer, length);
        }
    };
    if !is_bare && !matches!(answer.status, 204 | 304) {
        answer.body = body(&mut stream, length)?;
    }
    Ok(answer)
}

fn head(stream: &mut impl BufRead) -> io::Result<(Answer, Length)> {
    let mut stream = stream.take(HEAD);
    let line = line(&mut stream)?;
    let status = line.strip_prefix("HTTP/1.").and_then(|rest| rest.split(' ').nth(1));
    let status = status.and_then(|code| code.parse().ok());
    let status = status.ok_or_else(|| wrong("it does not speak HTTP/1.1"))?;
    let mut answer = Answer { status, headers: Vec::new(), body: Vec::new() };
    let mut length = Length::Open;
    loop {
        let line = self::line(&mut stream)?;
        if line.is_empty() {
            return Ok((answer, length));
        }
        let (name, value) = line.split_once(':').ok_or_else(|| wrong("a header field is none"))?;
        let name = name.to_ascii_lowercase();
        answer.headers.push((name.clone(), value.trim().to_owned()));
        match (name.as_str(), value.trim()) {
            ("transfer-encoding", "chunked") => length = Length::Chunks,
            ("transfer-encoding", _) => return Err(wrong("its transfer coding is not known")),
            ("content-encoding", coding) if coding != "identity" => {
                return Err(wrong("it is compressed, which nobody asked for"));
            }
            ("content-length", bytes) if !matches!(length, Length::Chunks) => {
                let bytes = bytes.parse().map_err(|_| wrong("its length is no number"))?;
                length = Length::Bytes(bytes);
            }
            _ => {}
        }
    }
}

fn body(stream: &mut impl BufRead, length: Length) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    match length {
        Length::Bytes(bytes) => exactly(stream, bytes, &mut body)?,
        Length::Open => {
            stream.take(BODY + 1).read_to_end(&mut body)?;
        }
        Length::Chunks => loop {
            let line = line(&mut stream.take(HEAD))?;
            let size = line.split(';').next().unwrap_or_default().trim();
            let size = u64::from_str_radix(size, 16).map_err(|_| wrong("a chunk has no size"))?;
            if size == 0 {
                break;
            }
            exactly(stream, size, &mut body)?;
            self::line(&mut stream.take(HEAD))?;
        },
    }
    if body.len() as u64 > BODY { Err(too_long()) } else { Ok(body) }
}

/// Appends so many bytes.
fn exactly(stream: &mut impl BufRead, bytes: u64, body: &mut Vec<u8>) -> io::Result<()> {
    if bytes.saturating_add(body.len() as u64) > BODY {
        return Err(too_long());
    }
    let read = stream.take(bytes).read_to_end(body)?;
    if read as u64 == bytes { Ok(()) } else { Err(cut_off()) }
}

/// A line without its end.
fn line(stream: &mut impl BufRead) -> io::Result<String> {
    let mut line = Vec::new();
    stream.read_until(b'\n', &mut line)?;
    if line.pop() != Some(b'\n') {
        return Err(cut_off());
    }
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    String::from_utf8(line).map_err(|_| wrong("its head is no text"))
}

/// A text from outside without what a terminal would obey.
pub(super) fn shown(text: &str) -> String {
    text.chars().filter(|one| !one.is_control()).take(200).collect()
}

fn wrong(why: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

fn cut_off() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "the answer is cut off")
}

fn too_long() -> io::Error {
    wrong("the answer is larger than 64 MB")
}

#[cfg(test)]
mod tests {
    use super::read;

    fn body(text: &str) -> Result<String, String> {
        let answer = read(text.as_bytes(), false).map_err(|error| error.to_string())?;
        Ok(String::from_utf8(answer.body).expect("UTF-8"))
    }

    #[test]
    fn a_body_has_a_length_or_chunks_or_goes_on_to_the_end() {
        for text in [
            "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nab\r\n1\r\nc\r\n0\r\n\r\n",
            "HTTP/1.0 200 OK\r\n\r\nabc",
            "HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\nHTTP/1.1 200 OK\r\n\r\nabc",
        ] {
            assert_eq!(body(text).as_deref(), Ok("abc"), "{text}");
        }
    }

    #[test]
    fn some_answers_have_no_body_whatever_they_say() {
        let text = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nX-A: b\r\n\r\n";
        let answer = read(&text[..], true).expect("an answer");
        assert_eq!((answer.header("x-a"), answer.body.len()), (Some("b"), 0));
        assert!(read(&b"HTTP/1.1 204 No Content\r\n\r\n"[..], false).is_ok());
    }

    #[test]
    fn what_is_no_whole_answer_is_refused() {
        for (text, why) in [
            ("", "cut off"),
            ("SSH-2.0-OpenSSH\r\n", "does not speak HTTP"),
            ("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabc", "cut off"),
            ("HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\nabc", "larger than 64 MB"),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "has no size"),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n", "larger"),
            ("HTTP/1.1 200 OK\r\nContent-Encoding: br\r\n\r\n", "compressed"),
            ("HTTP/1.1 200 OK\r\nX", "cut off"),
        ] {
            let error = body(text).expect_err(text);
            assert!(error.contains(why), "{text}: {error}");
        }
        let endless = format!("HTTP/1.1 200 OK\r\nX: {}", "x".repeat(1 << 20));
        assert!(body(&endless).is_err());
    }
}
