//! `gatewright push`: programs as images into a registry.

use super::Outcome;
use super::image::{images, index, signer};
use crate::args::Push;
use crate::registry::{Registry, Sent};
use crate::terminal::Terminal;
use gatewright_artifact::image::Image;
use gatewright_artifact::image::signature::{self, Verdict};
use gatewright_artifact::key::Signer;
use gatewright_build::Error;

pub(crate) fn run(args: &Push, terminal: Terminal) -> Result<Outcome, Error> {
    let mut registry = Registry::named(&args.to, args.plain_http)?;
    let signer = args.sign.as_deref().map(signer).transpose()?;
    let (mut images, _) = images(&args.programs, &args.tag)?;
    images.extend(index(&images, &args.index)?);
    for image in &images {
        send(&mut registry, image, terminal)?;
        let names: Vec<String> =
            image.tags.iter().map(|tag| format!("{}:{tag}", args.to)).collect();
        let digest = image.manifest.digest();
        terminal.result(&format!("{}@{digest}  {}\n", args.to, names.join(" ")));
    }
    if let Some(signer) = &signer {
        for image in &images {
            sign(&mut registry, image, (&args.to, signer), terminal)?;
        }
    }
    Ok(Outcome::Fine)
}

/// Sends an image: what it is made of, then what that is called.
fn send(registry: &mut Registry, image: &Image, terminal: Terminal) -> Result<(), Error> {
    for blob in &image.blobs {
        let sent = registry.blob(blob)?;
        let word = if sent == Sent::Now { "sent" } else { "there" };
        let kibibytes = blob.bytes.len() as f64 / f64::from(1 << 10);
        let size = match kibibytes {
            small if small < 1000.0 => format!("{small:.1} KiB"),
            large => format!("{:.1} MiB", large / 1024.0),
        };
        terminal.done(word, &format!("{}  {size}", blob.digest()));
    }
    registry.manifest(image)
}

/// Signs an image that is in the registry, unless the key signed it before. Signatures of others stay.
fn sign(
    registry: &mut Registry,
    image: &Image,
    (name, signer): (&str, &Signer),
    terminal: Terminal,
) -> Result<(), Error> {
    let digest = image.manifest.digest();
    let there = registry.signatures(&digest)?;
    if signature::verdict(&there, &digest, &signer.public()) == Verdict::Signed {
        terminal.done("there", &format!("the signature of {digest}"));
        return Ok(());
    }
    let signature = signature::sign(image, name, signer, there).map_err(Error::world)?;
    for blob in &signature.blobs {
        registry.blob(blob)?;
    }
    registry.manifest(&signature)?;
    terminal.done("signed", &digest);
    Ok(())
}
