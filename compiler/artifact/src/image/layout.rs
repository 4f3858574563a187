//! Images as the files of an OCI layout, and those as one archive.

use super::{INDEX, Image};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The files of a layout with these images; `name` is what they are called when they are loaded.
pub fn files(images: &[Image], name: &str) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut manifests: Vec<Value> = Vec::new();
    for image in images {
        for blob in image.blobs.iter().chain([&image.manifest]) {
            files.insert(format!("blobs/sha256/{}", blob.sha256), blob.bytes.clone());
        }
        for tag in &image.tags {
            let mut descriptor = image.manifest.descriptor();
            if let Some(fields) = descriptor.as_object_mut() {
                let platform = json!({ "architecture": image.architecture, "os": "linux" });
                fields.insert("platform".into(), platform);
                fields.insert(
                    "annotations".into(),
                    json!({
                        "io.containerd.image.name": format!("{name}:{tag}"),
                        "org.opencontainers.image.ref.name": tag,
                    }),
                );
            }
            manifests.push(descriptor);
        }
    }
    let index = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": manifests });
    files.insert("index.json".into(), index.to_string().into_bytes());
    files.insert("oci-layout".into(), json!({ "imageLayoutVersion": "1.0.0" }).to_string().into());
    files
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
