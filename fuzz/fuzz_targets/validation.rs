//! A number of an endpoint, and what callers send: the gateway refuses it, and names the places, as the manual says.
#![no_main]
#![allow(dead_code, reason = "one target asks for a part of what both include")]

#[path = "../gateways.rs"]
mod gateways;

use gateways::differential::Validation;
use gateways::{ROOT, contracts, reference, seeds};
use std::cell::RefCell;

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
