//! A bounded run of the fuzz target `compiler`: every contract of the repository, spoilt.

use crate::contracts::at;
use crate::stages::check_bytes;

#[path = "../../fuzz/seeds.rs"]
mod seeds;

/// Numbers that look random and are the same every time (xorshift).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % end.max(1) as u64).expect("it is below a usize")
    }
}

/// A copy with a few bytes changed, lost, repeated or put in.
fn spoil(bytes: &[u8], numbers: &mut Numbers) -> Vec<u8> {
    const TELLING: &[u8] = b"{}[]()\"\\/.,:=|?<>*-_ \n0e9az\xc3\xff";
    let mut copy = bytes.to_vec();
    for _ in 0..=numbers.below(3) {
        let place = numbers.below(copy.len());
        match numbers.below(4) {
            0 => copy.truncate(place),
            1 => copy.insert(place.min(copy.len()), TELLING[numbers.below(TELLING.len())]),
            2 if place < copy.len() => drop(copy.remove(place)),
            _ => {
                let end = (place + numbers.below(30)).min(copy.len());
                let piece = copy[place.min(end)..end].to_vec();
                let to = numbers.below(copy.len());
                copy.splice(to..to, piece);
            }
        }
    }
    copy
}

#[test]
fn spoilt_contracts_never_break_the_compiler() {
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    let seeds = seeds::contracts(&at(""));
    assert!(seeds.len() > 150, "only {} contracts", seeds.len());
    for bytes in seeds {
        check_bytes(&spoil(&bytes, &mut numbers));
    }
}
