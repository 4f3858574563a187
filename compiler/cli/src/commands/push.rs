//! `gatewright push`: programs as images into a registry.

use super::Outcome;
use super::image::images;
use crate::args::Push;
use crate::registry::{Registry, Sent};
use crate::terminal::Terminal;
use gatewright_build::Error;

pub(crate) fn run(args: &Push, terminal: Terminal) -> Result<Outcome, Error> {
    let mut registry = Registry::named(&args.to, args.plain_http)?;
    let (images, _) = images(&args.programs, &args.tag)?;
    for image in &images {
        for blob in &image.blobs {
            let sent = registry.blob(blob)?;
            let word = if sent == Sent::Now { "sent" } else { "there" };
            let mebibytes = blob.bytes.len() as f64 / f64::from(1 << 20);
            terminal.done(word, &format!("{}  {mebibytes:.1} MiB", blob.digest()));
        }
        registry.manifest(image)?;
        let names: Vec<String> =
            image.tags.iter().map(|tag| format!("{}:{tag}", args.to)).collect();
        let digest = image.manifest.digest();
        terminal.result(&format!("{}@{digest}  {}\n", args.to, names.join(" ")));
    }
    Ok(Outcome::Fine)
}
