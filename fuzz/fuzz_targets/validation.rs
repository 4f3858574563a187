//! A number of an endpoint, and what callers send: the gateway refuses it, and names the places, as the manual says.
#![no_main]
#![allow(dead_code, reason = "one target asks for a part of what both include")]

use differential::Validation;
use std::cell::RefCell;

#[path = "../../tests/gateway/differential.rs"]
mod differential;
#[path = "../../tests/gateway/reference/all.rs"]
mod reference;
#[path = "../seeds.rs"]
mod seeds;

/// The gateways, compiled by the build script.
mod contracts {
    gatewright_runtime::include_gateway!("shaped");
    gatewright_runtime::include_gateway!("validated");
}

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

thread_local! {
    static BESIDE: RefCell<Validation> = RefCell::new(Validation::start());
}

libfuzzer_sys::fuzz_target!(
    init: BESIDE.with_borrow(|beside| seeds::plant("validation", beside.seeds())),
    |data: &[u8]| {
        let Some((at, text)) = data.split_first() else { return };
        BESIDE.with_borrow_mut(|beside| beside.compare(usize::from(*at), text));
    }
);
