//! What a program is built by and how, as far as it decides its bytes.

use crate::cargo::Mode;
use crate::error::Error;
use crate::toolchain::{C_FLAGS, Toolchain};
use crate::{Order, RuntimeSource};
use sha2::{Digest, Sha256};

/// Names and texts, for a program to carry: with the same ones, the same contract gives the same
/// bytes.
pub(crate) type Facts = Vec<(&'static str, String)>;

/// What is known before a program is built.
pub(crate) fn facts(order: &Order<'_>, toolchain: &Toolchain, mode: Mode) -> Result<Facts, Error> {
    let profile = match mode {
        Mode::Release => "release",
        Mode::Dev => "dev",
    };
    let mut facts = vec![
        ("rustc", toolchain.rustc.clone()),
        ("cargo", toolchain.cargo()?),
        ("target", toolchain.target.clone()),
        ("profile", profile.to_owned()),
        ("flags", toolchain.flags().join(" ")),
        ("c-flags", C_FLAGS.to_owned()),
        ("features", order.features.join(" ")),
    ];
    facts.push(("runtime", runtime_digest(order.runtime)));
    let lock = crate::lock(order)?;
    facts.push(("lock", format!("sha256 {}", hex(&Sha256::digest(lock)))));
    Ok(facts)
}

/// What programs say of the runtime that they are made of: a digest of its names and texts.
pub fn runtime_digest(source: &RuntimeSource) -> String {
    let mut hash = Sha256::new();
    for (name, text) in source {
        for part in [name, text] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part.as_bytes());
        }
    }
    format!("sha256 {}", hex(&hash.finalize()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
