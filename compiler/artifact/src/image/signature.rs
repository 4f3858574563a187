//! Signatures of images, in the form in which cosign keeps and finds them.
//!
//! A signature is an image of its own, called `sha256-DIGEST.sig` beside the one that it is of. Each of its layers is a
//! short document that names a digest, with what a key made of that document as an annotation.

use super::{Blob, CONFIG, Image, Kind, MANIFEST};
use crate::base64;
use crate::key::{PublicKey, Signer};
use crate::text::sha256;
use serde_json::{Value, json};

/// The media type of what is signed.
pub const SIGNED: &str = "application/vnd.dev.cosign.simplesigning.v1+json";

/// Where the signature of a layer stands.
const ANNOTATION: &str = "dev.cosignproject.cosign/signature";

/// What a signed document says that it is.
const TYPE: &str = "cosign container image signature";

/// The most signatures of an image that are looked at.
const MANY: usize = 100;

/// What became of looking for a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The key signed it.
    Signed,
    /// There are signatures, and none of them is by this key.
    ByOthers,
    /// The key signed something else, and that signature was put here.
    Elsewhere,
    /// There is no signature.
    Unsigned,
}

/// A layer of a signature: its descriptor, and the document.
pub type Layer = (Value, Vec<u8>);

/// The tag of the signatures of what has this digest, `sha256:…`.
pub fn tag(digest: &str) -> String {
    format!("{}.sig", digest.replace(':', "-"))
}

/// Whether a tag is that of signatures.
pub fn is_tag(tag: &str) -> bool {
    let hex = tag.strip_prefix("sha256-").and_then(|rest| rest.strip_suffix(".sig"));
    hex.is_some_and(|hex| hex.len() == 64 && hex.bytes().all(|one| one.is_ascii_hexdigit()))
}

/// The signatures of `image`, which is kept as `name`: those that are there, and one by `signer` behind them.
///
/// # Errors
///
/// The machine gives no random numbers.
pub fn sign(
    image: &Image,
    name: &str,
    signer: &Signer,
    there: Vec<Layer>,
) -> Result<Image, String> {
    let document = json!({
        "critical": {
            "identity": { "docker-reference": name },
            "image": { "docker-manifest-digest": image.manifest.digest() },
            "type": TYPE,
        },
        "optional": null,
    });
    let document = document.to_string().into_bytes();
    let signature = base64::encoded(&signer.sign(&document)?);
    let own = json!({
        "mediaType": SIGNED,
        "size": document.len(),
        "digest": format!("sha256:{}", sha256(&document)),
        "annotations": { ANNOTATION: signature },
    });
    let mut layers = there;
    layers.push((own, document));
    Ok(kept(&image.manifest.digest(), layers))
}

/// Signatures as an image, which nobody can run.
fn kept(digest: &str, layers: Vec<Layer>) -> Image {
    let names: Vec<Value> = layers.iter().map(|(one, _)| one["digest"].clone()).collect();
    let config = json!({
        "architecture": "",
        "os": "",
        "config": {},
        "rootfs": { "type": "layers", "diff_ids": names },
    });
    let config = Blob::new(CONFIG, config.to_string().into_bytes());
    let (descriptors, documents): (Vec<Value>, Vec<Vec<u8>>) = layers.into_iter().unzip();
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": config.descriptor(),
        "layers": descriptors,
    });
    let documents = documents.into_iter().map(|one| Blob::new(SIGNED, one));
    Image {
        tags: vec![tag(digest)],
        manifest: Blob::new(MANIFEST, manifest.to_string().into_bytes()),
        blobs: std::iter::once(config).chain(documents).collect(),
        kind: Kind::Signature,
    }
}

/// The descriptors of signatures in the manifest of some.
pub fn descriptors(manifest: &Value) -> Vec<Value> {
    let layers = manifest.get("layers").and_then(Value::as_array).into_iter().flatten();
    layers.filter(|one| one["mediaType"] == SIGNED).take(MANY).cloned().collect()
}

/// Whether one of these is the signature by `key` of what has this digest.
pub fn verdict(layers: &[Layer], digest: &str, key: &PublicKey) -> Verdict {
    let mut verdict = if layers.is_empty() { Verdict::Unsigned } else { Verdict::ByOthers };
    for (descriptor, document) in layers {
        let signature = descriptor["annotations"][ANNOTATION].as_str().and_then(base64::decoded);
        if !signature.is_some_and(|signature| key.holds(document, &signature)) {
            continue;
        }
        if is_of(document, digest) {
            return Verdict::Signed;
        }
        verdict = Verdict::Elsewhere;
    }
    verdict
}

/// Whether a signed document is about what has this digest.
fn is_of(document: &[u8], digest: &str) -> bool {
    let value: Value = serde_json::from_slice(document).unwrap_or_default();
    let critical = &value["critical"];
    critical["type"] == TYPE && critical["image"]["docker-manifest-digest"] == digest
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_lc_rs::signature::Ed25519KeyPair;

    fn signer() -> Signer {
        let der = Ed25519KeyPair::generate().unwrap().to_pkcs8v1().unwrap();
        let text = base64::encoded(der.as_ref());
        Signer::read(&format!("-----BEGIN PRIVATE KEY-----\n{text}\n-----END PRIVATE KEY-----\n"))
            .unwrap()
    }

    fn image(text: &str) -> Image {
        let manifest = Blob::new(MANIFEST, text.as_bytes().to_vec());
        Image { tags: Vec::new(), manifest, blobs: Vec::new(), kind: Kind::Signature }
    }

    fn layers(signature: &Image) -> Vec<Layer> {
        let manifest: Value = serde_json::from_slice(&signature.manifest.bytes).unwrap();
        let documents = signature.blobs.iter().skip(1).map(|blob| blob.bytes.clone());
        descriptors(&manifest).into_iter().zip(documents).collect()
    }

    #[test]
    fn signatures_are_told_apart() {
        let (ann, bob, image) = (signer(), signer(), image("{}"));
        let digest = image.manifest.digest();
        let one = sign(&image, "h.example/x", &ann, Vec::new()).unwrap();
        assert!(is_tag(one.tags.first().unwrap()) && !is_tag("latest") && !is_tag("sha256-a.sig"));
        let one = layers(&one);
        assert_eq!(verdict(&one, &digest, &ann.public()), Verdict::Signed);
        assert_eq!(verdict(&one, &digest, &bob.public()), Verdict::ByOthers);
        assert_eq!(verdict(&one, "sha256:0", &ann.public()), Verdict::Elsewhere);
        assert_eq!(verdict(&[], &digest, &ann.public()), Verdict::Unsigned);
        // Somebody else signs as well, and nobody's signature is lost.
        let two = layers(&sign(&image, "h.example/x", &bob, one).unwrap());
        assert_eq!(verdict(&two, &digest, &ann.public()), Verdict::Signed);
        assert_eq!(verdict(&two, &digest, &bob.public()), Verdict::Signed);
    }

    #[test]
    fn a_changed_byte_is_no_signature() {
        let (ann, image) = (signer(), image("{}"));
        let digest = image.manifest.digest();
        let whole = layers(&sign(&image, "x", &ann, Vec::new()).unwrap());
        let (descriptor, document) = whole.first().unwrap();
        for at in 0..document.len() {
            let mut bytes = document.clone();
            bytes[at] ^= 1;
            let found = verdict(&[(descriptor.clone(), bytes)], &digest, &ann.public());
            assert_eq!(found, Verdict::ByOthers, "{at}");
        }
        let bare = json!({ "mediaType": SIGNED });
        let found = verdict(&[(bare, document.clone())], &digest, &ann.public());
        assert_eq!(found, Verdict::ByOthers);
    }
}
