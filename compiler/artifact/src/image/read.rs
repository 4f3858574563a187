//! An archive of images, and the programs in them.

use crate::program::Program;
use crate::text::sha256;
use flate2::read::MultiGzDecoder;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::Read;

/// The most bytes of a layer, unpacked.
const MOST: u64 = 512 << 20;

/// The most images of an archive.
const MANY: usize = 1000;

/// An image of an archive.
#[derive(Clone, Debug)]
pub struct Pulled {
    /// What it is called beside its name.
    pub tags: Vec<String>,
    /// `sha256:…` of its manifest.
    pub digest: String,
    /// The program in it.
    pub program: Program,
    /// The program's file.
    pub bytes: Vec<u8>,
}

/// The images of an OCI layout in an archive. Every digest is compared with the bytes that it names.
///
/// # Errors
///
/// It is no such archive, or what is in it is no gateway: what is wrong with it.
pub fn read(bytes: &[u8]) -> Result<Vec<Pulled>, String> {
    let files = unpacked(bytes)?;
    let index = json(files.get("index.json").ok_or("holds no images: it has no `index.json`")?)?;
    let entries = index.get("manifests").and_then(Value::as_array).ok_or("has an empty index")?;
    if entries.len() > MANY {
        return Err("holds too many images".to_owned());
    }
    let mut found: Vec<Pulled> = Vec::new();
    for entry in entries {
        let tag = entry.pointer("/annotations/org.opencontainers.image.ref.name");
        let tag = tag.and_then(Value::as_str).map(str::to_owned);
        let (digest, manifest) = blob(&files, entry)?;
        if let Some(known) = found.iter_mut().find(|one| one.digest == digest) {
            known.tags.extend(tag);
            continue;
        }
        let bytes = gateway(&files, &json(manifest)?)?;
        let program =
            Program::read(&bytes).map_err(|why| format!("holds a `gateway` that {why}"))?;
        found.push(Pulled { tags: tag.into_iter().collect(), digest, program, bytes });
    }
    if found.is_empty() { Err("holds no image".to_owned()) } else { Ok(found) }
}

/// Whether bytes are those of an archive.
pub fn is_archive(bytes: &[u8]) -> bool {
    bytes.get(257..262) == Some(b"ustar")
}

fn unpacked(bytes: &[u8]) -> Result<BTreeMap<String, Vec<u8>>, String> {
    let broken = |error: std::io::Error| format!("is no archive: {error}");
    let mut files = BTreeMap::new();
    for entry in tar::Archive::new(bytes).entries().map_err(broken)? {
        let mut entry = entry.map_err(broken)?;
        let name = entry.path().map_err(broken)?.to_string_lossy().into_owned();
        let name = name.trim_start_matches("./").to_owned();
        let size = entry.size();
        let mut text = Vec::new();
        // No entry is longer than the archive that it is in.
        Read::by_ref(&mut entry).take(bytes.len() as u64).read_to_end(&mut text).map_err(broken)?;
        if text.len() as u64 != size {
            return Err("is cut off".to_owned());
        }
        files.insert(name, text);
    }
    Ok(files)
}

/// The bytes that a descriptor names, with their digest.
fn blob<'f>(
    files: &'f BTreeMap<String, Vec<u8>>,
    descriptor: &Value,
) -> Result<(String, &'f [u8]), String> {
    let digest = descriptor.get("digest").and_then(Value::as_str).unwrap_or_default();
    let hex = digest.strip_prefix("sha256:").ok_or("names something by no SHA-256")?;
    let bytes = files.get(&format!("blobs/sha256/{hex}"));
    let bytes = bytes.ok_or_else(|| format!("does not hold {digest}"))?;
    if sha256(bytes) != hex {
        return Err(format!("holds other bytes than {digest} says"));
    }
    Ok((digest.to_owned(), bytes))
}

/// The file `gateway` of the layers.
fn gateway(files: &BTreeMap<String, Vec<u8>>, manifest: &Value) -> Result<Vec<u8>, String> {
    let layers = manifest.get("layers").and_then(Value::as_array).into_iter().flatten();
    for layer in layers {
        let (_, bytes) = blob(files, layer)?;
        let mut tar = Vec::new();
        let read = MultiGzDecoder::new(bytes).take(MOST + 1).read_to_end(&mut tar);
        read.map_err(|error| format!("has a layer that cannot be unpacked: {error}"))?;
        if tar.len() as u64 > MOST {
            return Err("has a layer of more than 512 MB".to_owned());
        }
        if let Some(bytes) = unpacked(&tar)?.remove("gateway") {
            return Ok(bytes);
        }
    }
    Err("holds an image without a file `/gateway`".to_owned())
}

fn json(bytes: &[u8]) -> Result<Value, String> {
    serde_json::from_slice(bytes).map_err(|error| format!("holds what is no JSON: {error}"))
}
