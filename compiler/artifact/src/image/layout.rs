//! Images as the files of an OCI layout, and those as one archive.

use super::{Blob, INDEX, Image, Kind};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The files of a layout with these images; `name` is what they are called when they are loaded.
///
/// The file `manifest.json` is no part of a layout: engines that load archives read it, for which a layout has one image.
pub fn files(images: &[Image], name: &str) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut manifests: Vec<Value> = Vec::new();
    let mut loaded: Vec<Value> = Vec::new();
    for image in images {
        for blob in image.blobs.iter().chain([&image.manifest]) {
            files.insert(format!("blobs/sha256/{}", blob.sha256), blob.bytes.clone());
        }
        manifests.extend(image.tags.iter().map(|tag| named(image, name, tag)));
        loaded.extend(load(image, name));
    }
    files.insert("manifest.json".into(), Value::from(loaded).to_string().into_bytes());
    let index = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": manifests });
    files.insert("index.json".into(), index.to_string().into_bytes());
    files.insert("oci-layout".into(), json!({ "imageLayoutVersion": "1.0.0" }).to_string().into());
    files
}

/// An image under one of its tags.
fn named(image: &Image, name: &str, tag: &str) -> Value {
    let mut descriptor = image.manifest.descriptor();
    let mut annotations = json!({ "org.opencontainers.image.ref.name": tag });
    if let Kind::Program { architecture } = &image.kind {
        descriptor["platform"] = json!({ "architecture": architecture, "os": "linux" });
    }
    if image.kind != Kind::Signature {
        annotations["io.containerd.image.name"] = format!("{name}:{tag}").into();
    }
    descriptor["annotations"] = annotations;
    descriptor
}

/// What an engine that loads an archive makes of an image; nothing of what cannot be run by itself.
fn load(image: &Image, name: &str) -> Option<Value> {
    let Kind::Program { .. } = image.kind else { return None };
    let path = |blob: &Blob| format!("blobs/sha256/{}", blob.sha256);
    let (config, layers) = image.blobs.split_first()?;
    let tags: Vec<String> = image.tags.iter().map(|tag| format!("{name}:{tag}")).collect();
    let layers: Vec<String> = layers.iter().map(path).collect();
    Some(json!({ "Config": path(config), "RepoTags": tags, "Layers": layers }))
}

/// A layout as one file.
pub fn archive(images: &[Image], name: &str) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    super::folder(&mut tar, "blobs/");
    super::folder(&mut tar, "blobs/sha256/");
    for (name, bytes) in files(images, name) {
        super::file(&mut tar, (&name, 0o644), &bytes);
    }
    tar.into_inner().expect("writing to memory cannot fail")
}
