//! A small blocking HTTP/2 client that sends exactly the frames that it is told.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// What a client begins with (RFC 9113 section 3.4).
pub const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Types of frames (RFC 9113 section 6).
pub mod kind {
    /// A part of a body.
    pub const DATA: u8 = 0;
    /// A head.
    pub const HEADERS: u8 = 1;
    /// The end of a stream before its time.
    pub const RST_STREAM: u8 = 3;
    /// What a side expects of the other.
    pub const SETTINGS: u8 = 4;
    /// A sign of life.
    pub const PING: u8 = 6;
    /// The last frame of a connection.
    pub const GOAWAY: u8 = 7;
    /// Room for more of a body.
    pub const WINDOW_UPDATE: u8 = 8;
    /// More of a head.
    pub const CONTINUATION: u8 = 9;
}

/// The flag of the last frame of a body, and of the answer to settings and signs of life.
pub const END_STREAM: u8 = 1;
/// The flag of the last frame of a head.
pub const END_HEADERS: u8 = 4;

/// How long the client waits for anything before it fails the test.
const PATIENCE: Duration = Duration::from_secs(20);

/// A frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Its type, one of [`kind`].
    pub kind: u8,
    /// Its flags.
    pub flags: u8,
    /// The stream that it belongs to; 0 is the connection.
    pub stream: u32,
    /// What it holds.
    pub payload: Vec<u8>,
}

/// How a request ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// With an answer: its status and its body.
    Answer(u16, Vec<u8>),
    /// Its stream was reset, for this reason (RFC 9113 section 7).
    Reset(u32),
    /// The connection was ended with this reason.
    Gone(u32),
    /// The connection was closed without a word.
    Closed,
}

impl Outcome {
    /// The status of an answer; 0 if there is none.
    pub fn status(&self) -> u16 {
        match self {
            Outcome::Answer(status, _) => *status,
            _ => 0,
        }
    }
}

/// One connection.
#[derive(Debug)]
pub struct Frames<S = TcpStream> {
    stream: S,
    /// What the other side has said goodbye with.
    goodbye: Option<u32>,
}

impl Frames {
    /// Connects and says nothing.
    ///
    /// # Panics
    ///
    /// When nobody accepts.
    #[track_caller]
    pub fn silent(address: SocketAddr) -> Frames {
        let stream = TcpStream::connect(address).expect("the address accepts connections");
        stream.set_read_timeout(Some(PATIENCE)).expect("a positive time");
        stream.set_nodelay(true).expect("a connected socket");
        Frames { stream, goodbye: None }
    }

    /// Connects and begins, with these settings beside that no field is to be remembered.
    ///
    /// # Panics
    ///
    /// When nobody accepts.
    #[track_caller]
    pub fn connect(address: SocketAddr, settings: &[(u16, u32)]) -> Frames {
        Frames::silent(address).begin(settings)
    }
}

impl<S: Read + Write> Frames<S> {
    /// Takes the side of a server on a connection that is there, with these settings.
    ///
    /// # Errors
    ///
    /// When what comes does not begin as HTTP/2 does.
    pub fn accept(stream: S, settings: &[(u16, u32)]) -> io::Result<Frames<S>> {
        let mut frames = Frames { stream, goodbye: None };
        let mut first = [0; PREFACE.len()];
        frames.stream.read_exact(&mut first)?;
        if first != PREFACE {
            return Err(io::Error::other("it does not begin as HTTP/2 does"));
        }
        frames.settings(settings);
        Ok(frames)
    }

    fn settings(&mut self, settings: &[(u16, u32)]) {
        let mut payload = Vec::new();
        for (name, value) in settings {
            payload.extend(name.to_be_bytes());
            payload.extend(value.to_be_bytes());
        }
        self.send(kind::SETTINGS, 0, 0, &payload);
    }

    /// Begins on a connection that is there, as [`Frames::connect`] does.
    pub fn over(stream: S, settings: &[(u16, u32)]) -> Frames<S> {
        Frames { stream, goodbye: None }.begin(settings)
    }

    fn begin(mut self, settings: &[(u16, u32)]) -> Frames<S> {
        let _ = self.write(PREFACE);
        let all: Vec<_> = [(1, 0)].iter().chain(settings).copied().collect();
        self.settings(&all);
        self
    }

    /// Writes bytes as they are.
    ///
    /// # Errors
    ///
    /// When the other side has closed.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)
    }

    /// Writes a frame. That the other side may have closed shows when something is read.
    pub fn send(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
        let _ = self.write(&frame(kind, flags, stream, payload));
    }

    /// Writes the head of a request, and its body if there is one.
    pub fn request(
        &mut self,
        stream: u32,
        (method, path): (&str, &str),
        more: &[(&str, &str)],
        body: &[u8],
    ) {
        let own =
            [(":method", method), (":scheme", "http"), (":path", path), (":authority", "a.test")];
        let block = fields(own.iter().chain(more).copied());
        let end = if body.is_empty() { END_STREAM } else { 0 };
        self.send(kind::HEADERS, END_HEADERS | end, stream, &block);
        if !body.is_empty() {
            self.send(kind::DATA, END_STREAM, stream, body);
        }
    }

    /// The next frame. Settings and signs of life are answered.
    ///
    /// # Errors
    ///
    /// When the connection has ended, or nothing comes for 20 s.
    pub fn read(&mut self) -> io::Result<Frame> {
        let mut head = [0; 9];
        self.stream.read_exact(&mut head)?;
        let [a, b, c, kind, flags, stream @ ..] = head;
        let mut payload = vec![0; usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c)];
        self.stream.read_exact(&mut payload)?;
        if [kind::SETTINGS, kind::PING].contains(&kind) && flags & 1 == 0 {
            let answer = if kind == kind::PING { payload.as_slice() } else { &[] };
            self.send(kind, 1, 0, answer);
        }
        if kind == kind::GOAWAY {
            self.goodbye = Some(code(&payload, 4));
        }
        let stream = u32::from_be_bytes(stream) & 0x7fff_ffff;
        Ok(Frame { kind, flags, stream, payload })
    }

    /// Reads on to the end of a request.
    pub fn outcome(&mut self, stream: u32) -> Outcome {
        let (mut status, mut body) = (0, Vec::new());
        while let Ok(frame) = self.read() {
            match frame.kind {
                kind::GOAWAY if code(&frame.payload, 4) != 0 => {
                    return Outcome::Gone(code(&frame.payload, 4));
                }
                kind::RST_STREAM if frame.stream == stream => {
                    return Outcome::Reset(code(&frame.payload, 0));
                }
                kind::HEADERS if frame.stream == stream => {
                    status = self::status(&frame.payload).unwrap_or(status);
                }
                kind::DATA if frame.stream == stream => body.extend(frame.payload),
                _ => continue,
            }
            if frame.stream == stream && frame.flags & END_STREAM != 0 {
                return Outcome::Answer(status, body);
            }
        }
        Outcome::Closed
    }

    /// Reads on to the end of the connection; whether it was said goodbye to, and why.
    pub fn end(&mut self) -> Option<u32> {
        while self.read().is_ok() {}
        self.goodbye
    }
}

/// The bytes of a frame.
pub fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let [_, length @ ..] = u32::try_from(payload.len()).unwrap_or(u32::MAX).to_be_bytes();
    let mut bytes = length.to_vec();
    bytes.extend([kind, flags]);
    bytes.extend(stream.to_be_bytes());
    bytes.extend(payload);
    bytes
}

/// Fields as a block (RFC 7541 section 6.2.2), each as it stands. Names and values are at most 16,000 bytes.
pub fn fields<'f>(all: impl IntoIterator<Item = (&'f str, &'f str)>) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in all {
        block.push(0);
        for text in [name, value] {
            match u8::try_from(text.len()) {
                Ok(length @ ..127) => block.push(length),
                _ => {
                    let more = u16::try_from(text.len() - 127).unwrap_or(u16::MAX);
                    let [high, low] = (more << 1).to_be_bytes();
                    block.extend([127, low >> 1 | 0x80, high]);
                }
            }
            block.extend(text.as_bytes());
        }
    }
    block
}

/// The number at a place of a payload.
fn code(payload: &[u8], at: usize) -> u32 {
    let bytes = payload.get(at..at + 4).and_then(|bytes| bytes.try_into().ok());
    bytes.map_or(0, u32::from_be_bytes)
}

/// The status that a head begins with, where no field of one before is remembered.
fn status(block: &[u8]) -> Option<u16> {
    const INDEXED: [u16; 7] = [200, 204, 206, 304, 400, 404, 500];
    let start = block.iter().position(|byte| byte & 0xe0 != 0x20)?;
    let (first, rest) = block.get(start..)?.split_first()?;
    if first & 0x80 != 0 {
        return INDEXED.get(usize::from(first & 0x7f).checked_sub(8)?).copied();
    }
    let (length, text) = rest.split_first()?;
    let text = text.get(..usize::from(length & 0x7f))?;
    if length & 0x80 == 0 {
        return std::str::from_utf8(text).ok()?.parse().ok();
    }
    digits(text)
}

/// A number in Huffman's code (RFC 7541 appendix B), of which 0 to 2 have five bits and 3 to 9 six.
fn digits(text: &[u8]) -> Option<u16> {
    let bits = text.iter().fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
    let mut left = text.len() * 8;
    let mut number = 0;
    for _ in 0..3 {
        let five = bits >> left.checked_sub(5)? & 0x1f;
        let digit = if five <= 2 {
            left -= 5;
            five
        } else {
            left = left.checked_sub(6)?;
            (bits >> left & 0x3f).checked_sub(0x19)? + 3
        };
        number = number * 10 + u16::try_from(digit).ok()?;
    }
    Some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_are_read_however_they_are_written() {
        assert_eq!(status(&[0x20, 0x88]), Some(200));
        assert_eq!(status(&[0x8d]), Some(404));
        assert_eq!(status(&[0x08, 3, b'4', b'1', b'3']), Some(413));
        // RFC 7541 appendix C.6.1.
        assert_eq!(status(&[0x48, 0x82, 0x64, 0x02]), Some(302));
    }

    #[test]
    fn long_values_have_long_lengths() {
        // RFC 7541 appendix C.1.2 counts 1337 with five bits of prefix; with seven it is 127 and 1210.
        let block = fields([("a", "x".repeat(1337).as_str())]);
        assert_eq!(block.get(..6), Some(&[0, 1, b'a', 127, 0xba, 0x09][..]));
    }
}
