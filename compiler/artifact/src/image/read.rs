//! A layout of images, and the programs in them.

use super::{INDEX, signature};
use crate::key::PublicKey;
use crate::program::Program;
use crate::text::sha256;
use flate2::read::MultiGzDecoder;
use serde_json::Value;
use signature::Verdict;
use std::collections::BTreeMap;
use std::io::Read;

/// The most bytes of a layer, unpacked.
const MOST: u64 = 512 << 20;

/// The most images of a layout.
const MANY: usize = 1000;

/// The files of a layout, and what its index names.
#[derive(Clone, Debug)]
pub struct Layout {
    files: BTreeMap<String, Vec<u8>>,
    entries: Vec<Entry>,
}

/// What the index of a layout names, under all of its tags.
#[derive(Clone, Debug)]
struct Entry {
    tags: Vec<String>,
    descriptor: Value,
}

/// An image of a layout.
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

/// Whether somebody signed what a layout names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// What it is called beside its name.
    pub tags: Vec<String>,
    /// `sha256:…` of its manifest.
    pub digest: String,
    /// What became of looking for the signature.
    pub verdict: Verdict,
}

impl Layout {
    /// The layout in an archive.
    ///
    /// # Errors
    ///
    /// It is no such archive: what is wrong with it.
    pub fn read(bytes: &[u8]) -> Result<Self, String> {
        Self::of(unpacked(bytes)?)
    }

    /// The layout of these files.
    ///
    /// # Errors
    ///
    /// They are none: what is wrong.
    pub fn of(files: BTreeMap<String, Vec<u8>>) -> Result<Self, String> {
        let index = files.get("index.json").ok_or("holds no images: it has no `index.json`")?;
        let entries = entries(&json(index)?)?;
        Ok(Self { files, entries })
    }

    /// Its images. Every digest is compared with the bytes that it names.
    ///
    /// # Errors
    ///
    /// Something is not there or not what its digest says, or what is in an image is no gateway.
    pub fn images(&self) -> Result<Vec<Pulled>, String> {
        let mut found: Vec<Pulled> = Vec::new();
        for entry in self.named() {
            for (digest, manifest) in self.manifests(&entry.descriptor)? {
                if let Some(known) = found.iter_mut().find(|one| one.digest == digest) {
                    known.tags.extend(entry.tags.iter().cloned());
                    continue;
                }
                let bytes = gateway(&self.files, &manifest)?;
                let program =
                    Program::read(&bytes).map_err(|why| format!("holds a `gateway` that {why}"))?;
                found.push(Pulled { tags: entry.tags.clone(), digest, program, bytes });
            }
        }
        if found.is_empty() { Err("holds no image".to_owned()) } else { Ok(found) }
    }

    /// Whether the other half of `key` signed what the layout names.
    ///
    /// # Errors
    ///
    /// Something is not there or not what its digest says.
    pub fn signed(&self, key: &PublicKey) -> Result<Vec<Signed>, String> {
        let named = self.named().map(|entry| {
            let (digest, _) = blob(&self.files, &entry.descriptor)?;
            let tag = signature::tag(&digest);
            let mut layers = Vec::new();
            for kept in self.entries.iter().filter(|one| one.tags.contains(&tag)) {
                let (_, manifest) = blob(&self.files, &kept.descriptor)?;
                for descriptor in signature::descriptors(&json(manifest)?) {
                    let document = blob(&self.files, &descriptor)?.1.to_vec();
                    layers.push((descriptor, document));
                }
            }
            let verdict = signature::verdict(&layers, &digest, key);
            Ok(Signed { tags: entry.tags.clone(), digest, verdict })
        });
        named.collect()
    }

    /// What is named, but for signatures.
    fn named(&self) -> impl Iterator<Item = &Entry> {
        let is_signature = |entry: &&Entry| entry.tags.iter().any(|tag| signature::is_tag(tag));
        self.entries.iter().filter(move |entry| !is_signature(entry))
    }

    /// The manifests that a descriptor leads to: its own, or those of the index that it names.
    fn manifests(&self, descriptor: &Value) -> Result<Vec<(String, Value)>, String> {
        let (digest, bytes) = blob(&self.files, descriptor)?;
        let value = json(bytes)?;
        if value.get("mediaType").is_none_or(|own| own != INDEX) {
            return Ok(vec![(digest, value)]);
        }
        let below = entries(&value)?.into_iter().map(|entry| {
            let (digest, bytes) = blob(&self.files, &entry.descriptor)?;
            Ok((digest, json(bytes)?))
        });
        below.collect()
    }
}

/// Whether bytes are those of an archive.
pub fn is_archive(bytes: &[u8]) -> bool {
    bytes.get(257..262) == Some(b"ustar")
}

/// What an index names, each digest once.
fn entries(index: &Value) -> Result<Vec<Entry>, String> {
    let all = index.get("manifests").and_then(Value::as_array).ok_or("has an empty index")?;
    if all.len() > MANY {
        return Err("holds too many images".to_owned());
    }
    let mut found: Vec<Entry> = Vec::new();
    for descriptor in all {
        let tag = descriptor.pointer("/annotations/org.opencontainers.image.ref.name");
        let tag = tag.and_then(Value::as_str).map(str::to_owned);
        let known = found.iter_mut().find(|one| one.descriptor["digest"] == descriptor["digest"]);
        match known {
            Some(known) => known.tags.extend(tag),
            None => found
                .push(Entry { tags: tag.into_iter().collect(), descriptor: descriptor.clone() }),
        }
    }
    Ok(found)
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
