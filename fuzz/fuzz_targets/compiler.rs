//! Any text: it is analysed, and what passes becomes Rust.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::path::Path;

#[path = "../seeds.rs"]
mod seeds;
#[path = "../../tests/compiler/stages.rs"]
mod stages;

fuzz_target!(
    init: {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        seeds::plant("compiler", seeds::contracts(&root));
    },
    |data: &[u8]| stages::check_bytes(data)
);
