//! One count: how much of a limit is used, in whole parts of a call.
//!
//! This is the generic cell rate algorithm, as a bucket that leaks: every call puts in what a call takes,
//! and time takes it out. A call of `50/s` takes 20,000 parts and each microsecond frees one; of `3/s`
//! it takes 1,000,000 and each microsecond frees three. So nothing is ever rounded, and over any time
//! `t` no more than `burst + rate × t` calls pass.

use std::time::Duration;

use crate::contract::Limit;

/// A limit in parts of calls.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rate {
    /// What a call takes.
    call: u64,
    /// What a microsecond frees.
    freed: u64,
    /// What calls can take at most: the burst.
    room: u64,
}

/// What is used of a limit, as of a moment.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Used {
    /// The moment, in microseconds.
    at: u64,
    parts: u64,
}

/// A call that may not be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    /// When the next one may.
    pub(crate) wait: Duration,
    /// When the whole burst may come again.
    pub(crate) whole: Duration,
}

impl Rate {
    pub(super) fn of(limit: &Limit) -> Rate {
        let period = u64::try_from(limit.period.as_micros()).unwrap_or(u64::MAX).max(1);
        let calls = limit.calls.max(1);
        let common = common_divisor(period, calls);
        let call = period / common;
        Rate { call, freed: calls / common, room: call.saturating_mul(limit.burst.max(1)) }
    }

    /// What a call takes, what a microsecond frees, and what calls can take at most.
    #[cfg(feature = "store")]
    pub(super) fn parts(self) -> [u64; 3] {
        [self.call, self.freed, self.room]
    }

    /// How many more may come at once where so much is used, and when the whole burst may.
    pub(super) fn left(self, parts: u64) -> (u64, Duration) {
        (self.room.saturating_sub(parts) / self.call, self.time(parts))
    }

    /// The refusal of a call where so much is used.
    pub(super) fn refused(self, parts: u64) -> Refused {
        let over = parts.saturating_add(self.call).saturating_sub(self.room);
        Refused { wait: self.time(over), whole: self.time(parts) }
    }

    /// How long it takes until so many parts are free, never less.
    fn time(self, parts: u64) -> Duration {
        Duration::from_micros(parts.div_ceil(self.freed))
    }
}

impl Used {
    /// Counts a call, and says how many more may come at once and when the whole burst may; or says when
    /// there may be another.
    pub(super) fn take(&mut self, rate: Rate, now: u64) -> Result<(u64, Duration), Refused> {
        self.pass(rate, now);
        let parts = self.parts.saturating_add(rate.call);
        if parts > rate.room {
            return Err(rate.refused(self.parts));
        }
        self.parts = parts;
        Ok(rate.left(parts))
    }

    /// Takes back a call that was counted.
    pub(super) fn give_back(&mut self, rate: Rate) {
        self.parts = self.parts.saturating_sub(rate.call);
    }

    /// Whether nothing is used any more: forgetting it changes nothing.
    pub(super) fn is_free(mut self, rate: Rate, now: u64) -> bool {
        self.pass(rate, now);
        self.parts == 0
    }

    /// Lets time pass. A clock of another core that is behind counts as the same moment.
    fn pass(&mut self, rate: Rate, now: u64) {
        let passed = now.saturating_sub(self.at);
        self.parts = self.parts.saturating_sub(passed.saturating_mul(rate.freed));
        self.at = self.at.max(now);
    }
}

/// The greatest common divisor of two numbers that are not 0.
fn common_divisor(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::By;

    fn limit(calls: u64, period: u64, burst: u64) -> Limit {
        let period = Duration::from_millis(period);
        Limit { name: "a", title: "a", by: By::All, calls, period, burst, shared: false }
    }

    /// Numbers that are always the same, from a seed.
    struct Dice(u64);

    impl Dice {
        fn below(&mut self, end: u64) -> u64 {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (self.0 >> 33) % end
        }
    }

    /// The same, without a thought for speed: it knows each call that was let through. A call is let
    /// through unless the last `n` of them with it would be more than `burst` and what time frees
    /// between the first and the last of them, for any `n`.
    fn allows(passed: &[u64], now: u64, limit: &Limit) -> bool {
        let period = u128::from(limit.period.as_millis() as u64) * 1000;
        passed.iter().enumerate().all(|(at, first)| {
            let among = (passed.len() - at + 1) as u128;
            let freed = u128::from(now - first) * u128::from(limit.calls);
            among * period <= u128::from(limit.burst) * period + freed
        })
    }

    #[test]
    fn it_lets_through_what_the_definition_does() {
        let mut dice = Dice(7);
        let mut refusals = 0;
        for round in 0..300 {
            let periods = [1_000, 60_000, 3_600_000, 86_400_000];
            let period = periods[dice.below(4) as usize];
            let limit = limit(1 + dice.below(97), period, 1 + dice.below(12));
            let rate = Rate::of(&limit);
            let (mut used, mut passed, mut now) = (Used::default(), Vec::new(), 0);
            // Most steps are about as long as a call takes, some much longer.
            let step = period * 1000 / limit.calls;
            for _ in 0..120 {
                let longest = if dice.below(20) == 0 { step * 20 } else { step };
                now += dice.below(longest + 1);
                let expected = allows(&passed, now, &limit);
                let taken = used.take(rate, now);
                assert_eq!(
                    taken.is_ok(),
                    expected,
                    "round {round}: {limit:?} at {now}: {passed:?}"
                );
                match taken {
                    Ok(_) => passed.push(now),
                    Err(refused) => {
                        refusals += 1;
                        // Not a microsecond too late, nor one too early.
                        let then = now + refused.wait.as_micros() as u64;
                        assert!(
                            allows(&passed, then, &limit) && !allows(&passed, then - 1, &limit)
                        );
                    }
                }
            }
        }
        assert!(refusals > 3_000, "{refusals}");
    }

    #[test]
    fn a_burst_is_exactly_that_however_long_nobody_called() {
        for idle in [0, 1, 999_999, 86_400_000_000, u64::MAX / 2] {
            let rate = Rate::of(&limit(5, 1_000, 5));
            let mut used = Used::default();
            assert_eq!(used.take(rate, 0).map(|(left, _)| left), Ok(4));
            let taken = (0..20).filter(|_| used.take(rate, idle).is_ok()).count();
            let fresh = if idle < 200_000 { 4 } else { 5 };
            assert_eq!(taken, fresh, "after {idle} µs");
        }
    }

    #[test]
    fn the_greatest_limits_do_not_overflow() {
        for period in [1_000, 86_400_000] {
            let limit = limit(99_999_999, period, 100_000_000);
            let rate = Rate::of(&limit);
            let mut used = Used { at: 0, parts: rate.room - rate.call };
            assert_eq!(used.take(rate, 0).map(|(left, _)| left), Ok(0));
            assert!(used.take(rate, 0).is_err());
            assert!(used.is_free(rate, u64::MAX));
        }
    }

    #[test]
    fn what_is_given_back_can_be_taken_again() {
        let rate = Rate::of(&limit(1, 60_000, 1));
        let mut used = Used::default();
        assert!(used.take(rate, 5).is_ok() && used.take(rate, 5).is_err());
        used.give_back(rate);
        assert!(used.take(rate, 5).is_ok());
    }
}
