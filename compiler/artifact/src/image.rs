//! Programs as images: an OCI layout of nothing but the program, and that read again.

mod index;
mod layout;
mod read;
pub mod signature;

pub use index::index;
pub use layout::{archive, files};
pub use read::{Layout, Pulled, Signed, is_archive};

use crate::program::Program;
use crate::text::sha256;
use flate2::{Compression, GzBuilder};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::io::Write as _;

/// The media type of a manifest.
pub const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// The media type of an index.
pub const INDEX: &str = "application/vnd.oci.image.index.v1+json";

const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";

/// When everything was made: the same bytes come of the same program.
const TIME: &str = "1970-01-01T00:00:00Z";

/// Who runs the program: nobody in particular.
const USER: u32 = 65532;

/// An image.
#[derive(Clone, Debug)]
pub struct Image {
    /// What it is called beside its name: `latest`, `1`.
    pub tags: Vec<String>,
    /// Its manifest.
    pub manifest: Blob,
    /// What the manifest names: configuration and layer.
    pub blobs: Vec<Blob>,
    kind: Kind,
}

/// What an image is for.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    /// To be run on machines of this architecture.
    Program { architecture: String },
    /// To name several.
    Index,
    /// To be found beside the one that it is the signature of.
    Signature,
}

/// Bytes with their digest.
#[derive(Clone, Debug)]
pub struct Blob {
    /// What kind of bytes it is.
    pub media_type: &'static str,
    /// SHA-256 in hexadecimal.
    pub sha256: String,
    /// The bytes.
    pub bytes: Vec<u8>,
}

impl Blob {
    fn new(media_type: &'static str, bytes: Vec<u8>) -> Self {
        Self { media_type, sha256: sha256(&bytes), bytes }
    }

    /// `sha256:…`
    pub fn digest(&self) -> String {
        format!("sha256:{}", self.sha256)
    }

    fn descriptor(&self) -> Value {
        json!({ "mediaType": self.media_type, "digest": self.digest(), "size": self.bytes.len() })
    }
}

/// Puts a program, whose file is `bytes`, into an image.
///
/// # Errors
///
/// It needs what an empty image does not have.
pub fn image(program: &Program, bytes: &[u8], tags: Vec<String>) -> Result<Image, String> {
    if !program.is_static {
        return Err("needs libraries, which an image of nothing else does not have".to_owned());
    }
    let tar = layer(bytes);
    let layer = Blob::new(LAYER, zipped(&tar));
    let config = config(program, &sha256(&tar));
    let config = Blob::new(CONFIG, config.to_string().into_bytes());
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": config.descriptor(),
        "layers": [layer.descriptor()],
        "annotations": annotations(program),
    });
    let manifest = Blob::new(MANIFEST, manifest.to_string().into_bytes());
    let kind = Kind::Program { architecture: program.architecture().to_owned() };
    Ok(Image { tags, manifest, blobs: vec![config, layer], kind })
}

/// The tags of a program: its version and revision, its commit, and `latest` for the last of several.
pub fn tags(program: &Program, is_last: bool) -> Vec<String> {
    let label = &program.label;
    let commit = label.revision.as_deref().map(plain).filter(|commit| !commit.is_empty());
    let mut tags: Vec<String> = Vec::new();
    if let [version] = label.versions.as_slice() {
        tags.push(plain(&version.label));
        tags.extend(version.revision.as_deref().map(plain));
        tags.extend(commit.as_ref().map(|commit| format!("{}-{commit}", version.label)));
    }
    if is_last {
        tags.extend(commit);
        tags.push("latest".to_owned());
    }
    let mut seen = Vec::new();
    tags.retain(|tag| {
        let is_first = !seen.contains(tag);
        seen.push(tag.clone());
        is_first
    });
    tags
}

/// A text as a tag can hold it.
fn plain(text: &str) -> String {
    let safe = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let text: String = text.chars().map(|c| if safe(c) { c } else { '_' }).take(100).collect();
    text.trim_start_matches(['-', '.']).to_owned()
}

/// What the image says of itself, by the keys that the OCI names.
fn annotations(program: &Program) -> Map<String, Value> {
    let label = &program.label;
    let versions = label.versions.iter();
    let versions: Vec<&str> =
        versions.map(|one| one.revision.as_deref().unwrap_or(&one.label)).collect();
    let mut found =
        BTreeMap::from([("title", label.program.clone()), ("version", versions.join(", "))]);
    if let Some(revision) = &label.revision {
        found.insert("revision", revision.clone());
    }
    let named = found.into_iter();
    named.map(|(key, text)| (format!("org.opencontainers.image.{key}"), text.into())).collect()
}

fn config(program: &Program, diff: &str) -> Value {
    json!({
        "created": TIME,
        "architecture": program.architecture(),
        "os": "linux",
        "config": {
            "User": format!("{USER}:{USER}"),
            "ExposedPorts": { "8080/tcp": {}, "9090/tcp": {} },
            "Env": ["OPERATOR=[::]:9090"],
            "Entrypoint": ["/gateway"],
            "Labels": annotations(program),
            "StopSignal": "SIGTERM",
        },
        "rootfs": { "type": "layers", "diff_ids": [format!("sha256:{diff}")] },
        "history": [{ "created": TIME, "created_by": format!("gatewright {}", program.label.compiler) }],
    })
}

/// The only layer: the program, and a name for its user.
fn layer(program: &[u8]) -> Vec<u8> {
    let passwd = format!("nonroot:x:{USER}:{USER}:nonroot:/:/sbin/nologin\n");
    let group = format!("nonroot:x:{USER}:\n");
    let mut tar = tar::Builder::new(Vec::new());
    folder(&mut tar, "etc/");
    file(&mut tar, ("etc/group", 0o644), group.as_bytes());
    file(&mut tar, ("etc/passwd", 0o644), passwd.as_bytes());
    file(&mut tar, ("gateway", 0o755), program);
    tar.into_inner().expect("writing to memory cannot fail")
}

fn folder(tar: &mut tar::Builder<Vec<u8>>, name: &str) {
    let mut header = header(0o755, 0);
    header.set_entry_type(tar::EntryType::Directory);
    tar.append_data(&mut header, name, std::io::empty()).expect("writing to memory cannot fail");
}

fn file(tar: &mut tar::Builder<Vec<u8>>, (name, mode): (&str, u32), bytes: &[u8]) {
    let mut header = header(mode, bytes.len());
    tar.append_data(&mut header, name, bytes).expect("writing to memory cannot fail");
}

fn header(mode: u32, size: usize) -> tar::Header {
    let mut header = tar::Header::new_ustar();
    header.set_entry_type(tar::EntryType::Regular);
    header.set_size(size as u64);
    header.set_mode(mode);
    header.set_mtime(0);
    header.set_uid(0);
    header.set_gid(0);
    header
}

fn zipped(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzBuilder::new().mtime(0).write(Vec::new(), Compression::default());
    let written = encoder.write_all(bytes).and_then(|()| encoder.finish());
    written.expect("writing to memory cannot fail")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::label::{Label, Texts, VersionLabel};

    fn program(versions: &[&str]) -> Program {
        let versions = versions.iter().map(|label| VersionLabel {
            label: (*label).to_owned(),
            revision: Some(format!("{label}.2+")),
            ..VersionLabel::default()
        });
        let label = Label {
            program: "shop".into(),
            revision: Some("abc-dirty".into()),
            versions: versions.collect(),
            build: vec![("target".into(), "x86_64-unknown-linux-gnu".into())],
            ..Label::default()
        };
        let (texts, crates) = (Texts::default(), Vec::new());
        Program { sha256: String::new(), size: 3, is_static: true, label, texts, crates }
    }

    #[test]
    fn tags_are_version_revision_commit_and_latest() {
        assert_eq!(tags(&program(&["1"]), false), ["1", "1.2_", "1-abc-dirty"]);
        let last = ["1", "1.2_", "1-abc-dirty", "abc-dirty", "latest"];
        assert_eq!(tags(&program(&["1"]), true), last);
        assert_eq!(tags(&program(&["1", "2"]), true), ["abc-dirty", "latest"]);
    }

    #[test]
    fn the_same_program_gives_the_same_image() {
        let one = || {
            let image = image(&program(&["1"]), b"ELF", vec!["latest".into()]).unwrap();
            archive(&[image], "shop")
        };
        assert_eq!(one(), one());
    }

    #[test]
    fn an_index_names_all_and_the_newest_first() {
        let made = |label: &str| {
            let bytes = format!("ELF {label}").into_bytes();
            image(&program(&[label]), &bytes, vec![label.to_owned()]).unwrap()
        };
        let images = [made("1"), made("2")];
        let index = index(&images, vec!["all".into()]);
        let value: Value = serde_json::from_slice(&index.manifest.bytes).unwrap();
        let digests: Vec<_> = images.iter().rev().map(|one| one.manifest.digest()).collect();
        let below = value["manifests"].as_array().unwrap();
        assert_eq!(below.iter().map(|one| one["digest"].clone()).collect::<Vec<_>>(), digests);
        let version = &below[0]["annotations"]["org.opencontainers.image.version"];
        assert_eq!(
            (version.as_str(), below[0]["platform"]["os"].as_str()),
            (Some("2.2+"), Some("linux"))
        );
        let files = files(&[&images[..], &[index]].concat(), "shop");
        let names: Value = serde_json::from_slice(&files["manifest.json"]).unwrap();
        assert_eq!(names[0]["RepoTags"], json!(["shop:1"]));
        assert_eq!(names.as_array().unwrap().len(), 2);
        let layer = names[1]["Layers"][0].as_str().unwrap();
        assert!(files.contains_key(layer), "{layer}");
    }

    #[test]
    fn what_needs_libraries_is_refused() {
        let program = Program { is_static: false, ..program(&["1"]) };
        assert!(image(&program, b"", Vec::new()).is_err());
    }

    #[test]
    fn an_archive_that_is_none_is_refused_without_a_panic() {
        let image = image(&program(&["1"]), b"ELF", vec!["latest".into()]).unwrap();
        let whole = archive(&[image], "shop");
        let read = |bytes: &[u8]| Layout::read(bytes).and_then(|layout| layout.images());
        // What is in it is no gateway, and it says so.
        assert!(read(&whole).unwrap_err().contains("does not begin as an ELF file"));
        assert!(read(b"").is_err());
        for part in 1..8 {
            assert!(read(whole.get(..whole.len() * part / 8).unwrap()).is_err());
        }
    }
}
