//! What becomes of results and bodies, against a slow reference that is written from the manual:
//! for many texts, good ones, near misses and no JSON at all, both take the same, and what is taken
//! has the same bytes.

use crate::differential::{Ended, Shaping};

/// How many texts each endpoint is tried with.
const ROUNDS: usize = 48;

#[test]
fn what_is_taken_is_what_the_manual_says() {
    let mut shaping = Shaping::start();
    for at in 0..shaping.endpoints() {
        let mut refused = 0;
        for round in 0..ROUNDS {
            let text = shaping.text(at, round);
            let ended = shaping.compare(at, &text);
            refused += usize::from(ended == Ended::Refused);
            let good = round % 8 == 0;
            assert!(!good || ended == Ended::Taken, "{}", String::from_utf8_lossy(&text));
        }
        // A comparison in which nothing is ever wrong, or all, would show nothing.
        let telling = ROUNDS / 16..ROUNDS * 7 / 8;
        assert!(telling.contains(&refused), "{}: {refused}", shaping.name(at));
    }
}
