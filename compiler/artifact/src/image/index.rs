//! An index: several images under one name, so that a release has one digest.

use super::{Blob, INDEX, Image, Kind};
use serde_json::{Value, json};

/// An index of all of these images under `tags`. Whoever pulls it to run it gets the first, so the newest comes first.
pub fn index(images: &[Image], tags: Vec<String>) -> Image {
    let descriptors: Vec<Value> = images.iter().rev().map(below).collect();
    let index = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": descriptors });
    let manifest = Blob::new(INDEX, index.to_string().into_bytes());
    Image { tags, manifest, blobs: Vec::new(), kind: Kind::Index }
}

/// An image of an index: where it runs, and what its manifest says of it.
fn below(image: &Image) -> Value {
    let mut descriptor = image.manifest.descriptor();
    if let Kind::Program { architecture } = &image.kind {
        descriptor["platform"] = json!({ "architecture": architecture, "os": "linux" });
    }
    let manifest: Value = serde_json::from_slice(&image.manifest.bytes).unwrap_or_default();
    descriptor["annotations"] = manifest["annotations"].clone();
    descriptor
}
