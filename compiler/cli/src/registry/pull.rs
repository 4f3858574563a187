//! What a registry has: images and signatures, each byte compared with the digest that names it.

use super::Registry;
use crate::fetch::Answer;
use gatewright_artifact::image::signature::{self, Layer};
use gatewright_artifact::image::{INDEX, MANIFEST};
use gatewright_artifact::sha256;
use gatewright_build::Error;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// How often a registry may lead elsewhere.
const TURNS: usize = 5;

/// The most manifests that an index may name.
const MANY: usize = 100;

/// A place in a registry and what is meant there: a tag, or a digest.
pub(crate) fn parted(text: &str) -> (&str, &str) {
    if let Some((place, digest)) = text.split_once('@') {
        // A tag beside a digest says nothing.
        return (tagged(place).map_or(place, |(place, _)| place), digest);
    }
    tagged(text).unwrap_or((text, "latest"))
}

fn tagged(text: &str) -> Option<(&str, &str)> {
    text.rsplit_once(':').filter(|(_, tag)| !tag.contains('/'))
}

impl Registry {
    /// The files of a layout with what `reference`, a tag or a digest, names, and its signatures.
    ///
    /// # Errors
    ///
    /// The registry does not have it, or gives other bytes than a digest says.
    pub(crate) fn layout(&mut self, reference: &str) -> Result<BTreeMap<String, Vec<u8>>, Error> {
        let mut files = BTreeMap::new();
        let Some(bytes) = self.kept(reference)? else {
            return Err(Error::world(format!(
                "{} has nothing called {reference} in {}",
                self.address.authority(),
                self.name
            )));
        };
        let digest = format!("sha256:{}", sha256(&bytes));
        if reference.contains(':') && reference != digest {
            return Err(self.other(reference));
        }
        let value = read(&bytes);
        let mut named = vec![(digest, reference.to_owned(), bytes)];
        for below in list(&value, "manifests").iter().take(MANY) {
            let digest = text(below, "digest");
            let bytes = self.kept(digest)?.unwrap_or_default();
            named.push((digest.to_owned(), String::new(), bytes));
        }
        let mut index = Vec::new();
        for (digest, tag, bytes) in named {
            if format!("sha256:{}", sha256(&bytes)) != digest {
                return Err(self.other(&digest));
            }
            self.parts(&bytes, &mut files)?;
            let kept = signature::tag(&digest);
            if !tag.is_empty() {
                index.push(entry(&bytes, &tag));
                if let Some(bytes) = self.kept(&kept)? {
                    self.parts(&bytes, &mut files)?;
                    index.push(entry(&bytes, &kept));
                    files.insert(file(&format!("sha256:{}", sha256(&bytes))), bytes);
                }
            }
            files.insert(file(&digest), bytes);
        }
        let index = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": index });
        files.insert("index.json".into(), index.to_string().into_bytes());
        Ok(files)
    }

    /// The signatures of what has this digest.
    ///
    /// # Errors
    ///
    /// The registry does not answer, or gives other bytes than a digest says.
    pub(crate) fn signatures(&mut self, digest: &str) -> Result<Vec<Layer>, Error> {
        let Some(bytes) = self.kept(&signature::tag(digest))? else { return Ok(Vec::new()) };
        let mut found = Vec::new();
        for descriptor in signature::descriptors(&read(&bytes)) {
            let document = self.fetched(text(&descriptor, "digest"))?;
            found.push((descriptor, document));
        }
        Ok(found)
    }

    /// The layers that a manifest names, into `files`.
    fn parts(
        &mut self,
        manifest: &[u8],
        files: &mut BTreeMap<String, Vec<u8>>,
    ) -> Result<(), Error> {
        for layer in list(&read(manifest), "layers") {
            let digest = text(layer, "digest");
            if let Entry::Vacant(place) = files.entry(file(digest)) {
                place.insert(self.fetched(digest)?);
            }
        }
        Ok(())
    }

    /// A manifest, if there is one.
    fn kept(&mut self, reference: &str) -> Result<Option<Vec<u8>>, Error> {
        self.got(&format!("manifests/{reference}"), &format!("{MANIFEST}, {INDEX}"))
    }

    /// A blob.
    fn fetched(&mut self, digest: &str) -> Result<Vec<u8>, Error> {
        let bytes = self.got(&format!("blobs/{digest}"), "*/*")?.unwrap_or_default();
        if format!("sha256:{}", sha256(&bytes)) == digest {
            Ok(bytes)
        } else {
            Err(self.other(digest))
        }
    }

    /// What is below the name; nothing if it is not there.
    fn got(&mut self, path: &str, accept: &str) -> Result<Option<Vec<u8>>, Error> {
        let mut address = self.address.at(&format!("/v2/{}/{path}", self.name))?;
        for _ in 0..TURNS {
            let answer: Answer =
                self.ask("GET", &address, &[("Accept", accept.to_owned())], &[])?;
            match (answer.status, answer.header("location")) {
                (200, _) => return Ok(Some(answer.body)),
                (404, _) => return Ok(None),
                (301 | 302 | 303 | 307 | 308, Some(to)) => address = address.led_to(to)?,
                _ => return Err(self.refused(path, &answer)),
            }
        }
        Err(Error::world(format!("{} leads on and on", self.address.authority())))
    }

    fn other(&self, digest: &str) -> Error {
        let place = self.address.authority();
        Error::world(format!("{place} does not have {digest}, or gives other bytes"))
    }
}

/// Where a layout keeps what has this digest.
fn file(digest: &str) -> String {
    format!("blobs/{}", digest.replace(':', "/"))
}

/// A manifest in an index.
fn entry(bytes: &[u8], tag: &str) -> Value {
    json!({
        "mediaType": read(bytes)["mediaType"],
        "digest": format!("sha256:{}", sha256(bytes)),
        "size": bytes.len(),
        "annotations": { "org.opencontainers.image.ref.name": tag },
    })
}

fn read(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap_or_default()
}

fn list<'v>(value: &'v Value, name: &str) -> &'v [Value] {
    value.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::parted;

    #[test]
    fn a_tag_or_a_digest_stands_behind_the_place() {
        for (text, parts) in [
            ("h.example/a/b", ("h.example/a/b", "latest")),
            ("h.example:5000/a", ("h.example:5000/a", "latest")),
            ("h.example:5000/a:1", ("h.example:5000/a", "1")),
            ("h.example/a@sha256:0f", ("h.example/a", "sha256:0f")),
            ("h.example/a:1@sha256:0f", ("h.example/a", "sha256:0f")),
        ] {
            assert_eq!(parted(text), parts);
        }
    }
}
