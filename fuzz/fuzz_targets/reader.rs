//! Any bytes: the reader of JSON takes them as another one does.
#![no_main]

#[path = "../../tests/gateway/reading.rs"]
mod reading;
#[path = "../seeds.rs"]
mod seeds;

libfuzzer_sys::fuzz_target!(
    init: seeds::plant("reader", reading::SEEDS.iter().map(|seed| seed.as_bytes().to_vec())),
    |data: &[u8]| reading::check(data)
);
