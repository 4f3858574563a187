//! Takes a body apart that was compressed, within bounds.

use std::io::Read;

use bytes::Bytes;
use flate2::read::MultiGzDecoder;
use flate2::read::ZlibDecoder;
use tokio::task::yield_now;

use super::Coding;
use crate::error::{Error, Kind};

/// How much is made before others of the core have their turn, in bytes.
const PIECE: u64 = 64 * 1024;
/// How many times longer a body may get. What callers mean to send gets shorter by 10 or 20 times.
const RATIO: usize = 250;
/// How long it may get whatever it was.
const ANYWAY: usize = 1 << 20;
/// The largest window of Zstandard, as a power of two (RFC 8878 section 3.1.1.1.2).
const WINDOW: u32 = 23;
/// How much is read at once, in bytes.
const HANDFUL: usize = 8 * 1024;

/// The body that was compressed, of at most `limit` bytes.
///
/// # Errors
///
/// 413 when it is longer; 400 when it is not compressed so, ends early, or gets longer by more than
/// anybody means.
pub(crate) async fn decode(body: &[u8], coding: Coding, limit: usize) -> Result<Bytes, Error> {
    let wrong = || Error::from(Kind::Malformed("the body is not compressed as it says"));
    let mut reader = reader(body, coding).ok_or_else(wrong)?;
    let mut made = Vec::new();
    loop {
        let more = reader.by_ref().take(PIECE).read_to_end(&mut made).map_err(|_| wrong())?;
        if made.len() > limit {
            return Err(Kind::BodyTooLarge { limit }.into());
        }
        if made.len() > ANYWAY && made.len() / RATIO > body.len() {
            return Err(Kind::Malformed("the body gets too long for what it is").into());
        }
        if more == 0 {
            return Ok(Bytes::from(made));
        }
        yield_now().await;
    }
}

fn reader(body: &[u8], coding: Coding) -> Option<Box<dyn Read + '_>> {
    Some(match coding {
        Coding::Gzip => Box::new(MultiGzDecoder::new(body)),
        Coding::Deflate => Box::new(ZlibDecoder::new(body)),
        // Windows beyond 16 MB are not of RFC 7932 (section 9.1), and the library would make one.
        Coding::Brotli if body.first().is_none_or(|first| first & 0x7f == 0x11) => return None,
        Coding::Brotli => Box::new(brotli::Decompressor::new(body, HANDFUL)),
        Coding::Zstandard => {
            let mut reader = zstd::stream::read::Decoder::with_buffer(body).ok()?;
            reader.window_log_max(WINDOW).ok()?;
            Box::new(reader)
        }
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::super::{OFFERED, whole};
    use super::*;

    fn made(body: &[u8], coding: Coding, limit: usize) -> Result<Bytes, u16> {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(decode(body, coding, limit)).map_err(|error| error.status())
    }

    fn coded(coding: Coding, text: &[u8]) -> Vec<u8> {
        if coding == Coding::Deflate {
            let mut writer = flate2::write::ZlibEncoder::new(Vec::new(), Default::default());
            writer.write_all(text).expect("memory");
            return writer.finish().expect("memory");
        }
        whole(coding, text).expect("compressed")
    }

    fn all() -> impl Iterator<Item = Coding> {
        OFFERED.into_iter().chain([Coding::Deflate])
    }

    #[test]
    fn what_was_compressed_comes_back() {
        let text: Vec<u8> = (0..200_000_u32).flat_map(|n| (n % 977).to_be_bytes()).collect();
        for coding in all() {
            for text in [&b""[..], b"{}", &text] {
                let body = coded(coding, text);
                assert_eq!(made(&body, coding, 1 << 20).as_deref(), Ok(text), "{coding:?}");
            }
        }
    }

    #[test]
    fn a_limit_holds_for_what_comes_out() {
        let text = vec![b'x'; 100_000];
        for coding in all() {
            let body = coded(coding, &text);
            assert!(body.len() < 1_000);
            assert_eq!(made(&body, coding, 100_000).map(|text| text.len()), Ok(100_000));
            assert_eq!(made(&body, coding, 99_999), Err(413), "{coding:?}");
        }
    }

    #[test]
    fn nobody_means_a_bomb() {
        let text = vec![0; 8 << 20];
        for coding in all() {
            let body = coded(coding, &text);
            assert_eq!(made(&body, coding, 1 << 30), Err(400), "{coding:?} {}", body.len());
        }
    }

    #[test]
    fn what_is_not_compressed_so_is_400() {
        let text: Vec<u8> = (0..5_000_u32).flat_map(|n| (n * n).to_be_bytes()).collect();
        for coding in all() {
            let body = coded(coding, &text);
            for size in [1, 5, body.len() / 2, body.len() - 1] {
                let part = body.get(..size).expect("a part");
                assert_eq!(made(part, coding, 1 << 20), Err(400), "{coding:?} {size}");
            }
            for other in [&b"{\"a\":1}"[..], b"\x11\xff\xff\xff", &[0xff; 40]] {
                assert_eq!(made(other, coding, 1 << 20), Err(400), "{coding:?} {other:?}");
            }
        }
        let garbage = [coded(Coding::Gzip, b"{}"), b"garbage".to_vec()].concat();
        assert_eq!(made(&garbage, Coding::Gzip, 1 << 20), Err(400));
    }
}
