//! A number of an endpoint, and results and bodies: what the gateway writes is what the manual says.
#![no_main]
#![allow(dead_code, reason = "one target asks for a part of what both include")]

#[path = "../gateways.rs"]
mod gateways;

use gateways::differential::Shaping;
use gateways::{ROOT, contracts, reference, seeds};
use std::cell::RefCell;

thread_local! {
    static BESIDE: RefCell<Shaping> = RefCell::new(Shaping::start());
}

libfuzzer_sys::fuzz_target!(
    init: BESIDE.with_borrow(|beside| seeds::plant("shaping", beside.seeds())),
    |data: &[u8]| {
        let Some((at, text)) = data.split_first() else { return };
        BESIDE.with_borrow_mut(|beside| beside.compare(usize::from(*at), text));
    }
);
