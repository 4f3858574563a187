//! Compressed texts and digests.

use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use sha2::{Digest, Sha256};
use std::io::{Read, Write};

/// The most bytes of what a section holds, unpacked.
const MOST: u64 = 64 << 20;

/// SHA-256 in hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Compressed as zlib does (RFC 1950), always to the same bytes.
pub(crate) fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    let written = encoder.write_all(bytes).and_then(|()| encoder.finish());
    written.expect("writing to memory cannot fail")
}

/// What was compressed.
///
/// # Errors
///
/// It was not, or it is more than 64 MB: why.
pub(crate) fn unpacked(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let mut out = Vec::new();
    let read = ZlibDecoder::new(bytes).take(MOST + 1).read_to_end(&mut out);
    read.map_err(|error| format!("cannot be unpacked: {error}"))?;
    if out.len() as u64 > MOST { Err("holds more than 64 MB".to_owned()) } else { Ok(out) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_packed_comes_out_and_nothing_else() {
        let text = b"a contract, a contract".repeat(100);
        assert!(packed(&text).len() < 100);
        assert_eq!(unpacked(&packed(&text)).unwrap(), text);
        assert!(unpacked(b"no zlib").is_err());
        let cut = packed(&text);
        assert!(unpacked(cut.get(..cut.len() / 2).unwrap()).is_err());
        let bomb = packed(&vec![0; 65 << 20]);
        assert!(unpacked(&bomb).unwrap_err().contains("more than 64 MB"));
    }
}
