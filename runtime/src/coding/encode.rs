//! Compresses: texts as wholes, and streams piece by piece.

use std::io::{self, Write};

use flate2::Compression;
use flate2::write::GzEncoder;

use super::Coding;

/// How much of what came before is looked at, as a power of two: 256 KB. It bounds what a stream needs,
/// and more makes no answer of an API much shorter.
const WINDOW: u8 = 18;
/// Levels that save most for their time.
const GZIP: u32 = 5;
const BROTLI: u32 = 4;
const ZSTANDARD: i32 = 3;
/// How much Brotli hands over at once, in bytes.
const HANDFUL: usize = 8 * 1024;

/// Compresses what is written to it.
pub(super) enum Encoder {
    Gzip(GzEncoder<Vec<u8>>),
    Brotli(Box<brotli::CompressorWriter<Vec<u8>>>),
    Zstandard(zstd::stream::write::Encoder<'static, Vec<u8>>),
}

/// A text, compressed as a whole; nothing where that cannot be.
pub(crate) fn whole(coding: Coding, text: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = Encoder::new(coding).ok()?;
    encoder.write(text).ok()?;
    encoder.finish().ok()
}

impl Encoder {
    /// # Errors
    ///
    /// When there is no memory for one, or answers are not compressed so.
    pub(super) fn new(coding: Coding) -> io::Result<Encoder> {
        match coding {
            Coding::Gzip => Ok(Encoder::Gzip(GzEncoder::new(Vec::new(), Compression::new(GZIP)))),
            Coding::Brotli => {
                let (level, window) = (BROTLI, u32::from(WINDOW));
                let writer = brotli::CompressorWriter::new(Vec::new(), HANDFUL, level, window);
                Ok(Encoder::Brotli(Box::new(writer)))
            }
            Coding::Zstandard => {
                let mut writer = zstd::stream::write::Encoder::new(Vec::new(), ZSTANDARD)?;
                writer.window_log(u32::from(WINDOW))?;
                Ok(Encoder::Zstandard(writer))
            }
            Coding::Deflate => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    fn inner(&mut self) -> &mut dyn Write {
        match self {
            Encoder::Gzip(writer) => writer,
            Encoder::Brotli(writer) => writer,
            Encoder::Zstandard(writer) => writer,
        }
    }

    pub(super) fn write(&mut self, text: &[u8]) -> io::Result<()> {
        self.inner().write_all(text)
    }

    /// Lets everything out that was written: whoever reads it sees all of that.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.inner().flush()
    }

    /// What has come out since it was asked last.
    pub(super) fn take(&mut self) -> Vec<u8> {
        std::mem::take(match self {
            Encoder::Gzip(writer) => writer.get_mut(),
            Encoder::Brotli(writer) => writer.get_mut(),
            Encoder::Zstandard(writer) => writer.get_mut(),
        })
    }

    /// The end, with what had not come out.
    pub(super) fn finish(self) -> io::Result<Vec<u8>> {
        match self {
            Encoder::Gzip(writer) => writer.finish(),
            Encoder::Brotli(writer) => Ok(writer.into_inner()),
            Encoder::Zstandard(writer) => writer.finish(),
        }
    }
}
